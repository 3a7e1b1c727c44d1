"""The need of hotspots by hour of the day, and the visits planned against it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..contracts import InputError, Result
from ._canvas import RED, new_axes, note

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST = 20
DAY_BEGINS = 6  # so that a night stands together


def plot_demand(
    demand: Result, plan: Result | None = None, *, lpt: str | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the need of each hotspot by hour of the day, with the visits planned.

    Parameters
    ----------
    demand : Demand
        As ``patrol_demand`` gives it.
    plan : PatrolPlan, optional
        Its visits are drawn as dots at the hour they begin.
    lpt : str, optional
        One LPT; the 20 hotspots with most need of all of them when absent.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure, as tall as the hotspots need, when absent.

    Returns
    -------
    matplotlib.axes.Axes
        Hours from 06:00 against hotspots, those with most need on top. The darker, the more need
        in that hour of an average day.

    Raises
    ------
    InputError
        If it is no demand, or the LPT has no hotspot.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=3)
    >>> spots = hs.Counts(include_police=True).fit(county.incidents).hotspots(
    ...     hs.Grid.over(county.lpts, size=200), top_k=5)
    >>> hs.plot_demand(hs.patrol_demand(spots, county.incidents)).get_xlabel()
    'hour of the day'
    """
    tables = demand.tables if isinstance(demand, Result) else {}
    if not {"need", "hours"} <= set(tables) or "intensity" not in tables["hours"].columns:
        fault = f"it is of type {type(demand).__name__}; give what patrol_demand returns."
        raise InputError("plot_demand", [fault])
    need = tables["need"]
    if lpt is not None:
        need = need[need["lpt"].astype("str") == str(lpt)]
        if need.empty:
            known = ", ".join(sorted(set(tables["need"]["lpt"].astype("str"))))
            raise InputError("plot_demand", [f"no hotspot lies in {lpt!r}; there are {known}."])
    shown = need.sort_values("need", ascending=False, kind="stable").head(MOST)
    ax = new_axes(ax, (10, 1.8 + 0.3 * max(len(shown), 1)))
    hours = tables["hours"]
    hours = hours[hours["hotspot"].isin(shown.index)]
    hourly = hours.assign(hour=hours["hour_of_week"] % 24)
    by_hour = hourly.pivot_table(index="hotspot", columns="hour", values="intensity")
    rate = by_hour.reindex(shown.index) / 24
    values = rate.to_numpy().reshape(len(shown), -1) * shown["need"].to_numpy()[:, None] * 100
    if values.size:
        image = ax.imshow(np.roll(values, -DAY_BEGINS, axis=1), aspect="auto", cmap="Blues",
                          vmin=0, extent=(0, 24, len(shown), 0))  # fmt: skip
        ax.figure.colorbar(image, ax=ax, label="share of all need (%), per hour", shrink=0.8)
    _visits(ax, plan, shown)
    names = shown["name"] if "name" in shown.columns else pd.Series("", shown.index)
    ax.set_yticks(
        np.arange(len(shown)) + 0.5,
        [f"{str(name)[:40]} ({key})" if isinstance(name, str) and name else str(key)
         for key, name in names.items()],
        fontsize=8,
    )  # fmt: skip
    ticks = np.arange(0, 25, 3)
    ax.set_xticks(ticks, [f"{(t + DAY_BEGINS) % 24:02d}:00" for t in ticks])
    ax.set_xlabel("hour of the day")
    ax.set_title(f"Need by hour{'' if lpt is None else f', {lpt}'}")
    few = f"The {len(shown)} hotspots with most need of {len(need):,}. " * (len(need) > len(shown))
    flat = "" if (rate.std(axis=1) > 0).any() else "No hour stands out in these records. "
    note(ax, f"{few}{flat}An average day of the week; dots are visits of the whole plan."
         if plan is not None else f"{few}{flat}An average day of the week.")  # fmt: skip
    return ax


def _visits(ax: Axes, plan: Result | None, shown: pd.DataFrame) -> None:
    """Draw a dot for each visit, those of different days a little apart."""
    visits = None if plan is None else plan.tables.get("visits")
    if visits is None:
        return
    mine = visits[visits["hotspot"].isin(shown.index)]
    arrive = mine["arrive"].dt.hour + mine["arrive"].dt.minute / 60
    row = shown.index.get_indexer(pd.Index(mine["hotspot"]))
    day = (mine["arrive"].dt.normalize() - mine["arrive"].min().normalize()).dt.days.to_numpy()
    apart = 0.2 + 0.6 * (day % 7) / 6
    ax.scatter((arrive - DAY_BEGINS) % 24, row + apart, s=9, color=RED, linewidths=0)
