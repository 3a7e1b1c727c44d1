"""Adjusted p-values: worked values, another program's, and what they promise."""

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from hotspots.chance import CORRECTIONS, adjusted_p
from hotspots.contracts import InputError

STATSMODELS = {"fdr_bh": "fdr_bh", "fdr_by": "fdr_by", "holm": "holm", "bonferroni": "bonferroni"}


@pytest.mark.parametrize("correction", CORRECTIONS)
def test_statsmodels_agrees(correction):
    p = np.random.default_rng(3).uniform(0, 1, 400) ** 3
    theirs = multipletests(p, method=STATSMODELS[correction])[1]
    np.testing.assert_allclose(adjusted_p(p, correction), theirs, rtol=1e-12)


def test_the_textbook_example_names_two():
    p = [0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, 0.212, 0.216]
    assert (adjusted_p(p) <= 0.05).tolist() == [True, True] + [False] * 8


def test_none_changes_nothing_and_places_not_tested_do_not_count():
    p = np.array([[0.01, np.nan], [0.5, 0.02]])
    np.testing.assert_array_equal(adjusted_p(p, None), p)
    adjusted = adjusted_p(p, "bonferroni")
    np.testing.assert_allclose(adjusted, [[0.03, np.nan], [1.0, 0.06]])
    assert adjusted_p([]).shape == (0,)
    assert np.isnan(adjusted_p([np.nan])).all()


def test_false_alarms_are_held_under_the_null():
    rng = np.random.default_rng(8)
    runs = [(adjusted_p(rng.uniform(size=200), "fdr_bh") <= 0.05).any() for _ in range(1000)]
    assert 0.03 < np.mean(runs) < 0.07  # of nothing but noise, any alarm is false


def test_every_fault_is_named():
    with pytest.raises(InputError, match=r"(?s)'fdr'; it takes 'fdr_bh'.*-0.1 is no p-value"):
        adjusted_p([0.2, -0.1], "fdr")
