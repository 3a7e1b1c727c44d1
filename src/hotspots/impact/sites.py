"""The places of a study as they were given: treated and control, or the sites of a trial."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ..contracts import Result

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]

_LEAST_M2 = 1.0  # an overlap of less is a rounding of coordinates
_CARRIED = ("name", "lpt", "command", "neighbourhood", "category")
_MOST_NAMED = 5


@dataclass(frozen=True)
class Sites:
    """The places, treated first, each arm in the order of its ids.

    Attributes
    ----------
    places : GeoDataFrame
        Index ``place``: ``hotspot`` (the id given), ``arm``, ``block``, ``lpt``, ``name``,
        ``area_km2``, in the CRS of the incidents.
    block : ndarray of int, shape (n,)
    group : ndarray of int, shape (n,)
        Places of one group may share a ring: those of one arm; of a trial those drawn as one, for
        rings must not depend on how the lot fell.
    notes : tuple of str
        What was made of the places, to be told.
    """

    places: gpd.GeoDataFrame
    block: NDArray[np.int64]
    group: NDArray[np.int64]
    notes: tuple[str, ...]


def given_sites(
    treated: Any, control: Any, design: Any, crs: Any, faults: list[str]
) -> Sites | None:
    """Bring the places given to one table, adding every fault to ``faults``.

    Parameters
    ----------
    treated, control : GeoDataFrame of polygons, or a result with ``control``
    design : TrialDesign, optional
        Anything with ``sites``: then the places are these.
    crs : CRS
        Of the incidents.
    faults : list of str
        Faults are added to it.

    Returns
    -------
    Sites or None
        None where a fault leaves nothing to go on with.

    Examples
    --------
    >>> box = shapely.box(0, 0, 100, 100)
    >>> one = gpd.GeoDataFrame(geometry=[box], index=["H1"], crs="EPSG:27700")
    >>> faults = []
    >>> given_sites(one, one.translate(50).to_frame("geometry"), None, one.crs, faults) is None
    True
    >>> faults
    ["treated 'H1' and control 'H1' overlap by 0.005 km²; no incident may belong to both: cut or \
drop one."]
    """
    before = len(faults)
    if design is not None:
        frames = _of_design(design, treated, control, crs, faults)
    else:
        frames = {}
        if treated is None:
            faults.append("treated is missing; give the places that were patrolled, or design=...")
        matched = getattr(control, "control", None) if isinstance(control, Result) else None
        if isinstance(matched, pd.DataFrame):  # its blocks are the treated places by their ids
            control = matched
            if isinstance(treated, pd.DataFrame):
                treated = treated.drop(columns="block", errors="ignore")
        for arm, frame in (("treated", treated), ("control", control)):
            if frame is not None:
                frames[arm] = read_polygons(frame, arm, crs, faults)
    if len(faults) > before or not frames:
        return None
    parts = []
    for arm, frame in frames.items():
        part = frame.rename_axis(index=None)
        part["hotspot"] = part.index.astype(str)
        part["arm"] = arm if design is None else frame["arm"].astype(str).to_numpy()
        parts.append(part.sort_values("hotspot", kind="stable"))
    notes: list[str] = []
    blocks = [part["block"] if "block" in part.columns else None for part in parts]
    places = pd.concat([_plain(part) for part in parts], ignore_index=True)
    block, label = _blocks(blocks, parts, notes)
    places["block"] = label
    group = pd.factorize(places["arm"])[0]
    if design is not None:
        drawn = "cluster" if "cluster" in parts[0].columns else "hotspot"
        group = pd.factorize(parts[0][drawn])[0]
        joined = np.bincount(group)[group] > 1
        if joined.any():
            notes.append(
                f"{int(joined.sum()):,} places were drawn in groups; the randomisation test knows "
                "that, other methods take each place by itself, so that their intervals may be too "
                "narrow"
            )
    if design is not None:  # treated first here too
        order = np.argsort((places["arm"] != "treated").to_numpy(), kind="stable")
        places = places.iloc[order].reset_index(drop=True)
        block, group = block[order], group[order]
    twice = places["hotspot"].duplicated(keep=False)
    places.index = pd.Index(
        np.where(twice, places["arm"] + " " + places["hotspot"], places["hotspot"]),
        name="place", dtype="str",
    )  # fmt: skip
    if twice.any():
        notes.append(
            f"{int(twice.sum() // 2):,} ids are both treated and control; places are called by "
            "their arm and id"
        )
    frame = gpd.GeoDataFrame(places, geometry="geometry", crs=crs)
    _overlaps(frame, design is not None, faults, notes)
    return (
        None if len(faults) > before else Sites(frame, block, group.astype(np.int64), tuple(notes))
    )


def read_polygons(frame: Any, what: str, crs: Any, faults: list[str]) -> gpd.GeoDataFrame | None:
    """Check polygons of one arm and bring them to the CRS of the incidents."""
    if isinstance(frame, gpd.GeoSeries):
        frame = frame.to_frame("geometry")
    if isinstance(frame, Result) or not isinstance(frame, gpd.GeoDataFrame):
        faults.append(f"{what} is of type {type(frame).__name__}; give a GeoDataFrame of polygons, "
                      "such as a hotspots table.")  # fmt: skip
        return None
    try:
        shapes = np.asarray(frame.geometry.array)
    except AttributeError:
        faults.append(f"{what} has no geometry; give a GeoDataFrame of polygons.")
        return None
    found = []
    if len(frame) == 0:
        found.append(f"{what} holds no places; give at least one.")
    if frame.crs is None:
        found.append(f"{what} has no CRS; say which with .set_crs(...), for Britain 'EPSG:27700'.")
    missing = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    wrong = missing | ~np.isin(shapely.get_type_id(shapes), (3, 6))
    if wrong.any():
        kind = "nothing" if missing[wrong][0] else shapes[wrong][0].geom_type
        found.append(f"{what} holds {kind} for {str(frame.index[wrong][0])!r} ("
                     f"{int(wrong.sum()):,} such rows); every place needs a polygon.")  # fmt: skip
    if frame.index.nlevels > 1 or frame.index.hasnans:
        found.append(f"{what} has places without an id of their own; give the index one id for "
                     "each, as text.")  # fmt: skip
    elif (twice := frame.index.astype(str).duplicated()).any():
        found.append(f"{what} repeats the id {str(frame.index[twice][0])!r}; every place needs its "
                     "own.")  # fmt: skip
    faults += found
    if found:
        return None
    if crs is not None and frame.crs != crs:
        frame = frame.to_crs(crs)
    shapes = np.asarray(frame.geometry.array)
    if not np.isfinite(shapely.bounds(shapes)).all():
        faults.append(f"{what} does not lie where its CRS has coordinates; check that the CRS is "
                      "that of the coordinates.")  # fmt: skip
        return None
    if not shapely.is_valid(shapes).all():
        shapes = np.array([_polygonal(one) for one in shapely.make_valid(shapes)], dtype=object)
        frame = frame.set_geometry(gpd.GeoSeries(shapes, frame.index, frame.crs))
    if (flat := shapely.area(shapes) < _LEAST_M2).any():
        faults.append(f"{what} {str(frame.index[flat][0])!r} has no area ({int(flat.sum()):,} such "
                      "places); give polygons, in metres.")  # fmt: skip
        return None
    return frame


def _polygonal(shape: Any) -> Any:
    """Keep the polygonal parts of a repaired shape."""
    if shape.geom_type in ("Polygon", "MultiPolygon"):
        return shape
    parts = shapely.get_parts(shape)
    return shapely.union_all(parts[np.isin(shapely.get_type_id(parts), (3, 6))])


def _of_design(
    design: Any, treated: Any, control: Any, crs: Any, faults: list[str]
) -> dict[str, gpd.GeoDataFrame]:
    """Sites of a trial, which bring their arms themselves."""
    lacking = [n for n in ("sites", "calendar", "design", "redraw") if not hasattr(design, n)]
    if lacking:
        faults.append(f"design is of type {type(design).__name__} without {', '.join(lacking)}; "
                      "give what design_trial returns.")  # fmt: skip
        return {}
    if treated is not None or control is not None:
        faults.append(
            "treated or control is given beside design, which has its own; leave them out."
        )
        return {}
    sites = design.sites
    found = read_polygons(sites, "design.sites", crs, faults)
    if found is None:
        return {}
    if "arm" not in found.columns:
        faults.append("design.sites has no column 'arm'; give what design_trial returns.")
        return {}
    return {"sites": found}


def _plain(part: gpd.GeoDataFrame) -> pd.DataFrame:
    out = pd.DataFrame({"hotspot": part["hotspot"].to_numpy(), "arm": part["arm"].to_numpy()})
    for column in _CARRIED:
        if column in part.columns and column in ("name", "lpt"):
            out[column] = part[column].astype(object).to_numpy()
    shapes = np.asarray(part.geometry.array)
    out["area_km2"] = shapely.area(shapes) / 1e6
    out["geometry"] = shapes
    return out


def _blocks(
    blocks: list[pd.Series | None], parts: list[gpd.GeoDataFrame], notes: list[str]
) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Blocks as numbers and labels: of both arms, or of controls that name their treated."""
    sizes = [len(part) for part in parts]
    none = np.zeros(sum(sizes), dtype=np.int64), np.full(sum(sizes), "", dtype=object)
    given = [block is not None and bool(block.notna().all()) for block in blocks]
    if not any(given):
        return none
    if len(parts) == 2 and given == [False, True] and blocks[1] is not None:
        labels = parts[1]["block"].astype(str)
        if labels.isin(parts[0].index.astype(str)).all():
            blocks = [pd.Series(parts[0].index.astype(str), parts[0].index), labels]
            given = [True, True]
    if not all(given):
        notes.append("blocks were given for one arm only and are not used")
        return none
    named = np.concatenate(
        [np.asarray(b.astype(str), dtype=object) for b in blocks if b is not None]
    )
    codes, _ = pd.factorize(pd.Series(named), sort=True)
    return codes.astype(np.int64), named


def _overlaps(places: gpd.GeoDataFrame, drawn: bool, faults: list[str], notes: list[str]) -> None:
    """Fault the overlap of places that are compared; tell that of places of one arm."""
    shapes = np.asarray(places.geometry.array)
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    one, other = one[one < other], other[one < other]
    area = shapely.area(shapely.intersection(shapes[one], shapes[other]))
    one, other, area = one[area > _LEAST_M2], other[area > _LEAST_M2], area[area > _LEAST_M2]
    arm, name = places["arm"].to_numpy(), places["hotspot"].to_numpy()
    across = (arm[one] != arm[other]) | drawn
    for a, b, shared in list(zip(one[across], other[across], area[across], strict=True))[
        :_MOST_NAMED
    ]:
        faults.append(
            f"{arm[a]} {name[a]!r} and {arm[b]} {name[b]!r} overlap by {shared / 1e6:.2g} km²; no "
            "incident may belong to both: cut or drop one."
        )
    if (more := int(across.sum()) - _MOST_NAMED) > 0:
        faults.append(f"{more:,} more pairs overlap; cut or drop one of each.")
    if (~across).any():
        a, b = one[~across][0], other[~across][0]
        notes.append(
            f"{_many(int((~across).sum()), arm[a])} (first: {name[a]} and {name[b]}); what lies "
            "in both is counted once, for the first"
        )


def _many(pairs: int, arm: str) -> str:
    if pairs == 1:
        return f"1 pair of {arm} places overlaps"
    return f"{pairs:,} pairs of {arm} places overlap"
