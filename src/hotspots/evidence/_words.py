"""How the station says ratios, intervals and counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

LEAST = 20
"""Incidents on either side under which no percentage is told."""

COUNTS = ("treated_before", "treated_after", "control_before", "control_after")
"""What a result was counted from."""


def counted(n: float, what: str) -> str:
    """Write a count and its noun."""
    plural = what[:-1] + "ies" if what.endswith(("dy", "ty")) else f"{what}s"
    return f"{n:,.0f} {what if round(n) == 1 else plural}"


def listed(words: Sequence[str], most: int = 6, where: str = "") -> str:
    """Write a list, capped."""
    if len(words) <= most:
        return ", ".join(words)
    rest = f"... and {len(words) - most:,} more"
    return f"{', '.join(words[:most])} {rest}{f' in the table {where}' if where else ''}"


def moved(ratio: float) -> str:
    """Write a ratio as so many per cent fewer or more."""
    share = ratio - 1
    if abs(share) < 0.005:
        return "no change"
    if ratio >= 3:
        return f"{ratio:.1f} times as many"
    return f"{abs(share):.0%} {'more' if share > 0 else 'fewer'}"


def number(incidents: float) -> str:
    """Write so many incidents fewer or more."""
    return f"{abs(incidents):,.0f} {'more' if incidents > 0 else 'fewer'}"


def between(low: float, high: float) -> str:
    """Write an interval of ratios: "between 31% fewer and 8% fewer"."""
    bottom = "hardly any left" if low < 0.005 else moved(low)
    top = "no limit above" if not np.isfinite(high) else moved(high)
    return f"between {bottom} and {top}"


def chance(p: float) -> str:
    """Write a p."""
    if np.isnan(p):
        return ""
    return "p < .001" if p < 0.001 else f"p = {f'{p:.2f}' if p >= 0.095 else f'{p:.3f}'}".replace(
        "0.", "."
    )  # fmt: skip


def clear(row: Any) -> bool:
    """Tell whether the interval of a result leaves out no difference."""
    null = 1.0 if row["unit"] == "ratio" else 0.0
    return bool(row["low"] > null or row["high"] < null)


def few(row: Any) -> bool:
    """Tell whether a result rests on too few incidents for a percentage."""
    held = [row[name] for name in COUNTS if not np.isnan(row[name])]
    return bool(held) and min(held) < LEAST


def direction(row: Any) -> str:
    """Tell what a result found: fewer, more, no clear difference, or not told."""
    known = not (row["refused"] or np.isnan(row["low"]) or np.isnan(row["high"]))
    if not known or few(row):
        return "not told"
    if not clear(row):
        return "no clear difference"
    return "fewer" if row["high"] <= (1.0 if row["unit"] == "ratio" else 0.0) else "more"
