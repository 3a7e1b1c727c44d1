"""Places compared: how the treated places changed against the others, the place as the unit."""

from __future__ import annotations

from dataclasses import dataclass
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

LEAST_FREE = 180.0
"""Days before the start, outside those the places were chosen for, that make a baseline."""

LEAST_SHARED = 0.5
"""Share of each arm that must lie within the other's counts where selection is in the baseline."""

MOST_APART = 0.25
"""Log ratio of the arms' counts per place beyond which they do not fall back alike."""

LEAST_COUNT = 5
"""Incidents an arm must have before, and the comparison places after."""

_SPARE = 5.0  # days by which months and weeks miss a whole year


@dataclass(frozen=True)
class Baseline:
    """What the time after the start is compared with.

    Attributes
    ----------
    periods : ndarray of bool, shape (T,)
        Which periods.
    free : bool
        Whether the counts the places were chosen for are outside it.
    told : bool
        Whether the study says what the places were chosen for; else the year before the start is
        taken for it.
    """

    periods: Bools
    free: bool
    told: bool


def fit_places(
    study: Study,
    *,
    level: float = 0.95,
    seed: int = 0,
    draws: int = 999,
    interval: bool = True,
) -> Batch:
    r"""Compare how treated places and others changed, with the place as the unit.

    Parameters
    ----------
    study : Study
        With one start: all treated places are under treatment together.
    level : float
        Of the interval.
    seed : int
    draws : int
        Times the arms of the places are exchanged.
    interval : bool
        False leaves the interval out, for thousands of simulated studies.

    Returns
    -------
    Batch
        Log ratio. Refused where there are under three places in an arm, or where the counts the
        places were chosen for cannot be kept out of the baseline and the arms are not alike in
        them. NaN for single studies in which either holds, or an arm has under 5 incidents
        before, or the comparison places after, or the treated places none.

    Notes
    -----
    With y the incidents of a place after the start and x those before, the estimate is

    .. math:: \hat\beta = \log \frac{\sum_T y / \sum_T x}{\sum_C y / \sum_C x} ,

    the Poisson pseudo-maximum-likelihood estimate with place and period effects. Chance is that
    of a studentised permutation test [1]_: the arms of the places are exchanged at random, and
    each ratio is set against its own standard error with places as the unit; so the arms may
    differ in spread. The interval holds every effect that the same test does not reject.

    x is of whole years where there is one, outside the periods the places were chosen for (where
    the study does not say, outside the year before the start). Places picked for a bad year have
    a better one next, and had a better one before, too: a baseline outside the year that picked
    them is free of regression to the mean [2]_. Where the records hold under 180 such days, all
    time before the start is the baseline, and an answer is given only where both arms fall back
    alike: half of the places of each arm within the counts of the other, and the arms' counts
    per place within a quarter of one another.

    References
    ----------
    .. [1] Janssen (1997), Studentized permutation tests for non-i.i.d. hypotheses and the
       generalized Behrens-Fisher problem, Statistics & Probability Letters 36(1), 9-21.
    .. [2] Barnett, van der Pols and Dobson (2005), Regression to the mean: what it is and how to
       deal with it, International Journal of Epidemiology 34(1), 215-220.

    Examples
    --------
    >>> import numpy as np
    >>> from hotspots.impact.study import make_study
    >>> y = [[10, 10, 5], [12, 12, 6], [8, 8, 4], [9, 9, 5], [10, 10, 9], [12, 11, 12], [8, 8, 8],
    ...      [9, 9, 9], [11, 12, 11], [7, 8, 8]]
    >>> treat = np.zeros((10, 3))
    >>> treat[:4, 2] = 1
    >>> found = fit_places(make_study(y, treat, days=365))
    >>> np.exp(found.estimate).round(2).tolist(), bool(found.p[0] < .05)
    ([0.51], True)
    """
    after, why = _after(study)
    base = baseline(study)
    if not why and not base.periods.any():
        why = "no period before the start has whole records"
    if why:
        return refuse(study, why)
    y = (study.y * (study.used & after)).sum(axis=2)
    before = (study.y * (study.used & base.periods)).sum(axis=2)
    arm = np.broadcast_to(study.arm, y.shape).astype(float)
    fits = _enough(y, before, arm)
    if not fits.any():
        return refuse(study, (
            f"an arm has under {LEAST_COUNT} incidents before the start, or the comparison places "
            "after it, or the treated places none"))  # fmt: skip
    if not base.free:
        fits &= _alike(before, arm)
        if not fits.any():
            return refuse(study, _unlike(base))
    found = np.full((4, len(y)), np.nan)
    rng = np.random.default_rng([seed, 1])
    order = np.argsort(rng.random((draws, y.shape[1])), axis=1)
    sizes = arm.sum(axis=1).astype(int)
    for size in np.unique(sizes[fits]):
        rows = fits & (sizes == size)
        found[:, rows] = drawn_ratio(
            y[rows], before[rows], arm[rows], (order < size).astype(float),
            level if interval else None,
        )  # fmt: skip
    return Batch(found[0], found[1], found[2], found[3], True, _chance(study, base, draws))


def baseline(study: Study) -> Baseline:
    """Choose what the time after the start is compared with.

    Parameters
    ----------
    study : Study

    Returns
    -------
    Baseline
        Whole years where there is one, outside the periods the places were chosen for where the
        records hold 180 such days.

    Examples
    --------
    >>> import numpy as np
    >>> from hotspots.impact.study import make_study
    >>> treat = np.zeros((2, 30))
    >>> treat[0, 24:] = 1
    >>> study = make_study(np.ones((2, 30)), treat, days=30.44, chosen=np.arange(30) // 12 == 1)
    >>> np.flatnonzero(baseline(study).periods).tolist()
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]
    """
    every = study.before & study.used.any(axis=0)
    ends = np.cumsum(study.days)
    chosen = study.chosen & every
    told = bool(study.chosen.any())
    if not told and every.any():
        chosen = every & (ends - study.days / 2 > ends[every].max() - YEAR)
    free = every & ~chosen
    held = float(study.days[free].sum())
    if held < LEAST_FREE - _SPARE:
        return Baseline(_years(study, every), free=not (every & chosen).any(), told=told)
    return Baseline(_years(study, free), free=True, told=told)


def _years(study: Study, periods: Bools) -> Bools:
    """Keep the last whole years of the periods; all of them where there is none."""
    years = int((study.days[periods].sum() + _SPARE) // YEAR)
    if not years:
        return periods
    back = np.cumsum((study.days * periods)[::-1])[::-1] - study.days / 2 * periods
    kept: Bools = periods & (back < years * YEAR)
    return kept


def shared(before: Floats, arm: Floats) -> Floats:
    """Share of the places of each arm that lie within the counts of the other, the lesser.

    Parameters
    ----------
    before : ndarray, shape (S, n)
        Incidents of each place in the baseline.
    arm : ndarray, shape (S, n)
        1 treated, 0 not.

    Returns
    -------
    ndarray, shape (S,)
        0 (no treated place is like any other) to 1.

    Examples
    --------
    >>> import numpy as np
    >>> shared(np.array([[30.0, 40, 10, 20]]), np.array([[1, 1, 0, 0]])).tolist()
    [0.0]
    >>> shared(np.array([[30.0, 40, 20, 41]]), np.array([[1, 1, 0, 0]])).tolist()
    [0.0]
    >>> shared(np.array([[30.0, 40, 30, 41]]), np.array([[1, 1, 0, 0]])).tolist()
    [0.5]
    """
    parts = []
    for one in (arm > 0, arm == 0):
        low = np.where(one, np.inf, before).min(axis=1, keepdims=True)
        high = np.where(one, -np.inf, before).max(axis=1, keepdims=True)
        inside = (before >= low) & (before <= high) & one
        parts.append(inside.sum(axis=1) / np.maximum(one.sum(axis=1), 1))
    least: Floats = np.minimum(*parts)
    return least


def _alike(before: Floats, arm: Floats) -> Bools:
    """Tell where places chosen for their counts fall back alike in both arms."""
    with np.errstate(divide="ignore", invalid="ignore"):
        means = [(before * one).sum(axis=1) / one.sum(axis=1) for one in (arm, 1 - arm)]
        apart = np.abs(np.log(means[0] / means[1]))
    alike: Bools = (shared(before, arm) >= LEAST_SHARED) & (apart <= MOST_APART)
    return alike


def _enough(y: Floats, before: Floats, arm: Floats) -> Bools:
    """Which studies have incidents to compare."""
    least = np.minimum((before * arm).sum(axis=1), (before * (1 - arm)).sum(axis=1))
    least = np.minimum(least, (y * (1 - arm)).sum(axis=1))
    enough: Bools = (least >= LEAST_COUNT) & ((y * arm).sum(axis=1) > 0)
    return enough


def _after(study: Study) -> tuple[Bools, str]:
    """Periods with all treated places under treatment, or why there is no answer."""
    arm = study.arm
    on = (study.treat > 0) == arm[:, :, None]
    whole: Bools = ~study.before & np.asarray(on.all(axis=(0, 1))) & study.used.any(axis=0)
    sizes, n = arm.sum(axis=1), arm.shape[1]
    if (sizes == 0).any():
        return whole, "no place was treated"
    if (sizes == n).any():
        return whole, "there is no comparison place"
    least = int(min(sizes.min(), (n - sizes).min()))
    if least < LEAST_PLACES or comb(n, least) < 40:
        return whole, (
            f"{int(sizes[0]):,} treated and {n - int(sizes[0]):,} comparison places are too few "
            "to tell an effect from what such places differ by anyway")  # fmt: skip
    if not whole.any():
        return whole, "at no time were all treated places under treatment, with whole records"
    return whole, ""


def _unlike(base: Baseline) -> str:
    """Say why selection cannot be told from an effect."""
    chosen = ("the places were chosen for their counts in all the time before the start"
              if base.told else
              "there is under a year and a half of records before the start, and nothing says "
              "that the places were not chosen for them")  # fmt: skip
    remedy = (
        "give earlier records"
        if base.told
        else "give earlier records, or say what they were chosen for (chosen= in the rules)"
    )
    return (
        f"{chosen}, and too few treated places are like any comparison place in them: places "
        "chosen for a bad year have a better one next without patrols, and that cannot be told "
        f"from an effect here; {remedy}, or compare with places that had as many incidents"
    )


def _chance(study: Study, base: Baseline, draws: int) -> str:
    """Say how interval and p were made."""
    days = float(study.days[base.periods].sum())
    span = f"{days / 30.44:.0f} months" if days > 45 else f"{days:.0f} days"
    if not base.free:
        what = (f"each place set against its own {span} before the start, for which it may have "
                "been chosen, as may the others, which had as many incidents")  # fmt: skip
    elif base.told:
        what = f"each place set against its own {span} outside those it was chosen for"
    else:
        what = (f"each place set against its own {span}, a year before the start left out: it may "
                "have been chosen for that year")  # fmt: skip
    return f"{what}; chance from exchanging the places' arms {draws:,} times"


def warn_places(study: Study) -> list[str]:
    """Say what to bear in mind of an answer of :func:`fit_places`, a sentence each.

    Parameters
    ----------
    study : Study
        One study; of several, the first.

    Returns
    -------
    list of str
        Empty where there is nothing to say, or no answer.

    Examples
    --------
    >>> import numpy as np
    >>> from hotspots.impact.study import make_study
    >>> y = np.full((12, 30), 8)
    >>> treat = np.zeros((12, 30))
    >>> treat[:6, 24:] = 1
    >>> chosen = np.arange(30) // 12 == 1
    >>> warn_places(make_study(y, treat, days=30.44, chosen=chosen))
    []
    >>> print(*warn_places(make_study(y, treat, days=30.44)))
    Nobody said for which months the places were chosen, so the year before the start is left \
out of the baseline.
    """
    after, why = _after(study)
    base = baseline(study)
    if why or not base.periods.any():
        return []
    used = study.used
    y = (study.y * (used & after)).sum(axis=2)[:1]
    before = (study.y * (used & base.periods)).sum(axis=2)[:1]
    arm = np.broadcast_to(study.arm, study.y.shape[:2]).astype(float)[:1]
    if not _enough(y, before, arm)[0] or not (base.free or _alike(before, arm)[0]):
        return []
    said = []
    if not base.told:
        said.append(
            "Nobody said for which months the places were chosen, so the year before the start is "
            "left out of the baseline."
            if base.free
            else "Nobody said for which months the places were chosen; there are too few earlier "
            "ones, so the answer rests on both arms having been chosen alike."
        )
    elif not base.free:
        said.append(
            "The places were chosen for the very months they are compared with. Both arms had as "
            "many incidents then and so should fall back alike, if they were chosen alike: "
            "comparison places from a quieter part of the force would not."
        )
    said += _season_warning(study, base, after)
    means = [float((before * one).sum() / one.sum()) for one in (arm, 1 - arm)]
    if not 0.5 <= means[0] / means[1] <= 2:
        said.append(
            f"Before, a treated place had {means[0]:,.0f} incidents and a comparison place "
            f"{means[1]:,.0f}: places that unlike may not change alike."
        )
    for name, one in (("treated", arm), ("comparison", 1 - arm)):
        top = float((before * one).max() / (before * one).sum())
        if top > 0.5:
            said.append(
                f"One {name} place holds {top:.0%} of the incidents of its arm before: the answer "
                "is mostly about that place, and among few places somewhat surer than it should be."
            )
    return said


def _season_warning(study: Study, base: Baseline, after: Bools) -> list[str]:
    """Tell where a part year after is compared with other months, and what seasons would do."""
    years = float(study.days[after].sum()) / YEAR
    if round(years) and abs(years - round(years)) * YEAR <= 31:
        return []
    phase = (np.cumsum(study.days) - study.days / 2) % YEAR
    apart = np.abs((phase[:, None] - phase[after] + YEAR / 2) % YEAR - YEAR / 2)
    same = apart.min(axis=1) < 16  # the same month, or nearly
    if float(study.days[base.periods].sum()) < YEAR - 31:
        if not (base.periods & ~same).any():
            return []
        return [
            "The months before are not those of the year that are compared after, and no whole "
            "year: places with seasons of their own differ by that alone."
        ]
    kept = _years(study, study.before & study.used.all(axis=0))
    shares, errors = [], []
    for one in (study.arm[0], ~study.arm[0]):
        whole = study.y[0][one][:, kept].sum(axis=1)
        inside = study.y[0][one][:, kept & same].sum(axis=1)
        if inside.sum() == 0:
            return []
        shares.append(inside.sum() / whole.sum())
        left = inside - shares[-1] * whole
        errors.append(np.sqrt((left**2).sum() * len(left) / (len(left) - 1)) / inside.sum())
    log = float(np.log(shares[0] / shares[1]))
    if abs(log) < max(0.05, 2 * float(np.hypot(*errors))):
        return []
    return [
        f"In earlier years the treated places had {shares[0]:.0%} of their incidents in the months "
        f"of the year that are compared, the others {shares[1]:.0%}: their seasons alone would "
        f"look like {abs(np.expm1(log)):.0%} {'more' if log > 0 else 'fewer'}."
    ]
