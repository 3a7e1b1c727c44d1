"""Points of incidents: their coordinates, their weights, and the distinct places among them."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ..contracts import InputError

_PART = 16_384  # points at a time, so that the arrays of one step stay in the processor's cache


def coordinates(points: gpd.GeoDataFrame | gpd.GeoSeries) -> NDArray[np.float64]:
    """Tell the easting and northing of points.

    Parameters
    ----------
    points : GeoDataFrame or GeoSeries
        Points, of any number ``n``; empty or missing where the place is not known.

    Returns
    -------
    ndarray of float, shape (n, 2)
        NaN where there is no point, or its coordinates are no numbers.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> coordinates(gpd.GeoSeries([shapely.Point(1, 2), shapely.Point(), None]))
    array([[ 1.,  2.],
           [nan, nan],
           [nan, nan]])
    """
    shapes = np.asarray(points.geometry.array)
    xy = np.empty((len(shapes), 2))
    try:
        shapely.get_x(shapes, out=xy[:, 0])
    except shapely.GEOSException:  # of an empty point
        shapes = shapes.copy()
        shapes[shapely.is_empty(shapes)] = None  # of a missing one it is NaN
        shapely.get_x(shapes, out=xy[:, 0])
    shapely.get_y(shapes, out=xy[:, 1])
    finite = np.isfinite(xy)
    if not finite.all():
        xy[~finite.all(axis=1)] = np.nan
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
    if isinstance(incidents[column], pd.DataFrame):
        raise InputError("incidents", [f"column {column!r} is there twice; rename or drop one."])
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
    # The first point of a bucket stands for it. Points of a place share their bucket, so the few
    # that lie at another place than its first do so together, and can be sorted on their own.
    # Part by part, so that nothing as long as the incidents is written more than once.
    bits = max(len(xy).bit_length(), 1)
    number = np.full(1 << bits, -1, dtype=np.intp)
    known, many = np.empty(len(xy), dtype=np.complex128), 0
    place, strays = np.empty(len(xy), dtype=np.intp), [np.zeros(0, dtype=np.intp)]
    for start in range(0, len(xy), _PART):
        part = np.add(xy[start : start + _PART], 0.0, order="C")  # turns -0 into 0
        pair = part.view(np.complex128)[:, 0]  # both coordinates at once
        bucket = _buckets(part, bits)
        found = number.take(bucket)
        new = np.flatnonzero(found < 0)
        if len(new):
            first = new[np.unique(bucket[new], return_index=True)[1]]
            number[bucket[first]] = np.arange(many, many + len(first))
            known[many : many + len(first)] = pair[first]
            many += len(first)
            found[new] = number[bucket[new]]
        place[start : start + _PART] = found
        strays.append(start + np.flatnonzero(known.take(found) != pair))
    stray = np.concatenate(strays)
    apart, which = np.unique(xy[stray] @ (1, 1j) + 0.0, return_inverse=True)
    place[stray] = many + which
    places = np.concatenate([known[:many], apart]).view(np.float64).reshape(-1, 2)
    order = np.lexsort((places[:, 1], places[:, 0]))
    rank = np.empty(len(order), dtype=np.intp)
    rank[order] = np.arange(len(order))
    return places[order], rank[place]


def _buckets(xy: NDArray[np.float64], bits: int) -> NDArray[np.intp]:
    """Scatter points over ``2**bits`` buckets, those of one place into the same one."""
    x, y = xy.view(np.uint64).T
    mixed = (x * np.uint64(0x9E3779B97F4A7C15)) ^ y
    mixed *= np.uint64(0xD6E8FEB86659FD93)
    mixed >>= np.uint64(64 - bits)
    bucket: NDArray[np.intp] = mixed.view(np.intp)
    return bucket
