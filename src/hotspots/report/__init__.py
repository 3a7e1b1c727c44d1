"""What leaves the house: an offline page, tables for Power BI, and one GeoPackage."""

from .bi import export_bi
from .briefing import write_briefing
from .cards import write_cards
from .gis import export_gis
from .handheld import export_routes
from .page import write_report
from .profile import write_profile

__all__ = [
    "export_bi",
    "export_gis",
    "export_routes",
    "write_briefing",
    "write_cards",
    "write_profile",
    "write_report",
]
