"""The plan as a table people may change: written out, read back, checked and explained again."""

from __future__ import annotations

import csv
import datetime as dt
import io
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..atomic import atomic_file, guarded, plain, unguarded
from ..contracts import Column, InputError, Table
from .amending import Amended, amended
from .basis import require_path, require_plan
from .checks import Roster
from .decisions import plan_name
from .files import read_table
from .resources import DAYS
from .words import MONTHS, day_text

if TYPE_CHECKING:
    from .plan import PatrolPlan

_HEADER = ("visit", "date", "unit", "arrive", "depart", "hotspot", "place", "task", "note", "plan",
           "part")  # fmt: skip
_WIDTHS = (22, 17, 12, 8, 8, 16, 30, 18, 30, 26, 26)  # characters, in a workbook
_NEEDED = ("date", "unit", "arrive", "depart", "hotspot")
_WHOLE = "whole plan"
_FILE = Table("plan", "", (), tuple(Column(name, "text", False, "") for name in _HEADER))
_CLOCK = re.compile(r"(\d{1,2})[:.](\d{2})(?::(\d{2}))?(?:\.0+)?\s*([ap]m)?", re.IGNORECASE)
_DAY = re.compile(r"(?:([a-z]{3})[a-z]*\.?,?\s+)?(\d{1,2})\s+([a-z]{3})[a-z]*\.?,?\s+(\d{4})",
                  re.IGNORECASE)  # fmt: skip
_SLASHED = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d{2})(?:[ T]00:00(?::00)?)?")


def write_plan(
    path: str | os.PathLike[str],
    plan: PatrolPlan,
    *,
    lpt: str | None = None,
    date: str | dt.date | None = None,
) -> Path:
    r"""Write the visits as a table that a sergeant changes and :func:`read_plan` reads back.

    Parameters
    ----------
    path : path
        A ``.csv`` file (UTF-8) or an ``.xlsx`` workbook; an earlier one is replaced whole.
    plan : PatrolPlan
    lpt : str, optional
        Only the visits of this team.
    date : str or date, optional
        Only this duty day, as ``"2026-03-02"``.

    Returns
    -------
    Path
        The file, a row per visit: ``visit``, ``date`` (duty day), ``unit``, ``arrive``,
        ``depart``, ``hotspot``, ``place`` (its name, to read only), ``task``, ``note``, and which
        ``plan`` and ``part`` of it this is.

    Raises
    ------
    InputError
        For another ending, an LPT or a day the plan does not hold, or a place that cannot be
        written.

    Notes
    -----
    Dates are written as "Mon 2 Mar 2026" and times as "15:10", which spreadsheets leave as they
    are. Text that one would run as a formula has an apostrophe before it in the CSV file and is
    marked as text in the workbook. A call sign that looks like a number or a date ("007", "3-4")
    is safe only in the workbook.

    Examples
    --------
    >>> import tempfile
    >>> from hotspots.patrols.example import example_plan
    >>> path = write_plan(Path(tempfile.mkdtemp()) / "plan.csv", example_plan())
    >>> path.read_text(encoding="utf-8-sig").splitlines()[0]
    'visit,date,unit,arrive,depart,hotspot,place,task,note,plan,part'
    """
    place = require_path(path, "write_plan")
    require_plan(plan, "write_plan")
    if place.suffix.lower() not in (".csv", ".xlsx"):
        raise InputError(str(path), [f"its ending is {place.suffix!r}; it takes .csv or .xlsx."])
    visits, part = _part(plan, lpt, date)
    names = plan.coverage["name"] if "name" in plan.coverage.columns else pd.Series(dtype="str")
    notes = visits["note"] if "note" in visits.columns else pd.Series("", index=visits.index)
    tasks = visits["task"] if "task" in visits.columns else pd.Series("", index=visits.index)
    name = plan_name(plan)
    rows = [
        (str(visit), _day_cell(day), str(unit), f"{arrive:%H:%M}", f"{depart:%H:%M}", str(hotspot),
         plain(names.get(hotspot)), plain(task), plain(note), name, part)
        for visit, day, unit, arrive, depart, hotspot, task, note in zip(
            visits.index, visits["date"], visits["unit"], visits["arrive"], visits["depart"],
            visits["hotspot"], tasks, notes, strict=True)
    ]  # fmt: skip
    with atomic_file(place) as partial:
        (_write_csv if place.suffix.lower() == ".csv" else _write_book)(partial, rows)
    return place


def read_plan(path: str | os.PathLike[str], plan: PatrolPlan) -> Amended:
    """Read the table back after people changed it, check it and explain the plan anew.

    Rows may be changed, moved, taken out, or added (with ``visit`` left blank). Nothing is
    repaired: a rule that the changed plan breaks is told with its remedy.

    Parameters
    ----------
    path : path
        As written by :func:`write_plan`, whatever program saved it since.
    plan : PatrolPlan
        The plan it was written from.

    Returns
    -------
    Amended
        The amended plan, what changed, and which rules it breaks.

    Raises
    ------
    InputError
        Naming every cell that cannot be read, every unknown unit, hotspot and task, and a table
        that was written from another plan.

    Examples
    --------
    >>> import tempfile
    >>> from hotspots.patrols.example import example_plan
    >>> plan = example_plan()
    >>> path = write_plan(Path(tempfile.mkdtemp()) / "plan.csv", plan)
    >>> read_plan(path, plan).text.splitlines()[0]
    'Nothing was changed: 2 visits, as planned.'
    """
    place = require_path(path, "read_plan")
    require_plan(plan, "read_plan")
    faults: list[str] = []
    if place.suffix.lower() == ".xlsx":
        frame = _read_book(place)
    else:
        frame, faults = read_table(place, _FILE, "visit")
        frame = frame.map(lambda cell: unguarded(plain(cell)))
    lacking = [name for name in _NEEDED if name not in frame.columns]
    if lacking:
        have = ", ".join(map(str, frame.columns))
        faults += [f"column {name!r} is missing; columns found: {have}." for name in lacking]
        raise InputError(place.name, faults)
    faults += _other_plan(frame, plan)
    table = _table(frame, Roster(plan), faults)
    scope, part_faults = _scope(frame, plan)
    faults += part_faults
    outside = [str(v) for v in table.index if v in plan.visits.index and v not in scope]
    if outside:
        faults.append(
            f"visit {outside[0]!r} is not in the part of the plan that this table is of "
            f"({len(outside)} such rows); leave column part as it was written."
        )
    rest = plan.visits.drop(index=scope)
    return amended(plan, table, rest, place.name, faults)


def _part(
    plan: PatrolPlan, lpt: str | None, date: str | dt.date | None
) -> tuple[pd.DataFrame, str]:
    """Return the visits asked for, and the words for the part of the plan they are."""
    visits = plan.visits
    faults: list[str] = []
    said: list[str] = []
    if lpt is not None:
        teams = sorted(set(plan.teams["lpt"]) | set(plan.coverage["lpt"]))
        if lpt not in teams:
            faults.append(f"lpt is {lpt!r}; the plan holds {', '.join(teams)}.")
        visits = visits[visits["lpt"] == lpt]
        said.append(str(lpt))
    if date is not None:
        days = pd.date_range(plan.basis.first, periods=plan.basis.days)
        day = _day(str(date))
        if day is None or day not in days:
            faults.append(
                f"date is {date!r}; give a duty day of the plan, as '{days[0]:%Y-%m-%d}' (to "
                f"{days[-1]:%Y-%m-%d})."
            )
        else:
            visits = visits[visits["date"] == day]
            said.append(_day_cell(day))
    if faults:
        raise InputError("write_plan", faults)
    return visits, "; ".join(said) or _WHOLE


def _scope(frame: pd.DataFrame, plan: PatrolPlan) -> tuple[pd.Index, list[str]]:
    """Return the visits of the plan that the table speaks of: those not in it were taken out."""
    parts = {said for said in frame.get("part", pd.Series(dtype="str")) if said}
    if len(parts) > 1:
        return plan.visits.index, [
            f"column part names {len(parts)} parts ({', '.join(sorted(parts))}); give one table a "
            "part."
        ]
    inside = pd.Series(True, index=plan.visits.index)
    for word in next(iter(parts), _WHOLE).split("; "):
        if word == _WHOLE:
            continue
        day = _day(word)
        if day is not None:
            inside &= plan.visits["date"] == day
        elif word in set(plan.teams["lpt"]) | set(plan.coverage["lpt"]):
            inside &= plan.visits["lpt"] == word
        else:
            return plan.visits.index, [
                f"column part is {word!r}, which is no LPT or day of the plan; leave it as it was "
                "written."
            ]
    return plan.visits.index[inside], []


def _other_plan(frame: pd.DataFrame, plan: PatrolPlan) -> list[str]:
    """Say when the table was written from another plan."""
    named = {said for said in frame.get("plan", pd.Series(dtype="str")) if said}
    strange = sorted(named - {plan_name(plan)})
    if not strange:
        return []
    return [
        f"it was written from plan {strange[0]!r}, and this is {plan_name(plan)!r}; read it with "
        "the plan it came from."
    ]


def _table(frame: pd.DataFrame, roster: Roster, faults: list[str]) -> pd.DataFrame:
    """Turn the cells into visits; each cell that cannot be read is told."""
    rows: list[dict[str, Any]] = []
    for number, cells in enumerate(frame.to_dict("records"), 1):
        where = f"row {number}" + (f" ({cells['visit']})" if cells.get("visit") else "")
        day, arrive, depart = _day(cells["date"]), _clock(cells["arrive"]), _clock(cells["depart"])
        if day is None:
            faults.append(_bad_day(where, cells["date"]))
        for name, value in (("arrive", arrive), ("depart", depart)):
            if value is None:
                faults.append(f"{where}: {name} is {cells[name]!r}; write the time as 15:10.")
        faults += [
            f"{where}: {name} is blank; say {name}, or take the row out."
            for name in ("unit", "hotspot") if not cells[name]
        ]  # fmt: skip
        if day is None or arrive is None or depart is None:
            day, arrive, depart = roster.plan.basis.first, 0.0, 15.0
        begin = _placed(roster, cells["unit"], day, arrive)
        end = begin + (depart - arrive) % 1440 * pd.Timedelta(minutes=1)
        rows.append({"visit": cells.get("visit") or "", "hotspot": cells["hotspot"],
                     "unit": cells["unit"], "date": day, "arrive": begin, "depart": end,
                     "task": cells.get("task") or "", "note": cells.get("note") or "",
                     "where": where})  # fmt: skip
    columns = ["visit", "hotspot", "unit", "date", "arrive", "depart", "task", "note", "where"]
    table = pd.DataFrame(rows, columns=columns)
    taken, named = set(roster.plan.visits.index) | set(table["visit"]), []
    for visit, date, unit, where in zip(
        table["visit"], table["date"], table["unit"], table["where"], strict=True
    ):
        if visit and visit not in roster.plan.visits.index:
            faults.append(
                f"{where}: the plan holds no such visit; leave visit blank for one that is new."
            )
        fresh = (f"{date:%Y%m%d}-{unit}-new{n}" for n in range(1, len(table) + 2))
        named.append(visit or next(name for name in fresh if name not in taken))
        taken.add(named[-1])
    table["visit"] = pd.Series(named, index=table.index, dtype="str")
    return table.set_index("visit")


def _placed(roster: Roster, unit: str, day: pd.Timestamp, clock: float) -> pd.Timestamp:
    """Return the time a clock shows on a duty day: after midnight where the shift goes on then."""
    minute = (day - roster.plan.basis.first) / pd.Timedelta(minutes=1) + clock
    duty = roster.duties.get((unit, (day - roster.plan.basis.first).days))
    if duty is not None and minute < duty.start and minute + 1440 <= duty.end:
        minute += 1440
    return roster.plan.basis.first + pd.Timedelta(minutes=minute)


def _day_cell(day: pd.Timestamp) -> str:
    return f"{day_text(day)} {day.year}"


def _day(cell: str) -> pd.Timestamp | None:
    """Read a day as this package writes it, year first, or as a British spreadsheet saves it."""
    said = cell.strip()
    if found := _DAY.fullmatch(said):
        weekday, day, month, year = found.groups()
        months = [m.lower() for m in MONTHS]
        if month.lower() not in months:
            return None
        date = _date(int(year), months.index(month.lower()) + 1, int(day))
        right = weekday is None or (date and DAYS[date.weekday()].lower() == weekday.lower())
        return date if right else None
    if found := _SLASHED.fullmatch(said):
        day, month, year = (int(part) for part in found.groups())
        return _date(year + 2000 if year < 100 else year, month, day)
    try:
        return pd.Timestamp(dt.datetime.fromisoformat(said)).normalize()
    except ValueError:
        return None


def _date(year: int, month: int, day: int) -> pd.Timestamp | None:
    try:
        return pd.Timestamp(dt.date(year, month, day))
    except ValueError:
        return None


def _bad_day(where: str, cell: str) -> str:
    found = _DAY.fullmatch(cell.strip())
    if found and found[1] and (date := _day(cell.strip()[len(found[1]) :].lstrip(" .,"))):
        return (
            f"{where}: date is {cell!r}, but that day is a {DAYS[date.weekday()]}; set the day of "
            "the week or the date right."
        )
    return f"{where}: date is {cell!r}; write the duty day as Mon 2 Mar 2026 or 2026-03-02."


def _clock(cell: str) -> float | None:
    """Read a time of day as minutes after midnight; spreadsheets may hold it as part of a day."""
    said = cell.strip()
    if found := _CLOCK.fullmatch(said):
        hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
        if half := (found[4] or "").lower():
            if not 1 <= hour <= 12:
                return None
            hour = hour % 12 + 12 * (half == "pm")
        return hour * 60 + minute + second / 60 if hour < 24 and minute < 60 else None
    return None


def _write_csv(path: Path, rows: Sequence[tuple[str, ...]]) -> None:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(_HEADER)
    writer.writerows([guarded(cell) for cell in row] for row in rows)
    path.write_bytes(buffer.getvalue().encode("utf-8-sig"))


def _write_book(path: Path, rows: Sequence[tuple[str, ...]]) -> None:
    from openpyxl import Workbook
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook()
    sheet = book.active
    sheet.title = "visits"
    for y, row in enumerate([_HEADER, *rows], 1):
        for x, text in enumerate(row, 1):
            cell = sheet.cell(y, x, text)
            cell.data_type, cell.number_format = "s", "@"  # text, whatever it looks like
            if y == 1:
                cell.font = Font(bold=True)
    for x, width in enumerate(_WIDTHS, 1):
        sheet.column_dimensions[get_column_letter(x)].width = width
    sheet.freeze_panes = "A2"
    book.save(path)


def _read_book(path: Path) -> pd.DataFrame:
    """Return the cells of a workbook's first sheet as text."""
    import zipfile

    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    if not path.is_file():
        raise InputError(path.name, [f"there is no file {str(path)!r}; check the path."])
    try:
        book = load_workbook(path, data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, OSError) as error:
        raise InputError(path.name, [f"it cannot be read as a workbook: {error}."]) from None
    lines = [
        [_cell(cell) for cell in row] for row in book.worksheets[0].iter_rows(values_only=True)
    ]
    lines = [line for line in lines if any(line)]
    header = [cell.lower() for cell in lines[0]] if lines else []
    faults = []
    if len(lines) < 2:
        faults.append("it holds no rows; give at least one visit.")
    if len(set(filter(None, header))) < len([name for name in header if name]):
        faults.append("the header names a column twice.")
    if faults:
        raise InputError(path.name, faults)
    frame = pd.DataFrame(lines[1:], columns=header, dtype="object")
    return frame.loc[:, [bool(name) for name in header]]


def _cell(value: Any) -> str:
    """Write a workbook's cell as the table has it, also where it was typed as date or time."""
    if isinstance(value, dt.datetime):
        if value.year < 1905:  # a time alone, on the workbook's day 0
            return f"{value:%H:%M}"
        return f"{value:%Y-%m-%d}" if value.time() == dt.time() else f"{value:%Y-%m-%dT%H:%M}"
    if isinstance(value, dt.date):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, dt.time):
        return f"{value:%H:%M}"
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    return plain(value)
