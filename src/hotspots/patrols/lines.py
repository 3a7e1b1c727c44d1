"""The lines of a visit, for the officer who goes: why here, why then, why this unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .reasons import priorities_at, why_flat
from .tasks import who_may
from .trial import on_trial_days
from .words import MONTHS, counted, cut, ordinal, percent, worth_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .wording import Draft

LONGEST = 160
"""Characters of a line: what fits a briefing card or one text message."""

BUSIER = 1.1  # times the average hour from which an hour is called busier
QUIETER = 0.9  # and under which it is called quieter

_KINDS = {"pcso": "PCSO", "constable": "constable", "special": "special constable"}
_MODES = {"foot": "on foot", "cycle": "by cycle", "vehicle": "by vehicle"}


def visit_lines(plan: Draft, reasons: pd.DataFrame) -> pd.DataFrame:
    """Write of each visit why it is there, why then and why by that unit.

    Parameters
    ----------
    plan : Draft
        The plan before it is put in words; of its ``visits`` every column but these three.
    reasons : DataFrame
        The reasons per hotspot.

    Returns
    -------
    DataFrame
        Index of the visits: ``reason`` (at most 160 characters, all an officer needs),
        ``why_then`` and ``why_unit``.
    """
    visits = plan.visits
    task = visits["task"] if "task" in visits.columns else pd.Series("", index=visits.index)
    day = visits.sort_values(["arrive", "unit"]).groupby(["hotspot", "date"])["arrive"]
    nth = (day.cumcount() + 1).reindex(visits.index)
    of = day.transform("size").reindex(visits.index)
    facts = _facts(plan, reasons)
    said = [
        one_line(facts[spot], str(what), f"{'trial day, ' if trial else ''}visit {i} of {n}")
        for spot, what, i, n, trial in zip(
            visits["hotspot"], task, nth, of, on_trial_days(plan.basis, visits), strict=True
        )
    ]
    table = pd.DataFrame({"reason": pd.Series(said, index=visits.index, dtype="str")})
    table["why_then"] = _why_then(plan, reasons)
    table["why_unit"] = _why_unit(plan, task)
    return table


def _facts(plan: Draft, reasons: pd.DataFrame) -> dict[Any, dict[str, str]]:
    """Return the parts of a hotspot's line, ready to be joined."""
    counts = [counted(n, "incident") for n in reasons["incidents"]]
    rests = worth_text(reasons)
    asked = priorities_at(plan)
    facts = {}
    for (key, row), count, all_of_it in zip(reasons.iterrows(), counts, rests, strict=True):
        peak, first = str(row["peak"]), asked.get(str(key), [None])[0]
        facts[key] = {
            "name": str(row["name"]), "lpt": str(row["lpt"]), "count": count,
            "place": f"{ordinal(row['rank_in_lpt'])} of {row['of']} in ",
            "harm": all_of_it.removeprefix(count), "period": f", {row['period']}",
            "peak": f"; busiest {peak} ({percent(row['peak_share'])})" if peak else "",
            "priority": _asked(first) if first else "",
        }  # fmt: skip
    return facts


def _asked(row: dict[str, Any]) -> str:
    """Say what a priority asks for, who asked and to when; the longer words are cut."""
    day = row["expiry"]
    until = f"{day.day} {MONTHS[day.month - 1]}"
    return f"; {cut(row['source'], 16)} to {until}: {cut(row['theme'], 24)}"


def one_line(fact: dict[str, str], task: str, visit: str) -> str:
    """Join the parts of a line, the most needed first while there is room.

    Rank, incidents, period and which visit of the day always stay; then come the priority, the
    task, the busiest window, the harm and the name of the place.

    Parameters
    ----------
    fact : dict of str
        The parts that belong to the hotspot.
    task, visit : str
        What to do there, and which of the day's visits it is.

    Returns
    -------
    str
        At most 160 characters.

    Examples
    --------
    >>> fact = {"name": "Bus Station", "lpt": "Hanley", "count": "111 incidents",
    ...         "place": "2nd of 12 in ", "harm": "", "period": ", Jan–Dec 2025",
    ...         "peak": "; busiest 18:00 to 22:00 (38%)", "priority": ""}
    >>> one_line(fact, "visibility", "visit 1 of 3")
    'Bus Station, 2nd of 12 in Hanley: 111 incidents, Jan–Dec 2025; busiest 18:00 to 22:00 (38%); \
task: visibility; visit 1 of 3.'
    """
    lpt = cut(fact["lpt"], 30)
    ends = f": {fact['count']}", fact["period"], f"; {visit}."
    room = LONGEST - len(fact["place"]) - len(lpt) - sum(map(len, ends))
    part = {}
    wanted = {"priority": fact["priority"], "task": f"; task: {task}" if task else "",
              "peak": fact["peak"], "harm": fact["harm"]}  # fmt: skip
    for name, text in wanted.items():
        part[name] = text if len(text) <= room else ""
        room -= len(part[name])
    if len(fact["name"]) + 2 > room:  # the name says more than how busy the window is
        plain = part["peak"].split(" (")[0]
        room += len(part["peak"]) - len(plain)
        part["peak"] = plain
    name = cut(fact["name"], room - 2)
    called = f"{name}, " if len(name) > 6 or name == fact["name"] != "" else ""
    return (
        f"{called}{fact['place']}{lpt}{ends[0]}{part['harm']}{ends[1]}{part['peak']}"
        f"{part['priority']}{part['task']}{ends[2]}"
    )


def _why_then(plan: Draft, reasons: pd.DataFrame) -> pd.Series:
    """Say of each visit why at that hour."""
    visits = plan.visits
    if not len(visits):
        return pd.Series([], index=visits.index, dtype="str")
    if flat := why_flat(plan):
        said = f"Spread over the shift because no hour of day is known ({flat})."
        return pd.Series(said, index=visits.index, dtype="str")
    rates = _rates(plan)
    inside = in_peak(visits, reasons)
    held = visits.assign(inside=inside).groupby(["hotspot", "date"])["inside"].transform("sum")
    covered = _peak_on_duty(plan, reasons)
    told = reasons[["peak", "peak_share", "peak_low", "peak_high"]].to_dict("index")
    lines = []
    for spot, rate, within, others, on_duty in zip(
        visits["hotspot"], rates, inside, held, covered, strict=True
    ):
        row = told[spot]
        if not row["peak"]:
            lines.append(f"No window of the day stands out there; this hour has {_times(rate)}.")
            continue
        holds = f"{percent(row['peak_share'])} of its incidents (95% interval "
        holds += f"{percent(row['peak_low'])} to {percent(row['peak_high'])})"
        if within:
            lines.append(
                f"In its busiest window: {row['peak']} holds {holds}; this hour has {_times(rate)}."
            )
            continue
        if not on_duty:
            why = "is outside this shift"
        elif others:
            why = f"has {counted(int(others), 'visit')} that day"
        else:
            why = "had no room for a visit: gap, travel or other places"
        lines.append(
            f"Outside its busiest window: {row['peak']}, with {holds}, {why}; this hour has "
            f"{_times(rate)}."
        )
    return pd.Series(lines, index=visits.index, dtype="str")


def _times(rate: float) -> str:
    """Say an hour beside the average hour.

    Examples
    --------
    >>> _times(1.04), _times(2.13)
    ('about its average', '2.1 times its average')
    """
    return "about its average" if QUIETER <= rate <= BUSIER else f"{rate:.1f} times its average"


def _rates(plan: Draft) -> NDArray[np.float64]:
    """Need of the hour of each visit as a multiple of the hotspot's average hour."""
    visits = plan.visits
    place = plan.hotspots.index.get_indexer(visits["hotspot"])
    hour = visits["arrive"].dt.day_of_week * 24 + visits["arrive"].dt.hour
    found: NDArray[np.float64] = plan.demand.intensity[place, hour.to_numpy()]
    return found


def in_peak(visits: pd.DataFrame, reasons: pd.DataFrame) -> NDArray[np.bool_]:
    """Tell which visits begin in the busiest window of their hotspot; none where it has none."""
    start = visits["hotspot"].map(reasons["peak_start"]).to_numpy(dtype=float)
    hours = visits["hotspot"].map(reasons["peak_hours"]).to_numpy(dtype=float)
    clock = _hours(visits["arrive"] - visits["arrive"].dt.normalize())
    found: NDArray[np.bool_] = (clock - start) % 24 < hours  # False where NaN
    return found


def _peak_on_duty(plan: Draft, reasons: pd.DataFrame) -> NDArray[np.bool_]:
    """Tell of each visit whether its shift touches the busiest window of its hotspot."""
    shifts = plan.budget.groupby(["date", "lpt", "shift"]).agg({"start": "min", "end": "max"})
    own = shifts.reindex(pd.MultiIndex.from_frame(plan.visits[["date", "lpt", "shift"]]))
    begin = _hours(own["start"] - own["start"].dt.normalize())
    length = _hours(own["end"] - own["start"])
    start = plan.visits["hotspot"].map(reasons["peak_start"]).to_numpy(dtype=float)
    hours = plan.visits["hotspot"].map(reasons["peak_hours"]).to_numpy(dtype=float)
    found: NDArray[np.bool_] = ((start - begin) % 24 < length) | ((begin - start) % 24 < hours)
    return found


def _hours(span: pd.Series) -> NDArray[np.float64]:
    found: NDArray[np.float64] = span.dt.total_seconds().to_numpy() / 3600
    return found


def _why_unit(plan: Draft, task: pd.Series) -> pd.Series:
    """Say of each visit why by that unit: what it is, how far, who else was there, what it may."""
    visits = plan.visits
    units = plan.teams[plan.teams["planned"]]
    beside = units.groupby(["lpt", "shift"]).size().to_dict()
    kinds = visits["unit"].map(plan.teams["kind"]).astype(str)
    came = _from_base(visits)
    hours = plan.rules.pairs_from, plan.rules.pairs_to
    may = {str(name): f"The task ({name}) is for {who_may(row, *hours)}."
           for name, row in plan.tasks.iterrows()}  # fmt: skip
    lines = []
    for kind, officers, mode, minutes, base, lpt, shift, what in zip(
        kinds, visits["officers"], visits["mode"], visits["travel_min"], came, visits["lpt"],
        visits["shift"], task, strict=True
    ):  # fmt: skip
        who = f"{_crew(kind, officers)} {_MODES.get(mode, mode)}"
        place = "its base" if base else "the visit before"
        away = f"{minutes:.0f} min from {place}" if minutes else f"no travel from {place}"
        n = beside.get((lpt, shift), 1)
        choice = f"one of {n} units" if n > 1 else "the only unit"
        said = f"{who}, {away}, {choice} on the {shift} shift."
        if str(what) in may:
            said += f" {may[str(what)]}"
        lines.append(said)
    return pd.Series(lines, index=visits.index, dtype="str")


def _crew(kind: str, officers: int) -> str:
    """Name a unit by who is in it.

    Examples
    --------
    >>> _crew("pcso", 1), _crew("constable", 2)
    ('A PCSO', 'Two constables')
    """
    called = _KINDS.get(kind, kind)
    return f"A {called}" if officers == 1 else f"Two {called}s"


def _from_base(visits: pd.DataFrame) -> NDArray[np.bool_]:
    """Tell which visits are the first after setting out from base, also after a break."""
    ordered = visits.sort_values(["unit", "date", "order"])
    before = ordered.groupby(["unit", "date"])["return_min"].shift(1)
    new = ~ordered.duplicated(["unit", "date"])
    found = (new | (before > 0)).reindex(visits.index)
    return found.to_numpy()
