"""What the force's own records say of its sites: levels, season, and how counts vary over time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ..chance.regression import fit_counts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

YEAR = 365.25
_YEARS = 2.0  # of records from which seasons are told from trend
_GRID = 32  # memories tried
_PARTS = 20  # variations that stand for what is not known of it


@dataclass(frozen=True)
class Records:
    """Counts of the sites as recorded.

    Attributes
    ----------
    y : ndarray, shape (n, T)
        NaN where not recorded.
    start : ndarray of datetime64[D], shape (T,)
    days : ndarray, shape (T,)
    """

    y: Floats
    start: NDArray[np.datetime64]
    days: Floats

    @property
    def used(self) -> NDArray[np.bool_]:
        """Periods recorded at every site, shape (T,)."""
        return np.asarray(np.isfinite(self.y).all(axis=0))

    @property
    def middle(self) -> NDArray[np.datetime64]:
        """Middle of each period."""
        half: NDArray[np.datetime64] = self.start + (self.days // 2).astype("timedelta64[D]")
        return half


@dataclass(frozen=True)
class Baseline:
    """What sites expect without patrols, and how far counts stray from it.

    Attributes
    ----------
    shape, rate : ndarray, shape (n,)
        Gamma distribution of each site's incidents a day at the end of the records, mean shape /
        rate.
    season : ndarray, shape (12,)
        Factor of each calendar month.
    week : ndarray, shape (7,)
        Factor of each day of the week from Monday; all 1 where periods are longer than a day.
    trend : float
        Change of the log rate in a year.
    end : datetime64[D]
        End of the records, from which on the level is held.
    shared : float
        Variance (relative to the mean) of what moves all sites in one period.
    fast : float
        Variance of what moves one site in one period, without memory.
    slow, memory : float
        Variance of what moves one site for longer, and the days after which 37% of it is left.
    period : float
        Days of the periods these were learnt from.
    again : ndarray, shape (b, 3), optional
        ``fast, slow, memory`` as they may be just as well, for what is not known of them.
        Simulated trials take each in turn.
    """

    shape: Floats
    rate: Floats
    season: Floats
    week: Floats
    trend: float
    end: np.datetime64
    shared: float
    fast: float
    slow: float
    memory: float
    period: float
    again: Floats | None = None

    @property
    def variations(self) -> Floats:
        """Every ``fast, slow, memory`` that simulated trials take in turn, shape (b, 3)."""
        if self.again is None:
            return np.array([[self.fast, self.slow, self.memory]])
        return self.again

    def widened(self, factor: float, df: float = np.inf) -> Baseline:
        """Return the same with variances so many times as large, known from ``df`` differences."""
        from scipy.special import chdtri

        fast, slow = self.fast * factor, self.slow * factor
        again = None
        if np.isfinite(df):
            times = df / chdtri(df, (np.arange(_PARTS) + 0.5) / _PARTS)
            each = np.array([[fast, slow, 0.0]]) * (times / times.mean())[:, None]
            again = each + np.array([0.0, 0.0, self.memory])
        return replace(self, fast=fast, slow=slow, again=again)

    def course(self, start: NDArray[np.datetime64], days: Floats) -> Floats:
        """Season, weekday and trend of each period, 1 at the end of the records; shape (T,)."""
        middle = start + (days // 2).astype("timedelta64[D]")
        month = middle.astype("datetime64[M]").astype(np.int64) % 12
        factor = self.season[month]
        if days.max() <= 1:
            factor = factor * self.week[(start.astype(np.int64) + 3) % 7]
        years = np.minimum((middle - self.end).astype(float), 0.0) / YEAR
        course: Floats = factor * np.exp(self.trend * years)
        return course


def learn(records: Records) -> Baseline:
    r"""Learn levels, course and variation from the counts of the sites.

    Parameters
    ----------
    records : Records

    Returns
    -------
    Baseline

    Notes
    -----
    Course: negative binomial regression of the sum of all sites on a line and calendar months
    (from two years on; a shorter record has no season of its own). Levels: gamma prior by moments.
    Variation: half the mean squared
    difference of two counts of a site, each over what it expects, less what Poisson counts give,

    .. math:: D(h) = \frac{Σ w \left[ \frac{1}{2} (r_t - r_{t+h})² - \frac{1}{2} (v_t +
              v_{t+h}) \right]}{Σ w} = fast + slow (1 - e^{-h / memory})

    by non-negative least squares, where r is a site's count over its share of all sites' in the
    period, and v what a binomial count gives of it. Unlike residuals it is not shortened by the
    fitting of a level.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> months = np.arange("2021-01", "2025-01", dtype="M8[M]").astype("M8[D]")
    >>> y = rng.poisson(8 * rng.gamma(20, 1 / 20, (40, 48)))
    >>> base = learn(Records(y, months, np.full(48, 30.4)))
    >>> round(base.fast + base.slow, 2), round(float((base.shape / base.rate).mean() * 30.4), 1)
    (0.05, 8.0)
    """
    used = records.used
    y, start, days = records.y[:, used], records.start[used], records.days[used]
    end = start[-1] + days[-1:].astype("timedelta64[D]")[0]
    season, week, trend, noise = _course(y, start, days, end)
    base = Baseline(
        np.ones(len(y)), np.ones(len(y)), season, week, trend, end, 0.0, 0.0, 0.0, YEAR,
        float(np.median(days)),
    )  # fmt: skip
    expected = days * base.course(start, days)
    level = y.sum(axis=1) / expected.sum()
    share = level / max(level.sum(), 1e-12)
    # days tell too little of what lasts: weeks do
    learnt = _by_day(y[None], start, days) if days.max() <= 1 else _variation(y[None], start, days)
    fast, slow, memory = (float(v) for v in learnt[0])
    own = (fast + slow) * float((share**2).sum())
    shape, rate = _levels(y.sum(axis=1), float(expected.sum()))
    return Baseline(
        shape, rate, season, week, trend, end, max(noise - own, 0.0), fast, slow, memory,
        float(np.median(days)),
    )  # fmt: skip


def _course(
    y: Floats, start: NDArray[np.datetime64], days: Floats, end: np.datetime64
) -> tuple[Floats, Floats, float, float]:
    """Season, weekdays, yearly trend, and the dispersion of the sum of all sites about them."""
    middle = start + (days // 2).astype("timedelta64[D]")
    years = (middle - end).astype(float) / YEAR
    season, week = np.ones(12), np.ones(7)
    long = days.sum() >= _YEARS * YEAR - 5
    month = middle.astype("datetime64[M]").astype(np.int64) % 12
    if days.max() <= 1:  # even out the week first: days of one month hold all of them
        of_week = (start.astype(np.int64) + 3) % 7
        mean = np.array([y[:, of_week == d].mean() for d in range(7)])
        week = mean / max(mean.mean(), 1e-12)
        week[week == 0] = 1e-6
        offset = np.log(days) + np.log(week[of_week])
    else:
        offset = np.log(days)
    months = (month[:, None] == np.arange(12)).astype(float)
    x = np.column_stack([years, months]) if long else np.column_stack([np.ones(len(days))])
    if not long and days.sum() >= 1.5 * YEAR:
        x = np.column_stack([years, x])
    fit = fit_counts(y.sum(axis=0)[None], x, offset)
    coef = fit.coef[0]
    trend = float(coef[0]) if x.shape[1] > 1 else 0.0
    if long:
        logs = np.clip(coef[1:], coef[1:].max() - 5, None)
        season = np.exp(logs - logs.mean())
    return season, week, trend, float(fit.dispersion[0])


def _levels(total: Floats, exposure: float) -> tuple[Floats, Floats]:
    """Gamma distribution of each site's rate a day, drawn towards that of all sites."""
    rate = total / exposure
    mean = float(rate.mean())
    between = float(rate.var(ddof=1)) - mean / exposure if len(rate) > 1 else 0.0
    if mean <= 0:
        return np.full(len(rate), 0.5), np.full(len(rate), exposure)
    beta = mean / max(between, 1e-3 * mean**2)
    return mean * beta + total, np.full(len(rate), beta + exposure)


def _variation(y: Floats, start: NDArray[np.datetime64], days: Floats) -> Floats:
    """Learn variance without memory, with memory, and the memory in days, shape (b, 3).

    ``y`` has shape (b, n, T): the sites, and the sites drawn again.
    """
    period = float(np.median(days))
    lags, found, pairs = variogram(y, start, days)
    best = np.tile([np.inf, 0.0, 0.0, YEAR], (len(y), 1))
    if not len(lags):
        return best[:, 1:]
    from scipy.optimize import nnls

    weight = np.sqrt(pairs / (1 + np.arange(len(lags))))  # far lags repeat one another
    longest = 20 * float(days.sum())  # as good as a walk that never turns back
    for memory in np.geomspace(period / 2, longest, _GRID):
        x = np.column_stack([np.ones(len(lags)), 1 - np.exp(-lags / memory)]) * weight[:, None]
        for b, one in enumerate(found * weight):
            (fast, slow), left = nnls(x, one)
            if left < best[b, 0] - 1e-12:
                best[b] = left, fast, slow, memory
    return best[:, 1:]


def _by_day(y: Floats, start: NDArray[np.datetime64], days: Floats) -> Floats:
    """Learn what lasts from weeks, and what does not from days of one week, shape (b, 3)."""
    week = (start - start[0]).astype(np.int64) // 7
    whole = np.flatnonzero(np.bincount(week) == 7)
    sums = np.stack([y[:, :, week == w].sum(axis=2) for w in whole], axis=2)
    learnt = _variation(sums, start[0] + whole * 7, np.full(len(whole), 7.0))
    lags, found, pairs = variogram(y, start, days)
    near = lags < 7
    if not near.any():
        learnt[:, 0] = 0.0
        return learnt
    lasting = learnt[:, 1:2] * (1 - np.exp(-lags[near] / learnt[:, 2:]))
    excess = np.average(found[:, near] - lasting, axis=1, weights=pairs[near])
    learnt[:, 0] = np.maximum(excess, 0.0)
    return learnt


def variogram(
    y: Floats, start: NDArray[np.datetime64], days: Floats
) -> tuple[Floats, Floats, Floats]:
    """Squared differences of counts of a site by the days between, less what Poisson gives.

    Parameters
    ----------
    y : ndarray, shape (n, T) or (S, n, T)
    start : ndarray of datetime64[D], shape (T,)
    days : ndarray, shape (T,)

    Returns
    -------
    (lags, found, pairs) : tuple of ndarray, shape (L,), (..., L), (L,)

    Examples
    --------
    >>> import numpy as np
    >>> days = np.arange("2025-01-01", "2025-01-05", dtype="M8[D]")
    >>> lags, found, pairs = variogram(np.full((3, 4), 9.0), days, np.ones(4))
    >>> lags.tolist(), pairs.tolist()
    ([1.0, 2.0], [3.0, 2.0])
    """
    period = float(np.median(days))
    step = np.rint((start - start[0]).astype(float) / period).astype(np.int64)
    last = int(step[-1] * 2 // 3)
    wanted = np.unique(np.rint(np.geomspace(1, max(last, 1), 16)).astype(np.int64))
    total = y.sum(axis=-1)
    share = total / np.maximum(total.sum(axis=-1, keepdims=True), 1e-12)
    all_ = y.sum(axis=-2, keepdims=True)
    mean = share[..., None] * all_  # what moves all sites is none of a site's own
    known = all_ > 0
    mean = np.where(known & (mean > 0), mean, 1.0)
    ratio = np.where(known, y / mean, 1.0)
    chance = np.where(known, 1 / mean - 1 / np.maximum(all_, 1.0), 0.0)
    usual = share * all_.mean(axis=(-2, -1))[..., None]
    weight = (usual / (1 + 0.1 * usual)) ** 2
    # the sum it is held against moves with the site itself
    kept = 1 - 2 * share + (share**2).sum(axis=-1, keepdims=True)
    kept = (weight * kept).sum(axis=-1) / np.maximum(weight.sum(axis=-1), 1e-12)
    lags, found, pairs = [], [], []
    at = {int(s): k for k, s in enumerate(step)}
    for lag in wanted:
        left = np.array([k for k, s in enumerate(step) if int(s) + lag in at], dtype=np.intp)
        if not len(left):
            continue
        right = np.array([at[int(step[k] + lag)] for k in left], dtype=np.intp)
        excess = (ratio[..., left] - ratio[..., right]) ** 2
        excess = (excess - chance[..., left] - chance[..., right]).mean(axis=-1) / 2
        held = (weight * excess).sum(axis=-1) / np.maximum(weight.sum(axis=-1), 1e-12)
        lags.append(float(lag * period))
        found.append(held / np.maximum(kept, 1e-3))
        pairs.append(float(len(left)))
    return np.array(lags), np.stack(found, axis=-1) if found else np.array([]), np.array(pairs)
