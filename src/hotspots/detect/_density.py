"""Density clustering of weighted places: who is within reach of whom, and what that joins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

from ._regions import is_number

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
Piece = tuple[NDArray[np.int32], NDArray[np.int32]]

NOISE = -1
LEFT_OVER = -2
"""Label of places of a crowd that was parted which no part could take."""

ALMOST = 1 - 1e-9
"""Sums of weights this near to what is asked for reach it: 240 times 0.1 is 24."""

ABOUT = 1 + 1e-9
"""Distances this little over a limit are within it, wherever the map begins."""

FARTHEST_M = 100_000.0
"""Distance beyond which nothing is a crowd, and heat has no end."""

MANY = 10_000
"""Places from which pairs are counted before they are listed."""

AT_ONCE, HELD = 4_000_000, 100_000_000
"""Pairs listed at a time, and held in memory at most (0.8 GB); more are listed anew when needed."""


class Reach:
    """Every pair of places within reach of each other, found once and used for many weights.

    Parameters
    ----------
    at : ndarray of float, shape (n, dimensions)
        Places, in any unit.
    pieces : iterable of tuple of two ndarrays of int
        The two places of each pair, every pair once, some at a time; asked for again at each use.
    """

    def __init__(self, at: Floats, pieces: Iterable[Piece]) -> None:
        self.at, self.pieces = at, pieces

    @classmethod
    def within(cls, xy: Floats, radius: float) -> Reach:
        """Find the pairs of points at most ``radius`` apart.

        Parameters
        ----------
        xy : ndarray of float, shape (n, 2)
            In order of easting.
        radius : float

        Returns
        -------
        Reach
            It holds the pairs; more than :data:`HELD` are listed at each use.
        """
        pairs = 0
        if len(xy) > MANY:
            tree = cKDTree(xy)
            pairs = (int(tree.count_neighbors(tree, radius * ABOUT)) - len(xy)) // 2
        strips = _Strips(xy, radius * ABOUT, 1 + pairs // AT_ONCE)
        return cls(xy, strips if pairs > HELD else list(strips))

    def gathered(self, weight: Floats) -> Floats:
        """Sum the weights within reach of each place, its own included.

        Parameters
        ----------
        weight : ndarray of float, shape (n,)

        Returns
        -------
        ndarray of float, shape (n,)
        """
        total = weight.astype(float)
        for one, other in self.pieces:
            total += np.bincount(one, weight[other], minlength=len(total))
            total += np.bincount(other, weight[one], minlength=len(total))
        return total

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
        label = np.where(core, np.arange(len(core)), NOISE)
        borders = [(np.zeros(0, dtype=np.int32),) * 2]
        for one, other in self.pieces:
            core_one, core_other = core[one], core[other]
            joined, half = core_one & core_other, core_one != core_other
            edges = label[one[joined]], label[other[joined]]
            graph = sparse.coo_matrix((np.ones(len(edges[0]), dtype=bool), edges),
                                      shape=(len(core), len(core)))  # fmt: skip
            label[core] = sparse.csgraph.connected_components(graph, directed=False)[1][label[core]]
            one, other, inner = one[half], other[half], core_one[half]
            borders.append(self._nearest(np.where(inner, other, one), np.where(inner, one, other)))
        border, nearest = self._nearest(*map(np.concatenate, zip(*borders, strict=True)))
        label[border] = label[nearest]
        return numbered(label, core), core

    def _nearest(
        self, border: NDArray[np.int32], core: NDArray[np.int32]
    ) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Keep the nearest core of each border place."""
        apart = np.sqrt(((self.at[border] - self.at[core]) ** 2).sum(axis=1))
        # to a millionth, so that places equally near stay so wherever the map begins
        order = np.lexsort((core, np.round(apart, 6), border))
        first = order[np.flatnonzero(np.diff(border[order], prepend=-1))]
        return border[first], core[first]


class _Strips:
    """Pairs of places, in order of easting, strip by strip."""

    def __init__(self, xy: Floats, radius: float, strips: int) -> None:
        self.xy, self.radius, self.strips = xy, radius, strips

    def __iter__(self) -> Iterator[Piece]:
        from ..progress import progress_bar

        xy = self.xy
        ends = np.linspace(0, len(xy), self.strips + 1).astype(np.intp)
        told = progress_bar(
            list(pairwise(ends.tolist())), "pairs of places", unit="strip", leave=False, delay=2,
            disable=None,
        )  # fmt: skip
        for start, end in told:
            if start == end:
                continue
            strip = cKDTree(xy[start:end])
            one, other = strip.query_pairs(self.radius, output_type="ndarray").astype(np.int32).T
            yield one + np.int32(start), other + np.int32(start)
            beyond = np.searchsorted(xy[:, 0], xy[end - 1, 0] + self.radius, side="right")
            if beyond > end:
                across = strip.sparse_distance_matrix(
                    cKDTree(xy[end:beyond]), self.radius, output_type="ndarray"
                )
                one, other = (across[name].astype(np.int32) for name in "ij")
                yield one + np.int32(start), other + np.int32(end)


def too_far(name: str, metres: Any) -> list[str]:
    """Name the fault of a distance no patrol could have in mind, if it is one.

    Parameters
    ----------
    name : str
        The parameter.
    metres : object

    Returns
    -------
    list of str
    """
    if not (is_number(metres) and FARTHEST_M < metres < np.inf):
        return []
    return [f"{name}={metres!r}; it must be at most {FARTHEST_M:,.0f} m: try 200."]


def numbered(label: Places, core: NDArray[np.bool_]) -> Places:
    """Give clusters, each with a core, numbers from 0 by the first of their cores.

    Parameters
    ----------
    label : ndarray of int, shape (n,)
        Any labels from 0; -1 for noise, -2 for what is left over.
    core : ndarray of bool, shape (n,)

    Returns
    -------
    ndarray of int, shape (n,)
    """
    cores = np.flatnonzero(core & (label >= 0))
    given, first = np.unique(label[cores], return_index=True)
    name = np.full(label.max(initial=NOISE) + 3, NOISE, dtype=np.intp)
    name[given[np.argsort(first)]] = np.arange(len(given))
    name[LEFT_OVER] = LEFT_OVER
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
    if len(xy) < 2:
        return 0.0
    if len(xy) > 50:  # the two lie on the hull, which has few corners
        import shapely

        xy = shapely.get_coordinates(shapely.convex_hull(shapely.multipoints(xy)))
    x, y = xy.T
    widest = np.sqrt(((x[:, None] - x) ** 2 + (y[:, None] - y) ** 2).max())
    return float(np.round(widest, 6))  # the same wherever the map begins


def parted(
    xy: Floats, weight: Floats, label: Places, core: NDArray[np.bool_], widest: float, least: float
) -> Places:
    """Part the clusters wider than a limit around the fullest of their cores.

    Parameters
    ----------
    xy : ndarray of float, shape (n, 2)
        In order of easting.
    weight : ndarray of float, shape (n,)
    label, core : ndarray, shape (n,)
        As :meth:`Reach.clusters` gives them.
    widest : float
        Largest distance between two places of a cluster.
    least : float
        Weight a part must hold.

    Returns
    -------
    ndarray of int, shape (n,)
        Labels, numbered anew. The core with the most weight of its cluster within half the limit
        takes all that into a part, then the core with the most of what is left, while that reaches
        ``least``. What is left over joins the nearest part that stays within the limit, or no
        part: then its label is -2.
    """
    members = np.argsort(label, kind="stable")
    members = members[np.searchsorted(label[members], 0) :]
    groups = np.split(members, np.flatnonzero(np.diff(label[members])) + 1) if len(members) else []
    wide = [group for group in groups if diameter(xy[group]) > widest]
    following, named = len(groups), label.copy()
    for group in wide:
        part, centres = _taken(xy[group], weight[group], core[group], widest / 2, least)
        _join_rest(xy[group], centres, part, widest)
        named[group] = np.where(part >= 0, part + following, LEFT_OVER)
        following += len(centres)
    return numbered(named, core) if wide else label


def _taken(
    xy: Floats, weight: Floats, core: NDArray[np.bool_], radius: float, least: float
) -> tuple[Places, list[int]]:
    """Let the fullest of the cores in turn take all free places near: parts, and their centres."""
    tree, reach = cKDTree(xy), radius * ABOUT
    holds = Reach.within(xy, radius).gathered(weight)
    part = np.full(len(xy), NOISE, dtype=np.intp)
    centres: list[int] = []
    left = np.flatnonzero(core)
    while len(left := left[(part[left] < 0) & (holds[left] >= least * ALMOST)]):
        centre = int(left[np.argmax(holds[left] >= holds[left].max() * ALMOST)])
        near = np.array(tree.query_ball_point(xy[centre], reach), dtype=np.intp)
        near = near[part[near] < 0]
        part[near] = len(centres)
        centres.append(centre)
        lost = cKDTree(xy[near]).sparse_distance_matrix(tree, reach, output_type="ndarray")
        np.subtract.at(holds, lost["j"], weight[near][lost["i"]])
    return part, centres


def _join_rest(xy: Floats, centres: list[int], part: Places, widest: float) -> None:
    """Let places without a part join, in place, the nearest that stays within the limit."""
    rest = np.flatnonzero(part < 0)
    if not len(rest) or not centres:
        return
    order = np.argsort(part, kind="stable")[len(rest) :]
    members = np.split(order, np.searchsorted(part[order], np.arange(1, len(centres))))
    tree = cKDTree(xy[rest])
    fits: list[tuple[int, float, int]] = []
    for name, inside in enumerate(members):
        about = np.sort(tree.query_ball_point(xy[centres[name]], widest * ABOUT)).astype(np.intp)
        far = cdist(xy[rest[about]], xy[inside])
        near = np.flatnonzero(far.max(axis=1, initial=0.0) <= widest * ABOUT)
        least = np.round(far[near].min(axis=1, initial=np.inf), 6).tolist()
        fits += zip(about[near].tolist(), least, [name] * len(near), strict=True)
    joined: list[list[int]] = [[] for _ in centres]
    for at, _, name in sorted(fits):
        place = int(rest[at])
        if part[place] >= 0:
            continue
        others = xy[joined[name]]
        if len(others) and np.hypot(*(others - xy[place]).T).max() > widest * ABOUT:
            continue
        part[place] = name
        joined[name].append(place)
