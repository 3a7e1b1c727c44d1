"""Pictures of forecasts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import InputError, Result
from ._canvas import BLUE, GREY, PALE, RED, new_axes, note, of_group

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TABLES = {"ahead", "choices", "scores", "past", "series"}
_HISTORY = {"MS": 36, "W-MON": 78}  # periods shown before the forecast


def plot_forecast(forecast: Result, group: Any = None, *, ax: Axes | None = None) -> Axes:
    """Draw what is to come with its intervals, after what was recorded and last year's counts.

    Parameters
    ----------
    forecast : Forecast
        As ``forecast`` returns it.
    group : str or tuple, optional
        The group to draw, in the order of ``by``: ``"Longton"``, ``("Longton", "Burglary")``; with
        levels a command or ``"Force"`` too. When absent, the force, or the largest group.
    ax : matplotlib.axes.Axes, optional
        A new figure when absent.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        If there is no such group.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=7)
    >>> told = hs.forecast(county.incidents, by=(), method="mean", origins=0)
    >>> hs.plot_forecast(told).get_ylabel()
    'incidents a month'
    """
    if _TABLES - set(getattr(forecast, "tables", {})):
        raise InputError("plot_forecast", [
            f"it is of type {type(forecast).__name__}; give what forecast returns."
        ])  # fmt: skip
    tables = forecast.tables
    by, freq = list(forecast.by), forecast.freq  # type: ignore[attr-defined]
    ahead, series = tables["ahead"], tables["series"]
    keys = [c for c in ("level", *by) if c in ahead.columns]
    row = _chosen(ahead, by, group)
    rows = series[of_group(series, keys, row[keys])].tail(_HISTORY[freq])
    told, past = (t[of_group(t, keys, row[keys])] for t in (ahead, tables["past"]))
    ax = new_axes(ax, (10, 4.5))
    _recorded(ax, rows)
    last = told[["period_start", "last_year"]].dropna()
    ax.scatter(last["period_start"], last["last_year"], marker="_", s=160, color=GREY, zorder=4,
               linewidth=2, label="same period last year")  # fmt: skip
    tested = past[(past["step"] == 1) & past["period_start"].isin(rows["period_start"])]
    if len(tested):
        ax.plot(tested["period_start"], tested["expected"], color=RED, linewidth=1, linestyle="--",
                alpha=0.7, zorder=2, label="forecast one period before")  # fmt: skip
    _fan(ax, told, rows)
    ax.set_ylim(0, max([1.0, *_tops(told, rows, tested)]) * 1.18)  # room for the legend
    ax.set_ylabel(f"incidents a {'month' if freq == 'MS' else 'week'}")
    names = [str(row[c]) for c in by] or ["All incidents"]
    ax.set_title(f"{', '.join(names)}: {_model(row)}")
    ax.legend(loc="upper left", fontsize=8, ncols=3, framealpha=0.8)
    ax.spines[["top", "right"]].set_visible(False)
    note(ax, _said(told, past, freq))
    return ax


def _chosen(ahead: pd.DataFrame, by: list[str], group: Any) -> pd.Series:
    """Return the first row of the group asked for."""
    first = ahead[ahead["step"] == 1]
    if group is None:
        some = first[first["level"] == "force"] if "level" in first else first
        return some.sort_values("expected", ascending=False, kind="stable").iloc[0]
    values = group if isinstance(group, tuple) else (group,)
    found = first
    if len(values) == len(by) and all(isinstance(value, str) for value in values):
        for column, value in zip(by, values, strict=True):
            found = found[(found[column] == value).to_numpy(dtype=bool)]
    else:
        found = first.iloc[:0]
    if not len(found):
        there = "; ".join(list(dict.fromkeys(_names(first, by)))[:8]) or "all incidents: leave it"
        raise InputError("plot_forecast", [f"there is no group {group!r}; there are {there}."])
    return found.iloc[-1]


def _names(first: pd.DataFrame, by: list[str]) -> list[str]:
    return [", ".join(map(str, row)) for row in first[by].itertuples(index=False)]


def _recorded(ax: Axes, rows: pd.DataFrame) -> None:
    """Draw the counts, hollow where incomplete, and shade what was not recorded."""
    start, count = rows["period_start"], rows["incidents"]
    present = (rows["status"] == "present").to_numpy()
    ax.plot(start, count.where(present), color=BLUE, linewidth=0.8, alpha=0.5, zorder=2)
    ax.scatter(start[present], count[present], s=14, color=BLUE, zorder=3, label="recorded")
    thin = (rows["status"] == "thin").to_numpy()
    if thin.any():
        ax.scatter(start[thin], count[thin], s=22, facecolors="none", edgecolors=BLUE, zorder=3,
                   label="incomplete, left out")  # fmt: skip
    half = (rows["days"] * 43200).to_numpy().astype("timedelta64[s]")
    at = start.to_numpy()
    lost = np.flatnonzero((rows["status"] == "missing").to_numpy())
    for run in np.split(lost, np.flatnonzero(np.diff(lost) > 1) + 1):
        if len(run):
            left, right = at[run[0]] - half[run[0]], at[run[-1]] + half[run[-1]]
            ax.axvspan(left, right, color=PALE, hatch="///", ec="#CFCFCF", lw=0, zorder=0)
            ax.text(left + (right - left) / 2, 0.4, "not recorded", rotation=90, fontsize=8,
                    transform=ax.get_xaxis_transform(), ha="center", va="center",
                    color="#555555")  # fmt: skip


def _fan(ax: Axes, told: pd.DataFrame, rows: pd.DataFrame) -> None:
    """Draw the expected counts, and the intervals as boxes about them."""
    days = float(rows["days"].median()) if len(rows) else 30.0
    wide: Any = pd.Timedelta(days=0.7 * days)
    middle = told["period_start"]
    for level, shade in ((95, 0.18), (80, 0.35)):
        low = told[f"low{level}"].astype(float)
        high = told[f"high{level}"].astype(float)
        ax.bar(middle, high - low, width=wide, bottom=low, color=RED, alpha=shade, zorder=1,
               label=f"{level}% interval")  # fmt: skip
    ax.scatter(middle, told["expected"], marker="D", s=26, color=RED, zorder=5, label="expected")


def _tops(told: pd.DataFrame, rows: pd.DataFrame, tested: pd.DataFrame) -> list[float]:
    tops = [told["high95"].astype(float), rows["incidents"], tested["expected"], told["last_year"]]
    return [float(v.max()) for v in tops if v.notna().any()]


def _model(row: pd.Series) -> str:
    words = {
        "mean": "mean × season", "seasonal_naive": "last year's count",
        "regression": "a trend with yearly waves", "smoothing": "smoothing of recent counts",
    }  # fmt: skip
    return f"forecast by {words.get(row['model'], 'the sum of its LPTs')}"


def _said(told: pd.DataFrame, past: pd.DataFrame, freq: str) -> str:
    """Say the first forecast, and how often such intervals held the count before."""
    row = told.iloc[0]
    when = f"{row['period_start']:{'%B %Y' if freq == 'MS' else 'Week of %d %B %Y'}}"
    if np.isnan(row["expected"]):
        return f"{when}: nothing recorded to forecast from."
    expected = f"{row['expected']:,.{0 if row['expected'] >= 10 else 1}f}"
    text = (
        f"{when}: {expected} expected, 80% interval {row['low80']:,} to "
        f"{row['high80']:,}, 95% interval {row['low95']:,} to {row['high95']:,}."
    )
    if not len(past):
        return f"{text} Not tested on past periods: the record is too short, or none were asked."
    held = (past["incidents"] >= past["low80"]) & (past["incidents"] <= past["high80"])
    share = f"{held.mean():.0%}" if len(past) >= 20 else f"{held.sum()}"
    return f"{text} Of {len(past):,} such forecasts of past periods the 80% interval held {share}."
