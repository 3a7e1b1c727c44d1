"""Bank holidays of England and Wales, from a table of rules."""

from __future__ import annotations

import calendar
import datetime as dt
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..contracts import InputError

LAST_YEAR = 2099
"""Last year the rules are worked out for."""

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@cache
def _rules() -> dict[str, Any]:
    return tomllib.loads((files(__package__) / "england_and_wales.toml").read_text("utf-8"))


def first_year() -> int:
    """Return the first year that the table of rules covers."""
    return int(_rules()["first_year"])


def known_to() -> int:
    """Return the last year whose one-offs and moved days are known."""
    return int(_rules()["known_to"])


def easter(year: int) -> dt.date:
    """Return Easter Sunday in the Gregorian calendar.

    Parameters
    ----------
    year : int

    Returns
    -------
    date

    Notes
    -----
    The anonymous algorithm published in Nature in 1876, as J. Meeus gives it.

    Examples
    --------
    >>> easter(2025).isoformat()
    '2025-04-20'
    """
    golden, (century, rest) = year % 19, divmod(year, 100)
    leaps, odd = divmod(century, 4)
    moon = (century - (century + 8) // 25 + 1) // 3
    full = (19 * golden + century - leaps - moon + 15) % 30
    sunday = (32 + 2 * odd + 2 * (rest // 4) - full - rest % 4) % 7
    late = (golden + 11 * full + 22 * sunday) // 451
    month, day = divmod(full + sunday - 7 * late + 114, 31)
    return dt.date(year, month, day + 1)


def _weekday(year: int, month: int, day: str, which: int) -> dt.date:
    """Return the first, second, ... or last (-1) such weekday of a month."""
    wanted = _WEEKDAYS.index(day)
    days = [d for d in calendar.Calendar().itermonthdates(year, month)
            if d.month == month and d.weekday() == wanted]  # fmt: skip
    return days[which - 1 if which > 0 else which]


@cache
def _year(year: int) -> tuple[tuple[dt.date, str, str], ...]:
    """Return the bank holidays of a year: date, name and kind, in order."""
    found: dict[dt.date, tuple[str, str]] = {}
    weekend = []
    for rule in _rules()["holiday"]:
        name, kind = rule["name"], "usual"
        if "once" in rule:
            if rule["once"].year != year:
                continue
            day, kind = rule["once"], "one-off"
        elif str(year) in rule.get("moved", {}):
            day, kind = rule["moved"][str(year)], "moved"
        elif "easter" in rule:
            day = easter(year) + dt.timedelta(days=rule["easter"])
        elif "weekday" in rule:
            day = _weekday(year, **{k: rule["weekday"][k] for k in ("month", "day", "which")})
        else:
            day = dt.date(year, rule["fixed"]["month"], rule["fixed"]["day"])
            if day.weekday() >= 5:
                weekend.append((day, name))
                continue
        found[day] = (name, kind)
    for day, name in weekend:
        while day.weekday() >= 5 or day in found:
            day += dt.timedelta(days=1)
        found[day] = (f"{name} (substitute day)", "substitute")
    return tuple((day, *found[day]) for day in sorted(found))


def bank_holidays(first: str | dt.date, last: str | dt.date) -> pd.DataFrame:
    """List the bank holidays of England and Wales between two days.

    Parameters
    ----------
    first, last : date or str
        First and last day, both inclusive; text year first, as ``"2025-01-31"``. From 1978 to
        2099.

    Returns
    -------
    DataFrame
        Index ``date`` in order, columns ``name`` and ``kind``: usual, substitute (its own day
        falls on a weekend), moved or one-off. As on GOV.UK, a holiday on a weekend is listed on
        its substitute day only.

    Raises
    ------
    InputError
        When a day is no date, the first is after the last, or a year is not covered.

    Notes
    -----
    The rules stand in ``england_and_wales.toml`` of this package. One-off and moved days are in
    it up to 2028; for later years, or elsewhere, add days of the kind ``bank_holiday`` to your
    own calendar (:func:`read_calendar`).

    References
    ----------
    Banking and Financial Dealings Act 1971, schedule 1; https://www.gov.uk/bank-holidays.

    Examples
    --------
    >>> bank_holidays("2022-06-01", "2022-09-30")["name"].tolist()
    ['Spring bank holiday', 'Platinum Jubilee', 'Summer bank holiday', \
'State funeral of Queen Elizabeth II']
    """
    start, end = check_days(first, last, "bank_holidays")
    if faults := uncovered(start, end):
        raise InputError("bank_holidays", [f"{faults[0]}; ask for days within them."])
    rows = [row for year in range(start.year, end.year + 1) for row in _year(year)
            if start <= row[0] <= end]  # fmt: skip
    days = np.array([row[0] for row in rows], dtype="datetime64[s]")
    index = pd.DatetimeIndex(days, name="date")
    named = [row[1:] for row in rows]
    return pd.DataFrame(named, index=index, columns=["name", "kind"]).astype("str")


def holiday_dates(start: dt.date, end: dt.date) -> NDArray[np.datetime64]:
    """Return the bank holidays between two days as datetime64[D]; none in years not covered."""
    years = range(max(start.year, first_year()), min(end.year, LAST_YEAR) + 1)
    days = [row[0] for year in years for row in _year(year) if start <= row[0] <= end]
    return np.array(days, dtype="datetime64[D]")


def uncovered(start: dt.date, end: dt.date) -> list[str]:
    """Say which years the rules do not cover."""
    if start.year >= first_year() and end.year <= LAST_YEAR:
        return []
    return [
        f"{start} to {end} reaches beyond {first_year()} to {LAST_YEAR}, the years of the bank "
        "holidays of England and Wales"
    ]


def check_days(first: Any, last: Any, what: str) -> tuple[dt.date, dt.date]:
    """Return two days as dates, in order, or raise one InputError."""
    faults: list[str] = []
    start, end = (_date(name, value, faults) for name, value in (("first", first), ("last", last)))
    if start and end and start > end:
        faults.append(f"first is {start}, after last, {end}; swap them.")
    if faults or start is None or end is None:
        raise InputError(what, faults)
    return start, end


def _date(name: str, value: Any, faults: list[str]) -> dt.date | None:
    given = value
    if isinstance(value, str):
        try:
            return dt.date.fromisoformat(value.strip())
        except ValueError:
            given = None
    elif isinstance(value, np.datetime64) and not np.isnat(value):
        given = pd.Timestamp(value)
    if isinstance(given, dt.date) and not isinstance(given, type(pd.NaT)):
        stamp = pd.Timestamp(given)
        if stamp.tz is None and stamp == stamp.normalize():
            return stamp.date()
    faults.append(f"{name} is {value!r}; give a date alone, year first, as '2025-01-31'.")
    return None
