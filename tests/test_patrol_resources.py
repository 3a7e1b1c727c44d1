"""Shifts, units, tasks: who is on duty when and able to do what; faults told once and all."""

import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_patrols import make_hotspots, make_lpts, make_shifts, make_units

import hotspots as hs
from hotspots.patrols.files import read_table
from hotspots.patrols.resources import (
    Duty,
    Unit,
    check_shifts,
    check_units,
    duties,
    parse_units,
)
from hotspots.patrols.response import between_jobs
from hotspots.patrols.tasks import able, check_tasks, choose_tasks, who_may

MONDAY = pd.Timestamp("2026-03-02")
INF = float("inf")
TASKS = hs.read_tasks()


def unit(name="U", kind="constable", officers=1, **more):
    return Unit(name, "Hanley", more.pop("shift", "late"), kind, officers, "foot", None,
                more.pop("officer_hours", INF), **more)  # fmt: skip


def shift_table(**columns):
    return pd.DataFrame({name: [value] for name, value in columns.items()})


def one_duty(first=MONDAY, **columns):
    shifts = check_shifts(shift_table(shift="late", **columns))
    return duties(shifts, [unit()], first, 1)[0]


# --- shifts --------------------------------------------------------------------------------------


def test_a_shift_over_midnight_with_two_breaks_and_briefing():
    duty = one_duty(start="22:00", end="07:00", briefing_min=15.0, debrief_min=30.0,
                    break_start="23:50 04:00", break_min=30.0)  # fmt: skip
    night = 22 * 60
    assert (duty.start, duty.end) == (night, night + 540)
    assert duty.windows == (
        (night + 15, night + 110), (night + 140, night + 360), (night + 390, night + 510),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("breaks", "said"),
    [
        ("18:00 18:20", "the break of 30 min at 18:00 runs into the next one; move one of them"),
        ("21:45", "the break of 30 min at 21:45 does not lie inside the shift 14:00 to 22:00"),
        ("13:00", "the break of 30 min at 13:00 does not lie inside"),
        ("6 o'clock", "write the time as HH:MM, several as '18:00 22:00'"),
    ],
)
def test_breaks_that_cannot_be_kept_are_refused(breaks, said):
    table = shift_table(shift="late", start="14:00", end="22:00", break_start=breaks,
                        break_min=30.0)  # fmt: skip
    with pytest.raises(hs.InputError, match="shifts") as caught:
        check_shifts(table)
    assert said in str(caught.value)
    assert len(caught.value.faults) == 1


@settings(max_examples=60, deadline=None)
@given(
    start=st.integers(0, 1439), length=st.integers(60, 1440), briefing=st.integers(0, 30),
    debrief=st.integers(0, 30), away=st.lists(st.integers(0, 47), max_size=3, unique=True),
    rest=st.integers(1, 30),
)  # fmt: skip
def test_patrol_time_is_every_minute_that_is_nothing_else(
    start, length, briefing, debrief, away, rest
):
    """Minute by minute: on shift, and neither briefing, debrief nor break."""

    def clock(minute):
        return f"{minute // 60 % 24:02d}:{minute % 60:02d}"

    away = sorted(30 * n for n in away if 30 * n + rest <= length)
    duty = one_duty(
        start=clock(start), end=clock(start + length), briefing_min=float(briefing),
        debrief_min=float(debrief), break_min=float(rest) if away else np.nan,
        break_start=" ".join(clock(start + at) for at in away) or None,
    )  # fmt: skip
    free = [
        minute for minute in range(length)
        if briefing <= minute < length - debrief
        and not any(at <= minute < at + rest for at in away)
    ]  # fmt: skip
    found = [minute - start for a, b in duty.windows for minute in range(a, b)]
    assert found == free


@pytest.mark.parametrize(
    ("date", "row", "windows"),
    [
        ("2026-03-28", ("22:00", "06:00"), [(1320, 1500), (1560, 1800)]),  # the night it happens
        ("2026-03-29", ("00:30", "03:00"), [(30, 60), (120, 180)]),
        ("2026-03-29", ("01:00", "02:00"), []),  # a shift in an hour that is none
        ("2026-03-27", ("22:00", "06:00"), [(1320, 1800)]),
        ("2026-03-29", ("22:00", "06:00"), [(1320, 1800)]),
        ("2026-10-24", ("22:00", "06:00"), [(1320, 1800)]),  # an hour more, not one less
        ("2026-03-22", ("00:30", "03:00"), [(30, 180)]),  # a Sunday in March, not the last
    ],
)
def test_no_patrol_time_in_the_hour_the_clocks_skip(date, row, windows):
    duty = one_duty(pd.Timestamp(date), start=row[0], end=row[1])
    assert list(duty.windows) == windows


def test_no_planned_time_is_one_the_clocks_never_show():
    """Every minute of a month of nights exists in Europe/London."""
    shifts = check_shifts(shift_table(shift="late", start="21:00", end="07:00"))
    first = pd.Timestamp("2026-03-10")
    minutes = [m for duty in duties(shifts, [unit()], first, 31) for a, b in duty.windows
               for m in range(a, b)]  # fmt: skip
    stamps = first + pd.to_timedelta(minutes, unit="min")
    shown = stamps.tz_localize("Europe/London", ambiguous="NaT", nonexistent="NaT")
    assert not shown.isna().any()
    assert len(stamps) == 31 * 600 - 60


# --- units ---------------------------------------------------------------------------------------

UNIT_CSV = """unit,lpt,shift,kind,officers,mode,team,base_easting,base_northing,end_easting,\
end_northing,abstraction
P1,Hanley,late,pcso,1,foot,,100,200,300,400,.25
C1,Hanley,late,constable,2,vehicle,response,,,,,
R1,Hanley,late,Response,2,vehicle,,,,,,
S1,Hanley,late,special,2,cycle,Neighbourhood,100,200,,,0
"""


def test_units_have_a_team_an_end_and_an_abstraction(tmp_path):
    path = tmp_path / "units.csv"
    path.write_text(UNIT_CSV, encoding="utf-8")
    units = {u.name: u for u in parse_units(hs.read_units(path), [])}
    assert (units["P1"].base, units["P1"].end) == ((100, 200), (300, 400))
    assert units["S1"].end == (100, 200)  # back where it started
    assert units["C1"].end is None
    assert [u.response for u in units.values()] == [False, True, True, False]
    assert [u.abstraction for u in units.values()] == [0.25, None, None, 0]


def test_response_units_are_on_duty_but_not_among_the_crews(tmp_path):
    path = tmp_path / "units.csv"
    path.write_text(UNIT_CSV, encoding="utf-8")
    shifts = check_shifts(shift_table(shift="late", start="14:00", end="22:00"))
    duty = duties(shifts, parse_units(hs.read_units(path), []), MONDAY, 1)[0]
    assert [u.name for u in duty.crews] == ["P1", "S1"]
    assert [u.name for u in duty.responders] == ["C1", "R1"]


def test_abstraction_and_caps_lower_a_units_hours():
    duty = one_duty(start="14:00", end="22:00", break_start="18:00", break_min=60.0)
    pair = unit(officers=2)
    assert duty.hours_of(pair) == 14
    assert duty.hours_of(pair, 0.5) == 7
    assert duty.hours_of(unit(officers=2, abstraction=0.25), 0.5) == 10.5  # its own wins
    assert duty.hours_of(unit(officers=2, abstraction=0.0), 0.5) == 14
    assert duty.hours_of(unit(officers=2, officer_hours=3.0), 0.5) == 3
    assert duty.hours_of(unit(abstraction=1.0)) == 0


BAD_UNITS = [
    {"unit": "A", "lpt": "Hanley", "shift": "late", "kind": "traffic", "officers": "two",
     "mode": "foot", "base_easting": 5},
    {"unit": "B", "lpt": "", "shift": "late", "kind": "response", "officers": 3, "mode": "boat",
     "team": "neighbourhood", "abstraction": 25},
    {"unit": "B", "lpt": "Leek", "shift": "late", "kind": "pcso", "officers": 1, "mode": "foot",
     "team": "traffic", "end_northing": "far", "officer_hours": -2},
]  # fmt: skip
BAD_UNITS_SAID = [
    "row 1 (A): officers is 'two'; it must be a number.",
    "row 2 (B): lpt is blank; say Local Policing Team it serves.",
    "row 3 (B): end_northing is 'far'; it must be a number.",
    "index 'unit' repeats 'B'; every row needs its own.",
    "unit 'A': kind is 'traffic'; it takes constable, pcso, special, response.",
    "unit 'A': give both base_easting and base_northing, or neither.",
    "unit 'B': mode is 'boat'; it takes foot, cycle, vehicle.",
    "unit 'B': officers is 3; a unit is 1 or 2 officers: split larger teams into units.",
    "unit 'B': abstraction is 25; it is a share, 0 to 1: write 0.25 for 25%.",
    "unit 'B': kind is 'response' and team 'neighbourhood'; write constable, pcso or special as "
    "kind, or leave team blank.",
    "unit 'B': officer_hours is -2; it cannot be below 0.",
    "unit 'B': give both end_easting and end_northing, or neither.",
    "unit 'B': team is 'traffic'; it takes neighbourhood, response.",
]


def as_toml(key, rows):
    def value(cell):
        return f'"{cell}"' if isinstance(cell, str) else str(cell)

    return "".join(
        f"[[{key}]]\n" + "".join(f"{name} = {value(cell)}\n" for name, cell in row.items())
        for row in rows
    )  # fmt: skip


@pytest.mark.parametrize("suffix", ["csv", "toml"])
def test_every_fault_of_a_units_file_is_told_at_once(tmp_path, suffix):
    path = tmp_path / f"units.{suffix}"
    columns = dict.fromkeys(name for row in BAD_UNITS for name in row)
    rows = pd.DataFrame(BAD_UNITS, columns=list(columns)).to_csv(index=False)
    path.write_text(rows if suffix == "csv" else as_toml("unit", BAD_UNITS), encoding="utf-8")
    with pytest.raises(hs.InputError) as caught:
        hs.read_units(path)
    assert set(caught.value.faults) == set(BAD_UNITS_SAID)


@pytest.mark.parametrize("suffix", ["csv", "toml"])
def test_every_fault_of_a_shifts_file_is_told_at_once(tmp_path, suffix):
    rows = [
        {"shift": "early", "start": "7am", "end": "15:00", "breifing_min": 15},
        {"shift": "late", "start": "15:00", "days": "Funday", "debrief_min": "ten"},
        {"shift": "night", "start": "22:00", "end": "06:00", "break_min": 30, "days": "Fri"},
    ]
    path = tmp_path / f"shifts.{suffix}"
    text = pd.DataFrame(rows).to_csv(index=False) if suffix == "csv" else as_toml("shift", rows)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(hs.InputError) as caught:
        hs.read_shifts(path)
    assert caught.value.what == f"shifts.{suffix}"
    assert set(caught.value.faults) == {
        "column 'breifing_min' is not known; rename it 'briefing_min' if that is what it holds, "
        "else name it less alike.",
        "row 2 (late): end is blank; say end as HH:MM; at or before the start means the next day.",
        "row 2 (late): debrief_min is 'ten'; it must be a number.",
        "row 1 (early): start is '7am'; write the time as HH:MM, as 14:00.",
        "row 2 (late): days is 'Funday'; write 'Fri Sat' or 'Mon-Fri', or leave blank.",
        "row 3 (night): break_min is given without break_start; say when the break is.",
    }


def test_a_frames_contract_and_row_faults_come_together():
    table = pd.DataFrame({"lpt": ["Hanley"], "shift": ["late"], "kind": ["clown"],
                          "officers": ["two"]}, index=["U"])  # fmt: skip
    with pytest.raises(hs.InputError) as caught:
        check_units(table)
    said = str(caught.value)
    for part in ("column 'mode' is missing", "column 'officers' is", "must be numbers",
                 "kind is 'clown'"):  # fmt: skip
        assert part in said
    far = make_units(("C1", "Hanley", "late", "constable", 2, "vehicle")).assign(
        base_easting=INF, base_northing=INF
    )
    with pytest.raises(hs.InputError, match=r"are \(inf, inf\); give metres, or leave blank"):
        check_units(far)
    with pytest.raises(hs.InputError, match="column 'unit' is missing; columns found: lpt"):
        check_units(table.reset_index(drop=True))


@pytest.mark.parametrize("given_", [None, [1], "units.csv"])
@pytest.mark.parametrize("check", [check_units, check_shifts, check_tasks])
def test_what_is_no_table_is_refused(check, given_):
    with pytest.raises(hs.InputError, match="give a DataFrame"):
        check(given_)


def test_files_of_spreadsheets_are_read(tmp_path):
    """Unicode text, blank rows at the end, and a line break inside quotes."""
    path = tmp_path / "shifts.csv"
    path.write_bytes("shift\tstart\tend\nlate\t14:00\t22:00\n\t\t\n".encode("utf-16"))
    assert hs.read_shifts(path)["end"].tolist() == ["22:00"]
    path.write_text('shift,start,end,note\nlate,14:00,22:00,"a\nb"\nnight,22:00\n')
    with pytest.raises(hs.InputError, match="line 4 has 2 values where the header has 4"):
        hs.read_shifts(path)
    path.write_text("shift,start,end\n" + 140_000 * "x" + ",14:00,22:00\n")
    with pytest.raises(hs.InputError, match="line 2 cannot be read: field larger"):
        hs.read_shifts(path)


@pytest.mark.parametrize("read", [hs.read_shifts, hs.read_units, hs.read_tasks])
def test_what_is_no_csv_or_toml_file_is_refused(tmp_path, read):
    with pytest.raises(hs.InputError, match="path is 5; give the path of a CSV or TOML file"):
        read(5)
    with pytest.raises(hs.InputError, match="there is no file"):
        read(tmp_path)
    book = tmp_path / "units.xlsx"
    book.write_bytes(b"PK\x03\x04rest")
    with pytest.raises(hs.InputError, match="it is a workbook; save its sheet as CSV UTF-8"):
        read(book)


def test_dates_are_read_year_first_only(tmp_path):
    path = tmp_path / "given.csv"
    path.write_text("theme,source,date,weight,author\nnoise,council,02/03/2026,.5,inspector\n"
                    "litter,PACT,2026-03-02,1,inspector\n")  # fmt: skip
    frame, faults = read_table(path, hs.contracts.PRIORITIES, "theme")
    assert faults == [
        "row 1 (noise): date is '02/03/2026'; write the date year first, as 2026-03-02."
    ]
    assert frame["date"].iloc[1] == MONDAY


def test_the_sample_county_keeps_the_contracts():
    county = hs.make_county(seed=1, months=2, scale=0.05)
    assert len(check_shifts(county.shifts)) == 3
    assert check_units(county.units).index.name == "unit"


# --- tasks ---------------------------------------------------------------------------------------


def test_the_first_task_that_fits_is_chosen():
    need = pd.DataFrame([
        ("Anti-social behaviour", "emerging"), ("Anti-social behaviour", "former"),
        ("Anti-social behaviour", "persistent"), ("VIOLENCE WITH INJURY", "persistent"),
        ("Possession  of weapons", None), ("Other theft", "intermittent"),
        ("Theft from the person", ""), ("Unheard of", None), (None, None),
    ], columns=["category", "class_"])  # fmt: skip
    assert choose_tasks(need, hs.read_tasks()).tolist() == [
        "engagement", "reassurance", "problem solving", "public order", "enforcement",
        "prevention", "public order", "visibility", "visibility",
    ]  # fmt: skip
    alone = choose_tasks(need[[]], hs.read_tasks())
    assert set(alone) == {"visibility"}
    assert choose_tasks(need.iloc[:0], hs.read_tasks()).tolist() == []


def test_a_phrase_begins_a_word():
    tasks = check_tasks(pd.DataFrame({
        "task": ["a", "b"], "meaning": ["x", "y"], "constable": True, "pcso": True,
        "special": True, "categories": ["arson; (odd", None],
    }))  # fmt: skip
    need = pd.DataFrame({"category": ["Parson's Lane", "Arsonists", "some (odd thing"]})
    assert choose_tasks(need, tasks).tolist() == ["b", "a", "a"]


def test_tasks_survive_a_spreadsheet(tmp_path):
    path = tmp_path / "tasks.csv"
    hs.read_tasks().to_csv(path)
    pd.testing.assert_frame_equal(hs.read_tasks(path), hs.read_tasks())


def test_every_fault_of_a_tasks_file_is_told_at_once(tmp_path):
    path = tmp_path / "tasks.csv"
    path.write_text(
        "task,meaning,constable,pcso,special,night_pcso,officers,night_officers,class_\n"
        "a,,yes,perhaps,no,,1,,\nb,Be seen.,no,no,no,yes,3,1,rising\nc,Be seen.,yes,,no,,2,1,\n"
    )  # fmt: skip
    with pytest.raises(hs.InputError) as caught:
        hs.read_tasks(path)
    assert set(caught.value.faults) == {
        "row 1 (a): meaning is blank; say what to do there, as an officer reads it.",
        "row 1 (a): pcso is 'perhaps'; write yes or no.",
        "row 3 (c): pcso is blank; say whether PCSOs may do it.",
        "task 'b': nobody may do it; say yes to constable, special, pcso where right.",
        "task 'b': PCSOs may do it by night but not by day; set one right.",
        "task 'b': officers is 3; it is 1 or 2.",
        "task 'b': it takes fewer officers by night than by day; set one right.",
        "task 'b': class_ is 'rising'; it takes persistent, emerging, intermittent, former, or "
        "blank.",
        "task 'b': it can never be chosen, for 'a' before it fits every hotspot; move that one to "
        "the end.",
        "task 'c': it can never be chosen, for 'a' before it fits every hotspot; move that one to "
        "the end.",
        "task 'c': it takes fewer officers by night than by day; set one right.",
    }


def test_tasks_may_be_named_by_numbers():
    plain = pd.DataFrame({"task": [7], "meaning": ["Be seen."], "constable": True, "pcso": True,
                          "special": True})  # fmt: skip
    assert check_tasks(plain).loc["7", ["officers", "class_"]].tolist() == [1, ""]


def test_a_table_of_tasks_must_fit_every_hotspot():
    tasks = hs.read_tasks().drop("visibility")
    with pytest.raises(hs.InputError, match="no task fits every hotspot; end with one"):
        check_tasks(tasks)


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(["constable", "pcso", "special", "response"]),
    officers=st.sampled_from([1, 2]), pairs=st.tuples(st.integers(0, 23), st.integers(0, 23)),
    opens=st.integers(0, 5000), long=st.integers(1, 300),
)  # fmt: skip
def test_able_is_what_the_table_says_minute_by_minute(kind, officers, pairs, opens, long):
    tasks = TASKS
    pairs_from, pairs_to = (f"{hour:02d}:00" for hour in pairs)
    hours = {(pairs[0] + n) % 24 for n in range((pairs[1] - pairs[0]) % 24)}
    night = any(minute // 60 % 24 in hours for minute in range(opens, opens + long))
    expected = []
    for _, row in tasks.iterrows():
        powers = row["constable" if kind == "response" else kind]
        if night and kind == "pcso":
            powers = row["night_pcso"]
        expected.append(bool(powers and officers >= row["night_officers" if night else "officers"]))
    found = able(unit(kind=kind, officers=officers), tasks, np.array([opens]),
                 np.array([opens + long]), pairs_from, pairs_to)  # fmt: skip
    assert found[:, 0].tolist() == expected


def test_who_may_is_said_in_words():
    tasks = hs.read_tasks()
    assert who_may(tasks.loc["enforcement"]) == (
        "constables or specials; from 20:00 to 06:00 two officers"
    )
    pairs = tasks.loc["visibility"].copy()
    pairs["officers"] = pairs["night_officers"] = 2
    assert who_may(pairs) == "constables, specials or PCSOs, two officers"
    assert who_may(tasks.loc["enforcement"], "20:00", "20:00") == "constables or specials"


# --- between jobs --------------------------------------------------------------------------------


def late(*units, day=0, start=900, end=1380):
    start, end = day * 1440 + start, day * 1440 + end
    return Duty("Hanley", "late", day, start, end, ((start, end),), INF, units)


def responder(name, kind="response"):
    return unit(name, kind, 2, team="response")


def jobs(need, occurrences, visits=(), intensity=None, tasks=None):
    tasks = hs.read_tasks() if tasks is None else tasks
    table = pd.DataFrame({"hotspot": [h for h, _ in visits],
                          "date": pd.to_datetime([d for _, d in visits])})  # fmt: skip
    intensity = np.ones((len(need), 168)) if intensity is None else intensity
    return between_jobs(need, intensity, tasks.loc[choose_tasks(need, tasks)], occurrences,
                        table, MONDAY, hs.PatrolRules())  # fmt: skip


@pytest.fixture
def need():
    return pd.DataFrame({"lpt": ["Hanley"] * 3 + ["Leek"], "worth": [9.0, 8.0, 0.0, 20.0]},
                        index=pd.Index(["A", "B", "C", "L"], name="hotspot"))  # fmt: skip


def test_units_on_duty_together_look_in_on_different_hotspots(need):
    table = jobs(need, [late(responder("R1"), responder("R2"), responder("R3"))])
    assert table[["unit", "hotspot"]].to_numpy().tolist() == [["R1", "A"], ["R2", "B"]]
    assert table["why"].str.len().max() <= 160
    assert (table["date"] == MONDAY).all()
    assert not {"arrive", "depart"} & set(table.columns)  # no set time


def test_equal_places_go_by_their_id_not_by_their_row(need):
    even = need.assign(worth=[8.0, 8.0, 8.0, 20.0])
    duty = [late(responder("R1"), responder("R2"))]
    table = jobs(even, duty)
    assert table["hotspot"].tolist() == ["A", "B"]
    pd.testing.assert_frame_equal(jobs(even.iloc[[2, 3, 1, 0]], duty), table)


def test_timed_visits_come_first(need):
    visits = [("A", "2026-03-02")] * 2
    table = jobs(need, [late(responder("R1")), late(responder("R1"), day=1)], visits)
    assert table["hotspot"].tolist() == ["B", "A"]  # 9 × .36 is under 8; nobody goes on Tuesday
    assert table["why"].tolist() == [
        "Need rank 2 of 3 in Hanley; no timed visit that day. When free of calls; no set time.",
        "Need rank 1 of 3 in Hanley; no timed visit that day. When free of calls; no set time.",
    ]


def test_the_hours_of_the_shift_decide(need):
    intensity = np.ones((4, 168))
    intensity[0, 15:23] = 0.5  # A is quiet on Monday evening
    assert jobs(need, [late(responder("R1"))], intensity=intensity)["hotspot"].tolist() == ["B"]
    tuesday = jobs(need, [late(responder("R1"), day=1)], intensity=intensity)
    assert tuesday["hotspot"].tolist() == ["A"]


def test_a_response_pcso_is_not_sent_to_enforce(need):
    drugs = need.assign(category=["Drugs", "Burglary", "Drugs", "Drugs"])
    table = jobs(drugs, [late(responder("R1", "pcso"), responder("R2"))])
    assert table[["unit", "hotspot"]].to_numpy().tolist() == [["R1", "B"], ["R2", "A"]]


def test_no_responders_or_no_hotspots_give_an_empty_table_of_the_same_shape(need):
    full = jobs(need, [late(responder("R1"))])
    for empty in (jobs(need, [late(unit())]), jobs(need, []), jobs(need.iloc[:0], [late()]),
                  jobs(need.iloc[3:], [late(responder("R1"))])):  # fmt: skip
        assert len(empty) == 0
        assert empty.dtypes.to_dict() == full.dtypes.to_dict()


def test_what_is_written_as_toml_and_csv_reads_the_same(tmp_path):
    csv, toml = tmp_path / "units.csv", tmp_path / "units.toml"
    csv.write_text(UNIT_CSV, encoding="utf-8")
    frame = pd.read_csv(io.StringIO(UNIT_CSV))
    rows = [row.dropna().to_dict() for _, row in frame.astype("object").iterrows()]
    toml.write_text(as_toml("unit", rows), encoding="utf-8")
    units = hs.read_units(csv)
    pd.testing.assert_frame_equal(units, hs.read_units(toml)[units.columns])


# --- in a plan -----------------------------------------------------------------------------------


def plan_of(units, shifts=None, start="2026-03-02", **rules):
    """Plan a drugs and a burglary hotspot 900 m apart for units of a late and a night shift."""
    spots = make_hotspots(("A", "Hanley", 5000, 5000, 60), ("B", "Hanley", 5900, 5000, 50),
                          category=["Drugs", "Burglary"])  # fmt: skip
    return hs.plan_patrols(
        spots, lpts=make_lpts("Hanley"), shifts=make_shifts() if shifts is None else shifts,
        units=units, start=start, days=1, rules=hs.PatrolRules(effort=0, **rules),
    )  # fmt: skip


def test_nobody_is_sent_to_a_task_they_may_not_do():
    alone = plan_of(make_units(("P1", "Hanley", "late", "pcso", 1, "foot")))
    assert alone.coverage["visits"].to_dict() == {"A": 0, "B": 3}
    both = plan_of(make_units(("P1", "Hanley", "late", "pcso", 1, "foot"),
                              ("C1", "Hanley", "late", "constable", 1, "foot")))  # fmt: skip
    there = both.visits[both.visits["hotspot"] == "A"]
    assert set(there["unit"]) == {"C1"}
    assert (there["arrive"].dt.hour < 20).all()  # by night it takes a pair
    assert set(there["task"]) == {"enforcement"}


def test_abstraction_takes_a_share_of_the_hours():
    units = make_units(("C1", "Hanley", "late", "constable", 2, "vehicle"),
                       ("C2", "Hanley", "late", "constable", 2, "vehicle"),
                       abstraction=[0.25, np.nan])  # fmt: skip
    budget = plan_of(units, abstraction=0.5).budget
    assert budget["available_hours"].tolist() == [20.0]  # pairs: 16 × .75, its own, and 16 × .5
    assert budget["planned_hours"].iloc[0] <= 20.0


def test_no_visit_touches_the_hour_the_clocks_skip():
    plan = plan_of(make_units(("C1", "Hanley", "night", "constable", 2, "vehicle")),
                   start="2026-03-28", gap_min=30, max_per_shift=12)  # fmt: skip
    for column in ("arrive", "depart"):
        stamps = plan.visits[column] + pd.Timedelta(minutes=0 if column == "arrive" else -1)
        shown = stamps.dt.tz_localize("Europe/London", ambiguous="NaT", nonexistent="NaT")
        assert not shown.isna().any()
    assert (plan.visits["arrive"] > pd.Timestamp("2026-03-29 02:00")).any()
    assert plan.budget["available_hours"].tolist() == [16.0]  # a pair, eight of the nine hours


def test_a_response_constable_gets_a_place_to_look_in_on_and_no_visit():
    units = make_units(("C1", "Hanley", "late", "constable", 2, "vehicle"),
                       ("C2", "Hanley", "late", "constable", 2, "vehicle"),
                       team=["neighbourhood", "response"])  # fmt: skip
    plan = plan_of(units)
    assert set(plan.visits["unit"]) == {"C1"}
    assert plan.between_jobs["unit"].tolist() == ["C2"]
    assert plan.budget["officers"].tolist() == [2]
