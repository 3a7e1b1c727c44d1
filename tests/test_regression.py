"""The regression of counts for many groups at once agrees with statsmodels, group by group."""

import numpy as np
import pytest

import hotspots as hs
from hotspots.chance.regression import fit_counts, orthonormal, trend_columns

T = np.arange(60)
X = np.column_stack([np.ones(60), T / 12, np.cos(np.pi * T / 6), np.sin(np.pi * T / 6)])
DAYS = np.log(28 + T % 4)


def counts(mean, alpha, seed=0, groups=1):
    rng = np.random.default_rng(seed)
    mu = mean * np.exp(0.3 * np.cos(np.pi * T / 6))
    mixed = rng.gamma(1 / alpha, alpha, (groups, 60)) if alpha else 1.0
    return rng.poisson(mu * mixed, (groups, 60)).astype(float)


@pytest.mark.parametrize(("mean", "alpha"), [(3, 0.5), (30, 0.1), (300, 0.02)])
def test_maximum_likelihood_is_statsmodels(mean, alpha):
    import statsmodels.api as sm

    y = counts(mean, alpha)
    fit = fit_counts(y, X, DAYS, dispersion="likelihood")
    start = np.r_[fit.coef[0] * 1.01, fit.dispersion[0]]
    other = sm.NegativeBinomial(y[0], X, offset=DAYS).fit(
        start_params=start, disp=0, maxiter=200, method="newton", tol=1e-9
    )
    np.testing.assert_allclose(fit.coef[0], other.params[:-1], atol=1e-6)
    assert fit.dispersion[0] == pytest.approx(other.params[-1], rel=1e-5)
    assert fit.loglik[0] == pytest.approx(other.llf, abs=1e-8)


@pytest.mark.parametrize(("mean", "alpha"), [(3, 0.5), (30, 0.1), (8, 0.0)])
def test_moments_set_pearson_to_its_degrees_of_freedom(mean, alpha):
    import statsmodels.api as sm

    y = counts(mean, alpha, seed=3)
    fit = fit_counts(y, X, DAYS)
    family = (sm.families.NegativeBinomial(alpha=fit.dispersion[0]) if fit.dispersion[0]
              else sm.families.Poisson())  # fmt: skip
    other = sm.GLM(y[0], X, family=family, offset=DAYS).fit(tol=1e-13)
    np.testing.assert_allclose(fit.coef[0], other.params, atol=1e-7)
    np.testing.assert_allclose(fit.cov[0], other.normalized_cov_params, rtol=1e-5, atol=1e-12)
    np.testing.assert_allclose(fit.mean[0], other.fittedvalues, rtol=1e-6)
    assert fit.df.tolist() == [56]
    if fit.dispersion[0]:
        assert other.pearson_chi2 == pytest.approx(56, rel=1e-6)
    else:
        assert other.pearson_chi2 <= 56


def test_moments_do_not_understate_the_dispersion_and_likelihood_does():
    y = counts(30, 0.1, seed=1, groups=300)[:, :36]
    moments = fit_counts(y, X[:36], 0.0).dispersion
    likelihood = fit_counts(y, X[:36], 0.0, dispersion="likelihood").dispersion
    assert moments.mean() == pytest.approx(0.1, abs=0.006)
    assert likelihood.mean() < 0.092


def test_groups_fitted_together_are_groups_fitted_alone():
    y = counts(6, 0.3, seed=5, groups=7)
    used = np.random.default_rng(1).random((7, 60)) > 0.2
    y[~used] = np.nan
    both = fit_counts(y, X, DAYS)
    for g in range(7):
        one = fit_counts(y[g : g + 1, used[g]], X[used[g]], DAYS[used[g]])
        np.testing.assert_allclose(both.coef[g], one.coef[0], atol=1e-6)
        assert both.dispersion[g] == pytest.approx(one.dispersion[0], abs=1e-6)
        assert both.df[g] == one.df[0] == used[g].sum() - 4
    assert np.isfinite(both.mean).all()  # also where nothing was recorded


def test_a_given_dispersion_is_kept():
    fit = fit_counts(counts(6, 0.3, groups=2), X, dispersion=[0.0, 0.7])
    assert fit.dispersion.tolist() == [0.0, 0.7]


def test_columns_that_say_nothing_new_do_no_harm():
    y = counts(20, 0.0)
    twice = np.column_stack([X, X[:, 1], np.zeros(60)])
    plain, other = fit_counts(y, X), fit_counts(y, twice)
    np.testing.assert_allclose(other.mean, plain.mean, rtol=1e-7)
    assert other.df.tolist() == plain.df.tolist()
    assert other.coef[0, 5] == 0
    assert other.coef[0, 1] + other.coef[0, 4] == pytest.approx(plain.coef[0, 1])


def test_groups_without_incidents_or_without_records_are_no_trouble():
    y = np.vstack([np.zeros(60), np.full(60, np.nan), counts(5, 0)[0]])
    fit = fit_counts(y, X)
    assert fit.mean[0].max() < 1e-6
    assert fit.df.tolist() == [56, 0, 56]
    assert fit.loglik[1] == 0
    assert np.isfinite(fit.coef).all()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"y": [1.0, 2.0]}, "dimensions"),
        ({"x": np.ones((5, 1))}, "does not go with"),
        ({"x": np.ones((3, 60, 1))}, "columns of 3 groups"),
        ({"y": np.full((1, 60), -1.0)}, "negative"),
        ({"offset": np.full(60, np.inf)}, "not finite"),
        ({"offset": np.ones(7)}, "does not go with y"),
        ({"dispersion": "mle"}, "it takes moments, likelihood"),
        ({"dispersion": -1.0}, "must be 0 or above"),
    ],
)
def test_wrong_input_is_refused_in_words(given, said):
    arguments = {"y": counts(5, 0), "x": X} | given
    with pytest.raises(hs.InputError, match=said):
        fit_counts(arguments.pop("y"), arguments.pop("x"), **arguments)


def test_a_trend_is_a_line_up_to_four_years_and_a_natural_spline_beyond():
    used = np.ones((1, 72), dtype=bool)
    assert trend_columns(np.arange(48) / 12, used[:, :48]).shape == (1, 48, 1)
    spline = trend_columns(np.arange(72) / 12, used)
    assert spline.shape == (1, 72, 6)
    # natural: straight beyond the ends
    wider = trend_columns(np.arange(96) / 12, np.pad(used, ((0, 0), (0, 24))))
    np.testing.assert_allclose(np.diff(wider[0, 72:], 2, axis=0), 0, atol=1e-9)


def test_each_group_has_the_trend_of_its_own_span():
    used = np.ones((2, 72), dtype=bool)
    used[1, 30:] = False
    columns = trend_columns(np.arange(72) / 12, used)
    assert (columns[1, :, 1:] == 0).all()
    assert columns[1, 29, 0] == pytest.approx(1)
    assert columns[0, 71, 0] == pytest.approx(1)


def test_an_orthonormal_basis_spans_the_same():
    used = np.ones((1, 60), dtype=bool)
    basis, back = orthonormal(X[None], used)
    np.testing.assert_allclose(basis[0].T @ basis[0], np.eye(4), atol=1e-12)
    np.testing.assert_allclose(X @ back[0], basis[0], atol=1e-10)
