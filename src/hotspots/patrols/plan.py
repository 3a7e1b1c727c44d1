"""The patrol plan: visits with a reason each, within the hours there are."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import Result
from ..progress import progress_bar
from .area import Area
from .basis import Basis
from .inputs import check_inputs
from .need import explain, needs
from .resources import duties
from .rules import PatrolRules
from .seeds import fingerprint
from .wording import Draft, account, summary

if TYPE_CHECKING:
    import geopandas as gpd


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
    basis: Basis
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
    [[4.0, 2.07]]
    """
    rules = PatrolRules() if rules is None else rules
    rows, staff, first = check_inputs(hotspots, lpts, shifts, units, start, days, rules, seed)
    need = needs(hotspots, rules.count_weight)
    centres = hotspots.geometry.representative_point()
    xy = np.column_stack([centres.x, centres.y])
    occurrences = duties(rows, staff, first, days)
    visits: list[dict[str, Any]] = []
    budget: list[dict[str, Any]] = []
    teams: list[dict[str, Any]] = []
    target = np.zeros(len(hotspots), dtype=np.int64)
    reached = np.zeros(len(hotspots), dtype=bool)
    # a bar where the work is long, and only on a terminal
    for lpt in progress_bar(sorted({unit.lpt for unit in staff}), "planning patrols", unit="LPT",
                    leave=False, delay=2, disable=None):  # fmt: skip
        inside = np.flatnonzero(hotspots["lpt"].astype(str).to_numpy() == lpt)
        inside = inside[
            np.lexsort((hotspots.index[inside].astype(str), -need["worth"].to_numpy()[inside]))
        ]
        area = Area(
            lpt, hotspots.index[inside], xy[inside], need["worth"].to_numpy()[inside], rules
        )
        mine = [u for u in staff if u.lpt == lpt]
        teams += [area.team(u) for u in mine]
        for day in range(days):
            area.plan_day([d for d in occurrences if d.lpt == lpt and d.day == day], first, seed)
        visits += area.visits
        budget += area.budget
        target[inside] = area.target
        reached[inside] = area.reached
    table = _visit_table(visits, first)
    hours = _frame(budget, _BUDGET)
    crews = _frame(teams, _TEAMS).set_index("unit")
    made_from = Basis(
        None,
        lpts,
        shifts,
        units,
        rules,
        first,
        days,
        fingerprint(seed),  # type: ignore[arg-type]
    )
    draft = Draft(
        hotspots, need, table, hours, crews, target, reached, first, days, rules,
        made_from.fingerprint,
    )  # fmt: skip
    coverage, reasons, fairness = account(draft)
    table["reason"] = explain(table, reasons)
    said = summary(draft, coverage, reasons, fairness)
    return PatrolPlan(table, coverage, reasons, hours, crews, fairness, made_from, said)


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


def _visit_table(visits: list[dict[str, Any]], first: pd.Timestamp) -> pd.DataFrame:
    for row in visits:
        row["arrive"] = first + pd.Timedelta(minutes=row["arrive"])
        row["depart"] = first + pd.Timedelta(minutes=row["depart"])
        row["tactic"], row["reason"] = _TACTICS[row["kind"]], ""
    visits.sort(key=lambda row: (row["lpt"], row["date"], row["unit"], row["order"]))
    return _frame(visits, _VISITS).set_index("visit")
