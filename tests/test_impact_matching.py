"""Comparison places: near in what counts, apart in space, picked from the same months."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import hotspots as hs
from hotspots.impact import ImpactRules
from hotspots.impact.candidates import candidate_squares, overlapping, tally
from hotspots.impact.likeness import assign, liken


@pytest.fixture(scope="module")
def county(county):
    """Keep every third incident: enough, and quicker."""
    return replace(county, incidents=county.incidents.iloc[::3])


@pytest.fixture(scope="module")
def circles(county):
    spots = county.hotspots
    shapes = gpd.points_from_xy(spots["easting"], spots["northing"]).buffer(150)
    return gpd.GeoDataFrame(spots[["lpt", "treated"]], geometry=shapes, crs=county.incidents.crs)


@pytest.fixture(scope="module")
def start(county):
    return county.changes.query("what == 'treated'")["start"].iloc[0]


@pytest.fixture(scope="module")
def matches(county, circles, start):
    return hs.match_controls(circles[circles["treated"]], None, county.incidents, start=start)


def test_every_pair_is_within_the_caliper_and_none_is_used_twice(matches):
    pairs = matches.pairs[matches.pairs["control"] != ""]
    assert len(pairs) == 4
    assert (pairs["distance"] <= 0.5).all()
    assert (pairs["nearest"] <= pairs["distance"]).all()
    assert pairs["control"].is_unique
    assert matches.control["block"].tolist() == pairs["hotspot"].tolist()
    assert matches.control.index.tolist() == pairs["control"].tolist()


def test_comparison_places_keep_clear_of_the_treated_and_of_one_another(matches, circles):
    treated = circles.geometry[circles["treated"]].union_all()
    assert (matches.control.distance(treated) > 150).all()
    assert len(overlapping(np.asarray(matches.control.geometry.array))) == 0


def test_the_counts_told_are_those_of_the_records(matches, county, circles, start):
    mine = county.incidents[county.incidents.get("origin", "") != "police"]
    year = mine["occurred_from"].between(start - pd.DateOffset(months=12), start, inclusive="left")
    for row in matches.pairs.itertuples():
        for shape, told in (
            (circles.geometry[row.hotspot], row.treated_incidents),
            (matches.control.geometry[row.control], row.control_incidents),
        ):
            near = mine.within(shape) & year
            assert abs(told - near.sum()) <= 0.03 * told + 1  # intervals over the turn of a month


def test_the_order_of_rows_and_what_comes_after_the_start_do_not_matter(
    matches, county, circles, start
):
    later = county.incidents["occurred_from"] >= start
    changed = pd.concat([county.incidents[~later], county.incidents[later].iloc[::3]])
    shuffled = changed.sample(frac=1, random_state=1)
    treated = circles[circles["treated"]].iloc[::-1]
    again = hs.match_controls(treated, None, shuffled, start=start)
    pd.testing.assert_frame_equal(again.pairs, matches.pairs)


def test_what_is_given_is_chosen_from_within_the_lpt_and_two_for_each(county, circles, start):
    given = circles[~circles["treated"]].drop(columns="treated")
    found = hs.match_controls(circles[circles["treated"]], given, county.incidents, start=start,
                              each=2, caliper=2.0)  # fmt: skip
    assert found.pairs["hotspot"].value_counts().tolist() == [2, 2, 2, 2]
    assert set(found.control.index) <= set(given.index)
    same = hs.match_controls(circles[circles["treated"]], given, county.incidents, start=start,
                             exact=["lpt"], caliper=5.0)  # fmt: skip
    pairs = same.pairs[same.pairs["control"] != ""]
    lpt = circles["lpt"]
    assert (lpt[pairs["hotspot"]].to_numpy() == lpt[pairs["control"]].to_numpy()).all()
    assert 0 < len(pairs) < 4
    nowhere = hs.match_controls(circles[circles["treated"]].assign(lpt=None),
                                given.assign(lpt=None), county.incidents, start=start,
                                exact=["lpt"], caliper=5.0)  # fmt: skip
    assert len(nowhere.control) == 0  # two LPTs not known are not the same
    assert "always with the same lpt" in same.text


def test_squares_of_a_grid_lie_inside_it_and_carry_its_lpts(county, circles, start):
    grid = hs.Grid.over(county.lpts, size=100)
    found = hs.match_controls(circles[circles["treated"]], grid, county.incidents, start=start,
                              exact=["lpt"], caliper=2.0)  # fmt: skip
    assert found.control["lpt"].tolist() == circles["lpt"][found.control["block"]].tolist()
    whole = county.lpts.union_all().buffer(100)
    assert found.control.within(whole).all()
    np.testing.assert_allclose(found.control.area, circles.area.median(), rtol=0.05)


def test_hotspots_without_a_like_are_named_and_left_out(county, circles, start):
    found = hs.match_controls(circles[circles["treated"]], circles[~circles["treated"]],
                              county.incidents, start=start, caliper=0.2)  # fmt: skip
    alone = found.pairs.loc[found.pairs["control"] == "", "hotspot"].tolist()
    assert alone
    assert set(found.treated.index) == set(found.pairs["hotspot"]) - set(alone)
    assert f"No like within the caliper of 0.2: {', '.join(alone)}." in found.text
    assert found.candidates["places"].sum() == 10
    none = hs.match_controls(circles[circles["treated"]], circles[~circles["treated"]],
                             county.incidents, start=start, caliper=0.001)  # fmt: skip
    assert none.text.startswith("None of 4 hotspots has a comparison place like it")
    assert len(none.control) == 0


def test_candidates_near_a_treated_place_are_left_out(county, circles, start):
    treated = circles[circles["treated"]]
    beside = treated.geometry.translate(420)  # 120 m from edge to edge
    ring = gpd.GeoDataFrame(geometry=beside.to_numpy(), index=[f"N{i}" for i in range(4)],
                            crs=treated.crs)  # fmt: skip
    with pytest.raises(hs.InputError, match="no candidate is left"):
        hs.match_controls(treated, ring, county.incidents, start=start)
    rules = ImpactRules(buffer_m=100)
    near = hs.match_controls(treated, ring, county.incidents, start=start, rules=rules)
    assert near.candidates.set_index("why")["places"]["within 100 m of a treated place"] == 0


def test_months_only_records_and_police_incidents(county, circles, start):
    blurred = county.incidents.copy()
    blurred["occurred_from"] = blurred["occurred_from"].dt.to_period("M").dt.start_time
    blurred["occurred_to"] = blurred["occurred_from"] + pd.offsets.MonthBegin(1)
    found = hs.match_controls(circles[circles["treated"]], None, blurred, start=start)
    assert len(found.control) == 4
    assert "found by police activity were not counted" in found.text
    counted = hs.match_controls(circles[circles["treated"]], None, blurred, start=start,
                                rules=ImpactRules(include_police=True))  # fmt: skip
    assert counted.pairs["treated_incidents"].sum() > found.pairs["treated_incidents"].sum()


def test_the_months_chosen_for_are_those_of_the_rules(county, circles, start):
    span = (start - pd.DateOffset(months=24), start - pd.DateOffset(months=12, days=1))
    found = hs.match_controls(circles[circles["treated"]], None, county.incidents, start=start,
                              rules=ImpactRules(chosen=tuple(d.date() for d in span)))  # fmt: skip
    assert found.course["chosen"].tolist() == [True] * 12 + [False] * 12
    assert "not known" not in found.text
    assert "In the 12 months the hotspots were chosen for (" in found.text
    one = hs.match_controls(circles[circles["treated"]], circles[~circles["treated"]],
                            county.incidents, start=start, caliper=3.0,
                            rules=ImpactRules(chosen=(span[0], span[0])))  # fmt: skip
    assert "In the month the hotspots were chosen for (" in one.text
    old = hs.match_controls(circles[circles["treated"]], circles[~circles["treated"]],
                            county.incidents, start=start, caliper=3.0,
                            rules=ImpactRules(chosen=("2001-01-01", "2001-12-31")))  # fmt: skip
    assert "In the 12 months before the start (" in old.text
    assert "none of the whole months before the start lies in the dates" in old.text


def test_what_is_found_can_be_counted_as_the_control(matches, county, circles, start):
    counts = hs.impact.count_places(county.incidents, circles[circles["treated"]], matches,
                                    start=start)  # fmt: skip
    block = counts.places["block"].astype(str)
    assert block[counts.places["arm"] == "control"].tolist() != []
    assert set(block) == set(matches.treated.index)
    own = circles[circles["treated"]].assign(block="of another kind")
    again = hs.impact.count_places(county.incidents, own, matches, start=start)
    assert again.block.tolist() == counts.block.tolist()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"start": "soon"}, "start is 'soon'"),
        ({"start": "2022-06-01"}, "matching needs 12"),
        ({"each": 0}, "each is 0"),
        ({"each": True}, "each is True"),
        ({"caliper": -1}, "caliper is -1"),
        ({"caliper": float("nan")}, "caliper is nan"),
        ({"exact": "lpt"}, "exact is 'lpt'"),
        ({"exact": ["ward"]}, "exact names 'ward'"),
        ({"candidates": "all"}, "candidates is of type str"),
        ({"treated": None}, "treated is of type NoneType"),
        ({"rules": {}}, "rules is of type dict"),
        ({"rules": ImpactRules(outcomes={"x": ["Piracy"]})}, "'Piracy'"),
    ],
)
def test_what_cannot_be_matched_is_named(county, circles, start, change, words):
    given = {"treated": circles[circles["treated"]], "candidates": None, "start": start} | change
    with pytest.raises(hs.InputError, match="match_controls") as error:
        hs.match_controls(given.pop("treated"), given.pop("candidates"), county.incidents, **given)
    assert words in str(error.value)


def test_every_fault_is_named_at_once(county):
    with pytest.raises(hs.InputError) as error:
        hs.match_controls(None, "all", county.incidents, start="soon", each=0)
    assert len(error.value.faults) == 4
    with pytest.raises(hs.InputError, match=r"incidents: it is of type list.*\n(.*\n)*.*each is 0"):
        hs.match_controls(None, None, [], start="soon", each=0)


# --- how alike, and which go together ----------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_the_assignment_is_the_best_there_is(seed):
    from itertools import permutations

    rng = np.random.default_rng(seed)
    far = rng.uniform(size=(4, 6))
    allowed = far < 0.7
    row, column = assign(far, allowed, 1, np.empty((0, 2), dtype=int))
    best = min(
        (-sum(ok), sum(far[i, j] for i, (j, good) in enumerate(zip(p, ok, strict=True)) if good))
        for p in permutations(range(6), 4)
        for ok in [[allowed[i, j] for i, j in enumerate(p)]]
    )
    assert (-len(row), far[row, column].sum()) == pytest.approx(best)


@pytest.mark.parametrize("seed", range(6))
def test_of_candidates_that_overlap_one_is_taken_and_little_is_lost(seed):
    from itertools import permutations

    rng = np.random.default_rng(seed)
    far = rng.uniform(size=(3, 7))
    apart = np.array([[0, 1], [1, 2], [3, 4]])
    row, column = assign(far, far < 2, 1, apart)
    assert len(row) == 3
    assert not np.isin(apart, column).all(axis=1).any()
    best = min(
        far[np.arange(3), list(p)].sum()
        for p in permutations(range(7), 3)
        if not np.isin(apart, p).all(axis=1).any()
    )
    assert far[row, column].sum() <= 1.25 * best


def test_levels_are_as_counted_and_a_plain_ratio_is_the_distance():
    y = np.array([[10.0] * 12, [20.0] * 12])
    alike = liken(y, y.sum(axis=1, keepdims=True), np.ones(12, bool), np.full(12, 30.4375),
                  np.arange(12.0))  # fmt: skip
    assert alike.level.shape == (2, 1)
    assert np.exp(alike.level[1, 0]) == pytest.approx(20, rel=0.01)
    assert alike.distance(np.array([0]), np.array([1]))[0, 0] == pytest.approx(
        np.log(240.5 / 120.5)
    )


def test_courses_of_their_own_are_found_and_noise_is_not():
    rng = np.random.default_rng(0)
    t = np.arange(36)
    rising = np.arange(60) < 20
    lake = np.arange(60) >= 40
    log = 3 + np.where(rising[:, None], 0.3 * (t - 18) / 12, 0)
    log = log + np.where(lake[:, None], 0.5 * np.cos(2 * np.pi * t / 12), 0)
    y = rng.poisson(np.exp(log)).astype(float)
    args = (y.sum(axis=1, keepdims=True), t >= 24, np.full(36, 30.4), t.astype(float))
    alike = liken(y, *args)
    apart = alike.trend[rising].mean() - alike.trend[~rising].mean()
    assert apart == pytest.approx(0.3, abs=0.06)
    wave = alike.season[lake, 0].mean() - alike.season[~lake, 0].mean()
    assert wave == pytest.approx(0.5, abs=0.08)
    noise = liken(rng.poisson(20.0, y.shape).astype(float), *args)
    assert np.abs(noise.trend).max() < 0.08  # raw slopes of single places reach .15


def test_mixes_differ_by_what_is_not_chance():
    rng = np.random.default_rng(0)
    kinds = np.concatenate([rng.multinomial(60, [0.7, 0.2, 0.1], 30),
                            rng.multinomial(60, [0.2, 0.7, 0.1], 30)]).astype(float)  # fmt: skip
    y = np.full((60, 12), 5.0)
    alike = liken(y, kinds, np.ones(12, bool), np.full(12, 30.4), np.arange(12.0))
    far = alike.distance(np.arange(60), np.arange(60))
    assert far[:30, 30:].min() > 2 * np.median(far[:30, :30])


# --- candidates --------------------------------------------------------------------------------


def test_a_square_lies_nearly_about_every_point():
    points = np.random.default_rng(0).uniform(0, 5000, (200, 2))
    squares = candidate_squares(points, 0.04, "EPSG:27700")
    middle = squares.centroid
    nearest = [middle.distance(shapely.Point(p)).min() for p in points]
    assert max(nearest) <= 50 * np.sqrt(2) + 1e-6
    assert squares.index.is_unique
    np.testing.assert_allclose(squares.area, 40_000)


def test_counts_of_places_that_overlap_count_in_each():
    rng = np.random.default_rng(0)
    points = rng.uniform(0, 1000, (500, 2))
    boxes = shapely.box(*rng.uniform(0, 800, (2, 40)), *rng.uniform(800, 1000, (2, 40)))
    place, code = rng.integers(0, 500, 3000), rng.integers(-1, 4, 3000)
    told = tally(boxes, points, place, code, 4)
    inside = shapely.contains_xy(boxes[:, None], points[:, 0], points[:, 1])
    expected = [[(inside[b, place] & (code == c)).sum() for c in range(4)] for b in range(40)]
    np.testing.assert_array_equal(told, expected)


def test_one_hotspot_and_one_candidate_and_places_without_incidents(county, circles, start):
    treated = circles[circles["treated"]].iloc[:1]
    given = circles[~circles["treated"]].iloc[:1]
    found = hs.match_controls(treated, given, county.incidents, start=start, caliper=5)
    assert found.text.startswith("The hotspot has comparison places: 1")
    assert found.balance["difference"].isna().all()
    moved = treated.set_geometry(treated.translate(1e6))
    with pytest.raises(hs.InputError, match="no incident lies in any treated place"):
        hs.match_controls(moved, given, county.incidents, start=start)
    with pytest.raises(hs.InputError, match="there are no incidents"):
        hs.match_controls(treated, given, county.incidents.iloc[:0], start=start)


def test_every_column_that_leaves_the_house_is_explained(matches):
    from hotspots.report.bi import _flat
    from hotspots.report.columns import about
    from hotspots.report.meanings_impact import OWN_IMPACT
    from hotspots.report.stations import gather

    tables = {f"{kind}_{name}": _flat(frame)
              for kind, name, frame in gather((matches,), what="test").tables()}  # fmt: skip
    silent = [(t, c) for t, flat in tables.items() for c in flat if not about(t, str(c))["meaning"]]
    assert [s for s in silent if s != ("matches_treated", "treated")] == []  # of this test's own
    assert {table for table in OWN_IMPACT if table.startswith("matches_")} == set(tables)
