"""What kind of day it was: bank holidays, school terms, events, and what days are worth."""

from .exposure import day_weights, effective_days
from .holidays import bank_holidays

__all__ = ["bank_holidays", "day_weights", "effective_days"]
