"""What matching says: how many found a like, how like, and what was left out."""

from __future__ import annotations

from typing import Any

import pandas as pd

_SHOWN = 5


def say(
    pairs: pd.DataFrame, balance: pd.DataFrame, course: pd.DataFrame, fate: pd.DataFrame,
    told: dict[str, Any],
) -> str:  # fmt: skip
    """Write the text of the matches."""
    found = pairs[pairs["control"] != ""]
    lines = [_answer(pairs, found, fate, told)]
    if len(found):
        lines += [_level(found, course, told), _balanced(balance)]
    lines += _left(pairs, found, fate, told)
    lines.append(
        "The comparison places were chosen by what is recorded, not by lot: what is not in the "
        "records may differ, and a lot would have been better evidence."
    )
    if told["notes"]:
        lines.append(f"Of the counts: {'; '.join(told['notes'])}.")
    return "\n".join(lines)


def _answer(pairs: pd.DataFrame, found: pd.DataFrame, fate: pd.DataFrame, told: Any) -> str:
    every, some = pairs["hotspot"].nunique(), found["hotspot"].nunique()
    many = int(fate["places"].sum())
    places = f"{many:,} candidate{'' if many == 1 else 's'}"
    if not some:
        return (f"None of {_hotspots(every)} has a comparison place like it among {places}: the "
                "question needs other candidates, a wider caliper, or another design.")  # fmt: skip
    each = "" if told["each"] == 1 else f", up to {told['each']} each"
    same = f", always with the same {' and '.join(told['exact'])}" if told["exact"] else ""
    who = f"All {every:,} hotspots have" if some == every and every > 1 else (
        "The hotspot has" if every == 1 else
        f"{some:,} of {_hotspots(every)} {'has' if some == 1 else 'have'}"
    )  # fmt: skip
    return f"{who} comparison places{each}: {len(found):,}, chosen from {places}{same}."


def _hotspots(n: int) -> str:
    return f"{n:,} hotspot{'' if n == 1 else 's'}"


def _level(found: pd.DataFrame, course: pd.DataFrame, told: Any) -> str:
    on = course[course["chosen"]]
    a = found.drop_duplicates("hotspot")["treated_incidents"].sum()
    when, span = "before the start", told["rules"].span
    if (
        span
        and ((on["month"] <= span[1]) & (on["month"] + pd.offsets.MonthBegin() > span[0])).any()
    ):
        when = "the hotspots were chosen for"
    first, last = (f"{on['month'].iloc[at]:%B %Y}" for at in (0, -1))
    spell = f"months {when} ({first} to {last})" if len(on) > 1 else f"month {when} ({first})"
    text = (
        f"In the {f'{len(on)} ' if len(on) > 1 else ''}{spell} a hotspot had "
        f"{on['treated'].mean():.1f} incidents a "
        f"month, a comparison place {on['control'].mean():.1f} ({a:,.0f} and "
        f"{found['control_incidents'].sum():,.0f} incidents in all)."
    )
    if not told["long"]:
        text += f" Only {len(course)} months are recorded before the start: trend and season " \
            "could not be matched."  # fmt: skip
    return text


def _balanced(balance: pd.DataFrame) -> str:
    off = balance[balance["verdict"] == "differs"]
    if off.empty:
        return (f"In all {len(balance)} traits compared they are alike or near (rates within 25%, "
                "shares within 12.5 points; table balance).")  # fmt: skip
    named = [
        f"{row['trait']} ({row['treated']:.3g} against {row['control']:.3g})"
        for row in off.head(_SHOWN).to_dict("records")
    ]
    more = f", and {len(off) - _SHOWN} more in the table balance" if len(off) > _SHOWN else ""
    return f"Still unlike in {len(off)} of {len(balance)} traits: {', '.join(named)}{more}."


def _left(pairs: pd.DataFrame, found: pd.DataFrame, fate: pd.DataFrame, told: Any) -> list[str]:
    lines = []
    alone = sorted(set(pairs["hotspot"]) - set(found["hotspot"]))
    if alone:
        named = ", ".join(alone[:_SHOWN])
        more = f" and {len(alone) - _SHOWN} more (table pairs)" if len(alone) > _SHOWN else ""
        lines.append(
            f"No like within the caliper of {told['caliper']:g}: {named}{more}. Nothing can be "
            "said of them by comparison; with control=matches they stay in, "
            "treated=matches.treated leaves them out."
        )
    near = int(fate[fate["why"].str.startswith(("within", "on a"))]["places"].sum())
    if near:
        lines.append(
            f"{near:,} candidate{' was' if near == 1 else 's were'} left out, on a treated place "
            f"or within {told['rules'].buffer_m:g} m of one, for patrols may have moved "
            "incidents there or kept them away."
        )
    return lines
