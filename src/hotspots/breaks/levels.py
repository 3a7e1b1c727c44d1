"""Levels of counts: what a run at one level costs, the cheapest cuts, and the models compared.

Everything here is batched: ``n`` series by ``T`` periods. A series is its counts ``y`` and its
exposure ``e`` (days times season, mean 1 over the periods used; both 0 where a period is not
used, so that a gap costs nothing and holds no level).

A count is Poisson, or negative binomial with shape ``e / alpha``: mean ``level * e``, variance
``level * e * (1 + alpha * level)``. Sums of such counts are of the same family, so the best level
of a run is its total over its exposure, exactly, and its cost follows from cumulative sums.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Whole = NDArray[np.int64]

POISSON = 1e-8
"""Over-dispersion at and under which a count is Poisson."""

_STEEPEST = 15.0  # log of the largest ratio of levels that a fit may reach


def running(values: Floats) -> Floats:
    """Cumulative sums along the last axis, beginning with 0: shape (..., T) to (..., T + 1)."""
    total = np.cumsum(values, axis=-1)
    return np.concatenate([np.zeros((*values.shape[:-1], 1)), total], axis=-1)


def run_cost(total: Floats, exposure: Floats, alpha: Floats) -> Floats:
    """Twice the negative log-likelihood of runs at their best level, but for a constant.

    ``-2 (S log(S/E) - (S + E/alpha) log(1 + alpha S/E))``, which for a small ``alpha`` is
    Poisson's ``-2 (S log(S/E) - S)``.
    """
    alpha = np.maximum(alpha, POISSON)
    level = total / np.where(exposure > 0, exposure, 1.0)
    some = np.where(level > 0, level, 1.0)
    shape = exposure / alpha
    cost: Floats = -2 * (total * np.log(some) - (total + shape) * np.log1p(alpha * level))
    return cost


def run_costs(y: Floats, e: Floats, alpha: Floats) -> Floats:
    """Cost of every run ``[a, b)``, shape (n, T + 1, T + 1); meaningless where ``b <= a``."""
    s, x = running(y), running(e)
    a, b = np.triu_indices(s.shape[1], 1)
    costs = np.zeros((len(y), s.shape[1], s.shape[1]))
    total, exposure = np.maximum(s[:, b] - s[:, a], 0), np.maximum(x[:, b] - x[:, a], 0)
    costs[:, a, b] = run_cost(total, exposure, alpha[:, None])
    return costs


def allowed_runs(used: Flags, shortest: int, fewest: int) -> Flags:
    """Tell which runs ``[a, b)`` may have a level of their own, shape (n, T + 1, T + 1).

    A run begins with a used period and ends before one, or at the end of its series; it reaches
    over at least ``shortest`` periods from its first to the next run's first, and at least
    ``fewest`` of them are used.
    """
    n, t = used.shape
    ends = ends_of(used)
    at = np.arange(t + 1)
    begins = np.concatenate([used, np.zeros((n, 1), dtype=bool)], axis=1)
    closes = begins | (at == ends[1][:, None])
    count = running(used.astype(float))
    held = count[:, None, :] - count[:, :, None] >= fewest
    allowed: Flags = (
        begins[:, :, None] & closes[:, None, :] & held & (at[None, :] - at[:, None] >= shortest)
    )
    return allowed


def ends_of(used: Flags) -> tuple[Whole, Whole]:
    """First used period of each series, and one past the last; both 0 where none is used."""
    t = used.shape[1]
    some = used.any(axis=1)
    first = np.where(some, used.argmax(axis=1), 0)
    end = np.where(some, t - used[:, ::-1].argmax(axis=1), 0)
    return first.astype(np.int64), end.astype(np.int64)


def cheapest_cuts(
    costs: Floats, allowed: Flags, ends: tuple[Whole, Whole], penalty: Floats
) -> Flags:
    """Find the cuts with the least cost plus penalty, by exact dynamic programming.

    Parameters
    ----------
    costs : ndarray, shape (n, T + 1, T + 1)
        As :func:`run_costs` gives them.
    allowed : ndarray of bool, shape (n, T + 1, T + 1)
    ends : tuple of ndarray, shape (n,)
        As :func:`ends_of` gives them.
    penalty : ndarray, shape (n,)
        Added for each cut.

    Returns
    -------
    ndarray of bool, shape (n, T)
        True at the first period of each new level. No cut where the whole is not allowed as a run.
    """
    runs, row = _by_end(costs, allowed), np.arange(len(costs))
    first, end = ends
    best = np.full(costs.shape[:2], np.inf)
    best[row, first] = 0.0
    back = np.zeros(costs.shape[:2], dtype=np.int64)
    for b in range(1, costs.shape[1]):
        total = best[:, :b] + runs[:, b, :b]
        at = total.argmin(axis=1)
        lower = total[row, at] + penalty < best[:, b]
        back[:, b] = np.where(lower, at, back[:, b])
        best[:, b] = np.where(lower, total[row, at] + penalty, best[:, b])
    cuts = np.zeros((len(costs), costs.shape[1] - 1), dtype=bool)
    at = np.where(np.isfinite(best[row, end]), end, first)
    while (at > first).any():
        at = np.where(at > first, back[row, at], at)
        cuts[row[at > first], at[at > first]] = True
    return cuts


def best_cuts(costs: Floats, allowed: Flags, ends: tuple[Whole, Whole], most: int) -> Flags:
    """Find the cheapest ``most`` cuts, or as many as there is room for; see :func:`cheapest_cuts`.

    Returns
    -------
    ndarray of bool, shape (n, T)
    """
    runs, row = _by_end(costs, allowed), np.arange(len(costs))
    first, end = ends
    best = np.full((most + 2, *costs.shape[:2]), np.inf)
    best[0, row, first] = 0.0
    back = np.zeros(best.shape, dtype=np.int64)
    for k in range(1, most + 2):
        for b in range(1, costs.shape[1]):
            total = best[k - 1][:, :b] + runs[:, b, :b]
            back[k][:, b] = total.argmin(axis=1)
            best[k][:, b] = total[row, back[k][:, b]]
    room = np.isfinite(best[1:, row, end])  # (most + 1, n)
    left = np.where(room, np.arange(most + 1)[:, None], 0).max(axis=0)
    cuts = np.zeros((len(costs), costs.shape[1] - 1), dtype=bool)
    at = end.copy()
    while (left > 0).any():
        at = np.where(left > 0, back[left + 1, row, at], at)
        cuts[row[left > 0], at[left > 0]] = True
        left = left - 1
    return cuts


def _by_end(costs: Floats, allowed: Flags) -> Floats:
    """Costs of the allowed runs, the end before the beginning, so that a row is contiguous."""
    runs: Floats = np.where(allowed, costs, np.inf).transpose(0, 2, 1).copy()
    return runs


def fit(y: Floats, e: Floats, x: Floats, alpha: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Fit ``log level = x b`` with the over-dispersion given, by Fisher scoring.

    Parameters
    ----------
    y, e : ndarray, shape (n, T)
    x : ndarray, shape (n, T, p)
        The first column all ones; a column of zeros takes no part.
    alpha : ndarray, shape (n,)

    Returns
    -------
    b : ndarray, shape (n, p)
    cov : ndarray, shape (n, p, p)
        Inverse of the expected information.
    level : ndarray, shape (n, T)
        ``exp(x b)``, for every period.
    cost : ndarray, shape (n,)
        Twice the negative log-likelihood, on the scale of :func:`run_cost`.
    """
    n, _, p = x.shape
    alpha = np.maximum(alpha, POISSON)[:, None]
    absent = ~(x * (e > 0)[:, :, None]).any(axis=1)
    ridge = np.where(absent, 1.0, 1e-7)[:, :, None] * np.eye(p)
    b = np.zeros((n, p))
    total, exposure = y.sum(axis=1), e.sum(axis=1)
    b[:, 0] = np.log(np.maximum(total, 0.1) / np.maximum(exposure, 1e-9))
    centre = b[:, :1].copy()
    before = np.full(n, np.inf)
    for _ in range(40):
        level = np.exp(np.clip(np.einsum("ntp,np->nt", x, b) - centre, -_STEEPEST, _STEEPEST)
                       + centre)  # fmt: skip
        slack = 1 / (1 + alpha * level)
        weight = e * level * slack
        inside = np.einsum("ntp,nt,ntq->npq", x, weight, x, optimize=True) + ridge
        cost = _cost(y, e, level, alpha)
        if np.all(np.abs(before - cost) < 1e-7):
            break
        before = cost
        score = np.einsum("ntp,nt->np", x, (y - e * level) * slack)
        b = b + np.clip(np.linalg.solve(inside, score[:, :, None])[:, :, 0], -3, 3)
    return b, np.linalg.inv(inside), level, cost


def _cost(y: Floats, e: Floats, level: Floats, alpha: Floats) -> Floats:
    cost: Floats = -2 * (y * np.log(level) - (y + e / alpha) * np.log1p(alpha * level)).sum(axis=1)
    return cost


def dispersion(y: Floats, e: Floats, level: Floats, df: Floats) -> Floats:
    """Over-dispersion at which Pearson's statistic equals its degrees of freedom; 0 if Poisson."""
    used = e > 0
    mean = np.where(used, level * e, 1.0)
    square = np.where(used, (y - mean) ** 2 / mean, 0.0)
    low, high = np.zeros(len(y)), np.full(len(y), 50.0)
    for _ in range(50):
        middle = (low + high) / 2
        over = (square / (1 + middle[:, None] * level)).sum(axis=1) > df
        low, high = np.where(over, middle, low), np.where(over, high, middle)
    poisson = square.sum(axis=1) <= df
    found: Floats = np.where(poisson, 0.0, high)
    return found


def likeness(y: Floats, e: Floats, level: Floats, alpha: Floats, lost: Floats) -> Floats:
    """Correlation of neighbouring periods left over, corrected for what the fit took from it."""
    used = e > 0
    mean = np.where(used, level * e, 1.0)
    pearson = np.where(used, (y - mean) / np.sqrt(mean * (1 + alpha[:, None] * level)), 0.0)
    pairs = (used[:, 1:] & used[:, :-1]).sum(axis=1)
    n = used.sum(axis=1)
    square = np.maximum((pearson**2).sum(axis=1), 1e-12)
    raw = (pearson[:, 1:] * pearson[:, :-1]).sum(axis=1) / square * n / np.maximum(pairs, 1)
    found: Floats = raw + lost / np.maximum(n, 1)
    return found
