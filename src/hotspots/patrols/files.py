"""Tables people keep by hand: CSV as a spreadsheet writes it, or TOML, every fault at once."""

from __future__ import annotations

import csv
import datetime as dt
import difflib
import io
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ..contracts import Column, InputError, Table, check_table

_YES, _NO = ("yes", "y", "true", "t", "1", "x"), ("no", "n", "false", "f", "0")
_STAND_INS: dict[str, Any] = {
    "number": 0.0, "text": "", "flag": True, "time": pd.Timestamp(0),
}  # fmt: skip
_MUST_BE = {
    "number": "it must be a number", "flag": "write yes or no",
    "time": "write the date year first, as 2026-03-02",
}  # fmt: skip


def read_table(
    path: str | Path, table: Table, key: str, stand_ins: Mapping[str, Any] | None = None
) -> tuple[pd.DataFrame, list[str]]:
    r"""Read a CSV or TOML file into a frame with the contract's kinds, and list its bad cells.

    Parameters
    ----------
    path : str or Path
        A CSV file (UTF-8 or cp1252; comma, semicolon or tab) or a TOML file with a ``[[key]]``
        table per row.
    table : Table
        The contract. Columns it does not name are kept as they are read.
    key : str
        What a row is, and the name of its TOML table.
    stand_ins : mapping of str to value, optional
        What a cell that is blank or cannot be read holds in the frame, per column: a value that
        no later check finds fault with, so that each fault is told once and none hides another.

    Returns
    -------
    (frame, faults) : tuple of DataFrame and list of str

    Raises
    ------
    InputError
        When there is no table to be had: no file, not TOML, no rows, ragged lines.

    Examples
    --------
    >>> import tempfile
    >>> from hotspots.contracts import UNITS
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "units.csv"
    ...     _ = path.write_text("unit,officers\nP1,two\n", encoding="utf-8")
    ...     read_table(path, UNITS, "unit")[1]
    ["row 1 (P1): officers is 'two'; it must be a number."]
    """
    if not isinstance(path, (str, os.PathLike)):
        raise InputError(f"{key}s", [f"path is {path!r}; give the path of a CSV or TOML file."])
    path = Path(path)
    if not path.is_file():
        raise InputError(path.name, [f"there is no file {str(path)!r}; check the path."])
    raw = path.read_bytes()
    if raw.startswith(b"PK\x03\x04"):
        raise InputError(path.name, ["it is a workbook; save its sheet as CSV UTF-8 first."])
    text = _decoded(raw)
    toml = path.suffix.lower() == ".toml"
    frame = _from_toml(text, path.name, key) if toml else _from_csv(text, path.name)
    if frame.empty:
        raise InputError(path.name, [f"it holds no rows; give at least one {key}."])
    said = {
        name: pd.Series([text_of(cell) for cell in frame[name]], dtype="object")
        for name in frame.columns
    }
    called = said.get(key, pd.Series(None, index=frame.index, dtype="object"))
    rows = [f"row {n}{f' ({name})' if name else ''}" for n, name in enumerate(called, 1)]
    faults = _near_names(frame, table, key)
    if key in frame.columns:
        frame[key] = said[key].astype("str").where(said[key].notna(), None)
    for column in table.columns:
        if column.name in frame.columns:
            stand_in = (stand_ins or {}).get(column.name, _STAND_INS[column.kind])
            frame[column.name] = _column(said[column.name], column, rows, stand_in, faults)
    return frame, faults


def _column(
    said: pd.Series, column: Column, rows: list[str], stand_in: Any, faults: list[str]
) -> pd.Series:
    """Turn the cells of a column into its kind; a bad one is told and takes the stand-in."""
    blank = said.isna().to_numpy()
    values = said.astype("object")
    if column.kind != "text":
        values = _values(said, column.kind)
    bad = (values.isna() & ~blank) | (blank & column.required)
    for where, cell, wrong in zip(rows, said, bad, strict=True):
        if wrong:
            faults.append(
                f"{where}: {column.name} is {cell!r}; {_MUST_BE[column.kind]}." if cell else
                f"{where}: {column.name} is blank; say {column.meaning}."
            )  # fmt: skip
    values = values.where(~bad, stand_in)
    if column.kind == "text":
        return values.astype("str").where(values.notna(), None)
    return values.astype(bool) if column.kind == "flag" and not values.isna().any() else values


def _values(said: pd.Series, kind: str) -> pd.Series:
    """Read the cells as numbers, flags or dates; what cannot be read is missing."""
    if kind == "number":
        return pd.to_numeric(said, errors="coerce").astype("float64")
    if kind == "flag":
        words = dict.fromkeys(_YES, True) | dict.fromkeys(_NO, False)
        return pd.Series([words.get((cell or "").casefold()) for cell in said], dtype="object")
    return pd.Series([_date(cell) for cell in said], dtype="datetime64[s]")


def _date(cell: str | None) -> dt.datetime | None:
    """Read a date or date-time, year first: 02/03 is two days to two people."""
    try:
        found = dt.datetime.fromisoformat(cell or "")
    except ValueError:
        return None
    return found if found.tzinfo is None else None


def text_of(value: Any) -> str | None:
    """Return what a cell says, or None where it says nothing.

    Examples
    --------
    >>> text_of(" late "), text_of(float("nan")), text_of(dt.time(14))
    ('late', None, '14:00')
    """
    if value is None or value is pd.NaT or value is pd.NA or value != value:
        return None
    if isinstance(value, dt.time):
        return value.strftime("%H:%M")
    return str(value).strip() or None


def contract_faults(frame: pd.DataFrame, table: Table, what: str) -> list[str]:
    """List where a frame breaks its contract, instead of raising."""
    try:
        check_table(frame, table, what)
    except InputError as error:
        return list(error.faults)
    return []


def stand_in(frame: pd.DataFrame, table: Table, values: Mapping[str, Any]) -> pd.DataFrame:
    """Return the frame fit for row checks whatever its contract faults, which are told already.

    Required columns that are missing, and columns of a wrong kind, hold the value given for them,
    so that the rows can be checked for all else.

    Examples
    --------
    >>> from hotspots.contracts import SHIFTS
    >>> stand_in(pd.DataFrame({"shift": ["late"]}), SHIFTS, {"start": "00:00"})["start"].tolist()
    ['00:00']
    """
    whole = frame.loc[:, ~frame.columns.duplicated()].copy()
    for column in table.columns:
        value = values.get(column.name, _STAND_INS[column.kind])
        there = column.name in whole.columns
        alone = Table(table.name, "", (), (column,))
        if there and not contract_faults(whole[[column.name]], alone, ""):
            continue
        if (
            there
            and column.required
            and not contract_faults(whole[[column.name]].dropna(), alone, "")
        ):  # only blanks are wrong
            whole[column.name] = whole[column.name].where(whole[column.name].notna(), value)
        elif column.required:
            whole[column.name] = value
        else:
            whole = whole.drop(columns=column.name, errors="ignore")
    return whole


def _decoded(raw: bytes) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):  # a spreadsheet's "Unicode text"
        return raw.decode("utf-16", errors="replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def _from_toml(text: str, what: str, key: str) -> pd.DataFrame:
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(what, [f"it is not valid TOML: {error}."]) from None
    rows = tables.get(key)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InputError(what, [f"it has no [[{key}]] tables; write one [[{key}]] per {key}."])
    joined = {"categories": "; "}  # a type of crime is several words
    return pd.DataFrame([
        {k: joined.get(k, " ").join(map(str, v)) if isinstance(v, list) else v
         for k, v in row.items()}
        for row in rows
    ])  # fmt: skip


def _from_csv(text: str, what: str) -> pd.DataFrame:
    first = next((line for line in text.splitlines() if line.strip()), "")
    if not first:
        raise InputError(what, ["it is empty; give a header row and one row each."])
    separator = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        lines = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except csv.Error as error:
        said = f"line {reader.line_num} cannot be read: {error}; check its quotation marks."
        raise InputError(what, [said]) from None
    lines = [(number, row) for number, row in lines if any(row)]
    header = [name.lower() for name in lines[0][1]]
    faults = [
        f"line {number} has {len(row)} values where the header has {len(header)}."
        for number, row in lines[1:] if len(row) != len(header)
    ]  # fmt: skip
    if len(set(header)) < len(header):
        faults.append("the header names a column twice.")
    if faults:
        raise InputError(what, faults)
    return pd.DataFrame([row for _, row in lines[1:]], columns=header, dtype="object")


def _near_names(frame: pd.DataFrame, table: Table, key: str) -> list[str]:
    """Name columns that look like slips of the pen: left alone, they would count for nothing."""
    known = [key, *(column.name for column in table.columns)]
    absent = [name for name in known if name not in frame.columns]
    faults = []
    for name in map(str, frame.columns):
        plain = re.sub(r"[\s-]+", "_", name)
        near = difflib.get_close_matches(plain, absent, 1, 0.8) if name not in known else []
        if near:
            faults.append(
                f"column {name!r} is not known; rename it {near[0]!r} if that is what it holds, "
                "else name it less alike."
            )
    return faults
