"""Points near other points, pair by pair, a manageable number at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_PAIRS = 1_000_000
"""Pairs at a time, unless one point alone has more."""

_ROWS, _COLUMNS = 4, 16
"""Rows and columns of the search lattice to a radius."""

SLOW = 100_000_000
"""Pairs from which the work takes long enough for a progress bar."""


def near_pairs(
    points: Floats, around: Floats, radius: float, doing: str
) -> Iterator[tuple[slice, Ints, Ints, Floats]]:
    """Yield the pairs of points at most a radius apart, some of the centres at a time.

    Parameters
    ----------
    points : ndarray of float, shape (n, 2)
    around : ndarray of float, shape (m, 2)
        The centres.
    radius : float
        Metres.
    doing : str
        What a progress bar says when there are very many.

    Yields
    ------
    centres : slice
        The centres dealt with, in order.
    centre : ndarray of int, shape (k,)
        Which of these each pair belongs to, from 0, ascending.
    point : ndarray of int, shape (k,)
    squared : ndarray of float, shape (k,)
        Squared distance in square metres.
    """
    from ..progress import progress_bar

    if len(points) == 0 or len(around) == 0:
        return
    tall, wide = radius / _ROWS, radius / _COLUMNS
    low = points.min(axis=0)
    row, column = _lattice(points, low, wide, tall)
    width = int(column.max()) + 1
    key = row * width + column
    order = np.argsort(key, kind="stable")
    key = key[order]
    sorted_x, sorted_y = points[order].T
    begin, count = _runs(around, low, radius, key, width)
    total = count.sum(axis=1)
    upto = np.cumsum(total)
    bar = progress_bar(total=int(upto[-1]), desc=doing, unit="pair", unit_scale=True, leave=False,
               disable=None if upto[-1] > SLOW else True)  # fmt: skip
    with bar:
        start = 0
        while start < len(around):
            done = upto[start - 1] if start else 0
            stop = max(int(np.searchsorted(upto, done + _PAIRS, side="right")), start + 1)
            runs = count[start:stop].ravel()
            at = np.repeat(begin[start:stop].ravel() - np.cumsum(runs) + runs, runs)
            at += np.arange(len(at))
            centre = np.repeat(np.arange(stop - start), total[start:stop])
            squared = (sorted_x[at] - around[start:stop, 0][centre]) ** 2
            squared += (sorted_y[at] - around[start:stop, 1][centre]) ** 2
            near = np.flatnonzero(squared <= radius**2)
            yield slice(start, stop), centre[near], order[at[near]], squared[near]
            bar.update(len(at))
            start = stop


def _lattice(points: Floats, low: Floats, wide: float, tall: float) -> tuple[Ints, Ints]:
    """Row and column of points in the search lattice."""
    column, row = np.floor((points - low) / (wide, tall)).astype(np.int64).T
    return row, column


def _runs(around: Floats, low: Floats, radius: float, key: Ints, width: int) -> tuple[Ints, Ints]:
    """Where the points near each centre begin, row by row of the search lattice, and how many."""
    tall, wide = radius / _ROWS, radius / _COLUMNS
    x, y = (around - low).T
    begin = np.empty((len(around), 2 * _ROWS + 3), dtype=np.int64)
    count = np.empty_like(begin)
    own = np.floor(y / tall).astype(np.int64)
    for number, step in enumerate(range(-_ROWS - 1, _ROWS + 2)):
        row = own + step
        south = row * tall
        off = np.maximum(np.maximum(south - y, y - south - tall), 0)
        half = np.sqrt(np.maximum(radius**2 - off**2, 0))
        # one column to spare on either side, so that rounding loses nothing
        first = np.clip(np.floor((x - half) / wide).astype(np.int64) - 1, 0, width)
        last = np.clip(np.floor((x + half) / wide).astype(np.int64) + 1, -1, width - 1)
        begin[:, number] = np.searchsorted(key, row * width + first, side="left")
        end = np.searchsorted(key, row * width + last, side="right")
        # a row further off than the radius (but for rounding) holds nothing
        reached = (off <= radius * (1 + 1e-9)) & (last >= first)
        count[:, number] = np.where(reached, end - begin[:, number], 0)
    return begin, np.maximum(count, 0)
