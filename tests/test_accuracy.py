"""Measures against numbers from elsewhere, rolling origins, and the scorer in scikit-learn."""

import itertools
import pickle
import warnings

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score

import hotspots as hs
from hotspots.accuracy.origins import Span
from hotspots.contracts import InputError, Notice

RANKED = (hs.hit_rate, hs.pai, hs.pei, hs.recapture_rate_index, hs.calibration_ratio)


def days(times, until=None, **columns) -> gpd.GeoDataFrame:
    """Incidents at the times given (exact ones, or intervals), all at one place."""
    start = pd.to_datetime(pd.Series(times))
    end = start if until is None else pd.to_datetime(pd.Series(until))
    index = pd.Index([f"i{n:05d}" for n in range(len(start))], name="incident")
    frame = {"category": "ASB", "occurred_from": start.to_numpy(), "occurred_to": end.to_numpy()}
    return gpd.GeoDataFrame(
        frame | columns, geometry=[shapely.Point(380_050, 340_050)] * len(start),
        crs="EPSG:27700", index=index,
    )  # fmt: skip


def daily(start="2024-01-01", end="2025-01-01", per_day=4) -> gpd.GeoDataFrame:
    every = pd.date_range(start, end, freq="D", inclusive="left")
    hours = np.arange(per_day) * (24 / per_day) + 1
    return days([day + pd.Timedelta(hours=h) for day in every for h in hours])


def monthly(months, per_month=60) -> gpd.GeoDataFrame:
    """Month-only records, as police.uk publishes them."""
    starts = [pd.Timestamp(month) for month in months for _ in range(per_month)]
    return days(starts, [start + pd.offsets.MonthBegin() for start in starts])


# --- measures --------------------------------------------------------------------------------


def test_check_values():
    """Three cells that held 6, 3 and 0, predicted 3, 2 and 1."""
    observed, predicted = [6, 3, 0], [3, 2, 1]
    np.testing.assert_allclose(hs.pai(observed, predicted), [2, 1.5, 1])
    np.testing.assert_allclose(hs.pei(observed, predicted), [1, 1, 1])
    np.testing.assert_allclose(hs.hit_rate(observed, predicted), [2 / 3, 1, 1])
    # predicted to observed: 3/6, 5/9, 6/9
    np.testing.assert_allclose(hs.calibration_ratio(observed, predicted), [0.5, 5 / 9, 2 / 3])


def test_a_quarter_of_the_crime_in_a_twentieth_of_the_area():
    observed = np.concatenate([[25.0], np.full(19, 75 / 19)])
    assert hs.pai(observed, np.arange(20, 0, -1))[0] == pytest.approx(5)
    # the same county in two cells of unequal area
    assert hs.pai([25, 75], [2, 1], area=[5, 95])[0] == pytest.approx(5)


def test_recapture_after_levine():
    """60 of 100 in the hotspot became 30 of 80: (30/60) / (80/100) = .625."""
    index = hs.recapture_rate_index([30, 50], [60, 40])
    np.testing.assert_allclose(index, [0.625, 1.0])


def test_measures_agree_with_a_naive_loop():
    rng = np.random.default_rng(3)
    observed, predicted = rng.poisson(2, 40), rng.integers(0, 6, 40)
    area = rng.uniform(0.5, 2, 40)
    order = sorted(range(40), key=lambda cell: (-predicted[cell], cell))  # ties by cell
    for k in range(1, 41):
        top = order[:k]
        caught, share = observed[top].sum() / observed.sum(), area[top].sum() / area.sum()
        assert hs.hit_rate(observed, predicted, area)[k - 1] == pytest.approx(caught)
        assert hs.pai(observed, predicted, area)[k - 1] == pytest.approx(caught / share)
        ratio = predicted[top].sum() / observed[top].sum() if observed[top].sum() else np.nan
        found = hs.calibration_ratio(observed, predicted)[k - 1]
        assert found == pytest.approx(ratio, nan_ok=True)
        best = np.sort(observed)[::-1][:k].sum()
        assert hs.pei(observed, predicted)[k - 1] == pytest.approx(observed[top].sum() / best)


def test_the_best_of_unequal_areas_is_never_beaten_by_whole_cells():
    rng = np.random.default_rng(5)
    observed, area = rng.poisson(3, 9).astype(float), rng.uniform(0.2, 3, 9)
    predicted = rng.normal(size=9)
    found = hs.pei(observed, predicted, area)
    order = np.argsort(-predicted)
    for k in range(1, 10):
        budget = area[order[:k]].sum() + 1e-9
        caught = observed[order[:k]].sum()
        whole = max(
            observed[list(some)].sum()
            for size in range(10)
            for some in itertools.combinations(range(9), size)
            if area[list(some)].sum() <= budget
        )
        assert 0 <= found[k - 1] <= caught / whole + 1e-9
    by_density = hs.pei(observed, observed / area, area)
    np.testing.assert_allclose(by_density, 1)


def test_series_are_brought_together_by_their_cells():
    observed = pd.Series([6, 3, 0], index=[10, 11, 12])
    mixed = pd.Series([1, 3, 2], index=[12, 10, 11])
    np.testing.assert_allclose(hs.pai(observed, mixed), [2, 1.5, 1])
    area = pd.Series([2.0, 1.0, 1.0], index=[11, 10, 12])
    np.testing.assert_allclose(hs.pai(observed, mixed, area)[0], (6 / 9) / (1 / 4))
    np.testing.assert_allclose(hs.pai(observed.to_numpy(), mixed), hs.pai([6, 3, 0], [1, 3, 2]))


@pytest.mark.parametrize("measure", RANKED, ids=lambda f: f.__name__)
def test_faults_are_named_all_at_once(measure):
    with pytest.raises(InputError) as error:
        measure([1, np.nan, -2], [[1, 2]], area="wide")
    assert error.value.what == measure.__name__
    assert [fault.split()[0] for fault in error.value.faults] == ["observed", "predicted", "area"]
    with pytest.raises(InputError, match=r"observed is negative in 1 of 3 cells \(position 2\)"):
        measure([1, 2, -2], [1, 2, 3])
    with pytest.raises(InputError, match=r"lengths differ \(observed 2, predicted 3\)"):
        measure([1, 2], [1, 2, 3])
    with pytest.raises(InputError, match="area is 0 in places"):
        measure([1, 2], [1, 2], [0, 1])
    with pytest.raises(InputError) as error:
        measure(pd.Series([1, 2], index=[1, 2]), pd.Series([1, 2], index=[2, 3]))
    assert "predicted lacks 1 of the 2 cells of observed (first: 1)" in str(error.value)
    assert "predicted has cells that observed lacks: 1 of 2 (first: 3)" in str(error.value)
    twice = pd.Series([1, 2], index=[1, 1])
    with pytest.raises(InputError, match="has cell 1 twice"):
        measure(pd.Series([1, 2], index=[1, 2]), twice)
    for strange in (pd.to_datetime(["2025-01-01", "2025-02-01"]), np.array([1j, 2]), ["1", "2"]):
        with pytest.raises(InputError, match="observed is of type"):
            measure(strange, [1, 2])


def test_only_amounts_must_not_be_negative():
    """A ranking may come from z-scores; a ratio of counts may not."""
    assert hs.hit_rate([1, 0], [-1, -2])[0] == 1
    for measure in (hs.recapture_rate_index, hs.calibration_ratio):
        with pytest.raises(InputError, match="predicted is negative"):
            measure([1, 0], [-1, -2])


@pytest.mark.parametrize("measure", RANKED, ids=lambda f: f.__name__)
def test_nothing_observed_and_no_cells(measure):
    assert np.isnan(measure([0, 0], [2, 1])).all() or measure is hs.recapture_rate_index
    assert measure([], []).shape == (0,)


def test_a_curve_runs_from_nothing_to_everything():
    curve = hs.hit_rate_curve([6, 3, 1], [1, 3, 2], [1, 2, 1])
    assert curve.index.name == "rank"
    assert curve["share_area"].tolist() == [0, 0.5, 0.75, 1]
    assert curve["hit_rate"].round(9).tolist() == [0, 0.3, 0.4, 1]
    by_hand = 0.5 * 0.15 + 0.25 * 0.35 + 0.25 * 0.7
    assert hs.area_under_curve([6, 3, 1], [1, 3, 2], [1, 2, 1]) == pytest.approx(by_hand)
    assert len(hs.hit_rate_curve([], [])) == 0
    assert np.isnan(hs.area_under_curve([], []))
    assert np.isnan(hs.area_under_curve([0, 0], [1, 2]))
    with pytest.raises(InputError, match="area_under_curve: the lengths differ"):
        hs.area_under_curve([1], [1, 2])


def test_area_under_the_curve_of_blind_picks_is_a_half():
    rng = np.random.default_rng(0)
    observed = rng.poisson(1, 400)
    found = [hs.area_under_curve(observed, rng.random(400)) for _ in range(200)]
    assert np.mean(found) == pytest.approx(0.5, abs=0.01)


def test_the_log_score_is_won_by_the_truth_and_not_by_a_tiny_area():
    rng = np.random.default_rng(1)
    rate = rng.gamma(0.5, 4, 300)
    observed = rng.poisson(rate)
    truth = hs.log_score(observed, rate)
    tiny = np.zeros(300)
    tiny[np.argmax(observed)] = 1
    assert hs.pai(observed, tiny)[0] > hs.pai(observed, rate)[29]  # what can be gamed
    assert truth > 0 > hs.log_score(observed, tiny)
    assert truth > hs.log_score(observed, rate**2)
    assert truth > hs.log_score(observed, np.sqrt(rate))
    assert hs.log_score(observed, np.full(300, 7.0)) == pytest.approx(0)
    assert hs.log_score(observed, 1000 * rate) == pytest.approx(truth)  # units do not matter
    # a county cut into unequal cells says the same of a heat per area
    assert hs.log_score([3, 1], [3, 1]) == pytest.approx(
        hs.log_score([1, 2, 1], [3, 3, 1], [1 / 3, 2 / 3, 1])
    )


def test_the_log_score_names_its_faults():
    with pytest.raises(InputError) as error:
        hs.log_score([1, -1], [0, 1], floor=0)
    assert len(error.value.faults) == 2
    with pytest.raises(InputError, match="predicted is 0 everywhere"):
        hs.log_score([1, 1], [0, 0])
    assert np.isnan(hs.log_score([0, 0], [1, 1]))


# --- rank-biased overlap ---------------------------------------------------------------------


def test_overlap_by_hand():
    """Three items, the last two swapped, p = .5: agreement 1, 1/2, 1.

    1 × .5³ + (.5/.5) × (1 × .5 + .5 × .25 + 1 × .125) = .125 + .75 = .875
    """
    assert hs.rank_biased_overlap("abc", "acb", p=0.5) == pytest.approx(0.875)
    # depth 2, nothing in common at first, both then: 0, 1: 1 × .81 + (.1/.9) × .81 = .9
    assert hs.rank_biased_overlap([1, 2], [2, 1], p=0.9) == pytest.approx(0.9)


def test_overlap_agrees_with_the_sum_of_its_definition():
    rng = np.random.default_rng(2)
    for p in (0.5, 0.9, 0.98):
        a, b = (rng.permutation(60)[:25] for _ in range(2))
        naive = 0.0
        for depth in range(1, 26):
            shared = len(set(a[:depth]) & set(b[:depth])) / depth
            naive += (1 - p) * p ** (depth - 1) * shared
        naive += shared * p**25
        assert hs.rank_biased_overlap(a, b, p) == pytest.approx(naive)


def test_overlap_ends_and_faults():
    assert hs.rank_biased_overlap([1, 2, 3], [1, 2, 3]) == pytest.approx(1)
    assert hs.rank_biased_overlap([1, 2, 3], [4, 5, 6]) == 0
    assert np.isnan(hs.rank_biased_overlap([], [1]))
    assert hs.rank_biased_overlap([1, 2, 3], [1, 2]) == pytest.approx(1)  # to the shorter
    early, late = [9, 1, 2, 3, 4], [0, 1, 2, 3, 9]
    assert hs.rank_biased_overlap(early, [9, 5, 6, 7, 8]) > hs.rank_biased_overlap(
        late, [5, 6, 7, 8, 9]
    )
    with pytest.raises(InputError) as error:
        hs.rank_biased_overlap([1, 1], [2, 2], p=1)
    assert len(error.value.faults) == 3
    for none in (None, 5, [[1, 2], [3]], [{}, {}]):
        with pytest.raises(InputError, match=r"second is of type .* and no ranking"):
            hs.rank_biased_overlap([1, 2], none)
    assert hs.rank_biased_overlap([1, "a"], ["a", 1]) == hs.rank_biased_overlap("1a", "a1")
    assert hs.rank_biased_overlap([(1, 2), (3, 4)], [(1, 2), (3, 4)]) == pytest.approx(1)


# --- rolling origins -------------------------------------------------------------------------


def test_months_are_tested_one_after_the_other():
    rows = daily()
    table = hs.RollingOrigin(n_origins=3).origins(rows)
    assert table["test_start"].dt.month.tolist() == [10, 11, 12]
    assert table["test_end"].tolist() == [*table["test_start"][1:], pd.Timestamp("2025-01-01")]
    assert (table["origin"] == table["test_start"]).all()
    assert table["used"].all()
    assert table["test_incidents"].tolist() == [31 * 4, 30 * 4, 31 * 4]
    assert table["train_incidents"].tolist() == [274 * 4, 305 * 4, 335 * 4]
    for (train, test), row in zip(
        hs.RollingOrigin(n_origins=3).split(rows), table.itertuples(), strict=True
    ):
        assert rows["occurred_to"].iloc[train].max() <= row.origin
        assert rows["occurred_from"].iloc[test].min() >= row.test_start
        assert rows["occurred_to"].iloc[test].max() <= row.test_end
        assert len(train) == row.train_incidents
        assert len(test) == row.test_incidents


@pytest.mark.parametrize(
    ("horizon", "ends"),
    [("28D", ["2024-11-06", "2024-12-04"]), ("7D", ["2024-12-18", "2024-12-25"])],
)
def test_days_count_back_from_the_end(horizon, ends):
    table = hs.RollingOrigin(horizon, n_origins=2).origins(daily())
    assert table["test_start"].dt.strftime("%Y-%m-%d").tolist() == ends
    assert table["test_end"].iloc[-1] == pd.Timestamp("2025-01-01")


def test_a_month_back_from_the_31st_is_the_last_of_a_shorter_month():
    when = [pd.Timestamp(day) for day in ("2025-02-28 12:00", "2025-03-02", "2025-03-30")]
    rule = hs.RollingOrigin(gap="1D", train="1MS")
    rows = days([*when, pd.Timestamp("2025-02-27")], [*when, pd.Timestamp("2025-02-27")])
    learned, _ = rule.rows(rows, *pd.to_datetime(["2025-03-31", "2025-04-01", "2025-05-01"]))
    assert learned.tolist() == [True, True, True, False]
    for start in map(pd.Timestamp, ("2024-03-31 23:59", "2025-03-31", "2025-12-31", "2024-02-29")):
        for months in range(-30, 30):
            found = Span.read("train", "1MS").after(start.to_datetime64(), months)
            assert pd.Timestamp(found) == start + pd.DateOffset(months=months)


def test_a_gap_and_a_training_window():
    rule = hs.RollingOrigin(n_origins=1, gap="14D", train="3MS")
    rows = daily()
    row = rule.origins(rows).iloc[0]
    assert (row["origin"], row["test_start"]) == tuple(pd.to_datetime(["2024-11-17", "2024-12-01"]))
    ((train, test),) = rule.split(rows)
    assert rows["occurred_from"].iloc[train].min() == pd.Timestamp("2024-08-17 01:00")
    assert rows["occurred_to"].iloc[train].max() < row["origin"]
    assert rows["occurred_from"].iloc[test].min() == pd.Timestamp("2024-12-01 01:00")


def test_what_was_recorded_after_the_origin_was_not_known_at_it():
    rows = daily()
    row = hs.RollingOrigin(n_origins=1).origins(rows).iloc[0]
    late = np.arange(len(rows)) % 5 == 0
    recorded = rows["occurred_to"] + pd.to_timedelta(np.where(late, 10, 0), "D")
    rows["recorded_at"] = recorded.where(np.arange(len(rows)) % 7 > 0)  # some are not known
    ((train, test),) = hs.RollingOrigin(n_origins=1).split(rows)
    assert not (rows["recorded_at"].iloc[train] > row["origin"]).any()
    near = rows["occurred_to"].between("2024-11-21 00:01", "2024-11-30 23:59") & late
    assert set(np.flatnonzero(near & rows["recorded_at"].isna())) <= set(train)
    assert not set(np.flatnonzero(near & rows["recorded_at"].notna())) & set(train)
    assert len(train) == row["train_incidents"] - (near & rows["recorded_at"].notna()).sum()
    assert len(test) == row["test_incidents"]  # what happened then counts, whenever recorded
    # entered all at once long after, nothing could have been learned
    rows["recorded_at"] = pd.Timestamp("2026-01-01")
    with pytest.raises(InputError, match="nothing to learn from at its origin"):
        hs.RollingOrigin().origins(rows)


def test_times_are_enough():
    rows = pd.DataFrame(daily()[["occurred_from", "occurred_to"]])
    for horizon in ("1MS", "28D"):
        assert hs.RollingOrigin(horizon, n_origins=2).get_n_splits(rows) == 2


def test_an_interval_over_the_origin_is_on_neither_side():
    midnight = pd.Timestamp("2024-12-01")
    hours = [(0, 0), (-1, 0), (-1, 2), (0, 2), (31 * 24 - 4, 31 * 24 + 3)]
    ends = zip(*[[midnight + pd.Timedelta(hours=h) for h in pair] for pair in hours], strict=True)
    rows = days(*map(list, ends))
    origin, stop = pd.Timestamp("2024-12-01"), pd.Timestamp("2025-01-01")
    train, test = hs.RollingOrigin().rows(rows, origin, origin, stop)
    assert train.tolist() == [False, True, False, False, False]
    assert test.tolist() == [True, False, False, True, False]
    assert not (train & test).any()


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_any_resolution_of_time(unit):
    rows = daily()
    for name in ("occurred_from", "occurred_to"):
        rows[name] = rows[name].astype(f"datetime64[{unit}]")
    assert hs.RollingOrigin(n_origins=2).get_n_splits(rows) == 2


def test_missing_and_thin_months_are_no_test_and_are_told():
    months = pd.date_range("2024-01-01", "2024-12-01", freq="MS")
    rows = monthly([m for m in months if m.month != 10])
    rows = pd.concat([rows, monthly(["2024-10-01"] * 1, 3).set_axis(["x1", "x2", "x3"])])
    rule = hs.RollingOrigin(n_origins=4)
    table = rule.origins(rows)
    assert table["test_start"].dt.month[table["used"]].tolist() == [8, 9, 11, 12]
    assert table.loc[~table["used"], "reason"].tolist() == ["month thin in the records"]
    with pytest.warns(Notice, match="not tested on the periods from 01 October 2024: month thin"):
        assert len(list(rule.split(rows))) == 4
    gone = monthly([m for m in months if m.month != 10])
    assert rule.origins(gone)["reason"].tolist().count("month missing in the records") == 1


def test_a_source_that_stops_early_makes_its_months_unfit():
    rows = daily()
    source = np.where(np.arange(len(rows)) % 2, "north", "south")
    both = rows.assign(source=source)
    kept = both[(source == "south") | (both["occurred_from"] < "2024-11-01").to_numpy()]
    table = hs.RollingOrigin(n_origins=2).origins(kept)
    assert table["test_start"].dt.month[table["used"]].tolist() == [9, 10]
    # a source of few incidents does not hold the rest up
    small = rows.assign(source=np.where(np.arange(len(rows)) < 40, "tiny", "south"))
    assert hs.RollingOrigin(n_origins=2).origins(small)["used"].all()


def test_records_that_end_within_a_month():
    """June to the 20th is no whole test month, though it holds many incidents."""
    rows = daily("2024-01-01", "2024-06-21")
    last = hs.RollingOrigin(n_origins=1).origins(rows)
    assert last["test_end"].tolist() == list(pd.to_datetime(["2024-06-01", "2024-07-01"]))
    assert last["reason"].tolist() == ["", "the records end within it"]
    weeks = hs.RollingOrigin("7D", n_origins=1).origins(rows)
    assert weeks["test_end"].iloc[-1] == pd.Timestamp("2024-06-21")
    # a few quiet days at the end of a whole month are chance
    quiet = rows[(rows["occurred_from"] < "2024-05-31").to_numpy()]
    assert hs.RollingOrigin(n_origins=1).origins(quiet)["test_end"].iloc[-1] == pd.Timestamp(
        "2024-06-01"
    )


def test_fewer_origins_than_asked_for_are_announced():
    rows = daily("2024-01-01", "2024-07-01")
    with pytest.warns(Notice, match="the records allow 3 origins of the 12 asked for"):
        found = list(hs.RollingOrigin(n_origins=12).split(rows))
    assert len(found) == 3  # from April: 84 days must stand before an origin


def test_months_only_bear_no_weeks():
    rows = monthly(pd.date_range("2024-01-01", "2024-12-01", freq="MS"))
    with pytest.raises(InputError, match="use periods of calendar months"):
        list(hs.RollingOrigin("7D").split(rows))
    assert hs.RollingOrigin("1MS", n_origins=2).get_n_splits(rows) == 2


def test_what_cannot_be_split_is_refused_with_every_fault():
    wrong = hs.RollingOrigin("week", n_origins=0, gap=5, train="12M")
    with pytest.raises(InputError) as error:
        list(wrong.split([1, 2]))
    assert len(error.value.faults) == 5
    with pytest.raises(InputError, match="there are no incidents"):
        list(hs.RollingOrigin().split(daily().iloc[:0]))
    with pytest.raises(InputError, match="of type NoneType"):
        hs.RollingOrigin().get_n_splits()
    with pytest.raises(InputError, match="no period of 1MS in the records can serve as a test"):
        list(hs.RollingOrigin().split(daily("2024-01-01", "2024-02-10")))
    with pytest.raises(InputError, match="no period of 1MS"):
        list(hs.RollingOrigin().split(days(["2024-01-01"])))
    hole = daily()
    hole.loc["i00003", "occurred_to"] = pd.NaT
    with pytest.raises(InputError, match="is empty in places"):
        list(hs.RollingOrigin().split(hole))


# --- in scikit-learn -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def asb():
    county = hs.make_county(seed=1, months=8, scale=0.3)
    rows = county.incidents.query("category == 'Anti-social behaviour' and origin == 'public'")
    return rows, hs.Grid.over(county.lpts, size=250)


def test_a_search_over_time_is_what_a_loop_finds(asb):
    rows, grid = asb
    rule, score = hs.RollingOrigin(n_origins=2), hs.HitRate(grid, coverage=0.02)
    search = GridSearchCV(
        hs.KDE(), {"bandwidth": [300, 900]}, cv=rule, scoring=score, error_score="raise"
    )
    found = pickle.loads(pickle.dumps(clone(search))).fit(rows)
    for at, bandwidth in enumerate((300, 900)):
        for fold, (train, test) in enumerate(rule.split(rows)):
            heat = hs.KDE(bandwidth).fit(rows.iloc[train]).predict(grid)
            caught = hs.hit_rate(grid.counts(rows.iloc[test]), heat)
            k = int(0.02 * len(grid.cells))
            assert found.cv_results_[f"split{fold}_test_score"][at] == pytest.approx(caught[k - 1])
    assert found.best_estimator_.bandwidth == found.best_params_["bandwidth"]
    scores = cross_val_score(hs.Counts(), rows, cv=rule, scoring=score, error_score="raise")
    assert ((scores > 0.02) & (scores < 1)).all()


def test_a_search_on_two_processors(asb):
    rows, grid = asb
    search = GridSearchCV(
        hs.Counts(), {"years": [1.0, 2.0]}, cv=hs.RollingOrigin(n_origins=1), n_jobs=2,
        scoring=hs.HitRate(grid), error_score="raise",
    ).fit(rows)  # fmt: skip
    assert np.ptp(search.cv_results_["mean_test_score"]) == 0  # the same order of cells


def test_an_error_of_another_processor_is_told_in_full(asb):
    rows, grid = asb
    search = GridSearchCV(
        hs.KDE(), {"bandwidth": [-1, -2]}, cv=hs.RollingOrigin(n_origins=2),
        scoring=hs.HitRate(grid), error_score="raise", n_jobs=2,
    )  # fmt: skip
    with pytest.raises(InputError, match="bandwidth=-"):
        search.fit(rows)


def test_errors_are_not_hidden(asb):
    rows, grid = asb
    search = GridSearchCV(
        hs.KDE(), {"bandwidth": [-1]}, cv=hs.RollingOrigin(n_origins=1),
        scoring=hs.HitRate(grid), error_score="raise",
    )  # fmt: skip
    with pytest.raises(InputError, match="bandwidth=-1"):
        search.fit(rows)
    # without error_score="raise" scikit-learn still says it, as a warning and a refusal
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(ValueError, match="bandwidth=-1"):
            search.set_params(error_score=np.nan).fit(rows)


def test_the_scorer_keeps_to_the_category_and_leaves_police_out(asb):
    _, grid = asb
    county = hs.make_county(seed=1, months=8, scale=0.3).incidents
    drugs = county.query("category == 'Drugs'")
    fitted = hs.Counts(include_police=True).fit(county)
    whole = hs.HitRate(grid, coverage=0.01)(fitted, county)
    some = hs.HitRate(grid, coverage=0.01, category="Burglary")(fitted, county)
    assert 0 < some < 1
    assert some != whole
    fitted.include_police = False
    with pytest.raises(InputError, match=r"incidents to score on none can be counted"):
        hs.HitRate(grid)(fitted, drugs.query("origin == 'police'"))
    with pytest.raises(InputError, match="none is a 'Arson' that can be counted"):
        hs.HitRate(grid, category="Arson")(fitted, county)
    with pytest.raises(InputError) as error:
        hs.HitRate("map", coverage=2, category=["Burglary"])(None, county)
    assert len(error.value.faults) == 4


def test_heat_that_is_no_number_is_refused(asb):
    rows, grid = asb

    class Hollow:
        heat = np.full(len(grid.cells), np.nan)

        def predict(self, grid):  # noqa: ARG002
            return self.heat

    for heat in (Hollow.heat, [1, 2], None, "hot", {"a": 1}):
        Hollow.heat = heat
        with pytest.raises(InputError, match="it must give one number for each of"):
            hs.HitRate(grid)(Hollow(), rows)
