"""The sections of a report, each made from tables and their words alone."""

from __future__ import annotations

import html
from dataclasses import dataclass

import pandas as pd

from ..contracts import Result, time_precision
from .figures import picture
from .hotspots import hotspot_section
from .impact import impact_body
from .plan import plan_body
from .stations import Stations
from .time import alerts_body, breaks_body, forecast_body, week_body
from .trends import trends_body
from .words import folded, heading, number, paragraphs, span, table

_TITLES = {
    "ingest": "Records", "trends": "Trends", "plan": "Patrol plan",
    "classes": "What becomes of hotspots", "backtest": "On incidents not seen",
    "alerts": "What is unusual", "breaks": "Steps in the level", "forecast": "What to expect",
    "week_profile": "Hours of the week", "peak_windows": "Peaks", "impact": "Did it work?",
}  # fmt: skip


@dataclass(frozen=True)
class Section:
    """One part of the page: its anchor, its title and its HTML."""

    anchor: str
    title: str
    body: str


def sections(given: Stations) -> list[Section]:
    """Return the sections there is something to say in, in the order a commander reads.

    Parameters
    ----------
    given : Stations

    Returns
    -------
    list of Section
    """
    found = [Section("headline", "In short", _headline(given))]
    if given.hotspots or given.lpts is not None:
        title = "Hotspots" if given.hotspots else "Local Policing Teams"
        found.append(Section("hotspots", title, hotspot_section(given)))
    bodies: list[tuple[str, str, list[str]]] = [
        ("alerts", _TITLES["alerts"], [alerts_body(r) for r in given.of("alerts")]),
        ("classes", _TITLES["classes"], [_any(r) for r in given.of("classes")]),
        ("accuracy", _TITLES["backtest"], [_backtest(r) for r in given.of("backtest")]),
        ("trends", "Trends", [trends_body(r) for r in given.of("trends")]),
        ("breaks", _TITLES["breaks"], [breaks_body(r) for r in given.of("breaks")]),
        ("forecast", _TITLES["forecast"], [forecast_body(r) for r in given.of("forecast")]),
        ("hours", _TITLES["week_profile"], [week_body(r) for r in given.of("week_profile")]),
        ("peaks", _TITLES["peak_windows"], [_any(r) for r in given.of("peak_windows")]),
        ("plan", "Patrol plan", [plan_body(r, given) for r in given.of("plan")]),
        ("impact", _TITLES["impact"], [impact_body(r, given.lpts) for r in given.of("impact")]),
    ]
    known = {"ingest", *_TITLES}
    bodies += [(f"result-{n}", heading(k), [_any(r)])
               for n, (k, r) in enumerate(given.results, 1) if k not in known]  # fmt: skip
    bodies.append(("quality", "Data quality", [_quality(r) for r in given.of("ingest")]))
    for anchor, title, parts in bodies:
        for n, part in enumerate(parts, 1):
            again = f" {n}" if n > 1 else ""
            found.append(Section(f"{anchor}{again.strip()}", f"{title}{again}", part))
    return [*found, Section("methods", "Methods and limits", _methods(given))]


def _headline(given: Stations) -> str:
    tiles = _tiles(given)
    shown = f'<dl class="tiles">{"".join(tiles)}</dl>' if tiles else ""
    said = []
    for kind, result in given.results:
        lines = [line for line in result.text.splitlines() if line.strip()]
        title = _TITLES.get(kind, heading(kind))
        words = paragraphs("\n".join(lines[:3]))
        said.append(f"<div><h3>{html.escape(title)}</h3>{words}</div>")
    return f'{shown}<div class="says">{"".join(said)}</div>'


def _tile(name: str, figure: str, note: str) -> str:
    return (
        f'<div class="tile"><dt>{html.escape(name)}</dt><dd><span class="n">'
        f'{html.escape(figure)}</span><br><span class="quiet">{html.escape(note)}</span></dd></div>'
    )


def _tiles(given: Stations) -> list[str]:
    tiles = []
    if given.incidents is not None:
        of = given.of("ingest")
        lost = sum(len(r.tables["rejected"]) for r in of)
        note = f"{number(lost)} rows refused" if of else "recorded"
        tiles.append(_tile("Incidents", number(len(given.incidents)), note))
    if given.hotspots and len(given.hotspots[0]):
        spots = given.hotspots[0]
        area = float(spots["area_km2"].sum())
        note = f"{number(round(area, 2))} km²"
        if given.lpts is not None:
            note += f", {area / float(given.lpts['area_km2'].sum()):.2%} of the area"
        tiles.append(_tile("Hotspots", number(len(spots)), note))
        when = span(spots["period_start"].min(), spots["period_end"].max())
        tiles.append(_tile("Incidents in hotspots", number(spots["incidents"].sum()), when))
    for plan in given.of("plan"):
        visits, budget = plan.tables["visits"], plan.tables.get("budget")
        reached = visits["hotspot"].nunique()
        note = f"to {number(reached)} of {number(len(plan.tables['coverage']))} hotspots"
        tiles.append(_tile("Visits planned", number(len(visits)), note))
        if budget is not None and {"planned_hours", "available_hours"} <= set(budget.columns):
            planned = round(float(budget["planned_hours"].sum()))
            note = f"of {number(round(float(budget['available_hours'].sum())))} available"
            tiles.append(_tile("Officer-hours planned", number(planned), note))
    return tiles


def _any(result: Result) -> str:
    """Show a result nobody here knows: its words, and the head of each table."""
    shows = [
        folded(heading(name), frame, most=10)
        for name, frame in result.tables.items()
        if not {"occurred_from", "incident"} & {frame.index.name, *frame.columns}
        # single incidents stay out of reports
    ]
    return paragraphs(result.text) + "".join(shows)


def _backtest(result: Result) -> str:
    """Show what a backtest says, its curves, and its tables."""
    from matplotlib.figure import Figure

    from ..plot import plot_backtest

    axes = Figure(figsize=(8, 5)).add_subplot()
    plot_backtest(result, ax=axes)
    alt = "Share of incidents caught by share of the area flagged; the tables hold the same facts."
    return picture(axes.figure, alt) + _any(result)


def _quality(ingest: Result) -> str:
    tables = ingest.tables
    rejected = len(tables["rejected"])
    parts = [paragraphs(ingest.text)]
    if "months" in tables:
        parts.append(_months(tables["months"]))
    if len(tables.get("quality", ())):
        found = tables["quality"]
        if "share" in found.columns:
            said = ["" if pd.isna(share) or rows == 0 else f"{share:.1%}"
                    for share, rows in zip(found["share"], found["rows"], strict=True)]  # fmt: skip
            found = found.assign(share=said)
        parts.append("<h3>What the checks found</h3>" + table(found))
    if rejected and "reason" in tables["rejected"].columns:
        counts = tables["rejected"].groupby("reason", observed=True).size().rename("rows")
        frame = counts.sort_values(ascending=False).reset_index()
        parts.append("<h3>Rows rejected, by reason</h3>" + table(frame))
    if len(tables.get("files", ())):
        parts.append(
            f"<details><summary>Files: {len(tables['files']):,}</summary>"
            f"{table(tables['files'])}</details>"
        )
    return "".join(parts)


def _months(months: pd.DataFrame) -> str:
    """Draw a calendar per source: how much each month holds, and which are missing."""
    names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    heads = "".join(f'<th scope="col" class="n">{name}</th>' for name in names)
    body = []
    for source, rows in months.groupby("source", sort=True):
        at = {(m.year, m.month): (n, s) for m, n, s in
              zip(rows["month"], rows["incidents"], rows["status"], strict=True)}  # fmt: skip
        for year in sorted({year for year, _ in at}):
            cells = []
            for month in range(1, 13):
                count, status = at.get((year, month), (None, "none"))
                said = "missing" if status == "missing" else "" if count is None else number(count)
                said += f" ({status})" if status in ("thin", "incomplete") else ""
                cells.append(f'<td class="{html.escape(str(status))}">{said}</td>')
            body.append(f'<tr><th scope="row">{html.escape(str(source))} {year}</th>'
                        f"{''.join(cells)}</tr>")  # fmt: skip
    return (
        "<h3>Months recorded</h3>"
        '<div class="scroll" tabindex="0"><table class="months"><caption>Incidents per source and '
        "month. A missing month is a file that was not there, never a zero; a thin one holds far "
        "fewer than usual, probably an incomplete file. An incomplete one lies before the first "
        "whole month or after the last: stragglers, or an extract that begins or ends within it."
        '</caption><thead><tr><th scope="col">Source</th>'
        f"{heads}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
    )


def _methods(given: Stations) -> str:
    points = []
    for n, spots in enumerate(given.hotspots, 1):
        for method in sorted(set(spots["method"].astype(str))):
            when = span(spots["period_start"].min(), spots["period_end"].max())
            points.append(f"Hotspots {n}: {method}, incidents of {when}.")
    if given.hotspots:
        points.append(
            "Rank 1 is the hottest. Heat compares within one method only. A hotspot belongs to one "
            "Local Policing Team."
        )
    if any("harm" in spots.columns and spots["harm"].notna().any() for spots in given.hotspots):
        points.append(
            "Harm is in days of sentence. Weights by broad crime type are approximations: they "
            "rank places, they do not measure any one offence."
        )
    if given.incidents is not None and len(given.incidents):
        points += _data_limits(given.incidents)
    if given.of("trends"):
        points.append(
            "A season or a change is claimed only where the series is long enough to bear it; "
            "otherwise the words say so. Missing months are gaps in the lines."
        )
    if given.of("plan"):
        points.append(
            "The plan recommends; people decide. It does not know what officers on the ground "
            "know, and travel times are estimates."
        )
    points.append(
        "Records show what was reported or found, not all that happened. Places patrolled more "
        "can record more."
    )
    return "<ul>" + "".join(f"<li>{html.escape(point)}</li>" for point in points) + "</ul>"


def _data_limits(incidents: pd.DataFrame) -> list[str]:
    points = []
    share = time_precision(incidents).value_counts(normalize=True)
    coarse = float(share.get("month", 0.0) + share.get("longer", 0.0))
    if coarse > 0.5:
        those = "all" if coarse == 1 else f"{coarse:.0%} of the"
        points.append(
            f"For {those} incidents only the month is known, so nothing here speaks of days of "
            "the week or hours."
        )
    if "origin" in incidents.columns:
        police = int((incidents["origin"] == "police").sum())
        if police:
            points.append(
                f"{police:,} incidents ({police / len(incidents):.1%}) came to notice through "
                "police activity. They are left out of targeting by default, because they show "
                "where officers were."
            )
    return points
