"""A map of the places of a trial or an evaluation, by what they stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import InputError, Result
from ._canvas import BLUE, GREY, RED, frame_map, new_axes, note, outline_lpts, rings

if TYPE_CHECKING:
    import geopandas as gpd
    from matplotlib.axes import Axes

# arm: colour, marker, whether it is filled, name
_ARMS: dict[str, tuple[str, str, bool, str]] = {
    "treated": (BLUE, "o", True, "treated"),
    "control": (RED, "s", False, "compared"),
    "both": (BLUE, "D", True, "treated on some days, compared on others"),
}
_PAIRED = (2, 3)  # places of a block joined by a line: more would be a tangle


def plot_places(
    found: Result, *, lpts: gpd.GeoDataFrame | None = None, ax: Axes | None = None
) -> Axes:
    """Draw where the places of a trial or an evaluation are, and which of them were treated.

    Parameters
    ----------
    found : TrialDesign, Impact or Matches
        Or any result with a table ``sites`` or ``places`` of polygons with their ``arm``, or with
        tables ``treated`` and ``control``.
    lpts : GeoDataFrame, optional
        LPTs to outline and name.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when absent.

    Returns
    -------
    matplotlib.axes.Axes
        Eastings and northings in kilometres, framed on the places. Each has its outline and a
        mark, as it is too small to see on a county map; a line joins places that were drawn or
        matched in pairs (or threes). In a stepped wedge the number is the step it starts at.

    Raises
    ------
    InputError
        If it has no such tables, or no place.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=24)
    >>> trial = hs.design_trial(county.hotspots, county.incidents, design="pairs",
    ...                         start="2025-01-06", weeks=12, seed=1)
    >>> hs.plot_places(trial, lpts=county.lpts).get_title()
    '7 places treated, 7 compared'
    """
    from matplotlib.collections import PolyCollection

    places = _places(found)
    ax = new_axes(ax, (8, 8))
    centre = places.geometry.representative_point()
    xy = np.column_stack([centre.x.to_numpy(), centre.y.to_numpy()])
    outline_lpts(ax, lpts, places.crs, xy)
    west, south, east, north = places.total_bounds
    room = 1000 + 0.05 * max(east - west, north - south)
    frame_map(ax, (west - room, south - room, east + room, north + room))
    joined = _join(ax, places, xy)
    steps = places.get("step", pd.Series(np.nan, index=places.index))
    stepped = (places["arm"] == "both").to_numpy() & steps.notna().to_numpy()
    for arm, (colour, marker, filled, name) in _ARMS.items():
        here = (places["arm"] == arm).to_numpy()
        if here.any():
            outlines = PolyCollection(
                rings(places[here]), facecolors="none", edgecolors=colour, zorder=4
            )
            ax.add_collection(outlines, autolim=False)
            if arm == "both" and stepped.any():
                name = "compared until its step, treated from then on"
            ax.scatter(
                xy[here, 0], xy[here, 1], s=45, marker=marker, edgecolors=colour, zorder=5,
                facecolors=colour if filled else "white", linewidths=1.4,
                label=f"{name} ({here.sum():,})",
            )  # fmt: skip
    for at, step in zip(xy[stepped], steps[stepped], strict=True):
        ax.annotate(f"{step:g}", at, xytext=(6, 3), textcoords="offset points", fontsize=9,
                    fontweight="bold", color="#333333", zorder=6)  # fmt: skip
    ax.legend(loc="best", fontsize=8, framealpha=0.85)
    ax.set_title(_title(places))
    told = [f"A line joins {joined}." if joined else "",
            "Number: the step at which patrols begin." if stepped.any() else ""]  # fmt: skip
    if said := " ".join(filter(None, told)):
        note(ax, said)
    return ax


def _places(found: Any) -> gpd.GeoDataFrame:
    """Return the places with their arm, whichever result they come from."""
    import geopandas as gpd

    tables = found.tables if isinstance(found, Result) else {}
    places = tables.get("sites", tables.get("places"))
    if places is None and {"treated", "control"} <= set(tables):
        one, two = tables["treated"], tables["control"]
        if isinstance(one, gpd.GeoDataFrame) and isinstance(two, gpd.GeoDataFrame):
            columns = [c for c in ("block", "geometry") if c in one and c in two]
            places = pd.concat([
                one[columns].assign(arm="treated"),
                two[columns].to_crs(one.crs).assign(arm="control"),
            ])  # fmt: skip
    if not isinstance(places, gpd.GeoDataFrame) or "arm" not in places:
        raise InputError("plot_places", [
            f"it is of type {type(found).__name__} without a table of polygons with their arm; "
            "give what design_trial, estimate_impact or match_controls returns."
        ])  # fmt: skip
    places = places[places.geometry.notna() & ~places.geometry.is_empty]
    if strange := sorted(set(map(str, places["arm"])) - set(_ARMS)):
        raise InputError("plot_places", [
            f"arm is {strange[0]!r}; it takes {', '.join(map(repr, _ARMS))}."
        ])  # fmt: skip
    if len(places) == 0:
        raise InputError("plot_places", ["there is no place to draw."])
    return places


def _join(ax: Axes, places: gpd.GeoDataFrame, xy: Any) -> str:
    """Join the places of each small block, and return what the lines join."""
    if "block" not in places or len(places) < _PAIRED[0]:
        return ""
    block = pd.factorize(places["block"])[0]
    size = np.bincount(block[block >= 0])
    small = np.flatnonzero((size >= _PAIRED[0]) & (size <= _PAIRED[1]))
    if len(small) == 0 or size.max() > _PAIRED[1]:
        return ""
    for one in small:
        members = xy[block == one]
        if len(members) > 2:
            members = np.vstack([members, members[:1]])
        ax.plot(*members.T, color=GREY, lw=0.9, ls="--", zorder=3)
    return "the places of a pair" if size.max() == 2 else "places drawn or matched together"


def _title(places: gpd.GeoDataFrame) -> str:
    many = places["arm"].value_counts()
    if "both" in many:
        one = int(many["both"])
        return f"{one:,} place{'' if one == 1 else 's'}, each treated at times"
    treated, control = int(many.get("treated", 0)), int(many.get("control", 0))
    first = f"{treated:,} place{'' if treated == 1 else 's'} treated"
    return f"{first}, {control:,} compared" if control else f"{first}, none compared"
