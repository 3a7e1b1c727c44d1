"""How far each place must look to find a crowd, and the knee of that curve."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ._density import ALMOST

FARTHEST_M = 2_000.0
"""No place looks farther than this for a crowd."""

UNDER = float(np.nextafter(FARTHEST_M, np.inf))
_AT_ONCE = 4_000_000  # neighbours held in memory at a time


def k_distances(
    xy: NDArray[np.float64], weight: NDArray[np.float64], least: float
) -> NDArray[np.float64]:
    r"""Measure the weighted k-distance of each place.

    Parameters
    ----------
    xy : ndarray of float, shape (n, 2)
        Distinct places in metres.
    weight : ndarray of float, shape (n,)
    least : float
        Weight to be found.

    Returns
    -------
    ndarray of float, shape (n,)
        Smallest radius in metres that holds ``least``, the place itself included: 0 where that
        is enough, infinite beyond :data:`FARTHEST_M`.

    Notes
    -----
    .. math:: r_i = \min \Bigl\{r : \sum_{j:\, d(i,j) \le r} w_j \ge m \Bigr\}

    Each place asks a tree for its nearest 8 neighbours; those that found too little ask for four
    times as many, until they have enough or nobody is left within reach.
    """
    radius = np.where(weight >= least * ALMOST, 0.0, np.inf)
    left = np.flatnonzero(np.isinf(radius))
    if len(left) == 0:
        return radius
    tree = cKDTree(xy)
    asked = 8
    while len(left):
        asked = min(asked, len(xy))
        still = []
        for part in np.array_split(left, -(-len(left) * asked // _AT_ONCE)):
            far, near = tree.query(xy[part], np.arange(1, asked + 1), distance_upper_bound=UNDER)
            held = np.append(weight, 0.0)[near].cumsum(axis=1)
            enough = held >= least * ALMOST
            found = enough[:, -1]
            radius[part[found]] = far[found, enough[found].argmax(axis=1)]
            still.append(part[~found & np.isfinite(far[:, -1])])
        left = np.concatenate(still) if asked < len(xy) else left[:0]
        asked *= 4
    return radius


def curve(radius: NDArray[np.float64], weight: NDArray[np.float64]) -> pd.DataFrame:
    """Sort k-distances into the curve to look at.

    Parameters
    ----------
    radius, weight : ndarray of float, shape (n,)
        k-distance and weight of each place.

    Returns
    -------
    DataFrame
        Index ``order`` from 1: ``distance_m`` ascending, infinite last, and ``share`` of all the
        weight at places with a k-distance no greater, 0 to 1.
    """
    order = np.argsort(radius, kind="stable")
    held = weight[order].cumsum()
    share = held / held[-1] if len(held) and held[-1] > 0 else np.zeros(len(held))
    index = pd.RangeIndex(1, len(radius) + 1, name="order")
    return pd.DataFrame({"distance_m": radius[order], "share": share}, index=index)


def knee(x: NDArray[np.float64], y: NDArray[np.float64]) -> int:
    """Find the knee of a curve that rises ever faster.

    Parameters
    ----------
    x, y : ndarray of float, shape (n,)
        Both ascending, at least one point.

    Returns
    -------
    int
        Position of the point furthest below the line from the first to the last, when both axes
        are scaled to one; the first of several, the last point of a straight line's.

    References
    ----------
    Satopää V., Albrecht J., Irwin D. and Raghavan B. (2011) Finding a "kneedle" in a haystack.
    *31st International Conference on Distributed Computing Systems Workshops*, 166–171.
    """
    wide, high = x[-1] - x[0], y[-1] - y[0]
    if wide <= 0 or high <= 0:
        return len(x) - 1
    below = (x - x[0]) / wide - (y - y[0]) / high
    return int(np.argmax(np.round(below, 12)))
