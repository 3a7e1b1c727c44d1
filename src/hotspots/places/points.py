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
    shapes = np.asarray(points.geometry.array)
    empty = shapely.is_empty(shapes)
    if empty.any():  # which have no coordinates to ask for; a missing one gives NaN
        shapes = np.where(empty, None, shapes)
    return np.column_stack([shapely.get_x(shapes), shapely.get_y(shapes)])


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
    # Any one point of a bucket stands for the bucket. The few points in a bucket that lie at
    # another place share it with all points of that place, so they can be sorted on their own.
    bucket = _buckets(x, y)
    stands = np.zeros(bucket.max(initial=-1) + 1, dtype=np.intp)
    stands[bucket] = np.arange(len(x))
    sample = stands[bucket]
    other = np.flatnonzero((x[sample] != x) | (y[sample] != y))
    other = other[np.lexsort((y[other], x[other]))]
    first = np.ones(len(other), dtype=bool)
    first[1:] = (np.diff(x[other]) != 0) | (np.diff(y[other]) != 0)
    sample[other] = other[first][np.cumsum(first) - 1]
    mark = np.zeros(len(x), dtype=bool)
    mark[sample] = True
    samples = np.flatnonzero(mark)
    samples = samples[np.lexsort((y[samples], x[samples]))]
    rank = np.empty(len(x), dtype=np.intp)
    rank[samples] = np.arange(len(samples))
    return np.column_stack([x[samples], y[samples]]), rank[sample]


def _buckets(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.intp]:
    """Scatter points over about as many buckets, those of one place into the same one."""
    mixed = (x.view(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) ^ y.view(np.uint64)
    mixed *= np.uint64(0xD6E8FEB86659FD93)
    mixed >>= np.uint64(64 - max(len(x).bit_length(), 1))
    return mixed.astype(np.intp)
