"""DBSCAN: check values, the rules for borders, other programs' results."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.spatial import cKDTree
from sklearn import cluster

import hotspots as hs
from hotspots.contracts import InputError


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
    [({"eps": 0}, "eps=0; it must be a number above 0, or .knee."), ({"min_incidents": -3}, "min_incidents=-3")],
)
def test_impossible_parameters_are_refused(parameters, message):
    with pytest.raises(InputError, match=message):
        hs.DBSCAN(**parameters).fit(table(POINTS))


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
