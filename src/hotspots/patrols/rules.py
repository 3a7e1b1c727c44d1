"""The rules a patrol plan keeps, and the travel times they imply."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from ..contracts import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
        Rounds of route improvement per LPT and shift, 0 to 1000, more for short routes; more is
        better and slower.

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
    effort: int = 3

    def __post_init__(self) -> None:
        faults = []
        for field in fields(self):
            low, high, whole, why = _RANGES[field.name]
            given = getattr(self, field.name)
            number = isinstance(given, (int, float, np.number)) and not isinstance(given, bool)
            if not number or not low <= given <= high or (whole and given != int(given)):
                kind = "a whole number, " if whole and number and given != given // 1 else ""
                faults.append(
                    f"{field.name} is {given!r}; it must be {kind}{low:g} to {high:g} ({why})."
                )
        if faults:
            raise InputError("rules", faults)

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
            ``detour * straight line / speed``, in minutes.

        Examples
        --------
        >>> home, spot = np.array([[0.0, 0.0]]), np.array([[4000.0, 0.0]])
        >>> PatrolRules().travel_minutes(home, spot, "vehicle").round(2)
        array([[10.4]])
        """
        speed = {"foot": self.foot_kmh, "cycle": self.cycle_kmh, "vehicle": self.vehicle_kmh}[mode]
        gone = np.asarray(start)[:, None, :] - np.asarray(end)[None, :, :]
        metres: NDArray[np.float64] = np.sqrt((gone**2).sum(axis=2))
        return metres * (self.detour * 60 / (speed * 1000))
