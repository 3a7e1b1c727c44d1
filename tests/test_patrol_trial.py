"""Plans that keep the calendar of a trial: nobody on days without, one visit at least on others."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plan_checker import check_plan
from test_patrols import START, make_hotspots, make_lpts, make_shifts, make_units, plan_and_check

import hotspots as hs
from hotspots.patrols.checks import check_visits


def make_calendar(hotspots, days, treated, start=START):
    """Make a calendar in which ``treated(h, d)`` says who is treated on which day."""
    dates = pd.date_range(start, periods=days)
    rows = [(h, date, bool(treated(i, d))) for i, h in enumerate(hotspots)
            for d, date in enumerate(dates)]  # fmt: skip
    return pd.DataFrame(rows, columns=["hotspot", "date", "treated"]).astype({"hotspot": "str"})


@pytest.fixture
def town():
    """Eight hotspots of one LPT within 1.5 km of one another, with falling counts."""
    places = np.random.default_rng(3).uniform(5000, 6500, (8, 2)).round()
    return make_hotspots(*((f"H{i}", "Hanley", x, y, 120 - 9 * i)
                           for i, (x, y) in enumerate(places)))  # fmt: skip


CREWS = make_units(("E1", "Hanley", "early", "constable", 2, "vehicle"),
                   ("L1", "Hanley", "late", "constable", 2, "vehicle"),
                   ("N1", "Hanley", "night", "constable", 2, "vehicle"))  # fmt: skip


def test_a_calendar_is_kept_by_day_and_by_the_clock(town):
    trial = make_calendar(["H0", "H1", "H2", "H3", "H7"], 4, lambda h, d: (h + d) % 2)
    plan = plan_and_check(town, make_shifts(), CREWS, days=4,
                          rules=hs.PatrolRules(effort=1, trial=trial))  # fmt: skip
    held = plan.visits.groupby(["hotspot", "date"]).size()
    asked = trial[trial["treated"]].set_index(["hotspot", "date"]).index
    assert set(asked) <= set(held.index), "each treated day has its visit"
    night = plan.visits[plan.visits["shift"] == "night"]
    assert (night["arrive"].dt.normalize() > night["date"]).any(), (
        "others are visited after midnight"
    )
    assert set(plan.visits["hotspot"]) >= {"H4", "H5", "H6"}, "outside the trial as usual"
    assert (
        "Trial: 5 hotspots follow its calendar. 10 of 10 treatment days have a visit" in plan.text
    )
    assert check_visits(plan).empty
