"""The daily briefing as a page: on a screen, and on paper one sheet per LPT."""

from __future__ import annotations

import html
import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .. import __version__
from ..atomic import atomic_file
from ..contracts import InputError, Result
from .shell import FOOT, page_of
from .words import day, number, paragraphs

if TYPE_CHECKING:
    from collections.abc import Iterator

Cells = tuple[list[tuple[str, ...]], str]
"""Rows of a list on a sheet, and how many more there are, in words."""

NEEDED = ("summary", "counts", "ranked", "repeats", "notices", "carried", "visits", "feed", "notes")
"""Tables a briefing must hold."""

MOST = {"ranked": 9, "counts": 15, "repeats": 4, "notices": 4, "visits": 10, "carried": 5,
        "summary": 16, "notes": 7}  # fmt: skip
"""Rows of each list on a sheet, so that it fits on one page; the rest are counted."""

LONGEST = 112
"""Characters of a line taken from the records; longer ones end in an ellipsis."""


def write_briefing(
    folder: str | os.PathLike[str],
    briefing: Result,
    *,
    title: str = "Daily briefing",
    pdf: bool = False,
) -> Path:
    """Write a briefing as one self-contained HTML page that prints one sheet per LPT.

    Parameters
    ----------
    folder : path
        Folder for ``briefing.html``; made when missing, other files in it are left alone.
    briefing : Briefing
        What :func:`briefing` returned.
    title : str
        Heading of the page.
    pdf : bool
        Whether to write ``briefing.pdf`` beside it, one A4 page per LPT. Needs reportlab (the
        ``report`` extra).

    Returns
    -------
    Path
        The page, ``folder/briefing.html``.

    Raises
    ------
    InputError
        When it is no briefing, or reportlab is not there for the PDF.

    Notes
    -----
    The page needs no network and no other file, and runs no script. Every LPT begins on a sheet
    of its own in A4; lists that would not fit end with how many more there are, which the tables
    of the briefing hold.

    Examples
    --------
    >>> import tempfile
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=3, start="2025-01-01")
    >>> brief = hs.briefing(county.incidents, "2025-03-20", near_repeat=False)
    >>> page = hs.write_briefing(tempfile.mkdtemp(), brief, title="Ashenmere this morning")
    >>> "<h1>Ashenmere this morning</h1>" in page.read_text(encoding="utf-8")
    True
    """
    faults = []
    tables = briefing.tables if isinstance(briefing, Result) else {}
    if missing := [name for name in NEEDED if name not in tables]:
        faults.append(
            f"it is of type {type(briefing).__name__} and has no table {', '.join(missing)}; give "
            "what briefing(...) returned."
        )
    if not isinstance(title, str):
        faults.append(f"title is {title!r}; it must be text.")
    if faults:
        raise InputError("write_briefing", faults)
    place = Path(folder) / "briefing.html"
    if pdf:
        from .sheets import write_sheets

        write_sheets(Path(folder) / "briefing.pdf", sheets(tables), title)
    with atomic_file(place) as partial:
        partial.write_text(_page(tables, title), encoding="utf-8", newline="\n")
    return place


# --- what stands on each sheet ---------------------------------------------------------------


def sheets(tables: dict[str, pd.DataFrame]) -> list[dict[str, Any]]:
    """Return what stands on each sheet, the force first where it is there: words, no layout.

    Parameters
    ----------
    tables : dict of str to DataFrame
        Those of a briefing.

    Returns
    -------
    list of dict
        ``team``, ``when``, ``banner``, ``answer``, ``ranked`` and ``counts`` (rows of cells),
        ``lists`` (name, title, lines), ``teams`` (rows, on the sheet of the force) and ``notes``.
    """
    summary, notes, feed = tables["summary"], tables["notes"], tables["feed"].iloc[0]
    when = _hours(notes.iloc[0])
    found = []
    for n, row in enumerate(summary.to_dict("records")):
        team, force = str(row["lpt"]), row["level"] == "force"
        own = {name: table if force and name == "ranked" else table[table["lpt"] == team]
               for name, table in tables.items() if "lpt" in table.columns}  # fmt: skip
        said = [str(row["words"]).removeprefix(f"{team}: "), *_said(notes, "everywhere", force)]
        kept = ("clock", "basis", "near repeat", "note") if n == 0 else ("clock", "basis")
        found.append({
            "team": team, "when": when, "banner": str(feed["banner"]), "answer": said,
            "ranked": _ranked(own["ranked"], force), "counts": _counts(own["counts"]),
            "lists": [*_lists(own)],
            "teams": _teams(summary) if force else ([], ""),
            "notes": [note for kind in kept for note in _said(notes, kind)][: MOST["notes"]],
        })  # fmt: skip
    return found


def _said(notes: pd.DataFrame, kind: str, asked: bool = True) -> list[str]:
    return [str(note) for note in notes.loc[notes["kind"] == kind, "said"]] if asked else []


def _hours(note: pd.Series) -> str:
    end = note["when"]
    return f"The {int(note['hours'])} hours to {end:%H:%M} on {end:%A} {end.day} {end:%B %Y}"


def _short(text: object) -> str:
    words = str(text)
    return words if len(words) <= LONGEST else words[: LONGEST - 1].rstrip() + "…"


def _more(many: int, most: int) -> str:
    return f"and {many - most:,} more" if many > most else ""


def _ranked(table: pd.DataFrame, force: bool) -> Cells:
    """Return the incidents with most harm: place in the order, what and where, when, facts."""
    order = np.lexsort((
        table["rank"].to_numpy(), -table["vulnerability_markers"].to_numpy(),
        -table["harm"].fillna(-1.0).to_numpy(),
    ))  # fmt: skip
    most = MOST["ranked"] - (3 if force else 0)  # on the sheet of the force the LPTs stand above
    rows: list[tuple[str, ...]] = []
    for n, row in enumerate(table.iloc[order[:most]].itertuples(), 1):
        what: Any = row
        facts = ["late"] * bool(what.recorded_late)
        facts += [_days(what.harm)] if np.isfinite(what.harm) else []
        if what.vulnerability_markers:
            facts.append(f"vuln. ×{int(what.vulnerability_markers)}")
        where = f"{what.lpt}, {what.place}" if force and what.lpt != "Force" else str(what.place)
        when = _time(what.occurred_from, what.occurred_to)
        rows.append((str(n), _short(what.category), _short(where), when, "; ".join(facts),
                     _short(what.Index)))  # fmt: skip
    return rows, _more(len(table), most)


def _days(harm: float) -> str:
    days = number(round(harm)) if harm >= 1 else number(harm)
    return f"{days} day{'' if days == '1' else 's'}"


def _time(start: pd.Timestamp, end: pd.Timestamp) -> str:
    first = f"{start:%a} {start:%H:%M}"
    if end == start:
        return first
    same = end.normalize() == start.normalize()
    return f"{first} to {end:%H:%M}" if same else f"{first} to {end:%a} {end:%H:%M}"


def _usual(row: Any) -> tuple[str, str]:
    """Return the usual range, and above or below where it stands outside."""
    known = bool(np.isfinite(row.low))
    usual = f"{row.low:,.0f} to {row.high:,.0f}" if known else "not compared"
    return usual, str(row.standing) if row.standing in ("above", "below") else ""


def _counts(table: pd.DataFrame) -> Cells:
    """Return the counts: all together first, then those outside their range, then the most."""
    whole = table["category"] == "all"
    out = table["standing"].isin(["above", "below"])
    order = np.lexsort((
        table["category"].to_numpy(object), -table["incidents"].to_numpy(), ~out, ~whole,
    ))  # fmt: skip
    rows: list[tuple[str, ...]] = []
    for row in table.iloc[order[: MOST["counts"]]].itertuples():
        what: Any = row
        name = "All types" if what.category == "all" else _short(what.category)
        rows.append((name, f"{what.incidents:,}", *_usual(what)))
    return rows, _more(len(table), MOST["counts"])


def _teams(summary: pd.DataFrame) -> Cells:
    """Return a row per LPT for the sheet of the force."""
    below = summary[summary["level"] == "lpt"]
    rows: list[tuple[str, ...]] = []
    for row in below.head(MOST["summary"]).itertuples():
        what: Any = row
        outside = f"{what.outside} of {what.comparisons}" if what.comparisons else ""
        rows.append((_short(what.lpt), f"{what.incidents:,}", *_usual(what),
                     number(round(what.harm)), outside))  # fmt: skip
    return rows, _more(len(below), MOST["summary"])


_LISTS = {"repeats": "Repeat locations", "notices": "Near repeat",
          "visits": "Hotspot visits due", "carried": "Carried over"}  # fmt: skip


def _lists(own: dict[str, pd.DataFrame]) -> Iterator[tuple[str, str, list[str]]]:
    """Yield the lists there is something in: name, title and lines, the last how many more."""
    for name, title in _LISTS.items():
        rows = own[name]
        if len(rows):
            lines = [_short(words) for words in rows["words"].head(MOST[name])]
            more = _more(len(rows), MOST[name])
            yield name, f"{title} ({len(rows):,})", lines + [more] * bool(more)


# --- HTML ------------------------------------------------------------------------------------

_CSS = """
.sheet h2{display:flex;flex-wrap:wrap;justify-content:space-between;align-items:baseline;
gap:0 1rem;border-bottom:2px solid var(--brand);padding-bottom:.3rem}
.sheet h2 span{font-size:.95rem;font-weight:400;color:var(--soft)}
.sheet h3{margin:.9rem 0 .3rem}.sheet p{max-width:none}.answer{font-size:1.08rem}
.answer p{margin:.2rem 0 .5rem}
.banner{border:2px solid var(--accent);background:#fdeceb;color:#7d1710;font-weight:650;
padding:.5rem .8rem;border-radius:6px}
.two{display:grid;grid-template-columns:minmax(0,1.3fr) minmax(0,1fr);gap:1.4rem;align-items:start}
.two table{table-layout:fixed}.sheet td small{color:var(--soft);display:block}
.sheet ul{margin:.2rem 0 .2rem 1.1rem;padding:0}.where{display:block}
.w1{width:2rem}.w2{width:3.4rem}.w3{width:6.6rem}.w4{width:4.4rem}.when{width:34%}.key{width:17%}
.above,.below{font-weight:650}.above{color:var(--accent)}.below{color:#1f5fa8}
.sheet thead th{position:static}.sheet tbody th{font-weight:400}.key{overflow-wrap:anywhere}
.notes{border-top:1px solid var(--line);margin-top:.8rem;padding-top:.4rem}
.notes p{font-size:.85rem;color:var(--soft);margin:.25rem 0}
@media screen and (max-width:760px){.two{grid-template-columns:minmax(0,1fr)}
.two table{table-layout:auto}
.w3,.w4,.when,.key{width:auto}.two th,.two td{padding:.3rem .25rem}
.two td.n,.two th.n{white-space:normal}.two table{font-size:.76rem}}
@page{size:A4;margin:11mm 12mm}
@media print{header,nav,footer{display:none}main{padding:0}body{font-size:9pt;line-height:1.3}
.sheet{break-before:page;margin:0}.sheet:first-of-type{break-before:auto}
.two{grid-template-columns:minmax(0,1.34fr) minmax(0,1fr);gap:4mm}.sheet h2{font-size:14pt}
.sheet h2 span{font-size:9.5pt}.sheet h3{font-size:10pt;margin:2mm 0 .5mm}.answer{font-size:10pt}
.sheet table{font-size:7.5pt}.sheet th,.sheet td{padding:1pt 3pt}.sheet td small{font-size:7pt}
.two th,.two td,.two strong,.two small,.where{white-space:nowrap;overflow:hidden;
text-overflow:ellipsis}.two strong{display:block}.w1{width:6mm}.w2{width:10mm}.w3{width:16mm}
.w4{width:12mm}.two td.key{white-space:normal;font-size:7pt}
.two tbody th,.two strong{font-size:7.1pt}
.sheet .quiet,.sheet li{font-size:8pt}.visits{columns:2}.notes p{font-size:7.5pt}}
"""


def _page(tables: dict[str, pd.DataFrame], title: str) -> str:
    found = sheets(tables)
    links = "".join(
        f'<li><a href="#sheet-{n}">{html.escape(sheet["team"])}</a></li>'
        for n, sheet in enumerate(found, 1)
    )
    body = "".join(_sheet(sheet, n) for n, sheet in enumerate(found, 1))
    made = f"Made on {day(datetime.now())} with hotspots {__version__}."
    return page_of(
        body, title=title, what="briefing", links=links, css=_CSS, foot=FOOT,
        under=f"<p>{html.escape(found[0]['when'])}. {made}</p>",
    )  # fmt: skip


def _sheet(sheet: dict[str, Any], n: int) -> str:
    e = html.escape
    banner = f'<p class="banner" role="alert">{e(sheet["banner"])}</p>' if sheet["banner"] else ""
    left = _incidents(*sheet["ranked"])
    if sheet["teams"][0]:
        left = _lpts(*sheet["teams"]) + left
    lists = "".join(
        f'<h3>{e(title)}</h3><ul class="{name}">{"".join(f"<li>{e(line)}</li>" for line in lines)}'
        "</ul>"
        for name, title, lines in sheet["lists"]
    )
    notes = paragraphs("\n".join(sheet["notes"]))
    return (
        f'<section class="sheet" id="sheet-{n}" aria-labelledby="sheet-{n}-title">'
        f'<h2 id="sheet-{n}-title">{e(sheet["team"])} <span>{e(sheet["when"])}</span></h2>{banner}'
        f'<div class="answer">{paragraphs(chr(10).join(sheet["answer"]))}</div>'
        f'<div class="two"><div>{left}</div><div>{_types(*sheet["counts"])}</div></div>{lists}'
        f'<div class="notes">{notes}</div></section>'
    )


def _incidents(rows: list[tuple[str, ...]], more: str) -> str:
    e = html.escape
    if not rows:
        return "<h3>Most harm first</h3><p>No incidents.</p>"
    body = "".join(
        f'<tr><td class="n">{n}</td><td><strong>{e(what)}</strong><span class="where">{e(where)}'
        f'</span></td><td>{e(when)}<small>{e(facts)}</small></td><td class="key">{e(key)}</td></tr>'
        for n, what, where, when, facts, key in rows
    )
    return (
        '<h3>Most harm first</h3><table><thead><tr><th scope="col" class="n w1"></th>'
        '<th scope="col">What, where</th><th scope="col" class="when">When; days of harm</th>'
        f'<th scope="col" class="key">Record</th></tr></thead><tbody>{body}</tbody></table>'
        f"{_tail(more)}"
    )


def _tail(more: str) -> str:
    return f'<p class="quiet">{html.escape(more)}</p>' if more else ""


def _types(rows: list[tuple[str, ...]], more: str) -> str:
    e = html.escape
    body = "".join(
        f'<tr><th scope="row">{e(name)}</th><td class="n">{many}</td><td class="n">{usual}</td>'
        f'<td class="{standing}">{standing}</td></tr>'
        for name, many, usual, standing in rows
    )
    return (
        '<h3>Against the usual range</h3><table><thead><tr><th scope="col">Type</th>'
        '<th scope="col" class="n w2">Now</th><th scope="col" class="n w3">Usual</th>'
        f'<th scope="col" class="w4"></th></tr></thead><tbody>{body}</tbody></table>{_tail(more)}'
    )


def _lpts(rows: list[tuple[str, ...]], more: str) -> str:
    e = html.escape
    body = "".join(
        f'<tr><th scope="row">{e(name)}</th><td class="n">{many}</td><td class="n">{usual}</td>'
        f'<td class="{standing}">{standing}</td><td class="n">{harm}</td>'
        f'<td class="n">{e(outside)}</td></tr>'
        for name, many, usual, standing, harm, outside in rows
    )
    return (
        '<h3>By Local Policing Team</h3><table><thead><tr><th scope="col">LPT</th>'
        '<th scope="col" class="n w2">Now</th><th scope="col" class="n w3">Usual</th>'
        '<th scope="col" class="w4"></th><th scope="col" class="n w3">Harm</th>'
        f'<th scope="col" class="n w3">Outside</th></tr></thead><tbody>{body}</tbody></table>'
        f"{_tail(more)}"
    )
