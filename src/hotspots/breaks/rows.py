"""What the search found, as tables: a row per step, per group, and per group and period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..series import FREQ
from ._words import FEW, sentence
from .known import label, relevant, slow_label
from .levels import ends_of, run_cost

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..series import Panel
    from .search import Found

    Floats = NDArray[np.float64]

_SET = 7.35  # -2 log(1 - sqrt(.95)): 95% set of dates by the profile likelihood
_DATES = ("start", "earliest", "latest")
_FLAGS = ("gap", "sure")
_WHOLE = ("before", "after", "periods_before", "periods_after")
_NUMBERS = ("level_before", "level_after", "ratio", "low", "high", "change", "gain", "needed")
_HIDDEN = ("_group", "_old")  # row of the panel, and last period on the old level
TAKEN = {
    *_DATES, *_FLAGS, *_WHOLE, *_NUMBERS, "known", "kind", "period_start", "incidents", "status",
    "usual", "expected", "run", "periods", "per_period", "verdict", "steps", "dispersion",
    "widened", "season", "sentence", "level",
}  # fmt: skip
"""Columns of the result, which no group may be named by."""


@dataclass(frozen=True)
class Seen:
    """The series, what was found in them, and what they are set beside."""

    panel: Panel
    found: Found
    e: Floats
    known: pd.DataFrame
    sources: list[str]

    @property
    def usual(self) -> Floats:
        """Level per standard month or week, season taken out, shape (n, T)."""
        used = self.e > 0
        days = np.where(used, self.panel.days, 0.0).sum(axis=1) / np.maximum(used.sum(axis=1), 1)
        standard = FREQ[self.panel.freq][1] / np.where(days > 0, days, 1.0)
        usual: Floats = np.exp(self.found.offset((0, 3, 4)) + self.found.jumps) * standard[:, None]
        return usual

    def of(self, group: int) -> pd.DataFrame:
        """Entries of the registry that touch a group."""
        key = {str(k): str(v) for k, v in self.panel.keys.iloc[group].items()}
        return relevant(self.known, key, self.sources)


def break_rows(seen: Seen) -> pd.DataFrame:
    """Give one row per step, with its dates, its size and what is known of its date."""
    panel, found, e = seen.panel, seen.found, seen.e
    group, nth = np.nonzero(found.columns >= 0)
    order = np.lexsort((found.columns[group, nth], group))
    y = np.where(e > 0, np.nan_to_num(panel.y), 0.0)
    parts = (y, e * np.exp(found.offset((1, 2, 3, 4))), seen.usual, ends_of(e > 0))
    keys = panel.keys.to_dict("records")
    rows = [
        {**keys[g], **_step(panel, found, parts, int(g), int(k))}
        for g, k in zip(group[order], nth[order], strict=True)
    ]
    names = panel.keys.columns
    frame = pd.DataFrame(rows, columns=[*names, *_DATES, *_FLAGS, *_WHOLE, *_NUMBERS, *_HIDDEN])
    kinds: dict[Any, Any] = {
        **dict.fromkeys(names, "str"), **dict.fromkeys([*_DATES, "_old"], "datetime64[s]"),
        **dict.fromkeys(_FLAGS, bool), **dict.fromkeys([*_WHOLE, "_group"], "int64"),
        **dict.fromkeys(_NUMBERS, float),
    }  # fmt: skip
    frame = frame.astype(kinds)
    days = 31 if panel.freq == "MS" else 7
    told = [
        label(seen.of(row["_group"]), tuple(row[name] for name in ("_old", *_DATES)), days)
        for row in frame.to_dict("records")
    ]
    frame["known"] = pd.Series([one for one, _ in told], frame.index, dtype="str")
    frame["kind"] = pd.Series([kind for _, kind in told], frame.index, dtype="str")
    return frame


def _step(panel: Panel, found: Found, parts: Any, g: int, k: int) -> dict[str, Any]:
    """Describe one step: the ``k``-th column of group ``g``."""
    from scipy.stats import t as student

    (y, smooth, usual), ends = (part[g] for part in parts[:3]), parts[3]
    s = int(found.columns[g, k])
    mine = sorted({int(ends[0][g]), *found.columns[g][found.columns[g] >= 0], int(ends[1][g])})
    a, b = int(mine[mine.index(s) - 1]), int(mine[mine.index(s) + 1])
    low, high = _dates(y[a:b], smooth[a:b], s - a, found.alpha[g], found.scale[g])
    recorded = np.flatnonzero(smooth > 0)
    old, oldest = (recorded[recorded < at][-1] for at in (s, a + low))
    size = found.b[g, 5 + k]
    error = np.sqrt(found.cov[g, 5 + k, 5 + k] * found.scale[g])
    reach = float(student.ppf(0.975, found.df[g])) * error
    before, after = int(y[a:s].sum()), int(y[s:b].sum())
    return {
        "start": panel.start[s], "earliest": panel.start[oldest + 1],
        "latest": panel.start[a + high], "gap": bool(old < s - 1), "sure": not found.unsure[g],
        "before": before, "after": after, "periods_before": int((smooth[a:s] > 0).sum()),
        "periods_after": int((smooth[s:b] > 0).sum()),
        "level_before": usual[s] * np.exp(-size), "level_after": usual[s],
        "ratio": np.exp(size), "low": np.exp(size - reach), "high": np.exp(size + reach),
        "change": np.exp(size) - 1 if min(before, after) >= FEW else np.nan,
        "gain": found.gain[g, k], "needed": found.needed[g], "_group": g, "_old": panel.start[old],
    }  # fmt: skip


def _dates(y: Floats, e: Floats, best: int, alpha: float, scale: float) -> tuple[int, int]:
    """Find the first and last position that a step could have within its two levels."""
    used = np.flatnonzero(e > 0)
    at = used[2:-1]  # two recorded periods on either side
    total, exposure = np.r_[0.0, np.cumsum(y)], np.r_[0.0, np.cumsum(e)]
    cost = run_cost(total[at], exposure[at], np.array(alpha)) + run_cost(
        total[-1] - total[at], exposure[-1] - exposure[at], np.array(alpha)
    )
    held = at[(cost - cost.min()) / scale <= _SET]
    return int(min(held[0], best)), int(max(held[-1], best))


def group_rows(
    seen: Seen, breaks: pd.DataFrame, source: NDArray[np.object_], why: NDArray[np.object_]
) -> pd.DataFrame:
    """Give one row per group, with its verdict."""
    panel, found = seen.panel, seen.found
    n = len(panel.keys)
    steps = np.bincount(breaks["_group"], minlength=n)
    slow = (found.bend > 0) & (why == "")
    verdict = np.select(
        [why != "", found.unsure, steps > 0, slow],
        [why, "step or gradual", "step", "gradual"], "no change",
    )  # fmt: skip
    first, end = ends_of(panel.used)
    last = np.maximum(end - 1, 0)
    y = np.where(panel.used, np.nan_to_num(panel.y), 0.0)
    total, count = y.sum(axis=1), panel.used.sum(axis=1)
    frame = panel.keys.copy()
    frame["periods"] = count
    frame["incidents"] = total.astype(np.int64)
    days = np.maximum((panel.used * panel.days).sum(axis=1), 1)
    frame["per_period"] = total / days * FREQ[panel.freq][1]
    frame["verdict"] = pd.Series(verdict, frame.index, dtype="str")
    frame["steps"] = np.where(found.unsure, 0, steps)
    for name, value in _gradual(found, first, last, slow).items():
        frame[name] = value
    late = np.cumsum(panel.used, axis=1) > (count // 2)[:, None]
    second = (y * late).sum(axis=1)
    mean = total / np.maximum(count, 1)
    frame["dispersion"] = np.where(why == "", 1 + found.alpha * mean, np.nan)
    frame["widened"] = np.where(why == "", found.scale, np.nan)
    frame["season"] = pd.Series(source, frame.index, dtype="str")
    starts = pd.DatetimeIndex(panel.start)
    rows: list[dict[Any, Any]] = frame.to_dict("records")
    said = []
    for g, row in enumerate(rows):
        if row["verdict"] == "gradual":
            row["_halves"] = int(total[g] - second[g]), int(second[g])
            row["_known"] = slow_label(seen.of(g), starts[first[g]], starts[last[g]])
        mine = breaks[breaks["_group"] == g] if steps[g] else None
        said.append(sentence(row, mine, list(panel.keys.columns), panel))
    frame["sentence"] = pd.Series(said, frame.index, dtype="str")
    return frame


def _gradual(
    found: Found, first: NDArray[np.int64], last: NDArray[np.int64], slow: NDArray[np.bool_]
) -> dict[str, Floats]:
    """Ratio of the end of a gradual change to its start, with its interval; NaN without one."""
    from scipy.stats import t as student

    row = np.arange(len(first))
    across = np.zeros_like(found.b)
    across[:, 3:5] = found.base[row, last, 3:5] - found.base[row, first, 3:5]
    size = np.where(slow, (across * found.b).sum(axis=1), np.nan)
    variance = np.einsum("np,npq,nq->n", across, found.cov, across) * found.scale
    reach = student.ppf(0.975, found.df) * np.sqrt(np.maximum(variance, 0))
    ends = {"ratio": size, "low": size - reach, "high": size + reach}
    return {name: np.exp(value) for name, value in ends.items()}


def period_rows(seen: Seen) -> pd.DataFrame:
    """Give one row per group and period, with the level it was on."""
    panel, found, e = seen.panel, seen.found, seen.e
    g, t = np.nonzero(panel.inside)
    frame = panel.keys.iloc[g].reset_index(drop=True)
    frame["period_start"] = panel.start[t]
    frame["incidents"] = panel.y[g, t]
    status = np.where(panel.used, "present", np.where(np.isnan(panel.y), "missing", "thin"))
    frame["status"] = pd.Series(status[g, t], dtype="str")
    frame["usual"] = np.where(e > 0, seen.usual, np.nan)[g, t]
    frame["expected"] = np.where(e > 0, found.level * e, np.nan)[g, t]
    cut = found.columns[:, None, :]
    at = np.arange(len(panel.start))[:, None]
    frame["run"] = ((cut >= 0) & (at >= cut)).sum(axis=2)[g, t]
    return frame
