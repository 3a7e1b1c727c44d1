"""The best routes there are, for shifts small enough to try every order: the search's oracle."""

from __future__ import annotations

from dataclasses import dataclass

from .tours import FUZZ, Problem, Worth


@dataclass(frozen=True)
class _State:
    """Routes so far: where each tour is and when, and the visits made, in order of time."""

    clock: tuple[float, ...]
    here: tuple[int, ...]
    last: tuple[float, ...]  # the latest arrival at each hotspot
    now: float  # the latest arrival anywhere
    spent: tuple[float, ...]
    made: tuple[tuple[int, int, float], ...]  # (tour, candidate, arrival)


def best_routes(problem: Problem) -> tuple[float, list[list[tuple[int, float]]]]:
    """Find the routes of greatest value by trying every order of visits.

    Visits are added in order of time, each as early as the rules let it, which is never worse for
    those that follow. Of two plans with the same visits and the same last stops, the one that is
    later in every clock is dropped, and so is one that could not pass the best even if all visits
    left were to fit. Meant for up to some eight visits; the work grows faster than exponentially.

    Parameters
    ----------
    problem : Problem
        The tours, the candidates and the rules.

    Returns
    -------
    value : float
        The greatest value there is.
    routes : list, one per tour, of lists of (candidate, arrival)
        Routes of that value, every visit as early as can be.

    Examples
    --------
    Seventy minutes, five hotspots in a row 10 minutes apart, the base at the first: the second and
    the third can be visited.

    >>> import numpy as np
    >>> from hotspots.patrols.tours import Problem, Tour
    >>> at = np.array([0.0, 10, 20, 30, 40, 0, 0])
    >>> shift = Problem([Tour(0, 70, abs(at[:, None] - at))], place=range(5),
    ...                value=[1, 2, 3, 4, 5], opens=[0] * 5, closes=[70] * 5, most=[1] * 5,
    ...                most_at=[1] * 5, before=[0] * 5, taken=[[]] * 5, caps=[], dwell=15,
    ...                gap=120, decay=0.6)
    >>> value, routes = best_routes(shift)
    >>> value, sorted(c for c, _ in routes[0])
    (5.0, [1, 2])
    """
    p, worth = problem, Worth(problem)
    m, n = len(p.tours), len(p.most_at)
    start = _State(tuple(float(t.start) for t in p.tours), (n,) * m, (-float("inf"),) * n,
                   -float("inf"), (0.0,) * len(p.caps), ())  # fmt: skip
    best, found = 0.0, start
    seen: dict[tuple[object, ...], list[tuple[float, ...]]] = {}
    stack = [start]
    while stack:
        state = stack.pop()
        made: list[list[int]] = [[] for _ in range(n)]
        for _, c, _ in state.made:
            made[p.place[c]].append(c)
        value = sum(worth.worth(h, cands) for h, cands in enumerate(made))
        if value > best + FUZZ:
            best, found = value, state
        if _dominated(state, seen) or value + _hope(p, state, made) <= best + FUZZ:
            continue
        tries = (_add(p, state, t, c, made) for t in range(m) for c in range(len(p.place)))
        stack += [further for further in tries if further is not None]
    routes: list[list[tuple[int, float]]] = [[] for _ in p.tours]
    for t, c, arrive in found.made:
        routes[t].append((c, arrive))
    return best, routes


def _add(p: Problem, state: _State, t: int, c: int, made: list[list[int]]) -> _State | None:
    """Add a visit as early as can be, or None where a rule forbids it."""
    tour, h, n = p.tours[t], p.place[c], len(p.most_at)
    if len(made[h]) >= p.most_at[h] or made[h].count(c) >= p.most[c]:
        return None
    if tour.able is not None and not tour.able[c]:
        return None
    here, leg = state.here[t], tour.minutes
    arrive = max(state.clock[t] + leg[here][h], p.opens[c], state.now)
    if p.dwell + p.gap > 0:
        arrive = max(arrive, state.last[h] + p.dwell + p.gap)
        for begin, end in sorted(p.taken[h]):
            if begin - p.dwell - p.gap + FUZZ < arrive < end + p.gap - FUZZ:
                arrive = end + p.gap
    home = leg[h][n + 1]
    if arrive > p.closes[c] + FUZZ or arrive + p.dwell + home > tour.end + FUZZ:
        return None
    old = leg[here][n + 1] if here < n else 0.0
    work = (leg[here][h] + p.dwell + home - old) * tour.officers
    spent = tuple(s + work * tour.budget.count(k) for k, s in enumerate(state.spent))
    return _State(
        (*state.clock[:t], arrive + p.dwell, *state.clock[t + 1 :]),
        (*state.here[:t], h, *state.here[t + 1 :]),
        (*state.last[:h], arrive, *state.last[h + 1 :]),
        arrive, spent, (*state.made, (t, c, arrive)),
    ) if all(s <= cap + FUZZ for s, cap in zip(spent, p.caps, strict=True)) else None  # fmt: skip


def _dominated(state: _State, seen: dict[tuple[object, ...], list[tuple[float, ...]]]) -> bool:
    """Tell whether the same visits were made with every clock as early; else remember these."""
    key = (state.here, tuple(sorted(c for _, c, _ in state.made)))
    clocks = (*state.clock, *state.last, state.now, *state.spent)
    known = seen.setdefault(key, [])
    if any(all(a <= b for a, b in zip(one, clocks, strict=True)) for one in known):
        return True
    known[:] = [k for k in known if not all(a <= b for a, b in zip(clocks, k, strict=True))]
    known.append(clocks)
    return False


def _hope(p: Problem, state: _State, made: list[list[int]]) -> float:
    """Return more than all further visits can add: as many as the minutes hold, the best ones."""
    gains: list[float] = []
    for h in range(len(p.most_at)):
        free = p.most_at[h] - len(made[h])
        values = sorted(
            (p.value[c] for c, k in enumerate(p.place) if k == h and p.closes[c] >= state.now
             for _ in range(p.most[c] - made[h].count(c))), reverse=True,
        )[: max(free, 0)]  # fmt: skip
        extra = list(p.bonus[h][len(made[h]) :]) if p.bonus is not None else []
        for j, v in enumerate(values):
            more = max(extra[j:], default=0.0)
            gains.append(float(v * p.decay ** (p.before[h] + j) + more))
    left = sum(max(t.end - at, 0.0) // max(p.dwell, 1.0)
               for t, at in zip(p.tours, state.clock, strict=True))  # fmt: skip
    return sum(sorted(gains, reverse=True)[: int(left)])
