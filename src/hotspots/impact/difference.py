"""The weighted displacement difference: counts before and after, against comparison areas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
from ._difference_words import harm_text, wdd_text
from .study import Batch, Study, refuse

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

SIGNS = {"treated": 1.0, "control": -1.0, "displacement": 1.0, "displacement_control": -1.0}

FEW = 20
"""Incidents under which no percentage is told."""

_RATIO_COLUMNS = ("measure", "errors", "value", "low", "high", "z", "p", "words")

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
    effect = _effect(counts, spread, level)
    ratios = _ratios(pairs, spread, level)
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
                     **_tested(estimate, np.sqrt(whole), free, level)})  # fmt: skip
    effect = pd.DataFrame(rows).astype({"part": "str", "errors": "str"})
    counts = pd.concat([part.counts.assign(outcome=name) for name, part in parts.items()],
                       ignore_index=True)  # fmt: skip
    known = [p.dispersion for p in parts.values() if p.dispersion is not None]
    phi = None if len(kinds) == 1 else float(np.mean(known))
    none = parts[names[0]].ratios.iloc[:0]
    return Wdd(counts, effect, none, phi, level, harm_text(counts, effect, level))


def dispersion_before(counts: Floats) -> tuple[float, int]:
    r"""Learn from periods before the start how much more than chance counts vary.

    Parameters
    ----------
    counts : ndarray, shape (areas, periods)
        NaN where a period is not known.

    Returns
    -------
    phi : float
        :math:`\hat\phi = \chi^2 / \nu` of areas and periods with an effect of each, at least 1.
    df : int
        :math:`\nu`.

    Examples
    --------
    >>> dispersion_before(np.array([[10.0, 14, 6, 10] * 3, [30.0, 34, 26, 30] * 3]))[1]
    11
    """
    y = np.asarray(counts, dtype=float)
    known = np.isfinite(y)
    known[:, known.sum(axis=0) < 2] = False  # one area alone tells nothing of a period
    safe = np.where(known, y, 0.0)
    mean = known * 1.0
    for _ in range(200):  # proportional fitting; at once where nothing is missing
        for axis in (0, 1):
            margin = mean.sum(axis=axis, keepdims=True)
            mean = mean * np.divide(safe.sum(axis=axis, keepdims=True), margin,
                                    out=np.zeros_like(margin), where=margin > 0)  # fmt: skip
        if np.allclose(mean.sum(axis=0), safe.sum(axis=0), rtol=1e-10, atol=1e-10):
            break
    df = int(known.sum() - known.any(axis=1).sum() - known.any(axis=0).sum() + 1)
    some = mean > 0
    chi = float(((safe - mean)[some] ** 2 / mean[some]).sum())
    return max(chi / max(df, 1), 1.0), max(df, 1)


def _effect(counts: pd.DataFrame, spread: tuple[float, int] | None, level: float) -> pd.DataFrame:
    """Set the parts below one another, each with both kinds of errors."""
    sign = counts["area"].map(SIGNS).to_numpy(dtype=float)
    after, before = (
        (counts[when] / counts[f"weight_{when}"]).to_numpy() for when in ("after", "before")
    )
    squared = counts["after"] / counts["weight_after"] ** 2
    variance = (squared + counts["before"] / counts["weight_before"] ** 2).to_numpy()
    local = counts["area"].isin(["treated", "control"]).to_numpy()
    parts = {"local": local}
    if not local.all():
        parts |= {"displacement": ~local, "total": np.ones(len(local), dtype=bool)}
    rows = []
    for part, mask in parts.items():
        estimate = float((sign * (after - before))[mask].sum())
        se = float(np.sqrt(variance[mask].sum()))
        rows.append({"part": part, "errors": "Poisson", **_tested(estimate, se, np.inf, level)})
        if spread is not None:
            wider = _tested(estimate, se * np.sqrt(spread[0]), spread[1], level)
            rows.append({"part": part, "errors": "dispersion-adjusted", **wider})
    return pd.DataFrame(rows).astype({"part": "str", "errors": "str"})


def _tested(estimate: float, se: float, df: float, level: float) -> dict[str, float]:
    """Interval and p of an estimate on so many degrees of freedom."""
    if se == 0:
        return {"estimate": estimate, "low": np.nan, "high": np.nan, "se": 0.0, "z": np.nan,
                "df": float(df), "p": np.nan}  # fmt: skip
    wide, p = _quantile(df, level) * se, float(_two_sided(np.array(estimate / se), df))
    return {"estimate": estimate, "low": estimate - wide, "high": estimate + wide, "se": se,
            "z": estimate / se, "df": float(df), "p": p}  # fmt: skip


def _quantile(df: float, level: float) -> float:
    """Two-sided quantile of Student's t, or of the normal law where df is infinite."""
    from scipy.special import ndtri, stdtrit

    at = (1 + level) / 2
    return float(ndtri(at) if np.isinf(df) else stdtrit(df, at))


def _two_sided(z: Floats, df: ArrayLike) -> Floats:
    from scipy.special import ndtr, stdtr

    df = np.asarray(df, dtype=float)
    far = -np.abs(z)
    normal = np.isinf(df)
    p: Floats = 2 * np.where(normal, ndtr(far), stdtr(np.where(normal, 1.0, df), far))
    return p


def _ratios(
    pairs: Mapping[str, tuple[float, float]], spread: tuple[float, int] | None, level: float
) -> pd.DataFrame:
    """Return the rate ratio and the displacement quotient, each with how to read it."""
    (t0, t1), (c0, c1) = pairs["treated"], pairs["control"]
    rows: list[dict[str, Any]] = []
    some = min(t0, t1, c0, c1) > 0
    kinds = [("Poisson", 1.0, np.inf)]
    kinds += [] if spread is None else [("dispersion-adjusted", *spread)]
    for errors, phi, df in kinds:
        row: dict[str, Any] = dict.fromkeys(("value", "low", "high", "z", "p"), np.nan)
        row |= {"measure": "rate ratio", "errors": errors, "words": "Not to be had: a count is 0."}
        if some:
            log = _tested(float(np.log((t1 / t0) / (c1 / c0))),
                          float(np.sqrt(phi * (1 / t0 + 1 / t1 + 1 / c0 + 1 / c1))), df,
                          level)  # fmt: skip
            row |= {"value": np.exp(log["estimate"]), "low": np.exp(log["low"]),
                    "high": np.exp(log["high"]), "z": log["z"], "p": log["p"],
                    "words": "Change of the treated areas over that of the others."}  # fmt: skip
            if min(t0, t1, c0, c1) < FEW:
                row["words"] += f" A count is under {FEW}: do not quote it as a percentage."
        rows.append(row)
    if "displacement" in pairs:
        rows.append(_wdq(pairs))
    text = {"measure": "str", "errors": "str", "words": "str"}
    return pd.DataFrame(rows, columns=[*_RATIO_COLUMNS]).astype(text)


def _wdq(pairs: Mapping[str, tuple[float, float]]) -> dict[str, Any]:
    """Return the weighted displacement quotient, and whether it may be read."""
    (t0, t1), (c0, c1), (d0, d1) = (pairs[n] for n in ("treated", "control", "displacement"))
    row = {"measure": "WDQ", "errors": "none", "value": np.nan, "low": np.nan, "high": np.nan,
           "z": np.nan, "p": np.nan}  # fmt: skip
    if min(c0, c1) == 0 or t1 / c1 == t0 / c0:
        return row | {"words": "Not to be had: the comparison areas have none, or the treated "
                      "areas changed just as they did."}  # fmt: skip
    local, around = t1 / c1 - t0 / c0, d1 / c1 - d0 / c0
    row["value"] = around / local
    if local > 0:
        return row | {"words": "Not to be read: the treated areas did worse than the comparison "
                      "areas, so there is no gain to be displaced."}  # fmt: skip
    if around == 0:
        said = "No change in the areas around."
    elif around < 0:
        said = ("Diffusion of the benefit: the areas around gained too"
                + (", more than the treated areas." if around < local else "."))  # fmt: skip
    else:
        said = ("Displacement: the areas around lost what the treated areas gained and more."
                if around > -local else
                "Displacement: the areas around lost part of what the treated gained.")  # fmt: skip
    return row | {"words": f"{said} It has no measure of chance: read the difference first."}


def fit_wdd(study: Study, *, adjusted: bool = True, level: float = 0.95) -> Batch:
    r"""Estimate the weighted displacement difference of many studies at once.

    Parameters
    ----------
    study : Study
        Treated places are all treated from one start to the end.
    adjusted : bool
        Whether the errors are scaled by the dispersion learnt before the start.
    level : float

    Returns
    -------
    Batch
        ``estimate`` in incidents over the time after the start: below 0 is fewer than expected.

    Examples
    --------
    >>> from hotspots.impact.study import make_study
    >>> treat = np.zeros((2, 24))
    >>> treat[0, 18:] = 1
    >>> y = np.where(treat > 0, 8.0, 10.0)
    >>> fit_wdd(make_study(y, treat), adjusted=False).estimate.tolist()
    [-12.0]
    """
    after = np.asarray(study.treat.any(axis=(0, 1)))
    before = study.before
    used = study.used.all(axis=0)
    arm = study.arm
    if not (study.treat == arm[:, :, None] * after).all() or not (after == ~before).all():
        return refuse(study, "the difference takes one start, with all treated places treated "
                      "from it to the end; here they are not", ratio=False)  # fmt: skip
    first, last = before & used, after & used
    if not first.any() or not last.any():
        return refuse(study, "there is no whole period before the start, or none after it",
                      ratio=False)  # fmt: skip
    if not (arm.any(axis=1) & (~arm).any(axis=1)).all():
        return refuse(study, "there is no treated place, or none to compare with", ratio=False)
    sums = np.stack([np.where(mask[:, :, None], study.y, 0.0).sum(axis=1) for mask in (arm, ~arm)],
                    axis=1)  # fmt: skip
    longer = study.days[last].sum() / study.days[first].sum()
    weight = np.stack([np.ones(len(arm)), -arm.sum(axis=1) / (~arm).sum(axis=1)], axis=1)
    early, late = sums[:, :, first].sum(axis=2) * longer, sums[:, :, last].sum(axis=2)
    estimate = (weight * (late - early)).sum(axis=1)
    se = np.sqrt((weight**2 * (late + early * longer)).sum(axis=1))
    df = np.inf
    if adjusted:
        if first.sum() < LEAST_PERIODS:
            return refuse(study, f"{int(first.sum())} periods before the start are too few to "
                          f"learn how much the counts vary: {LEAST_PERIODS} are needed",
                          ratio=False)  # fmt: skip
        pre = sums[:, :, first]
        mean = pre.sum(axis=2, keepdims=True) * pre.sum(axis=1, keepdims=True)
        mean = mean / np.maximum(pre.sum(axis=(1, 2), keepdims=True), 1e-300)
        terms = np.divide((pre - mean) ** 2, mean, out=np.zeros_like(mean), where=mean > 0)
        df = float(first.sum() - 1)
        se = se * np.sqrt(np.maximum(terms.sum(axis=(1, 2)) / df, 1.0))
    se = np.where(se > 0, se, np.nan)
    wide = _quantile(df, level) * se
    return Batch(np.where(se > 0, estimate, np.nan), estimate - wide, estimate + wide,
                 _two_sided(estimate / se, df), False, "")  # fmt: skip
