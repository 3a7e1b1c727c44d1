"""Roads: how long it takes along them, on foot, by cycle and by vehicle."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..contracts import InputError

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from .road_graph import RoadGraph
    from .rules import PatrolRules

MODES = ("foot", "cycle", "vehicle")

PACE = 30.0
"""``vehicle_kmh`` at which the ``kmh`` of a stretch holds; others are driven in proportion."""


_GIVE = "give an array of shape (n, 2): easting and northing of each"


@dataclass(frozen=True, eq=False, repr=False)
class Roads:
    """A road network to plan travel on; made by :func:`read_roads`.

    Parameters
    ----------
    stretches : GeoDataFrame
        A row per stretch of road between two junctions or ends: ``start`` and ``end`` (numbers of
        junctions, from 0), ``metres``, ``kmh`` (as driven), ``ahead`` and ``back`` (whether
        vehicles may pass from start to end, and from end to start), ``foot``, ``cycle`` and
        ``vehicle`` (who may use it), the line from start to end, in a CRS in metres.
    reach_m : float
        Places farther than this from every road, in metres, are reached by straight line.
    said : str
        What the network is like, and what was assumed of it.

    Notes
    -----
    On foot every way may be used in both directions, by cycle and vehicle one-way streets hold.
    Turns, lights and the hour's traffic are not known to it: the pace has to allow for them.

    Examples
    --------
    The straight street may be driven one way only; the way back is over a third place.

    >>> import geopandas as gpd, shapely
    >>> import hotspots as hs
    >>> streets = [shapely.LineString([(0, 0), (900, 0)]),
    ...            shapely.LineString([(0, 0), (0, 300), (900, 0)])]
    >>> roads = hs.read_roads(
    ...     gpd.GeoDataFrame({"oneway": ["yes", "no"]}, geometry=streets, crs="EPSG:27700"))
    >>> ends = np.array([[0.0, 0.0], [900.0, 0.0]])
    >>> roads.minutes(ends, ends, "vehicle").round(2)
    array([[0. , 1.8],
           [2.5, 0. ]])
    """

    stretches: gpd.GeoDataFrame
    reach_m: float
    said: str

    @cached_property
    def _graphs(self) -> dict[str, RoadGraph]:
        return {}

    @property
    def text(self) -> str:
        """What the network is like, and what was assumed of it."""
        return self.said

    def __repr__(self) -> str:
        return self.said

    def minutes(
        self, start: NDArray[np.float64], end: NDArray[np.float64], mode: str,
        rules: PatrolRules | None = None,
    ) -> NDArray[np.float64]:  # fmt: skip
        """Return minutes of travel from each start to each end, parking not counted.

        Parameters
        ----------
        start, end : ndarray, shape (n, 2) and (m, 2)
            Eastings and northings in the CRS of the roads.
        mode : {"foot", "cycle", "vehicle"}
            How the unit moves.
        rules : PatrolRules, optional
            For the speeds and the detour; the defaults when absent.

        Returns
        -------
        ndarray, shape (n, m)
            The quickest way along the roads, and the walk between the places and the road:
            straight line × detour at walking speed. Two places nearer to one another than to
            their roads are walked between. Where a place is off the network (:meth:`off_network`)
            or two places are on parts that do not meet, straight line × detour at the speed of
            the mode.

        Raises
        ------
        InputError
            When the mode is none of these.

        Examples
        --------
        >>> import geopandas as gpd, shapely
        >>> import hotspots as hs
        >>> street = gpd.GeoSeries([shapely.LineString([(0, 0), (900, 0)])], crs="EPSG:27700")
        >>> home, spot = np.array([[0.0, 0.0]]), np.array([[900.0, 0.0]])
        >>> hs.read_roads(street).minutes(home, spot, "foot").round(2)
        array([[12.]])
        """
        rules = _rules(rules)
        start, end = _points(start), _points(end)
        graph = self._graph(mode)
        speed = {"foot": rules.foot_kmh, "cycle": rules.cycle_kmh, "vehicle": rules.vehicle_kmh}
        walk = rules.detour * 60 / (rules.foot_kmh * 1000)
        straight = np.hypot(*(start[:, None, :] - end[None, :, :]).transpose(2, 0, 1))
        direct: NDArray[np.float64] = straight * (rules.detour * 60 / (speed[mode] * 1000))
        out, back = graph.snap(start, self.reach_m), graph.snap(end, self.reach_m)
        # minutes at the usual pace by vehicle, else metres
        unit = PACE if mode == "vehicle" else 60 / 1000
        cost = graph.costs(out, back) * (unit / speed[mode])
        beside = out.metres[:, None] + back.metres[None, :]
        with np.errstate(invalid="ignore"):
            found = np.where(straight <= beside, straight * walk, cost + beside * walk)
        together = out.on[:, None] & back.on[None, :] & np.isfinite(cost)
        return np.where(together, found, direct)

    def main_share(self, mode: str) -> float:
        """Tell how much of the length hangs together for a way of moving.

        Parameters
        ----------
        mode : {"foot", "cycle", "vehicle"}

        Returns
        -------
        float
            Share of all length, 0 to 1, in the largest part within which there is a way from
            everywhere to everywhere.

        Examples
        --------
        >>> import geopandas as gpd, shapely
        >>> import hotspots as hs
        >>> apart = [shapely.LineString([(0, 0), (300, 0)]), shapely.LineString([(0, 9), (100, 9)])]
        >>> hs.read_roads(gpd.GeoSeries(apart, crs="EPSG:27700")).main_share("foot")
        0.75
        """
        return self._graph(mode).main_share

    def off_network(self, places: NDArray[np.float64], mode: str = "foot") -> pd.DataFrame:
        """Tell which places are not on the network, so that their travel is a straight line.

        Parameters
        ----------
        places : ndarray, shape (n, 2)
            Eastings and northings.
        mode : {"foot", "cycle", "vehicle"}

        Returns
        -------
        DataFrame
            A row for each place off the network: ``place`` (its position, from 0), ``easting``,
            ``northing``, ``metres`` to the nearest road that may be used, ``why``.

        Examples
        --------
        >>> import geopandas as gpd, shapely
        >>> import hotspots as hs
        >>> street = gpd.GeoSeries([shapely.LineString([(0, 0), (900, 0)])], crs="EPSG:27700")
        >>> places = np.array([[0.0, 10.0], [0.0, 800.0]])
        >>> hs.read_roads(street).off_network(places)["metres"].tolist()
        [800.0]
        """
        xy = _points(places)
        snapped = self._graph(mode).snap(xy, self.reach_m)
        off = np.flatnonzero(~snapped.on)
        why = [
            f"{m:,.0f} m from the nearest road it may use (most: {self.reach_m:,.0f} m)"
            if np.isfinite(m) else "no coordinates, or no road it may use"
            for m in snapped.metres[off]
        ]  # fmt: skip
        return pd.DataFrame({
            "place": off, "easting": xy[off, 0], "northing": xy[off, 1],
            "metres": snapped.metres[off], "why": pd.Series(why, dtype="str"),
        })  # fmt: skip

    def paths(
        self, start: NDArray[np.float64], end: NDArray[np.float64], mode: str
    ) -> list[NDArray[np.float64]]:
        """Return the line of the quickest way for each leg, for a map or a handheld.

        Parameters
        ----------
        start, end : ndarray, shape (n, 2)
            Eastings and northings where each leg begins and ends.
        mode : {"foot", "cycle", "vehicle"}

        Returns
        -------
        list of n ndarrays, shape (k, 2)
            From the place by its road to the other place; two points where there is no way.

        Examples
        --------
        >>> import geopandas as gpd, shapely
        >>> import hotspots as hs
        >>> street = gpd.GeoSeries([shapely.LineString([(0, 0), (900, 0)])], crs="EPSG:27700")
        >>> a, b = np.array([[100.0, 5.0]]), np.array([[400.0, 0.0]])
        >>> hs.read_roads(street).paths(a, b, "foot")[0].tolist()
        [[100.0, 5.0], [100.0, 0.0], [400.0, 0.0]]
        """
        start, end = _points(start), _points(end)
        if len(start) != len(end):
            told = f"{len(start):,} starts and {len(end):,} ends are given; give as many of each."
            raise InputError("roads", [told])
        graph = self._graph(mode)
        out, back = graph.snap(start, self.reach_m), graph.snap(end, self.reach_m)
        straight = np.hypot(*(start - end).T)
        along = (out.piece == back.piece) & out.on & back.on
        along &= straight > out.metres + back.metres
        found = []
        for leg in range(len(start)):
            middle = graph.way(out, back, leg) if along[leg] else np.empty((0, 2))
            line = np.concatenate([start[leg : leg + 1], middle, end[leg : leg + 1]])
            fresh = np.ones(len(line), bool)
            fresh[1:] = (line[1:] != line[:-1]).any(axis=1)
            fresh[1] |= fresh.sum() < 2  # a leg of no length still has two ends
            found.append(line[fresh])
        return found

    def _graph(self, mode: str) -> RoadGraph:
        """Return what one way of moving may use, made once."""
        from .road_graph import RoadGraph

        if mode not in MODES:
            raise InputError("roads", [f"mode is {mode!r}; it takes {', '.join(MODES)}."])
        if mode not in self._graphs:
            table = self.stretches
            metres = table["metres"].to_numpy(np.float64)
            cost = metres * 60 / (1000 * table["kmh"].to_numpy()) if mode == "vehicle" else metres
            ways = np.ones((len(table), 2), bool)
            if mode != "foot":
                ways = table[["ahead", "back"]].to_numpy(bool)
            ways = ways & table[mode].to_numpy(bool)[:, None]
            self._graphs[mode] = RoadGraph(table, np.where(ways, cost[:, None], np.inf))
        return self._graphs[mode]


def _points(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return places as an array of eastings and northings, or raise."""
    try:
        xy = np.asarray(places, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError("roads", [f"places are {places!r:.60}; {_GIVE}."]) from None
    if not xy.size:
        return xy.reshape(-1, 2)
    if xy.ndim != 2 or xy.shape[1] != 2:
        raise InputError("roads", [f"places are an array of shape {xy.shape}; {_GIVE}."])
    return xy


def _rules(rules: PatrolRules | None) -> PatrolRules:
    from .rules import PatrolRules

    if rules is not None and not isinstance(rules, PatrolRules):
        kind = type(rules).__name__
        raise InputError("roads", [f"rules is of type {kind}; give PatrolRules(...)."])
    return rules or PatrolRules()
