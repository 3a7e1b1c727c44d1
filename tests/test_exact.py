"""Exact tests of counts, against statsmodels, brute force and simulation."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.rates import test_poisson_2indep as poisson_2indep

from hotspots.chance.exact import e_test, poisson_interval, poisson_tails, scan_p
from hotspots.contracts import InputError


def test_the_e_test_has_the_reference_value():
    assert e_test(6, 2).item() == pytest.approx(0.174875, abs=5e-7)


@pytest.mark.parametrize(("k1", "k2", "n1", "n2"), [
    (6, 2, 1, 1), (0, 4, 1, 1), (30, 45, 28, 31), (3, 3, 1, 2), (140, 100, 1, 1),
])  # fmt: skip
def test_the_e_test_agrees_with_statsmodels(k1, k2, n1, n2):
    other = poisson_2indep(k1, n1, k2, n2, method="etest-wald", value=1).pvalue
    assert e_test(k1, k2, n1, n2).item() == pytest.approx(other, abs=1e-6)


def test_the_e_test_of_a_difference_is_that_of_every_pair_of_counts():
    k1, k2, n1, n2, d = 9, 4, 1.5, 2.0, 1.0
    second = (k1 + k2 - d * n1) / (n1 + n2)

    def apart(a, b):
        with np.errstate(divide="ignore", invalid="ignore"):
            t = (a / n1 - b / n2 - d) / np.sqrt(a / n1**2 + b / n2**2)
        return np.abs(t)

    a, b = np.meshgrid(np.arange(80), np.arange(80), indexing="ij")
    weight = stats.poisson.pmf(a, n1 * (second + d)) * stats.poisson.pmf(b, n2 * second)
    expected = weight[apart(a, b) >= apart(np.float64(k1), np.float64(k2)) - 1e-12].sum()
    assert e_test(k1, k2, n1, n2, d).item() == pytest.approx(expected, abs=1e-10)


def test_the_e_test_of_large_counts_is_normal():
    large = e_test(800_000, 802_500).item()
    assert large == pytest.approx(2 * stats.norm.sf(2500 / np.sqrt(1_602_500)))
    assert e_test(8_000, 8_250).item() == pytest.approx(
        2 * stats.norm.sf(250 / np.sqrt(16_250)), rel=0.01
    )


def test_the_e_test_takes_many_pairs_and_nothing_against_nothing():
    many = e_test([6, 0, 6], [2, 0, 2])
    assert many.tolist() == [e_test(6, 2).item(), 1.0, e_test(6, 2).item()]


def test_poisson_intervals_are_garwood_s():
    low, high = poisson_interval([0, 30])
    assert low[0] == 0
    assert high[0] == pytest.approx(-np.log(0.025))
    assert (low[1] / 20, high[1] / 20) == pytest.approx((1.012, 2.141), abs=5e-4)
    assert (low[1], high[1]) == pytest.approx(
        (stats.chi2.ppf(0.025, 60) / 2, stats.chi2.ppf(0.975, 62) / 2)
    )


def test_poisson_tails_are_those_of_scipy():
    lower, upper = poisson_tails([0, 3, 30], [0.0, 2.5, 20.0])
    assert upper == pytest.approx([1, stats.poisson.sf(2, 2.5), 0.0218182], abs=1e-6)
    assert lower == pytest.approx(stats.poisson.cdf([0, 3, 30], [0, 2.5, 20]))


def test_the_scan_has_the_reference_value():
    # the package it was taken from leaves out the last term of a sum, one part in 30,000 here
    assert scan_p(6, mean=0.6, windows=208) == pytest.approx(0.039022, abs=2e-6)


@pytest.mark.parametrize("mean", [0.3, 1.2])
def test_two_and_three_windows_are_exact_where_there_is_a_closed_form(mean):
    # no two points within 1 of each other, over L: sum of (mean (L - k + 1))^k / k!
    assert 1 - scan_p(2, mean, 2) == pytest.approx(np.exp(-2 * mean) * (1 + 2 * mean + mean**2 / 2))
    assert 1 - scan_p(2, mean, 3) == pytest.approx(
        np.exp(-3 * mean) * (1 + 3 * mean + 2 * mean**2 + mean**3 / 6)
    )
    assert scan_p(1, mean, 5) == pytest.approx(1 - np.exp(-5 * mean))


def test_the_scan_agrees_with_simulation():
    rng = np.random.default_rng(3)
    windows, mean, count, draws = 20, 1.0, 5, 4000
    found = 0
    for _ in range(draws):
        at = np.sort(rng.uniform(0, windows, rng.poisson(mean * windows)))
        found += bool(len(at) >= count and (at[count - 1 :] - at[: 1 - count] < 1).any())
    p = scan_p(count, mean, windows)
    assert found / draws == pytest.approx(p, abs=4 * np.sqrt(p / draws))


def test_faults_are_named():
    with pytest.raises(InputError, match="3 faults"):
        scan_p(0, -1, True)
    with pytest.raises(InputError, match=r"k1 holds -1(.|\n)*n2 holds inf"):
        e_test(-1, 2, 1, np.inf)
    with pytest.raises(InputError, match="above 0"):
        e_test(1, 2, 0, 1)
    with pytest.raises(InputError, match="numbers of one shape"):
        poisson_tails("many", 2)
    with pytest.raises(InputError, match="level is 2"):
        poisson_interval(3, 2)
    with pytest.raises(InputError, match="finite"):
        e_test(1, 2, d=np.nan)
