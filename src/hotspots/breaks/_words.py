"""What the breaks say in plain English: the largest, how many chance would show, then each."""

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
FEW = 20
"""Incidents under which no percentage is given, nor a series of so few in all searched."""

_LARGEST = 3  # series named in the first line


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
        if row["_old"] <= row["earliest"] and latest == start:
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


def _name(row: Any, keys: list[str]) -> str:
    return (
        ", ".join(str(row[key]) or "unnamed" for key in keys if key != "level") or "All incidents"
    )


def sentence(
    row: dict[str, Any], breaks: pd.DataFrame | None, keys: list[str], panel: Panel
) -> str:
    """Write the sentence of one group."""
    name = FREQ[panel.freq][2]
    who = _name(row, keys)
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
    early, late = row["_halves"]
    if min(early, late) < FEW:
        return (
            f"{who}: changed gradually, no step: {counted(early, 'incident')} in the first half of "
            f"{recorded}, {late:,} in the second (too few for a percentage); {row['_known']}."
        )
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
    keys = list(panel.keys.columns)
    searched = ~summary["verdict"].isin(["too few to say", "too short to say"])
    n, span = int(searched.sum()), _spans(panel.start, panel.freq)
    told = _told(summary, breaks)
    if n == 0:
        lines = [
            f"No series can be searched for breaks, {span}: a level lasts at least "
            f"{facts['shortest']} {name}s here, so it takes {2 * facts['shortest']} recorded "
            f"{name}s and 20 incidents."
        ]
    else:
        held = int((told["verdict"] == "step").sum())
        lines = [f"{_finding(told, breaks, n, keys, span)} {_chance(n, held, facts)}"]
    lines += told["sentence"].head(_SHOWN).tolist()
    if len(told) > _SHOWN:
        lines.append(f"... and {len(told) - _SHOWN:,} more in the table summary.")
    lines += _silent(summary, "no change", "No step", keys)
    for why in ("too few to say", "too short to say"):
        lines += _silent(summary, why, why.capitalize(), keys)
    lines += _reservations(summary, panel, counts)
    if len(breaks):
        lines.append(
            "No count was changed on account of this; a date that coincides proves nothing."
        )
    if breaks["sure"].any():
        lines[-1] += " To let a trend step here, pass steps=breaks.steps to seasonal_trends."
    return "\n".join(lines)


def _finding(told: pd.DataFrame, breaks: pd.DataFrame, n: int, keys: list[str], span: str) -> str:
    """Say in how many series a step was found, and the largest of them."""
    held = told[told["verdict"] == "step"]
    if not len(held):
        clear, where = "clear " if len(told) else "", f" in any of {n:,} series" if n > 1 else ""
        return f"No {clear}step in level was found{where}, {span}."
    largest = []
    for group, row in held.head(_LARGEST).iterrows():
        steps = breaks[breaks["_group"] == group]
        step = steps.iloc[int(_move(steps).to_numpy().argmax())]
        size = "" if np.isnan(step["change"]) else f" by {abs(step['ratio'] - 1):.0%}"
        largest.append(f"{_name(row, keys)} {'rose' if step['ratio'] > 1 else 'fell'}{size}")
    what = "A step in level was" if held["steps"].sum() == 1 else "Steps in level were"
    where = f" in {len(held):,} of {n:,} series" if n > 1 else ""
    more = f" and {len(held) - _LARGEST:,} more" if len(held) > _LARGEST else ""
    return f"{what} found{where}, {span}: {'; '.join(largest)}{more}."


def _chance(n: int, held: int, facts: dict[str, Any]) -> str:
    number = facts["false"]
    rate = f"{number / n:.0%}"
    if not facts["usual"]:
        return (
            f"With penalty={facts['penalty']:g} in place of 3 more series than the usual {rate} "
            "show one by chance; how many is not known."
        )
    if n == 1:
        return f"By chance alone at most one such series in {round(1 / number)} would show one."
    if 0 < held <= number:
        return (
            f"By chance alone up to about {number:,.0f} ({rate}) could show one, and no more than "
            "that do."
        )
    few = "fewer than one" if number < 1 else f"at most about {number:,.0f} ({rate})"
    return f"By chance alone {few} would show one."


def _move(breaks: pd.DataFrame) -> pd.Series:
    """Incidents a period that each step adds or takes."""
    return (breaks["level_after"] - breaks["level_before"]).abs()


def _told(summary: pd.DataFrame, breaks: pd.DataFrame) -> pd.DataFrame:
    """Give what changed: clear steps first, those of most incidents a period first."""
    order = {"step": 0, "step or gradual": 1, "gradual": 2}
    told = summary[summary["verdict"].isin(list(order))]
    slow = told["per_period"] * (told["ratio"] - 1).abs()
    most = _move(breaks).groupby(breaks["_group"]).max().reindex(told.index)
    told = told.assign(_order=told["verdict"].map(order), _most=-most.fillna(slow).fillna(0.0))
    return told.sort_values(["_order", "_most"], kind="stable")


def _silent(summary: pd.DataFrame, verdict: str, said: str, keys: list[str]) -> list[str]:
    rows = summary[summary["verdict"] == verdict]
    if not len(rows) or not keys:
        return []
    names = [_name(row, keys) for row in rows.to_dict("records")]
    shown = ", ".join(names) if len(names) <= _NAMED else counted(len(names), "series")
    return [f"{said}: {shown}."]


def _reservations(summary: pd.DataFrame, panel: Panel, counts: CountSeries) -> list[str]:
    lines = []
    gap = panel.inside & ~panel.used
    if gap.any():
        when = _spans(panel.start[gap.any(axis=0)], panel.freq)
        every = (gap | ~panel.inside)[:, gap.any(axis=0)].all()
        some = "" if every else " (in some series)"
        lines.append(f"Not or only thinly recorded, and so no level: {when}{some}.")
    searched = ~summary["verdict"].isin(["too few to say", "too short to say"])
    bare = int((searched & (summary["season"] == "none")).sum())
    if bare:
        these = "" if bare == searched.sum() else f" of {counted(bare, 'series')}"
        lines.append(
            f"No season was taken out{these} (under three years recorded, or none found); one "
            "smooth wave a year was allowed for instead."
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
