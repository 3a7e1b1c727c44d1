"""The sample county as files such as a force would bring, flaws and all."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import located
from .county import FORCE, STEPPED, County, make_county

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

START, MONTHS, MISSING = "2021-12-01", 40, "2023-11"
"""Enough months for a seasonal claim (36) with one missing, so that the checks have one to show."""

_STREET = (
    "Crime ID", "Month", "Reported by", "Falls within", "Longitude", "Latitude", "Location",
    "LSOA code", "LSOA name", "Crime type", "Last outcome category", "Context",
)  # fmt: skip
_STOPS = (
    "Type", "Date", "Part of a policing operation", "Policing operation", "Latitude", "Longitude",
    "Gender", "Age range", "Self-defined ethnicity", "Officer-defined ethnicity", "Legislation",
    "Object of search", "Outcome", "Outcome linked to object of search",
    "Removal of more than just outer clothing",
)  # fmt: skip
_OUTCOMES = (
    ("Investigation complete; no suspect identified", 0.45),
    ("Unable to prosecute suspect", 0.35),
    ("Under investigation", 0.10),
    ("Local resolution", 0.04),
    ("Awaiting court outcome", 0.06),
)
_CODES = {  # closing codes of the force's own system; the first column's en dash needs cp1252
    "Anti-social behaviour": ("ASB – nuisance", "ASB – personal", "ASB – environmental"),
    "Bicycle theft": ("Theft – pedal cycle",),
    "Burglary": ("Burglary – residential", "Burglary – business and community"),
    "Criminal damage and arson": ("Criminal damage", "Arson"),
    "Drugs": ("Drugs – possession", "Drugs – trafficking"),
    "Other crime": ("Miscellaneous crime",),
    "Other theft": ("Theft – other", "Making off without payment"),
    "Possession of weapons": ("Weapons – possession",),
    "Public order": ("Public order – s5", "Public order – affray"),
    "Robbery": ("Robbery – personal", "Robbery – business"),
    "Shoplifting": ("Theft – shop",),
    "Theft from the person": ("Theft – person",),
    "Vehicle crime": ("Vehicle – theft from", "Vehicle – theft of", "Vehicle – interference"),
    "Violence and sexual offences": (
        "Violence – without injury", "Violence – with injury", "Harassment", "Sexual offence",
    ),
}  # fmt: skip
_SOURCES = {
    "public": ("999", "101", "Online"), "partner": ("Council CCTV", "Ambulance"),
    "police": ("Officer",), "unknown": ("Not stated",),
}  # fmt: skip
_CONFIG = """\
# What `hotspots run config.toml` does. Paths count from this file.

[data]
incidents = "county-street.zip"
lpts = "lpts.gpkg"

[hotspots]
category = "Anti-social behaviour"   # one, a list, or leave out for all
months = 24                          # the latest months; leave out for all
top_k = 20

[hotspots.empirical_bayes]           # learns from the other categories too

[hotspots.kde]
bandwidth = 300                      # metres

[hotspots.dbscan]
eps = 200                            # metres
min_incidents = 24

[grid]
size = 100                           # metres

[classes]                            # persistent, emerging, intermittent, former

[accuracy]                           # does it beat last year's counts?
horizon = "1MS"
origins = 6
coverage = 0.001                     # share of the area to flag

[alerts]                             # what is unusual in the latest month?

[trends]
by = ["lpt"]

[breaks]                             # steps in the level of each category

[forecast]                           # the next three months

[profiles]                           # one sheet per LPT

[patrols]
shifts = "shifts.csv"
units = "units.csv"
start = 2025-04-07
days = 7
seed = 1

[impact]                             # did earlier patrols work?
treated = "treated.geojson"
control = "control.geojson"
start = 2024-02-01

[impact.rules]
buffer_m = 200                       # metres about each place, for displacement

[output]
folder = "output"
title = "Ashenmere: hotspots and patrols"
"""
_BRIEF = """\
# What `hotspots brief brief.toml --when 2025-03-31` does. Paths count from this file.
# The extract holds two months, which is little: the briefing says so.

[data]
incidents = "extract.csv"
mapping = "extract.toml"
lpts = "lpts.gpkg"

[briefing]
hours = 24
start_hour = 7                       # when the policing day ends
folder = "briefing"
title = "Ashenmere: daily briefing"
"""


def write_sample(folder: str | Path, seed: int = 1) -> Path:
    """Write the sample county as files: police.uk zip, extract, LPTs, places, staff, config.

    The street zip and the extract carry planted flaws: a missing month, identifiers seen again,
    swapped and zero coordinates, a header inside a file, rows cut off, unknown categories, dates
    in the future, ends before starts.

    Parameters
    ----------
    folder : path
        Made when missing; files of the same names in it are replaced.
    seed : int
        Seed of the county.

    Returns
    -------
    Path
        The configuration to run: ``config.toml`` in the folder. ``brief.toml`` beside it is for
        the daily briefing.

    Examples
    --------
    >>> import tempfile
    >>> from hotspots.sample import write_sample
    >>> config = write_sample(tempfile.mkdtemp())
    >>> sorted(path.name for path in config.parent.iterdir())
    ['brief.toml', 'config.toml', 'control.geojson', 'county-street.zip', 'extract.csv',
     'extract.toml', 'lpts.gpkg', 'shifts.csv', 'treated.geojson', 'units.csv']
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    county = make_county(seed, months=MONTHS, start=START, scale=0.5)
    rng = np.random.default_rng([seed, 3])
    _write_street(folder / "county-street.zip", county, rng)
    _write_extract(folder / "extract.csv", county, rng)
    _write_mapping(folder / "extract.toml")
    (folder / "lpts.gpkg").unlink(missing_ok=True)
    county.lpts.reset_index().to_file(folder / "lpts.gpkg", layer="lpts", driver="GPKG")
    _write_places(folder, county)
    options: Any = {"index": False, "encoding": "utf-8", "lineterminator": "\n"}
    county.shifts.to_csv(folder / "shifts.csv", **options)
    county.units.reset_index().to_csv(folder / "units.csv", **options)
    config = folder / "config.toml"
    config.write_text(_CONFIG, encoding="utf-8", newline="\n")
    (folder / "brief.toml").write_text(_BRIEF, encoding="utf-8", newline="\n")
    return config


def _write_places(folder: Path, county: County) -> None:
    """Write the lasting hotspots that were patrolled, and those they are compared with."""
    lasting = county.hotspots.query("class_ == 'persistent'")
    # a step was planted in one team, which would pass for an effect
    lasting = lasting[lasting["lpt"] != STEPPED].reset_index()
    for name, rows in lasting.groupby(lasting["treated"].map({True: "treated", False: "control"})):
        path = folder / f"{name}.geojson"
        path.unlink(missing_ok=True)
        shapes = rows[["hotspot", "name", "lpt", "geometry"]].to_crs("EPSG:4326")
        shapes.to_file(path, driver="GeoJSON", COORDINATE_PRECISION=6)


def _choose(rng: np.random.Generator, options: Any, size: int, weights: Any = None) -> Any:
    upto = np.cumsum(np.ones(len(options)) if weights is None else weights)
    places = np.searchsorted(upto, rng.random(size) * upto[-1], side="right")
    return np.array(options, dtype=object)[places]


def _worded(
    rng: np.random.Generator, values: pd.Series, words: dict[str, tuple[str, ...]]
) -> list[str]:
    """Replace each value by one of the words the force's system has for it, mostly the first."""
    u = rng.random(len(values))
    return [words[v][int(w * w * len(words[v]))] for v, w in zip(values, u, strict=True)]


def _snapped(incidents: gpd.GeoDataFrame) -> NDArray[np.float64]:
    """Move every incident to the middle address of its street, as police.uk's map points do."""
    x, y = incidents.geometry.x.to_numpy(), incidents.geometry.y.to_numpy()
    place = incidents["place"].to_numpy(dtype=object)
    # Two towns of a team may share a street name: the square tells them apart.
    key = pd.MultiIndex.from_arrays([place, x // 5000, y // 5000])
    codes, streets = pd.factorize(key)
    n = len(streets)
    count = np.bincount(codes, minlength=n)
    middle = np.column_stack([np.bincount(codes, v, n) / count for v in (x, y)])
    away = np.hypot(x - middle[codes, 0], y - middle[codes, 1])
    order = np.lexsort((y, x, away))
    first = order[np.unique(codes[order], return_index=True)[1]]
    return np.column_stack([x[first], y[first]])[codes]


def _street_rows(county: County, rng: np.random.Generator) -> pd.DataFrame:
    """Build the rows of the street files as police.uk publishes them, all months in one frame."""
    import pyproj

    incidents = county.incidents
    known = located(incidents)
    xy = np.full((len(incidents), 2), np.nan)
    xy[known] = _snapped(incidents[known])
    to_wgs84 = pyproj.Transformer.from_crs(incidents.crs, "EPSG:4326", always_xy=True)
    lon, lat = to_wgs84.transform(xy[known, 0], xy[known, 1])
    rows = pd.DataFrame("", index=range(len(incidents)), columns=list(_STREET))
    kind = incidents["category"].to_numpy(dtype=object)
    asb = kind == "Anti-social behaviour"
    rows["Crime ID"] = [f"{n:064x}" if crime else "" for n, crime in enumerate(~asb, 1)]
    rows["Month"] = incidents["occurred_from"].dt.strftime("%Y-%m").to_numpy(dtype=object)
    rows["Reported by"] = rows["Falls within"] = FORCE
    for column, values in (("Longitude", lon), ("Latitude", lat)):
        text = np.full(len(rows), "", dtype=object)
        text[known] = [f"{v:.6f}" for v in values]
        rows[column] = text
    place = incidents["place"].to_numpy(dtype=object)
    rows["Location"] = [
        f"On or near {p}" if k else "No Location" for p, k in zip(place, known, strict=True)
    ]
    team = incidents["lpt"].astype(object).fillna("Oldersby").to_numpy()
    square = (np.nan_to_num(xy) // 2000).astype(np.int64)
    lsoa, _ = pd.factorize(pd.MultiIndex.from_arrays([team, square[:, 0], square[:, 1]]), sort=True)
    rows["LSOA code"] = [f"E0109{n:04d}" if k else "" for n, k in zip(lsoa, known, strict=True)]
    rows["LSOA name"] = [
        f"{t} {n:03d}A" if k else "" for t, n, k in zip(team, lsoa, known, strict=True)
    ]
    rows["Crime type"] = kind
    names, weights = zip(*_OUTCOMES, strict=True)
    rows["Last outcome category"] = np.where(asb, "", _choose(rng, names, len(rows), weights))
    return rows


def _write_street(path: Path, county: County, rng: np.random.Generator) -> None:
    rows = _street_rows(county, rng)
    files = {str(month): part.to_numpy().tolist() for month, part in rows.groupby("Month")}
    months = sorted(files)
    for n in range(6):  # decided later: the same crime again in the next month's file
        row = next(r for r in files[months[10 + n]][n * 20 :] if r[0])
        files[months[11 + n]].append([*row[:10], "Local resolution", ""])
    _add_flaws(files, months)
    del files[MISSING]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for month, lines in files.items():
            _add_csv(archive, f"{month}/{month}-ashenmere-street.csv", [list(_STREET), *lines])
        month = months[-1]
        solved = [["", month, FORCE, FORCE, *r[4:9], r[10]] for r in files[month] if r[0]][:40]
        header = [*_STREET[:9], "Outcome type"]
        _add_csv(archive, f"{month}/{month}-ashenmere-outcomes.csv", [header, *solved])
        stops = [
            ["Person search", f"{month}-{day:02d}T21:15:00+00:00", "", "", r[5], r[4], "", "", "",
             "", "", "Controlled drugs", "A no further action disposal", "", "False"]
            for day, r in enumerate(files[month][:20], 1)
        ]  # fmt: skip
        _add_csv(archive, f"{month}/{month}-ashenmere-stop-and-search.csv", [list(_STOPS), *stops])


def _add_flaws(files: dict[str, list[list[str]]], months: list[str]) -> None:
    """Spoil a few rows, one kind of flaw a month."""
    early = files[months[3]]
    for row in [r for r in early if r[4]][:2]:
        row[4], row[5] = row[5], row[4]
    for row in [r for r in files[months[5]] if r[4]][:2]:
        row[4] = row[5] = "0.000000"
    files[months[7]].insert(100, list(_STREET))
    files[months[9]][50] = files[months[9]][50][:6]
    files[months[20]][10][1] = "2052-03"
    files[months[25]][30][9] = "Littering and loitering"
    files[months[27]][40][9] = ""


def _add_csv(archive: zipfile.ZipFile, name: str, rows: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    info = zipfile.ZipInfo(name, date_time=(2025, 4, 10, 9, 0, 0))
    info.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(info, text.getvalue().encode("utf-8"))


def _write_extract(path: Path, county: County, rng: np.random.Generator) -> None:
    """Write the last two months as a control-room extract: exact points, from and to times."""
    last = county.incidents["occurred_from"].max().normalize().replace(day=1)
    since = last - pd.DateOffset(months=1)
    rows = county.incidents[county.incidents["occurred_from"] >= since]
    known = located(rows)
    start, end = rows["occurred_from"], rows["occurred_to"]
    told = end + pd.to_timedelta(np.floor(-90 * np.log1p(-rng.random(len(rows)))), unit="min")
    exact = (start == end).to_numpy()
    table = pd.DataFrame({
        "Log No": [f"{t:%Y%m%d}-{n:04d}" for n, t in enumerate(told, 1)],
        "Reported": told.dt.strftime("%d/%m/%Y %H:%M").to_numpy(),
        "Date From": start.dt.strftime("%d/%m/%Y").to_numpy(),
        "Time From": start.dt.strftime("%H:%M").to_numpy(),
        "Date To": np.where(exact, "", end.dt.strftime("%d/%m/%Y").to_numpy(dtype=object)),
        "Time To": np.where(exact, "", end.dt.strftime("%H:%M").to_numpy(dtype=object)),
        "Closing Code": _worded(rng, rows["category"], _CODES),
        "Call Source": _worded(rng, rows["origin"], _SOURCES),
        "Road Name": rows["place"].astype(object).fillna("").to_numpy(),
        "Easting": [f"{v:,.0f}" if k else "" for v, k in zip(rows.geometry.x, known, strict=True)],
        "Northing": [f"{v:,.0f}" if k else "" for v, k in zip(rows.geometry.y, known, strict=True)],
    })  # fmt: skip
    lines = table.astype(object).to_numpy().tolist()
    column = {name: n for n, name in enumerate(table.columns)}
    ranged = [r for r in lines if r[column["Date To"]]]
    for row in ranged[:2]:  # the end before the start
        row[column["Date To"]] = "01/01/2025"
    lines[5][column["Date From"]] = lines[5][column["Date To"]] = "05/02/2055"
    lines[6][column["Time From"]] = "24:00"
    lines[7][column["Closing Code"]] = "Duplicate – no action"
    for row in [r for r in lines if r[column["Easting"]]][8:10]:
        row[-2], row[-1] = row[-1], row[-2]
    lines[12] = lines[12][:5]
    lines.append(list(lines[20]))  # the same log again
    with path.open("w", encoding="cp1252", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(table.columns)
        writer.writerows(lines)


def _write_mapping(path: Path) -> None:
    codes = [f'"{code}" = "{kind}"' for kind, codes in _CODES.items() for code in codes]
    calls = [f'"{call}" = "{origin}"' for origin, calls in _SOURCES.items() for call in calls]
    path.write_text("\n".join([
        "# How to read extract.csv: `hotspots check extract.csv --mapping extract.toml`.",
        f'source = "{FORCE}"',
        'crs = "EPSG:27700"',
        "day_first = true",
        "",
        "[columns]",
        'id = "Log No"',
        'category = "Closing Code"',
        'occurred_from = "Date From"',
        'occurred_from_time = "Time From"',
        'occurred_to = "Date To"',
        'occurred_to_time = "Time To"',
        'recorded_at = "Reported"',
        'origin = "Call Source"',
        'place = "Road Name"',
        'easting = "Easting"',
        'northing = "Northing"',
        "",
        "[categories]",
        *codes,
        "",
        "[origins]",
        *calls,
        "",
    ]), encoding="utf-8", newline="\n")  # fmt: skip
