"""Pictures of the hours of the week: the heat of 7 × 24, the curve with its band, the spans."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import InputError, Result
from ._canvas import BLUE, GREY, PALE, RED, new_axes, note

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_KINDS = ("heat", "curve")


def plot_week_profile(
    profile: Result, group: Any = None, *, kind: str = "heat", ax: Axes | None = None
) -> Axes:
    """Draw incidents per exposed hour over the week.

    Parameters
    ----------
    profile : WeekProfile
        As ``week_profile`` gives it.
    group : str or tuple, optional
        The group to draw, in the order of ``by``: ``"Longton"``, ``("Longton", "Burglary")``;
        the largest when absent.
    kind : {"heat", "curve"}
        Days by hours, darker is more, the ten busiest hours framed; or the rate over the week
        with its 95% band.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when absent.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        If it is no profile, there is no such group, or the kind is unknown.

    Examples
    --------
    >>> import hotspots as hs
    >>> asb = hs.make_county(seed=1, months=3).incidents.query("category == 'Drugs'")
    >>> profile = hs.week_profile(asb, bootstraps=100, include_police=True)
    >>> hs.plot_week_profile(profile).get_xlabel()
    'hour of the day'
    """
    hours, row, by = _group(profile, group, "plot_week_profile", "week_profile", "hours")
    if kind not in _KINDS:
        raise InputError("plot_week_profile", [f"kind is {kind!r}; it takes 'heat' or 'curve'."])
    ax = new_axes(ax, (10, 3.6) if kind == "heat" else (11, 4))
    _heat(ax, hours) if kind == "heat" else _curve(ax, hours)
    ax.set_title(", ".join(str(row[name]) for name in by) or "All incidents")
    note(ax, str(row["sentence"]))
    return ax


def plot_aoristic(profile: Result, *, ax: Axes | None = None) -> Axes:
    """Draw the hours of the day three ways: by the start alone, by the middle, by aoristic weights.

    Parameters
    ----------
    profile : WeekProfile
        As ``week_profile`` gives it; all its groups together.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when absent.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        If it is no profile.

    Examples
    --------
    >>> import hotspots as hs
    >>> burglary = hs.make_county(seed=1, months=3).incidents.query("category == 'Burglary'")
    >>> hs.plot_aoristic(hs.week_profile(burglary, bootstraps=100)).get_ylabel()
    'share of incidents (%)'
    """
    tables = profile.tables if isinstance(profile, Result) else {}
    table = tables.get("comparison")
    if table is None or not {"hour", "aoristic", "start_only", "midpoint"} <= set(table.columns):
        fault = f"it is of type {type(profile).__name__}; give what week_profile returns."
        raise InputError("plot_aoristic", [fault])
    ax = new_axes(ax, (9, 4))
    edges = np.append(table["hour"], 24)
    ax.stairs(100 * table["aoristic"], edges, color=BLUE, fill=True, alpha=0.3)
    ax.stairs(100 * table["aoristic"], edges, color=BLUE, lw=2, label="every hour of the span")
    ax.stairs(100 * table["start_only"], edges, color=RED, lw=1.5, ls="--", label="start alone")
    ax.stairs(
        100 * table["midpoint"], edges, color=GREY, lw=1.5, ls=":", label="middle of the span"
    )
    ax.axhline(100 / 24, color="#333333", lw=0.6)
    ax.set_xlim(0, 24)
    ax.set_ylim(bottom=0)
    ax.set_xticks(range(0, 25, 3), [f"{hour:02}:00" for hour in range(0, 25, 3)])
    ax.set_xlabel("hour of the day")
    ax.set_ylabel("share of incidents (%)")
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(fontsize=9, frameon=False)
    apart = 50 * np.abs(table["aoristic"] - table["start_only"]).sum()
    note(ax, f"Counting starts alone would put {apart:.0f}% of the incidents into other hours. The "
             "thin line is an even spread.")  # fmt: skip
    return ax


def _group(
    result: Result, group: Any, what: str, maker: str, table: str
) -> tuple[pd.DataFrame, pd.Series, list[str]]:
    """Return the rows of one group, its row among the groups, and the columns that name it."""
    tables = result.tables if isinstance(result, Result) else {}
    if not {table, "groups"} <= set(tables) or "rate" not in tables[table].columns:
        fault = f"it is of type {type(result).__name__}; give what {maker} returns."
        raise InputError(what, [fault])
    groups, rows = tables["groups"], tables[table]
    by = list(groups.columns[: list(groups.columns).index("incidents")])
    values = tuple(group) if isinstance(group, tuple | list) else (group,)
    chosen = np.zeros(len(groups), dtype=bool)
    if group is None:
        chosen[int(np.argmax(groups["incidents"].to_numpy()))] = True
    elif len(values) == len(by):
        chosen = _same(groups, by, values)
    if not chosen.any():
        some = [", ".join(map(str, key)) for key in groups[by].head(6).itertuples(index=False)]
        listed = f"there are {'; '.join(some)}" if by else "the profile has no groups"
        raise InputError(what, [f"there is no group {group!r:.60}; {listed}."])
    row = groups[chosen].iloc[0]
    return rows[_same(rows, by, tuple(row[by]))], row, by


def _same(frame: pd.DataFrame, by: list[str], values: tuple[Any, ...]) -> NDArray[np.bool_]:
    same = np.ones(len(frame), dtype=bool)
    for column, value in zip(by, values, strict=True):
        same &= (frame[column] == str(value)).to_numpy(dtype=bool)
    return same


def _heat(ax: Axes, hours: pd.DataFrame) -> None:
    """Draw days by hours."""
    from matplotlib.patches import Rectangle

    rate = hours["rate"].to_numpy().reshape(7, 24)
    drawn = ax.imshow(
        np.ma.masked_invalid(rate), cmap="Blues", vmin=0, aspect="auto",
        extent=(0, 24, 7, 0), interpolation="nearest",
    )  # fmt: skip
    ax.set_facecolor(PALE)
    for at in np.argsort(-np.nan_to_num(rate.ravel()), kind="stable")[:10]:
        frame = Rectangle((at % 24, at // 24), 1, 1, fill=False, ec=RED, lw=1.6, clip_on=False)
        ax.add_patch(frame)
    ax.set_yticks(np.arange(7) + 0.5, _DAYS)
    ax.set_xticks(range(0, 25, 3), [f"{hour:02}:00" for hour in range(0, 25, 3)])
    ax.set_xlabel("hour of the day")
    figure = ax.get_figure()
    if figure is not None:
        bar = figure.colorbar(drawn, ax=ax, pad=0.01)
        bar.set_label("incidents an hour", fontsize=9)


def _curve(ax: Axes, hours: pd.DataFrame) -> None:
    """Draw the rate over the week with its band."""
    at = hours["hour_of_week"].to_numpy() + 0.5
    low, high, rate = (hours[name].to_numpy() for name in ("low", "high", "rate"))
    if np.isfinite(low).any():
        ax.fill_between(at, low, high, color=BLUE, alpha=0.25, lw=0, label="95% band, each hour")
    ax.plot(at, rate, color=BLUE, lw=1.6, label="incidents an hour")
    exposed = hours["exposed_hours"].to_numpy()
    mean = float(hours["incidents"].sum() / exposed.sum())
    ax.axhline(mean, color=GREY, lw=1, ls="--", label="mean of the week")
    for day in range(1, 7):
        ax.axvline(24 * day, color=PALE, lw=0.8, zorder=0)
    ax.set_xlim(0, 168)
    ax.set_ylim(bottom=0)
    ax.set_xticks(np.arange(7) * 24 + 12, _DAYS)
    ax.set_xticks(np.arange(0, 169, 6), minor=True)
    ax.set_xlabel("day of the week; a small mark every six hours")
    ax.set_ylabel("incidents an hour")
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(fontsize=8, ncols=3, frameon=False, loc="upper left")
    ax.set_ylim(top=ax.get_ylim()[1] * 1.1)  # room for the legend
