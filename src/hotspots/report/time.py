"""The sections on time: what is unusual, what is to come, when the level stepped, which hours."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import pandas as pd

from .figures import picture
from .words import folded, heading, paragraphs

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..contracts import Result

MOST = 6
"""Pictures of one section; the tables hold every group."""


def alerts_body(alerts: Result) -> str:
    """Return what is unusual, a picture per alert, and every group with its usual range.

    Parameters
    ----------
    alerts : Result
        With tables ``alerts``, ``groups`` and ``looks``.

    Returns
    -------
    str
    """
    from ..plot import plot_alerts

    raised, groups = alerts.tables["alerts"], alerts.tables["groups"]
    keys = _keys(groups)
    shown = ["incidents", "expected", "low", "high", "verdict"]
    columns = [*keys, "period_start", *[c for c in shown if c in groups.columns]]
    drawn = _pictures(alerts, plot_alerts, raised.drop_duplicates(keys) if keys else raised, keys)
    return (
        f"{paragraphs(alerts.text)}{drawn}"
        f"{folded('Every group and its usual range', groups[columns])}"
    )


def forecast_body(forecast: Result) -> str:
    """Return what is to come, drawn for the largest group, and how past forecasts did.

    Parameters
    ----------
    forecast : Result
        With tables ``ahead``, ``choices`` and ``scores``.

    Returns
    -------
    str
    """
    from matplotlib.figure import Figure

    from ..plot import plot_forecast

    ahead = forecast.tables["ahead"]
    axes = Figure(figsize=(9, 4)).add_subplot()
    plot_forecast(forecast, ax=axes)
    alt = "What was recorded and what is to come with its intervals; the tables hold the figures."
    kept = [*_keys(ahead), "period_start", "expected", "low80", "high80", "low95", "high95",
            "last_year", "model"]  # fmt: skip
    parts = [paragraphs(forecast.text), picture(axes.figure, alt)]
    parts.append(folded("Every group", ahead[[c for c in kept if c in ahead.columns]]))
    parts.append(folded("Which model, and why", forecast.tables["choices"]))
    parts.append(folded("How past forecasts did", forecast.tables["scores"]))
    return "".join(parts)


def breaks_body(breaks: Result) -> str:
    """Return when levels stepped, drawn where they did, and what was found for every group.

    Parameters
    ----------
    breaks : Result
        With tables ``breaks``, ``series``, ``summary`` and ``registry``.

    Returns
    -------
    str
    """
    from ..plot import plot_breaks

    found, summary = breaks.tables["breaks"], breaks.tables["summary"]
    keys = list(found.columns[: list(found.columns).index("start")])
    largest = found.assign(_size=found["before"] + found["after"])
    largest = largest.sort_values("_size", ascending=False, kind="stable")
    drawn = _pictures(breaks, plot_breaks, largest.drop_duplicates(keys) if keys else largest, keys)
    kept = [*keys, *[c for c in ("verdict", "steps", "sentence") if c in summary.columns]]
    return (
        f"{paragraphs(breaks.text)}{drawn}{folded('Every group', summary[kept])}"
        f"{folded('Known changes they were set beside', breaks.tables['registry'])}"
    )


def week_body(profile: Result) -> str:
    """Return which hours of the week hold most, drawn for the largest groups.

    Parameters
    ----------
    profile : Result
        With tables ``hours``, ``groups``, ``treatment`` and ``comparison``.

    Returns
    -------
    str
    """
    from ..plot import plot_week_profile

    groups = profile.tables["groups"]
    keys = list(groups.columns[: list(groups.columns).index("incidents")])
    order = groups.sort_values("incidents", ascending=False, kind="stable")
    drawn = _pictures(profile, plot_week_profile, order, keys, size=(9, 3.4))
    return (
        f"{paragraphs(profile.text)}{drawn}"
        f"{folded('What became of each time', profile.tables['treatment'])}"
    )


def _keys(frame: pd.DataFrame) -> list[str]:
    """Return the columns that name a group: all before the period."""
    return list(frame.columns[: list(frame.columns).index("period_start")])


def _pictures(
    result: Result, draw: Callable[..., Any], rows: pd.DataFrame, keys: list[str],
    size: tuple[float, float] = (7.4, 3.4),
) -> str:  # fmt: skip
    """Draw the first groups of a table; each picture's words are those the drawing wrote."""
    from matplotlib.figure import Figure

    names = [c for c in keys if c != "level"]
    parts = []
    for row in rows.head(MOST).to_dict("records"):
        group = tuple(str(row[c]) for c in names)
        axes = Figure(figsize=size).add_subplot()
        draw(result, group[0] if len(group) == 1 else group or None, ax=axes)
        named = ", ".join(group) or "All incidents"
        alt = f"{named}. {row.get('sentence', '')}".strip()
        parts.append(
            f"<div><h3>{html.escape(heading(named))}</h3>{picture(axes.figure, alt)}</div>"
        )
    if not parts:
        return ""
    more = len(rows) - len(parts)
    rest = f'<p class="quiet">{more:,} more in the table.</p>' if more > 0 else ""
    return f'<div class="grid">{"".join(parts)}</div>{rest}'
