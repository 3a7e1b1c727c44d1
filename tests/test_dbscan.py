"""DBSCAN: check values, the rules for borders, other programs' results; eps, parts, stability."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.spatial import cKDTree
from scipy.spatial.distance import pdist
from sklearn import cluster

import hotspots as hs
from hotspots.contracts import InputError, Notice
from hotspots.detect._density import Reach, diameter
from hotspots.detect._kdistance import k_distances, knee
from hotspots.detect._resample import jaccard


def table(xy, repeat=None, **columns) -> gpd.GeoDataFrame:
    xy = np.asarray(xy, dtype=float)
    if repeat is not None:
        xy = np.repeat(xy, repeat, axis=0)
    when = pd.Timestamp("2025-01-01")
    index = pd.Index([f"i{n}" for n in range(len(xy))], name="incident")
    frame = {"category": "ASB", "occurred_from": when, "occurred_to": when, **columns}
    return gpd.GeoDataFrame(
        frame, geometry=gpd.points_from_xy(*xy.T), crs="EPSG:27700", index=index
    )


POINTS = [(0, 0), (0, 50), (50, 0), (60, 60), (1000, 1000), (1000, 1050), (5000, 5000)]


def test_check_values_unweighted():
    found = hs.DBSCAN(eps=100, min_incidents=4).fit(table(POINTS))
    assert found.labels_.tolist() == [0, 0, 0, 0, -1, -1, -1]


def test_check_values_weighted():
    """One heavy address is a hotspot of its own."""
    found = hs.DBSCAN(100, 4).fit(table(POINTS, repeat=[1, 1, 1, 1, 3, 1, 10]))
    assert found.labels_.tolist() == [0] * 4 + [1] * 4 + [2] * 10
    weighted = hs.DBSCAN(100, 4, weights="harm").fit(table(POINTS, harm=[1, 1, 1, 1, 3, 1, 10]))
    assert weighted.labels_.tolist() == [0, 0, 0, 0, 1, 1, 2]
    assert weighted.labels_.index.tolist() == [f"i{n}" for n in range(7)]


def test_distances_are_inclusive_and_count_the_point_itself():
    assert hs.DBSCAN(1, 3).fit(table([(0, 0), (1, 0), (2, 0)])).labels_.tolist() == [0, 0, 0]


def test_a_border_location_joins_the_nearest_core():
    # cores at 0 and 250, made so by what lies behind them; the borders between reach both
    xy = [(-100, 0), (0, 0), (120, 0), (125, 0), (130, 0), (250, 0), (350, 0)]
    found = hs.DBSCAN(140, 12).fit(table(xy, repeat=[10, 1, 1, 1, 1, 1, 10]))
    by_place = dict(zip(found.locations_["x"], found.locations_["cluster"], strict=True))
    assert found.locations_["core"].tolist() == [False, True, False, False, False, True, False]
    assert by_place[120] == by_place[0] != by_place[250] == by_place[130]
    assert by_place[125] == by_place[0]  # equally near: the western


def test_unlocated_and_police_incidents_are_noise():
    rows = table([(0, 0)] * 6, origin=["public"] * 5 + ["police"])
    rows.loc["i0", "geometry"] = shapely.Point()
    with pytest.warns(UserWarning, match="1 police-generated"):
        found = hs.DBSCAN(100, 4).fit(rows)
    assert found.labels_.tolist() == [-1, 0, 0, 0, 0, -1]


def test_clusters_are_described():
    rows = table([*POINTS[:4], *[(1000, 1000)] * 5], harm=[1.0] * 4 + [2.0] * 5)
    clusters = hs.DBSCAN(100, 4).fit(rows).clusters_
    assert clusters.index.name == "cluster"
    first, second = clusters.loc[0], clusters.loc[1]
    assert first[["incidents", "locations", "core_locations"]].tolist() == [4, 4, 4]
    assert first[["easting", "northing"]].tolist() == [27.5, 27.5]
    assert first["extent_m"] == pytest.approx(np.hypot(60, 60))
    assert second[["incidents", "locations", "core_locations"]].tolist() == [5, 1, 1]
    assert second[["extent_m", "harm"]].tolist() == [0, 10]


def test_no_cluster_leaves_an_empty_description():
    found = hs.DBSCAN(100, 4).fit(table([(0, 0), (900, 900)]))
    assert found.labels_.tolist() == [-1, -1]
    assert len(found.clusters_) == 0
    assert {"incidents", "easting", "extent_m"} <= set(found.clusters_.columns)


@pytest.mark.parametrize("seed", range(3))
def test_raw_rows_in_scikit_learn_agree(seed):
    rng = np.random.default_rng(seed)
    places = rng.uniform(0, 3000, (200, 2)).round()
    xy = places[rng.integers(0, 200, 1500)]
    raw = cluster.DBSCAN(eps=200, min_samples=24).fit(xy)
    found = hs.DBSCAN(200, 24, max_diameter_m=None).fit(table(xy))
    core = np.isin(np.arange(len(xy)), raw.core_sample_indices_)
    assert (found.locations_["core"].to_numpy()[found.location_] == core).all()
    assert ((found.labels_ == -1).to_numpy() == (raw.labels_ == -1)).all()
    pairs = pd.DataFrame({"ours": found.labels_.to_numpy()[core], "raw": raw.labels_[core]})
    pairs = pairs.drop_duplicates()
    assert pairs["ours"].is_unique
    assert pairs["raw"].is_unique
    assert len(pairs) > 1


def test_heat_lies_within_eps_of_core_locations_and_peaks_at_the_crowd():
    area = gpd.GeoDataFrame(
        {"lpt": ["Box"]}, geometry=[shapely.box(0, 0, 3000, 3000)], crs="EPSG:27700"
    )
    grid = hs.Grid.over(hs.read_lpts(area), 50)
    rng = np.random.default_rng(1)
    xy = np.vstack([rng.normal(1000, 60, (60, 2)), rng.uniform(0, 3000, (80, 2))])
    found = hs.DBSCAN(200, 24, years=1).fit(table(xy))
    heat = found.predict(grid)
    core = found.locations_.loc[found.locations_["core"], ["x", "y"]].to_numpy()
    apart = cKDTree(core).query(grid.centres)[0]
    assert ((heat > 0).to_numpy() <= (apart <= 200)).all()
    assert (heat[apart < 100] > 0).all()
    hottest = grid.centres[np.argmax(heat)]
    assert np.hypot(*(hottest - 1000)) < 60
    # by the formula: Epanechnikov over the clustered incidents
    clustered = xy[(found.labels_ >= 0).to_numpy()]
    share = np.maximum(1 - (np.hypot(*(clustered - hottest).T) / 200) ** 2, 0)
    assert heat.max() == pytest.approx(share.sum() * 2 / np.pi / 0.2**2)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"eps": 0}, "eps=0; it must be a number above 0, or .knee."),
        ({"min_incidents": -3}, "min_incidents=-3"),
        ({"eps": 2e9}, "eps=2000000000.0; it must be at most 100,000 m"),
    ],
)
def test_impossible_parameters_are_refused(parameters, message):
    with pytest.raises(InputError, match=message):
        hs.DBSCAN(**parameters).fit(table(POINTS))


# --- against a plain loop --------------------------------------------------------------------


def plain_dbscan(xy, weight, eps, least):
    """DBSCAN as the definition reads, one place at a time."""
    apart = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    core = np.array([weight[row <= eps].sum() >= least for row in apart])
    label = np.full(len(xy), -1)
    clusters = 0
    for seed in np.flatnonzero(core):
        if label[seed] >= 0:
            continue
        label[seed], todo = clusters, [seed]
        while todo:
            for near in np.flatnonzero(core & (apart[todo.pop()] <= eps) & (label < 0)):
                label[near] = clusters
                todo.append(near)
        clusters += 1
    for place in np.flatnonzero(~core):
        near = [(apart[place, c], c) for c in np.flatnonzero(core) if apart[place, c] <= eps]
        if near:
            label[place] = label[min(near)[1]]
    return label, core


@pytest.mark.parametrize("seed", range(5))
def test_clusters_are_those_of_a_plain_loop(seed):
    rng = np.random.default_rng(seed)
    xy = np.unique(rng.uniform(0, 2000, (300, 2)).round(-1), axis=0)  # many equal distances
    weight = rng.integers(0, 8, len(xy)).astype(float)
    label, core = Reach.within(xy, 120).clusters(weight, 22)
    wanted, wanted_core = plain_dbscan(xy, weight, 120, 22)
    assert label.max() > 2
    assert (core & (weight == 0)).any()
    np.testing.assert_array_equal(core, wanted_core)
    np.testing.assert_array_equal(label, wanted)


def test_sums_of_tenths_reach_a_whole_number():
    least = np.full(10, 0.1).cumsum()[-1]
    assert least < 1
    found = hs.DBSCAN(100, 1, weights="harm").fit(
        table([(0, n) for n in range(10)], harm=[0.1] * 10)
    )
    assert (found.labels_ == 0).all()


# --- the k-distance and its knee -------------------------------------------------------------


@pytest.mark.parametrize("least", [1, 5, 24, 200])
def test_k_distances_are_those_of_a_plain_loop(least):
    rng = np.random.default_rng(least)
    xy = np.unique(
        np.vstack([rng.normal(0, 300, (150, 2)), rng.uniform(-9e3, 9e3, (60, 2))]), axis=0
    )
    weight = rng.integers(0, 6, len(xy)).astype(float)
    apart = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    wanted = []
    for row in apart:
        order = np.argsort(row)
        enough = np.flatnonzero(weight[order].cumsum() >= least)
        radius = row[order][enough[0]] if len(enough) else np.inf
        wanted.append(radius if radius <= 2000 else np.inf)
    np.testing.assert_allclose(k_distances(xy, weight, least), wanted, atol=1e-9)


def test_the_k_distance_says_which_eps_makes_a_core():
    rng = np.random.default_rng(2)
    xy = rng.normal(0, 300, (400, 2)).round()
    for eps in (60, 90, 200):
        found = hs.DBSCAN(eps, 12).fit(table(xy))
        places = found.locations_
        radius = k_distances(places[["x", "y"]].to_numpy(), places["weight"].to_numpy(), 12)
        assert ((radius <= eps) == places["core"]).all()
        curve = found.k_distances_
        assert curve["distance_m"].is_monotonic_increasing
        core_share = places.loc[places["core"], "weight"].sum() / 400
        within = curve.loc[curve["distance_m"] <= eps, "share"]
        assert within.max() == pytest.approx(core_share)
    assert found.k_distances_ is found.k_distances_


def test_one_heavy_place_needs_no_neighbour():
    """Where the plain distance to the 4th neighbour is 0 for all, or for none, this tells."""
    weight = np.array([10.0, 1, 1, 3])
    xy = np.array([(0.0, 0), (0, 50), (0, 60), (0, 3000)])
    np.testing.assert_array_equal(k_distances(xy, weight, 4), [0, 50, 60, np.inf])


def test_the_knee_of_the_kneedle_paper():
    """Figure 2 of Satopaa et al.: -1 / (x + 0.1) + 5 bends at 0.22. Mirrored, it rises."""
    x = np.linspace(0, 1, 10)
    y = -1 / (x + 0.1) + 5
    at = knee(y, x)
    assert x[at] == pytest.approx(0.222, abs=0.001)
    fine = np.linspace(0, 1, 100_001)  # where the slope is that of the chord
    assert fine[knee(-1 / (fine + 0.1) + 5, fine)] == pytest.approx(np.sqrt(0.11) - 0.1, abs=1e-4)


def test_a_curve_without_a_knee():
    assert knee(np.array([0.0]), np.array([7.0])) == 0
    assert knee(np.array([0.0, 1, 2]), np.array([7.0, 7, 7])) == 2


def test_the_knee_parts_crowds_from_a_scatter():
    """Crowds of 40 within 60 m, and a scatter whose 24 nearest are a kilometre away."""
    rng = np.random.default_rng(5)
    at = np.array([(x, y) for x in (2000, 8000, 14000) for y in (2000, 8000)])
    crowds = np.repeat(at, 40, axis=0) + rng.uniform(-40, 40, (240, 2))
    rows = table(np.vstack([crowds, rng.uniform(0, 16_000, (60, 2))]))
    with pytest.warns(Notice, match=r"eps='knee' took \d+ m; .* bends at \d+ m.*plot_k_distance"):
        found = hs.DBSCAN("knee", 24).fit(rows)
    assert 50 <= found.eps_ <= 120
    assert len(found.clusters_) == 6
    assert found.clusters_["incidents"].between(40, 41).all()
    with pytest.warns(Notice, match="knee"):
        assert hs.DBSCAN("knee", 24).fit(rows.sample(frac=1, random_state=1)).eps_ == found.eps_


def test_the_knee_stays_in_its_range_or_says_there_is_none():
    rng = np.random.default_rng(6)
    wide = table(rng.uniform(0, 20_000, (400, 2)))
    with pytest.warns(Notice, match=r"took 400 m; .* \(kept within 50 to 400 m\)"):
        assert hs.DBSCAN("knee", 4).fit(wide).eps_ == 400
    with pytest.warns(Notice, match="no 999 incidents lie within 2000 m of any location"):
        assert len(hs.DBSCAN("knee", 999).fit(wide).clusters_) == 0
    assert len(hs.DBSCAN("knee").fit(wide.iloc[:0]).clusters_) == 0


# --- clusters too wide -----------------------------------------------------------------------


def test_a_street_is_parted_around_its_fullest_places():
    """A row of shops every 50 m, busiest at 200 and 600 m."""
    weight = {200: 30, 250: 10, 400: 12, 600: 20, 650: 10}
    xy = [(x, 0) for x in range(0, 801, 50)]
    rows = table(xy, repeat=[weight.get(x, 2) for x, _ in xy])
    found = hs.DBSCAN(100, 6, max_diameter_m=400).fit(rows)
    # 200 m around 400 m hold 82, more than around any other: the first part. Then 650 to 800 m
    # hold 16 and 0 to 150 m hold 8
    assert found.clusters_["incidents"].tolist() == [8, 82, 16]
    assert found.clusters_["diameter_m"].tolist() == [150, 400, 150]
    assert found.clusters_["crowd"].tolist() == [0, 0, 0]
    thin = hs.DBSCAN(100, 10, max_diameter_m=400).fit(rows)
    assert thin.clusters_["incidents"].tolist() == [82, 16]
    lost = thin.locations_[thin.locations_["cluster"] < 0]
    assert lost["x"].tolist() == [0, 50, 100, 150]
    assert (lost["crowd"] == 0).all()  # of the crowd, too few for a part
    assert (lost["cluster"] == -2).all()
    assert (thin.labels_ == -2).sum() == 8
    whole = hs.DBSCAN(100, 6, max_diameter_m=None).fit(rows)
    assert whole.clusters_["diameter_m"].tolist() == [800]
    assert hs.DBSCAN(100, 6, max_diameter_m=800).fit(rows).labels_.equals(whole.labels_)


def streets(seed):
    """Three long streets and a few lone crowds, all with a scatter around."""
    rng = np.random.default_rng(seed)
    along = rng.uniform(0, 2500, (3, 250))
    lines = [np.column_stack([a, 1500 * n + 0.2 * a]) for n, a in enumerate(along)]
    crowds = np.repeat(rng.uniform(5000, 9000, (5, 2)), 30, axis=0) + rng.normal(0, 40, (150, 2))
    return np.vstack([*lines, crowds, rng.uniform(0, 9000, (100, 2))]).round()


@pytest.mark.parametrize("widest", [150, 400, 1000])
def test_no_cluster_is_wider_than_the_cap_or_holds_too_little(widest):
    rows = table(streets(0))
    whole = hs.DBSCAN(120, 12, max_diameter_m=None).fit(rows)
    found = hs.DBSCAN(120, 12, max_diameter_m=widest).fit(rows)
    assert whole.clusters_["diameter_m"].max() > 2000
    assert found.clusters_["diameter_m"].max() <= widest
    was = whole.clusters_
    small = was.index[was["diameter_m"] <= widest]
    kept = found.clusters_[found.clusters_["crowd"].isin(small)]
    assert kept["incidents"].tolist() == was.loc[small, "incidents"].tolist()
    parts = found.clusters_.drop(kept.index)
    assert len(parts) > 3
    assert (parts["incidents"] >= 12).all()
    # what is parted is all that was clustered, and the crowds keep their numbers
    assert (found.locations_["crowd"] == whole.locations_["cluster"]).all()
    assert (found.locations_["cluster"] >= 0).sum() <= (whole.locations_["cluster"] >= 0).sum()
    pairs = found.locations_.query("cluster >= 0")[["cluster", "crowd"]].drop_duplicates()
    assert pairs["cluster"].is_unique
    # a location left over could join no part of its crowd, and no disc of them would be full
    places = found.locations_
    left = places[(places["cluster"] < 0) & (places["crowd"] >= 0)]
    for place in left.iloc[::5].itertuples():
        for part in found.clusters_.index[found.clusters_["crowd"] == place.crowd]:
            inside = places[places["cluster"] == part]
            assert np.hypot(inside["x"] - place.x, inside["y"] - place.y).max() > widest
        around = np.hypot(left["x"] - place.x, left["y"] - place.y) <= widest / 2
        if place.core:
            assert left.loc[around & (left["crowd"] == place.crowd), "weight"].sum() < 12


def test_parts_follow_neither_the_order_of_rows_nor_the_origin_of_the_map():
    xy = streets(1)
    found = hs.DBSCAN(120, 12).fit(table(xy))
    assert found.clusters_["crowd"].duplicated().any()
    mixed = np.random.default_rng(0).permutation(len(xy))
    again = hs.DBSCAN(120, 12).fit(table(xy[mixed]))
    assert again.labels_.tolist() == found.labels_.to_numpy()[mixed].tolist()
    moved = hs.DBSCAN(120, 12).fit(table(xy + np.array([123_456.7, -54_321.3])))
    assert moved.labels_.tolist() == found.labels_.tolist()


def test_pairs_listed_strip_by_strip_and_anew_are_the_same(monkeypatch):
    rows = table(streets(0))
    usual = hs.DBSCAN(120, 12).fit(rows)
    for name, few in (("MANY", 100), ("AT_ONCE", 500), ("HELD", 1000)):
        monkeypatch.setattr(f"hotspots.detect._density.{name}", few)
    reach = Reach.within(usual.locations_[["x", "y"]].to_numpy(), 120)
    assert not isinstance(reach.pieces, list)
    sizes = [len(one) for one, _ in reach.pieces]
    assert len(sizes) > 10
    assert max(sizes) < 2000
    found = hs.DBSCAN(120, 12).fit(rows)
    pd.testing.assert_frame_equal(found.locations_, usual.locations_)


def test_places_at_eps_are_within_it_wherever_the_map_begins():
    xy = np.array([(x, y) for x in range(0, 1000, 100) for y in range(0, 300, 100)], dtype=float)
    for move in ((0, 0), (0.1, 0.7), (400_123.3, 300_456.9)):
        found = hs.DBSCAN(100, 5, max_diameter_m=None).fit(table(xy + move))
        assert found.locations_["core"].sum() == 8  # the middle row without its ends
        cut = hs.DBSCAN(100, 5, max_diameter_m=200).fit(table(xy + move))
        assert cut.clusters_["diameter_m"].max() == 200
        sums = table(xy / 1000 + move)
        assert hs.DBSCAN(0.1, 5).fit(sums).locations_["core"].sum() == 8


def test_crowds_that_lose_every_part_are_announced():
    rows = table([(x, 0) for x in range(0, 2000, 50)])
    with pytest.warns(Notice, match="1 of 1 crowds hold 12 incidents nowhere .*=400.*label -2"):
        found = hs.DBSCAN(300, 12, max_diameter_m=400).fit(rows)
    assert (found.labels_ == -2).all()
    assert len(found.clusters_) == 0
    assert (found.locations_["crowd"] == 0).all()
    assert len(hs.DBSCAN(300, 12, max_diameter_m=600).fit(rows).clusters_) > 1


def test_parting_leaves_the_heat_as_it_is():
    area = gpd.GeoDataFrame(
        {"lpt": ["Box"]}, geometry=[shapely.box(0, 0, 9000, 9000)], crs="EPSG:27700"
    )
    grid = hs.Grid.over(hs.read_lpts(area), 100)
    rows = table(streets(2))
    whole = hs.DBSCAN(120, 12, max_diameter_m=None, years=1).fit(rows)
    found = hs.DBSCAN(120, 12, years=1).fit(rows)
    assert len(found.clusters_) > len(whole.clusters_)
    np.testing.assert_array_equal(found.predict(grid), whole.predict(grid))
    ours, theirs = found.hotspots(grid), whole.hotspots(grid)
    pd.testing.assert_frame_equal(ours.drop(columns="method"), theirs.drop(columns="method"))


@pytest.mark.parametrize("n", [1, 2, 3, 49, 50, 51, 400])
def test_diameters(n):
    rng = np.random.default_rng(n)
    for xy in (rng.normal(0, 100, (n, 2)), np.column_stack([np.arange(n), 2 * np.arange(n)])):
        wanted = max([0, *pdist(xy)])
        assert diameter(xy.astype(float)) == pytest.approx(wanted)


# --- what is known of a cluster --------------------------------------------------------------


def test_days_months_and_the_share_of_the_team():
    xy = [(0, 0)] * 6 + [(30, 40)] * 4 + [(5000, 0)] * 5
    when = pd.to_datetime(
        ["2025-01-01 10:00", "2025-01-01 22:00", "2025-01-02", "2025-03-05", "2025-03-06",
         "2025-03-06"] + ["2025-01-01"] * 4 + ["2025-05-01"] * 5,
        format="ISO8601",
    )  # fmt: skip
    lpt = ["A"] * 6 + ["B"] * 2 + [None] * 2 + ["A"] * 5
    rows = table(xy).assign(occurred_from=when, occurred_to=when, lpt=lpt)
    rows.loc["i5", "occurred_to"] += pd.Timedelta(days=9)  # its day is not known
    clusters = hs.DBSCAN(100, 5).fit(rows).clusters_
    assert clusters["months"].tolist() == [2, 1]
    assert clusters["days"].tolist() == [4, 1]  # 1 and 2 January, 5 and 6 March (of i4)
    assert clusters["lpt"].tolist() == ["A", "A"]
    assert clusters["lpt_share"].tolist() == [6 / 11, 5 / 11]
    assert clusters["diameter_m"].tolist() == [50, 0]


def month_only(xy, months=("2025-01-01", "2025-02-01", "2025-03-01"), repeat=None):
    rows = table(xy, repeat=repeat)
    start = pd.to_datetime(np.resize(np.array(months), len(rows)))
    return rows.assign(occurred_from=start, occurred_to=start + pd.offsets.MonthBegin(1))


def test_days_are_not_told_of_months():
    clusters = hs.DBSCAN(100, 4).fit(month_only([(0, 0)] * 8)).clusters_
    assert "days" not in clusters
    assert clusters["months"].tolist() == [3]


def test_clusters_of_one_snapped_point_are_said():
    xy = [(x, y) for x in range(0, 2000, 200) for y in range(0, 2000, 200)]
    rows = month_only(xy, repeat=np.where(np.arange(100) % 10 == 3, 20, 2))
    with pytest.warns(Notice, match=r"10 of 10 clusters are a single snapped .*150 m .*200 m"):
        hs.DBSCAN(150, 12).fit(rows)
    hs.DBSCAN(210, 24).fit(rows)  # reaches the next: nothing to say
    hs.DBSCAN(150, 12).fit(table(xy, repeat=np.where(np.arange(100) % 10 == 3, 20, 2)))  # dated


# --- stability -------------------------------------------------------------------------------


def test_jaccard_by_hand():
    given, other = np.array([0, 0, 0, 1, 1, -1]), np.array([0, 0, 1, 1, -1, 1])
    weight = np.array([4.0, 3, 2, 5, 1, 6])
    # cluster 0 holds 9, shares 7 with the other's 0; cluster 1 holds 6, shares 5 with 1 of 13
    np.testing.assert_allclose(jaccard(given, other, weight), [7 / 9, 5 / 14])
    np.testing.assert_array_equal(jaccard(given, np.full(6, -1), weight), [0, 0])
    assert len(jaccard(np.full(6, -1), other, weight)) == 0


@pytest.mark.parametrize("weights", [None, "harm"])
def test_stability_is_that_of_a_plain_loop(weights):
    rng = np.random.default_rng(3)
    xy = np.vstack([rng.normal(at, 60, (40, 2)) for at in (0, 400, 900)]).round(-1)
    when = pd.Timestamp("2025-01-06") + pd.to_timedelta(rng.integers(0, 70, 120), "D")
    rows = table(xy, harm=rng.integers(1, 4, 120)).assign(occurred_from=when, occurred_to=when)
    found = hs.DBSCAN(80, 14, max_diameter_m=None, weights=weights).fit(rows)
    assert len(found.clusters_) >= 3
    places = found.locations_[["x", "y"]].to_numpy()
    value = np.ones(120) if weights is None else rows["harm"].to_numpy(dtype=float)
    week = ((when - pd.Timestamp("2025-01-06")).days // 7).to_numpy()  # a Monday
    assert sorted(set(week)) == list(range(10))
    draw, wanted = np.random.default_rng(8), np.zeros(len(found.clusters_))
    given, own = found.locations_["cluster"].to_numpy(), found.locations_["weight"].to_numpy()
    for _ in range(20):
        times = np.bincount(draw.integers(10, size=10), minlength=10)
        weight = np.bincount(found.location_, value * times[week], minlength=len(places))
        label, _ = plain_dbscan(places, weight, 80, 14)
        for name in found.clusters_.index:
            mine = given == name
            wanted[name] += max(
                [own[mine & (label == c)].sum() / own[mine | (label == c)].sum()
                 for c in range(label.max() + 1)], default=0,
            )  # fmt: skip
    stability = found.stability(bootstraps=20, seed=8)
    np.testing.assert_allclose(stability, wanted / 20)
    assert 0.2 < stability.min() < 1
    assert (found.clusters_["stability"] == stability).all()
    assert (found.clusters_["unstable"] == (stability < 0.6)).all()


def test_a_planted_crowd_is_stable_and_a_crowd_of_chance_is_not():
    """Steady incidents at one corner against the fullest spots of an even scatter."""
    rng = np.random.default_rng(4)
    steady = rng.normal((3000, 3000), 30, (100, 2))
    xy = np.vstack([steady, rng.uniform(0, 6000, (2000, 2))]).round()
    when = pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.integers(0, 364, 2100), "D")
    rows = table(xy).assign(occurred_from=when, occurred_to=when)
    found = hs.DBSCAN(150, 10).fit(rows)
    stability = found.stability(bootstraps=25)
    planted = found.labels_.iloc[:100].mode().iloc[0]
    others = stability.drop(planted)
    assert len(others) > 5
    assert stability[planted] > 0.85
    assert others.median() < 0.7
    assert others.max() < stability[planted]
    assert found.clusters_["unstable"].sum() >= 5
    assert not found.clusters_.loc[planted, "unstable"]
    pd.testing.assert_series_equal(found.stability(bootstraps=25), stability)  # same seed
    mixed = hs.DBSCAN(150, 10).fit(rows.sample(frac=1, random_state=1))
    pd.testing.assert_series_equal(mixed.stability(bootstraps=25), stability)


def test_hotspots_carry_the_stability_of_the_cluster_they_lie_in(county):
    asb = county.incidents.query("category == 'Anti-social behaviour' and origin != 'police'")
    grid = hs.Grid.over(county.lpts, 100)
    found = hs.DBSCAN().fit(asb)
    assert "stability" not in found.hotspots(grid)
    stability = found.stability(bootstraps=10)
    spots = found.hotspots(grid, top_k=10)
    planted = county.hotspots.query(
        "category == 'Anti-social behaviour' and class_ == 'persistent'"
    )
    on_it = spots.intersects(planted.union_all())
    assert on_it.sum() >= 5
    assert (spots.loc[on_it, "stability"] > 0.8).all()
    places = found.locations_.query("cluster >= 0")
    points = gpd.points_from_xy(places["x"], places["y"])
    inside = places[points.within(spots.geometry.iloc[0])]
    main = inside.groupby("cluster")["weight"].sum().idxmax()
    assert spots["stability"].iloc[0] == stability[main]


def test_months_are_drawn_where_only_months_are_known():
    xy = [(n, 0) for n in range(12)] + [(900 + n, 0) for n in range(4)]
    rows = month_only(xy, months=["2025-01-01", "2025-02-01"])
    rows.iloc[12:, [1, 2]] = rows.iloc[12, [1, 2]].to_numpy()  # the last four in January
    found = hs.DBSCAN(100, 4).fit(rows)
    stability = found.stability(bootstraps=150)
    # two months: the second place is in January only, so it is lost when February is drawn twice
    assert stability[0] == 1
    assert stability[1] == pytest.approx(0.75, abs=0.1)
    one = hs.DBSCAN(100, 4).fit(month_only(xy, months=["2025-01-01"]))
    with pytest.raises(InputError, match="all incidents lie in one month; drawing months again"):
        one.stability()


def test_stability_of_nothing_and_wrong_arguments():
    found = hs.DBSCAN(100, 4)
    with pytest.raises(ValueError, match=r"call \.fit\(incidents\) first"):
        found.stability()
    with pytest.raises(ValueError, match=r"call \.fit\(incidents\) first"):
        _ = found.k_distances_
    assert len(found.fit(table([(0, 0)])).stability()) == 0
    assert found.clusters_.columns[-2:].tolist() == ["stability", "unstable"]
    with pytest.raises(InputError, match="bootstraps=0; it must be a whole number") as error:
        found.stability(bootstraps=0, seed=-1)
    assert len(error.value.faults) == 2


def test_every_wrong_parameter_is_named():
    with pytest.raises(InputError) as error:
        hs.DBSCAN("elbow", np.nan, max_diameter_m=-1).fit(table(POINTS))
    assert len(error.value.faults) == 3
    assert "eps='elbow'; it must be a number above 0, or 'knee'" in str(error.value)
    assert "max_diameter_m=-1; it must be a number above 0, or None" in str(error.value)


@pytest.mark.realdata
@pytest.mark.parametrize(("eps", "least", "clusters", "elsewhere"), [
    (200, 15, 152, 13), (300, 30, 68, 17), (500, 50, 31, 6), (100, 10, 307, 4),
])  # fmt: skip
def test_r_dbscan_agrees_on_staffordshire(shared, eps, least, clusters, elsewhere):
    """Cores, clusters and noise of R's dbscan; borders in reach of two clusters go to the nearer.

    R (as scikit-learn) gives such a border to whichever cluster it meets first; ``elsewhere``
    counts those.
    """
    golden = pd.read_csv(shared / "golden" / "dbscan_staffs_asb.csv")
    rows = table(golden[["x", "y"]].to_numpy(), repeat=golden["n_asb"].to_numpy())
    found = hs.DBSCAN(eps, least, max_diameter_m=None).fit(rows)
    ours = found.locations_.merge(golden, on=["x", "y"], validate="1:1")
    assert len(ours) == len(golden) == len(found.locations_)
    theirs = ours[f"w_eps{eps}_min{least}"]
    assert (ours["core"] == ours[f"core_eps{eps}_min{least}"].astype(bool)).all()
    assert ((ours["cluster"] == -1) == (theirs == 0)).all()
    pairs = pd.DataFrame({"ours": ours["cluster"], "theirs": theirs})[ours["core"]]
    pairs = pairs.drop_duplicates()
    assert len(pairs) == clusters
    assert pairs["ours"].is_unique
    assert pairs["theirs"].is_unique
    their_name = pairs.set_index("ours")["theirs"]
    moved = ours[(ours["cluster"] >= 0) & (ours["cluster"].map(their_name) != theirs)]
    assert len(moved) == elsewhere
    for place in moved.itertuples():
        cores = ours[ours["core"]]
        apart = np.hypot(cores["x"] - place.x, cores["y"] - place.y)
        assert cores.loc[apart.idxmin(), "cluster"] == place.cluster
        assert apart[theirs[cores.index] == theirs[place.Index]].min() <= eps


@pytest.mark.realdata
def test_what_the_knee_is_on_real_records(shared):
    """What docs/methods/clusters.md says of the curve of a force's ASB."""
    golden = pd.read_csv(shared / "golden" / "dbscan_staffs_asb.csv")
    rows = table(golden[["x", "y"]].to_numpy(), repeat=golden["n_asb"].to_numpy())
    with (
        pytest.warns(Notice, match="took 400 m; the k-distance curve bends at 6[0-9][0-9] m"),
        pytest.warns(Notice, match="23 of 48 crowds hold 24 incidents nowhere within"),
    ):
        found = hs.DBSCAN("knee").fit(rows)
    assert found.clusters_["diameter_m"].max() <= 400
    crowds = hs.DBSCAN(400, max_diameter_m=None).fit(rows).clusters_
    assert crowds["diameter_m"].max() > 10_000  # chained across the city
