"""What becomes of each incident's time: the rules for missing, reversed, unknown and long spans."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..contracts import InputError, Result
from ..support import support_of
from ._clock import DAY, WEEK, Clock, Seconds, seconds

CONTACT = (
    "Violence and sexual offences", "Violence against the person", "Violent crime",
    "Sexual offences", "Robbery", "Theft from the person", "Public order",
    "Possession of weapons", "Anti-social behaviour",
)  # fmt: skip
"""Categories that somebody was there to see, so that the end of the span is when it happened."""

SPIKE = 3
"""How many times the neighbouring hours make times at exactly 00:00 a sign of unknown times."""

_EARLIEST, _LATEST = (int(np.datetime64(year, "s").astype(np.int64)) for year in ("1900", "2101"))
FEW = 20
"""Incidents under which no percentage is told."""

_SPIKE_FROM = 20  # times at 00:00 from which they can be a sign of anything
_FINE = 0.5  # share whose hour must be told by more than the date

RULES = (
    ("exact", True, "in the bin that holds it"),
    ("interval", True, "spread evenly over it"),
    ("no end", True, "taken as exact at the start"),
    ("no start, seen", True, "taken as exact at the end, as somebody was there"),
    ("time unknown", True, "exactly 00:00 or 00:01 far too often: spread over the day"),
    ("reversed", True, "start and end at most 24 hours apart: swapped"),
    ("over 7 days", True, "spread evenly over the week: it tells nothing"),
    ("no start", False, "left out"),
    ("no time", False, "left out: neither start nor end"),
    ("reversed over 24 hours", False, "left out: start and end over 24 hours the wrong way round"),
    ("too long", False, "left out: too long to tell an hour"),
    ("not recorded", False, "left out: the month was not wholly recorded"),
)
"""Every rule: its name, whether the incident is used, and what is done."""
RULE = {name: number for number, (name, _, _) in enumerate(RULES)}
_USED = np.array([used for _, used, _ in RULES])


@dataclass(frozen=True)
class Spans:
    """Times of incidents after the rules.

    ``start`` and ``end`` (n,) are UTC seconds, ``wall_start`` and ``wall_end`` local ones, all
    meaningless where not ``used``; ``rule`` (n,) is the rule that decided.
    """

    start: Seconds
    end: Seconds
    wall_start: Seconds
    wall_end: Seconds
    rule: NDArray[np.int64]
    clock: Clock
    twice: int
    skipped: int

    @property
    def used(self) -> NDArray[np.bool_]:
        """Which incidents are used."""
        return np.asarray(_USED[self.rule], dtype=bool)

    @property
    def even(self) -> NDArray[np.bool_]:
        """Which incidents are spread over the whole week."""
        return np.asarray(self.rule == RULE["over 7 days"])


def check_times(incidents: Any, what: str) -> list[str]:
    """Name what keeps a table from being used: no frame, no times, times of another kind."""
    if isinstance(incidents, Result):
        return [f"it is of type {type(incidents).__name__}; give its table, .incidents, instead."]
    if not isinstance(incidents, pd.DataFrame):
        return [f"it is of type {type(incidents).__name__}; give the incidents table."]
    faults = []
    have = ", ".join(map(str, incidents.columns)) or "none"
    for name in ("occurred_from", "occurred_to"):
        if name not in incidents.columns:
            faults.append(f"column {name!r} is missing; columns found: {have}.")
        elif isinstance(column := incidents[name], pd.DataFrame):
            continue  # twice there, as told below
        elif not pd.api.types.is_datetime64_dtype(column.dtype):
            faults.append(
                f"column {name!r} is {column.dtype}; it must be local date-times without "
                "a time zone: use pd.to_datetime, and .dt.tz_convert(...).dt.tz_localize(None) "
                "where they carry one."
            )
    faults += twice(incidents, ("occurred_from", "occurred_to", "category", "origin", "source"))
    if len(incidents) == 0:
        faults.append(f"there are no incidents; {what} needs at least one.")
    return faults


def twice(incidents: pd.DataFrame, names: tuple[str, ...]) -> list[str]:
    """Name the columns that are there more than once."""
    have = incidents.columns.tolist()
    return [
        f"column {name!r} is there twice; rename or drop one." for name in names
        if have.count(name) > 1
    ]  # fmt: skip


def check_tz(tz: Any) -> list[str]:
    """Name what is wrong with a time zone."""
    try:
        ZoneInfo(tz)
    except (ZoneInfoNotFoundError, ValueError, TypeError, AttributeError, OSError):
        return [f"tz is {tz!r}; give a zone by name, as 'Europe/London'."]
    return []


def check_longest(longest: Any, most: pd.Timedelta | None) -> pd.Timedelta | str | None:
    """Return the longest span to use, None for any, or what is wrong with it."""
    if longest is None and most is None:
        return None
    if not isinstance(longest, str | dt.timedelta | np.timedelta64):
        kind = type(longest).__name__
        return f"longest is of type {kind}; give a length of time above 0, as '24h'."
    try:
        length = pd.Timedelta(longest)
    except ValueError:
        length = pd.NaT  # type: ignore[assignment]
    if pd.isna(length) or length <= pd.Timedelta(0):
        return f"longest is {longest!r}; give a length of time above 0, as '24h'."
    if most is not None and length > most:
        return f"longest is {longest!r}; a longer span than 7 days tells nothing of the hour."
    return length


def treat(incidents: pd.DataFrame, tz: str, longest: pd.Timedelta | None) -> Spans:
    """Apply the rules to every incident, in their order; the last that applies counts."""
    start, end = (incidents[name] for name in ("occurred_from", "occurred_to"))
    no_start, no_end = start.isna().to_numpy(), end.isna().to_numpy()
    a, b = seconds(start), seconds(end)
    seen = no_start & ~no_end
    if seen.any() and "category" in incidents.columns:
        kinds = incidents["category"].astype(object).astype(str).str.strip().str.casefold()
        seen &= kinds.isin({kind.casefold() for kind in CONTACT}).to_numpy()
    elif seen.any():
        seen[:] = False
    a, b = np.where(no_start, b, a), np.where(no_end, a, b)
    rule = np.where(a == b, RULE["exact"], RULE["interval"])
    rule[no_end] = RULE["no end"]
    rule[no_start] = np.where(seen, RULE["no start, seen"], RULE["no start"])[no_start]
    rule[no_start & no_end] = RULE["no time"]
    backwards = b < a
    rule[backwards] = np.where(a - b <= DAY, RULE["reversed"], RULE["reversed over 24 hours"])[
        backwards
    ]
    a, b = np.minimum(a, b), np.maximum(a, b)
    used = _USED[rule]
    unknown = used & (a == b) & _spiked(a[used & (a == b)], a)
    rule[unknown] = RULE["time unknown"]
    a = np.where(unknown, a // DAY * DAY, a)
    b = np.where(unknown, a + DAY, b)
    length = b - a
    rule[used & (length > WEEK)] = RULE["over 7 days"]
    if longest is not None:
        rule[used & (length > longest.total_seconds())] = RULE["too long"]
    near = _USED[rule] & (rule != RULE["over 7 days"])
    given = np.concatenate([a[near], b[near & (b > a)]])
    if len(given) and not _EARLIEST <= given.min() <= given.max() < _LATEST:
        raise InputError("incidents", [_impossible(incidents, near, a, b)])
    bounds = (int(given.min()), int(given.max())) if len(given) else (0, 0)
    clock = Clock.over(tz, *bounds)
    first, last = clock.to_utc(a), clock.to_utc(b)
    return Spans(
        first, np.maximum(first, last), a, b, rule, clock, int(clock.twice(given).sum()),
        int(clock.skipped(given).sum()),
    )  # fmt: skip


def _impossible(incidents: pd.DataFrame, near: NDArray[np.bool_], a: Seconds, b: Seconds) -> str:
    """Say which times no incident can have."""
    odd = np.flatnonzero(near & ((a < _EARLIEST) | (b >= _LATEST)))
    stamp = a[odd[0]] if a[odd[0]] < _EARLIEST else b[odd[0]]
    return (
        f"times of {len(odd):,} of {len(incidents):,} incidents lie outside the years 1900 to 2100 "
        f"(first: {incidents.index[odd[0]]!r}, {stamp.astype('datetime64[s]')}); set them right or "
        "drop them."
    )


def _spiked(exact: Seconds, every: Seconds) -> NDArray[np.bool_]:
    """Tell of every time whether it stands at a midnight minute that holds far too many.

    People round to full hours, so 00:00 is held against 23:00 and 01:00, and 00:01, which many
    systems write so that the date is plain, against 23:01 and 01:01.
    """
    of_day = exact % DAY
    found = np.zeros(len(every), dtype=bool)
    for minute in (0, 60):
        here = int((of_day == minute).sum())
        beside = int(np.isin(of_day, (minute + 3600, minute + 23 * 3600)).sum()) / 2
        if here >= _SPIKE_FROM and here > SPIKE * beside:
            found |= every % DAY == minute
    return found


def require_hours(spans: Spans, what: str, daily: bool) -> None:
    """Refuse month-only records, and hours from dates alone."""
    times = pd.DataFrame({
        "occurred_from": spans.wall_start.astype("datetime64[s]"),
        "occurred_to": spans.wall_end.astype("datetime64[s]"),
    })  # fmt: skip
    told = ~np.isin(
        spans.rule, [RULE[n] for n in ("no time", "no start", "reversed over 24 hours")]
    )
    if not told.any():
        raise InputError(what, ["no incident has a time that can be used; see occurred_from."])
    support = support_of(times[told], np.empty((0, 2)), np.empty(0, dtype=np.int64))
    support.require("time of week", what)
    if daily or not spans.used.any():
        return
    length = (spans.wall_end - spans.wall_start)[spans.used]
    if (fine := float((length < DAY).mean())) < _FINE:
        raise InputError(what, [
            f"only {fine:.0%} of the incidents are known more closely than the day, and dates "
            "alone tell no hour; use records with the time of day, or aoristic(bins='day of week')."
        ])  # fmt: skip


def treatment_table(rule: NDArray[np.int64]) -> pd.DataFrame:
    """Count the incidents under each rule, those under none left out."""
    counts = np.bincount(rule, minlength=len(RULES))
    table = pd.DataFrame(RULES, columns=["rule", "used", "what"])
    table["incidents"], table["share"] = counts, counts / max(len(rule), 1)
    table = table[table["incidents"] > 0].reset_index(drop=True)
    return table.astype({"rule": "str", "what": "str"})[
        ["rule", "incidents", "share", "used", "what"]
    ]


def treatment_words(spans: Spans, longest: pd.Timedelta | None) -> list[str]:
    """Say what was done to times that were not plain, each in a clause."""
    counts = dict(zip([name for name, *_ in RULES], np.bincount(
        spans.rule, minlength=len(RULES)).tolist(), strict=True))  # fmt: skip
    hours = longest / pd.Timedelta("1h") if longest is not None else 0.0
    most = f"{hours / 24:g} days" if hours > 24 and hours % 24 == 0 else f"{hours:g} hours"
    words = {
        "too long": f"left out as over {most} long",
        "not recorded": "left out, in months not wholly recorded",
        "no start": "left out without a start",
        "no time": "left out without any time",
        "reversed over 24 hours": "left out, ending over 24 hours before they start",
        "reversed": "with start and end swapped",
        "no end": "without an end, taken as exact at the start",
        "no start, seen": "without a start, taken as exact at the end",
        "time unknown": "at 00:00 or 00:01, so often that the time must be unknown: spread over "
        "the day",
        "over 7 days": "over 7 days long, spread evenly over the week",
    }
    said = [f"{counts[rule]:,} {what}" for rule, what in words.items() if counts[rule]]
    if counts["too long"] and len(spans.rule) >= FEW:
        part = counts["too long"] / len(spans.rule)
        percent = f"{part:.0%}" if part >= 0.01 else f"{part:.1%}"
        said[0] = f"{counts['too long']:,} ({percent}) {words['too long']}"
    for number, what in (
        (spans.twice, "that the clock change makes happen twice, read as the first"),
        (spans.skipped, "that the clock change skips, moved on"),
    ):
        if number:
            said.append(f"{number:,} time{'' if number == 1 else 's'} {what}")
    return said
