"""Who is on duty when: shifts and units, read, checked and turned into dated duties."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..contracts import SHIFTS, UNITS, InputError
from .files import contract_faults, read_table, stand_in, text_of

KINDS = ("constable", "pcso", "special", "response")
MODES = ("foot", "cycle", "vehicle")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_FULL = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKDAY = {d[:n]: i for i, d in enumerate(_FULL) for n in range(3, 10)} | {"weds": 2}
DAY = 1440  # minutes
TEAMS = ("neighbourhood", "response")
_LOST_HOUR = (60, 120)  # minutes of a last Sunday of March that the British wall-clock skips
# what a row is checked with where a cell is at fault already: values no check objects to
_SHIFT_STAND_INS = {"start": "00:00", "end": "00:00"}
_UNIT_STAND_INS = {"kind": "constable", "mode": "foot", "officers": 1.0}


@dataclass(frozen=True)
class Shift:
    """One row of the shifts table in minutes; ``lpt`` is None when it holds for every LPT."""

    name: str
    lpt: str | None
    days: tuple[int, ...]
    start: int
    length: int
    windows: tuple[tuple[int, int], ...]  # patrol time, minutes after the start of the shift
    officer_hours: float


@dataclass(frozen=True)
class Unit:
    """One row of the units table; ``abstraction`` is None where the rules' own holds.

    ``end`` is where its tours end: its base again where the table names no other place.
    """

    name: str
    lpt: str
    shift: str
    kind: str
    officers: int
    mode: str
    base: tuple[float, float] | None
    officer_hours: float
    team: str = "neighbourhood"
    end: tuple[float, float] | None = None
    abstraction: float | None = None

    @property
    def response(self) -> bool:
        """Whether it is a response unit, which gets no timed visits."""
        return "response" in (self.team, self.kind)


@dataclass(frozen=True)
class Duty:
    """One occurrence of a shift in one LPT: minutes count from midnight of the plan's start."""

    lpt: str
    shift: str
    day: int
    start: int
    end: int
    windows: tuple[tuple[int, int], ...]
    officer_hours: float
    units: tuple[Unit, ...]

    @property
    def crews(self) -> tuple[Unit, ...]:
        """The units that timed visits can be given to."""
        return tuple(unit for unit in self.units if not unit.response)

    @property
    def responders(self) -> tuple[Unit, ...]:
        """The response units on duty."""
        return tuple(unit for unit in self.units if unit.response)

    def hours_of(self, unit: Unit, abstraction: float = 0.0) -> float:
        """Officer-hours a unit has for hotspots on this duty.

        Parameters
        ----------
        unit : Unit
        abstraction : float
            Share of its time lost to other duties, 0 to 1, unless its own is known.

        Returns
        -------
        float
            Its officers times the hours of patrol time that are not lost, or its own cap if less.
        """
        lost = abstraction if unit.abstraction is None else unit.abstraction
        minutes = sum(b - a for a, b in self.windows) * unit.officers * (1 - lost)
        return min(minutes / 60, unit.officer_hours)


def clock_minutes(value: str | None) -> int | None:
    """Return the minutes after midnight of ``HH:MM`` (seconds of 00 allowed), or None.

    Examples
    --------
    >>> clock_minutes("14:30"), clock_minutes("24:00"), clock_minutes("2pm")
    (870, 0, None)
    """
    found = re.fullmatch(r"(\d{1,2}):([0-5]\d)(?::00)?", value or "")
    if not found:
        return None
    minutes = int(found[1]) * 60 + int(found[2])
    return minutes % DAY if minutes <= DAY else None


def _number(row: Any, name: str, default: float) -> float:
    value = row.get(name)
    return default if pd.isna(value) else float(value)


def _days(text: str | None) -> tuple[int, ...] | None:
    if text is None:
        return tuple(range(7))
    found: set[int] = set()
    spaced = re.sub(r"\s*(?:-|–|\bto\b)\s*", "-", text.lower())
    for word in filter(None, re.split(r"[\s,;/&]+", spaced)):
        ends = [_WEEKDAY.get(part) for part in word.split("-")]
        if None in ends or len(ends) > 2:
            return None
        first, last = ends[0] or 0, ends[-1] or 0
        found.update((first + n) % 7 for n in range((last - first) % 7 + 1))
    return tuple(sorted(found)) or None


def _one_shift(row: Any, where: str, faults: list[str]) -> Shift | None:
    """Turn one row into a shift, or add what is wrong with it to ``faults``."""
    before = len(faults)
    start, end = clock_minutes(text_of(row["start"])), clock_minutes(text_of(row["end"]))
    for name, value in (("start", start), ("end", end)):
        if value is None:
            faults.append(f"{where}: {name} is {row[name]!r}; write the time as HH:MM, as 14:00.")
    days = _days(text_of(row.get("days")))
    if days is None:
        faults.append(
            f"{where}: days is {row['days']!r}; write 'Fri Sat' or 'Mon-Fri', or leave blank."
        )
    minutes = {}
    for name in ("briefing_min", "debrief_min", "break_min", "officer_hours"):
        minutes[name] = _number(row, name, np.inf if name == "officer_hours" else 0.0)
        if minutes[name] < 0:
            faults.append(f"{where}: {name} is {minutes[name]:g}; it cannot be below 0.")
        elif name != "officer_hours" and not minutes[name].is_integer():
            faults.append(f"{where}: {name} is {minutes[name]:g}; give whole minutes.")
    breaks = _breaks(row, minutes["break_min"], where, faults)
    if len(faults) > before or start is None or end is None or days is None or breaks is None:
        return None
    length = (end - start) % DAY or DAY
    first, last = round(minutes["briefing_min"]), length - round(minutes["debrief_min"])
    if first > last:
        faults.append(
            f"{where}: briefing and debrief take {first + length - last} min of a shift of "
            f"{length} min; shorten them or check start and end."
        )
    away = sorted(((at - start) % DAY, (at - start) % DAY + rest) for at, rest in breaks)
    for (begin, back), (again, _) in pairwise([*away, (length, length)]):
        if back > min(again, length):
            at = f"{(start + begin) // 60 % 24:02d}:{(start + begin) % 60:02d}"
            faults.append(
                f"{where}: the break of {back - begin} min at {at} "
                + (f"does not lie inside the shift {text_of(row['start'])} to "
                   f"{text_of(row['end'])}; move it." if back > length else
                   "runs into the next one; move one of them.")
            )  # fmt: skip
    if len(faults) > before:
        return None
    windows = without([(first, last)], away)
    name, lpt = text_of(row["shift"]) or "", text_of(row.get("lpt"))
    return Shift(name, lpt, days, start, length, windows, minutes["officer_hours"])


def _breaks(row: Any, rest: float, where: str, faults: list[str]) -> list[tuple[int, int]] | None:
    """Return (clock, length) of each break in minutes, or None with what is wrong in ``faults``."""
    said = text_of(row.get("break_start"))
    if said is None:
        if rest > 0:
            faults.append(
                f"{where}: break_min is given without break_start; say when the break is."
            )
        return []
    if np.isnan(_number(row, "break_min", np.nan)):
        faults.append(
            f"{where}: break_start is given without break_min; say how long the break is, or 0."
        )
    starts = [clock_minutes(part) for part in re.split(r"[\s,;/&]+", said)]
    if None in starts:
        faults.append(
            f"{where}: break_start is {said!r}; write the time as HH:MM, several as '18:00 22:00'."
        )
        return None
    return [(at, round(rest)) for at in starts if at is not None and rest > 0]


def without(
    windows: Sequence[tuple[int, int]], away: Sequence[tuple[int, int]]
) -> tuple[tuple[int, int], ...]:
    """Cut stretches of time out of others.

    Examples
    --------
    >>> without([(0, 480)], [(100, 130), (300, 345)])
    ((0, 100), (130, 300), (345, 480))
    """
    for gone, back in away:
        windows = [
            (max(a, start), min(b, end))
            for a, b in windows for start, end in ((a, gone), (back, b))
        ]  # fmt: skip
    return tuple((a, b) for a, b in windows if b > a)


def parse_shifts(shifts: pd.DataFrame, faults: list[str]) -> list[Shift]:
    """Turn the rows into shifts; what is wrong is added to ``faults``."""
    parsed: list[Shift] = []
    for number, (_, row) in enumerate(shifts.iterrows(), 1):
        where = f"row {number} ({text_of(row['shift'])})"
        if shift := _one_shift(row, where, faults):
            parsed.append(shift)
    by_key: dict[tuple[str, str | None], list[Shift]] = {}
    for shift in parsed:
        by_key.setdefault((shift.name, shift.lpt), []).append(shift)
    for (name, lpt), rows in by_key.items():
        if len(rows) == 1:
            continue
        spans = sorted((d * DAY + r.start, d * DAY + r.start + r.length) for r in rows
                       for d in r.days)  # fmt: skip
        following = [*spans[1:], (spans[0][0] + 7 * DAY, 0)]
        if any(now[1] > then[0] for now, then in zip(spans, following, strict=True)):
            faults.append(
                f"shift {name!r} for {lpt or 'every LPT'} stands in {len(rows)} rows that overlap "
                "in time; give each its own days, or another name."
            )
        elif len(days := [d for r in rows for d in r.days]) > len(set(days)):
            again = ", ".join(DAYS[d] for d in sorted(set(days)) if days.count(d) > 1)
            faults.append(
                f"shift {name!r} for {lpt or 'every LPT'} starts more than once on {again}; give "
                "each start another name, and each its own units."
            )
    return parsed


def parse_units(units: pd.DataFrame, faults: list[str]) -> list[Unit]:
    """Turn the rows into units; what is wrong is added to ``faults``."""
    parsed = []
    for name, row in units.iterrows():
        where, before = f"unit {name!r}", len(faults)
        kind, mode = (text_of(row["kind"]) or "").lower(), (text_of(row["mode"]) or "").lower()
        if kind not in KINDS:
            faults.append(f"{where}: kind is {row['kind']!r}; it takes {', '.join(KINDS)}.")
        if mode not in MODES:
            faults.append(f"{where}: mode is {row['mode']!r}; it takes {', '.join(MODES)}.")
        if row["officers"] not in (1, 2):
            faults.append(
                f"{where}: officers is {row['officers']:g}; a unit is 1 or 2 officers: "
                "split larger teams into units."
            )
        hours = _number(row, "officer_hours", np.inf)
        if hours < 0:
            faults.append(f"{where}: officer_hours is {hours:g}; it cannot be below 0.")
        base, end = (_place(row, which, where, faults) for which in ("base", "end"))
        lost = _number(row, "abstraction", np.nan)
        if not np.isnan(lost) and not 0 <= lost <= 1:
            remedy = f"write {lost / 100:g} for {lost:g}%" if 1 < lost <= 100 else "0 for none"
            faults.append(f"{where}: abstraction is {lost:g}; it is a share, 0 to 1: {remedy}.")
        team = _team(row, kind, where, faults)
        if len(faults) == before:
            lpt, shift = text_of(row["lpt"]) or "", text_of(row["shift"]) or ""
            parsed.append(Unit(
                str(name), lpt, shift, kind, int(row["officers"]), mode, base, hours, team,
                end or base, None if np.isnan(lost) else lost,
            ))  # fmt: skip
    return parsed


def _place(row: Any, which: str, where: str, faults: list[str]) -> tuple[float, float] | None:
    """Return the point of a row that stands in two columns, or None where both are blank."""
    names = f"{which}_easting", f"{which}_northing"
    at = (_number(row, names[0], np.nan), _number(row, names[1], np.nan))
    known = ~np.isnan(at)
    if np.isinf(at).any():
        faults.append(f"{where}: {names[0]} and {names[1]} are {at}; give metres, or leave blank.")
    elif known.any() and not known.all():
        faults.append(f"{where}: give both {names[0]} and {names[1]}, or neither.")
    return at if known.all() else None


def _team(row: Any, kind: str, where: str, faults: list[str]) -> str:
    """Return the team a unit belongs to; the kind ``response`` says it by itself."""
    usual = "response" if kind == "response" else "neighbourhood"
    team = (text_of(row.get("team")) or usual).lower()
    if team not in TEAMS:
        faults.append(f"{where}: team is {row['team']!r}; it takes {', '.join(TEAMS)}.")
    elif kind == "response" and team != "response":
        faults.append(
            f"{where}: kind is 'response' and team {team!r}; write constable, pcso or special as "
            "kind, or leave team blank."
        )
    return team


def lost_hour(start: pd.Timestamp, day: int) -> tuple[int, int] | None:
    """Return the minutes of a day that its wall-clock skips, counted from midnight of ``start``.

    British clocks go from 01:00 to 02:00 on the last Sunday of March.

    Examples
    --------
    >>> lost_hour(pd.Timestamp("2026-03-28"), 1), lost_hour(pd.Timestamp("2026-03-28"), 0)
    ((1500, 1560), None)
    """
    date = start + pd.Timedelta(days=day)
    if (date.month, date.weekday()) != (3, 6) or date.day <= 24:
        return None
    return day * DAY + _LOST_HOUR[0], day * DAY + _LOST_HOUR[1]


def duties(shifts: list[Shift], units: list[Unit], start: pd.Timestamp, days: int) -> list[Duty]:
    """Date every shift in every LPT that has units for it, in order of day and start.

    Where the clocks go forward, the hour that does not exist is no patrol time.
    """
    teams: dict[tuple[str, str], list[Unit]] = {}
    for unit in units:
        teams.setdefault((unit.lpt, unit.shift), []).append(unit)
    found = []
    skipped = [hour for day in range(days + 1) if (hour := lost_hour(start, day))]
    for (lpt, name), team in teams.items():
        for shift in shifts_for(shifts, lpt, name):
            for day in range(days):
                if (start.weekday() + day) % 7 in shift.days:
                    at = day * DAY + shift.start
                    windows = without([(at + a, at + b) for a, b in shift.windows], skipped)
                    ordered = tuple(sorted(team, key=lambda u: u.name))
                    found.append(Duty(lpt, name, day, at, at + shift.length, windows,
                                      shift.officer_hours, ordered))  # fmt: skip
    return sorted(found, key=lambda d: (d.lpt, d.day, d.start, d.shift))


def shifts_for(shifts: list[Shift], lpt: str, name: str) -> list[Shift]:
    """Return the rows of a shift that hold for an LPT: its own if any, else the shared."""
    own = [s for s in shifts if s.name == name and s.lpt == lpt]
    return own or [s for s in shifts if s.name == name and s.lpt is None]


def read_shifts(path: str | Path) -> pd.DataFrame:
    r"""Read the shifts file and check it.

    Parameters
    ----------
    path : str or Path
        A CSV file (UTF-8 or cp1252; comma, semicolon or tab) with a row per shift, or a TOML file
        with a ``[[shift]]`` table each. Columns as in ``contracts.SHIFTS``; times as HH:MM, local
        wall-clock; an end at or before the start means the next day.

    Returns
    -------
    DataFrame
        One row per shift, in the order of the file.

    Raises
    ------
    InputError
        Naming every fault: missing columns, times that are none, a break outside its shift, a
        briefing longer than the shift, negative hours, rows of one shift that overlap.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "shifts.csv"
    ...     _ = path.write_text("shift,start,end\nnight,22:00,06:00\n", encoding="utf-8")
    ...     read_shifts(path)["end"].tolist()
    ['06:00']
    """
    frame, faults = read_table(path, SHIFTS, "shift", _SHIFT_STAND_INS)
    check_shifts(frame, Path(path).name, faults)
    return frame


def read_units(path: str | Path) -> pd.DataFrame:
    r"""Read the units file and check it.

    Parameters
    ----------
    path : str or Path
        A CSV file (UTF-8 or cp1252; comma, semicolon or tab) with a row per unit, or a TOML file
        with a ``[[unit]]`` table each. Columns as in ``contracts.UNITS`` with the name of the
        unit in ``unit``. Units are call signs, never names of people.

    Returns
    -------
    DataFrame
        Index ``unit``, in the order of the file.

    Raises
    ------
    InputError
        Naming every fault: missing columns, an unknown kind or mode, officers other than 1 or 2,
        negative hours, half a base, a unit named twice.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "units.csv"
    ...     _ = path.write_text("unit;lpt;shift;kind;officers;mode\nH1;Hanley;late;pcso;2;foot\n",
    ...                         encoding="utf-8")
    ...     read_units(path).loc["H1", "mode"]
    'foot'
    """
    frame, faults = read_table(path, UNITS, "unit", _UNIT_STAND_INS)
    return check_units(frame, Path(path).name, faults)


def check_shifts(
    shifts: pd.DataFrame, what: str = "shifts", known: Sequence[str] = ()
) -> list[Shift]:
    """Check a shifts table and return its rows as shifts, or raise one InputError.

    ``known`` are faults of the file it came from, told with all others.
    """
    faults = [*known, *contract_faults(shifts, SHIFTS, what)]
    if not isinstance(shifts, pd.DataFrame):
        raise InputError(what, faults)
    parsed = parse_shifts(stand_in(shifts, SHIFTS, _SHIFT_STAND_INS) if faults else shifts, faults)
    if faults:
        raise InputError(what, faults)
    return parsed


def check_units(
    units: pd.DataFrame, what: str = "units", known: Sequence[str] = ()
) -> pd.DataFrame:
    """Check a units table and return it indexed by unit, or raise one InputError.

    ``known`` are faults of the file it came from, told with all others.
    """
    faults = list(known)
    if isinstance(units, pd.DataFrame) and "unit" in units.columns:
        if units["unit"].isna().any():
            faults.append("column 'unit' is empty in some rows; name every unit.")
        units = units.set_index("unit")
    elif isinstance(units, pd.DataFrame) and isinstance(units.index, pd.RangeIndex):
        columns = ", ".join(map(str, units.columns))
        faults.append(f"column 'unit' is missing; columns found: {columns}.")
    faults += contract_faults(units, UNITS, what)
    if not isinstance(units, pd.DataFrame):
        raise InputError(what, faults)
    parse_units(stand_in(units, UNITS, _UNIT_STAND_INS) if faults else units, faults)
    if faults:
        raise InputError(what, faults)
    return units
