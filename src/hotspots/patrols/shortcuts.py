"""Shortcuts past junctions, so that a search over a county looks at few of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_NEIGHBOURS = 5
"""Junctions with at most so many neighbours are passed by."""

_LEAST_SHARE = 0.002  # of the junctions left that must go in a round, else it is done


def sparse_graph(tail: Ints, head: Ints, cost: Floats, nodes: int) -> sparse.csr_matrix:
    """Build a graph from arcs in the order of their tails, each there once."""
    pointer = np.searchsorted(tail, np.arange(nodes + 1))
    return sparse.csr_matrix(
        (cost, head.astype(np.int32), pointer.astype(np.int32)), shape=(nodes, nodes)
    )


def contract(graph: sparse.csr_matrix) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    r"""Pass junctions by, those with few neighbours first, and put shortcuts in their place.

    Parameters
    ----------
    graph : csr_matrix, shape (n, n)
        Cost of each arc.

    Returns
    -------
    up : csr_matrix, shape (n, n)
        From each junction passed by to the neighbours it had then, which come later in the order,
        and between all that are left.
    down : csr_matrix, shape (n, n)
        From each junction passed by to the same neighbours, at the cost of coming from there.

    Notes
    -----
    A shortest way from *s* to *t* climbs in the order and then descends, so its cost is
    :math:`\min_w up(s, w) + down(t, w)`, both found by a search that only climbs: exact, with
    some 5% of the junctions of a county's roads left at the top.

    References
    ----------
    Geisberger, R., Sanders, P., Schultes, D. and Vetter, C. (2012). Exact routing in large road
    networks using contraction hierarchies. Transportation Science 46(3), 388-404.

    Examples
    --------
    A chain of four junctions: the ends go first, and the others need no search beyond each other.

    >>> tail, head = np.array([0, 1, 1, 2, 2, 3]), np.array([1, 0, 2, 1, 3, 2])
    >>> up, down = contract(sparse_graph(tail, head, np.array([1., 1, 2, 2, 4, 4]), 4))
    >>> bool((up != down).nnz == 0)
    True
    """
    nodes = graph.shape[0]
    arcs = graph.tocoo()
    tail, head = arcs.row.astype(np.int64), arcs.col.astype(np.int64)
    none = np.full(len(tail), np.inf)
    pairs = _merged(np.minimum(tail, head), np.maximum(tail, head),
                    np.where(tail < head, arcs.data, none),
                    np.where(tail < head, none, arcs.data))  # fmt: skip
    # among alike in any order, but always the same
    tie = np.random.default_rng(0).permutation(nodes) / nodes
    passed: list[tuple[Ints, Ints, Floats, Floats]] = []
    for most in range(1, MOST_NEIGHBOURS + 1):
        while True:
            low, high, there, back = pairs
            degree = np.bincount(low, minlength=nodes) + np.bincount(high, minlength=nodes)
            chosen = _chosen(low, high, degree, most, tie)
            if chosen.sum() <= _LEAST_SHARE * (degree > 0).sum():
                break
            ours = chosen[low] | chosen[high]
            first = chosen[low][ours]
            at = np.where(first, low[ours], high[ours])
            to = np.where(first, high[ours], low[ours])
            out = np.where(first, there[ours], back[ours])
            in_ = np.where(first, back[ours], there[ours])
            passed.append((at, to, out, in_))
            new = _shortcuts(at, to, out, in_, most)
            old = (low[~ours], high[~ours], there[~ours], back[~ours])
            pairs = _merged(*(np.concatenate(side) for side in zip(old, new, strict=True)))
    low, high, there, back = pairs
    passed += [(low, high, there, np.full(len(low), np.inf)),
               (high, low, back, np.full(len(low), np.inf))]  # fmt: skip
    at, to, out, in_ = (np.concatenate(side) for side in zip(*passed, strict=True))
    order = np.lexsort((to, at))
    at, to, out, in_ = at[order], to[order], out[order], in_[order]
    up, down = np.isfinite(out), np.isfinite(in_)
    return (sparse_graph(at[up], to[up], out[up], nodes),
            sparse_graph(at[down], to[down], in_[down], nodes))  # fmt: skip


def _chosen(low: Ints, high: Ints, degree: Ints, most: int, tie: Floats) -> NDArray[np.bool_]:
    """Choose junctions with few neighbours, no two of them neighbours, fewest first."""
    may = (degree > 0) & (degree <= most)
    rank = np.where(may, degree + tie, np.inf)
    best = np.full(len(degree), np.inf)
    np.minimum.at(best, low, rank[high])
    np.minimum.at(best, high, rank[low])
    chosen: NDArray[np.bool_] = may & (rank < best)
    return chosen


def _shortcuts(
    at: Ints, to: Ints, out: Floats, in_: Floats, most: int
) -> tuple[Ints, Ints, Floats, Floats]:
    """Join every two neighbours of each junction passed by."""
    order = np.argsort(at, kind="stable")
    at, to, out, in_ = at[order], to[order], out[order], in_[order]
    begin = np.flatnonzero(np.concatenate([[True], at[1:] != at[:-1]])[: len(at)])
    count = np.diff(np.append(begin, len(at)))
    low, high, there, back = [], [], [], []
    for i in range(most):
        for j in range(i + 1, most):
            x, y = begin[count > j] + i, begin[count > j] + j
            ahead = to[x] < to[y]
            one, other = in_[x] + out[y], in_[y] + out[x]
            low.append(np.where(ahead, to[x], to[y]))
            high.append(np.where(ahead, to[y], to[x]))
            there.append(np.where(ahead, one, other))
            back.append(np.where(ahead, other, one))
    if not low:
        return at[:0], to[:0], out[:0], in_[:0]
    made = [np.concatenate(side) for side in (low, high, there, back)]
    use = np.isfinite(made[2]) | np.isfinite(made[3])
    return made[0][use], made[1][use], made[2][use], made[3][use]


def _merged(
    low: Ints, high: Ints, there: Floats, back: Floats
) -> tuple[Ints, Ints, Floats, Floats]:
    """Keep the best of several ways between the same two junctions."""
    order = np.lexsort((high, low))
    low, high, there, back = low[order], high[order], there[order], back[order]
    fresh = np.ones(len(low), bool)
    fresh[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
    begin = np.flatnonzero(fresh)
    if not len(begin):
        return low, high, there, back
    return (low[begin], high[begin], np.minimum.reduceat(there, begin),
            np.minimum.reduceat(back, begin))  # fmt: skip
