"""data.police.uk: street-level crime and ASB as downloaded, one CSV per force and month."""

from __future__ import annotations

import re
from collections.abc import Collection

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ._draft import Draft, Fact, numbers, recode, refuse
from ._rows import Rows

CATEGORIES = (
    "Anti-social behaviour", "Bicycle theft", "Burglary", "Criminal damage and arson", "Drugs",
    "Other crime", "Other theft", "Possession of weapons", "Public order", "Robbery",
    "Shoplifting", "Theft from the person", "Vehicle crime", "Violence and sexual offences",
    # retired in May 2013
    "Public disorder and weapons", "Violent crime",
)  # fmt: skip
"""Every category data.police.uk has published, today's fourteen first."""

POLICE_GENERATED = ("Drugs", "Possession of weapons", "Public disorder and weapons")
"""Mostly found by police activity (stop and search), so ``origin`` is ``police``: an assumption."""

_NAMES = {
    "id": "Crime ID", "month": "Month", "source": "Reported by", "category": "Crime type",
    "place": "Location", "lsoa": "LSOA code", "outcome": "Last outcome category",
    "lon": "Longitude", "lat": "Latitude", "easting": "Easting", "northing": "Northing",
}  # fmt: skip
COLUMNS = tuple(_NAMES.values())
STREET_FILE = re.compile(r"\d{4}-\d{2}-.+-street\.csv(\.gz)?", re.IGNORECASE)
SCOPE = "data.police.uk"
"""Crime IDs are hashes, one system for every force."""

_MONTH = re.compile(r"(\d{4})[-/](0[1-9]|1[0-2])")
_KNOWN = {name.casefold(): name for name in CATEGORIES}


def kind(header: Collection[str]) -> str | None:
    """Tell what a data.police.uk file holds by its header.

    Returns
    -------
    str or None
        ``"street"``, ``"outcomes"``, ``"stop-and-search"``, or None for another format.

    Examples
    --------
    >>> kind(["Crime ID", "Month", "Reported by", "Longitude", "Latitude", "Crime type"])
    'street'
    >>> kind(["Type", "Date", "Object of search", "Legislation"])
    'stop-and-search'
    """
    names = {name.strip() for name in header}
    if {"Object of search", "Date"} <= names:
        return "stop-and-search"
    if {"Month", "Outcome type"} <= names:
        return "outcomes"
    if {"Month", "Crime type"} <= names and names & {"Longitude", "Easting", "Location"}:
        return "street"
    return None


def read_street(rows: Rows, now: pd.Timestamp) -> Draft:
    """Read the rows of a street file.

    Parameters
    ----------
    rows : Rows
        Of a file whose :func:`kind` is ``"street"``.
    now : Timestamp
        Months that begin after it are refused.

    Returns
    -------
    Draft
        Time is the calendar month, ``[first day, first day of the next month)``. A row without a
        month or a category is refused; a row without a point is kept.

    References
    ----------
    data.police.uk, "About the data": columns, anonymised map points, monthly dates.
    """
    have = {key: name for key, name in _NAMES.items() if name in rows.header}
    raw = rows.columns(list(have.values()), text=[have["id"]] if "id" in have else [])
    raw.columns = pd.Index(list(have))
    month, odd_month = _months(raw["month"].array)
    east, north = ("lon", "lat") if "lon" in have else ("easting", "northing")
    frame = pd.DataFrame({"line": rows.line})
    frame["id"] = raw["id"].str.strip() if "id" in have else ""
    frame["occurred_from"] = month.astype("datetime64[s]")
    frame["occurred_to"] = (month + np.timedelta64(1, "M")).astype("datetime64[s]")
    for axis, name in (("x", east), ("y", north)):
        frame[axis] = numbers(raw[name].array) if name in have else np.nan
    frame["category"] = recode(raw["category"].array, _category)
    for name, clean in (
        ("place", _place), ("source", str.strip), ("lsoa", str.strip), ("outcome", str.strip)
    ):  # fmt: skip
        if name in have:
            frame[name] = recode(raw[name].array, clean)
    frame["origin"] = recode(
        frame["category"].array, lambda c: "police" if c in POLICE_GENERATED else "unknown"
    )
    crs = "EPSG:4326" if east == "lon" else "EPSG:27700"
    text = raw["month"].array
    return refuse(Draft(frame, crs, facts=_facts(frame), scope=SCOPE), rows, [
        (odd_month, lambda i: f"month {str(text[i])!r} is not YYYY-MM"),
        (month > np.datetime64(now, "M"), lambda i: f"month {str(text[i])!r} lies in the future"),
        (frame["category"].isna().to_numpy(), "no crime type"),
    ])  # fmt: skip


def _facts(frame: pd.DataFrame) -> list[Fact]:
    facts = []
    if "place" in frame and (n := int((frame["place"] == "Police Station").sum())):
        facts.append(Fact("police station", n, "noted", "at a point named Police Station, which "
                          "also serves crimes with no better place"))  # fmt: skip
    if n := int((frame["origin"] == "police").sum()):
        kinds = " or ".join(POLICE_GENERATED[:2])
        facts.append(Fact("origin assumed", n, "noted", f"{kinds}, taken as found by police "
                          "activity and left out of targeting"))  # fmt: skip
    names = frame["category"].cat.categories
    strange = [name for name in names if name not in CATEGORIES]
    if n := int(frame["category"].isin(strange).sum()):
        said = ", ".join(strange[:5])
        facts.append(Fact("category unknown", n, "kept", f"of a category data.police.uk does not "
                          f"publish: {said}"))  # fmt: skip
    return facts


def _months(
    months: pd.Categorical,
) -> tuple[NDArray[np.datetime64], NDArray[np.bool_]]:
    """Months as datetime64[M] per row, and which rows have none."""
    values = [_MONTH.fullmatch(str(v).strip()) for v in months.categories]
    found = np.array([f"{m[1]}-{m[2]}" if m else "NaT" for m in values], dtype="datetime64[M]")
    per_row = found[months.codes] if len(found) else np.empty(0, "datetime64[M]")
    return per_row, np.isnat(per_row)


def _category(text: str) -> str:
    text = " ".join(text.split())
    return _KNOWN.get(text.casefold(), text)


def _place(text: str) -> str | None:
    text = " ".join(text.split()).removeprefix("On or near").strip()
    return None if text.casefold() in ("", "no location") else text
