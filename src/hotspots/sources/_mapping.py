"""Which column of an extract holds what: told by a mapping, or guessed from common names."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd
import pyproj

from ..contracts import ORIGINS, InputError
from ._rows import plain_name

ALIASES: dict[str, tuple[str, ...]] = {
    "id": (
        "incident", "id", "urn", "incident_no", "incident_number", "incident_ref", "incident_id",
        "incident_urn", "log_no", "log_number", "crime_id", "crime_ref", "crime_reference",
        "crime_no", "crime_number", "occurrence_no", "occurrence_number", "reference", "ref", "uid",
    ),
    "category": (
        "category", "crime_type", "incident_type", "closing_code", "closing_codes",
        "closing_category", "final_code", "final_category", "offence_type", "offence_category",
        "offence", "offence_title", "offence_description", "ho_offence", "crime_category",
        "event_type", "type", "opening_code", "opening_codes", "initial_code", "type_description",
    ),
    "occurred_from": (
        "occurred_from", "from_datetime", "from_dt", "from_date", "date_from", "committed_from",
        "committed_first", "first_committed", "committed_from_date", "start_date", "date_start",
        "start_datetime", "earliest_date", "occurred_at", "occurred", "occurrence_date",
        "incident_date", "incident_datetime", "date_of_incident", "created", "created_datetime",
        "created_date", "date_created", "received", "received_datetime", "received_date",
        "date_received", "call_date", "call_datetime", "opened", "datetime", "date_time", "date",
        "reported_dt", "reported_date", "date_reported", "recorded_date", "date_recorded",
    ),
    "occurred_from_time": (
        "from_time", "time_from", "committed_from_time", "start_time", "time_start",
        "earliest_time", "incident_time", "time_of_incident", "created_time", "time_created",
        "received_time", "time_received", "call_time", "time", "reported_time",
    ),
    "occurred_to": (
        "occurred_to", "to_datetime", "to_dt", "to_date", "date_to", "committed_to",
        "committed_last", "last_committed", "committed_to_date", "end_date", "date_end",
        "end_datetime", "latest_date",
    ),
    "occurred_to_time": (
        "to_time", "time_to", "committed_to_time", "end_time", "time_end", "latest_time",
    ),
    "easting": (
        "easting", "eastings", "easting_m", "os_easting", "grid_easting", "location_easting",
        "x", "x_coord", "x_coordinate", "os_x", "geo_x", "gridx",
    ),
    "northing": (
        "northing", "northings", "northing_m", "os_northing", "grid_northing",
        "location_northing", "y", "y_coord", "y_coordinate", "os_y", "geo_y", "gridy",
    ),
    "longitude": ("longitude", "lon", "long", "lng"),
    "latitude": ("latitude", "lat"),
    "grid_ref": ("grid_ref", "grid_reference", "os_grid_ref", "os_grid_reference", "osgr", "ngr"),
    "place": (
        "place", "street", "street_name", "road", "road_name", "location", "location_name",
        "location_street",
    ),
    "lsoa": ("lsoa", "lsoa_code", "lsoa21cd", "lsoa11cd", "lsoa21", "lsoa11", "lsoa_2021"),
    "outcome": (
        "outcome", "outcome_description", "outcome_type", "outcome_code", "last_outcome_category",
        "disposal",
    ),
    "origin": (
        "origin", "call_source", "call_origin", "incident_source", "how_reported",
        "method_reported", "report_method", "contact_method", "source",
    ),
    "vulnerability": ("vulnerability", "vulnerability_flag", "vulnerable", "vulnerability_marker"),
    "offence_code": (
        "offence_code", "ho_offence_code", "home_office_code", "home_office_offence_code",
        "ho_code", "ho_classification", "offence_classification",
    ),
    "recorded_at": (
        "recorded_at", "reported_dt", "reported_datetime", "reported_date", "date_reported",
        "recorded_date", "date_recorded", "recorded_datetime", "last_updated",
    ),
    "source": ("source", "force", "force_name", "system"),
}  # fmt: skip
"""For each column of a mapping, the names recognised without one, best first; case, blanks and
punctuation do not matter."""

DEFAULT_ORIGINS = {
    "999": "public", "101": "public", "public": "public", "member of public": "public",
    "victim": "public", "telephone": "public", "phone": "public", "online": "public",
    "web": "public", "email": "public", "front counter": "public", "station": "public",
    "partner": "partner", "council": "partner", "local authority": "partner",
    "ambulance": "partner", "fire": "partner", "school": "partner", "housing": "partner",
    "cctv": "partner", "officer": "police", "police": "police", "police officer": "police",
    "patrol": "police", "self generated": "police", "proactive": "police",
    "officer generated": "police", "police generated": "police", "unknown": "unknown",
}  # fmt: skip
"""How common ways of reporting are read as an ``origin`` when the mapping has no ``origins``."""

KNOWN_NAMES = frozenset(plain_name(n) for names in ALIASES.values() for n in names)
_TEXT_KEYS = ("category", "source", "crs", "timezone", "date_format", "sheet")
_KEYS = (*_TEXT_KEYS, "day_first", "columns", "categories", "origins")
_NEEDS = ("category", "occurred_from")
_PAIRS = (("easting", "northing"), ("longitude", "latitude"))


@dataclass(frozen=True)
class RecordMapping:
    """What a mapping says, checked but for the columns, which only a file can answer for."""

    columns: Mapping[str, str] = field(default_factory=dict)
    category: str | None = None
    source: str | None = None
    crs: str | None = None
    timezone: str = "Europe/London"
    date_format: str | None = None
    day_first: bool | None = None
    sheet: str | None = None
    categories: Mapping[str, str] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    what: str = "mapping"


def read_mapping(mapping: str | Path | Mapping[str, Any]) -> RecordMapping:
    """Read a mapping and note every fault in it, to be raised with those a file adds.

    Parameters
    ----------
    mapping : path or mapping
        A TOML file or a dict: ``columns`` (table), and optionally ``category`` (what every row
        is that names none), ``source``, ``crs``, ``timezone``, ``date_format``, ``day_first``,
        ``sheet``, ``categories``, ``origins``.

    Raises
    ------
    InputError
        When the file is not there or is no TOML.

    Examples
    --------
    >>> read_mapping({"colums": {}, "columns": {"catgory": "Type"}}).faults[0]
    "unknown key 'colums'; did you mean 'columns'?"
    """
    what = "mapping"
    if isinstance(mapping, str | Path):
        what = Path(mapping).name
        try:
            said: Any = tomllib.loads(Path(mapping).read_text(encoding="utf-8-sig"))
        except OSError as error:
            raise InputError(
                what, [f"mapping {str(mapping)!r} cannot be opened ({error.strerror})."]
            ) from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise InputError(what, [f"it is no valid TOML: {error}."]) from error
    else:
        said = mapping
    if not isinstance(said, Mapping):
        raise InputError(
            what, [f"it is of type {type(said).__name__}; give a TOML path or a dict."]
        )
    faults = [_unknown("key", key, _KEYS) for key in said if key not in _KEYS]
    tables: dict[str, dict[str, str]] = {}
    for key in ("columns", "categories", "origins"):
        table = said.get(key, {})
        if not isinstance(table, Mapping) or not all(isinstance(v, str) for v in table.values()):
            faults.append(f'{key!r} must be a table of text, each name = "its meaning".')
            table = {}
        tables[key] = {str(k): v for k, v in table.items()}
    faults += [
        f"{key!r} is {said[key]!r}; it must be text."
        for key in _TEXT_KEYS
        if not isinstance(said.get(key, ""), str)
    ]
    if not isinstance(said.get("day_first", True), bool):
        faults.append(f"'day_first' is {said['day_first']!r}; it must be true or false.")
    needs = ["occurred_from"] if isinstance(said.get("category"), str) else _NEEDS
    faults += _column_faults(tables["columns"], needs)
    for value, origin in tables["origins"].items():
        if origin not in ORIGINS:
            faults.append(
                f"origins turns {value!r} into {origin!r}; it takes {', '.join(ORIGINS)}."
            )
    faults += _place_faults(said) + _form_faults(said.get("date_format"))
    rest: dict[str, Any] = {k: said[k] for k in (*_TEXT_KEYS, "day_first") if k in said}
    return RecordMapping(**rest, **tables, faults=tuple(faults), what=what)  # type: ignore[arg-type]


def _column_faults(columns: Mapping[str, str], needs: Sequence[str]) -> list[str]:
    faults = [_unknown("column", c, tuple(ALIASES)) for c in columns if c not in ALIASES]
    faults += [
        f'columns has no {need!r}; say which column holds it ({need} = "its name").'
        for need in needs
        if need not in columns
    ]
    for pair in _PAIRS:
        given = [c for c in pair if c in columns]
        if len(given) == 1:
            other = pair[1 - pair.index(given[0])]
            faults.append(f"columns has {given[0]!r} but no {other!r}; a point needs both.")
    return faults


def _place_faults(said: Mapping[str, Any]) -> list[str]:
    faults = []
    if isinstance(said.get("crs"), str):
        try:
            pyproj.CRS(said["crs"])
        except pyproj.exceptions.CRSError:
            faults.append(
                f"crs {said['crs']!r} is unknown; for Britain give 'EPSG:27700' (easting and "
                "northing) or 'EPSG:4326' (longitude and latitude)."
            )
    if isinstance(zone := said.get("timezone"), str):
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError):
            faults.append(f"timezone {zone!r} is unknown; give a name such as 'Europe/London'.")
    return faults


def with_points(mapping: RecordMapping) -> RecordMapping:
    """Take the points of a GeoDataFrame, where a mapping names no column for them.

    Examples
    --------
    >>> with_points(RecordMapping({"category": "Type"})).columns["easting"]
    'easting'
    """
    if {"easting", "longitude", "grid_ref"} & set(mapping.columns):
        return mapping
    points = {"easting": "easting", "northing": "northing"}
    return replace(mapping, columns={**mapping.columns, **points}, crs=None)


def _form_faults(form: Any) -> list[str]:
    if not isinstance(form, str):
        return []
    try:
        pd.to_datetime(pd.Series(["x"], dtype=object), format=form, errors="coerce")
    except ValueError as error:
        return [f"date_format {form!r} is no strptime pattern ({error}); write '%d%b%Y %H%M'."]
    return [] if "%" in form else [f"date_format is {form!r}; write one such as '%d%b%Y %H%M'."]


def _unknown(kind: str, name: str, valid: Sequence[str]) -> str:
    near = difflib.get_close_matches(str(name).lower(), valid, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"the valid ones are {', '.join(valid)}."
    return f"unknown {kind} {name!r}; {hint}"


def missing_columns(mapping: RecordMapping, header: Sequence[str]) -> list[str]:
    """Name every mapped column that a file does not have, with the nearest that it has."""
    faults = []
    for key, name in mapping.columns.items():
        if key in ALIASES and find_column(name, header) is None:
            near = difflib.get_close_matches(name, list(header), n=1, cutoff=0.5)
            hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(header)}."
            faults.append(f"{key} = {name!r}, but the file has no such column; {hint}")
    return faults


def find_column(name: str, header: Sequence[str]) -> str | None:
    """Find a column by name, or failing that by its plain name."""
    if name in header:
        return name
    return next((h for h in header if plain_name(h) == plain_name(name)), None)


def guess_columns(header: Sequence[str]) -> dict[str, str]:
    """Guess from the names what each column holds; each is used once, best names first.

    Examples
    --------
    >>> guess_columns(["URN", "Closing Code", "Received", "Easting", "Northing"])["category"]
    'Closing Code'
    """
    plain = {plain_name(h): h for h in reversed(header)}
    found: dict[str, str] = {}
    for key, names in ALIASES.items():
        for name in map(plain_name, names):
            if name in plain and plain[name] not in found.values():
                found[key] = plain[name]
                break
    for pair in _PAIRS:
        if len([c for c in pair if c in found]) == 1:
            found = {k: v for k, v in found.items() if k not in pair}
    if "occurred_to" not in found:
        found.pop("occurred_to_time", None)
    return found
