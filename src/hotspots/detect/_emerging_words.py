"""What the classes of hotspots say in plain English: the answer first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ._patterns import LEAST_17, NO_PATTERN, SIGNIFICANT

if TYPE_CHECKING:
    from ..places import Grid
    from ._bins import Bins

CLASSES = ("persistent", "emerging", "intermittent", "former")
_TEAMS = 5  # LPTs named for each class; the cells table holds them all
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def counted(number: int, noun: str) -> str:
    """Write a number with its noun: "1 cell", "1,204 cells"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def listed(parts: list[str]) -> str:
    """Join words as a sentence does: "a, b and c"."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def percent(share: float) -> str:
    """Write a share: "16%", "0.4%"."""
    return f"{100 * share:.0f}%" if share >= 0.095 or share == 0 else f"{100 * share:.1f}%"


def span(starts: pd.DatetimeIndex, word: str) -> str:
    """Name periods as runs: "Jan to Apr 2024, Jan 2025"."""
    if len(starts) == 0:
        return ""
    if word == "month":
        step = np.diff(starts.year.to_numpy() * 12 + starts.month.to_numpy())
    else:
        step = np.round(np.diff(starts.to_numpy()) / np.timedelta64(7, "D"))
    runs = np.split(np.arange(len(starts)), np.flatnonzero(step > 1) + 1)
    return ", ".join(_run(starts[run[0]], starts[run[-1]], word) for run in runs)


def _run(first: pd.Timestamp, last: pd.Timestamp, word: str) -> str:
    if word != "month":
        said = f"{first:%Y-%m-%d}"
        return f"week of {said}" if first == last else f"weeks of {said} to {last:%Y-%m-%d}"
    end = f"{_MONTHS[last.month - 1]} {last.year}"
    if first == last:
        return end
    start = _MONTHS[first.month - 1]
    return f"{start} to {end}" if first.year == last.year else f"{start} {first.year} to {end}"


def paragraph(
    cells: pd.DataFrame, summary: pd.DataFrame, periods: pd.DataFrame, bins: Bins, grid: Grid,
    facts: dict[str, Any],
) -> str:  # fmt: skip
    """Put the paragraph together: what holds, what chance would show, how it was decided."""
    word = bins.word
    judged = periods[periods["status"] == "present"]
    total = int(judged["incidents"].sum())
    what = "incidents" if facts["category"] is None else f"{facts['category']} incidents"
    lines = [
        f"{total:,} {what} in {counted(len(judged), f'recorded {word}')} "
        f"({span(pd.DatetimeIndex(judged.index), word)}), on cells of {grid.size:g} m."
    ]
    lines += [_class(name, row, cells) for name, row in summary.iterrows() if row["cells"]]
    if not summary["cells"].any():
        lines.append("No cell is a hotspot beyond chance in enough periods to be classed.")
    lines.append(_chance(summary, word))
    lines.append(_decided(judged, word, facts))
    lines.append(_patterns(cells, len(judged), word, facts["definition"]))
    lines += _reservations(periods, bins, facts, total)
    return "\n".join(line for line in lines if line)


def _class(name: Any, row: pd.Series, cells: pd.DataFrame) -> str:
    mine = cells[cells["class_"] == name]
    teams = mine["lpt"].value_counts()
    teams = teams.iloc[np.lexsort((teams.index, -teams.to_numpy()))]
    named = [f"{lpt} {n:,}" for lpt, n in teams.head(_TEAMS).items()]
    if len(teams) > _TEAMS:
        named.append(f"elsewhere {int(teams.iloc[_TEAMS:].sum()):,}")
    none = int(row["without_incidents"])
    apart = f"; {none:,} of them only through their neighbours, without one of its own" * bool(none)
    return (
        f"{str(name).capitalize()}: {counted(int(row['cells']), 'cell')} with "
        f"{percent(row['share'])} of the incidents ({', '.join(named)}{apart}). "
        f"Do: {row['action']}."
    )


def _chance(summary: pd.DataFrame, word: str) -> str:
    told = [
        f"{row['expected_by_chance']:.1f} {name} cells ({int(row['cells']):,} found"
        f"{', no more than chance' if row['chance_p'] > SIGNIFICANT and row['cells'] else ''})"
        for name, row in summary.loc[["emerging", "former"]].iterrows()
    ]
    return f"Had the {word}s come in random order, one would expect {listed(told)}."


def _decided(judged: pd.DataFrame, word: str, facts: dict[str, Any]) -> str:
    hot, false = int(judged["hot_cells"].sum()), judged["false_alarms"].sum()
    late = int(facts["recent"])
    last = f"the last {word}" if late == 1 else f"the last {late} {word}s"
    return (
        f"A cell is hot in a {word} when it and the cells around it, in that {word} and the one "
        f"before, hold more than chance would bring together from the {facts['inhabited']:,} "
        f"inhabited cells in these {word}s. Each {word} is held against its own level, so a season "
        "or a rise that all places share makes none of them hot. By Gi*, its exact p-value and a "
        f"false discovery rate of 5% (among cells, then among the {word}s of each), of {hot:,} hot "
        f"cell-{word}s about {false:,.0f} may be chance. "
        f"Persistent means hot in 80% of the {word}s or more; recent means {last}."
    )


def _patterns(cells: pd.DataFrame, length: int, word: str, definition: str) -> str:
    if length < LEAST_17:
        return f"The 17 space-time patterns need {LEAST_17} recorded {word}s; there are {length}."
    found = cells.loc[cells["pattern"] != NO_PATTERN, "pattern"].value_counts()
    found = found.iloc[np.lexsort((found.index, -found.to_numpy()))]
    said = listed([f"{n:,} {name}" for name, n in found.items()]) if len(found) else "none"
    return (
        f"By the 17 space-time patterns ({definition} definition): {said}. Their trend test takes "
        f"the {word}s as independent, which they are not quite: read it as a description."
    )


def _reservations(
    periods: pd.DataFrame, bins: Bins, facts: dict[str, Any], total: int
) -> list[str]:
    """Say what was left out, and why."""
    word, lines = bins.word, []
    for status, meaning in (
        ("missing", "not recorded: gaps, never read as zero"),
        ("thin", "under 40% of the usual and probably incomplete: left out"),
        ("incomplete", "at the edges only partly covered: left out"),
    ):
        found = periods.index[periods["status"] == status]
        if len(found):
            when = span(pd.DatetimeIndex(found), word)
            lines.append(f"{counted(len(found), word).capitalize()} {meaning} ({when}).")
    if (periods["status"] == "missing").any() and total < 5 * len(bins.used):
        lines.append(
            f"With so few incidents, an empty {word} may be a true zero: give every category, and "
            "name the one to classify with category=."
        )
    left = facts["left"]
    if left["police"]:
        lines.append(
            f"{counted(left['police'], 'police-generated incident')} left out of targeting; "
            "include_police=True keeps them."
        )
    rest = [
        f"{left[key]:,} {meaning}"
        for key, meaning in (("nowhere", "without a place on the grid"),
                             ("unrecorded", f"in {word}s that were left out"))
        if left[key]
    ]  # fmt: skip
    if rest:
        lines.append(f"Not counted: {listed(rest)}.")
    return lines
