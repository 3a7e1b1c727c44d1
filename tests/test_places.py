"""Areas and grid: what is read, what is repaired, and that every point has exactly one place."""

import pickle
import struct

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import shapely.affinity
from hypothesis import given, settings
from hypothesis import strategies as st

import hotspots as hs
from hotspots import places
from hotspots.contracts import LPTS, InputError, Notice, check_table
from hotspots.places import assign_lpt, coordinates, distinct_points, weights_of


def areas(shapes: dict, crs="EPSG:27700", **columns) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"lpt": list(shapes), **columns}, geometry=list(shapes.values()), crs=crs
    )


WEST, EAST = shapely.box(0, 0, 1000, 1000), shapely.box(1000, 0, 2000, 1000)


@pytest.fixture
def two() -> gpd.GeoDataFrame:
    return hs.read_lpts(areas({"West": WEST, "East": EAST}))


def points(*xy, **columns) -> gpd.GeoDataFrame:
    index = pd.Index([f"i{n}" for n in range(len(xy))], name="incident")
    made = [shapely.Point() if pair is None else shapely.Point(pair) for pair in xy]
    return gpd.GeoDataFrame(columns, geometry=made, crs="EPSG:27700", index=index)


# --- reading LPTs ----------------------------------------------------------------------------


def test_every_format_gives_the_same_lpts(tmp_path):
    frame = areas({"West": WEST, "East": EAST}, command=["One", "Two"], population=[10, 20])
    frame.to_file(tmp_path / "lpts.gpkg", layer="areas")
    frame.to_file(tmp_path / "lpts.geojson", driver="GeoJSON")
    frame.to_file(tmp_path / "lpts.shp")
    want = hs.read_lpts(frame)
    assert want["area_km2"].to_dict() == {"East": 1.0, "West": 1.0}
    assert want.index.tolist() == ["East", "West"]
    assert want.columns.tolist() == ["area_km2", "command", "population", "geometry"]
    for path in ("lpts.gpkg", "lpts.geojson", "lpts.shp"):
        read = hs.read_lpts(tmp_path / path)
        assert read.crs == want.crs
        assert (
            shapely.normalize(read.geometry.array) == shapely.normalize(want.geometry.array)
        ).all()
        assert read["command"].tolist() == ["Two", "One"]
        assert read["population"].tolist() == [20, 10]


def test_reading_what_was_read_changes_nothing(two):
    pd.testing.assert_frame_equal(hs.read_lpts(two), two)


def test_input_is_not_changed():
    frame = areas({"West": WEST, "East": EAST}, pop=[1, 2])
    before = frame.copy()
    hs.read_lpts(frame)
    pd.testing.assert_frame_equal(frame, before)


def test_a_name_column_is_recognised_and_announced():
    frame = areas({"West": WEST, "East": EAST}).rename(columns={"lpt": "Team"})
    with pytest.warns(Notice, match="LPT names taken from column 'Team'"):
        lpts = hs.read_lpts(frame)
    assert lpts.index.tolist() == ["East", "West"]


def test_coordinates_are_converted():
    stoke = shapely.box(388000, 347000, 389000, 348000)
    lpts = hs.read_lpts(areas({"Stoke": stoke}).to_crs(4326))
    assert lpts.crs.to_epsg() == 27700
    assert lpts["area_km2"].iloc[0] == pytest.approx(1, rel=1e-6)


def test_invalid_polygons_are_repaired_and_only_areas_kept():
    # a bow-tie with a spike: made valid it is two triangles and a line
    bow = shapely.Polygon([(0, 0), (100, 100), (100, 0), (0, 100), (-50, 150), (0, 100), (0, 0)])
    assert not bow.is_valid
    with pytest.warns(Notice, match=r"repaired 1 invalid polygons \(Bow\)"):
        lpts = hs.read_lpts(areas({"Bow": bow}))
    assert lpts.geometry.iloc[0].is_valid
    assert lpts.geometry.iloc[0].geom_type == "MultiPolygon"
    assert lpts["area_km2"].iloc[0] == pytest.approx(5000e-6)


def test_parts_of_one_lpt_are_joined_and_announced():
    frame = areas({"a": WEST, "b": EAST}, command=["One", "One"])
    frame["lpt"] = "Both"
    with pytest.warns(Notice, match="2 rows joined into 1 LPTs"):
        lpts = hs.read_lpts(frame)
    assert lpts["area_km2"].to_dict() == {"Both": 2.0}
    assert lpts["command"].tolist() == ["One"]


def test_parts_that_disagree_are_refused():
    frame = areas({"a": WEST, "b": EAST}, command=["One", "Two"], population=[1, 2])
    frame["lpt"] = "Both"
    with pytest.raises(InputError, match="'Both' disagree on 'command'") as error:
        hs.read_lpts(frame)
    assert len(error.value.faults) == 2


def test_multipolygons_and_holes_count_once():
    ring = shapely.difference(WEST, shapely.box(400, 400, 600, 600))
    island = shapely.MultiPolygon([ring, shapely.box(5000, 0, 5100, 100)])
    with pytest.warns(Notice, match="1 gaps of 40,000 m²"):
        lpts = hs.read_lpts(areas({"Ring": island}))
    assert lpts["area_km2"].iloc[0] == pytest.approx(1 - 0.04 + 0.01)
    assert assign_lpt([500, 100, 5050], [500, 100, 50], lpts).tolist() == [
        pytest.approx(np.nan, nan_ok=True), "Ring", "Ring",
    ]  # fmt: skip


def test_wide_overlaps_and_gaps_are_measured_and_slivers_left():
    with pytest.warns(Notice, match=r"overlap by 50,000 m² in 1 pairs.*'East' and 'West'"):
        hs.read_lpts(areas({"West": shapely.box(0, 0, 1050, 1000), "East": EAST}))
    # 9 m of overlap along the line is what simplifying to 10 m leaves
    sliver = hs.read_lpts(areas({"West": shapely.box(0, 0, 1009, 1000), "East": EAST}))
    assert len(sliver) == 2
    hole = shapely.difference(WEST, shapely.box(100, 100, 500, 600))
    with pytest.warns(Notice, match=r"1 gaps of 0\.20 km²"):
        hs.read_lpts(areas({"West": hole, "East": EAST}))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.rename(columns={"lpt": "colour"}), "no column holds the LPT names.*colour"),
        (lambda f: f.assign(lpt=["", "x"]), "1 rows have no LPT name"),
        (lambda f: f.set_crs(None, allow_override=True), "it has no CRS"),
        (lambda f: f.iloc[:0], "it holds no rows"),
        (lambda f: f.set_geometry(f.boundary), r"2 rows hold no polygon \('West', 'East'\)"),
        (lambda f: f.assign(geometry=[None, EAST]), "1 rows hold no polygon"),
        (lambda f: pd.DataFrame(f), "it is of type DataFrame; give a file or a GeoDataFrame"),
    ],
)
def test_unusable_lpts_are_refused_with_the_reason(change, message):
    frame = areas({"West": WEST, "East": EAST})
    with pytest.raises(InputError, match=message):
        hs.read_lpts(change(frame))


def test_all_faults_are_named_at_once():
    frame = areas({"West": WEST, "East": EAST}, crs=None).assign(lpt=["West", None])
    with pytest.raises(InputError) as error:
        hs.read_lpts(frame, crs="EPSG:4326")
    assert len(error.value.faults) == 3
    with pytest.raises(InputError, match="crs: 'EPSG:1' is no known coordinate system"):
        hs.read_lpts(areas({"West": WEST}), crs="EPSG:1")


def test_unreadable_files_are_refused(tmp_path):
    with pytest.raises(InputError, match="there is no file"):
        hs.read_lpts(tmp_path / "none.gpkg")
    (tmp_path / "text.gpkg").write_text("no layer", encoding="utf-8")
    with pytest.raises(InputError, match="not a vector file GDAL can read"):
        hs.read_lpts(tmp_path / "text.gpkg")
    frame = areas({"West": WEST, "East": EAST})
    frame.to_file(tmp_path / "many.gpkg", layer="one")
    frame.to_file(tmp_path / "many.gpkg", layer="two")
    with pytest.raises(InputError, match=r"2 layers of polygons \(layers: one, two\)"):
        hs.read_lpts(tmp_path / "many.gpkg")
    frame.to_file(tmp_path / "many.gpkg", layer="lpts")
    assert len(hs.read_lpts(tmp_path / "many.gpkg")) == 2


# --- the look-up -----------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_lookup_is_read_in_any_encoding(tmp_path, encoding):
    text = "LSOA21CD,LSOA21NM,lpt,pop\nE01000002,Caf\u00e9 1,East,1500\nE01000001,B, West ,1600\n"
    (tmp_path / "lsoa.csv").write_text(text, encoding=encoding)
    table = hs.read_lpt_lookup(tmp_path / "lsoa.csv")
    assert table.index.tolist() == ["E01000001", "E01000002"]
    assert table["lpt"].tolist() == ["West", "East"]
    assert table["name"].tolist() == ["B", "Café 1"]
    assert table["population"].tolist() == [1600, 1500]


def test_lookup_faults_are_named():
    with pytest.raises(InputError) as error:
        hs.read_lpt_lookup(pd.DataFrame({"colour": ["red"]}))
    assert len(error.value.faults) == 2
    twice = pd.DataFrame({"lsoa": ["E1", "E1", "E2"], "lpt": ["West", "East", None]})
    with pytest.raises(InputError, match="E1 is given to two LPTs") as error:
        hs.read_lpt_lookup(twice)
    assert "column 'lpt' is empty in 1 rows" in str(error.value)
    same = pd.DataFrame({"lsoa": ["E1", "E1"], "lpt": ["West", "West"]})
    assert len(hs.read_lpt_lookup(same)) == 1


# --- which LPT -------------------------------------------------------------------------------


def test_a_point_on_a_line_belongs_to_the_east_and_the_north():
    lpts = hs.read_lpts(areas({
        "SW": shapely.box(0, 0, 10, 10), "SE": shapely.box(10, 0, 20, 10),
        "NW": shapely.box(0, 10, 10, 20), "NE": shapely.box(10, 10, 20, 20),
    }))  # fmt: skip
    x = [10, 5, 10, 0, 20, 20, 10, 0, np.nan, 21]
    y = [5, 10, 10, 0, 20, 5, 20, 10, 5, 5]
    got = assign_lpt(x, y, lpts)
    assert got[:8].tolist() == ["SE", "NW", "NE", "SW", "NE", "SE", "NE", "NW"]
    assert pd.isna(got[8:]).all()


def test_in_an_overlap_the_first_name_takes_the_point():
    with pytest.warns(Notice):
        lpts = hs.read_lpts(
            areas({"B": shapely.box(0, 0, 100, 100), "A": shapely.box(50, 0, 200, 100)})
        )
    assert assign_lpt([40, 75, 150], [50, 50, 50], lpts).tolist() == ["B", "A", "A"]


def test_every_point_of_a_mosaic_has_exactly_one_lpt():
    rng = np.random.default_rng(3)
    corners = shapely.MultiPoint(rng.uniform(0, 1000, (60, 2)))
    parts = shapely.get_parts(shapely.voronoi_polygons(corners, extend_to=WEST))
    parts = [p for p in shapely.intersection(parts, WEST) if not p.is_empty]
    lpts = hs.read_lpts(areas({f"{n:03d}": p for n, p in enumerate(parts)}))
    xy = np.vstack([rng.uniform(0, 1000, (5000, 2)), shapely.get_coordinates(parts)])
    got = assign_lpt(xy[:, 0], xy[:, 1], lpts)
    assert pd.notna(got).all()
    hit = shapely.intersects(lpts.geometry.loc[got].to_numpy(), shapely.points(xy))
    assert hit[:5000].all()
    alone = [assign_lpt([x], [y], lpts)[0] for x, y in xy[-50:]]
    assert alone == got[-50:].tolist()  # a point's LPT does not depend on its company


def test_assign_lpt_refuses_unequal_lengths(two):
    with pytest.raises(InputError, match="x has 2 values and y 1"):
        assign_lpt([1, 2], [1], two)
    assert assign_lpt([], [], two).shape == (0,)


# --- the grid --------------------------------------------------------------------------------


def test_grid_is_snapped_to_its_size():
    lpts = hs.read_lpts(areas({"Town": shapely.box(388123, 347345, 388260, 347410)}))
    grid = hs.Grid.over(lpts, size=100)
    assert grid.ids.tolist() == [
        "E388100_N347300", "E388200_N347300", "E388100_N347400", "E388200_N347400",
    ]  # fmt: skip
    assert grid.extent == (388100, 347300, 388300, 347500)
    assert grid.area_km2 == 0.01
    assert grid.centres[0].tolist() == [388150, 347350]
    assert grid.inside.shape == (2, 2)


@pytest.mark.parametrize("shape", ["square", "hex"])
def test_ids_are_the_same_for_a_part_of_the_force(two, shape):
    whole, part = hs.Grid.over(two, 70, shape), hs.Grid.over(two.loc[["East"]], 70, shape)
    cells = pd.Series(list(map(tuple, whole.centres)), index=whole.ids)
    assert len(set(whole.ids)) == len(whole.cells)
    assert [cells[i] for i in part.ids] == list(map(tuple, part.centres))


@pytest.mark.parametrize("shape", ["square", "hex"])
def test_every_incident_of_an_lpt_lies_in_a_cell(shape):
    rng = np.random.default_rng(5)
    blob = shapely.Polygon(np.column_stack([
        (900 + rng.uniform(0, 400, 40)) * np.cos(a := np.linspace(0, 2 * np.pi, 40, False)),
        (900 + rng.uniform(0, 400, 40)) * np.sin(a),
    ]))  # fmt: skip
    left = shapely.intersection(blob, shapely.box(-2000, -2000, 37, 2000))
    lpts = hs.read_lpts(areas({"West": left, "East": shapely.difference(blob, left)}))
    grid = hs.Grid.over(lpts, 100, shape)
    cells = grid.polygons()
    shared = cells.geometry.intersection(lpts.union_all()).area
    assert shared.min() > 0  # none is there for nothing
    xy = rng.uniform(-1400, 1400, (40_000, 2))
    in_lpt = pd.notna(assign_lpt(xy[:, 0], xy[:, 1], lpts))
    at = grid.locate(xy)
    assert (at[in_lpt] >= 0).all()
    where = cells.geometry.loc[at[at >= 0]].to_numpy()
    assert shapely.distance(where, shapely.points(xy[at >= 0])).max() < 1e-6
    # each cell belongs to the LPT of its centre, a border cell to the nearest
    by_centre = assign_lpt(*grid.centres.T, lpts)
    known = pd.notna(by_centre)
    assert (grid.lpt[known] == by_centre[known]).all()
    middle = shapely.points(grid.centres[~known])
    to = {n: shapely.distance(lpts.geometry[n], middle) for n in lpts.index}
    touched = {n: cells.geometry[~known].intersection(lpts.geometry[n]).area > 1e-6 for n in to}
    for k, name in enumerate(grid.lpt[~known]):
        options = {n: to[n][k] for n in to if touched[n].iloc[k]}
        assert name == min(options, key=options.get)


def test_cells_that_only_touch_an_lpt_are_outside(two):
    grid = hs.Grid.over(two, size=100)
    assert len(grid.cells) == 200
    assert pd.Series(grid.lpt).value_counts().to_dict() == {"West": 100, "East": 100}


@pytest.mark.parametrize("shape", ["square", "hex"])
@settings(max_examples=40, deadline=None)
@given(
    size=st.sampled_from([2, 50, 99.5, 100, 150]),
    column=st.integers(-3, 12), row=st.integers(-3, 12), x=st.floats(0, 1), y=st.floats(0, 1),
)  # fmt: skip
def test_each_point_has_exactly_one_half_open_cell(shape, size, column, row, x, y):
    lpts = check_table(
        areas({"A": shapely.box(-4 * size, -4 * size, 16 * size, 16 * size)}, area_km2=[1.0])
        .set_index("lpt"), LPTS,
    )  # fmt: skip
    grid = hs.Grid.over(lpts, size, shape)
    point = ((column + x) * size, (row + y) * size)
    at = grid.locate([point])[0]
    assert at >= 0
    centre = grid.centres[np.searchsorted(grid.cells, at)]
    if shape == "square":
        west, south = np.round(centre / size - 0.5) * size
        assert west <= point[0] < west + size
        assert south <= point[1] < south + size
    else:
        others = np.hypot(*(grid.centres - point).T)
        assert np.hypot(*(centre - point)) <= others.min() + 1e-9 * size


def test_edges_and_corners_of_squares_go_east_and_north(two):
    grid = hs.Grid.over(two, size=100)
    at = grid.locate([(100, 50), (50, 100), (100, 100), (np.nextafter(100, 0), 50), (0, 0)])
    assert grid.ids[np.searchsorted(grid.cells, at)].tolist() == [
        "E100_N0", "E0_N100", "E100_N100", "E0_N0", "E0_N0",
    ]  # fmt: skip
    assert grid.locate([(2000.1, 50), (-0.1, 50), (np.nan, 1)]).tolist() == [-1, -1, -1]


@pytest.mark.parametrize("shape", ["square", "hex"])
def test_a_point_on_the_outer_edge_is_in_the_grid_as_it_is_in_its_lpt(two, shape):
    """Also where the edge of the LPTs is one of cells, and the cell beyond it is outside."""
    grid = hs.Grid.over(two, 100, shape)
    west, south, east, north = two.total_bounds
    along = np.arange(0, 2001, 12.5)
    xy = np.array([(x, y) for x in along for y in along])
    xy = xy[np.isin(xy[:, 0], [west, east]) | np.isin(xy[:, 1], [south, north])]
    within = pd.notna(assign_lpt(*xy.T, two))
    assert within.sum() > 200
    assert (grid.locate(xy[within]) >= 0).all()
    if shape == "square":
        ids = grid.ids_of(grid.locate([(east, 50), (50, north), (east, north)]))
        names = [(east - 100, 0), (0, north - 100), (east - 100, north - 100)]
        assert ids.tolist() == [f"E{x:.0f}_N{y:.0f}" for x, y in names]


def test_ids_of_cells_of_no_whole_metres_are_short(two):
    grid = hs.Grid.over(two, 33.3)
    assert "E99.9_N133.2" in grid.ids
    assert max(map(len, grid.ids)) <= len("E1998.0_N1998.00")
    assert len(set(grid.ids)) == len(grid.cells)


def test_neighbours_across_corners(two):
    grid = hs.Grid.over(two, 100)
    cell = grid.cells[21]
    near = grid.neighbours([cell], corners=True)
    assert sorted(near[0]) == sorted(
        cell + up * grid.columns + right
        for up in (-1, 0, 1) for right in (-1, 0, 1) if up or right
    )  # fmt: skip
    assert (near[0, :4] == grid.neighbours([cell])[0]).all()
    hexes = hs.Grid.over(two, 120, "hex")
    corners = hexes.neighbours(hexes.cells, corners=True)  # hexagons meet along edges only
    assert (corners == hexes.neighbours(hexes.cells)).all()


@pytest.mark.parametrize("shape", ["square", "hex"])
@pytest.mark.parametrize("turn", [0, 17, 45])
@pytest.mark.filterwarnings("ignore:LPTs. 1 gaps")  # the hole
def test_covered_is_the_share_of_a_cell_in_the_lpts(shape, turn):
    """Against the areas of intersections; of a hexagon, with the rectangle that stands for it."""
    hole = shapely.Point(600, 600).buffer(230)
    shapes = [shapely.box(-1000, -500, 1000, 1500) - hole, shapely.box(1000, -500, 2000, 900)]
    shapes = [shapely.affinity.rotate(s, turn, origin=(0, 0)) for s in shapes]
    shapes.append(shapely.box(4000, -3000, 4500, -2000))  # an island
    grid = hs.Grid.over(hs.read_lpts(areas(dict(zip("ABC", shapes, strict=True)))), 90, shape)
    half = np.array([grid.size, grid.lattice.height]) / 2
    cells = shapely.box(*(grid.centres - half).T, *(grid.centres + half).T)
    with np.errstate(all="ignore"):  # an old GEOS leaves the processor's flags raised
        shared = shapely.intersection(cells, shapely.union_all(shapes))
    want = shapely.area(shared) / (4 * half.prod())
    np.testing.assert_allclose(grid.covered, want, atol=0.5 / 16)
    assert np.abs(grid.covered - want).mean() < 2e-3  # a level edge lies between two lines
    assert (grid.covered[want > 1 - 1e-12] == 1).all()  # those on the line between A and B too
    total = sum(s.area for s in shapes) / 1e6
    missed = 0.03 if shape == "hex" else 1e-3  # rectangles reach beyond the inside hexagons
    assert grid.covered.sum() * grid.area_km2 == pytest.approx(total, rel=missed)
    again = pickle.loads(pickle.dumps(grid))
    np.testing.assert_array_equal(again.covered, grid.covered)


def test_an_overlap_covers_once_and_a_grid_without_areas_is_covered():
    lpts = areas({"A": shapely.box(0, 0, 100, 50), "B": shapely.box(0, 0, 100, 30)})
    with pytest.warns(Notice, match="overlap"):
        grid = hs.Grid.over(hs.read_lpts(lpts), 10)
    assert (grid.covered == 1).all()
    fields = (grid.size, grid.shape, grid.crs, grid.columns, grid.rows, grid.cells, grid.lpt)
    assert hs.Grid(*fields, grid.first).covered.tolist() == [1] * 50


@pytest.mark.parametrize(("shape", "most"), [("square", 4), ("hex", 6)])
def test_neighbours_share_an_edge(two, shape, most):
    grid = hs.Grid.over(two, 120, shape)
    near = grid.neighbours(grid.cells)
    assert near.shape == (len(grid.cells), most)
    cells = grid.polygons()
    assert (near >= 0).all(axis=1).any()
    for cell, found in zip(grid.cells[::7], near[::7], strict=True):
        shared = cells.geometry.intersection(cells.geometry[cell]).length
        side = 120 if shape == "square" else 120 / np.sqrt(3)
        along = set(shared.index[np.isclose(shared, side, rtol=1e-6)]) - {cell}
        assert along == set(found[found >= 0].tolist())


def test_hexagons_tile_without_gap_or_overlap(two):
    cells = hs.Grid.over(two, 130, "hex").polygons()
    assert cells.union_all().area == pytest.approx(cells.area.sum(), rel=1e-9)
    west, _, east, _ = cells.geometry.iloc[0].bounds
    assert east - west == pytest.approx(130)  # flat side to flat side
    assert cells.area.iloc[0] == pytest.approx(130**2 * np.sqrt(3) / 2)


@pytest.mark.parametrize("shape", ["square", "hex"])
def test_extent_holds_the_lattice(two, shape):
    grid = hs.Grid.over(two, 130, shape)
    west, south, east, north = grid.extent
    box = grid.polygons().total_bounds
    assert (box[:2] >= np.array([west, south]) - 1e-6).all()
    assert (box[2:] <= np.array([east, north]) + 1e-6).all()


def test_counts_and_weights(two):
    grid = hs.Grid.over(two, size=500)
    rows = points((10, 10), (20, 20), (1400, 900), None, (-5, 5), harm=[1.0, 2.5, 10, 99, 99])
    counts = grid.counts(rows)
    assert counts.index.tolist() == grid.cells.tolist()
    assert counts.sum() == 3
    assert counts.loc[grid.locate([(10, 10)])[0]] == 2
    assert grid.counts(rows, weights="harm").sum() == pytest.approx(13.5)
    with pytest.raises(InputError, match="weights='cost' is not a column; columns: harm, geometry"):
        grid.counts(rows, weights="cost")
    with pytest.raises(InputError, match=r"missing, negative or no number in 2 rows \(first: 'i1'"):
        weights_of(pd.DataFrame({"w": [1, None, -2]}, index=["i0", "i1", "i2"]), "w")
    with pytest.raises(InputError, match=r"use \.to_crs"):
        grid.counts(rows.to_crs(3857))


def test_the_grid_cannot_be_changed(two):
    grid = hs.Grid.over(two, size=500)
    with pytest.raises(AttributeError):
        grid.size = 5
    for array in (grid.cells, grid.lpt, grid.ids, grid.centres, grid.inside):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = array[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 0}, "size is 0; it must be a number of metres from 2"),
        ({"size": "100"}, "size is '100'"),
        ({"size": np.nan}, "size is nan"),
        ({"shape": "triangle"}, "shape is 'triangle'; it must be 'square' or 'hex'"),
    ],
)
def test_impossible_grids_are_refused(two, arguments, message):
    with pytest.raises(InputError, match=message):
        hs.Grid.over(two, **arguments)


def test_a_stray_polygon_is_named_instead_of_filling_the_memory():
    far = shapely.box(9e6, 9e6, 9.001e6, 9.001e6)
    lpts = hs.read_lpts(areas({"Town": WEST, "Stray": far}))
    with pytest.raises(InputError, match="look for a stray polygon"):
        hs.Grid.over(lpts, size=100)


def test_polygons_of_some_cells(two):
    grid = hs.Grid.over(two, size=500)
    some = grid.polygons(grid.cells[[3, 1]])
    assert some["id"].tolist() == grid.ids[[3, 1]].tolist()
    assert some.geometry.iloc[0].bounds == (1500, 0, 2000, 500)
    with pytest.raises(InputError, match="999 is not inside"):
        grid.polygons([999])


def test_raster_lies_south_up(two):
    grid = hs.Grid.over(two.loc[["West"]], size=500)
    assert grid.raster([1, 2, 3, 4]).tolist() == [[1, 2], [3, 4]]
    partly = pd.Series([7.0], index=grid.cells[[2]])
    raster = grid.raster(partly)
    assert raster[1, 0] == 7
    assert np.isnan(raster).sum() == 3
    with pytest.raises(InputError, match="for 4 inside cells"):
        grid.raster([1, 2])
    with pytest.raises(InputError, match="hexagons"):
        hs.Grid.over(two, 500, "hex").raster([1])


def test_geotiff_is_read_back_by_another_program(tmp_path):
    tifffile = pytest.importorskip("tifffile", reason="reads the GeoTIFF with other software")
    diamond = shapely.Polygon([(0, 500), (500, 0), (1000, 500), (500, 1000)])
    grid = hs.Grid.over(hs.read_lpts(areas({"Diamond": diamond})), size=90)
    heat = pd.Series(np.arange(len(grid.cells)) / 7, index=grid.cells)
    path = tmp_path / "new" / "heat.tif"
    grid.to_geotiff(path, heat)
    with tifffile.TiffFile(path) as tif:
        page = tif.pages[0]
        np.testing.assert_allclose(page.asarray(), grid.raster(heat)[::-1], rtol=1e-7)
        assert page.dtype == np.float32
        geo = page.geotiff_tags
        assert page.tags["GDAL_NODATA"].value in ("nan", b"nan")
    assert geo["ModelPixelScale"][:2] == [90, 90]
    west, _, _, north = grid.extent
    assert geo["ModelTiepoint"] == [0, 0, 0, west, north, 0]
    assert int(geo["ProjectedCSTypeGeoKey"]) == 27700
    assert int(geo["GTRasterTypeGeoKey"]) == 1  # a pixel is an area
    assert int(geo["GTModelTypeGeoKey"]) == 1  # projected
    assert np.isnan(grid.raster(heat)).any()


def test_geotiff_directory_is_in_order(two, tmp_path):
    grid = hs.Grid.over(two, size=500)
    grid.to_geotiff(tmp_path / "a.tif", np.zeros(len(grid.cells)))
    made = (tmp_path / "a.tif").read_bytes()
    (at,) = struct.unpack_from("<I", made, 4)
    (number,) = struct.unpack_from("<H", made, at)
    tags = [struct.unpack_from("<H", made, at + 2 + 12 * k)[0] for k in range(number)]
    assert tags == sorted(set(tags))
    assert at % 2 == 0


def test_geotiff_refusals_leave_the_old_file(two, tmp_path):
    path = tmp_path / "heat.tif"
    path.write_bytes(b"old")
    with pytest.raises(InputError, match="hexagons"):
        hs.Grid.over(two, 500, "hex").to_geotiff(path, [1])
    local = two.to_crs("+proj=tmerc +lat_0=52 +lon_0=-2 +datum=WGS84 +units=m")
    grid = hs.Grid.over(local, 500)
    with pytest.raises(InputError, match="has no EPSG code"):
        grid.to_geotiff(path, np.zeros(len(grid.cells)))
    assert path.read_bytes() == b"old"


def test_coordinates_of_empty_and_missing_points():
    xy = coordinates(points((1, 2), None))
    assert xy[0].tolist() == [1, 2]
    assert np.isnan(xy[1]).all()


def test_distinct_points_survive_colliding_hashes(monkeypatch):
    xy = np.random.default_rng(0).integers(0, 9, (400, 2)).astype(float)
    want, place = distinct_points(xy)
    assert (want[place] == xy).all()
    assert want.tolist() == sorted(map(list, set(map(tuple, xy))))
    monkeypatch.setattr(places.points, "_PART", 150)
    monkeypatch.setattr(
        places.points, "_buckets", lambda xy, bits: (xy @ (1, 3)).astype(np.intp) % min(7, bits)
    )
    again, place_again = distinct_points(xy)
    assert (again == want).all()
    assert (place_again == place).all()


@pytest.mark.realdata
def test_staffordshire(shared):
    lpts = hs.read_lpts(shared / "data" / "boundaries" / "staffordshire_lpts.gpkg")
    assert len(lpts) == 10
    assert lpts["area_km2"].sum() == pytest.approx(2716.7, abs=0.1)
    assert lpts["population"].sum() == 1_134_473
    lookup = hs.read_lpt_lookup(shared / "data" / "boundaries" / "staffordshire_lsoa21.csv")
    assert len(lookup) == 697
    assert set(lookup["lpt"]) == set(lpts.index)
    assert lookup.groupby("lpt")["population"].sum().to_dict() == lpts["population"].to_dict()
    grid = hs.Grid.over(lpts, size=100)
    assert 271_000 < len(grid.cells) < 275_000
    assert grid.ids[np.searchsorted(grid.cells, grid.locate([(388150, 347350)]))[0]] == (
        "E388100_N347300"
    )
