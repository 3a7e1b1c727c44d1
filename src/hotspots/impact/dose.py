"""What was delivered, and the effect of each bit of it with the lot as instrument."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import InputError
from ._drawn import halve, interval_end
from ._effects import sums
from ._given import check_given, whole
from ._words import LEAST, interval, moved
from .randomised import _draw, _Lots, _Null, fit_randomised
from .study import Batch, make_study, refuse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .counts import PlaceCounts
    from .rules import ImpactRules
    from .study import Study

    Floats = NDArray[np.float64]

UNIT_MIN = 15.0
"""Minutes a day to which an effect of the dose is told: one visit."""

KNOWN = 0.5
"""Share of the days of a period whose minutes must be known."""

_FARTHEST = 4.0  # log ratio at the usual dose beyond which an interval has no end


def fit_dose(
    study: Study, dose: Any, *, level: float = 0.95, seed: int = 0, draws: int = 4999
) -> Batch:
    r"""Estimate the effect of each unit of a dose, with the drawn assignment as instrument.

    Parameters
    ----------
    study : Study
        With ``redraw``: the treatment was drawn by lot.
    dose : array_like, shape (n, T) or (S, n, T)
        What was delivered, 0 or more; NaN where not known, which is then not used.
    level : float
    seed : int
    draws : int

    Returns
    -------
    Batch
        Log ratio per unit of dose. An end is infinite where no effect so far out can be ruled
        out, as where the lot moved the dose little; no estimate where it moved it not at all.

    Raises
    ------
    InputError
        Naming every fault: a dose that does not go with the counts, or is negative.

    Notes
    -----
    Officers go where trouble is, so places with more delivered have more incidents for that
    reason: incidents are never regressed on the dose. What is assumed is that being drawn moves
    incidents by way of the dose alone, and that each unit does the same,
    :math:`E[y_{it}] = \lambda_{it} e^{\gamma d_{it}}`. At the true γ the counts freed of it,
    :math:`y_{it} e^{-\gamma d_{it}}`, have nothing to do with the lot. The estimate is the γ at
    which treatment and freed counts are unrelated; p and interval come from drawing the lot again
    with every γ in question, as Anderson and Rubin do [1]_ [2]_, and hold however little the lot
    moved the dose.

    References
    ----------
    .. [1] Anderson T. W. and Rubin H. (1949) Estimation of the parameters of a single equation in
       a complete system of stochastic equations. *Annals of Mathematical Statistics* 20, 46–63.
    .. [2] Imbens G. W. and Rosenbaum P. R. (2005) Robust, accurate confidence intervals with a
       weak instrument. *Journal of the Royal Statistical Society A* 168, 109–126.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> def lot(draws, rng):
    ...     treat = np.zeros((draws, 30, 8))
    ...     treat[:, :, 4:] = (np.argsort(rng.random((draws, 30)), axis=1) < 15)[..., None]
    ...     return treat
    >>> treat = lot(1, rng)[0]
    >>> dose = treat * rng.uniform(0.5, 1.5, treat.shape)
    >>> y = rng.poisson(40 * np.exp(-0.3 * dose))
    >>> found = fit_dose(make_study(y, treat, redraw=lot), dose, draws=199)
    >>> bool(found.low[0] < -0.3 < found.high[0]), bool(found.p[0] < 0.05)
    (True, True)
    """
    faults = []
    if not whole(draws, 19, 99_999):
        faults.append(f"draws is {draws!r}; it must be a whole number from 19 to 99,999.")
    check_given("fit_dose", study, faults, level=level, seed=seed)
    given = _dose(study, dose)
    if study.redraw is None:
        return refuse(study, (
            "the assignment was not drawn by lot, so nothing tells the effect of the patrols from "
            "what sent the patrols there"
        ))  # fmt: skip
    known = np.asarray(np.isfinite(given).all(axis=0))
    used = study.used & known
    study = make_study(
        np.where(used, study.y, np.nan), study.treat, days=study.days, used=used, cell=study.cell,
        block=study.block, redraw=study.redraw, chosen=study.chosen,
    )  # fmt: skip
    given = np.where(used, given, 0.0)
    plain = fit_randomised(study, level=level, seed=seed, draws=draws)
    if plain.refused:
        return refuse(study, plain.refused)
    lots = _draw(study, draws, np.random.default_rng([seed, 2]))  # those of fit_randomised
    null = _Null.of(study, lots)
    parts = []
    for s in range(len(study.y)):
        treat = study.treat[s if len(study.treat) > 1 else 0]
        parts.append(
            _instrument(study.y[s], treat, given[s % len(given)], study.block, lots, null, level)
        )
    estimate, low, high, p = (np.array(part) for part in zip(*parts, strict=True))
    if np.isnan(estimate).all():
        return refuse(study, (
            "the lot moved what was delivered too little to tell what the delivered minutes did"
        ))  # fmt: skip
    chance = (f"the treatment drawn again {draws:,} times as the trial drew it, for every effect "
              "of the dose in question")  # fmt: skip
    return Batch(estimate, low, high, p, ratio=True, chance=chance)


def _dose(study: Study, dose: Any) -> Floats:
    """Dose as (S or 1, n, T), or one error with every fault."""
    try:
        given = np.asarray(dose, dtype=float)
    except (TypeError, ValueError):
        raise InputError("fit_dose", ["dose holds what is no number; give minutes."]) from None
    given = given[None] if given.ndim == 2 else given
    if given.shape[1:] != study.y.shape[1:] or len(given) not in (1, len(study.y)):
        raise InputError("fit_dose", [
            f"dose has shape {np.shape(dose)}; it must go with counts of {study.y.shape}."
        ])  # fmt: skip
    if (given < 0).any() or np.isinf(given).any():
        raise InputError("fit_dose", ["a dose is negative or infinite; it must be 0 or more."])
    return given


def _instrument(
    y: Floats,
    treat: Floats,
    dose: Floats,
    block: NDArray[np.int64],
    lots: _Lots,
    null: _Null,
    level: float,
) -> tuple[float, float, float, float]:
    """Estimate, interval and p of one study."""
    seen = treat[None][:, :, lots.first][:, :, lots.told]
    usual = lots.share(block)
    some = dose > 0
    usually = float(dose[some].mean()) if some.any() else 1.0

    def residual(gamma: Floats) -> Floats:
        free = y * np.exp(np.clip(-gamma[:, None, None] * dose, -100, 100))
        return np.asarray(null.residual(null.columns(free)))

    def found(gamma: Floats) -> Floats:
        return np.asarray((residual(gamma) * (seen - usual)).sum(axis=(1, 2)))

    def tails(gamma: Floats) -> tuple[Floats, Floats]:
        left = residual(gamma)
        mine, other = (left * seen).sum(axis=(1, 2)), lots.sums(left)
        slack = 1e-9 * (np.abs(mine) + 1)
        n = len(other) + 1
        return ((1 + (other <= mine + slack).sum(axis=0)) / n,
                (1 + (other >= mine - slack).sum(axis=0)) / n)  # fmt: skip

    reach = np.array([_FARTHEST / usually])
    # a single large dose makes further roots far out: the one nearest to no effect is meant
    side = 1.0 if found(np.zeros(1))[0] > 0 else -1.0
    near, far = np.zeros(1), np.array([side / 16 / usually])
    while side * found(far)[0] > 0 and abs(far[0]) < reach[0]:
        near, far = far, 2 * far
    theta = halve(lambda g: side * found(g) > 0, near, far, rounds=45)
    lower, upper = tails(np.zeros(1))
    p = float(min(1.0, 2 * min(lower[0], upper[0])))
    if np.abs(theta) >= reach * (1 - 1e-6) or not some.any():
        return np.nan, -np.inf, np.inf, p
    spread = lots.sums(residual(theta)).std(axis=0)
    step = reach / 1000
    slope = (found(theta - step) - found(theta + step)) / (2 * step)
    error = np.clip(spread / np.maximum(slope, 1e-12), reach / 5000, reach / 4)
    alpha = (1 - level) / 2
    # ends are sought in units in which the usual dose is 1
    ends = []
    for sign, tail in ((-1.0, 1), (1.0, 0)):

        def fits(gamma: Floats, tail: int = tail) -> NDArray[np.bool_]:
            return np.asarray(tails(gamma / usually)[tail] > alpha)

        ends.append(float(interval_end(fits, theta * usually, sign * error * usually)[0] / usually))
    return float(theta[0]), ends[0], ends[1], p


@dataclass(frozen=True)
class Delivered:
    """Minutes delivered at the places of a study, as :func:`fold_dosage` gives them.

    Attributes
    ----------
    minutes : ndarray, shape (n, T)
        A day, over the days known; NaN where too few are.
    notes : tuple of str
        What was assumed, to be told.
    """

    minutes: Floats
    notes: tuple[str, ...]


def fold_dosage(dosage: pd.DataFrame, places: pd.DataFrame, periods: pd.DataFrame) -> Delivered:
    """Fold what was delivered by day into the places and periods of a study.

    Parameters
    ----------
    dosage : DataFrame
        ``hotspot``, ``date`` and ``minutes`` (NaN: not known), as ``Delivery.dosage``.
    places : DataFrame
        With ``hotspot`` and ``arm``, as ``PlaceCounts.places``.
    periods : DataFrame
        With ``start``, ``end``, ``days`` and ``after``, as ``PlaceCounts.periods``.

    Returns
    -------
    Delivered

    Raises
    ------
    InputError
        Naming every fault of the table.

    Notes
    -----
    Before the start the dose is 0: what counts is what came on top. So it is at comparison places
    that the table does not name, for no visit was planned there. At treated places that it does
    not name, and in periods with under half of the days known, it is not known.

    Examples
    --------
    >>> days = pd.date_range("2025-04-01", periods=2)
    >>> table = pd.DataFrame({"hotspot": "H1", "date": days, "minutes": [20.0, 40.0]})
    >>> places = pd.DataFrame({"hotspot": ["H1", "C1"], "arm": ["treated", "control"]})
    >>> periods = pd.DataFrame({"start": days[:1], "end": days[1:] + pd.Timedelta(days=1),
    ...                         "days": [2], "after": [True]})
    >>> fold_dosage(table, places, periods).minutes.tolist()
    [[30.0], [0.0]]
    """
    table = _checked(dosage)
    edges = periods["start"].to_numpy().astype("datetime64[s]")
    ends = periods["end"].to_numpy().astype("datetime64[s]")
    day = table["date"].to_numpy().astype("datetime64[s]")
    at = np.searchsorted(edges, day, side="right") - 1
    inside = (at >= 0) & (day < ends[np.maximum(at, 0)])
    ids = pd.Index(places["hotspot"].astype(str))
    row = ids.get_indexer(pd.Index(table["hotspot"].astype(str)))
    minutes = table["minutes"].to_numpy(dtype=float)
    counts = inside & (row >= 0) & np.isfinite(minutes)
    shape = (len(ids), len(periods))
    total, known = np.zeros(shape), np.zeros(shape)
    np.add.at(total, (row[counts], at[counts]), minutes[counts])
    np.add.at(known, (row[counts], at[counts]), 1.0)
    enough = known >= KNOWN * periods["days"].to_numpy(dtype=float)
    given = np.where(enough, total / np.maximum(known, 1), np.nan)
    named = np.zeros(len(ids), dtype=bool)
    named[row[row >= 0]] = True
    control = (places["arm"] == "control").to_numpy(dtype=bool)
    given[control & ~named] = 0.0
    after = periods["after"].to_numpy(dtype=bool)
    given[:, ~after] = 0.0
    notes = []
    if (absent := int((control & ~named).sum())) > 0:
        notes.append(f"at {absent:,} comparison places the table names no minutes, which is taken "
                     "as none")  # fmt: skip
    if (lost := int(np.isnan(given[:, after]).sum())) > 0:
        notes.append(
            f"{lost:,} of {given[:, after].size:,} places and periods after the start "
            "are left out: the minutes of over half of their days are not known"
        )
    if (other := int((row < 0).sum())) > 0:
        notes.append(f"{other:,} rows are of hotspots that are not in the study")
    return Delivered(given, tuple(notes))


def _checked(dosage: Any) -> pd.DataFrame:
    """Check the table of what was delivered, or raise one error with every fault."""
    if not isinstance(dosage, pd.DataFrame):
        raise InputError("dosage", [
            f"it is of type {type(dosage).__name__}; give Delivery.dosage, or a table with "
            "hotspot, date and minutes."
        ])  # fmt: skip
    faults = [f"column {name!r} is missing; columns found: {', '.join(map(str, dosage.columns))}."
              for name in ("hotspot", "date", "minutes") if name not in dosage.columns]  # fmt: skip
    if faults:
        raise InputError("dosage", faults)
    if len(dosage) == 0:
        faults.append("it has no rows; leave dosage out.")
    date = pd.to_datetime(dosage["date"], errors="coerce")
    if date.isna().any():
        faults.append(f"date holds {dosage['date'][date.isna()].iloc[0]!r}; it takes days.")
    elif date.dt.tz is not None:
        faults.append("date has a time zone; give local days, with .dt.tz_localize(None).")
    minutes = pd.to_numeric(dosage["minutes"], errors="coerce")
    wrong = (minutes.isna() & dosage["minutes"].notna()) | (minutes < 0) | np.isinf(minutes)
    if wrong.any():
        faults.append(f"minutes holds {dosage['minutes'][wrong].iloc[0]!r}; it takes 0 or more, "
                      "or nothing where not known.")  # fmt: skip
    if faults:
        raise InputError("dosage", faults)
    twice = pd.DataFrame({"hotspot": dosage["hotspot"].astype(str), "date": date}).duplicated()
    if twice.any():
        at = int(np.flatnonzero(twice.to_numpy())[0])
        raise InputError("dosage", [
            f"{dosage['hotspot'].iloc[at]!r} has two rows for {date.iloc[at]:%Y-%m-%d} "
            f"({int(twice.sum()):,} such rows); add them up first."
        ])  # fmt: skip
    return pd.DataFrame({"hotspot": dosage["hotspot"], "date": date.dt.normalize(),
                         "minutes": minutes})  # fmt: skip


COLUMNS = [
    "estimand", "unit", "estimate", "low", "high", "p", "treated_minutes", "control_minutes",
    "chance", "words", "refused",
]  # fmt: skip
"""Of the table of the dose."""


def dose_table(counts: PlaceCounts, dosage: pd.DataFrame, rules: ImpactRules) -> pd.DataFrame:
    """Tell what being drawn did, what was delivered, and what each visit's worth of it did.

    Parameters
    ----------
    counts : PlaceCounts
    dosage : DataFrame
        As :func:`fold_dosage` takes it.
    rules : ImpactRules

    Returns
    -------
    DataFrame
        Three rows: ``estimand``, ``unit``, ``estimate``, ``low``, ``high``, ``p``, minutes a day
        under treatment and without (``treated_minutes``, ``control_minutes``), ``chance``,
        ``words`` and ``refused``. First by intention to treat, which is the answer.

    Raises
    ------
    InputError
        Naming every fault of the table.

    Examples
    --------
    >>> COLUMNS[:3]
    ['estimand', 'unit', 'estimate']
    """
    study = counts.study()
    given = fold_dosage(dosage, counts.places, counts.periods)
    after = counts.periods["after"].to_numpy(dtype=bool)
    seen = study.used & np.isfinite(given.minutes) & after
    on = study.treat[0] > 0
    weight = seen * study.days
    mean = {}
    for name, which in (("treated", on), ("control", ~on)):
        held = (weight * which).sum()
        minutes = np.where(seen & which, given.minutes, 0.0)
        mean[name] = float((minutes * weight).sum() / held) if held else np.nan
    level, seed, draws = rules.level, rules.seed, rules.draws
    drawn = fit_randomised(study, level=level, seed=seed, draws=draws)
    dose = fit_dose(study, given.minutes / UNIT_MIN, level=level, seed=seed, draws=draws)
    apart = {"treated_minutes": mean["treated"], "control_minutes": mean["control"]}
    few = min(n for n in sums(study).values() if not np.isnan(n)) < LEAST
    rows = [
        _row("incidents under the treatment as drawn, delivered or not, over those without",
             "with the treatment drawn, delivered or not", drawn, rules, apart, few=few),
        {"estimand": "minutes a day delivered under treatment, less those without", "unit":
         "minutes", "estimate": mean["treated"] - mean["control"], "low": np.nan, "high": np.nan,
         "p": np.nan, **apart, "chance": "", "words": _delivered(mean, given.notes),
         "refused": ""},
        _row(f"incidents with {UNIT_MIN:g} minutes a day delivered because drawn, over those "
             "with none", f"with {UNIT_MIN:g} minutes a day delivered because they were drawn",
             dose, rules, apart, few=few),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(
    estimand: str, lead: str, batch: Batch, rules: ImpactRules, apart: dict[str, float],
    *, few: bool,
) -> dict[str, Any]:  # fmt: skip
    values = {}
    for name in ("estimate", "low", "high"):
        values[name] = float(np.exp(getattr(batch, name)[0]))
    refused = batch.refused
    if not refused and np.isnan(values["estimate"]):
        refused = "too few incidents, or too few places, for an answer"
    head = f"Incidents {lead}, against those without"
    if refused:
        words = f"{head}: no answer. {refused[:1].upper()}{refused[1:].rstrip('.')}."
    elif few:
        words = f"{head}: under {LEAST} on a side, too few for a percentage."
    else:
        sure = values["low"] > 1 or values["high"] < 1
        words = (f"{head}: {'' if sure else 'no clear difference, estimated at '}"
                 f"{moved(values['estimate'])} ({rules.level:.0%} interval "
                 f"{interval(values['low'], values['high'])}).")  # fmt: skip
    return {"estimand": estimand, "unit": "ratio", **values, "p": float(batch.p[0]), **apart,
            "chance": batch.chance, "words": words, "refused": refused}  # fmt: skip


def _delivered(mean: dict[str, float], notes: tuple[str, ...]) -> str:
    if np.isnan(mean["treated"]) or np.isnan(mean["control"]):
        said = "What was delivered is not known on one of the two sides"
    else:
        said = (f"{mean['treated']:.0f} minutes a day were delivered under treatment and "
                f"{mean['control']:.0f} without")  # fmt: skip
    return f"{said}{': ' if notes else ''}{'; '.join(notes)}."
