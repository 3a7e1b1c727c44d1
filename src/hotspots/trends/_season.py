"""Which groups may be asked for a season, what the test says of each, and the verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..chance import adjusted_p
from ..chance.regression import trend_columns
from ..progress import progress_bar
from ._waves import find_waves

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..series import Panel

    Floats = NDArray[np.float64]

FEW = 5.0
"""Incidents a month under which finding no season says nothing."""

_LEAST = 1.0  # a month; under it there is nothing to test
_CYCLES = 3  # full cycles that must have been recorded
_DF = 18  # degrees of freedom that must be left beside trend, steps and calendar
_BATCH = 300  # groups fitted at once


@dataclass(frozen=True)
class Season:
    """What is known of the season of each group (n); NaN and blanks where it was not tested."""

    verdict: NDArray[np.object_]
    numbers: dict[str, Floats]
    curve: Floats  # (n, 12)
    effect: Floats  # (n, k): log effect of each known column, with its ends
    effect_low: Floats
    effect_high: Floats


def find_season(panel: Panel, exposure: Floats, columns: Floats, cycle: int) -> Season:
    """Test every group that was recorded long enough, and judge them together."""
    n, steps = panel.y.shape
    used = panel.used
    total = np.where(used, panel.y, 0.0).sum(axis=1)
    rate = total / np.maximum(np.where(used, exposure, 0.0).sum(axis=1), 1e-9) * 30.4375
    each = used.astype(float) @ np.eye(12)[panel.month]
    long = (used.sum(axis=1) >= _CYCLES * cycle) & (each.min(axis=1) >= 2)
    # what happened in a year or two cannot show that it comes back
    there = np.stack([((panel.y > 0) & used)[:, t : t + cycle].any(axis=1)
                      for t in range(0, max(steps, 1), cycle)])  # fmt: skip
    many = (rate >= _LEAST) & (there.sum(axis=0) >= _CYCLES)
    years = np.arange(steps) / cycle
    trend = trend_columns(years, used) if steps else np.zeros((n, 0, 1))
    base = np.concatenate([np.ones((n, steps, 1)), trend, columns], axis=2)
    width = (np.abs(np.where(used[..., None], base, 0)).max(axis=1, initial=0) > 0).sum(axis=1)
    long &= used.sum(axis=1) - width - 4 >= _DF
    turn = _year_share(panel.middle) if cycle != 12 else (panel.month + 0.5) / 12

    offset = np.log(np.maximum(exposure, 1e-9))
    names = ("waves", "p_value", "peak", "peak_low", "peak_high", "second", "ratio", "ratio_low",
             "ratio_high", "dispersion")  # fmt: skip
    found = {name: np.full(n, np.nan) for name in names}
    curve = np.full((n, 12), np.nan)
    effects = [np.full((n, columns.shape[2]), np.nan) for _ in range(3)]
    todo = np.flatnonzero(long & many)
    batches = [todo[i : i + _BATCH] for i in range(0, len(todo), _BATCH)]
    for some in progress_bar(
        batches, desc="Testing for seasons", unit="batch", disable=len(batches) < 4, leave=False
    ):
        waves = find_waves(
            np.nan_to_num(panel.y[some]), base[some], turn, offset[some], used[some],
            known=columns.shape[2],
        )  # fmt: skip
        for name in names:
            found[name][some] = getattr(waves, name)
        curve[some] = waves.curve
        for kept, values in zip(effects, waves.known, strict=True):
            kept[some] = values
    found["q_value"] = adjusted_p(found["p_value"])
    return Season(_verdict(found, long, many, rate), found, curve, *effects)


def _verdict(
    found: dict[str, Floats], long: NDArray[np.bool_], many: NDArray[np.bool_], rate: Floats
) -> NDArray[np.object_]:
    q, low = found["q_value"], found["ratio_low"]
    verdict = np.select(
        [~long, ~many, (q < 0.01) & (low > 1.1), q < 0.05, rate < FEW],
        ["too short to say", "too few to say", "clear season", "possible season",
         "too few to say"],
        "no clear season",
    )  # fmt: skip
    return verdict.astype(object)


def _year_share(when: NDArray[np.datetime64]) -> Floats:
    year = when.astype("datetime64[Y]")
    start, end = year.astype("datetime64[s]"), (year + 1).astype("datetime64[s]")
    share: Floats = (when.astype("datetime64[s]") - start) / (end - start)
    return share


def month_of(place: Any, blank: str = "") -> NDArray[np.object_]:
    """Name the month at each share of the year; NaN gives the blank."""
    from ._words import MONTHS

    place = np.asarray(place, dtype=float)
    at = np.floor(np.mod(np.nan_to_num(place), 1.0) * 12 + 1e-9).astype(int) % 12
    return np.where(np.isnan(place), blank, np.array(MONTHS, dtype=object)[at])
