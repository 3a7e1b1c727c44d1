"""Kernel density: the formula, the exactness, the mass, and when it refuses."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import hotspots as hs
from hotspots.contracts import InputError
from hotspots.detect._surface import kernel_sum
from hotspots.detect.kde import KERNELS

KERNEL_VALUES = {  # by hand, u = d / h
    "uniform": lambda u: (u <= 1) / np.pi,
    "epanechnikov": lambda u: 2 / np.pi * np.maximum(1 - u**2, 0),
    "quartic": lambda u: 3 / np.pi * np.maximum(1 - u**2, 0) ** 2,
    "triweight": lambda u: 4 / np.pi * np.maximum(1 - u**2, 0) ** 3,
    "triangular": lambda u: 3 / np.pi * np.maximum(1 - u, 0),
    # standard deviation 1/√8, cut at 2 and scaled up by what is cut
    "gaussian": lambda u: (u <= 2) * 4 / np.pi * np.exp(-4 * u**2) / (1 - np.exp(-16)),
}
kernels = pytest.mark.parametrize("kernel", KERNELS)
shapes = pytest.mark.parametrize("shape", ["square", "hex"])


def box_grid(size=100, shape="square", side=4000) -> hs.Grid:
    area = gpd.GeoDataFrame(
        {"lpt": ["Box"]}, geometry=[shapely.box(0, 0, side, side)], crs="EPSG:27700"
    )
    return hs.Grid.over(hs.read_lpts(area), size, shape)


def table(xy, start="2025-01-01", days=0, **columns) -> gpd.GeoDataFrame:
    n = len(xy)
    when = pd.Series(pd.Timestamp(start) + pd.to_timedelta(np.arange(n) % 365, unit="D"))
    frame = {"category": ["ASB"] * n, "occurred_from": when.to_numpy(),
             "occurred_to": (when + pd.Timedelta(days, "D")).to_numpy(), **columns}  # fmt: skip
    xy = np.asarray(xy, dtype=float).reshape(-1, 2)
    index = pd.RangeIndex(n, name="incident")
    return gpd.GeoDataFrame(
        frame, geometry=gpd.points_from_xy(*xy.T), crs="EPSG:27700", index=index
    )


def weighed(xy) -> pd.DataFrame:
    return pd.DataFrame(xy, columns=["x", "y"]).assign(weight=1.0)


def brute_force(centres, xy, weights, kernel, bandwidth) -> np.ndarray:
    """Weight per km², by the formula, one pair at a time."""
    apart = np.hypot(*(centres[:, None, :] - xy[None, :, :]).transpose(2, 0, 1))
    return (KERNEL_VALUES[kernel](apart / bandwidth) @ weights) / bandwidth**2 * 1e6


def test_check_values_of_the_quartic_kernel():
    """h = 100 m: 9.54929659e-5 at 0, 5.37147933e-5 at 50 m and 0 at 100 m, per m²."""
    grid = box_grid(size=50, side=1000)
    detector = hs.KDE(100, years=1).fit(table([(525, 525)]))  # a cell's centre
    heat = pd.Series(detector.predict(grid).to_numpy(), index=grid.ids)
    assert heat["E500_N500"] / 1e6 == pytest.approx(9.54929659e-5, rel=1e-8)
    assert heat["E550_N500"] / 1e6 == pytest.approx(5.37147933e-5, rel=1e-8)
    assert heat["E600_N500"] == 0
    assert heat["E450_N450"] / 1e6 == pytest.approx(3 / np.pi / 1e4 * 0.25)


@kernels
def test_every_kernel_integrates_to_one(kernel):
    grid = box_grid(size=2, side=420)  # the Gaussian reaches to 200 m
    heat = hs.KDE(100, kernel, years=1).fit(table([(210.3, 209.1)])).predict(grid)
    # the rougher the kernel's edge, the more a sum over 2 m cells errs
    error = {"uniform": 1e-3, "epanechnikov": 2e-5, "quartic": 1e-7, "triweight": 1e-8,
             "triangular": 1e-5, "gaussian": 1e-7}[kernel]  # fmt: skip
    assert heat.sum() * grid.area_km2 == pytest.approx(1, abs=error)


@kernels
@shapes
@pytest.mark.parametrize("bandwidth", [130, 300, 517.3])
def test_it_is_the_formula_itself(kernel, shape, bandwidth):
    rng = np.random.default_rng(2)
    xy = rng.uniform(-600, 4600, (300, 2))  # some lie outside the grid and reach in
    weights = rng.gamma(1, size=300)
    grid = box_grid(130, shape)
    heat = hs.KDE(bandwidth, kernel, weights="harm", years=2, allow_fine=True).fit(
        table(xy, harm=weights)
    )
    want = brute_force(grid.centres, xy, weights, kernel, bandwidth) / 2
    np.testing.assert_allclose(heat.predict(grid), want, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("kernel", "theirs"), [
    ("quartic", "biweight"), ("epanechnikov", "epa"), ("triweight", "triweight"),
])  # fmt: skip
def test_it_agrees_with_kdepy(kernel, theirs):
    kdepy = pytest.importorskip("KDEpy", reason="an independent kernel density estimator")
    rng = np.random.default_rng(8)
    xy = rng.normal(2000, 400, (200, 2))
    grid = box_grid(100)
    ours = hs.KDE(400, kernel, years=1).fit(table(xy)).predict(grid).to_numpy()
    # KDEpy's bandwidth is the standard deviation of the kernel in one dimension
    bw = 400 * np.sqrt(kdepy.NaiveKDE(theirs).kernel.var)
    there = kdepy.NaiveKDE(theirs, bw=bw, norm=2).fit(xy).evaluate(grid.centres)
    # it adds a tiny constant everywhere, so that none of its densities is zero
    np.testing.assert_allclose(ours, there * 200 * 1e6, rtol=1e-8, atol=1e-6)
    assert ours.max() > 100


@settings(max_examples=30, deadline=None)
@given(
    points=st.lists(st.tuples(st.floats(-500, 1500), st.floats(-500, 1500)), min_size=1,
                    max_size=12),
    shape=st.sampled_from(["square", "hex"]), ratio=st.floats(1, 6),
)  # fmt: skip
def test_two_implementations_agree_for_any_points(points, shape, ratio):
    grid = box_grid(80, shape, side=1000)
    xy = np.array(points)
    got = kernel_sum(grid, weighed(xy), 2, 80 * ratio)
    want = brute_force(grid.centres, xy, np.ones(len(xy)), "quartic", 80 * ratio)
    np.testing.assert_allclose(got, want, rtol=1e-7, atol=1e-7)


def test_many_locations_are_summed_in_parts_without_a_seam(monkeypatch):
    from hotspots.detect import _surface

    xy = np.random.default_rng(1).uniform(0, 4000, (900, 2))
    detector, grid = hs.KDE(300).fit(table(xy)), box_grid()
    whole = detector.predict(grid)
    monkeypatch.setattr(_surface, "_CHUNK", 37)
    np.testing.assert_allclose(detector.predict(grid), whole, rtol=1e-12)


@kernels
@shapes
def test_mass_is_conserved(kernel, shape):
    """Heat × area × years comes to the incidents, where none lie at the edge."""
    xy = np.random.default_rng(6).uniform(600, 3400, (2000, 2))
    grid = box_grid(100, shape)
    detector = hs.KDE(500, kernel).fit(table(xy))
    assert detector.years_ == 1
    total = detector.predict(grid).sum() * grid.area_km2
    # a sum over cell centres is not the integral: the uniform kernel, which jumps, errs most
    assert total == pytest.approx(2000, rel=5e-3 if kernel == "uniform" else 1e-3)


@pytest.mark.parametrize(("size", "most"), [(250, 0.015), (500, 0.12)])
def test_mass_of_one_location_errs_no_more_than_the_docstring_says(size, most):
    grid = box_grid(size)
    rng = np.random.default_rng(3)
    places = 2000 + rng.uniform(0, size, (120, 2))
    mass = [kernel_sum(grid, weighed([xy]), 2, 500.0).sum() * grid.area_km2 for xy in places]
    error = np.abs(np.array(mass) - 1).max()
    assert most / 3 < error < most


def test_nothing_is_lost_between_lpts():
    """The heat of an LPT alone is that of the whole force, bit by bit."""
    west, east = shapely.box(0, 0, 2000, 4000), shapely.box(2000, 0, 4000, 4000)
    lpts = hs.read_lpts(
        gpd.GeoDataFrame({"lpt": ["W", "E"]}, geometry=[west, east], crs="EPSG:27700")
    )
    detector = hs.KDE(500).fit(table(np.random.default_rng(7).uniform(0, 4000, (500, 2))))
    force = hs.Grid.over(lpts)
    heat = pd.Series(detector.predict(force).to_numpy(), index=force.ids)
    parts = [hs.Grid.over(lpts.loc[[name]]) for name in ("W", "E")]
    alone = pd.concat([pd.Series(detector.predict(g).to_numpy(), index=g.ids) for g in parts])
    pd.testing.assert_series_equal(alone[force.ids], heat, check_exact=True)
    # were each LPT given its own incidents only, heat would be lost at the line
    assert alone[[f"E1900_N{n}" for n in range(0, 4000, 100)]].min() > 0


def test_repeated_rows_are_weights():
    xy = np.random.default_rng(9).uniform(0, 4000, (50, 2))
    grid = box_grid()
    rows = hs.KDE(years=1).fit(table(np.repeat(xy, 7, axis=0), days=0)).predict(grid)
    weighted = hs.KDE(weights="harm", years=1).fit(table(xy, harm=[7.0] * 50)).predict(grid)
    np.testing.assert_allclose(rows, weighted, rtol=1e-12)


def test_locations_are_counted_weighed_and_sorted():
    xy = [(2, 1), (1, 5), (2, 1), (1, 2), (0, 0), (-0.0, 0)]
    found = hs.KDE(weights="harm").fit(table(xy, harm=[1.0, 2, 4, 8, 16, 32]))
    assert found.locations_[["x", "y"]].to_numpy().tolist() == [[0, 0], [1, 2], [1, 5], [2, 1]]
    assert found.locations_["incidents"].tolist() == [2, 1, 1, 2]
    assert found.locations_["weight"].tolist() == [48, 8, 2, 5]
    assert found.location_.tolist() == [3, 2, 3, 1, 0, 0]


# --- refusals --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"bandwidth": 0}, "bandwidth=0; it must be metres above 0"),
        ({"bandwidth": float("nan")}, "bandwidth=nan"),
        (
            {"bandwidth": "widest"},
            "bandwidth='widest'; it must be metres above 0 and .* or one of the rul",
        ),
        ({"kernel": np.array(["quartic", "uniform"])}, r"kernel=array\(.*it takes"),
        ({"edge": np.array([1, 2])}, r"edge=array\(.*it takes None, 'uniform', 'diggle'"),
        ({"half_life": "soon"}, "half_life='soon'; it must be a length of time"),
        ({"half_life": "12h"}, "half_life='12h'; it must be a length of time, a day at least"),
        ({"bandwidth": 3e5}, "bandwidth=300000.0; it must be metres above 0 and at most 100,000"),
        ({"allow_fine": "no"}, "allow_fine='no'; it must be True or False"),
        ({"include_police": np.array([1, 0])}, r"include_police=array.*it must be True or False"),
        ({"kernel": "cosine"}, "kernel='cosine'; it takes 'quartic', 'gaussian', 'epanechnikov'"),
    ],
)
def test_impossible_parameters_are_refused(parameters, message):
    with pytest.raises(InputError, match=message):
        hs.KDE(**parameters).fit(table([(5, 5)]))


def test_what_an_earlier_fit_learned_is_forgotten():
    crowd = table(np.random.default_rng(1).normal(2000, 300, (200, 2)))
    detector, grid = hs.KDE(300, adaptive=True).fit(crowd), box_grid()
    adapted = detector.predict(grid)
    detector.set_params(adaptive=False)
    pd.testing.assert_series_equal(detector.predict(grid), adapted)  # as it was fitted
    assert detector.fit(crowd).bandwidths_ is None
    pd.testing.assert_series_equal(detector.predict(grid), hs.KDE(300).fit(crowd).predict(grid))


def test_points_without_finite_coordinates_count_as_not_located():
    xy = np.random.default_rng(1).uniform(1000, 3000, (40, 2))
    strange = np.vstack([xy, [(np.nan, 5), (5, np.nan), (np.inf, 5), (5, -np.inf)]])
    detector = hs.KDE(300, years=1).fit(table(strange))
    assert detector.used_.sum() == 40
    want = hs.KDE(300, years=1).fit(table(xy)).predict(box_grid())
    pd.testing.assert_series_equal(detector.predict(box_grid()), want)


def test_a_rule_misled_by_a_stray_point_is_refused():
    xy = np.vstack([np.random.default_rng(1).uniform(0, 3000, (40, 2)), [(1e15, 0)]])
    with pytest.raises(InputError, match=r"'knn' chose .* m \(the mean.*look for stray points"):
        hs.KDE("knn").fit(table(xy))


def test_a_column_that_is_there_twice_is_named():
    twice = pd.concat([table([(5, 5)], harm=1.0), pd.DataFrame({"harm": [2.0]})], axis=1)
    twice.index.name = "incident"
    with pytest.raises(InputError, match="column 'harm' is there twice; rename or drop one"):
        hs.KDE(weights="harm").fit(twice)
    with pytest.raises(InputError, match="column 'cost' is there twice"):
        hs.KDE(weights="cost").fit(twice.set_axis([c.replace("harm", "cost") for c in twice],
                                                  axis=1))  # fmt: skip


def test_every_fault_is_named():
    with pytest.raises(InputError) as error:
        hs.KDE(-1, "none", years=0).fit(table([(5, 5)]))
    assert len(error.value.faults) == 3


def test_cells_wider_than_the_kernel_are_refused():
    detector = hs.KDE(300).fit(table([(5, 5)]))
    detector.predict(box_grid(300))
    with pytest.raises(InputError, match="cells of 301 m are wider than the reach of 300 m"):
        detector.predict(box_grid(301))


def test_snapped_months_refuse_a_fine_bandwidth():
    snapped = table([(500, 500)] * 4 + [(900, 900)], days=30)
    with pytest.raises(InputError, match=r"KDE\(bandwidth=200\).*snapped \(80% share one.*300 m"):
        hs.KDE(200).fit(snapped)
    hs.KDE(200, allow_fine=True).fit(snapped)
    hs.KDE(300).fit(snapped)
    hs.KDE(200).fit(table([(500, 500)] * 4 + [(900, 900)]))  # days known: a force's own records
    hs.KDE(200).fit(table([(n, n) for n in range(50)], days=30))  # own points: not snapped


@pytest.mark.realdata
def test_staffordshire_mass_and_time(shared):
    folder = shared / "data"
    lpts = hs.read_lpts(folder / "boundaries" / "staffordshire_lpts.gpkg")
    loaded = hs.read_incidents(folder / "police_uk" / "staffordshire-2024-2025.zip", lpts=lpts)
    asb = loaded.incidents.query("category == 'Anti-social behaviour'")
    grid = hs.Grid.over(lpts)
    detector = hs.KDE(300).fit(asb)
    assert detector.years_ == pytest.approx(16 / 12)  # eight months are absent, not zero
    inside = grid.counts(asb).sum()
    total = detector.predict(grid).sum() * grid.area_km2 * detector.years_
    assert total == pytest.approx(inside, rel=2e-3)  # a little lies across the force's edge
    spots = detector.hotspots(grid, top_k=5, per_lpt=True)
    assert spots["lpt"].value_counts().eq(5).all()
