"""Randomisation inference: the treatment drawn again as it was drawn, thousands of times."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ..contracts import InputError
from ._drawn import ends
from .study import Batch, Study, refuse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

FARTHEST = 8.0
"""Log ratio beyond which an interval has no end."""

_AT_ONCE = 20_000_000  # numbers held at a time
_DRAWN_AT_ONCE = 250
_STEPS, _NEAR = 25, 1e-5  # of Newton's method
_ROUNDS = 200  # of fitting margins; one is enough where every place has every period


def fit_randomised(
    study: Study, *, level: float = 0.95, seed: int = 0, draws: int = 4999, interval: bool = True
) -> Batch:
    """Judge the effect against the treatments that the same lot could have drawn.

    Parameters
    ----------
    study : Study
        With ``redraw``; any design.
    level : float
        Of the interval.
    seed : int
    draws : int
        Treatments drawn anew.
    interval : bool
        Without it estimate and p are the same, at a small part of the cost: what the power of a
        trial takes.

    Returns
    -------
    Batch
        Log ratio.

    Examples
    --------
    >>> import numpy as np
    >>> from hotspots.impact.study import make_study
    >>> y = np.array([[10, 5], [12, 6], [8, 4], [9, 5], [10, 9], [12, 12], [8, 8], [9, 9]])
    >>> def lot(draws, rng):
    ...     treat = np.zeros((draws, 8, 2))
    ...     treat[:, :, 1] = np.argsort(rng.random((draws, 8)), axis=1) < 4
    ...     return treat
    >>> treat = np.zeros((8, 2))
    >>> treat[:4, 1] = 1
    >>> found = fit_randomised(make_study(y, treat, redraw=lot), draws=999)
    >>> np.exp(found.estimate).round(3).tolist(), bool(found.p[0] < .05)
    ([0.526], True)
    """
    if study.redraw is None:
        return refuse(study, "the treatment was not drawn by lot")
    lots = _draw(study, draws, np.random.default_rng([seed, 2]))
    ways = len(np.unique(np.packbits(lots.treat, axis=1), axis=0))
    if ways * (1 - level) < 2:
        return refuse(study, (
            f"the design could have drawn only {ways:,} different treatments, so the least p there "
            f"is would be {min(1, 2 / ways):.2g}: no result could tell an effect from chance"
        ))  # fmt: skip
    null = _Null.of(study, lots)
    size = max(1, min(_AT_ONCE // study.y[0].size, _AT_ONCE // (4 * draws)))
    parts = []
    for s in range(0, len(study.y), size):
        rows = slice(s, s + size)
        treat = study.treat if len(study.treat) == 1 else study.treat[rows]
        parts.append(_fit(study.y[rows], treat, lots, null, study.block, level, interval))
    estimate, low, high, p = (np.concatenate(part) for part in zip(*parts, strict=True))
    if np.isnan(estimate).all():
        return refuse(study, "no incidents were counted under the treatment, or none without it")
    chance = f"the treatment drawn again {draws:,} times as the trial drew it"
    return Batch(estimate, low, high, p, ratio=True, chance=chance)


@dataclass(frozen=True)
class _Lots:
    """Treatments drawn anew, periods with the same treatment in every draw taken together."""

    treat: NDArray[np.uint8]  # (draws, places × runs)
    first: NDArray[np.int64]  # first period of each run
    told: Bools  # (all runs,) whether any draw treats any place in it

    @cached_property
    def _numbers(self) -> Floats:
        return self.treat.astype(float)

    def sums(self, residual: Floats) -> Floats:
        """Residuals added up for each draw's treatment, shape (draws, S)."""
        flat = residual.reshape(len(residual), -1).T
        rows = max(1, _AT_ONCE // max(1, self.treat.shape[1]))
        if len(self.treat) <= rows:
            return np.asarray(self._numbers @ flat)
        parts = [self.treat[d : d + rows].astype(float) @ flat
                 for d in range(0, len(self.treat), rows)]  # fmt: skip
        return np.concatenate(parts)

    def share(self, block: NDArray[np.int64]) -> Floats:
        """Share of the draws that treat a place of the block in each run, shape (n, runs)."""
        each = self.treat.mean(axis=0).reshape(len(block), -1)
        code = np.unique(block, return_inverse=True)[1].ravel()
        held = (code == np.arange(code.max() + 1)[:, None]).astype(float)
        shares: Floats = ((held @ each) / held.sum(axis=1, keepdims=True))[code]
        return shares


def _draw(study: Study, draws: int, rng: np.random.Generator) -> _Lots:
    """Draw treatments as the design does."""
    assert study.redraw is not None
    n, periods = study.y.shape[1:]
    treat = np.empty((draws, n, periods), dtype=np.uint8)
    for d in range(0, draws, _DRAWN_AT_ONCE):
        part = np.asarray(study.redraw(min(_DRAWN_AT_ONCE, draws - d), rng))
        if part.shape[1:] != (n, periods) or not np.isin(part, (0, 1)).all():
            raise InputError("study", [
                f"redraw gave an array of shape {part.shape} with values from {part.min():g} to "
                f"{part.max():g}; it must give 0 and 1, shape (draws, {n}, {periods})."
            ])  # fmt: skip
        treat[d : d + _DRAWN_AT_ONCE] = part
    change = (np.diff(treat, axis=2) != 0).any(axis=(0, 1))
    change |= (np.diff(study.treat, axis=2) != 0).any(axis=(0, 1))
    first = np.concatenate([[0], np.flatnonzero(change) + 1])
    treat = treat[:, :, first]
    told = np.asarray((treat > 0).any(axis=(0, 1)))
    return _Lots(treat[:, :, told].reshape(draws, -1), first, told)


@dataclass(frozen=True)
class _Null:
    """The model of no effect: a level per cell and a factor per period, Poisson."""

    used: Bools  # (n, T)
    cell: NDArray[np.int64]  # (n, T)
    first: NDArray[np.int64]
    told: Bools
    whole: bool  # every place has every period: periods may be added up before all else

    @classmethod
    def of(cls, study: Study, lots: _Lots) -> _Null:
        """Take from a study what the model needs."""
        same = bool((study.cell == study.cell[:, :1]).all())
        own = same and len(np.unique(study.cell[:, 0])) == len(study.cell)
        periods = study.used.any(axis=0)
        whole = own and bool((study.used == periods).all())
        code = np.unique(study.cell, return_inverse=True)[1].reshape(study.cell.shape)
        return cls(study.used, code, lots.first, lots.told, whole)

    def columns(self, values: Floats) -> Floats:
        """Bring counts (S, n, T) to the columns the model works on."""
        return np.add.reduceat(values, self.first, axis=2) if self.whole else values

    def residual(self, y: Floats) -> Floats:
        """Return counts less what the model fits, by place and run, shape (S, n, runs)."""
        if self.whole:
            place, period = y.sum(axis=2, keepdims=True), y.sum(axis=1, keepdims=True)
            total = np.maximum(place.sum(axis=1, keepdims=True), 1e-300)
            left: Floats = (y - place * period / total)[:, :, self.told]
            return left
        summed: Floats = np.add.reduceat(y - self._fitted(y), self.first, axis=2)
        return summed[:, :, self.told]

    @cached_property
    def _held(self) -> tuple[Any, Any, Any]:
        """Matrices that add up by cell counts and factors of periods, by period those of cells."""
        from scipy.sparse import csr_matrix

        at, when = self.cell[self.used], np.nonzero(self.used)[1]
        cells, periods = int(self.cell.max()) + 1, self.used.shape[1]
        one, each = np.ones(len(at)), np.arange(len(at))
        return (csr_matrix((one, (at, each)), (cells, len(at))),
                csr_matrix((one, (at, when)), (cells, periods)),
                csr_matrix((one, (when, at)), (periods, cells)))  # fmt: skip

    def _fitted(self, y: Floats) -> Floats:
        """Means whose sums by cell and by period are those of the counts."""
        counts, by_cell, by_period = self._held
        of_cell = counts @ y[:, self.used].T
        of_period = np.where(self.used, y, 0.0).sum(axis=1).T
        b = np.ones_like(of_period)
        for _ in range(_ROUNDS):
            a = of_cell / np.maximum(by_cell @ b, 1e-300)
            new = of_period / np.maximum(by_period @ a, 1e-300)
            moved = np.abs(new - b).max()
            b = new
            if moved < 1e-10 * max(1.0, float(b.max())):
                break
        fitted = np.zeros(y.shape)
        fitted[:, self.used] = (a[self.cell[self.used]] * b[np.nonzero(self.used)[1]]).T
        return fitted


def _fit(
    y: Floats,
    treat: Floats,
    lots: _Lots,
    null: _Null,
    block: NDArray[np.int64],
    level: float,
    interval: bool,
) -> tuple[Floats, Floats, Floats, Floats]:
    """Estimate, interval and p of each study."""
    on, off = null.columns(y * treat), null.columns(y * (1 - treat))
    seen = treat[:, :, lots.first][:, :, lots.told]  # the treatment there was
    usual = lots.share(block)

    def residual(beta: Floats) -> Floats:
        """Return what the model leaves of counts freed of an effect."""
        return null.residual(on * np.exp(-beta)[:, None, None] + off)

    def found(beta: Floats) -> Floats:
        """Incidents under treatment beyond those usual by lot, freed of an effect."""
        return np.asarray((residual(beta) * (seen - usual)).sum(axis=(1, 2)))

    def tails(beta: Floats) -> tuple[Floats, Floats]:
        """Chance of a sum as low, and as high, as the one seen, had the effect been beta."""
        left = residual(beta)
        own = (left * seen).sum(axis=(1, 2))
        drawn = lots.sums(left)
        slack = 1e-9 * (np.abs(own) + 1)
        n = len(drawn) + 1
        return ((1 + (drawn <= own + slack).sum(axis=0)) / n,
                (1 + (drawn >= own - slack).sum(axis=0)) / n)  # fmt: skip

    lower, upper = tails(np.zeros(len(y)))
    p = np.minimum(1.0, 2 * np.minimum(lower, upper))
    theta, slope = _root(found, len(y))
    known = (np.abs(theta) < FARTHEST) & (on.sum(axis=(1, 2)) > 0)
    theta = np.where(known, theta, 0.0)
    low = high = np.full(len(y), np.nan)
    if interval:
        spread = lots.sums(residual(theta)).std(axis=0)
        error = np.clip(spread / np.maximum(slope, 1e-12), 1e-3, 2.0)
        low, high = ends(tails, theta, error, level)
    one, two, three, four = (np.where(known, v, np.nan) for v in (theta, low, high, p))
    return one, two, three, four


def _root(falling: Callable[[Floats], Floats], size: int) -> tuple[Floats, Floats]:
    """Find where functions that fall are 0, and how steep they are there, by Newton's method."""
    at, steep = np.zeros(size), np.ones(size)
    for _ in range(_STEPS):
        value = falling(at)
        steep = np.maximum((value - falling(at + _NEAR)) / _NEAR, 1e-12)
        step = np.clip(value / steep, -1.0, 1.0)
        at = np.clip(at + step, -FARTHEST, FARTHEST)
        if np.abs(step).max() < 1e-10:
            break
    return at, steep
