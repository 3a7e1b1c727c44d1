"""The claim of a season: a wave or two a year beside trend and known steps, for all groups at once.

Nothing here looks at a decomposition. Counts follow a negative binomial regression; the choice
between one wave and two is paid for in the p-value; what neighbouring periods have in common
widens every interval.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..chance.regression import MOST, fit_counts, orthonormal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_GRID = 360  # places of the year where the curve is looked at
_RHO = np.array([0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])


@dataclass(frozen=True)
class Waves:
    """What the test found, one row per group (n)."""

    waves: NDArray[np.int64]  # 1 or 2
    p_value: Floats
    peak: Floats  # share of the year, 0 to 1
    peak_low: Floats  # where its interval begins and, going round the year, ends
    peak_high: Floats
    second: Floats  # another peak that may be the higher one; NaN where there is none
    ratio: Floats  # peak to trough
    ratio_low: Floats
    ratio_high: Floats
    dispersion: Floats  # variance over mean, at the mean and raised for autocorrelation
    curve: Floats  # (n, 12): factor at the middle of each month
    known: tuple[Floats, Floats, Floats]  # log effect of each known column and its ends


def columns(turn: Floats, waves: int = 2) -> Floats:
    """Cosine and sine of one wave a year, then of two, at shares of the year."""
    angle = 2 * np.pi * np.outer(turn, np.arange(1, waves + 1))
    both = np.stack([np.cos(angle), np.sin(angle)], axis=2)
    return both.reshape(len(turn), 2 * waves)


def find_waves(
    y: Floats, base: Floats, turn: Floats, offset: Floats, used: NDArray[np.bool_],
    level: float = 0.95, known: int = 0,
) -> Waves:  # fmt: skip
    """Test for a season beside the columns of ``base``, with intervals for peak and ratio.

    Shapes: ``y``, ``offset`` and ``used`` (n, T), ``base`` (n, T, p) with its ones, ``turn`` (T,).
    The effects of the last ``known`` columns of ``base`` are told too.
    """
    from scipy.special import stdtrit

    n, steps = y.shape
    wave = np.broadcast_to(columns(turn), (n, steps, 4))
    one, two = (np.concatenate([base, wave[..., :k]], axis=2) for k in (2, 4))
    full = fit_counts(y, two, offset, used)
    less = fit_counts(y, one, offset, used, dispersion=full.dispersion)
    none = fit_counts(y, base, offset, used, dispersion=full.dispersion)
    raised = _raised(y, full.mean, full.dispersion, base, wave, used)
    # log-likelihood ratios of the first wave and of the second, each over what raises it
    first = np.maximum(0.0, 2 * (less.loglik - none.loglik)) / raised[:, 0]
    second = np.maximum(0.0, 2 * (full.loglik - less.loglik)) / raised[:, 1]
    df = np.maximum(full.df, 1)
    price = _aicc_price(used.sum(axis=1), df)
    both = second > price
    p_value = _chosen_p(first, second, both, price, df)
    p_value = np.where(full.dispersion < 0.9 * MOST, p_value, 1.0)  # wilder than the model can be

    # both curves by their Akaike weights: the peak must not hang on the choice between them
    share = 1 / (1 + np.exp(np.clip((price - second) / 2, -50, 50)))
    one_wave = np.pad(less.coef[:, -2:], ((0, 0), (0, 2)))
    coef = (1 - share)[:, None] * one_wave + share[:, None] * full.coef[:, -4:]
    apart = full.coef[:, -4:] - one_wave
    both_cov = np.pad(less.cov[:, -2:, -2:], ((0, 0), (0, 2), (0, 2)))
    cov = (1 - share)[:, None, None] * both_cov + share[:, None, None] * full.cov[:, -4:, -4:]
    scale = np.sqrt(np.repeat(raised, 2, axis=1))
    cov = cov * scale[:, :, None] * scale[:, None, :]
    cov += (share * (1 - share))[:, None, None] * apart[:, :, None] * apart[:, None, :]
    sure = stdtrit(df, (1 + level) / 2)
    p = base.shape[2]
    effect = full.coef[:, p - known : p]
    error = np.sqrt(np.maximum(np.einsum("npp->np", full.cov)[:, p - known : p], 0))
    error = error * (sure * np.sqrt(raised[:, 0]))[:, None]
    there = np.abs(np.where(used[..., None], base[..., p - known :], 0)).max(axis=1) > 0
    effect, error = np.where(there, effect, np.nan), np.where(there, error, np.nan)
    mean = np.where(used, full.mean, 0).sum(axis=1) / np.maximum(used.sum(axis=1), 1)
    months = (np.arange(12) + 0.5) / 12
    return Waves(
        np.where(both, 2, 1), p_value,
        *_peak(coef, cov, sure, p_value > 1 - level), *_ratio(coef, cov, sure, level),
        (1 + full.dispersion * mean) * raised[:, 0],
        np.exp(np.clip(coef @ columns(months).T, -30, 30)),
        (effect, effect - error, effect + error),
    )  # fmt: skip


def _aicc_price(count: NDArray[np.int64], df: NDArray[np.int64]) -> Floats:
    """How much AICc asks of the log-likelihood ratio before it takes a second wave."""
    large = count - df + 1  # the columns and the dispersion

    def penalty(p: NDArray[np.int64]) -> Floats:
        return np.asarray(2 * p + 2 * p * (p + 1) / np.maximum(count - p - 1, 1), dtype=float)

    price: Floats = penalty(large) - penalty(large - 2)
    return price


def _chosen_p(
    first: Floats, second: Floats, both: NDArray[np.bool_], price: Floats, df: NDArray[np.int64]
) -> Floats:
    """P-value of the test that AICc chose, with the choice itself taken into account.

    Without a season the ratios of the two waves are, over a common χ² of ``df``, independent
    exponentials of mean 2. A test at size a that takes the second wave when its ratio passes the
    price, and then asks F with 4 instead of 2 degrees of freedom, rejects more often than a. How
    often follows in closed form from E exp(-Ws/2) = (1 + s/df)^(-df/2).
    """

    def decay(s: Floats, more: float = 0.0) -> Floats:
        return np.asarray(np.exp(-(df / 2 + more) * np.log1p(s / df)))

    def four(s: Floats) -> Floats:  # upper tail of F with 4 degrees of freedom at s / 4
        return decay(s) + s / 2 * decay(s, 1.0)

    total = first + second
    nominal = np.maximum(np.where(both, four(total), decay(first)), 1e-250)
    at_one = np.asarray(df * np.expm1(-2 / df * np.log(nominal)), dtype=float)
    low, high = at_one, 4 * at_one + 100
    for _ in range(60):
        middle = (low + high) / 2
        above = four(middle) > nominal
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    at_two = np.where(both, total, (low + high) / 2)
    by_two = np.where(
        at_two > price, decay(at_two) + (at_two - price) / 2 * decay(at_two, 1.0), decay(price)
    )
    return np.clip(decay(at_one) - decay(at_one + price) + by_two, 0.0, 1.0)


def _raised(
    y: Floats, mean: Floats, alpha: Floats, base: Floats, wave: Floats, used: NDArray[np.bool_]
) -> Floats:
    """How much autocorrelation like the residuals' raises the variance of each wave, (n, 2).

    For a first-order autocorrelation ρ of the standardised counts, the residuals' correlation of
    neighbours and the variance of each wave follow from the columns fitted; ρ is chosen so that
    the first is what was seen. Negative correlation is taken as none.
    """
    weight = np.sqrt(np.where(used, mean / (1 + alpha[:, None] * mean), 0.0))
    flat, _ = orthonormal(base * weight[..., None], used)
    rest = wave * weight[..., None]
    rest = rest - flat @ (flat.transpose(0, 2, 1) @ rest)
    rest = rest - flat @ (flat.transpose(0, 2, 1) @ rest)
    q = np.concatenate([flat, np.linalg.qr(rest)[0]], axis=2)
    residual = np.where(used, (y - mean) / np.sqrt(mean + alpha[:, None] * mean**2), 0.0)
    square = np.maximum((residual**2).sum(axis=1), 1e-12)
    seen = (residual[:, 1:] * residual[:, :-1]).sum(axis=1) / square

    count, pairs = used.sum(axis=1), (used[:, 1:] & used[:, :-1]).sum(axis=1)
    ahead = np.zeros_like(q)
    ahead[:, :-1] = q[:, 1:]
    beside = ahead * used[..., None]
    beside[:, 1:] += q[:, :-1] * used[:, 1:, None]
    beside /= 2
    inner = q.transpose(0, 2, 1) @ beside
    expected, gain = np.zeros((len(_RHO), len(y))), np.ones((len(_RHO), len(y), 2))
    for k, rho in enumerate(_RHO):
        near = _correlated(q, rho)
        sandwich = q.transpose(0, 2, 1) @ near
        own = np.einsum("npp->np", sandwich)
        left = np.maximum(count - own.sum(axis=1), 1e-9)
        cross = np.einsum("ntp,ntp->n", beside, near)
        total = rho * pairs - 2 * cross + np.einsum("npq,nqp->n", inner, sandwich)
        expected[k] = total / left
        df = np.maximum(count - (np.einsum("ntp,ntp->np", q, q)).sum(axis=1), 1)
        for wave_number in (0, 1):
            at = own[:, own.shape[1] - 4 + 2 * wave_number :][:, :2]
            gain[k, :, wave_number] = at.mean(axis=1) / (left / df)
    return _at(seen, expected, np.maximum(gain, 1.0))


def _correlated(q: Floats, rho: float) -> Floats:
    """Multiply by the matrix of rho to the power of the distance, along the periods."""
    if rho == 0:
        return q
    from scipy.signal import lfilter

    ahead = lfilter([1.0], [1.0, -rho], q, axis=1)
    behind = lfilter([1.0], [1.0, -rho], q[:, ::-1], axis=1)[:, ::-1]
    both: Floats = ahead + behind - q
    return both


def _at(seen: Floats, expected: Floats, gain: Floats) -> Floats:
    """Read the gain where the expected correlation is the one seen, group by group."""
    expected = np.maximum.accumulate(expected, axis=0)
    upper = np.clip((expected < seen).sum(axis=0), 1, len(expected) - 1)
    group = np.arange(len(seen))
    low, high = expected[upper - 1, group], expected[upper, group]
    share = np.clip((seen - low) / np.maximum(high - low, 1e-9), 0, 1)[:, None]
    found: Floats = gain[upper - 1, group] * (1 - share) + gain[upper, group] * share
    return found


def _peak(
    coef: Floats, cov: Floats, sure: Floats, unsure: NDArray[np.bool_]
) -> tuple[Floats, Floats, Floats, Floats]:
    """Peak of each curve, its interval, and a second peak that may be as high.

    The interval holds the places round the peak where the slope may be 0 (for one wave, Fieller's
    interval of the angle); all year where the season is not beyond chance. The second peak is
    the highest other one not clearly lower.
    """
    places = np.arange(_GRID) / _GRID
    value, slope = columns(places), _slopes(places)
    height = coef @ value.T
    top = height.argmax(axis=1)
    group = np.arange(len(coef))
    steep = np.abs(coef @ slope.T)
    error = np.sqrt(np.maximum(np.einsum("gi,nij,gj->ng", slope, cov, slope), 0))
    level = steep <= sure[:, None] * error
    level[group, top] = True
    round_ = np.arange(_GRID // 2 + 1)
    after = np.logical_and.accumulate(level[group[:, None], (top[:, None] + round_) % _GRID], 1)
    before = np.logical_and.accumulate(level[group[:, None], (top[:, None] - round_) % _GRID], 1)
    low = top - (before.sum(axis=1) - 1)
    high = top + (after.sum(axis=1) - 1)
    whole = (high - low >= _GRID - 2) | unsure
    low, high = np.where(whole, top - _GRID / 2, low), np.where(whole, top + _GRID / 2, high)

    gap = value[top][:, None, :] - value[None]
    behind = np.sqrt(np.maximum(np.einsum("ngi,nij,ngj->ng", gap, cov, gap), 0))
    rival = (height > np.roll(height, 1, 1)) & (height > np.roll(height, -1, 1))
    rival &= height[group, top][:, None] - height <= sure[:, None] * behind
    place = np.arange(_GRID)[None]
    rival &= ~(((place - low[:, None]) % _GRID) <= (high - low)[:, None])
    other = np.where(rival, height, -np.inf).argmax(axis=1)
    second = np.where(rival.any(axis=1), other / _GRID, np.nan)
    low, high = low - 0.5, high + 0.5  # the ends lie between two places
    return _refined(coef, top / _GRID), low / _GRID, high / _GRID, second


def _slopes(places: Floats) -> Floats:
    """Differentiate the columns by the share of the year."""
    angle = 2 * np.pi * np.outer(places, [1, 2])
    rate = 2 * np.pi * np.array([1, 2])
    both = np.stack([-np.sin(angle) * rate, np.cos(angle) * rate], axis=2)
    return both.reshape(len(places), 4)


def _refined(coef: Floats, place: Floats) -> Floats:
    """Move a top or trough of the grid to where the slope is 0, by Newton's method."""
    rate = np.repeat(2 * np.pi * np.array([1, 2]), 2) ** 2
    found = place.copy()
    for _ in range(6):
        slope = np.einsum("ni,ni->n", coef, _slopes(found))
        bend = -np.einsum("ni,ni,i->n", coef, columns(found), rate)
        move = np.where(np.abs(bend) > 1e-9, slope / np.where(bend == 0, 1, bend), 0.0)
        found = found - np.clip(move, -1 / _GRID, 1 / _GRID)
    return np.mod(found, 1.0)


def _ratio(coef: Floats, cov: Floats, sure: Floats, level: float) -> tuple[Floats, Floats, Floats]:
    """Peak-to-trough ratio of each curve, with its interval.

    Noise alone lifts the highest place of a curve over its lowest, so the lower end asks which
    true wave would so rarely show one as high: the length of a normal pair, a noncentral χ².
    """
    from scipy.special import ndtri

    places = np.arange(_GRID) / _GRID
    height = coef @ columns(places).T
    top = columns(_refined(coef, places[height.argmax(axis=1)]))
    low = columns(_refined(coef, places[height.argmin(axis=1)]))
    gap = top - low
    log = np.einsum("ni,ni->n", coef, gap)
    spread = np.sqrt(np.maximum(np.einsum("ni,nij,nj->n", gap, cov, gap), 1e-300))
    tail = (1 + level) / 2
    wide = spread * sure / ndtri(tail)  # Student's t in place of the normal
    least = np.minimum(wide * _least_length(log / wide, tail), np.maximum(log - sure * spread, 0))
    top = np.minimum([log, least, log + sure * spread], 30)
    return np.exp(top[0]), np.exp(top[1]), np.exp(top[2])


def _least_length(seen: Floats, tail: float) -> Floats:
    """Length of the mean of a normal pair at which one as long as seen has chance 1 - tail."""
    from scipy.special import chndtr

    low, high = np.zeros_like(seen), np.minimum(seen, 30.0)
    for _ in range(40):
        middle = (low + high) / 2
        above = chndtr(np.minimum(seen, 30.0) ** 2, 2, middle**2) > tail
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.where(seen < 30, low, np.inf)
