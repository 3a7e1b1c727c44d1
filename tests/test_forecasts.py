"""Forecasts that say what they know: sums that agree, intervals that hold, no look ahead."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.stats import nbinom, poisson

import hotspots as hs
from hotspots.forecasts._choose import agreed
from hotspots.forecasts._counts_ahead import beginnings, crps, excess, law
from hotspots.forecasts._judge import ENOUGH, race, scored
from hotspots.forecasts._models import COMBOS, Means, means_of, smooth
from hotspots.forecasts._reconcile import reconciled, trees

MONTH = pd.offsets.MonthBegin(1)
AREAS = gpd.GeoDataFrame(
    {"area_km2": 1.0, "command": ["North", "North", "South", "South"]},
    index=pd.Index(["A", "B", "C", "D"], name="lpt"),
    geometry=[shapely.box(n, 0, n + 1, 1) for n in range(4)], crs="EPSG:27700",
)  # fmt: skip


def table(counts, start="2020-01-01", freq="MS", **columns):
    """Build a table of counts: one series, NaN where not recorded."""
    return pd.DataFrame({
        "period_start": pd.date_range(start, periods=len(counts), freq=freq),
        "incidents": np.asarray(counts, dtype=float), **columns,
    })  # fmt: skip


def force(rng, periods=48, mean=30.0, swing=0.25, walk=0.0, freq="MS"):
    """Draw counts of four LPTs that share a season; levels drift by ``walk`` a period."""
    start = pd.date_range("2020-01-01", periods=periods, freq=freq)
    season = np.exp(swing * np.cos(2 * np.pi * start.day_of_year.to_numpy() / 365.25))
    parts = []
    for n, lpt in enumerate(AREAS.index):
        level = mean * (n + 1) * np.exp(np.cumsum(rng.normal(0, walk, periods)))
        parts.append(table(rng.poisson(level * season), freq=freq, lpt=lpt))
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def told():
    """Return a forecast with every level and model."""
    counts = force(np.random.default_rng(5), periods=38)
    return counts, hs.forecast(counts, lpts=AREAS)


# --- the score -------------------------------------------------------------------------------


@pytest.mark.parametrize("mean", [0.05, 0.5, 3.0, 30.0, 900.0])
@pytest.mark.parametrize("size", [0.3, 1.0, 5.0, 99.0, 1e4, 1e7])
def test_crps_is_the_sum_over_counts_of_the_squared_distance_of_distributions(mean, size):
    for y in (0, int(1.3 * mean), int(4 * mean)):
        top = int(max(mean + 60 * np.sqrt(mean + mean**2 / size) + 60, 4 * y))
        at = np.arange(top)
        below = nbinom.cdf(at, size, size / (size + mean))
        told = crps(np.array([float(y)]), law(np.array([mean]), np.array([mean + mean**2 / size])))
        assert told[0] == pytest.approx(((below - (at >= y)) ** 2).sum(), rel=1e-7)


def test_crps_of_almost_poisson_counts_is_that_of_poisson():
    at = np.arange(80)
    expected = ((poisson.cdf(at, 12) - (at >= 9)) ** 2).sum()
    assert crps(np.array([9.0]), law(np.array([12.0]), np.array([12.0])))[0] == pytest.approx(
        expected, rel=1e-6
    )


def test_a_score_of_what_is_not_known_is_not_known():
    told = law(np.array([12.0, np.nan]), np.array([14.0, np.nan]))
    assert np.isnan(crps(np.array([np.nan, 3.0]), told)).all()


# --- the models ------------------------------------------------------------------------------


def test_without_a_season_the_mean_is_that_of_the_last_year_per_day():
    counts = np.r_[[500.0] * 2, np.arange(30, 42)]  # the first two months are older than a year
    told = hs.forecast(table(counts, "2024-01-01"), by=(), method="mean").ahead
    rate = np.arange(30, 42).sum() / 365  # March 2024 to February 2025
    assert told["expected"].tolist() == pytest.approx([rate * 31, rate * 30, rate * 31], rel=1e-9)
    assert told["period_start"].tolist() == list(pd.to_datetime(["2025-03-01", "2025-04-01",
                                                                 "2025-05-01"]))  # fmt: skip
    assert told["last_year"].tolist() == [30, 31, 32]


def test_the_interval_of_the_mean_is_gamma_poisson_before_errors_are_seen():
    # 12 equal months: no variation beyond chance, so what is left is .02 for the unknown season
    told = hs.forecast(table([20] * 12, "2025-01-01"), by=(), method="mean", origins=0).ahead
    mean, extra = 240 / 365 * 31, 31 / 365
    size = mean / (extra + 0.02 * mean)
    low, high = nbinom.ppf([0.1, 0.9], size, size / (size + mean))
    assert (told["low80"].iloc[0], told["high80"].iloc[0]) == (low, high)


def test_last_years_count_is_taken_per_day_and_from_the_year_before_where_it_is_missing():
    counts = np.arange(100.0, 128.0)  # from January 2023 to April 2025
    counts[17] = np.nan  # June 2024
    told = hs.forecast(table(counts, "2023-01-01"), by=(), method="seasonal_naive", origins=0)
    # May and July 2024; June 2023, for June 2024 is not there
    assert told.ahead["expected"].tolist() == pytest.approx([116, 105, 118])
    leap = hs.forecast(table(np.full(25, 29.0), "2023-01-01"), by=(), method="seasonal_naive")
    assert leap.ahead["expected"].iloc[0] == pytest.approx(28)  # February 2025 after that of 2024


def test_smoothing_agrees_with_statsmodels():
    from statsmodels.tsa.holtwinters import ExponentialSmoothing, SimpleExpSmoothing

    z = np.sqrt(np.random.default_rng(3).poisson(30, (1, 60)).astype(float))
    level, slope, squares = (part[0] for part in smooth(z))
    begin = z[0, :12].mean()
    for n, (gain, trend) in enumerate(COMBOS):
        if trend == 0:
            model = SimpleExpSmoothing(z[0], initialization_method="known", initial_level=begin)
            fitted = model.fit(smoothing_level=gain, optimized=False)
            ahead = level[n]
        else:
            model = ExponentialSmoothing(
                z[0], trend="add", damped_trend=True, initialization_method="known",
                initial_level=begin, initial_trend=0.0,
            )  # fmt: skip
            fitted = model.fit(
                smoothing_level=gain, smoothing_trend=trend, damping_trend=0.9, optimized=False
            )
            ahead = level[n] + 0.9 * slope[n]
        assert fitted.sse == pytest.approx(squares[n], rel=1e-9)
        assert fitted.forecast(1)[0] == pytest.approx(ahead, rel=1e-9)


def test_smoothing_steps_over_gaps():
    z = np.sqrt(np.random.default_rng(3).poisson(30, (1, 40)).astype(float))
    gap = z.copy()
    gap[0, 20:26] = np.nan
    level, _, squares = smooth(gap)
    flat = COMBOS[:, 1] == 0  # without a trend a gap changes nothing
    whole, _, without = smooth(np.delete(z, np.s_[20:26], axis=1))
    assert level[0, flat] == pytest.approx(whole[0, flat])
    assert squares[0, flat] == pytest.approx(without[0, flat])


@pytest.mark.parametrize("method", ["regression", "smoothing", "mean"])
def test_models_that_know_a_season_follow_it(method):
    month = pd.date_range("2020-01-01", periods=60, freq="MS")
    turn = 2 * np.pi * (month.day_of_year.to_numpy() + 14.5) / 365.25
    rate = 40 * np.exp(0.4 * np.cos(turn)) * month.days_in_month.to_numpy()
    told = hs.forecast(table(np.round(rate)[:57]), by=(), method=method, origins=0).ahead
    assert told["expected"].to_numpy() == pytest.approx(rate[57:], rel=0.02)


def test_regression_follows_a_trend_that_the_mean_lags_behind():
    days = pd.date_range("2021-01-01", periods=39, freq="MS").days_in_month.to_numpy()
    rate = 10 * np.exp(0.02 * np.arange(39)) * days
    both = {
        method: hs.forecast(table(np.round(rate)[:36], "2021-01-01"), by=(), method=method,
                            origins=0).ahead["expected"].to_numpy()
        for method in ("regression", "mean")
    }  # fmt: skip
    assert both["regression"] == pytest.approx(rate[36:], rel=0.02)
    assert (both["mean"] < 0.95 * rate[36:]).all()


def test_forecasts_of_nothing_stay_small_and_positive():
    quiet = pd.concat([table([0] * 30, lpt="A"), table([4, 0, 2] * 10, lpt="B")])
    for method in ("mean", "seasonal_naive", "regression", "smoothing"):
        ahead = hs.forecast(quiet, method=method, origins=0).ahead
        nothing = ahead[ahead["lpt"] == "A"]
        assert nothing["expected"].between(0, 0.6).all(), method
        assert (nothing["low95"] == 0).all()
        assert (nothing["high95"] <= 4).all(), method


def test_a_regression_of_next_to_nothing_gives_way_to_the_mean():
    counts = np.zeros(60)
    counts[[27, 36]] = 1
    both = [hs.forecast(table(counts), by=(), method=m, origins=3).ahead["expected"].tolist()
            for m in ("regression", "mean")]  # fmt: skip
    assert both[0] == both[1]


# --- learning from errors --------------------------------------------------------------------


def test_excess_variance_is_learned_and_never_from_what_came_later():
    rng = np.random.default_rng(8)
    mean, alpha = np.full((200, 61, 2), 40.0), 0.09
    y = rng.poisson(rng.gamma(1 / alpha, alpha * mean)).astype(float)
    pool, start = np.zeros(200, dtype=int), np.full((1, 61), 0.0)
    learned = excess(y, mean, np.zeros_like(mean), pool, start)
    assert np.median(learned[:, -1]) == pytest.approx(alpha, rel=0.1)
    later = y.copy()
    later[:, 30:] = 400
    again = excess(later, mean, np.zeros_like(mean), pool, start)
    assert np.array_equal(learned[:, :31, 0], again[:, :31, 0])
    assert np.array_equal(learned[:, :32, 1], again[:, :32, 1])
    assert (again[:, 32:] > learned[:, 32:]).all()


def test_before_any_error_the_spread_about_the_mean_and_the_drift_are_taken():
    noise = np.array([[0.04], [0.02], [np.nan]])
    start = beginnings(
        noise, np.full((3, 1), 100.0), np.array([0, 0, 1]), np.array([[0.0025], [0.02]])
    )
    assert start[:, 0].tolist() == pytest.approx([0.0325, 0.02])


def test_past_forecasts_are_those_that_would_have_been_made_at_the_time(told):
    counts, whole = told
    cut = pd.Timestamp("2022-12-01")  # 35 of 38 months
    then = hs.forecast(counts[counts["period_start"] < cut], lpts=AREAS)
    past = whole.past[whole.past["origin"] == cut].drop(columns=["origin", "incidents"])
    ahead = then.ahead[past.columns].sort_values(["level", "lpt", "step"]).reset_index(drop=True)
    past = past.sort_values(["level", "lpt", "step"]).reset_index(drop=True)
    pd.testing.assert_frame_equal(past, ahead, check_dtype=False)


def test_what_came_is_set_beside_what_was_forecast(told):
    counts, whole = told
    own = whole.past[whole.past["level"] == "lpt"]
    both = own.merge(counts, on=["lpt", "period_start"], suffixes=("", "_true"))
    assert len(both) == len(own) == 4 * (14 + 13 + 12)
    assert (both["incidents"] == both["incidents_true"]).all()
    of = both["period_start"].dt.year * 12 + both["period_start"].dt.month
    made = both["origin"].dt.year * 12 + both["origin"].dt.month
    assert (of - made + 1 == both["step"]).all()


# --- the choice ------------------------------------------------------------------------------


def pairs_of(rng, groups, origins, better=0.0):
    base = rng.gamma(4, 1, (groups, origins + 1, 2))
    noise = rng.normal(-better, 0.3, (groups, origins + 2))
    alike = np.stack([noise[:, :-1], noise[:, 1:]], axis=2)  # neighbours share their errors
    return base, base + alike


def test_a_rival_no_better_is_seldom_preferred():
    rng = np.random.default_rng(2)
    pairs = [pairs_of(rng, 400, 26) for _ in range(3)]
    found = race(pairs, 0, np.array([26]))
    assert (found.pick[:, -1] > 0).mean() <= 0.05


def test_a_rival_clearly_better_is_preferred_from_twelve_origins_on():
    rng = np.random.default_rng(2)
    pairs = [pairs_of(rng, 20, 26), pairs_of(rng, 20, 26, better=1.5)]
    found = race(pairs, 0)
    assert (found.pick[:, -1] == 2).all()
    assert (found.pick[:, :ENOUGH] == 0).all()
    assert (found.low[:, 1] > 0).all()


def test_nothing_beats_the_mean_where_nothing_changes_and_the_text_says_so(told):
    _, whole = told
    assert (whole.choices["model"] == "mean").all()
    assert "Nothing beats the plain mean × season beyond chance in tests from 14 past months" in (
        whole.text
    )
    assert whole.ahead.loc[whole.ahead["level"] == "lpt", "model"].eq("mean").all()


def test_where_levels_drift_smoothing_is_used_and_scored_as_chosen_at_the_time():
    counts = force(np.random.default_rng(4), periods=48, mean=200, walk=0.15)
    whole = hs.forecast(counts, horizon=1, origins=18)
    row = whole.choices.iloc[0]
    assert row["model"] == "smoothing"
    assert row["low"] > 0
    assert "Better than the plain baseline" in whole.text
    assert "smoothing of recent counts (errors" in whole.text
    skill = whole.scores.set_index("model")["skill"]
    # at the first origins the rule knew too little to leave the baseline
    assert 0 < skill["used"] < skill["smoothing"]
    assert skill["mean"] == 0


def test_few_past_periods_prefer_nothing():
    whole = hs.forecast(force(np.random.default_rng(4), periods=33, mean=200, walk=0.15))
    assert (whole.choices["model"] == "mean").all()
    assert "With 9 past months to test on, too few to prefer another model" in whole.text


def test_a_model_asked_for_is_used_as_it_is():
    whole = hs.forecast(force(np.random.default_rng(4)), method="smoothing", origins=4)
    assert (whole.ahead["model"] == "smoothing").all()
    assert "Forecast by smoothing of recent counts, as asked" in whole.text
    assert set(whole.scores["model"]) == {"mean", "smoothing", "used"}


# --- scores ----------------------------------------------------------------------------------


def test_scores_are_those_of_the_past_forecasts(told):
    _, whole = told
    part = whole.past.query("level == 'lpt' and step == 2")
    row = whole.scores.query("level == 'lpt' and step == 2 and model == 'used'").iloc[0]
    inside = part["incidents"].between(part["low80"], part["high80"])
    assert row["forecasts"] == len(part)
    assert row["origins"] == part["origin"].nunique()
    assert row["cover80"] == pytest.approx(inside.mean())
    assert row["bias"] == pytest.approx(part["expected"].sum() / part["incidents"].sum() - 1)


def test_mase_divides_by_the_mean_change_from_a_year_before():
    counts = np.r_[np.tile([10.0, 30.0], 6), np.tile([14.0, 34.0], 6), [50.0]]
    whole = hs.forecast(table(counts, "2021-01-01"), by=(), horizon=1, method="seasonal_naive")
    row = whole.scores.query("model == 'used'").iloc[0]
    # the last: 14 said, 50 came; counts had changed by 4 from year to year. From the first origin
    # only one year is known, so there is nothing to divide by
    assert whole.past["expected"].tolist()[-1] == pytest.approx(14)
    assert whole.past["incidents"].tolist()[-1] == 50
    errors = (whole.past["expected"] - whole.past["incidents"]).abs()
    assert row["mase"] == pytest.approx(np.mean(errors.iloc[1:] / 4))
    assert row["forecasts"] == len(errors) == 13


def test_intervals_hold_what_they_say():
    rng = np.random.default_rng(12)
    drawn = [force(rng, periods=51, mean=40.0).assign(category=f"c{n:02d}") for n in range(24)]
    counts = pd.concat(drawn)
    known = counts["period_start"] < pd.Timestamp("2024-01-01")
    ahead = hs.forecast(counts[known], ["lpt", "category"], method="mean", origins=2).ahead
    both = ahead.merge(counts[~known])
    assert len(both) == 288
    assert 0.76 <= both["incidents"].between(both["low80"], both["high80"]).mean() <= 0.88
    assert 0.93 <= both["incidents"].between(both["low95"], both["high95"]).mean() <= 0.99


def test_the_county_gives_what_its_rates_say():
    county = hs.make_county(seed=4, months=39)
    cut = pd.Timestamp("2026-01-01")
    before = county.incidents[county.incidents["occurred_to"] < cut]
    whole = hs.forecast(before, lpts=county.lpts, method="mean", origins=2)
    rates = county.rates[county.rates["month"] >= cut]
    truth = rates.groupby(["lpt", "month"])["expected"].sum().rename("rate").reset_index()
    both = whole.ahead.merge(truth, left_on=["lpt", "period_start"], right_on=["lpt", "month"])
    assert len(both) == 30
    # what is expected is known without chance, so it lies in the middle of the intervals
    assert both["rate"].between(both["low80"], both["high80"]).mean() >= 0.9
    force_rate = truth["rate"].sum()
    own = whole.ahead.query("level == 'lpt' and lpt != 'no LPT'")["expected"].sum()
    assert own == pytest.approx(force_rate, rel=0.06)


# --- adding up -------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["mean", "seasonal_naive", "regression", "smoothing"])
def test_lpts_add_up_to_commands_and_to_the_force_exactly(method):
    counts = force(np.random.default_rng(6), periods=40, walk=0.1)
    ahead = hs.forecast(counts, lpts=AREAS, method=method, origins=0).ahead
    total = ahead.pivot_table("expected", "level", "step", aggfunc="sum")
    assert np.allclose(total, total.iloc[0], rtol=1e-12, atol=0)
    north = ahead[(ahead["level"] == "command") & (ahead["lpt"] == "North")]["expected"]
    own = ahead[ahead["lpt"].isin(["A", "B"])].groupby("step")["expected"].sum()
    assert np.allclose(north, own, rtol=1e-12, atol=0)


def test_each_category_adds_up_by_itself_and_incidents_without_an_lpt_count():
    rng = np.random.default_rng(1)
    counts = pd.concat([force(rng, 30).assign(category=k) for k in ("x", "y")])
    lost = table(rng.poisson(3, 30), category="x", lpt=None)
    ahead = hs.forecast(pd.concat([counts, lost]), ["lpt", "category"], lpts=AREAS, origins=3).ahead
    total = ahead.pivot_table("expected", ["category", "step"], "level", aggfunc="sum")
    assert np.allclose(total["lpt"], total["force"], rtol=1e-12)
    assert np.allclose(total["command"], total["force"], rtol=1e-12)
    assert set(ahead.loc[ahead["level"] == "command", "lpt"]) == {"North", "South", "no command"}


def tree_of_four():
    keys = pd.DataFrame({
        "level": ["lpt"] * 4 + ["command"] * 2 + ["force"],
        "lpt": ["A", "B", "C", "D", "North", "South", "Force"],
    })  # fmt: skip
    (tree,) = trees(keys, AREAS)
    return tree


def test_reconciliation_is_weighted_least_squares():
    rows, sums = tree_of_four()
    rng = np.random.default_rng(0)
    mean = rng.gamma(30, 1, (7, 2, 3))
    variance = rng.gamma(30, 1, mean.shape)
    given = np.full_like(mean, 0.1)
    for way, weight in (("variance", 1 / variance[rows]),
                        ("structural", np.broadcast_to(1 / sums.sum(1)[:, None, None],
                                                       mean.shape))):  # fmt: skip
        found, _ = reconciled(mean, given, variance, (rows, sums), way)
        w = np.diag(weight[:, 1, 2])
        best = sums @ np.linalg.inv(sums.T @ w @ sums) @ sums.T @ w @ mean[rows, 1, 2]
        assert found[:, 1, 2] == pytest.approx(best, rel=1e-10)
    summed, _ = reconciled(mean, given, variance, (rows, sums), "bottom_up")
    assert summed == pytest.approx(np.einsum("mi,ioh->moh", sums, mean[:4]))


@pytest.mark.parametrize("way", ["bottom_up", "structural", "variance"])
def test_forecasts_that_already_agree_stay_and_none_falls_below_nothing(way):
    rows, sums = tree_of_four()
    agreed = (sums @ np.array([5.0, 7.0, 11.0, 2.0]))[:, None, None]
    ones = np.ones_like(agreed)
    found, extra = reconciled(agreed, 0.1 * ones, ones, (rows, sums), way)
    assert found == pytest.approx(agreed)
    assert extra == pytest.approx(0.1 * ones)
    low = agreed.copy()
    low[-1] = 1.0  # the force by itself says far less
    found, _ = reconciled(low, ones, ones, (rows, sums), way)
    assert (found > 0).all()
    assert found[-1] == pytest.approx(found[:4].sum(axis=0))


@pytest.mark.parametrize(("noisy", "way"), [("lpt", "structural"), ("force", "bottom_up")])
def test_the_levels_that_foretell_best_bear_the_weight(noisy, way):
    _, sums = tree_of_four()
    keys = pd.DataFrame({
        "level": ["lpt"] * 4 + ["command"] * 2 + ["force"],
        "lpt": ["A", "B", "C", "D", "North", "South", "Force"],
    })  # fmt: skip
    rng = np.random.default_rng(3)
    target = np.einsum("mi,ioh->moh", sums, rng.poisson(100, (4, 27, 1)).astype(float))
    target[:, -1] = np.nan
    miss = np.where(keys["level"] == noisy, 40, 1)[:, None, None]
    truth = np.nan_to_num(target, nan=100)
    mean = np.maximum(truth + miss * rng.normal(size=target.shape), 1)
    code, start = np.array([2, 2, 2, 2, 0, 0, 1]), np.zeros((3, 27))
    base = scored(mean, np.full_like(mean, 0.01), target, code, start)
    means = Means(np.arange(27), {}, {}, target, *[np.zeros((7, 27))] * 3, np.array([]),
                  np.array([]))  # fmt: skip
    pick = np.zeros((3, 27), dtype=int)
    used, ways = agreed([base], pick, code, means, start, keys, AREAS, 0)
    assert (ways != "bottom_up").all() == (way != "bottom_up")
    assert used.mean[:4, -1].sum() == pytest.approx(used.mean[6, -1].item(), rel=1e-12)
    if noisy == "lpt":  # their noise is taken out by what the levels above know
        late = np.s_[:4, ENOUGH:-1]
        assert np.abs(used.error[late]).mean() < np.abs(base.error[late]).mean()


# --- counts, gaps, short records -------------------------------------------------------------


def test_interval_ends_are_whole_counts_in_order(told):
    _, whole = told
    for frame in (whole.ahead, whole.past):
        ends = frame[["low95", "low80", "high80", "high95"]]
        assert (ends.dtypes == "Int64").all()
        assert (ends.diff(axis=1).iloc[:, 1:] >= 0).all(axis=None)
        assert (frame["expected"].between(frame["low95"], frame["high95"])).all()


def test_weeks_follow_each_other():
    counts = force(np.random.default_rng(5), periods=120, freq="W-MON")
    whole = hs.forecast(counts, freq="W-MON", horizon=4, lpts=AREAS, origins=5)
    starts = whole.ahead["period_start"].unique()
    assert len(starts) == 4
    assert (np.diff(starts) == np.timedelta64(7, "D")).all()
    assert "Next week (the week of 25 April 2022)" in whole.text


def test_a_gap_is_left_out_and_never_read_as_zero():
    counts = np.full(40, 50.0)
    counts[20:28] = np.nan
    whole = hs.forecast(table(counts), by=(), method="mean")
    assert whole.ahead["expected"].to_numpy() == pytest.approx([50.96, 49.32, 50.96], rel=0.001)
    assert "8 months not wholly recorded are left out, never read as zero" in whole.text
    gap = pd.date_range("2021-09-01", periods=8, freq="MS")
    assert not whole.past["period_start"].isin(gap).any()


def test_errors_are_told_beside_those_of_last_years_counts(told):
    _, whole = told
    scores = whole.scores[whole.scores["level"] == "lpt"].set_index(["model", "step"])
    weight = scores.loc["used", "forecasts"]
    own, naive = ((scores.loc[m, "mase"] * weight).sum() for m in ("used", "seasonal_naive"))
    assert f"they missed by {1 - own / naive:.0%} less than last year's counts" in whole.text


def test_under_two_years_no_season_is_claimed():
    whole = hs.forecast(force(np.random.default_rng(5), periods=16), lpts=AREAS)
    assert "No season is in these figures" in whole.text
    assert "plain mean of the last year is used" in whole.text
    assert "in the same month last year" in whole.text


def test_under_a_year_there_is_a_forecast_but_no_test():
    whole = hs.forecast(force(np.random.default_rng(5), periods=8), lpts=AREAS)
    assert "The record is too short to test a forecast on past months" in whole.text
    assert "the same month last year was not recorded" in whole.text
    assert len(whole.past) == 0
    wide = whole.ahead.query("level == 'force' and step == 1").iloc[0]
    assert wide["high80"] - wide["low80"] > 0.3 * wide["expected"]  # for the season not known


def test_too_short_a_record_is_refused():
    with pytest.raises(hs.InputError, match="5 months wholly recorded; a forecast needs 6"):
        hs.forecast(table([20] * 5), by=())
    with pytest.raises(hs.InputError, match="12 weeks wholly recorded; a forecast needs 13"):
        hs.forecast(table([20] * 12, "2024-01-01", "W-MON"), by=(), freq="W-MON")


def test_a_group_that_ended_or_began_late_does_no_harm():
    counts = pd.concat([
        table(np.full(40, 30.0), lpt="A"), table(np.full(14, 20.0), "2022-03-01", lpt="B"),
    ])  # fmt: skip
    whole = hs.forecast(counts, lpts=AREAS.loc[["A", "B"]], method="mean", origins=4)
    assert whole.ahead["expected"].notna().all()
    assert whole.ahead.query("lpt == 'B' and step == 1")["expected"].iloc[0] == pytest.approx(
        20, rel=0.05
    )


# --- what is given ---------------------------------------------------------------------------


def test_every_fault_is_named_at_once():
    with pytest.raises(hs.InputError) as error:
        hs.forecast(table([20] * 30), (), "D", 9, method="best", origins=-1, seed="x")
    assert len(error.value.faults) == 5
    for word in ("freq is 'D'", "horizon is 9", "method is 'best'", "origins is -1", "seed is 'x'"):
        assert word in str(error.value)


@pytest.mark.parametrize(
    ("freq", "horizon"), [("MS", 4), ("MS", 0), ("W-MON", 5), ("MS", True), ("MS", 1.5)]
)
def test_a_horizon_out_of_range_is_refused(freq, horizon):
    with pytest.raises(hs.InputError, match="horizon is"):
        hs.forecast(table([20] * 30), by=(), freq=freq, horizon=horizon)


@pytest.mark.parametrize("given", [None, 3, "counts", [], np.zeros(3)])
def test_what_is_no_table_is_refused(given):
    with pytest.raises(hs.InputError):
        hs.forecast(given)


def test_month_only_records_get_no_weekly_forecast():
    start = pd.date_range("2023-01-01", periods=24, freq="MS").repeat(9)
    month_only = gpd.GeoDataFrame(
        {"category": "Burglary", "occurred_from": start, "occurred_to": start + MONTH},
        geometry=np.full(len(start), shapely.Point(388000, 347000)), crs="EPSG:27700",
        index=pd.RangeIndex(len(start), name="incident"),
    )  # fmt: skip
    with pytest.raises(hs.InputError, match="month-only"):
        hs.forecast(month_only, by=(), freq="W-MON")
    assert len(hs.forecast(month_only, by=(), origins=0).ahead) == 3


def test_counts_made_before_need_the_lpts_again_to_add_up():
    counted = hs.count_series(force(np.random.default_rng(5), 30), lpts=AREAS)
    with pytest.raises(hs.InputError, match="give lpts= too"):
        hs.forecast(counted)
    assert len(hs.forecast(counted, lpts=AREAS, origins=0).ahead) == 21


def test_rows_in_any_order_and_the_same_seed_give_the_same(told):
    counts, whole = told
    again = hs.forecast(counts.sample(frac=1, random_state=1), lpts=AREAS)
    pd.testing.assert_frame_equal(whole.ahead, again.ahead)
    pd.testing.assert_frame_equal(whole.scores, again.scores)
    assert whole.text == again.text


@pytest.mark.parametrize(("factor", "way"), [(0.5, "below"), (1.0, "")])
def test_a_step_just_before_the_end_is_warned_of(factor, way):
    counts = np.tile([50.0, 52, 47, 51, 49], 9)[:43]
    counts[40:] = np.round(factor * counts[40:])
    whole = hs.forecast(table(counts), by=(), horizon=1, method="mean", origins=9)
    warned = f"recorded months lay {way} their intervals: the level may have stepped"
    assert (warned in whole.text) == bool(way)
    assert ("find_breaks" in whole.text) == bool(way)


def test_of_many_series_those_that_stepped_are_named():
    flat = np.tile([50.0, 52, 47, 51, 49], 9)[:43]
    fell, rose = flat.copy(), flat.copy()
    fell[-3:], rose[-3:] = 25, 80
    some = dict.fromkeys("ADEFGHIJ", flat) | {"B": fell, "C": rose}
    counts = pd.concat([table(c, lpt=n) for n, c in some.items()])
    text = hs.forecast(counts, horizon=1, method="mean", origins=9).text
    assert "lay above their intervals: C, below their intervals: B. There the level may" in text


def test_quiet_series_do_not_swell_the_sum():
    quiet = [table([0.0] * 30, lpt=f"Q{n}") for n in range(20)]
    counts = pd.concat([*quiet, table([1.0] * 30, lpt="A")])
    ahead = hs.forecast(counts, method="mean", origins=0).ahead.query("step == 1")
    assert ahead["expected"].sum() == pytest.approx(1, abs=0.12)


def test_few_forecasts_are_counted_not_given_in_percent():
    text = hs.forecast(table([20] * 14), by=(), method="mean", origins=1, horizon=1).text
    assert "Made in the same way from 1 past month, 1 forecast held 1 of the counts" in text


def test_the_text_gives_the_number_first_then_the_interval_and_last_year(told):
    _, whole = told
    row = whole.ahead.query("level == 'force' and step == 1").iloc[0]
    first = whole.text.splitlines()[0]
    assert first.startswith(
        f"Next month (March 2023) the force can expect {row['expected']:,.0f} incidents (80% "
        f"interval {row['low80']:,} to {row['high80']:,}; 95% interval"
    )
    assert f"{row['last_year']:,.0f}" in first
    assert "LPTs add up to their commands and to the force exactly" in whole.text
    for word in ("impact", "caused", "p-value", "nan"):
        assert word not in whole.text


def test_many_groups_are_capped_and_the_largest_come_first():
    rng = np.random.default_rng(0)
    counts = pd.concat([table(rng.poisson(5 + 10 * n, 30), lpt=f"L{n:02d}") for n in range(14)])
    lines = hs.forecast(counts, origins=0).text.splitlines()
    assert lines[0].startswith("Expected next month (July 2022)")
    assert lines[1].startswith("L13: ")
    assert "... and 4 more groups in the table ahead." in lines


def test_police_generated_incidents_are_told():
    county = hs.make_county(seed=1, months=7)
    whole = hs.forecast(county.incidents, by=(), method="mean", origins=0)
    police = int((county.incidents["origin"] == "police").sum())
    assert f"{police:,} police-generated incidents are among the counts" in whole.text


def test_every_column_is_explained(told):
    from hotspots.report.columns import about

    _, whole = told
    assert list(whole.tables) == ["ahead", "choices", "scores", "past", "series"]
    silent = [
        f"{name}.{column}"
        for name, frame in whole.tables.items()
        for column in frame
        if not about(f"forecast_{name}", str(column))["meaning"]
    ]
    assert silent == []


def test_means_are_made_at_each_origin_from_what_it_knew():
    counted = hs.count_series(table(np.arange(1.0, 31.0)), ())
    means = means_of(counted.panel, np.array([20, 30]), 2, ["mean", "seasonal_naive"])
    assert means.target[0].tolist()[0] == [21, 22]
    assert np.isnan(means.target[0, 1]).all()
    days = counted.panel.days
    rate = np.arange(9.0, 21.0).sum() / days[8:20].sum()
    assert means.mean["mean"][0, 0] == pytest.approx(rate * days[20:22])


# --- the picture -----------------------------------------------------------------------------


def test_the_picture_shows_history_intervals_and_last_year(told):
    _, whole = told
    ax = hs.plot_forecast(whole)
    assert ax.get_title() == "Force: forecast by the sum of its LPTs"
    rows = whole.ahead.query("level == 'force'")
    bars = sorted(round(p.get_height(), 6) for p in ax.patches)
    wanted = [float(h - low) for k in (80, 95)
              for low, h in zip(rows[f"low{k}"], rows[f"high{k}"], strict=True)]  # fmt: skip
    assert bars == sorted(wanted)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert {"recorded", "expected", "same period last year", "80% interval"} <= set(labels)
    assert hs.plot_forecast(whole, "A").get_title() == "A: forecast by mean × season"


def test_the_picture_shades_what_was_not_recorded():
    counts = np.full(30, 50.0)
    counts[20:24] = np.nan
    ax = hs.plot_forecast(hs.forecast(table(counts), by=(), origins=0))
    assert "not recorded" in [text.get_text() for text in ax.texts]
    with pytest.raises(hs.InputError, match="no group 'Z'"):
        hs.plot_forecast(hs.forecast(table(counts), by=(), origins=0), "Z")
    with pytest.raises(hs.InputError, match="give what forecast returns"):
        hs.plot_forecast(hs.data_support)


# --- real records ----------------------------------------------------------------------------


@pytest.mark.realdata
def test_sixteen_months_of_staffordshire_get_the_plain_mean(shared):
    lpts = hs.read_lpts(shared / "data" / "boundaries" / "staffordshire_lpts.gpkg")
    path = shared / "data" / "police_uk" / "staffordshire-2024-2025.zip"
    whole = hs.forecast(hs.read_incidents(path, lpts=lpts).incidents, lpts=lpts)
    assert (whole.choices["model"] == "mean").all()
    assert "No season is in these figures" in whole.text
    assert "8 months not wholly recorded are left out" in whole.text
    first = whole.ahead.query("level == 'force' and step == 1").iloc[0]
    assert first["period_start"] == pd.Timestamp("2026-01-01")
    total = whole.ahead.pivot_table("expected", "step", "level", aggfunc="sum")
    assert np.allclose(total["lpt"], total["force"], rtol=1e-12)


@pytest.mark.realdata
def test_the_city_of_london_in_2020_was_not_what_its_past_said(shared):
    path = shared / "data" / "police_uk" / "city-of-london-2018-2020.zip"
    whole = hs.forecast(hs.read_incidents(path).incidents, by=["category"])
    assert (whole.choices["model"] == "mean").all()
    assert "Expect more surprises than the intervals say" in whole.text
