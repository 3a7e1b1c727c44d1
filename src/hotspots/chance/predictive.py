"""What the next count may be, given the counts before: the gamma–Poisson predictive law."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..contracts import InputError

Floats = NDArray[np.float64]

_ALIKE = 1e-9  # excess of the variance over the mean, relative, under which the law is Poisson's
_KNOWN = 1e4  # degrees of freedom from which a dispersion counts as known
_NODES = 15  # values of an uncertain dispersion


@dataclass(frozen=True)
class Predictive:
    """The law of a count to come, for each of many groups at once.

    Attributes
    ----------
    mean : ndarray of float
        Expected count.
    variances : ndarray of float, shape (m, ...)
        Its variance, what is not known of the mean included: ``m`` values of it, where the
        dispersion is not known for certain.
    weights : ndarray of float, shape (m,)
        How likely each of them is.

    Notes
    -----
    A mixture of negative binomials with this mean and these variances; Poisson where the two are
    the same. NaN where the mean is.

    Examples
    --------
    >>> law = predictive(20, 8)
    >>> law.mean.item(), law.ppf([0.025, 0.5, 0.975, 0.99865]).tolist()
    (2.5625, [0.0, 2.0, 6.0, 9.0])
    >>> round(law.sf(10).item(), 6)
    0.000903
    """

    mean: Floats
    variances: Floats
    weights: Floats

    @property
    def variance(self) -> Floats:
        """Variance of the count; infinite where its dispersion is hardly known."""
        told: Floats = np.tensordot(self.weights, self.variances, 1)
        return told

    def sf(self, count: ArrayLike) -> Floats:
        """Chance of a count so high or higher, P(Y >= count)."""
        from scipy.special import betainc, gammainc

        y = np.ceil(np.asarray(count, dtype=float))
        at = np.where(y > 0, y, 1.0)
        chance: Floats = np.zeros(())
        for weight, (plain, size, share) in zip(self.weights, self._shapes(), strict=True):
            one = betainc(at, size, share)
            if plain.any():
                one = np.where(plain, gammainc(at, self.mean), one)
            chance = chance + weight * one
        return np.where(np.isnan(y) | np.isnan(self.mean), np.nan, np.where(y > 0, chance, 1.0))

    def cdf(self, count: ArrayLike) -> Floats:
        """Chance of a count so low or lower, P(Y <= count)."""
        from scipy.special import betainc, gammaincc

        y = np.floor(np.asarray(count, dtype=float))
        at = np.where(y >= 0, y, 0.0) + 1
        chance: Floats = np.zeros(())
        for weight, (plain, size, share) in zip(self.weights, self._shapes(), strict=True):
            one = betainc(size, at, 1 - share)
            if plain.any():
                one = np.where(plain, gammaincc(at, self.mean), one)
            chance = chance + weight * one
        return np.where(np.isnan(y) | np.isnan(self.mean), np.nan, np.where(y >= 0, chance, 0.0))

    def ppf(self, q: ArrayLike) -> Floats:
        """Smallest count y with P(Y <= y) of at least ``q``, for ``q`` over 0 and under 1."""
        share = _share("ppf", "q", q)
        return self._first(lambda y: self.cdf(y) >= share, share.shape)

    def least(self, level: ArrayLike) -> Floats:
        """Smallest count y with P(Y >= y) of at most ``level``: the first to raise an alert."""
        most = _share("least", "level", level)
        return self._first(lambda y: self.sf(y) <= most, most.shape)

    def _first(
        self, enough: Callable[[Floats], NDArray[np.bool_]], like: tuple[int, ...]
    ) -> Floats:
        """Find the smallest count that is enough, by halving, in all groups at once."""
        shape = np.broadcast_shapes(np.shape(self.mean), like)
        known = np.broadcast_to(~np.isnan(self.mean), shape)
        low = np.full(shape, -1.0)  # never enough
        reach = self.mean + 4 * np.sqrt(self.variances[len(self.weights) // 2])
        high = np.ceil(np.broadcast_to(np.where(np.isnan(self.mean), 0.0, reach), shape)) + 1
        while (short := known & ~enough(high)).any():
            low, high = np.where(short, high, low), np.where(short, 2 * high + 1, high)
        while ((gap := high - low) > 1).any():
            middle = low + np.floor(gap / 2)
            reached = enough(middle) | ~known
            high = np.where(reached & (gap > 1), middle, high)
            low = np.where(~reached & (gap > 1), middle, low)
        return np.where(known, high, np.nan)

    def _shapes(self) -> Iterator[tuple[NDArray[np.bool_], Floats, Floats]]:
        """Yield where each law is Poisson's, its size and the chance of a further incident."""
        for variance in self.variances:
            with np.errstate(divide="ignore", invalid="ignore"):
                excess = variance / self.mean - 1
                plain = ~(excess > _ALIKE)
                excess = np.where(plain, 1.0, excess)
                yield plain, self.mean / excess, excess / (1 + excess)


def _share(what: str, name: str, given: ArrayLike) -> Floats:
    share = np.asarray(given, dtype=float)
    if not ((share > 0) & (share < 1)).all():
        raise InputError(what, [f"{name} is {share.tolist()}; it must be over 0 and under 1."])
    return share


def predictive(
    total: ArrayLike, exposure: ArrayLike, ahead: ArrayLike = 1.0, dispersion: ArrayLike = 1.0,
    df: ArrayLike = np.inf, error: ArrayLike = 0.0,
) -> Predictive:  # fmt: skip
    r"""Law of the next count, from a total over a known exposure, for many groups at once.

    Parameters
    ----------
    total : array_like
        Incidents in the baseline, at least 0; NaN where not known.
    exposure : array_like
        What they were counted over, above 0: periods, each weighted by its days and its season.
    ahead : array_like
        Exposure of the count to come, in the same unit.
    dispersion : array_like
        Variance over mean of the counts; 1 is Poisson, and less is taken for 1.
    df : array_like
        Degrees of freedom the dispersion was estimated with; infinite where it is known.
    error : array_like
        Relative standard error of ``ahead``, such as that of a seasonal factor.

    Returns
    -------
    Predictive
        With the shape the arguments have together.

    Raises
    ------
    InputError
        For numbers out of range.

    Notes
    -----
    With :math:`S` incidents over exposure :math:`n` and Jeffreys' prior, the rate has a gamma law
    with shape :math:`S + 1/2` and rate :math:`n`; at a dispersion :math:`\phi` the incidents tell
    as much as :math:`S / \phi`, and the law has shape :math:`S / \phi + 1/2` and rate
    :math:`n / \phi`. The count over exposure :math:`a` is negative binomial with mean and variance

    .. math:: \mu = a \frac{S + \phi/2}{n}, \qquad
        \sigma^2 = \phi \mu \left(1 + \frac{a}{n}\right) + \varepsilon^2 \mu^2,

    at :math:`\phi = 1` and no error :math:`\varepsilon` of the exposure the one with size
    :math:`S + 1/2` and probability :math:`n / (n + a)`. An
    estimate :math:`\hat\phi` from few periods is uncertain itself: :math:`\phi` is then taken as
    :math:`\nu \hat\phi / \chi^2_\nu` with :math:`\nu` degrees of freedom, at least 1, and the law
    is the mixture over it, which for large counts is Student's t in place of the normal.

    References
    ----------
    Aitchison J. and Dunsmore I. R. (1975) *Statistical Prediction Analysis*. Cambridge.

    Examples
    --------
    >>> law = predictive([20, 20], 8, dispersion=[1, 2])
    >>> law.ppf(0.975).tolist()
    [6.0, 9.0]
    """
    from scipy.special import chdtri, ndtr

    given = (total, exposure, ahead, dispersion, df, error)
    try:
        s, n, a, phi, nu, off = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in given))
    except (TypeError, ValueError) as fault:
        raise InputError("predictive", [
            f"the arguments must be numbers that broadcast to one shape ({fault})."
        ]) from None  # fmt: skip
    faults = []
    for name, value, wrong, rule in (
        ("total", s, (s < 0) | np.isinf(s), "at least 0 and finite"),
        ("exposure", n, (n <= 0) | np.isinf(n), "above 0 and finite"),
        ("ahead", a, (a <= 0) | np.isinf(a), "above 0 and finite"),
        ("dispersion", phi, (phi < 0) | np.isinf(phi), "at least 0 and finite"),
        ("df", nu, nu <= 0, "above 0"),
        ("error", off, (off < 0) | np.isinf(off), "at least 0 and finite"),
    ):
        if wrong.any():
            faults.append(f"{name} is {float(value[wrong][0]):g}; it must be {rule}.")
    if faults:
        raise InputError("predictive", faults)
    mean = a * (s + np.maximum(phi, 1.0) / 2) / n
    known = ~(nu < _KNOWN)
    if known.all():
        spread, weights = phi[None], np.ones(1)
    else:
        at, weights = np.polynomial.hermite_e.hermegauss(_NODES)
        weights = weights / weights.sum()
        nu = np.where(known, 1.0, nu)
        with np.errstate(under="ignore"):
            chi = chdtri(nu, ndtr(at.reshape(-1, *(1,) * nu.ndim)))
        spread = np.where(known, phi, phi * nu / np.maximum(chi, 1e-6 * nu))
    variances = np.maximum(spread, 1.0) * mean * (1 + a / n) + (off * mean) ** 2
    return Predictive(mean, variances, weights)
