"""What the tables say, in plain English: the answer first, then gaps and reservations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..series import FREQ, CountSeries, nowhere, numbers, starts_of
from ._answer import answer, changed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._known import Known

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_SOURCES = 5  # sources named per reservation; the periods table holds them all
_SHOWN = 10  # sentences in the text; the summary table holds them all


def spans(starts: NDArray[np.datetime64], freq: str) -> str:
    """Name periods as ranges: "May to Dec 2024, Mar 2025", or weeks by their Mondays."""
    number = numbers(starts, freq)
    runs = np.split(number, np.flatnonzero(np.diff(number) > 1) + 1)
    return ", ".join(_span(run[[0, -1]], freq) for run in runs)


def _span(ends: NDArray[np.int64], freq: str) -> str:
    day, last = starts_of(ends, freq).astype("datetime64[D]").astype(str)
    if freq == "D":
        return day if day == last else f"{day} to {last}"
    if freq != "MS":
        return f"week of {day}" if day == last else f"weeks of {day} to {last}"
    first, to = (f"{MONTHS[int(d[5:7]) - 1][:3]} {d[:4]}" for d in (day, last))
    if day == last:
        return first
    return f"{first[:3]} to {to}" if first[4:] == to[4:] else f"{first} to {to}"


def _signed(share: float) -> str:
    percent = round(share * 100)
    return f"{percent:+d}" if percent else "0"


def _changed(row: Any, name: str) -> str:
    """Put the yearly change in words; counts alone where a percentage would mislead."""
    if not row["compared"]:
        return "too little recorded in both of the last two years to compare them"
    when = row["_months"]
    pairs = "week" if name == "week" else "month"  # days are compared as months
    before = "the year before" if when.startswith("last") else f"the same {pairs}s a year before"
    if np.isnan(row["change"]):
        return (f"{when}: {row['latest']:,.0f}, against {row['previous']:,.0f} {before} "
                "(too few for a percentage)")  # fmt: skip
    low, high = row["change_low"], row["change_high"]
    interval = f"95% interval {_signed(low)} to {_signed(high)}%"
    if low <= 0 <= high:
        return f"{when}: no clear change from {before} ({_signed(row['change'])}%, {interval})"
    way = "above" if row["change"] > 0 else "below"
    return f"{when}: {abs(row['change']) * 100:.0f}% {way} {before} ({interval})"


def _counted(number: int, name: str) -> str:
    return f"{number:,} {name}{'' if number == 1 else 's'}"


def _seasonal(row: Any, name: str) -> str:
    recorded = f"{_counted(row['periods'], name)} recorded"
    if row["verdict"] == "too short to say":
        return f"{recorded}: too short to say whether there is a season"
    if row["verdict"] == "too few to say":
        return "too few to say whether there is a season"
    if row["verdict"] == "no clear season":
        return f"no season beyond chance in {recorded}"
    sure = "a clear season" if row["verdict"] == "clear season" else "possibly a season"
    return (
        f"{sure}, {_peak(row)}: peak {_times(row['ratio'])} times the trough "
        f"(95% interval {_times(row['ratio_low'])} to {_times(row['ratio_high'])}), {recorded}"
    )


def _times(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio < 100 else "over 100"


def _peak(row: Any) -> str:
    """Name the peak of the tested curve with its interval, and a rival where there is one."""
    month = row["peak_month"]
    if row["_width"] > 11 / 12:
        return f"highest about {month}, though any month may be"
    if row["peak_from"] == row["peak_to"]:
        said = f"highest in {month}"
    else:
        said = f"highest about {month} ({row['peak_from']} to {row['peak_to']})"
    return f"{said} or about {row['second_peak']}" if row["second_peak"] else said


def named(row: Any, by: tuple[str, ...]) -> str:
    """Name a group as a reader would: the force, a command, an LPT."""
    parts = [str(row[column]) for column in by]
    if row.get("level") == "command":
        at = by.index("lpt")
        parts[at] = parts[at] if parts[at].startswith("no ") else f"{parts[at]} command"
    return ", ".join(parts) or "All incidents"


def sentences(summary: pd.DataFrame, counted: CountSeries) -> pd.Series:
    """Write one sentence per row of the summary."""
    name = FREQ[counted.freq][2]
    said = []
    for row in summary.to_dict("records"):
        who = named(row, counted.by)
        if not row["periods"]:
            said.append(f"{who}: no {name} fully recorded.")
            continue
        rate = row["per_period"]
        often = f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}"
        said.append(f"{who}: {often} a {name}; {_changed(row, name)}; {_seasonal(row, name)}.")
    return pd.Series(said, index=summary.index, dtype="str")


def _reservations(periods: pd.DataFrame, freq: str) -> list[str]:
    """Say which periods were not recorded, or not wholly, source by source."""
    name, lines = FREQ[freq][2], []
    for status, meaning in (
        ("missing", "not recorded, left as gaps and never read as zero"),
        ("thin", "under 40% of the usual, shown but left out of every fit as probably incomplete"),
        ("incomplete", "at the edges only partly covered, left out"),
    ):
        found = list(periods[periods["status"] == status].groupby("source"))
        for source, rows in found[:_SOURCES]:
            when = spans(rows["period_start"].to_numpy(), freq)
            lost = int(rows["incidents"].sum())
            count = f", {_counted(lost, 'incident')}" if status != "missing" else ""
            who = "The records" if source == "all" else str(source)
            lines.append(f"{who}: {_counted(len(rows), name)} {meaning} ({when}{count}).")
        if len(found) > _SOURCES:
            lines.append(f"... and {len(found) - _SOURCES} more sources likewise (table periods).")
    return lines


def late_records(days: int, starts: NDArray[np.datetime64], freq: str) -> str:
    """Say which periods are left out because their records are still coming in."""
    return (
        f"Records come in late (one incident in twenty after {_counted(days, 'day')} or more): "
        f"{spans(starts, freq)} may still rise and is shown but left out of every fit."
    )


def _standard(freq: str, known: Known) -> str:
    """Say what the figures of a period stand for."""
    if freq == "D":
        return "figures a day are counts"
    alike = "" if known.weights is None or not _uneven(known) else " average"
    return f"figures a {FREQ[freq][2]} are per {FREQ[freq][1]:g}{alike} days"


def _uneven(known: Known) -> bool:
    return known.weights is not None and bool((np.abs(known.weights - 1) > 0.005).any())


def _given(known: Known, effects: pd.DataFrame | None, end: pd.Timestamp) -> list[str]:
    """Say what the figures and the test take into account beside the counts."""
    lines = []
    if _uneven(known):
        lines.append(
            "Weekdays and bank holidays count at their own worth (table weekdays), so that five "
            "weekends do not pass for more crime."
        )
    if effects is None:
        return lines
    some = set(effects["name"])
    taken = [name.replace("_", " ") for _, name in known.names if name in some]
    if taken:
        lines.append(f"The test for a season allows for: {', '.join(taken)} (table effects).")
    if left := [name.replace("_", " ") for _, name in known.names if name not in some]:
        lines.append(
            "Not taken into account, for want of recorded periods before and after or of a "
            f"series to test: {', '.join(left)}."
        )
    recent = [
        name
        for kind, name in known.names
        if kind == "step" and end - pd.DateOffset(months=24) < pd.Timestamp(name[:10]) < end
    ]
    if recent:
        lines.append(f"Yearly changes across {', '.join(recent)} compare unlike records.")
    return lines


def panel_end(series: pd.DataFrame) -> pd.Timestamp:
    """Return the last day of the last period."""
    days = pd.to_timedelta(series["days"], unit="D")
    return pd.Timestamp((series["period_start"] + days).max())


def paragraph(
    counted: CountSeries, series: pd.DataFrame, summary: pd.DataFrame, known: Known,
    effects: pd.DataFrame | None, late: str = "",
) -> str:  # fmt: skip
    """Put together the answer, what was counted and what was not, and groups' sentences."""
    periods, by, freq = counted.periods, counted.by, counted.freq
    name = FREQ[freq][2]
    base = series[series["level"] == "lpt"] if "level" in series.columns else series
    edges = np.sort(periods.loc[periods["status"] != "incomplete", "period_start"].to_numpy())
    columns = ["LPT" if column == "lpt" else column for column in by]
    lines = [
        *([] if len(summary) == 1 else [_answer(summary, by, columns)]),
        f"{_counted(counted.total, 'incident')} counted by {_listed([name, *columns])}, "
        f"{_span(numbers(edges[[0, -1]], freq), freq)} "
        f"({len(summary):,} {'series' if by else 'series for all together'}; "
        f"{_standard(freq, known)}).",
        *_reservations(periods, freq),
        *([late] if late else []),
    ]
    if counted.spanning:
        lines.append(
            f"{_counted(counted.spanning, 'incident')} with times that reach over the end of a "
            f"{name}: counted at the middle of the interval."
        )
    if bridged := int(summary["bridged"].max()):
        lines.append(
            f"Decompositions cross up to {_counted(bridged, f'left-out or unrecorded {name}')} "
            "on a straight line."
        )
    for column in by:
        lost = base.loc[base[column] == nowhere(column), "incidents"].sum()
        if lost:
            lines.append(
                f"{_counted(int(lost), 'incident')} with {nowhere(column)}: a line of their own."
            )
    if counted.police:
        lines.append(
            f"{_counted(counted.police, 'police-generated incident')} among them: such counts "
            "follow police activity too."
        )
    lines += _given(known, effects, panel_end(series))
    if len(summary) == 1:  # its sentence is the answer
        return "\n".join([*summary["sentence"], *lines])
    claims = summary["verdict"].isin(["clear season", "possible season"]) | changed(summary)
    order = np.lexsort((-summary["incidents"], ~claims))[:_SHOWN]
    shown = summary["sentence"].iloc[order]
    rows = summary.to_dict("records")
    tail = ""
    for said in (_seasonal, _changed):  # what is the same for every group is said once
        if len(ends := {said(row, name) for row in rows}) > 1:
            break
        tail = f"{ends.pop()}{'; ' if tail else ''}{tail}"
    if tail:
        lines.append(f"In every group: {tail}.")
        shown = shown.str.removesuffix(f"; {tail}.") + "."
    lines.extend(shown)
    if left := len(summary) - len(shown):
        lines.append(f"... and {_counted(left, 'other group')} in the summary table.")
    return "\n".join(lines)


def _listed(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _answer(summary: pd.DataFrame, by: tuple[str, ...], columns: list[str]) -> str:
    """Say over all groups what was found; with levels, these are among the groups."""
    levels = ", commands and the force among them" if "level" in summary.columns else ""
    found = answer(summary, lambda row: named(row, by), ";" if len(by) > 1 else ",")
    return f"Of {len(summary):,} series by {_listed(columns)}{levels}: {found}"
