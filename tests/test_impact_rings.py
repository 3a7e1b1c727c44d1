"""Which place or ring a point belongs to, against a naive look at every pair."""

import geopandas as gpd
import numpy as np
import pytest
import shapely

from hotspots.impact.rings import NOWHERE, SHARED, find_reach, ring_areas


def naive(points, shapes, buffer_m, group):
    """Place and ring of each point, one at a time."""
    inside, ring = [], []
    for xy in points:
        away = [shape.distance(shapely.Point(xy)) for shape in shapes]
        first = next((n for n, metres in enumerate(away) if metres == 0), NOWHERE)
        near = [n for n, metres in enumerate(away) if metres <= buffer_m]
        inside.append(first)
        if first >= 0 or not near or buffer_m == 0:
            ring.append(NOWHERE)
        elif len({group[n] for n in near}) > 1:
            ring.append(SHARED)
        else:
            ring.append(min(near, key=lambda n, away=away: (away[n], n)))
    return inside, ring


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("buffer_m", [0, 40, 150])
def test_every_point_is_where_a_naive_look_finds_it(seed, buffer_m):
    rng = np.random.default_rng(seed)
    low = rng.uniform(0, 1500, (14, 2))
    size = rng.uniform(20, 200, (14, 2))
    shapes = list(shapely.box(*low.T, *(low + size).T))
    shapes[3] = shapely.MultiPolygon([shapes[3], shapely.Point(2000, 2000).buffer(80)])
    shapes[4] = shapely.Point(low[4]).buffer(120)
    group = rng.integers(0, 3, 14)
    points = rng.uniform(-200, 2300, (600, 2))
    reach = find_reach(points, gpd.GeoSeries(shapes), buffer_m, group)
    inside, ring = naive(points, shapes, buffer_m, group)
    assert reach.inside.tolist() == inside
    assert reach.ring.tolist() == ring


def test_no_point_of_a_ring_lies_in_any_place_and_each_is_in_one_ring_at_most():
    shapes = gpd.GeoSeries([shapely.box(0, 0, 100, 100), shapely.box(120, 0, 220, 100)])
    points = np.column_stack([np.arange(-150.0, 400.0, 1.0), np.full(550, 50.0)])
    reach = find_reach(points, shapes, 100, np.array([0, 0]))
    x = points[:, 0]
    assert (reach.ring[(x >= 0) & (x <= 100)] == NOWHERE).all()
    assert (reach.ring[(x >= 120) & (x <= 220)] == NOWHERE).all()
    assert (reach.ring[(x > 100) & (x <= 110)] == 0).all()
    assert (reach.ring[(x > 110) & (x < 120)] == 1).all()
    assert (reach.ring[(x >= -100) & (x < 0)] == 0).all()
    assert (reach.ring[x < -100] == NOWHERE).all()
    assert (reach.ring[(x > 220) & (x <= 320)] == 1).all()


def test_edges_are_measured_from_within_and_from_without():
    shapes = gpd.GeoSeries([shapely.box(0, 0, 100, 100)])
    points = np.array([(50.0, 50), (90, 50), (110, 50), (124, 50), (400, 50)])
    edge = find_reach(points, shapes, 0).edge_m
    assert edge.tolist() == [50, 10, 10, 24, np.inf]


def test_a_ring_is_as_large_as_what_neighbours_leave_of_it():
    circle = np.pi * (0.3**2 - 0.15**2)
    alone = gpd.GeoSeries([shapely.Point(0, 0).buffer(150, 64)])
    assert ring_areas(alone, 150)[0] == pytest.approx(circle, rel=0.01)
    both = gpd.GeoSeries([shapely.Point(x, 0).buffer(150, 64) for x in (0, 400)])
    outer = [shapely.Point(x, 0).buffer(300, 64) for x in (0, 400)]
    left = outer[0].difference(outer[1]).difference(both.iloc[0]).area / 1e6
    assert ring_areas(both, 150) == pytest.approx([left, left], rel=0.02)
    half = outer[0].union(outer[1]).difference(both.iloc[0]).difference(both.iloc[1]).area / 2e6
    assert ring_areas(both, 150, np.array([0, 0])) == pytest.approx([half, half], rel=0.02)


def test_there_is_no_ring_without_width_and_none_is_measured_about_a_county():
    county = gpd.GeoSeries([shapely.box(0, 0, 60_000, 60_000)])
    assert ring_areas(county, 0).tolist() == [0]
    assert np.isnan(ring_areas(county, 150)).all()
