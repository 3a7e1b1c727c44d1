"""The map of the places of a trial or an evaluation."""

from dataclasses import dataclass

import geopandas as gpd
import matplotlib as mpl
import numpy as np
import pytest

import hotspots as hs
from hotspots.contracts import Result

mpl.use("Agg")


@dataclass(frozen=True, repr=False)
class Places(Result):
    places: gpd.GeoDataFrame
    text = "places"


@pytest.fixture(autouse=True)
def closed():
    import matplotlib.pyplot as plt

    yield
    plt.close("all")


@pytest.fixture(scope="module")
def design(county):
    def drawn(kind):
        return hs.design_trial(county.hotspots, county.incidents, design=kind,
                               start="2025-01-06", weeks=12, seed=1)  # fmt: skip

    return drawn


def marks(ax):
    """Centres drawn, by the words of the legend before their number."""
    return {
        points.get_label().rpartition(" (")[0]: np.asarray(points.get_offsets())
        for points in ax.collections
        if points.get_label().endswith(")")
    }


def middles(places):
    at = places.geometry.representative_point()
    return np.column_stack([at.x, at.y])


def test_every_site_is_drawn_where_it_lies_in_the_arm_it_drew(county, design):
    trial = design("pairs")
    ax = hs.plot_places(trial, lpts=county.lpts)
    drawn = marks(ax)
    for arm, name in (("treated", "treated"), ("control", "compared")):
        sites = trial.sites[trial.sites["arm"] == arm]
        np.testing.assert_allclose(drawn[name], middles(sites))
    assert ax.get_title() == "7 places treated, 7 compared"


def test_lines_join_the_places_of_a_pair_and_no_others(design):
    trial = design("pairs")
    lines = {frozenset(map(tuple, line.get_xydata())) for line in hs.plot_places(trial).lines}
    pairs = {frozenset(map(tuple, middles(pair))) for _, pair in trial.sites.groupby("block")}
    assert lines == pairs
    assert not hs.plot_places(design("simple")).lines


def test_a_stepped_wedge_tells_the_step_of_each_site(design):
    trial = design("stepped wedge")
    ax = hs.plot_places(trial)
    told = {tuple(text.xy): text.get_text() for text in ax.texts if text.get_text().isdigit()}
    here = map(tuple, middles(trial.sites))
    assert told == {at: f"{step:g}" for at, step in zip(here, trial.sites["step"], strict=True)}
    assert [*marks(ax)] == ["compared until its step, treated from then on"]


def test_a_cross_over_has_one_kind_of_place(design):
    ax = hs.plot_places(design("crossover"))
    assert ax.get_title() == "14 places, each treated at times"
    assert not [text for text in ax.texts if text.get_text().isdigit()]


def test_places_of_an_evaluation_and_of_a_match_are_drawn(county):
    spots = county.hotspots
    found = hs.estimate_impact(county.incidents, treated=spots.query("treated"),
                               start="2024-06-01", rules=hs.ImpactRules(draws=99))  # fmt: skip
    ax = hs.plot_places(found)
    assert ax.get_title() == f"{spots['treated'].sum()} places treated, none compared"
    matched = hs.match_controls(spots.query("treated"), None, county.incidents, start="2025-01-01")
    drawn = marks(hs.plot_places(matched))
    np.testing.assert_allclose(drawn["compared"], middles(matched.control))


def test_what_has_no_places_with_arms_is_refused(county, design):
    for wrong in (county.hotspots, 3, county):
        with pytest.raises(hs.InputError, match="table of polygons with their arm"):
            hs.plot_places(wrong)
    sites = design("pairs").sites
    with pytest.raises(hs.InputError, match="no place to draw"):
        hs.plot_places(Places(sites.iloc[:0]))
    with pytest.raises(hs.InputError, match="arm is 'third'"):
        hs.plot_places(Places(sites.assign(arm="third")))
    with pytest.raises(hs.InputError, match="lpts"):
        hs.plot_places(Places(sites), lpts=3)
