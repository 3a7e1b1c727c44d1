"""Blocks of time drawn again, and how alike two clusterings of the same places are."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from ..contracts import InputError

MONDAY = 4
"""Days from 1 January 1970 to the Monday after."""


def blocks_of(
    incidents: pd.DataFrame,
    location: NDArray[np.intp],
    weight: NDArray[np.float64] | None,
    places: int,
    *,
    weekly: bool,
) -> sparse.csr_matrix:
    """Sum the weights of incidents by place and block of time.

    Parameters
    ----------
    incidents : DataFrame
        With ``occurred_from``.
    location : ndarray of int, shape (n,)
        Place of each incident.
    weight : ndarray of float, shape (n,), optional
        One each when absent.
    places : int
        Number of places.
    weekly : bool
        Weeks from Monday; else calendar months.

    Returns
    -------
    csr_matrix of float, shape (places, blocks)
        Only blocks that hold incidents, in the order of time.

    Raises
    ------
    InputError
        When there are fewer than two blocks.
    """
    start = incidents["occurred_from"].to_numpy()
    if weekly:
        block = (start.astype("datetime64[D]").astype(np.int64) - MONDAY) // 7
    else:
        block = start.astype("datetime64[M]").astype(np.int64)
    _, block = np.unique(block, return_inverse=True)
    blocks = int(block.max(initial=-1)) + 1
    if blocks < 2:
        one = "week" if weekly else "month"
        raise InputError(
            "stability",
            [f"all incidents lie in one {one}; drawing {one}s again needs at least two: use a "
             "longer period."],
        )  # fmt: skip
    value = np.ones(len(block)) if weight is None else weight
    order = np.lexsort((value, block, location))  # sums cannot depend on the order of rows
    cells = (value[order], (location[order], block[order]))
    return sparse.coo_matrix(cells, shape=(places, blocks)).tocsr()


def drawn(blocks: sparse.csr_matrix, draws: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """Draw as many blocks as there are, with replacement, again and again.

    Parameters
    ----------
    blocks : csr_matrix, shape (places, blocks)
    draws, seed : int

    Yields
    ------
    ndarray of float, shape (places,)
        Weight of each place.
    """
    from ..progress import progress_bar

    rng = np.random.default_rng(seed)
    count = blocks.shape[1]
    for _ in progress_bar(
        range(draws), "drawing again", unit="draw", leave=False, delay=2, disable=None
    ):
        times = np.bincount(rng.integers(count, size=count), minlength=count)
        yield blocks @ times.astype(float)


def jaccard(
    given: NDArray[np.intp], other: NDArray[np.intp], weight: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Tell how alike each cluster is to the likest of another clustering of the same places.

    Parameters
    ----------
    given, other : ndarray of int, shape (n,)
        Labels, -1 for noise.
    weight : ndarray of float, shape (n,)

    Returns
    -------
    ndarray of float, shape (clusters of given,)
        Largest share of the weight of two clusters that both hold, 0 to 1.
    """
    clusters, others = int(given.max(initial=-1)) + 1, int(other.max(initial=-1)) + 1
    best = np.zeros(clusters)
    size = np.bincount(given[given >= 0], weight[given >= 0], minlength=clusters)
    other_size = np.bincount(other[other >= 0], weight[other >= 0], minlength=others)
    both = (given >= 0) & (other >= 0)
    pair, at = np.unique(given[both] * others + other[both], return_inverse=True)
    if not len(pair):
        return best
    held = np.bincount(at, weight[both])
    one, another = np.divmod(pair, others)
    joint = size[one] + other_size[another] - held
    np.maximum.at(best, one, np.divide(held, joint, out=np.zeros_like(held), where=joint > 0))
    return best
