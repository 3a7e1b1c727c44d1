"""The hours of each hotspot as tables, and the window of the day that holds most."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ._hours import Hours, beta_interval

PEAK_H = 4
"""Length of the peak window in hours."""


def hour_tables(need: pd.DataFrame, learned: Hours | str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Write the hours and the peak of each hotspot."""
    n = len(need)
    share, own = np.full((n, 168), 1 / 168), np.full((n, 168), np.nan)
    low, high = np.full((n, 168), np.nan), np.full((n, 168), np.nan)
    if isinstance(learned, Hours):
        share, own = learned.share, learned.own
        low, high = learned.interval()
    hours = pd.DataFrame({
        "hotspot": pd.Series(np.repeat(need.index.to_numpy(dtype=object), 168), dtype="str"),
        "hour_of_week": np.tile(np.arange(168), n), "intensity": (share * 168).ravel(),
        "low": (low * 168).ravel(), "high": (high * 168).ravel(), "incidents": own.ravel(),
    })  # fmt: skip
    peaks = pd.DataFrame({
        "peak": pd.Series("", index=need.index, dtype="str"), "start_hour": np.nan, "hours": np.nan,
        "share": np.nan, "low": np.nan, "high": np.nan,
        "days": pd.Series("", index=need.index, dtype="str"), "incidents": np.nan,
        "own_weight": np.nan, "from": pd.Series("none", index=need.index, dtype="str"),
    }, index=need.index)  # fmt: skip
    if isinstance(learned, Hours) and n:
        _fill_peaks(peaks, learned)
    return hours, peaks


def _fill_peaks(peaks: pd.DataFrame, learned: Hours) -> None:
    """Find the hours of the day that hold most of each hotspot's incidents."""
    week = learned.pseudo.reshape(-1, 7, 24)
    day, whole = week.sum(axis=1), week.sum(axis=(1, 2))
    held = sum(np.roll(day, -n, axis=1) for n in range(PEAK_H))
    assert isinstance(held, np.ndarray)
    start = np.argmax(held.round(9), axis=1)
    row = np.arange(len(start))
    low, high = beta_interval(held[row, start], whole)
    sure, _ = beta_interval(week.sum(axis=2), whole[:, None])
    busy = sure > 1 / 7
    reliable = low > PEAK_H / 24
    peaks["peak"] = [f"{s:02}:00 to {(s + PEAK_H) % 24:02}:00" if r else ""
                     for s, r in zip(start.tolist(), reliable, strict=True)]  # fmt: skip
    peaks["start_hour"] = np.where(reliable, start, np.nan)
    peaks["hours"] = np.where(reliable, float(PEAK_H), np.nan)
    peaks["share"] = np.where(reliable, held[row, start] / whole, np.nan)
    peaks["low"], peaks["high"] = np.where(reliable, low, np.nan), np.where(reliable, high, np.nan)
    names = np.array(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"])
    peaks["days"] = [" ".join(names[b]) for b in busy]
    peaks["incidents"], peaks["own_weight"] = learned.own.sum(axis=1), learned.weight
    source = np.select(
        [learned.weight >= 0.8, learned.weight >= 0.2], ["own", "own and LPT"], "LPT"
    )
    peaks["from"] = np.where(reliable, source, "none")
    for name in ("peak", "days", "from"):
        peaks[name] = peaks[name].astype("str")
