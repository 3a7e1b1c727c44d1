"""One LPT while its duties are routed, in order of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..chance.seeds import generator
from .options import Legs, Rates
from .resources import DAY, Duty, Unit, clock_minutes
from .rules import PatrolRules
from .search import route
from .tasks import able
from .tours import Problem, Tour

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

BASE_REACH_MIN = 30.0  # a base that is not given is the hotspot with most need this near
LEAST_MIN = 90.0  # minutes a unit gets of hours that are capped, as a shorter way out is a waste
OWED = 2.0  # a visit owed to a floor, beside the best first visit of the LPT
TREATED = 20.0  # the first visit of a day of treatment of a trial, which comes before any floor


@dataclass(frozen=True)
class Places:
    """The hotspots of one LPT that may be visited, those with most need first.

    ``worth`` is 1 for the one with most need, rounded so that the last digit of a platform's
    arithmetic decides nothing. ``rates`` is their need by hour. ``asked`` holds the row of each
    hotspot's task; ``rows`` where the hotspot stands in the demand. ``shut`` tells the dates on
    which the calendar of a trial allows no visit, from the first day of the plan.
    """

    names: pd.Index
    rows: Ints
    xy: Floats
    worth: Floats
    rates: Rates
    asked: pd.DataFrame
    shut: NDArray[np.bool_]

    def value(self, start: float, end: float) -> Floats:
        """Return the worth of a first visit between two minutes of a plan."""
        worth: Floats = self.worth * self.rates.of(np.arange(len(self.worth)), start, end)
        return worth.round(9)


class Area:
    """One LPT while its duties are routed: what is known of it, and what is planned so far."""

    def __init__(
        self, lpt: str, places: Places, rules: PatrolRules, first: pd.Timestamp, seed: int | str
    ) -> None:
        self.lpt, self.places, self.rules, self.first, self.seed = lpt, places, rules, first, seed
        n = len(places.names)
        self.taken: list[list[tuple[float, float]]] = [[] for _ in range(n)]
        self.count = np.zeros(n, dtype=np.int64)
        self.today = np.zeros(n, dtype=np.int64)
        self.day = -1
        self.reached = np.zeros(n, dtype=bool)
        self.visits: list[dict[str, Any]] = []
        self.budget: list[dict[str, Any]] = []
        self._travel: dict[tuple[Any, ...], Floats] = {}

    def ends(self, unit: Unit) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return where a unit starts and ends; with no base, the place with most need near it."""
        xy, worth = self.places.xy, self.places.worth
        start = unit.base or (np.nan, np.nan)
        if unit.base is None and len(xy):
            near = self.rules.travel_minutes(xy, xy, unit.mode).round(6) <= BASE_REACH_MIN
            best = int(np.round(near @ worth, 9).argmax())
            start = (float(xy[best, 0]), float(xy[best, 1]))
        return start, unit.end or start

    def team(self, unit: Unit) -> dict[str, Any]:
        """Describe a unit as it is planned."""
        start, end = self.ends(unit)
        lost = self.rules.abstraction if unit.abstraction is None else unit.abstraction
        chosen = "hotspot with most need near it" if len(self.places.names) else "none"
        return {"unit": unit.name, "lpt": unit.lpt, "shift": unit.shift, "kind": unit.kind,
                "officers": unit.officers, "mode": unit.mode, "base_easting": start[0],
                "base_northing": start[1], "base_from": "given" if unit.base else chosen,
                "end_easting": end[0], "end_northing": end[1],
                "abstraction": lost, "planned": not unit.response}  # fmt: skip

    def travel(self, unit: Unit) -> Floats:
        """Whole minutes between hotspots, start and end (the last two), rounded up, with parking.

        Rows are where a leg begins, columns where it ends.
        """
        key = (unit.mode, unit.base, unit.end)
        if key not in self._travel:
            start, end = self.ends(unit)
            places = np.vstack([self.places.xy.reshape(-1, 2), start, end])
            exact = np.array(self.rules.travel_minutes(places, places, unit.mode))
            if unit.mode == "vehicle":
                exact[:, :-2] += self.rules.park_min
            whole: Floats = np.ceil(exact.round(6))
            np.fill_diagonal(whole, 0.0)
            self._travel[key] = whole
        return self._travel[key]

    def legs(self, unit: Unit) -> Legs:
        """Say how a unit travels here, and what it may do in each band of the clock."""
        opens = np.arange(0, DAY, self.rules.band_min, dtype=np.float64)
        may = able(unit, self.places.asked, opens, opens + self.rules.band_min,
                   self.rules.pairs_from, self.rules.pairs_to)  # fmt: skip
        return Legs(self.places.rows, self.travel(unit), may)

    def bands(self, duty: Duty) -> tuple[Floats, Floats]:
        """Return the bands of the clock that a duty reaches into, as first and last minute.

        They are cut also at the edges of the hours of pairs, where who may go changes.
        """
        width = self.rules.band_min
        edges = np.arange(duty.start // width * width, duty.end + width, width)
        edges = np.concatenate([edges, self._cuts(duty)])
        inside: Floats = np.unique(np.clip(edges, duty.start, duty.end)).astype(np.float64)
        return inside[:-1], inside[1:]

    def _cuts(self, duty: Duty) -> Ints:
        """Return the minutes around a duty at which the hours of pairs begin or end."""
        clock = [clock_minutes(t) or 0 for t in (self.rules.pairs_from, self.rules.pairs_to)]
        clock += [0] if self.places.shut.any() else []  # chance may not move a visit past midnight
        days = np.arange(duty.start // DAY - 1, duty.end // DAY + 2) * DAY
        return np.sort(np.concatenate([days + minute for minute in clock]))

    def _loosened(self, duty: Duty) -> tuple[Floats, Floats]:
        """Return the spans of arrival for the bands: half a band wider where hours are not known.

        There a band only tells visits apart by chance, and its edges would draw them together.
        """
        opens, closes = self.bands(duty)
        if self.places.rates.hours is not None:
            return opens, closes
        cuts, wider = self._cuts(duty), self.rules.band_min / 2
        first = cuts[np.searchsorted(cuts, opens, side="right") - 1]
        last = cuts[np.searchsorted(cuts, closes, side="left")]
        return np.maximum(opens - wider, first), np.minimum(closes + wider, last)

    def route_duty(
        self, duty: Duty, later: Ints, owed: Ints, due: NDArray[np.bool_], room: Ints,
        most_minutes: float,
    ) -> float:  # fmt: skip
        """Route one duty, write its visits and its budget, and return the officer-minutes spent.

        ``later`` counts the visits that later duties of the day are to make, ``owed`` those due
        here to a floor, ``due`` tells where a trial still asks for one, ``room`` what each hotspot
        may still get; ``most_minutes`` caps the officer-minutes.
        """
        if duty.day != self.day:
            self.day, self.today = duty.day, np.zeros_like(self.today)
        crew = duty.crews
        opens, closes = self.bands(duty)
        caps, tours, whose = [0.0], [], []
        for unit in crew:
            caps.append(duty.hours_of(unit, self.rules.abstraction) * 60)
            may = able(unit, self.places.asked, opens, closes, self.rules.pairs_from,
                       self.rules.pairs_to).reshape(-1)  # fmt: skip
            for a, b in duty.windows if len(self.places.names) else ():
                self._reach(unit, b - a, may)
                tours.append(Tour(a, b, self.travel(unit), unit.officers, (0, len(caps) - 1), may))
                whose.append(unit)
        available = min(sum(caps[1:]), duty.officer_hours * 60)
        caps[0] = max(min(available, most_minutes), 0.0)
        part = caps[0] / (sum(caps[1:]) or 1.0)  # capped hours are shared among the units
        caps[1:] = [
            min(cap, max(cap * part, LEAST_MIN * unit.officers))
            for cap, unit in zip(caps[1:], crew, strict=True)
        ]
        rng = generator(self.seed, f"{self._date(duty):%Y-%m-%d}", self.lpt, duty.shift)
        found: list[list[tuple[int, float]]] = []
        if tours and caps[0] > 0:
            problem = self._problem(duty, tours, caps, later, owed, due, room, rng)
            if any(problem.most_at):
                found = route(problem, rng, self.rules.effort)
        m = len(opens)
        stops = [[(c // m, at) for c, at in tour] for tour in found]
        before = len(self.visits)
        spent = self._write(duty, tours, whose, stops)
        self.budget.append({
            "date": self._date(duty), "lpt": self.lpt, "shift": duty.shift,
            "start": self.first + pd.Timedelta(minutes=duty.start),
            "end": self.first + pd.Timedelta(minutes=duty.end), "units": len(crew),
            "officers": sum(u.officers for u in crew), "available_hours": available / 60,
            "planned_hours": spent / 60, "visits": len(self.visits) - before,
        })  # fmt: skip
        return spent

    def _reach(self, unit: Unit, length: float, may: NDArray[np.bool_]) -> None:
        """Note which hotspots the unit can go to and back from in so many minutes."""
        travel, dwell = self.travel(unit), self.rules.dwell_min
        near = travel[-2, :-2] + dwell + travel[:-2, -1] <= length
        self.reached |= near & may.reshape(len(near), -1).any(axis=1)

    def _date(self, duty: Duty) -> pd.Timestamp:
        return self.first + pd.Timedelta(days=duty.day)

    def _problem(
        self, duty: Duty, tours: list[Tour], caps: list[float], later: Ints, owed: Ints,
        due: NDArray[np.bool_], room: Ints, rng: np.random.Generator,
    ) -> Problem:  # fmt: skip
        """Say what there is to visit in a duty: each hotspot in each band of the clock."""
        rules, n = self.rules, len(self.places.names)
        opens, closes = self.bands(duty)
        m = len(opens)
        value = np.column_stack([
            self.places.value(a, b) for a, b in zip(opens, closes, strict=True)
        ])  # fmt: skip
        # A full tour has one best order, the same every day; need that differs a little from day
        # to day at random does not.
        value *= 1 + rules.variety * (2 * rng.random(value.shape) - 1)
        shut, last_minute = self._shut(opens)
        room = np.where(self.places.shut[:, duty.day], 0, room)
        before = self.today + later
        most_at = np.clip(np.minimum.reduce([
            np.full(n, rules.max_per_shift), rules.max_per_day - before, room
        ]), 0, None)  # fmt: skip
        each = np.ceil((closes - opens) / (rules.dwell_min + rules.gap_min)).astype(np.int64)
        first, last = self._loosened(duty)
        reach = rules.gap_min + rules.dwell_min
        near = [[v for v in row if duty.start - reach < v[1] and v[0] < duty.end + reach]
                for row in self.taken]  # fmt: skip
        return Problem(
            tours, place=np.repeat(np.arange(n), m).tolist(), value=value.ravel().tolist(),
            opens=np.tile(opens, n).tolist(),
            closes=np.where(shut, opens - 2, np.minimum(closes, last_minute) - 1).ravel().tolist(),
            most=np.tile(each, n).tolist(), most_at=most_at.tolist(), before=before.tolist(),
            taken=near, caps=caps, dwell=rules.dwell_min, gap=rules.gap_min, decay=rules.decay,
            bonus=[[TREATED] * one + [OWED] * (k - one) for k, one in
                   zip(np.maximum(owed, due).tolist(), due.astype(int).tolist(), strict=True)],
            jitter=rules.jitter_min,
            widest=(np.tile(first, n), np.minimum(last, last_minute).ravel() - 1),
        )  # fmt: skip

    def _shut(self, opens: Floats) -> tuple[NDArray[np.bool_], Floats]:
        """Tell in which bands each hotspot may have no visit, and by when one must begin.

        A visit is over by midnight where the date that follows is one without.
        """
        shut = self.places.shut
        date = (opens // DAY).astype(np.int64)
        then = np.where(shut[:, date + 1], (date + 1) * DAY - self.rules.dwell_min + 1, np.inf)
        return shut[:, date], np.maximum(then, opens)

    def _write(
        self, duty: Duty, tours: list[Tour], whose: list[Unit],
        found: list[list[tuple[int, float]]],
    ) -> float:  # fmt: skip
        """Write the visits of a duty; return the officer-minutes they take."""
        date, dwell = self._date(duty), self.rules.dwell_min
        order: dict[str, int] = {}
        total = 0.0
        for tour, unit, stops in zip(tours, whose, found, strict=False):
            came = -2  # the row of the start
            for i, (h, at) in enumerate(stops):
                out = float(tour.travel[came, h])
                home = float(tour.travel[h, -1]) if i == len(stops) - 1 else 0.0
                order[unit.name] = order.get(unit.name, 0) + 1
                self.visits.append({
                    "visit": f"{date:%Y%m%d}-{unit.name}-{order[unit.name]:02d}",
                    "hotspot": self.places.names[h], "lpt": self.lpt, "unit": unit.name,
                    "shift": duty.shift, "arrive": at, "depart": at + dwell,
                    "order": order[unit.name], "travel_min": out, "return_min": home, "date": date,
                    "officers": unit.officers, "mode": unit.mode, "kind": unit.kind,
                    "task": str(self.places.asked.index[h]),
                    "tactic": str(self.places.asked["meaning"].iloc[h]),
                })  # fmt: skip
                self.taken[h].append((at, at + dwell))
                self.count[h] += 1
                self.today[h] += 1
                total += unit.officers * (out + home + dwell)
                came = h
        return total
