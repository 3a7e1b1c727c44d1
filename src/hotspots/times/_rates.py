"""Rates by hour of the week and their bands, group by group, from weeks drawn anew."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._blocks import FEW_WEEKS, Blocks
from ._smooth import kernel, smoothed

Floats = NDArray[np.float64]


def rates(
    blocks: Blocks, smooth: float | str | None, bootstraps: int, seed: int
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return incidents, rate, and the low and high end of its band, each (groups, 168)."""
    few = len(blocks.week) < FEW_WEEKS
    draws = np.empty((0, len(blocks.week))) if few else blocks.resample(bootstraps, seed)
    exposed = blocks.exposed.sum(axis=0)
    plain = smooth == "harmonic"
    # smoothing is linear: smooth the weeks once, not every draw of them
    lens = np.eye(168) if plain else kernel(smooth if isinstance(smooth, float) else None)
    again = draws @ (blocks.exposed @ lens)
    total, rate, low, high = (np.full((blocks.groups, 168), np.nan) for _ in range(4))
    for n, weeks in blocks.each(len(draws), "drawing weeks"):
        total[n] = weeks.sum(axis=0)
        rate[n] = smoothed(total[n], exposed, smooth)
        if few:
            continue
        drawn = draws @ (weeks @ lens)
        if plain:
            drawn = smoothed(drawn, again, smooth)
        else:
            drawn = np.divide(drawn, again, out=np.full(drawn.shape, np.nan), where=again > 0)
        low[n], high[n] = _band(rate[n], drawn, exposed, smooth, blocks.widening())
    return total, rate, low, high


def _band(
    rate: Floats, drawn: Floats, exposed: Floats, smooth: float | str | None, widening: float
) -> tuple[Floats, Floats]:
    """95% band of rates (168,) from their draws (draws, 168)."""
    from scipy.special import gammaincinv

    if smooth == "harmonic":
        spread = 1.959964 * widening * np.log(drawn).std(axis=0)
        return rate * np.exp(-spread), rate * np.exp(spread)
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = (widening * np.nanstd(drawn, axis=0)) ** 2
        weight = kernel(smooth if isinstance(smooth, float) else None)
        half = weight.max() / (exposed @ weight) / 2  # what half an incident more would add
        low = gammaincinv(rate**2 / variance, 0.025) * variance / rate
        shape = (rate + half) ** 2 / (variance + half**2)
        high = gammaincinv(shape, 0.975) * (rate + half) / shape
    low = np.where((variance > 0) & (rate > 0), low, np.where(np.isnan(rate), np.nan, 0.0))
    return np.minimum(low, rate), np.maximum(high, rate)
