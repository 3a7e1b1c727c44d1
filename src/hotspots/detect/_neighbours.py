"""Sums over the neighbours of every cell, and what they say against chance: Gi* and its kin."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..contracts import InputError
from ..places import Grid
from ._regions import is_number

Floats = NDArray[np.float64]

_IN_CACHE = 65_536  # values of the rows taken at a time, so that they stay in the cache
_REACH = 1 + 1e-9  # so that rounding never loses the diagonal neighbours of a cell


class GridNeighbours:
    r"""The neighbours of every inside cell of a grid: the cells whose centres lie within a radius.

    Every cell is a neighbour of itself. Sums over neighbours are convolutions: the cells of one
    row within the radius lie side by side, so a sum over them is made by doubling (windows of 2,
    4, 8 … cells) and each width is made once for all rows that need it. Only additions of the
    values themselves are made, so whole numbers stay exact and nothing but zeros sums to zero.

    Parameters
    ----------
    grid : Grid
    radius : float, optional
        Metres. When absent, cell size × √2: of a square the 8 cells around it, of a hexagon the 6.
    among : ndarray of bool, shape (n,), optional
        Cells that count as neighbours; all inside cells when absent.
    """

    def __init__(
        self, grid: Grid, radius: float | None = None, among: NDArray[np.bool_] | None = None
    ) -> None:
        self.grid = grid
        self.radius = checked_radius(grid, radius)
        self.among = among
        reach = self.radius * _REACH / grid.size
        rise = grid.lattice.height / grid.size
        most = min(int(reach / rise), grid.rows - 1)
        # per step of rows: how many cells in a row, and how many of them west of one's own column
        self._windows: list[tuple[int, int, int]] = []
        for up in range(-most, most + 1):
            side = np.sqrt(max(reach**2 - (up * rise) ** 2, 0.0))
            if grid.shape == "hex" and up % 2:  # half a cell aside: as many on either side
                west = int(side + 0.5)
                width = 2 * west
            else:
                west = int(side)
                width = 2 * west + 1
            if width:
                self._windows.append((up, width, west))

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """Neighbours of every inside cell, itself included, shape (n,)."""
        most = sum(width for _, width, _ in self._windows)
        ones = np.ones(len(self.grid.cells), dtype=np.min_scalar_type(most))  # small is fast
        if self.among is not None:
            ones *= self.among
        return self._sum(ones).astype(np.int64)

    def sums(self, values: Floats) -> Floats:
        """Sum values over the neighbours of every inside cell.

        Parameters
        ----------
        values : ndarray of float, shape (n,) or (k, n)
            One or several values of every inside cell, in the order of ``grid.cells``.

        Returns
        -------
        ndarray of float, of the same shape
        """
        values = np.asarray(values, dtype=float)
        if values.ndim not in (1, 2) or values.shape[-1] != len(self.grid.cells):
            raise InputError(
                "values",
                [
                    f"their shape is {values.shape}; give one value, or one row of values, for "
                    f"each of the {len(self.grid.cells):,} inside cells."
                ],
            )
        if self.among is not None:
            values = np.where(self.among, values, 0.0)
        if values.ndim == 1:
            return self._sum(values)
        return np.stack([self._sum(row) for row in values]) if len(values) else values.copy()

    def _sum(self, values: NDArray[Any]) -> NDArray[Any]:
        grid, inside = self.grid, self.grid.inside
        high = max(up for up, _, _ in self._windows)
        # a window wider than the grid on both sides holds the whole row
        windows = [
            (up, min(width, 2 * grid.columns + 1), min(west, grid.columns))
            for up, width, west in self._windows
        ]
        west = max(west for _, _, west in windows) + 1
        east = max(width for _, width, _ in windows)
        lattice = np.zeros((grid.rows + 2 * high, west + grid.columns + east), dtype=values.dtype)
        lattice[high : high + grid.rows, west : west + grid.columns][inside] = values
        summed = np.zeros((grid.rows, grid.columns), dtype=values.dtype)
        step = max(2 * (_IN_CACHE // (2 * lattice.shape[1])), 4 * high, 2)  # even: parity stays
        for top in range(0, grid.rows, step):
            self._sum_rows(
                lattice[top : top + step + 2 * high], windows, west, summed[top : top + step]
            )
        return summed[inside]

    def _sum_rows(
        self, lattice: NDArray[Any], windows: list[tuple[int, int, int]], west: int,
        summed: NDArray[Any],
    ) -> None:  # fmt: skip
        """Add the windows of some rows to their sums, from the lattice as far as they reach."""
        rows, columns = summed.shape
        high = (len(lattice) - rows) // 2
        of_width: dict[int, NDArray[Any]] = {}
        for up, width, left in windows:
            if width not in of_width:
                of_width[width] = _windows(lattice, width)
            beside, start = of_width[width], high + up
            if self.grid.shape == "square" or up % 2 == 0:
                summed += beside[start : start + rows, west - left : west - left + columns]
                continue
            for parity in (0, 1):
                # an odd row stands half a cell further east, so one cell fewer lies west of it
                first = west - left + ((parity + self.grid.first[1]) & 1)
                summed[parity::2] += beside[start + parity : start + rows : 2,
                                            first : first + columns]  # fmt: skip


def _windows(lattice: NDArray[Any], width: int) -> NDArray[Any]:
    """Sum ``width`` values from each column eastwards, by doubling; zeros lie beyond the edge."""
    columns, done, length = lattice.shape[1], 0, 1
    summed, block = np.zeros_like(lattice), lattice  # block[c]: the sum of `length` values from c
    while True:
        if width & length:
            summed[:, : columns - done] += block[:, done:]
            done += length
        if 2 * length > width:
            return summed
        wider = block.copy()
        wider[:, : columns - length] += block[:, length:]
        block, length = wider, 2 * length


def checked_radius(grid: Grid, radius: float | None) -> float:
    """Radius in metres, by default cell size × √2; refused when it reaches no other cell."""
    if radius is None:
        return float(grid.size * np.sqrt(2))
    if not (is_number(radius) and grid.size <= radius * _REACH and radius < np.inf):
        raise InputError(
            "radius",
            [
                f"radius={radius!r}; it must be a number of metres that reaches the next cell, "
                f"here at least {grid.size:g}: leave it out for the cells around each."
            ],
        )
    return float(radius)


def neighbour_sums(grid: Grid, values: Floats, radius: float | None = None) -> Floats:
    """Sum values over the cells within a radius of every inside cell, itself included.

    Parameters
    ----------
    grid : Grid
    values : ndarray of float, shape (n,) or (k, n)
        In the order of ``grid.cells``.
    radius : float, optional
        Metres; cell size × √2 when absent.

    Returns
    -------
    ndarray of float, of the same shape

    Examples
    --------
    >>> import hotspots as hs, numpy as np
    >>> grid = hs.Grid.over(hs.make_county(seed=1, months=1).lpts, size=1000)
    >>> float(neighbour_sums(grid, np.ones(len(grid.cells))).max())
    9.0
    """
    return GridNeighbours(grid, radius).sums(values)


def neighbour_counts(grid: Grid, radius: float | None = None) -> NDArray[np.int64]:
    """Count the inside cells within a radius of every inside cell, itself included.

    Parameters
    ----------
    grid : Grid
    radius : float, optional
        Metres; cell size × √2 when absent.

    Returns
    -------
    ndarray of int, shape (n,)

    Examples
    --------
    >>> import hotspots as hs
    >>> hexes = hs.Grid.over(hs.make_county(seed=1, months=1).lpts, size=1000, shape="hex")
    >>> int(neighbour_counts(hexes).max())
    7
    """
    return GridNeighbours(grid, radius).counts


def gi_star_z(grid: Grid, values: Floats, radius: float | None = None) -> Floats:
    """Getis–Ord Gi* of every inside cell against all inside cells, as a z score.

    Parameters
    ----------
    grid : Grid
    values : ndarray of float, shape (n,) or (k, n)
        In the order of ``grid.cells``; each row of several is judged on its own.
    radius : float, optional
        Metres; cell size × √2 when absent.

    Returns
    -------
    ndarray of float, of the same shape
        0 where all values are alike, or the neighbourhood holds every cell.

    Examples
    --------
    >>> import geopandas as gpd, hotspots as hs, numpy as np, shapely
    >>> square = gpd.GeoDataFrame({"lpt": ["Town"]}, crs="EPSG:27700",
    ...                           geometry=[shapely.box(0, 0, 500, 500)])
    >>> grid = hs.Grid.over(hs.read_lpts(square), size=100)
    >>> z = gi_star_z(grid, np.eye(1, 25, 12)[0] * 10)
    >>> round(float(z[12]), 6), round(float(z[0]), 6)
    (1.333333, -0.436436)
    """
    near = GridNeighbours(grid, radius)
    return gi_star(values, near.sums(values), near.counts)


def gi_star(values: Floats, sums: Floats, counts: NDArray[np.int64]) -> Floats:
    r"""Turn sums over neighbours into Gi* z scores (binary weights).

    Parameters
    ----------
    values : ndarray of float, shape (n,) or (k, n)
        The values of the whole population.
    sums : ndarray of float, of the same shape
        Sum over the neighbours of each, itself included.
    counts : ndarray of int, shape (n,)
        Number of those neighbours.

    Returns
    -------
    ndarray of float, of the same shape

    Notes
    -----
    With :math:`m_i` neighbours among :math:`n`, their sum :math:`s_i`, mean :math:`\bar x` and
    standard deviation :math:`S` (over n) of all values:

    .. math:: G_i^* = \frac{s_i - m_i \bar x}{S \sqrt{(n m_i - m_i^2) / (n - 1)}}
    """
    values, sums = np.asarray(values, dtype=float), np.asarray(sums, dtype=float)
    if values.ndim > 1:
        rows = [gi_star(*pair, counts) for pair in zip(values, sums, strict=True)]
        return np.stack(rows) if rows else np.zeros_like(values)
    n = len(values)
    if n == 0 or values.max() == values.min():
        return np.zeros(n)
    mean, parts = values.mean(), [slice(i, i + _IN_CACHE) for i in range(0, n, _IN_CACHE)]
    deviation = np.sqrt(sum(float(((values[part] - mean) ** 2).sum()) for part in parts) / n)
    # once for each number of neighbours, as there are few
    number = np.arange(int(counts.max()) + 1)
    scale = deviation * np.sqrt(number * (n - number) / (n - 1))
    per_gap = np.divide(1.0, scale, out=np.zeros(len(scale)), where=scale > 0)
    z = np.empty(n)
    for part in parts:
        of = counts[part]
        z[part] = (sums[part] - (mean * number)[of]) * per_gap[of]
    return z
