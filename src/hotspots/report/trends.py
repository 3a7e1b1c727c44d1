"""The trends section: one small chart per group, with the sentence it bears."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import pandas as pd

from .figures import picture
from .words import heading, paragraphs, table

if TYPE_CHECKING:
    from ..contracts import Result

MOST = 12
"""Charts drawn; the others are in the table and in the BI tables."""


def trends_body(trends: Result) -> str:
    """Return what the trends say, a chart per group, and the table of findings.

    Parameters
    ----------
    trends : Result
        With tables ``series``, ``seasons`` and ``summary``.

    Returns
    -------
    str
    """
    summary, series = trends.tables["summary"], trends.tables["series"]
    by = list(series.columns[: list(series.columns).index("period_start")])
    # What each chart says below is not said here too; what all groups share is cut off there.
    sentences = tuple(summary["sentence"].astype(str))
    said = [line for line in trends.text.splitlines()
            if not any(s.startswith(line.strip().rstrip(".")) for s in sentences)]  # fmt: skip
    order = summary.sort_values("incidents", ascending=False, kind="stable").head(MOST).index
    chosen = summary.loc[[i for i in summary.index if i in set(order)]]
    charts = "".join(
        _chart(trends, tuple(row[c] for c in by), str(row["sentence"]))
        for row in chosen.to_dict("records")
    )
    note = f"Each chart has its own scale, from zero. Gaps are {_unit(trends)} not recorded."
    if len(summary) > len(chosen):
        note = f"The {len(chosen)} groups with most incidents of {len(summary)}. {note}"
    return (
        f'{paragraphs(chr(10).join(said))}<p class="quiet">{html.escape(note)}</p>'
        f'<div class="grid">{charts}</div>'
        f"<details><summary>All findings: {len(summary):,} groups</summary>"
        f"{table(_findings(summary, by, len(chosen)))}</details>"
    )


def _findings(summary: pd.DataFrame, by: list[str], charted: int) -> pd.DataFrame:
    """Return the findings to list: the sentence itself where not every group has a chart."""
    columns = [c for c in ("incidents", "per_period", "missing", "thin", "verdict")
               if c in summary.columns]  # fmt: skip
    found = summary[[*by, *columns]]
    if {"change", "change_low", "change_high"} <= set(summary.columns):
        bounds = zip(summary["change"], summary["change_low"], summary["change_high"], strict=True)
        found = found.assign(change_on_year_before=[
            "" if pd.isna(c) else f"{c:+.0%} ({low:+.0%} to {high:+.0%})" for c, low, high in bounds
        ])  # fmt: skip
    return found if charted == len(summary) else found.assign(finding=summary["sentence"])


def _unit(trends: Result) -> str:
    return {"W": "weeks", "D": "days"}.get(str(getattr(trends, "freq", "MS"))[:1], "months")


def _chart(trends: Result, group: tuple[str, ...], sentence: str) -> str:
    from matplotlib import dates
    from matplotlib.figure import Figure
    from matplotlib.text import Annotation

    from ..plot import plot_trends

    name = ", ".join(map(str, group)) or "All incidents"
    axes = Figure(figsize=(7.4, 3.3)).add_subplot()
    plot_trends(trends, group[0] if len(group) == 1 else group or None, ax=axes)
    seasons = bool(axes.child_axes)  # drawn to the right of the axes
    axes.figure.subplots_adjust(left=0.1, right=0.7 if seasons else 0.97, top=0.92, bottom=0.16)
    ticks: Any = dates.AutoDateLocator
    ticks = ticks(minticks=3, maxticks=6)
    words: Any = dates.ConciseDateFormatter
    axes.xaxis.set_major_locator(ticks)
    axes.xaxis.set_major_formatter(words(ticks, show_offset=False))
    axes.set_title("")  # the heading and the caption of the page say both
    for note in [text for text in axes.texts if isinstance(text, Annotation)]:
        note.remove()
    alt = f"Incidents per period in {name}. {sentence}"
    drawn = picture(axes.figure, alt, sentence, crop=False)
    return f"<div><h3>{html.escape(heading(name))}</h3>{drawn}</div>"
