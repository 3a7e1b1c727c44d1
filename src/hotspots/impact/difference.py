"""The weighted displacement difference: counts before and after, against comparison areas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..contracts import InputError, Result
from ._difference_inputs import (
    LEAST_PERIODS,
    check_area_weights,
    check_level,
    check_pair,
    check_pre_counts,
    is_number,
)
from ._difference_parts import (
    contrasts,
    dispersion_before,
    effect_rows,
    estimate_row,
    quantile,
    ratio_rows,
    two_sided,
)
from ._difference_words import harm_text, wdd_text
from ._given import check_given
from .study import Batch, Study, refuse

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

LEAST_PLACES = 5
"""Places in each arm from which how differently they changed tells the errors."""

MOST_TIMES = 2.0
"""Times the incidents of as many comparison places beyond which numbers are not compared."""

# length of a year in periods, and the days such a period has
_SEASONS = ((12, 28, 31), (52, 7, 7))

Pair = Sequence[float]


@dataclass(frozen=True, repr=False)
class Wdd(Result):
    """A weighted displacement difference, as :func:`wdd` and :func:`wdd_harm` give it.

    Attributes
    ----------
    counts : DataFrame
        A row per area: ``area``, ``before``, ``after`` (incidents), ``weight_before`` and
        ``weight_after`` (area × time, by which each was divided).
    effect : DataFrame
        A row per part (local, displacement, total) and ``errors`` (Poisson, dispersion-adjusted):
        ``estimate`` (incidents; below 0 is fewer than expected), ``low``, ``high``, ``se``,
        ``z``, ``df`` (infinite: the normal law) and ``p``.
    ratios : DataFrame
        A row per measure: ``rate ratio`` (once per kind of errors) and, with a displacement area,
        ``WDQ``: ``value``, ``low``, ``high``, ``z``, ``p`` (NaN where there are none) and
        ``words``, how to read it or why not to.
    dispersion : float or None
        φ, the variance of a count over its mean, learnt from the periods before; None where none
        were given.
    level : float
        Of the intervals.
    said : str
        The paragraph that ``text`` returns.
    """

    counts: pd.DataFrame
    effect: pd.DataFrame
    ratios: pd.DataFrame
    dispersion: float | None
    level: float
    said: str

    @property
    def text(self) -> str:
        """How many incidents fewer or more than expected, and how sure that is."""
        return self.said

    @property
    def main(self) -> pd.Series:
        """The row of ``effect`` to quote: the widest part, dispersion-adjusted where known."""
        return self.effect.iloc[-1]

    @property
    def estimate(self) -> float:
        """Incidents more (above 0) or fewer than expected, displacement areas included."""
        return float(self.main["estimate"])

    @property
    def se(self) -> float:
        """Standard error of the estimate."""
        return float(self.main["se"])

    @property
    def z(self) -> float:
        """Estimate over its standard error."""
        return float(self.main["z"])

    @property
    def p(self) -> float:
        """Two-sided p-value."""
        return float(self.main["p"])

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper end of the interval of the estimate."""
        return float(self.main["low"]), float(self.main["high"])


def wdd(
    *,
    treated: Pair,
    control: Pair,
    displacement: Pair | None = None,
    displacement_control: Pair | None = None,
    area_weights: Sequence[float] | Mapping[str, float] | None = None,
    time_weights: Pair | None = None,
    pre_counts: Mapping[str, Sequence[float]] | None = None,
    level: float = 0.95,
) -> Wdd:
    r"""Compare the change of counts in treated areas with that in comparison areas.

    Parameters
    ----------
    treated, control : pair of float
        Incidents (before, after) in the treated and the comparison areas, 0 or more.
    displacement, displacement_control : pair of float, optional
        The same in the areas around each, to which crime may be displaced. With one alone the
        other counts as unchanged.
    area_weights : sequence or mapping of float, optional
        Size of each area, above 0: 2 or 4 numbers in the order of the arguments, or a mapping
        from ``"treated"``, ``"control"``, ``"displacement"``, ``"displacement_control"``. Counts
        are divided by them: km², or numbers of places. 1 each, when absent.
    time_weights : pair of float, optional
        Length of the time (before, after), above 0, as months. 1 each, when absent.
    pre_counts : mapping of str to sequence of float, optional
        Counts of at least 12 periods before the start, alike in length, for ``"treated"`` and
        ``"control"`` (and the displacement areas, if wanted): how much more than chance they
        vary is learnt from them. NaN where a period is not known.
    level : float
        Of the intervals, .5 to .999.

    Returns
    -------
    Wdd

    Raises
    ------
    InputError
        Naming every fault at once.

    Notes
    -----
    With weighted counts :math:`T = n / (a\,t)` of areas :math:`a` and times :math:`t`

    .. math:: WDD = (T_1 - T_0) - (C_1 - C_0) + (D_1 - D_0) - (CD_1 - CD_0), \qquad
        Var = \sum n / (a\,t)^2 ,

    for Poisson counts. Crime counts vary more than that, and the test is then wrong far more often
    than it says: where the variance is :math:`\mu + .05\mu^2` with a mean of 100, 42% of the time
    instead of 5%. With ``pre_counts`` the variance is multiplied by
    :math:`\hat\phi = \chi^2 / \nu` (never below 1) of areas and periods with an effect of each,
    which takes out what all areas share, season too, :math:`\nu = (areas - 1)(periods - 1)`; the
    interval then takes t on :math:`\nu` degrees of freedom. That holds where periods vary each on
    their own; a level that drifts over years makes wider intervals still.

    The rate ratio is :math:`\ln[(T_1/T_0)/(C_1/C_0)]` with variance :math:`\hat\phi \sum 1/n`.
    WDQ is :math:`(D_1/C_1 - D_0/C_0) / (T_1/C_1 - T_0/C_0)` of the plain counts: to be read only
    where the denominator is below 0 (the treated areas gained); above 0 is then diffusion of the
    benefit, below 0 displacement. It has no standard error.

    The comparison is of numbers, not of shares: where all areas fall by a tenth, one with twice
    the incidents loses twice as many, which looks like an effect. Choose comparison areas with
    like counts, or weight them.

    References
    ----------
    Wheeler A. P. and Ratcliffe J. H. (2018) A simple weighted displacement difference test to
    evaluate place based crime interventions. *Crime Science* 7, 11.
    Bowers K. J. and Johnson S. D. (2003) Measuring the geographical displacement and diffusion of
    benefit effects of crime prevention activity. *Journal of Quantitative Criminology* 19,
    275–301.

    Examples
    --------
    The worked example of Wheeler and Ratcliffe:

    >>> found = wdd(treated=(207, 110), control=(308, 318), displacement=(178, 157),
    ...             displacement_control=(150, 140))
    >>> found.estimate, round(found.se, 3), round(found.z, 5)
    (-118.0, 39.598, -2.97995)
    """
    given = {"treated": treated, "control": control, "displacement": displacement,
             "displacement_control": displacement_control}  # fmt: skip
    faults: list[str] = []
    given = {k: v for k, v in given.items() if v is not None or not k.startswith("displ")}
    pairs = {name: check_pair(name, value, 0, faults) for name, value in given.items()}
    sizes = check_area_weights(area_weights, [*pairs], faults)
    lengths = (1.0, 1.0) if time_weights is None else check_pair("time_weights", time_weights, None,
                                                            faults)  # fmt: skip
    check_level(level, faults)
    series = check_pre_counts(pre_counts, [*pairs], faults)
    if faults:
        raise InputError("wdd", faults)
    spread = None if series is None else dispersion_before(series)
    counts = pd.DataFrame([
        {"area": name, "before": pair[0], "after": pair[1],
         "weight_before": sizes[name] * lengths[0], "weight_after": sizes[name] * lengths[1]}
        for name, pair in pairs.items()
    ]).astype({"area": "str"})  # fmt: skip
    effect = effect_rows(counts, spread, level)
    ratios = ratio_rows(pairs, spread, level)
    phi = None if spread is None else spread[0]
    return Wdd(counts, effect, ratios, phi, level, wdd_text(counts, effect, ratios, phi, level))


def wdd_harm(parts: Mapping[str, Wdd], weights: Mapping[str, float], *, level: float = 0.95) -> Wdd:
    r"""Add up the differences of several kinds of crime, each by its harm.

    Parameters
    ----------
    parts : mapping of str to Wdd
        The difference of each kind of crime, of incidents that are in no other.
    weights : mapping of str to float
        Harm of one incident of each kind, above 0, as days of sentence.
    level : float
        Of the intervals, .5 to .999.

    Returns
    -------
    Wdd
        ``estimate`` in the unit of the weights; ``counts`` has a row per area and kind
        (``outcome``); no ``ratios``.

    Raises
    ------
    InputError
        Naming every fault at once.

    Notes
    -----
    :math:`\sum_k w_k WDD_k` with variance :math:`\sum_k w_k^2 Var(WDD_k)`: the kinds are taken to
    vary independently, and harm to differ between kinds only. Where what makes one kind rise makes
    others rise too the interval is too narrow. A few grave crimes decide the sum.

    References
    ----------
    Wheeler A. P. and Ratcliffe J. H. (2018) A simple weighted displacement difference test to
    evaluate place based crime interventions. *Crime Science* 7, 11.

    Examples
    --------
    >>> robbery = wdd(treated=(20, 10), control=(20, 20))
    >>> theft = wdd(treated=(60, 55), control=(58, 60))
    >>> found = wdd_harm({"robbery": robbery, "theft": theft}, {"robbery": 365, "theft": 2})
    >>> found.estimate, round(found.se, 1)
    (-3664.0, 3054.0)
    """
    faults: list[str] = []
    if not isinstance(parts, Mapping) or not parts:
        faults.append("parts takes a Wdd for each kind of crime, as {'theft': wdd(...)}.")
    elif strange := [k for k, v in parts.items() if not isinstance(v, Wdd)]:
        faults.append(f"parts[{strange[0]!r}] is no Wdd; give what wdd(...) returns.")
    if not isinstance(weights, Mapping):
        faults.append("weights takes the harm of an incident of each kind, as {'theft': 2}.")
    elif isinstance(parts, Mapping):
        for name in parts:
            value = weights.get(name)
            if not is_number(value) or not 0 < float(value or 0) < np.inf:
                faults.append(f"weights[{name!r}] is {value!r}; it must be a number above 0.")
        faults += [f"weights names {name!r}, which is no part." for name in weights
                   if name not in parts]  # fmt: skip
    check_level(level, faults)
    if faults:
        raise InputError("wdd_harm", faults)
    names = [*parts]
    weight = np.array([float(weights[name]) for name in names])
    rows = []
    kinds = ["Poisson"]
    if all(part.dispersion is not None for part in parts.values()):
        kinds.append("dispersion-adjusted")
    for kind in kinds:
        last = [part.effect[part.effect["errors"] == kind].iloc[-1] for part in parts.values()]
        variance = (weight * np.array([row["se"] for row in last])) ** 2
        df = np.array([row["df"] for row in last])
        whole = float(variance.sum())
        free = whole**2 / float((variance**2 / df).sum()) if np.isfinite(df).any() else np.inf
        estimate = float(weight @ np.array([row["estimate"] for row in last]))
        rows.append({"part": "harm", "errors": kind,
                     **estimate_row(estimate, np.sqrt(whole), free, level)})  # fmt: skip
    effect = pd.DataFrame(rows).astype({"part": "str", "errors": "str"})
    counts = pd.concat([part.counts.assign(outcome=name) for name, part in parts.items()],
                       ignore_index=True)  # fmt: skip
    known = [p.dispersion for p in parts.values() if p.dispersion is not None]
    phi = None if len(kinds) == 1 else float(np.mean(known))
    none = parts[names[0]].ratios.iloc[:0]
    return Wdd(counts, effect, none, phi, level, harm_text(counts, effect, level))


def fit_wdd(study: Study, *, adjusted: bool = True, level: float = 0.95) -> Batch:
    r"""Estimate the weighted displacement difference of many studies at once.

    Parameters
    ----------
    study : Study
        Treated places are all treated from one start to the end.
    adjusted : bool
        Whether the errors allow for counts that vary more than by chance.
    level : float
        Of the interval.

    Returns
    -------
    Batch
        ``estimate`` in incidents over the time after the start: below 0 is fewer than expected.

    Raises
    ------
    InputError
        Naming every fault at once.

    Notes
    -----
    Counts after the start are set against those of the same periods of the years before, where
    there are such, or else against all before, by days; comparison places are weighted by number.
    Places that were chosen for their counts, not drawn by lot, are not compared with the periods
    they were chosen for, as long as others of the same season are left: a place chosen for a bad
    year has a better one next.

    The adjusted variance is the larger of two. One is Poisson's times :math:`\hat\phi`, learnt from
    the sums of the arms in at least 12 periods before, on periods less one degrees of freedom. The
    other is how differently the places of one arm changed, as of two samples with unequal
    variances (Welch), from 5 places in each arm: it sees levels that drift apart, which no period
    before the start can show. The larger of both is a little too wide where nothing drifts.
    To it is added what :math:`b = (T_0 - C_0)(C_1/C_0 - 1)` has beyond chance, the square of b less
    its variance: how far the answer would move, were a change that all places have in common one
    of shares, not of numbers. It is nothing where the arms are of like size, or the comparison
    places stayed as they were. Where the treated places had more than twice the incidents of as
    many comparison places, or under half, there is no adjusted answer.

    References
    ----------
    Wheeler A. P. and Ratcliffe J. H. (2018) A simple weighted displacement difference test to
    evaluate place based crime interventions. *Crime Science* 7, 11.
    Welch B. L. (1947) The generalization of 'Student's' problem when several different population
    variances are involved. *Biometrika* 34, 28–35.

    Examples
    --------
    >>> from hotspots.impact.study import make_study
    >>> treat = np.zeros((2, 24))
    >>> treat[0, 18:] = 1
    >>> y = np.where(treat > 0, 8.0, 10.0)
    >>> fit_wdd(make_study(y, treat), adjusted=False).estimate.tolist()
    [-12.0]
    """
    flag = isinstance(adjusted, bool | np.bool_)
    faults = [] if flag else [f"adjusted is {adjusted!r}; it takes True or False."]
    check_given("fit_wdd", study, faults, level=level)
    after = np.asarray(study.treat.any(axis=(0, 1)))
    used = study.used.all(axis=0)
    early, late = study.before & used, after & used
    arm = study.arm
    why = ""
    if not (study.treat == arm[:, :, None] * after).all() or (after == study.before).any():
        why = ("the difference takes one start, with all treated places treated from it to the "
               "end; here they are not")  # fmt: skip
    elif not early.any() or not late.any():
        why = "there is no whole period before the start, or none after it"
    elif not (arm.any(axis=1) & (~arm).any(axis=1)).all():
        why = "there is no treated place, or none to compare with"
    least = min(arm.sum(axis=1).min(), (~arm).sum(axis=1).min())
    if not why and adjusted and early.sum() < LEAST_PERIODS and least < LEAST_PLACES:
        why = (f"{int(early.sum())} periods before the start and {int(least)} places in an arm are "
               f"too few to learn how much counts vary: {LEAST_PERIODS} periods or {LEAST_PLACES} "
               "places are needed")  # fmt: skip
    if why:
        return refuse(study, why, ratio=False)
    contrast, how = _baseline(study, early, late)
    share = np.stack([arm * 1.0, ~arm * -(arm.sum(axis=1) / (~arm).sum(axis=1))[:, None]], axis=1)
    change, noise = study.y @ contrast, study.y @ contrast**2
    estimate = (share.sum(axis=1) * change).sum(axis=1)
    variance = (share.sum(axis=1) ** 2 * noise).sum(axis=1)
    df: ArrayLike = np.inf
    if adjusted:
        poisson = variance
        variance, df, wider = _allowed(study, share, change, poisson, early)
        spread = np.divide(variance, poisson, out=np.ones_like(poisson), where=poisson > 0)
        moved, further, times = _in_shares(study, share, contrast, noise, spread)
        alike = (times <= MOST_TIMES) & (times >= 1 / MOST_TIMES)
        if not alike.any():
            return refuse(study, f"the treated places had {times[0]:.1f} times the incidents of as "
                          "many comparison places: so unlike, numbers say little, read the ratio",
                          ratio=False)  # fmt: skip
        variance = np.where(alike, variance + further, np.nan)
        how = f"{how}; {wider}"
        if len(further) == 1 and further[0] > 0.1 * variance[0]:
            how += (f"; widened, for had all places changed in the same share, and not by the "
                    f"same number, the answer would move by {moved[0]:+,.0f}")  # fmt: skip
    se = np.sqrt(np.where(variance > 0, variance, np.nan))
    wide = quantile(df, level) * se
    chance = how if adjusted else f"{how}; counts taken to vary by chance alone"
    return Batch(np.where(np.isnan(se), np.nan, estimate), estimate - wide, estimate + wide,
                 two_sided(estimate / se, df), False, chance)  # fmt: skip


def _baseline(
    study: Study, early: NDArray[np.bool_], late: NDArray[np.bool_]
) -> tuple[Floats, str]:
    """Set the time after the start against that before it; say how."""
    season = next((n for n, low, high in _SEASONS
                   if ((study.days >= low) & (study.days <= high)).all()), 0)  # fmt: skip
    contrast, matched = contrasts(early, late, study.days, season)
    how = f"against {'the same periods of the years' if matched else 'all periods'} before"
    rest = early & ~study.chosen
    if study.redraw is None and rest.any() and (early & study.chosen).any():
        other, still = contrasts(rest, late, study.days, season)
        if still == matched and rest.sum() >= min(LEAST_PERIODS, early.sum()):
            contrast = other
            how += ", those left out that the places were chosen for"
    return contrast.sum(axis=0), how


def _in_shares(
    study: Study, share: Floats, contrast: Floats, noise: Floats, spread: Floats
) -> tuple[Floats, Floats, Floats]:
    """Tell how far the answer moves where a common change is one of shares, not of numbers.

    Returns that, its square beyond chance, and how many times the incidents of as many comparison
    places the treated ones had.
    """
    early, late = study.y @ -np.minimum(contrast, 0), study.y @ np.maximum(contrast, 0)
    treated, control = (share[:, 0] * early).sum(axis=1), -(share[:, 1] * early).sum(axis=1)
    later = -(share[:, 1] * late).sum(axis=1)
    grown = np.divide(later, control, out=np.ones_like(control), where=control > 0) - 1
    lever = np.divide(treated - control, control, out=np.zeros_like(control), where=control > 0)
    chance = lever**2 * spread * (share[:, 1] ** 2 * noise).sum(axis=1)
    moved = (treated - control) * grown
    return moved, np.maximum(moved**2 - chance, 0.0), lever + 1


def _allowed(
    study: Study, share: Floats, change: Floats, poisson: Floats, early: NDArray[np.bool_]
) -> tuple[Floats, Floats, str]:
    """Return the larger of two variances that allow for more than chance, its df, and words."""
    arms = share != 0
    number = arms.sum(axis=2)
    variance, df = np.zeros_like(poisson), np.full(len(poisson), np.inf)
    said = []
    if early.sum() >= LEAST_PERIODS:
        sums = np.stack([np.where(arms[:, k, :, None], study.y[:, :, early], 0.0).sum(axis=1)
                         for k in (0, 1)], axis=1)  # fmt: skip
        mean = sums.sum(axis=2, keepdims=True) * sums.sum(axis=1, keepdims=True)
        mean = mean / np.maximum(sums.sum(axis=(1, 2), keepdims=True), 1e-300)
        terms = np.divide((sums - mean) ** 2, mean, out=np.zeros_like(mean), where=mean > 0)
        free = float(early.sum() - 1)
        phi = np.maximum(terms.sum(axis=(1, 2)) / free, 1.0)
        variance, df = poisson * phi, np.full(len(poisson), free)
        times = f" ({phi[0]:.1f} times as much as chance)" if len(phi) == 1 else ""
        said.append(f"how much the sums of both arms varied before the start{times}")
    if number.min() >= LEAST_PLACES:
        own = np.where(arms, change[:, None, :], 0.0)
        apart = np.where(arms, own - own.sum(axis=2, keepdims=True) / number[..., None], 0.0)
        parts = (apart**2 * share**2).sum(axis=2) * number / (number - 1)
        places = parts.sum(axis=1)
        welch = places**2 / np.maximum((parts**2 / (number - 1)).sum(axis=1), 1e-300)
        larger = places > variance
        variance, df = np.where(larger, places, variance), np.where(larger, welch, df)
        said.append("how differently the places of an arm changed")
    return variance, df, f"errors from {', or if larger '.join(said)}; Student's t"
