"""The power of one trial: simulated, analysed by the very estimator, and read off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from ..impact.randomised import fit_randomised
from ..impact.rules import ImpactRules
from ..impact.study import make_study
from .worlds import Frame, draw_counts, thin

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..impact.estimators import Estimator
    from ..impact.study import Batch, Study
    from .baseline import Baseline
    from .power_rules import PowerRules

    Floats = NDArray[np.float64]


def estimators() -> dict[str, Estimator]:
    """Give every estimator by its name, loaded only now.

    Returns
    -------
    dict of Estimator

    Examples
    --------
    >>> "randomisation" in estimators()
    True
    """
    from ..impact.estimators import ESTIMATORS

    return ESTIMATORS


@dataclass(frozen=True)
class Scenario:
    """A trial as it might be.

    Attributes
    ----------
    design : str
    weeks : float
    frame : Frame
    sites : ndarray of int, shape (k,)
        Which sites of the baseline.
    block : ndarray of int, shape (k,)
    cell : ndarray of int, shape (k, T), or None
        What a count is compared within; its site when absent.
    used : ndarray of bool, shape (k, T), or None
        Days that count, not wash-out; all when absent.
    redraw : callable
        ``redraw(draws, rng)``: treatments as the design draws them, shape (draws, k, T).
    """

    design: str
    weeks: float
    frame: Frame
    sites: NDArray[np.intp]
    block: NDArray[np.int64]
    cell: NDArray[np.int64] | None
    used: NDArray[np.bool_] | None
    redraw: Callable[[int, np.random.Generator], Any]


@dataclass(frozen=True)
class Curve:
    """What the simulated trials found, effect by effect; the first effect is none.

    Attributes
    ----------
    effects : ndarray, shape (E,)
        Change under treatment delivered in full, as a share; 0 first.
    found : ndarray of int, shape (E,)
        Trials that found a fall; for no effect, any difference.
    answered : ndarray of int, shape (E,)
        Trials in which the estimator gave an answer.
    sims : int
    spread : float
        Standard deviation of the estimates with no effect.
    refused : str
        Why the estimator gives no answer at all.
    incidents : float
        Expected over the trial at all its sites without patrols.
    treated : float
        Site-days under treatment.
    """

    effects: Floats
    found: NDArray[np.int64]
    answered: NDArray[np.int64]
    sims: int
    spread: float
    refused: str
    incidents: float
    treated: float

    def share(self, level: float = 0.95) -> tuple[Floats, Floats, Floats]:
        """Power at each effect and its Monte Carlo interval (Wilson's)."""
        z = NormalDist().inv_cdf(0.5 + level / 2)
        share, n = self.found / self.sims, self.sims
        middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
        half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + (z / (2 * n)) ** 2)
        low, high = np.round(middle - half, 12), np.round(middle + half, 12)
        return share, np.clip(low, 0, 1) + 0.0, np.clip(high, 0, 1)


def run_trials(
    base: Baseline,
    scenario: Scenario,
    effects: Floats,
    estimator: str,
    rules: PowerRules,
    tick: Callable[[], Any] = lambda: None,
) -> Curve:
    """Simulate a trial again and again at each effect, and analyse every one.

    Parameters
    ----------
    base : Baseline
    scenario : Scenario
    effects : ndarray, shape (E,)
        Shares below 0; no effect is added before them.
    estimator : str
        A name of ``hotspots.impact.ESTIMATORS``.
    rules : PowerRules
    tick : callable
        Called after each effect.

    Returns
    -------
    Curve

    Notes
    -----
    The same counts without patrols and the same lots serve every effect, so that the curve is
    smooth. A trial finds a fall where p is at most 1 less ``rules.level`` and the estimate is
    below none.
    """
    rng = np.random.default_rng([rules.seed, len(scenario.sites), round(scenario.weeks * 7)])
    quiet = draw_counts(base, scenario.frame, scenario.sites, rules.sims, rng)
    treat = np.asarray(scenario.redraw(rules.sims, rng), dtype=float)
    dose = treat * rules.delivered
    dose = dose + (1 - treat) * scenario.frame.after * rules.contaminated
    asked = np.append(0.0, effects)
    found, answered = np.zeros(len(asked), np.int64), np.zeros(len(asked), np.int64)
    spread, refused = np.nan, ""
    for k, effect in enumerate(asked):
        y = quiet if effect == 0 else thin(quiet, dose, 1 + effect * (1 - rules.displaced), rng)
        batch = _fit(_study(scenario, y, treat), estimator, rules)
        refused = refused or batch.refused
        sure = batch.p <= 1 - rules.level + 1e-12
        answered[k] = np.isfinite(batch.p).sum()
        found[k] = (sure & ((batch.estimate < 0) | (effect == 0))).sum()
        if effect == 0 and answered[k] > 1:
            spread = float(np.nanstd(batch.estimate, ddof=1))
        tick()
    during = quiet[:, :, scenario.frame.after]
    return Curve(
        asked, found, answered, rules.sims, spread, refused,
        float(during.sum(axis=(1, 2)).mean()),
        float((treat * scenario.frame.days).sum(axis=(1, 2)).mean()),
    )  # fmt: skip


def _study(scenario: Scenario, y: Floats, treat: Floats) -> Study:
    return make_study(
        y, treat, days=scenario.frame.days, used=scenario.used, cell=scenario.cell,
        block=scenario.block, redraw=scenario.redraw,
    )  # fmt: skip


def _fit(study: Study, estimator: str, rules: PowerRules) -> Batch:
    if estimator == "randomisation":  # power needs no interval
        return fit_randomised(study, level=rules.level, seed=rules.seed, draws=rules.draws,
                              interval=False)  # fmt: skip
    asked = ImpactRules(level=rules.level, draws=rules.draws, seed=rules.seed)
    return estimators()[estimator].fit(replace(study, redraw=None), asked)


def detectable_effect(
    curve: Curve, power: float, level: float = 0.95
) -> tuple[float, float, float]:
    """Read off the smallest fall that is found with the power asked for.

    Parameters
    ----------
    curve : Curve
    power : float
    level : float
        Of the Monte Carlo interval.

    Returns
    -------
    (effect, low, high) : tuple of float
        Shares below 0, the interval from the smaller fall to the larger; NaN where no effect
        simulated was found so often.

    Notes
    -----
    Between the effects simulated, probits of the power are joined by straight lines over the log
    ratio of rates.

    Examples
    --------
    >>> found = np.array([5, 20, 70, 95])
    >>> curve = Curve(np.array([0, -.1, -.2, -.3]), found, found, 100, .1, "", 900.0, 600.0)
    >>> [round(e, 3) for e in detectable_effect(curve, .8)]
    [-0.23, -0.206, -0.262]
    """
    middle, low, high = curve.share(level)
    return (_crossing(curve.effects, middle, power), _crossing(curve.effects, high, power),
            _crossing(curve.effects, low, power))  # fmt: skip


def _crossing(effects: Floats, share: Floats, power: float) -> float:
    from scipy.special import ndtri

    order = np.argsort(-effects)  # from none to the largest fall
    x = -np.log1p(effects[order])[1:]
    half = 0.5 / 1e4
    z = np.maximum.accumulate(ndtri(np.clip(share[order][1:], half, 1 - half)))
    target = ndtri(power)
    if not len(z) or z[-1] < target:
        return float("nan")
    if z[0] >= target:  # the smallest effect asked about is found: go on towards none
        slope = (z[0] - ndtri(0.025)) / x[0]
        return float(np.expm1(-(target - ndtri(0.025)) / slope))
    at = int(np.argmax(z >= target))
    part = (target - z[at - 1]) / (z[at] - z[at - 1])
    return float(np.expm1(-(x[at - 1] + part * (x[at] - x[at - 1]))))


def power_at(curve: Curve, effect: float) -> float:
    """Power at an effect between those simulated.

    Parameters
    ----------
    curve : Curve
    effect : float
        A share below 0.

    Returns
    -------
    float
        NaN beyond the largest effect simulated.

    Examples
    --------
    >>> found = np.array([5, 20, 70, 95])
    >>> curve = Curve(np.array([0, -.1, -.2, -.3]), found, found, 100, .1, "", 900.0, 600.0)
    >>> power_at(curve, -.2)
    0.7
    """
    from scipy.special import ndtr, ndtri

    order = np.argsort(-curve.effects)
    x = -np.log1p(curve.effects[order])
    share = np.maximum.accumulate(curve.found[order] / curve.sims)
    share[0] = min(share[0], (1 - 0.95) / 2)
    if -np.log1p(effect) > x[-1] + 1e-9:
        return float("nan")
    half = 0.5 / 1e4
    z = ndtri(np.clip(share, half, 1 - half))
    return float(np.round(ndtr(np.interp(-np.log1p(effect), x, z)), 6))
