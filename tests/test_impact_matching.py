"""Comparison places: near in what counts, apart in space, picked from the same months."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import hotspots as hs
from hotspots.impact import ImpactRules
from hotspots.impact.candidates import candidate_squares, overlapping, tally
from hotspots.impact.likeness import Likeness, assign, liken


@pytest.fixture(scope="module")
def circles(county):
    spots = county.hotspots
    shapes = gpd.points_from_xy(spots["easting"], spots["northing"]).buffer(150)
    return gpd.GeoDataFrame(spots[["lpt", "treated"]], geometry=shapes, crs=county.incidents.crs)


@pytest.fixture(scope="module")
def start(county):
    return county.changes.query("what == 'treated'")["start"].iloc[0]


@pytest.fixture(scope="module")
def matches(county, circles, start):
    return hs.match_controls(circles[circles["treated"]], None, county.incidents, start=start)


def test_every_pair_is_within_the_caliper_and_none_is_used_twice(matches):
    pairs = matches.pairs[matches.pairs["control"] != ""]
    assert len(pairs) == 4
    assert (pairs["distance"] <= 0.5).all() and (pairs["nearest"] <= pairs["distance"]).all()
    assert pairs["control"].is_unique
    assert matches.control["block"].tolist() == pairs["hotspot"].tolist()
    assert matches.control.index.tolist() == pairs["control"].tolist()


def test_comparison_places_keep_clear_of_the_treated_and_of_one_another(matches, circles):
    treated = circles.geometry[circles["treated"]].union_all()
    assert (matches.control.distance(treated) > 150).all()
    assert len(overlapping(np.asarray(matches.control.geometry.array))) == 0


def test_the_counts_told_are_those_of_the_records(matches, county, circles, start):
    mine = county.incidents[county.incidents.get("origin", "") != "police"]
    year = mine["occurred_from"].between(start - pd.DateOffset(months=12), start, inclusive="left")
    for row in matches.pairs.itertuples():
        for shape, told in ((circles.geometry[row.hotspot], row.treated_incidents),
                            (matches.control.geometry[row.control], row.control_incidents)):
            near = mine.within(shape) & year
            assert abs(told - near.sum()) <= 0.03 * told + 1  # intervals over the turn of a month
