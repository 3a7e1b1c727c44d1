"""HDBSCAN: clusters of unlike density, and what it says of itself."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from sklearn import cluster

import hotspots as hs
from hotspots.contracts import InputError, Notice


def table(xy, **columns) -> gpd.GeoDataFrame:
    xy = np.asarray(xy, dtype=float).reshape(-1, 2)
    when = pd.Timestamp("2025-01-01")
    index = pd.Index([f"i{n}" for n in range(len(xy))], name="incident")
    frame = {"category": "ASB", "occurred_from": when, "occurred_to": when, **columns}
    return gpd.GeoDataFrame(
        frame, geometry=gpd.points_from_xy(*xy.T), crs="EPSG:27700", index=index
    )


def town_and_village(seed=0):
    """A crowd of 20 m, one of 200 m, and a scatter over 10 km."""
    rng = np.random.default_rng(seed)
    town, village = rng.normal((2000, 2000), 20, (80, 2)), rng.normal((7000, 7000), 200, (80, 2))
    return np.vstack([town, village, rng.uniform(0, 10_000, (60, 2))])


def test_clusters_of_unlike_density_are_found_with_no_distance_given():
    found = hs.HDBSCAN(24).fit(table(town_and_village()))
    labels = found.labels_.to_numpy()
    assert (labels[:80] == 0).mean() > 0.9
    assert (labels[80:160] == 1).mean() > 0.8
    assert len(found.clusters_) == 2
    # an eps that fits the town is too short for the village
    tight = hs.DBSCAN(60, 24).fit(table(town_and_village()))
    assert len(tight.clusters_) == 1
    # the price: clusters may be kilometres wide
    assert found.clusters_["diameter_m"].max() > 1000


@pytest.mark.parametrize("samples", [None, 5, 15])
def test_scikit_learn_agrees_where_no_places_are_shared(samples):
    """Jitter of a metre changes nothing among points many metres apart."""
    xy = town_and_village(3) * 50
    found = hs.HDBSCAN(20, samples).fit(table(xy))
    theirs = cluster.HDBSCAN(20, min_samples=samples or 10, copy=True).fit(xy).labels_
    pairs = pd.DataFrame({"ours": found.labels_.to_numpy(), "theirs": theirs}).drop_duplicates()
    assert pairs["ours"].is_unique
    assert pairs["theirs"].is_unique
    assert len(pairs) >= 3


def test_incidents_at_one_place_share_a_label_whatever_the_order_of_rows():
    rng = np.random.default_rng(4)
    places = town_and_village(4).round(-1)
    xy = places[rng.integers(0, len(places), 900)]
    rows = table(xy, harm=rng.gamma(1, 20, 900))
    found = hs.HDBSCAN(30).fit(rows)
    by_place = pd.Series(found.labels_.to_numpy()).groupby([xy[:, 0], xy[:, 1]])
    assert (by_place.min() == by_place.max()).all()
    west = [found.locations_.loc[found.locations_["cluster"] == c, "x"].min()
            for c in found.clusters_.index]  # fmt: skip
    assert len(west) >= 2
    assert west == sorted(west)
    mixed = hs.HDBSCAN(30).fit(rows.sample(frac=1, random_state=2))
    assert mixed.labels_.reindex(rows.index).equals(found.labels_)
    pd.testing.assert_frame_equal(mixed.clusters_, found.clusters_)
    clusters = found.clusters_
    assert clusters["incidents"].sum() == (found.labels_ >= 0).sum()
    assert clusters.loc[0, "harm"] == pytest.approx(rows.loc[found.labels_ == 0, "harm"].sum())
    assert {"core_locations", "crowd"}.isdisjoint(clusters.columns)


def test_a_full_place_is_one_cluster_not_several_within_a_metre():
    rng = np.random.default_rng(7)
    xy = np.vstack([np.zeros((400, 2)), np.full((200, 2), 900.0), rng.uniform(-5e3, 5e3, (80, 2))])
    for seed in range(5):
        labels = hs.HDBSCAN(24, random_state=seed).fit(table(xy)).labels_.to_numpy()
        assert sorted({labels[0], labels[400]}) == [0, 1]
        assert (labels[:400] == labels[0]).all()
        assert (labels[400:600] == labels[400]).all()


def test_one_place_alone_or_too_few_incidents():
    assert (hs.HDBSCAN(24).fit(table(np.zeros((30, 2)))).labels_ == 0).all()
    assert (hs.HDBSCAN(24).fit(table(np.zeros((23, 2)))).labels_ == -1).all()
    assert (hs.HDBSCAN(5, 30).fit(table(np.zeros((23, 2)))).labels_ == -1).all()
    assert len(hs.HDBSCAN().fit(table(np.zeros((0, 2)))).clusters_) == 0


def test_heat_is_that_of_clustered_incidents():
    box = shapely.box(0, 0, 10_000, 10_000)
    area = gpd.GeoDataFrame({"lpt": ["Box"]}, geometry=[box], crs="EPSG:27700")
    grid = hs.Grid.over(hs.read_lpts(area), 100)
    found = hs.HDBSCAN(24, bandwidth=300, years=1).fit(table(town_and_village()))
    heat = found.predict(grid)
    hottest = grid.centres[np.argmax(heat)]
    held = found.locations_.query("cluster >= 0")
    far = np.hypot(held["x"] - hottest[0], held["y"] - hottest[1])
    wanted = np.maximum(1 - (far / 300) ** 2, 0).sum() * 2 / np.pi / 0.3**2
    assert heat.max() == pytest.approx(wanted)
    with pytest.warns(Notice, match="HDBSCAN is exploratory, not for tasking"):
        spots = found.hotspots(grid, top_k=2)
    assert np.hypot(*(hottest - 2000)) < 100
    assert spots.geometry.iloc[0].distance(shapely.Point(2000, 2000)) == 0


def test_more_than_it_can_do_is_refused(monkeypatch):
    monkeypatch.setattr("hotspots.detect.hdbscan.MOST", 100)
    with pytest.raises(InputError, match="220 incidents; more than 100 take too long"):
        hs.HDBSCAN().fit(table(town_and_village()))


def test_wrong_parameters_are_named_at_once():
    wrong = hs.HDBSCAN(1, 0, bandwidth=np.nan, random_state=-1)
    with pytest.raises(InputError) as error:
        wrong.fit(table(town_and_village()))
    assert len(error.value.faults) == 4
    assert "min_incidents=1; it must be a whole number from 2" in str(error.value)
    with pytest.raises(InputError, match=r"bandwidth=2000000000\.0; it must be at most 100,000 m"):
        hs.HDBSCAN(bandwidth=2e9).fit(table(town_and_village()))
    with pytest.raises(InputError, match=r"min_incidents=24\.5"):
        hs.HDBSCAN(24.5).fit(table(town_and_village()))
