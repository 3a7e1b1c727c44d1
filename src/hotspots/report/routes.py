"""Routes as GPX 1.1 and as GeoJSON (RFC 7946)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd

from .. import __version__

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

GPX = "http://www.topografix.com/GPX/1/1"

# what XML 1.0 cannot hold
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Stop:
    """A place of a route: a visit, or the base. Times are in UTC."""

    kind: str
    name: str
    xy: tuple[float, float]
    degrees: NDArray[np.float64]
    begin: pd.Timestamp
    finish: pd.Timestamp | None = None
    visit: str = ""
    to_do: str = ""
    reason: str = ""


def write_gpx(file: Path, title: str, stops: list[Stop], line: NDArray[np.float64]) -> None:
    """Write a route through the stops, and the line between them as a track.

    Parameters
    ----------
    file : Path
    title : str
    stops : list of Stop
    line : ndarray, shape (k, 2)
        Longitude and latitude along the way.
    """
    ElementTree.register_namespace("", GPX)
    root = ElementTree.Element(_tag("gpx"), version="1.1", creator=f"hotspots {__version__}")
    about = ElementTree.SubElement(root, _tag("metadata"))
    _add(about, "name", title)
    _add(about, "desc", "A recommendation: nothing is tasked until somebody accepts it.")
    _add(about, "time", _stamp(pd.Timestamp.now("UTC")))
    for stop in stops:
        if stop.kind == "visit":
            _point(root, "wpt", stop)
    route = ElementTree.SubElement(root, _tag("rte"))
    _add(route, "name", title)
    for stop in stops:
        _point(route, "rtept", stop)
    if len(line) > 1:
        track = ElementTree.SubElement(root, _tag("trk"))
        _add(track, "name", title)
        part = ElementTree.SubElement(track, _tag("trkseg"))
        for longitude, latitude in line:
            ElementTree.SubElement(part, _tag("trkpt"), lat=f"{latitude:.6f}",
                                   lon=f"{longitude:.6f}")  # fmt: skip
    ElementTree.indent(root, " ")
    ElementTree.ElementTree(root).write(file, encoding="utf-8", xml_declaration=True)


def _tag(name: str) -> str:
    return f"{{{GPX}}}{name}"


def _add(parent: ElementTree.Element, name: str, text: str) -> None:
    if text:
        ElementTree.SubElement(parent, _tag(name)).text = _ILLEGAL.sub(" ", str(text))


def _point(parent: ElementTree.Element, name: str, stop: Stop) -> None:
    """Add a point; GPX asks for time, name, desc and type in this order."""
    longitude, latitude = stop.degrees
    point = ElementTree.SubElement(
        parent, _tag(name), lat=f"{latitude:.6f}", lon=f"{longitude:.6f}"
    )
    _add(point, "time", _stamp(stop.begin))
    _add(point, "name", stop.name)
    _add(point, "desc", " ".join(filter(None, [stop.reason, stop.to_do])))
    _add(point, "type", stop.kind)


def _stamp(moment: pd.Timestamp) -> str:
    return f"{moment.tz_convert('UTC'):%Y-%m-%dT%H:%M:%SZ}"


def write_geojson(
    file: Path, title: str, stops: list[Stop], line: NDArray[np.float64],
    hotspots: list[dict[str, Any]],
) -> None:  # fmt: skip
    """Write the hotspots, the stops and the line between them.

    Parameters
    ----------
    file : Path
    title : str
    stops : list of Stop
    line : ndarray, shape (k, 2)
        Longitude and latitude along the way.
    hotspots : list of dict
        Features of those the route visits.
    """
    features = list(hotspots)
    if len(line) > 1:
        shape = {"type": "LineString", "coordinates": line.tolist()}
        features.append(feature(shape, {"kind": "route", "name": title}))
    for n, stop in enumerate(stops, 1):
        told = {
            "kind": stop.kind, "order": n, "name": stop.name, "begin": _stamp(stop.begin),
            "finish": _stamp(stop.finish) if stop.finish is not None else None,
            "visit": stop.visit or None, "to_do": stop.to_do or None, "reason": stop.reason or None,
        }  # fmt: skip
        shape = {"type": "Point", "coordinates": stop.degrees.tolist()}
        features.append(feature(shape, {k: v for k, v in told.items() if v is not None}))
    made = {"type": "FeatureCollection", "features": features}
    file.write_text(json.dumps(made, ensure_ascii=False, allow_nan=False), encoding="utf-8")


def feature(geometry: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    """Make a GeoJSON feature of a shape and what is told of it."""
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def outlines(hotspots: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    """Return outlines in degrees to 6 decimals, outer rings anticlockwise, holes clockwise.

    Parameters
    ----------
    hotspots : GeoDataFrame

    Returns
    -------
    list of dict
        GeoJSON shapes, in the order given.
    """
    import shapely

    shapes = np.asarray(hotspots.to_crs("EPSG:4326").geometry.array)
    rounded = shapely.transform(shapes, lambda xy: xy.round(6))
    found = []
    for shape in rounded:
        parts = [
            [ring.coords if ring.is_ccw == (n == 0) else ring.coords[::-1]
             for n, ring in enumerate([part.exterior, *part.interiors])]
            for part in shapely.get_parts(shape)
        ]  # fmt: skip
        lists = [[[list(xy[:2]) for xy in ring] for ring in part] for part in parts]
        single = len(lists) == 1
        found.append({"type": "Polygon" if single else "MultiPolygon",
                      "coordinates": lists[0] if single else lists})  # fmt: skip
    return found
