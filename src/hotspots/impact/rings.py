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

_MOST_POINTS = 200_000  # of the lattice that measures rings


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


def ring_areas(
    shapes: gpd.GeoSeries, buffer_m: float, group: NDArray[np.int64] | None = None
) -> Floats:
    """Measure the ring of each place: what is left of it beside other places and their rings.

    Parameters
    ----------
    shapes : GeoSeries, n rows
    buffer_m : float
    group : ndarray of int, shape (n,), optional
        As :func:`find_reach` takes it.

    Returns
    -------
    ndarray of float, shape (n,)
        Square kilometres; 0 without a ring, NaN where the places are too large to measure it.

    Notes
    -----
    Counted on a lattice of points a tenth of the ring's width apart (at least 5 m), by the very
    rule the incidents are counted by.

    Examples
    --------
    >>> import geopandas as gpd
    >>> one = gpd.GeoSeries([shapely.box(0, 0, 100, 100)])
    >>> ring_areas(one, 100).round(2)  # four sides of .01 and a circle of radius .1: .0714
    array([0.07])
    """
    bounds = np.asarray(shapes.array, dtype=object)
    if buffer_m <= 0:
        return np.zeros(len(bounds))
    box = shapely.bounds(bounds) + np.array([-1, -1, 1, 1]) * buffer_m
    wide = float(((box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1])).sum())
    step = max(buffer_m / 10, 5.0, np.sqrt(wide / _MOST_POINTS))
    if step > buffer_m / 4:  # places so large that their rings are thin lines
        return np.full(len(bounds), np.nan)
    parts = []
    for west, south, east, north in shapely.bounds(bounds):
        x = np.arange(np.floor((west - buffer_m) / step), np.ceil((east + buffer_m) / step) + 1)
        y = np.arange(np.floor((south - buffer_m) / step), np.ceil((north + buffer_m) / step) + 1)
        grid = np.meshgrid(x, y)
        parts.append(np.column_stack([grid[0].ravel(), grid[1].ravel()]).astype(np.int64))
    lattice = np.unique(np.concatenate(parts) @ np.array([1, 1 << 32]))
    y_at = (lattice + (1 << 31)) >> 32
    points = np.column_stack([lattice - (y_at << 32), y_at]) * step + step / 2
    ring = find_reach(points, shapes, buffer_m, group).ring
    found: Floats = np.bincount(ring[ring >= 0], minlength=len(bounds)) * step**2 / 1e6
    return found


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
