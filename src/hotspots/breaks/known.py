"""The registry of known changes: what else happened about the time a series stepped."""

from __future__ import annotations

import datetime as dt
import os
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

KINDS = ("recording", "covid", "system", "organisation")
"""What kind of change an entry of the registry is."""

COLUMNS = (
    "name", "start", "end", "categories", "forces", "lpts", "kind", "gradual", "source", "verified",
)  # fmt: skip
"""Columns of the registry."""

_LISTS = ("categories", "forces", "lpts")
_WIDEST = 366  # days; a date known no closer than this coincides with anything
_NAMED = 2  # entries named in a label


def read_known_changes(
    path: str | os.PathLike[str] | None = None,
    extend: str | os.PathLike[str] | pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Read the registry of known changes in recording, policing and life.

    Parameters
    ----------
    path : path, optional
        A TOML file to use in place of the registry that ships with the package.
    extend : path or DataFrame, optional
        A TOML file of the same form, or a table such as this returns, to add to it: the force's
        own changes of record system, of boundaries, of call handling.

    Returns
    -------
    DataFrame
        One row per change, by date: ``name``, ``start``, ``end`` (NaT: none), ``categories``,
        ``forces``, ``lpts`` (parted by "; ", empty: all), ``kind`` (recording, covid, system,
        organisation), ``gradual`` (came bit by bit, makes no step), ``source`` and ``verified``
        (the month at least was read in the source).

    Raises
    ------
    InputError
        Naming every fault of every entry.

    Notes
    -----
    A file holds one ``[[change]]`` each with ``name``, ``start`` (a date), ``kind`` and
    ``source``, and where wanted ``end``, ``categories``, ``forces``, ``lpts``, ``gradual`` and
    ``verified`` (false unless said). An entry with ``verified = false`` is never stated as fact.

    Examples
    --------
    >>> import hotspots as hs
    >>> known = hs.read_known_changes()
    >>> known.loc[known["kind"] == "organisation", "start"].dt.strftime("%Y-%m-%d").tolist()
    ['2022-06-27', '2023-07-01']
    """
    if path is None:
        text = (files(__package__) / "known_changes.toml").read_text("utf-8")
        known = _entries(text, "known_changes.toml")
    else:
        known = _entries(_text(path), str(path))
    if isinstance(extend, pd.DataFrame):
        known = pd.concat([known, check_registry(extend)], ignore_index=True)
    elif extend is not None:
        known = pd.concat([known, _entries(_text(extend), str(extend))], ignore_index=True)
    return known.sort_values(["start", "name"], kind="stable", ignore_index=True)


def check_registry(registry: Any) -> pd.DataFrame:
    """Refuse what is no registry, and return it."""
    if not isinstance(registry, pd.DataFrame):
        raise InputError("registry", [
            f"it is of type {type(registry).__name__}; give what read_known_changes(...) returns."
        ])  # fmt: skip
    faults = [f"column {c!r} is missing; give what read_known_changes(...) returns."
              for c in COLUMNS if c not in registry.columns]  # fmt: skip
    faults += [
        f"column {c!r} is {registry[c].dtype}; it must hold dates without a time zone."
        for c in ("start", "end")
        if c in registry.columns and len(registry)
        and not pd.api.types.is_datetime64_dtype(registry[c].dtype)
    ]  # fmt: skip
    for c in ("name", *_LISTS, "source"):
        if c in registry.columns and not all(isinstance(text, str) for text in registry[c]):
            faults.append(f"column {c!r} must hold texts, empty for none.")
    for c in ("gradual", "verified"):
        if c in registry.columns and not all(isinstance(x, bool | np.bool_) for x in registry[c]):
            faults.append(f"column {c!r} must hold True or False.")
    if "start" in registry.columns and registry["start"].isna().any():
        faults.append("column 'start' is empty in some row; every change needs a date.")
    if "kind" in registry.columns:
        odd = sorted({str(kind) for kind in registry["kind"]} - set(KINDS))
        faults += [f"kind {kind!r} is unknown; it takes {', '.join(KINDS)}." for kind in odd]
    if faults:
        raise InputError("registry", faults)
    slow = registry["gradual"].astype(bool)
    if registry.loc[slow, "end"].isna().any():
        raise InputError("registry", ["a gradual change needs an end; give a date."])
    texts = dict.fromkeys(("name", *_LISTS, "kind", "source"), "str")
    return registry[list(COLUMNS)].astype({**texts, "gradual": bool, "verified": bool})


def _text(path: Any) -> str:
    try:
        return Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError, TypeError) as error:
        raise InputError("read_known_changes", [f"{path!r} cannot be read: {error}."]) from error


def _entries(text: str, what: str) -> pd.DataFrame:
    """Read and check the entries of one file."""
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(what, [f"it is no valid TOML: {error}."]) from error
    entries = found.get("change", [])
    faults = [f"{name!r} is unknown; a file holds [[change]] entries only."
              for name in found if name != "change"]  # fmt: skip
    if not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
        raise InputError(what, [*faults, "write each change under its own [[change]]."])
    rows = []
    for n, entry in enumerate(entries, 1):
        wrong = _faults(entry)
        faults += [f"change {n} ({entry.get('name', 'no name')}): {fault}" for fault in wrong]
        if not wrong:
            rows.append([_cell(entry, column) for column in COLUMNS])
    if faults:
        raise InputError(what, faults)
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    dates = dict.fromkeys(("start", "end"), "datetime64[s]")
    texts = dict.fromkeys(("name", *_LISTS, "kind", "source"), "str")
    return frame.astype({**dates, **texts, "gradual": bool, "verified": bool})


def _cell(entry: dict[str, Any], column: str) -> Any:
    if column in _LISTS:
        return "; ".join(entry.get(column, []))
    if column in ("start", "end"):
        return pd.Timestamp(entry[column]) if column in entry else pd.NaT
    if column in ("gradual", "verified"):
        return entry.get(column, False)
    return entry[column]


def _faults(entry: dict[str, Any]) -> list[str]:
    faults = [f"{name!r} is unknown; it takes {', '.join(COLUMNS)}."
              for name in entry if name not in COLUMNS]  # fmt: skip
    faults += [
        f"{name} is {entry.get(name)!r}; say it in words."
        for name in ("name", "source")
        if not isinstance(entry.get(name), str) or not entry[name].strip()
    ]
    for name in ("start", "end"):
        given = entry.get(name)
        day = isinstance(given, dt.date) and not isinstance(given, dt.datetime)
        if not day and (name == "start" or given is not None):
            faults.append(f"{name} is {given!r}; give a date without quotes, as 2023-05-15.")
    if not faults and "end" in entry and entry["end"] < entry["start"]:
        faults.append(f"it ends ({entry['end']}) before it starts ({entry['start']}).")
    if entry.get("kind") not in KINDS:
        faults.append(f"kind is {entry.get('kind')!r}; it takes {', '.join(KINDS)}.")
    for name in _LISTS:
        given = entry.get(name, [])
        if not isinstance(given, list) or not all(isinstance(word, str) for word in given):
            faults.append(f"{name} is {given!r}; give a list of texts.")
    faults += [
        f"{name} is {entry[name]!r}; it takes true or false."
        for name in ("gradual", "verified")
        if not isinstance(entry.get(name, False), bool)
    ]
    if entry.get("gradual") is True and "end" not in entry:
        faults.append("a gradual change needs an end; give a date.")
    return faults


def relevant(registry: pd.DataFrame, key: dict[str, str], sources: list[str]) -> pd.DataFrame:
    """Keep the entries that touch a series: its category, its force, its LPT."""
    kept = np.ones(len(registry), dtype=bool)
    for column, value in (("categories", key.get("category")), ("lpts", key.get("lpt"))):
        if value is not None:
            kept &= _each(registry[column], value.casefold())
    names = " ".join(sources).casefold()
    forces = [
        any(word in names for word in text.casefold().split("; ")) for text in registry["forces"]
    ]
    touching: pd.DataFrame = registry[kept & np.array(forces, dtype=bool)]
    return touching


def _each(column: pd.Series, word: str) -> NDArray[np.bool_]:
    """Tell which lists of a column are empty or hold a word."""
    lists = (text.casefold().split("; ") for text in column)
    return np.array([words == [""] or word in words for words in lists], dtype=bool)


def label(registry: pd.DataFrame, dates: tuple[pd.Timestamp, ...], days: int) -> tuple[str, str]:
    """Say what of the registry coincides with a step, and of which kind the nearest is.

    ``dates`` are the last period on the old level, the first on the new, and the earliest and
    latest that this may be. A change dated within a period shows in that period or the next, so
    ``days``, the length of a period, is allowed on either side; the nearest lies between the
    first two.
    """
    old, start, earliest, latest = dates
    if latest - earliest > pd.Timedelta(days=_WIDEST):
        return "date too uncertain to say what it coincides with", ""
    room = pd.Timedelta(days=days)
    rows = registry[~registry["gradual"]].to_dict("records")
    found: dict[int, tuple[Any, ...]] = {}
    for n, row in enumerate(rows):
        for ended in (True, False):
            date = row["end" if ended else "start"]
            if earliest - room <= date <= latest + room:
                away = max(old - date, date - start, pd.Timedelta(0))
                rank = (away, row["categories"] != "", ended, date)
                found[n] = min(found.get(n, rank), rank)
    if not found:
        return "unexplained", ""
    order = sorted(found, key=lambda n: found[n])
    said = [_told(rows[n], found[n][2]) for n in order[:_NAMED]]
    more = f", and {len(order) - _NAMED} more" if len(order) > _NAMED else ""
    return "; ".join(said) + more, str(rows[order[0]]["kind"])


def slow_label(registry: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp) -> str:
    """Say what of the registry came bit by bit while a series changed gradually."""
    slow = registry[registry["gradual"] & (registry["start"] <= last) & (registry["end"] >= first)]
    return "; ".join(_told(row, False) for row in slow.to_dict("records")) or "unexplained"


def _told(row: dict[Any, Any], ended: bool) -> str:
    when = row["end"] if ended else row["start"]
    name = f"{row['name']}{', its end' if ended else ''} ({when:%B %Y})"
    if row["gradual"]:
        name = f"{row['name']} ({row['start']:%Y} to {row['end']:%Y})"
    if row["kind"] == "recording":
        return f"probably recording: {name}" if row["verified"] else (
            f"perhaps recording, not verified: {name}"
        )  # fmt: skip
    return f"coincides with {name}{'' if row['verified'] else ', not verified'}"
