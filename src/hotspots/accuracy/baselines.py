"""Simple rankings of cells that a detector has to beat, each in a few lines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LAST_YEAR = "last year's counts"
ALL_BEFORE = "all counts before"
SHRUNK = "shrunk counts"
KNOWN_FIRST = "known cells by counts"
EVERY_TYPE = "counts of every type"
RANDOM = "random inhabited cells"
BASELINES = (LAST_YEAR, ALL_BEFORE, SHRUNK, KNOWN_FIRST, EVERY_TYPE, RANDOM)
"""Names of the baselines; the first is the one to beat."""


@dataclass(frozen=True)
class Ranking:
    """Cells in an order: ``order`` holds their positions, best first, ``heat`` what made it."""

    order: Ints
    heat: Floats

    @classmethod
    def of(cls, heat: Floats) -> Ranking:
        """Rank by heat; equal heat goes in the order of the cells."""
        return cls(np.argsort(-heat, kind="stable"), heat)

    def chance(self, cells: Ints, budgets: Ints, among: Ints | None = None) -> Floats:
        """Chance (here 0 or 1) that each cell is among the first, shape (cells, budgets).

        ``among`` numbers groups of cells, each of which is ranked on its own.
        """
        order = self.order
        rank = np.empty(len(order), dtype=np.int64)
        if among is None:
            rank[order] = np.arange(len(order))
        else:
            order = order[np.argsort(among[order], kind="stable")]
            start = np.cumsum(np.bincount(among)) - np.bincount(among)
            rank[order] = np.arange(len(order)) - start[among[order]]
        return (rank[cells][:, None] < budgets).astype(float)

    def depth(self, cells: Ints) -> Floats:
        """Rank of each cell, from 0."""
        rank = np.empty(len(self.order))
        rank[self.order] = np.arange(len(self.order))
        return rank[cells]

    def taken(self, count: int) -> Floats:
        """Chance of every cell to be among the first ``count``, shape (n,)."""
        share = np.zeros(len(self.order))
        share[self.order[:count]] = 1.0
        return share


@dataclass(frozen=True)
class Lottery:
    """Cells drawn blindly, the ``known`` before all others; judged by what is expected of it."""

    known: NDArray[np.bool_]

    @property
    def heat(self) -> Floats:
        """What it says of each cell: the same of all that are known."""
        return self.known.astype(float)

    def chance(self, cells: Ints, budgets: Ints, among: Ints | None = None) -> Floats:
        """Chance that each cell is drawn, shape (cells, budgets)."""
        group = np.zeros(len(self.known), dtype=np.int64) if among is None else among
        size = np.bincount(group)[group[cells]][:, None]
        known = np.bincount(group, self.known)[group[cells]][:, None]
        first = np.minimum(budgets / np.maximum(known, 1), 1.0)
        rest = np.maximum(budgets - known, 0) / np.maximum(size - known, 1)
        return np.where(self.known[cells][:, None], first, rest)

    def depth(self, cells: Ints) -> Floats:
        """Rank to expect of each cell, from 0."""
        known, every = int(self.known.sum()), len(self.known)
        return np.where(self.known[cells], (known - 1) / 2, (known + every - 1) / 2)

    def taken(self, count: int) -> Floats:
        """Chance of every cell to be among ``count``, shape (n,)."""
        return self.chance(np.arange(len(self.known)), np.array([count]))[:, 0]

    def variance(self, seen: Floats, cells: int) -> float:
        r"""Variance of the incidents caught by ``cells`` cells, in closed form.

        Drawing :math:`K` of :math:`M` cells without putting back:
        :math:`K \frac{M - K}{M - 1} \sigma^2` with :math:`\sigma^2` the variance over the cells.
        """
        drawn = seen[self.known] if cells <= self.known.sum() else seen[~self.known]
        taken = cells if cells <= self.known.sum() else cells - int(self.known.sum())
        if len(drawn) < 2:
            return 0.0
        return float(taken * (len(drawn) - taken) / (len(drawn) - 1) * drawn.var())


def rank_baselines(year: Floats, before: Floats, every: Floats, lpt: Ints
                   ) -> dict[str, Ranking | Lottery]:  # fmt: skip
    """Make every baseline from what was known at one origin.

    Parameters
    ----------
    year : ndarray of float, shape (n,)
        Incidents of each cell in the last twelve recorded months.
    before : ndarray of float, shape (n,)
        Incidents of each cell in everything learned from.
    every : ndarray of float, shape (n,)
        The same of every category.
    lpt : ndarray of int, shape (n,)
        Number of the LPT of each cell.

    Returns
    -------
    dict of str to Ranking or Lottery
    """
    known = every > 0
    # among cells with as many incidents, those where anything ever happened come first
    step = 0.5 * known
    return {
        LAST_YEAR: Ranking.of(year),
        ALL_BEFORE: Ranking.of(before),
        SHRUNK: Ranking.of(shrunk(year, lpt)),
        KNOWN_FIRST: Ranking.of(year + step),
        EVERY_TYPE: Ranking.of(every),
        RANDOM: Lottery(known),
    }


def shrunk(count: Floats, lpt: Ints) -> Floats:
    r"""Draw counts towards the mean of their LPT, the less so the more they vary.

    With equal exposure, shrinkage towards one overall mean would leave the order of cells as it
    is. Towards the LPT's own mean :math:`m` it does not: of two cells with as many incidents,
    that of the busier LPT comes first.

    Parameters
    ----------
    count : ndarray of float, shape (n,)
    lpt : ndarray of int, shape (n,)

    Returns
    -------
    ndarray of float, shape (n,)
        :math:`(\alpha + y) / (\beta + 1)` with :math:`\beta = \alpha / m`, and :math:`\alpha`
        by moments: :math:`\sum m^2 / \sum ((y - m)^2 - m)`. Where counts vary no more than by
        chance, the mean itself.
    """
    size = np.maximum(np.bincount(lpt), 1)
    mean = (np.bincount(lpt, count) / size)[lpt]
    beyond = ((count - mean) ** 2 - mean).sum()
    if beyond <= 0:
        return mean
    shape = (mean**2).sum() / beyond
    return np.divide(  # type: ignore[no-any-return]
        mean * (shape + count), shape + mean, out=np.zeros(len(count)), where=mean > 0
    )
