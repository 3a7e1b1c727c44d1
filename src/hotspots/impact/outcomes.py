"""Several outcomes of one study, and what the patrols did beside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..chance import adjusted_p
from ..contracts import ACTIVITIES, InputError, check_table
from ._drawn import drawn_ratio
from ._effects import sums
from ._words import LEAST, counted, interval, moved
from .estimators import default_fit
from .randomised import _draw, _Null
from .study import make_study

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .counts import PlaceCounts
    from .rules import ImpactRules
    from .study import Batch, Study

    Floats = NDArray[np.float64]

POWERS = {
    "stop_searches": "stop and searches", "arrests": "arrests",
    "cpn": "community protection warnings and notices", "dispersals": "dispersal directions",
}  # fmt: skip
"""Powers told beside the effect on crime, as a log of activities names them."""


def adjust_outcomes(
    p: Mapping[str, float],
    studies: Mapping[str, Study] | None = None,
    *,
    seed: int = 0,
    draws: int = 4999,
) -> dict[str, float]:
    r"""Let the further outcomes of a study pay for their number.

    Parameters
    ----------
    p : mapping of str to float
        p of each outcome; the first is the one the study is judged by, and is judged alone. NaN
        where there was no answer.
    studies : mapping of str to Study, optional
        Counts of each outcome. Where the treatment was drawn by lot, the same lots are then drawn
        for all of them, which pays less where outcomes go together.
    seed : int
    draws : int

    Returns
    -------
    dict of str to float

    Raises
    ------
    InputError
        Naming every fault.

    Notes
    -----
    Without lots, Holm's correction over the further outcomes. With them, the step-down maximum of
    Westfall and Young [1]_: each further outcome's score
    :math:`\sum z (y - \hat\mu)`, over its standard deviation among the lots drawn, against the
    largest among those that are not beyond it, lot by lot. No adjusted p is under its own p.

    References
    ----------
    .. [1] Westfall P. H. and Young S. S. (1993) *Resampling-Based Multiple Testing*. Wiley.

    Examples
    --------
    >>> adjust_outcomes({"all": 0.04, "violence": 0.02, "theft": 0.5})
    {'all': 0.04, 'violence': 0.04, 'theft': 0.5}
    """
    told = _given_p(p, studies)
    names = list(told)
    further = [name for name in names[1:] if not np.isnan(told[name])]
    if len(further) == 0:
        return told
    drawn = None if studies is None else [studies[name] for name in further]
    if drawn and all(study.redraw is not None and len(study.y) == 1 for study in drawn):
        paid = _stepped_down(drawn, seed, draws)
    else:
        paid = adjusted_p([told[name] for name in further], "holm")
    for name, value in zip(further, paid, strict=True):
        told[name] = float(max(value, told[name]))
    return told


def _given_p(p: Any, studies: Any) -> dict[str, float]:
    """Return p of each outcome, or raise one error with every fault."""
    if not isinstance(p, Mapping):
        raise InputError("adjust_outcomes", [
            f"p is of type {type(p).__name__}; give the p of each outcome by its name."
        ])  # fmt: skip
    told = {name: pd.to_numeric(value, errors="coerce") for name, value in p.items()}
    faults = [
        f"p of {name!r} is {p[name]!r}; it must be 0 to 1, NaN without an answer."
        for name, value in told.items()
        if not (0 <= value <= 1) and not (isinstance(p[name], float) and np.isnan(p[name]))
    ]
    if studies is not None and (lacks := [name for name in told if name not in studies]):
        faults.append(f"studies has none of {', '.join(map(repr, lacks))}; give one for each.")
    if faults:
        raise InputError("adjust_outcomes", faults)
    return {name: float(value) for name, value in told.items()}


def _stepped_down(studies: list[Study], seed: int, draws: int) -> Floats:
    """Westfall and Young's p of each outcome, the lots drawn being the same for all."""
    seen, lotted = [], []
    for study in studies:
        lots = _draw(study, draws, np.random.default_rng([seed, 4]))
        null = _Null.of(study, lots)
        left = null.residual(null.columns(study.y))
        own = (left * study.treat[:, :, lots.first][:, :, lots.told]).sum(axis=(1, 2))
        every = np.concatenate([own, lots.sums(left)[:, 0]])
        spread = max(float(every.std()), 1e-12)
        far = np.abs(every - every.mean()) / spread
        seen.append(far[0])
        lotted.append(far)
    order = np.argsort(seen)  # nearest first: the largest of those not beyond it
    most = np.maximum.accumulate(np.array(lotted)[order], axis=0)
    p = (most >= np.array(seen)[order][:, None] - 1e-9).mean(axis=1)
    stepped = np.maximum.accumulate(p[::-1])[::-1]
    paid = np.empty(len(seen))
    paid[order] = stepped
    return paid


COLUMNS = [
    "what", "treated_before", "treated_after", "control_before", "control_after", "ratio", "low",
    "high", "p", "words",
]  # fmt: skip
"""Of the table of side-effects."""


def side_effects(
    counts: PlaceCounts, rules: ImpactRules, *, activities: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Tell what police activity found and which powers were used, at treated places and others.

    Parameters
    ----------
    counts : PlaceCounts
    rules : ImpactRules
    activities : DataFrame, optional
        A log of what was done, as :func:`match_delivery` takes it: ``hotspot``, ``arrive`` and
        any of :data:`POWERS`. Powers then get a row each.

    Returns
    -------
    DataFrame
        A row for each: ``what``, counts of both arms before and after, the ``ratio`` with its
        interval and ``p`` (NaN with under 20 on a side), and ``words``. It says what more was
        done, not whether that was right.

    Raises
    ------
    InputError
        Naming every fault of the log.

    Notes
    -----
    What police activity found is compared as crime is: after over before, treated over others.
    Powers are compared after the start only, per place and day, for logs of before are rare;
    places the log does not name count as 0. Places are the unit, drawn as the design drew them.

    Examples
    --------
    >>> COLUMNS[0], COLUMNS[-1]
    ('what', 'words')
    """
    rows = []
    if counts.police_y.size and np.nansum(counts.police_y) > 0:
        study = counts.study("police")
        batch = default_fit(study)(study, level=rules.level, seed=rules.seed, draws=rules.draws)
        rows.append(_found("incidents found by police activity", study, batch, rules.level))
    if activities is not None:
        after = counts.periods["after"].to_numpy(dtype=bool)
        for name, y in count_powers(activities, counts.places, counts.periods).items():
            study = make_study(
                y, counts.treat, days=counts.periods["days"].to_numpy(dtype=float),
                used=counts.used & after, cell=counts.cell, block=counts.block,
                redraw=counts.redraw,
            )  # fmt: skip
            rows.append(_used(POWERS[name], study, rules))
    return pd.DataFrame(rows, columns=COLUMNS)


def count_powers(
    activities: pd.DataFrame, places: pd.DataFrame, periods: pd.DataFrame
) -> dict[str, Floats]:
    """Count the powers used by place and period.

    Parameters
    ----------
    activities : DataFrame
        ``hotspot``, ``arrive`` and any of :data:`POWERS`.
    places : DataFrame
        With ``hotspot``, as ``PlaceCounts.places``.
    periods : DataFrame
        With ``start`` and ``end``.

    Returns
    -------
    dict of str to ndarray, shape (n, T)
        Only the powers that the log tells at all.

    Raises
    ------
    InputError
        Naming every fault of the log.

    Examples
    --------
    >>> day = pd.Timestamp("2025-04-01")
    >>> log = pd.DataFrame({"unit": ["A"], "hotspot": ["H1"], "arrive": [day], "depart": [day],
    ...                     "arrests": [2]})
    >>> periods = pd.DataFrame({"start": [day], "end": [day + pd.Timedelta(days=1)]})
    >>> count_powers(log, pd.DataFrame({"hotspot": ["H1", "H2"]}), periods)["arrests"].tolist()
    [[2.0], [0.0]]
    """
    check_table(activities, ACTIVITIES)
    given = [name for name in POWERS if name in activities.columns]
    faults = []
    if not given:
        faults.append(f"it tells no power; give any of {', '.join(POWERS)}.")
    faults += [
        f"{name} is {activities[name].min():g} in a row; it must be 0 or more."
        for name in given if activities[name].min() < 0
    ]  # fmt: skip
    if faults:
        raise InputError("activities", faults)
    edges = periods["start"].to_numpy().astype("datetime64[s]")
    ends = periods["end"].to_numpy().astype("datetime64[s]")
    when = activities["arrive"].to_numpy().astype("datetime64[s]")
    at = np.searchsorted(edges, when, side="right") - 1
    row = pd.Index(places["hotspot"].astype(str)).get_indexer(
        pd.Index(activities["hotspot"].astype(str)))  # fmt: skip
    inside = (row >= 0) & (at >= 0) & (when < ends[np.maximum(at, 0)])
    told = {}
    for name in given:
        value = activities[name].to_numpy(dtype=float)
        y = np.zeros((len(places), len(periods)))
        np.add.at(y, (row[inside], at[inside]), np.nan_to_num(value[inside]))
        if np.isfinite(value).any():
            told[name] = y
    return told


def _sums(study: Study) -> dict[str, float]:
    """Add up what was counted; nothing before where nothing before is used."""
    held = sums(study)
    if not (study.used & study.before).any():
        held |= {"treated_before": np.nan, "control_before": np.nan}
    return held


def _found(what: str, study: Study, batch: Batch, level: float) -> dict[str, Any]:
    """Make the row of a ratio of ratios."""
    held = _sums(study)
    ratio, low, high = (float(np.exp(getattr(batch, n)[0])) for n in ("estimate", "low", "high"))
    name = what[0].upper() + what[1:]
    few = min(v for v in held.values() if not np.isnan(v)) < LEAST
    alone = np.isnan(held["control_after"])
    seen = _counts(held, turns=bool(study.arm[0].all()) and not alone)
    if alone:
        return {"what": what, **held, "ratio": np.nan, "low": np.nan, "high": np.nan, "p": np.nan,
                "words": f"{name}: {seen}; there is nothing to compare them with."}  # fmt: skip
    if batch.refused or few or np.isnan(ratio):
        return {"what": what, **held, "ratio": np.nan, "low": np.nan, "high": np.nan, "p": np.nan,
                "words": f"{name}: {seen}; too few, or too few places, to compare by a "
                "ratio."}  # fmt: skip
    sure = low > 1 or high < 1
    said = f"{moved(ratio)} than the comparison leads one to expect" if sure else (
        f"no clear difference, estimated at {moved(ratio)}")  # fmt: skip
    return {
        "what": what,
        **held,
        "ratio": ratio,
        "low": low,
        "high": high,
        "p": float(batch.p[0]),
        "words": f"{name}: {said} ({level:.0%} interval {interval(low, high)}; {seen}).",
    }


def _counts(held: dict[str, float], *, turns: bool) -> str:
    parts = []
    named = ("under treatment", "without") if turns else ("where treated", "elsewhere")
    for arm, where in zip(("treated", "control"), named, strict=True):
        if np.isnan(held[f"{arm}_after"]):
            continue
        before, after = held[f"{arm}_before"], held[f"{arm}_after"]
        many = (
            f"{after:,.0f}" if np.isnan(before) else f"{before:,.0f} before and {after:,.0f} after"
        )
        parts.append(f"{many} {where}")
    return ", ".join(parts)


def _used(what: str, study: Study, rules: ImpactRules) -> dict[str, Any]:
    """Make the row of a power: per place and day, treated over others, after the start."""
    held = _sums(study)
    held |= {"treated_before": np.nan, "control_before": np.nan}
    on = study.treat[0] > 0
    arm = study.arm[0]
    days = {"treated": float((study.used * study.days * on).sum()),
            "control": float((study.used * study.days * ~on).sum())}  # fmt: skip
    empty = {"ratio": np.nan, "low": np.nan, "high": np.nan, "p": np.nan}
    name = what[0].upper() + what[1:]
    said = (f"{name}: {counted(held['treated_after'], 'use')} in {days['treated']:,.0f} place-days "
            "under treatment")  # fmt: skip
    if np.isnan(held["control_after"]):
        return {"what": what, **held, **empty,
                "words": f"{said}; there is nothing to compare them with."}  # fmt: skip
    said += f", {held['control_after']:,.0f} in {days['control']:,.0f} without"
    few = min(held["treated_after"], held["control_after"]) < LEAST
    if few or arm.all() or not (~arm).any() or min(arm.sum(), (~arm).sum()) < 3:
        why = "too few to compare by a ratio" if few else "no places of both kinds to compare"
        return {"what": what, **held, **empty, "words": f"{said}; {why}."}
    rng = np.random.default_rng([rules.seed, 5])
    if study.redraw is not None:
        drawn = np.asarray(study.redraw(rules.draws, rng)).any(axis=2).astype(float)
    else:
        order = np.argsort(rng.random((rules.draws, len(arm))), axis=1)
        drawn = (order < arm.sum()).astype(float)
    total = np.where(study.used, study.y[0], 0.0).sum(axis=1)
    spent = (study.used * study.days).sum(axis=1)
    found = drawn_ratio(total[None], spent[None], arm[None].astype(float), drawn, rules.level)
    ratio, low, high = (float(np.exp(v[0])) for v in found[:3])
    told = {"ratio": ratio, "low": low, "high": high, "p": float(found[3][0])}
    return {"what": what, **held, **told, "words": (
        f"{said}: {moved(ratio)} a day ({rules.level:.0%} interval {interval(low, high)})."
    )}  # fmt: skip
