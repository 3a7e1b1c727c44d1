"""The space–time cube: incidents per cell and period, and Gi* over both against chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft
from scipy.special import ndtr, pdtr, pdtrc

from ..chance import adjusted_p
from ..places import Grid
from ._neighbours import GridNeighbours

Floats = NDArray[np.float64]

UNIT = 0.01
"""Incidents a standard period are rounded to this, so that their sums have exact probabilities."""

_LONGEST = 2**18  # steps of the distribution of a sum; a coarser unit keeps it this short


@dataclass(frozen=True)
class Cube:
    """Gi* of every inhabited cell and recorded period; arrays of shape (t, n).

    Attributes
    ----------
    positions : ndarray of int, shape (n,)
        Where in ``grid.cells`` each inhabited cell stands.
    counts : ndarray of int
        Incidents.
    z, q : ndarray of float
        Gi* as a standard score, and its adjusted p-value.
    hot, cold : ndarray of bool
        Where q is at most the level, and more or less than usual is there.
    single : ndarray of float
        Sum over the neighbours in space within the period alone, in units.
    around : ndarray of int
        Neighbours in space and time, of which the sum was judged.
    partner : ndarray of int, shape (t,)
        The period that is judged together with each: the one before; where that was not recorded,
        the one after; itself where neither was.
    least : ndarray of float
        By number of neighbours, the least sum in units that is hot; infinite where none is.
    """

    positions: NDArray[np.intp]
    counts: NDArray[np.int32]
    z: Floats
    q: Floats
    hot: NDArray[np.bool_]
    cold: NDArray[np.bool_]
    single: Floats
    around: NDArray[np.int64]
    partner: NDArray[np.intp]
    least: Floats


def inhabited_cells(grid: Grid, position: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Tell which inside cells hold an incident of any kind, or touch one that does.

    Parameters
    ----------
    grid : Grid
    position : ndarray of int
        Position in ``grid.cells`` of each incident, -1 outside.

    Returns
    -------
    ndarray of bool, shape (cells,)
    """
    held = np.zeros(len(grid.cells))
    held[position[position >= 0]] = 1
    return GridNeighbours(grid).sums(held) > 0


def make_cube(
    grid: Grid, inhabited: NDArray[np.bool_], position: NDArray[np.intp],
    period: NDArray[np.intp], days: Floats, start: NDArray[np.int64], standard: float,
    level: float,
) -> Cube:  # fmt: skip
    r"""Count incidents per cell and period, and judge every cell's neighbourhood in both.

    Parameters
    ----------
    grid : Grid
    inhabited : ndarray of bool, shape (cells,)
        The population of cells; zeros in them count.
    position, period : ndarray of int, shape (incidents,)
        Position in ``grid.cells`` (of an inhabited cell) and recorded period of each incident.
    days : ndarray of float, shape (t,)
        Length of the recorded periods.
    start : ndarray of int, shape (t,)
        Their numbers; those that follow directly differ by 1.
    standard : float
        Days of a standard period.
    level : float
        Level of significance.

    Returns
    -------
    Cube

    Notes
    -----
    The neighbours of a cell and period are the cells around it, corners included, and itself, in
    that period and the one before. Where that one was not recorded, the one after stands in: a
    period judged alone rests on half as much, and after every gap a lasting hotspot would seem to
    have cooled. Gi* has binary weights and takes mean and standard deviation from the whole cube.

    A neighbourhood is as significant as the weaker of two tests, both two-sided: the normal one
    of Gi*, and one that counts bear. On sparse counts the normal one alone calls a single incident
    a hotspot. The other is exact: the sum of as many values drawn at random from the cube, by
    repeated convolution of their distribution. What is drawn from leaves out what was hot at a
    first look (where Poisson's law takes the place of the exact one): chance would otherwise draw
    several lasting hotspots together, and they would hide each other and themselves. p-values are
    adjusted for all cells and periods together.
    """
    at = np.flatnonzero(inhabited)
    row = np.full(len(inhabited), -1, dtype=np.int64)
    row[at] = np.arange(len(at))
    near = GridNeighbours(grid, among=inhabited)
    every = np.bincount(period * len(at) + row[position], minlength=len(days) * len(at))
    counts: NDArray[np.int32] = every.reshape(len(days), len(at)).astype(np.int32)
    most = int(counts.max(initial=0)) * standard / float(days.min())
    unit = max(UNIT, most * 2 * int(near.counts.max(initial=1)) / _LONGEST)
    single = np.empty(counts.shape)
    rate = standard / days / unit
    whole = np.zeros(len(inhabited))
    for t, count in enumerate(counts):  # a period at a time, so that little memory is needed
        whole[at] = np.rint(count * rate[t])
        single[t] = near.sums(whole)[at]
    tally = _tally(counts, rate, np.ones(counts.shape, dtype=bool), most / unit)
    partner = _partners(start)
    summed = _with_partner(single, partner)
    alone = partner == np.arange(len(start))
    around = near.counts[at] * np.where(alone, 1, 2)[:, None]
    z = _gi_star(tally, summed, around)
    numbers = np.unique(around)
    length = (len(tally) - 1) * int(numbers.max(initial=0)) + 1
    normal = {m: 2 * ndtr(-np.abs(_gi_star(tally, np.arange(length), m))) for m in numbers.tolist()}
    chance = _poisson_p(tally, unit, numbers, length)
    q, _ = _judge(summed, around, normal, chance)
    first = (q <= level) & (z > 0)
    chance = _exact_p(_tally(counts, rate, ~first, most / unit), numbers, length)
    q, p = _judge(summed, around, normal, chance)
    significant = q <= level
    cut = float(p[significant].max()) if significant.any() else -1.0
    least = np.full(int(around.max(initial=0)) + 1, np.inf)
    for m in numbers.tolist():
        above = np.arange(length) > m * (tally * np.arange(len(tally))).sum() / tally.sum()
        hot = above & (np.maximum(normal[m], chance[m]) <= cut)
        least[m] = int(np.argmax(hot)) if hot.any() else np.inf
    return Cube(at, counts, z, q, significant & (z > 0), significant & (z < 0), single, around,
                partner, least)  # fmt: skip


def _tally(counts: NDArray[np.int32], rate: Floats, kept: NDArray[np.bool_], most: float) -> Floats:
    """How often each value in units occurs in the cube, where kept."""
    tally = np.zeros(int(np.rint(most)) + 1)
    for count, each, here in zip(counts, rate, kept, strict=True):
        value = np.rint(count[here] * each).astype(np.int64)
        tally += np.bincount(value, minlength=len(tally))
    return tally


def _partners(start: NDArray[np.int64]) -> NDArray[np.intp]:
    """Find the period that each is judged together with."""
    at = np.arange(len(start))
    before = np.diff(start, prepend=start[0] - 2) == 1
    after = np.append(before[1:], False)
    return np.where(before, at - 1, np.where(after, at + 1, at))


def _with_partner(single: Floats, partner: NDArray[np.intp]) -> Floats:
    summed = single[partner]
    summed += single
    alone = partner == np.arange(len(partner))
    summed[alone] = single[alone]
    return summed


def _gi_star(tally: Floats, summed: NDArray[Any], around: NDArray[np.int64] | int) -> Floats:
    """Gi* with binary weights, from the tally of the cube's values."""
    n, value = max(tally.sum(), 1), np.arange(len(tally))
    mean = (tally * value).sum() / n
    spread = np.sqrt((tally * (value - mean) ** 2).sum() / n)
    z = np.zeros(summed.shape)
    scale = spread * np.sqrt(around * (n - around) / max(n - 1, 1))
    np.divide(summed - around * mean, scale, out=z, where=scale > 1e-12)
    return z


def _judge(
    summed: Floats, around: NDArray[np.int64], normal: dict[int, Floats], chance: dict[int, Floats]
) -> tuple[Floats, Floats]:
    """Give adjusted and plain p-values of the sums: the larger of the two kinds."""
    p = np.ones_like(summed)
    for m, by_sum in normal.items():
        these = around == m
        p[these] = np.maximum(by_sum, chance[m])[summed[these].astype(np.int64)]
    return adjusted_p(p), p


def _poisson_p(
    tally: Floats, unit: float, numbers: NDArray[np.int64], length: int
) -> dict[int, Floats]:
    """Two-sided Poisson p-values of every sum of so many values, by the mean of the cube."""
    mean = (tally * np.arange(len(tally))).sum() / max(tally.sum(), 1) * unit
    incidents = np.rint(np.arange(length) * unit).astype(np.int64)
    every = np.arange(int(incidents.max(initial=0)) + 1)
    found = {}
    for m in numbers.tolist():
        upper = np.where(every > 0, pdtrc(np.maximum(every - 1, 0), m * mean), 1.0)
        p = np.minimum(2 * np.minimum(upper, pdtr(every, m * mean)), 1)
        found[m] = p[incidents]
    return found


def _exact_p(tally: Floats, numbers: NDArray[np.int64], length: int) -> dict[int, Floats]:
    """Two-sided p-values of every sum of so many values drawn at random from a tally."""
    if not tally.sum():
        return {m: np.ones(length) for m in numbers.tolist()}
    last = int(np.flatnonzero(tally)[-1])
    size = next_fast_len(last * int(numbers.max(initial=0)) + 1, real=True)
    transform = rfft(tally[: last + 1] / tally.sum(), size)
    found = {}
    for m in numbers.tolist():
        density = np.zeros(length)
        some = min(last * m + 1, length)
        density[:some] = np.maximum(irfft(transform**m, size)[:some], 0)
        upper = np.minimum(density[::-1].cumsum()[::-1], 1)
        found[m] = np.minimum(2 * np.minimum(upper, density.cumsum()), 1)
    return found


def shuffled_hot(
    cube: Cube, orders: NDArray[np.intp]
) -> tuple[NDArray[np.intp], list[NDArray[np.bool_]]]:
    """Tell what would be hot had the periods come in another order.

    Parameters
    ----------
    cube : Cube
    orders : ndarray of int, shape (k, t)
        Orders of the periods.

    Returns
    -------
    rows : ndarray of int, shape (m,)
        The cells that could be hot in any order; no other can.
    hot : list of ndarray of bool, shape (t, m)
        One for each order.
    """
    top = np.sort(cube.single, axis=0)[-2:].sum(axis=0)
    rows = np.flatnonzero(top >= cube.least.min(initial=np.inf))
    single = cube.single[:, rows]
    least = cube.least[cube.around[:, rows]]
    return rows, [_with_partner(single[order], cube.partner) >= least for order in orders]


def history_of(cube: Cube, rows: NDArray[np.intp], grid: Grid, starts: pd.Index) -> pd.DataFrame:
    """Lay out the history of some cells, one row for each cell and period."""
    t = len(starts)
    state = np.where(cube.hot[:, rows], "hot", np.where(cube.cold[:, rows], "cold", ""))
    return pd.DataFrame({
        "cell": np.repeat(grid.cells[cube.positions[rows]], t),
        "period_start": np.tile(starts.to_numpy(), len(rows)),
        "incidents": cube.counts[:, rows].T.ravel().astype(np.int64),
        "z": cube.z[:, rows].T.ravel(),
        "q_value": cube.q[:, rows].T.ravel(),
        "state": pd.Series(state.T.ravel().astype(object), dtype="str"),
    })  # fmt: skip
