"""The patrol plan: visits with a reason each, within the hours there are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..chance.seeds import fingerprint
from ..contracts import Result
from ..progress import progress_bar
from .allocation import allocate_visits
from .area import Area, Places
from .basis import Basis
from .demand import Demand, patrol_demand
from .inputs import check_inputs
from .options import Rates, build_options, crews_of, most_of_one, visits_by_duty
from .resources import Duty, duties
from .response import between_jobs
from .rules import PatrolRules
from .tasks import check_tasks, choose_tasks, read_tasks
from .trial import TrialDays, least_visits, trial_days
from .wording import Draft, put_in_words

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


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
        Index ``hotspot``: each component of the need, its place among those of its LPT
        (``rank_in_lpt`` of ``of``) and the places its records bear (``rank_low`` to
        ``rank_high``), its busiest window (``peak``) and the priorities that reach it; in words
        ``reason``, ``how_sure``, ``would_change``, ``alternatives`` and ``cut_off``.
    budget : DataFrame
        A row per LPT and dated shift: ``date``, ``lpt``, ``shift``, ``start``, ``end``, ``units``,
        ``officers``, ``available_hours``, ``planned_hours`` (officers × (visits + travel)),
        ``visits``.
    teams : DataFrame
        Index ``unit``: the units as planned with their base and where it came from.
    fairness : DataFrame
        Index ``lpt``: share of need beside share of planned officer-hours.
    unpredictability : DataFrame
        How spread the hours of the visits are, per LPT and hotspot, as
        :func:`~hotspots.patrols.unpredictability.unpredictability` measures it.
    referrals : DataFrame
        Index ``hotspot``: those sent to problem solving instead of patrol, each with the facts,
        the questions and room for an owner.
    between_jobs : DataFrame
        At most one hotspot per response unit and shift to look in on between calls, with no time:
        ``date``, ``lpt``, ``shift``, ``unit``, ``hotspot``, ``why``.
    floors : DataFrame
        A row per floor or cap of the rules: what it asks (``rule``, ``amount``), what the hours
        shared out reach, whether it binds and is met.
    costs : DataFrame
        What each kind of rule costs: the value lost by keeping it, and its share.
    basis : Basis
        What the plan was made from: demand, LPTs, shifts, units, rules, days and the fingerprint
        of its seed.
    said : str
        The text.
    """

    visits: pd.DataFrame
    coverage: pd.DataFrame
    reasons: pd.DataFrame
    budget: pd.DataFrame
    teams: pd.DataFrame
    fairness: pd.DataFrame
    unpredictability: pd.DataFrame
    referrals: pd.DataFrame
    between_jobs: pd.DataFrame
    floors: pd.DataFrame
    costs: pd.DataFrame
    basis: Basis
    said: str

    @property
    def text(self) -> str:
        """What is planned, what is not and why, and what the plan does not know."""
        return self.said


def plan_patrols(
    hotspots: gpd.GeoDataFrame | Demand,
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
    routed with real travel times (a search, in the tests within a few per cent of the best),
    counting on the visits that later shifts of the day are to make. Units visit hotspots of their
    own LPT only. They set out from base after briefing, are back for the break, and again for
    debrief. Response units are left out: they are for calls.

    Parameters
    ----------
    hotspots : GeoDataFrame or Demand
        Need by hour, as :func:`patrol_demand` learns it from incidents; or a table
        (``contracts.HOTSPOTS``) from any detector or drawn by hand, whose need is the same at all
        hours. With ``harm`` (days of sentence) the need weighs harm as well as counts.
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
        Where chance begins: a number, or a text kept secret. The same inputs and seed give the
        same plan; every LPT, date and shift draws on its own, so that, with no rule or budget
        that ties LPTs together, one more LPT changes nothing else. Only where the sharing out
        of visits runs out of time (3 minutes) may another machine find another plan.

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
    truth than its plan, and the hour that does not exist is planned by nobody.

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
    [[4.0, 2.07]]
    """
    rules = PatrolRules() if rules is None else rules
    rows, staff, first = check_inputs(hotspots, lpts, shifts, units, start, days, rules, seed)
    demand = hotspots if isinstance(hotspots, Demand) else patrol_demand(
        hotspots, rules=rules, on=first.date()
    )  # fmt: skip
    basis = Basis(demand, lpts, shifts, units, rules, first, days, fingerprint(seed))
    tasks = read_tasks() if rules.tasks is None else check_tasks(rules.tasks)
    asked = tasks.loc[choose_tasks(demand.need, tasks)]
    occurrences = duties(rows, staff, first, days)
    calendar = trial_days(rules.trial, demand.need.index, first, days)
    areas = {
        lpt: Area(lpt, _places(lpt, demand, asked, first, calendar.shut), rules, first, seed)
        for lpt in sorted({unit.lpt for unit in staff})
    }
    options, limits, wanted = build_options(
        demand, occurrences, [crews_of(duty) for duty in occurrences],
        {unit.name: areas[unit.lpt].legs(unit) for unit in staff if not unit.response},
        rules, first, days,
    )  # fmt: skip
    allocation = allocate_visits(options, limits, wanted, decay=rules.decay)
    count, minutes = visits_by_duty(options, allocation.visits, len(asked), len(occurrences))
    _route(areas, occurrences, demand, count, minutes, rules, days, calendar)
    visits = _visit_table([v for area in areas.values() for v in area.visits], first)
    hours = _frame([b for area in areas.values() for b in area.budget], _BUDGET)
    crews = _frame([areas[u.lpt].team(u) for u in staff], _TEAMS).set_index("unit")
    reached = np.zeros(len(asked), dtype=bool)
    for area in areas.values():
        reached[area.places.rows] = area.reached
    target = count.sum(axis=1)
    draft = Draft(basis, visits, hours, crews, target, reached, tasks, allocation)
    looked_in = between_jobs(
        demand.need, demand.intensity, asked, occurrences, visits, first, rules
    )
    return PatrolPlan(
        **put_in_words(draft), between_jobs=looked_in, floors=allocation.rules,
        costs=allocation.costs, basis=basis,
    )  # fmt: skip


def _route(
    areas: dict[str, Area], occurrences: list[Duty], demand: Demand, count: Ints, minutes: Floats,
    rules: PatrolRules, days: int, calendar: TrialDays,
) -> None:  # fmt: skip
    """Route every duty in order of time, each counting on what later ones are to do."""
    least = _least(demand, count, rules, days, calendar)
    shares = _budgets(occurrences, minutes, rules)
    ordered = sorted(
        range(len(occurrences)), key=lambda d: (occurrences[d].lpt, occurrences[d].start)
    )
    to_come, hours_to_come = count.sum(axis=1), dict.fromkeys(areas, 0.0)
    for duty, spent in zip(occurrences, minutes, strict=True):
        hours_to_come[duty.lpt] += spent
    still: dict[tuple[str, int], list[int]] = {}  # duties of an LPT and day, the last first
    for d in reversed(ordered):
        still.setdefault((occurrences[d].lpt, occurrences[d].day), []).append(d)
    # a bar where the work is long, and only on a terminal
    for d in progress_bar(ordered, "planning patrols", unit="shift", leave=False, delay=2,
                          disable=None):  # fmt: skip
        duty = occurrences[d]
        area = areas[duty.lpt]
        rows = area.places.rows
        today = still[duty.lpt, duty.day]
        today.pop()
        to_come -= count[:, d]
        hours_to_come[duty.lpt] -= minutes[d]
        later = count[rows][:, today].sum(axis=1)
        owed = np.clip(least[rows] - area.count - to_come[rows], 0, None)
        seen = later + (area.today if area.day == duty.day else 0)
        due = calendar.asked[rows, duty.day] & (seen == 0)
        most = most_of_one(rules, int((area.places.worth > 0).sum()), int(count[rows].sum()))
        room = np.clip(most - area.count, 0, None)
        left = shares[duty.lpt] - hours_to_come[duty.lpt]
        shares[duty.lpt] -= area.route_duty(duty, later, owed, due, room, left)


def _least(demand: Demand, count: Ints, rules: PatrolRules, days: int, calendar: TrialDays) -> Ints:
    """Visits each hotspot is owed over the plan: its tier's, and its part of a neighbourhood's."""
    owed = least_visits(demand.need, rules, calendar)
    floor = int(rules.neighbourhood_floor * days / 7 + 1e-9)
    if floor > 0:
        given = count.sum(axis=1)
        for rows in demand.hotspots.groupby("neighbourhood").indices.values():
            if given[rows].sum() <= floor:  # as many as the floor asks, or all there can be
                owed[rows] = np.maximum(owed[rows], given[rows])
    return owed.astype(np.int64)


def _budgets(occurrences: list[Duty], minutes: Floats, rules: PatrolRules) -> dict[str, float]:
    """Officer-minutes each LPT may spend: its own budget, or its part of the whole plan's."""
    names = {duty.lpt for duty in occurrences}
    if rules.officer_hours is None:
        return dict.fromkeys(names, np.inf)
    if isinstance(rules.officer_hours, Mapping):
        return {name: rules.officer_hours.get(name, np.inf) * 60 for name in names}
    given = dict.fromkeys(names, 0.0)
    for duty, spent in zip(occurrences, minutes, strict=True):
        given[duty.lpt] += float(spent)
    part = rules.officer_hours * 60 / (sum(given.values()) or 1.0)
    return {name: spent * part for name, spent in given.items()}


def _places(
    lpt: str, demand: Demand, asked: pd.DataFrame, first: pd.Timestamp, shut: NDArray[np.bool_]
) -> Places:
    """Gather the hotspots of an LPT, those with most need first."""
    need = demand.need
    inside = np.flatnonzero((need["lpt"].astype("str") == lpt).to_numpy())
    worth = need["worth"].to_numpy(dtype=np.float64)[inside]
    inside = inside[np.lexsort((need.index[inside].astype("str"), -worth))]
    worth = need["worth"].to_numpy(dtype=np.float64)[inside]
    top = worth.max(initial=0.0)
    centres = demand.hotspots.geometry.iloc[inside].representative_point()
    return Places(
        need.index[inside], inside, np.column_stack([centres.x, centres.y]),
        np.round(worth / (top or 1.0), 12),
        Rates(demand.intensity[inside] if demand.hours_known else None, first.weekday()),
        asked.iloc[inside], shut[inside],
    )  # fmt: skip


_BUDGET = {"date": "time", "lpt": "str", "shift": "str", "start": "time", "end": "time",
           "units": "int64", "officers": "int64", "available_hours": "float64",
           "planned_hours": "float64", "visits": "int64"}  # fmt: skip
_TEAMS = {"unit": "str", "lpt": "str", "shift": "str", "kind": "str", "officers": "int64",
          "mode": "str", "base_easting": "float64", "base_northing": "float64",
          "base_from": "str", "end_easting": "float64", "end_northing": "float64",
          "abstraction": "float64", "planned": "bool"}  # fmt: skip
_VISITS = {"visit": "str", "hotspot": "str", "lpt": "str", "unit": "str", "shift": "str",
           "arrive": "time", "depart": "time", "reason": "str", "order": "int64",
           "travel_min": "float64", "tactic": "str", "date": "time", "officers": "int64",
           "mode": "str", "return_min": "float64", "task": "str"}  # fmt: skip


def _frame(rows: list[dict[str, Any]], kinds: dict[str, str]) -> pd.DataFrame:
    """Build a frame with the same columns and types however few its rows are."""
    columns = {
        name: pd.Series([row[name] for row in rows],
                        dtype="datetime64[s]" if kind == "time" else kind)
        for name, kind in kinds.items()
    }  # fmt: skip
    return pd.DataFrame(columns)


def _visit_table(visits: list[dict[str, Any]], first: pd.Timestamp) -> pd.DataFrame:
    for row in visits:
        row["arrive"] = first + pd.Timedelta(minutes=row["arrive"])
        row["depart"] = first + pd.Timedelta(minutes=row["depart"])
        row["reason"] = ""
    visits.sort(key=lambda row: (row["lpt"], row["date"], row["unit"], row["order"]))
    return _frame(visits, _VISITS).set_index("visit")
