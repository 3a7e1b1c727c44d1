"""From incidents to the counts of a study, against tables made by hand."""

import functools

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import hotspots as hs
from hotspots.contracts import InputError
from hotspots.impact import ImpactRules, count_places
from hotspots.report.bi import _flat
from hotspots.report.columns import about
from hotspots.report.stations import gather
from hotspots.trials import design_trial
from hotspots.trials.example import example_hotspots, example_trial

CRS = "EPSG:27700"
a_trial = functools.cache(example_trial)
MONTHS = ImpactRules(period="MS")
WEEKS = ImpactRules(period="W")


def squares(**corners):
    """Squares of 100 m by their lower left corner."""
    shapes = [shapely.box(x, y, x + 100, y + 100) for x, y in corners.values()]
    return gpd.GeoDataFrame(geometry=shapes, index=pd.Index(corners, name="hotspot"), crs=CRS)


def incidents(rows, **columns):
    """Incidents at (easting, northing, day): exact times at noon."""
    when = pd.to_datetime([row[2] for row in rows]) + pd.Timedelta(hours=12)
    frame = pd.DataFrame({"category": "ASB", "occurred_from": when, "occurred_to": when, **columns})
    points = [shapely.Point() if row[0] is None else shapely.Point(row[:2]) for row in rows]
    return gpd.GeoDataFrame(frame, geometry=points, crs=CRS)


def daily(first, last, at=(5000, 5000)):
    """One incident a day elsewhere, so that all periods are recorded."""
    rows = [(*at, str(day.date())) for day in pd.date_range(first, last)]
    return [*rows, (-5000, -5000, first), (5000, 5000, first)]


A, B = squares(A=(0, 0)), squares(B=(1000, 0))
ROWS = [
    (50, 50, "2025-01-05"), (60, 60, "2025-01-20"), (50, 50, "2025-02-10"),  # in A
    (150, 50, "2025-02-11"),  # 50 m east of A
    (1050, 50, "2025-01-09"), (1050, 50, "2025-03-09"), (1051, 51, "2025-03-30"),  # in B
    (1200, 50, "2025-03-09"),  # 100 m east of B
    (5000, 5000, "2025-01-31"), (5000, 5000, "2025-02-28"), (5000, 5000, "2025-03-31"),
    (None, None, "2025-02-02"),
]  # fmt: skip


def faults(*given, **more):
    with pytest.raises(InputError) as error:
        count_places(*given, **more)
    return " | ".join(error.value.faults)


# ---- what is counted


def test_every_count_of_a_small_table_is_the_one_made_by_hand():
    counts = count_places(incidents(ROWS), A, B, start="2025-03-01", rules=MONTHS)
    assert counts.places.index.tolist() == ["A", "B"]
    assert counts.y.tolist() == [[[2, 1, 0], [1, 0, 2]]]
    assert counts.ring_y.tolist() == [[[0, 1, 0], [0, 0, 1]]]
    assert counts.treat.tolist() == [[0, 0, 1], [0, 0, 0]]
    assert counts.accounts.set_index("where")["incidents"].to_dict() == {
        "inside a treated place": 3, "inside a control place": 3, "ring of a treated place": 1,
        "ring of a control place": 1, "elsewhere": 3, "no place known": 1,
    }  # fmt: skip
    study = counts.study(part="both")
    assert study.y.tolist() == [[[2, 2, 0], [1, 0, 3]]]
    assert study.days.tolist() == [31, 28, 31]
    assert study.before.tolist() == [True, True, False]


def test_weeks_are_counted_from_the_start_forwards_and_back():
    start = pd.Timestamp("2025-02-13")  # a Thursday
    rows = daily("2025-01-01", "2025-03-31")
    rows += [(50, 50, "2025-02-12"), (50, 50, "2025-02-13"), (50, 50, "2025-02-19"),
             (50, 50, "2025-02-20")]  # fmt: skip
    counts = count_places(incidents(rows), A, B, start=start, rules=WEEKS)
    periods = counts.periods
    assert set((periods["start"] - start).dt.days % 7) == {0}
    assert (periods["days"] == 7).all()
    assert (periods["end"].iloc[:-1].to_numpy() == periods["start"].iloc[1:].to_numpy()).all()
    assert periods["after"].tolist() == (periods["start"] >= start).tolist()
    at = int(periods["after"].argmax())
    assert counts.y[0, 0, at - 1 : at + 2].tolist() == [1, 2, 1]


def test_the_first_and_the_last_week_are_used_only_where_wholly_recorded():
    rows = 4 * daily("2025-01-01", "2025-03-31")
    counts = count_places(incidents(rows), A, B, start="2025-02-13", rules=WEEKS)
    assert counts.periods["start"].min() >= pd.Timestamp("2025-01-01")
    assert counts.periods["end"].max() <= pd.Timestamp("2025-04-01")
    assert counts.periods["complete"].all()
    assert counts.accounts["incidents"].sum() == len(rows)
    late = [row for row in rows if row[2] != "2025-01-02"]  # a day lost in the middle is no gap
    counts = count_places(incidents(late), A, B, start="2025-02-13", rules=WEEKS)
    assert counts.periods["complete"].all()


def month_only(rows):
    frame = incidents(rows)
    month = frame["occurred_from"].dt.to_period("M")
    frame["occurred_from"] = month.dt.start_time
    frame["occurred_to"] = (month + 1).dt.start_time
    return frame


def test_month_only_records_leave_out_the_month_with_the_start_inside_and_say_so():
    counts = count_places(month_only(ROWS), A, B, start="2025-02-15")
    assert counts.period == "MS"
    assert counts.periods["why"].tolist() == ["", "start inside it", ""]
    assert np.isnan(counts.y[:, :, 1]).all()
    assert not counts.study().used[:, 1].any()
    assert counts.y[0, :, [0, 2]].tolist() == [[2, 1], [0, 2]]
    assert "Not used, because the start lies inside: the month from 1 February 2025." in counts.text
    assert "months, as the times are known to the month at best" in counts.text


def test_month_only_records_refuse_weeks():
    said = faults(month_only(ROWS), A, B, start="2025-03-01", rules=WEEKS)
    assert "100% of the incidents span more" in said
    assert "period='MS'" in said


def test_missing_months_are_gaps_and_not_zeros():
    rows = daily("2025-01-01", "2025-02-28") + daily("2025-05-01", "2025-07-31")
    counts = count_places(incidents(rows), A, B, start="2025-06-01", rules=MONTHS)
    told = counts.periods.set_index("start")["complete"]
    assert told.index[~told].month.tolist() == [3, 4]
    assert np.isnan(counts.y[0, 0, 2:4]).all()
    assert counts.y[0, 0, [0, 1, 4, 5, 6]].tolist() == [0] * 5
    assert counts.study().used[0].tolist() == [True, True, False, False, True, True, True]
    assert "not wholly recorded" in counts.text


def test_an_end_cuts_off_what_comes_after():
    counts = count_places(incidents(ROWS), A, B, start="2025-02-01", end="2025-02-28", rules=MONTHS)
    assert counts.y.tolist() == [[[2, 1], [1, 0]]]
    assert counts.accounts["other_time"].sum() == 3  # two in B and one in its ring in March
    assert counts.end == pd.Timestamp("2025-02-28")
    inside = count_places(incidents(ROWS), A, B, start="2025-02-01", end="2025-03-20", rules=MONTHS)
    assert inside.periods["why"].tolist() == ["", "", "end inside it"]
    assert np.isnan(inside.y[:, :, 2]).all()
    assert "Not used, because the end lies inside: the month from 1 March 2025." in inside.text


def test_an_interval_counts_in_the_period_of_its_middle():
    frame = incidents([*ROWS, (50, 50, "2025-01-01")])
    last = frame.index[-1]
    frame.loc[last, "occurred_from"] = pd.Timestamp("2025-01-20")
    frame.loc[last, "occurred_to"] = pd.Timestamp("2025-02-20")  # its middle: 4 February
    counts = count_places(frame, A, B, start="2025-03-01", rules=MONTHS)
    assert counts.y[0, 0].tolist() == [2, 2, 0]


def test_what_police_found_is_left_out_counted_apart_and_told():
    origin = ["police", "public", "police", "public", "partner", "unknown", "police", "police",
              *["public"] * 4]  # fmt: skip
    frame = incidents(ROWS, origin=origin)
    counts = count_places(frame, A, B, start="2025-03-01", rules=MONTHS)
    assert counts.y.tolist() == [[[1, 0, 0], [1, 0, 1]]]
    assert counts.police_y.tolist() == [[1, 1, 0], [0, 0, 1]]
    assert counts.study("police").y.sum() == 3
    assert counts.accounts["found_by_police"].sum() == 4
    assert "Left out: 4 in or about the places that police activity found" in counts.text
    every = count_places(
        frame, A, B, start="2025-03-01", rules=ImpactRules(period="MS", include_police=True)
    )
    assert every.y.tolist() == [[[2, 1, 0], [1, 0, 2]]]
    assert every.accounts["found_by_police"].sum() == 0
    assert "counted too" in every.text


def test_outcomes_are_sums_of_their_types_and_harm_stands_beside():
    frame = incidents(ROWS, harm=[10.0, np.nan, 5, 1, 2, 3, 4, 9, 9, 9, 9, 9])
    frame["category"] = ["ASB", "Theft", "Theft", *["ASB"] * 9]
    rules = ImpactRules(
        period="MS", outcomes={"theft": ["Theft"], "either": ["Theft", "ASB"], "ASB": ["ASB"]}
    )
    counts = count_places(frame, A, B, start="2025-03-01", rules=rules)
    assert counts.outcomes == ("theft", "either", "ASB")
    assert counts.y[0].tolist() == [[1, 1, 0], [0, 0, 0]]
    assert (counts.y[0] + counts.y[2] == counts.y[1]).all()
    assert counts.study("harm: either").y[0].tolist() == [[10, 5, 0], [2, 0, 7]]
    assert "1 in or about the places have no harm weight" in counts.text
    only = ImpactRules(period="MS", outcomes={"theft": ["Theft"]}, harm=False)
    told = count_places(frame, A, B, start="2025-03-01", rules=only)
    assert told.harm_y is None
    assert told.accounts["other_category"].sum() == 6


def test_the_order_of_rows_changes_nothing(county):
    spots = county.hotspots
    rng = np.random.default_rng(3)
    first = count_places(
        county.incidents, spots[spots["treated"]], spots[~spots["treated"]], start="2025-01-01"
    )
    mixed = spots.iloc[rng.permutation(len(spots))]
    again = count_places(
        county.incidents.iloc[rng.permutation(len(county.incidents))], mixed[mixed["treated"]],
        mixed[~mixed["treated"]], start="2025-01-01",
    )  # fmt: skip
    assert first.places.index.equals(again.places.index)
    assert first.harm_y is again.harm_y is None
    for name in ("y", "ring_y", "kind_y", "police_y", "used"):
        assert np.array_equal(getattr(first, name), getattr(again, name), equal_nan=True), name
    pd.testing.assert_frame_equal(first.accounts, again.accounts)
    pd.testing.assert_frame_equal(first.recording, again.recording)
    assert first.text == again.text


def test_the_county_is_counted_as_a_naive_join_counts_it(county):
    spots = county.hotspots
    counts = count_places(
        county.incidents, spots[spots["treated"]], spots[~spots["treated"]], start="2025-01-01",
        rules=ImpactRules(period="MS", include_police=True),
    )  # fmt: skip
    frame = county.incidents[~county.incidents.geometry.is_empty]
    joined = gpd.sjoin(frame[["occurred_from", "occurred_to", "geometry"]], spots[["geometry"]])
    middle = joined["occurred_from"] + (joined["occurred_to"] - joined["occurred_from"]) / 2
    naive = pd.crosstab(joined["hotspot"], middle.dt.to_period("M"))
    assert (counts.y[0] == naive.loc[counts.places.index].to_numpy()[:, :36]).all()
    assert counts.accounts["incidents"].sum() == len(county.incidents)
    parts = counts.accounts.drop(columns=["where", "incidents"]).sum(axis=1)
    assert (parts == counts.accounts["incidents"]).all()


def test_a_source_that_ends_early_takes_its_periods_with_it():
    ours = incidents([*daily("2025-01-01", "2025-06-30", (50, 50))], source="ours")
    theirs = incidents([*daily("2025-01-01", "2025-04-30", (9000, 9000))], source="theirs")
    both = pd.concat([ours, theirs], ignore_index=True)
    counts = count_places(both, A, B, start="2025-03-01", rules=MONTHS)
    assert counts.periods["complete"].all()  # theirs has nothing near the places
    near = incidents(daily("2025-01-01", "2025-04-30", (60, 60)), source="theirs")
    mine = pd.concat([ours, near], ignore_index=True)
    counts = count_places(mine, A, B, start="2025-03-01", rules=MONTHS)
    assert counts.periods["complete"].sum() == 4


# ---- places


def test_places_in_another_crs_are_brought_to_that_of_the_incidents():
    near = [(x + 400_000, y + 300_000, day) if x is not None else (x, y, day) for x, y, day in ROWS]
    a, b = squares(A=(400_000, 300_000)), squares(B=(401_000, 300_000))
    here = count_places(incidents(near), a, b, start="2025-03-01", rules=MONTHS)
    there = count_places(
        incidents(near), a.to_crs("EPSG:4326"), b.to_crs("EPSG:4326"), start="2025-03-01",
        rules=MONTHS,
    )  # fmt: skip
    assert (here.y == there.y).all()


def test_a_point_on_the_line_between_treated_and_control_counts_once():
    a, b = squares(A=(0, 0)), squares(B=(100, 0))
    rows = [*ROWS[8:], (100, 50, "2025-01-02"), (100, 50, "2025-03-02")]
    counts = count_places(incidents(rows), a, b, start="2025-03-01", rules=MONTHS)
    assert counts.y.tolist() == [[[0, 0, 0], [1, 0, 1]]]  # the east side has it


def test_treated_and_control_that_overlap_are_named():
    said = faults(incidents(ROWS), A, squares(B=(50, 0)), start="2025-03-01")
    assert "treated 'A' and control 'B' overlap by 0.005 km²" in said


def test_a_polygon_that_crosses_itself_is_repaired():
    bow = shapely.Polygon([(0, 0), (100, 100), (100, 0), (0, 100), (0, 0)])
    crossed = gpd.GeoDataFrame(geometry=[bow], index=["A"], crs=CRS)
    rows = [*ROWS[8:], (10, 50, "2025-01-02"), (90, 50, "2025-03-02"), (50, 90, "2025-03-02")]
    counts = count_places(incidents(rows), crossed, B, start="2025-03-01", rules=MONTHS)
    assert counts.y[0, 0].tolist() == [1, 0, 1]
    assert counts.places.loc["A", "area_km2"] == 0.005


def test_overlap_within_an_arm_is_told_and_counted_once():
    two = squares(A=(0, 0), A2=(40, 0))
    counts = count_places(incidents(ROWS), two, B, start="2025-03-01", rules=MONTHS)
    assert counts.y[0].sum() == 6
    assert counts.places["incidents"].tolist() == [3, 0, 3]
    assert "1 pair of treated places overlaps (first: A and A2)" in counts.text


def test_one_id_in_both_arms_makes_two_places():
    counts = count_places(
        incidents(ROWS), A, B.rename({"B": "A"}), start="2025-03-01", rules=MONTHS
    )
    assert counts.places.index.tolist() == ["treated A", "control A"]
    assert counts.places["hotspot"].tolist() == ["A", "A"]


def test_places_outside_of_all_records_are_told_or_refused():
    far = squares(B=(1000, 0), Z=(900_000, 0))
    assert (
        "Outside of all incidents lie Z"
        in count_places(incidents(ROWS), A, far, start="2025-03-01", rules=MONTHS).text
    )
    said = faults(incidents(ROWS), A, far.loc[["Z"]], start="2025-03-01", rules=MONTHS)
    assert "every control place lies outside of all incidents" in said


def test_blocks_of_matches_pair_the_arms():
    treated = squares(A=(0, 0), C=(3000, 0))
    control = squares(B=(1000, 0), D=(2000, 0)).assign(block=["C", "A"])
    counts = count_places(incidents(ROWS), treated, control, start="2025-03-01", rules=MONTHS)
    block = dict(zip(counts.places.index, counts.block.tolist(), strict=True))
    assert block["A"] == block["D"]
    assert block["B"] == block["C"]
    assert block["A"] != block["B"]
    told = count_places(
        incidents(ROWS), treated, control.assign(block=["x", "y"]), start="2025-03-01", rules=MONTHS
    )
    assert told.block.tolist() == [0, 0, 0, 0]
    assert "Blocks were given for one arm only and are not used." in told.text


def test_without_control_places_it_says_so():
    counts = count_places(incidents(ROWS), A, start="2025-03-01", rules=MONTHS)
    assert counts.places["arm"].tolist() == ["treated"]
    assert "no control places, so nothing to compare a change with" in counts.text


def test_chosen_marks_the_periods_the_places_were_chosen_for():
    rules = ImpactRules(period="MS", chosen=("2025-01-15", "2025-02-01"))
    counts = count_places(incidents(ROWS), A, B, start="2025-03-01", rules=rules)
    assert counts.study().chosen.tolist() == [True, True, False]


# ---- what is refused


LINES = gpd.GeoDataFrame(geometry=[shapely.LineString([(0, 0), (1, 1)])], index=["L"], crs=CRS)
BAD = {
    "no places": ((None, B), {"start": "2025-03-01"}, "treated is missing"),
    "no start": ((A, B), {}, "start is missing"),
    "a start nobody can read": ((A, B), {"start": "01/04/2025"}, "start is '01/04/2025'"),
    "a number for a start": ((A, B), {"start": 20250301}, "start is 20250301"),
    "a start with a zone": ((A, B), {"start": pd.Timestamp("2025-03-01", tz="UTC")}, "local date"),
    "a start no calendar holds": ((A, B), {"start": pd.Timestamp.min}, "takes a local date"),
    "no date at all": ((A, B), {"start": pd.NaT}, "local date"),
    "the end first": ((A, B), {"start": "2025-03-01", "end": "2025-02-01"}, "end is 2025-02-01"),
    "a start after the records": ((A, B), {"start": "2026-03-01"}, "from after the start"),
    "a start before the records": ((A, B), {"start": "2024-03-01"}, "from before the start"),
    "a list": (([1, 2], B), {"start": "2025-03-01"}, "treated is of type list"),
    "an empty table": ((A, B.iloc[:0]), {"start": "2025-03-01"}, "control holds no places"),
    "lines": ((A, LINES), {"start": "2025-03-01"}, "control holds LineString"),
    "no CRS": ((A.set_crs(None, allow_override=True), B), {"start": "2025-03-01"}, "no CRS"),
    "no area": (
        (gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 0.1, 0.1)], index=["A"], crs=CRS), B),
        {"start": "2025-03-01"},
        "treated 'A' has no area",
    ),
    "an id twice": ((pd.concat([A, A]), B), {"start": "2025-03-01"}, "repeats the id 'A'"),
    "rules of a kind": ((A, B), {"start": "2025-03-01", "rules": {}}, "rules is of type dict"),
    "an unknown type": (
        (A, B),
        {"start": "2025-03-01", "rules": ImpactRules(outcomes={"x": ["Arson"]})},
        "'Arson', which no incident has; categories: ASB",
    ),
    "a name that is kept": (
        (A, B),
        {"start": "2025-03-01", "rules": ImpactRules(outcomes={"police": ["ASB"]})},
        "kept for another",
    ),
    "no design": ((), {"design": "pairs"}, "design is of type str"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_named_with_its_remedy(case):
    places, more, said = BAD[case]
    assert said in faults(incidents(ROWS), *places, **more)


def test_every_fault_is_named_at_once():
    rules = ImpactRules(outcomes={"x": ["Arson"]})
    said = faults(incidents(ROWS), LINES, [1], start="soon", end=3, rules=rules)
    for part in ("treated holds LineString", "control is of type list", "start is 'soon'",
                 "end is 3", "'Arson'"):  # fmt: skip
        assert part in said


def test_no_incidents_and_one_incident_are_refused_in_words():
    frame = incidents(ROWS)
    assert "there are no incidents" in faults(frame.iloc[:0], A, B, start="2025-03-01")
    assert "from before the start" in faults(
        frame.iloc[[2]], A, B, start="2025-02-10", rules=MONTHS
    )
    assert "no incident has a known place" in faults(
        frame.iloc[[11] * 3].set_axis(range(3)).assign(
            occurred_from=pd.to_datetime(["2025-01-05", "2025-02-05", "2025-03-05"]),
            occurred_to=pd.to_datetime(["2025-01-05", "2025-02-05", "2025-03-05"]),
        ), A, B, start="2025-02-01", rules=MONTHS,
    )  # fmt: skip
    short = incidents([*daily("2025-01-10", "2025-01-20"), *daily("2025-02-10", "2025-02-12")])
    assert "no period after it is wholly recorded" in faults(
        short, A, B, start="2025-02-05", rules=MONTHS
    )
    assert "incidents: it is of type list" in faults([], A, B, start="2025-03-01")


def test_negative_harm_is_refused():
    frame = incidents(ROWS, harm=-1.0)
    assert "harm is -1" in faults(frame, A, B, start="2025-03-01", rules=MONTHS)


def test_a_study_there_is_not_is_refused():
    counts = count_places(incidents(ROWS), A, B, start="2025-03-01", rules=MONTHS)
    with pytest.raises(InputError, match=r"part is 'ring'.*\n.*outcome is 'theft'"):
        counts.study("theft", "ring")
    with pytest.raises(InputError, match="inside the places only"):
        counts.study("police", "buffer")


# ---- trials


@pytest.fixture(scope="module")
def trial_records():
    """Two years of incidents at and about the twelve hotspots of the example."""
    hotspots, _ = example_hotspots()
    rng = np.random.default_rng(5)
    days = pd.date_range("2025-01-01", "2026-06-30")
    day = days[rng.integers(0, len(days), 6000)]
    when = day + pd.to_timedelta(rng.integers(0, 86_400, 6000), unit="s")
    middle = hotspots.geometry.centroid
    at = rng.integers(0, 12, 6000)
    x = middle.x.to_numpy()[at] + rng.uniform(-200, 200, 6000)
    return gpd.GeoDataFrame(
        {"category": "ASB", "occurred_from": when, "occurred_to": when},
        geometry=gpd.points_from_xy(x, np.full(6000, 100.0)), crs=CRS,
    )  # fmt: skip


DESIGNS = ["simple", "pairs", "blocks", "balanced", "crossover", "stepped wedge"]


@pytest.mark.parametrize("design", DESIGNS)
def test_treatment_is_that_of_the_calendar_and_the_lot(design, trial_records):
    trial = a_trial(design)
    counts = count_places(trial_records, design=trial)
    assert counts.design == design
    assert counts.period == ("D" if design == "crossover" else "W")
    assert set(counts.places["hotspot"]) == set(trial.sites.index)
    by_day = trial.calendar.set_index(["hotspot", "date"])[["treated", "phase"]].unstack()  # noqa: PD010
    by_day = by_day.loc[counts.places["hotspot"]]
    treated, phase = (by_day[name].to_numpy(dtype=object) for name in ("treated", "phase"))
    day = by_day["treated"].columns
    for t, (first, end) in enumerate(counts.periods[["start", "end"]].itertuples(index=False)):
        days = (day >= first) & (day < end)
        assert (counts.treat[:, t] == treated[:, days].astype(bool).any(axis=1)).all()
        assert (counts.used[:, t] == ~(phase[:, days] == "wash-out").any(axis=1)).all()
    # the lot draws in the order of these places, and as often for each as for another
    drawn = np.asarray(counts.redraw(20, np.random.default_rng(0)))
    assert drawn.shape == (20, *counts.treat.shape)
    after = counts.periods["after"].to_numpy()
    assert not drawn[:, :, ~after].any()
    own = np.asarray(trial.redraw(
        20, np.random.default_rng(0), counts.periods["start"], counts.periods["end"]
    ))  # fmt: skip
    order = [list(trial.sites.index).index(one) for one in counts.places["hotspot"]]
    assert (drawn == own[:, order]).all()
    assert counts.study().redraw is counts.redraw


def test_a_crossover_compares_days_within_place_and_cycle(trial_records):
    trial = a_trial("crossover")
    counts = count_places(trial_records, design=trial)
    assert counts.periods["start"].min() == trial.start
    cycle = (counts.periods["start"] - trial.start).dt.days.to_numpy() // trial.cell_days
    same = counts.cell[:, :, None] == counts.cell[:, None, :]
    assert (same == (cycle[:, None] == cycle[None, :])).all()
    assert len(np.unique(counts.cell)) == len(counts.places) * len(np.unique(cycle))


def test_a_crossover_refuses_months_and_month_only_records(trial_records):
    trial = a_trial("crossover")
    assert "counted by the day" in faults(trial_records, design=trial, rules=MONTHS)
    coarse = trial_records.assign(
        occurred_from=trial_records["occurred_from"].dt.to_period("M").dt.start_time,
        occurred_to=trial_records["occurred_from"].dt.to_period("M").dt.end_time,
    )
    assert "cannot be judged by such records" in faults(coarse, design=trial)


def test_months_in_which_sites_of_a_stepped_wedge_start_are_used_for_no_site(trial_records):
    trial = a_trial("stepped wedge")
    said = faults(trial_records, design=trial, rules=MONTHS)  # steps every three weeks
    assert "no month after 2026-01-05 has every place treated for the whole of it" in said
    assert "period='W'" in said


def test_places_and_a_start_beside_a_design_are_refused(trial_records):
    said = faults(trial_records, A, design=a_trial(), start="2026-01-05")
    assert "beside design" in said
    assert "start is given beside design" in said


def test_rings_of_a_trial_do_not_depend_on_the_lot():
    hotspots, records = example_hotspots()
    two = hotspots.iloc[:8].copy()
    two["geometry"] = shapely.box(500.0 * np.arange(8), 0, 500.0 * np.arange(8) + 200, 200)
    found = []
    for seed in (1, 2):
        trial = design_trial(
            two, records, design="simple", start="2026-01-05", seed=seed,
            rules=hs.TrialRules(min_incidents=0, buffer_m=100),
        )  # fmt: skip
        rows = [(350, 100, f"2025-{m:02}-10") for m in range(6, 13)]  # 150 m from two sites
        rows += daily("2025-06-01", "2026-03-29", (9000, 9000))
        counts = count_places(incidents(rows), design=trial)
        found.append((trial.sites["arm"].tolist(), np.nansum(counts.ring_y)))
    assert len({str(arm) for arm, _ in found}) > 1
    assert {ring for _, ring in found} == {0}


def test_rings_of_sites_drawn_as_one_may_meet_and_other_methods_are_told_of():
    hotspots, records = example_hotspots()
    spots = hotspots.copy()
    left = 2000.0 * np.arange(12)
    left[1] = 450  # 250 m from the first
    spots["geometry"] = shapely.box(left, 0, left + 200, 200)
    trial = design_trial(spots, records, design="simple", start="2026-01-05",
                         rules=hs.TrialRules(min_incidents=0))  # fmt: skip
    assert trial.sites["cluster"].nunique() == 11
    rows = [(300, 100, f"2025-{m:02}-10") for m in range(6, 13)]  # 100 m from one, 150 from one
    rows += daily("2025-06-01", "2026-03-29", (9000, 9000))
    counts = count_places(incidents(rows), design=trial)
    assert counts.ring_y.sum() == 7
    assert "2 places were drawn in groups; the randomisation test knows that" in counts.text


def test_kinds_of_a_trial_are_compared_by_its_lot(trial_records):
    night = trial_records["occurred_from"].dt.hour < 6
    records = trial_records.assign(category=np.where(night, "Noise", "ASB"))
    counts = count_places(records, design=a_trial("pairs"))
    table = hs.compare_kinds(counts, draws=199).query("part == 'hotspots'").set_index("kind")
    assert (table.loc[["ASB", "Noise"], "low"] < 1).all()  # nothing was done there
    assert (table.loc[["ASB", "Noise"], "high"] > 1).all()
    held = counts.kind_study()
    on = (held.treat[0] > 0) & held.used
    for kind in ("ASB", "Noise"):
        at = counts.kinds["kind"].tolist().index(kind)
        assert table.loc[kind, "treated_after"] == held.y[at][on].sum()


def test_a_trial_is_told_as_what_it_is(trial_records):
    crossover = count_places(trial_records, design=a_trial("crossover"))
    assert crossover.text.startswith("Counted 12 places, each with and without treatment, over 84")
    assert "Periods are days, as patrols changed from day to day" in crossover.text
    assert "288 place-days are not used: wash-out, or treatment began or ended" in crossover.text
    assert "inside a place" in crossover.accounts["where"].tolist()
    assert crossover.recording.set_index("check").loc["recording elsewhere", "verdict"] == "fine"
    parallel = count_places(trial_records, design=a_trial("pairs"))
    assert parallel.text.startswith("Counted 6 treated and 6 control places over")


def test_without_rings_there_are_none():
    counts = count_places(
        incidents(ROWS), A, B, start="2025-03-01", rules=ImpactRules(period="MS", buffer_m=0)
    )
    assert counts.ring_y.sum() == 0
    assert counts.places["ring_km2"].tolist() == [0, 0]
    assert "rings" not in counts.text
    assert hs.compare_kinds(counts)["part"].unique().tolist() == ["hotspots"]


def test_every_column_is_explained_to_those_who_take_the_tables_elsewhere():
    counts = count_places(
        incidents(ROWS), A.assign(name="A", lpt="X"), B.assign(name="B", lpt="Y"),
        start="2025-03-01", rules=MONTHS,
    )  # fmt: skip
    tables = [
        (f"{kind}_{name}", frame) for kind, name, frame in gather([counts], what="t").tables()
    ]
    assert {name for name, _ in tables} >= {"place_counts_places", "place_counts_accounts"}
    silent = [f"{table}.{column}" for table, frame in tables for column in _flat(frame)
              if not about(table, str(column))["meaning"]]  # fmt: skip
    assert silent == []


# ---- the words


def test_the_text_holds_the_counts_and_claims_nothing():
    counts = count_places(incidents(ROWS), A, B, start="2025-03-01", rules=MONTHS)
    assert counts.text.startswith(
        "Counted 1 treated and 1 control places over 2 months before 1 March 2025 and 1 month "
        "after: of 12 incidents 6 lie inside the places, 2 in the rings of 150 m about them, 3 "
        "elsewhere, and 1 has no known place; 8 are counted."
    )
    for word in ("impact", "effect", "caused"):
        assert word not in counts.text


@pytest.mark.realdata
def test_real_month_only_records_with_a_gap(shared):
    lpts = hs.read_lpts(shared / "data/boundaries/staffordshire_lpts.gpkg")
    records = hs.read_incidents(
        shared / "data/police_uk/staffordshire-2024-2025.zip", lpts=lpts
    ).incidents
    top = records.loc[records["lpt"].notna()]
    west, south = np.floor(np.column_stack([top.geometry.x, top.geometry.y]) / 250).T * 250
    fullest = pd.Series(list(zip(west, south, strict=True))).value_counts().index[:40]
    west, south = np.array(fullest.tolist()).T
    places = gpd.GeoDataFrame(
        geometry=shapely.box(west, south, west + 250, south + 250), crs=records.crs,
        index=[f"C{n:02}" for n in range(40)],
    )  # fmt: skip
    counts = count_places(records, places.iloc[::2], places.iloc[1::2], start="2025-07-01")
    assert counts.period == "MS"
    whole = counts.periods.set_index("start")["complete"]
    assert whole[:"2024-04"].all()
    assert not whole["2024-05":"2024-12"].any()
    assert whole["2025-01":].all()
    assert np.isnan(counts.y[0][:, ~whole.to_numpy()]).all()
    assert counts.accounts["incidents"].sum() == len(records)
    assert "Points are snapped" in counts.text
    assert (counts.kinds["by"] == "type").all()  # month-only: no hours
