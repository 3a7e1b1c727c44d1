"""What incidents are held against: people, dwellings, buildings, or other incidents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ..contracts import InputError
from ..places import Grid, coordinates, distinct_points
from ._surface import kernel_sum

FLOOR = 5.0
"""Percentile of the density of the reference where it is, under which a ratio is not told."""

_MOST_SQUARES = 4_000_000


@dataclass(frozen=True)
class Reference:
    """The reference at distinct places: ``x``, ``y``, ``incidents`` (of each) and ``weight``."""

    places: pd.DataFrame
    name: str

    @property
    def total(self) -> float:
        """All of it."""
        return float(self.places["weight"].sum())

    def floor(self, crs: Any, kernel: str, bandwidth: float) -> float:
        """Density per km² under which there is too little of it to divide by.

        It is the 5th percentile of the density at the middles of the squares, a quarter of the
        bandwidth wide, that hold some of it; so it does not depend on the grid asked for.
        """
        held = self.places[self.places["weight"] > 0]
        x, y = held["x"].to_numpy(), held["y"].to_numpy()
        wide, tall = np.ptp(x) + bandwidth, np.ptp(y) + bandwidth
        size = max(bandwidth / 4, float(np.sqrt(wide * tall / _MOST_SQUARES)))
        if size > bandwidth:
            raise InputError(
                "RelativeRisk",
                [
                    f"the reference reaches over {wide / 1e3:,.0f} × {tall / 1e3:,.0f} km, too far "
                    f"for a bandwidth of {bandwidth:g} m; look for stray points in it, or keep "
                    "what lies near the incidents."
                ],
            )
        column, row = np.floor(x / size).astype(np.int64), np.floor(y / size).astype(np.int64)
        first = int(column.min()), int(row.min())
        columns, rows = int(np.ptp(column)) + 1, int(np.ptp(row)) + 1
        cells = np.unique((row - first[1]) * columns + column - first[0])
        nowhere = np.full(len(cells), "", dtype=object)
        squares = Grid(size, "square", crs, columns, rows, cells, nowhere, first)
        return float(np.percentile(kernel_sum(squares, held, kernel, bandwidth), FLOOR))


def reference_of_points(points: gpd.GeoDataFrame | gpd.GeoSeries, crs: Any) -> Reference:
    """Make the reference of points with a column of weights, or with none: one each.

    Raises
    ------
    InputError
        When they are no points, in another CRS, or their weights are not clear or below 0.
    """
    what, faults = "against", []
    if isinstance(points, gpd.GeoDataFrame) and points.active_geometry_name is None:
        raise InputError(what, ["it has no geometry; say which with .set_geometry(...)."])
    if points.crs is None or points.crs != crs:
        named = "none" if points.crs is None else repr(points.crs.name)
        faults.append(f"its CRS is {named} and the incidents' {crs.name!r}; use .to_crs(...).")
    shapes = np.asarray(points.geometry.array)
    known = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    if wrong := sorted({shape.geom_type for shape in shapes[known]} - {"Point"}):
        faults.append(
            f"it holds {', '.join(wrong)}; give points, such as .representative_point() of small "
            "areas, or a Series per cell of the grid."
        )
    elif lost := int((~np.isfinite(coordinates(points)[known])).any(axis=1).sum()):
        faults.append(f"the coordinates of {lost:,} points are not finite; drop them.")
    name, weight = "places", np.ones(len(points))
    if isinstance(points, gpd.GeoDataFrame):
        numbers = [
            c for c in points.columns
            if pd.api.types.is_numeric_dtype(points[c].dtype)
            and not pd.api.types.is_bool_dtype(points[c].dtype)
        ]  # fmt: skip
        if len(numbers) > 1 and "weight" not in numbers:
            faults.append(
                f"which of its columns counts is not clear: {', '.join(map(str, numbers))}; keep "
                f"one, such as against[[{numbers[0]!r}, 'geometry']]."
            )
        elif numbers:
            name = "weight" if "weight" in numbers else str(numbers[0])
            weight = points[name].to_numpy(dtype=float, na_value=np.nan)
    faults += _weight_faults(weight[known], name)
    if faults:
        raise InputError(what, faults)
    return _made(coordinates(points)[known], weight[known], name)


def reference_of_cells(cells: pd.Series, grid: Grid) -> Reference:
    """Make the reference of one value for each cell of a grid, by number or by id.

    Raises
    ------
    InputError
        When a cell is not in the grid.
    """
    numbers = pd.api.types.is_integer_dtype(cells.index.dtype)
    at = pd.Index(grid.cells if numbers else grid.ids).get_indexer(cells.index)
    if (at < 0).any():
        strange = cells.index[at < 0][0]
        raise InputError(
            "against",
            [
                f"cell {strange!r} is not in {grid!r} ({int((at < 0).sum()):,} such cells); give "
                "the values of this grid, by grid.cells or grid.ids."
            ],
        )
    name = "reference" if cells.name is None else str(cells.name)
    return _made(grid.centres[at], cells.to_numpy(dtype=float), name)


def cells_faults(cells: pd.Series) -> list[str]:
    """Name what is wrong with values per cell."""
    if not pd.api.types.is_numeric_dtype(cells.dtype):
        return [f"against holds {cells.dtype}; give a Series of numbers per cell."]
    if not cells.index.is_unique:
        again = cells.index[cells.index.duplicated()][0]
        return [f"against repeats cell {again!r}; give one value per cell."]
    name = "reference" if cells.name is None else str(cells.name)
    return _weight_faults(cells.to_numpy(dtype=float, na_value=np.nan), name)


def _weight_faults(weight: NDArray[np.float64], name: str) -> list[str]:
    bad = ~np.isfinite(weight) | (weight < 0)
    if bad.any():
        return [
            f"{name!r} is missing, negative or not finite in {int(bad.sum()):,} rows; fix them."
        ]
    if not weight.any():
        return [
            f"{name!r} is 0 everywhere, or there are no rows; there is nothing to hold against."
        ]
    return []


def _made(xy: NDArray[np.float64], weight: NDArray[np.float64], name: str) -> Reference:
    places, place = distinct_points(xy)
    order = np.lexsort((weight, place))  # so that the order of rows cannot matter
    total = np.bincount(place[order], weight[order], minlength=len(places))
    each = np.bincount(place, minlength=len(places))
    x, y = places.T
    return Reference(pd.DataFrame({"x": x, "y": y, "incidents": each, "weight": total}), name)
