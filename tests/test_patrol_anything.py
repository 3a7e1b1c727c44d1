"""Whatever the resources: a plan that keeps every rule and says what is missing, or one error."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plan_checker import check_plan
from test_patrols import make_hotspots, make_lpts, make_shifts, make_units

import hotspots as hs
from hotspots.patrols.checks import check_visits

STARTS = ["2026-03-02", "2026-03-28", "2026-10-24", "2026-12-31", "2028-02-28"]
CATEGORIES = ["Drugs", "Anti-social behaviour", "Violence and sexual offences", "Burglary", None]
CLASSES = ["persistent", "emerging", "intermittent", "former", None]
ONLY_CONSTABLES = pd.DataFrame(
    {"meaning": ["Search."], "constable": True, "pcso": False, "special": False},
    index=pd.Index(["search"], name="task"),
)
PAIRS_ONLY = ONLY_CONSTABLES.assign(officers=2.0)


def clock(half):
    return f"{half // 2 % 24:02d}:{half % 2 * 30:02d}"


TROUBLES = [
    "no units", "only response units", "no hours in the shifts", "no hours of the units",
    "no hours in the plan", "all time lost", "only constables may", "pairs only", "some elsewhere",
    "all elsewhere", "one hotspot", "no hotspots", "no incidents", "a day between visits",
    "a short shift", "a far base", "floors beyond reach", "a floor for no neighbourhoods",
]  # fmt: skip


@st.composite
def shift_tables(draw, troubles):
    rows = []
    for name in ["a", "b"][: draw(st.integers(1, 2))]:
        start = draw(st.integers(0, 47))
        length = 1 if "a short shift" in troubles else draw(st.integers(8, 48))
        briefing = 15 if length == 1 else draw(st.sampled_from([0, 15, 30]))
        row = {
            "shift": name, "start": clock(start), "end": clock(start + length),
            "briefing_min": float(briefing), "debrief_min": float(draw(st.sampled_from([0, 15]))),
            "break_start": None, "break_min": None,
            "officer_hours": 0.0 if "no hours in the shifts" in troubles else
            draw(st.sampled_from([None, None, 3.0])),
            "days": draw(st.sampled_from([None, None, "Sat Sun Mon"])),
        }  # fmt: skip
        if length >= 8 and draw(st.booleans()):
            row["break_start"] = clock(start + draw(st.integers(1, 3)))
            row["break_min"] = 30.0
            if length >= 16 and draw(st.booleans()):
                row["break_start"] += " " + clock(start + draw(st.integers(8, 12)))
        rows.append(row)
    return pd.DataFrame(rows).astype({"break_min": float, "officer_hours": float})


@st.composite
def unit_tables(draw, troubles, lpts, shifts):
    kinds = ["response"] if "only response units" in troubles else ["constable", "pcso", "special"]
    rows = []
    for n in range(0 if "no units" in troubles else draw(st.integers(1, 3))):
        base = draw(st.sampled_from([(400.0, 300.0), (None, None)]))
        if "a far base" in troubles:
            base = (18_000.0, 18_000.0)
        end = draw(st.sampled_from([(None, None), (700.0, 900.0)]))
        rows.append({
            "unit": f"U{n}", "lpt": lpts[n % len(lpts)], "shift": shifts[n % len(shifts)],
            "kind": draw(st.sampled_from(kinds)), "officers": draw(st.integers(1, 2)),
            "mode": draw(st.sampled_from(["foot", "cycle", "vehicle"])),
            "base_easting": base[0], "base_northing": base[1],
            "end_easting": end[0], "end_northing": end[1],
            "team": draw(st.sampled_from([None, None, None, "response"])),
            "abstraction": 1.0 if "all time lost" in troubles else
            draw(st.sampled_from([None, 0.0, 0.4])),
            "officer_hours": 0.0 if "no hours of the units" in troubles else
            draw(st.sampled_from([None, None, 2.0])),
        })  # fmt: skip
    frame = pd.DataFrame(rows, columns=[
        "unit", "lpt", "shift", "kind", "officers", "mode", "base_easting", "base_northing",
        "end_easting", "end_northing", "team", "abstraction", "officer_hours"])  # fmt: skip
    numbers = ["base_easting", "base_northing", "end_easting", "end_northing", "abstraction",
               "officer_hours", "officers"]  # fmt: skip
    texts = dict.fromkeys(["lpt", "shift", "kind", "mode"], "str") if frame.empty else {}
    return frame.astype(dict.fromkeys(numbers, float) | texts).set_index("unit")


@st.composite
def hotspot_tables(draw, troubles, lpts):
    most = 0 if "no hotspots" in troubles else 1 if "one hotspot" in troubles else 4
    spots = []
    for i in range(min(most, draw(st.integers(2, 4)))):
        away = "all elsewhere" in troubles or ("some elsewhere" in troubles and i == 0)
        count = 0 if "no incidents" in troubles else draw(st.sampled_from([60, 7, 400]))
        spots.append((f"H{i}", "Elsewhere" if away else lpts[i % len(lpts)],
                      draw(st.integers(0, 3000)), draw(st.integers(0, 3000)), count))  # fmt: skip
    columns = {}
    if draw(st.booleans()):
        columns["category"] = pd.array([draw(st.sampled_from(CATEGORIES)) for _ in spots], "str")
        columns["class_"] = pd.array([draw(st.sampled_from(CLASSES)) for _ in spots], "str")
    if "a floor for no neighbourhoods" not in troubles:
        columns["neighbourhood"] = pd.array([f"N{i % 2}" for i in range(len(spots))], "str")
    if draw(st.booleans()):
        columns["harm"] = [float(draw(st.sampled_from([5, 0, 900]))) for _ in spots]
    return make_hotspots(*spots, **columns)


@st.composite
def rule_sets(draw, troubles):
    tasks = ONLY_CONSTABLES if "only constables may" in troubles else None
    floors = "floors beyond reach" in troubles
    return hs.PatrolRules(
        effort=0, dwell_min=draw(st.integers(10, 20)),
        gap_min=1440 if "a day between visits" in troubles else draw(st.sampled_from([120, 0, 45])),
        max_per_shift=draw(st.integers(1, 4)), max_per_day=draw(st.integers(1, 6)),
        band_min=draw(st.sampled_from([60, 120, 1440])),
        jitter_min=draw(st.sampled_from([20, 0, 120])),
        abstraction=draw(st.sampled_from([0.0, 0.5])),
        officer_hours=draw(st.sampled_from([0.0, {"Hanley": 0.0}]))
        if "no hours in the plan" in troubles else
        draw(st.sampled_from([None, None, 2.5, {"Hanley": 1.0}])),
        least_per_week={"A": 168.0} if floors else {"A": 7.0, "B": 3.0, "C": 1.0},
        lpt_floor_hours=500.0 if floors else 0.0,
        neighbourhood_floor=14.0 if floors or "a floor for no neighbourhoods" in troubles else 0.0,
        top_share=draw(st.sampled_from([1.0, 1.0, 0.4])),
        fair_share=draw(st.sampled_from([0.0, 0.0, 0.8])),
        pairs_from=draw(st.sampled_from(["20:00", "00:00"])),
        pairs_to=draw(st.sampled_from(["06:00", "00:00"])),
        tasks=PAIRS_ONLY if "pairs only" in troubles else tasks,
    )  # fmt: skip


@st.composite
def cases(draw):
    troubles = draw(st.sets(st.sampled_from(TROUBLES), max_size=2))
    lpts = ["Hanley", "Leek"][: draw(st.integers(1, 2))]
    shifts = draw(shift_tables(troubles))
    return {
        "hotspots": draw(hotspot_tables(troubles, lpts)), "lpts": make_lpts(*lpts),
        "shifts": shifts,
        "units": draw(unit_tables(troubles, lpts, shifts["shift"].tolist())),
        "rules": draw(rule_sets(troubles)), "start": draw(st.sampled_from(STARTS)),
        "days": draw(st.integers(1, 3)),
        "seed": draw(st.sampled_from([0, 7, "a key kept in the control room"])),
    }  # fmt: skip


def must_refuse(case):
    """Say whether the inputs cannot be planned with: for these alone an error is an answer."""
    spots = case["hotspots"]
    nowhere = len(spots) > 0 and not set(spots["lpt"]) & set(case["lpts"].index)
    floor = np.floor(case["rules"].neighbourhood_floor * case["days"] / 7 + 1e-9)
    unknown = floor > 0 and "neighbourhood" not in spots.columns
    return nowhere or unknown


def plan_or_refuse(case):
    """Plan, and prove by both checkers that the plan keeps every rule; or see it refused."""
    if must_refuse(case):
        with pytest.raises(hs.InputError) as error:
            hs.plan_patrols(**case)
        assert len(error.value.faults) >= 1
        return None
    plan = hs.plan_patrols(**case)
    given_ = {name: case[name] for name in ("hotspots", "shifts", "units", "start", "days",
                                            "rules")}  # fmt: skip
    check_plan(plan, **given_)
    assert check_visits(plan).empty
    assert plan.text.startswith("Patrol plan, ")
    assert "nan" not in plan.text.lower().replace("finance", "")
    assert (plan.coverage["why_none"].eq("") == plan.coverage["visits"].gt(0)).all()
    return plan


@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(cases())
def test_any_resources_give_a_sound_plan_or_one_error(case):
    plan_or_refuse(case)


def make_case(**changes):
    case = {
        "hotspots": make_hotspots(("A", "Hanley", 5000, 5000, 50), ("B", "Hanley", 5600, 5000, 9)),
        "lpts": make_lpts("Hanley"), "shifts": make_shifts(),
        "units": make_units(("P", "Hanley", "late", "pcso", 1, "foot")),
        "rules": hs.PatrolRules(effort=0), "start": "2026-03-02", "days": 1, "seed": 0,
    }  # fmt: skip
    return case | changes


def test_where_no_unit_may_do_the_task_it_says_so():
    rules = hs.PatrolRules(effort=0, tasks=ONLY_CONSTABLES)
    plan = plan_or_refuse(make_case(rules=rules))
    assert plan.visits.empty
    assert set(plan.coverage["why_none"]) == {
        "no unit of its LPT may do its task at the hours it is on duty"
    }
    assert "No visit to 2 (no unit of its LPT may do its task" in plan.text


def test_a_single_officer_goes_before_the_hours_of_pairs_only():
    drugs = make_hotspots(("A", "Hanley", 5000, 5000, 50), category=["Drugs"])
    crew = make_units(("C", "Hanley", "late", "constable", 1, "foot"))
    plan = plan_or_refuse(make_case(hotspots=drugs, units=crew))
    assert len(plan.visits)
    assert (plan.visits["arrive"].dt.hour < 20).all()
    assert (plan.visits["task"] == "enforcement").all()
    late = make_shifts(start=["07:00", "21:00", "22:00"])
    plan = plan_or_refuse(make_case(hotspots=drugs, units=crew, shifts=late))
    assert plan.coverage["why_none"].iloc[0].startswith("no unit of its LPT may do its task")


@pytest.mark.parametrize("hours", [0.0, {"Hanley": 0.0}])
def test_a_budget_of_nothing_plans_nothing_and_says_so(hours):
    plan = plan_or_refuse(make_case(rules=hs.PatrolRules(effort=0, officer_hours=hours)))
    assert plan.visits.empty
    assert set(plan.coverage["why_none"]) == {"the plan is given no officer-hours for its LPT"}
    assert "Not met in full, least visits of tier A (1): 1 of 1, A 0." in plan.text


def test_time_lost_to_other_duties_is_kept_free():
    plan = plan_or_refuse(make_case(rules=hs.PatrolRules(effort=0, abstraction=0.9)))
    assert plan.budget["available_hours"].tolist() == pytest.approx([0.8])
    own = make_case()["units"].assign(abstraction=1.0)
    plan = plan_or_refuse(make_case(units=own))
    assert plan.visits.empty
    assert plan.coverage["why_none"].iloc[0] == (
        "its LPT has no officer-hours for visits on these days"
    )


def test_the_hour_that_march_skips_is_planned_by_nobody():
    night = make_units(("N", "Hanley", "night", "constable", 2, "foot"))
    rules = hs.PatrolRules(effort=0, gap_min=0, max_per_shift=12, max_per_day=24)
    spring = plan_or_refuse(make_case(units=night, start="2026-03-28", rules=rules))
    lost = spring.visits["arrive"].dt.strftime("%m-%d %H").eq("03-29 01")
    assert len(spring.visits) > 10
    assert not lost.any()
    autumn = plan_or_refuse(make_case(units=night, start="2026-10-24", rules=rules))
    assert autumn.visits["arrive"].dt.hour.eq(1).any()
    assert "clocks change in the night to Sun 25 Oct" in autumn.text


def test_a_hotspot_outside_every_lpt_leaves_a_plan_for_the_rest():
    spots = make_hotspots(("A", "Hanley", 5000, 5000, 50), ("X", "Mars", 5600, 5000, 90))
    plan = plan_or_refuse(make_case(hotspots=spots))
    assert plan.coverage["visits"].gt(0).tolist() == [True, False]
    assert plan.coverage.loc["X", "why_none"] == "it lies in none of the LPTs given"
    with pytest.raises(hs.InputError, match="hotspots: none lies in an LPT among the lpts"):
        hs.plan_patrols(**make_case(hotspots=spots.loc[["X"]]))


@pytest.mark.parametrize("empty", [None, np.nan])
def test_a_hotspot_without_an_lpt_is_one_outside_them(empty):
    spots = make_case()["hotspots"].copy()
    spots["lpt"] = pd.Series(["Hanley", empty], index=spots.index, dtype="object")
    given_ = spots.copy()
    plan = hs.plan_patrols(**make_case(hotspots=given_))
    assert plan.coverage["visits"].gt(0).tolist() == [True, False]
    assert plan.coverage.loc["B", "why_none"] == "it lies in none of the LPTs given"
    pd.testing.assert_frame_equal(given_, spots)


def test_a_shift_that_starts_twice_on_a_day_is_refused():
    split = make_shifts(shift=["late", "late", "night"], days=[None, "Fri Sat", None])
    with pytest.raises(hs.InputError, match="starts more than once on Fri, Sat; give each start"):
        hs.plan_patrols(**make_case(shifts=split))


def test_hours_for_an_lpt_that_is_not_there_are_refused():
    rules = hs.PatrolRules(effort=0, officer_hours={"Hanly": 8.0})
    with pytest.raises(hs.InputError, match="officer_hours: LPT 'Hanly' is not among the lpts"):
        hs.plan_patrols(**make_case(rules=rules))


def test_two_shifts_that_start_together_count_on_one_another():
    shifts = make_shifts(shift=["a", "b", "c"], start=["15:00"] * 3, end=["23:00"] * 3)
    units = make_units(("U", "Hanley", "a", "constable", 1, "foot"),
                       ("V", "Hanley", "b", "constable", 1, "foot"))  # fmt: skip
    spots = make_hotspots(*((f"H{i}", "Hanley", 5000 + 300 * i, 5000, 50) for i in range(5)))
    rules = hs.PatrolRules(effort=0, max_per_day=2)
    plan = plan_or_refuse(make_case(hotspots=spots, shifts=shifts, units=units, rules=rules))
    assert plan.coverage["visits"].tolist() == [2] * 5
    assert (plan.budget["visits"] >= 3).all()  # not all by the first


@pytest.mark.parametrize(("share", "most"), [(0.3, [4]), (0.1, [6])])
def test_the_share_of_one_hotspot_holds_in_the_routes_as_shared_out(share, most):
    spots = make_hotspots(*((f"H{i}", "Hanley", 5000 + 300 * i, 5000, 900 if i == 0 else 9)
                            for i in range(4)))  # fmt: skip
    units = make_units(("U", "Hanley", "late", "constable", 1, "foot"))
    rules = hs.PatrolRules(effort=0, top_share=share, max_per_shift=2, least_per_week={})
    plan = plan_or_refuse(make_case(hotspots=spots, units=units, rules=rules, days=3))
    told = "most of an LPT's visits to one hotspot" in plan.text
    got = plan.coverage["visits"]
    assert told == (got.max() >= share * got.sum() + 1)
    assert got.max() >= most[0]  # a share nobody can keep, as four at 10%, takes none away


def test_one_hotspot_and_none():
    one = make_case()["hotspots"].iloc[:1]
    assert plan_or_refuse(make_case(hotspots=one)).coverage["visits"].iloc[0] >= 1
    none = plan_or_refuse(make_case(hotspots=make_hotspots()))
    assert none.visits.empty
    assert "no hotspots were given" in none.text


def test_no_units_at_all():
    plan = plan_or_refuse(make_case(units=make_case()["units"].iloc[:0]))
    assert plan.visits.empty
    assert set(plan.coverage["why_none"]) == {"no unit serves its LPT"}


def test_faults_of_every_table_come_in_one_error():
    case = make_case()
    case["units"] = case["units"].assign(abstraction=40.0, kind="traffic")
    case["shifts"] = case["shifts"].assign(start="7am")
    case["rules"] = hs.PatrolRules(tasks=ONLY_CONSTABLES.assign(constable=False, officers=3.0))
    case["hotspots"] = gpd.GeoDataFrame(case["hotspots"].assign(incidents=[-1, np.nan]))
    with pytest.raises(hs.InputError) as error:
        hs.plan_patrols(**case | {"start": "2026-02-30", "days": 0})
    for part in ("abstraction is 40; it is a share, 0 to 1: write 0.4 for 40%",
                 "kind is 'traffic'", "start is '7am'", "tasks: task 'search': nobody may do it",
                 "officers is 3", "incidents", "start is '2026-02-30'", "days is 0"):  # fmt: skip
        assert part in str(error.value), part


# --- the checker of the tests sees what it must --------------------------------------------------


@pytest.fixture(scope="module")
def sound():
    """Return a plan of two teams with drugs by night, an end base, response and a budget."""
    spots = make_hotspots(
        ("A", "Hanley", 5000, 5000, 50), ("B", "Hanley", 5600, 5000, 40),
        ("C", "Hanley", 5000, 5700, 30), category=["Drugs", "Burglary", "Drugs"],
    )  # fmt: skip
    units = make_units(
        ("C1", "Hanley", "late", "constable", 2, "foot"),
        ("P1", "Hanley", "late", "pcso", 1, "foot"),
        ("R1", "Hanley", "late", "constable", 2, "vehicle"),
        base_easting=5000.0, base_northing=5000.0, end_easting=[5600.0, np.nan, np.nan],
        end_northing=[5000.0, np.nan, np.nan], team=[None, None, "response"],
        abstraction=[0.2, np.nan, np.nan],
    )  # fmt: skip
    rules = hs.PatrolRules(effort=0, officer_hours=8.0, least_per_week={"A": 30.0})
    case = make_case(hotspots=spots, units=units, rules=rules)
    return plan_or_refuse(case), case


def test_the_sound_plan_holds_what_is_to_be_broken(sound):
    plan, _ = sound
    assert {"C1", "P1"} == set(plan.visits["unit"])
    assert len(plan.between_jobs) == 1
    assert plan.teams.loc["C1", ["end_easting", "end_northing"]].tolist() == [5600.0, 5000.0]


@pytest.mark.parametrize(
    "damage",
    [
        lambda p: {"visits": p.visits.assign(unit=p.visits["unit"].replace("C1", "R1"))},
        lambda p: {"visits": p.visits.assign(task="enforcement")},
        lambda p: {"visits": p.visits.assign(task="visibility")},
        lambda p: {"teams": p.teams.assign(end_easting=5000.0)},
        lambda p: {"budget": p.budget.assign(
            available_hours=p.budget["available_hours"] + 1.6)},
        lambda p: {"said": p.said.replace("Not met in full", "Nearly met")},
        lambda p: {"between_jobs": pd.concat([p.between_jobs, p.between_jobs])},
        lambda p: {"between_jobs": p.between_jobs.assign(unit="P1")},
        lambda p: {"visits": p.visits.assign(
            return_min=p.visits["return_min"].where(p.visits["return_min"] == 0, 0.5))},
    ],
)  # fmt: skip
def test_the_checker_refuses_damage(sound, damage):
    from dataclasses import replace

    plan, case = sound
    given_ = {name: case[name] for name in ("hotspots", "shifts", "units", "start", "days",
                                            "rules")}  # fmt: skip
    check_plan(plan, **given_)
    with pytest.raises(AssertionError):
        check_plan(replace(plan, **damage(plan)), **given_)


def test_the_checker_refuses_hours_over_the_budget_and_lone_officers_by_night(sound):
    plan, case = sound
    given_ = {name: case[name] for name in ("hotspots", "shifts", "units", "start", "days")}
    tight = hs.PatrolRules(effort=0, officer_hours=1.0, least_per_week={"A": 30.0})
    with pytest.raises(AssertionError, match="over the plan's hours"):
        check_plan(plan, **given_, rules=tight)
    for_one = hs.PatrolRules(effort=0, officer_hours={"Hanley": 1.0}, least_per_week={"A": 30.0})
    with pytest.raises(AssertionError, match="over the hours of Hanley"):
        check_plan(plan, **given_, rules=for_one)
    lone = case["units"].assign(officers=1)
    earlier = hs.PatrolRules(effort=0, officer_hours=8.0, least_per_week={"A": 30.0},
                             pairs_from="00:00", pairs_to="23:59")  # fmt: skip
    with pytest.raises(AssertionError, match="one officer where"):
        check_plan(plan, **given_ | {"units": lone}, rules=earlier)
