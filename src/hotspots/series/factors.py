"""Seasonal factors per group, shrunk to those of the whole force for the same category."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..chance.regression import fit_counts, trend_columns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .panel import Panel

    Floats = NDArray[np.float64]

FEW = 5.0
"""Incidents a month under which a group has no seasonal factors of its own."""

CYCLES = 2
"""Times each calendar month must have been recorded before any factor is estimated."""


_MOST = 20.0  # log factor beyond which a month is as good as without incidents


@dataclass(frozen=True)
class MonthFactors:
    """Seasonal factors of n groups, as :func:`month_factors` gives them.

    Attributes
    ----------
    factor : ndarray, shape (n, 12)
        January to December, geometric mean 1 over the year; the ones to use.
    low, high : ndarray, shape (n, 12)
        95% interval of ``factor``; NaN where the source is none.
    own : ndarray, shape (n, 12)
        What the group's counts alone say; NaN where they are too few or too short.
    weight : ndarray, shape (n, 12)
        Weight of the group's own in ``factor``, from 0 to 1; the rest is the pool's.
    source : ndarray of object, shape (n,)
        "own and force", "force" (the pool's, as the group has under 5 a month, or is the pool),
        or "none" (all factors 1: too short, too few, or no more variation than chance gives).
    """

    factor: Floats
    low: Floats
    high: Floats
    own: Floats
    weight: Floats
    source: NDArray[np.object_]


def month_factors(panel: Panel, exposure: Floats | None = None) -> MonthFactors:
    r"""Estimate how each group's counts vary over the calendar months, leaning on its pool.

    Parameters
    ----------
    panel : Panel
        Counts of n groups; weeks and days are added up to months first. A group's pool is all
        areas of its category together.
    exposure : ndarray, shape (n, T), optional
        Days that each period counts for, the same for all groups of a pool; ``panel.days`` when
        absent.

    Returns
    -------
    MonthFactors

    Notes
    -----
    Negative binomial regression with a trend (a line, beyond four years a natural spline) and
    one level per calendar month gives log factors b with variances v, for pools and, with the
    pool's factors as offset, for groups, whose b is then a deviation from the pool's. Shrinkage
    by empirical Bayes, with τ² by the method of moments:

    .. math:: B = \frac{τ²}{τ² + v}, \quad
              τ² = \max\Bigl(0, \frac{Σ (b²/v - 1 + w)}{\frac{11}{12} Σ (1 - 2w + Σw²)/v}\Bigr)

    (w the group's share of its pool, which it draws after it; 0 for the pool itself)
    over the months of a pool towards no season at all, and over the months and groups of a pool
    towards the pool. A group has deviations of its own only with 5 incidents a month and each
    calendar month recorded twice; a pool needs the same to have any factor.

    References
    ----------
    Efron and Morris (1975), Data analysis using Stein's estimator and its generalizations,
    JASA 70(350), 311-319. DerSimonian and Laird (1986), Meta-analysis in clinical trials,
    Controlled Clinical Trials 7(3), 177-188.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=36)
    >>> panel = hs.count_series(county.incidents, by=["lpt"]).panel
    >>> month_factors(panel).factor.shape
    (11, 12)
    """
    pool, base, n = panel.pool, panel.base, len(panel.keys)
    if n == 0 or len(panel.start) == 0:
        blank = np.full((n, 12), np.nan)
        none = np.full(n, "none", dtype=object)
        return MonthFactors(np.ones((n, 12)), blank, blank, blank, np.zeros((n, 12)), none)
    both = panel.pooled()
    days = np.broadcast_to(panel.days, panel.y.shape) if exposure is None else exposure
    of_pool = days[np.unique(pool, return_index=True)[1]]
    force, force_error, _ = _deviations(panel, *both, of_pool, np.zeros((len(both[0]), 12)))
    known: NDArray[np.bool_] = np.logical_not(np.isnan(force).any(axis=1))
    spread = _spread(force, force_error, np.arange(len(force)), len(force))
    share = _share(spread[:, None], force_error)
    flat: NDArray[np.bool_] = np.logical_or(~known, spread <= 0)
    shift = np.where(flat[:, None], 0.0, _centred(np.where(known[:, None], share * force, 0.0)))
    shift_error = np.where(flat[:, None], 0.0, share * np.where(known[:, None], force_error, 0.0))

    own, error, fitted = _deviations(panel, panel.y, panel.used, days, shift[pool])
    lone = np.bincount(pool[base & fitted], minlength=len(force))[pool] < 2
    fitted &= ~lone & known[pool]
    some = base & fitted
    part = _parts(panel, base)[some]
    tau = _spread(own[some], error[some], pool[some], len(force), part)[pool][:, None]
    weight = np.where(fitted[:, None], _share(tau, error), 0.0)
    logs = _centred(shift[pool] + np.where(fitted[:, None], weight * np.nan_to_num(own), 0.0))
    # where nothing of its own is known, it still may differ from the pool by τ
    rest = np.where(fitted[:, None], weight * np.nan_to_num(error), tau)
    deviation = np.minimum(1.96 * np.sqrt(rest + (1 - weight) ** 2 * shift_error[pool]), _MOST)
    none = flat[pool] & ~(weight > 0).any(axis=1)
    deviation[none] = np.nan
    source = np.where((weight > 0).any(axis=1), "own and force", "force").astype(object)
    source[none] = "none"
    alone = np.where(fitted[:, None], np.exp(_centred(shift[pool] + np.nan_to_num(own))), np.nan)
    return MonthFactors(
        np.exp(logs), np.exp(logs - deviation), np.exp(logs + deviation), alone, weight, source
    )


def factors_at(factor: Floats, when: NDArray[np.datetime64], freq: str) -> Floats:
    """Seasonal factor of each group in each period.

    Parameters
    ----------
    factor : ndarray, shape (n, 12)
        January to December.
    when : ndarray of datetime64, shape (T,)
        First moment of each period.
    freq : {"MS", "W-MON", "D"}

    Returns
    -------
    ndarray, shape (n, T)
        Months: their own factor. Weeks and days: between the middles of months along a straight
        line in the logarithm, with geometric mean 1 over the days of a year.

    Examples
    --------
    >>> import numpy as np
    >>> year = np.exp(0.3 * np.cos(2 * np.pi * np.arange(12) / 12))[None]
    >>> days = np.arange("2025-01-01", "2026-01-01", dtype="datetime64[D]")
    >>> daily = factors_at(year / np.exp(np.log(year).mean()), days, "D")
    >>> daily.shape, str(days[daily[0].argmax()]), round(float(np.log(daily).mean()), 12)
    ((1, 365), '2025-01-16', 0.0)
    """
    when = np.asarray(when).astype("datetime64[s]")
    factor = np.asarray(factor, dtype=float)
    if freq == "MS":
        month = when.astype("datetime64[M]").astype(np.int64) % 12
        found: Floats = factor[:, month]
        return found
    half = np.timedelta64(7 * 43200 if freq == "W-MON" else 43200, "s")
    middle = np.asarray(when + half, dtype="datetime64[s]")
    logs = np.log(factor)
    year = np.arange("2025-01-01", "2026-01-01", dtype="datetime64[D]").astype("datetime64[s]")
    noon = np.asarray(year + np.timedelta64(43200, "s"), dtype="datetime64[s]")
    usual = _between(logs, noon).mean(axis=1, keepdims=True)
    between: Floats = np.exp(_between(logs, middle) - usual)
    return between


def _between(logs: Floats, middle: NDArray[np.datetime64]) -> Floats:
    """Draw a straight line between the middles of months, round the year."""
    month = middle.astype("datetime64[M]")
    first, end = month.astype("datetime64[s]"), (month + 1).astype("datetime64[s]")
    past = (middle - first) / (end - first) - 0.5  # -.5 at the start of the month, .5 at its end
    here = month.astype(np.int64) % 12
    other = (here + np.where(past < 0, -1, 1)) % 12
    drawn: Floats = logs[:, here] * (1 - np.abs(past)) + logs[:, other] * np.abs(past)
    return drawn


def add_to_months(
    panel: Panel, y: Floats, used: NDArray[np.bool_], exposure: Floats
) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Add up weeks or days to the calendar months their middles fall in.

    Parameters
    ----------
    panel : Panel
        Whose T periods these are.
    y, used, exposure : ndarray, shape (m, T)
        Counts, which of them to take, and the days each counts for.

    Returns
    -------
    month : ndarray of int, shape (M,)
        Months since January 1970, none left out.
    counts, days : ndarray, shape (m, M)
        Counts taken and their exposure; 0 days where nothing was taken.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=3)
    >>> panel = hs.count_series(county.incidents, by=(), freq="D").panel
    >>> days = panel.days[None]
    >>> add_to_months(panel, panel.y, panel.used, days)[2].tolist()
    [[31.0, 28.0, 31.0]]
    """
    number = panel.middle.astype("datetime64[M]").astype(np.int64)
    edges = np.flatnonzero(np.r_[True, np.diff(number) > 0])
    month = np.arange(number[0], number[-1] + 1)
    at = number[edges] - number[0]
    counts, days = np.zeros((len(y), len(month))), np.zeros((len(y), len(month)))
    counts[:, at] = np.add.reduceat(np.where(used, np.nan_to_num(y), 0.0), edges, axis=1)
    days[:, at] = np.add.reduceat(np.where(used, exposure, 0.0), edges, axis=1)
    return month, counts, days


def _deviations(
    panel: Panel, y: Floats, used: NDArray[np.bool_], exposure: Floats, log_factor: Floats
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Log factors of each row of ``y`` beside the given ones, their variances, and which exist."""
    month, counts, days = add_to_months(panel, y, used, exposure)
    months, calendar, some = len(month), month % 12, days > 0
    each = np.zeros((len(y), 12))
    np.add.at(each.T, calendar, some.T)
    rate = counts.sum(axis=1) / np.maximum(days.sum(axis=1), 1) * 30.4375
    fitted = (each.min(axis=1) >= CYCLES) & (rate >= FEW)
    own, error = np.full((len(y), 12), np.nan), np.full((len(y), 12), np.nan)
    if not fitted.any():
        return own, error, fitted
    some = some[fitted]
    trend = trend_columns(np.arange(months) / 12, some)
    dummy = np.broadcast_to(np.eye(12)[calendar], (len(some), months, 12))
    fit = fit_counts(
        counts[fitted], np.concatenate([dummy, trend - trend.mean(axis=1, keepdims=True)], axis=2),
        np.log(np.maximum(days[fitted], 1e-9)) + log_factor[fitted][:, calendar], some,
    )  # fmt: skip
    level, cov = fit.coef[:, :12], fit.cov[:, :12, :12]
    # about their weighted mean: a month almost without incidents must not lift the others
    scale = 1 / np.maximum(np.einsum("nmm->nm", cov), 1e-12)
    scale /= scale.sum(axis=1, keepdims=True)
    centre = np.eye(12) - scale[:, None, :]
    own[fitted] = np.clip(np.einsum("nij,nj->ni", centre, level), -_MOST, _MOST)
    error[fitted] = np.einsum("nij,njk,nik->ni", centre, cov, centre)
    return own, error, fitted


def _parts(panel: Panel, base: NDArray[np.bool_]) -> Floats:
    """Share of each group in its pool's incidents, (n,)."""
    total = np.where(base, np.nansum(np.where(panel.used, panel.y, np.nan), axis=1), 0.0)
    part: Floats = total / np.maximum(np.bincount(panel.pool, weights=total)[panel.pool], 1.0)
    return part


def _spread(
    own: Floats, error: Floats, pool: NDArray[Any], pools: int, part: Floats | None = None
) -> Floats:
    """Variance τ² between true log factors of each pool, by the method of moments.

    A group that is a part of its pool draws the pool after it: its deviation then varies less
    than its own error and τ² say, which ``part``, its share of the pool, puts right.
    """
    known = ~np.isnan(own)
    part = np.zeros(len(own)) if part is None else part
    square = np.bincount(pool, weights=part**2, minlength=pools)[pool]
    seen = np.maximum(1 - 2 * part + square, 0.0) * 11 / 12  # of τ², deviations being centred
    precision = np.where(known, 1 / np.maximum(error, 1e-12), 0.0)
    excess = np.where(known, own**2 * precision - (1 - part)[:, None], 0.0).sum(axis=1)
    above = np.bincount(pool, weights=excess, minlength=pools)
    below = np.bincount(pool, weights=seen * precision.sum(axis=1), minlength=pools)
    return np.maximum(0.0, above / np.maximum(below, 1e-12))


def _share(spread: Floats, error: Floats) -> Floats:
    """Weight τ²/(τ² + v) of what is estimated; 0 where nothing is."""
    share: Floats = np.nan_to_num(spread / np.maximum(spread + error, 1e-300))
    return share


def _centred(logs: Floats) -> Floats:
    centred: Floats = logs - logs.mean(axis=1, keepdims=True)
    return centred
