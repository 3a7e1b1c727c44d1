"""The sections of a report, each made from tables and their words alone."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..contracts import Result
from .stations import Stations
from .words import heading, paragraphs, table

if TYPE_CHECKING:
    pass

MOST_HOTSPOTS = 400
MOST_VISITS = 2_000
MOST_CHARTS = 12


@dataclass(frozen=True)
class Section:
    """One part of the page: its anchor, its title and its HTML."""

    anchor: str
    title: str
    body: str


def sections(given: Stations) -> list[Section]:
    """Return the sections there is something to say in, in reading order."""
    found = [_headline(given)]
    if given.hotspots or given.lpts is not None:
        found.append(_hotspots(given))
    found += [_trends(r, n) for n, r in enumerate(given.of("trends"), 1)]
    found += [_plan(r, n, given) for n, r in enumerate(given.of("plan"), 1)]
    known = {"ingest", "trends", "plan"}
    found += [_other(k, r, n) for n, (k, r) in enumerate(given.results, 1) if k not in known]
    found += [_quality(r, n) for n, r in enumerate(given.of("ingest"), 1)]
    return [*found, _methods(given)]


def _headline(given: Stations) -> Section:
    said = "".join(
        f"<h3>{html.escape(heading(kind))}</h3>{paragraphs(result.text)}"
        for kind, result in given.results
    )
    return Section("headline", "In short", said)


def _hotspots(given: Stations) -> Section:
    return Section("hotspots", "Hotspots", "".join(table(h) for h in given.hotspots))


def _trends(trends: Result, n: int) -> Section:
    return Section(f"trends{n}", "Trends", table(trends.tables["summary"]))


def _plan(plan: Result, n: int, given: Stations) -> Section:
    return Section(f"plan{n}", "Patrol plan", table(plan.tables["visits"], most=MOST_VISITS))


def _other(kind: str, result: Result, n: int) -> Section:
    shows = "".join(table(f, name, 10) for name, f in result.tables.items())
    return Section(f"result{n}", heading(kind), paragraphs(result.text) + shows)


def _quality(ingest: Result, n: int) -> Section:
    shows = "".join(
        table(ingest.tables[name], name)
        for name in ("quality", "months", "files") if name in ingest.tables
    )  # fmt: skip
    return Section(f"quality{n}", "Data quality", shows)


def _methods(given: Stations) -> Section:
    return Section("methods", "Methods and limits", "")
