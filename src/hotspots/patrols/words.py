"""How numbers, shares, places and dates are written in a plan."""

from __future__ import annotations

import pandas as pd

from .resources import DAYS

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def period(start: pd.Timestamp, end: pd.Timestamp) -> str:
    """Write a period as officers read it; an end at midnight is the day before.

    Examples
    --------
    >>> period(pd.Timestamp("2025-01-01"), pd.Timestamp("2026-01-01"))
    'Jan–Dec 2025'
    """
    last = end - pd.Timedelta(days=1) if end == end.normalize() and end > start else end
    first, final = MONTHS[start.month - 1], f"{MONTHS[last.month - 1]} {last.year}"
    if (start.year, start.month) == (last.year, last.month):
        return final
    return f"{first}–{final}" if start.year == last.year else f"{first} {start.year}–{final}"


def day_text(day: pd.Timestamp) -> str:
    """Write a date the same way on every machine, whatever its language.

    Examples
    --------
    >>> day_text(pd.Timestamp("2026-03-02"))
    'Mon 2 Mar'
    """
    return f"{DAYS[day.weekday()]} {day.day} {MONTHS[day.month - 1]}"


def worth_text(reasons: pd.DataFrame) -> list[str]:
    """Say what each need rests on: the incidents and, where it weighs them, the days of harm."""
    return [
        counted(count, "incident")
        + (f", {counted(round(harm), 'day')} of harm" if share == share else "")
        for count, harm, share in zip(
            reasons["incidents"], reasons["harm"], reasons["share_harm"], strict=True)
    ]  # fmt: skip


def counted(number: int, what: str) -> str:
    """Write a number with its noun.

    Examples
    --------
    >>> counted(1, "visit"), counted(1200, "visit")
    ('1 visit', '1,200 visits')
    """
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def cut(text: str, room: int) -> str:
    """Cut a text to so many characters.

    Examples
    --------
    >>> cut("Staffordshire Moorlands", 12)
    'Staffordshi…'
    """
    return text if len(text) <= room else f"{text[: max(room - 1, 0)].rstrip()}…"


def percent(share: float) -> str:
    """Write a share; neither nothing nor all unless it is.

    Examples
    --------
    >>> percent(0.384), percent(0.021), percent(0.0004), percent(0.999)
    ('38%', '2.1%', 'under 0.1%', 'over 99%')
    """
    if 0 < share < 0.001:
        return "under 0.1%"
    if 0.995 <= share < 1:
        return "over 99%"
    return f"{share:.1%}" if 0 < share < 0.0995 else f"{share:.0%}"


def ordinal(number: int) -> str:
    """Write a place in an order.

    Examples
    --------
    >>> [ordinal(n) for n in (1, 2, 3, 4, 11, 22, 112)]
    ['1st', '2nd', '3rd', '4th', '11th', '22nd', '112th']
    """
    last = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10)
    return f"{number:,}{last or 'th'}"


def date_text(day: pd.Timestamp) -> str:
    """Write a date with its year, the same way on every machine.

    Examples
    --------
    >>> date_text(pd.Timestamp("2026-05-30"))
    '30 May 2026'
    """
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"
