"""Who visits which hotspot, in which order and when: a large-neighbourhood search."""

from __future__ import annotations

import time
from collections.abc import Iterable
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from .tours import FUZZ, Plan, Problem, Visit
from .tours import Tour as Tour

ROUNDS = 60  # rounds of search for each step of effort
SHORT = 48  # plans of fewer visits have more rounds, which are quicker
LARGEST = 36  # most visits a round takes out
STRINGS, WHOLE = 0.8, 0.9  # chances of each kind of ruin, summed up
PASSES = 20  # of the draws of starts
NOISE = 0.3  # candidates count by chance for so much more in half of the rounds
THRIFT = 0.7  # chance that value counts by the minute, not by its root
HEAT = 0.3  # of a visit's value: a plan so much worse may be kept at first, by chance
SAVED = 2.0  # minutes that a way by another stop may be shorter than the straight one


_Reach = tuple[
    NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64],
    NDArray[np.bool_] | None,
]  # fmt: skip
_Place = tuple[list[Visit], float, NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


class _Gap:
    """A place for a visit in a tour, after another or at its start, and the best one for it."""

    __slots__ = ("banned", "before", "column", "goal", "tour", "worth")

    def __init__(self, tour: int, before: Visit | None) -> None:
        self.tour, self.before = tour, before
        self.column, self.worth, self.goal = 0, 0.0, 0.0
        self.banned: list[int] = []


_worth = attrgetter("worth")


class _Search:
    """Rounds of taking out some visits and filling up again, the better plans kept."""

    def __init__(self, problem: Problem, rng: np.random.Generator) -> None:
        self.problem, self.rng = problem, rng
        self.plan = Plan(problem)
        self.factor = np.ones(len(self.plan.gain))
        self.capped = any(np.isfinite(problem.caps)) if len(problem.caps) else False
        self.saved: dict[
            int, tuple[list[Visit], list[tuple[float, float, float]], float, float]
        ] = {}
        self.saved_at: dict[int, _Place] = {}
        near = np.mean([t.travel[: self.plan.n, : self.plan.n] for t in problem.tours], axis=0)
        self.near = np.argsort(near + near.T, axis=1, kind="stable").tolist()

    # --- insertion -------------------------------------------------------------------------------

    def _fill(self, gaps: list[_Gap], power: float) -> None:
        """Insert the best visit of all gaps again and again until nothing fits.

        While visits are only added, what does not fit never will: a gap is looked at again only
        when a visit is put beside it, or when its best one is gone or no longer fits.
        """
        plan, place = self.plan, self.problem.place
        self.goal = plan.gain * self.factor
        self.power = power
        self._look(gaps)
        while gaps:
            gap = max(gaps, key=_worth)
            if gap.worth <= 0:
                return
            column, t = gap.column, gap.tour
            if self.goal[column] != gap.goal:
                goal = self.goal
                self._look([g for g in gaps if g.worth > 0 and goal[g.column] != g.goal])
                continue
            h = place[plan.cands[column]]
            route = plan.routes[t]
            self._touch(t)
            self._touch_place(h)
            if plan.coupled:
                for v in plan.at[h]:
                    self._touch(v.tour)
            i = route.index(gap.before) + 1 if gap.before else 0
            room = plan.left(t, plan.spent()) if self.capped else np.inf
            if plan.insert(t, i, column, room):
                self._again(h)
                gap.banned = []
                gaps.append(_Gap(t, route[i]))
                gaps[-1].worth = 1.0
                self._look([g for g in gaps if g.tour == t and g.worth > 0])
                continue
            if plan.coupled:
                self._again(h)
            worth = gap.worth
            self._look([gap])
            if gap.column == column and gap.worth == worth:
                gap.banned.append(column)
                self._look([gap])

    def _again(self, h: int) -> None:
        """Bring what is known of a hotspot up to date."""
        self.plan.refresh(h)
        where = self.plan.columns[h]
        self.goal[where] = self.plan.gain[where] * self.factor[where]

    def _gaps(self, tours: Iterable[int]) -> list[_Gap]:
        """Return the gaps of tours that have the minutes for a visit."""
        plan, least = self.plan, self.problem.dwell - SAVED
        gaps = []
        for t in tours:
            if plan.room[t] >= least:
                gaps.append(_Gap(t, None))
                gaps += [_Gap(t, v) for v in plan.routes[t] if v.room >= least]
        return gaps

    def _look(self, gaps: list[_Gap]) -> None:
        """Find the best visit for each gap: value by the minutes it puts off what comes after."""
        plan, least = self.plan, self.problem.dwell - SAVED
        wide = []
        for gap in gaps:
            gap.worth = 0.0
            if gap.before is None or gap.before.room >= least:
                wide.append(gap)
        if not wide:
            return
        arrive, minutes, early, late, free = self._reach(wide)
        fits = minutes <= late
        fits &= arrive <= plan.hi
        if free is not None:
            fits &= free
        if plan.able is not None:
            fits &= plan.able[[gap.tour for gap in wide]]
        minutes -= early
        np.maximum(minutes, 1.0, out=minutes)
        if self.power != 1.0:
            np.sqrt(minutes, out=minutes)
        score = np.divide(self.goal, minutes, out=minutes)
        score *= fits
        for row, gap in enumerate(wide):
            if gap.banned:
                score[row, gap.banned] = 0.0
        best = score.argmax(axis=1)
        found = score[np.arange(len(best)), best].tolist()
        goals = self.goal[best].tolist()
        for gap, k, worth, goal in zip(wide, best.tolist(), found, goals, strict=True):
            gap.column, gap.worth, gap.goal = k, worth, goal

    def _reach(self, gaps: list[_Gap]) -> _Reach:
        """Arrival at each candidate from each gap, when the next stop is reached, and its span."""
        plan, p = self.plan, self.problem
        n, dwell = plan.n, p.dwell
        before: list[int] = []
        after: list[int] = []
        times: list[tuple[float, float, float]] = []
        room: list[float] = []
        spent = plan.spent() if self.capped else []
        for gap in gaps:
            t, stop = gap.tour, gap.before
            base, route = plan.row[t], plan.routes[t]
            if stop is None:
                i, here, clock = 0, n, p.tours[t].start
            else:
                i, here, clock = route.index(stop) + 1, stop.place, stop.early + dwell
            if i < len(route):
                then = route[i]
                there = then.place
                times.append((clock, then.early, then.late + FUZZ))
            else:  # at the end of a tour only the minutes used count
                there = n + 1
                back = clock + (plan.legs[t][here][there] if route else 0.0)
                times.append((clock, back, p.tours[t].end + FUZZ))
            before.append(base + here)
            after.append(base + there)
            if self.capped:
                room.append(plan.left(t, spent) + (plan.legs[t][here][there] if route else 0.0))
        ready, early, late = np.array(times).T[:, :, None]
        go, come = plan.out[before], plan.back[after]
        free = go + come <= np.array(room)[:, None] + FUZZ if self.capped else None
        go += ready
        np.maximum(go, plan.lo, out=go)
        come += go
        return go, come, early, late, free

    # --- undo ------------------------------------------------------------------------------------

    def _touch(self, t: int) -> None:
        if t not in self.saved:
            plan = self.plan
            route = plan.routes[t]
            self.saved[t] = (list(route), [(v.early, v.late, v.room) for v in route],
                             plan.work[t], plan.room[t])  # fmt: skip

    def _touch_place(self, h: int) -> None:
        if h not in self.saved_at:
            plan = self.plan
            where = plan.columns[h]
            self.saved_at[h] = (list(plan.at[h]), plan.worth[h], plan.gain[where].copy(),
                                plan.lo[where].copy(), plan.hi[where].copy())  # fmt: skip

    def _undo(self) -> None:
        plan = self.plan
        for t, (route, times, work, room) in self.saved.items():
            plan.routes[t], plan.work[t], plan.room[t] = route, work, room
            for v, (early, late, free) in zip(route, times, strict=True):
                v.early, v.late, v.room = early, late, free
        for h, (visits, worth, gain, lo, hi) in self.saved_at.items():
            where = plan.columns[h]
            plan.at[h], plan.worth[h] = visits, worth
            plan.gain[where], plan.lo[where], plan.hi[where] = gain, lo, hi

    # --- ruin ------------------------------------------------------------------------------------

    def _take_out(self, gone: list[Visit]) -> list[int]:
        """Take visits out and time their tours anew; return the tours."""
        plan = self.plan
        tours = sorted({v.tour for v in gone})
        for t in tours:
            self._touch(t)
        for v in gone:
            self._touch_place(v.place)
            plan.routes[v.tour].remove(v)
            plan.at[v.place].remove(v)
        for t in tours:
            if not plan.time(t):  # a detour can be shorter than the way it replaces
                self._clear(t)
        if plan.coupled:
            beside: set[int] = set()
            for t in tours:
                for v in plan.routes[t]:
                    if len(plan.at[v.place]) > 1:
                        beside.update(w.tour for w in plan.at[v.place])
            for t in sorted(beside):
                self._touch(t)
                plan.slacken(t)
        for h in sorted({v.place for v in gone}):
            plan.refresh(h)
        return tours

    def _clear(self, t: int) -> None:
        plan = self.plan
        for v in plan.routes[t]:
            self._touch_place(v.place)
            plan.at[v.place].remove(v)
        for h in {v.place for v in plan.routes[t]}:
            plan.refresh(h)
        plan.routes[t] = []
        plan.time(t)

    def _choose(self, size: int) -> list[Visit]:
        """Choose the visits a round takes out."""
        rng, plan = self.rng, self.plan
        routes = [route for route in plan.routes if route]
        kind = rng.random()
        if kind < STRINGS:  # strings of stops in tours near one another
            return self._strings(size, routes)
        if kind < WHOLE:
            picks = rng.permutation(len(routes))[: 1 + int(rng.integers(2))]
            return [v for k in picks for v in routes[k]]
        # here and there in a few tours
        picks = rng.permutation(len(routes))[: 1 + int(rng.integers(4))]
        stops = [v for k in picks for v in routes[k]]
        return [stops[k] for k in rng.permutation(len(stops))[:size]]

    def _strings(self, size: int, routes: list[list[Visit]]) -> list[Visit]:
        rng, plan = self.rng, self.plan
        seed = routes[int(rng.integers(len(routes)))]
        centre = seed[int(rng.integers(len(seed)))]
        longest = min(10, max(len(route) for route in routes))
        tours, gone, used = 1 + int(rng.integers(max(1, 2 * size // max(longest, 1)))), [], set()
        for h in self.near[centre.place]:
            around = [centre] if h == centre.place else plan.at[h]
            for v in around:
                if v.tour in used:
                    continue
                used.add(v.tour)
                route = plan.routes[v.tour]
                length = 1 + int(rng.integers(min(longest, len(route))))
                i = route.index(v)
                low = max(0, i - length + 1)
                high = min(i, len(route) - length)
                start = int(rng.integers(low, high + 1))
                gone += route[start : start + length]
                if len(used) == tours:
                    return gone
        return gone

    # --- rounds ----------------------------------------------------------------------------------

    def run(self, rounds: int, seconds: float | None = None) -> None:
        """Search for so many rounds, or until so many seconds are over."""
        rng, plan = self.rng, self.plan
        begun = time.perf_counter()
        everyone = list(range(len(self.problem.tours)))
        self._fill(self._gaps(everyone), 1.0)
        now = best = plan.total()
        kept = self._copy()
        stops = sum(map(len, plan.routes))
        if not stops:
            return
        heat = HEAT * now / stops
        rounds *= max(1, min(SHORT // stops, 3))
        turn = 0
        while True:
            gone = (time.perf_counter() - begun) / seconds if seconds else turn / max(rounds, 1)
            if gone >= 1:
                break
            turn += 1
            self.saved, self.saved_at = {}, {}
            stops = sum(map(len, plan.routes))
            size = 1 + int(rng.integers(max(1, min(LARGEST, stops))))
            out = self._choose(size) if stops else []
            tours = self._take_out(out)
            chance = rng.random()
            noise = NOISE * chance / (1.05 - chance)  # mostly little, sometimes all there is
            self.factor = 1 + noise * rng.random(len(plan.gain))
            gaps = self._gaps(tours) + self._beside(tours, out)
            self._fill(gaps, 1.0 if rng.random() < THRIFT else 0.5)
            value = plan.total()
            if value >= now - heat * (1 - gone) * rng.random():
                now = value
                if value > best + 1e-12:
                    best, kept = value, self._copy()
            else:
                self._undo()
        self.turns, self.best = turn, best
        self._restore(kept)

    def _beside(self, tours: list[int], out: list[Visit]) -> list[_Gap]:
        """Return the gaps of other tours that one of the visits taken out would fit."""
        plan = self.plan
        gaps = self._gaps(t for t in range(len(plan.routes)) if t not in tours)
        if not gaps or not out:
            return []
        width = np.concatenate([np.arange(plan.columns[h].start, plan.columns[h].stop)
                               for h in sorted({v.place for v in out})])  # fmt: skip
        cols = width[plan.gain[width] > 0]
        arrive, minutes, _, late, free = self._reach(gaps)
        fits = (minutes[:, cols] <= late) & (arrive[:, cols] <= plan.hi[cols])
        if free is not None:
            fits &= free[:, cols]
        if plan.able is not None:
            fits &= plan.able[np.ix_([gap.tour for gap in gaps], cols)]
        return [gap for gap, fit in zip(gaps, fits.any(axis=1).tolist(), strict=True) if fit]

    def _copy(self) -> tuple[list[list[Visit]], list[list[float]], list[list[Visit]]]:
        plan = self.plan
        return ([list(r) for r in plan.routes], [[v.early for v in r] for r in plan.routes],
                [list(a) for a in plan.at])  # fmt: skip

    def _restore(
        self, kept: tuple[list[list[Visit]], list[list[float]], list[list[Visit]]]
    ) -> None:
        plan = self.plan
        plan.routes, times, plan.at = kept
        for route, early in zip(plan.routes, times, strict=True):
            for v, e in zip(route, early, strict=True):
                v.early = e
        for t in range(len(plan.routes)):
            plan.time(t)
        for h in range(plan.n):
            plan.refresh(h)


def route(
    problem: Problem, rng: np.random.Generator, effort: int, seconds: float | None = None
) -> list[list[tuple[int, float]]]:
    """Choose the visits of every tour, their order and their times.

    Parameters
    ----------
    problem : Problem
        The tours, the candidates and the rules.
    rng : numpy.random.Generator
        Where every chance comes from.
    effort : int
        Steps of 60 rounds of improvement, more for short plans; 0 takes the first plan found.
    seconds : float, optional
        Stop by the clock instead; the result then depends on the machine.

    Returns
    -------
    list, one per tour, of lists of (candidate, arrival)
        In order of arrival.

    References
    ----------
    Schrimpf, G. et al. (2000). Record breaking optimization results using the ruin and recreate
    principle. Journal of Computational Physics 159(2), 139-171.

    Christiaens, J. and Vanden Berghe, G. (2020). Slack induction by string removals for vehicle
    routing problems. Transportation Science 54(2), 417-433.

    Examples
    --------
    One hour by car from (0, 0) km, 15 minutes at each stop: the best two are A and C.

    >>> from hotspots.patrols.search import Problem, Tour
    >>> from hotspots.patrols.rules import PatrolRules
    >>> places = np.array([[1, 0], [1, 1], [4, 0], [0, 3], [-2, 0], [0, 0], [0, 0]]) * 1000.0
    >>> travel = PatrolRules().travel_minutes(places, places, "vehicle")
    >>> hour = Problem([Tour(0, 60, travel)], place=range(5), value=[10, 8, 20, 12, 6],
    ...                opens=[0] * 5, closes=[60] * 5, most=[1] * 5, most_at=[1] * 5,
    ...                before=[0] * 5, taken=[[]] * 5, caps=[], dwell=15, gap=120, decay=0.6)
    >>> sorted(c for c, _ in route(hour, np.random.default_rng(0), 1)[0])
    [0, 2]
    """
    if not problem.tours or not len(problem.place):
        return [[] for _ in problem.tours]
    search = _Search(problem, rng)
    if not len(search.plan.gain):  # visits already planned leave no minute for another
        return [[] for _ in problem.tours]
    search.run(effort * ROUNDS, seconds)
    _jitter(search.plan, rng)
    return [[(v.cand, v.early) for v in stops] for stops in search.plan.routes]


def _jitter(plan: Plan, rng: np.random.Generator) -> None:
    """Turn some loops round, then draw the starts at random within every rule, the order kept.

    Each start in turn is drawn from the minutes that its neighbours in the tour and at the hotspot
    leave (Gibbs sampling), so that those packed as early as can be spread over the time to spare.
    """
    problem = plan.problem
    for t in rng.permutation(len(plan.routes)).tolist():
        if len(plan.routes[t]) > 1 and rng.random() < 0.5:
            _turn(plan, t)
        _spread(plan, t)
    if problem.jitter <= 0:
        return
    if problem.widest is not None:
        first, last = problem.widest
        for stops in plan.routes:
            for v in stops:
                v.lo, v.hi = float(first[v.cand]), float(last[v.cand])
    near = [
        (t, i, v, v.early - problem.jitter, v.early + problem.jitter)
        for t, stops in enumerate(plan.routes) for i, v in enumerate(stops)
    ]  # fmt: skip
    for _ in range(PASSES):
        draws = rng.random(len(near)).tolist()
        for k, n in enumerate(rng.permutation(len(near)).tolist()):
            t, i, v, first, last = near[n]
            low, high = _room(plan, t, i, v)
            low, high = np.ceil(max(low, first) - FUZZ), np.floor(min(high, last) + FUZZ)
            if high >= low:
                v.early = float(low + np.floor(draws[k] * (high - low + 1)))


def _spread(plan: Plan, t: int) -> None:
    """Spread the slack of a tour evenly over its visits."""
    stops = plan.routes[t]
    if not stops:
        return
    plan.time(t)
    spare = stops[-1].late - stops[-1].early
    waited, clock, here = 0.0, plan.problem.tours[t].start, plan.n
    for i, v in enumerate(stops):
        aim = min(max(spare * (i + 1) / (len(stops) + 1), waited), spare)
        low = max(clock + plan.legs[t][here][v.place], v.early)
        at = min(max(low, float(np.floor(v.early + aim))), v.late)
        waited = max(waited, at - v.early)
        v.early = at
        clock, here = at + plan.problem.dwell, v.place


def _room(plan: Plan, t: int, i: int, v: Visit) -> tuple[float, float]:
    """Return the first and last minute at which a visit may begin while all others stay."""
    problem, stops, leg = plan.problem, plan.routes[t], plan.legs[t]
    tour, dwell = problem.tours[t], problem.dwell
    before, after = stops[i - 1] if i else None, stops[i + 1] if i + 1 < len(stops) else None
    came = tour.start + leg[plan.n][v.place] if before is None else (
        before.early + dwell + leg[before.place][v.place]
    )  # fmt: skip
    goes = tour.end - leg[v.place][-1] if after is None else after.early - leg[v.place][after.place]
    low, high = max(v.lo, came), min(v.hi, goes - dwell)
    others = [w.early for w in plan.at[v.place] if w is not v]
    for at in [*others, *(arrive for arrive, _ in problem.taken[v.place])]:
        if at <= v.early:
            low = max(low, at + plan.apart)
        if at >= v.early:
            high = min(high, at - plan.apart)
    return low, high


def _turn(plan: Plan, t: int) -> None:
    """Run a tour the other way round, where that keeps every rule and is no longer."""
    problem, route, leg = plan.problem, plan.routes[t], plan.legs[t]
    if len({v.place for v in route}) < len(route):
        return
    clock, here, times, work = problem.tours[t].start, plan.n, [], 0.0
    for v in reversed(route):
        work += leg[here][v.place] + problem.dwell
        at = max(clock + leg[here][v.place], v.lo)
        for w in plan.at[v.place]:
            if plan.coupled and w is not v and abs(w.early - at) < plan.apart - FUZZ:
                at = max(at, w.early + plan.apart)
        if at > v.hi + FUZZ:
            return
        times.append(at)
        clock, here = at + problem.dwell, v.place
    back, work = clock + leg[here][-1], work + leg[here][-1]
    last = route[-1]
    if work > plan.work[t] + FUZZ or back > problem.tours[t].end - (last.late - last.early) + FUZZ:
        return
    plan.routes[t] = route[::-1]
    for v, at in zip(plan.routes[t], times, strict=True):
        v.early = at
        plan.at[v.place].sort(key=lambda w: w.early)
    plan.time(t)
