"""Who visits which hotspot, in which order and when: a large-neighbourhood search."""

from __future__ import annotations

import time
from bisect import bisect_right
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .tours import FUZZ, Plan, Problem, Visit
from .tours import Tour as Tour

ROUNDS = 100  # rounds of search for each step of effort
KEEN = 0.5  # share of the best score that is inserted beside it
WIDE = 32  # candidates looked at again and again, once more fit


class _Search:
    """Rounds of taking out some visits and filling up again, the better plans kept."""

    def __init__(self, problem: Problem, rng: np.random.Generator) -> None:
        self.problem, self.rng = problem, rng
        self.plan = Plan(problem)
        self.factor = np.ones(len(self.plan.gain))
        self.capped = any(np.isfinite(problem.caps)) if len(problem.caps) else False
        self.saved: dict[int, tuple[list[Visit], list[float], list[float], float]] = {}
        self.saved_at: dict[int, list[Visit]] = {}
        near = np.mean([t.travel[: self.plan.n, : self.plan.n] for t in problem.tours], axis=0)
        self.near = np.argsort(near + near.T, axis=1, kind="stable").tolist()

    # --- insertion -------------------------------------------------------------------------------

    def _minutes(
        self, tours: list[int], cols: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], list[int]]:
        """Minutes by which a visit puts off the rest of a tour, at each place; inf: no room."""
        plan, p = self.plan, self.problem
        n, dwell, width = plan.n, p.dwell, plan.n + 2
        before: list[int] = []
        after: list[int] = []
        ready: list[float] = []
        early: list[float] = []
        late: list[float] = []
        first = []
        for t in tours:
            base, route = plan.row[t], plan.routes[t]
            first.append(len(before))
            stops = [base + width * v.place for v in route]
            before.append(base + width * n)
            before += stops
            after += stops
            after.append(base + width * (n + 1))
            ready.append(p.tours[t].start)
            ready += [v.early + dwell for v in route]
            early += [v.early for v in route]
            # at the end of a tour only the minutes used count
            early.append(ready[-1] + (plan.legs[t][route[-1].place][-1] if route else 0.0))
            late += [v.late for v in route]
            late.append(p.tours[t].end)
        where = plan.places[cols]
        go = plan.out.take(np.array(before)[:, None] + where)
        leave = plan.back.take(np.array(after)[:, None] + where)
        bad = None
        if self.capped:
            bad = go + leave > self._room(tours)[:, None] + FUZZ
        go += np.array(ready)[:, None]
        np.maximum(go, plan.lo[cols], out=go)
        leave += go
        wrong = go > plan.hi[cols] + FUZZ
        wrong |= leave > np.array(late)[:, None] + FUZZ
        if bad is not None:
            wrong |= bad
        leave -= np.array(early)[:, None]
        leave[wrong] = np.inf
        first.append(len(before))
        return leave, first

    def _room(self, tours: list[int]) -> NDArray[np.float64]:
        """Minutes the caps leave for a visit and its legs, at every place of the tours."""
        plan, n, spent = self.plan, self.plan.n, self.plan.spent()
        room: list[float] = []
        for t in tours:
            route, leg, left = plan.routes[t], plan.legs[t], plan.left(t, spent)
            places = [n, *(v.place for v in route), n + 1]
            room += [left + leg[a][b] for a, b in pairwise(places)] if route else [left]
        return np.array(room)

    def _fill(self, active: list[int], power: float) -> None:
        """Insert the best visit of each tour again and again until nothing fits.

        What does not fit never will while visits are only added, so it is not looked at again. Of
        many candidates the most promising are taken up first, and all at the end once more.
        """
        plan = self.plan
        live = plan.gain > 0
        front: NDArray[np.bool_] | None = None
        everyone = active
        while everyone:
            cols = np.flatnonzero(live if front is None else front)
            if not len(cols):
                if front is None:
                    return
                front, active = None, everyone
                continue
            score, first = self._minutes(active, cols)
            np.maximum(score, 1.0, out=score)
            if power != 1.0:
                np.sqrt(score, out=score)
            np.divide(plan.gain[cols] * self.factor[cols], score, out=score)
            if plan.able is not None:
                score *= np.repeat(plan.able[np.ix_(active, cols)], np.diff(first), axis=0)
            top = score.max(axis=0)
            if front is None:
                live[cols[top <= 0]] = False
                wide = True
                if np.count_nonzero(top > 0) > 2 * WIDE:
                    front = np.zeros(len(live), dtype=bool)
                    front[cols[np.argpartition(-top, WIDE)[:WIDE]]] = True
            else:
                front[cols[top <= 0]] = False
                wide = False
            fits = self._insert_best(active, cols, score, first, (live, front))
            if wide:
                everyone = fits
            active = fits
            if front is not None and not fits:
                front, active = None, everyone

    def _insert_best(
        self, active: list[int], cols: NDArray[np.int64], score: NDArray[np.float64],
        first: list[int], marks: tuple[NDArray[np.bool_], NDArray[np.bool_] | None],
    ) -> list[int]:  # fmt: skip
        """Insert the best visit at each place of the tours; return the tours that had room."""
        plan = self.plan
        best = score.argmax(axis=1)
        value = score[np.arange(len(best)), best]
        order = np.argsort(-value, kind="stable").tolist()
        values, bests = value.tolist(), best.tolist()
        done: set[int] = set()
        keep: set[int] = set()
        put: dict[int, list[int]] = {}
        spent = plan.spent() if self.capped else []
        least = KEEN * values[order[0]]
        for row in order:
            if values[row] <= 0:
                break
            k = bisect_right(first, row) - 1
            t, column = active[k], int(cols[bests[row]])
            keep.add(t)
            h = self.problem.place[int(plan.cand[column])]
            if h in done or values[row] < least:
                continue
            done.add(h)
            i = row - first[k]
            before = put.setdefault(t, [])
            self._touch(t)
            self._touch_place(h)
            if plan.coupled:
                for v in plan.at[h]:
                    self._touch(v.tour)
            room = plan.left(t, spent) if self.capped else np.inf
            where = plan.columns[h]
            if plan.insert(t, i + sum(j < i for j in before), column, room):
                before.append(i)
                if self.capped:
                    spent = plan.spent()
                plan.refresh(h)
            elif not before and not self._again(h):
                plan.gain[column] = 0.0
            for mark in marks:
                if mark is not None:
                    mark[where] = plan.gain[where] > 0
        return sorted(keep)

    def _again(self, h: int) -> bool:
        """Bring the spans of a hotspot up to date; tell whether that changed anything."""
        plan = self.plan
        where = plan.columns[h]
        old = plan.lo[where].copy(), plan.hi[where].copy()
        plan.refresh(h)
        return not (
            np.array_equal(old[0], plan.lo[where]) and np.array_equal(old[1], plan.hi[where])
        )

    # --- undo ------------------------------------------------------------------------------------

    def _touch(self, t: int) -> None:
        if t not in self.saved:
            route = self.plan.routes[t]
            self.saved[t] = (list(route), [v.early for v in route], [v.late for v in route],
                             self.plan.work[t])  # fmt: skip

    def _touch_place(self, h: int) -> None:
        if h not in self.saved_at:
            self.saved_at[h] = list(self.plan.at[h])

    def _undo(self) -> None:
        plan = self.plan
        for t, (route, early, late, work) in self.saved.items():
            plan.routes[t], plan.work[t] = route, work
            for v, e, l in zip(route, early, late, strict=True):  # noqa: E741
                v.early, v.late = e, l
        for h, visits in self.saved_at.items():
            plan.at[h] = visits
        for h in self.saved_at:
            plan.refresh(h)

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
            beside = set()
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
        if kind < 0.6:  # strings of stops in tours near one another
            return self._strings(size, routes)
        if kind < 0.75:  # whole tours
            count = 1 + int(rng.integers(2))
            picks = rng.permutation(len(routes))[:count]
            return [v for k in picks for v in routes[k]]
        if kind < 0.9:  # here and there in a few tours
            picks = rng.permutation(len(routes))[: 1 + int(rng.integers(4))]
            stops = [v for k in picks for v in routes[k]]
            return [stops[k] for k in rng.permutation(len(stops))[:size]]
        # those worth least for their minutes
        stops = [v for route in routes for v in route]
        gain = self._loss(stops) * (1 + 2 * rng.random(len(stops)))
        return [stops[k] for k in np.argsort(gain, kind="stable")[:size]]

    def _loss(self, stops: list[Visit]) -> NDArray[np.float64]:
        """Value lost by taking out each visit alone."""
        plan, found = self.plan, []
        for v in stops:
            cands = sorted(w.cand for w in plan.at[v.place])
            cands.remove(v.cand)
            found.append(plan.worth[v.place] - plan.value.look(v.place, tuple(cands))[0])
        return np.array(found)

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
        self._fill(everyone, 1.0)
        now = best = plan.total()
        kept = self._copy()
        stops = sum(map(len, plan.routes))
        if not stops:
            return
        heat = 0.3 * now / stops
        turn = 0
        while True:
            gone = (time.perf_counter() - begun) / seconds if seconds else turn / max(rounds, 1)
            if gone >= 1:
                break
            turn += 1
            self.saved, self.saved_at = {}, {}
            stops = sum(map(len, plan.routes))
            size = 1 + int(rng.integers(min(16, max(1, stops // 2))))
            out = self._choose(size) if stops else []
            tours = self._take_out(out)
            noise = rng.random()
            self.factor = 1 + noise * rng.random(len(plan.gain))
            self._fill(self._joined(tours, out), 1.0 if rng.random() < 0.7 else 0.5)
            value = plan.total()
            if value >= now - heat * (1 - gone) * rng.random():
                now = value
                if value > best + 1e-12:
                    best, kept = value, self._copy()
            else:
                self._undo()
        self.turns, self.best = turn, best
        self._restore(kept)

    def _joined(self, tours: list[int], out: list[Visit]) -> list[int]:
        """Add the tours that one of the visits taken out would fit."""
        plan = self.plan
        others = [t for t in range(len(plan.routes)) if t not in tours]
        places = sorted({v.place for v in out})
        if not others or not places:
            return tours
        cols = np.concatenate([np.arange(plan.columns[h].start, plan.columns[h].stop)
                               for h in places])  # fmt: skip
        cols = cols[plan.gain[cols] > 0]
        least, first = self._minutes(others, cols)
        fits = np.isfinite(least)
        if plan.able is not None:
            fits &= np.repeat(plan.able[np.ix_(others, cols)] > 0, np.diff(first), axis=0)
        rows = np.flatnonzero(fits.any(axis=1)).tolist()
        return sorted({*tours, *(others[bisect_right(first, row) - 1] for row in rows)})

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
        Rounds of improvement, in hundreds; 0 takes the first plan found.
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
    search.run(effort * ROUNDS, seconds)
    _jitter(search.plan, rng)
    return [[(v.cand, v.early) for v in stops] for stops in search.plan.routes]


def _jitter(plan: Plan, rng: np.random.Generator) -> None:
    """Turn some loops round, then spread each tour's slack over its visits, a little by chance."""
    problem = plan.problem
    for t in rng.permutation(len(plan.routes)).tolist():
        stops = plan.routes[t]
        if len(stops) > 1 and rng.random() < 0.5:
            _turn(plan, t)
        stops = plan.routes[t]
        if not stops:
            continue
        plan.time(t)
        spare = stops[-1].late - stops[-1].early
        draw = rng.random(len(stops)).tolist()
        waited = 0.0
        clock, here = problem.tours[t].start, plan.n
        for i, v in enumerate(stops):
            even = spare * (i + 1) / (len(stops) + 1)
            aim = even + problem.jitter * (2 * draw[i] - 1)
            aim = min(max(aim, waited, 0.0), spare)
            go = clock + plan.legs[t][here][v.place]
            low = max(go, v.early)
            at = min(max(low, float(np.floor(v.early + aim))), v.late)
            waited = max(waited, at - v.early)
            v.early = at
            clock, here = at + problem.dwell, v.place


def _turn(plan: Plan, t: int) -> None:
    """Run a tour the other way round, where that keeps every rule and is no longer."""
    problem, route, leg = plan.problem, plan.routes[t], plan.legs[t]
    if len({v.place for v in route}) < len(route):
        return
    clock, here, times = problem.tours[t].start, plan.n, []
    for v in reversed(route):
        at = max(clock + leg[here][v.place], v.lo)
        for w in plan.at[v.place]:
            if plan.coupled and w is not v and abs(w.early - at) < plan.apart - FUZZ:
                at = max(at, w.early + plan.apart)
        if at > v.hi + FUZZ:
            return
        times.append(at)
        clock, here = at + problem.dwell, v.place
    back = clock + leg[here][-1]
    last = route[-1]
    if back > max(problem.tours[t].end - (last.late - last.early), 0.0) + FUZZ:
        return
    plan.routes[t] = route[::-1]
    for v, at in zip(plan.routes[t], times, strict=True):
        v.early = at
        plan.at[v.place].sort(key=lambda w: w.early)
    plan.time(t)
