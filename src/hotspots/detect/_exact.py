"""Two counts against each other: exact ratio tests, and how far counts vary beyond Poisson."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def rate_ratio(
    before: ArrayLike, after: ArrayLike, exposure: ArrayLike, spread: ArrayLike = 1.0
) -> tuple[Floats, Floats, Floats, Floats]:
    r"""Compare two Poisson rates exactly, given the total of their counts.

    Parameters
    ----------
    before, after : array_like, shape (n,)
        Counts.
    exposure : array_like
        Exposure after, for each unit of exposure before.
    spread : array_like
        Variance over mean of the counts; both are divided by it, so that intervals widen.

    Returns
    -------
    ratio, low, high, p : ndarray of float, shape (n,)
        Rate after over rate before with its 95% interval, and the two-sided p-value (twice the
        smaller tail), which is under .05 just where the interval leaves out 1. NaN where there is
        no incident; the ratio is infinite where there was none before.

    Notes
    -----
    Given their sum, the later count is binomial with probability
    :math:`\pi = e r / (1 + e r)` for exposure :math:`e` and rate ratio :math:`r`; the interval of
    :math:`\pi` is Clopper and Pearson's. Tails are regularised incomplete beta functions, which
    also take counts that are no longer whole.

    References
    ----------
    Przyborowski J. and Wilenski H. (1940) Homogeneity of results in testing samples from Poisson
    series. *Biometrika* 31, 313–323.
    Clopper C. J. and Pearson E. S. (1934) The use of confidence or fiducial limits illustrated in
    the case of the binomial. *Biometrika* 26, 404–413.

    Examples
    --------
    >>> ratio, low, high, p = rate_ratio([2], [6], 1)
    >>> ratio.item(), round(low.item(), 3), round(high.item(), 2), round(p.item(), 6)
    (3.0, 0.536, 30.39, 0.289062)
    """
    from scipy.special import betainc, betaincinv

    spread = np.asarray(spread, dtype=float)
    x = np.asarray(before, dtype=float) / spread
    y = np.asarray(after, dtype=float) / spread
    e = np.broadcast_to(np.asarray(exposure, dtype=float), np.broadcast_shapes(x.shape, y.shape))
    x, y = np.broadcast_to(x, e.shape), np.broadcast_to(y, e.shape)
    some = x + y > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(some, y / x / e, np.nan)
        low = np.where(y > 0, betaincinv(y, x + 1, 0.025), 0.0)
        high = np.where(x > 0, betaincinv(y + 1, x, 0.975), 1.0)
        low, high = low / (1 - low) / e, high / (1 - high) / e
    expected = e / (1 + e)
    upper = np.where(y > 0, betainc(y, x + 1, expected), 1.0)  # P(Y >= y)
    lower = np.where(x > 0, betainc(x, y + 1, 1 - expected), 1.0)  # P(Y <= y)
    p = np.where(some, np.minimum(2 * np.minimum(upper, lower), 1), np.nan)
    return ratio, np.where(some, low, np.nan), np.where(some, high, np.nan), p


def least_p(total: ArrayLike, exposure: float, spread: ArrayLike = 1.0) -> Floats:
    """Smallest two-sided p-value that a total could have given, however it were split."""
    n = np.asarray(total, dtype=float) / np.asarray(spread, dtype=float)
    share = exposure / (1 + exposure)
    p: Floats = np.minimum(2 * np.minimum(share**n, (1 - share) ** n), 1)
    return p


def excess_variance(periods: list[NDArray[np.int64]]) -> float:
    r"""Estimate how far monthly counts vary beyond Poisson, by moments.

    Parameters
    ----------
    periods : list of ndarray of int, shape (months, places)
        Counts by month in each of the periods; what changes from period to period does not count.

    Returns
    -------
    float
        :math:`\kappa` of :math:`\mathrm{Var} = \mu + \kappa \mu^2` for a place and month, at
        least 0; NaN where no period has two months, or no place two incidents.

    Notes
    -----
    Given the total :math:`N_i` of a place, its months would be multinomial with the shares
    :math:`q_t` of all places together, whatever the season. With :math:`T` months,

    .. math:: \hat\kappa = \frac{\sum_{it} (y_{it} - N_i q_t)^2 - N_i q_t (1 - q_t)}
        {(1 - 1/T) \sum_{it} N_i (N_i - 1) q_t^2}
    """
    over = under = 0.0
    for counts in periods:
        total, all_together = counts.sum(axis=0).astype(float), float(counts.sum())
        if len(counts) < 2 or not all_together:
            continue
        q = counts.sum(axis=1) / all_together
        expected = q[:, None] * total
        over += float(((counts - expected) ** 2 - expected * (1 - q[:, None])).sum())
        under += (1 - 1 / len(counts)) * float((total * (total - 1)).sum() * (q**2).sum())
    return max(over / under, 0.0) if under > 0 else float("nan")
