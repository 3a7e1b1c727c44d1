"""Roads: read from any file, and the shortest way along them, on foot and by vehicle."""

import heapq

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from test_patrols import make_hotspots, make_lpts, make_units

import hotspots as hs

GRID = "EPSG:27700"


def make_streets(*lines, crs=GRID, **columns):
    return gpd.GeoDataFrame(columns, geometry=[shapely.LineString(x) for x in lines], crs=crs)


def minutes(roads, start, end, mode="foot", rules=None):
    return roads.minutes(np.array([start], float), np.array([end], float), mode, rules)[0, 0]


def ways_of(table, mode, rules):
    """Return the ways out of every junction, with their minutes."""
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
    return ways


def naive(ways, source):
    """Return minutes from a junction to every other: Dijkstra by the book, in plain Python."""
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
    # from within the one-way street: on to its end, and round
    assert minutes(roads, (300, 0), (100, 0), "vehicle") == pytest.approx((300 + 1400 + 100) / 500)
    assert minutes(roads, (100, 0), (300, 0), "vehicle") == pytest.approx(200 / 500)


@pytest.mark.parametrize("word", ["-1", "reverse", "T"])
def test_a_street_may_be_one_way_against_its_line(word):
    round_ = [(0, 0), (0, 400), (600, 400), (600, 0)]
    roads = hs.read_roads(make_streets([(0, 0), (600, 0)], round_, oneway=[word, "B"]))
    assert minutes(roads, (600, 0), (0, 0), "vehicle") == pytest.approx(600 / 500)
    assert minutes(roads, (0, 0), (600, 0), "vehicle") == pytest.approx(1400 / 500)


def test_a_roundabout_without_a_word_is_one_way():
    ring = [[(0, 0), (90, 0)], [(90, 0), (90, 90)], [(90, 90), (0, 90)], [(0, 90), (0, 0)]]
    roads = hs.read_roads(make_streets(*ring, junction=["roundabout"] * 4))
    assert minutes(roads, (0, 0), (0, 90), "vehicle") == pytest.approx(270 / 500)
    assert minutes(roads, (0, 90), (0, 0), "vehicle") == pytest.approx(90 / 500)


def test_limits_classes_and_speeds_given_decide_how_fast_a_stretch_is_driven():
    lines = [[(0, y), (3000, y)] for y in range(0, 6000, 1000)]
    streets = make_streets(
        *lines, maxspeed=["20 mph", "48", "['30 mph', '50 mph']", None, None, None],
        highway=["residential", "primary", "primary", "motorway", "['service', 'track']", "odd"],
    )  # fmt: skip
    kmh = hs.read_roads(streets).stretches["kmh"]
    # as many km/h as the limit has mph; a number alone is km/h; the lowest of several
    np.testing.assert_allclose(kmh, [20, 48 / 1.609344, 30, 70, 15, 30])
    own = hs.read_roads(streets, speeds={"Primary": 25, "motorway": 0})
    np.testing.assert_allclose(own.stretches["kmh"], [20, 25, 25, np.nan, 15, 30])
    assert own.stretches["vehicle"].tolist() == [True, True, True, False, True, True]
    assert "Speeds given hold for 50% of the length" in own.text
    quick = hs.PatrolRules(vehicle_kmh=60)
    at = (0, 0), (3000, 0)
    assert minutes(own, *at, "vehicle") == pytest.approx(9)
    assert minutes(own, *at, "vehicle", quick) == pytest.approx(4.5)


def test_who_may_use_a_road_goes_by_its_class():
    lines = [[(0, y), (900, y)] for y in (0, 1000, 2000, 3000)]
    kinds = ["motorway", "footway", "cycleway", "construction"]
    table = hs.read_roads(make_streets(*lines, highway=kinds)).stretches
    assert table["foot"].tolist() == [False, True, True, False]
    assert table["cycle"].tolist() == [False, False, True, False]
    assert table["vehicle"].tolist() == [True, False, False, False]


def test_names_of_geofabrik_and_ordnance_survey_are_known():
    lines = [[(0, y), (900, y)] for y in (0, 1000)]
    osm = hs.read_roads(make_streets(*lines, fclass=["motorway", "steps"], maxspeed=[0, 0]))
    assert osm.stretches["kmh"].tolist() == [70, 30]
    assert osm.stretches["vehicle"].tolist() == [True, False]
    survey = hs.read_roads(make_streets(*lines, road_function=["A Road", "Local Road"]))
    assert survey.stretches["kmh"].tolist() == [40, 30]


def test_places_beside_the_road_walk_to_it():
    roads = hs.read_roads(make_streets([(0, 0), (2000, 0)]))
    walk = 1.3 * (30 + 50) / 75
    assert minutes(roads, (100, 30), (1600, -50)) == pytest.approx(1500 / 75 + walk)
    assert minutes(roads, (100, 30), (1600, -50), "vehicle") == pytest.approx(1500 / 500 + walk)
    # nearer to one another than to the road: straight across
    assert minutes(roads, (100, 300), (180, 300), "vehicle") == pytest.approx(1.3 * 80 / 75)
    assert minutes(roads, (100, 300), (100, 300), "vehicle") == 0


def test_what_lies_off_the_network_goes_straight_and_is_told():
    roads = hs.read_roads(make_streets([(0, 0), (2000, 0)]))
    rules = hs.PatrolRules(detour=1.5)
    assert minutes(roads, (0, 600), (1000, 0), "vehicle", rules) == pytest.approx(
        1.5 * np.hypot(600, 1000) / 500
    )
    off = roads.off_network(np.array([[0, 600], [0, 400], [np.nan, 1]]))
    assert off["place"].tolist() == [0, 2]
    assert off["metres"].tolist() == [600, np.inf]
    assert off["why"].tolist() == [
        "600 m from the nearest road it may use (most: 500 m)",
        "no coordinates, or no road it may use",
    ]
    far = hs.read_roads(make_streets([(0, 0), (2000, 0)]), reach_m=700)
    assert len(far.off_network(np.array([[0, 600]]))) == 0


def test_two_parts_that_do_not_meet_are_joined_by_a_straight_line():
    roads = hs.read_roads(make_streets([(0, 0), (1000, 0)], [(0, 2000), (1000, 2000)]))
    assert "on foot" in roads.text
    assert roads.main_share("vehicle") == 0.5
    assert minutes(roads, (0, 0), (1000, 0), "vehicle") == pytest.approx(2)
    assert minutes(roads, (0, 0), (0, 2000), "vehicle") == pytest.approx(1.3 * 2000 / 500)
    path = roads.paths(np.array([[0, 0]]), np.array([[0, 2000]]), "vehicle")[0]
    assert path.tolist() == [[0, 0], [0, 2000]]


def test_a_drive_that_joins_no_street_cuts_no_place_off():
    drive = [(500, 20), (505, 20)]  # under a hundredth of the length, and the nearest
    roads = hs.read_roads(make_streets([(0, 0), (1000, 0)], drive))
    assert minutes(roads, (500, 25), (0, 0)) == pytest.approx(500 / 75 + 1.3 * 25 / 75)


def test_a_street_out_of_which_no_vehicle_comes_is_not_used_by_one():
    trap = make_streets([(0, 0), (500, 0), (1000, 0)], [(500, 0), (500, 300)],
                        oneway=["no", "yes"])  # fmt: skip
    roads = hs.read_roads(trap)
    spot = (480, 200)
    assert minutes(roads, spot, (0, 0), "vehicle") == pytest.approx(480 / 500 + 1.3 * 200 / 75)
    assert minutes(roads, spot, (0, 0), "foot") == pytest.approx((700 + 1.3 * 20) / 75)


def test_loops_and_parallel_streets():
    loop = [(1000, 0), (1300, 0), (1300, 300), (1000, 300), (1000, 0)]
    detour = [(0, 0), (0, 800), (1000, 800), (1000, 0)]
    roads = hs.read_roads(make_streets([(0, 0), (1000, 0)], detour, loop))
    assert len(roads.stretches) == 3
    assert minutes(roads, (0, 0), (1000, 0)) == pytest.approx(1000 / 75)
    # within the loop by the nearer side, from either end
    assert minutes(roads, (1000, 0), (1000, 200)) == pytest.approx(200 / 75)
    assert minutes(roads, (1200, 0), (1000, 200)) == pytest.approx(400 / 75)


def test_lines_meet_wherever_they_share_a_vertex_and_bridges_do_not():
    cross = make_streets([(0, 0), (500, 0), (1000, 0)], [(500, -400), (500, 0), (500, 400)])
    assert len(hs.read_roads(cross).stretches) == 4
    assert minutes(hs.read_roads(cross), (0, 0), (500, 400)) == pytest.approx(900 / 75)
    bridge = make_streets([(0, 0), (1000, 0)], [(500, -400), (500, 400)])
    assert len(hs.read_roads(bridge).stretches) == 2
    assert minutes(hs.read_roads(bridge), (0, 0), (500, 400)) == pytest.approx(
        1.3 * np.hypot(500, 400) / 75
    )


def test_cost_from_inside_a_stretch_to_inside_another():
    square = [(0, 0), (400, 0), (400, 400), (0, 400), (0, 0)]
    sides = [square[i : i + 2] for i in range(4)]
    roads = hs.read_roads(make_streets(*sides))
    assert minutes(roads, (100, 0), (300, 400)) == pytest.approx((100 + 400 + 300) / 75)
    assert minutes(roads, (300, 0), (300, 400)) == pytest.approx((100 + 400 + 100) / 75)


@pytest.mark.parametrize("seed", range(12))
def test_any_small_network_agrees_with_dijkstra_by_the_book(seed):
    rng = np.random.default_rng(seed)
    n = rng.integers(2, 14)
    xy = rng.uniform(0, 4000, (n, 2))
    ends = rng.integers(0, n, (rng.integers(1, 3 * n), 2))
    ends = np.vstack([ends[ends[:, 0] != ends[:, 1]], [[0, 1]]])
    kinds = ["residential", "footway", "primary", "motorway"]
    roads = hs.read_roads(make_streets(
        *xy[ends], oneway=rng.choice(["yes", "no", "-1"], len(ends), p=[0.25, 0.5, 0.25]),
        highway=rng.choice(kinds, len(ends), p=[0.7, 0.1, 0.1, 0.1]),
    ), reach_m=0.5)  # fmt: skip
    at, compared = junctions(roads), 0
    for mode in ("foot", "cycle", "vehicle"):
        ways = ways_of(roads.stretches, mode, hs.PatrolRules())
        best = {k: naive(ways, k) for k in at}
        off = roads.off_network(np.array([at[k] for k in sorted(at)]), mode)["place"]
        for k in set(at) - set(np.array(sorted(at))[off]):
            # where there is a way there and one back; else straight lines are meant to hold
            to = [m for m in at if m in best[k] and k in best[m] and m != k]
            if to:
                found = roads.minutes(np.array([at[k]]), np.array([at[m] for m in to]), mode)[0]
                np.testing.assert_allclose(found, [best[k][m] for m in to], atol=1e-9)
                compared += len(to)
        alone = [k for k in at if any(m != k and k in best[m] for m in best[k])]
        assert not set(alone) & set(np.array(sorted(at))[off])  # on a way there and back: on it
    assert compared > 0


def test_the_order_of_places_and_what_was_asked_before_change_nothing():
    rng = np.random.default_rng(4)
    grid = [[(x, y), (x + 300, y)] for x in range(0, 1500, 300) for y in range(0, 1800, 300)]
    grid += [[(x, y), (x, y + 300)] for x in range(0, 1800, 300) for y in range(0, 1500, 300)]
    streets = make_streets(*grid, oneway=rng.choice(["yes", "no"], len(grid), p=[0.2, 0.8]))
    places = rng.uniform(0, 1500, (30, 2))
    roads = hs.read_roads(streets)
    whole = roads.minutes(places, places, "vehicle")
    order = rng.permutation(30)
    asked = hs.read_roads(streets)
    asked.minutes(places[:5], places[3:9], "vehicle")
    np.testing.assert_allclose(asked.minutes(places[order], places[order], "vehicle"),
                               whole[np.ix_(order, order)], rtol=0, atol=1e-12)  # fmt: skip
    assert (whole.diagonal() == 0).all()
    legs = whole[:, :, None] + whole[None, :, :]  # by way of a third place is never quicker ...
    near = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1)) < 400
    assert ((whole[:, None, :] <= legs.transpose(0, 1, 2) + 1e-9) | near[:, None, :]).all()


def test_paths_follow_the_road_and_are_as_long_as_the_way():
    rng = np.random.default_rng(8)
    grid = [[(x, y), (x + 150, y + 20), (x + 300, y)] for x in range(0, 1500, 300)
            for y in range(0, 1800, 300)]  # fmt: skip
    grid += [[(x, y), (x, y + 300)] for x in range(0, 1800, 300) for y in range(0, 1500, 300)]
    way = [*rng.choice(["yes", "-1"], 30), *["no"] * 30]  # across one way, up and down both
    streets = make_streets(*grid, oneway=way)
    roads = hs.read_roads(streets)
    assert roads.main_share("vehicle") == 1
    some = rng.choice(streets.geometry.to_numpy(), 40)
    on = shapely.line_interpolate_point(some, rng.uniform(0, 1, 40), normalized=True)
    places = shapely.get_coordinates(on)
    a, b = places[:20], places[20:]
    for mode, metres_a_minute in (("foot", 75), ("vehicle", 500)):
        for leg, path in enumerate(roads.paths(a, b, mode)):
            assert path[0].tolist() == a[leg].tolist()
            assert path[-1].tolist() == b[leg].tolist()
            metres = shapely.LineString(path).length
            way = minutes(roads, a[leg], b[leg], mode)
            assert metres / metres_a_minute == pytest.approx(way, rel=1e-6)
            near = shapely.distance(streets.union_all(), shapely.LineString(path).interpolate(
                np.linspace(0, metres, 50)))  # fmt: skip
            assert near.max() < 1e-6


# --- files ---------------------------------------------------------------------------------------


def write_graphml(path, nodes, edges, *, directed, crs=GRID):
    """Write a graph as networkx does: keys by number, all values as text."""
    keys = sorted({k for told in [*nodes.values(), *(e[2] for e in edges)] for k in told})
    lines = ['<?xml version="1.0" encoding="utf-8"?>',
             '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">']  # fmt: skip
    lines += [f'<key id="{kind}{n}" for="{kind}" attr.name="{key}" attr.type="string"/>'
              for n, key in enumerate(keys) for kind in ("node", "edge")]  # fmt: skip
    lines.append('<key id="g" for="graph" attr.name="crs" attr.type="string"/>')

    def data(kind, told):
        return "".join(f'<data key="{kind}{keys.index(k)}">{v}</data>' for k, v in told.items())

    lines.append(f'<graph edgedefault="{"directed" if directed else "undirected"}">')
    lines += [f'<node id="{k}">{data("node", told)}</node>' for k, told in nodes.items()]
    lines += [
        f'<edge source="{a}" target="{b}">{data("edge", told)}</edge>' for a, b, told in edges
    ]
    if crs:
        lines.append(f'<data key="g">{crs}</data>')
    lines.append("</graph></graphml>")
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


NODES = {"a": {"x": "0", "y": "0"}, "node b": {"x": "600", "y": "0"}, "7": {"x": "0", "y": "400"}}


def test_a_directed_graph_has_one_way_streets_and_pairs(tmp_path):
    """Two edges there and back are one street, so that who stands in it may leave by both ends."""
    edges = [("a", "node b", {}), ("node b", "7", {}), ("7", "node b", {}), ("7", "a", {}),
             ("a", "7", {})]  # fmt: skip
    roads = hs.read_roads(write_graphml(tmp_path / "g.graphml", NODES, edges, directed=True))
    assert len(roads.stretches) == 3
    slope = np.hypot(600, 400)
    assert minutes(roads, (0, 0), (600, 0), "vehicle") == pytest.approx(600 / 500)
    assert minutes(roads, (600, 0), (0, 0), "vehicle") == pytest.approx((slope + 400) / 500)
    assert minutes(roads, (0, 100), (0, 0), "vehicle") == pytest.approx(100 / 500)
    assert minutes(roads, (0, 100), (0, 400), "vehicle") == pytest.approx(300 / 500)


def test_an_undirected_graph_tells_the_way_of_travel_in_from_and_to_or_in_the_line(tmp_path):
    back = {"oneway": "True", "from": "node b", "to": "a"}
    rest = [("node b", "7", {"oneway": "False"}), ("7", "a", {})]
    told = write_graphml(tmp_path / "1.graphml", NODES, [("a", "node b", back), *rest],
                         directed=False)  # fmt: skip
    drawn = {"oneway": "True", "geometry": "LINESTRING (600 0, 300 0, 0 0)"}
    line = write_graphml(tmp_path / "2.graphml", NODES, [("a", "node b", drawn), *rest],
                         directed=False)  # fmt: skip
    for path in (told, line):
        roads = hs.read_roads(path)
        assert minutes(roads, (600, 0), (0, 0), "vehicle") == pytest.approx(600 / 500)
        assert minutes(roads, (0, 0), (600, 0), "vehicle") > 2


def test_stated_lengths_are_used_where_they_can_be_true(tmp_path):
    curve = "LINESTRING (0 0, 300 400, 600 0)"
    edges = [
        ("a", "node b", {"length": "990", "geometry": curve}),  # the line is 1,000 m long
        ("node b", "7", {"length": "1300"}),  # no line: may be as long as it says
        ("7", "a", {"length": "0.4"}),
    ]  # kilometres, it seems: shorter than straight
    path = write_graphml(tmp_path / "g.graphml", NODES, edges, directed=False)
    roads = hs.read_roads(path)
    assert roads.stretches["metres"].tolist() == [990, 1300, 400]
    assert "The stated length of 1 stretch was not that of the line" in roads.text
    lines = make_streets([(0, 0), (500, 0), (1000, 0)], [(500, 0), (500, 300)], length=[900, None])
    assert hs.read_roads(lines).stretches["metres"].tolist() == [450, 450, 300]


def test_degrees_are_brought_to_the_grid(tmp_path):
    here = gpd.GeoSeries([shapely.Point(545000, 258000), shapely.Point(545000, 259000)], crs=GRID)
    x, y = here.to_crs(4326).x, here.to_crs(4326).y
    nodes = {str(n): {"x": str(x[n]), "y": str(y[n])} for n in (0, 1)}
    path = write_graphml(tmp_path / "g.graphml", nodes, [("0", "1", {"length": "1000.4"})],
                         directed=False, crs="epsg:4326")  # fmt: skip
    assert minutes(hs.read_roads(path), (545000, 258000), (545000, 259000)) == pytest.approx(
        1000.4 / 75, rel=1e-4
    )


@pytest.mark.parametrize("suffix", [".gpkg", ".shp", ".geojson"])
def test_files_of_lines_give_the_same_roads(tmp_path, suffix):
    streets = make_streets([(400000, 300000), (400500, 300000), (401000, 300000)],
                           [(400500, 300000), (400500, 300400)], oneway=["F", "B"],
                           fclass=["primary", "service"])  # fmt: skip
    path = tmp_path / f"roads{suffix}"
    (streets.to_crs(4326) if suffix == ".geojson" else streets).to_file(path)
    roads = hs.read_roads(path)
    assert sorted(roads.stretches["metres"].round(1)) == [400, 500, 500]
    assert f"Source: roads{suffix}" in roads.text
    assert minutes(roads, (401000, 300000), (400500, 300400)) == pytest.approx(12, rel=1e-4)


def test_the_layer_of_several_is_asked_for(tmp_path):
    path = tmp_path / "many.gpkg"
    make_streets([(0, 0), (900, 0)]).to_file(path, layer="road_link")
    make_streets([(0, 0), (0, 900)]).to_file(path, layer="rivers")
    with pytest.raises(hs.InputError, match=r"2 layers of lines: .*as layer='road_link'"):
        hs.read_roads(path)
    assert minutes(hs.read_roads(path, layer="rivers"), (0, 0), (0, 900)) == pytest.approx(12)
    with pytest.raises(hs.InputError, match="no layer 'rails'; layers of lines: road_link, rivers"):
        hs.read_roads(path, layer="rails")


def test_lines_of_many_parts_heights_and_gaps_are_taken():
    parts = shapely.MultiLineString([[(0, 0, 5), (300, 0, 6)], [(300, 0, 6), (300, 300, 7)]])
    lines = gpd.GeoDataFrame(
        {"oneway": [None, None, "no"]}, crs=GRID,
        geometry=[parts, None, shapely.LineString([(300, 300), (300, 300)])],
    )  # fmt: skip
    roads = hs.read_roads(lines)
    assert roads.stretches["metres"].tolist() == [300, 300]
    assert minutes(roads, (0, 0), (300, 300)) == pytest.approx(600 / 75)
    assert not shapely.has_z(roads.stretches.geometry.to_numpy()).any()


# --- faults --------------------------------------------------------------------------------------


def faults(call):
    with pytest.raises(hs.InputError) as raised:
        call()
    return "\n".join(raised.value.faults)


def test_every_fault_of_the_arguments_at_once():
    said = faults(lambda: hs.read_roads(make_streets([(0, 0), (9, 0)]), crs="EPSG:4326",
                                        speeds={"a": -3, "b": "fast"}, reach_m=-1))  # fmt: skip
    for part in ("projected one in metres", "'a' is -3", "'b' is 'fast'", "reach_m is -1"):
        assert part in said
    assert "not known" in faults(lambda: hs.read_roads(make_streets([(0, 0), (9, 0)]), crs="GB"))
    assert "km/h by class" in faults(lambda: hs.read_roads("x.gpkg", speeds=[20]))


def test_what_is_no_road_file(tmp_path):
    assert "no file" in faults(lambda: hs.read_roads(tmp_path / "none.gpkg"))
    assert "of type int" in faults(lambda: hs.read_roads(7))
    assert "no CRS" in faults(lambda: hs.read_roads(make_streets([(0, 0), (9, 0)], crs=None)))
    points = gpd.GeoSeries([shapely.Point(0, 0)], crs=GRID)
    assert "holds Point" in faults(lambda: hs.read_roads(points))
    nothing = gpd.GeoSeries([shapely.LineString([(5, 5), (5, 5)])], crs=GRID)
    assert "no line of any length" in faults(lambda: hs.read_roads(nothing))
    bad = tmp_path / "bad.gpkg"
    bad.write_text("no geopackage")
    assert "cannot be read" in faults(lambda: hs.read_roads(bad))
    bad = tmp_path / "bad.graphml"
    bad.write_text("<graphml><graph>")
    assert "no GraphML" in faults(lambda: hs.read_roads(bad))


def test_every_fault_of_a_graph_at_once(tmp_path):
    nodes = {"a": {"x": "0", "y": "0"}, "b": {"x": "east"}}
    path = write_graphml(tmp_path / "g.graphml", nodes, [("a", "c", {})], directed=False, crs=None)
    said = faults(lambda: hs.read_roads(path))
    for part in ("nodes without numbers for x and y: 1 (first: 'b')", "'a' to 'c'", "has no crs"):
        assert part in said
    path = write_graphml(tmp_path / "h.graphml", NODES, [("a", "7", {"geometry": "LINE 0 0"})],
                         directed=False)  # fmt: skip
    assert "edges whose geometry is no LINESTRING in well-known text: 1" in faults(
        lambda: hs.read_roads(path)
    )


def test_a_mode_nobody_knows():
    roads = hs.read_roads(make_streets([(0, 0), (9, 0)]))
    assert "mode is 'boat'" in faults(lambda: minutes(roads, (0, 0), (9, 0), "boat"))


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda r, a: r.minutes("x", a, "foot"), "places are 'x'; give an array of shape"),
        (lambda r, a: r.off_network([[*a[0], 0]]), r"an array of shape \(1, 3\); give"),
        (lambda r, a: r.minutes(a, a, "foot", 5), "rules is of type int; give PatrolRules"),
        (lambda r, a: r.paths(np.zeros((2, 2)), a, "foot"), "2 starts and 1 ends are given"),
    ],
)
def test_what_are_no_places_is_refused(ask, said):
    with pytest.raises(hs.InputError, match=said):
        ask(hs.read_roads(make_streets([(0, 0), (900, 0)])), np.zeros((1, 2)))


def test_a_oneway_nobody_knows_is_told_and_taken_as_both_ways():
    roads = hs.read_roads(make_streets([(0, 0), (900, 0)], oneway=["sometimes"]))
    assert "oneway holds 'sometimes', taken as both ways" in roads.text
    assert minutes(roads, (900, 0), (0, 0), "vehicle") == pytest.approx(900 / 500)


# --- in a plan, and on real streets --------------------------------------------------------------


def test_rules_travel_by_the_roads_they_are_given():
    roads = hs.read_roads(make_streets([(0, 0), (0, 400), (600, 400), (600, 0)]))
    rules = hs.PatrolRules(roads=roads, foot_kmh=6)
    a, b = np.array([[0.0, 0.0]]), np.array([[600.0, 0.0]])
    assert rules.travel_minutes(a, b, "foot")[0, 0] == pytest.approx(14)
    assert hs.PatrolRules(foot_kmh=6).travel_minutes(a, b, "foot")[0, 0] == pytest.approx(7.8)


@pytest.fixture(scope="module")
def cambridge(shared):
    return hs.read_roads(shared / "data" / "roads" / "cambridge_uk.graphml")


@pytest.mark.realdata
def test_cambridge_agrees_with_dijkstra_by_the_book(cambridge):
    roads = cambridge
    assert len(roads.stretches) == 2933
    chosen = np.random.default_rng(1).choice(sorted(junctions(roads)), 25, replace=False)
    at, rules = junctions(roads), hs.PatrolRules(foot_kmh=5, vehicle_kmh=24)
    places = np.array([at[n] for n in chosen])
    for mode in ("foot", "cycle", "vehicle"):
        ways = ways_of(roads.stretches, mode, rules)
        found = [naive(ways, n) for n in chosen[:8]]
        wanted = [[best[m] for m in chosen] for best in found]
        # a junction is up to a metre about: 1 m on foot is .012 min
        np.testing.assert_allclose(roads.minutes(places[:8], places, mode, rules), wanted,
                                   atol=0.02)  # fmt: skip


@pytest.mark.realdata
def test_the_one_way_streets_of_cambridge_run_the_way_they_are_signed(cambridge):
    """Saint Andrew's Street runs from the junction 104522 to 104521, as its tags say."""
    roads = cambridge
    a, b = (545176.82, 258324.63), (545206.77, 258269.59)
    assert minutes(roads, a, b, "vehicle") == pytest.approx(62.599 / 1000 / 20 * 60, rel=0.01)
    assert minutes(roads, b, a, "vehicle") > 3 * minutes(roads, a, b, "vehicle")


def test_a_plan_along_roads_keeps_its_rules_and_tells_what_they_do_not_reach():
    spots = make_hotspots(("H1", "Hanley", 100, 100, 84), ("H2", "Hanley", 1000, 100, 40))
    shifts = pd.DataFrame({"shift": ["late"], "start": ["14:00"], "end": ["16:00"]})
    units = make_units(("P1", "Hanley", "late", "pcso", 2, "foot")).assign(
        base_easting=100.0, base_northing=100.0
    )
    way = [(100, 100), (100, 900), (1000, 900), (1000, 100)]
    roads = hs.read_roads(make_streets(way))

    def plan_by(roads):
        rules = hs.PatrolRules(roads=roads, effort=0)
        return hs.plan_patrols(spots, lpts=make_lpts("Hanley"), shifts=shifts, units=units,
                               start="2026-03-02", days=1, rules=rules)  # fmt: skip

    plan = plan_by(roads)
    assert "Travel is along the roads given" in plan.text
    assert "Off the roads" not in plan.text
    legs = plan.visits.loc[plan.visits["travel_min"] > 0, "travel_min"]
    assert set(legs) == {34.0}  # 2,500 m along the street, on foot
    far = hs.read_roads(make_streets([(9000, 0), (9000, 900)]))
    plan = plan_by(far)
    assert "Off the roads given: 2 hotspots (H1, H2); travel there is 1.3 × straight" in plan.text
    degrees = hs.read_roads(make_streets(way), crs="EPSG:32630")
    with pytest.raises(hs.InputError, match=r"read_roads\(\.\.\., crs=hotspots.crs\)"):
        plan_by(degrees)
