"""The section on an evaluation: what was found, drawn, in numbers, and what speaks against it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .figures import picture
from .words import folded, paragraphs

if TYPE_CHECKING:
    from collections.abc import Callable

    import geopandas as gpd
    from matplotlib.axes import Axes

    from ..contracts import Result

_EFFECT = ["outcome", "part", "method", "unit", "estimate", "low", "high", "treated_before",
           "treated_after", "control_before", "control_after", "refused"]  # fmt: skip
_BESIDE = {"displacement": "Where it may have gone", "places": "Place by place",
           "side_effects": "What the patrols did beside"}  # fmt: skip
_MAP = "A map of the treated places and those they are compared with; the table lists them."
_ALT = "Estimates with their intervals and the course of both arms; the tables hold the figures."


def impact_body(impact: Result, lpts: gpd.GeoDataFrame | None = None) -> str:
    """Return what was found, pictures of it and of where, the estimates, and every check.

    Parameters
    ----------
    impact : Result
        With tables ``effect``, ``checks`` and ``series``; ``places`` are drawn where it has them.
    lpts : GeoDataFrame, optional
        LPTs to outline on the map of places.

    Returns
    -------
    str
    """
    from matplotlib.figure import Figure

    from ..plot import plot_expected, plot_impact, plot_places

    effect, checks = impact.tables["effect"], impact.tables["checks"]
    ratio = effect["main"] & (effect["unit"] == "ratio") & effect["low"].gt(0)
    ratio &= effect["high"].notna()
    parts = [paragraphs(impact.text)]
    drawn: list[tuple[Callable[..., Axes], int]] = [
        (plot_impact, int(ratio.sum())),
        (plot_expected, len(impact.tables["series"])),
    ]
    for draw, rows in drawn:
        if rows:
            axes = Figure(figsize=(9, 3.6)).add_subplot()
            draw(impact, ax=axes)
            parts.append(picture(axes.figure, _ALT))
    if len(impact.tables.get("places", ())):
        axes = Figure(figsize=(9, 6.2)).add_subplot()
        plot_places(impact, lpts=lpts, ax=axes)
        parts.append(picture(axes.figure, _MAP, crop=False))
    parts.append(folded("Every estimate, with the counts behind it", effect[_EFFECT]))
    parts.append(folded("What was checked", checks))
    parts += [
        folded(said, impact.tables[name])
        for name, said in _BESIDE.items()
        if name in impact.tables and len(impact.tables[name])
    ]
    return "".join(parts)
