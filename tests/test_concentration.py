"""Concentration: check values, the curves behind them, chance, and locations that repeat."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import ive

import hotspots as hs
from hotspots.contracts import InputError


def measures(counts, **options) -> pd.DataFrame:
    return hs.concentration(counts, **options).measures.set_index("measure")


@pytest.mark.parametrize(
    ("counts", "gini", "corrected", "unbiased"),
    [([10, 8, 2], 0.78, 0.78, 0.866667), ([5, 2, 1], 0.80, 0.75, 0.857143)],
)
def test_check_values(counts, gini, corrected, unbiased):
    found = measures(counts + [0] * 7, n_boot=0)["estimate"]
    assert found["gini"] == pytest.approx(gini, abs=1e-12)
    assert found["gini_corrected"] == pytest.approx(corrected, abs=1e-12)
    assert found["gini_unbiased"] == pytest.approx(unbiased, abs=1e-6)


def test_gini_is_half_the_relative_mean_difference():
    """Another road to the same number, over all pairs of places."""
    counts = np.random.default_rng(0).poisson(2, 80)
    mean_difference = np.abs(counts[:, None] - counts[None, :]).mean()
    assert measures(counts, n_boot=0).loc["gini", "estimate"] == pytest.approx(
        mean_difference / (2 * counts.mean()), abs=1e-12
    )
