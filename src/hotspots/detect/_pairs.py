"""Pairs of incidents close in space: found by a tree, counted by time under permuted dates."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ..progress import progress_bar

Ints = NDArray[np.int64]

MOST_PAIRS = 400_000_000
"""Pairs within the largest distance that are still counted: 3.2 GB of them."""

_CHUNK = 2_000_000  # pairs taken from the tree at once
_BATCH = 64  # permutations counted together, so that memory is read in runs
_BLOCK = 1 << 18  # differences in work at once, so that they stay in the processor's cache
_NORMS = {"manhattan": 1.0, "euclidean": 2.0}


def distance(step: NDArray[np.float64], metric: str) -> NDArray[np.float64]:
    """Length of steps of shape (n, 2), in metres."""
    along: NDArray[np.float64] = np.abs(step)
    return along.sum(axis=1) if metric == "manhattan" else np.hypot(along[:, 0], along[:, 1])


def count_within(xy: NDArray[np.float64], reach: float, metric: str) -> int:
    """How many pairs of points lie at most ``reach`` apart."""
    tree = cKDTree(xy)
    return int(tree.count_neighbors(tree, reach, p=_NORMS[metric]) - len(xy)) // 2


def find_pairs(
    xy: NDArray[np.float64], edges: NDArray[np.float64], metric: str
) -> list[NDArray[np.int32]]:
    """Pairs ``i < j`` whose distance lies in each band ``[edges[k], edges[k + 1])``.

    Parameters
    ----------
    xy : ndarray of float, shape (n, 2)
        Best sorted so that neighbours stand near each other, which spares the memory.
    edges : ndarray of float, shape (m + 1,)
        Rising, finite.
    metric : {"manhattan", "euclidean"}

    Returns
    -------
    list of m ndarrays of int32, shape (2, pairs)
    """
    bands: list[list[NDArray[np.int32]]] = [[] for _ in edges[1:]]
    for i, j in _chunks(cKDTree(xy), xy, float(edges[-1]), _NORMS[metric]):
        band = np.searchsorted(edges, distance(xy[i] - xy[j], metric), side="right") - 1
        for k in range(len(bands)):
            inside = band == k
            bands[k].append(np.stack([i[inside], j[inside]]).astype(np.int32))
    whole = []
    for found in bands:
        whole.append(np.concatenate(found, axis=1))
        found.clear()  # or the largest sets of pairs would be held twice
    return whole


def _chunks(
    tree: cKDTree, xy: NDArray[np.float64], reach: float, norm: float
) -> Iterator[tuple[Ints, Ints]]:
    """Yield all pairs ``i < j`` at most ``reach`` apart, few enough at once for the memory."""
    parts = [(0, len(xy))]
    while parts:
        low, high = parts.pop()
        part = cKDTree(xy[low:high])
        if high - low > 1 and part.count_neighbors(tree, reach, p=norm) > _CHUNK:
            middle = (low + high) // 2
            parts += [(middle, high), (low, middle)]
            continue
        near = part.sparse_distance_matrix(tree, reach, p=norm, output_type="ndarray")
        i, j = near["i"].astype(np.int64) + low, near["j"].astype(np.int64)
        yield i[i < j], j[i < j]


@dataclass(frozen=True)
class Margins:
    """Pairs by stratum and time, which permuting dates within strata leaves as they are.

    Attributes
    ----------
    stratum : ndarray of int, shape (n,)
        0 to ``s`` - 1 for each incident; dates are permuted within a stratum.
    total : ndarray of float, shape (s, s)
        Pairs between two strata (within one on the diagonal); above the diagonal only.
    by_time : ndarray of float, shape (s, s, t + 1)
        The same by time band; the last are those beyond the bands.
    """

    stratum: Ints
    total: NDArray[np.float64]
    by_time: NDArray[np.float64]

    @classmethod
    def of(cls, day: Ints, stratum: Ints, edges: Ints) -> Margins:
        """Count all pairs by time from the days alone: no pair is looked at."""
        strata = int(stratum.max()) + 1
        days = int(np.ptp(day)) + 1
        per_day = np.zeros((strata, days))
        np.add.at(per_day, (stratum, day - day.min()), 1)
        upto = np.hstack([np.zeros((strata, 1)), per_day.cumsum(axis=1)])
        size = upto[:, -1]
        total = np.triu(np.outer(size, size), 1) + np.diag(size * (size - 1) / 2)
        under = [np.zeros((strata, strata))]
        for edge in edges[1:]:  # pairs less than `edge` days apart
            last = np.minimum(np.arange(days) + edge, days)
            first = np.maximum(np.arange(days) - edge + 1, 0)
            met = per_day @ (upto[:, last] - upto[:, first]).T
            under.append(np.triu(met, 1) + np.diag((met.diagonal() - size) / 2))
        return cls(stratum, total, np.diff(np.stack([*under, total], axis=2), axis=2))

    def expected(self, pairs: list[NDArray[np.int32]]) -> NDArray[np.float64]:
        """Mean over all permutations of the pairs in each band of space and time, in closed form.

        Parameters
        ----------
        pairs : list of ndarray of int32, shape (2, pairs)
            Pairs of each space band.

        Returns
        -------
        ndarray of float, shape (space bands + 1, time bands + 1)
            The last row and column are what lies beyond the bands.
        """
        strata = len(self.total)
        share = self.by_time / np.where(self.total > 0, self.total, 1)[:, :, None]
        rest, rows = self.total.copy(), []
        for found in pairs:
            close = np.zeros((strata, strata))
            for start in range(0, found.shape[1], _CHUNK):
                a, b = self.stratum[found[:, start : start + _CHUNK]]
                code = np.minimum(a, b) * strata + np.maximum(a, b)
                close += np.bincount(code, minlength=strata**2).reshape(strata, strata)
            rest -= close
            rows.append(np.einsum("ab,abt->t", close, share))
        return np.stack([*rows, np.einsum("ab,abt->t", rest, share)])

    def filled(self, inside: Ints) -> Ints:
        """Add the last row of what lies beyond the space bands, by subtraction.

        Parameters
        ----------
        inside : ndarray of int, shape (..., space bands, time bands + 1)

        Returns
        -------
        ndarray of int, shape (..., space bands + 1, time bands + 1)
        """
        totals = np.rint(self.by_time.sum(axis=(0, 1))).astype(np.int64)
        beyond = totals - inside.sum(axis=-2)
        return np.concatenate([inside, beyond[..., None, :]], axis=-2)


def observed(pairs: list[NDArray[np.int32]], day: Ints, edges: Ints) -> Ints:
    """Count the pairs of each space band by time band, and those beyond the last.

    Parameters
    ----------
    pairs : list of ndarray of int32, shape (2, pairs)
    day : ndarray of int, shape (n,)
    edges : ndarray of int, shape (t + 1,)
        From 0, rising.

    Returns
    -------
    ndarray of int, shape (space bands, t + 1)
    """
    counts = []
    for i, j in pairs:
        count = np.zeros(len(edges), dtype=np.int64)
        for start in range(0, len(i), _CHUNK):
            part = slice(start, start + _CHUNK)
            band = np.searchsorted(edges, np.abs(day[i[part]] - day[j[part]]), side="right") - 1
            count += np.bincount(band, minlength=len(edges))
        counts.append(count)
    return np.stack(counts)


def simulated(
    pairs: list[NDArray[np.int32]], day: Ints, stratum: Ints, edges: Ints, *, n_sim: int, seed: int
) -> Ints:
    """Count as :func:`observed`, with the days permuted within strata, ``n_sim`` times.

    Parameters
    ----------
    pairs : list of ndarray of int32, shape (2, pairs)
    day, stratum : ndarray of int, shape (n,)
    edges : ndarray of int, shape (t + 1,)
    n_sim : int
    seed : int

    Returns
    -------
    ndarray of int, shape (n_sim, space bands, t + 1)
    """
    rng = np.random.default_rng(seed)
    groups = [np.flatnonzero(stratum == s) for s in range(int(stratum.max()) + 1)]
    span = int(np.ptp(day))
    days = (day - day.min()).astype(np.int16 if span < 2**15 - 1 else np.int32)
    batch = int(min(_BATCH, n_sim, max(8, 4_000_000 // len(day))))
    rows = max(1, _BLOCK // batch)
    work = [
        (band, start, min(start + 256 * rows, pairs[band].shape[1]))
        for band in range(len(pairs))
        for start in range(0, pairs[band].shape[1], 256 * rows)
    ]
    counts = np.zeros((n_sim, len(pairs), len(edges)), dtype=np.int64)
    counts[:, :, -1] = [found.shape[1] for found in pairs]
    done = progress_bar(
        total=n_sim, desc="permuting dates", unit="permutation", leave=False, delay=2, disable=None
    )
    with ThreadPoolExecutor(_workers()) as pool, done:
        for first in range(0, n_sim, batch):
            wide = min(batch, n_sim - first)
            permuted = np.empty((wide, len(day)), dtype=days.dtype)
            for row in permuted:
                for group in groups:
                    row[group] = days[rng.permutation(group)]
            table = np.ascontiguousarray(permuted.T)

            def count(
                piece: tuple[int, int, int], table: NDArray[np.signedinteger] = table
            ) -> tuple[int, Ints]:
                band, start, stop = piece
                return band, _under(table, pairs[band][:, start:stop], edges[1:], rows)

            for band, under in pool.map(count, work):
                within = np.diff(under, axis=0, prepend=0).T
                counts[first : first + wide, band, :-1] += within
                counts[first : first + wide, band, -1] -= under[-1]
            done.update(wide)
    return counts


def _under(
    table: NDArray[np.signedinteger], pairs: NDArray[np.int32], edges: Ints, rows: int
) -> Ints:
    """Count, per permutation, the pairs less than each edge of days apart: (edges, permutations).

    Sums of truth values are kept in bytes and emptied before they can overflow: adding bytes is
    what a processor does fastest.
    """
    wide, rows = table.shape[1], max(1, min(rows, pairs.shape[1]))
    gap = np.empty((rows, wide), dtype=table.dtype)
    other = np.empty_like(gap)
    less = np.empty(gap.shape, dtype=bool)
    tally = np.zeros((len(edges), *gap.shape), dtype=np.uint8)
    most = np.iinfo(table.dtype).max
    limits = np.minimum(edges, most).astype(table.dtype)
    total = np.zeros((len(edges), wide), dtype=np.int64)
    added = 0
    for start in range(0, pairs.shape[1], rows):
        i, j = pairs[:, start : start + rows]
        n = len(i)
        np.take(table, i, axis=0, out=gap[:n], mode="clip")
        np.take(table, j, axis=0, out=other[:n], mode="clip")
        np.subtract(gap[:n], other[:n], out=gap[:n])
        np.abs(gap[:n], out=gap[:n])
        for k, limit in enumerate(limits):
            np.less(gap[:n], limit, out=less[:n])
            tally[k, :n] += less[:n].view(np.uint8)
        added += 1
        if added == 255:
            total += tally.sum(axis=1, dtype=np.int64)
            tally[:] = 0
            added = 0
    total += tally.sum(axis=1, dtype=np.int64)
    return total


def _workers() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def close_in_both(
    xy: NDArray[np.float64], day: Ints, reach: float, days: float, metric: str
) -> tuple[Ints, Ints, NDArray[np.float64]]:
    """Pairs ``i < j`` less than ``reach`` metres and less than ``days`` days apart.

    Parameters
    ----------
    xy : ndarray of float, shape (n, 2)
    day : ndarray of int, shape (n,)
    reach, days : float
    metric : {"manhattan", "euclidean"}

    Returns
    -------
    tuple of ndarray
        ``i``, ``j`` and their distance in metres.
    """
    found: list[tuple[Ints, Ints, NDArray[np.float64]]] = []
    for i, j in _chunks(cKDTree(xy), xy, reach, _NORMS[metric]):
        soon = np.abs(day[i] - day[j]) < days
        i, j = i[soon], j[soon]
        apart = distance(xy[i] - xy[j], metric)
        near = apart < reach
        found.append((i[near], j[near], apart[near]))
    first, second, apart = (np.concatenate(part) for part in zip(*found, strict=True))
    return first, second, apart
