"""Lines of streets from a GeoDataFrame or a file: GraphML, GeoPackage and the like."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from ..contracts import InputError


def read_streets(network: Any, crs: pyproj.CRS) -> gpd.GeoDataFrame:
    """Read lines from a GeoDataFrame, a GraphML file or any other file of lines.

    Parameters
    ----------
    network : GeoDataFrame, GeoSeries or path
    crs : pyproj.CRS
        To bring them to.

    Returns
    -------
    GeoDataFrame
        LineStrings, none empty and none twice, in either direction: ``street``, the row it has in
        the network, and ``name`` where the network has one.

    Raises
    ------
    InputError
        When there is no such file, it holds no lines, or it has no CRS.
    """
    what = "network"
    if isinstance(network, (gpd.GeoDataFrame, gpd.GeoSeries)):
        lines = network
    elif isinstance(network, (str, os.PathLike)):
        what = f"network {Path(network).name!r}"
        if not Path(network).exists():
            raise InputError(what, [f"there is no file {os.fspath(network)!r}; check the path."])
        lines = _read_file(Path(network), what)
    else:
        raise InputError(
            what,
            [
                f"it is of type {type(network).__name__}; give a GeoDataFrame of LineStrings, or "
                "the path of a GraphML, GeoPackage or other file of lines."
            ],
        )
    if isinstance(lines, gpd.GeoDataFrame) and lines.active_geometry_name is None:
        raise InputError(what, ["it has no geometry; say which with .set_geometry(...)."])
    if lines.crs is None:
        raise InputError(what, ["it has no CRS; say which with .set_crs(...)."])
    names = pd.Series(np.nan, index=range(len(lines)), dtype="str")
    if isinstance(lines, gpd.GeoDataFrame) and "name" in lines.columns:
        known = lines["name"].notna().to_numpy()
        names[known] = lines["name"][known].astype(str).to_numpy()
    plain = gpd.GeoDataFrame(
        {"street": np.arange(len(lines)), "name": names},
        geometry=np.asarray(lines.geometry.array), crs=lines.crs,
    )  # fmt: skip
    plain = plain[~(plain.geometry.isna() | plain.geometry.is_empty)].to_crs(crs)
    kinds = plain.geom_type
    if wrong := sorted(set(kinds) - {"LineString", "MultiLineString"}):
        raise InputError(
            what,
            [f"it holds {', '.join(wrong)}; only LineStrings belong here: drop the others."],
        )
    plain = plain.explode(index_parts=False, ignore_index=True)
    plain["geometry"] = shapely.force_2d(np.asarray(plain.geometry.array))
    if not np.isfinite(shapely.get_coordinates(plain.geometry.array)).all():
        raise InputError(
            what, ["some of its coordinates are not finite in the incidents' CRS; check its CRS."]
        )
    plain = plain[plain.length > 0]
    # A two-way street of a directed graph stands there twice, and its end would look like a way on.
    either = pd.Series(shapely.to_wkb(shapely.normalize(np.asarray(plain.geometry.array))))
    plain = plain[~either.duplicated().to_numpy()].reset_index(drop=True)
    if not len(plain):
        raise InputError(what, ["it holds no line of any length; give at least one street."])
    return plain


def _read_file(path: Path, what: str) -> gpd.GeoDataFrame:
    if path.suffix.lower() == ".graphml":
        return _read_graphml(path, what)
    import pyogrio
    from pyogrio.errors import DataLayerError, DataSourceError

    try:
        layers = [name for name, kind in pyogrio.list_layers(path) if "LineString" in str(kind)]
        if len(layers) > 1:
            raise InputError(
                what,
                [
                    f"it has {len(layers)} layers of lines: {', '.join(layers)}; read the one of "
                    "the streets with geopandas.read_file(..., layer=...) and give that."
                ],
            )
        read = gpd.read_file(path, engine="pyogrio", layer=layers[0] if layers else 0)
    except (DataLayerError, DataSourceError) as error:
        said = str(error).rstrip(".")
        raise InputError(what, [f"it cannot be read as a file of lines: {said}."]) from None
    if not isinstance(read, gpd.GeoDataFrame):
        raise InputError(what, ["it holds no geometry; give a file of lines."])
    return read


def _read_graphml(path: Path, what: str) -> gpd.GeoDataFrame:
    """Read the nodes (x, y), edges (geometry or straight, name) and CRS, as OSMnx writes them."""
    try:
        root = ElementTree.parse(path).getroot()
    except (ElementTree.ParseError, OSError) as error:
        raise InputError(what, [f"it is no GraphML: {error}."]) from None
    meaning = {
        (key.get("for"), key.get("id")): key.get("attr.name")
        for key in root.iter()
        if _is(key, "key")
    }

    def values(element: Any, kind: str) -> dict[str | None, str]:
        return {
            meaning.get((kind, data.get("key")), meaning.get(("all", data.get("key")))):
            data.text or "" for data in element if _is(data, "data")
        }  # fmt: skip

    graph = next((e for e in root.iter() if _is(e, "graph")), None)
    crs = None if graph is None else values(graph, "graph").get("crs")
    nodes: dict[str | None, tuple[float, float]] = {}
    shapes, names = [], []
    try:
        for node in root.iter():
            if _is(node, "node"):
                told = values(node, "node")
                nodes[node.get("id")] = float(told["x"]), float(told["y"])
        for edge in (e for e in root.iter() if _is(e, "edge")):
            told = values(edge, "edge")
            ends = [nodes[edge.get("source")], nodes[edge.get("target")]]
            shape = told.get("geometry")
            shapes.append(shapely.from_wkt(shape) if shape else shapely.LineString(ends))
            names.append(told.get("name"))
    except (KeyError, ValueError, shapely.errors.ShapelyError) as error:
        raise InputError(
            what, [f"its nodes need x and y, and its edges ends among the nodes: {error!r}."]
        ) from None
    if crs is None or not shapes:
        raise InputError(what, ["it holds no edge, or no crs; give a graph as OSMnx saves it."])
    try:
        return gpd.GeoDataFrame({"name": names}, geometry=shapes, crs=crs)
    except pyproj.exceptions.CRSError as error:
        raise InputError(what, [f"its crs {crs!r} is not known: {error}."]) from None


def _is(element: Any, name: str) -> bool:
    return str(element.tag).rpartition("}")[2] == name
