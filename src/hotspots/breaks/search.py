"""Where the level of a series stepped: the cuts proposed, and the models weighed against them.

Proposed by dynamic programming, then every proposal is fitted again together with what could
look like it: the rest of a season, and a slow trend. The cheapest of no change, a gradual change,
steps, and steps on a gradual change is taken, each with its price.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .levels import (
    allowed_runs,
    best_cuts,
    cheapest_cuts,
    dispersion,
    ends_of,
    fit,
    likeness,
    run_costs,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

PENALTY = 3.0
"""Times the log of the periods used: what a step must gain in twice the log-likelihood."""

UNSURE = 1.0
"""Times the log of the periods used: by how much a step must beat a gradual change to be called."""

BENT = 36
"""Periods recorded from which a gradual change may bend, or go with steps; fewer carry a line."""

_BASE = 5  # columns before the steps: one, cosine, sine, line, bend
_CELLS = 6e6  # most numbers in the table of runs at once


@dataclass(frozen=True)
class Found:
    """What the search found in n series of T periods.

    Attributes
    ----------
    columns : ndarray of int, shape (n, K)
        First period of each new level, in order; -1 where there is none.
    bend : ndarray of int, shape (n,)
        0: no gradual change in the model, 1: a line, 2: a bend.
    unsure : ndarray of bool, shape (n,)
        Steps that a gradual change explains about as well.
    b, cov : ndarray, shape (n, 5 + K) and (n, 5 + K, 5 + K)
        Coefficients of log level on one, cosine, sine, line, bend and the steps.
    base : ndarray, shape (n, T, 5)
        Those first five columns.
    alpha, scale : ndarray, shape (n,)
        Over-dispersion; how much the likeness of neighbours widens every variance.
    gain : ndarray, shape (n, K)
        Twice the log-likelihood that each step adds to the rest, over ``scale``; NaN without.
    needed, df : ndarray, shape (n,)
        What a step has to add; degrees of freedom left.
    """

    columns: NDArray[np.int64]
    bend: NDArray[np.int64]
    unsure: Flags
    b: Floats
    cov: Floats
    base: Floats
    alpha: Floats
    scale: Floats
    gain: Floats
    needed: Floats
    df: Floats

    @classmethod
    def joined(cls, parts: list[Found]) -> Found:
        """Put batches of series together."""
        wide = max(part.columns.shape[1] for part in parts)
        return cls(*(
            np.concatenate([_widened(getattr(part, name), name, wide) for part in parts])
            for name in cls.__dataclass_fields__
        ))  # fmt: skip

    def with_rows(self, rows: NDArray[np.intp], other: Found) -> Found:
        """Put others in the place of some rows."""
        wide = max(self.columns.shape[1], other.columns.shape[1])
        merged = []
        for name in self.__dataclass_fields__:
            values = _widened(getattr(self, name), name, wide).copy()
            values[rows] = _widened(getattr(other, name), name, wide)
            merged.append(values)
        return Found(*merged)

    def offset(self, which: tuple[int, ...]) -> Floats:
        """Log of the part of the level that some of the first columns make, shape (n, T)."""
        part: Floats = np.einsum("ntp,np->nt", self.base[:, :, which], self.b[:, which])
        return part

    @property
    def level(self) -> Floats:
        """Level in every period, wave and all, shape (n, T)."""
        level: Floats = np.exp(self.offset((0, 1, 2, 3, 4)) + self.jumps)
        return level

    @property
    def jumps(self) -> Floats:
        """Log of what the steps so far have made of the level, shape (n, T)."""
        on = (np.arange(self.base.shape[1])[:, None] >= self.columns[:, None, :]) & (
            self.columns[:, None, :] >= 0
        )
        jumps: Floats = np.einsum("ntk,nk->nt", on.astype(float), self.b[:, _BASE:])
        return jumps


def search(
    y: Floats, e: Floats, turn: Floats, lost: Floats, least: tuple[int, int], penalty: float
) -> Found:
    """Look for steps in every series.

    Parameters
    ----------
    y, e : ndarray, shape (n, T)
        Counts and exposures, both 0 where a period is not used.
    turn : ndarray, shape (T,)
        Share of the year passed at the middle of each period.
    lost : ndarray, shape (n,)
        Degrees of freedom that the season in the exposures has taken from the series.
    least : tuple of int
        Periods that a level must last, and how many of them must be recorded.
    penalty : float
        Times log n.

    Returns
    -------
    Found
    """
    n, t = y.shape
    size = max(1, int(_CELLS // (t + 1) ** 2))
    parts = [
        _Search(
            y[at : at + size], e[at : at + size], turn, lost[at : at + size], least, penalty
        ).found()
        for at in range(0, n, size)
    ]
    return Found.joined(parts)


def _widened(values: NDArray[Any], name: str, wide: int) -> NDArray[Any]:
    """Add columns for steps that others have."""
    if name in ("columns", "gain"):
        blank = -1 if name == "columns" else np.nan
        return np.pad(values, ((0, 0), (0, wide - values.shape[1])), constant_values=blank)
    if name in ("b", "cov"):
        more = (0, _BASE + wide - values.shape[1])
        return np.pad(values, ((0, 0), *[more] * (values.ndim - 1)))
    return values


class _Search:
    """The models of a batch of series, and the way to the one taken."""

    def __init__(
        self, y: Floats, e: Floats, turn: Floats, lost: Floats, least: tuple[int, int],
        penalty: float,
    ) -> None:  # fmt: skip
        self.y, self.e = y, e
        used = e > 0
        self.lost = lost
        self.count = used.sum(axis=1).astype(float)
        self.ends = ends_of(used)
        self.allowed = allowed_runs(used, *least)
        self.base = _base(used, turn)
        self.base[self.count < BENT, :, 4] = 0.0
        self.none = np.zeros((len(y), 0), dtype=np.int64)
        self.logn = np.log(np.maximum(self.count, 2.0))
        self.needed = penalty * self.logn
        self.alpha = np.zeros(len(y))
        self.scale = np.ones(len(y))
        self.scatter()

    def scatter(self) -> None:
        """Tell how far counts scatter, beside a wave, a bend and the two best steps."""
        b = self.model(self.none, 2)[0]
        wave = np.einsum("ntp,np->nt", self.base[:, :, 1:3], b[:, 1:3])
        costs = run_costs(self.y, self.e * np.exp(wave), self.alpha)
        self.two = _columns(best_cuts(costs, self.allowed, self.ends, 2))
        level = self.model(self.two, 2)[2]
        steps = (self.two >= 0).sum(axis=1)
        df = self.count - 4 - (self.count >= BENT) - 2 * steps - self.lost
        # a third at least, for an estimate from fewer would be no more than a guess
        df = np.maximum(df, np.maximum(self.count / 3, 2.0))
        self.alpha = dispersion(self.y, self.e, level, df)
        rho = likeness(self.y, self.e, level, self.alpha, 3 + 3 * steps + self.lost / 4)
        rho = np.clip(rho, 0.0, 0.8)
        self.scale = (1 + rho) / (1 - rho)

    def model(self, columns: NDArray[np.int64], bend: int) -> tuple[Floats, Floats, Floats, Floats]:
        """Fit every series with its steps, a wave, and a line (1) or a bend (2) or neither (0)."""
        return self._some(np.arange(len(self.y)), columns, bend)

    def _some(
        self, which: NDArray[np.int64], columns: NDArray[np.int64], bend: int
    ) -> tuple[Floats, Floats, Floats, Floats]:
        x = _x(self.base[which], columns, [True, True, True, bend > 0, bend > 1])
        return fit(self.y[which], self.e[which], x, self.alpha[which])

    def proposed(self, bend: int) -> NDArray[np.int64]:
        """Cut the series with the season's rest, and the line, taken out; what is cut, twice."""
        columns, todo = self.two, np.arange(len(self.y))
        for _ in range(2):
            b = self._some(todo, columns[todo], bend)[0]
            rest = np.einsum("ntp,np->nt", self.base[todo, :, 1:], b[:, 1:_BASE])
            costs = run_costs(self.y[todo], self.e[todo] * np.exp(rest), self.alpha[todo])
            cuts = np.zeros(self.y.shape, dtype=bool)
            cuts[todo] = cheapest_cuts(
                costs, self.allowed[todo], (self.ends[0][todo], self.ends[1][todo]),
                (self.needed * self.scale)[todo],
            )  # fmt: skip
            columns, todo = _columns(cuts), np.flatnonzero(cuts.any(axis=1))
        return columns

    def weighed(self, columns: NDArray[np.int64], bend: int) -> tuple[NDArray[np.int64], Floats]:
        """Drop, one by one, the steps that do not pay beside the rest; what the others gain."""
        columns = columns.copy()
        gains = np.full(columns.shape, np.nan)
        todo = np.flatnonzero((columns >= 0).any(axis=1))
        while len(todo):
            mine = columns[todo]
            whole = self._some(todo, mine, bend)[3]
            gain = np.full(mine.shape, np.nan)
            for k in range(mine.shape[1]):
                some = np.flatnonzero(mine[:, k] >= 0)
                if len(some):
                    less = mine[some].copy()
                    less[:, k] = -1
                    cost = self._some(todo[some], less, bend)[3]
                    gain[some, k] = (cost - whole[some]) / self.scale[todo[some]]
            gains[todo] = gain
            worst = np.where(np.isnan(gain), np.inf, gain).argmin(axis=1)
            poor = gain[np.arange(len(todo)), worst] < self.needed[todo]
            columns[todo[poor], worst[poor]] = -1
            gains[todo[poor], worst[poor]] = np.nan
            todo = todo[poor]
            todo = todo[(columns[todo] >= 0).any(axis=1)]
        return columns, gains

    def found(self) -> Found:
        """Weigh no change, gradual change, steps, and steps on a line against each other."""
        row = np.arange(len(self.y))
        options = [(self.none, self.none * np.nan, bend) for bend in (0, 1, 2)]
        options += [(*self.weighed(self.proposed(bend), bend), bend) for bend in (0, 1)]
        wide = max(columns.shape[1] for columns, _, _ in options)
        columns = np.stack([_widened(c, "columns", wide) for c, _, _ in options])
        gains = np.stack([_widened(g, "gain", wide) for _, g, _ in options])
        fits = [self.model(columns[k], bend) for k, (_, _, bend) in enumerate(options)]
        price = np.array([0.0, 2.0, 3.0, 0.0, 2.0])[:, None] / 3 * self.needed
        worth = np.array([f[3] for f in fits]) / self.scale + price
        worth += (columns >= 0).sum(axis=2) * self.needed
        worth[np.ix_([2, 4], self.count < BENT)] = np.inf
        # steps on a line are taken where steps alone, or a line alone, do not serve nearly as well
        worth[4] += UNSURE * self.logn
        best = worth.argmin(axis=0)
        smooth, steps = worth[1:3].min(axis=0), worth[3]
        unsure = (columns[3] >= 0).any(axis=1) & (best != 4)
        unsure &= np.maximum(smooth, steps) < worth[0]
        unsure &= np.abs(smooth - steps) < UNSURE * self.logn
        best = np.where(unsure, 3, best)
        bends = np.array([bend for _, _, bend in options])[best]
        taken = columns[best, row]
        df = self.count - 3 - bends - 2 * (taken >= 0).sum(axis=1)
        return Found(
            taken, bends, unsure, np.array([f[0] for f in fits])[best, row],
            np.array([f[1] for f in fits])[best, row], self.base, self.alpha, self.scale,
            gains[best, row], self.needed, np.maximum(df, 1.0),
        )  # fmt: skip


def _base(used: Flags, turn: Floats) -> Floats:
    """Columns of every model: one, a wave a year, a line and a bend, shape (n, T, 5)."""
    n, t = used.shape
    first, end = ends_of(used)
    span = np.maximum(end - first - 1, 1)[:, None]
    line = np.clip(2 * (np.arange(t) - first[:, None]) / span - 1, -1, 1)
    angle = 2 * np.pi * turn
    wave = np.stack([np.ones(t), np.cos(angle), np.sin(angle)], axis=1)
    wave = np.broadcast_to(wave, (n, t, 3))
    return np.concatenate([wave, line[:, :, None], (line**2 - 1 / 3)[:, :, None]], axis=2)


def _x(base: Floats, columns: NDArray[np.int64], kept: list[bool]) -> Floats:
    """Put the columns of a model together; those not in it are zero."""
    after = np.arange(base.shape[1]) >= columns[:, :, None]
    steps = (after & (columns >= 0)[:, :, None]).astype(float).transpose(0, 2, 1)
    return np.concatenate([base * np.array(kept, dtype=float), steps], axis=2)


def _columns(cuts: Flags) -> NDArray[np.int64]:
    """Periods of the cuts of each series in order, -1 for none, shape (n, most)."""
    columns = np.full((len(cuts), int(cuts.sum(axis=1).max(initial=0))), -1, dtype=np.int64)
    g, at = np.nonzero(cuts)
    columns[g, (np.cumsum(cuts, axis=1) - 1)[g, at]] = at
    return columns
