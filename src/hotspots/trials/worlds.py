"""Trials that did not happen yet: counts drawn as the force's own records vary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .baseline import Baseline

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Frame:
    """The periods of a trial and of the records before it.

    Attributes
    ----------
    start : ndarray of datetime64[D], shape (T,)
    days : ndarray, shape (T,)
    after : ndarray of bool, shape (T,)
        Periods of the trial.
    """

    start: NDArray[np.datetime64]
    days: Floats
    after: NDArray[np.bool_]

    @property
    def ends(self) -> NDArray[np.datetime64]:
        """First day after each period."""
        ends: NDArray[np.datetime64] = self.start + self.days.astype("timedelta64[D]")
        return ends


def make_frame(
    first: np.datetime64,
    weeks: float,
    before_days: float,
    unit: str,
    *,
    cuts: NDArray[np.int64] | None = None,
) -> Frame:
    """Lay out the periods before and during a trial.

    Parameters
    ----------
    first : datetime64[D]
        First day of the trial; for months the first of one.
    weeks : float
        Length of the trial.
    before_days : float
        Days of records before it that the analysis uses; none for days.
    unit : {"month", "weeks", "day"}
        Calendar months; four weeks (or a little less, so that they fill the trial); days.
    cuts : ndarray of int, optional
        Days from the first at which the periods of the trial begin and, last, end.

    Returns
    -------
    Frame

    Examples
    --------
    >>> frame = make_frame(np.datetime64("2026-03-02"), 12, 364, "weeks")
    >>> frame.days.tolist()[-3:], int(frame.after.sum()), str(frame.start[0])
    ([28.0, 28.0, 28.0], 3, '2025-03-03')
    """
    if unit == "day":
        start = first + np.arange(round(weeks * 7)).astype("timedelta64[D]")
        return Frame(start, np.ones(len(start)), np.ones(len(start), dtype=bool))
    if unit == "month":
        month = first.astype("datetime64[M]")
        k, b = max(round(weeks * 7 / 30.4375), 1), round(before_days / 30.4375)
        edges = (month + np.arange(-b, k + 1)).astype("datetime64[D]")
    else:
        k = max(-(-round(weeks) // 4), 1)
        after = np.rint(np.arange(k + 1) * weeks * 7 / k) if cuts is None else cuts
        back = np.arange(-round(before_days / 28), 0) * 28
        edges = first + np.concatenate([back, after]).astype("timedelta64[D]")
    days = np.diff(edges).astype(float)
    return Frame(edges[:-1], days, edges[:-1] >= first)


def draw_counts(
    base: Baseline, frame: Frame, sites: NDArray[np.intp], sims: int, rng: np.random.Generator
) -> Floats:
    """Draw what would be counted without patrols.

    Parameters
    ----------
    base : Baseline
    frame : Frame
    sites : ndarray of int, shape (k,)
        Which sites of the baseline; one named twice stands for two alike.
    sims : int
        Trials to draw, ``S``.
    rng : Generator

    Returns
    -------
    ndarray, shape (S, k, T)

    Notes
    -----
    Each trial draws the level of each site anew (what is not known of it is part of the answer),
    a shock of each period shared by all, one of each site and period without memory (gamma), and
    one that fades with the memory learnt (log-normal, stationary, 0 on average over the periods
    before the trial, from which levels are learnt). Counts are Poisson about their product.

    Examples
    --------
    >>> from .baseline import Baseline
    >>> base = Baseline(np.full(2, 50.0), np.full(2, 50.0), np.ones(12), np.ones(7), 0.0,
    ...                 np.datetime64("2026-01-01"), 0.0, 0.1, 0.0, 90.0, 28.0)
    >>> frame = make_frame(np.datetime64("2026-01-01"), 8, 364, "weeks")
    >>> y = draw_counts(base, frame, np.arange(2), 500, np.random.default_rng(1))
    >>> y.shape, round(float(y.mean()))
    ((500, 2, 15), 28)
    """
    shape = (sims, len(sites), len(frame.days))
    level = rng.gamma(base.shape[sites], 1 / base.rate[sites], shape[:2])[:, :, None]
    mean = level * (frame.days * base.course(frame.start, frame.days))
    scale = base.period / frame.days  # what has no memory evens out over longer periods
    if base.shared > 0:
        part = base.shared * scale
        mean = mean * rng.gamma(1 / part, part, (sims, 1, shape[2]))
    variations = base.variations
    for one, rows in zip(variations, np.array_split(np.arange(sims), len(variations)), strict=True):
        fast, slow, memory = one
        if len(rows) == 0:
            continue
        some = (len(rows), *shape[1:])
        if fast > 0:
            part = fast * scale
            mean[rows] *= rng.gamma(1 / part, part, some)
        if slow > 0:
            mean[rows] *= np.exp(_wander(frame, float(slow), float(memory), some, rng))
    return rng.poisson(mean).astype(float)


def wandering(frame: Frame, slow: float, memory: float) -> Floats:
    """Covariance, over the periods of a trial, of the log of what moves one site for longer.

    Parameters
    ----------
    frame : Frame
    slow : float
        Its variance.
    memory : float
        Days after which 37% of it is left.

    Returns
    -------
    ndarray, shape (T, T)
        Of the deviations from their average before the trial (over all of it, if none is before).

    Examples
    --------
    >>> frame = make_frame(np.datetime64("2026-01-01"), 8, 364, "weeks")
    >>> wandering(frame, 0.1, 90.0).diagonal()[-2:].round(2).tolist()
    [0.1, 0.11]
    """
    middle = (frame.start - frame.start[0]).astype(float) + frame.days / 2
    apart = np.abs(middle[:, None] - middle)
    cov = slow * np.exp(-apart / memory)
    counted = frame.days * (~frame.after if (~frame.after).any() else True)
    centre = np.eye(len(apart)) - counted / counted.sum()
    centred: Floats = centre @ cov @ centre.T
    return (centred + centred.T) / 2


def _wander(
    frame: Frame, slow: float, memory: float, shape: tuple[int, ...], rng: np.random.Generator
) -> Floats:
    """Log of what moves one site for longer, so that its exponential is 1 on average."""
    cov = wandering(frame, slow, memory)
    value, vector = np.linalg.eigh(cov)
    root = vector * np.sqrt(np.clip(value, 0, None))
    drawn: Floats = rng.standard_normal(shape) @ root.T
    return drawn - np.diag(cov) / 2


def thin(y: Floats, treat: Floats, kept: Floats | float, rng: np.random.Generator) -> Floats:
    """Take away incidents where treatment prevents them.

    Parameters
    ----------
    y : ndarray, shape (S, n, T)
    treat : ndarray, shape (S or 1, n, T)
        Share of the period under treatment.
    kept : float or ndarray, shape (n, 1)
        Share of incidents that happen all the same under treatment.
    rng : Generator

    Returns
    -------
    ndarray, shape (S, n, T)
        Each incident kept by chance, which leaves a negative binomial with the same dispersion.

    Examples
    --------
    >>> thin(np.full((1, 1, 2), 9.0), np.array([[[0.0, 1.0]]]), 0.0,
    ...      np.random.default_rng(1)).tolist()
    [[[9.0, 0.0]]]
    """
    chance = np.clip(1 - np.broadcast_to(treat, y.shape) * (1 - kept), 0, 1)
    return rng.binomial(y.astype(np.int64), chance).astype(float)
