"""How alike places are before the start: level, trend, season and kinds of incident."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

LONG = 24
"""Months before the start from which trend and season can be told apart."""

_FAR = 1e6  # a pair that may not be


@dataclass(frozen=True)
class Likeness:
    """What n places are compared by, all in units of the log rate but for the last.

    Attributes
    ----------
    level : ndarray, shape (n, L)
        Log incidents a month in the months the places were chosen for and, where there are any, in
        the others.
    trend : ndarray, shape (n,)
        Log change a year beside that of all places together, shrunk to what is not chance; zeros
        where the history is too short.
    season : ndarray, shape (n, 2)
        Cosine and sine of the place's own yearly wave beside the common one, shrunk likewise.
    mix : ndarray, shape (n, C)
        Square roots of the shares of the C kinds of incident, shrunk to the common mix.
    """

    level: Floats
    trend: Floats
    season: Floats
    mix: Floats

    def distance(self, one: NDArray[np.intp], other: NDArray[np.intp]) -> Floats:
        r"""Tell how unlike each of some places is to each of others.

        Parameters
        ----------
        one : ndarray of int, shape (a,)
        other : ndarray of int, shape (b,)

        Returns
        -------
        ndarray, shape (a, b)

        Notes
        -----
        :math:`D^2 = \overline{\Delta l^2} + \Delta b^2 + (\Delta c^2 + \Delta s^2)/2 + H^2`: the
        mean square over the levels, what a year of trend adds, the mean square of the wave, and
        the Hellinger distance of the mixes (0 to 1). Of .2 one may think as rates 20% apart.

        Examples
        --------
        >>> two = Likeness(np.log([[10.0], [12.0]]), np.zeros(2), np.zeros((2, 2)), np.ones((2, 1)))
        >>> two.distance(np.array([0]), np.array([1])).round(3).tolist()
        [[0.182]]
        """
        level = self.level / np.sqrt(self.level.shape[1])
        scaled = np.column_stack([level, self.trend, self.season / np.sqrt(2),
                                  self.mix / np.sqrt(2)])  # fmt: skip
        a, b = scaled[one], scaled[other]
        square = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
        far: Floats = np.sqrt(np.maximum(square, 0.0))
        return far


def liken(y: Floats, kinds: Floats, chosen: Bools, days: Floats, month: Floats) -> Likeness:
    r"""Work out what places are compared by from their counts before the start.

    Parameters
    ----------
    y : ndarray, shape (n, M)
        Incidents per place and month.
    kinds : ndarray, shape (n, C)
        Incidents per place and kind, over all the months.
    chosen : ndarray of bool, shape (M,)
        Months on which the places were chosen; at least one.
    days : ndarray, shape (M,)
    month : ndarray, shape (M,)
        Months since some day, rising; gaps are allowed.

    Returns
    -------
    Likeness

    Notes
    -----
    Levels are left as counted (half an incident added): places picked from the same counts in the
    same months go back to their own means together. Trend and season of a single place are
    mostly chance: they are one step of Poisson regression from the pool of all places,
    :math:`\delta_i = (X'M_iX + \phi T^{-1})^{-1} X'(y_i - \mu_i)` with :math:`\mu_{it}` the
    place's total shared out over the months as the pool's, φ the variance over the mean, and T
    the variance between places, estimated by moments. The mix has a Dirichlet prior of that kind.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> y = rng.poisson(5.0, (40, 36)).astype(float)
    >>> last = np.arange(36) >= 24
    >>> alike = liken(y, y.sum(axis=1, keepdims=True), last, np.full(36, 30.4), np.arange(36.0))
    >>> alike.level.shape, bool(np.abs(alike.trend).max() < 0.1)
    ((40, 2), True)
    """
    spans = [span for span in (chosen, ~chosen) if span.any()]
    level = np.log(np.column_stack([
        (y[:, span].sum(axis=1) + 0.5) / days[span].sum() * 30.4375 for span in spans
    ]))  # fmt: skip
    trend, season = np.zeros(len(y)), np.zeros((len(y), 2))
    if y.shape[1] >= LONG and y.sum() > 0:
        own = _own_course(y, month)
        trend, season = own[:, 0], own[:, 1:]
    return Likeness(level, trend, season, np.sqrt(_shrunk_mix(kinds)))


def _own_course(y: Floats, month: Floats) -> Floats:
    """Trend a year and yearly wave of each place beside the pool's, shrunk, shape (n, 3)."""
    years = month / 12
    x = np.column_stack([np.ones(len(years)), years - years.mean(), np.cos(2 * np.pi * years),
                         np.sin(2 * np.pi * years)])  # fmt: skip
    shape = y.sum(axis=0) / y.sum()
    mean = np.maximum(y.sum(axis=1, keepdims=True), 0.5) * np.maximum(shape, 1e-9)
    rest = y - mean
    info = np.einsum("tp,nt,tq->npq", x, mean, x)
    score = rest @ x
    step = np.linalg.solve(info, score[..., None])[..., 0]
    left = rest - mean * (step @ x.T)
    df = len(y) * (len(years) - 4)
    spread = max(float((left**2 / mean).sum() / max(df, 1)), 1.0)
    error = spread * np.diagonal(np.linalg.inv(info), axis1=1, axis2=2)[:, 1:]
    weight = 1 / error**2
    between = (weight * (step[:, 1:] ** 2 - error)).sum(axis=0) / weight.sum(axis=0)
    between[1:] = between[1:].mean()  # a wave has no phase it prefers
    ridge = np.concatenate([[0.0], spread / np.maximum(between, 1e-8)])
    own: Floats = np.linalg.solve(info + np.diag(ridge), score[..., None])[:, 1:, 0]
    return own


def _shrunk_mix(kinds: Floats) -> Floats:
    """Shares of the kinds of incident at each place, drawn to the common ones."""
    total, of_all = kinds.sum(axis=1), kinds.sum(axis=0)
    kept = of_all > 0
    if kept.sum() < 2:
        return np.ones((len(kinds), 1))
    share = of_all[kept] / of_all.sum()
    seen = total > 0
    expected = total[seen, None] * share
    square = ((kinds[seen][:, kept] - expected) ** 2 / expected).sum(axis=1) / (kept.sum() - 1)
    alike = (square - 1).sum() / max((total[seen] - 1).sum(), 1)
    weight = 1 / np.clip(alike, 1e-4, 0.99) - 1  # incidents that the common mix counts as
    shares: Floats = (kinds[:, kept] + weight * share) / (total[:, None] + weight)
    return shares


def assign(
    distance: Floats, allowed: Bools, each: int, apart: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Give each place its like, none twice, so that all together are as near as can be.

    Parameters
    ----------
    distance : ndarray, shape (a, b)
    allowed : ndarray of bool, shape (a, b)
    each : int
        How many of the b to give to each of the a, at least 1.
    apart : ndarray of int, shape (k, 2)
        Pairs of the b of which only one may be taken.

    Returns
    -------
    row, column : ndarray of int
        The pairs, in order; first as many as there can be, then the least sum of distances.

    Notes
    -----
    The assignment is optimal but for overlaps: while two that overlap are taken, the one at the
    larger distance is struck out and all is assigned anew.

    Examples
    --------
    >>> far = np.array([[0.1, 0.2], [0.1, 0.9]])
    >>> row, column = assign(far, far < 1, 1, np.empty((0, 2), dtype=int))
    >>> column.tolist()
    [1, 0]
    """
    from scipy.optimize import linear_sum_assignment

    allowed = allowed.copy()
    while True:
        columns = np.flatnonzero(allowed.any(axis=0))
        cost = np.where(allowed[:, columns], distance[:, columns], _FAR)
        row, found = linear_sum_assignment(np.repeat(cost, each, axis=0))
        row, column = row // each, columns[found]
        real = allowed[row, column]
        row, column = row[real], column[real]
        taken = np.full(distance.shape[1], -1.0)
        taken[column] = distance[row, column]
        both = apart[(taken[apart] >= 0).all(axis=1)] if len(apart) else apart
        if len(both) == 0:
            order = np.lexsort((distance[row, column], row))
            return row[order], column[order]
        allowed[:, _struck(taken, both)] = False


def _struck(taken: Floats, both: NDArray[np.intp]) -> list[int]:
    """Tell which to strike out of those that overlap: the nearest stay."""
    beside: dict[int, set[int]] = {}
    for a, b in both.tolist():
        beside.setdefault(a, set()).add(b)
        beside.setdefault(b, set()).add(a)
    out: set[int] = set()
    for one in sorted(beside, key=lambda at: (taken[at], at)):
        if one not in out:
            out |= beside[one]
    return sorted(out)
