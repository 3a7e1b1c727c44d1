"""Gi*: R's spdep and esda agree, chance is held to its level, and nobody is sent for nothing."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from local_fixtures import beats, esda_weights, happened, near, table, town
from sklearn.base import clone

import hotspots as hs
from hotspots.chance import adjusted_p
from hotspots.contracts import InputError, Notice
from hotspots.detect._areas import smoothed_rates
from hotspots.detect._neighbours import GridNeighbours, gi_star
from hotspots.detect._permutation import neighbour_tails


def clustered(grid, seed=2, busy=3):
    """Return counts with a few busy neighbourhoods, overdispersed as crime is."""
    chance = np.random.default_rng(seed)
    centres = grid.centres[chance.integers(0, len(grid.cells), busy)]
    apart = np.hypot(*(grid.centres[:, None] - centres[None]).transpose(2, 0, 1))
    mean = 0.3 + 12 * np.exp(-((apart / (1.5 * grid.size)) ** 2)).sum(axis=1)
    return chance.poisson(mean * chance.gamma(1.0, 1.0, len(mean)))


# --- against other programs ------------------------------------------------------------------


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("column", "radius"), [("queen", None), ("rook", 550), ("d1000", 1000), ("d1500", 1500)]
)
def test_spdep_gives_the_same_on_real_counts(shared, column, radius):
    golden = pd.read_csv(shared / "golden" / "spdep_stoke500_localG.csv")
    grid = town(24, 36, 500, at=(383_000, 338_000))
    at = np.searchsorted(grid.cells, grid.locate(golden[["cx", "cy"]].to_numpy()))
    counts = np.zeros(len(grid.cells), dtype=int)
    counts[at] = golden["n"]
    z = hs.GiStar(radius).fit(happened(grid, counts)).predict(grid).to_numpy()[at]
    np.testing.assert_allclose(z, golden[f"GiStar_{column}"], rtol=0, atol=2e-10)


@pytest.mark.realdata
@pytest.mark.parametrize("correction", [None, "fdr_bh", "fdr_by", "bonferroni", "holm"])
def test_spdep_gives_the_same_corrected_p_values(shared, correction):
    golden = pd.read_csv(shared / "golden" / "spdep_stoke500_localG_p.csv")
    name = {None: "none", "fdr_bh": "BH", "fdr_by": "BY"}.get(correction, correction)
    grid = town(24, 36, 500, at=(383_000, 338_000))
    xy = golden[["ix", "iy"]].to_numpy() * 500 + (383_250, 338_250)
    at = np.searchsorted(grid.cells, grid.locate(xy))
    counts = np.zeros(len(grid.cells), dtype=int)
    counts[at] = golden["n"]
    detector = hs.GiStar(correction=correction, permutations=0).fit(happened(grid, counts))
    found = detector.statistics(grid, alternative="two-sided").table
    wanted = golden[f"p_GiStar_queen_{name}"]
    np.testing.assert_allclose(found["q_value"].to_numpy()[at], wanted, atol=1e-9)


@pytest.mark.parametrize("shape", ["square", "hex"])
@pytest.mark.parametrize("radius", [None, 260])
def test_esda_gives_the_same(shape, radius):
    from esda import G_Local

    grid = town(17, 13, 100, shape)
    counts = clustered(grid)
    adjacent = near(grid.centres, radius or 100 * np.sqrt(2))
    theirs = G_Local(
        counts.astype(float), esda_weights(adjacent), transform="B", star=True, permutations=0
    )
    found = hs.GiStar(radius).fit(happened(grid, counts)).statistics(grid).table
    np.testing.assert_allclose(found["z"], theirs.Zs, rtol=1e-9, atol=1e-12)
    smaller = np.minimum(found["p_normal"], 1 - found["p_normal"])
    np.testing.assert_allclose(smaller, theirs.p_norm, atol=1e-12)
    assert (found["neighbours"] == adjacent.sum(axis=1) - 1).all()
    assert (found["incidents"] == counts).all()


def test_esda_gives_the_same_on_polygons():
    from esda import G_Local

    areas = beats(80)
    touching = shapely.intersects(*np.meshgrid(areas.geometry, areas.geometry)).T
    xy = shapely.get_coordinates(shapely.centroid(areas.geometry.to_numpy()))
    counts = np.random.default_rng(0).poisson(6, 80)
    theirs = G_Local(
        counts.astype(float), esda_weights(touching), transform="B", star=True, permutations=0
    )
    detector = hs.GiStar().fit(table(np.repeat(xy, counts, axis=0)))
    found = detector.statistics(areas).table
    assert found.index.equals(areas.index)
    assert (found["incidents"] == counts).all()
    np.testing.assert_allclose(found["z"], theirs.Zs, rtol=1e-9, atol=1e-12)


# --- chance ----------------------------------------------------------------------------------


def upper_tail(x, sums, counts, null):
    if null == "total":
        return neighbour_tails(x, sums, counts, 0, 0, total=True).upper
    return neighbour_tails(x, sums - x, counts - 1, 0, 0).upper


NULLS = pytest.mark.parametrize("null", ["total", "conditional"])


@NULLS
def test_false_alarms_stay_at_the_level_where_counts_are_small(null):
    """Poisson counts with a mean of .1 and nothing to find: the normal p-value errs, ours not."""
    grid = town(50, 50)
    around, normal, ours = GridNeighbours(grid), [], []
    chance = np.random.default_rng(0)
    for _ in range(20):
        x = chance.poisson(0.1, 2500).astype(float)
        sums = around.sums(x)
        normal.append(upper_normal(gi_star(x, sums, around.counts)))
        ours.append(upper_tail(x, sums, around.counts, null))
    for level in (0.01, 0.001):
        assert np.mean(np.array(normal) <= level) > 1.8 * level
        assert np.mean(np.array(ours) <= level) < 1.15 * level
    assert np.mean(np.array(ours) <= 0.05) < 0.055
    named = [(adjusted_p(p) <= 0.05).any() for p in ours]
    assert np.mean(named) <= 0.15  # of 20; the level is .05
    assert np.mean([(adjusted_p(p) <= 0.05).any() for p in normal]) > 0.9


def upper_normal(z):
    from scipy.special import ndtr

    return ndtr(-z)


@NULLS
def test_false_alarms_stay_at_the_level_where_counts_are_large_but_uneven(null):
    """27 incidents are expected around a cell, and the normal p-value errs all the same."""
    grid = town(40, 40)
    around, normal, ours = GridNeighbours(grid), [], []
    chance = np.random.default_rng(1)
    for _ in range(10):
        x = chance.negative_binomial(0.15, 0.15 / 3.15, 1600).astype(float)
        sums = around.sums(x)
        normal.append(upper_normal(gi_star(x, sums, around.counts)))
        ours.append(upper_tail(x, sums, around.counts, null))
    assert np.mean(np.array(normal) <= 0.001) > 5 * 0.001
    assert np.mean(np.array(ours) <= 0.001) < 1.5 * 0.001
    assert np.sum([(adjusted_p(p) <= 0.05).sum() for p in normal]) > 50
    assert np.mean([(adjusted_p(p) <= 0.05).any() for p in ours]) <= 0.2


@pytest.mark.realdata
@NULLS
def test_real_counts_dealt_out_at_random_are_no_hotspots(shared, null):
    """ASB of a city in 500 m cells, 81 incidents expected around each: nothing is there."""
    golden = pd.read_csv(shared / "golden" / "spdep_stoke500_localG.csv")
    around, named, normal = GridNeighbours(town(24, 36, 500)), 0, 0
    chance = np.random.default_rng(0)
    for _ in range(20):
        x = chance.permutation(golden["n"].to_numpy(dtype=float))
        sums = around.sums(x)
        p = upper_tail(x, sums, around.counts, null)
        named += (adjusted_p(p) <= 0.05).any()
        normal += (adjusted_p(upper_normal(gi_star(x, sums, around.counts))) <= 0.05).any()
    assert named <= 3
    assert normal >= 15


def test_the_normal_p_value_is_what_the_total_one_becomes_as_counts_grow():
    """It is none of the conditional one, which has the cell's own value fixed."""
    grid = town(40, 40)
    around, apart, other = GridNeighbours(grid), [], []
    for mean in (0.1, 1, 10, 100):
        x = np.random.default_rng(2).poisson(mean, 1600).astype(float)
        sums = around.sums(x)
        normal = upper_normal(gi_star(x, sums, around.counts))
        apart.append(np.abs(upper_tail(x, sums, around.counts, "total") - normal).max())
        other.append(np.abs(upper_tail(x, sums, around.counts, "conditional") - normal).max())
    assert apart == sorted(apart, reverse=True)
    assert apart[0] > 0.2
    assert apart[-1] < 0.015  # the half of a step of whole numbers, and little more
    assert min(other) > 0.2


def test_planted_hotspots_are_found_and_little_else(county):
    grid = hs.Grid.over(county.lpts, 250)
    asb = county.incidents.query("category == 'Anti-social behaviour' and origin != 'police'")
    detector = hs.GiStar().fit(asb)
    spots = detector.hotspots(grid, max_area_km2=0.0625, top_k=8)
    planted = county.hotspots.query("category == 'Anti-social behaviour'")
    assert len(spots) >= 3
    assert spots.geometry.buffer(250).intersects(planted.union_all()).all()
    hot = detector.statistics(grid).table.query("class_ == 'hot'")
    assert 0 < len(hot) < 0.05 * len(grid.cells)


# --- nobody is sent for nothing --------------------------------------------------------------


def test_a_cell_hot_by_its_neighbours_alone_is_never_a_hotspot():
    """A ring of busy cells around an empty one: hot, rightly, and not tasked."""
    grid = town(20, 20)
    counts = np.zeros((20, 20), dtype=int)
    counts[9:12, 9:12] = 15
    counts[10, 10] = 0
    detector = hs.GiStar().fit(happened(grid, counts.ravel()))
    found = detector.statistics(grid).table
    empty = grid.ids[10 * 20 + 10]
    assert found.set_index("id").loc[empty, "class_"] == "hot"
    spots = detector.hotspots(grid, max_area_km2=0.01, min_incidents=1)
    assert len(spots) > 0
    assert (spots["incidents"] >= 1).all()
    assert empty not in spots.index
    assert (detector.hotspots(grid)["incidents"] >= 12).all()


def test_hotspots_grow_on_significant_cells_only_and_say_how_sure():
    grid = town(25, 25)
    detector = hs.GiStar().fit(happened(grid, clustered(grid)))
    spots = detector.hotspots(grid, max_area_km2=0.2)
    table_ = detector.statistics(grid).table.set_index("id")
    assert len(spots) > 0
    assert (spots["p_value"] <= 0.05).all()
    np.testing.assert_array_equal(spots["p_value"], table_["q_value"][spots.index])
    np.testing.assert_array_equal(spots["heat"], table_["z"][spots.index])
    hot = grid.polygons().set_index("id").loc[table_.index[table_["class_"] == "hot"]]
    assert spots.union_all().within(hot.union_all().buffer(1e-6))
    assert spots["method"].iloc[0].startswith("GiStar(correction='fdr_bh'")  # said in every row


def lone(n=60):
    """Return a grid and counts: one cell far above all, three quiet neighbours, quiet elsewhere."""
    grid = town(n, n)
    counts = 4 * (np.random.default_rng(3).random((n, n)) < 0.03)
    counts[28:33, 28:33] = 0
    counts[30, 30] = 80
    counts[[29, 29, 30], [30, 31, 31]] = 4
    return grid, counts.ravel(), grid.ids[30 * n + 30]


def test_the_hottest_cell_among_quiet_ones_is_hot_unless_it_is_taken_as_given():
    grid, counts, hottest = lone()
    asb = happened(grid, counts)
    total, conditional = hs.GiStar().fit(asb), hs.GiStar(null="conditional").fit(asb)
    one, other = (
        d.statistics(grid).table.set_index("id").loc[hottest] for d in (total, conditional)
    )
    assert one["z"] == other["z"] > 15
    assert one["p_normal"] == other["p_normal"]
    assert one["q_value"] <= 0.05 < other["q_value"]
    assert (one["class_"], other["class_"]) == ("hot", "not significant")
    spots = total.hotspots(grid, max_area_km2=0.01)
    assert spots.index.tolist() == [hottest]  # not the hot cells beside it: 4 incidents each
    assert spots["incidents"].tolist() == [80]
    with pytest.warns(Notice, match="no hotspot holds 12 incidents"):
        assert len(conditional.hotspots(grid, max_area_km2=0.01)) == 0


@NULLS
def test_hot_by_its_neighbours_alone_is_not_tasked_under_either_null(null):
    grid = town(20, 20)
    counts = np.zeros((20, 20), dtype=int)
    counts[9:12, 9:12] = 15
    counts[10, 10] = 0
    detector = hs.GiStar(null=null).fit(happened(grid, counts.ravel()))
    hot = detector.statistics(grid).table.query("class_ == 'hot'").set_index("id")
    assert (hot["incidents"] == 0).any()
    spots = detector.hotspots(grid, max_area_km2=0.01, min_incidents=1)
    assert 0 < len(spots) < len(hot)
    assert (hot.loc[spots.index, "incidents"] == 15).all()


def test_one_busy_cell_with_nothing_around_is_no_neighbourhood():
    """Any deal puts it in 9 of the 400 neighbourhoods, so no correction can let it pass."""
    grid = town(20, 20)
    counts = np.zeros(400, dtype=int)
    counts[210] = 40
    detector = hs.GiStar().fit(happened(grid, counts))
    plain = hs.GiStar(correction=None).fit(happened(grid, counts)).statistics(grid).table
    assert plain["p_value"].iloc[210] == pytest.approx(9 / 400)
    assert (plain["class_"] == "hot").sum() == 9
    given = clone(detector).set_params(correction=None, null="conditional")
    table_ = given.fit(happened(grid, counts)).statistics(grid).table
    assert table_["p_value"].iloc[210] == 1
    assert detector.predict(grid).max() > 5  # what the normal approximation would make of it
    with pytest.warns(Notice, match="no hotspot holds 12 incidents"):
        assert len(detector.hotspots(grid)) == 0
    # others would call nine cells hot
    plain = hs.GiStar(permutations=0).fit(happened(grid, counts)).statistics(grid)
    assert (plain.table["class_"] == "hot").sum() == 9
    assert "calls far too many cells significant" in plain.text


# --- the population --------------------------------------------------------------------------


def test_a_category_is_held_against_inhabited_cells():
    grid = town(30, 30)
    chance = np.random.default_rng(0)
    lived_in = chance.random(900) < 0.5
    asb, other = chance.poisson(1, 900) * lived_in, chance.poisson(2, 900) * lived_in
    burglary = happened(grid, other).assign(category="Burglary")
    burglary.index = pd.Index(["b" + i for i in burglary.index], name="incident")
    both = pd.concat([happened(grid, asb), burglary])
    found = hs.GiStar(category="ASB").fit(both).statistics(grid)
    marked = asb + other > 0
    assert found.table.index.tolist() == grid.cells[marked].tolist()
    assert "Only cells that hold an incident of any category are compared." in found.text
    adjacent = near(grid.centres[marked], 142).astype(float)
    counts = adjacent.sum(axis=1).astype(int)
    z = gi_star(asb[marked].astype(float), adjacent @ asb[marked], counts)
    np.testing.assert_allclose(found.table["z"], z)
    assert found.table["incidents"].sum() == asb.sum()
    # elsewhere it is as cool as the coolest place
    heat = hs.GiStar(category="ASB").fit(both).predict(grid).to_numpy()
    np.testing.assert_allclose(heat[marked], z)
    assert (heat[~marked] == min(z.min(), 0)).all()


def test_other_tables_and_categories():
    grid = town(10, 10)
    asb = happened(grid, np.ones(100))
    with pytest.raises(InputError, match=r"'Theft' is in no row; categories found: ASB"):
        hs.GiStar(category="Theft").fit(asb)
    assert (hs.GiStar(category="ASB").fit(asb.iloc[:0]).predict(grid) == 0).all()


@pytest.mark.parametrize("n", [1, 29])
def test_too_few_places_are_no_population(n):
    grid = town(n, 1)
    detector = hs.GiStar().fit(happened(grid, np.arange(n)))
    for ask in (detector.predict, detector.statistics, detector.hotspots):
        with pytest.raises(InputError, match=f"there are {n} cells to compare; at least 30"):
            ask(grid)
    with pytest.raises(InputError, match="there are 12 areas to compare; at least 30 are needed"):
        detector.statistics(beats(12))


# --- polygons --------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", ["square", "hex"])
@pytest.mark.parametrize("gap", [0.0, 0.3], ids=["exact", "slivers"])
def test_cells_given_as_polygons_are_the_same_as_the_grid(shape, gap):
    grid = town(12, 15, 100, shape)
    asb = happened(grid, clustered(grid))
    cells = grid.polygons().set_index("id")[["geometry"]]
    cells["geometry"] = cells.buffer(-gap, join_style="mitre")
    detector = hs.GiStar().fit(asb)
    by_grid = detector.statistics(grid).table.set_index("id").drop(columns="lpt")
    mixed = cells.sample(frac=1, random_state=1)
    by_polygons = detector.statistics(mixed).table
    assert by_polygons.index.equals(mixed.index)
    pd.testing.assert_frame_equal(
        by_polygons.loc[by_grid.index], by_grid, check_exact=False, rtol=1e-9
    )


def test_neighbours_by_distance_and_by_number():
    areas = beats(70)
    xy = shapely.get_coordinates(shapely.centroid(areas.geometry.to_numpy()))
    asb = table(np.repeat(xy, np.random.default_rng(3).poisson(4, 70), axis=0))
    apart = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    within = hs.GiStar(2500).fit(asb).statistics(areas).table
    assert (within["neighbours"] == (apart <= 2500).sum(axis=1) - 1).all()
    nearest = hs.GiStar().fit(asb).statistics(areas, nearest=5).table
    assert (nearest["neighbours"] == 5).all()
    x = nearest["incidents"].to_numpy(dtype=float)
    five = apart <= np.sort(apart, axis=1)[:, [5]]
    np.testing.assert_allclose(nearest["z"], gi_star(x, five @ x, five.sum(axis=1)))


def test_areas_as_near_as_the_last_all_count_so_order_cannot_matter():
    cells = town(8, 8).polygons().set_index("id")[["geometry"]]
    asb = happened(town(8, 8), np.arange(64) % 5)
    one = hs.GiStar().fit(asb).statistics(cells, nearest=3).table
    assert one["neighbours"].max() == 4  # an edge away there are four
    again = hs.GiStar().fit(asb).statistics(cells.iloc[::-1], nearest=3).table
    pd.testing.assert_frame_equal(again.loc[one.index], one)


def test_an_island_is_said_and_tested_by_itself_or_not_at_all():
    far = gpd.GeoDataFrame(
        geometry=[shapely.box(500_000, 400_000, 501_000, 401_000)], crs="EPSG:27700", index=["far"]
    )
    areas = pd.concat([beats(40), far])
    xy = shapely.get_coordinates(shapely.centroid(areas.geometry.to_numpy()))
    asb = table(np.repeat(xy, [3] * 40 + [9], axis=0))
    total = hs.GiStar().fit(asb).statistics(areas)
    assert total.table.loc["far", "p_value"] == pytest.approx(1 / 41)  # the fullest of 41
    assert "1 of the areas have no neighbour and are judged by what they hold" in total.text
    assert "corrected for 41 tests" in total.text
    found = hs.GiStar(null="conditional").fit(asb).statistics(areas)
    assert found.table.loc["far", ["neighbours", "class_"]].tolist() == [0, "not significant"]
    assert np.isnan(found.table.loc["far", "p_value"])
    assert "1 of the areas have no neighbour and are not tested" in found.text
    assert "corrected for 40 tests" in found.text


def test_incidents_on_lines_count_once_and_those_outside_are_said():
    cells = town(6, 6).polygons().set_index("id")[["geometry"]]
    corners = shapely.get_coordinates(cells.geometry.to_numpy())
    found = hs.GiStar().fit(table([*corners, (1.0, 1.0)])).statistics(cells)
    assert found.table["incidents"].sum() == len(corners)
    assert "1 incidents lie in none of the areas" in found.text


def test_rates_do_not_explode_where_few_people_live():
    """esda's shrinkage, and a hamlet with 2 incidents among 3 people that is no hotspot."""
    from esda.smoothing import Empirical_Bayes

    areas = beats(60)
    chance = np.random.default_rng(8)
    people = chance.integers(800, 2000, 60).astype(float)
    rate = np.where(np.arange(60) < 14, 0.04, 0.008)  # the west is worse off
    y = chance.poisson(people * rate)
    people[40], y[40] = 3, 2
    np.testing.assert_allclose(
        smoothed_rates(y.astype(float), people),
        np.ravel(Empirical_Bayes(y.astype(float), people).r), rtol=1e-12,
    )  # fmt: skip
    xy = shapely.get_coordinates(shapely.centroid(areas.geometry.to_numpy()))
    detector = hs.GiStar().fit(table(np.repeat(xy, y, axis=0)))
    found = detector.statistics(areas.assign(residents=people), population="residents")
    hot = found.table.index[found.table["class_"] == "hot"]
    assert len(hot) > 2
    assert set(hot) <= set(areas.index[:20])
    assert areas.index[40] not in hot
    assert found.table["rate_per_1000"].iloc[40] < 50  # not 667
    assert "incidents for their people (smoothed by empirical Bayes)" in found.text
    assert "drawn 99,999 times, so that no p-value is under 1e-05" in found.text
    crowd = detector.statistics(areas.assign(residents=people * 1.0), population="residents")
    pd.testing.assert_frame_equal(crowd.table, found.table)


def test_rates_that_differ_by_chance_alone_are_all_alike():
    people = np.full(40, 1000.0)
    assert (smoothed_rates(np.full(40, 5.0), people) == 0.005).all()
    assert (smoothed_rates(np.zeros(40), people) == 0).all()
    none_there = smoothed_rates(np.array([1.0, 30, 2] * 10), np.array([0.0, 1000, 900] * 10))
    assert np.isfinite(none_there).all()


# --- the result, and wrong input -------------------------------------------------------------


def test_the_text_answers_first_and_tells_how_it_was_judged():
    grid = town(25, 25)
    found = hs.GiStar().fit(happened(grid, clustered(grid))).statistics(grid)
    hot = (found.table["class_"] == "hot").sum()
    assert found.text.startswith(
        f"{hot} of 625 cells are hot: with the cells around they hold more"
    )
    assert "total permutation, worked out exactly" in found.text
    assert "What is asked: whether each cell and the cells around it hold more" in found.text
    given = hs.GiStar(null="conditional").fit(happened(grid, clustered(grid))).statistics(grid)
    assert "cells are hot: the cells around them hold more incidents than chance" in given.text
    assert "whether the cells around each hold more than as many others, the cell" in given.text
    assert "conditional permutation, worked out exactly" in given.text
    assert "corrected for 625 tests (fdr_bh)" in found.text
    assert list(found.tables) == ["table"]
    assert repr(found) == found.text
    cold = hs.GiStar().fit(happened(grid, 20 - clustered(grid).clip(max=20)))
    both = cold.statistics(grid, alternative="two-sided")
    assert (both.table["class_"] == "cold").sum() > 0
    assert f"hot and {(both.table['class_'] == 'cold').sum()} cold" in both.text
    assert (both.table.query("class_ == 'cold'")["z"] < 0).all()
    one = cold.statistics(grid)
    assert (one.table["class_"] != "cold").all()


def test_uncorrected_p_values_are_said_to_be_so():
    grid = town(20, 20)
    said = hs.GiStar(correction=None).fit(happened(grid, clustered(grid))).statistics(grid)
    assert "P-values are not corrected for 400 tests: up to 20 would fall under 0.05" in said.text
    assert (said.table["q_value"] == said.table["p_value"]).all()


def test_snapped_points_are_said():
    grid = town(10, 10)
    asb = happened(grid, np.full(100, 3))
    month = pd.Timestamp("2025-03-01")
    asb = asb.assign(occurred_from=month, occurred_to=month + pd.DateOffset(months=1))
    assert "only where snap points lie close together" in hs.GiStar().fit(asb).statistics(grid).text


def test_few_draws_that_can_prove_nothing_are_said():
    grid = town(60, 60)
    counts = np.zeros((60, 60), dtype=int)
    counts[20:22, 20:22] = 30
    asb = happened(grid, counts.ravel(), harm=1.15)
    few = hs.GiStar(weights="harm", permutations=99).fit(asb).statistics(grid)
    assert "no p-value is under 0.01, too few to prove any; raise permutations." in few.text
    many = hs.GiStar(weights="harm").fit(asb).statistics(grid)
    assert (many.table["class_"] == "hot").sum() >= 4


def test_harm_in_days_is_worked_out_exactly_too_and_seeds_change_nothing():
    grid = town(15, 15)
    counts = clustered(grid)
    asb = happened(grid, counts, harm=np.tile([10.0, 3.0], counts.sum())[: counts.sum()])
    one, other = (
        hs.GiStar(weights="harm", random_state=seed).fit(asb).statistics(grid) for seed in (0, 9)
    )
    pd.testing.assert_frame_equal(one.table, other.table)
    assert "worked out exactly" in one.text
    assert "they hold more harm than chance would put there" in one.text


def test_no_incidents_nothing_hot():
    grid = town(10, 10)
    found = hs.GiStar().fit(table([])).statistics(grid)
    assert (found.table["class_"] == "not significant").all()
    assert found.text.startswith("0 of 100 cells are hot")
    areas = hs.GiStar().fit(table([])).statistics(beats(40))
    assert (areas.table["z"] == 0).all()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"radius": -1}, "radius=-1; it must be a number of metres above 0"),
        ({"radius": "200"}, "radius='200'"),
        ({"radius": np.nan}, "radius=nan"),
        ({"category": 5}, "category=5; it must name one category"),
        ({"correction": "bh"}, "correction='bh'; it takes 'fdr_bh', 'fdr_by', 'holm'"),
        ({"null": "csr"}, "null='csr'; it must be 'total' or 'conditional'"),
        ({"null": None}, "null=None"),
        ({"permutations": -1}, "permutations=-1; it must be a whole number from 0"),
        ({"permutations": 99.5}, "permutations=99.5"),
        ({"permutations": True}, "permutations=True"),
        ({"random_state": None}, "random_state=None"),
    ],
)
def test_wrong_parameters_are_refused(given, message):
    with pytest.raises(InputError, match=message):
        hs.GiStar(**given).fit(table([(380_050, 340_050)]))


def test_every_wrong_parameter_is_named_at_once():
    wrong = hs.GiStar("far", category=1, correction="x", permutations=-1, random_state="a", years=0)
    with pytest.raises(InputError) as error:
        wrong.fit(table([]))
    assert len(error.value.faults) == 6


def test_a_radius_that_reaches_no_cell_is_refused():
    detector = hs.GiStar(50).fit(table([]))
    with pytest.raises(InputError, match="reaches the next cell, here at least 100"):
        detector.predict(town(10, 10))


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"alternative": "hot"}, "alternative='hot'; it must be 'greater' or 'two-sided'"),
        ({"nearest": 0}, "nearest=0; it must be a whole number from 1 to 39"),
        ({"nearest": 40}, "nearest=40"),
        ({"nearest": 2.5}, "nearest=2.5"),
        ({"population": "people"}, "column 'people' is missing"),
        ({"population": ["zero"]}, "it must name one column, or be None"),
        ({"population": "zero"}, "population='zero' is 0 everywhere"),
        ({"population": "less"}, "population='less' is negative or infinite in 40 rows"),
        ({"population": "beat"}, "column 'beat' is .*must be numbers"),
    ],
)
def test_wrong_arguments_are_refused(asked, message):
    areas = beats(40).assign(zero=0, less=-1, beat="b")
    detector = hs.GiStar().fit(table([(381_000, 341_000)]))
    with pytest.raises(InputError, match=message):
        detector.statistics(areas, **asked)


def test_wrong_areas_are_refused():
    areas, detector = beats(40), hs.GiStar().fit(table([(381_000, 341_000)]))
    for wrong, message in (
        ("wards.gpkg", "is of type str; give a Grid or a GeoDataFrame of polygons"),
        (areas.to_crs(32630), r"bring one to the other with \.to_crs"),
        (areas.to_crs(4326), "distances need a projected CRS in metres"),
        (areas.set_geometry(areas.centroid), "holds a Point; only Polygon or MultiPolygon"),
        (pd.concat([areas, areas.iloc[:1]]), "repeats 'B000'"),
        (areas.set_geometry(areas.geometry.where(areas.index != "B003", None)), "1 rows hold no"),
    ):
        with pytest.raises(InputError, match=message):
            detector.statistics(wrong)
    bow = shapely.Polygon([(0, 0), (100, 100), (100, 0), (0, 100)])
    bent = areas.set_geometry(areas.geometry.where(areas.index != "B003", bow))
    with pytest.raises(InputError, match=r"an invalid polygon \(first: 'B003'\); repair them"):
        detector.statistics(bent)
    with pytest.raises(InputError, match="nearest=4 and radius=900 are both given"):
        clone(detector).set_params(radius=900).fit(table([])).statistics(areas, nearest=4)
    with pytest.raises(InputError) as error:
        detector.statistics(town(10, 10), nearest=4, population="people", alternative="less")
    assert len(error.value.faults) == 3
    weighted = hs.GiStar(weights="harm").fit(table([(381_000, 341_000)], harm=2.0))
    with pytest.raises(InputError, match="makes rates of incidents, and weights='harm'"):
        weighted.statistics(areas.assign(people=5), population="people")
