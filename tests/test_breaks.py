"""Breaks found where they were planted, at the right dates, and none where there are none."""

import numpy as np
import pandas as pd
import pytest

import hotspots as hs
from hotspots.breaks import FALSE_RATE
from hotspots.breaks.known import COLUMNS, label, relevant, slow_label
from hotspots.breaks.levels import (
    allowed_runs,
    best_cuts,
    cheapest_cuts,
    dispersion,
    ends_of,
    fit,
    run_cost,
    run_costs,
)
from hotspots.breaks.rows import _dates

RNG = np.random.default_rng


def table(counts, start="2019-01-01", freq="MS", **columns):
    """Turn counts into the table that a user without incidents would give; NaN is a gap."""
    counts = np.asarray(counts, dtype=float)
    when = pd.date_range(start, periods=len(counts), freq=freq)
    return pd.DataFrame(
        {"category": "Vehicle crime", "period_start": when, "incidents": counts, **columns}
    )


def month(name):
    return pd.Timestamp(f"{name}-01")


def only(breaks):
    """Return the single row of the table of breaks."""
    assert len(breaks.breaks) == 1, breaks.text
    return breaks.breaks.iloc[0]


# --- cost and cuts ----------------------------------------------------------------------------


def test_the_cost_of_a_run_is_twice_the_likelihood_that_scipy_gives():
    from scipy.stats import nbinom, poisson

    y, e = np.array([3.0, 0, 7, 4]), np.array([1.0, 0.8, 1.2, 1.1])
    level = y.sum() / e.sum()
    alpha = 0.3
    shape = e / alpha
    exact = -2 * nbinom.logpmf(y, shape, 1 / (1 + alpha * level)).sum()
    other = -2 * nbinom.logpmf(y, shape, 1 / (1 + alpha * 2 * level)).sum()
    same = run_cost(y.sum(), e.sum(), np.array(alpha))
    total, twice = y.sum(), 2 * level
    above = -2 * (total * np.log(twice) - (total + shape.sum()) * np.log1p(alpha * twice))
    assert exact - other == pytest.approx(same - above)  # equal but for what the level leaves
    plain = -2 * poisson.logpmf(y, level * e).sum() - -2 * poisson.logpmf(y, twice * e).sum()
    small = run_cost(total, e.sum(), np.array(0.0))
    assert plain == pytest.approx(small + 2 * (total * np.log(twice) - twice * e.sum()))


def test_the_best_level_of_a_run_is_its_total_over_its_exposure():
    y, e, alpha = np.array([[5.0, 9, 2, 8]]), np.array([[1.0, 1.4, 0.6, 1.0]]), np.array([0.2])
    b, _, level, cost = fit(y, e, np.ones((1, 4, 1)), alpha)
    assert np.exp(b[0, 0]) == pytest.approx(24 / 4)
    assert level[0] == pytest.approx([6.0] * 4)
    assert cost[0] == pytest.approx(run_costs(y, e, alpha)[0, 0, 4])


def test_the_regression_agrees_with_statsmodels():
    sm = pytest.importorskip("statsmodels.api")
    rng = RNG(3)
    x = np.column_stack([np.ones(40), np.arange(40) >= 22, rng.normal(size=40)])
    y = rng.poisson(np.exp(x @ [2.0, 0.5, 0.2])).astype(float)
    e = np.ones(40)
    b, cov, level, _ = fit(y[None], e[None], x[None], np.array([0.15]))
    theirs = sm.GLM(y, x, family=sm.families.NegativeBinomial(alpha=0.15)).fit()
    assert b[0] == pytest.approx(theirs.params, abs=1e-6)
    assert cov[0] == pytest.approx(theirs.cov_params(), abs=1e-6)
    assert level[0] == pytest.approx(theirs.fittedvalues, rel=1e-6)


def slow_pelt(costs, allowed, first, end, penalty):
    """Cut one series by PELT as published (inequality pruning), one period after the other."""
    best, back, alive = {first: -penalty}, {}, [first]
    for b in range(first + 1, end + 1):
        tried = {a: best[a] + costs[a, b] + penalty for a in alive if allowed[a, b]}
        if tried:
            back[b] = min(tried, key=tried.get)
            best[b] = tried[back[b]]
            # a start that can never win again; one that is not yet long enough stays
            alive = [a for a in alive if a not in tried or tried[a] - penalty <= best[b]]
            alive.append(b)
    cuts, at = [], end
    while at in back:
        at = back[at]
        cuts.append(at)
    return sorted(cuts)[1:]


def test_dynamic_programming_finds_the_same_cuts_as_pelt():
    rng = RNG(5)
    y = rng.poisson(np.repeat(rng.gamma(2, 6, (60, 4)), 12, axis=1)).astype(float)
    e = rng.uniform(0.8, 1.2, y.shape)
    alpha, penalty = rng.uniform(0, 0.1, 60), np.full(60, 8.0)
    costs = run_costs(y, e, alpha)
    # one period is enough here: with a shortest length PELT's pruning is not exact
    allowed = allowed_runs(e > 0, 1, 1)
    found = cheapest_cuts(costs, allowed, ends_of(e > 0), penalty)
    for g in range(60):
        assert np.flatnonzero(found[g]).tolist() == slow_pelt(costs[g], allowed[g], 0, 48, 8.0)
    assert found.any(axis=1).mean() > 0.5


@pytest.mark.parametrize("gap", [False, True])
def test_two_levels_agree_with_trying_every_cut(gap):
    rng = RNG(7)
    y = rng.poisson(np.r_[[9.0] * 14, [16.0] * 16], size=(25, 30)).astype(float)
    e = np.ones_like(y)
    if gap:
        y[:, 8:13], e[:, 8:13] = 0, 0
    costs = run_costs(y, e, np.zeros(25))
    found = best_cuts(costs, allowed_runs(e > 0, 6, 4), ends_of(e > 0), 1)
    for g in range(25):
        tried = {}
        for s in range(6, 25):
            old, new = e[g, :s] > 0, e[g, s:] > 0
            if e[g, s] > 0 and min(old.sum(), new.sum()) >= 4:
                levels = y[g, :s].sum() / old.sum(), y[g, s:].sum() / new.sum()
                expected = np.r_[old * levels[0], new * levels[1]]
                inside = expected > 0
                tried[s] = -2 * (y[g] * np.log(np.where(inside, expected, 1)) - expected).sum()
        assert np.flatnonzero(found[g]).tolist() == [min(tried, key=tried.get)]


def test_runs_are_long_enough_and_begin_with_a_record():
    used = np.array([[False, True, True, True, False, False, True, True, True, True]])
    allowed = allowed_runs(used, 4, 2)[0]
    assert ends_of(used) == (np.array([1]), np.array([10]))
    a, b = np.nonzero(allowed)
    assert set(a) <= {1, 2, 3, 6}  # never in the gap
    assert set(b) <= {6, 7, 8, 9, 10}
    assert allowed[1, 6]
    assert allowed[6, 10]
    assert not allowed[7, 10]  # three periods only
    assert not allowed[3, 6]  # one of its periods is recorded


def test_dispersion_of_poisson_counts_is_none_and_of_others_theirs():
    rng = RNG(11)
    e = np.ones((40, 400))
    flat = np.full(e.shape, 20.0)
    poisson = rng.poisson(flat).astype(float)
    mixed = rng.poisson(flat * rng.gamma(10, 0.1, e.shape)).astype(float)
    df = np.full(40, 400.0)
    assert np.median(dispersion(poisson, e, flat, df)) < 0.003
    assert dispersion(mixed, e, flat, df).mean() == pytest.approx(0.1, rel=0.1)


# --- steps planted ------------------------------------------------------------------------------


def test_the_planted_step_of_the_county_is_found_at_its_date(county):
    step = county.changes[county.changes["what"] == "step"].iloc[0]
    # ten times the county's exact rates, as a large force would record them
    drawn = RNG(1).poisson(10 * county.rates["expected"])
    counts = county.rates.rename(columns={"month": "period_start"}).assign(incidents=drawn)
    breaks = hs.find_breaks(counts, by=["lpt", "category"])
    rows = breaks.breaks.query("lpt == @step.lpt and category == @step.category")
    assert len(rows) == 1
    row = rows.iloc[0]
    assert row["sure"]
    assert row["earliest"] <= step["start"] <= row["latest"]
    assert row["latest"] - row["earliest"] < pd.Timedelta(days=200)
    assert row["low"] < step["ratio"] < row["high"]
    where = breaks.steps.query("lpt == @step.lpt and category == @step.category")
    assert where["start"].tolist() == [row["start"]]
    # the seasons planted, up to three to one, are not taken for steps
    others = breaks.summary.query("category in ['Burglary', 'Drugs', 'Bicycle theft', 'Robbery']")
    assert (others["verdict"] == "step").mean() <= 2 * FALSE_RATE


def test_a_step_is_dated_sized_and_said():
    counts = RNG(1).poisson(np.where(np.arange(60) < 33, 40, 60))
    breaks = hs.find_breaks(table(counts, "2014-01-01"))
    row = only(breaks)
    assert row["earliest"] <= month("2016-10") <= row["latest"]
    assert row["low"] < 1.5 < row["high"]
    assert row["before"] + row["after"] == counts.sum()
    assert row["change"] == pytest.approx(row["ratio"] - 1)
    assert row["level_after"] / row["level_before"] == pytest.approx(row["ratio"])
    assert row["level_before"] == pytest.approx(40, rel=0.1)
    assert row["gain"] > row["needed"] == pytest.approx(3 * np.log(60))
    assert breaks.text.startswith(
        "A step in level was found, January 2014 to December 2018: Vehicle crime rose by"
    )
    assert "rose by" in breaks.text
    assert "unexplained" in breaks.text
    assert "pass steps=breaks.steps" in breaks.text
    assert breaks.steps.columns.tolist() == ["category", "start"]
    levels = breaks.series.groupby("run")["usual"].agg(["min", "max"])
    assert (levels["max"] - levels["min"]).max() < 1e-9
    assert breaks.series["expected"].sum() == pytest.approx(counts.sum(), rel=1e-3)


def test_the_dates_of_a_step_are_those_of_the_profile_likelihood():
    from scipy.stats import poisson

    y = RNG(3).poisson(np.repeat([20.0, 27.0], 20)).astype(float)
    cost = {
        s: -2 * sum(poisson.logpmf(part, part.mean()).sum() for part in (y[:s], y[s:]))
        for s in range(2, 39)
    }
    held = [s for s, c in cost.items() if c - min(cost.values()) <= -2 * np.log(1 - 0.95**0.5)]
    best = min(cost, key=cost.get)
    assert len(held) > 4
    assert _dates(y, np.ones(40), best, np.array(0.0), 1.0) == (held[0], held[-1])


def test_a_step_does_not_bend_the_season_that_is_taken_out():
    when = pd.date_range("2019-01-01", periods=42, freq="MS")
    season = np.r_[np.ones(6), 1.5, 1.5, np.ones(3), 0.6][when.month - 1]
    truth = 300 * season * np.where(np.arange(42) >= 22, 2.5, 1) * when.days_in_month / 30.4
    breaks = hs.find_breaks(table(np.round(truth)))
    assert only(breaks)["start"] == when[22]
    assert only(breaks)["ratio"] == pytest.approx(2.5, rel=0.01)
    assert breaks.series["expected"].to_numpy() == pytest.approx(np.asarray(truth), rel=0.03)


def test_two_steps_are_both_found():
    rate = np.select([np.arange(72) < 24, np.arange(72) < 46], [50, 90], 55)
    breaks = hs.find_breaks(table(RNG(2).poisson(rate)))
    truth = [month("2021-01"), month("2022-11")]
    assert len(breaks.breaks) == 2
    for row, when in zip(breaks.breaks.to_dict("records"), truth, strict=True):
        assert row["earliest"] <= when <= row["latest"]
    assert breaks.breaks["ratio"].gt(1).tolist() == [True, False]
    assert breaks.series["run"].max() == 2


def test_a_step_too_near_the_edge_is_not_a_level():
    counts = np.r_[np.full(57, 50.0), [90.0] * 3]
    breaks = hs.find_breaks(table(RNG(0).poisson(counts)))
    assert all(month("2019-07") <= when <= month("2023-07") for when in breaks.breaks["start"])
    last = breaks.series.groupby("run")["period_start"].agg(["min", "count"])
    assert (last["count"] >= 6).all()


@pytest.mark.parametrize("counts", [
    [30] * 60,
    np.round(60 * np.exp(0.5 * np.cos(2 * np.pi * np.arange(60) / 12))),
    np.zeros(60),
    RNG(4).poisson(0.4, 60),
])  # fmt: skip
def test_flat_seasonal_and_empty_series_hold_no_break(counts):
    breaks = hs.find_breaks(table(counts))
    assert len(breaks.breaks) == 0
    assert breaks.summary["verdict"].isin(["no change", "too few to say"]).all()


def test_a_slow_trend_is_gradual_and_never_cut_into_steps():
    rate = 40 * np.exp(np.log(2.5) * np.arange(60) / 59)
    breaks = hs.find_breaks(table(RNG(6).poisson(rate)))
    row = breaks.summary.iloc[0]
    assert row["verdict"] == "gradual"
    assert row["low"] < 2.5 < row["high"]
    assert len(breaks.breaks) == 0
    assert "changed gradually, no step" in row["sentence"]


def test_a_step_on_top_of_a_trend_is_told_from_it():
    rate = 80 * np.exp(0.012 * np.arange(72)) * np.where(np.arange(72) >= 40, 0.5, 1)
    breaks = hs.find_breaks(table(RNG(8).poisson(rate)))
    row = only(breaks)
    assert row["earliest"] <= month("2022-05") <= row["latest"]
    assert row["low"] < 0.5 < row["high"]
    assert "on top of a gradual change" in breaks.text


def test_a_weak_step_that_a_line_explains_as_well_is_not_called_clear():
    rate = np.where(np.arange(48) < 24, 30, 38)
    several = pd.concat([table(RNG([9, k]).poisson(rate), category=f"S{k:02d}") for k in range(20)])
    breaks = hs.find_breaks(several)
    unsure = breaks.breaks[~breaks.breaks["sure"]]
    assert len(unsure)
    sentences = breaks.summary.set_index("category")["sentence"]
    assert sentences[unsure["category"]].str.contains("the records cannot tell which").all()
    assert not breaks.steps["category"].isin(unsure["category"]).any()
    assert (breaks.summary.loc[breaks.summary["verdict"] == "step or gradual", "steps"] == 0).all()


def test_a_break_may_lie_in_a_gap_and_a_gap_is_no_level():
    rng = RNG(3)
    counts = np.r_[rng.poisson(400, 14), np.full(8, np.nan), rng.poisson(250, 26)]
    breaks = hs.find_breaks(table(counts))
    row = only(breaks)
    assert row["gap"]
    assert (row["start"], row["latest"]) == (month("2020-11"), month("2020-11"))
    assert row["earliest"] == month("2020-03")
    assert row["periods_before"] + row["periods_after"] == 40
    said = "between February 2020 and November 2020, in a gap of the records"
    assert said in breaks.text
    assert "no level: March 2020 to October 2020" in breaks.text
    lost = breaks.series["status"] == "missing"
    assert breaks.series.loc[lost, ["incidents", "usual", "expected"]].isna().all(axis=None)


def test_a_gap_alone_makes_no_break():
    counts = RNG(3).poisson(90, 48).astype(float)
    counts[14:22] = np.nan
    assert len(hs.find_breaks(table(counts)).breaks) == 0


def test_over_dispersed_counts_do_not_break_where_poisson_counts_would():
    rng = RNG(10)
    rate = 200 * rng.gamma(10, 0.1, (40, 48))
    noisy = pd.concat([table(rng.poisson(r), category=f"S{k:02d}") for k, r in enumerate(rate)])
    breaks = hs.find_breaks(noisy)
    assert (breaks.summary["verdict"] == "step").mean() <= FALSE_RATE
    assert breaks.summary["dispersion"].median() == pytest.approx(1 + 0.1 * 200, rel=0.35)


def test_no_more_false_breaks_than_stated_and_the_number_expected_is_said():
    rng = RNG(12)
    flat = pd.concat([table(rng.poisson(12, 60), category=f"S{k:03d}") for k in range(100)])
    breaks = hs.find_breaks(flat)
    assert (breaks.summary["verdict"] == "step").sum() <= FALSE_RATE * 100
    assert "By chance alone at most about 5 (5%) would show one." in breaks.text


def test_no_percentage_where_either_count_is_small():
    breaks = hs.find_breaks(table(np.r_[[0, 0, 1] * 12, RNG(0).poisson(2.4, 36)]))
    row = only(breaks)
    assert row["before"] < 20
    assert np.isnan(row["change"])
    assert "too few for a percentage" in breaks.text
    assert "rose by" not in breaks.text


def test_no_percentage_of_a_gradual_change_either_where_counts_are_small():
    rate = 1.5 * np.exp(0.07 * (np.arange(48) - 24))
    breaks = hs.find_breaks(table(np.round(rate)))
    assert breaks.summary["verdict"].tolist() == ["gradual"]
    counts = np.round(rate).reshape(2, 24).sum(axis=1).astype(int)
    assert min(counts) < 20
    said = f"{counts[0]} incidents in the first half of 48 months recorded, {counts[1]} in the"
    assert said in breaks.text
    assert "%" not in breaks.text.split("\n")[1]


def test_steps_no_more_than_chance_could_show_are_said_to_be_that():
    rate = np.where(np.arange(60) < 30, 40, 70)
    counts = [table([10] * 60, category=f"S{k:02d}") for k in range(40)]
    breaks = hs.find_breaks(pd.concat([*counts, table(RNG(1).poisson(rate))]))
    assert breaks.text.split("\n")[0].endswith(
        "By chance alone up to about 2 (5%) could show one, and no more than that do."
    )


def test_short_and_rare_series_are_said_to_be_so():
    short = hs.find_breaks(table([20, 30, 25]))
    assert short.summary["verdict"].tolist() == ["too short to say"]
    assert short.text.startswith("No series can be searched for breaks")
    one = hs.find_breaks(table([7]))
    assert one.summary["verdict"].tolist() == ["too short to say"]
    rare = hs.find_breaks(table([0, 1] + [0] * 40))
    assert rare.summary["verdict"].tolist() == ["too few to say"]
    for result in (short, one, rare):
        assert len(result.breaks) == len(result.steps) == 0
        assert result.steps.columns.tolist() == ["category", "start"]


def test_weeks_have_levels_of_half_a_year():
    rate = np.where(np.arange(130) < 70, 25, 40)
    weeks = table(RNG(5).poisson(rate), "2022-01-03", freq="W-MON")
    breaks = hs.find_breaks(weeks, freq="W-MON")
    row = only(breaks)
    assert row["earliest"] <= weeks["period_start"].iloc[70] <= row["latest"]
    assert "the week of" in breaks.text
    assert min(row["periods_before"], row["periods_after"]) >= 26


def test_results_do_not_depend_on_the_order_of_rows_or_on_other_series():
    rate = np.where(np.arange(60) < 30, 40, 60)
    two = pd.concat([table(RNG(1).poisson(rate)), table(RNG(2).poisson(rate), category="Drugs")])
    whole = hs.find_breaks(two)
    mixed = hs.find_breaks(two.sample(frac=1, random_state=3))
    pd.testing.assert_frame_equal(whole.breaks, mixed.breaks)
    alone = hs.find_breaks(two.query("category == 'Drugs'"))
    pd.testing.assert_frame_equal(
        whole.breaks.query("category == 'Drugs'").reset_index(drop=True), alone.breaks
    )


def test_levels_of_a_hierarchy_are_searched_each():
    rng = RNG(0)
    rate = np.where(np.arange(48) < 24, 30, 55)
    parts = [table(rng.poisson(rate), lpt=lpt) for lpt in ("North", "South")]
    lpts = pd.DataFrame({"area_km2": [5.0, 6.0], "command": ["A", "A"]},
                        index=pd.Index(["North", "South"], name="lpt"))  # fmt: skip
    import geopandas as gpd
    import shapely

    lpts = gpd.GeoDataFrame(lpts, geometry=[shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)],
                            crs="EPSG:27700")  # fmt: skip
    breaks = hs.find_breaks(pd.concat(parts), by=["lpt", "category"], lpts=lpts)
    assert breaks.breaks["level"].tolist() == ["lpt", "lpt", "command", "force"]
    assert breaks.steps.columns.tolist() == ["level", "lpt", "category", "start"]
    assert (breaks.breaks["start"] == month("2021-01")).sum() >= 3


def test_seasonal_trends_take_the_steps_that_are_passed_on():
    rng = RNG(1)
    counts = pd.concat([
        table(rng.poisson(np.where(np.arange(60) < 33, 40, 60)), category="A"),
        table(rng.poisson(40, 60), category="B"),
    ])  # fmt: skip
    steps = hs.find_breaks(counts).steps
    assert steps["category"].tolist() == ["A"]
    trends = hs.seasonal_trends(counts, by=["category"], steps=steps)
    assert f"{steps['start'].iloc[0]:%Y-%m-%d}" in trends.text


# --- what is known --------------------------------------------------------------------------------


def test_the_registry_ships_with_sources_and_says_what_is_not_verified():
    known = hs.read_known_changes()
    assert known.columns.tolist() == list(COLUMNS)
    assert known["start"].is_monotonic_increasing
    assert (known["source"].str.len() > 10).all()
    by_name = known.set_index("name")
    teams = by_name.loc["Staffordshire's ten Local Policing Teams begin"]
    assert (teams["start"], teams["verified"]) == (pd.Timestamp("2022-06-27"), True)
    covid = known[known["kind"] == "covid"]
    assert pd.Timestamp("2020-03-23") in covid["start"].tolist()
    # dates that the design notes call unverified are not stated as fact
    early = known[known["start"].dt.strftime("%Y-%m").isin(["2011-09", "2013-05", "2023-04"])]
    assert len(early) == 3
    assert not early["verified"].any()


def test_a_force_extends_the_registry_with_its_own(tmp_path):
    own = tmp_path / "ours.toml"
    own.write_text(
        '[[change]]\nname = "new record system"\nstart = 2016-10-04\nkind = "system"\n'
        'source = "IT department"\nverified = true\n',
        encoding="utf-8",
    )
    known = hs.read_known_changes(extend=own)
    assert len(known) == len(hs.read_known_changes()) + 1
    assert len(hs.read_known_changes(own)) == 1
    counts = RNG(1).poisson(np.where(np.arange(60) < 33, 40, 60))
    row = only(hs.find_breaks(table(counts, "2014-01-01"), registry=known))
    assert row["known"] == "coincides with new record system (October 2016)"
    assert row["kind"] == "system"
    pd.testing.assert_frame_equal(hs.read_known_changes(own, hs.read_known_changes()), known)


def registry(**change):
    base = {"name": "x", "start": pd.Timestamp("2023-05-15"), "end": pd.NaT, "categories": "",
            "forces": "", "lpts": "", "kind": "recording", "gradual": False, "source": "s",
            "verified": True}  # fmt: skip
    return pd.DataFrame([{**base, **change}])[list(COLUMNS)].astype(
        {"start": "datetime64[s]", "end": "datetime64[s]"}
    )


DATES = tuple(month(m) for m in ("2023-05", "2023-06", "2023-04", "2023-08"))


def test_labels_say_no_more_than_is_known():
    assert label(registry(), DATES, 31) == ("probably recording: x (May 2023)", "recording")
    assert label(registry(verified=False), DATES, 31)[0] == (
        "perhaps recording, not verified: x (May 2023)"
    )
    assert label(registry(kind="covid"), DATES, 31)[0] == "coincides with x (May 2023)"
    assert label(registry(start=pd.Timestamp("2022-11-15")), DATES, 31) == ("unexplained", "")
    # the end of something is a change too
    ended = registry(start=pd.Timestamp("2020-03-23"), end=pd.Timestamp("2023-05-20"))
    assert label(ended, DATES, 31)[0] == "probably recording: x, its end (May 2023)"
    wide = (month("2023-05"), month("2023-06"), month("2021-01"), month("2023-08"))
    assert label(registry(), wide, 31) == (
        "date too uncertain to say what it coincides with", ""
    )  # fmt: skip
    # what came bit by bit explains no step, but a slow change
    slow = registry(start=month("2020-01"), end=month("2024-01"), gradual=True)
    assert label(slow, DATES, 31)[0] == "unexplained"
    assert slow_label(slow, month("2022-01"), month("2023-01")) == (
        "probably recording: x (2020 to 2024)"
    )
    assert slow_label(slow, month("2025-01"), month("2026-01")) == "unexplained"


def test_the_nearest_of_several_changes_comes_first():
    known = pd.concat([
        registry(name="far", start=month("2023-08")), registry(name="near"),
        registry(name="other", start=month("2023-04")),
    ], ignore_index=True)  # fmt: skip
    said, kind = label(known, DATES, 31)
    assert said.startswith("probably recording: near (May 2023); probably recording: other")
    assert said.endswith(", and 1 more")
    assert kind == "recording"


def test_entries_touch_their_category_force_and_team_only():
    known = registry(categories="Burglary; Drugs", forces="Staffordshire", lpts="Longton")
    key = {"category": "drugs", "lpt": "Longton"}
    assert len(relevant(known, key, ["Staffordshire Police"])) == 1
    assert len(relevant(known, key, ["West Midlands Police"])) == 0
    assert len(relevant(known, key, [])) == 0
    assert len(relevant(known, {**key, "category": "Robbery"}, ["Staffordshire Police"])) == 0
    assert len(relevant(known, {**key, "lpt": "Leek"}, ["Staffordshire Police"])) == 0
    assert len(relevant(known, {}, ["Staffordshire Police"])) == 1  # everything together


# --- what cannot be used --------------------------------------------------------------------------


def test_a_faulty_registry_names_every_fault(tmp_path):
    bad = tmp_path / "bad.toml"
    bad.write_text(
        '[[change]]\nname = ""\nstart = "2021-10-04"\nkind = "weather"\nsource = "s"\n'
        'colour = "red"\n[[change]]\nname = "b"\nstart = 2021-10-04\nend = 2020-01-01\n'
        'kind = "covid"\nsource = "s"\ncategories = "Drugs"\nverified = "yes"\n',
        encoding="utf-8",
    )
    with pytest.raises(hs.InputError) as error:
        hs.read_known_changes(bad)
    told = str(error.value)
    wanted = (
        "'colour' is unknown", "name is ''", "give a date without quotes", "'weather'",
        "it ends (2020-01-01) before", "categories is 'Drugs'", "verified is 'yes'",
    )  # fmt: skip
    assert [words for words in wanted if words not in told] == []
    bad.write_text("[[change]\n", encoding="utf-8")
    with pytest.raises(hs.InputError, match="no valid TOML"):
        hs.read_known_changes(extend=bad)
    bad.write_text("change = 3\nother = 1\n", encoding="utf-8")
    with pytest.raises(hs.InputError, match=r"under its own \[\[change\]\]"):
        hs.read_known_changes(bad)
    with pytest.raises(hs.InputError, match="cannot be read"):
        hs.read_known_changes(tmp_path / "none.toml")
    with pytest.raises(hs.InputError, match="column 'kind' is missing"):
        hs.read_known_changes(extend=pd.DataFrame({"name": ["x"]}))


def test_bad_arguments_are_refused_together():
    with pytest.raises(hs.InputError) as error:
        hs.find_breaks(table([1] * 30), freq="D", registry="ours.toml", penalty=-1)
    assert len(error.value.faults) == 3
    for words in ("'D'", "penalty is -1", "type str"):
        assert words in str(error.value)
    for penalty in (float("nan"), "3", True, None):
        with pytest.raises(hs.InputError, match="penalty is"):
            hs.find_breaks(table([1] * 30), penalty=penalty)
    with pytest.raises(hs.InputError, match="no column 'lpt'"):
        hs.find_breaks(table([1] * 30), by=["lpt"])
    with pytest.raises(hs.InputError):
        hs.find_breaks(table([1] * 30).iloc[:0])
    with pytest.raises(hs.InputError):
        hs.find_breaks("counts")
    with pytest.raises(hs.InputError, match="by names 'ratio', 'start', a column of the result"):
        hs.find_breaks(table([1] * 30).assign(ratio="x", start="y"),
                       by=["start", "ratio"])  # fmt: skip
    known = hs.read_known_changes()
    with pytest.raises(hs.InputError) as error:
        hs.find_breaks(table([1] * 30), registry=known.assign(
            categories=None, gradual="yes", verified=float("nan"), start=pd.NaT))  # fmt: skip
    assert len(error.value.faults) == 4
    assert hs.find_breaks(table([5] * 30), registry=known.iloc[:0]).registry.empty
    counted = hs.count_series(table([5] * 30, freq="D"), by=("category",), freq="D")
    with pytest.raises(hs.InputError, match="freq='D', not"):
        hs.find_breaks(counted)


def test_less_penalty_finds_more_and_says_so():
    counts = RNG(1).poisson(np.where(np.arange(60) < 33, 40, 46))
    assert len(hs.find_breaks(table(counts)).breaks) == 0
    eager = hs.find_breaks(table(counts), penalty=0.5)
    assert len(eager.breaks) >= 1
    assert "penalty=0.5 in place of 3" in eager.text
    assert "in place of 3 more series than the usual 5%" in eager.text
    assert "at most" not in eager.text


def test_the_text_answers_first_with_the_steps_of_most_incidents():
    rng = RNG(4)
    jumps = {"Small": (20, 45), "Large": (300, 200), "Middle": (80, 130), "Flat": (60, 60)}
    counts = pd.concat([
        table(rng.poisson(np.repeat(levels, 24)), category=name) for name, levels in jumps.items()
    ])  # fmt: skip
    first, *rest = hs.find_breaks(counts).text.split("\n")
    assert first.startswith("Steps in level were found in 3 of 4 series, January 2019 to December")
    assert [first.index(word) for word in ("Large fell by", "Middle rose by", "Small rose by")] == (
        sorted(first.index(word) for word in ("Large", "Middle", "Small"))
    )
    assert first.endswith("By chance alone fewer than one would show one.")
    assert [line.split(":")[0] for line in rest[:4]] == ["Large", "Middle", "Small", "No step"]


def test_chance_is_said_to_show_more_in_short_series():
    flat = pd.concat([table([9, 10, 11] * 8, category=f"S{k:02d}") for k in range(20)])
    assert hs.find_breaks(flat).text.startswith(
        "No step in level was found in any of 20 series, January 2019 to December 2020. "
        "By chance alone at most about 2 (10%) would show one."
    )


def test_the_input_is_left_as_it_was():
    counts = table(RNG(1).poisson(np.where(np.arange(60) < 33, 40, 60)))
    before = counts.copy(deep=True)
    hs.find_breaks(counts)
    pd.testing.assert_frame_equal(counts, before)


# --- the picture and the records of real life -----------------------------------------------------


def test_the_picture_shows_counts_levels_dates_and_words():
    import matplotlib as mpl

    mpl.use("Agg")
    rng = RNG(3)
    counts = np.r_[rng.poisson(400, 14), np.full(8, np.nan), rng.poisson(250, 26)]
    breaks = hs.find_breaks(pd.concat([table(counts), table([9] * 48, category="Drugs")]))
    ax = hs.plot_breaks(breaks)
    assert ax.get_title() == "Vehicle crime: step"
    said = [text.get_text() for text in ax.texts]
    assert "not recorded" in said
    assert any(text.startswith("November 2020: ") for text in said)
    assert any("in a gap of the records" in text.replace("\n", " ") for text in said)
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend == ["recorded", "level and season", "level"]
    assert ax.get_ylim()[0] == 0
    other = hs.plot_breaks(breaks, "Drugs", ax=ax.figure.add_subplot())
    assert other.get_title() == "Drugs: no change"
    with pytest.raises(hs.InputError, match="there is no group 'Theft'"):
        hs.plot_breaks(breaks, "Theft")
    with pytest.raises(hs.InputError, match="give what find_breaks returns"):
        hs.plot_breaks(table(counts))
    mpl.pyplot.close("all")


@pytest.mark.realdata
def test_the_first_lockdown_is_found_in_the_city_of_london(shared):
    loaded = hs.read_incidents(shared / "data/police_uk/city-of-london-2018-2020.zip")
    breaks = hs.find_breaks(loaded.incidents)
    rows = breaks.breaks.set_index("category")
    for category in ("Theft from the person", "Violence and sexual offences"):
        row = rows.loc[category]
        assert row["sure"]
        assert row["high"] < 0.7
        assert row["gap"]  # April and May 2020 are thin, and left out
        assert row["start"] == pd.Timestamp("2020-06-01")
        assert row["earliest"] <= pd.Timestamp("2020-04-01") <= row["latest"]
        assert row["known"].startswith("coincides with COVID: first national lockdown")
        assert row["kind"] == "covid"


@pytest.mark.realdata
def test_staffordshire_s_gap_hides_when_burglary_fell(shared):
    loaded = hs.read_incidents(shared / "data/police_uk/staffordshire-2024-2025.zip")
    breaks = hs.find_breaks(loaded.incidents)
    row = breaks.breaks.set_index("category").loc["Burglary"]
    assert row["gap"]
    assert row["earliest"] <= pd.Timestamp("2024-05-01")
    assert row["start"] == pd.Timestamp("2025-01-01")
    assert (row["periods_before"], row["periods_after"]) == (4, 12)
    assert 0.6 < row["ratio"] < 0.8
    assert "between April 2024 and January 2025, in a gap of the records" in breaks.text
