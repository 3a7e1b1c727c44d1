"""Power of trials: against closed forms, known truth, and the records it is learnt from."""

import numpy as np
import pandas as pd
import pytest

import hotspots as hs
from hotspots.contracts import InputError
from hotspots.trials.baseline import Baseline, Records, learn, variogram
from hotspots.trials.closed_forms import (
    baseline_factor,
    detectable,
    post_only_power,
    power_of,
    sites_needed,
    wdd_detectable,
)
from hotspots.trials.scenarios import make_scenario
from hotspots.trials.simulation import Curve, detectable_effect, power_at, run_trials
from hotspots.trials.worlds import draw_counts, make_frame, thin, wandering

QUICK = hs.PowerRules(sims=100, draws=199)
MONTHS = np.arange("2021-01", "2025-01", dtype="M8[M]").astype("M8[D]")


@pytest.fixture(scope="module")
def county():
    return hs.make_county(seed=1, months=36)


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


def test_closed_forms_agree_with_statsmodels():
    from statsmodels.stats.power import normal_power

    for effect in (0.5, 1.5, 2.8, 4.0):
        # the power of one mean of unit variance with one observation
        theirs = normal_power(effect, 1, 0.05, alternative="two-sided")
        assert power_of(effect, 1.0) == pytest.approx(theirs, abs=1e-12)
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
