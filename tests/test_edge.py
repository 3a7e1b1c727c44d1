"""The correction at the edge of the force: closed values, mass, and where it does not belong."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
import shapely.affinity
from test_kde import KERNEL_VALUES, box_grid, brute_force, kernels, table

import hotspots as hs
from hotspots.contracts import InputError
from hotspots.detect._surface import LEAST, shares_inside

SIDE, H = 4000, 500


def slanted(degrees, size, shape="square") -> tuple[hs.Grid, shapely.Polygon]:
    """A square of 4 km turned about its middle, which the lines of the grid cut at random."""
    square = shapely.affinity.rotate(shapely.box(0, 0, SIDE, SIDE), degrees)
    area = gpd.GeoDataFrame({"lpt": ["S"]}, geometry=[square], crs="EPSG:27700")
    return hs.Grid.over(hs.read_lpts(area), size, shape), square


def exact_share(outline, xy, bandwidth) -> np.ndarray:
    """Share of the quartic in an outline, from 6,144 places of equal mass around each point."""
    radius = bandwidth * np.sqrt(1 - (1 - (np.arange(64) + 0.5) / 64) ** (1 / 3))
    turn = (np.arange(96) + 0.5) / 96 * 2 * np.pi
    dx, dy = ((radius[:, None] * f(turn)).ravel() for f in (np.cos, np.sin))
    shares = []
    for x, y in xy:
        near = shapely.clip_by_rect(outline, *(xy_ + s * bandwidth for s in (-1.01, 1.01)
                                               for xy_ in (x, y)))  # fmt: skip
        shapely.prepare(near)
        shares.append(shapely.contains_xy(near, x + dx, y + dy).mean())
    return np.array(shares)


def share(x, y, kernel="quartic", size=50) -> float:
    return float(shares_inside(box_grid(size), np.array([x]), np.array([y]), kernel, H)[0])


@pytest.mark.parametrize("size", [20, 50, 100, 250, 500])
def test_closed_values_of_the_quartic_kernel(size):
    """Half on a straight edge, .91476 half a bandwidth inside, a quarter in a corner."""
    x = np.array([0, SIDE, 0, H, 2000, 2000, -H / 2, -90_000.0])
    y = np.array([2000, 2000, 0, 2000, 2000, H / 2, 2000, 2000])
    shares = shares_inside(box_grid(size), x, y, "quartic", H)
    assert shares[:4] == pytest.approx([0.5, 0.5, 0.25, 1], abs=1e-9)
    assert shares[4] == 1
    assert shares[5] == pytest.approx(0.91476, abs=4e-4)
    # beyond the line no share is so small that it would raise heat without bound
    assert shares[6:].tolist() == [LEAST, LEAST] == [0.25, 0.25]


@pytest.mark.parametrize("shape", ["square", "hex"])
@pytest.mark.parametrize("size", [25, 100])
@pytest.mark.parametrize("degrees", [8, 30, 45])
def test_closed_values_along_slanted_lines(degrees, size, shape):
    """The outline cuts through cells: what lies in it counts, whichever cells it touches."""
    grid, square = slanted(degrees, size, shape)
    along = np.arange(H, SIDE - H, 37.0)
    for depth, want in ((0, 0.5), (H / 2, 0.91476)):
        line = shapely.affinity.rotate(
            shapely.LineString([(0, depth), (SIDE, depth)]), degrees, origin=(2000, 2000)
        )
        at = shapely.get_coordinates(shapely.line_interpolate_point(line, along))
        shares = shares_inside(grid, *at.T, "quartic", H)
        assert shares.mean() == pytest.approx(want, abs=0.01)
        assert shares == pytest.approx(want, abs=0.02)
    corners = shapely.get_coordinates(square)[:4]
    assert shares_inside(grid, *corners.T, "quartic", H) == pytest.approx(0.25, abs=0.02)


@pytest.mark.realdata
@pytest.mark.parametrize("size", [50, 100])
def test_shares_at_the_outline_of_staffordshire(shared, size):
    lpts = hs.read_lpts(shared / "data" / "boundaries" / "staffordshire_lpts.gpkg")
    outline = shapely.union_all(lpts.geometry.to_numpy())
    grid, rng = hs.Grid.over(lpts, size), np.random.default_rng(3)
    for depth in (0, 75, 150):
        ring = max(shapely.get_parts(shapely.buffer(outline, -depth)), key=shapely.area).exterior
        at = shapely.line_interpolate_point(ring, rng.uniform(0, ring.length, 60))
        at = shapely.get_coordinates(at)
        got, want = shares_inside(grid, *at.T, "quartic", 300.0), exact_share(outline, at, 300)
        assert got.mean() == pytest.approx(want.mean(), abs=0.02 * size / 100)
        assert got == pytest.approx(want, abs=0.03 * size / 100)
        assert depth or got.mean() == pytest.approx(0.5, abs=0.03)  # it bends both ways


@kernels
def test_every_kernel_against_a_fine_sum(kernel):
    step = 4.0
    u = np.arange(-2 * H, 2 * H, step) + step / 2
    x, y = np.meshgrid(u, u)
    value = KERNEL_VALUES[kernel](np.hypot(x, y) / H)
    for at in [(37.0, 1999.0), (333.0, 210.0), (3920.0, 3611.0)]:
        inside = (np.abs(x + at[0] - 2000) < 2000) & (np.abs(y + at[1] - 2000) < 2000)
        want = value[inside].sum() / value.sum()
        assert share(*at, kernel) == pytest.approx(want, abs=4e-3)


def test_a_hole_and_a_bay_are_outside():
    ring = shapely.box(0, 0, 4000, 4000).difference(shapely.box(1500, 1500, 2500, 4000))
    area = gpd.GeoDataFrame({"lpt": ["U"]}, geometry=[ring], crs="EPSG:27700")
    grid = hs.Grid.over(hs.read_lpts(area), 100)
    at = np.array([[1500.0, 3000.0], [2000.0, 1500.0], [1500.0, 1500.0], [700.0, 2000.0]])
    assert shares_inside(grid, *at.T, "quartic", H) == pytest.approx([0.5, 0.5, 0.75, 1], abs=1e-9)


@pytest.mark.parametrize(("shape", "adaptive"), [("square", False), ("hex", True)])
@kernels
def test_diggle_conserves_the_mass(kernel, shape, adaptive):
    """Every incident stays inside, however near the edge (cells count as far as they are)."""
    rng = np.random.default_rng(5)
    xy = np.vstack([rng.uniform(1, SIDE - 1, (800, 2)), rng.normal(0, 150, (700, 2)) ** 2 / 100])
    xy = np.clip(xy, 1, SIDE - 1)
    grid = box_grid(100, shape)
    parameters = {"kernel": kernel, "adaptive": adaptive, "years": 1}
    plain = hs.KDE(H, **parameters).fit(table(xy)).predict(grid)
    whole = hs.KDE(H, edge="diggle", **parameters).fit(table(xy)).predict(grid)
    area = grid.covered * grid.area_km2
    assert plain @ area < 0.87 * len(xy)
    rough = kernel == "uniform" or adaptive  # down to 2.5 cells to a bandwidth
    assert whole @ area == pytest.approx(len(xy), rel=0.02 if rough else 5e-3)


@pytest.mark.parametrize("edge", ["uniform", "diggle"])
def test_slanted_lines_keep_heat_and_mass(edge):
    """Even incidents in a slanted square: even heat, with no cell raised out of bounds."""
    grid, square = slanted(30, 100)
    line = np.arange(-1000, 5000, 20.0) + 3
    xy = np.stack(np.meshgrid(line, line), axis=2).reshape(-1, 2)
    xy = xy[shapely.contains_xy(square, *xy.T)]
    heat = hs.KDE(H, edge=edge, years=1).fit(table(xy)).predict(grid)
    assert heat @ grid.covered * grid.area_km2 == pytest.approx(
        len(xy),
        rel=1e-3 if edge == "diggle" else 4e-3,  # which alone keeps the mass
    )
    held = shapely.contains_xy(square, *grid.centres.T)
    error = abs(heat.to_numpy() / 2500 - 1)  # 2,500 per km²
    assert error[held].max() < (0.05 if edge == "uniform" else 0.55)
    assert error[~held].max() < (0.45 if edge == "uniform" else 0.8)  # shares under a quarter


@pytest.mark.parametrize("edge", ["uniform", "diggle"])
def test_even_incidents_make_even_heat(edge):
    """One incident on every 20 m: heat is the same at the edge as in the middle."""
    line = np.arange(10, SIDE, 20)
    xy = np.stack(np.meshgrid(line, line), axis=2).reshape(-1, 2)
    grid = box_grid(100)
    want = 1e6 / 20**2
    plain = hs.KDE(H, years=1).fit(table(xy)).predict(grid)
    assert plain.min() < 0.45 * want
    heat = hs.KDE(H, edge=edge, years=1).fit(table(xy)).predict(grid)
    if edge == "uniform":
        np.testing.assert_allclose(heat, want, rtol=2e-3)
    else:  # as the method is: the mass is right, but somewhat too low on the edge, too high inside
        assert heat.mean() == pytest.approx(want, rel=1e-3)
        middle = abs(grid.centres - 2000).min(axis=1) < 1000  # of the sides: no corners
        assert abs(heat[middle] / want - 1).max() < 0.2
        assert heat.min() > 1.7 * plain.min()


def test_uniform_divides_the_cell_and_diggle_the_incident():
    xy, grid = np.array([(30.0, 2020.0), (700.0, 60.0)]), box_grid(50)
    kernel = [brute_force(grid.centres, xy[[i]], [1.0], "quartic", H) for i in (0, 1)]
    there = shares_inside(grid, *grid.centres.T, "quartic", H)
    here = shares_inside(grid, *xy.T, "quartic", H)
    uniform = hs.KDE(H, edge="uniform", years=1).fit(table(xy)).predict(grid)
    np.testing.assert_allclose(uniform, (kernel[0] + kernel[1]) / there, rtol=1e-9, atol=1e-9)
    diggle = hs.KDE(H, edge="diggle", years=1).fit(table(xy)).predict(grid)
    np.testing.assert_allclose(
        diggle, kernel[0] / here[0] + kernel[1] / here[1], rtol=1e-9, atol=1e-9
    )


@pytest.mark.parametrize("edge", ["uniform", "diggle"])
def test_nothing_changes_away_from_the_edge_and_at_lines_between_lpts(edge):
    west, east = shapely.box(0, 0, 2000, 4000), shapely.box(2000, 0, 4000, 4000)
    both = gpd.GeoDataFrame({"lpt": ["W", "E"]}, geometry=[west, east], crs="EPSG:27700")
    lpts = hs.read_lpts(both)
    grid = hs.Grid.over(lpts)
    incidents = table(np.random.default_rng(7).uniform(0, 4000, (500, 2)))
    corrected = hs.KDE(400, edge=edge).fit(incidents)
    plain, heat = hs.KDE(400).fit(incidents).predict(grid), corrected.predict(grid)
    x, y = grid.centres.T
    inner = (np.minimum(x, 4000 - x) > 900) & (np.minimum(y, 4000 - y) > 900)
    assert (inner & (abs(x - 2000) < 100)).any()  # the line between them is among these
    np.testing.assert_allclose(heat[inner], plain[inner], rtol=1e-12)
    assert (heat[~inner] >= plain[~inner] - 1e-9).all()
    # the grid of one LPT would take that line for the edge: refused
    with pytest.raises(InputError, match=r"edge='\w+'.*of the incidents lie beyond.*whole force"):
        corrected.predict(hs.Grid.over(lpts.loc[["W"]]))


def test_incidents_beyond_the_edge_are_not_counted():
    xy = [(2000, 2000)] * 30 + [(-100, 2000)]
    grid = box_grid()
    heat = hs.KDE(300, edge="diggle", years=1).fit(table(xy)).predict(grid)
    inside = hs.KDE(300, edge="diggle", years=1).fit(table(xy[:30])).predict(grid)
    np.testing.assert_allclose(heat, inside)


def test_no_incidents_no_heat():
    nobody = hs.KDE(300, edge="diggle").fit(table(np.zeros((0, 2))))
    assert (nobody.predict(box_grid()) == 0).all()


@pytest.mark.parametrize(("parameters", "message"), [
    ({"edge": "jones"}, "edge='jones'; it takes None, 'uniform', 'diggle'"),
    ({"edge": ["diggle"]}, r"edge=\['diggle'\]; it takes"),
    ({"edge": "uniform", "adaptive": True}, "edge='uniform' with adaptive=True.*edge='diggle'"),
    ({"adaptive": "yes"}, "adaptive='yes'; it must be True or False"),
])  # fmt: skip
def test_impossible_parameters_are_refused(parameters, message):
    with pytest.raises(InputError, match=message):
        hs.KDE(300, **parameters).fit(table([(5, 5)]))
