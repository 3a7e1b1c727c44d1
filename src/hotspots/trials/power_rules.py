"""What a trial is meant to find, how it is patrolled, and how its power is simulated."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..contracts import InputError, range_faults
from .rules import TrialRules

# field: (lowest, highest, whole number, why)
_RANGES: dict[str, tuple[float, float, bool, str]] = {
    "level": (0.5, 0.999, False, "1 less the significance level of the test"),
    "power": (0.5, 0.99, False, "chance of finding the effect that is asked for"),
    "sims": (50, 20_000, True, "trials simulated for each effect"),
    "draws": (99, 9999, True, "assignments drawn anew in each simulated test"),
    "before_weeks": (8, 520, False, "weeks before the start that the analysis compares with"),
    "visits": (0.1, 48, False, "visits to a treated site a day"),
    "dwell_min": (1, 240, False, "minutes of a visit"),
    "officers": (1, 20, False, "officers on a visit"),
    "delivered": (0.05, 1, False, "share of the treatment that is really delivered"),
    "contaminated": (0, 0.95, False, "share of it that control sites get all the same"),
    "displaced": (0, 1, False, "share of what is prevented that happens nearby instead"),
    "seed": (0, 2**63 - 1, True, "where chance begins"),
}


@dataclass(frozen=True)
class PowerRules:
    """What a trial is meant to find, how it is patrolled, and how its power is simulated.

    Parameters
    ----------
    outcome : sequence of str, optional
        Categories counted; all incidents when absent.
    include_police : bool
        Whether incidents found by police activity count, as they do not by default.
    start : date, optional
        First day of the trial; the day after the records end when absent.
    level, power : float
        1 less the significance level, .5 to .999, and the power wanted, .5 to .99.
    sims : int
        Trials simulated for each effect, 50 to 20,000.
    draws : int
        Assignments drawn anew in each simulated test, 99 to 9,999.
    before_weeks : float
        Weeks before the start that the analysis compares with, 8 to 520, as far as recorded.
    trial : TrialRules, optional
        How the lot is drawn (share treated, blocks, wash-out, steps), as ``design_trial`` takes
        it; the defaults when absent. A ``TrialDesign`` has its own.
    visits, dwell_min, officers : float
        Patrols a treated site gets a day: how many, of how many minutes, by how many officers.
    delivered : float
        Share of the treatment that is really delivered, .05 to 1. The effect asked about is that
        of patrols in full; the trial sees this share of it.
    contaminated : float
        Share of it that control sites get all the same, 0 to .95.
    displaced : float
        Share of what is prevented that happens at the sites of neither arm but is counted
        against it, 0 to 1: the trial is then asked for the net effect.
    seed : int

    Raises
    ------
    InputError
        Naming every value out of its range.

    Examples
    --------
    >>> PowerRules(delivered=.55).sims
    500
    >>> PowerRules(power=80)
    Traceback (most recent call last):
    hotspots.contracts.InputError: rules: power is 80; it must be 0.5 to 0.99 (chance of finding \
the effect that is asked for).
    """

    outcome: Sequence[str] | None = None
    include_police: bool = False
    start: str | dt.date | None = None
    level: float = 0.95
    power: float = 0.8
    sims: int = 500
    draws: int = 499
    before_weeks: float = 104
    trial: TrialRules | None = None
    visits: float = 2.0
    dwell_min: float = 15.0
    officers: float = 2.0
    delivered: float = 1.0
    contaminated: float = 0.0
    displaced: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        faults = range_faults(self, _RANGES)
        if not faults and self.contaminated >= self.delivered:
            faults.append(
                f"contaminated is {self.contaminated:g} and delivered {self.delivered:g}; a trial "
                "whose control sites get as much as its treated ones compares nothing."
            )
        if not isinstance(self.include_police, bool | np.bool_):
            faults.append(f"include_police is {self.include_police!r}; it takes True or False.")
        if self.trial is not None and not isinstance(self.trial, TrialRules):
            kind = type(self.trial).__name__
            faults.append(f"trial is of type {kind}; give TrialRules(...).")
        faults += _outcome_fault(self.outcome)
        if self.start is not None and not _day(self.start):
            faults.append(f"start is {self.start!r}; it takes a date, as '2026-03-02'.")
        if faults:
            raise InputError("rules", faults)


def _outcome_fault(outcome: Any) -> list[str]:
    if outcome is None:
        return []
    given = [] if isinstance(outcome, str) or not np.iterable(outcome) else list(outcome)
    if given and all(isinstance(one, str) for one in given):
        return []
    return [f"outcome is {outcome!r}; it takes a list of categories, as ['Burglary']."]


def _day(given: Any) -> bool:
    if isinstance(given, int | float | np.number):
        return False
    day = pd.to_datetime(given, errors="coerce")
    return isinstance(day, pd.Timestamp) and day.tz is None
