"""What profiles, peaks and shifts say, in plain English."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ._blocks import FEW_WEEKS, LEAST
from ._treatment import FEW

_BLUR_H = 4.0  # median length of spans, in hours, from which no hour is named
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


def counted_hours(hours: float) -> str:
    """Write a number of hours."""
    return f"{hours:g} hour{'' if hours == 1 else 's'}"


def counted(n: int, what: str) -> str:
    """Write a count and its noun."""
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def percent(share: float) -> str:
    """Write a share; neither nothing nor all unless it is."""
    if 0 < share < 0.005:
        return "under 1%"
    return "over 99%" if 0.995 <= share < 1 else f"{share:.0%}"


def too_few(row: Any) -> bool:
    """Tell whether a group has too little for its busiest hours to be named."""
    return bool(row["incidents"] < LEAST or row["weeks"] < FEW_WEEKS)


def how_few(row: Any) -> str:
    """Say what a group has, and what it would need."""
    return (
        f"({counted(row['incidents'], 'incident')} in {counted(row['weeks'], 'week')}; {LEAST} in "
        f"{FEW_WEEKS} weeks are needed)"
    )


def name_of(row: Any, by: tuple[str, ...]) -> str:
    """Name a group."""
    return ", ".join(str(row[column]) for column in by) or "All incidents"


def profile_text(
    groups: pd.DataFrame, by: tuple[str, ...], stands_out: NDArray[np.bool_], told: dict[str, Any]
) -> tuple[str, pd.Series]:
    """Write the paragraph of a profile and a sentence for each group."""
    said = []
    for row, beyond in zip(groups.to_dict("records"), stands_out.tolist(), strict=True):
        name = name_of(row, by)
        if not row["incidents"]:
            said.append(f"{name}: no incident whose time could be used.")
            continue
        if too_few(row):
            said.append(f"{name}: too few to say when it is busiest {how_few(row)}.")
            continue
        day, hour = row["peak"].split()
        when = f"{_FULL[day]} {clock(int(hour))} to {clock(int(hour) + 1)}"
        what = "busiest on"
        if row["span_h"] > _BLUR_H:
            what = (f"times too blurred to name an hour (half are known to {row['span_h']:.0f} "
                    "hours or worse); the spans overlap most on")  # fmt: skip
        elif not beyond:
            what = "no hour stands out beyond chance; the highest is"
        said.append(
            f"{name}: {what} {when}, {number(row['peak_rate'])} incidents an hour (95% interval "
            f"{number(row['peak_low'])} to {number(row['peak_high'])}), against "
            f"{number(row['per_hour'])} over the whole week; {row['incidents']:,} incidents."
        )
    sentences = pd.Series(said, index=groups.index, dtype="str")
    order = groups.sort_values("incidents", ascending=False, kind="stable").index
    lines = [sentences[n] for n in order[:_SHOWN]]
    if len(order) > _SHOWN:
        lines.append(f"... and {len(order) - _SHOWN:,} more in the table groups.")
    lines.append(_basis(told))
    if all(map(too_few, groups.to_dict("records"))):
        pass  # no rate is told that could be smoothed
    elif told["smooth"] == "harmonic":
        lines.append("Smoothed by three harmonics of the day and of the week: the same clock "
                     "every day.")  # fmt: skip
    elif told["smooth"] is not None:
        lines.append(
            f"Smoothed over about {counted_hours(told['smooth'])} either side; each interval is "
            "for its own hour."
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
    if told["police"]:
        said += f"; {told['police']:,} police-generated left out (include_police=True counts them)"
    if told["counted_police"]:
        said += (f"; {told['counted_police']:,} police-generated among them, which show when the "
                 "police were there")  # fmt: skip
    return f"{said}.{' Of the times: ' + '; '.join(told['times']) + '.' if told['times'] else ''}"


def peak_text(
    groups: pd.DataFrame, windows: pd.DataFrame, coverage: pd.DataFrame, by: tuple[str, ...]
) -> tuple[pd.Series, pd.Series, str]:  # fmt: skip
    """Write the verdict and the sentence of each group, and the paragraph."""
    lengths = sorted(set(windows["hours"]))
    shown = 4 if 4 in lengths else lengths[(len(lengths) - 1) // 2]
    verdicts, said = [], []
    for n, row in enumerate(groups.to_dict("records")):
        mine = windows[windows["group"] == n]
        sure = mine[mine["verdict"] == "reliable peak"]
        name = name_of(row, by)
        if too_few(row):
            verdicts.append("too few to say")
            said.append(f"{name}: too few to say when it peaks {how_few(row)}.")
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
                    f"{best['start']} to {best['end']} holds {percent(best['share'])} of "
                    f"{what} (95% interval {percent(best['low'])} to {percent(best['high'])}), "
                    f"{best['lift']:.1f} times an even spread"
                )
        half = coverage[(coverage["group"] == n) & (coverage["of"] == "day")
                        & (coverage["cover"] == 0.5)].iloc[0]  # fmt: skip
        parts.append(f"half of all fall within {counted_hours(half['hours'])}, {half['start']} to "
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
            "Intervals allow for every start and length having been tried. A reliable peak is "
            f"found in {int((kinds == 'reliable peak').sum()):,} of {counted(tested, 'group')} "
            "tested; were all hours alike, it would be in about one in 40 at most"
            f"{f', here {tested / 40:.0f}' if tested >= 40 else ''}."
        )
    return kinds, sentences, "\n".join(lines)


def _flat(best: Any) -> str:
    held = "hour holds" if best["hours"] == 1 else f"{best['hours']} hours hold"
    return (
        f"no reliable peak; the highest {held} {percent(best['share'])} (95% interval "
        f"{percent(best['low'])} to {percent(best['high'])}), and an even spread would give "
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
        if row["incidents"] < FEW:
            said.append(f"{name}: too few to share out over shifts ("
                        f"{counted(row['incidents'], 'incident')}; {FEW} needed).")  # fmt: skip
            continue
        parts = []
        for shift in mine.sort_values("share", ascending=False, kind="stable").to_dict("records"):
            band = "too few weeks for an interval"
            if not np.isnan(shift["low"]):
                band = f"95% interval {percent(shift['low'])} to {percent(shift['high'])}"
            parts.append(
                f"{shift['shift']} {percent(shift['share'])} ({band}; "
                f"{counted_hours(round(shift['hours_a_week'], 1))} a week, {shift['lift']:.1f} "
                "times an even spread)"
            )
        sentence = f"{name}: {', '.join(parts)}."
        if row["overlapping"] > 1e-9:
            sentence += (f" Shifts overlap in {counted_hours(round(row['overlapping'], 1))} a "
                         "week, which count in each.")  # fmt: skip
        said.append(sentence)
    sentences = pd.Series(said, index=groups.index, dtype="str")
    order = groups.sort_values("incidents", ascending=False, kind="stable").index
    lines = [sentences[n] for n in order[:_SHOWN]]
    if len(order) > _SHOWN:
        lines.append(f"... and {len(order) - _SHOWN:,} more in the table groups.")
    return sentences, "\n".join(lines)
