"""From hotspots to a patrol plan: the hours there are, who goes where and when, and why."""

from .plan import PatrolPlan as PatrolPlan
from .plan import plan_patrols as plan_patrols
from .resources import read_shifts as read_shifts
from .resources import read_units as read_units
from .road_files import read_roads as read_roads
from .roads import Roads as Roads
from .rules import PatrolRules as PatrolRules

__all__ = [
    "PatrolPlan",
    "PatrolRules",
    "Roads",
    "plan_patrols",
    "read_roads",
    "read_shifts",
    "read_units",
]
