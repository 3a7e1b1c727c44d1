"""Random-effects meta-analysis: what several results say together, and how far they differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

_GRID = np.linspace(0, 1, 41) ** 3  # of the widest variance there can be, finer towards 0
_HALVINGS = 60  # of a bracket, down to the last digit


@dataclass(frozen=True)
class Pool:
    """What results say together, ``S`` times over: each array has shape (S,).

    Attributes
    ----------
    estimate, low, high, p : ndarray
        The mean of the true effects over settings like these, its interval, and the two-sided p.
    se : ndarray
        Standard error behind them.
    tau2 : ndarray
        Variance of the true effects between settings.
    k : ndarray of int
        Results pooled.
    weights : ndarray, shape (S, k)
        Share each result has in the mean.
    """

    estimate: Floats
    low: Floats
    high: Floats
    p: Floats
    se: Floats
    tau2: Floats
    k: NDArray[np.int64]
    weights: Floats


def random_effects(
    y: ArrayLike,
    v: ArrayLike,
    *,
    used: ArrayLike | None = None,
    level: float = 0.95,
    method: str = "reml",
) -> Pool:
    r"""Pool estimates with random effects between them.

    Parameters
    ----------
    y, v : array_like, shape (S, k) or (k,)
        Estimates (log ratios) and their variances; at least two used in each row.
    used : array_like of bool, shape (S, k), optional
        Which take part; all, when absent.
    level : float
        Of the intervals.
    method : {"reml", "dl", "common"}
        Restricted likelihood with the interval of Hartung, Knapp, Sidik and Jonkman; DerSimonian
        and Laird with a normal interval; or one true effect for all.

    Returns
    -------
    Pool

    Notes
    -----
    With :math:`w_i = 1 / (v_i + \tau^2)` the estimate is :math:`\mu = \sum w_i y_i / \sum w_i`. By
    restricted likelihood :math:`\tau^2` maximises

    .. math:: -\frac{1}{2} \left( \sum \log(v_i + \tau^2) + \log \sum w_i
              + \sum w_i (y_i - \mu)^2 \right),

    looked for on a grid and then by halving, so that of several peaks the highest is found. Its
    interval is :math:`\mu \pm t_{k-1} \sqrt{\max(1, q) / \sum w_i}` with
    :math:`q = \sum w_i (y_i - \mu)^2 / (k - 1)`: never narrower than were :math:`\tau^2` known.

    References
    ----------
    DerSimonian R. and Laird N. (1986) Meta-analysis in clinical trials. *Controlled Clinical
    Trials* 7, 177-188.
    Knapp G. and Hartung J. (2003) Improved tests for a random effects meta-regression with a
    single covariate. *Statistics in Medicine* 22, 2693-2710.
    Röver C., Knapp G. and Friede T. (2015) Hartung-Knapp-Sidik-Jonkman approach and its
    modification for random-effects meta-analysis with few studies. *BMC Medical Research
    Methodology* 15, 99.

    Examples
    --------
    >>> pool = random_effects([-0.3, -0.1, -0.2, 0.1], [0.01, 0.02, 0.04, 0.01])
    >>> pool.tau2.round(3), pool.estimate.round(3)
    (array([0.024]), array([-0.116]))
    """
    from scipy import stats

    y, v = np.atleast_2d(np.asarray(y, dtype=float)), np.atleast_2d(np.asarray(v, dtype=float))
    on = np.broadcast_to(True if used is None else np.asarray(used, dtype=bool), y.shape)
    y, v = np.where(on, y, 0.0), np.where(on, v, 1.0)
    k = on.sum(axis=1)
    tau2 = np.zeros(len(y))
    if method != "common":
        tau2 = (_reml if method == "reml" else _moments)(y, v, on)
    w, mean = _weigh(y, v, on, tau2)
    total = w.sum(axis=1)
    if method == "reml":
        q = (w * (y - mean[:, None]) ** 2).sum(axis=1) / (k - 1)
        se = np.sqrt(np.maximum(1, q) / total)
        quantile = stats.t.ppf((1 + level) / 2, k - 1)
        p = 2 * stats.t.sf(np.abs(mean) / se, k - 1)
    else:
        se = np.sqrt(1 / total)
        quantile = np.full(len(y), stats.norm.ppf((1 + level) / 2))
        p = 2 * stats.norm.sf(np.abs(mean) / se)
    return Pool(
        estimate=mean, low=mean - quantile * se, high=mean + quantile * se, p=p, se=se, tau2=tau2,
        k=k, weights=w / total[:, None],
    )  # fmt: skip


@dataclass(frozen=True)
class Drawn:
    """What one set of results says when the spread between settings is drawn, not fixed.

    Attributes
    ----------
    low, high : float
        Interval of the mean of the true effects.
    p : float
        Two-sided, that the mean is 0.
    expect_low, expect_high : float
        Between which the true effect in one further setting lies (prediction interval); NaN under
        three results.
    """

    low: float
    high: float
    p: float
    expect_low: float
    expect_high: float


def drawn_spread(
    y: ArrayLike, v: ArrayLike, *, level: float = 0.95, seed: int = 0, draws: int = 19_999
) -> Drawn:
    r"""Pool allowing for how little a few results tell of the spread between settings.

    Parameters
    ----------
    y, v : array_like, shape (k,)
        Estimates and their variances, two or more.
    level : float
    seed, draws : int
        Where chance begins, and how often the spread is drawn.

    Returns
    -------
    Drawn

    Notes
    -----
    The plain prediction interval takes :math:`\tau^2` as known and holds 86% to 90% where it says
    95%. Here it is drawn from its confidence distribution: the :math:`\tau^2` for which
    :math:`\sum w_i (y_i - \mu)^2 = u`, with :math:`u` drawn from :math:`\chi^2_{k-1}` (0 where
    there is none). For each draw the mean is :math:`\mu + z / \sqrt{\sum w_i}` and a further
    setting :math:`\mu + \tau z + t_{k-1} \sqrt{\max(1, q) / \sum w_i}`, with
    :math:`q` as in :func:`random_effects`.

    References
    ----------
    Nagashima K., Noma H. and Furukawa T. A. (2019) Prediction intervals for random-effects
    meta-analysis: a confidence distribution approach. *Statistical Methods in Medical Research*
    28, 1689-1702.

    Examples
    --------
    >>> found = drawn_spread([-0.3, -0.1, -0.2, 0.1], [0.01, 0.02, 0.04, 0.01])
    >>> found.expect_low < found.low < -0.1 < found.high < found.expect_high
    True
    """
    y, v = np.asarray(y, dtype=float), np.asarray(v, dtype=float)
    wide = max(float(np.ptp(y)) ** 2, float(v.max()))
    steps = np.concatenate([[0.0], np.geomspace(1e-6 * wide, 1e5 * wide, 300)])
    w = 1 / (v + steps[:, None])
    mean = (w * y).sum(axis=1) / w.sum(axis=1)
    spread = (w * (y - mean[:, None]) ** 2).sum(axis=1)  # falls as tau2 rises
    rng = np.random.default_rng(seed)
    drawn = np.interp(rng.chisquare(len(y) - 1, draws), spread[::-1], steps[::-1])
    w = 1 / (v + drawn[:, None])
    total = w.sum(axis=1)
    mean = (w * y).sum(axis=1) / total
    q = np.maximum(1, (w * (y - mean[:, None]) ** 2).sum(axis=1) / (len(y) - 1))
    ends = [(1 - level) / 2, (1 + level) / 2]
    centre = mean + rng.standard_normal(draws) / np.sqrt(total)
    error = rng.standard_t(len(y) - 1, draws) * np.sqrt(q / total)
    further = mean + np.sqrt(drawn) * rng.standard_normal(draws) + error
    low, high = np.quantile(centre, ends)
    first, last = np.quantile(further, ends) if len(y) > 2 else (np.nan, np.nan)
    beyond = min(int((centre >= 0).sum()), int((centre <= 0).sum()))
    p = min(1.0, 2 * (1 + beyond) / (1 + draws))
    return Drawn(float(low), float(high), p, float(first), float(last))


def tau2_interval(y: ArrayLike, v: ArrayLike, *, level: float = 0.95) -> tuple[float, float]:
    r"""Return the interval of the variance between settings, by the Q-profile.

    Parameters
    ----------
    y, v : array_like, shape (k,)
        Estimates and their variances, two or more.
    level : float

    Returns
    -------
    (low, high) : tuple of float

    Notes
    -----
    The ends are the :math:`\tau^2` for which :math:`\sum w_i (y_i - \mu)^2` is the upper and the
    lower quantile of :math:`\chi^2_{k-1}`; 0 where it is below it for every :math:`\tau^2`.

    References
    ----------
    Viechtbauer W. (2007) Confidence intervals for the amount of heterogeneity in meta-analysis.
    *Statistics in Medicine* 26, 37-52.

    Examples
    --------
    >>> low, high = tau2_interval([-0.3, -0.1, -0.2, 0.1], [0.01, 0.02, 0.04, 0.01])
    >>> round(low, 3), round(high, 3)
    (0.0, 0.394)
    """
    from scipy import stats

    y, v = np.asarray(y, dtype=float)[None], np.asarray(v, dtype=float)[None]
    on = np.ones(y.shape, dtype=bool)

    def spread(tau2: float) -> float:
        w, mean = _weigh(y, v, on, np.array([tau2]))
        return float((w * (y - mean[:, None]) ** 2).sum())

    ends = []
    for share in ((1 + level) / 2, (1 - level) / 2):
        wanted = float(stats.chi2.ppf(share, y.shape[1] - 1))
        low, high = 0.0, max(float(np.ptp(y)) ** 2, float(v.max()))
        while spread(high) > wanted:
            high *= 2
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if spread(middle) > wanted else (low, middle)
        ends.append(0.0 if spread(0.0) <= wanted else (low + high) / 2)
    return ends[0], ends[1]


def inconsistency(v: ArrayLike, tau2: float) -> float:
    r"""Return :math:`I^2`, the share of the spread of estimates that is not chance.

    Parameters
    ----------
    v : array_like, shape (k,)
        Variances of the estimates.
    tau2 : float
        Variance of the true effects.

    Returns
    -------
    float
        0 to 1: :math:`\tau^2 / (\tau^2 + s^2)`, with :math:`s^2` their typical variance. It says
        nothing of how far the true effects differ; ``tau2`` does.

    References
    ----------
    Higgins J. P. T. and Thompson S. G. (2002) Quantifying heterogeneity in a meta-analysis.
    *Statistics in Medicine* 21, 1539-1558.

    Examples
    --------
    >>> round(inconsistency([0.01, 0.01, 0.01], 0.01), 2)
    0.5
    """
    w = 1 / np.asarray(v, dtype=float)
    typical = (len(w) - 1) * w.sum() / (w.sum() ** 2 - (w**2).sum())
    return float(tau2 / (tau2 + typical))


def funnel_p(y: ArrayLike, v: ArrayLike, *, tau2: float | None = None) -> float:
    r"""Test whether small studies find other effects than large ones.

    Parameters
    ----------
    y, v : array_like, shape (k,)
        Estimates and their variances, three or more.
    tau2 : float, optional
        Variance between settings, by restricted likelihood when absent; 0 is Egger's own test,
        which calls up to 10% of whole funnels lopsided where settings differ.

    Returns
    -------
    float
        Two-sided p; NaN where all variances are the same.

    Notes
    -----
    A regression of the estimates on their standard errors with weights
    :math:`1 / (v + \tau^2)`; the slope over its error has :math:`t_{k-2}`.

    References
    ----------
    Egger M., Davey Smith G., Schneider M. and Minder C. (1997) Bias in meta-analysis detected by a
    simple, graphical test. *BMJ* 315, 629-634.
    Thompson S. G. and Sharp S. J. (1999) Explaining heterogeneity in meta-analysis: a comparison
    of methods. *Statistics in Medicine* 18, 2693-2708.

    Examples
    --------
    >>> round(funnel_p([-0.9, -0.6, -0.3, -0.2], [0.2, 0.1, 0.02, 0.01], tau2=0), 3)
    0.003
    """
    from scipy import stats

    y, v = np.asarray(y, dtype=float), np.asarray(v, dtype=float)
    x = np.sqrt(v)
    if np.ptp(x) < 1e-9 * x.max():
        return float("nan")
    between = float(random_effects(y, v).tau2[0]) if tau2 is None else tau2
    w = 1 / (v + between)
    away, up = x - np.average(x, weights=w), y - np.average(y, weights=w)
    spread = (w * away**2).sum()
    slope = (w * away * up).sum() / spread
    left = (w * (up - slope * away) ** 2).sum() / (len(y) - 2)
    return float(2 * stats.t.sf(abs(slope) / np.sqrt(left / spread), len(y) - 2))


def _weigh(y: Floats, v: Floats, on: NDArray[np.bool_], tau2: Floats) -> tuple[Floats, Floats]:
    w = np.where(on, 1 / (v + tau2[:, None]), 0.0)
    mean: Floats = (w * y).sum(axis=1) / w.sum(axis=1)
    return w, mean


def _moments(y: Floats, v: Floats, on: NDArray[np.bool_]) -> Floats:
    """Return DerSimonian and Laird's variance."""
    w, mean = _weigh(y, v, on, np.zeros(len(y)))
    q = (w * (y - mean[:, None]) ** 2).sum(axis=1)
    total = w.sum(axis=1)
    found = (q - (on.sum(axis=1) - 1)) / (total - (w**2).sum(axis=1) / total)
    return np.asarray(np.maximum(found, 0.0))


def _reml(y: Floats, v: Floats, on: NDArray[np.bool_]) -> Floats:
    """Return the variance at the highest point of the restricted likelihood."""

    def likelihood(tau2: Floats) -> Floats:
        w, mean = _weigh(y, v, on, tau2)
        logs = np.where(on, np.log(v + tau2[:, None]), 0.0).sum(axis=1)
        q = (w * (y - mean[:, None]) ** 2).sum(axis=1)
        return np.asarray(-0.5 * (logs + np.log(w.sum(axis=1)) + q))

    def slope(tau2: Floats) -> Floats:
        w, mean = _weigh(y, v, on, tau2)
        total = w.sum(axis=1)
        q = (w**2 * (y - mean[:, None]) ** 2).sum(axis=1)
        return np.asarray(q - total + (w**2).sum(axis=1) / total)

    far = np.where(on, y, -np.inf).max(axis=1) - np.where(on, y, np.inf).min(axis=1)
    steps = far[:, None] ** 2 * _GRID
    best = np.argmax(np.column_stack([likelihood(step) for step in steps.T]), axis=1)
    row = np.arange(len(y))
    low, high = steps[row, np.maximum(best - 1, 0)], steps[row, np.minimum(best + 1, 40)]
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        rising = slope(middle) > 0
        low, high = np.where(rising, middle, low), np.where(rising, high, middle)
    flat = (best == 0) & (slope(np.zeros(len(y))) <= 0)
    return np.asarray(np.where(flat, 0.0, (low + high) / 2))
