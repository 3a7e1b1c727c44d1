"""Did it work: the change where patrols were, against comparison places, with its chance."""

from .difference import Wdd as Wdd
from .difference import wdd as wdd
from .difference import wdd_harm as wdd_harm
from .counts import PlaceCounts as PlaceCounts
from .counts import count_places as count_places
from .matching import Matches as Matches
from .matching import match_controls as match_controls
from .rules import ImpactRules as ImpactRules
from .study import Batch as Batch
from .study import Study as Study
from .study import make_study as make_study

__all__ = [
    "Batch",
    "ImpactRules",
    "Matches",
    "PlaceCounts",
    "Study",
    "Wdd",
    "count_places",
    "make_study",
    "match_controls",
    "wdd",
    "wdd_harm",
]
