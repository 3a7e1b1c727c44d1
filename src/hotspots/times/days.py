"""Days that begin when the night is over: Friday 00:30 belongs to Thursday."""

from __future__ import annotations

import datetime as dt
import warnings
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
    if isinstance(when, np.ndarray) and when.ndim == 1 and when.dtype.kind == "M":
        times = pd.DatetimeIndex(when)
    elif isinstance(when, np.ndarray | list | tuple):
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
    try:
        day = (times - back).dt.normalize() if series else (times - back).normalize()
    except (OverflowError, pd.errors.OutOfBoundsDatetime):
        raise InputError("policing_day", [
            "when holds a time at the very end of what can be counted; set it right or drop it."
        ]) from None  # fmt: skip
    if series:
        return day
    return day if isinstance(when, np.ndarray | list | tuple | pd.DatetimeIndex) else day[0]


def _read(values: list[Any], faults: list[str]) -> pd.DatetimeIndex:
    """Read times given one by one, the year first: 01/02 is two days to two people."""
    odd = [v for v in values if not (isinstance(v, str | dt.date | np.datetime64) or _missing(v))]
    if not odd:
        try:
            with warnings.catch_warnings():  # before pandas 3 mixed zones only warn, then fail
                warnings.simplefilter("ignore", FutureWarning)
                every = pd.to_datetime(pd.Series(values, dtype=object), format="ISO8601")
            return pd.DatetimeIndex(every)
        except (ValueError, TypeError):
            odd = [v for v in values if not _readable(v)]
    faults.append(
        f"when holds {odd[0]!r:.60}, no time; write times as '2025-06-06 00:30'." if odd
        else "when mixes time zones; give local times without one."
    )  # fmt: skip
    return pd.DatetimeIndex([])


def _missing(value: Any) -> bool:
    return pd.api.types.is_scalar(value) and bool(pd.isna(value))


def _readable(value: Any) -> bool:
    try:
        pd.to_datetime(value, format="ISO8601")
    except ValueError:
        return False
    return True
