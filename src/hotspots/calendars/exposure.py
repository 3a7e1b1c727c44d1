"""Trading days: how much each day of the week counts, and what a period's days add up to."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..contracts import InputError
from .holidays import holiday_dates

Floats = NDArray[np.float64]

_REACH = 10  # days each way of the level a day is held against: three whole weeks
_LEAST = 200.0  # incidents in a pool under which its days all count alike


def day_weights(
    daily: ArrayLike,
    first: np.datetime64,
    *,
    pool: ArrayLike | None = None,
    holidays: ArrayLike | None = None,
) -> Floats:
    r"""Learn how much each day of the week, and a bank holiday, counts beside the average day.

    Parameters
    ----------
    daily : array_like of float, shape (n, D)
        Incidents of n groups on D days in a row; NaN where not recorded.
    first : datetime64
        The first of these days.
    pool : array_like of int, shape (n,), optional
        Groups with the same number share one pattern, that of their sum (LPTs of a category
        take the force's); when absent every group has its own.
    holidays : array_like of datetime64, optional
        Days that count as bank holidays; those of England and Wales when absent, none when
        empty.

    Returns
    -------
    ndarray of float, shape (n, 8)
        Weight of Monday to Sunday, and the factor on these of a bank holiday. The mean weight of
        a day, over 28 years of days, is 1. All 1 where the records show no pattern beyond
        chance, or hold under 200 incidents.

    Raises
    ------
    InputError
        When shapes do not fit, a count is negative or endless, or ``first`` is no day.

    Notes
    -----
    Each day is held against the mean of the three weeks around it, in which every weekday stands
    three times, so trend and season drop out. Weights enter only where the seven differ beyond
    chance (chi-square on 6 df over the dispersion, p < .05), the bank holidays' where a z test
    says so; what enters is shrunk towards 1 by the positive-part James–Stein factor. So noise
    adds no noise.

    Examples
    --------
    >>> daily = [[8, 8, 8, 8, 10, 16, 12] * 104]  # two years from a Monday
    >>> day_weights(daily, np.datetime64("2024-01-01"), holidays=[]).round(1).tolist()
    [[0.8, 0.8, 0.8, 0.8, 1.0, 1.6, 1.2, 1.0]]
    """
    y = _array("daily", daily, "float64", "day_weights")
    begin = _array("first", first, "datetime64[D]", "day_weights")
    faults = []
    if y.ndim != 2:
        faults.append(f"daily has {y.ndim} dimensions; give groups × days.")
    if np.isinf(y).any() or (y < 0).any():
        faults.append("daily holds a count below 0 or without end; give counts, NaN where missing.")
    if begin.ndim or np.isnat(begin):
        faults.append(f"first is {first!r}; give the first day, as np.datetime64('2025-01-01').")
    group = np.arange(len(y) if y.ndim else 0) if pool is None else np.asarray(pool)
    if y.ndim and group.shape != (len(y),):
        faults.append(f"pool has shape {group.shape}; give one number a group.")
    if faults:
        raise InputError("day_weights", faults)
    days: NDArray[np.datetime64] = begin + np.arange(y.shape[1]).astype("timedelta64[D]")
    off = _holidays(days, holidays)
    names, code = np.unique(group, return_inverse=True)
    used = np.zeros((len(names), y.shape[1]), dtype=bool)
    np.logical_or.at(used, code, ~np.isnan(y))
    total = np.zeros(used.shape)
    np.add.at(total, code, np.nan_to_num(y))
    learned = np.array([_learn(total[i], used[i], days, off) for i in range(len(names))])
    weights: Floats = learned.reshape(-1, 8)[code]
    return weights


def effective_days(
    start: ArrayLike, days: ArrayLike, weights: ArrayLike, *, holidays: ArrayLike | None = None
) -> Floats:
    """Add up the weights of the days of each period: its exposure in average days.

    Parameters
    ----------
    start : array_like of datetime64, shape (T,)
        First day of each period.
    days : array_like of float, shape (T,)
        Days in each.
    weights : array_like of float, shape (n, 8)
        As :func:`day_weights` gives them; all 1 gives the plain days back (month-only records).
    holidays : array_like of datetime64, optional
        As in :func:`day_weights`.

    Returns
    -------
    ndarray of float, shape (n, T)
        Average days in each period; 31 days with five busy weekends are more than 31.

    Raises
    ------
    InputError
        When shapes do not fit, a start is no day, or days or weights are below 0 or no numbers.

    Examples
    --------
    >>> weights = np.array([[0.8, 0.8, 0.8, 0.8, 1.0, 1.6, 1.2, 1.0]])
    >>> months = np.array(["2025-02-01", "2025-03-01"], dtype="datetime64[D]")
    >>> effective_days(months, [28, 31], weights, holidays=[]).round(1).tolist()
    [[28.0, 31.6]]
    """
    what = "effective_days"
    each = np.atleast_2d(_array("weights", weights, "float64", what))
    begin = _array("start", start, "datetime64[D]", what)
    length = _array("days", days, "float64", what)
    if each.ndim != 2 or each.shape[1] != 8 or begin.shape != length.shape or begin.ndim != 1:
        shapes = f"start {begin.shape}, days {length.shape}, weights {each.shape}"
        raise InputError(what, [f"{shapes} do not fit; give (T,), (T,) and (n, 8)."])
    if np.isnat(begin).any() or not all((np.isfinite(v) & (v >= 0)).all() for v in (length, each)):
        fault = "a start is missing, or a number of days or a weight is below 0 or no number"
        raise InputError(what, [f"{fault}; leave such periods out."])
    if len(begin) == 0:
        return np.zeros((len(each), 0))
    whole = length.astype(np.int64)
    span = np.arange(begin.min(), (begin + whole).max())
    weekday = _weekday(span)
    off = _holidays(span, holidays)
    # one running sum a class of day: periods are differences of it
    classes = np.zeros((14, len(span) + 1))
    classes[weekday + 7 * off, np.arange(1, len(span) + 1)] = 1
    running = classes.cumsum(axis=1)
    at = (begin - span[0]).astype(np.int64)
    counts = running[:, at + whole] - running[:, at]
    factor = np.concatenate([each[:, :7], each[:, :7] * each[:, 7:]], axis=1)
    summed: Floats = factor @ counts
    return summed


def _array(name: str, values: Any, kind: str, what: str) -> NDArray[Any]:
    """Turn values into an array of a kind, or say which they are not."""
    try:
        return np.asarray(values, dtype=kind)
    except (TypeError, ValueError):
        needed = "numbers" if kind == "float64" else "days, as np.datetime64('2025-01-01')"
        raise InputError(what, [f"{name} holds {values!r:.60}; give {needed}."]) from None


@cache
def _cycle() -> Floats:
    """Share of each class of day, Monday to Sunday and bank holidays on each, in 28 years.

    In as many years every date falls on every weekday alike.
    """
    days = np.arange(np.datetime64("2001-01-01"), np.datetime64("2029-01-01"))
    number = np.bincount(_weekday(days) + 7 * _holidays(days, None), minlength=14)
    share: Floats = number / len(days)
    return share


def _weekday(days: NDArray[np.datetime64]) -> NDArray[np.int64]:
    weekday: NDArray[np.int64] = (days.astype("datetime64[D]").astype(np.int64) + 3) % 7
    return weekday


def _holidays(days: NDArray[np.datetime64], holidays: ArrayLike | None) -> NDArray[np.bool_]:
    if len(days) == 0:
        return np.zeros(0, dtype=bool)
    if holidays is None:
        first, last = days[[0, -1]].astype(object)
        given = holiday_dates(first, last)
    else:
        given = np.asarray(holidays, dtype="datetime64[D]")
    return np.isin(days.astype("datetime64[D]"), given)


def _around(values: Floats) -> Floats:
    """Sum over the days within reach of each."""
    total = np.concatenate([[0.0], values.cumsum()])
    at = np.arange(len(values))
    low, high = np.maximum(at - _REACH, 0), np.minimum(at + _REACH + 1, len(values))
    summed: Floats = total[high] - total[low]
    return summed


def _learn(
    y: Floats, used: NDArray[np.bool_], days: NDArray[np.datetime64], off: NDArray[np.bool_]
) -> Floats:
    """Learn the weights of one pool."""
    from scipy.special import chdtrc  # scipy.stats takes a second to import

    flat = np.ones(8)
    weekday, plain = _weekday(days), used & ~off
    if y[plain].sum() < _LEAST or len(np.unique(weekday[plain])) < 7:
        return flat
    rate = np.ones(7)
    for _ in range(8):  # the level must not lean on which weekdays are missing around a day
        spread = _around(np.where(plain, rate[weekday], 0.0))
        level = _around(np.where(plain, y, 0.0)) / np.maximum(spread, 1e-9)
        seen = np.bincount(weekday[plain], y[plain], 7)
        rate = seen / np.maximum(np.bincount(weekday[plain], level[plain], 7), 1e-9)
        rate = np.maximum(rate / rate.mean(), 1e-3)
    mean = np.maximum(level * rate[weekday], 1e-9)
    chi = ((y - mean) ** 2 / mean)[plain].sum()
    df = plain.sum() * (1 - 1 / (2 * _REACH + 1)) - 6
    dispersion = max(1.0, float(chi / max(df, 1.0)))
    error = np.sqrt(dispersion / np.maximum(seen, 1.0))  # of log rate
    log = np.log(rate)
    apart = float(((log / error) ** 2).sum())
    shrunk = np.zeros(7)
    if chdtrc(6, apart) < 0.05:
        shrunk = log * max(0.0, 1 - 4 / apart)
    weights = np.exp(shrunk)
    factor = 1.0
    holiday = used & off
    expected = float(mean[holiday].sum())
    if holiday.sum() >= 3 and expected >= 20:
        beta = float(np.log(max(y[holiday].sum(), 0.5) / expected))
        # what is expected is uncertain too: holidays close together lean on the same days
        lean = _around(np.where(holiday, rate[weekday] / np.maximum(spread, 1e-9), 0.0))
        unsure = expected + float((lean**2 * mean)[plain].sum())
        z = beta * expected / np.sqrt(dispersion * unsure)
        if abs(z) > 1.96:
            factor = float(np.exp(beta * (1 - 1 / z**2)))
    usual = np.concatenate([weights, weights * factor]) @ _cycle()
    return np.append(weights / usual, factor)
