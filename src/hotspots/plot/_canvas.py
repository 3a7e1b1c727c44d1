"""What the pictures share: axes, groups, map frames, outlines, notes and colours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np

from ..contracts import InputError

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

BLUE, RED, GREY, PALE = "#0072B2", "#D55E00", "#767676", "#E3E3E3"
"""Okabe and Ito's, which colour-blind readers can tell apart, and two greys."""


def new_axes(ax: Axes | None, size: tuple[float, float]) -> Axes:
    """Return the axes given, or those of a new figure of a size in inches."""
    from matplotlib.axes import Axes

    if isinstance(ax, Axes):
        return ax
    if ax is not None:
        kind = type(ax).__name__
        raise InputError("ax", [f"it is of type {kind}; give one Axes, or None for a new figure."])
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=size, layout="constrained")[1]


def note(ax: Axes, text: str) -> None:
    """Say the source below the axes, under the axis label, in lines as wide as the axes."""
    points = ax.get_window_extent().width * 72 / ax.figure.dpi
    lines = [part for line in text.splitlines() for part in wrap(line, max(40, int(points / 4.2)))]
    ax.annotate(
        "\n".join(lines), (0, 0), xycoords="axes fraction", xytext=(0, -38),
        textcoords="offset points", va="top", fontsize=8, color="#444444", annotation_clip=False,
    )  # fmt: skip


def of_group(frame: pd.DataFrame, keys: Sequence[str], values: Iterable[Any]) -> NDArray[np.bool_]:
    """Tell the rows of a group, which the values of its keys name."""
    same = np.ones(len(frame), dtype=bool)
    for key, value in zip(keys, values, strict=True):
        same &= (frame[key] == value).to_numpy(dtype=bool)
    return same


def outline_lpts(ax: Axes, lpts: gpd.GeoDataFrame | None, crs: Any, busy: Any) -> None:
    """Outline the LPTs, each named at a spot clear of its edge and of the ``busy`` points."""
    if lpts is None:
        return
    import geopandas as gpd
    from matplotlib.collections import LineCollection

    if not isinstance(lpts, gpd.GeoDataFrame):
        kind = type(lpts).__name__
        raise InputError("lpts", [f"it is of type {kind}; give what read_lpts returns, or None."])
    # geopandas' own plot redraws the whole figure each time
    lpts = lpts.to_crs(crs)
    ax.add_collection(
        LineCollection(rings(lpts), colors="#333333", linewidths=0.8, zorder=2), autolim=False
    )
    for name, area in lpts.geometry.iloc[np.argsort(lpts.area.to_numpy())].items():
        x, y = _clear_spot(area, busy)
        busy = np.vstack([busy, [[x, y]]])  # the next name stands clear of this one
        ax.annotate(
            str(name), (x, y), fontsize=8, ha="center", va="center", color="#555555", zorder=2,
            annotation_clip=True,
            bbox={"boxstyle": "round,pad=0.1", "fc": "white", "ec": "none", "alpha": 0.6},
        )  # fmt: skip


def rings(areas: gpd.GeoDataFrame) -> list[NDArray[np.float64]]:
    """Return the outer ring of every polygon, each as an array of corners."""
    import shapely

    rings = shapely.get_exterior_ring(shapely.get_parts(areas.geometry.to_numpy()))
    return [shapely.get_coordinates(ring) for ring in rings]


def _clear_spot(area: Any, busy: Any) -> tuple[float, float]:
    """Find the point of a lattice over an area that leaves most room for a name."""
    import shapely

    wide = np.array([0.3, 1.0])  # a name is wider than tall: distances across count for less
    area = shapely.transform(area, lambda at: at * wide)
    west, south, east, north = area.bounds
    x, y = np.meshgrid(np.linspace(west, east, 20), np.linspace(south, north, 20))
    points = shapely.points(x.ravel(), y.ravel())
    points = points[shapely.contains_xy(area, x.ravel(), y.ravel())]
    if len(points) == 0:
        points = np.array([area.representative_point()])
    room = shapely.distance(points, area.boundary)
    if len(busy):
        room = np.minimum(room, shapely.distance(points, shapely.multipoints(busy * wide)))
    best = points[int(np.argmax(room))]
    return float(best.x / wide[0]), float(best.y)


def frame_map(ax: Axes, bounds: tuple[float, ...]) -> None:
    """Frame a map: true proportions, axes in kilometres."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    west, south, east, north = bounds
    if np.isfinite(bounds).all():
        margin = 0.02 * max(east - west, north - south, 1000.0)
        ax.set_xlim(west - margin, east + margin)
        ax.set_ylim(south - margin, north + margin)
    ax.set_aspect("equal")
    for axis, name in ((ax.xaxis, "easting"), (ax.yaxis, "northing")):
        axis.set_major_locator(MaxNLocator(6))
        axis.set_major_formatter(FuncFormatter(lambda metres, _: f"{metres / 1000:g}"))
        axis.set_label_text(f"{name} (km)")
