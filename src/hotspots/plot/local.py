"""Maps of the local statistics: what stands out together with its surroundings."""

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

_COLOURS = {
    "hot": RED, "cold": BLUE, "cluster": RED, "single site": "#F0E442",
    "quiet beside busy": "#56B4E9", "quiet": BLUE, "not significant": PALE,
}  # fmt: skip


def plot_local_statistics(
    table: pd.DataFrame,
    areas: Grid | gpd.GeoDataFrame,
    *,
    lpts: gpd.GeoDataFrame | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the class that Gi* or local Moran's I gave to each cell or polygon as a map.

    Parameters
    ----------
    table : DataFrame
        Indexed by cell or area, with ``class_`` and ``incidents``, as the ``table`` of
        ``GiStar(...).statistics(areas)`` or ``LocalMoran(...).statistics(areas)`` is.
    areas : Grid or GeoDataFrame
        The grid or the polygons it was made on.
    lpts : GeoDataFrame, optional
        LPTs to outline and name.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when absent.

    Returns
    -------
    matplotlib.axes.Axes
        Eastings and northings in kilometres. The colour of each class and its number stand in the
        legend; cells that are not significant are pale where they hold incidents, else blank, and
        polygons that are not significant are pale.

    Raises
    ------
    InputError
        If the table does not fit the areas or lacks a column.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=12)
    >>> grid = hs.Grid.over(county.lpts, size=500)
    >>> public = county.incidents.query("origin == 'public'")
    >>> found = hs.LocalMoran().fit(public).statistics(grid)
    >>> hs.plot_local_statistics(found.table, grid).get_xlabel()
    'easting (km)'
    """
    from matplotlib.collections import PolyCollection
    from matplotlib.patches import Patch

    _check(table, areas)
    ax = new_axes(ax, (8, 8))
    classes = table["class_"].to_numpy(dtype=object)
    on_grid = isinstance(areas, Grid)
    legend = []
    for order, (name, colour) in enumerate(reversed(_COLOURS.items())):
        chosen = classes == name
        if not chosen.any():
            continue
        number = int(chosen.sum())
        if on_grid and name == "not significant":
            chosen &= table["incidents"].to_numpy() > 0
        if isinstance(areas, Grid):
            shapes = areas.polygons(table.index[chosen].to_numpy())
        else:
            shapes = areas.loc[table.index[chosen]]
        # cells get an edge of their own colour, or white lines would show between them
        ax.add_collection(
            PolyCollection([ring[:-1] for ring in rings(shapes)], facecolors=colour,
                           edgecolors=colour if on_grid else "white",
                           linewidths=0.3 if on_grid else 0.5, zorder=1 + order / 10),
            autolim=False,
        )  # fmt: skip
        legend.append(Patch(color=colour, label=f"{name} ({number:,})"))
    stands_out = table.index[classes != "not significant"]
    if isinstance(areas, Grid):
        extent = areas.extent
        busy = areas.centres[np.searchsorted(areas.cells, stands_out.to_numpy())]
    else:
        extent = areas.total_bounds
        busy = areas.loc[stands_out].representative_point().get_coordinates().to_numpy()
    outline_lpts(ax, lpts, areas.crs, busy)
    frame_map(ax, extent)
    if legend:
        ax.legend(handles=legend[::-1], loc="upper right", fontsize=8)
    words = "cells" if on_grid else "areas"
    ax.set_title(f"{len(stands_out):,} of {len(table):,} {words} stand out")
    if isinstance(areas, Grid):
        kind = "Hexagons" if areas.shape == "hex" else "Squares"
        note(ax, f"{kind} of {areas.size:g} m; pale: incidents, but not more than chance puts "
                 "there; blank: nothing there, or not tested.")  # fmt: skip
    return ax


def _check(table: Any, areas: Any) -> None:
    """Refuse a table that does not fit the areas, naming every fault."""
    if not isinstance(table, pd.DataFrame):
        raise InputError(
            "table",
            [f"it is of type {type(table).__name__}; give the .table of the statistics."],
        )
    faults = [
        f"column {name!r} is missing; give the .table of the statistics."
        for name in ("class_", "incidents")
        if name not in table.columns
    ]
    if isinstance(areas, Grid):
        fits = bool(np.isin(table.index.to_numpy(), areas.cells).all())
    elif hasattr(areas, "geometry"):
        fits = bool(table.index.isin(areas.index).all())
    else:
        faults.append(f"areas is of type {type(areas).__name__}; give a Grid or polygons.")
        fits = True
    if not fits:
        faults.append("some of its rows are not among the areas; give those it was made on.")
    if not faults:
        strange = sorted(set(map(str, table["class_"].unique())) - set(_COLOURS))
        faults += [f"class_ holds {', '.join(strange)}, which no local statistic gives."] * bool(
            strange
        )
    if faults:
        raise InputError("table", faults)
