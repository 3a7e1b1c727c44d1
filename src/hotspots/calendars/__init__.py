"""What kind of day it was: bank holidays, school terms, events, and what days are worth."""

from .days import calendar_days
from .entries import read_calendar
from .exposure import day_weights, effective_days
from .holidays import bank_holidays

__all__ = ["bank_holidays", "calendar_days", "day_weights", "effective_days", "read_calendar"]
