"""Patrol plans: within the hours, the gaps and the roads; the best visits; reasons; messages."""

from itertools import pairwise, permutations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from plan_checker import check_plan

import hotspots as hs
from hotspots.patrols.search import Problem, Tour, route
from hotspots.patrols.wording import clock_changes
from hotspots.patrols.words import period

START = "2026-03-02"  # a Monday


def make_hotspots(*spots, crs="EPSG:27700", **columns):
    """Make a hotspots table from (id, lpt, x, y, incidents), drawn by hand as 200 m squares."""
    ids, lpt, x, y, count = zip(*spots, strict=True) if spots else ([], [], [], [], [])
    n = len(ids)
    frame = gpd.GeoDataFrame(
        {
            "rank": np.arange(1, n + 1),
            "heat": np.array(count, dtype=float),
            "incidents": np.array(count, dtype="int64"),
            "area_km2": np.full(n, 0.04),
            "lpt": pd.Series(list(lpt), dtype="str").to_numpy(),
            "method": ["drawn by hand"] * n,
            "period_start": pd.to_datetime(["2025-01-01"] * n),
            "period_end": pd.to_datetime(["2026-01-01"] * n),
            **columns,
        },
        geometry=[shapely.box(a - 100, b - 100, a + 100, b + 100) for a, b in zip(x, y)],  # noqa: B905
        index=pd.Index(list(ids), name="hotspot", dtype="str"),
        crs=crs,
    )
    return frame.astype({"method": "str", "lpt": "str"})


def make_lpts(*names):
    shapes = [shapely.box(20_000 * i, 0, 20_000 * i + 19_000, 19_000) for i in range(len(names))]
    index = pd.Index(names, name="lpt")
    return gpd.GeoDataFrame({"area_km2": 361.0}, geometry=shapes, index=index, crs="EPSG:27700")


def make_units(*rows, **columns):
    frame = pd.DataFrame(rows, columns=["unit", "lpt", "shift", "kind", "officers", "mode"])
    return frame.assign(**columns).set_index("unit")


def make_shifts(**columns):
    day = {"shift": ["early", "late", "night"], "start": ["07:00", "15:00", "22:00"],
           "end": ["15:00", "23:00", "07:00"]}  # fmt: skip
    return pd.DataFrame(day | columns)


def plan_and_check(hotspots, shifts, units, *, lpts=None, start=START, days=1, rules=None, seed=0):
    """Plan, and prove with the independent checker that the plan keeps every rule."""
    rules = rules or hs.PatrolRules(effort=0)
    lpts = make_lpts("Hanley") if lpts is None else lpts
    plan = hs.plan_patrols(hotspots, lpts=lpts, shifts=shifts, units=units, start=start,
                           days=days, rules=rules, seed=seed)  # fmt: skip
    return check_plan(plan, hotspots=hotspots, shifts=shifts, units=units, start=start,
                      days=days, rules=rules)  # fmt: skip


@pytest.fixture
def town():
    """Twelve hotspots within 1.5 km of one another, with falling counts."""
    rng = np.random.default_rng(3)
    places = rng.uniform(5000, 6500, (12, 2)).round()
    return make_hotspots(*((f"H{i:02d}", "Hanley", x, y, 120 - 9 * i)
                           for i, (x, y) in enumerate(places)))  # fmt: skip


@pytest.fixture
def crew():
    return make_units(("P1", "Hanley", "late", "pcso", 1, "foot"),
                      ("C1", "Hanley", "late", "constable", 2, "vehicle"),
                      ("N1", "Hanley", "night", "constable", 2, "vehicle"))  # fmt: skip


# --- the plan keeps its promises -----------------------------------------------------------------


def test_a_week_over_midnight_keeps_every_rule_and_uses_the_hours(town, crew):
    shifts = make_shifts(briefing_min=30, debrief_min=15, break_min=45,
                         break_start=["11:00", "19:00", "02:00"])  # fmt: skip
    plan = plan_and_check(town, shifts, crew, days=7)
    assert (plan.coverage["visits"] > 0).all()
    assert plan.budget["planned_hours"].sum() > 0.5 * plan.budget["available_hours"].sum()
    night = plan.visits[plan.visits["shift"] == "night"]
    assert (night["arrive"].dt.normalize() > night["date"]).any()  # over midnight, same duty day
    assert plan.coverage["visits"].corr(plan.coverage["need"]) > 0


def test_the_gap_holds_between_shifts_that_overlap_and_across_days():
    one = make_hotspots(("H", "Hanley", 5000, 5000, 10))
    shifts = pd.DataFrame({"shift": ["a", "b", "c"], "start": ["00:00", "06:00", "12:00"],
                           "end": ["12:00", "18:00", "00:00"]})  # fmt: skip
    units = make_units(*((s, "Hanley", s, "constable", 1, "foot") for s in "abc"))
    rules = hs.PatrolRules(max_per_day=24, max_per_shift=12)
    plan = plan_and_check(one, shifts, units, days=3, rules=rules)
    # 72 hours hold at most 32 visits of 15 min with 120 min between
    assert 24 <= len(plan.visits) <= 32


def test_one_hotspot_in_one_shift_gets_the_visits_that_fit():
    one = make_hotspots(("H", "Hanley", 5000, 5000, 10))
    units = make_units(("U", "Hanley", "late", "constable", 1, "foot"))
    shifts = make_shifts()
    assert len(plan_and_check(one, shifts, units).visits) == 3  # the rule's most
    short = make_shifts(end=["15:00", "17:30", "07:00"])  # 150 min = 15 + 120 + 15, just
    assert len(plan_and_check(one, short, units).visits) == 2
    shorter = make_shifts(end=["15:00", "17:29", "07:00"])
    assert len(plan_and_check(one, shorter, units).visits) == 1


def test_more_units_than_hotspots_do_not_crowd_one_place():
    one = make_hotspots(("H", "Hanley", 5000, 5000, 10))
    units = make_units(*((f"U{i}", "Hanley", "late", "constable", 1, "foot") for i in range(5)))
    assert len(plan_and_check(one, make_shifts(), units).visits) == 3


def test_officer_hours_caps_of_shift_and_unit_are_kept(town, crew):
    capped = plan_and_check(town, make_shifts(officer_hours=2.0), crew)
    assert capped.budget["available_hours"].tolist() == [2.0, 2.0]
    assert (capped.budget["planned_hours"] > 1.0).all()
    own = plan_and_check(town, make_shifts(), crew.assign(officer_hours=[1.0, 2.0, 0.0]))
    assert own.budget["available_hours"].tolist() == [3.0, 0.0]
    none = plan_and_check(town, make_shifts(officer_hours=0.0), crew)
    assert len(none.visits) == 0
    assert set(none.coverage["why_none"]) == {
        "its LPT has no officer-hours for visits on these days"
    }


def test_capped_hours_are_shared_among_equal_units(town):
    units = make_units(*((f"U{i}", "Hanley", "late", "constable", 1, "foot") for i in range(3)))
    plan = plan_and_check(town, make_shifts(officer_hours=4.0), units)
    assert set(plan.visits["unit"]) == {"U0", "U1", "U2"}


def test_days_and_an_lpts_own_shift_are_followed(town):
    shifts = pd.DataFrame({"shift": ["late", "late"], "start": ["15:00", "18:00"],
                           "end": ["23:00", "02:00"], "lpt": [None, "Hanley"],
                           "days": [None, "Fri Sat"]})  # fmt: skip
    units = make_units(("U", "Hanley", "late", "constable", 1, "foot"))
    plan = plan_and_check(town, shifts, units, days=7)
    assert plan.budget["date"].dt.day_name().tolist() == ["Friday", "Saturday"]
    assert plan.budget["start"].dt.hour.tolist() == [18, 18]


def test_units_stay_in_their_own_lpt():
    spots = make_hotspots(("A", "Hanley", 5000, 5000, 10), ("B", "Leek", 25_000, 5000, 10))
    units = make_units(("U", "Hanley", "late", "constable", 1, "vehicle"))
    plan = plan_and_check(spots, make_shifts(), units, lpts=make_lpts("Hanley", "Leek"))
    assert set(plan.visits["hotspot"]) == {"A"}
    assert plan.coverage.loc["B", "why_none"] == "no unit serves its LPT"
    assert "No visit to 1 (no unit serves its LPT): B." in plan.text


def test_beyond_reach_is_said_and_not_planned():
    spots = make_hotspots(("near", "Hanley", 1000, 1000, 50), ("far", "Hanley", 19_000, 1000, 40))
    units = make_units(("U", "Hanley", "late", "pcso", 1, "foot"),
                       base_easting=1000.0, base_northing=1000.0)  # fmt: skip
    shifts = make_shifts(break_start=[None, "19:00", None], break_min=[None, 45.0, None])
    plan = plan_and_check(spots, shifts, units)
    assert plan.coverage.loc["far", "visits"] == 0
    assert plan.coverage.loc["far", "why_none"].startswith("beyond reach")


def test_response_units_get_no_timed_visits(town):
    units = make_units(("R1", "Hanley", "late", "response", 2, "vehicle"))
    plan = plan_and_check(town, make_shifts(), units)
    assert len(plan.visits) == 0
    assert "1 response unit without timed visits" in plan.text
    assert "only response units" in plan.coverage["why_none"].iloc[0]


def make_instance(seed):
    """Draw hotspots, shifts and units at random, night shifts, breaks and bare cases included."""
    rng = np.random.default_rng(seed)

    def one_of(*choices):
        return choices[rng.integers(len(choices))]

    def clock(half):
        return f"{half // 2 % 24:02d}:{half % 2 * 30:02d}"

    lpts = ["Hanley", "Leek"][: one_of(1, 2)]
    wide = one_of(300, 2000, 9000)
    spots = [
        (f"H{i}", one_of(*lpts), *rng.integers(0, wide, 2), one_of(0, *rng.integers(1, 200, 5)))
        for i in range(one_of(0, 1, 4, 8, 12))
    ]
    rows = []
    for name in ("a", "b", "c")[: one_of(1, 2, 3)]:
        start, length = int(rng.integers(48)), int(rng.integers(3, 25))
        row = {
            "shift": name, "start": clock(start), "end": clock(start + length),
            "briefing_min": one_of(0.0, 10.0, 30.0), "debrief_min": one_of(0.0, 15.0, 30.0),
            "break_start": None, "break_min": None,
            "officer_hours": one_of(None, None, None, 0.0, 6.0),
        }  # fmt: skip
        if length >= 4 and one_of(True, False):
            row["break_start"] = clock(start + int(rng.integers(length - 2)))
            row["break_min"] = one_of(15.0, 45.0, 60.0)
        rows.append(row)
    units = [
        {
            "unit": f"U{i}", "lpt": one_of(*lpts), "shift": one_of(*(r["shift"] for r in rows)),
            "kind": one_of("constable", "constable", "pcso", "special", "response"),
            "officers": one_of(1, 2), "mode": one_of("foot", "cycle", "vehicle"),
            "base_easting": 400.0, "base_northing": 300.0,
            "officer_hours": one_of(None, None, None, 0.0, 4.0),
        } | one_of({}, {"base_easting": None, "base_northing": None})
        for i in range(one_of(1, 5, 10))
    ]  # fmt: skip
    numbers = dict.fromkeys(["base_easting", "base_northing", "officer_hours"], float)
    rules = hs.PatrolRules(
        dwell_min=int(rng.integers(10, 21)), gap_min=one_of(0, 30, 120, 120, 600),
        max_per_shift=one_of(1, 2, 4), max_per_day=one_of(1, 3, 8), effort=seed % 2,
    )  # fmt: skip
    return {
        "hotspots": make_hotspots(*spots), "lpts": make_lpts(*lpts), "rules": rules, "seed": seed,
        "shifts": pd.DataFrame(rows).astype({"break_min": float, "officer_hours": float}),
        "units": pd.DataFrame(units).astype(numbers).set_index("unit"), "days": one_of(1, 2, 3),
    }  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**9))
def test_no_plan_breaks_a_rule(seed):
    plan_and_check(**make_instance(seed))


def test_the_random_plans_hold_visits_to_check():
    found = [len(plan_and_check(**make_instance(seed)).visits) for seed in range(20)]
    assert sum(found) > 100
    assert sum(n == 0 for n in found) >= 3  # bare cases too


def test_the_checker_sees_what_it_must(town, crew):
    """Break a good plan in each way and see the checker refuse it."""
    shifts, rules = make_shifts(), hs.PatrolRules()
    plan = plan_and_check(town, shifts, crew, days=2)
    given_ = {"hotspots": town, "shifts": shifts, "units": crew, "start": START, "days": 2,
              "rules": rules}  # fmt: skip

    def broken(**changes):
        fields = {n: getattr(plan, n) for n in plan.__dataclass_fields__}
        return hs.PatrolPlan(**(fields | changes))

    spoilt = {}
    first = plan.visits.index[0]
    spoilt["a gap"] = pd.concat([plan.visits, plan.visits.iloc[[0]].rename({first: "again"})])
    early = {name: plan.visits[name] - pd.Timedelta("10h") for name in ("arrive", "depart")}
    spoilt["off duty"] = plan.visits.assign(**early)
    spoilt["too long"] = plan.visits.assign(depart=lambda v: v["depart"] + pd.Timedelta("5min"))
    spoilt["no travel"] = plan.visits.assign(travel_min=0.0)
    spoilt["missing"] = plan.visits.iloc[1:]
    for visits in spoilt.values():
        with pytest.raises(AssertionError):
            check_plan(broken(visits=visits), **given_)
    with pytest.raises(AssertionError):
        check_plan(broken(budget=plan.budget.assign(available_hours=0.1)), **given_)


# --- the best visits -----------------------------------------------------------------------------

DEPOT = np.array([[1, 0], [1, 1], [4, 0], [0, 3], [-2, 0], [0, 0]]) * 1000.0
VALUES = [10.0, 8.0, 20.0, 12.0, 6.0]


def tour_minutes(travel, order, dwell=15.0):
    stops = [-1, *order, -1]
    return sum(travel[a, b] for a, b in pairwise(stops)) + dwell * len(order)


def best_by_enumeration(travel, values, limit, dwell=15.0):
    best = (0.0, 0.0, ())
    for size in range(1, len(values) + 1):
        for order in permutations(range(len(values)), size):
            minutes = tour_minutes(travel, order, dwell)
            if minutes <= limit:
                best = max(best, (sum(values[h] for h in order), -minutes, order))
    return best


def one_tour(travel, values, limit):
    """Describe one unit's time as a shift to route: each hotspot once, at any time."""
    n, ends = len(values), [*range(len(values)), -1, -1]
    return Problem(
        [Tour(0, limit, travel[np.ix_(ends, ends)])], place=range(n), value=values, opens=[0] * n,
        closes=[limit] * n, most=[1] * n, most_at=[1] * n, before=[0] * n, taken=[[]] * n,
        caps=[], dwell=15, gap=120, decay=0.6,
    )  # fmt: skip


def test_the_known_orienteering_case():
    travel = hs.PatrolRules().travel_minutes(DEPOT, DEPOT, "vehicle")
    assert tour_minutes(travel, [0, 2]) == pytest.approx(50.80, abs=0.005)
    value, minutes, order = best_by_enumeration(travel, VALUES, 60)
    assert (value, -minutes, set(order)) == (30.0, pytest.approx(50.80, abs=0.005), {0, 2})
    found = route(one_tour(travel, VALUES, 60), np.random.default_rng(0), 1)[0]
    assert {h for h, _ in found} == {0, 2}


def test_the_route_is_near_the_best_of_all_orders():
    """On 20 random cases of six and seven hotspots, against enumeration."""
    ratios = []
    for case in range(20):
        rng = np.random.default_rng(case)
        n = 6 + case % 2
        places = rng.uniform(0, 5000, (n + 1, 2))
        travel = hs.PatrolRules().travel_minutes(places, places, "vehicle")
        values = rng.uniform(1, 10, n).tolist()
        limit = float(rng.uniform(60, 110))
        best, *_ = best_by_enumeration(travel, values, limit)
        found = route(one_tour(travel, values, limit), rng, 1)[0]
        ratios.append(sum(values[h] for h, _ in found) / best)
        assert ratios[-1] <= 1 + 1e-9
    assert np.mean(ratios) > 0.995
    assert min(ratios) > 0.95


def test_need_weighs_counts_and_harm():
    spots = make_hotspots(
        ("A", "Hanley", 0, 0, 80), ("B", "Hanley", 500, 0, 20), harm=[100.0, 900.0]
    )

    def need_of(spots, weight):
        return hs.patrol_demand(spots, rules=hs.PatrolRules(count_weight=weight)).need["need"]

    # sqrt(.8 × .1) = .2828 and sqrt(.2 × .9) = .4243, made to sum to one
    assert need_of(spots, 0.5).tolist() == pytest.approx([0.4, 0.6], abs=1e-9)
    assert need_of(spots, 1.0).tolist() == pytest.approx([0.8, 0.2])
    assert need_of(spots.drop(columns="harm"), 0.5).tolist() == pytest.approx([0.8, 0.2])


# --- chance, and what it may not touch -----------------------------------------------------------


def test_the_same_seed_gives_the_same_plan_and_another_does_not(town, crew):
    once = plan_and_check(town, make_shifts(), crew, seed="force key")
    again = plan_and_check(town, make_shifts(), crew, seed="force key")
    other = plan_and_check(town, make_shifts(), crew, seed="other")
    pd.testing.assert_frame_equal(once.visits, again.visits)
    assert once.visits["arrive"].tolist() != other.visits["arrive"].tolist()


def test_another_lpt_or_day_changes_nothing_else(town, crew):
    short = plan_and_check(town, make_shifts(), crew, days=2)
    long = plan_and_check(town, make_shifts(), crew, days=4)
    columns = ["hotspot", "unit", "arrive"]
    kept = long.visits[long.visits["date"] < pd.Timestamp("2026-03-04")]
    pd.testing.assert_frame_equal(short.visits[columns], kept[columns])
    more = pd.concat([town, make_hotspots(("L", "Leek", 25_000, 500, 999))])
    units = pd.concat([crew, make_units(("L1", "Leek", "late", "pcso", 1, "foot"))])
    wide = plan_and_check(more, make_shifts(), units, lpts=make_lpts("Hanley", "Leek"), days=2)
    mine = wide.visits[wide.visits["lpt"] == "Hanley"]
    pd.testing.assert_frame_equal(short.visits[columns], mine[columns])


def test_arrivals_differ_from_day_to_day(town, crew):
    plan = plan_and_check(town, make_shifts(), crew.loc[["C1"]], days=7)
    first = plan.visits.groupby(["hotspot", "date"])["arrive"].min()
    minute = (first - first.index.get_level_values("date")) / pd.Timedelta("1min")
    spread = minute.groupby(level="hotspot").std().dropna()  # one seen once has none
    assert spread.median() > 30


def test_inputs_are_left_as_they_were(town, crew):
    shifts = make_shifts(lpt=None)
    before = town.copy(), shifts.copy(), crew.copy()
    plan_and_check(town, shifts, crew)
    for then, now in zip(before, (town, shifts, crew), strict=True):
        pd.testing.assert_frame_equal(then, now)


# --- what it says --------------------------------------------------------------------------------


def test_reasons_are_readable_and_short(town, crew):
    named = town.assign(name=["Market Lane " * 20] + ["Bus Station"] * 11)
    plan = plan_and_check(named, make_shifts(), crew)
    said = plan.visits.loc[plan.visits["hotspot"] == "H01", "reason"].iloc[0]
    assert said.startswith(
        "Bus Station, 2nd of 12 in Hanley: 111 incidents, Jan–Dec 2025; task: visibility; visit "
    )
    assert plan.visits["reason"].str.len().max() == 160  # the long name was cut, not the rest
    long = plan.reasons.loc["H01", "reason"]
    assert "stands 2nd of 12 by need in Hanley: 111 incidents" in long
    assert "Method: drawn by hand." in long
    # 120 above it: ten more make 121; 102 below: ten fewer make 101
    change = plan.reasons.loc["H01", "would_change"]
    assert change.startswith("10 more incidents like its own would lift it a place and 10 fewer")


def test_the_reason_names_the_harm_that_the_rank_rests_on(town, crew):
    harmed = town.assign(harm=[1.0, 2000.0] + [10.0] * 10, name="Two\nlines")
    reason = plan_and_check(harmed, make_shifts(), crew).visits
    reason = reason.loc[reason["hotspot"] == "H01", "reason"].iloc[0]
    assert reason.startswith("Two lines, 1st of 12 in Hanley: 111 incidents, 2,000 days of harm, ")


def test_harm_in_proportion_to_the_incidents_is_not_told_twice(town, crew):
    alike = town.assign(harm=town["incidents"] * 1.0)  # one weight for all, as ASB has
    plan = plan_and_check(alike, make_shifts(), crew)
    assert not plan.visits["reason"].str.contains("harm").any()
    assert plan.reasons["share_harm"].isna().all()
    assert "Need is counts alone" in plan.text


def test_hotspots_side_by_side_and_bases_far_away_are_said(crew):
    beside = make_hotspots(("A", "Hanley", 5000, 5000, 60), ("B", "Hanley", 5210, 5000, 50),
                           ("C", "Hanley", 6500, 5000, 40))  # fmt: skip
    apart = make_hotspots(("A", "Hanley", 5000, 5000, 60), ("B", "Hanley", 5900, 5000, 50))
    said = plan_and_check(beside, make_shifts(), crew).text
    assert "2 hotspots lie within 50 m of another (as A and B)" in said
    assert "lie within" not in plan_and_check(apart, make_shifts(), crew).text
    lonlat = crew.assign(base_easting=[-300_000.0, 5000.0, 5000.0], base_northing=5000.0)
    said = plan_and_check(apart, make_shifts(), lonlat).text
    assert said.count("check base_easting") == 1
    assert "The base of P1 lies 305 km from the nearest hotspot of Hanley" in said


@pytest.mark.parametrize(
    ("days", "dates"),
    [("Mon-Fri", 5), ("Monday to Wednesday", 3), ("Fri - Mon", 4), ("Sat, Sun", 2),
     ("tues;weds & Thursday", 3), ("Sun", 1), (None, 7)],
)  # fmt: skip
def test_days_are_read_as_written(town, crew, days, dates):
    shifts = make_shifts(days=pd.Series([days] * 3, dtype=object))
    plan = hs.plan_patrols(town, lpts=make_lpts("Hanley"), shifts=shifts, units=crew,
                           start=START, rules=hs.PatrolRules(effort=0))  # fmt: skip
    assert plan.budget["date"].nunique() == dates


def test_tables_of_nullable_types_are_read(town, crew):
    shifts, units = make_shifts().convert_dtypes(), crew.convert_dtypes()
    assert len(plan_and_check(town, shifts, units).visits)


def test_the_text_says_what_it_must(town, crew):
    plan = plan_and_check(town, make_shifts(), crew, days=2)
    for part in ("Mon 2 Mar 2026 to Tue 3 Mar 2026", f"{len(plan.visits):,} visits of 15 min",
                 "officer-hours", "counts alone (no harm beyond them)", "No hour of day is known",
                 "1.3 × straight line", "nothing is tasked", "no base coordinates"):  # fmt: skip
        assert part in plan.text
    assert "harm" in plan_and_check(town.assign(harm=5.0), make_shifts(), crew).text
    assert set(plan.tables) >= {"visits", "coverage", "reasons", "budget"}


def test_unequal_and_concentrated_plans_are_warned_of():
    spots = make_hotspots(("A", "Hanley", 5000, 5000, 900), ("B", "Leek", 25_000, 5000, 100),
                          ("C", "Leek", 25_300, 5000, 1))  # fmt: skip
    units = make_units(("U", "Hanley", "late", "pcso", 1, "foot"),
                       ("V", "Leek", "late", "pcso", 1, "foot"),
                       ("W", "Stone", "late", "pcso", 1, "foot"))  # fmt: skip
    lpts = make_lpts("Hanley", "Leek", "Stone")
    said = plan_and_check(spots, make_shifts(), units, lpts=lpts).text
    assert "Hours and need far apart (units stay in their LPT):" in said
    assert "of hours for 90% of need" in said
    assert "No hotspot lies in Stone: their hours are free." in said
    capped = make_shifts(lpt=[None, "Hanley", None])
    capped = pd.concat([capped, capped.iloc[[1]].assign(lpt="Leek", end="15:15")])
    said = plan_and_check(spots, capped, units.loc[["U", "V"]], lpts=lpts).text
    assert "Concentration:" not in said  # only two hotspots are visited at all


def test_no_hotspots_gives_an_empty_plan_that_says_so(crew):
    plan = plan_and_check(make_hotspots(), make_shifts(), crew)
    assert len(plan.visits) == 0
    assert (
        plan.text
        == "Patrol plan, Mon 2 Mar 2026: no hotspots were given, so no visits are planned."
    )


def test_hotspots_without_incidents_need_nothing(crew):
    plan = plan_and_check(make_hotspots(("A", "Hanley", 500, 500, 0)), make_shifts(), crew)
    assert len(plan.visits) == 0
    assert plan.coverage["why_none"].iloc[0].startswith("no need")


@pytest.mark.parametrize(
    ("first", "named"), [("2026-03-28", "Sun 29 Mar"), ("2026-10-24", "Sun 25 Oct")]
)
def test_a_night_when_the_clocks_change_is_planned_by_the_wall_clock(town, crew, first, named):
    plan = plan_and_check(town, make_shifts(), crew, start=first)
    assert f"clocks change in the night to {named}" in plan.text
    night = plan.budget[plan.budget["shift"] == "night"]
    assert (night["end"] - night["start"]).tolist() == [pd.Timedelta("9h")]
    assert clock_changes(pd.Timestamp("2026-03-02"), 7) == []


def test_periods_are_written_as_read():
    stamp = pd.Timestamp
    assert period(stamp("2024-07-01"), stamp("2025-07-01")) == "Jul 2024–Jun 2025"
    assert period(stamp("2025-03-01"), stamp("2025-04-01")) == "Mar 2025"
    assert period(stamp("2025-03-01 10:00"), stamp("2025-05-04 11:00")) == "Mar–May 2025"


# --- bad input -----------------------------------------------------------------------------------


def test_every_fault_is_named_at_once(town):
    shifts = make_shifts(
        start=["7am", "15:00", "22:00"],
        briefing_min=[0.0, 600.0, 0.0],
        break_start=[None, None, "20:00"],
        break_min=[None, None, 45.0],
    )
    units = make_units(("U1", "Hanley", "late", "traffic", 3, "boat"))
    with pytest.raises(hs.InputError) as caught:
        hs.plan_patrols(
            town, lpts=make_lpts("Leek"), shifts=shifts, units=units, start="soon", days=0
        )
    said = str(caught.value)
    for part in ("start is '7am'", "briefing and debrief take 600 min of a shift of 480 min",
                 "the break of 45 min at 20:00 does not lie inside the shift 22:00 to 07:00",
                 "kind is 'traffic'", "mode is 'boat'", "officers is 3",
                 "none lies in an LPT among the lpts", "start is 'soon'", "days is 0"):  # fmt: skip
        assert part in said, part


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"units": {"shift": "dawn"}}, "works shift 'dawn', which the shifts table does not hold"),
        ({"units": {"lpt": "Leek"}}, "units: LPT 'Leek' is not among the lpts (Hanley)"),
        ({"units": {"officer_hours": -1.0}}, "officer_hours is -1; it cannot be below 0"),
        ({"units": {"base_easting": 5.0}}, "give both base_easting and base_northing"),
        ({"units": {"officers": "two"}}, "it must be numbers"),
        ({"shifts": {"break_min": -5.0}}, "break_min is -5; it cannot be below 0"),
        ({"shifts": {"break_min": 30.0}}, "break_min is given without break_start"),
        ({"shifts": {"break_start": "15:30"}}, "break_start is given without break_min"),
        ({"shifts": {"briefing_min": float("inf")}}, "briefing_min is inf; give whole minutes"),
        ({"shifts": {"briefing_min": 7.5}}, "briefing_min is 7.5; give whole minutes"),
        ({"shifts": {"days": "Funday"}}, "days is 'Funday'"),
        ({"shifts": {"days": "Mon-Wed-Fri"}}, "days is 'Mon-Wed-Fri'"),
        ({"shifts": {"lpt": "Atlantis"}}, "shifts: LPT 'Atlantis' is not among"),
        ({"shifts": {"shift": "late"}}, "stands in 3 rows that overlap"),
        ({"hotspots": {"harm": -1.0}}, "harm of 'H00' is -1.0; it must be 0 or more"),
        ({"hotspots": {"incidents": float("nan")}}, "column 'incidents' is empty in 12 rows"),
        (
            {"hotspots": {"lpt": "Leek"}},
            "hotspots: none lies in an LPT among the lpts (they name 'Leek'",
        ),
        ({"start": "2026-03-02 10:00"}, "give a date alone"),
        ({"start": 20260302}, "start is 20260302"),
        ({"start": "02/03/2026"}, "give a date alone, year first"),
        ({"start": ""}, "start is ''"),
        ({"start": pd.NaT}, "start is NaT"),
        ({"hotspots": {"period_end": pd.Timestamp("1999-01-01")}}, "is after its period_end"),
        ({"days": 2.5}, "days is 2.5"),
        ({"seed": 1.5}, "seed is 1.5"),
        ({"rules": {"dwell_min": 15}}, "rules is of type dict; give PatrolRules"),
    ],
)
def test_each_fault_has_its_message(town, crew, change, said):
    given_ = {"hotspots": town, "shifts": make_shifts(), "units": crew, "start": START} | {
        k: v for k, v in change.items() if k not in ("hotspots", "shifts", "units")
    }
    for table in {"hotspots", "shifts", "units"} & set(change):
        given_[table] = given_[table].assign(**change[table])
    with pytest.raises(hs.InputError) as caught:
        hs.plan_patrols(given_.pop("hotspots"), lpts=make_lpts("Hanley"), **given_)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [("dwell_min", 45), ("dwell_min", 12.5), ("gap_min", -1), ("decay", 1.0), ("decay", "x"),
     ("max_per_shift", 0), ("foot_kmh", 0), ("count_weight", float("nan")), ("effort", True)],
)  # fmt: skip
def test_rules_out_of_range_are_refused(field, value):
    with pytest.raises(hs.InputError, match=f"{field} is "):
        hs.PatrolRules(**{field: value})


def test_hotspot_ids_that_are_no_text_are_refused(town, crew):
    with pytest.raises(hs.InputError, match="ids are int64, as 0; visits name them as text"):
        hs.plan_patrols(town.reset_index(drop=True), lpts=make_lpts("Hanley"),
                        shifts=make_shifts(), units=crew, start=START)  # fmt: skip


def test_hotspots_in_another_crs_than_the_lpts_are_refused(town, crew):
    with pytest.raises(hs.InputError, match="differ in CRS"):
        hs.plan_patrols(town.to_crs("EPSG:32630"), lpts=make_lpts("Hanley"),
                        shifts=make_shifts(), units=crew, start=START)  # fmt: skip


# --- files ---------------------------------------------------------------------------------------

SHIFT_CSV = """shift,start,end,days,briefing_min,break_start,break_min
late,14:00,22:00,,30,18:00,45

night,22:00,07:00,Fri Sat,30,,
"""
SHIFT_TOML = """
[[shift]]
shift = "late"
start = 14:00:00
end = "22:00"
briefing_min = 30
break_start = "18:00"
break_min = 45
[[shift]]
shift = "night"
start = "22:00"
end = "07:00"
days = ["Fri", "Sat"]
briefing_min = 30
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_shifts_read_the_same_from_any_csv(tmp_path, encoding, separator):
    path = tmp_path / "shifts.csv"
    path.write_bytes(SHIFT_CSV.replace("late", "späte").replace(",", separator).encode(encoding))
    shifts = hs.read_shifts(path)
    assert shifts["shift"].tolist() == ["späte", "night"]
    assert shifts["break_min"].tolist()[0] == 45.0
    assert shifts["break_start"].isna().tolist() == [False, True]


def test_shifts_read_the_same_from_toml(tmp_path):
    (tmp_path / "shifts.csv").write_text(SHIFT_CSV, encoding="utf-8")
    (tmp_path / "shifts.toml").write_text(SHIFT_TOML, encoding="utf-8")
    csv, toml = hs.read_shifts(tmp_path / "shifts.csv"), hs.read_shifts(tmp_path / "shifts.toml")
    pd.testing.assert_frame_equal(csv, toml[csv.columns])


def test_units_read_and_plan(tmp_path, town):
    (tmp_path / "shifts.csv").write_text(SHIFT_CSV, encoding="utf-8")
    (tmp_path / "units.toml").write_text(
        '[[unit]]\nunit = "P1"\nlpt = "Hanley"\nshift = "late"\nkind = "pcso"\nofficers = 2\n'
        'mode = "foot"\nbase_easting = 5500\nbase_northing = 5500\n', encoding="utf-8")  # fmt: skip
    units = hs.read_units(tmp_path / "units.toml")
    plan = plan_and_check(town, hs.read_shifts(tmp_path / "shifts.csv"), units)
    assert plan.teams.loc["P1", "base_from"] == "given"
    assert len(plan.visits) > 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it is empty"),
        ("shift,start,end\n", "it holds no rows"),
        ("shift,start\nlate,14:00\n", "column 'end' is missing"),
        ("shift,start,end\nlate,14:00\n", "line 2 has 2 values where the header has 3"),
        (
            "shift,start,end,break_min\nlate,14:00,22:00,long\n",
            "break_min is 'long'; it must be a number",
        ),
        ("shift,start,end\nlate,25:00,22:00\n", "start is '25:00'"),
    ],
)
def test_files_that_cannot_be_read_say_why(tmp_path, text, said):
    path = tmp_path / "shifts.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(hs.InputError, match=r"^shifts\.csv: ") as caught:
        hs.read_shifts(path)
    assert said in str(caught.value)


def test_toml_and_paths_that_cannot_be_read_say_why(tmp_path):
    path = tmp_path / "units.toml"
    path.write_text("[[unit]\n", encoding="utf-8")
    with pytest.raises(hs.InputError, match="not valid TOML"):
        hs.read_units(path)
    path.write_text('team = "x"\n', encoding="utf-8")
    with pytest.raises(hs.InputError, match=r"no \[\[unit\]\] tables"):
        hs.read_units(path)
    with pytest.raises(hs.InputError, match="there is no file"):
        hs.read_units(tmp_path / "none.csv")


@pytest.mark.realdata
def test_a_plan_for_a_real_county(shared):
    """Ten LPTs, eight squares drawn by hand in each, over a night the clocks change."""
    lpts = hs.read_lpts(shared / "data" / "boundaries" / "staffordshire_lpts.gpkg")
    spots = []
    for n, (lpt, shape) in enumerate(lpts.geometry.items()):
        rng = np.random.default_rng(n)
        centre = shape.representative_point()
        places = np.array([centre.x, centre.y]) + rng.normal(0, 1500, (8, 2))
        spots += [(f"{n}-{i}", lpt, x, y, 100 - 9 * i) for i, (x, y) in enumerate(places)]
    units = make_units(*((f"{n}{s}{m}", lpt, s, "constable", 1, m)
                         for n, lpt in enumerate(lpts.index) for s in ("late", "night")
                         for m in ("foot", "vehicle")))  # fmt: skip
    shifts = make_shifts(officer_hours=4.0)
    plan = plan_and_check(make_hotspots(*spots), shifts, units, lpts=lpts, start="2026-10-23",
                          days=3, rules=hs.PatrolRules(effort=1))  # fmt: skip
    assert set(plan.visits["lpt"]) == set(lpts.index)
    used = plan.budget["planned_hours"].sum() / plan.budget["available_hours"].sum()
    assert used > 0.8
