"""Control charts of one series: XmR for any figures, u and u′ for counts with an exposure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from ..contracts import InputError, Result

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

RULES = {
    1: "beyond a limit",
    2: "{run} in a row on one side of the middle",
    3: "{run} in a row rising, or falling",
    4: "2 of 3 in a row near a limit, on one side",
}
"""The four rules that name a signal; "near" is beyond two thirds of the way to the limit."""

_DRAWS = 1000  # charts of pure chance that tell how often each rule gives a false signal
_LEAST = 8  # points under which no limits are given


@dataclass(frozen=True, repr=False)
class ControlChart(Result):
    """Points, limits and signals, as :func:`xmr_chart` and :func:`u_chart` give them.

    Attributes
    ----------
    points : DataFrame
        One row per point, index as given: ``value`` (NaN where missing), ``centre``, ``lower``
        and ``upper`` (limits), for XmR ``moving_range`` and ``range_upper``, for u ``count`` and
        ``exposure``, and ``signal`` (the rules it breaks; empty for none).
    rules : DataFrame
        One row per rule: ``rule``, ``meaning``, ``signals`` (points that give one),
        ``false_signals`` (points that would where nothing changes, on average over as many
        points) and ``chance`` (of at least one).
    kind : str
        "XmR", "u" or "u′".
    said : str
        The paragraph that ``text`` returns.
    """

    points: pd.DataFrame
    rules: pd.DataFrame
    kind: str
    said: str

    @property
    def text(self) -> str:
        """What stands out, beside what chance alone would show."""
        return self.said


def xmr_chart(
    values: ArrayLike | pd.Series, *, rules: Sequence[int] = (1, 2, 3, 4), run: int = 7,
    seed: int = 0,
) -> ControlChart:  # fmt: skip
    r"""Chart single figures in order of time, with limits from how much neighbours differ.

    Parameters
    ----------
    values : array_like or Series
        At least 8 figures; NaN where one is missing. The index of a Series names the points.
    rules : sequence of int
        Which of the four rules give signals: 1 beyond a limit, 2 a run on one side, 3 a run
        rising or falling, 4 two of three near a limit. More rules, more false signals.
    run : int
        Points that make a run, for rules 2 and 3.
    seed : int
        For the simulation that tells how often chance alone gives a signal.

    Returns
    -------
    ControlChart

    Raises
    ------
    InputError
        For too few figures, or arguments that cannot be used.

    Notes
    -----
    Limits are :math:`\bar x \pm 2.66\, \overline{MR}`, with :math:`\overline{MR}` the mean
    absolute difference of neighbours; a difference beyond :math:`3.267\, \overline{MR}` is out of
    its own limit. Season and trend are not taken out, so they give signals: for counts with
    either use :func:`find_alerts`. False signals are counted on 1,000 charts of as many
    independent normal figures.

    References
    ----------
    Wheeler D. J. and Chambers D. S. (1992) *Understanding Statistical Process Control*, 2nd ed.
    Knoxville: SPC Press.

    Examples
    --------
    >>> chart = xmr_chart([52, 47, 60, 55, 49, 58, 61, 50, 54, 57, 48, 53])
    >>> chart.points[["lower", "upper"]].iloc[0].round(4).tolist()
    [36.0139, 71.3194]
    """
    given, index, faults = _figures(values, "values")
    faults += _rule_faults(rules, run, seed)
    if not faults and (~np.isnan(given)).sum() < _LEAST:
        faults.append(
            f"values holds {(~np.isnan(given)).sum()} figures; limits need at least {_LEAST}."
        )
    if faults:
        raise InputError("xmr_chart", faults)
    centre, width, moving = _xmr(given[None])
    points = pd.DataFrame(
        {
            "value": given, "centre": centre[0], "lower": centre[0] - 3 * width[0],
            "upper": centre[0] + 3 * width[0], "moving_range": moving[0],
            "range_upper": 3.267 * width[0] * 3 / 2.66,
        },
        index=index,
    )  # fmt: skip

    def standard(figures: Floats) -> Floats:
        middle, sd, _ = _xmr(figures)
        return (figures - middle[:, None]) / np.where(sd > 0, sd, np.inf)[:, None]

    rng = np.random.default_rng(seed)
    chance = np.where(np.isnan(given), np.nan, rng.standard_normal((_DRAWS, len(given))))
    return _finished("XmR", points, given, standard, chance, (tuple(rules), run), [])


def u_chart(
    counts: ArrayLike | pd.Series, exposure: ArrayLike | pd.Series, *, laney: bool = True,
    rules: Sequence[int] = (1, 2, 3, 4), run: int = 7, seed: int = 0,
) -> ControlChart:  # fmt: skip
    r"""Chart counts per unit of exposure, such as incidents per 1,000 residents or per day.

    Parameters
    ----------
    counts : array_like or Series
        At least 8 counts in order of time; NaN where one is missing.
    exposure : array_like or Series
        What each was counted over, above 0.
    laney : bool
        Whether limits widen by how far counts vary beyond Poisson (Laney's u′); False gives the
        plain u-chart, on which over-dispersed counts are all out of limits.
    rules, run, seed
        As for :func:`xmr_chart`.

    Returns
    -------
    ControlChart

    Raises
    ------
    InputError
        For too few counts, counts under 0 or exposures not above 0.

    Notes
    -----
    With :math:`\bar u` all counts over all exposure, limits at exposure :math:`n_t` are
    :math:`\bar u \pm 3 \sigma_z \sqrt{\bar u / n_t}`, the lower at least 0. In a plain chart
    :math:`\sigma_z = 1`; Laney's is :math:`\overline{MR}(z) / 1.128` of the standardised counts,
    here at least 1. Under about 10 expected a point, normal limits alert too often:
    :func:`find_alerts` does not.

    References
    ----------
    Laney D. B. (2002) Improved control charts for attributes. *Quality Engineering* 14(4),
    531–537.

    Examples
    --------
    >>> chart = u_chart([20, 18, 25, 22, 19, 16, 21, 19], [1000] * 8, laney=False)
    >>> chart.points["upper"].round(7).tolist()[0]
    0.0334164
    """
    given, index, faults = _figures(counts, "counts")
    over, _, more = _figures(exposure, "exposure")
    faults += more + _rule_faults(rules, run, seed)
    if isinstance(counts, pd.Series) and isinstance(exposure, pd.Series) and not (
        counts.index.equals(exposure.index)
    ):  # fmt: skip
        faults.append("counts and exposure name different points; give the same index, in order.")
    if not faults:
        if len(over) != len(given):
            faults.append(f"counts has {len(given)} values and exposure {len(over)}; give as many.")
        elif (~np.isnan(given)).sum() < _LEAST:
            faults.append(
                f"counts holds {(~np.isnan(given)).sum()} values; limits need at least {_LEAST}."
            )
        if (given < 0).any():
            faults.append(f"counts holds {np.nanmin(given):g}; a count is at least 0.")
        if len(over) == len(given) and not (over[~np.isnan(given)] > 0).all():
            faults.append("exposure must be above 0 wherever there is a count.")
    if not isinstance(laney, bool):
        faults.append(f"laney is {laney!r}; it must be True or False.")
    if faults:
        raise InputError("u_chart", faults)
    over = np.where(np.isnan(given), np.nan, over)
    mean, sigma, wide = _u(given[None], over, laney)
    half = 3 * wide * sigma[0]
    points = pd.DataFrame(
        {
            "value": given / over, "centre": mean[0], "lower": np.maximum(mean[0] - half, 0.0),
            "upper": mean[0] + half, "count": given, "exposure": over,
        },
        index=index,
    )  # fmt: skip

    def standard(figures: Floats) -> Floats:
        middle, sd, factor = _u(figures, over, laney)
        return (figures / over - middle[:, None]) / (sd * factor[:, None])

    expected = np.nan_to_num(mean[0] * over)
    rng = np.random.default_rng(seed)
    phi = float(wide[0]) ** 2
    if phi > 1.0001:
        rate = rng.gamma(np.maximum(expected, 1e-9) / (phi - 1), phi - 1, (_DRAWS, len(given)))
    else:
        rate = np.broadcast_to(expected, (_DRAWS, len(given)))
    chance = np.where(np.isnan(given), np.nan, rng.poisson(rate))
    notes = []
    if wide[0] > 1.05:
        notes.append(f"Limits are {wide[0]:.1f} times as wide as for counts that vary by chance "
                     "alone (Laney's u′).")  # fmt: skip
    elif not laney and (free := _u(given[None], over, True)[2][0]) > 1.2:
        notes.append(f"Counts vary {free:.1f} times as much as by chance alone, so these limits "
                     "are too narrow: laney=True widens them.")  # fmt: skip
    if (low := np.nanmin(np.where(np.isnan(given), np.nan, expected))) < 10:
        notes.append(f"Only {low:.1f} are expected at some points, where such limits alert too "
                     "often: find_alerts does not.")  # fmt: skip
    kind = "u′" if laney else "u"
    return _finished(kind, points, given, standard, chance, (tuple(rules), run), notes)


def _figures(given: Any, name: str) -> tuple[Floats, pd.Index, list[str]]:
    """Return figures as an array with their index, or say why they are none."""
    index = given.index if isinstance(given, pd.Series) else None
    try:
        values = np.asarray(given, dtype=float)
    except (TypeError, ValueError):
        return np.empty(0), pd.RangeIndex(0), [f"{name} must be numbers in one row."]
    if getattr(getattr(given, "dtype", None), "kind", "f") in "mM":
        return np.empty(0), pd.RangeIndex(0), [f"{name} are times; give numbers in one row."]
    if values.ndim != 1 or np.isinf(values).any():
        return np.empty(0), pd.RangeIndex(0), [f"{name} must be finite numbers in one row."]
    return values, index if index is not None else pd.RangeIndex(len(values), name="point"), []


def _rule_faults(rules: Any, run: Any, seed: Any) -> list[str]:
    faults = []
    some = list(rules) if np.iterable(rules) and not isinstance(rules, str) else []
    if not some or any(isinstance(rule, bool) or rule not in list(RULES) for rule in some):
        faults.append(f"rules is {rules!r}; it takes any of 1, 2, 3 and 4, at least one.")
    for name, value, least in (("run", run, 3), ("seed", seed, 0)):
        if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < least:
            faults.append(f"{name} is {value!r}; it must be a whole number, at least {least}.")
    return faults


def _xmr(figures: Floats) -> tuple[Floats, Floats, Floats]:
    """Middle, standard deviation by neighbours, and moving ranges of charts in rows."""
    moving = np.full(figures.shape, np.nan)
    moving[:, 1:] = np.abs(np.diff(figures, axis=1))
    usual = _mean(moving)
    return _mean(figures), usual * 2.66 / 3, moving


def _mean(rows: Floats) -> Floats:
    known = ~np.isnan(rows)
    told: Floats = np.where(known, rows, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return told


def _u(figures: Floats, over: Floats, laney: bool) -> tuple[Floats, Floats, Floats]:
    """Mean rate, standard deviation of each point, and how much wider than Poisson it is."""
    whole = np.nansum(np.where(np.isnan(figures), np.nan, over), axis=1)
    mean = np.nansum(figures, axis=1) / whole
    sd = np.sqrt(np.maximum(mean, 1e-12)[:, None] / over)
    if not laney:
        return mean, sd, np.ones(len(figures))
    z = (figures / over - mean[:, None]) / sd
    moving = np.abs(np.diff(z, axis=1))
    return mean, sd, np.maximum(1.0, _mean(moving) / 1.128)


def _signals(z: Floats, run: int) -> dict[int, Flags]:
    """Points that complete a signal, by rule, of standardised charts in rows."""
    side = np.sign(np.where(np.isnan(z), 0.0, z))
    step = np.zeros(z.shape)
    step[:, 1:] = np.sign(np.nan_to_num(np.diff(z, axis=1)))
    near = np.abs(np.nan_to_num(z)) > 2
    two = np.zeros(z.shape, dtype=bool)
    for way in (1, -1):
        at = (near & (side == way)).astype(int)
        last = at.copy()
        last[:, 1:] += at[:, :-1]
        last[:, 2:] += at[:, :-2]
        two |= (last >= 2) & (at == 1)
    return {
        1: np.abs(np.nan_to_num(z)) > 3, 2: _streak(side) >= run, 3: _streak(step) >= run - 1,
        4: two,
    }  # fmt: skip


def _streak(signs: Floats) -> NDArray[np.int64]:
    """Length of the run of equal signs, other than 0, that ends at each point."""
    length = np.zeros(signs.shape, dtype=np.int64)
    for t in range(signs.shape[1]):
        same = (signs[:, t] == signs[:, t - 1]) & (t > 0)
        length[:, t] = np.where(signs[:, t] == 0, 0, np.where(same, length[:, t - 1] + 1, 1))
    return length


def _finished(
    kind: str, points: pd.DataFrame, given: Floats, standard: Callable[[Floats], Floats],
    chance: Floats, chosen: tuple[tuple[int, ...], int], notes: list[str],
) -> ControlChart:  # fmt: skip
    """Mark the signals, count what chance gives, and put it in words."""
    numbers, run = chosen
    seen = _signals(standard(given[None]), run)
    false = _signals(standard(chance), run)
    any_false = np.zeros(len(chance), dtype=bool)
    rows, marks = [], [[] for _ in given]  # type: list[Any], list[list[str]]
    for rule in sorted(set(numbers)):
        for t in np.flatnonzero(seen[rule][0]):
            marks[t].append(str(rule))
        per_chart = false[rule].sum(axis=1)
        any_false |= per_chart > 0
        rows.append({
            "rule": rule, "meaning": RULES[rule].format(run=run), "signals": int(seen[rule].sum()),
            "false_signals": float(per_chart.mean()), "chance": float((per_chart > 0).mean()),
        })  # fmt: skip
    points["signal"] = pd.array([", ".join(mark) for mark in marks], dtype="str")
    table = pd.DataFrame(
        rows, columns=["rule", "meaning", "signals", "false_signals", "chance"]
    ).set_index("rule")
    number = int((~np.isnan(given)).sum())
    hit = int((points["signal"] != "").sum())
    row = points.iloc[-1]
    low, high = (_short(points[name].dropna().iloc[-1]) for name in ("lower", "upper"))
    first = (
        f"{kind} chart of {number:,} points: middle {_short(row['centre'])}, limits {low} to {high}"
    )
    if kind != "XmR":
        first += " at the last point"
    said = [
        f"{_signal_words(hit, points)} {first}. Where nothing changes, {len(set(numbers))} "
        f"{'rule' if len(set(numbers)) == 1 else 'rules'} over so many points would give a false "
        f"signal in {any_false.mean():.0%} of charts.",
        *notes,
    ]
    for number_of, told in table.iterrows():
        if told["signals"]:
            said.append(
                f"Rule {number_of}, {told['meaning']}: {told['signals']:,} "
                f"{'point' if told['signals'] == 1 else 'points'} "
                f"({_few(told['false_signals'])} expected by chance)."
            )
    if kind == "XmR" and (wide := int((points["moving_range"] > points["range_upper"]).sum())):
        said.append(f"{wide:,} jump{'' if wide == 1 else 's'} from one point to the next beyond "
                    "the limit of the moving range.")  # fmt: skip
    return ControlChart(points, table, kind, "\n".join(said))


def _signal_words(hit: int, points: pd.DataFrame) -> str:
    if not hit:
        return "No point gives a signal."
    where = points.index[points["signal"] != ""]
    some = ", ".join(
        f"{at:%Y-%m-%d}" if isinstance(at, pd.Timestamp) else str(at) for at in where[:5]
    )
    more = f" and {hit - 5:,} more" if hit > 5 else ""
    return f"{hit:,} {'point gives' if hit == 1 else 'points give'} a signal ({some}{more})."


def _short(value: float) -> str:
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e15 else f"{value:,.4g}"


def _few(number: float) -> str:
    return f"{number:.1f}" if number >= 0.1 else f"{number:.2f}"
