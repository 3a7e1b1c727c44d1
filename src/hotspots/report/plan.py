"""The patrol plan section: who goes where and when, and why, on screen and on paper."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import pandas as pd

from .figures import picture
from .words import day, heading, number, paragraphs, table

if TYPE_CHECKING:
    from ..contracts import Result
    from .stations import Stations

MOST = 2_000
"""Visits listed; the BI tables hold all."""

_KINDS = {"pcso": "PCSO"}


def plan_body(plan: Result, given: Stations) -> str:
    """Return the plan in words, as a picture of a day, per team, and with its reasons.

    Parameters
    ----------
    plan : Result
        With tables ``visits``, ``coverage`` and ``reasons``; ``teams`` is used when there.
    given : Stations
        For the names of the hotspots.

    Returns
    -------
    str
    """
    visits = _described(plan, given)
    parts = [paragraphs(plan.text)]
    if len(visits):
        parts += [_by_team_and_day(visits), _timeline(plan, visits)]
        listed = visits.head(MOST)
        parts.append("<h3>Visits, by team, shift and unit</h3>")
        if len(visits) > MOST:
            parts.append(f'<p class="quiet">The first {MOST:,} of {len(visits):,} visits; the BI '
                         "tables hold all.</p>")  # fmt: skip
        parts += [_team(str(lpt), rows) for lpt, rows in listed.groupby("lpt", sort=True)]
    parts += _beside(plan)
    reasons = plan.tables["reasons"]
    if len(reasons):
        columns = [c for c in ("name", "lpt", "rank", "tier", "need", "reason", "would_change")
                   if c in reasons.columns]  # fmt: skip
        shown = reasons[columns] if columns else reasons
        if "need" in shown.columns:
            shown = shown.assign(need=[f"{share:.1%}" for share in shown["need"]])
        parts.append(f"<details><summary>Why each hotspot: {len(reasons):,} reasons</summary>"
                     f"{table(shown.sort_index(), most=400)}</details>")  # fmt: skip
    return "".join(parts)


_BESIDE = {
    "referrals": (
        "For problem solving instead of patrol",
        ("place", "incidents", "share", "peak", "owner"),
    ),
    "between_jobs": (
        "For response units between jobs",
        ("date", "lpt", "shift", "unit", "hotspot"),
    ),
    "costs": ("What each kind of rule costs", ("group", "rules", "unmet", "value_lost_share")),
}
"""Tables shown beside the visits where they hold rows: their heading and columns."""


def _beside(plan: Result) -> list[str]:
    """Return what is not patrolled but referred, what response units may do, what rules cost."""
    parts = []
    for name, (said, columns) in _BESIDE.items():
        frame = plan.tables.get(name)
        if frame is None or not len(frame):
            continue
        shown = frame[[c for c in columns if c in frame.columns]]
        if "value_lost_share" in shown.columns:
            shown = shown[frame["where"].astype("str") == ""] if "where" in frame else shown
            shown = shown.assign(value_lost_share=[f"{s:.1%}" for s in shown["value_lost_share"]])
        parts.append(f"<details><summary>{said}: {len(shown):,}</summary>"
                     f"{table(shown, most=400)}</details>")  # fmt: skip
    return parts


def _described(plan: Result, given: Stations) -> pd.DataFrame:
    """Return the visits in the order they are made, with the names of place and crew."""
    visits = plan.tables["visits"]
    names: dict[str, str] = {}
    for frame in (plan.tables["reasons"], plan.tables["coverage"], *given.hotspots):
        if "name" in frame.columns:
            known = frame["name"].dropna().astype(str)
            names |= {str(k): v for k, v in known[known != ""].items() if str(k) not in names}
    teams = plan.tables.get("teams")
    crews: dict[str, str] = {}
    if teams is not None and {"kind", "officers", "mode"} <= set(teams.columns):
        crews = {
            str(unit): f"{row['officers']} × {_KINDS.get(row['kind'], row['kind'])}, {row['mode']}"
            for unit, row in teams.iterrows()
        }
    ids = visits["hotspot"].astype(str)
    start = visits["date"] if "date" in visits.columns else visits["arrive"].dt.normalize()
    return visits.assign(
        place=[names.get(i, i) for i in ids],
        crew=[crews.get(u, "") for u in visits["unit"].astype(str)],
        duty_day=start,
    ).sort_values(["duty_day", "lpt", "shift", "unit", "arrive"], kind="stable")


def _by_team_and_day(visits: pd.DataFrame) -> str:
    counts = visits.pivot_table(index="lpt", columns="duty_day", values="place", aggfunc="size",
                                fill_value=0)  # fmt: skip
    first: list[Any] = list(counts.columns[:14])
    heads = "".join(f'<th scope="col" class="n">{d:%a} {d.day} {d:%b}</th>' for d in first)
    rows = "".join(
        f'<tr><th scope="row">{html.escape(str(lpt))}</th>'
        + "".join(f'<td class="n">{number(counts.loc[lpt, d])}</td>' for d in first)
        + f'<td class="n"><strong>{number(counts.loc[lpt].sum())}</strong></td></tr>'
        for lpt in counts.index
    )
    more = f" The first 14 of {counts.shape[1]} days." if counts.shape[1] > 14 else ""
    return (
        f'<div class="scroll" tabindex="0"><table><caption>Visits per Local Policing Team and '
        f'duty day.{more}</caption><thead><tr><th scope="col">LPT</th>{heads}'
        f'<th scope="col" class="n">All</th></tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _timeline(plan: Result, visits: pd.DataFrame) -> str:
    from matplotlib.figure import Figure

    from ..plot import plot_plan

    first = visits["duty_day"].min()
    units = visits.loc[visits["duty_day"] == first, "unit"].nunique()
    axes = Figure(figsize=(10.5, 1.4 + 0.24 * units)).add_subplot()
    plot_plan(plan, day=first, ax=axes)
    said = f"Visits of {first:%A} {day(first)}, one line per unit."
    drawn = picture(axes.figure, f"{said} The tables below hold the same visits.")
    return (
        f"<details><summary>A day at a glance: {first:%A} {day(first)}</summary>{drawn}</details>"
    )


def _team(lpt: str, visits: pd.DataFrame) -> str:
    turns = "".join(
        _turn(rows)
        for _, rows in visits.groupby(["duty_day", "shift", "unit"], sort=False, observed=True)
    )
    return (
        f'<details class="newpage"><summary>{html.escape(lpt)}: {len(visits):,} visits</summary>'
        '<div class="scroll"><table><thead><tr><th scope="col">Time</th><th scope="col">Place</th>'
        f'<th scope="col">Why</th></tr></thead>{turns}</table></div></details>'
    )


def _turn(visits: pd.DataFrame) -> str:
    """Return one unit's shift: a heading and its visits in order."""
    e = html.escape
    top: dict[Any, Any] = visits.iloc[0].to_dict()
    when = top["duty_day"]
    crew = f" ({e(top['crew'])})" if top["crew"] else ""
    rows = "".join(
        f'<tr><td class="time">{a:%H:%M}–{b:%H:%M}</td><td>{e(str(place))}</td>'
        f'<td class="why">{e(str(why))}</td></tr>'
        for a, b, place, why in zip(
            visits["arrive"], visits["depart"], visits["place"], visits["reason"], strict=True
        )
    )
    return (
        f'<tbody class="turn"><tr><th colspan="3" scope="rowgroup">{when:%a} {day(when)}, '
        f"{e(heading(str(top['shift'])))}, {e(str(top['unit']))}{crew}</th></tr>{rows}</tbody>"
    )
