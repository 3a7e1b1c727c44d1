"""The tables of effects: what is told of each group, and of all areas together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..chance import adjusted_p

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._effects_fit import EffectFit

    Floats = NDArray[np.float64]

LEVEL = 0.05
"""Corrected p-value up to which an effect is called clear."""

LEAST_DAYS = 365
"""Recorded days a group needs: under a year no season can be told from a holiday."""

LEAST_TOTAL = 200
"""Incidents a group needs for its weekdays, season and trend to be told at all."""

LEAST_EXPECTED = 10.0
"""Incidents expected on the days of a kind under which its effect is not tested."""

LEAST_APART = 0.05
"""Share of a kind's pattern that nothing else explains, under which it cannot be told apart."""

FEW = 20
"""Incidents, counted or expected, under which no percentage is given."""

_NORMAL = 1.959964  # normal quantile of .975

OWN_COLUMNS = frozenset((
    "level", "effect", "ratio", "low", "high", "own_ratio", "own_low", "own_high", "p_value",
    "q_value", "class_", "days", "occasions", "incidents", "expected", "change", "reason", "lpts",
    "between", "per_day", "dispersion", "autocorrelation", "_beta", "_error",
))  # fmt: skip
"""Columns the tables have, which those of ``by`` may therefore not be called."""


def reasons(
    fit: EffectFit, total: Floats, elsewhere: NDArray[np.bool_], lost: NDArray[np.int64]
) -> NDArray[np.object_]:
    """Say of every effect why it is not told, blank where it is."""
    reason = np.full(fit.beta.shape, "", dtype=object)
    used, sums = (np.broadcast_to(v[:, None], fit.beta.shape) for v in (fit.used, total))
    every, least = fit.days + lost, LEAST_EXPECTED
    # of a group's few incidents a wave may be made that promises many on days without any
    expected = np.minimum(fit.expected, 2 * fit.days * sums / np.maximum(used, 1))
    checks = (
        (elsewhere, "its entries hold for single LPTs: ask for 'lpt' in by", ()),
        (used < LEAST_DAYS, "{} days recorded; a season needs {LEAST_DAYS}", (used,)),
        (sums < LEAST_TOTAL, "{:.0f} incidents in all; it takes {LEAST_TOTAL}", (sums,)),
        (every == 0, "no such day recorded", ()),
        (3 * lost > every, "{} of its {} days look incomplete", (lost, every)),
        (fit.occasions < 2, "one occasion only, as likely to be something else", ()),
        (fit.apart < LEAST_APART, "falls in with the season or another kind: not told apart", ()),
        (~(expected >= least), "{:.1f} incidents expected; it takes {least:g}", (expected,)),
    )
    limits = {"LEAST_DAYS": LEAST_DAYS, "LEAST_TOTAL": LEAST_TOTAL, "least": least}
    for fails, words, values in checks:
        for at in zip(*np.nonzero(fails & (reason == "")), strict=True):
            reason[at] = words.format(*(value[at] for value in values), **limits)
    return reason


def _intervals(beta: Floats, error: Floats, seen: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Ratio, 95% interval and two-sided p-value of log ratios with their errors.

    Counts are skew, so an error that rests on few incidents is read as that of the mean of a
    Poisson count as telling as it (1 / error² of them), by Jeffreys' gamma interval.
    """
    from scipy.special import gammainc, gammaincc, gammaincinv  # scipy.stats takes a second

    count = np.minimum(1 / error**2, np.maximum(seen, 0.5))
    expected = count / np.exp(beta)
    shape = count + 0.5
    low, high = (gammaincinv(shape, tail) / expected for tail in (0.025, 0.975))
    p = 2 * np.minimum(gammainc(shape, expected), gammaincc(shape, expected))
    return np.exp(beta), low, high, p


def _classed(ratio: Floats, q: Floats) -> NDArray[np.object_]:
    with np.errstate(invalid="ignore"):
        return np.select(
            [np.isnan(q), (q <= LEVEL) & (ratio > 1), (q <= LEVEL) & (ratio < 1)],
            ["not told", "more", "fewer"], "no clear effect",
        ).astype(object)  # fmt: skip


def _estimates(fit: EffectFit) -> tuple[Floats, Floats]:
    """Log ratios and errors; where none was seen, as if half an incident had been."""
    expected = np.maximum(fit.expected, 1e-9)
    uneven = 1 + fit.dispersion[:, None] * expected / np.maximum(fit.days, 1)
    none = fit.seen < 0.5
    return (np.where(none, np.log(0.5 / expected), fit.beta),
            np.where(none, np.sqrt(2 * uneven), fit.error))  # fmt: skip


def effect_table(
    keys: pd.DataFrame, kinds: list[str], fit: EffectFit, reason: NDArray[np.object_],
    correction: str | None,
) -> pd.DataFrame:  # fmt: skip
    """Every effect of every group."""
    told = reason == ""
    beta, error = (np.where(told, values, np.nan) for values in _estimates(fit))
    ratio, low, high, p = _intervals(beta, error, fit.seen)
    q = adjusted_p(p, correction)
    n, m = beta.shape
    table = keys.loc[np.repeat(np.arange(n), m)].reset_index(drop=True)
    table["effect"] = pd.Series(kinds * n, dtype="str")
    few = (fit.seen < FEW) | (fit.expected < FEW)
    columns = {
        "ratio": ratio, "low": low, "high": high, "own_ratio": ratio, "own_low": low,
        "own_high": high, "p_value": p, "q_value": q, "class_": _classed(ratio, q),
        "days": fit.days, "occasions": fit.occasions, "incidents": fit.seen.astype(np.int64),
        "expected": np.where(fit.days > 0, fit.expected, np.nan),
        "change": np.where(few, np.nan, ratio - 1), "reason": reason,
    }  # fmt: skip
    for name, values in columns.items():
        table[name] = values.ravel()
    return table.astype({"class_": "str", "reason": "str"})


def pool(
    effects: pd.DataFrame, keys: pd.DataFrame, kinds: list[str], fit: EffectFit,
    reason: NDArray[np.object_], low_level: NDArray[np.bool_], fellows: NDArray[np.int64],
    correction: str | None,
) -> pd.DataFrame:  # fmt: skip
    """Draw the LPTs' effects towards their mean, in the table given, and return the means.

    An LPT too small to be told by itself still adds to the mean.
    """
    beta, error = _estimates(fit)
    told = reason == ""
    small = np.array([[r.endswith(f"takes {LEAST_EXPECTED:g}") for r in row] for row in reason])
    adds = (told | (small & (fit.expected >= 1))) & low_level[:, None]
    drawn, spread = np.where(told, beta, np.nan), np.where(told, error, np.nan)
    rest = [name for name in keys.columns if name not in ("lpt", "level")]
    rows: list[dict[str, Any]] = []
    for code in np.unique(fellows[low_level]):
        for j, kind in enumerate(kinds):
            at = np.flatnonzero((fellows == code) & adds[:, j])
            seen, expected = fit.seen[at, j], fit.expected[at, j]
            if len(at) < 2 or expected.sum() < LEAST_EXPECTED or seen.sum() < 1:
                continue
            uneven = np.maximum(error[at, j] ** 2 * np.maximum(seen, 0.5), 1.0)
            alike = min(1.0, float(fit.alike[at, j].mean()))
            mean, variance, between = _mean_effect(seen, expected, uneven, alike)
            mine = at[told[at, j]]
            v = error[mine, j] ** 2
            trust = between / (between + v)
            drawn[mine, j] = trust * beta[mine, j] + (1 - trust) * mean
            spread[mine, j] = np.sqrt(trust * v + (1 - trust) ** 2 * variance)
            rows.append({
                **{name: keys.loc[at[0], name] for name in rest}, "effect": kind, "_beta": mean,
                "_error": np.sqrt(variance), "lpts": len(at), "between": np.sqrt(between),
                "days": int(fit.days[at, j].max()), "incidents": int(seen.sum()),
                "expected": float(expected.sum()),
            })  # fmt: skip
    if rows:
        lpt = np.repeat(low_level, len(kinds))
        for name, values in zip(("ratio", "low", "high"), _drawn(drawn, spread), strict=True):
            effects.loc[lpt, name] = values.ravel()[lpt]
        known = effects["change"].notna()
        effects.loc[known, "change"] = effects.loc[known, "ratio"] - 1
    return _means(rows, rest, correction)


def _mean_effect(
    seen: Floats, expected: Floats, uneven: Floats, alike: float
) -> tuple[float, float, float]:
    """Mean log ratio over areas, its variance, and the variance between areas beyond chance.

    Log ratios of small counts are skew, and their own errors smallest where the count is high, so
    a mean weighted by these would lean upwards: each is taken as its distance from the ratio of
    the sums, with the error a count of that ratio has.
    """
    from scipy.special import stdtrit

    ratio = seen.sum() / expected.sum()
    b = np.log(ratio) + (seen - ratio * expected) / (ratio * expected)
    v = uneven / (ratio * expected)
    weight = 1 / v
    mean = (weight * b).sum() / weight.sum()
    excess = (weight * (b - mean) ** 2).sum() - (len(b) - 1)
    between = max(0.0, excess / (weight.sum() - (weight**2).sum() / weight.sum()))
    weight = 1 / (v + between)
    mean = float((weight * b).sum() / weight.sum())
    # areas have the same weather on the same day, so their errors go together
    own = weight * np.sqrt(v)
    variance = (1 - alike) * (own**2).sum() + alike * own.sum() ** 2
    variance += between * (weight**2).sum()
    if between > 0:  # itself estimated from few areas: Student's t in place of the normal
        variance *= (stdtrit(len(b) - 1, 0.975) / _NORMAL) ** 2
    return mean, float(variance / weight.sum() ** 2), float(between)


def _drawn(beta: Floats, error: Floats) -> tuple[Floats, Floats, Floats]:
    return np.exp(beta), np.exp(beta - _NORMAL * error), np.exp(beta + _NORMAL * error)


def _means(rows: list[dict[str, Any]], rest: list[str], correction: str | None) -> pd.DataFrame:
    """Turn the means over LPTs into a table like that of the effects."""
    columns = [*rest, "effect", "_beta", "_error", "lpts", "between", "days", "incidents",
               "expected"]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns)
    beta, error, seen = (
        table[name].to_numpy(dtype=float) for name in ("_beta", "_error", "incidents")
    )
    ratio, low, high, p = _intervals(beta, error, seen)
    q = adjusted_p(p, correction)
    few = (table["incidents"] < FEW) | (table["expected"] < FEW)
    told = {
        "ratio": ratio, "low": low, "high": high, "p_value": p, "q_value": q,
        "class_": _classed(ratio, q), "change": np.where(few, np.nan, ratio - 1),
    }  # fmt: skip
    table = table.drop(columns=["_beta", "_error"]).assign(**told)
    order = [*rest, "effect", "ratio", "low", "high", "p_value", "q_value", "class_", "lpts",
             "between", "days", "incidents", "expected", "change"]  # fmt: skip
    return table[order].astype(dict.fromkeys([*rest, "effect", "class_"], "str"))
