"""What the demand is made from, checked together: every fault of every table in one message."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import HOTSPOTS, LPTS, InputError, check_incidents, check_table
from .priorities import check_priorities
from .rules import PatrolRules

if TYPE_CHECKING:
    import geopandas as gpd

NOWHERE = "(no LPT)"  # where a hotspot lies that is given none


def check_hotspots(hotspots: Any) -> gpd.GeoDataFrame:
    """Check a hotspots table for planning and return it, or raise one InputError."""
    given = getattr(hotspots, "columns", ())
    if "lpt" in given and hotspots["lpt"].isna().any():  # outside every LPT, which is no fault
        lpt = hotspots["lpt"].astype("object")
        hotspots = hotspots.assign(lpt=lpt.where(lpt.notna(), NOWHERE).astype("str"))
    check_table(hotspots, HOTSPOTS)
    faults = []
    if len(hotspots) and not all(isinstance(name, str) for name in hotspots.index):
        faults.append(
            f"ids are {hotspots.index.dtype}, as {hotspots.index[0]!r}; visits name them as text: "
            "set hotspots.index = hotspots.index.astype(str)."
        )
    for name in ("incidents", "harm"):
        if name in hotspots.columns:
            given = hotspots[name].astype("float64")
            bad = ~(given >= 0) | np.isinf(given)
            if bad.any():
                faults.append(
                    f"{name} of {hotspots.index[bad][0]!r} is {hotspots[name][bad].iloc[0]}; it "
                    f"must be 0 or more ({int(bad.sum())} rows)."
                )
    turned = (hotspots["period_start"] > hotspots["period_end"]).to_numpy()
    if turned.any():
        faults.append(
            f"period_start of {hotspots.index[turned][0]!r} is after its period_end "
            f"({int(turned.sum())} rows); swap them or set them right."
        )
    empty = hotspots.geometry.isna() | hotspots.geometry.is_empty
    if empty.any():
        faults.append(f"{hotspots.index[empty][0]!r} has no shape; draw or drop it.")
    if faults:
        raise InputError("hotspots", faults)
    return hotspots  # type: ignore[no-any-return]


def check_given(
    hotspots: Any, incidents: Any, lpts: Any, priorities: Any, rules: Any, on: Any, police: Any
) -> tuple[gpd.GeoDataFrame | None, pd.DataFrame | None, pd.Timestamp]:
    """Check everything given; name every fault of all of it at once."""
    faults: list[str] = []
    passed: dict[str, Any] = {}
    checks: dict[str, Any] = {"hotspots": lambda: check_hotspots(hotspots)}
    if incidents is not None:
        checks["incidents"] = lambda: check_incidents(incidents)
    if lpts is not None:
        checks["lpts"] = lambda: check_table(lpts, LPTS)
    if priorities is not None:
        checks["priorities"] = lambda: check_priorities(priorities)
    for name, check in checks.items():
        try:
            passed[name] = check()
        except InputError as error:
            faults += [f"{name}: {fault}" for fault in error.faults]
    if "incidents" in passed and not isinstance(incidents.get("harm"), type(None)):
        harm = incidents["harm"].to_numpy(dtype=np.float64)
        bad = ~(harm >= 0) | np.isinf(harm)
        if bad.any():
            faults.append(
                f"incidents: harm is missing, negative or no number in {int(bad.sum()):,} rows "
                f"(first: {incidents.index[bad][0]!r}); fill or drop them."
            )
    for name in ("incidents", "lpts"):
        if {"hotspots", name} <= set(passed) and passed[name].crs != hotspots.crs:
            faults.append(
                f"hotspots and {name} differ in CRS; bring both to one with .to_crs(...)."
            )
    if not isinstance(rules, PatrolRules):
        faults.append(f"rules is of type {type(rules).__name__}; give PatrolRules(...).")
    if not isinstance(police, bool | np.bool_):
        faults.append(f"include_police is {police!r}; it must be True or False.")
    first = _first(on, passed.get("incidents"), passed.get("hotspots"), faults)
    if faults:
        raise InputError("patrol_demand", faults)
    given = passed.get("incidents")
    return (given if given is not None and len(given) else None), passed.get("priorities"), first


def _first(on: Any, incidents: Any, hotspots: Any, faults: list[str]) -> pd.Timestamp:
    """Return the first day of the plan: that given, or the day after the records end."""
    if on is None:
        if incidents is not None and incidents["occurred_from"].notna().any():
            started = incidents["occurred_from"].max().floor("D") + pd.Timedelta(days=1)
            return pd.Timestamp(max(started, incidents["occurred_to"].max().ceil("D")))
        ends = hotspots["period_end"] if hotspots is not None else []
        return pd.Timestamp(max(ends)).ceil("D") if len(ends) else pd.Timestamp(0)
    return first_day(on, "on", faults)


def first_day(given: Any, what: str, faults: list[str]) -> pd.Timestamp:
    """Return a date alone; in text year first only, as 02/03 is two days to two people."""
    day: object = given
    if isinstance(given, str):
        try:
            day = dt.date.fromisoformat(given.strip())
        except ValueError:
            day = None
    if isinstance(day, dt.date) and not isinstance(day, type(pd.NaT)):
        moment = pd.Timestamp(day)
        if moment.tz is None and moment == moment.normalize():
            return moment
    faults.append(
        f"{what} is {given!r}; give a date alone, year first, as '2026-03-02', with no time."
    )
    return pd.Timestamp(0)
