"""Reasons of a plan: what they say is true of the tables, short, and the same in any order."""

import dataclasses
import itertools

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

import hotspots as hs
from hotspots.patrols.basis import Basis
from hotspots.patrols.lines import in_peak, one_line
from hotspots.patrols.reasons import rank_range
from hotspots.patrols.tasks import choose_tasks, read_tasks
from hotspots.patrols.unpredictability import random_bits, unpredictability
from hotspots.patrols.wording import Draft, put_in_words
from hotspots.report.columns import about

START = pd.Timestamp("2026-03-02")  # a Monday
LPTS = gpd.GeoDataFrame(
    {"area_km2": [100.0, 100.0], "population": [60_000.0, 40_000.0]},
    geometry=[shapely.box(0, 0, 10_000, 10_000), shapely.box(10_000, 0, 20_000, 10_000)],
    index=pd.Index(["Hanley", "Leek"], name="lpt"), crs="EPSG:27700",
)  # fmt: skip
TASKS = read_tasks()
NONE = {name: pd.DataFrame() for name in ("between_jobs", "floors", "costs")}


def make_spots(*rows, **columns):
    """Make hotspots of (id, lpt, x, incidents), squares of 200 m drawn by hand."""
    ids, lpt, x, count = zip(*rows, strict=True)
    frame = gpd.GeoDataFrame(
        {"rank": range(1, len(rows) + 1), "heat": np.array(count, float),
         "incidents": np.array(count), "area_km2": 0.04, "lpt": lpt, "method": "drawn by hand",
         "period_start": pd.Timestamp("2025-01-01"), "period_end": pd.Timestamp("2026-01-01"),
         **columns},
        geometry=[shapely.box(at, 500, at + 200, 700) for at in x],
        index=pd.Index(ids, name="hotspot"), crs="EPSG:27700",
    )  # fmt: skip
    return frame.astype({"lpt": "str", "method": "str"})


def make_demand(spots, hour=None, spread=1, **given_):
    """Weigh hotspots; with ``hour``, give each 400 incidents within ``spread`` hours of it."""
    if hour is None:
        return hs.patrol_demand(spots, on="2026-03-02", **given_)
    return hs.patrol_demand(spots, make_incidents(spots, hour, spread), on="2026-03-02", **given_)


def make_incidents(spots, hour, spread=1, number=400, police=0.0, seed=0):
    rng = np.random.default_rng(seed)
    parts = []
    for lpt, shape in zip(spots["lpt"], spots.geometry, strict=True):
        x0, y0, x1, y1 = shape.bounds
        day = pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.integers(0, 365, number), unit="D")
        at = day + pd.to_timedelta((hour * 60 + rng.integers(0, spread * 60, number)), unit="min")
        parts.append(pd.DataFrame({
            "category": "Violence", "occurred_from": at, "occurred_to": at, "lpt": lpt,
            "origin": np.where(rng.random(number) < police, "police", "public"),
            "x": rng.uniform(x0 + 1, x1 - 1, number), "y": rng.uniform(y0 + 1, y1 - 1, number),
        }))  # fmt: skip
    rows = pd.concat(parts, ignore_index=True)
    points = gpd.points_from_xy(rows.pop("x"), rows.pop("y"))
    frame = gpd.GeoDataFrame(rows, geometry=points, crs="EPSG:27700")
    return frame.astype({"category": "str", "lpt": "str", "origin": "str"})


UNITS = pd.DataFrame(
    [("P1", "Hanley", "late", "pcso", 2, "foot"),
     ("C1", "Hanley", "late", "constable", 1, "vehicle"),
     ("C2", "Leek", "late", "constable", 2, "vehicle")],
    columns=["unit", "lpt", "shift", "kind", "officers", "mode"],
).set_index("unit")  # fmt: skip
SHIFTS = pd.DataFrame({"shift": ["late"], "start": ["15:00"], "end": ["23:00"]})


def write_plan(demand, *visits, days=2, rules=None, reached=True):
    """Write a plan by hand from (hotspot, unit, day, clock), with no planner."""
    rules = rules or hs.PatrolRules()
    tasks = TASKS if rules.tasks is None else rules.tasks
    chosen = choose_tasks(demand.need, tasks)
    rows = []
    for n, (spot, unit, day, clock) in enumerate(visits):
        date = START + pd.Timedelta(days=day)
        at = date + pd.Timedelta(f"{clock}:00")
        who = UNITS.loc[unit]
        rows.append({
            "visit": f"V{n:02}", "hotspot": spot, "lpt": demand.need.loc[spot, "lpt"], "unit": unit,
            "shift": who["shift"], "arrive": at, "depart": at + pd.Timedelta(minutes=15),
            "order": n, "travel_min": 5.0, "tactic": "", "date": date, "officers": who["officers"],
            "mode": who["mode"], "return_min": 4.0, "task": chosen[spot],
        })  # fmt: skip
    names = ["visit", "hotspot", "lpt", "unit", "shift", "arrive", "depart", "order", "travel_min",
             "tactic", "date", "officers", "mode", "return_min", "task"]  # fmt: skip
    table = pd.DataFrame(rows, columns=names).set_index("visit")
    for name in ("arrive", "depart", "date"):
        table[name] = table[name].astype("datetime64[s]")
    table = table.astype({"travel_min": float, "return_min": float, "officers": int, "order": int})
    budget = pd.DataFrame([
        {"date": START + pd.Timedelta(days=day), "lpt": lpt, "shift": "late",
         "start": START + pd.Timedelta(days=day, hours=15),
         "end": START + pd.Timedelta(days=day, hours=23), "units": 1, "officers": 2,
         "available_hours": 16.0, "planned_hours": 2.0, "visits": 1}
        for lpt in ("Hanley", "Leek") for day in range(days)
    ])  # fmt: skip
    teams = UNITS.assign(base_easting=1000.0, base_northing=600.0, base_from="given",
                         end_easting=1000.0, end_northing=600.0, abstraction=0.0,
                         planned=True)  # fmt: skip
    basis = Basis(demand, LPTS, SHIFTS, UNITS, rules, START, days, "number 0")
    n = len(demand.need)
    draft = Draft(basis, table, budget, teams, np.zeros(n, dtype=np.int64),
                  np.full(n, reached), tasks)  # fmt: skip
    return hs.PatrolPlan(**put_in_words(draft), **NONE, basis=basis)


@pytest.fixture(scope="module")
def town():
    return make_spots(("A", "Hanley", 1000, 120), ("B", "Hanley", 2000, 100),
                      ("C", "Hanley", 3000, 15), ("D", "Leek", 12_000, 60),
                      name=["Market Lane", "Bus Station", None, "Mill Street"])  # fmt: skip


@pytest.fixture(scope="module")
def evening(town):
    """The same town, where everything happens between 19:00 and 21:00."""
    return make_demand(town, hour=19, spread=2)


# --- the answer ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("hours", "said"), [
    (None, "8.0 of 64.0 officer-hours ("), (20, "8.0 of 20.0 officer-hours allowed, of 64.0 on d"),
    ({"Hanley": 10.0}, "8.0 of 42.0 officer-hours allowed, of 64.0 on duty"),
    (500, "8.0 of 64.0 officer-hours ("),
])  # fmt: skip
def test_the_first_line_is_the_answer_and_counts_the_hours_that_are_allowed(town, hours, said):
    rules = hs.PatrolRules(officer_hours=hours)
    plan = write_plan(make_demand(town), ("A", "P1", 0, "16:00"), rules=rules)
    first = plan.text.splitlines()[0]
    assert "1 visit of 15 min to 1 of 4 hotspots in 1 LPT" in first
    assert said in first
    none = write_plan(make_demand(town), rules=rules).text.splitlines()
    assert "no visits to any of 4 hotspots" in none[0]
    assert not any("spread" in line for line in none)


# --- how sure ------------------------------------------------------------------------------------


def naive_range(counts, need):
    """Compare every pair, one by one, by the tails of the binomial."""
    low, high = [], []
    for i, n in enumerate(counts):
        above = below = 0
        for j, m in enumerate(counts):
            if i == j:
                continue
            even = (need[j] / m) / (need[i] / n)  # i has so many times j's rate if needs are equal
            chance = binom(n + m, even / (1 + even))
            if 2 * min(chance.cdf(n), chance.sf(n - 1)) <= 0.05 / (len(counts) - 1):
                above += need[j] > need[i]
                below += need[j] < need[i]
        low.append(1 + above)
        high.append(len(counts) - below)
    return low, high


@pytest.mark.parametrize("case", range(8))
def test_the_range_of_places_is_that_of_exact_tests_pair_by_pair(case):
    rng = np.random.default_rng(case)
    counts = rng.integers(1, 200, rng.integers(2, 9))
    need = counts * (rng.uniform(0.5, 2, len(counts)) if case % 2 else 1.0)
    low, high = rank_range(counts.astype(float), need / need.sum())
    assert (low.tolist(), high.tolist()) == naive_range(counts, need)


def test_the_range_of_places_holds_the_true_place():
    """Of 200 LPTs with known rates, the range of every hotspot must hold its place 95% of times."""
    rng = np.random.default_rng(5)
    held = []
    for _ in range(200):
        rate = np.sort(rng.gamma(2, 30, 8))[::-1]
        counts = rng.poisson(rate).astype(float)
        low, high = rank_range(counts, counts)
        held.append((low <= np.arange(1, 9)) & (np.arange(1, 9) <= high))
    assert np.mean(held) >= 0.95
    assert (np.mean(held, axis=0) >= 0.91).all()  # 200 times: 3 standard errors under .95 is .904


def test_hotspots_without_incidents_or_need_have_a_range_too():
    low, high = rank_range(np.array([0.0, 0.0]), np.array([0.0, 0.0]))
    assert (low.tolist(), high.tolist()) == ([1, 1], [2, 2])
    low, high = rank_range(np.array([300.0, 0.0, 5.0]), np.array([1.0, 0.0, 0.0]))
    assert (low.tolist(), high.tolist()) == ([1, 2, 2], [1, 3, 3])
    assert rank_range(np.array([7.0]), np.array([1.0]))[1].tolist() == [1]


def test_how_sure_says_thin_fair_or_firm(town):
    unsure = town.assign(stability=[0.9, 0.3, 0.9, 0.9])
    reasons = write_plan(make_demand(unsure)).reasons
    # 120 and 100 cannot be told apart; 15 is clear of both, but few; 60 stands alone
    assert reasons["sure"].tolist() == ["fair", "thin", "thin", "firm"]
    assert reasons[["rank_low", "rank_high"]].values.tolist() == [[1, 2], [1, 2], [3, 3], [1, 1]]
    assert "with 120 incidents, chance alone could put it anywhere from 1st to 2nd of 3" in (
        reasons.loc["A", "how_sure"])  # fmt: skip
    assert "stability 0.30 of 1" in reasons.loc["B", "how_sure"]
    assert reasons.loc["C", "how_sure"].startswith(
        "Thin: with 15 incidents it stands 3rd of 3 beyond chance (95%)"
    )
    assert "it is the only hotspot of Leek" in reasons.loc["D", "how_sure"]


# --- what would change it ------------------------------------------------------------------------


def test_as_many_more_incidents_as_said_lift_it_a_place_and_one_fewer_does_not(town):
    harmed = town.assign(harm=[720.0, 1000.0, 40.0, 10.0])
    said = write_plan(make_demand(harmed)).reasons.loc["A", "would_change"]
    more = int(said.split(" more incident")[0])
    assert "like its own would lift it a place" in said

    def place(n):
        grown = harmed.assign(
            incidents=harmed["incidents"].where(harmed.index != "A", 120 + n),
            harm=harmed["harm"].where(harmed.index != "A", 6.0 * (120 + n)),
        )
        return write_plan(make_demand(grown)).reasons.loc["A", "rank_in_lpt"]

    assert place(0) == 2
    assert (place(more), place(more - 1)) == (1, 2)


def test_fewer_incidents_than_said_keep_the_place(town):
    said = write_plan(make_demand(town)).reasons.loc["A", "would_change"]
    assert said.startswith("21 fewer incidents would drop it a place.")  # 120 - 21 = 99 < 100
    assert "Records with the time of day would give it hours." in said


def test_no_need_is_said_to_change_with_any_incident(town):
    none = town.assign(incidents=[120, 100, 0, 60], heat=0.0)
    said = write_plan(make_demand(none)).reasons.loc["C"]
    assert said["would_change"] == "Any incident recorded there."
    assert said["reason"].endswith(
        "No visit: no need: it holds no incidents, or no harm. Method: drawn by hand."
    )


# --- priorities ----------------------------------------------------------------------------------

ASKED = pd.DataFrame({
    "theme": ["Off-road bikes on the common", "Old matter"], "source": ["PACT meeting", "council"],
    "date": pd.to_datetime(["2026-02-20", "2025-01-01"]), "weight": [1.0, 1.0],
    "expiry": pd.to_datetime(["2026-05-30", "2025-03-01"]),
    "author": ["beat manager", "partnership lead"], "hotspot": ["B", "A"],
})  # fmt: skip


def test_a_priority_shows_with_its_source_and_expiry_and_what_it_changes(town):
    plan = write_plan(make_demand(town, priorities=ASKED), ("B", "P1", 0, "16:00"),
                      ("A", "P1", 0, "17:00"))  # fmt: skip
    line = plan.visits.set_index("hotspot")["reason"]
    assert "; PACT meeting to 30 May: Off-road bikes on the c…; task: visibility; " in line["B"]
    assert "council" not in line["A"]  # expired
    reason = plan.reasons.loc["B"]
    assert "Off-road bikes on the common (PACT meeting, until 30 May 2026)" in reason["reason"]
    share = reason["priority_points"] / reason["need"]
    assert f"Priorities give {share:.0%} of that need" in reason["reason"]
    without = write_plan(make_demand(town)).reasons
    assert without.loc["B", "rank_in_lpt"] == 2
    assert reason["rank_in_lpt"] == 1
    assert "After 30 May 2026, with no priority left, it is 2nd." in reason["would_change"]
    assert "Community priorities: 1 of 2 count" in plan.text
    assert "1 expired" in plan.text


# --- the lines of a visit ------------------------------------------------------------------------


def test_every_visit_says_why_then_and_how_it_stands_to_the_busiest_window(evening):
    plan = write_plan(evening, ("A", "P1", 0, "19:10"), ("A", "P1", 0, "16:00"),
                      ("B", "P1", 0, "16:30"), ("A", "P1", 1, "15:30"))  # fmt: skip
    peak = plan.reasons.loc["A"]
    assert 18 <= peak["peak_start"] <= 19  # four hours around 19:00 to 21:00
    share = f"{peak['peak_share']:.0%}"
    said = plan.visits["why_then"]
    assert said["V00"].startswith(f"In its busiest window: {peak['peak']} holds")
    assert " times its average." in said["V00"]
    assert f"Outside its busiest window: {peak['peak']}, with" in said["V01"]
    assert ", has 1 visit that day;" in said["V01"]
    assert ", had no room for a visit: gap, travel or other places;" in said["V02"]
    assert "0.0 times its average" in said["V02"] or "0.1 times its average" in said["V02"]
    assert share in said["V00"] or "over 99%" in said["V00"]
    assert "busiest" in plan.visits["reason"].iloc[0]


def test_a_window_outside_the_shift_is_said_so(town):
    morning = make_demand(town, hour=7)
    plan = write_plan(morning, ("A", "P1", 0, "16:00"))
    assert ", is outside this shift; this hour has 0.0 times" in plan.visits["why_then"].iloc[0]
    assert plan.text.splitlines()[1] == (
        "0% of visits begin in the busiest hours of their hotspot, against 0% if spread evenly "
        "over the hours on duty."
    )


def test_flat_need_is_spread_over_the_shift_and_says_why(town):
    plan = write_plan(make_demand(town), ("A", "P1", 0, "16:00"))
    said = plan.visits["why_then"].iloc[0]
    assert said == ("Spread over the shift because no hour of day is known (no incidents were "
                    "given, and hotspots alone tell no hour).")  # fmt: skip
    assert "No hour of day is known (no incidents were given" in plan.text
    assert plan.text.count("hour of day") == 1
    assert "Its hours are not known." in plan.reasons.loc["A", "how_sure"]


def test_the_share_in_the_busiest_windows_stands_beside_an_even_spread(evening):
    plan = write_plan(evening, ("A", "P1", 0, "19:10"), ("A", "P1", 0, "15:30"))
    row = plan.reasons.loc["A"]
    assert in_peak(plan.visits, plan.reasons).tolist() == [True, False]
    assert (row["peak_start"] + row["peak_hours"]) <= 23  # all of it within the shift
    # 4 of the 8 hours of the shift
    assert plan.text.splitlines()[1].startswith("50% of visits begin in the busiest hours of their")
    assert "against 50% if spread evenly" in plan.text


def test_where_no_window_stands_out_none_is_named(evening):
    blank = evening.peaks.copy()
    blank.loc["A", ["peak", "from"]] = ["", "none"]
    numbers = ["start_hour", "hours", "share", "low", "high"]
    blank.loc["A", numbers] = np.nan
    plan = write_plan(dataclasses.replace(evening, peaks=blank), ("A", "P1", 0, "16:00"))
    said = plan.visits["why_then"].iloc[0]
    assert said.startswith("No window of the day stands out there; this hour has ")
    assert "busiest" not in plan.visits["reason"].iloc[0]
    assert "No busiest window stands out at any hotspot visited." in plan.text
    assert plan.reasons.loc["A", "how_sure"].endswith("No window of the day stands out here.")


def test_hours_that_are_all_alike_are_said_so(town):
    plan = write_plan(make_demand(town, hour=0, spread=24), ("A", "P1", 0, "16:00"))
    assert (
        plan.visits["why_then"]
        .iloc[0]
        .startswith("Spread over the shift because no hour of day is known (")
    )


def test_what_police_generated_records_would_change_is_said(town):
    incidents = make_incidents(town, 19, 2, number=100)
    at_c = np.flatnonzero(incidents.within(town.geometry["C"]))
    incidents = pd.concat([incidents, incidents.iloc[at_c[:60]].assign(origin="police")],
                          ignore_index=True)  # fmt: skip
    change = write_plan(hs.patrol_demand(town, incidents, on="2026-03-02")).reasons["would_change"]
    assert "Its 60 police-generated records would make it 1st instead of 3rd of all" in change["C"]
    assert "police-generated" not in change["A"]


def test_a_window_over_midnight_is_one_window(town):
    plan = write_plan(make_demand(town, hour=23, spread=3), ("A", "P1", 0, "22:30"))
    row = plan.reasons.loc["A"]
    assert row["peak_start"] + row["peak_hours"] > 24
    night = plan.visits.loc[["V00"] * 3].assign(
        arrive=pd.to_datetime(["2026-03-03 00:30", "2026-03-03 12:00", "2026-03-02 23:30"])
    )
    assert in_peak(night, plan.reasons).tolist() == [True, False, True]


def test_every_visit_says_why_that_unit(town):
    plan = write_plan(make_demand(town), ("A", "P1", 0, "16:00"), ("A", "C1", 0, "18:30"),
                      ("D", "C2", 0, "16:00"))  # fmt: skip
    assert plan.visits["why_unit"].tolist() == [
        "Two PCSOs on foot, 5 min from its base, one of 2 units on the late shift. The task "
        "(visibility) is for constables, specials or PCSOs.",
        "A constable by vehicle, 5 min from its base, one of 2 units on the late shift. The task "
        "(visibility) is for constables, specials or PCSOs.",
        "Two constables by vehicle, 5 min from its base, the only unit on the late shift. The task "
        "(visibility) is for constables, specials or PCSOs.",
    ]


def test_the_visit_before_is_told_from_the_base(town):
    plan = write_plan(make_demand(town), ("A", "P1", 0, "16:00"), ("B", "P1", 0, "16:20"),
                      ("C", "P1", 0, "18:00"), ("A", "P1", 1, "16:00"))  # fmt: skip
    # the plan by hand comes home after each visit: every leg starts at base
    assert plan.visits["why_unit"].str.contains("from its base").all()
    went = plan.visits.assign(return_min=[0.0, 4.0, 4.0, 4.0])
    draft = Draft(plan.basis, went, plan.budget, plan.teams, np.zeros(4, dtype=np.int64),
                  np.ones(4, dtype=bool), read_tasks())  # fmt: skip
    said = put_in_words(draft)["visits"]["why_unit"]
    assert said.str.contains("from the visit before").tolist() == [False, True, False, False]


def test_the_task_and_who_may_do_it_are_said(town):
    drugs = make_demand(town.assign(category=["Drugs", "Burglary", None, None]))
    visit = write_plan(drugs, ("A", "C1", 0, "16:00")).visits.iloc[0]
    assert visit["reason"].endswith("; task: enforcement; visit 1 of 1.")
    assert visit["why_unit"].endswith(
        "The task (enforcement) is for constables or specials; from 20:00 to 06:00 two officers."
    )


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_line_is_never_too_long_and_keeps_what_matters(data):
    text = st.text(alphabet="abcdefgh ,;", max_size=120)
    fact = {
        "name": data.draw(text), "lpt": data.draw(text), "place": "112th of 120 in ",
        "count": "123,456 incidents", "harm": ", 9,999,999 days of harm",
        "period": ", Jul 2024–Jun 2025",
        "peak": data.draw(st.sampled_from(["", "; busiest 18:00 to 22:00 (38%)"])),
        "priority": data.draw(st.sampled_from(["", "; PACT meeting to 30 May: Off-road bikes"])),
    }  # fmt: skip
    line = one_line(fact, data.draw(text), "visit 12 of 12")
    assert len(line) <= 160
    assert "112th of 120 in " in line
    assert ": 123,456 incidents" in line
    assert line.endswith("; visit 12 of 12.")
    assert fact["priority"] in line


def test_the_name_of_the_street_goes_before_the_share_of_the_window():
    fact = {"name": "Chapel Close by the Canal Wharf", "lpt": "Newcastle-under-Lyme",
            "place": "2nd of 12 in ", "count": "111 incidents", "harm": "",
            "period": ", Jul 2024–Jun 2025", "peak": "; busiest 18:00 to 22:00 (38%)",
            "priority": ""}  # fmt: skip
    line = one_line(fact, "visibility", "visit 1 of 3")
    assert line.startswith("Chapel Close by the Canal Wharf, 2nd of 12 in Newcastle-under-Lyme")
    assert "; busiest 18:00 to 22:00; task: visibility" in line


def test_reasons_do_not_depend_on_the_order_of_rows(town):
    alike = town.assign(incidents=[100, 100, 100, 60])
    turned = alike.iloc[::-1]
    visits = [("A", "P1", 0, "16:00"), ("D", "C2", 0, "17:00")]
    one = write_plan(make_demand(alike), *visits)
    two = write_plan(make_demand(turned), *visits)
    pd.testing.assert_frame_equal(one.reasons, two.reasons.loc[one.reasons.index])
    pd.testing.assert_frame_equal(one.visits, two.visits)


# --- problem solving -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def premises(town):
    """Eight in ten incidents of B lie at one door."""
    incidents = make_incidents(town, 19, 2)
    inside = incidents.within(town.geometry["B"]) & (np.arange(len(incidents)) % 5 > 0)
    incidents.loc[inside, "geometry"] = shapely.Point(2100, 600)
    return make_demand(town), hs.patrol_demand(
        town, incidents.assign(place=np.where(inside, "The Anchor, Bus Station", None)),
        on="2026-03-02",
    )  # fmt: skip


def test_a_problem_of_one_place_goes_to_problem_solving(premises):
    _, demand = premises
    plan = write_plan(demand, ("A", "P1", 0, "19:00"))
    told = plan.referrals.loc["B"]
    assert (told["incidents"], told["at_place"]) == (400, 320)
    assert told["place"] == "The Anchor, Bus Station"
    assert told["scanning"].startswith(
        "320 of 400 incidents (80%), Jan–Dec 2025, are recorded at The Anchor, Bus Station, mostly "
        "Violence. Busiest "
    )
    assert told["analysis"].count("?") >= 4
    assert (told["response"], told["owner"], told["due"]) == ("", "", "")
    assert plan.coverage.loc["B", "why_none"] == "sent to problem solving instead: see referrals"
    assert "80% of its incidents are recorded at one place" in plan.reasons.loc["B", "reason"]
    assert "under half of its incidents at one place it would get visits" in (
        plan.reasons.loc["B", "would_change"])  # fmt: skip
    assert "No visit to 1 (sent to problem solving instead: see referrals)" in plan.text
    assert list(plan.referrals.index) == ["B"]


def test_no_single_place_no_referral(premises):
    assert write_plan(premises[0]).referrals.empty


def test_snapped_points_are_patrolled_but_said_to_be_checked(town):
    month = make_incidents(town, 0, 1, number=60)
    month["geometry"] = month.geometry.map(lambda p: shapely.Point(p.x // 1000 * 1000 + 100, 600))
    month["occurred_from"] = month["occurred_from"].dt.to_period("M").dt.start_time
    month["occurred_to"] = month["occurred_from"] + pd.offsets.MonthBegin(1)
    named = month.assign(place=np.where(month.within(town.geometry["A"]), "Prison", "Mill Street"))
    plan = write_plan(hs.patrol_demand(town, named, on="2026-03-02"), ("A", "P1", 0, "16:00"))
    assert plan.referrals.empty
    told = plan.reasons["reason"].str.contains("Check: ")
    assert told.tolist() == [True, False, False, False]
    assert "100% of its incidents are recorded at premises (Prison); if that is so, their" in (
        plan.reasons.loc["A", "reason"])  # fmt: skip
    assert "Check 1 of 4 hotspots before tasking" in plan.text


# --- the supervisor's page -----------------------------------------------------------------------


def test_the_page_answers_every_question_on_one_page(evening):
    visits = [("A", "P1", day, f"{16 + 2 * n}:{10 + n:02}") for day in range(7) for n in range(4)]
    plan = write_plan(evening, *visits, days=7)
    page = hs.supervisor_page(plan, "A")
    heads = ["Asked:", "Why here:", "Why then:", "Why these units:", "What to do there:",
             "How sure:", "What would change it:", "Considered:", "Data:", "Visits:"]  # fmt: skip
    lines = page.splitlines()
    assert [line for line in lines if line in heads] == heads
    assert lines[0] == "Market Lane (A), Hanley"
    assert "28 visits of 15 min, 4.0 a day; first Mon 2 Mar at 16:10." in page
    flat = " ".join(page.split())
    assert "Visits by unit: P1 (2 × PCSO, foot, late shift) 28." in flat
    assert "24 of 24 came within 10 minutes of the day before's time" in flat
    assert "Records to 31 Dec 2025, 61 days before the plan begins." in flat
    assert "Seed of the plan: number 0." in flat
    assert "[ ] accepted   [ ] amended   [ ] rejected" in page
    assert len(lines) <= 60
    assert max(map(len, lines)) <= 100


def test_the_page_of_a_long_plan_is_capped_and_of_none_says_why(evening):
    visits = [("A", "P1", day, "16:00") for day in range(20)]
    page = hs.supervisor_page(write_plan(evening, *visits, days=20), "A")
    assert "... and 6 more days in the table visits" in page
    none = hs.supervisor_page(write_plan(evening), "B")
    assert "No visit: the hours were used where they cover more need." in none
    assert "Visits:" not in none


def test_a_page_of_no_hotspot_of_the_plan_is_refused(evening):
    plan = write_plan(evening)
    with pytest.raises(hs.InputError, match="hotspot 'Z' is not in the plan; the nearest are 'A'"):
        hs.supervisor_page(plan, "Z")
    with pytest.raises(hs.InputError, match=r"hotspot \[\] is not in the plan"):
        hs.supervisor_page(plan, [])
    with pytest.raises(hs.InputError, match="plan is of type str; give what plan_patrols returned"):
        hs.supervisor_page("plan", "A")


# --- how hard the times are to guess -------------------------------------------------------------


def visits_at(*clocks, lpt="Hanley"):
    """One visit a day to H at each clock time given, from (day, "HH:MM")."""
    date = START + pd.to_timedelta([day for day, _ in clocks], unit="D")
    arrive = date + pd.to_timedelta([f"{clock}:00" for _, clock in clocks])
    return pd.DataFrame({"hotspot": "H", "lpt": lpt, "date": date, "arrive": arrive})


def duty(start="15:00", hours=8, days=7, lpt="Hanley"):
    at = START + pd.to_timedelta(np.arange(days), unit="D") + pd.Timedelta(f"{start}:00")
    return pd.DataFrame({"lpt": lpt, "start": at, "end": at + pd.Timedelta(hours=hours),
                         "available_hours": 8.0})  # fmt: skip


def told(visits, budget):
    return unpredictability(visits, budget).set_index("hotspot").loc["H"]


def test_bits_by_hand():
    # hours 15, 15, 16, 17: 1/2, 1/4, 1/4 -> 1.5 bits; at most 2 from four visits
    found = told(visits_at((0, "15:10"), (1, "15:50"), (2, "16:00"), (3, "17:59")), duty())
    assert found["entropy_bits"] == pytest.approx(1.5)
    assert (found["most_bits"], found["hours_on_duty"], found["visits"]) == (2.0, 8, 4)
    assert found["share"] == pytest.approx(0.75)


def test_the_same_time_next_day_is_counted_within_ten_minutes():
    found = told(visits_at((0, "15:10"), (1, "15:20"), (2, "15:31"), (4, "15:31")), duty())
    # day 1 came 10 min from day 0; day 2 11 min from day 1; day 4 has no day before
    assert (found["pairs"], found["same_time"]) == (2, 0.5)
    assert found["by_chance"] == pytest.approx(21 / 480)  # 21 minutes of eight hours


def test_midnight_parts_no_two_times():
    shift = duty("22:00", 8)
    night = visits_at((0, "23:55"), (1, "23:55"))
    night["arrive"] += pd.to_timedelta([0, 8], unit="min")  # 23:55 and 00:03 of the next night
    assert told(night, shift)["same_time"] == 1.0
    assert told(night, shift)["hours_on_duty"] == 8


def test_random_hours_have_the_bits_that_chance_gives():
    rng = np.random.default_rng(2)
    for n, k in ((3, 8), (20, 8), (14, 24)):
        draws = rng.integers(0, k, (4000, n))
        share = np.stack([(draws == hour).mean(axis=1) for hour in range(k)])
        bits = -(share * np.log2(np.where(share > 0, share, 1))).sum(axis=0)
        assert random_bits(np.array([n]), np.array([k]))[0] == pytest.approx(bits.mean(), abs=0.02)


def test_repeats_match_a_count_by_loops():
    rng = np.random.default_rng(4)
    clocks = [(day, f"{15 + rng.integers(0, 8)}:{rng.integers(0, 60):02}") for day in range(30)
              for _ in range(rng.integers(0, 4))]  # fmt: skip
    visits = visits_at(*clocks)
    minute = (visits["arrive"] - visits["date"]) / pd.Timedelta(minutes=1)
    day = (visits["date"] - START).dt.days
    pairs = same = 0
    for i in range(len(visits)):
        before = [j for j in range(len(visits)) if day[j] == day[i] - 1]
        pairs += bool(before)
        same += any(abs(minute[i] - minute[j]) <= 10 for j in before)
    found = told(visits, duty(days=30))
    assert (found["pairs"], found["same_time"] * found["pairs"]) == (pairs, pytest.approx(same))
    shuffled = visits.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(
        unpredictability(visits, duty(days=30)), unpredictability(shuffled, duty(days=30))
    )


def test_no_visits_no_bits():
    empty = visits_at((0, "15:10")).iloc[:0]
    assert unpredictability(empty, duty()).empty
    one = told(visits_at((0, "15:10")), duty())
    assert (one["entropy_bits"], one["pairs"]) == (0.0, 0)
    assert np.isnan(one["same_time"])


def test_the_text_says_how_often_times_come_back(evening):
    visits = [("A", "P1", day, "16:00") for day in range(12)]
    assert "place the day before" not in write_plan(evening, *visits[:4], days=4).text  # too few
    assert "100% of visits come within 10 minutes of the time of one to the same place the day" in (
        write_plan(evening, *visits, days=12).text)  # fmt: skip


# --- columns -------------------------------------------------------------------------------------


def test_every_column_of_the_reasons_is_explained(premises):
    plan = write_plan(premises[1], ("A", "P1", 0, "19:00"))
    silent = [
        f"{name}.{column}"
        for name, frame in plan.tables.items()
        if name in ("visits", "reasons", "unpredictability", "referrals")
        for column in itertools.chain([frame.index.name], frame.columns)
        if column and not about(f"plan_{name}", str(column))["meaning"]
    ]  # fmt: skip
    assert silent == []
