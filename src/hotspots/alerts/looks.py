"""One look: every group's count in a period against the law its own past gives it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..chance.predictive import Predictive, predictive
from ..series import Panel
from ..series.factors import CYCLES, add_to_months, factors_at, month_factors
from .dispersion import dispersion, pools

Floats = NDArray[np.float64]

LEAST = 8
"""Recorded periods of a baseline under which nothing is said."""

GROWTH = 0.15
"""Standard deviation of growth a year before a group's counts are seen, as a share."""

EXTREME = 4.0
"""Standard deviations from what was expected beyond which a period of a baseline counts less."""


@dataclass(frozen=True)
class Look:
    """What the past of n groups says of their counts in one period.

    Attributes
    ----------
    at : int
        The period, as a column of the panel.
    law : Predictive
        Law of each group's count; NaN where the baseline is too short.
    total : ndarray, shape (n,)
        Incidents in the baseline, far-out periods counting less.
    recorded : ndarray of int, shape (n,)
        Recorded periods in the baseline.
    spread : ndarray, shape (n,)
        Variance over mean assumed.
    seasonal : ndarray of bool, shape (n,)
        Whether a season could be learned from the past.
    growing : ndarray of bool, shape (n,)
        Whether growth could be: each calendar month is recorded twice, so that a season is not
        taken for it.
    lowered : ndarray of int, shape (n,)
        Periods of the baseline that count less.
    """

    at: int
    law: Predictive
    total: Floats
    recorded: NDArray[np.int64]
    spread: Floats
    seasonal: NDArray[np.bool_]
    growing: NDArray[np.bool_]
    lowered: NDArray[np.int64]


def look(panel: Panel, at: int, baseline: int) -> Look:
    r"""Learn each group's law for one period from the periods before it, and from those alone.

    Parameters
    ----------
    panel : Panel
    at : int
        Column of the period looked at.
    baseline : int
        Periods before it that tell the level; for days, the same weekday of so many weeks.
        The season is learned from everything before the period.

    Returns
    -------
    Look

    Notes
    -----
    Growth :math:`g` a year has a normal law about 0 with standard deviation .15 before the counts
    are seen. With :math:`u` the years of each period from the (expected) middle of the baseline,

    .. math:: \hat g = \frac{\sum w u (y - m)}{\sum w u^2 m}, \quad
        v = \frac{\phi}{\sum w u^2 m}, \quad B = \frac{.15^2}{.15^2 + v},

    and :math:`B \hat g u` is added to the logarithm of what is expected, with variance
    :math:`.15^2 (1 - B) u^2`. Where it cannot be told from a season, :math:`B` is 0.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=12)
    >>> panel = hs.count_series(county.incidents, by=["lpt"]).panel
    >>> look(panel, 11, 11).law.mean.shape
    (11,)
    """
    step = 7 if panel.freq == "D" else 1
    back = np.arange(at - step, -1, -step)[:baseline][::-1]
    past = panel.until(at)
    n = len(panel.keys)
    seasons = month_factors(past)
    when = np.append(back, at)
    exposure = panel.days[when] * factors_at(seasons.factor, panel.start[when], panel.freq)
    ahead, exposure = exposure[:, -1], exposure[:, :-1]
    used = past.used[:, back]
    y = np.where(used, past.y[:, back], 0.0)
    group = _pools(panel)
    weight = _weights(y, exposure, used)
    total, amount, mean = _level(y, exposure, weight)
    phi, df = dispersion(y, mean, weight, group)
    recorded = used.sum(axis=1)
    enough = recorded >= LEAST
    month = int(panel.month[at])
    with np.errstate(invalid="ignore"):
        error = np.nan_to_num(np.log(seasons.high[:, month] / seasons.low[:, month]) / 3.92)
    growing = _growing(past)
    years = (panel.start[when] - panel.start[at]).astype(float) / (365.25 * 86400)
    shift, unsure = _growth(y, mean, weight, years[:-1], np.where(growing, phi, np.inf))
    law = predictive(
        np.where(enough, total, np.nan), np.where(enough, amount, 1.0), ahead * np.exp(shift),
        phi, np.maximum(df, 1.0), np.hypot(error, unsure),
    )  # fmt: skip
    return Look(
        at, law, total, recorded.astype(np.int64), phi,
        np.asarray(seasons.source != "none", dtype=bool).reshape(n), growing,
        (used & (weight < 1)).sum(axis=1).astype(np.int64),
    )  # fmt: skip


def _pools(panel: Panel) -> NDArray[np.int64]:
    level = np.zeros(len(panel.keys), dtype=np.int64)
    if "level" in panel.keys.columns:
        level = pd.factorize(panel.keys["level"])[0].astype(np.int64)
    lone = not [c for c in panel.keys.columns if c not in ("level", "category")]
    return pools(level, np.zeros_like(level) if lone else panel.pool)


def _level(y: Floats, exposure: Floats, weight: Floats) -> tuple[Floats, Floats, Floats]:
    """Weighted total, exposure and mean; a mean is never 0."""
    total, amount = (weight * y).sum(axis=1), (weight * exposure).sum(axis=1)
    rate = np.maximum(total, 0.5) / np.maximum(amount, 1e-12)
    return total, amount, rate[:, None] * exposure


def _growing(past: Panel) -> NDArray[np.bool_]:
    """Tell which groups have each calendar month recorded often enough to know growth from it."""
    if len(past.start) == 0:
        return np.zeros(len(past.keys), dtype=bool)
    days = np.broadcast_to(past.days, past.y.shape)
    month, _, days = add_to_months(past, past.y, past.used, days)
    each = np.stack([(days[:, month % 12 == m] > 0).sum(axis=1) for m in range(12)])
    often: NDArray[np.bool_] = each.min(axis=0) >= CYCLES
    return often


def _growth(
    y: Floats, mean: Floats, weight: Floats, years: Floats, phi: Floats
) -> tuple[Floats, Floats]:
    """Log of what growth makes of the level, and its standard error; ``years`` are under 0."""
    fitted = weight * mean
    total = np.maximum(fitted.sum(axis=1), 1e-12)
    middle = (fitted @ years / total)[:, None]
    apart = years - middle
    known = np.maximum((fitted * apart**2).sum(axis=1), 1e-12)
    slope = (weight * (y - mean) * apart).sum(axis=1) / known
    share = GROWTH**2 / (GROWTH**2 + phi / known)
    ahead = -middle[:, 0]
    return share * slope * ahead, GROWTH * np.sqrt(1 - share) * ahead


def _weights(y: Floats, exposure: Floats, used: NDArray[np.bool_]) -> Floats:
    """Weigh down periods far from their own group's usual, in units of the usual spread.

    The spread is told by the middle four fifths of the periods, which an outbreak cannot widen.
    """
    weight = used.astype(float)
    if y.shape[1] < LEAST:
        return weight
    for _ in range(2):
        mean = _level(y, exposure, weight)[2]
        apart = 1.5 * (y ** (2 / 3) - mean ** (2 / 3)) / mean ** (1 / 6)  # nearly normal
        middle = np.where(used, apart, np.nan)
        with np.errstate(invalid="ignore"):
            low, high = _tenths(middle)
        width = np.maximum((high - low) / 2.563, 1.0)
        far = np.abs(apart) / width[:, None]
        weight = np.where(used, np.minimum(1.0, (EXTREME / np.maximum(far, 1e-9)) ** 4), 0.0)
    return weight


def _tenths(values: Floats) -> tuple[Floats, Floats]:
    """Lower and upper tenth of each row, NaN left out."""
    ordered = np.sort(values, axis=1)  # NaN last
    last = np.maximum((~np.isnan(values)).sum(axis=1) - 1, 0)
    rows = np.arange(len(values))

    def at(share: float) -> Floats:
        place = share * last
        below = np.floor(place).astype(int)
        above = np.minimum(below + 1, last)
        part = place - below
        told: Floats = ordered[rows, below] * (1 - part) + ordered[rows, above] * part
        return told

    return np.nan_to_num(at(0.1)), np.nan_to_num(at(0.9))
