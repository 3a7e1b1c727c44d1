"""Near repeat: exact small cases, a naive count of all pairs, planted and absent patterns."""

import itertools

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.stats import kstest

import hotspots as hs
from hotspots.contracts import InputError
from hotspots.detect._chains import Events
from hotspots.detect._pairs import Margins, find_pairs, observed, simulated
from hotspots.detect.near_repeat import _stratum

SPACE, TIME = (0, 1, 100, 200, 300, 400), (0, 7, 14, 21, 28, 35)


def table(x, y, day, *, hours=0, **columns) -> gpd.GeoDataFrame:
    """One incident per point, from noon of the day, known to so many hours."""
    start = pd.Timestamp("2024-01-01 12:00") + pd.to_timedelta(np.asarray(day), unit="D")
    index = pd.Index([f"i{n}" for n in range(len(start))], name="incident")
    frame = {
        "category": "Burglary",
        "occurred_from": start,
        "occurred_to": start + pd.to_timedelta(hours, unit="h"),
        **columns,
    }
    return gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy(x, y), crs="EPSG:27700", index=index)


def scattered(n=300, seed=0, width=2_000, days=200, **columns) -> gpd.GeoDataFrame:
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, width, (2, n)).astype(float)
    x[n // 10 : n // 5], y[n // 10 : n // 5] = x[: n // 10], y[: n // 10]  # some share a place
    return table(x, y, rng.integers(0, days, n), **columns)


def naive(incidents, space, time, metric):
    """Count every pair, one after the other."""
    xy = incidents.geometry.get_coordinates().to_numpy()
    day = (incidents["occurred_from"].dt.normalize() - pd.Timestamp("2020-01-01")).dt.days.tolist()
    seen = np.zeros((len(space) - 1, len(time) - 1))
    for i, j in itertools.combinations(range(len(xy)), 2):
        east, north = abs(xy[i] - xy[j]).tolist()
        apart = east + north if metric == "manhattan" else (east**2 + north**2) ** 0.5
        s = [k for k in range(len(space) - 1) if space[k] <= apart < space[k + 1]]
        days = abs(day[i] - day[j])
        t = [k for k in range(len(time) - 1) if time[k] <= days < time[k + 1]]
        if s and t:
            seen[s[0], t[0]] += 1
    return seen


# --- exact values ----------------------------------------------------------------------------


def test_tiny_case_with_its_full_null():
    """methods: 4 incidents, at most 100 m and 7 days; all 24 permutations give 16 × 0 and 8 × 2."""
    xy = np.array([(0, 0), (50, 0), (500, 0), (520, 0)], dtype=float)
    day = np.array([0, 2, 30, 33])
    pairs = find_pairs(xy, np.array([0.0, 101.0]), "manhattan")
    edges = np.array([0, 8])
    margins = Margins.of(day, np.zeros(4, dtype=np.int64), edges)
    assert observed(pairs, day, edges)[0, 0] == 2
    assert pairs[0].shape[1] == 2
    assert margins.by_time[0, 0].tolist() == [2, 4]
    assert margins.expected(pairs)[0, 0] == pytest.approx(2 / 3)
    null = [
        observed(pairs, day[list(order)], edges)[0, 0] for order in itertools.permutations(range(4))
    ]
    assert sorted(null) == [0] * 16 + [2] * 8
    assert np.mean(null) == pytest.approx(2 / 3)
    assert np.mean(np.array(null) >= 2) == pytest.approx(1 / 3)


def cliques(sizes, n, step):
    """Positions on a line: groups of the sizes given at one spot each, the rest on their own."""
    spot = np.repeat(np.arange(len(sizes)), sizes)
    return np.concatenate([spot, np.arange(len(sizes), len(sizes) + n - len(spot))]) * step


def test_knox_1964_leukaemia():
    """96 cases, 25 of 4,560 pairs close in space, 152 in time, 5 in both: .8333, P = .001684."""
    x = cliques([7, 3, 2], 96, 50_000)  # 21 + 3 + 1 pairs
    days = cliques([17, 6, 2], 96, 1_000)  # 136 + 15 + 1
    # of the seven three fall into the seventeen (3 pairs), of the three two (1), of the two both
    # into the six (1)
    order = [0, 1, 2, 30, 31, 32, 33, 3, 4, 34, 17, 18]
    order += [d for d in range(96) if d not in order]
    when = days[order] + np.arange(96) / 10_000  # or those of one place and day were one event
    found = hs.knox(table(x, np.zeros(96), when), (0, 1000, np.inf), (0, 60, np.inf), n_sim=0)
    cells = found.cells.set_index(["space", "time"])
    assert cells["observed"].sum() == 4_560
    assert cells.loc["[0, 1000) m", "observed"].sum() == 25
    assert cells.xs("[0, 60) days", level="time")["observed"].sum() == 152
    both = cells.loc[("[0, 1000) m", "[0, 60) days")]
    assert both["observed"] == 5
    assert both["expected"] == pytest.approx(0.8333, abs=5e-5)
    assert both["p_value"] == pytest.approx(0.001684, abs=5e-7)


@pytest.mark.parametrize("metric", ["manhattan", "euclidean"])
def test_counts_are_those_of_a_naive_count(metric):
    incidents = scattered(200)
    cells = hs.knox(incidents, metric=metric, n_sim=0).cells
    assert (cells["observed"] == naive(incidents, SPACE, TIME, metric).ravel()).all()
    assert cells["observed"].sum() > 100


@pytest.mark.parametrize("within", [None, "quarter"])
def test_expected_counts_are_the_mean_over_permutations(within):
    """The closed form, with periods too, against the permutations themselves."""
    incidents = scattered(150, days=400)
    space, time = (0, 150, 400), np.array([0, 7, 35])
    events = Events.of(incidents, time.astype(float))
    day = events.frame["day"].to_numpy()
    pairs = find_pairs(events.frame[["x", "y"]].to_numpy(), np.array(space, float), "manhattan")
    stratum = _stratum(day, within)
    assert stratum.max() == (0 if within is None else 4)
    margins = Margins.of(day, stratum, time)
    chance = margins.filled(simulated(pairs, day, stratum, time, n_sim=4000, seed=1))
    error = chance.std(axis=0) / np.sqrt(4000)
    assert (np.abs(chance.mean(axis=0) - margins.expected(pairs)) <= 4.5 * error + 1e-9).all()
    assert (chance.sum(axis=(1, 2)) == 150 * 149 // 2).all()


def test_permuted_counts_are_those_of_the_permuted_dates():
    """The fast count in bytes against the plain one, on dates that are all alike or far apart."""
    for days in (1, 5, 40_000):
        incidents = scattered(300, seed=days, width=300, days=days)
        events = Events.of(incidents, np.array([0.0, 7.0]))
        pairs = find_pairs(events.frame[["x", "y"]].to_numpy(), np.array([0.0, 1, 90]), "euclidean")
        day = events.frame["day"].to_numpy()
        edges, stratum = np.array([0, 7, 14, 36_000]), np.zeros(len(day), dtype=np.int64)
        found = simulated(pairs, day, stratum, edges, n_sim=3, seed=5)
        rng = np.random.default_rng(5)
        for counts in found:
            permuted = day[rng.permutation(np.arange(len(day)))]
            assert (counts == observed(pairs, permuted, edges)).all()


def test_open_bands_are_the_rest():
    incidents = scattered(120)
    inf = np.inf
    whole = hs.knox(incidents, (0, 1, 100, 400, inf), (0, 7, 35, inf), n_sim=99).cells
    assert whole["observed"].sum() == 120 * 119 // 2
    assert whole["expected"].sum() == pytest.approx(120 * 119 / 2)
    assert (
        whole["observed"].to_numpy()
        == naive(incidents, (0, 1, 100, 400, inf), (0, 7, 35, inf), "manhattan").ravel()
    ).all()
    open_ = whole["time"].eq("35 days or more") | whole["space"].eq("400 m or more")
    assert open_.sum() == 6
    assert whole.loc[open_, "q_value"].isna().all()
    assert not whole.loc[open_, "flag"].any()
    part = hs.knox(incidents, (1, 100, 400), (7, 35), n_sim=99).cells
    same = whole[~open_ & (whole["space_from_m"] >= 1) & (whole["time_from_days"] >= 7)]
    for name in ("observed", "expected", "p_value"):
        assert part[name].tolist() == pytest.approx(same[name].tolist())


def test_bands_are_half_open_and_labelled_so():
    n = 60
    x = np.concatenate([[0, 100], 10_000 * np.arange(2, n)])
    day = np.concatenate([[0, 7], 500 * np.arange(2, n)])
    cells = hs.knox(table(x, np.zeros(n), day), n_sim=0).cells.set_index(["space", "time"])
    assert cells.loc[("[100, 200) m", "[7, 14) days"), "observed"] == 1
    assert cells["observed"].sum() == 1
    assert cells.index[0] == ("[0, 1) m", "[0, 7) days")
    assert list(cells.index.levels[0]) == sorted(
        ["[0, 1) m", "[1, 100) m", "[100, 200) m", "[200, 300) m", "[300, 400) m"]
    )


def test_days_are_calendar_days_whatever_the_hour():
    """Late on one day and early on the seventh after it are 7 days apart, not 6."""
    start = pd.Series(pd.to_datetime(["2024-01-01 23:50", "2024-01-08 00:10"]))
    far = pd.Series(pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(58) * 20, unit="D"))
    when = pd.concat([start, far], ignore_index=True)
    x = np.concatenate([[0, 50], 10_000 * np.arange(1, 59)])
    incidents = table(x, np.zeros(60), np.zeros(60))
    incidents["occurred_from"] = incidents["occurred_to"] = when.to_numpy()
    cells = hs.knox(incidents, n_sim=0).cells.set_index(["space", "time"])
    assert cells.loc[("[1, 100) m", "[7, 14) days"), "observed"] == 1


# --- chance ----------------------------------------------------------------------------------


def test_same_seed_same_answer_whatever_the_order_of_rows():
    incidents = scattered(250, width=600)
    first = hs.knox(incidents, n_sim=199, seed=4)
    again = hs.knox(incidents.sample(frac=1, random_state=1), n_sim=199, seed=4)
    for name in first.tables:
        pd.testing.assert_frame_equal(first.tables[name], again.tables[name])
    assert first.text == again.text
    other = hs.knox(incidents, n_sim=199, seed=5)
    assert (first.cells["p_value"] != other.cells["p_value"]).any()


def test_p_is_uniform_where_nothing_is_there():
    rng, p = np.random.default_rng(0), []
    edges, stratum = np.array([0, 30]), np.zeros(80, dtype=np.int64)
    for seed in range(300):
        pairs = find_pairs(rng.uniform(0, 900, (80, 2)), np.array([0.0, 300]), "manhattan")
        day = rng.integers(0, 120, 80)
        chance = simulated(pairs, day, stratum, edges, n_sim=99, seed=seed)[:, 0, 0]
        p.append((1 + (chance >= observed(pairs, day, edges)[0, 0]).sum()) / 100)
    # counts come in whole numbers, so that p-values lie a little above uniform ones
    assert kstest(p, "uniform").statistic < 0.1
    assert 0.01 < np.mean(np.array(p) <= 0.05) < 0.09


def planted(seed=0, n=400, share=0.25) -> gpd.GeoDataFrame:
    """Incidents at random, a quarter of them followed within 90 m and 6 days by another."""
    rng = np.random.default_rng(seed)
    first = int(n * (1 - share))
    x, y = rng.uniform(0, 8_000, (2, first))
    day = rng.integers(0, 700, first)
    after = rng.choice(first, n - first, replace=False)
    step, turn = rng.uniform(5, 60, n - first), rng.uniform(0, 2 * np.pi, n - first)
    return table(
        np.concatenate([x, x[after] + step * np.cos(turn)]),
        np.concatenate([y, y[after] + step * np.sin(turn)]),
        np.concatenate([day, day[after] + rng.integers(1, 7, n - first)]),
    )


def test_a_planted_pattern_is_recovered():
    found = hs.knox(planted(), n_sim=999)
    assert (found.reach_m, found.reach_days) == (100.0, 7.0)
    flagged = found.cells[found.cells["flag"]]
    assert ("[1, 100) m", "[0, 7) days") in set(zip(flagged["space"], flagged["time"], strict=True))
    assert flagged["ratio"].max() > 5
    roles = found.near_repeats["role"].value_counts()
    assert 100 <= roles["near repeat"] <= 110  # the hundred planted, and a few by chance
    followers = found.near_repeats.loc[[f"i{n}" for n in range(300, 400)]]
    assert (followers["role"] == "near repeat").all()
    assert followers["distance_m"].max() < 100
    assert followers["days_since_previous"].between(0, 6).all()
    assert found.text.startswith("After an incident (Burglary), others less than 100 m away are")
    assert "not that a visit prevents the next" in found.text
    assert "Notice: for 7 days from an incident, visit and warn within 100 m of it" in found.text


def test_no_pattern_draws_no_chains_unless_asked():
    incidents = scattered(150, seed=3, width=20_000)
    found = hs.knox(incidents, n_sim=99)
    assert np.isnan(found.reach_m)
    assert found.text.startswith("No near-repeat pattern")
    assert set(found.near_repeats["role"]) == {"isolated"}
    assert len(found.chains) == 0
    assert found.near_repeats["notice_until"].isna().all()
    asked = hs.knox(incidents, n_sim=99, chain=(2_000, 60))
    assert len(asked.chains) > 0
    assert "99 permutations are too few" in found.text
    assert "too few" not in hs.knox(incidents).text
    assert asked.text.startswith("No near-repeat pattern")
    assert "Chains were drawn as asked: less than 2000 m and less than 60 days apart" in asked.text
    assert "visit and warn" not in asked.text
    assert "does not prove that there is none" in asked.text


def test_bands_from_further_out_are_not_told_as_from_nothing():
    """Pairs nearer than the first band were not counted."""
    found = hs.knox(planted(), (20, 200), (1, 7), n_sim=0)
    assert found.text.startswith("After an incident (Burglary), others 20 to 200 m away are")
    assert "expected for 1 to 7 days" in found.text


def test_growth_of_recording_is_taken_out_within_quarters():
    """One half of the town is recorded in the first year only, the other in the second."""
    rng = np.random.default_rng(2)
    n = 500
    west = np.arange(n) < n // 2
    x = np.where(west, 0, 50_000) + rng.uniform(0, 3_000, n)
    day = np.where(west, 0, 366) + rng.integers(0, 366, n)
    incidents = table(x, rng.uniform(0, 3_000, n), day)
    plain = hs.knox(incidents, (0, 400), (0, 28), n_sim=199)
    inside = hs.knox(incidents, (0, 400), (0, 28), n_sim=199, within="quarter")
    assert plain.cells["flag"].iloc[0]
    assert plain.cells["ratio"].iloc[0] == pytest.approx(2, rel=0.2)
    assert "see whether it stays with within='quarter'" in plain.text
    assert not inside.cells["flag"].iloc[0]
    assert inside.cells["ratio"].iloc[0] == pytest.approx(1, rel=0.2)
    assert "inside each quarter" in inside.text
    approximate = hs.knox(incidents, (0, 400), (0, 28), n_sim=0, within="quarter")
    assert "a Poisson approximation inside each quarter" in approximate.text


# --- chains ----------------------------------------------------------------------------------


def far(n=60) -> tuple[list[float], list[float]]:
    """Places and days of incidents that are near nothing."""
    return [100_000.0 + 5_000 * k for k in range(n)], [100 * k for k in range(n)]


def test_originators_followers_and_branches():
    """A, then B near it; C, early but far from A, joins by B alone: it starts a branch."""
    x, day = far()
    found = hs.knox(table([0, 90, 180, *x], [0] * 63, [0, 3, 1, *day]), n_sim=0, chain=(100, 7))
    near = found.near_repeats.loc[["i0", "i1", "i2"]]
    assert near["role"].tolist() == ["originator", "near repeat", "originator"]
    assert near["chain"].tolist() == [1, 1, 1]
    assert near["chain_incidents"].tolist() == [3, 3, 3]
    assert near.loc["i1", "previous"] == "i2"  # the later of two
    assert near.loc["i1", ["days_since_previous", "distance_m"]].tolist() == [2, 90]
    assert near["notice_until"].dt.strftime("%m-%d").tolist() == ["01-07", "01-10", "01-08"]
    chain = found.chains.loc[1]
    assert chain[["incidents", "originators", "span_days", "extent_m"]].tolist() == [3, 2, 3, 180]


def test_incidents_of_one_day_have_one_originator():
    x, day = far()
    incidents = table([0, 0, 0, *x], [0] * 63, [0.2, 0.0, 0.1, *day])
    near = hs.knox(incidents, n_sim=0, chain=(1, 7)).near_repeats
    assert near.loc[["i0", "i1", "i2"], "role"].tolist() == [
        "near repeat", "originator", "near repeat",
    ]  # fmt: skip
    assert near.loc["i0", "previous"] == "i2"


def test_ties_of_one_moment_are_broken_by_place_and_id():
    x, day = far()
    incidents = table([50, 0, *x], [0] * 62, [0, 0, *day])
    for rows in (incidents, incidents.iloc[::-1]):
        near = hs.knox(rows, n_sim=0, chain=(100, 7)).near_repeats
        assert near.loc[["i0", "i1"], "role"].tolist() == ["near repeat", "originator"]


def test_offences_of_one_event_are_one():
    x, day = far()
    incidents = table([0, 0, 40, *x], [0] * 63, [0, 0, 1, *day])
    found = hs.knox(incidents, n_sim=0, chain=(100, 7))
    assert found.cells["observed"].sum() == 1
    near = found.near_repeats.loc[["i0", "i1", "i2"]]
    assert near["role"].tolist() == ["originator", "same event", "near repeat"]
    assert near["chain"].tolist() == [1, 1, 1]
    assert near.loc["i1", "previous"] == "i0"
    assert found.chains.loc[1, "incidents"] == 2
    assert "1 at the place and time of another count with it as one event" in found.text
    assert len(found.near_repeats) == 63


def test_shares_of_the_roles_add_up():
    found = hs.knox(planted(3), n_sim=0, chain=(400, 28))
    share = found.near_repeats["role"].value_counts(normalize=True)
    assert share.sum() == pytest.approx(1)
    linked = found.near_repeats["chain"].notna()
    assert found.chains["incidents"].sum() == linked.sum()
    assert (found.near_repeats["role"] == "originator").sum() == found.chains["originators"].sum()
    assert (found.chains["originators"] >= 1).all()


def test_whole_number_ids_stay_whole():
    incidents = planted().reset_index(drop=True)
    near = hs.knox(incidents, n_sim=0, chain=(100, 7)).near_repeats
    assert near.index.name == "incident"
    assert near["previous"].dtype == "Int64"


# --- what is refused or left out -------------------------------------------------------------


def test_police_records_alone_are_refused_with_the_reason():
    with pytest.raises(InputError, match="60 police-generated incidents") as error:
        hs.knox(scattered(60, origin="police"))
    assert len(error.value.faults) == 2


def test_long_intervals_are_left_out_and_counted():
    incidents = scattered(80)
    hours = np.where(np.arange(80) < 10, 24 * 8, 5)
    incidents["occurred_to"] = incidents["occurred_from"] + pd.to_timedelta(hours, unit="h")
    incidents.loc["i20", "geometry"] = shapely.Point()
    incidents["origin"] = np.where(np.arange(80) == 30, "police", "public")
    found = hs.knox(incidents, n_sim=0)
    assert len(found.near_repeats) == 68
    assert "10 known no closer than 7 days" in found.text
    assert "1 without a point" in found.text
    assert "1 police-generated" in found.text
    finer = hs.knox(incidents, time_bands=(0, 1, 2), n_sim=0)
    assert "10 known no closer than 1 days" in finer.text


def test_month_only_and_snapped_records_are_refused():
    month = scattered(200, hours=24 * 31)
    with pytest.raises(InputError, match="only 0% are known to the day"):
        hs.knox(month)
    for n in (0, 1):
        with pytest.raises(InputError, match="knox: these records do not bear it"):
            hs.knox(scattered(40).iloc[:n])


def test_the_smallest_example_is_exact_and_called_very_few():
    four = table([0, 50, 500, 520], np.zeros(4), [0, 2, 30, 33])
    found = hs.knox(four, (0, 100), (0, 7), n_sim=4999)
    cell = found.cells.iloc[0]
    assert cell["observed"] == 2
    assert cell["expected"] == pytest.approx(2 / 3)
    assert cell["p_value"] == pytest.approx(1 / 3, abs=0.02)  # of the 24 orders, 8 have two
    assert "4 events are very few" in found.text


def test_too_few_events_are_refused_with_what_is_left_out():
    incidents = scattered(3)
    incidents["occurred_to"] = incidents["occurred_from"] + pd.to_timedelta([216, 0, 0], unit="h")
    incidents = pd.concat([incidents.iloc[:2], incidents.iloc[1:2].rename("again".__add__)])
    with pytest.raises(InputError, match=r"only 1 events are left .*1 known no closer than 7"):
        hs.knox(incidents)


def test_every_argument_at_fault_is_named_at_once():
    with pytest.raises(InputError) as error:
        hs.knox(
            scattered(60), (100, 50), (0, 0.5), metric="road", within=["week"], chain=400,
            n_sim=-10, seed=-1,
        )  # fmt: skip
    assert len(error.value.faults) == 7
    for part in (
        "must begin at 0 or more and rise",
        "whole days",
        "'manhattan' or 'euclidean'",
        "'year', 'quarter', 'month'",
        "as (400, 14)",
        "n_sim=-10; it must be a whole number of 0 or more",
        "seed=-1",
    ):
        assert part in str(error.value)


@pytest.mark.parametrize(
    "bands",
    [None, "0-100", (5,), (0, np.inf), (0, "a"), (-1, 5), (0, np.nan), (np.inf, 1), (), {0, 1},
     iter([0, 1]), {0: 1, 5: 2}, (0, 1, np.inf, np.inf), (0, True), (0, 5j), np.array(5),
     [np.timedelta64(0, "h"), np.timedelta64(168, "h")], (0, 1e30)],
)  # fmt: skip
def test_bands_that_are_none(bands):
    with pytest.raises(InputError, match="space_bands="):
        hs.knox(scattered(60), bands)


def test_all_at_one_place_and_all_on_one_day():
    n = 60
    heap = hs.knox(table(np.zeros(n), np.zeros(n), np.arange(n)), n_sim=99)
    cells = heap.cells.set_index(["space", "time"])
    assert cells.loc[("[0, 1) m", "[0, 7) days"), "ratio"] == pytest.approx(1)
    assert cells["p_value"].min() == 1
    assert np.isnan(cells.loc[("[1, 100) m", "[0, 7) days"), "ratio"])
    rng = np.random.default_rng(0)
    day = hs.knox(table(*rng.uniform(0, 500, (2, n)), np.zeros(n)), n_sim=99).cells
    assert day["p_value"].min() == 1
    assert not day["flag"].any()


def test_a_source_of_more_pairs_than_memory_is_refused(monkeypatch):
    monkeypatch.setattr("hotspots.detect.near_repeat.MOST_PAIRS", 100)
    with pytest.raises(InputError, match="more than the 100 that can be counted"):
        hs.knox(scattered(200, width=300))


def test_pairs_are_the_same_in_small_chunks(monkeypatch):
    incidents = scattered(200, width=400)
    whole = hs.knox(incidents, n_sim=0, chain=(100, 14))
    monkeypatch.setattr("hotspots.detect._pairs._CHUNK", 50)
    parts = hs.knox(incidents, n_sim=0, chain=(100, 14))
    for name in whole.tables:
        pd.testing.assert_frame_equal(whole.tables[name], parts.tables[name])


def test_the_picture_flags_what_the_table_flags():
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    found = hs.knox(planted(), n_sim=99)
    ax = hs.plot_knox(found)
    frames = [patch for patch in ax.patches if patch.get_linewidth() > 2]
    assert len(frames) == found.cells["flag"].sum() > 0
    assert [label.get_text() for label in ax.get_yticklabels()][1] == "[1, 100) m"
    starred = sum("*" in text.get_text() for text in ax.texts[:25])
    assert starred == len(frames)
    # a band at forty times what is expected leaves the others readable
    assert ax.images[0].get_clim() == (-2, 2)
    for wrong in (found.chains, found.cells.iloc[:0]):
        with pytest.raises(InputError, match="give what knox gives"):
            hs.plot_knox(wrong)
    plt.close("all")


@pytest.mark.realdata
def test_new_york_vehicle_thefts(shared):
    loaded = hs.read_incidents(
        shared / "data" / "timed" / "nycvehiclethefts.csv.gz", crs="EPSG:32118",
        mapping={"category": "Vehicle crime", "columns": {
            "id": "uid", "occurred_from": "date_start", "occurred_to": "date_end",
            "longitude": "longitude", "latitude": "latitude"}},
    )  # fmt: skip
    found = hs.knox(loaded.incidents, within="quarter")
    cells = found.cells.set_index(["space", "time"])
    assert cells.loc[("[0, 1) m", "[0, 7) days"), "observed"] == 551
    flagged = {key for key, flag in cells["flag"].items() if flag}
    assert flagged == {("[0, 1) m", "[0, 7) days"), ("[1, 100) m", "[0, 7) days")}
    assert (found.reach_m, found.reach_days) == (100.0, 7.0)
    assert len(found.near_repeats) == len(loaded.incidents) - 2_842
