"""Briefing cards: for each unit and shift one screen and one page, with a map and the reasons."""

from __future__ import annotations

import datetime as dt
import html
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from .. import __version__
from ..atomic import atomic_folder
from ..contracts import VISITS, InputError, Result, check_table
from .card_map import card_map, svg
from .handheld import duty_day
from .shell import FOOT, page_of
from .words import day as day_of
from .words import heading

if TYPE_CHECKING:
    from collections.abc import Iterator

NO_GROUND = "Being in a hotspot is by itself no ground to stop or search anybody."
"""Stands on every card."""

_KINDS = {"constable": "constable", "pcso": "PCSO", "special": "special", "response": "response"}
_TRAVEL = {"foot": "walk", "cycle": "ride", "vehicle": "drive"}
_ELSEWHERE = re.compile(r"(?:; task: [^;]*)?; visit \d+ of \d+\.$")  # of a reason
_MAP = (358.0, 172.0)  # what a phone has across, and a fifth of what it has down


@dataclass(frozen=True)
class Stop:
    """One visit as a card shows it; ``then`` says when the unit is to go back after it."""

    number: int
    hotspot: str
    place: str
    time: str
    travel: str
    then: str


@dataclass(frozen=True)
class Told:
    """What is said of some visits of a card, once for all of them: what to do there, or why."""

    numbers: str
    text: str


@dataclass(frozen=True)
class Card:
    """What stands on one card, in words; no layout."""

    name: str
    unit: str
    lpt: str
    when: str
    crew: str
    stops: tuple[Stop, ...]
    asked: tuple[Told, ...]
    why: tuple[Told, ...]
    then: tuple[Told, ...]
    notes: tuple[str, ...]
    ways: tuple[tuple[Any, ...], ...]
    date: pd.Timestamp
    mode: str = "foot"


def write_cards(
    folder: str | os.PathLike[str],
    plan: Result,
    *,
    day: str | dt.date | None = None,
    title: str = "Patrol cards",
    pdf: bool = False,
) -> Path:
    """Write a briefing card for each unit and shift: one screen, one printed page, with a map.

    Parameters
    ----------
    folder : path
        Where the cards shall stand, replaced as a whole: a card of an earlier plan would mislead.
        Files that somebody else put there are carried over.
    plan : PatrolPlan
        What :func:`plan_patrols` or :func:`amend_plan` returned. Any result with a ``visits``
        table will do; maps need the plan's ``basis``.
    day : str or date, optional
        The date the shifts start on, as ``"2026-03-02"``; every day of the plan when absent.
    title : str
        Heading of the page of all cards.
    pdf : bool
        Whether to write ``cards.pdf`` as well, one A4 page a card. Needs reportlab (the
        ``report`` extra).

    Returns
    -------
    Path
        ``folder/index.html``: all cards, which prints one A4 page each. Beside it stand
        ``cards/<date>_<shift>_<unit>.html``, one file a card to hand to a unit.

    Raises
    ------
    InputError
        When it is no plan, there are no visits on that day, reportlab is not there for the PDF,
        or the folder holds what this package did not make.

    Notes
    -----
    The pages need no network and no other file, and run no script. Each card says where and when,
    what to do there, why there, until when the card holds, and the fingerprint of the plan's
    seed. A response unit's card names the one place to look in on between jobs, without a time.
    The map shows the LPT, its hotspots and the order of visits; its lines are straight, not the
    streets to take.

    Examples
    --------
    >>> import tempfile
    >>> import hotspots as hs
    >>> from hotspots.patrols.example import example_plan
    >>> page = hs.write_cards(Path(tempfile.mkdtemp()) / "cards", example_plan())
    >>> sorted(file.name for file in (page.parent / "cards").iterdir())
    ['2026-03-02_late_P1.html']
    """
    visits = _checked(plan, day, title)
    if pdf:
        from .sheets import require_reportlab

        require_reportlab("write_cards", "index.html")
    cards = list(make_cards(plan, visits))
    with atomic_folder(folder) as partial:
        (partial / "cards").mkdir()
        bodies = []
        for card in cards:
            picture = map_of(plan, card, *_MAP)
            body = _card(card, svg(picture, _alt(card)) if picture else "")
            bodies.append(body)
            page = page_of(
                body, title=f"{card.unit}: {card.when}", what="card", under="", links="",
                foot=FOOT, css=_CSS + _ALONE,
            )  # fmt: skip
            (partial / "cards" / f"{card.name}.html").write_text(
                page, encoding="utf-8", newline="\n"
            )
        (partial / "index.html").write_text(
            _index(plan, cards, bodies, title), encoding="utf-8", newline="\n"
        )
        if pdf:
            from .card_sheets import write_card_sheets

            write_card_sheets(partial / "cards.pdf", cards, plan, title)
    return Path(folder) / "index.html"


def _checked(plan: Result, day: Any, title: Any) -> pd.DataFrame:
    """Return the visits to write cards for, those of one duty day where it is asked for."""
    faults = []
    visits = plan.tables.get("visits") if isinstance(plan, Result) else None
    if visits is None:
        faults.append(
            f"plan is of type {type(plan).__name__} without visits; give what plan_patrols returns."
        )
    if not isinstance(title, str):
        faults.append(f"title is {title!r}; it must be text.")
    date = None
    if day is not None:
        date = duty_day(day)
        if date is None:
            faults.append(f"day is {day!r}; give a date, year first, as '2026-03-02'.")
    if visits is not None:
        check_table(visits, VISITS)
        dates = _dates(visits)
        if not len(visits):
            faults.append("the plan holds no visits; its text says why.")
        elif date is not None and not (dates == date).any():
            faults.append(
                f"no visit on {date:%Y-%m-%d}; the plan has visits from {dates.min():%Y-%m-%d} to "
                f"{dates.max():%Y-%m-%d}."
            )
        elif date is not None:
            visits = visits[dates == date]
    if faults or visits is None:
        raise InputError("write_cards", faults)
    return visits


def _dates(visits: pd.DataFrame) -> pd.Series:
    return visits["date"] if "date" in visits.columns else visits["arrive"].dt.normalize()


# --- what stands on each card ------------------------------------------------------------------


def make_cards(plan: Result, visits: pd.DataFrame) -> Iterator[Card]:
    """Yield what stands on each card, by day, LPT, start of the shift and unit.

    Parameters
    ----------
    plan : Result
        With ``visits``, and ``reasons`` (names), ``teams``, ``budget`` and ``between_jobs`` where
        it has them.
    visits : DataFrame
        Those to write cards for.
    """
    tables = plan.tables
    names = _names(tables)
    jobs = tables.get("between_jobs", pd.DataFrame(columns=["date"]))
    wanted = set(_dates(visits))
    rows = visits.assign(date=_dates(visits)).sort_values("arrive", kind="stable")
    found: dict[tuple[Any, ...], tuple[pd.DataFrame, pd.DataFrame]] = {}
    for key, part in rows.groupby(["date", "lpt", "shift", "unit"], observed=True):
        found[key] = (part, jobs.iloc[:0])
    for key, part in jobs[jobs["date"].isin(wanted)].groupby(
        [c for c in ("date", "lpt", "shift", "unit") if c in jobs.columns], observed=True
    ):
        found[key] = (rows.iloc[:0], part)
    spans = {key: _span(tables, key, part) for key, (part, _) in found.items()}
    used: set[str] = set()
    for key in sorted(found, key=lambda k: (k[0], str(k[1]), spans[k][0], str(k[3]))):
        yield _make(key, *found[key], spans[key], tables, plan, names, used)


def _names(tables: dict[str, pd.DataFrame]) -> dict[str, str]:
    """Return the name of each hotspot where it has one."""
    named: dict[str, str] = {}
    for table in ("coverage", "reasons"):
        if "name" in (frame := tables.get(table, pd.DataFrame())).columns:
            text = frame["name"].dropna().astype("str").str.split().str.join(" ")
            named |= {str(key): name for key, name in text.items() if name}
    return named


def _span(
    tables: dict[str, pd.DataFrame], key: tuple[Any, ...], visits: pd.DataFrame
) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return start and end of a shift; of its visits where the plan has no budget."""
    date, lpt, shift, _ = key
    budget = tables.get("budget")
    if budget is not None and {"date", "lpt", "shift", "start", "end"} <= set(budget.columns):
        mine = budget[
            (budget["date"] == date) & (budget["lpt"] == lpt) & (budget["shift"] == shift)
        ]
        if len(mine):
            return mine["start"].min(), mine["end"].max()
    if len(visits):
        return visits["arrive"].min(), visits["depart"].max()
    return date, date + pd.Timedelta(days=1)


def _make(
    key: tuple[Any, ...], visits: pd.DataFrame, jobs: pd.DataFrame,
    span: tuple[pd.Timestamp, pd.Timestamp], tables: dict[str, pd.DataFrame], plan: Result,
    names: dict[str, str], used: set[str],
) -> Card:  # fmt: skip
    date, lpt, shift, unit = key
    start, end = span
    teams = tables.get("teams", pd.DataFrame())
    team = teams.loc[unit].to_dict() if unit in teams.index else {}
    stops = _stops(visits, date, names)
    asked = _told([_ask(row) for row in visits.to_dict("records")])
    first = visits.groupby("hotspot", sort=False, observed=True)["reason"].transform("first")
    here = [_shorter(text, names.get(str(key), ""))
            for text, key in zip(first, visits["hotspot"], strict=True)]  # fmt: skip
    why, then = _told(here), _told(visits["why_then"] if "why_then" in visits.columns else [])
    if len(jobs):
        place = str(jobs["hotspot"].iloc[0])
        stops = (Stop(1, place, names.get(place, place), "between jobs", "", ""),)
        asked = (Told("", "Look in when free of calls and be seen. There is no set time."),)
        why = (Told("", str(jobs["why"].iloc[0])),)
    many = f"{len(stops)} visit{'' if len(stops) == 1 else 's'}" if len(visits) else "no set times"
    kind = f"{team['officers']} × {_KINDS.get(team['kind'], team['kind'])}" if team else ""
    crew = ", ".join(filter(None, [kind, str(team.get("mode", ""))]))
    name = _file_name(f"{date:%Y-%m-%d}", str(shift), str(unit), used)
    return Card(
        name=name, unit=str(unit), lpt=str(lpt),
        when=f"{shift}, {date:%a} {date.day} {date:%b}, {start:%H:%M}–{end:%H:%M}",
        crew="; ".join(filter(None, [str(lpt), crew, many])),
        stops=stops, asked=asked, why=why, then=then, notes=_notes(plan, end),
        ways=_ways(visits, stops, team), date=date, mode=str(team.get("mode", "foot")),
    )  # fmt: skip


def _stops(visits: pd.DataFrame, date: pd.Timestamp, names: dict[str, str]) -> tuple[Stop, ...]:
    found = []
    for number, row in enumerate(visits.to_dict("records"), 1):
        arrive, key = row["arrive"], str(row["hotspot"])
        late = f" {arrive:%a}" if arrive.normalize() > date else ""
        how = _TRAVEL.get(str(row.get("mode", "")), "on the way")
        found.append(Stop(
            number, key, names.get(key, key), f"{arrive:%H:%M}–{row['depart']:%H:%M}{late}",
            _minutes(row.get("travel_min"), how), _minutes(row.get("return_min"), f"{how} back"),
        ))  # fmt: skip
    return tuple(found)


def _minutes(minutes: Any, how: str) -> str:
    return f"{minutes:.0f} min {how}" if minutes and minutes == minutes else ""


def _ask(visit: dict[Any, Any]) -> str:
    """Say what to do on a visit: its task and what that means."""
    task, tactic = (
        said.strip() if isinstance(said := visit.get(name), str) else ""
        for name in ("task", "tactic")
    )
    return ": ".join(filter(None, [heading(task) if task else "", tactic]))


def _told(said: Any) -> tuple[Told, ...]:
    """Gather visits of which the same is said, with their numbers."""
    numbers: dict[str, list[int]] = {}
    for number, text in enumerate(said, 1):
        if isinstance(text, str) and text:
            numbers.setdefault(text, []).append(number)
    return tuple(
        Told("All" if len(numbers) == 1 and len(of) == len(said) > 1
             else ", ".join(map(str, of)), text)
        for text, of in numbers.items()
    )  # fmt: skip


def _shorter(reason: Any, name: str) -> str:
    """Leave out of a reason what has its own place on a card: name, task and order of the visit.

    Examples
    --------
    >>> _shorter("Mill Lane, 1st of 7 in Leek: 46 incidents; task: visibility; visit 1 of 3.",
    ...          "Mill Lane")
    '1st of 7 in Leek: 46 incidents.'
    """
    return _ELSEWHERE.sub(".", str(reason).removeprefix(f"{name}, "))


def _notes(plan: Result, end: pd.Timestamp) -> tuple[str, ...]:
    """Say until when a card holds, what it is, and which plan it belongs to."""
    fingerprint = str(getattr(getattr(plan, "basis", None), "fingerprint", "") or "")
    made = f" Seed of the plan: {fingerprint}." if fingerprint else ""
    return (
        f"This card holds until {end:%a} {day_of(end)}, {end:%H:%M}, and not after.{made}",
        f"A recommendation that your sergeant may change. {NO_GROUND}",
    )


def _ways(
    visits: pd.DataFrame, stops: tuple[Stop, ...], team: dict[str, Any]
) -> tuple[tuple[Any, ...], ...]:
    """Return each way out from base and back: hotspots by id, bases by their place."""
    base = (team.get("base_easting"), team.get("base_northing"))
    end = (team.get("end_easting", base[0]), team.get("end_northing", base[1]))
    start, close = ((p,) if None not in p and p[0] == p[0] and p[1] == p[1] else ()
                    for p in (base, end))  # fmt: skip
    if not len(visits):
        return ()
    back = visits["return_min"].to_numpy() if "return_min" in visits.columns else None
    found, way = [], [*start]
    for n, stop in enumerate(stops):
        way.append(stop.hotspot)
        last = n == len(stops) - 1
        if last or (back is not None and back[n] > 0):
            found.append((*way, *close))
            way = [*start]
    return tuple(found)


def _file_name(date: str, shift: str, unit: str, used: set[str]) -> str:
    """Make a name that every system's files may have, and no other card has."""
    plain = [re.sub(r"[^\w-]+", "-", part).strip("-")[:40] or "x" for part in (shift, unit)]
    name = f"{date}_{plain[0]}_{plain[1]}"
    again = 2
    while name.casefold() in used:
        name, again = f"{date}_{plain[0]}_{plain[1]}_{again}", again + 1
    used.add(name.casefold())
    return name


# --- the map -----------------------------------------------------------------------------------


def map_of(plan: Result, card: Card, width: float, height: float) -> Any:
    """Lay out the map of a card, or None where the plan does not say where its hotspots lie."""
    basis = getattr(plan, "basis", None)
    spots = getattr(getattr(basis, "demand", None), "hotspots", None)
    stops = [stop.hotspot for stop in card.stops]
    if spots is None or not set(stops) <= set(spots.index):
        return None
    inside = spots.geometry[(spots["lpt"].astype("str") == card.lpt) | spots.index.isin(stops)]
    lpts: Any = getattr(basis, "lpts", None)
    named = lpts is not None and card.lpt in set(lpts.index.astype("str"))
    outline = lpts.geometry[lpts.index.astype("str") == card.lpt].iloc[0] if named else None
    roads = getattr(getattr(basis, "rules", None), "roads", None)
    return card_map(outline, dict(inside.items()), stops, card.ways, width, height, roads,
                    card.mode)  # fmt: skip


def _alt(card: Card) -> str:
    places = "; ".join(f"{stop.number} {stop.place}" for stop in card.stops)
    return f"Map of {card.lpt} with the visits in order: {places}."


# --- HTML --------------------------------------------------------------------------------------

_CSS = """
header{padding:.55rem 0}header h1{font-size:1.2rem;margin:0}header p{font-size:.88rem}
main.wrap{padding-top:.2rem}
.day>h2{margin:1rem 0 .2rem}.cards{display:grid;gap:1rem;align-items:start;
grid-template-columns:repeat(auto-fill,minmax(min(100%,358px),1fr))}
.card{background:#fff;border:1px solid var(--line);border-radius:8px;overflow:hidden;
font-size:.84rem;line-height:1.32}
.card h3{margin:0;padding:.4rem .6rem .1rem;font-size:1.02rem;color:var(--brand)}
.card p{margin:.1rem 0;max-width:none}.card .crew{padding:0 .6rem .3rem;color:var(--soft)}
.card .map{display:block;width:100%;height:auto;border:0;border-radius:0}
.map text{font:bold 10px system-ui,sans-serif;text-anchor:middle}
.stops,.told{list-style:none;margin:0;padding:.2rem .6rem}
.stops li{display:grid;gap:.3rem;align-items:baseline;
grid-template-columns:1.7rem minmax(6.4rem,max-content) 1fr auto;
border-bottom:1px solid #e6e9ee;padding:.16rem 0;font-size:.92rem}
.n{display:inline-block;min-width:1.35rem;padding:0 .3rem;border-radius:1rem;
background:var(--brand);
color:#fff;font-weight:650;font-size:.76rem;text-align:center;line-height:1.35rem}
.stops .t{font-variant-numeric:tabular-nums;white-space:nowrap}
.stops .by{color:var(--soft);font-size:.78rem;white-space:nowrap}
.stops .back{grid-column:2/-1;color:var(--soft);font-size:.78rem;line-height:1.1}
.told li{padding:.18rem 0}.told.whys{color:var(--soft);font-size:.79rem;line-height:1.28}
.told+.told{border-top:1px solid #e6e9ee}.told .n{background:#5c6b80}.whys .n{font-size:.7rem}
.card .notes{padding:.3rem .6rem .45rem;color:var(--soft);font-size:.74rem;line-height:1.3}
@media screen and (max-width:600px){.told.then{display:none}}
.idle{color:var(--soft);font-size:.88rem}
@page{size:A4;margin:12mm}
@media print{header,nav,footer{display:none}.day>h2,.idle{display:none}.cards{display:block}
.card{border:0;break-before:page;font-size:10.5pt;line-height:1.35;overflow:visible}
.day:first-child .card:first-child{break-before:auto}
.card h3{font-size:16pt;padding:0 0 1mm}.card .crew,.stops,.told,.card .notes{padding-left:0;
padding-right:0}.card .map{width:150mm}
.stops li{font-size:11pt;grid-template-columns:12mm 34mm 1fr auto}
.n{font-size:9pt}.told.whys{font-size:9.5pt}.card .notes{font-size:8.5pt}
.many{font-size:8.5pt;line-height:1.2}.many .map{width:85mm}.many .stops li{font-size:8.5pt;
padding:0;line-height:1.1}.many .told.whys{font-size:7.5pt;line-height:1.15}.many li{padding:0}
.many .n{font-size:7pt;line-height:1.3}}
"""
_ALONE = """nav{display:none}header{padding:.3rem 0}header h1{font-size:.95rem}
main.wrap{padding:0;max-width:760px}.card{border:0;border-radius:0}.card h3{display:none}
footer.wrap{padding:.3rem .6rem 1rem}footer p{font-size:.74rem;margin:0;max-width:none}
.card .crew{padding-top:.35rem}
@media print{.card h3{display:block}}
"""


def _card(card: Card, picture: str) -> str:
    e = html.escape
    stops = "".join(
        f'<li><span><span class="n">{stop.number}</span></span><span class="t">{e(stop.time)}'
        f'</span><strong>{e(stop.place)}</strong><span class="by">{e(stop.travel)}</span>'
        + (f'<span class="back">then {e(stop.then)} to base</span>' if stop.then else "")
        + "</li>"
        for stop in card.stops
    )
    lists = "".join(
        f'<ul class="told {kind}" aria-label="{label}">'
        + "".join(f"<li>{_numbers(one)}{e(one.text)}</li>" for one in told) + "</ul>"
        for told, kind, label in (
            (card.asked, "asked", "What to do there"), (card.why, "whys", "Why there"),
            (card.then, "whys then" if len(card.then) > 1 else "whys", "Why then"),
        )
        if told
    )  # fmt: skip
    notes = "".join(f"<p>{e(note)}</p>" for note in card.notes)
    many = " many" if len(card.stops) + len(card.why) + len(card.then) > 16 else ""
    return (
        f'<article class="card{many}" id="{e(card.name)}"><h3>{e(card.unit)}: {e(card.when)}</h3>'
        f'<p class="crew">{e(card.crew)}</p>{picture}<ol class="stops">{stops}</ol>{lists}'
        f'<div class="notes">{notes}</div></article>'
    )


def _numbers(one: Told) -> str:
    return f'<span class="n">{html.escape(one.numbers)}</span> ' if one.numbers else ""


def _index(plan: Result, cards: list[Card], bodies: list[str], title: str) -> str:
    """Return the page of all cards, by day and LPT."""
    groups: dict[tuple[pd.Timestamp, str], list[int]] = {}
    for n, card in enumerate(cards):
        groups.setdefault((card.date, card.lpt), []).append(n)
    days = list(dict.fromkeys(date for date, _ in groups))
    links: dict[str, str] = {}
    parts = []
    for n, ((date, lpt), members) in enumerate(groups.items(), 1):
        links.setdefault(f"{date:%a} {date.day} {date:%b}" if len(days) > 1 else lpt, f"g{n}")
        idle = _idle(plan, date, lpt, {cards[m].unit for m in members})
        parts.append(
            f'<div class="day" id="g{n}"><h2>{html.escape(lpt)}, {date:%a} {day_of(date)}</h2>'
            f'{idle}<div class="cards">{"".join(bodies[m] for m in members)}</div></div>'
        )
    visits = sum(len(card.stops) for card in cards if card.ways)
    free = sum(not card.ways for card in cards)
    looks = f", and {free:,} with a place to look in on between jobs" if free else ""
    under = (
        f"<p>{len(cards):,} cards: {visits:,} visits{looks}. One file a unit stands in the folder "
        f"<em>cards</em>; printing gives a page a card. Made with hotspots {__version__}.</p>"
    )
    return page_of(
        "".join(parts), title=title, what="cards", under=under, foot=FOOT, css=_CSS,
        links="".join(f'<li><a href="#{to}">{html.escape(name)}</a></li>'
                      for name, to in links.items()),
    )  # fmt: skip


def _idle(plan: Result, date: pd.Timestamp, lpt: str, busy: set[str]) -> str:
    """Name the units on duty that have no card, for nobody should look for one."""
    tables = plan.tables
    teams, budget = tables.get("teams"), tables.get("budget")
    if teams is None or budget is None or not {"lpt", "shift"} <= set(teams.columns):
        return ""
    on = budget.loc[(budget["date"] == date) & (budget["lpt"] == lpt), "shift"]
    mine = teams[(teams["lpt"] == lpt) & teams["shift"].isin(on)]
    idle = [str(unit) for unit in mine.index if str(unit) not in busy]
    if not idle:
        return ""
    return f'<p class="idle">On duty without visits: {html.escape(", ".join(idle))}.</p>'
