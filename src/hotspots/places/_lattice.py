"""The endless lattice of cells a grid is cut from, anchored at the origin of the CRS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_ROOT3 = float(np.sqrt(3))
_SHRUNK = 1e-3  # metres: a cell that shares less than this with an area only touches it
_LINES = 16  # level lines through each row of cells along which covered areas are measured


@dataclass(frozen=True)
class Lattice:
    """Squares, or hexagons with two upright sides, numbered by column and row from the origin.

    Odd rows of hexagons stand half a cell further east.

    Parameters
    ----------
    size : float
        Width of a cell in metres.
    shape : {"square", "hex"}

    Examples
    --------
    >>> import numpy as np
    >>> Lattice(100, "square").cell_of(np.array([250.0, 300.0]), np.array([0.0, -0.1]))
    (array([2., 3.]), array([ 0., -1.]))
    """

    size: float
    shape: str

    @property
    def height(self) -> float:
        """Distance between the centres of two rows in metres."""
        return self.size if self.shape == "square" else self.size * _ROOT3 / 2

    @property
    def area_km2(self) -> float:
        """Area of a cell in square kilometres."""
        return self.size * self.height / 1e6

    def cell_of(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Tell the column and row of the cell each point lies in; NaN for NaN.

        Of hexagons it is the one with the nearest centre; on an edge the eastern, on a corner
        between two rows the northern of the nearest in its row.
        """
        if self.shape == "square":
            return np.floor(x / self.size), np.floor(y / self.size)
        # Even rows and odd rows form a rectangular lattice each; the nearer centre of two wins.
        even_row = 2 * np.floor(y / (2 * self.height) + 0.5)
        even_column = np.floor(x / self.size + 0.5)
        odd_row = 2 * np.floor(y / (2 * self.height)) + 1
        odd_column = np.floor(x / self.size)
        east = (odd_column + 0.5) * self.size
        to_even = (x - even_column * self.size) ** 2 + (y - even_row * self.height) ** 2
        to_odd = (x - east) ** 2 + (y - odd_row * self.height) ** 2
        odd = (to_odd < to_even) | ((to_odd == to_even) & (odd_column + 0.5 > even_column))
        return np.where(odd, odd_column, even_column), np.where(odd, odd_row, even_row)

    def centres(self, columns: Ints, rows: Ints) -> Floats:
        """Easting and northing of the centres of cells, shape (n, 2)."""
        if self.shape == "square":
            return np.column_stack([columns + 0.5, rows + 0.5]) * self.size
        return np.column_stack([(columns + 0.5 * (rows & 1)) * self.size, rows * self.height])

    def polygons(self, columns: Ints, rows: Ints, shrunk: float = 0.0) -> NDArray[np.object_]:
        """Build the polygons of cells, each ``shrunk`` metres smaller on every side."""
        if self.shape == "square":
            west, south, east, north = columns, rows, columns + 1, rows + 1
            return shapely.box(  # type: ignore[no-any-return]
                west * self.size + shrunk, south * self.size + shrunk,
                east * self.size - shrunk, north * self.size - shrunk,
            )  # fmt: skip
        # Corners in half columns and thirds of a row, so that neighbours share them exactly.
        middle, third = 2 * columns + (rows & 1), 3 * rows
        right, up = np.array([1, 1, 0, -1, -1, 0]), np.array([-1, 1, 2, 1, -1, -2])
        x = (middle[:, None] + right) * (self.size / 2) - shrunk * right
        y = (third[:, None] + up) * (self.height / 3) - shrunk * up / _ROOT3
        return shapely.polygons(np.stack([x, y], axis=2))  # type: ignore[no-any-return]

    def window(self, bounds: Floats) -> tuple[tuple[int, int], int, int]:
        """First column and row of the part that holds the bounds, and its columns and rows."""
        west, south, east, north = bounds / self.size
        if self.shape == "hex":  # half a cell sideways, a corner up and down
            west, east = west - 0.5, east + 1
            south, north = (bounds[[1, 3]] + np.array([-1, 1]) * self.size / _ROOT3) / self.height
            north += 1
        first = int(np.floor(west)), int(np.floor(south))
        return first, int(np.ceil(east)) - first[0], int(np.ceil(north)) - first[1]

    def owners(
        self, areas: NDArray[np.object_], first: tuple[int, int], columns: int, rows: int
    ) -> NDArray[np.int32]:
        """Tell which area each cell of a window belongs to, shape (rows * columns,), -1 for none.

        It is the first that holds its centre; where none does, the nearest of those that share
        some of the cell.
        """
        x_first, ys = self.centres(np.full(rows, first[0]), np.arange(rows) + first[1]).T
        grid = np.full((rows, columns), -1, dtype=np.int32)
        for code, area in enumerate(areas):
            south, north = np.searchsorted(ys, shapely.bounds(area)[[1, 3]])
            covered = self._scan(area, x_first[south:north], ys[south:north], columns)
            window = grid[south:north]
            window[covered & (window < 0)] = code
        owner = grid.ravel()

        candidates = self._along(shapely.boundary(areas), first, columns, rows)
        candidates = candidates[owner[candidates] < 0]
        row, column = np.divmod(candidates, columns)
        row, column = row + first[1], column + first[0]
        centre = shapely.points(self.centres(column, row))
        tree = shapely.STRtree(self.polygons(column, row, shrunk=_SHRUNK))
        nearest = np.full(len(candidates), np.inf)
        for code, area in enumerate(areas):
            hit = tree.query(area, predicate="intersects")
            distance = shapely.distance(area, centre[hit])
            closer = distance < nearest[hit]
            owner[candidates[hit[closer]]] = code
            nearest[hit[closer]] = distance[closer]
        return owner

    def covered(
        self, areas: NDArray[np.object_], first: tuple[int, int], columns: int, rows: int
    ) -> Floats:
        """Tell what share of each cell of a window areas cover, shape (rows * columns,).

        Measured along 16 level lines through each row of cells, exactly on each. A hexagon is taken
        for the rectangle as wide, and as high as its row: of the same area and centre.
        """
        x_first, ys = self.centres(np.full(rows, first[0]), np.arange(rows) + first[1]).T
        steps = ((np.arange(_LINES) + 0.5) / _LINES - 0.5) * self.height
        lines = (ys[:, None] + steps).ravel()
        # What is covered begins at a crossing, goes on to the east, and ends at the next one: each
        # counts for part of its own cell and wholly for all cells east of it.
        change = np.zeros(rows * (columns + 2))
        for area in areas:
            line, x = self._crossings(area, lines)
            order = np.lexsort((x, line))
            row = line[order] // _LINES
            sign = np.where(np.arange(len(row)) % 2, -1.0, 1.0) / _LINES
            at = np.clip((x[order] - x_first[row]) / self.size + 0.5, 0, columns)
            column = np.floor(at).astype(np.int64)
            number = row * (columns + 2) + column
            change += np.bincount(number, sign * (column + 1 - at), minlength=len(change))
            change += np.bincount(number + 1, sign * (at - column), minlength=len(change))
        share = np.cumsum(change.reshape(rows, columns + 2)[:, :columns], axis=1)
        return np.clip(np.round(share, 9), 0, 1).ravel()  # overlaps count once

    def _along(
        self, lines: NDArray[np.object_], first: tuple[int, int], columns: int, rows: int
    ) -> Ints:
        """Cells of a window that lines may pass through.

        A piece of at most half a cell stays in the cell of its start and the eight around it.
        """
        xy = shapely.get_coordinates(shapely.segmentize(lines, self.size / 2))
        column, row = self.cell_of(xy[:, 0], xy[:, 1])
        column, row = column.astype(int) - first[0], row.astype(int) - first[1]
        marked = np.zeros((rows + 4, columns + 4), dtype=bool)  # two to spare on every side
        for up in (1, 2, 3):
            for right in (1, 2, 3):
                marked[row + up, column + right] = True
        return np.flatnonzero(marked[2:-2, 2:-2])

    def _scan(self, area: Any, x_first: Floats, ys: Floats, columns: int) -> NDArray[np.bool_]:
        """Tell which centres of some rows lie in an area, by the crossings of its edges (even-odd).

        A centre on an edge counts for the area on its east; on a level edge, on its north.
        """
        row, x = self._crossings(area, ys)
        column = np.clip(np.ceil((x - x_first[row]) / self.size), 0, columns).astype(np.int64)
        crossings = np.bincount(row * (columns + 1) + column, minlength=len(ys) * (columns + 1))
        odd = np.cumsum(crossings.reshape(len(ys), columns + 1)[:, :columns], axis=1) & 1
        return odd.astype(bool)

    def _crossings(self, area: Any, ys: Floats) -> tuple[Ints, Floats]:
        """Where the edges of an area cross level lines (ascending): which line, and the easting."""
        rings = shapely.get_rings(shapely.get_parts(area))
        xy, ring = shapely.get_coordinates(rings, return_index=True)
        same = ring[1:] == ring[:-1]
        low, high = xy[:-1][same], xy[1:][same]
        swap = low[:, 1] > high[:, 1]  # one direction, so that two areas agree on a common edge
        low[swap], high[swap] = high[swap], low[swap]
        start, stop = np.searchsorted(ys, low[:, 1]), np.searchsorted(ys, high[:, 1])
        crossed = stop - start
        edge = np.repeat(np.arange(len(low)), crossed)
        line = np.arange(len(edge)) - np.repeat(np.cumsum(crossed) - crossed, crossed) + start[edge]
        (x1, y1), (x2, y2) = low[edge].T, high[edge].T
        return line, x1 + (ys[line] - y1) * (x2 - x1) / (y2 - y1)
