"""When it happens: aoristic weights, profiles of the week, peaks, shifts, policing days."""

from .days import policing_day
from .peaks import PeakWindows, peak_windows
from .profile import WeekProfile, week_profile
from .shifts import ShiftShares, shift_shares
from .weights import aoristic

__all__ = [
    "PeakWindows",
    "ShiftShares",
    "WeekProfile",
    "aoristic",
    "peak_windows",
    "policing_day",
    "shift_shares",
    "week_profile",
]
