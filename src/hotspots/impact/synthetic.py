"""A weighted mean of comparison places that went as the treated places did before the start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import comb
from typing import TYPE_CHECKING

import numpy as np

from ._given import check_given, whole
from ._simplex import weigh
from .study import Batch, refuse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .study import Study

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

LEAST_DONORS = 20
"""Comparison places without which there is no synthetic control."""

LEAST_PERIODS = 24
"""Periods before the start, those the places were chosen for not among them."""

_CHUNK = 300_000  # weights held at once
_FARTHEST = 6.0  # log ratio beyond which an interval has no end
_HALVINGS = 30


@dataclass(frozen=True)
class Synthetic:
    """Synthetic controls of S studies, as :func:`make_synthetic` gives them.

    Attributes
    ----------
    weights : ndarray, shape (S, n)
        Of each comparison place, 0 for treated ones; they add up to 1.
    expected : ndarray, shape (S, T)
        Incidents the treated places together would have had; NaN in periods not used.
    observed : ndarray, shape (S, T)
        What they had.
    miss : ndarray, shape (S,)
        Root mean square of observed over expected less 1, in the periods fitted.
    """

    weights: Floats
    expected: Floats
    observed: Floats
    miss: Floats


@dataclass(frozen=True)
class _Spans:
    """Which periods are fitted and compared, and the arms."""

    arm: Bools  # (S or 1, n)
    used: Bools  # (T,)
    fitted: Bools
    after: Bools


def fit_synthetic(study: Study, *, level: float = 0.95, seed: int = 0, draws: int = 999) -> Batch:
    r"""Compare the treated places, taken together, with a synthetic control.

    Parameters
    ----------
    study : Study
        With one start for all, at least :data:`LEAST_DONORS` places never treated, and at least
        :data:`LEAST_PERIODS` periods before the start that the places were not chosen for. Else
        it is refused.
    level : float
    seed : int
    draws : int
        Placebo groups of places drawn; all there are, where those are fewer.

    Returns
    -------
    Batch
        Log ratio of the incidents after the start to those of the synthetic control.

    Raises
    ------
    InputError
        Naming every fault.

    Notes
    -----
    Every place is an index :math:`x_{jt}`: its count over its own mean before the start, so that
    places of all sizes serve. The weights minimise

    .. math:: \sum_t \left(x_{1t} - \sum_j w_j x_{jt}\right)^2 + T \sum_j w_j^2 / \mu_j,
              \quad w_j \ge 0, \ \sum_j w_j = 1,

    with :math:`\mu_j` the mean count of place j [1]_. The second part is what chance adds to the
    weighted mean in T periods: without it the weights would follow chance, with nothing else they
    would be the places' shares of all incidents, which is the plain comparison of sums. Periods
    the places were chosen for are not fitted.

    Placebo groups of as many places, drawn as the design drew them or at random from all
    (within blocks where there are blocks), are fitted in the same way [2]_. p is the share of
    them whose log ratio over its misfit before the start is as far from 0; the interval holds
    every effect that, taken out of the counts, leaves p over 1 - level.

    References
    ----------
    .. [1] Abadie A., Diamond A. and Hainmueller J. (2010) Synthetic control methods for
       comparative case studies. *Journal of the American Statistical Association* 105, 493–505.
    .. [2] Firpo S. and Possebom V. (2018) Synthetic control method: inference, sensitivity
       analysis and confidence sets. *Journal of Causal Inference* 6(2).

    Examples
    --------
    >>> from hotspots.impact.study import make_study
    >>> rng = np.random.default_rng(1)
    >>> y = rng.poisson(20.0, (25, 36))
    >>> y[:3, 30:] = rng.poisson(10.0, (3, 6))
    >>> treat = np.zeros((25, 36))
    >>> treat[:3, 30:] = 1
    >>> found = fit_synthetic(make_study(y, treat, days=30.4), draws=199)
    >>> bool(np.exp(found.high[0]) < .75), bool(found.p[0] <= .01)
    (True, True)
    >>> fit_synthetic(make_study(y[:10], treat[:10], days=30.4)).refused
    '7 places were never treated; a synthetic control needs 20 to choose from'
    """
    faults = []
    if not whole(draws, 19, 99_999):
        faults.append(f"draws is {draws!r}; it must be a whole number from 19 to 99,999.")
    check_given("fit_synthetic", study, faults, level=level, seed=seed)
    spans = _spans(study)
    if isinstance(spans, str):
        return refuse(study, spans)
    rng = np.random.default_rng([seed, 2])
    n = study.y.shape[1]
    drawn, every = _placebos(study, spans.arm, draws, rng)
    answers = []
    step = max(1, _CHUNK // (n * (len(drawn[0]) + 1)))
    for s in range(0, len(study.y), step):
        some = slice(s, s + step)
        arm = np.broadcast_to(spans.arm, study.y.shape[:2])[some, None]
        others = np.stack([drawn[i] for i in _which(len(drawn), s, min(s + step, len(study.y)))])
        groups = np.concatenate([arm, others], axis=1)
        answers.append(_answer(study.y[some], groups, spans, study.days, level))
    estimate, low, high, p = (np.concatenate(part) for part in zip(*answers, strict=True))
    many = f"{len(drawn[0]):,} other groups of {int(spans.arm.sum(axis=1).max())} places"
    chance = (
        "every other place taken as if it had been treated, with weights of its own"
        if every
        else f"{many} taken as if they had been treated, each with weights of its own"
    )
    return Batch(estimate, low, high, p, ratio=True, chance=chance)


def make_synthetic(study: Study) -> Synthetic:
    """Weigh the comparison places, and tell what the treated ones were expected to have.

    Parameters
    ----------
    study : Study
        One that :func:`fit_synthetic` does not refuse.

    Returns
    -------
    Synthetic

    Raises
    ------
    ValueError
        Where the study is refused.

    Examples
    --------
    >>> from hotspots.impact.study import make_study
    >>> y = np.random.default_rng(1).poisson(20.0, (25, 36))
    >>> treat = np.zeros((25, 36))
    >>> treat[:3, 30:] = 1
    >>> made = make_synthetic(make_study(y, treat, days=30.4))
    >>> made.weights.sum().round(6).item(), made.expected.shape
    (1.0, (1, 36))
    """
    spans = _spans(study)
    if isinstance(spans, str):
        raise ValueError(spans)
    arm = np.broadcast_to(spans.arm, study.y.shape[:2])
    groups = arm[:, None].astype(float)
    weights, index, own, mean = _fitted(study.y, groups, spans, study.days)
    held = (groups * mean[:, None]).sum(axis=2)  # a day, all of the group
    expected = (weights @ index)[:, 0] * held * study.days
    observed = (groups @ study.y)[:, 0]
    miss = _miss(weights, own, index, spans.fitted)[:, 0]
    blank = np.where(spans.used, 0.0, np.nan)
    return Synthetic(weights[:, 0], expected + blank, observed + blank, miss)


def _spans(study: Study) -> _Spans | str:
    """Arms and periods, or why there can be no synthetic control."""
    arm, before = study.arm, study.before
    n = arm.shape[1]
    donors = int((n - arm.sum(axis=1)).min())
    if (study.cell != np.arange(n)[:, None]).any():
        return (
            "places were treated on some days and not on others; a synthetic control takes "
            "one start for good"
        )
    if not arm.any(axis=1).all():
        return "no place was treated"
    if donors < LEAST_DONORS:
        return (
            f"{donors} places were never treated; a synthetic control needs {LEAST_DONORS} to "
            "choose from"
        )
    used = np.asarray(study.used.all(axis=0))
    on = (study.treat > 0) == arm[:, :, None]
    after = used & ~before & np.asarray(on.all(axis=(0, 1)))
    fitted = used & before & ~study.chosen
    if not after.any():
        return "no period has all treated places under treatment at once, and the others not"
    if fitted.sum() < LEAST_PERIODS:
        less = ", those the places were chosen for not counted" if study.chosen.any() else ""
        return (
            f"{int(fitted.sum())} periods before the start are recorded{less}; a synthetic "
            f"control needs {LEAST_PERIODS}"
        )
    return _Spans(arm, used, fitted, after)


def _placebos(
    study: Study, arm: Bools, draws: int, rng: np.random.Generator
) -> tuple[list[Bools], bool]:
    """Placebo groups for each study (or one set for all), and whether these are all there are."""
    n = arm.shape[1]
    if study.redraw is not None:
        drawn = np.asarray(study.redraw(draws, rng)).any(axis=2)
        return [drawn.astype(bool)], False
    if (arm.sum(axis=1) == 1).all():  # one place: every other is a placebo
        one = np.eye(n, dtype=bool)
        return [one[~row] for row in arm], True
    found = []
    for row in arm:
        size = int(row.sum())
        lots = rng.random((min(draws, comb(n, size) - 1), n))
        key = lots + 2.0 * study.block  # within each block as many as it had
        order = np.argsort(key, axis=1)
        quota = np.bincount(study.block, weights=row, minlength=study.block.max() + 1)
        sorted_block = np.sort(study.block)
        first = np.searchsorted(sorted_block, sorted_block)
        take = np.arange(n) - first < quota[sorted_block]
        group = np.zeros(lots.shape, dtype=bool)
        np.put_along_axis(group, order, np.broadcast_to(take, lots.shape), axis=1)
        found.append(group)
    return found, False


def _which(sets: int, first: int, end: int) -> range | list[int]:
    """Tell which set of placebos each study takes."""
    return [0] * (end - first) if sets == 1 else range(first, end)


def _fitted(
    y: Floats, groups: Floats, spans: _Spans, days: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """Weights (B, R, n), indices of places (B, n, T) and groups (B, R, T), and means a day."""
    fitted = spans.fitted
    mean = y[:, :, fitted].sum(axis=2) / days[fitted].sum()
    known = mean > 0
    rate = y / days
    index = np.where(known[..., None], rate / np.where(known, mean, 1.0)[..., None], 0.0)
    pool = rate.sum(axis=1, keepdims=True) / np.maximum(mean.sum(axis=1), 1e-300)[:, None, None]
    share = groups * mean[:, None]
    share = share / np.maximum(share.sum(axis=2, keepdims=True), 1e-300)
    own = share @ index
    # weights add up to 1: taking the pool out of all indices changes nothing, and they are small
    apart = (index - pool)[:, :, fitted] * known[..., None]
    size = mean * days[fitted].mean()
    allowed = (groups == 0) & known[:, None]
    weights = weigh(apart, share, size, allowed, float(fitted.sum()))
    return weights, index, own, mean


def _miss(weights: Floats, own: Floats, index: Floats, fitted: Bools) -> Floats:
    """Root mean square of the index less its synthetic one, over the periods fitted."""
    rest = own[..., fitted] - weights @ index[..., fitted]
    miss: Floats = np.sqrt((rest**2).mean(axis=-1))
    return miss


def _answer(
    y: Floats, groups: Bools, spans: _Spans, days: Floats, level: float
) -> tuple[Floats, Floats, Floats, Floats]:
    """Estimate, interval and p of some studies; the first group of each is the one treated."""
    share = groups.astype(float)
    weights, index, own, mean = _fitted(y, share, spans, days)
    miss = np.maximum(_miss(weights, own, index, spans.fitted), 1e-9)
    held = np.maximum((share * mean[:, None]).sum(axis=2), 1e-300)
    later = y[:, :, spans.after].sum(axis=2) / days[spans.after].sum()  # a day
    over = np.where(mean > 0, later / np.where(mean > 0, mean, 1.0), 0.0)
    least = 0.5 / days[spans.after].sum()  # half an incident, where a placebo had none
    treated = share[:, :1]  # (B, 1, n)

    # what is free of an effect β is what the places not treated had, and e^-β of the others
    on, off = share * treated, share * (1 - treated)
    own_on, own_off = (np.einsum("brn,bn->br", s, later) for s in (on, off))
    syn_on, syn_off = (np.einsum("brn,bn->br", weights * s, over) for s in (treated, 1 - treated))

    def ratios(beta: Floats) -> Floats:
        free = np.exp(-beta)[:, None]
        had = np.maximum(free * own_on + own_off, least) / held
        return np.asarray(np.log(had / np.maximum(free * syn_on + syn_off, 1e-12)))

    def chance(beta: Floats) -> Floats:
        far = np.abs(ratios(beta)) / miss
        return np.asarray((far >= far[:, :1] - 1e-12).mean(axis=1))

    zero = np.zeros(len(y))
    counted = (own_on[:, 0] > 0) & (syn_off[:, 0] > 0) & (treated[:, 0] * mean).any(axis=1)
    estimate = np.where(counted, ratios(zero)[:, 0], 0.0)
    p = chance(zero)
    ends = [_end(chance, estimate, sign * miss[:, 0], 1 - level) for sign in (-1.0, 1.0)]
    return tuple(np.where(counted, v, np.nan) for v in (estimate, *ends, p))  # type: ignore[return-value]


def _end(
    chance: Callable[[Floats], Floats], estimate: Floats, step: Floats, alpha: float
) -> Floats:
    """Find where an effect no longer fits, away from the estimate in steps that double."""
    near, far = estimate.copy(), estimate + step
    for _ in range(40):
        fits = (chance(far) > alpha + 1e-12) & (np.abs(far - estimate) < _FARTHEST)
        if not fits.any():
            break
        near = np.where(fits, far, near)
        far = np.where(fits, estimate + 2 * (far - estimate), far)
    endless = np.abs(far - estimate) >= _FARTHEST
    for _ in range(_HALVINGS):
        middle = (near + far) / 2
        fits = chance(middle) > alpha + 1e-12
        near, far = np.where(fits, middle, near), np.where(fits, far, middle)
    end: Floats = np.where(endless, np.sign(step) * np.inf, far)
    return end
