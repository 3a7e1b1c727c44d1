"""What a count of places says: what was counted, what was left out, what was chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from ._words import LEAST
from .spans import NAMES

if TYPE_CHECKING:
    from ._asked import Asked
    from ._tally import Facts
    from .rules import ImpactRules

_SHOWN = 3
_REASONS = {"W": "the times are known to the day or closer",
            "MS": "the times are known to the month at best",
            "D": "patrols changed from day to day"}  # fmt: skip
_WHYS = {"start inside it": "the start lies inside", "end inside it": "the end lies inside",
         "records not whole": "not wholly recorded"}  # fmt: skip


def say(
    fields: dict[str, Any], facts: Facts, asked: Asked, rules: ImpactRules
) -> tuple[str, tuple[str, ...]]:
    """Say what was counted, in a paragraph, and what a reader must know of it, line by line.

    Parameters
    ----------
    fields : dict
        Of ``PlaceCounts``.
    facts : Facts
    asked : Asked
    rules : ImpactRules

    Returns
    -------
    text : str
    notes : tuple of str
    """
    notes = _notes(fields, facts, asked, rules)
    return " ".join([_head(fields, facts, asked, rules), *notes]), notes


def _head(fields: dict[str, Any], facts: Facts, asked: Asked, rules: ImpactRules) -> str:
    places, periods, accounts = fields["places"], fields["periods"], fields["accounts"]
    each = places["arm"].value_counts(sort=False)
    arms = " and ".join(f"{n:,} {arm}" for arm, n in each.items()) + " places"
    if not set(each.index) <= {"treated", "control"}:
        arms = f"{len(places):,} places, each with and without treatment,"
    name = NAMES[asked.period]
    whole = periods[periods["complete"]]
    after = int(whole["after"].sum())
    before = len(whole) - after
    spans = f"{_many(after, name)} from {_date(asked.start)} on"
    if not asked.crossover:
        spans = f"{_many(before, name)} before {_date(asked.start)} and {_many(after, name)} after"
    of = accounts.set_index("where")["incidents"]
    inside = int(of[[one for one in of.index if one.startswith("inside")]].sum())
    ring = int(of[[one for one in of.index if one.startswith("ring of")]].sum())
    rings = f", {ring:,} in the rings of {rules.buffer_m:g} m about them" if rules.buffer_m else ""
    lost = int(of.get("no place known", 0))
    return (
        f"Counted {arms} over {spans}: of {facts.total:,} incidents {inside:,} lie inside "
        f"the places{rings}, {facts.total - inside - ring - lost:,} elsewhere, and {lost:,} "
        f"{'has' if lost == 1 else 'have'} no known place; {int(accounts['counted'].sum()):,} are "
        "counted."
    )


def _notes(
    fields: dict[str, Any], facts: Facts, asked: Asked, rules: ImpactRules
) -> tuple[str, ...]:
    notes = []
    name = NAMES[asked.period]
    if asked.chosen:
        reason = _REASONS[asked.period]
        counted = " counted from the start" if asked.period == "W" else ""
        notes.append(f"Periods are {name}s{counted}, as {reason} (period='auto').")
    if (fields["places"]["arm"] == "treated").all() and asked.design is None:
        notes.append("There are no control places, so nothing to compare a change with.")
    if facts.police:
        notes.append(f"Left out: {facts.police:,} in or about the places that police activity "
                     "found (include_police=True counts them).")  # fmt: skip
    elif rules.include_police:
        notes.append("Incidents that police activity found are counted too, of which patrols find "
                     "more.")  # fmt: skip
    notes += _unused(fields, asked)
    if facts.shared:
        notes.append(f"{facts.shared:,} lie within {rules.buffer_m:g} m of places that are "
                     "compared and count in no ring.")  # fmt: skip
    if facts.wide:
        notes.append(f"{facts.wide:,} span more than a {name} and count at the middle of their "
                     "span.")  # fmt: skip
    if facts.harmless:
        notes.append(f"{facts.harmless:,} in or about the places have no harm weight and count 0 "
                     "days.")  # fmt: skip
    if facts.away:
        notes.append(f"Outside of all incidents lie {_list(facts.away)}: their zeros may be "
                     "records that are missing.")  # fmt: skip
    if facts.snapped and facts.near >= LEAST:
        notes.append(f"Points are snapped: {facts.edge / facts.near:.0%} of the incidents inside "
                     "lie within 25 m of an edge, where the side is partly chance.")  # fmt: skip
    return (*notes, *(f"{note[0].upper()}{note[1:]}." for note in asked.sites.notes))


def _unused(fields: dict[str, Any], asked: Asked) -> list[str]:
    """Periods that are not used, by reason, and parts of periods."""
    periods, name, said = fields["periods"], NAMES[asked.period], []
    for why, words in _WHYS.items():
        first = [_date(day) for day in periods.loc[periods["why"] == why, "start"]]
        if first:
            many = name if len(first) == 1 else f"{name}s"
            said.append(f"Not used, because {words}: the {many} from {_list(first)}.")
    partly = int((~fields["used"] & periods["complete"].to_numpy()).sum())
    if partly:
        said.append(f"{_many(partly, 'place-' + name)} are not used: wash-out, or treatment began "
                    "or ended inside.")  # fmt: skip
    return said


def _many(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def _date(day: Any) -> str:
    when = pd.Timestamp(day)
    return f"{when.day} {when:%B %Y}"


def _list(names: list[str]) -> str:
    shown = ", ".join(names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"
