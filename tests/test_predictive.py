"""The law of the next count: reference values, known laws, and false alarms held."""

import numpy as np
import pytest
from scipy import stats

from hotspots.chance.predictive import predictive
from hotspots.contracts import InputError


def test_the_reference_values():
    law = predictive(20, 8)
    assert law.mean.item() == 2.5625
    assert law.ppf([0.025, 0.5, 0.975, 0.99865]).tolist() == [0, 2, 6, 9]


def test_without_dispersion_it_is_the_negative_binomial_of_scipy():
    rng = np.random.default_rng(1)
    total, periods = rng.integers(0, 3000, 500), rng.uniform(0.5, 200, 500)
    law, other = predictive(total, periods), stats.nbinom(total + 0.5, periods / (periods + 1))
    y = rng.integers(0, 60, 500)
    np.testing.assert_allclose(law.sf(y), other.sf(y - 1), rtol=1e-8)
    np.testing.assert_allclose(law.cdf(y), other.cdf(y), rtol=1e-8)
    np.testing.assert_allclose(law.variance, other.var())
    for q in (0.00135, 0.025, 0.5, 0.975, 0.99865):
        assert (law.ppf(q) == other.ppf(q)).all()


def test_over_a_long_baseline_it_is_poisson():
    law = predictive(3e9, 1e8)
    assert law.ppf([0.01, 0.5, 0.99]).tolist() == stats.poisson(30).ppf([0.01, 0.5, 0.99]).tolist()


@pytest.mark.parametrize("phi", [1.5, 3.0])
def test_dispersion_multiplies_the_variance(phi):
    one, more = predictive(100, 10, 2.0), predictive(100, 10, 2.0, phi)
    assert one.mean == pytest.approx(20.1)
    assert more.mean == pytest.approx(20 + phi / 10)  # 100 incidents tell as much as 100 / phi
    assert more.variance == pytest.approx(phi * more.mean * 1.2)
    drawn = stats.nbinom(more.mean / (phi * 1.2 - 1), 1 / (phi * 1.2))
    assert drawn.mean() == pytest.approx(more.mean)
    assert more.cdf(25) == pytest.approx(drawn.cdf(25))


@pytest.mark.parametrize("phi", [2.0, 3.0])
@pytest.mark.parametrize("periods", [8, 52])
def test_false_alarms_of_rare_bursts_stay_about_nominal(phi, periods):
    for mean in (0.5, 5.0):
        total = np.arange(2 * periods * mean + 150)
        weight = stats.nbinom.pmf(total, periods * mean / (phi - 1), 1 / phi)
        for level in (0.00135, 0.01, 0.05):
            least = predictive(total, periods, dispersion=phi).least(level)
            alarm = stats.nbinom.sf(least - 1, mean / (phi - 1), 1 / phi)
            assert 0.3 * level < (weight * alarm).sum() <= 1.02 * level


@pytest.mark.parametrize("df", [5, 20])
def test_an_estimated_dispersion_makes_it_student_s_t_for_large_counts(df):
    law = predictive(1e11, 1e4, dispersion=25.0, df=df)
    far = (law.least(0.00135) - law.mean) / np.sqrt(25 * law.mean)
    assert far == pytest.approx(stats.t.isf(0.00135, df), rel=0.03)
    assert law.least(0.00135) > predictive(1e11, 1e4, dispersion=25.0).least(0.00135)


def test_an_error_of_the_exposure_adds_its_share_squared():
    law = predictive(1000, 10, error=0.1)
    assert law.variance == pytest.approx(100.05 * 1.1 + (0.1 * 100.05) ** 2)


def test_the_least_alarming_count_is_the_first_within_the_level():
    law = predictive(np.arange(0, 400), 12, dispersion=2.0, df=30)
    least = law.least(0.01)
    assert (law.sf(least) <= 0.01).all()
    assert (law.sf(least - 1) > 0.01).all()


def test_what_is_not_known_stays_unknown_and_certain_counts_have_no_tail():
    law = predictive([np.nan, 0], [1, 1e6])
    assert np.isnan(law.ppf(0.5)[0])
    assert np.isnan(law.sf(3)[0])
    assert law.sf([0, 0]).tolist()[1] == 1
    assert law.cdf(-1)[1] == 0


def test_counts_between_whole_numbers_are_rounded_to_the_safe_side():
    law = predictive(20, 8)
    assert law.sf(3.2) == law.sf(4)
    assert law.cdf(3.9) == law.cdf(3)


@pytest.mark.parametrize("periods", [8, 52])
@pytest.mark.parametrize("mean", [0.5, 5, 100])
def test_false_alarms_stay_within_the_nominal_rate(mean, periods):
    total = np.arange(stats.poisson.isf(1e-12, periods * mean) + 1)
    weight = stats.poisson.pmf(total, periods * mean)
    for level in (0.00135, 0.01, 0.05):
        alarm = stats.poisson.sf(predictive(total, periods).least(level) - 1, mean)
        assert 0.2 * level < (weight * alarm).sum() <= level


def test_every_fault_is_named_at_once():
    with pytest.raises(InputError) as caught:
        predictive(-1, 0, np.inf, -2, 0, -1)
    said = str(caught.value)
    for name in ("total", "exposure", "ahead", "dispersion", "df", "error"):
        assert f"{name} is" in said
    with pytest.raises(InputError, match="numbers that broadcast"):
        predictive([1, 2], [1, 2, 3])
    for ask in (predictive(20, 8).ppf, predictive(20, 8).least):
        with pytest.raises(InputError, match="over 0 and under 1"):
            ask([0.5, 1.0])
