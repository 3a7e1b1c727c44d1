"""What an evaluation says, in plain English."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

LEAST = 20
"""Incidents under which no percentage is told."""

_SHOWN = 4  # outcomes and doubts in a text; the tables hold them all


def counted(n: float, what: str) -> str:
    """Write a count and its noun."""
    return f"{n:,.0f} {what}{'' if round(n) == 1 else 's'}"


def moved(ratio: float) -> str:
    """Write a ratio as so many per cent more or fewer."""
    share = ratio - 1
    if abs(share) < 0.005:
        return "no change"
    if ratio >= 3:
        return f"{ratio:.1f} times as many"
    return f"{abs(share):.0%} {'more' if share > 0 else 'fewer'}"


def interval(low: float, high: float) -> str:
    """Write an interval of ratios, the lower end first."""
    one_way = (low < 0.995) == (high < 0.995) and min(abs(low - 1), abs(high - 1)) >= 0.005
    if one_way and low > 0.005 and max(low, high) < 3:
        word = "fewer" if low < 0.995 else "more"
        return f"{abs(low - 1):.0%} to {abs(high - 1):.0%} {word}"
    bottom = "hardly any left" if low <= 0.005 else moved(low)
    top = "no limit above" if not np.isfinite(high) else moved(high)
    return f"{bottom} to {top}"


def day(when: Any) -> str:
    """Write a date."""
    return f"{when.day} {when:%B %Y}"


def _number(incidents: float) -> str:
    """Write so many incidents more or fewer."""
    return f"{abs(incidents):,.0f} {'more' if incidents > 0 else 'fewer'}"


def _size(row: Any) -> tuple[str, str]:
    """Write an estimate and its interval: per cent of a ratio, else incidents."""
    if row["unit"] == "ratio":
        return moved(row["estimate"]), interval(row["low"], row["high"])
    return _number(row["estimate"]), f"{_number(row['low'])} to {_number(row['high'])}"


def clear(row: Any) -> bool:
    """Tell whether the interval of a row leaves out "no difference"."""
    null = 1.0 if row["unit"] == "ratio" else 0.0
    return bool(row["low"] > null or row["high"] < null)


def few(row: Any) -> bool:
    """Tell whether a row rests on too few incidents for a percentage."""
    held = [row[c] for c in ("treated_before", "treated_after", "control_before", "control_after")]
    return bool(min((h for h in held if not np.isnan(h)), default=0) < LEAST)


def finding(row: Any, level: float) -> str:
    """Say one row of the effect table in a sentence, against the comparison places."""
    head = f"{row['outcome'][:1].upper()}{row['outcome'][1:]}, {_PARTS[row['part']]}"
    if row["refused"]:
        return f"{head}: no answer. {row['refused']}"
    seen = _seen(row)
    if few(row):
        return (f"{head}: too few incidents to say ({seen}); under {LEAST} on either side no "
                "percentage is told.")  # fmt: skip
    (size, ends), other = _size(row), _set_against(row)
    if clear(row):
        return f"{head}: {size} than {_EXPECTED[other]} ({level:.0%} interval {ends}): {seen}."
    return (f"{head}: no clear difference from what {_LEADS[other]}: {seen}, which is "
            f"{size}, but {ends} fits the records too ({level:.0%} interval). That is not "
            "evidence of no effect.")  # fmt: skip


_PARTS = {"hotspots": "at the treated places", "buffer": "in the rings about them",
          "both": "places and rings together"}  # fmt: skip
_EXPECTED = {"places": "the comparison places lead one to expect",
             "places yet to begin": "the places yet to begin lead one to expect",
             "days": "on the days without treatment"}  # fmt: skip
_LEADS = {"places": "the comparison places lead one to expect",
          "places yet to begin": "the places yet to begin lead one to expect",
          "days": "the days without treatment lead one to expect"}  # fmt: skip


def _set_against(row: Any) -> str:
    """Say what a row is compared with; in a stepped wedge no place has a time of its own before."""
    waiting = row["against"] == "places" and np.isnan(row["treated_before"])
    return "places yet to begin" if waiting else str(row["against"])


def _seen(row: Any) -> str:
    """Say what was counted, and what was to be expected."""
    after, estimate = row["treated_after"], row["estimate"]
    where = "" if _set_against(row) == "places" else " under treatment"
    usual = after - estimate
    if row["unit"] == "ratio":
        usual = after / estimate if estimate > 0 else np.nan
    said = f"{counted(after, 'incident')}{where}"
    return f"{said} where about {usual:,.0f} would have been expected" if usual >= 0 else said


def changes(rows: list[Any], selection: str, level: float) -> list[str]:
    """Say changes that nothing is compared with, and what choosing the places alone does."""
    first = (f"{_change(rows[0], level)}. There are no comparison places, so this is a change and "
             "not a finding about the patrols: seasons, trends and chance are in it.")  # fmt: skip
    if selection and not few(rows[0]):  # it is of the first outcome
        first += f" {selection}"
    said = [first, *(f"{_change(row, level)}. That too is a change only."
                     for row in rows[1 : _SHOWN + 1])]  # fmt: skip
    return said + _rest(len(rows) - 1, "outcome", "effect")


def _change(row: Any, level: float) -> str:
    before, after = row["treated_before"], row["treated_after"]
    told = f"{before:,.0f} incidents before, {after:,.0f} after"
    head = f"{row['outcome'][:1].upper()}{row['outcome'][1:]}, at the treated places"
    if few(row) or np.isnan(row["estimate"]):
        return f"{head}: {told}; too few to say by how much"
    return (f"{head}: {moved(row['estimate'])} a day than before "
            f"({level:.0%} interval {interval(row['low'], row['high'])}; {told})")  # fmt: skip


def _rest(n: int, what: str, table: str) -> list[str]:
    """Say how many more there are in a table than are shown."""
    more = n - _SHOWN
    return [f"... and {counted(more, f'more {what}')} in the table {table}."] if more > 0 else []


def displacement(buffer: Any, level: float) -> str:
    """Say what the ring about the hotspots shows."""
    said = finding(buffer, level)
    if buffer["refused"] or few(buffer):
        return said
    if not clear(buffer):
        return said.replace("That is not evidence of no effect.",
                            "Neither displacement nor a benefit nearby can be told.")  # fmt: skip
    more = buffer["estimate"] > (1 if buffer["unit"] == "ratio" else 0)
    return f"{said} That {'looks like displacement' if more else 'looks like a benefit nearby'}."


def doubts(checks: pd.DataFrame) -> list[str]:
    """Return the sentences of the checks that give doubt, those that cannot tell after them."""
    found = checks[checks["verdict"] == "doubt"]["words"].tolist()
    said = [f"Doubt: {words}" for words in found[:_SHOWN]] + _rest(len(found), "doubt", "checks")
    unsure = checks[checks["verdict"] == "cannot tell"]["check"].tolist()
    if unsure:
        said.append(f"Could not be checked: {', '.join(unsure)}.")
    return said


def others(effect: pd.DataFrame, primary: str, level: float) -> list[str]:
    """Return a line for each further outcome, p paid for their number."""
    rows = effect[effect["main"] & (effect["part"] == "hotspots") & (effect["outcome"] != primary)]
    said = []
    for row in rows.head(_SHOWN).to_dict("records"):
        line = finding(row, level)
        if clear(row) and not few(row) and not row["p_adjusted"] < 1 - level:
            line += (f" Among {len(rows) + 1} outcomes one such difference is no surprise: taken "
                     "together it is not clear.")  # fmt: skip
        said.append(line)
    return said + _rest(len(rows), "outcome", "effect")


def harm(effect: pd.DataFrame, level: float) -> list[str]:
    """Say what became of the harm, where incidents have a weight."""
    rows = effect[effect["outcome"].str.startswith("harm: ")].to_dict("records")
    return [_harm(row, level) for row in rows if not few(row)]


def _harm(row: Any, level: float) -> str:
    head = "Harm there (days of sentence)"
    if row["refused"]:
        return f"{head}: no answer. {row['refused']}"
    (size, ends), other = _size(row), _set_against(row)
    if clear(row):
        return (f"{head}: {size} than {_EXPECTED[other]} ({level:.0%} interval {ends}); a few "
                "grave incidents can decide it.")  # fmt: skip
    return (f"{head}: no clear difference from what {_LEADS[other]} ({size}, but {ends} fits the "
            f"records too; {level:.0%} interval).")  # fmt: skip


def ready(frame: pd.DataFrame, table: str) -> list[str]:
    """Return the sentences a table has ready."""
    words = [str(words) for words in frame.get("words", []) if words]
    return words[:_SHOWN] + _rest(len(words), "row", table)
