"""From incidents to the counts of a study: per place and ring, per period, per outcome."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import TREATMENT, InputError, Result, check_incidents, check_table
from ..places import coordinates, distinct_points
from .rings import NOWHERE, SHARED, find_reach
from .rules import ImpactRules
from .sites import Sites, given_sites
from .spans import WIDE, cut_periods, finest, middles, wide_share
from .study import Study, make_study

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from .study import Redraw

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

PARTS = ("hotspots", "buffer", "both")
"""What a study is made of: the places, the rings about them, or the two together."""

ALL = "all incidents"
"""Name of the outcome where none is given."""

POLICE, HARM = "police", "harm: "
"""Outcome of what police activity found; what comes before an outcome for its harm."""

CROSSOVER = "crossover"
NAMES = {"MS": "month", "W": "week", "D": "day"}
UNLOCATED = -3
FATES = ["counted", "found_by_police", "other_category", "other_time", "not_a_place"]
_WHERE = ["inside a treated place", "inside a control place", "ring of a treated place",
          "ring of a control place", "ring shared by places that are compared", "elsewhere",
          "no place known"]  # fmt: skip


@dataclass(frozen=True, repr=False)
class PlaceCounts(Result):
    """Counts of a study, as :func:`count_places` gives them.

    n places (treated first), T periods, O outcomes; rows and columns of all arrays in this order.

    Attributes
    ----------
    places : GeoDataFrame
        Index ``place``: ``hotspot`` (the id given), ``arm`` (treated, control), ``name``, ``lpt``
        (where known), ``area_km2``, ``block``, ``incidents`` (all inside, at any time).
    periods : DataFrame
        Index 0 to T - 1: ``start``, ``end`` (first moment after), ``days``, ``after``,
        ``complete``, ``why`` (why it is not used), ``incidents`` (of the whole records).
    accounts : DataFrame
        Where every incident given went: ``where`` and ``incidents``, which add up to all.
    outcomes : tuple of str
        The first is the one the evaluation is judged by.
    y, ring_y : ndarray, shape (O, n, T)
        Incidents inside the places, and in their rings; NaN in periods without whole records.
    harm_y : ndarray, shape (O, n, T), or None
        Days of sentence inside the places, where incidents have a harm weight.
    police_y : ndarray, shape (n, T)
        Incidents inside the places that police activity found, of every category.
    treat : ndarray, shape (n, T)
        1 where the place was under treatment, else 0.
    used : ndarray of bool, shape (n, T)
        Not wash-out, not partly treated, records whole.
    cell : ndarray of int, shape (n, T)
        What a count is compared within: the place, or in a cross-over the place and week.
    block : ndarray of int, shape (n,)
    chosen : ndarray of bool, shape (T,)
        Periods that overlap the dates the places were chosen for.
    redraw : callable, optional
        Draws assignments anew as the design does.
    design : str
        Kind of the trial; empty where there was none.
    period : str
        "MS", "W" or "D".
    start, end : Timestamp
        First day of treatment, last day that counts.
    said : str
        The text.
    """

    places: gpd.GeoDataFrame
    periods: pd.DataFrame
    accounts: pd.DataFrame
    outcomes: tuple[str, ...]
    y: Floats
    ring_y: Floats
    harm_y: Floats | None
    police_y: Floats
    treat: Floats
    used: Bools
    cell: Ints
    block: Ints
    chosen: Bools
    redraw: Callable[[int, np.random.Generator], Any] | None
    design: str
    period: str
    start: pd.Timestamp
    end: pd.Timestamp
    said: str

    @property
    def text(self) -> str:
        """What was counted, and what was left out."""
        return self.said

    def study(self, outcome: str | None = None, part: str = "hotspots") -> Study:
        """Make the study of one outcome, as every estimator takes it.

        Parameters
        ----------
        outcome : str, optional
            One of :attr:`outcomes`; the first when absent. ``"police"``: what police activity
            found, inside the places only. ``"harm: <outcome>"``: its days of sentence.
        part : {"hotspots", "buffer", "both"}

        Returns
        -------
        Study
            S = 1.

        Raises
        ------
        InputError
            For an outcome or a part there is not.
        """
        return self._made(self._values(outcome, part)[None])

    def _values(self, outcome: str | None, part: str) -> Floats:
        faults = []
        if part not in PARTS:
            faults.append(f"part is {part!r}; it takes {', '.join(map(repr, PARTS))}.")
        name = self.outcomes[0] if outcome is None else outcome
        harm = {f"harm: {one}": one for one in self.outcomes} if self.harm_y is not None else {}
        if name not in (*self.outcomes, *harm, "police"):
            have = ", ".join(map(repr, (*self.outcomes, *harm, "police")))
            faults.append(f"outcome is {name!r}; it takes {have}.")
        elif name not in self.outcomes and part != "hotspots":
            faults.append(f"{name!r} is counted inside the places only; use part='hotspots'.")
        if faults:
            raise InputError("study", faults)
        if name in harm and self.harm_y is not None:
            found: Floats = self.harm_y[self.outcomes.index(harm[name])]
            return found
        if name not in self.outcomes:
            return self.police_y
        at = self.outcomes.index(name)
        inside: Floats = self.y[at]
        ring: Floats = self.ring_y[at]
        return inside if part == "hotspots" else ring if part == "buffer" else inside + ring

    def _made(self, y: Floats) -> Study:
        return make_study(
            y, self.treat, days=self.periods["days"].to_numpy(dtype=float), used=self.used,
            cell=self.cell, block=self.block, redraw=self.redraw, chosen=self.chosen,
        )  # fmt: skip


def count_places(
    incidents: gpd.GeoDataFrame,
    treated: gpd.GeoDataFrame | None = None,
    control: Any = None,
    *,
    start: str | dt.date | None = None,
    end: str | dt.date | None = None,
    design: Any = None,
    rules: ImpactRules | None = None,
) -> PlaceCounts:
    """Count incidents inside treated and control places and the rings about them, by period.

    Parameters
    ----------
    incidents : GeoDataFrame
        Every category of the sources in question, before and after.
    treated : GeoDataFrame
        Polygons of the places that were patrolled; needed without a design.
    control : GeoDataFrame or Matches, optional
        Polygons of the places they are compared with. Without any there is no comparison.
    start : date
        First day of treatment; needed without a design.
    end : date, optional
        Last day that counts; the last of the records, or of the design's calendar, when absent.
    design : TrialDesign, optional
        Places, arms, blocks, days and start then come from it.
    rules : ImpactRules, optional

    Returns
    -------
    PlaceCounts

    Raises
    ------
    InputError
        Naming every fault: places that overlap, dates outside of the records, times too coarse,
        unknown categories.

    Notes
    -----
    An incident belongs to the period of the middle of its interval. A point belongs to one place,
    or to one ring, or to neither: see :func:`hotspots.impact.rings.find_reach`.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=36)
    >>> spots = county.hotspots[county.hotspots["class_"] == "persistent"]
    >>> counts = count_places(
    ...     county.incidents, spots[spots["treated"]], spots[~spots["treated"]],
    ...     start="2025-01-01", rules=ImpactRules(period="MS"))
    >>> counts.y.shape, counts.study().before.sum().item()
    ((1, 9, 36), 24)
    """
    rules = ImpactRules() if rules is None else rules
    asked = _read(incidents, treated, control, start, end, design, rules)
    return _count(incidents, asked, rules)


@dataclass(frozen=True)
class _Asked:
    """What is to be counted, checked."""

    sites: Sites
    middle: NDArray[np.datetime64]
    periods: pd.DataFrame
    period: str
    start: pd.Timestamp
    end: pd.Timestamp
    outcomes: dict[str, list[str] | None]
    design: Any
    notes: tuple[str, ...]


def _read(
    incidents: Any, treated: Any, control: Any, start: Any, end: Any, design: Any,
    rules: Any,
) -> _Asked:  # fmt: skip
    """Check everything given and cut the time; raise one error with every fault."""
    faults: list[str] = []
    if not isinstance(rules, ImpactRules):
        raise InputError(
            "count_places", [f"rules is {type(rules).__name__}; give ImpactRules(...)."]
        )
    check_incidents(incidents)
    if len(incidents) == 0:
        faults.append("there are no incidents; give the records of before and after.")
    sites = given_sites(treated, control, design, incidents.crs, faults)
    first, last = _dates(start, end, design, faults)
    outcomes = _outcomes(incidents, rules, faults)
    crossover = design is not None and str(getattr(design, "design", "")) == CROSSOVER
    period = rules.period
    if period == "auto":
        period = "D" if crossover else finest(incidents) if len(incidents) else "MS"
    if len(incidents) and (share := wide_share(incidents, period)) > WIDE:
        faults.append(
            f"period={period!r} needs times known to the {NAMES[period]}, but {share:.0%} of the "
            f"incidents span longer; {'use period=' + repr('MS') if period != 'MS' else 'leave such rows out'}."
        )
    if crossover and period != "D":
        faults.append(f"period is {period!r}; a cross-over of days is counted by the day: use 'D'.")
    if faults or sites is None or first is None:
        raise InputError("count_places", faults)
    middle = middles(incidents)
    periods = cut_periods(incidents, middle, period, first, last, only_after=crossover)
    _check_span(periods, middle, first, last, crossover, faults)
    if faults:
        raise InputError("count_places", faults)
    stop = last if last is not None else periods["end"].iloc[-1] - pd.Timedelta(days=1)
    return _Asked(sites, middle, periods, period, first, stop, outcomes, design, sites.notes)


def _dates(
    start: Any, end: Any, design: Any, faults: list[str]
) -> tuple[pd.Timestamp | None, pd.Timestamp | None]:
    """First and last day, from what was given or from the calendar of a trial."""
    first, last = _day(start, "start", faults), _day(end, "end", faults)
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
        first = dates.min().normalize()
        last = dates.max().normalize() if last is None else min(last, dates.max().normalize())
    elif start is None and design is None:
        faults.append("start is missing; give the first day of treatment, as '2025-04-01'.")
    if first is not None and last is not None and last < first:
        faults.append(f"end is {last:%Y-%m-%d}, before start ({first:%Y-%m-%d}); swap them.")
    return first, last


def _day(value: Any, name: str, faults: list[str]) -> pd.Timestamp | None:
    if value is None:
        return None
    number = isinstance(value, bool | int | float | np.number)
    try:
        day = pd.NaT if number else pd.Timestamp(value)
    except (ValueError, TypeError):
        day = pd.NaT
    if pd.isna(day) or day.tz is not None:
        faults.append(f"{name} is {value!r}; it takes a local date, as '2025-04-01'.")
        return None
    return day.normalize()


def _outcomes(
    incidents: pd.DataFrame, rules: ImpactRules, faults: list[str]
) -> dict[str, list[str] | None]:
    if rules.outcomes is None:
        return {ALL: None}
    known = set(incidents["category"].dropna().astype(str))
    for name, categories in rules.outcomes.items():
        if name == POLICE or name.startswith(HARM):
            faults.append(f"an outcome is called {name!r}, which is kept for another; rename it.")
        if unknown := [one for one in categories if one not in known]:
            have = sorted(known)
            shown = ", ".join(have[:20]) + (f" and {len(have) - 20} more" if have[20:] else "")
            faults.append(f"outcomes[{name!r}] holds {', '.join(map(repr, unknown))}, which no "
                          f"incident has; categories: {shown}.")  # fmt: skip
    return {name: list(categories) for name, categories in rules.outcomes.items()}


def _check_span(
    periods: pd.DataFrame, middle: NDArray[np.datetime64], first: pd.Timestamp,
    last: pd.Timestamp | None, crossover: bool, faults: list[str],
) -> None:  # fmt: skip
    """Fault a start or an end that leaves nothing before or after."""
    low, high = pd.Timestamp(middle.min()), pd.Timestamp(middle.max())
    span = f"the records run from {low:%Y-%m-%d} to {high:%Y-%m-%d}"
    good = periods["complete"]
    if not (good & ~periods["after"]).any() and not crossover:
        faults.append(f"start is {first:%Y-%m-%d}, and no whole period before it is recorded "
                      f"({span}); give records from before.")  # fmt: skip
    if not (good & periods["after"]).any():
        until = "" if last is None else f" and end {last:%Y-%m-%d}"
        faults.append(f"start is {first:%Y-%m-%d}{until}, and no whole period after it is recorded "
                      f"({span}); give records from after.")  # fmt: skip


def _count(incidents: gpd.GeoDataFrame, asked: _Asked, rules: ImpactRules) -> PlaceCounts:
    places, periods = asked.sites.places, asked.periods
    n, count = len(places), len(periods)
    treat, used = _treatment(asked)
    used = used & periods["complete"].to_numpy()
    inside, ring = _where(incidents, asked, rules.buffer_m)
    edges = np.append(periods["start"].to_numpy(), periods["end"].to_numpy()[-1:])
    at = np.searchsorted(edges.astype("datetime64[s]"), asked.middle, side="right") - 1
    timed = (at >= 0) & (at < count)
    police = _police(incidents)
    counted = timed if rules.include_police else timed & ~police
    whole = periods["complete"].to_numpy()

    def tally(row: Ints, keep: Bools, weight: Floats | None = None) -> Floats:
        some = keep & (row >= 0)
        key = row[some] * count + at[some]
        each = np.bincount(key, None if weight is None else weight[some], n * count)
        found: Floats = each.reshape(n, count).astype(float)
        return np.where(whole, found, np.nan)

    category = incidents["category"].astype(object).to_numpy()
    member = [
        np.ones(len(incidents), bool) if some is None else np.isin(category.astype(str), some)
        for some in asked.outcomes.values()
    ]
    y = np.stack([tally(inside, counted & one) for one in member])
    ring_y = np.stack([tally(ring, counted & one) for one in member])
    harm_y = None
    if rules.harm and "harm" in incidents.columns:
        harm = pd.to_numeric(incidents["harm"]).fillna(0).to_numpy(dtype=float)
        harm_y = np.stack([tally(inside, counted & one, harm) for one in member])
    places = places.assign(incidents=np.bincount(inside[inside >= 0], minlength=n))
    week = np.arange(count) // 7 if asked.design is not None and _crossover(asked.design) else 0
    weeks = int(np.max(week)) + 1
    cell = np.arange(n)[:, None] * weeks + np.broadcast_to(week, count)
    accounts = _accounts(
        places["arm"].to_numpy(), inside, ring, police if not rules.include_police else police & False,
        np.any(member, axis=0), timed, at, used,
    )  # fmt: skip
    chosen = np.zeros(count, dtype=bool)
    if rules.span is not None:
        low, high = rules.span
        chosen = ((periods["start"] <= high) & (periods["end"] > low)).to_numpy()
    return PlaceCounts(
        places=places, periods=periods, accounts=accounts, outcomes=tuple(asked.outcomes), y=y,
        ring_y=ring_y, harm_y=harm_y, police_y=tally(inside, timed & police), treat=treat,
        used=used, cell=cell, block=asked.sites.block, chosen=chosen,
        redraw=_redraw(asked), design=str(asked.design.design) if asked.design is not None else "",
        period=asked.period, start=asked.start, end=asked.end,
        said=f"{len(incidents):,} incidents.",
    )  # fmt: skip


def _crossover(design: Any) -> bool:
    return str(design.design) == CROSSOVER


def _where(incidents: gpd.GeoDataFrame, asked: _Asked, buffer_m: float) -> tuple[Ints, Ints]:
    """Row of the place, and of the ring, of each incident; NOWHERE in both without a point."""
    xy = coordinates(incidents)
    known = np.flatnonzero(~np.isnan(xy[:, 0]))
    points, point = distinct_points(xy[known])
    places = asked.sites.places
    arm = None if asked.design is not None else pd.factorize(places["arm"])[0].astype(np.int64)
    reach = find_reach(points, places.geometry, buffer_m, arm)
    inside = np.full(len(incidents), UNLOCATED, dtype=np.int64)
    ring = np.full(len(incidents), NOWHERE, dtype=np.int64)
    inside[known], ring[known] = reach.inside[point], reach.ring[point]
    return inside, ring


def _police(incidents: pd.DataFrame) -> Bools:
    if "origin" not in incidents.columns:
        return np.zeros(len(incidents), dtype=bool)
    found: Bools = (incidents["origin"] == "police").fillna(False).to_numpy(dtype=bool)
    return found


def _treatment(asked: _Asked) -> tuple[Floats, Bools]:
    """Which places were treated in which periods, and where that can be told."""
    places, periods = asked.sites.places, asked.periods
    n, count = len(places), len(periods)
    if asked.design is None:
        on = (places["arm"] == "treated").to_numpy()[:, None] & periods["after"].to_numpy()
        return on.astype(float), np.ones((n, count), dtype=bool)
    calendar = asked.design.calendar
    row = pd.Index(places["hotspot"]).get_indexer(pd.Index(calendar["hotspot"].astype(str)))
    day = calendar["date"].to_numpy().astype("datetime64[D]").astype(np.int64)
    first = int(day.min())
    span = int(day.max()) - first + 1
    known, on = np.zeros((n, span), dtype=bool), np.zeros((n, span))
    mine = row >= 0
    known[row[mine], day[mine] - first] = True
    on[row[mine], day[mine] - first] = calendar["treated"].to_numpy(dtype=float)[mine]
    if "phase" in calendar.columns:
        out = mine & (calendar["phase"].astype(object) == "wash-out").to_numpy(dtype=bool)
        known[row[out], day[out] - first] = False
    low = periods["start"].to_numpy().astype("datetime64[D]").astype(np.int64) - first
    high = periods["end"].to_numpy().astype("datetime64[D]").astype(np.int64) - first
    total = np.concatenate([np.zeros((n, 1)), on.cumsum(axis=1)], axis=1)
    told = np.concatenate([np.zeros((n, 1)), known.cumsum(axis=1)], axis=1)
    a, b = np.clip(low, 0, span), np.clip(high, 0, span)
    days, share = told[:, b] - told[:, a], total[:, b] - total[:, a]
    before = high <= 0
    treat = np.where(before, 0.0, (share * 2 > high - low).astype(float))
    alike = (days == high - low) & ((share == 0) | (share == high - low))
    return treat, before | alike


def _redraw(asked: _Asked) -> Redraw | None:
    """Draw assignments as the design does, in the order of the places and periods here."""
    design = asked.design
    if design is None:
        return None
    order = pd.Index(design.sites.index.astype(str)).get_indexer(
        pd.Index(asked.sites.places["hotspot"])
    )
    starts, ends = asked.periods["start"], asked.periods["end"]

    def redraw(draws: int, rng: np.random.Generator) -> Any:
        return np.asarray(design.redraw(draws, rng, starts, ends))[:, order, :]

    return redraw


def _accounts(
    arm: NDArray[Any], inside: Ints, ring: Ints, police: Bools, member: Bools, timed: Bools,
    at: Ints, used: Bools,
) -> pd.DataFrame:  # fmt: skip
    """Account for every incident: where it lies, and whether and why not it is counted."""
    at_place = inside >= 0
    row = np.where(at_place, inside, np.maximum(ring, -1))
    where = np.where(inside == UNLOCATED, "no place known", "elsewhere").astype(object)
    where[(ring == SHARED)] = "ring shared by places that are compared"
    some = row >= 0
    where[some] = (
        np.where(at_place[some], "inside a ", "ring of a ")
        + arm[row[some]].astype(object)
        + " place"
    )
    in_time = timed & some
    in_time[in_time] = used[row[in_time], at[in_time]]
    fate = np.select(
        [~some, police, ~member, ~in_time],
        ["not_a_place", "found_by_police", "other_category", "other_time"], "counted",
    )  # fmt: skip
    table = pd.crosstab(where, fate)
    table = table.reindex(columns=FATES, fill_value=0)
    table.insert(0, "incidents", table.sum(axis=1))
    order = [one for one in _WHERE if one in table.index]
    order += [one for one in table.index if one not in order]
    table = table.loc[order].rename_axis("where").rename_axis(columns=None).reset_index()
    return table.astype({"where": "str"})
