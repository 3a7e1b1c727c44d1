"""The picture of need by hour says what the tables say."""

import numpy as np
import pytest

import hotspots as hs


@pytest.fixture(scope="module")
def county():
    return hs.make_county(seed=1, months=6, scale=0.3)


@pytest.fixture(scope="module")
def demand(county):
    incidents = county.incidents.query("origin != 'police'")
    spots = hs.Counts().fit(incidents).hotspots(hs.Grid.over(county.lpts, size=200), top_k=6)
    return hs.patrol_demand(spots, incidents)


def test_rows_are_the_hotspots_with_most_need_and_add_up_to_it(demand, monkeypatch):
    monkeypatch.setattr("hotspots.plot.demand.MOST", 3)
    ax = hs.plot_demand(demand)
    assert len(demand.need) > 3
    shown = demand.need.sort_values("need", ascending=False).head(3)
    drawn = np.asarray(ax.images[0].get_array())
    assert drawn.shape == (3, 24)
    np.testing.assert_allclose(drawn.sum(axis=1), 100 * shown["need"], rtol=1e-9)
    assert [label.get_text().split("(")[-1].rstrip(")") for label in ax.get_yticklabels()] == list(
        shown.index
    )


def test_visits_stand_at_the_hour_they_begin(county, demand):
    lpt = demand.need["lpt"].iloc[0]
    plan = hs.plan_patrols(demand, lpts=county.lpts, shifts=county.shifts, units=county.units,
                           start="2026-01-05", days=1, rules=hs.PatrolRules(effort=0))  # fmt: skip
    ax = hs.plot_demand(demand, plan, lpt=lpt)
    mine = plan.visits[plan.visits["lpt"] == lpt]
    assert len(mine) > 0
    dots = ax.collections[0].get_offsets()
    hour = (mine["arrive"].dt.hour + mine["arrive"].dt.minute / 60 - 6) % 24
    np.testing.assert_allclose(np.sort(dots[:, 0]), np.sort(hour))
    assert lpt in ax.get_title()


def test_other_things_are_refused(demand):
    with pytest.raises(hs.InputError, match="give what patrol_demand returns"):
        hs.plot_demand(demand.need)
    with pytest.raises(hs.InputError, match="no hotspot lies in 'Atlantis'"):
        hs.plot_demand(demand, lpt="Atlantis")
