"""Community and partner priorities: read, checked, and turned into points for hotspots."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import PRIORITIES, InputError, check_table
from .files import read_table, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

KEPT_DAYS = 90
"""Days after its date on which a priority without an expiry counts for the last time."""

WHERE = ("hotspot", "place", "lpt", "point")
_POINT = ("easting", "northing", "radius_m")


def read_priorities(path: str | Path) -> pd.DataFrame:
    r"""Read the priorities that communities and partners raised, and check them.

    Parameters
    ----------
    path : str or Path
        A CSV file (UTF-8 or cp1252; comma, semicolon or tab) with a row per priority, or a TOML
        file with a ``[[priority]]`` table each. Columns as in ``contracts.PRIORITIES``; dates year
        first, as 2026-03-02. Each is about one of: a ``hotspot``, a ``place`` (a street), an
        ``lpt``, or a circle (``easting``, ``northing``, ``radius_m``, metres).

    Returns
    -------
    DataFrame
        One row per priority, in the order of the file, ``expiry`` filled with 90 days after
        ``date`` where it was blank.

    Raises
    ------
    InputError
        Naming every fault: missing columns, dates that are none, a weight out of 0 to 1, an
        expiry before the date, no place or two.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "priorities.csv"
    ...     _ = path.write_text("theme,source,date,weight,author,place\n"
    ...                         "Bikes,PACT meeting,2026-02-10,0.8,beat manager,Mill Lane\n",
    ...                         encoding="utf-8")
    ...     read_priorities(path)["expiry"].dt.date.tolist()
    [datetime.date(2026, 5, 11)]
    """
    what = Path(path).name
    stand_ins = {"theme": "?", "source": "?", "author": "?", "expiry": pd.NaT}
    frame, faults = read_table(path, PRIORITIES, "priority", stand_ins)
    try:
        checked = check_priorities(frame, what)
    except InputError as error:
        raise InputError(what, [*faults, *error.faults]) from None
    if faults:
        raise InputError(what, faults)
    return checked


def check_priorities(priorities: Any, what: str = "priorities") -> pd.DataFrame:
    """Check a priorities table and return it with every expiry filled, or raise one InputError."""
    check_table(priorities, PRIORITIES, what)
    if isinstance(priorities.index, pd.MultiIndex) or not priorities.index.is_unique:
        priorities = priorities.reset_index(drop=True)
    frame: pd.DataFrame = priorities.copy()
    for column in PRIORITIES.columns:
        if column.name not in frame.columns:
            kind = {"time": "datetime64[s]", "number": "float64"}.get(column.kind, "object")
            frame[column.name] = pd.Series(np.nan if kind == "float64" else None,
                                           index=frame.index, dtype=kind)  # fmt: skip
    usual = frame["date"].dt.normalize() + pd.Timedelta(days=KEPT_DAYS)
    frame["expiry"] = frame["expiry"].where(frame["expiry"].notna(), usual)
    faults = []
    for number, row in enumerate(frame.to_dict("records"), 1):
        faults += _row_faults(f"row {number} ({row['theme']})", row)
    if faults:
        raise InputError(what, faults)
    return frame


def about(row: Mapping[Any, Any]) -> list[str]:
    """Name the kinds of place a priority gives: hotspot, place, lpt, point.

    Examples
    --------
    >>> about({"place": "Mill Lane", "lpt": None, "easting": float("nan")})
    ['place']
    """
    found = [name for name in WHERE[:3] if text_of(row.get(name))]
    point = [row.get(name) is not None and not pd.isna(row.get(name)) for name in _POINT]
    return [*found, "point"] if any(point) else found


def _row_faults(where: str, row: Mapping[Any, Any]) -> list[str]:
    faults = []
    if not 0 <= row["weight"] <= 1:
        faults.append(f"{where}: weight is {row['weight']:g}; it must be 0 to 1.")
    if row["expiry"] < row["date"].normalize():
        faults.append(
            f"{where}: expiry {row['expiry']:%Y-%m-%d} is before its date {row['date']:%Y-%m-%d}; "
            "set one of them right."
        )
    faults += [f"{where}: {name} is blank; say {needed}." for name, needed in _NEEDED.items()
               if not text_of(row[name])]  # fmt: skip
    given = about(row)
    if len(given) != 1:
        told = "about no place" if not given else f"about {' and '.join(given)} at once"
        faults.append(
            f"{where}: it is {told}; give one of hotspot, place, lpt, or easting, northing and "
            "radius_m."
        )
    if "point" in given:
        missing = [name for name in _POINT if pd.isna(row[name]) or np.isinf(row[name])]
        if missing:
            faults.append(f"{where}: {', '.join(missing)} is missing; a circle needs all three.")
        elif row["radius_m"] <= 0:
            faults.append(f"{where}: radius_m is {row['radius_m']:g}; it must be above 0 metres.")
    return faults


_NEEDED = {"theme": "what is asked for", "source": "where it was raised",
           "author": "the role that entered it"}  # fmt: skip


def touched(
    row: Mapping[Any, Any], hotspots: gpd.GeoDataFrame, places: list[set[str]]
) -> NDArray[np.bool_]:
    """Tell which hotspots a priority is about; ``places`` are the streets in each, casefolded."""
    import shapely

    kind = about(row)[0]
    if kind == "hotspot":
        return np.array([name == text_of(row["hotspot"]) for name in hotspots.index], dtype=bool)
    if kind == "lpt":
        asked = text_of(row["lpt"])
        return np.array([str(name).strip() == asked for name in hotspots["lpt"]], dtype=bool)
    if kind == "place":
        asked = plain_place(row["place"])
        return np.array([asked in here for here in places], dtype=bool)
    point = shapely.Point(row["easting"], row["northing"])
    near: NDArray[np.bool_] = shapely.dwithin(
        hotspots.geometry.to_numpy(), point, float(row["radius_m"])
    )
    return near


def plain_place(text: Any) -> str:
    """Bring the name of a street to one form: no "On or near", one case, single blanks.

    Examples
    --------
    >>> plain_place(" On or near  Market LANE ")
    'market lane'
    """
    plain = " ".join((text_of(text) or "").casefold().split())
    return plain.removeprefix("on or near ")


def add_points(
    priorities: pd.DataFrame | None, need: pd.DataFrame, hotspots: gpd.GeoDataFrame,
    places: list[set[str]], share: float, on: pd.Timestamp,
) -> tuple[Floats, pd.DataFrame]:  # fmt: skip
    """Turn priorities into points on the need of hotspots, at most a stated share of it.

    A priority of weight 1 counts as much as an average hotspot of the LPT does by evidence, spread
    over the hotspots it touches there. The points of an LPT make up at most ``share`` of its need,
    and all points at most that share of all need.

    Parameters
    ----------
    priorities : DataFrame or None
        As :func:`check_priorities` gives them.
    need : DataFrame
        ``lpt`` and ``evidence_need``, which sums to 1.
    hotspots : GeoDataFrame
    places : list of set of str
        Names of streets in each hotspot, by :func:`plain_place`.
    share : float
        Most share of the need, 0 to .5.
    on : Timestamp
        Day they are judged on.

    Returns
    -------
    points : ndarray (hotspots,)
        On the scale of ``evidence_need``.
    applied : DataFrame
        The priorities with ``hotspots`` (ids), ``points`` (share of all need they make up) and
        ``status``.
    """
    columns = [c.name for c in PRIORITIES.columns]
    kept = {c.name: "float64" if c.kind == "number" else "datetime64[s]" if c.kind == "time"
            else "str" for c in PRIORITIES.columns}  # fmt: skip
    n = len(need)
    if priorities is None or not len(priorities):
        empty = pd.DataFrame({c: pd.Series([], dtype=kept[c]) for c in columns})
        return np.zeros(n), empty.assign(
            hotspots=pd.Series([], dtype="str"), points=pd.Series([], dtype="float64"),
            status=pd.Series([], dtype="str"))  # fmt: skip
    team, teams = pd.factorize(need["lpt"].astype(object), sort=True)
    evidence = need["evidence_need"].to_numpy()
    by_team = np.bincount(team, evidence, len(teams)) if n else np.zeros(0)
    sizes = np.bincount(team, minlength=len(teams))
    mean = np.where(by_team > 0, by_team / np.maximum(sizes, 1), 1 / max(n, 1))
    asked = np.zeros((len(priorities), n))
    status = np.full(len(priorities), "applied", dtype=object)
    for i, row in enumerate(priorities.to_dict("records")):
        if row["expiry"].normalize() < on:
            status[i] = "expired"
        elif row["date"].normalize() > on:
            status[i] = "not yet"
        else:
            hit = touched(row, hotspots, places)
            if not hit.any():
                status[i] = "no hotspot there"
                continue
            here = np.bincount(team[hit], minlength=len(teams))
            asked[i, hit] = row["weight"] * (mean / np.maximum(here, 1))[team[hit]]
    # points are at most the share of need and points together
    ratio = share / (1 - share)
    most = np.where(by_team > 0, by_team, 1 / max(len(teams), 1)) * ratio
    wanted = np.bincount(team, asked.sum(axis=0), len(teams)) if n else np.zeros(0)
    cut = np.divide(most, wanted, out=np.ones(len(teams)), where=wanted > most)
    cut *= min(1.0, ratio / float((wanted * cut).sum())) if (wanted * cut).sum() > 0 else 1.0
    given = asked * cut[team] if n else asked
    lost = asked.sum(axis=1) - given.sum(axis=1) > 1e-12
    status[lost] = "capped"
    total = evidence.sum() + given.sum()
    names = hotspots.index.astype(str).to_numpy()
    applied = priorities[columns].reset_index(drop=True)
    texts = [name for name, kind in kept.items() if kind == "str"]
    blank = applied[texts].astype(object)
    applied[texts] = blank.where(blank.notna(), "")
    applied = applied.astype(kept)
    applied["hotspots"] = pd.Series(
        ["; ".join(names[row > 0]) for row in given], index=applied.index, dtype="str"
    )
    applied["points"] = given.sum(axis=1) / (total or 1.0)
    applied["status"] = pd.Series(status, index=applied.index).astype("str")
    return given.sum(axis=0), applied
