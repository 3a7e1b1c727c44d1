"""Decompositions that agree with others' and multiply back to the counts."""

import numpy as np
import pandas as pd
import pytest
from trend_fixtures import monthly

from hotspots.trends import seasonal_trends
from hotspots.trends._stl import stl


def test_stl_finds_a_planted_line_and_wave_exactly():
    t = np.arange(72)
    y = 100 + 0.5 * t + 20 * np.cos(2 * np.pi * t / 12)
    trend, season = stl(y[None], 12)
    assert season[0, 24:48].max() == pytest.approx(20, abs=1e-9)
    assert season[0, 24:48].min() == pytest.approx(-20, abs=1e-9)
    assert np.abs(y - trend - season)[0, 24:48].max() < 1e-11
    assert trend[0, 36] == pytest.approx(118.0, abs=1e-9)


@pytest.mark.parametrize(("steps", "cycle", "robust"), [
    (24, 12, False), (25, 12, False), (47, 12, False), (48, 12, True), (60, 12, True),
    (121, 12, True), (104, 52, False), (160, 52, True), (60, 7, False),
])  # fmt: skip
def test_all_at_once_are_the_numbers_of_statsmodels_one_by_one(steps, cycle, robust):
    from statsmodels.tsa.seasonal import STL

    y = np.log(np.random.default_rng(steps).poisson(20, (4, steps)) + 0.5)
    y[0, 5] += 4  # an outlier
    y[1, ::cycle] = 9  # a sharp month
    trend, season = stl(y, cycle, robust=robust)
    for g in range(4):
        other = STL(y[g], period=cycle, seasonal=13, robust=robust).fit()
        np.testing.assert_allclose(trend[g], other.trend, atol=1e-10)
        np.testing.assert_allclose(season[g], other.seasonal, atol=1e-10)


def test_points_whose_neighbours_have_no_weight_left_stand_for_themselves():
    y = np.zeros((1, 60))
    y[0, ::12] = 100.0  # robustness weights of whole months may be nought
    trend, season = stl(y, 12, robust=True)
    assert np.isfinite(trend).all()
    assert np.isfinite(season).all()


@pytest.mark.parametrize("mean", [4, 200])
@pytest.mark.parametrize("months", [30, 60])
def test_the_parts_multiply_to_the_counts_and_add_up_on_the_working_scale(mean, months):
    counts = np.random.default_rng(months).poisson(mean, months) + 1
    trends = seasonal_trends(monthly(counts), by=())
    s, scale = trends.series, trends.summary["scale"].iloc[0]
    c, work = {"log": (0.5, np.log), "square root": (0.375, lambda v: 2 * np.sqrt(v))}[scale]
    assert scale == ("square root" if mean < 10 else "log")
    product = (s["trend"] + c) * s["season"] * s["remainder"]
    np.testing.assert_allclose(product, s["adjusted"] + c, rtol=1e-12)
    # T + S + R = y* where S and R are steps on the working scale
    y, trend = work(s["adjusted"] + c), work(s["trend"] + c)
    both = work((s["trend"] + c) * s["season"])
    assert np.abs(trend + (both - trend) + (y - both) - y).max() < 1e-10
    t, seasonal = (part[0] for part in stl(y.to_numpy()[None], 12, robust=months >= 48))
    np.testing.assert_allclose(trend, t, atol=1e-10)
    np.testing.assert_allclose(both - trend, seasonal, atol=1e-10)
    np.testing.assert_allclose(y - both, y - t - seasonal, atol=1e-10)


@pytest.mark.parametrize(("months", "decomposed"), [(23, False), (24, True)])
def test_no_decomposition_under_two_full_cycles(months, decomposed):
    trends = seasonal_trends(monthly([50 + m % 12 for m in range(months)]), by=())
    for column in ("trend", "season", "remainder"):
        assert trends.series[column].notna().all() == decomposed
        assert trends.series[column].isna().all() != decomposed
    assert trends.seasons["factor"].notna().all() == decomposed
    assert trends.summary["verdict"].tolist() == ["too short to say"]


def test_short_gaps_are_bridged_for_display_and_long_ones_end_the_run():
    wave = (100 + 30 * np.cos(2 * np.pi * np.arange(60) / 12)).astype(int)
    short, long = wave.copy(), wave.copy()
    short[20:22] = 0
    long[12:15] = 0
    bridged = seasonal_trends(monthly(short), by=())
    assert bridged.series["trend"].notna().all()
    assert bridged.series["remainder"].isna().to_numpy().nonzero()[0].tolist() == [20, 21]
    assert bridged.summary["bridged"].tolist() == [2]
    assert "straight line" in bridged.text
    run = seasonal_trends(monthly(long), by=()).series["trend"]
    assert run.isna().to_numpy().nonzero()[0].tolist() == list(range(15))


def test_seasons_are_twelve_factors_about_one():
    t = np.arange(60)
    counts = np.round(np.exp(5 + 0.3 * np.cos(2 * np.pi * (t - 6) / 12)) * 10)
    seasons = seasonal_trends(monthly(counts), by=()).seasons
    assert seasons["month"].tolist() == list(range(1, 13))
    assert seasons["recorded"].tolist() == [5] * 12
    assert seasons["factor"].idxmax() == 6  # July
    assert seasons["factor"].max() / seasons["factor"].min() == pytest.approx(1.822, rel=0.08)
    assert np.exp(np.log(seasons["factor"]).mean()) == pytest.approx(1, abs=0.01)


@pytest.mark.realdata
def test_robust_stl_agrees_with_r(shared):
    every = pd.read_csv(shared / "golden" / "stl_robust_odd_length.csv").groupby("series")
    assert len(every) == 19
    for _, rows in every:
        y = rows["y"].to_numpy(float)
        near = {"atol": 1e-9 * np.ptp(y), "rtol": 0}
        trend, season = stl(y[None], 12, robust=True, inner=1, seasonal=7, seasonal_deg=0)
        np.testing.assert_allclose(season[0], rows["S_sw7_rob_jump1"], **near)
        np.testing.assert_allclose(trend[0], rows["T_sw7_rob_jump1"], **near)


@pytest.mark.realdata
def test_plain_stl_agrees_with_r_but_for_the_points_it_jumps(shared):
    from statsmodels.tsa.seasonal import STL

    jumps = {"seasonal_jump": 1, "trend_jump": 3, "low_pass_jump": 2}
    every = pd.read_csv(shared / "golden" / "stl_monthly_main.csv").groupby("series")
    assert len(every) == 16
    for _, rows in every:
        y = rows["y"].to_numpy(float)
        options = {"seasonal": 7, "seasonal_deg": 0}
        trend, season = stl(y[None], 12, inner=2, **options)
        # R leaves out two points of three and draws lines between: so does statsmodels when told
        told = STL(y, period=12, **options, **jumps).fit(inner_iter=2)
        np.testing.assert_allclose(told.seasonal, rows["S_sw7"], atol=1e-9 * np.ptp(y), rtol=0)
        whole = STL(y, period=12, **options).fit(inner_iter=2)
        np.testing.assert_allclose(season[0], whole.seasonal, atol=1e-10 * np.ptp(y), rtol=0)
        np.testing.assert_allclose(trend[0], whole.trend, atol=1e-10 * np.ptp(y), rtol=0)
        np.testing.assert_allclose(season[0], rows["S_sw7"], atol=0.02 * np.ptp(y), rtol=0)
