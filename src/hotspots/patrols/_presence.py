"""Where units were seen: from pings or a log to stays at hotspots and stretches with records.

A stay is all that is left of pings: nothing here keeps a position or a track.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import InputError

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

MINUTE = 60_000  # all times in here are whole milliseconds, UTC
HOUR = 60 * MINUTE
STEADY_MS = 30_000  # to either side of a ping, in which most pings must be where it is
CELL_M = 50.0  # metres: pings are first placed in cells of this width
JUMP_M, JUMP_MS = 200.0, 55.6  # metres, metres a second (200 km/h): beyond both a ping is no move
FAR_M = 50_000.0  # metres: pings this far from every hotspot are in another CRS
LONGEST_H = 12  # hours: a longer entry of a log was not booked off
_SPAN = np.int64(2**38)  # milliseconds, 8 years: more than any plan
POWERS = ("stop_searches", "arrests", "cpn", "dispersals", "contacts")


@dataclass(frozen=True)
class Presence:
    """What the records show.

    ``stays``: unit, hotspot (both as numbers), start, end, edge (share of it seen only within the
    buffer), officers (NaN where not given), brief (no visit, however long). ``seen``: unit, start
    and end of the stretches with records, None for a log. ``entries``: of a log, unit, hotspot,
    start, end and what was done. ``units``: names, those of the plan first. ``agency``: by unit,
    where given. ``rows``: what became of every row. ``notes``: sentences worth saying.
    """

    stays: pd.DataFrame
    seen: pd.DataFrame | None
    entries: pd.DataFrame
    units: list[str]
    agency: list[str | None]
    rows: dict[str, int]
    notes: list[str]


def utc(times: pd.Series, tz: str) -> tuple[Ints, Bools]:
    """Return times as UTC milliseconds, and which of them the clock on the wall shows twice.

    Local times that happen twice are read as the first; those that a spring change skips, an hour
    on. Missing times are the least number there is.

    Examples
    --------
    >>> night = pd.Series(pd.to_datetime(["2026-10-25 00:30", "2026-10-25 01:30"]))
    >>> at, twice = utc(night, "Europe/London")
    >>> pd.to_datetime(at, unit="ms").strftime("%H:%M").tolist(), twice.tolist()
    (['23:30', '00:30'], [False, True])
    """
    none = np.zeros(len(times), dtype=bool)
    index = pd.DatetimeIndex(times)
    if index.tz is not None:
        return _milliseconds(index.tz_convert("UTC").tz_localize(None)), none
    first = index.tz_localize(tz, ambiguous=~none, nonexistent=pd.Timedelta("1h"))
    moments = first.tz_convert("UTC").tz_localize(None)
    twice = none
    if len(index) and _changes(index.min(), index.max(), tz):
        again = (first + pd.Timedelta("1h")).tz_localize(None)
        twice = np.asarray(again == index)
    return _milliseconds(moments), twice


def _milliseconds(index: pd.DatetimeIndex) -> Ints:
    return index.to_numpy().astype("datetime64[ms]").astype(np.int64)  # type: ignore[no-any-return]


def _changes(first: pd.Timestamp, last: pd.Timestamp, tz: str) -> bool:
    """Tell whether the clocks change between two local days, both within."""
    if pd.isna(first):
        return False
    days = pd.date_range(first.normalize(), last.normalize() + pd.Timedelta(days=1), freq="D")
    starts = _milliseconds(
        days.tz_localize(tz, ambiguous=np.ones(len(days), bool), nonexistent=pd.Timedelta("1h"))
        .tz_convert("UTC").tz_localize(None)
    )  # fmt: skip
    return bool((np.diff(starts) != 24 * HOUR).any())


def local(moments: Any, tz: str) -> pd.DatetimeIndex:
    """Turn UTC milliseconds into local wall-clock, to the minute.

    Examples
    --------
    >>> local([1_792_909_800_000], "Europe/London").strftime("%H:%M").tolist()
    ['06:30']
    """
    index = pd.DatetimeIndex(np.asarray(moments, dtype="datetime64[ms]").astype("datetime64[s]"))
    return index.tz_localize("UTC").tz_convert(tz).tz_localize(None).floor("min").as_unit("s")


def spoken(name: Any) -> str:
    """Return a name as it is said: case and blanks do not count."""
    return "".join(str(name).split()).casefold()


def coded(given: pd.Series, known: pd.Index, *, more: bool) -> tuple[Ints, list[str]]:
    """Give names their number in a list, whatever their case and blanks; -1 where blank.

    A name alike is taken only where the list has one such name. Names not in the list follow it
    in alphabetical order where ``more``, else they are -1 too.

    Examples
    --------
    >>> codes, names = coded(pd.Series(["p 1", "X9", None]), pd.Index(["P1", "P2"]), more=True)
    >>> codes.tolist(), names
    ([0, 2, -1], ['P1', 'P2', 'X9'])
    """
    at, unique = pd.factorize(given)
    said = [str(int(u)) if isinstance(u, float) and u.is_integer() else str(u) for u in unique]
    exact = {str(name): n for n, name in enumerate(known)}
    loose: dict[str, int] = {}
    for name, n in exact.items():
        loose[spoken(name)] = -1 if spoken(name) in loose else n
    found = np.full(len(unique) + 1, -1, dtype=np.int64)
    strange: dict[str, list[int]] = {}
    for n, name in enumerate(said):
        code = exact.get(name, loose.get(spoken(name), -1))
        found[n] = code
        if code < 0 and spoken(name):
            strange.setdefault(spoken(name), []).append(n)
    names = [str(name) for name in known]
    if more:
        for key in sorted(strange):
            found[strange[key]] = len(names)
            names.append(min(" ".join(said[n].split()) for n in strange[key]))
    return found[at], names


def reach(before: Ints, after: Ints) -> tuple[Ints, Ints]:
    """Spell out ranges: for each row its number as often as its range is long.

    Examples
    --------
    >>> [part.tolist() for part in reach(np.array([0, 5]), np.array([2, 6]))]
    [[0, 0, 1], [0, 1, 5]]
    """
    length = np.maximum(after - before, 0)
    row = np.repeat(np.arange(len(length)), length)
    place = np.arange(len(row)) - np.repeat(np.cumsum(length) - length, length) + before[row]
    return row, place


def keyed(group: Ints, at: Ints, zero: int) -> Ints:
    """Put group and time into one number that sorts by both."""
    inside: Ints = np.clip(at - zero, 0, _SPAN - 1)
    return group * _SPAN + inside


def from_pings(
    pings: pd.DataFrame, hotspots: gpd.GeoDataFrame, known: pd.Index, period: tuple[int, int],
    rules: Any, tz: str,
) -> Presence:  # fmt: skip
    """Turn pings into stays; ``period`` is in UTC milliseconds, the end not within."""
    x, y = positions(pings, hotspots.crs)
    at, twice = utc(pings["time"], tz)
    unit, units = coded(pings["unit"], known, more=True)
    unplaced = ~(np.isfinite(x) & np.isfinite(y)) | ((x == 0) & (y == 0))
    rows: dict[str, int] = {}
    keep = np.ones(len(pings), dtype=bool)
    for what, lost in (
        ("no unit", unit < 0), ("no time", pings["time"].isna().to_numpy()),
        ("no place", unplaced),
        ("outside the days of the plan", (at < period[0]) | (at >= period[1])),
    ):  # fmt: skip
        rows[what] = int((keep & lost).sum())
        keep &= ~lost
    agency = _by_unit(pings, unit, len(units))
    unit, at, twice, x, y = unit[keep], at[keep], twice[keep], x[keep], y[keep]
    order = _in_order(keyed(unit, at, period[0]), x, y)
    unit, at, x, y = unit[order], at[order], x[order], y[order]
    same = (np.diff(unit) == 0) & (np.diff(at) == 0)
    moved = (np.diff(x) != 0) | (np.diff(y) != 0)
    rows["the same again"] = int((same & ~moved).sum())
    rows["a second place at the same time"] = int((same & moved).sum())
    first = np.concatenate([[True], ~same])[: len(at)]
    unit, at, x, y = (a[first] for a in (unit, at, x, y))
    jumped = _jumps(unit, at, x, y)
    rows["a jump no unit makes"] = int(jumped.sum())
    unit, at, x, y = (a[~jumped] for a in (unit, at, x, y))
    rows["used"] = len(at)
    join = round(rules.join_min * MINUTE)
    _check_places(x, y, hotspots)
    _check_interval(unit, at, join)
    stays = _stays(unit, at, *locate(x, y, hotspots, rules.buffer_m), len(hotspots), join)
    notes = []
    if twice.any():
        notes.append(
            f"{int(twice.sum()):,} pings fall in the hour that the clock shows twice and were read "
            "as the first; give times with their zone to tell them apart."
        )
    none = pd.DataFrame({"unit": [], "hotspot": [], "start": [], "end": []}, dtype="int64")
    return Presence(stays, _stretches(unit, at, join), none, units, agency, rows, notes)


def _numbers(values: pd.Series) -> Floats:
    return values.to_numpy(dtype="float64", na_value=np.nan)  # type: ignore[no-any-return]


def positions(pings: pd.DataFrame, crs: Any) -> tuple[Floats, Floats]:
    """Return eastings and northings in the CRS given, from whichever columns hold the places."""
    columns = pings.columns
    if "easting" in columns and "northing" in columns:
        return _numbers(pings["easting"]), _numbers(pings["northing"])
    from pyproj import Transformer

    if "geometry" in columns:
        from ..places import coordinates

        xy = coordinates(pings)  # type: ignore[arg-type]
        x, y = xy[:, 0], xy[:, 1]
        source: Any = pings.crs  # type: ignore[attr-defined]
    else:
        x, y = _numbers(pings["longitude"]), _numbers(pings["latitude"])
        x = np.where((x == 0) & (y == 0), np.nan, x)
        source = "EPSG:4326"
    if source == crs:
        return x, y
    change = Transformer.from_crs(source, crs, always_xy=True)
    east, north = change.transform(x, y)
    return np.asarray(east), np.asarray(north)


def _in_order(key: Ints, x: Floats, y: Floats) -> Ints:
    """Order by unit and time, then by place, so that the order of the rows never matters."""
    order: Ints = np.argsort(key, kind="stable")
    ordered = key[order]
    again = np.flatnonzero(ordered[1:] == ordered[:-1])
    if len(again):
        tied = np.unique(np.concatenate([again, again + 1]))
        at = order[tied]
        order[tied] = at[np.lexsort((y[at], x[at], key[at]))]
    return order


def _jumps(unit: Ints, at: Ints, x: Floats, y: Floats) -> Bools:
    """Tell the single pings that lie too far from both the one before and the one after."""
    if len(unit) < 3:
        return np.zeros(len(unit), dtype=bool)
    far = np.hypot(np.diff(x), np.diff(y))
    fast = (far > JUMP_M) & (far > JUMP_MS * np.diff(at) / 1000) & (np.diff(unit) == 0)
    jumped = np.zeros(len(unit), dtype=bool)
    jumped[1:-1] = fast[:-1] & fast[1:]
    jumped[2:] &= ~jumped[1:-1]  # of two in a row the second has come back
    return jumped


def _check_places(x: Floats, y: Floats, hotspots: gpd.GeoDataFrame) -> None:
    """Refuse places that all lie far from every hotspot: they are in another CRS."""
    west, south, east, north = hotspots.total_bounds + FAR_M * np.array([-1, -1, 1, 1])
    if len(x) and not ((x >= west) & (x <= east) & (y >= south) & (y <= north)).any():
        raise InputError("match_delivery", [
            f"no ping lies within {FAR_M / 1000:.0f} km of a hotspot; give the places in the CRS "
            f"of the hotspots, {hotspots.crs.name}, or as longitude and latitude."
        ])  # fmt: skip


def _check_interval(unit: Ints, at: Ints, join: int) -> None:
    """Refuse pings that come too seldom for stays to be joined."""
    apart = np.diff(at)[np.diff(unit) == 0]
    apart = apart[apart <= HOUR]
    if len(apart) and (usual := float(np.median(apart))) > join:
        raise InputError("match_delivery", [
            f"pings usually come {usual / MINUTE:.1f} min apart, and join_min is "
            f"{join / MINUTE:g}: no stay could be seen; set DeliveryRules(join_min="
            f"{np.ceil(usual / MINUTE * 1.5):g}) or more."
        ])  # fmt: skip


def _stretches(unit: Ints, at: Ints, join: int) -> pd.DataFrame:
    """Stretches in which a unit's pings follow each other closely enough."""
    if not len(unit):
        return pd.DataFrame({"unit": [], "start": [], "end": []}, dtype="int64")
    broken = np.flatnonzero((np.diff(unit) != 0) | (np.diff(at) > join))
    first, last = np.append(0, broken + 1), np.append(broken, len(unit) - 1)
    return pd.DataFrame({"unit": unit[first], "start": at[first], "end": at[last]})


def locate(
    x: Floats, y: Floats, hotspots: gpd.GeoDataFrame, buffer_m: float
) -> tuple[Ints, Ints, Bools]:
    """Find the hotspots each place lies in, else the nearest one within the buffer.

    Returns the number of the place, of the hotspot, and whether only the buffer holds it. A place
    in two hotspots is in both; one on a shared edge is in one.
    """
    import shapely

    shapes = np.asarray(hotspots.geometry.array)
    shapely.prepare(shapes)
    west, south, east, north = hotspots.total_bounds + buffer_m * np.array([-1, -1, 1, 1])
    some = np.flatnonzero((x >= west) & (x <= east) & (y >= south) & (y <= north))
    column = np.floor((x[some] - west) / CELL_M).astype(np.int64)
    row = np.floor((y[some] - south) / CELL_M).astype(np.int64)
    cell, unique = pd.factorize(column * 2**31 + row)
    left, below = west + unique // 2**31 * CELL_M, south + unique % 2**31 * CELL_M
    boxes = shapely.box(left, below, left + CELL_M, below + CELL_M)
    of_cell, near = shapely.STRtree(shapes).query(boxes, predicate="dwithin", distance=buffer_m)
    order = np.lexsort((near, of_cell))
    of_cell, near = of_cell[order], near[order]
    whole = shapely.covers(shapes[near], boxes[of_cell])
    number = np.arange(len(unique))
    begin, end = np.searchsorted(of_cell, number), np.searchsorted(of_cell, number, side="right")
    ping, pair = reach(begin[cell], end[cell])
    place, hotspot = some[ping], near[pair]
    inside = whole[pair]
    test = np.flatnonzero(~inside)
    inside[test] = shapely.contains_xy(shapes[hotspot[test]], x[place[test]], y[place[test]])
    held = np.zeros(len(x), dtype=bool)
    held[place[inside]] = True
    beside = np.flatnonzero(~held[place])
    at = place[beside]
    away = shapely.distance(shapes[hotspot[beside]], shapely.points(x[at], y[at]))
    beside, away = beside[away <= buffer_m], away[away <= buffer_m]
    rank = np.argsort(np.argsort(hotspots.index.astype(str)))  # ties must not follow row order
    beside = beside[np.lexsort((rank[hotspot[beside]], away, place[beside]))]
    beside = beside[np.concatenate([[True], np.diff(place[beside]) != 0])[: len(beside)]]
    chosen = np.sort(np.concatenate([np.flatnonzero(inside), beside]))
    return place[chosen], hotspot[chosen], ~inside[chosen]


def _stays(
    unit: Ints, at: Ints, place: Ints, hotspot: Ints, edge: Bools, hotspots: int, join: int
) -> pd.DataFrame:
    """Join pings at one hotspot into stays, each half-way to the pings before and after.

    Where a unit crossed a boundary between two pings is not known; the middle is right on average.
    Pings that stray in from beside a hotspot must not be joined into a stay: one counts only if
    of the unit's pings within half a minute of it at least half are there. A run without any such
    ping is ``brief``, and as long as its own pings alone.
    """
    if not len(place):
        return _no_stays()
    group = unit[place] * hotspots + hotspot
    order = np.argsort(group, kind="stable")
    group, place, edge = group[order], place[order], edge[order]
    steady = _steady(unit, at, group, place)
    apart = np.where((np.diff(unit) == 0) & (np.diff(at) <= join), np.diff(at) // 2, 0)
    before, after = np.append(0, apart), np.append(apart, 0)

    def runs(kept: Ints) -> tuple[Ints, Ints]:
        broken = (np.diff(group[kept]) != 0) | (np.diff(at[place[kept]]) > join)
        broken = np.flatnonzero(broken)
        return np.append(0, broken + 1), np.append(broken, len(kept) - 1)

    def stays(kept: Ints, first: Ints, last: Ints) -> dict[str, Any]:
        begin, end = place[kept[first]], place[kept[last]]
        return {
            "unit": unit[begin], "hotspot": group[kept[first]] % hotspots,
            "start": at[begin] - before[begin], "end": at[end] + after[end],
            "edge": np.add.reduceat(edge[kept].astype("float64"), first) / (last - first + 1),
            "officers": np.nan,
        }  # fmt: skip

    every = np.arange(len(place))
    first, last = runs(every)
    brief = stays(every, first, last)
    held = np.add.reduceat((before + after)[place], first)
    brief["end"] = brief["start"] + held
    passing = ~np.logical_or.reduceat(steady, first)
    found = pd.DataFrame(brief).assign(brief=True)[passing]
    if steady.any():
        kept = np.flatnonzero(steady)
        lasting = pd.DataFrame(stays(kept, *runs(kept))).assign(brief=False)
        found = pd.concat([lasting, found], ignore_index=True) if passing.any() else lasting
    return found


def _steady(unit: Ints, at: Ints, group: Ints, place: Ints) -> Bools:
    """Tell of pings at a hotspot whether most of the unit's pings around them are there too."""
    zero = int(at.min()) - STEADY_MS
    all_, here, own = keyed(unit, at, zero), keyed(group, at[place], zero), unit[place]
    low, high = at[place] - STEADY_MS, at[place] + STEADY_MS

    def within(keys: Ints, owner: Ints) -> Ints:
        upto: Ints = np.searchsorted(keys, keyed(owner, high, zero), side="right")
        return upto - np.searchsorted(keys, keyed(owner, low, zero))

    most: Bools = 2 * within(here, group) >= within(all_, own)
    return most


def _no_stays() -> pd.DataFrame:
    whole = pd.DataFrame({"unit": [], "hotspot": [], "start": [], "end": []}, dtype="int64")
    return whole.assign(edge=0.0, officers=np.nan, brief=False)


def from_log(
    log: pd.DataFrame, hotspots: pd.Index, known: pd.Index, period: tuple[int, int], rules: Any,
    tz: str,
) -> Presence:  # fmt: skip
    """Turn an activity log into stays and what was done there."""
    unit, units = coded(log["unit"], known, more=True)
    hotspot, _ = coded(log["hotspot"], hotspots, more=False)
    (start, twice), (end, _) = utc(log["arrive"], tz), utc(log["depart"], tz)
    untimed = (log["arrive"].isna() | log["depart"].isna()).to_numpy()
    entries = pd.DataFrame(
        {"unit": unit, "hotspot": hotspot, "start": start, "end": end, "officers": np.nan}
        | {name: _numbers(log[name]) for name in ("officers", *POWERS) if name in log.columns}
    )
    rows: dict[str, int] = {}
    keep = np.ones(len(log), dtype=bool)
    for what, lost in (
        ("no unit", unit < 0), ("no time", untimed),
        ("no hotspot of the plan", hotspot < 0),
        (f"left before it came, or over {LONGEST_H} h later",
         (end < start) | (end > start + LONGEST_H * HOUR)),
        ("outside the days of the plan", (start < period[0]) | (start >= period[1])),
        ("the same again", entries.duplicated().to_numpy()),
    ):  # fmt: skip
        rows[what] = int((keep & lost).sum())
        keep &= ~lost
    rows["used"] = int(keep.sum())
    entries = entries[keep].sort_values(["unit", "hotspot", "start", "end"], ignore_index=True)
    notes = []
    if twice[keep].any():
        notes.append(
            f"{int(twice[keep].sum()):,} entries begin in the hour that the clock shows twice and "
            "were read as the first; give times with their zone to tell them apart."
        )
    stays = _joined(entries, len(hotspots), round(rules.join_min * MINUTE))
    return Presence(stays, None, entries, units, _by_unit(log, unit, len(units)), rows, notes)


def _joined(entries: pd.DataFrame, hotspots: int, join: int) -> pd.DataFrame:
    """Join entries of one unit at one hotspot that touch or nearly so."""
    if entries.empty:
        return _no_stays()
    group = entries["unit"].to_numpy() * hotspots + entries["hotspot"].to_numpy()
    start, end = entries["start"].to_numpy(), entries["end"].to_numpy()
    zero = int(start.min())
    upto = np.maximum.accumulate(keyed(group, end, zero))  # a group's keys lie above the last's
    broken = np.flatnonzero(keyed(group, start, zero)[1:] > upto[:-1] + join)
    broken = np.union1d(broken, np.flatnonzero(np.diff(group) != 0))
    first, last = np.append(0, broken + 1), np.append(broken, len(group) - 1)
    return pd.DataFrame({
        "unit": entries["unit"].to_numpy()[first], "hotspot": entries["hotspot"].to_numpy()[first],
        "start": start[first], "end": upto[last] - group[last] * _SPAN + zero, "edge": 0.0,
        "officers": np.fmax.reduceat(entries["officers"].to_numpy(), first),
        "brief": False,
    })  # fmt: skip


def _by_unit(records: pd.DataFrame, unit: Ints, units: int) -> list[str | None]:
    """Return the agency of each unit, where the records name one."""
    found: list[str | None] = [None] * units
    if "agency" in records.columns:
        named = pd.DataFrame({"unit": unit, "agency": records["agency"].to_numpy()}).dropna()
        for code, agency in named.drop_duplicates().sort_values(["unit", "agency"]).to_numpy():
            if code >= 0:
                found[code] = found[code] or " ".join(str(agency).split())
    return found
