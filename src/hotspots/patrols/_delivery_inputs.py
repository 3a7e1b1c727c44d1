"""What a delivery is made from, checked together: every fault in one message."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..contracts import ACTIVITIES, HOTSPOTS, InputError, Result, check_table
from ._delivered import plan_hotspots


def check_inputs(
    plan: Any, records: Any, hotspots: Any, activities: Any, rules: Any, tz: Any
) -> bool:
    """Check everything given; tell whether the records are pings."""
    faults: list[str] = []
    needed = {"visits", "coverage", "budget", "teams"}
    tables = plan.tables if isinstance(plan, Result) else {}
    if not needed <= set(tables):
        faults.append(f"plan is of type {type(plan).__name__}; give what plan_patrols returns.")
    elif "date" not in tables["visits"].columns or tables["budget"].empty:
        faults.append("the plan has no shift on any day, so nothing could be delivered.")
    pinged = _record_faults(records, faults)
    if pinged and needed <= set(tables):
        faults += _place_faults(plan, hotspots, tables["coverage"].index)
    if activities is not None:
        if isinstance(activities, pd.DataFrame):
            _log_faults(activities, "activities", faults)
        else:
            faults.append(f"activities is of type {type(activities).__name__}; give a DataFrame.")
        if not pinged:
            faults.append("activities are for use beside pings; put all log entries in records.")
    if isinstance(rules, type) or not hasattr(rules, "tolerance_min"):
        faults.append(f"rules is of type {type(rules).__name__}; give DeliveryRules(...).")
    if not _is_zone(tz):
        faults.append(f"tz is {tz!r}; give the name of a time zone, as 'Europe/London'.")
    if faults:
        raise InputError("match_delivery", faults)
    return pinged


def _is_zone(tz: Any) -> bool:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    if not isinstance(tz, str) or not tz:
        return False
    try:
        ZoneInfo(tz)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _record_faults(records: Any, faults: list[str]) -> bool:
    """Tell pings from a log, and say what is wrong with them."""
    if not isinstance(records, pd.DataFrame):
        faults.append(f"records is of type {type(records).__name__}; give a DataFrame.")
        return False
    columns = set(records.columns)
    twice = sorted({str(c) for c in records.columns[records.columns.duplicated()]})
    if twice:
        faults.append(f"records have the column {', '.join(twice)} twice; rename or drop one.")
        return False
    if "time" not in columns and not {"arrive", "depart"} <= columns:
        faults.append(
            "records are neither pings (unit, time and the place) nor a log (unit, hotspot, "
            f"arrive, depart); columns found: {', '.join(map(str, records.columns)) or 'none'}."
        )
        return False
    if len(records) == 0:
        faults.append("records hold no rows; whether anything was delivered cannot be told.")
    if "time" not in columns:
        _log_faults(records, "records", faults)
        return False
    if "unit" not in columns:
        faults.append("records have no column 'unit', the call sign of the unit.")
    elif records["unit"].dtype == object and not _named(records["unit"]):
        faults.append("records: unit holds lists or the like; it must be call signs, as text.")
    _time_fault(records, "time", "records", faults)
    places = [("easting", "northing"), ("longitude", "latitude")]
    pair = next((pair for pair in places if set(pair) <= columns), None)
    if pair:
        faults += [
            f"records: {name} is {records[name].dtype}; it must be numbers, NaN where not known."
            for name in pair if getattr(records[name].dtype, "kind", "O") not in "iuf"
        ]  # fmt: skip
        if pair == places[1]:
            wrong = ~(records["longitude"].abs() <= 180) | ~(records["latitude"].abs() <= 90)
            wrong &= records["longitude"].notna() & records["latitude"].notna()
            if not faults and wrong.any():
                faults.append(
                    f"records: longitude or latitude is beyond 180 or 90 degrees in "
                    f"{int(wrong.sum()):,} rows; metres go into easting and northing."
                )
    elif "geometry" in columns and getattr(records, "crs", None) is not None:
        kinds = set(records.geometry.geom_type.dropna().unique()) - {"Point"}
        if kinds:
            faults.append(f"records: geometry holds {', '.join(sorted(kinds))}; give points.")
    else:
        faults.append(
            "records say no place; give easting and northing, longitude and latitude, or "
            "geometry with a CRS."
        )
    return True


def _named(units: pd.Series) -> bool:
    try:
        pd.factorize(units)
    except TypeError:
        return False
    return True


def _time_fault(frame: pd.DataFrame, name: str, what: str, faults: list[str]) -> None:
    if not pd.api.types.is_datetime64_any_dtype(frame[name].dtype):
        faults.append(
            f"{what}: {name} is {frame[name].dtype}; it must be date-times: "
            f"pd.to_datetime(..., dayfirst=True)."
        )


def _log_faults(log: pd.DataFrame, what: str, faults: list[str]) -> None:
    """Say what is wrong with a log; its times may have a zone."""
    plain = log.copy(deep=False)
    for name in ("arrive", "depart"):
        if name in log.columns and isinstance(log[name].dtype, pd.DatetimeTZDtype):
            plain[name] = log[name].dt.tz_localize(None)
        if name in log.columns and log[name].isna().any():
            plain[name] = plain[name].fillna(pd.Timestamp(0))  # set aside later, and counted
    for name in ("unit", "hotspot"):
        if name in log.columns and log[name].isna().any():
            plain[name] = log[name].astype(object).fillna("")
    try:
        check_table(plain, ACTIVITIES, what)
    except InputError as error:
        faults += [f"{what}: {fault}" for fault in error.faults]
        return
    for column in ACTIVITIES.columns:
        if column.kind == "number" and column.name in log.columns:
            values = log[column.name].astype("float64")
            if (values < 0).any() or np.isinf(values).any():
                faults.append(f"{what}: {column.name} holds a number below 0 or without end.")


def _place_faults(plan: Any, hotspots: Any, wanted: pd.Index) -> list[str]:
    places = plan_hotspots(plan, hotspots)
    if places is None:
        return ["pings need the places of the hotspots; give hotspots=, the table planned from."]
    try:
        check_table(places, HOTSPOTS)
    except InputError as error:
        return [f"hotspots: {fault}" for fault in error.faults]
    if len(missing := wanted.difference(places.index.astype(str))):
        listed = ", ".join(map(repr, missing[:3]))
        return [
            f"hotspots lack {len(missing)} of the plan, as {listed}; give the table planned from."
        ]
    return []
