"""What a plan is made from, checked together: every fault of every table in one message."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import LPTS, InputError, check_table
from ._demand_inputs import check_hotspots, first_day
from .demand import Demand
from .resources import Shift, Unit, check_shifts, check_units, parse_units, shifts_for
from .rules import PatrolRules
from .tasks import check_tasks

if TYPE_CHECKING:
    import geopandas as gpd


def check_inputs(
    hotspots: gpd.GeoDataFrame | Demand, lpts: gpd.GeoDataFrame, shifts: pd.DataFrame,
    units: pd.DataFrame, start: str | dt.date, days: int, rules: PatrolRules, seed: int | str,
) -> tuple[list[Shift], list[Unit], pd.Timestamp]:  # fmt: skip
    """Check everything given and raise one InputError that names every fault."""
    faults: list[str] = []
    spots = hotspots.hotspots if isinstance(hotspots, Demand) else hotspots
    checks: dict[str, Callable[[], Any]] = {
        "hotspots": lambda: check_hotspots(spots),
        "lpts": lambda: check_table(lpts, LPTS),
        "shifts": lambda: check_shifts(shifts),
        "units": lambda: check_units(units),
    }
    if isinstance(rules, PatrolRules) and (tasks := rules.tasks) is not None:
        checks["tasks"] = lambda: check_tasks(tasks)
    passed: dict[str, Any] = {}
    for name, check in checks.items():
        try:
            passed[name] = check()
        except InputError as error:
            faults += [f"{name}: {fault}" for fault in error.faults]
    staff = parse_units(passed["units"], []) if "units" in passed else []
    teams = set(map(str, lpts.index)) if "lpts" in passed else None
    if teams is not None:
        hours = rules.officer_hours if isinstance(rules, PatrolRules) else None
        named = {
            "units": {u.lpt for u in staff},
            "shifts": {s.lpt for s in passed.get("shifts", []) if s.lpt},
            "rules: officer_hours": set(map(str, hours)) if isinstance(hours, Mapping) else set(),
        }
        for what, given in named.items():
            if strange := sorted(given - teams):
                faults.append(
                    f"{what}: LPT {', '.join(map(repr, strange))} is not among the lpts "
                    f"({', '.join(sorted(teams))}); correct the name or add the polygon."
                )
        theirs = set(passed["hotspots"]["lpt"].astype(str)) if "hotspots" in passed else set()
        if theirs and not theirs & teams:
            faults.append(
                f"hotspots: none lies in an LPT among the lpts (they name "
                f"{', '.join(map(repr, sorted(theirs)[:5]))}; the lpts are "
                f"{', '.join(sorted(teams))}); correct the names or give the other lpts."
            )
        if {"hotspots", "lpts"} <= set(passed) and spots.crs != lpts.crs:
            faults.append("hotspots and lpts differ in CRS; bring both to one with .to_crs(...).")
    trial = rules.trial if isinstance(rules, PatrolRules) else None
    if trial is not None and "hotspots" in passed:
        spoken = set(trial["hotspot"].astype(str))
        known = set(passed["hotspots"].index.astype(str))
        if known and not spoken & known:
            faults.append(
                f"rules: trial names none of the hotspots (it has "
                f"{', '.join(map(repr, sorted(spoken)[:5]))}; the hotspots are "
                f"{', '.join(map(repr, sorted(known)[:5]))}); give the hotspots of its design."
            )
    roads = rules.roads if isinstance(rules, PatrolRules) else None
    if roads is not None and "hotspots" in passed and spots.crs != roads.stretches.crs:
        faults.append(
            f"the roads are in {roads.stretches.crs.name!r}, the hotspots in {spots.crs.name!r}; "
            "read the roads with read_roads(..., crs=hotspots.crs)."
        )
    if "shifts" in passed:
        for unit in staff:
            if not shifts_for(passed["shifts"], unit.lpt, unit.shift):
                have = ", ".join(sorted({s.name for s in passed["shifts"]}))
                faults.append(
                    f"units: unit {unit.name!r} works shift {unit.shift!r}, which the shifts table "
                    f"does not hold for {unit.lpt} ({have})."
                )
    first = first_day(start, "start", faults)
    whole = isinstance(days, (int, np.integer)) and not isinstance(days, bool)
    if not whole or not 1 <= days <= 366:
        faults.append(f"days is {days!r}; it must be a whole number from 1 to 366.")
    if not isinstance(rules, PatrolRules):
        faults.append(f"rules is of type {type(rules).__name__}; give PatrolRules(...).")
    if not isinstance(seed, (int, str, np.integer)) or isinstance(seed, bool) or seed == "":
        faults.append(f"seed is {seed!r}; give a whole number or a text.")
    if faults:
        raise InputError("plan_patrols", faults)
    return passed["shifts"], staff, first
