"""Smoothing a week of hours, circular: what comes out is again a rate per exposed hour."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

HARMONICS = 3
"""Harmonics of the day and of the week in the log-linear profile."""

_STEPS = 25  # of Newton's method at most; it doubles the digits at each


def read_smooth(smooth: Any) -> float | str | None:
    """Return the hours to smooth over, "harmonic" or None; or raise ``ValueError``."""
    if smooth is None or (isinstance(smooth, str) and smooth == "harmonic"):
        return smooth
    number = isinstance(smooth, int | float | np.number) and not isinstance(smooth, bool)
    if not number or not 0.25 <= smooth <= 6:
        raise ValueError(
            f"smooth is {smooth!r}; give the standard deviation in hours, .25 to 6, 'harmonic' "
            "or None."
        )
    return float(smooth)


def kernel(smooth: float | None) -> Floats:
    """Return the (168, 168) weights of a circular Gaussian; the unit matrix for None."""
    if smooth is None:
        return np.eye(168)
    away = np.minimum(np.arange(168), 168 - np.arange(168))
    weight = np.exp(-0.5 * (away / smooth) ** 2)
    weight /= weight.sum()
    held: Floats = weight[(np.arange(168)[:, None] - np.arange(168)) % 168]
    return held


def smoothed(counts: Floats, exposed: Floats, smooth: float | str | None) -> Floats:
    """Turn counts and exposed hours, both (..., 168), into rates; NaN where nothing is exposed.

    The kernel goes over counts and hours alike, so an hour exposed less counts less, and one
    not exposed at all has no rate.
    """
    if smooth == "harmonic":
        return harmonic(counts, exposed)
    weight = kernel(smooth if isinstance(smooth, float) else None)
    with np.errstate(invalid="ignore", divide="ignore"):
        rate: Floats = (counts @ weight) / (exposed @ weight)
    return np.where(exposed > 0, rate, np.nan)


def harmonic(counts: Floats, exposed: Floats) -> Floats:
    r"""Fit Poisson rates whose logarithm has three harmonics of the day and three of the week.

    The clock is the same every day, up to a factor of the day: 13 parameters instead of 168.
    Half an incident, spread evenly, keeps the fit finite where whole days are empty. Newton's
    method on all rows at once.
    """
    hour = np.arange(168)
    waves = [2 * np.pi * k * hour / period for period in (24, 168) for k in range(1, HARMONICS + 1)]
    x = np.stack([np.ones(168), *(f(w) for w in waves for f in (np.cos, np.sin))], axis=1)
    y = np.atleast_2d(counts)
    hours = np.broadcast_to(np.atleast_2d(exposed), y.shape)
    y = y + 0.5 * hours / hours.sum(axis=1, keepdims=True)
    cross = (x[:, :, None] * x[:, None, :]).reshape(168, -1)
    beta = np.zeros((len(y), x.shape[1]))
    beta[:, 0] = np.log(y.sum(axis=1) / hours.sum(axis=1))
    for _ in range(_STEPS):
        mean = hours * np.exp(np.clip(beta @ x.T, -30, 30))
        slope = (y - mean) @ x
        bend = (mean @ cross).reshape(len(y), x.shape[1], x.shape[1])
        bend += 1e-9 * bend[:, :1, :1] * np.eye(x.shape[1])  # weeks drawn may lack an hour
        step = np.linalg.solve(bend, slope[..., None])[..., 0]
        beta += np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-10:
            break
    rate: Floats = np.exp(beta @ x.T)
    return rate.reshape(np.shape(counts))
