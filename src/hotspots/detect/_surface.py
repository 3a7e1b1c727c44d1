"""Kernel sums on a grid, exactly and fast."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..contracts import InputError
from ..places import Grid
from ._kernels import Kernel, kernel_of

Floats = NDArray[np.float64]

LEAST = 0.25
"""Least share of a kernel to divide by: that inside a right-angled corner."""

_CHUNK = 32_768  # locations at a time, so that the arrays of one step stay in the processor's cache


def kernel_sum(
    grid: Grid, locations: pd.DataFrame, kernel: str | int, bandwidth: float | Floats
) -> Floats:
    r"""Sum a kernel around weighted locations at the centre of every inside cell.

    Parameters
    ----------
    grid : Grid
    locations : DataFrame
        ``x``, ``y`` and ``weight``; those outside the grid count as far as they reach into it.
    kernel : str or int
        A name in :data:`KERNELS`, or the power ``p`` of :math:`(1 - d^2 / h^2)^p`: 0 uniform,
        1 Epanechnikov, 2 quartic, 3 triweight.
    bandwidth : float or ndarray of float, shape (n,)
        Bandwidth ``h`` in metres, of all locations or of each.

    Returns
    -------
    ndarray of float, shape (n,)
        Weight per square kilometre, in the order of ``grid.cells``.

    Raises
    ------
    InputError
        When the cells are wider than the reach: a location could then fall between the centres.

    Notes
    -----
    .. math:: \sum_i w_i K_{h_i}(d_i)

    One step of columns and rows at a time, the kernel of every location is evaluated at the
    centre of the cell that many steps away and summed by cell. Nothing is approximated, and
    cells without a location near cost nothing.
    """
    shape = kernel_of(kernel)
    x, y, weight = (locations[name].to_numpy(dtype=float) for name in ("x", "y", "weight"))
    radius = shape.reach * np.asarray(bandwidth, dtype=float)
    check_reach(grid, float(radius.min(initial=np.inf)))
    weight = weight * (shape.peak * 1e6 / np.asarray(bandwidth, dtype=float) ** 2)
    if radius.ndim == 0:
        return _summed(grid, shape, x, y, weight, float(radius))
    # those that reach about as far together, so that narrow ones do not walk with the wide
    heat = np.zeros(len(grid.cells))
    steps = np.ceil(radius / grid.size)
    for far in np.unique(steps):
        alike = steps == far
        heat += _summed(grid, shape, x[alike], y[alike], weight[alike], radius[alike])
    return heat


def check_reach(grid: Grid, reach: float) -> None:
    """Refuse cells wider than the reach of a kernel in metres."""
    if grid.size > reach:
        raise InputError(
            "grid",
            [
                f"its cells of {grid.size:g} m are wider than the reach of {reach:g} m, so that "
                f"incidents could fall between their centres; take cells of at most {reach:g} m, "
                f"best {reach / 2:g} m, or a wider reach."
            ],
        )


def shares_inside(
    grid: Grid, x: Floats, y: Floats, kernel: str | int, bandwidth: float | Floats
) -> Floats:
    r"""Tell what share of a kernel around each point lies in the LPTs, to divide by.

    Parameters
    ----------
    grid : Grid
    x, y : ndarray of float, shape (n,)
        Points in metres.
    kernel : str or int
        As :func:`kernel_sum` takes it.
    bandwidth : float or ndarray of float, shape (n,)

    Returns
    -------
    ndarray of float, shape (n,)
        :data:`LEAST` to 1; exactly 1 where every cell in reach is covered.

    Notes
    -----
    .. math:: e_h(s) = \int_W K_h(\lVert s - u \rVert)\, du

    with ``W`` the LPTs, of which each cell holds the share ``grid.covered``, spread evenly over it.
    The integral over a cell is the mean at the middles of equal parts of it, at most 1/16 of the
    reach apart, and only points with the edge in reach are reckoned, so the cost goes with the
    length of the boundary. A share under :data:`LEAST` counts as that, so that no point beyond the
    line, in a cell that reaches over it, is raised without bound.
    """
    shape = kernel_of(kernel)
    radius = shape.reach * np.broadcast_to(np.asarray(bandwidth, dtype=float), x.shape)
    shares = np.ones(len(x))
    if len(x) == 0:
        return shares
    steps = np.ceil(radius / grid.size)
    for far in np.unique(steps):
        alike = np.flatnonzero(steps == far)
        near = _Reach(grid, x[alike], y[alike], radius[alike])
        shares[alike[near.order]] = _share(grid, near, shape)
        missed = np.ones(len(alike), dtype=bool)
        missed[near.order] = False
        shares[alike[missed]] = 0.0  # too far off to reach the grid
    return np.maximum(shares, LEAST)


def _summed(
    grid: Grid, kernel: Kernel, x: Floats, y: Floats, weight: Floats, radius: float | Floats
) -> Floats:
    near = _Reach(grid, x, y, radius)
    weight = weight[near.order]
    summed = np.zeros(near.width * near.height)
    for part in near.parts():
        first = np.flatnonzero(np.diff(near.cell[part], prepend=-1))
        target, w = near.cell[part][first], weight[part]
        for offset, value in near.steps(part, kernel):
            value *= w
            summed[target + offset] += np.add.reduceat(value, first)
    return near.inner(summed).ravel()[grid.cells]


def _share(grid: Grid, near: _Reach, kernel: Kernel) -> Floats:
    """Share of the kernel that lies in the LPTs, of the points in the order of ``near``."""
    window = np.zeros(grid.rows * grid.columns)
    window[grid.cells] = grid.covered
    window = near.framed(window.reshape(grid.rows, grid.columns))
    shares = np.ones(len(near.cell))
    alone = np.flatnonzero(near.framed(near.surrounded(window == 1)).ravel()[near.cell] == 0)
    # middles of the equal parts of a cell, as steps from its centre
    fine = int(np.ceil(16 * grid.size / near.least))
    middles = (np.arange(fine) + 0.5) / fine - 0.5
    for start in range(0, len(alone), _CHUNK):
        part = alone[start : start + _CHUNK]
        within, whole = np.zeros(len(part)), np.zeros(len(part))
        for aside in middles * grid.size:
            for above in middles * grid.lattice.height:
                for offset, value in near.steps(part, kernel, aside, above):
                    whole += value
                    value *= window.ravel()[near.cell[part] + offset]
                    within += value
        shares[part] = within / whole
    return shares


class _Reach:
    """Points and the cells within their reach, taken one step of columns and rows at a time.

    Points too far off to reach the grid are left out, the others ordered by cell.
    """

    def __init__(self, grid: Grid, x: Floats, y: Floats, radius: float | Floats) -> None:
        self.grid, lattice = grid, grid.lattice
        most = float(np.max(radius, initial=0))
        self.least = float(np.min(radius, initial=np.inf))
        self.right, self.up = int(most // grid.size) + 2, int(most // lattice.height) + 2
        # A frame of empty cells around the lattice: a reach for points outside, one for their sums.
        self.width, self.height = grid.columns + 4 * self.right, grid.rows + 4 * self.up
        columns, rows = lattice.cell_of(x, y)
        column = columns - grid.first[0] + 2 * self.right
        row = rows - grid.first[1] + 2 * self.up
        near = np.flatnonzero(
            (column >= self.right) & (column < self.width - self.right)
            & (row >= self.up) & (row < self.height - self.up)
        )  # fmt: skip
        cell = (row[near] * self.width + column[near]).astype(np.int64)
        order = np.argsort(cell, kind="stable")
        self.cell, self.order = cell[order], near[order]
        up = rows[self.order].astype(np.int64)
        centre = lattice.centres(columns[self.order].astype(np.int64), up)
        self._from_x, self._from_y = x[self.order] - centre[:, 0], y[self.order] - centre[:, 1]
        self._odd = (up % 2).astype(bool)
        self._radius = radius if isinstance(radius, float) else radius[self.order]

    def parts(self) -> Iterator[slice]:
        """Yield parts of the points small enough to be worked on at a time."""
        for start in range(0, len(self.cell), _CHUNK):
            yield slice(start, start + _CHUNK)

    def steps(
        self, part: Any, kernel: Kernel, aside: float = 0.0, above: float = 0.0
    ) -> Iterator[tuple[int, Floats]]:
        """Yield, for each step, how many cells on it is, and ``k`` of each point there.

        The place looked at in a cell is ``aside`` and ``above`` metres from its centre. The array
        of values is one and the same each time, and may be changed.
        """
        grid, lattice = self.grid, self.grid.lattice
        radius = self._radius if isinstance(self._radius, float) else self._radius[part]
        from_x, from_y = self._from_x[part] - aside, self._from_y[part] - above
        # Hexagons of the rows between stand half a cell aside, east of an even row, west of an odd.
        lean = np.where(self._odd[part], -0.5, 0.5) if grid.shape == "hex" else None
        right = range(-self.right, self.right + 1)
        leaning = [np.zeros(1)] if lean is None else [np.zeros(1), lean]
        across = [[((step * grid.size + by * grid.size - from_x) / radius) ** 2 for step in right]
                  for by in leaning]  # fmt: skip
        least = [[float(squared.min()) for squared in row] for row in across]
        value = np.empty(len(from_x))
        for up in range(-self.up, self.up + 1):
            along = ((up * lattice.height - from_y) / radius) ** 2
            left, left_at_most = 1 - along, 1 - float(along.min())
            by = up % len(across)
            for step, squared, at_least in zip(right, across[by], least[by], strict=True):
                if left_at_most < at_least:  # out of reach for all
                    continue
                if kernel.power is None:
                    np.add(along, squared, out=value)
                else:
                    np.subtract(left, squared, out=value)
                kernel.profile(value)
                yield up * self.width + step, value

    def framed(self, values: NDArray[Any]) -> NDArray[Any]:
        """Lay values of the lattice into the frame."""
        return np.pad(values, ((2 * self.up,) * 2, (2 * self.right,) * 2))

    def inner(self, values: NDArray[Any]) -> NDArray[Any]:
        """Take the values of the lattice out of the frame."""
        framed = values.reshape(self.height, self.width)
        return framed[2 * self.up : -2 * self.up, 2 * self.right : -2 * self.right]

    def surrounded(self, whole: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Tell the cells of the lattice with nothing but such cells in reach."""
        summed = np.zeros((self.height + 1, self.width + 1), dtype=np.int64)
        summed[1:, 1:] = whole.cumsum(axis=0).cumsum(axis=1)
        tall, wide = 2 * self.up + 1, 2 * self.right + 1
        box = summed[tall:, wide:] - summed[:-tall, wide:]
        box += summed[:-tall, :-wide] - summed[tall:, :-wide]
        # box [r, c] is the sum around the cell [r + up, c + right] of the frame
        inner: NDArray[np.int64] = box[self.up : -self.up, self.right : -self.right]
        return np.asarray(inner == tall * wide)
