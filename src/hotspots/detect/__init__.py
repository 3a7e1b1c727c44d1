"""Where it is hot: detectors that learn from incidents and rank places, all used the same way."""

from ._base import Detector
from ._patterns import space_time_pattern
from .counts import Counts
from .dbscan import DBSCAN
from .emerging import HotspotClasses, classify_hotspots
from .kde import KDE
from .near_repeat import Knox, knox

__all__ = [
    "DBSCAN",
    "KDE",
    "Counts",
    "Detector",
    "HotspotClasses",
    "Knox",
    "classify_hotspots",
    "knox",
    "space_time_pattern",
]
