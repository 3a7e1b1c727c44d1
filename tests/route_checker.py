"""Check the routes of a shift and add up what they are worth, sharing no code with the planner.

It reads the problem's plain fields and the routes as (candidate, arrival), and follows every unit
minute by minute. The benchmark of routes uses it too, for every solver alike.
"""

from itertools import pairwise

CLOSE = 1e-6  # minutes


def check_routes(problem, routes):
    """Raise AssertionError at the first rule the routes break; return their value."""
    p, n = problem, len(problem.most_at)
    seen = [[] for _ in range(n)]
    made = [0] * len(p.place)
    spent = [0.0] * len(p.caps)
    assert len(routes) == len(p.tours)
    for tour, stops in zip(p.tours, routes, strict=True):
        at, here, work = tour.start, n, 0.0
        for c, arrive in stops:
            h = p.place[c]
            leg = float(tour.travel[here, h])
            assert arrive >= at + leg - CLOSE, "in two places at once"
            assert p.opens[c] - CLOSE <= arrive <= p.closes[c] + CLOSE, "outside the window"
            assert tour.able is None or tour.able[c], "a visit the unit may not make"
            work += leg + p.dwell
            seen[h].append((arrive, c))
            made[c] += 1
            at, here = arrive + p.dwell, h
        if stops:
            home = float(tour.travel[here, n + 1])
            work += home
            assert at + home <= tour.end + CLOSE, "not back at base in time"
        for cap in tour.budget:
            spent[cap] += work * tour.officers
    for used, cap in zip(spent, p.caps, strict=True):
        assert used <= cap + CLOSE, "over the officer-minutes"
    assert all(k <= most for k, most in zip(made, p.most, strict=True))
    return sum(_place_value(p, h, visits) for h, visits in enumerate(seen))


def _place_value(p, h, visits):
    assert len(visits) <= p.most_at[h], "too many visits to a hotspot"
    if p.gap > -p.dwell:
        spans = [(a, a + p.dwell, True) for a, _ in visits]
        spans += [(a, b, False) for a, b in p.taken[h]]
        for one, two in pairwise(sorted(spans)):
            if one[2] or two[2]:  # two visits given beforehand are not ours to judge
                assert two[0] >= one[1] + p.gap - CLOSE, "too soon after another visit"
    worth = sorted((p.value[c] for _, c in visits), reverse=True)
    total = sum(p.decay ** (p.before[h] + j) * v for j, v in enumerate(worth))
    if p.bonus is not None:
        total += sum(p.bonus[h][: len(worth)])
    return total
