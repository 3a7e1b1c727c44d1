"""Places compared: how the treated places changed against the others, the place as the unit."""

from __future__ import annotations

from math import comb
from typing import TYPE_CHECKING

import numpy as np

from ._drawn import drawn_ratio
from .study import Batch, Study, refuse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

YEAR = 365.25
"""Days."""

LEAST_PLACES = 3
"""Places an arm must have: with fewer, what places differ by cannot be told."""


def fit_places(study: Study, *, level: float = 0.95, seed: int = 0, draws: int = 999) -> Batch:
    """Compare how treated places and others changed, with the place as the unit.

    Parameters
    ----------
    study : Study
        With one start: all treated places are treated from the same period on.
    level : float
        Of the interval.
    seed : int
    draws : int
        Arms drawn anew.

    Returns
    -------
    Batch
        Log ratio.

    Examples
    --------
    >>> import numpy as np
    >>> from hotspots.impact.study import make_study
    >>> y = np.tile([[10, 10, 5], [12, 12, 6], [8, 8, 4], [9, 9, 5], [10, 10, 9], [12, 11, 12],
    ...              [8, 8, 8], [9, 9, 9], [11, 12, 11], [7, 8, 8]], (1, 1))
    >>> treat = np.zeros((10, 3))
    >>> treat[:4, 2] = 1
    >>> found = fit_places(make_study(y, treat, days=365))
    >>> np.exp(found.estimate).round(2).tolist(), bool(found.p[0] < .05)
    ([0.52], True)
    """
    arm, after, why = _arms(study)
    if why:
        return refuse(study, why)
    base = baseline(study)
    used = study.used
    totals = (study.y * (used & after)).sum(axis=2)
    expected = (study.y * (used & base)).sum(axis=2)
    weights = np.broadcast_to(arm, totals.shape).astype(float)
    rng = np.random.default_rng([seed, 1])
    order = np.argsort(rng.random((draws, totals.shape[1])), axis=1)
    estimate, low, high, p = (np.full(len(totals), np.nan) for _ in range(4))
    sizes = weights.sum(axis=1).astype(int)
    for size in np.unique(sizes):
        rows = sizes == size
        drawn = (order < size).astype(float)
        estimate[rows], low[rows], high[rows], p[rows] = drawn_ratio(
            totals[rows], expected[rows], weights[rows], drawn, level
        )
    chance = (f"the arms of the places exchanged {draws:,} times, each ratio set against what "
              "places differ by")  # fmt: skip
    return Batch(estimate, low, high, p, ratio=True, chance=chance)


def baseline(study: Study) -> Bools:
    """Periods before the start that a study is compared with, shape (T,).

    Parameters
    ----------
    study : Study

    Returns
    -------
    ndarray of bool, shape (T,)
        Whole years where there is one, outside the months the places were chosen for.

    Examples
    --------
    >>> import numpy as np
    >>> from hotspots.impact.study import make_study
    >>> treat = np.zeros((2, 30))
    >>> treat[0, 24:] = 1
    >>> study = make_study(np.ones((2, 30)), treat, days=30.44, chosen=np.arange(30) // 12 == 1)
    >>> np.flatnonzero(baseline(study)).tolist()
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]
    """
    free = study.before & ~study.chosen & study.used.any(axis=0)
    if not free.any():
        free = study.before & study.used.any(axis=0)
    ends = np.cumsum(study.days)
    last = ends[free].max()
    years = int((study.days[free].sum() + 5) // YEAR)
    if years:
        free = free & (ends - study.days / 2 > last - years * YEAR)
    chosen: Bools = free
    return chosen


def _arms(study: Study) -> tuple[Bools, Bools, str]:
    """Which places are treated, which periods come after, and why neither can be told."""
    arm, before = study.arm, study.before
    on = (study.treat > 0) == arm[:, :, None]
    whole = ~before & np.asarray(on.all(axis=(0, 1)))  # every treated place is under treatment
    sizes = arm.sum(axis=1)
    n = arm.shape[1]
    fewest = int(min(sizes.min(), (n - sizes).min()))
    if fewest == 0:
        return arm, whole, "there is no comparison place" if (sizes == n).any() else (
            "no place was treated")  # fmt: skip
    if fewest < LEAST_PLACES or comb(n, int(sizes.min())) < 40:
        return arm, whole, (
            f"{sizes.min():,} treated and {(n - sizes).min():,} comparison places are too few to "
            "tell an effect from what places differ by anyway")  # fmt: skip
    if not before.any():
        return arm, whole, "no period before the start has whole records"
    if not whole.any():
        return (
            arm,
            whole,
            ("no period has all treated places under treatment at once, and the others not"),
        )
    return arm, whole, ""
