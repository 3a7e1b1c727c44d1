"""Bandwidth: the rules against formulas by hand and known truth, adaptive ones against a loop."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from test_kde import KERNEL_VALUES, box_grid, table

import hotspots as hs
from hotspots.contracts import InputError, Notice
from hotspots.detect import _bandwidth
from hotspots.detect._kernels import KERNELS
from hotspots.detect._near import near_pairs


def fitted(rule, incidents, **parameters) -> hs.KDE:
    with pytest.warns(Notice, match=f"bandwidth='{rule}' chose .* m: "):
        return hs.KDE(rule, **parameters).fit(incidents)


def months(xy, month) -> gpd.GeoDataFrame:
    """Incidents at points, in months counted from January 2024, on exact days."""
    when = pd.Timestamp("2024-01-15").to_period("M") + np.asarray(month)
    incidents = table(xy)
    stamp = pd.DatetimeIndex([w.to_timestamp() for w in when]) + pd.Timedelta("3D")
    return incidents.assign(occurred_from=stamp, occurred_to=stamp)


# --- the search for pairs --------------------------------------------------------------------


@pytest.mark.parametrize("radius", [3, 80, 500, 5000])
def test_pairs_are_those_of_a_double_loop(radius, monkeypatch):
    monkeypatch.setattr("hotspots.detect._near._PAIRS", 500)
    rng = np.random.default_rng(radius)
    points = np.vstack([rng.normal(0, 200, (150, 2)), rng.uniform(-900, 900, (50, 2)),
                        rng.integers(-3, 4, (60, 2)) * radius / 2])  # fmt: skip
    around = np.vstack([points[::3], rng.uniform(-2000, 2000, (20, 2))])
    found, squares = set(), []
    for part, centre, point, squared in near_pairs(points, around, radius, "pairs"):
        assert (np.diff(centre) >= 0).all()
        found |= set(zip((centre + part.start).tolist(), point.tolist(), strict=True))
        squares.append(squared - ((around[part][centre] - points[point]) ** 2).sum(axis=1))
    apart = ((around[:, None] - points[None]) ** 2).sum(axis=2)
    want = set(zip(*(i.tolist() for i in np.nonzero(apart <= radius**2)), strict=True))
    assert found == want
    assert np.concatenate(squares).tolist() == [0] * len(want)


def test_no_points_make_no_pairs():
    assert list(near_pairs(np.zeros((0, 2)), np.zeros((3, 2)), 10, "pairs")) == []


# --- rules -----------------------------------------------------------------------------------


def test_knn_is_the_mean_distance_to_the_tenth_distinct_place():
    # a row of places 100 m apart, each with many incidents: ties change nothing
    row = np.column_stack([np.arange(21) * 100.0, np.zeros(21)])
    # the 10th nearest of place i: from the middle 500 m, from the end 1,000 m
    want = np.mean([100 * max(5, 10 - min(i, 20 - i)) for i in range(21)])
    assert fitted("knn", table(row)).bandwidth_ == pytest.approx(want)
    assert fitted("knn", table(np.repeat(row, 9, axis=0))).bandwidth_ == pytest.approx(want)


def test_scott_takes_both_axes():
    rng = np.random.default_rng(5)
    xy = rng.normal(0, (300, 1500), (400, 2))
    sigma = (xy[:, 0].std(ddof=1) + xy[:, 1].std(ddof=1)) / 2 * 400 ** (-1 / 6)
    detector = fitted("scott", table(xy))
    assert detector.bandwidth_ == pytest.approx(np.sqrt(8) * sigma)
    # turned by a right angle it stays the same; of one axis alone it would be five times the other
    assert fitted("scott", table(xy[:, ::-1])).bandwidth_ == pytest.approx(detector.bandwidth_)
    # repeated rows are incidents of their own
    twice = np.repeat(xy, 2, axis=0)
    sigma = (twice[:, 0].std(ddof=1) + twice[:, 1].std(ddof=1)) / 2 * 800 ** (-1 / 6)
    assert fitted("scott", table(twice)).bandwidth_ == pytest.approx(np.sqrt(8) * sigma)


@pytest.mark.parametrize(("kernel", "variance"), [
    ("quartic", 1 / 8), ("gaussian", 1 / 8), ("epanechnikov", 1 / 6), ("uniform", 1 / 4),
    ("triangular", 0.15), ("triweight", 0.1),
])  # fmt: skip
def test_rules_give_every_kernel_the_same_standard_deviation(kernel, variance):
    xy = np.random.default_rng(5).normal(0, 500, (100, 2))
    sigma = xy.std(axis=0, ddof=1).mean() * 100 ** (-1 / 6)
    detector = fitted("scott", table(xy), kernel=kernel)
    assert detector.bandwidth_ * np.sqrt(variance) == pytest.approx(sigma)
    # and the variances are those of the kernels themselves, numerically
    u = np.linspace(0, 2, 400_001)
    k = KERNEL_VALUES[kernel](u)
    assert (k * 2 * np.pi * u).sum() * u[1] == pytest.approx(1, abs=3e-5)
    assert (k * np.pi * u**3).sum() * u[1] == pytest.approx(variance, abs=3e-5)


def disc_error(xy, radius) -> float:
    """Berman and Diggle's error of one radius, pair by pair."""
    n = len(xy)
    d = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))[~np.eye(n, dtype=bool)]
    near, d = (d <= radius).sum(), d[d < 2 * radius]
    total = (
        2 * radius**2 * np.arccos(d / 2 / radius) - d / 2 * np.sqrt(4 * radius**2 - d**2)
    ).sum()
    area = np.pi * radius**2
    return (1 - 2 * near / n) / area + total / n / area**2


def test_diggle_is_the_formula_pair_by_pair():
    rng = np.random.default_rng(3)
    xy = np.vstack([rng.normal(at, 150, (40, 2)) for at in rng.uniform(0, 6000, (5, 2))])
    detector = fitted("diggle", table(xy))
    scores = detector.bandwidth_scores_
    radii = scores.index.to_numpy() / np.sqrt(2)  # the quartic of a disc's standard deviation r/2
    assert scores.idxmin() == detector.bandwidth_
    for at in (20, 60, 120, 255):
        # distances are put into bins of 17 cm
        assert scores.iloc[at] == pytest.approx(disc_error(xy, radii[at]), rel=0.02, abs=1e-9)
    naive = [disc_error(xy, r) for r in radii[::16]]
    best = radii[::16][int(np.argmin(naive))]
    assert abs(detector.bandwidth_ / np.sqrt(2) - best) <= radii[16] - radii[0]


def test_diggle_answers_wider_where_clusters_are_wider():
    def clusters(spread):
        rng = np.random.default_rng(8)
        at = rng.uniform(0, 12_000, (30, 2))
        return table(np.vstack([rng.normal(a, spread, (25, 2)) for a in at]))

    narrow, wide = (fitted("diggle", clusters(s)).bandwidth_ for s in (60, 240))
    assert 2 < wide / narrow < 7


def test_predictive_finds_what_predicts_best_in_a_known_mixture():
    """Towns of a known density: what it chooses is what is nearest to the truth."""
    rng = np.random.default_rng(12)
    towns = rng.uniform(2000, 10_000, (4, 2))
    for spread, narrow in ((90, True), (700, False)):
        xy = towns[rng.integers(4, size=2400)] + rng.normal(0, spread, (2400, 2))
        incidents = months(xy, np.arange(2400) % 12)
        detector = fitted("predictive", incidents)
        scores = detector.bandwidth_scores_
        assert scores.idxmax() == detector.bandwidth_
        assert scores.index.tolist() == [100, 150, 200, 250, 300, 400, 500]
        # the expected log density under the truth, by fresh draws
        fresh = towns[rng.integers(4, size=1200)] + rng.normal(0, spread, (1200, 2))
        train = xy[np.arange(2400) % 12 < 9]
        apart = np.sqrt(((fresh[:, None] - train[None]) ** 2).sum(axis=2))
        expected = {
            h: np.log(0.99 * KERNEL_VALUES["quartic"](apart / h).mean(axis=1) / h**2
                      + 0.01 / 1e8).mean()
            for h in scores.index
        }  # fmt: skip
        order = scores.index.tolist()
        truth = max(expected, key=expected.get)
        assert abs(order.index(detector.bandwidth_) - order.index(truth)) <= 1
        assert (detector.bandwidth_ <= 200) == narrow


def test_predictive_is_the_formula_month_by_month():
    rng = np.random.default_rng(4)
    xy = rng.uniform(0, 1500, (60, 2)).round(-2)  # many share a place
    month = rng.permutation(np.repeat(np.arange(6), 10))
    detector = fitted("predictive", months(xy, month), kernel="gaussian")
    span = shapely.convex_hull(shapely.multipoints(xy)).buffer(500).area
    for bandwidth, score in detector.bandwidth_scores_.items():
        logs = []
        for held in (3, 4, 5):  # half of six months
            train, test = xy[month < held], xy[month == held]
            apart = np.sqrt(((test[:, None] - train[None]) ** 2).sum(axis=2))
            density = KERNEL_VALUES["gaussian"](apart / bandwidth).mean(axis=1) / bandwidth**2
            logs += np.log(0.99 * density + 0.01 / span).tolist()
        assert score == pytest.approx(np.mean(logs), rel=1e-12)


def test_predictive_takes_the_widest_of_equals():
    # no incident has a neighbour within 500 m: every candidate predicts alike
    xy = np.column_stack([np.arange(24) * 5000.0, np.zeros(24)])
    detector = fitted("predictive", months(xy, np.arange(24) % 12))
    assert len(set(detector.bandwidth_scores_)) == 1
    assert detector.bandwidth_ == 500


def test_predictive_keeps_to_what_snapped_months_bear():
    rng = np.random.default_rng(1)
    xy = np.repeat(rng.normal(3000, 60, (30, 2)).round(), 20, axis=0)
    incidents = months(xy, rng.integers(0, 12, 600))
    assert fitted("predictive", incidents).bandwidth_ < 300
    start = incidents["occurred_from"].dt.to_period("M").dt.to_timestamp()
    snapped = incidents.assign(occurred_from=start, occurred_to=start + pd.offsets.MonthBegin())
    assert fitted("predictive", snapped).bandwidth_ == 300
    assert fitted("predictive", snapped, allow_fine=True).bandwidth_ < 300


@pytest.mark.parametrize("rule", _bandwidth.RULES)
def test_rules_do_not_depend_on_the_order_of_rows(rule):
    rng = np.random.default_rng(6)
    incidents = months(rng.normal(0, 400, (300, 2)), rng.integers(0, 8, 300))
    one, other = (fitted(rule, t) for t in (incidents, incidents.sample(frac=1, random_state=1)))
    assert one.bandwidth_ == other.bandwidth_
    grid = box_grid(100, side=500)
    pd.testing.assert_series_equal(one.predict(grid), other.predict(grid), check_exact=True)


@pytest.mark.parametrize("rule", _bandwidth.RULES)
@pytest.mark.parametrize("xy", [np.zeros((0, 2)), [(5, 5)], [(5, 5)] * 40])
def test_rules_refuse_too_few_places(rule, xy):
    with pytest.raises(InputError, match=r"KDE.*(distinct places or more|share their|are needed)"):
        hs.KDE(rule).fit(table(xy))


def test_diggle_refuses_ties_with_the_reason():
    tied = table(np.repeat(np.random.default_rng(1).uniform(0, 900, (20, 2)), 2, axis=0))
    with pytest.raises(InputError, match=r"bandwidth='diggle'.*100% share their point"):
        hs.KDE("diggle").fit(tied)


def test_predictive_needs_two_months():
    xy = np.random.default_rng(1).uniform(0, 900, (40, 2))
    with pytest.raises(InputError, match="at least 2 whole ones with incidents; these have 1"):
        hs.KDE("predictive").fit(months(xy, np.zeros(40, dtype=int)))


def test_a_rule_too_fine_for_snapped_months_is_refused():
    row = np.column_stack([np.arange(21) * 20.0, np.zeros(21)])
    snapped = table(np.repeat(row, 9, axis=0), days=30)
    with (
        pytest.warns(Notice, match="chose 1"),
        pytest.raises(InputError, match=r"bandwidth='knn'=1\d\d m\).*at least 300 m"),
    ):
        hs.KDE("knn").fit(snapped)


# --- adaptive --------------------------------------------------------------------------------


@pytest.mark.parametrize("kernel", KERNELS)
def test_adaptive_bandwidths_are_those_of_a_loop(kernel):
    rng = np.random.default_rng(9)
    xy = np.vstack([rng.normal(2000, 150, (60, 2)), rng.uniform(0, 4000, (60, 2))])
    xy = np.vstack([xy, xy[:30], xy[:10]])  # some places hold more than one
    detector = hs.KDE(300, kernel, adaptive=True, years=1).fit(table(xy))
    places = detector.locations_[["x", "y"]].to_numpy()
    pilot = np.array([
        sum(KERNEL_VALUES[kernel](np.hypot(*(p - s)) / 300) for s in xy) for p in places
    ])  # fmt: skip
    mean = np.exp(np.log(pilot[detector.location_]).mean())  # over incidents
    want = 300 * np.clip(np.sqrt(mean / pilot), 0.5, 2)
    np.testing.assert_allclose(detector.bandwidths_, want, rtol=1e-9)
    assert detector.bandwidths_.max() == 600  # clipped
    assert detector.bandwidths_.min() < 250
    for shape in ("square", "hex"):
        grid = box_grid(130, shape)
        heat = detector.predict(grid).to_numpy()
        summed = np.zeros(len(grid.cells))
        for p, h, n in zip(places, want, detector.locations_["incidents"], strict=True):
            apart = np.hypot(*(grid.centres - p).T)
            summed += n * KERNEL_VALUES[kernel](apart / h) / h**2 * 1e6
        np.testing.assert_allclose(heat, summed, rtol=1e-7, atol=1e-7)


def test_adaptive_keeps_the_mass_and_sharpens_the_peak():
    rng = np.random.default_rng(2)
    xy = np.vstack([rng.normal(2500, 80, (300, 2)), rng.uniform(1300, 3700, (300, 2))])
    grid = box_grid(50, side=5000)
    fixed, adaptive = (hs.KDE(400, adaptive=a, years=1).fit(table(xy)) for a in (False, True))
    assert adaptive.predict(grid).sum() * grid.area_km2 == pytest.approx(600, rel=2e-3)
    assert adaptive.predict(grid).max() > 1.3 * fixed.predict(grid).max()


def test_adaptive_of_one_place_is_fixed():
    grid = box_grid()
    alone = table([(2000, 2000)] * 5)
    adaptive = hs.KDE(300, adaptive=True).fit(alone)
    assert adaptive.bandwidths_.tolist() == [300]
    pd.testing.assert_series_equal(adaptive.predict(grid), hs.KDE(300).fit(alone).predict(grid))
    nobody = hs.KDE(300, adaptive=True).fit(table(np.zeros((0, 2))))
    assert (nobody.predict(grid) == 0).all()


def test_adaptive_refuses_cells_wider_than_its_narrowest():
    xy = np.vstack([np.random.default_rng(1).normal(2000, 20, (200, 2)), [(100.0 * i, 5) for i
                    in range(40)]])  # fmt: skip
    detector = hs.KDE(300, adaptive=True).fit(table(xy))
    with pytest.raises(InputError, match="wider than the reach of"):
        detector.predict(box_grid(290))


# --- recency ---------------------------------------------------------------------------------


def test_recent_incidents_count_more():
    there, then = (1000, 1000), (3000, 3000)
    incidents = months([then] * 10 + [there] * 10, [0] * 10 + [11] * 10)
    grid = box_grid(100)
    fresh = pd.Series(hs.KDE(300, half_life="30D").fit(incidents).predict(grid).to_numpy(),
                      index=grid.ids)  # fmt: skip
    age = 11 / 12 * 365.25
    ratio = fresh["E1000_N1000"] / fresh["E3000_N3000"]
    assert ratio == pytest.approx(2 ** (335 / 30), rel=0.02)  # 18 January to 18 December
    assert age == pytest.approx(335, abs=1)
    flat = hs.KDE(300, half_life="36500D").fit(incidents).predict(grid)
    np.testing.assert_allclose(flat, hs.KDE(300).fit(incidents).predict(grid), rtol=0.02)
