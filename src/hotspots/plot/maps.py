"""Maps of heat and hotspots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import HOTSPOTS, InputError, check_table
from ._canvas import GREY, RED, frame_map, new_axes, note, outline_lpts, rings

if TYPE_CHECKING:
    import geopandas as gpd
    from matplotlib.axes import Axes

    from ..places import Grid

_RUNS = 4  # most runs of ranks on one label


def plot_heat(
    heat: pd.Series, grid: Grid, *, lpts: gpd.GeoDataFrame | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the heat of every cell as a map.

    Parameters
    ----------
    heat : Series of float
        Indexed by cell, as a detector's ``predict(grid)`` gives it. Higher is hotter.
    grid : Grid
        The grid it was predicted on, of square or hexagonal cells.
    lpts : GeoDataFrame, optional
        LPTs to outline and name.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when absent.

    Returns
    -------
    matplotlib.axes.Axes
        Eastings and northings in kilometres. Cells without heat stay blank. The colours follow
        the square root of the heat, or the hottest few cells would leave all others one shade.

    Raises
    ------
    InputError
        If the heat does not fit the grid.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=2)
    >>> grid = hs.Grid.over(county.lpts, size=500)
    >>> ax = hs.plot_heat(grid.counts(county.incidents).rename("heat"), grid, lpts=county.lpts)
    >>> ax.get_xlabel()
    'easting (km)'
    """
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import PowerNorm

    if not isinstance(heat, pd.Series):
        raise InputError("heat", [f"it is of type {type(heat).__name__}; give a Series by cell."])
    ax = new_axes(ax, (8, 8))
    west, south, east, north = grid.extent
    hottest = float(heat.max()) if heat.notna().any() else 0.0
    norm = PowerNorm(0.5, vmin=0, vmax=max(hottest, np.finfo(float).tiny))
    drawn: Any
    if grid.shape == "square":
        raster = grid.raster(heat)
        drawn = ax.imshow(
            np.where(raster > 0, raster, np.nan), extent=(west, east, south, north), norm=norm,
            origin="lower", cmap="YlOrRd", interpolation="nearest", zorder=1,
        )  # fmt: skip
    else:
        warm = heat[heat > 0]
        hexagons = [ring[:-1] for ring in rings(grid.polygons(warm.index))]
        drawn = PolyCollection(hexagons, array=warm.to_numpy(), norm=norm, cmap="YlOrRd", zorder=1)
        ax.add_collection(drawn)
    bar = ax.figure.colorbar(drawn, ax=ax, shrink=0.6)
    bar.set_label("heat: higher is hotter (colours by its square root)")
    hot = heat.index[(heat > 0.1 * hottest).to_numpy()]
    outline_lpts(ax, lpts, grid.crs, grid.centres[np.searchsorted(grid.cells, hot.to_numpy())])
    frame_map(ax, (west, south, east, north))
    ax.set_title("Heat per cell")
    kind = "hexagons" if grid.shape == "hex" else "squares"
    note(ax, f"{len(grid.cells):,} {kind} of {grid.size:g} m; blank: no heat.")
    return ax


def plot_hotspots(
    hotspots: gpd.GeoDataFrame, *, lpts: gpd.GeoDataFrame | None = None, ax: Axes | None = None
) -> Axes:
    """Draw hotspots as a map, each with its rank.

    Parameters
    ----------
    hotspots : GeoDataFrame
        The hotspots table of any detector, or of your own (see the contracts).
    lpts : GeoDataFrame, optional
        LPTs to outline and name.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when absent.

    Returns
    -------
    matplotlib.axes.Axes
        Eastings and northings in kilometres, framed on the hotspots. A hotspot is too small to
        see on a county map, so each has a ring around its true outline, and its rank beside it;
        hotspots too close to tell apart share one label with all their ranks.

    Raises
    ------
    InputError
        If the table breaks its contract.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=12, scale=0.2)
    >>> grid = hs.Grid.over(county.lpts, size=200)
    >>> spots = hs.Counts(include_police=True).fit(county.incidents).hotspots(grid, top_k=3)
    >>> hs.plot_hotspots(spots, lpts=county.lpts).get_title()
    '3 hotspots'
    """
    from matplotlib.collections import PolyCollection

    check_table(hotspots, HOTSPOTS)
    ax = new_axes(ax, (8, 8))
    centre = hotspots.geometry.representative_point()
    x, y = centre.x.to_numpy(), centre.y.to_numpy()
    outline_lpts(ax, lpts, hotspots.crs, np.column_stack([x, y]))
    framed = hotspots if len(hotspots) or lpts is None else lpts.to_crs(hotspots.crs)
    west, south, east, north = framed.total_bounds
    room = 1000 + 0.15 * max(east - west, north - south)
    frame_map(ax, (west - room, south - room, east + room, north + room))
    count = len(hotspots)
    ax.set_title(f"{count:,} hotspot{'' if count == 1 else 's'}" if count else "No hotspots")
    if not count:
        return ax
    ax.add_collection(PolyCollection(rings(hotspots), color=RED, zorder=3), autolim=False)
    ax.scatter(x, y, s=90, facecolors="none", edgecolors=RED, linewidths=1.2, zorder=6)
    _name_ranks(ax, hotspots, x, y)
    start, end = hotspots["period_start"].min(), hotspots["period_end"].max()
    methods = ", ".join(sorted(set(map(str, hotspots["method"]))))
    if end == end.normalize() and end > start:  # the end itself is outside
        end -= pd.Timedelta(days=1)
    note(ax, f"Incidents {start.day} {start:%b %Y} to {end.day} {end:%b %Y}. Number: rank, 1 is "
              f"the hottest; \"1–3\": 1, 2 and 3.\n"
              f"Method: {methods}.")  # fmt: skip
    return ax


def _name_ranks(ax: Axes, hotspots: gpd.GeoDataFrame, x: Any, y: Any) -> None:
    """Write each rank beside its hotspot; those too close to tell apart share one label."""
    import shapely

    reach = 0.022 * max(np.ptp(ax.get_xlim()), np.ptp(ax.get_ylim()))
    points = shapely.points(x, y)
    clumps = shapely.get_parts(shapely.union_all(shapely.buffer(points, reach / 2)))
    ranks = hotspots["rank"].to_numpy()
    middle = np.median([clump.centroid.x for clump in clumps])
    per_point = 72 / ax.figure.dpi * ax.get_window_extent().height / np.ptp(ax.get_ylim())
    boxes: list[tuple[float, float, float]] = []  # left, right and height of each label, in points
    for clump in sorted(clumps, key=lambda clump: clump.centroid.y):
        inside = np.flatnonzero(shapely.intersects(clump, points))
        inside = inside[np.argsort(ranks[inside])]
        west = clump.centroid.x < middle  # labels point outwards, away from the other hotspots
        edge = inside[np.argmin(x[inside]) if west else np.argmax(x[inside])]
        label = _ranges(ranks[inside])
        at, up = x[edge] * per_point, y[edge] * per_point
        left, right = (at - 7 - 6 * len(label), at) if west else (at, at + 7 + 6 * len(label))
        for other in boxes:  # from below: a label that would cover another moves above it
            if left < other[1] and right > other[0] and abs(up - other[2]) < 13:
                up = other[2] + 13
        boxes.append((left, right, up))
        ax.annotate(
            label, (x[edge], y[edge]), xytext=(-7 if west else 7, 2 + up - y[edge] * per_point),
            textcoords="offset points", zorder=5, fontsize=9,
            ha="right" if west else "left", fontweight="bold",
            arrowprops={"arrowstyle": "-", "lw": 0.6, "color": GREY, "shrinkA": 0, "shrinkB": 4},
            bbox={"boxstyle": "round,pad=0.1", "fc": "white", "ec": "none", "alpha": 0.75},
        )  # fmt: skip


def _ranges(ranks: Any) -> str:
    """Write ranks briefly: "1–3, 5", and how many more where they are many."""
    ranks = np.asarray(ranks)
    runs = np.split(ranks, np.flatnonzero(np.diff(ranks) != 1) + 1)
    said = [
        f"{run[0]:g}–{run[-1]:g}" if len(run) > 2 else ", ".join(f"{rank:g}" for rank in run)
        for run in runs
    ]
    rest = sum(len(run) for run in runs[_RUNS:])
    return ", ".join(said[:_RUNS]) + (f" and {rest} more" if rest else "")
