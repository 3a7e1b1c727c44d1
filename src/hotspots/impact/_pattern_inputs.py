"""What the tests of a pattern take, checked together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import InputError, check_incidents, located
from .sites import read_polygons

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_BINS = (2, 60)


def check_bins(
    counts: Any, shares: Any, alternative: Any
) -> tuple[list[str], Ints, Floats, Floats | None, list[str]]:
    """Return names, counts, expected shares and those of an alternative, beside every fault."""
    faults: list[str] = []
    if isinstance(counts, Mapping):
        names, given = [*map(str, counts)], [*counts.values()]
    elif isinstance(counts, pd.Series):
        names, given = [*map(str, counts.index)], counts.tolist()
    elif isinstance(counts, str) or not hasattr(counts, "__iter__"):
        names, given = [], []
    else:
        given = [*counts]
        names = [str(i + 1) for i in range(len(given))]
    try:
        x = np.asarray(given, dtype=float)
    except (TypeError, ValueError):
        x = np.full(1, np.nan)
    whole = x.ndim == 1 and bool((np.isfinite(x) & (x >= 0) & (x == np.round(x))).all())
    if not whole or not _BINS[0] <= len(x) <= _BINS[1] or not x.sum():
        faults.append(f"counts is {counts!r}; it takes whole numbers, 0 or more and not all 0, "
                      f"for {_BINS[0]} to {_BINS[1]} bins.")  # fmt: skip
        x = np.ones(2)
    even = np.full(len(x), 1 / len(x))
    p0 = even if shares is None else _shares("shares", shares, len(x), faults)
    p1 = None if alternative is None else _shares("alternative", alternative, len(x), faults)
    return names, x.astype(np.int64), p0, p1, faults


def _shares(name: str, given: Any, bins: int, faults: list[str]) -> Floats:
    try:
        share = np.asarray([*given], dtype=float)
    except (TypeError, ValueError):
        share = np.zeros(0)
    if share.shape != (bins,) or not (np.isfinite(share) & (share > 0)).all():
        faults.append(f"{name} is {given!r}; it takes a number above 0 for each bin.")
        return np.full(bins, 1 / bins)
    return np.asarray(share / share.sum(), dtype=float)


def check_sides(
    before: Any, after: Any, areas: Any, include_police: bool, faults: list[str]
) -> tuple[pd.Index, Ints, Ints, list[str]]:
    """Count both sides by area; raise every fault, those given before among them."""
    notes: list[str] = []
    if areas is None:
        index, a, b = _counts(before, after, faults)
    else:
        index, a, b = _counted(before, after, areas, include_police, faults, notes)
    if not faults and len(index) < 2:
        faults.append(f"areas: {len(index)}; at least two are needed.")
    for name, side in (("before", a), ("after", b)):
        if not faults and not side.sum():
            faults.append(f"{name} has no incident in any area.")
    if faults:
        raise InputError("sppt", faults)
    return index, a, b, notes


def _counts(before: Any, after: Any, faults: list[str]) -> tuple[pd.Index, Ints, Ints]:
    sides = []
    for name, side in (("before", before), ("after", after)):
        if not isinstance(side, pd.Series):
            faults.append(f"{name} is of type {type(side).__name__}; give incidents and areas, or "
                          "a Series of counts by area.")  # fmt: skip
            continue
        number = pd.to_numeric(side, errors="coerce").to_numpy(dtype=float)
        if not (np.isfinite(number) & (number >= 0) & (number == np.round(number))).all():
            faults.append(f"{name} must hold whole counts, 0 or more.")
        elif not side.index.is_unique:
            faults.append(f"{name} has an area twice.")
        else:
            sides.append(pd.Series(number.astype(np.int64), index=side.index))
    if len(sides) < 2:
        return pd.Index([]), np.zeros(0, np.int64), np.zeros(0, np.int64)
    if set(sides[0].index) != set(sides[1].index):
        odd = sorted(map(str, set(sides[0].index) ^ set(sides[1].index)))
        faults.append(f"before and after are not of the same areas (as {', '.join(odd[:3])}).")
        return pd.Index([]), np.zeros(0, np.int64), np.zeros(0, np.int64)
    index = sides[0].index
    found: list[Ints] = [np.asarray(side.reindex(index), dtype=np.int64) for side in sides]
    return index, found[0], found[1]


def _counted(
    before: Any, after: Any, areas: Any, include_police: bool, faults: list[str], notes: list[str]
) -> tuple[pd.Index, Ints, Ints]:
    empty = np.zeros(0, np.int64)
    sides = []
    for name, side in (("before", before), ("after", after)):
        try:
            sides.append((name, check_incidents(side, name)))
        except InputError as error:
            faults += [f"{name}: {fault}" for fault in error.faults]
    crs = sides[0][1].crs if sides else None
    places = read_polygons(areas, "areas", crs, faults)
    if places is None or faults:
        return pd.Index([]), empty, empty
    if sides[1][1].crs != crs:
        faults.append("before and after differ in CRS; bring both to one with .to_crs(...).")
        return pd.Index([]), empty, empty
    found = [_in_areas(name, side, places, include_police, notes) for name, side in sides]
    return places.index, found[0], found[1]


def _in_areas(
    name: str, incidents: gpd.GeoDataFrame, areas: gpd.GeoDataFrame, include_police: bool,
    notes: list[str],
) -> Ints:  # fmt: skip
    """Count incidents by area, each in one; say which are not counted."""
    import shapely

    kept = incidents
    if "origin" in incidents.columns and not include_police:
        police = (incidents["origin"] == "police").to_numpy(dtype=bool)
        kept = incidents[~police]
        if police.any():
            notes.append(f"{int(police.sum()):,} police-generated incidents {name} left out")
    known = located(kept)
    if not known.all():
        notes.append(f"{int((~known).sum()):,} {name} without a point left out")
    points = np.asarray(kept.geometry.array)[known]
    # by polygon, which is then prepared once for all points
    area, point = shapely.STRtree(points).query(
        np.asarray(areas.geometry.array), predicate="intersects"
    )
    order = np.lexsort((area, point))
    point, area = point[order], area[order]
    first = np.append(True, np.diff(point) > 0) if len(point) else np.zeros(0, bool)
    if outside := len(points) - int(first.sum()):
        notes.append(f"{outside:,} {name} in none of the areas")
    if twice := len(np.unique(point[~first])):
        notes.append(f"{twice:,} {name} in more than one area, counted in the first")
    return np.bincount(area[first], minlength=len(areas)).astype(np.int64)
