"""The hours of each hotspot as tables, and the window of the day that holds most."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ._hours import PEAK_H, Hours
from .resources import DAYS

OWN, BORROWED = 0.8, 0.2  # weight of a hotspot's own clock, above and under which one is named


def hour_tables(need: pd.DataFrame, learned: Hours | str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Write the hours and the peak of each hotspot."""
    n = len(need)
    share, own = np.full((n, 168), 1 / 168), np.full((n, 168), np.nan)
    low, high = np.full((n, 168), np.nan), np.full((n, 168), np.nan)
    if isinstance(learned, Hours):
        share, own = learned.share, learned.own
        low, high = learned.low, learned.high
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
    """Tell of each hotspot which hours of the day hold most of its incidents, where any do."""
    reliable = learned.peaked
    start = learned.start
    peaks["peak"] = [f"{s:02}:00 to {(s + PEAK_H) % 24:02}:00" if r else ""
                     for s, r in zip(start.tolist(), reliable, strict=True)]  # fmt: skip
    told: dict[str, Any] = {"start_hour": start, "hours": PEAK_H, "share": learned.peak,
            "low": learned.peak_low,
            "high": learned.peak_high}  # fmt: skip
    for name, values in told.items():
        peaks[name] = np.where(reliable, values, np.nan)
    names = np.array(DAYS)
    peaks["days"] = [" ".join(names[busy]) for busy in learned.busy]
    peaks["incidents"], peaks["own_weight"] = learned.own.sum(axis=1), learned.weight
    source = np.select([learned.weight >= OWN, learned.weight >= BORROWED],
                       ["own", "own and LPT"], "LPT")  # fmt: skip
    peaks["from"] = np.where(reliable, source, "none")
    for name in ("peak", "days", "from"):
        peaks[name] = peaks[name].astype("str")
