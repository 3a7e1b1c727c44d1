"""A picture of treated places and those they are compared with, before the start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from ..contracts import InputError, Result
from ._canvas import BLUE, GREY, PALE, new_axes, note

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COURSE = ("month", "chosen", "treated", "control")


def plot_matches(matches: Result, *, ax: Axes | None = None) -> Axes:
    """Draw how treated and comparison places went before the start.

    Parameters
    ----------
    matches : Matches
        As ``match_controls`` gives it.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
        Incidents a place and month; the months the places were chosen for are shaded.

    Raises
    ------
    InputError
        If it has no table ``course``, or nothing was matched.

    Examples
    --------
    >>> import geopandas as gpd, hotspots as hs
    >>> county = hs.make_county(seed=1, months=24, scale=0.5)
    >>> spots = county.hotspots.query("treated")
    >>> circles = gpd.points_from_xy(spots["easting"], spots["northing"]).buffer(150)
    >>> treated = gpd.GeoDataFrame(geometry=circles, index=spots.index, crs="EPSG:27700")
    >>> matches = hs.match_controls(treated, None, county.incidents, start="2024-09-01")
    >>> hs.plot_matches(matches).get_ylabel()
    'incidents a place and month'
    """
    course = matches.tables.get("course") if isinstance(matches, Result) else None
    if course is None or not set(_COURSE) <= set(course.columns):
        raise InputError("plot_matches", [
            f"it is of type {type(matches).__name__} without a table course with "
            f"{', '.join(_COURSE)}; give what match_controls returns."
        ])  # fmt: skip
    if not course["control"].notna().any():
        raise InputError("plot_matches", ["no place was matched: there is nothing to draw."])
    ax = new_axes(ax, (8, 4))
    month = course["month"]
    chosen = month[course["chosen"].astype(bool)]
    ax.axvspan(chosen.iloc[0], chosen.iloc[-1] + pd.DateOffset(months=1), color=PALE, zorder=0,
               label="the months they were chosen for")  # fmt: skip
    middle = month + pd.Timedelta(days=15)
    ax.plot(middle, course["control"], color=GREY, marker="s", ms=4, label="comparison places")
    ax.plot(middle, course["treated"], color=BLUE, marker="o", ms=4, label="hotspots")
    ax.set_ylim(0, max(course["treated"].max(), course["control"].max()) * 1.25)
    ax.set_ylabel("incidents a place and month")
    ax.set_title("Before the start")
    ax.legend(loc="upper left", fontsize=8, ncols=3, framealpha=0.8)
    note(ax, matches.text.split("\n")[0])
    return ax
