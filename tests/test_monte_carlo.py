"""Monte Carlo thresholds: the smoothing by a sum, the p-values by hand, the false-alarm rate."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy import stats

import hotspots as hs
from hotspots.chance import adjusted_p
from hotspots.contracts import InputError
from hotspots.detect.monte_carlo import Significance, _Smooth

ZERO = np.array([400_000.0, 300_000.0])
CRS = "EPSG:27700"


def box(side=2000, size=100, shape="square", notch=False) -> hs.Grid:
    area = shapely.box(*ZERO, *ZERO + side)
    if notch:
        area = area.difference(shapely.box(*(ZERO - 1), *(ZERO + 900)))
    lpts = gpd.GeoDataFrame({"lpt": ["Box"]}, geometry=[area], crs=CRS)
    return hs.Grid.over(hs.read_lpts(lpts), size, shape)


def table(xy, **columns) -> gpd.GeoDataFrame:
    xy = np.asarray(xy, dtype=float).reshape(-1, 2)
    day = pd.Timestamp("2025-01-01") + pd.to_timedelta(np.arange(len(xy)) % 365, unit="D")
    index = pd.Index([f"i{n}" for n in range(len(xy))], name="incident")
    frame = {"category": "ASB", "occurred_from": day, "occurred_to": day, **columns}
    return gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy(*xy.T), crs=CRS, index=index)


def drawn(grid, n, seed, chances=None) -> np.ndarray:
    """Points anywhere in cells drawn by their chances."""
    rng = np.random.default_rng(seed)
    cell = rng.choice(len(grid.cells), n, p=chances)
    return grid.centres[cell] + rng.uniform(-0.5, 0.5, (n, 2)) * grid.size


@pytest.mark.parametrize("shape", ["square", "hex"])
@pytest.mark.parametrize("kernel", ["quartic", "gaussian", "triangular", "uniform"])
def test_smoothing_is_the_kernel_sum_of_incidents_at_the_centres(shape, kernel):
    """Against the detector itself, fitted on incidents at the centres of their cells."""
    grid = box(size=90, shape=shape, notch=True)
    cell = np.random.default_rng(0).integers(0, len(grid.cells), 12)
    detector = hs.KDE(310, kernel, years=1).fit(table(grid.centres[cell]))
    want = detector.predict(grid).to_numpy()
    rough = _Smooth(detector, grid)(cell, None)
    np.testing.assert_allclose(rough, want, atol=2e-6 * want.max())
    found = hs.monte_carlo(detector, grid, n_sim=19)
    np.testing.assert_allclose(found.cells["heat"], want, rtol=1e-9, atol=1e-11 * want.max())
    assert ((found.cells["heat"] > 0).to_numpy() >= (want > 1e-11 * want.max())).all()
    assert (found.cells["heat"] == 0).any()


@pytest.mark.parametrize("edge", ["uniform", "diggle"])
def test_an_edge_correction_is_kept(edge):
    grid = box()
    cell = np.random.default_rng(1).integers(0, len(grid.cells), 200)
    detector = hs.KDE(300, edge=edge, years=0.5).fit(table(grid.centres[cell]))
    found = hs.monte_carlo(detector, grid, n_sim=19)
    np.testing.assert_allclose(found.cells["heat"], detector.predict(grid), rtol=1e-4)


def test_p_values_and_threshold_are_counted_from_the_simulations():
    """Two cells, too far apart to reach each other: the counts are binomial."""
    lpts = gpd.GeoDataFrame(
        {"lpt": ["A", "B"]}, crs=CRS,
        geometry=[shapely.box(*ZERO, *ZERO + 100), shapely.box(*ZERO + 1000, *ZERO + 1100)],
    )  # fmt: skip
    grid = hs.Grid.over(hs.read_lpts(lpts), 100)
    xy = np.repeat(grid.centres, [14, 6], axis=0)
    detector = hs.KDE(100, years=1).fit(table(xy))
    found = hs.monte_carlo(detector, grid, null="uniform", n_sim=3999, correction=None, seed=3)
    want = stats.binom.sf([13, 5], 20, 0.5)
    tolerance = 4 * np.sqrt(want * (1 - want) / 3999)
    assert (np.abs(found.cells["p_value"].to_numpy() - want) < tolerance + 3e-4).all()
    np.testing.assert_allclose(found.cells["p_value"] * 4000 % 1, 0, atol=1e-6)
    peak = 3 / np.pi / 0.01  # of one incident, per km²
    # the greater of two counts passes 14 in 4.1% of cases and 13 in 11.5%
    assert found.threshold / peak == pytest.approx(14, rel=1e-5)
    assert found.cells["above_threshold"].tolist() == [False, False]
    assert found.cells["expected_heat"].tolist() == pytest.approx([10 * peak] * 2, rel=1e-5)
    halved = hs.monte_carlo(detector, grid, null="uniform", n_sim=999, alpha=0.2, seed=3)
    assert halved.threshold / peak == pytest.approx(13, rel=1e-5)
    assert halved.cells["above_threshold"].tolist() == [True, False]
    assert halved.cells["significant"].tolist() == [True, False]


def test_false_alarms_are_as_many_as_promised_and_p_is_uniform():
    """Incidents anywhere in cells drawn from the null, 60 times over."""
    grid = box(1000)
    chances = np.random.default_rng(0).gamma(1, 1, len(grid.cells))
    chances /= chances.sum()
    null = pd.Series(chances, index=grid.cells)
    alarms, any_adjusted, p = 0, 0, []
    for seed in range(60):
        detector = hs.KDE(250, years=1).fit(table(drawn(grid, 400, seed, chances)))
        found = hs.monte_carlo(detector, grid, null=null, n_sim=39, seed=1000 + seed)
        alarms += bool(found.cells["above_threshold"].any())
        any_adjusted += bool(found.cells["significant"].any())
        p.append(found.cells["p_value"].iloc[55])
    # of 60, .05 gives 3 ± 1.7
    assert 1 <= alarms <= 9
    assert any_adjusted <= 9
    assert stats.kstest(np.array(p) - 0.0125, "uniform").pvalue > 0.01
    assert 1 <= np.sum(np.array(p) <= 0.1) <= 13


def test_a_planted_hotspot_is_found_against_all_crime_and_the_town_is_not():
    rng = np.random.default_rng(6)
    grid = box(3000)
    town = ZERO + np.clip(rng.normal(1500, 350, (4000, 2)), 1, 2999)
    planted = ZERO + rng.normal((600, 2300), 60, (40, 2))
    alike = town[:400]
    burglary = hs.KDE(300).fit(table(np.vstack([alike, planted])))
    everything = hs.KDE(300).fit(table(np.vstack([town, planted])))
    found = hs.monte_carlo(burglary, grid, null=everything, seed=2)
    hot = grid.centres[found.cells["significant"].to_numpy()]
    assert len(hot) > 5
    assert np.hypot(*(hot - ZERO - (600, 2300)).T).max() < 600
    trivial = hs.monte_carlo(burglary, grid, null="uniform", seed=2)
    middle = grid.locate([ZERO + 1500])[0]
    assert trivial.cells.loc[middle, "significant"]
    assert not found.cells.loc[middle, "significant"]
    assert "means only that crime is not spread evenly" in trivial.text
    assert "not a cause" in found.text
    assert "the heat of KDE(bandwidth=300" in found.text


def test_inhabited_are_the_cells_that_hold_any_incident_given():
    grid = box()
    xy = drawn(grid, 60, 3)
    rows = table(xy, origin=["police"] * 30 + ["public"] * 30)
    with pytest.warns(hs.Notice, match="police-generated"):
        detector = hs.KDE(300).fit(rows)
    found = hs.monte_carlo(detector, grid, n_sim=19)
    held = grid.counts(rows) > 0
    assert found.incidents == 30
    assert (found.cells["p_value"].notna() == held).all()
    assert found.astray == 0
    here = pd.Series(1.0, index=grid.ids[:40], name="addresses")
    some = hs.monte_carlo(detector, grid, null=here, n_sim=19)
    astray = int((grid.locate(xy[30:]) > grid.cells[39]).sum())
    assert some.astray == astray > 0
    assert f"{astray} incidents lie where the null has nothing" in some.text
    tested = (grid.counts(rows.iloc[30:]) > 0).to_numpy() | (np.arange(len(grid.cells)) < 40)
    assert (some.cells["p_value"].notna().to_numpy() == tested).all()


def test_weights_stay_with_their_incidents():
    grid = box()
    xy = drawn(grid, 80, 4)
    harm = np.r_[np.full(79, 1.0), 500.0]
    detector = hs.KDE(300, weights="harm", years=1).fit(table(xy, harm=harm))
    found = hs.monte_carlo(detector, grid, null="uniform", n_sim=199)
    total = found.cells["expected_heat"].sum() * grid.area_km2
    assert total == pytest.approx(579, rel=0.15)  # less what reaches beyond the edge
    assert not found.cells["above_threshold"].any()  # every simulation has the 500 somewhere
    plain = hs.monte_carlo(hs.KDE(300, years=1).fit(table(xy)), grid, null="uniform", n_sim=199)
    assert found.threshold > 20 * plain.threshold
    recent = hs.KDE(300, half_life="90D").fit(table(xy))
    aged = hs.monte_carlo(recent, grid, null="uniform", n_sim=19)
    moved = recent.predict(grid).sum()  # the same incidents, from where they are
    assert aged.cells["heat"].sum() == pytest.approx(moved, rel=0.05)


def test_the_same_seed_gives_the_same_and_the_order_of_rows_does_not_matter():
    grid = box()
    rows = table(drawn(grid, 150, 5), harm=np.random.default_rng(1).gamma(1, 30, 150))
    mixed = rows.sample(frac=1, random_state=2)
    for weights in (None, "harm"):
        one, two = (
            hs.monte_carlo(hs.KDE(300, weights=weights).fit(r), grid, n_sim=49, seed=7)
            for r in (rows, mixed)
        )
        pd.testing.assert_frame_equal(one.cells, two.cells)
        assert one.threshold == two.threshold
    other = hs.monte_carlo(hs.KDE(300).fit(rows), grid, n_sim=49, seed=8)
    plain = hs.monte_carlo(hs.KDE(300).fit(rows), grid, n_sim=49, seed=7)
    assert not other.cells["p_value"].equals(plain.cells["p_value"])


def test_the_result_is_tidy_and_says_what_it_found():
    grid = box()
    detector = hs.KDE(300, years=1).fit(table(np.vstack([drawn(grid, 100, 6), [ZERO + 450] * 60])))
    found = hs.monte_carlo(detector, grid)
    assert isinstance(found, Significance)
    cells = found.cells
    assert cells.index.name == "cell"
    assert cells.index.tolist() == grid.cells.tolist()
    assert cells.columns.tolist() == [
        "id", "lpt", "heat", "expected_heat",
        "p_value", "q_value", "significant", "above_threshold",
    ]  # fmt: skip
    np.testing.assert_allclose(cells["q_value"], adjusted_p(cells["p_value"]))
    assert (cells["significant"] == (cells["q_value"] <= 0.05)).all()
    assert list(found.tables) == ["cells"]
    assert found.text.startswith(f"{cells['significant'].sum():,} of ")
    assert "fdr_bh; 999 simulations of 160 incidents" in found.text
    assert found.unit == "incidents per km² per year"
    hot = grid.locate([ZERO + 450])[0]
    assert cells.loc[hot, "significant"]
    assert cells.loc[hot, "p_value"] == 0.001


def test_too_few_simulations_for_so_many_cells_are_said():
    grid = box(4000)
    detector = hs.KDE(300, years=1).fit(table(np.vstack([drawn(grid, 500, 6), [ZERO + 450] * 60])))
    found = hs.monte_carlo(detector, grid, null="uniform", n_sim=19)
    assert not found.cells["significant"].any()
    assert "raise n_sim to about" in found.text
    assert found.cells["above_threshold"].any()


def test_no_incident_inside_the_grid():
    grid = box()
    for xy in (np.zeros((0, 2)), [ZERO - 5000]):
        found = hs.monte_carlo(hs.KDE(300, years=1).fit(table(xy)), grid)
        assert found.text.startswith("No cell is significant")
        assert not found.cells[["significant", "above_threshold"]].any(axis=None)
        assert found.cells["p_value"].isna().all()
    one = hs.monte_carlo(hs.KDE(300, years=1).fit(table([ZERO + 500])), grid)
    assert one.cells["p_value"].min() == 1  # it is the only inhabited cell


def test_every_fault_is_named():
    grid = box()
    with pytest.raises(InputError) as error:
        hs.monte_carlo(hs.Counts(), None, null="csr", n_sim=0, alpha=2, correction="fdr", seed=-1)
    said = str(error.value)
    assert len(error.value.faults) == 7
    for part in ("detector is of type Counts", "grid is of type NoneType", "null='csr'", "n_sim=0",
                 "alpha=2", "correction='fdr'", "seed=-1"):  # fmt: skip
        assert part in said
    rows = table(drawn(grid, 20, 0))
    refused = [
        (hs.KDE(300), {}, "the detector is not fitted yet"),
        (hs.KDE(300, adaptive=True).fit(rows), {}, "adaptive=False"),
        (hs.RelativeRisk(category="ASB"), {}, "not fitted yet|not a sum"),
        (hs.KDE(300).fit(rows), {"null": 3}, "null is of type int"),
        (hs.KDE(300).fit(rows), {"null": hs.KDE(300)}, "given as null is not fitted"),
        (hs.KDE(300).fit(rows), {"null": pd.Series([1.0], index=["x"])}, "cell 'x' of the null"),
        (hs.KDE(300).fit(rows), {"null": pd.Series(["a"], index=[1])}, "one number per cell"),
        (hs.KDE(300).fit(rows), {"null": pd.Series(-1.0, index=grid.cells)}, "negative or"),
        (hs.KDE(300).fit(rows), {"null": pd.Series(0.0, index=grid.cells)}, "0 in every inside"),
        (hs.KDE(300).fit(rows), {"n_sim": 18}, "at least 19"),
    ]  # fmt: skip
    for detector, how, message in refused:
        with pytest.raises(InputError, match=message):
            hs.monte_carlo(detector, grid, **how)
    with pytest.raises(InputError, match="wider than the reach"):
        hs.monte_carlo(hs.KDE(90).fit(rows), grid)


def test_with_a_detector_as_null_cells_with_any_of_its_incidents_are_tested():
    grid = box()
    xy = drawn(grid, 80, 9)
    few, many = table(xy[:15]), table(xy)
    found = hs.monte_carlo(hs.KDE(300).fit(few), grid, null=hs.KDE(500).fit(many), n_sim=19)
    assert (found.cells["p_value"].notna() == (grid.counts(many) > 0)).all()
    assert (found.cells["expected_heat"] > 0).sum() > found.cells["p_value"].notna().sum()


def test_enough_simulations_are_named():
    """1,200 of 60,000 cells at the least p-value: 1 / (M + 1) must reach .05 × 1,200 / 60,000."""
    cells = pd.DataFrame({"p_value": np.r_[np.full(1200, 0.01), np.full(58_800, 1.0)]})
    cells = cells.assign(significant=False, above_threshold=False)
    found = Significance(cells, 1.0, 0.05, 99, 500, "x", "fdr_bh", "u", 0)
    assert "raise n_sim to about 1,999" in found.text


@pytest.mark.realdata
def test_staffordshire_burglary_against_all_crime(shared):
    """The whole force at 200 m, briefly: a null of all crime leaves fewer than the trivial one."""
    lpts = hs.read_lpts(shared / "data" / "boundaries" / "staffordshire_lpts.gpkg")
    loaded = hs.read_incidents(
        shared / "data" / "police_uk" / "staffordshire-2024-2025.zip", lpts=lpts
    )
    rows = loaded.incidents[loaded.incidents["occurred_from"] >= "2025"]
    grid = hs.Grid.over(lpts, 200)
    burglary = hs.KDE(500).fit(rows.query("category == 'Burglary'"))
    with pytest.warns(hs.Notice, match="police-generated"):
        everything = hs.KDE(500).fit(rows)
    trivial = hs.monte_carlo(burglary, grid, null="uniform", n_sim=99)
    found = hs.monte_carlo(burglary, grid, null=everything, n_sim=99)
    inside = int((grid.locate(rows[rows["category"] == "Burglary"]) >= 0).sum())
    assert found.incidents == trivial.incidents == inside
    by_threshold = [int(f.cells["above_threshold"].sum()) for f in (found, trivial)]
    assert by_threshold[1] > 100
    assert by_threshold[0] < by_threshold[1] / 10
    unusual = [int((f.cells["p_value"] <= 0.01).sum()) for f in (found, trivial)]
    assert 50 < unusual[0] < unusual[1] / 3
