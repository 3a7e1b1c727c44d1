"""Did it work: the change where patrols were, against comparison places, with its chance."""

from .rules import ImpactRules as ImpactRules
from .study import Batch as Batch
from .study import Study as Study
from .study import make_study as make_study

__all__ = [
    "Batch",
    "ImpactRules",
    "Study",
    "make_study",
]
