"""What a briefing says: the answer first, a screen for each LPT."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ._usual import ALL, FORCE, LEAST, rows_of, usual_range
from ._window import HOUR, WEEKS, Window

SHOWN = 5
"""Rows of a list in the text; the tables hold them all."""


def counted(n: int, noun: str) -> str:
    """Return a number with its noun, as ``1 incident`` or ``3 incidents``."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def numbered(words: Sequence[str], noun: str, most: int = SHOWN) -> list[str]:
    """Put words on numbered lines, and say how many are left out."""
    lines = [f"  {n}. {said}" for n, said in enumerate(words[:most], 1)]
    more = len(words) - most
    return lines + [f"  and {more:,} more in the table {noun}"] * (more > 0)


def listed(words: Sequence[str], noun: str, most: int = SHOWN, sep: str = "; ") -> str:
    """Join words, and say how many are left out."""
    shown = sep.join(words[:most])
    more = len(words) - most
    return f"{shown}; and {more:,} more in the table {noun}" if more > 0 else shown


def answer(team: str, counts: pd.DataFrame, feed: pd.Series) -> str:
    """Say how many there were in one LPT, and whether that is usual."""
    own = counts[counts["lpt"] == team]
    whole = own[own["category"] == ALL].iloc[0]
    many = counted(int(whole["incidents"]), "incident")
    if not feed["complete"]:
        return f"{team}: {many} so far; not compared, as the feed is incomplete."
    said = f"{team}: {many}, {whole['words']}."
    if whole["standing"] == "too little history":
        return said
    kinds = own[own["category"] != ALL]
    out = kinds[kinds["standing"].isin(OUT)]
    told = [
        f"{row.category} {row.incidents} ({row.standing} its usual {usual_range(row)})"
        for row in rows_of(out)
    ]
    if told:
        said += f" Outside its own usual range: {listed(told, 'counts')}."
    elif len(kinds):
        said += " Every type is within its own usual range."
    if len(own) > 1 and own["standing"].isin(OUT).any():
        chance = about(float(own["chance_outside"].sum()))
        said += f" Of {len(own)} comparisons, chance alone puts {chance} outside."
    return said


OUT = ("above", "below")


def about(expected: float) -> str:
    """Return an expected number, as ``about 0.3``."""
    return f"about {expected:.0f}" if expected >= 10 else f"about {expected:.1f}"


def headline(
    counts: pd.DataFrame, feed: pd.Series, window: Window, season: bool
) -> list[tuple[str, str]]:
    """Say what the briefing is on, the whole force first, and what the ranges rest on.

    Every line has its kind: feed, answer, everywhere, hours, clock, basis.
    """
    bare = (
        f" (a date alone means the policing day that ended at {HOUR:02d}:00)" if window.bare else ""
    )
    lines = [("feed", str(feed["banner"]))]
    if (counts["level"] == "force").any():
        lines += [
            ("answer", answer(FORCE, counts, feed)),
            ("everywhere", _everywhere(counts, feed)),
        ]
    lines += [
        ("hours", f"Briefing on {window.words}{bare}."),
        ("clock", window.clock),
        ("basis", basis(feed, window, season)),
    ]
    return [(kind, line) for kind, line in lines if line]


def _everywhere(counts: pd.DataFrame, feed: pd.Series) -> str:
    """Say what stands out in the LPTs, of how many comparisons, and what chance would do."""
    compared = counts["standing"].isin(["within", *OUT])
    if not feed["complete"] or compared.sum() < 2:
        return ""
    out = counts[counts["standing"].isin(OUT)]
    below = out[out["level"] == "lpt"]
    order = np.argsort(below["chance_of_as_much"].to_numpy(), kind="stable")
    told = [
        f"{row.lpt}{'' if row.category == ALL else ', ' + row.category}: {row.incidents} "
        f"({row.standing} its usual {usual_range(row)})"
        for row in rows_of(below.iloc[order])
    ]
    named = f" In the LPTs, the least likely first: {listed(told, 'counts')}." if told else ""
    chance = about(float(counts["chance_outside"].sum()))
    lie = "lie" if len(out) > 1 else "lies"
    where = ", force and LPTs" if (counts["level"] == "lpt").any() else ""
    many = f"{len(out):,}" if len(out) else "none"
    return (
        f"Of all {int(compared.sum()):,} comparisons{where}, {many} {lie} outside the usual range; "
        f"chance alone would put {chance} there.{named}"
    )


def basis(feed: pd.Series, window: Window, season: bool) -> str:
    """Say what the usual ranges rest on."""
    days = int(feed["comparable_days"])
    if not feed["complete"] and days >= LEAST:
        return ""
    if days < LEAST:
        return (
            f"Too little history to say what is usual: {counted(days, 'comparable day')} "
            f"({window.usual_words}, in the {WEEKS} weeks before), and at least {LEAST} are needed."
        )
    few = (
        f" That is a short history, {days} of {WEEKS} weeks, so the ranges are wide."
        if days < WEEKS / 2
        else ""
    )
    told = "allowing for the season" if season else "with no allowance for the season"
    return (
        f"The usual range holds 95 days in 100: {window.usual_words} on {days} comparable days of "
        f"the {WEEKS} weeks before, {told}.{few}"
    )


def force_page(tables: dict[str, pd.DataFrame]) -> list[str]:
    """Return what the page of the force holds beside its headline."""
    ranked = tables["ranked"]
    lines = []
    if len(ranked):
        order = np.lexsort((
            ranked["rank"].to_numpy(), -ranked["vulnerability_markers"].to_numpy(),
            -ranked["harm"].fillna(-1.0).to_numpy(),
        ))  # fmt: skip
        told = [f"{row.lpt}: {row.words}" for row in rows_of(ranked.iloc[order])]
        lines += ["Most harm first:", *numbered(told, "ranked")]
    return lines + _carried(FORCE, tables)


def page(team: str, said: str, tables: dict[str, pd.DataFrame]) -> list[str]:
    """Return the lines of one LPT after its answer, ``said``."""
    lines = [said]

    def own(name: str) -> pd.DataFrame:
        return tables[name][tables[name]["lpt"] == team]

    ranked = own("ranked")
    if len(ranked):
        lines += ["Most harm first:", *numbered(list(ranked["words"]), "ranked")]
    for name, title in (("repeats", "Repeat locations"), ("visits", "Hotspot visits due")):
        if len(rows := own(name)):
            lines += [f"{title} ({len(rows)}):", *numbered(list(rows["words"]), name)]
    notices = own("notices")
    if len(notices):
        fresh = notices[notices["new"]]
        older = len(notices) - len(fresh)
        lines += ["Near repeat:", *numbered(list(fresh["words"]), "notices")]
        if older:
            run = "runs" if older == 1 else "run"
            lines.append(f"  {counted(older, 'earlier notice')} still {run}")
    return lines + _carried(team, tables)


def _carried(team: str, tables: dict[str, pd.DataFrame]) -> list[str]:
    rows = tables["carried"][tables["carried"]["lpt"] == team]
    return ["Carried over:", *numbered(list(rows["words"]), "carried")] if len(rows) else []


def incident_words(ranked: pd.DataFrame, approximate: bool) -> list[str]:
    """Say each incident in a line: type, street, time, harm, markers; nothing personal."""
    told = []
    for row in rows_of(ranked):
        facts = []
        if np.isfinite(row.harm):
            facts.append(f"harm {'about ' if approximate else ''}{days(row.harm)}")
        if row.vulnerability_markers:
            facts.append(counted(int(row.vulnerability_markers), "vulnerability marker"))
        if row.recorded_late:
            facts.append("recorded late")
        said = f"{row.category}, {row.place}, {when(row.occurred_from, row.occurred_to)}"
        told.append(f"{said} ({'; '.join([*facts, str(row.Index)])})")
    return told


def days(harm: float) -> str:
    """Return days of harm, as ``1 day`` or ``193 days``."""
    number = f"{harm:,.0f}" if harm >= 1 or harm == 0 else f"{harm:.1f}"
    return f"{number} day{'' if number == '1' else 's'}"


def when(start: pd.Timestamp, end: pd.Timestamp) -> str:
    """Return a time or an interval, as ``Sun 22:15`` or ``Sat 22:00 to Sun 07:30``."""
    whole = start == start.normalize() and end - start == pd.Timedelta(days=1)
    if whole:
        return _date(start)
    if end == start:
        return f"{_date(start)} {start:%H:%M}"
    until = f"{end:%H:%M}" if end.normalize() == start.normalize() else f"{_date(end)} {end:%H:%M}"
    return f"{_date(start)} {start:%H:%M} to {until}"


def _date(moment: pd.Timestamp) -> str:
    return f"{moment:%a} {moment.day} {moment:%b}"
