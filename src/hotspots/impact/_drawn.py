"""The law of a ratio of ratios when the arms of the places are drawn again and again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Inside = Callable[[Floats], NDArray[np.bool_]]
    Tails = Callable[[Floats], tuple[Floats, Floats]]

FARTHEST = 12.0
"""Log ratio beyond which an interval has no end."""

_AT_ONCE = 1_500_000  # draws × studies held at a time
_SAME = 1e-9  # statistics closer than this are ties


def drawn_ratio(
    after: Floats, expected: Floats, arm: Floats, draws: Floats, level: float | None
) -> tuple[Floats, Floats, Floats, Floats]:
    r"""Compare the treated places with the others, against arms drawn anew.

    Parameters
    ----------
    after : ndarray, shape (S, n)
        Incidents of each place after the start.
    expected : ndarray, shape (S, n)
        What its incidents before lead one to expect, up to a factor that all places share.
    arm : ndarray, shape (S, n)
        1 treated, 0 not.
    draws : ndarray, shape (D, n)
        Arms drawn anew, each with as many treated as ``arm``.
    level : float or None
        Of the interval; without it there is none, and the ends are NaN.

    Returns
    -------
    estimate, low, high, p : ndarray, shape (S,)
        Log ratio; NaN where an arm has no incidents to compare with.

    Notes
    -----
    θ = log of the treated places' after over expected, less that of the others, over its
    linearised standard error with places as the unit,

    .. math:: V = \sum_{arms} \frac{n_a}{n_a - 1}
              \frac{\sum_i (y_i - \hat r_a x_i)^2}{(\sum_i y_i)^2} .

    The same is computed for every draw, from counts freed of the effect β in question,
    :math:`y_i e^{-\beta z_i}`. p doubles the smaller tail, ties and the arms as they were counted
    in; the interval is every β with p over 1 - level.
    """
    blocks = max(1, _AT_ONCE // len(draws))
    parts = [
        _one(after[s : s + blocks], expected[s : s + blocks], arm[s : s + blocks], draws, level)
        for s in range(0, len(after), blocks)
    ]
    one, two, three, four = (np.concatenate(part) for part in zip(*parts, strict=True))
    return one, two, three, four


def _one(
    y: Floats, x: Floats, arm: Floats, draws: Floats, level: float | None
) -> tuple[Floats, ...]:
    on, off = y * arm, y * (1 - arm)
    columns = (on, off, x, on * on, off * off, on * x, off * x, x * x)
    drawn = [draws @ column.T for column in columns]  # each (D, S)
    seen = [(arm * column).sum(axis=1)[None] for column in columns]
    whole = [column.sum(axis=1)[None] for column in columns]
    size = arm.sum(axis=1)
    shares = (size / np.maximum(size - 1, 1), (len(arm[0]) - size) / np.maximum(
        len(arm[0]) - size - 1, 1))  # fmt: skip
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate, spread = _statistic(seen, whole, shares, np.zeros(len(y)))

    def tails(beta: Floats) -> tuple[Floats, Floats]:
        """Chance of a ratio as low, and as high, as the one seen, had the effect been beta."""
        with np.errstate(divide="ignore", invalid="ignore"):
            own = np.divide(*_statistic(seen, whole, shares, beta))
            other = np.divide(*_statistic(drawn, whole, shares, beta))
        other = np.where(np.isnan(other), own, other)  # a draw that tells nothing is a tie
        n = len(other) + 1
        return ((1 + (other <= own + _SAME).sum(axis=0)) / n,
                (1 + (other >= own - _SAME).sum(axis=0)) / n)  # fmt: skip

    theta, error = estimate[0], spread[0]
    known = np.isfinite(theta) & np.isfinite(error)
    theta, error = np.where(known, theta, 0.0), np.where(known, np.maximum(error, 1e-3), 1.0)
    lower, upper = tails(np.zeros(len(y)))
    p = np.minimum(1.0, 2 * np.minimum(lower, upper))
    low, high = ends(tails, theta, error, level)
    return tuple(np.where(known, v, np.nan) for v in (theta, low, high, p))


def ends(tails: Tails, theta: Floats, error: Floats, level: float | None) -> tuple[Floats, Floats]:
    """Find both ends of an interval by inverting a test.

    Parameters
    ----------
    tails : callable
        Effects (S,) → chance of a result as low, and of one as high, as seen.
    theta, error : ndarray, shape (S,)
        Estimates, and about how sure they are.
    level : float or None
        Without it there is no interval.

    Returns
    -------
    low, high : ndarray, shape (S,)

    Examples
    --------
    >>> from scipy.stats import norm
    >>> tails = lambda beta: (norm.cdf(1 - beta), norm.sf(1 - beta))
    >>> [end.round(2).tolist() for end in ends(tails, np.ones(1), np.ones(1), .95)]
    [[-0.96], [2.96]]
    """
    if level is None:
        return np.full_like(theta, np.nan), np.full_like(theta, np.nan)
    alpha = (1 - level) / 2
    return (interval_end(lambda beta: tails(beta)[1] > alpha, theta, -error),
            interval_end(lambda beta: tails(beta)[0] > alpha, theta, error))  # fmt: skip


def _statistic(
    sums: list[Floats], whole: list[Floats], shares: tuple[Floats, Floats], beta: Floats
) -> tuple[Floats, Floats]:
    """Log ratio of ratios and its standard error, from sums over the places drawn."""
    free = np.exp(-beta)

    def both(parts: list[Floats]) -> list[Floats]:
        on, off, x, on2, off2, on_x, off_x, x2 = parts
        return [free * on + off, x, free**2 * on2 + off2, free * on_x + off_x, x2]

    treated, every = both(sums), both(whole)
    other = [e - t for e, t in zip(every, treated, strict=True)]
    theta, variance = np.zeros(1), np.zeros(1)
    for sign, share, (y, x, yy, xy, xx) in ((1, shares[0], treated), (-1, shares[1], other)):
        few = np.maximum(y, 0.5)  # a draw without incidents has a ratio too
        ratio = y / x
        theta = theta + sign * np.log(few / x)
        variance = variance + share * np.maximum(yy - 2 * ratio * xy + ratio**2 * xx, 0) / few**2
    return theta, np.sqrt(np.maximum(variance, 1e-24))


def interval_end(inside: Inside, theta: Floats, step: Floats) -> Floats:
    """Find where the effect stops being one that fits, away from theta by steps.

    Parameters
    ----------
    inside : callable
        Effects (S,) → whether each fits the records.
    theta : ndarray, shape (S,)
        Effects that fit.
    step : ndarray, shape (S,)
        First steps: below 0 for the lower end.

    Returns
    -------
    ndarray, shape (S,)
        Infinite where effects beyond any sense still fit.

    Examples
    --------
    >>> end = interval_end(lambda b: b < 1.25, np.zeros(1), np.ones(1))
    >>> end.round(3).tolist()
    [1.25]
    """
    near, far = theta.copy(), theta + 2 * step
    growing = inside(far)
    while growing.any():
        near = np.where(growing, far, near)
        far = np.where(growing, theta + 2 * (far - theta), far)
        growing = growing & (np.abs(far - theta) < FARTHEST) & inside(far)
    endless = np.abs(far - theta) >= FARTHEST
    end = halve(inside, near, far)
    return np.where(endless, np.sign(step) * np.inf, end)


def halve(inside: Inside, near: Floats, far: Floats, *, rounds: int = 16) -> Floats:
    """Halve brackets, ``inside`` being true at the near end and false at the far one.

    Parameters
    ----------
    inside : callable
    near, far : ndarray, shape (S,)
    rounds : int

    Returns
    -------
    ndarray, shape (S,)

    Examples
    --------
    >>> halve(lambda b: b * b < 2, np.zeros(1), np.full(1, 2.0), rounds=40).round(6).tolist()
    [1.414214]
    """
    for _ in range(rounds):
        middle = (near + far) / 2
        fits = inside(middle)
        near, far = np.where(fits, middle, near), np.where(fits, far, middle)
    return (near + far) / 2
