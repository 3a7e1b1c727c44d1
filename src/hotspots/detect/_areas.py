"""Polygons of any kind as the places of a local statistic: incidents inside, neighbours, rates."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial import cKDTree

from ..contracts import Column, InputError, Table, check_table
from ..places import assign_lpt
from ._regions import is_number

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

GAP_M = 1.0
"""Areas this near each other touch: simplified boundaries leave slivers between them."""


def checked_areas(areas: Any, population: str | None, crs: Any) -> gpd.GeoDataFrame:
    """Check polygons given as areas, and their population where one is named.

    Parameters
    ----------
    areas : GeoDataFrame
    population : str or None
        Column of residents, or of whatever the rate is per.
    crs : pyproj.CRS
        That of the incidents.

    Returns
    -------
    GeoDataFrame
        The same object.

    Raises
    ------
    InputError
        Naming every fault.
    """
    if not isinstance(areas, gpd.GeoDataFrame):
        raise InputError(
            "areas",
            [f"it is of type {type(areas).__name__}; give a Grid or a GeoDataFrame of polygons."],
        )
    columns = () if population is None else (Column(population, "number", True, "population"),)
    check_table(areas, Table("areas", "area", ("Polygon", "MultiPolygon"), columns))
    faults = []
    if areas.crs != crs:
        faults.append(
            f"their CRS is {areas.crs.name!r} and the incidents' {crs.name!r}; bring one to the "
            "other with .to_crs(...)."
        )
    shapes = np.asarray(areas.geometry.array)
    for wrong, fault, remedy in (
        (shapely.is_missing(shapes) | shapely.is_empty(shapes), "no polygon", "drop them"),
        (~shapely.is_valid(shapes) & ~shapely.is_missing(shapes), "an invalid polygon",
         "repair them with .make_valid()"),
    ):  # fmt: skip
        if wrong.any():
            first = areas.index[wrong][0]
            faults.append(f"{int(wrong.sum()):,} rows hold {fault} (first: {first!r}); {remedy}.")
    if population is not None:
        people = areas[population].to_numpy(dtype=float)
        bad = ~np.isfinite(people) | (people < 0)
        if bad.any():
            faults.append(
                f"population={population!r} is negative or infinite in {int(bad.sum()):,} rows "
                f"(first: {areas.index[bad][0]!r}); set them right."
            )
        elif not people.any():
            faults.append(f"population={population!r} is 0 everywhere; give one that is not.")
    if faults:
        raise InputError("areas", faults)
    return areas


def area_of(xy: Floats, areas: gpd.GeoDataFrame) -> Ints:
    """Tell which area each point lies in, by position, -1 for none; ties as between LPTs."""
    index = pd.RangeIndex(len(areas))
    shapes = areas.geometry.to_numpy()
    frame = gpd.GeoDataFrame(
        {"area_km2": shapely.area(shapes) / 1e6}, geometry=shapes, crs=areas.crs, index=index
    )
    found = pd.to_numeric(pd.Series(assign_lpt(xy[:, 0], xy[:, 1], frame)))
    positions: Ints = found.fillna(-1).to_numpy(dtype=np.int64)
    return positions


class AreaNeighbours:
    """The neighbours of areas, each its own among them, as a sparse matrix.

    Areas are neighbours when they touch (a corner is enough), or, with ``radius``, when their
    centroids lie that near, or, with ``nearest``, when they are among the nearest by centroid:
    so many, and any as near as the last of them, so that the order of rows cannot matter.

    Parameters
    ----------
    areas : GeoDataFrame
    radius : float, optional
        Metres.
    nearest : int, optional
    """

    def __init__(
        self, areas: gpd.GeoDataFrame, radius: float | None = None, nearest: int | None = None
    ) -> None:
        shapes = np.asarray(areas.geometry.array)
        n = len(shapes)
        if radius is None and nearest is None:
            one, other = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=GAP_M)
        else:
            xy = shapely.get_coordinates(shapely.centroid(shapes))
            tree = cKDTree(xy)
            reach = radius
            if nearest is not None:
                reach = tree.query(xy, k=nearest + 1)[0][:, -1]
            near = tree.query_ball_point(xy, np.asarray(reach) * (1 + 1e-9))
            one = np.repeat(np.arange(n), [len(found) for found in near])
            other = np.concatenate([np.asarray(found, dtype=np.intp) for found in near])
        self.matrix = sparse.csr_array((np.ones(len(one)), (one, other)), shape=(n, n))

    @cached_property
    def counts(self) -> Ints:
        """Neighbours of each, itself included."""
        counts: Ints = np.diff(self.matrix.indptr).astype(np.int64)
        return counts

    def sums(self, values: Floats) -> Floats:
        """Sum a value over the neighbours of each, itself included."""
        summed: Floats = self.matrix @ values
        return summed


def checked_nearest(nearest: int | None, n: int) -> list[str]:
    """Name what is wrong with a number of nearest areas, of ``n``."""
    whole = isinstance(nearest, (int, np.integer)) and not isinstance(nearest, bool)
    if nearest is None or (whole and 1 <= nearest < n):
        return []
    return [f"nearest={nearest!r}; it must be a whole number from 1 to {n - 1:,}: try 6."]


def checked_reach(radius: float | None) -> list[str]:
    """Name what is wrong with a radius between centroids."""
    if radius is None or (is_number(radius) and 0 < radius < np.inf):
        return []
    return [f"radius={radius!r}; it must be a number of metres above 0."]


def smoothed_rates(incidents: Floats, population: Floats) -> Floats:
    r"""Incidents per head, shrunk to the mean where people are few (empirical Bayes).

    Parameters
    ----------
    incidents, population : ndarray of float, shape (n,)

    Returns
    -------
    ndarray of float, shape (n,)
        :math:`(a + y) / (b + E)`.

    Notes
    -----
    Rates are taken to follow a gamma distribution with shape a and rate b, whose mean
    :math:`m = \sum y / \sum E` and variance :math:`A = \sum E (y/E - m)^2 / \sum E - m / \bar E`
    come from the data: :math:`a = m^2 / A`, :math:`b = m / A`. Where areas differ by no more than
    chance (:math:`A \le 0`) all have the mean.

    References
    ----------
    Marshall R. J. (1991) Mapping disease and mortality rates using empirical Bayes estimators.
    *Journal of the Royal Statistical Society C* 40(2), 283–294.

    Examples
    --------
    >>> smoothed_rates(np.array([1.0, 20, 300]), np.array([10.0, 1000, 10000])).round(4).tolist()
    [0.0293, 0.0278, 0.0297]
    """
    lived_in = population > 0
    y, people = incidents[lived_in], population[lived_in]
    mean = float(y.sum() / people.sum())
    spread = float((people * (y / people - mean) ** 2).sum() / people.sum())
    variance = spread - mean / float(people.mean())
    if variance <= 0 or mean == 0:
        return np.full(len(incidents), mean)
    shrunk: Floats = (mean**2 / variance + incidents) / (mean / variance + population)
    return shrunk
