"""What a column that leaves the house is called, typed and measured in."""

from __future__ import annotations

import pandas as pd

from ..contracts import TABLES

# Columns of the tables beside the contracts, each with what it means.
_MEANINGS = {
    "date_key": "day as a number, yyyymmdd: joins to dim_date",
    "lpt_key": "joins to dim_lpt; 0 means outside all LPTs or not known",
    "category_key": "joins to dim_category",
    "hotspot_key": "number of the hotspot: joins to hotspots",
    "hotspot_set": "number of the hotspots table it came from, as given",
    "hotspot": "stable id of the hotspot: its hottest cell",
    "visit": "id of the visit",
    "lpt": "Local Policing Team",
    "date": "day; the first of the month where only the month is known (see date_grain)",
    "date_grain": "day or month: how finely the date is known",
    "month": "first day of the month, or its number from 1 to 12",
    "incidents": "number of incidents",
    "located": "of these, incidents with a point on the map",
    "harm": "harm weight, summed",
    "longitude": "of the centroid, WGS 84",
    "latitude": "of the centroid, WGS 84",
    "wkt": "outline in WGS 84 as well-known text",
    "status": "present, thin or missing; a missing month is not zero",
    "period_start": "start of the period",
    "period_end": "end of the period",
    "rows": "number of rows",
    "reason": "why",
}
_UNITS = {
    "_km2": "km²", "_km": "km", "_m": "m", "_min": "min", "_hours": "h", "_share": "share, 0 to 1",
}  # fmt: skip
_WHOLE = {"rank", "order", "population", "located"}
_KEYS = ("_key",)
_DATES = {"date", "month", "day"}


def meaning_of(table: str, column: str) -> dict[str, str]:
    """Return unit and meaning of a column.

    Parameters
    ----------
    table : str
        Name of the exported table.
    column : str

    Returns
    -------
    dict
        ``unit`` (empty where there is none) and ``meaning``.

    Examples
    --------
    >>> meaning_of("hotspots", "area_km2")
    {'unit': 'km²', 'meaning': 'area in square kilometres'}
    """
    name = table.removeprefix("dim_").rpartition("_")[2]
    contract = TABLES.get("lpts" if name == "lpt" else name)
    said = {c.name: c.meaning for c in contract.columns} if contract else {}
    unit = next((u for end, u in _UNITS.items() if column.endswith(end)), "")
    if column == "harm":
        unit = "days of sentence"
    return {"unit": unit, "meaning": said.get(column) or _MEANINGS.get(column, "")}


def typed(frame: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return a frame in the few plain types every reader knows, and the kind of each column.

    Parameters
    ----------
    frame : DataFrame
        Without geometry.

    Returns
    -------
    frame : DataFrame
        Text as objects, whole numbers as nullable integers, no categories.
    kinds : dict
        ``text``, ``number``, ``whole``, ``key``, ``time``, ``date`` or ``flag`` per column.

    Examples
    --------
    >>> typed(pd.DataFrame({"lpt": ["Leek"], "rank": [1.0], "heat": [2]}))[1]
    {'lpt': 'text', 'rank': 'whole', 'heat': 'whole'}
    """
    shown, kinds = {}, {}
    for column in map(str, frame.columns):
        values = frame[column]
        kind = _kind(column, values)
        if kind == "text":
            values = values.astype(object).where(values.notna(), None)
            values = values.map(str, na_action="ignore").astype(object)
        elif kind in ("whole", "key"):
            values = values.astype("Int64")
        elif kind == "number":
            values = pd.to_numeric(values).astype(float)
        elif kind in ("time", "date"):
            values = values.astype("datetime64[us]")
        shown[column], kinds[column] = values, kind
    return pd.DataFrame(shown, index=frame.index, columns=list(kinds)), kinds


def _kind(column: str, values: pd.Series) -> str:
    is_ = pd.api.types
    if is_.is_bool_dtype(values.dtype):
        return "flag"
    if is_.is_datetime64_dtype(values.dtype):
        return "date" if column in _DATES else "time"
    if is_.is_numeric_dtype(values.dtype):
        if column.endswith(_KEYS):
            return "key"
        whole = column in _WHOLE or is_.is_integer_dtype(values.dtype)
        return "whole" if whole else "number"
    return "text"
