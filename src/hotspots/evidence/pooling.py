"""What the trials of a bank say together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..contracts import InputError, Result
from ._pool_words import pooled_text
from .bank import Bank
from .meta import drawn_spread, funnel_p, inconsistency, random_effects, tau2_interval

LOPSIDED = 0.3
"""Of the half-width of an interval: how far off its middle the estimate may lie (in logs) before it
is told that reading an error from the interval is rough."""

FUNNEL_FROM = 10
"""Results from which it is looked at whether small trials find more."""

_PARTS = ("hotspots", "buffer", "both")


@dataclass(frozen=True, repr=False)
class Pooled(Result):
    """What several trials say together, as :func:`pool_results` gives it.

    Attributes
    ----------
    pooled : DataFrame
        A row per way of pooling, the first the one to read: ``method, k, estimate, low, high, p``
        (ratios), ``expect_low, expect_high`` (in one further setting like these; NaN under 3
        results), ``tau`` (standard deviation of the true effects, of log ratios) with ``tau_low,
        tau_high``, ``i2`` and ``main``.
    studies : DataFrame
        A row per result pooled: ``trial, outcome, part, estimate, low, high, weight, level,
        design, origin, finding``.
    left_out : DataFrame
        A row per trial of the bank that is not pooled: ``trial, outcome, why``.
    sensitivity : DataFrame
        The same pooled otherwise: ``what`` (without one trial, only one level, only own or
        published), ``k, estimate, low, high, p``.
    said : str
        The text.
    """

    pooled: pd.DataFrame
    studies: pd.DataFrame
    left_out: pd.DataFrame
    sensitivity: pd.DataFrame
    said: str

    @property
    def text(self) -> str:
        """What they say together, how far they differ, and what was left out."""
        return self.said


def pool_results(
    bank: Bank,
    *,
    outcome: str | Sequence[str] | None = None,
    part: str = "hotspots",
    least_level: int = 3,
    published: bool = False,
    level: float = 0.95,
) -> Pooled:
    r"""Pool the trials of a bank: a random-effects meta-analysis of ratios of rates.

    One result of each trial takes part. A trial whose interval is not known cannot, nor can one
    under ``least_level`` on the Maryland scale, nor a review, whose trials would count twice.

    Parameters
    ----------
    bank : Bank
        What ``read_bank`` returned.
    outcome : str or sequence of str, optional
        What was counted; several are pooled together, and said. The result each trial is judged
        by, when absent.
    part : {"hotspots", "buffer", "both"}
        Results for the hotspots, the ring about them, or both together.
    least_level : int
        Lowest level on the Maryland scale, 0 to 5. Below 3 nothing tells cause from coincidence.
    published : bool
        Whether published trials take part too.
    level : float
        Of the intervals, .5 to .999.

    Returns
    -------
    Pooled

    Raises
    ------
    InputError
        Naming every argument out of its range; or, with the reason for each trial, where fewer
        than two can be pooled.

    Notes
    -----
    The variance of each log ratio is read from its interval,
    :math:`((\log high - \log low) / 2 z)^2`; where the interval rests on few places its width
    stands for that too. Pooled by restricted likelihood, with the interval of Hartung, Knapp,
    Sidik and Jonkman, no narrower than were the spread known
    (:func:`~hotspots.evidence.meta.random_effects`); the page *what-works* has the rates at which
    it errs. Under five results it errs towards saying nothing. The row "spread drawn" allows for
    how little a few results tell of the spread (:func:`~hotspots.evidence.meta.drawn_spread`).

    References
    ----------
    Wilson D. B. (2022) The relative incident rate ratio effect size for count-based impact
    evaluations. *Journal of Quantitative Criminology* 38, 323-341.

    Examples
    --------
    >>> import tempfile
    >>> from hotspots.evidence import bank_result, read_bank
    >>> folder = tempfile.mkdtemp()
    >>> for name, ratio in (("North", .8), ("South", .95), ("West", .9)):
    ...     _ = bank_result(folder, {"level": 5, "results": [
    ...         {"outcome": "ASB", "unit": "ratio", "estimate": ratio, "low": ratio * .85,
    ...          "high": ratio / .85}]}, name=name)
    >>> pooled = pool_results(read_bank(folder))
    >>> float(pooled.pooled["estimate"].iloc[0].round(2))
    0.88
    """
    wanted = _check(bank, outcome, part, least_level, published, level)
    studies, left_out = _choose(bank, wanted, part, least_level, published)
    if len(studies) < 2:
        raise InputError("pool_results", [_too_few(studies, left_out, wanted)])
    y, v = _logs(studies)
    pooled = _pool(y, v, level)
    studies["weight"] = random_effects(y, v, level=level).weights[0]
    other = _sensitivity(studies, y, v, level)
    funnel = funnel_p(y, v) if len(y) >= FUNNEL_FROM else float("nan")
    rough = studies.loc[_lopsided(studies), "trial"].tolist()
    told = {"level": level, "funnel": funnel, "rough": rough, "part": part,
            "beside": pooled.iloc[1]}  # fmt: skip
    said = pooled_text(pooled, studies, left_out, other, told)
    columns = ["trial", "outcome", "part", "estimate", "low", "high", "weight", "level", "design",
               "origin", "finding"]  # fmt: skip
    return Pooled(pooled, studies[columns], left_out, other, said)


def _check(bank: Any, outcome: Any, part: Any, least: Any, published: Any, level: Any) -> list[str]:
    """Return the outcomes asked for, or name every fault."""
    faults = []
    if not isinstance(bank, Bank):
        faults.append(f"bank is of type {type(bank).__name__}; give what read_bank returned.")
    if part not in _PARTS:
        faults.append(f"part is {part!r}; it takes {', '.join(_PARTS)}.")
    whole = isinstance(least, int | np.integer) and not isinstance(least, bool)
    if not whole or not 0 <= least <= 5:
        faults.append(f"least_level is {least!r}; it takes 0 to 5.")
    if not isinstance(published, bool | np.bool_):
        faults.append(f"published is {published!r}; it takes True or False.")
    number = isinstance(level, int | float | np.number) and not isinstance(level, bool)
    if not number or not 0.5 <= level <= 0.999:
        faults.append(f"level is {level!r}; it must be .5 to .999.")
    given = [outcome] if isinstance(outcome, str) else outcome
    wanted = list(given) if isinstance(given, Sequence) else []
    if outcome is not None and not (wanted and all(isinstance(one, str) for one in wanted)):
        faults.append(f"outcome is {outcome!r}; it takes a name or a list of names.")
    elif isinstance(bank, Bank):
        known = sorted(set(bank.results["outcome"]))
        faults += [f"no trial of the bank counted {one!r}; they counted {', '.join(known[:8])}"
                   f"{' ...' if len(known) > 8 else ''}."
                   for one in wanted if one not in known]  # fmt: skip
    if faults:
        raise InputError("pool_results", faults)
    return wanted


def _choose(
    bank: Bank, wanted: list[str], part: str, least: int, published: bool
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Take at most one result of each trial, and say why of every other."""
    studies: list[dict[str, Any]] = []
    left: list[dict[str, str]] = []
    by: dict[str, list[dict[str, Any]]] = {}
    for one in bank.results.to_dict("records"):
        by.setdefault(one["trial"], []).append({str(key): value for key, value in one.items()})
    for trial, about in bank.trials.iterrows():
        row, why = _result_of(by[str(trial)], wanted, part)
        if about["kind"] == "review":
            why = "a review: its trials would count twice"
        elif about["origin"] == "published" and not published:
            why = "published; published=True takes them in"
        elif np.isnan(about["level"]) or about["level"] < least:
            told = "not told" if np.isnan(about["level"]) else f"{about['level']:.0f}"
            why = f"its level is {told}; at least {least} is asked for"
        elif not why:
            twin = next((one["trial"] for one in studies if _twins(one, row)), "")
            if twin:
                why = f"the same figures to the last digit as {twin!r}"
        if why:
            named = row["outcome"] if row else about["outcome"]
            left.append({"trial": str(trial), "outcome": str(named), "why": why})
        else:
            studies.append({**row, "level": about["level"], "design": about["design"],
                            "origin": about["origin"]})  # fmt: skip
    columns = [*bank.results.columns, "level", "design", "origin"]
    return (pd.DataFrame(studies, columns=columns),
            pd.DataFrame(left, columns=["trial", "outcome", "why"], dtype="str"))  # fmt: skip


def _result_of(
    rows: list[dict[str, Any]], wanted: list[str], part: str
) -> tuple[dict[str, Any], str]:
    """Return the one result of a trial to pool, or why there is none."""
    judged = next(row["outcome"] for row in rows if row["main"])
    asked = wanted or [judged]  # what the trial is judged by, where nothing is asked for
    here = [row for row in rows if row["part"] == part and row["outcome"] in asked]
    if not here:
        return {}, f"it has no result for {' or '.join(asked)}, {part}"

    def rank(row: dict[str, Any]) -> tuple[bool, bool]:
        return not row["main"], row["unit"] != "ratio"

    usable = [
        row
        for row in here
        if row["unit"] == "ratio" and not np.isnan(row["low"]) and not row["refused"]
    ]
    row = min(usable or here, key=rank)  # the first of its kind
    if row["refused"]:
        return row, f"it has no answer: {row['refused']}"
    if row["unit"] != "ratio":
        told = "in words only" if row["unit"] == "words" else "in incidents, not as a ratio"
        return row, f"its result is told {told}"
    if np.isnan(row["low"]):
        return row, "no interval is known, so it cannot be weighed"
    if not 0 < row["low"] < row["high"] or not np.isfinite(row["high"]):
        return row, f"its interval, {row['low']:g} to {row['high']:g}, has no logarithm"
    return row, ""


def _twins(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(one[name] == other[name] for name in ("estimate", "low", "high"))


def _too_few(studies: pd.DataFrame, left_out: pd.DataFrame, wanted: list[str]) -> str:
    what = f" of {' or '.join(wanted)}" if wanted else ""
    have = "none" if studies.empty else f"only one, {studies['trial'].iloc[0]!r}"
    why = [f"{row['trial']}: {row['why']}" for _, row in left_out.head(8).iterrows()]
    more = f"; ... and {len(left_out) - 8:,} more" if len(left_out) > 8 else ""
    return (f"two results{what} or more are needed, and {have} can be pooled. Not pooled: "
            f"{'; '.join(why)}{more}." if why else
            f"two results{what} or more are needed, and {have} can be pooled.")  # fmt: skip


def _logs(studies: pd.DataFrame) -> tuple[Any, Any]:
    """Return log ratios and their variances."""
    from scipy import stats

    z = stats.norm.ppf((1 + studies["interval"].to_numpy(dtype=float)) / 2)
    low, high = (np.log(studies[end].to_numpy(dtype=float)) for end in ("low", "high"))
    return np.log(studies["estimate"].to_numpy(dtype=float)), ((high - low) / (2 * z)) ** 2


def _lopsided(studies: pd.DataFrame) -> Any:
    low, high, at = (np.log(studies[c].to_numpy(dtype=float)) for c in ("low", "high", "estimate"))
    return np.abs(at - (low + high) / 2) > LOPSIDED * (high - low) / 2


def _pool(y: Any, v: Any, level: float) -> pd.DataFrame:
    tau_low, tau_high = np.sqrt(tau2_interval(y, v, level=level))
    drawn = drawn_spread(y, v, level=level)
    rows = []
    for method, name in (("reml", "random effects, REML with Hartung-Knapp"),
                         ("dl", "random effects, DerSimonian-Laird"),
                         ("common", "one effect for all")):  # fmt: skip
        found = random_effects(y, v, level=level, method=method)
        tau2 = float(found.tau2[0])
        main = method == "reml"
        rows.append({
            "method": name, "k": len(y), "estimate": np.exp(found.estimate[0]),
            "low": np.exp(found.low[0]), "high": np.exp(found.high[0]), "p": found.p[0],
            "expect_low": np.exp(drawn.expect_low) if main else np.nan,
            "expect_high": np.exp(drawn.expect_high) if main else np.nan, "tau": np.sqrt(tau2),
            "tau_low": tau_low if main else np.nan, "tau_high": tau_high if main else np.nan,
            "i2": inconsistency(v, tau2), "main": main,
        })  # fmt: skip
    beside = {**rows[0], "method": "random effects, spread drawn", "low": np.exp(drawn.low),
              "high": np.exp(drawn.high), "p": drawn.p, "main": False}  # fmt: skip
    return pd.DataFrame([rows[0], beside, *rows[1:]]).astype({"method": "str"})


def _sensitivity(studies: pd.DataFrame, y: Any, v: Any, level: float) -> pd.DataFrame:
    """Pool again without each, and by level and origin."""
    names, used = [], []
    if len(y) > 2:
        for n, trial in enumerate(studies["trial"]):
            names.append(f"without {trial}")
            used.append(np.arange(len(y)) != n)
    for column, words in (("level", "only level {:.0f}"), ("origin", "only {}")):
        values = studies[column]
        for value in sorted(set(values)) if len(set(values)) > 1 else []:
            names.append(words.format(value))
            used.append((values == value).to_numpy())
    kept = [n for n, one in enumerate(used) if one.sum() > 1]
    columns = ["what", "k", "estimate", "low", "high", "p"]
    if not kept:
        return pd.DataFrame(columns=columns).astype(
            {"what": "str", "k": "int64", **dict.fromkeys(columns[2:], float)}
        )
    on = np.array(used)[kept]
    found = random_effects(
        np.broadcast_to(y, on.shape), np.broadcast_to(v, on.shape), used=on, level=level
    )
    return pd.DataFrame({
        "what": pd.Series([names[n] for n in kept], dtype="str"), "k": found.k,
        "estimate": np.exp(found.estimate), "low": np.exp(found.low), "high": np.exp(found.high),
        "p": found.p,
    })  # fmt: skip
