"""The distribution of a count to come: negative binomial, its spread learned from past errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..chance.predictive import Predictive

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_KNEE = 0.02  # of 1 / mean: where errors stop telling more as counts grow
_OWN, _POOL = 8.0, 4.0  # errors' worth of weight of the pool over a series, of the start over it


def law(mean: Floats, variance: Floats) -> Predictive:
    """Negative-binomial distributions of this mean and variance."""
    return Predictive(mean, variance[None], np.ones(1))


def _half_difference(mean: Floats, size: Floats) -> Floats:
    """Half the mean distance of two independent counts: mean / p 2F1(r + 1, 1/2; 2; -z)."""
    p = size / (size + mean)
    z, a = 4.0 * (mean / size) / p, size + 1.0
    # Euler's integral of 2F1, by t = sin² u and sinh w = sqrt(z) sin u, up to where the integrand
    # has died away; scipy's hyp2f1 overflows for large sizes and fails for some whole ones
    end = np.minimum(np.arcsinh(np.sqrt(z)), np.arccosh(np.exp(np.minimum(40 / (2 * a - 1), 40))))
    node, weight = np.polynomial.legendre.leggauss(48)
    x = (node + 1) / 2
    w = end[..., None] * x * (2 - x)  # takes the root out of the upper end
    cosine = np.sqrt(np.maximum(1 - np.sinh(w) ** 2 / z[..., None], 0.0))
    inner = cosine * np.exp((1 - 2 * a[..., None]) * np.log(np.cosh(w))) * (1 - x)
    half: Floats = mean / p * 4 / np.pi * (inner * weight).sum(-1) * end / np.sqrt(z)
    return half


def crps(y: Floats, told: Predictive) -> Floats:
    r"""Continuous ranked probability score of negative-binomial forecasts, in incidents.

    The mean distance between forecast and count, less half the forecast's distance from itself,
    E|X - y| - E|X - X'| / 2: from 0, lower is better. A forecast of one sure number scores its
    absolute error.

    Parameters
    ----------
    y : ndarray of float
        Counts; NaN gives NaN.
    told : Predictive
        Forecasts of the same shape, their variance above their mean.

    Returns
    -------
    ndarray of float, shape of ``y``

    Notes
    -----
    With size r, p = r / (r + mean) and F(.; r) the distribution function,
    CRPS = y (2 F(y; r) - 1) - mean (2 F(y - 1; r + 1) - 1) - mean / p 2F1(r + 1, 1/2; 2; -z) and
    z = 4 (1 - p) / p² [1]_ [2]_.

    References
    ----------
    .. [1] Wei and Held (2014), Calibration tests for count data, TEST 23, 787-805.
    .. [2] Gneiting and Raftery (2007), Strictly proper scoring rules, prediction, and estimation,
       JASA 102(477), 359-378.
    """
    ok = np.isfinite(y) & np.isfinite(told.mean)
    y, mean = np.where(ok, y, 1.0), np.where(ok, told.mean, 1.0)
    beyond = np.where(ok, told.variance, 2.0) - mean
    size = mean**2 / np.maximum(beyond, 1e-9 * mean)
    above = mean * (size + 1) / size  # the mean at size r + 1 with the same p
    this, more = law(mean, mean + mean**2 / size), law(above, above + above**2 / (size + 1))
    apart = y * (2 * this.cdf(y) - 1) - mean * (2 * more.cdf(y - 1) - 1)
    return np.where(ok, apart - _half_difference(mean, size), np.nan)


def excess(
    y: Floats, mean: Floats, extra: Floats, pool: NDArray[np.int64], start: Floats
) -> Floats:
    """Learn from earlier errors how much more than chance counts miss their forecasts.

    Parameters
    ----------
    y, mean, extra : ndarray of float, shape (n, O, H)
        Counts (NaN where unknown), forecasts and their own uncertainty, by origin and step.
        Origins follow each other period by period.
    pool : ndarray of int, shape (n,)
        Groups in one pool learn from each other.
    start : ndarray of float, shape (m, O)
        What is taken for each pool before an error has been seen.

    Returns
    -------
    ndarray of float, shape (n, O, H)
        Excess variance over the squared mean. At origin o only errors known by then count: of
        step h = 0, 1, ... those of the origins before o - h.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        miss = ((y - mean) ** 2 - mean * (1 + extra)) / mean**2
        weight = ((1 + extra) / mean + _KNEE) ** -2.0
    weight[np.isnan(miss)] = 0.0
    miss[np.isnan(miss)] = 0.0
    known, total, count = (np.zeros_like(miss) for _ in range(3))
    for h in range(y.shape[2]):
        for into, what in ((total, weight * miss), (known, weight), (count, weight > 0)):
            into[:, h + 1 :, h] = np.cumsum(what[:, : -(h + 1), h], axis=1)
    typical = np.where(count > 0, known / np.maximum(count, 1), 0.0)
    sums = [np.zeros((len(start), *y.shape[1:])) for _ in range(4)]
    for into, what in zip(sums, (total, known, typical, count > 0), strict=True):
        np.add.at(into, pool, what)
    prior = _POOL * sums[2] / np.maximum(sums[3], 1)
    begin = np.broadcast_to(start[..., None], prior.shape)
    with np.errstate(invalid="ignore", divide="ignore"):
        shared = np.where(prior > 0, (sums[0] + prior * begin) / (sums[1] + prior), begin)
        own = (total + _OWN * typical * shared[pool]) / (known + _OWN * typical)
    own *= 1 + 2 / (count + _OWN)  # as the variance of Student's t: the spread is uncertain too
    return np.maximum(np.where(count > 0, own, shared[pool]), 0.0)


def beginnings(noise: Floats, level: Floats, pool: NDArray[np.int64], drift: Floats) -> Floats:
    """Take for excess variance, before any error, that of the counts about their mean.

    Parameters
    ----------
    noise, level : ndarray of float, shape (n, O)
        Excess variance over the squared mean within what was known, and the mean; NaN: unknown.
    pool : ndarray of int, shape (n,)
    drift : ndarray of float, shape (m, O)
        Added for what changes between the known and the next.

    Returns
    -------
    ndarray of float, shape (m, O)
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        weight = np.where(np.isfinite(noise) & (level > 0), (1 / level + _KNEE) ** -2.0, 0.0)
    total, known = (np.zeros((int(pool.max()) + 1, noise.shape[1])) for _ in range(2))
    np.add.at(total, pool, weight * np.nan_to_num(noise))
    np.add.at(known, pool, weight)
    return np.maximum(total / np.maximum(known, 1e-300), 0.0) + drift
