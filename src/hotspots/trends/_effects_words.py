"""What the effects of kinds of day say, in plain English: the answer first."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

_SHOWN = 8  # findings in the text; the table holds them all
_NAMED = 4  # findings in the first sentence, each way
_SINGLE = 4  # of single LPTs, where the means over LPTs come first

_NAMES = {
    "bank_holiday": "bank holidays", "bank_holiday_eve": "the eves of bank holidays",
    "christmas": "24 to 26 December", "new_year_eve": "New Year's Eve",
    "new_year_day": "New Year's Day", "halloween": "29 to 31 October (Halloween)",
    "bonfire": "1 to 7 November (Bonfire Night)", "payday_weekend": "payday weekends",
}  # fmt: skip


def named(kind: str) -> str:
    """Name a kind of day as it reads after "on"."""
    plural = "s" if kind.endswith("holiday") else " days"
    return _NAMES.get(kind, f"{kind.replace('_', ' ')}{plural}")


def paragraph(effects: pd.DataFrame, pooled: pd.DataFrame, facts: dict[str, Any]) -> str:
    """Put the paragraph together."""
    over = len(pooled) > 0
    table = pooled if over else effects
    lines = [_answer(table, over), *_findings(table, over)]
    if over:
        lines += [_single(effects), *_findings(_own(effects, pooled), False, _SINGLE)]
    lines += [_basis(table, facts, over), *_untold(effects), *_reservations(facts)]
    return "\n".join(line for line in lines if line)


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _keys(table: pd.DataFrame) -> list[str]:
    """Columns that name a series: those before the effect."""
    return [name for name in table.columns[: list(table.columns).index("effect")]
            if name != "level"]  # fmt: skip


def _capped(names: list[str], most: int, more: str) -> str:
    """Join names, no more than so many."""
    if len(names) > most:
        names = [*names[:most], f"{len(names) - most:,} more {more}"]
    return " and ".join([", ".join(names[:-1])] * (len(names) > 1) + names[-1:])


def _strongest(table: pd.DataFrame) -> pd.DataFrame:
    """Effects that are clear, the surest first."""
    clear = table[table["class_"].isin(["more", "fewer"])]
    size = np.log(clear["ratio"]).abs()
    return clear.iloc[np.lexsort((-size.to_numpy(), clear["q_value"].to_numpy()))]


def _answer(table: pd.DataFrame, over: bool) -> str:
    """Say in one sentence on which kinds of day there is more, and on which fewer."""
    clear, keys = _strongest(table), _keys(table)
    parts: list[str] = []
    for way in ("more", "fewer"):
        rows: list[dict[Any, Any]] = clear[clear["class_"] == way].to_dict("records")
        names = [named(row["effect"]) for row in rows]
        if keys:
            names = [f"{', '.join(str(row[key]) for key in keys)} on {name}"
                     for row, name in zip(rows, names, strict=True)]  # fmt: skip
        if names:
            than = "" if parts else " incidents than on an ordinary day"
            parts.append(f"{way}{than}: {_capped(names, _NAMED, 'in the table')}")
    said = "; ".join(parts)
    if not table["q_value"].notna().any():
        said = "too little is recorded to tell any kind of day from an ordinary one"
    elif not parts:
        said = "no kind of day differs clearly from an ordinary one; the intervals in the table "
        said += f"{'pooled' if over else 'effects'} show how large a difference may still be"
    said = f"{'over the LPTs together ' * over}{said}."
    return said[0].upper() + said[1:]


def _basis(table: pd.DataFrame, facts: dict[str, Any], over: bool) -> str:
    """Say what was tested, on what, and how many findings would be chance."""
    tested = int(table["q_value"].notna().sum())
    clear = int(table["class_"].isin(["more", "fewer"]).sum())
    when = " to ".join(f"{facts[end].day} {facts[end]:%B %Y}" for end in ("first", "last"))
    what = f"{_counted(facts['total'], 'incident')} by day, {when}"
    if not tested:
        return f"{what}."
    noun = "pairs of series and kind of day" if _keys(table) else "kinds of day"
    said = (
        f"{what}: {clear or 'none'} of {tested:,} {noun} tested{', as the mean over LPTs,' * over} "
        f"differ{'s' if clear <= 1 else ''} clearly from an ordinary day of the same weekday, "
        "season and level"
    )
    if facts["correction"] is None:
        return f"{said}; about {facts['level'] * tested:,.1f} would by chance alone."
    said += ", the number of tests allowed for"
    if not clear:
        return f"{said}."
    if facts["correction"].startswith("fdr"):
        return f"{said}: about one such finding in 20 at most is chance."
    return f"{said}: the chance that any of these findings is chance is 5% at most."


def _findings(table: pd.DataFrame, over: bool, most: int = _SHOWN) -> list[str]:
    clear = _strongest(table)
    rows: list[dict[Any, Any]] = clear.head(most).to_dict("records")
    lines = [_finding(row, _keys(table), over) for row in rows]
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
    who = ", ".join(str(row[name]) for name in keys)
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
    return f"On {named(row['effect'])} {who} runs {_size(row)}, {days}{spread})."


def _size(row: dict[str, Any]) -> str:
    """Put a ratio and its interval in words, the closing bracket left open."""
    if row["ratio"] >= 1:
        low, high = (100 * (row[name] - 1) for name in ("low", "high"))
        way = "above"
    else:
        low, high = (100 * (1 - row[name]) for name in ("high", "low"))
        way = "below"
    middle = abs(100 * (row["ratio"] - 1))
    ends = f"{low:.0f} to {high:.0f}%"
    if low < 0:  # an LPT drawn towards a mean on the other side
        ends = f"{-low:.0f}% {'below' if way == 'above' else 'above'} to {high:.0f}% {way}"
    return f"{middle:.0f}% {way} an ordinary day (95% interval {ends}"


def _single(effects: pd.DataFrame) -> str:
    """Say how many LPTs differ by themselves."""
    tested = int(effects["q_value"].notna().sum())
    clear = int(effects["class_"].isin(["more", "fewer"]).sum())
    return (
        f"By their own days alone {clear or 'none'} of {tested:,} pairs of kind and single series "
        f"differ{'s' if clear <= 1 else ''} clearly; the sizes given of LPTs are drawn towards "
        "the mean, the more so the more LPTs are alike."
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
            kinds = _capped([named(kind) for kind in pd.unique(mine["effect"])], 4, "kinds")
            parts.append(f"{len(mine):,} for {short} ({kinds})")
    return [f"Of {len(effects):,} not told: {'; '.join(parts)}."]


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
    if facts["elsewhere"]:
        names = _capped([repr(name) for name in facts["elsewhere"]], 4, "LPTs")
        lines.append(f"Entries of the calendar for LPTs that these records lack left out: {names}.")
    if facts["english"] and facts["last"].year > facts["known_to"]:
        lines.append(
            f"Bank holidays announced for single years are known to {facts['known_to']} only; give "
            "later ones in the calendar as bank_holiday."
        )
    if not facts["english"]:
        lines.append("Bank holidays of England and Wales, and Bonfire Night, left out.")
    lines.append(
        "Days run from midnight to midnight, so the small hours after a night out count on the "
        "next day. That such days differ does not say why."
    )
    return lines
