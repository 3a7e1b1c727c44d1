"""Density clustering of weighted places: who is within reach of whom, and what that joins."""

from __future__ import annotations

import heapq

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial import cKDTree
from scipy.spatial.distance import pdist

Floats = NDArray[np.float64]
Places = NDArray[np.intp]

NOISE = -1
ALMOST = 1 - 1e-9
"""Sums of weights this near to what is asked for reach it: 240 times 0.1 is 24."""


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
    def within(cls, xy: Floats, radius: float) -> Reach:
        """Find the pairs of points at most ``radius`` apart.

        Parameters
        ----------
        xy : ndarray of float, shape (n, 2)
        radius : float

        Returns
        -------
        Reach
        """
        if len(xy) < 2:
            none = np.zeros(0, dtype=np.int32)
            return cls(none, none, np.zeros(0), len(xy))
        pairs = cKDTree(xy).query_pairs(radius, output_type="ndarray")
        one, other = pairs.T.astype(np.int32)
        return cls(one, other, np.hypot(*(xy[one] - xy[other]).T), len(xy))

    def gathered(self, weight: Floats) -> Floats:
        """Sum the weights within reach of each place, its own included.

        Parameters
        ----------
        weight : ndarray of float, shape (n,)

        Returns
        -------
        ndarray of float, shape (n,)
        """
        return (
            weight
            + np.bincount(self.one, weight[self.other], minlength=self.places)
            + np.bincount(self.other, weight[self.one], minlength=self.places)
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

    def lists(self) -> sparse.csr_matrix:
        """List the others within reach of each place, as the rows of a sparse matrix.

        Returns
        -------
        csr_matrix of bool, shape (n, n)
        """
        ends = np.concatenate([self.one, self.other]), np.concatenate([self.other, self.one])
        within = (np.ones(2 * len(self.one), dtype=bool), ends)
        return sparse.csr_matrix(within, shape=(self.places, self.places))


def numbered(label: Places, core: NDArray[np.bool_]) -> Places:
    """Give clusters numbers from 0 by the first of their cores, those without a core last.

    Parameters
    ----------
    label : ndarray of int, shape (n,)
        Any labels from 0; -1 for noise.
    core : ndarray of bool, shape (n,)

    Returns
    -------
    ndarray of int, shape (n,)
    """
    cores_first = np.argsort(~core, kind="stable")
    cores_first = cores_first[label[cores_first] >= 0]
    given, first = np.unique(label[cores_first], return_index=True)
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
    return float(pdist(xy).max(initial=0.0))


def parted(
    xy: Floats,
    weight: Floats,
    label: Places,
    core: NDArray[np.bool_],
    *,
    widest: float,
    least: float,
    near: sparse.csr_matrix | None = None,
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
        Weight that makes a part worth starting.
    near : csr_matrix, optional
        Who is within half of ``widest`` of whom, where that is known already.

    Returns
    -------
    ndarray of int, shape (n,)
        Labels, numbered anew; noise stays noise, and nothing else becomes it. The core with the
        most weight of its cluster within half the limit takes all that into a part, then the core
        with the most of what is left, while that reaches ``least``. What is left over joins the
        nearest part that stays within the limit, and makes smaller parts where none does.
    """
    members = np.argsort(label, kind="stable")
    members = members[np.searchsorted(label[members], 0) :]
    groups = np.split(members, np.flatnonzero(np.diff(label[members])) + 1) if len(members) else []
    wide = [group for group in groups if diameter(xy[group]) > widest]
    if not wide:
        return label
    if near is None:
        near = Reach.within(xy, widest / 2).lists()
    label = label.copy()
    part = np.full(len(label), NOISE, dtype=np.intp)
    free = np.zeros(len(label), dtype=bool)
    following = len(groups)
    for group in wide:
        free[group] = True
        centres = _take(group[core[group]], near, weight, free, part, least)
        _join_rest(xy, group, centres, part, widest)
        free[group] = part[group] < 0
        for rest in (group[core[group]], group):
            centres += _take(rest[free[rest]], near, weight, free, part, 0.0, len(centres))
        label[group] = part[group] + following
        following += len(centres)
    return numbered(label, core)


def _take(
    candidates: Places, near: sparse.csr_matrix, weight: Floats, free: NDArray[np.bool_],
    part: Places, least: float, parts: int = 0,
) -> list[int]:  # fmt: skip
    """Let the fullest of the candidates in turn take all free places near, in place.

    Returns the candidates that took some, in turn; they are the centres of the parts numbered
    from ``parts``.
    """
    start, ends = near.indptr, near.indices

    def around(place: int) -> Places:
        reached = ends[start[place] : start[place + 1]]
        return np.append(reached[free[reached]], place)

    full = [(-weight[around(place)].sum(), place) for place in candidates.tolist()]
    heapq.heapify(full)
    centres: list[int] = []
    while full and -full[0][0] >= least * ALMOST:
        told, place = heapq.heappop(full)
        if not free[place]:
            continue
        taken = around(place)
        holds = -weight[taken].sum()
        if holds > told:  # others have taken of it since: it has to wait its turn
            heapq.heappush(full, (holds, place))
            continue
        part[taken] = parts + len(centres)
        free[taken] = False
        centres.append(place)
    return centres


def _join_rest(xy: Floats, group: Places, centres: list[int], part: Places, widest: float) -> None:
    """Let places without a part join, in place, the nearest that stays within the limit."""
    rest = group[part[group] < 0]
    if not len(rest) or not centres:
        return
    members = [xy[group[part[group] == name]] for name in range(len(centres))]
    about = cKDTree(xy[centres]).query_ball_point(xy[rest], widest, return_sorted=True)
    for place, names in zip(rest.tolist(), about, strict=True):
        reach = [np.hypot(*(members[name] - xy[place]).T) for name in names]
        fitting = [
            (round(float(far.min()), 6), name)
            for name, far in zip(names, reach, strict=True) if far.max() <= widest
        ]  # fmt: skip
        if fitting:
            _, name = min(fitting)
            part[place] = name
            members[name] = np.vstack([members[name], xy[place]])
