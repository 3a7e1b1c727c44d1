"""Kernel sums on a grid, exactly and fast."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..contracts import InputError
from ..places import Grid

_CHUNK = 32_768  # locations at a time, so that the arrays of one step stay in the processor's cache


def kernel_sum(
    grid: Grid, locations: pd.DataFrame, power: int, radius: float
) -> NDArray[np.float64]:
    r"""Sum a kernel around weighted locations at the centre of every inside cell.

    Parameters
    ----------
    grid : Grid
    locations : DataFrame
        ``x``, ``y`` and ``weight``; those outside the grid count as far as they reach into it.
    power : int
        Power ``p`` of the kernel: 0 uniform, 1 Epanechnikov, 2 quartic, 3 triweight.
    radius : float
        Reach ``r`` in metres.

    Returns
    -------
    ndarray of float, shape (n,)
        Weight per square kilometre, in the order of ``grid.cells``.

    Raises
    ------
    InputError
        When the cells are wider than ``radius``: a location could then fall between the centres.

    Notes
    -----
    .. math:: \sum_i w_i \frac{p + 1}{\pi r^2} \left(1 - \frac{d_i^2}{r^2}\right)^p, \quad d_i \le r

    One step of columns and rows at a time, the kernel of every location is evaluated at the
    centre of the cell that many steps away and summed by cell. Nothing is approximated, and
    cells without a location near cost nothing.
    """
    if grid.size > radius:
        raise InputError(
            "grid",
            [
                f"its cells of {grid.size:g} m are wider than the reach of {radius:g} m, so that "
                f"incidents could fall between their centres; take cells of at most {radius:g} m, "
                f"best {radius / 2:g} m, or a wider reach."
            ],
        )
    lattice = grid.lattice
    right, up = int(radius // grid.size) + 2, int(radius // lattice.height) + 2
    # A frame of empty cells around the lattice: a reach for locations outside, one for their sums.
    width, height = grid.columns + 4 * right, grid.rows + 4 * up
    summed = np.zeros(width * height)
    x, y, weight = (locations[name].to_numpy(dtype=float) for name in ("x", "y", "weight"))
    columns, rows = lattice.cell_of(x, y)
    column, row = columns - grid.first[0] + 2 * right, rows - grid.first[1] + 2 * up
    near = (column >= right) & (column < width - right) & (row >= up) & (row < height - up)
    centre = lattice.centres(columns[near].astype(np.int64), rows[near].astype(np.int64))
    cell = (row[near] * width + column[near]).astype(np.int64)
    order = np.argsort(cell, kind="stable")
    cell, weight = cell[order], weight[near][order]
    from_x, from_y = x[near][order] - centre[order, 0], y[near][order] - centre[order, 1]
    odd = (rows[near][order] % 2).astype(bool)
    for start in range(0, len(cell), _CHUNK):
        part = slice(start, start + _CHUNK)
        first = np.flatnonzero(np.diff(cell[part], prepend=-1))
        target, w = cell[part][first], weight[part]
        # Hexagons of the rows between stand half a cell aside, east of an even row, west of an odd.
        aside = np.where(odd[part], -0.5, 0.5) if grid.shape == "hex" else np.zeros(1)
        steps = range(-right, right + 1)
        from_column = [
            [((step * grid.size + lean * grid.size - from_x[part]) / radius) ** 2 for step in steps]
            for lean in ([0.0] if grid.shape == "square" else [0.0, aside])
        ]
        least = [[float(taken.min()) for taken in leaning] for leaning in from_column]
        value = np.empty(len(w))
        for step_up in range(-up, up + 1):
            left = 1 - ((step_up * lattice.height - from_y[part]) / radius) ** 2
            most, lean = float(left.max()), step_up % len(from_column)
            for step_right, taken, at_least in zip(
                steps, from_column[lean], least[lean], strict=True
            ):
                if most < at_least:  # out of reach for all
                    continue
                np.subtract(left, taken, out=value)
                _raise(value, power)
                value *= w
                summed[target + (step_up * width + step_right)] += np.add.reduceat(value, first)
    inner = summed.reshape(height, width)[2 * up : -2 * up, 2 * right : -2 * right]
    return inner.ravel()[grid.cells] * ((power + 1) / (np.pi * radius**2) * 1e6)


def _raise(share: NDArray[np.float64], power: int) -> None:
    """Raise shares to a whole power in place, with 0 for those below 0."""
    if power == 0:
        np.greater_equal(share, 0, out=share)
        return
    np.maximum(share, 0, out=share)
    if power == 2:
        share *= share
    elif power > 2:
        share **= power
