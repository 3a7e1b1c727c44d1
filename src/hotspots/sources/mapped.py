"""Any other extract of records, read through a mapping or by the names of its columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..contracts import ORIGINS, InputError
from ._draft import NOTHING, Draft, Fact, blank_nothing, constant, numbers, recode, refuse
from ._gridref import read_gridref
from ._mapping import (
    DEFAULT_ORIGINS,
    RecordMapping,
    find_column,
    guess_columns,
    missing_columns,
)
from ._rows import Rows
from ._stamps import guess_day_first, read_clock, read_stamps

Bools = NDArray[np.bool_]
_DAY, _NONE = np.timedelta64(86400, "s"), np.timedelta64(0, "s")
_COARSE = 1000.0  # metres: the centre of a larger square is no place where anything happened


def read_mapped(rows: Rows, mapping: RecordMapping | None, crs: str, now: pd.Timestamp) -> Draft:
    """Read the rows of an extract.

    Parameters
    ----------
    rows : Rows
    mapping : RecordMapping or None
        None to go by the names of the columns; the guess is noted in the draft's facts.
    crs : str
        What easting and northing are in when the mapping does not say.
    now : Timestamp
        Nothing may have happened after it.

    Returns
    -------
    Draft

    Raises
    ------
    InputError
        Naming every fault of the mapping and every column the file does not have; without a
        mapping, when no column can be told to hold the category or the time.
    """
    facts: list[Fact] = []
    columns = _columns(rows, mapping, facts)
    mapping = mapping or RecordMapping()
    names = list(dict.fromkeys(columns.values()))
    raw = rows.columns(names, text=[columns["id"]] if "id" in columns else [])
    for name in raw:
        if isinstance(raw[name].dtype, pd.CategoricalDtype):
            raw[name] = blank_nothing(raw[name].array)

    def column(key: str) -> pd.Categorical | None:
        return pd.Categorical(raw[columns[key]]) if key in columns else None

    frame = pd.DataFrame({"line": rows.line})
    frame["id"] = _ids(raw[columns["id"]]) if "id" in columns else ""
    day_first = _day_first(column, mapping, facts)
    faults = _interval(frame, column, mapping, now, day_first, facts)
    recorded = column("recorded_at")
    if recorded is not None:
        frame["recorded_at"], _, _ = _stamps(recorded, None, mapping, day_first, [])
    home = _coordinates(frame, column, mapping, crs, facts)
    frame["category"] = _category(column("category"), len(frame), mapping, facts)
    origin = column("origin")
    frame["origin"] = (
        constant("unknown", len(frame)) if origin is None else _origin(origin, mapping, facts)
    )
    given = mapping.source or rows.name.rsplit("/", 1)[-1]
    source = column("source")
    frame["source"] = (
        constant(given, len(frame))
        if source is None
        else recode(source, lambda s: " ".join(s.split()) or given)
    )
    for key in ("place", "lsoa", "outcome", "vulnerability", "offence_code"):
        if (values := column(key)) is not None:
            frame[key] = recode(values, lambda s: " ".join(s.split()))
    empty = np.ones(len(frame), dtype=bool)
    for name in names:
        empty &= (raw[name].astype(str).str.strip() == "").to_numpy()
    faults = [
        (empty, "an empty row"),
        *faults,
        (frame["category"].isna().to_numpy(), "no category"),
    ]
    scope = mapping.source or "|".join(rows.header)
    return refuse(Draft(frame, home, facts=facts, scope=scope), rows, faults)


def _columns(rows: Rows, mapping: RecordMapping | None, facts: list[Fact]) -> dict[str, str]:
    """Which column of the file each key reads."""
    if mapping is not None:
        faults = [*mapping.faults, *missing_columns(mapping, rows.header)]
        if faults:
            raise InputError(f"{mapping.what} for {rows.name}", faults)
        return {k: find_column(v, rows.header) or v for k, v in mapping.columns.items()}
    columns = guess_columns(rows.header)
    unmet = [need for need in ("category", "occurred_from") if need not in columns]
    if unmet:
        raise InputError(rows.name, [
            f"no column is known to hold {need}; columns found: {', '.join(rows.header)}; "
            f"name it with mapping={{'columns': {{'{need}': ...}}}}." for need in unmet
        ])  # fmt: skip
    said = ", ".join(f"{key} = {name!r}" for key, name in columns.items())
    facts.append(Fact("columns guessed", None, "guessed", said))
    return columns


def _interval(
    frame: pd.DataFrame, column: Callable[[str], pd.Categorical | None],
    mapping: RecordMapping, now: pd.Timestamp, day_first: bool, facts: list[Fact],
) -> list[tuple[Bools, str | Callable[[int], str]]]:  # fmt: skip
    """Fill ``occurred_from`` and ``occurred_to``, and tell which rows have no usable time."""
    days = column("occurred_from")
    assert days is not None  # _columns has seen to it
    start, width, text = _stamps(days, column("occurred_from_time"), mapping, day_first, facts)
    if (ends := column("occurred_to")) is None:
        end = np.full(len(frame), np.datetime64("NaT", "s"), dtype="datetime64[s]")
        to_width = np.zeros_like(width)
    else:
        end, to_width, _ = _stamps(ends, column("occurred_to_time"), mapping, day_first, facts)
    future_end = end > now.to_datetime64()
    _say(facts, future_end & ~np.isnat(start), "end in the future", "fixed",
         "the end is left out, so they count as exact at their start")  # fmt: skip
    end[future_end] = np.datetime64("NaT")
    no_end = np.isnat(end)
    if column("occurred_to") is not None:
        _say(facts, no_end & ~np.isnat(start), "no end", "noted",
             "with no end, taken as happening at their start")  # fmt: skip
    last: NDArray[np.datetime64] = end + to_width  # type: ignore[assignment]
    finish = np.where(no_end, start + width, last)
    backwards = ~no_end & (last < start)
    near = backwards & (start - end <= _DAY)
    _say(facts, near, "end before start", "fixed", "swapped, as they are at most 24 hours apart")
    start[near], finish[near] = end[near], (start + width)[near]
    frame["occurred_from"], frame["occurred_to"] = start, finish
    exact = (start == finish) & (start.astype("datetime64[D]").astype("datetime64[s]") == start)
    sharp = int((start == finish).sum())
    if sharp and exact.sum() > max(20, 3 * sharp / 1440 * 3):
        _say(facts, exact, "exactly midnight", "noted",
             "at 00:00 to the minute, often written where the time is not known")  # fmt: skip
    return [
        (np.isnat(start),
         lambda i: f"no date can be read in {text[i]!r}" if text[i].strip() else "no date"),
        (start > now.to_datetime64(), lambda i: f"{text[i]!r} lies in the future"),
        (start < np.datetime64("1900-01-02"), lambda i: f"{text[i]!r} is a blank date in Excel"),
        (backwards & ~near, "ends more than 24 hours before it starts"),
    ]  # fmt: skip


def _ids(values: pd.Series) -> pd.Series:
    """IDs as text; a word for nothing names no record, and no row may supersede another by it."""
    ids = values.astype(str).str.strip()
    return ids.where(~ids.str.casefold().isin(NOTHING | {"unknown"}), "")


def _day_first(
    column: Callable[[str], pd.Categorical | None], mapping: RecordMapping, facts: list[Fact]
) -> bool:
    """Tell the order of day and month from every date of the file, as one system wrote them."""
    if mapping.day_first is not None or mapping.date_format is not None:
        return mapping.day_first is not False
    dates = (column(key) for key in ("occurred_from", "occurred_to", "recorded_at"))
    day_first, why = guess_day_first([str(v) for c in dates if c is not None for v in c.categories])
    if why and (not day_first or why.startswith("nothing")):
        order = "day" if day_first else "month"
        facts.append(Fact("date order guessed", None, "guessed", f"{order} first: {why}"))
    return day_first


def _stamps(
    days: pd.Categorical, clock: pd.Categorical | None, mapping: RecordMapping, day_first: bool,
    facts: list[Fact],
) -> tuple[NDArray[np.datetime64], NDArray[np.timedelta64], NDArray[np.object_]]:  # fmt: skip
    """Start and width of the interval in each row's date and time of day, and the date's text."""
    values = [str(v) for v in days.categories]
    read = read_stamps(values, day_first=day_first, form=mapping.date_format, zone=mapping.timezone)
    codes = days.codes
    at = np.where(codes < 0, len(values), codes)
    start = np.append(read.start, np.datetime64("NaT"))[at]
    width = np.append(read.width, np.timedelta64(0, "s"))[at]
    late = np.append(read.midnight24, False)[at]
    if clock is not None:
        seconds, late24 = read_clock([str(v) for v in clock.categories])
        spot = np.where(clock.codes < 0, len(seconds), clock.codes)
        given = np.append(seconds, np.nan)[spot]
        # Databases write a date as 2025-04-25 00:00:00 where the time stands in its own column.
        midnight = (width == _NONE) & (start == start.astype("datetime64[D]")) & ~late
        late |= np.append(late24, False)[spot]
        timed = (given >= 0) & (midnight | (width == _DAY))
        start = np.where(timed, start + np.nan_to_num(given).astype("timedelta64[s]"), start)
        width = np.where(timed, np.timedelta64(0, "s"), width)
        _say(facts, given == -1, "time unreadable", "kept",
             "with a time of day that cannot be read, so with the whole day")  # fmt: skip
    _say(facts, late, "24:00", "fixed", "read as midnight at the end of the day")
    _say(facts, np.append(read.serial, False)[at], "Excel serial date", "fixed",
         "read as days since 30 December 1899")  # fmt: skip
    _say(facts, np.append(read.offset, False)[at], "stamp with an offset", "fixed",
         f"turned into local time, {mapping.timezone}")  # fmt: skip
    return start, width, np.append(np.array(values, dtype=object), "")[at]


def _say(facts: list[Fact], mask: Bools, check: str, action: str, detail: str) -> None:
    if mask.any():
        facts.append(Fact(check, int(mask.sum()), action, detail))


def _coordinates(
    frame: pd.DataFrame, column: Callable[[str], pd.Categorical | None],
    mapping: RecordMapping, crs: str, facts: list[Fact],
) -> str:  # fmt: skip
    """Fill ``x`` and ``y``, and tell what they are in."""
    frame["x"], frame["y"] = np.nan, np.nan
    home = mapping.crs or crs
    for east, north, default in (
        ("easting", "northing", crs), ("longitude", "latitude", "EPSG:4326")
    ):  # fmt: skip
        x, y = column(east), column(north)
        if x is not None and y is not None:
            home = mapping.crs or default
            frame["x"], frame["y"] = (numbers(v, degrees=east == "longitude") for v in (x, y))
            broken = np.isnan(frame["x"]) & _filled(x) | np.isnan(frame["y"]) & _filled(y)
            _say(facts, broken.to_numpy(), "coordinate unreadable", "kept",
                 "with a coordinate that is no number, so without a point")  # fmt: skip
            break
    refs = column("grid_ref")
    if refs is None:
        return home
    if frame["x"].notna().any() and home.upper() != "EPSG:27700":
        return home
    found = [read_gridref(str(v)) for v in refs.categories]
    coarse = np.array([f is not None and f[2] > _COARSE for f in found] + [False])[refs.codes]
    found = [f if f and f[2] <= _COARSE else None for f in found]
    east_ = np.array([f[0] if f else np.nan for f in found] + [np.nan])[refs.codes]
    north_ = np.array([f[1] if f else np.nan for f in found] + [np.nan])[refs.codes]
    need = frame["x"].isna().to_numpy()
    frame["x"] = np.where(need, east_, frame["x"])
    frame["y"] = np.where(need, north_, frame["y"])
    used = need & ~np.isnan(east_)
    sides = sorted({f[2] for f in found if f})
    if sides:
        said = f"{sides[0]:,.0f} m" + (f" to {sides[-1]:,.0f} m" if len(sides) > 1 else "")
        _say(facts, used, "grid reference", "noted", f"placed at the centre of its {said} square")
    _say(facts, need & coarse, "grid reference coarse", "kept",
         "with a grid reference to a square of over 1 km, so without a point")  # fmt: skip
    _say(facts, need & np.isnan(east_) & _filled(refs) & ~coarse, "grid reference unreadable",
         "kept", "with a grid reference that cannot be read, so without a point")  # fmt: skip
    return "EPSG:27700"


def _filled(values: pd.Categorical) -> Bools:
    blank = np.array([not str(v).strip() for v in values.categories] + [True])
    filled: Bools = ~blank[values.codes]
    return filled


def _category(
    values: pd.Categorical | None, n: int, mapping: RecordMapping, facts: list[Fact]
) -> pd.Categorical:
    if values is None:
        return constant(mapping.category or "", n)
    return _mapped(values, mapping.categories, facts, "category unknown",
                   "of a category the mapping does not know, kept as written",
                   mapping.category)  # fmt: skip


def _origin(values: pd.Categorical, mapping: RecordMapping, facts: list[Fact]) -> pd.Categorical:
    table = mapping.origins or {**DEFAULT_ORIGINS, **{o: o for o in ORIGINS}}
    return _mapped(values, table, facts, "origin unknown",
                   "of an origin not known, set to 'unknown'", "unknown", turn=True)  # fmt: skip


def _mapped(
    values: pd.Categorical, table: Mapping[str, str], facts: list[Fact],
    check: str, detail: str, blank: str | None, *, turn: bool = False,
) -> pd.Categorical:  # fmt: skip
    """Turn values into what a table says, blanks and case aside; report those it lacks.

    Blank values become ``blank``; so do strange ones where ``turn`` says so.
    """
    plain = {_plain(key): value for key, value in table.items()}
    strange: set[str] = set()

    def clean(text: str) -> str | None:
        text = " ".join(text.split())
        if not text:
            return blank
        found = plain.get(_plain(text))
        if found is None and plain:
            strange.add(text)
        return found or (blank if turn else text)

    turned = recode(values, clean)
    if strange:
        odd = np.array([" ".join(str(v).split()) in strange for v in values.categories] + [False])
        said = ", ".join(sorted(strange)[:5]) + (" and others" if len(strange) > 5 else "")
        _say(facts, odd[values.codes], check, "kept", f"{detail}: {said}")
    return turned


def _plain(text: str) -> str:
    return " ".join(text.replace("-", " ").split()).casefold()
