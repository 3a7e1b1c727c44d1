"""Fit the effects of kinds of day on daily counts, with errors that hold when days hang together.

Everything works on arrays of n groups by T days. The error of an effect rests on how the residuals
of *all* days hang together, never on the few days of the effect itself: a sandwich of those few
would look far too sure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..chance.regression import fit_counts, trend_columns
from ..progress import progress_bar

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

LAGS = 56
"""Days over which residuals are taken to hang together: longer than a school's summer holiday."""

_CHUNK = 4e6  # numbers in the largest array of a batch
_YEAR = 365.2425
_KINDS = 4  # columns of the yearly wave: two harmonics


@dataclass(frozen=True)
class EffectFit:
    """Effects of m kinds of day in n groups, and what they rest on.

    Attributes
    ----------
    beta, error : ndarray, shape (n, m)
        Log ratio and its standard error, autocorrelation allowed for.
    expected : ndarray, shape (n, m)
        Incidents on these days had they been ordinary ones.
    seen : ndarray, shape (n, m)
        Incidents on these days.
    days, occasions : ndarray of int, shape (n, m)
        Recorded days of the kind, and runs of such days.
    apart : ndarray, shape (n, m)
        Share of the days' pattern that weekday, season, trend and the other kinds do not
        explain, 0 to 1: near 0 the effect cannot be told from theirs.
    dispersion, together, used : ndarray, shape (n,)
        Dispersion α of the counts, correlation of neighbouring days, days fitted.
    alike : ndarray, shape (n, m)
        Mean correlation of a group's error with those of its fellows: they share the weather.
    """

    beta: Floats
    error: Floats
    expected: Floats
    seen: Floats
    days: NDArray[np.int64]
    occasions: NDArray[np.int64]
    apart: Floats
    dispersion: Floats
    together: Floats
    used: NDArray[np.int64]
    alike: Floats


def fit_effects(
    y: Floats, used: Bools, start: NDArray[np.datetime64], marks: NDArray[np.int8],
    fellows: NDArray[np.int64],
) -> EffectFit:  # fmt: skip
    """Fit all effects of all groups.

    Parameters
    ----------
    y : ndarray, shape (n, T)
        Daily counts.
    used : ndarray of bool, shape (n, T)
    start : ndarray of datetime64, shape (T,)
        The days.
    marks : ndarray of 0 and 1, shape (1 or n, T, m)
        Which day is of which kind; one row when it is the same for every group.
    fellows : ndarray of int, shape (n,)
        Groups with the same number are areas of the same thing.
    """
    n, total = y.shape
    m = marks.shape[2]
    size = max(1, int(_CHUNK / (total * (m + 14) * (1 if marks.shape[0] == 1 else 2))))
    batches = [np.arange(a, min(a + size, n)) for a in range(0, n, size)]
    parts, residuals = [], np.zeros((n, total))
    for rows in progress_bar(batches, desc="Effects", disable=len(batches) < 2):
        mine = marks if marks.shape[0] == 1 else marks[rows]
        found, residual = _fit(y[rows], used[rows], start, mine.astype(float))
        parts.append(found)
        residuals[rows] = residual
    joined = {k: np.concatenate([p[k] for p in parts]) for k in parts[0]}
    alike = _alike(residuals, used, fellows, joined.pop("cross"), joined.pop("taken"))
    known = joined["error"] > 0  # a kind without days has none
    alike = np.divide(alike, joined["error"] ** 2, out=np.zeros_like(alike), where=known)
    return EffectFit(**joined, alike=alike)


def _fit(
    y: Floats, used: Bools, start: NDArray[np.datetime64], marks: Floats
) -> tuple[dict[str, NDArray], Floats]:  # type: ignore[type-arg]
    n, m = len(y), marks.shape[2]
    x = _columns(start, used, marks)
    fit = fit_counts(np.where(used, y, np.nan), x, 0.0, used)
    beta = fit.coef[:, -m:]
    variance = fit.mean * (1 + fit.dispersion[:, None] * fit.mean)
    residual = np.where(used, (np.nan_to_num(y) - fit.mean) / np.sqrt(variance), 0.0)
    root = np.where(used, fit.mean / np.sqrt(variance), 0.0)  # square root of the weight
    z = x * root[..., None]
    correlation, taken = _autocorrelation(residual, used, z, fit.cov)
    # each effect as a weighted sum of residuals: what its error is made of, lag by lag
    weights = np.einsum("ntp,npm->ntm", z, fit.cov[:, :, -m:])
    cross = np.zeros((n, correlation.shape[1], m))
    cross[:, 0] = np.einsum("ntm,ntm->nm", weights, weights)
    for lag in range(1, correlation.shape[1]):
        taper = min(1.0, 2 * (1 - lag / (LAGS + 1)))  # flat, then falling
        cross[:, lag] = 2 * taper * np.einsum("ntm,ntm->nm", weights[:, :-lag], weights[:, lag:])
    variance = np.maximum(correlation[:, 0], 1.0)[:, None]  # under-dispersed counts stay Poisson
    robust = cross[:, 0] + np.einsum("nl,nlm->nm", correlation[:, 1:], cross[:, 1:])
    error = np.sqrt(np.maximum(robust, cross[:, 0]) * variance)
    on = (marks > 0) & used[..., None]
    ordinary = fit.mean[..., None] * np.exp(-beta)[:, None, :]
    first = (marks > 0) & np.pad(marks == 0, ((0, 0), (1, 0), (0, 0)), constant_values=True)[:, :-1]
    run = np.cumsum(first, axis=1) * on  # 0, or the number of the run a day belongs to
    found = {
        "beta": beta, "error": error,
        "expected": np.where(on, ordinary, 0.0).sum(axis=1),
        "seen": np.where(on, np.nan_to_num(y)[..., None], 0.0).sum(axis=1),
        "days": on.sum(axis=1), "occasions": _distinct(run),
        "apart": _apart(x, used, m), "dispersion": fit.dispersion,
        "together": correlation[:, 1], "used": used.sum(axis=1), "cross": cross, "taken": taken,
    }  # fmt: skip
    return found, residual


def _distinct(run: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count the different numbers above 0 along the days; they never fall."""
    most = np.maximum.accumulate(run, axis=1)
    new = np.diff(most, axis=1, prepend=0) > 0
    counted: NDArray[np.int64] = (new & (run > 0)).sum(axis=1)
    return counted


def _columns(start: NDArray[np.datetime64], used: Bools, marks: Floats) -> Floats:
    """Columns of the model: level, trend, weekdays, two yearly harmonics, then the kinds."""
    day = start.astype("datetime64[D]").astype(np.int64)
    years = (day - day[0]) / _YEAR
    week = (day[:, None] + 3) % 7 == np.arange(1, 7)
    turn = 2 * np.pi * np.outer(day / _YEAR, [1, 2])
    plain = np.column_stack([np.ones(len(day)), week, np.cos(turn), np.sin(turn)])
    # the trend may bend twice a year from two years on: a level that shifts for a quarter would
    # else look like an effect of what lies in it
    trend = trend_columns(2 * years, used)
    groups = len(used)
    if trend.strides[0] == 0 and marks.shape[0] == 1 and used.all():
        shared = np.concatenate([plain, trend[0], marks[0]], axis=1)
        return np.broadcast_to(shared, (groups, *shared.shape))
    wide = [np.broadcast_to(part, (groups, *part.shape[-2:])) for part in (plain, trend, marks)]
    return np.concatenate(wide, axis=2)


def _autocorrelation(
    residual: Floats, used: Bools, z: Floats, cov: Floats
) -> tuple[Floats, Floats]:
    """Autocorrelation of the residuals by lag (at lag 0 their variance), and what fitting took.

    Fitting takes correlation out of the residuals. What it takes on average from independent
    counts, read off the hat matrix, is put back.
    """
    n, total = residual.shape
    found, taken = np.zeros((2, n, max(min(LAGS, total - 1), 1) + 1))
    hat = np.einsum("ntp,npq->ntq", z, cov)
    there = used.astype(float)
    lost = np.einsum("ntp,ntp->n", hat, z)
    found[:, 0] = variance = (residual**2).sum(axis=1) / np.maximum(used.sum(axis=1) - lost, 1.0)
    taken[:, 0] = lost / np.maximum(used.sum(axis=1), 1.0)
    for lag in range(1, min(LAGS, total - 1) + 1):
        pairs = np.maximum((there[:, :-lag] * there[:, lag:]).sum(axis=1), 1.0)
        raw = (residual[:, :-lag] * residual[:, lag:]).sum(axis=1) / pairs
        taken[:, lag] = np.einsum("ntp,ntp->n", hat[:, :-lag], z[:, lag:]) / pairs
        found[:, lag] = raw / np.maximum(variance, 1e-9) + taken[:, lag]
    return found, taken


def _apart(x: Floats, used: Bools, m: int) -> Floats:
    """Share of each kind's column that the other columns leave unexplained."""
    shared = x.strides[0] == 0
    rows = x[:1] if shared else x
    seen = np.where((used[:1] if shared else used)[..., None], rows, 0.0)
    norm = np.sqrt((seen**2).sum(axis=1))
    seen = seen / np.where(norm > 0, norm, 1.0)[:, None, :]
    gram = np.einsum("ntp,ntq->npq", seen, seen)
    p = gram.shape[-1]
    gram += 1e-10 * np.eye(p)  # a column that another one repeats: nearly nothing is left of it
    left = 1 / np.diagonal(np.linalg.inv(gram), axis1=1, axis2=2)[:, -m:]
    share: Floats = np.where(norm[:, -m:] > 0, np.clip(left, 0.0, 1.0), 0.0)
    return np.broadcast_to(share, (len(x), m))


def _alike(
    residual: Floats, used: Bools, fellows: NDArray[np.int64], cross: Floats, taken: Floats
) -> Floats:
    """Mean covariance of each effect's error with those of the group's fellows, none below 0.

    What areas share, as the weather, lasts for days: it counts in full where an effect does too.
    """
    shared = np.zeros(cross.shape[::2])
    for code in np.unique(fellows):
        rows = np.flatnonzero(fellows == code)
        if len(rows) < 2:
            continue
        e, there = residual[rows], used[rows].astype(float)
        total, count = e.sum(axis=0), there.sum(axis=0)
        same = np.zeros(cross.shape[1])
        for lag in range(cross.shape[1]):
            later, earlier = slice(lag, None), slice(None, e.shape[1] - lag)
            own = (e[:, earlier] * e[:, later]).sum()
            pairs = (count[earlier] * count[later]).sum()
            pairs -= (there[:, earlier] * there[:, later]).sum()
            same[lag] = ((total[earlier] * total[later]).sum() - own) / max(float(pairs), 1.0)
        same += same[0] * taken[rows].mean(axis=0)
        shared[rows] = np.maximum(np.einsum("l,nlm->nm", same, cross[rows]), 0.0)
    return shared
