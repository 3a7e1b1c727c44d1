"""The patrol plan: visits with a reason each, within the hours there are."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import HOTSPOTS, LPTS, InputError, Result, check_table
from .allocation import allocate
from .need import explain, needs
from .resources import (
    Duty,
    Shift,
    Unit,
    check_shifts,
    check_units,
    duties,
    parse_units,
    shifts_for,
)
from .routing import Problem, Tour, route
from .rules import PatrolRules
from .wording import account, summary

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

BASE_REACH_MIN = 30.0  # a base that is not given is the hotspot with most need this near


@dataclass(frozen=True, repr=False)
class PatrolPlan(Result):
    """A patrol plan for people to accept, change or refuse; it tasks nobody.

    Attributes
    ----------
    visits : DataFrame
        Index ``visit``; the ``contracts.VISITS`` columns, and ``date`` (the duty day: the date
        its shift starts on), ``officers``, ``mode`` and ``return_min`` (minutes back to base
        when it is the last visit before the break or the end, else 0).
    coverage : DataFrame
        Index ``hotspot``: ``lpt``, ``rank``, ``name``, ``need`` (share of all need),
        ``target_visits`` (what the hours could carry with average travel), ``visits``,
        ``minutes`` at the hotspot, ``visits_per_day``, ``need_covered`` (mean over the days of
        ``1 - decay**visits``) and ``why_none``.
    reasons : DataFrame
        Index ``hotspot``: each component of the need and its rank, the long ``reason`` and
        ``would_change``.
    budget : DataFrame
        A row per LPT and dated shift: ``date``, ``lpt``, ``shift``, ``start``, ``end``, ``units``,
        ``officers``, ``available_hours``, ``planned_hours`` (officers × (visits + travel)),
        ``visits``.
    teams : DataFrame
        Index ``unit``: the units as planned with their base and where it came from.
    fairness : DataFrame
        Index ``lpt``: share of need beside share of planned officer-hours.
    said : str
        The text.
    """

    visits: pd.DataFrame
    coverage: pd.DataFrame
    reasons: pd.DataFrame
    budget: pd.DataFrame
    teams: pd.DataFrame
    fairness: pd.DataFrame
    said: str

    @property
    def text(self) -> str:
        """What is planned, what is not and why, and what the plan does not know."""
        return self.said


def plan_patrols(
    hotspots: gpd.GeoDataFrame,
    *,
    lpts: gpd.GeoDataFrame,
    shifts: pd.DataFrame,
    units: pd.DataFrame,
    start: str | dt.date,
    days: int = 7,
    rules: PatrolRules | None = None,
    seed: int | str = 0,
) -> PatrolPlan:
    """Plan who visits which hotspot when, within the officer-hours there are.

    For each LPT and duty day the visits are first shared out over hotspots and shifts so that the
    need covered is the greatest there can be (exact, with average travel); then each shift is
    routed with real travel times (a heuristic, within a few per cent of the best in the tests),
    counting on the visits that later shifts of the day are to make. Units visit hotspots of their
    own LPT only. They set out from base after briefing, are back for the break, and again for
    debrief. Response units are left out: they are for calls.

    Parameters
    ----------
    hotspots : GeoDataFrame
        ``contracts.HOTSPOTS``, from any detector or drawn by hand. With ``harm`` (days of
        sentence) the need weighs harm as well as counts.
    lpts : GeoDataFrame
        ``contracts.LPTS``; its index must hold every LPT the hotspots and units name.
    shifts, units : DataFrame
        As from :func:`read_shifts` and :func:`read_units`.
    start : str or date
        First duty day, as ``"2026-03-02"``.
    days : int
        Duty days, 1 to 366.
    rules : PatrolRules, optional
        Visits, gaps, speeds; the defaults when absent.
    seed : int or str
        Where chance begins. The same inputs and seed give the same plan; every LPT, date and
        shift draws on its own, so that one more LPT or a later last day changes nothing else.

    Returns
    -------
    PatrolPlan

    Raises
    ------
    InputError
        Naming every fault of every table at once.

    Notes
    -----
    All times are local wall-clock, and durations are differences of wall-clock times: on the two
    nights a year when the clocks change, a shift over the change is an hour longer or shorter in
    truth than its plan. The need holds no hour of day: visits are spread over each shift.

    Examples
    --------
    >>> import geopandas as gpd, pandas as pd, shapely
    >>> spots = gpd.GeoDataFrame(
    ...     {"rank": [1, 2], "heat": [9.0, 5.0], "incidents": [84, 40], "area_km2": 0.04,
    ...      "lpt": "Hanley", "method": "drawn by hand",
    ...      "period_start": pd.Timestamp("2025-01-01"), "period_end": pd.Timestamp("2026-01-01"),
    ...      "name": ["Market Lane", "Bus Station"]},
    ...     geometry=[shapely.box(0, 0, 200, 200), shapely.box(900, 0, 1100, 200)],
    ...     index=pd.Index(["H1", "H2"], name="hotspot"), crs="EPSG:27700")
    >>> lpts = gpd.GeoDataFrame({"area_km2": [4.0]}, geometry=[shapely.box(0, 0, 2000, 2000)],
    ...                         index=pd.Index(["Hanley"], name="lpt"), crs="EPSG:27700")
    >>> shifts = pd.DataFrame({"shift": ["late"], "start": ["14:00"], "end": ["16:00"]})
    >>> units = pd.DataFrame({"lpt": ["Hanley"], "shift": ["late"], "kind": ["pcso"],
    ...                       "officers": [2], "mode": ["foot"]}, index=["P1"])
    >>> plan = plan_patrols(spots, lpts=lpts, shifts=shifts, units=units, start="2026-03-02",
    ...                     days=1)
    >>> plan.coverage["visits"].tolist()
    [1, 1]
    >>> plan.budget[["available_hours", "planned_hours"]].round(2).values.tolist()
    [[4.0, 2.13]]
    """
    rules = PatrolRules() if rules is None else rules
    rows, staff, first = _checked(hotspots, lpts, shifts, units, start, days, rules, seed)
    need = needs(hotspots, rules.count_weight)
    centres = hotspots.geometry.representative_point()
    xy = np.column_stack([centres.x, centres.y])
    occurrences = duties(rows, staff, first, days)
    visits: list[dict[str, Any]] = []
    budget: list[dict[str, Any]] = []
    teams: list[dict[str, Any]] = []
    target = pd.Series(0, index=hotspots.index)
    reached = pd.Series(False, index=hotspots.index)
    for lpt in sorted({unit.lpt for unit in staff}):
        inside = np.flatnonzero(hotspots["lpt"].astype(str).to_numpy() == lpt)
        inside = inside[
            np.lexsort((hotspots.index[inside].astype(str), -need["worth"].to_numpy()[inside]))
        ]
        area = _Area(
            lpt, hotspots.index[inside], xy[inside], need["worth"].to_numpy()[inside], rules
        )
        mine = [u for u in staff if u.lpt == lpt]
        teams += [area.team(u) for u in mine]
        for day in range(days):
            area.plan_day([d for d in occurrences if d.lpt == lpt and d.day == day], first, seed)
        visits += area.visits
        budget += area.budget
        target.iloc[inside] = area.target
        reached.iloc[inside] = area.reached
    table = _visit_table(visits, hotspots, first)
    hours = _frame(budget, _BUDGET)
    crews = _frame(teams, _TEAMS).set_index("unit")
    coverage, reasons, fairness = account(
        hotspots, need, table, hours, crews, target=target, reached=reached, days=days, rules=rules
    )
    table["reason"] = explain(table, reasons)
    said = summary(table, coverage, reasons, hours, crews, fairness, first=first, days=days,
                   rules=rules, seed=seed)  # fmt: skip
    return PatrolPlan(table, coverage, reasons, hours, crews, fairness, said)


class _Area:
    """One LPT while its days are planned, in order of time."""

    def __init__(
        self, lpt: str, names: pd.Index, xy: NDArray[np.float64], worth: NDArray[np.float64],
        rules: PatrolRules,
    ) -> None:  # fmt: skip
        self.lpt, self.names, self.xy, self.rules = lpt, names, xy, rules
        top = worth.max(initial=0.0)
        # within the LPT, so that one more LPT changes nothing here; rounded, so that the last
        # digit of a platform's arithmetic decides nothing
        self.worth = [round(float(w / top), 12) if top else 0.0 for w in worth]
        self.taken: list[list[tuple[float, float]]] = [[] for _ in names]
        self.target = np.zeros(len(names), dtype=np.int64)
        self.reached = np.zeros(len(names), dtype=bool)
        self.visits: list[dict[str, Any]] = []
        self.budget: list[dict[str, Any]] = []
        self._travel: dict[tuple[str, tuple[float, float] | None], NDArray[np.float64]] = {}

    def base(self, unit: Unit) -> tuple[float, float]:
        """Return the base given, or the hotspot with most need near it by the unit's mode."""
        if unit.base is not None or not len(self.xy):
            return unit.base or (np.nan, np.nan)
        near = self.rules.travel_minutes(self.xy, self.xy, unit.mode).round(6) <= BASE_REACH_MIN
        held = [round(sum(w for w, n in zip(self.worth, row, strict=True) if n), 9) for row in near]
        best = held.index(max(held))
        return float(self.xy[best, 0]), float(self.xy[best, 1])

    def team(self, unit: Unit) -> dict[str, Any]:
        """Describe a unit as it is planned."""
        base = self.base(unit)
        came = (
            "given" if unit.base else "hotspot with most need near it" if len(self.xy) else "none"
        )
        return {"unit": unit.name, "lpt": unit.lpt, "shift": unit.shift, "kind": unit.kind,
                "officers": unit.officers, "mode": unit.mode, "base_easting": base[0],
                "base_northing": base[1], "base_from": came,
                "planned": unit.kind != "response"}  # fmt: skip

    def travel(self, unit: Unit) -> NDArray[np.float64]:
        """Whole minutes between hotspots and base (the last row), rounded up, with parking."""
        key = (unit.mode, unit.base)
        if key not in self._travel:
            places = np.vstack([self.xy.reshape(-1, 2), self.base(unit)])
            exact = self.rules.travel_minutes(places, places, unit.mode)
            if unit.mode == "vehicle":
                exact[:, :-1] += self.rules.park_min
            whole = np.ceil(exact.round(6))
            np.fill_diagonal(whole, 0.0)
            self._travel[key] = whole
        return self._travel[key]

    def plan_day(self, day: list[Duty], first: pd.Timestamp, seed: int | str) -> None:
        """Share the day's visits out, then route its shifts in order of their start."""
        crews = [tuple(u for u in duty.units if u.kind != "response") for duty in day]
        most = [self._most(duty, crew) for duty, crew in zip(day, crews, strict=True)]
        capacity = [self._capacity(d, c) for d, c in zip(day, crews, strict=True)]
        shared = allocate(self.worth, capacity, [list(row) for row in zip(*most, strict=True)]
                          if day else [[] for _ in self.worth],
                          self.rules.max_per_day, self.rules.decay)  # fmt: skip
        self.target += [sum(row) for row in shared]
        done = [0] * len(self.worth)
        for s, (duty, crew) in enumerate(zip(day, crews, strict=True)):
            later = [sum(row[s + 1 :]) for row in shared]
            worth = []
            for h, value in enumerate(self.worth):
                before = done[h] + later[h]
                room = min(most[s][h], self.rules.max_per_day - before)
                decay = self.rules.decay
                worth.append([value * decay ** (before + j) for j in range(max(room, 0))])
            found = self._route(duty, crew, worth, first, seed)
            for h, count in enumerate(found):
                done[h] += count

    def _most(self, duty: Duty, crew: tuple[Unit, ...]) -> list[int]:
        """Most visits per hotspot in a shift by gap and reach; notes what can be reached at all."""
        dwell, gap = self.rules.dwell_min, self.rules.gap_min
        most = []
        for h in range(len(self.worth)):
            reach = [
                (a, b) for u in crew for a, b in duty.windows
                if (self.travel(u)[-1, h] + dwell + self.travel(u)[h, -1]) <= b - a
            ]  # fmt: skip
            span = max(b for _, b in reach) - min(a for a, _ in reach) if reach else -gap
            self.reached[h] |= bool(reach)
            most.append(min(self.rules.max_per_shift, (span + gap) // (dwell + gap)))
        return most

    def _capacity(self, duty: Duty, crew: tuple[Unit, ...]) -> int:
        """Visits a shift can carry when each takes the dwell and a usual leg of travel."""
        minutes, visits, officers = duty.officer_hours * 60, 0, 1
        if not self.worth:
            return 0
        for unit in crew:
            legs = np.sort(self.travel(unit), axis=1)[:-1, 1:3]
            cost = self.rules.dwell_min + float(np.median(legs))
            free = sum(b - a for a, b in duty.windows)
            visits += int(min(free, unit.officer_hours * 60 / unit.officers) // cost)
            officers = max(officers, unit.officers)
        if np.isfinite(minutes) and crew:
            cost = self.rules.dwell_min + float(np.median(np.sort(self.travel(crew[0]))[:-1, 1:3]))
            visits = min(visits, int(minutes // (cost * officers)))
        return visits

    def _route(
        self, duty: Duty, crew: tuple[Unit, ...], worth: list[list[float]], first: pd.Timestamp,
        seed: int | str,
    ) -> list[int]:  # fmt: skip
        """Route one shift, write its visits and its budget, and count visits per hotspot."""
        caps, tours, whose = [duty.officer_hours * 60], [], []
        available = 0.0
        for unit in crew:
            caps.append(unit.officer_hours * 60)
            free = sum(b - a for a, b in duty.windows) * unit.officers
            available += min(free, caps[-1])
            if len(self.worth):
                for a, b in duty.windows:
                    tours.append(Tour(a, b, self.travel(unit), unit.officers, (0, len(caps) - 1)))
                    whose.append(unit)
        available = min(available, caps[0])
        reach = self.rules.gap_min + self.rules.dwell_min
        near = [[v for v in row if duty.start - reach < v[1] and v[0] < duty.end + reach]
                for row in self.taken]  # fmt: skip
        problem = Problem(tours, worth, near, caps, self.rules.dwell_min, self.rules.gap_min)
        date = first + pd.Timedelta(days=duty.day)
        key = f"{seed}|{date:%Y-%m-%d}|{self.lpt}|{duty.shift}"
        digest = int.from_bytes(hashlib.sha256(key.encode("utf-8")).digest(), "big")
        rng = np.random.Generator(np.random.PCG64(digest))
        found = route(problem, rng, self.rules.effort) if tours and available > 0 else []
        counts, order = [0] * len(self.worth), dict.fromkeys((u.name for u in crew), 0)
        spent = 0.0
        for tour, unit, stops in zip(tours, whose, found, strict=False):
            came = -1
            for i, (h, at) in enumerate(stops):
                last = i == len(stops) - 1
                out, home = float(tour.travel[came, h]), float(tour.travel[h, -1]) if last else 0.0
                order[unit.name] += 1
                self.visits.append({
                    "visit": f"{date:%Y%m%d}-{unit.name}-{order[unit.name]:02d}",
                    "hotspot": self.names[h], "lpt": self.lpt, "unit": unit.name,
                    "shift": duty.shift, "arrive": at, "depart": at + self.rules.dwell_min,
                    "order": order[unit.name], "travel_min": out, "return_min": home, "date": date,
                    "officers": unit.officers, "mode": unit.mode, "kind": unit.kind,
                })  # fmt: skip
                self.taken[h].append((at, at + self.rules.dwell_min))
                counts[h] += 1
                spent += unit.officers * (out + home + self.rules.dwell_min)
                came = h
        self.budget.append({
            "date": date, "lpt": self.lpt, "shift": duty.shift,
            "start": first + pd.Timedelta(minutes=duty.start),
            "end": first + pd.Timedelta(minutes=duty.end), "units": len(crew),
            "officers": sum(u.officers for u in crew), "available_hours": available / 60,
            "planned_hours": spent / 60, "visits": sum(counts),
        })  # fmt: skip
        return counts


_BUDGET = {"date": "time", "lpt": "str", "shift": "str", "start": "time", "end": "time",
           "units": "int64", "officers": "int64", "available_hours": "float64",
           "planned_hours": "float64", "visits": "int64"}  # fmt: skip
_TEAMS = {"unit": "str", "lpt": "str", "shift": "str", "kind": "str", "officers": "int64",
          "mode": "str", "base_easting": "float64", "base_northing": "float64",
          "base_from": "str", "planned": "bool"}  # fmt: skip
_VISITS = {"visit": "str", "hotspot": "str", "lpt": "str", "unit": "str", "shift": "str",
           "arrive": "time", "depart": "time", "reason": "str", "order": "int64",
           "travel_min": "float64", "tactic": "str", "date": "time", "officers": "int64",
           "mode": "str", "return_min": "float64"}  # fmt: skip


def _frame(rows: list[dict[str, Any]], kinds: dict[str, str]) -> pd.DataFrame:
    """Build a frame with the same columns and types however few its rows are."""
    columns = {
        name: pd.Series([row[name] for row in rows],
                        dtype="datetime64[s]" if kind == "time" else kind)
        for name, kind in kinds.items()
    }  # fmt: skip
    return pd.DataFrame(columns)


_TACTICS = {
    "pcso": "Be seen on foot, speak to people and traders, report what you find.",
    "constable": "Be seen on foot, speak to people, deal with offences you come upon.",
    "special": "Be seen on foot, speak to people, deal with offences you come upon.",
}


def _visit_table(
    visits: list[dict[str, Any]], hotspots: gpd.GeoDataFrame, first: pd.Timestamp
) -> pd.DataFrame:
    for row in visits:
        row["arrive"] = first + pd.Timedelta(minutes=row["arrive"])
        row["depart"] = first + pd.Timedelta(minutes=row["depart"])
        row["tactic"], row["reason"] = _TACTICS[row["kind"]], ""
    visits.sort(key=lambda row: (row["lpt"], row["date"], row["unit"], row["order"]))
    kinds = _VISITS if hotspots.index.dtype.kind not in "iu" else _VISITS | {"hotspot": "int64"}
    return _frame(visits, kinds).set_index("visit")


def _checked(
    hotspots: gpd.GeoDataFrame, lpts: gpd.GeoDataFrame, shifts: pd.DataFrame, units: pd.DataFrame,
    start: str | dt.date, days: int, rules: PatrolRules, seed: int | str,
) -> tuple[list[Shift], list[Unit], pd.Timestamp]:  # fmt: skip
    """Check everything given and raise one InputError that names every fault."""
    faults: list[str] = []
    checks = {
        "hotspots": lambda: check_table(hotspots, HOTSPOTS),
        "lpts": lambda: check_table(lpts, LPTS),
        "shifts": lambda: check_shifts(shifts),
        "units": lambda: check_units(units),
    }
    passed: dict[str, Any] = {}
    for name, check in checks.items():
        try:
            passed[name] = check()
        except InputError as error:
            faults += [f"{name}: {fault}" for fault in error.faults]
    if "hotspots" in passed:
        faults += _hotspot_faults(hotspots)
    staff = parse_units(passed["units"], []) if "units" in passed else []
    teams = set(map(str, lpts.index)) if "lpts" in passed else None
    if teams is not None:
        named = {"hotspots": set(hotspots["lpt"].astype(str)) if "hotspots" in passed else set(),
                 "units": {u.lpt for u in staff},
                 "shifts": {s.lpt for s in passed.get("shifts", []) if s.lpt}}  # fmt: skip
        for what, given in named.items():
            if strange := sorted(given - teams):
                faults.append(
                    f"{what}: LPT {', '.join(map(repr, strange))} is not among the lpts "
                    f"({', '.join(sorted(teams))}); correct the name or add the polygon."
                )
        if {"hotspots", "lpts"} <= set(passed) and hotspots.crs != lpts.crs:
            faults.append("hotspots and lpts differ in CRS; bring both to one with .to_crs(...).")
    if "shifts" in passed:
        for unit in staff:
            if not shifts_for(passed["shifts"], unit.lpt, unit.shift):
                have = ", ".join(sorted({s.name for s in passed["shifts"]}))
                faults.append(
                    f"units: unit {unit.name!r} works shift {unit.shift!r}, which the shifts table "
                    f"does not hold for {unit.lpt} ({have})."
                )
    first = _first_day(start, faults)
    whole = isinstance(days, (int, np.integer)) and not isinstance(days, bool)
    if not whole or not 1 <= days <= 366:
        faults.append(f"days is {days!r}; it must be a whole number from 1 to 366.")
    if not isinstance(rules, PatrolRules):
        faults.append(f"rules is a {type(rules).__name__}; give PatrolRules(...).")
    if not isinstance(seed, (int, str, np.integer)):
        faults.append(f"seed is {seed!r}; give a whole number or a text.")
    if faults:
        raise InputError("plan_patrols", faults)
    return passed["shifts"], staff, first


def _first_day(start: str | dt.date, faults: list[str]) -> pd.Timestamp:
    try:
        first = pd.Timestamp(start)
    except (ValueError, TypeError):
        first = pd.NaT
    if isinstance(start, (int, float)) or first is pd.NaT:
        faults.append(f"start is {start!r}; give the first duty day as a date, as '2026-03-02'.")
    elif first.tz is not None or first != first.normalize():
        faults.append(f"start is {start!r}; give a date alone, with no time or time zone.")
    return first


def _hotspot_faults(hotspots: gpd.GeoDataFrame) -> list[str]:
    faults = []
    for name in ("incidents", "harm"):
        if name in hotspots.columns:
            bad = ~(hotspots[name].astype("float64") >= 0) | np.isinf(
                hotspots[name].astype("float64")
            )
            if bad.any():
                faults.append(
                    f"hotspots: {name} of {hotspots.index[bad][0]!r} is "
                    f"{hotspots[name][bad].iloc[0]}; it must be 0 or more ({int(bad.sum())} rows)."
                )
    empty = hotspots.geometry.isna() | hotspots.geometry.is_empty
    if empty.any():
        faults.append(f"hotspots: {hotspots.index[empty][0]!r} has no shape; draw or drop it.")
    return faults
