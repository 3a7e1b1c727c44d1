"""The default estimators: places compared, and the lot drawn again."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from hotspots.impact.randomised import fit_randomised
from hotspots.impact.ratio import fit_places
from hotspots.impact.study import make_study


def lot(places, treated, periods, first):
    """Draw ``treated`` of ``places`` from period ``first`` on."""

    def redraw(draws, rng):
        treat = np.zeros((draws, places, periods))
        order = np.argsort(rng.random((draws, places)), axis=1)
        treat[:, :, first:] = (order < treated)[:, :, None]
        return treat

    return redraw


def parallel(y, treated, first, **options):
    y = np.asarray(y, dtype=float)
    treat = np.zeros(y.shape[-2:])
    treat[:treated, first:] = 1
    return make_study(y, treat, **options)


def test_the_estimates_are_the_ratio_of_ratios():
    y = np.random.default_rng(0).poisson(20, (12, 10))
    study = parallel(y, 6, 6, redraw=lot(12, 6, 10, 6))
    before, after = y[:, :6].sum(axis=1), y[:, 6:].sum(axis=1)
    expected = np.log(after[:6].sum() / before[:6].sum() / (after[6:].sum() / before[6:].sum()))
    assert fit_places(study).estimate[0] == pytest.approx(expected, abs=1e-12)
    assert fit_randomised(study).estimate[0] == pytest.approx(expected, abs=1e-9)


def test_p_of_the_lot_is_that_of_every_assignment_there_is():
    y = np.random.default_rng(3).poisson(12, (8, 2))
    y[:4, 1] = y[:4, 1] // 2
    n, share = y.sum(axis=1), y[:, 1].sum() / y.sum()
    left = y[:, 1] - share * n
    every = np.array([left[list(rows)].sum() for rows in itertools.combinations(range(8), 4)])
    own = left[:4].sum()
    exact = 2 * min((every <= own + 1e-9).mean(), (every >= own - 1e-9).mean())
    found = fit_randomised(parallel(y, 4, 1, redraw=lot(8, 4, 2, 1)), draws=20_000)
    assert found.p[0] == pytest.approx(exact, abs=0.006)
