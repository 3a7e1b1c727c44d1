"""Roads: read from any file, and the shortest way along them, on foot and by vehicle."""

import heapq

import geopandas as gpd
import numpy as np
import pytest
import shapely

import hotspots as hs

GRID = "EPSG:27700"


def make_streets(*lines, crs=GRID, **columns):
    return gpd.GeoDataFrame(columns, geometry=[shapely.LineString(x) for x in lines], crs=crs)


def minutes(roads, start, end, mode="foot", rules=None):
    return roads.minutes(np.array([start], float), np.array([end], float), mode, rules)[0, 0]


def naive(table, mode, rules, source):
    """Return minutes from a junction to every other: Dijkstra by the book, in plain Python."""
    ways = {}
    for row in table.itertuples():
        kmh = {"foot": rules.foot_kmh, "cycle": rules.cycle_kmh,
               "vehicle": row.kmh * rules.vehicle_kmh / 30}[mode]  # fmt: skip
        cost = row.metres / 1000 / kmh * 60
        if getattr(row, mode):
            if row.ahead or mode == "foot":
                ways.setdefault(row.start, []).append((row.end, cost))
            if row.back or mode == "foot":
                ways.setdefault(row.end, []).append((row.start, cost))
    best, queue = {}, [(0.0, source)]
    while queue:
        far, at = heapq.heappop(queue)
        if at not in best:
            best[at] = far
            for to, cost in ways.get(at, ()):
                heapq.heappush(queue, (far + cost, to))
    return best


def junctions(roads):
    """Return the coordinates of every junction by its number."""
    table = roads.stretches
    first = shapely.get_coordinates(shapely.get_point(table.geometry.to_numpy(), 0))
    last = shapely.get_coordinates(shapely.get_point(table.geometry.to_numpy(), -1))
    return dict(zip(table["start"], first, strict=True)) | dict(
        zip(table["end"], last, strict=True)
    )


# --- the way there -------------------------------------------------------------------------------


def test_a_one_way_street_holds_for_vehicles_and_cycles_not_on_foot():
    round_ = [(0, 0), (0, 400), (600, 400), (600, 0)]
    roads = hs.read_roads(make_streets([(0, 0), (600, 0)], round_, oneway=["yes", "no"]))
    a, b = (0, 0), (600, 0)
    assert minutes(roads, a, b, "vehicle") == pytest.approx(600 / 500)  # 30 km/h: 500 m a minute
    assert minutes(roads, b, a, "vehicle") == pytest.approx(1400 / 500)
    assert minutes(roads, b, a, "cycle") == pytest.approx(1400 / 200)
    assert minutes(roads, b, a, "foot") == minutes(roads, a, b, "foot") == pytest.approx(600 / 75)


@pytest.mark.realdata
@pytest.mark.parametrize("mode", ["foot", "cycle", "vehicle"])
def test_cambridge_agrees_with_dijkstra_by_the_book(shared, mode):
    roads = hs.read_roads(shared / "data" / "roads" / "cambridge_uk.graphml")
    rules = hs.PatrolRules(foot_kmh=5, vehicle_kmh=24)
    at = junctions(roads)
    chosen = np.random.default_rng(1).choice(sorted(at), 25, replace=False)
    places = np.array([at[n] for n in chosen])
    found = roads.minutes(places, places, mode, rules)
    wanted = []
    for source in chosen:
        best = naive(roads.stretches, mode, rules, source)
        wanted.append([best[n] for n in chosen])
    np.testing.assert_allclose(found, wanted, atol=0.02)
