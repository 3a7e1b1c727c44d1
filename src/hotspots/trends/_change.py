"""The yearly change of every group: the last year against the one before, like with like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ._words import spans

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..series import Panel

    Floats = NDArray[np.float64]

FEWEST = 20
"""Incidents in either year under which no percentage is given."""


@dataclass(frozen=True)
class Change:
    """Change of each group (n)."""

    compared: NDArray[np.int64]  # periods recorded in both years
    latest: Floats
    previous: Floats
    change: Floats  # share, NaN where too few
    low: Floats
    high: Floats
    months: NDArray[np.object_]  # words for the periods compared


def find_change(panel: Panel, exposure: Floats, cycle: int) -> Change:
    """Compare the last ``cycle`` periods with those a cycle before, where both were recorded."""
    n, steps = panel.y.shape
    blank = np.full(n, np.nan)
    compared = np.zeros(n, dtype=np.int64)
    words = np.full(n, "", dtype=object)
    if steps <= cycle:
        return Change(compared, blank, blank, blank, blank, blank, words)
    last = steps - 1 - panel.inside[:, ::-1].argmax(axis=1)
    at = np.arange(cycle, steps)
    paired = panel.used[:, cycle:] & panel.used[:, :-cycle] & (at > last[:, None] - cycle)
    paired &= paired.sum(axis=1, keepdims=True) >= cycle // 4
    compared = paired.sum(axis=1)
    now, then = (np.where(paired, y, 0.0) for y in (panel.y[:, cycle:], panel.y[:, :-cycle]))
    a, b = (np.where(paired, e, 0.0) for e in (exposure[:, cycle:], exposure[:, :-cycle]))
    latest = np.where(compared > 0, now.sum(axis=1), np.nan)
    previous = np.where(compared > 0, then.sum(axis=1), np.nan)
    enough = np.flatnonzero((compared > 0) & (np.fmin(latest, previous) >= FEWEST))
    change, low, high = blank.copy(), blank.copy(), blank.copy()
    if len(enough):
        found = rate_ratio(now[enough], then[enough], a[enough], b[enough])
        change[enough], low[enough], high[enough] = (value - 1 for value in found)
    named: dict[bytes, str] = {}
    for g in np.flatnonzero(compared):
        key = paired[g].tobytes() + bytes([bool(last[g] == steps - 1)])
        if key not in named:
            whole = compared[g] == cycle and last[g] == steps - 1
            named[key] = (f"last {cycle} {'months' if cycle == 12 else 'weeks'}" if whole
                          else spans(panel.start[cycle:][paired[g]], panel.freq))  # fmt: skip
        words[g] = named[key]
    return Change(compared, latest, previous, change, low, high, words)


def rate_ratio(
    a: Floats, b: Floats, days_a: Floats, days_b: Floats, level: float = 0.95
) -> tuple[Floats, Floats, Floats]:
    """Ratio of two yearly rates with its interval, from counts paired by period, (n, pairs).

    Given both, a + b incidents split binomially, which gives the exact interval of Clopper and
    Pearson. Where the ratio varies more from pair to pair than chance allows, the counts are
    divided by that dispersion, so the interval widens, the more the fewer the pairs. Pairs with
    no days count for nothing.
    """
    from scipy.stats import beta, norm, t

    x, y = a.sum(axis=1), b.sum(axis=1)
    days = days_b.sum(axis=1) / days_a.sum(axis=1)
    share = days_a * (x / days_a.sum(axis=1))[:, None]
    other = days_b * (y / days_b.sum(axis=1))[:, None]
    share = share / np.maximum(share + other, 1e-300)
    expected = (a + b) * share
    variance = expected * (1 - share)
    seen = variance > 0
    chi = np.where(seen, (a - expected) ** 2 / np.where(seen, variance, 1.0), 0.0).sum(axis=1)
    df = np.maximum(1, seen.sum(axis=1) - 1)
    tail = (1 + level) / 2
    # an estimated dispersion is itself uncertain: Student's t in place of the normal
    spread = np.maximum(1.0, chi / df * (t.ppf(tail, df) / norm.ppf(tail)) ** 2)
    x, y = x / spread, y / spread
    low, high = beta.ppf(1 - tail, x, y + 1), beta.ppf(tail, x + 1, y)
    return x / y * days, low / (1 - low) * days, high / (1 - high) * days
