"""Plans that keep the calendar of a trial: nobody on days without, one visit at least on others."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_patrols import START, make_hotspots, make_lpts, make_shifts, make_units, plan_and_check

import hotspots as hs
from hotspots.patrols.checks import check_visits
from hotspots.patrols.quotas import quotas

TRIAL = ["H0", "H1", "H2", "H3", "H7"]
CREWS = make_units(("E1", "Hanley", "early", "constable", 2, "vehicle"),
                   ("L1", "Hanley", "late", "constable", 2, "vehicle"),
                   ("N1", "Hanley", "night", "constable", 2, "vehicle"))  # fmt: skip


def make_calendar(hotspots, days, treated, start=START):
    """Make a calendar in which ``treated(h, d)`` says who is treated on which day."""
    dates = pd.date_range(start, periods=days)
    rows = [(h, date, bool(treated(i, d))) for i, h in enumerate(hotspots)
            for d, date in enumerate(dates)]  # fmt: skip
    return pd.DataFrame(rows, columns=["hotspot", "date", "treated"]).astype({"hotspot": "str"})


@pytest.fixture(scope="module")
def town():
    """Eight hotspots of one LPT within 1.5 km of one another, with falling counts."""
    places = np.random.default_rng(3).uniform(5000, 6500, (8, 2)).round()
    return make_hotspots(*((f"H{i}", "Hanley", x, y, 120 - 9 * i)
                           for i, (x, y) in enumerate(places)))  # fmt: skip


@pytest.fixture(scope="module")
def alternate():
    """Five of eight hotspots every other day."""
    return make_calendar(TRIAL, 4, lambda h, d: (h + d) % 2)


@pytest.fixture(scope="module")
def kept(town, alternate):
    rules = hs.PatrolRules(effort=0, trial=alternate)
    return plan_and_check(town, make_shifts(), CREWS, days=4, rules=rules)


def test_a_calendar_is_kept_by_day_and_by_the_clock(kept, alternate):
    asked = alternate[alternate["treated"]].set_index(["hotspot", "date"]).index
    held = kept.visits.groupby(["hotspot", "date"]).size().index
    assert set(asked) <= set(held), "each treatment day has its visit"
    nights = kept.visits[kept.visits["date"] < kept.visits["date"].max()]
    later = nights[nights["arrive"].dt.normalize() > nights["date"]]
    assert len(later), "nights go on after midnight"
    assert not set(later["hotspot"]) & set(TRIAL), "where the next date is one without"
    assert set(kept.visits["hotspot"]) == {f"H{n}" for n in range(8)}
    assert "5 hotspots follow its calendar. 10 of 10 treatment days have a visit" in kept.text
    assert "3 hotspots outside the trial planned as usual" in kept.text
    assert kept.reasons.loc["H0", "reason"].endswith("visits on 2 of 4 days, not on the others.")
    assert (
        "trial day, visit 1 of" in kept.visits.loc[kept.visits["hotspot"] == "H0"]["reason"].iloc[0]
    )


def test_without_it_the_same_visits_would_fall_on_days_without(town, alternate):
    """The rule is what keeps them off: the plan without it does visit them then."""
    plan = plan_and_check(town, make_shifts(), CREWS, days=4, rules=hs.PatrolRules(effort=0))
    shut = alternate[~alternate["treated"]].set_index(["hotspot", "date"]).index
    assert len(set(shut) & set(plan.visits.set_index(["hotspot", "date"]).index)) == len(shut)


def test_a_visit_moved_by_hand_to_a_day_without_is_found(kept):
    visits = kept.visits
    shut = visits[(visits["hotspot"] == "H5")].index[0]
    moved = visits.copy()
    moved.loc[shut, "hotspot"] = "H0"  # H0 has no visit on days one and three
    day = visits.loc[shut, "date"]
    breach = check_visits(kept, moved).query("rule == 'the days of each hotspot'")
    if (day - pd.Timestamp(START)).days % 2 == 0:
        assert breach["visit"].tolist() == [shut]
        assert breach["value"].iloc[0].endswith("not today")
    late = visits[visits["shift"] == "night"].index[0]
    past = visits.copy()
    midnight = pd.Timestamp(START) + pd.Timedelta(days=2)  # into a day without for H0
    past.loc[late, ["hotspot", "date"]] = ["H0", midnight - pd.Timedelta(days=1)]
    for start, broken in (("-15min", False), ("-14min", True), ("5min", True)):
        past.loc[late, "arrive"] = midnight + pd.Timedelta(start)
        past.loc[late, "depart"] = past.loc[late, "arrive"] + pd.Timedelta("15min")
        found = check_visits(kept, past).query("rule == 'the days of each hotspot'")
        assert (late in set(found["visit"])) == broken, start


@pytest.mark.parametrize("seed", range(6))
def test_chance_moves_no_visit_past_midnight(seed):
    """One hotspot, hours not known, a duty from 23 to 1: starts are moved, never over."""
    spots = make_hotspots(("H0", "Hanley", 5000, 5000, 50), ("H1", "Hanley", 5300, 5000, 40))
    shifts = pd.DataFrame({"shift": ["night"], "start": ["22:00"], "end": ["02:00"]})
    units = make_units(("N1", "Hanley", "night", "constable", 2, "vehicle"))
    trial = make_calendar(["H0", "H1"], 2, lambda _, d: d == 0)
    rules = hs.PatrolRules(effort=0, gap_min=30, jitter_min=120, variety=0.9, trial=trial)
    plan = plan_and_check(spots, shifts, units, days=2, rules=rules, seed=seed)
    assert len(plan.visits) >= 2
    assert (plan.visits["depart"] <= pd.Timestamp(START) + pd.Timedelta("1D")).all()


def test_days_without_are_not_owed(town):
    """Seven visits a week are three where four days are without; the rest are told."""
    trial = make_calendar(["H0", "H1"], 7, lambda h, d: h == 0 and d < 3)
    rules = hs.PatrolRules(effort=0, trial=trial, least_per_week={"A": 7.0})
    plan = plan_and_check(town, make_shifts(), CREWS.query("shift == 'late'"), days=7, rules=rules)
    table = quotas(plan.basis, plan.visits, plan.budget).set_index(["rule", "where"])
    assert table.loc[("a visit on each treatment day", "H0"), "wanted"] == 3
    assert table.loc[("least visits of tier A", "H0"), "wanted"] == 3
    assert ("least visits of tier A", "H1") not in table.index
    assert plan.coverage.loc["H1", "why_none"] == "not on these days"


def test_the_treatment_comes_before_need_and_floors(town):
    """Two visits a day at most: they go to the least needy, whose day it is."""
    trial = make_calendar(["H6", "H7"], 2, lambda *_: True)
    shifts = pd.DataFrame({"shift": ["late"], "start": ["15:00"], "end": ["16:00"]})
    units = make_units(("L1", "Hanley", "late", "constable", 2, "vehicle"), base_easting=5800.0,
                       base_northing=5800.0, officer_hours=1.8)  # fmt: skip
    rules = hs.PatrolRules(effort=0, trial=trial)
    plan = plan_and_check(town, shifts, units, days=2, rules=rules)
    seen = plan.visits.groupby("date")["hotspot"].agg(set)
    assert all({"H6", "H7"} <= day for day in seen)
    usual = plan_and_check(town, shifts, units, days=2, rules=hs.PatrolRules(effort=0))
    assert not {"H6", "H7"} & set(usual.visits["hotspot"])


def test_what_cannot_be_kept_is_told(town):
    """Eight treatment days, hours for a few: the rest are named."""
    trial = make_calendar([f"H{n}" for n in range(8)], 1, lambda *_: True)
    shifts = pd.DataFrame({"shift": ["late"], "start": ["15:00"], "end": ["16:00"]})
    plan = plan_and_check(town, shifts, CREWS.query("shift == 'late'"), days=1,
                          rules=hs.PatrolRules(effort=0, trial=trial))  # fmt: skip
    kept = len(plan.visits)
    assert 0 < kept < 8
    assert f"{kept} of 8 treatment days have a visit" in plan.text
    assert f"a visit on each treatment day (1): {8 - kept} of 8" in plan.text


def test_days_and_hotspots_the_calendar_does_not_name_are_planned_as_usual_and_said(town):
    early = make_calendar(["H0", "H99"], 1, lambda *_: False)
    plan = plan_and_check(town, make_shifts(), CREWS.query("shift == 'late'"), days=2,
                          rules=hs.PatrolRules(effort=0, trial=early))  # fmt: skip
    assert (plan.visits.query("hotspot == 'H0'")["date"] == pd.Timestamp("2026-03-03")).all()
    assert "nothing of 1 hotspot of the trial on Tue 3 Mar: planned as usual then" in plan.text
    assert "not among the hotspots given: H99" in plan.text
    past = make_calendar(["H0"], 5, lambda *_: False, start="2025-01-01")
    plan = plan_and_check(
        town,
        make_shifts(),
        CREWS.query("shift == 'late'"),
        rules=hs.PatrolRules(effort=0, trial=past),
    )
    assert "Trial: its calendar says nothing of these days" in plan.text
    assert "H0" in set(plan.visits["hotspot"])


def test_response_units_are_not_sent_there_either(town):
    crew = make_units(("R1", "Hanley", "night", "response", 2, "vehicle"),
                      ("R2", "Hanley", "late", "response", 2, "vehicle"))  # fmt: skip
    first = make_calendar(["H0"], 2, lambda _, d: d == 0)
    plan = plan_and_check(town, make_shifts(), crew, days=2,
                          rules=hs.PatrolRules(effort=0, trial=first))  # fmt: skip
    where = plan.between_jobs.set_index(["date", "shift"])["hotspot"]
    monday, tuesday = pd.Timestamp(START), pd.Timestamp("2026-03-03")
    assert where[monday, "late"] == "H0"
    assert "H0" not in {where[monday, "night"], where[tuesday, "late"], where[tuesday, "night"]}


def test_faults_of_a_calendar_are_named_together():
    day = pd.Timestamp(START)
    wrong = pd.DataFrame({"hotspot": ["H0", "H0"], "date": day + pd.Timedelta("8h"),
                          "treated": [True, False]})  # fmt: skip
    with pytest.raises(hs.InputError) as caught:
        hs.PatrolRules(dwell_min=45, trial=wrong)
    assert len(caught.value.faults) == 3
    for part in ("dwell_min is 45", "trial: date is 2026-03-02 08:00:00 in 2 rows",
                 "trial: H0 on Mon 2 Mar is there twice"):  # fmt: skip
        assert part in str(caught.value)
    for bad in ("calendar", wrong.assign(treated=1), wrong.drop(columns="hotspot"),
                wrong.assign(date=wrong["date"].dt.tz_localize("Europe/London"))):  # fmt: skip
        with pytest.raises(hs.InputError, match="trial"):
            hs.PatrolRules(trial=bad)


def test_a_calendar_of_other_hotspots_is_a_fault(town):
    trial = make_calendar(["X1", "X2"], 2, lambda *_: True)
    with pytest.raises(hs.InputError, match="trial names none of the hotspots"):
        hs.plan_patrols(town, lpts=make_lpts("Hanley"), shifts=make_shifts(), units=CREWS,
                        start=START, rules=hs.PatrolRules(trial=trial))  # fmt: skip


@settings(max_examples=4, deadline=None)
@given(data=st.data())
def test_any_calendar_is_kept(town, data):
    """Whatever the lot: any hotspots, days, gaps, shifts; the independent checker looks."""
    days = data.draw(st.integers(1, 2))
    spots = [f"H{n}" for n in range(8)]
    lot = data.draw(st.lists(st.sampled_from(["treated", "without", "absent"]),
                             min_size=8 * (days + 1), max_size=8 * (days + 1)))  # fmt: skip
    trial = make_calendar(spots, days + 1, lambda h, d: lot[h * (days + 1) + d] == "treated")
    trial = trial[[word != "absent" for word in lot]].sample(frac=1, random_state=1)
    if trial.empty:
        return
    rules = hs.PatrolRules(effort=0, trial=trial,
                           gap_min=data.draw(st.sampled_from([0, 60, 120])))  # fmt: skip
    plan_and_check(town, make_shifts(), CREWS.query("shift != 'early'"), days=days, rules=rules,
                   seed=data.draw(st.integers(0, 99)))  # fmt: skip
