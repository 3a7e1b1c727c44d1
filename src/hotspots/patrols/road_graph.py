"""The roads as one way of moving sees them: what may be used, and the shortest way along it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from .shortcuts import contract, sparse_graph

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MAIN_SHARE = 0.01
"""Share of the length that must hang together with a stretch for a place to be put on it.

A drive that joins no street would otherwise cut off every place beside it.
"""

JUNCTION_M = 1.0
"""Places this near along the road to a junction are at the junction."""

_MOST_NUMBERS = 4_000_000  # of one batch of searches: 32 MB


@dataclass(frozen=True)
class Snapped:
    """Places put on the nearest usable stretch of road: all arrays of length n.

    ``stretch`` is -1 where none lies within reach, ``metres`` the straight way there, ``share``
    how far along the stretch, ``piece`` the connected part it belongs to.
    """

    stretch: Ints
    share: Floats
    metres: Floats
    piece: Ints

    @property
    def on(self) -> NDArray[np.bool_]:
        """Which places are on the network."""
        return self.stretch >= 0


class RoadGraph:
    """Shortest ways for one way of moving, from any point of a stretch to any other.

    Parameters
    ----------
    roads : GeoDataFrame
        A row per stretch: ``start`` and ``end`` (junctions, from 0), ``metres``, lines from start
        to end.
    cost : ndarray, shape (n, 2)
        Cost of each stretch from start to end, and back; infinite where it may not be used.
    """

    def __init__(self, roads: gpd.GeoDataFrame, cost: Floats) -> None:
        self._start = roads["start"].to_numpy(np.int64)
        self._end = roads["end"].to_numpy(np.int64)
        self._cost = cost
        self._lines = np.asarray(roads.geometry.array)
        self._nodes = int(max(self._start.max(), self._end.max())) + 1
        self._graph, self._stretch_of = self._arcs()
        _, piece = csgraph.connected_components(self._graph, directed=True, connection="strong")
        usable = np.isfinite(cost).any(axis=1) & (piece[self._start] == piece[self._end])
        metres = roads["metres"].to_numpy(np.float64)
        held = np.bincount(piece[self._start[usable]], metres[usable], minlength=piece.max() + 1)
        main = held >= MAIN_SHARE * metres[usable].sum()
        self._usable = np.flatnonzero(usable & main[piece[self._start]])
        self._piece = piece[self._start].astype(np.int64)
        self.main_share = min(1.0, float(held.max(initial=0.0) / metres.sum()))
        self._tree = shapely.STRtree(self._lines[self._usable])
        self._known: dict[tuple[int, float], int] = {}
        self._between = np.empty((0, 0))

    @cached_property
    def _climbs(self) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
        return contract(self._graph)

    def _arcs(self) -> tuple[sparse.csr_matrix, Ints]:
        """Build the graph with the best of parallel stretches, and tell which stretch each is."""
        ways = [(self._start, self._end), (self._end, self._start)]
        number = np.arange(len(self._start))
        tail, head = (np.concatenate(side) for side in zip(*ways, strict=True))
        cost, stretch = self._cost.T.ravel(), np.concatenate([number, number])
        open_ = np.isfinite(cost) & (tail != head)  # a loop shortens no way
        tail, head, cost, stretch = (a[open_] for a in (tail, head, cost, stretch))
        order = np.lexsort((stretch, cost, head, tail))
        tail, head, cost, stretch = (a[order] for a in (tail, head, cost, stretch))
        # a sparse matrix would add parallel stretches up
        best = np.ones(len(tail), bool)
        best[1:] = (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])
        return sparse_graph(tail[best], head[best], cost[best], self._nodes), stretch[best]

    def snap(self, xy: Floats, reach_m: float) -> Snapped:
        """Put places on the nearest stretch that may be used and leads to the rest."""
        n = len(xy)
        stretch, piece = np.full(n, -1), np.full(n, -1)
        share, metres = np.full(n, np.nan), np.full(n, np.inf)
        known = np.flatnonzero(np.isfinite(xy).all(axis=1))
        if len(known) and len(self._usable):
            points = shapely.points(xy[known])
            near = self._usable[self._tree.nearest(points)]
            metres[known] = shapely.distance(points, self._lines[near])
            inside = metres[known] <= reach_m
            at, near, points = known[inside], near[inside], points[inside]
            stretch[at], piece[at] = near, self._piece[near]
            along = shapely.line_locate_point(self._lines[near], points, normalized=True)
            # at a junction, every street is open, not only the one that happens to be nearest
            close = JUNCTION_M / np.maximum(shapely.length(self._lines[near]), 2 * JUNCTION_M)
            share[at] = np.where(along < close, 0.0, np.where(along > 1 - close, 1.0, along))
        return Snapped(stretch, share, metres, piece)

    def costs(self, start: Snapped, end: Snapped) -> Floats:
        """Return the least cost from each start to each end, infinite where there is no way.

        Parameters
        ----------
        start, end : Snapped
            ``n`` and ``m`` places.

        Returns
        -------
        ndarray, shape (n, m)
        """
        found = np.full((len(start.stretch), len(end.stretch)), np.inf)
        rows, columns = np.flatnonzero(start.on), np.flatnonzero(end.on)
        if len(rows) and len(columns):
            at, to = self._numbers(start, rows), self._numbers(end, columns)
            unknown = np.isnan(self._between[np.ix_(at, to)])
            self._search(np.unique(at[unknown.any(axis=1)]), np.unique(to[unknown.any(axis=0)]))
            found[np.ix_(rows, columns)] = self._between[np.ix_(at, to)]
        return found

    def _numbers(self, places: Snapped, chosen: Ints) -> Ints:
        """Return a number for each place, and make room for what is found between new ones."""
        keys = zip(places.stretch[chosen].tolist(), places.share[chosen].tolist(), strict=True)
        found = np.array([self._known.setdefault(key, len(self._known)) for key in keys])
        if len(self._known) > len(self._between):
            wider = np.full((len(self._known),) * 2, np.nan)
            wider[: len(self._between), : len(self._between)] = self._between
            self._between = wider
        return found

    def _search(self, sources: Ints, targets: Ints) -> None:
        """Search from the sources up the shortcuts, and from the targets up against them."""
        places = list(self._known)
        stretch = np.array([key[0] for key in places])
        share = np.array([key[1] for key in places])
        batch = max(1, _MOST_NUMBERS // self._nodes)
        into: list[tuple[Ints, Floats]] = []
        for some in np.split(targets, range(batch, len(targets), batch)):
            graph = self._leaving(self._climbs[1], stretch[some], share[some], back=True)
            far = csgraph.dijkstra(graph, indices=self._nodes + np.arange(len(some)))
            for row in far[:, : self._nodes]:
                met = np.flatnonzero(np.isfinite(row))
                into.append((met, row[met]))
        for some in np.split(sources, range(batch, len(sources), batch)):
            graph = self._leaving(self._climbs[0], stretch[some], share[some], back=False)
            far = csgraph.dijkstra(graph, indices=self._nodes + np.arange(len(some)))
            for target, (met, rest) in zip(targets, into, strict=True):
                best = (far[:, met] + rest).min(axis=1, initial=np.inf)
                same = np.flatnonzero(stretch[some] == stretch[target])
                along = self._along(stretch[target], share[some[same]], share[target])
                best[same] = np.minimum(best[same], along)
                self._between[some, target] = best

    def _along(self, stretch: int, start: Floats, end: float) -> Floats:
        """Return the cost from places of a stretch to another of it, straight along it."""
        with np.errstate(invalid="ignore"):  # nothing times infinity
            cost = np.abs(end - start) * self._cost[stretch][np.where(end >= start, 0, 1)]
        return np.where(end == start, 0.0, cost)

    def _departures(
        self, stretch: Ints, share: Floats, *, back: bool
    ) -> tuple[tuple[Ints, Ints], tuple[Floats, Floats]]:
        """Return the two junctions a place leads to, and the cost; against the ways if ``back``."""
        to_end, to_start = (1, 0) if back else (0, 1)
        with np.errstate(invalid="ignore"):  # nothing times infinity, at a junction
            first = np.where(share == 0, 0.0, share * self._cost[stretch, to_start])
            last = np.where(share == 1, 0.0, (1 - share) * self._cost[stretch, to_end])
        return (self._start[stretch], self._end[stretch]), (first, last)

    def _leaving(
        self, graph: sparse.csr_matrix, stretch: Ints, share: Floats, *, back: bool
    ) -> sparse.csr_matrix:
        """Add a node for each place, from which its stretch leads to two junctions."""
        (first, second), (one, two) = self._departures(stretch, share, back=back)
        same = first == second
        one, two = np.where(same, np.fmin(one, two), one), np.where(same, np.inf, two)
        heads, costs = np.stack([first, second], 1).ravel(), np.stack([one, two], 1).ravel()
        open_ = np.isfinite(costs)
        added = np.cumsum(open_.reshape(-1, 2).sum(axis=1))
        return sparse.csr_matrix(
            (
                np.concatenate([graph.data, costs[open_]]),
                np.concatenate([graph.indices, heads[open_].astype(np.int32)]),
                np.concatenate([graph.indptr, graph.indptr[-1] + added.astype(np.int32)]),
            ),
            shape=(self._nodes + len(stretch),) * 2,
        )

    def way(self, start: Snapped, end: Snapped, leg: int) -> Floats:
        """Return the line of the shortest way between the places of one leg.

        Parameters
        ----------
        start, end : Snapped
            As many places each.
        leg : int
            Which of them; both ends must be on one piece of the network.

        Returns
        -------
        ndarray, shape (k, 2)
            Coordinates from the one stretch to the other.
        """
        a, b = int(start.stretch[leg]), int(end.stretch[leg])
        s, t = float(start.share[leg]), float(end.share[leg])
        one = slice(leg, leg + 1)
        least = self.costs(*(Snapped(p.stretch[one], p.share[one], p.metres[one], p.piece[one])
                             for p in (start, end)))[0, 0]  # fmt: skip
        if a == b and self._along(a, np.array([s]), t)[0] <= least * (1 + 1e-9):
            return self._part(a, s, t)
        graph = self._leaving(self._graph, np.array([a]), np.array([s]), back=False)
        far, before = csgraph.dijkstra(
            graph, indices=self._nodes, return_predecessors=True, limit=least * (1 + 1e-9)
        )
        ends, last = self._departures(np.array([b]), np.array([t]), back=True)
        side = int(np.argmin([far[ends[i][0]] + last[i][0] for i in (0, 1)]))
        junction = int(ends[side][0])
        parts = [self._part(b, float(side), t)]
        while (previous := int(before[junction])) != self._nodes:
            first, past = self._graph.indptr[previous : previous + 2]
            arc = first + int(np.flatnonzero(self._graph.indices[first:past] == junction)[0])
            stretch = int(self._stretch_of[arc])
            ahead = self._start[stretch] == previous
            parts.append(self._part(stretch, *((0.0, 1.0) if ahead else (1.0, 0.0))))
            junction = previous
        (first, second), out = self._departures(np.array([a]), np.array([s]), back=False)
        ways = [(out[0][0], 0.0, first[0]), (out[1][0], 1.0, second[0])]
        leaves = min(way for way in ways if way[2] == junction)[1]
        parts.append(self._part(a, s, leaves))
        return np.concatenate(parts[::-1])

    def _part(self, stretch: int, start: float, end: float) -> Floats:
        """Return the coordinates of part of a stretch, in the order it is passed."""
        from shapely.ops import substring

        line = substring(self._lines[stretch], start, end, normalized=True)
        part: Floats = shapely.get_coordinates(line)
        return part
