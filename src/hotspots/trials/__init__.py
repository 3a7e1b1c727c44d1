"""Trials of patrols: who gets them by lot, and whether the answer can be found at all."""

from ._design_inputs import DESIGNS as DESIGNS
from .design import TrialDesign as TrialDesign
from .design import design_trial as design_trial
from .power import TrialPower as TrialPower
from .power import trial_power as trial_power
from .power_rules import PowerRules as PowerRules
from .protocol import write_protocol as write_protocol
from .register import TrialRegister as TrialRegister
from .register import check_register as check_register
from .register import register_trial as register_trial
from .rules import TrialRules as TrialRules

__all__ = [
    "DESIGNS",
    "PowerRules",
    "TrialDesign",
    "TrialPower",
    "TrialRegister",
    "TrialRules",
    "check_register",
    "design_trial",
    "register_trial",
    "trial_power",
    "write_protocol",
]
