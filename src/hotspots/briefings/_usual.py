"""Counts in the briefing's hours against the same hours of the weeks before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..chance.predictive import Predictive, predictive
from ..contracts import InputError
from ._window import WEEKS, Window

Floats = NDArray[np.float64]

LEVEL = 0.95
"""Share of usual days that fall inside the usual range."""

LEAST = 8
"""Comparable days under which there is too little history to say."""

HALF = 0.5
"""Share of the usual rows under which a feed may be incomplete."""

RARE = 0.001
"""Chance of so few rows under which a shortfall is not put down to a quiet day."""

ALIKE = 8
"""Groups of a kind from which each may lean on the others for its dispersion."""

KNOWN = 1e5
"""Weight of a dispersion on which all groups agree."""

TWO_YEARS = 700
"""Days of records under which no season can be told."""

FORCE, ALL, NOWHERE = "Force", "all", "no LPT"
"""Names of the level above the LPTs, of all categories together, and of no LPT."""


@dataclass(frozen=True)
class Counted:
    """Counts per group and week: the hours of the briefing first, then the weeks before."""

    keys: pd.DataFrame  # level, lpt, category
    weeks: NDArray[np.int64]  # (n, 1 + WEEKS)
    late: NDArray[np.int64]  # (n,), of those in the briefing's hours
    comparable: NDArray[np.bool_]  # (1 + WEEKS,), the first False


def rows_of(table: pd.DataFrame) -> Iterator[Any]:
    """Yield the rows of a table, each with its columns as attributes and its ``Index``."""
    if len(table):  # making the class of a row takes longer than the rows
        yield from table.itertuples()


def labels(incidents: pd.DataFrame) -> NDArray[np.object_]:
    """Return the LPT of each incident, as text."""
    if "lpt" not in incidents.columns:
        return np.full(len(incidents), NOWHERE, dtype=object)
    named = incidents["lpt"].astype(object)
    text: NDArray[np.object_] = named.where(named.notna(), NOWHERE).astype(str).to_numpy(object)
    return text


def count(
    incidents: pd.DataFrame, moments: NDArray[np.datetime64], late: NDArray[np.bool_],
    window: Window, teams: list[str],
) -> Counted:  # fmt: skip
    """Count the incidents of every LPT and category in the hours, this week and before.

    ``teams`` are the LPTs to count, whether they had an incident or not.
    """
    week = window.weeks_before(moments)
    inside = week >= 0
    lpt = pd.Categorical(labels(incidents)[inside], categories=[*teams, NOWHERE])
    kind = pd.Categorical(incidents["category"].astype(str).to_numpy(object)[inside])
    kinds = list(kind.categories)
    shape = (len(lpt.categories), len(kinds), 1 + WEEKS)
    flat = np.ravel_multi_index((lpt.codes, kind.codes, week[inside]), shape)
    cube = np.bincount(flat, minlength=int(np.prod(shape))).reshape(shape)
    slow = late[inside] & (week[inside] == 0)
    tardy = np.bincount(flat[slow] // (1 + WEEKS), minlength=shape[0] * shape[1]).reshape(shape[:2])
    rows, weeks, lates = [], [], []

    def add(level: str, team: str, category: str, part: Any) -> None:
        rows.append((level, team, category))
        weeks.append(cube[part].reshape(-1, 1 + WEEKS).sum(axis=0))
        lates.append(int(tardy[part].sum()))

    def add_all(level: str, team: str, which: Any) -> None:
        add(level, team, ALL, np.s_[which, :])
        # every pair: to keep those that occurred would keep a rare one just because it did now
        for k, category in enumerate(kinds if len(kinds) > 1 else []):  # one type alone is all
            add(level, team, category, np.s_[which, k])

    add_all("force", FORCE, slice(None))
    for n, team in enumerate(lpt.categories if teams else []):  # no LPT anywhere is the force
        if team != NOWHERE or cube[n].any():
            add_all("lpt", team, n)
    keys = pd.DataFrame(rows, columns=["level", "lpt", "category"], dtype="str")
    counts = np.array(weeks, dtype=np.int64)
    first = moments[~np.isnat(moments)].min() if (~np.isnat(moments)).any() else None
    return Counted(keys, counts, np.array(lates), _comparable(counts[0], window, first))


def _comparable(
    total: NDArray[np.int64], window: Window, first: np.datetime64 | None
) -> NDArray[np.bool_]:
    """Tell the weeks whose hours were recorded whole: missing is not zero."""
    from scipy.special import pdtr

    inside = np.ones(1 + WEEKS, dtype=bool)
    inside[0] = False
    some = np.sort(total[inside & (total > 0)])
    if first is None or not len(some):
        return np.zeros(1 + WEEKS, dtype=bool)
    # the week that the median incident lies in: gaps and stragglers cannot move it
    usual = float(some[np.searchsorted(np.cumsum(some), some.sum() / 2)])
    # records may begin as long after the hours do as chance keeps them waiting, once in a hundred
    wait = np.timedelta64(int(3600 * window.hours * min(1.0, np.log(100) / usual)), "s")
    start = window.start.to_datetime64().astype("datetime64[s]")
    begins = start - np.arange(1 + WEEKS) * np.timedelta64(7, "D")
    short = (total < HALF * usual) & (pdtr(total, usual) < RARE)  # Poisson, so few or fewer
    whole: NDArray[np.bool_] = inside & (begins >= first - wait) & ~short
    return whole


def law_of(counted: Counted, factor: Floats) -> Predictive:
    """Predict the count of each group from the comparable weeks, its season and its spread.

    Parameters
    ----------
    counted : Counted
        Counts of n groups in W weeks.
    factor : ndarray of float, shape (n, W)
        Seasonal factor of each group in each week; the first column is that of the briefing.
    """
    y, f = counted.weeks[:, counted.comparable].astype(float), factor[:, counted.comparable]
    total, exposure = y.sum(axis=1), f.sum(axis=1)
    mean = total[:, None] * f / exposure[:, None]
    kind = counted.keys["level"] + np.where(counted.keys["category"] == ALL, " all", " by type")
    phi, df = _spread(y, mean, pd.factorize(kind)[0])
    return predictive(total, exposure, factor[:, 0], phi, df)


def _spread(y: Floats, mean: Floats, kind: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Dispersion of each group, leaning on the other groups of its kind, and its df.

    Pearson's estimate from a year of one rare type says next to nothing: its variance is
    (2 + 1/m)/df at a mean of m. So it is drawn towards 1 + a + k m, where a (several records of
    one event) and k (days that differ) are common to the groups of a kind, by empirical Bayes;
    where the groups differ no more than chance makes them, wholly.
    """
    from scipy.optimize import nnls

    weeks = y.shape[1]
    free = weeks - 1
    each = mean.mean(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        own = np.nansum((y - mean) ** 2 / mean, axis=1) / free
        precision = free / (2 + 1 / each)  # 0 where nothing was counted
    phi, df = own.copy(), np.full(len(y), float(free))
    for one in np.unique(kind):
        of = kind == one
        if of.sum() < ALIKE:
            continue
        weight = precision[of]
        root = np.sqrt(weight)
        columns = np.column_stack([np.ones(int(of.sum())), each[of]])
        common, _ = nnls(columns * root[:, None], (own[of] - 1) * root)
        pool = 1 + columns @ common
        apart = (weight * (own[of] - pool) ** 2).sum() - of.sum()
        lean = max(weight.sum(), 1e-12) / apart if apart > 0 else KNOWN
        phi[of] = (weight * own[of] + lean * pool) / (weight + lean)
        df[of] = 2 * (weight + lean)
    return phi, df


def seasons(incidents: pd.DataFrame, keys: pd.DataFrame, window: Window) -> tuple[Floats, bool]:
    """Seasonal factor of each group in each week, and whether any season could be told."""
    factor = np.ones((len(keys), 1 + WEEKS))
    if window.end - incidents["occurred_from"].min() < pd.Timedelta(days=TWO_YEARS):
        return factor, False
    from ..series import count_series
    from ..series.factors import factors_at, month_factors

    begins = window.end.to_datetime64().astype("datetime64[s]") - np.arange(
        1 + WEEKS
    ) * np.timedelta64(7, "D")
    known = False
    for by in ((), ("category",), ("lpt",), ("lpt", "category")):
        chosen = (
            ((keys["level"] == "lpt") == ("lpt" in by))
            & ((keys["category"] != ALL) == ("category" in by))
        ).to_numpy()
        if ("lpt" in by and "lpt" not in incidents.columns) or not chosen.any():
            continue
        try:
            panel = count_series(incidents, by, "MS", what="briefing").panel
        except InputError:  # no month wholly recorded
            return factor, False
        found = month_factors(panel)
        at = factors_at(found.factor, begins, "D")
        place = panel.keys.assign(row=np.arange(len(panel.keys)))
        row = (
            keys.loc[chosen, list(by)].merge(place, how="left", on=list(by))["row"].to_numpy(float)
            if by else np.zeros(int(chosen.sum()))
        )  # fmt: skip
        seen = ~np.isnan(row)
        factor[np.flatnonzero(chosen)[seen]] = at[row[seen].astype(int)]
        known |= bool((np.asarray(found.source) != "none").any())
    return factor, known


def judged(counted: Counted, law: Predictive | None, why: str) -> pd.DataFrame:
    """Lay out the counts with their usual range and where they stand.

    ``why`` is why nothing is compared ("feed incomplete", "too little history"), or empty.
    """
    table = counted.keys.assign(incidents=counted.weeks[:, 0], recorded_late=counted.late)
    days = int(counted.comparable.sum())
    table["comparable_days"] = days
    blank = np.full(len(table), np.nan)
    if law is None:
        expected, low, high, chance, tail_chance = blank, blank, blank, blank, blank
        standing = np.full(len(table), why, dtype=object)
    else:
        tail = (1 - LEVEL) / 2
        # one alone is never above: of many rare types some occur on any day
        expected, low, high = law.mean, law.ppf(tail), np.maximum(law.ppf(1 - tail), 1)
        chance = law.cdf(low - 1) + law.sf(high + 1)
        y = table["incidents"].to_numpy()
        tail_chance = np.minimum(law.sf(y), law.cdf(y))
        standing = np.select([y < low, y > high], ["below", "above"], "within").astype(object)
    table = table.assign(expected=expected, low=low, high=high, chance_outside=chance,
                         chance_of_as_much=tail_chance)  # fmt: skip
    table["standing"] = pd.Series(standing, index=table.index, dtype="str")
    table["words"] = pd.Series(
        [_words(row) for row in rows_of(table)], index=table.index, dtype="str"
    )
    return table


def _words(row: Any) -> str:
    standing = row.standing
    if standing == "too little history":
        days = row.comparable_days
        return f"too little history to say: {days} comparable {'day' if days == 1 else 'days'}"
    if standing == "feed incomplete":
        return "not compared: feed incomplete"
    return f"{standing} the usual range {usual_range(row)}"


def usual_range(row: Any) -> str:
    """Say the range of one comparison, as ``14 to 31``."""
    return f"{row.low:,.0f} to {row.high:,.0f}"
