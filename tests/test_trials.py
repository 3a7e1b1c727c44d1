"""Trials by lot: every draw follows the law it is said to follow, and every hotspot is told of."""

import itertools

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import hotspots as hs
from hotspots.contracts import InputError
from hotspots.trials import TrialRules, design_trial
from hotspots.trials.calendar import FIRST, SECOND, UNCOUNTED, Timetable, make_runs
from hotspots.trials.draw import Lot, distances, log10_assignments
from hotspots.trials.example import example_hotspots, example_trial

DESIGNS = ("simple", "pairs", "blocks", "balanced", "crossover", "stepped wedge")


@pytest.mark.parametrize("design", DESIGNS)
def test_rows_and_their_order_do_not_change_the_assignment(design):
    hotspots, incidents = example_hotspots()
    rules = TrialRules(acceptance=0.2)
    one = design_trial(hotspots, incidents, design=design, start="2026-01-05", rules=rules)
    other = design_trial(
        hotspots.iloc[::-1], incidents.sample(frac=1, random_state=1), design=design,
        start="2026-01-05", rules=rules,
    )  # fmt: skip
    pd.testing.assert_frame_equal(one.calendar, other.calendar)
    assert one.digest == other.digest
    assert one.text == other.text


@pytest.mark.parametrize("design", DESIGNS)
def test_the_calendar_is_the_treatment_table_and_agrees_with_the_sites(design):
    trial = example_trial(design)
    hs.contracts.check_table(trial.calendar, hs.contracts.TREATMENT)
    assert len(trial.calendar) == len(trial.sites) * 84
    assert trial.calendar["date"].min() == trial.start
    assert trial.calendar["date"].max() == trial.end - pd.Timedelta(days=1)
    on = trial.calendar.groupby("hotspot")["treated"].mean()
    if design == "crossover":
        assert (trial.sites["arm"] == "both").all()
        assert on.between(0.3, 0.4).all()
    elif design == "stepped wedge":
        first = trial.calendar[trial.calendar["treated"]].groupby("hotspot")["date"].min()
        assert (first == trial.sites["start"]).all()
        assert sorted(trial.sites["step"].value_counts().to_dict().items()) == [
            (1, 3), (2, 3), (3, 3), (4, 3)
        ]  # fmt: skip
    else:
        assert (on == (trial.sites["arm"] == "treated")).all()
        assert trial.sites["arm"].value_counts().to_dict() == {"treated": 6, "control": 6}
