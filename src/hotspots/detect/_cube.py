"""The space–time cube: incidents per cell and period, and Gi* over both against chance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft
from scipy.special import pdtr, pdtrc
from scipy.stats import false_discovery_control

from ..chance import adjusted_p
from ..places import Grid
from ._neighbours import GridNeighbours

Floats = NDArray[np.float64]

_MOST = 2**14
"""Incidents of a cell and period that are judged; more would say the same, at great length."""

_KEPT = 2**23  # p-values of other orders kept for the next, 8 bytes each


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
        Gi* as a standard score, and its p-value adjusted for all periods and cells.
    hot, cold : ndarray of bool
        Where q is at most the level, and more or less than usual is there.
    single : ndarray of int
        Sum over the neighbours in space within the period alone.
    around : ndarray of int, shape (n,)
        How many these neighbours are.
    partner : ndarray of int, shape (t,)
        The period that is judged together with each: the one before; where that was not recorded,
        the one after; itself where neither was.
    mean : ndarray of float, shape (t,)
        Incidents a cell.
    tally : ndarray of float, shape (t, most)
        What chance draws from: how many cells held so many incidents, less what was hot at a
        first look.
    level : float
        Largest p-value, adjusted for the periods of its cell, that is significant.
    """

    positions: NDArray[np.intp]
    counts: NDArray[np.int32]
    z: Floats
    q: Floats
    hot: NDArray[np.bool_]
    cold: NDArray[np.bool_]
    single: NDArray[np.int64]
    around: NDArray[np.int64]
    partner: NDArray[np.intp]
    mean: Floats
    tally: Floats
    level: float


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
    period: NDArray[np.intp], start: NDArray[np.int64], level: float,
) -> Cube:  # fmt: skip
    r"""Count incidents per cell and period, and judge every cell's neighbourhood in both.

    Parameters
    ----------
    grid : Grid
    inhabited : ndarray of bool, shape (cells,)
        The population of cells; zeros in them count.
    position, period : ndarray of int, shape (incidents,)
        Position in ``grid.cells`` (of an inhabited cell) and recorded period of each incident.
    start : ndarray of int, shape (t,)
        Numbers of the recorded periods; those that follow directly differ by 1.
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
    have cooled. Each of the two periods is held against its own level, so that neither a season
    nor a short month makes anything hot.

    The p-value, two-sided, is exact: that of a sum of as many values drawn at random from the
    cells of either period, by convolution of their distributions. What is drawn from leaves out
    what was hot at a first look (where Poisson's law takes the place of the exact one): chance
    would otherwise draw several lasting hotspots together, and they would hide each other and
    themselves.

    The false discovery rate is held in two steps: among cells, by Simes' p-value of each cell's
    periods, and among the periods of the cells found, at the level times the share of cells found
    (Benjamini and Bogomolov). A cell that is hot throughout so has its quieter periods found
    too, and a single busy month counts for less.

    References
    ----------
    Benjamini Y. and Bogomolov M. (2014) Selective inference on multiple families of hypotheses.
    *Journal of the Royal Statistical Society B* 76(1), 297–318.
    """
    at = np.flatnonzero(inhabited)
    row = np.full(len(inhabited), -1, dtype=np.int64)
    row[at] = np.arange(len(at))
    near = GridNeighbours(grid, among=inhabited)
    every = np.bincount(period * len(at) + row[position], minlength=len(start) * len(at))
    counts: NDArray[np.int32] = every.reshape(len(start), len(at)).astype(np.int32)
    values = np.minimum(counts, _MOST)
    single = np.empty(counts.shape, dtype=np.int64)
    whole = np.zeros(len(inhabited))
    for t, value in enumerate(values):  # a period at a time, so that little memory is needed
        whole[at] = value
        single[t] = np.rint(near.sums(whole)[at])
    partner, order = _partners(start), np.arange(len(start))
    summed = _with_partner(single, partner)
    numbers, which = np.unique(near.counts[at], return_inverse=True)
    mean, expected, z = _gi_star(values, summed, numbers[which], partner)
    first = _looked_up(_poisson(mean, numbers, int(summed.max(initial=0))), summed, which,
                       order, partner)  # fmt: skip
    tally = _tally(values, ~((adjusted_p(first) <= level) & (summed > expected)))
    p = _looked_up(_exact(tally, numbers), summed, which, order, partner)
    able = np.flatnonzero(p.min(axis=0) <= level)  # no other can be significant
    within = np.ones_like(p)
    within[:, able] = false_discovery_control(p[:, able], axis=0)
    found = int((adjusted_p(within.min(axis=0)) <= level).sum())
    share = max(found, 1) / len(at)
    q = np.minimum(within / share, 1)
    significant = within <= level * share
    return Cube(
        at, counts, z, q, significant & (summed > expected), significant & (summed < expected),
        single, numbers[which], partner, mean, tally, level * share,
    )  # fmt: skip


def _tally(values: NDArray[np.int32], kept: NDArray[np.bool_]) -> Floats:
    """How often each number of incidents occurs in each period, where kept."""
    most = int(values.max(initial=0)) + 1
    return np.array([
        np.bincount(value[here], minlength=most) for value, here in zip(values, kept, strict=True)
    ], dtype=float)  # fmt: skip


def _partners(start: NDArray[np.int64]) -> NDArray[np.intp]:
    """Find the period that each is judged together with."""
    at = np.arange(len(start))
    before = np.diff(start, prepend=start[0] - 2) == 1
    after = np.append(before[1:], False)
    return np.where(before, at - 1, np.where(after, at + 1, at))


def _with_partner(single: NDArray[np.int64], partner: NDArray[np.intp]) -> NDArray[np.int64]:
    summed = single[partner]
    summed += single
    alone = partner == np.arange(len(partner))
    summed[alone] = single[alone]
    return summed


def _gi_star(
    values: NDArray[np.int32], summed: NDArray[np.int64], around: NDArray[np.int64],
    partner: NDArray[np.intp],
) -> tuple[Floats, Floats, Floats]:  # fmt: skip
    """Mean of each period, what each sum should be, and Gi* with binary weights."""
    n = values.shape[1]
    mean, variance = values.mean(axis=1), values.var(axis=1)
    two = partner != np.arange(len(partner))
    expected = (mean + two * mean[partner])[:, None] * around
    scale = np.sqrt(
        (variance + two * variance[partner])[:, None] * (around * (n - around) / (n - 1))
    )
    z = np.zeros(summed.shape)
    np.divide(summed - expected, scale, out=z, where=scale > 1e-9)
    return mean, expected, z


Tables = Callable[[int, int], Floats]
"""p-values of every sum over two periods (or one, twice named), a row for each number of cells."""


def _looked_up(
    tables: Tables, summed: NDArray[np.int64], which: NDArray[np.intp],
    order: NDArray[np.intp], partner: NDArray[np.intp],
) -> Floats:  # fmt: skip
    """p-values of sums over each period of an order and its partner."""
    p = np.empty(summed.shape)
    for t, sums in enumerate(summed):
        p[t] = tables(int(order[t]), int(order[partner[t]]))[which, sums]
    return p


def _poisson(mean: Floats, numbers: NDArray[np.int64], most: int) -> Tables:
    """Two-sided Poisson p-values of every sum up to the most, by the means of the periods."""
    sums = np.arange(most + 1)

    def tables(first: int, second: int) -> Floats:
        level = mean[first] + (mean[second] if second != first else 0)
        expected = numbers[:, None] * level
        upper = np.where(sums > 0, pdtrc(np.maximum(sums - 1, 0), expected), 1.0)
        p: Floats = np.minimum(2 * np.minimum(upper, pdtr(sums, expected)), 1)
        return p

    return tables


def _exact(tally: Floats, numbers: NDArray[np.int64]) -> Tables:
    """Two-sided p-values of every sum of so many values drawn at random from each period."""
    length = 2 * (tally.shape[1] - 1) * int(numbers.max(initial=0)) + 1
    size = next_fast_len(length, real=True)
    transform = rfft(tally / np.maximum(tally.sum(axis=1, keepdims=True), 1), size)

    def tables(first: int, second: int) -> Floats:
        drawn = transform[first] * (transform[second] if second != first else 1)
        density = np.maximum(irfft(drawn ** numbers[:, None], size)[:, :length], 0)
        upper = density[:, ::-1].cumsum(axis=1)[:, ::-1]
        p: Floats = np.minimum(2 * np.minimum(upper, density.cumsum(axis=1)), 1)
        return p

    return tables


def shuffled_hot(
    cube: Cube, orders: NDArray[np.intp]
) -> tuple[NDArray[np.intp], list[NDArray[np.bool_]]]:
    """Tell what would be hot had the periods come in another order.

    Parameters
    ----------
    cube : Cube
    orders : ndarray of int, shape (k, t)
        Orders of the periods; each keeps its own level.

    Returns
    -------
    rows : ndarray of int, shape (m,)
        The cells that could be hot in any order; no other can.
    hot : list of ndarray of bool, shape (t, m)
        One for each order.
    """
    rows = _ever_hot(cube)
    single, around, mean = cube.single[:, rows], cube.around[rows], cube.mean
    numbers, which = np.unique(around, return_inverse=True)
    exact = _exact(cube.tally, numbers)
    size = max(1, 2 * cube.tally.shape[1] * int(numbers.max(initial=0)) * len(numbers))
    tables = lru_cache(maxsize=_KEPT // size)(exact)
    two = cube.partner != np.arange(len(cube.partner))
    found = []
    for order in orders:
        summed = _with_partner(single[order], cube.partner)
        p = _looked_up(tables, summed, which, order, cube.partner)
        hot = np.zeros(p.shape, dtype=bool)
        able = np.flatnonzero(p.min(axis=0, initial=1) <= cube.level)
        if len(able):
            hot[:, able] = false_discovery_control(p[:, able], axis=0) <= cube.level
        level = mean[order] + two * mean[order][cube.partner]
        found.append(hot & (summed > level[:, None] * around))
    return rows, found


def _ever_hot(cube: Cube) -> NDArray[np.intp]:
    """Cells that hold enough in their two busiest periods, were both the quietest there are."""
    above = cube.tally[:, ::-1].cumsum(axis=1)[:, ::-1]
    quietest = (above / np.maximum(above[:, :1], 1)).min(axis=0)
    alone = bool((cube.partner == np.arange(len(cube.partner))).any())
    numbers, which = np.unique(cube.around, return_inverse=True)
    low = -np.diff(quietest, append=0)
    p = _exact(np.array([low, low]), numbers)(0, 0 if alone else 1)
    upper = np.arange(p.shape[1]) > (1 + (not alone)) * numbers[:, None] * cube.mean.min()
    able = upper & (p <= cube.level)
    least = np.where(able.any(axis=1), able.argmax(axis=1), p.shape[1])
    top = np.sort(cube.single, axis=0)[-2:].sum(axis=0)
    rows: NDArray[np.intp] = np.flatnonzero(top >= least[which])
    return rows


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
