"""What is asked of a power calculation, checked, and the records it is answered from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import InputError, Result, check_incidents
from ..impact.counts import count_places
from ..impact.rules import ImpactRules
from ..impact.spans import finest, middles
from ._design_inputs import DESIGNS, check_places, length_faults, table_faults
from .baseline import Records
from .eligibility import find_eligible
from .power_rules import PowerRules
from .published import AVERAGE, PLACE_DAYS, WHOLE_PLACES
from .rules import TrialRules
from .simulation import estimators

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

EFFECTS = (-0.05, -0.1, -0.15, -0.2, -0.25, -0.3, -0.4, -0.5)
LEAST_DAYS = 330
"""Days of records under which levels and variation of the sites cannot be told."""
LEAST_SITES = 4
"""Sites under which there is no trial."""

_MOST = 12  # trials asked about at once


@dataclass(frozen=True)
class Asked:
    """What a power calculation is asked.

    Attributes
    ----------
    places : GeoDataFrame
        The sites as ``find_eligible`` gives them, worst first.
    excluded : DataFrame
        Hotspots that may not be in the trial, with the reason.
    trial : TrialDesign or None
    design : str
    effects : ndarray
    sites, weeks : tuple of int
    estimator : str
    start : datetime64[D]
        First day of the trial.
    unit : str
        "day", "weeks" or "month": the periods of the simulated trials.
    rules : PowerRules
    lot_rules : TrialRules
    notes : tuple of str
        What else is to be told of the sites.
    """

    places: gpd.GeoDataFrame
    excluded: pd.DataFrame
    trial: Any
    design: str
    effects: NDArray[np.float64]
    sites: tuple[int, ...]
    weeks: tuple[int, ...]
    estimator: str
    start: np.datetime64
    unit: str
    rules: PowerRules
    lot_rules: TrialRules
    notes: tuple[str, ...]

    @property
    def as_drawn(self) -> bool:
        """Whether a designed trial is asked about as it is, not another number of sites."""
        if self.trial is None:
            return False
        return self.sites == (len(self.places),) and self.weeks == (_weeks_of(self.trial),)


def read_asked(
    trial: Any, incidents: Any, design: Any, effects: Any, sites: Any, weeks: Any,
    estimator: Any, rules: Any,
) -> Asked:  # fmt: skip
    """Check everything given; raise one error with every fault."""
    faults: list[str] = []
    if rules is not None and not isinstance(rules, PowerRules):
        faults.append(f"rules is of type {type(rules).__name__}; give PowerRules(...).")
        rules = None
    rules = PowerRules() if rules is None else rules
    drawn = _trial(trial, faults)
    kind = None if drawn is None else str(drawn.design)
    if kind is not None and design is not None and design != kind:
        faults.append(f"design is {design!r}, but the trial given is {kind!r}; leave it out.")
    design = (kind or "simple") if design is None else design
    lot_rules = drawn.rules if drawn is not None else rules.trial or TrialRules()
    if not isinstance(design, str) or design not in DESIGNS:
        faults.append(f"design is {design!r}; it takes {', '.join(map(repr, DESIGNS))}.")
    wanted = _effects(effects, faults)
    some = _several(sites, "sites", LEAST_SITES, 5000, faults)
    long = _several(weeks, "weeks", 1, 260, faults) or (
        (_weeks_of(drawn),) if drawn is not None else (12,))  # fmt: skip
    for one in long if design == "stepped wedge" or design == "crossover" else ():
        faults += length_faults(design, one, lot_rules)
    if len(some) * len(long) > _MOST:
        faults.append(f"{len(some)} numbers of sites by {len(long)} of weeks are more than {_MOST} "
                      "trials at once; ask for fewer.")  # fmt: skip
    if not isinstance(estimator, str) or (estimator != "auto" and estimator not in estimators()):
        have = ", ".join(map(repr, estimators()))
        faults.append(f"estimator is {estimator!r}; it takes 'auto', {have}.")
    faults += _record_faults(incidents, design, rules)
    if faults:
        raise InputError("trial_power", faults)
    fine = finest(incidents) == "W"
    unit = "month" if not fine else "day" if design == "crossover" else "weeks"
    start = _start(incidents, drawn, rules, unit)
    auto = "randomisation" if estimator == "auto" else estimator
    places, excluded, notes = _sites(trial, drawn, incidents, start, rules, lot_rules)
    if unit == "month":
        notes = (*notes, "most records tell the month only, so the trial is simulated in whole "
                 "calendar months")  # fmt: skip
    return Asked(
        places, excluded, drawn, design, wanted, some or (len(places),), long, auto, start, unit,
        rules, lot_rules, notes,
    )  # fmt: skip


def _trial(trial: Any, faults: list[str]) -> Any:
    """Return the trial given, or None for hotspots."""
    if all(hasattr(trial, name) for name in ("sites", "calendar", "design", "redraw", "lot")):
        if len(trial.calendar) == 0:
            faults.append("the calendar of the trial is empty; give what design_trial returns.")
        return trial
    if isinstance(trial, Result):
        faults.append(f"the first argument is of type {type(trial).__name__}; give a hotspots "
                      "table, or what design_trial returns.")  # fmt: skip
        return None
    faults += table_faults("hotspots", lambda: check_places(trial))
    return None


def _weeks_of(trial: Any) -> int:
    return int(trial.timetable.days) // 7


def _record_faults(incidents: Any, design: Any, rules: PowerRules) -> list[str]:
    found = table_faults("incidents", lambda: check_incidents(incidents))
    if found:
        return found
    if len(incidents) == 0:
        return ["there are no incidents; give the records of the years before."]
    if design == "crossover" and finest(incidents) != "W":
        found.append("a cross-over of days needs records with the day of each incident, and most "
                     "of these are known to the month only; ask for design='pairs', or use the "
                     "force's own records.")  # fmt: skip
    known = set(incidents["category"].dropna().astype(str))
    if unknown := [one for one in rules.outcome or () if one not in known]:
        found.append(f"rules.outcome holds {', '.join(map(repr, unknown))}, which no incident has; "
                     f"categories: {', '.join(sorted(known)[:20])}.")  # fmt: skip
    return found


def _sites(
    given: Any, trial: Any, incidents: Any, start: np.datetime64, rules: PowerRules,
    lot_rules: TrialRules,
) -> tuple[Any, pd.DataFrame, tuple[str, ...]]:  # fmt: skip
    """Return the sites worst first, those left out, and what to tell of them."""
    notes: tuple[str, ...] = ()
    if trial is not None:
        sites, excluded = trial.sites, trial.excluded
    else:
        asked = replace(lot_rules, categories=lot_rules.categories or rules.outcome,
                        include_police=rules.include_police)  # fmt: skip
        day = pd.Timestamp(str(min(start, _after(incidents))))
        try:
            found = find_eligible(given, incidents, day, None, asked)
        except InputError as error:
            raise InputError("trial_power", error.faults) from error
        sites, excluded, notes = found.sites, found.excluded, found.notes
    if len(sites) < LEAST_SITES:
        reasons = excluded["reason"].value_counts().head(4).items()
        left = "; ".join(f"{n:,} {reason}" for reason, n in reasons) or "none"
        raise InputError("trial_power", [
            f"{len(sites):,} hotspots may be in a trial, and {LEAST_SITES} are needed at least. "
            f"Left out: {left}. Give more hotspots, or relax rules.trial (min_incidents, buffer_m)."
        ])  # fmt: skip
    order = np.lexsort((sites.index.astype(str), -sites["baseline"].to_numpy(dtype=float)))
    return sites.iloc[order], excluded, notes


def _after(incidents: Any) -> np.datetime64:
    """First day after the records."""
    last = np.datetime64(pd.Timestamp(incidents["occurred_from"].max()).date(), "D")
    return last + np.timedelta64(1, "D")


def _effects(effects: Any, faults: list[str]) -> NDArray[np.float64]:
    given = effects if np.iterable(effects) and not isinstance(effects, str) else [effects]
    found = []
    for one in given:
        number = isinstance(one, int | float | np.number) and not isinstance(one, bool)
        if not number or not -0.95 <= one < 0:
            faults.append(f"effects holds {one!r}; each is a fall as a share, -0.95 to below 0, "
                          "as -0.2 for 20% fewer.")  # fmt: skip
        else:
            found.append(float(one))
    if not list(given):
        faults.append("effects is empty; give at least one fall, as -0.2.")
    told = {one.change for one in (AVERAGE, WHOLE_PLACES, PLACE_DAYS)}  # always asked about
    return np.array(sorted({*found, *told}, reverse=True))


def _several(given: Any, name: str, low: int, high: int, faults: list[str]) -> tuple[int, ...]:
    """Read one or several whole numbers; none where nothing is given."""
    if given is None:
        return ()
    values = list(given) if np.iterable(given) and not isinstance(given, str) else [given]
    for one in values:
        number = isinstance(one, int | np.integer) and not isinstance(one, bool)
        if not number or not low <= one <= high:
            faults.append(f"{name} holds {one!r}; it takes whole numbers from {low} to {high:,}.")
    if not values:
        faults.append(f"{name} is empty; give at least one number.")
    return tuple(dict.fromkeys(values))


def _start(incidents: Any, trial: Any, rules: PowerRules, unit: str) -> np.datetime64:
    """First day of the trial: as the trial or the rules say, else when the records end."""
    if trial is not None:
        return np.datetime64(trial.start.date(), "D")
    day = pd.Timestamp(str(_after(incidents)))
    if rules.start is not None:
        day = pd.Timestamp(rules.start).normalize()
    if unit == "month" and day.day > 1:
        day = day + pd.offsets.MonthBegin()
    return np.datetime64(day.date(), "D")


def count_records(incidents: gpd.GeoDataFrame, asked: Asked, unit: str | None = None) -> Records:
    """Count what was recorded at the sites before the trial."""
    rules = asked.rules
    period = {"day": "D", "weeks": "W", "month": "MS"}[unit or asked.unit]
    middle = middles(incidents).astype("datetime64[D]")
    stop = min(asked.start, middle.max() + np.timedelta64(1, "D"))
    half = middle.min() + (stop - middle.min()) // 2
    half = asked.start - np.timedelta64(7, "D") * ((asked.start - half) // np.timedelta64(7, "D"))
    if period == "MS":
        half = half.astype("datetime64[M]").astype("datetime64[D]")
    outcomes = None if rules.outcome is None else {"outcome": list(rules.outcome)}
    places = asked.places[["geometry"]]
    counts = count_places(
        incidents, places, start=str(half), end=str(stop - np.timedelta64(1, "D")),
        rules=ImpactRules(outcomes=outcomes, period=period, buffer_m=0, harm=False,
                          include_police=rules.include_police),
    )  # fmt: skip
    row = pd.Index(counts.places["hotspot"]).get_indexer(places.index.astype(str))
    begins = counts.periods["start"].to_numpy().astype("datetime64[D]")
    days = counts.periods["days"].to_numpy(dtype=float)
    y = counts.y[0][row]
    known = np.flatnonzero(np.isfinite(y).all(axis=0) & (begins < asked.start))
    if not len(known) or days[known].sum() < LEAST_DAYS:
        raise InputError("trial_power", [
            f"{days[known].sum():,.0f} days are wholly recorded before the trial "
            f"({asked.start}); levels and variation of the sites need {LEAST_DAYS} at least: give "
            "longer records."
        ])  # fmt: skip
    y, begins, days = (a[..., known[0] : known[-1] + 1] for a in (y, begins, days))
    return Records(y, begins, days)


def with_all(asked: Asked) -> Asked:
    """Ask the same of all incidents."""
    return replace(asked, rules=replace(asked.rules, outcome=None))
