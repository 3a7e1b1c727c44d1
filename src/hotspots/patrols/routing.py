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
        self.back = np.ascontiguousarray(self.travel.transpose(0, 2, 1))[:, :, : self.n]
        self.fixed = [(h, at) for h, taken in enumerate(problem.taken) for at, _ in taken]
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

    def _spent(self) -> list[float]:
        """Officer-minutes drawn from each cap."""
        spent = [0.0] * len(self.problem.caps)
        for tour, work in zip(self.problem.tours, self._work(), strict=True):
            for cap in tour.budget:
                spent[cap] += work * tour.officers
        return spent

    def _late(self, reach: NDArray[np.float64]) -> tuple[list[int], NDArray[np.float64]]:
        """Hotspots with visits, and how long an arrival at ``reach`` must wait for their gap."""
        visits = list(self.fixed)
        for order, arrivals in zip(self.orders, self.arrivals, strict=True):
            visits += zip(order, arrivals, strict=True)
        if not visits:
            return [], np.zeros((len(reach), 0))
        visits.sort()
        busy = [h for h, _ in visits]
        first = [i for i, h in enumerate(busy) if i == 0 or h != busy[i - 1]]
        apart = self.problem.dwell + self.problem.gap
        late = np.array([at + apart for _, at in visits]) - reach[:, busy]
        late[late >= 2 * apart] = 0.0
        return [busy[i] for i in first], np.maximum(np.maximum.reduceat(late, first, axis=1), 0.0)

    def _scores(self, thrift: int) -> tuple[NDArray[np.float64], list[tuple[int, int]]]:
        """Score each place in each tour (rows) and hotspot; 0 where there is no room.

        The score is value by the minutes added (thrift 2), by their root (1), or as it is (0);
        up to twice that in a tour with time to spare, so that work is shared among the units.
        """
        problem, n = self.problem, self.n
        places: list[tuple[int, int]] = []
        before, after, ready, room, left, lead = [], [], [], [], [], []
        spent = self._spent()
        for t, (tour, order) in enumerate(zip(problem.tours, self.orders, strict=True)):
            size = len(order) + 1
            places += [(t, i) for i in range(size)]
            before += [n, *order]
            after += [*order, n]
            ready += [tour.start, *(at + problem.dwell for at in self.arrivals[t])]
            spare = tour.end - (ready[-1] + tour.minutes[before[-1]][n])
            free = min((problem.caps[c] - spent[c] for c in tour.budget), default=np.inf)
            room += [spare] * size
            left += [free / tour.officers] * size
            lead += [1 + spare / (tour.end - tour.start)] * size  # time to spare goes first
        rows = [t for t, _ in places]
        out = self.travel[rows, before]
        joined = out[range(len(rows)), after]
        cost = out[:, :n] + self.back[rows, after] + (problem.dwell - joined)[:, None]
        busy, late = self._late(np.array(ready)[:, None] + out)
        added = cost.copy()
        added[:, busy] += late
        fits = (added <= np.array(room)[:, None] + 1e-9) & (cost <= np.array(left)[:, None] + 1e-9)
        score = self._worth() * np.array(lead)[:, None]
        if thrift:
            minutes = np.maximum(added, 1.0)
            score /= minutes if thrift == 2 else np.sqrt(minutes)
        return np.where(fits, score, 0.0), places

    def _fill(self, noise: float = 0.0, thrift: int = 2) -> bool:
        """Insert the best visit again and again until nothing fits; False if it cannot start."""
        arrivals = timetable(self.problem, self.orders)
        if arrivals is None:
            return False
        self.arrivals = arrivals
        while True:
            scores, places = self._scores(thrift)
            if noise:
                scores *= 1 + noise * self.rng.random(scores.shape)
            if not self._insert(scores, places):
                return True

    def _insert(self, scores: NDArray[np.float64], places: list[tuple[int, int]]) -> bool:
        """Insert the best visit of each tour, the best first; False where nothing fits.

        One visit a tour for each scoring shares work among the units, and scores seldom.
        """
        rows = np.arange(len(places))
        while scores.size:
            best = scores.argmax(axis=1)
            value = scores[rows, best]
            if value.max() <= 0:
                return False
            done: set[int] = set()
            visited: set[int] = set()
            for row in np.argsort(-value, kind="stable").tolist():
                (t, i), h = places[row], int(best[row])
                if value[row] <= 0:
                    break
                if t in done or h in visited:
                    continue
                self.orders[t].insert(i, h)
                arrivals = timetable(self.problem, self.orders)
                if arrivals is None or (done and self._over()):
                    del self.orders[t][i]
                    scores[row, h] = 0.0
                    continue
                self.arrivals = arrivals
                self.count[h] += 1
                done.add(t)
                visited.add(h)
            if done:
                return True
        return False

    def _over(self) -> bool:
        """Tell whether a cap is overdrawn."""
        return any(s > c + 1e-9 for s, c in zip(self._spent(), self.problem.caps, strict=True))

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
