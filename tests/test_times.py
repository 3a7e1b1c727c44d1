"""Aoristic weights and policing days: hand-made values, clock changes, raw tables, a naive twin."""

import datetime as dt
import warnings
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hotspots as hs
from hotspots.contracts import InputError, Notice
from hotspots.times._clock import Clock


def times(*spans, **columns) -> pd.DataFrame:
    rows = [(pd.Timestamp(a), pd.Timestamp(b)) for a, b in spans]
    frame = pd.DataFrame(rows, columns=["occurred_from", "occurred_to"]).astype("datetime64[s]")
    return frame.assign(**columns)


def held(weights: pd.DataFrame, row: int = 0) -> dict[str, float]:
    """Return the bins above 0 of one incident."""
    some = weights.iloc[row]
    return {name: pytest.approx(share) for name, share in some[some > 0].items()}


# --- the values worked out by hand ------------------------------


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("23:30", "25:15", {"Mon 23": 2 / 7, "Tue 00": 4 / 7, "Tue 01": 1 / 7}),
        ("01:50", "02:10", {"Mon 01": 0.5, "Mon 02": 0.5}),
        ("01:00", "02:30", {"Mon 01": 2 / 3, "Mon 02": 1 / 3}),
        ("09:00", "10:00", {"Mon 09": 1.0}),  # half-open: nothing in the hour it ends at
        ("09:00", "09:00", {"Mon 09": 1.0}),
        ("08:59", "08:59", {"Mon 08": 1.0}),
    ],
)
def test_weights_are_the_share_of_the_span(start, end, expected):
    monday = pd.Timestamp("2025-06-02")
    spans = times((monday + pd.Timedelta(f"{start}:00"), monday + pd.Timedelta(f"{end}:00")))
    assert held(hs.aoristic(spans)) == expected


def test_a_span_of_25_hours_touches_25_bins_and_leaks_nothing():
    spans = times(("2025-06-02 10:00", "2025-06-03 11:00"), *[("2025-06-02", "2025-06-02")] * 2)
    weights = hs.aoristic(spans, longest="25h").iloc[0]
    assert (weights > 0).sum() == 25
    assert weights["Tue 10"] == pytest.approx(1 / 25)
    assert weights["Tue 11"] == 0


def test_the_columns_are_the_week_from_monday_and_the_index_is_kept():
    spans = times(("2025-06-02 10:00", "2025-06-02 11:00")).set_axis(["A7"])
    weights = hs.aoristic(spans)
    assert weights.index.tolist() == ["A7"]
    assert list(weights.columns[[0, 23, 24, 167]]) == ["Mon 00", "Mon 23", "Tue 00", "Sun 23"]
    assert weights.shape == (1, 168)


def test_seconds_count():
    spans = times(("2025-06-02 09:59:50", "2025-06-02 10:00:30"))
    assert held(hs.aoristic(spans)) == {"Mon 09": 0.25, "Mon 10": 0.75}


# --- clock changes ------------------------------


def test_the_hour_that_spring_skips_gets_nothing():
    spans = times(("2025-03-30 00:30", "2025-03-30 03:30"))  # two hours by any stop-watch
    assert held(hs.aoristic(spans)) == {"Sun 00": 0.25, "Sun 02": 0.5, "Sun 03": 0.25}


def test_the_hour_that_autumn_repeats_gets_twice_the_weight():
    spans = times(("2025-10-26 00:30", "2025-10-26 03:30"))  # four hours
    assert held(hs.aoristic(spans)) == {
        "Sun 00": 0.125, "Sun 01": 0.5, "Sun 02": 0.25, "Sun 03": 0.125,
    }  # fmt: skip


def test_each_zone_changes_its_own_clock():
    spans = times(("2025-03-09 00:30", "2025-03-09 03:30"))
    here, there = hs.aoristic(spans), hs.aoristic(spans, tz="America/New_York")
    assert here.loc[0, "Sun 02"] == pytest.approx(1 / 3)
    assert there.loc[0, "Sun 02"] == 0
    assert there.loc[0, "Sun 01"] == pytest.approx(0.5)


def test_a_time_that_happens_twice_is_the_first_and_counted():
    spans = times(("2025-10-26 01:30", "2025-10-26 02:30"))
    with pytest.warns(Notice, match="1 time that the clock change makes happen twice"):
        weights = hs.aoristic(spans)
    assert held(weights) == {"Sun 01": 0.75, "Sun 02": 0.25}  # 90 minutes of 01h, 30 of 02h


def test_a_time_that_does_not_exist_is_moved_on_and_counted():
    spans = times(
        ("2025-03-30 01:30", "2025-03-30 02:10"), ("2025-03-30 01:30", "2025-03-30 01:30")
    )
    with pytest.warns(Notice, match="2 times that the clock change skips, moved on"):
        weights = hs.aoristic(spans)
    assert held(weights, 0) == {"Sun 02": 1.0}  # 02:30 by the new clock, after its end
    assert held(weights, 1) == {"Sun 02": 1.0}


def test_a_whole_day_is_used_though_autumn_makes_it_25_hours():
    spans = times(("2025-10-26 00:00", "2025-10-27 00:00"))
    weights = hs.aoristic(spans, "day of week")
    assert held(weights) == {"Sun": 1.0}


@settings(max_examples=60)
@given(
    zone=st.sampled_from(["Europe/London", "America/New_York", "Australia/Lord_Howe"]),
    moment=st.integers(0, 366 * 24 * 60),
)
def test_the_clock_agrees_with_the_standard_library(zone, moment):
    local = dt.datetime(2024, 1, 1) + dt.timedelta(minutes=moment)
    clock = Clock.over(zone, 1_704_067_200, 1_735_776_000)
    seconds = np.array([int((local - dt.datetime(1970, 1, 1)).total_seconds())])
    aware = local.replace(tzinfo=ZoneInfo(zone))  # fold 0, and the offset before a gap
    assert clock.to_utc(seconds)[0] == aware.timestamp()
    later = aware.replace(fold=1).timestamp() - aware.timestamp()
    assert clock.twice(seconds)[0] == (later > 0)
    assert clock.skipped(seconds)[0] == (later < 0)


# --- a naive twin ------------------------------


def naive(start: dt.datetime, end: dt.datetime, zone: str, hours: int) -> dict[str, float]:
    """Walk from minute to minute in UTC and look at the local clock at each."""
    tz, days = ZoneInfo(zone), ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    at, stop = (int(t.replace(tzinfo=tz).timestamp()) for t in (start, end))
    total: dict[str, int] = {}
    for moment in range(at, max(stop, at + 60), 60) if stop > at else [at]:
        local = dt.datetime.fromtimestamp(moment, tz)
        name = f"{days[local.weekday()]} {local.hour // hours * hours:02}"
        total[name] = total.get(name, 0) + 1
    return {name: count / sum(total.values()) for name, count in total.items()}


# whole minutes about both changes, a leap day, a turn of the year and an ordinary week
@settings(max_examples=80)
@given(
    zone=st.sampled_from(["Europe/London", "America/New_York"]),
    day=st.sampled_from(["2025-03-29", "2025-10-25", "2024-02-28", "2024-12-31", "2025-03-08",
                         "2025-11-01", "2025-06-04"]),
    first=st.integers(0, 2 * 1440), length=st.integers(0, 1440),
)  # fmt: skip
def test_weights_equal_a_walk_from_minute_to_minute(zone, day, first, length):
    start = dt.datetime.fromisoformat(day) + dt.timedelta(minutes=first)
    end = start + dt.timedelta(minutes=length)
    # a whole day alone tells no hour, and midnights are tested elsewhere: others go beside it
    spans = times((start, end), *[("2025-06-02 10:00", "2025-06-02 10:30")] * 2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Notice)  # ambiguous and skipped times are said
        weights = hs.aoristic(spans, tz=zone).iloc[0]
    assert weights.sum() == pytest.approx(1, abs=1e-12)
    expected = naive(start, end, zone, 1)
    some = weights[weights > 0]
    assert set(some.index) == set(expected)
    for name, share in expected.items():
        assert some[name] == pytest.approx(share, abs=1e-12)


# --- bins ------------------------------


def test_any_bin_adds_up_from_finer_ones():
    rng = np.random.default_rng(3)
    start = pd.Timestamp("2024-02-26") + pd.to_timedelta(rng.integers(0, 10**6, 300), unit="s")
    spans = pd.DataFrame({"occurred_from": start})
    spans["occurred_to"] = start + pd.to_timedelta(rng.integers(0, 86_400, 300), unit="s")
    fine = hs.aoristic(spans, 30)
    assert fine.shape == (300, 336)
    assert fine.columns[1] == "Mon 00:30"
    week = hs.aoristic(spans)
    np.testing.assert_allclose(fine.to_numpy().reshape(300, 168, 2).sum(axis=2), week, atol=1e-12)
    day = week.to_numpy().reshape(300, 7, 24)
    np.testing.assert_allclose(hs.aoristic(spans, "hour of day"), day.sum(axis=1), atol=1e-12)
    np.testing.assert_allclose(hs.aoristic(spans, "day of week"), day.sum(axis=2), atol=1e-12)
    shifts = hs.aoristic(spans, ["07:00", "15:00", "23:00"])
    assert list(shifts.columns) == ["07:00-15:00", "15:00-23:00", "23:00-07:00"]
    night = hs.aoristic(spans, "hour of day")[["23", *[f"0{h}" for h in range(7)]]].sum(axis=1)
    np.testing.assert_allclose(shifts["23:00-07:00"], night, atol=1e-12)


def test_29_february_is_a_thursday():
    spans = times(("2024-02-29 23:00", "2024-03-01 01:00"))
    assert held(hs.aoristic(spans, "day of week")) == {"Thu": 0.5, "Fri": 0.5}


@pytest.mark.parametrize("bins", ["hours", 7, 0, True, 2.5, None, [], ["07:00"], ["07:00", "7:00"],
                                  ["07:00", "24:00"], ["07:00", "25:00"]])  # fmt: skip
def test_impossible_bins_are_refused(bins):
    with pytest.raises(InputError, match="aoristic: bins is"):
        hs.aoristic(times(("2025-06-02", "2025-06-02")), bins)


# --- raw tables: every rule, counted ------------------------------

NOON = ("2025-06-02 12:10", "2025-06-02 12:10")


def test_every_rule_is_applied_and_counted():
    spans = times(
        NOON,
        ("2025-06-02 10:00", None),
        (None, "2025-06-02 11:00"),
        (None, "2025-06-02 11:00"),
        (None, None),
        ("2025-06-02 14:00", "2025-06-02 13:00"),
        ("2025-06-04 14:00", "2025-06-02 13:00"),
        ("2025-06-02 14:00", "2025-06-04 13:00"),
        NOON,
        category=["Burglary"] * 2 + ["ROBBERY ", "Burglary"] + ["Burglary"] * 5,
    )
    with pytest.warns(Notice) as said:
        weights = hs.aoristic(spans)
    used = weights.notna().all(axis=1).tolist()
    assert used == [True, True, True, False, False, True, False, False, True]
    assert weights[~np.array(used)].isna().all(axis=None)
    assert weights.sum(axis=1)[used].tolist() == pytest.approx([1.0] * 5)
    assert held(weights, 1) == {"Mon 10": 1.0}
    assert held(weights, 2) == {"Mon 11": 1.0}
    assert held(weights, 5) == {"Mon 13": 1.0}
    for told in ("of 9 incidents 5 have a weight", "1 left out as over 24 hours long",
                 "1 left out without a start", "1 left out without any time",
                 "1 left out, ending over 24 hours before they start",
                 "1 with start and end swapped", "1 without an end, taken as exact at the start",
                 "1 without a start, taken as exact at the end"):  # fmt: skip
        assert told in str(said[0].message)
    assert len(said) == 1


def test_exactly_24_hours_is_used_and_swapped_a_second_more_is_not():
    day = ("2025-06-02 10:00", "2025-06-03 10:00")
    more = ("2025-06-02 10:00", "2025-06-03 10:00:01")
    spans = times(day, more, day[::-1], more[::-1], *[NOON] * 4)
    with pytest.warns(Notice):
        weights = hs.aoristic(spans)
    assert weights.notna().all(axis=1).tolist()[:4] == [True, False, True, False]


def test_over_a_week_tells_nothing():
    spans = times(("2025-06-02 10:00", "2025-06-09 10:00:01"), NOON, NOON)
    with pytest.warns(Notice, match="1 over 7 days long, spread evenly over the week"):
        weights = hs.aoristic(spans, longest=None)
    assert weights.iloc[0].tolist() == pytest.approx([1 / 168] * 168)
    week = times(("2025-06-02 10:00", "2025-06-09 10:00"), NOON, NOON)
    assert hs.aoristic(week, longest="7D").iloc[0].tolist() == pytest.approx([1 / 168] * 168)


def test_without_categories_nobody_is_taken_to_have_been_there():
    with pytest.warns(Notice, match="1 left out without a start"):
        assert hs.aoristic(times((None, "2025-06-02 11:00"), NOON)).iloc[0].isna().all()


def clocked(minutes_and_counts) -> pd.DataFrame:
    """Exact times: so many at a minute of the day, on days one after another."""
    stamps = [
        pd.Timestamp("2025-06-02") + pd.Timedelta(days=n % 28, minutes=minute)
        for minute, count in minutes_and_counts.items()
        for n in range(count)
    ]
    return times(*zip(stamps, stamps, strict=True))


@pytest.mark.parametrize("at", [0, 1])
def test_too_many_exact_midnights_are_unknown_times(at):
    spans = clocked({at: 61, at + 60: 20, at + 23 * 60: 20, 700: 200})
    with pytest.warns(Notice, match="61 at 00:00 or 00:01, so often .* spread over the day"):
        weights = hs.aoristic(spans)
    assert weights.iloc[0][[f"Mon {h:02}" for h in range(24)]].tolist() == pytest.approx(
        [1 / 24] * 24
    )
    assert held(weights, 61) == {"Mon 01": 1.0}


@pytest.mark.parametrize("counts", [
    {0: 60, 60: 20, 23 * 60: 20, 700: 200},  # three times, no more
    {0: 19, 700: 200},  # too few to be a sign
    {0: 40, 60: 80, 23 * 60: 90, 700: 200},  # full hours are common where people round
])  # fmt: skip
def test_fewer_midnights_are_midnights(counts):
    weights = hs.aoristic(clocked(counts))  # a Notice would be an error here
    assert held(weights) == {"Mon 00": 1.0}


def test_a_whole_day_is_no_midnight():
    spans = times(*[("2025-06-02", "2025-06-03")] * 40, *[NOON] * 60)
    assert hs.aoristic(spans).notna().all(axis=None)


# --- what is refused ------------------------------


@pytest.mark.parametrize("bins", ["hour of week", "day of week"])
def test_months_are_refused(bins):
    months = times(*[("2025-03-01", "2025-04-01")] * 6, *[NOON] * 5)
    with pytest.raises(InputError, match=r"aoristic: these records do not bear it: only 45% are"):
        hs.aoristic(months, bins, longest=None)


def test_dates_alone_tell_days_but_no_hours():
    dates = times(*[("2025-06-02", "2025-06-03")] * 6, *[NOON] * 5)
    with pytest.raises(InputError, match=r"only 45% .* dates alone tell no hour"):
        hs.aoristic(dates)
    assert held(hs.aoristic(dates, "day of week")) == {"Mon": 1.0}


@pytest.mark.parametrize(
    ("incidents", "told"),
    [
        (3, "it is of type int"),
        (pd.DataFrame({"a": [1]}), "2 faults"),
        (times(), "there are no incidents"),
        (times(NOON).astype("str"), "'occurred_from' is"),
        (times(NOON).apply(lambda c: c.dt.tz_localize("UTC")), "without a time zone"),
        (pd.concat([times(NOON), times(NOON)], axis=1), "2 faults"),
        (times((None, None)), "no incident has a time that can be used"),
    ],
)
def test_unusable_tables_are_refused_in_words(incidents, told):
    with pytest.raises(InputError, match=told):
        hs.aoristic(incidents)


def test_an_end_left_open_in_the_year_9999_is_too_long_and_costs_nothing():
    spans = times(NOON, NOON, ("2025-06-02 10:00", "9999-12-31"))
    with pytest.warns(Notice, match=r"1 left out as over 24 hours long"):
        assert hs.aoristic(spans).iloc[2].isna().all()


def test_times_beyond_belief_are_named():
    spans = times(NOON, ("1066-10-14 09:00", "1066-10-14 10:00")).set_axis(["A", "B"])
    with pytest.raises(InputError, match=r"outside the years 1900 to 2100 .first: 'B', 1066-10-14"):
        hs.aoristic(spans)


def test_every_fault_at_once():
    with pytest.raises(InputError, match="6 faults") as error:
        hs.aoristic(times().astype("str"), "x", tz="Mars", longest="-1h")
    for told in ("'occurred_from'", "'occurred_to'", "there are no incidents", "tz is 'Mars'",
                 "bins is 'x'", "longest is '-1h'"):  # fmt: skip
        assert told in str(error.value)


@pytest.mark.parametrize("longest", [24, np.int64(24), "soon", "0h", True, pd.NaT, ["24h"]])
def test_a_length_is_a_length_of_time(longest):
    with pytest.raises(InputError, match="longest is"):
        hs.aoristic(times(NOON), longest=longest)


def test_a_result_is_not_a_table(county):
    with pytest.raises(InputError, match=r"give its table, \.incidents"):
        hs.aoristic(county)


def test_input_is_not_changed_and_units_of_time_do_not_matter(county):
    some = county.incidents[county.incidents["category"] == "Burglary"].head(50)
    some = some[some["occurred_to"] - some["occurred_from"] < pd.Timedelta("24h")]
    before = some.copy()
    first = hs.aoristic(some)
    pd.testing.assert_frame_equal(some, before)
    finer = some.astype({"occurred_from": "datetime64[ns]", "occurred_to": "datetime64[us]"})
    pd.testing.assert_frame_equal(hs.aoristic(finer), first)


# --- policing days ------------------------------


@pytest.mark.parametrize(
    ("when", "start", "day"),
    [
        ("2025-06-06 00:30", 7, "2025-06-05"),
        ("2025-06-06 06:59:59", 7, "2025-06-05"),
        ("2025-06-06 07:00", 7, "2025-06-06"),
        ("2025-06-06 00:00", 0, "2025-06-06"),
        ("2024-03-01 05:00", "06:30", "2024-02-29"),
        ("2025-03-30 06:00", 7, "2025-03-29"),
        ("2025-01-01 03:00", 7, "2024-12-31"),
    ],
)
def test_the_policing_day(when, start, day):
    assert hs.policing_day(when, start) == pd.Timestamp(day)


def test_policing_days_keep_index_kind_and_gaps():
    stamps = pd.to_datetime(["2025-06-06 00:30", None])
    series = hs.policing_day(pd.Series(stamps, index=["a", "b"]))
    assert series["a"] == pd.Timestamp("2025-06-05")
    assert pd.isna(series["b"])
    for given_ in (stamps, stamps.to_numpy(), list(stamps), ["2025-06-06 00:30:00", None]):
        days = hs.policing_day(given_)
        assert isinstance(days, pd.DatetimeIndex)
        assert days[0] == pd.Timestamp("2025-06-05")
        assert pd.isna(days[1])


@pytest.mark.parametrize(
    ("when", "start", "told"),
    [
        ("2025-06-06", 24, "start is 24"),
        ("2025-06-06", "7am", "start is '7am'"),
        ("soon", 7, "when holds 'soon'"),
        ("01/02/2025", 7, "when holds '01/02/2025'"),
        (["2025-06-06", "2025-06-06 00:30+01:00"], 7, "mixes time zones"),
        ([[1]], 7, r"when holds \[1\]"),
        (pd.Timestamp.min, 7, "very end of what can be counted"),
        (5, 7, "when holds 5"),
        (pd.Series([1, 2]), 7, "when is int64"),
        (pd.DataFrame({"a": [1]}), 7, "when is of type DataFrame"),
        (pd.Timestamp("2025-06-06", tz="UTC"), 7, "without a time zone"),
    ],
)
def test_policing_day_refuses_in_words(when, start, told):
    with pytest.raises(InputError, match=told):
        hs.policing_day(when, start)
