"""Streets as a network: joined where they meet, cut into short pieces, walked along."""

from __future__ import annotations

from functools import cached_property, lru_cache

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from ..places import distinct_points

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

JOIN_M = 0.01
"""Ends of streets this close meet."""

RUNGS = 512
"""Steps in which distances are told after the first junction, at most."""

_MOST_TURNS = 10
"""Streets passed within one rung; what goes round a ring of centimetres oftener stays there."""

_MOST_STATES = 40_000_000  # streets × rungs: some 300 MB


class Streets:
    """Lines joined where they share a vertex, and the paths along them.

    Parameters
    ----------
    lines : GeoDataFrame
        As ``read_streets`` returns them.
    lixel_m : float
        Greatest length of the pieces.

    Attributes
    ----------
    edges : ndarray of LineString
        The lines between two junctions or ends, in the order of the lines given.
    street : ndarray of int
        Row in the lines of each edge.
    length : ndarray of float
        Metres.
    ends : ndarray of int, shape (n, 2)
        Node at the start and at the end of each edge.
    degree : ndarray of int
        Ends of edges at each node.
    first_lixel, lixels : ndarray of int
        First piece of each edge, and how many pieces of equal length it has.
    """

    def __init__(self, lines: gpd.GeoDataFrame, lixel_m: float) -> None:
        self.edges, self.street, self.ends = _joined(np.asarray(lines.geometry.array))
        self.length = shapely.length(self.edges)
        self.degree = np.bincount(self.ends.ravel())
        self.lixels = np.maximum(np.ceil(self.length / lixel_m - 1e-4), 1).astype(np.int64)
        self.first_lixel = np.cumsum(self.lixels) - self.lixels
        # Edge e run forwards is way 2e, backwards 2e + 1; sorted by the node they leave from.
        leaves = self.ends.ravel()
        self._ways = np.argsort(leaves, kind="stable")
        self._first_way = np.searchsorted(leaves[self._ways], np.arange(len(self.degree)))

    @property
    def lixel_edge(self) -> Ints:
        """Edge of each lixel."""
        return np.repeat(np.arange(len(self.edges)), self.lixels)

    def lixel_lines(self) -> NDArray[np.object_]:
        """Cut the edges into lixels."""
        return _cut(self.edges, self.lixels)

    def nearest(self, points: Floats, most: float) -> tuple[Ints, Floats, Floats]:
        """Find the nearest edge of each point; of equally near ones, the first given.

        Returns
        -------
        edge : ndarray of int
            -1 where none is within ``most`` metres.
        along : ndarray of float
            Metres from the start of the edge.
        apart : ndarray of float
            Metres from the point; NaN where there is no edge.
        """
        edge = np.full(len(points), -1, dtype=np.int64)
        along, apart = np.zeros(len(points)), np.full(len(points), np.nan)
        shapes = shapely.points(points)
        at, found = shapely.STRtree(self.edges).query_nearest(shapes, max_distance=most)
        first = np.lexsort((found, at))
        at, found = at[first], found[first]
        first = np.flatnonzero(np.diff(at, prepend=-1))
        at, found = at[first], found[first]
        edge[at] = found
        along[at] = shapely.line_locate_point(self.edges[found], shapes[at])
        apart[at] = shapely.distance(self.edges[found], shapes[at])
        return edge, along, apart

    def spread(
        self, edge: Ints, along: Floats, weight: Floats, power: int, bandwidth: float
    ) -> Floats:
        r"""Spread weights along the streets by the equal-split discontinuous kernel.

        Parameters
        ----------
        edge, along, weight : ndarray, shape (n,)
            Where on which edge each source lies, in metres from its start, and what it weighs.
        power : int
            Power ``p`` of the kernel :math:`(1 - d^2 / h^2)^p`.
        bandwidth : float
            Reach ``h`` in metres along the streets.

        Returns
        -------
        ndarray of float
            Weight on each lixel; together as much as was given.

        Notes
        -----
        Paths do not turn back but at dead ends. The streets the sources lie on are done exactly.
        From their ends on, paths that enter a street the same way at the same distance go on as
        one, whatever source they came from; or else their number would double at every junction.
        Distances are those of a ladder of up to :data:`RUNGS` rungs from 0 to ``h``, each path
        shared between the two next to it so that the kernel's integral beyond, and with it all
        weight, is kept. This blurs the distance by less than a rung at each junction, 0.6 m for
        300 m. Rung by rung every street is left once, so that the work does not grow with the
        number of sources.
        """
        rungs = int(np.clip(_MOST_STATES // (2 * len(self.edges)), 64, RUNGS))
        total = np.zeros(int(self.lixels.sum()))
        ladder = np.zeros((rungs + 1, 2 * len(self.edges)))
        way, far, mass = self._departures(edge, along, weight)
        self._leave(total, way, far, mass, power, bandwidth)
        self._climb(ladder, way, far, mass, power, bandwidth)
        for rung, level in enumerate(ladder[:-1]):
            distance = rung / rungs * bandwidth
            for _ in range(_MOST_TURNS):
                way = np.flatnonzero(level)
                if not len(way):
                    break
                mass, at = level[way], np.full(len(way), distance)
                level[way] = 0.0
                self._leave(total, way, at, mass, power, bandwidth)
                self._climb(ladder, way, at, mass, power, bandwidth)
            way = np.flatnonzero(level)
            lixel = self.first_lixel[way >> 1]
            np.add.at(total, lixel, level[way] * (0.5 - kernel_within(distance / bandwidth, power)))
        return total

    def _departures(self, edge: Ints, along: Floats, weight: Floats) -> tuple[Ints, Floats, Floats]:
        """Ways that leave from the sources, the (negative) distance at their start, and the mass.

        A source on a node leaves by every street there alike, not by the two ways of one.
        """
        length = self.length[edge]
        along = np.clip(along, 0, length)
        within = (along > JOIN_M) & (along < length - JOIN_M)
        at = np.where(along < length / 2, self.ends[edge, 0], self.ends[edge, 1])[~within]
        source, step = _runs(self.degree[at])
        out = self._ways[self._first_way[at[source]] + step]
        share = 2 * weight[~within][source] / self.degree[at[source]]
        return (
            np.concatenate([2 * edge[within], 2 * edge[within] + 1, out]),
            np.concatenate([-along[within], (along - length)[within], np.zeros(len(out))]),
            np.concatenate([weight[within], weight[within], share]),
        )

    @cached_property
    def _onwards(self) -> tuple[Ints, Ints, Ints]:
        """The ways that go on from the end of each way: first of them, how many, which.

        They are all that leave from there but the way back, which only a dead end has.
        """
        node = self.ends[:, ::-1].ravel()
        way, step = _runs(self.degree[node])
        out = self._ways[self._first_way[node[way]] + step]
        kept = (out != way ^ 1) | (self.degree[node] == 1)[way]
        count = np.maximum(self.degree[node] - 1, 1)
        return np.cumsum(count) - count, count, out[kept]

    def _climb(
        self, ladder: Floats, way: Ints, far: Floats, mass: Floats, power: int, bandwidth: float
    ) -> None:
        """Put paths that reach the end of their way onto the ways from there, in equal parts."""
        far = far + self.length[way >> 1]
        on = far < bandwidth
        way, share, mass = way[on], far[on] / bandwidth, mass[on]
        rungs = len(ladder) - 1
        below = np.minimum((share * rungs).astype(np.int64), rungs - 1)
        left = _beyond(rungs, power)
        up = (left[below] - (0.5 - kernel_within(share, power))) / (left[below] - left[below + 1])
        up = np.clip(up, 0, 1)
        first, count, onwards = self._onwards
        source, step = _runs(count[way])
        to = onwards[first[way[source]] + step]
        part = (mass / count[way])[source]
        np.add.at(ladder, (below[source], to), part * (1 - up[source]))
        np.add.at(ladder, (below[source] + 1, to), part * up[source])

    def _leave(
        self, total: Floats, way: Ints, far: Floats, mass: Floats, power: int, bandwidth: float
    ) -> None:
        """Add what the paths leave on the lixels of the ways they run along."""
        edge, back = way >> 1, (way & 1).astype(bool)
        piece = self.length[edge] / self.lixels[edge]
        begin = np.floor(np.maximum(-far, 0) / piece).astype(np.int64)
        end = np.ceil((bandwidth - far) / piece).astype(np.int64)
        end = np.minimum(end, self.lixels[edge])
        begin = np.minimum(begin, end)
        item, step = _runs(end - begin)
        step += begin[item]
        near, out = far[item] + step * piece[item], far[item] + (step + 1) * piece[item]
        on_edge = np.where(back[item], self.lixels[edge[item]] - 1 - step, step)
        value = mass[item] * (
            kernel_within(out / bandwidth, power) - kernel_within(near / bandwidth, power)
        )
        lixel = self.first_lixel[edge[item]] + on_edge
        total += np.bincount(lixel, value, minlength=len(total))


def kernel_within(share: Floats | float, power: int) -> Floats:
    r"""Integrate the one-dimensional kernel of a power from its middle outwards.

    Parameters
    ----------
    share : float or ndarray of float
        Distance over bandwidth.
    power : int
        Power ``p`` of :math:`(1 - u^2)^p`.

    Returns
    -------
    ndarray of float
        0 at the middle and behind it, 1/2 from the bandwidth on.
    """
    within: Floats = np.polyval(_integral(power), np.clip(share, 0, 1))
    return within


@lru_cache
def _integral(power: int) -> Floats:
    """Coefficients of the kernel's integral, highest first, 1/2 at 1."""
    area = (np.polynomial.Polynomial([1, 0, -1]) ** power).integ()
    coefficients = np.asarray(area.coef[::-1], dtype=float)
    coefficients /= 2 * coefficients.sum()  # its value at 1
    return coefficients


@lru_cache
def _beyond(rungs: int, power: int) -> Floats:
    """Integral of the kernel beyond each rung of a ladder."""
    return 0.5 - kernel_within(np.linspace(0, 1, rungs + 1), power)


def _joined(lines: NDArray[np.object_]) -> tuple[NDArray[np.object_], Ints, Ints]:
    """Cut lines at the vertices they share: the edges, the line of each, the nodes at its ends.

    Vertices within :data:`JOIN_M` of one another are the same. Lines that cross without a common
    vertex do not meet: one of them is on a bridge.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    xy, line = shapely.get_coordinates(lines, return_index=True)
    places, place = distinct_points(xy)
    pairs = cKDTree(places).query_pairs(JOIN_M, output_type="ndarray")
    links = coo_array((np.ones(len(pairs)), tuple(pairs.T)), shape=(len(places), len(places)))
    vertex = connected_components(links, directed=False)[1][place]
    first = np.flatnonzero(np.diff(line, prepend=-1))
    last = np.append(first[1:], len(line)) - 1
    # A vertex is a node when a line ends there, or when it stands in the lines more than once.
    node = np.bincount(vertex) > 1
    node[vertex[first]] = node[vertex[last]] = True
    begins, stops = node[vertex], node[vertex]
    begins[last] = stops[first] = False
    starts, stops = np.flatnonzero(begins), np.flatnonzero(stops)
    piece, step = _runs(stops - starts + 1)
    edges = shapely.linestrings(xy[starts[piece] + step], indices=piece)
    ends = np.column_stack([vertex[starts], vertex[stops]])
    # what joining the vertices left of a street between two of them is no street
    kept = (ends[:, 0] != ends[:, 1]) | (shapely.length(edges) > 10 * JOIN_M)
    _, numbered = np.unique(ends[kept], return_inverse=True)
    return edges[kept], line[starts][kept].astype(np.int64), numbered.reshape(-1, 2)


def _cut(edges: NDArray[np.object_], pieces: Ints) -> NDArray[np.object_]:
    """Cut edges into pieces of equal length, each with the vertices between its ends."""
    xy, line = shapely.get_coordinates(edges, return_index=True)
    first = np.flatnonzero(np.diff(line, prepend=-1))
    step = np.hypot(*np.diff(xy, axis=0, prepend=xy[:1]).T)
    step[first] = 0.0
    so_far = np.cumsum(step)
    so_far -= so_far[first][line]  # metres along the edge of each vertex
    whole = shapely.length(edges)
    edge, number = _runs(pieces)
    starts, stops = (
        shapely.line_interpolate_point(edges[edge], (number + on) * (whole / pieces)[edge])
        for on in (0, 1)
    )
    between = np.flatnonzero((so_far > 0) & (so_far < whole[line]))
    within = line[between]
    at = np.floor(so_far[between] / (whole / pieces)[within]).astype(np.int64)
    at = np.minimum(at, pieces[within] - 1) + (np.cumsum(pieces) - pieces)[within]
    lixel = np.concatenate([np.arange(len(edge)), at, np.arange(len(edge))])
    turn = np.repeat([0, 1, 2], [len(edge), len(at), len(edge)])
    along = np.concatenate([np.zeros(len(edge)), so_far[between], np.zeros(len(edge))])
    points = [shapely.get_coordinates(starts), xy[between], shapely.get_coordinates(stops)]
    order = np.lexsort((along, turn, lixel))
    cut: NDArray[np.object_] = shapely.linestrings(np.vstack(points)[order], indices=lixel[order])
    return cut


def _runs(counts: Ints) -> tuple[Ints, Ints]:
    """Count through runs of given lengths (2, 3): the run, 0 0 1 1 1, and the step, 0 1 0 1 2."""
    run = np.repeat(np.arange(len(counts)), counts)
    return run, np.arange(len(run)) - np.repeat(np.cumsum(counts) - counts, counts)
