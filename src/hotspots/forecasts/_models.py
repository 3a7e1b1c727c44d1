"""Four ways to the mean of the next counts, each for all series at once and for every origin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..chance.regression import fit_counts
from ..progress import progress_bar
from ..series import FREQ, numbers, starts_of
from ..series.factors import factors_at, month_factors

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..series import Panel

    Floats = NDArray[np.float64]

MODELS = {
    "mean": "mean × season",
    "seasonal_naive": "last year's count",
    "regression": "a trend with yearly waves",
    "smoothing": "smoothing of recent counts",
}
"""By their names in ``method=``, in words; the first is the plain baseline."""

YEARS = 4  # of history at most that the regression fits: beyond, its straight trend would mislead
_FEW = 24  # incidents under which no regression is fitted: it would go wherever they lie
_LEAST = 0.05  # incidents that none in a year count as: more would swell sums of quiet series
_CELLS = 200_000  # series times periods fitted at once: more only takes memory
_GAIN = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0)
_TREND, _DAMP = (0.05, 0.2), 0.9
COMBOS = np.array([(a, 0.0) for a in _GAIN] + [(a, b) for b in _TREND for a in _GAIN if a < 0.6])
"""Smoothing constants tried: of the level, and of the damped trend (0: no trend)."""


@dataclass(frozen=True)
class Means:
    """Forecast means by model, of n series from O origins, H steps each.

    Attributes
    ----------
    origins : ndarray of int, shape (O,)
        Periods known at each origin; the last knows all.
    mean, extra : dict of ndarray of float, shape (n, O, H)
        Forecast counts, and the variance of their estimate as a multiple of the mean.
    target : ndarray of float, shape (n, O, H)
        Counts that came, NaN where not wholly recorded or still to come.
    scale : ndarray of float, shape (n, O)
        Mean absolute difference from a year before, in the periods known.
    noise, level : ndarray of float, shape (n, O)
        Excess variance of the last year's counts about their mean × season, over the squared
        mean; and that mean.
    source : ndarray of str, shape (n, O)
        Whose season is used: "own and force", "force" or "none".
    start : ndarray of datetime64, shape (H,)
        First moments of the periods to come.
    """

    origins: NDArray[np.int64]
    mean: dict[str, Floats]
    extra: dict[str, Floats]
    target: Floats
    scale: Floats
    noise: Floats
    level: Floats
    source: NDArray[np.str_]
    start: NDArray[np.datetime64]


def means_of(panel: Panel, origins: NDArray[np.int64], horizon: int, names: list[str]) -> Means:
    """Forecast from every origin with nothing known but what came before it."""
    n, periods = panel.y.shape
    cycle, standard, _ = FREQ[panel.freq]
    first = int(numbers(panel.start[:1], panel.freq)[0])
    edges = starts_of(first + np.arange(periods + horizon + 1), panel.freq)
    days = np.diff(edges).astype("timedelta64[D]").astype(float)
    middle = edges[:-1] + (np.diff(edges) // 2)
    year = (middle - np.datetime64("2000-01-01")).astype(float) / (365.25 * 86400)
    known = np.where(panel.used, panel.y, np.nan)
    padded = np.concatenate([known, np.full((n, horizon), np.nan)], axis=1)
    shape = (n, len(origins), horizon)
    mean, extra = ({name: np.full(shape, np.nan) for name in names} for _ in range(2))
    target = np.full(shape, np.nan)
    scale, noise, level = (np.full(shape[:2], np.nan) for _ in range(3))
    gap = np.full((n, periods), np.nan)
    gap[:, cycle:] = np.abs(known[:, cycle:] - known[:, :-cycle])
    source = np.full(shape[:2], "none", dtype=object)
    if "regression" in names:
        mean["regression"], extra["regression"] = _regression(
            known, days, year, origins, cycle, horizon
        )
    for o, k in enumerate(progress_bar(
        origins, "forecasting anew", unit="origin", disable=None, leave=False, delay=2
    )):  # fmt: skip
        season = month_factors(panel.until(int(k)))
        source[:, o] = season.source
        factor = factors_at(season.factor, edges[: k + horizon], panel.freq)
        exposure = factor * days[: k + horizon] / standard  # standard periods a period is worth
        past = known[:, :k]
        told = {}
        told["mean"], noise[:, o], level[:, o] = _mean(past, exposure, cycle)
        if "seasonal_naive" in names:
            told["seasonal_naive"] = _naive(past, days, cycle, horizon)
        if "smoothing" in names:
            told["smoothing"] = _smoothing(past, exposure, cycle)
        for name in told:
            mean[name][:, o], extra[name][:, o] = told[name]
        target[:, o] = padded[:, k : k + horizon]
        seen = np.isfinite(gap[:, :k])
        with np.errstate(invalid="ignore"):
            scale[:, o] = np.where(seen, gap[:, :k], 0).sum(1) / seen.sum(1)
    return Means(origins, mean, extra, target, scale, noise, level, source, edges[periods:-1])


def _mean(y: Floats, exposure: Floats, cycle: int) -> tuple[tuple[Floats, Floats], Floats, Floats]:
    """Mean rate of the last year recorded, times season and days; and the spread about it."""
    k = y.shape[1]
    seen = np.isfinite(y)
    recent = seen & (np.cumsum(seen[:, ::-1], axis=1)[:, ::-1] <= cycle)
    total, count = np.where(recent, y, 0.0).sum(1), recent.sum(1)
    behind = np.where(recent, exposure[:, :k], 0.0).sum(1)
    with np.errstate(invalid="ignore", divide="ignore"):
        weight = np.where(behind[:, None] > 0, exposure[:, k:] / behind[:, None], np.nan)
        rate = np.maximum(total, _LEAST) / behind
        fitted = np.where(recent, rate[:, None] * exposure[:, :k], 0.0)
        spread = np.where(recent, (y - fitted) ** 2, 0.0).sum(1) * count / (count - 1) - total
        noise = np.where(count > 3, spread / (fitted**2).sum(1), np.nan)
        return (np.maximum(total, _LEAST)[:, None] * weight, weight), noise, rate


def _naive(y: Floats, days: Floats, cycle: int, horizon: int) -> tuple[Floats, Floats]:
    """Count of the same period last year, or where that was not recorded the year before."""
    n, k = y.shape
    mean, extra = np.full((n, horizon), np.nan), np.full((n, horizon), np.nan)
    for back in (2 * cycle, cycle):
        at = np.arange(k, k + horizon) - back
        use = np.flatnonzero((at >= 0) & (at < k))
        share = days[k + use] / days[at[use]]
        found = np.maximum(y[:, at[use]], 0.5) * share
        there = np.isfinite(found)
        mean[:, use] = np.where(there, found, mean[:, use])
        extra[:, use] = np.where(there, share, extra[:, use])
    return mean, extra


def smooth(z: Floats) -> tuple[Floats, Floats, Floats]:
    """Run every pair of smoothing constants over the series, gaps left out.

    Parameters
    ----------
    z : ndarray of float, shape (n, k)
        NaN where not recorded.

    Returns
    -------
    level, slope, squares : ndarray of float, shape (n, m)
        State after the last period, and the sum of squared one-step errors, for each of the m
        pairs of :data:`COMBOS`. The first level is the mean of the first year's values at hand.
    """
    gain, trend = COMBOS.T
    first = np.isfinite(z) & (np.cumsum(np.isfinite(z), axis=1) <= 12)
    with np.errstate(invalid="ignore"):
        begin = np.where(first, z, 0.0).sum(1) / first.sum(1)
    level = np.repeat(begin[:, None], len(COMBOS), axis=1)
    slope, squares = np.zeros_like(level), np.zeros_like(level)
    for t in range(z.shape[1]):
        there = np.isfinite(z[:, t])[:, None]
        before = level + _DAMP * slope
        error = np.where(there, z[:, t, None] - before, 0.0)
        squares += error**2
        moved = before + gain * error
        slope = np.where(trend > 0, np.where(
            there, trend * (moved - level) + (1 - trend) * _DAMP * slope, _DAMP * slope
        ), 0.0)  # fmt: skip
        level = moved
    return level, slope, squares


def _smoothing(y: Floats, exposure: Floats, cycle: int) -> tuple[Floats, Floats]:
    """Exponential smoothing of the root of the deseasonalised rate, damped trend where better."""
    k = y.shape[1]
    level, slope, squares = smooth(np.sqrt(y / exposure[:, :k]))
    count = np.isfinite(y).sum(1)[:, None]
    with np.errstate(divide="ignore"):
        aic = count * np.log(np.maximum(squares, 1e-12)) + np.where(COMBOS[:, 1] > 0, 4.0, 0.0)
    best = np.argmin(aic, axis=1)[:, None]
    level, slope, squares = (np.take_along_axis(v, best, 1) for v in (level, slope, squares))
    gain = COMBOS[best[:, 0], 0][:, None]
    step = np.arange(1, exposure.shape[1] - k + 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        noise = squares / np.maximum(count - 1, 1)
        ahead = np.maximum(level + slope * np.cumsum(_DAMP**step), 0.0)
        rate = ahead**2 + noise * (1 + (step - 1) * gain**2)  # the mean of a square
        mean = np.maximum(rate * exposure[:, k:], _LEAST / cycle)
    short = count < cycle
    return np.where(short, np.nan, mean), np.where(short, np.nan, gain / (2 - gain) + 0 * mean)


def _regression(
    y: Floats, days: Floats, year: Floats, origins: NDArray[np.int64], cycle: int, horizon: int
) -> tuple[Floats, Floats]:
    """Negative-binomial regression on a trend and none, one or two waves a year, by AICc.

    All series from all origins at once, a few thousand at a time: ``y`` has shape (n, T), what
    is returned (n, O, H).
    """
    n, periods = y.shape
    mean, extra = (np.full((n * len(origins), horizon), np.nan) for _ in range(2))
    t = np.arange(periods)
    window = (t < origins[:, None]) & (t >= origins[:, None] - YEARS * cycle)
    turn = 2 * np.pi * year
    x = np.column_stack([
        np.ones(len(turn)), (np.arange(len(turn)) - periods) / cycle, np.cos(turn), np.sin(turn),
        np.cos(2 * turn), np.sin(2 * turn),
    ])  # fmt: skip
    able = np.isfinite(y).astype(float) @ window.T >= 2 * cycle
    able &= np.nan_to_num(y) @ window.T >= _FEW
    todo = np.flatnonzero(able.ravel())
    for some in np.array_split(todo, max(1, len(todo) * periods // _CELLS)):
        if len(some):
            series, origin = np.divmod(some, len(origins))
            rows = np.where(window[origin], y[series], np.nan)
            mean[some], extra[some] = _fitted(rows, x, days, origins[origin], horizon)
    shape = (n, len(origins), horizon)
    return mean.reshape(shape), extra.reshape(shape)


def _fitted(
    y: Floats, x: Floats, days: Floats, k: NDArray[np.int64], horizon: int
) -> tuple[Floats, Floats]:
    """Fit each row on the columns AICc prefers, and say what comes after its period ``k``."""
    used = np.isfinite(y)
    safe, count = np.where(used, y, 0.0), used.sum(1)
    best = np.full(len(y), np.inf)
    mean, extra = (np.full((len(y), horizon), np.nan) for _ in range(2))
    at = k[:, None] + np.arange(horizon)
    for columns in (2, 4, 6):
        fit = fit_counts(safe, x[: y.shape[1], :columns], np.log(days[: y.shape[1]]), used)
        p = columns + 1
        aicc = -2 * fit.loglik + 2 * p + 2 * p * (p + 1) / np.maximum(count - p - 1, 1)
        z = x[at, :columns]
        ahead = np.exp(np.minimum(np.einsum("nhp,np->nh", z, fit.coef), 30.0)) * days[at]
        unsure = np.einsum("nhp,npq,nhq->nh", z, fit.cov, z)
        better = (aicc < best) & np.isfinite(ahead).all(1) & np.isfinite(unsure).all(1)
        best = np.where(better, aicc, best)
        mean = np.where(better[:, None], ahead, mean)
        extra = np.where(better[:, None], ahead * np.clip(unsure, 0.0, 3.0), extra)
    most = 3 * safe.max(1) + 5  # a trend may not run away
    return np.clip(mean, 0.5 / np.maximum(count, 1)[:, None], most[:, None]), extra
