"""The rules a patrol plan keeps, and the travel times they imply."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import TASKS, InputError, check_table
from .trial import check_trial

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .roads import Roads

TIERS = ("A", "B", "C")
CLASSES = ("persistent", "emerging", "intermittent", "former")

# field: (lowest, highest, whole number, why)
_RANGES: dict[str, tuple[float, float, bool, str]] = {
    "dwell_min": (10, 20, True, "stops of 10 to 20 minutes are what the evidence supports"),
    "gap_min": (0, 1440, True, "minutes between two visits to one hotspot"),
    "max_per_shift": (1, 12, True, "visits to one hotspot in one shift"),
    "max_per_day": (1, 24, True, "visits to one hotspot in one duty day"),
    "decay": (0.05, 0.95, False, "value of a visit as a share of the one before it"),
    "count_weight": (0, 1, False, "weight of counts against harm in the need"),
    "detour": (1, 3, False, "road distance over straight-line distance"),
    "foot_kmh": (1, 8, False, "walking speed"),
    "cycle_kmh": (5, 30, False, "cycling speed"),
    "vehicle_kmh": (5, 80, False, "driving speed, stops and all"),
    "park_min": (0, 15, False, "minutes to park at each stop"),
    "effort": (0, 1000, True, "rounds of route improvement per LPT and shift"),
    "band_min": (30, 1440, True, "length of the bands of the clock in which need is counted"),
    "jitter_min": (0, 120, True, "minutes a start may be moved at random"),
    "variety": (0, 0.9, False, "share by which need is varied at random from day to day"),
    "priority_share": (0, 0.5, False, "share of the need that priorities may add"),
    "abstraction": (0, 0.95, False, "share of unit time lost to other duties"),
    "lpt_floor_hours": (0, 10_000, False, "officer-hours per LPT and 7 days at least"),
    "neighbourhood_floor": (0, 1000, False, "visits per neighbourhood and 7 days at least"),
    "top_share": (0.02, 1, False, "most of an LPT's visits that one hotspot may take"),
    "fair_share": (0, 1, False, "least share of hours as a multiple of the share of need"),
}


@dataclass(frozen=True)
class PatrolRules:
    """The rules of a patrol plan; every default can be changed, within the range given.

    Parameters
    ----------
    dwell_min : int
        Minutes at the hotspot, 10 to 20. Koper (1995) found 11 to 15 best; the Sacramento trial
        used 12 to 16.
    gap_min : int
        Least minutes from leaving a hotspot to the next arrival there by anybody, across units,
        shifts and midnight; 0 to 1440.
    max_per_shift, max_per_day : int
        Most visits to one hotspot in a shift (1 to 12) and in a duty day (1 to 24). A duty day is
        all shifts that start on one date: a night shift belongs to the date it starts on.
    decay : float
        Value of each further visit in the duty day as a share of the one before, .05 to .95.
        ``v`` visits then cover ``1 - decay**v`` of a hotspot's need: 40%, 64%, 78% at .6. A
        choice, not an estimate.
    count_weight : float
        Need is ``share_count**w * share_harm**(1 - w)``, 0 to 1. Without harm, counts alone.
    detour : float
        Road distance as a multiple of the straight line, 1 to 3.
    foot_kmh, cycle_kmh, vehicle_kmh : float
        Speeds in km/h: 1 to 8, 5 to 30, 5 to 80.
    park_min : float
        Minutes to park a vehicle at each hotspot, 0 to 15.
    effort : int
        Steps of 60 rounds of route improvement per LPT and shift, 0 to 1000, more rounds for short
        routes; more is better and slower.
    band_min : int
        Length of the bands of the clock, from midnight, in which need by hour is counted; a
        divisor of 1440 from 30 up. Two hours, like the gap.
    jitter_min : int
        Minutes by which a start may be moved at random within the rules, either way from an even
        spread of the time to spare, 0 to 120.
    variety : float
        Each day the need of each hotspot and band is varied at random by up to this share, 0 to
        .9, before routes are made, so that the best order is not the same every day.
    class_weights : mapping of str to float
        Factor on the need of a persistent, emerging, intermittent or former hotspot, 0 to 5;
        1 for a class not named. A choice.
    priority_share : float
        Share of all need that community priorities may add, 0 to .5.
    abstraction : float
        Share of every unit's patrol time lost to other duties, 0 to .95; a unit's own
        ``abstraction`` wins.
    officer_hours : float or mapping of str to float, optional
        Officer-hours for the whole plan, or for each LPT named; none when absent.
    least_per_week : mapping of str to float
        Visits that a hotspot of tier A, B or C gets in 7 days at least, 0 to 168, where hours and
        reach allow; what cannot be met is told.
    lpt_floor_hours : float
        Officer-hours each LPT gets in 7 days at least.
    neighbourhood_floor : float
        Visits each neighbourhood gets in 7 days at least; hotspots need ``neighbourhood``.
    top_share : float
        Most of an LPT's visits that one hotspot may take, .02 to 1.
    fair_share : float
        Each LPT gets at least this multiple (0 to 1) of its share of the need as its share of the
        hours; it matters under a budget for the force.
    pairs_from, pairs_to : str
        Hours, as HH:MM, in which tasks that ask for two officers at night get them.
    tasks : DataFrame, optional
        Which tasks there are and who may do them, as :func:`read_tasks` gives them; a table for
        neighbourhood teams when absent.
    trial : DataFrame, optional
        The calendar of a trial (``contracts.TREATMENT``: ``hotspot``, ``date``, ``treated``),
        kept as it is. A hotspot gets no visit on a duty day it calls not treated, nor at any
        minute of such a date; on a treated day it is planned as usual and owed at least one. What
        the calendar does not name is planned as usual.
    roads : Roads, optional
        A network to travel by, as :func:`read_roads` gives it; straight lines when absent.

    Raises
    ------
    InputError
        Naming every value out of its range.

    References
    ----------
    Koper, C. S. (1995). Just enough police presence. Justice Quarterly 12(4), 649-672.
    Telep, C. W., Mitchell, R. J. and Weisburd, D. (2014). How much time should the police spend
    at crime hot spots? Justice Quarterly 31(5), 905-933.

    Examples
    --------
    >>> PatrolRules(dwell_min=12).gap_min
    120
    >>> PatrolRules(dwell_min=45)
    Traceback (most recent call last):
    hotspots.contracts.InputError: rules: dwell_min is 45; it must be 10 to 20 (stops of 10 to 20 \
minutes are what the evidence supports).
    """

    dwell_min: int = 15
    gap_min: int = 120
    max_per_shift: int = 3
    max_per_day: int = 6
    decay: float = 0.6
    count_weight: float = 0.5
    detour: float = 1.3
    foot_kmh: float = 4.5
    cycle_kmh: float = 12.0
    vehicle_kmh: float = 30.0
    park_min: float = 2.0
    effort: int = 1
    band_min: int = 120
    jitter_min: int = 60
    variety: float = 0.25
    class_weights: Mapping[str, float] = field(
        default_factory=lambda: {"persistent": 1.0, "emerging": 1.2, "intermittent": 0.8,
                                 "former": 0.4}
    )  # fmt: skip
    priority_share: float = 0.2
    abstraction: float = 0.0
    officer_hours: float | Mapping[str, float] | None = None
    least_per_week: Mapping[str, float] = field(
        default_factory=lambda: {"A": 7.0, "B": 3.0, "C": 1.0}
    )
    lpt_floor_hours: float = 0.0
    neighbourhood_floor: float = 0.0
    top_share: float = 1.0
    fair_share: float = 0.0
    pairs_from: str = "20:00"
    pairs_to: str = "06:00"
    tasks: pd.DataFrame | None = field(default=None, repr=False, compare=False)
    trial: pd.DataFrame | None = field(default=None, repr=False, compare=False)
    roads: Roads | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        faults = self._table_faults()
        for name, (low, high, whole, why) in _RANGES.items():
            given = getattr(self, name)
            number = isinstance(given, (int, float, np.number)) and not isinstance(given, bool)
            if not number or not low <= given <= high or (whole and given != int(given)):
                kind = "a whole number, " if whole and number and given != given // 1 else ""
                faults.append(f"{name} is {given!r}; it must be {kind}{low:g} to {high:g} ({why}).")
        if not faults and 1440 % self.band_min:
            faults.append(
                f"band_min is {self.band_min}; the day must hold whole bands: try 60, 120 or 240."
            )
        if faults:
            raise InputError("rules", faults)

    def _table_faults(self) -> list[str]:
        """Say what is wrong with the rules that are not single numbers."""
        faults = _mapping_faults("class_weights", self.class_weights, CLASSES, 5)
        faults += _mapping_faults("least_per_week", self.least_per_week, TIERS, 168)
        if isinstance(self.officer_hours, Mapping):
            faults += _mapping_faults("officer_hours", self.officer_hours, None, np.inf)
        elif self.officer_hours is not None and not _number(self.officer_hours, np.inf):
            faults.append(
                f"officer_hours is {self.officer_hours!r}; give hours from 0, or hours by LPT."
            )
        for name in ("pairs_from", "pairs_to"):
            given = getattr(self, name)
            if not isinstance(given, str) or not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", given):
                faults.append(f"{name} is {given!r}; write the time as HH:MM, as 20:00.")
        if self.tasks is not None:
            try:
                check_table(self.tasks, TASKS)
            except InputError as error:
                faults += [f"tasks: {fault}" for fault in error.faults]
        if self.trial is not None:
            try:
                check_trial(self.trial)
            except InputError as error:
                faults += [f"trial: {fault}" for fault in error.faults]
        if self.roads is not None and not hasattr(self.roads, "minutes"):
            faults.append(
                f"roads is of type {type(self.roads).__name__}; give what read_roads returns."
            )
        return faults

    def travel_minutes(
        self, start: NDArray[np.float64], end: NDArray[np.float64], mode: str
    ) -> NDArray[np.float64]:
        """Return minutes of travel from each start to each end, parking not counted.

        Parameters
        ----------
        start, end : ndarray, shape (n, 2) and (m, 2)
            Eastings and northings in metres.
        mode : {"foot", "cycle", "vehicle"}
            How the unit moves.

        Returns
        -------
        ndarray, shape (n, m)
            By the roads where they are given, else ``detour * straight line / speed``.

        Examples
        --------
        >>> home, spot = np.array([[0.0, 0.0]]), np.array([[4000.0, 0.0]])
        >>> PatrolRules().travel_minutes(home, spot, "vehicle").round(2)
        array([[10.4]])
        """
        if self.roads is not None:
            return self.roads.minutes(start, end, mode, self)
        speed = {"foot": self.foot_kmh, "cycle": self.cycle_kmh, "vehicle": self.vehicle_kmh}[mode]
        gone = np.asarray(start)[:, None, :] - np.asarray(end)[None, :, :]
        metres: NDArray[np.float64] = np.sqrt((gone**2).sum(axis=2))
        return metres * (self.detour * 60 / (speed * 1000))


def _number(given: Any, most: float) -> bool:
    whole = isinstance(given, (int, float, np.number)) and not isinstance(given, bool)
    return whole and 0 <= given <= most


def _mapping_faults(name: str, given: Any, keys: tuple[str, ...] | None, most: float) -> list[str]:
    """Say what is wrong with a rule given for several names."""
    if not isinstance(given, Mapping):
        wanted = ", ".join(keys) if keys else "LPTs"
        return [f"{name} is {given!r}; give a table of numbers by {wanted}."]
    faults = []
    for key, value in given.items():
        if keys and key not in keys:
            faults.append(f"{name} names {key!r}; it takes {', '.join(keys)}.")
        if not _number(value, most):
            span = f"0 to {most:g}" if np.isfinite(most) else "0 or more"
            faults.append(f"{name} of {key!r} is {value!r}; it must be {span}.")
    return faults
