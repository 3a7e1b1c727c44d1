"""How good forecasts were, and whether a rival of the plain baseline may take its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ._counts_ahead import crps, excess, law

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

ENOUGH = 12
"""Origins under which nothing takes the baseline's place: a lead would be luck."""

LEVELS = (80, 95)
"""Intervals, in percent."""

_DRAWS = 400  # of the bootstrap
_SURE = 0.95  # for all rivals of one baseline together


@dataclass(frozen=True)
class Scored:
    """Forecast distributions from every origin, and how they fared; all of shape (n, O, H)."""

    mean: Floats
    extra: Floats
    variance: Floats
    crps: Floats
    error: Floats
    inside: dict[int, Floats]


def scored(
    mean: Floats, extra: Floats, target: Floats, pool: NDArray[np.int64], start: Floats
) -> Scored:
    """Learn the spread of forecasts from their earlier errors, and score them."""
    alpha = excess(target, mean, extra, pool, start)
    return judged(mean, extra, mean * (1 + extra) + alpha * mean**2, target)


def judged(mean: Floats, extra: Floats, variance: Floats, target: Floats) -> Scored:
    """Score forecasts whose spread is known."""
    told = law(mean, variance)
    least, most = told.cdf(target), told.cdf(target - 1)
    known = np.isfinite(target) & np.isfinite(mean)
    inside = {}
    for level in LEVELS:
        tail = (1 - level / 100) / 2  # low <= y is P(Y <= y) >= tail, for low is the quantile
        inside[level] = np.where(known, (least >= tail) & (most < 1 - tail), np.nan)
    return Scored(mean, extra, variance, crps(target, told), mean - target, inside)


def taken(options: list[Scored], pick: NDArray[np.int64], target: Floats) -> Scored:
    """Take of several forecasts the one picked per series and origin; the first where it has none.

    ``pick`` has shape (n, O).
    """
    at = np.broadcast_to(pick[..., None], target.shape)
    with np.errstate(invalid="ignore"):
        at = np.where(np.isnan(np.choose(at, [s.mean for s in options])), 0, at)
    mean, extra, variance = (
        np.choose(at, [getattr(s, name) for s in options]) for name in ("mean", "extra", "variance")
    )
    return judged(mean, extra, variance, target)


def summed(values: Floats, where: NDArray[np.bool_], code: NDArray[np.int64]) -> Floats:
    """Sum over the series of each code, only where ``where``: shape (G, O, H)."""
    total = np.zeros((int(code.max()) + 1, *values.shape[1:]))
    np.add.at(total, code, np.where(where, values, 0.0))
    return total


@dataclass(frozen=True)
class Race:
    """What each group took at every origin, and how its rivals compare with the baseline now.

    Attributes
    ----------
    pick : ndarray of int, shape (G, O)
        0 is the baseline; judged by what was known at that origin only.
    gain, low, high : ndarray of float, shape (G, rivals)
        Share of the baseline's CRPS that a rival saves at the last origin, and its interval.
    origins : int
        Origins behind the comparison at the last one.
    """

    pick: NDArray[np.int64]
    gain: Floats
    low: Floats
    high: Floats
    origins: int


def race(
    pairs: list[tuple[Floats, Floats]], seed: int, at: NDArray[np.int64] | None = None
) -> Race:
    """Decide at every origin whether a rival had beaten the baseline beyond chance by then.

    Parameters
    ----------
    pairs : list of (ndarray, ndarray), each of shape (G, O, H)
        CRPS of the baseline and of a rival, summed over the same forecasts.
    seed : int
    at : ndarray of int, optional
        Origins at which to decide; all when absent. The baseline stays at the others.

    Notes
    -----
    Origins are drawn anew in circular blocks of twice the horizon, because forecasts from
    neighbouring origins share their errors. The interval is the gain plus and minus the standard
    error so found, times what blocks of this length miss of that overlap, times Student's t with
    one degree of freedom fewer than there are blocks, at 95% for all rivals together
    (Bonferroni).
    """
    from scipy.stats import t as student

    groups, turns, horizon = pairs[0][0].shape
    pick = np.zeros((groups, turns), dtype=np.int64)
    gain, low, high = (np.full((groups, len(pairs)), np.nan) for _ in range(3))
    step, length = np.arange(1, horizon + 1), 2 * horizon
    # blocks this long miss part of what overlap alone adds to the variance
    alike = 1 - step[:-1] / horizon
    missed = np.sqrt(horizon / (1 + 2 * (alike * (1 - step[:-1] / length)).sum()))
    for o in range(turns) if at is None else at.tolist():
        if o < ENOUGH and o < turns - 1:
            continue
        known = np.arange(o)[:, None] + step <= o
        base, rival = (np.array([(p[i][:, :o] * known).sum(2) for p in pairs]) for i in (0, 1))
        with np.errstate(invalid="ignore", divide="ignore"):
            gain = (1 - rival.sum(2) / base.sum(2)).T
        if o < ENOUGH:
            continue
        count = _blocks(np.random.default_rng([seed, o]), o, length)
        with np.errstate(invalid="ignore", divide="ignore"):
            again = 1 - (rival @ count.T) / (base @ count.T)
            error = np.std(again, axis=2, ddof=1).T * missed
        wide = student.ppf(1 - (1 - _SURE) / 2 / len(pairs), max(o / length - 1, 1))
        low, high = gain - wide * error, gain + wide * error
        lead = np.where(low > 0, gain, -np.inf)
        best = np.argmax(lead, axis=1)
        pick[:, o] = np.where(np.isfinite(lead.max(1)), best + 1, 0)
    return Race(pick, gain, low, high, turns - 1)


def _blocks(rng: np.random.Generator, turns: int, length: int) -> Floats:
    """How often each origin is drawn, in circular blocks: shape (draws, turns)."""
    blocks = -(-turns // length)
    first = rng.integers(0, turns, (_DRAWS, blocks))
    drawn = ((first[..., None] + np.arange(length)) % turns).reshape(_DRAWS, -1)[:, :turns]
    count = np.zeros((_DRAWS, turns))
    np.add.at(count, (np.arange(_DRAWS)[:, None], drawn), 1.0)
    return count


def score_table(
    models: dict[str, Scored], baseline: str, target: Floats, scale: Floats,
    code: NDArray[np.int64], named: pd.DataFrame,
) -> pd.DataFrame:  # fmt: skip
    """Scores of each model, group and step: a row each."""
    rows: list[pd.DataFrame] = []
    steps = target.shape[2]
    base = models[baseline].crps
    for name, model in models.items():
        known = np.isfinite(model.crps)
        both = known & np.isfinite(base)
        with np.errstate(invalid="ignore", divide="ignore"):
            scaled = np.abs(model.error) / scale[..., None]
            there = known & np.isfinite(scaled)

            def mean(values: Any, where: Any = known) -> Any:
                return (summed(values, where, code).sum(1)
                        / summed(np.ones_like(base), where, code).sum(1))  # fmt: skip

            told = {
                "origins": (summed(np.ones_like(base), known, code) > 0).sum(1),
                "forecasts": summed(np.ones_like(base), known, code).sum(1).astype(np.int64),
                "crps": mean(model.crps),
                "skill": 1 - mean(model.crps, both) / mean(base, both),
                "mase": mean(scaled, there),
                "bias": mean(model.error) / mean(target),
                **{f"cover{level}": mean(model.inside[level]) for level in LEVELS},
            }
        for h in range(steps):
            part = named.assign(model=name, step=h + 1)
            rows.append(part.assign(**{key: value[:, h] for key, value in told.items()}))
    return pd.concat(rows, ignore_index=True).astype({"model": "str"})
