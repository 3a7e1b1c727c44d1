"""Counts of squares of like size over the whole force: what chance does to the worst of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from ..contracts import InputError, check_incidents
from ..places import coordinates
from ._asked import read_day, read_outcomes
from ._tally import found_by_police
from .rules import ImpactRules
from .sites import read_polygons
from .spans import middles

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

Span = tuple[str | dt.date, str | dt.date]
"""First and last day."""


def pool_counts(
    incidents: gpd.GeoDataFrame,
    places: gpd.GeoDataFrame,
    *,
    chosen: Span,
    later: Span | None = None,
    categories: Sequence[str] | None = None,
    include_police: bool = False,
    size_m: float | None = None,
) -> pd.DataFrame:
    """Count incidents in squares as large as the median place, wherever there were any.

    Parameters
    ----------
    incidents : GeoDataFrame
    places : GeoDataFrame
        Polygons of the study.
    chosen : tuple of two dates
        First and last day of the records for which the places were chosen.
    later : tuple of two dates, optional
        Another span to count beside.
    categories : sequence of str, optional
        All when absent.
    include_police : bool
    size_m : float, optional
        Side of the squares in metres; that of a square as large as the median place when absent.

    Returns
    -------
    DataFrame
        Index ``square`` (its lower left corner): ``chosen`` and ``later`` (incidents in the
        spans), ``place`` (whether it meets a place of the study), ``days_chosen`` and
        ``days_later``. Squares with no incident in the whole of the records are not there; those
        with incidents at some other time are, with 0.

    Raises
    ------
    InputError
        Naming every fault.

    Notes
    -----
    The squares lie on one lattice anchored at the origin of the CRS. Places are mostly drawn about
    their incidents and so hold more than the fullest square of any fixed lattice: what choosing
    alone does to them is then somewhat more than the squares show.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=3)
    >>> pool = pool_counts(county.incidents, county.hotspots, chosen=("2023-01-01", "2023-02-28"))
    >>> int(pool["chosen"].sum()) <= len(county.incidents), int(pool["days_chosen"].iloc[0])
    (True, 59)
    """
    check_incidents(incidents)
    faults: list[str] = []
    spans = {"chosen": _span(chosen, "chosen", faults)}
    if later is not None:
        spans["later"] = _span(later, "later", faults)
    mine = read_polygons(places, "places", incidents.crs, faults)
    shapes = np.zeros(0, dtype=object) if mine is None else np.asarray(mine.geometry.array)
    if size_m is None:
        size_m = float(np.sqrt(np.median(shapely.area(shapes)))) if len(shapes) else 0.0
    elif (isinstance(size_m, bool) or not isinstance(size_m, int | float | np.number)
          or not 10 <= size_m <= 10_000):  # fmt: skip
        faults.append(f"size_m is {size_m!r}; the side of a square must be 10 to 10,000 metres.")
    if not isinstance(include_police, bool | np.bool_):
        faults.append(f"include_police is {include_police!r}; it takes True or False.")
    if isinstance(categories, str) or not (categories is None or np.iterable(categories)):
        faults.append(f"categories is {categories!r}; it takes a list of categories.")
    elif categories is not None:
        read_outcomes(incidents, ImpactRules(outcomes={"categories": list(categories)}), faults)
    if len(incidents) == 0:
        faults.append("there are no incidents; give the records of the whole force.")
    if faults:
        raise InputError("pool_counts", faults)
    xy = coordinates(incidents)
    known = ~np.isnan(xy[:, 0])
    if not include_police:
        known &= ~found_by_police(incidents)
    if categories is not None:
        known &= incidents["category"].isin(list(categories)).to_numpy(dtype=bool)
    corner = np.floor(xy[known] / size_m).astype(np.int64)
    # both numbers in one, as sorting pairs is slow
    key, square = np.unique(corner[:, 0] * (1 << 32) + corner[:, 1], return_inverse=True)
    middle = middles(incidents)[known]
    row = (key + (1 << 31)) >> 32
    low = np.column_stack([row, key - (row << 32)]) * size_m
    found: dict[str, Any] = {}
    for name, (first, last) in spans.items():
        end = last + pd.Timedelta(days=1)
        some = (middle >= first.to_datetime64()) & (middle < end.to_datetime64())
        found[name] = np.bincount(square[some], minlength=len(key))
        found[f"days_{name}"] = (end - first).days
    boxes = shapely.box(low[:, 0], low[:, 1], low[:, 0] + size_m, low[:, 1] + size_m)
    found["place"] = _met(boxes, shapes)
    names = [f"E{x:.0f}_N{y:.0f}" for x, y in low]
    return pd.DataFrame(found, index=pd.Index(names, name="square", dtype="str"))


def _met(boxes: NDArray[Any], shapes: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell which boxes share area with any shape."""
    met = np.zeros(len(boxes), dtype=bool)
    shape, box = shapely.STRtree(boxes).query(shapes, predicate="intersects")
    met[box[~shapely.touches(shapes[shape], boxes[box])]] = True
    return met


def _span(given: Any, name: str, faults: list[str]) -> tuple[pd.Timestamp, pd.Timestamp]:
    if not isinstance(given, tuple | list) or len(given) != 2:
        faults.append(f"{name} is {given!r}; it takes the first and the last day, as two dates.")
        return pd.Timestamp(0), pd.Timestamp(0)
    first, last = (read_day("" if day is None else day, name, faults) for day in given)
    if first is None or last is None:
        return pd.Timestamp(0), pd.Timestamp(0)
    if last < first:
        faults.append(f"{name} runs from {first:%Y-%m-%d} to {last:%Y-%m-%d}; swap them.")
    return first, last
