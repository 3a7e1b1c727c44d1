"""Roads read from files: GraphML as networkx and OSMnx write it, and any file of lines."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from ..contracts import CRS, InputError
from ..progress import progress_bar
from .road_kinds import describe, kind_of
from .roads import Roads

JOIN_M = 0.01
"""Roads meet where their vertices lie this near."""

_STRAIGHT = "__straight"  # no line was given: it may be longer than it looks
_LENGTHS = (0.8, 1.25)  # a stated length is believed from and to these parts of the line's own


def read_roads(
    path: str | os.PathLike[str] | gpd.GeoDataFrame | gpd.GeoSeries, *, crs: Any = CRS,
    speeds: Mapping[str, float] | None = None, layer: str | None = None, reach_m: float = 500.0,
) -> Roads:  # fmt: skip
    """Read a road network to plan travel on.

    Parameters
    ----------
    path : path or GeoDataFrame
        A GraphML file as networkx or OSMnx write it (nodes with ``x`` and ``y``, the graph with
        ``crs``), a GeoPackage, Shapefile or GeoJSON of lines, or such lines themselves. Columns
        used when there: ``highway`` (the class of road; also ``fclass`` of Geofabrik and
        ``road_function`` of OS Open Roads), ``maxspeed``, ``oneway``, ``junction``, ``length``.
    crs : str or pyproj.CRS
        Coordinate system of the hotspots, projected and in metres; the roads are brought to it.
    speeds : mapping, optional
        km/h really driven by class of road, as ``{"residential": 25}``, in place of speed limits;
        0 closes a class to vehicles.
    layer : str, optional
        Which layer, where a file holds several with lines.
    reach_m : float
        Places farther than this from every road, in metres, are reached by straight line; 0 to
        20,000.

    Returns
    -------
    Roads

    Raises
    ------
    InputError
        Naming every fault: no such file, no lines, no CRS, nodes without coordinates, edges whose
        ends are no nodes, speeds that are none.

    Notes
    -----
    Lines meet wherever they share a vertex, to a centimetre, so that bridges (which share none
    with what they cross) do not. A stated length is used where it lies within 0.8 to 1.25 times
    the length of the line, else the line's own. A stretch is driven at ``speeds``, else at as
    many km/h as its limit has mph (20 km/h where the limit is 20 mph): stops, turns and lights
    take the rest. Where no limit is known, the usual one of its class is taken, 30 mph for most.

    References
    ----------
    Dijkstra, E. W. (1959). A note on two problems in connexion with graphs. Numerische
    Mathematik 1, 269-271.

    Examples
    --------
    >>> import shapely
    >>> streets = gpd.GeoDataFrame(
    ...     {"highway": ["primary", "footway"], "maxspeed": ["40 mph", None]}, crs="EPSG:27700",
    ...     geometry=[shapely.LineString([(0, 0), (500, 0), (900, 0)]),
    ...               shapely.LineString([(500, 0), (500, 300)])])
    >>> print(read_roads(streets))
    Roads: 1.2 km in 3 stretches between 4 junctions and ends. ...
    """
    what, faults = "roads", list[str]()
    grid = _grid(crs, faults)
    chosen = _chosen(speeds, faults)
    number = isinstance(reach_m, (int, float, np.number)) and not isinstance(reach_m, bool)
    if not number or not 0 <= reach_m <= 20_000:
        faults.append(f"reach_m is {reach_m!r}; give metres from 0 to 20,000.")
    if faults or grid is None:
        raise InputError(what, faults)
    if isinstance(path, (gpd.GeoDataFrame, gpd.GeoSeries)):
        source, table = "the lines given", _joined(_lines(path, grid, what))
    elif isinstance(path, (str, os.PathLike)):
        source = Path(path).name
        what = f"roads {source!r}"
        if not Path(path).exists():
            raise InputError(what, [f"there is no file {os.fspath(path)!r}; check the path."])
        if Path(path).suffix.lower() == ".graphml":
            table = _graphml(Path(path), grid, what)
        else:
            table = _joined(_lines(_read(Path(path), layer, what), grid, what))
    else:
        raise InputError(
            what,
            [f"it is of type {type(path).__name__}; give the path of a GraphML, GeoPackage or "
             "other file of lines, or a GeoDataFrame of LineStrings."],
        )  # fmt: skip
    table, replaced = _measured(table)
    if not len(table):
        raise InputError(what, ["it holds no line of any length; give at least one road."])
    stretches, said = describe(table, chosen)
    if replaced:
        said.insert(1, f"The stated length of {_stretches(replaced)} was not that of the line (0.8 "
                       "to 1.25 times), so the line's is used.")  # fmt: skip
    roads = Roads(stretches, float(reach_m), "")
    kilometres = stretches["metres"].sum() / 1000
    junctions = len(np.union1d(stretches["start"], stretches["end"]))
    head = (
        f"Roads: {kilometres:,.1f} km in {_stretches(len(stretches))} between {junctions:,} "
        "junctions and ends."
    )
    whole = [f"{roads.main_share(mode):.0%} {word}" for mode, word in
             (("foot", "on foot"), ("vehicle", "for vehicles"))]  # fmt: skip
    said.append(f"The largest part that hangs together holds of the length {' and '.join(whole)}.")
    told = Roads(stretches, float(reach_m), " ".join([head, *said, f"Source: {source}."]))
    told._graphs.update(roads._graphs)
    return told


def _stretches(number: int) -> str:
    return f"{number:,} stretch{'' if number == 1 else 'es'}"


def _grid(crs: Any, faults: list[str]) -> pyproj.CRS | None:
    try:
        grid = pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError:
        faults.append(f"crs is {crs!r}, which is not known; give the hotspots' own, as {CRS!r}.")
        return None
    if not grid.is_projected or grid.axis_info[0].unit_name not in ("metre", "meter"):
        faults.append(f"crs is {grid.name!r}; give a projected one in metres, as {CRS!r}.")
    return grid


def _chosen(speeds: Any, faults: list[str]) -> dict[str, float]:
    if speeds is None:
        return {}
    if not isinstance(speeds, Mapping):
        faults.append(f"speeds is {speeds!r}; give km/h by class, as {{'residential': 25}}.")
        return {}
    for name, kmh in speeds.items():
        number = isinstance(kmh, (int, float, np.number)) and not isinstance(kmh, bool)
        if not number or not (kmh == 0 or 3 <= kmh <= 130):
            faults.append(
                f"speeds: {name!r} is {kmh!r}; give km/h from 3 to 130, or 0 to close it."
            )
    return {kind_of(str(name)): kmh for name, kmh in speeds.items()}


# --- files of lines --------------------------------------------------------------------------


def _read(path: Path, layer: str | None, what: str) -> gpd.GeoDataFrame:
    import pyogrio
    from pyogrio.errors import DataLayerError, DataSourceError

    try:
        layers = [str(name) for name, kind in pyogrio.list_layers(path)
                  if "LineString" in str(kind) or layer == name]  # fmt: skip
        if layer is not None:
            if layer not in layers:
                raise InputError(
                    what, [f"it has no layer {layer!r}; layers of lines: {', '.join(layers)}."]
                )
            layers = [layer]
        if len(layers) > 1:
            raise InputError(
                what, [f"it has {len(layers)} layers of lines: {', '.join(layers)}; say which is "
                       f"the roads, as layer={layers[0]!r}."],
            )  # fmt: skip
        read = gpd.read_file(path, engine="pyogrio", layer=layers[0] if layers else 0)
    except (DataLayerError, DataSourceError) as error:
        said = str(error).rstrip(".")
        raise InputError(what, [f"it cannot be read as a file of lines: {said}."]) from None
    if not isinstance(read, gpd.GeoDataFrame):
        raise InputError(what, ["it holds no geometry; give a file of lines."])
    return read


def _lines(given: Any, grid: pyproj.CRS, what: str) -> gpd.GeoDataFrame:
    """Bring lines to the grid: single, flat, each of some length."""
    if isinstance(given, gpd.GeoDataFrame) and given.active_geometry_name is None:
        raise InputError(what, ["it has no geometry; say which with .set_geometry(...)."])
    if given.crs is None:
        raise InputError(what, ["it has no CRS; say which with .set_crs(...)."])
    columns = {} if isinstance(given, gpd.GeoSeries) else {
        name: given[name].to_numpy() for name in given.columns
        if name != given.active_geometry_name and not isinstance(given[name], pd.DataFrame)
    }  # fmt: skip
    frame = gpd.GeoDataFrame(columns, geometry=np.asarray(given.geometry.array), crs=given.crs)
    frame = frame[~(frame.geometry.isna() | frame.geometry.is_empty)].to_crs(grid)
    if wrong := sorted(set(frame.geom_type) - {"LineString", "MultiLineString"}):
        raise InputError(
            what, [f"it holds {', '.join(wrong)}; only LineStrings belong here: drop the others."]
        )
    frame = frame.explode(index_parts=False, ignore_index=True)
    frame["geometry"] = shapely.force_2d(np.asarray(frame.geometry.array))
    _check_finite(np.asarray(frame.geometry.array), what)
    return frame[frame.length > 0].reset_index(drop=True)


def _check_finite(shapes: NDArray[np.object_], what: str) -> None:
    if not np.isfinite(shapely.get_coordinates(shapes)).all():
        raise InputError(what, ["some coordinates are not finite in the CRS asked for; check its "
                                "own CRS."])  # fmt: skip


def _joined(lines: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Cut lines at every vertex they share, and number the junctions and ends."""
    if not len(lines):
        return lines.assign(start=0, end=0)
    shapes = np.asarray(lines.geometry.array)
    xy, line = shapely.get_coordinates(shapes, return_index=True)
    whole = np.round((xy - xy.min(axis=0)) / JOIN_M).astype(np.int64)
    # a vertex beside its like is one; else a line that pauses would be cut there
    fresh = np.ones(len(xy), bool)
    fresh[1:] = (line[1:] != line[:-1]) | (whole[1:] != whole[:-1]).any(axis=1)
    long = np.bincount(line[fresh], minlength=len(shapes)) > 1
    fresh &= long[line]
    xy, line, whole = xy[fresh], line[fresh], whole[fresh]
    _, place = np.unique(whole[:, 0] * (whole[:, 1].max() + 1) + whole[:, 1], return_inverse=True)
    place = place.reshape(-1)
    first, last = np.ones(len(line), bool), np.ones(len(line), bool)
    first[1:] = last[:-1] = line[1:] != line[:-1]
    shared = np.bincount(place) > 1
    node = first | last | shared[place]
    twice = node & ~first & ~last  # the end of one stretch and the start of the next
    at = np.repeat(np.arange(len(line)), 1 + twice)
    begins = np.ones(len(at), bool)
    begins[1:] = first[at[1:]] | (at[1:] == at[:-1])
    stretch = np.cumsum(begins) - 1
    ends = np.ones(len(at), bool)
    ends[:-1] = begins[1:]
    _, number = np.unique(place[node], return_inverse=True)
    junction = np.full(len(line), -1)
    junction[node] = number.reshape(-1)
    of = line[at[begins]]
    cut = lines.drop(columns="geometry").iloc[of].reset_index(drop=True)
    parts = shapely.linestrings(xy[at], indices=stretch)
    for name in [c for c in cut.columns if str(c).lower() == "length"]:
        stated = pd.to_numeric(cut[name], errors="coerce")
        cut[name] = stated * shapely.length(parts) / shapely.length(shapes)[of]
    return gpd.GeoDataFrame(
        cut.assign(start=junction[at[begins]], end=junction[at[ends]]), geometry=parts,
        crs=lines.crs,
    )  # fmt: skip


def _measured(table: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, int]:
    """Give every stretch its metres, and count the stated lengths that were not believed."""
    drawn = shapely.length(np.asarray(table.geometry.array))
    named = [c for c in table.columns if str(c).lower() == "length"]
    stated = np.full(len(table), np.nan)
    if named:
        stated = pd.to_numeric(table[named[0]], errors="coerce").to_numpy(np.float64)
    most = np.where(table.get(_STRAIGHT, pd.Series(False, table.index)), np.inf, _LENGTHS[1])
    believed = (stated >= _LENGTHS[0] * drawn) & (stated <= most * drawn) & (stated > 0)
    believed &= np.isfinite(stated)
    believed |= (stated > 0) & np.isfinite(stated) & (drawn == 0)
    table = table.assign(metres=np.where(believed, stated, drawn))
    return table[table["metres"] > 0].reset_index(drop=True), int(
        (np.isfinite(stated) & ~believed).sum()
    )


# --- GraphML ---------------------------------------------------------------------------------


def _graphml(path: Path, grid: pyproj.CRS, what: str) -> gpd.GeoDataFrame:
    """Read nodes, edges and CRS; two edges there and back along one line become one stretch."""
    directed, crs, nodes, edges = _parse(path, what)
    faults = []
    names = list(nodes)
    number = {name: n for n, name in enumerate(names)}
    xy = np.array([[_float(told.get("x")), _float(told.get("y"))] for told in nodes.values()])
    xy = xy.reshape(-1, 2)
    placeless = ~np.isfinite(xy).all(axis=1)
    if placeless.any():
        name = names[int(np.flatnonzero(placeless)[0])]
        faults.append(
            f"nodes without numbers for x and y: {int(placeless.sum()):,} (first: {name!r}); write "
            "the coordinates as x and y."
        )
    strange = [e for e in edges if e["source"] not in number or e["target"] not in number]
    if strange:
        first = strange[0]
        faults.append(f"edges that end at no node: {len(strange):,} (first: {first['source']!r} to "
                      f"{first['target']!r}); write every node.")  # fmt: skip
    if not edges:
        faults.append("it holds no edge; give a graph of roads.")
    own = None
    try:
        own = pyproj.CRS.from_user_input(crs) if crs else None
        if own is None:
            faults.append("the graph has no crs; write one: graph.graph['crs'] = 'EPSG:27700', or "
                          "'EPSG:4326' where x and y are longitude and latitude.")  # fmt: skip
    except pyproj.exceptions.CRSError:
        faults.append(f"its crs {crs!r} is not known; write one as EPSG:27700.")
    if faults:
        raise InputError(what, faults)
    start = np.array([number[e["source"]] for e in edges])
    end = np.array([number[e["target"]] for e in edges])
    shapes = shapely.linestrings(np.stack([xy[start], xy[end]], axis=1))
    straight = np.array(["geometry" not in e for e in edges])
    drawn = shapely.from_wkt([e["geometry"] for e in edges if "geometry" in e], on_invalid="ignore")
    bad = shapely.is_missing(drawn) | (shapely.get_type_id(drawn) != 1)
    if bad.any():
        raise InputError(what, [f"edges whose geometry is no LINESTRING in well-known text: "
                                f"{int(bad.sum()):,}; leave it out where unknown."])  # fmt: skip
    shapes[~straight] = shapely.force_2d(drawn)
    frame = gpd.GeoDataFrame(pd.DataFrame(edges).drop(columns=["geometry"], errors="ignore"),
                             geometry=shapes, crs=own)  # fmt: skip
    frame = frame.assign(start=start, end=end, **{_STRAIGHT: straight})
    frame = _turned(frame, xy, number, directed=directed).to_crs(grid)
    _check_finite(np.asarray(frame.geometry.array), what)
    return _paired(frame) if directed else frame


def _parse(
    path: Path, what: str
) -> tuple[bool, str | None, dict[str, dict[str, str]], list[dict[str, str]]]:
    """Read the file element by element: a county's graph is large."""
    keys: dict[tuple[str | None, str | None], str] = {}
    nodes: dict[str, dict[str, str]] = {}
    edges: list[dict[str, str]] = []
    directed, graph = False, dict[str, str]()

    def told(element: Any, kind: str) -> dict[str, str]:
        found = {}
        for data in element:
            if data.tag.rpartition("}")[2] == "data":
                key = data.get("key")
                name = keys.get((kind, key)) or keys.get(("all", key)) or str(key)
                found[name] = (data.text or "").strip()
        return {name: value for name, value in found.items() if value}

    try:
        elements = progress_bar(ElementTree.iterparse(path), "reading roads", unit="element",
                                leave=False, delay=2, disable=None)  # fmt: skip
        for _, element in elements:
            tag = element.tag.rpartition("}")[2]
            if tag == "key":
                keys[element.get("for"), element.get("id")] = element.get("attr.name") or ""
            elif tag == "node":
                nodes[str(element.get("id"))] = told(element, "node")
                element.clear()
            elif tag == "edge":
                ends = {"source": str(element.get("source")), "target": str(element.get("target"))}
                edges.append(told(element, "edge") | ends)
                element.clear()
            elif tag == "graph":
                graph, directed = told(element, "graph"), element.get("edgedefault") == "directed"
    except (ElementTree.ParseError, OSError) as error:
        raise InputError(what, [f"it is no GraphML: {error}."]) from None
    return directed, graph.get("crs"), nodes, edges


def _float(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return float("nan")


def _turned(
    frame: gpd.GeoDataFrame, xy: NDArray[np.float64], number: dict[str, int], *, directed: bool
) -> gpd.GeoDataFrame:
    """Make every line run from its start to its end, and one-way streets the way of travel.

    An undirected graph does not say which end of an edge comes first: OSMnx tells the way of
    travel in ``from`` and ``to``, and else the line itself was drawn along it.
    """
    start, end = frame["start"].to_numpy(), frame["end"].to_numpy()
    shapes = np.asarray(frame.geometry.array)

    def gone(from_: Any) -> NDArray[np.float64]:
        away = shapely.get_coordinates(shapely.get_point(shapes, 0)) - xy[from_]
        distance: NDArray[np.float64] = np.hypot(away[:, 0], away[:, 1])
        return distance

    if not directed:
        if {"from", "to"} <= set(frame.columns):
            first = frame["from"].astype(str).map(number)
            last = frame["to"].astype(str).map(number)
            swap = ((first == end) & (last == start)).to_numpy()
        else:
            swap = ~frame[_STRAIGHT].to_numpy() & (gone(end) < gone(start))
        start, end = np.where(swap, end, start), np.where(swap, start, end)
    backwards = gone(end) < gone(start)
    shapes = np.where(backwards, shapely.reverse(shapes), shapes)
    return frame.assign(start=start, end=end).set_geometry(
        gpd.GeoSeries(shapes, frame.index, crs=frame.crs)
    )


def _paired(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Join the two directions of a street; an edge without its like is one-way."""
    start, end = frame["start"].to_numpy(), frame["end"].to_numpy()
    shape = shapely.to_wkb(shapely.normalize(shapely.set_precision(
        np.asarray(frame.geometry.array), 0.001)))  # fmt: skip
    key = pd.DataFrame({"low": np.minimum(start, end), "high": np.maximum(start, end),
                        "shape": shape})  # fmt: skip
    ahead = pd.Series(start < end)
    loops = start == end
    ahead[loops] = key.groupby(["low", "high", "shape"]).cumcount()[loops] % 2 == 0
    # the first edge one way belongs with the first the other way
    key["turn"] = key.assign(ahead=ahead).groupby(["low", "high", "shape", "ahead"]).cumcount()
    both = key.groupby(["low", "high", "shape", "turn"])["low"].transform("size") == 2
    kept = ~key.duplicated()
    oneway = np.where(both[kept], "no", "yes")
    return frame[kept.to_numpy()].assign(oneway=oneway).reset_index(drop=True)
