"""Coordinates as recorded → points on the map; a suspicious one is fixed or dropped."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyproj
from numpy.typing import NDArray

from ..contracts import InputError
from ._draft import Fact

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
WGS84 = "EPSG:4326"
_CORNER = 2000.0  # a grid's false origin lies out at sea; kilometres read as metres lie there


@dataclass(frozen=True)
class Area:
    """Where points may lie: the CRS's area of use, and the box of the LPTs where it is known.

    ``box`` is (xmin, ymin, xmax, ymax) in the CRS, ``degrees`` the same as longitude and
    latitude, ``lpts`` the box of the LPTs or None.
    """

    crs: pyproj.CRS
    box: tuple[float, float, float, float]
    degrees: tuple[float, float, float, float]
    lpts: tuple[float, float, float, float] | None

    @classmethod
    def of(cls, crs: str, lpts: tuple[float, float, float, float] | None = None) -> Area:
        """Find the area of use of a projected CRS in metres.

        Raises
        ------
        InputError
            When the CRS is unknown, or not projected in metres.

        Examples
        --------
        >>> [round(d) for d in Area.of("EPSG:27700").degrees]
        [-9, 50, 2, 61]
        """
        try:
            known = pyproj.CRS(crs)
        except pyproj.exceptions.CRSError as error:
            raise InputError(
                "crs", [f"{crs!r} is no known coordinate system; for Britain give 'EPSG:27700'."]
            ) from error
        if not known.is_projected or known.axis_info[0].unit_name not in ("metre", "meter"):
            raise InputError(
                "crs",
                [f"{known.name!r} is not in metres; give a projected one, such as 'EPSG:27700'."],
            )
        use = known.area_of_use
        degrees = use.bounds if use else (-180.0, -90.0, 180.0, 90.0)
        box = _mover(pyproj.CRS(WGS84), known).transform_bounds(*degrees)
        return cls(known, box, degrees, lpts)


def within(x: Floats, y: Floats, box: tuple[float, float, float, float]) -> Bools:
    """Tell which points lie in a box, edges included."""
    return (x >= box[0]) & (x <= box[2]) & (y >= box[1]) & (y <= box[3])


def place_points(
    x: Floats, y: Floats, weight: NDArray[np.int64], crs: str, area: Area
) -> tuple[Floats, Floats, list[Fact]]:
    """Check unique coordinates, fix what can be fixed, and project them.

    Parameters
    ----------
    x, y : ndarray, shape (n,)
        Unique coordinates as recorded, east first; nan for none.
    weight : ndarray of int, shape (n,)
        Rows at each.
    crs : str
        What they are in.
    area : Area
        What they are to be in, and where they may lie.

    Returns
    -------
    x, y : ndarray, shape (n,)
        Projected; nan where there is no point to trust.
    facts : list of Fact

    Examples
    --------
    >>> x, y, facts = place_points(np.array([53.0, 0.0]), np.array([-2.0, 0.0]),
    ...                            np.array([3, 1]), "EPSG:4326", Area.of("EPSG:27700"))
    >>> x.round(), [(f.check, f.rows, f.action) for f in facts[:2]]
    (array([400097.,     nan]), [('point (0, 0)', 1, 'kept'), ('swapped lon/lat', 3, 'fixed')])
    """
    given = pyproj.CRS(crs)
    facts: list[Fact] = []

    def say(mask: Bools, check: str, action: str, detail: str) -> None:
        if mask.any():
            facts.append(Fact(check, int(weight[mask].sum()), action, detail))

    x, y = x.astype(float), y.astype(float)
    zero = (x == 0) & (y == 0)
    say(zero, "point (0, 0)", "kept", "at (0, 0), so without a point")
    blank = zero | ~np.isfinite(x) | ~np.isfinite(y)
    geographic = given.is_geographic
    home = area.degrees if geographic else Area.of(crs).box
    near_degrees = (np.abs(x) <= 180) & (np.abs(y) <= 90)
    if not geographic and not (area.lpts and within(np.zeros(1), np.zeros(1), area.lpts)[0]):
        corner = (np.abs(x) <= _CORNER) & (np.abs(y) <= _CORNER) & ~near_degrees
        say(corner, "at the grid's origin", "kept", "within 2 km of the grid's origin, so without "
            "a point (kilometres in place of metres?)")  # fmt: skip
        blank |= corner
    x[blank], y[blank] = np.nan, np.nan
    if not geographic:
        # A few metres from a grid's false origin is sea or nonsense: these are degrees.
        tight = area.lpts if area.lpts and given == area.crs else home
        good = within(x, y, tight) & ~near_degrees
        swapped = ~good & within(y, x, tight) & ~near_degrees
        swap_name = "swapped easting/northing"
    else:
        good = within(x, y, home)
        swapped = ~good & within(y, x, home)
        swap_name = "swapped lon/lat"
    say(swapped, swap_name, "fixed", "swapped back, as only so they lie in the area")
    x[swapped], y[swapped] = y[swapped], x[swapped].copy()
    outside = ~within(x, y, home) & ~np.isnan(x)
    other = outside.copy()
    if geographic:
        other &= ~near_degrees & within(x, y, area.box)
        other_crs, other_name = area.crs, "metres where degrees belong"
    else:
        other = near_degrees & within(x, y, area.degrees)
        other_crs, other_name = pyproj.CRS(WGS84), "degrees where metres belong"
        outside |= near_degrees & ~other
    say(other, other_name, "fixed", f"read as {other_crs.name}")
    lost = outside & ~other
    say(lost, "outside the area", "kept",
        f"without a point, as it lies outside the area of {area.crs.name}")  # fmt: skip
    x[lost], y[lost] = np.nan, np.nan
    out_x, out_y = _project(x, y, given, area.crs)
    if np.isfinite(out_x).any():
        facts += _projection(given, area.crs)
    if other.any():
        out_x[other], out_y[other] = _project(x[other], y[other], other_crs, area.crs)
    return out_x, out_y, facts


@lru_cache(maxsize=16)
def _mover(given: pyproj.CRS, crs: pyproj.CRS) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(given, crs, always_xy=True)


def _projection(given: pyproj.CRS, crs: pyproj.CRS) -> list[Fact]:
    """Say by which operation points were projected, as that depends on the grids installed."""
    if given == crs:
        return []
    used = _mover(given, crs).get_last_used_operation()
    accuracy = f", good to {used.accuracy:g} m" if used.accuracy and used.accuracy > 0 else ""
    return [
        Fact("projection", None, "noted", f"projected from {given.name} to {crs.name}{accuracy}")
    ]


def _project(x: Floats, y: Floats, given: pyproj.CRS, crs: pyproj.CRS) -> tuple[Floats, Floats]:
    if given == crs or not len(x):
        return x.copy(), y.copy()
    move = _mover(given, crs)
    # One point more, as older releases of pyproj stumble over arrays of a single one.
    out_x, out_y = (a[:-1] for a in move.transform(np.append(x, np.nan), np.append(y, np.nan)))
    bad = ~(np.isfinite(out_x) & np.isfinite(out_y))
    out_x[bad], out_y[bad] = np.nan, np.nan
    return out_x, out_y
