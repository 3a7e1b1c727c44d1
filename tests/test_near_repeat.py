"""Near repeat: exact small cases, a naive count of all pairs, planted and absent patterns."""

import itertools

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

import hotspots as hs
from hotspots.detect._pairs import Margins, find_pairs, observed

SPACE, TIME = (0, 1, 100, 200, 300, 400), (0, 7, 14, 21, 28, 35)


def table(x, y, day, *, hours=0, **columns) -> gpd.GeoDataFrame:
    """One incident per point, from noon of the day, known to so many hours."""
    start = pd.Timestamp("2024-01-01 12:00") + pd.to_timedelta(np.asarray(day), unit="D")
    index = pd.Index([f"i{n}" for n in range(len(start))], name="incident")
    frame = {
        "category": "Burglary",
        "occurred_from": start,
        "occurred_to": start + pd.to_timedelta(hours, unit="h"),
        **columns,
    }
    return gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy(x, y), crs="EPSG:27700", index=index)


def scattered(n=300, seed=0, width=2_000, days=200, **columns) -> gpd.GeoDataFrame:
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, width, (2, n)).astype(float)
    x[n // 10 : n // 5], y[n // 10 : n // 5] = x[: n // 10], y[: n // 10]  # some share a place
    return table(x, y, rng.integers(0, days, n), **columns)


def naive(incidents, space, time, metric):
    """Count every pair, one after the other."""
    xy = incidents.geometry.get_coordinates().to_numpy()
    day = incidents["occurred_from"].dt.normalize()
    seen = np.zeros((len(space) - 1, len(time) - 1))
    for i, j in itertools.combinations(range(len(xy)), 2):
        step = np.abs(xy[i] - xy[j])
        apart = step.sum() if metric == "manhattan" else np.sqrt((step**2).sum())
        days = abs((day.iloc[i] - day.iloc[j]).days)
        for s, t in itertools.product(range(len(space) - 1), range(len(time) - 1)):
            if space[s] <= apart < space[s + 1] and time[t] <= days < time[t + 1]:
                seen[s, t] += 1
    return seen


# --- exact values ----------------------------------------------------------------------------


def test_tiny_case_with_its_full_null():
    """methods: 4 incidents, at most 100 m and 7 days; all 24 permutations give 16 × 0 and 8 × 2."""
    xy = np.array([(0, 0), (50, 0), (500, 0), (520, 0)], dtype=float)
    day = np.array([0, 2, 30, 33])
    pairs = find_pairs(xy, np.array([0.0, 101.0]), "manhattan")
    edges = np.array([0, 8])
    margins = Margins.of(day, np.zeros(4, dtype=np.int64), edges)
    assert observed(pairs, day, edges)[0, 0] == 2
    assert pairs[0].shape[1] == 2
    assert margins.by_time[0, 0].tolist() == [2, 4]
    assert margins.expected(pairs)[0, 0] == pytest.approx(2 / 3)
    null = [
        observed(pairs, day[list(order)], edges)[0, 0] for order in itertools.permutations(range(4))
    ]
    assert sorted(null) == [0] * 16 + [2] * 8
    assert np.mean(null) == pytest.approx(2 / 3)
    assert np.mean(np.array(null) >= 2) == pytest.approx(1 / 3)


def cliques(sizes, n, step):
    """Positions on a line: groups of the sizes given at one spot each, the rest on their own."""
    spot = np.repeat(np.arange(len(sizes)), sizes)
    return np.concatenate([spot, np.arange(len(sizes), len(sizes) + n - len(spot))]) * step


def test_knox_1964_leukaemia():
    """96 cases, 25 of 4,560 pairs close in space, 152 in time, 5 in both: .8333, P = .001684."""
    x = cliques([7, 3, 2], 96, 50_000)  # 21 + 3 + 1 pairs
    days = cliques([17, 6, 2], 96, 1_000)  # 136 + 15 + 1
    # of the seven three fall into the seventeen (3 pairs), of the three two (1), of the two both
    # into the six (1)
    order = [0, 1, 2, 30, 31, 32, 33, 3, 4, 34, 17, 18]
    order += [d for d in range(96) if d not in order]
    when = days[order] + np.arange(96) / 10_000  # or those of one place and day were one event
    found = hs.knox(table(x, np.zeros(96), when), (0, 1000, np.inf), (0, 60, np.inf), n_sim=0)
    cells = found.cells.set_index(["space", "time"])
    assert cells["observed"].sum() == 4_560
    assert cells.loc["[0, 1000) m", "observed"].sum() == 25
    assert cells.xs("[0, 60) days", level="time")["observed"].sum() == 152
    both = cells.loc[("[0, 1000) m", "[0, 60) days")]
    assert both["observed"] == 5
    assert both["expected"] == pytest.approx(0.8333, abs=5e-5)
    assert both["p_value"] == pytest.approx(0.001684, abs=5e-7)


@pytest.mark.parametrize("metric", ["manhattan", "euclidean"])
def test_counts_are_those_of_a_naive_count(metric):
    incidents = scattered(200)
    cells = hs.knox(incidents, metric=metric, n_sim=0).cells
    assert (cells["observed"] == naive(incidents, SPACE, TIME, metric).ravel()).all()
    assert cells["observed"].sum() > 100
