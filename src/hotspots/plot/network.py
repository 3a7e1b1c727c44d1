"""Maps of heat along streets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..contracts import InputError
from ._canvas import PALE, frame_map, new_axes, note, outline_lpts

if TYPE_CHECKING:
    import geopandas as gpd
    from matplotlib.axes import Axes


def plot_network(
    lixels: gpd.GeoDataFrame, *, lpts: gpd.GeoDataFrame | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the heat of streets as a map.

    Parameters
    ----------
    lixels : GeoDataFrame
        LineStrings with a column ``heat``, as ``NetworkKDE(...).segments()`` gives them.
    lpts : GeoDataFrame, optional
        LPTs to outline and name.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when absent.

    Returns
    -------
    matplotlib.axes.Axes
        Eastings and northings in kilometres. Streets without heat are pale grey; of the others
        colour follows the square root of the heat and width the heat, so that the hot ones stand
        out in grey print too.

    Raises
    ------
    InputError
        If the table holds no lines or no heat.

    Examples
    --------
    >>> import hotspots as hs, geopandas as gpd, shapely
    >>> streets = gpd.GeoDataFrame(
    ...     {"heat": [3.0, 0.0]}, crs="EPSG:27700",
    ...     geometry=[shapely.LineString([(0, 0), (0, 90)]), shapely.LineString([(0, 0), (90, 0)])])
    >>> hs.plot_network(streets).get_title()
    'Heat along the streets'
    """
    import geopandas as gpd
    import pandas as pd
    import shapely
    from matplotlib.collections import LineCollection
    from matplotlib.colors import PowerNorm

    shaped = isinstance(lixels, gpd.GeoDataFrame) and lixels.active_geometry_name is not None
    if not (shaped and "heat" in lixels.columns):
        raise InputError(
            "lixels",
            [
                f"it is of type {type(lixels).__name__} without lines or a column 'heat'; "
                "give what NetworkKDE(...).segments() returns."
            ],
        )
    shapes = np.asarray(lixels.geometry.array)
    if not np.isin(shapely.get_type_id(shapes), (1, 5)).all():
        raise InputError("lixels", ["it holds shapes that are no lines; drop them."])
    if not pd.api.types.is_numeric_dtype(lixels["heat"].dtype) or np.isinf(lixels["heat"]).any():
        raise InputError("lixels", ["'heat' must hold finite numbers; mend it."])
    ax = new_axes(ax, (8, 8))
    heat = lixels["heat"].to_numpy(dtype=float)
    hottest = float(np.nanmax(heat, initial=0.0))
    norm = PowerNorm(0.5, vmin=0, vmax=max(hottest, np.finfo(float).tiny))
    hot = heat > 0
    order = np.flatnonzero(hot)[np.argsort(heat[hot], kind="stable")]  # the hottest on top
    cold = [shapely.get_coordinates(line) for line in shapes[~hot]]
    ax.add_collection(LineCollection(cold, colors=PALE, linewidths=0.7, zorder=1), autolim=False)
    drawn = LineCollection(
        [shapely.get_coordinates(line) for line in shapes[order]], array=heat[order], norm=norm,
        cmap="YlOrRd", linewidths=0.8 + 3 * heat[order] / max(hottest, 1e-300), zorder=2,
        capstyle="round",
    )  # fmt: skip
    ax.add_collection(drawn, autolim=False)
    bar = ax.figure.colorbar(drawn, ax=ax, shrink=0.6)
    bar.set_label("heat per km of street: higher is hotter (colours by its square root)")
    warm = shapes[heat > 0.1 * hottest] if hottest else shapes[:0]
    middles = shapely.get_coordinates(shapely.line_interpolate_point(warm, 0.5, normalized=True))
    outline_lpts(ax, lpts, lixels.crs, middles)
    frame_map(ax, tuple(lixels.total_bounds))
    ax.set_title("Heat along the streets")
    metres = float(shapely.length(shapes).sum())
    note(ax, f"{metres / 1000:,.0f} km of street in {len(lixels):,} pieces; grey: no heat.")
    return ax
