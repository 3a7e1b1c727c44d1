"""How alike the arms are, and how alike chance alone makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

REDRAWN = 2000
"""Assignments drawn anew to say what chance alone gives."""

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def site_balance(sites: pd.DataFrame, names: list[str], arm: Ints, drawn: Ints) -> pd.DataFrame:
    """Compare the sites of two arms, covariate by covariate.

    Parameters
    ----------
    sites : DataFrame
    names : list of str
        Covariates, columns of ``sites``.
    arm : ndarray of 0 and 1, shape (n,)
    drawn : ndarray of 0 and 1, shape (draws, n)
        Assignments drawn anew, to say what chance alone gives.

    Returns
    -------
    DataFrame
        Index ``covariate``: ``treated``, ``control`` (means), ``difference`` (standardised: over
        the standard deviation of all sites), ``chance_low``, ``chance_high`` (what 95% of draws
        give), ``chance`` (share of draws with a difference at least as large).

    Examples
    --------
    >>> sites = pd.DataFrame({"baseline": [10.0, 20.0, 30.0, 40.0]})
    >>> arm = np.array([1, 0, 0, 1])
    >>> drawn = np.array([[1, 0, 0, 1], [1, 1, 0, 0]])
    >>> table = site_balance(sites, ["baseline"], arm, drawn)
    >>> table[["treated", "control", "chance"]].iloc[0].tolist()
    [25.0, 25.0, 1.0]
    """
    values = sites[names].to_numpy(dtype=float)
    spread = values.std(axis=0, ddof=1) if len(values) > 1 else np.zeros(len(names))
    found = _means(arm[None], values)[0]
    again = _means(drawn, values)
    return _table(names, found, again, spread, "covariate")


def day_balance(dates: NDArray[np.datetime64], counted: NDArray[np.bool_], on: NDArray[np.int8],
                drawn: NDArray[np.int8]) -> pd.DataFrame:  # fmt: skip
    """Compare the days with patrols of a cross-over with those without, by day of the week.

    Parameters
    ----------
    dates : ndarray of datetime64[D], shape (days,)
    counted : ndarray of bool, shape (n, days)
        Not wash-out.
    on : ndarray of 0 and 1, shape (n, days)
    drawn : ndarray of 0 and 1, shape (draws, n, days)

    Returns
    -------
    DataFrame
        As :func:`site_balance` gives it, of the share of the counted days of each arm that are
        Mondays and so on, and of how late in the trial they are (0 to 1).

    Examples
    --------
    >>> dates = np.arange("2026-01-05", "2026-01-07", dtype="M8[D]")
    >>> on = np.array([[1, 0], [0, 1]], dtype=np.int8)
    >>> day_balance(dates, on >= 0, on, on[None])["difference"].tolist()[:2]
    [0.0, 0.0]
    """
    of_week = (dates.astype("datetime64[D]").astype(np.int64) + 3) % 7
    names = [day for d, day in enumerate(_DAYS) if (of_week == d).any()]
    columns = [(of_week == _DAYS.index(day)).astype(float) for day in names]
    late = np.arange(len(dates)) / max(len(dates) - 1, 1)
    values = np.column_stack([*columns, late])
    site_days = counted.reshape(-1)
    tiled = np.tile(values, (len(counted), 1))[site_days]
    spread = tiled.std(axis=0, ddof=1)
    flat = drawn.reshape(len(drawn), -1)[:, site_days]
    found = _means(on.reshape(1, -1)[:, site_days], tiled)[0]
    again = _means(flat, tiled)
    return _table([*names, "later in the trial"], found, again, spread, "covariate")


def _means(arms: NDArray[np.integer], values: Floats) -> Floats:
    """Means of both arms, shape (draws, 2, k)."""
    treated = arms.sum(axis=1, keepdims=True).astype(float)
    total = arms @ values
    rest = arms.shape[1] - treated
    found: Floats = np.stack(
        [total / np.maximum(treated, 1), (values.sum(axis=0) - total) / np.maximum(rest, 1)], axis=1
    )
    return found


def _table(
    names: list[str], found: Floats, again: Floats, spread: Floats, index: str
) -> pd.DataFrame:
    level = np.abs(found).max(axis=0)
    alike = spread <= 1e-9 * np.maximum(level, 1e-300)  # the same everywhere, but for rounding
    scale = np.where(alike, np.inf, spread)
    apart = (found[0] - found[1]) / scale
    chance = (again[:, 0] - again[:, 1]) / scale
    low, high = np.quantile(chance, [0.025, 0.975], axis=0)
    return pd.DataFrame({
        "treated": found[0], "control": found[1], "difference": apart,
        "chance_low": low, "chance_high": high,
        "chance": (np.abs(chance) >= np.abs(apart) - 1e-9).mean(axis=0),
    }, index=pd.Index(names, name=index, dtype="str"))  # fmt: skip
