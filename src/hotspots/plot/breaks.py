"""Pictures of breaks in level."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import InputError, Result
from ._canvas import BLUE, GREY, PALE, RED, new_axes, note, of_group

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH = 46  # letters of a label that fit beside a break


def plot_breaks(breaks: Result, group: Any = None, *, ax: Axes | None = None) -> Axes:
    """Draw a series with its levels, the dates each break may have had, and what is known of it.

    Parameters
    ----------
    breaks : Breaks
        As ``find_breaks`` gives it.
    group : str or tuple, optional
        The group to draw, in the order of its columns: ``"Burglary"``, ``("Longton",
        "Burglary")``. When absent, the only group, or the one whose break is the clearest.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when absent.

    Returns
    -------
    matplotlib.axes.Axes
        Counts as dots, the level as a line (season taken out), its expected counts with the
        season as a thin dashed line, the 95% interval of each break's date shaded, and what was
        not recorded hatched.

    Raises
    ------
    InputError
        If there is no such group.

    Examples
    --------
    >>> import hotspots as hs, pandas as pd
    >>> months = pd.date_range("2022-01-01", periods=36, freq="MS")
    >>> counts = pd.DataFrame({"category": "Vehicle crime", "period_start": months,
    ...                        "incidents": [40, 44, 37] * 6 + [66, 60, 71] * 6})
    >>> hs.plot_breaks(hs.find_breaks(counts)).get_title()
    'Vehicle crime: step'
    """
    tables = getattr(breaks, "tables", {})
    if not {"breaks", "series", "summary"} <= set(tables):
        raise InputError("plot_breaks", [
            f"it is of type {type(breaks).__name__}; give what find_breaks returns."
        ])  # fmt: skip
    summary, found = tables["summary"], tables["breaks"]
    keys = list(summary.columns[: list(summary.columns).index("periods")])
    key = _chosen(summary, found, keys, group)
    row = summary[of_group(summary, keys, key)].iloc[0]
    rows = tables["series"][of_group(tables["series"], keys, key)].reset_index(drop=True)
    ax = new_axes(ax, (10, 4.5))
    _counts(ax, rows)
    steps = found[of_group(found, keys, key)].to_dict("records")
    for number, step in enumerate(steps):
        _step(ax, rows, step, number)
    ax.set_title(f"{', '.join(map(str, key)) or 'All incidents'}: {row['verdict']}")
    week = _gap_days(rows) == 7
    ax.set_ylabel(f"incidents per {'week' if week else 'month'}")
    ax.set_xlabel(f"{'week' if week else 'month'}")
    ax.set_ylim(0, max(1.0, float(np.nanmax(rows["incidents"]))) * 1.45)  # room for labels
    ax.legend(loc="lower left", fontsize=8, ncols=3, framealpha=0.8)
    ax.spines[["top", "right"]].set_visible(False)
    note(ax, str(row["sentence"]))
    return ax


def _chosen(
    summary: pd.DataFrame, found: pd.DataFrame, keys: list[str], group: Any
) -> tuple[Any, ...]:
    """Return the key of the group asked for, or of the clearest break."""
    if group is None:
        best = found.sort_values(["sure", "gain"], ascending=False, kind="stable")
        source = best if len(best) else summary
        return tuple(source[keys].iloc[0]) if keys else ()
    key = tuple(group) if isinstance(group, list | tuple) else (group,)
    if len(key) != len(keys) or not of_group(summary, keys, key).any():
        some = [", ".join(map(str, k)) for k in summary[keys].head(6).itertuples(index=False)]
        raise InputError("plot_breaks", [
            f"there is no group {group!r}; there are {'; '.join(some)}."
        ])  # fmt: skip
    return key


def _gap_days(rows: pd.DataFrame) -> float:
    """Days from one period to the next; a month's where there is but one."""
    starts = rows["period_start"].to_numpy()
    return float(np.diff(starts[:2])[0] / np.timedelta64(1, "D")) if len(starts) > 1 else 30.0


def _counts(ax: Axes, rows: pd.DataFrame) -> None:
    """Draw counts, levels and what was not recorded."""
    when = rows["period_start"]
    present = rows["status"] == "present"
    ax.plot(when, rows["incidents"].where(present), color=BLUE, linewidth=0.8, alpha=0.5)
    ax.scatter(when[present], rows["incidents"][present], s=14, color=BLUE, zorder=3,
               label="recorded")  # fmt: skip
    thin = rows["status"] == "thin"
    if thin.any():
        ax.scatter(when[thin], rows["incidents"][thin], s=22, facecolors="none", edgecolors=BLUE,
                   zorder=3, label="incomplete, left out")  # fmt: skip
    lost = np.flatnonzero(rows["status"] == "missing")
    half = pd.Timedelta(days=_gap_days(rows) / 2)
    for run in np.split(lost, np.flatnonzero(np.diff(lost) > 1) + 1):
        if len(run):
            left, right = when[run[0]] - half, when[run[-1]] + half
            ax.axvspan(left, right, color=PALE, hatch="///", ec="#CFCFCF", lw=0, zorder=0)
            ax.text(left + (right - left) / 2, 0.3, "not recorded", rotation=90, fontsize=8,
                    transform=ax.get_xaxis_transform(), ha="center", color="#555555")  # fmt: skip
    ax.plot(when, rows["expected"], color=GREY, linewidth=1, linestyle="--",
            label="level and season")  # fmt: skip
    for number, part in rows.groupby("run"):
        ax.plot(part["period_start"], part["usual"], color=RED, linewidth=2, zorder=4,
                label="level" if number == 0 else None)  # fmt: skip


def _step(ax: Axes, rows: pd.DataFrame, step: dict[Any, Any], number: int) -> None:
    """Shade the dates a break may have had, and say what is known of it."""
    days = _gap_days(rows)
    left = step["earliest"] - pd.Timedelta(days=days / 2)
    ax.axvspan(left, step["latest"] + pd.Timedelta(days=days / 2), color=RED, alpha=0.15, lw=0)
    ax.axvline(step["start"], color=RED, linewidth=1, linestyle="-" if step["sure"] else ":")
    label = step["known"] if step["sure"] else f"or gradually; {step['known']}"
    if len(label) > _WIDTH:
        label = f"{label[: _WIDTH - 1].rstrip()}…"
    late = step["start"] > rows["period_start"].iloc[len(rows) // 2]
    ax.annotate(
        f"{step['start']:%B %Y}: {label}", (step["start"], 0.97 - 0.07 * (number % 4)),
        xycoords=("data", "axes fraction"), xytext=(-4 if late else 4, 0),
        textcoords="offset points", ha="right" if late else "left", va="top", fontsize=8,
    )  # fmt: skip
