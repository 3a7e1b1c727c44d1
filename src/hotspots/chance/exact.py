"""Exact tests of counts: one against what is expected, two against each other, any window."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..contracts import InputError

Floats = NDArray[np.float64]

_BLOCK = 4_000_000  # cells of the grid of both counts held at once
_LARGE = 1e6  # counts together from which the statistic of the E-test is normal


def rate_ratio(
    before: ArrayLike,
    after: ArrayLike,
    exposure: ArrayLike,
    spread: ArrayLike = 1.0,
    level: float = 0.95,
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
    level : float
        Of the interval, 0 to 1.

    Returns
    -------
    ratio, low, high, p : ndarray of float, shape (n,)
        Rate after over rate before with its interval, and the two-sided p-value (twice the
        smaller tail), which is under 1 - level just where the interval leaves out 1. NaN where
        there is no incident; the ratio is infinite where there was none before.

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
        tail = (1 - level) / 2
        low = np.where(y > 0, betaincinv(y, x + 1, tail), 0.0)
        high = np.where(x > 0, betaincinv(y + 1, x, 1 - tail), 1.0)
        low, high = low / (1 - low) / e, high / (1 - high) / e
    expected = e / (1 + e)
    upper = np.where(y > 0, betainc(y, x + 1, expected), 1.0)  # P(Y >= y)
    lower = np.where(x > 0, betainc(x, y + 1, 1 - expected), 1.0)  # P(Y <= y)
    p = np.where(some, np.minimum(2 * np.minimum(upper, lower), 1), np.nan)
    return ratio, np.where(some, low, np.nan), np.where(some, high, np.nan), p


def poisson_interval(count: ArrayLike, level: float = 0.95) -> tuple[Floats, Floats]:
    r"""Exact interval of the mean of a Poisson count.

    Parameters
    ----------
    count : array_like
        Counts, at least 0.
    level : float
        Confidence, over 0 and under 1.

    Returns
    -------
    low, high : ndarray of float

    Raises
    ------
    InputError
        For counts under 0 or a level out of range.

    Notes
    -----
    Garwood's interval: :math:`\chi^2_{\alpha/2, 2y}/2` to :math:`\chi^2_{1-\alpha/2, 2y+2}/2`.

    References
    ----------
    Garwood F. (1936) Fiducial limits for the Poisson distribution. *Biometrika* 28, 437–442.

    Examples
    --------
    >>> low, high = poisson_interval(30)
    >>> round(low.item() / 20, 3), round(high.item() / 20, 3)
    (1.012, 2.141)
    """
    from scipy.special import gammaincinv

    y = _counts("poisson_interval", count=count)[0]
    if not 0 < level < 1:
        raise InputError("poisson_interval", [f"level is {level!r}; it must lie from 0 to 1."])
    outside = (1 - level) / 2
    low = np.where(y > 0, gammaincinv(np.maximum(y, 1e-9), outside), 0.0)
    return low, np.asarray(gammaincinv(y + 1, 1 - outside), dtype=float)


def poisson_tails(count: ArrayLike, expected: ArrayLike) -> tuple[Floats, Floats]:
    """Chance of a Poisson count so low or lower, and so high or higher.

    Parameters
    ----------
    count : array_like
        Counts, at least 0.
    expected : array_like
        Their mean, at least 0.

    Returns
    -------
    lower, upper : ndarray of float
        P(Y <= count) and P(Y >= count).

    Examples
    --------
    >>> round(poisson_tails(30, 20)[1].item(), 4)
    0.0218
    """
    from scipy.special import gammainc, gammaincc

    y, mean = _counts("poisson_tails", count=count, expected=expected)
    upper = np.where(y > 0, gammainc(np.maximum(y, 1e-300), mean), 1.0)
    return np.asarray(gammaincc(y + 1, mean), dtype=float), upper


def e_test(
    k1: ArrayLike, k2: ArrayLike, n1: ArrayLike = 1.0, n2: ArrayLike = 1.0, d: float = 0.0
) -> Floats:
    r"""Test whether two Poisson rates are the same, without fixing the total of their counts.

    Parameters
    ----------
    k1, k2 : array_like
        Counts, at least 0.
    n1, n2 : array_like
        Their exposures, above 0.
    d : float
        Difference of the rates, first less second, if there were nothing to find.

    Returns
    -------
    ndarray of float
        Two-sided p-values, 0 to 1.

    Raises
    ------
    InputError
        For counts under 0 or exposures not above 0.

    Notes
    -----
    The chance, summed over both counts, of a statistic
    :math:`T = (y_1/n_1 - y_2/n_2 - d) / \sqrt{y_1/n_1^2 + y_2/n_2^2}` as far from 0 as seen, where
    the rates are those estimated under the hypothesis,
    :math:`\hat\lambda_2 = (k_1 + k_2)/(n_1 + n_2) - d n_1/(n_1 + n_2)` and
    :math:`\hat\lambda_1 = \hat\lambda_2 + d`. It has more power than the test given the total,
    and its rate of false alarms stays close to what it says, now and then a little above. With
    over a million incidents the statistic is taken as normal.

    References
    ----------
    Krishnamoorthy K. and Thomson J. (2004) A more powerful test for comparing two Poisson means.
    *Journal of Statistical Planning and Inference* 119, 23–35.

    Examples
    --------
    >>> round(e_test(6, 2).item(), 6)
    0.174875
    """
    a, b, t1, t2 = _counts("e_test", k1=k1, k2=k2, n1=n1, n2=n2)
    if not ((t1 > 0) & (t2 > 0)).all():
        raise InputError("e_test", ["n1 and n2 are exposures; each must be above 0."])
    number = isinstance(d, int | float | np.number) and not isinstance(d, bool)
    if not number or not np.isfinite(d):
        raise InputError("e_test", [f"d is {d!r}; it must be a finite number."])
    cases = np.column_stack([np.ravel(value) for value in (a, b, t1, t2)])
    each, back = np.unique(cases, axis=0, return_inverse=True)
    p = np.array([_e_test(*map(float, case), d=d) for case in each])
    told: Floats = p[back.ravel()].reshape(a.shape)
    return told


def _e_test(k1: float, k2: float, n1: float, n2: float, *, d: float) -> float:
    from scipy.special import gammaln, ndtr, xlogy

    second = max((k1 + k2 - d * n1) / (n1 + n2), 0.0)
    first = max(second + d, 0.0)
    seen = _statistic(np.array(k1), np.array(k2), n1, n2, d)
    if k1 + k2 > _LARGE:
        return float(2 * ndtr(-abs(seen)))

    def law(mean: float) -> tuple[Floats, Floats]:
        reach = 9 * np.sqrt(mean) + 30  # what lies beyond is under 1e-15
        y = np.arange(max(0.0, np.floor(mean - reach)), np.ceil(mean + reach) + 1)
        return y, np.exp(xlogy(y, mean) - mean - gammaln(y + 1))

    y1, p1 = law(first * n1)
    y2, p2 = law(second * n2)
    rows = max(1, _BLOCK // len(y2))
    p = 0.0
    for at in range(0, len(y1), rows):
        block = slice(at, at + rows)
        far = abs(_statistic(y1[block, None], y2, n1, n2, d)) >= abs(seen) - 1e-12
        p += float(p1[block] @ (far @ p2))
    return min(p, 1.0)


def _statistic(y1: Floats, y2: Floats, n1: float, n2: float, d: float) -> Floats:
    apart = y1 / n1 - y2 / n2 - d
    error = np.sqrt(y1 / n1**2 + y2 / n2**2)
    with np.errstate(divide="ignore", invalid="ignore"):
        far: Floats = np.where(apart == 0, 0.0, apart / error)
    return far


def scan_p(count: int, mean: float, windows: float) -> float:
    r"""Chance of so many incidents in some window, wherever it begins, if nothing were there.

    Parameters
    ----------
    count : int
        Incidents found in the fullest window, at least 1.
    mean : float
        Incidents a window holds on average, above 0.
    windows : float
        Length of the whole time in windows, at least 2: 208 weeks and windows of two are 104.

    Returns
    -------
    float
        0 to 1. To look it up as if the window had been chosen beforehand would give far less.

    Raises
    ------
    InputError
        For numbers out of range.

    Notes
    -----
    Naus' approximation :math:`1 - Q_2 (Q_3 / Q_2)^{L - 2}`, where :math:`Q_2` and :math:`Q_3` are
    the exact chances of no such window in two and in three windows' time.

    References
    ----------
    Naus J. I. (1982) Approximations for distributions of scan statistics. *Journal of the American
    Statistical Association* 77, 177–183.

    Examples
    --------
    >>> round(scan_p(6, mean=0.6, windows=208), 5)
    0.03902
    """
    faults = []
    if not (isinstance(count, int | np.integer) and not isinstance(count, bool) and count >= 1):
        faults.append(f"count is {count!r}; it must be a whole number, at least 1.")
    for name, value, least, rule in (
        ("mean", mean, 0, "above 0"), ("windows", windows, 2, "at least 2"),
    ):  # fmt: skip
        number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
        if not number or not np.isfinite(value) or value < least or value == 0:
            faults.append(f"{name} is {value!r}; it must be a number, {rule}.")
    if faults:
        raise InputError("scan_p", faults)
    two, three = _no_window(int(count), float(mean))
    return float(np.clip(1 - two * (three / two) ** (windows - 2), 0.0, 1.0))


def _no_window(n: int, mean: float) -> tuple[float, float]:
    """Chances of no window with n in two and in three windows' time, exactly."""
    from scipy.special import gammaincc, gammaln

    at = np.arange(-5, 2 * n + 1)
    some = np.maximum(at, 0)
    mass = np.where(at >= 0, np.exp(some * np.log(mean) - mean - gammaln(some + 1)), 0.0)
    below = np.where(at >= 0, gammaincc(some + 1, mean), 0.0)

    def p(k: Any) -> Any:  # chance of k in a window; 0 where k is under 0
        return mass[k + 5]

    def c(k: Any) -> Any:  # chance of k or fewer
        return below[k + 5]

    if n == 1:
        return float(np.exp(-2 * mean)), float(np.exp(-3 * mean))
    two = c(n - 1) ** 2 - (n - 1) * p(n) * p(n - 2) - (n - 1 - mean) * p(n) * c(n - 3)
    first = 2 * p(n) * c(n - 1) * ((n - 1) * c(n - 2) - mean * c(n - 3))
    second = (n - 1) * (n - 2) * c(n - 3) - 2 * (n - 2) * mean * c(n - 4) + mean**2 * c(n - 5)
    r = np.arange(1, n)
    third = (p(2 * n - r) * c(r - 1) ** 2).sum()
    fourth = (p(2 * n - r) * p(r) * ((r - 1) * c(r - 2) - mean * c(r - 3))).sum()
    three = c(n - 1) ** 3 - first + p(n) ** 2 * second / 2 + third - fourth
    return float(two), float(three)


def _counts(what: str, **values: ArrayLike) -> tuple[Floats, ...]:
    """Return numbers of one shape, refusing what is none, under 0 or infinite."""
    try:
        given = np.broadcast_arrays(*(np.asarray(value, dtype=float) for value in values.values()))
    except (TypeError, ValueError) as error:
        raise InputError(what, [
            f"{', '.join(values)} must be numbers of one shape ({error})."
        ]) from None  # fmt: skip
    faults = [
        f"{name} holds {float(value[wrong][0]):g}; it must be at least 0 and finite."
        for name, value in zip(values, given, strict=True)
        if (wrong := ~((value >= 0) & np.isfinite(value))).any()
    ]
    if faults:
        raise InputError(what, faults)
    return tuple(given)
