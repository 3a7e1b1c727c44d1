"""Which place each point lies in, and which ring of displacement about a place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from ..places import assign_lpt

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

NOWHERE, SHARED = -1, -2
"""In :attr:`Reach.ring`: in no ring; in reach of places that are compared, so in neither's."""

EDGE_M = 25.0
"""Metres from the edge of a place within which a snapped point may belong on its other side."""


@dataclass(frozen=True)
class Reach:
    """Where each of ``m`` points lies.

    Attributes
    ----------
    inside : ndarray of int, shape (m,)
        Row of the place it lies in, or -1.
    ring : ndarray of int, shape (m,)
        Row of the place in whose ring it lies, :data:`NOWHERE` (-1), or :data:`SHARED` (-2).
    edge_m : ndarray of float, shape (m,)
        Metres from the edge of the place it lies in, or of the nearest within the width of the
        ring; infinite beyond.
    """

    inside: Ints
    ring: Ints
    edge_m: Floats


def find_reach(
    xy: Floats, shapes: gpd.GeoSeries, buffer_m: float, group: NDArray[np.int64] | None = None
) -> Reach:
    """Tell for each point which place it lies in, else which place's ring.

    Parameters
    ----------
    xy : ndarray of float, shape (m, 2)
        Points in the CRS of the places, no NaN.
    shapes : GeoSeries, n rows
        The places. Where two overlap the first takes the point.
    buffer_m : float
        Width of the rings in metres; 0 for none.
    group : ndarray of int, shape (n,), optional
        Places of one group may meet: a point in reach of several goes to the nearest (to the
        first where equally near). A point in reach of two groups is :data:`SHARED`. Each place is
        its own group when absent.

    Returns
    -------
    Reach

    Notes
    -----
    Half-open as :func:`hotspots.assign_lpt`: a point on a line between two places belongs to the
    one on its east or north side. The outer edge of a place is inside it, that of a ring (a point
    exactly ``buffer_m`` away) in the ring. No point of a ring lies in any place.

    Examples
    --------
    >>> import geopandas as gpd
    >>> two = gpd.GeoSeries([shapely.box(0, 0, 100, 100), shapely.box(300, 0, 400, 100)])
    >>> points = np.array([(50.0, 50), (120, 50), (200, 50), (450, 50), (900, 50)])
    >>> reach = find_reach(points, two, 150)
    >>> reach.inside.tolist(), reach.ring.tolist()
    ([0, -1, -1, -1, -1], [-1, 0, -2, 1, -1])
    """
    import geopandas as gpd

    n, m = len(shapes), len(xy)
    bounds = np.asarray(shapes.array, dtype=object)
    group = np.arange(n) if group is None else np.asarray(group)
    frame = gpd.GeoDataFrame({"area_km2": np.ones(n)}, geometry=bounds,
                             index=pd.RangeIndex(n), crs="EPSG:27700")  # fmt: skip
    held = assign_lpt(xy[:, 0], xy[:, 1], frame)
    inside = np.where(pd.isna(held), NOWHERE, held).astype(np.int64)
    ring, edge = np.full(m, NOWHERE, dtype=np.int64), np.full(m, np.inf)
    lines = shapely.boundary(bounds)
    mine = np.flatnonzero(inside >= 0)
    edge[mine] = shapely.distance(lines[inside[mine]], shapely.points(xy[mine]))
    point, place = _near(xy, bounds, max(buffer_m, EDGE_M), np.flatnonzero(inside < 0))
    if not len(point):
        return Reach(inside, ring, edge)
    shapely.prepare(bounds)
    away = shapely.distance(bounds[place], shapely.points(xy[point]))
    order = np.lexsort((place, away, point))
    point, place, away = point[order], place[order], away[order]
    first = np.r_[True, point[1:] != point[:-1]]
    edge[point[first]] = away[first]
    within = away <= buffer_m
    nearest = first & within & (buffer_m > 0)
    ring[point[nearest]] = place[nearest]
    met = within & (ring[point] >= 0)
    other = met & (group[place] != group[np.maximum(ring[point], 0)])
    ring[np.unique(point[other])] = SHARED
    return Reach(inside, ring, edge)


def _near(
    xy: Floats, shapes: NDArray[np.object_], reach_m: float, outside: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pairs of a point outside of every place and a place whose box it may be in reach of."""
    points, places = [np.zeros(0, np.intp)], [np.zeros(0, np.intp)]
    order = outside[np.argsort(xy[outside, 0], kind="stable")]
    x, y = xy[order].T
    for number, (west, south, east, north) in enumerate(shapely.bounds(shapes)):
        low, high = np.searchsorted(x, [west - reach_m, east + reach_m + 1e-9])
        near = (y[low:high] >= south - reach_m) & (y[low:high] <= north + reach_m)
        found = order[low:high][near]
        points.append(found)
        places.append(np.full(len(found), number, dtype=np.intp))
    return np.concatenate(points), np.concatenate(places)
