"""One GeoPackage for QGIS or ArcGIS, with every layer that has a place."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..atomic import atomic_file
from ..contracts import CRS, InputError
from .columns import typed
from .stations import Stations, gather

if TYPE_CHECKING:
    import geopandas as gpd


def export_gis(
    path: str | os.PathLike[str], *stations: Any, lpts: gpd.GeoDataFrame | None = None
) -> Path:
    """Write LPTs, hotspots and planned visits as the layers of one GeoPackage.

    Parameters
    ----------
    path : path
        File to write, ending in ``.gpkg``; an earlier one is replaced only when the new one is
        complete.
    *stations : Result or GeoDataFrame
        Hotspots tables, a patrol plan; anything else given is left out unless it has a place.
    lpts : GeoDataFrame, optional
        The LPTs.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        When nothing given has a place, or the name does not end in ``.gpkg``.

    Notes
    -----
    Layers: ``lpts``, ``hotspots`` (``hotspots_2`` and so on for further tables) and ``visits``
    (a point in the hotspot each visit goes to). Coordinates are on the British National Grid, or
    on the grid of the LPTs or hotspots where theirs is another. Single incidents are left out.

    Examples
    --------
    >>> import tempfile
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=2)
    >>> export_gis(Path(tempfile.mkdtemp()) / "brief.gpkg", lpts=county.lpts).name
    'brief.gpkg'
    """
    import pyogrio

    path = Path(path)
    if path.suffix.lower() != ".gpkg":
        raise InputError("export_gis", [f"{path.name!r} does not end in '.gpkg'; name it so."])
    given = gather((*stations, *([] if lpts is None else [lpts])), what="export_gis")
    layers = _layers(given)
    if not layers:
        raise InputError("export_gis", ["nothing given has a place; give hotspots or lpts."])
    with atomic_file(path) as partial:
        for name, frame in layers.items():
            pyogrio.write_dataframe(frame, partial, layer=name, driver="GPKG")
    return path


def _layers(given: Stations) -> dict[str, gpd.GeoDataFrame]:
    layers: dict[str, gpd.GeoDataFrame] = {}
    if given.lpts is not None:
        layers["lpts"] = given.lpts.rename_axis("lpt")
    for n, spots in enumerate(given.hotspots, 1):
        layers["hotspots" if n == 1 else f"hotspots_{n}"] = spots.rename_axis("hotspot")
    for n, plan in enumerate(given.of("plan"), 1):
        patrolled = given.patrolled(plan)
        if patrolled is None:
            continue
        if len(visits := _visits(plan.tables["visits"], given.hotspots[patrolled])):
            layers["visits" if n == 1 else f"visits_{n}"] = visits
    crs = next(iter(layers.values())).crs if layers else CRS
    return {name: _plain(name, frame.to_crs(crs)) for name, frame in layers.items()}


def _visits(visits: pd.DataFrame, spots: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Put each visit on a point inside its hotspot."""
    import geopandas as gpd

    flat = visits.rename_axis("visit")
    points = spots.geometry.representative_point().reindex(flat["hotspot"]).to_numpy()
    placed = gpd.GeoSeries(points, flat.index, crs=spots.crs)
    return gpd.GeoDataFrame(flat, geometry=placed)[placed.notna()]


def _plain(name: str, frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return a layer with its index as a column and plain types only."""
    import geopandas as gpd

    flat = frame.reset_index()
    values, _ = typed(name, pd.DataFrame(flat.drop(columns="geometry")))
    return gpd.GeoDataFrame(values, geometry=flat.geometry.to_numpy(), crs=frame.crs)
