"""The map of the local statistics: classes, numbers and limits, not pixels."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from local_fixtures import beats, happened, table, town

mpl.use("Agg")
import matplotlib.pyplot as plt

import hotspots as hs
from hotspots.contracts import InputError


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def counted():
    counts = np.random.default_rng(4).poisson(8, (20, 20))
    counts[4:9, 4:9] += 30
    counts[14:19, 13:18] = 0
    counts[16, 15] = 90
    return counts


@pytest.mark.parametrize("shape", ["square", "hex"])
def test_each_class_has_a_colour_and_its_number(shape):
    grid = town(20, 20, 100, shape)
    counts = np.resize(counted().ravel(), len(grid.cells))
    found = hs.LocalMoran().fit(happened(grid, counts)).statistics(grid).table
    ax = hs.plot_local_statistics(found, grid)
    told = {text.get_text() for text in ax.get_legend().get_texts()}
    assert told == {f"{name} ({n})" for name, n in found["class_"].value_counts().items()}
    drawn = sum(len(c.get_paths()) for c in ax.collections)
    empty = (found["class_"] == "not significant") & (found["incidents"] == 0)
    assert drawn == len(found) - empty.sum()
    assert ax.get_title().startswith(f"{(found['class_'] != 'not significant').sum()} of ")
    assert ax.get_aspect() == 1
    assert len({tuple(c.get_facecolor()[0]) for c in ax.collections}) == len(ax.collections)


def test_polygons_and_lpts_are_drawn_on_the_axes_given():
    areas = beats(50)
    xy = np.array([areas.geometry.iloc[i].centroid.coords[0] for i in range(50)])
    found = hs.GiStar().fit(table(np.repeat(xy, np.arange(50) % 7, axis=0))).statistics(areas)
    _, given = plt.subplots()
    lpts = hs.read_lpts(areas.iloc[:2].reset_index().rename(columns={"beat": "lpt"}))
    ax = hs.plot_local_statistics(found.table, areas, lpts=lpts, ax=given)
    assert ax is given
    assert sum(len(c.get_paths()) for c in ax.collections) == 50 + len(lpts)
    assert "of 50 areas stand out" in ax.get_title()
    assert {"B000", "B001"} <= {text.get_text() for text in ax.texts}


def test_tables_that_do_not_fit_are_refused():
    grid = town(10, 10)
    result = hs.GiStar().fit(happened(grid, np.ones(100))).statistics(grid)
    good = result.table
    for wrong, areas, message in (
        (result, grid, "is of type LocalStatistics; give the .table of the statistics"),
        (good.drop(columns=["class_", "incidents"]), grid, "2 faults"),
        (good, "grid", "areas is of type str; give a Grid or polygons"),
        (good.set_axis(good.index + 1000), grid, "some of its rows are not among the areas"),
        (good, beats(20), "some of its rows are not among the areas"),
        (good.assign(class_="new"), grid, "class_ holds new, which no local statistic gives"),
    ):
        with pytest.raises(InputError, match=message):
            hs.plot_local_statistics(wrong, areas)


def test_an_empty_table_is_an_empty_map():
    grid = town(10, 10)
    none = hs.GiStar().fit(table([])).statistics(grid).table
    ax = hs.plot_local_statistics(none, grid)
    assert ax.get_title() == "0 of 100 cells stand out"
    assert pd.Series([t.get_text() for t in ax.get_legend().get_texts()]).tolist() == [
        "not significant (100)"
    ]
