"""What an entry of the results bank holds, and the checks on it."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import numpy as np

from ._words import COUNTS, direction

VERSION = 1
"""Raised when the meaning of a key changes; adding a key does not raise it."""

FINDINGS = ("fewer", "more", "no clear difference", "not told")
"""What a result found, against what was expected."""

UNITS = ("ratio", "incidents", "words")
"""Of an estimate: a ratio of rates, incidents more or fewer, or told in words only."""

# key: (kind, needed, what it holds)
ENTRY: dict[str, tuple[str, bool, str]] = {
    "schema": ("whole", False, f"version of this layout, {VERSION}"),
    "name": ("text", True, "name of the trial, its own in the bank"),
    "kind": ("text", False, "trial, or review (which pools trials)"),
    "origin": ("text", False, "own, or published"),
    "where": ("text", False, "force or city"),
    "what": ("text", False, "what was done"),
    "design": ("text", False, "how treated and comparison places came about"),
    "start": ("date", False, "first day of treatment"),
    "end": ("date", False, "end of the records used"),
    "level": ("whole", False, "on the Maryland scale, 0 to 5"),
    "level_why": ("text", False, "why that level"),
    "treated": ("whole", False, "treated places"),
    "control": ("whole", False, "comparison places"),
    "results": ("results", True, "one or more results"),
    "checks": ("rows", False, "checks of the evaluation and their verdicts"),
    "told": ("texts", False, "what people wrote: mechanism, context, costs ..."),
    "sources": ("list", False, "where it can be read"),
    "checked": ("text", False, "how the figures were checked"),
    "notes": ("text", False, "what else a reader must know"),
    "made_by": ("text", False, "program and version"),
}
"""Keys of an entry."""

RESULT: dict[str, tuple[str, bool, str]] = {
    "outcome": ("text", True, "what was counted"),
    "part": ("text", False, "hotspots, buffer or both"),
    "unit": ("text", True, "ratio, incidents or words"),
    "estimate": ("number", False, "the result"),
    "low": ("number", False, "lower end of its interval"),
    "high": ("number", False, "upper end of its interval"),
    "interval": ("number", False, "share of such intervals that hold the truth"),
    "p": ("number", False, "chance of as much, were there no difference"),
    "finding": ("text", False, f"one of: {', '.join(FINDINGS)}"),
    "words": ("text", False, "the result in words"),
    **dict.fromkeys(COUNTS, ("number", False, "incidents")),
    "main": ("flag", False, "whether the trial is judged by it"),
    "estimand": ("text", False, "what the number is"),
    "method": ("text", False, "how it was estimated"),
    "refused": ("text", False, "why there is no answer"),
    "checked": ("text", False, "how the figure was checked"),
}
"""Keys of a result."""

_DEFAULTS: dict[str, Any] = {"text": "", "whole": None, "number": None, "date": None, "list": [],
                             "rows": [], "texts": {}, "flag": False}  # fmt: skip


def complete(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry with every key, those not given at their default.

    Parameters
    ----------
    entry : mapping
        Without faults.

    Returns
    -------
    dict
    """
    full = {name: entry.get(name, _DEFAULTS.get(kind)) for name, (kind, *_) in ENTRY.items()}
    full |= {"schema": VERSION, "kind": full["kind"] or "trial", "origin": full["origin"] or "own"}
    results = []
    for given in entry["results"]:
        row = {name: given.get(name, _DEFAULTS.get(kind)) for name, (kind, *_) in RESULT.items()}
        row |= {"part": row["part"] or "hotspots"}
        if row["low"] is not None and row["interval"] is None:
            row["interval"] = 0.95
        row["finding"] = row["finding"] or direction(
            {
                **row,
                **{
                    key: np.nan if row[key] is None else row[key]
                    for key in ("low", "high", *COUNTS)
                },
            }
        )
        results.append(row)
    if not any(row["main"] for row in results):
        results[0]["main"] = True
    return {**full, "results": results}


def plain(value: Any) -> Any:
    """Turn numbers of numpy and dates into what JSON has.

    Parameters
    ----------
    value : object
        With mappings and lists in it.

    Returns
    -------
    object
    """
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, dt.date) else value


def entry_faults(entry: Any) -> list[str]:
    """Name every fault of an entry.

    Parameters
    ----------
    entry : mapping

    Returns
    -------
    list of str
        Empty where there is none.
    """
    if not isinstance(entry, Mapping):
        return [f"it is of type {type(entry).__name__}; give a mapping of keys and values."]
    faults = _key_faults(entry, ENTRY, "")
    version = entry.get("schema", VERSION)
    if isinstance(version, int) and version > VERSION:
        faults.append(f"schema is {version}; this version of hotspots reads up to {VERSION}.")
    level = entry.get("level")
    if isinstance(level, int) and not 0 <= level <= 5:
        faults.append(f"level is {level}; the Maryland scale runs from 0 to 5.")
    for name, allowed in (("kind", ("trial", "review")), ("origin", ("own", "published"))):
        if entry.get(name, allowed[0]) not in allowed:
            faults.append(f"{name} is {entry[name]!r}; it takes {' or '.join(allowed)}.")
    given = entry.get("results")
    if isinstance(given, list):
        if not given:
            faults.append("results is empty; give at least one.")
        for n, row in enumerate(given, 1):
            where = f"result {n}: "
            if not isinstance(row, Mapping):
                faults.append(f"{where}it is of type {type(row).__name__}; give a mapping.")
                continue
            faults += _key_faults(row, RESULT, where) or [where + f for f in _result_faults(row)]
    return faults


def _result_faults(row: Mapping[str, Any]) -> list[str]:
    """Name what does not go together in a result."""
    faults = []
    if row["unit"] not in UNITS:
        faults.append(f"unit is {row['unit']!r}; it takes {', '.join(UNITS)}.")
    if row.get("finding") and row["finding"] not in FINDINGS:
        faults.append(f"finding is {row['finding']!r}; it takes {', '.join(FINDINGS)}.")
    estimate, low, high = (row.get(name) for name in ("estimate", "low", "high"))
    if row["unit"] == "ratio":
        wrong = [n for n in ("estimate", "low", "high") if row.get(n) is not None and row[n] < 0]
        faults += [f"{name} is {row[name]:g}; a ratio is 0 or more (.8 is 20% fewer)."
                   for name in wrong]  # fmt: skip
    if (low is None) != (high is None):
        faults.append("it has one end of an interval; give both or neither.")
    elif low is not None and estimate is not None and not low <= estimate <= high:
        faults.append(f"the interval {low:g} to {high:g} does not hold the estimate {estimate:g}.")
    elif low is not None and estimate is None:
        faults.append("it has an interval but no estimate.")
    for name, bottom in (("p", 0), ("interval", 0.5)):
        if row.get(name) is not None and not bottom <= row[name] <= 1:
            faults.append(f"{name} is {row[name]:g}; it must be {bottom:g} to 1.")
    faults += [f"{name} is {row[name]:g}; a count is 0 or more."
               for name in COUNTS if row.get(name) is not None and row[name] < 0]  # fmt: skip
    if not row.get("words") and estimate is None and not row.get("refused"):
        faults.append("it has neither an estimate nor words.")
    return faults


def _key_faults(
    given: Mapping[str, Any], keys: Mapping[str, tuple[str, bool, str]], where: str
) -> list[str]:
    """Name keys that are unknown, missing or of the wrong kind."""
    faults = []
    for name in given:
        if name not in keys:
            near = get_close_matches(str(name), list(keys), n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"it takes {', '.join(keys)}."
            faults.append(f"{where}{name!r} is unknown; {hint}")
    for name, (kind, needed, meaning) in keys.items():
        value = given.get(name)
        if value is None or (kind == "text" and value == ""):
            if needed:
                faults.append(f"{where}{name} is missing ({meaning}).")
        elif not _fits(value, kind):
            faults.append(f"{where}{name} is {value!r:.60}; it takes {_KINDS[kind]} ({meaning}).")
    return faults


_KINDS = {"text": "text", "whole": "a whole number from 0", "number": "a number",
          "flag": "true or false", "date": "a date as '2025-03-01'", "list": "a list of texts",
          "texts": "a table of texts by key", "results": "a list", "rows": "a list of tables",
          }  # fmt: skip


def _fits(value: Any, kind: str) -> bool:
    if kind == "whole":
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0
    if kind == "number":
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number and math.isfinite(value)
    if kind == "flag":
        return isinstance(value, bool)
    if kind == "date":
        return _is_date(value)
    if kind == "texts":
        return isinstance(value, Mapping) and all(
            isinstance(k, str) and isinstance(v, str) for k, v in value.items()
        )
    if kind in ("list", "rows", "results"):
        wanted: Any = {"list": str, "rows": Mapping, "results": object}[kind]
        return isinstance(value, list) and all(isinstance(one, wanted) for one in value)
    return isinstance(value, str)


def _is_date(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        dt.date.fromisoformat(value)
    except ValueError:
        return False
    return len(value) == 10
