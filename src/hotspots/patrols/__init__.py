"""From hotspots to a patrol plan and what came of it: need, resources, visits, reasons."""

from ..chance.seeds import fingerprint as fingerprint
from .amending import Amended as Amended
from .amending import amend_plan as amend_plan
from .checks import check_visits as check_visits
from .decisions import Decisions as Decisions
from .decisions import log_decisions as log_decisions
from .decisions import read_decisions as read_decisions
from .delivery import Delivery as Delivery
from .delivery import DeliveryRules as DeliveryRules
from .delivery import match_delivery as match_delivery
from .demand import Demand as Demand
from .demand import patrol_demand as patrol_demand
from .editing import read_plan as read_plan
from .editing import write_plan as write_plan
from .legitimacy import PatrolFairness as PatrolFairness
from .legitimacy import patrol_fairness as patrol_fairness
from .page import supervisor_page as supervisor_page
from .plan import PatrolPlan as PatrolPlan
from .plan import plan_patrols as plan_patrols
from .priorities import read_priorities as read_priorities
from .resources import read_shifts as read_shifts
from .resources import read_units as read_units
from .returns import Return as Return
from .returns import monthly_return as monthly_return
from .road_files import read_roads as read_roads
from .roads import Roads as Roads
from .rules import PatrolRules as PatrolRules
from .tasks import read_tasks as read_tasks

__all__ = [
    "Amended",
    "Decisions",
    "Delivery",
    "DeliveryRules",
    "Demand",
    "PatrolFairness",
    "PatrolPlan",
    "PatrolRules",
    "Return",
    "Roads",
    "amend_plan",
    "check_visits",
    "fingerprint",
    "log_decisions",
    "match_delivery",
    "monthly_return",
    "patrol_demand",
    "patrol_fairness",
    "plan_patrols",
    "read_decisions",
    "read_plan",
    "read_priorities",
    "read_roads",
    "read_shifts",
    "read_tasks",
    "read_units",
    "supervisor_page",
    "write_plan",
]
