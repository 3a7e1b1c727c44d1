"""The user's calendar: school terms, events, match days and the like, checked row by row."""

from __future__ import annotations

import datetime as dt
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..contracts import InputError, announce

COLUMNS = ("kind", "name", "start", "end", "lpt")
"""Columns of a calendar; ``kind`` and ``start`` must be there."""

OWN_KINDS = (
    "bank_holiday_eve", "christmas", "new_year_eve", "new_year_day", "halloween", "bonfire",
    "payday_weekend", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
)  # fmt: skip
"""Kinds of day that follow from the date, which a calendar therefore may not give."""

YEARS = (1900, 2199)
"""Years a date may lie in: others are slips."""

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MOST = 20  # faults named one by one: a file of another kind has one in every row
_EXAMPLE = "day first, as 25/12/2025, or year first, as 2025-12-25"
_Row = tuple[str, dict[str, Any]]


def read_calendar(source: str | os.PathLike[str] | pd.DataFrame) -> pd.DataFrame:
    r"""Read a calendar of school holidays, events, match days or works, and check it.

    Parameters
    ----------
    source : path or DataFrame
        A CSV file (UTF-8 or cp1252; comma, semicolon or tab), an Excel workbook (its first
        sheet), a TOML file with a ``[[calendar]]`` table for each entry, or a table. Columns, in
        any order and case:

        - ``kind``: what it is, by which days are compared: ``school_holiday``, ``football``,
          ``event``, ``works``, ... ; ``bank_holiday`` adds to the bank holidays;
        - ``start`` and ``end``: first and last day, both inclusive, day first (25/12/2025) or
          year first (2025-12-25); no ``end`` means one day;
        - ``name`` (optional): what it is called, the kind when blank;
        - ``lpt`` (optional): the Local Policing Team it holds for, every one when blank.

    Returns
    -------
    DataFrame
        ``kind`` (lower case, words joined by ``_``), ``name``, ``start``, ``end`` (inclusive),
        ``lpt`` (missing: every LPT), in the order given. Entries may overlap. Reading it again
        changes nothing.

    Raises
    ------
    InputError
        Naming every fault with its row: dates that are none or in doubt, an end before its
        start, years outside 1900 to 2199, blank kinds, kinds that follow from the date alone
        (``christmas``, ``halloween``, ...), missing columns, a file that cannot be read.

    Warns
    -----
    Notice
        When there are other columns, which are left out.

    Examples
    --------
    >>> import pandas as pd
    >>> calendar = read_calendar(pd.DataFrame({
    ...     "kind": ["School holiday", "football"], "name": ["October half-term", "Home match"],
    ...     "start": ["27/10/2025", "01/11/2025"], "end": ["31/10/2025", None],
    ... }))
    >>> calendar["kind"].tolist(), calendar["end"].dt.strftime("%d %b").tolist()
    (['school_holiday', 'football'], ['31 Oct', '01 Nov'])
    """
    what, columns, rows = _rows(source)
    faults = []
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice:
        faults.append(f"the header names {', '.join(map(repr, twice))} twice; keep one.")
    for name in ("kind", "start"):
        if name not in columns:
            found = ", ".join(columns) or "none"
            faults.append(f"column {name!r} is missing; columns found: {found}.")
    if not rows:
        faults.append("it holds no rows; give one for each holiday, term or event.")
    if faults:
        raise InputError(what, faults)
    entries = [entry for where, row in rows if (entry := _entry(row, where, faults))]
    if len(faults) > _MOST:
        faults[_MOST:] = [f"... and {len(faults) - _MOST:,} more such faults in later rows."]
    if faults:
        raise InputError(what, faults)
    if other := [name for name in columns if name not in COLUMNS]:
        announce(f"{what}: columns {', '.join(other)} left out; a calendar has {_listed(COLUMNS)}.")
    table = pd.DataFrame(entries, columns=list(COLUMNS))
    for name in ("start", "end"):
        table[name] = table[name].to_numpy().astype("datetime64[s]")
    known = table["lpt"].notna()
    table = table.astype(dict.fromkeys(("kind", "name", "lpt"), "str"))
    table["lpt"] = table["lpt"].where(known, None)  # pandas 2 writes None out as text
    return table


def _listed(names: tuple[str, ...]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _text(value: Any) -> str | None:
    """Return a cell as text, None where it is blank."""
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return None
    if isinstance(value, float) and value.is_integer():  # a number beside blanks: 3, not 3.0
        value = int(value)
    return str(value).strip() or None


def _entry(row: dict[str, Any], where: str, faults: list[str]) -> tuple[Any, ...] | None:
    """Turn one row into an entry, or add what is wrong with it to ``faults``."""
    before = len(faults)
    said = _text(row.get("kind"))
    kind = re.sub(r"[\W_]+", "_", (said or "").lower()).strip("_")
    if not kind:
        faults.append(f"{where}: kind is {said!r}; say what it is, as school_holiday or football.")
    elif kind in OWN_KINDS:
        faults.append(
            f"{where}: kind is {said!r}, which follows from the date and is there already; give "
            f"yours another name, as 'local_{kind}'."
        )
    start = _date(row.get("start"), f"{where}: start", faults)
    if _text(row.get("start")) is None:
        faults.append(f"{where}: start is blank; give its first day, {_EXAMPLE}.")
    end = _date(row.get("end"), f"{where}: end", faults) or start
    if start and end and end < start:
        faults.append(f"{where}: end {end} is before start {start}; swap them or set them right.")
    if len(faults) > before:
        return None
    return kind, _text(row.get("name")) or kind, start, end, _text(row.get("lpt"))


def _date(value: Any, what: str, faults: list[str]) -> dt.date | None:
    """Read a date, day first; None where it is blank or at fault."""
    text = _text(value)
    if text is None:
        return None
    if isinstance(value, str):
        day = _parse(text)
    elif isinstance(value, dt.date | np.datetime64):
        stamp = pd.Timestamp(value)
        day = stamp.date() if stamp.tz is None and stamp == stamp.normalize() else None
    else:
        kind = type(value).__name__
        faults.append(f"{what} is {text}, of type {kind}; write it as text, {_EXAMPLE}.")
        return None
    if day is None:
        faults.append(f"{what} is {text!r}, which is no date alone; write it {_EXAMPLE}.")
        return None
    if not YEARS[0] <= day.year <= YEARS[1]:
        faults.append(f"{what} is {text!r}; years run from {YEARS[0]} to {YEARS[1]}: correct it.")
        return None
    return day


def _parse(text: str) -> dt.date | None:
    """Read "25/12/2025", "25.12.25", "25 Dec 2025", "Thu 25 December 2025" or "2025-12-25"."""
    text = re.sub(r"[ T]00:00(:00(\.0+)?)?$", "", text)
    if found := re.fullmatch(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})", text):
        year, month, day = map(int, found.groups())
    elif found := re.fullmatch(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})", text):
        day, month, year = int(found[1]), int(found[3]), int(found[4])
        year += 2000 * (len(found[4]) == 2)
    elif found := re.fullmatch(
        r"(?:[a-z]{3,9},? )?(\d{1,2})(?:st|nd|rd|th)?[ -]([a-z]{3,9}),?[ -](\d{4})", text.lower()
    ):
        if found[2][:3] not in _MONTHS:
            return None
        day, month, year = int(found[1]), _MONTHS.index(found[2][:3]) + 1, int(found[3])
    else:
        return None
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


# --- reading ---------------------------------------------------------------------------------


def _rows(source: Any) -> tuple[str, list[str], list[_Row]]:
    """Return the name of the source, its columns and its rows, each with where it stands."""
    if isinstance(source, pd.DataFrame):
        named = [_column(name) for name in source.columns]
        rows = [(f"row {index!r}", dict(zip(named, values, strict=True)))
                for index, values in zip(source.index, _cells(source), strict=True)]  # fmt: skip
        return "calendar", named, rows
    if not isinstance(source, str | os.PathLike):
        kind = type(source).__name__
        raise InputError("calendar", [f"it is of type {kind}; give the path of a file or a table."])
    path = Path(source)
    try:
        there = path.is_file()
    except OSError:  # a name too long for one
        there = False
    if not there:
        raise InputError("calendar", [f"there is no file {str(path)!r:.200}; check the path."])
    ending = path.suffix.lower()
    if ending in (".xlsx", ".xlsm"):
        return path.name, *_from_excel(path)
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", errors="replace")
    if ending == ".toml":
        return path.name, *_from_toml(text, path.name)
    if ending in (".csv", ".tsv", ".tab", ".txt"):
        return path.name, *_from_csv(text, path.name)
    fault = f"it ends in {ending!r}; a calendar is a .csv, .xlsx or .toml file."
    raise InputError(path.name, [fault])


def _column(name: Any) -> str:
    return str(name).strip().lower()


def _cells(frame: pd.DataFrame) -> list[tuple[Any, ...]]:
    """Return the rows of a frame as tuples, each column's values as they are."""
    columns = [list(frame.iloc[:, i]) for i in range(frame.shape[1])]
    return list(zip(*columns, strict=True)) if columns else [()] * len(frame)


def _from_csv(text: str, what: str) -> tuple[list[str], list[_Row]]:
    import csv

    first = next((line for line in text.splitlines() if line.strip()), "")
    reader = csv.reader(text.splitlines(), delimiter=max(",;\t", key=first.count))
    header: list[str] = []
    rows: list[_Row] = []
    faults = []
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        if not header:
            header = [_column(cell) for cell in cells]
        elif len(cells) > len(header) and any(cell.strip() for cell in cells[len(header) :]):
            faults.append(
                f"line {reader.line_num} has {len(cells)} values where the header has "
                f"{len(header)}; put text that holds the separator in quotation marks."
            )
        else:
            padded = [*cells, *[""] * len(header)]
            values = dict(zip(header, padded, strict=False))
            rows.append((f"line {reader.line_num}", values))
    if faults:
        raise InputError(what, faults)
    return header, rows


def _from_excel(path: Path) -> tuple[list[str], list[_Row]]:
    import zipfile

    import openpyxl

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (zipfile.BadZipFile, KeyError, OSError, ValueError) as error:
        raise InputError(path.name, [f"it is no workbook Excel can open ({error})."]) from None
    try:
        lines = [list(line) for line in book.worksheets[0].iter_rows(values_only=True)]
    finally:
        book.close()
    filled = [(n, line) for n, line in enumerate(lines, 1) if any(map(_text, line))]
    if not filled:
        return [], []
    wide = [i for i, cell in enumerate(filled[0][1]) if _text(cell)]
    header = [_column(filled[0][1][i]) for i in wide]
    return header, [(f"row {n}", dict(zip(header, [line[i] for i in wide], strict=True)))
                    for n, line in filled[1:]]  # fmt: skip


def _from_toml(text: str, what: str) -> tuple[list[str], list[_Row]]:
    import tomllib

    try:
        given = tomllib.loads(text).get("calendar")
    except tomllib.TOMLDecodeError as error:
        raise InputError(what, [f"it is not valid TOML: {error}."]) from None
    if not isinstance(given, list) or not all(isinstance(row, dict) for row in given):
        fault = "it has no [[calendar]] tables; write one for each holiday, term or event."
        raise InputError(what, [fault])
    rows = [
        (f"entry {n}", {_column(k): v for k, v in row.items()}) for n, row in enumerate(given, 1)
    ]
    return list(dict.fromkeys(name for _, row in rows for name in row)), rows
