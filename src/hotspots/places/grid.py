"""The grid: cells of one size over the LPTs, with ids that stay the same from run to run."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
from numpy.typing import ArrayLike, NDArray

from ..atomic import atomic_file
from ..contracts import LPTS, InputError, check_table
from ._geotiff import encode_geotiff
from ._lattice import Lattice
from .points import coordinates, weights_of

SHAPES = ("square", "hex")
MOST_CELLS = 30_000_000
"""A lattice of more cells is taken for a mistake: a stray polygon, or kilometres for metres."""


@dataclass(frozen=True, eq=False, repr=False)
class Grid:
    """Cells of one size over the LPTs; made by :meth:`over`, never changed afterwards.

    Parameters
    ----------
    size : float
        Width of a cell in metres; of a hexagon, from flat side to flat side.
    shape : {"square", "hex"}
    crs : pyproj.CRS
    columns, rows : int
        Width and height of the lattice, the smallest that holds every LPT.
    cells : ndarray of int, shape (n,)
        Lattice numbers of the inside cells, ascending: ``row * columns + column``, row 0 in the
        south. They mean something within this grid only; :attr:`ids` are stable.
    lpt : ndarray of str, shape (n,)
        LPT of each inside cell.
    first : tuple of int
        Column and row of the south-west corner in the endless lattice.
    areas : ndarray of Polygon or MultiPolygon
        The LPTs, for :attr:`covered`; of none, every inside cell counts as covered.

    Notes
    -----
    The lattice is anchored at the origin of the CRS, so that grids of one size fit together and
    ids compare between runs, forces and LPTs. Cells are half-open: a point on an edge belongs to
    the cell on its east, or its north; where that is outside, to the one on its west, or south.
    Every cell that shares area with an LPT is inside, so no incident of an LPT is lost at its
    edge; it belongs to the LPT that holds its centre (a centre on a line goes east, or north; in
    an overlap, to the first name), and where none does, to the LPT nearest to the centre.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> import hotspots as hs
    >>> square = gpd.GeoDataFrame({"lpt": ["Town"]}, crs="EPSG:27700",
    ...                           geometry=[shapely.box(388050, 347300, 388300, 347500)])
    >>> grid = hs.Grid.over(hs.read_lpts(square), size=100)
    >>> grid
    Grid(6 square cells of 100 m, 1 LPT, EPSG:27700)
    >>> grid.ids[0]
    'E388000_N347300'
    >>> grid.locate([(388050, 347300), (388100, 347399.9), (0, 0)])
    array([ 0,  1, -1])
    """

    size: float
    shape: str
    crs: pyproj.CRS
    columns: int
    rows: int
    cells: NDArray[np.int64]
    lpt: NDArray[np.object_]
    first: tuple[int, int]
    areas: NDArray[np.object_] = field(default_factory=lambda: np.empty(0, dtype=object))

    @classmethod
    def over(cls, lpts: gpd.GeoDataFrame, size: float = 100, shape: str = "square") -> Grid:
        """Lay a grid over the LPTs.

        Parameters
        ----------
        lpts : GeoDataFrame
            As :func:`read_lpts` returns them.
        size : float
            Width of a cell in metres, at least 2.
        shape : {"square", "hex"}

        Returns
        -------
        Grid

        Raises
        ------
        InputError
            When the LPTs break their contract, or size or shape is not possible.

        Examples
        --------
        >>> import hotspots as hs
        >>> hexes = hs.Grid.over(hs.make_county(seed=1, months=1).lpts, size=500, shape="hex")
        >>> hexes.shape, round(hexes.area_km2, 4)
        ('hex', 0.2165)
        """
        check_table(lpts, LPTS)
        faults = []
        if len(lpts) == 0:
            faults.append("there are no LPTs; give at least one.")
        if shape not in SHAPES:
            faults.append(f"shape is {shape!r}; it must be 'square' or 'hex'.")
        if not (isinstance(size, (int, float, np.number)) and 2 <= size < np.inf):
            faults.append(f"size is {size!r}; it must be a number of metres from 2: try size=100.")
        if faults:
            raise InputError("grid", faults)
        lpts = lpts.sort_index()
        lattice = Lattice(float(size), shape)
        first, columns, rows = lattice.window(lpts.total_bounds)
        if columns * rows > MOST_CELLS:
            raise InputError(
                "grid",
                [
                    f"size={size} m over {columns * size / 1e3:,.0f} × {rows * size / 1e3:,.0f} km "
                    f"makes {columns * rows:,} cells; at most {MOST_CELLS:,}: take a larger size, "
                    "or look for a stray polygon."
                ],
            )
        areas = np.array(lpts.geometry.array, dtype=object)
        codes = lattice.owners(areas, first, columns, rows)
        cells = np.flatnonzero(codes >= 0)
        names = lpts.index.to_numpy(dtype=object)[codes[cells]]
        for values in (cells, names, areas):
            values.flags.writeable = False
        return cls(float(size), shape, lpts.crs, columns, rows, cells, names, first, areas)

    @property
    def lattice(self) -> Lattice:
        """The endless lattice the grid is cut from: its cell of a point, its centres."""
        return Lattice(self.size, self.shape)

    def __repr__(self) -> str:
        teams = len(set(self.lpt))
        crs = ":".join(self.crs.to_authority() or (self.crs.name,))
        return (
            f"Grid({len(self.cells):,} {self.shape} cells of {self.size:g} m, "
            f"{teams} LPT{'s' if teams != 1 else ''}, {crs})"
        )

    @property
    def area_km2(self) -> float:
        """Area of one cell in square kilometres."""
        return self.lattice.area_km2

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """West, south, east and north edge of the lattice in metres."""
        column, row = self.first
        west, south = column * self.size, row * self.lattice.height
        if self.shape == "square":
            return west, south, west + self.columns * self.size, south + self.rows * self.size
        corner = self.size / np.sqrt(3)
        north = south + (self.rows - 1) * self.lattice.height + corner
        return west - self.size / 2, south - corner, west + self.columns * self.size, north

    @cached_property
    def inside(self) -> NDArray[np.bool_]:
        """Which cells of the lattice are inside, shape (rows, columns), row 0 in the south."""
        mask = np.zeros(self.rows * self.columns, dtype=bool)
        mask[self.cells] = True
        mask.flags.writeable = False
        return mask.reshape(self.rows, self.columns)

    @cached_property
    def covered(self) -> NDArray[np.float64]:
        """Share of each inside cell's area that lies in an LPT, shape (n,), 0 to 1.

        Measured along 16 level lines through each row of cells (docs/methods/detection.md).
        """
        if len(self.areas) == 0:
            covered = np.ones(len(self.cells))
        else:
            covered = self.lattice.covered(self.areas, self.first, self.columns, self.rows)
            covered = covered[self.cells]
        covered.flags.writeable = False
        return covered

    @cached_property
    def centres(self) -> NDArray[np.float64]:
        """Easting and northing of the centre of each inside cell, shape (n, 2)."""
        centres = self.lattice.centres(*self._absolute(self.cells))
        centres.flags.writeable = False
        return centres

    @cached_property
    def ids(self) -> NDArray[np.object_]:
        """Stable id of each inside cell, shape (n,).

        Of a square its lower left corner (``E388100_N347300``), of a hexagon its centre to the
        nearest metre (``HE388150_N347302``).
        """
        ids = self.ids_of(self.cells)
        ids.flags.writeable = False
        return ids

    def ids_of(self, cells: ArrayLike) -> NDArray[np.object_]:
        """Stable ids of some cells, without making those of all.

        Parameters
        ----------
        cells : array_like of int, shape (n,)
            Lattice numbers.

        Returns
        -------
        ndarray of str, shape (n,)
            As :attr:`ids`; metres to the centimetre where ``size`` is no whole number.

        Examples
        --------
        >>> import hotspots as hs
        >>> grid = hs.Grid.over(hs.make_county(seed=1, months=1).lpts, size=500)
        >>> bool(grid.ids_of(grid.cells[:1])[0] == grid.ids[0])
        True
        """
        column, row = self._absolute(np.asarray(cells, dtype=np.int64))
        if self.shape == "hex":
            place, form = np.rint(self.lattice.centres(column, row)), "HE{}_N{}"
        else:
            place, form = np.column_stack([column, row]) * self.size, "E{}_N{}"
            place = np.round(place, 2) + 0.0  # no -0
        if self.shape == "hex" or self.size.is_integer():
            place = place.astype(np.int64)
        return np.array([form.format(*pair) for pair in place.tolist()], dtype=object)

    def locate(self, points: gpd.GeoDataFrame | ArrayLike) -> NDArray[np.int64]:
        """Tell which inside cell each point lies in.

        Parameters
        ----------
        points : GeoDataFrame or array_like, shape (n, 2)
            Incidents in the CRS of the grid, or pairs of easting and northing.

        Returns
        -------
        ndarray of int, shape (n,)
            Lattice number, or -1 outside and where there is no location.

        Raises
        ------
        InputError
            When the CRS differs or the points are not pairs.

        Examples
        --------
        >>> import hotspots as hs
        >>> county = hs.make_county(seed=1, months=1)
        >>> grid = hs.Grid.over(county.lpts, size=500)
        >>> bool((grid.locate(grid.centres) == grid.cells).all())
        True
        """
        xy = self._coordinates(points)
        found = self._inside_cell(xy)
        # On the outer edge of the LPTs the cell to the east or north may be outside. The point is
        # in the LPT all the same, and a micrometre back finds its cell.
        for back in ((1e-6, 0.0), (0.0, 1e-6), (1e-6, 1e-6)):
            lost = np.flatnonzero(found < 0)
            found[lost] = self._inside_cell(xy[lost] - back)
        return found

    def _inside_cell(self, xy: NDArray[np.float64]) -> NDArray[np.int64]:
        """Lattice number of the half-open cell of each point, -1 where that is not inside."""
        column, row = self.lattice.cell_of(xy[:, 0], xy[:, 1])
        column, row = column - self.first[0], row - self.first[1]
        # NaN compares false, so an unlocated point falls outside
        known = (column >= 0) & (column < self.columns) & (row >= 0) & (row < self.rows)
        found = np.full(len(xy), -1, dtype=np.int64)
        number = (row[known] * self.columns + column[known]).astype(np.int64)
        found[known] = np.where(self.inside.ravel()[number], number, -1)
        return found

    def counts(self, incidents: gpd.GeoDataFrame, weights: str | None = None) -> pd.Series:
        """Count incidents in each inside cell.

        Parameters
        ----------
        incidents : GeoDataFrame
            In the CRS of the grid. Those outside every cell, or without a point, are not counted.
        weights : str, optional
            Column to sum instead (``"harm"``); no value may be missing.

        Returns
        -------
        Series
            Incidents (int) or summed weights (float), index ``cell``, in the order of
            :attr:`cells`.

        Raises
        ------
        InputError
            When the CRS differs or the weights cannot be summed.

        Examples
        --------
        >>> import hotspots as hs
        >>> county = hs.make_county(seed=1, months=1)
        >>> counts = hs.Grid.over(county.lpts, size=500).counts(county.incidents)
        >>> counts.name, counts.index.name, bool(counts.sum() <= len(county.incidents))
        ('incidents', 'cell', True)
        """
        at = self.locate(incidents)
        value = None if weights is None else weights_of(incidents, weights)[at >= 0]
        position = np.searchsorted(self.cells, at[at >= 0])
        summed = np.bincount(position, value, minlength=len(self.cells))
        index = pd.Index(self.cells, name="cell")
        return pd.Series(summed, index=index, name="incidents" if weights is None else weights)

    def neighbours(self, cells: ArrayLike, *, corners: bool = False) -> NDArray[np.int64]:
        """Tell which inside cells share an edge with each of the given cells.

        Parameters
        ----------
        cells : array_like of int, shape (n,)
            Lattice numbers.
        corners : bool
            Whether squares that share a corner only are neighbours too.

        Returns
        -------
        ndarray of int, shape (n, 4), with corners (n, 8), or, of hexagons, (n, 6)
            Lattice numbers, -1 where the neighbour is not inside.

        Examples
        --------
        >>> import hotspots as hs
        >>> grid = hs.Grid.over(hs.make_county(seed=1, months=1).lpts, size=500)
        >>> grid.neighbours(grid.cells).shape[1]
        4
        """
        row, column = np.divmod(np.asarray(cells, dtype=np.int64), self.columns)
        if self.shape == "square":
            steps = [(0, -1), (0, 1), (-1, 0), (1, 0)]
            if corners:
                steps += [(-1, -1), (-1, 1), (1, -1), (1, 1)]
            near = [(row + up, column + right) for up, right in steps]
        else:  # odd rows stand half a cell further east
            odd = (row + self.first[1]) & 1
            near = [(row, column - 1), (row, column + 1)]
            near += [(row + up, column + odd - left) for up in (-1, 1) for left in (1, 0)]
        rows, columns = (np.stack(part, axis=1) for part in zip(*near, strict=True))
        fits = (rows >= 0) & (rows < self.rows) & (columns >= 0) & (columns < self.columns)
        number = np.where(fits, rows * self.columns + columns, 0)
        return np.where(fits & self.inside.ravel()[number], number, -1)

    def polygons(self, cells: ArrayLike | None = None) -> gpd.GeoDataFrame:
        """Build the polygons of the inside cells, or of some of them.

        Parameters
        ----------
        cells : array_like of int, optional
            Lattice numbers; every inside cell when absent.

        Returns
        -------
        GeoDataFrame
            Index ``cell``; columns ``id``, ``lpt``, ``geometry``.

        Raises
        ------
        InputError
            When a cell is not inside.

        Examples
        --------
        >>> import hotspots as hs
        >>> grid = hs.Grid.over(hs.make_county(seed=1, months=1).lpts, size=500)
        >>> float(grid.polygons(grid.cells[:1]).area.iloc[0])
        250000.0
        """
        cells = self.cells if cells is None else np.asarray(cells, dtype=np.int64)
        at = self._positions(cells)
        return gpd.GeoDataFrame(
            {"id": self.ids_of(cells), "lpt": self.lpt[at]},
            geometry=self.lattice.polygons(*self._absolute(cells)),
            index=pd.Index(cells, name="cell"),
            crs=self.crs,
        )

    def raster(self, heat: pd.Series | ArrayLike) -> NDArray[np.float64]:
        """Lay values on the lattice.

        Parameters
        ----------
        heat : Series or array_like
            A Series indexed by cell (cells it lacks stay empty) or one value for each inside cell.

        Returns
        -------
        ndarray of float, shape (rows, columns)
            Row 0 in the south; NaN outside.

        Raises
        ------
        InputError
            When the grid is hexagonal, or the values do not fit it.

        Examples
        --------
        >>> import hotspots as hs
        >>> county = hs.make_county(seed=1, months=1)
        >>> grid = hs.Grid.over(county.lpts, size=500)
        >>> grid.raster(grid.counts(county.incidents)).shape == (grid.rows, grid.columns)
        True
        """
        if self.shape != "square":
            raise InputError(
                "raster", ["the cells are hexagons and a raster has square ones; use .polygons()."]
            )
        lattice = np.full(self.rows * self.columns, np.nan)
        if isinstance(heat, pd.Series):
            cells = heat.index.to_numpy()
            self._positions(cells)
        else:
            cells = self.cells
        values = np.asarray(heat, dtype=float)
        if values.shape != cells.shape:
            raise InputError(
                "raster", [f"{values.shape} values for {len(cells):,} inside cells; give as many."]
            )
        lattice[cells] = values
        return lattice.reshape(self.rows, self.columns)

    def to_geotiff(self, path: str | os.PathLike[str], heat: pd.Series | ArrayLike) -> None:
        r"""Write values as a GeoTIFF: 32-bit floats, NaN outside, north up.

        Parameters
        ----------
        path : path
            Appears only when complete.
        heat : Series or array_like
            As :meth:`raster` takes it.

        Raises
        ------
        InputError
            When the grid is hexagonal, its CRS has no EPSG code, or the values do not fit.

        References
        ----------
        OGC GeoTIFF standard 1.1, OGC 19-008r4.

        Examples
        --------
        >>> import hotspots as hs, pathlib, tempfile
        >>> county = hs.make_county(seed=1, months=1)
        >>> grid = hs.Grid.over(county.lpts, size=500)
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "counts.tif"
        >>> grid.to_geotiff(path, grid.counts(county.incidents))
        >>> path.read_bytes()[:4]
        b'II*\x00'
        """
        raster = self.raster(heat)
        epsg = self.crs.to_epsg()
        if epsg is None:
            raise InputError(
                "GeoTIFF", [f"CRS {self.crs.name!r} has no EPSG code; use .to_crs() on the LPTs."]
            )
        west, _, _, north = self.extent
        with atomic_file(path) as partial:
            partial.write_bytes(encode_geotiff(raster[::-1], self.size, west, north, epsg))

    def _absolute(self, cells: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Column and row of lattice numbers, counted from the origin of the CRS."""
        row, column = np.divmod(cells, self.columns)
        return column + self.first[0], row + self.first[1]

    def _positions(self, cells: NDArray[Any]) -> NDArray[np.intp]:
        """Where in :attr:`cells` each cell stands."""
        at = np.searchsorted(self.cells, cells)
        at = np.minimum(at, len(self.cells) - 1)
        if strange := cells[self.cells[at] != cells][:1].tolist():
            raise InputError("cells", [f"{strange[0]} is not inside {self!r}; see .cells."])
        return at

    def _coordinates(self, points: gpd.GeoDataFrame | ArrayLike) -> NDArray[np.float64]:
        if isinstance(points, (gpd.GeoDataFrame, gpd.GeoSeries)):
            if points.crs != self.crs:
                raise InputError(
                    "incidents",
                    [
                        f"their CRS is {points.crs and points.crs.name!r} and the grid's "
                        f"{self.crs.name!r}; use .to_crs(grid.crs)."
                    ],
                )
            return coordinates(points)
        xy = np.asarray(points, dtype=float)
        if xy.size == 0:
            return xy.reshape(0, 2)
        if xy.ndim != 2 or xy.shape[1] != 2:
            raise InputError("points", [f"their shape is {xy.shape}; give (n, 2): pairs of x, y."])
        return xy
