"""Pictures of calendar effects: how far each kind of day lies from an ordinary one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import InputError, Result
from ._canvas import BLUE, GREY, PALE, RED, new_axes, note

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST = 30  # rows of one picture
_NEEDS = ("effect", "ratio", "low", "high", "class_", "days", "incidents")
_WHAT = "plot_calendar_effects"
_NAMES = {
    "christmas": "24 to 26 December", "new_year_eve": "New Year's Eve",
    "new_year_day": "New Year's Day", "halloween": "Halloween, 29 to 31 October",
    "bonfire": "Bonfire Night, 1 to 7 November",
}  # fmt: skip
_MARKS = np.array([0.25, 0.33, 0.5, 0.67, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 2, 3, 4])


def plot_calendar_effects(
    effects: Result, group: str | tuple[str, ...] | None = None, *, ax: Axes | None = None
) -> Axes:
    """Draw the ratio to an ordinary day of each kind of day, with its 95% interval.

    Parameters
    ----------
    effects : CalendarEffects
        As ``calendar_effects`` gives it.
    group : str or tuple of str, optional
        The group to draw: the value of the column of ``by``, or a tuple of several. When absent
        and there are several groups, their clear effects, or where LPTs were pooled the means
        over LPTs; the strongest 30.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when absent.

    Returns
    -------
    matplotlib.axes.Axes
        One row for each kind of day, the ratio on a log scale: orange where there is clearly more,
        blue clearly less, grey no clear effect.

    Raises
    ------
    InputError
        If it is no such result, there is no such group, or nothing was told.

    Examples
    --------
    >>> import hotspots as hs
    >>> days = hs.calendar_days("2023-01-01", "2024-12-31")
    >>> counts = days.index.to_frame(name="period_start", index=False)
    >>> counts["incidents"] = 20 + 15 * days["halloween"].to_numpy()
    >>> hs.plot_calendar_effects(hs.calendar_effects(counts, by=())).get_xlabel()
    'incidents over those of an ordinary day (log scale)'
    """
    rows, title = _chosen(effects, group)
    left = max(0, len(rows) - _MOST)
    if left:
        strength = np.log(rows["ratio"]).abs().to_numpy()
        rows = rows.iloc[np.sort(np.argsort(-strength, kind="stable")[:_MOST])]
    ax = new_axes(ax, (8.5, 1.6 + 0.34 * len(rows)))
    place = np.arange(len(rows))[::-1]
    colours = {"more": RED, "fewer": BLUE}
    for y, row in zip(place, rows.to_dict("records"), strict=True):
        colour = colours.get(row["class_"], GREY)
        ax.plot([row["low"], row["high"]], [y, y], color=colour, linewidth=2.2,
                solid_capstyle="round")  # fmt: skip
        ax.plot(row["ratio"], y, "o", color=colour, markersize=6)
    ax.axvline(1, color="#333333", linewidth=0.9, zorder=1)
    ax.set_yticks(place, rows["_label"].tolist(), fontsize=9)
    ax.set_ylim(-0.7, len(rows) - 0.3)
    low, high = _reach(rows)
    ax.set_xscale("log")
    ax.set_xlim(low, high)
    marks = _MARKS[(low <= _MARKS) & (high >= _MARKS)]
    if high / low > 2.5:
        marks = marks[~np.isin(marks, [0.9, 1.1])]
    ax.set_xticks(marks.tolist(), [f"{mark:g}" for mark in marks])
    ax.set_xticks([], minor=True)
    ax.grid(axis="x", color=PALE, zorder=0)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel("incidents over those of an ordinary day (log scale)")
    ax.set_title(title)
    more = f"\n{left:,} weaker effects not drawn." if left else ""
    note(
        ax,
        "Ordinary day: same weekday, season and level. Lines: 95% intervals, each alone."
        f"\nOrange: clearly more, blue: clearly fewer, grey: no clear effect.{more}",
    )
    return ax


def _reach(rows: pd.DataFrame) -> tuple[float, float]:
    """Find the ends of the axis: every estimate, but not the far ends of vague intervals."""
    low = max(float(rows["low"].min()), 0.5 * float(rows["ratio"].min()))
    high = min(float(rows["high"].max()), 2 * float(rows["ratio"].max()))
    return 0.95 * min(low, 0.85), 1.05 * max(high, 1.18)


def _chosen(effects: Any, group: Any) -> tuple[pd.DataFrame, str]:
    """Choose the rows to draw, each with its label, and the title."""
    tables = getattr(effects, "tables", {})
    table = tables.get("effects")
    if not isinstance(table, pd.DataFrame) or not set(_NEEDS) <= set(table.columns):
        kind = type(effects).__name__
        raise InputError(_WHAT, [f"it is of type {kind}; give what calendar_effects returns."])
    pooled = tables.get("pooled")
    keys = [c for c in table.columns[: list(table.columns).index("effect")] if c != "level"]
    names = table[keys].astype(str).agg(", ".join, axis=1) if keys else pd.Series(
        "All incidents", index=table.index)  # fmt: skip
    title = "Kinds of day against an ordinary day"
    if group is not None:
        wanted = ", ".join(map(str, group)) if isinstance(group, tuple) else str(group)
        if not (names == wanted).any():
            some = ", ".join(pd.unique(names)[:6])
            raise InputError(_WHAT, [f"there is no group {group!r}; there are {some}."])
        rows, title = table[names == wanted], wanted
        if "level" in rows and len(pd.unique(rows["level"])) > 1:  # a command called as its LPT
            return _labelled(rows, rows["level"], True), title
    elif (names == names.iloc[0]).all():
        rows, title = table, names.iloc[0]
    elif isinstance(pooled, pd.DataFrame) and len(pooled):
        rest = [c for c in keys if c != "lpt"]
        rows, title = pooled, f"{title}: mean over LPTs"
        if rest and pooled[rest].drop_duplicates().shape[0] > 1:
            rows = pooled[pooled["class_"].isin(["more", "fewer"])]
            names = pooled[rest].astype(str).agg(", ".join, axis=1)
            return _labelled(rows, names, True), title
    else:
        rows = table[table["class_"].isin(["more", "fewer"])]
        return _labelled(rows, names, True), title
    return _labelled(rows, pd.Series("", index=rows.index), False), title


def _labelled(rows: pd.DataFrame, names: pd.Series, several: bool) -> pd.DataFrame:
    """Name every row, its days beside it; those not told are left out."""
    told = rows[rows["ratio"].notna()]
    if len(told) == 0:
        raise InputError(_WHAT, [
            "there is no clear effect to draw in these groups; name one with group= to see all of "
            "its kinds of day." if several else
            "no kind of day was told from an ordinary one; the text says why."
        ])  # fmt: skip
    labels = []
    for row, name in zip(told.to_dict("records"), names.loc[told.index], strict=True):
        kind = _NAMES.get(row["effect"], row["effect"].replace("_", " "))
        days = f"{row['days']:,} day{'' if row['days'] == 1 else 's'}"
        labels.append(f"{name + ': ' if several else ''}{kind} ({days})")
    return told.assign(_label=labels)
