"""What the effects of kinds of day say, in plain English: the answer first."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

_SHOWN = 8  # findings in the text; the table holds them all
_SINGLE = 4  # of single LPTs, where the means over LPTs come first

_NAMES = {
    "bank_holiday": "bank holidays", "bank_holiday_eve": "the eves of bank holidays",
    "christmas": "24 to 26 December", "new_year_eve": "New Year's Eve",
    "new_year_day": "New Year's Day", "halloween": "29 to 31 October (Halloween)",
    "bonfire": "1 to 7 November (Bonfire Night)", "payday_weekend": "payday weekends",
}  # fmt: skip


def named(kind: str) -> str:
    """Name a kind of day as it reads after "on"."""
    return _NAMES.get(kind, f"{kind.replace('_', ' ')} days")


def paragraph(effects: pd.DataFrame, pooled: pd.DataFrame, facts: dict[str, Any]) -> str:
    """Put the paragraph together."""
    over = len(pooled) > 0
    lines = [_first(pooled if over else effects, facts, over)]
    lines += _findings(pooled if over else effects, over)
    if over:
        lines += [_single(effects), *_findings(_own(effects, pooled), False, _SINGLE)]
    lines += _untold(effects)
    lines += _reservations(facts)
    return "\n".join(line for line in lines if line)


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _first(table: pd.DataFrame, facts: dict[str, Any], over: bool) -> str:
    tested = int(table["q_value"].notna().sum())
    clear = int(table["class_"].isin(["more", "fewer"]).sum())
    when = " to ".join(f"{facts[end].day} {facts[end]:%B %Y}" for end in ("first", "last"))
    what = f"{_counted(facts['total'], 'incident')} by day, {when}"
    if not tested:
        return f"{what}: no kind of day could be told from an ordinary one."
    noun = "kinds of day" if len(table.columns[: list(table.columns).index("effect")]) == 0 else (
        "pairs of kind of day and series")  # fmt: skip
    mean = ", as the mean over LPTs," if over else ""
    said = (
        f"{what}: of {tested:,} {noun} tested{mean} {clear or 'none'} "
        f"differ{'s' if clear <= 1 else ''} clearly from an ordinary day of the same weekday, "
        "season and level"
    )
    level = facts["level"]
    if facts["correction"] is None:
        return f"{said}; without correction, chance alone would make {level * tested:,.1f} do so."
    if facts["correction"].startswith("fdr"):
        some = f": at most about {level * clear:,.1f} of them by chance" * bool(clear)
        return f"{said} (false discovery rate 5%, {facts['correction']}{some})."
    return f"{said} (5% chance of even one by chance, {facts['correction']})."


def _findings(table: pd.DataFrame, over: bool, most: int = _SHOWN) -> list[str]:
    clear = table[table["class_"].isin(["more", "fewer"])]
    size = np.log(clear["ratio"]).abs()
    order = np.lexsort((-size.to_numpy(), clear["q_value"].to_numpy()))
    keys = list(table.columns[: list(table.columns).index("effect")])
    rows: list[dict[Any, Any]] = clear.iloc[order[:most]].to_dict("records")
    lines = [_finding(row, keys, over) for row in rows]
    if len(clear) > most:
        where = "pooled" if over else "effects"
        lines.append(f"... and {len(clear) - most:,} more in the table {where}.")
    return lines


def _own(effects: pd.DataFrame, pooled: pd.DataFrame) -> pd.DataFrame:
    """Keep the effects of areas that the means over them do not say already."""
    keys = [*pooled.columns[: list(pooled.columns).index("effect") + 1], "class_"]
    said = pd.MultiIndex.from_frame(pooled[keys])
    return effects[~pd.MultiIndex.from_frame(effects[keys]).isin(said)]


def _finding(row: dict[str, Any], keys: list[str], over: bool) -> str:
    who = ", ".join(str(row[name]) for name in keys if name != "level")
    who = who or ("the average LPT" if over else "the total")
    spread = ""
    if over and row["between"] >= 0.05:
        half = np.exp(1.96 * row["between"])
        spread = f"; most LPTs lie between {row['ratio'] / half:.2f} and {row['ratio'] * half:.2f}"
    days = _counted(int(row["days"]), "day")
    if np.isnan(row["change"]):
        return (
            f"On {named(row['effect'])}: {who}, {row['incidents']:,} where {row['expected']:,.0f} "
            f"were to be expected (too few for a percentage; {days})."
        )
    return f"On {named(row['effect'])} {who} runs {size_of(row)}, {days}{spread})."


def size_of(row: Any) -> str:
    """Put a ratio and its interval in words, the closing bracket left open."""
    if row["ratio"] >= 1:
        low, high = (100 * (row[name] - 1) for name in ("low", "high"))
        way = "above"
    else:
        low, high = (100 * (1 - row[name]) for name in ("high", "low"))
        way = "below"
    middle = abs(100 * (row["ratio"] - 1))
    return f"{middle:.0f}% {way} an ordinary day (95% interval {low:.0f} to {high:.0f}%"


def _single(effects: pd.DataFrame) -> str:
    """Say how many LPTs differ by themselves."""
    tested = int(effects["q_value"].notna().sum())
    clear = int(effects["class_"].isin(["more", "fewer"]).sum())
    return (
        f"By their own days alone {clear or 'none'} of {tested:,} pairs of kind and single series "
        f"differ{'s' if clear <= 1 else ''} clearly; sizes of LPTs are drawn towards the mean "
        "as far as LPTs are alike."
    )


def _untold(effects: pd.DataFrame) -> list[str]:
    """Say what was not tested, and why, by kind of day."""
    left = effects[effects["reason"] != ""]
    if len(left) == 0:
        return []
    parts = []
    why = {
        "it takes": "too few incidents", "one occasion": "one occasion only",
        "no such day": "no such day recorded", "look incomplete": "days that look incomplete",
        "single LPTs": "entries for single LPTs, which need 'lpt' in by",
        "not told apart": "days that go with the season or another kind",
        "a season needs": "under a year recorded",
    }  # fmt: skip
    for words, short in why.items():
        mine = left[left["reason"].str.contains(words, regex=False)]
        if len(mine):
            kinds = list(pd.unique(mine["effect"]))
            some = ", ".join(kind.replace("_", " ") for kind in kinds[:4])
            more = f" and {len(kinds) - 4} more kinds" if len(kinds) > 4 else ""
            parts.append(f"{len(mine):,} for {short} ({some}{more})")
    return [f"Not told: {'; '.join(parts)}."]


def _reservations(facts: dict[str, Any]) -> list[str]:
    lines = []
    if facts["wide"]:
        lines.append(f"{_counted(facts['wide'], 'incident')} whose time spans over a day left out.")
    if facts["spanning"]:
        lines.append(
            f"{_counted(facts['spanning'], 'incident')} with times that reach over midnight: "
            "counted at the middle of the interval."
        )
    if facts["thin"]:
        lines.append(
            f"{_counted(facts['thin'], 'day')} with under 40% of the usual left out as probably "
            "incomplete."
        )
    if facts["police"]:
        lines.append(
            f"{_counted(facts['police'], 'police-generated incident')} among them: such counts "
            "follow police activity too."
        )
    if not facts["english"]:
        lines.append("Bank holidays of England and Wales, and Bonfire Night, left out.")
    lines.append(
        "Days run from midnight to midnight, so the small hours after a night out count on the "
        "next day. That such days differ does not say why."
    )
    return lines
