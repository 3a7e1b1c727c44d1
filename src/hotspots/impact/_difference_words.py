"""What a weighted displacement difference says, in plain English."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ._difference_parts import FEW

_NAMES = {"treated": "the treated areas", "control": "the comparison areas",
          "displacement": "the areas around the treated",
          "displacement_control": "the areas around the comparison"}  # fmt: skip


def amount(value: float) -> str:
    """Write a number of incidents, or of harm: whole where it is large.

    Examples
    --------
    >>> amount(195.61), amount(8.25), amount(3664.0)
    ('196', '8.2', '3,664')
    """
    size = abs(value)
    return f"{size:,.0f}" if size >= 20 or size == round(size) else f"{size:.1f}"


def fewer(value: float) -> str:
    """Write a difference with its direction.

    Examples
    --------
    >>> fewer(-118.0), fewer(3.76), fewer(0.0)
    ('118 fewer', '3.8 more', 'neither more nor fewer')
    """
    if round(abs(value), 1) == 0:
        return "neither more nor fewer"
    return f"{amount(value)} {'fewer' if value < 0 else 'more'}"


def _things(value: float, what: str) -> str:
    """Write a difference of incidents."""
    return f"{fewer(value)} {what.replace('incidents', 'incident', amount(value) == '1')}"


def between(low: float, high: float) -> str:
    """Write an interval of a difference, the end that says most first.

    Examples
    --------
    >>> between(-195.6, -40.4), between(-23.76, 3.76)
    ('between 196 and 40 fewer', 'between 24 fewer and 3.8 more')
    >>> between(-3.2, 0.01)
    'between 3.2 fewer and no difference'
    """
    low, high = (0.0 if round(abs(end), 1) == 0 else end for end in (low, high))
    if low < 0 and high < 0:
        return f"between {amount(low)} and {amount(high)} fewer"
    if low > 0 and high > 0:
        return f"between {amount(low)} and {amount(high)} more"
    ends = [fewer(end) if end else "no difference" for end in (low, high)]
    return f"between {ends[0]} and {ends[1]}"


def wdd_text(
    counts: pd.DataFrame, effect: pd.DataFrame, ratios: pd.DataFrame, dispersion: float | None,
    level: float,
) -> str:  # fmt: skip
    """Write the paragraph of a difference of counts."""
    main = effect.iloc[-1]
    weighted = bool((counts[["weight_before", "weight_after"]] != 1).to_numpy().any())
    what = "incidents for each unit of area and time" if weighted else "incidents"
    around = ", areas around included," if main["part"] == "total" else ""
    if not np.isfinite(main["p"]):
        return "No incident in any area before or after: there is nothing to compare."
    said = [
        f"{_verdict(main, level)}: {_things(main['estimate'], what)}{around} than the change in "
        f"the comparison areas would lead one to expect ({between(main['low'], main['high'])}, "
        f"{level:.0%} interval; p {p_text(main['p'])})."
    ]
    said.append("Counts: " + "; ".join(
        f"{_NAMES[row['area']]} {_count(row['before'])} before, {_count(row['after'])} after"
        for row in counts.to_dict("records")
    ) + ".")  # fmt: skip
    if main["part"] == "total":
        parts = effect[effect["errors"] == main["errors"]].set_index("part")
        said.append(
            f"In the treated areas themselves {fewer(parts.loc['local', 'estimate'])}; in the "
            f"areas around {fewer(parts.loc['displacement', 'estimate'])} "
            f"({between(parts.loc['displacement', 'low'], parts.loc['displacement', 'high'])})."
        )
    said.append(_share(counts, ratios, level))
    said.append(_spread(effect, dispersion))
    return " ".join(part for part in said if part)


def harm_text(counts: pd.DataFrame, effect: pd.DataFrame, level: float) -> str:
    """Write the paragraph of a difference of harm."""
    main = effect.iloc[-1]
    if not np.isfinite(main["p"]):
        return "No incident in any area before or after: there is nothing to compare."
    kinds = counts["outcome"].nunique()
    number = int(counts[["before", "after"]].to_numpy().sum())
    said = (
        f"{_verdict(main, level)}: harm {amount(main['estimate'])} "
        f"{'lower' if main['estimate'] < 0 else 'higher'} than the change in the comparison "
        f"areas would lead one to expect (from {main['low']:+,.0f} to {main['high']:+,.0f}, "
        f"{level:.0%} interval; p {p_text(main['p'])}), from {number:,} incidents of "
        f"{kinds} kind{'' if kinds == 1 else 's'}. Kinds are taken to vary independently; a few "
        "grave crimes decide such a sum."
    )
    if main["errors"] == "Poisson":
        said += f" {_WARNING}"
    return said


_WARNING = (
    "The interval takes counts to vary by chance alone (Poisson), which crime counts seldom do: it "
    "is too narrow, perhaps by much. Give pre_counts to allow for it."
)


def p_text(p: float) -> str:
    """Write a p-value.

    Examples
    --------
    >>> p_text(0.00288), p_text(0.23), p_text(1e-9)
    ('= .003', '= .23', 'under .001')
    """
    if p < 0.001:
        return "under .001"
    return "= " + (f"{p:.3f}" if p < 0.095 else f"{min(p, 1):.2f}").removeprefix("0")


def _count(value: float) -> str:
    """Write a count, which may be a sum of weights."""
    return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"


def _verdict(row: pd.Series, level: float) -> str:
    if row["p"] > 1 - level:
        return "No change that chance could not make"
    sure = ", if counts vary by chance alone" if row["errors"] == "Poisson" else ""
    return f"{'Fewer' if row['estimate'] < 0 else 'More'} than expected{sure}"


def _share(counts: pd.DataFrame, ratios: pd.DataFrame, level: float) -> str:
    """Say the change as a percentage, where every count is large enough to bear one."""
    found = ratios[ratios["measure"] == "rate ratio"].iloc[-1]
    own = counts[counts["area"].isin(["treated", "control"])][["before", "after"]]
    if not np.isfinite(found["value"]) or own.to_numpy().min() < FEW:
        return f"A count is under {FEW}: no percentage is told."
    value, ends = found["value"] - 1, [found["low"] - 1, found["high"] - 1]
    words = ["no change" if round(v, 2) == 0 else f"{abs(v):.0%} {'fewer' if v < 0 else 'more'}"
             for v in (value, *ends)]  # fmt: skip
    return (
        f"As a ratio of rates, in the treated areas alone: {words[0]} (between {words[1]} and "
        f"{words[2]}, {level:.0%} interval)."
    )


def _spread(effect: pd.DataFrame, dispersion: float | None) -> str:
    """Say how much the counts vary, and what the plain Poisson interval would have been."""
    if dispersion is None:
        return _WARNING
    plain = effect[effect["errors"] == "Poisson"].iloc[-1]
    if dispersion <= 1:
        return "Before the start the counts varied no more than chance would make them."
    return (
        f"Before the start the counts varied {dispersion:.1f} times as much as chance alone would "
        f"make them, which the interval allows for; without it: "
        f"{between(plain['low'], plain['high'])} (p {p_text(plain['p'])})."
    )
