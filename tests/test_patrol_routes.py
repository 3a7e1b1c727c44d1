"""Routes: every rule held, the best value found, the same for the same seed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from route_checker import check_routes

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
@settings(max_examples=60, deadline=None)
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
