"""Bank holidays against published lists, calendars, days and what they are worth."""

import datetime as dt
import subprocess
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from dateutil.easter import easter as dateutil_easter
from hypothesis import given, settings
from hypothesis import strategies as st

import hotspots as hs
from hotspots.calendars import day_weights, effective_days
from hotspots.calendars.holidays import easter, first_year, known_to

ROOT = Path(__file__).resolve().parents[1]

# Month and day of every bank holiday of England and Wales, as GOV.UK and its predecessors listed
# them: on a weekend only the substitute day.
LISTED = {
    1996: "0101 0405 0408 0506 0527 0826 1225 1226",
    1997: "0101 0328 0331 0505 0526 0825 1225 1226",
    1998: "0101 0410 0413 0504 0525 0831 1225 1228",
    1999: "0101 0402 0405 0503 0531 0830 1227 1228 1231",
    2000: "0103 0421 0424 0501 0529 0828 1225 1226",
    2001: "0101 0413 0416 0507 0528 0827 1225 1226",
    2002: "0101 0329 0401 0506 0603 0604 0826 1225 1226",
    2003: "0101 0418 0421 0505 0526 0825 1225 1226",
    2004: "0101 0409 0412 0503 0531 0830 1227 1228",
    2005: "0103 0325 0328 0502 0530 0829 1226 1227",
    2006: "0102 0414 0417 0501 0529 0828 1225 1226",
    2007: "0101 0406 0409 0507 0528 0827 1225 1226",
    2008: "0101 0321 0324 0505 0526 0825 1225 1226",
    2009: "0101 0410 0413 0504 0525 0831 1225 1228",
    2010: "0101 0402 0405 0503 0531 0830 1227 1228",
    2011: "0103 0422 0425 0429 0502 0530 0829 1226 1227",
    2012: "0102 0406 0409 0507 0604 0605 0827 1225 1226",
    2013: "0101 0329 0401 0506 0527 0826 1225 1226",
    2014: "0101 0418 0421 0505 0526 0825 1225 1226",
    2015: "0101 0403 0406 0504 0525 0831 1225 1228",
    2016: "0101 0325 0328 0502 0530 0829 1226 1227",
    2017: "0102 0414 0417 0501 0529 0828 1225 1226",
    2018: "0101 0330 0402 0507 0528 0827 1225 1226",
    2019: "0101 0419 0422 0506 0527 0826 1225 1226",
    2020: "0101 0410 0413 0508 0525 0831 1225 1228",
    2021: "0101 0402 0405 0503 0531 0830 1227 1228",
    2022: "0103 0415 0418 0502 0602 0603 0829 0919 1226 1227",
    2023: "0102 0407 0410 0501 0508 0529 0828 1225 1226",
    2024: "0101 0329 0401 0506 0527 0826 1225 1226",
    2025: "0101 0418 0421 0505 0526 0825 1225 1226",
    2026: "0101 0403 0406 0504 0525 0831 1225 1228",
    2027: "0101 0326 0329 0503 0531 0830 1227 1228",
    2028: "0103 0414 0417 0501 0529 0828 1225 1226",
    2029: "0101 0330 0402 0507 0528 0827 1225 1226",
    2030: "0101 0419 0422 0506 0527 0826 1225 1226",
}


def bank(first, last):
    return [f"{day:%Y-%m-%d}" for day in hs.bank_holidays(first, last).index]


# --- bank holidays ---------------------------------------------------------------------------


@pytest.mark.parametrize("year", LISTED)
def test_bank_holidays_are_those_published(year):
    wanted = [f"{year}-{day[:2]}-{day[2:]}" for day in LISTED[year].split()]
    assert bank(f"{year}-01-01", f"{year}-12-31") == wanted


def test_one_offs_and_moved_days_say_what_they_are():
    days = hs.bank_holidays("1978-01-01", "2028-12-31")
    special = days[days["kind"].isin(["one-off", "moved"])]
    assert {f"{day:%Y-%m-%d}": kind for day, kind in special["kind"].items()} == {
        "1981-07-29": "one-off", "1995-05-08": "moved", "1999-12-31": "one-off",
        "2002-06-03": "one-off", "2002-06-04": "moved", "2011-04-29": "one-off",
        "2012-06-04": "moved", "2012-06-05": "one-off", "2020-05-08": "moved",
        "2022-06-02": "moved", "2022-06-03": "one-off", "2022-09-19": "one-off",
        "2023-05-08": "one-off",
    }  # fmt: skip
    # a moved holiday leaves its usual day an ordinary one
    usual = {"1995-05-01", "2002-05-27", "2012-05-28", "2020-05-04", "2022-05-30"}
    assert not usual & set(bank("1978-01-01", "2028-12-31"))


def test_a_holiday_on_a_weekend_gives_its_day_to_the_next_free_weekday():
    # 2021: Saturday and Sunday; 2022: Boxing Day is a Monday already; 2020: a Saturday alone
    assert bank("2021-12-20", "2021-12-31") == ["2021-12-27", "2021-12-28"]
    names = hs.bank_holidays("2022-12-20", "2023-01-05")["name"].tolist()
    assert names == [
        "Boxing Day", "Christmas Day (substitute day)", "New Year's Day (substitute day)",
    ]  # fmt: skip
    assert bank("2020-12-24", "2020-12-31") == ["2020-12-25", "2020-12-28"]


def test_every_year_has_eight_and_its_one_offs():
    years = hs.bank_holidays("1978-01-01", "2099-12-31")
    assert (years.index.day_of_week < 5).all()
    plain = years[years["kind"] != "one-off"].groupby(lambda day: day.year).size()
    assert (plain == 8).all()
    assert len(plain) == 122
    assert first_year() == 1978
    assert known_to() == 2028


def test_easter_agrees_with_tables_and_another_program():
    # leap years, the earliest (1818, 2285) and the latest (1943, 2038) there are
    known = {1818: (3, 22), 1943: (4, 25), 1954: (4, 18), 1981: (4, 19), 2000: (4, 23),
             2008: (3, 23), 2016: (3, 27), 2024: (3, 31), 2025: (4, 20), 2038: (4, 25),
             2285: (3, 22)}  # fmt: skip
    for year, (month, day) in known.items():
        assert easter(year) == dt.date(year, month, day)
    assert all(easter(year) == dateutil_easter(year) for year in range(1583, 2600))


def test_days_outside_what_is_covered_are_refused_in_words():
    with pytest.raises(hs.InputError, match="1980-01-01 reaches beyond 1978 to 2099"):
        hs.bank_holidays("1970-01-01", "1980-01-01")
    with pytest.raises(hs.InputError) as caught:
        hs.bank_holidays("01/02/2025", pd.Timestamp("2025-03-01", tz="UTC"))
    assert len(caught.value.faults) == 2
    assert "first is '01/02/2025'; give a date alone, year first" in str(caught.value)
    with pytest.raises(hs.InputError, match="swap them"):
        hs.bank_holidays("2025-02-01", "2025-01-01")
    with pytest.raises(hs.InputError, match="give a date alone"):
        hs.bank_holidays(pd.NaT, "2025-01-01")


def test_no_holiday_in_the_span_is_an_empty_table():
    none = hs.bank_holidays("2025-02-01", "2025-02-28")
    assert len(none) == 0
    assert none.index.name == "date"
    assert list(none.columns) == ["name", "kind"]


RULES = "calendars/england_and_wales.toml"


def test_nothing_keeps_the_table_of_rules_out_of_the_wheel():
    # hatchling puts in every file below a package that neither the project nor git leaves out
    build = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]
    assert build == {"targets": {"wheel": {"packages": ["src/hotspots"]}}}
    assert (ROOT / "src/hotspots" / RULES).is_file()
    path = f"src/hotspots/{RULES}"
    asked = ["git", "check-ignore", "--no-index", "--quiet", path]
    assert subprocess.run(asked, cwd=ROOT, check=False).returncode != 0


def test_the_wheel_holds_the_table_of_rules():
    wheel = pytest.importorskip("hatchling.builders.wheel")  # a tool for building, not always here
    held = [
        item.distribution_path for item in wheel.WheelBuilder(str(ROOT)).recurse_included_files()
    ]
    assert f"hotspots/{RULES}" in [path.replace("\\", "/") for path in held]


# --- the user's calendar ---------------------------------------------------------------------


def write(folder, name, text):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


CSV = (
    "Kind;Name;Start;End;LPT\n"
    "School holiday;Easter;14/04/2025;25/04/2025;\n"
    "\n"
    "Football;Home match;3 May 2025;;Karrowby North\n"
    "football;Cup;2025-05-11;11.05.25;Karrowby North\n"
)


def test_a_calendar_is_the_same_from_every_kind_of_file(tmp_path):
    calendar = hs.read_calendar(write(tmp_path, "days.csv", CSV))
    assert calendar["kind"].tolist() == ["school_holiday", "football", "football"]
    assert calendar["name"].tolist() == ["Easter", "Home match", "Cup"]
    assert [f"{day:%d %b}" for day in calendar["start"]] == ["14 Apr", "03 May", "11 May"]
    assert [f"{day:%d %b}" for day in calendar["end"]] == ["25 Apr", "03 May", "11 May"]
    assert calendar["lpt"].isna().tolist() == [True, False, False]
    pd.testing.assert_frame_equal(hs.read_calendar(calendar), calendar)
    calendar.to_excel(tmp_path / "days.xlsx", index=False)
    pd.testing.assert_frame_equal(hs.read_calendar(tmp_path / "days.xlsx"), calendar)
    toml = "".join(
        f'[[calendar]]\nkind = "{row.kind}"\nname = "{row.name}"\nstart = {row.start:%Y-%m-%d}\n'
        f'end = {row.end:%Y-%m-%d}\n' + (f'lpt = "{row.lpt}"\n' if row.lpt == row.lpt and row.lpt
                                         else "")
        for row in calendar.rename_axis("n").itertuples(index=False)
    )  # fmt: skip
    again = hs.read_calendar(write(tmp_path, "days.toml", toml))
    pd.testing.assert_frame_equal(again, calendar)


def test_dates_are_read_day_first():
    frame = pd.DataFrame({"kind": "event", "start": [
        "04/05/2025", "4-5-2025", "04.05.25", "4 May 2025", "Sunday 4th May 2025", "2025-05-04",
        "2025-05-04 00:00:00", dt.date(2025, 5, 4), pd.Timestamp("2025-05-04"),
        np.datetime64("2025-05-04"),
    ]})  # fmt: skip
    assert (hs.read_calendar(frame)["start"] == pd.Timestamp("2025-05-04")).all()


WRITTEN = ("%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y-%m-%d", "%Y/%m/%d", "%Y-%m-%d 00:00")


@settings(max_examples=20)
@given(st.lists(st.dates(dt.date(1900, 1, 1), dt.date(2199, 12, 31)), min_size=1, max_size=20))
def test_any_day_comes_back_from_any_way_of_writing_it(days):
    said = [day.strftime(written) for day in days for written in WRITTEN]
    read = hs.read_calendar(pd.DataFrame({"kind": "event", "start": said}))
    assert read["end"].dt.date.tolist() == [day for day in days for _ in WRITTEN]


def test_every_fault_is_named_with_its_line_value_and_remedy(tmp_path):
    path = write(tmp_path, "bad.csv", (
        "kind,start,end,lpt\n"
        ",31/02/2025,,\n"
        "fair,05/25/2025,04/01/2025,\n"
        "Christmas,1/1/2025,1/1/2024,\n"
        "works,,9999-01-01,\n"
        "match,2025-05-04 19:45,,\n"
    ))  # fmt: skip
    with pytest.raises(hs.InputError) as caught:
        hs.read_calendar(path)
    said = caught.value.faults
    assert [fault.split(":")[0] for fault in said] == [
        "line 2", "line 2", "line 3", "line 4", "line 4", "line 5", "line 5", "line 6",
    ]  # fmt: skip
    assert "kind is None; say what it is, as school_holiday or football." in said[0]
    assert "'31/02/2025', which is no date alone; write it day first" in said[1]
    assert "'05/25/2025'" in said[2]
    assert "follows from the date and is there already" in said[3]
    assert "'local_christmas'" in said[3]
    assert "end 2024-01-01 is before start 2025-01-01; swap them" in said[4]
    assert "start is blank; give its first day" in said[5]
    assert "years run from 1900 to 2199" in said[6]
    assert "19:45" in said[7]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (pd.DataFrame(), "column 'kind' is missing"),
        (pd.DataFrame({"kind": [], "start": []}), "it holds no rows"),
        (pd.DataFrame({"kind": ["x"], "Kind": ["x"], "start": ["1/1/2025"]}), "'kind' twice"),
        (pd.DataFrame({"kind": ["x"], "start": [20250101]}), "20250101, of type int"),
        (pd.DataFrame({"kind": ["x"], "start": [[1, 2]]}), "of type list; write it as text"),
        (pd.DataFrame({"kind": ["x"], "start": [pd.Timestamp("2025", tz="UTC")]}), "no date alone"),
        ("nowhere.csv", "there is no file 'nowhere.csv'"),
        ("x," * 5000, "there is no file 'x,x,"),
        (7, "of type int"),
        (None, "of type NoneType"),
    ],
)
def test_what_is_no_calendar_is_refused(source, said):
    with pytest.raises(hs.InputError, match=said):
        hs.read_calendar(source)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.toml", "[[calendar", "not valid TOML"),
        ("a.toml", "kind = 'x'", r"no \[\[calendar\]\] tables"),
        ("a.csv", "", "column 'kind' is missing"),
        ("a.csv", "kind,start\nx,1/1/2025,too,many\n", "line 2 has 4 values"),
        ("a.xlsx", "no workbook", "no workbook Excel can open"),
        ("a.pdf", "x", "ends in '.pdf'"),
    ],
)
def test_files_that_cannot_be_read_are_refused(tmp_path, name, text, said):
    with pytest.raises(hs.InputError, match=said):
        hs.read_calendar(write(tmp_path, name, text))


def test_a_table_that_is_no_calendar_at_all_is_refused_in_short():
    with pytest.raises(hs.InputError) as caught:
        hs.read_calendar(pd.DataFrame({"kind": "x", "start": ["soon"] * 5000}))
    assert len(caught.value.faults) == 21
    assert caught.value.faults[-1] == "... and 4,980 more such faults in later rows."


def test_an_lpt_that_is_a_number_keeps_its_name_beside_blanks():
    frame = pd.DataFrame({"kind": "x", "start": "1/1/2025", "lpt": [3, None]})
    assert hs.read_calendar(frame)["lpt"].tolist()[0] == "3"


def test_columns_that_are_left_out_are_named():
    frame = pd.DataFrame({"kind": ["x"], "start": ["1/1/2025"], "Venue": ["Hall"]})
    with pytest.warns(hs.Notice, match="columns venue left out"):
        calendar = hs.read_calendar(frame)
    assert list(calendar.columns) == ["kind", "name", "start", "end", "lpt"]


def test_reading_leaves_the_given_table_as_it_was():
    frame = pd.DataFrame({"kind": ["Fair"], "start": ["1/6/2025"], "end": [None]})
    before = frame.copy()
    hs.read_calendar(frame)
    pd.testing.assert_frame_equal(frame, before)


# --- days ------------------------------------------------------------------------------------


def test_days_have_the_features_their_date_gives():
    days = hs.calendar_days("2025-10-20", "2026-01-04")

    def on(name):
        return [f"{day:%m-%d}" for day in days.index[days[name] == 1]]

    assert on("halloween") == ["10-29", "10-30", "10-31"]
    assert on("bonfire") == [f"11-0{n}" for n in range(1, 8)]
    assert on("christmas") == ["12-24", "12-25", "12-26"]
    assert on("new_year_eve") == ["12-31"]
    assert on("new_year_day") == ["01-01"]
    assert on("bank_holiday") == ["12-25", "12-26", "01-01"]
    assert on("bank_holiday_eve") == ["12-24", "12-31"]
    assert on("payday_weekend") == [
        "10-31", "11-01", "11-02", "11-28", "11-29", "11-30", "12-26", "12-27", "12-28",
    ]  # fmt: skip
    week = days.iloc[:, :7]
    assert list(week.columns) == [
        "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
    ]  # fmt: skip
    assert (week.to_numpy().argmax(axis=1) == days.index.day_of_week).all()
    assert (week.sum(axis=1) == 1).all()


def test_a_day_alone_knows_that_tomorrow_is_a_bank_holiday():
    eve = hs.calendar_days("2025-04-17", "2025-04-17")
    assert eve[["bank_holiday", "bank_holiday_eve"]].to_numpy().tolist() == [[0, 1]]


def test_leap_years_have_their_day():
    days = hs.calendar_days("2024-02-01", "2024-03-03")
    assert len(days) == 32
    payday = days.index[days["payday_weekend"] == 1]
    assert [f"{day:%m-%d}" for day in payday] == ["02-23", "02-24", "02-25"]


def test_entries_count_for_their_lpt_and_bank_holidays_add_to_the_rules():
    calendar = pd.DataFrame({
        "kind": ["fair", "fair", "bank holiday"], "start": ["1/7/2030", "3/7/2030", "5/7/2030"],
        "end": ["2/7/2030", "4/7/2030", None], "lpt": [None, "North", None],
    })  # fmt: skip
    for lpt, wanted in (
        (None, [1, 1, 0, 0, 0]),
        ("North", [1, 1, 1, 1, 0]),
        ("South", [1, 1, 0, 0, 0]),
    ):
        days = hs.calendar_days("2030-07-01", "2030-07-05", calendar, lpt)
        assert days["fair"].tolist() == wanted
        assert days["bank_holiday"].tolist() == [0, 0, 0, 0, 1]
        assert days["bank_holiday_eve"].tolist() == [0, 0, 0, 1, 0]


def test_elsewhere_the_english_days_can_be_left_out():
    abroad = pd.DataFrame({"kind": ["bank_holiday"], "start": ["2014-07-04"]})
    days = hs.calendar_days("2014-01-01", "2014-12-31", abroad, bank_holidays=False)
    assert [f"{day:%m-%d}" for day in days.index[days["bank_holiday"] == 1]] == ["07-04"]
    assert "bonfire" not in days
    # nor are years a matter then
    assert len(hs.calendar_days("1950-01-01", "1950-12-31", bank_holidays=False)) == 365


def test_days_that_cannot_be_told_are_refused_with_every_fault():
    with pytest.raises(hs.InputError) as caught:
        hs.calendar_days("1950-01-01", "1950-01-02", lpt=3, bank_holidays="no")
    assert len(caught.value.faults) == 3
    with pytest.raises(hs.InputError, match="year first"):
        hs.calendar_days(20250101, "2025-01-02")


# --- trading days ----------------------------------------------------------------------------


WEEK = np.array([0.8, 0.8, 0.8, 0.8, 1.0, 1.6, 1.2])


def simulated(rng, mean, years=2, week=WEEK, holiday=1.0, spread=0.0, groups=1):
    """Counts from 1 January 2024 whose weekdays, season and holidays are known, a row a group."""
    days = pd.date_range("2024-01-01", periods=365 * years, freq="D")
    off = days.isin(hs.bank_holidays("2024-01-01", "2029-12-31").index)
    rate = mean * week[days.day_of_week] * np.where(off, holiday, 1.0)
    rate = rate * np.exp(0.3 * np.cos(2 * np.pi * np.arange(len(days)) / 365.25))
    return rng.poisson(rate * np.exp(rng.normal(0, spread, (groups, len(days))))).astype(float)


def test_weights_of_days_are_recovered_under_a_season():
    rng = np.random.default_rng(3)
    daily = simulated(rng, 50, years=4, holiday=1.3, groups=10)
    weights = day_weights(daily, np.datetime64("2024-01-01"))
    truth = WEEK / 1.006  # the holidays' share makes the mean of all days 1
    assert weights[:, :7].mean(axis=0) == pytest.approx(truth, abs=0.02)
    assert weights[:, 7].mean() == pytest.approx(1.3, abs=0.05)


def test_noise_adds_no_noise():
    rng = np.random.default_rng(4)
    flat = simulated(rng, 5, week=np.ones(7), spread=0.3, groups=200)
    weights = day_weights(flat, np.datetime64("2024-01-01"))
    # a pattern is claimed in about one of twenty, and what is claimed then is small
    assert (np.ptp(weights[:, :7], axis=1) > 1e-12).mean() < 0.09
    assert (weights[:, 7] != 1).mean() < 0.09
    assert np.abs(weights[:, :7] - 1).mean() < 0.01
    few = day_weights(simulated(rng, 0.2), np.datetime64("2024-01-01"))
    assert (few == 1).all()


def test_weights_do_not_lean_on_gaps():
    daily = np.tile(100 * WEEK, 104)
    daily[60:120] = np.nan
    daily[5::7][:40] = np.nan  # most Saturdays of the first year
    weights = day_weights(daily[None], np.datetime64("2024-01-01"), holidays=[])
    assert weights[0, :7] == pytest.approx(WEEK, abs=0.01)


def test_a_pool_shares_the_pattern_of_its_sum():
    rng = np.random.default_rng(5)
    daily = np.concatenate([simulated(rng, mean) for mean in (0.1, 30.0, 20.0)])
    weights = day_weights(daily, np.datetime64("2024-01-01"), pool=[4, 4, 9])
    assert (weights[0] == weights[1]).all()
    assert weights[0, 5] == pytest.approx(1.6, abs=0.1)
    assert not (weights[1] == weights[2]).all()


def test_plain_weights_give_plain_days():
    months = np.arange("2023-01", "2026-01", dtype="datetime64[M]")
    length = np.diff(np.append(months, months[-1] + 1).astype("datetime64[D]")).astype(float)
    days = effective_days(months, length, np.ones((2, 8)))
    assert (days == length).all()
    assert days.shape == (2, 36)


def test_effective_days_are_the_sum_of_the_days_weights():
    weights = np.append(WEEK, 1.5)[None]
    start = np.array(["2025-04-01", "2025-05-01"], dtype="datetime64[s]")
    found = effective_days(start, [30, 31], weights)
    off = hs.bank_holidays("2025-04-01", "2025-05-31").index
    for column, month in enumerate(("2025-04", "2025-05")):
        days = pd.date_range(f"{month}-01", periods=30 + column)
        by_hand = sum(WEEK[d.day_of_week] * (1.5 if d in off else 1.0) for d in days)
        assert found[0, column] == pytest.approx(by_hand)
    # over 28 years, in which every date falls on every weekday alike, the mean day is 1
    learned = day_weights([np.tile(50 * WEEK, 104)], np.datetime64("2024-01-01"))
    whole = effective_days([np.datetime64("2001-01-01")], [28 * 365.25], learned)
    assert whole[0, 0] / (28 * 365.25) == pytest.approx(1, abs=1e-9)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(hs.InputError, match="give groups × days"):
        day_weights([1.0, 2.0], np.datetime64("2024-01-01"))
    with pytest.raises(hs.InputError, match="give one number a group"):
        day_weights([[1.0, 2.0]], np.datetime64("2024-01-01"), pool=[1, 2])
    with pytest.raises(hs.InputError, match="do not fit"):
        effective_days([np.datetime64("2024-01-01")], [31, 29], np.ones((1, 8)))
    with pytest.raises(hs.InputError) as caught:
        day_weights([[1.0, -2.0]], np.datetime64("NaT"), pool=[1, 2])
    assert len(caught.value.faults) == 3
    with pytest.raises(hs.InputError, match=r"daily holds .* give numbers"):
        day_weights([["many"]], np.datetime64("2024-01-01"))
    with pytest.raises(hs.InputError, match="leave such periods out"):
        effective_days([np.datetime64("2024-01-01")], [np.nan], np.ones((1, 8)))
    assert effective_days([], [], np.ones((3, 8))).shape == (3, 0)
