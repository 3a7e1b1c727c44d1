"""Mann–Kendall: whether a series rises or falls more often than chance would have it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


class Trend(NamedTuple):
    """What the test says of each series; every array has shape (n,)."""

    s: Floats
    """Pairs that rise less pairs that fall."""
    z: Floats
    """Standard normal score with the correction for continuity; 0 where all values are alike."""
    p: Floats
    """Two-sided p-value of independent values."""
    variance: Floats
    """Variance of ``s`` under independence, corrected for ties."""


def mann_kendall(series: ArrayLike) -> Trend:
    r"""Test each series for a trend.

    Parameters
    ----------
    series : array_like of float, shape (t,) or (t, n)
        Values in order of time, no NaN; one series a column.

    Returns
    -------
    Trend

    Notes
    -----
    .. math:: S = \sum_{i<j} \mathrm{sign}(x_j - x_i), \quad
        \mathrm{Var}\,S = \frac{t(t-1)(2t+5) - \sum_g u_g(u_g-1)(2u_g+5)}{18}

    with :math:`u_g` the sizes of the groups of equal values, and
    :math:`Z = (S - \mathrm{sign}\,S) / \sqrt{\mathrm{Var}\,S}`. A dozen values or fewer make the
    normal p-value approximate.

    References
    ----------
    Mann H. B. (1945) Nonparametric tests against trend. *Econometrica* 13(3), 245–259.
    Kendall M. G. (1975) *Rank Correlation Methods*, 4th ed. London: Griffin.

    Examples
    --------
    >>> found = mann_kendall(range(1, 11))
    >>> found.s.item(), found.variance.item(), round(found.z.item(), 5)
    (45.0, 125.0, 3.93548)
    """
    values = np.asarray(series, dtype=float)
    values = values.reshape(len(values), -1)
    length = len(values)
    s = np.zeros(values.shape[1])
    for first in range(length - 1):
        after = values[first + 1 :]
        s += (after > values[first]).sum(axis=0) - (after < values[first]).sum(axis=0)
    variance = (_pairs(np.float64(length)) - _ties(values)) / 18
    z = np.zeros_like(s)
    np.divide(s - np.sign(s), np.sqrt(variance), out=z, where=variance > 0)
    return Trend(s, z, two_sided(z), variance)


def overlap_p(trend: Trend, length: int) -> Floats:
    r"""Two-sided p-values where each value shares half of what it rests on with the one before.

    Gi* over a period and the one before makes such series: independent periods then correlate by
    1/2 with the next, which spreads S further than under independence.

    Parameters
    ----------
    trend : Trend
    length : int
        Values in each series, ``t``.

    Returns
    -------
    ndarray of float, shape (n,)

    Notes
    -----
    Hamed and Rao's factor with the known correlation in place of an estimate:
    :math:`1 + \frac{2 (t-3)}{t} \rho`, where :math:`\rho = \frac{6}{\pi} \arcsin\frac{1}{4}` is
    the rank correlation of neighbours that a correlation of 1/2 makes.

    References
    ----------
    Hamed K. H. and Rao A. R. (1998) A modified Mann–Kendall trend test for autocorrelated data.
    *Journal of Hydrology* 204, 182–196.
    """
    rho = 6 / np.pi * np.arcsin(0.25)
    wider = 1 + 2 * max(length - 3, 0) / max(length, 1) * rho
    return two_sided(trend.z / np.sqrt(wider))


def two_sided(z: Floats) -> Floats:
    """Two-sided p-value of a standard normal score."""
    from scipy.special import ndtr

    p: Floats = 2 * ndtr(-np.abs(z))
    return p


def _pairs(n: NDArray[np.float64] | np.float64) -> Floats:
    value: Floats = np.asarray(n * (n - 1) * (2 * n + 5), dtype=float)
    return value


def _ties(values: Floats) -> Floats:
    """Sum ``u (u - 1) (2 u + 5)`` over the groups of equal values of each series."""
    ordered = np.sort(values, axis=0)
    total, run = np.zeros(values.shape[1]), np.ones(values.shape[1])
    for n in range(1, len(ordered)):
        same = ordered[n] == ordered[n - 1]
        total += np.where(same, 0, _pairs(run))
        run = np.where(same, run + 1, 1)
    return total + _pairs(run)
