"""Decomposition for the eye: trend, season and remainder of every group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..progress import progress_bar
from ._stl import stl

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..series import Panel

    Floats = NDArray[np.float64]

BRIDGE = 2
"""Most missing periods in a row that a decomposition may draw a line across."""

_ROBUST = 48  # recorded periods from which weights against outliers are used
_ROOT = 10.0  # mean under which the square-root scale is used
_BATCH = 400  # series decomposed at once
DAILY = (7, 364)
"""Cycles of a daily series in days: the year in whole weeks, so that weekdays stay in step."""


@dataclass(frozen=True)
class Parts:
    """Decomposition of n groups over T periods, NaN where there is none."""

    trend: Floats
    season: Floats
    remainder: Floats
    yearly: Floats  # the part of the season that comes back each year
    scale: NDArray[np.object_]  # "log", "square root" or ""
    bridged: NDArray[np.int64]


def decompose(panel: Panel, adjusted: Floats, cycle: int) -> Parts:
    """Decompose each group's longest run by STL, days of the whole force by MSTL."""
    n, steps = adjusted.shape
    trend, season, rest, yearly = (np.full((n, steps), np.nan) for _ in range(4))
    scale, bridged = np.full(n, "", dtype=object), np.zeros(n, dtype=np.int64)
    batches: dict[tuple[int, int, bool], list[int]] = {}
    for g, (a, b, count) in enumerate(_longest(panel.used)):
        if panel.freq == "D" and not (_whole(panel)[g] and count >= 2 * DAILY[0]):
            continue
        if panel.freq == "D" or count >= 2 * cycle:
            batches.setdefault((a, b, count >= _ROBUST), []).append(g)
    parts = [(k, g[i : i + _BATCH]) for k, g in batches.items() for i in range(0, len(g), _BATCH)]
    if panel.freq == "D":  # one at a time: the progress bar is to move
        parts = [(key, [one]) for key, some in parts for one in some]
    for (a, b, robust), some in progress_bar(
        parts, desc="Decomposing", unit="batch", disable=len(parts) < 3, leave=False
    ):
        y, used = adjusted[some, a:b], panel.used[some, a:b]
        mean = np.nanmean(np.where(panel.used[some], adjusted[some], np.nan), axis=1)
        root = (mean < _ROOT)[:, None]
        work = _bridge(np.where(root, 2 * np.sqrt(y + 0.375), np.log(y + 0.5)), used)
        if panel.freq == "D":
            level, wave, year = _daily(work)
        else:
            level, wave = stl(work, cycle, robust=robust)
            year = wave
        still = np.ptp(work, axis=1) < 1e-12  # a flat line has neither season nor weights
        level[still], wave[still], year[still] = work[still], 0.0, 0.0

        def back(v: Floats, root: NDArray[np.bool_] = root) -> Floats:
            return np.asarray(np.where(root, (v / 2) ** 2, np.exp(np.where(root, 0.0, v))))

        trend[some, a:b] = back(level) - np.where(root, 0.375, 0.5)
        season[some, a:b] = back(level + wave) / back(level)
        rest[some, a:b] = np.where(used, back(work) / back(level + wave), np.nan)
        yearly[some, a:b] = back(level + year) / back(level)
        scale[some] = np.where(root[:, 0], "square root", "log")
        bridged[some] = (~used).sum(axis=1)
    return Parts(trend, season, rest, yearly, scale, bridged)


def month_means(panel: Panel, parts: Parts) -> Floats:
    """Geometric mean of the yearly season in each calendar month, (n, 12)."""
    logs = np.log(np.maximum(parts.yearly, 1e-12))
    there = np.eye(12)[panel.month]
    total, count = np.nan_to_num(logs) @ there, (~np.isnan(logs)).astype(float) @ there
    means: Floats = np.where(count > 0, np.exp(total / np.maximum(count, 1)), np.nan)
    return means


def _whole(panel: Panel) -> NDArray[np.bool_]:
    """Which groups stand for the whole force: days are decomposed for these only."""
    if "level" in panel.keys.columns:
        return (panel.keys["level"] == "force").to_numpy(dtype=bool)
    return np.full(len(panel.keys), not set(panel.keys.columns) - {"category"})


def _longest(used: NDArray[np.bool_]) -> list[tuple[int, int, int]]:
    """Longest run of each group whose gaps are at most two periods; the later of equals."""
    found: dict[bytes, tuple[int, int, int]] = {}
    runs = []
    for row in used:
        key = row.tobytes()
        if key not in found:
            at = np.flatnonzero(row)
            pieces = np.split(at, np.flatnonzero(np.diff(at) > BRIDGE + 1) + 1)
            best = max(pieces[::-1], key=len)
            found[key] = (int(best[0]), int(best[-1]) + 1, len(best)) if len(at) else (0, 0, 0)
        runs.append(found[key])
    return runs


def _bridge(work: Floats, used: NDArray[np.bool_]) -> Floats:
    """Draw a straight line across the periods that were not recorded."""
    at = np.arange(work.shape[1])
    filled = work.copy()
    for g in np.flatnonzero(~used.all(axis=1)):
        filled[g] = np.interp(at, at[used[g]], work[g, used[g]])
    return filled


def _daily(work: Floats) -> tuple[Floats, Floats, Floats]:
    """MSTL by week and year from two years on, STL by week before."""
    from statsmodels.tsa.seasonal import MSTL

    if work.shape[1] < 2 * DAILY[1]:
        level, wave = stl(work, DAILY[0])
        return level, wave, np.full(wave.shape, np.nan)
    fits = [MSTL(row, periods=DAILY).fit() for row in work]
    waves = np.stack([np.asarray(fit.seasonal) for fit in fits])
    return np.stack([np.asarray(fit.trend) for fit in fits]), waves.sum(axis=2), waves[:, :, 1]
