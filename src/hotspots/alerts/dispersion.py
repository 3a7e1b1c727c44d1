"""How far counts vary beyond Poisson: estimated per group, leaning on the groups beside it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

POOLED = 5
"""Groups from which a pool lends its dispersion to each of them."""

ALONE = 3.0
"""Dispersion taken for a group on its own before its counts are seen."""

BEFORE = 4.0
"""Degrees of freedom that this is worth."""


def pools(level: NDArray[np.int64], pool: NDArray[np.int64]) -> NDArray[np.int64]:
    """Put together the groups that lend each other their dispersion.

    Parameters
    ----------
    level, pool : ndarray of int, shape (n,)
        Level of each group in the hierarchy, and its category.

    Returns
    -------
    ndarray of int, shape (n,)
        Groups of one level and category; where these are under :data:`POOLED`, all such groups of
        the level; -1 for groups that stand alone.

    Examples
    --------
    >>> pools(np.zeros(7, int), np.array([0, 0, 0, 0, 0, 1, 2])).tolist()
    [1, 1, 1, 1, 1, -1, -1]
    """
    code = level * (int(pool.max(initial=0)) + 2) + pool + 1
    small = np.unique(code, return_counts=True)
    few = np.isin(code, small[0][small[1] < POOLED])
    code = np.where(few, level * (int(pool.max(initial=0)) + 2), code)
    kept, back, size = np.unique(code, return_inverse=True, return_counts=True)
    alone = (size < POOLED)[back]
    told: NDArray[np.int64] = np.where(alone, -1, np.arange(len(kept))[back])
    return told


def dispersion(
    y: Floats, mean: Floats, weight: Floats, pool: NDArray[np.int64]
) -> tuple[Floats, Floats]:
    r"""Estimate variance over mean per group, each shrunk to what its pool makes likely.

    Parameters
    ----------
    y, mean : ndarray, shape (n, T)
        Counts (any number where the weight is 0), and the mean fitted to them, above 0.
    weight : ndarray, shape (n, T)
        Weight of each count, 0 to 1.
    pool : ndarray of int, shape (n,)
        See :func:`pools`.

    Returns
    -------
    phi : ndarray, shape (n,)
        Variance over mean, at least 1.
    df : ndarray, shape (n,)
        Degrees of freedom it is worth.

    Notes
    -----
    With :math:`d = T - 1` periods to spare,

    .. math:: \hat\phi_i = \frac{\sum_t w_{it} (y_{it} - m_{it})^2}
        {\sum_t w_{it} m_{it} (1 - h_{it})},

    where :math:`h` is each period's share of the exposure. Its relative variance is
    :math:`v = (2 + 6 (\phi - 1)/\bar m + 1/(\phi \bar m))/d`, from the fourth moment of the
    negative binomial. In a pool :math:`\phi = 1 + a + b \bar m` is fitted, with
    :math:`a, b \ge 0`; how far groups lie from it beyond chance, :math:`\tau^2` by moments, says
    how much of its own each keeps, :math:`\tau^2 / (\tau^2 + v)`. Degrees of freedom are twice
    the square of the estimate over its variance. A group alone leans on a dispersion of 3, worth
    four degrees of freedom, for few incidents cannot show that they come in bursts.

    References
    ----------
    Smyth G. K. (2004) Linear models and empirical Bayes methods for assessing differential
    expression. *Statistical Applications in Genetics and Molecular Biology* 3(1), 3.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> y = rng.negative_binomial(10, 0.5, size=(40, 52)).astype(float)  # twice Poisson's
    >>> mean = np.repeat(y.mean(axis=1)[:, None], 52, axis=1)
    >>> phi, df = dispersion(y, mean, np.ones((40, 52)), np.zeros(40, dtype=int))
    >>> round(float(phi.mean()), 1)
    2.0
    """
    fitted = weight * mean
    total = fitted.sum(axis=1)
    spare = np.maximum((weight > 0).sum(axis=1) - 1.0, 1.0)
    whole = mean.sum(axis=1, where=weight > 0)
    below = total - (fitted * mean).sum(axis=1) / np.maximum(whole, 1e-12)
    raw = (weight * (y - mean) ** 2).sum(axis=1) / np.maximum(below, 1e-12)
    level = np.maximum(total, 1e-9) / np.maximum(weight.sum(axis=1), 1e-9)
    own = 2 / _relative(np.maximum(raw, 2.0), level, spare)
    df = own + BEFORE
    phi = np.maximum((own * raw + BEFORE * ALONE) / df, 1.0)
    for code in np.unique(pool[pool >= 0]):
        mine = pool == code
        phi[mine], df[mine] = _shrunk(raw[mine], level[mine], spare[mine])
    return phi, df


def _relative(phi: Floats, level: Floats, spare: Floats) -> Floats:
    """Variance of the estimate of a dispersion, over the square of the dispersion."""
    told: Floats = (2 + 6 * (phi - 1) / level + 1 / (level * phi)) / spare
    return told


def _shrunk(raw: Floats, level: Floats, spare: Floats) -> tuple[Floats, Floats]:
    """Shrink the dispersions of a pool to a line in the mean."""
    prior = np.full(len(raw), max(1.0, float(np.average(raw, weights=spare))))
    for _ in range(3):
        weight = 1 / (prior**2 * _relative(prior, level, spare))
        prior = np.maximum(1.0, _line(level, raw, weight))
    v = _relative(prior, level, spare)
    apart = raw / prior - 1
    weight = 1 / v**2
    tau = max(0.0, float((weight * (apart**2 - v)).sum() / weight.sum()))
    phi = np.maximum(prior * (1 + tau / (tau + v) * apart), 1.0)
    variance = tau * v / (tau + v) + 1 / (1 / (v + tau)).sum()
    return phi, 2 * (phi / prior) ** 2 / variance


def _line(x: Floats, y: Floats, weight: Floats) -> Floats:
    """Fit 1 + a + b x with neither a nor b under 0."""
    w, z = weight / weight.sum(), y - 1
    flat = float(w @ z)
    middle = float(w @ x)
    across = float(w @ (x - middle) ** 2)
    slope = float(w @ ((x - middle) * (z - flat))) / across if across > 0 else 0.0
    if slope <= 0:
        return np.full(len(x), 1 + max(flat, 0.0))
    if flat - slope * middle < 0:
        slope = max(0.0, float((w * x) @ z) / float((w * x) @ x))
        told: Floats = 1 + slope * x
        return told
    return 1 + flat + slope * (x - middle)
