"""A plan changed by hand: read back, checked against every rule, explained anew, never repaired."""

import csv
import datetime as dt
import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from openpyxl import load_workbook
from plan_checker import check_plan
from test_patrols import START, make_hotspots, make_instance, make_lpts, make_shifts, make_units

import hotspots as hs
from hotspots.patrols.checks import Roster, check_visits

MINUTE = pd.Timedelta(minutes=1)


def make_plan():
    """Plan six hotspots of two teams for two days: foot and vehicle, a night, a break."""
    rng = np.random.default_rng(5)
    places = rng.uniform(2000, 3500, (6, 2)).round() + np.repeat([[0, 0], [20_000, 0]], [4, 2], 0)
    spots = make_hotspots(*((f"H{i}", "Hanley" if i < 4 else "Leek", x, y, 90 - 8 * i)
                            for i, (x, y) in enumerate(places)),
                          name=[f"Street {i}" for i in range(6)])  # fmt: skip
    units = make_units(("P1", "Hanley", "late", "pcso", 2, "foot"),
                       ("C1", "Hanley", "night", "constable", 2, "vehicle"),
                       ("L1", "Leek", "late", "constable", 1, "foot"),
                       ("R1", "Leek", "late", "response", 2, "vehicle"),
                       base_easting=[2500.0, 2500.0, 22_500.0, 22_500.0],
                       base_northing=2500.0)  # fmt: skip
    shifts = make_shifts(briefing_min=30, break_start=["11:00", "19:00", "02:00"], break_min=45.0,
                         officer_hours=9.0)  # fmt: skip
    return hs.plan_patrols(
        spots, lpts=make_lpts("Hanley", "Leek"), shifts=shifts, units=units, start=START, days=2,
        rules=hs.PatrolRules(effort=0),
    )  # fmt: skip


@pytest.fixture(scope="module")
def plan():
    return make_plan()


@pytest.fixture(scope="module")
def early(plan):
    """The plan with its first visit moved out of patrol time."""
    return hs.amend_plan(plan, shifted(plan, plan.visits.index[0], -900))


def ruled(plan, **rules):
    """The same visits under other rules."""
    basis = replace(plan.basis, rules=replace(plan.basis.rules, **rules))
    return replace(plan, basis=basis)


def shifted(plan, visit, minutes):
    """Move one visit in time."""
    visits = plan.visits.copy()
    visits.loc[visit, ["arrive", "depart"]] += minutes * MINUTE
    return visits


def rules_broken(plan, visits):
    return hs.check_visits(plan, visits)["rule"].tolist()


# --- the checker of the package and that of the tests --------------------------------------------


@pytest.mark.parametrize("seed", [1, 2])
def test_plans_of_the_planner_break_no_rule(seed):
    case = make_instance(seed)
    case["rules"] = replace(case["rules"], effort=0)
    plan = hs.plan_patrols(**case, start=START)
    assert check_visits(plan).empty
    roster = Roster(plan)
    stops = roster.stops(plan.visits)
    spent = roster.spent(stops, roster.legs(stops))
    assert sum(spent.values()) == pytest.approx(plan.budget["planned_hours"].sum())


def test_each_rule_is_named_with_the_visit_the_value_and_the_remedy(plan):
    """Break every rule in turn; the words are those a sergeant reads."""
    at = {v: plan.visits["arrive"][v] for v in plan.visits.index}
    own = {unit: rows.index.tolist() for unit, rows in plan.visits.groupby("unit")}
    first, second = own["P1"][:2]

    def found(visits, rule):
        broken = hs.check_visits(plan, visits)
        hit = broken[broken["rule"].str.contains(rule, regex=False)]
        assert len(hit), broken
        assert (hit["remedy"] != "").all()
        return hit.iloc[0]

    visits = plan.visits.copy()
    visits.loc[first, "depart"] += 30 * MINUTE
    row = found(visits, "stop of 10 to 20 min")
    assert (row["visit"], row["value"]) == (first, "45 min")
    assert row["remedy"] == f"leave at {at[first] + 15 * MINUTE:%H:%M}"

    row = found(shifted(plan, first, -600), "patrol time only")
    assert row["visit"] == first
    assert "P1 patrols 15:30 to 19:00 and 19:45 to 23:00" in row["value"]

    visits = plan.visits.copy()
    visits.loc[second, ["arrive", "depart"]] = [at[first] + 5 * MINUTE, at[first] + 20 * MINUTE]
    assert found(visits, "one place at a time")["visit"] == second

    visits.loc[second, ["arrive", "depart"]] = [at[first] + 15 * MINUTE, at[first] + 30 * MINUTE]
    row = found(visits, "time to travel")
    assert row["value"].startswith(f"P1 has 0 min from {plan.visits['hotspot'][first]}, needs ")

    visits = plan.visits.copy()
    end = pd.Timestamp(START) + pd.Timedelta("23h")
    last = next(v for v in reversed(own["P1"]) if plan.visits["date"][v] == pd.Timestamp(START))
    visits.loc[last, ["arrive", "depart"]] = [end - 15 * MINUTE, end]
    row = found(visits, "back in time")
    assert "is due at 23:00" in row["value"]

    visits = plan.visits.copy()
    visits.loc[first, "unit"] = "L1"
    row = found(visits, "units stay in their LPT")
    assert (row["value"], row["remedy"]) == ("L1 of Leek in Hanley", "give it to a unit of Hanley")

    leek = own["L1"][0]
    visits = plan.visits.copy()
    visits.loc[leek, "unit"] = "R1"
    assert found(visits, "no timed visits for response units")["value"] == "R1 is for calls"

    visits = plan.visits.copy()
    visits.loc[second, "hotspot"] = plan.visits["hotspot"][first]
    row = found(visits, "120 min between visits to a hotspot")
    assert f"P1 leaves {plan.visits['hotspot'][first]} at " in row["value"]


def test_the_most_visits_of_a_shift_and_day_and_hours_are_counted(plan):
    capped = ruled(plan, officer_hours={"Leek": 2.0})
    plan = ruled(plan, gap_min=0, max_per_shift=2, max_per_day=3, officer_hours=30.0)
    days = plan.visits.groupby(["unit", "date"]).groups
    same = plan.visits.copy()
    same.loc[max(days.values(), key=len)[:4], "hotspot"] = "H0"
    found = rules_broken(plan, same)
    assert "at most 2 visits to a hotspot in a shift" in found
    assert "at most 3 visits to a hotspot in a duty day" in found
    long = plan.visits.copy()
    long["depart"] += 4 * 60 * MINUTE
    found = set(rules_broken(plan, long))
    assert {"hours of the plan", "hours of a unit"} <= found
    long = capped.visits.assign(depart=capped.visits["depart"] + 60 * MINUTE)
    broken = hs.check_visits(capped, long)
    hit = broken[broken["rule"] == "hours of an LPT"]
    assert hit["value"].iloc[0].startswith("Leek: ")
    assert "of 2.00 officer-hours" in hit["value"].iloc[0]


def test_tasks_and_pairs_are_checked(plan):
    tasks = hs.read_tasks()
    visits = plan.visits.copy()
    pcso = visits.index[visits["unit"] == "P1"][0]
    visits.loc[pcso, "task"] = "enforcement"
    broken = hs.check_visits(plan, visits)
    hit = broken[broken["visit"] == pcso].iloc[0]
    assert hit["rule"] == "tasks for those who may do them"
    assert hit["value"] == "enforcement by P1, pcso"
    single = visits.index[visits["unit"] == "L1"]
    evening = next(v for v in single if visits["arrive"][v].hour >= 20)
    assert tasks.loc["enforcement", "night_officers"] == 2
    visits = plan.visits.copy()
    visits.loc[evening, "task"] = "enforcement"
    broken = hs.check_visits(plan, visits)
    assert broken["rule"].tolist() == ["two officers for some tasks from 20:00 to 06:00"]


@pytest.mark.parametrize("seed", range(3))
def test_both_checkers_see_random_damage(seed, plan):
    """Damage visits at random; where the tests' own checker objects, so does the package's."""
    rng = np.random.default_rng(seed)
    visits = plan.visits.copy()
    for visit in rng.choice(visits.index, 2, replace=False):
        visits.loc[visit, ["arrive", "depart"]] += int(rng.integers(-90, 90)) * MINUTE
    change = hs.amend_plan(plan, visits)
    basis = plan.basis
    given = {"hotspots": basis.demand.hotspots, "shifts": basis.shifts, "units": basis.units,
             "start": START, "days": 2, "rules": basis.rules}  # fmt: skip
    try:
        check_plan(change.plan, **given)
    except AssertionError:
        assert len(change.broken)
    else:
        assert change.broken.empty


# --- the amended plan ----------------------------------------------------------------------------


def test_a_visit_taken_out_gives_its_hours_back_and_is_told(plan):
    gone = plan.visits.index[plan.visits["unit"] == "L1"][:1]
    change = hs.amend_plan(plan, plan.visits.drop(index=gone))
    assert change.changes[["visit", "what"]].values.tolist() == [[gone[0], "removed"]]
    assert change.broken.empty
    assert len(change.plan.visits) == len(plan.visits) - 1
    assert change.plan.budget["visits"].sum() == len(plan.visits) - 1
    assert change.plan.budget["planned_hours"].sum() < plan.budget["planned_hours"].sum()
    spot = plan.visits["hotspot"][gone[0]]
    before, after = (p.coverage["visits"][spot] for p in (plan, change.plan))
    assert after == before - 1
    assert change.value_after < change.value_before
    assert change.text.startswith(
        f"{len(plan.visits) - 1} visits instead of {len(plan.visits)}: 1 removed.\nThey cover 9"
    )
    assert "Every rule is kept." in change.text
    assert "amended by hand" in change.plan.text
    # what the amended plan says of itself is a plan's, and it can be amended again
    basis = plan.basis
    check_plan(change.plan, hotspots=basis.demand.hotspots, shifts=basis.shifts,
               units=basis.units, start=START, days=2, rules=basis.rules)  # fmt: skip
    back = hs.amend_plan(change.plan, plan.visits)
    assert back.changes["what"].tolist() == ["added"]
    pd.testing.assert_frame_equal(
        back.plan.visits[["arrive", "unit", "order"]], plan.visits[["arrive", "unit", "order"]],
        check_index_type=False,
    )  # fmt: skip


def test_the_whole_plan_may_go(plan):
    change = hs.amend_plan(plan, plan.visits.iloc[:0])
    assert change.plan.visits.empty
    assert change.plan.budget["planned_hours"].sum() == 0
    assert change.text.startswith(f"0 visits instead of {len(plan.visits)}: {len(plan.visits)} ")
    assert "They cover 0% of what the plan covered" in change.text
    assert (change.plan.coverage["why_none"] != "").all()


def test_an_added_visit_is_explained(plan):
    new = pd.DataFrame(
        {"hotspot": ["H5"], "unit": ["L1"], "arrive": [pd.Timestamp(START) + pd.Timedelta("16h")],
         "depart": [pd.Timestamp(START) + pd.Timedelta("16h15min")], "note": ["fair on the green"]},
        index=["mine"],
    )  # fmt: skip
    change = hs.amend_plan(plan, pd.concat([plan.visits, new]))
    row = change.plan.visits.loc["mine"]
    assert (row["lpt"], row["shift"], row["date"]) == ("Leek", "late", pd.Timestamp(START))
    assert 0 < len(row["reason"]) <= 160
    assert row["note"] == "fair on the green"
    assert row["task"] in hs.read_tasks().index
    visits = change.plan.visits
    day = visits[(visits["unit"] == "L1") & (visits["date"] == pd.Timestamp(START))]
    assert day["order"].tolist() == list(range(1, len(day) + 1))
    assert change.changes.iloc[0].tolist() == [
        "mine", "added", "", "L1 at H5, Mon 2 Mar 16:00 to 16:15",
    ]  # fmt: skip


def test_a_visit_after_midnight_stays_in_its_duty_day(plan):
    night = plan.visits[plan.visits["shift"] == "night"]
    late = night.index[night["arrive"].dt.normalize() > night["date"]][0]
    change = hs.amend_plan(plan, shifted(plan, late, 1))
    assert change.plan.visits["date"][late] == plan.visits["date"][late]


def test_breaches_are_told_and_nothing_is_repaired(plan, early):
    first, change = plan.visits.index[0], early
    assert change.plan.visits["arrive"][first] == plan.visits["arrive"][first] - 900 * MINUTE
    assert "nothing was repaired" in change.text
    assert f"- {first}: patrol time only" in change.text
    assert "log_decisions" in change.text
    many = hs.amend_plan(plan, plan.visits.assign(
        depart=plan.visits["depart"] + 6 * MINUTE))  # fmt: skip
    assert f"... and {len(many.broken) - 5} more in the table broken." in many.text
    # a breach that was there before is not new
    again = hs.amend_plan(change.plan, change.plan.visits.drop(index=plan.visits.index[-1]))
    old = again.broken[again.broken["visit"] == first]
    assert not old["new"].any()


def test_quotas_that_get_worse_are_told(plan):
    plan = ruled(plan, least_per_week={"A": 7.0, "B": 7.0, "C": 0.0})
    need = plan.basis.demand.need
    spot = next(h for h in need.index[need["tier"] == "A"]
                if plan.coverage["visits"][h] == 2 or h == "H0")  # fmt: skip
    kept = plan.visits[plan.visits["hotspot"] != spot]
    change = hs.amend_plan(plan, kept)
    row = change.quotas.set_index("where").loc[spot]
    assert (row["wanted"], row["after"]) == (2, 0)
    assert f"{spot} 0 of 2 ({plan.coverage['visits'][spot]} before)" in change.text


def test_quotas_are_counted_from_the_visits():
    """Two teams of two hotspots over 14 days, by hand."""
    from types import SimpleNamespace

    from hotspots.patrols.quotas import quotas, unmet_text

    need = pd.DataFrame(
        {"lpt": ["Hanley", "Hanley", "Leek", "Leek"], "tier": ["A", "B", "A", "C"],
         "worth": [0.4, 0.2, 0.4, 0.0]}, index=list("PQRS"),
    )  # fmt: skip
    spots = pd.DataFrame({"neighbourhood": ["east", "east", "west", None]}, index=need.index)
    rules = hs.PatrolRules(least_per_week={"A": 2.0, "B": 1.6, "C": 1.0}, lpt_floor_hours=1.5,
                           neighbourhood_floor=2.0, top_share=0.5, fair_share=0.9)  # fmt: skip
    basis = SimpleNamespace(rules=rules, days=14, first=pd.Timestamp("2026-03-02"),
                            demand=SimpleNamespace(need=need, hotspots=spots))  # fmt: skip
    visits = pd.DataFrame({"hotspot": list("PPPPPPQQR"), "date": pd.Timestamp("2026-03-02")})
    budget = pd.DataFrame({"lpt": ["Hanley", "Leek", "Leek"], "planned_hours": [6.0, 1.0, 1.0]})
    table = quotas(basis, visits, budget)
    told = {(rule.split()[0], rule.split()[-1], where): (round(wanted, 6), round(reached, 6), met)
            for rule, where, wanted, reached, met in table.itertuples(index=False)}  # fmt: skip
    assert told == {
        ("least", "A", "P"): (4, 6, True), ("least", "B", "Q"): (3, 2, False),
        ("least", "A", "R"): (4, 1, False), ("least", "LPT", "Hanley"): (0.54, 0.75, True),
        ("least", "LPT", "Leek"): (0.36, 0.25, False),
        ("least", "neighbourhood", "east"): (4, 8, True),
        ("least", "neighbourhood", "west"): (4, 1, False),
        ("most", "hotspot", "P"): (0.5, 0.75, False), ("most", "hotspot", "Q"): (0.5, 0.25, True),
        ("most", "hotspot", "R"): (0.5, 1.0, True),  # half a visit cannot be made
    }  # fmt: skip
    hours = table[table["rule"] == "least officer-hours of an LPT"]
    assert hours[["wanted", "reached", "met"]].values.tolist() == [[3, 6, True], [3, 2, False]]
    said = unmet_text(table)
    assert "Not met in full, least visits of tier A (4): 1 of 2, R 1." in said
    assert "Not met in full, least share of the hours of an LPT: 1 of 2, Leek 25% of 36%." in said
    assert unmet_text(table[table["met"]]) == []


# --- the table a sergeant edits ------------------------------------------------------------------


def read_rows(path):
    return list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"))))


def write_rows(path, rows, encoding="utf-8-sig", delimiter=","):
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=delimiter).writerows(rows)
    path.write_bytes(buffer.getvalue().encode(encoding))


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_what_is_written_is_read_back_unchanged(tmp_path, plan, ending):
    path = hs.write_plan(tmp_path / f"plan.{ending}", plan)
    change = hs.read_plan(path, plan)
    assert change.changes.empty
    assert change.plan is plan
    assert change.text.startswith(f"Nothing was changed: {len(plan.visits)} visits, as planned.")


def test_rows_are_moved_added_taken_out_and_reordered(tmp_path, plan):
    path = hs.write_plan(tmp_path / "plan.csv", plan)
    header, *rows = read_rows(path)
    first = rows[0]
    assert first[0] == plan.visits.index[0]
    assert first[1] == "Mon 2 Mar 2026"
    assert first[6].startswith("Street ")
    removed = rows.pop(1)
    first[8] = "meet the warden"
    new = [
        "",
        "02/03/2026",
        "L1",
        "15.40",
        "15:55:00",
        "h5".upper(),
        "",
        "",
        "",
        first[9],
        first[10],
    ]
    write_rows(path, [header, new, *reversed(rows)])
    change = hs.read_plan(path, plan)
    told = {(v, w) for v, w in zip(change.changes["visit"], change.changes["what"], strict=True)}
    assert told == {(removed[0], "removed"), (first[0], "note"), ("20260302-L1-new1", "added")}
    added = change.plan.visits.loc["20260302-L1-new1"]
    assert added["arrive"] == pd.Timestamp(f"{START} 15:40")
    assert change.plan.visits["note"].eq("meet the warden").sum() == 1
    # notes are written out with the amended plan
    again = read_rows(hs.write_plan(tmp_path / "again.csv", change.plan))
    assert sum(row[8] == "meet the warden" for row in again) == 1


@pytest.mark.parametrize(
    "saved",
    [lambda rows: (rows, "cp1252", ","), lambda rows: (rows, "utf-8", ";"),
     lambda rows: (rows, "utf-16", "\t"),
     # as a British spreadsheet saves dates and times that were typed anew
     lambda rows: ([rows[0], *([r[0], pd.Timestamp(r[1][4:]).strftime("%d/%m/%Y"), r[2],
                                f"{r[3]}:00", *r[4:]] for r in rows[1:])], "utf-8-sig", ",")],
)  # fmt: skip
def test_spreadsheets_may_save_it_their_way(tmp_path, plan, saved):
    path = hs.write_plan(tmp_path / "plan.csv", plan)
    write_rows(path, *saved(read_rows(path)))
    assert hs.read_plan(path, plan).changes.empty


def test_a_workbook_with_typed_dates_and_times_is_read(tmp_path, plan):
    path = hs.write_plan(tmp_path / "plan.xlsx", plan)
    book = load_workbook(path)
    sheet = book.active
    assert sheet["B2"].number_format == "@"  # text: left alone by spreadsheets
    visit = sheet["A2"].value
    arrive = plan.visits["arrive"][visit] + 1 * MINUTE
    sheet["B2"].value = dt.datetime(2026, 3, 2)
    sheet["D2"].value = arrive.time()
    sheet["E2"].value = f"{arrive + 15 * MINUTE:%I:%M %p}"
    book.save(path)
    change = hs.read_plan(path, plan)
    assert change.changes["what"].tolist() == ["arrive", "depart"]
    assert change.plan.visits["arrive"][visit] == arrive


def test_only_a_part_may_be_written_and_the_rest_stays(tmp_path, plan):
    path = hs.write_plan(tmp_path / "leek.csv", plan, lpt="Leek", date="2026-03-03")
    header, *rows = read_rows(path)
    tuesday = plan.visits["date"] == pd.Timestamp("2026-03-03")
    part = plan.visits[(plan.visits["lpt"] == "Leek") & tuesday]
    assert [row[0] for row in rows] == part.index.tolist()
    assert {row[10] for row in rows} == {"Leek; Tue 3 Mar 2026"}
    write_rows(path, [header, *rows[1:]])
    change = hs.read_plan(path, plan)
    assert change.changes["what"].tolist() == ["removed"]
    assert len(change.plan.visits) == len(plan.visits) - 1
    other = next(v for v in plan.visits.index if v not in part.index)
    write_rows(path, [header, *rows, [other, *rows[0][1:]]])
    with pytest.raises(hs.InputError, match="not in the part of the plan"):
        hs.read_plan(path, plan)
    write_rows(path, [header, [*rows[0][:10], "Stoke"]])
    with pytest.raises(hs.InputError, match="part is 'Stoke', which is no LPT or day"):
        hs.read_plan(path, plan)
    with pytest.raises(hs.InputError) as error:
        hs.write_plan(path, plan, lpt="Stoke", date="2026-04-01")
    assert "lpt is 'Stoke'; the plan holds Hanley, Leek" in str(error.value)
    assert "date is '2026-04-01'; give a duty day of the plan" in str(error.value)


def test_a_night_visit_is_written_on_its_duty_day_and_comes_back(tmp_path, plan):
    night = plan.visits[plan.visits["shift"] == "night"]
    late = night.index[night["arrive"].dt.normalize() > night["date"]][0]
    path = hs.write_plan(tmp_path / "plan.csv", plan)
    row = next(row for row in read_rows(path) if row[0] == late)
    assert row[1].split()[1] == str(plan.visits["date"][late].day)  # the evening before
    assert hs.read_plan(path, plan).changes.empty


@pytest.fixture(scope="module")
def risky(plan):
    noted = plan.visits.assign(note=["=1+1", "@x", "+44", "'tis", "-"] + [""] * (
        len(plan.visits) - 5))  # fmt: skip
    return hs.amend_plan(plan, noted).plan


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_nothing_in_it_runs_as_a_formula(tmp_path, risky, ending):
    path = hs.write_plan(tmp_path / f"plan.{ending}", risky)
    if ending == "csv":
        assert all(not c.startswith(("=", "+", "-", "@")) for row in read_rows(path) for c in row)
    else:
        cells = [cell for row in load_workbook(path).active for cell in row]
        assert {cell.data_type for cell in cells if cell.value} == {"s"}
    assert hs.read_plan(path, risky).changes.empty


def test_every_bad_cell_is_named_at_once(tmp_path, plan):
    path = hs.write_plan(tmp_path / "plan.csv", plan)
    header, *rows = read_rows(path)
    rows[0][1:6] = ["Tue 2 Mar 2026", "Z9", "25:10", "noon", "H99"]
    rows[1][1:3] = ["", ""]
    rows[2][1] = "02/30/2026"
    rows[3][3:5] = ["16:15", "16:15"]
    rows[4][7] = "juggling"
    rows[5][0] = "no-such"
    rows.append(list(rows[6]))
    rows[7][1] = "Tue 2 Mar 2027"
    write_rows(path, [header, *rows])
    with pytest.raises(hs.InputError) as error:
        hs.read_plan(path, plan)
    said = str(error.value)
    for part in ("date is 'Tue 2 Mar 2026', but that day is a Mon", "arrive is '25:10'",
                 "depart is 'noon'; write the time as 15:10", "unit is 'Z9', which is not in",
                 "hotspot is 'H99', which is none of the plan's 6", "date is ''; write the duty",
                 "unit is blank", "date is '02/30/2026'", "not after it arrives at 16:15",
                 "task is 'juggling'; it takes", "the plan holds no such visit",
                 "stands there twice", "2027 is no duty day of the plan"):  # fmt: skip
        assert part in said, part
    assert "row 2" in said


def test_the_table_of_another_plan_is_refused(tmp_path, plan):
    other = replace(plan, visits=plan.visits.iloc[1:])
    path = hs.write_plan(tmp_path / "plan.csv", other)
    with pytest.raises(hs.InputError, match="it was written from plan"):
        hs.read_plan(path, plan)


def test_files_that_are_no_plan_are_refused(tmp_path, plan):
    with pytest.raises(hs.InputError, match=r"ending is '.txt'; it takes .csv or .xlsx"):
        hs.write_plan(tmp_path / "plan.txt", plan)
    for name in ("none.csv", "none.xlsx"):
        with pytest.raises(hs.InputError, match="there is no file"):
            hs.read_plan(tmp_path / name, plan)
    (tmp_path / "bad.xlsx").write_bytes(b"not a workbook")
    with pytest.raises(hs.InputError, match="cannot be read as a workbook"):
        hs.read_plan(tmp_path / "bad.xlsx", plan)
    path = tmp_path / "plan.csv"
    path.write_text("visit,unit\n,P1\n", encoding="utf-8")
    with pytest.raises(hs.InputError) as error:
        hs.read_plan(path, plan)
    for name in ("date", "arrive", "depart", "hotspot"):
        assert f"column '{name}' is missing" in str(error.value)
    path.write_text("", encoding="utf-8")
    with pytest.raises(hs.InputError, match="it is empty"):
        hs.read_plan(path, plan)


@pytest.mark.parametrize(
    ("visits", "match"),
    [(None, "give a DataFrame"), (pd.DataFrame({"hotspot": ["H0"]}), "column 'unit' is missing"),
     (lambda v: v.assign(arrive=v["arrive"].dt.tz_localize("UTC")), "without a time zone"),
     (lambda v: v.assign(arrive="15:10"), "local date-times")],
)  # fmt: skip
def test_what_is_no_table_of_visits_is_refused(plan, visits, match):
    if callable(visits):
        visits = visits(plan.visits)
    with pytest.raises(hs.InputError, match=match):
        hs.amend_plan(plan, visits)
    with pytest.raises(hs.InputError, match="give a PatrolPlan"):
        hs.amend_plan(plan.visits, plan.visits)


def test_what_is_no_plan_path_or_visit_is_refused(tmp_path, plan):
    for use in (hs.check_visits, lambda p: hs.write_plan(tmp_path / "p.csv", p),
                lambda p: hs.read_plan(tmp_path / "p.csv", p)):  # fmt: skip
        with pytest.raises(hs.InputError, match="give a PatrolPlan"):
            use("plan")
    for use in (lambda: hs.write_plan(None, plan), lambda: hs.read_plan(None, plan)):
        with pytest.raises(hs.InputError, match="path is of type NoneType"):
            use()
    with pytest.raises(hs.InputError, match="column 'shift' is missing"):
        hs.check_visits(plan, plan.visits.drop(columns="shift"))
    with pytest.raises(hs.InputError) as error:
        hs.check_visits(plan, plan.visits.assign(unit="Z9", hotspot="H99"))
    assert "unit 'Z9' is not in the plan" in str(error.value)
    assert "hotspot 'H99' is not in the plan" in str(error.value)


def test_every_column_that_leaves_is_explained(early):
    from hotspots.report.columns import about

    silent = [
        f"{table}.{column}" for table, frame in early.tables.items() for column in frame
        if not about(f"amended_{table}", str(column))["meaning"]
    ]  # fmt: skip
    assert silent == []
    assert about("plan_visits", "note")["meaning"]
