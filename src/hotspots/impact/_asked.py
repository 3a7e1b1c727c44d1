"""What a count of places was asked for: checked, every fault named at once."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import TREATMENT, InputError, check_incidents, check_table
from .rules import ImpactRules
from .sites import Sites, given_sites
from .spans import NAMES, WIDE, finest, middles, wide_share

if TYPE_CHECKING:
    from numpy.typing import NDArray

ALL = "all incidents"
"""Name of the outcome where none is given."""

POLICE, HARM = "police", "harm: "
"""Outcome of what police activity found; what comes before an outcome for its harm."""

CROSSOVER = "crossover"
_SHOWN = 20
_ISO = re.compile(r"\s*\d{4}-\d{1,2}-\d{1,2}([T ].*)?$")


@dataclass(frozen=True)
class Asked:
    """What is to be counted, checked.

    Attributes
    ----------
    sites : Sites
    middle : ndarray of datetime64, shape (incidents,)
        Middle of each incident's interval.
    period : str
    chosen : bool
        Whether the period was chosen here.
    start, end : Timestamp
        First and last day; ``end`` is None where not told.
    outcomes : dict
        Categories of each outcome; None for all.
    design : TrialDesign or None
    """

    sites: Sites
    middle: NDArray[np.datetime64]
    period: str
    chosen: bool
    start: pd.Timestamp
    end: pd.Timestamp | None
    outcomes: dict[str, list[str] | None]
    design: Any

    @property
    def crossover(self) -> bool:
        """Whether places change between treatment and none from day to day."""
        return self.design is not None and str(self.design.design) == CROSSOVER


def read_asked(
    incidents: Any, treated: Any, control: Any, start: Any, end: Any, design: Any, rules: Any
) -> Asked:
    """Check everything given, and raise one error with every fault.

    Parameters
    ----------
    incidents, treated, control, start, end, design, rules
        As :func:`hotspots.impact.count_places` takes them.

    Returns
    -------
    Asked
    """
    faults: list[str] = []
    if rules is not None and not isinstance(rules, ImpactRules):
        faults.append(f"rules is of type {type(rules).__name__}; give ImpactRules(...).")
    rules = rules if isinstance(rules, ImpactRules) else ImpactRules()
    try:
        check_incidents(incidents)
    except InputError as error:
        faults += [f"{error.what}: {fault}" for fault in error.faults]
        incidents = None
    if incidents is not None and len(incidents) == 0:
        faults.append("there are no incidents; give the records of before and after.")
    crs = getattr(incidents, "crs", None)
    sites = given_sites(treated, control, design, crs, faults)
    first, last = _dates(start, end, design, faults)
    if incidents is None or len(incidents) == 0:
        raise InputError("count_places", faults)
    outcomes = read_outcomes(incidents, rules, faults)
    crossover = design is not None and str(getattr(design, "design", "")) == CROSSOVER
    period = rules.period
    if period == "auto":
        period = "D" if crossover else finest(incidents)
    if (share := wide_share(incidents, period)) > WIDE:
        remedy = "leave such rows out" if period == "MS" else "use period='MS', calendar months"
        if crossover:
            remedy = "a cross-over of days cannot be judged by such records"
        faults.append(f"period={period!r} needs times known to the {NAMES[period]}, but "
                      f"{share:.0%} of the incidents span more; {remedy}.")  # fmt: skip
    if crossover and period != "D":
        faults.append(f"period is {period!r}; a cross-over is counted by the day: use 'D'.")
    middle = middles(incidents)
    _in_records(middle, first, faults)
    if faults or sites is None or first is None:
        raise InputError("count_places", faults)
    return Asked(sites, middle, period, rules.period == "auto", first, last, outcomes, design)


def _dates(
    start: Any, end: Any, design: Any, faults: list[str]
) -> tuple[pd.Timestamp | None, pd.Timestamp | None]:
    """First and last day, as given or from the calendar of a trial."""
    first, last = read_day(start, "start", faults), read_day(end, "end", faults)
    if design is not None and hasattr(design, "calendar"):
        if start is not None:
            faults.append("start is given beside design, which has its own; leave it out.")
        try:
            check_table(design.calendar, TREATMENT, "design.calendar")
        except InputError as error:
            faults += [f"{error.what}: {fault}" for fault in error.faults]
            return None, None
        dates = design.calendar["date"]
        if len(dates) == 0:
            faults.append("design.calendar is empty; give what design_trial returns.")
            return None, None
        first, until = dates.min().normalize(), dates.max().normalize()
        last = until if last is None else min(last, until)
    elif start is None and design is None:
        faults.append("start is missing; give the first day of treatment, as '2025-04-01'.")
    if first is not None and last is not None and last < first:
        faults.append(f"end is {last:%Y-%m-%d} and start {first:%Y-%m-%d}; the end must not come "
                      "before the start.")  # fmt: skip
    return first, last


def read_day(value: Any, name: str, faults: list[str]) -> pd.Timestamp | None:
    """Read a local date, adding the fault where it is none; None stays None."""
    if value is None:
        return None
    day: Any = pd.NaT
    text = isinstance(value, str)  # of "01/04/2025" nobody can tell the day
    if isinstance(value, dt.date | np.datetime64) or (text and _ISO.match(value)):
        try:
            day = pd.Timestamp(value)
        except (ValueError, TypeError):
            day = pd.NaT
    plain = isinstance(day, pd.Timestamp) and day.tz is None and 1900 <= day.year <= 2200
    if not plain:
        faults.append(f"{name} is {value!r}; it takes a local date, as '2025-04-01'.")
        return None
    return pd.Timestamp(day).normalize()


def read_outcomes(
    incidents: pd.DataFrame, rules: ImpactRules, faults: list[str]
) -> dict[str, list[str] | None]:
    """Read the types of each outcome, adding a fault for each that no incident has."""
    if rules.outcomes is None:
        return {ALL: None}
    known = {str(name) for name in incidents["category"].unique()}
    for name, categories in rules.outcomes.items():
        if name == POLICE or name.startswith(HARM):
            faults.append(f"an outcome is called {name!r}, which is kept for another; rename it.")
        if unknown := [one for one in categories if one not in known]:
            have = sorted(known)
            more = f" and {len(have) - _SHOWN} more" if len(have) > _SHOWN else ""
            faults.append(f"outcomes[{name!r}] holds {', '.join(map(repr, unknown))}, which no "
                          "incident has; categories: "
                          f"{', '.join(have[:_SHOWN])}{more}.")  # fmt: skip
    return {name: list(categories) for name, categories in rules.outcomes.items()}


def _in_records(
    middle: NDArray[np.datetime64], first: pd.Timestamp | None, faults: list[str]
) -> None:
    """Fault a start outside of the time of the records."""
    low, high = pd.Timestamp(middle.min()), pd.Timestamp(middle.max())
    span = f"the records run from {low:%Y-%m-%d} to {high:%Y-%m-%d}"
    if first is not None and first > high:
        faults.append(f"start is {first:%Y-%m-%d}, but {span}; give records from after the start.")
    if first is not None and first <= low:
        faults.append(f"start is {first:%Y-%m-%d}, but {span}; give records from before the start.")
