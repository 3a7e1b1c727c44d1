"""Intervals for hit rates and their differences, by resampling places within each origin.

Resampling six origins alone gives intervals that are too narrow: in simulations on the records of
a county they held the truth in 85 to 90 of 100. Incidents of one place go together, so whole
blocks of 2 km are drawn, afresh at each origin, the same for every detector: those intervals held
it in 95 to 99 of 100 (docs/methods/accuracy.md).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..places import Grid

Floats = NDArray[np.float64]

DRAWS = 2000
BLOCK_M = 2000.0
LEAST_BLOCKS = 10
"""Blocks with incidents under which resampling them says too little."""


def blocks_of(grid: Grid) -> tuple[NDArray[np.int64], float]:
    """Cut the area into blocks of cells, and tell their width in metres.

    Parameters
    ----------
    grid : Grid

    Returns
    -------
    block : ndarray of int, shape (n,)
    width : float
        2 km; less where the area is so small that there would be under about a hundred.
    """
    area = len(grid.cells) * grid.area_km2 * 1e6
    width = max(min(BLOCK_M, float(np.sqrt(area / 100))), grid.size)
    column, row = np.floor(grid.centres / width).astype(np.int64).T
    number = (column - column.min()) * (row.max() - row.min() + 1) + row - row.min()
    _, block = np.unique(number, return_inverse=True)
    return block.ravel().astype(np.int64), width


def resampled(
    caught: Floats, seen: Floats, block: NDArray[np.int64], rng: np.random.Generator
) -> Floats:
    """Draw the hit rates of one origin again and again, by whole blocks.

    Parameters
    ----------
    caught : ndarray of float, shape (m, d)
        Incidents caught in each of ``m`` cells that hold any, by each of ``d`` rankings.
    seen : ndarray of float, shape (m,)
        Incidents of these cells.
    block : ndarray of int, shape (m,)
        Their blocks.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of float, shape (DRAWS, d)
        NaN where the incidents lie in fewer than ``LEAST_BLOCKS`` blocks.
    """
    names, at = np.unique(block, return_inverse=True)
    count, width = len(names), caught.shape[1]
    if count < LEAST_BLOCKS:
        return np.full((DRAWS, width), np.nan)
    total = np.bincount(at, seen, minlength=count)
    inside = np.column_stack([np.bincount(at, c, minlength=count) for c in caught.T])
    drawn = rng.multinomial(count, np.full(count, 1 / count), size=DRAWS).astype(float)
    rate: Floats = (drawn @ inside) / (drawn @ total)[:, None]
    return rate


def bounds(draws: Floats) -> tuple[float, float]:
    """Return the 95% interval of draws; NaN where there are none.

    Parameters
    ----------
    draws : ndarray of float, shape (DRAWS,)

    Returns
    -------
    low, high : float
    """
    if not np.isfinite(draws).all() or len(draws) == 0:
        return float("nan"), float("nan")
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(low), float(high)
