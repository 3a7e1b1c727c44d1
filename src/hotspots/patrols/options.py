"""What an allocation chooses from: need by hour, duties, crews and travel, as arrays and rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..contracts import InputError
from .allocation import Limits, LinearRule, Options
from .resources import DAY, Duty, Unit
from .rules import PatrolRules
from .trial import TrialDays, least_visits, trial_days

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from .demand import Demand

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

WEEK = 7 * DAY
SPREAD = 1e-5  # share of its value a further visit in one duty loses, to spread visits over duties
TREATED = "a visit on each day of treatment of a trial"
TREATED_FIRST = 10.0  # a day of treatment missed counts as so many visits owed to others
OWED = "visits each hotspot is owed"
LPT_HOURS = "hours each LPT is owed"
NEIGHBOURHOOD = "visits each neighbourhood is owed"
TOP_SHARE = "most of an LPT's visits that one hotspot may take"
FAIR_SHARE = "fair shares of the hours between LPTs"


@dataclass(frozen=True)
class Crew:
    """The units of one class in one duty, which can stand in for one another."""

    kind: str
    officers: int
    mode: str
    units: tuple[Unit, ...]

    @property
    def label(self) -> str:
        """The class in words, as ``2 constables, foot``."""
        return f"{self.officers} {self.kind}{'s' if self.officers > 1 else ''}, {self.mode}"


@dataclass(frozen=True)
class Legs:
    """How one unit travels among the hotspots of its LPT, and what it may do there.

    Parameters
    ----------
    places : ndarray of int, length m
        Positions of the hotspots in ``demand.need``.
    minutes : ndarray, shape (m + 1, m + 1) or (m + 2, m + 2)
        Minutes between them; row m is where it starts, the last column where it ends.
    able : ndarray of bool, shape (m, bands of the day), optional
        Whether it may do the task of a hotspot in a band of the clock (``rules.band_min`` long,
        from midnight). Everything when absent.
    """

    places: Ints
    minutes: Floats
    able: NDArray[np.bool_] | None = None


def crews_of(duty: Duty) -> tuple[Crew, ...]:
    """Sort the units of a duty that visits can be given to into classes.

    Examples
    --------
    >>> units = tuple(Unit(name, "Hanley", "late", kind, 2, "foot", None, np.inf)
    ...               for name, kind in [("C1", "constable"), ("P1", "pcso"), ("P2", "pcso")])
    >>> duty = Duty("Hanley", "late", 0, 840, 1320, ((840, 1320),), np.inf, units)
    >>> [(crew.label, len(crew.units)) for crew in crews_of(duty)]
    [('2 constables, foot', 1), ('2 pcsos, foot', 2)]
    """
    classes: dict[tuple[str, int, str], list[Unit]] = {}
    for unit in duty.crews:
        classes.setdefault((unit.kind, unit.officers, unit.mode), []).append(unit)
    return tuple(Crew(*key, tuple(classes[key])) for key in sorted(classes))


def build_options(
    demand: Demand, duties: Sequence[Duty], crews: Sequence[Sequence[Crew]],
    legs: Mapping[str, Legs], rules: PatrolRules, first: pd.Timestamp, days: int | None = None,
) -> tuple[Options, Limits, list[LinearRule]]:  # fmt: skip
    """Turn need, duties, crews and travel into what :func:`allocate_visits` takes.

    Parameters
    ----------
    demand : Demand
        ``need`` (``lpt``, ``tier``, ``worth``) and ``intensity``; hotspots without worth get no
        options.
    duties : sequence of Duty
        In any order; their place is the code ``duty`` of the options.
    crews : sequence of sequences of Crew
        The classes of each duty, as :func:`crews_of` gives them; their place is ``crew``.
    legs : mapping of str to Legs
        Travel of each unit, by its name.
    rules : PatrolRules
        Gaps, dwell, caps, floors, shares, budget.
    first : Timestamp
        Day 0 of the duties, which says on which weekday each falls.
    days : int, optional
        Duty days of the plan; up to the last duty when absent.

    Returns
    -------
    options : Options
    limits : Limits
    rules : list of LinearRule
        Floors are for the days of the plan, in whole visits: a floor of 3 a week asks for none in
        2 days and 1 in 3.

    Notes
    -----
    A visit in a band of the clock is worth ``worth × mean intensity`` of the band, as far as the
    duty covers it. A crew's best visits to a hotspot are taken band by band, the best first, as
    long as all of them can be kept ``gap_min`` apart within its reach: out from base, the dwell,
    and back in time. A visit takes the dwell and half of the shortest way in and out again; each
    crew's are rounded to whole multiples of its usual visit (the median), so that only an outlying
    hotspot counts as two or more. That is exact enough for a count that routes then correct, and
    keeps the integer programme small.
    """
    worth = demand.need["worth"].to_numpy(dtype=np.float64)
    rates = Rates(demand.intensity if demand.hours_known else None, first.weekday())
    span = days if days is not None else max((duty.day for duty in duties), default=-1) + 1
    calendar = trial_days(rules.trial, demand.need.index, first, span)
    rows: list[_Rows] = []
    capacity = np.zeros((len(duties), max((len(row) for row in crews), default=0)))
    for d, (duty, classes) in enumerate(zip(duties, crews, strict=True)):
        today = np.where(calendar.shut[:, duty.day], 0.0, worth)
        for c, crew in enumerate(classes):
            hours = sum(duty.hours_of(unit, rules.abstraction) for unit in crew.units)
            capacity[d, c] = hours * 60 / crew.officers
            rows.append(_crew_rows(d, c, duty, crew, legs, today, rates, rules, calendar.shut))
    options = _join(rows, rules, shared=demand.hours_known)
    duty_minutes = np.array([duty.officer_hours * 60 for duty in duties], dtype=np.float64)
    lpt = demand.need["lpt"].astype("str").to_numpy(dtype=object)
    limits = Limits(capacity, duty_minutes, _budgets(rules, lpt[options.hotspot]),
                    rules.max_per_shift, rules.max_per_day)  # fmt: skip
    wanted = _rules(demand, duties, options, limits, rules, span, calendar)
    return options, limits, wanted


class Rates:
    """Mean need between two minutes of the plan, as a multiple of the mean of the week."""

    def __init__(self, intensity: Floats | None, weekday: int) -> None:
        self.offset = weekday * DAY
        self.hours = None if intensity is None else np.concatenate([intensity] * 2, axis=1)
        if self.hours is not None:
            self.total = np.pad(np.cumsum(self.hours, axis=1), ((0, 0), (1, 0)))

    def of(self, places: Ints, start: float, end: float) -> Floats:
        """Return the rate of each place over a stretch shorter than a week."""
        if self.hours is None or end <= start:
            return np.ones(len(places))
        at = (start + self.offset) % WEEK
        low, high = at / 60, (at + end - start) / 60
        gone = self._until(places, high) - self._until(places, low)
        found: Floats = gone / (high - low)
        return found

    def _until(self, places: Ints, hour: float) -> Floats:
        assert self.hours is not None
        whole = int(hour)
        part = hour - whole
        gone: Floats = self.total[places, whole]
        return gone + part * self.hours[places, whole] if part else gone


@dataclass(frozen=True)
class _Rows:
    """Options of one crew in one duty."""

    duty: int
    day: int
    crew: int
    officers: int
    places: Ints
    values: list[list[float]]
    bands: list[list[int]]
    minutes: Floats


def _crew_rows(
    d: int, c: int, duty: Duty, crew: Crew, legs: Mapping[str, Legs], worth: Floats, rates: Rates,
    rules: PatrolRules, shut: NDArray[np.bool_],
) -> _Rows:  # fmt: skip
    ways = [legs[unit.name] for unit in crew.units]
    places = ways[0].places
    out = np.array([way.minutes[len(places), : len(places)] for way in ways])
    back = np.array([way.minutes[: len(places), -1] for way in ways])
    near = (out + back).argmin(axis=0)
    out, back = (way[near, np.arange(len(places))] for way in (out, back))
    able = None
    if any(way.able is not None for way in ways):
        able = np.any([np.ones((len(places), DAY // rules.band_min), dtype=bool)
                       if way.able is None else way.able for way in ways], axis=0)  # fmt: skip
    opens, closes, value, code = [], [], [], []
    for p, (start, end, band) in enumerate(_stretches(duty, rules, rates.hours is None, able)):
        lo, hi = start[0] + out, start[1] - rules.dwell_min - back
        on = int(end[0] // DAY)  # the date on the clock, which a night shift may pass
        midnight = (on + 1.0) * DAY - rules.dwell_min
        hi = np.where(shut[places, on + 1], np.minimum(hi, midnight), hi)
        fits = np.maximum(lo, end[0]) <= np.minimum(hi, end[1])
        fits &= ~shut[places, on]
        if able is not None and band >= 0:
            fits &= able[:, band]
        rate = rates.of(places, max(start[0], end[0]), min(start[1], end[1]))
        opens.append(np.maximum(lo, end[0]))
        closes.append(np.minimum(hi, end[1]))
        value.append(np.where(fits, worth[places] * rate, 0.0))
        code.append(p)
    shape = (len(code), len(places))  # no rows where briefing and break leave no patrol time
    first, last = np.reshape(opens, shape), np.reshape(closes, shape)
    chosen = _best_visits(np.reshape(value, shape), first, last, rules)
    values = [[float(value[p][h]) for p in row] for h, row in enumerate(chosen)]
    bands = [[code[p] for p in row] for row in chosen]
    return _Rows(d, duty.day, c, crew.officers, places, values, bands,
                 _visit_minutes(ways, rules.dwell_min))  # fmt: skip


def _stretches(
    duty: Duty, rules: PatrolRules, flat: bool, able: NDArray[np.bool_] | None
) -> list[tuple[tuple[float, float], tuple[float, float], int]]:
    """List (patrol window, span of arrivals within it, band of the clock or -1 for all)."""
    found: list[tuple[tuple[float, float], tuple[float, float], int]] = []
    for window in duty.windows:
        if flat and able is None:
            found.append((window, window, -1))
            continue
        step = rules.band_min
        bands = range(int(window[0] // step), int(-(-window[1] // step)))
        found += [(window, (n * step, (n + 1) * step), n % (DAY // step)) for n in bands]
    return found


def _best_visits(
    value: Floats, opens: Floats, closes: Floats, rules: PatrolRules
) -> list[list[int]]:
    """Choose for each hotspot the best stretches, as many visits as can be kept apart."""
    apart = rules.dwell_min + rules.gap_min
    order = np.argsort(-value.round(12), axis=0, kind="stable")
    found = []
    for h in range(value.shape[1]):
        kept: list[int] = []
        for p in order[:, h].tolist():
            if value[p, h] <= 0:
                break
            while len(kept) < rules.max_per_shift and _apart(
                sorted([*kept, p]), opens[:, h], closes[:, h], apart
            ):
                kept.append(p)
        found.append(kept)
    return found


def _apart(stretches: list[int], opens: Floats, closes: Floats, apart: float) -> bool:
    """Tell whether visits, each in its stretch of time, can be kept apart; earliest first."""
    last = -np.inf
    for p in stretches:
        last = max(float(opens[p]), last + apart)
        if last > closes[p] + 1e-9:
            return False
    return True


def _visit_minutes(ways: Sequence[Legs], dwell: float) -> Floats:
    """Minutes a visit takes: a whole multiple, for an outlying hotspot, of the crew's usual."""
    m = len(ways[0].places)
    if not m:
        return np.zeros(0)
    both = []
    for way in ways:
        go = way.minutes[: m + 1, :m].copy()  # from base or another hotspot
        come = np.delete(way.minutes[:m], m, axis=1) if way.minutes.shape[0] > m + 1 \
            else way.minutes[:m].copy()  # fmt: skip
        np.fill_diagonal(go[:m], np.inf)
        np.fill_diagonal(come[:, :m], np.inf)
        both.append((go.min(axis=0) + come.min(axis=1)) / 2)
    own = dwell + np.min(both, axis=0)
    usual = float(np.ceil(np.median(own)))
    found: Floats = usual * np.maximum(1.0, np.floor(own / usual + 0.5))
    return found


def _join(rows: Sequence[_Rows], rules: PatrolRules, *, shared: bool) -> Options:
    """Put the options of all crews under one another; those without a visit are left out."""
    width = rules.max_per_shift
    hotspot, day, duty, crew, minutes, officers = [], [], [], [], [], []
    values, bands = [], []
    for row in rows:
        for place, worth, code, cost in zip(row.places.tolist(), row.values, row.bands,
                                            row.minutes.tolist(), strict=True):  # fmt: skip
            if not worth:
                continue
            hotspot.append(place)
            day.append(row.day)
            duty.append(row.duty)
            crew.append(row.crew)
            minutes.append(cost)
            officers.append(row.officers)
            values.append(worth + [0.0] * (width - len(worth)))
            bands.append(code + [-1] * (width - len(code)))
    cost = np.array(minutes, dtype=np.float64)
    value = np.array(values, dtype=np.float64).reshape(-1, width)
    band = np.array(bands, dtype=np.int64).reshape(-1, width)
    if not shared:
        # with the same need at all hours, the first visits of each duty before any second
        band = np.tile(np.arange(width), (len(value), 1))
        value = value * (1 - SPREAD * band)
    return Options(
        hotspot=np.array(hotspot, dtype=np.int64), day=np.array(day, dtype=np.int64),
        duty=np.array(duty, dtype=np.int64), crew=np.array(crew, dtype=np.int64),
        values=value, minutes=cost, bands=band,
        officer_minutes=cost * np.array(officers, dtype=np.float64),
    )  # fmt: skip


def _budgets(rules: PatrolRules, lpt: NDArray[np.object_]) -> list[tuple[NDArray[np.bool_], float]]:
    if rules.officer_hours is None:
        return []
    if isinstance(rules.officer_hours, Mapping):
        return [(lpt == name, hours * 60) for name, hours in sorted(rules.officer_hours.items())]
    return [(np.ones(len(lpt), dtype=bool), rules.officer_hours * 60)]


def _rules(
    demand: Demand, duties: Sequence[Duty], options: Options, limits: Limits, rules: PatrolRules,
    days: int, calendar: TrialDays,
) -> list[LinearRule]:  # fmt: skip
    """Write the floors and caps of the rules over the options."""
    need = demand.need
    lpt, worth = (
        need["lpt"].astype("str").to_numpy(dtype=object),
        need["worth"].to_numpy(dtype=np.float64),
    )
    here = lpt[options.hotspot]
    found = []
    owed = least_visits(need, rules, calendar)
    for h, (name, least) in enumerate(zip(need.index, owed.tolist(), strict=True)):
        if least > 0:
            found.append(LinearRule(
                f"{name} gets {least:g} visits", "at least",
                (options.hotspot == h).astype(np.float64), float(least), True, OWED, str(lpt[h]),
            ))  # fmt: skip
    found += [
        LinearRule(
            f"{need.index[h]} gets a visit on day {d + 1}", "at least",
            ((options.hotspot == h) & (options.day == d)).astype(np.float64), 1.0, True, TREATED,
            str(lpt[h]), TREATED_FIRST,
        )
        for h, d in np.argwhere(calendar.asked & (worth > 0)[:, None]).tolist()
    ]  # fmt: skip
    found += _neighbourhood_floors(demand, options, rules, days)
    names = sorted({*lpt.tolist(), *(duty.lpt for duty in duties)})
    hours = options.officer_minutes / 60
    visit = float(hours.mean()) if len(hours) else 1.0  # shortfalls in visits, like the others
    for name in names:
        if rules.lpt_floor_hours > 0:
            found.append(LinearRule(
                f"{name} gets {rules.lpt_floor_hours * days / 7:.1f} officer-hours", "at least",
                np.where(here == name, hours, 0.0), rules.lpt_floor_hours * days / 7, True,
                LPT_HOURS, name, 1 / visit,
            ))  # fmt: skip
        number = int((worth[lpt == name] > 0).sum())
        if _may_share(rules, number):
            found += [
                LinearRule(
                    f"{need.index[h]} takes at most {rules.top_share:.0%} of the visits of {name}",
                    "at most", (options.hotspot == h) - rules.top_share * (here == name),
                    1 - 1e-6,  # a share of a visit counts as one
                    False, TOP_SHARE, name,
                )
                for h in np.flatnonzero((lpt == name) & (worth > 0)).tolist()
            ]  # fmt: skip
    return found + _fair_shares(names, lpt, worth, duties, options, limits, rules, visit)


def _may_share(rules: PatrolRules, places: int) -> bool:
    """Tell whether ``top_share`` can be kept: so few places may be that one takes more."""
    return rules.top_share < 1 and places * rules.top_share >= 1


def most_of_one(rules: PatrolRules, places: int, visits: int) -> int:
    """Return the most visits one hotspot may take of those shared out over an LPT's places.

    Examples
    --------
    A part of a visit counts as one.

    >>> most_of_one(PatrolRules(top_share=0.3), 5, 8)
    3
    """
    if not _may_share(rules, places):
        return 10**6
    return max(int(np.ceil(rules.top_share * visits - 1e-6)), 1)


def _neighbourhood_floors(
    demand: Demand, options: Options, rules: PatrolRules, days: int
) -> list[LinearRule]:
    least = np.floor(rules.neighbourhood_floor * days / 7 + 1e-9)
    if least <= 0:
        return []
    if "neighbourhood" not in demand.hotspots.columns:
        raise InputError("rules", [
            f"neighbourhood_floor is {rules.neighbourhood_floor:g}, and the hotspots have no "
            "column 'neighbourhood'; add it, or set the floor to 0."])  # fmt: skip
    names = demand.hotspots["neighbourhood"].astype("object")
    lpt = demand.need["lpt"].astype("str").to_numpy(dtype=object)
    found = []
    for name in sorted({str(n) for n in names[names.notna()]}):
        held = (names.astype("str") == name).to_numpy()
        teams = np.unique(lpt[held])
        found.append(LinearRule(
            f"{name} gets {least:g} visits", "at least", held[options.hotspot].astype(np.float64),
            float(least), True, NEIGHBOURHOOD, str(teams[0]) if len(teams) == 1 else "",
        ))  # fmt: skip
    return found


def _fair_shares(
    names: Sequence[str], lpt: NDArray[np.object_], worth: Floats, duties: Sequence[Duty],
    options: Options, limits: Limits, rules: PatrolRules, visit: float,
) -> list[LinearRule]:  # fmt: skip
    """Write each LPT's least share of the hours there are, as far as its own units go.

    The hours are those that can be planned at most, a fixed figure: an LPT short of units then
    cannot lower the others.
    """
    if rules.fair_share <= 0 or not len(options.hotspot) or worth.sum() <= 0:
        return []
    cost = options.officer_minutes
    where = lpt[options.hotspot]
    whose = np.array([duty.lpt for duty in duties], dtype=object)
    can = np.zeros(len(duties))
    for d in range(len(duties)):
        for c in np.unique(options.crew[options.duty == d]):
            mine = (options.duty == d) & (options.crew == c)
            usual = float(options.minutes[mine].min())
            whole = min(np.floor(limits.capacity[d, c] / usual + 1e-9),
                        float((options.values[mine] > 0).sum()))  # fmt: skip
            can[d] += whole * float(cost[mine].min())
    can = np.minimum(can, np.array([duty.officer_hours * 60 for duty in duties]))
    reach = {name: float(can[whose == name].sum()) / 60 for name in names}
    if isinstance(rules.officer_hours, Mapping):
        reach = {n: min(h, rules.officer_hours.get(n, np.inf)) for n, h in reach.items()}
    total = sum(reach.values())
    if isinstance(rules.officer_hours, (int, float)):
        total = min(total, float(rules.officer_hours))
    found = []
    for name in names:
        share = float(worth[lpt == name].sum() / worth.sum())
        least = min(rules.fair_share * share * total, reach[name])
        found.append(LinearRule(
            f"{name} gets {least:.1f} officer-hours ({rules.fair_share:g} × its share of need)",
            "at least", np.where(where == name, cost / 60, 0.0), least, True, FAIR_SHARE, name,
            1 / visit,
        ))  # fmt: skip
    return found


def visits_by_duty(
    options: Options, visits: Ints, hotspots: int, duties: int
) -> tuple[Ints, Floats]:
    """Sum an allocation: visits per hotspot and duty, and officer-minutes per duty.

    Examples
    --------
    >>> one = np.zeros(2, dtype=np.int64)
    >>> options = Options(np.array([0, 1]), one, one, one, np.ones((2, 1)), np.full(2, 20.0),
    ...                   np.full(2, 40.0))
    >>> count, minutes = visits_by_duty(options, np.array([2, 1]), 3, 1)
    >>> count.tolist(), minutes.tolist()
    ([[2], [1], [0]], [120.0])
    """
    count = np.zeros((hotspots, duties), dtype=np.int64)
    np.add.at(count, (options.hotspot, options.duty), visits)
    minutes = np.bincount(options.duty, weights=options.officer_minutes * visits, minlength=duties)
    return count, minutes.astype(np.float64)
