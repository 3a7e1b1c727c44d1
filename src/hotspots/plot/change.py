"""Maps of classes and of change, and the history of cells as barcodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import InputError
from ..places import Grid
from ._canvas import BLUE, GREY, PALE, RED, frame_map, new_axes, note, outline_lpts

if TYPE_CHECKING:
    import geopandas as gpd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

# told apart by colour and by shape; Okabe and Ito's colours
_CLASSES = {
    "persistent": (RED, "s"), "emerging": ("#E69F00", "^"), "intermittent": (BLUE, "D"),
    "former": (GREY, "o"),
}  # fmt: skip
_CHANGES = {"rise": (RED, "^"), "fall": (BLUE, "v")}
_MOST = 40  # barcodes in one picture


def plot_classes(
    cells: pd.DataFrame, grid: Grid, *, lpts: gpd.GeoDataFrame | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the commander's four classes as a map.

    Parameters
    ----------
    cells : DataFrame
        Index ``cell``, with ``class_``: the table ``cells`` that ``classify_hotspots`` gives.
    grid : Grid
        The grid that was classified.
    lpts : GeoDataFrame, optional
        LPTs to outline and name.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when absent.

    Returns
    -------
    matplotlib.axes.Axes
        Eastings and northings in kilometres; each class has a colour and a shape. Cells are too
        small to see on a county map, so each has a mark at its centre.

    Raises
    ------
    InputError
        If the table holds no classes, or does not fit the grid.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=24)
    >>> grid = hs.Grid.over(county.lpts, size=200)
    >>> classes = hs.classify_hotspots(county.incidents, grid, category="Shoplifting")
    >>> hs.plot_classes(classes.cells, grid, lpts=county.lpts).get_title().split(",")[0]
    '20 persistent'
    """
    xy = _centres(cells, grid, "plot_classes")
    ax = new_axes(ax, (8, 8))
    classes = cells["class_"].to_numpy()
    known = np.isin(classes, list(_CLASSES))
    outline_lpts(ax, lpts, grid.crs, xy[known])
    told = []
    for name, (colour, marker) in reversed(_CLASSES.items()):  # what matters most lies on top
        mine = classes == name
        told.append(f"{int(mine.sum()):,} {name}")
        if mine.any():
            ax.scatter(
                xy[mine, 0], xy[mine, 1], s=28, marker=marker, label=name, zorder=3, linewidths=0.8,
                edgecolors="white" if name != "former" else colour,
                facecolors=colour if name != "former" else "none",
            )  # fmt: skip
    frame_map(ax, _frame(xy[known], grid, lpts))
    ax.set_title(", ".join(reversed(told)) + " cells")
    if known.any():
        handles, names = ax.get_legend_handles_labels()
        ax.legend(handles[::-1], names[::-1], title="class", loc="upper left", fontsize=8)
    note(
        ax,
        f"Cells of {grid.size:g} m by how often, and when, they were significantly hot. "
        "Marks of neighbouring cells cover one another: zoom in to tell them apart.",
    )
    return ax


def plot_history(history: pd.DataFrame, cells: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the history of cells as barcodes: a row each, a bar for every period it was hot.

    Parameters
    ----------
    history : DataFrame
        ``cell``, ``period_start`` and ``state`` (hot, cold or empty): the table ``history`` that
        ``classify_hotspots`` gives.
    cells : DataFrame
        Index ``cell``, with ``id`` and ``class_``; the first 40 are drawn, in their order.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when absent.

    Returns
    -------
    matplotlib.axes.Axes
        Hot periods are tall and red, cold ones short and blue; gaps in the record are hatched.

    Raises
    ------
    InputError
        If a column is missing, or no cell has a history.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=24)
    >>> grid = hs.Grid.over(county.lpts, size=200)
    >>> classes = hs.classify_hotspots(county.incidents, grid, category="Shoplifting")
    >>> ax = hs.plot_history(classes.history, classes.cells)
    >>> len(ax.get_yticks())
    40
    """
    faults = _lacking(history, "history", ("cell", "period_start", "state"))
    faults += _lacking(cells, "cells", ("id", "class_"))
    if not faults and not np.isin(cells.index, history["cell"]).any():
        faults = ["no cell has a history: nothing was significantly hot or cold."]
    if faults:
        raise InputError("plot_history", faults)
    shown = cells[np.isin(cells.index, history["cell"])].head(_MOST)
    ax = new_axes(ax, (9, 1.2 + 0.22 * len(shown)))
    starts = np.unique(history["period_start"].to_numpy())
    step = np.diff(starts).min() if len(starts) > 1 else np.timedelta64(30, "D")
    row = pd.Series(np.arange(len(shown))[::-1], index=shown.index)
    kept = history[history["cell"].isin(shown.index)]
    for state, colour, height in (("hot", RED, 0.9), ("cold", BLUE, 0.45), ("", PALE, 0.12)):
        mine = kept[kept["state"] == state]
        if len(mine):
            ax.barh(
                row[mine["cell"]].to_numpy(), np.full(len(mine), step), left=mine["period_start"],
                height=height, color=colour, edgecolor="white", linewidth=0.3,
                label=state or "neither", zorder=2,
            )  # fmt: skip
    for gap in np.flatnonzero(np.diff(starts) > 1.5 * step):
        left, right = starts[gap] + step, starts[gap + 1]
        ax.axvspan(left, right, facecolor="white", hatch="///", edgecolor="#CFCFCF", lw=0, zorder=3)
        ax.text(left + (right - left) / 2, 0.5, "not judged", transform=ax.get_xaxis_transform(),
                ha="center", va="center", rotation=90, fontsize=8, color="#555555",
                zorder=4)  # fmt: skip
    names = shown["id"].astype(str) + " " + shown["class_"].astype(str)
    ax.set_yticks(row.to_numpy(), names, fontsize=7)
    ax.set_ylim(-0.7, len(shown) - 0.3)
    ax.set_xlim(starts[0], starts[-1] + step)
    ax.set_xlabel("period")
    some = f"the first {len(shown):,} of {len(cells):,} cells" if len(shown) < len(cells) else ""
    ax.set_title("When each cell was hot" + (f": {some}" if some else ""))
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=8)
    return ax


def plot_change(
    places: pd.DataFrame,
    where: Grid | gpd.GeoDataFrame,
    *,
    lpts: gpd.GeoDataFrame | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw what rose and what fell between two periods as a map.

    Parameters
    ----------
    places : DataFrame
        With ``before``, ``after`` and ``class_``: the table ``places`` that ``compare_periods``
        gives.
    where : Grid or GeoDataFrame
        What was compared: the grid, or the areas.
    lpts : GeoDataFrame, optional
        LPTs to outline and name.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when absent.

    Returns
    -------
    matplotlib.axes.Axes
        A mark for each place that changed beyond chance, upwards and red or downwards and blue,
        the larger the more incidents; a grey dot for each that held enough to be tested.

    Raises
    ------
    InputError
        If the table does not fit the places.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=24, scale=0.2)
    >>> change = hs.compare_periods(county.incidents, county.lpts)
    >>> hs.plot_change(change.places, county.lpts).get_xlabel()
    'easting (km)'
    """
    faults = _lacking(places, "places", ("before", "after", "class_"))
    if not isinstance(where, Grid) and not hasattr(where, "geometry"):
        faults.append(f"where is of type {type(where).__name__}; give the grid or the areas.")
    if faults:
        raise InputError("plot_change", faults)
    if isinstance(where, Grid):
        xy = _centres(places, where, "plot_change")
        bounds = _frame(xy, where, lpts)
    else:
        strange = places.index.difference(where.index)
        if len(strange):
            raise InputError(
                "plot_change", [f"{strange[0]!r} is not among the areas; give those compared."]
            )
        middle = where.geometry.loc[places.index].representative_point()
        xy = np.column_stack([middle.x, middle.y])
        bounds = tuple((where if lpts is None else lpts.to_crs(where.crs)).total_bounds)
    ax = new_axes(ax, (8, 8))
    classes = places["class_"].to_numpy()
    outline_lpts(ax, lpts, where.crs, xy[np.isin(classes, list(_CHANGES))])
    if not isinstance(where, Grid) and lpts is None:
        outline_lpts(ax, where.set_geometry("geometry"), where.crs, xy)
    same = classes == "no clear change"
    if same.any():
        ax.scatter(xy[same, 0], xy[same, 1], s=5, color=GREY, label="no clear change", zorder=2)
    size = 30 + 6 * (places["after"] - places["before"]).abs().to_numpy() ** 0.9
    for name, (colour, marker) in _CHANGES.items():
        mine = classes == name
        if mine.any():
            ax.scatter(xy[mine, 0], xy[mine, 1], s=np.minimum(size[mine], 400), color=colour,
                       marker=marker, edgecolors="white", linewidths=0.6, label=name,
                       zorder=3)  # fmt: skip
    frame_map(ax, bounds)
    rose, fell = (int((classes == name).sum()) for name in _CHANGES)
    ax.set_title(f"{rose:,} rose, {fell:,} fell beyond chance")
    if ax.get_legend_handles_labels()[0]:
        ax.legend(loc="upper left", fontsize=8, markerscale=0.8)
    few = int((classes == "too few to say").sum())
    note(ax, f"Larger marks: more incidents of difference. {few:,} places held too few to say.")
    return ax


def _lacking(table: Any, name: str, columns: tuple[str, ...]) -> list[str]:
    if not isinstance(table, pd.DataFrame):
        return [f"{name} is of type {type(table).__name__}; give a table."]
    return [
        f"{name} has no column {column!r}; give the table of that name."
        for column in columns
        if column not in table.columns
    ]


def _centres(table: Any, grid: Any, what: str) -> NDArray[np.float64]:
    """Centres of the cells of a table."""
    faults = _lacking(table, "the table", ("class_",))
    if not isinstance(grid, Grid):
        faults.append(f"grid is of type {type(grid).__name__}; give the Grid that was used.")
    elif not faults and not np.isin(table.index, grid.cells).all():
        faults.append(f"the table holds cells that are not inside {grid!r}; give its own grid.")
    if faults:
        raise InputError(what, faults)
    centres: NDArray[np.float64] = grid.centres[np.searchsorted(grid.cells, table.index)]
    return centres


def _frame(xy: NDArray[np.float64], grid: Grid, lpts: gpd.GeoDataFrame | None) -> tuple[float, ...]:
    """Bounds of the map: of the LPTs, or of what is drawn, or of the grid."""
    if lpts is not None:
        return tuple(lpts.to_crs(grid.crs).total_bounds)
    if len(xy) == 0:
        west, south, east, north = grid.extent
        return west, south, east, north
    return (*(xy.min(axis=0) - 1000), *(xy.max(axis=0) + 1000))
