"""Density along streets: the kernel on a line, shares at junctions, every path by recursion."""

import itertools

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.integrate import quad

import hotspots as hs
from hotspots.contracts import InputError, Notice
from hotspots.detect import Detector
from hotspots.detect._lines import read_streets
from hotspots.detect._streets import Streets, kernel_within

ZERO = np.array([400_000.0, 300_000.0])
CRS = "EPSG:27700"


def streets(*lines, names=None) -> gpd.GeoDataFrame:
    shapes = [shapely.LineString(np.asarray(line, dtype=float) + ZERO) for line in lines]
    columns = {} if names is None else {"name": names}
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=CRS)


def table(xy, **columns) -> gpd.GeoDataFrame:
    day = pd.Timestamp("2025-01-01")
    index = pd.Index([f"i{n}" for n in range(len(xy))], name="incident")
    points = gpd.points_from_xy(*(np.asarray(xy, dtype=float).reshape(-1, 2) + ZERO).T)
    frame = {"category": "ASB", "occurred_from": day, "occurred_to": day, **columns}
    return gpd.GeoDataFrame(frame, geometry=points, crs=CRS, index=index)


def quartic(d, h):
    """The one-dimensional quartic kernel, per metre."""
    return 15 / (16 * h) * (1 - min(abs(d) / h, 1) ** 2) ** 2


def mean(h, a, b):
    """Mean of the kernel between two distances, per km."""
    return quad(quartic, a, b, args=(h,), points=[-h, 0, h])[0] / (b - a) * 1000


def heats(network, xy, h=300, **how):
    """Heat by the middle of each lixel, in metres from the zero."""
    lixels = hs.NetworkKDE(network, h, years=1, **how).fit(table(xy)).segments()
    middle = lixels.geometry.interpolate(0.5, normalized=True)
    at = np.column_stack([middle.x, middle.y]).round(3) - ZERO
    return {tuple(pair): heat for pair, heat in zip(at.tolist(), lixels["heat"], strict=True)}


def test_on_a_straight_street_it_is_the_kernel_on_a_line():
    found = heats(streets([(0, 0), (2000, 0)]), [(987, 40)])
    assert len(found) == 40
    for (x, _), heat in found.items():
        want = mean(300, x - 25 - 987, x + 25 - 987)
        assert heat == pytest.approx(want, rel=1e-9, abs=1e-12)
    assert sum(found.values()) * 0.05 == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize(
    ("kernel", "power"), [("uniform", 0), ("epanechnikov", 1), ("quartic", 2), ("triweight", 3)]
)
def test_every_kernel_integrates_to_one_and_is_its_formula(kernel, power):
    share = np.linspace(0, 1, 11)
    whole = 2 * quad(lambda u: (1 - u * u) ** power, 0, 1)[0]
    want = [quad(lambda u: (1 - u * u) ** power, 0, s)[0] / whole for s in share]
    np.testing.assert_allclose(kernel_within(share, power), want, atol=1e-14)
    assert kernel_within(np.array([-3.0, 0, 1, 9]), power).tolist() == pytest.approx(
        [0, 0, 0.5, 0.5]
    )
    found = heats(streets([(0, 0), (2000, 0)]), [(1000, 0)], kernel=kernel, lixel_m=1000)
    assert list(found.values()) == pytest.approx([0.5, 0.5])


def test_a_street_in_pieces_is_the_same_street():
    whole = heats(streets([(0, 0), (2000, 0)]), [(987, 0)])
    cuts = [0, 350, 800, 950, 1000, 1050, 1250, 2000]
    parts = [[(a, 0), (b, 0)] for a, b in itertools.pairwise(cuts)]
    pieces = heats(streets(*parts), [(987, 0)])
    assert set(pieces) == set(whole)
    peak = max(whole.values())
    for at, heat in whole.items():
        assert pieces[at] == pytest.approx(heat, abs=2e-5 * peak)


def test_a_junction_shares_in_equal_parts():
    """50 m before a T: both other arms get half of what arrives; before a cross, a third."""
    tee = [[(-1000, 0), (0, 0)], [(0, 0), (0, 1000)], [(0, 0), (0, -1000)]]
    for arms, lines in ((3, tee), (4, [*tee, [(0, 0), (1000, 0)]])):
        found = heats(streets(*lines), [(-50, 0)], 200)
        peak = max(found.values())
        assert found[(-25, 0)] == pytest.approx(mean(200, 0, 50), rel=1e-9)
        assert found[(-75, 0)] == pytest.approx(mean(200, 0, 50), rel=1e-9)
        for k in range(1, 5):
            want = mean(200, 50 * k, 50 * (k + 1)) / (arms - 1)
            for at in ((0, 50 * k - 25), (0, 25 - 50 * k)):
                assert found[at] == pytest.approx(want, abs=2e-5 * peak)
        assert sum(found.values()) * 0.05 == pytest.approx(1, rel=1e-12)


def test_on_a_junction_every_arm_is_alike():
    cross = streets([(-1000, 0), (0, 0), (1000, 0)], [(0, -1000), (0, 0), (0, 1000)])
    found = heats(cross, [(0, 0)], 200)
    for at in ((25, 0), (-25, 0), (0, 25), (0, -25)):
        assert found[at] == pytest.approx(mean(200, 0, 50) / 2, rel=1e-6)
    assert sum(found.values()) * 0.05 == pytest.approx(1, rel=1e-12)


def test_a_dead_end_turns_back():
    found = heats(streets([(0, 0), (1000, 0)]), [(30, 0)], 200, lixel_m=10)
    peak = max(found.values())
    for x in (5, 45, 95):
        back = mean(200, x + 25, x + 35)  # from the end's mirror image at -30
        want = back + mean(200, x - 35, x - 25)
        assert found[(x, 0)] == pytest.approx(want, abs=2e-5 * peak)
    assert sum(found.values()) * 0.01 == pytest.approx(1, rel=1e-12)


def by_recursion(network: Streets, edge, along, h, totals):
    """Follow every path, one at a time, and integrate the kernel over each lixel numerically."""

    def leave(way, far, share):
        e, back = way >> 1, way & 1
        length, pieces = network.length[e], network.lixels[e]
        for n in range(pieces):
            near, out = far + n * length / pieces, far + (n + 1) * length / pieces
            near, out = np.clip([near, out], 0, h)
            if out > near:
                grains = near + (np.arange(40) + 0.5) / 40 * (out - near)
                value = np.mean(15 / (16 * h) * (1 - (grains / h) ** 2) ** 2) * (out - near)
                lixel = network.first_lixel[e] + (pieces - 1 - n if back else n)
                totals[lixel] += share * value
        if far + length < h:
            node = network.ends[e, 0 if back else 1]
            ways = [2 * k + side for k, side in np.argwhere(network.ends == node).tolist()]
            # a way leaves its edge's first end forwards, its second backwards
            on = [w for w in ways if w != way ^ 1] or [way ^ 1]
            for w in on:
                leave(w, far + length, share / len(on))

    leave(2 * edge, -along, 1.0)
    leave(2 * edge + 1, along - network.length[edge], 1.0)


@pytest.mark.parametrize("seed", range(4))
def test_every_path_by_recursion_agrees_on_random_networks(seed):
    """Triangles, blocks, dead ends, a ring and two streets between the same corners."""
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, 500, (14, 2))
    lines = [[corner[a], corner[b]] for a, b in rng.integers(0, 14, (20, 2)) if a != b]
    lines += [[corner[0], corner[0] + (60, 5), corner[0] + (20, 50), corner[0]]]
    lines += [[corner[1], (corner[1] + corner[2]) / 2 + 9, corner[2]], [corner[1], corner[2]]]
    network = streets(*lines)
    known = Streets(read_streets(network, network.crs), 40)
    edge = rng.integers(0, len(known.edges), 5)
    along = rng.uniform(0.1, 0.9, 5) * known.length[edge]
    want = np.zeros(int(known.lixels.sum()))
    for e, a in zip(edge, along, strict=True):
        by_recursion(known, int(e), float(a), 250, want)
    assert want.sum() == pytest.approx(5, rel=1e-4)  # the grains of the oracle
    found = known.spread(edge, along, np.ones(5), 2, 250)
    assert found.sum() == pytest.approx(5, rel=1e-12)
    length = np.repeat(known.length / known.lixels, known.lixels)
    np.testing.assert_allclose(found / length, want / length, atol=3e-4 * (want / length).max())


def test_streets_meet_at_shared_vertices_only():
    over = streets([(-500, 0), (500, 0)], [(0, -500), (0, 500)])  # a bridge: no common vertex
    found = heats(over, [(-30, 0)], 200)
    assert all(heat == 0 for (x, _), heat in found.items() if x == 0)
    side = streets(
        [(-500, 0), (0, 0), (500, 0)], [(0.004, 0.003), (0, 500)]
    )  # half a centimetre off
    found = heats(side, [(-30, 0)], 200)
    assert found[(25, 0)] == pytest.approx(mean(200, 30, 80) / 2, rel=1e-3)
    beside = [heat for (x, y), heat in found.items() if y > 0]
    assert max(beside) == pytest.approx(found[(25, 0)], rel=1e-3)


def test_tiny_streets_and_rings_lose_nothing():
    lines = [[(0, 0), (400, 0)], [(400, 0), (400.05, 0)], [(400.05, 0), (800, 0)],
             [(400, 0), (400, 0.2)], [(900, 900), (900.06, 900)]]  # fmt: skip
    network = streets(*lines)
    fitted = hs.NetworkKDE(network, 300, years=1).fit(table([(395, 0)] * 3 + [(900, 900)]))
    lixels = fitted.lixels_
    assert (lixels["heat"] * lixels["length_m"]).sum() / 1000 == pytest.approx(4, rel=1e-10)
    near = lixels[lixels.distance(shapely.Point(*(ZERO + np.array([400, 0])))) < 60]
    assert near["heat"].max() < 3 * 1000 * quartic(0, 300) * 1.3  # the stub turns some back


def test_lixels_tell_their_street_and_cover_it():
    network = streets(
        [(0, 0), (100, 0), (100, 90)], [(100, 90), (400, 90)], names=["High Street", None]
    )
    fitted = hs.NetworkKDE(network, 300, lixel_m=50, years=2).fit(
        table([(20, 3)] * 4 + [(320, 95)])
    )
    lixels = fitted.segments()
    assert lixels.index.name == "lixel"
    assert lixels["length_m"].tolist() == pytest.approx([47.5] * 4 + [50] * 6)
    np.testing.assert_allclose(lixels.length, lixels["length_m"])
    assert lixels["street"].tolist() == [0] * 4 + [1] * 6
    assert lixels["name"].tolist()[:4] == ["High Street"] * 4
    assert lixels["name"].isna().tolist()[4:] == [True] * 6
    assert lixels["incidents"].tolist() == [4, 0, 0, 0, 0, 0, 0, 0, 1, 0]
    joined = shapely.line_merge(shapely.union_all(lixels.geometry.to_numpy()))
    assert joined.equals(
        shapely.LineString(np.array([(0, 0), (100, 0), (100, 90), (400, 90)]) + ZERO)
    )
    assert (lixels["heat"] * lixels["length_m"]).sum() / 1000 * 2 == pytest.approx(5)
    lixels["heat"] = 0
    assert fitted.lixels_["heat"].max() > 0  # a copy


def test_far_incidents_are_left_out_and_counted():
    network = streets([(0, 0), (1000, 0)])
    rows = table([(500, 20)] * 7 + [(500, 130)] * 2)
    with pytest.warns(Notice, match=r"2 of 9 incidents are further than 100 m from every street"):
        fitted = hs.NetworkKDE(network, 300, years=1).fit(rows)
    assert (fitted.snapped_, fitted.lost_, fitted.snap_m_) == (7, 2, 20)
    assert fitted.lixels_["incidents"].sum() == 7
    wide = hs.NetworkKDE(network, 300, max_distance_m=200, years=1).fit(rows)
    assert wide.snapped_ == 9


def test_the_grid_holds_what_lies_on_the_streets_in_its_cells():
    lpts = gpd.GeoDataFrame(
        {"lpt": ["Box"]}, geometry=[shapely.box(*ZERO - 500, *ZERO + 1500)], crs=CRS
    )
    grid = hs.Grid.over(hs.read_lpts(lpts), 100)
    network = streets(
        [(-400, 0), (0, 0), (1400, 0)], [(0, 0), (30, 1000)], [(50, 1300), (50, 1400)]
    )
    rows = table([(130, 4)] * 30 + [(10, 400)] * 10, harm=np.arange(40.0))
    fitted = hs.NetworkKDE(network, 250, years=0.5).fit(rows)
    heat = fitted.predict(grid)
    assert heat.sum() * grid.area_km2 * 0.5 == pytest.approx(40, rel=1e-9)
    busy = grid.polygons(heat.index[heat > 0])
    assert busy.intersects(network.union_all()).all()
    assert heat[grid.locate([ZERO + 700])[0]] == 0
    harm = hs.NetworkKDE(network, 250, years=1, weights="harm").fit(rows)
    assert harm.unit_ == "harm per km² per year"
    assert harm.predict(grid).sum() * grid.area_km2 == pytest.approx(780, rel=1e-9)
    spots = fitted.hotspots(grid, top_k=2)
    assert spots["incidents"].iloc[0] == 30


def test_the_order_of_rows_and_of_directions_does_not_matter():
    rng = np.random.default_rng(3)
    network = streets([(0, 0), (500, 0)], [(500, 0), (900, 300)], [(500, 0), (500, -400)])
    rows = table(rng.uniform(-50, 900, (200, 2)) * (1, 0.05), harm=rng.gamma(1, 9, 200))
    one = hs.NetworkKDE(network, 300, max_distance_m=900, weights="harm").fit(rows)
    two = hs.NetworkKDE(network, 300, max_distance_m=900, weights="harm").fit(
        rows.sample(frac=1, random_state=1)
    )
    pd.testing.assert_frame_equal(one.lixels_, two.lixels_, check_exact=True)
    turned = network.set_geometry(network.reverse())
    back = hs.NetworkKDE(turned, 300, max_distance_m=900, weights="harm").fit(rows)
    middle = [shapely.get_coordinates(f.lixels_.geometry.interpolate(0.5, normalized=True)).round(3)
              for f in (one, back)]  # fmt: skip
    order = [np.lexsort(at.T) for at in middle]
    first, second = (
        f.lixels_["heat"].to_numpy()[o] for f, o in zip((one, back), order, strict=True)
    )
    np.testing.assert_allclose(first, second, rtol=1e-9, atol=1e-12)


def test_no_incident_and_one():
    network = streets([(0, 0), (500, 0)])
    lpts = gpd.GeoDataFrame({"lpt": ["Box"]}, geometry=[shapely.box(*ZERO, *ZERO + 500)], crs=CRS)
    grid = hs.Grid.over(hs.read_lpts(lpts), 100)
    none = hs.NetworkKDE(network).fit(table(np.zeros((0, 2))))
    assert (none.predict(grid) == 0).all()
    assert (none.lixels_["heat"] == 0).all()
    one = hs.NetworkKDE(network, years=1).fit(table([(100, 0)]))
    assert one.predict(grid).sum() * grid.area_km2 == pytest.approx(1, rel=1e-9)
    assert repr(one).startswith("NetworkKDE(network=<GeoDataFrame of 1>, bandwidth=300")


# --- reading ---------------------------------------------------------------------------------

GRAPHML = """<?xml version="1.0"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key attr.name="geometry" attr.type="string" for="edge" id="e1"/>
<key attr.name="name" attr.type="string" for="edge" id="e0"/>
<key attr.name="x" attr.type="string" for="node" id="n0"/>
<key attr.name="y" attr.type="string" for="node" id="n1"/>
<key attr.name="crs" attr.type="string" for="graph" id="g0"/>
<graph edgedefault="directed"><data key="g0">EPSG:27700</data>
<node id="a"><data key="n0">400000</data><data key="n1">300000</data></node>
<node id="b"><data key="n0">400500</data><data key="n1">300000</data></node>
<node id="c"><data key="n0">400500</data><data key="n1">300300</data></node>
<edge source="a" target="b"><data key="e0">High Street</data></edge>
<edge source="b" target="a"><data key="e0">High Street</data></edge>
<edge source="b" target="c">
<data key="e1">LINESTRING (400500 300000, 400600 300150, 400500 300300)</data></edge>
</graph></graphml>"""


def test_graphml_and_geopackage_read_alike(tmp_path):
    graph = tmp_path / "town.graphml"
    graph.write_text(GRAPHML)
    lines = read_streets(graph, hs.make_county(seed=1, months=1).lpts.crs)
    assert lines.length.tolist() == pytest.approx([500, 2 * np.hypot(100, 150)])  # two-way once
    assert lines["name"].iloc[0] == "High Street"
    assert pd.isna(lines["name"].iloc[1])
    lines.to_crs(4326).to_file(tmp_path / "town.gpkg")
    rows = table([(100, 0)] * 5 + [(560, 100)])
    one = hs.NetworkKDE(graph, 400, years=1).fit(rows)
    two = hs.NetworkKDE(str(tmp_path / "town.gpkg"), 400, years=1).fit(rows)
    np.testing.assert_allclose(one.lixels_["heat"], two.lixels_["heat"], rtol=1e-4)


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (None, "it is of type NoneType; give a GeoDataFrame of LineStrings"),
        ("nowhere.graphml", "there is no file 'nowhere.graphml'"),
        (gpd.GeoSeries([shapely.LineString([(0, 0), (1, 1)])]), "it has no CRS"),
        (gpd.GeoSeries([shapely.Point(0, 0)], crs=CRS), "it holds Point; only LineStrings"),
        (gpd.GeoSeries([], crs=CRS), "it holds no line of any length"),
        (gpd.GeoDataFrame({"name": ["x"]}), "it has no geometry; say which with .set_geometry"),
        (streets([(0, 0), (0.005, 0)]), "shorter than 1 cm"),
        (
            gpd.GeoSeries([shapely.LineString([(1, 1), (1, 1)]), None], crs=CRS),
            "no line of any length",
        ),
    ],
)
def test_what_is_no_network_is_refused(network, message):
    with pytest.raises(InputError, match=message):
        hs.NetworkKDE(network).fit(table([(0, 0)]))


def test_a_street_that_stands_there_twice_counts_once_and_keeps_its_row():
    """As in the edges of a directed graph; rows are those of the network as given."""
    network = streets([(0, 0), (500, 0)], [(500, 0), (500, 400)], names=["Long", "Side"])
    both = pd.concat([network.iloc[:1], network.iloc[:0], network.reverse().to_frame("geometry"),
                      network], ignore_index=True)  # fmt: skip
    both = gpd.GeoDataFrame(both, geometry="geometry", crs=CRS)
    rows = table([(480, 5)] * 3)
    once, twice = (hs.NetworkKDE(n, 300, years=1).fit(rows).lixels_ for n in (network, both))
    assert sorted(twice["heat"].round(6)) == sorted(once["heat"].round(6))
    assert twice["street"].unique().tolist() == [0, 2]
    parts = shapely.MultiLineString([network.geometry[0], np.array([(900, 0), (999, 0)]) + ZERO])
    mixed = gpd.GeoSeries([None, parts, network.geometry[1]], crs=CRS)
    assert hs.NetworkKDE(mixed).fit(rows).lixels_["street"].unique().tolist() == [1, 2]


def test_the_layer_of_lines_is_found_in_a_file_of_several(tmp_path):
    path, network = tmp_path / "osm.gpkg", streets([(0, 0), (500, 0)])
    network.centroid.to_frame("geometry").to_file(path, layer="nodes")
    network.to_file(path, layer="edges")
    assert read_streets(path, network.crs).length.tolist() == [500]
    network.to_file(path, layer="paths")
    with pytest.raises(InputError, match="2 layers of lines: edges, paths; read the one of the"):
        hs.NetworkKDE(path).fit(table([(0, 0)]))
    (tmp_path / "folder.graphml").mkdir()
    for folder in (tmp_path, tmp_path / "folder.graphml"):
        with pytest.raises(InputError, match=r"network '.*': it "):
            hs.NetworkKDE(folder).fit(table([(0, 0)]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<graphml", "it is no GraphML"),
        ("<graphml/>", "it holds no edge, or no crs"),
        (GRAPHML.replace('target="c"', 'target="d"'), "its edges ends among the nodes"),
        (GRAPHML.replace("LINESTRING (", "LINE ("), "its nodes need x and y"),
        (GRAPHML.replace("EPSG:27700", "EPSG:0"), "its crs 'EPSG:0' is not known"),
    ],
)
def test_broken_graphml_is_refused_with_the_reason(tmp_path, text, message):
    path = tmp_path / "broken.graphml"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        hs.NetworkKDE(path).fit(table([(0, 0)]))


def test_a_file_that_holds_no_lines_is_refused(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("no lines here")
    with pytest.raises(InputError, match="cannot be read as a file of lines"):
        hs.NetworkKDE(path).fit(table([(0, 0)]))


def test_every_fault_is_named():
    with pytest.raises(InputError) as error:
        hs.NetworkKDE(
            streets([(0, 0), (9, 9)]),
            0,
            "gaussian",
            lixel_m="fine",
            max_distance_m=np.nan,
            years=-1,
        ).fit(table([(0, 0)]))
    assert len(error.value.faults) == 5
    assert "kernel='gaussian'; it takes 'quartic'" in str(error.value)


def test_pieces_too_many_to_hold_are_refused():
    with pytest.raises(InputError, match=r"lixel_m=1e-07 cuts 1 km of street into more than 20,0"):
        hs.NetworkKDE(streets([(0, 0), (1000, 0)]), lixel_m=1e-7).fit(table([(0, 0)]))


def test_snapped_records_bear_no_fine_bandwidth():
    rows = table([(100, 0)] * 40).assign(occurred_to=pd.Timestamp("2025-02-01"))
    network = streets([(0, 0), (500, 0)])
    with pytest.raises(InputError, match=r"bandwidth=200 m is finer than these records bear"):
        hs.NetworkKDE(network, 200).fit(rows)
    hs.NetworkKDE(network, 300).fit(rows)


@pytest.mark.realdata
def test_cambridge(shared):
    """A whole town: topology as its graph has it, mass kept, a few sources by recursion."""
    lines = read_streets(
        shared / "data" / "roads" / "cambridge_uk.graphml", gpd.GeoSeries(crs=CRS).crs
    )
    known = Streets(lines, 50)
    assert (len(known.degree), len(known.edges)) == (2588, 2933)
    rng = np.random.default_rng(0)
    edge = rng.choice(len(known.edges), 10_000, p=known.length / known.length.sum())
    along = rng.random(10_000) * known.length[edge]
    found = known.spread(edge, along, np.ones(10_000), 2, 300)
    assert found.sum() == pytest.approx(10_000, rel=1e-12)
    want = np.zeros(len(found))
    for e, a in zip(edge[:5], along[:5], strict=True):
        by_recursion(known, int(e), float(a), 150, want)
    few = known.spread(edge[:5], along[:5], np.ones(5), 2, 150)
    length = np.repeat(known.length / known.lixels, known.lixels)
    np.testing.assert_allclose(few / length, want / length, atol=1e-3 * (want / length).max())


def test_it_is_a_detector():
    assert issubclass(hs.NetworkKDE, Detector)
