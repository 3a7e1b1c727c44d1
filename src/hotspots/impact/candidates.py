"""Places that may serve for comparison: those given, or squares of like size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..places import Grid

    Floats = NDArray[np.float64]


def candidate_squares(
    points: Floats, area_km2: float, crs: Any, grid: Grid | None = None
) -> gpd.GeoDataFrame:
    """Lay squares of one area wherever there were incidents, one at every half step.

    Parameters
    ----------
    points : ndarray, shape (m, 2)
        Distinct points of the incidents in metres.
    area_km2 : float
        Area of a square: that of the places they are compared with.
    crs : CRS
    grid : Grid, optional
        Squares then lie wholly inside it and belong to the LPT of its cell in their middle.

    Returns
    -------
    GeoDataFrame
        Index: the south-west corner, as ``S388100_N347300``; ``lpt`` where there is a grid.
        They overlap: of two that do, at most one serves.

    Notes
    -----
    Squares are anchored at the origin of the CRS. Four lattices, half a square apart, hold a
    square that lies nearly about any place where incidents gather.

    Examples
    --------
    >>> squares = candidate_squares(np.array([[30.0, 80.0]]), 0.01, "EPSG:27700")
    >>> squares.index.tolist()
    ['S-50_N0', 'S-50_N50', 'S0_N0', 'S0_N50']
    """
    side = max(round(np.sqrt(area_km2) * 100), 1) * 10.0  # to ten metres
    half = side / 2
    corner = np.floor(points / half).astype(np.int64)
    shifts = np.array([(0, 0), (-1, 0), (0, -1), (-1, -1)])
    every = np.unique((corner[:, None, :] + shifts).reshape(-1, 2), axis=0)
    low = every * half
    columns = {}
    if grid is not None:
        edges = [low + np.array(at) * side for at in ((0, 0), (1, 0), (0, 1), (1, 1))]
        middle = grid.locate(low + half)
        inside = middle >= 0
        for edge in edges:  # a touch within, for a corner on an edge belongs to one side only
            inside &= grid.locate(edge + (low + half - edge) * 1e-6) >= 0
        low, middle = low[inside], middle[inside]
        columns["lpt"] = grid.lpt[np.searchsorted(grid.cells, middle)]
    names = [f"S{x}_N{y}" for x, y in np.round(low).astype(np.int64).tolist()]
    return gpd.GeoDataFrame(
        columns, geometry=shapely.box(*low.T, *(low + side).T), crs=crs,
        index=pd.Index(names, dtype="str"),
    )  # fmt: skip


def near_any(shapes: NDArray[Any], others: NDArray[Any], metres: float) -> NDArray[np.bool_]:
    """Tell which shapes lie within a distance of any of some others.

    Parameters
    ----------
    shapes, others : ndarray of geometry, shape (n,), (m,)
    metres : float

    Returns
    -------
    ndarray of bool, shape (n,)

    Examples
    --------
    >>> boxes = shapely.box([0, 500], 0, [100, 600], 100)
    >>> near_any(boxes, np.array([shapely.Point(150, 50)]), 100).tolist()
    [True, False]
    """
    near = np.zeros(len(shapes), dtype=bool)
    found = shapely.STRtree(others).query(shapes, predicate="dwithin", distance=metres)
    near[found[0]] = True
    return near


def overlapping(shapes: NDArray[Any]) -> NDArray[np.intp]:
    """Find the pairs of shapes that share area.

    Parameters
    ----------
    shapes : ndarray of polygons, shape (n,)

    Returns
    -------
    ndarray of int, shape (k, 2)

    Examples
    --------
    >>> overlapping(shapely.box([0, 50, 100], 0, [100, 150, 200], 100)).tolist()
    [[0, 1], [1, 2]]
    """
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    one, other = one[one < other], other[one < other]
    shared = shapely.area(shapely.intersection(shapes[one], shapes[other])) > 1.0
    pairs = np.column_stack([one[shared], other[shared]])
    order: NDArray[np.intp] = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    return order


def tally(
    shapes: NDArray[Any], points: Floats, place: NDArray[np.intp], code: NDArray[np.intp], many: int
) -> Floats:
    """Count incidents by place and code; places may overlap and an incident counts in each.

    Parameters
    ----------
    shapes : ndarray of polygons, shape (n,)
    points : ndarray, shape (m, 2)
        Distinct points.
    place : ndarray of int, shape (i,)
        Point of each incident.
    code : ndarray of int, shape (i,)
        Its month, or kind, 0 to ``many`` - 1; below 0 it does not count.
    many : int

    Returns
    -------
    ndarray, shape (n, many)

    Examples
    --------
    >>> boxes = shapely.box([0, 50], 0, [100, 150], 100)
    >>> tally(boxes, np.array([[75.0, 50.0]]), np.array([0, 0]), np.array([0, 1]), 2).tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    from scipy.sparse import coo_array

    counts = code >= 0
    at = (place[counts], code[counts])
    by_point = coo_array((np.ones(len(at[0])), at), shape=(len(points), many)).tocsr()
    hit = shapely.STRtree(shapely.points(points)).query(shapes, predicate="intersects")
    inside = coo_array((np.ones(hit.shape[1]), tuple(hit)), shape=(len(shapes), len(points)))
    total: Floats = (inside.tocsr() @ by_point).toarray()
    return total
