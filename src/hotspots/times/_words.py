"""What profiles, peaks and shifts say, in plain English."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

_SHOWN = 8  # groups in a text; the table holds them all
_FULL = {"Mon": "Monday", "Tue": "Tuesday", "Wed": "Wednesday", "Thu": "Thursday",
         "Fri": "Friday", "Sat": "Saturday", "Sun": "Sunday"}  # fmt: skip


def number(value: float) -> str:
    """Write a rate with three digits that count."""
    if value >= 100:
        return f"{value:,.0f}"
    if 0 < value < 0.001:
        return "under 0.001"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 1 else f"{value:#.2g}"


def clock(hour: int) -> str:
    """Write an hour of the day; the end of the day as 24:00."""
    return f"{hour:02}:00"


def counted(n: int, what: str) -> str:
    """Write a count and its noun."""
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def name_of(row: Any, by: tuple[str, ...]) -> str:
    """Name a group."""
    return ", ".join(str(row[column]) for column in by) or "All incidents"


def profile_text(
    groups: pd.DataFrame, by: tuple[str, ...], told: dict[str, Any]
) -> tuple[str, pd.Series]:
    """Write the paragraph of a profile and a sentence for each group."""
    said = []
    for row in groups.to_dict("records"):
        if not row["incidents"]:
            said.append(f"{name_of(row, by)}: no incident whose time could be used.")
            continue
        day, hour = row["peak"].split()
        when = f"{_FULL[day]} {clock(int(hour))} to {clock(int(hour) + 1)}"
        band = "too few weeks for an interval"
        if not np.isnan(row["peak_low"]):
            band = f"95% interval {number(row['peak_low'])} to {number(row['peak_high'])}"
        said.append(
            f"{name_of(row, by)}: busiest on {when}, {number(row['peak_rate'])} incidents an hour "
            f"({band}), against {number(row['per_hour'])} over the whole week; "
            f"{row['incidents']:,} incidents."
        )
    sentences = pd.Series(said, index=groups.index, dtype="str")
    order = groups.sort_values("incidents", ascending=False, kind="stable").index
    lines = [sentences[n] for n in order[:_SHOWN]]
    if len(order) > _SHOWN:
        lines.append(f"... and {len(order) - _SHOWN:,} more in the table groups.")
    lines.append(_basis(told))
    if told["smooth"] == "harmonic":
        lines.append("Smoothed by three harmonics of the day and of the week: the same clock "
                     "every day.")  # fmt: skip
    elif told["smooth"] is not None:
        lines.append(
            f"Smoothed over about {told['smooth']:g} h either side. Each band is for its own hour; "
            "which hours stand out beyond chance, peak_windows tells."
        )
    return "\n".join(lines), sentences


def _basis(told: dict[str, Any]) -> str:
    """Say what was counted over which days, what was left out, and what was assumed of times."""
    days = told["days"].astype("datetime64[D]")
    said = (
        f"Counted: {told['used']:,} of {counted(told['given'], 'incident')}, "
        f"{days[0]} to {days[-1]}, {told['hours']:,.0f} hours in {counted(told['weeks'], 'week')}"
    )
    if told["months"]:
        some = ", ".join(told["months"][:6]) + (" and others" if len(told["months"]) > 6 else "")
        said += f" (not wholly recorded and left out: {some})"
    parts = list(told["times"])
    if told["police"]:
        parts.insert(0, f"{told['police']:,} police-generated left out (include_police=True "
                        "counts them)")  # fmt: skip
    if told["counted_police"]:
        parts.insert(0, f"{told['counted_police']:,} police-generated among them, which show when "
                        "the police were there")  # fmt: skip
    return f"{said}. {'Of these times: ' + '; '.join(parts) + '.' if parts else ''}".rstrip()


def peak_text(
    groups: pd.DataFrame, windows: pd.DataFrame, coverage: pd.DataFrame, by: tuple[str, ...],
    least: int, few_weeks: int,
) -> tuple[pd.Series, pd.Series, str]:  # fmt: skip
    """Write the verdict and the sentence of each group, and the paragraph."""
    lengths = sorted(set(windows["hours"]))
    shown = 4 if 4 in lengths else lengths[(len(lengths) - 1) // 2]
    verdicts, said = [], []
    for n, row in enumerate(groups.to_dict("records")):
        mine = windows[windows["group"] == n]
        sure = mine[mine["verdict"] == "reliable peak"]
        name = name_of(row, by)
        if row["incidents"] < least or row["weeks"] < few_weeks:
            verdicts.append("too few to say")
            said.append(
                f"{name}: too few to say when it peaks ({counted(row['incidents'], 'incident')} in "
                f"{counted(row['weeks'], 'week')}; {least} in {few_weeks} weeks are needed)."
            )
            continue
        if not len(sure):
            best = mine[(mine["hours"] == shown) & (mine["of"] == "day")].iloc[0]
            blurred = mine["verdict"] == "times too blurred"
            verdicts.append("times too blurred" if blurred.any() else "no reliable peak")
            said.append(f"{name}: {_blurred(mine, row) if blurred.any() else _flat(best)}.")
            continue
        verdicts.append("reliable peak")
        parts = []
        for of in ("day", "week"):
            of_it = sure[sure["of"] == of]
            if len(of_it):
                near = (of_it["hours"] - shown).abs().to_numpy()
                best = of_it.iloc[int(np.argmin(near))]
                what = "incidents" if of == "day" else "the week's incidents"
                parts.append(
                    f"{best['start']} to {best['end']} holds {best['share']:.0%} of "
                    f"{what} (95% interval {best['low']:.0%} to {best['high']:.0%}), "
                    f"{best['lift']:.1f} times an even spread"
                )
        half = coverage[(coverage["group"] == n) & (coverage["of"] == "day")
                        & (coverage["cover"] == 0.5)].iloc[0]  # fmt: skip
        parts.append(f"half of all fall within {half['hours']:.0f} hours, {half['start']} to "
                     f"{half['end']}")  # fmt: skip
        said.append(f"{name}: {'; '.join(parts)}.")
    kinds = pd.Series(verdicts, index=groups.index, dtype="str")
    sentences = pd.Series(said, index=groups.index, dtype="str")
    rank = {"reliable peak": 0, "times too blurred": 1, "no reliable peak": 2, "too few to say": 3}
    order = groups.assign(rank=kinds.map(rank)).sort_values(
        ["rank", "incidents"], ascending=[True, False], kind="stable").index  # fmt: skip
    lines = [sentences[n] for n in order[:_SHOWN]]
    if len(order) > _SHOWN:
        lines.append(f"... and {len(order) - _SHOWN:,} more in the table groups.")
    tested = int((kinds != "too few to say").sum())
    if tested:
        lines.append(
            f"Intervals allow for every start and length having been tried. Of "
            f"{counted(tested, 'group')} tested {int((kinds == 'reliable peak').sum()):,} show a "
            f"reliable peak; were all hours alike, at most one group in 40 would"
            f"{f', here about {tested / 40:.0f}' if tested >= 40 else ''}."
        )
    return kinds, sentences, "\n".join(lines)


def _flat(best: Any) -> str:
    return (
        f"no reliable peak; the highest {best['hours']} hours hold {best['share']:.0%} (95% "
        f"interval {best['low']:.0%} to {best['high']:.0%}), and an even spread would give "
        f"{best['hours'] / 24:.0%}"
    )


def _blurred(windows: pd.DataFrame, row: Any) -> str:
    """Say that what stands out is where long spans overlap."""
    best = windows[windows["verdict"] == "times too blurred"].iloc[-1]
    return (
        f"times too blurred to name a peak (half are known to {row['span_h']:.0f} hours or worse); "
        f"the spans overlap most from {best['start']} to {best['end']}, but it may have happened "
        "at any hour they cover"
    )


def shift_text(
    groups: pd.DataFrame, shares: pd.DataFrame, by: tuple[str, ...]
) -> tuple[pd.Series, str]:
    """Write the sentence of each group on its shifts, and the paragraph."""
    said = []
    for n, row in enumerate(groups.to_dict("records")):
        mine = shares[shares["group"] == n]
        name = name_of(row, by)
        if not row["incidents"]:
            said.append(f"{name}: no incident whose time could be used.")
            continue
        parts = []
        for shift in mine.sort_values("share", ascending=False, kind="stable").to_dict("records"):
            band = "too few weeks for an interval"
            if not np.isnan(shift["low"]):
                band = f"95% interval {shift['low']:.0%} to {shift['high']:.0%}"
            parts.append(
                f"{shift['shift']} {shift['share']:.0%} ({band}; {shift['hours_a_week']:.0f} "
                f"hours a week, {shift['lift']:.1f} times an even spread)"
            )
        sentence = f"{name}: {', '.join(parts)}."
        if row["overlapping"] > 1e-9:
            sentence += (f" Shifts overlap in {row['overlapping']:.0f} hours a week, which count "
                         "in each.")  # fmt: skip
        said.append(sentence)
    sentences = pd.Series(said, index=groups.index, dtype="str")
    order = groups.sort_values("incidents", ascending=False, kind="stable").index
    lines = [sentences[n] for n in order[:_SHOWN]]
    if len(order) > _SHOWN:
        lines.append(f"... and {len(order) - _SHOWN:,} more in the table groups.")
    return sentences, "\n".join(lines)
