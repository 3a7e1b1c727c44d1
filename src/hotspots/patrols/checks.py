"""Whether a table of visits keeps the rules: from the tables alone, with nothing of the search."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..contracts import Column, InputError, Table, check_table
from .basis import require_plan
from .resources import DAY, Duty, Unit, duties, parse_shifts, parse_units
from .tasks import check_tasks, in_pairs_hours, read_tasks
from .trial import NOT_TODAY, TrialDays, trial_days
from .words import day_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .plan import PatrolPlan

SHORTEST_MIN, LONGEST_MIN = 10, 20  # what a stop may last, as the rules' own range says
_SLACK = 1e-6  # minutes or hours, for arithmetic
_COLUMNS = ("visit", "rule", "value", "remedy")
_TABLE = Table("visits", "visit", (), (
    Column("hotspot", "text", True, "id of the hotspot"),
    Column("unit", "text", True, "who goes"),
    Column("shift", "text", True, "the unit's shift"),
    Column("date", "time", True, "duty day"),
    Column("arrive", "time", True, "arrival, local wall-clock"),
    Column("depart", "time", True, "departure, local wall-clock"),
    Column("task", "text", False, "the task, as the tasks table names it"),
))  # fmt: skip

Breach = tuple[str, str, str, str]  # visit, rule, value, remedy


@dataclass(frozen=True)
class Stop:
    """One visit; minutes count from midnight of the plan's first day."""

    visit: str
    hotspot: str
    unit: str
    day: int
    shift: str
    task: str
    arrive: float
    depart: float


@dataclass(frozen=True)
class Leg:
    """The way to one stop, and back from it when it is the last of a stretch of patrol time.

    ``came`` is the hotspot before, None for base; ``ready`` when the way may begin, ``home_by``
    when the unit must be back: None where the stop lies outside patrol time, or is not the last.
    """

    order: int
    came: str | None
    there: float
    back: float
    ready: float | None
    home_by: float | None
    inside: bool


class Roster:
    """Who is on duty when and where each unit starts and ends, as a plan's own tables say it."""

    def __init__(self, plan: PatrolPlan) -> None:
        self.plan, self.rules, basis = plan, plan.basis.rules, plan.basis
        table = basis.units.set_index("unit") if "unit" in basis.units.columns else basis.units
        self.units: dict[str, Unit] = {unit.name: unit for unit in parse_units(table, [])}
        found = duties(parse_shifts(basis.shifts, []), [*self.units.values()], basis.first,
                       basis.days)  # fmt: skip
        self.occurrences = found
        self.shifts: dict[tuple[str, str, int], Duty] = {(d.lpt, d.shift, d.day): d for d in found}
        self.duties = {(unit.name, duty.day): duty for duty in found for unit in duty.units}
        hotspots = basis.demand.hotspots
        points = hotspots.geometry.representative_point()
        self.lpt = {str(k): str(v) for k, v in hotspots["lpt"].items()}
        self.spots = {str(k): (float(p.x), float(p.y)) for k, p in points.items()}
        self._minutes: dict[str, tuple[dict[str, int], NDArray[np.float64]]] = {}

    @cached_property
    def calendar(self) -> TrialDays:
        """On which days the calendar of a trial allows no visit to which hotspot."""
        basis = self.plan.basis
        return trial_days(self.rules.trial, basis.demand.hotspots.index, basis.first, basis.days)

    @cached_property
    def rows(self) -> dict[str, int]:
        """Where each hotspot stands in the table."""
        return {str(h): n for n, h in enumerate(self.plan.basis.demand.hotspots.index)}

    @cached_property
    def tasks(self) -> pd.DataFrame:
        """The tasks there are, and who may do them."""
        return read_tasks() if self.rules.tasks is None else check_tasks(self.rules.tasks)

    def stops(self, visits: pd.DataFrame) -> list[Stop]:
        """Return the visits in order of arrival."""
        first, minute = self.plan.basis.first, pd.Timedelta(minutes=1)
        tasks = visits["task"] if "task" in visits.columns else pd.Series("", index=visits.index)
        rows = zip(
            visits.index, visits["hotspot"], visits["unit"],
            ((visits["date"] - first) // pd.Timedelta(days=1)).astype("int64"), visits["shift"],
            tasks, (visits["arrive"] - first) / minute, (visits["depart"] - first) / minute,
            strict=True,
        )  # fmt: skip
        found = [Stop(str(v), str(h), str(u), int(d), str(s), str(t), float(a), float(b))
                 for v, h, u, d, s, t, a, b in rows]  # fmt: skip
        return sorted(found, key=lambda s: (s.arrive, s.unit, s.visit))

    def clock(self, minute: float) -> str:
        """Write a time of day."""
        return f"{self.plan.basis.first + pd.Timedelta(minutes=minute):%H:%M}"

    def date(self, day: int) -> str:
        """Write a duty day."""
        return day_text(self.plan.basis.first + pd.Timedelta(days=day))

    def windows(self, stop: Stop) -> tuple[tuple[int, int], ...]:
        """Return the patrol time of its unit on its duty day; none when it is not on duty."""
        duty = self.duties.get((stop.unit, stop.day))
        return duty.windows if duty else ()

    def travel(self, unit: str, start: str | None, end: str | None) -> float:
        """Minutes between two hotspots, parking at the second counted; None is base, or the end."""
        known = self._minutes.get(unit, ({}, np.zeros((2, 2))))[0]
        strange = [h for h in (start, end) if h is not None and h not in known]
        if unit not in self._minutes or strange:
            near = [h for h, lpt in self.lpt.items() if lpt == self.units[unit].lpt]
            self._fill(unit, [*dict.fromkeys([*near, *known, *strange])])
        place, minutes = self._minutes[unit]
        row, column = -2 if start is None else place[start], -1 if end is None else place[end]
        return float(minutes[row, column])

    def _fill(self, unit: str, hotspots: list[str]) -> None:
        """Work out the travel of a unit between hotspots, its start and its end."""
        team = self.plan.teams.loc[unit].to_dict()
        base = (team["base_easting"], team["base_northing"])
        home = (team.get("end_easting", base[0]), team.get("end_northing", base[1]))
        mode = self.units[unit].mode
        places = np.array([*(self.spots[h] for h in hotspots), base, home], dtype=np.float64)
        found = np.array(self.rules.travel_minutes(places, places, mode), dtype=np.float64)
        if mode == "vehicle":
            found[:, :-2] += self.rules.park_min
        np.fill_diagonal(found, 0.0)
        self._minutes[unit] = {h: n for n, h in enumerate(hotspots)}, found

    def legs(self, stops: list[Stop]) -> dict[str, Leg]:
        """Work out every unit's way: out from base, between stops, and back, by visit."""
        days: defaultdict[tuple[str, int], list[Stop]] = defaultdict(list)
        for stop in stops:
            days[stop.unit, stop.day].append(stop)
        found = {}
        for day in days.values():
            windows = self.windows(day[0])
            within = [next((n for n, (a, b) in enumerate(windows)
                            if a - _SLACK <= s.arrive and s.depart <= b + _SLACK), None)
                      for s in day]  # fmt: skip
            for n, stop in enumerate(day):
                own = within[n]
                last = n + 1 == len(day) or within[n + 1] != own
                before = day[n - 1] if n and within[n - 1] == own else None
                ready = None if own is None else before.depart if before else float(windows[own][0])
                found[stop.visit] = Leg(
                    n + 1, before.hotspot if before else None,
                    self.travel(stop.unit, before.hotspot if before else None, stop.hotspot),
                    self.travel(stop.unit, stop.hotspot, None) if last else 0.0,
                    ready, float(windows[own][1]) if last and own is not None else None,
                    own is not None,
                )  # fmt: skip
        return found

    def spent(self, stops: list[Stop], legs: dict[str, Leg]) -> dict[str, float]:
        """Officer-hours of each visit: officers × (stop and travel, rounded up to minutes)."""
        return {
            s.visit: self.units[s.unit].officers
            * (s.depart - s.arrive + whole(legs[s.visit].there) + whole(legs[s.visit].back)) / 60
            for s in stops
        }  # fmt: skip


def whole(minutes: float) -> float:
    """Round minutes of travel up.

    Examples
    --------
    >>> whole(6.2), whole(7.0000000001)
    (7.0, 7.0)
    """
    return float(np.ceil(round(minutes, 6)))


def check_visits(plan: PatrolPlan, visits: pd.DataFrame | None = None) -> pd.DataFrame:
    """Check visits against every rule of a plan, and name each breach with its remedy.

    Nothing of the search is used: the visits, the shifts, the units and the rules are read anew,
    so that a plan changed by hand, or made by another program, is checked the same way.

    Parameters
    ----------
    plan : PatrolPlan
        Gives shifts, units, places and rules.
    visits : DataFrame, optional
        Index ``visit``; ``hotspot``, ``unit``, ``shift``, ``date`` (duty day), ``arrive`` and
        ``depart``, and ``task`` where known; the plan's own when absent.

    Returns
    -------
    DataFrame
        A row per breach: ``visit`` (blank where a rule is on many together), ``rule``, ``value``
        and ``remedy``. No row: every rule is kept. Quotas (least visits a week, fair shares) are
        not among the rules here: they may go unmet, and the plan tells so.

    Raises
    ------
    InputError
        Naming columns that are missing or of the wrong kind, and units and hotspots that are not
        in the plan.

    Examples
    --------
    >>> from hotspots.patrols.example import example_plan
    >>> plan = example_plan()
    >>> len(check_visits(plan))
    0
    >>> long = plan.visits.assign(depart=plan.visits["depart"] + pd.Timedelta("9min"))
    >>> check_visits(plan, long)["rule"].unique()[0]
    'stop of 10 to 20 min'
    """
    require_plan(plan, "check_visits")
    roster = Roster(plan)
    if visits is None:
        return breaches(roster, plan.visits)
    check_table(visits, _TABLE, "visits")
    faults = [
        f"{name} {value!r} is not in the plan; it takes those of plan.{where}."
        for name, known, where in (("unit", roster.units, "teams"),
                                   ("hotspot", roster.spots, "coverage"))
        for value in dict.fromkeys(visits[name].astype("str")) if value not in known
    ]  # fmt: skip
    if faults:
        raise InputError("visits", faults)
    return breaches(roster, visits)


def breaches(roster: Roster, visits: pd.DataFrame) -> pd.DataFrame:
    """Check visits as :func:`check_visits` does, with a roster at hand."""
    stops = roster.stops(visits)
    legs = roster.legs(stops)
    checks: tuple[Callable[[Roster, list[Stop], dict[str, Leg]], Iterator[Breach]], ...] = (
        _lengths, _places, _calendar, _crews, _gaps, _most, _duty, _travel, _hours,
    )  # fmt: skip
    rows = [breach for check in checks for breach in check(roster, stops, legs)]
    at = {stop.visit: n for n, stop in enumerate(stops)}
    rows.sort(key=lambda row: at.get(row[0], len(at)))
    return pd.DataFrame(rows, columns=[*_COLUMNS]).astype("str")


def _lengths(roster: Roster, stops: list[Stop], _: dict[str, Leg]) -> Iterator[Breach]:
    """Keep stops to 10 to 20 minutes."""
    for stop in stops:
        minutes = stop.depart - stop.arrive
        if not SHORTEST_MIN - _SLACK <= minutes <= LONGEST_MIN + _SLACK:
            leave = roster.clock(stop.arrive + roster.rules.dwell_min)
            yield (stop.visit, f"stop of {SHORTEST_MIN} to {LONGEST_MIN} min", f"{minutes:g} min",
                   f"leave at {leave}")  # fmt: skip


def _places(roster: Roster, stops: list[Stop], _: dict[str, Leg]) -> Iterator[Breach]:
    """Keep units to their LPT, response units to calls, and single premises to problem solving."""
    need = roster.plan.basis.demand.need
    referred = set(need.index[need["route"] == "problem solving"])
    for stop in stops:
        crew, lpt = roster.units[stop.unit], roster.lpt[stop.hotspot]
        if lpt != crew.lpt:
            yield (stop.visit, "units stay in their LPT", f"{crew.name} of {crew.lpt} in {lpt}",
                   f"give it to a unit of {lpt}")  # fmt: skip
        if crew.response:
            yield (stop.visit, "no timed visits for response units", f"{crew.name} is for calls",
                   "give it to a neighbourhood unit")  # fmt: skip
        if stop.hotspot in referred:
            yield (stop.visit, "single premises go to problem solving", f"{stop.hotspot} is one",
                   "take the visit out; see the referrals")  # fmt: skip


def _calendar(roster: Roster, stops: list[Stop], _: dict[str, Leg]) -> Iterator[Breach]:
    """Keep to the calendar of a trial, by the duty day and by the clock."""
    shut, row = roster.calendar.shut, roster.rows
    if not shut.any():
        return
    for stop in stops:
        last = int(np.ceil(stop.depart / DAY - _SLACK)) - 1  # to be gone at midnight will do
        dates = {stop.day, int(stop.arrive // DAY), last}
        for day in sorted(d for d in dates if 0 <= d < shut.shape[1]):
            if shut[row[stop.hotspot], day]:
                yield (stop.visit, "the days of each hotspot",
                       f"{stop.hotspot} {roster.date(day)}: {NOT_TODAY}",
                       "take it out, or move it to one of its days")  # fmt: skip
                break


def _crews(roster: Roster, stops: list[Stop], _: dict[str, Leg]) -> Iterator[Breach]:
    """Give tasks to units that may do them, and to two where they take two."""
    rules = roster.rules
    tasks = {str(k): row for k, row in roster.tasks.to_dict("index").items()} if stops else {}
    arrivals = np.array([stop.arrive for stop in stops])
    paired = in_pairs_hours(arrivals, arrivals, rules.pairs_from, rules.pairs_to)
    hours = f"from {rules.pairs_from} to {rules.pairs_to}"
    for stop, night in zip(stops, paired, strict=True):
        crew, asked = roster.units[stop.unit], tasks.get(stop.task)
        if crew.response or asked is None:
            continue
        what = f"{stop.task} by {crew.name}"
        if not asked[crew.kind]:
            yield (stop.visit, "tasks for those who may do them", f"{what}, {crew.kind}",
                   "give it to a unit that may, or set another task")  # fmt: skip
        elif night and crew.kind == "pcso" and not asked["night_pcso"]:
            yield (stop.visit, f"no PCSOs on some tasks {hours}",
                   f"{what} at {roster.clock(stop.arrive)}",
                   "give it to constables or specials, or move it out of these hours")  # fmt: skip
        if crew.officers < asked["officers"]:
            yield (stop.visit, "two officers for some tasks", f"{what}, one officer",
                   "give it to a pair")  # fmt: skip
        elif night and crew.officers < asked["night_officers"]:
            yield (stop.visit, f"two officers for some tasks {hours}",
                   f"{what}, one officer, at {roster.clock(stop.arrive)}",
                   "give it to a pair, or move it out of these hours")  # fmt: skip


def _gaps(roster: Roster, stops: list[Stop], _: dict[str, Leg]) -> Iterator[Breach]:
    """Keep visits to a hotspot apart in time, whoever makes them."""
    gap, left = roster.rules.gap_min, dict[str, tuple[float, str]]()
    for stop in stops:
        gone, unit = left.get(stop.hotspot, (-np.inf, ""))
        apart = stop.arrive - gone
        if apart < gap - _SLACK:
            when = f"{apart:g} min before" if apart >= 0 else "after this begins"
            yield (stop.visit, f"{gap} min between visits to a hotspot",
                   f"{unit} leaves {stop.hotspot} at {roster.clock(gone)}, {when}",
                   f"arrive at {roster.clock(gone + gap)} or later")  # fmt: skip
        if stop.depart > gone:
            left[stop.hotspot] = (stop.depart, stop.unit)


def _most(roster: Roster, stops: list[Stop], _: dict[str, Leg]) -> Iterator[Breach]:
    """Keep to the most visits a hotspot may have in a shift and in a duty day."""
    rules, shifts, days = roster.rules, Counter[object](), Counter[object]()
    for stop in stops:
        shift, day = (stop.hotspot, stop.day, stop.shift), (stop.hotspot, stop.day)
        shifts[shift] += 1
        days[day] += 1
        for number, most, what in ((shifts[shift], rules.max_per_shift, "shift"),
                                   (days[day], rules.max_per_day, "duty day")):  # fmt: skip
            if number > most:
                yield (stop.visit, f"at most {most} visits to a hotspot in a {what}",
                       f"visit {number} of {stop.hotspot}",
                       "take it out, or move it to another day")  # fmt: skip


def _duty(roster: Roster, stops: list[Stop], legs: dict[str, Leg]) -> Iterator[Breach]:
    """Keep units to their patrol time, and to one place at a time."""
    busy: dict[str, Stop] = {}
    for stop in stops:
        windows = roster.windows(stop)
        if (stop.unit, stop.day) not in roster.duties:
            yield (stop.visit, "units are on duty",
                   f"{stop.unit} is not on duty {roster.date(stop.day)}",
                   "give it to a unit on duty then")  # fmt: skip
        elif not legs[stop.visit].inside:
            spans = " and ".join(f"{roster.clock(a)} to {roster.clock(b)}" for a, b in windows)
            yield (stop.visit, "patrol time only (no briefing, break or debrief)",
                   f"{roster.clock(stop.arrive)} to {roster.clock(stop.depart)}; {stop.unit} "
                   + (f"patrols {spans}" if spans else "has none"),
                   "move it into patrol time")  # fmt: skip
        before = busy.get(stop.unit)
        if before is not None and stop.arrive < before.depart - _SLACK:
            yield (stop.visit, "one place at a time",
                   f"{stop.unit} is at {before.hotspot} until {roster.clock(before.depart)}",
                   "arrive later, or give it to another unit")  # fmt: skip
        if before is None or stop.depart > before.depart:
            busy[stop.unit] = stop


def _travel(roster: Roster, stops: list[Stop], legs: dict[str, Leg]) -> Iterator[Breach]:
    """Leave time to travel to every stop, and back for the break and the end."""
    for stop in stops:
        leg = legs[stop.visit]
        if leg.ready is not None and leg.ready <= stop.arrive < leg.ready + leg.there - _SLACK:
            needs, came = whole(leg.there), leg.came or "base"
            yield (stop.visit, "time to travel",
                   f"{stop.unit} has {stop.arrive - leg.ready:g} min from {came}, needs {needs:g}",
                   f"arrive at {roster.clock(leg.ready + needs)} or later, or give it to another "
                   "unit")  # fmt: skip
        if leg.home_by is not None and stop.depart + leg.back > leg.home_by + _SLACK:
            yield (stop.visit, "back in time for the break or the end",
                   f"{stop.unit} leaves at {roster.clock(stop.depart)}, needs {whole(leg.back):g} "
                   f"min and is due at {roster.clock(leg.home_by)}",
                   f"leave by {roster.clock(leg.home_by - whole(leg.back))}")  # fmt: skip


def _hours(roster: Roster, stops: list[Stop], legs: dict[str, Leg]) -> Iterator[Breach]:
    """Keep units, shifts, LPTs and the plan within the officer-hours they have."""
    spent = roster.spent(stops, legs)
    by_unit: defaultdict[tuple[str, int], float] = defaultdict(float)
    by_shift: defaultdict[tuple[str, str, int], float] = defaultdict(float)
    by_lpt: defaultdict[str, float] = defaultdict(float)
    for stop in stops:
        lpt = roster.units[stop.unit].lpt
        by_unit[stop.unit, stop.day] += spent[stop.visit]
        by_shift[lpt, stop.shift, stop.day] += spent[stop.visit]
        by_lpt[lpt] += spent[stop.visit]
    rows: list[tuple[str, str, float, float]] = []
    for (name, day), used in by_unit.items():
        if (duty := roster.duties.get((name, day))) and not roster.units[name].response:
            has = duty.hours_of(roster.units[name], roster.rules.abstraction)
            rows.append(("hours of a unit", f"{name}, {roster.date(day)}", used, has))
    for (lpt, shift, day), used in by_shift.items():
        if duty := roster.shifts.get((lpt, shift, day)):
            what = f"{lpt}, {shift}, {roster.date(day)}"
            rows.append(("hours of a shift", what, used, duty.officer_hours))
    given = roster.rules.officer_hours
    if isinstance(given, Mapping):
        rows += [("hours of an LPT", lpt, used, float(given.get(lpt, np.inf)))
                 for lpt, used in by_lpt.items()]  # fmt: skip
    elif given is not None:
        rows.append(("hours of the plan", "all", sum(spent.values()), float(given)))
    for rule, what, used, has in rows:
        if used > has + _SLACK:
            yield ("", rule, f"{what}: {used:.2f} of {has:.2f} officer-hours",
                   "take visits out, or give some to units with hours left")  # fmt: skip
