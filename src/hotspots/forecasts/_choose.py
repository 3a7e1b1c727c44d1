"""Which model each level and category takes, and how their forecasts are made to add up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..series import FREQ
from ._judge import ENOUGH, Race, Scored, judged, race, scored, summed, taken
from ._models import MODELS
from ._reconcile import WAYS, reconciled, trees

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._models import Means

    Floats = NDArray[np.float64]


def coded(keys: pd.DataFrame, about: list[str]) -> tuple[NDArray[np.int64], pd.DataFrame]:
    """Code of what a model is chosen for, by row of the panel, and the names of the codes."""
    if not about:
        return np.zeros(len(keys), dtype=np.int64), pd.DataFrame(index=range(1))
    grouped = keys.groupby(about, sort=True)
    named = grouped.size().index.to_frame(index=False).astype("str")
    return grouped.ngroup().to_numpy().astype(np.int64), named


def chosen(
    models: dict[str, Scored], code: NDArray[np.int64], method: str, seed: int
) -> tuple[NDArray[np.int64], Race | None]:
    """Pick for every code and origin the baseline, or the rival that had beaten it by then."""
    names = list(models)
    base, pairs = models["mean"].crps, []
    if method != "auto":
        at = names.index(method)
        return np.full((int(code.max()) + 1, base.shape[1]), at, dtype=np.int64), None
    for name in names[1:]:
        both = np.isfinite(base) & np.isfinite(models[name].crps)
        pairs.append((summed(base, both, code), summed(models[name].crps, both, code)))
    run = race(pairs, seed)
    return run.pick, run


def agreed(
    models: list[Scored], pick: NDArray[np.int64], code: NDArray[np.int64], means: Means,
    start: Floats, keys: pd.DataFrame, lpts: pd.DataFrame, seed: int,
) -> tuple[Scored, NDArray[np.object_]]:  # fmt: skip
    """Make the levels agree: the sum of LPTs, unless another way had been better by then.

    The ways are held against each other with the models as they were picked at each origin, used
    for all the past there was. Each level counts the same, whatever its size.
    """
    kind, _ = coded(keys, [c for c in keys.columns if c == "category"])
    shape = means.target.shape
    mean, extra, variance = (np.full(shape, np.nan) for _ in range(3))
    way = np.full(int(code.max()) + 1, "", dtype=object)
    for one in range(int(kind.max()) + 1):
        rows = np.flatnonzero(kind == one)
        own, at = np.unique(code[rows], return_inverse=True)
        part = [_rows(model, rows) for model in models]
        tree = trees(keys.iloc[rows].reset_index(drop=True), lpts)
        patterns, which = np.unique(pick[own], axis=1, return_inverse=True)
        for p, pattern in enumerate(patterns.T):
            turns = np.flatnonzero(which.ravel() == p)
            picked = np.repeat(pattern[at][:, None], shape[1], axis=1)
            base = taken(part, picked, means.target[rows])
            ways = _ways(base, tree, means.target[rows], at, start[own])
            best = _best(ways, at, seed, turns)
            for o in turns:
                told = ways[best[o]]
                mean[rows, o], extra[rows, o], variance[rows, o] = (
                    told.mean[:, o], told.extra[:, o], told.variance[:, o],
                )  # fmt: skip
            if turns[-1] == shape[1] - 1:
                way[own] = list(WAYS)[best[-1]]
    return judged(mean, extra, variance, means.target), way


def _rows(model: Scored, rows: NDArray[np.int64]) -> Scored:
    return Scored(
        model.mean[rows], model.extra[rows], model.variance[rows], model.crps[rows],
        model.error[rows], {level: inside[rows] for level, inside in model.inside.items()},
    )  # fmt: skip


def _ways(
    base: Scored, tree: list[tuple[NDArray[np.int64], Floats]], target: Floats,
    code: NDArray[np.int64], start: Floats,
) -> list[Scored]:  # fmt: skip
    """Score every way to make the levels agree."""
    found = []
    for way in WAYS:
        mean, extra = np.full_like(target, np.nan), np.full_like(target, np.nan)
        for one in tree:
            mean[one[0]], extra[one[0]] = reconciled(base.mean, base.extra, base.variance, one, way)
        found.append(scored(mean, extra, target, code, start))
    return found


def _best(
    ways: list[Scored], code: NDArray[np.int64], seed: int, turns: NDArray[np.int64]
) -> NDArray[np.int64]:
    base = ways[0].crps
    known = np.isfinite(base)
    level = summed(base, known, code).sum(axis=(1, 2))
    equal = np.where(level > 0, 1 / np.maximum(level, 1e-12), 0.0)[code][:, None, None]
    all_one = np.zeros(len(code), dtype=np.int64)
    pairs = [(summed(base * equal, known, all_one), summed(w.crps * equal, known, all_one))
             for w in ways[1:]]  # fmt: skip
    best: NDArray[np.int64] = race(pairs, seed, turns).pick[0]
    return best


def choice_table(
    named: pd.DataFrame, names: list[str], pick: NDArray[np.int64], run: Race | None,
    way: NDArray[np.object_], freq: str,
) -> pd.DataFrame:  # fmt: skip
    """Say for each level and category which model is used, and why."""
    n, words = len(pick), [MODELS[name] for name in names]
    told: dict[str, Any] = {"model": np.array(names, dtype=object)[pick]}
    best = np.zeros(n, dtype=np.int64)
    if run is not None and np.isfinite(run.gain).any():
        best = np.where(pick > 0, pick - 1, np.argmax(np.nan_to_num(run.gain, nan=-np.inf), 1))
        told["rival"] = np.array(names[1:], dtype=object)[best]
        for name in ("gain", "low", "high"):
            told[name] = getattr(run, name)[np.arange(n), best]
    else:
        told |= {"rival": "", "gain": np.nan, "low": np.nan, "high": np.nan}
    told["origins"] = 0 if run is None else run.origins
    told["reconciled"] = way
    told["in_use"] = (way != "bottom_up") | (named.get("level", "lpt") == "lpt")
    told["reason"] = [_reason(told, i, words, int(pick[i]), run, FREQ[freq][2]) for i in range(n)]
    table = named.assign(**told)
    return table.astype(dict.fromkeys(["model", "rival", "reconciled", "reason"], "str"))


def _reason(
    told: dict[str, Any], i: int, words: list[str], pick: int, run: Race | None, period: str
) -> str:
    """Say why one choice fell as it did."""
    plain = words[0]
    if run is None:
        return f"{words[pick]}, as asked."
    if run.origins < ENOUGH:
        return f"{plain}: {run.origins} {period}s to test on are too few to prefer another."
    gain, low, high = (float(told[name][i]) for name in ("gain", "low", "high"))
    if not np.isfinite(low):
        return f"{plain}: no other model had history enough."
    rival = words[words.index(MODELS[told["rival"][i]])]
    way = "better" if gain > 0 else "worse"
    size = f"{abs(gain):.0%} {way}" if abs(gain) >= 0.005 else f"hardly {way}"
    size = f"{size} (interval {low:+.0%} to {high:+.0%})"
    if pick:
        return f"{rival}: {size} than {plain}."
    return f"{plain}: nothing beats it beyond chance; the nearest, {rival}, was {size}."
