"""The interactive map of a report, as a bokeh document that needs no tiles and no network."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import located

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

ASPECT = 0.95
"""Width over height of the map; the ranges keep it, so a metre is as long both ways."""
BACKDROP = 250
"""Side in metres of the grey squares that show where incidents lie at all."""
FEWEST = 5
"""Fewest incidents a grey square holds, so that none points at a single address."""
INKS = ("#b3261e", "#1f5fa8", "#8a5a00", "#5b3a94")
"""Colours of the hotspots tables, in the order given; each at least 4.5 to 1 on white."""


@dataclass(frozen=True)
class View:
    """The part of the ground on show: west, south, east and north in metres."""

    west: float
    south: float
    east: float
    north: float

    @classmethod
    def around(cls, bounds: NDArray[np.float64], margin: float = 0.04) -> View:
        """Return the smallest view of the right shape around west, south, east and north."""
        west, south, east, north = map(float, bounds)
        height = max(north - south, (east - west) / ASPECT, 500.0) * (1 + 2 * margin)
        x, y, half = (west + east) / 2, (south + north) / 2, height / 2
        return cls(x - half * ASPECT, y - half, x + half * ASPECT, y + half)


def has_bokeh() -> bool:
    """Tell whether the interactive map can be made."""
    return importlib.util.find_spec("bokeh") is not None


def bokeh_script() -> str:
    """Return the part of BokehJS the map needs, to stand inside the page."""
    from bokeh.resources import Resources

    inline = Resources(mode="inline", minified=True, components=["bokeh"])
    return "\n".join(inline.js_raw)


def bokeh_map(
    rows: pd.DataFrame,
    shapes: gpd.GeoSeries,
    lpts: gpd.GeoDataFrame | None,
    incidents: gpd.GeoDataFrame | None,
) -> tuple[str, dict[str, list[float]]]:
    """Draw hotspots on the LPT outlines.

    Parameters
    ----------
    rows : DataFrame
        One row per hotspot with ``rank``, ``name``, ``lpt``, ``incidents``, ``harm``, ``set`` and
        ``reason``, all to be shown as they are.
    shapes : GeoSeries
        Outlines in the order of ``rows``.
    lpts : GeoDataFrame or None
        In the CRS of ``shapes``.
    incidents : GeoDataFrame or None
        For the grey backdrop; in the CRS of ``shapes``.

    Returns
    -------
    item : str
        The bokeh document as JSON, safe inside a ``script`` element.
    views : dict of str to list of float
        West, south, east and north to show per LPT, and under ``""`` for the whole.
    """
    from bokeh.core.types import ID
    from bokeh.embed import json_item
    from bokeh.models import Range1d
    from bokeh.plotting import figure

    whole = shapes.total_bounds if lpts is None else lpts.total_bounds
    view = View.around(whole)
    plot = figure(
        x_range=Range1d(start=view.west, end=view.east),
        y_range=Range1d(start=view.south, end=view.north),
        width=600, height=round(600 / ASPECT), aspect_ratio=ASPECT, sizing_mode="scale_width",
        tools="", toolbar_location="above", name="map", background_fill_color="#f7f8fa",
        outline_line_color="#c9d0da", min_border=0, output_backend="canvas",
    )  # fmt: skip
    plot.axis.visible = False
    plot.grid.visible = False
    plot.toolbar.logo = None
    if incidents is not None:
        _draw_backdrop(plot, incidents)
    if lpts is not None:
        centres = shapes.representative_point()
        taken = np.column_stack([centres.x, centres.y])
        _draw_lpts(plot, lpts, (view.north - view.south) / 2000, taken)
    _draw_hotspots(plot, rows, shapes)
    _add_tools(plot)
    item = json.dumps(json_item(plot, ID("map"))).replace("<", "\\u003c")
    return item, _views(view, shapes, rows["lpt"].to_numpy(), lpts)


def _views(
    whole: View, shapes: gpd.GeoSeries, lpt: NDArray[Any], lpts: gpd.GeoDataFrame | None
) -> dict[str, list[float]]:
    def bounds(view: View) -> list[float]:
        return [round(edge) for edge in (view.west, view.south, view.east, view.north)]

    views = {"": bounds(whole)}
    for name in sorted(set(lpt)):
        inside = shapes[lpt == name].total_bounds
        if lpts is not None and name in lpts.index:
            inside = lpts.geometry[[name]].total_bounds
        views[str(name)] = bounds(View.around(inside))
    return views


def _rings(shapes: gpd.GeoSeries) -> tuple[list[Any], list[Any]]:
    """Return nested coordinates as bokeh wants them: shapes of polygons of rings."""
    xs, ys = [], []
    for shape in shapes:
        polygons = [
            [np.asarray(ring.coords)[:, :2].round(1) for ring in (p.exterior, *p.interiors)]
            for p in getattr(shape, "geoms", [shape])
            if p.geom_type == "Polygon" and not p.is_empty
        ]
        xs.append([[ring[:, 0].tolist() for ring in polygon] for polygon in polygons])
        ys.append([[ring[:, 1].tolist() for ring in polygon] for polygon in polygons])
    return xs, ys


def _draw_backdrop(plot: Any, incidents: gpd.GeoDataFrame) -> None:
    import shapely

    points = np.asarray(incidents.geometry.array)[located(incidents)]
    where = np.floor(shapely.get_coordinates(points) / BACKDROP).astype(np.int64)
    cells, counts = np.unique(where, axis=0, return_counts=True)
    cells, counts = cells[counts >= FEWEST], counts[counts >= FEWEST]
    if len(cells) == 0:
        return
    shade = np.log(counts / FEWEST) / max(np.log(counts.max() / FEWEST), 1e-9)
    level = np.digitize(shade, [0.25, 0.5, 0.75])
    for n, ink in enumerate(("#e3e6eb", "#cfd4dc", "#b4bbc7", "#98a1b0")):
        west, south = (cells[level == n] * BACKDROP).T.astype(float)
        plot.rect(
            x=west + BACKDROP / 2, y=south + BACKDROP / 2, width=BACKDROP, height=BACKDROP,
            fill_color=ink, line_color=ink, line_width=0.5,
        )  # fmt: skip


def _places(
    lpts: gpd.GeoDataFrame, half: NDArray[np.float64], marks: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return where to write each name: in its area, clear of the marks and of other names."""
    import shapely

    taken = np.column_stack([marks, np.zeros_like(marks)])  # x, y, half width, half height
    placed = np.zeros((len(lpts), 2))
    for n in np.argsort(lpts.geometry.area.to_numpy()):  # the smallest has the least choice
        shape = lpts.geometry.iloc[n]
        west, south, east, north = shape.bounds
        x, y = np.meshgrid(np.linspace(west, east, 41), np.linspace(south, north, 41))
        points = shapely.points(x.ravel(), y.ravel())
        points = np.append(points[shapely.contains(shape, points)], shape.representative_point())
        xy = shapely.get_coordinates(points)
        inside = shapely.distance(shape.boundary, points)
        room = inside
        if len(taken):
            gap = np.abs(xy[:, None, :] - taken[:, :2]) - half[n] - taken[:, 2:]
            # the last term chooses among places that are all clear
            room = np.minimum(inside, 4 * gap.max(axis=2).min(axis=1)) + inside * 1e-3
        placed[n] = xy[int(room.argmax())]
        taken = np.vstack([taken, [*placed[n], *half[n]]])
    return placed


def _draw_lpts(plot: Any, lpts: gpd.GeoDataFrame, step: float, taken: NDArray[np.float64]) -> None:
    from bokeh.core.properties import value
    from bokeh.models import ColumnDataSource

    xs, ys = _rings(lpts.geometry.simplify(step))
    names = lpts["name"] if "name" in lpts.columns else pd.Series(lpts.index, lpts.index)
    names = names.astype(object).where(names.notna(), lpts.index).astype(str)
    pixel = step * 2000 / 560
    half = np.array([(pixel * (3.7 * len(name) + 8), pixel * 14) for name in names])
    label = _places(lpts, half, taken)
    source = ColumnDataSource({
        "xs": xs, "ys": ys, "x": label[:, 0].tolist(), "y": label[:, 1].tolist(),
        "name": names.tolist(),
    })  # fmt: skip
    plot.multi_polygons(
        "xs", "ys", source=source, fill_alpha=0, line_color="#3c4757", line_width=1.2
    )
    plot.text(
        "x", "y", "name", source=source, text_align="center", text_baseline="middle",
        text_font_size="12px", text_font_style="bold", text_font=value("system-ui, sans-serif"),
        text_color="#26303d", background_fill_color="#ffffff", background_fill_alpha=0.75,
        padding=2, border_radius=3,
    )  # fmt: skip


def _draw_hotspots(plot: Any, rows: pd.DataFrame, shapes: gpd.GeoSeries) -> None:
    from bokeh.core.properties import value
    from bokeh.models import BooleanFilter, CDSView, ColumnDataSource, HoverTool, TapTool

    # Drawn last to first, so that the hottest lie on top; the page counts the same way.
    rows, shapes = rows[::-1], shapes[::-1]
    xs, ys = _rings(shapes)
    centre = shapes.representative_point()
    source = ColumnDataSource(
        {
            "xs": xs, "ys": ys, "x": centre.x.tolist(), "y": centre.y.tolist(),
            "ink": [INKS[(n - 1) % len(INKS)] for n in rows["set"]],
            "facts": [_facts(row) for row in rows.to_dict("records")],
            **{str(c): rows[c].astype(str).tolist() for c in rows.columns},
        },
        name="hotspots",
    )  # fmt: skip
    view = CDSView(filter=BooleanFilter(name="shown"))
    plot.multi_polygons(
        "xs", "ys", source=source, view=view, fill_color="ink", fill_alpha=0.35,
        line_color="ink", line_width=1.5, selection_line_color="#111111",
        selection_line_width=3, nonselection_fill_alpha=0.25, nonselection_line_alpha=0.6,
    )  # fmt: skip
    marks = plot.scatter(  # what is hovered, tapped and ringed; the badge below is what is seen
        "x", "y", source=source, view=view, marker="circle", size=20, fill_color="ink",
        line_color="ink", selection_line_color="#111111", selection_line_width=5,
        nonselection_fill_alpha=1, nonselection_line_alpha=1,
    )  # fmt: skip
    badge = plot.text(
        "x", "y", "rank", source=source, view=view, text_align="center", anchor="center",
        text_baseline="middle", text_font_size="11px", text_font_style="bold",
        text_font=value("system-ui, sans-serif"), text_color="#ffffff", padding=4,
        background_fill_color="ink", border_line_color="#ffffff", border_line_width=1.5,
        border_radius=9,
    )  # fmt: skip
    badge.selection_glyph = badge.nonselection_glyph = badge.glyph
    # bokeh escapes what it puts in for @name, so a street called <script> stays a name
    tips = (
        '<div style="max-width:270px;white-space:normal;font:13px/1.4 system-ui,sans-serif;'
        'color:#1a2330;padding:2px 4px"><strong>@rank. @name</strong> (@lpt)<br>'
        "@facts<br>@reason</div>"
    )
    plot.add_tools(HoverTool(renderers=[marks], tooltips=tips), TapTool(renderers=[marks]))


def _facts(row: dict[Any, Any]) -> str:
    units = {"incidents": "incident", "harm": "day of harm", "visits": "visit planned"}
    said = []
    for fact, one in units.items():
        if row[fact]:
            thing, _, rest = one.partition(" ")
            said.append(f"{row[fact]} {thing}{'' if row[fact] == '1' else 's'} {rest}".rstrip())
    return " · ".join(said)


def _add_tools(plot: Any) -> None:
    from bokeh.models import PanTool, ResetTool, WheelZoomTool, ZoomInTool, ZoomOutTool
    from bokeh.models.annotations.dimensional import Metric
    from bokeh.models.annotations.legends import ScaleBar

    pan, wheel = PanTool(), WheelZoomTool()
    plot.add_tools(pan, wheel, ZoomInTool(), ZoomOutTool(), ResetTool())
    plot.toolbar.active_drag = None  # the page wakes both when the map is clicked
    plot.toolbar.active_scroll = None
    plot.add_layout(
        ScaleBar(
            range=plot.x_range, unit="m", dimensional=Metric(base_unit="m"),
            location="bottom_right", background_fill_alpha=0.8, border_line_color=None,
        )
    )  # fmt: skip
