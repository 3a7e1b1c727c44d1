"""The daily briefing: who belongs in it, what is usual, what is said, and what is never said."""

import dataclasses
import datetime as dt
import re

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import hotspots as hs
from hotspots.briefings import _places, _ranked, _window
from hotspots.chance.predictive import predictive
from hotspots.contracts import Result

DAY, WEEK = pd.Timedelta(days=1), pd.Timedelta(days=7)
WHEN = "2025-03-31 07:00"  # a Monday
END = pd.Timestamp(WHEN)


def incidents(end, start=None, xy=None, **columns):
    """Build an incidents table from the times; exact ones where no start is given."""
    end = pd.DatetimeIndex(end)
    points = [shapely.Point(388000 + 37 * n, 347000) for n in range(len(end))] if xy is None else [
        shapely.Point(*one) for one in xy
    ]  # fmt: skip
    return gpd.GeoDataFrame(
        {
            "category": "Burglary", "lpt": "North",
            "occurred_from": end if start is None else pd.DatetimeIndex(start),
            "occurred_to": end, "place": "Mill Lane", **columns,
        },
        geometry=points, crs="EPSG:27700",
        index=pd.Index([f"i{n:05d}" for n in range(len(end))], name="incident"),
    )  # fmt: skip


def weekly(counts, now=0, end=END, **columns):
    """``counts[k]`` incidents in the hours k + 1 weeks before ``end``, and ``now`` in them."""
    times = []
    for k, many in enumerate([now, *counts]):
        times += [end - k * WEEK - (n + 0.5) / many * DAY for n in range(many)]
    return incidents(times, **columns)


def brief(table, when=WHEN, lpt=None, **options):
    return hs.briefing(table, when, lpt, **{"near_repeat": False, **options})


def row(result, lpt="North", category="all"):
    counts = result.counts
    return counts[(counts["lpt"] == lpt) & (counts["category"] == category)].iloc[0]


@pytest.fixture(scope="module")
def recent(county):
    """Return the county's incidents of a year: too few for a season, which takes time."""
    return county.incidents[county.incidents["occurred_from"] >= "2025-01-01"]


@pytest.fixture(scope="module")
def morning(county, recent):
    """Return the whole county's briefing of an ordinary day."""
    return brief(recent, "2025-11-12", county.lpts)


# --- which hours -----------------------------------------------------------------------------


def test_a_date_alone_is_the_policing_day_that_ended_that_morning_and_says_so():
    table = weekly([20] * 10, now=18)
    by_date = brief(table, "2025-03-31")
    assert by_date.when == END
    assert "the 24 hours to 07:00 on Monday 31 March 2025" in by_date.text
    assert "a date alone means the policing day that ended at 07:00" in by_date.text
    for same in (dt.date(2025, 3, 31), np.datetime64("2025-03-31", "D")):
        assert _window.find_window(same, 24, []).words == "the 24 hours to 07:00 on Monday 31 " \
                                                          "March 2025"  # fmt: skip
        assert _window.find_window(same, 24, []).bare
    for exact in (END, WHEN, dt.datetime(2025, 3, 31, 7), "2025-03-31T07:00:00"):
        assert _window.find_window(exact, 24, []) == _window.Window(END, 24, False)
    exact = brief(table, END)
    assert "a date alone" not in exact.text
    assert exact.counts.equals(by_date.counts)


def test_the_hours_are_half_open_and_every_incident_is_in_one_briefing():
    edge = [END - DAY - pd.Timedelta("1s"), END - DAY, END - pd.Timedelta("1s"), END]
    table = pd.concat([weekly([20] * 10), incidents(edge).set_axis(list("abcd"))])
    table = table.rename_axis("incident")
    assert set(brief(table).ranked.index) == {"b", "c"}
    assert "d" in brief(table, "2025-04-01 07:00").ranked.index
    assert "a" in brief(table, "2025-03-30 07:00").ranked.index


def test_midnight_ends_the_day_before():
    midnight = pd.Timestamp("2025-03-31")
    table = incidents([midnight - pd.Timedelta("1min"), midnight])
    assert list(brief(table, "2025-03-31 00:00").ranked.index) == ["i00000"]


def test_an_interval_belongs_where_it_ends_and_its_end_is_not_of_it():
    night = incidents([END], [END - pd.Timedelta("9h")])
    assert len(brief(night).ranked) == 1
    day_only = incidents(["2025-03-31 00:00"], ["2025-03-30 00:00"])
    assert len(brief(day_only, "2025-03-31 00:00").ranked) == 1
    assert "Sun 30 Mar (" in brief(day_only).ranked["words"].iloc[0]


def test_briefings_that_follow_each_other_hold_each_incident_once(county):
    end = pd.Timestamp("2025-06-16 07:00")
    some = county.incidents[county.incidents["occurred_to"] > end - WEEK].drop(columns="lpt")
    known, *_ = _window.noticed(some)
    days = (known >= end - 3 * DAY) & (known < end)
    seen = [brief(some, end - n * DAY).ranked.index for n in range(3)]
    listed = np.concatenate(seen)
    assert len(listed) == len(set(listed))
    assert set(listed) == set(some.index[days])


@pytest.mark.parametrize(
    ("when", "real", "word"), [("2025-03-30", 23, "forward"), ("2025-10-26", 25, "back")]
)
def test_where_the_clocks_changed_the_wall_rules_and_it_is_said(when, real, word):
    end = pd.Timestamp(when) + pd.Timedelta("7h")
    table = weekly([20] * 10, now=18, end=end)
    found = brief(table, when)
    assert f"The clocks went {word} in these hours: by the clock on the wall they are 24, in " \
           f"truth {real}." in found.text  # fmt: skip
    assert len(found.ranked) == 18
    assert "clocks" not in brief(table, end - DAY).text


def test_a_leap_day_is_a_day():
    table = weekly([20] * 10, now=18, end=pd.Timestamp("2024-02-29 07:00"))
    found = brief(table, "2024-02-29", near_repeat=True)
    assert row(found)["incidents"] == 18
    assert "Thursday 29 February 2024" in found.text
    assert found.notes["start"].iloc[0] == pd.Timestamp("2024-02-28 07:00")


def test_hours_of_a_weekend():
    table = incidents([END - pd.Timedelta(hours=h) for h in (1, 30, 70, 73)])
    assert len(brief(table, hours=72).ranked) == 3
    assert "the 72 hours to 07:00" in brief(table, hours=72).text


# --- what came to notice when ----------------------------------------------------------------


def test_recorded_at_decides_and_nothing_recorded_later_is_known():
    table = incidents(
        [END - 4 * DAY, END - pd.Timedelta("2h"), END - pd.Timedelta("2h")],
        recorded_at=pd.to_datetime([END - pd.Timedelta("1h"), END - pd.Timedelta("90min"), END]),
    )
    found = brief(table)
    assert list(found.ranked.index) == ["i00000", "i00001"]  # of as much harm, the later known
    assert found.ranked["recorded_late"].tolist() == [True, False]
    assert "recorded late" in found.ranked.loc["i00000", "words"]
    assert row(found)["recorded_late"] == 1
    late = found.carried[found.carried["kind"] == "recorded late"]
    assert set(late["lpt"]) == {"Force", "North"}
    assert "1 was recorded over a day after the event" in found.pages["North"]


def test_without_a_time_of_recording_the_interval_tells_unless_it_is_too_long():
    start = [END - DAY] * 3 + [END - 8 * DAY] * 2
    recorded = [pd.NaT] * 4 + [END - pd.Timedelta("3h")]
    table = incidents([END - pd.Timedelta("1h")] * 5, start, recorded_at=pd.to_datetime(recorded))
    found = brief(table)
    assert set(found.ranked.index) == {"i00000", "i00001", "i00002", "i00004"}
    assert "Left out: 1 of 5 incidents in the records, with an interval over a week" in found.text


# --- against the usual range -----------------------------------------------------------------


def test_the_usual_range_is_the_predictive_law():
    """20 in 8 comparable weeks: 2.5% to 97.5% is 0 to 6, as the methods' check values say."""
    found = row(brief(weekly([2, 3, 2, 3, 2, 3, 2, 3], now=6)))
    assert (found["low"], found["high"], found["comparable_days"]) == (0, 6, 8)
    assert found["words"] == "within the usual range 0 to 6"
    assert found["expected"] == pytest.approx(20.5 / 8)
    assert found["chance_outside"] == pytest.approx(float(predictive(20, 8).sf(7)), rel=0.02)
    over = row(brief(weekly([2, 3, 2, 3, 2, 3, 2, 3], now=7)))
    assert over["words"] == "above the usual range 0 to 6"


def test_below_needs_a_range_that_leaves_room():
    assert row(brief(weekly([20] * 52, now=11)))["standing"] == "below"
    assert row(brief(weekly([2] * 52, now=0)))["standing"] == "within"


def test_wide_scatter_widens_the_range():
    even, wide = weekly([10] * 52, now=20), weekly([5, 15] * 26, now=20)
    assert row(brief(even))["standing"] == "above"
    assert row(brief(wide))["standing"] == "within"
    assert row(brief(wide))["expected"] == pytest.approx(row(brief(even))["expected"], abs=0.02)


def test_a_single_incident_is_never_above():
    rare = pd.concat([weekly([20] * 52, now=20), incidents([END - DAY / 2], category="Arson")])
    found = row(brief(rare.set_axis(range(len(rare))).rename_axis("incident")), category="Arson")
    assert (found["incidents"], found["high"], found["standing"]) == (1, 1, "within")


def test_too_little_history_is_said_in_days():
    found = brief(weekly([20, 20, 20], now=50))
    assert row(found)["words"] == "too little history to say: 3 comparable days"
    assert "North: 50 incidents, too little history to say: 3 comparable days." in found.text
    assert "3 comparable days" in found.notes.set_index("kind").loc["basis", "said"]
    assert found.counts["low"].isna().all()
    assert found.summary["comparisons"].eq(0).all()
    one = brief(weekly([20], now=5))
    assert row(one)["words"] == "too little history to say: 1 comparable day"


def test_missing_weeks_are_missing_and_never_zero():
    full = row(brief(weekly([20] * 52, now=20)))
    gap = row(brief(weekly([20] * 15 + [0] * 20 + [20] * 17, now=20)))
    thin = row(brief(weekly([20] * 15 + [2] * 20 + [20] * 17, now=20)))
    assert [found["comparable_days"] for found in (full, gap, thin)] == [52, 32, 32]
    assert gap["expected"] == pytest.approx(full["expected"], rel=0.01)
    begun = row(brief(weekly([20] * 10, now=20)))
    assert begun["comparable_days"] == 10


def test_comparisons_are_counted_and_so_is_what_chance_puts_outside(morning):
    counts = morning.counts
    assert counts["chance_outside"].between(0, 0.05).all()
    expected, outside = counts["chance_outside"].sum(), counts["standing"].isin(["above", "below"])
    said = morning.notes.set_index("kind").loc["everywhere", "said"]
    assert (
        f"Of all {len(counts)} comparisons, force and LPTs, {outside.sum() or 'none'} lie" in said
    )
    assert f"chance alone would put about {expected:.1f} there" in said
    for team, text in morning.pages.items():
        own = counts[counts["lpt"] == team]
        part = f"Of {len(own)} comparisons, chance alone puts about "
        part += f"{own['chance_outside'].sum():.1f} outside."
        assert (part in text) == own["standing"].isin(["above", "below"]).any()


def test_lpts_add_up_to_the_force(morning):
    counts = morning.counts
    for category, rows in counts.groupby("category"):
        force = rows.loc[rows["level"] == "force", "incidents"].sum()
        assert rows.loc[rows["level"] == "lpt", "incidents"].sum() == force, category
    assert len(morning.ranked) == row(morning, "Force")["incidents"]
    for team in morning.summary.query("level == 'lpt'")["lpt"]:
        types = counts[(counts["lpt"] == team) & (counts["category"] != "all")]
        assert types["incidents"].sum() == row(morning, team)["incidents"]


def test_a_planted_burst_is_recovered_in_words(county, recent, morning):
    end = pd.Timestamp("2025-11-12 07:00")
    spot = county.lpts.geometry["Fennimore"].representative_point()
    burst = incidents(
        [end - pd.Timedelta(hours=h) for h in range(1, 10)], xy=[(spot.x, spot.y)] * 9,
        category="Criminal damage and arson", lpt="Fennimore", origin="public",
        source="Ashenmere Police", place="Quay Street",
    )  # fmt: skip
    found = brief(pd.concat([recent, burst]), "2025-11-12", county.lpts)
    before = row(morning, "Fennimore", "Criminal damage and arson")
    now = row(found, "Fennimore", "Criminal damage and arson")
    assert before["standing"] == "within"
    assert now["incidents"] == before["incidents"] + 9
    named = f"Criminal damage and arson {now['incidents']} (above its usual 0 to {now['high']:.0f})"
    assert named in found.pages["Fennimore"].splitlines()[0]
    first = found.notes.set_index("kind").loc["everywhere", "said"]
    assert "the least likely first: Fennimore, Criminal damage and arson: " in first
    repeats = found.repeats[found.repeats["lpt"] == "Fennimore"]
    assert "Quay Street: 9 in 28 days" in repeats["words"].iloc[0]


def test_season_is_allowed_for(county):
    """ASB peaks in July: what is usual is more in July than in December, of one same past."""
    asb = "Anti-social behaviour"
    table = county.incidents.drop(columns="lpt")
    july = row(brief(table, "2025-07-09"), "Force", asb)
    winter = brief(table, "2025-12-17")
    planted = 1.8
    assert 1.3 < july["expected"] / row(winter, "Force", asb)["expected"] < 1.25 * planted
    assert "allowing for the season" in winter.text


def test_lpts_asked_for_are_the_same_as_in_the_whole(county, recent, morning):
    one = brief(recent, "2025-11-12", "Fennimore")
    assert one.pages["Fennimore"] == morning.pages["Fennimore"]
    assert set(one.counts["lpt"]) == {"Fennimore"} == set(one.ranked["lpt"])
    two = brief(recent, "2025-11-12", ["Wexmoor", "Fennimore"])
    assert list(two.pages) == ["Wexmoor", "Fennimore"]
    assert list(morning.pages)[1:11] == list(county.lpts.index)


def test_an_lpt_of_the_table_where_nothing_ever_happened_has_its_sheet():
    lpts = gpd.GeoDataFrame({"area_km2": 1.0}, index=pd.Index(["North", "South"], name="lpt"),
                            geometry=[shapely.box(0, 0, 1, 1)] * 2, crs="EPSG:27700")  # fmt: skip
    found = brief(weekly([20] * 52, now=20), lpt=lpts)
    assert found.pages["South"].startswith("South: 0 incidents, within the usual range 0 to 1.")


def test_without_lpts_everything_is_on_the_page_of_the_force(tmp_path):
    table = weekly([20] * 10, now=20, xy=[(388000, 347000)] * 220).drop(columns="lpt")
    found = brief(table)
    assert list(found.pages) == ["Force"]
    assert "Repeat locations (1):" in found.pages["Force"]
    assert set(found.ranked["lpt"]) == set(found.counts["lpt"]) == {"Force"}
    page = hs.write_briefing(tmp_path, found).read_text(encoding="utf-8")
    assert page.count('<section class="sheet"') == 1
    assert "Repeat locations (1)" in page


def test_no_lpt_has_a_page_only_where_there_is_something_to_tell():
    quiet = pd.concat([weekly([40] * 20, now=40), weekly([10] * 20, lpt=None)])
    quiet = quiet.set_axis(range(len(quiet))).rename_axis("incident")
    assert list(brief(quiet).pages) == ["Force", "North"]
    assert row(brief(quiet), "no LPT")["standing"] == "below"
    told = brief(quiet, tasks=pd.DataFrame({"task": ["x"], "due": [END], "lpt": ["no LPT"]}))
    assert list(told.pages) == ["Force", "North", "no LPT"]


def test_one_type_alone_is_all_and_not_compared_twice():
    found = brief(weekly([20] * 20, now=40))
    assert found.counts[["lpt", "category"]].to_numpy().tolist() == [
        ["Force", "all"], ["North", "all"],
    ]  # fmt: skip
    assert found.pages["North"].splitlines()[0].startswith("North: 40 incidents, above the usual")
    assert "type" not in found.pages["North"].splitlines()[0]


def test_the_answer_comes_first(morning):
    first, second = morning.text.splitlines()[:2]
    assert first.startswith("Force: ")
    assert second.startswith("Of all ")
    assert brief(weekly([20] * 20, now=20), lpt="North").text.startswith("North: 20 incidents")
    assert brief(weekly([20] * 20, now=2), lpt="North").text.startswith("FEED INCOMPLETE")


def test_the_order_of_rows_does_not_matter(recent):
    some = recent[recent["occurred_from"] >= "2025-10-01"]
    mixed = some.sample(frac=1, random_state=3)
    first, second = brief(some, "2025-11-12"), brief(mixed, "2025-11-12")
    assert first.text == second.text
    for name, table in first.tables.items():
        pd.testing.assert_frame_equal(table, second.tables[name], obj=name)


# --- an incomplete feed ----------------------------------------------------------------------


def test_a_feed_with_few_rows_is_not_compared():
    found = brief(weekly([20] * 52, now=5))
    assert not found.feed["complete"].iloc[0]
    assert "FEED INCOMPLETE: only 5 records came in where 20 are usual" in found.text
    assert set(found.counts["standing"]) == {"feed incomplete"}
    assert "North: 5 incidents so far; not compared, as the feed is incomplete." in found.text
    assert len(found.ranked) == 5
    assert not re.search(r"(above|below|within) the usual", found.text)


def test_a_feed_without_rows():
    found = brief(weekly([20] * 52))
    assert "FEED INCOMPLETE: not one record came in where 20 are usual" in found.text
    assert len(found.ranked) == 0
    assert found.summary["incidents"].eq(0).all()
    no_past = brief(incidents([END - 3 * DAY]))
    assert "FEED INCOMPLETE? Not one record came in" in no_past.text


def test_an_empty_day_of_a_quiet_county_is_no_fault_of_the_feed():
    found = brief(weekly([1] * 52))
    assert found.feed["complete"].iloc[0]
    assert "North: 0 incidents, within the usual range 0 to" in found.text


def test_a_feed_that_stopped_in_the_evening():
    """Over half of the usual rows came, but none for the last ten hours."""
    hours = np.arange(24)
    times = [END - k * WEEK - pd.Timedelta(hours=float(h) + 0.5) for k in range(53) for h in hours]
    table = incidents(times)
    known = table["occurred_to"]
    stopped = table[~((known < END) & (known > END - pd.Timedelta("10h")))]
    found = brief(stopped)
    assert row(found)["incidents"] == 14
    assert "FEED INCOMPLETE: no record came in for the last 10 hours, since 20:30" in found.text
    assert brief(table).feed["complete"].iloc[0]


def test_one_silent_lpt_is_below_and_no_fault_of_the_feed():
    north, south = weekly([30] * 52, now=30), weekly([15] * 52, lpt="South")
    both = pd.concat([north, south])
    found = brief(both.set_axis(range(len(both))).rename_axis("incident"))
    assert found.feed["complete"].iloc[0]
    assert row(found, "South")["standing"] == "below"


# --- most harm first, and nothing personal ---------------------------------------------------


def test_ranked_by_harm_then_markers_then_the_latest():
    times = [END - pd.Timedelta(hours=h) for h in (5, 4, 3, 2, 1)]
    table = incidents(times, harm=[10.0, 10.0, 10.0, 365.0, np.nan],
                      vulnerability=["DA; repeat", None, "child", "none", ""])  # fmt: skip
    found = brief(table).ranked
    assert list(found.index) == ["i00003", "i00000", "i00002", "i00001", "i00004"]
    assert found["rank"].tolist() == [1, 2, 3, 4, 5]
    assert found["vulnerability_markers"].tolist() == [0, 2, 1, 0, 0]
    assert "harm 365 days" in found["words"].iloc[0]
    assert "2 vulnerability markers" in found["words"].iloc[1]


def test_without_harm_the_approximate_weights_are_used_and_said():
    times = [END - pd.Timedelta(hours=h) for h in (3, 2, 1)]
    table = incidents(times, category=["shoplifting ", "Robbery", "Kidnap"])
    found = brief(table)
    assert found.ranked["category"].tolist() == ["Robbery", "shoplifting ", "Kidnap"]
    assert "Harm is approximate" in found.text
    assert "Not weighed by harm, so ranked last: Kidnap (1). See that none" in found.text


def test_markers_are_counted_however_they_are_written():
    given = ["DA|repeat, child", "Y", "no", "0", float("nan"), None, "repeat;Repeat", " ; "]
    table = pd.DataFrame({"vulnerability": given})
    assert _ranked._markers(table).tolist() == [3, 1, 0, 0, 0, 0, 1, 0]


def test_nothing_personal_leaves_the_records(tmp_path):
    secret = "Zebediah"
    table = weekly(
        [20] * 10, now=9, victim=f"{secret} Smith", suspect=f"{secret} Jones",
        notes=f"call {secret}", vulnerability=f"{secret} at risk", place="Flat 3, 12a Mill Lane",
        outcome=f"{secret} charged", offence_code=secret, lsoa=secret, xy=[(388000, 347000)] * 209,
    )  # fmt: skip
    found = brief(table)
    page = hs.write_briefing(tmp_path, found).read_text(encoding="utf-8")
    everything = found.text + found._repr_html_() + page
    everything += "".join(frame.to_csv() for frame in found.tables.values())
    assert secret not in everything
    assert "Flat 3" not in everything
    assert "12a" not in everything
    assert found.ranked["place"].eq("Mill Lane").all()
    assert len(found.repeats) == 1


@pytest.mark.parametrize(
    ("written", "street"),
    [("12 Mill Lane", "Mill Lane"), ("Flat 2, 14-16 High Street", "High Street"),
     ("1st Avenue", "1st Avenue"), ("On or near Dale Road", "On or near Dale Road"),
     ("7", "place not known"), (None, "place not known"), ("Unit 4B Trent Way", "Trent Way"),
     ("No 5 The Close", "The Close"), ("Room 101", "place not known")],
)  # fmt: skip
def test_the_street_without_the_house(written, street):
    assert _places.street(written) == street


# --- repeat locations and near repeat --------------------------------------------------------


def test_repeat_locations_need_three_in_28_days_and_one_of_them_new():
    at = {"three": (1000, 1000), "old": (2000, 1000), "two": (3000, 1000), "police": (4000, 1000)}
    rows = [
        ("three", 0.2, "public"), ("three", 9, "public"), ("three", 27, "public"),
        ("old", 3, "public"), ("old", 9, "public"), ("old", 20, "public"),
        ("two", 0.3, "public"), ("two", 10, "public"), ("two", 40, "public"),
        ("police", 0.4, "police"), ("police", 2, "police"), ("police", 3, "police"),
    ]  # fmt: skip
    table = incidents([END - days * DAY for _, days, _ in rows], xy=[at[w] for w, *_ in rows],
                      origin=[origin for *_, origin in rows])  # fmt: skip
    found = brief(table).repeats
    assert found["location"].tolist() == ["1000_1000"]
    assert found[["incidents_in_window", "incidents_28d", "incidents_12m"]].iloc[0].tolist() == [
        1, 3, 3,
    ]  # fmt: skip
    text = brief(table).text
    assert "Repeat locations (1):\n  1. Mill Lane: 3 in 28 days (3 in twelve months" in text
    assert "Found by the police themselves: 1 incident, in the counts" in text


def test_a_uprn_goes_before_the_point():
    times = [END - days * DAY for days in (0.1, 2, 3)]
    far = [(1000, 1000), (5000, 1000), (9000, 1000)]
    assert len(brief(incidents(times, xy=far)).repeats) == 0
    assert len(brief(incidents(times, xy=far, uprn=["77"] * 3)).repeats) == 1


def test_repeats_and_near_repeat_are_refused_without_points_with_the_reason():
    table = weekly([20] * 10, now=20)
    bare = table.set_geometry(gpd.GeoSeries([None] * len(table), index=table.index, crs=table.crs))
    found = brief(bare, near_repeat=True)
    assert "Repeat locations cannot be told: 0 have a point" in found.text
    assert "Near repeat cannot be told: 0 have a point" in found.text
    assert row(found)["words"].startswith("within the usual range")


@pytest.fixture(scope="module")
def series():
    """Return a year of burglaries, every other one followed by another near and soon."""
    rng = np.random.default_rng(5)
    n = 150
    day = rng.uniform(8, 360, n)
    xy = rng.uniform(0, 20_000, (n, 2))
    after, near = day - rng.uniform(0.5, 5, n), xy + rng.uniform(-40, 40, (n, 2))
    followed = rng.random(n) < 0.5
    day, xy = np.concatenate([day, after[followed]]), np.concatenate([xy, near[followed]])
    day, xy = np.append(day, 0.5), np.vstack([xy, [[500.0, 500.0]]])  # one in the hours
    return incidents([END - d * DAY for d in day], xy=xy, origin="public")


@pytest.fixture(scope="module")
def noticed(series):
    return hs.briefing(series, WHEN)


def test_near_repeat_gives_notices_where_it_exceeds_chance(series, noticed):
    pattern = noticed.patterns.iloc[0]
    assert pattern["found"]
    assert pattern["reach_m"] == 100
    assert pattern["reach_days"] == 7
    assert pattern["ratio"] == pytest.approx(pattern["observed"] / pattern["expected"])
    assert pattern["ratio"] > 5
    new = noticed.notices[noticed.notices["new"]]
    assert list(new.index) == [series.index[-1]]
    said = (
        f"Burglary, Mill Lane: until Sat 5 Apr, within 100 m, another is about "
        f"{pattern['ratio']:.1f} times as likely as usual"
    )
    assert new["words"].iloc[0] == said
    assert said in noticed.pages["North"]
    run = noticed.notices["until"] >= pd.Timestamp("2025-03-31")
    assert run.all()


def test_patterns_once_found_are_used_again(series, noticed, monkeypatch):
    with pytest.raises(hs.InputError, match="past 2025-03-30 07:00; give those of an earlier"):
        hs.briefing(series, "2025-03-30", near_repeat=noticed)
    with pytest.raises(hs.InputError, match="columns cannot be read"):
        hs.briefing(series, WHEN, near_repeat=noticed.patterns.assign(reach_m="far"))
    monkeypatch.setattr(_places, "knox", None)  # it would fail if it were asked
    for given in (noticed, noticed.patterns):
        again = hs.briefing(series, WHEN, near_repeat=given)
        assert again.notices.equals(noticed.notices)
    next_day = hs.briefing(series, "2025-04-01 07:00", near_repeat=noticed)
    assert list(next_day.notices.loc[lambda t: t["new"]].index) == []
    assert series.index[-1] in next_day.notices.index
    assert "1 earlier notice" in next_day.pages["North"] or len(next_day.notices) > 1


def test_no_pattern_no_notices(series):
    rng = np.random.default_rng(1)
    mixed = series.set_geometry(series.geometry.to_numpy()[rng.permutation(len(series))])
    found = hs.briefing(mixed.set_crs("EPSG:27700", allow_override=True), WHEN)
    assert not found.patterns["found"].any()
    assert len(found.notices) == 0
    assert "no near-repeat pattern beyond chance in the past year" in found.text
    few = hs.briefing(series.tail(20), WHEN)
    assert "too few to look for near repeat" in few.text


# --- what is carried over, and what is due ---------------------------------------------------


def test_tasks_due_and_overdue_are_carried_over():
    tasks = pd.DataFrame({
        "task": ["See the shop", "Old lamp", "Later", "Was done", "For all"],
        "due": ["2025-03-31", "2025-03-20", "2025-04-02", "2025-03-30", "2025-03-31"],
        "lpt": ["North", "North", "North", "North", None],
        "status": ["open", None, "open", "Done ", ""],
    })  # fmt: skip
    found = brief(weekly([20] * 10, now=20), tasks=tasks)
    own = found.carried[found.carried["lpt"] == "North"]
    assert own["words"].tolist() == ["Old lamp (due Thu 20 Mar)", "See the shop (due today)"]
    assert own["kind"].tolist() == ["task overdue", "task due"]
    assert found.carried.loc[found.carried["lpt"] == "Force", "words"].tolist() == [
        "For all (due today)"
    ]
    assert "Carried over:\n  1. Old lamp (due Thu 20 Mar)" in found.pages["North"]


def test_what_still_stands_out_is_carried_over_since_its_first_briefing():
    def day(n, now):
        return weekly([20] * 20, now=now, end=END + n * DAY)

    tables = [day(0, 40), day(1, 41), day(2, 42), day(3, 20)]
    table = pd.concat(tables)
    table = table.set_axis([f"i{n}" for n in range(len(table))]).rename_axis("incident")
    found = None
    for n in range(3):
        found = brief(table, END + n * DAY, previous=found)
    kept = found.carried[found.carried["kind"] == "still outside the usual range"]
    assert set(kept["since"]) == {END}
    assert "as in each briefing since Mon 31 Mar" in found.pages["North"]
    twice = pd.concat([found.counts, found.counts]).assign(outside_since="not a date")
    assert len(brief(table, END + 3 * DAY, previous=twice).carried) == 0
    last = brief(table, END + 3 * DAY, previous=found.counts)
    assert len(last.carried) == 0
    assert last.counts["outside_since"].isna().all()


def test_visits_due_in_the_next_hours():
    at = pd.to_datetime(["2025-03-31 06:59", "2025-03-31 07:00", "2025-04-01 06:50",
                         "2025-04-01 07:00"])  # fmt: skip
    visits = pd.DataFrame({
        "hotspot": list("abcd"), "lpt": "North", "unit": "N1", "shift": "early", "arrive": at,
        "depart": at + pd.Timedelta("15min"), "reason": "why", "name": ["", "Quay", "Dock", ""],
    }, index=pd.Index(range(4), name="visit"))  # fmt: skip
    found = brief(weekly([20] * 10, now=20), plan=visits)
    assert found.visits["hotspot"].tolist() == ["b", "c"]
    said = "Hotspot visits due (2):\n  1. 07:00 to 07:15 Quay (N1)\n  2. 06:50 to 07:05 Dock (N1)"
    assert said in found.pages["North"]


@dataclasses.dataclass(frozen=True, repr=False)
class Plan(Result):
    """A plan as the planner gives it, as far as a briefing looks."""

    visits: pd.DataFrame
    reasons: pd.DataFrame


def test_the_names_of_a_plan_are_in_its_reasons():
    at = pd.to_datetime(["2025-03-31 08:00", "2025-03-31 09:00"])
    visits = pd.DataFrame({
        "hotspot": ["a", "b"], "lpt": "North", "unit": "N1", "shift": "early", "arrive": at,
        "depart": at + pd.Timedelta("15min"), "reason": "why",
    }, index=pd.Index([0, 1], name="visit"))  # fmt: skip
    reasons = pd.DataFrame({"name": ["Quay"]}, index=pd.Index(["a"], name="hotspot"))
    found = brief(weekly([20] * 10, now=20), plan=Plan(visits, reasons))
    assert found.visits["place"].tolist() == ["Quay", "b"]


# --- refusals --------------------------------------------------------------------------------


def test_every_fault_is_named_at_once():
    table = weekly([20] * 10, now=20)
    later = brief(table, END + DAY)
    with pytest.raises(hs.InputError) as error:
        brief(table, "31/03/2025", 7, hours=0, near_repeat="yes", plan=3, tasks=[1], previous="x")
    told = "\n".join(error.value.faults)
    assert len(error.value.faults) == 7
    for word in ("hours is 0", "when is '31/03/2025'", "lpt is 7", "near_repeat", "plan", "tasks",
                 "previous"):  # fmt: skip
        assert word in told
    with pytest.raises(hs.InputError, match="not before this one"):
        brief(table, previous=later)


@pytest.mark.parametrize(
    "when", ["next week", 20250331, None, pd.NaT, "2025-13-01", "0001-01-01", float("nan"), "",
             pd.Timestamp("2025-03-31", tz="UTC"), "2025-03-31T07:00+00:00"],
)  # fmt: skip
def test_a_when_that_is_none(when):
    with pytest.raises(hs.InputError, match="when is"):
        brief(weekly([20]), when)


@pytest.mark.parametrize("hours", [0, 169, 1.5, True, "24", None])
def test_hours_out_of_range(hours):
    with pytest.raises(hs.InputError, match="whole number from 1 to 168"):
        brief(weekly([20]), hours=hours)


def test_an_unknown_lpt_is_told_the_known(recent):
    with pytest.raises(hs.InputError, match=r"lpt 'Fenimore' is not known; did you mean 'Fennimore'"
                                            r".*Aldermoss, Brackenholt"):  # fmt: skip
        brief(recent, "2025-11-12", "Fenimore")
    none = weekly([20]).drop(columns="lpt")
    with pytest.raises(hs.InputError, match="no incident has an LPT"):
        brief(none, lpt="North")


def test_month_only_records_are_refused_with_the_reason():
    first = pd.date_range("2024-01-01", periods=14, freq="MS").repeat(9)
    table = incidents(first + pd.offsets.MonthBegin(1), first)
    with pytest.raises(hs.InputError, match="do not bear a daily briefing: only 0% are known to "
                                            "the day; use the force's own records"):  # fmt: skip
        brief(table)


def test_records_that_cannot_be_briefed_on():
    table = weekly([20] * 3)
    with pytest.raises(hs.InputError, match="there are none"):
        brief(table.iloc[:0])
    with pytest.raises(hs.InputError, match=r"no incident was known before 2020-01-01 07:00 \(they "
                                            r"came to notice from 2025-03-09"):  # fmt: skip
        brief(table, "2020-01-01")
    with pytest.raises(hs.InputError, match="give a DataFrame"):
        brief("records.csv")
    with pytest.raises(hs.InputError, match="column 'category' is missing"):
        brief(table.drop(columns="category"))


def test_names_of_totals_and_impossible_harm_are_refused():
    table = weekly([20] * 3, now=3)
    with pytest.raises(hs.InputError) as error:
        brief(table.assign(category="all", lpt="Force", harm=-1.0))
    assert len(error.value.faults) == 3
    assert "harm is -1 in 63 rows" in error.value.faults[2]
    with pytest.raises(hs.InputError, match="give the LPTs table, with the names as index"):
        brief(table, lpt=pd.DataFrame({"a": [1]}))


def test_tasks_and_plans_that_cannot_be_used():
    table = weekly([20] * 3, now=3)
    zones = pd.DataFrame(
        {"task": list("abc"), "due": ["2025-03-31T00:00Z", "2025-03-31", 20250331]}
    )
    with pytest.raises(hs.InputError, match=r"due is no date in 2 rows \(first: '2025-03-31T00"):
        brief(table, tasks=zones)
    with pytest.raises(hs.InputError, match="no column task or due"):
        brief(table, tasks=pd.DataFrame({"x": [1]}))
    with pytest.raises(hs.InputError, match=r"due is no date in 1 rows \(first: 'soon'\)"):
        brief(table, tasks=pd.DataFrame({"task": ["a", "b"], "due": ["2025-01-01", "soon"]}))
    with pytest.raises(hs.InputError, match="tasks: LPT 'West' is not among North"):
        brief(table, tasks=pd.DataFrame({"task": ["a"], "due": ["2025-01-01"], "lpt": ["West"]}))
    with pytest.raises(hs.InputError, match="which has no visits"):
        brief(table, plan=brief(table).__class__ and hs.data_support(table))


def test_one_incident_and_odd_resolutions():
    assert "North: 1 incident, too little history" in brief(incidents([END - DAY / 2])).text
    table = weekly([20] * 20, now=20)
    nano = table.assign(occurred_from=table["occurred_from"].astype("datetime64[ns]"),
                        occurred_to=table["occurred_to"].astype("datetime64[ns]"))  # fmt: skip
    assert brief(nano).text == brief(table).text


# --- the page --------------------------------------------------------------------------------


def test_the_page_has_a_sheet_per_lpt_and_asks_for_nothing(morning, tmp_path):
    path = hs.write_briefing(tmp_path / "new", morning, title="Ashenmere <this> morning")
    page = path.read_text(encoding="utf-8")
    assert path.name == "briefing.html"
    assert page.count('<section class="sheet"') == len(morning.pages) >= 11
    assert "Ashenmere &lt;this&gt; morning" in page
    assert "default-src 'none'" in page
    assert "<script" not in page
    assert not re.search(r"(src|href)=\"(?!#|data:)", page)
    assert not re.search(r"url\((?!data:)", page)
    for team, text in morning.pages.items():
        if team != "Force":
            assert text.splitlines()[0].removeprefix(f"{team}: ").split(" (")[0] in page
    assert "size:A4" in page
    assert "break-before:page" in page


def test_what_comes_from_records_is_escaped_and_long_lists_are_counted(tmp_path):
    evil = weekly([20] * 10, now=20, category="<script>x</script>", place="<b>Lane</b>")
    page = hs.write_briefing(tmp_path, brief(evil)).read_text(encoding="utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "&lt;b&gt;Lane" in page
    assert "and 11 more" in page  # 9 of 20 on the sheet of the LPT
    banner = hs.write_briefing(tmp_path, brief(weekly([20] * 10, now=2)))
    assert 'role="alert">FEED INCOMPLETE' in banner.read_text(encoding="utf-8")


def test_the_pdf_has_one_page_per_lpt_whatever_it_holds(morning, tmp_path):
    pytest.importorskip("reportlab")
    long = "A Very Long Name of an Avenue in the Old Town near the Marketplace " * 3
    some = morning.summary[morning.summary["lpt"].isin(["Force", "Fennimore"])]
    full = dataclasses.replace(
        morning, summary=some,
        ranked=pd.concat([morning.ranked] * 3).assign(place=long, category=long),
        carried=pd.DataFrame({"lpt": "Fennimore", "kind": "task due", "words": [long] * 30}),
    )  # fmt: skip
    hs.write_briefing(tmp_path, full, pdf=True)
    data = (tmp_path / "briefing.pdf").read_bytes()
    assert len(re.findall(rb"/Type /Page\b(?!s)", data)) == 2
    hs.write_briefing(tmp_path, full, pdf=True)
    assert (tmp_path / "briefing.pdf").read_bytes() == data


def test_only_a_briefing_is_written(morning, tmp_path):
    with pytest.raises(hs.InputError, match="has no table summary"):
        hs.write_briefing(tmp_path, morning.counts)
    with pytest.raises(hs.InputError, match="title is 3"):
        hs.write_briefing(tmp_path, morning, title=3)
    assert list(tmp_path.iterdir()) == []


def test_a_notebook_shows_every_lpt(morning):
    shown = morning._repr_html_()
    assert shown.count("<summary>") == len(morning.pages)
    assert morning.text.splitlines()[0] in shown


# --- real records ----------------------------------------------------------------------------


@pytest.mark.realdata
def test_new_york_vehicle_thefts_on_an_ordinary_morning(shared):
    """Four years of thefts with from and to times: complete, seasonal, with near repeat."""
    loaded = hs.read_incidents(
        shared / "data" / "timed" / "nycvehiclethefts.csv.gz", crs="EPSG:32118",
        mapping={"category": "Vehicle crime", "columns": {
            "id": "uid", "occurred_from": "date_start", "occurred_to": "date_end",
            "longitude": "longitude", "latitude": "latitude"}},
    )  # fmt: skip
    found = hs.briefing(loaded.incidents, "2017-06-15")
    end = loaded.incidents["occurred_to"]
    known = loaded.incidents["occurred_to"] - loaded.incidents["occurred_from"] <= WEEK
    window = (end >= "2017-06-14 07:00") & (end <= "2017-06-15 07:00") & known
    assert list(found.pages) == ["Force"]
    assert abs(row(found, "Force")["incidents"] - window.sum()) <= 1  # one that ends at 07:00
    assert row(found, "Force")["standing"] == "within"
    assert "allowing for the season" in found.text
    assert "Left out: 2,842 of 35,746 incidents" in found.text
    assert found.patterns[["reach_m", "reach_days"]].iloc[0].tolist() == [100, 7]
    assert 1.2 < found.patterns["ratio"].iloc[0] < 1.6
    assert found.notices["new"].sum() == row(found, "Force")["incidents"]
