"""Local Moran's I: esda and a naive loop agree; clusters and single sites are told apart."""

import numpy as np
import pandas as pd
import pytest
import shapely
from local_fixtures import beats, esda_weights, happened, near, table, town

import hotspots as hs
from hotspots.chance import adjusted_p
from hotspots.contracts import InputError, Notice


def gamma_counts(n, mean=2.0, seed=6):
    chance = np.random.default_rng(seed)
    return chance.poisson(mean * chance.gamma(1.0, 1.0, n))


def test_a_naive_loop_gives_the_same():
    grid = town(9, 8)
    x = gamma_counts(72)
    found = hs.LocalMoran().fit(happened(grid, x)).statistics(grid).table
    z, adjacent = x - x.mean(), near(grid.centres, 142)
    for i in range(72):
        around = [j for j in np.flatnonzero(adjacent[i]) if j != i]
        wanted = z[i] / (z**2).mean() * np.mean([z[j] for j in around])
        assert found["moran"].iloc[i] == pytest.approx(wanted, abs=1e-12)
        quadrant = ("H" if z[i] > 0 else "L") + ("H" if np.mean(z[around]) > 0 else "L")
        assert found["quadrant"].iloc[i] == quadrant


@pytest.mark.parametrize("shape", ["square", "hex"])
def test_esda_gives_the_same_statistic_quadrants_and_moments(shape):
    from esda import Moran_Local

    grid = town(15, 12, 100, shape)
    x, n = gamma_counts(len(grid.cells)), len(grid.cells)
    adjacent = near(grid.centres, 142)
    theirs = Moran_Local(x.astype(float), esda_weights(adjacent), permutations=0)
    found = hs.LocalMoran().fit(happened(grid, x)).statistics(grid).table
    np.testing.assert_allclose(found["moran"] * (n - 1) / n, theirs.Is, rtol=1e-9, atol=1e-12)
    assert found["quadrant"].map({"HH": 1, "LH": 2, "LL": 3, "HL": 4}).tolist() == theirs.q.tolist()
    # conditional randomisation, Sokal et al. 1998, equations A7 and A8
    z = (found["moran"] - theirs.EIc) / np.sqrt(theirs.VIc)
    np.testing.assert_allclose(found["z"], z, rtol=1e-9, atol=1e-9)


@pytest.mark.filterwarnings("ignore:The alternative hypothesis:DeprecationWarning")
def test_esda_draws_the_same_p_values():
    from esda import Moran_Local

    grid = town(14, 14)
    x = np.random.default_rng(2).gamma(0.5, 2000, 196).round()  # so that sums hardly ever tie
    theirs = Moran_Local(
        x, esda_weights(near(grid.centres, 142)), permutations=4_999, n_jobs=1, seed=3
    )
    asb = happened(grid, np.ones(196), harm=x)
    found = hs.LocalMoran(weights="harm").fit(asb).statistics(grid)
    assert "worked out exactly" in found.text
    smaller = found.table["p_permutation"].to_numpy() / 2  # esda gives the smaller tail
    error = np.sqrt(smaller * (1 - smaller) / 5_000) + 2 / 5_000
    assert (np.abs(smaller - theirs.p_sim) / error).max() < 4.5


def test_z_is_standard_when_the_others_are_dealt_out_anew():
    """Mean 0 and deviation 1 over permutations of the values of all other cells."""
    grid = town(7, 6)
    x = gamma_counts(42)
    i = int(np.argmax(x))
    chance = np.random.default_rng(0)
    drawn = []
    for _ in range(400):
        y = np.insert(chance.permutation(np.delete(x, i)), i, x[i])
        drawn.append(measured(grid, y)["z"].iloc[i])
    assert np.mean(drawn) == pytest.approx(0, abs=0.2)
    assert np.std(drawn) == pytest.approx(1, abs=0.14)


def measured(grid, counts):
    """Z of counts on a grid, without making incidents of them."""
    from hotspots.detect._local import Places
    from hotspots.detect._neighbours import GridNeighbours

    around, values = GridNeighbours(grid), np.asarray(counts, dtype=float)
    places = Places(
        pd.Index(grid.cells), {}, np.asarray(counts), values, around.sums(values), around.counts,
        "cell", 0,
    )  # fmt: skip
    return pd.DataFrame(hs.LocalMoran()._measure(places)[0])


# --- clusters and single sites ---------------------------------------------------------------


@pytest.fixture(scope="module")
def two_kinds():
    """A busy quarter, and a busy site where all around is quieter than elsewhere."""
    grid = town(30, 30)
    chance = np.random.default_rng(4)
    counts = chance.poisson(8, (30, 30))
    counts[4:9, 4:9] += 25
    counts[19:24, 19:24] = 0
    counts[21, 21] = 90
    return grid, happened(grid, counts.ravel())


def test_a_cluster_and_a_single_site_are_told_apart(two_kinds):
    grid, asb = two_kinds
    found = hs.LocalMoran().fit(asb).statistics(grid)
    classes = found.table["class_"].to_numpy().astype(object).reshape(30, 30)
    assert (classes[5:8, 5:8] == "cluster").all()
    assert classes[21, 21] == "single site"
    assert (classes == "single site").sum() <= 3
    assert found.table["quadrant"].to_numpy()[21 * 30 + 21] == "HL"
    assert (classes == "cluster").sum() <= 40
    assert "problem solving at the premises rather than patrol" in found.text
    clusters, single = ((classes == c).sum() for c in ("cluster", "single site"))
    assert found.text.startswith(f"{clusters} of 900 cells are clusters (busy among busy cells)")
    assert f"and {single} single sites" in found.text


def test_hotspots_grow_on_both_and_on_nothing_else(two_kinds):
    grid, asb = two_kinds
    detector = hs.LocalMoran().fit(asb)
    spots = detector.hotspots(grid, max_area_km2=0.25)
    found = detector.statistics(grid).table.set_index("id")
    busy = found.index[found["class_"].isin(["cluster", "single site"])]
    allowed = grid.polygons().set_index("id").loc[busy].union_all()
    assert spots.union_all().within(allowed.buffer(1e-6))
    assert grid.ids[21 * 30 + 21] in spots.index
    assert (spots["p_value"] <= 0.05).all()
    np.testing.assert_array_equal(spots["p_value"], found["q_value"][spots.index])
    heat = detector.predict(grid)
    above = asb.pipe(grid.counts) > len(asb) / 900
    assert (heat[~above] == 0).all()
    np.testing.assert_allclose(heat[above], found["moran"].abs().to_numpy()[above])


def test_quiet_places_are_named_and_never_hotspots(two_kinds):
    grid, asb = two_kinds
    table_ = hs.LocalMoran().fit(asb).statistics(grid).table
    classes = table_["class_"].to_numpy().astype(object).reshape(30, 30)
    assert (classes[19:24, 19:24] == "quiet").sum() >= 4
    beside = table_.query("class_ == 'quiet beside busy'")
    assert (beside["quadrant"] == "LH").all()
    only_high = hs.LocalMoran().fit(asb).statistics(grid, alternative="greater").table["class_"]
    assert set(only_high) <= {"cluster", "quiet beside busy", "not significant"}


def test_a_single_site_cannot_be_proved_where_little_is_expected():
    """Nothing around is no surprise where nothing would be there anyway, and is not called one."""
    grid = town(30, 30)
    counts = np.random.default_rng(0).poisson(0.1, 900)
    counts[465] = 60
    found = hs.LocalMoran().fit(happened(grid, counts)).statistics(grid)
    assert (found.table["class_"] != "single site").all()
    with pytest.warns(Notice, match="no hotspot holds 12"):
        assert len(hs.LocalMoran().fit(happened(grid, counts)).hotspots(grid)) == 0


def test_false_alarms_stay_at_the_level():
    grid, chance = town(30, 30), np.random.default_rng(3)
    shares, named, normal = [], 0, 0
    for _ in range(8):
        x = chance.negative_binomial(0.2, 0.2 / 1.2, 900)
        found = hs.LocalMoran().fit(happened(grid, x)).statistics(grid).table
        shares.append((found["p_value"] <= 0.01).mean())
        named += (found["class_"] != "not significant").any()
        normal += (adjusted_p(found["p_normal"]) <= 0.05).sum()
    assert np.mean(shares) < 0.012
    assert named <= 1
    assert normal > 20  # cells that the normal approximation names, with nothing there


# --- polygons, and wrong input ---------------------------------------------------------------


def test_polygons_agree_with_esda_and_take_rates():
    from esda import Moran_Local

    areas = beats(80)
    touching = shapely.intersects(*np.meshgrid(areas.geometry, areas.geometry)).T
    xy = shapely.get_coordinates(shapely.centroid(areas.geometry.to_numpy()))
    x = gamma_counts(80, 5)
    detector = hs.LocalMoran(permutations=9_999).fit(table(np.repeat(xy, x, axis=0)))
    found = detector.statistics(areas).table
    theirs = Moran_Local(x.astype(float), esda_weights(touching), permutations=0)
    np.testing.assert_allclose(found["moran"] * 79 / 80, theirs.Is, rtol=1e-9, atol=1e-12)
    rates = detector.statistics(areas.assign(homes=np.arange(80) + 20), population="homes")
    assert (rates.table["rate_per_1000"] > 0).all()
    assert rates.table["class_"].notna().all()


def test_cells_given_as_polygons_are_the_same_as_the_grid(two_kinds):
    grid, asb = two_kinds
    detector = hs.LocalMoran().fit(asb)
    by_grid = detector.statistics(grid).table.set_index("id").drop(columns="lpt")
    by_polygons = detector.statistics(grid.polygons().set_index("id")[["geometry"]]).table
    pd.testing.assert_frame_equal(by_polygons, by_grid)


def test_all_alike_nothing_found():
    grid = town(10, 10)
    for counts in (np.zeros(100), np.full(100, 2)):
        found = hs.LocalMoran().fit(happened(grid, counts)).statistics(grid).table
        assert (found["moran"] == 0).all()
        assert (found["z"] == 0).all()
        assert (found["class_"] == "not significant").all()


def test_wrong_input_is_refused_as_for_gi_star():
    with pytest.raises(InputError) as error:
        hs.LocalMoran(-5, correction="none", permutations="many").fit(table([]))
    assert len(error.value.faults) == 3
    with pytest.raises(InputError, match="there are 20 cells to compare; at least 30 are needed"):
        hs.LocalMoran().fit(table([])).predict(town(20, 1))
