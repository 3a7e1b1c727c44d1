"""Regression to the mean: how places chosen for their counts change with nothing done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..contracts import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

LEAST_POOL = 30
"""Places from which the spread of levels can be learnt."""

_ALIKE = 1e6  # shape of a gamma from which levels are as good as the same
_DRAWS = 4000


@dataclass(frozen=True)
class Selection:
    r"""What being chosen for a high count does to the next count, with nothing done.

    Attributes
    ----------
    estimate : float
        Ratio to be expected of the later count to the one the places were chosen for, at equal
        lengths of time; below 1.
    low, high : float
        Between which the ratio that is seen would lie, chance and the uncertainty of the spread of
        levels included.
    before : float
        Incidents the places were chosen for.
    expected : ndarray, shape (n,)
        Incidents to be expected of each place in as long a time again.
    shape, rate : float
        α and β of the gamma distribution of levels in the pool.

    Examples
    --------
    >>> found = selection_change([9, 8], [9, 8, 5, 4, 3, 2] * 5 + [1, 0] * 10)
    >>> found.before, found.estimate < 1, found.low < found.estimate < found.high
    (17.0, True, True)
    """

    estimate: float
    low: float
    high: float
    before: float
    expected: Floats
    shape: float
    rate: float


def expected_again(counts: ArrayLike, shape: float, rate: float) -> Floats:
    r"""Tell how many incidents to expect next of places that had so many.

    Parameters
    ----------
    counts : array_like, shape (n,)
        Incidents of each place.
    shape, rate : float
        α and β of the gamma distribution of levels, incidents in the time counted.

    Returns
    -------
    ndarray, shape (n,)

    Raises
    ------
    InputError
        Where a count is negative or not a number, or α or β not above 0.

    Notes
    -----
    .. math:: E[\lambda \mid y] = \frac{\alpha + y}{\beta + 1} ,

    the mean of the posterior of a Poisson count [1]_.

    References
    ----------
    .. [1] Robbins (1956), An empirical Bayes approach to statistics, Proceedings of the Third
       Berkeley Symposium 1, 157-163; Hauer (1997), Observational Before-After Studies in Road
       Safety, chapter 11.

    Examples
    --------
    >>> expected_again([10], 2, 1).tolist(), expected_again([20], .5, .25).tolist()
    ([6.0], [16.4])
    """
    faults: list[str] = []
    y = _counts(counts, "counts", faults)
    for name, value in (("shape", shape), ("rate", rate)):
        if not (isinstance(value, int | float | np.number) and 0 < value < np.inf):
            faults.append(f"{name} is {value!r}; it must be a number above 0.")
    if faults:
        raise InputError("selection", faults)
    again: Floats = (shape + y) / (rate + 1)
    return again


def selection_change(
    counts: ArrayLike,
    pool: ArrayLike,
    *,
    length: float = 1.0,
    level: float = 0.95,
    seed: int = 0,
) -> Selection:
    r"""Tell the change to be expected of places chosen for their counts, had nothing been done.

    Parameters
    ----------
    counts : array_like, shape (n,)
        Incidents of the chosen places in the time they were chosen for.
    pool : array_like, shape (m,)
        Incidents in the same time of all places they were chosen from, the chosen among them.
    length : float
        Of the time after over the time they were chosen for.
    level : float
        Of the interval.
    seed : int

    Returns
    -------
    Selection

    Raises
    ------
    InputError
        Naming every fault: under 30 places in the pool, or without the chosen; no incident.

    Notes
    -----
    Levels of the pool are taken as gamma, so that its counts are negative binomial; shape and
    mean by maximum likelihood. Each chosen place is then expected to have
    :math:`(\alpha + y) / (\beta + 1)` again. The interval is predictive: the parameters drawn from
    their normal approximation, levels from their posterior, later counts Poisson. Spells of a
    place's own, which selection also picks up, fade on top of it: the fall by selection is at
    least this large where places have such spells.

    References
    ----------
    .. [1] Hauer (1997), Observational Before-After Studies in Road Safety, chapter 11.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> pool = rng.poisson(rng.gamma(.5, 4, 2000))
    >>> found = selection_change(np.sort(pool)[-40:], pool)
    >>> round(found.estimate - 1, 2)
    -0.18
    """
    faults: list[str] = []
    y, every = _counts(counts, "counts", faults), _counts(pool, "pool", faults)
    if len(every) < max(LEAST_POOL, len(y)):
        faults.append(f"the pool has {len(every):,} places; it takes {LEAST_POOL} or more, the "
                      f"{len(y):,} chosen among them.")  # fmt: skip
    if not faults and (y.sum() == 0 or every.sum() == 0):
        faults.append("no incident was counted; nothing could be chosen by.")
    if not faults and y.max() > every.max():
        faults.append(f"a chosen place has {y.max():,.0f} incidents and the fullest of the pool "
                      f"{every.max():,.0f}; the pool must hold the chosen, too.")  # fmt: skip
    for name, value, high in (("length", length, 1e3), ("level", level, 1.0)):
        if not (isinstance(value, int | float | np.number) and 0 < value < high):
            faults.append(f"{name} is {value!r}; it must be above 0 and under {high:g}.")
    if not isinstance(seed, int | np.integer) or seed < 0:
        faults.append(f"seed is {seed!r}; it must be a whole number, 0 or above.")
    if faults:
        raise InputError("selection", faults)
    shape, mean, error = _gamma(every)
    rng = np.random.default_rng([seed, 3])
    shapes = np.minimum(shape * np.exp(np.clip(error * rng.normal(size=_DRAWS), -3, 3)), _ALIKE)
    spread = np.sqrt((mean + mean**2 / shape) / len(every))
    means = np.maximum(mean + spread * rng.normal(size=_DRAWS), mean / 10)
    # a sum of gammas of one rate is gamma
    level_sum = rng.gamma(len(y) * shapes + y.sum()) / (shapes / means + 1)
    ratio = rng.poisson(level_sum * length) / (length * y.sum())
    tail = (1 - level) / 2
    expected = expected_again(y, shape, shape / mean)
    return Selection(
        float(expected.sum() / y.sum()), float(np.quantile(ratio, tail)),
        float(np.quantile(ratio, 1 - tail)), float(y.sum()), expected, shape, shape / mean,
    )  # fmt: skip


def _counts(given: ArrayLike, name: str, faults: list[str]) -> Floats:
    """Bring counts to an array, or add what is wrong with them."""
    try:
        values = np.asarray(given, dtype=float).ravel()
    except (TypeError, ValueError):
        values = np.array([np.nan])
    if len(values) == 0 or not np.isfinite(values).all() or (values < 0).any():
        faults.append(f"{name} must be one or more counts, 0 or above, with no gaps.")
        return np.zeros(1)
    return values


def _gamma(counts: Floats) -> tuple[float, float, float]:
    """Fit shape and mean of the levels behind counts, and the standard error of log shape."""
    from scipy.optimize import minimize_scalar
    from scipy.special import gammaln

    mean = float(counts.mean())
    values, times = np.unique(counts, return_counts=True)

    def cost(log_shape: float) -> float:
        a = float(np.exp(log_shape))
        terms = gammaln(values + a) - gammaln(a) - (values + a) * np.log1p(mean / a)
        return -float((times * (terms + values * np.log(mean / a))).sum())

    best = minimize_scalar(cost, bounds=(np.log(1e-3), np.log(_ALIKE)), method="bounded")
    at, step = float(best.x), 0.02
    curve = (cost(at + step) - 2 * cost(at) + cost(at - step)) / step**2
    return float(np.exp(at)), mean, float(min(1.0, 1 / np.sqrt(max(curve, 1e-6))))
