"""What the next count may be, given the counts before: the gamma–Poisson predictive law."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..contracts import InputError

Floats = NDArray[np.float64]

_ALIKE = 1e-9  # excess of the variance over the mean, relative, under which the law is Poisson's


@dataclass(frozen=True)
class Predictive:
    """The law of a count to come, for each of many groups at once.

    Attributes
    ----------
    mean : ndarray of float
        Expected count.
    variance : ndarray of float
        Its variance, what is not known of the mean included.

    Notes
    -----
    Negative binomial with this mean and variance; Poisson where the two are the same. NaN where
    the mean is.

    Examples
    --------
    >>> law = predictive(20, 8)
    >>> law.mean.item(), law.ppf([0.025, 0.5, 0.975, 0.99865]).tolist()
    (2.5625, [0.0, 2.0, 6.0, 9.0])
    >>> round(law.sf(10).item(), 6)
    0.000903
    """

    mean: Floats
    variance: Floats

    def sf(self, y: ArrayLike) -> Floats:
        """Chance of a count of ``y`` or more, P(Y >= y)."""
        from scipy.special import betainc, gammainc

        y, mean, size, share = np.broadcast_arrays(
            np.ceil(np.asarray(y, dtype=float)), self.mean, *self._shape()
        )
        some = y > 0
        at = np.where(some, y, 1.0)
        chance = np.where(np.isinf(size), gammainc(at, mean), betainc(at, _finite(size), share))
        told: Floats = np.where(some, chance, 1.0)
        return np.where(np.isnan(y) | np.isnan(mean), np.nan, told)

    def cdf(self, y: ArrayLike) -> Floats:
        """Chance of a count of ``y`` or fewer, P(Y <= y)."""
        from scipy.special import betainc, gammaincc

        y, mean, size, share = np.broadcast_arrays(
            np.floor(np.asarray(y, dtype=float)), self.mean, *self._shape()
        )
        some = y >= 0
        at = np.where(some, y, 0.0) + 1
        rest = betainc(_finite(size), at, 1 - share)
        told: Floats = np.where(some, np.where(np.isinf(size), gammaincc(at, mean), rest), 0.0)
        return np.where(np.isnan(y) | np.isnan(mean), np.nan, told)

    def ppf(self, q: ArrayLike) -> Floats:
        """Smallest count y with P(Y <= y) of at least ``q``, for ``q`` over 0 and under 1."""
        q = np.asarray(q, dtype=float)
        if not ((q > 0) & (q < 1)).all():
            raise InputError("ppf", [f"q is {q.tolist()}; it must lie between 0 and 1."])
        return self._least(lambda law, y: law.cdf(y) >= q, q)

    def least(self, level: ArrayLike) -> Floats:
        """Smallest count y with P(Y >= y) of at most ``level``: the first to raise an alert."""
        level = np.asarray(level, dtype=float)
        if not ((level > 0) & (level < 1)).all():
            raise InputError("least", [f"level is {level.tolist()}; it must lie from 0 to 1."])
        return self._least(lambda law, y: law.sf(y) <= level, level)

    def _least(self, enough: Any, like: Floats) -> Floats:
        """Find the smallest count that is enough, by halving, in all groups at once."""
        shape = np.broadcast_shapes(np.shape(self.mean), like.shape)
        law = Predictive(np.broadcast_to(self.mean, shape), np.broadcast_to(self.variance, shape))
        known = ~np.isnan(law.mean)
        low = np.full(shape, -1.0)  # never enough, by convention
        high = np.ceil(np.where(known, law.mean + 4 * np.sqrt(law.variance), 0.0)) + 1
        while (short := known & ~enough(law, high)).any():
            low, high = np.where(short, high, low), np.where(short, 2 * high + 1, high)
        while ((gap := high - low) > 1).any():
            middle = low + np.floor(gap / 2)
            reached = enough(law, middle) | ~known
            high = np.where(reached & (gap > 1), middle, high)
            low = np.where(~reached & (gap > 1), middle, low)
        return np.where(known, high, np.nan)

    def _shape(self) -> tuple[Floats, Floats]:
        """Size of the negative binomial (infinite: Poisson), and the chance of a further one."""
        with np.errstate(divide="ignore", invalid="ignore"):
            excess = self.variance / self.mean - 1
            plain = ~(excess > _ALIKE)
            size = np.where(plain, np.inf, self.mean / np.where(plain, 1.0, excess))
            share = np.where(plain, 0.5, excess / (1 + excess))
        return size, share


def _finite(size: Floats) -> Floats:
    return np.where(np.isinf(size), 1.0, size)


def predictive(
    total: ArrayLike, exposure: ArrayLike, ahead: ArrayLike = 1.0, dispersion: ArrayLike = 1.0
) -> Predictive:
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
        Variance over mean of the counts, at least 1; 1 is Poisson.

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
    with shape :math:`S + 1/2` and rate :math:`n`, and the count over exposure :math:`a` is
    negative binomial with mean and variance

    .. math:: \mu = a \frac{S + 1/2}{n}, \qquad \sigma^2 = \phi \mu \left(1 + \frac{a}{n}\right),

    at :math:`\phi = 1` the one with size :math:`S + 1/2` and probability :math:`n / (n + a)`. A
    dispersion :math:`\phi` widens both the count to come and what is known of its mean, so it
    multiplies the whole variance. The law knows ``dispersion`` as certain: where it was estimated
    from few periods, give a larger one (as the alerts do).

    References
    ----------
    Aitchison J. and Dunsmore I. R. (1975) *Statistical Prediction Analysis*. Cambridge.

    Examples
    --------
    >>> law = predictive([20, 20], 8, dispersion=[1, 2])
    >>> law.ppf(0.975).tolist()
    [6.0, 9.0]
    """
    given = (total, exposure, ahead, dispersion)
    try:
        s, n, a, phi = np.broadcast_arrays(*(np.asarray(value, dtype=float) for value in given))
    except (TypeError, ValueError) as error:
        raise InputError("predictive", [
            f"total, exposure, ahead and dispersion must be numbers of one shape ({error})."
        ]) from None  # fmt: skip
    faults = []
    for name, value, wrong, rule in (
        ("total", s, s < 0, "at least 0"), ("exposure", n, n <= 0, "above 0"),
        ("ahead", a, a <= 0, "above 0"), ("dispersion", phi, phi < 1, "at least 1"),
    ):  # fmt: skip
        wrong = wrong | np.isinf(value)
        if wrong.any():
            faults.append(f"{name} is {float(value[wrong][0]):g}; it must be {rule} and finite.")
    if faults:
        raise InputError("predictive", faults)
    mean = a * (s + 0.5) / n
    return Predictive(mean, phi * mean * (1 + a / n))
