"""Who is on duty when: shifts and units, read, checked and turned into dated duties."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..contracts import SHIFTS, UNITS, InputError, Table, check_table

KINDS = ("constable", "pcso", "special", "response")
MODES = ("foot", "cycle", "vehicle")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_FULL = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKDAY = {d[:n]: i for i, d in enumerate(_FULL) for n in range(3, 10)} | {"weds": 2}
DAY = 1440  # minutes


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
    """One row of the units table."""

    name: str
    lpt: str
    shift: str
    kind: str
    officers: int
    mode: str
    base: tuple[float, float] | None
    officer_hours: float


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


def _text(value: Any) -> str | None:
    if value is None or value is pd.NaT or value is pd.NA or value != value:
        return None
    if isinstance(value, dt.time):
        return value.strftime("%H:%M")
    return str(value).strip() or None


def _clock(value: str | None) -> int | None:
    """Minutes after midnight of ``HH:MM`` (seconds of 00 allowed), or None."""
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
    start, end = _clock(_text(row["start"])), _clock(_text(row["end"]))
    for name, value in (("start", start), ("end", end)):
        if value is None:
            faults.append(f"{where}: {name} is {row[name]!r}; write the time as HH:MM, as 14:00.")
    days = _days(_text(row.get("days")))
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
    break_text = _text(row.get("break_start"))
    break_at = _clock(break_text)
    if break_text is not None and break_at is None:
        faults.append(f"{where}: break_start is {break_text!r}; write the time as HH:MM.")
    if break_text is None and minutes["break_min"] > 0:
        faults.append(f"{where}: break_min is given without break_start; say when the break is.")
    if break_text is not None and np.isnan(_number(row, "break_min", np.nan)):
        faults.append(
            f"{where}: break_start is given without break_min; say how long the break is, or 0."
        )
    if len(faults) > before or start is None or end is None or days is None:
        return None
    length = (end - start) % DAY or DAY
    first, last = round(minutes["briefing_min"]), length - round(minutes["debrief_min"])
    if first > last:
        faults.append(
            f"{where}: briefing and debrief take {first + length - last} min of a shift of "
            f"{length} min; shorten them or check start and end."
        )
        return None
    windows: tuple[tuple[int, int], ...] = ((first, last),)
    if break_at is not None and minutes["break_min"] > 0:
        away = (break_at - start) % DAY
        back = away + round(minutes["break_min"])
        if back > length:
            faults.append(
                f"{where}: the break of {round(minutes['break_min'])} min at {break_text} does not "
                f"lie inside the shift {_text(row['start'])} to {_text(row['end'])}; move it."
            )
            return None
        windows = ((first, min(away, last)), (max(back, first), last))
    kept = tuple((a, b) for a, b in windows if b > a)
    name = _text(row["shift"]) or ""
    lpt = _text(row.get("lpt"))
    return Shift(name, lpt, days, start, length, kept, minutes["officer_hours"])


def parse_shifts(shifts: pd.DataFrame, faults: list[str]) -> list[Shift]:
    """Turn the rows into shifts; what is wrong is added to ``faults``."""
    parsed: list[Shift] = []
    for number, (_, row) in enumerate(shifts.iterrows(), 1):
        where = f"row {number} ({_text(row['shift'])})"
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
    return parsed


def parse_units(units: pd.DataFrame, faults: list[str]) -> list[Unit]:
    """Turn the rows into units; what is wrong is added to ``faults``."""
    parsed = []
    for name, row in units.iterrows():
        where, before = f"unit {name!r}", len(faults)
        kind, mode = (_text(row["kind"]) or "").lower(), (_text(row["mode"]) or "").lower()
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
        base = (_number(row, "base_easting", np.nan), _number(row, "base_northing", np.nan))
        known = np.isfinite(base)
        if known.any() and not known.all():
            faults.append(f"{where}: give both base_easting and base_northing, or neither.")
        if len(faults) == before:
            lpt, shift = _text(row["lpt"]) or "", _text(row["shift"]) or ""
            parsed.append(Unit(str(name), lpt, shift, kind, int(row["officers"]), mode,
                               base if known.all() else None, hours))  # fmt: skip
    return parsed


def duties(shifts: list[Shift], units: list[Unit], start: pd.Timestamp, days: int) -> list[Duty]:
    """Date every shift in every LPT that has units for it, in order of day and start."""
    teams: dict[tuple[str, str], list[Unit]] = {}
    for unit in units:
        teams.setdefault((unit.lpt, unit.shift), []).append(unit)
    found = []
    for (lpt, name), team in teams.items():
        for shift in shifts_for(shifts, lpt, name):
            for day in range(days):
                if (start.weekday() + day) % 7 in shift.days:
                    at = day * DAY + shift.start
                    windows = tuple((at + a, at + b) for a, b in shift.windows)
                    ordered = tuple(sorted(team, key=lambda u: u.name))
                    found.append(Duty(lpt, name, day, at, at + shift.length, windows,
                                      shift.officer_hours, ordered))  # fmt: skip
    return sorted(found, key=lambda d: (d.lpt, d.day, d.start, d.shift))


def shifts_for(shifts: list[Shift], lpt: str, name: str) -> list[Shift]:
    """Return the rows of a shift that hold for an LPT: its own if any, else the shared."""
    own = [s for s in shifts if s.name == name and s.lpt == lpt]
    return own or [s for s in shifts if s.name == name and s.lpt is None]


def _read(path: str | Path, table: Table, key: str) -> pd.DataFrame:
    """Read a CSV or TOML file into a frame with the contract's column types."""
    path = Path(path)
    what = path.name
    if not path.is_file():
        raise InputError(what, [f"there is no file {str(path)!r}; check the path."])
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", errors="replace")
    toml = path.suffix.lower() == ".toml"
    frame = _from_toml(text, what, key) if toml else _from_csv(text, what)
    if frame.empty:
        raise InputError(what, [f"it holds no rows; give at least one {key}."])
    faults = []
    for column in table.columns:
        if column.name not in frame.columns:
            continue
        if column.kind == "number":
            said = frame[column.name].map(_text)
            numbers = pd.to_numeric(said, errors="coerce").astype("float64")
            faults += [
                f"row {row + 1}: {column.name} is {said.iloc[row]!r}; it must be a number."
                for row in np.flatnonzero(numbers.isna() & said.notna())
            ]
            frame[column.name] = numbers
        else:
            frame[column.name] = frame[column.name].map(_text).astype("str").where(
                frame[column.name].map(_text).notna(), None)  # fmt: skip
    if faults:
        raise InputError(what, faults)
    return frame


def _from_toml(text: str, what: str, key: str) -> pd.DataFrame:
    import tomllib

    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(what, [f"it is not valid TOML: {error}."]) from None
    rows = tables.get(key)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InputError(what, [f"it has no [[{key}]] tables; write one [[{key}]] per {key}."])
    return pd.DataFrame([
        {k: " ".join(map(str, v)) if isinstance(v, list) else v for k, v in row.items()}
        for row in rows
    ])  # fmt: skip


def _from_csv(text: str, what: str) -> pd.DataFrame:
    import csv

    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise InputError(what, ["it is empty; give a header row and one row each."])
    separator = max(",;\t", key=lines[0].count)
    rows = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=separator)]
    header = [name.lower() for name in rows[0]]
    faults = [
        f"line {number} has {len(row)} values where the header has {len(header)}."
        for number, row in enumerate(rows[1:], 2) if len(row) != len(header)
    ]  # fmt: skip
    if len(set(header)) < len(header):
        faults.append("the header names a column twice.")
    if faults:
        raise InputError(what, faults)
    return pd.DataFrame(rows[1:], columns=header, dtype="object")


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
    frame = _read(path, SHIFTS, "shift")
    check_shifts(frame, Path(path).name)
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
    frame = _read(path, UNITS, "unit")
    if "unit" not in frame.columns:
        columns = ", ".join(map(str, frame.columns))
        raise InputError(Path(path).name, [f"column 'unit' is missing; columns found: {columns}."])
    return check_units(frame, Path(path).name)


def check_shifts(shifts: pd.DataFrame, what: str = "shifts") -> list[Shift]:
    """Check a shifts table and return its rows as shifts, or raise one InputError."""
    check_table(shifts, SHIFTS, what)
    faults: list[str] = []
    parsed = parse_shifts(shifts, faults)
    if faults:
        raise InputError(what, faults)
    return parsed


def check_units(units: pd.DataFrame, what: str = "units") -> pd.DataFrame:
    """Check a units table and return it indexed by unit, or raise one InputError."""
    if isinstance(units, pd.DataFrame) and "unit" in units.columns:
        if units["unit"].isna().any():
            raise InputError(what, ["column 'unit' is empty in some rows; name every unit."])
        units = units.set_index("unit")
    check_table(units, UNITS, what)
    faults: list[str] = []
    parse_units(units, faults)
    if faults:
        raise InputError(what, faults)
    return units
