"""The plan for those who walk it: a calendar per unit, and a route per unit and shift."""

from __future__ import annotations

import datetime as dt
import os
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..atomic import atomic_folder
from ..contracts import HOTSPOTS, VISITS, InputError, Result, announce, check_table
from .calendars import write_calendar
from .routes import Stop, feature, outlines, write_geojson, write_gpx

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

ZONE = "Europe/London"
"""Time zone of the plan's wall-clock times."""

_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]+')
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?")
_LONGEST = 60  # bytes of a name within a file name; file systems take 255 in all


@dataclass(frozen=True)
class Places:
    """Where the visits are: points in the CRS of the hotspots, names as given, and roads."""

    hotspots: gpd.GeoDataFrame
    points: dict[str, tuple[float, float]]
    bare: dict[str, str | None]
    roads: Any

    @cached_property
    def names(self) -> dict[str, str]:
        """What each hotspot is called: its name on one line, and its id."""
        tidy = {key: " ".join((name or "").split()) for key, name in self.bare.items()}
        return {key: f"{name} ({key})" if name else key for key, name in tidy.items()}

    @cached_property
    def _to_degrees(self) -> Any:
        from pyproj import Transformer

        return Transformer.from_crs(self.hotspots.crs, "EPSG:4326", always_xy=True)

    @cached_property
    def outlines(self) -> dict[str, dict[str, Any]]:
        """The hotspots as GeoJSON shapes."""
        return dict(zip(self.hotspots.index, outlines(self.hotspots), strict=True))

    def degrees(self, xy: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return longitude and latitude, to 6 decimals (about 10 cm)."""
        more = np.vstack([xy, xy[:1]])  # pyproj 3.6 reads an array of one as a number, and warns
        at = self._to_degrees.transform(more[:, 0], more[:, 1])
        found: NDArray[np.float64] = np.column_stack(at)[: len(xy)].round(6)
        return found

    def features(self, keys: set[str]) -> list[dict[str, Any]]:
        """Return some of the hotspots as GeoJSON features."""
        return [
            feature(self.outlines[key], {"kind": "hotspot", "hotspot": key, "name": self.bare[key]})
            for key in self.hotspots.index if key in keys
        ]  # fmt: skip


def export_routes(
    folder: str | os.PathLike[str], plan: Result, *, hotspots: gpd.GeoDataFrame | None = None,
    day: str | dt.date | None = None,
) -> Path:  # fmt: skip
    """Write a calendar per unit, and a route per unit and shift, for phones and handhelds.

    Parameters
    ----------
    folder : path
        Folder to write; an earlier export there is replaced as a whole.
    plan : PatrolPlan
        As from :func:`plan_patrols`, or any result with a ``visits`` table.
    hotspots : GeoDataFrame, optional
        The hotspots the plan was made from; those the plan holds when absent.
    day : str or date, optional
        One duty day, as ``"2026-03-02"``; every day when absent.

    Returns
    -------
    Path
        The folder: ``calendars/<unit>.ics``, ``routes/<day>_<shift>_<unit>.gpx`` and ``.geojson``.

    Raises
    ------
    InputError
        Naming every fault: no visits table, hotspots that are not known or have no shape, a day
        that the plan does not have, a folder that this package did not make.

    Notes
    -----
    The calendars keep RFC 5545, the routes GPX 1.1 and RFC 7946. The plan's times are local
    wall-clock in Britain and are written in UTC, so that a device shows them right on both sides
    of a change of the clocks. Every event is tentative: nothing is tasked until somebody accepts
    it. The same visit keeps its identity, so that a later export replaces it in a calendar. With
    roads in the plan's rules, the line between two stops follows them; else it is straight.

    Devices get lost. The files hold the place, the time, what to do and the one line of reason
    for the officer, nothing else of the records.

    Examples
    --------
    >>> import tempfile
    >>> from hotspots.patrols.example import example_plan
    >>> made = export_routes(Path(tempfile.mkdtemp()) / "devices", example_plan())
    >>> sorted(file.relative_to(made).as_posix() for file in made.rglob("*.[gi]*"))
    ['calendars/P1.ics', 'routes/2026-03-02_late_P1.geojson', 'routes/2026-03-02_late_P1.gpx']
    >>> (made / "calendars" / "P1.ics").read_text(encoding="utf-8").count("BEGIN:VEVENT")
    2
    """
    visits, places = _given(plan, hotspots, day)
    if not len(visits):
        announce("the plan holds no visits, so no calendars or routes are written.")
    with atomic_folder(folder) as partial:
        for name in ("calendars", "routes"):
            (partial / name).mkdir()
        taken: set[str] = set()
        for unit, rows in visits.groupby("unit", sort=True):
            named = rows.assign(place=[places.names[h] for h in rows["hotspot"]])
            stops = np.array([places.points[h] for h in rows["hotspot"]])
            file = partial / "calendars" / _file_name([str(unit)], ".ics", taken)
            write_calendar(file, str(unit), named, places.degrees(stops))
        known: dict[Any, NDArray[np.float64]] = {}
        for _, rows in visits.groupby(["date", "shift", "unit"], sort=True):
            first = rows.iloc[0]
            date, shift, unit = pd.Timestamp(first["date"]), str(first["shift"]), str(first["unit"])
            title = f"{unit}, {shift}, {date:%a} {date.day} {date:%b %Y}"
            way = list(_stops(plan, rows, places))
            line = _line(way, str(first["mode"]), places, known)
            name = _file_name([f"{date:%Y-%m-%d}", shift, unit], "", taken)
            write_gpx(partial / "routes" / f"{name}.gpx", title, way, line)
            spots = places.features(set(rows["hotspot"]))
            write_geojson(partial / "routes" / f"{name}.geojson", title, way, line, spots)
    return Path(folder)


# --- what was given --------------------------------------------------------------------------


def _given(
    plan: Any, hotspots: gpd.GeoDataFrame | None, day: Any
) -> tuple[pd.DataFrame, Places]:  # fmt: skip
    """Check plan and hotspots; return the visits with everything the files need, and the places."""
    what = "export_routes"
    if not isinstance(plan, Result) or "visits" not in plan.tables:
        raise InputError(
            what, [f"plan is of type {type(plan).__name__}; give what plan_patrols returned."]
        )
    visits = check_table(plan.tables["visits"], VISITS, "visits")
    basis = getattr(plan, "basis", None)
    if hotspots is None:
        hotspots = getattr(getattr(basis, "demand", None), "hotspots", None)
    if hotspots is None:
        raise InputError(
            what, ["the plan does not hold its hotspots; give the table as hotspots=..."]
        )
    spots = check_table(hotspots, HOTSPOTS, "hotspots")
    shapes = spots.geometry
    spots = spots[~(shapes.isna() | shapes.is_empty)].set_axis(
        spots.index[~(shapes.isna() | shapes.is_empty)].astype(str)
    )
    faults = []
    if strange := sorted(set(visits["hotspot"].astype(str)) - set(spots.index)):
        more = f" and {len(strange) - 3} more" if len(strange) > 3 else ""
        faults.append(
            f"visits go to {', '.join(strange[:3])}{more}, of which the hotspots hold no shape; "
            "give the hotspots the plan was made from."
        )
    visits = _complete(visits, plan)
    if day is not None:
        chosen, of = duty_day(day), visits["date"]
        if chosen is None:
            faults.append(f"day is {day!r}; give a date, year first, as '2026-03-02'.")
        elif len(visits) and not (of == chosen).any():
            faults.append(
                f"day is {chosen:%Y-%m-%d}, but the plan runs from {of.min():%Y-%m-%d} to "
                f"{of.max():%Y-%m-%d}; choose one of its days."
            )
        else:
            visits = visits[of == chosen]
    if faults:
        raise InputError(what, faults)
    centres = spots.geometry.representative_point()
    points = dict(zip(spots.index, zip(centres.x, centres.y, strict=True), strict=True))
    given = spots["name"] if "name" in spots.columns else pd.Series(None, spots.index, dtype=object)
    bare = {key: None if name is None or name != name else str(name)
            for key, name in zip(spots.index, given, strict=True)}  # fmt: skip
    rules = getattr(basis, "rules", None)
    return visits, Places(spots, points, bare, getattr(rules, "roads", None))


def duty_day(day: Any) -> pd.Timestamp | None:
    """Return the day asked for, or None: in text year first only, as 02/03 is two days to two.

    Examples
    --------
    >>> duty_day("2026-03-02"), duty_day("02/03/2026")
    (Timestamp('2026-03-02 00:00:00'), None)
    """
    if isinstance(day, str):
        try:
            day = dt.datetime.fromisoformat(day.strip())
        except ValueError:
            return None
    if not isinstance(day, (dt.date, np.datetime64)) or pd.isna(day):
        return None
    return pd.Timestamp(pd.Timestamp(day).date())


def _complete(visits: pd.DataFrame, plan: Result) -> pd.DataFrame:
    """Add what the files need and a plan by another hand may lack; times in UTC."""
    table = visits.rename_axis("visit").reset_index().astype({"hotspot": "str", "visit": "str"})
    if "date" not in table.columns:
        table["date"] = table["arrive"].dt.normalize()
    teams = plan.tables.get("teams")
    modes = teams["mode"] if teams is not None and "mode" in teams.columns else pd.Series(dtype=str)
    if "mode" not in table.columns:
        table["mode"] = table["unit"].map(modes).fillna("foot")
    for name in ("travel_min", "return_min"):
        table[name] = table[name] if name in table.columns else np.nan
    blank = pd.Series("", index=table.index)
    task, tactic = (table[n] if n in table.columns else blank for n in ("task", "tactic"))
    table["to_do"] = tactic.fillna("").astype(str).where(tactic.fillna("") != "", task.fillna(""))
    table = table.sort_values(["date", "lpt", "shift", "unit", "arrive"], kind="stable")
    table["begin"] = _utc(table["arrive"], table["visit"])
    # a stay is as long as planned, whatever the clocks do meanwhile
    table["finish"] = table["begin"] + (table["depart"] - table["arrive"])
    return table.reset_index(drop=True)


def _utc(times: pd.Series, visit: pd.Series) -> pd.Series:
    """Turn wall-clock times into UTC, and say what a change of the clocks made of them."""
    if not len(times):
        nothing: pd.Series = times.dt.tz_localize("UTC")
        return nothing
    index = pd.DatetimeIndex(times)
    first = np.ones(len(index), bool)  # of an hour there is twice, the first
    zoned = index.tz_localize(ZONE, ambiguous=first, nonexistent="shift_forward")
    again = index.tz_localize(ZONE, ambiguous=~first, nonexistent="shift_forward")
    moved, twice = zoned.tz_localize(None) != index, zoned != again
    for chosen, said in ((moved, "the hour that the clocks leave out: moved to its end"),
                         (twice, "the hour that comes twice: the first is taken")):  # fmt: skip
        if chosen.any():
            first_one = visit[chosen].iloc[0]
            announce(f"{int(chosen.sum())} visits (first: {first_one}) lie in {said}.")
    utc: pd.Series = pd.Series(zoned.tz_convert("UTC"), index=times.index)
    return utc


# --- stops and the line between them ---------------------------------------------------------


def _stops(plan: Result, rows: pd.DataFrame, places: Places) -> Iterator[Stop]:
    """Yield base, visits and base again, in the order they are passed."""
    first, last = _bases(plan, str(rows["unit"].iloc[0]))
    told = rows.to_dict("records")
    out = True  # the unit is at base
    for n, row in enumerate(told):
        travel, back = row["travel_min"], row["return_min"]
        if out and first is not None:
            away = row["begin"] - pd.Timedelta(minutes=0 if travel != travel else travel)
            yield Stop("base", "Base: set out", first, places.degrees(np.array([first]))[0], away)
        xy = places.points[row["hotspot"]]
        at = places.degrees(np.array([xy]))[0]
        yield Stop("visit", places.names[row["hotspot"]], xy, at, row["begin"], row["finish"],
                   row["visit"], row["to_do"], row["reason"])  # fmt: skip
        end = n == len(told) - 1
        out = end or back > 0
        home = last if end else first
        if out and home is not None:
            home_at = row["finish"] + pd.Timedelta(minutes=0 if back != back else back)
            yield Stop("base", "Base: back", home, places.degrees(np.array([home]))[0], home_at)


def _bases(
    plan: Result, unit: str
) -> tuple[tuple[float, float] | None, tuple[float, float] | None]:
    """Return where a unit sets out and where it ends its shift, where that is known."""
    teams = plan.tables.get("teams")
    if teams is None or unit not in teams.index:
        return None, None
    row: dict[Any, Any] = teams.loc[unit].to_dict()

    def at(which: str) -> tuple[float, float] | None:
        xy = tuple(float(row.get(f"{which}_{axis}", np.nan)) for axis in ("easting", "northing"))
        return (xy[0], xy[1]) if np.isfinite(xy).all() else None

    start = at("base")
    return start, at("end") or start


def _line(
    stops: list[Stop], mode: str, places: Places, known: dict[Any, NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Return the line through the stops in degrees: along the roads where they are given."""
    parts = []
    for a, b in pairwise(stops):
        key = (a.xy, b.xy, mode)
        if key not in known:
            ends = np.array([a.xy]), np.array([b.xy])
            along = hasattr(places.roads, "paths")
            known[key] = places.roads.paths(*ends, mode)[0] if along else np.concatenate(ends)
        parts.append(known[key])
    if not parts:
        return places.degrees(np.array([stop.xy for stop in stops]))
    line = places.degrees(np.concatenate(parts))
    fresh = np.ones(len(line), bool)
    fresh[1:] = (line[1:] != line[:-1]).any(axis=1)
    return line[fresh]


# --- names of files --------------------------------------------------------------------------


def _file_name(parts: list[str], suffix: str, taken: set[str]) -> str:
    """Make a file name that every system takes and that no other file has.

    Windows takes no ``: / ? *``, no dot or blank at the end, no device name (``LPT1``), and does
    not tell capitals apart.
    """
    tidy = []
    for part in parts:
        plain = _FORBIDDEN.sub("-", unicodedata.normalize("NFC", part)).encode("utf-8")
        short = plain[:_LONGEST].decode("utf-8", errors="ignore").strip(" .")
        tidy.append(short or "unnamed")
    name = "_".join(tidy)
    if _RESERVED.fullmatch(name):
        name = f"unit-{name}"
    found, n = name, 1
    while (key := f"{found}{suffix}".casefold()) in taken:
        n += 1
        found = f"{name}-{n}"
    taken.add(key)
    return f"{found}{suffix}"
