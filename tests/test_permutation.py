"""Permutation: every arrangement counted, esda's draws, and the exact law agree."""

import itertools
import math

import numpy as np
import pytest

from hotspots.detect._permutation import (
    _different,
    _drawn_tails,
    _most_chosen,
    exact_law,
    neighbour_tails,
)  # fmt: skip


@pytest.mark.parametrize("seed", range(25))
def test_the_exact_law_counts_every_choice(seed):
    """All choices of k of the other places, one by one."""
    chance = np.random.default_rng(seed)
    n = int(chance.integers(4, 10))
    values = chance.integers(-1, 5, n).astype(float)
    drawn = chance.integers(1, n, n)
    seen = chance.integers(-3, 12, n).astype(float)
    found = neighbour_tails(values, seen, drawn, 0, 0)
    assert found.exact
    for i in range(n):
        sums = [sum(c) for c in itertools.combinations(np.delete(values, i), int(drawn[i]))]
        rarest = 1 / math.comb(n - 1, int(drawn[i]))  # no chance is 0
        assert found.upper[i] == pytest.approx(max(np.mean(np.array(sums) >= seen[i]), rarest))
        assert found.lower[i] == pytest.approx(max(np.mean(np.array(sums) <= seen[i]), rarest))


@pytest.mark.parametrize("seed", range(25))
def test_the_exact_total_law_counts_every_choice_of_all(seed):
    """All choices of m of all places, the place itself among them, one by one."""
    chance = np.random.default_rng(seed)
    n = int(chance.integers(3, 10))
    values = chance.integers(-1, 5, n).astype(float)
    drawn = chance.integers(1, n + 1, n)  # up to all of them
    seen = chance.integers(-3, 12, n).astype(float)
    found = neighbour_tails(values, seen, drawn, 0, 0, total=True)
    assert found.exact
    for i in range(n):
        sums = np.array([sum(c) for c in itertools.combinations(values, int(drawn[i]))])
        rarest = 1 / math.comb(n, int(drawn[i]))  # no chance is 0
        assert found.upper[i] == pytest.approx(max(np.mean(sums >= seen[i]), rarest))
        assert found.lower[i] == pytest.approx(max(np.mean(sums <= seen[i]), rarest))


def test_the_total_law_has_the_mean_and_variance_that_standardise_gi_star():
    values = np.random.default_rng(4).negative_binomial(0.4, 0.3, 200).astype(float)
    n, m = 200, 9
    most = int(np.sort(values)[-m:].sum())
    s = np.arange(most + 2, dtype=float)
    law = exact_law(values, s, np.full(len(s), m))
    upper, _ = law.tails(None, s, np.full(len(s), m))
    at = upper[:-1] - np.append(upper[1:-1], 0)  # the chance of each sum
    mean = (at * s[:-1]).sum()
    assert mean == pytest.approx(m * values.mean(), rel=1e-9)
    wanted = values.var() * (n * m - m**2) / (n - 1)
    assert (at * (s[:-1] - mean) ** 2).sum() == pytest.approx(wanted, rel=1e-9)


def test_small_chances_are_as_exact_as_large_ones():
    """Two places of 10,000 hold 50: the chance that both are among 8 drawn, in whole numbers."""
    values = np.zeros(10_001)
    values[:2] = 50
    seen = np.full(10_001, np.nan)
    seen[-1] = 100
    found = neighbour_tails(values, seen, np.full(10_001, 8), 0, 0)
    wanted = math.comb(9_998, 6) / math.comb(10_000, 8)
    assert found.upper[-1] == pytest.approx(wanted, rel=1e-9)
    assert wanted < 1e-6


def test_large_neighbourhoods_are_cut_where_chance_never_comes():
    """300 of 5,000 drawn: against the hypergeometric distribution of scipy."""
    from scipy.stats import hypergeom

    values = (np.arange(5_000) < 400).astype(float)  # 400 places hold 1, so sums are counts
    assert _most_chosen(300, np.array([4_600, 400])) < 100
    seen = np.arange(5_000) % 60 + 1.0
    found = neighbour_tails(values, seen, np.full(5_000, 300), 0, 0)
    assert found.exact
    others = 400 - values.astype(int)
    np.testing.assert_allclose(
        found.upper, np.maximum(hypergeom.sf(seen - 1, 4_999, others, 300), 1e-18), rtol=1e-8,
        atol=1e-16,
    )  # fmt: skip
    np.testing.assert_allclose(
        found.lower, hypergeom.cdf(seen, 4_999, others, 300), rtol=1e-8, atol=1e-9
    )


def sparse_field(n=400, seed=1):
    chance = np.random.default_rng(seed)
    values = chance.negative_binomial(0.3, 0.3, n).astype(float)
    drawn = np.where(np.arange(n) % 3 == 0, 5, 8)
    seen = np.array([chance.choice(np.delete(values, i), k, replace=False).sum()
                     for i, k in enumerate(drawn)])  # fmt: skip
    return values, seen, drawn


def test_draws_agree_with_the_exact_law_to_their_error():
    values, seen, drawn = sparse_field()
    exact = neighbour_tails(values, seen, drawn, 0, 0)
    upper, lower = _drawn_tails(values, np.arange(400), seen, drawn, 40_000, 3)
    for found, wanted in ((upper, exact.upper), (lower, exact.lower)):
        error = np.sqrt(wanted * (1 - wanted) / 40_000) + 2 / 40_000
        assert (np.abs(found - wanted) / error).max() < 4.5  # 400 places, shared draws


def test_total_draws_agree_with_the_exact_law_to_their_error():
    values, seen, drawn = sparse_field()
    seen, drawn = seen + values, drawn + 1
    exact = neighbour_tails(values, seen, drawn, 0, 0, total=True)
    upper, lower = _drawn_tails(values, np.arange(400), seen, drawn, 40_000, 3, total=True)
    for found, wanted in ((upper, exact.upper), (lower, exact.lower)):
        error = np.sqrt(wanted * (1 - wanted) / 40_000) + 2 / 40_000
        assert (np.abs(found - wanted) / error).max() < 4.5
    every = _drawn_tails(values, np.arange(400), seen * 0, drawn * 0 + 400, 50, 3, total=True)
    assert (every[0] == 1).all()  # all 400 of 400 drawn


def test_a_place_is_never_its_own_neighbour():
    """One place holds nearly all, few are drawn from few: the stand-in matters."""
    values = np.array([100.5, *np.arange(9) / 7])
    seen = np.full(10, 100.0)
    upper, _ = _drawn_tails(values, np.arange(10), seen, np.full(10, 4), 20_000, 0)
    assert upper[0] == pytest.approx(1 / 20_001)  # the others never reach it
    np.testing.assert_allclose(upper[1:], 4 / 9, atol=0.02)  # it is among 4 of their 9


@pytest.mark.filterwarnings("ignore:The alternative hypothesis:DeprecationWarning")
def test_esda_draws_the_same_distribution():
    from esda import G_Local
    from local_fixtures import esda_weights, near, town

    grid = town(14, 14)
    values = np.random.default_rng(5).negative_binomial(0.4, 0.4, 196).astype(float)
    adjacent = near(grid.centres, 142)
    theirs = G_Local(
        values, esda_weights(adjacent), transform="B", star=True, permutations=4_999, n_jobs=1,
        seed=7, keep_simulations=False,
    )  # fmt: skip
    sums = adjacent @ values
    ours = neighbour_tails(values, sums - values, adjacent.sum(axis=1) - 1, 0, 0)
    # Esda gives the smaller of P(sum ≥ seen) and P(sum < seen): without the ties, so that a place
    # with nothing around it, the least there can be, gets the smallest p-value of all.
    folded = np.minimum(ours.upper, 1 - ours.upper)
    nothing = sums - values == 0
    assert theirs.p_sim[nothing].max() < 0.001
    assert ours.lower[nothing].min() > 0.05
    error = np.sqrt(folded * (1 - folded) / 5_000) + 2 / 5_000
    assert (np.abs(folded - theirs.p_sim) / error).max() < 4.5


def test_values_that_are_no_whole_numbers_are_drawn_and_the_seed_says_how():
    values, seen, drawn = sparse_field()
    half = neighbour_tails(values / 2, seen / 2, drawn, 9_999, 4)
    assert not half.exact
    again = neighbour_tails(values / 2, seen / 2, drawn, 9_999, 4)
    other = neighbour_tails(values / 2, seen / 2, drawn, 9_999, 5)
    assert np.array_equal(half.upper, again.upper)
    assert not np.array_equal(half.upper, other.upper)
    exact = neighbour_tails(values, seen, drawn, 0, 0)
    np.testing.assert_allclose(half.upper, exact.upper, atol=0.025)
    assert half.upper.min() >= 1 / 10_000


def test_what_is_not_asked_for_is_not_tested():
    values, seen, drawn = sparse_field(40)
    seen[::2] = np.nan
    found = neighbour_tails(values, seen, drawn, 0, 0)
    assert np.isnan(found.upper[::2]).all()
    assert (found.upper[1::2] > 0).all()
    none = neighbour_tails(values, np.full(40, np.nan), drawn, 0, 0)
    assert np.isnan(none.lower).all()


def test_values_all_alike_are_no_surprise():
    found = neighbour_tails(np.full(40, 3.0), np.full(40, 24.0), np.full(40, 8), 0, 0)
    assert (found.upper == 1).all()
    assert (found.lower == 1).all()
    shares = neighbour_tails(np.full(40, 0.1), np.full(40, 0.8), np.full(40, 8), 99, 0)
    assert (shares.upper == 1).all()
    assert (shares.lower == 1).all()


@pytest.mark.parametrize(("n", "length"), [(12, 12), (20, 9), (5_000, 9), (5_000, 400)])
def test_lists_hold_different_places_and_all_are_as_likely(n, length):
    lists = _different(np.random.default_rng(0), n, 3_000, length)
    assert lists.shape == (3_000, length)
    assert (np.diff(np.sort(lists, axis=1), axis=1) > 0).all()
    share = np.bincount(lists[:, -1] * 10 // n, minlength=10) / 3_000  # of the last of each
    np.testing.assert_allclose(share, np.bincount(np.arange(n) * 10 // n) / n, atol=0.03)


def test_too_much_work_is_left_to_draws():
    wide = np.arange(40) * 1e6  # whole, but sums go to hundreds of millions
    assert exact_law(wide, np.full(40, 3e8), np.full(40, 8)) is None
    assert exact_law(wide / 1e6, np.full(40, 300.0), np.full(40, 8)) is not None
