"""Changes of recording, displacement to other kinds, and the squares of the whole force."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from hotspots.contracts import InputError
from hotspots.impact import ImpactRules, compare_kinds, count_places, pool_counts
from hotspots.impact.recording import step_at_start

CRS = "EPSG:27700"
START = pd.Timestamp("2025-01-01")
PLACES = gpd.GeoDataFrame(
    geometry=shapely.box(1000.0 * np.arange(20), 0, 1000.0 * np.arange(20) + 200, 200),
    index=[f"P{n:02}" for n in range(20)], crs=CRS,
)  # fmt: skip
TREATED, CONTROL = PLACES.iloc[::2], PLACES.iloc[1::2]
MONTHS = ImpactRules(period="MS", buffer_m=0)  # nothing lies about the places


def make_records(rng, rate=6.0, elsewhere=200.0, months=36, **changes):
    """Incidents of three years in and outside of twenty places, with planted changes.

    ``changes``: step (ratio elsewhere from the start on), unlocated (share without a place after),
    found (share found by police at treated places after), theft (ratio of thefts at treated
    places after), night (ratio of the night at treated places after).
    """
    firsts = pd.date_range("2023-01-01", periods=months, freq="MS")
    month, place, kind = (one.ravel() for one in np.meshgrid(
        np.arange(months), np.arange(-1, 20), [0, 1], indexing="ij"
    ))  # fmt: skip
    after = np.asarray(firsts >= START)[month]
    treated = (place >= 0) & (place % 2 == 0) & after
    mean = np.where(place >= 0, rate, elsewhere * np.where(after, changes.get("step", 1), 1))
    mean = mean * np.where(treated & (kind == 0), changes.get("theft", 1), 1)
    row = np.repeat(np.arange(len(mean)), rng.poisson(mean))
    month, place, kind, after, treated = (one[row] for one in (month, place, kind, after, treated))
    hour = rng.uniform(0, 24, len(row))
    night = treated & (rng.random(len(row)) < changes.get("night", 0))
    hour = np.where(night, hour / 4, hour)
    day = (rng.random(len(row)) * np.asarray(firsts.days_in_month)[month]).astype(int)
    found = rng.random(len(row)) < np.where(treated, changes.get("found", 0.05), 0.05)
    gone = rng.random(len(row)) < np.where(after, changes.get("unlocated", 0.01), 0.01)
    x = np.where(place >= 0, 1000.0 * place + rng.uniform(40, 160, len(row)), 50_000.0)
    when = firsts.to_numpy().astype("datetime64[s]")[month] + ((day * 24 + hour) * 3600).astype(
        "timedelta64[s]"
    )
    points = shapely.points(x, 100.0)
    points[gone] = shapely.Point()
    table = {"category": np.array(["Theft", "ASB"])[kind], "occurred_from": when,
             "occurred_to": when, "origin": np.where(found, "police", "public")}  # fmt: skip
    return gpd.GeoDataFrame(table, geometry=points, crs=CRS)


def count(records, rules=MONTHS):
    return count_places(records, TREATED, CONTROL, start=START, rules=rules)


@pytest.fixture(scope="module")
def plain():
    return count(make_records(np.random.default_rng(1)))


def checks(counts):
    return counts.recording.set_index("check")


def test_nothing_planted_gives_no_doubt(plain):
    assert (plain.recording["verdict"] == "fine").all()


def test_a_step_of_the_whole_force_gives_doubt():
    table = checks(count(make_records(np.random.default_rng(2), step=1.5)))
    row = table.loc["recording elsewhere"]
    assert row["verdict"] == "doubt"
    assert row["low"] < 1.5 < row["high"]
    assert "more from the start on than its trend and season" in row["words"]
    assert table.loc["types elsewhere", "verdict"] == "doubt"


def test_weeks_and_days_tell_the_same_step():
    records = make_records(np.random.default_rng(2), step=1.5)
    for period in ("W", "D"):
        row = checks(count(records, ImpactRules(period=period, buffer_m=0))).loc[
            "recording elsewhere"
        ]
        assert row["verdict"] == "doubt"
        assert row["low"] < 1.5 < row["high"]


def test_losing_places_gives_doubt():
    row = checks(count(make_records(np.random.default_rng(3), unlocated=0.1))).loc[
        "without a place"
    ]
    assert row["verdict"] == "doubt"
    assert 0.07 < row["found"] < 0.11


def test_patrols_that_find_more_give_doubt_and_no_origin_cannot_tell():
    records = make_records(np.random.default_rng(4), found=0.4)
    row = checks(count(records)).loc["found by police"]
    assert row["verdict"] == "doubt"
    assert row["found"] == pytest.approx(0.35, abs=0.04)
    told = checks(count(records.drop(columns="origin"))).loc["found by police"]
    assert told["verdict"] == "cannot tell"
    assert "do not say who found" in told["words"]


def test_snapped_points_near_an_edge_give_doubt():
    records = make_records(np.random.default_rng(5))
    month = records["occurred_from"].dt.to_period("M")
    records["occurred_from"] = month.dt.start_time
    records["occurred_to"] = (month + 1).dt.start_time
    points = records.geometry.x.to_numpy()
    place = np.floor(points / 1000) * 1000
    snapped = np.where(points < 20_000, place + 190, points)  # 10 m within
    records = records.set_geometry(gpd.GeoSeries(
        shapely.points(np.nan_to_num(snapped), 100.0), records.index, CRS
    ))[~np.isnan(points)]  # fmt: skip
    counts = count(records)
    row = checks(counts).loc["edges of places"]
    assert row["verdict"] == "doubt"
    assert row["found"] == 1
    assert "100% of the incidents inside lie within 25 m of an edge" in counts.text


def test_short_records_cannot_tell_a_step():
    counts = count_places(
        make_records(np.random.default_rng(6), months=16), TREATED, CONTROL, start="2023-10-01",
        rules=MONTHS,
    )  # fmt: skip
    assert checks(counts).loc["recording elsewhere", "verdict"] == "cannot tell"
    few = count(make_records(np.random.default_rng(6), elsewhere=3.0))
    row = checks(few).loc["recording elsewhere"]
    assert row["verdict"] == "cannot tell"
    assert row["low"] < 0.75


def test_the_step_is_that_of_the_same_regression_elsewhere():
    import statsmodels.api as sm

    rng = np.random.default_rng(9)
    t = np.arange(48)
    when, after = t / 12, t >= 36
    y = rng.poisson(100 * np.exp(0.05 * when + 0.2 * np.cos(2 * np.pi * when) - 0.2 * after))
    step, error, df = step_at_start(y[None].astype(float), np.full(48, 30.4), when, after)
    waves = [f(2 * np.pi * k * when) for k in (1, 2) for f in (np.cos, np.sin)]
    x = np.column_stack([np.ones(48), when, after, *waves])
    glm = sm.GLM(y, x, family=sm.families.Poisson()).fit()
    assert glm.pearson_chi2 < glm.df_resid  # else the counts spread more than Poisson's
    assert df[0] == 48 - 7
    assert step[0] == pytest.approx(glm.params[2], abs=1e-8)
    left = glm.resid_pearson
    r = (left[1:] * left[:-1]).sum() / (left**2).sum() + 7 / 48
    assert r > 0.2
    assert error[0] == pytest.approx(glm.bse[2] * np.sqrt((1 + r) / (1 - r)), rel=1e-6)


# ---- other kinds


def test_a_fall_of_one_type_is_found_and_the_other_types_are_not(plain):
    counts = count(make_records(np.random.default_rng(8), theft=0.5))
    table = compare_kinds(counts).query("by == 'type' and part == 'hotspots'").set_index("kind")
    assert table.loc["Theft", "low"] < 0.5 < table.loc["Theft", "high"]
    assert table.loc["Theft", "p_adjusted"] < 0.05
    assert "beyond chance" in table.loc["Theft", "words"]
    assert table.loc["ASB", "p_adjusted"] > 0.05
    assert "no clear change" in table.loc["ASB", "words"]
    quiet = compare_kinds(plain)
    assert not (quiet["p_adjusted"] < 0.05).any()


def test_a_shift_to_the_night_is_found():
    counts = count(make_records(np.random.default_rng(9), night=0.5))
    table = compare_kinds(counts).query("by == 'hour'").set_index("kind")
    assert table.loc["00:00 to 06:00", "low"] > 1
    assert table.loc["12:00 to 18:00", "high"] < 1


def test_the_counts_of_the_kinds_add_up_to_all(plain):
    table = compare_kinds(plain)
    columns = ["treated_before", "treated_after", "control_before", "control_after"]
    both = table.groupby(["part", "by"])[columns].sum()
    assert (both.xs("type", level="by") == both.xs("hour", level="by")).all(axis=None)
    assert both.loc[("hotspots", "type")].sum() == plain.study().y.sum()


def test_rare_kinds_have_no_ratio_and_many_are_told_together():
    rng = np.random.default_rng(10)
    records = make_records(rng)
    few = rng.choice(len(records), 25 * 8, replace=False)
    category = records["category"].to_numpy(dtype=object)
    category[few] = np.repeat([f"rare {n:02}" for n in range(25)], 8)
    counts = count(records.assign(category=category))
    types = counts.kinds.query("by == 'type'")["kind"].tolist()
    assert len(types) == 21
    assert types[-1] == "other types"
    rare = compare_kinds(counts).query("kind.str.startswith('rare')", engine="python")
    assert rare["estimate"].isna().all()
    assert (rare["words"] == "No ratio: under 20 incidents on a side, or too few places.").all()


def test_without_control_places_nothing_is_compared():
    records = make_records(np.random.default_rng(11), months=30)
    counts = count_places(records, TREATED, start=START, rules=MONTHS)
    table = compare_kinds(counts)
    assert table["estimate"].isna().all()
    assert (table["words"] == "There is nothing to compare it with.").all()


# ---- squares of the whole force


def test_squares_hold_what_a_hand_count_holds():
    rows = [(10, 10, "2024-01-31"), (90, 90, "2024-06-30"), (110, 10, "2024-12-31"),
            (-5, -5, "2025-01-01"), (110, 10, "2025-02-01"), (900, 900, "2023-05-05")]  # fmt: skip
    when = pd.to_datetime([row[2] for row in rows])
    frame = gpd.GeoDataFrame(
        {"category": ["A", "A", "B", "A", "A", "A"], "occurred_from": when, "occurred_to": when},
        geometry=[shapely.Point(row[:2]) for row in rows], crs=CRS,
    )  # fmt: skip
    place = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 100, 100)], crs=CRS)
    found = pool_counts(
        frame, place, chosen=("2024-01-01", "2024-12-31"), later=("2025-01-01", "2025-01-31")
    )
    assert found.index.tolist() == ["E-100_N-100", "E0_N0", "E100_N0", "E900_N900"]
    assert found["chosen"].tolist() == [0, 2, 1, 0]
    assert found["later"].tolist() == [1, 0, 0, 0]
    assert found["place"].tolist() == [False, True, False, False]
    assert found["days_chosen"].unique().tolist() == [366]
    assert found["days_later"].unique().tolist() == [31]
    only = pool_counts(frame, place, chosen=("2024-01-01", "2024-12-31"), categories=["B"])
    assert only["chosen"].tolist() == [1]


def test_squares_refuse_what_they_cannot_use():
    records = make_records(np.random.default_rng(12), months=1)
    with pytest.raises(InputError) as error:
        pool_counts(
            records, PLACES.set_geometry(PLACES.centroid), chosen=("2024-05-01", "2024-01-01"),
            later="2025", size_m=-3,
        )  # fmt: skip
    said = str(error.value)
    for part in ("chosen runs from", "later is '2025'", "needs a polygon", "size_m is -3"):
        assert part in said
    with pytest.raises(InputError, match=r"chosen is ''.*\n.*categories is 'Theft'") as error:
        pool_counts(records, PLACES, chosen=(None, "2024-01-01"), categories="Theft")
    assert len(error.value.faults) == 2
    with pytest.raises(InputError, match="'Piracy', which no incident has"):
        pool_counts(records, PLACES, chosen=("2023-01-01", "2023-01-31"), categories=["Piracy"])


def test_squares_of_places_in_another_crs_are_the_same():
    records = make_records(np.random.default_rng(12), months=1)
    span = ("2023-01-01", "2023-01-31")
    here = pool_counts(records, PLACES, chosen=span, size_m=200)
    there = pool_counts(records, PLACES.to_crs("EPSG:4326"), chosen=span, size_m=200)
    assert here["chosen"].equals(there["chosen"])


def test_kinds_of_what_are_no_counts_are_refused(plain):
    with pytest.raises(InputError, match="counts is of type list"):
        compare_kinds([])
    with pytest.raises(InputError, match="level is 95"):
        compare_kinds(plain, level=95)
