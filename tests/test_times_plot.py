"""Pictures of the week: what is drawn is what the tables say."""

import matplotlib as mpl
import numpy as np
import pytest

import hotspots as hs
from hotspots.contracts import InputError

mpl.use("Agg")
import matplotlib.pyplot as plt


@pytest.fixture(scope="module")
def profile():
    incidents = hs.make_county(seed=1, months=4).incidents
    some = incidents[incidents["category"].isin(["Shoplifting", "Public order"])]
    return hs.week_profile(some, ["lpt", "category"], bootstraps=100)


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_the_heat_shows_monday_at_the_top_and_frames_the_busiest(profile):
    ax = hs.plot_week_profile(profile, ("Wexmoor", "Shoplifting"))
    assert ax.get_title() == "Wexmoor, Shoplifting"
    drawn = np.asarray(ax.images[0].get_array())
    rows = profile.hours.query("lpt == 'Wexmoor' and category == 'Shoplifting'")
    np.testing.assert_allclose(drawn.ravel(), rows["rate"])
    assert ax.get_yticklabels()[0].get_text() == "Mon"
    assert ax.get_ylim()[0] > ax.get_ylim()[1]
    framed = {(p.get_y(), p.get_x()) for p in ax.patches}
    best = np.unravel_index(np.argmax(drawn), (7, 24))
    assert tuple(map(float, best)) in framed
    assert len(framed) == 10


def test_the_curve_has_its_band(profile):
    ax = hs.plot_week_profile(profile, kind="curve", ax=plt.subplots()[1])
    largest = profile.groups.loc[profile.groups["incidents"].idxmax()]
    assert ax.get_title() == f"{largest['lpt']}, {largest['category']}"
    assert len(ax.collections) == 1
    assert len(ax.lines[0].get_xdata()) == 168


def test_three_ways_side_by_side(profile):
    ax = hs.plot_aoristic(profile)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["every hour of the span", "start alone", "middle of the span"]


def test_a_profile_without_band_or_groups_is_drawn():
    week = hs.make_county(seed=1, months=1).incidents.head(60)
    bare = hs.week_profile(week, bootstraps=100, include_police=True)
    ax = hs.plot_week_profile(bare, kind="curve")
    assert ax.get_title() == "All incidents"
    assert len(ax.collections) == 0
    hs.plot_week_profile(bare)


def test_wrong_arguments_are_refused_in_words(profile):
    with pytest.raises(InputError, match="there is no group 'Atlantis'; there are "):
        hs.plot_week_profile(profile, "Atlantis")
    with pytest.raises(InputError, match="kind is 'pie'"):
        hs.plot_week_profile(profile, kind="pie")
    for draw in (hs.plot_week_profile, hs.plot_aoristic):
        with pytest.raises(InputError, match="give what week_profile returns"):
            draw(3)
        with pytest.raises(InputError, match="give what week_profile returns"):
            draw(hs.peak_windows(profile))
