"""From hotspots to a patrol plan: the hours there are, who goes where and when, and why."""

from .plan import PatrolPlan as PatrolPlan
from .plan import plan_patrols as plan_patrols
from .resources import read_shifts as read_shifts
from .resources import read_units as read_units
from .rules import PatrolRules as PatrolRules

__all__ = ["PatrolPlan", "PatrolRules", "plan_patrols", "read_shifts", "read_units"]
