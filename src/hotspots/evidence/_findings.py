"""What an evaluation found, said field by field in plain English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ._words import LEAST, between, chance, clear, counted, few, listed, moved, number
from .facts import Facts

_WHERE = {"hotspots": "", "buffer": " in the ring about the places",
          "both": ", places and ring together"}  # fmt: skip
_SHOWN = 4  # outcomes and doubts in a field; the tables hold them all


def day(when: pd.Timestamp) -> str:
    """Write a date."""
    return f"{when.day} {when:%B %Y}"


def where_and_when(facts: Facts) -> str:
    """Say how many places, over which time."""
    said = []
    if facts.turns:
        said.append(f"{counted(facts.treated, 'place')}, each with and without treatment")
    elif facts.treated >= 0:
        others = f", {facts.control:,} to compare with" if facts.comparator else (
            ", none to compare with")  # fmt: skip
        said.append(f"{counted(facts.treated, 'treated place')}{others}")
    if not pd.isna(facts.start):
        said.append(f"treated from {day(facts.start)}")
    if not pd.isna(facts.end):
        since = "" if pd.isna(facts.first) else f"from {day(facts.first)} "
        said.append(f"records used {since}to {day(facts.end)}")
    return f"{'; '.join(said)}." if said else ""


def finding(row: Mapping[str, Any], facts: Facts) -> str:
    """Say one result, with the counts behind it."""
    named = str(row["outcome"])
    head = f"{named[:1].upper()}{named[1:]}{_WHERE.get(row['part'], '')}"
    if row["refused"]:
        why = row["refused"].rstrip(".")
        return f"{head}: no answer. {why[:1].upper()}{why[1:]}."
    if not facts.comparator:
        return _change(head, row, facts)
    if few(row):
        return (f"{head}: too few incidents to say; under {LEAST} on either side no percentage is "
                f"told. {_counts(row)}")  # fmt: skip
    sure = f"{facts.interval:.0%} interval"
    if chance(row["p"]):
        sure += f", {chance(row['p'])}"
    if row["unit"] == "incidents":
        size = number(row["estimate"])
        ends = f"between {number(row['low'])} and {number(row['high'])}"
        usual = row["treated_after"] - row["estimate"]
    else:
        size, ends = moved(row["estimate"]), between(row["low"], row["high"])
        usual = row["treated_after"] / row["estimate"] if row["estimate"] > 0 else np.nan
    seen = "" if not usual >= 0 else (
        f": {counted(row['treated_after'], 'incident')} where about {usual:,.0f} would have "
        "been expected")  # fmt: skip
    days = row.get("against") == "days"
    if clear(row):
        than = "on the days without treatment" if days else "expected"
        return (
            f"{head}: {size} than {than} ({ends}; {sure}){seen}. {_many(row, facts)}{_counts(row)}"
        )
    other = "the days without treatment" if days else "what was expected"
    return (f"{head}: no clear difference from {other}{seen}. The estimate is {size}, "
            f"but anything {ends} fits the records ({sure}). That is not evidence of no "
            f"difference. {_counts(row)}")  # fmt: skip


def _many(row: Mapping[str, Any], facts: Facts) -> str:
    """Say where one clear difference among several outcomes is no surprise."""
    adjusted = row.get("p_adjusted", np.nan)
    if row["outcome"] == facts.primary["outcome"] or not adjusted >= 1 - facts.interval:
        return ""
    return (f"Among {counted(len(facts.mains()), 'outcome')} one such difference is no surprise: "
            f"allowing for their number, {chance(adjusted)}. ")  # fmt: skip


def _change(head: str, row: Mapping[str, Any], facts: Facts) -> str:
    said = (f"{head}: {row['treated_before']:,.0f} incidents before, {row['treated_after']:,.0f} "
            "after")  # fmt: skip
    if not few(row) and row["unit"] == "ratio" and np.isfinite(row["estimate"]):
        said += f"; a day, {moved(row['estimate'])} than before"
        if np.isfinite(row["low"]):
            said += f" ({between(row['low'], row['high'])}; {facts.interval:.0%} interval)"
    return (f"{said}. There was nothing to compare it with, so this is a change, whatever the "
            "reason: seasons, trends and the return of places chosen in a bad year to their "
            "usual are in it.")  # fmt: skip


def _counts(row: Mapping[str, Any]) -> str:
    """Say what was counted by arm."""
    said = []
    for arm, name in (("treated", "treated"), ("control", "comparison")):
        before, after = row[f"{arm}_before"], row[f"{arm}_after"]
        if np.isfinite(before) and np.isfinite(after):
            said.append(f"{name} {before:,.0f} before and {after:,.0f} after")
        elif np.isfinite(after):
            said.append(f"{name} {after:,.0f}")
    return f"Counted: {'; '.join(said)}." if said else ""


def assessment(facts: Facts) -> list[str]:
    """Say the result, the ring, further outcomes, side-effects, doubts and the level."""
    mains = facts.mains()
    said = [finding(mains[0], facts)]
    said += displacement(facts)
    said += [finding(row, facts) for row in mains[1 : _SHOWN + 1]]
    if len(mains) > _SHOWN + 1:
        said.append(f"... and {len(mains) - _SHOWN - 1} more outcomes in the table results.")
    said += words_of(facts, "side_effects") + doubts(facts) + passed(facts)
    return said + level(facts)


def displacement(facts: Facts) -> list[str]:
    """Say what the ring about the places shows."""
    rows = [row for row in facts.mains("buffer") if row["outcome"] == facts.primary["outcome"]]
    if not rows or not facts.comparator:
        return ["Whether it moved elsewhere was not looked at."]
    row = rows[0]
    said = finding(row, facts)
    if row["refused"] or few(row):
        return [said]
    if not clear(row):
        return [f"{said} Neither displacement nor a benefit nearby can be told."]
    more = row["estimate"] > (1 if row["unit"] == "ratio" else 0)
    return [f"{said} That looks like {'displacement' if more else 'a benefit nearby'}."]


def doubts(facts: Facts) -> list[str]:
    """Say which checks give doubt, and which could not be made."""
    said = [f"Doubt: {row.get('words') or row.get('check')}" for row in facts.verdicts("doubt")]
    more = len(said) - _SHOWN
    said = said[:_SHOWN] + ([f"... and {more} more doubts in its checks."] if more > 0 else [])
    unsure = [str(row.get("check")) for row in facts.verdicts("cannot tell")]
    if unsure:
        said.append(f"Could not be checked: {listed(unsure)}.")
    return said


def passed(facts: Facts) -> list[str]:
    """Name the checks that give no doubt."""
    fine = [str(row.get("check")) for row in facts.verdicts("fine")]
    return [f"Checked without doubt: {listed(fine)}."] if fine else []


def level(facts: Facts) -> list[str]:
    """Say the Maryland level and why."""
    if facts.maryland < 0:
        return []
    return [f"Level {facts.maryland} of 5 on the Maryland scale: {facts.why.rstrip('.')}."]


def words_of(facts: Facts, table: str) -> list[str]:
    """Return the sentences a table of the evaluation has ready."""
    frame = facts.tables.get(table)
    if frame is None or "words" not in frame:
        return []
    said = [str(words) for words in frame["words"] if isinstance(words, str) and words]
    more = len(said) - _SHOWN
    return said[:_SHOWN] + ([f"... and {more} more in its table {table}."] if more > 0 else [])


def delivered(dosage: pd.DataFrame | None) -> list[str]:
    """Say how much of the plan was delivered."""
    if dosage is None:
        return []
    known = dosage[dosage["minutes"].notna()]
    planned, given = known["planned_minutes"].sum(), known["minutes"].sum()
    said = f"Delivered {given:,.0f} of {planned:,.0f} planned minutes"
    said += f" ({given / planned:.0%})" if planned > 0 else ""
    if silent := len(dosage) - len(known):
        said += (f", where there are records; {silent:,} of {len(dosage):,} place-days have none "
                 "and count for neither")  # fmt: skip
    return [f"{said}."]


def economics(facts: Facts, costs: Mapping[str, float] | None) -> list[str]:
    """Say what it cost, and where that can be told, what each incident fewer cost."""
    if not costs:
        return []
    total = sum(costs.values())
    parts = [f"{name} £{cost:,.0f}" for name, cost in costs.items()]
    said = [f"Cost £{total:,.0f} in all ({listed(parts)})."]
    row = facts.primary
    why = ""
    if not facts.comparator:
        why = "there was nothing to compare with"
    elif facts.maryland < 3:
        why = "the design (under level 3 of the Maryland scale) cannot tell what was prevented"
    elif row["refused"]:
        why = "there is no estimate"
    elif few(row):
        why = f"there are under {LEAST} incidents on a side"
    elif row["unit"] != "ratio" or not clear(row) or row["estimate"] >= 1:
        why = "a fall is not clear"
    if why:
        return [*said, f"What each incident prevented cost cannot be told: {why}."]
    fewer = {end: row["treated_after"] * (1 / row[end] - 1) for end in ("estimate", "low", "high")}
    told = {end: f"£{total / n:,.0f}" for end, n in fewer.items()}
    net = ", what moved nearby not counted" if facts.mains("buffer") else ""
    doubt = facts.verdicts("doubt")
    gives = "gives" if len(doubt) == 1 else "give"
    head = "About " if not doubt else (
        f"If the finding holds ({counted(len(doubt), 'check')} {gives} doubt), about ")  # fmt: skip
    return [*said, (f"{head}{fewer['estimate']:,.0f} incidents fewer ({row['outcome']}) at the "
                    f"places{net}: {told['estimate']} each ({told['low']} to {told['high']}), "
                    "what the officers would otherwise have done not counted.")]  # fmt: skip
