"""Rows of cells, from an Excel sheet or a DataFrame, as the same text a CSV would hold."""

from __future__ import annotations

import datetime as dt
import io
import warnings
import zipfile
from collections.abc import Collection, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_datetime64_dtype

from ..contracts import InputError
from ._rows import Rows, plain_name

_LOOK = 25  # rows in which a header is looked for


def cell_text(value: Any, whole_day: bool = False) -> str:
    """Write a cell as text: no ``.0`` on whole numbers, ISO dates, ``""`` for nothing.

    Examples
    --------
    >>> [cell_text(v) for v in (388100.0, None, dt.datetime(2025, 4, 25, 14, 5), dt.time(9, 30))]
    ['388100', '', '2025-04-25 14:05:00', '09:30:00']
    """
    if value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if whole_day else value.isoformat(sep=" ")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return "" if value is pd.NA else str(value)


def rows_of_cells(
    name: str, header: Sequence[str], columns: Sequence[Any], line: Sequence[int],
    exact: Collection[str] = (),
) -> Rows:  # fmt: skip
    """Make :class:`Rows` of columns of cells.

    A column whose every date-time lies at midnight holds dates alone, but for those in ``exact``.

    Examples
    --------
    >>> rows_of_cells("frame", ["n"], [[1.0, None]], [1, 2]).columns(["n"])["n"].tolist()
    ['1', '']
    """

    def text_of(place: int) -> NDArray[np.object_]:
        codes, kinds = pd.factorize(pd.Series(columns[place], dtype=object))
        stamps = [v for v in kinds if isinstance(v, dt.datetime)]
        whole_day = (
            bool(stamps)
            and header[place] not in exact
            and all(
                (v.hour, v.minute, v.second, v.microsecond, v.tzinfo) == (0, 0, 0, 0, None)
                for v in stamps
            )
        )
        texts = np.array([*(cell_text(v, whole_day) for v in kinds), ""], dtype=object)
        return texts[codes]

    def load(places: list[int]) -> list[NDArray[np.object_]]:
        return [text_of(place) for place in places]

    def raw(i: int) -> str:
        cells = (c.iloc[i] if isinstance(c, pd.Series) else c[i] for c in columns)
        return ", ".join(map(cell_text, cells))

    return Rows(name, list(header), np.asarray(line, dtype=np.int64), load, raw)


def rows_of_frame(frame: pd.DataFrame, crs: str) -> Rows:
    """Make :class:`Rows` of a DataFrame; points of a GeoDataFrame become easting and northing.

    In a table of incidents the times are exact as they stand: a month read back stays one.

    Examples
    --------
    >>> rows_of_frame(pd.DataFrame({"URN": [7]}), "EPSG:27700").line
    array([1])
    """
    if frame.index.name:
        frame = frame.reset_index()
    if isinstance(frame, gpd.GeoDataFrame) and frame.active_geometry_name is not None:
        points = frame.geometry
        kinds = set(points.geom_type.dropna()) - {"Point"}
        if kinds:
            raise InputError("GeoDataFrame", [
                f"it holds {', '.join(sorted(kinds))}; an incident is a point: give "
                ".representative_point() or .explode() of it."
            ])  # fmt: skip
        points = points.to_crs(crs) if points.crs is not None else points
        frame = pd.DataFrame(frame.drop(columns=frame.active_geometry_name))
        frame = frame.assign(easting=points.x.to_numpy(), northing=points.y.to_numpy())
    interval = ["occurred_from", "occurred_to"]
    ours = all(name in frame and is_datetime64_dtype(frame[name].dtype) for name in interval)
    exact = [*interval, "recorded_at"] if ours else []
    header = [str(c).strip() for c in frame.columns]
    if again := sorted({h for h in header if header.count(h) > 1}):
        raise InputError("DataFrame", [f"column {h!r} is there more than once." for h in again])
    cells = [frame.iloc[:, i].reset_index(drop=True) for i in range(len(header))]
    return rows_of_cells("DataFrame", header, cells, range(1, len(frame) + 1), exact)


def read_workbook(
    name: str, data: bytes, known: Collection[str], sheet: str | None = None
) -> Rows | None:
    """Read one sheet of an Excel workbook: the one named, or the first with a known header.

    Parameters
    ----------
    name : str
    data : bytes
    known : collection of str
        Plain names a header may hold, to find it below a title.
    sheet : str, optional

    Returns
    -------
    Rows or None
        None when the sheet is empty.

    Raises
    ------
    InputError
        When it is no readable workbook, or has no such sheet.
    """
    import openpyxl

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # missing styles and the like
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            sheets = {s.title: list(s.iter_rows(values_only=True)) for s in book.worksheets
                      if sheet in (None, s.title)}  # fmt: skip
    except (zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        raise InputError(
            name, ["it is no readable Excel workbook, or locked with a password; save it as CSV."]
        ) from error
    if not sheets:
        titles = ", ".join(s.title for s in book.worksheets)
        raise InputError(name, [f"it has no sheet {sheet!r}; it has {titles}."])
    best, title, place = -1, "", 0
    for named, cells in sheets.items():
        for i, row in enumerate(cells[:_LOOK]):
            hits = sum(plain_name(cell_text(v)) in known for v in row if v is not None)
            if hits > best and any(v is not None for v in row):
                best, title, place = hits, named, i
    if best < 0:
        return None
    found = sheets[title]
    header = [cell_text(v).strip() for v in found[place]]
    while header and not header[-1]:
        header.pop()
    filled = [
        (i, row) for i, row in enumerate(found[place + 1 :], place + 2)
        if any(v is not None for v in row)
    ]  # fmt: skip
    again = [i for i, row in filled if [cell_text(v).strip() for v in row[: len(header)]] == header]
    filled = [(i, row) for i, row in filled if i not in again]
    padded = [(*row, *[None] * len(header))[: len(header)] for _, row in filled]
    columns = list(zip(*padded, strict=True)) or [()] * len(header)
    rows = rows_of_cells(name, header, columns, [i for i, _ in filled])
    rows.refused = [(i, "the header again", ", ".join(header)) for i in again]
    rows.notes = [f"sheet {title!r}"] + ([f"header found in row {place + 1}"] if place else [])
    return rows
