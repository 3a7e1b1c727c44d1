"""Rates beside rates elsewhere, and hours beside need."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

FEW = 20
"""Incidents, here or elsewhere, under which no rate is compared."""


def rate_ratio(
    events: ArrayLike, exposure: ArrayLike, others: ArrayLike, their_exposure: ArrayLike,
    least: float = FEW,
) -> tuple[Floats, Floats, Floats]:  # fmt: skip
    r"""Compare a rate with the rate elsewhere; nothing under 20 events on either side.

    Parameters
    ----------
    events, others : array_like
        Events here and elsewhere, at least 0.
    exposure, their_exposure : array_like
        What they are counted against, such as residents or hours.
    least : float
        Events on either side under which nothing is told.

    Returns
    -------
    ratio, low, high : ndarray of float
        Rate here over rate elsewhere with its 95% interval; NaN where events are too few or an
        exposure is none.

    Notes
    -----
    :math:`RR \exp(\pm 1.96 \sqrt{1/a + 1/b})` for :math:`a` and :math:`b` events. It takes events
    as independent; where one incident brings others the interval is too narrow.

    References
    ----------
    Rothman K. J., Greenland S. and Lash T. L. (2008) *Modern Epidemiology*, 3rd edition, ch. 14.

    Examples
    --------
    >>> [round(float(x), 3) for x in rate_ratio(30, 10_000, 15, 10_000, least=0)]
    [2.0, 1.076, 3.717]
    """
    a, b, t, u = (np.asarray(x, dtype=float) for x in (events, others, exposure, their_exposure))
    told = (a >= least) & (b >= least) & (t > 0) & (u > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(told, a / t / (b / u), np.nan)
        wide = np.exp(1.959964 * np.sqrt(1 / a + 1 / b))
    return ratio, ratio / wide, ratio * wide


def gini(hours: ArrayLike, need: ArrayLike) -> float:
    r"""Measure how far hours depart from need: 0 when they follow it, near 1 when they do not.

    Parameters
    ----------
    hours, need : array_like, shape (n,)
        Hours and need of each place, at least 0.

    Returns
    -------
    float
        0 to 1; NaN when there are no hours or no need.

    Notes
    -----
    Places in order of hours per need; :math:`G = 1 - \sum_i n_i (H_i + H_{i-1})` for shares of
    need :math:`n_i` and shares of hours added up :math:`H_i`: twice the area between the Lorenz
    curve of hours over need and its diagonal.

    References
    ----------
    Lorenz M. O. (1905) Methods of measuring the concentration of wealth. *Publications of the
    American Statistical Association* 9, 209–219.

    Examples
    --------
    >>> gini([6, 3, 1], [6, 3, 1]), round(gini([10, 0], [5, 5]), 3)
    (0.0, 0.5)
    """
    h, n = np.asarray(hours, dtype=float), np.asarray(need, dtype=float)
    if not h.sum() or not n.sum():
        return float("nan")
    with np.errstate(divide="ignore", invalid="ignore"):
        each = np.where(n > 0, h / n, np.inf)
    order = np.argsort(each, kind="stable")
    share, held = n[order] / n.sum(), np.cumsum(h[order]) / h.sum()
    before = np.concatenate([[0.0], held[:-1]])
    return max(0.0, round(float(1 - (share * (held + before)).sum()), 12))
