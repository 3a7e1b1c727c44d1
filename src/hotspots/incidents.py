"""Records of any shape → the incidents table, with every row accounted for."""

from __future__ import annotations

import hashlib
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from .contracts import CRS, InputError, Result, check_incidents, recorded_months
from .places import assign_lpt
from .sources import mapped, police_uk
from .sources._cells import read_workbook, rows_of_frame
from .sources._draft import TEXT, Draft, Fact, constant, join
from .sources._files import TableFile, find_files
from .sources._mapping import (
    KNOWN_NAMES,
    RecordMapping,
    missing_columns,
    read_mapping,
    with_points,
)
from .sources._points import Area, place_points
from .sources._quality import add_up, lines, lsoa_facts, month_facts, precision_facts
from .sources._rows import Rows, plain_name, read_delimited

_STR = pd.Series(["text"]).dtype  # str in pandas 3, object before
_LONG = 60_000_000  # bytes from which reading takes long enough for a progress bar
_CLASHES = 20  # IDs naming different records before IDs are taken to start anew
_WHAT = "read_incidents"
_POLICE_NAMES = frozenset(plain_name(n) for n in police_uk.COLUMNS)


@dataclass(frozen=True, repr=False)
class Ingest(Result):
    """What :func:`read_incidents` returns.

    Parameters
    ----------
    incidents : GeoDataFrame
        The incidents table, index ``incident``: the record's own ID where it has one, else the
        file and line it came from, so it is the same at every reading.
    rejected : DataFrame
        Every refused row: ``file``, ``line`` (from 1, as an editor shows it), ``reason``,
        ``text`` as written.
    superseded : DataFrame
        Rows whose ID comes again in a later month, file or line: ``incident``, ``file``, ``line``,
        ``reason`` (which names the row kept) and the values as read.
    months : DataFrame
        Incidents per source and month, and whether the month is present, thin, missing or
        incomplete; see :func:`hotspots.contracts.recorded_months`.
    quality : DataFrame
        One row a finding: ``check``, ``rows``, ``of`` (the rows looked at: those that came in for
        what was found while reading, those accepted for the rest), ``share`` (rows / of, 0 to 1),
        ``action`` (noted, kept, fixed, guessed), ``detail``.
    files : DataFrame
        Every file found: ``file``, ``role`` (read, left aside), ``rows``, ``accepted``,
        ``rejected``, ``superseded``, ``detail`` (why aside; encoding, delimiter, header).

    Examples
    --------
    >>> loaded = read_incidents(pd.DataFrame({"type": ["ASB"], "date": ["2025-04-25 21:10"],
    ...                                       "easting": [388100], "northing": [347500]}))
    >>> list(loaded.tables)
    ['incidents', 'rejected', 'superseded', 'months', 'quality', 'files']
    >>> print(loaded)
    1 row in = 1 accepted + 0 rejected + 0 superseded, from 1 file.
    DataFrame, 2025-04 to 2025-04: 1 month present.
    ...
    """

    incidents: gpd.GeoDataFrame
    rejected: pd.DataFrame
    superseded: pd.DataFrame
    months: pd.DataFrame
    quality: pd.DataFrame
    files: pd.DataFrame

    @property
    def text(self) -> str:
        """What came in, what was refused, and what the records can and cannot bear."""
        return "\n".join(
            lines(len(self.incidents), self.rejected, len(self.superseded), self.months,
                  self.quality, self.files)
        )  # fmt: skip


@dataclass
class _Read:
    """What has been read of a source: a draft per file, and the fate of every file."""

    drafts: list[Draft] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    rows_in: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    aside: list[tuple[str, str]] = field(default_factory=list)

    def add(self, rows: Rows, draft: Draft) -> None:
        self.drafts.append(draft)
        self.names.append(rows.name)
        self.rows_in.append(len(rows.line) + len(rows.refused))
        self.notes.append("; ".join(rows.notes))


def read_incidents(
    source: Any,
    *,
    lpts: pd.DataFrame | None = None,
    mapping: str | Path | Mapping[str, Any] | None = None,
    crs: str = CRS,
    now: str | pd.Timestamp | None = None,
    progress: bool = True,
) -> Ingest:
    """Read records of crime and ASB, check them, place them, and say what was found.

    Parameters
    ----------
    source : path, list of paths or DataFrame
        A file, folder, glob or zip, or a list of them. data.police.uk downloads are read as they
        are; of the files in them only the street files hold incidents, the others are left aside
        and named. CSV, TSV, text and Excel files are read through ``mapping``.
    lpts : GeoDataFrame or DataFrame, optional
        Polygons from :func:`~hotspots.read_lpts`, or the look-up table by LSOA from
        :func:`~hotspots.read_lpt_lookup`; fills the column ``lpt``.
    mapping : path or dict, optional
        Which column holds what, as TOML or dict; see the guide *Reading records*. Without one
        the columns are guessed from their names, and the result's text says how.
    crs : str
        Coordinate system of the points returned, projected, in metres. Easting and northing are
        taken to be in it unless the mapping says otherwise.
    now : str or Timestamp, optional
        Rows dated after it are refused; the clock of this computer by default.
    progress : bool
        Whether a long reading may show a progress bar (only in a terminal or a notebook).

    Returns
    -------
    Ingest
        Rows in = incidents + rejected + superseded, exactly.

    Raises
    ------
    InputError
        Naming every fault: paths that are not there, locked or broken zips, nothing that holds
        incidents, faults of the mapping, columns it names that a file does not have.

    Notes
    -----
    A row is *refused* only when it has no usable date or category, or is no whole row. A row with
    an impossible coordinate is *kept* for the counts and loses its point. Rows without an ID, such
    as ASB on data.police.uk, are never taken for duplicates of one another.

    References
    ----------
    data.police.uk, "About the data": columns, monthly dates, anonymised map points.

    Examples
    --------
    >>> import hotspots as hs
    >>> log = pd.DataFrame({
    ...     "URN": ["A1", "A2", "A2"], "Closing code": ["ASB", "Burglary", "Burglary"],
    ...     "Created": ["25/04/2025 21:10", "26/04/2025 24:00", "32/04/2025"],
    ...     "Grid ref": ["SJ 88 47", "", "SJ 88 47"]})
    >>> loaded = hs.read_incidents(log)
    >>> loaded.incidents[["category", "occurred_from", "geometry"]]
             category       occurred_from               geometry
    incident
    A1            ASB 2025-04-25 21:10:00  POINT (388500 347500)
    A2       Burglary 2025-04-27 00:00:00            POINT EMPTY
    >>> loaded.rejected[["line", "reason"]]
       line                               reason
    0     3  no date can be read in '32/04/2025'
    """
    clock = _clock(now)
    shapes, lookup = _areas(lpts, crs)
    area = Area.of(crs, None if shapes is None else tuple(shapes.total_bounds))
    said = None if mapping is None else read_mapping(mapping)
    read = _read(source, said, crs, clock, progress)
    frame = _join(read.drafts)
    keys, reused = _keys(frame, read)
    incident = _labels(frame, keys, read)
    later = _later(frame, keys, read)
    superseded = _superseded(frame, incident, later, read)
    kept = later < 0
    frame, incident = frame[kept].reset_index(drop=True), incident[kept]
    found = [fact for draft in read.drafts for fact in draft.facts] + reused
    incidents, placed = _place(frame, incident, read, area, shapes, lookup)
    months = recorded_months(incidents)
    placed += _whole_facts(frame, incidents, months)
    rejected = pd.DataFrame(
        [(n, *row) for n, d in zip(read.names, read.drafts, strict=True) for row in d.refused],
        columns=["file", "line", "reason", "text"],
    )
    files = _files(read, frame, rejected, superseded)
    quality = pd.concat(
        [add_up(found, sum(read.rows_in)), add_up(placed, len(incidents))], ignore_index=True
    )
    return Ingest(check_incidents(incidents), rejected, superseded, months, quality, files)


def _clock(now: str | pd.Timestamp | None) -> pd.Timestamp:
    """Until when records may be dated, as local wall-clock."""
    try:
        clock = pd.Timestamp.now() if now is None else pd.Timestamp(now)
    except (ValueError, TypeError) as error:
        raise InputError("now", [f"{now!r} is no date; give one as '2025-04-07'."]) from error
    if pd.isna(clock):
        raise InputError("now", ["it is missing; give a date as '2025-04-07', or leave it out."])
    return clock.tz_localize(None)


def _areas(lpts: pd.DataFrame | None, crs: str) -> tuple[gpd.GeoDataFrame | None, pd.Series | None]:
    """Tell polygons from a look-up table; polygons come back in the CRS asked for."""
    if lpts is None:
        return None, None
    if isinstance(lpts, gpd.GeoDataFrame):
        return (lpts if lpts.crs is None or lpts.crs == crs else lpts.to_crs(crs)), None
    if isinstance(lpts, pd.DataFrame) and lpts.index.name == "lsoa" and "lpt" in lpts:
        return None, lpts["lpt"]
    raise InputError("lpts", [
        f"it is of type {type(lpts).__name__}; give what read_lpts or read_lpt_lookup returns."
    ])  # fmt: skip


def _read(
    source: Any, mapping: RecordMapping | None, crs: str, now: pd.Timestamp, progress: bool
) -> _Read:
    """Read every file of the source into drafts."""
    read = _Read()
    if isinstance(source, pd.DataFrame):
        if mapping is not None and isinstance(source, gpd.GeoDataFrame):
            mapping = with_points(mapping)
        if why := _read_rows(rows_of_frame(source, crs), mapping, crs, now, read):
            raise InputError(_WHAT, [f"the DataFrame holds no incidents: {why}"])
        return read
    found, read.aside = find_files(source)
    found = _latest_release(found, read)
    faults: list[str] = []
    contents: dict[bytes, str] = {}
    for item in _progress(found, progress):
        data = item.read()
        before = contents.setdefault(hashlib.blake2b(data).digest(), item.name)
        rows = _rows(item, data, mapping)
        if rows is None:
            read.aside.append((item.name, "empty"))
        elif before != item.name:  # rows without an ID would count twice
            read.aside.append((item.name, f"a copy of {before}"))
        elif why := _read_rows(rows, mapping, crs, now, read):
            read.aside.append((item.name, why))
            faults.append(f"{item.name}: {why}")
    if not read.drafts:
        seen = faults or [f"{name}: {why}" for name, why in read.aside]
        more = [f"and {len(seen) - 10:,} files more."] if len(seen) > 10 else []
        raise InputError("no incidents found in the files given", [*seen[:10], *more])
    return read


def _rows(item: TableFile, data: bytes, mapping: RecordMapping | None) -> Rows | None:
    """Open one file as rows of text."""
    known = KNOWN_NAMES | _POLICE_NAMES
    if mapping is not None:
        known = known | {plain_name(name) for name in mapping.columns.values()}
    if item.excel:
        return read_workbook(item.name, data, known, mapping.sheet if mapping else None)
    return read_delimited(item.name, data, known)


def _read_rows(
    rows: Rows, mapping: RecordMapping | None, crs: str, now: pd.Timestamp, read: _Read
) -> str | None:
    """Read the rows of one file by its format; return why when they hold no incidents."""
    kind = police_uk.kind(rows.header)
    fits = mapping is not None and not missing_columns(mapping, rows.header)
    if not fits and kind == "street":
        read.add(rows, police_uk.read_street(rows, now))
        return None
    if not fits and kind is not None:
        return f"{kind} file of data.police.uk, no incidents"
    if mapping is not None and not mapping.faults and not fits:
        absent = missing_columns(mapping, rows.header)
        if len(absent) == len(mapping.columns):
            return f"none of the mapping's columns are in it: {' '.join(absent)}"
    try:
        read.add(rows, mapped.read_mapped(rows, mapping, crs, now))
    except InputError as error:
        if mapping is not None:
            raise
        return " ".join(error.faults)
    return None


def _latest_release(found: list[TableFile], read: _Read) -> list[TableFile]:
    """Leave aside a street file given again later: the same force and month must count once.

    ASB rows have no ID, so nothing else could tell the two releases' rows apart.
    """
    last = {item.base: item.name for item in found if police_uk.STREET_FILE.fullmatch(item.base)}
    kept = []
    for item in found:
        if last.get(item.base, item.name) == item.name:
            kept.append(item)
        else:
            read.aside.append((item.name, "the same force and month comes again in a later file"))
    return kept


def _progress(found: list[TableFile], wanted: bool) -> Iterator[TableFile] | Iterable[TableFile]:
    long = sum(item.size for item in found) > _LONG
    if not (wanted and long and (sys.stderr.isatty() or "ipykernel" in sys.modules)):
        return found
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a notebook without widgets gets the plain bar
        from .progress import progress_bar

    return progress_bar(found, desc="reading records", unit="file")  # type: ignore[no-any-return]


def _join(drafts: Sequence[Draft]) -> pd.DataFrame:
    """Lay the drafts one under another, with the number of each row's draft in ``at``."""
    frames = [draft.frame for draft in drafts]
    joined: dict[str, Any] = {"at": np.repeat(np.arange(len(frames)), [len(f) for f in frames])}
    for name in ("line", "id", "occurred_from", "occurred_to", "x", "y"):
        joined[name] = pd.concat([f[name] for f in frames], ignore_index=True)
    if any("recorded_at" in f for f in frames):
        nothing = np.datetime64("NaT", "s")
        joined["recorded_at"] = np.concatenate([
            f["recorded_at"].to_numpy().astype("datetime64[s]")
            if "recorded_at" in f else np.full(len(f), nothing) for f in frames
        ])  # fmt: skip
    for name in TEXT:
        if name in ("category", "source") or any(name in f for f in frames):
            joined[name] = join(
                [f[name].array if name in f else constant("", len(f)) for f in frames]
            )
    return pd.DataFrame(joined)


def _keys(frame: pd.DataFrame, read: _Read) -> tuple[NDArray[np.int64], list[Fact]]:
    """Give rows of one record the same number, and rows without an ID -1.

    An ID names one record within one system. Some systems start their numbers anew (the Police
    Service of Northern Ireland does every month on data.police.uk): where over 5% of a source's
    IDs name several times with several categories, an ID counts within its time only.
    """
    facts: list[Fact] = []
    codes, _ = pd.factorize(frame["id"])
    codes = codes.astype(np.int64)
    scopes, systems = pd.factorize(np.array([draft.scope for draft in read.drafts], dtype=object))
    if len(systems) > 1:
        codes, _ = pd.factorize(codes * len(systems) + scopes[frame["at"]])
    given = (frame["id"] != "").to_numpy()
    codes[~given] = -1
    again = np.bincount(codes[given], minlength=1)[codes] > 1
    again &= given
    if not again.any():
        return codes, facts
    few = frame.loc[again, ["source", "category", "occurred_from"]].assign(code=codes[again])
    each = few.groupby(["source", "code"], observed=True).nunique()
    clash = (each["category"] > 1) & (each["occurred_from"] > 1)
    for source, n in clash.groupby("source", observed=True).sum().items():
        mine = (frame["source"] == source).to_numpy() & given
        ids = len(np.unique(codes[mine]))
        if n < _CLASHES or n < 0.05 * ids:
            continue
        when = pd.factorize(frame["occurred_from"].to_numpy()[mine])[0]
        apart, _ = pd.factorize(codes[mine] * (when.max() + 1) + when)
        codes[mine] = codes.max() + 1 + apart
        facts.append(
            Fact("IDs used again", int(mine.sum()), "kept", f"of {source}, whose IDs name other "
                 "records at other times: told apart by their time too")
        )  # fmt: skip
    return codes, facts


def _labels(frame: pd.DataFrame, keys: NDArray[np.int64], read: _Read) -> NDArray[np.object_]:
    """Name each row by its ID, or by its file and line; an ID with two meanings by file and ID."""
    base = pd.Series([name.rsplit("/", 1)[-1] for name in read.names], dtype=object)
    full = pd.Series(read.names, dtype=object)
    files = base.where(~base.duplicated(keep=False), full).to_numpy()
    labels = frame["id"].to_numpy(dtype=object, copy=True)
    at, line = frame["at"].to_numpy(), frame["line"].to_numpy()
    bare = np.flatnonzero(keys < 0)
    labels[bare] = [f"{files[a]}:{n}" for a, n in zip(at[bare], line[bare], strict=True)]
    codes, _ = pd.factorize(labels)
    first = np.full(codes.max(initial=0) + 1, -2, dtype=np.int64)
    first[codes] = keys
    mixed = np.zeros(len(first), dtype=bool)
    mixed[codes[first[codes] != keys]] = True
    for i in np.flatnonzero(mixed[codes]):
        labels[i] = f"{files[at[i]]}:{labels[i]}" + (f":{line[i]}" if keys[i] < 0 else "")
    return labels


def _later(frame: pd.DataFrame, keys: NDArray[np.int64], read: _Read) -> NDArray[np.int64]:
    """For each row the position of the row that supersedes it, -1 where none does.

    Of one record the version with the later ``recorded_at`` or, on data.police.uk, the later
    month wins, then the later file, then the later line.
    """
    result = np.full(len(frame), -1, dtype=np.int64)
    given = np.flatnonzero(keys >= 0)
    given = given[np.bincount(keys[given], minlength=1)[keys[given]] > 1]
    if not len(given):
        return result
    at = frame["at"].to_numpy()[given]
    street = np.array([draft.scope == police_uk.SCOPE for draft in read.drafts])[at]
    when = frame["occurred_from"].to_numpy()[given]
    if "recorded_at" in frame:
        when = np.where(street, when, frame["recorded_at"].to_numpy()[given])
        street = np.ones(len(given), dtype=bool)
    when = when.astype("datetime64[s]")
    rank = np.where(street & ~np.isnat(when), when.astype(np.int64), np.iinfo(np.int64).min)
    order = given[np.lexsort((given, rank, keys[given]))]
    last = np.append(keys[order][1:] != keys[order][:-1], True)
    winner = order[last][np.cumsum(np.append(False, last[:-1]))]
    result[order[~last]] = winner[~last]
    return result


def _superseded(
    frame: pd.DataFrame, incident: NDArray[np.object_], later: NDArray[np.int64], read: _Read
) -> pd.DataFrame:
    lost = np.flatnonzero(later >= 0)
    names = np.array(read.names, dtype=object)
    at, line = frame["at"].to_numpy(), frame["line"].to_numpy()
    given = frame.iloc[lost].drop(columns=["at", "line", "id"]).reset_index(drop=True)
    for name in given.columns.intersection(list(TEXT)):
        given[name] = _text(given[name].array)
    why = [f"the same ID comes again in {names[at[w]]}, line {line[w]}" for w in later[lost]]
    head = pd.DataFrame({
        "incident": pd.Series(incident[lost], dtype=_STR),
        "file": pd.Series(names[at[lost]], dtype=_STR),
        "line": line[lost], "reason": pd.Series(why, dtype=_STR),
    })  # fmt: skip
    return pd.concat([head, given], axis=1)


def _place(
    frame: pd.DataFrame, incident: NDArray[np.object_], read: _Read, area: Area,
    shapes: gpd.GeoDataFrame | None, lookup: pd.Series | None,
) -> tuple[gpd.GeoDataFrame, list[Fact]]:  # fmt: skip
    """Give each incident its point and LPT; every distinct place is worked out once."""
    codes, x, y, facts = _unique_points(frame, read, area)
    points = np.append(shapely.points(np.nan_to_num(x), np.nan_to_num(y)), shapely.Point())
    gone = np.append(np.isnan(x), True)
    points[gone] = shapely.Point()
    unplaced = gone[codes]
    columns: dict[str, Any] = {}
    for name in ("category", "occurred_from", "occurred_to", "lpt", *TEXT[1:], "recorded_at"):
        if name == "lpt" and shapes is not None:
            teams = np.append(assign_lpt(x, y, shapes), np.nan)
            columns[name] = pd.Series(teams[codes], dtype=_STR)
        elif name == "lpt" and lookup is not None:
            columns[name] = _lpt_by_lsoa(frame, lookup)
        elif name in TEXT and name in frame:
            columns[name] = _text(frame[name].array)
        elif name in frame:
            columns[name] = frame[name]
    facts += _place_facts(columns.get("lpt"), unplaced, lookup is not None)
    table = pd.DataFrame(columns)
    table.index = pd.Index(incident, dtype=_STR, name="incident")
    return gpd.GeoDataFrame(table, geometry=points[codes], crs=area.crs), facts


def _text(values: pd.Categorical) -> pd.Series:
    """Write a categorical out as text, each value made once."""
    names = pd.Series(values.categories.to_numpy(dtype=object), dtype=_STR).array
    return pd.Series(names.take(values.codes, allow_fill=True), dtype=_STR)


def _unique_points(
    frame: pd.DataFrame, read: _Read, area: Area
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], list[Fact]]:
    """Project the distinct places, and tell each row its place (-1 for none)."""
    homes = np.array([draft.crs for draft in read.drafts], dtype=object)
    systems, kinds = pd.factorize(homes)
    codes = np.full(len(frame), -1, dtype=np.int64)
    xs, ys, facts, count = [], [], [], 0
    for number, home in enumerate(kinds):
        given = (systems == number)[frame["at"]] & frame["x"].notna() & frame["y"].notna()
        rows = np.flatnonzero(given)
        first, east = pd.factorize(frame["x"].to_numpy()[rows])
        second, north = pd.factorize(frame["y"].to_numpy()[rows])
        place, pairs = pd.factorize(first * max(len(north), 1) + second)
        x, y, found = place_points(
            east[pairs // max(len(north), 1)], north[pairs % max(len(north), 1)],
            np.bincount(place, minlength=len(pairs)), home, area,
        )  # fmt: skip
        codes[rows] = place + count
        count += len(pairs)
        xs.append(x)
        ys.append(y)
        facts += found
    return codes, np.concatenate(xs), np.concatenate(ys), facts


def _lpt_by_lsoa(frame: pd.DataFrame, lookup: pd.Series) -> pd.Series:
    if "lsoa" not in frame:
        raise InputError("lpts", [
            "the look-up table goes by LSOA and the records have none; give polygons (read_lpts)."
        ])  # fmt: skip
    return frame["lsoa"].astype(object).map(lookup).astype(_STR)


def _place_facts(lpt: pd.Series | None, unplaced: NDArray[np.bool_], by_lsoa: bool) -> list[Fact]:
    facts = []
    if n := int(unplaced.sum()):
        facts.append(Fact("no location", n, "kept", "without a point: in counts, not on maps"))
    if lpt is None:
        return facts
    none = lpt.isna().to_numpy()
    if by_lsoa:
        if n := int(none.sum()):
            facts.append(Fact("outside the LPTs", n, "kept", "with an LSOA no LPT has"))
    elif n := int((none & ~unplaced).sum()):
        facts.append(Fact("outside the LPTs", n, "kept", "located outside every LPT"))
    return facts


def _whole_facts(frame: pd.DataFrame, incidents: pd.DataFrame, months: pd.DataFrame) -> list[Fact]:
    facts = precision_facts(incidents) + month_facts(months)
    if "lsoa" in frame:
        facts += lsoa_facts(frame["lsoa"].array, frame["occurred_from"].to_numpy())
    return facts


def _files(
    read: _Read, frame: pd.DataFrame, rejected: pd.DataFrame, superseded: pd.DataFrame
) -> pd.DataFrame:
    """Account for every file, and for every row of it."""
    table = pd.DataFrame({"file": read.names, "role": "read", "rows": read.rows_in})
    table["accepted"] = np.bincount(frame["at"], minlength=len(table))
    for name, lost in (("rejected", rejected), ("superseded", superseded)):
        counts = lost["file"].value_counts()
        table[name] = table["file"].map(counts).fillna(0).astype(np.int64)
    table["detail"] = read.notes
    told = table["accepted"] + table["rejected"] + table["superseded"]
    if not (told == table["rows"]).all():
        raise AssertionError(f"rows lost or made: {table[told != table['rows']].to_dict('list')}")
    aside = pd.DataFrame(read.aside, columns=["file", "detail"]).assign(role="left aside")
    counts_ = ["rows", "accepted", "rejected", "superseded"]
    for name in counts_:
        aside[name] = 0
    if not len(aside):
        return table
    return pd.concat([table, aside[table.columns]], ignore_index=True)
