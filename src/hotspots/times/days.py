"""Days that begin when the night is over: Friday 00:30 belongs to Thursday."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..contracts import InputError
from ._bins import minute_of_day


def policing_day(when: Any, start: int | str = 7) -> Any:
    """Give the date of the policing day each time belongs to.

    Parameters
    ----------
    when : Series, DatetimeIndex, array of datetime64, or one time (Timestamp, datetime, str)
        Local wall-clock without a time zone. Missing times stay missing.
    start : int or str
        When the day begins: an hour, 0 to 23, or ``"07:00"``.

    Returns
    -------
    Series, DatetimeIndex or Timestamp
        Midnight of the date, of the kind given (an array gives a DatetimeIndex).

    Raises
    ------
    InputError
        Where ``when`` holds no local times, or ``start`` is no time of day.

    Notes
    -----
    Half-open: with ``start=7`` the day of 5 June runs from 5 June 07:00 up to, not including,
    6 June 07:00, and so is an hour shorter or longer where the clock changes in between.

    Examples
    --------
    >>> policing_day("2025-06-06 00:30").date().isoformat()  # a Friday by the calendar
    '2025-06-05'
    >>> policing_day(pd.Series(pd.to_datetime(["2025-06-06 06:59", "2025-06-06 07:00"]))).dt.day
    0    5
    1    6
    dtype: int32
    """
    minute = minute_of_day(start)
    faults = []
    if minute is None or minute == 1440:
        faults.append(f"start is {start!r}; give an hour from 0 to 23, or a time as '07:00'.")
    back = pd.Timedelta(minutes=minute or 0)
    series = isinstance(when, pd.Series)
    times = when
    if isinstance(when, np.ndarray | list | tuple):
        times = _read(list(when), faults)
    elif not series and not isinstance(when, pd.DatetimeIndex):
        if not pd.api.types.is_scalar(when):
            kind = type(when).__name__
            raise InputError("policing_day", [
                f"when is of type {kind}; give a column of times, or one time."
            ])  # fmt: skip
        times = _read([when], faults)
    if not faults and not pd.api.types.is_datetime64_dtype(times.dtype):
        faults.append(
            f"when is {times.dtype}; it must hold local date-times without a time zone: use "
            "pd.to_datetime, and .dt.tz_localize(None) after .dt.tz_convert(...)."
        )
    if faults:
        raise InputError("policing_day", faults)
    if series:
        return (times - back).dt.normalize()
    day = (times - back).normalize()
    return day if isinstance(when, np.ndarray | list | tuple | pd.DatetimeIndex) else day[0]


def _read(values: list[Any], faults: list[str]) -> pd.DatetimeIndex:
    """Read times given one by one; a number is no time."""
    bad: list[Any] = [v for v in values if isinstance(v, int | float | np.number) and v == v]
    try:
        read = pd.DatetimeIndex(pd.to_datetime(pd.Series(values, dtype=object)))
    except (ValueError, TypeError):
        read, bad = pd.DatetimeIndex([]), bad or values
    if bad:
        faults.append(
            f"when holds {bad[0]!r}, which cannot be read; give times as '2025-06-06 00:30'."
        )
    return read
