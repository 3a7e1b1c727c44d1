"""The course of both arms: what the treated places had, and what was to be expected of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .ratio import baseline

if TYPE_CHECKING:
    from .counts import PlaceCounts

COLUMNS = [
    "outcome", "part", "start", "end", "after", "treated", "control", "expected", "low", "high",
    "cumulative", "cumulative_low", "cumulative_high",
]  # fmt: skip


def course(
    counts: PlaceCounts, parts: tuple[str, ...], effect: pd.DataFrame, level: float
) -> pd.DataFrame:
    """Set both arms beside one another, period by period.

    Expected of the treated are the counts of the comparison places times the ratio of both sums
    in the baseline of the estimator. The ranges allow for the dispersion of that ratio's periods
    before, never under Poisson's, and for its own error; those of the sums hold at each period,
    not for all together. Sums of arms do not know how far places differ: where the finding is
    less sure than the last sum, the ranges of the sums are widened to its interval, and there are
    none where it has none.
    """
    frames = [
        _as_sure(_one(counts, outcome, part, level), effect)
        for outcome in counts.outcomes
        for part in parts
    ]
    frames = [frame for frame in frames if len(frame)]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=COLUMNS)


def _as_sure(frame: pd.DataFrame, effect: pd.DataFrame) -> pd.DataFrame:
    """Let the sums be no surer than the finding they end at."""
    told = frame[frame["cumulative"].notna()]
    if told.empty:
        return frame
    last = told.iloc[-1]
    same = (effect["outcome"] == last["outcome"]) & (effect["part"] == last["part"])
    found = effect[effect["main"] & same].iloc[0]
    for end in ("low", "high"):
        reach = abs(found[f"incidents_{end}"] - found["incidents"])
        away = frame[f"cumulative_{end}"] - frame["cumulative"]
        wider = np.maximum(reach / abs(away[told.index[-1]]), 1.0)
        frame[f"cumulative_{end}"] = frame["cumulative"] + away * (
            wider if np.isfinite(wider) else np.nan)  # fmt: skip
    return frame


def _one(counts: PlaceCounts, outcome: str, part: str, level: float) -> pd.DataFrame:
    from scipy.special import ndtri

    study = counts.study(outcome, part)
    arm, before = study.arm[0], study.before
    whole = study.used.all(axis=0)
    if arm.all() or not arm.any() or not (before & whole).any():
        return pd.DataFrame(columns=COLUMNS)
    y = np.where(whole, study.y[0], np.nan)
    treated, control = y[arm].sum(axis=0), y[~arm].sum(axis=0)
    # as the estimator does: the months the places were chosen for are no baseline
    known = before & whole if study.redraw is not None else baseline(study).periods & whole
    first, other = float(treated[known].sum()), float(control[known].sum())
    if not first or not other:
        return pd.DataFrame(columns=COLUMNS)
    ratio = first / other
    expected = ratio * control
    each = expected + ratio**2 * control  # variance of both arms were they Poisson
    residual = (treated - expected)[known] ** 2 / np.maximum(each[known], 1e-9)
    spread = max(1.0, float(residual.sum()) / max(int(known.sum()) - 1, 1))
    own = ratio**2 * (1 / first + 1 / other)
    z = float(ndtri((1 + level) / 2))
    wide = z * np.sqrt(spread * (each + control**2 * own))
    after = ~before
    added = np.where(after & whole, treated - expected, 0.0).cumsum()
    seen = np.where(after & whole, control, 0.0).cumsum()
    noise = np.where(after & whole, each, 0.0).cumsum()
    band = z * np.sqrt(spread * (noise + seen**2 * own))
    shown = np.where(after & whole, 1.0, np.nan)
    return pd.DataFrame({
        "outcome": outcome, "part": part, "start": counts.periods["start"],
        "end": counts.periods["end"], "after": after, "treated": treated, "control": control,
        "expected": expected, "low": np.maximum(expected - wide, 0), "high": expected + wide,
        "cumulative": added * shown, "cumulative_low": (added - band) * shown,
        "cumulative_high": (added + band) * shown,
    })[COLUMNS]  # fmt: skip
