"""Panels of counts and interrupted series: against statsmodels, closed forms and known truth."""

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm

from hotspots.contracts import InputError
from hotspots.impact._twoway import fit_two_way, lay_out
from hotspots.impact._wild import statistics, weights, wild_p
from hotspots.impact.interrupted import fit_interrupted, interrupted_series
from hotspots.impact.panel import fit_panel
from hotspots.impact.study import make_study

MONTH = 365.25 / 12


def study_of(seed=0, places=10, before=12, after=6, mean=6.0, effect=1.0, **given):
    """Make one study, half of the places treated from ``before`` on."""
    rng = np.random.default_rng(seed)
    treat = np.zeros((places, before + after))
    treat[: places // 2, before:] = 1
    level = rng.gamma(2, mean / 2, (places, 1)) + 1
    mu = level * np.exp(0.3 * np.sin(np.arange(before + after))) * effect**treat
    y = rng.poisson(mu * rng.gamma(5, 0.2, mu.shape)).astype(float)
    return make_study(y, treat, **given)


def worlds(studies, places=10, before=24, after=6, mean=8.0, effect=1.0, seed=0):
    """Make studies as ``benchmarks/impact_worlds.py`` does by default, fewer of them."""
    rng = np.random.default_rng(seed)
    treat = np.zeros((places, before + after))
    treat[: places // 2, before:] = 1
    season = np.exp(0.3 * np.cos(2 * np.pi * np.arange(before + after) / 12))
    mu = rng.gamma(1, mean, (studies, places, 1)) * season * effect**treat + 0.2
    y = rng.poisson(mu * rng.gamma(5, 0.2, mu.shape))
    return make_study(y, np.broadcast_to(treat, y.shape), days=MONTH)


def dummies(study, *columns, week=1000):
    """Design of a study for statsmodels, cells and periods that say nothing left out."""
    y = study.y[0]
    place, period = np.nonzero(study.used)
    cell = np.unique(np.stack([place, study.cell[place, period]]), axis=1, return_inverse=True)[1]
    cell = cell.ravel()
    while True:
        counts = y[place, period]
        keep = (np.bincount(cell, counts)[cell] > 0) & (np.bincount(period, counts)[period] > 0)
        if keep.all():
            break
        place, period, cell = place[keep], period[keep], cell[keep]
    x = np.column_stack([
        (cell[:, None] == np.unique(cell)).astype(float),
        (period[:, None] == [t for t in np.unique(period) if t % week]).astype(float),
        *(column[place, period] for column in columns),
    ])  # fmt: skip
    return y[place, period], x, place


def gappy():
    """Return a study with wash-out, a place without incidents and an empty period."""
    study = study_of(3, places=12, mean=3)
    used = np.ones(study.y.shape[1:], dtype=bool)
    used[:, 12] = False
    used[4, 2:5] = False
    y = study.y[0].copy()
    y[9] = 0
    y[:, 7] = 0
    return make_study(y, study.treat[0], used=used)


@pytest.mark.parametrize("study", [study_of(1), gappy()], ids=["whole", "gappy"])
def test_poisson_is_that_of_statsmodels_to_eight_digits(study):
    y, x, place = dummies(study, study.treat[0])
    oracle = sm.GLM(y, x, family=sm.families.Poisson())
    plain = oracle.fit(tol=1e-13, maxiter=200)
    clustered = oracle.fit(tol=1e-13, maxiter=200, cov_type="cluster",
                           cov_kwds={"groups": place, "use_correction": True})  # fmt: skip
    from scipy.stats import norm, t

    model = fit_panel(study, errors="model")
    assert model.estimate[0] == pytest.approx(plain.params[-1], abs=1e-8)
    assert (model.high - model.estimate)[0] == pytest.approx(
        norm.ppf(0.975) * plain.bse[-1], abs=1e-8
    )
    cr1 = fit_panel(study, errors="cr1")
    reach = t.ppf(0.975, len(np.unique(place)) - 1) * clustered.bse[-1]
    assert (cr1.high - cr1.estimate)[0] == pytest.approx(reach, abs=1e-8)
    assert cr1.p[0] == pytest.approx(
        2 * t.sf(abs(plain.params[-1] / clustered.bse[-1]), len(np.unique(place)) - 1), abs=1e-8
    )


def test_negative_binomial_is_that_of_statsmodels_at_its_dispersion_by_moments():
    study = study_of(2, mean=15)
    fit = fit_two_way(study, lay_out(study), study.treat[..., None], mixed=True)
    alpha = fit.dispersion[0]
    assert alpha > 0.02
    y, x, _ = dummies(study, study.treat[0])
    oracle = sm.GLM(y, x, family=sm.families.NegativeBinomial(alpha=alpha)).fit(tol=1e-12)
    assert fit.coef[0, 0] == pytest.approx(oracle.params[-1], abs=1e-7)
    assert np.sqrt(fit.cov[0, 0, 0]) == pytest.approx(oracle.bse[-1], abs=1e-7)
    assert oracle.pearson_chi2 == pytest.approx(oracle.df_resid, rel=1e-5)


def test_cells_of_place_and_week_are_compared_within():
    rng = np.random.default_rng(4)
    treat = np.zeros((8, 28))
    for place in range(8):
        for week in range(4):
            treat[place, 7 * week + rng.permutation(7)[:3]] = 1
    cell = np.broadcast_to(np.arange(28) // 7, (8, 28))
    study = make_study(rng.poisson(4 * np.exp(-0.3 * treat)), treat, cell=cell)
    assert lay_out(study).at.shape == (4, 8, 7)
    y, x, place = dummies(study, treat, week=7)
    oracle = sm.GLM(y, x, family=sm.families.Poisson()).fit(
        tol=1e-13, cov_type="cluster", cov_kwds={"groups": place, "use_correction": False}
    )
    fit = fit_two_way(study, lay_out(study), treat[None, ..., None])
    assert fit.coef[0, 0] == pytest.approx(oracle.params[-1], abs=1e-8)
    assert np.sqrt((fit.influence**2).sum()) == pytest.approx(oracle.bse[-1], abs=1e-8)


def test_dose_is_regressed_on():
    study = study_of(5)
    dose = study.treat[0] * np.linspace(0.5, 2, study.y.shape[1])[:, None]
    y, x, _ = dummies(study, dose)
    oracle = sm.GLM(y, x, family=sm.families.Poisson()).fit(tol=1e-13)
    assert fit_panel(study, dose=dose).estimate[0] == pytest.approx(oracle.params[-1], abs=1e-8)


def test_one_start_is_the_ratio_of_ratios():
    study = study_of(6)
    y, arm, after = study.y[0], study.arm[0], ~study.before
    t1, t0 = y[arm][:, after].sum(), y[arm][:, ~after].sum()
    c1, c0 = y[~arm][:, after].sum(), y[~arm][:, ~after].sum()
    assert fit_panel(study).estimate[0] == pytest.approx(np.log(t1 / t0 / (c1 / c0)), abs=1e-9)


def test_leaving_out_a_place_in_one_step_is_near_leaving_it_out():
    study = study_of(7, places=20, mean=15)
    fit = fit_two_way(study, lay_out(study), study.treat[..., None], extra="without")
    moves = []
    for c in range(20):
        kept = np.delete(np.arange(20), c)
        less = make_study(study.y[0, kept], study.treat[0, kept])
        moves.append(fit_panel(less, errors="model").estimate[0] - fit.coef[0, 0])
    assert fit.extra[0, :, 0] == pytest.approx(moves, abs=0.1 * np.abs(moves).max())


def test_wild_bootstrap_is_what_it_is_step_by_step():
    study, null = study_of(8, places=8), 0.2
    layout, column = lay_out(study), study.treat[..., None]
    y, x, place = dummies(study, study.treat[0])
    kept = sm.GLM(y, x[:, :-1], family=sm.families.Poisson(), offset=null * x[:, -1])
    mu = kept.fit(tol=1e-13).mu
    bread = np.linalg.inv(x.T @ (x * mu[:, None]))
    drawn = weights(8, 199, 0)
    held = fit_two_way(
        study, layout, column, free=np.zeros(1, dtype=bool), offset=null * column[..., 0],
        extra="echo",
    )  # fmt: skip
    found, again = statistics(held.influence, held.extra, drawn)

    def t(v):
        bent = v[place] * (y - mu)  # signs of the residuals of places
        move = bread @ x.T @ bent
        rest = bent - mu * (x @ move)
        scores = np.stack([(x * rest[:, None])[place == c].sum(axis=0) for c in range(8)])
        return move[-1] / np.sqrt(((scores @ bread[:, -1]) ** 2).sum())

    assert found[0, 0] == pytest.approx(t(np.ones(8)), rel=1e-6)
    assert again[0, :20, 0] == pytest.approx([t(v) for v in drawn[:20]], rel=1e-6)
    p = wild_p(study, layout, column, np.array([null]), mixed=False, seed=0, draws=199)
    order = np.argsort(held.influence[0, :, 0])
    naive = [abs(t(v[np.argsort(order)])) for v in drawn]
    assert p[0] == pytest.approx((1 + np.sum(naive >= abs(found[0, 0]) - 1e-9)) / 200)


def test_wild_interval_ends_where_the_test_rejects():
    study = study_of(9, places=14)
    batch = fit_panel(study, errors="wild", draws=399)
    width = batch.high[0] - batch.low[0]
    kept = {"mixed": False, "seed": 0, "draws": 399}
    zero = fit_two_way(study, lay_out(study), study.treat[..., None],
                       free=np.zeros(1, dtype=bool))  # fmt: skip
    order = np.argsort(zero.influence[..., 0], axis=1, kind="stable")
    for end, out in ((batch.low[0], -1), (batch.high[0], 1)):
        for step, inside in ((0.03, False), (-0.03, True)):
            at = np.array([end + out * step * width])
            p = wild_p(study, lay_out(study), study.treat[..., None], at, order=order, **kept)
            assert (p[0] > 0.05) == inside


@pytest.mark.parametrize("errors", ["cluster", "wild", "cr1", "model"])
def test_neither_order_of_rows_nor_company_of_studies_matters(errors):
    made = worlds(3, places=14, before=12, after=4)
    order = np.random.default_rng(1).permutation(14)
    together = fit_panel(made, errors=errors, draws=199)
    shuffled = make_study(made.y[:, order], made.treat[:, order])
    again = fit_panel(shuffled, errors=errors, draws=199)
    alone = fit_panel(replace(made, y=made.y[1:2], treat=made.treat[1:2]), errors=errors, draws=199)
    for name in ("estimate", "low", "high", "p"):
        assert getattr(again, name) == pytest.approx(getattr(together, name), abs=1e-6)
        assert getattr(alone, name)[0] == pytest.approx(getattr(together, name)[1], abs=1e-6)


def test_leaving_out_places_holds_its_rate_with_ten_places_and_cr1_does_not():
    none = worlds(400)
    assert 0.03 <= np.mean(fit_panel(none).p < 0.05) <= 0.075
    assert np.mean(fit_panel(none, errors="cr1").p < 0.05) > 0.08
    some = fit_panel(worlds(400, effect=0.8, seed=1))
    truth = np.log(0.8)
    assert 0.925 <= np.mean((some.low <= truth) & (some.high >= truth)) <= 0.97
    assert np.mean(some.estimate) == pytest.approx(truth, abs=0.03)


def test_what_cannot_be_compared_is_refused_in_words():
    y = np.random.default_rng(0).poisson(5, (10, 12)).astype(float)
    on = np.zeros((10, 12))
    on[:, 6:] = 1
    assert "no comparison place" in fit_panel(make_study(y, on)).refused
    few = on.copy()
    few[3:] = 0
    assert "Too few places" in fit_panel(make_study(y, few)).refused
    always = np.zeros((10, 12))
    always[:5] = 1
    assert "nothing was counted before it" in fit_panel(make_study(y, always)).refused
    assert "No place was treated" in fit_panel(make_study(y, 0 * on)).refused
    assert "No period" in fit_panel(make_study(y, on, used=np.zeros(12))).refused
    half = on.copy()
    half[5:] = 0
    gone = np.where(half > 0, 0, y)
    assert "Too few incidents" in fit_panel(make_study(gone, half)).refused
    empty = y.copy()
    empty[:3] = 0
    assert "Too few incidents" in fit_panel(make_study(empty, half)).refused
    assert np.isnan(fit_panel(make_study(y, on)).estimate).all()


def test_one_study_that_cannot_be_answered_leaves_the_others():
    made = worlds(3, before=12, after=4)
    y = made.y.copy()
    y[1] = np.where(made.treat[1] > 0, 0, y[1])
    batch = fit_panel(make_study(y, made.treat))
    assert np.isnan(batch.p).tolist() == [False, True, False]


def test_every_fault_is_named_at_once():
    with pytest.raises(InputError, match=r"(?s)family.*errors.*draws.*level"):
        fit_panel(study_of(), family="gauss", errors="hc0", level=95, draws=1)
    with pytest.raises(InputError, match="dose has shape"):
        fit_panel(study_of(), dose=[1, 2])
    hole = np.full((10, 18), np.nan)
    with pytest.raises(InputError, match="dose is not known"):
        fit_panel(study_of(), dose=hole)


# --- the interrupted series ------------------------------------------------------------------


def series_of(seed=0, before=24, after=12, effect=0.8, slope=0.0):
    rng = np.random.default_rng(seed)
    t = np.arange(before + after)
    treat = np.zeros((4, len(t)))
    treat[:2, before:] = 1
    season = np.exp(0.3 * np.cos(2 * np.pi * t / 12))
    mu = 60 * season * effect**treat * np.exp(slope * t / 12 * (np.arange(4) < 2)[:, None])
    return make_study(rng.poisson(mu), treat, days=MONTH)


def test_series_is_binomial_regression_of_the_arms():
    study = series_of(1)
    treated, control = study.y[0, :2].sum(axis=0), study.y[0, 2:].sum(axis=0)
    years = (np.arange(36) + 0.5) / 12
    after = (np.arange(36) >= 24).astype(float)
    t = years - years[24:].mean()
    x = np.column_stack([
        np.ones(36), after, after * t, t, np.cos(2 * np.pi * years), np.sin(2 * np.pi * years)
    ])  # fmt: skip
    oracle = sm.GLM(np.column_stack([treated, control]), x, family=sm.families.Binomial()).fit()
    found = fit_interrupted(study)
    assert found.estimate[0] == pytest.approx(oracle.params[1], abs=1e-7)
    from scipy.stats import t as student

    spread = oracle.pearson_chi2 / oracle.df_resid
    plain = student.ppf(0.975, 30) * oracle.bse[1] * np.sqrt(spread)
    residual = oracle.resid_pearson
    assert abs(np.corrcoef(residual[1:], residual[:-1])[0, 1]) < 1 / 6  # none is allowed for here
    assert found.high[0] - found.estimate[0] == pytest.approx(plain, rel=1e-6)


def test_series_finds_a_planted_fall_and_no_trend_is_taken_for_one():
    batch = [fit_interrupted(series_of(s, slope=-0.2)) for s in range(60)]
    truth = np.log(0.8)
    assert np.mean([b.estimate[0] for b in batch]) == pytest.approx(truth, abs=0.03)
    assert np.mean([b.low[0] <= truth <= b.high[0] for b in batch]) >= 0.9


def test_series_tells_what_was_expected():
    table = interrupted_series(series_of(2))
    assert len(table) == 36
    assert table.loc[~table["after"], "expected"].to_numpy() == pytest.approx(
        table.loc[~table["after"], "fitted"].to_numpy()
    )
    later = table[table["after"]]
    found = np.exp(fit_interrupted(series_of(2)).estimate[0])
    assert later["fitted"].sum() / later["expected"].sum() == pytest.approx(found, rel=0.03)
    assert interrupted_series(series_of(2), comparator=False)["control"].isna().all()
    assert interrupted_series(series_of(2, before=6)).empty


def test_series_alone_is_the_change_and_says_so():
    alone = series_of(3)
    only = make_study(alone.y[0, :2], alone.treat[0, :2], days=MONTH)
    assert "no comparison place" in fit_interrupted(only).refused
    change = fit_interrupted(only, comparator=False)
    assert "whatever made it" in change.chance
    assert np.exp(change.estimate[0]) == pytest.approx(0.8, abs=0.15)


def test_series_refuses_what_it_cannot_read():
    study = series_of(4)
    assert "24 are needed" in fit_interrupted(series_of(4, before=12)).refused
    weeks = make_study(study.y[0], study.treat[0], days=7)
    assert "0.5 years before it" in fit_interrupted(weeks).refused
    steps = study.treat[0].copy()
    steps[0, 24:27] = 0
    assert "different times" in fit_interrupted(make_study(study.y[0], steps, days=MONTH)).refused
    off = study.treat[0].copy()
    off[:2, 30:] = 0
    assert "came and went" in fit_interrupted(make_study(study.y[0], off, days=MONTH)).refused
    few = make_study(np.minimum(study.y[0], 1) * 0.2, study.treat[0], days=MONTH)
    assert "Under 20 incidents" in fit_interrupted(few).refused
    with pytest.raises(InputError, match="level is 95"):
        fit_interrupted(study, level=95)


def test_series_of_many_studies_are_those_of_each():
    made = worlds(3, places=8)
    treat = made.treat[[0, 0, 0]].copy()
    treat[1] = np.roll(treat[1], 2, axis=0)  # other places treated
    both = fit_interrupted(make_study(made.y, treat, days=MONTH))
    for s in range(3):
        one = fit_interrupted(make_study(made.y[s], treat[s], days=MONTH))
        for name in ("estimate", "low", "high", "p"):
            assert getattr(both, name)[s] == pytest.approx(getattr(one, name)[0], abs=1e-9)
