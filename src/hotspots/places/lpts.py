"""Local Policing Teams: read their polygons or a look-up, and tell which one a point lies in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pyproj
import shapely
from numpy.typing import ArrayLike, NDArray

from ..contracts import CRS, LPTS, InputError, announce, check_table
from .points import distinct_points

SLIVER_M = 10.0
"""Overlaps and gaps no wider than this are the trace of simplified boundaries, not mistakes."""

# Names seen in force and ONS layers, lower case, best first.
_ALIASES = {
    "lpt": ("lpt", "lpt_name", "lptname", "team", "npt", "npt_name", "neighbourhood", "beat",
            "name", "area_name", "area"),
    "name": ("name", "display_name"),
    "command": ("command", "bcu", "division"),
    "base": ("base", "station"),
    "population": ("population", "pop", "residents"),
}  # fmt: skip
_LSOA_ALIASES = ("lsoa", "lsoa21cd", "lsoa11cd", "lsoa_code", "lsoa code")


def read_lpts(source: str | Path | gpd.GeoDataFrame, *, crs: str = CRS) -> gpd.GeoDataFrame:
    """Read the polygons of the Local Policing Teams, repaired and measured.

    The column of names is recognised (``lpt``, or a common name such as ``team``, ``npt`` or
    ``name``, which is announced). Coordinates are converted to ``crs``. Invalid polygons are
    repaired, of which only the polygonal parts are kept. Several rows of one name become one
    LPT where their other columns agree. Overlaps and gaps wider than 10 m are announced; narrower
    ones are left by simplifying boundaries, and :func:`assign_lpt` settles them.

    Parameters
    ----------
    source : path or GeoDataFrame
        Any vector file GDAL reads (GeoPackage, Shapefile, GeoJSON …) or a frame.
    crs : str
        Projected coordinate system in metres for the result.

    Returns
    -------
    GeoDataFrame
        Index ``lpt``, sorted; ``area_km2``, and ``name``, ``command``, ``base``, ``population``
        where the source has them; polygons or multipolygons.

    Raises
    ------
    InputError
        Naming every fault: no such file, no column of names, rows without name or polygon, no
        CRS, rows of one name that disagree.

    Warns
    -----
    Notice
        When a column was recognised by another name, a polygon repaired, rows joined, or LPTs
        overlap or leave gaps.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> frame = gpd.GeoDataFrame({"lpt": ["West", "East"], "command": ["One", "One"]},
    ...     geometry=[shapely.box(0, 0, 2000, 1000), shapely.box(2000, 0, 3000, 1000)],
    ...     crs="EPSG:27700")
    >>> read_lpts(frame)[["area_km2", "command"]]
          area_km2 command
    lpt
    East       1.0     One
    West       2.0     One
    """
    what, frame = _load(source)
    try:
        target = pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError as error:
        fault = f"{crs!r} is no known coordinate system; for Britain give {CRS!r}."
        raise InputError("crs", [fault]) from error
    faults = []
    if frame.crs is None:
        faults.append(f"it has no CRS; say which with .set_crs(...), for Britain {CRS!r}.")
    if not target.is_projected:
        faults.append(f"crs={crs!r} is not projected; areas need metres, for Britain {CRS!r}.")
    columns = _recognise(frame, _ALIASES)
    if "lpt" not in columns:
        have = ", ".join(map(str, frame.columns)) or "none"
        faults.append(
            f"no column holds the LPT names; rename one to 'lpt' (columns found: {have})."
        )
        raise InputError(what, faults)
    if columns["lpt"].lower() != "lpt":
        announce(f"{what}: LPT names taken from column {columns['lpt']!r}; name it 'lpt' to fix it")
    kept = {part: frame[column].to_numpy() for part, column in columns.items()}
    frame = gpd.GeoDataFrame(kept, geometry=frame.geometry.to_numpy(), crs=frame.crs)
    frame["lpt"] = _text(frame["lpt"])
    if frame["lpt"].isna().any():
        faults.append(f"{int(frame['lpt'].isna().sum())} rows have no LPT name; fill them.")
    if len(frame) == 0:
        faults.append("it holds no rows; give at least one LPT.")
    faults += _disagreements(frame)
    if faults:
        raise InputError(what, faults)
    frame = frame.to_crs(target)
    frame = _repaired(frame, what)
    frame = _joined(frame, what)
    _announce_misfits(frame, what)
    frame["area_km2"] = frame.geometry.area / 1e6
    order = [c for c in LPTS.required if c in frame] + [
        c.name for c in LPTS.columns if c.name in frame and not c.required
    ]
    return check_table(frame[[*order, "geometry"]], LPTS, what)  # type: ignore[return-value]


def read_lpt_lookup(source: str | Path | pd.DataFrame) -> pd.DataFrame:
    """Read a table that tells which LPT each LSOA belongs to, for where no polygons are at hand.

    Parameters
    ----------
    source : path or DataFrame
        CSV (UTF-8 or Windows-1252) with a column of LSOA codes (``lsoa``, ``LSOA21CD``,
        ``LSOA11CD``) and one of LPT names (``lpt`` or a name :func:`read_lpts` recognises).

    Returns
    -------
    DataFrame
        Index ``lsoa``, sorted; ``lpt``, and ``name``, ``command``, ``population`` where present.

    Raises
    ------
    InputError
        Naming every fault: missing columns, empty cells, one LSOA in two LPTs.

    Examples
    --------
    >>> import pandas as pd
    >>> read_lpt_lookup(pd.DataFrame({"LSOA21CD": ["E01000002", "E01000001"],
    ...                               "lpt": ["East", "West"], "pop": [1500, 1600]}))
                lpt  population
    lsoa
    E01000001  West        1600
    E01000002  East        1500
    """
    if isinstance(source, pd.DataFrame):
        what, frame = "LPT look-up", source
        if frame.index.name == "lsoa":
            frame = frame.reset_index()
    else:
        what, frame = Path(source).name, _read_csv(Path(source))
    aliases = {"lsoa": _LSOA_ALIASES, **_ALIASES, "name": ("name", "lsoa21nm", "lsoa11nm")}
    columns = _recognise(frame, aliases)
    faults = [
        f"no column holds the {meaning}; name it {column!r} (columns found: "
        f"{', '.join(map(str, frame.columns)) or 'none'})."
        for column, meaning in (("lsoa", "LSOA codes"), ("lpt", "LPT names"))
        if column not in columns
    ]
    if faults:
        raise InputError(what, faults)
    keep = [c for c in ("lsoa", "lpt", "name", "command", "population") if c in columns]
    table = frame[[columns[c] for c in keep]].set_axis(keep, axis=1)
    for column in ("lsoa", "lpt"):
        table[column] = _text(table[column])
        if table[column].isna().any():
            faults.append(f"column {column!r} is empty in {int(table[column].isna().sum())} rows.")
    table = table.drop_duplicates(["lsoa", "lpt"])
    twice = table.loc[table["lsoa"].duplicated() & table["lsoa"].notna(), "lsoa"]
    if len(twice):
        faults.append(
            f"{twice.iloc[0]} is given to two LPTs ({len(twice)} such codes); keep one each."
        )
    if faults:
        raise InputError(what, faults)
    return table.set_index("lsoa").sort_index()


def assign_lpt(x: ArrayLike, y: ArrayLike, lpts: gpd.GeoDataFrame) -> NDArray[np.object_]:
    """Tell which LPT each point lies in: exactly one, or none.

    Parameters
    ----------
    x, y : array_like of float, shape (n,)
        Coordinates in the CRS of ``lpts``; NaN where the place is not known.
    lpts : GeoDataFrame
        As :func:`read_lpts` returns them.

    Returns
    -------
    ndarray of object, shape (n,)
        LPT name, or NaN outside all of them and where x or y is NaN.

    Raises
    ------
    InputError
        If ``lpts`` breaks its contract or ``x`` and ``y`` differ in length.

    Notes
    -----
    The tie rule, half-open as grid cells are: a point on a line between LPTs belongs to the one
    on its east side; on a line that runs due east, to the one on its north side. A point on the
    outer edge is inside. Where LPTs overlap, the first name in sorted order takes the point. Each
    distinct location is looked up once.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> lpts = read_lpts(gpd.GeoDataFrame({"lpt": ["West", "East"]}, geometry=[
    ...     shapely.box(0, 0, 2000, 1000), shapely.box(2000, 0, 3000, 1000)], crs="EPSG:27700"))
    >>> assign_lpt([5, 2000, 3000, 9000], [5, 500, 0, 5], lpts)
    array(['West', 'East', 'East', nan], dtype=object)
    """
    check_table(lpts, LPTS)
    x, y = np.asarray(x, dtype=float).ravel(), np.asarray(y, dtype=float).ravel()
    if len(x) != len(y):
        raise InputError("points", [f"x has {len(x):,} values and y {len(y):,}; give pairs."])
    known = np.flatnonzero(~(np.isnan(x) | np.isnan(y)))
    places, place = distinct_points(np.column_stack([x[known], y[known]]))
    xs, ys = places.T
    lpts = lpts.sort_index()
    shapes = np.asarray(lpts.geometry.array)
    found, ties = _first_hit(xs, ys, shapes)
    if len(ties):
        # A millimetre east and a micrometre north stand for the side the half-open rule asks for.
        nudged, _ = _first_hit(xs[ties] + 1e-3, ys[ties] + 1e-6, shapes)
        touching = nudged >= 0
        found[ties[touching]] = nudged[touching]
    names = np.append(lpts.index.to_numpy(dtype=object), np.nan)
    result = np.full(len(x), np.nan, dtype=object)
    result[known] = names[found[place]]
    return result


def _first_hit(
    x: NDArray[np.float64], y: NDArray[np.float64], shapes: NDArray[np.object_]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Find the first shape that covers each point (x ascending), and the points in several."""
    found = np.full(len(x), -1, dtype=np.intp)
    hits = np.zeros(len(x), dtype=np.intp)
    shapely.prepare(shapes)
    for number, (shape, box) in enumerate(zip(shapes, shapely.bounds(shapes), strict=True)):
        low, high = np.searchsorted(x, box[0], "left"), np.searchsorted(x, box[2], "right")
        near = low + np.flatnonzero((y[low:high] >= box[1]) & (y[low:high] <= box[3]))
        near = near[shapely.intersects_xy(shape, x[near], y[near])]
        hits[near] += 1
        found[near[found[near] < 0]] = number
    return found, np.flatnonzero(hits > 1)


def _load(source: str | Path | gpd.GeoDataFrame) -> tuple[str, gpd.GeoDataFrame]:
    if isinstance(source, gpd.GeoDataFrame):
        if source.active_geometry_name is None:
            raise InputError("LPTs", ["the frame has no geometry column; use .set_geometry(...)."])
        return "LPTs", source.reset_index() if source.index.name == "lpt" else source
    if not isinstance(source, (str, Path)):
        raise InputError(
            "LPTs", [f"it is of type {type(source).__name__}; give a file or a GeoDataFrame."]
        )
    path = Path(source)
    if not path.exists():
        raise InputError(path.name, [f"there is no file {str(path)!r}; check the path."])
    try:
        layers = pyogrio.list_layers(path)
    except pyogrio.errors.DataSourceError as error:
        raise InputError(
            path.name, [f"it is not a vector file GDAL can read ({error}); give a GeoPackage."]
        ) from None
    areal = [
        name for name, kind in layers if kind is None or "Polygon" in kind or kind == "Unknown"
    ]
    layer = "lpts" if "lpts" in areal else areal[0] if len(areal) == 1 else None
    if layer is None:
        listed = ", ".join(map(str, layers[:, 0])) or "none"
        raise InputError(
            path.name,
            [
                f"it holds {len(areal)} layers of polygons (layers: {listed}); read the right one "
                "with geopandas.read_file(path, layer=...) and give that."
            ],
        )
    return path.name, gpd.read_file(path, layer=layer, engine="pyogrio")


def _read_csv(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise InputError(path.name, [f"there is no file {str(path)!r}; check the path."])
    try:
        return pd.read_csv(path, encoding="utf-8-sig")
    except UnicodeDecodeError:
        return pd.read_csv(path, encoding="cp1252")
    except (pd.errors.EmptyDataError, pd.errors.ParserError) as error:
        raise InputError(path.name, [f"it cannot be read as CSV ({error})."]) from None


def _recognise(frame: pd.DataFrame, aliases: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Which column of the frame plays each part; no column plays two."""
    by_name = {str(c).strip().lower(): c for c in reversed(list(frame.columns))}
    chosen: dict[str, Any] = {}
    for part, names in aliases.items():
        free = [n for n in names if n in by_name and by_name[n] not in chosen.values()]
        if free:
            chosen[part] = by_name[free[0]]
    return chosen


def _text(values: pd.Series) -> pd.Series:
    """Trimmed text, with blanks missing."""
    missing = values.isna()
    stripped = values.astype(object).where(~missing, "").map(lambda v: str(v).strip())
    return stripped.where(stripped != "", np.nan).infer_objects()


def _disagreements(frame: gpd.GeoDataFrame) -> list[str]:
    faults = []
    for column in ("name", "command", "base", "population"):
        if column in frame:
            values = frame.groupby("lpt")[column].nunique(dropna=False)
            faults += [
                f"the rows of LPT {lpt!r} disagree on {column!r}; give one row for each LPT."
                for lpt in values.index[values > 1]
            ]
    return faults


def _repaired(frame: gpd.GeoDataFrame, what: str) -> gpd.GeoDataFrame:
    shapes = np.asarray(frame.geometry.array)
    invalid = ~shapely.is_valid(shapes) & ~shapely.is_missing(shapes)
    if invalid.any():
        before = shapely.area(shapes[invalid]).sum()
        shapes = np.where(invalid, shapely.make_valid(shapes), shapes)
        shapes = np.array([_polygonal(shape) for shape in shapes], dtype=object)
        change = abs(shapely.area(shapes[invalid]).sum() - before)
        announce(
            f"{what}: repaired {int(invalid.sum())} invalid polygons "
            f"({', '.join(frame['lpt'][invalid][:5])}); their area changed by {change:,.0f} m²"
        )
    kinds = shapely.get_type_id(shapes)
    wrong = ~np.isin(kinds, (3, 6)) | shapely.is_empty(shapes)
    if wrong.any():
        names = ", ".join(map(repr, frame["lpt"][wrong][:5]))
        raise InputError(
            what, [f"{int(wrong.sum())} rows hold no polygon ({names}); give each LPT its area."]
        )
    return frame.set_geometry(gpd.GeoSeries(shapely.force_2d(shapes), frame.index, frame.crs))


def _polygonal(shape: Any) -> Any:
    """Keep the polygonal parts of a shape."""
    if shape is None or shape.geom_type in ("Polygon", "MultiPolygon"):
        return shape
    parts = shapely.get_parts(shapely.get_parts(shape))
    return shapely.union_all(parts[shapely.get_type_id(parts) == 3])


def _joined(frame: gpd.GeoDataFrame, what: str) -> gpd.GeoDataFrame:
    """One row for each LPT, sorted."""
    repeated = frame["lpt"].duplicated()
    if repeated.any():
        names = frame["lpt"][repeated].unique()
        announce(
            f"{what}: {int(repeated.sum()) + len(names)} rows joined into {len(names)} LPTs "
            f"({', '.join(names[:5])}), because they share a name"
        )
        return frame.dissolve("lpt", sort=True)
    return frame.set_index("lpt").sort_index()


def _announce_misfits(frame: gpd.GeoDataFrame, what: str) -> None:
    """Announce overlaps and gaps too wide to come from simplified boundaries."""
    shapes = np.asarray(frame.geometry.array)
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    one, other = one[one < other], other[one < other]
    shared = shapely.intersection(shapes[one], shapes[other])
    wide = ~shapely.is_empty(shapely.buffer(shared, -SLIVER_M / 2))
    if wide.any():
        worst = int(np.argmax(shapely.area(shared)))
        announce(
            f"{what}: LPTs overlap by {_area(shapely.area(shared[wide]).sum())} in "
            f"{int(wide.sum())} pairs, most between {frame.index[one[worst]]!r} and "
            f"{frame.index[other[worst]]!r}; there the first name takes the incidents"
        )
    whole = shapely.union_all(shapes)
    filled = shapely.union_all(
        shapely.polygons(shapely.get_exterior_ring(shapely.get_parts(whole)))
    )
    gaps = shapely.get_parts(shapely.difference(filled, whole))
    gaps = gaps[~shapely.is_empty(shapely.buffer(gaps, -SLIVER_M / 2))]
    if len(gaps):
        announce(
            f"{what}: {len(gaps)} gaps of {_area(shapely.area(gaps).sum())} lie between the LPTs; "
            "incidents there belong to none"
        )


def _area(square_metres: float) -> str:
    if square_metres < 1e5:
        return f"{square_metres:,.0f} m²"
    return f"{square_metres / 1e6:,.2f} km²"
