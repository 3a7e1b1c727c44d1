"""The need of hotspots: evidence, hours, priorities, single premises; and what is refused."""

import warnings

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import hotspots as hs
from hotspots.patrols._hours import STRENGTHS, _drawn, _strengthen

CRS = "EPSG:27700"
DAYS = ("2025-01-01", "2026-01-01")


def make_hotspots(*spots, **columns):
    """Make 200 m squares from (id, lpt, x, y, incidents)."""
    ids, lpt, x, y, count = zip(*spots, strict=True)
    frame = gpd.GeoDataFrame(
        {"rank": np.arange(1, len(ids) + 1), "heat": 0.0, "incidents": count, "area_km2": 0.04,
         "lpt": lpt, "method": "drawn by hand", "period_start": pd.Timestamp(DAYS[0]),
         "period_end": pd.Timestamp(DAYS[1]), **columns},
        geometry=shapely.box(np.subtract(x, 100), np.subtract(y, 100), np.add(x, 100),
                             np.add(y, 100)),
        index=pd.Index(ids, name="hotspot"), crs=CRS,
    )  # fmt: skip
    return frame.astype({"lpt": "str", "method": "str"})


def make_incidents(x, y, times, **columns):
    frame = {"category": "Anti-social behaviour", "occurred_from": times, "occurred_to": times,
             **columns}  # fmt: skip
    n = len(times)
    points = shapely.points(np.broadcast_to(x, n), np.broadcast_to(y, n))
    return gpd.GeoDataFrame(
        frame, geometry=points, crs=CRS, index=pd.RangeIndex(n, name="incident")
    )


def clocked(rng, n, hours, start=DAYS[0], days=364):
    """Draw times whose hour of day is one of those given."""
    day = pd.Timestamp(start) + pd.to_timedelta(rng.integers(0, days, n), unit="D")
    minute = rng.choice(hours, n) * 60 + rng.integers(0, 60, n)
    return pd.DatetimeIndex(day + pd.to_timedelta(minute, unit="min"))


# --- the evidence --------------------------------------------------------------------------------


def test_hotspots_alone_are_flat_and_say_so():
    spots = make_hotspots(("A", "Hanley", 0, 0, 80), ("B", "Hanley", 900, 0, 20),
                          harm=[100.0, 400.0])  # fmt: skip
    demand = hs.patrol_demand(spots)
    assert demand.need["need"].tolist() == [0.5, 0.5]  # sqrt(.8 * .2) = sqrt(.2 * .8)
    assert not demand.hours_known
    assert (demand.intensity == 1).all()
    assert demand.intensity.shape == (2, 168)
    assert "no incidents were given" in demand.why_flat
    assert "spread over each shift" in demand.text


def test_incidents_are_counted_by_geometry_in_the_period_and_without_those_police_found():
    spots = make_hotspots(("A", "Hanley", 0, 0, 999), ("B", "Hanley", 150, 0, 999),
                          ("C", "Hanley", 5000, 0, 7))  # fmt: skip
    day = pd.Timestamp("2025-03-01 20:00")
    times = pd.DatetimeIndex([day] * 6 + [pd.Timestamp("2024-12-31 23:59")])
    x = np.array([-50, 75, 75, 200, 5000, 9000, 0])  # 75 lies in A and B, 9000 in none
    origin = ["public", "public", "police", "public", "police", "public", "public"]
    incidents = make_incidents(x, 0, times, origin=origin, harm=2.0)
    demand = hs.patrol_demand(spots, incidents)
    assert demand.need["incidents"].tolist() == [2, 2, 0]
    assert demand.need["harm"].tolist() == [4.0, 4.0, 0.0]
    assert demand.need["evidence_from"].tolist() == ["incidents given"] * 3
    assert demand.sensitivity["police_incidents"].tolist() == [1, 1, 1]
    assert "hotspots overlap: 1 incident in more than one" in demand.text
    counted = hs.patrol_demand(spots, incidents, include_police=True)
    assert counted.need["incidents"].tolist() == [3, 3, 1]
    assert "2 police-generated incidents counted: no rank would change" in counted.text


def test_a_period_that_the_incidents_do_not_reach_keeps_the_figures_of_the_table():
    spots = make_hotspots(("A", "Hanley", 0, 0, 8), ("B", "Hanley", 900, 0, 2))
    later = make_incidents(0, 0, pd.DatetimeIndex(["2026-02-01 10:00"] * 3))
    demand = hs.patrol_demand(spots, later)
    assert demand.need["incidents"].tolist() == [8, 2]
    assert demand.need["evidence_from"].tolist() == ["hotspots table"] * 2


def test_heat_stands_in_for_incidents_where_there_are_none_and_never_above_one_seen():
    spots = make_hotspots(("A", "Hanley", 0, 0, 50), ("B", "Hanley", 900, 0, 1),
                          ("C", "Hanley", 1800, 0, 0), ("D", "Hanley", 2700, 0, 0))  # fmt: skip
    spots["heat"] = [100.0, 2.0, 1.0, 500.0]
    need = hs.patrol_demand(spots).need
    # 51 incidents stand against a heat of 102: half an incident for each
    assert need["expected"].tolist() == [50, 1, 0.5, 1]
    assert need["evidence_from"].tolist() == ["hotspots table"] * 2 + ["heat"] * 2
    assert need["incidents"].tolist() == [50, 1, 0, 0]


def test_the_class_weighs_and_tiers_share_out_the_need():
    spots = make_hotspots(("A", "Hanley", 0, 0, 50), ("B", "Hanley", 900, 0, 50),
                          ("C", "Leek", 1800, 0, 1),
                          class_=["former", "emerging", None])  # fmt: skip
    need = hs.patrol_demand(spots).need
    assert need["class_weight"].tolist() == [0.4, 1.2, 1.0]
    assert need.loc["B", "need"] == pytest.approx(3 * need.loc["A", "need"])
    assert need["tier"].tolist() == ["B", "A", "A"]  # above A stand 60 of 80; Leek has its own
    plain = hs.PatrolRules(class_weights={})
    assert hs.patrol_demand(spots, rules=plain).need["class_weight"].tolist() == [1, 1, 1]


def test_a_hotspot_of_one_premises_is_for_problem_solving_unless_points_are_snapped():
    rng = np.random.default_rng(1)
    spots = make_hotspots(("shop", "Hanley", 0, 0, 1), ("street", "Hanley", 900, 0, 1))
    x = np.concatenate([np.full(12, 4.0), np.arange(20, 100, 10), rng.uniform(810, 990, 20)])
    times = clocked(rng, 40, [19, 20])
    place = ["Corner Shop"] * 12 + ["High Street"] * 28
    exact = hs.patrol_demand(spots, make_incidents(x, 3.0, times, place=place))
    need = exact.need
    assert need["route"].tolist() == ["problem solving", "patrol"]
    assert need["worth"].tolist() == [0.0, need.loc["street", "need"]]
    assert need.loc["shop", ["largest_place", "largest_share"]].tolist() == ["Corner Shop", 0.6]
    assert "60% of the incidents are at Corner Shop" in exact.text
    month = times.to_period("M").to_timestamp()
    snapped = make_incidents(x, 3.0, month).assign(
        occurred_to=month + pd.offsets.MonthBegin(1), place=place
    )
    assert hs.patrol_demand(spots, snapped).need["route"].tolist() == ["patrol", "patrol"]


def test_police_records_shift_the_ranks_and_the_text_says_how_far():
    spots = make_hotspots(("A", "Hanley", 0, 0, 1), ("B", "Hanley", 900, 0, 1),
                          ("C", "Hanley", 1800, 0, 1))  # fmt: skip
    times = pd.DatetimeIndex(["2025-05-01 12:00"] * 60)
    x = np.repeat([0, 900, 1800, 1800], [20, 10, 5, 25])
    origin = ["public"] * 35 + ["police"] * 25
    demand = hs.patrol_demand(spots, make_incidents(x, 0, times, origin=origin))
    assert demand.sensitivity["rank_without"].tolist() == [1, 2, 3]
    assert demand.sensitivity["rank_with"].tolist() == [2, 3, 1]
    assert demand.sensitivity["need_with"].tolist() == pytest.approx([1 / 3, 1 / 6, 1 / 2])
    assert "1 of the 1 with most need would be another, and no rank moves by more than 2" in (
        demand.text
    )
    assert hs.patrol_demand(spots).sensitivity["rank_with"].isna().all()


# --- the hours -----------------------------------------------------------------------------------


def nightlife(seed=0, alike=False):
    """Make one busy hotspot with hours of its own, quiet ones with those of the LPT."""
    rng = np.random.default_rng(seed)
    spots = make_hotspots(*((f"H{n}", "Hanley", 1000 * n, 0, 1) for n in range(8)))
    parts = []
    for n in range(8):
        hours = [2, 3, 4] if n == 0 and not alike else [17, 18, 19, 20]
        size = 400 if n == 0 else 15
        parts.append(make_incidents(1000 * n, 0, clocked(rng, size, hours)))
    parts.append(make_incidents(50_000, 0, clocked(rng, 600, [17, 18, 19, 20])))
    incidents = pd.concat(parts, ignore_index=True)
    return spots, incidents.rename_axis("incident").assign(lpt="Hanley")


def test_a_busy_hotspot_keeps_its_own_hours_and_quiet_ones_borrow_those_of_the_lpt():
    spots, incidents = nightlife()
    demand = hs.patrol_demand(spots, incidents)
    assert demand.hours_known
    assert demand.why_flat == ""
    assert demand.intensity.mean(axis=1) == pytest.approx(np.ones(8))
    day = demand.intensity.reshape(8, 7, 24).sum(axis=1) / 168
    assert day[0, 1:6].sum() > 0.9
    assert (day[1:, [17, 18, 19, 20]].sum(axis=1) > 0.5).all()
    assert demand.peaks.loc["H0", "from"] == "own"
    assert demand.peaks.loc["H0", "peak"] in ("01:00 to 05:00", "02:00 to 06:00")
    assert (demand.peaks["low"] <= demand.peaks["share"]).all()
    assert (demand.peaks["share"] <= demand.peaks["high"]).all()
    hours = demand.hours
    assert (hours["low"] <= hours["intensity"]).all()
    assert (hours["intensity"] <= hours["high"]).all()
    assert hours.groupby("hotspot")["incidents"].sum().round(6).tolist() == [400] + [15] * 7


def test_the_hours_are_those_of_what_makes_the_need():
    """Thefts by day and fights at night: with harm the need is at night, by counts by day."""
    rng = np.random.default_rng(4)
    spots = make_hotspots(("A", "Hanley", 0, 0, 1), ("B", "Hanley", 2000, 0, 1))
    days, nights = clocked(rng, 600, [12, 13, 14]), clocked(rng, 150, [22, 23])
    incidents = make_incidents(
        np.concatenate([np.tile([0, 2000], 300), np.tile([0, 0, 2000], 50)]), 0,
        days.append(nights), harm=np.repeat([1.0, 300.0], [600, 150]), lpt="Hanley",
        category=np.repeat(["Shoplifting", "Violence"], [600, 150]),
    )  # fmt: skip
    led = hs.patrol_demand(spots, incidents)
    counted = hs.patrol_demand(spots, incidents.drop(columns="harm"))
    assert counted.peaks["start_hour"].between(11, 13).all()
    assert led.peaks.loc["A", "start_hour"] in (20, 21, 22)
    only = hs.patrol_demand(spots, incidents, rules=hs.PatrolRules(count_weight=1))
    assert only.intensity == pytest.approx(counted.intensity)


def test_where_hotspots_are_alike_their_own_hours_count_for_little():
    spots, incidents = nightlife(alike=True)
    demand = hs.patrol_demand(spots, incidents)
    assert demand.peaks["peak"].unique().tolist() == ["17:00 to 21:00"]
    quiet = demand.peaks.drop(index="H0")
    assert quiet["from"].unique().tolist() == ["LPT"]
    apart = np.abs(demand.intensity[1:] - demand.intensity[1:].mean(axis=0)).max()
    assert apart < 0.3 * demand.intensity.max()


def test_borrowed_hours_foretell_better_than_flat_ones_the_lpts_and_the_hotspots_own():
    """Known truth: clocks that differ from hotspot to hotspot about that of the LPT."""
    rng = np.random.default_rng(5)
    clock = np.array([3, 1, 1, .2, .2, .2, .2, 1, 1, 2, 2, 3, 3, 3, 4, 5, 7, 8, 10, 11, 11, 10, 8,
                      6])  # fmt: skip
    true = rng.dirichlet(30 * clock / clock.sum(), 30)
    true = 0.5 * true + 0.25 * (np.roll(true, 1, axis=1) + np.roll(true, -1, axis=1))
    spots = make_hotspots(*((f"H{n:02}", "Hanley", 1000 * n, 0, 1) for n in range(30)))
    parts = []
    for n in range(30):
        size = int(rng.integers(20, 200))
        hour = rng.choice(24, size, p=true[n])
        day = pd.Timestamp("2025-01-06") + pd.to_timedelta(rng.integers(0, 350, size), unit="D")
        minutes = hour * 60 + rng.integers(0, 60, size)
        times = pd.DatetimeIndex(day + pd.to_timedelta(minutes, unit="min"))
        parts.append(make_incidents(1000 * n, 0, times))
    incidents = pd.concat(parts, ignore_index=True).assign(lpt="Hanley")
    demand = hs.patrol_demand(spots, incidents.rename_axis("incident"))

    def divergence(share):
        return float((true * np.log(np.maximum(true, 1e-12) / share)).sum(axis=1).mean())

    found = demand.intensity.reshape(30, 7, 24).sum(axis=1) / 168
    own = demand.hours["incidents"].to_numpy().reshape(30, 7, 24).sum(axis=1) + 0.5
    assert divergence(found) < divergence(own / own.sum(axis=1, keepdims=True))
    assert divergence(found) < divergence(np.tile(true.mean(axis=0), (30, 1)))
    assert divergence(found) < divergence(np.full((30, 24), 1 / 24))
    # the interval of a peak holds its true share about as often as it says
    peaks = demand.peaks[demand.peaks["from"] != "none"]
    window = peaks["start_hour"].to_numpy(dtype=int)[:, None] + np.arange(4)
    rows = demand.need.index.get_indexer(peaks.index)[:, None]
    truth = true[rows, window % 24].sum(axis=1)
    held = (peaks["low"] <= truth) & (truth <= peaks["high"])
    assert len(peaks) > 20
    assert held.mean() > 0.8


def test_hours_that_are_all_alike_are_called_unknown():
    rng = np.random.default_rng(0)
    spots = make_hotspots(("A", "Hanley", 0, 0, 1), ("B", "Hanley", 900, 0, 1))
    x = np.repeat([0, 900], 300)
    demand = hs.patrol_demand(spots, make_incidents(x, 0, clocked(rng, 600, np.arange(24))))
    assert not demand.hours_known
    assert "no hour holds more than another beyond chance" in demand.text


def test_spans_over_night_put_the_need_in_the_night():
    rng = np.random.default_rng(0)
    spots = make_hotspots(("A", "Hanley", 0, 0, 1))
    start = clocked(rng, 300, [19, 20, 21])
    overnight = make_incidents(0, 0, start).assign(occurred_to=start + pd.Timedelta("10h"))
    peak = hs.patrol_demand(spots, overnight).peaks.loc["A"]
    assert peak["start_hour"] in (22, 23, 0, 1, 2)


@pytest.mark.parametrize(
    ("times", "reason"),
    [
        ("month", "only 0% are known"),
        ("date", "dates alone tell no hour"),
        ("few", "12 incidents in"),
        ("none", "no incidents were given"),
    ],
)
def test_records_that_know_no_hour_leave_the_need_flat_and_say_why(times, reason):
    rng = np.random.default_rng(0)
    spots = make_hotspots(("A", "Hanley", 0, 0, 5))
    at = clocked(rng, 12 if times == "few" else 200, [20])
    incidents = make_incidents(0, 0, at)
    if times == "month":
        first = at.to_period("M").to_timestamp()
        incidents = incidents.assign(occurred_from=first,
                                     occurred_to=first + pd.offsets.MonthBegin(1))  # fmt: skip
    if times == "date":
        incidents = incidents.assign(occurred_from=at.normalize(),
                                     occurred_to=at.normalize() + pd.Timedelta("1D"))  # fmt: skip
    demand = hs.patrol_demand(spots, incidents.iloc[:0] if times == "none" else incidents)
    assert not demand.hours_known
    assert reason in demand.why_flat
    assert (demand.intensity == 1).all()
    assert demand.why_flat in demand.text
    assert demand.peaks["from"].tolist() == ["none"]
    assert demand.levels.empty


def test_what_comes_on_or_after_the_day_is_left_out():
    spots, incidents = nightlife()
    before = incidents[incidents["occurred_from"] < "2025-07-01"]
    early = hs.patrol_demand(spots, before, on="2025-07-01")
    cut = hs.patrol_demand(spots, incidents, on="2025-07-01")
    pd.testing.assert_frame_equal(early.need, cut.need)
    pd.testing.assert_frame_equal(early.hours, cut.hours)
    assert f"{len(incidents) - len(before):,} from that day on left out" in cut.text


def test_the_order_of_rows_changes_nothing_and_inputs_are_left_alone():
    spots, incidents = nightlife()
    kept = spots.copy(), incidents.copy()
    one = hs.patrol_demand(spots, incidents)
    pd.testing.assert_frame_equal(spots, kept[0])
    pd.testing.assert_frame_equal(incidents, kept[1])
    shuffled = incidents.sample(frac=1, random_state=1)
    other = hs.patrol_demand(spots.iloc[::-1], shuffled)
    pd.testing.assert_frame_equal(one.need, other.need.loc[one.need.index])
    pd.testing.assert_frame_equal(one.peaks, other.peaks.loc[one.peaks.index])


def test_the_lpt_of_incidents_without_one_is_found_by_the_polygons():
    rng = np.random.default_rng(2)
    spots = make_hotspots(("A", "Hanley", 1000, 1000, 1), ("B", "Leek", 21_000, 1000, 1))
    lpts = gpd.GeoDataFrame(
        {"area_km2": 361.0}, geometry=shapely.box([0, 20_000], 0, [19_000, 39_000], 19_000),
        index=pd.Index(["Hanley", "Leek"], name="lpt"), crs=CRS)  # fmt: skip
    x = np.repeat([9000, 29_000], 400)
    times = clocked(rng, 400, [9, 10]).append(clocked(rng, 400, [21, 22]))
    incidents = make_incidents(x, 9000, times)
    peaks = hs.patrol_demand(spots, incidents, lpts=lpts).peaks
    assert abs(peaks.loc["A", "start_hour"] - 8.5) <= 1.5
    assert abs(peaks.loc["B", "start_hour"] - 20.5) <= 1.5


# --- priorities ----------------------------------------------------------------------------------


def make_priorities(*rows):
    """Make priorities from dicts, with what is the same for all filled in."""
    usual = {"theme": "Bikes", "source": "PACT meeting", "date": pd.Timestamp("2025-12-20"),
             "weight": 1.0, "author": "beat manager"}  # fmt: skip
    return pd.DataFrame([usual | row for row in rows])


def test_a_priority_of_weight_one_counts_as_an_average_hotspot_within_its_share():
    spots = make_hotspots(*((f"H{n}", "Hanley", 1000 * n, 0, 10) for n in range(10)))
    one = hs.patrol_demand(spots, priorities=make_priorities({"hotspot": "H9"}))
    # ten hotspots of 1 and one more for H9: two of eleven
    assert one.need.loc["H9", "need"] == pytest.approx(2 / 11)
    assert one.need["priority_points"].sum() == pytest.approx(1 / 11)
    assert one.priorities.loc[0, ["hotspots", "status"]].tolist() == ["H9", "applied"]
    half = make_priorities({"hotspot": "H9", "weight": 0.5})
    assert hs.patrol_demand(spots, priorities=half).need["priority_points"].sum() == pytest.approx(
        0.5 / 10.5
    )
    many = make_priorities(*({"hotspot": "H9"} for _ in range(6)))
    capped = hs.patrol_demand(spots, priorities=many)
    assert capped.need["priority_points"].sum() == pytest.approx(0.2)  # the rule's share
    assert capped.priorities["points"].tolist() == pytest.approx([0.2 / 6] * 6)
    assert capped.priorities["status"].tolist() == ["capped"] * 6
    none = hs.patrol_demand(spots, priorities=many, rules=hs.PatrolRules(priority_share=0))
    assert none.need["priority_points"].sum() == 0


def test_a_loud_lpt_takes_nothing_from_the_evidence_of_another_beyond_its_own_share():
    spots = make_hotspots(("A", "Hanley", 0, 0, 90), ("B", "Leek", 9000, 0, 10))
    loud = make_priorities(*({"lpt": "Leek"} for _ in range(20)))
    need = hs.patrol_demand(spots, priorities=loud).need
    assert need.loc["B", "priority_points"] / need.loc["B", "need"] == pytest.approx(0.2)


def test_priorities_move_no_hotspot_out_of_tier_a():
    spots = make_hotspots(*((f"H{n}", "Hanley", 1000 * n, 0, 10 - n) for n in range(8)))
    some = make_priorities(*({"hotspot": f"H{n}"} for n in (5, 6, 7)))
    plain, with_them = hs.patrol_demand(spots), hs.patrol_demand(spots, priorities=some)
    led = plain.need.index[plain.need["tier"] == "A"]
    assert (with_them.need.loc[led, "tier"] == "A").all()
    assert with_them.need["evidence_tier"].tolist() == plain.need["tier"].tolist()
    assert "they make up 20% of the need and move no hotspot out of tier A" in with_them.text


def test_priorities_find_their_hotspots_by_id_street_lpt_and_circle_and_expire():
    spots = make_hotspots(("A", "Hanley", 0, 0, 10), ("B", "Hanley", 900, 0, 10),
                          ("C", "Leek", 9000, 0, 10),
                          name=["Mill Lane", None, "Bus Station"])  # fmt: skip
    rows = make_priorities(
        {"hotspot": "B"}, {"place": "on or near MILL  lane"}, {"lpt": "Leek"},
        {"easting": 1100.0, "northing": 0.0, "radius_m": 150.0},
        {"easting": 1100.0, "northing": 0.0, "radius_m": 50.0},
        {"place": "Nowhere"},
        {"hotspot": "A", "date": pd.Timestamp("2025-01-01")},
        {"hotspot": "A", "date": pd.Timestamp("2025-01-01"), "expiry": pd.Timestamp("2026-01-01")},
        {"hotspot": "A", "date": pd.Timestamp("2025-01-01"), "expiry": pd.Timestamp("2025-12-31")},
        {"hotspot": "A", "date": pd.Timestamp("2026-02-01")},
    )  # fmt: skip
    told = hs.patrol_demand(spots, priorities=rows, on="2026-01-01",
                            rules=hs.PatrolRules(priority_share=0.5)).priorities  # fmt: skip
    assert told["hotspots"].tolist() == ["B", "A", "C", "B", "", "", "", "A", "", ""]
    assert (told["points"] > 0).tolist() == [True] * 4 + [False] * 3 + [True] + [False] * 2
    assert told["status"].iloc[[4, 5, 6, 8, 9]].tolist() == [
        "no hotspot there", "no hotspot there", "expired", "expired", "not yet"
    ]  # fmt: skip


def test_streets_of_incidents_find_the_hotspot_too():
    spots = make_hotspots(("A", "Hanley", 0, 0, 10), ("B", "Hanley", 900, 0, 10))
    times = pd.DatetimeIndex(["2025-05-01 12:00"] * 3)
    incidents = make_incidents([0, 0, 900], 0, times, place=["On or near Mill Lane", "X", "Y"])
    told = hs.patrol_demand(spots, incidents, priorities=make_priorities({"place": "Mill Lane"}),
                            on="2026-01-01")  # fmt: skip
    assert told.priorities["hotspots"].tolist() == ["A"]


def test_priorities_are_read_from_toml_and_csv_with_every_fault_named(tmp_path):
    good = tmp_path / "priorities.toml"
    good.write_text(
        '[[priority]]\ntheme = "Bikes"\nsource = "PACT"\ndate = 2026-02-10\nweight = 0.5\n'
        'author = "beat manager"\neasting = 1\nnorthing = 2\nradius_m = 300\n', encoding="utf-8",
    )  # fmt: skip
    frame = hs.read_priorities(good)
    assert frame["expiry"].tolist() == [pd.Timestamp("2026-05-11")]
    assert frame["radius_m"].tolist() == [300.0]
    bad = tmp_path / "priorities.csv"
    bad.write_text(
        "theme,source,date,expiry,weight,author,place,lpt,easting\n"
        "Bikes,PACT,10/02/2026,,0.5,beat manager,Mill Lane,,\n"
        "Noise,PACT,2026-02-10,2026-01-01,3,beat manager,Mill Lane,Hanley,\n"
        "Litter,PACT,2026-02-10,,1,,,,100\n"
        "Fights,PACT,2026-02-10,,1,beat manager,,,\n", encoding="utf-8",
    )  # fmt: skip
    with pytest.raises(hs.InputError) as caught:
        hs.read_priorities(bad)
    said = str(caught.value)
    assert "date is '10/02/2026'" in said
    assert "weight is 3; it must be 0 to 1" in said
    assert "expiry 2026-01-01 is before its date" in said
    assert "about place and lpt at once" in said
    assert "author is blank" in said
    assert "northing, radius_m is missing" in said
    assert "row 4 (Fights): it is about no place" in said
    assert len(caught.value.faults) == 7


# --- what is refused, and edges ------------------------------------------------------------------


def test_every_fault_of_every_table_is_named_at_once():
    spots = make_hotspots(("A", "Hanley", 0, 0, -5))
    incidents = make_incidents(0, 0, pd.DatetimeIndex(["2025-05-01"]))
    incidents = incidents.set_crs("EPSG:3857", allow_override=True)
    with pytest.raises(hs.InputError) as caught:
        hs.patrol_demand(spots, incidents.assign(harm=np.nan), lpts=3,
                         priorities=make_priorities({"weight": 2.0}), rules="all", on="02/03/2026",
                         include_police="no")  # fmt: skip
    said = str(caught.value)
    for told in ("incidents of 'A' is -5", "harm is missing, negative or no number in 1 rows",
                 "lpts: it is of type int", "weight is 2", "rules is of type str",
                 "on is '02/03/2026'", "include_police is 'no'"):  # fmt: skip
        assert told in said
    with pytest.raises(hs.InputError, match="differ in CRS"):
        hs.patrol_demand(make_hotspots(("A", "Hanley", 0, 0, 5)), incidents)
    with pytest.raises(hs.InputError, match="type str"):
        hs.patrol_demand("hotspots.gpkg")
    numbered = make_hotspots((1, "Hanley", 0, 0, 5))
    with pytest.raises(hs.InputError, match="ids are int64"):
        hs.patrol_demand(numbered)


def test_no_hotspots_and_one_and_no_points_are_answered():
    spots = make_hotspots(("A", "Hanley", 0, 0, 5))
    none = hs.patrol_demand(spots.iloc[:0])
    assert len(none.need) == 0
    assert none.intensity.shape == (0, 168)
    assert "No hotspots were given" in none.text
    times = pd.DatetimeIndex(["2025-05-01 12:00"] * 2)
    incidents = make_incidents(0, 0, times)
    assert len(hs.patrol_demand(spots.iloc[:0], incidents).hours) == 0
    nowhere = incidents.set_geometry([shapely.Point(), None], crs=CRS)
    one = hs.patrol_demand(spots, nowhere)
    assert one.need["incidents"].tolist() == [0]
    assert "they hold no incidents" in one.text
    assert one.need["need"].tolist() == [0.0]
    assert one.need["worth"].tolist() == [0.0]


def test_all_incidents_police_generated_leave_hours_unknown():
    spots = make_hotspots(("A", "Hanley", 0, 0, 5))
    incidents = make_incidents(0, 0, pd.DatetimeIndex(["2025-05-01 12:00"] * 40), origin="police")
    demand = hs.patrol_demand(spots, incidents)
    assert demand.why_flat == "every incident given is police-generated"
    assert demand.need["incidents"].tolist() == [0]


def test_the_synthetic_county_gives_back_its_planted_clocks(county):
    grid = hs.Grid.over(county.lpts, size=200)
    kept = county.incidents.query("origin != 'police' and occurred_from >= '2025-01-01'")
    spots = hs.Counts().fit(kept).hotspots(grid, top_k=20)
    demand = hs.patrol_demand(spots, kept)
    evening = demand.need["category"] == "Anti-social behaviour"
    day = demand.need["category"] == "Shoplifting"
    assert demand.peaks.loc[evening, "start_hour"].between(17, 20).all()
    assert demand.peaks.loc[day, "start_hour"].between(11, 15).all()
    # the clock of a category is the same everywhere: hotspots have none of their own
    own = demand.levels.set_index(["level", "part"])["strength"]
    assert own["hotspot", "clock"] >= 1000
    assert demand.levels["gain_over_flat"].iloc[-1] > 0.1


def test_a_step_moves_the_clock_by_the_formula_and_keeps_the_rest():
    rng = np.random.default_rng(0)
    prior = rng.dirichlet(np.full(168, 5.0))[None, None]
    own = rng.poisson(3.0, (1, 1, 168)).astype(float)
    found = _drawn(own, prior, 50.0, "clock")[0, 0].reshape(7, 24)
    before, counts = prior[0, 0].reshape(7, 24), own[0, 0].reshape(7, 24)
    clock = (counts.sum(axis=0) + 50 * before.sum(axis=0)) / (counts.sum() + 50)
    assert found.sum(axis=0) == pytest.approx(clock)
    assert found / found.sum(axis=0) == pytest.approx(before / before.sum(axis=0))
    days = _drawn(own, prior, 50.0, "days")[0, 0].reshape(7, 24).sum(axis=1)
    assert days == pytest.approx(
        (counts.sum(axis=1) + 50 * before.sum(axis=1)) / (counts.sum() + 50)
    )
    hours = _drawn(own, prior, 50.0, "hours")[0, 0]
    assert hours == pytest.approx((own[0, 0] + 50 * prior[0, 0]) / (own.sum() + 50))
    assert (_drawn(own, prior, np.inf, "clock") == prior).all()


def test_the_strength_is_the_one_that_foretells_best_by_a_plain_search():
    rng = np.random.default_rng(3)
    clock = rng.dirichlet(np.full(24, 4.0), 6)
    test = rng.multinomial(40, np.repeat(clock[:, None] / 7, 7, axis=1).reshape(6, 168),
                           (5, 6)).astype(float)  # fmt: skip
    train = test.sum(axis=0) - test
    prior = np.full((5, 1, 168), 1 / 168)
    strength, found = _strengthen(train, prior, test, "clock")

    def score(s):
        total = 0.0
        for fold in range(5):
            for spot in range(6):
                n = train[fold, spot].reshape(7, 24).sum(axis=0)
                day = (n + s / 24) / (n.sum() + s)
                total += (test[fold, spot].reshape(7, 24) * np.log(day / 7)).sum()
        return total

    tried = [s for s in STRENGTHS if np.isfinite(s)]
    assert strength == tried[int(np.argmax([score(s) for s in tried]))]
    assert (test * np.log(found)).sum() == pytest.approx(score(strength))


@given(
    st.lists(st.integers(0, 60), min_size=1, max_size=8),
    st.lists(st.tuples(st.integers(0, 7), st.floats(0, 1)), min_size=1, max_size=12),
    st.floats(0, 0.5),
)
@settings(max_examples=15)
def test_points_never_pass_their_share_whatever_is_asked(counts, asked, share):
    spots = make_hotspots(*((f"H{n}", f"L{n % 2}", 1000 * n, 0, c) for n, c in enumerate(counts)))
    rows = make_priorities(*({"hotspot": f"H{n}", "weight": w} for n, w in asked))
    demand = hs.patrol_demand(spots, priorities=rows, on="2026-01-01",
                              rules=hs.PatrolRules(priority_share=share))  # fmt: skip
    need = demand.need
    assert (need["priority_points"] >= 0).all()
    assert demand.priorities["points"].sum() == pytest.approx(need["priority_points"].sum())
    if sum(counts):
        assert need["need"].sum() == pytest.approx(1)
        assert need["priority_points"].sum() <= share + 1e-9
        by_lpt = need.groupby("lpt")[["priority_points", "need", "evidence_need"]].sum()
        led = by_lpt[by_lpt["evidence_need"] > 0]
        assert (led["priority_points"] <= share * led["need"] + 1e-9).all()
    led_first = need["evidence_tier"] == "A"
    assert (need.loc[led_first, "tier"] == "A").all()


@pytest.mark.realdata
def test_real_records_of_a_force_are_flat_and_say_so(shared):
    lpts = hs.read_lpts(shared / "data" / "boundaries" / "staffordshire_lpts.gpkg")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", hs.Notice)
        loaded = hs.read_incidents(
            shared / "data" / "police_uk" / "staffordshire-2024-2025.zip", lpts=lpts
        )
        incidents = loaded.incidents
        spots = hs.Counts().fit(incidents).hotspots(hs.Grid.over(lpts, size=200), top_k=30)
    demand = hs.patrol_demand(spots, incidents, lpts=lpts)
    assert not demand.hours_known
    assert "only 0% are known to the day" in demand.why_flat
    assert demand.on == pd.Timestamp("2026-01-01")
    assert demand.need["route"].unique().tolist() == ["patrol"]  # points are snapped
