"""Whether a pattern changed: two counts, a few incidents over bins, shares over areas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..chance.corrections import CORRECTIONS, adjusted_p
from ..chance.exact import e_test as e_test
from ..contracts import InputError, Result
from ._difference_inputs import check_seed
from ._pattern_inputs import check_bins, check_sides
from ._pattern_words import bins_text, sppt_text

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

STATISTICS = ("G", "chi2", "kuiper")
"""Ways to measure how uneven counts over bins are; Kuiper's is for bins that go round."""

METHODS = ("exact", "bootstrap", "andresen")
"""Ways to compare the shares of areas."""

ALPHA = 0.05

_MOST = 300_000  # ways to spread incidents over bins that are gone through one by one
_TIES = 1e-9


@dataclass(frozen=True, repr=False)
class BinTest(Result):
    """A test of few incidents over bins, as :func:`small_sample_test` gives it.

    Attributes
    ----------
    bins : DataFrame
        A row per bin: ``bin``, ``count``, ``expected``, ``ratio`` (count over expected) and ``p``
        (exact, two-sided, of that bin alone, adjusted for looking at all by Holm).
    power : DataFrame
        A row per pattern that might have been there: ``pattern`` in words and ``power``, how
        often it would have been found with so many incidents.
    statistic : str
        Which one.
    value : float
        Of the statistic.
    p : float
        Chance of counts so uneven or more, were the shares as expected.
    size : float
        How often the test calls a pattern where there is none; under 5%, for counts are whole.
    exact : bool
        Whether every way to spread the incidents was gone through, or chance drawn.
    said : str
        The paragraph that ``text`` returns.
    """

    bins: pd.DataFrame
    power: pd.DataFrame
    statistic: str
    value: float
    p: float
    size: float
    exact: bool
    said: str

    @property
    def text(self) -> str:
        """Whether the bins differ by more than chance, and what so few could have shown."""
        return self.said


def small_sample_test(
    counts: Mapping[str, int] | Sequence[int],
    shares: Sequence[float] | None = None,
    *,
    alternative: Sequence[float] | None = None,
    statistic: str = "G",
    draws: int = 99_999,
    seed: int = 0,
) -> BinTest:
    r"""Test whether a few incidents spread over bins, as days of the week, by chance alone.

    Parameters
    ----------
    counts : mapping of str to int, Series, or sequence of int
        Incidents in each bin, 2 to 60 bins, at least one incident.
    shares : sequence of float, optional
        What share of the incidents each bin is expected to have, above 0; even, when absent. Give
        hours on the clock their share of time or of all crime.
    alternative : sequence of float, optional
        A pattern that might be there, as shares, whose power is wanted.
    statistic : {"G", "chi2", "kuiper"}
        How uneven counts are measured: ``"kuiper"`` for bins that go round, as hours and days,
        where neighbours rise together.
    draws : int
        Draws where the ways to spread them are too many to go through, 999 or more.
    seed : int

    Returns
    -------
    BinTest

    Raises
    ------
    InputError
        Naming every fault at once.

    Notes
    -----
    The chance of counts :math:`x` is multinomial, :math:`n! \prod p_i^{x_i} / x_i!`. Where there
    are at most 300,000 ways to spread :math:`n` incidents over :math:`k` bins, all are gone
    through (to 20 incidents over 7 days), else drawn. No large-sample law is used, so it holds
    with three incidents: all on one day have chance :math:`7 / 343 = .0204`.

    :math:`G = 2 \sum x_i \ln (x_i / n p_i)`, :math:`\chi^2 = \sum (x_i - n p_i)^2 / n p_i`, and
    Kuiper's :math:`V` is the largest excess of the cumulated share over that expected plus the
    largest lack. Incidents must be apart from one another: three on one night are one.

    References
    ----------
    Wheeler A. P. (2016) Testing serial crime events for randomness in day of week patterns with
    small samples. *Journal of Investigative Psychology and Offender Profiling* 13, 148–165.

    Examples
    --------
    >>> found = small_sample_test({"Mon": 0, "Tue": 0, "Wed": 0, "Thu": 0, "Fri": 3, "Sat": 0,
    ...                            "Sun": 0})
    >>> round(found.p, 4), found.exact
    (0.0204, True)
    """
    names, x, p0, p1, faults = check_bins(counts, shares, alternative)
    if statistic not in STATISTICS:
        faults.append(f"statistic is {statistic!r}; it takes {', '.join(map(repr, STATISTICS))}.")
    if not isinstance(draws, int | np.integer) or isinstance(draws, bool) or draws < 999:
        faults.append(f"draws is {draws!r}; it must be a whole number, 999 or more.")
    check_seed(seed, faults)
    if faults:
        raise InputError("small_sample_test", faults)
    n, k = int(x.sum()), len(x)
    patterns = _patterns(p0, p1)
    exact = comb(n + k - 1, k - 1) <= _MOST
    if exact:
        found = _through_all(x, p0, statistic, [q for _, q in patterns])
    else:
        found = _drawn(x, p0, statistic, [q for _, q in patterns], int(draws), seed)
    p, size, power = found
    expected = n * p0
    bins = pd.DataFrame({
        "bin": pd.Series(names, dtype="str"), "count": x, "expected": expected,
        "ratio": x / expected, "p": adjusted_p(_binomial(x, n, p0), "holm"),
    })  # fmt: skip
    grouped = pd.DataFrame({"pattern": [w for w, _ in patterns], "power": power})
    each = grouped.groupby("pattern", sort=False)["power"].mean()
    grouped = each.reset_index().astype({"pattern": "str"})
    value = float(_uneven(x[None].astype(float), p0, statistic)[0])
    said = bins_text(bins, grouped, p, size, exact)
    return BinTest(bins, grouped, statistic, value, p, size, exact, said)


def _patterns(p0: Floats, p1: Floats | None) -> list[tuple[str, Floats]]:
    """List patterns that might be there: those of one bin for each bin in turn."""
    found = []
    for words, share in (("half of all in one bin", np.full(len(p0), 0.5)),
                         ("twice its share in one bin", np.minimum(2 * p0, 0.95))):  # fmt: skip
        for i in np.flatnonzero(share > p0 * (1 + _TIES)):
            other = p0 * (1 - share[i]) / (1 - p0[i])
            other[i] = share[i]
            found.append((words, other))
    return found + ([("as given", p1)] if p1 is not None else [])


def _uneven(x: Floats, p: Floats, statistic: str) -> Floats:
    """How uneven counts are, a row each."""
    from scipy.special import xlogy

    n = x.sum(axis=1, keepdims=True)
    if statistic == "kuiper":
        gap = np.cumsum(x / n - p, axis=1)
        return np.asarray(np.maximum(gap.max(axis=1), 0) - np.minimum(gap.min(axis=1), 0))
    if statistic == "chi2":
        return np.asarray(((x - n * p) ** 2 / (n * p)).sum(axis=1))
    return np.asarray(2 * xlogy(x, x / (n * p)).sum(axis=1))


def _through_all(
    x: Ints, p0: Floats, statistic: str, patterns: Sequence[Floats]
) -> tuple[float, float, list[float]]:
    """P, size and power from every way to spread the incidents over the bins."""
    from scipy.special import gammaln

    n, k = int(x.sum()), len(x)
    bars = np.array([*combinations(range(n + k - 1), k - 1)], dtype=np.int64)
    ways = np.diff(bars, prepend=-1, append=n + k - 1, axis=1) - 1.0
    log = gammaln(n + 1) - gammaln(ways + 1).sum(axis=1)
    chance = np.exp(log + ways @ np.log(p0))
    value = _uneven(ways, p0, statistic)
    order = np.argsort(-value, kind="stable")
    tail = np.cumsum(chance[order])
    # ways as uneven as one another share a tail: that of the last of them
    last = np.append(np.flatnonzero(np.diff(value[order]) < -_TIES), len(order) - 1)
    within = tail[last] <= ALPHA
    region = order[: last[within][-1] + 1] if within.any() else order[:0]
    seen = float(_uneven(x[None].astype(float), p0, statistic)[0])
    p = float(chance[value >= seen - _TIES].sum())
    power = [float(np.exp(log[region] + ways[region] @ np.log(q)).sum()) for q in patterns]
    return min(p, 1.0), float(chance[region].sum()), power


def _drawn(
    x: Ints, p0: Floats, statistic: str, patterns: Sequence[Floats], draws: int, seed: int
) -> tuple[float, float, list[float]]:
    """P, size and power from draws."""
    rng = np.random.default_rng(seed)
    n = int(x.sum())
    value = np.sort(_uneven(rng.multinomial(n, p0, draws).astype(float), p0, statistic))
    seen = float(_uneven(x[None].astype(float), p0, statistic)[0])
    p = (1 + int((value >= seen - _TIES).sum())) / (draws + 1)
    limit = value[int(np.ceil((1 - ALPHA) * draws))]  # at most alpha of the draws are above it
    size = float((value > limit + _TIES).mean())
    few = max(draws // 10, 999)
    power = [
        float((_uneven(rng.multinomial(n, q, few).astype(float), p0, statistic)
               > limit + _TIES).mean()) for q in patterns
    ]  # fmt: skip
    return p, size, power


def _binomial(x: Ints, n: int, p: Floats) -> Floats:
    """Exact two-sided p of each bin alone: twice the smaller tail."""
    from scipy.special import bdtr, bdtrc

    upper = np.where(x > 0, bdtrc(np.maximum(x - 1, 0), n, p), 1.0)
    return np.asarray(np.minimum(2 * np.minimum(bdtr(x, n, p), upper), 1.0))


# --- shares over areas -----------------------------------------------------------------------


@dataclass(frozen=True, repr=False)
class Sppt(Result):
    """Which areas hold another share of all incidents than before, as :func:`sppt` gives it.

    Attributes
    ----------
    areas : DataFrame
        A row per area, by its id: ``before`` and ``after`` (incidents), ``share_before`` and
        ``share_after`` (of all counted), ``difference`` of the shares, ``ratio``, ``low`` and
        ``high`` (middle 95% of the draws: of the difference under ``"bootstrap"``, of
        ``share_after`` under ``"andresen"``, else NaN), ``p`` and ``p_adjusted`` (under
        ``"exact"``, else NaN), ``change`` (rose, fell, as before) and
        ``could_show`` (whether so few incidents could have shown any change at all).
    s_index : float
        Share of all areas whose share is as before, 0 to 1.
    s_robust : float
        The same among areas with an incident before or after.
    method : str
    said : str
        The paragraph that ``text`` returns.
    """

    areas: pd.DataFrame
    s_index: float
    s_robust: float
    method: str
    said: str

    @property
    def text(self) -> str:
        """In which areas the share rose and fell, and what the index cannot tell."""
        return self.said


def sppt(
    before: gpd.GeoDataFrame | pd.Series,
    after: gpd.GeoDataFrame | pd.Series,
    areas: gpd.GeoDataFrame | None = None,
    *,
    method: str = "exact",
    correction: str | None = "fdr_bh",
    draws: int = 999,
    seed: int = 0,
    include_police: bool = False,
) -> Sppt:
    r"""Compare the pattern of two sets of incidents over areas: each area's share of all.

    Parameters
    ----------
    before, after : GeoDataFrame or Series
        Incidents (``contracts.INCIDENTS``); or, without ``areas``, counts by the same areas.
    areas : GeoDataFrame, optional
        Polygons with an index of their own, in the CRS of the incidents.
    method : {"exact", "bootstrap", "andresen"}
        ``"exact"``: Fisher's exact test for each area. ``"bootstrap"``: both sides drawn anew.
        ``"andresen"``: the test as first published, for comparison with published figures.
    correction : {"fdr_bh", "fdr_by", "holm", "bonferroni"} or None
        For looking at so many areas; under ``"exact"`` only.
    draws : int
        Of the two that draw, 199 or more.
    seed : int
    include_police : bool
        Whether incidents found by police activity count; they show where patrols went.

    Returns
    -------
    Sppt

    Raises
    ------
    InputError
        Naming every fault at once.

    Notes
    -----
    *Exact*: of :math:`a_i` incidents before (of :math:`A`) and :math:`b_i` after (of :math:`B`),
    given both totals and :math:`a_i + b_i`, the number before is hypergeometric where the share is
    the same; p is twice the smaller tail, at most 1.

    *Bootstrap*: incidents of both sides are drawn with replacement, as many as there are, and an
    area changed where the middle 95% of the differences of its shares leaves out 0.

    *Andresen* [1]_: 85% of the incidents after are drawn without replacement, and an area is as
    before where its share before lies within the middle 95% of its shares in the draws. (Some
    accounts draw with replacement; this is what the R package of the test does by default.) Such
    draws vary less than half as much as the share itself, and the incidents before count as known
    without chance: where nothing changed it calls about half of well-filled areas changed. Read it
    against figures made in the same way, and never as a test.

    Neither of these two corrects for the number of areas.

    :math:`S` is the share of areas that are as before. It speaks of *shares*, so that it is blind
    to a fall everywhere alike; an area that rises makes others fall. Areas with few incidents are
    nearly always as before, for nothing else could be shown: ``could_show`` tells where. Incidents
    are taken to be independent; where one brings others, chance is wider than said.

    References
    ----------
    .. [1] Andresen M. A. (2009) Testing for similarity in area-based spatial patterns: a
       nonparametric Monte Carlo approach. *Applied Geography* 29, 333–345.
    .. [2] Wheeler A. P., Steenbeek W. and Andresen M. A. (2018) Testing for similarity in
       area-based spatial patterns: alternative methods to Andresen's spatial point pattern test.
       *Transactions in GIS* 22, 760–774.

    Examples
    --------
    >>> before = pd.Series({"A": 40, "B": 60, "C": 100})
    >>> found = sppt(before, pd.Series({"A": 90, "B": 55, "C": 95}))
    >>> found.areas["change"].tolist(), round(found.s_index, 2)
    (['rose', 'as before', 'as before'], 0.67)
    """
    faults = []
    if method not in METHODS:
        faults.append(f"method is {method!r}; it takes {', '.join(map(repr, METHODS))}.")
    if correction is not None and correction not in CORRECTIONS:
        faults.append(f"correction is {correction!r}; it takes "
                      f"{', '.join(map(repr, CORRECTIONS))} or None.")  # fmt: skip
    if not isinstance(draws, int | np.integer) or isinstance(draws, bool) or draws < 199:
        faults.append(f"draws is {draws!r}; it must be a whole number, 199 or more.")
    check_seed(seed, faults)
    if not isinstance(include_police, bool | np.bool_):
        faults.append(f"include_police is {include_police!r}; it takes True or False.")
    index, a, b, notes = check_sides(before, after, areas, include_police, faults)
    total_a, total_b = int(a.sum()), int(b.sum())
    none = np.full(len(a), np.nan)
    share_a, share_b = a / total_a, b / total_b
    table = pd.DataFrame({
        "before": a, "after": b, "share_before": share_a, "share_after": share_b,
        "difference": share_b - share_a,
        "ratio": np.divide(share_b, share_a, out=none.copy(), where=share_a > 0),
        "low": none, "high": none, "p": none, "p_adjusted": none,
    }, index=index.rename(index.name or "area"))  # fmt: skip
    least = _fisher(np.zeros_like(a), a + b, total_a, total_b)
    most = _fisher(a + b, np.zeros_like(a), total_a, total_b)
    able = np.minimum(least, most) <= ALPHA
    if method == "exact":
        table["p"] = _fisher(a, b, total_a, total_b)
        table["p_adjusted"] = adjusted_p(table["p"], correction)
        changed = table["p_adjusted"].to_numpy() <= ALPHA
    else:
        drawn = _resampled(a, b, method, int(draws), seed)
        low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
        table["low"], table["high"] = low, high
        same = share_a if method == "andresen" else np.zeros(len(a))
        changed = (same < low - _TIES) | (same > high + _TIES)
    words = np.where(changed, np.where(share_b > share_a, "rose", "fell"), "as before")
    table["change"] = pd.Series(words, index=table.index, dtype="str")
    table["could_show"] = able
    some = (a + b) > 0
    said = sppt_text(table, method, correction, notes)
    return Sppt(table, float(1 - changed.mean()), float(1 - changed[some].mean()), method, said)


def _resampled(a: Ints, b: Ints, method: str, draws: int, seed: int) -> Floats:
    """Draw shares after, or differences of shares, shape (draws, areas)."""
    rng = np.random.default_rng(seed)
    if method == "andresen":
        part = max(round(0.85 * int(b.sum())), 1)
        drawn = rng.multivariate_hypergeometric(b, part, draws, method="marginals")
        return np.asarray(drawn / part)
    sides = [rng.multinomial(x.sum(), x / x.sum(), draws) / x.sum() for x in (a, b)]
    return np.asarray(sides[1] - sides[0])


def _fisher(a: Ints, b: Ints, total_a: int, total_b: int) -> Floats:
    """Fisher's exact two-sided p for each area: twice the smaller tail."""
    from scipy.stats import hypergeom

    law = hypergeom(total_a + total_b, a + b, total_a)
    p = 2 * np.minimum(law.cdf(a), law.sf(a - 1))
    return np.asarray(np.where(a + b > 0, np.minimum(p, 1.0), 1.0), dtype=float)
