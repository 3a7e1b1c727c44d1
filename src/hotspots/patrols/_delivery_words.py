"""What a delivery says of itself, answer first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ._presence import HOUR
from .words import counted, day_text

if TYPE_CHECKING:
    from ._delivered import Ground
    from ._presence import Presence

ENOUGH = 20  # planned visits from which a share is given in per cent
_SHOWN = 3
_LONG_H, _LONG_SHARE = 1, 0.1  # stays over so many hours, with so much of the time, are asked of
_LOW = 0.8  # share of the planned minutes under which a hotspot is named
_POWER_WORDS = {
    "stop_searches": "stop and searches", "arrests": "arrests",
    "cpn": "community protection warnings and notices", "dispersals": "dispersal directions",
    "contacts": "members of the public spoken to",
}  # fmt: skip


def say(
    tables: dict[str, pd.DataFrame], ground: Ground, presence: Presence, beside: Presence | None,
    rules: Any,
) -> str:  # fmt: skip
    """Say what was delivered, where not, and how far the records can tell."""
    lines = [
        _answer(tables["visits"], ground, presence, rules),
        *_minutes(tables["dosage"], tables["shifts"]),
        *_least(tables["hotspots"]),
        *_teams(tables["shifts"]),
        *_others(tables["dosage"], tables["hotspots"], rules),
        *_powers(tables["powers"]),
        *_records(presence, beside, ground, tables["shifts"]),
        _limits(presence, ground, rules),
    ]
    return "\n".join(lines)


def when(first: pd.Timestamp, last: pd.Timestamp) -> str:
    """Name a run of days."""
    if first == last:
        return f"{day_text(first)} {first.year}"
    return f"{day_text(first)} {first.year} to {day_text(last)} {last.year}"


def _answer(visits: pd.DataFrame, ground: Ground, presence: Presence, rules: Any) -> str:
    n = visits["status"].value_counts()
    days = when(ground.dates[0], ground.dates[-1])
    unknown = int(n.get("unknown", 0))
    known = len(visits) - unknown
    done = int(n.get("met", 0) + n.get("other unit", 0))
    if not len(visits):
        return f"Delivery, {days}: the plan holds no visits, so all that was seen is unplanned."
    if not known:
        return (
            f"Delivery, {days}: of none of {counted(len(visits), 'planned visit')} can it be told "
            "whether it was made: the units planned for them sent no records then."
        )
    text = (
        f"Delivery, {days}: {done:,} of {counted(known, 'planned visit')} whose outcome is known "
        f"{'was' if done == 1 else 'were'} made in time"
    )
    if known >= ENOUGH:
        text += f" ({done / known:.0%})"
    if other := int(n.get("other unit", 0)):
        text += f", {other:,} of them by another unit than planned"
    away = int(n.get("early", 0) + n.get("late", 0))
    text += (
        f"; {away:,} early or late, {int(n.get('short', 0)):,} short, "
        f"{int(n.get('missed', 0)):,} missed."
    )
    if unknown:
        silent = ("logged nothing in that shift" if presence.seen is None else
                  f"sent nothing for {rules.least_min:g} min or more then")  # fmt: skip
        text += f" Of {unknown:,} more it is not known, because the unit {silent}"
        if len(visits) >= ENOUGH:
            low, high = done / len(visits), (done + unknown) / len(visits)
            text += f": of all {len(visits):,} planned, {low:.0%} to {high:.0%} were made in time"
        text += "."
    return text


def _minutes(dosage: pd.DataFrame, shifts: pd.DataFrame) -> list[str]:
    known = dosage[dosage["minutes"].notna()]
    if known.empty:
        return ["No minutes can be told: there are no records on any day."]
    planned, given = known["planned_minutes"].sum(), known["minutes"].sum()
    per = len(known)
    text = (
        f"A hotspot had {given / per:.0f} of {planned / per:.0f} planned minutes a day with "
        "somebody there"
    )
    if known["planned_visits"].sum() >= ENOUGH:
        text += f" ({given / planned:.0%})"
    if per < len(dosage):
        text += f", over the {per:,} of {len(dosage):,} hotspot-days with records"
    hours = shifts["officer_hours"].sum()
    return [
        f"{text}. In all {given:,.0f} patrol-minutes (at least one unit there), "
        f"{known['officer_minutes'].sum():,.0f} officer-minutes; {hours:,.1f} officer-hours at "
        "hotspots, time in two at once counted once."
    ]


def _named(spots: pd.DataFrame) -> list[str]:
    return [f"{row['name']} ({key})" if row["name"] else str(key) for key, row in spots.iterrows()]


def _least(hotspots: pd.DataFrame) -> list[str]:
    """Name the hotspots that fell most behind the plan."""
    ratio = hotspots["minutes_per_day"] / hotspots["planned_per_day"].where(
        hotspots["planned_per_day"] > 0
    )
    short = hotspots["planned_per_day"] - hotspots["minutes_per_day"]
    behind = hotspots.assign(short=short)[ratio < _LOW]  # in this order: none may be behind
    if behind.empty:
        return []
    behind = behind.sort_values(["short", "planned_per_day"], ascending=False, kind="stable")
    top = behind.head(_SHOWN)
    listed = "; ".join(
        f"{name} {row['minutes_per_day']:.0f} of {row['planned_per_day']:.0f}"
        for name, (_, row) in zip(_named(top), top.iterrows(), strict=True)
    )
    more = f"; and {len(behind) - _SHOWN:,} more in the table hotspots" * (len(behind) > _SHOWN)
    return [f"Furthest behind, minutes a day: {listed}{more}."]


def _teams(shifts: pd.DataFrame) -> list[str]:
    by = shifts.groupby("lpt")[["planned_visits", "in_time", "unknown"]].sum()
    known = by["planned_visits"] - by["unknown"]
    share = (by["in_time"] / known)[known >= ENOUGH].sort_values(kind="stable")
    if len(share) < 2 or round(share.iloc[0], 2) == round(share.iloc[-1], 2):
        return []
    least, most = share.index[0], share.index[-1]
    return [
        f"In time by LPT: most in {most}, {share[most]:.0%} of {known[most]:,}; least in {least}, "
        f"{share[least]:.0%} of {known[least]:,}."
    ]


def _others(dosage: pd.DataFrame, hotspots: pd.DataFrame, rules: Any) -> list[str]:
    said = []
    unplanned, passes = int(dosage["unplanned_visits"].sum()), int(dosage["passes"].sum())
    if unplanned:
        said.append(f"{counted(unplanned, 'other visit')} {'was' if unplanned == 1 else 'were'} "
                    "not planned.")  # fmt: skip
    if passes:
        said.append(f"{counted(passes, 'time')} a unit passed through in under "
                    f"{rules.pass_min:g} min: no visit, in no minutes above.")  # fmt: skip
    planned = hotspots[(hotspots["planned_visits"] > 0) & hotspots["longest_gap_h"].notna()]
    if len(planned):
        worst = planned.sort_values("longest_gap_h", kind="stable").tail(1)
        said.append(f"Longest time without a visit that was seen: {_named(worst)[0]}, "
                    f"{_length(worst['longest_gap_h'].iloc[0])}.")  # fmt: skip
    return [" ".join(said)] if said else []


def _length(hours: float) -> str:
    if hours < 48:
        return f"{hours:.0f} hours"
    return f"{hours / 24:.1f} days"


def _powers(powers: pd.DataFrame) -> list[str]:
    total = powers[(powers["lpt"] == "all LPTs") & powers["per_100h"].notna()]
    if total.empty:
        return []
    listed = ", ".join(
        f"{row.per_100h:.1f} {_POWER_WORDS[str(row.power)]} ({row.low:.1f} to {row.high:.1f})"
        for row in total.itertuples()
    )
    return [f"Per 100 officer-hours at hotspots, with 95% intervals: {listed}."]


def _records(
    presence: Presence, beside: Presence | None, ground: Ground, shifts: pd.DataFrame
) -> list[str]:
    said = []
    for log in [presence] if beside is None else [presence, beside]:
        kind = "log entries" if log.seen is None else "pings"
        total = sum(log.rows.values())
        lost = [f"{what} {n:,}" for what, n in log.rows.items() if n and what != "used"]
        used = f"{log.rows['used']:,}" if lost else "all"
        text = f"{total:,} {kind}, {used} used"
        said.append(f"{text} (left aside: {', '.join(lost)})." if lost else f"{text}.")
        said += log.notes
    crews, known = ground.crews["unit"].unique(), len(ground.teams)
    heard = presence.stays["unit"] if presence.seen is None else presence.seen["unit"]
    silent = np.setdiff1d(crews, heard)
    if len(silent):
        where = ground.teams["lpt"].iloc[silent].astype("str").value_counts().sort_index()
        listed = ", ".join(f"{lpt} {n:,}" for lpt, n in where.head(_SHOWN).items())
        more = f" and {len(where) - _SHOWN:,} more LPTs" * (len(where) > _SHOWN)
        said.append(
            f"{len(silent):,} of {counted(len(crews), 'planned unit')} sent nothing "
            f"({listed}{more}); check their call signs."
        )
    strange = len(presence.units) - known  # not named: a call sign may be a collar number
    if strange:
        said.append(
            f"{counted(strange, 'unit')} {'is' if strange == 1 else 'are'} not in the plan; each "
            "counts as one officer where the records do not say, and where it was counts all the "
            "same."
        )
    off = shifts[shifts["shift"] == "no shift"]
    if off["visits"].sum() > 0:
        said.append(f"{counted(int(off['visits'].sum()), 'visit')} fell on no shift of the plan.")
    return [" ".join(said)]


def _limits(presence: Presence, ground: Ground, rules: Any) -> str:
    stays = presence.stays
    length = (stays["end"] - stays["start"]).to_numpy()
    text = (
        f"A planned visit is made with {rules.least_min:g} min there from {rules.tolerance_min:g} "
        f"min before its time to {rules.tolerance_min:g} min after."
    )
    if presence.seen is not None and length.sum() > 0 and rules.buffer_m:
        edge = float((stays["edge"].to_numpy() * length).sum() / length.sum())
        text += (
            f" Positions within {rules.buffer_m:g} m of a hotspot count as in it, for GPS error: "
            f"{edge:.0%} of the time rests on that."
        )
    long = length > _LONG_H * HOUR
    if length.sum() > 0 and (held := float(length[long].sum() / length.sum())) > _LONG_SHARE:
        text += (
            f" {counted(int(long.sum()), 'stay')} of over {_LONG_H} h "
            f"{'holds' if long.sum() == 1 else 'hold'} {held:.0%} of the time: is a station in a "
            "hotspot?"
        )
    alone = int((ground.duties["officers"] == 1).sum())
    if alone:
        text += (
            f" In {counted(alone, 'shift')} one officer was on duty: what the tables tell of "
            f"{'it' if alone == 1 else 'them'} is that officer's, so pass on sums, not rows."
        )
    return text + (
        " Records were added up at once: no position and no track is kept, and nothing is counted "
        "by ethnicity. This says where units were seen, not what came of it."
    )
