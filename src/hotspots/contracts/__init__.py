"""The tables every station hands on: their columns, types and units, and the checks at each door.

Stations know each other's tables, never each other's code, so this is the only module that says
what a table must hold (in ``tables.py``). A ``check_*`` function returns the table it was given, in
the type the contract names, or raises one :class:`InputError` that lists every fault it found.
"""

from __future__ import annotations

import html
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .tables import (
    ACTIVITIES,
    DECISIONS,
    HOTSPOTS,
    INCIDENTS,
    LPTS,
    PINGS,
    PRIORITIES,
    SHIFTS,
    TABLES,
    TASKS,
    TREATMENT,
    UNITS,
    VISITS,
    Column,
    Table,
)  # fmt: skip

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

__all__ = [
    "ACTIVITIES", "CRS", "DECISIONS", "HOTSPOTS", "INCIDENTS", "LPTS", "ORIGINS", "PINGS",
    "PRECISIONS", "PRECISION_HOURS", "PRIORITIES", "SCHEMA_VERSION", "SHIFTS", "SURE", "TABLES",
    "TASKS", "THIN", "THIN_FROM", "TREATMENT", "UNITS", "VISITS", "Column", "InputError", "Notice",
    "Result", "Table", "announce", "check_incidents", "check_table", "located", "precision_codes",
    "range_faults", "recorded_months", "time_precision", "whole_span",
]  # fmt: skip

CRS = "EPSG:27700"
"""Default coordinate system: the British National Grid, in metres."""

ORIGINS = ("public", "partner", "police", "unknown")
"""Who brought an incident to notice; ``police`` means found by police activity itself."""

THIN = 0.4
"""Share of a source's usual month or week under which records are probably incomplete."""

SURE = 20
"""Incidents in the usual month or week from which an empty one means missing records."""

THIN_FROM = 50
"""Incidents in the usual month or week from which one under :data:`THIN` is thin.

Below, the trough of a strong season gets there by chance in about one series of ten."""

SCHEMA_VERSION = 1
"""Raised when a column of a table is renamed or removed; adding a column does not raise it."""


class InputError(ValueError):
    """Input that cannot be used, with every fault found, each with its remedy.

    Parameters
    ----------
    what : str
        What was being checked, in the reader's words ("incidents", "units.csv").
    faults : iterable of str
        One sentence a fault: the value, the rule it breaks and what to do.

    Attributes
    ----------
    what : str
    faults : tuple of str

    Examples
    --------
    >>> raise InputError("grid", ["size is -5 m; it must be above 0: try size=100."])
    Traceback (most recent call last):
    hotspots.contracts.InputError: grid: size is -5 m; it must be above 0: try size=100.
    """

    def __init__(self, what: str, faults: Iterable[str]) -> None:
        self.what = what
        self.faults = tuple(faults)
        if len(self.faults) == 1:
            super().__init__(f"{what}: {self.faults[0]}")
        else:
            listed = "".join(f"\n  {n}. {fault}" for n, fault in enumerate(self.faults, 1))
            super().__init__(f"{what}: {len(self.faults)} faults{listed}")

    def __reduce__(self) -> tuple[Any, ...]:
        """Rebuild from the faults, so that it survives the way back from another process."""
        return type(self), (self.what, self.faults)


class Notice(UserWarning):
    """An automatic choice or a repair worth knowing, said where no result text could say it."""


def announce(message: str) -> None:
    """Say an automatic choice or a repair aloud, as a :class:`Notice` warning.

    Parameters
    ----------
    message : str
        What was chosen or repaired, with its unit, and how to choose otherwise.

    Examples
    --------
    >>> import warnings
    >>> with warnings.catch_warnings(record=True) as said:
    ...     warnings.simplefilter("always")
    ...     announce("312 police-generated incidents left out")
    >>> print(said[0].message)
    312 police-generated incidents left out
    """
    warnings.warn(message, Notice, stacklevel=3)


def range_faults(given: Any, ranges: Mapping[str, tuple[float, float, bool, str]]) -> list[str]:
    """Name every value of a set of rules that is no number of its range.

    Parameters
    ----------
    given : object
        With an attribute for each name.
    ranges : mapping of str to tuple
        Lowest and highest value, whether it must be whole, and what it is, in words.

    Returns
    -------
    list of str

    Examples
    --------
    >>> class Rules:
    ...     weeks = 0
    >>> range_faults(Rules(), {"weeks": (1, 52, True, "length of the trial")})
    ['weeks is 0; it must be a whole number from 1 to 52 (length of the trial).']
    """
    faults = []
    for name, (low, high, whole, why) in ranges.items():
        value = getattr(given, name)
        kinds = (int, np.integer) if whole else (int, float, np.number)
        number = isinstance(value, kinds) and not isinstance(value, bool)
        if not number or not low <= value <= high:
            kind = "a whole number from " if whole else ""
            faults.append(f"{name} is {value!r}; it must be {kind}{low:g} to {high:g} ({why}).")
    return faults


class Result:
    """What a station returns: frames in ``tables`` and a plain-English paragraph in ``text``.

    Results are frozen dataclasses, with ``repr=False`` so that they print their text. Reports and
    exports use nothing but these two properties, so a new kind of result is exported with no
    change anywhere else.
    """

    __slots__ = ()

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Every frame of the result by its name, in the order of its fields."""
        named = ((f.name, getattr(self, f.name)) for f in fields(self))  # type: ignore[arg-type]
        return {name: value for name, value in named if isinstance(value, pd.DataFrame)}

    @property
    def text(self) -> str:
        """One paragraph in plain English that says what was found."""
        raise TypeError(f"{type(self).__name__} gives no text; a Result must")

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__

    def _repr_html_(self) -> str:
        said = "<br>".join(html.escape(line) for line in self.text.splitlines())
        shown = []
        for name, frame in self.tables.items():
            plain = pd.DataFrame(frame.drop(columns="geometry", errors="ignore"))
            head = plain.head(5).to_html(border=0, na_rep="")
            shown.append(
                f"<details><summary><b>{html.escape(name)}</b>: {len(frame):,} rows</summary>"
                f"{head}</details>"
            )
        return f"<p>{said}</p>{''.join(shown)}"


def _kind_ok(values: pd.Series, kind: str) -> bool:
    if kind == "time":
        return bool(pd.api.types.is_datetime64_dtype(values.dtype))  # naive on purpose
    if kind == "flag":
        return bool(pd.api.types.is_bool_dtype(values.dtype))
    if kind == "number":
        return bool(pd.api.types.is_numeric_dtype(values.dtype))
    return bool(
        pd.api.types.is_string_dtype(values.dtype)
        or isinstance(values.dtype, pd.CategoricalDtype)
        or values.isna().all()
    )


# GEOS type numbers in order; a missing shape has -1.
_SHAPE_NAMES = ("Point", "LineString", "LinearRing", "Polygon", "MultiPoint", "MultiLineString",
                "MultiPolygon", "GeometryCollection")  # fmt: skip
_KIND_WORDS = {"time": "local date-times without a time zone", "number": "numbers",
               "text": "text", "flag": "true or false"}  # fmt: skip


def _faults(frame: pd.DataFrame, table: Table) -> list[str]:
    """Faults every table can have: missing columns, wrong kinds, index, geometry, CRS."""
    faults = []
    have = ", ".join(map(str, frame.columns)) or "none"
    for column in table.columns:
        if column.name not in frame.columns:
            if column.required:
                faults.append(
                    f"column {column.name!r} is missing ({column.meaning}); columns found: {have}."
                )
        elif isinstance(frame[column.name], pd.DataFrame):
            faults.append(f"column {column.name!r} is there twice; rename or drop one.")
        elif not _kind_ok(frame[column.name], column.kind):
            given = frame[column.name].dtype
            faults.append(
                f"column {column.name!r} is {given}; it must be {_KIND_WORDS[column.kind]}."
            )
        elif column.required and frame[column.name].isna().any():
            n = int(frame[column.name].isna().sum())
            first = frame.index[frame[column.name].isna()][0]
            faults.append(f"column {column.name!r} is empty in {n:,} rows (first: {first!r}).")
    if table.index and not frame.index.is_unique:
        again = frame.index[frame.index.duplicated()][0]
        faults.append(f"index {table.index!r} repeats {again!r}; every row needs its own.")
    if table.geometry:
        faults.extend(_geometry_faults(frame, table))
    return faults


def _geometry_faults(frame: pd.DataFrame, table: Table) -> list[str]:
    import geopandas as gpd
    import shapely

    if not isinstance(frame, gpd.GeoDataFrame) or frame.columns.isin(["geometry"]).sum() != 1:
        return [
            f"it is of type {type(frame).__name__} without a 'geometry' column; give a "
            "GeoDataFrame."
        ]
    faults = []
    if frame.crs is None:
        faults.append(f"it has no CRS; say which with .set_crs(...), for Britain {CRS!r}.")
    elif not frame.crs.is_projected or frame.crs.axis_info[0].unit_name not in ("metre", "meter"):
        faults.append(
            f"its CRS is {frame.crs.name!r}; distances need a projected CRS in metres: "
            f"use .to_crs({CRS!r})."
        )
    # by number, not by name: a million names take ten times as long
    shapes = np.asarray(frame.geometry.array)
    allowed = [_SHAPE_NAMES.index(name) for name in table.geometry]
    wrong = ~np.isin(shapely.get_type_id(shapes), [*allowed, -1])
    if wrong.any():
        name = shapes[wrong][0].geom_type
        faults.append(
            f"row {frame.index[wrong][0]!r} holds a {name}; only {' or '.join(table.geometry)} "
            f"belongs here ({int(wrong.sum()):,} such rows)."
        )
    return faults


def check_table(frame: pd.DataFrame, table: Table, what: str | None = None) -> pd.DataFrame:
    """Check a frame against a table's contract and return it unchanged.

    Parameters
    ----------
    frame : DataFrame
    table : Table
        One of :data:`TABLES`.
    what : str, optional
        Name to use in the error; the table's name when absent.

    Returns
    -------
    DataFrame
        The same object.

    Raises
    ------
    InputError
        Naming every fault: missing columns, wrong types, repeated index, geometry, CRS.

    Examples
    --------
    >>> import pandas as pd
    >>> check_table(pd.DataFrame({"shift": ["late"], "start": ["14:00"]}), SHIFTS)
    Traceback (most recent call last):
    hotspots.contracts.InputError: shifts: column 'end' is missing (end as HH:MM; at or before \
the start means the next day); columns found: shift, start.
    """
    what = what or table.name
    if not isinstance(frame, pd.DataFrame):
        raise InputError(what, [f"it is of type {type(frame).__name__}; give a DataFrame."])
    if faults := _faults(frame, table):
        raise InputError(what, faults)
    return frame


def check_incidents(incidents: Any, what: str = "incidents") -> gpd.GeoDataFrame:
    """Check an incidents table: columns, types, CRS, and ``occurred_from <= occurred_to``.

    Parameters
    ----------
    incidents : GeoDataFrame
        One row per incident; points may be empty where the place is not known.
    what : str
        Name to use in the error.

    Returns
    -------
    GeoDataFrame
        The same object.

    Raises
    ------
    InputError
        Naming every fault at once.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=2)
    >>> check_incidents(county.incidents) is county.incidents
    True
    """
    if isinstance(incidents, Result):
        raise InputError(
            what,
            [f"it is of type {type(incidents).__name__}; give its table, .incidents, instead."],
        )
    frame = check_table(incidents, INCIDENTS, what)
    faults = []
    reversed_ = frame["occurred_from"] > frame["occurred_to"]
    if reversed_.any():
        faults.append(
            f"occurred_from is after occurred_to in {int(reversed_.sum()):,} rows "
            f"(first: {frame.index[reversed_][0]!r}); swap them or set them right."
        )
    if "origin" in frame.columns:
        given = pd.unique(frame["origin"].dropna())
        if unknown := sorted(set(map(str, given)) - set(ORIGINS)):
            faults.append(f"origin holds {', '.join(unknown)}; it takes {', '.join(ORIGINS)}.")
    if faults:
        raise InputError(what, faults)
    return frame  # type: ignore[return-value]


PRECISIONS = ("hour", "day", "month", "longer")
"""How finely a time may be known, finest first."""

PRECISION_HOURS = (1, 24, 31 * 24)
"""Longest interval in hours that counts as known to the hour, the day and the month."""


def located(incidents: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    """Tell which incidents have a point.

    Parameters
    ----------
    incidents : GeoDataFrame
        Incidents of any number, ``n``.

    Returns
    -------
    ndarray of bool, shape (n,)

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> located(gpd.GeoDataFrame(geometry=[shapely.Point(1, 2), shapely.Point(), None]))
    array([ True, False, False])
    """
    import shapely

    points = np.asarray(incidents.geometry.array)
    absent: NDArray[np.bool_] = shapely.is_empty(points) | shapely.is_missing(points)
    return ~absent


def precision_codes(incidents: pd.DataFrame) -> NDArray[np.int8]:
    """Tell how finely the time of each incident is known, as a number, which costs little.

    Parameters
    ----------
    incidents : DataFrame
        With ``occurred_from`` and ``occurred_to``, of any number ``n`` of rows.

    Returns
    -------
    ndarray of int, shape (n,)
        Position in :data:`PRECISIONS` of what :func:`time_precision` tells.

    Examples
    --------
    >>> import pandas as pd
    >>> day = pd.DataFrame({"occurred_from": [pd.Timestamp("2025-03-01")],
    ...                     "occurred_to": [pd.Timestamp("2025-03-02")]})
    >>> precision_codes(day).tolist()
    [1]
    """
    length = (incidents["occurred_to"] - incidents["occurred_from"]).to_numpy()
    codes = np.zeros(len(length), dtype=np.int8)
    for limit in PRECISION_HOURS:
        codes += ~(length <= np.timedelta64(limit, "h"))  # NaT is within no limit
    return codes


def time_precision(incidents: pd.DataFrame) -> pd.Series:
    """Tell how finely the time of each incident is known.

    Parameters
    ----------
    incidents : DataFrame
        With ``occurred_from`` and ``occurred_to``.

    Returns
    -------
    Series of str
        ``"hour"`` (the interval is at most one hour), ``"day"`` (at most 24 hours), ``"month"``
        (at most 31 days) or ``"longer"``, index as given.

    Examples
    --------
    >>> import pandas as pd
    >>> month = pd.DataFrame({"occurred_from": [pd.Timestamp("2025-03-01")],
    ...                       "occurred_to": [pd.Timestamp("2025-04-01")]})
    >>> time_precision(month).tolist()
    ['month']
    """
    found = np.array(PRECISIONS, dtype=object)[precision_codes(incidents)]
    return pd.Series(found, index=incidents.index, name="time_precision", dtype="str")


def whole_span(counts: NDArray[np.int64], thin: float = THIN) -> tuple[int, int]:
    """Find where, in a run of months or weeks, the records really begin and end.

    An extract by recording date reaches back thinly for years, and ends in the middle of a period.
    So the edges are judged against the usual period, which such stragglers cannot move: the one
    that the median incident lies in. Records with fewer than :data:`SURE` in it are taken as they
    come, for there a quiet edge says nothing.

    Parameters
    ----------
    counts : ndarray of int, shape (n,)
        Incidents per period, none left out, at least one above 0.
    thin : float
        Share of the usual period under which an edge does not belong to the whole.

    Returns
    -------
    (first, end) : tuple of int
        Position of the first whole period, and one past the last.

    Examples
    --------
    >>> whole_span(np.array([1, 0, 0, 90, 110, 20, 100, 3]))
    (3, 7)
    """
    order = np.sort(counts)
    usual = order[np.searchsorted(np.cumsum(order), counts.sum() / 2)]
    if usual < SURE:
        return 0, len(counts)
    whole = np.flatnonzero(counts >= thin * usual)
    return int(whole[0]), int(whole[-1]) + 1


def recorded_months(incidents: pd.DataFrame, thin: float = THIN) -> pd.DataFrame:
    """Count incidents per source and calendar month, and tell which months are whole.

    A month with no row at all between a source's first and last whole month is *missing*: its
    files were not there, and no method may read it as zero. A month under ``thin`` times the
    source's median is *thin*: probably an incomplete file; where the median is under
    :data:`THIN_FROM`, chance and season make such months, and none is called thin. Months before
    the first whole one or after the last (:func:`whole_span`) are *incomplete*: stragglers, or an
    extract that begins or ends within a month.

    Parameters
    ----------
    incidents : DataFrame
        Every category of the sources in question (a rare category on its own has true zeros).
    thin : float
        Share of the median month under which a month counts as thin; .4 after the police.uk
        gaps seen in practice.

    Returns
    -------
    DataFrame
        Columns ``source``, ``month`` (first day), ``incidents``, ``status`` (present, thin,
        missing, incomplete), ordered by source and month. Months without incidents before the
        first whole month or after the last are left out.

    Examples
    --------
    >>> import pandas as pd
    >>> days = pd.to_datetime(["2025-01-03", "2025-03-09"])
    >>> recorded_months(pd.DataFrame({"occurred_from": days}))["status"].tolist()
    ['present', 'missing', 'present']
    """
    months = incidents["occurred_from"].to_numpy().astype("datetime64[M]")
    if "source" in incidents.columns:
        sources = incidents["source"].astype(object).fillna("unknown").to_numpy()
    else:
        sources = np.full(len(incidents), "all", dtype=object)
    codes, names = pd.factorize(sources, sort=True)
    parts = []
    for code, source in enumerate(names):
        present, counts = np.unique(months[codes == code], return_counts=True)
        span = np.arange(present[0], present[-1] + 1)
        every = np.zeros(len(span), dtype=np.int64)
        every[(present - present[0]).astype(int)] = counts
        first, end = whole_span(every, thin)
        status = np.full(len(span), "incomplete", dtype=object)
        inside = every[first:end]
        median = np.median(inside[inside > 0])
        quiet = (inside < thin * median) & (median >= THIN_FROM)
        status[first:end] = np.where(inside == 0, "missing", np.where(quiet, "thin", "present"))
        kept = (every > 0) | (status == "missing")
        alike = np.full(int(kept.sum()), source, dtype=object)
        parts.append((alike, span[kept], every[kept], status[kept]))
    joined = [np.concatenate(column) for column in zip(*parts, strict=True)]
    nothing: list[NDArray[Any]] = [np.array([], kind) for kind in ("O", "M8[M]", "i8", "O")]
    source, month, count, status = joined or nothing
    return pd.DataFrame({
        "source": pd.Series(source, dtype="str"), "month": month.astype("datetime64[s]"),
        "incidents": np.asarray(count, dtype=np.int64), "status": pd.Series(status, dtype="str"),
    })  # fmt: skip
