"""Tables for Power BI: a star of tidy CSV and Parquet files with a manifest."""

from __future__ import annotations

import importlib.util
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .. import __version__
from ..atomic import atomic_folder
from ..contracts import (
    HOTSPOTS,
    LPTS,
    SCHEMA_VERSION,
    VISITS,
    Table,
    announce,
    located,
    time_precision,
)
from .columns import about, typed
from .stations import Stations, gather

if TYPE_CHECKING:
    import geopandas as gpd

WKT_LIMIT = 32_766
"""Characters of text Power BI keeps; an outline is simplified until it is shorter."""

NOWHERE = "no LPT"
"""What a trend calls the incidents outside all LPTs; it shares key 0 with those without any."""

ABOVE = ("command", "force")
"""Levels of a table whose column ``lpt`` names no LPT but the commands or the force."""

_DATES = ("date", "month", "period_start", "arrive", "start")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class _Star:
    """The tables being gathered, and the keys that join them."""

    tables: dict[str, pd.DataFrame]
    lpt: dict[str, int]
    category: dict[str, int]
    hotspot: dict[str, dict[str, int]]
    """Per plan the keys of the hotspots it goes to; under "" those for any other table."""


def export_bi(folder: str | os.PathLike[str], *stations: Any) -> Path:
    """Write tables for Power BI or Excel: CSV, Parquet and a manifest that explains them.

    Incidents leave only as counts per day (or month), LPT, category and origin, never as rows.
    Hotspots, trends, plans and quality facts leave as they are, with whole-number keys to the
    dimension tables ``dim_date``, ``dim_lpt`` and ``dim_category``.

    Parameters
    ----------
    folder : path
        Folder to write; an earlier export there is replaced as a whole, and a refresh that reads
        meanwhile never sees half of one. Files of your own in it stay.
    *stations : Result or GeoDataFrame
        What ``read_incidents``, ``seasonal_trends`` and ``plan_patrols`` returned, any other
        result, and tables of hotspots, incidents (to carry harm) or LPTs.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    InputError
        When an argument is none of these, or the folder holds files this package did not write.

    Notes
    -----
    CSV files are UTF-8 with a byte-order mark, comma-separated, CRLF, with ISO dates, so Excel
    and Power BI read them without questions. Text that a spreadsheet would run as a formula
    (beginning with ``=``, ``+``, ``-`` or ``@``) gets an apostrophe before it in the CSV; the
    Parquet file holds it unchanged. Parquet needs the ``arrow`` extra; without it the manifest
    says so. Outlines are in WGS 84, simplified below the 32,766 characters Power BI keeps.

    Examples
    --------
    >>> import tempfile
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=2)
    >>> folder = export_bi(Path(tempfile.mkdtemp()) / "bi", county.incidents, county.lpts)
    >>> int(pd.read_csv(folder / "incidents.csv")["incidents"].sum()) == len(county.incidents)
    True
    """
    given = gather(stations, what="export_bi")
    star = _star(given)
    parquet = importlib.util.find_spec("pyarrow") is not None
    if not parquet:
        announce('only CSV was written: Parquet needs pyarrow (pip install "hotspots[arrow]")')
    with atomic_folder(folder) as partial:
        described = {}
        for name, frame in star.tables.items():
            frame, kinds = typed(name, frame)
            _write_csv(frame, kinds, partial / f"{name}.csv")
            if parquet:
                _write_parquet(frame, kinds, partial / f"{name}.parquet")
            described[name] = {
                "rows": len(frame),
                "files": [f"{name}.csv", *([f"{name}.parquet"] if parquet else [])],
                "columns": [
                    {"name": c, "type": kind, **about(name, c)} for c, kind in kinds.items()
                ],
            }
        manifest = _manifest(given, star, described, parquet)
        (partial / "manifest.json").write_text(
            json.dumps(manifest, indent=2, ensure_ascii=False), encoding="utf-8"
        )
    return Path(folder)


def _manifest(
    given: Stations, star: _Star, described: dict[str, Any], parquet: bool
) -> dict[str, Any]:
    ends = [] if given.incidents is None else [given.incidents["occurred_to"].max()]
    ends += [spots["period_end"].max() for spots in given.hotspots]
    known = [end for end in ends if not pd.isna(end)]
    return {
        "schema_version": SCHEMA_VERSION,
        "made_by": f"hotspots {__version__}",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "data_cut_off": max(known).isoformat() if known else None,
        "parquet": parquet,
        "time": "local wall-clock, no time zone",
        "csv": "UTF-8 with BOM, comma, CRLF, ISO 8601 dates; text that would run as a formula "
        "has an apostrophe before it",
        "tables": described,
        "relations": _relations(star.tables),
        "texts": [{"kind": kind, "text": result.text} for kind, result in given.results],
    }


def _relations(tables: dict[str, pd.DataFrame]) -> list[dict[str, str]]:
    """Return many-to-one joins with one path from any table to any dimension."""
    found = []
    for name, frame in tables.items():
        if name.startswith("dim_"):
            continue
        keys = [c for c in ("date_key", "category_key", "hotspot_key") if c in frame]
        if name == "hotspots" or "hotspot_key" not in keys or "hotspots" not in tables:
            keys = [c for c in keys if c != "hotspot_key"] + ["lpt_key"] * ("lpt_key" in frame)
        for key in keys:
            to = "hotspots" if key == "hotspot_key" else f"dim_{key.removesuffix('_key')}"
            found.append({"from": f"{name}.{key}", "to": f"{to}.{key}"})
    return found


def _star(given: Stations) -> _Star:
    raw: dict[str, pd.DataFrame] = {}
    for kind, name, frame in given.tables():
        if kind.startswith("ingest") and name in ("rejected", "superseded"):
            frame = _reasons_counted(frame)
        elif kind.startswith("ingest") and name == "months":
            frame = frame.assign(incidents=frame["incidents"].mask(frame["status"] == "missing"))
        elif kind.startswith("plan") and name == "visits":
            frame = _with_columns(frame.rename_axis("visit"), VISITS)
        raw[f"{kind}_{name}"] = frame
    spots = [_hotspots(frame, n) for n, frame in enumerate(given.hotspots, 1)]
    if spots:
        raw["hotspots"] = pd.concat(spots, ignore_index=True) if len(spots) > 1 else spots[0]
    if given.incidents is not None:
        raw["incidents"] = _incidents(given.incidents)
    frames = [_flat(frame) for frame in raw.values()]
    if given.lpts is not None:
        frames.append(given.lpts.rename_axis("lpt").reset_index()[["lpt"]])
    lpt = _keys([frame[~_above(frame)] for frame in frames], "lpt")
    category = _keys(frames, "category")
    hotspot: dict[str, dict[str, int]] = {}
    if "hotspots" in raw:
        raw["hotspots"].insert(0, "hotspot_key", np.arange(1, len(raw["hotspots"]) + 1))
        hotspot = _hotspot_keys(raw["hotspots"], given)
    star = _Star({}, lpt, category, hotspot)
    star.tables["dim_lpt"] = _dim_lpt(lpt, given.lpts)
    star.tables["dim_category"] = pd.DataFrame(
        {"category_key": list(category.values()), "category": list(category)}
    )
    for name in sorted(raw):
        star.tables[name] = _keyed(_flat(raw[name]), name, star)
    return _Star({"dim_date": _dim_date(star.tables), **star.tables}, lpt, category, hotspot)


def _hotspot_keys(spots: pd.DataFrame, given: Stations) -> dict[str, dict[str, int]]:
    first = spots.drop_duplicates("hotspot")
    keys = {"": dict(zip(first["hotspot"], first["hotspot_key"], strict=True))}
    for n, plan in enumerate(given.of("plan"), 1):
        patrolled = given.patrolled(plan)
        own = spots[spots["hotspot_set"] == (0 if patrolled is None else patrolled + 1)]
        named = "plan" if n == 1 else f"plan_{n}"
        keys[named] = dict(zip(own["hotspot"], own["hotspot_key"], strict=True))
    return keys


def _keys(frames: list[pd.DataFrame], column: str) -> dict[str, int]:
    """Return the values of a column over all tables, in order, each with its number from 1."""
    found = [pd.Series(f[column].dropna().unique()).astype(str) for f in frames if column in f]
    values = sorted(set(pd.concat(found)) - {NOWHERE}) if found else []
    return {value: n for n, value in enumerate(values, 1)}


def _above(frame: pd.DataFrame) -> pd.Series:
    """Tell the rows that are of a command or the force, not of an LPT."""
    if "level" not in frame or "lpt" not in frame:
        return pd.Series(False, index=frame.index)
    return frame["level"].isin(ABOVE)


def _flat(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame with its named index as columns, and no geometry."""
    if any(name is not None for name in frame.index.names):
        clash = [name for name in frame.index.names if name in frame.columns]
        frame = frame.drop(columns=clash).reset_index()
    shapes = [c for c in frame.columns if str(frame[c].dtype) == "geometry"]
    return pd.DataFrame(frame.drop(columns=shapes)).reset_index(drop=True)


def _keyed(frame: pd.DataFrame, name: str, star: _Star) -> pd.DataFrame:
    """Put the keys of the dimensions before the columns of a table."""
    keys: dict[str, pd.Series] = {}
    day = next((c for c in _DATES if c in frame and frame[c].dtype.kind == "M"), None)
    if day is not None and name != "hotspots":
        keys["date_key"] = _date_key(frame[day])
    if "hotspot" in frame and star.hotspot:
        plans = [plan for plan in star.hotspot if name.startswith(f"{plan}_")]
        own = star.hotspot[max(plans, key=len, default="")]
        found = frame["hotspot"].astype(object).map(own).astype("Int32")
        keys["hotspot_key"] = found if name != "hotspots" else frame["hotspot_key"]
    if "lpt" in frame:  # 0 stands for "outside all LPTs, or not known"
        lpt = frame["lpt"].astype(object).map(star.lpt).fillna(0).astype("Int32")
        keys["lpt_key"] = lpt.mask(_above(frame))  # blank, so that no slicer adds a level twice
    if "category" in frame:
        found = frame["category"].astype(object).map(star.category)
        keys["category_key"] = found.astype("Int32")
    rest = frame.drop(columns=[key for key in keys if key in frame])
    return pd.concat([pd.DataFrame(keys, index=frame.index), rest], axis=1)


def _date_key(days: pd.Series) -> pd.Series:
    key: pd.Series = days.dt.year * 10_000 + days.dt.month * 100 + days.dt.day
    return key.astype("Int32")


def _incidents(incidents: gpd.GeoDataFrame) -> pd.DataFrame:
    """Count incidents per day where the day is known, else per month."""
    by_day = time_precision(incidents).isin(["hour", "day"]).to_numpy()
    start = incidents["occurred_from"]
    date = start.dt.normalize().where(by_day, start.dt.to_period("M").dt.to_timestamp())
    absent = pd.Series(pd.NA, index=incidents.index, dtype="object")
    rows = pd.DataFrame({
        "date": date.to_numpy().astype("datetime64[s]"),
        "date_grain": np.where(by_day, "day", "month"),
        "lpt": incidents.get("lpt", absent).astype(object).to_numpy(),
        "category": incidents["category"].astype(object).to_numpy(),
        "origin": incidents.get("origin", absent).astype(object).fillna("unknown").to_numpy(),
        "source": incidents.get("source", absent).astype(object).to_numpy(),
        "incidents": 1,
        "located": located(incidents).astype(int),
        "harm": incidents["harm"].to_numpy(float) if "harm" in incidents else np.nan,
    })  # fmt: skip
    by = ["date", "date_grain", "lpt", "category", "origin", "source"]
    grouped = rows.groupby(by, dropna=False, sort=True)
    counts = grouped[["incidents", "located"]].sum()
    counts["harm"] = grouped["harm"].sum(min_count=1)
    return counts.reset_index()


def _hotspots(spots: gpd.GeoDataFrame, number: int) -> pd.DataFrame:
    """Return hotspots with every column of the contract, centroid and outline in WGS 84."""
    flat = _with_columns(_flat(spots.rename_axis("hotspot")), HOTSPOTS)
    flat.insert(0, "hotspot_set", number)
    centres = spots.geometry.centroid.to_crs("EPSG:4326")
    flat["longitude"] = centres.x.round(6).to_numpy()
    flat["latitude"] = centres.y.round(6).to_numpy()
    flat["wkt"] = _wkt(spots)
    return flat


def _with_columns(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Return a frame with every column of a contract, there or not, before its own."""
    columns = [c.name for c in table.columns]
    if table.index in frame.columns:
        columns.insert(0, table.index)
    extra = [c for c in frame.columns if c not in columns]
    return frame.reindex(columns=[*columns, *extra])


def _wkt(spots: gpd.GeoDataFrame) -> list[str]:
    """Return outlines in WGS 84 as text, each simplified until Power BI keeps it whole."""
    import shapely

    texts: list[str] = []
    step = 0.0
    shapes = spots.geometry
    while True:
        flat = shapes.simplify(step) if step else shapes
        texts = list(shapely.to_wkt(flat.to_crs("EPSG:4326").to_numpy(), rounding_precision=6))
        if max(map(len, texts), default=0) < WKT_LIMIT:
            return texts
        step = step * 2 or 1.0  # metres


def _reasons_counted(refused: pd.DataFrame) -> pd.DataFrame:
    """Count refused rows by file and reason: the rows themselves may name people."""
    by = [c for c in ("source", "file", "reason") if c in refused.columns]
    if not by:
        return pd.DataFrame({"rows": [len(refused)]})
    return refused.groupby(by, dropna=False, observed=True).size().rename("rows").reset_index()


def _dim_lpt(keys: dict[str, int], lpts: gpd.GeoDataFrame | None) -> pd.DataFrame:
    lpt = pd.DataFrame({"lpt_key": [*keys.values()], "lpt": [*keys]})
    columns = [c.name for c in LPTS.columns]
    known = pd.DataFrame(index=pd.Index([], dtype=object), columns=columns)
    if lpts is not None:
        known = pd.DataFrame(lpts.drop(columns="geometry")).reindex(columns=columns)
        known.index = known.index.astype(str)
    lpt = lpt.astype({"lpt": object}).join(known, on="lpt")
    lpt["name"] = lpt["name"].astype(object).where(lpt["name"].notna(), lpt["lpt"])
    for column in ("area_km2", "population"):
        lpt[column] = pd.to_numeric(lpt[column])
    nowhere = pd.DataFrame({"lpt_key": [0], "lpt": ["(none)"], "name": ["No LPT or not located"]})
    return pd.concat([nowhere, lpt], ignore_index=True)[["lpt_key", "lpt", *columns]]


def _dim_date(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return one row a day over the full years the tables touch, without a hole."""
    keys = [frame["date_key"].dropna() for frame in tables.values() if "date_key" in frame]
    years = [int(k) // 10_000 for key in keys if len(key) for k in (key.min(), key.max())]
    start, end = (min(years), max(years)) if years else (2000, 1999)
    day = pd.Series(pd.date_range(f"{start}-01-01", f"{end}-12-31", freq="D", unit="s"))
    iso = day.dt.isocalendar()
    financial = day.dt.year - (day.dt.month < 4)
    return pd.DataFrame({
        "date_key": _date_key(day), "date": day,
        "year": day.dt.year, "quarter": day.dt.quarter, "month_number": day.dt.month,
        "month_name": day.dt.strftime("%b"), "month": day.dt.to_period("M").dt.to_timestamp(),
        "iso_year": iso["year"], "iso_week": iso["week"],
        "weekday_number": day.dt.day_of_week + 1, "weekday_name": day.dt.strftime("%a"),
        "is_weekend": day.dt.day_of_week >= 5,
        "financial_year": [f"{y}/{(y + 1) % 100:02d}" for y in financial],
    })  # fmt: skip


def _write_csv(frame: pd.DataFrame, kinds: dict[str, str], path: Path) -> None:
    shown = {}
    for column, kind in kinds.items():
        values = frame[column]
        if kind == "date":
            values = values.dt.strftime("%Y-%m-%d")
        elif kind == "time":
            values = values.dt.strftime("%Y-%m-%dT%H:%M:%S")
        elif kind == "flag":
            values = values.map({True: "true", False: "false"})
        elif kind == "text":
            values = values.map(_harmless, na_action="ignore")
        shown[column] = values
    plain = pd.DataFrame(shown, index=frame.index, columns=list(kinds))
    plain.to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\r\n",
                 float_format="%.10g")  # fmt: skip


def _harmless(text: str) -> str:
    """Return text on one line that no spreadsheet runs as a formula."""
    line = " ".join(text.split()) if "\n" in text or "\r" in text else text
    return f"'{line}" if line.startswith(_FORMULA) else line


def _write_parquet(frame: pd.DataFrame, kinds: dict[str, str], path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {"text": pa.string(), "number": pa.float64(), "whole": pa.int64(),
             "key": pa.int32(), "time": pa.timestamp("us"), "date": pa.date32(),
             "flag": pa.bool_()}  # fmt: skip
    arrays = [
        pa.array(frame[c].astype(object).where(frame[c].notna(), None), types[kind])
        for c, kind in kinds.items()
    ]
    pq.write_table(pa.table(arrays, names=list(kinds)), path, compression="snappy")
