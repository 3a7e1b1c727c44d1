"""The answer in one line: how many groups have a season, and how many changed on the year."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

_NAMED = 3  # groups named per finding; the sentences and the summary table hold them all


def changed(summary: pd.DataFrame) -> pd.Series:
    """Tell which groups' yearly change lies beyond chance."""
    return (summary["change_low"] > 0) | (summary["change_high"] < 0)


def answer(summary: pd.DataFrame, name: Callable[[Any], str], apart: str) -> str:
    """Say what was found over all groups; ``name`` names a row, ``apart`` stands between names."""
    return f"{_seasons(summary, name, apart)}; {_changes(summary, name, apart)}."


def _seasons(summary: pd.DataFrame, name: Callable[[Any], str], apart: str) -> str:
    verdict = summary["verdict"]
    short, few = (int((verdict == f"too {why} to say").sum()) for why in ("short", "few"))
    if short + few == len(summary):
        if not few:
            return "too short to say of any whether there is a season (it takes three full years)"
        return f"too {'short or too ' if short else ''}few to say of any whether there is a season"
    parts = []
    for sure, none in (("clear", "none has a clear season"), ("possible", "")):
        rows = summary[verdict == f"{sure} season"].sort_values("ratio_low", ascending=False)
        what = "possibly" if sure == "possible" else "has a clear season"
        if len(rows) > 1 and sure == "clear":
            what = "have a clear season"
        listed = _named([f"{name(row)}{_highest(row)}" for row in rows.to_dict("records")], apart)
        if len(rows):
            parts.append(f"{len(rows):,} {what} ({listed})")
        elif none:
            parts.append(none)
    why = " or ".join(w for w, n in (("few", few), ("short", short)) if n)
    left = f"too {why} to say of {short + few:,}"
    return ", ".join([*parts, *([left] if why else [])])


def _highest(row: Any) -> str:
    """Name the month of the peak, unless it may be any."""
    if row["_width"] > 11 / 12:
        return ""
    sure = row["peak_from"] == row["peak_to"] and not row["second_peak"]
    return f" highest {'in' if sure else 'about'} {row['peak_month']}"


def _changes(summary: pd.DataFrame, name: Callable[[Any], str], apart: str) -> str:
    told = summary[summary["change"].notna()]
    if not len(told):
        if (summary["compared"] > 0).any():
            return "too few to say of any whether it changed on the year before"
        return "too little recorded in both of the last two years to compare them"
    whole = told["_months"].str.startswith("last").all()
    before = "the year before" if whole else "the same time a year before"
    rows = told[changed(told)]
    if not len(rows):
        return f"none changed clearly on {before}"
    least = np.where(rows["change"] > 0, rows["change_low"], -rows["change_high"])
    rows = rows.iloc[np.argsort(-least, kind="stable")]
    listed = _named(
        [f"{name(row)} {row['change'] * 100:+.0f}%" for row in rows.to_dict("records")], apart
    )
    chance = f"about {len(told) / 20:,.0f}" if len(told) >= 10 else "hardly any"
    return f"{len(rows):,} changed clearly on {before} ({listed}), where {chance} would by chance"


def _named(names: Sequence[str], apart: str) -> str:
    more = len(names) - _NAMED
    if more > 0:
        names = [*names[:_NAMED], f"{more:,} more"]
        apart = f"{apart} "
        return f"{apart.join(names[:-1])} and {names[-1]}"
    return f"{apart} ".join(names)
