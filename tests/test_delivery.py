"""Delivery against the plan: known truth, clock changes, errors of position, privacy, messages."""

from dataclasses import dataclass, fields
from itertools import product

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import rotate

import hotspots as hs
from hotspots.contracts import Result
from hotspots.patrols._matching import covering, fresh_ms, seen_ms, unseen_ms
from hotspots.patrols._matching import match as pair
from hotspots.patrols._presence import local, locate, utc
from hotspots.patrols.delivery import Delivery, DeliveryRules, match_delivery

MONDAY = pd.Timestamp("2026-03-02")
MINUTE = pd.Timedelta(minutes=1)
CRS = "EPSG:27700"


@dataclass(frozen=True, repr=False)
class Plan(Result):
    """A plan by its tables alone, as match_delivery promises to take it."""

    visits: pd.DataFrame
    coverage: pd.DataFrame
    budget: pd.DataFrame
    teams: pd.DataFrame

    @property
    def text(self):
        return "a plan made by hand"


def squares(**corners):
    """Make hotspots of 200 m by the easting and northing of their corner."""
    n = len(corners)
    return gpd.GeoDataFrame(
        {
            "rank": range(1, n + 1), "heat": 1.0, "incidents": 30, "area_km2": 0.04,
            "lpt": "Hanley", "method": "drawn by hand",
            "period_start": pd.Timestamp("2025-01-01"), "period_end": pd.Timestamp("2026-01-01"),
            "name": [f"{name} Street" for name in corners],
        },
        geometry=[shapely.box(x, y, x + 200, y + 200) for x, y in corners.values()],
        index=pd.Index(list(corners), name="hotspot"), crs=CRS,
    )  # fmt: skip


SPOTS = squares(A=(1000, 1000), B=(3000, 1000))


def at(clock, day=MONDAY):
    """Return a moment from '14:05', or '26:10' for the small hours after."""
    hours, minutes = map(int, clock.split(":"))
    return day + pd.Timedelta(hours=hours, minutes=minutes)


def make_plan(*visits, spots=SPOTS, units=None, shifts=None, days=1, first=MONDAY):
    """Plan visits by hand: (unit, hotspot, 'HH:MM', day number), 15 minutes each."""
    units = units or {"P1": ("Hanley", "late", "pcso", 2), "C1": ("Hanley", "late", "constable", 1)}
    shifts = shifts or {"late": ("14:00", "22:00")}
    rows = []
    for n, (unit, hotspot, clock, *more) in enumerate(visits):
        day = first + pd.Timedelta(days=more[0] if more else 0)
        lpt, shift, *_ = units[unit]
        rows.append((f"v{n}", hotspot, lpt, unit, shift, at(clock, day),
                     at(clock, day) + 15 * MINUTE, day))  # fmt: skip
    names = ["visit", "hotspot", "lpt", "unit", "shift", "arrive", "depart", "date"]
    kinds = dict.fromkeys(["arrive", "depart", "date"], "datetime64[s]")
    table = pd.DataFrame(rows, columns=names).astype(kinds).set_index("visit")
    teams = pd.DataFrame(
        [(u, lpt, s, kind, n, kind != "response") for u, (lpt, s, kind, n) in units.items()],
        columns=["unit", "lpt", "shift", "kind", "officers", "planned"],
    ).set_index("unit")
    budget = []
    for (lpt, shift), team in teams.groupby(["lpt", "shift"]):
        for n in range(days):
            day = first + pd.Timedelta(days=n)
            begin, end = (at(clock, day) for clock in shifts[shift])
            budget.append((day, lpt, shift, begin, end, len(team), int(team["officers"].sum())))
    budget = pd.DataFrame(
        budget, columns=["date", "lpt", "shift", "start", "end", "units", "officers"]
    ).astype(dict.fromkeys(["date", "start", "end"], "datetime64[s]"))
    coverage = spots[["lpt", "name"]].astype("str")
    return Plan(table, pd.DataFrame(coverage), budget, teams)


def track(unit, *legs, every=60, day=MONDAY):
    """Pings of one unit: ('14:00', '14:20', (x, y)) stays still; a fourth value walks there."""
    parts = []
    for start, end, place, *to in legs:
        times = pd.date_range(at(start, day), at(end, day), freq=f"{every}s", inclusive="left")
        share = np.linspace(0, 1, len(times), endpoint=False)[:, None]
        xy = np.asarray(place, float) + share * (np.asarray(to[0] if to else place) - place)
        parts.append(pd.DataFrame({"unit": unit, "time": times, "easting": xy[:, 0],
                                   "northing": xy[:, 1]}))  # fmt: skip
    return pd.concat(parts, ignore_index=True)


IN_A, IN_B, AWAY = (1100.0, 1100.0), (3100.0, 1100.0), (2000.0, 1100.0)


def log_of(*rows, day=MONDAY, **more):
    """Entries of a log: (unit, hotspot, 'HH:MM', 'HH:MM')."""
    frame = pd.DataFrame(rows, columns=["unit", "hotspot", "arrive", "depart"])
    frame["arrive"] = [at(clock, day) for clock in frame["arrive"]]
    frame["depart"] = [at(clock, day) for clock in frame["depart"]]
    return frame.assign(**more)


def on_day(delivery, hotspot="A", day=MONDAY):
    rows = delivery.dosage.set_index(["hotspot", "date"])
    return rows.loc[(hotspot, day)]


def whole_shift(unit, *stays, start="14:00", end="22:00", every=60, away=AWAY, day=MONDAY):
    """Pings of a unit through its shift: at each (from, to, place), else away."""
    legs, now = [], start
    for begin, until, place in stays:
        legs += [(now, begin, away), (begin, until, place)]
        now = until
    return track(unit, *legs, (now, end, away), every=every, day=day)


def match(plan, records, hotspots=SPOTS, **rules):
    """Match, and prove what holds for every delivery: rows add up, and nobody is watched."""
    given = {"rules": DeliveryRules(**rules)} if rules else {}
    pinged = "time" in records.columns
    delivery = match_delivery(plan, records, hotspots=hotspots if pinged else None, **given)
    return check(delivery, plan, records)


def check(delivery, plan, records):
    """Check what every delivery owes, from its tables alone."""
    quality = delivery.quality.groupby("records")["rows"].sum()
    assert quality["pings" if "time" in records.columns else "log"] == len(records)
    tables = delivery.tables
    assert [name for name, table in tables.items() if "unit" in table.columns] == ["visits"]
    pd.testing.assert_series_equal(tables["visits"]["unit"], plan.visits["unit"])
    statuses = delivery.visits["status"].value_counts()
    shifts, dosage = delivery.shifts, delivery.dosage
    kinds = ["met", "other unit", "early", "late", "short", "missed", "unknown"]
    assert shifts[[k.replace(" ", "_") for k in kinds]].sum().tolist() == [
        statuses.get(kind, 0) for kind in kinds
    ]
    assert shifts["planned_visits"].sum() == dosage["planned_visits"].sum() == len(plan.visits)
    assert shifts["visits"].sum() == dosage["visits"].sum() == delivery.hours["visits"].sum()
    assert shifts["minutes"].sum() == pytest.approx(dosage["minutes"].sum())
    assert shifts["officer_hours"].sum() == pytest.approx(delivery.hours["officer_hours"].sum())
    assert (dosage["minutes"].fillna(0) <= dosage["officer_minutes"].fillna(0) + 1e-6).all()
    assert len(dosage) == dosage["hotspot"].nunique() * dosage["date"].nunique()
    assert "nan" not in delivery.text
    behind = delivery.hotspots.eval("minutes_per_day < 0.8 * planned_per_day").any()
    assert ("Furthest behind" in delivery.text) == behind
    return delivery


# --- what became of the planned visits ------------------------------------------------------------


def test_each_planned_visit_is_told_as_it_went():
    units = {"P1": ("Hanley", "late", "pcso", 2), "C1": ("Hanley", "late", "constable", 1),
             "C2": ("Hanley", "late", "constable", 1)}  # fmt: skip
    plan = make_plan(("P1", "A", "15:00"), ("P1", "B", "16:00"), ("C1", "A", "18:00"),
                     ("C1", "B", "20:00"), ("C2", "A", "20:30"), ("C2", "B", "18:30"),
                     units=units)  # fmt: skip
    pings = pd.concat([
        whole_shift("P1", ("15:02", "15:17", IN_A), ("16:50", "17:02", IN_B)),
        whole_shift("C1", ("18:00", "18:05", IN_A)),
        whole_shift("C2", ("20:05", "20:20", IN_B), ("20:40", "20:52", IN_A)),
    ])  # fmt: skip
    delivery = match(plan, pings)
    # C1's visit to B was made by C2, whose own came 95 minutes late, so that one is missed
    assert delivery.visits["status"].tolist() == [
        "met", "late", "short", "other unit", "met", "missed",
    ]  # fmt: skip
    assert delivery.visits["minutes"].tolist() == [15, 12, 5, 15, 12, 0]
    assert delivery.visits["late_min"].tolist()[:5] == [2, 50, 0, 5, 10]
    assert delivery.visits["arrived"].iloc[0] == at("15:02")  # half-way, rounded
    assert "3 of 6 planned visits whose outcome is known were made in time, 1 of them" in str(
        delivery
    )
    assert "%" not in str(delivery).splitlines()[0]  # six visits are too few for per cent


def test_a_unit_that_comes_before_the_window_is_early():
    plan = make_plan(("P1", "A", "18:00"))
    delivery = match(plan, whole_shift("P1", ("15:00", "15:15", IN_A)))
    assert delivery.visits[["status", "late_min", "minutes"]].values.tolist() == [
        ["early", -180, 15]
    ]
    # within the tolerance the same stay is the visit
    wide = match(plan, whole_shift("P1", ("15:00", "15:15", IN_A)), tolerance_min=200)
    assert wide.visits["status"].tolist() == ["met"]


def test_the_window_and_the_least_minutes_are_what_the_rules_say():
    # the window runs from 17:30 to 18:45; log entries are exact
    cases = [
        ("17:30", 10, "met"), ("17:20", 15, "early"), ("17:24", 16, "met"), ("18:35", 10, "met"),
        ("18:36", 11, "late"), ("18:00", 10, "met"), ("18:00", 9, "short"), ("18:43", 8, "missed"),
    ]  # fmt: skip
    plan = make_plan(*(("P1", "A", "18:00", n) for n in range(8)), days=8)
    begin = [at(clock, MONDAY + pd.Timedelta(days=n)) for n, (clock, *_) in enumerate(cases)]
    until = [start + minutes * MINUTE for start, (_, minutes, _) in zip(begin, cases, strict=True)]
    log = pd.DataFrame({"unit": "P1", "hotspot": "A", "arrive": begin, "depart": until})
    assert match(plan, log).visits["status"].tolist() == [status for *_, status in cases]


def test_one_stay_is_one_visit_unless_it_lasts_for_two():
    plan = make_plan(("P1", "A", "15:00"), ("P1", "A", "15:40"))
    once = match(plan, log_of(("P1", "A", "15:10", "15:25")))
    assert sorted(once.visits["status"]) == ["met", "missed"]
    twice = match(plan, log_of(("P1", "A", "15:05", "15:50")))
    assert twice.visits["status"].tolist() == ["met", "met"]
    assert twice.dosage["visits"].sum() == 1  # one stay all the same
    assert twice.dosage["minutes"].sum() == 45


def test_as_many_visits_as_possible_are_met():
    # the stay at 15:20 fits both windows, that at 14:40 only the first: greedy by time would lose
    plan = make_plan(("P1", "A", "15:00"), ("P1", "A", "15:45"))
    log = log_of(("P1", "A", "15:16", "15:30"), ("P1", "A", "14:36", "14:50"))
    assert match(plan, log).visits["status"].tolist() == ["met", "met"]


def test_silence_is_unknown_and_never_missed():
    plan = make_plan(("P1", "A", "15:00"), ("C1", "A", "18:00"), ("P1", "B", "20:00"))
    pings = whole_shift("P1", end="19:00")
    delivery = match(plan, pings)
    assert delivery.visits["status"].tolist() == ["missed", "unknown", "unknown"]
    assert delivery.visits["minutes"].isna().tolist() == [False, True, True]
    assert "Of 2 more it is not known" in delivery.text
    assert "1 of 2 planned units sent nothing (Hanley 1)" in delivery.text
    assert delivery.shifts["compliance"].tolist() == [0.0]
    # what could have been made unseen: under 10 minutes is no visit
    gap = pd.concat([whole_shift("P1", end="14:56"), whole_shift("P1", start="15:04")])
    assert match(plan, gap).visits["status"].iloc[0] == "missed"
    gap = pd.concat([whole_shift("P1", end="14:56"), whole_shift("P1", start="15:05")])
    assert match(plan, gap).visits["status"].iloc[0] == "unknown"


def test_a_short_stay_before_a_silence_is_unknown_too():
    plan = make_plan(("P1", "A", "15:00"))
    pings = whole_shift("P1", ("15:00", "15:06", IN_A))
    assert match(plan, pings).visits["status"].tolist() == ["short"]
    clock = pings["time"] - MONDAY
    silent = pings[(clock < pd.Timedelta("15:06:00")) | (clock > pd.Timedelta("15:30:00"))]
    delivery = match(plan, silent)
    assert delivery.visits["status"].tolist() == ["unknown"]
    assert delivery.visits["minutes"].tolist() == [pytest.approx(5.5)]  # seen, at least


def test_going_home_within_the_last_window_is_no_silence():
    plan = make_plan(("P1", "A", "21:40"))
    assert match(plan, whole_shift("P1")).visits["status"].tolist() == ["missed"]


def test_days_without_any_records_are_missing_not_zero():
    plan = make_plan(("P1", "A", "15:00"), ("P1", "A", "15:00", 1), days=3)
    delivery = match(plan, whole_shift("P1", ("15:00", "15:15", IN_A)))
    minutes = delivery.dosage.pivot_table("minutes", "hotspot", "date", dropna=False)
    assert minutes.loc["A"].tolist()[0] == 15
    assert minutes.loc["B"].tolist()[0] == 0  # the unit was seen, and was not there
    assert minutes.iloc[:, 1:].isna().all().all()
    assert delivery.hotspots.loc["A", ["days_known", "minutes_per_day"]].tolist() == [1, 15]
    assert delivery.shifts["officer_hours"].isna().tolist() == [False, True, True]
    assert "over the 2 of 6 hotspot-days with records" in delivery.text


def test_units_that_log_nothing_in_a_shift_are_unknown_in_it():
    plan = make_plan(("P1", "A", "15:00"), ("P1", "B", "16:00"), ("C1", "B", "18:00"))
    delivery = match(plan, log_of(("P1", "A", "15:00", "15:15")))
    assert delivery.visits["status"].tolist() == ["met", "missed", "unknown"]
    assert delivery.dosage["records_share"].tolist() == [0.5, 0.5]
    assert "logged nothing in that shift" in delivery.text


# --- minutes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("every", [5, 60, 90])
def test_minutes_are_right_on_average_however_often_pings_come(every):
    rng = np.random.default_rng(every)
    days = 20 if every < 20 else 60
    plan = make_plan(*(("P1", "A", "15:00", n) for n in range(days)), days=days)
    length = rng.uniform(600, 1200, days)
    parts = []
    for n in range(days):
        begin = rng.uniform(1500, 4000)
        clock = np.arange(0, 2 * 3600, every) + rng.uniform(0, every)
        inside = (clock >= begin) & (clock < begin + length[n])
        parts.append(pd.DataFrame({
            "unit": "P1", "time": at("14:00", MONDAY + pd.Timedelta(days=n))
            + pd.to_timedelta(clock.round(3), unit="s"),
            "easting": np.where(inside, IN_A[0], AWAY[0]), "northing": 1100.0,
        }))  # fmt: skip
    found = match(plan, pd.concat(parts)).dosage.query("hotspot == 'A'")["minutes"]
    off = found.to_numpy() - length / 60
    # a stay of n whole intervals is seen as n or n + 1 of them, uniformly
    assert np.abs(off).max() <= every / 60 + 1e-4
    assert np.mean(off) == pytest.approx(0, abs=4 * every / 60 / np.sqrt(6 * days))


def test_patrol_minutes_count_once_and_officer_minutes_for_each():
    plan = make_plan(("P1", "A", "15:00"), ("C1", "A", "15:00"))
    log = log_of(("P1", "A", "15:00", "15:20"), ("C1", "A", "15:10", "15:30"))
    delivery = match(plan, log)
    day = on_day(delivery)
    assert day["visits"] == 2
    assert day["minutes"] == 30  # 15:00 to 15:30
    assert day["officer_minutes"] == 2 * 20 + 1 * 20
    assert delivery.shifts["officer_hours"].tolist() == [1.0]
    assert delivery.hours.set_index("kind")["officer_hours"].to_dict() == {
        "constable": pytest.approx(1 / 3), "pcso": pytest.approx(2 / 3),
    }  # fmt: skip


def test_officers_of_the_log_go_before_those_of_the_plan():
    plan = make_plan(("P1", "A", "15:00"))
    log = log_of(("P1", "A", "15:00", "15:20"), officers=1)
    assert on_day(match(plan, log))["officer_minutes"] == 20
    log["officers"] = [np.nan]
    assert on_day(match(plan, log))["officer_minutes"] == 40


def test_time_in_two_hotspots_at_once_is_in_both_and_counts_once_in_all():
    both = squares(A=(1000, 1000), B=(1100, 1000))  # they share 100 m
    plan = make_plan(("P1", "A", "15:00"), spots=both)
    pings = whole_shift("P1", ("15:00", "15:20", (1150.0, 1100.0)), away=(2000.0, 1100.0))
    delivery = match(plan, pings, both)
    assert delivery.dosage["minutes"].tolist() == [20, 20]
    assert delivery.shifts["officer_hours"].tolist() == [pytest.approx(2 * 20 / 60)]
    assert delivery.dosage["unplanned_visits"].tolist() == [0, 1]


def test_passing_through_is_no_visit_and_told_apart():
    plan = make_plan(("P1", "A", "15:00"))
    drive = track("P1", ("14:00", "15:00", AWAY), ("15:00", "15:02", IN_A),
                  ("15:02", "22:00", AWAY), every=10)  # fmt: skip
    delivery = match(plan, drive)
    day = on_day(delivery)
    assert day[["visits", "minutes", "officer_minutes", "passes"]].tolist() == [0, 0, 0, 1]
    assert day["passing_minutes"] == pytest.approx(2)
    assert delivery.visits["status"].tolist() == ["missed"]
    assert "1 time a unit passed through in under 3 min" in delivery.text
    assert on_day(match(plan, drive, pass_min=2))["visits"] == 1


def test_stepping_out_for_a_moment_does_not_end_a_stay():
    plan = make_plan(("P1", "A", "15:00"))
    pings = whole_shift("P1", ("15:00", "15:08", IN_A), ("15:10", "15:16", IN_A))
    delivery = match(plan, pings)
    assert on_day(delivery)[["visits", "minutes"]].tolist() == [1, 16]
    apart = whole_shift("P1", ("15:00", "15:08", IN_A), ("15:14", "15:20", IN_A))
    assert on_day(match(plan, apart))[["visits", "minutes"]].tolist() == [2, 14]


def test_gaps_and_the_first_visit():
    plan = make_plan(("P1", "A", "15:00"))
    log = log_of(("P1", "A", "15:00", "15:20"), ("C1", "A", "15:10", "15:50"),
                 ("P1", "A", "19:20", "19:40"))  # fmt: skip
    spots = match(plan, log).hotspots
    assert spots.loc["A", "first_visit_h"] == 1.0
    assert spots.loc["A", "longest_gap_h"] == 3.5  # 15:50 to 19:20
    assert np.isnan(spots.loc["B", "first_visit_h"])
    assert spots.loc["B", "longest_gap_h"] == 8.0  # the whole shift


# --- places ---------------------------------------------------------------------------------------


def test_error_of_position_is_allowed_for_and_told():
    plan = make_plan(("P1", "A", "15:00"))
    beside = whole_shift("P1", ("15:00", "15:15", (1210.0, 1100.0)))  # 10 m beyond the edge
    delivery = match(plan, beside)
    assert delivery.visits["status"].tolist() == ["met"]
    assert "100% of the time rests on that" in delivery.text
    assert match(plan, beside, buffer_m=5).visits["status"].tolist() == ["missed"]
    inside = match(plan, whole_shift("P1", ("15:00", "15:15", IN_A)))
    assert "0% of the time rests on that" in inside.text


def test_each_place_belongs_to_the_hotspot_it_is_in_else_the_nearest():
    spots = squares(A=(0, 0), B=(200, 0), C=(230, 250))  # A and B share an edge; C is near B
    x = np.array([100, 200, 210, 300, 300, 300, -15, 600.0])
    y = np.array([100, 100, 100, 215, 230, 245, 100, 600.0])
    place, hotspot, edge = locate(x, y, spots, 20)
    found = dict.fromkeys(range(len(x)), "")
    for p, h in zip(place, hotspot, strict=True):
        found[p] += spots.index[h]
    # 200 lies on the edge of A and B and is in one; 15, 20 and 5 m from a hotspot are its own
    assert list(found.values()) == ["A", "A", "B", "B", "C", "C", "A", ""]
    assert dict(zip(place.tolist(), edge.tolist(), strict=True))[2] is False
    assert sorted(place[~edge]) == [0, 2]


def test_the_order_of_hotspots_decides_nothing():
    spots = squares(A=(0, 0), B=(200, 0))
    there = locate(np.array([200.0]), np.array([100.0]), spots, 20)[1]
    turned = spots.iloc[::-1]
    again = locate(np.array([200.0]), np.array([100.0]), turned, 20)[1]
    assert spots.index[there].tolist() == turned.index[again].tolist() == ["A"]


@given(st.integers(0, 10_000))
@settings(max_examples=8)
def test_places_are_found_as_by_looking_at_each(seed):
    rng = np.random.default_rng(seed)
    corners = {f"H{n}": tuple(rng.uniform(0, 900, 2)) for n in range(5)}
    spots = squares(**corners)
    turn = rng.uniform(0, 90, 5)
    turned = [rotate(shape, angle) for shape, angle in zip(spots.geometry, turn, strict=True)]
    spots = spots.set_geometry(turned, crs=CRS)
    x, y = rng.uniform(-100, 1200, (2, 200))
    buffer = float(rng.choice([0, 20, 60]))
    place, hotspot, edge = locate(x, y, spots, buffer)
    found = {(int(p), int(h), bool(e)) for p, h, e in zip(place, hotspot, edge, strict=True)}
    wanted = set()
    for n in range(200):
        point = shapely.Point(x[n], y[n])
        inside = [h for h, shape in enumerate(spots.geometry) if shape.contains(point)]
        away = [shape.distance(point) for shape in spots.geometry]
        wanted |= {(n, h, False) for h in inside}
        if not inside and min(away) <= buffer:
            wanted.add((n, int(np.argmin(away)), True))
    assert found == wanted


def test_places_may_come_as_coordinates_degrees_or_points():
    plan = make_plan(("P1", "A", "15:00"), spots=(spots := squares(A=(388_000, 347_000))))
    pings = whole_shift(
        "P1", ("15:00", "15:15", (388_100.0, 347_100.0)), away=(389_000.0, 347_100.0)
    )
    wanted = match(plan, pings, spots)
    assert wanted.visits["status"].tolist() == ["met"]
    points = gpd.GeoDataFrame(
        pings[["unit", "time"]],
        geometry=gpd.points_from_xy(pings["easting"], pings["northing"]), crs=CRS,
    )  # fmt: skip
    world = points.to_crs("EPSG:4326")
    degrees = pings[["unit", "time"]].assign(
        longitude=world.geometry.x.to_numpy(), latitude=world.geometry.y.to_numpy()
    )
    for other in (world, degrees):
        pd.testing.assert_frame_equal(match(plan, other, spots).dosage, wanted.dosage)


def test_pings_that_stray_in_from_the_street_beside_make_no_visit():
    plan = make_plan(("P1", "A", "15:00"))
    rng = np.random.default_rng(4)
    # half an hour 60 m from the edge of A, with an error of 40 m, a ping every five seconds
    pings = whole_shift("P1", ("15:00", "15:30", (1260.0, 1100.0)), every=5)
    beside = pings["easting"] == 1260
    pings.loc[beside, "easting"] += rng.normal(0, 40, beside.sum())
    inside = (beside & (pings["easting"] < 1220)).sum()
    assert inside > 40  # joined over three minutes, these would be a stay of half an hour
    delivery = match(plan, pings)
    assert delivery.visits["status"].tolist() == ["missed"]
    day = on_day(delivery)
    assert day[["visits", "minutes"]].tolist() == [0, 0]
    assert day["passing_minutes"] == pytest.approx(inside * 5 / 60, rel=0.2)
    # as much error in the middle of a stay does not part it
    pings = whole_shift("P1", ("15:00", "15:15", (1180.0, 1100.0)), every=5)
    there = pings["easting"] == 1180
    pings.loc[there, "easting"] += rng.normal(0, 40, there.sum())
    assert on_day(match(plan, pings))[["visits", "minutes"]].tolist() == [
        1, pytest.approx(15, abs=0.5)
    ]  # fmt: skip


def test_wild_positions_neither_make_nor_end_a_stay():
    plan = make_plan(("P1", "A", "15:00"))
    pings = whole_shift("P1", ("15:00", "15:15", IN_A), every=5)
    wild = pings.copy()
    there = wild.index[(wild["time"] > at("15:05"))][0]
    wild.loc[there, ["easting", "northing"]] = [9000.0, 9000.0]
    wild.loc[1000, ["easting", "northing"]] = [0.0, 0.0]  # as a radio without a fix says
    wild.loc[1200, ["easting", "northing"]] = np.nan
    delivery = match(plan, wild)
    assert on_day(delivery)[["visits", "minutes"]].tolist() == [1, 15]
    rows = delivery.quality.set_index("what")["rows"]
    assert rows[["a jump no unit makes", "no place", "used"]].tolist() == [1, 2, len(pings) - 3]


# --- clocks ---------------------------------------------------------------------------------------


def night_plan(first, clock):
    units = {"N1": ("Hanley", "night", "constable", 2)}
    return make_plan(("N1", "A", clock), units=units, shifts={"night": ("22:00", "31:00")},
                     first=pd.Timestamp(first))  # fmt: skip


def utc_stay(start, minutes, unit="N1", hours=10):
    """Pings with their zone for a night: in A from a UTC moment on, for so many minutes."""
    start = pd.Timestamp(start, tz="UTC")
    night = start.normalize() - pd.Timedelta("3h")
    times = pd.date_range(night, night + pd.Timedelta(hours=hours), freq="1min")
    inside = (times >= start) & (times < start + minutes * MINUTE)
    return pd.DataFrame({"unit": unit, "time": times, "easting": np.where(inside, 1100.0, 2000.0),
                         "northing": 1100.0})  # fmt: skip


def test_times_with_a_zone_become_local():
    plan = make_plan(("P1", "A", "15:00"), first=pd.Timestamp("2026-07-06"))
    pings = whole_shift("P1", ("15:00", "15:15", IN_A), day=pd.Timestamp("2026-07-06"))
    aware = pings.assign(time=pings["time"].dt.tz_localize("Europe/London").dt.tz_convert("UTC"))
    assert aware["time"].iloc[0].hour == 13
    wanted = match(plan, pings)
    found = match(plan, aware.assign(time=aware["time"].dt.tz_convert("Asia/Tokyo")))
    pd.testing.assert_frame_equal(found.visits, wanted.visits)
    pd.testing.assert_frame_equal(found.dosage, wanted.dosage)


def test_the_hour_that_happens_twice():
    plan = night_plan("2026-10-24", "25:30")  # 01:30 on the night when the clocks go back
    for start in ("2026-10-25 00:30", "2026-10-25 01:30"):  # 01:30 BST, and 01:30 GMT
        delivery = match(plan, utc_stay(start, 15, hours=12))
        assert delivery.visits[["status", "late_min", "minutes"]].values.tolist() == [
            ["met", 0, 15]
        ]
        assert str(delivery.visits["arrived"].iloc[0]) == "2026-10-25 01:30:00"
        assert delivery.dosage["date"].iloc[0] == pd.Timestamp("2026-10-24")  # the duty day
    # a stay across the change: 01:50 BST to 01:10 GMT is 20 minutes of time
    across = match(plan, utc_stay("2026-10-25 00:50", 20, hours=12))
    assert on_day(across, day=pd.Timestamp("2026-10-24"))["minutes"] == 20
    # without a zone nobody can tell which: read as the first, and said
    bare = utc_stay("2026-10-25 00:30", 15, hours=12)
    bare["time"] = bare["time"].dt.tz_convert("Europe/London").dt.tz_localize(None)
    assert "fall in the hour that the clock shows twice" in match(plan, bare).text


def test_the_hour_that_does_not_happen():
    plan = night_plan("2026-03-28", "26:15")  # 02:15, a quarter of an hour after 00:59
    delivery = match(plan, utc_stay("2026-03-29 01:15", 15))
    assert delivery.visits[["status", "late_min"]].values.tolist() == [["met", 0]]
    across = match(plan, utc_stay("2026-03-29 00:50", 20))  # 00:50 to 02:10 by the clock
    assert on_day(across, day=pd.Timestamp("2026-03-28"))["minutes"] == 20


def test_local_and_utc_are_each_others_way_back():
    hours = pd.Series(pd.date_range("2026-01-01", "2026-12-31 23:00", freq="30min"))
    there, twice = utc(hours, "Europe/London")
    back = local(there, "Europe/London")
    skipped = (hours.dt.strftime("%m-%d %H") == "03-29 01").to_numpy()
    assert (back[~skipped] == pd.DatetimeIndex(hours)[~skipped]).all()
    assert (back[skipped] - pd.DatetimeIndex(hours)[skipped] == pd.Timedelta("1h")).all()
    assert hours[twice].dt.strftime("%m-%d %H:%M").tolist() == ["10-25 01:00", "10-25 01:30"]


def test_a_night_belongs_to_the_day_its_shift_starts_on():
    units = {"N1": ("Hanley", "night", "constable", 2)}
    plan = make_plan(("N1", "A", "26:00"), ("N1", "A", "26:00", 1), units=units,
                     shifts={"night": ("22:00", "31:00")}, days=2)  # fmt: skip
    log = log_of(("N1", "A", "26:00", "26:15"), ("N1", "A", "46:20", "46:40"))
    delivery = match(plan, log)
    assert delivery.visits["status"].tolist() == ["met", "early"]
    assert on_day(delivery)["minutes"] == 15
    # a stray unit's visit at midday is on no shift, and counts on its calendar day
    stray = log_of(("X9", "A", "36:00", "36:20"))
    delivery = match(plan, pd.concat([log, stray], ignore_index=True))
    assert on_day(delivery, day=MONDAY + pd.Timedelta("1D"))["minutes"] == 40
    assert delivery.shifts.loc[delivery.shifts["shift"] == "no shift", "minutes"].tolist() == [20]
    assert "1 visit fell on no shift of the plan" in delivery.text


# --- names, duplicates, order, privacy ------------------------------------------------------------


def test_call_signs_match_whatever_their_case_and_blanks():
    plan = make_plan(*(("P1", "A", "15:00", n) for n in range(4)), days=4)
    log = log_of(*(
        (name, " a ", f"{24 * n + 15}:00", f"{24 * n + 15}:15")
        for n, name in enumerate(("P1", "p1", " P 1 ", "p\t1"))
    ))  # fmt: skip
    assert match(plan, log).visits["status"].tolist() == ["met"] * 4


def test_two_units_alike_but_for_case_are_told_apart_or_not_at_all():
    units = {"P1": ("Hanley", "late", "pcso", 1), "p 1": ("Hanley", "late", "pcso", 1)}
    plan = make_plan(("P1", "A", "15:00"), ("p 1", "B", "15:00"), units=units)
    log = log_of(("p 1", "B", "15:00", "15:15"), ("P 1", "A", "15:00", "15:15"))
    delivery = match(plan, log)
    assert delivery.visits["status"].tolist() == ["other unit", "met"]
    assert "1 unit is not in the plan;" in delivery.text


def test_units_not_in_the_plan_count_for_the_place():
    plan = make_plan(("P1", "A", "15:00"))
    log = log_of(("X9", "A", "15:00", "15:15"), ("x 9", "B", "17:00", "17:12"),
                 agency="Council wardens")  # fmt: skip
    delivery = match(plan, log)
    assert delivery.visits["status"].tolist() == ["other unit"]
    assert delivery.dosage["unplanned_visits"].tolist() == [0, 1]
    assert delivery.hours[["kind", "visits", "officer_hours"]].values.tolist() == [
        ["Council wardens", 2, pytest.approx(27 / 60)]
    ]
    assert "1 unit is not in the plan;" in delivery.text
    plain = match(plan, log.drop(columns="agency"))
    assert plain.hours["kind"].tolist() == ["not in the plan"]


def test_duplicates_count_once_and_the_order_of_rows_never_matters():
    plan = make_plan(("P1", "A", "15:00"), ("C1", "B", "16:00"))
    pings = pd.concat([
        whole_shift("P1", ("15:00", "15:15", IN_A), every=20),
        whole_shift("C1", ("16:05", "16:30", IN_B), ("18:00", "18:11", IN_A)),
        whole_shift("X1", ("16:05", "16:30", IN_B), ("18:00", "18:11", IN_A)),
    ])  # fmt: skip
    clash = pings[pings["unit"] == "C1"].iloc[5:9].assign(easting=2500.0)
    wanted = match(plan, pings)
    doubled = pd.concat([pings, pings.sample(300, random_state=1), clash])
    found = match(plan, doubled.sample(frac=1, random_state=1))
    for name in ("visits", "dosage", "hotspots", "shifts", "hours"):
        pd.testing.assert_frame_equal(found.tables[name], wanted.tables[name])
    rows = found.quality.set_index("what")["rows"]
    assert rows["the same again"] == 300
    assert rows["a second place at the same time"] == 4
    log = log_of(("P1", "A", "15:00", "15:15"), ("p1", "A", "15:00", "15:15"), arrests=1)
    assert match(plan, log).shifts["arrests"].tolist() == [1]


def test_no_track_leaves_the_function():
    plan = make_plan(("P1", "A", "15:00"))
    pings = pd.concat([whole_shift("P1", ("15:00", "15:15", IN_A)),
                       whole_shift("SECRET7", ("16:00", "16:15", IN_B))])  # fmt: skip
    delivery = match(plan, pings.assign(officer="PC Doe", ethnicity="x"))
    for name, table in delivery.tables.items():
        shown = table.to_csv()
        assert "SECRET7" not in shown, name
        assert "Doe" not in shown, name
        assert not {"easting", "northing", "geometry", "time", "officer"} & set(table.columns)
    assert not any(
        isinstance(getattr(delivery, f.name), gpd.GeoDataFrame) for f in fields(Delivery)
    )
    assert "SECRET7" not in delivery.text
    assert "P1" not in delivery.text
    assert "In 1 shift one officer was on duty" not in delivery.text  # two units, three officers
    alone = {"P1": ("Hanley", "late", "constable", 1)}
    plan = make_plan(("P1", "A", "15:00"), units=alone)
    assert "In 1 shift one officer was on duty" in match(plan, pings).text
    assert "nothing is counted by ethnicity" in delivery.text
    with pytest.raises(hs.InputError) as caught:  # nor is any one ping told of in a refusal
        match(plan, pings.assign(easting=765_432.0))
    assert "765" not in str(caught.value)


def test_a_station_in_a_hotspot_is_asked_after():
    plan = make_plan(("P1", "A", "15:00"))
    delivery = match(plan, whole_shift("P1", ("15:00", "18:00", IN_A)))
    assert "1 stay of over 1 h holds 100% of the time: is a station in a hotspot?" in delivery.text


# --- what was done --------------------------------------------------------------------------------


def test_powers_per_100_hours_with_exact_intervals():
    from scipy.stats import chi2

    plan = make_plan(("P1", "A", "15:00"), ("P1", "B", "17:00"))
    log = log_of(("P1", "A", "15:00", "16:00"), ("P1", "B", "17:00", "17:30"),
                 arrests=[1, 2], contacts=[10.0, np.nan])  # fmt: skip
    delivery = match(plan, log)
    row = delivery.powers.set_index(["power", "lpt"]).loc[("arrests", "all LPTs")]
    assert row[["count", "officer_hours"]].tolist() == [3, 3.0]
    assert row["per_100h"] == pytest.approx(100)
    assert row["low"] == pytest.approx(100 / 3 * chi2.ppf(0.025, 6) / 2)
    assert row["high"] == pytest.approx(100 / 3 * chi2.ppf(0.975, 8) / 2)
    assert "100.0 arrests (20.6 to 292.2)" in delivery.text
    assert delivery.shifts[["arrests", "contacts"]].values.tolist() == [[3, 10]]
    assert match(plan, log.drop(columns=["arrests", "contacts"])).powers.empty


def test_a_log_beside_pings_gives_what_was_done_and_no_presence():
    plan = make_plan(("P1", "A", "15:00"))
    pings = whole_shift("P1", ("15:00", "15:30", IN_A))
    log = log_of(("P1", "B", "15:00", "15:15"), stop_searches=4)
    delivery = match_delivery(plan, pings, hotspots=SPOTS, activities=log)
    assert delivery.dosage["minutes"].tolist() == [30, 0]
    assert delivery.shifts["stop_searches"].tolist() == [4]
    assert delivery.powers["per_100h"].iloc[0] == pytest.approx(400)
    assert delivery.quality.groupby("records")["rows"].sum().to_dict() == {
        "log": 1, "pings": len(pings),
    }  # fmt: skip


# --- against plain loops --------------------------------------------------------------------------


@given(st.integers(0, 10_000))
@settings(max_examples=6)
def test_time_sums_are_those_of_a_clock_that_ticks(seed):
    rng = np.random.default_rng(seed)
    rows = []
    for unit in range(3):  # disjoint stretches of a unit, in order
        edges = np.sort(rng.choice(100, 2 * rng.integers(0, 4), replace=False))
        rows += [(unit, a, b) for a, b in edges.reshape(-1, 2)]
    seen = pd.DataFrame(rows, columns=["unit", "start", "end"], dtype="int64")
    unit, low = rng.integers(0, 3, 10), rng.integers(0, 80, 10)
    high = low + rng.integers(0, 30, 10)
    total, longest = seen_ms(unit, low, high, seen), unseen_ms(unit, low, high, seen)
    for n in range(10):
        mine = seen[seen["unit"] == unit[n]]
        ticks = [any((mine["start"] <= t) & (t < mine["end"])) for t in range(low[n], high[n])]
        assert total[n] == sum(ticks)
        runs = "".join("x" if tick else "." for tick in ticks).split("x")
        assert longest[n] == max(map(len, runs))
    group, start = rng.integers(0, 3, 12), rng.integers(0, 50, 12)
    end = start + rng.integers(0, 20, 12)
    fresh = fresh_ms(group, start, end)
    for g in range(3):
        mine = [set(range(a, b)) for a, b in zip(start[group == g], end[group == g], strict=True)]
        assert fresh[group == g].sum() == len(set().union(*mine))
    spans = (rng.integers(0, 3, 6), rng.integers(0, 50, 6))
    spans = (*spans, spans[1] + rng.integers(1, 20, 6))
    found = covering(group, start, spans, slack=3)
    for n in range(12):
        away = [
            max(b - start[n], start[n] - e + 1, 0) if g == group[n] else 99
            for g, b, e in zip(*spans, strict=True)
        ]
        if min(away) > 3:
            assert found[n] == -1
        else:
            assert away[found[n]] == min(away)
            nearest = [spans[1][k] for k in range(6) if away[k] == min(away)]
            assert spans[1][found[n]] == max(nearest)  # the latest to start


@given(st.integers(0, 10_000))
@settings(max_examples=12)
def test_as_many_visits_are_met_as_any_pairing_could(seed):
    rng = np.random.default_rng(seed)
    n, m = rng.integers(1, 5, 2)
    due = np.sort(rng.integers(0, 300, n)) * 60_000
    start = np.sort(rng.integers(0, 300, m)) * 60_000
    stays = pd.DataFrame({"unit": rng.integers(0, 2, m), "hotspot": 0, "start": start,
                          "end": start + rng.integers(5, 35, m) * 60_000})  # fmt: skip
    low, high = due - 30 * 60_000, due + 45 * 60_000
    visits = pd.DataFrame({"unit": 0, "hotspot": 0, "arrive": due, "low": low, "high": high,
                           "begin": -(10**8), "end": 10**8})  # fmt: skip
    found = pair(visits, stays, DeliveryRules())
    length = (stays["end"] - stays["start"]) // 60_000
    own = stays["unit"] == 0
    room = np.maximum(length // 10, 1)  # one visit for each time it is long enough

    def made(chosen):
        """Count visits met, and made by another unit, by one choice of stays."""
        if any(chosen.count(k) > room[k] for k in range(m)):
            return (0, 0)
        fits = [
            k < m and min(stays["end"][k], high[v]) - max(stays["start"][k], low[v]) >= 600_000
            for v, k in enumerate(chosen)
        ]
        mine = sum(fit and own[k] for fit, k in zip(fits, chosen, strict=True) if fit)
        return mine, sum(fits) - mine

    best = max(made(chosen) for chosen in product(range(m + 1), repeat=int(n)))
    told = found["status"].value_counts()
    assert (told.get("met", 0), told.get("other unit", 0)) == best
    # and no stay is told of more visits than it is long enough for
    used = found.loc[found["stay"] >= 0, "stay"].value_counts()
    assert all(times <= room[k] for k, times in used.items())


# --- refusals -------------------------------------------------------------------------------------


def refusal(*args, **options):
    with pytest.raises(hs.InputError) as caught:
        match_delivery(*args, **options)
    return str(caught.value)


def test_every_fault_is_named_at_once():
    said = refusal(
        "plan", pd.DataFrame({"x": [1]}), activities=3, rules="strict", tz="Europe/Hanley"
    )
    for part in (
        "plan is of type str", "neither pings", "columns found: x", "activities is of type int",
        "rules is of type str", "tz is 'Europe/Hanley'",
    ):  # fmt: skip
        assert part in said
    pings = pd.DataFrame({"unit": ["P1"], "time": ["14:00"], "easting": ["1"], "northing": [2.0]})
    said = refusal(make_plan(("P1", "A", "15:00")), pings)
    for part in ("time is", "dayfirst", "easting is", "give hotspots="):
        assert part in said


def test_records_that_cannot_be_used_are_refused_with_the_reason():
    plan = make_plan(("P1", "A", "15:00"))
    pings = whole_shift("P1", ("15:00", "15:15", IN_A))
    assert "hold no rows" in refusal(plan, pings.iloc[:0], hotspots=SPOTS)
    later = pings.assign(time=pings["time"] + pd.Timedelta("30D"))
    assert "outside the days of the plan" in refusal(plan, later, hotspots=SPOTS)
    far = pings.assign(easting=pings["easting"] + 500_000)
    assert "no ping lies within 50 km" in refusal(plan, far, hotspots=SPOTS)
    rare = whole_shift("P1", every=300)
    assert "usually come 5.0 min apart" in refusal(plan, rare, hotspots=SPOTS)
    assert "set DeliveryRules(join_min=8)" in refusal(plan, rare, hotspots=SPOTS)
    assert match(plan, rare, join_min=8).visits["status"].tolist() == ["missed"]
    assert "say no place" in refusal(plan, pings.drop(columns="easting"), hotspots=SPOTS)
    assert "no column 'unit'" in refusal(plan, pings.drop(columns="unit"), hotspots=SPOTS)
    assert "lack 1 of the plan, as 'B'" in refusal(plan, pings, hotspots=SPOTS.loc[["A"]])
    metres = pings.rename(columns={"easting": "longitude", "northing": "latitude"})
    assert "metres go into easting" in refusal(plan, metres, hotspots=SPOTS)
    log = log_of(("P1", "A", "15:00", "15:15"))
    assert "no hotspot of the plan" in refusal(plan, log.assign(hotspot="Q"))
    assert "below 0" in refusal(plan, log.assign(arrests=-1))
    assert "arrive" in refusal(plan, log.assign(arrive="15:00"))
    assert "for use beside pings" in refusal(plan, log, activities=log)
    twice = pd.concat([log, log["unit"]], axis=1)
    assert "twice" in refusal(plan, twice)


def test_odd_rows_of_a_log_are_left_aside_and_counted():
    plan = make_plan(("P1", "A", "15:00"))
    log = log_of(("P1", "A", "15:00", "15:15"), ("P1", "A", "15:00", "14:00"),
                 ("P1", "A", "14:00", "29:00"), (None, "A", "15:00", "15:10"),
                 ("P1", None, "15:00", "15:10"), ("P1", "Q", "15:00", "15:10"),
                 ("P1", "A", "16:00", "16:10"))  # fmt: skip
    log.loc[6, "depart"] = pd.NaT
    delivery = match(plan, log)
    rows = delivery.quality.set_index("what")["rows"]
    assert rows[rows > 0].to_dict() == {
        "no unit": 1, "no time": 1, "no hotspot of the plan": 2,
        "left before it came, or over 12 h later": 2, "used": 1,
    }  # fmt: skip
    assert "left aside: no unit 1, no time 1" in delivery.text


def test_rules_are_checked_together():
    with pytest.raises(hs.InputError, match="2 faults"):
        DeliveryRules(buffer_m=-1, join_min="3")
    with pytest.raises(hs.InputError, match="cannot be shorter than passing"):
        DeliveryRules(pass_min=8, least_min=5)


def test_a_plan_without_visits_still_tells_what_was_seen():
    plan = make_plan(("P1", "A", "15:00"))
    bare = Plan(plan.visits.iloc[:0], plan.coverage, plan.budget, plan.teams)
    delivery = match(bare, log_of(("P1", "A", "15:00", "15:15")))
    assert delivery.dosage["unplanned_visits"].tolist() == [1, 0]
    assert "the plan holds no visits" in delivery.text
    assert delivery.hotspots["compliance"].isna().all()


def test_pings_far_from_hotspots_make_an_empty_delivery():
    plan = make_plan(("P1", "A", "15:00"))
    delivery = match(plan, whole_shift("P1"))
    assert delivery.visits["status"].tolist() == ["missed"]
    assert delivery.dosage["minutes"].tolist() == [0, 0]
    assert delivery.hours.empty


# --- the monthly return ---------------------------------------------------------------------------


@pytest.fixture
def month():
    """Return a delivery of two days in March with an arrest and a council unit."""
    plan = make_plan(("P1", "A", "15:00"), ("C1", "B", "16:00"), ("P1", "A", "15:00", 1), days=2)
    log = log_of(("P1", "A", "15:00", "15:30"), ("C1", "B", "18:00", "18:20"),
                 ("W1", "B", "16:00", "16:30"), ("P1", "B", "43:00", "43:15"),
                 arrests=[1, 0, 0, 2], agency=["", "", "Wardens", ""])  # fmt: skip
    return match(plan, log)


def values(found):
    return found.rows.set_index("label")["value"].to_dict()


def test_the_return_holds_what_was_delivered(month):
    found = hs.monthly_return(month)
    told = values(found)
    assert told["Officer-hours at hotspots"] == round(2 * 30 / 60 + 20 / 60 + 30 / 60 + 2 * 0.25, 1)
    assert told["of these, PCSOs"] == 1.5
    assert told["of these, constables"] == 0.3
    assert told["of these, special constables"] == 0
    assert told["of these, others"] == 0.5
    assert told["Visits to hotspots"] == 4
    assert told["Hotspots visited"] == 2
    assert told["Visits planned"] == 3
    assert told["Planned visits made in time"] == 2  # B's by the wardens
    assert told["Arrests"] == 3
    assert np.isnan(told["Planned visits made in time, of those known"])
    assert "2 of 3, too few for per cent" in found.text
    assert np.isnan(told["Stop and searches"])
    assert "- Stop and searches: not known (no log tells)" in found.text
    assert "covers Mon 2 Mar 2026 to Tue 3 Mar 2026 only, 2 of the 31 days" in found.text
    assert found.month == pd.Timestamp("2026-03-01")


def test_a_template_says_what_the_return_holds(month, tmp_path):
    path = tmp_path / "return.toml"
    path.write_text(
        'title = "Grip"\n[[row]]\nlabel = "Wardens"\nmeasure = "officer_hours"\nkind = "Wardens"\n'
        '[[row]]\nlabel = "Not wardens"\nmeasure = "officer_hours"\nkind = "other"\n'
        '[[row]]\nlabel = "Leek"\nmeasure = "visits"\nlpt = "Leek"\n'
        '[[row]]\nlabel = "Hanley"\nmeasure = "visits"\nlpt = "Hanley"\n'
        '[[row]]\nlabel = "Seen"\nmeasure = "records_share"\n'
        '[[row]]\nlabel = "Typo"\nmeasure = "visits"\nkind = "PCSOs"\n',
        encoding="utf-8",
    )
    found = hs.monthly_return(month, path)
    told = values(found)
    assert told["Wardens"] == 0.5
    assert told["Not wardens"] == 1.8
    assert np.isnan(told["Leek"])
    assert told["Hanley"] == 4
    assert np.isnan(told["Typo"])
    assert told["Seen"] == 75  # C1 logged nothing on the second day
    assert found.text.startswith("Grip, March 2026:")
    assert found.rows["note"].tolist()[2] == "no LPT 'Leek' in the plan"


def test_incidents_inside_and_outside_hotspots(month):
    when = pd.to_datetime(["2026-03-03", "2026-03-09", "2026-03-20", "2026-04-01", "2026-03-05"])
    points = [shapely.Point(IN_A), shapely.Point(IN_B), shapely.Point(AWAY), shapely.Point(IN_A),
              shapely.Point()]  # fmt: skip
    incidents = gpd.GeoDataFrame(
        {"category": "Anti-social behaviour", "occurred_from": when, "occurred_to": when,
         "origin": ["public", "police", "public", "public", "public"]},
        geometry=points, index=pd.RangeIndex(5, name="incident"), crs=CRS,
    )  # fmt: skip
    found = hs.monthly_return(month, incidents=incidents, hotspots=SPOTS)
    told = values(found)
    assert told["Anti-social behaviour inside hotspots"] == 2  # April is not of the month
    assert told["Anti-social behaviour elsewhere"] == 1
    assert found.rows["note"].iloc[-1] == "1 more have no place"
    assert "1 of all types were found by police activity itself" in found.text
    # what the incidents cannot tell is blank, never 0
    for odd, why in ((incidents.assign(category="ASB"), "no category 'Anti-social behaviour'"),
                     (incidents.iloc[[3]], "no incidents of that month given")):  # fmt: skip
        found = hs.monthly_return(month, incidents=odd, hotspots=SPOTS)
        assert np.isnan(values(found)["Anti-social behaviour inside hotspots"])
        assert why in found.text
    bare = hs.monthly_return(month)
    assert np.isnan(values(bare)["Anti-social behaviour elsewhere"])
    with pytest.raises(hs.InputError, match="needs hotspots="):
        hs.monthly_return(month, incidents=incidents)


def test_faults_of_a_return_are_named_at_once(month, tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text(
        '[[row]]\nlabel = "Stops by ethnicity"\nmeasure = "stop_searches"\n'
        '[[row]]\nmeasure = "vibes"\n'
        '[[row]]\nlabel = "x"\nmeasure = "arrests"\nkind = "pcso"\nwhere = "up"\ncolour = 3\n',
        encoding="utf-8",
    )
    with pytest.raises(hs.InputError) as caught:
        hs.monthly_return(month, path, month="2026-05")
    said = str(caught.value)
    for part in (
        "asks by 'ethnic'", "row 2: it has no label", "measure is 'vibes'", "it has colour",
        "where is 'up'", "kind goes with", "month is 2026-05; the delivery covers 2026-03",
    ):  # fmt: skip
        assert part in said
    for template, why in (("nowhere.toml", "there is no template"), (7, "give a path")):
        with pytest.raises(hs.InputError, match=why):
            hs.monthly_return(month, template)
    path.write_text("[[row]\n", encoding="utf-8")
    with pytest.raises(hs.InputError, match="not valid TOML"):
        hs.monthly_return(month, path)
    path.write_text("title = 'x'\n", encoding="utf-8")
    with pytest.raises(hs.InputError, match="no \\[\\[row\\]\\]"):
        hs.monthly_return(month, path)
    with pytest.raises(hs.InputError, match="give what match_delivery returns"):
        hs.monthly_return("March")


def test_a_delivery_over_two_months_asks_which():
    first = pd.Timestamp("2026-03-31")
    plan = make_plan(("P1", "A", "15:00"), ("P1", "A", "15:00", 1), days=2, first=first)
    log = log_of(("P1", "A", "15:00", "15:30"), ("P1", "A", "39:00", "39:20"), day=first)
    delivery = match(plan, log)
    with pytest.raises(hs.InputError, match="covers 2026-03, 2026-04; say which"):
        hs.monthly_return(delivery)
    assert values(hs.monthly_return(delivery, month="2026-04"))["Officer-hours at hotspots"] == 0.7


def test_a_month_without_records_is_not_a_month_of_nothing():
    first = pd.Timestamp("2026-03-31")
    plan = make_plan(("P1", "A", "15:00"), ("P1", "A", "15:00", 1), days=2, first=first)
    delivery = match(plan, log_of(("P1", "A", "15:00", "15:30"), day=first))
    told = values(hs.monthly_return(delivery, month="2026-04"))
    assert told["Visits planned"] == 1
    assert np.isnan(told["Officer-hours at hotspots"])
    assert np.isnan(told["Planned visits made in time, of those known"])


# --- the picture ----------------------------------------------------------------------------------


@pytest.fixture
def axes():
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    yield plt
    plt.close("all")


def test_the_picture_shows_planned_and_delivered_minutes(axes):
    plan = make_plan(("P1", "A", "15:00"), ("P1", "B", "16:00"), ("P1", "A", "15:00", 1), days=2)
    delivery = match(plan, log_of(("P1", "A", "15:00", "15:30"), ("P1", "B", "16:00", "16:06")))
    ax = hs.plot_delivery(delivery)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["B Street (B)", "A Street (A)"]
    given, planned = ([-bar.get_height() for bar in bars] for bars in ax.containers)
    scale = 0.86 / 30  # the tallest is 30 minutes
    assert given == pytest.approx([6 * scale, 0, 30 * scale, 0])
    assert planned == pytest.approx([15 * scale, 0, 15 * scale, 15 * scale])
    crosses = next(line for line in ax.lines if line.get_marker() == "x")
    assert crosses.get_xdata().tolist() == [1, 1]  # the second day has no records
    said = "\n".join(text.get_text() for text in ax.texts)
    assert "36 min were delivered of 30 planned, where there are records" in " ".join(said.split())
    inches = ax.get_position().width * ax.figure.get_figwidth()
    assert inches > 3  # two days still leave room beside names and legend
    axes.close("all")
    with pytest.raises(hs.InputError, match="there is no LPT 'Leek'; there are Hanley"):
        hs.plot_delivery(delivery, "Leek")
    with pytest.raises(hs.InputError, match="give what match_delivery returns"):
        hs.plot_delivery(plan)


@pytest.mark.usefixtures("axes")
def test_the_picture_of_many_weeks_has_a_column_a_week():
    plan = make_plan(*(("P1", "A", "15:00", n) for n in range(42)), days=42)
    log = plan.visits[["unit", "hotspot", "arrive", "depart"]].reset_index(drop=True)
    ax = hs.plot_delivery(match(plan, log), "Hanley")
    assert ax.get_xlabel() == "week from"
    planned = [-bar.get_height() for bar in ax.containers[1]]
    assert len(planned) == 2 * 6
    assert max(planned) == pytest.approx(0.86)
    assert "of Hanley" in ax.get_title()


# --- with a plan of the planner's own -------------------------------------------------------------


def test_a_plan_walked_as_it_was_made_is_met_in_full():
    lpts = gpd.GeoDataFrame({"area_km2": [16.0]}, geometry=[shapely.box(0, 0, 4000, 4000)],
                            index=pd.Index(["Hanley"], name="lpt"), crs=CRS)  # fmt: skip
    shifts = pd.DataFrame({"shift": ["late", "night"], "start": ["14:00", "22:00"],
                           "end": ["22:00", "07:00"]})  # fmt: skip
    units = pd.DataFrame(
        {"lpt": "Hanley", "shift": ["late", "night"], "kind": "constable", "officers": [1, 2],
         "mode": "vehicle"}, index=["L1", "N1"],
    )  # fmt: skip
    plan = hs.plan_patrols(
        SPOTS,
        lpts=lpts,
        shifts=shifts,
        units=units,
        start="2026-03-28",
        days=2,
        rules=hs.PatrolRules(effort=0),
    )  # the clocks go forward
    assert len(plan.visits) >= 8
    centre = SPOTS.geometry.centroid
    parts = []
    for visit in plan.visits.itertuples():  # half an hour about each visit, else silence
        times = pd.date_range(visit.arrive - 8 * MINUTE, visit.depart + 7 * MINUTE, freq="30s")
        inside = (times >= visit.arrive) & (times < visit.depart)
        spot = centre[visit.hotspot]
        east = np.where(inside, spot.x, spot.x + 5000)
        parts.append(pd.DataFrame({"unit": visit.unit, "time": times, "easting": east,
                                   "northing": spot.y}))  # fmt: skip
    pings = pd.concat(parts).drop_duplicates(["unit", "time"])
    delivery = match_delivery(plan, pings)  # the plan knows the places
    check(delivery, plan, pings)
    assert (delivery.visits["status"] == "met").all()
    assert delivery.dosage["visits"].sum() == len(plan.visits)
    assert (delivery.hotspots["compliance"] == 1).all()
