"""Interrupted series: the break in the treated places' sum where treatment began."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ._given import check_given
from ._words import counted
from .study import Batch, refuse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .study import Study

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

LEAST_BEFORE = 24
"""Periods before the start that a trend, a season and their chance are learnt from."""

LEAST_AFTER = 3
"""Periods after it."""

LEAST_YEARS = 1.9
"""Years before the start, under which a season of the treated places alone looks like a break."""

_FEW = 20  # incidents on either side of the start
_ROUNDS = 40


def fit_interrupted(study: Study, *, level: float = 0.95, comparator: bool = True) -> Batch:
    r"""Find the break in the sum of the treated places, against that of the comparison places.

    Parameters
    ----------
    study : Study
        Treatment begins everywhere on one day and is never off again.
    level : float
    comparator : bool
        False looks at the treated places alone: what is found is then *the change* at the start,
        whatever made it, and nobody's doing.

    Returns
    -------
    Batch
        Log ratio of the rate after the start to what level, trend and season before it lead one
        to expect, the mean over all that comes after.

    Raises
    ------
    InputError
        If the level is not between .5 and .999.

    Notes
    -----
    Of the incidents of a period, :math:`T_t` of :math:`N_t` happened at treated places. With
    :math:`m` the middle of the time after the start [1]_,

    .. math:: \text{logit}\, E(T_t / N_t) = a + b t + s(t) + \beta\, \text{after}_t +
              \gamma\, \text{after}_t (t - m),

    so that whatever both arms share in a period (season, weather, recording) is gone, as in
    Poisson regression of two arms with an effect of each period. :math:`s` is one wave a year: the
    arms may have different seasons. Alone, log E(T) has a level, a trend, two waves a year, the
    break and the change of slope. :math:`\beta` is the change of level plus that of slope up to m.

    Dispersion is Pearson's χ² over its expectation. Errors follow a first-order autocorrelation
    estimated from the residuals less what fitted columns alone give them, used where it is above
    :math:`1/\sqrt{T}`; Student's t. Newey-West errors are not used: they called no effect an
    effect in 11 to 29 of 100 series of 30 to 48 months.

    One sum has no places: it cannot see that places drift. With a permanent change of each place's
    own (standard deviation of 20%), or with counts of weeks that carry over at each place
    (autocorrelation of .5), it is wrong in about one study of ten; errors by place see it.
    Refused under 24 periods or 1.9 years before the start, and under 3 periods after.

    References
    ----------
    .. [1] Lopez Bernal, Cummins and Gasparrini (2018), The use of controls in interrupted time
       series studies of public health interventions, International Journal of Epidemiology 47(6),
       2082-2093.

    Examples
    --------
    >>> from hotspots.impact.study import make_study
    >>> rng = np.random.default_rng(1)
    >>> treat = np.zeros((2, 36))
    >>> treat[0, 24:] = 1
    >>> study = make_study(rng.poisson(200 * np.exp(-0.2 * treat)), treat, days=30.4)
    >>> found = fit_interrupted(study)
    >>> np.exp([found.low, found.estimate, found.high]).round(2).ravel().tolist()
    [0.76, 0.84, 0.92]
    """
    check_given("fit_interrupted", study, level=level)
    arms = _arms(study, comparator)
    if isinstance(arms, str):
        return refuse(study, arms)
    fit = _fit(arms)
    return _batch(fit, arms, level)


def interrupted_series(study: Study, *, comparator: bool = True) -> pd.DataFrame:
    """List the counts of the arms by period, and what was to be expected of the treated places.

    Parameters
    ----------
    study : Study
        One study, as :func:`fit_interrupted` takes it.
    comparator : bool

    Returns
    -------
    DataFrame
        ``period`` (its number), ``after``, ``treated`` and ``control`` (incidents), ``fitted``
        and ``expected``: incidents of the treated places by the regression with and without the
        break. Empty where the study is refused.

    Examples
    --------
    >>> from hotspots.impact.study import make_study
    >>> treat = np.zeros((2, 36))
    >>> treat[0, 24:] = 1
    >>> study = make_study(np.full((2, 36), 50) - 10 * treat, treat, days=30.4)
    >>> interrupted_series(study).tail(1)[["treated", "expected"]].round(1).values.tolist()
    [[40.0, 50.0]]
    """
    check_given("interrupted_series", study, one=True)
    arms = _arms(study, comparator)
    columns = ["period", "after", "treated", "control", "fitted", "expected"]
    if isinstance(arms, str):
        return pd.DataFrame({c: pd.Series(dtype=float) for c in columns})
    fit = _fit(arms)
    break_ = fit.x[:, 1:3] @ fit.coef[0, 1:3]
    odds = np.exp(fit.eta[0] - break_)
    if arms.control is None:
        expected = odds * arms.days
        fitted = np.exp(fit.eta[0]) * arms.days
        control = np.full(len(arms.days), np.nan)
    else:
        control = arms.control[0]
        expected = odds * control
        fitted = np.exp(fit.eta[0]) * control
    return pd.DataFrame({
        "period": arms.period, "after": arms.after, "treated": arms.treated[0],
        "control": control, "fitted": fitted, "expected": expected,
    })  # fmt: skip


@dataclass(frozen=True)
class _Arms:
    """Sums of the arms over the periods that all places have."""

    treated: Floats  # (S, T)
    control: Floats | None  # (S, T)
    after: Bools  # (T,)
    days: Floats  # (T,)
    years: Floats  # (T,): middle of the period
    period: NDArray[np.int64]  # (T,)


def _arms(study: Study, comparator: bool) -> _Arms | str:
    """Sum the arms, or say why the series cannot be read."""
    if len(study.treat) > 1 and (study.treat != study.treat[:1]).any():
        return _each(study, comparator)
    on = study.treat[0] > 0
    arm = study.arm[0]
    held = np.asarray(study.used[arm | comparator].all(axis=0))
    if not arm.any():
        return "No place was treated."
    if comparator and arm.all():
        return "There is no comparison place; alone, the series shows a change and not its cause."
    if (on[arm][:, held] != on[arm][:1, held]).any():
        return "Treatment began at different times, so the series has no one break."
    after = on[arm][0]
    if (np.diff(after[held].astype(int)) < 0).any():
        return "Treatment came and went, so the series has no one break."
    middle = (np.cumsum(study.days) - study.days / 2) / 365.25
    years = float(study.days[held & ~after].sum()) / 365.25
    few = []
    if (n := int((held & ~after).sum())) < LEAST_BEFORE:
        few.append(f"{counted(n, 'period')} before the start; {LEAST_BEFORE} are needed")
    if years < LEAST_YEARS:
        few.append(f"{years:.1f} years before it; two are needed, for with less a season of the "
                   "treated places looks like a break")  # fmt: skip
    if (n := int((held & after).sum())) < LEAST_AFTER:
        few.append(f"{counted(n, 'period')} after it; {LEAST_AFTER} are needed")
    if few:
        return f"Too short a series: {'; '.join(few)}."
    treated = study.y[:, arm].sum(axis=1)[:, held]
    control = study.y[:, ~arm].sum(axis=1)[:, held] if comparator else None
    return _Arms(treated, control, after[held], study.days[held], middle[held],
                 np.flatnonzero(held))  # fmt: skip


def _each(study: Study, comparator: bool) -> _Arms | str:
    """Sum the arms of studies whose treated places differ; the start has to be the same."""
    first = type(study)(
        study.y[:1], study.treat[:1], study.days, study.used, study.cell, study.block, None,
        study.chosen,
    )  # fmt: skip
    arms = _arms(first, comparator)
    if isinstance(arms, str):
        return arms
    on = study.treat > 0
    after = np.asarray(on.any(axis=1))
    whole = (on == (study.arm[:, :, None] & after[:, None])).all()
    if not whole or (after != after[:1]).any():
        return "Treatment began at different times, so the series has no one break."
    y = study.y[:, :, arms.period]
    treated = np.einsum("snt,sn->st", y, study.arm.astype(float))
    control = y.sum(axis=1) - treated if comparator else None
    return _Arms(treated, control, arms.after, arms.days, arms.years, arms.period)


@dataclass(frozen=True)
class _Fit:
    x: Floats  # (T, p): level, break, change of slope, trend, waves
    coef: Floats  # (S, p)
    eta: Floats  # (S, T)
    error: Floats  # (S,): of the break
    df: int
    rho: Floats  # (S,)


def _fit(arms: _Arms) -> _Fit:
    x = _columns(arms)
    if arms.control is None:
        coef, eta, weight, residual = _regress(arms.treated, None, x, np.log(arms.days))
    else:
        total = arms.treated + arms.control
        coef, eta, weight, residual = _regress(arms.treated, total, x, np.zeros(len(x)))
    periods, p = x.shape
    root = x * np.sqrt(weight)[..., None]
    bread = np.linalg.pinv(np.swapaxes(root, 1, 2) @ root, hermitian=True)
    hat = root @ bread @ np.swapaxes(root, 1, 2)
    rest = np.eye(periods) - hat  # (S, T, T)
    square = (residual**2).sum(axis=1)
    beside = np.einsum("st,st->s", residual[:, 1:], residual[:, :-1])
    plain = np.einsum("stt->s", rest[:, 1:, :-1]) / np.einsum("stt->s", rest)
    with np.errstate(divide="ignore", invalid="ignore"):
        rho = np.nan_to_num((beside / square - plain) / (1 + plain))
    rho = np.where(rho > 1 / np.sqrt(periods), np.minimum(rho, 0.9), 0.0)
    lag = np.abs(np.subtract.outer(np.arange(periods), np.arange(periods)))
    shape = rho[:, None, None] ** lag
    spread = square / np.einsum("stu,sut->s", rest, shape)
    lever = np.einsum("sp,stp->st", bread[:, 1], root)
    error = np.sqrt(spread * np.einsum("st,stu,su->s", lever, shape, lever))
    return _Fit(x, coef, eta, error, periods - p, rho)


def _columns(arms: _Arms) -> Floats:
    after = arms.after.astype(float)
    t = arms.years - np.average(arms.years, weights=after * arms.days)
    turn = 2 * np.pi * arms.years
    waves = (1,) if arms.control is not None else (1, 2)
    return np.column_stack([
        np.ones(len(t)), after, after * t, t,
        *(wave(k * turn) for k in waves for wave in (np.cos, np.sin)),
    ])  # fmt: skip


def _regress(
    y: Floats, total: Floats | None, x: Floats, offset: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """Fit by reweighted least squares: binomial with totals, else Poisson; last Pearson's rest."""
    eta = np.log(y + 0.5) - offset if total is None else np.log((y + 0.5) / (total - y + 0.5))
    coef = np.zeros((len(y), x.shape[1]))
    for _ in range(_ROUNDS):
        if total is None:
            mean = np.exp(np.clip(eta + offset, -50, 50))
            weight = np.maximum(mean, 1e-10)
        else:
            share = 1 / (1 + np.exp(-np.clip(eta, -30, 30)))
            mean = total * share
            weight = np.maximum(mean * (1 - share), 1e-10)
        target = eta + (y - mean) / weight
        info = np.einsum("tp,st,tq->spq", x, weight, x)
        new = np.linalg.solve(info, ((weight * target) @ x)[..., None])[..., 0]
        moved = np.abs(new - coef).max(initial=0.0)
        coef = new
        eta = coef @ x.T
        if moved < 1e-10:
            break
    return coef, eta, weight, (y - mean) / np.sqrt(weight)


def _batch(fit: _Fit, arms: _Arms, level: float) -> Batch:
    from scipy.special import stdtr, stdtrit

    after = arms.after
    counts = [arms.treated[:, after], arms.treated[:, ~after]]
    if arms.control is not None:
        counts += [arms.control[:, after], arms.control[:, ~after]]
    enough = np.min([c.sum(axis=1) for c in counts], axis=0) >= _FEW
    beta = np.where(enough, fit.coef[:, 1], np.nan)
    error = np.where(enough, fit.error, np.nan)
    if not enough.any():
        none = np.full(len(beta), np.nan)
        return Batch(none, none, none, none, True, "",
                     f"Under {_FEW} incidents in an arm before or after the start.")  # fmt: skip
    reach = stdtrit(fit.df, 0.5 + level / 2) * error
    p = 2 * stdtr(fit.df, -np.abs(beta / error))
    said = (f"sums of the arms over {len(after):,} periods, dispersion and autocorrelation allowed "
            "for; places that drift each on their own are not")  # fmt: skip
    if arms.control is None:
        said = (f"sum of the places over {len(after):,} periods, trend and season allowed for: the "
                "change, whatever made it")  # fmt: skip
    return Batch(beta, beta - reach, beta + reach, p, True, said)
