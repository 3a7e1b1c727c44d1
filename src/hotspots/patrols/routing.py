"""Who visits which hotspot, in which order and when, within one LPT and shift."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

SMALLEST_RUIN, LARGEST_RUIN = 0.1, 0.8  # share of the stops a round takes out


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

    @cached_property
    def minutes(self) -> list[list[float]]:
        """``travel`` as lists, which are quicker to read one by one."""
        return self.travel.tolist()  # type: ignore[no-any-return]


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


def timetable(
    problem: Problem, orders: Sequence[Sequence[int]], waits: Sequence[Sequence[float]] = ()
) -> list[list[float]] | None:
    """Turn orders into arrivals, first come first served, or None where a tour cannot be kept.

    Tours run side by side: whichever reaches its next hotspot first is fixed first, and a visit
    that would come too soon before or after another waits until the gap has passed.
    """
    tours, dwell = problem.tours, problem.dwell
    apart = problem.gap + dwell  # between two arrivals
    busy: dict[int, list[float]] = {}
    arrivals: list[list[float]] = [[] for _ in orders]
    queue: list[tuple[float, int, int]] = []
    for t, order in enumerate(orders):
        if order:
            wait = waits[t][0] if waits else 0.0
            queue.append((tours[t].start + wait + tours[t].minutes[-1][order[0]], t, 0))
    heapq.heapify(queue)
    while queue:
        at, t, i = heapq.heappop(queue)
        order, tour = orders[t], tours[t]
        h = order[i]
        if h not in busy:
            busy[h] = [arrive for arrive, _ in problem.taken[h]]
        clash = [arrive for arrive in busy[h] if -apart < at - arrive < apart]
        last = i + 1 == len(order)
        leg = tour.minutes[h][-1 if last else order[i + 1]]
        if clash:
            heapq.heappush(queue, (max(clash) + apart, t, i))
        elif at + dwell + leg > tour.end + 1e-9:
            return None
        else:
            busy[h].append(at)
            arrivals[t].append(at)
            if not last:
                wait = waits[t][i + 1] if waits else 0.0
                heapq.heappush(queue, (at + dwell + leg + wait, t, i + 1))
    return arrivals


class _Search:
    """Greedy insertion by value per minute, then rounds of taking out a part and refilling."""

    def __init__(self, problem: Problem, rng: np.random.Generator) -> None:
        self.problem, self.rng = problem, rng
        self.n, tours = len(problem.worth), problem.tours
        self.travel = np.stack([tour.travel for tour in tours])
        self.length = np.array([tour.end - tour.start for tour in tours])
        self.orders: list[list[int]] = [[] for _ in tours]
        self.arrivals: list[list[float]] = [[] for _ in tours]
        self.count = [0] * self.n

    def _worth(self) -> NDArray[np.float64]:
        """Value of one more visit to each hotspot."""
        pairs = zip(self.problem.worth, self.count, strict=True)
        return np.array([worth[c] if c < len(worth) else 0.0 for worth, c in pairs])

    def _work(self) -> list[float]:
        """Minutes of dwell and travel per tour, waiting left out."""
        dwell, found = self.problem.dwell, []
        for tour, order in zip(self.problem.tours, self.orders, strict=True):
            legs = [tour.minutes[a][b] for a, b in pairwise([-1, *order, -1])] if order else []
            found.append(sum(legs) + dwell * len(order))
        return found

    def _busy(self) -> NDArray[np.float64]:
        """Arrivals at each hotspot, a row each, padded with infinity."""
        busy = [[arrive for arrive, _ in taken] for taken in self.problem.taken]
        for order, arrivals in zip(self.orders, self.arrivals, strict=True):
            for h, at in zip(order, arrivals, strict=True):
                busy[h].append(at)
        wide = max((len(row) for row in busy), default=0)
        return np.array([row + [np.inf] * (wide - len(row)) for row in busy]).reshape(self.n, wide)

    def _scores(self, thrift: int) -> tuple[NDArray[np.float64], list[tuple[int, int]]]:
        """Score each place in each tour (rows) and hotspot; 0 where there is no room.

        The score is value by the minutes added (thrift 2), by their root (1), or as it is (0);
        up to twice that in a tour with time to spare, so that work is shared among the units.
        """
        problem, n = self.problem, self.n
        places: list[tuple[int, int]] = []
        before, after, ready, joined, room, left = [], [], [], [], [], []
        work = self._work()
        spent = [0.0] * len(problem.caps)
        for tour, minutes in zip(problem.tours, work, strict=True):
            for cap in tour.budget:
                spent[cap] += minutes * tour.officers
        for t, (tour, order) in enumerate(zip(problem.tours, self.orders, strict=True)):
            stops = [n, *order, n]
            leave = [tour.start, *(at + problem.dwell for at in self.arrivals[t])]
            back = leave[-1] + tour.minutes[stops[-2]][n]
            free = min((problem.caps[c] - spent[c] for c in tour.budget), default=np.inf)
            for i, (a, b) in enumerate(pairwise(stops)):
                places.append((t, i))
                before.append(a)
                after.append(b)
                joined.append(tour.minutes[a][b])
            ready += leave
            room += [tour.end - back] * len(leave)
            left += [free / tour.officers] * len(leave)
        rows = np.array([t for t, _ in places])
        out = self.travel[rows, before, :n]
        cost = out + self.travel[rows, :n, after] + (problem.dwell - np.array(joined)[:, None])
        reach = np.array(ready)[:, None] + out
        free_from = self._busy() + (problem.dwell + problem.gap)
        lateness = free_from[None] - reach[:, :, None]
        clash = (lateness > 0) & (lateness < 2 * (problem.dwell + problem.gap))
        added = cost + np.where(clash, lateness, 0.0).max(axis=2, initial=0.0)
        fits = (added <= np.array(room)[:, None] + 1e-9) & (cost <= np.array(left)[:, None] + 1e-9)
        minutes = np.maximum(added, 1.0)
        price = {0: np.ones_like(minutes), 1: np.sqrt(minutes), 2: minutes}[thrift]
        idle = np.array(room) / self.length[rows]  # tours with time to spare go first
        return np.where(fits, self._worth() / price * (1 + idle[:, None]), 0.0), places

    def _fill(self, noise: float = 0.0, thrift: int = 2) -> bool:
        """Insert the best visit again and again until nothing fits; False if it cannot start."""
        arrivals = timetable(self.problem, self.orders)
        if arrivals is None:
            return False
        self.arrivals = arrivals
        scores, places = self._scores(thrift)
        while True:
            if noise:
                scores *= 1 + noise * self.rng.random(scores.shape)
            while scores.size and (top := int(scores.argmax())) >= 0 and scores.flat[top] > 0:
                (t, i), h = places[top // self.n], top % self.n
                self.orders[t].insert(i, h)
                arrivals = timetable(self.problem, self.orders)
                if arrivals is not None:
                    break
                del self.orders[t][i]
                scores.flat[top] = 0.0
            else:
                return True
            self.arrivals = arrivals
            self.count[h] += 1
            scores, places = self._scores(thrift)

    def _value(self) -> tuple[float, float]:
        pairs = zip(self.problem.worth, self.count, strict=True)
        return round(sum(sum(w[:c]) for w, c in pairs), 9), -round(sum(self._work()), 6)

    def _ruin(self) -> None:
        """Take out stops here and there."""
        share = SMALLEST_RUIN + (LARGEST_RUIN - SMALLEST_RUIN) * self.rng.random()
        self.orders = [
            [h for h, kept in zip(o, self.rng.random(len(o)) >= share, strict=True) if kept]
            for o in self.orders
        ]
        self._recount()

    def _recount(self) -> None:
        self.count = [0] * self.n
        for order in self.orders:
            for h in order:
                self.count[h] += 1

    def run(self, effort: int) -> list[list[int]]:
        """Return the best orders found in the rounds given."""
        self._fill()
        best, orders = self._value(), [list(o) for o in self.orders]
        rounds = effort * max(1, 40 // max(sum(self.count), 1))  # short routes: more, as cheap
        for turn in range(rounds):
            self._ruin()
            bold = turn % 2 == 0  # bold rounds leave poor small routes, careful ones polish long
            noise, thrift = (2.0, int(self.rng.integers(3))) if bold else (0.3, 2)
            if self._fill(noise * self.rng.random(), thrift) and self._value() >= best:
                best, orders = self._value(), [list(o) for o in self.orders]
            else:
                self.orders = [list(o) for o in orders]
                self._recount()
        return orders


def route(problem: Problem, rng: np.random.Generator, effort: int) -> list[list[tuple[int, float]]]:
    """Choose the visits of every tour, their order and their times.

    The team orienteering problem with gaps between visits to one hotspot: greedy insertion by
    value per minute, then rounds of taking out a random part and refilling it, the best kept. The
    slack that is left is then spread over the tour at random, whole minutes each.

    Parameters
    ----------
    problem : Problem
        The tours and what visits are worth.
    rng : numpy.random.Generator
        Where every chance comes from.
    effort : int
        Rounds of improvement, more where routes are short: as many as refill some 40 stops.

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
