"""Who visits which hotspot, in which order and when, within one LPT and shift."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

FAR = 10**6  # minutes: a leg nobody travels


@dataclass(frozen=True)
class Tour:
    """One stretch of patrol time of one unit: out from base, visits, back to base.

    ``travel`` holds minutes between the hotspots 0 to n-1 and the base n, parking included.
    ``budget`` names the caps in officer-minutes the tour draws on.
    """

    start: float
    end: float
    travel: NDArray[np.float64]
    officers: int = 1
    budget: tuple[int, ...] = ()


@dataclass
class _Route:
    """A tour as it stands: hotspots in order, arrivals, and the time it is back at base."""

    order: list[int] = field(default_factory=list)
    arrive: list[float] = field(default_factory=list)
    back: float = 0.0
    used: float = 0.0  # minutes of dwell and travel, waiting left out


@dataclass
class Problem:
    """A shift to route: tours, what visits are worth, and the gaps to keep.

    ``worth[h][j]`` is the value of the j-th visit to ``h`` in this shift; its length is the most
    visits allowed. ``taken[h]`` lists (arrive, depart) of visits already planned around the shift.
    """

    tours: Sequence[Tour]
    worth: Sequence[Sequence[float]]
    taken: Sequence[Sequence[tuple[float, float]]]
    caps: Sequence[float]
    dwell: float
    gap: float


def _free(at: float, busy: Sequence[tuple[float, float]], dwell: float, gap: float) -> float:
    """Return the first arrival at or after ``at`` that keeps the gap to every busy interval."""
    moved = True
    while moved:
        moved = False
        for arrive, depart in busy:
            if arrive - gap - dwell < at < depart + gap:
                at, moved = depart + gap, True
    return at


def timetable(
    problem: Problem,
    orders: Sequence[Sequence[int]],
    waits: Sequence[Sequence[float]] | None = None,
) -> list[list[float]] | None:
    """Turn orders into arrivals, first come first served, or None where a tour cannot be kept.

    Tours run side by side: whichever reaches its next hotspot first is fixed first, and a visit
    that would come too soon after another waits until the gap has passed.
    """
    tours, dwell, gap = problem.tours, problem.dwell, problem.gap
    busy: dict[int, list[tuple[float, float]]] = {}
    arrivals: list[list[float]] = [[] for _ in orders]
    legs = [tour.travel for tour in tours]
    queue: list[tuple[float, int, int]] = []
    for t, order in enumerate(orders):
        if order:
            wait = waits[t][0] if waits else 0.0
            queue.append((tours[t].start + wait + legs[t][-1, order[0]], t, 0))
    heapq.heapify(queue)
    while queue:
        at, t, i = heapq.heappop(queue)
        order = orders[t]
        h = order[i]
        if h not in busy:
            busy[h] = list(problem.taken[h])
        later = _free(at, busy[h], dwell, gap)
        if later > at:
            if later + dwell > tours[t].end:
                return None
            heapq.heappush(queue, (later, t, i))
            continue
        leave = at + dwell
        busy[h].append((at, leave))
        arrivals[t].append(at)
        following = order[i + 1] if i + 1 < len(order) else -1
        ready = leave + legs[t][h, following]
        if following < 0:
            if ready > tours[t].end + 1e-9:
                return None
        else:
            if ready + dwell > tours[t].end:
                return None
            heapq.heappush(queue, (ready + (waits[t][i + 1] if waits else 0.0), t, i + 1))
    return arrivals


class _Search:
    """Greedy insertion by value per minute, then rounds of taking out a part and refilling."""

    def __init__(self, problem: Problem, rng: np.random.Generator) -> None:
        self.problem, self.rng = problem, rng
        self.n, self.m = len(problem.worth), len(problem.tours)
        self.routes = [_Route(back=tour.start) for tour in problem.tours]
        self.count = [0] * self.n

    def _legs(self, t: int, order: Sequence[int]) -> float:
        stops = [-1, *order, -1]
        travel = self.problem.tours[t].travel
        legs = sum(float(travel[a, b]) for a, b in zip(stops[:-1], stops[1:], strict=True))
        return legs + self.problem.dwell * len(order) if order else 0.0

    def _spent(self) -> list[float]:
        spent = [0.0] * len(self.problem.caps)
        for tour, route in zip(self.problem.tours, self.routes, strict=True):
            for cap in tour.budget:
                spent[cap] += route.used * tour.officers
        return spent

    def _costs(self, t: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Minutes that inserting each hotspot at each place adds: to the tour, and of work."""
        problem, route, tour = self.problem, self.routes[t], self.problem.tours[t]
        stops = np.array([self.n, *route.order, self.n])
        before, after = stops[:-1], stops[1:]
        joined = tour.travel[before, after]
        if not route.order:
            joined = np.zeros(1)
        out = tour.travel[before, : self.n]
        work = out + tour.travel[: self.n, after].T - joined[:, None] + problem.dwell
        added = work.copy()
        reach = np.array([tour.start, *(a + problem.dwell for a in route.arrive)])[:, None] + out
        for h in range(self.n):
            for arrive, depart in self.busy[h]:
                soon = (reach[:, h] > arrive - problem.gap - problem.dwell) & (
                    reach[:, h] < depart + problem.gap
                )
                added[soon, h] = np.maximum(
                    added[soon, h], work[soon, h] + depart + problem.gap - reach[soon, h]
                )
        return added, work

    def _next_worth(self) -> NDArray[np.float64]:
        return np.array([
            w[c] if c < len(w) else 0.0 for w, c in zip(self.problem.worth, self.count, strict=True)
        ])  # fmt: skip

    def _fill(self, noise: float) -> None:
        """Insert the best visit again and again until nothing fits."""
        problem = self.problem
        self._retime()
        costs = [self._costs(t) for t in range(self.m)]
        spent = self._spent()
        while self.m:
            worth = self._next_worth()
            best = None
            for t, (added, work) in enumerate(costs):
                tour, route = problem.tours[t], self.routes[t]
                room = tour.end - max(route.back, tour.start) + 1e-9
                left = min((problem.caps[c] - spent[c] for c in tour.budget), default=np.inf)
                fits = (added <= room) & (work * tour.officers <= left + 1e-9) & (worth > 0)
                if not fits.any():
                    continue
                score = np.where(fits, worth / added, 0.0)
                if noise:
                    score = score * (1 + noise * self.rng.random(self.n))
                place = int(score.argmax())
                top = float(score.flat[place])
                if top > 0 and (best is None or top > best[0]):
                    best = (top, t, *divmod(place, self.n))
            if best is None:
                return
            _, t, i, h = best
            if self._insert(t, i, h):
                self.count[h] += 1
                spent = self._spent()
                again = range(self.m)
                costs = [self._costs(k) if k == t or h in self.routes[k].order or True
                         else costs[k] for k in again]  # fmt: skip
            else:
                costs[t][0][i, h] = FAR

    def _retime(self) -> None:
        arrivals = timetable(self.problem, [r.order for r in self.routes])
        if arrivals is None:
            raise AssertionError("a route that was kept cannot be timed")
        self._set(arrivals)

    def _set(self, arrivals: list[list[float]]) -> None:
        problem = self.problem
        self.busy = [list(taken) for taken in problem.taken]
        for t, (route, arrive) in enumerate(zip(self.routes, arrivals, strict=True)):
            route.arrive = arrive
            tour = problem.tours[t]
            route.used = self._legs(t, route.order)
            route.back = tour.start
            if arrive:
                route.back = arrive[-1] + problem.dwell + float(tour.travel[route.order[-1], -1])
            for h, at in zip(route.order, arrive, strict=True):
                self.busy[h].append((at, at + problem.dwell))

    def _insert(self, t: int, i: int, h: int) -> bool:
        self.routes[t].order.insert(i, h)
        arrivals = timetable(self.problem, [r.order for r in self.routes])
        if arrivals is None:
            del self.routes[t].order[i]
            return False
        self._set(arrivals)
        return True

    def _value(self) -> tuple[float, float]:
        worth = sum(sum(w[:c]) for w, c in zip(self.problem.worth, self.count, strict=True))
        return round(worth, 9), -round(sum(r.used for r in self.routes), 6)

    def _ruin(self) -> None:
        """Take out a random part: a run of stops of one tour, or stops here and there."""
        share = 0.15 + 0.35 * self.rng.random()
        for route in self.routes:
            keep = self.rng.random(len(route.order)) >= share
            for h, kept in zip(route.order, keep, strict=True):
                self.count[h] -= not kept
            route.order = [h for h, kept in zip(route.order, keep, strict=True) if kept]

    def run(self, effort: int) -> list[list[int]]:
        """Return the best orders found in the rounds given."""
        self._fill(0.0)
        best, orders = self._value(), [list(r.order) for r in self.routes]
        for _ in range(effort):
            self._ruin()
            if timetable(self.problem, [r.order for r in self.routes]) is not None:
                self._fill(0.3)
                found = self._value()
                if found >= best:
                    best, orders = found, [list(r.order) for r in self.routes]
                    continue
            for route, order in zip(self.routes, orders, strict=True):
                route.order = list(order)
            self.count = [sum(o.count(h) for o in orders) for h in range(self.n)]
        return orders


def route(problem: Problem, rng: np.random.Generator, effort: int) -> list[list[tuple[int, float]]]:
    """Choose the visits of every tour, their order and their times.

    The team orienteering problem with gaps between visits to one hotspot: greedy insertion by
    value per minute, then ``effort`` rounds of taking out a random part and refilling it, the
    best kept. The slack that is left is then spread over the tour at random, whole minutes each.

    Parameters
    ----------
    problem : Problem
        The tours and what visits are worth.
    rng : numpy.random.Generator
        Where every chance comes from.
    effort : int
        Rounds of improvement.

    Returns
    -------
    list, one per tour, of lists of (hotspot, arrival)
        In order of arrival.

    References
    ----------
    Schrimpf, G. et al. (2000). Record breaking optimization results using the ruin and recreate
    principle. Journal of Computational Physics 159(2), 139-171.

    Examples
    --------
    One hour by car from (0, 0) km, 15 minutes at each stop: the best two are A and C.

    >>> from hotspots.patrols.rules import PatrolRules
    >>> places = np.array([[1, 0], [1, 1], [4, 0], [0, 3], [-2, 0], [0, 0]]) * 1000.0
    >>> travel = PatrolRules().travel_minutes(places, places, "vehicle")
    >>> hour = Problem([Tour(0, 60, travel)], [[10], [8], [20], [12], [6]], [[]] * 5, [], 15, 120)
    >>> sorted(h for h, _ in route(hour, np.random.default_rng(0), 20)[0])
    [0, 2]
    """
    orders = _Search(problem, rng).run(effort)
    arrivals = _spread(problem, orders, rng)
    return [list(zip(order, at, strict=True)) for order, at in zip(orders, arrivals, strict=True)]


def _spread(
    problem: Problem, orders: list[list[int]], rng: np.random.Generator
) -> list[list[float]]:
    """Spread each tour's slack at random before its visits, some of it left at the end."""
    plain = timetable(problem, orders)
    if plain is None:
        raise AssertionError("a route that was kept cannot be timed")
    for t, order in enumerate(orders):  # the same loop the other way round is as good
        if rng.random() < 0.5 and len(order) > 1:
            turned = [*orders[:t], order[::-1], *orders[t + 1 :]]
            if (again := timetable(problem, turned)) is not None:
                plain, orders[t] = again, order[::-1]
    waits = []
    for tour, order, at in zip(problem.tours, orders, plain, strict=True):
        back = at[-1] + problem.dwell + float(tour.travel[order[-1], -1]) if order else tour.end
        cuts = np.sort(rng.random(len(order))) * max(tour.end - back, 0.0)
        waits.append(np.diff(np.floor(cuts), prepend=0.0).tolist())
    for share in (1.0, 0.5, 0.25):
        tried = [[float(int(w * share)) for w in row] for row in waits]
        if (spread := timetable(problem, orders, tried)) is not None:
            return spread
    return plain
