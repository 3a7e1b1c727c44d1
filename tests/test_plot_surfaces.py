"""Pictures of streets and of significance: artists, colours and words."""

import geopandas as gpd
import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import shapely
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgba

mpl.use("Agg")
import matplotlib.pyplot as plt

import hotspots as hs
from hotspots.plot._canvas import BLUE, PALE, RED


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def lpts():
    area = shapely.box(388000, 347000, 389000, 348000)
    return hs.read_lpts(gpd.GeoDataFrame({"lpt": ["West"]}, geometry=[area], crs="EPSG:27700"))


def lixels(heat):
    lines = [
        shapely.LineString([(388000 + 50 * n, 347500), (388050 + 50 * n, 347500)])
        for n in range(len(heat))
    ]
    return gpd.GeoDataFrame(
        {"heat": np.asarray(heat, dtype=float)}, geometry=lines, crs="EPSG:27700"
    )


def test_streets_are_drawn_where_they_are_the_hottest_widest_and_on_top(lpts):
    ax = hs.plot_network(lixels([0, 9, 4, 0, 1]), lpts=lpts)
    drawn = next(c for c in ax.collections if c.get_array() is not None)
    assert drawn.get_array().tolist() == [1, 4, 9]
    assert np.all(np.diff(drawn.get_linewidths()) > 0)
    assert drawn.get_segments()[-1].tolist() == [[388050, 347500], [388100, 347500]]
    pale = [c for c in ax.collections if tuple(c.get_edgecolor()[0]) == to_rgba(PALE)]
    assert len(pale[0].get_segments()) == 2
    assert "heat per km of street" in ax.figure.axes[1].get_ylabel()
    assert ax.get_title() == "Heat along the streets"
    assert any("0 km of street in 5 pieces" in t.get_text() for t in ax.texts)
    ax.figure.canvas.draw()


def test_streets_without_any_heat_and_what_is_no_street():
    hs.plot_network(lixels([0, 0])).figure.canvas.draw()
    hs.plot_network(lixels([])).figure.canvas.draw()
    with pytest.raises(
        hs.InputError, match=r"give what NetworkKDE\(\.\.\.\)\.segments\(\) returns"
    ):
        hs.plot_network(lixels([1]).drop(columns="heat"))
    with pytest.raises(hs.InputError, match="of type list"):
        hs.plot_network([1])
    points = lixels([1]).set_geometry([shapely.Point(0, 0)], crs="EPSG:27700")
    with pytest.raises(hs.InputError, match="shapes that are no lines"):
        hs.plot_network(points)


@pytest.mark.parametrize("heat", ["x", np.inf])
def test_heat_that_is_no_number_is_refused(heat):
    with pytest.raises(hs.InputError, match="'heat' must hold finite numbers"):
        hs.plot_network(lixels([1]).assign(heat=heat))


def drawn_by_colour(ax):
    found = {}
    for part in ax.collections:
        if isinstance(part, PolyCollection):
            found[tuple(part.get_facecolor()[0])] = len(part.get_paths())
    return {name: found.get(to_rgba(name), 0) for name in (RED, BLUE, PALE)}


@pytest.mark.parametrize("shape", ["square", "hex"])
def test_cells_beyond_chance_are_told_from_those_chance_explains(lpts, shape):
    grid = hs.Grid.over(lpts, 100, shape)
    cells = pd.DataFrame(
        {"heat": 0.0, "significant": False}, index=pd.Index(grid.cells, name="cell")
    )
    cells.iloc[:9, 0] = 2.0
    cells.iloc[:4, 1] = True
    ax = hs.plot_significance(cells, grid, lpts=lpts)
    assert drawn_by_colour(ax) == {RED: 4, BLUE: 0, PALE: 5}
    assert ax.get_title() == f"Beyond chance: 4 of {len(cells)} cells"
    legend = [t.get_text() for t in ax.get_legend().get_texts()]
    assert legend == ["hotter than chance (4)", "chance explains it (5)"]
    untested = cells.assign(p_value=np.where(np.arange(len(cells)) < 7, 0.5, np.nan))
    ax = hs.plot_significance(untested, grid)
    assert drawn_by_colour(ax) == {RED: 4, BLUE: 0, PALE: 3}
    assert ax.get_title() == "Beyond chance: 4 of 7 cells"
    cold = cells.assign(z=np.where(np.arange(len(cells)) < 1, -3.0, 3.0))
    assert drawn_by_colour(hs.plot_significance(cold, grid)) == {RED: 3, BLUE: 1, PALE: 5}
    only_z = cold.drop(columns="heat").iloc[:6]
    assert drawn_by_colour(hs.plot_significance(only_z, grid)) == {RED: 3, BLUE: 1, PALE: 2}


def test_nothing_significant_and_tables_that_do_not_fit(lpts):
    grid = hs.Grid.over(lpts, 100)
    cells = pd.DataFrame({"heat": 0.0, "significant": False}, index=grid.cells)
    ax = hs.plot_significance(cells, grid)
    assert ax.get_title() == "Beyond chance: 0 of 100 cells"
    ax.figure.canvas.draw()
    with pytest.raises(hs.InputError, match="it needs 'significant' and 'heat' or 'z'"):
        hs.plot_significance(cells[["heat"]], grid)
    with pytest.raises(hs.InputError, match="of type list"):
        hs.plot_significance([], grid)
    with pytest.raises(hs.InputError, match="are not inside"):
        hs.plot_significance(cells, hs.Grid.over(lpts, 500))
    wrong = pd.concat([cells, cells]).assign(heat="x", significant="no")
    with pytest.raises(hs.InputError) as error:
        hs.plot_significance(wrong, grid)
    assert len(error.value.faults) == 3
    with pytest.raises(hs.InputError, match="grid: it is of type NoneType"):
        hs.plot_significance(cells, None)
