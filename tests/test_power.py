"""Power of trials: against closed forms, known truth, and the records it is learnt from."""

import numpy as np
import pandas as pd
import pytest

import hotspots as hs
from hotspots.contracts import InputError
from hotspots.trials._power_inputs import count_records, read_asked
from hotspots.trials._power_tables import judge, match_spread
from hotspots.trials.baseline import Baseline, Records, learn, variogram
from hotspots.trials.closed_forms import (
    baseline_factor,
    detectable,
    post_only_power,
    power_of,
    sites_needed,
    wdd_detectable,
)
from hotspots.trials.example import example_hotspots, example_trial
from hotspots.trials.scenarios import make_scenario, of_trial
from hotspots.trials.simulation import Curve, detectable_effect, power_at, run_trials
from hotspots.trials.worlds import draw_counts, make_frame, thin, wandering

QUICK = hs.PowerRules(sims=60, draws=99)
MONTHS = np.arange("2021-01", "2025-01", dtype="M8[M]").astype("M8[D]")


@pytest.fixture(scope="module")
def county():
    return hs.make_county(seed=1, months=24)


@pytest.fixture(scope="module")
def pilot(county):
    return hs.trial_power(county.hotspots, county.incidents, effects=[-0.2, -0.4], rules=QUICK)


def flat(level, *, fast=0.0, slow=0.0, memory=90.0, exposure=1e6):
    """Make sites whose levels a day are known exactly."""
    level = np.asarray(level, dtype=float)
    return Baseline(level * exposure, np.full(len(level), exposure), np.ones(12), np.ones(7), 0.0,
                    np.datetime64("2026-01-01"), 0.0, fast, slow, memory, 28.0)  # fmt: skip


# --- closed forms ----------------------------------------------------------------------------


def test_closed_forms_give_the_published_numbers():
    assert round(post_only_power(5, 0.5, 20, -0.2), 2) == 0.13
    assert round(post_only_power(50, 0.2, 60, -0.2), 2) == 0.74
    assert round(wdd_detectable((100, 100, 100, 100), level=0.9), 1) == 49.7
    assert round(wdd_detectable((100, 100, 100, 100)), 1) == 56.0


def test_closed_forms_agree_with_scipy():
    from scipy.special import chndtr

    for effect in (0.5, 1.5, 2.8, 4.0):  # z² is chi-squared, off its centre by effect²
        theirs = 1 - chndtr(1.959963984540054**2, 1, effect**2)
        assert power_of(effect, 1.0) == pytest.approx(theirs, abs=1e-9)
    assert power_of(detectable(0.3, power=0.9), 0.3) == pytest.approx(0.9, abs=1e-6)


def test_post_only_power_is_that_of_simulated_negative_binomial_arms():
    rng = np.random.default_rng(1)
    mean, kappa, m, effect = 50, 0.2, 60, -0.2
    arms = [rng.poisson(mu * rng.gamma(1 / kappa, kappa, (4000, m))).mean(axis=1)
            for mu in (mean, mean * (1 + effect))]  # fmt: skip
    logs = np.log(arms[1] / arms[0])
    z = np.abs(logs) / logs.std()
    assert (z > 1.96).mean() == pytest.approx(post_only_power(mean, kappa, m, effect), abs=0.03)


def test_baseline_factor_is_what_analysis_of_covariance_leaves():
    rng = np.random.default_rng(2)
    r, sims, n = 0.7, 3000, 60
    own = rng.normal(size=(sims, n, 1)) * np.sqrt(r)
    y = own + rng.normal(size=(sims, n, 4)) * np.sqrt(1 - r)
    before, after = y[:, :, :3].mean(axis=2), y[:, :, 3]
    before = before - before.mean(axis=1, keepdims=True)
    slope = (before * after).sum(axis=1) / (before**2).sum(axis=1)
    left = after - slope[:, None] * before
    assert left.var(axis=1).mean() == pytest.approx(baseline_factor(r, before=3), rel=0.06)
    assert baseline_factor(0.6) == pytest.approx(1 - 0.36)


def test_sites_needed_by_hand():
    # 1 + (1.96 + .8416)² × (50 + 40 + .45² (50² + 40²)) / 10²
    assert sites_needed(50, -0.2, 0.45) == int(np.ceil(1 + 7.8489 * (90 + 0.2025 * 4100) / 100))


# --- what the records say --------------------------------------------------------------------


def recorded(rng, n=60, mean=10.0, kappa=0.0, step=0.0, months=48):
    """Draw counts whose variation is known: gamma months without memory, or a walk."""
    walk = np.cumsum(rng.normal(0, step, (n, months)), axis=1) if step else 0.0
    mu = mean * np.exp(walk) * np.ones((n, months))
    mu = mu * rng.gamma(1 / kappa, kappa, mu.shape) if kappa else mu
    return Records(rng.poisson(mu).astype(float), MONTHS[:months], np.full(months, 30.4))


@pytest.mark.parametrize("kappa", [0.0, 0.05, 0.2])
def test_variation_without_memory_is_found_and_none_is_made_up(kappa):
    found = [learn(recorded(np.random.default_rng(s), kappa=kappa)) for s in range(6)]
    assert np.mean([b.fast + b.slow for b in found]) == pytest.approx(kappa, abs=0.012)
    assert np.mean([b.fast for b in found]) >= 0.7 * kappa - 0.01


def test_the_variogram_of_a_walk_grows_by_half_its_squared_step():
    step = 0.05  # so small that the logarithm is as good as straight
    walks = [recorded(np.random.default_rng(s), 80, 100, step=step).y for s in range(12)]
    lags, found, _ = variogram(np.stack(walks), MONTHS, np.full(48, 30.4))
    expected = 0.5 * step**2 * lags / 30.4
    assert np.polyfit(lags[lags < 400], found.mean(axis=0)[lags < 400], 1)[0] == pytest.approx(
        expected[0] / lags[0], rel=0.06
    )
    np.testing.assert_allclose(found.mean(axis=0), expected, rtol=0.1, atol=2e-4)


def test_what_moves_all_sites_is_not_taken_for_their_own():
    rng = np.random.default_rng(4)
    y = rng.poisson(10 * rng.gamma(5, 1 / 5, (1, 48)) * np.ones((60, 48)))
    base = learn(Records(y.astype(float), MONTHS, np.full(48, 30.4)))
    assert base.fast + base.slow < 0.01
    assert base.shared == pytest.approx(0.2, abs=0.1)


def test_levels_are_drawn_together_as_far_as_chance_explains_them():
    rng = np.random.default_rng(5)
    same = learn(Records(rng.poisson(2.0, (40, 12)).astype(float), MONTHS[:12], np.full(12, 30.4)))
    level = same.shape / same.rate
    assert level.std() / level.mean() < 0.1  # one level, whatever the counts say
    true = rng.gamma(2, 5, (40, 1))
    apart = learn(Records(rng.poisson(true * np.ones((1, 48))).astype(float), MONTHS,
                          np.full(48, 30.4)))  # fmt: skip
    np.testing.assert_allclose(apart.shape / apart.rate * 30.4, true[:, 0], rtol=0.25, atol=0.6)


def test_season_and_trend_are_learnt_and_the_level_held_at_the_end():
    rng = np.random.default_rng(6)
    t = np.arange(48)
    mu = 30 * np.exp(0.3 * np.cos(2 * np.pi * (t - 6) / 12) + 0.1 * (t - 48) / 12)
    base = learn(Records(rng.poisson(mu * np.ones((40, 1))).astype(float), MONTHS,
                         np.full(48, 30.4)))  # fmt: skip
    assert base.season.argmax() == 6
    assert base.season.max() / base.season.min() == pytest.approx(np.exp(0.6), rel=0.06)
    assert base.trend == pytest.approx(0.1, abs=0.02)
    assert (base.shape / base.rate).mean() * 30.4 == pytest.approx(30, rel=0.03)
    later = np.array(["2026-07-01"], dtype="M8[D]")
    assert base.course(later, np.array([31.0]))[0] == pytest.approx(base.season[6])


# --- trials drawn from them ------------------------------------------------------------------


def test_drawn_counts_have_the_mean_and_variance_they_were_given():
    base = flat([1.0, 3.0], fast=0.1)
    frame = make_frame(np.datetime64("2026-01-01"), 8, 364, "weeks")
    y = draw_counts(base, frame, np.arange(2), 20_000, np.random.default_rng(1))
    np.testing.assert_allclose(y.mean(axis=(0, 2)), [28, 84], rtol=0.01)
    expected = 28 + 0.1 * 28**2
    assert y[:, 0].var(axis=0).mean() == pytest.approx(expected, rel=0.03)


def test_what_has_memory_moves_the_trial_away_from_the_records_as_computed():
    base = flat([30.0], slow=0.05, memory=200.0)
    frame = make_frame(np.datetime64("2026-01-01"), 12, 728, "weeks")
    y = draw_counts(base, frame, np.zeros(1, np.intp), 8000, np.random.default_rng(2))[:, 0]
    before, after = y[:, ~frame.after].sum(axis=1), y[:, frame.after].sum(axis=1)
    weight = frame.days * frame.after / frame.days[frame.after].sum()
    expected = weight @ wandering(frame, 0.05, 200.0) @ weight
    chance = 1 / after.mean() + 1 / before.mean()
    assert np.log(after / before).var() == pytest.approx(expected + chance, rel=0.08)
    assert before.mean() == pytest.approx(
        30 * 728, rel=0.01
    )  # what wanders adds nothing on average
    assert after.mean() == pytest.approx(30 * 84, rel=0.01)


def test_thinning_takes_away_what_it_says_and_only_under_treatment():
    y = np.full((400, 2, 2), 50.0)
    treat = np.array([[[0, 1], [0, 0]]], dtype=float)
    left = thin(y, treat, 0.8, np.random.default_rng(1))
    assert (left[:, 1] == 50).all()
    assert (left[:, 0, 0] == 50).all()
    assert left[:, 0, 1].mean() == pytest.approx(40, abs=0.5)


def sites_of(n, team="A"):
    names = pd.Index([f"s{k:03d}" for k in range(n)], dtype="str")
    return pd.DataFrame({"cluster": names, "lpt": team, "baseline": np.arange(n, 0, -1) * 10.0,
                         "change": 0.0, "area_km2": 0.1}, index=names)  # fmt: skip


@pytest.mark.parametrize("design", ["simple", "pairs", "blocks", "balanced", "stepped wedge",
                                    "crossover"])  # fmt: skip
def test_every_design_is_drawn_as_it_is_analysed_and_finds_nothing_where_nothing_is(design):
    unit = "day" if design == "crossover" else "weeks"
    trial = make_scenario(sites_of(20), design, (20, 8), start=np.datetime64("2026-01-05"),
                          unit=unit, before_days=364)  # fmt: skip
    treat = trial.redraw(40, np.random.default_rng(1))
    assert treat.shape == (40, 20, len(trial.frame.days))
    assert not treat[:, :, ~trial.frame.after].any()
    if design == "pairs":
        for block in np.unique(trial.block):
            assert (treat[:, trial.block == block, -1].sum(axis=1) == 1).all()
    if design == "crossover":
        assert not treat[:, ~trial.used].any()  # nothing is done in the wash-out that counts
    curve = run_trials(flat(np.linspace(2, 0.5, 20), fast=0.05), trial, np.array([-0.3]),
                       "randomisation", hs.PowerRules(sims=200, draws=199))  # fmt: skip
    assert curve.found[0] / 200 < 0.10  # 5% meant; 200 trials give under 10% in all but 1 of 1,000
    assert curve.found[1] > 3 * curve.found[0]
    assert (curve.answered == 200).all()


def test_more_sites_than_there_are_repeat_them_as_sites_of_their_own():
    trial = make_scenario(sites_of(6), "simple", (14, 8), start=np.datetime64("2026-01-05"),
                          unit="weeks", before_days=364)  # fmt: skip
    assert np.bincount(trial.sites).tolist() == [3, 3, 2, 2, 2, 2]
    treat = trial.redraw(200, np.random.default_rng(1))[:, :, -1]
    apart = treat[:, trial.sites == 0]
    assert 0 < (apart[:, 0] != apart[:, 1]).mean() < 1  # drawn on their own


def test_sites_that_share_a_catchment_are_drawn_as_one():
    sites = sites_of(12)
    sites.loc["s001", "cluster"] = "s000"
    trial = make_scenario(sites, "simple", (12, 8), start=np.datetime64("2026-01-05"),
                          unit="weeks", before_days=364)  # fmt: skip
    treat = trial.redraw(100, np.random.default_rng(1))[:, :, -1]
    assert (treat[:, 0] == treat[:, 1]).all()


def test_simulated_power_is_that_of_the_closed_form_where_it_holds():
    # levels alike, no variation but Poisson, long before: the log ratio has variance 4/(n μ) and
    # a little for the baseline
    n, weeks, level = 80, 8, 0.4
    trial = make_scenario(sites_of(n), "simple", (n, weeks), start=np.datetime64("2026-01-05"),
                          unit="weeks", before_days=728)  # fmt: skip
    curve = run_trials(flat(np.full(n, level)), trial, np.array([-0.15, -0.25]), "randomisation",
                       hs.PowerRules(sims=500, draws=199))  # fmt: skip
    for effect, share in zip(curve.effects[1:], curve.share()[0][1:], strict=True):
        half, after, before = n / 2, level * weeks * 7, level * 728
        variance = (1 / after + 1 / (after * (1 + effect)) + 2 / before) / half
        assert share == pytest.approx(power_of(-np.log1p(effect), variance**0.5), abs=0.06)


def test_a_rise_by_chance_is_no_fall_found():
    trial = make_scenario(sites_of(20), "simple", (20, 8), start=np.datetime64("2026-01-05"),
                          unit="weeks", before_days=364)  # fmt: skip
    curve = run_trials(flat(np.full(20, 0.5), fast=0.05), trial, np.array([-0.001]),
                       "randomisation", hs.PowerRules(sims=600, draws=99))  # fmt: skip
    assert curve.found[0] / 600 == pytest.approx(0.05, abs=0.03)
    assert curve.found[1] < 0.75 * curve.found[0]  # about half: the rest are rises


def test_how_far_the_spread_is_known_goes_into_the_simulation():
    records = recorded(np.random.default_rng(3), n=10, kappa=0.1, months=36)
    base, found, again = match_spread(records, learn(records), (18, 3), 0)
    total = base.variations[:, :2].sum(axis=1)
    df = (10 - 1) * 6  # sites less one, by the spans of three months after the first 18
    assert total.mean() == pytest.approx(base.fast + base.slow)
    assert total.std() / total.mean() == pytest.approx(np.sqrt(2 / df), rel=0.2)
    assert again.mean() == pytest.approx(found, rel=0.15)


def test_patrols_half_delivered_find_half_the_effect():
    trial = make_scenario(sites_of(40), "simple", (40, 12), start=np.datetime64("2026-01-05"),
                          unit="weeks", before_days=728)  # fmt: skip
    base, run = flat(np.full(40, 0.4)), {"sims": 400, "draws": 199}
    powers = {}
    for name, effect, rules in (
        ("full", -0.15, {}), ("half", -0.3, {"delivered": 0.5}),
        ("net", -0.3, {"displaced": 0.5}), ("mixed", -0.3, {"contaminated": 0.5}),
    ):  # fmt: skip
        curve = run_trials(base, trial, np.array([effect]), "randomisation",
                           hs.PowerRules(**run, **rules))  # fmt: skip
        powers[name] = curve.share()[0][1]
    assert powers["half"] == pytest.approx(powers["full"], abs=0.08)
    assert powers["net"] == pytest.approx(powers["full"], abs=0.08)
    # both arms fall by .85 and .7: a ratio of .82
    assert powers["full"] - 0.02 < powers["mixed"] < powers["full"] + 0.3


# --- reading off -----------------------------------------------------------------------------


def curve_of(found, effects=(0, -0.1, -0.2, -0.3)):
    found = np.array(found)
    return Curve(np.array(effects), found, np.full(len(found), 100), 100, 0.1, "", 900.0, 600.0)


def test_the_smallest_fall_found_lies_where_the_curve_crosses():
    effect, low, high = detectable_effect(curve_of([5, 20, 80, 95]), 0.8)
    assert effect == pytest.approx(-0.2)
    assert -0.2 < low < -0.1
    assert -0.3 < high < -0.2
    assert np.isnan(detectable_effect(curve_of([5, 20, 50, 70]), 0.8)[0])
    small = detectable_effect(curve_of([5, 97, 99, 100]), 0.8)[0]
    assert -0.1 < small < 0
    assert power_at(curve_of([5, 20, 80, 95]), -0.2) == 0.8
    assert np.isnan(power_at(curve_of([5, 20, 80, 95]), -0.5))


def test_the_monte_carlo_interval_is_wilsons():
    # the interval holds the shares that a score test does not refuse
    share, low, high = curve_of([0, 20, 80, 100]).share()
    assert share.tolist() == [0, 0.2, 0.8, 1]
    for end, mine in ((low[1:], share[1:]), (high[:-1], share[:-1])):
        inside = (end > 0) & (end < 1)
        z = np.abs(mine - end)[inside] / np.sqrt(end * (1 - end) / 100)[inside]
        np.testing.assert_allclose(z, 1.96, atol=1e-3)
    assert (low[0], high[-1]) == (0, 1)


# --- the whole -------------------------------------------------------------------------------


def test_a_small_pilot_is_told_that_it_cannot_answer_and_what_could(pilot):
    row = pilot.trials.iloc[0]
    assert row["verdict"] == "cannot answer"
    assert pilot.text.startswith("This pilot cannot answer the question.")
    assert "Philadelphia foot patrol" in pilot.text
    assert "Braga and Weisburd 2022" in pilot.text
    assert "Where patrols change nothing," in pilot.text
    assert "of trials would find a change all the same" in pilot.text
    assert "Not enough: 52 weeks (" in pilot.text
    good = pilot.remedies[pilot.remedies["enough"]]
    assert set(good["what"]) >= {"more sites"}
    assert (good["sites"] > row["sites"]).any()
    assert f"{good['sites'].iloc[0]:,} sites for 12 weeks" in pilot.text
    # effects that published trials found are always simulated
    assert {-0.16, -0.23, -0.4} <= set(pilot.power["effect"])
    shown = pilot.power.set_index("effect")["power"]
    assert pilot.published["power"].iloc[0] == pytest.approx(shown[-0.16], abs=1e-6)


def test_records_and_simulation_vary_alike(pilot):
    spread = pilot.baseline.set_index("quantity").loc[
        "spread of changes over that of Poisson counts"
    ]
    assert spread["low"] <= spread["records"] <= spread["high"]
    assert spread["verdict"] == "as recorded"


def test_hours_are_those_of_the_patrols_under_treatment(pilot):
    row = pilot.trials.iloc[0]
    # 7 of 14 sites, 84 days, 2 visits of a quarter of an hour, 2 officers
    assert row["patrol_hours"] == pytest.approx(7 * 84 * 2 * 0.25 * 2)


def test_the_order_of_rows_changes_nothing(county):
    asked, turned = (
        read_asked(spots, incidents, None, [-0.4, -0.2], None, None, "auto", QUICK)
        for spots, incidents in (
            (county.hotspots, county.incidents),
            (county.hotspots.iloc[::-1], county.incidents.iloc[::-1]),
        )
    )
    assert turned.places.index.tolist() == asked.places.index.tolist()
    here, there = count_records(county.incidents, asked), count_records(county.incidents, turned)
    np.testing.assert_array_equal(here.y, there.y)
    np.testing.assert_array_equal(here.start, there.start)


def test_the_same_seed_gives_the_same_power():
    trial = make_scenario(sites_of(12), "simple", (12, 8), start=np.datetime64("2026-01-05"),
                          unit="weeks", before_days=364)  # fmt: skip
    base = flat(np.full(12, 0.5), fast=0.05)
    one, two, other = (
        run_trials(base, trial, np.array([-0.3]), "randomisation",
                   hs.PowerRules(sims=100, draws=99, seed=seed)).found
        for seed in (1, 1, 2)
    )  # fmt: skip
    assert one.tolist() == two.tolist()
    assert one.tolist() != other.tolist()


@pytest.mark.parametrize("design", ["pairs", "crossover", "stepped wedge"])
def test_a_designed_trial_is_drawn_by_its_own_lot(design):
    trial = example_trial(design)
    order = trial.sites.index[::-1]
    unit = "day" if design == "crossover" else "weeks"
    laid = of_trial(trial, order, unit=unit, before_days=364)
    assert order[laid.sites].tolist() == trial.sites.index.tolist()
    mine = laid.redraw(50, np.random.default_rng(3))
    theirs = trial.redraw(50, np.random.default_rng(3), laid.frame.start, laid.frame.ends)
    np.testing.assert_array_equal(mine, theirs)
    assert laid.frame.days[laid.frame.after].sum() == 84
    if design == "crossover":
        days = trial.calendar["phase"].eq("wash-out").to_numpy().reshape(len(trial.sites), 84)
        np.testing.assert_array_equal(laid.used, ~days)


def test_a_designed_trial_brings_its_design_and_its_weeks():
    _, incidents = example_hotspots()
    trial = example_trial("pairs", weeks=8)
    asked = read_asked(trial, incidents, None, [-0.2], None, None, "auto", None)
    assert (asked.design, asked.weeks, asked.sites) == ("pairs", (8,), (12,))
    assert asked.as_drawn
    assert str(asked.start) == "2026-01-05"
    assert not read_asked(trial, incidents, None, [-0.2], 8, None, "auto", None).as_drawn
    with pytest.raises(InputError, match="design is 'simple', but the trial given is 'pairs'"):
        read_asked(trial, incidents, "simple", [-0.2], None, None, "auto", None)


def test_records_of_months_bear_months_and_no_cross_over(county):
    months = county.incidents.copy()
    first = months["occurred_from"].dt.to_period("M").dt.to_timestamp()
    months["occurred_from"], months["occurred_to"] = first, first + pd.offsets.MonthBegin(1)
    found = hs.trial_power(county.hotspots, months, effects=[-0.4],
                           rules=hs.PowerRules(sims=50, draws=99))  # fmt: skip
    assert "whole calendar months" in found.text
    assert "days by lot" not in set(found.remedies["what"])
    with pytest.raises(InputError, match="known to the month only"):
        hs.trial_power(county.hotspots, months, design="crossover")


def test_every_fault_is_named_at_once(county):
    with pytest.raises(InputError) as caught:
        hs.trial_power(county.hotspots, county.incidents, design="y", effects=[-20, "a"], sites=2,
                       weeks=0, estimator="x", rules=3)  # fmt: skip
    assert len(caught.value.faults) == 7
    with pytest.raises(InputError) as caught:
        hs.PowerRules(sims=5, power=80, outcome="Burglary", start=3, trial=1, visits=0)
    assert len(caught.value.faults) == 6


@pytest.mark.parametrize("what", ["none", "empty", "three", "one incident", "degrees"])
def test_bad_tables_are_refused_in_words(county, what):
    spots, incidents = county.hotspots, county.incidents
    given = {
        "none": (None, None), "empty": (spots.iloc[:0], incidents),
        "three": (spots.iloc[:3], incidents), "one incident": (spots, incidents.iloc[:1]),
        "degrees": (spots.to_crs(4326), incidents),
    }[what]  # fmt: skip
    with pytest.raises(InputError, match=r"^trial_power: "):
        hs.trial_power(*given)


def test_a_lot_with_too_few_outcomes_is_no_trial():
    trial = make_scenario(sites_of(4), "pairs", (4, 8), start=np.datetime64("2026-01-05"),
                          unit="weeks", before_days=364)  # fmt: skip
    curve = run_trials(flat(np.full(4, 1.0)), trial, np.array([-0.4]), "randomisation",
                       hs.PowerRules(sims=50, draws=99))  # fmt: skip
    verdict, why = judge(curve, "pairs", hs.PowerRules())
    assert verdict == "cannot answer"
    assert "could have drawn only" in why


def test_verdicts_follow_what_published_trials_found():
    effects = (0, -0.1, -0.16, -0.23, -0.4)
    for found, design, expected in (
        ([5, 60, 85, 95, 99], "simple", "can answer"),
        ([5, 30, 60, 85, 99], "simple", "a large fall only"),
        ([5, 20, 40, 70, 99], "simple", "cannot answer"),
        ([5, 20, 40, 70, 99], "crossover", "a large fall only"),
        ([15, 60, 85, 95, 99], "simple", "not to be read"),
    ):
        assert judge(curve_of(found, effects), design, hs.PowerRules())[0] == expected


def test_the_picture_shows_every_trial_and_what_was_published(pilot):
    import matplotlib.pyplot as plt

    ax = hs.plot_power(pilot)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["14 sites, 12 weeks (cannot answer)"]
    drawn = ax.get_lines()[0].get_ydata()
    np.testing.assert_allclose(drawn, 100 * pilot.power["power"])
    assert any("Philadelphia" in text.get_text() for text in ax.texts)
    plt.close(ax.figure)
    with pytest.raises(InputError, match="give what trial_power returns"):
        hs.plot_power(pilot.trials)
