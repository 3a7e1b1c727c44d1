"""Rates by hour of the week and their bands, group by group, from weeks drawn anew."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._blocks import FEW_WEEKS, Blocks
from ._smooth import kernel, smoothed

Floats = NDArray[np.float64]

_SIDE = 0.025  # of a 95% interval on either side


def rates(
    blocks: Blocks, smooth: float | str | None, bootstraps: int, seed: int
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Return incidents, rate, the low and high end of its band, each (groups, 168).

    And the low end that holds for all hours at once.
    """
    few = len(blocks.week) < FEW_WEEKS
    draws = np.empty((0, len(blocks.week))) if few else blocks.resample(bootstraps, seed)
    exposed = blocks.exposed.sum(axis=0)
    plain = smooth == "harmonic"
    # smoothing is linear: smooth the weeks once, not every draw of them
    lens = np.eye(168) if plain else kernel(smooth if isinstance(smooth, float) else None)
    again = draws @ (blocks.exposed @ lens)
    total, rate, low, high, least = (np.full((blocks.groups, 168), np.nan) for _ in range(5))
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
        low[n], high[n], least[n] = _band(rate[n], drawn, blocks, smooth)
    return total, rate, low, high, least


def _band(
    rate: Floats, drawn: Floats, blocks: Blocks, smooth: float | str | None
) -> tuple[Floats, Floats, Floats]:
    """95% band of rates (168,) from their draws (draws, 168), and the low end for all at once."""
    from scipy.special import gammaincinv, ndtri, stdtrit

    widening, exposed = blocks.widening(), blocks.exposed.sum(axis=0)
    # far out in the tail it tells that few weeks know their own variance badly
    unsure = stdtrit(len(blocks.week) - 1, _SIDE / 168) / ndtri(_SIDE / 168)

    if smooth == "harmonic":
        error = widening * np.log(drawn).std(axis=0)
        z, most = -ndtri(_SIDE), -ndtri(_SIDE / 168) * unsure
        return rate * np.exp(-z * error), rate * np.exp(z * error), rate * np.exp(-most * error)
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = (widening * np.nanstd(drawn, axis=0)) ** 2
        weight = kernel(smooth if isinstance(smooth, float) else None)
        half = weight.max() / (exposed @ weight) / 2  # what half an incident more would add
        low = gammaincinv(rate**2 / variance, _SIDE) * variance / rate
        wide = variance * unsure**2
        least = gammaincinv(rate**2 / wide, _SIDE / 168) * wide / rate
        shape = (rate + half) ** 2 / (variance + half**2)
        high = gammaincinv(shape, 1 - _SIDE) * (rate + half) / shape
    known = (variance > 0) & (rate > 0)
    low, least = (np.where(known, x, np.where(np.isnan(rate), np.nan, 0.0)) for x in (low, least))
    return np.minimum(low, rate), np.maximum(high, rate), least
