"""How much, per team and category: the latest year, the year before like with like, the force."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..chance import adjusted_p
from ..chance.exact import poisson_interval, rate_ratio
from ._cells import ALL

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._cells import Cells

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

YEAR = 12
FEW = 20
"""Incidents in either year under which no percentage is given."""

CLEAR = 0.05
FAR = 0.999  # quantile beyond which an LPT stands out, either side


@dataclass(frozen=True)
class Year:
    """Which months are compared, per row, and the counts that follow.

    Attributes
    ----------
    latest : ndarray of bool, shape (n, T)
        The latest twelve recorded months, or as many as there are.
    now, before : ndarray of bool, shape (n, T)
        Those of them that were recorded a year before too, and the same months a year earlier.
    """

    latest: Flags
    now: Flags
    before: Flags


def year_of(used: Flags) -> Year:
    """Find the latest twelve recorded months, and those recorded a year before as well.

    Examples
    --------
    >>> used = np.array([[True] * 4 + [False] * 8 + [True] * 12])
    >>> year = year_of(used)
    >>> int(year.latest.sum()), np.flatnonzero(year.now[0]).tolist()
    (12, [12, 13, 14, 15])
    """
    from_end = np.cumsum(used[:, ::-1], axis=1)[:, ::-1]
    latest = used & (from_end <= YEAR)
    now = np.zeros_like(used)
    now[:, YEAR:] = latest[:, YEAR:] & used[:, :-YEAR]
    before = np.zeros_like(used)
    before[:, :-YEAR] = now[:, YEAR:]
    return Year(latest, now, before)


def levels(cells: Cells, population: pd.Series | None) -> pd.DataFrame:
    """Return one row per area and category: the year, the change, and how it lies to the force.

    Parameters
    ----------
    cells : Cells
        Counts by month.
    population : Series or None
        Residents per LPT.

    Returns
    -------
    DataFrame
    """
    y, used = cells.value.T, (cells.status == "present").T
    days = month_days(cells.month)
    year = year_of(used)
    table = cells.keys.copy()
    table["incidents"] = np.where(year.latest, y, 0).sum(axis=1)
    table["months"] = year.latest.sum(axis=1)
    spread = spreads(cells.keys, y, year)
    table = pd.concat([table, changes((y, y, y), year, days, spread)], axis=1)
    table["class_"] = classes(table, (cells.keys["level"] == "lpt").to_numpy(dtype=bool))
    return pd.concat([table, rates(table, population, spread)], axis=1)


def month_days(month: NDArray[np.datetime64]) -> Floats:
    """Return the days of each month.

    Examples
    --------
    >>> month_days(np.array(["2024-02-01", "2025-02-01"], dtype="datetime64[s]")).tolist()
    [29.0, 28.0]
    """
    first = month.astype("datetime64[M]")
    length = (first + 1).astype("datetime64[D]") - first.astype("datetime64[D]")
    days: Floats = length.astype(float)
    return days


def spreads(keys: pd.DataFrame, y: Floats, year: Year) -> Floats:
    """Return how far counts vary beyond chance, per row: one estimate a category, at least 1.

    A month against the same one a year on leaves the season out. The rows of a category share
    what they tell, for one row alone has too few months to tell it well.
    """
    from scipy.stats import norm, t

    a, b = np.where(year.now, y, 0.0), np.zeros_like(y)
    b[:, YEAR:] = np.where(year.now[:, YEAR:], y[:, :-YEAR], 0.0)
    total = a.sum(axis=1) + b.sum(axis=1)
    share = (a.sum(axis=1) / np.maximum(total, 1))[:, np.newaxis]
    expected = (a + b) * share
    variance = expected * (1 - share)
    apart = np.divide((a - expected) ** 2, variance, out=np.zeros_like(a), where=variance > 0)
    lpt = (keys["level"] == "lpt").to_numpy(dtype=bool)
    spread = np.ones(len(y))
    for rows in keys.groupby("category").indices.values():
        for same in (rows[lpt[rows]], rows[~lpt[rows]]):
            seen = variance[same] > 0
            df = int(np.maximum(seen.sum(axis=1) - 1, 0).sum())
            if df > 0:
                wider = float(t.ppf(0.975, df) / norm.ppf(0.975)) ** 2
                spread[same] = max(1.0, float(apart[same].sum()) / df * wider)
    return spread


def changes(
    counts: tuple[Floats, Floats, Floats], year: Year, days: Floats, spread: Floats
) -> pd.DataFrame:
    """Compare the latest year with the one before over the months that both recorded.

    Counts are given as their least, likely and greatest; where these differ, the interval holds
    for all between.
    """
    (now_low, now, now_high), (was_low, was, was_high) = (
        [np.where(part, count, 0).sum(axis=1) for count in counts]
        for part in (year.now, year.before)
    )
    exposure = np.divide((year.now * days).sum(axis=1), (year.before * days).sum(axis=1),
                         out=np.ones(len(now)), where=year.now.any(axis=1))  # fmt: skip
    ratio, _, _, p = rate_ratio(was, now, exposure, spread)
    _, least, _, _ = rate_ratio(was_high, now_low, exposure, spread)
    _, _, most, _ = rate_ratio(was_low, now_high, exposure, spread)
    enough = (np.minimum(now_low, was_low) >= FEW) & year.now.any(axis=1)
    compared = year.now.sum(axis=1)
    return pd.DataFrame({
        "compared": compared,
        "latest": np.where(compared > 0, now, np.nan),
        "previous": np.where(compared > 0, was, np.nan),
        "change": np.where(enough, ratio - 1, np.nan),
        "change_low": np.where(enough, least - 1, np.nan),
        "change_high": np.where(enough, most - 1, np.nan),
        "p_value": np.where(enough, p, np.nan),
    })  # fmt: skip


def classes(table: pd.DataFrame, lpt: Flags) -> pd.Series:
    """Say which rose and fell.

    The totals of the LPTs are one family of tests, their categories another, the force's both.
    """
    q = np.full(len(table), np.nan)
    p = table["p_value"].to_numpy()
    whole = (table["category"] == ALL).to_numpy(dtype=bool)
    for rows in (lpt & whole, lpt & ~whole, ~lpt & whole, ~lpt & ~whole):
        q[rows] = adjusted_p(p[rows])
    up, down = table["change_low"] > 0, table["change_high"] < 0
    sure = q <= CLEAR
    words = np.select(
        [table["compared"] == 0, np.isnan(p), sure & up, sure & down],
        ["nothing to compare", "too few to say", "rise", "fall"], "no clear change",
    )  # fmt: skip
    return pd.Series(words.astype(object), table.index, dtype="str")


def rates(table: pd.DataFrame, population: pd.Series | None, spread: Floats) -> pd.DataFrame:
    r"""Return rates per 1,000 residents and year, and how each LPT's lies to the force's.

    Notes
    -----
    A funnel on the square-root scale, where a rate :math:`r = O/n` of :math:`n` thousand
    residents has variance :math:`s^2 = \phi/(4n)`; LPTs also differ by more than chance, with
    variance :math:`\tau^2` between them by moments from z-scores pulled in to their 10th and 90th
    percentile, so that an LPT far off does not hide itself [1]_. Since ten LPTs tell little of how
    LPTs differ, the limits are Student's, with one df fewer than LPTs: one in 500 is *above* or
    *below* them by chance (up to one in 230 of fourteen in simulation).

    References
    ----------
    .. [1] Spiegelhalter D. J. (2005) Funnel plots for comparing institutional performance.
       *Statistics in Medicine* 24, 1185–1202.
    """
    blank = {"per_1000": np.nan, "per_1000_low": np.nan, "per_1000_high": np.nan,
             "force_per_1000": np.nan, "standing": ""}  # fmt: skip
    told: pd.DataFrame = pd.DataFrame(blank, index=table.index).astype({"standing": "str"})
    if population is None:
        return told
    lpt = (table["level"] == "lpt").to_numpy(dtype=bool)
    own = table["lpt"].astype(object).map(population).to_numpy(dtype=float)
    peopled = lpt & (own > 0) & (table["months"] > 0).to_numpy()
    known = peopled & table["incidents"].notna().to_numpy()
    residents = float(population[population > 0].sum()) / 1000
    n = np.where(known, own / 1000 * table["months"].to_numpy() / YEAR, np.nan)
    count = np.nan_to_num(table["incidents"].to_numpy(dtype=float))
    low, high = poisson_interval(count / spread)
    from scipy.stats import t

    told["per_1000"] = count / n
    told["per_1000_low"], told["per_1000_high"] = low * spread / n, high * spread / n
    for rows in table.groupby("category").indices.values():
        some: Any = rows[known[rows]]
        if len(some) == 0:
            continue
        rate = count[some].sum() / n[some].sum()
        if len(some) < peopled[rows].sum():  # some figure is suppressed: the force's own is not
            force: Any = rows[~lpt[rows]]
            rate = float((count[force] / table["months"].to_numpy()[force]).sum()) * YEAR
            rate /= residents
        told.loc[table.index[some], "force_per_1000"] = rate
        if len(some) >= 5:
            z = _funnel(count[some], n[some], rate, spread[some])
            far = float(t.ppf(FAR, len(some) - 1))
            words = np.select([z > far, z < -far], ["above", "below"], "within")
            told.loc[table.index[some], "standing"] = words.astype(object)
    return told


def _funnel(count: Floats, n: Floats, rate: float, spread: Floats) -> Floats:
    """Return z-scores about the common rate that allow for differences beyond chance."""
    apart = np.sqrt(count / n) - np.sqrt(rate)
    s2 = spread / (4 * n)
    z = apart / np.sqrt(s2)
    pulled = np.clip(z, *np.quantile(z, [0.1, 0.9]))
    phi, w, k = float((pulled**2).mean()), 1 / s2, len(count)
    tau2 = max(0.0, (k * phi - (k - 1)) / float(w.sum() - (w**2).sum() / w.sum()))
    found: Floats = apart / np.sqrt(s2 + tau2)
    return found
