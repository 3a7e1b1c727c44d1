"""Pictures of patrol plans."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..contracts import VISITS, InputError, Result, check_table
from ._canvas import GREY, PALE, new_axes, note

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SHIFTS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999")


def plot_plan(
    plan: Result, *, day: str | pd.Timestamp | None = None, ax: Axes | None = None
) -> Axes:
    """Draw one duty day of a patrol plan: a row per unit, a bar per visit, by the clock.

    Parameters
    ----------
    plan : PatrolPlan
        Any result with a ``visits`` table (see the contracts).
    day : str or Timestamp, optional
        The date the shifts start on (of arrival, where visits have no ``date``); the plan's
        first when absent.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure, as tall as the units need, when absent.

    Returns
    -------
    matplotlib.axes.Axes
        Clock time against units, grouped by LPT. Colours tell the shifts; the thin grey line
        before a visit is the travel to it.

    Raises
    ------
    InputError
        If there are no visits table or none on that day.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=12, scale=0.2)
    >>> detector = hs.Counts(include_police=True).fit(county.incidents)
    >>> spots = detector.hotspots(hs.Grid.over(county.lpts), top_k=5)
    >>> plan = hs.plan_patrols(spots, lpts=county.lpts, shifts=county.shifts,
    ...                        units=county.units, start="2026-01-05", days=1)
    >>> hs.plot_plan(plan).get_title()
    'Patrol plan for Monday 5 January 2026'
    """
    visits, date = _visits_on(plan, day)
    units = visits[["lpt", "unit"]].drop_duplicates().sort_values(["lpt", "unit"])
    units = units.reset_index(drop=True)
    ax = new_axes(ax, (11, max(3.0, 1.8 + 0.24 * len(units))))
    rows = {(u.lpt, u.unit): n for n, u in enumerate(units.itertuples())}
    y = np.array([rows[key] for key in zip(visits["lpt"], visits["unit"], strict=True)])
    hours = [(visits[c] - date) / pd.Timedelta("1h") for c in ("arrive", "depart")]
    arrive, depart = (h.to_numpy() for h in hours)
    travel = np.zeros(len(visits))
    if "travel_min" in visits.columns:
        travel = visits["travel_min"].fillna(0).to_numpy() / 60
    ax.hlines(y, arrive - travel, arrive, color=GREY, linewidth=1.5, zorder=2)
    for shift, colour in zip(pd.unique(visits["shift"]), _SHIFTS * 9, strict=False):
        on = (visits["shift"] == shift).to_numpy()
        ax.barh(y[on], depart[on] - arrive[on], left=arrive[on], height=0.62, color=colour,
                label=str(shift), zorder=3)  # fmt: skip
    for number, (_, team) in enumerate(units.groupby("lpt")):
        if number % 2 == 0:
            ax.axhspan(team.index[0] - 0.5, team.index[-1] + 0.5, color="#F2F2F2", zorder=0)
    ax.set_yticks(units.index, [f"{u.lpt}: {u.unit}" for u in units.itertuples()], fontsize=8)
    ax.set_ylim(len(units) - 0.5, -0.5)
    first, last = np.floor((arrive - travel).min()), np.ceil(depart.max())
    step = 1 if last - first <= 14 else 2
    ticks = np.arange(first, last + 1, step)
    ax.set_xticks(ticks, [f"{int(t) % 24:02d}:00" for t in ticks])
    ax.set_xlim(first, last)
    ax.set_xlabel("time of day" + (" (past midnight: the next morning)" if last > 24 else ""))
    ax.set_ylabel("unit")
    ax.grid(axis="x", color=PALE, zorder=1)
    ax.set_title(f"Patrol plan for {date:%A} {date.day} {date:%B %Y}")
    ax.legend(title="shift", loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=8)
    note(ax, f"{len(visits):,} visits by {len(units):,} units to "
              f"{visits['hotspot'].nunique():,} hotspots; grey: travel.")  # fmt: skip
    return ax


def _visits_on(plan: Result, day: str | pd.Timestamp | None) -> tuple[pd.DataFrame, pd.Timestamp]:
    """Return the visits of one duty day, and its date."""
    visits = getattr(plan, "tables", {}).get("visits")
    if visits is None:
        raise InputError(
            "plot_plan",
            [
                f"it is of type {type(plan).__name__} without visits; give what plan_patrols "
                "returns."
            ],
        )
    check_table(visits, VISITS)
    if len(visits) == 0:
        raise InputError("plot_plan", ["the plan holds no visits; its text says why."])
    dates = pd.to_datetime(visits["date"] if "date" in visits.columns else visits["arrive"])
    dates = dates.dt.normalize()
    date = dates.min() if day is None else pd.Timestamp(day).normalize()
    if not (dates == date).any():
        raise InputError("plot_plan", [
            f"no visit on {date:%Y-%m-%d}; the plan runs from {dates.min():%Y-%m-%d} to "
            f"{dates.max():%Y-%m-%d}."
        ])  # fmt: skip
    return visits[dates == date], date
