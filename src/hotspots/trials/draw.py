"""The lot: how an assignment is drawn, once for the trial and again for its test."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

_ROUND = 8192  # assignments drawn at a time where only the balanced are kept
_TRIED = 10_000  # draws from which the bound of balance is set


@dataclass(frozen=True)
class Lot:
    """How ``m`` units are shared out, so that every draw follows the law of the first.

    Attributes
    ----------
    block : ndarray of int, shape (m,)
        Block of each unit, in rising order: chance is within blocks.
    share : float
        Share of the units that are treated (of the cross-over: that get their first run).
    steps : int
        0, or how many dates a stepped wedge has.
    cycles : int
        0, or how many weeks or fortnights a cross-over has.
    values : ndarray, shape (m, k), optional
        What is balanced.
    bound : float
        The draws kept are those with a distance between the arms of at most this.
    """

    block: Ints
    share: float = 0.5
    steps: int = 0
    cycles: int = 0
    values: Floats | None = None
    bound: float = math.inf

    def draw(self, draws: int, rng: np.random.Generator) -> Ints:
        r"""Draw assignments.

        Parameters
        ----------
        draws : int
        rng : numpy.random.Generator

        Returns
        -------
        ndarray of int
            Parallel arms: 0 or 1, shape (draws, m). Stepped wedge: the step at which each unit
            starts, from 1. Cross-over: 1 where the first run of a cycle is the treated one,
            shape (draws, m, cycles).

        Notes
        -----
        Units stand in the order of their blocks, by chance within each. Down that list the
        :math:`i`-th is treated where :math:`\lfloor iπ + u \rfloor` exceeds
        :math:`\lfloor (i-1)π + u \rfloor`, with share :math:`π` and one :math:`u` from 0 to 1 for
        the whole draw (systematic sampling, Madow 1949): every unit has chance π, and every block
        and the whole its share, up or down to a whole number.

        Where there are ``values``, draws are repeated until the squared Mahalanobis distance of
        the means of the arms is within ``bound`` (Morgan and Rubin 2012).

        References
        ----------
        Madow W. G. (1949) On the theory of systematic sampling, II. *Annals of Mathematical
        Statistics* 20(3), 333-354.
        Morgan K. L. and Rubin D. B. (2012) Rerandomization to improve covariate balance in
        experiments. *Annals of Statistics* 40(2), 1263-1282.

        Examples
        --------
        >>> lot = Lot(np.array([0, 0, 1, 1]))
        >>> lot.draw(2, np.random.default_rng(1)).reshape(2, 2, 2).sum(axis=2).tolist()
        [[1, 1], [1, 1]]
        """
        if self.cycles:
            return self._coins(draws, rng)
        if self.steps:
            place = self._places(draws, rng)
            shift = (rng.random((draws, 1)) * self.steps).astype(np.int64)
            return 1 + (place + shift) % self.steps
        if self.values is None:
            return self._arms(draws, rng)
        kept, have = [], 0
        while have < draws:
            some = self._arms(_ROUND, rng)
            some = some[distances(some, self.values) <= self.bound]
            kept.append(some)
            have += len(some)
        return np.concatenate(kept)[:draws]

    def _places(self, draws: int, rng: np.random.Generator) -> Ints:
        """Place of each unit in a list by block, by chance within."""
        key = self.block + rng.random((draws, len(self.block)))
        order = np.argsort(key, axis=1)
        place = np.empty_like(order)
        np.put_along_axis(place, order, np.arange(order.shape[1])[None], axis=1)
        return place

    def _arms(self, draws: int, rng: np.random.Generator) -> Ints:
        place = self._places(draws, rng)
        u = rng.random((draws, 1))
        chosen = np.floor((place + 1) * self.share + u) - np.floor(place * self.share + u)
        return chosen.astype(np.int64)

    def _coins(self, draws: int, rng: np.random.Generator) -> Ints:
        """Halves of the units begin each pair of cycles with the first run, and end with the last.

        So that every unit has each run treated once in two cycles, and as many units are under
        patrol on one day as on another.
        """
        pairs = -(-self.cycles // 2)
        coin = self._arms(draws * pairs, rng).reshape(draws, pairs, len(self.block))
        coin = np.repeat(coin.transpose(0, 2, 1), 2, axis=2)[:, :, : self.cycles]
        coin[:, :, 1::2] = 1 - coin[:, :, 1::2]
        return coin

    def balanced(self, values: Floats, acceptance: float) -> Lot:
        """Return the lot that keeps only the best balanced share of its draws.

        Parameters
        ----------
        values : ndarray, shape (m, k)
        acceptance : float
            Share of the draws that is kept, up to 1.

        Returns
        -------
        Lot

        Notes
        -----
        The bound is the quantile of 10,000 draws from a generator of its own: it depends on the
        units and nothing else, so that whoever draws again keeps the same.

        Examples
        --------
        >>> lot = Lot(np.zeros(8, dtype=int)).balanced(np.arange(8.0)[:, None], 0.1)
        >>> sums = lot.draw(50, np.random.default_rng(1)) @ np.arange(8)
        >>> set(sums.tolist()) <= {14}
        True
        """
        tried = distances(self._arms(_TRIED, np.random.default_rng(0)), values)
        bound = float(np.quantile(tried, acceptance, method="higher"))
        return replace(self, values=values, bound=bound * (1 + 1e-9) + 1e-12)


def distances(arms: Ints, values: Floats) -> Floats:
    """Squared Mahalanobis distance between the means of two arms.

    Parameters
    ----------
    arms : ndarray of 0 and 1, shape (draws, m)
    values : ndarray, shape (m, k)

    Returns
    -------
    ndarray, shape (draws,)
        In units of its variance: about chi-squared with k degrees of freedom under equal chance.

    Examples
    --------
    >>> arms = np.array([[1, 0, 0, 1], [1, 1, 0, 0]])
    >>> distances(arms, np.array([[1.0], [2.0], [3.0], [4.0]])).round(2).tolist()
    [0.0, 2.4]
    """
    centred = values - values.mean(axis=0)
    spread = centred.std(axis=0)
    same = spread <= 1e-9 * np.abs(values).max(axis=0)  # the same everywhere, but for rounding
    centred = centred[:, ~same] / spread[~same]
    if not centred.shape[1]:
        return np.zeros(len(arms))
    inverse = np.linalg.pinv(np.atleast_2d(np.cov(centred, rowvar=False)), rcond=1e-10)
    n, treated = arms.shape[1], arms.sum(axis=1, keepdims=True)
    apart = arms @ centred * (1 / treated + 1 / (n - treated))
    found: Floats = np.einsum("dk,kl,dl->d", apart, inverse, apart)
    scaled: Floats = found * (treated[:, 0] * (n - treated[:, 0]) / n)
    return scaled


def log10_assignments(lot: Lot) -> float:
    """Count the assignments a lot may give, as a power of ten.

    Parameters
    ----------
    lot : Lot

    Returns
    -------
    float
        Of a lot that keeps only the balanced, the share it keeps of all (estimated from draws).

    Examples
    --------
    >>> round(10 ** log10_assignments(Lot(np.array([0, 0, 1, 1, 2, 2]))))
    8
    """
    sizes = np.bincount(lot.block)
    if lot.cycles:
        return _counted(_shares(sizes, 0.5)) * -(-lot.cycles // 2)
    if lot.steps:
        place = np.arange(sizes.sum())
        shifted = (place + np.arange(lot.steps)[:, None]) % lot.steps
        edges = np.concatenate([[0], sizes.cumsum()])
        return _counted([
            [np.bincount(row[a:b], minlength=lot.steps) for a, b in itertools.pairwise(edges)]
            for row in shifted
        ])  # fmt: skip
    total = _counted(_shares(sizes, lot.share))
    if lot.values is not None:
        tried = distances(lot._arms(_TRIED, np.random.default_rng(0)), lot.values)
        total += math.log10(max(float((tried <= lot.bound).mean()), 1 / _TRIED))
    return total


def _shares(sizes: Ints, share: float) -> list[list[Ints]]:
    """Numbers treated and not of each block, in each way they may be rounded."""
    ends = np.concatenate([[0.0], sizes.cumsum() * share])
    turns = np.unique(np.concatenate([[0.0, 1.0], np.round(1 - ends % 1, 9)]))
    found = []
    for low, high in itertools.pairwise(turns):
        treated = np.diff(np.floor(ends + (low + high) / 2)).astype(np.int64)
        found.append([np.array([k, size - k]) for k, size in zip(treated, sizes, strict=True)])
    return found


def _counted(ways: list[list[Ints]]) -> float:
    """Logarithm of the arrangements with these numbers per block, over the ways that differ."""
    distinct = {tuple(tuple(map(int, part)) for part in way): way for way in ways}
    logs = [
        sum(math.lgamma(part.sum() + 1) - sum(math.lgamma(k + 1) for k in part) for part in way)
        for way in distinct.values()
    ]
    top = max(logs)
    return (top + math.log(sum(math.exp(one - top) for one in logs))) / math.log(10)
