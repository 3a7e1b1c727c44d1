"""What the breaks say in plain English: how many beside how many by chance, then each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..series import FREQ

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..series import CountSeries, Panel

_SHOWN = 12  # series told of in the text; the summary table holds them all
_NAMED = 6  # series named where nothing changed


def counted(number: int, noun: str) -> str:
    """Write a number with its noun: "1 series", "12 months"."""
    return f"{number:,} {noun}{'' if number == 1 or noun.endswith('s') else 's'}"


def period(start: Any, freq: str) -> str:
    """Name a period: "April 2020", or a week by its Monday."""
    day = pd.Timestamp(start)
    return f"{day:%B %Y}" if freq == "MS" else f"the week of {day.day} {day:%B %Y}"


def about(rate: float) -> str:
    """Write a rate: whole from 10 on, one decimal below."""
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}"


def _signed(ratio: float) -> str:
    value = round(100 * (ratio - 1))
    return f"{value:+,d}%" if value else "0%"


def _when(row: Any, panel: Panel) -> str:
    """Say when a step was: its best date, and the dates it may have had."""
    freq = panel.freq
    start, earliest, latest = (period(row[name], freq) for name in ("start", "earliest", "latest"))
    if row["gap"]:
        said = f"between {period(row['_old'], freq)} and {start}, in a gap of the records"
        if row["_old"] < row["earliest"] and latest == start:
            return said
        return f"{said} (possible: {earliest} to {latest})"
    if earliest == latest:
        return f"from {start} on"
    return f"from about {start} on (possible: {earliest} to {latest})"


def _step(row: Any, panel: Panel, unsure: bool) -> str:
    name = FREQ[panel.freq][2]
    way = "rose" if row["ratio"] > 1 else "fell"
    when = _when(row, panel)
    if np.isnan(row["change"]):
        size = (
            f"{way} {when}: {counted(row['before'], 'incident')} in "
            f"{counted(row['periods_before'], name)} before, {row['after']:,} in "
            f"{row['periods_after']:,} after (too few for a percentage)"
        )
    else:
        size = (
            f"{way} by {abs(row['ratio'] - 1):.0%} {when}, {about(row['level_before'])} to "
            f"{about(row['level_after'])} a {name} (95% interval {_signed(row['low'])} to "
            f"{_signed(row['high'])})"
        )
    if unsure:
        size += ", or gradually about then: the records cannot tell which"
    return f"{size}; {row['known']}"


def sentence(
    row: dict[str, Any], breaks: pd.DataFrame | None, keys: list[str], panel: Panel
) -> str:
    """Write the sentence of one group."""
    name = FREQ[panel.freq][2]
    who = ", ".join(str(row[key]) for key in keys if key != "level") or "All incidents"
    recorded = f"{counted(row['periods'], name)} recorded"
    if row["verdict"] == "too few to say":
        return f"{who}: {counted(row['incidents'], 'incident')}, too few to say."
    if row["verdict"] == "too short to say":
        return f"{who}: {recorded}, too short to say."
    if row["verdict"] == "no change":
        return f"{who}: no break in {recorded}, about {about(row['per_period'])} a {name}."
    if breaks is not None:
        told = [_step(one, panel, row["verdict"] == "step or gradual")
                for one in breaks.to_dict("records")]  # fmt: skip
        besides = ", on top of a gradual change" if not np.isnan(row["ratio"]) else ""
        return f"{who}{besides}: {'. Then '.join(told)}."
    interval = f"95% interval {_signed(row['low'])} to {_signed(row['high'])}"
    if row["low"] <= 1 <= row["high"]:
        return (
            f"{who}: drifted, no step, and no clear difference between the start and the end of "
            f"{recorded} ({_signed(row['ratio'])}, {interval}); {row['_known']}."
        )
    way = "higher" if row["ratio"] > 1 else "lower"
    return (
        f"{who}: changed gradually, no step: {abs(row['ratio'] - 1):.0%} {way} at the end of "
        f"{recorded} than at the start ({interval}); {row['_known']}."
    )


def paragraph(
    summary: pd.DataFrame, breaks: pd.DataFrame, panel: Panel, counts: CountSeries,
    facts: dict[str, Any],
) -> str:  # fmt: skip
    """Put the paragraph together, the answer first."""
    name = FREQ[panel.freq][2]
    verdict = summary["verdict"]
    searched = ~verdict.isin(["too few to say", "too short to say"])
    n, held = int(searched.sum()), int((verdict == "step").sum())
    span = f"{period(panel.start[0], panel.freq)} to {period(panel.start[-1], panel.freq)}"
    if n == 0:
        lines = [
            f"No series can be searched for breaks, {span}: a level lasts at least "
            f"{facts['shortest']} {name}s here, so it takes {2 * facts['shortest']} recorded "
            f"{name}s and 20 incidents."
        ]
    else:
        sure = int(breaks["sure"].sum())
        found = f"{counted(sure, 'break')} in level, in {held:,} of" if sure else (
            "No clear break in level in any of" if n > 1 else "No clear break in level in"
        )  # fmt: skip
        lines = [f"{found} {counted(n, 'series')} searched, {span}. {_chance(n, facts)}"]
    lines += _told(summary, breaks)
    lines += _silent(summary, "no change", "No break")
    for why in ("too few to say", "too short to say"):
        lines += _silent(summary, why, why.capitalize())
    lines += _reservations(summary, panel, counts)
    if len(breaks):
        lines.append(
            "Nothing was taken out on account of any of this, and a date that coincides proves "
            "nothing. To let a trend step at the clear breaks, pass steps=breaks.steps to "
            "seasonal_trends."
        )
    return "\n".join(lines)


def _chance(n: int, facts: dict[str, Any]) -> str:
    if not facts["usual"]:
        return (
            f"With penalty={facts['penalty']:g} in place of 3 more of them are false than the "
            f"usual {facts['rate']:.0%}; how many is not known."
        )
    number = facts["rate"] * n
    some = f"at most about {number:,.0f}" if number >= 1.5 else f"at most {number:.1g}"
    rate = f"{facts['rate']:.0%}"
    return f"If nothing had changed anywhere, chance would show some in {some} ({rate})."


def _told(summary: pd.DataFrame, breaks: pd.DataFrame) -> list[str]:
    """Give the sentences of what changed, clear steps first, the strongest of each first."""
    order = {"step": 0, "step or gradual": 1, "gradual": 2}
    told = summary[summary["verdict"].isin(list(order))]
    if not len(told):
        return []
    strength = breaks.groupby("_group")["gain"].max() if "_group" in breaks else pd.Series()
    told = told.assign(
        _order=told["verdict"].map(order), _gain=-strength.reindex(told.index).fillna(0.0)
    ).sort_values(["_order", "_gain"], kind="stable")
    lines = told["sentence"].head(_SHOWN).tolist()
    if len(told) > _SHOWN:
        lines.append(f"... and {len(told) - _SHOWN:,} more in the table summary.")
    return lines


def _silent(summary: pd.DataFrame, verdict: str, said: str) -> list[str]:
    rows = summary[summary["verdict"] == verdict]
    if not len(rows):
        return []
    keys = [c for c in summary.columns[: list(summary.columns).index("periods")] if c != "level"]
    if not keys:
        return [f"{said}."] if verdict == "no change" else []
    names = [", ".join(map(str, key)) for key in rows[keys].itertuples(index=False)]
    shown = ", ".join(names) if len(names) <= _NAMED else counted(len(names), "series")
    return [f"{said}: {shown}."]


def _reservations(summary: pd.DataFrame, panel: Panel, counts: CountSeries) -> list[str]:
    lines = []
    gap = panel.inside & ~panel.used
    if gap.any():
        when = _spans(panel.start[gap.any(axis=0)], panel.freq)
        lines.append(f"Not or only thinly recorded, and so no level: {when}.")
    searched = ~summary["verdict"].isin(["too few to say", "too short to say"])
    bare = int((searched & (summary["season"] == "none")).sum())
    if bare:
        every = "every series" if bare == searched.sum() else counted(bare, "series")
        lines.append(
            f"No factors of the season were taken out of {every} (under three years recorded, or "
            "no season found); one smooth wave a year was allowed for instead."
        )
    if counts.police:
        lines.append(
            f"{counted(counts.police, 'police-generated incident')} among them: such counts step "
            "when police activity does."
        )
    return lines


def _spans(starts: NDArray[np.datetime64], freq: str) -> str:
    days = np.diff(starts) / np.timedelta64(1, "D")
    runs = np.split(starts, np.flatnonzero(days > (31 if freq == "MS" else 7)) + 1)
    said = [
        period(run[0], freq) if len(run) == 1
        else f"{period(run[0], freq)} to {period(run[-1], freq)}"
        for run in runs
    ]  # fmt: skip
    return ", ".join(said[:6]) + (f" and {len(said) - 6} more spells" if len(said) > 6 else "")
