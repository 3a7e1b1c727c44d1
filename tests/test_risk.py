"""Relative risk: ratios by loops, exact chances, masks, and what must not become a patrol."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy import stats
from sklearn.base import clone

import hotspots as hs
from hotspots.chance import adjusted_p
from hotspots.contracts import InputError, Notice

ZERO = np.array([400_000.0, 300_000.0])
CRS = "EPSG:27700"


def box(side=3000, size=100, shape="square") -> hs.Grid:
    area = shapely.box(*ZERO, *ZERO + side)
    lpts = gpd.GeoDataFrame({"lpt": ["Box"]}, geometry=[area], crs=CRS)
    return hs.Grid.over(hs.read_lpts(lpts), size, shape)


def table(xy, category="ASB", **columns) -> gpd.GeoDataFrame:
    xy = np.asarray(xy, dtype=float).reshape(-1, 2) + ZERO
    day = pd.Timestamp("2025-01-01") + pd.to_timedelta(np.arange(len(xy)) % 365, unit="D")
    index = pd.Index([f"i{n}" for n in range(len(xy))], name="incident")
    frame = {"category": category, "occurred_from": day, "occurred_to": day, **columns}
    return gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy(*xy.T), crs=CRS, index=index)


def people(xy, residents) -> gpd.GeoDataFrame:
    points = gpd.points_from_xy(*(np.asarray(xy, dtype=float) + ZERO).T)
    return gpd.GeoDataFrame(
        {"residents": np.broadcast_to(residents, len(points))}, geometry=points, crs=CRS
    )


@pytest.fixture(scope="module")
def mixed() -> gpd.GeoDataFrame:
    """Crime like the people everywhere, but for burglary, threefold around one place."""
    rng = np.random.default_rng(2)
    town = rng.normal(1500, 500, (2400, 2))
    burglary = np.vstack([rng.normal(1500, 500, (300, 2)), rng.normal((700, 2200), 120, (60, 2))])
    xy = np.clip(np.vstack([town, burglary]), 1, 2999).round(1)
    return table(xy, ["Other"] * 2400 + ["Burglary"] * 360, harm=rng.gamma(1, 20, 2760))


def quartic(d, h):
    return 3 / (np.pi * h * h) * np.maximum(1 - (d / h) ** 2, 0) ** 2


def test_the_ratio_of_two_densities_by_a_loop(mixed):
    grid, h = box(), 400
    cells = hs.RelativeRisk(h, category="Burglary").fit(mixed).risk(grid)
    xy = np.column_stack([mixed.geometry.x, mixed.geometry.y])
    case = (mixed["category"] == "Burglary").to_numpy()
    for cell in (0, 222, 450, 678, 899):
        d = np.hypot(*(xy - grid.centres[cell]).T)
        subject, other = quartic(d[case], h).sum() / 360, quartic(d[~case], h).sum() / 2400
        row = cells.iloc[cell]
        if row["status"] == "told":
            assert row["risk"] == pytest.approx(subject / other, rel=1e-9)
            assert row["log_risk"] == pytest.approx(np.log(subject / other), rel=1e-9)
        y, m = (d[case] <= h).sum(), (d <= h).sum()
        assert row["within"] == y
        assert row["expected"] == pytest.approx(m * 360 / 2760)
        if row["status"] != "masked":
            want = stats.hypergeom.sf(y - 1, 2760, 360, m)
            assert row["p_value"] == pytest.approx(want, rel=1e-9)
    np.testing.assert_allclose(cells["q_value"], adjusted_p(cells["p_value"]))
    assert (cells["status"] == "told").sum() > 300


def test_where_risk_is_threefold_it_is_found_and_where_crowds_are_it_is_average(mixed):
    grid = box()
    detector = hs.RelativeRisk(400, category="Burglary").fit(mixed)
    assert detector.unit_ == "relative risk (1 = average)"
    heat = detector.predict(grid)
    middle, raised = (heat[grid.locate([ZERO + at])[0]] for at in ((1500, 1500), (700, 2200)))
    assert 0.6 < middle < 1.1
    assert raised > 3
    with pytest.warns(Notice, match="hotspots rank by relative risk"):
        spots = detector.hotspots(grid, max_area_km2=0.2)
    assert len(spots) >= 1
    near = spots.distance(shapely.Point(*(ZERO + np.array([700, 2200]))))
    assert (near < 600).all()  # none in the busy middle
    assert (spots["p_value"] <= 0.05).all()
    assert (spots["incidents"] >= 12).all()


def test_incidents_per_thousand_residents_a_year():
    """One place, one kernel: the ratio is the quotient of the totals whatever the distance."""
    detector = hs.RelativeRisk(500, against=people([(1500, 1500)], [400.0]), years=2)
    detector.fit(table([(1500, 1500)] * 10))
    assert detector.unit_ == "incidents per 1,000 residents per year"
    cells = detector.risk(box())
    assert (cells["status"] == "masked").sum() > 500
    told = cells[cells["status"] == "told"]
    assert told["risk"].tolist() == pytest.approx([10 / 2 / 400 * 1000] * len(told))
    assert told["relative_risk"].tolist() == pytest.approx([1] * len(told))
    assert len(told) > 0


def test_the_chance_against_residents_is_binomial():
    rng = np.random.default_rng(4)
    where = rng.uniform(0, 3000, (200, 2))
    residents = rng.integers(1, 400, 200).astype(float)
    xy = rng.uniform(0, 3000, (90, 2))
    grid = box(size=150)
    cells = hs.RelativeRisk(450, against=people(where, residents)).fit(table(xy)).risk(grid)
    shown = np.flatnonzero(cells["status"] != "masked")
    assert len(shown) > 100
    for cell in shown[::25]:
        centre = grid.centres[cell] - ZERO
        y = (np.hypot(*(xy - centre).T) <= 450).sum()
        share = residents[np.hypot(*(where - centre).T) <= 450].sum() / residents.sum()
        assert cells["within"].iloc[cell] == y
        assert cells["expected"].iloc[cell] == pytest.approx(90 * share)
        want = stats.binom.sf(y - 1, 90, share)
        assert cells["p_value"].iloc[cell] == pytest.approx(want, rel=1e-9)


def test_a_car_park_with_one_crime_and_no_residents_does_not_win():
    rng = np.random.default_rng(5)
    where = rng.normal(1000, 300, (500, 2))
    crimes = np.vstack([rng.normal(1000, 300, (200, 2)), [(2700, 2700)]])
    farm = people(np.vstack([where, [(2500, 2500)]]), np.append(np.full(500, 20.0), 0.01))
    for reference in (people(where, np.full(500, 20.0)), farm):
        detector = hs.RelativeRisk(400, against=reference).fit(table(crimes))
        grid = box()
        cells = detector.risk(grid)
        at = grid.locate([ZERO + 2700])[0]
        assert cells.loc[at, "status"] == "masked"
        assert np.isnan(cells.loc[at, ["risk", "log_risk", "p_value"]].astype(float)).all()
        assert detector.predict(grid)[at] == 0


def test_nothing_is_infinite_and_each_gap_has_its_reason():
    rng = np.random.default_rng(6)
    where, crimes = rng.uniform(0, 3000, (300, 2)), rng.uniform(0, 1000, (40, 2))
    cells = hs.RelativeRisk(300, against=people(where, 10.0)).fit(table(crimes)).risk(box())
    by = cells.groupby("status")
    assert set(by.groups) == {"told", "no incident near", "masked"}
    numbers = cells.select_dtypes("number")
    assert not np.isinf(numbers).any(axis=None)
    told, none, masked = (by.get_group(s) for s in ("told", "no incident near", "masked"))
    assert told[["risk", "log_risk", "p_value", "q_value"]].notna().all(axis=None)
    assert (none["risk"] == 0).all()
    assert none["log_risk"].isna().all()
    assert (none["p_value"] <= 1).all()
    assert masked[["risk", "relative_risk", "log_risk", "p_value", "q_value"]].isna().all(axis=None)


def test_the_floor_is_the_fifth_percentile_where_people_are_and_the_same_on_every_grid():
    rng = np.random.default_rng(7)
    where = np.vstack([rng.normal(1500, 250, (900, 2)), rng.uniform(0, 3000, (100, 2))])
    detector = hs.RelativeRisk(400, against=people(where, 5.0))
    detector.fit(table(rng.uniform(0, 3000, (300, 2))))
    coarse, fine = (detector.risk(box(size=size)) for size in (100, 50))
    at = np.unique(np.floor((where + ZERO) / 100), axis=0) * 100 + 50  # squares of bandwidth / 4
    density = [quartic(np.hypot(*(where + ZERO - p).T), 400).sum() * 5e6 for p in at]
    floor = np.percentile(density, 5)
    for cells in (coarse, fine):
        shown = cells["status"] != "masked"
        assert cells.loc[shown, "reference_per_km2"].min() >= floor * (1 - 1e-9)
        assert cells.loc[~shown, "reference_per_km2"].max() < floor
        assert 0 < (~shown).sum() < len(cells)


def test_a_series_per_cell_is_points_at_their_centres(mixed):
    grid = box()
    residents = pd.Series(np.arange(1.0, 901), index=grid.ids, name="dwellings")
    one = hs.RelativeRisk(400, against=residents, category="Burglary").fit(mixed)
    assert one.unit_ == "incidents per 1,000 dwellings per year"
    assert one.reference_ is None
    two = hs.RelativeRisk(400, against=residents.set_axis(grid.cells), category="Burglary").fit(
        mixed
    )
    three = hs.RelativeRisk(
        400, against=people(grid.centres - ZERO, residents.to_numpy()), category="Burglary"
    ).fit(mixed)
    np.testing.assert_allclose(two.predict(grid), one.predict(grid))
    np.testing.assert_allclose(three.predict(grid), one.predict(grid))
    with pytest.raises(InputError, match=r"cell 'E400100_N300000' is not in Grid"):
        one.predict(box(size=250))


def test_false_alarms_are_few_when_risk_is_even():
    """Labels at random: any cell significant after the adjustment in about 5% of the maps."""
    rng = np.random.default_rng(8)
    xy = np.clip(rng.normal(1500, 500, (600, 2)), 1, 2999)
    grid = box(size=200)
    labels = np.array(["A"] * 150 + ["B"] * 450)
    p, alarms = [], 0
    for _ in range(30):
        rows = table(xy, rng.permutation(labels))
        cells = hs.RelativeRisk(400, category="A").fit(rows).risk(grid)
        alarms += bool((cells["q_value"] <= 0.05).any())
        p.append(cells["p_value"].iloc[112])
    assert alarms <= 5  # binomial(30, .05) passes this in 0.3% of runs
    assert np.mean(np.array(p) <= 0.1) <= 0.2  # an exact test never says too much


def test_harm_is_held_against_harm(mixed):
    plain = hs.RelativeRisk(400, category="Burglary").fit(mixed)
    ones = hs.RelativeRisk(400, category="Burglary", weights="harm").fit(mixed.assign(harm=7.0))
    np.testing.assert_allclose(ones.predict(box()), plain.predict(box()))
    harm = hs.RelativeRisk(400, category="Burglary", weights="harm").fit(mixed)
    assert not np.allclose(harm.predict(box()), plain.predict(box()))
    both = pd.concat([d.risk(box())["p_value"] for d in (harm, plain)], axis=1).dropna()
    assert len(both) > 300
    np.testing.assert_allclose(both.iloc[:, 0], both.iloc[:, 1])
    against = hs.RelativeRisk(400, against=people([(1500, 1500)], 9.0), weights="harm").fit(mixed)
    assert against.unit_ == "harm per 1,000 residents per year"


def test_police_and_unlocated_incidents_are_on_neither_side(mixed):
    rows = mixed.copy()
    rows["origin"] = np.where(np.arange(len(rows)) % 10 == 0, "police", "public")
    rows.loc[rows.index[5], "geometry"] = None
    with pytest.warns(Notice, match="police-generated"):
        found = hs.RelativeRisk(400, category="Burglary").fit(rows)
    kept = (rows["origin"] == "public") & (np.arange(len(rows)) != 5)
    want = hs.RelativeRisk(400, category="Burglary").fit(mixed[kept.to_numpy()])
    np.testing.assert_allclose(found.predict(box()), want.predict(box()))
    assert found.reference_["incidents"].sum() + found.used_.sum() == kept.sum()


def test_rows_in_any_order_clones_and_translations(mixed):
    grid = box()
    one = hs.RelativeRisk(400, category="Burglary", weights="harm").fit(mixed)
    two = clone(one).fit(mixed.sample(frac=1, random_state=3))
    pd.testing.assert_frame_equal(one.risk(grid), two.risk(grid), check_exact=True)
    assert (
        repr(one)
        == "RelativeRisk(bandwidth=400, kernel='quartic', category='Burglary', weights='harm')"
    )
    held = hs.RelativeRisk(against=people([(0, 0)] * 3, 1.0))
    assert (
        repr(held) == "RelativeRisk(bandwidth=500, kernel='quartic', against=<GeoDataFrame of 3>)"
    )
    hexes = hs.RelativeRisk(400, category="Burglary").fit(mixed).predict(box(shape="hex"))
    assert hexes.max() > 3


def test_no_incident_one_incident_one_place():
    grid = box()
    for detector in (
        hs.RelativeRisk(category="ASB"),
        hs.RelativeRisk(against=people([(9, 9)], 1.0)),
    ):
        empty = detector.fit(table(np.zeros((0, 2))))
        assert (empty.predict(grid) == 0).all()
        with pytest.warns(Notice, match="no hotspot holds"):
            assert len(empty.hotspots(grid)) == 0
    one = hs.RelativeRisk(against=people([(1000, 1000)], 5.0)).fit(table([(1000, 1000)]))
    assert np.isfinite(one.predict(grid)).all()
    place = table([(1000, 1000)] * 40, ["A"] * 20 + ["B"] * 20)
    cells = hs.RelativeRisk(category="A").fit(place).risk(grid)
    assert cells.loc[cells["status"] == "told", "risk"].tolist() == pytest.approx(
        [1] * int((cells["status"] == "told").sum())
    )


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({}, "neither category nor against is given"),
        ({"category": "Arson"}, "category='Arson' is not among the incidents; they have: Burg"),
        ({"category": 3}, "category=3; it must name one category"),
        ({"against": "people"}, "against is of type str; give a GeoDataFrame of points"),
        (
            {"against": people([(0, 0), (9, 9)], 1.0).to_crs(4326)},
            r"its CRS is 'WGS 84' .* use \.to_crs",
        ),
        ({"against": people([(0, 0)], 1.0).buffer(10)}, "it holds Polygon; give points"),
        ({"against": people([(0, 0)], -1.0)}, "'residents' is missing, negative or not"),
        ({"against": people([(0, 0)], 0.0)}, "'residents' is 0 everywhere"),
        ({"against": people([(0, 0)], 1.0).assign(homes=2)}, "which of its columns counts is not"),
        ({"against": gpd.GeoDataFrame({"a": [1]})}, "it has no geometry; say which with"),
        ({"against": gpd.GeoSeries.from_xy([0, np.inf], [0, 0], crs=CRS)}, "of 1 points are not f"),
        ({"against": pd.Series(["a"], index=["E1_N1"])}, "give a Series of numbers per cell"),
        ({"against": pd.Series([1, 2], index=["a", "a"])}, "against repeats cell 'a'"),
        ({"against": pd.Series([np.nan], index=["a"])}, "'reference' is missing, negative"),
        ({"category": "Burglary", "bandwidth": 0, "kernel": "cone"}, "2 faults"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_a_remedy(mixed, how, message):
    with pytest.raises(InputError, match=message):
        hs.RelativeRisk(**how).fit(mixed)


def test_a_category_alone_has_nothing_to_be_held_against():
    with pytest.raises(InputError, match="there are no other incidents with a point"):
        hs.RelativeRisk(category="ASB").fit(table([(0, 0)]))


def test_other_incidents_that_weigh_nothing_are_no_reference(mixed):
    harmless = mixed.assign(harm=np.where(mixed["category"] == "Burglary", 9.0, 0.0))
    with pytest.raises(InputError, match="no other incidents with a point and 'harm' above 0"):
        hs.RelativeRisk(category="Burglary", weights="harm").fit(harmless)


def test_a_reference_that_does_not_cover_the_incidents_is_announced_once():
    rows, grid = table([(300, 300)] * 30 + [(2700, 2700)] * 10), box()
    for against in (people([(300, 300)], 9.0), pd.Series(9.0, grid.ids[[33]], name="residents")):
        detector = hs.RelativeRisk(400, against=against).fit(rows)
        with pytest.warns(Notice, match="25% of the incidents have no residents within 400 m"):
            heat = detector.predict(grid)
        cells = detector.risk(grid)  # not said again
        assert heat.max() > 0
        assert cells["within"].max() == 30


def test_stray_points_of_the_reference_are_named():
    stray = people([(1000, 1000), (9e7, 9e7)], 1.0)
    with pytest.raises(InputError, match="too far for a bandwidth of 500 m; look for stray points"):
        hs.RelativeRisk(against=stray).fit(table([(1000, 1000)])).predict(box())


@pytest.mark.realdata
def test_staffordshire_burglary_against_other_crime(shared):
    lpts = hs.read_lpts(shared / "data" / "boundaries" / "staffordshire_lpts.gpkg")
    loaded = hs.read_incidents(
        shared / "data" / "police_uk" / "staffordshire-2024-2025.zip", lpts=lpts
    )
    grid = hs.Grid.over(lpts, 250)
    with pytest.warns(Notice, match="5,307 police-generated incidents"):
        detector = hs.RelativeRisk(1000, category="Burglary").fit(loaded.incidents)
    cells = detector.risk(grid)
    assert not np.isinf(cells.select_dtypes("number")).any(axis=None)
    told = cells[cells["status"] != "masked"]
    weight = told["reference_per_km2"]
    assert (told["risk"] * weight).sum() / weight.sum() == pytest.approx(1, abs=0.1)
    assert 0.001 < (cells["q_value"] <= 0.05).mean() < 0.3
