"""What is asked of a power calculation, checked, and the records it is answered from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import InputError, check_incidents
from ..impact.counts import count_places
from ..impact.rules import ImpactRules
from ..impact.spans import finest, middles
from ._design_inputs import DESIGNS
from .baseline import Records
from .power_rules import PowerRules
from .rules import TrialRules
from .simulation import estimators

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

EFFECTS = (-0.05, -0.1, -0.15, -0.2, -0.25, -0.3, -0.4, -0.5)
LEAST_DAYS = 330
"""Days of records under which levels and variation of the sites cannot be told."""
_MOST = 12  # trials asked about at once
_UNITS = {"crossover": "day"}


@dataclass(frozen=True)
class Asked:
    """What a power calculation is asked.

    Attributes
    ----------
    places : GeoDataFrame
        The sites, worst first.
    trial : TrialDesign or None
    design : str
    effects : ndarray
    sites : tuple of int
    weeks : tuple of float
    estimator : str
    start : datetime64[D]
        First day of the trial.
    unit : str
        "day", "weeks" or "month": the periods of the simulated trials.
    rules : PowerRules
    """

    places: gpd.GeoDataFrame
    trial: Any
    design: str
    effects: NDArray[np.float64]
    sites: tuple[int, ...]
    weeks: tuple[float, ...]
    estimator: str
    start: np.datetime64
    unit: str
    rules: PowerRules

    @property
    def lpt(self) -> pd.Series | None:
        """Team of each site, where known."""
        return self.places["lpt"] if "lpt" in self.places.columns else None

    @property
    def lot_rules(self) -> TrialRules | None:
        """How the lot is drawn: as the trial says, or the rules."""
        given: TrialRules | None = getattr(self.trial, "rules", self.rules.trial)
        return given

    @property
    def as_drawn(self) -> bool:
        """Whether a designed trial is asked about as it is, not another number of sites."""
        length = () if self.trial is None else (_weeks_of(self.trial),)
        return self.sites == (len(self.places),) and self.weeks == length


def read_asked(
    trial: Any, incidents: Any, design: Any, effects: Any, sites: Any, weeks: Any,
    estimator: Any, rules: Any,
) -> Asked:  # fmt: skip
    """Check everything given; raise one error with every fault."""
    if rules is not None and not isinstance(rules, PowerRules):
        kind = type(rules).__name__
        raise InputError("trial_power", [f"rules is of type {kind}; give PowerRules(...)."])
    rules = PowerRules() if rules is None else rules
    check_incidents(incidents)
    faults: list[str] = []
    places, drawn = _places(trial, faults)
    kind, length = _of_trial(drawn, faults)
    if kind is not None and design is not None and design != kind:
        faults.append(f"design is {design!r}, but the trial given is {kind!r}; leave it out.")
    design = (kind or "simple") if design is None else design
    if design not in DESIGNS:
        faults.append(f"design is {design!r}; it takes {', '.join(map(repr, DESIGNS))}.")
    wanted = _effects(effects, faults)
    count = 0 if places is None else len(places)
    some = _several(sites, (count,), "sites", 4, 5000, faults, whole=True)
    long = _several(weeks, (length,), "weeks", 1, 260, faults)
    if len(some) * len(long) > _MOST:
        faults.append(f"{len(some)} numbers of sites by {len(long)} of weeks are more than {_MOST} "
                      "trials at once; ask for fewer.")  # fmt: skip
    if estimator != "auto" and estimator not in estimators():
        have = ", ".join(map(repr, estimators()))
        faults.append(f"estimator is {estimator!r}; it takes 'auto', {have}.")
    if len(incidents) == 0:
        faults.append("there are no incidents; give the records of the years before.")
    if rules.outcome is not None and len(incidents):
        known = set(incidents["category"].dropna().astype(str))
        if unknown := [one for one in rules.outcome if one not in known]:
            faults.append(f"rules.outcome holds {', '.join(map(repr, unknown))}, which no incident "
                          f"has; categories: {', '.join(sorted(known)[:20])}.")  # fmt: skip
    if faults or places is None:
        raise InputError("trial_power", faults)
    fine = finest(incidents) == "W"
    if design == "crossover" and not fine:
        raise InputError("trial_power", [
            "a cross-over of days needs records with the day of each incident, and most of these "
            "are known to the month only; ask for design='pairs', or use the force's own records."
        ])  # fmt: skip
    unit = "month" if not fine else _UNITS.get(design, "weeks")
    start = _start(incidents, drawn, rules, unit)
    auto = "randomisation" if estimator == "auto" else estimator
    return Asked(
        _ordered(places), drawn, design, wanted, some, long, auto, start, unit, rules
    )  # fmt: skip


def _places(trial: Any, faults: list[str]) -> tuple[Any, Any]:
    """Return the polygons of the sites, and the trial they come from where there is one."""
    import geopandas as gpd

    if isinstance(trial, gpd.GeoDataFrame):
        if len(trial) == 0:
            faults.append("there are no hotspots; give those the trial might use.")
            return None, None
        return trial, None
    if all(hasattr(trial, name) for name in ("sites", "calendar", "design", "redraw")):
        return trial.sites, trial
    faults.append(
        f"the first argument is of type {type(trial).__name__}; give a hotspots table, or what "
        "design_trial returns."
    )
    return None, None


def _of_trial(trial: Any, faults: list[str]) -> tuple[str | None, float]:
    if trial is None:
        return None, 12.0
    if len(trial.calendar) == 0:
        faults.append("the calendar of the trial is empty; give what design_trial returns.")
        return str(trial.design), 12.0
    return str(trial.design), _weeks_of(trial)


def _weeks_of(trial: Any) -> float:
    dates = trial.calendar["date"]
    return float((dates.max() - dates.min()).days + 1) / 7


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
    return np.array(sorted(set(found), reverse=True))


def _several(
    given: Any, usual: Sequence[float], name: str, low: float, high: float, faults: list[str],
    *, whole: bool = False,
) -> tuple[Any, ...]:  # fmt: skip
    if given is None:
        if usual[0] and usual[0] < low:
            faults.append(f"there are {usual[0]:g} {name}; a trial needs {low:g} at least.")
        return tuple(usual)
    values = list(given) if np.iterable(given) and not isinstance(given, str) else [given]
    kinds = (int, np.integer) if whole else (int, float, np.number)
    for one in values:
        number = isinstance(one, kinds) and not isinstance(one, bool)
        if not number or not low <= one <= high:
            kind = "a whole number from " if whole else ""
            faults.append(f"{name} holds {one!r}; it takes {kind}{low:g} to {high:g}.")
    if not values:
        faults.append(f"{name} is empty; give at least one number.")
    return tuple(dict.fromkeys(values))


def _start(incidents: Any, trial: Any, rules: PowerRules, unit: str) -> np.datetime64:
    """First day of the trial: as the trial or the rules say, else when the records end."""
    if trial is not None:
        first = pd.Timestamp(trial.calendar["date"].min())
    elif rules.start is not None:
        first = pd.Timestamp(rules.start)
    else:
        last = pd.Timestamp(incidents["occurred_from"].max()).normalize() + pd.Timedelta(days=1)
        whole = last + pd.offsets.MonthBegin(0)
        first = whole if unit == "month" else last
    day = np.datetime64(first.date(), "D")
    return day.astype("datetime64[M]").astype("datetime64[D]") if unit == "month" else day


def _ordered(places: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Worst first, whatever the order given, so that a smaller trial takes the worst."""
    keys = [places.index.astype(str).to_numpy()]
    for name, sign in (("incidents", -1.0), ("heat", -1.0), ("rank", 1.0)):
        if name in places.columns:
            keys.append(sign * pd.to_numeric(places[name]).fillna(0).to_numpy(dtype=float))
    return places.iloc[np.lexsort(keys)]


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
        rules=ImpactRules(outcomes=outcomes or {}, period=period, buffer_m=0, harm=False,
                          include_police=rules.include_police) if outcomes
        else ImpactRules(period=period, buffer_m=0, harm=False,
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
    return Records(y, begins, days, _chosen(asked.places, begins, days))


def _chosen(
    places: gpd.GeoDataFrame, begins: NDArray[np.datetime64], days: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Periods for whose counts the sites were chosen, where the hotspots say so."""
    if not {"period_start", "period_end"} <= set(places.columns):
        return np.zeros(len(begins), dtype=bool)
    first = np.datetime64(pd.Timestamp(places["period_start"].min()), "D")
    last = np.datetime64(pd.Timestamp(places["period_end"].max()), "D")
    if np.isnat(first) or np.isnat(last):
        return np.zeros(len(begins), dtype=bool)
    ends = begins + days.astype("timedelta64[D]")
    inside: NDArray[np.bool_] = (begins < last) & (ends > first)
    return inside


def with_all(asked: Asked) -> Asked:
    """Ask the same of all incidents."""
    return replace(asked, rules=replace(asked.rules, outcome=None))
