"""The picture of the places compared."""

import geopandas as gpd
import matplotlib as mpl
import numpy as np
import pytest

import hotspots as hs

mpl.use("Agg")


@pytest.fixture(scope="module")
def matches(county):
    spots = county.hotspots.query("treated")
    shapes = gpd.points_from_xy(spots["easting"], spots["northing"]).buffer(150)
    treated = gpd.GeoDataFrame(geometry=shapes, index=spots.index, crs=county.incidents.crs)
    return hs.match_controls(treated, None, county.incidents, start="2025-01-01")


def test_both_lines_are_those_of_the_table(matches):
    import matplotlib.pyplot as plt

    ax = hs.plot_matches(matches)
    drawn = {line.get_label(): line.get_ydata() for line in ax.get_lines()}
    np.testing.assert_array_equal(drawn["hotspots"], matches.course["treated"])
    np.testing.assert_array_equal(drawn["comparison places"], matches.course["control"])
    plt.close(ax.figure)


def test_what_is_not_a_match_is_refused(matches, county):
    with pytest.raises(hs.InputError, match="without a table course"):
        hs.plot_matches(county)
    with pytest.raises(hs.InputError, match="of type int"):
        hs.plot_matches(3)
    empty = hs.Matches(matches.control, matches.treated, matches.pairs, matches.balance,
                       matches.course.assign(control=np.nan), matches.candidates, "")  # fmt: skip
    with pytest.raises(hs.InputError, match="nothing to draw"):
        hs.plot_matches(empty)
