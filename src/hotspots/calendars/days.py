"""The features of every day: its weekday, holidays, seasons of mischief, and the user's entries."""

from __future__ import annotations

import datetime as dt
import os

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..contracts import InputError
from .entries import read_calendar
from .holidays import check_days, holiday_dates, uncovered

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
"""Columns of the days of the week, Monday first."""

_Bools = NDArray[np.bool_]


def calendar_days(
    first: str | dt.date,
    last: str | dt.date,
    calendar: pd.DataFrame | str | os.PathLike[str] | None = None,
    lpt: str | None = None,
    *,
    bank_holidays: bool = True,
) -> pd.DataFrame:
    """Tell what kind of day each day was: weekday, bank holiday, Halloween, school holiday, ....

    Parameters
    ----------
    first, last : date or str
        First and last day, both inclusive; text year first.
    calendar : DataFrame or path, optional
        The user's calendar, as :func:`read_calendar` takes it.
    lpt : str, optional
        The Local Policing Team: entries for it count beside those for every LPT. When absent only
        the latter.
    bank_holidays : bool
        Whether to count the bank holidays of England and Wales. False leaves them out (records
        from elsewhere), and with them Bonfire Night; entries of the kind ``bank_holiday`` in the
        calendar count in either case.

    Returns
    -------
    DataFrame
        Index ``date``, one row a day, columns of 0 and 1: ``monday`` to ``sunday``;
        ``bank_holiday``; ``bank_holiday_eve`` (the day before one, unless it is one itself);
        ``christmas`` (24 to 26 December); ``new_year_eve`` and ``new_year_day``; ``halloween``
        (29 to 31 October); ``bonfire`` (1 to 7 November); ``payday_weekend`` (the last Friday of
        the month and the two days after it); then the kinds of the calendar.

    Raises
    ------
    InputError
        When a day is no date or out of range, or the calendar is at fault.

    Notes
    -----
    A day runs from midnight to midnight: what happens at 00:30 on Saturday belongs to Saturday
    here, though to Friday's night out. Features overlap: 25 December is Christmas and a bank
    holiday.

    Examples
    --------
    >>> days = calendar_days("2025-12-24", "2025-12-28")
    >>> days[["thursday", "bank_holiday", "bank_holiday_eve", "christmas"]].to_numpy().tolist()
    [[0, 0, 1, 1], [1, 1, 0, 1], [0, 1, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0]]
    """
    start, end = check_days(first, last, "calendar_days")
    faults = [
        f"{fault}; ask for days within them, or leave them out with bank_holidays=False and give "
        "your own in a calendar." for fault in (uncovered(start, end) if bank_holidays else [])
    ]  # fmt: skip
    if lpt is not None and not isinstance(lpt, str):
        faults.append(f"lpt is {lpt!r}; give the name of one LPT, or leave it out.")
    if not isinstance(bank_holidays, bool | np.bool_):
        faults.append(f"bank_holidays={bank_holidays!r}; it must be True or False.")
    if faults:
        raise InputError("calendar_days", faults)
    # a day more at each end: an eve may be the last of them
    span = np.arange(np.datetime64(start, "D"), np.datetime64(end, "D") + 2)
    entries = None if calendar is None else read_calendar(calendar)
    given = {} if entries is None else marked(entries, span, lpt)
    features = _of_the_date(span, given.pop("bank_holiday", None), bank_holidays)
    features.update(given)
    table = {name: values[:-1].astype(np.int8) for name, values in features.items()}
    index = pd.DatetimeIndex(span[:-1].astype("datetime64[s]"), name="date")
    return pd.DataFrame(table, index=index)


def marked(
    entries: pd.DataFrame, span: NDArray[np.datetime64], lpt: str | None
) -> dict[str, _Bools]:
    """Mark the days of every kind of entry that holds for an LPT, or for every LPT."""
    found: dict[str, _Bools] = {
        kind: np.zeros(len(span), dtype=bool) for kind in pd.unique(entries["kind"])
    }
    holds = entries["lpt"].isna() | (entries["lpt"] == lpt if lpt is not None else False)
    low = (entries["start"].to_numpy().astype("datetime64[D]") - span[0]).astype(np.int64)
    high = (entries["end"].to_numpy().astype("datetime64[D]") - span[0]).astype(np.int64) + 1
    for kind, a, b, here in zip(entries["kind"], low, high, holds, strict=True):
        if here and b > 0:
            found[kind][max(a, 0) : b] = True
    return found


def _of_the_date(
    span: NDArray[np.datetime64], extra: _Bools | None, english: bool
) -> dict[str, _Bools]:
    """Features that follow from the date, and from the bank holidays."""
    number = span.astype(np.int64)
    weekday = (number + 3) % 7
    month = span.astype("datetime64[M]")
    of_year = month.astype(np.int64) % 12 + 1
    day = (span - month).astype(np.int64) + 1
    holiday = np.zeros(len(span), dtype=bool) if extra is None else extra.copy()
    if english:
        first, last = span[[0, -1]].astype(object)
        holiday |= np.isin(span, holiday_dates(first, last))
    following = np.append(holiday[1:], False)
    friday = span - (weekday - 4) % 7  # the latest Friday, the day itself included
    later = (friday + 7).astype("datetime64[M]") > friday.astype("datetime64[M]")
    payday = (weekday >= 4) & later
    features = {name: weekday == n for n, name in enumerate(WEEKDAYS)}
    features |= {
        "bank_holiday": holiday,
        "bank_holiday_eve": following & ~holiday,
        "christmas": (of_year == 12) & (day >= 24) & (day <= 26),
        "new_year_eve": (of_year == 12) & (day == 31),
        "new_year_day": (of_year == 1) & (day == 1),
        "halloween": (of_year == 10) & (day >= 29),
    }
    if english:
        features["bonfire"] = (of_year == 11) & (day <= 7)
    features["payday_weekend"] = payday
    return features
