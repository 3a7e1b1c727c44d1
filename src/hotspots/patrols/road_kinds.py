"""Kinds of road: who may use them, which way, and how fast they are driven."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

KMH = 1.609344
"""Kilometres in a mile."""

LIMITS_MPH = {
    "motorway": 70, "motorway_link": 50, "trunk": 50, "trunk_link": 40, "primary": 40,
    "secondary": 40, "living_street": 10, "service": 15, "track": 10,
}  # fmt: skip
"""The limit taken where a stretch has none, by class; 30 mph for every other class."""

_OTHERS_MPH = 30
_NO_VEHICLES = {"footway", "path", "pedestrian", "steps", "corridor", "bridleway", "cycleway"}
_NO_CYCLES = {"motorway", "motorway_link", "footway", "steps", "corridor", "pedestrian"}
_NO_FEET = {"motorway", "motorway_link"}
_NOBODY = {"proposed", "construction", "abandoned", "razed"}

# What others call the same: Ordnance Survey's road function and classification.
_SAME = {
    "a road": "primary", "b road": "secondary", "minor road": "tertiary",
    "local road": "residential", "local access road": "service",
    "restricted local access road": "service", "secondary access road": "service",
    "classified unnumbered": "tertiary",
}  # fmt: skip
_COLUMNS = {
    "highway": ("highway", "fclass", "roadfunction", "function", "roadclassification"),
    "maxspeed": ("maxspeed",), "oneway": ("oneway",), "junction": ("junction",),
}  # fmt: skip
_AHEAD = {"yes", "true", "1", "1.0", "f", "ft"}
_BACK = {"-1", "-1.0", "reverse", "t", "tf"}  # Geofabrik writes F, T and B
_BOTH = {"", "no", "false", "0", "0.0", "b", "n", "nan", "none", "reversible",
         "alternating"}  # fmt: skip
_NAMED_MPH = {"national": 60, "gb:nsl_single": 60, "gb:nsl_dual": 70, "gb:nsl_restricted": 30,
              "gb:motorway": 70}  # fmt: skip


def describe(
    table: gpd.GeoDataFrame, speeds: Mapping[str, float]
) -> tuple[gpd.GeoDataFrame, list[str]]:
    """Tell of every stretch who may use it, which way and how fast.

    Parameters
    ----------
    table : GeoDataFrame
        A row per stretch: ``start``, ``end``, ``metres``, lines from start to end, and whatever
        the file told.
    speeds : mapping
        km/h driven by class, in place of limits; 0 closes a class to vehicles.

    Returns
    -------
    stretches : GeoDataFrame
        As :class:`Roads` holds them.
    said : list of str
        What was assumed.
    """
    told = {name: _column(table, names) for name, names in _COLUMNS.items()}
    kinds, codes = _by_value(told["highway"], kind_of)
    limits, limit_codes = _by_value(told["maxspeed"], _mph)
    usual = np.array([LIMITS_MPH.get(kind, _OTHERS_MPH) for kind in kinds], float)[codes]
    known = np.array(limits, float)[limit_codes]
    kmh = np.where(np.isfinite(known), known, usual)  # mph of the limit: km/h as driven
    given = np.array([speeds.get(kind, np.nan) for kind in kinds], float)[codes]
    kmh = np.where(np.isfinite(given), given, kmh)
    ahead, back, strange = _directions(told["oneway"], told["junction"])
    kind = np.array(kinds, dtype=object)[codes]

    def not_in(closed: set[str]) -> NDArray[np.bool_]:
        return ~np.isin(kind, list(closed | _NOBODY))

    columns = {
        "start": table["start"].to_numpy(np.int64), "end": table["end"].to_numpy(np.int64),
        "metres": table["metres"].to_numpy(np.float64), "kmh": np.where(kmh > 0, kmh, np.nan),
        "ahead": ahead, "back": back, "foot": not_in(_NO_FEET), "cycle": not_in(_NO_CYCLES),
        "vehicle": not_in(_NO_VEHICLES) & (kmh > 0), "kind": kind,
    }  # fmt: skip
    stretches = table[["geometry"]].assign(**columns)
    metres = columns["metres"]
    one = float(metres[~(ahead & back)].sum() / metres.sum())
    limited = float(metres[np.isfinite(known)].sum() / metres.sum())
    said = [
        f"One-way: {one:.0%} of the length. A speed limit is known for {limited:.0%}"
        + ("." if limited > 0.995 else "; the rest takes the usual one of its class.")
        + " Vehicles are taken to drive as many km/h as the limit has mph."
    ]
    if speeds:
        of = float(metres[np.isfinite(given)].sum() / metres.sum())
        said.append(f"Speeds given hold for {of:.0%} of the length.")
        if unused := sorted(set(speeds) - set(kinds)):
            said.append(f"No road is of the class {', '.join(unused)} that a speed was given for.")
    if strange:
        said.append(f"oneway holds {', '.join(map(repr, strange[:3]))}, taken as both ways.")
    return stretches, said


def _column(table: pd.DataFrame, names: tuple[str, ...]) -> pd.Series:
    """Return the first of these columns as text in lower case; empty where there is none."""
    have = {re.sub(r"[\s_]", "", str(c).lower()): c for c in table.columns}
    found = next((have[name] for name in names if name in have), None)
    if found is None:
        return pd.Series("", index=table.index, dtype=object)
    values = table[found].astype(object)
    return values.where(values.notna(), "").astype(str).str.strip().str.lower().astype(object)


def _by_value(values: pd.Series, read: Any) -> tuple[list[Any], NDArray[np.int64]]:
    codes, distinct = pd.factorize(values)
    return [read(value) for value in distinct], codes.astype(np.int64)


def _parts(text: str) -> list[str]:
    """Return the values of a list written as text, as OSMnx does of joined stretches."""
    return [part.strip(" '\"") for part in re.split(r"[;,|]", text.strip("[](){}"))]


def kind_of(text: str) -> str:
    """Return the class of road as OpenStreetMap names it, the first of several.

    Examples
    --------
    >>> kind_of("B Road"), kind_of("['service', 'residential']")
    ('secondary', 'service')
    """
    first = _parts(text.strip().lower())[0]
    return _SAME.get(first, first)


def _mph(text: str) -> float:
    """Return the lowest limit named, in mph; NaN where there is none. Without a unit: km/h."""
    found = []
    for part in _parts(text):
        number = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(mph|km/h|kmh|kph)?", part)
        if number and float(number[1]) > 0:
            found.append(float(number[1]) / (1 if number[2] == "mph" else KMH))
        elif part in _NAMED_MPH:
            found.append(float(_NAMED_MPH[part]))
    return min(found, default=float("nan"))


def _directions(
    oneway: pd.Series, junction: pd.Series
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], list[str]]:
    """Return whether vehicles may pass ahead and back, and the values nobody knows."""

    def way(text: str) -> str:
        named = set(_parts(text))
        if named <= _AHEAD:
            return "ahead"
        if named <= _BACK:
            return "back"
        return "" if named <= _BOTH else ("both" if named <= _BOTH | _AHEAD | _BACK else "?")

    words, codes = _by_value(oneway, way)
    distinct = pd.factorize(oneway)[1]
    strange = [str(v) for v, word in zip(distinct, words, strict=True) if word == "?"]
    said = np.array(words, dtype=object)[codes]
    round_ = junction.isin(["roundabout", "circular"]).to_numpy() & (oneway == "").to_numpy()
    ahead_only = (said == "ahead") | round_
    return said != "back", ~ahead_only, strange
