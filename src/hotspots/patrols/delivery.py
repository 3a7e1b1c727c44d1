"""What was delivered: pings or a log against the plan, aggregated at once."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..contracts import InputError, Result
from ..progress import progress_bar
from ._delivered import Ground, account, plan_hotspots
from ._delivery_inputs import check_inputs
from ._delivery_words import say
from ._presence import Presence, from_log, from_pings

if TYPE_CHECKING:
    import geopandas as gpd

# field: (lowest, highest, why)
_RANGES = {
    "buffer_m": (0, 100, "metres by which positions may be wrong"),
    "join_min": (0.1, 30, "minutes out of sight that do not end a stay"),
    "pass_min": (0, 10, "minutes under which a stay is only passing"),
    "least_min": (1, 60, "minutes from which a planned visit counts as made"),
    "tolerance_min": (0, 240, "minutes before and after the planned times"),
}


@dataclass(frozen=True)
class DeliveryRules:
    """When a unit was at a hotspot, and when that makes a visit.

    Parameters
    ----------
    buffer_m : float
        Metres by which positions may be wrong, 0 to 100: a ping in no hotspot counts for the
        nearest within this. A choice; the text tells how much rests on it.
    join_min : float
        Minutes without a ping there that do not end a stay, .1 to 30. Pings further apart than
        this say nothing of the time between.
    pass_min : float
        A stay of fewer minutes is passing through, 0 to 10: no visit, no minutes, told apart.
    least_min : float
        Minutes at the hotspot within the window from which a planned visit was made, 1 to 60.
    tolerance_min : float
        The window is the planned visit and so many minutes before and after it, 0 to 240.

    Raises
    ------
    InputError
        Naming every value out of its range.

    Examples
    --------
    >>> DeliveryRules(tolerance_min=15).least_min
    10.0
    >>> DeliveryRules(least_min=0)
    Traceback (most recent call last):
    hotspots.contracts.InputError: rules: least_min is 0; it must be 1 to 60 (minutes from which \
a planned visit counts as made).
    """

    buffer_m: float = 20.0
    join_min: float = 3.0
    pass_min: float = 3.0
    least_min: float = 10.0
    tolerance_min: float = 30.0

    def __post_init__(self) -> None:
        faults = []
        for field in fields(self):
            low, high, why = _RANGES[field.name]
            given = getattr(self, field.name)
            number = isinstance(given, (int, float, np.number)) and not isinstance(given, bool)
            if not number or not low <= given <= high:
                faults.append(f"{field.name} is {given!r}; it must be {low:g} to {high:g} ({why}).")
        if not faults and self.pass_min > self.least_min:
            faults.append(
                f"pass_min is {self.pass_min:g} and least_min {self.least_min:g}; a visit cannot "
                "be shorter than passing through: lower pass_min."
            )
        if faults:
            raise InputError("rules", faults)


@dataclass(frozen=True, repr=False)
class Delivery(Result):
    """What was delivered of a plan, as :func:`match_delivery` gives it.

    No table says where or when any unit was, but for the outcome of the visits planned for it.
    Rows of a shift or day with one officer on duty are still that officer's: pass on sums of them.

    Attributes
    ----------
    visits : DataFrame
        Index ``visit``; the planned ``hotspot, lpt, unit, shift, date, arrive, depart`` and the
        ``status``: met, other unit (in time and long enough, by a unit not planned), early, late,
        short, missed, unknown (the unit sent nothing for so long that a visit could have been
        made unseen); ``arrived`` (to the minute), ``late_min`` (negative: early), ``minutes``
        there in the window (of the whole stay where early or late).
    dosage : DataFrame
        A row per hotspot and duty day: ``hotspot, date, lpt, planned_visits, planned_minutes``
        and what was delivered: ``visits``, ``minutes`` (with at least one unit there),
        ``officer_minutes``, ``unplanned_visits``, ``passes`` and ``passing_minutes`` (shorter
        than a visit, in no other column), ``records_share`` (of the time of the units on duty,
        the share with records). NaN, never 0, where there are no records at all.
    hotspots : DataFrame
        Index ``hotspot``: the same over all days, ``in_time`` (met, and other unit), ``unknown``,
        ``compliance`` (``in_time`` over the planned visits whose outcome is known),
        ``planned_per_day`` and ``minutes_per_day`` over the days with records, ``days_visited``,
        ``first_visit_h`` (hours from the start of the plan to the first visit) and
        ``longest_gap_h`` (longest time without a visit that was seen).
    shifts : DataFrame
        A row per LPT, duty day and shift: visits by status, ``compliance``, minutes,
        ``officer_hours`` at hotspots (time in two of them at once counted once) and what was
        done there. What happened on no shift of the plan has shift "no shift".
    hours : DataFrame
        Officer-hours at hotspots and visits by duty day, LPT and ``kind`` of unit.
    powers : DataFrame
        What was done per 100 officer-hours at hotspots, with a 95% interval; by LPT and in all.
        Empty without a log that tells.
    quality : DataFrame
        What became of every row of the records.
    said : str
        The text.
    """

    visits: pd.DataFrame
    dosage: pd.DataFrame
    hotspots: pd.DataFrame
    shifts: pd.DataFrame
    hours: pd.DataFrame
    powers: pd.DataFrame
    quality: pd.DataFrame
    said: str

    @property
    def text(self) -> str:
        """How much of the plan was delivered, where not, and how far the records can tell."""
        return self.said


def match_delivery(
    plan: Result,
    records: pd.DataFrame,
    *,
    hotspots: gpd.GeoDataFrame | None = None,
    activities: pd.DataFrame | None = None,
    rules: DeliveryRules | None = None,
    tz: str = "Europe/London",
) -> Delivery:
    r"""Match what units did to what was planned: visits, minutes, compliance, dosage.

    Records are turned into stays at hotspots, and stays into counts by LPT, shift, hotspot and
    day; nothing else is kept of them. Time without records is unknown, never missed.

    Parameters
    ----------
    plan : PatrolPlan
        Any result with the tables ``visits``, ``coverage``, ``budget`` and ``teams`` of one.
    records : DataFrame
        Pings: ``unit``, ``time`` and the place as ``geometry`` (points in any CRS),
        ``easting`` and ``northing`` (in the CRS of the hotspots) or ``longitude`` and
        ``latitude``; in any order. Or a log: ``unit``, ``hotspot``, ``arrive``, ``depart``, and
        if known ``officers``, ``stop_searches``, ``arrests``, ``cpn``, ``dispersals``,
        ``contacts``. Units are call signs; case and blanks do not matter. ``agency`` names who
        sent a unit that is not in the plan. Times without a zone are local.
    hotspots : GeoDataFrame, optional
        The places, needed with pings where the plan does not hold them.
    activities : DataFrame, optional
        A log beside pings: what was done is taken from it, who was where from the pings.
    rules : DeliveryRules, optional
        The defaults when absent.
    tz : str
        Zone of the plan's clock, to which times with a zone are converted.

    Returns
    -------
    Delivery

    Raises
    ------
    InputError
        Naming every fault: columns missing or of the wrong kind, no usable row, places far from
        every hotspot, pings too far apart to join.

    Notes
    -----
    A stay is a run of a unit's pings at one hotspot with no more than ``join_min`` between them;
    it begins and ends half-way to the unit's ping before and after, which is right on average.
    Planned visits and stays are paired so that as many as possible were met, then made by
    another unit, then early or late, then short: the maximum-weight assignment, one stay for one
    visit (or for two if twice ``least_min`` long). All lengths are real time, clock changes
    included. By duty day and shift, a stay belongs to where it began.

    By ethnicity or any other protected attribute nothing is counted: no such column is read.

    References
    ----------
    Ariel B., Weinborn C. and Sherman L. W. (2016) "Soft" policing at hot spots: do police
    community support officers work? *Journal of Experimental Criminology* 12, 277-317.

    Examples
    --------
    >>> from hotspots.patrols.example import example_plan
    >>> plan = example_plan()
    >>> log = plan.visits[["unit", "hotspot", "arrive", "depart"]].iloc[::2]
    >>> match_delivery(plan, log).visits["status"].tolist()
    ['met', 'missed']
    """
    rules = DeliveryRules() if rules is None else rules
    pinged = check_inputs(plan, records, hotspots, activities, rules, tz)
    ground = Ground.of(plan, tz)
    bar = progress_bar(total=3, desc="matching delivery", leave=False, delay=2, disable=None)
    with bar:
        places = plan_hotspots(plan, hotspots)
        if pinged and places is not None:
            places = places.set_axis(places.index.astype(str)).loc[ground.hotspots.index]
            presence = from_pings(records, places, ground.units, ground.period, rules, tz)
        else:
            presence = _from_log(records, ground, rules, tz)
        bar.update()
        _check_used(presence, len(records), "pings" if pinged else "log")
        beside = None if activities is None else _from_log(activities, ground, rules, tz)
        bar.update()
        tables = account(ground, presence, beside, rules, tz)
        bar.update()
    said = say(tables, ground, presence, beside, rules)
    return Delivery(**tables, said=said)


def _from_log(log: pd.DataFrame, ground: Ground, rules: DeliveryRules, tz: str) -> Presence:
    return from_log(log, ground.hotspots.index, ground.units, ground.period, rules, tz)


def _check_used(presence: Presence, given: int, kind: str) -> None:
    """Refuse records of which no row could be used."""
    if presence.rows["used"] == 0:
        why = ", ".join(f"{n:,} {what}" for what, n in presence.rows.items() if n)
        raise InputError("match_delivery", [
            f"none of the {given:,} rows of the {kind} can be used ({why}); check dates, places "
            "and names."
        ])  # fmt: skip
