"""How alike two rankings are, where the top counts most."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from ..contracts import InputError


def rank_biased_overlap(first: ArrayLike, second: ArrayLike, p: float = 0.9) -> float:
    r"""Likeness of two rankings, in which the top counts most.

    Parameters
    ----------
    first, second : array_like, shape (k,)
        The top k of each ranking, best first: cells, hotspots or names, none twice. They need
        not hold the same items; lists of different length are cut to the shorter.
    p : float
        Persistence, above 0 and below 1: how deep the comparison reads. The expected depth is
        1 / (1 - p); at .9 the first ten ranks carry 86% of the weight.

    Returns
    -------
    float
        0 (nothing in common) to 1 (the same in the same order). NaN of empty rankings.

    Raises
    ------
    InputError
        When a ranking is none, an item comes twice in it, or ``p`` is out of range.

    Notes
    -----
    The extrapolated form, which takes the overlap at the last rank to go on below it:

    .. math:: \mathrm{RBO} = \frac{X_k}{k} p^k + \frac{1 - p}{p} \sum_{d=1}^{k} \frac{X_d}{d} p^d

    with :math:`X_d` the number of items that both have among their first :math:`d`.

    References
    ----------
    Webber W., Moffat A. and Zobel J. (2010) A similarity measure for indefinite rankings. *ACM
    Transactions on Information Systems* 28(4), doi:10.1145/1852102.1852106; its RBO_EXT.

    Examples
    --------
    >>> rank_biased_overlap(["a", "b", "c"], ["a", "c", "b"], p=0.5)
    0.875
    """
    faults = []
    if not (isinstance(p, (int, float)) and 0 < p < 1):
        faults.append(f"p={p!r}; it must be above 0 and below 1: try 0.9.")
    a, b = (_items(name, given, faults) for name, given in (("first", first), ("second", second)))
    if faults:
        raise InputError("rank_biased_overlap", faults)
    depth = min(len(a), len(b))
    if depth == 0:
        return float("nan")
    # the depth at which an item is in both rankings is the deeper of its two ranks
    position = b[:depth].get_indexer(a[:depth])
    met = np.maximum(position, np.arange(depth))[position >= 0]
    agreement = np.cumsum(np.bincount(met, minlength=depth)) / np.arange(1, depth + 1)
    weight = p ** np.arange(1, depth + 1)
    return float(agreement[-1] * weight[-1] + (1 - p) / p * (agreement * weight).sum())


def _items(name: str, ranking: Any, faults: list[str]) -> pd.Index:
    """Return the items of a ranking, or add what is wrong with it to the faults."""
    items = pd.Index([])
    try:
        flat = isinstance(ranking, (np.ndarray, pd.Series, pd.Index)) and ranking.ndim == 1
        items = pd.Index(ranking if flat else list(ranking), tupleize_cols=False)
        if items.dtype == object:
            hash(tuple(items))  # a TypeError where items could not be told apart
        again = items[items.duplicated()]
    except (TypeError, ValueError):
        faults.append(
            f"{name} is of type {type(ranking).__name__} and no ranking; give a list of cells or "
            "names, best first."
        )
    else:
        if len(again):
            faults.append(f"{name} holds {again.tolist()[0]!r} twice; a ranking holds it once.")
    return items
