"""The trends section: one small chart per group, with the sentence it bears."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

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
    sentences = set(summary["sentence"].astype(str))
    said = [line for line in trends.text.splitlines() if line.strip() not in sentences]
    order = summary.sort_values("incidents", ascending=False, kind="stable").head(MOST).index
    chosen = summary.loc[[i for i in summary.index if i in set(order)]]
    charts = "".join(
        _chart(trends, tuple(row[c] for c in by), str(row["sentence"]))
        for row in chosen.to_dict("records")
    )
    note = f"Each chart has its own scale, from zero. Gaps are {_unit(trends)} not recorded."
    if len(summary) > len(chosen):
        note = f"The {len(chosen)} groups with most incidents of {len(summary)}. {note}"
    shown = summary.drop(columns=[c for c in _INTERNAL if c in summary.columns])
    return (
        f'{paragraphs(chr(10).join(said))}<p class="quiet">{html.escape(note)}</p>'
        f'<div class="grid">{charts}</div>'
        f"<details><summary>All findings: {len(summary):,} groups</summary>{table(shown)}</details>"
    )


_INTERNAL = ("scale", "bridged", "dispersion", "q_value")


def _unit(trends: Result) -> str:
    return "weeks" if str(getattr(trends, "freq", "MS")).startswith("W") else "months"


def _chart(trends: Result, group: tuple[str, ...], sentence: str) -> str:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.figure import Figure
    from matplotlib.text import Annotation

    from ..plot import plot_trends

    name = ", ".join(map(str, group)) or "All incidents"
    axes = Figure(figsize=(7.4, 3.3)).add_subplot()
    plot_trends(trends, group[0] if len(group) == 1 else group or None, ax=axes)
    seasons = bool(axes.child_axes)  # drawn to the right of the axes
    axes.figure.subplots_adjust(left=0.1, right=0.7 if seasons else 0.97, top=0.92, bottom=0.16)
    ticks = AutoDateLocator(minticks=3, maxticks=6)
    axes.xaxis.set_major_locator(ticks)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(ticks, show_offset=False))
    axes.set_title("")  # the heading and the caption of the page say both
    for note in [text for text in axes.texts if isinstance(text, Annotation)]:
        note.remove()
    alt = f"Incidents per period in {name}. {sentence}"
    drawn = picture(axes.figure, alt, sentence, crop=False)
    return f"<div><h3>{html.escape(heading(name))}</h3>{drawn}</div>"
