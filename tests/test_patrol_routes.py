"""Routes: every rule held, the best value found, the same for the same seed."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from route_checker import check_routes

from hotspots.patrols.exact import best_routes
from hotspots.patrols.search import Problem, Tour, route


@st.composite
def shifts(draw):
    """Draw any shift at all: roads that break the triangle's rule, caps, windows, visits taken."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(1, 7))
    whole = draw(st.booleans())
    tours = []
    caps = [float(rng.integers(0, 600)) for _ in range(draw(st.integers(0, 2)))]
    place = [int(h) for h in rng.integers(0, n, draw(st.integers(1, 14)))]
    for _ in range(draw(st.integers(1, 4))):
        travel = rng.uniform(0, draw(st.sampled_from([5, 40])), (n + 2, n + 2))
        travel = travel.round() if whole else travel
        start = float(rng.integers(0, 200))
        budget = tuple(k for k in range(len(caps)) if rng.random() < 0.7)
        able = rng.random(len(place)) < 0.7 if draw(st.booleans()) else None
        tours.append(Tour(start, start + float(rng.integers(0, 300)), travel,
                          int(rng.integers(1, 3)), budget, able))  # fmt: skip
    opens = rng.integers(0, 400, len(place))
    taken = [sorted((float(a), float(a) + 15) for a in rng.integers(-200, 700, rng.integers(3)))
             for _ in range(n)]  # fmt: skip
    bonus = [rng.random(rng.integers(4)).tolist() for _ in range(n)]
    return Problem(
        tours, place, rng.random(len(place)).tolist(), opens.tolist(),
        (opens + rng.integers(0, 300, len(place))).tolist(),
        rng.integers(0, 4, len(place)).tolist(), rng.integers(0, 4, n).tolist(),
        rng.integers(0, 3, n).tolist(), taken, caps, 15,
        draw(st.sampled_from([-15, 0, 30, 120])), 0.6, bonus if draw(st.booleans()) else None,
        draw(st.sampled_from([0.0, 20.0])),
    )  # fmt: skip


@given(shifts(), st.integers(0, 3))
@settings(max_examples=25, deadline=None)
def test_every_rule_holds_whatever_the_shift(shift, seed):
    found = route(shift, np.random.default_rng(seed), 1)
    value = check_routes(shift, found)
    assert value >= check_routes(shift, route(shift, np.random.default_rng(seed), 0)) - 1e-9


def test_the_same_seed_gives_the_same_routes():
    rng = np.random.default_rng(1)
    xy = rng.uniform(0, 30, (14, 2))
    travel = np.ceil(np.hypot(*(xy[:, None] - xy).transpose(2, 0, 1)))
    shift = Problem([Tour(0, 240, travel)] * 2, range(12), rng.random(12).tolist(), [0] * 12,
                    [240] * 12, [3] * 12, [3] * 12, [0] * 12, [[]] * 12, [], 15, 60,
                    0.6)  # fmt: skip
    one, two, other = (route(shift, np.random.default_rng(s), 2) for s in (5, 5, 6))
    assert one == two
    assert one != other
    assert check_routes(shift, one) == pytest.approx(check_routes(shift, other), rel=0.05)


def line(*at, base=0.0, end=None):
    """Minutes between places along a line, the base of the start and that of the end last."""
    x = np.array([*at, base, base if end is None else end], dtype=float)
    return abs(x[:, None] - x)


def one_place(**changes):
    """Two bands at one hotspot ten minutes from base: worth 1 till 60, worth 5 from 100 to 160."""
    given = {
        "tours": [Tour(0, 240, line(10))], "place": [0, 0], "value": [1.0, 5.0], "opens": [0, 100],
        "closes": [60, 160], "most": [1, 1], "most_at": [2], "before": [0], "taken": [[]],
        "caps": [], "dwell": 15, "gap": 30, "decay": 0.5, "jitter": 0.0,
    }  # fmt: skip
    return Problem(**given | changes)


def run(problem, seed=0, effort=1):
    found = route(problem, np.random.default_rng(seed), effort)
    return found, check_routes(problem, found)


def test_visits_wait_for_the_hours_when_they_are_worth_more():
    found, value = run(one_place())
    assert [c for c, _ in found[0]] == [0, 1]
    assert value == 5.0 + 0.5 * 1.0  # the better visit counts first, whichever comes first
    assert run(one_place(most_at=[1]))[1] == 5.0
    assert run(one_place(before=[2]))[1] == 0.25 * 5.0 + 0.125 * 1.0


def test_a_visit_given_beforehand_keeps_its_gap():
    # 30 minutes after it left at 120: from 150 on, or until 60 before
    found, _ = run(one_place(taken=[[(105.0, 120.0)]], most_at=[1]))
    assert found[0][0][0] == 1
    assert found[0][0][1] >= 150
    assert run(one_place(taken=[[(105.0, 135.0)]]))[1] == 1.0  # 165 is too late for the better


def test_two_units_keep_the_gap_of_one_hotspot():
    two = one_place(tours=[Tour(0, 240, line(10))] * 2, place=[0], value=[1.0], opens=[0],
                    closes=[240], most=[9], most_at=[9])  # fmt: skip
    found, value = run(two)
    # arrivals 45 min apart between 10 and 215: five
    assert sum(map(len, found)) == 5
    assert value == pytest.approx(sum(0.5**j for j in range(5)))
    free = one_place(tours=two.tours, place=[0], value=[1.0], opens=[0], closes=[240], most=[9],
                     most_at=[9], gap=-15)  # fmt: skip
    assert sum(map(len, run(free)[0])) == 9


def test_units_make_only_visits_they_may_make():
    able = np.array([True, False])
    assert run(one_place(tours=[Tour(0, 240, line(10), 1, (), able)]))[1] == 1.0


def test_officer_minutes_of_visits_and_travel_are_capped():
    pair = [Tour(0, 240, line(10), 2, (0,))]
    assert run(one_place(tours=pair, caps=[2 * 34.0]))[1] == 0.0  # 10 + 15 + 10 minutes, twice
    assert run(one_place(tours=pair, caps=[2 * 35.0]))[1] == 5.0
    assert run(one_place(tours=pair, caps=[2 * 50.0]))[1] == 5.5


def test_a_tour_ends_at_its_own_base():
    far = {"place": [0], "value": [1.0], "opens": [0], "closes": [240], "most": [1], "most_at": [1]}
    assert run(one_place(tours=[Tour(0, 60, line(10, end=45))], **far))[1] == 1.0
    assert run(one_place(tours=[Tour(0, 59, line(10, end=45))], **far))[1] == 0.0


def test_what_a_floor_owes_draws_visits_that_the_need_would_not():
    two = {"place": [0, 1], "value": [1.0, 0.1], "opens": [0, 0], "closes": [60, 60],
           "most": [1, 1], "most_at": [1, 1], "before": [0, 0],
           "taken": [[], []]}  # fmt: skip
    apart = [Tour(0, 40, line(10, -10))]  # time for one of the two
    assert [c for c, _ in run(one_place(tours=apart, **two))[0][0]] == [0]
    owed = one_place(tours=apart, bonus=[[], [2.0]], **two)
    found, value = run(owed)
    assert [c for c, _ in found[0]] == [1]
    assert value == 2.1


def test_no_hotspot_no_tour_and_no_reach_give_empty_routes():
    columns = ("place", "value", "opens", "closes", "most", "most_at", "before", "taken")
    nothing = {name: [] for name in columns}
    assert run(one_place(tours=[Tour(0, 240, line())], **nothing))[0] == [[]]
    assert run(one_place(tours=[]))[0] == []
    assert run(one_place(tours=[Tour(0, 30, line(10))]))[0] == [[]]


def test_starts_are_spread_evenly_and_moved_by_no_more_than_the_jitter():
    wide = {"place": [0], "value": [1.0], "opens": [0], "closes": [240]}
    wide |= {"most": [1], "most_at": [1]}
    # at 10 at the earliest and 215 at the latest: 112 is the middle
    assert {run(one_place(**wide), seed, 0)[0][0][0][1] for seed in range(5)} == {112.0}
    moved = [run(one_place(**wide | {"jitter": 20.0}), seed, 0)[0][0][0][1] for seed in range(40)]
    assert min(moved) >= 92
    assert max(moved) <= 132
    assert len(set(moved)) > 10
    assert all(at == round(at) for at in moved)


# --- against the best there is -------------------------------------------------------------------


def small(seed):
    """Draw a shift of few visits: bands, breaks, gaps, caps, floors and visits given beforehand."""
    rng = np.random.default_rng(seed)
    n, units = int(rng.integers(3, 9)), int(rng.integers(1, 3))
    xy = rng.uniform(0, 25, (n + 2, 2))
    travel = np.ceil(np.hypot(*(xy[:, None] - xy).transpose(2, 0, 1)))
    longest = 100 if units == 2 else 130
    spans = [(0.0, float(rng.integers(60, longest)))]
    if rng.random() < 0.5:
        half = spans[0][1] / 2
        spans = [(0.0, half), (half + 30, 2 * half + 30)]
    caps = [float(rng.integers(100, 400))] if rng.random() < 0.3 else []
    tours = [Tour(a, b, travel, 1 + k, (0,) if caps else ()) for k in range(units)
             for a, b in spans]  # fmt: skip
    bands = 2 if rng.random() < 0.5 else 1
    place = [h for h in range(n) for _ in range(bands)]
    bonus = [[1.0] if rng.random() < 0.3 else [] for _ in range(n)]
    most = int(rng.integers(1, 3))
    return Problem(
        tours, place, rng.random(len(place)).round(3).tolist(), [0.0, 61.0][:bands] * n,
        [60.0 if bands == 2 else 400.0, 400.0][:bands] * n, [most] * len(place), [most] * n,
        [int(k) for k in rng.integers(0, 2, n)],
        [[(30.0, 45.0)] if rng.random() < 0.3 else [] for _ in range(n)], caps, 15.0,
        float(rng.choice([-15, 0, 20, 60])), 0.6, bonus if rng.random() < 0.3 else None,
    )  # fmt: skip


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 4, 5, 7, 8, 10, 13, 17, 18, 21, 22])
def test_small_shifts_get_the_best_routes_there_are(seed):
    shift = small(seed)
    best, routes = best_routes(shift)
    assert check_routes(shift, routes) == pytest.approx(best)
    assert run(shift, effort=2)[1] == pytest.approx(best)


@pytest.mark.parametrize("seed", range(6))
def test_the_oracle_agrees_with_plain_permutations(seed):
    rng = np.random.default_rng(seed)
    n = 5
    xy = rng.uniform(0, 20, (n + 2, 2))
    travel = np.hypot(*(xy[:, None] - xy).transpose(2, 0, 1))
    opens = rng.integers(0, 60, n)
    closes = opens + rng.integers(10, 60, n)
    value = rng.random(n)
    shift = Problem([Tour(0, 110, travel)], range(n), value.tolist(), opens.tolist(),
                    closes.tolist(), [1] * n, [1] * n, [0] * n, [[]] * n, [], 15, 120,
                    0.6)  # fmt: skip
    best = 0.0
    for size in range(1, n + 1):
        for order in permutations(range(n), size):
            clock, here, kept = 0.0, n, True
            for h in order:
                clock = max(clock + travel[here, h], opens[h])
                kept &= clock <= closes[h]
                clock, here = clock + 15, h
            if kept and clock + travel[here, n + 1] <= 110:
                best = max(best, value[list(order)].sum())
    assert best_routes(shift)[0] == pytest.approx(best)


def test_no_room_beside_visits_already_planned_is_an_empty_plan():
    travel = np.full((3, 3), 1.0) - np.eye(3)
    full = Problem([Tour(0, 60, travel)], place=[0], value=[1.0], opens=[0.0], closes=[44.0],
                   most=[1], most_at=[1], before=[0], taken=[[(20.0, 35.0)]], caps=[], dwell=15,
                   gap=120, decay=0.6)  # fmt: skip
    assert route(full, np.random.default_rng(0), 1) == [[]]
