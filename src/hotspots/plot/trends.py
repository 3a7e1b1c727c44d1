"""Pictures of trends and seasons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import InputError, Result
from ._canvas import BLUE, GREY, PALE, RED, new_axes, note, of_group

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

_SEASONAL = ("clear season", "possible season")
_PANELS = 24  # most small multiples on one figure


def plot_trends(
    trends: Result, group: Any = None, *, ax: Axes | None = None
) -> Axes | NDArray[np.object_]:
    """Draw recorded counts, what was not recorded, and trend and season where decomposed.

    Parameters
    ----------
    trends : Trends
        As ``seasonal_trends`` gives it.
    group : str or tuple, optional
        The group to draw, in the order of ``by``: ``"Longton"``, ``("Longton", "Burglary")``;
        with levels also ``"Force"`` or a command's name.
        When absent, every group in small multiples (the 24 largest where there are more).
    ax : matplotlib.axes.Axes, optional
        Where to draw one group; a new figure when absent.

    Returns
    -------
    matplotlib.axes.Axes or ndarray of Axes
        One group: its axes, with the seasonal factors per month at its right where decomposed:
        those to use, with their 95% interval and the tested curve, where a season is claimed;
        else those of the decomposition, in grey, which are no evidence.
        Several: one axes per group, each with its own count scale.

    Raises
    ------
    InputError
        If there is no such group, or ``ax`` is given for several groups.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=4)
    >>> trends = hs.seasonal_trends(county.incidents, by=())
    >>> hs.plot_trends(trends).get_ylabel()
    'incidents per month of 30.4375 days'
    """
    summary, by = _groups(trends)
    if group is None and len(summary) == 1:
        chosen = summary
    elif group is None:
        if ax is not None:
            raise InputError("plot_trends", [
                f"one axes cannot hold {len(summary):,} groups; give group=..., or leave out ax."
            ])  # fmt: skip
        return _panels(trends, summary, by)
    else:
        chosen = summary[_is(summary, by, group)]
        if len(chosen) == 0:
            some = ", ".join(_names(summary, by)[:6])
            raise InputError("plot_trends", [f"there is no group {group!r}; there are {some}."])
    row = chosen.iloc[0]
    series, seasons = trends.tables["series"], trends.tables["seasons"]
    rows = series[_is(series, by, tuple(row[by]))]
    ax, side = _with_side(ax, bool(rows["season"].notna().any()))
    factors = seasons[_is(seasons, by, tuple(row[by]))]
    _one_series(ax, rows, row, factors)
    ax.set_title(_names(chosen, by)[0])
    ax.set_ylabel(f"incidents per {_standard(rows)}")
    ax.legend(loc="upper left", fontsize=8, ncols=4, framealpha=0.8)
    ax.set_ylim(0, ax.get_ylim()[1] * 1.12)  # room for the legend
    if side is not None:
        _factors(side, factors, row)
    last = rows.loc[rows["status"] == "present", "period_start"].max()
    period = {"week": f"the week of {last:%d %B %Y}", "day": f"{last:%d %B %Y}"}.get(
        _standard(rows), f"{last:%B %Y}"
    )
    note(ax, f"{row['sentence']}\nRecorded to {period}; {_source(trends)}.")
    return ax


def _groups(trends: Result) -> tuple[pd.DataFrame, list[str]]:
    """Return the summary, and the columns that name a group."""
    tables = getattr(trends, "tables", {})
    if not {"series", "seasons", "summary"} <= set(tables):
        raise InputError("plot_trends", [
            f"it is of type {type(trends).__name__}; give what seasonal_trends returns."
        ])  # fmt: skip
    summary = tables["summary"]
    return summary, list(summary.columns[: list(summary.columns).index("first")])


def _is(frame: pd.DataFrame, by: list[str], group: Any) -> NDArray[np.bool_]:
    values = group if isinstance(group, tuple) else (group,)
    if by[:1] == ["level"] and len(values) == len(by) - 1:
        by = by[1:]  # a name is enough: levels do not share names
    if len(values) != len(by):
        return np.zeros(len(frame), dtype=bool)
    return of_group(frame, by, values)


def _names(summary: pd.DataFrame, by: list[str]) -> list[str]:
    if not by:
        return ["All incidents"] * len(summary)
    named = summary[[column for column in by if column != "level"]]
    if "level" in by:
        command = (summary["level"] == "command") & ~summary["lpt"].str.startswith("no ")
        named = named.assign(lpt=named["lpt"].where(~command, named["lpt"] + " command"))
    return [", ".join(map(str, row)) for row in named.itertuples(index=False)]


def _standard(rows: pd.DataFrame) -> str:
    lengths = set(rows["days"])
    return {7: "week", 1: "day"}.get(lengths.pop(), "month of 30.4375 days")


def _source(trends: Result) -> str:
    """Name the sources of the counts."""
    names = sorted(set(trends.tables["periods"]["source"]) - {"all", "unknown"})
    if not names:
        return "source not named"
    return f"source: {', '.join(names[:3])}" + (" and others" if len(names) > 3 else "")


def _one_series(ax: Axes, rows: pd.DataFrame, row: pd.Series, seasons: pd.DataFrame) -> None:
    """Draw a group's counts, gaps, trend and tested season on the axes."""
    start = rows["period_start"].to_numpy()
    half = (rows["days"] * 43200).to_numpy().astype("timedelta64[s]")
    middle = start + half
    present = (rows["status"] == "present").to_numpy()
    many = len(rows) > 400  # days: points small enough to see the trend through
    ax.plot(middle, rows["adjusted"].to_numpy(), color=BLUE, linewidth=0.2 if many else 0.8,
            alpha=0.5, zorder=2)  # fmt: skip
    ax.scatter(middle[present], rows["adjusted"].to_numpy()[present], s=2 if many else 14,
               color=BLUE, zorder=3, label="recorded")  # fmt: skip
    thin = (rows["status"] == "thin").to_numpy()
    if thin.any():
        standard = {"week": 7, "day": 1}.get(_standard(rows), 30.4375)
        count = rows["incidents"] / rows["exposure"] * standard
        ax.scatter(middle[thin], count.to_numpy()[thin], s=22, facecolors="none",
                   edgecolors=BLUE, zorder=3, label="incomplete, left out")  # fmt: skip
    missing = np.flatnonzero((rows["status"] == "missing").to_numpy())
    for run in np.split(missing, np.flatnonzero(np.diff(missing) > 1) + 1):
        if len(run) == 0:
            continue
        left, right = start[run[0]], middle[run[-1]] + half[run[-1]]
        ax.axvspan(left, right, color=PALE, hatch="///", ec="#CFCFCF", lw=0, zorder=0)
        ax.text(left + (right - left) / 2, 0.5, "not recorded", transform=ax.get_xaxis_transform(),
                ha="center", va="center", rotation=90, fontsize=8, color="#555555")  # fmt: skip
    if rows["trend"].notna().any():
        # the season drawn is the one the test claims, not the decomposition's, which follows noise
        if row["verdict"] in _SEASONAL and _standard(rows).startswith("month"):
            tested = seasons["tested"].to_numpy()[rows["period_start"].dt.month.to_numpy() - 1]
            ax.plot(middle, rows["trend"].to_numpy() * tested, color=GREY, linewidth=1,
                    linestyle="--", zorder=2, label="trend and tested season")  # fmt: skip
        ax.plot(middle, rows["trend"].to_numpy(), color=RED, linewidth=2, zorder=4, label="trend")
    ax.set_ylim(0, max(1.0, 1.1 * np.nanmax([*rows["adjusted"], 0.0])))
    edge = np.timedelta64(10, "D")
    ax.set_xlim(start[0] - edge, middle[-1] + half[-1] + edge)
    name = _standard(rows).split()[0]
    ax.set_xlabel("day" if name == "day" else f"middle of the {name}")
    ax.spines[["top", "right"]].set_visible(False)


def _with_side(ax: Axes | None, wanted: bool) -> tuple[Axes, Axes | None]:
    """Return axes for a series and, where wanted, axes for its seasonal factors at the right."""
    if ax is None and wanted:
        import matplotlib.pyplot as plt

        main, side = plt.subplots(1, 2, figsize=(11, 4.5), width_ratios=(3, 1),
                                  layout="constrained")[1]  # fmt: skip
        return main, side
    ax = new_axes(ax, (10, 4.5))
    return ax, ax.inset_axes((1.09, 0.0, 0.33, 1.0)) if wanted else None


def _factors(side: Axes, rows: pd.DataFrame, row: pd.Series) -> None:
    """Draw the factors to use where a season is claimed, else the decomposition's in grey."""
    claimed = row["verdict"] in _SEASONAL
    name, colour = ("shrunk", RED) if claimed else ("factor", "#BBBBBB")
    height = rows[name].to_numpy()
    reach = [np.abs(height - 1)]
    sources = {"own and force": "own, leaning on the force's", "force": "the force's"}
    label = sources.get(rows["source"].iloc[0], "flat") if claimed else "decomposition"
    side.bar(rows["month"], height - 1, bottom=1, color=colour, alpha=0.75 if claimed else 1,
             label=label)  # fmt: skip
    if claimed:
        low, high = rows["low"].to_numpy(), rows["high"].to_numpy()
        if not np.isnan(low).any():
            side.vlines(rows["month"], low, high, color="#333333", linewidth=1)
            reach += [np.abs(low - 1), np.abs(high - 1)]
        side.plot(rows["month"], rows["tested"], color="#333333", marker="o", markersize=3,
                  linewidth=1, linestyle="--", label="tested curve")  # fmt: skip
        reach.append(np.abs(rows["tested"].to_numpy() - 1))
    side.axhline(1, color="#333333", linewidth=0.8)
    side.set_xticks(range(1, 13), list("JFMAMJJASOND"), fontsize=8)
    side.set_ylabel("factor on the trend", fontsize=8)
    side.tick_params(axis="y", labelsize=8)
    side.set_title(f"month of year: {row['verdict']}", fontsize=9)
    side.legend(loc="lower right", fontsize=7, framealpha=0.8)
    widest = max(0.3, 1.15 * float(np.nanmax(np.concatenate(reach))))
    side.set_ylim(max(0.0, 1 - 1.35 * widest), 1 + widest)
    side.spines[["top", "right"]].set_visible(False)


def _panels(trends: Result, summary: pd.DataFrame, by: list[str]) -> NDArray[np.object_]:
    """Draw every group in small multiples, the largest where there are too many."""
    import matplotlib.pyplot as plt
    from matplotlib.dates import AutoDateLocator

    ticks: Any = AutoDateLocator
    largest = summary["incidents"].rank(method="first", ascending=False) <= _PANELS
    shown = summary[largest]
    columns = min(3, len(shown))
    lines = -(-len(shown) // columns)
    figure, grid = plt.subplots(lines, columns, figsize=(4.2 * columns, 1.0 + 2.3 * lines),
                                sharex=True, squeeze=False, layout="constrained")  # fmt: skip
    axes = grid.ravel()
    series, seasons = trends.tables["series"], trends.tables["seasons"]
    for ax, (_, row), name in zip(axes, shown.iterrows(), _names(shown, by), strict=False):
        key = tuple(row[by])
        _one_series(ax, series[_is(series, by, key)], row, seasons[_is(seasons, by, key)])
        ax.set_title(f"{name}\n{row['verdict']}", fontsize=9)
        ax.set_xlabel("")
        ax.tick_params(labelsize=8)
    for ax in axes[len(shown) :]:
        ax.remove()
    drawn = axes[: len(shown)]
    for ax in drawn:
        ax.xaxis.set_major_locator(ticks(minticks=3, maxticks=5))
    for ax in drawn[-columns:]:
        ax.tick_params(labelbottom=True)
    labels = [ax.get_legend_handles_labels() for ax in drawn]
    keys = {name: key for each in labels for key, name in zip(*each, strict=True)}
    drawn[0].legend(list(keys.values()), list(keys), loc="lower left", fontsize=7)
    period = _standard(series).split()[0]
    some = f"the {len(shown)} largest of {len(summary)} series" if len(shown) < len(summary) else ""
    drawn[0].figure.suptitle(f"Incidents by {period}{': ' + some if some else ''}")
    figure.supylabel(f"incidents per {_standard(series)} (each its own scale)", fontsize=9)
    figure.supxlabel(f"{_source(trends)}; line below each name: is there a season?", fontsize=8)
    return np.asarray(drawn, dtype=object)
