"""Claims of a season that hold, with intervals that cover what they say."""

import numpy as np
import pandas as pd
import pytest
from trend_fixtures import monthly, noise

import hotspots as hs
from hotspots.chance.regression import trend_columns
from hotspots.trends import seasonal_trends
from hotspots.trends._waves import _chosen_p, columns, find_waves


def waves(y, level=0.95, used=None):
    """Test series of months, (n, months), with a trend only."""
    n, months = y.shape
    used = np.ones((n, months), dtype=bool) if used is None else used
    years = np.arange(months) / 12
    base = np.concatenate([np.ones((n, months, 1)), trend_columns(years, used)], axis=2)
    turn = (np.arange(months) % 12 + 0.5) / 12
    return find_waves(y, base, turn, np.zeros((n, months)), used, level)


def season(ratio, months, two=False):
    """A wave highest at 0.55 of the year (or a curve of two waves), as log factors."""

    def curve(place):
        second = 0.4 * np.cos(4 * np.pi * (place - 0.6)) if two else 0.0
        return np.cos(2 * np.pi * (place - 0.55)) + second

    fine = np.arange(3600) / 3600
    size = np.log(ratio) / np.ptp(curve(fine))
    return size * curve((np.arange(months) % 12 + 0.5) / 12), fine[curve(fine).argmax()]


def holds(found, peak):
    """Whether the interval of the peak holds the true one, round the year's end too."""
    return (peak - found.peak_low) % 1.0 <= found.peak_high - found.peak_low + 1e-9


# --- the test ------------------------------------------------------------------------------


def test_a_planted_wave_comes_back_with_its_peak_and_ratio():
    t = np.arange(72)
    found = waves(np.exp(3 + 0.3 * np.cos(2 * np.pi * (t - 6) / 12))[None])
    assert found.peak[0] * 12 - 0.5 == pytest.approx(6.0, abs=1e-6)  # 6 is the middle of July
    assert found.ratio[0] == pytest.approx(1.82212, abs=5e-6)
    assert np.log(found.ratio[0]) / 2 == pytest.approx(0.3, abs=1e-7)
    assert found.p_value[0] < 1e-6
    assert found.waves[0] == 1
    assert found.ratio_low[0] < found.ratio[0] < found.ratio_high[0]
    assert found.peak_low[0] < found.peak[0] < found.peak_high[0]
    assert found.curve[0].argmax() == 6


def test_two_waves_are_taken_where_there_are_two():
    log, peak = season(1.8, 60, two=True)
    found = waves(np.random.default_rng(0).poisson(300 * np.exp(log), (20, 60)).astype(float))
    assert (found.waves == 2).all()
    assert np.abs(found.peak - peak).max() < 0.05
    assert found.ratio.mean() == pytest.approx(1.8, rel=0.03)


def test_without_autocorrelation_it_is_the_likelihood_ratio_test():
    import statsmodels.api as sm

    log, _ = season(1.5, 60)
    y = np.random.default_rng(11).poisson(40 * np.exp(log)).astype(float)
    found = waves(y[None])
    years, turn = np.arange(60) / 12, (np.arange(60) % 12 + 0.5) / 12
    base = np.column_stack([np.ones(60), trend_columns(years, np.ones((1, 60), bool))[0]])
    lik = []
    for k in (0, 1, 2):
        x = np.column_stack([base, columns(turn)[:, : 2 * k]])
        lik.append(sm.GLM(y, x, family=sm.families.Poisson()).fit(tol=1e-12).llf)
    df = 60 - 6 - 4
    large = 60 - df + 1
    price = (2 * large + 2 * large * (large + 1) / (59 - large)) - (
        2 * (large - 2) + 2 * (large - 2) * (large - 1) / (61 - large)
    )
    first, second = 2 * (lik[1] - lik[0]), 2 * (lik[2] - lik[1])
    wanted = _chosen_p(*(np.array([v]) for v in (first, second, second > price, price, df)))
    # the residuals' correlation may only raise it
    assert found.p_value[0] >= wanted[0] * 0.999
    assert found.p_value[0] < 1e-3


@pytest.mark.parametrize("df", [25, 50, 108])
def test_the_p_value_pays_for_the_choice_between_one_wave_and_two(df):
    rng = np.random.default_rng(df)
    n = 100_000
    common = rng.chisquare(df, n) / df
    first, second = rng.exponential(2, n) / common, rng.exponential(2, n) / common
    price = np.full(n, 4.8)
    p = _chosen_p(first, second, second > price, price, np.full(n, df))
    for level in (0.01, 0.05, 0.2, 0.5):
        error = 4 * np.sqrt(level * (1 - level) / n)
        assert (p < level).mean() == pytest.approx(level, abs=error)


@pytest.mark.parametrize(
    ("kind", "mean", "most", "months"),
    [("poisson", 1, 0.05, 36), ("poisson", 30, 0.05, 60), ("overdispersed", 5, 0.06, 36),
     ("overdispersed", 300, 0.06, 60), ("drift 0.3", 100, 0.09, 36), ("drift 0.7", 100, 0.13, 60)],
)  # fmt: skip
def test_noise_is_rarely_called_a_season(kind, mean, most, months):
    y = noise(kind, (500, months), np.random.default_rng(months), mean)
    found = waves(y)
    assert (found.p_value < 0.05).mean() <= most
    assert ((found.p_value < 0.01) & (found.ratio_low > 1.1)).mean() <= 0.045
    # and the strength of the decomposition, which is no test, would have been fooled
    if kind == "poisson" and months == 36:
        from hotspots.trends._stl import stl

        trend, wave = stl(np.log(y + 0.5), 12)
        rest = np.log(y + 0.5) - trend - wave
        assert np.median(1 - rest.var(axis=1) / (wave + rest).var(axis=1)) > 0.6


def test_a_real_season_is_seldom_missed():
    log, _ = season(1.8, 36)
    y = np.random.default_rng(8).poisson(60 * np.exp(log), (200, 36)).astype(float)
    found = waves(y)
    assert ((found.p_value < 0.01) & (found.ratio_low > 1.1)).mean() > 0.95


@pytest.mark.parametrize("level", [0.9, 0.95])
@pytest.mark.parametrize(("kind", "mean", "ratio", "two"), [
    ("poisson", 5, 1.2, False), ("poisson", 300, 1.2, False), ("overdispersed", 5, 1.6, False),
    ("overdispersed", 30, 1.6, True), ("poisson", 300, 1.6, True),
])  # fmt: skip
def test_intervals_of_peak_and_ratio_cover_the_truth(kind, mean, ratio, two, level):
    log, peak = season(ratio, 60, two)
    found = waves(noise(kind, (500, 60), np.random.default_rng(3), mean * np.exp(log)), level)
    error = 2.5 * np.sqrt(level * (1 - level) / 500)
    assert holds(found, peak).mean() >= level - error
    assert ((found.ratio_low <= ratio) & (ratio <= found.ratio_high)).mean() >= level - error


def test_a_peak_at_the_turn_of_the_year_has_an_interval_round_it():
    t = np.arange(60)
    y = np.random.default_rng(2).poisson(100 * np.exp(0.4 * np.cos(2 * np.pi * t / 12)))
    row = seasonal_trends(monthly(y), by=()).summary.iloc[0]
    assert (row["peak_month"], row["peak_from"], row["peak_to"]) == (
        "January", "December", "January",
    ) or row["peak_month"] in ("December", "January")  # fmt: skip
    assert "highest" in row["sentence"]


def test_groups_tested_together_are_groups_tested_alone():
    y = noise("overdispersed", (5, 60), np.random.default_rng(9), 20)
    used = np.random.default_rng(0).random((5, 60)) > 0.1
    both = waves(np.where(used, y, 0), used=used)
    for g in range(5):
        one = waves(np.where(used, y, 0)[g : g + 1], used=used[g : g + 1])
        for name in ("p_value", "peak", "ratio", "ratio_low", "ratio_high"):
            assert getattr(both, name)[g] == pytest.approx(getattr(one, name)[0], rel=1e-6), name


# --- the verdict ---------------------------------------------------------------------------


@pytest.mark.parametrize(("months", "verdict"), [(35, "too short to say"), (36, "clear season")])
def test_no_claim_under_thirty_six_months(months, verdict):
    t = np.arange(months)
    counts = np.round(300 * np.exp(0.3 * np.cos(2 * np.pi * (t - 6) / 12)))
    summary = seasonal_trends(monthly(counts), by=()).summary.iloc[0]
    assert summary["verdict"] == verdict
    assert np.isnan(summary["p_value"]) == (verdict == "too short to say")
    if verdict == "clear season":
        assert summary["peak_month"] == "July"
        assert "a clear season, highest in July" in summary["sentence"]
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
    # neither a season nor its absence can be told from a few: only a finding would be
    assert 0 < summary.loc["Hill", "p_value"] < 1


@pytest.mark.filterwarnings("error")
def test_what_happened_in_one_month_or_beyond_all_bounds_is_no_clear_season():
    spikes = ([0] * 47 + [10**7], [0] * 20 + [10**9] + [0] * 27, [10**9] * 24 + [0] * 24,
              [1] * 47 + [10**9], ([0] * 11 + [10**6]) * 4)  # fmt: skip
    for counts in spikes:
        trends = seasonal_trends(table(counts, lpt="A"))
        assert trends.summary["verdict"].iloc[0] != "clear season"
        assert len(trends.text.splitlines()[0]) < 300


def test_a_season_found_in_a_few_is_told_but_its_absence_is_not():
    t = np.arange(120)
    mean = 3 * np.exp(0.9 * np.cos(2 * np.pi * (t - 6) / 12))
    y = np.random.default_rng(6).poisson(mean)
    trends = seasonal_trends(pd.concat([
        table(y, lpt="Hill"), table(np.full(120, 90), lpt="Town")
    ]))  # fmt: skip
    assert y.mean() < 5
    assert trends.summary.set_index("lpt").loc["Hill", "verdict"] == "clear season"
    hill = trends.seasons[trends.seasons["lpt"] == "Hill"]
    assert (hill["weight"] == 0).all()  # its factors are the force's, all the same


def test_q_values_are_benjamini_and_hochbergs():
    from statsmodels.stats.multitest import multipletests

    rng = np.random.default_rng(4)
    log, _ = season(1.5, 60)
    parts = [table(rng.poisson(40 * np.exp(log * (g % 2))), lpt=f"L{g}") for g in range(8)]
    parts.append(table(rng.poisson(40, 20), lpt="short"))
    summary = seasonal_trends(pd.concat(parts)).summary
    tested = summary["p_value"].notna()
    assert tested.sum() == 8
    wanted = multipletests(summary.loc[tested, "p_value"], method="fdr_bh")[1]
    np.testing.assert_allclose(summary.loc[tested, "q_value"], wanted, rtol=1e-12)
    clear = (summary["q_value"] < 0.01) & (summary["ratio_low"] > 1.1)
    assert (summary["verdict"] == "clear season").tolist() == clear.tolist()
    assert clear.sum() >= 3


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


# --- what is known beside the counts -------------------------------------------------------


def table(counts, **columns):
    """Counts of months from January 2020 as a table."""
    starts = pd.date_range("2020-01-01", periods=len(counts), freq="MS")
    return pd.DataFrame({"period_start": starts, "incidents": counts, **columns})


def stepped(ratio=0.6, seed=1, **columns):
    """Five years of a season with a step in the level at April 2022."""
    log, _ = season(1.5, 60)
    mean = 80 * np.exp(log) * np.where(np.arange(60) >= 27, ratio, 1.0)
    return table(np.random.default_rng(seed).poisson(mean), **columns)


def test_a_known_step_is_estimated_and_the_season_found_beside_it():
    given = pd.concat([stepped(seed=seed, lpt=f"L{seed}") for seed in range(20)])
    trends = seasonal_trends(given, steps=["2022-04-01"])
    effects = trends.effects
    assert len(effects) == 20
    assert set(zip(effects["kind"], effects["name"], strict=True)) == {("step", "2022-04-01")}
    assert ((effects["low"] <= 0.6) & (effects["high"] >= 0.6)).mean() >= 0.85
    assert (trends.summary["verdict"] == "clear season").all()
    assert (trends.summary["dispersion"] < seasonal_trends(given).summary["dispersion"]).all()
    assert "allows for: 2022-04-01" in trends.text


def test_steps_of_a_registry_touch_their_own_groups_only():
    given = pd.concat([stepped(lpt="A"), stepped(1.0, 2, lpt="B")])
    registry = pd.DataFrame({
        "start": ["2022-04-01", "1999-01-01"], "name": ["new system", "long ago"],
        "lpt": ["A", None],
    })  # fmt: skip
    trends = seasonal_trends(given, steps=registry)
    assert trends.effects[["lpt", "name"]].to_numpy().tolist() == [["A", "2022-04-01 new system"]]
    assert "Not taken into account" in trends.text
    assert "1999-01-01 long ago" in trends.text


def test_a_step_within_the_last_two_years_warns_of_the_yearly_change():
    text = seasonal_trends(stepped(), by=(), steps=["2024-02-01"]).text
    assert "compare unlike records" in text
    assert "compare unlike records" not in seasonal_trends(stepped(), by=()).text


def test_school_holidays_of_the_calendar_are_allowed_for():
    months = pd.date_range("2020-01-01", periods=60, freq="MS")
    share = np.where(months.month == 8, 1.0, 0.0)
    share = np.where((months.month == 4) & (months.year % 2 == 0), 0.5, share)
    y = np.random.default_rng(5).poisson(150 * months.days_in_month / 30.4 * np.exp(0.4 * share))
    calendar = pd.DataFrame([
        {"kind": "school_holiday", "start": f"{m:%Y-%m-%d}",
         "end": f"{m + pd.Timedelta(days=30 if s == 1 else 14):%Y-%m-%d}"}
        for m, s in zip(months, share, strict=True) if s
    ])  # fmt: skip
    trends = seasonal_trends(table(y), by=(), calendar=calendar)
    (row,) = trends.effects.to_dict("records")
    assert (row["kind"], row["name"]) == ("calendar", "school_holiday")
    assert row["low"] <= np.exp(0.4) <= row["high"]
    assert trends.summary["verdict"].tolist() != ["clear season"]
    assert "school holiday" in trends.text


# --- factors -------------------------------------------------------------------------------


def test_teams_lean_on_the_force_for_their_factors():
    log, _ = season(1.6, 60)
    rng = np.random.default_rng(3)
    means = {"A": 120, "B": 40, "C": 2}
    given = pd.concat([table(rng.poisson(m * np.exp(log)), lpt=k) for k, m in means.items()])
    trends = seasonal_trends(given)
    seasons = trends.seasons.set_index("lpt")
    assert seasons.loc["C", "source"].unique().tolist() == ["force"]
    assert trends.summary.set_index("lpt").loc["C", "verdict"] == "too few to say"
    days = pd.date_range("2021-01-01", periods=12, freq="MS").days_in_month.to_numpy()
    truth = log[:12] - np.log(days) + np.log(days).mean()  # a factor is of the rate a day
    shrunk = np.log(seasons.loc["B", "shrunk"].to_numpy())
    own = np.log(seasons.loc["B", "factor"].to_numpy())
    assert ((shrunk - truth) ** 2).sum() < ((own - truth) ** 2).sum()
    for name in means:
        rows = seasons.loc[name]
        assert (rows["low"] < rows["shrunk"]).all()
        assert (rows["shrunk"] < rows["high"]).all()
        assert np.log(rows["shrunk"]).mean() == pytest.approx(0, abs=1e-12)


def test_the_sentence_and_the_factors_name_the_same_months(county):
    trends = seasonal_trends(county.incidents, by=("category",))
    for row in trends.summary[trends.summary["verdict"] == "clear season"].to_dict("records"):
        rows = trends.seasons[trends.seasons["category"] == row["category"]]
        name = pd.Timestamp(2024, rows["tested"].to_numpy().argmax() + 1, 1).month_name()
        assert name == row["peak_month"]
        off = abs(rows["tested"].to_numpy().argmax() - rows["shrunk"].to_numpy().argmax())
        assert min(off, 12 - off) <= 2
