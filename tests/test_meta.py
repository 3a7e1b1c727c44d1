"""Pooling gives the published numbers, those of another package, and holds its level."""

import numpy as np
import pytest
from scipy import optimize, stats

from hotspots.evidence.meta import (
    drawn_spread,
    funnel_p,
    inconsistency,
    random_effects,
    tau2_interval,
)

# 13 trials of the BCG vaccine (Colditz et al. 1994): ill and not, vaccinated and not
BCG = np.array([
    (4, 119, 11, 128), (6, 300, 29, 274), (3, 228, 11, 209), (62, 13536, 248, 12619),
    (33, 5036, 47, 5761), (180, 1361, 372, 1079), (8, 2537, 10, 619), (505, 87886, 499, 87892),
    (29, 7470, 45, 7232), (17, 1699, 65, 1600), (186, 50448, 141, 27197), (5, 2493, 3, 2338),
    (27, 16886, 29, 17825),
], dtype=float).T  # fmt: skip


def log_ratios():
    ill, well, other_ill, other_well = BCG
    y = np.log(ill / (ill + well) / (other_ill / (other_ill + other_well)))
    return y, 1 / ill - 1 / (ill + well) + 1 / other_ill - 1 / (other_ill + other_well)


def test_the_vaccine_trials_come_out_as_published():
    """The figures metafor prints for them (restricted likelihood)."""
    y, v = log_ratios()
    pool = random_effects(y, v)
    assert pool.tau2[0] == pytest.approx(0.3132, abs=5e-5)
    assert pool.estimate[0] == pytest.approx(-0.7145, abs=5e-5)
    w = 1 / (v + pool.tau2[0])
    assert 1 / np.sqrt(w.sum()) == pytest.approx(0.1798, abs=5e-5)  # its plain standard error
    assert inconsistency(v, pool.tau2[0]) == pytest.approx(0.9222, abs=5e-5)
    common = random_effects(y, v, method="common")
    q = ((y - common.estimate[0]) ** 2 / v).sum()
    assert q == pytest.approx(152.2330, abs=5e-5)
    assert funnel_p(y, v, tau2=0) == pytest.approx(0.1887, abs=5e-5)  # Egger's regression


def test_the_interval_of_the_spread_is_the_published_one():
    """Odds ratios of the same trials: .1302 to 1.1812 by the Q-profile (metafor)."""
    a, b, c, d = BCG
    low, high = tau2_interval(np.log(a * d / (b * c)), 1 / a + 1 / b + 1 / c + 1 / d)
    assert (low, high) == (pytest.approx(0.1302, abs=1e-4), pytest.approx(1.1812, abs=1e-4))


@pytest.mark.parametrize("k", [5, 13])
def test_moments_and_hartung_knapp_agree_with_statsmodels(k):
    from statsmodels.stats.meta_analysis import combine_effects

    y, v = (each[:k] for each in log_ratios())
    theirs = combine_effects(y, v, method_re="chi2", use_t=True)
    ours = random_effects(y, v, method="dl")
    assert ours.tau2[0] == pytest.approx(theirs.tau2, rel=1e-10)
    assert ours.estimate[0] == pytest.approx(theirs.mean_effect_re, rel=1e-10)
    assert ours.se[0] == pytest.approx(theirs.sd_eff_w_re, rel=1e-10)
    # Hartung-Knapp at the same spread, from their weights
    w = 1 / (v + theirs.tau2)
    error = np.sqrt((w * (y - ours.estimate[0]) ** 2).sum() / (k - 1) / w.sum())
    assert error == pytest.approx(theirs.sd_eff_w_re_hksj, rel=1e-10)


def test_the_spread_maximises_the_restricted_likelihood():
    rng = np.random.default_rng(5)
    for k in (2, 4, 9):
        for spread in (0.05, 0.4):
            v = rng.uniform(0.005, 0.2, k)
            y = rng.normal(-0.1, np.sqrt(v + spread**2))

            def minus(tau2, y=y, v=v):
                w = 1 / (v + tau2)
                mean = (w * y).sum() / w.sum()
                return 0.5 * (
                    np.log(v + tau2).sum() + np.log(w.sum()) + (w * (y - mean) ** 2).sum()
                )

            best = optimize.minimize_scalar(minus, bounds=(0, 5), method="bounded",
                                            options={"xatol": 1e-10})  # fmt: skip
            found = random_effects(y, v).tau2[0]
            assert minus(found) <= min(best.fun, minus(0.0)) + 1e-9


def test_the_interval_is_never_narrower_than_were_the_spread_known():
    """Three results that agree better than their errors let them say no more for it."""
    y, v = np.array([-0.2, -0.2, -0.2]), np.full(3, 0.01)
    pool = random_effects(y, v)
    assert pool.tau2[0] == 0
    assert pool.se[0] == pytest.approx(np.sqrt(0.01 / 3))
    assert pool.high[0] == pytest.approx(-0.2 + stats.t.ppf(0.975, 2) * np.sqrt(0.01 / 3))


def test_many_are_pooled_at_once_as_one_by_one():
    rng = np.random.default_rng(2)
    y, v = rng.normal(0, 0.3, (6, 5)), rng.uniform(0.01, 0.1, (6, 5))
    used = rng.random((6, 5)) < 0.7
    used[:, :2] = True
    together = random_effects(y, v, used=used)
    for n in range(6):
        alone = random_effects(y[n, used[n]], v[n, used[n]])
        for name in ("estimate", "low", "high", "p", "tau2"):
            assert getattr(together, name)[n] == pytest.approx(getattr(alone, name)[0], abs=1e-12)
        assert together.k[n] == used[n].sum()
        np.testing.assert_allclose(together.weights[n][used[n]], alone.weights[0])


def test_where_nothing_is_true_it_is_rarely_claimed():
    """At most 5% and a margin, where settings differ and trials are of unlike sizes."""
    rng = np.random.default_rng(11)
    v = np.exp(rng.uniform(np.log(0.08), np.log(0.5), (4000, 6))) ** 2
    y = rng.normal(0, np.sqrt(v + 0.2**2))
    pool, plain = random_effects(y, v), random_effects(y, v, method="common")
    claimed = np.mean((pool.low > 0) | (pool.high < 0))
    assert claimed < 0.065
    assert np.mean((plain.low > 0) | (plain.high < 0)) > 0.2  # one effect for all: four times
    np.testing.assert_array_equal((pool.low > 0) | (pool.high < 0), pool.p < 0.05)


def test_a_further_setting_lies_where_it_is_foretold():
    rng = np.random.default_rng(4)
    v = rng.uniform(0.01, 0.1, (200, 7))
    y, further = rng.normal(-0.1, np.sqrt(v + 0.15**2)), rng.normal(-0.1, 0.15, 200)
    drawn = [drawn_spread(y[n], v[n], seed=n, draws=599) for n in range(200)]
    held = sum(one.expect_low < true < one.expect_high
               for one, true in zip(drawn, further, strict=True))  # fmt: skip
    assert held >= 0.93 * 200
    pool = random_effects(y, v)
    wide = stats.t.ppf(0.975, 5) * np.sqrt(pool.tau2 + pool.se**2)
    assert held > (np.abs(further - pool.estimate) < wide).sum()  # spread taken as known


def test_drawing_is_the_same_with_the_same_seed_and_p_fits_the_interval():
    y, v = log_ratios()
    one, again = drawn_spread(y, v, seed=3), drawn_spread(y, v, seed=3)
    assert one == again
    other = drawn_spread(y, v, seed=4)
    assert one.low == pytest.approx(other.low, rel=0.05)
    assert (one.p < 0.05) == (one.high < 0 or one.low > 0)
    assert np.isnan(drawn_spread(y[:2], v[:2]).expect_low)


def test_the_funnel_is_a_weighted_regression_by_statsmodels():
    import statsmodels.api as sm

    y, v = log_ratios()
    tau2 = random_effects(y, v).tau2[0]
    theirs = sm.WLS(y, sm.add_constant(np.sqrt(v)), weights=1 / (v + tau2)).fit()
    assert funnel_p(y, v) == pytest.approx(theirs.pvalues[1], rel=1e-9)


def test_alike_studies_make_no_funnel():
    assert np.isnan(funnel_p([-0.1, 0.2, 0.3], [0.04, 0.04, 0.04]))
