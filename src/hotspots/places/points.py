"""Points of incidents: their coordinates, their weights, and the distinct places among them."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ..contracts import InputError


def coordinates(points: gpd.GeoDataFrame | gpd.GeoSeries) -> NDArray[np.float64]:
    """Tell the easting and northing of points.

    Parameters
    ----------
    points : GeoDataFrame or GeoSeries
        Points, of any number ``n``; empty or missing where the place is not known.

    Returns
    -------
    ndarray of float, shape (n, 2)
        NaN where there is no point.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> coordinates(gpd.GeoSeries([shapely.Point(1, 2), shapely.Point(), None]))
    array([[ 1.,  2.],
           [nan, nan],
           [nan, nan]])
    """
    xy = np.full((len(points), 2), np.nan)
    found, row = shapely.get_coordinates(np.asarray(points.geometry.array), return_index=True)
    xy[row] = found
    return xy


def weights_of(incidents: pd.DataFrame, column: str) -> NDArray[np.float64]:
    """Take the weights of incidents from a column, refused where one is missing or negative.

    Parameters
    ----------
    incidents : DataFrame
        Incidents of any number, ``n``.
    column : str
        Column of weights, such as ``"harm"``.

    Returns
    -------
    ndarray of float, shape (n,)

    Raises
    ------
    InputError
        When there is no such column, or a weight is missing, negative or no number.

    Examples
    --------
    >>> import pandas as pd
    >>> weights_of(pd.DataFrame({"harm": [10, 365]}), "harm")
    array([ 10., 365.])
    """
    if column not in incidents.columns:
        have = ", ".join(map(str, incidents.columns))
        raise InputError("incidents", [f"weights={column!r} is not a column; columns: {have}."])
    values = pd.to_numeric(incidents[column], errors="coerce").to_numpy(dtype=float)
    bad = ~np.isfinite(values) | (values < 0)
    if bad.any():
        raise InputError(
            "incidents",
            [
                f"weights={column!r} is missing, negative or no number in {int(bad.sum()):,} rows "
                f"(first: {incidents.index[bad][0]!r}); fill or drop them."
            ],
        )
    return values


def distinct_points(
    xy: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Find the distinct places among points.

    Many incidents share a place (snapped points, addresses), so that what is done once for each
    place costs little.

    Parameters
    ----------
    xy : ndarray of float, shape (n, 2)
        No NaN.

    Returns
    -------
    places : ndarray of float, shape (m, 2)
        Sorted by easting, then northing.
    place : ndarray of int, shape (n,)
        Which of them each point is.

    Examples
    --------
    >>> import numpy as np
    >>> places, place = distinct_points(np.array([(5.0, 1.0), (2.0, 9.0), (5.0, 1.0)]))
    >>> places.tolist(), place.tolist()
    ([[2.0, 9.0], [5.0, 1.0]], [1, 0, 1])
    """
    x, y = xy[:, 0] + 0.0, xy[:, 1] + 0.0  # turns -0 into 0
    # Both coordinates mixed into one number, which is hashed once; the mixture is then verified.
    # Round coordinates differ in their upper bits only, so these are folded down first.
    odd, upper = np.uint64(0x9E3779B97F4A7C15), np.uint64(32)
    mixed = x.view(np.uint64) ^ (x.view(np.uint64) >> upper)
    mixed = mixed * odd + (y.view(np.uint64) ^ (y.view(np.uint64) >> upper))
    code, _ = pd.factorize((mixed ^ (mixed >> upper)) * odd)
    sample = np.zeros(code.max(initial=-1) + 1, dtype=np.intp)
    sample[code] = np.arange(len(code))
    if (x[sample][code] != x).any() or (y[sample][code] != y).any():
        _, sample, code = np.unique(
            np.column_stack([x, y]), axis=0, return_index=True, return_inverse=True
        )
    order = np.lexsort((y[sample], x[sample]))
    rank = np.empty(len(order), dtype=np.intp)
    rank[order] = np.arange(len(order))
    sample = sample[order]
    return np.column_stack([x[sample], y[sample]]), rank[np.ravel(code)]
