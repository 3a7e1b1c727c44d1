"""Did it work: the change where patrols were, against comparison places, with its chance."""

from .checks import Check as Check
from .counts import PlaceCounts as PlaceCounts
from .counts import count_places as count_places
from .cumulative import cumulative_wdd as cumulative_wdd
from .difference import Wdd as Wdd
from .difference import wdd as wdd
from .difference import wdd_harm as wdd_harm
from .estimate import Impact as Impact
from .estimate import estimate_impact as estimate_impact
from .estimators import ESTIMATORS as ESTIMATORS
from .event import event_study as event_study
from .event import parallel_trends as parallel_trends
from .influence import dispersion as dispersion
from .influence import leave_one_out as leave_one_out
from .kinds import compare_kinds as compare_kinds
from .matching import Matches as Matches
from .matching import match_controls as match_controls
from .pattern import BinTest as BinTest
from .pattern import Sppt as Sppt
from .pattern import e_test as e_test
from .pattern import small_sample_test as small_sample_test
from .pattern import sppt as sppt
from .placebo import placebo_dates as placebo_dates
from .placebo import placebo_places as placebo_places
from .pool import pool_counts as pool_counts
from .rules import ImpactRules as ImpactRules
from .selection import Selection as Selection
from .selection import selection_change as selection_change
from .study import Batch as Batch
from .study import Study as Study
from .study import make_study as make_study

__all__ = [
    "ESTIMATORS",
    "Batch",
    "BinTest",
    "Check",
    "Impact",
    "ImpactRules",
    "Matches",
    "PlaceCounts",
    "Selection",
    "Sppt",
    "Study",
    "Wdd",
    "compare_kinds",
    "count_places",
    "cumulative_wdd",
    "dispersion",
    "e_test",
    "estimate_impact",
    "event_study",
    "leave_one_out",
    "make_study",
    "match_controls",
    "parallel_trends",
    "placebo_dates",
    "placebo_places",
    "pool_counts",
    "selection_change",
    "small_sample_test",
    "sppt",
    "wdd",
    "wdd_harm",
]
