"""Maps of what is beyond chance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import InputError
from ..places import Grid
from ._canvas import BLUE, PALE, RED, frame_map, new_axes, note, outline_lpts, rings

if TYPE_CHECKING:
    import geopandas as gpd
    from matplotlib.axes import Axes


def plot_significance(
    cells: pd.DataFrame,
    grid: Grid,
    *,
    lpts: gpd.GeoDataFrame | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw which cells are beyond chance as a map.

    Parameters
    ----------
    cells : DataFrame
        Indexed by cell, with ``significant`` (true or false) and ``z``, ``heat`` or both, as
        ``monte_carlo(...).cells`` and the tables of the local statistics hold them. Cells it lacks
        were not tested.
    grid : Grid
        The grid they belong to, of square or hexagonal cells.
    lpts : GeoDataFrame, optional
        LPTs to outline and name.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when absent.

    Returns
    -------
    matplotlib.axes.Axes
        Eastings and northings in kilometres. Significant cells are orange, or, with ``z`` below 0,
        blue; cells that chance explains are pale where they have heat (or incidents), and all
        others blank. The number of each stands in the legend.

    Raises
    ------
    InputError
        If the table does not fit the grid or lacks a column.

    Examples
    --------
    >>> import hotspots as hs, pandas as pd
    >>> county = hs.make_county(seed=1, months=2)
    >>> grid = hs.Grid.over(county.lpts, size=500)
    >>> heat = grid.counts(county.incidents)
    >>> cells = pd.DataFrame({"heat": heat, "significant": heat > 12})
    >>> ax = hs.plot_significance(cells, grid)
    >>> ax.get_title()
    'Beyond chance: 49 of 10,320 cells'
    """
    from matplotlib.collections import PolyCollection
    from matplotlib.patches import Patch

    value = _checked(cells, grid)
    ax = new_axes(ax, (8, 8))
    significant = cells["significant"].to_numpy(dtype=bool, na_value=False)
    cold = significant & (cells["z"].to_numpy(dtype=float) < 0) if "z" in cells else ~significant
    cold &= significant
    hot = significant & ~cold
    rest = ~significant & (np.nan_to_num(value) != 0)
    kinds: list[tuple[Any, str, str, float]] = [
        (rest, PALE, "chance explains it", 1), (cold, BLUE, "colder than chance", 2),
        (hot, RED, "hotter than chance", 3),
    ]  # fmt: skip
    legend = []
    for chosen, colour, words, order in kinds:
        if chosen.any():
            shapes = [ring[:-1] for ring in rings(grid.polygons(cells.index[chosen]))]
            # an edge of the same colour, or thin white lines would show between the cells
            ax.add_collection(
                PolyCollection(shapes, facecolors=colour, edgecolors=colour, linewidths=0.3,
                               zorder=order),
                autolim=False,
            )  # fmt: skip
            legend.append(Patch(color=colour, label=f"{words} ({int(chosen.sum()):,})"))
    centres = grid.centres[np.searchsorted(grid.cells, cells.index[significant].to_numpy())]
    outline_lpts(ax, lpts, grid.crs, centres)
    frame_map(ax, grid.extent)
    if legend:
        ax.legend(handles=legend[::-1], loc="upper right", fontsize=8)
    tested = int(cells["p_value"].notna().sum()) if "p_value" in cells.columns else len(cells)
    ax.set_title(f"Beyond chance: {int(significant.sum()):,} of {tested:,} cells")
    kind = "hexagons" if grid.shape == "hex" else "squares"
    note(ax, f"{kind.capitalize()} of {grid.size:g} m; blank: nothing there, or not tested.")
    return ax


def _checked(cells: Any, grid: Grid) -> Any:
    """Values to tell cells with something from those without, if the table can be drawn."""
    if not isinstance(cells, pd.DataFrame):
        raise InputError(
            "cells", [f"it is of type {type(cells).__name__}; give a DataFrame by cell."]
        )
    if "significant" not in cells.columns or not {"heat", "z"} & set(cells.columns):
        have = ", ".join(map(str, cells.columns)) or "none"
        raise InputError(
            "cells", [f"it needs 'significant' and 'heat' or 'z'; columns found: {have}."]
        )
    faults = [
        f"column {name!r} is {cells[name].dtype}; it must hold {what}."
        for name, what, fits in (
            ("significant", "true or false", pd.api.types.is_bool_dtype),
            ("heat", "numbers", pd.api.types.is_numeric_dtype),
            ("z", "numbers", pd.api.types.is_numeric_dtype),
        )
        if name in cells.columns and not fits(cells[name].dtype)
    ]
    if not cells.index.is_unique:
        faults.append("some of its cells stand there twice; give one row per cell.")
    if faults:
        raise InputError("cells", faults)
    if not isinstance(grid, Grid):
        raise InputError("grid", [f"it is of type {type(grid).__name__}; give a Grid."])
    if not np.isin(cells.index.to_numpy(), grid.cells).all():
        raise InputError(
            "cells", [f"some of its cells are not inside {grid!r}; give the grid it was made on."]
        )
    if "p_value" in cells.columns:  # what was not tested is not explained by chance either
        cells = cells[["p_value", *cells.columns.intersection(["heat", "incidents", "z"])]]
        cells = cells.where(cells["p_value"].notna())
    shown = next(name for name in ("heat", "incidents", "z") if name in cells.columns)
    return cells[shown].to_numpy(dtype=float)
