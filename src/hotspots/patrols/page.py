"""The page for the supervisor, and the places sent to problem solving instead of patrol."""

from __future__ import annotations

import textwrap
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..contracts import InputError
from .lines import in_peak
from .tasks import read_tasks, who_may
from .words import counted, day_text, percent

if TYPE_CHECKING:
    from .plan import PatrolPlan

WIDTH = 96
"""Characters of a line of the page."""

_DAYS_SHOWN = 14
_ASKED = (
    "Who is harmed here, who does it, and who runs the place? What makes this place worse than "
    "others like it? When does it happen, and what happens just before? What has been tried, and "
    "what does each side gain or lose by a change?"
)
_MEASURED = (
    "Incidents recorded at this place in the same months a year on, beside those of similar places."
)


def referrals(reasons: pd.DataFrame) -> pd.DataFrame:
    """Prepare a problem-solving file (SARA) for each hotspot that is a problem of one place.

    Parameters
    ----------
    reasons : DataFrame
        The reasons per hotspot; those whose ``route`` is "problem solving" count.

    Returns
    -------
    DataFrame
        Index ``hotspot``, most need first: ``lpt``, ``name``, ``place``, ``incidents`` (in the
        hotspot), ``at_place`` and ``share`` (those at the place), ``harm``, ``category``, ``peak``,
        ``scanning`` (the facts), ``analysis`` (questions), ``response`` (blank), ``assessment``
        (how to tell whether it worked), ``owner`` and ``due`` (blank, for people to fill in).

    References
    ----------
    Eck J. E. and Spelman W. (1987) *Problem-solving: problem-oriented policing in Newport News*.
    Police Executive Research Forum.
    Eck J. E., Clarke R. V. and Guerette R. T. (2007) Risky facilities: crime concentration in
    homogeneous sets of establishments and facilities. *Crime Prevention Studies* 21, 225–264.

    Examples
    --------
    >>> from hotspots.patrols.example import example_plan
    >>> len(referrals(example_plan().reasons))
    0
    """
    order = reasons.assign(key=reasons.index.astype(str))
    chosen = order[reasons["route"] == "problem solving"].sort_values(
        ["need", "key"], ascending=[False, True]
    )
    facts = []
    at_place = (chosen["incidents"] * chosen["largest_share"]).round().astype("int64")
    for n, (_, row) in zip(at_place, chosen.iterrows(), strict=True):
        kind = f", mostly {row['category']}" if row["category"] else ""
        peak = f" Busiest {row['peak']}." if row["peak"] else ""
        facts.append(
            f"{n:,} of {counted(row['incidents'], 'incident')} ({percent(row['largest_share'])}), "
            f"{row['period']}, are recorded at {row['largest_place'] or 'one place'}{kind}.{peak}"
        )
    table = chosen[["lpt", "name"]].assign(
        place=chosen["largest_place"], incidents=chosen["incidents"], at_place=at_place,
        share=chosen["largest_share"], harm=chosen["harm"], category=chosen["category"],
        peak=chosen["peak"],
    )  # fmt: skip
    for name, text in (("scanning", facts), ("analysis", _ASKED), ("response", ""),
                       ("assessment", _MEASURED), ("owner", ""), ("due", "")):  # fmt: skip
        table[name] = pd.Series(text, index=table.index, dtype="str")
    table.index.name = "hotspot"
    return table


def supervisor_page(plan: PatrolPlan, hotspot: str) -> str:
    """Write the page a supervisor reads, questions and signs for one hotspot.

    Parameters
    ----------
    plan : PatrolPlan
    hotspot : str
        Its id.

    Returns
    -------
    str
        One page of plain text: what is asked; why here, why then, why these units; what to do
        there; how sure; what would change it; what was considered; the data; the visits; and room
        for the decision.

    Raises
    ------
    InputError
        When the plan holds no such hotspot.

    Examples
    --------
    >>> from hotspots.patrols.example import example_plan
    >>> page = supervisor_page(example_plan(), "H1")
    >>> print(page.splitlines()[0])
    Market Lane (H1), Hanley
    """
    from .plan import PatrolPlan  # which makes its tables with this module

    if not isinstance(plan, PatrolPlan):
        raise InputError("supervisor_page", [
            f"plan is of type {type(plan).__name__}; give what plan_patrols returned."
        ])  # fmt: skip
    if not isinstance(hotspot, str) or hotspot not in plan.reasons.index:
        known = list(map(str, plan.reasons.index))
        near = get_close_matches(str(hotspot), known, n=3, cutoff=0.3) or known[:3]
        hint = f"; the nearest are {', '.join(map(repr, near))}" if near else ": it has none"
        raise InputError("supervisor_page", [
            f"hotspot {hotspot!r} is not in the plan{hint}."
        ])  # fmt: skip
    row: dict[str, Any] = {str(k): v for k, v in plan.reasons.loc[hotspot].to_dict().items()}
    visits = plan.visits[plan.visits["hotspot"] == hotspot].sort_values("arrive")
    name = f"{row['name']} ({hotspot})" if row["name"] else hotspot
    first, days = plan.basis.first, plan.basis.days
    last = first + pd.Timedelta(days=days - 1)
    parts = [
        f"{name}, {row['lpt']}",
        f"Patrol plan, {f'{day_text(first)} to ' * (days > 1)}{day_text(last)} {last.year}.",
        "A recommendation: nothing is tasked until somebody accepts it.",
        "",
        *_part("Asked", _asked(plan, hotspot, visits)),
        *_part("Why here", str(row["reason"])),
        *_part("Why then", _why_then(plan, row, visits)),
        *_part("Why these units", _why_units(plan, visits)),
        *_part("What to do there", _what(plan, visits)),
        *_part("How sure", str(row["how_sure"])),
        *_part("What would change it", str(row["would_change"])),
        *_part("Considered", str(row["alternatives"])),
        *_part("Data", f"{row['cut_off']} Method: {row['method']}. Seed of the plan: "
                       f"{plan.basis.fingerprint}."),
        *_dated(visits),
        "",
        "Decision:  [ ] accepted   [ ] amended   [ ] rejected      Role: ____________________",
        "Why: ______________________________________________________________________",
    ]  # fmt: skip
    return "\n".join(parts)


def _part(title: str, text: str) -> list[str]:
    """Return a titled paragraph, nothing where there is no text."""
    if not text:
        return []
    return [f"{title}:", *textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="  ")]


def _asked(plan: PatrolPlan, hotspot: str, visits: pd.DataFrame) -> str:
    if not len(visits):
        return f"No visit: {plan.coverage['why_none'][hotspot]}."
    a_day = len(visits) / plan.basis.days
    return (
        f"{counted(len(visits), 'visit')} of {plan.basis.rules.dwell_min} min, {a_day:.1f} a day; "
        f"first {day_text(visits['arrive'].iloc[0])} at {visits['arrive'].iloc[0]:%H:%M}."
    )


def _why_then(plan: PatrolPlan, row: dict[str, Any], visits: pd.DataFrame) -> str:
    """Say what the hours rest on, how many visits fall in the busiest window, how they vary."""
    if not len(visits):
        return ""
    if not row["peak"]:
        said = str(visits["why_then"].iloc[0])
    else:
        inside = int(in_peak(visits, plan.reasons).sum())
        said = (
            f"{inside} of {counted(len(visits), 'visit')} begin in its busiest window, "
            f"{row['peak']}, which holds {percent(row['peak_share'])} of its incidents (95% "
            f"interval {percent(row['peak_low'])} to {percent(row['peak_high'])})."
        )
    table = plan.unpredictability
    mine = table[table["hotspot"] == visits["hotspot"].iloc[0]]
    pairs = int(mine["pairs"].iloc[0])
    hours = visits["arrive"].dt.hour.nunique()
    said += f" Starts are drawn at random within the rules: they fall in {hours} clock hours"
    if pairs:
        same = round(float(mine["same_time"].iloc[0]) * pairs)
        said += (f"; {same} of {pairs} came within 10 minutes of the day before's time "
                 f"({percent(float(mine['by_chance'].iloc[0]))} would by chance)")  # fmt: skip
    return f"{said}."


def _why_units(plan: PatrolPlan, visits: pd.DataFrame) -> str:
    counts = visits["unit"].value_counts(sort=False)
    teams = plan.teams.loc[counts.index]
    listed = [
        f"{unit} ({row['officers']} × {_KINDS.get(row['kind'], row['kind'])}, {row['mode']}, "
        f"{row['shift']} shift) {n}"
        for (unit, row), n in zip(teams.iterrows(), counts, strict=True)
    ]
    more = f", ... and {len(listed) - 8} more units" if len(listed) > 8 else ""
    return f"Visits by unit: {', '.join(listed[:8])}{more}." if listed else ""


def _what(plan: PatrolPlan, visits: pd.DataFrame) -> str:
    """Say the tasks of the visits, and who may do them."""
    rules = plan.basis.rules
    tasks = read_tasks() if rules.tasks is None else rules.tasks
    said = []
    for task in dict.fromkeys(visits["task"]):
        if task in tasks.index:
            row = tasks.loc[task]
            may = who_may(row, rules.pairs_from, rules.pairs_to)
            said.append(f"{task.capitalize()}: {row['meaning']} For {may}.")
    return " ".join(said)


def _dated(visits: pd.DataFrame) -> list[str]:
    """List the visits day by day, on one line each."""
    if not len(visits):
        return []
    lines = ["Visits:"]
    days = sorted(set(visits["date"]))
    for day in days[:_DAYS_SHOWN]:
        rows = visits[visits["date"] == day]
        times = ", ".join(f"{at:%H:%M} {unit}" for at, unit in
                          zip(rows["arrive"], rows["unit"], strict=True))  # fmt: skip
        lines.append(f"  {day_text(day)}: {times}")
    if len(days) > _DAYS_SHOWN:
        lines.append(f"  ... and {counted(len(days) - _DAYS_SHOWN, 'more day')} in the table "
                     "visits")  # fmt: skip
    return lines


_KINDS = {"pcso": "PCSO"}
