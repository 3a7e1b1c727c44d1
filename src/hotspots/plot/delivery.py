"""The picture of what was delivered: planned against seen minutes per hotspot and day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..contracts import InputError, Result
from ._canvas import BLUE, GREY, PALE, new_axes, note

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST = 24  # hotspots in one picture
_DAYS = 35  # days up to which each has its column; weeks beyond


def plot_delivery(delivery: Result, lpt: str | None = None, *, ax: Axes | None = None) -> Axes:
    """Draw planned and delivered minutes per hotspot and day, each in its own cell.

    Parameters
    ----------
    delivery : Delivery
        As ``match_delivery`` gives it.
    lpt : str, optional
        Its hotspots only; those of all LPTs when absent.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure, as tall as the hotspots need, when absent.

    Returns
    -------
    matplotlib.axes.Axes
        A row per hotspot, those furthest behind the plan first (24 at most), a column per duty
        day, or per week from Monday beyond 35 days. The grey outline is as tall as the planned
        minutes, the blue bar as those with a unit there, on one scale; a cross is a day without
        records.

    Raises
    ------
    InputError
        If it is no delivery, or there is no such LPT.

    Examples
    --------
    >>> import hotspots as hs
    >>> from hotspots.patrols.example import example_plan
    >>> plan = example_plan()
    >>> log = plan.visits[["unit", "hotspot", "arrive", "depart"]]
    >>> hs.plot_delivery(hs.match_delivery(plan, log)).get_title()
    'Minutes at hotspots, Mon 2 Mar 2026'
    """
    from matplotlib.figure import Figure

    table, names = _cells(delivery, lpt)
    behind = (table["planned"] - table["seen"].fillna(table["planned"])).groupby("hotspot").sum()
    total = table["planned"].groupby("hotspot").sum()
    order = pd.DataFrame({"behind": -behind, "total": -total}).sort_values(
        ["behind", "total"], kind="stable"
    )
    shown = list(order.index[:_MOST])
    days = sorted(table.index.get_level_values("day").unique())
    # room for the names at 8 points, the columns and the legend
    beside = 0.07 * max(len(names[key]) for key in shown) + 1.9
    wide = beside + min(max(3.0, 0.42 * len(days)), 11.0)
    ax = new_axes(ax, (wide, 2.1 + 0.34 * len(shown)))
    table = table.reindex(pd.MultiIndex.from_product([shown, days], names=table.index.names))
    row = np.repeat(np.arange(len(shown)), len(days))
    column = np.tile(np.arange(len(days)), len(shown))
    planned = table["planned"].fillna(0).to_numpy()
    seen = table["seen"].to_numpy()
    most = max(float(np.nanmax(np.append(planned, seen))), 1.0)
    high, given = 0.86 * planned / most, 0.86 * np.nan_to_num(seen) / most
    ax.bar(column, -given, bottom=row + 0.43, width=0.56, color=BLUE, zorder=3,
           label="with a unit there")  # fmt: skip
    ax.bar(column, -high, bottom=row + 0.43, width=0.8, fill=False, ec=GREY,
           lw=1.1, zorder=2, label="planned")  # fmt: skip
    silent = np.isnan(seen)
    if silent.any():
        ax.plot(column[silent], row[silent], "x", color=GREY, ms=6, zorder=4, label="no records")
    for line in np.arange(len(shown) - 1) + 0.5:
        ax.axhline(line, color=PALE, lw=0.8, zorder=1)
    ax.set_yticks(np.arange(len(shown)), [names[key] for key in shown], fontsize=8)
    ax.set_ylim(len(shown) - 0.5, -0.5)
    ax.set_xlim(-0.6, len(days) - 0.4)
    step = -(-len(days) // 12)
    ticks = [f"{day.day} {day:%b}" for day in days[::step]]
    ax.set_xticks(np.arange(0, len(days), step), ticks, fontsize=8)
    weekly = delivery.tables["dosage"]["date"].nunique() > _DAYS
    ax.set_xlabel("week from" if weekly else "duty day")
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.tick_params(axis="y", length=0)
    ax.set_title(f"Minutes at hotspots{'' if lpt is None else f' of {lpt}'}, {_when(delivery)}")
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=8, frameon=False)
    if isinstance(ax.figure, Figure):  # lay out first: the note is as wide as the axes
        ax.figure.draw_without_rendering()
    note(ax, _note(table, total, shown, most, weekly=weekly))
    return ax


def _cells(delivery: Result, lpt: str | None) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return planned and seen minutes by hotspot and day or week, and the names of hotspots."""
    tables = delivery.tables if isinstance(delivery, Result) else {}
    if not {"dosage", "hotspots"} <= set(tables) or "planned_minutes" not in tables["dosage"]:
        kind = type(delivery).__name__
        raise InputError(
            "plot_delivery", [f"it is of type {kind}; give what match_delivery returns."]
        )
    dosage, spots = tables["dosage"], tables["hotspots"]
    if lpt is not None:
        if lpt not in set(spots["lpt"]):
            have = ", ".join(sorted(set(spots["lpt"]))[:6])
            raise InputError("plot_delivery", [f"there is no LPT {lpt!r:.60}; there are {have}."])
        dosage = dosage[dosage["lpt"] == lpt]
    day = dosage["date"]
    if tables["dosage"]["date"].nunique() > _DAYS:
        day = day - pd.to_timedelta(day.dt.day_of_week, unit="D")
    by = dosage.assign(day=day).groupby(["hotspot", "day"])
    table = pd.DataFrame({
        "planned": by["planned_minutes"].sum(),
        # NaN where no day has records, else what was seen
        "seen": by["minutes"].sum(min_count=1),
    })  # fmt: skip
    names = {
        str(key): f"{str(row['name'])[:28]} ({key})" if row["name"] else str(key)
        for key, row in spots.iterrows()
    }
    return table, names


def _when(delivery: Result) -> str:
    dates = delivery.tables["dosage"]["date"]
    first, last = dates.min(), dates.max()
    end = f"{last:%a} {last.day} {last:%b %Y}"
    return end if first == last else f"{first:%a} {first.day} {first:%b} to {end}"


def _note(
    table: pd.DataFrame, total: pd.Series, shown: list[str], most: float, *, weekly: bool
) -> str:
    known = table[table["seen"].notna()]
    given, planned = known["seen"].sum(), known["planned"].sum()
    text = (
        f"A cell is {most / 0.86:,.0f} min high{', for a week' if weekly else ''}. Of these "
        f"hotspots, {given:,.0f} min were delivered of {planned:,.0f} planned"
    )
    text += ", where there are records." if len(known) < len(table) else "."
    if len(total) > len(shown):
        text += f" {len(total) - len(shown):,} more hotspots, nearer to the plan, are not drawn."
    return text
