"""Synthetic control: the weights against a general solver, its chance against known truth."""

import numpy as np
import pytest

from hotspots.impact import make_study
from hotspots.impact._simplex import weigh
from hotspots.impact.synthetic import fit_synthetic, make_synthetic


def make_worlds(seed, *, studies=1, places=26, treated=3, before=30, after=6, effect=1.0, rate=12):
    rng = np.random.default_rng(seed)
    level = rng.gamma(3, rate / 3, (studies, places, 1)) + 1
    wave = 0.4 * np.cos(2 * np.pi * np.arange(before + after) / 12)
    y = rng.poisson(level * np.exp(wave) * rng.gamma(20, 1 / 20, (studies, places, before + after)))
    treat = np.zeros((places, before + after))
    treat[:treated, before:] = 1
    if effect != 1:
        y[:, :treated, before:] = rng.binomial(y[:, :treated, before:], effect)
    return y, treat


@pytest.mark.parametrize("seed", range(3))
def test_weights_are_those_of_a_general_solver(seed):
    from scipy.optimize import minimize

    rng = np.random.default_rng(seed)
    x, size = rng.normal(size=(1, 24, 30)), rng.gamma(1, 5, (1, 24)) + 0.05
    share = np.zeros((1, 1, 24))
    share[..., :4] = 0.25
    found = weigh(x, share, size, share == 0, 30.0)[0, 0]
    aim, others = share[0, 0] @ x[0], x[0, 4:]

    def loss(w):
        return ((aim - w @ others) ** 2).sum() + 30 * (w**2 / size[0, 4:]).sum()

    best = minimize(loss, np.full(20, 0.05), bounds=[(0, 1)] * 20, method="SLSQP",
                    constraints=[{"type": "eq", "fun": lambda w: w.sum() - 1}],
                    options={"ftol": 1e-14, "maxiter": 1000})  # fmt: skip
    assert found[:4].max() == 0
    assert found.min() >= 0
    assert found.sum() == pytest.approx(1)
    assert loss(found[4:]) <= best.fun + 1e-9
    np.testing.assert_allclose(found[4:], best.x, atol=1e-6)


def test_with_all_places_alike_it_is_the_ratio_of_sums():
    y = np.outer(np.arange(1.0, 27), np.tile([4.0, 8.0], 18))  # all go the same way
    treat = np.zeros(y.shape)
    treat[:3, 30:] = 1
    y[:3, 30:] *= 0.75
    found = fit_synthetic(make_study(y, treat, days=30.4), draws=199)
    assert np.exp(found.estimate[0]) == pytest.approx(0.75, abs=1e-9)
    made = make_synthetic(make_study(y, treat, days=30.4))
    size = np.arange(4.0, 27)
    np.testing.assert_allclose(made.weights[0, 3:], size / size.sum(), atol=1e-8)
    assert made.expected[0, 30:].sum() * 0.75 == pytest.approx(made.observed[0, 30:].sum())
    assert made.miss[0] == pytest.approx(0, abs=1e-9)


def test_places_with_a_season_of_their_own_are_compared_with_others_that_have_it():
    rng = np.random.default_rng(3)
    t = np.arange(42)
    lake = np.arange(30) < 12
    wave = np.where(lake[:, None], 1.0, -0.3) * np.cos(2 * np.pi * t / 12)
    y = rng.poisson(40 * np.exp(wave))
    treat = np.zeros(y.shape)
    treat[:4, 36:] = 1
    made = make_synthetic(make_study(y, treat, days=30.4))
    assert made.weights[0, 4:12].sum() > 0.8
    plain = np.log(y[:4, 36:].sum() / y[:4, :36].sum() / (y[4:, 36:].sum() / y[4:, :36].sum()))
    found = fit_synthetic(make_study(y, treat, days=30.4), draws=99)
    assert abs(found.estimate[0]) < 0.1 < abs(plain)


def test_many_studies_at_once_are_each_as_alone():
    y, treat = make_worlds(5, studies=3)
    both = fit_synthetic(make_study(y, treat, days=30.4), draws=60)
    drawn = make_study(y, treat, redraw=lambda draws, rng: placebo(treat, draws, rng))
    together = fit_synthetic(drawn, draws=60)
    for s in range(3):
        alone = fit_synthetic(
            make_study(y[s], treat, redraw=lambda draws, rng: placebo(treat, draws, rng)), draws=60
        )
        for name in ("estimate", "low", "high", "p"):
            assert getattr(alone, name)[0] == pytest.approx(getattr(together, name)[s], abs=1e-7)
    np.testing.assert_allclose(both.estimate, together.estimate, atol=1e-7)


def placebo(treat, draws, rng):
    order = np.argsort(rng.random((draws, len(treat))), axis=1)
    return treat[order]


def test_p_and_interval_say_the_same_and_one_place_has_every_other_as_placebo():
    y, treat = make_worlds(8, studies=40, treated=1)
    found = fit_synthetic(make_study(y, treat, days=30.4))
    assert found.chance.startswith("every other place taken as if it had been treated")
    ranks = found.p * 26
    np.testing.assert_allclose(ranks, np.round(ranks), atol=1e-9)  # one of 26 places
    outside = (found.low > 0) | (found.high < 0)
    assert (outside == (found.p <= 0.05)).all()
    assert (found.low <= found.estimate).all()
    assert (found.estimate <= found.high).all()


def test_a_known_fall_is_found():
    y, treat = make_worlds(2, studies=25, treated=6, effect=0.7)
    found = fit_synthetic(make_study(y, treat, days=30.4), draws=199)
    assert np.exp(found.estimate.mean()) == pytest.approx(0.7, abs=0.03)
    assert ((found.low <= np.log(0.7)) & (np.log(0.7) <= found.high)).mean() >= 0.84  # 21 of 25
    assert (found.p <= 0.05).mean() > 0.8


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"places": 22}, "19 places were never treated; a synthetic control needs 20"),
        ({"before": 20}, "20 periods before the start are recorded; a synthetic control needs 24"),
    ],
)
def test_it_refuses_in_words(change, words):
    y, treat = make_worlds(1, **change)
    found = fit_synthetic(make_study(y, treat))
    assert found.refused.startswith(words)
    assert np.isnan(found.estimate).all()


def test_months_the_places_were_chosen_for_are_not_fitted():
    y, treat = make_worlds(1)
    chosen = (np.arange(36) >= 18) & (np.arange(36) < 30)
    assert "chosen for not counted" in fit_synthetic(make_study(y, treat, chosen=chosen)).refused
    y, treat = make_worlds(1, before=40)
    chosen = (np.arange(46) >= 28) & (np.arange(46) < 40)
    changed = y.copy()
    changed[:, :, 28:40] = 3 * y[:, :, 28:40]
    one, other = (
        fit_synthetic(make_study(v, treat, chosen=chosen), draws=99) for v in (y, changed)
    )
    assert one.estimate == other.estimate
    assert one.p == other.p


def test_places_that_start_at_different_times_are_refused():
    y, treat = make_worlds(1)
    treat[0, 29] = 1
    assert not fit_synthetic(make_study(y, treat), draws=19).refused  # the rest follow at once
    treat[1, 30:] = 0
    treat[1, 35] = 1
    treat[0, 35] = 0
    assert "under treatment at once" in fit_synthetic(make_study(y, treat)).refused
