"""Did it work: the change where patrols were, against comparison places, with its chance."""

from .counts import PlaceCounts as PlaceCounts
from .counts import count_places as count_places
from .difference import Wdd as Wdd
from .difference import wdd as wdd
from .difference import wdd_harm as wdd_harm
from .estimate import Impact as Impact
from .estimate import estimate_impact as estimate_impact
from .estimators import ESTIMATORS as ESTIMATORS
from .kinds import compare_kinds as compare_kinds
from .matching import Matches as Matches
from .matching import match_controls as match_controls
from .pool import pool_counts as pool_counts
from .rules import ImpactRules as ImpactRules
from .study import Batch as Batch
from .study import Study as Study
from .study import make_study as make_study

__all__ = [
    "ESTIMATORS",
    "Batch",
    "Impact",
    "ImpactRules",
    "Matches",
    "PlaceCounts",
    "Study",
    "Wdd",
    "compare_kinds",
    "count_places",
    "estimate_impact",
    "make_study",
    "match_controls",
    "pool_counts",
    "wdd",
    "wdd_harm",
]
