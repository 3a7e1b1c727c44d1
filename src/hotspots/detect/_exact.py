"""The least p-value two counts can give, and how far counts vary beyond Poisson."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


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
