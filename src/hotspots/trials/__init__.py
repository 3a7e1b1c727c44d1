"""Trials of patrols: who gets them by lot, and whether the answer can be found at all."""

from ._design_inputs import DESIGNS as DESIGNS
from .design import TrialDesign as TrialDesign
from .design import design_trial as design_trial
from .rules import TrialRules as TrialRules

__all__ = [
    "DESIGNS",
    "TrialDesign",
    "TrialRules",
    "design_trial",
]
