"""Density clustering of weighted places: who is within reach of whom, and what that joins."""

from __future__ import annotations

import heapq
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

Floats = NDArray[np.float64]
Places = NDArray[np.intp]

NOISE = -1
ALMOST = 1 - 1e-9
"""Sums of weights this near to what is asked for reach it: 240 times 0.1 is 24."""


MANY = 10_000
"""Places from which pairs are counted before they are listed."""


class Reach:
    """Every pair of places within reach of each other, found once and used for many weights.

    Parameters
    ----------
    one, other : ndarray of int, shape (p,)
        The places of each pair, every pair once.
    distance : ndarray of float, shape (p,)
        Distance of each pair, in any unit.
    places : int
        Number of places.
    """

    def __init__(
        self, one: NDArray[np.int32], other: NDArray[np.int32], distance: Floats, places: int
    ) -> None:
        self.one, self.other = one, other
        # to a millionth, so that places equally near stay so wherever the map begins
        self.distance = np.round(distance, 6)
        self.places = places

    @classmethod
    def within(cls, xy: Floats, radius: float, most: int) -> Reach | None:
        """Find the pairs of points at most ``radius`` apart.

        Parameters
        ----------
        xy : ndarray of float, shape (n, 2)
        radius : float
        most : int
            Pairs that memory may hold.

        Returns
        -------
        Reach or None
            None when there are more pairs.
        """
        if len(xy) < 2:
            none = np.zeros(0, dtype=np.int32)
            return cls(none, none, np.zeros(0), len(xy))
        tree = cKDTree(xy)
        if len(xy) > MANY and (tree.count_neighbors(tree, radius) - len(xy)) // 2 > most:
            return None
        pairs = tree.query_pairs(radius, output_type="ndarray")
        one, other = pairs.T.astype(np.int32)
        return cls(one, other, np.hypot(*(xy[one] - xy[other]).T), len(xy))

    def gathered(self, weight: Floats, group: Places | None = None) -> Floats:
        """Sum the weights within reach of each place, its own included.

        Parameters
        ----------
        weight : ndarray of float, shape (n,)
        group : ndarray of int, shape (n,), optional
            Only places of the same group count.

        Returns
        -------
        ndarray of float, shape (n,)
        """
        one, other = self.one, self.other
        if group is not None:
            same = group[one] == group[other]
            one, other = one[same], other[same]
        return (
            weight
            + np.bincount(one, weight[other], minlength=self.places)
            + np.bincount(other, weight[one], minlength=self.places)
        )

    def clusters(self, weight: Floats, least: float) -> tuple[Places, NDArray[np.bool_]]:
        """Cluster by DBSCAN.

        Parameters
        ----------
        weight : ndarray of float, shape (n,)
        least : float
            Weight within reach that makes a place a core.

        Returns
        -------
        label : ndarray of int, shape (n,)
            Cluster of each place, numbered by the first of their cores; -1 for noise. A place in
            reach of a core joins the nearest, of equally near ones the first.
        core : ndarray of bool, shape (n,)
        """
        core = self.gathered(weight) >= least * ALMOST
        core_one, core_other = core[self.one], core[self.other]
        joined = core_one & core_other
        edges = (np.ones(np.count_nonzero(joined), dtype=bool),
                 (self.one[joined], self.other[joined]))  # fmt: skip
        shape = (self.places, self.places)
        _, part = sparse.csgraph.connected_components(
            sparse.coo_matrix(edges, shape=shape), directed=False
        )
        label = np.full(self.places, NOISE, dtype=np.intp)
        label[core] = part[core]
        half = core_one != core_other
        one, other = self.one[half], self.other[half]
        border, nearest = np.where(core_one[half], other, one), np.where(core_one[half], one, other)
        order = np.lexsort((nearest, self.distance[half], border))
        border, nearest = border[order], nearest[order]
        first = np.flatnonzero(np.diff(border, prepend=-1))
        label[border[first]] = label[nearest[first]]
        return numbered(label, core), core

    @cached_property
    def lists(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Where the others within reach of each place start, and these others, place by place."""
        ends = np.concatenate([self.one, self.other]), np.concatenate([self.other, self.one])
        pairs = np.ones(len(ends[0]), dtype=bool)
        within = sparse.csr_matrix((pairs, ends), shape=(self.places, self.places))
        return within.indptr, within.indices


def numbered(label: Places, core: NDArray[np.bool_]) -> Places:
    """Give clusters, each with a core, numbers from 0 by the first of their cores.

    Parameters
    ----------
    label : ndarray of int, shape (n,)
        Any labels from 0; -1 for noise.
    core : ndarray of bool, shape (n,)

    Returns
    -------
    ndarray of int, shape (n,)
    """
    cores = np.flatnonzero(core & (label >= 0))
    given, first = np.unique(label[cores], return_index=True)
    name = np.full(label.max(initial=NOISE) + 2, NOISE, dtype=np.intp)
    name[given[np.argsort(first)]] = np.arange(len(given))
    return name[label]  # the last entry is that of noise


def diameter(xy: Floats) -> float:
    """Measure the largest distance between two points.

    Parameters
    ----------
    xy : ndarray of float, shape (n, 2)

    Returns
    -------
    float
    """
    if len(xy) > 50:  # the two lie on the hull, which has few corners
        import shapely

        xy = shapely.get_coordinates(shapely.convex_hull(shapely.multipoints(xy)))
    if len(xy) < 2:
        return 0.0
    x, y = xy.T
    return float(np.sqrt(((x[:, None] - x) ** 2 + (y[:, None] - y) ** 2).max()))


def parted(
    xy: Floats,
    weight: Floats,
    label: Places,
    core: NDArray[np.bool_],
    *,
    widest: float,
    least: float,
    half: Reach | None,
) -> Places:
    """Part the clusters wider than a limit around the fullest of their cores.

    Parameters
    ----------
    xy : ndarray of float, shape (n, 2)
    weight : ndarray of float, shape (n,)
    label, core : ndarray, shape (n,)
        As :meth:`Reach.clusters` gives them.
    widest : float
        Largest distance between two places of a cluster.
    least : float
        Weight a part must hold.
    half : Reach, optional
        Pairs within half of ``widest``; None where they are too many.

    Returns
    -------
    ndarray of int, shape (n,)
        Labels, numbered anew. The core with the most weight of its cluster within half the limit
        takes all that into a part, then the core with the most of what is left, while that reaches
        ``least``. What is left over joins the nearest part that stays within the limit, or no
        part: then its label is -1. Without ``half``, wide clusters are cut by squares whose
        diagonal is the limit, from their south-western corner.
    """
    members = np.argsort(label, kind="stable")
    members = members[np.searchsorted(label[members], 0) :]
    groups = np.split(members, np.flatnonzero(np.diff(label[members])) + 1) if len(members) else []
    wide = [group for group in groups if diameter(xy[group]) > widest]
    if not wide:
        return label
    if half is None:
        return _cut(xy, weight, label, core, wide, widest, least)
    holds = half.gathered(weight, label)
    label = label.copy()
    part = np.full(len(label), NOISE, dtype=np.intp)
    free = np.zeros(len(label), dtype=bool)
    following = len(groups)
    for group in wide:
        free[group] = True
        centres = _take(group[core[group]], half, weight, holds, free, part, least)
        free[group] = False
        _join_rest(xy, group, centres, part, widest)
        label[group] = np.where(part[group] >= 0, part[group] + following, NOISE)
        following += len(centres)
    return numbered(label, core)


def _cut(
    xy: Floats, weight: Floats, label: Places, core: NDArray[np.bool_], wide: list[Places],
    widest: float, least: float,
) -> Places:  # fmt: skip
    """Cut wide clusters by squares; a square that holds too little, or no core, is no part."""
    label = label.copy()
    following = int(label.max()) + 1
    for group in wide:
        where = xy[group] - xy[group].min(axis=0)
        column, row = (where // (widest / np.sqrt(2) * ALMOST)).astype(np.int64).T
        _, square = np.unique(column * (row.max() + 1) + row, return_inverse=True)
        full = np.bincount(square, weight[group]) >= least * ALMOST
        full &= np.bincount(square, core[group]) > 0
        label[group] = np.where(full[square], square + following, NOISE)
        following += len(full)
    return numbered(label, core)


def _take(
    candidates: Places, half: Reach, weight: Floats, holds: Floats, free: NDArray[np.bool_],
    part: Places, least: float,
) -> list[int]:  # fmt: skip
    """Let the fullest of the candidates in turn take all free places near into a part, in place.

    ``holds`` is what each would take if all places were free. Returns the candidates that took
    some: the centre of each part.
    """
    start, ends = half.lists
    candidates = candidates[holds[candidates] >= least * ALMOST]
    full = list(zip((-holds[candidates]).tolist(), candidates.tolist(), strict=True))
    heapq.heapify(full)
    centres: list[int] = []
    while full and -full[0][0] >= least * ALMOST:
        told, place = heapq.heappop(full)
        if not free[place]:
            continue
        near = ends[start[place] : start[place + 1]]
        near = near[free[near]]
        now = -float(weight[near].sum() + weight[place])
        if now > told * ALMOST:  # others have taken of it since: it has to wait its turn
            heapq.heappush(full, (now, place))
            continue
        part[near] = part[place] = len(centres)
        free[near] = free[place] = False
        centres.append(place)
    return centres


def _join_rest(xy: Floats, group: Places, centres: list[int], part: Places, widest: float) -> None:
    """Let places without a part join, in place, the nearest that stays within the limit."""
    rest = group[part[group] < 0]
    if not len(rest) or not centres:
        return
    order = group[np.argsort(part[group], kind="stable")]
    order = order[np.searchsorted(part[order], 0) :]
    members = np.split(order, np.searchsorted(part[order], np.arange(1, len(centres))))
    tree = cKDTree(xy[rest])
    fits: list[tuple[int, float, int]] = []
    for name, inside in enumerate(members):
        about = np.sort(tree.query_ball_point(xy[centres[name]], widest)).astype(np.intp)
        far = cdist(xy[rest[about]], xy[inside])
        near = np.flatnonzero(far.max(axis=1, initial=0.0) <= widest)
        least = np.round(far[near].min(axis=1, initial=np.inf), 6).tolist()
        fits += zip(about[near].tolist(), least, [name] * len(near), strict=True)
    joined: list[list[int]] = [[] for _ in centres]
    for at, _, name in sorted(fits):
        place = int(rest[at])
        if part[place] >= 0:
            continue
        if joined[name] and np.hypot(*(xy[joined[name]] - xy[place]).T).max() > widest:
            continue
        part[place] = name
        joined[name].append(place)
