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
    if (low < 0.995) == (high < 0.995) and max(low, high) < 3 and low > 0.005:
        far, near = (low, high) if low < 0.995 else (high, low)
        if abs(near - 1) >= 0.005 and abs(far - 1) >= 0.005:
            word = "fewer" if low < 0.995 else "more"
            return f"{abs(far - 1):.0%} to {abs(near - 1):.0%} {word}"
    bottom = "hardly any left" if low <= 0.005 else moved(low)
    top = "no limit above" if not np.isfinite(high) else moved(high)
    return f"{bottom} to {top}"


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
    sure = f"{level:.0%} interval {interval(row['low'], row['high'])}"
    if clear(row):
        return (f"{head}: {moved(row['estimate'])} than {_EXPECTED[_set_against(row)]} "
                f"({sure}): {seen}.")  # fmt: skip
    return (f"{head}: no clear difference from what {_LEADS[_set_against(row)]}: {seen}, which is "
            f"{moved(row['estimate'])}, but {interval(row['low'], row['high'])} fits the records "
            f"too ({level:.0%} interval). That is not evidence of no effect.")  # fmt: skip


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
    after = row["treated_after"]
    where = "" if _set_against(row) == "places" else " under treatment"
    if row["unit"] != "ratio" or not row["estimate"] > 0:
        return counted(after, "incident") + where
    return f"{counted(after, 'incident')}{where} where about {after / row['estimate']:,.0f} " \
        "would have been expected"  # fmt: skip


def change(row: Any, selection: str) -> str:
    """Say a change that nothing is compared with, and what choosing the places alone does."""
    before, after = row["treated_before"], row["treated_after"]
    told = f"{before:,.0f} incidents before, {after:,.0f} after"
    head = f"{row['outcome'][:1].upper()}{row['outcome'][1:]}, at the treated places"
    if few(row) or np.isnan(row["estimate"]):
        said = f"{head}: {told}; too few to say by how much"
    else:
        said = (f"{head}: {moved(row['estimate'])} a day than before "
                f"({interval(row['low'], row['high'])}; {told})")  # fmt: skip
    said += (". There are no comparison places, so this is a change and not a finding about the "
             "patrols: seasons, trends and chance are in it.")  # fmt: skip
    return f"{said} {selection}".rstrip()


def displacement(buffer: Any, level: float) -> str:
    """Say what the ring about the hotspots shows."""
    said = finding(buffer, level)
    if buffer["refused"] or few(buffer):
        return said
    if not clear(buffer):
        return said.replace("That is not evidence of no effect.",
                            "Neither displacement nor a benefit nearby can be told.")  # fmt: skip
    more = buffer["estimate"] > 1
    return f"{said} That {'looks like displacement' if more else 'looks like a benefit nearby'}."


def doubts(checks: pd.DataFrame) -> list[str]:
    """Return the sentences of the checks that give doubt, those that cannot tell after them."""
    found = checks[checks["verdict"] == "doubt"]["words"].tolist()
    said = [f"Doubt: {words}" for words in found[:_SHOWN]]
    if len(found) > _SHOWN:
        said.append(f"... and {len(found) - _SHOWN} more doubts in the table checks.")
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
    if len(rows) > _SHOWN:
        said.append(f"... and {len(rows) - _SHOWN} more outcomes in the table effect.")
    return said
