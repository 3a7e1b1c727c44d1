"""Series that reconcile, decompositions that agree with others', and claims that hold."""

import time

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import hotspots as hs
from hotspots.trends import seasonal_trends
from hotspots.series.periods import place
from hotspots.trends._season import _drift, _harmonic, _poisson, _ratio, _stl, judge

MONTH = pd.offsets.MonthBegin(1)


def incidents(start, end=None, **columns):
    """Build an incidents table from times; the place does not matter to a trend."""
    start = pd.DatetimeIndex(start)
    return gpd.GeoDataFrame(
        {
            "category": "Burglary",
            "occurred_from": start,
            "occurred_to": start if end is None else pd.DatetimeIndex(end),
            **columns,
        },
        geometry=np.full(len(start), shapely.Point(388000, 347000)),
        crs="EPSG:27700",
        index=pd.RangeIndex(len(start), name="incident"),
    )


def monthly(counts, start="2020-01-01", **columns):
    """Month-only incidents, so many in each month from the start; zeros make no row."""
    months = pd.date_range(start, periods=len(counts), freq="MS")
    first = months.repeat(np.asarray(counts, dtype=int))
    return incidents(first, first + MONTH, **columns)


def daily(per_day, first, last, **columns):
    """Exact times at noon, so many every day from first to last."""
    return incidents(
        (pd.date_range(first, last, freq="D") + pd.Timedelta("12h")).repeat(per_day), **columns
    )


# --- placing and counting ------------------------------------------------------------------


def test_month_only_rows_belong_to_their_month():
    trends = seasonal_trends(monthly([30, 40, 50], "2025-02-01"), by=())
    assert trends.series["period_start"].tolist() == list(
        pd.to_datetime(["2025-02-01", "2025-03-01", "2025-04-01"])
    )
    assert trends.series["incidents"].tolist() == [30, 40, 50]


@pytest.mark.parametrize(
    ("start", "end", "month"),
    [
        ("2025-03-01 00:00", "2025-03-01 00:00", "2025-03"),  # midnight: the new month
        ("2025-02-28 00:00", "2025-03-01 00:00", "2025-02"),  # a whole day: its own month
        ("2025-02-28 20:00", "2025-03-01 06:00", "2025-03"),  # midpoint at 01:00
        ("2025-02-28 16:00", "2025-03-01 06:00", "2025-02"),  # midpoint at 23:00
        ("2024-12-31 23:00", "2025-01-01 02:00", "2025-01"),  # over the year's end
        ("2025-03-30 00:30", "2025-03-30 02:30", "2025-03"),  # the hour the clocks change
    ],
)
def test_an_interval_counts_at_its_midpoint(start, end, month):
    number, spanning = place(incidents([start], [end]), "MS")
    assert number.astype("datetime64[M]").astype(str).tolist() == [month]
    assert spanning == (start[:7] != end[:7] and not end.endswith("01 00:00"))


def test_weeks_begin_on_monday():
    weeks = seasonal_trends(daily(3, "2025-01-06", "2025-02-02"), by=(), freq="W-MON").series
    assert weeks["period_start"].dt.day_name().unique().tolist() == ["Monday"]
    assert weeks["incidents"].tolist() == [21] * 4
    assert weeks["adjusted"].tolist() == [21.0] * 4


def test_month_lengths_are_taken_out():
    trends = seasonal_trends(monthly([280, 310], "2025-02-01"), by=())
    assert trends.series["days"].tolist() == [28, 31]
    assert trends.series["adjusted"].tolist() == pytest.approx([304.375, 304.375], abs=1e-12)


def test_a_group_without_incidents_in_a_recorded_month_has_a_true_zero():
    both = pd.concat([
        monthly([50] * 6, lpt="Longton"),
        monthly([3, 0, 0, 2, 0, 4], lpt="Leek"),
    ]).reset_index(drop=True).rename_axis("incident")  # fmt: skip
    series = seasonal_trends(both).series
    assert series.loc[series["lpt"] == "Leek", "incidents"].tolist() == [3, 0, 0, 2, 0, 4]
    assert (series["status"] == "present").all()


def test_missing_months_are_gaps_never_zeros_and_are_said():
    trends = seasonal_trends(monthly([80] * 4 + [0] * 8 + [90] * 12, lpt="A", source="Force"))
    gap = trends.series.iloc[4:12]
    assert gap["incidents"].isna().all()
    assert (gap["status"] == "missing").all()
    assert "Force: 8 months not recorded" in trends.text
    assert "May to Dec 2020" in trends.text
    assert trends.summary["periods"].tolist() == [16]
    assert trends.summary["missing"].tolist() == [8]
    assert trends.summary["verdict"].tolist() == ["too short to say"]


def test_a_missing_month_of_one_force_leaves_the_other_forces_zero_alone():
    two = pd.concat([
        monthly([60, 60, 0, 60], lpt="A", source="North"),
        monthly([60, 60, 60, 60], lpt="B", source="South"),
        monthly([5, 5, 0, 5], lpt="C", source="South"),
    ]).reset_index(drop=True).rename_axis("incident")  # fmt: skip
    series = seasonal_trends(two).series.set_index("lpt")["incidents"]
    assert np.isnan(series["A"].iloc[2])
    assert series["C"].tolist() == [5, 5, 0, 5]


def test_all_forces_together_mark_a_month_that_one_of_them_lacks_as_incomplete():
    two = pd.concat([
        monthly([60, 60, 0, 60], source="North"), monthly([60, 60, 60, 60], source="South"),
    ]).reset_index(drop=True).rename_axis("incident")  # fmt: skip
    series = seasonal_trends(two, by=()).series
    assert series["status"].tolist() == ["present", "present", "thin", "present"]
    assert series["incidents"].sum() == len(two)
    assert series["adjusted"].isna().tolist() == [False, False, True, False]


def test_thin_months_are_kept_in_the_counts_and_left_out_of_the_fit():
    trends = seasonal_trends(monthly([100] * 5 + [20] + [100] * 6), by=())
    assert trends.series["status"].tolist() == ["present"] * 5 + ["thin"] + ["present"] * 6
    assert trends.series["incidents"].sum() == 1120
    assert trends.summary["periods"].tolist() == [11]
    assert "1 month under 40% of the usual" in trends.text


def test_sparse_records_are_not_called_thin_or_incomplete():
    rng = np.random.default_rng(4)
    days = pd.date_range("2022-01-01", "2023-12-31", freq="D")
    sparse = incidents(days.repeat(rng.poisson(0.15, len(days))))
    periods = seasonal_trends(sparse, by=()).periods
    assert set(periods["status"]) <= {"present", "missing"}


@pytest.mark.parametrize(
    ("first", "last", "kept"),
    [
        ("2025-01-01", "2025-06-30", (1, 6)),
        ("2025-01-15", "2025-06-30", (2, 6)),
        ("2025-01-01", "2025-06-18", (1, 5)),
        ("2025-01-02", "2025-06-29", (2, 5)),  # a single day short is short
    ],
)
def test_partly_covered_first_and_last_months_are_dropped_and_said(first, last, kept):
    given = daily(40, first, last)
    trends = seasonal_trends(given, by=())
    assert trends.series["period_start"].dt.month.tolist() == list(range(kept[0], kept[1] + 1))
    assert (trends.series["incidents"] == trends.series["days"] * 40).all()
    assert trends.periods["incidents"].sum() == len(given)
    assert ("partly covered" in trends.text) == (kept != (1, 6))


def test_stragglers_from_years_ago_do_not_stretch_the_series():
    old = daily(1, "1998-05-01", "1998-05-02")
    given = pd.concat([old, daily(20, "2024-01-01", "2024-12-31")]).reset_index(drop=True)
    trends = seasonal_trends(given.rename_axis("incident"), by=())
    assert trends.series["period_start"].min() == pd.Timestamp("2024-01-01")
    assert trends.periods["incidents"].sum() == len(given)


def test_incidents_without_an_lpt_are_their_own_line_and_totals_reconcile():
    given = monthly([40] * 3, lpt=["A"] * 100 + [None] * 20)
    trends = seasonal_trends(given)
    assert trends.summary["lpt"].tolist() == ["A", "no LPT"]
    assert trends.summary["incidents"].tolist() == [100, 20]
    assert trends.series["incidents"].sum() == len(given)
    assert "20 incidents with no LPT" in trends.text


def test_every_way_of_grouping_adds_up_to_the_same_total(county):
    given = county.incidents
    for by in ((), ("lpt",), ["category"], ("lpt", "category"), "lpt"):
        trends = seasonal_trends(given, by=by)
        left = trends.periods.loc[trends.periods["status"] == "incomplete", "incidents"].sum()
        assert trends.series["incidents"].sum() + left == len(given)
        assert not trends.series.duplicated([*trends.by, "period_start"]).any()


def test_the_table_given_is_not_changed_and_row_order_does_not_matter(county):
    before = county.incidents.copy()
    first = seasonal_trends(county.incidents)
    pd.testing.assert_frame_equal(county.incidents, before)
    again = seasonal_trends(county.incidents.sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(first.series, again.series)
    assert first.text == again.text


def test_one_incident_and_all_in_one_month():
    one = seasonal_trends(monthly([1]), by=())
    assert one.summary["verdict"].tolist() == ["too short to say"]
    assert "too little recorded" in one.text
    assert seasonal_trends(monthly([500]), by=()).series["incidents"].tolist() == [500]


# --- refusals ------------------------------------------------------------------------------


def test_weeks_from_month_only_records_are_refused_with_the_reason():
    with pytest.raises(hs.InputError, match=r"100% of the .*month-only.*freq='MS'"):
        seasonal_trends(monthly([50] * 30), by=(), freq="W-MON")


def test_every_fault_is_named_at_once():
    with pytest.raises(hs.InputError) as caught:
        seasonal_trends(monthly([5]), by=("lpt", "ward"), freq="Q")
    assert len(caught.value.faults) == 3
    assert "'MS'" in str(caught.value)
    assert "no such column" in str(caught.value)
    assert "'ward'" in str(caught.value)


@pytest.mark.parametrize(
    ("given", "said"),
    [({"by": None}, "by is None"), ({"by": 3}, "by is 3"), ({"by": [["lpt"]]}, "by holds"),
     ({"freq": ["MS"]}, "freq is"), ({"freq": None}, "freq is None")],
)  # fmt: skip
def test_arguments_of_the_wrong_kind_are_refused_in_words(given, said):
    with pytest.raises(hs.InputError, match=said):
        seasonal_trends(monthly([30, 30]), **({"by": ()} | given))


def test_an_lpt_that_is_called_no_lpt_is_one_line_with_the_missing():
    given = monthly([40, 40])
    given["lpt"] = np.array(["no LPT", None] * 40, dtype=object)
    trends = seasonal_trends(given)
    assert trends.summary["lpt"].tolist() == ["no LPT"]
    assert trends.summary["incidents"].tolist() == [80]


def test_what_holds_for_every_group_is_said_once_and_every_sentence_stays_whole():
    given = pd.concat([monthly([40] * 14, lpt=name) for name in "AB"], ignore_index=True)
    trends = seasonal_trends(given)
    end = "14 months recorded: too short to say whether there is a season."
    assert trends.text.count(end) == 1
    assert f"In every group {end}" in trends.text
    assert trends.summary["sentence"].str.endswith(end).all()
    assert seasonal_trends(given, by=()).text.endswith(end)


def test_one_of_a_thing_is_said_in_the_singular():
    text = seasonal_trends(monthly([1]), by=()).text
    assert text.startswith("1 incident counted by month, Jan 20")
    assert "1 month recorded" in text


def test_no_incidents_and_no_whole_month_are_refused():
    with pytest.raises(hs.InputError, match="there are no incidents"):
        seasonal_trends(monthly([5]).iloc[:0], by=())
    with pytest.raises(hs.InputError, match="wholly cover no month"):
        seasonal_trends(daily(50, "2025-03-03", "2025-03-17"), by=())
    with pytest.raises(hs.InputError, match="span more than 31 days"):
        seasonal_trends(incidents(["2024-01-01"], ["2025-01-01"]), by=())


# --- decomposition -------------------------------------------------------------------------


def test_stl_finds_a_planted_line_and_wave_exactly():
    t = np.arange(72)
    trend, season, rest = _stl(100 + 0.5 * t + 20 * np.cos(2 * np.pi * t / 12), 12)
    assert season[24:48].max() == pytest.approx(20, abs=1e-9)
    assert season[24:48].min() == pytest.approx(-20, abs=1e-9)
    assert np.abs(rest[24:48]).max() < 1e-11
    assert trend[36] == pytest.approx(118.0, abs=1e-9)


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
    t, seasonal, rest = _stl(y.to_numpy(), 12, robust=months >= 48)
    np.testing.assert_allclose(trend, t, atol=1e-10)
    np.testing.assert_allclose(both - trend, seasonal, atol=1e-10)
    np.testing.assert_allclose(y - both, rest, atol=1e-10)


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


JUMPS = {"seasonal_deg": 0, "seasonal_jump": 1, "trend_jump": 3, "low_pass_jump": 2}


@pytest.mark.realdata
def test_robust_stl_agrees_with_r(shared):
    every = pd.read_csv(shared / "golden" / "stl_robust_odd_length.csv").groupby("series")
    assert len(every) == 19
    for _, rows in every:
        y = rows["y"].to_numpy(float)
        near = {"atol": 1e-9 * np.ptp(y), "rtol": 0}
        trend, season, _ = _stl(y, 12, robust=True, inner=1, seasonal=7, seasonal_deg=0)
        np.testing.assert_allclose(season, rows["S_sw7_rob_jump1"], **near)
        np.testing.assert_allclose(trend, rows["T_sw7_rob_jump1"], **near)
        trend, season, _ = _stl(y, 12, robust=True, inner=1, seasonal=7, **JUMPS)
        np.testing.assert_allclose(season, rows["S_sw7_rob"], **near)
        np.testing.assert_allclose(trend, rows["T_sw7_rob"], **near)


@pytest.mark.realdata
def test_plain_stl_agrees_with_r(shared):
    every = pd.read_csv(shared / "golden" / "stl_monthly_main.csv").groupby("series")
    assert len(every) == 16
    periodic = {**JUMPS, "seasonal": 481, "seasonal_jump": 49, "trend": 19, "trend_jump": 2}
    for _, rows in every:
        y = rows["y"].to_numpy(float)
        trend, season, _ = _stl(y, 12, inner=2, seasonal=7, **JUMPS)
        np.testing.assert_allclose(season, rows["S_sw7"], atol=1e-9 * np.ptp(y), rtol=0)
        np.testing.assert_allclose(trend, rows["T_sw7"], atol=1e-9 * np.ptp(y), rtol=0)
        # R averages each month of a periodic season; a window of 481 almost does
        _, season, _ = _stl(y, 12, inner=2, **periodic)
        np.testing.assert_allclose(season, rows["S_periodic"], atol=1e-6 * np.ptp(y), rtol=0)


# --- the claim of a season -----------------------------------------------------------------


def test_a_planted_wave_comes_back_with_its_peak_and_ratio():
    t = np.arange(72)
    y = np.exp(3 + 0.3 * np.cos(2 * np.pi * (t - 6) / 12))
    found = _harmonic(y, (t % 12) / 12, t / 12, np.ones(72))
    assert found["peak"] * 12 == pytest.approx(6.0, abs=1e-8)
    assert found["ratio"] == pytest.approx(1.82212, abs=5e-6)
    assert np.log(found["ratio"]) / 2 == pytest.approx(0.3, abs=1e-9)
    assert found["p_value"] < 1e-6
    assert found["ratio_low"] < found["ratio"] < found["ratio_high"]


def test_the_regression_agrees_with_statsmodels():
    import statsmodels.api as sm

    rng = np.random.default_rng(5)
    t = np.arange(60)
    y = rng.poisson(20 * np.exp(0.4 * np.sin(t / 3)) * rng.gamma(5, 0.2, 60)).astype(float)
    x = np.column_stack([np.ones(60), _drift(t / 12), np.cos(t / 2), np.sin(t / 2)])
    days = 28 + t % 4
    beta, cov, mean, deviance = _poisson(x, y, np.log(days))
    other = sm.GLM(y, x, family=sm.families.Poisson(), offset=np.log(days)).fit(tol=1e-12)
    np.testing.assert_allclose(beta, other.params, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(cov, other.normalized_cov_params, rtol=1e-6, atol=1e-10)
    assert deviance == pytest.approx(other.deviance, rel=1e-9)
    np.testing.assert_allclose(mean, other.fittedvalues, rtol=1e-6)


def noise(kind, months, rng):
    if kind == "poisson":
        return rng.poisson(30, months)
    if kind == "few":
        return rng.poisson(6, months)
    if kind == "overdispersed":
        return rng.poisson(rng.gamma(10, 3.0, months))
    level = np.zeros(months)  # a drifting level, correlation .3 from month to month
    level[0] = rng.normal()
    for m in range(1, months):
        level[m] = 0.3 * level[m - 1] + rng.normal() * np.sqrt(1 - 0.09)
    return rng.poisson(100 * np.exp(0.15 * level))


@pytest.mark.parametrize("months", [36, 60])
@pytest.mark.parametrize(
    ("kind", "most"), [("poisson", 0.05), ("few", 0.05), ("overdispersed", 0.07), ("drift", 0.13)]
)
def test_noise_is_rarely_called_a_season(kind, most, months):
    rng = np.random.default_rng(months)
    t = np.arange(months)
    p, clear = [], 0
    for _ in range(400):
        y = noise(kind, months, rng).astype(float)
        found = _harmonic(y, (t % 12) / 12, t / 12, np.full(months, 30.4375))
        p.append(found["p_value"])
        clear += found["p_value"] < 0.01 and found["ratio_low"] > 1.1
    assert (np.array(p) < 0.05).mean() <= most
    assert clear / 400 <= 0.035
    # and the strength of the decomposition, which is no test, would have been fooled
    if kind == "poisson" and months == 36:
        _, season, rest = _stl(np.log(y + 0.5), 12)
        assert 1 - rest.var() / (season + rest).var() > 0.5


def test_a_real_season_is_seldom_missed():
    rng = np.random.default_rng(8)
    t = np.arange(36)
    mean = 60 * np.exp(0.3 * np.cos(2 * np.pi * (t - 6) / 12))
    found = [
        _harmonic(rng.poisson(mean).astype(float), (t % 12) / 12, t / 12, np.ones(36))
        for _ in range(100)
    ]
    assert np.mean([f["p_value"] < 0.01 and f["ratio_low"] > 1.1 for f in found]) > 0.95
    inside = [f["ratio_low"] <= np.exp(0.6) <= f["ratio_high"] for f in found]
    assert np.mean(inside) > 0.9


@pytest.mark.parametrize(("months", "verdict"), [(35, "too short to say"), (36, "clear season")])
def test_no_claim_under_thirty_six_months(months, verdict):
    t = np.arange(months)
    counts = np.round(300 * np.exp(0.3 * np.cos(2 * np.pi * (t - 6) / 12)))
    summary = seasonal_trends(monthly(counts), by=()).summary.iloc[0]
    assert summary["verdict"] == verdict
    assert np.isnan(summary["p_value"]) == (verdict == "too short to say")
    if verdict == "clear season":
        assert summary["peak_month"] == "July"
        assert "a clear season, highest about July" in summary["sentence"]
    else:
        assert "35 months recorded: too short to say" in summary["sentence"]


def test_thirty_six_months_with_a_gap_need_thirty_six_recorded():
    counts = np.full(40, 100)
    counts[5:10] = 0
    summary = seasonal_trends(monthly(counts), by=()).summary.iloc[0]
    assert (summary["periods"], summary["verdict"]) == (35, "too short to say")


def test_too_few_incidents_support_no_season_of_their_own():
    both = pd.concat([
        monthly([80] * 48, lpt="Town"), monthly([i % 3 for i in range(48)], lpt="Hill"),
    ]).reset_index(drop=True).rename_axis("incident")  # fmt: skip
    summary = seasonal_trends(both).summary.set_index("lpt")
    assert summary.loc["Hill", "verdict"] == "too few to say"
    assert summary.loc["Town", "verdict"] == "no clear season"
    assert np.isnan(summary.loc["Hill", "q_value"])


def test_q_values_are_benjamini_and_hochbergs():
    from statsmodels.stats.multitest import multipletests

    p = np.array([0.001, 0.3, np.nan, 0.012, 0.04, 0.9, 0.012])
    summary = pd.DataFrame({"p_value": p, "ratio_low": 1.2, "_why": ""})
    summary.loc[2, "_why"] = "too short to say"
    judge(summary)
    tested = ~np.isnan(p)
    expected = multipletests(p[tested], method="fdr_bh")[1]
    np.testing.assert_allclose(summary["q_value"][tested], expected, rtol=1e-12)
    assert summary["verdict"].tolist() == [
        "clear season", "no clear season", "too short to say", "possible season",
        "no clear season", "no clear season", "possible season",
    ]  # fmt: skip


def test_the_planted_seasons_of_the_county_are_found_and_no_others():
    county = hs.make_county(seed=3, months=60)
    trends = seasonal_trends(county.incidents, by=("category",))
    found = trends.summary.set_index("category")
    planted = county.seasons.groupby("category")["ratio"].median()
    flat = found.index.difference(planted[planted > 1].index)
    assert not found.loc[flat, "verdict"].eq("clear season").any()
    strong = county.seasons[county.seasons["category"].isin(planted[planted >= 1.5].index)]
    for category, rows in strong.groupby("category"):
        peak = rows["peak_month"].mode().iloc[0]
        row = found.loc[category]
        assert row["verdict"] == "clear season", category
        names = pd.date_range("2024-01-01", periods=12, freq="MS").month_name().tolist()
        off = abs(names.index(row["peak_month"]) + 1 - peak)
        assert min(off, 12 - off) <= 1, category
        assert row["ratio_low"] * 0.95 <= planted[category] <= row["ratio_high"] * 1.05, category


# --- the yearly change ---------------------------------------------------------------------


def test_the_ratio_has_the_exact_interval_of_clopper_and_pearson():
    from scipy.stats import binomtest

    a, b = np.array([30.0, 34.0, 32.0]), np.array([25.0, 26.0, 27.0])
    days = np.full(3, 30.0)
    ratio, low, high = _ratio(a, b, days, days)
    exact = binomtest(96, 174).proportion_ci(method="exact")
    assert ratio == pytest.approx(96 / 78)
    assert low == pytest.approx(exact.low / (1 - exact.low), rel=1e-9)
    assert high == pytest.approx(exact.high / (1 - exact.high), rel=1e-9)


@pytest.mark.parametrize("pairs", [4, 12])
@pytest.mark.parametrize(("kind", "least"), [("poisson", 0.94), ("overdispersed", 0.93)])
def test_the_yearly_change_covers_the_truth(kind, least, pairs):
    rng = np.random.default_rng(12)
    days = np.full(pairs, 30.4375)
    inside = 0
    for _ in range(500):
        y = noise(kind, 2 * pairs, rng).astype(float)
        _, low, high = _ratio(y[pairs:], y[:pairs], days, days)
        inside += low <= 1 <= high
    assert inside / 500 >= least


def test_like_is_compared_with_like_where_months_are_missing():
    trends = seasonal_trends(monthly([100] * 4 + [0] * 8 + [130] * 4 + [200] * 8), by=())
    row = trends.summary.iloc[0]
    assert (row["compared"], row["latest"], row["previous"]) == (4, 520, 400)
    assert row["change"] == pytest.approx(520 / 400 * 121 / 120 - 1)  # February 2020 had 29 days
    assert "Jan to Apr 2021: 31% above the same months a year before" in row["sentence"]


def test_no_percentage_under_twenty():
    trends = seasonal_trends(monthly([2] * 12 + [1] * 12), by=())
    row = trends.summary.iloc[0]
    assert np.isnan(row["change"])
    assert "12, against 24 the year before (too few for a percentage)" in row["sentence"]
    assert " %" not in row["sentence"]


def test_a_change_within_chance_is_not_called_one():
    text = seasonal_trends(monthly([100] * 12 + [103] * 12), by=()).text
    assert "no clear change from the year before (+3%" in text


def test_many_comparisons_are_said_to_mislead_by_chance(county):
    assert "by chance alone" in seasonal_trends(county.incidents, by=("lpt",)).text
    assert "by chance alone" not in seasonal_trends(county.incidents, by=()).text


# --- words, tables, speed ------------------------------------------------------------------


def test_the_text_leads_with_what_was_counted_and_stays_short(county):
    trends = seasonal_trends(county.incidents, by=("lpt", "category"))
    lines = trends.text.splitlines()
    assert lines[0].startswith(
        f"{len(county.incidents):,} incidents counted by month, LPT and category"
    )
    assert "groups in the summary table" in lines[-1]
    assert len(lines) < 30
    assert list(trends.tables) == ["series", "seasons", "summary", "periods"]
    assert "summary" in trends._repr_html_()


def test_police_generated_records_are_said(county):
    police = int((county.incidents["origin"] == "police").sum())
    assert f"{police:,} police-generated incidents" in seasonal_trends(county.incidents).text


def test_a_hundred_and_fifty_groups_take_about_a_second():
    rng = np.random.default_rng(0)
    months = pd.date_range("2022-01-01", periods=48, freq="MS")
    first = months[rng.integers(0, 48, 200_000)]
    given = incidents(
        first, first + MONTH,
        lpt=np.array([f"L{n}" for n in range(10)])[rng.integers(0, 10, 200_000)],
    )  # fmt: skip
    given["category"] = np.array([f"C{n:02d}" for n in range(15)])[rng.integers(0, 15, 200_000)]
    seasonal_trends(given.iloc[:5000], by=())  # imports
    began = time.process_time()
    trends = seasonal_trends(given, by=("lpt", "category"))
    took = time.process_time() - began  # a busy machine must not fail it
    assert len(trends.summary) == 150
    assert took < 5  # 1.2 s measured


@pytest.mark.realdata
def test_staffordshire_is_too_short_to_say(shared):
    loaded = hs.read_incidents(shared / "data/police_uk/staffordshire-2024-2025.zip")
    trends = seasonal_trends(loaded.incidents, by=("category",))
    assert trends.periods["incidents"].sum() == len(loaded.incidents)
    assert trends.series["incidents"].sum() == len(loaded.incidents) > 135_000
    assert (trends.summary["verdict"] == "too short to say").all()
    assert (trends.summary["missing"] == 8).all()
    assert trends.series["trend"].isna().all()
    assert "8 months not recorded" in trends.text


@pytest.mark.realdata
def test_city_of_london_is_decomposed_but_claims_nothing(shared):
    loaded = hs.read_incidents(shared / "data/police_uk/city-of-london-2018-2020.zip")
    trends = seasonal_trends(loaded.incidents, by=())
    assert len(trends.series) == 32
    assert trends.summary["thin"].tolist() == [2]  # April and May 2020, the first lockdown
    assert trends.summary["verdict"].tolist() == ["too short to say"]
    assert trends.series["trend"].notna().all()
