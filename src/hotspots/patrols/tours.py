"""A shift to route: its tours, what visits are worth, and routes timed by the rules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

FUZZ = 1e-9  # minutes


@dataclass(frozen=True)
class Tour:
    """One stretch of patrol time of one unit: out from base, visits, back to base.

    Parameters
    ----------
    start, end : float
        Minutes; the unit leaves its base at ``start`` at the earliest and is back by ``end``.
    travel : ndarray, shape (n + 2, n + 2)
        Minutes between the hotspots 0 to n-1, the base of the start n and of the end n + 1,
        parking included.
    officers : int
        Officers of the unit.
    budget : tuple of int
        The caps in officer-minutes that the tour draws on.
    able : ndarray of bool, shape (c,), optional
        The candidates the unit may serve; all by default.
    """

    start: float
    end: float
    travel: NDArray[np.float64]
    officers: int = 1
    budget: tuple[int, ...] = ()
    able: NDArray[np.bool_] | None = None

    @cached_property
    def minutes(self) -> list[list[float]]:
        """``travel`` as lists, which are quicker to read one by one."""
        return self.travel.tolist()  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Problem:
    """A shift to route: its tours, what visits are worth and when, and the rules to keep.

    A candidate is a hotspot and a span of time for the arrival there. The visits to a hotspot, by
    falling value, count ``value * decay**(before + j)`` for j = 0, 1, ...

    Parameters
    ----------
    tours : sequence of Tour
        The stretches of patrol time.
    place : sequence of int, length c
        The hotspot of each candidate.
    value : sequence of float, length c
        What a first visit is worth.
    opens, closes : sequence of float, length c
        First and last minute of an arrival.
    most : sequence of int, length c
        Most visits to each candidate.
    most_at : sequence of int, length n
        Most visits to each hotspot.
    before : sequence of int, length n
        Visits to each hotspot that the rest of the duty day makes.
    taken : n sequences of (arrive, depart)
        Visits already planned, which the gap is kept to.
    caps : sequence of float
        Most officer-minutes of visits and travel in each budget.
    dwell, gap : float
        Minutes of a visit, and from one's end to the next arrival at the same hotspot. A gap of
        -dwell lets visits overlap.
    decay : float
        Value of a further visit as a share of the one before.
    bonus : n sequences of float, optional
        Added for the first, second, ... visit to each hotspot, without decay.
    jitter : float
        Starts are moved by chance, at most so many minutes from an even spread of the slack.
    widest : two ndarrays, shape (c,), optional
        First and last minute that chance may move an arrival to, where that is wider than the span
        in which it was planned; no tighter than ``opens`` and ``closes``.
    """

    tours: Sequence[Tour]
    place: Sequence[int]
    value: Sequence[float]
    opens: Sequence[float]
    closes: Sequence[float]
    most: Sequence[int]
    most_at: Sequence[int]
    before: Sequence[int]
    taken: Sequence[Sequence[tuple[float, float]]]
    caps: Sequence[float]
    dwell: float
    gap: float
    decay: float
    bonus: Sequence[Sequence[float]] | None = None
    jitter: float = 20.0
    widest: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None


class Visit:
    """A visit while it is planned: its span of arrival, and how early and late it can be."""

    __slots__ = ("cand", "early", "hi", "late", "lo", "place", "room", "tour")

    def __init__(self, cand: int, place: int, lo: float, hi: float, tour: int) -> None:
        self.cand, self.place, self.lo, self.hi, self.tour = cand, place, lo, hi, tour
        self.early = self.late = lo
        self.room = 0.0  # minutes between it and the next stop that a further visit may take


class Worth:
    """What visits to each hotspot are worth, remembered by the set of candidates visited."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.cands: list[list[int]] = [[] for _ in problem.most_at]
        for c, h in enumerate(problem.place):
            self.cands[h].append(c)
        self._known: dict[tuple[int, tuple[int, ...]], tuple[float, list[float]]] = {}

    def worth(self, h: int, cands: Iterable[int]) -> float:
        """Value of visits to one hotspot."""
        p = self.problem
        values = sorted((p.value[c] for c in cands), reverse=True)
        factor, total = 1.0, 0.0
        for _ in range(p.before[h]):
            factor *= p.decay
        for v in values:
            total += factor * v
            factor *= p.decay
        if p.bonus is not None:
            total += sum(p.bonus[h][: len(values)])
        return total

    def look(self, h: int, cands: tuple[int, ...]) -> tuple[float, list[float]]:
        """Value of the visits, and what one more to each candidate of the hotspot adds."""
        key = (h, cands)
        if (found := self._known.get(key)) is None:
            p, now = self.problem, self.worth(h, cands)
            gains = [0.0] * len(self.cands[h])
            if len(cands) < p.most_at[h]:
                for i, c in enumerate(self.cands[h]):
                    if cands.count(c) < p.most[c]:
                        gains[i] = max(self.worth(h, (*cands, c)) - now, 0.0)
            found = self._known[key] = (now, gains)
        return found


class Plan:
    """Routes under construction, timed as early as can be while the other tours stay."""

    def __init__(self, problem: Problem) -> None:
        p = self.problem = problem
        self.n = len(p.most_at)
        self.apart = p.dwell + p.gap
        self.coupled = self.apart > 0
        self.legs = [tour.minutes for tour in p.tours]
        self.routes: list[list[Visit]] = [[] for _ in p.tours]
        self.at: list[list[Visit]] = [[] for _ in range(self.n)]
        self.work = [0.0] * len(p.tours)
        self.room = [tour.end - tour.start for tour in p.tours]  # the most in any gap of a tour
        self.value = Worth(p)
        self._lay_columns()
        self.worth = [0.0] * self.n
        for h in range(self.n):
            self.refresh(h)

    def _lay_columns(self) -> None:
        """Lay out the spans a further visit may arrive in: column = (candidate, span)."""
        p, reach = self.problem, self.apart
        self.columns: list[slice] = []
        self.pieces: list[list[tuple[int, int, float, float, int]]] = []
        cand, width = [], 0
        for h, own in enumerate(self.value.cands):
            first, pieces = width, []
            for i, c in enumerate(own):
                spans = [(float(p.opens[c]), float(p.closes[c]))]
                if self.coupled:
                    for arrive, depart in p.taken[h]:
                        low, high = arrive - reach, depart + p.gap
                        spans = [s for a, b in spans for s in ((a, min(b, low)), (max(a, high), b))]
                for a, b in sorted(set(spans)):
                    if b < a - FUZZ:
                        continue
                    room = 1 if not self.coupled else max(1, int(-(-(b - a) // (2 * reach))))
                    room = min(room, max(int(p.most_at[h]), 1))
                    pieces.append((i, c, a, b, room))
                    cand += [c] * room
                    width += room
            self.columns.append(slice(first, width))
            self.pieces.append(pieces)
        self.cands = cand
        self.lo, self.hi, self.gain = np.zeros(width), np.full(width, -1.0), np.zeros(width)
        self.places = np.array([p.place[c] for c in cand], dtype=np.int64)
        rows: dict[int, int] = {}
        out: list[NDArray[np.float64]] = []
        back: list[NDArray[np.float64]] = []
        self.row: list[int] = []
        for tour in p.tours:
            if id(tour.travel) not in rows:
                rows[id(tour.travel)] = len(out) * (self.n + 2)
                out.append(tour.travel[:, self.places])
                back.append(tour.travel.T[:, self.places] + p.dwell)
            self.row.append(rows[id(tour.travel)])
        self.out, self.back = np.concatenate(out), np.concatenate(back)
        self.able: NDArray[np.bool_] | None = None
        if any(tour.able is not None for tour in p.tours):
            every = np.ones(len(p.place), dtype=bool)
            self.able = np.array(
                [(every if t.able is None else np.asarray(t.able))[self.cands] for t in p.tours]
            )

    def refresh(self, h: int) -> None:
        """Bring value, gains and spans of a hotspot up to its visits."""
        visits = self.at[h]
        self.worth[h], gains = self.value.look(h, tuple(sorted([v.cand for v in visits])))
        gain: list[float] = []
        lows: list[float] = []
        highs: list[float] = []
        reach = self.apart
        for i, _, a, b, room in self.pieces[h]:
            left, low = room, a
            worth = gains[i]
            if worth > 0:
                if self.coupled:
                    for v in visits:
                        high = v.early - reach
                        if high >= low - FUZZ and left:
                            lows.append(low)
                            highs.append((high if high < b else b) + FUZZ)
                            gain.append(worth)
                            left -= 1
                        if v.early + reach > low:
                            low = v.early + reach
                        if low > b:
                            break
                if left and low <= b + FUZZ:
                    lows.append(low)
                    highs.append(b + FUZZ)
                    gain.append(worth)
                    left -= 1
            if left:
                lows += [0.0] * left
                highs += [-1.0] * left
                gain += [0.0] * left
        where = self.columns[h]
        self.gain[where], self.lo[where], self.hi[where] = gain, lows, highs

    def total(self) -> float:
        """Value of all visits."""
        return sum(self.worth)

    def time(self, t: int) -> bool:
        """Time a tour as early as can be; False where it cannot be kept."""
        tour, leg, at, reach = self.problem.tours[t], self.legs[t], self.at, self.apart
        dwell, coupled = self.problem.dwell, self.coupled
        clock, here, work = tour.start, self.n, 0.0
        for v in self.routes[t]:
            go = leg[here][v.place]
            work += go
            arrive = clock + go
            if arrive < v.lo:
                arrive = v.lo
            if coupled and len(beside := at[v.place]) > 1:
                i = beside.index(v)
                if i and arrive < beside[i - 1].early + reach:
                    arrive = beside[i - 1].early + reach
            if arrive > v.hi + FUZZ:
                return False
            v.early = arrive
            clock, here = arrive + dwell, v.place
        if here != self.n:
            work += leg[here][-1] + dwell * len(self.routes[t])
        self.work[t] = work
        return self.slacken(t)

    def slacken(self, t: int) -> bool:
        """Find how late each visit of a tour can be; False where one is later than that."""
        tour, leg, at, reach = self.problem.tours[t], self.legs[t], self.at, self.apart
        dwell, coupled = self.problem.dwell, self.coupled
        bound, there, room = tour.end, self.n + 1, 0.0
        for v in reversed(self.routes[t]):
            late = bound - dwell - leg[v.place][there]
            v.room = free = late - v.early
            if free > room:
                room = free
            if late > v.hi:
                late = v.hi
            if coupled and len(beside := at[v.place]) > 1:
                i = beside.index(v) + 1
                if i < len(beside):
                    after = beside[i]
                    limit = (after.late if after.tour == t else after.early) - reach
                    if limit < late:
                        late = limit
            if late < v.early - FUZZ:
                return False
            v.late = bound = late
            there = v.place
        self.room[t] = max(
            room, bound - tour.start - (leg[self.n][there] if there <= self.n else 0)
        )
        return True

    def spent(self) -> list[float]:
        """Officer-minutes drawn from each cap."""
        spent = [0.0] * len(self.problem.caps)
        for tour, work in zip(self.problem.tours, self.work, strict=True):
            for cap in tour.budget:
                spent[cap] += work * tour.officers
        return spent

    def left(self, t: int, spent: Sequence[float]) -> float:
        """Minutes of work that the caps leave to a tour."""
        tour, caps = self.problem.tours[t], self.problem.caps
        return min((caps[c] - spent[c] for c in tour.budget), default=np.inf) / tour.officers

    def insert(self, t: int, i: int, column: int, room: float) -> bool:
        """Insert a visit before stop ``i`` of a tour, where it still fits."""
        p, route, leg = self.problem, self.routes[t], self.legs[t]
        c = self.cands[column]
        h = p.place[c]
        before = route[i - 1] if i else None
        after = route[i] if i < len(route) else None
        here = before.place if before else self.n
        there = after.place if after else self.n + 1
        arrive = (before.early + p.dwell if before else p.tours[t].start) + leg[here][h]
        lo, hi = float(p.opens[c]), float(p.closes[c])
        low, high = float(self.lo[column]), float(self.hi[column])
        if not self.coupled:
            low, high = lo, hi
        else:
            for _, k, a, b, _ in self.pieces[h]:
                if k == c and a <= low + FUZZ and high <= b + FUZZ:
                    lo, hi = a, b
        arrive = max(arrive, low)
        beside = self.at[h]
        at = len(beside)
        if self.coupled:
            at = 0
            for v in beside:
                if arrive <= v.early - self.apart + FUZZ:
                    break
                arrive = max(arrive, v.early + self.apart)
                at += 1
        bound = after.late if after else p.tours[t].end
        if arrive > hi + FUZZ or arrive + p.dwell + leg[h][there] > bound + FUZZ:
            return False
        old = 0.0 if before is None and after is None else leg[here][there]
        if leg[here][h] + leg[h][there] - old + p.dwell > room + FUZZ:
            return False
        visit = Visit(c, h, lo, hi, t)
        visit.early = arrive
        route.insert(i, visit)
        beside.insert(at, visit)
        if not self.time(t):  # the gap to another visit of this very tour
            del route[i]
            del beside[at]
            self.time(t)
            return False
        if at and beside[at - 1].tour != t:
            self.slacken(beside[at - 1].tour)
        return True
