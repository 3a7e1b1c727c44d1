"""Whether the records of the briefing's hours have all arrived."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..chance.predictive import predictive
from ._usual import HALF, LEAST, RARE, Counted
from ._window import Window

SILENCE = np.timedelta64(3, "h")
"""Shortest time without any record before the end that is looked into."""


def feed_state(
    counted: Counted, expected: float, moments: NDArray[np.datetime64], window: Window
) -> pd.DataFrame:
    """Compare the rows that came with those expected, over all types, and the last of them.

    Parameters
    ----------
    counted : Counted
        The first group is everything.
    expected : float
        Rows usual in these hours; NaN where there is too little history.
    moments : ndarray of datetime64
        When every incident known by the end of the hours came to notice.
    window : Window

    Returns
    -------
    DataFrame
        One row: ``rows``, ``expected``, ``last_record``, ``silent_hours`` before the end,
        ``expected_since`` (rows usual in them), ``comparable_days``, ``complete`` and ``banner``
        (blank where complete).
    """
    end = window.end.to_datetime64().astype("datetime64[s]")
    rows = int(counted.weeks[0, 0])
    last = moments[~np.isnat(moments)].max()
    silent = end - last
    days = int(counted.comparable.sum())
    since = np.nan
    if days >= LEAST and silent >= SILENCE:
        since = _usual_since(counted, moments, min(silent, end - _start(window)), window)
    banner = _banner(rows, expected, last, silent, since, days)
    return pd.DataFrame({
        "rows": [rows], "expected": [expected], "last_record": [pd.Timestamp(last)],
        "silent_hours": [float(silent / np.timedelta64(1, "h"))], "expected_since": [since],
        "comparable_days": [days], "complete": [not banner],
        "banner": pd.Series([banner], dtype="str"),
    })  # fmt: skip


def _start(window: Window) -> np.datetime64:
    start: np.datetime64 = window.start.to_datetime64().astype("datetime64[s]")
    return start


def _usual_since(
    counted: Counted, moments: NDArray[np.datetime64], silent: np.timedelta64, window: Window
) -> float:
    """Rows usual in the last part of the hours, on the comparable days."""
    week = window.weeks_before(moments)
    end = window.end.to_datetime64().astype("datetime64[s]")
    tail = week >= 0
    tail[tail] = end - moments[tail] - week[tail] * np.timedelta64(7, "D") <= silent
    held = np.bincount(week[tail], minlength=len(counted.comparable))[counted.comparable]
    return float(held.mean())


def _banner(
    rows: int, expected: float, last: np.datetime64, silent: np.timedelta64, since: float,
    days: int,
) -> str:  # fmt: skip
    """Say what is wrong with the feed, or nothing."""
    at = pd.Timestamp(last)
    when = f"{at:%H:%M} on {at:%A} {at.day} {at:%B %Y}"
    if np.isnan(expected):
        if rows:
            return ""
        return f"FEED INCOMPLETE? Not one record came in; the last is of {when}."
    rare = float(predictive(expected * days, days).cdf(rows)) < RARE
    if rows < HALF * expected and rare:
        came = f"only {rows:,} records" if rows else "not one record"
        return (
            f"FEED INCOMPLETE: {came} came in where {expected:,.0f} are usual, over all types; the "
            f"last is of {when}. Counts are not compared."
        )
    if np.isfinite(since) and float(predictive(since * days, days).cdf(0)) < RARE:
        hours = silent / np.timedelta64(1, "h")
        return (
            f"FEED INCOMPLETE: no record came in for the last {hours:.0f} hours, since {when}, "
            f"where {since:,.0f} are usual. Counts are not compared."
        )
    return ""
