"""Two counts compared exactly, in words: this month and the same one last year."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from ..chance import adjusted_p
from ..chance.exact import e_test, rate_ratio
from ..contracts import InputError, Result

FEW = 20
"""Incidents under which no percentage is given: it would mislead."""

SIGNIFICANT = 0.05

_SHOWN = 12
_APART = 1e9  # times that one exposure may be the other


@dataclass(frozen=True, repr=False)
class CountComparison(Result):
    """Pairs of counts compared, as :func:`compare_counts` gives them.

    Attributes
    ----------
    comparisons : DataFrame
        One row per pair, index as given: ``now``, ``before``, ``ratio`` (rate now over rate
        before) with ``low`` and ``high`` (exact 95% interval), ``p_value`` (exact, two-sided,
        given the total), ``e_test`` (p-value of the E-test), ``q_value`` (corrected for all
        pairs), ``change`` (ratio − 1; NaN where either count is under 20), ``verdict`` (higher,
        lower, no clear change, nothing to compare) and ``sentence``.
    said : str
        The paragraph that ``text`` returns.
    """

    comparisons: pd.DataFrame
    said: str

    @property
    def text(self) -> str:
        """What changed, pair by pair, with the interval."""
        return self.said


def compare_counts(
    now: ArrayLike | pd.Series, before: ArrayLike | pd.Series, exposure: ArrayLike = 1.0,
    exposure_before: ArrayLike = 1.0, *, dispersion: ArrayLike = 1.0,
) -> CountComparison:  # fmt: skip
    r"""Compare counts with earlier ones exactly, and say it in words with an interval.

    Parameters
    ----------
    now, before : int, array_like or Series
        Counts, at least 0. The index of ``now`` names the pairs.
    exposure, exposure_before : array_like
        What each was counted over, above 0: days, residents.
    dispersion : array_like
        Variance over mean of the counts, at least 1: counts of crime vary more than chance, and
        the interval then widens. ``Alerts.groups`` and ``Trends.summary`` estimate it.

    Returns
    -------
    CountComparison

    Raises
    ------
    InputError
        For counts under 0 or exposures not above 0.

    Notes
    -----
    Given their total, the counts split binomially: interval and ``p_value`` are exact (Clopper
    and Pearson; Przyborowski and Wilenski), and decide the verdict. The E-test, which does not
    fix the total, has more power and is given beside them.

    References
    ----------
    Przyborowski J. and Wilenski H. (1940) Homogeneity of results in testing samples from Poisson
    series. *Biometrika* 31, 313–323.
    Krishnamoorthy K. and Thomson J. (2004) A more powerful test for comparing two Poisson means.
    *Journal of Statistical Planning and Inference* 119, 23–35.

    Examples
    --------
    >>> print(compare_counts(6, 2))
    6 now, 2 before: no clear change (too few for a percentage; rate 3.0 times, 95% interval
    0.54 to 30).
    """
    index = now.index if isinstance(now, pd.Series) else None
    a, b, n, m, phi = _check(now, before, exposure, exposure_before, dispersion)
    ratio, low, high, p = rate_ratio(b, a, n / m, phi)
    some = a + b > 0
    e = np.where(some, e_test(a / phi, b / phi, n, m), np.nan)
    sure = p <= SIGNIFICANT
    names = ["nothing to compare", "higher", "lower"]
    verdict = np.select([~some, sure & (ratio > 1), sure], names, "no clear change")
    if index is None:
        index = pd.RangeIndex(len(a), name="pair")
    table = pd.DataFrame({
        "now": a, "before": b, "ratio": ratio, "low": low, "high": high, "p_value": p,
        "e_test": e, "q_value": adjusted_p(p),
        "change": np.where(np.minimum(a, b) >= FEW, ratio - 1, np.nan),
        "verdict": pd.array(verdict.astype(object), dtype="str"),
    }, index=index)  # fmt: skip
    told = [_sentence(row) for row in table.to_dict("records")]
    table["sentence"] = pd.array(told, dtype="str")
    return CountComparison(table, _said(table, bool((phi == 1).all()), isinstance(now, pd.Series)))


def _check(*given: Any) -> tuple[Any, ...]:
    names = ("now", "before", "exposure", "exposure_before", "dispersion")
    faults = []
    now, before = given[:2]
    if isinstance(now, pd.Series) and isinstance(before, pd.Series):
        if not now.index.is_unique or set(now.index) != set(before.index):
            faults.append("now and before name different pairs; give the same index.")
        else:
            given = (now, before.reindex(now.index), *given[2:])
    arrays = []
    for name, value in zip(names, given, strict=True):
        try:
            arrays.append(np.atleast_1d(np.asarray(value, dtype=float)))
        except (TypeError, ValueError):
            faults.append(f"{name} must be numbers.")
    for name, value, least in zip(names, arrays, (0, 0, None, None, 1), strict=False):
        if len(arrays) < len(names):
            break
        if least == 0 and (part := np.isfinite(value) & (value % 1 != 0)).any():
            faults.append(f"{name} holds {value[part][0]:g}; counts are whole numbers.")
        wrong = ~np.isfinite(value) | (value <= 0 if least is None else value < least)
        if wrong.any():
            rule = "above 0" if least is None else f"at least {least}"
            faults.append(f"{name} holds {value[wrong][0]:g}; it must be {rule} and not missing.")
    if not faults:
        try:
            arrays = list(np.broadcast_arrays(*arrays))
        except ValueError:
            faults.append("now, before and the exposures must be of one length.")
        else:
            if arrays[0].ndim != 1 or len(arrays[0]) == 0:
                faults.append("give one count, or one row of counts.")
            apart = np.abs(np.log(arrays[2]) - np.log(arrays[3]))
            if (apart > np.log(_APART)).any():
                faults.append(f"an exposure is over {_APART:,.0f} times the other; give both in "
                              "the same unit.")  # fmt: skip
    if faults:
        raise InputError("compare_counts", faults)
    return tuple(arrays)


def _sentence(row: Any) -> str:
    counts = f"{row['now']:,.0f} now, {row['before']:,.0f} before"
    if row["verdict"] == "nothing to compare":
        return f"{counts}: nothing to compare."
    way = row["verdict"]
    said = way if way == "no clear change" else f"clearly {way}"
    if np.isnan(row["change"]):
        top = f"to {row['high']:.2g}" if np.isfinite(row["high"]) else "with no upper bound"
        times = f"rate {row['ratio']:.1f} times" if row["now"] else "down to none"
        times = times if np.isfinite(row["ratio"]) else "up from none"
        size = f"too few for a percentage; {times}, 95% interval {row['low']:.2g} {top}"
    else:
        size = f"{_percent(row['ratio'])}, 95% interval {_percent(row['low'])} to " + (
            _percent(row["high"])
        )
    return f"{counts}: {said} ({size})."


def _percent(ratio: float) -> str:
    value = 100 * (ratio - 1)
    if abs(value) >= 0.5:
        return f"{round(value):+,d}%"
    return f"{value:+.1g}%" if abs(value) >= 1e-9 else "0%"


def _said(table: pd.DataFrame, plain: bool, named: bool) -> str:
    if len(table) == 1:
        name = f"{table.index[0]}: " if named else ""
        return f"{name}{table['sentence'].iloc[0]}"
    up, down = (int((table["verdict"] == way).sum()) for way in ("higher", "lower"))
    tested = int(table["p_value"].notna().sum())
    lines = [
        f"Of {tested:,} pairs of counts, {up or 'none'} clearly higher and {down or 'none'} "
        f"clearly lower than before; chance alone would make up to {SIGNIFICANT * tested:.1f} "
        "look so."
    ]
    changed = table[table["verdict"].isin(["higher", "lower"])].sort_values(
        "p_value", kind="stable"
    )
    if up + down:
        sure = int((changed["q_value"] <= SIGNIFICANT).sum())
        lines.append(f"{sure or 'None'} of the {up + down:,} {'stands' if sure == 1 else 'stand'} "
                     "out when all are allowed for (of such, about one in twenty may be "
                     "false).")  # fmt: skip
    lines += [f"- {name}: {row}" for name, row in changed["sentence"].head(_SHOWN).items()]
    if len(changed) > _SHOWN:
        lines.append(f"... and {len(changed) - _SHOWN:,} more in the table comparisons.")
    if plain:
        lines.append(
            "Counts are taken to vary by chance alone; if they vary more, give dispersion."
        )
    return "\n".join(lines)
