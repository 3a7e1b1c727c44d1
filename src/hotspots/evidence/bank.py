"""The results bank: a folder of JSON, one file a trial, with the published trials beside it."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..atomic import atomic_file
from ..contracts import InputError, Result
from ._words import COUNTS, counted, listed
from .facts import Facts, read_facts
from .schema import FINDINGS, RESULT, complete, entry_faults, plain

_ABOUT = ("where", "what", "design", "notes")  # keys of an entry that only people can tell
_NUMBERS = ("estimate", "low", "high", "interval", "p", *COUNTS)
_PLAIN = tuple(name for name in RESULT if name not in (*_NUMBERS, "main"))


@dataclass(frozen=True, repr=False)
class Bank(Result):
    """Trials gathered, as :func:`read_bank` gives them.

    Attributes
    ----------
    trials : DataFrame
        Index ``trial``: ``origin`` (own or published), ``kind`` (trial or review), ``where, what,
        design, level`` (Maryland, NaN: not told), ``level_why, treated, control`` (places),
        ``start, end``, ``outcome`` and ``finding`` of the result it is judged by (fewer, more, no
        clear difference, not told), ``checked`` (how the figures were), ``notes, sources, file``.
    results : DataFrame
        A row per result: ``trial, outcome, part, unit, estimate, low, high, interval, p, finding,
        words``, the counts behind it, ``main, method, estimand, refused, checked``.
    told : DataFrame
        A row per text that people wrote: ``trial, field, text``.
    rejected : DataFrame
        Files that are no entry of the bank: ``file, why``.
    """

    trials: pd.DataFrame
    results: pd.DataFrame
    told: pd.DataFrame
    rejected: pd.DataFrame

    @property
    def text(self) -> str:
        """How many trials there are, and how many found fewer, more or no clear difference."""
        judged = self.trials[self.trials["kind"] == "trial"]
        reviews = self.trials.index[self.trials["kind"] == "review"]
        lines = []
        for origin, name in (("own", "of your own"), ("published", "published")):
            mine = judged[judged["origin"] == origin]
            if len(mine):
                lines.append(f"{counted(len(mine), 'trial')} {name}: {_tally(mine)}.")
        if not lines:
            lines.append("No trial yet.")
        if len(reviews):
            lines.append(
                f"Beside them {counted(len(reviews), 'review')} of trials "
                f"({listed(list(map(str, reviews)), 4)}), which count none anew."
            )
        null = judged.index[judged["finding"] == "no clear difference"]
        if len(null):
            lines.append(f"No clear difference: {listed(list(map(str, null)), 6, 'trials')}. That "
                         "is not evidence of no difference.")  # fmt: skip
        if len(self.rejected):
            named = [f"{row['file']} ({row['why']})" for _, row in self.rejected.iterrows()]
            lines.append(f"Not read: {listed(named, 3, 'rejected')}.")
        return " ".join(lines)


def bank_result(
    folder: str | os.PathLike[str],
    result: Result | Mapping[str, Any],
    *,
    name: str,
    about: Mapping[str, str] | None = None,
    told: Mapping[str, str] | Result | None = None,
    replace: bool = False,
) -> Path:
    """Put a trial into the results bank: what was found, whatever it was.

    Nothing about single incidents, places or people is written: counts by arm, results, checks,
    and what people say of the trial.

    Parameters
    ----------
    folder : path
        The bank; made when missing.
    result : Impact or mapping
        What ``estimate_impact`` returned, or an entry of one's own for a trial analysed
        elsewhere: ``name`` and ``results`` (each ``outcome``, ``unit``, and ``estimate`` or
        ``words``); :func:`read_bank` lists all keys.
    name : str
        Name of the trial, its own in the bank.
    about : mapping of str to str, optional
        ``where``, ``what`` (was done), ``design``, ``notes``.
    told : mapping of str to str, or WriteUp, optional
        What people know of mechanism, context, costs and so on, by field.
    replace : bool
        Whether to replace the trial of that name, rather than refuse.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    InputError
        Naming every fault, or when the bank has a trial of that name.

    Examples
    --------
    >>> import tempfile
    >>> file = bank_result(tempfile.mkdtemp(), {"level": 5, "results": [
    ...     {"outcome": "ASB", "unit": "ratio", "estimate": .9, "low": .75, "high": 1.08}]},
    ...     name="Market towns 2025", about={"where": "Staffordshire"})
    >>> file.name
    'market-towns-2025.json'
    """
    faults = [f"{n} is {given!r:.60}; it takes texts by key."
              for n, given in (("about", about), ("told", told))
              if not isinstance(given, Mapping | Result | None)]  # fmt: skip
    if not isinstance(folder, str | os.PathLike):
        faults.append(f"folder is {folder!r:.60}; give a path.")
    if not isinstance(replace, bool | np.bool_):
        faults.append(f"replace is {replace!r:.60}; it takes True or False.")
    slug = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-") if isinstance(name, str) else ""
    if not slug:
        faults.append(f"name is {name!r}; it must be text with letters or figures.")
    if isinstance(about, Mapping):
        faults += [f"about has {key!r}; it takes {', '.join(_ABOUT)}."
                   for key in about if key not in _ABOUT]  # fmt: skip
    if faults:
        raise InputError("bank_result", faults)
    if isinstance(result, Mapping):
        entry = plain(dict(result))
    else:
        entry = _entry(read_facts(result, "bank_result"))
    entry |= {"name": name, **(about or {})}
    if told is not None:
        entry["told"] = _told(told)
    if faults := entry_faults(entry):
        raise InputError("bank_result", faults)
    place = Path(folder) / f"{slug}.json"
    if place.exists() and not replace:
        raise InputError("bank_result", [
            f"the bank has {place.name} already; choose another name, or give replace=True."
        ])  # fmt: skip
    full = complete(entry) | {"made_by": entry.get("made_by") or _made_by()}
    with atomic_file(place) as partial:
        partial.write_text(json.dumps(full, indent=1, ensure_ascii=False), encoding="utf-8")
    return place


def read_bank(folder: str | os.PathLike[str] | None = None, *, published: bool = True) -> Bank:
    """Read a results bank, and the published trials that ship with the package.

    Parameters
    ----------
    folder : path, optional
        The bank; only the published trials, when absent.
    published : bool
        Whether the published trials are put beside the force's own. They are never pooled with
        them unless asked for.

    Returns
    -------
    Bank

    Raises
    ------
    InputError
        When there is no such folder, or an argument is of the wrong kind.

    Notes
    -----
    A file holds one trial as a JSON object: ``name``; ``results``, a list, each with ``outcome``,
    ``part`` (hotspots, buffer, both), ``unit`` (``"ratio"`` of rates, ``"incidents"``, or
    ``"words"``), ``estimate, low, high, interval, p``, ``finding`` (fewer, more, no clear
    difference, not told), ``words``, ``treated_before, treated_after, control_before,
    control_after``, ``main``, ``estimand, method, refused, checked``; and where known ``kind,
    origin, where, what, design, start, end, level, level_why, treated, control, checks, told,
    sources, checked, notes``. Files that do not fit are listed with the reason, not dropped.

    Examples
    --------
    >>> bank = read_bank()
    >>> bank.trials.loc["Bogotá (Blattman et al. 2021)", "finding"]
    'no clear difference'
    """
    faults: list[str] = []
    if folder is not None and not isinstance(folder, str | os.PathLike):
        faults.append(f"folder is {folder!r:.60}; give a path, or None.")
    if not isinstance(published, bool | np.bool_):
        faults.append(f"published is {published!r}; it takes True or False.")
    if faults:
        raise InputError("read_bank", faults)
    entries: list[dict[str, Any]] = []
    rejected: list[dict[str, str]] = []
    if folder is not None:
        place = Path(folder)
        if not place.is_dir():
            raise InputError("read_bank", [
                f"{str(folder)!r} is no folder; bank_result makes one with the first trial."
            ])  # fmt: skip
        for file in sorted(place.glob("*.json")):
            found, why = _read(file)
            if why:
                rejected.append({"file": file.name, "why": why})
            else:
                entries.append({**found, "file": file.name})
    if published:
        entries += published_trials()
    seen: set[str] = set()
    kept = []
    for entry in entries:
        if entry["name"] in seen:
            rejected.append(
                {
                    "file": entry["file"],
                    "why": f"another file holds a trial named {entry['name']!r}",
                }
            )
            continue
        seen.add(entry["name"])
        kept.append(entry)
    return _bank(kept, pd.DataFrame(rejected, columns=["file", "why"], dtype="str"))


def published_trials() -> list[dict[str, Any]]:
    """Read the published trials that ship with the package.

    Returns
    -------
    list of dict
        Entries of the bank, null results among them; ``checked`` says how each was verified.
    """
    text = (files(__package__) / "reference.toml").read_text("utf-8")
    given = tomllib.loads(text)["trial"]
    faults = [f"{entry.get('name')}: {fault}" for entry in given for fault in entry_faults(entry)]
    if faults:
        raise InputError("reference.toml", faults)
    return [complete(entry) | {"origin": "published", "file": "reference.toml"} for entry in given]


def _entry(facts: Facts) -> dict[str, Any]:
    """Turn an evaluation into an entry."""
    results = []
    for row in facts.effect.to_dict("records"):
        one: dict[str, Any] = {
            name: str(row[name])
            for name in ("outcome", "part", "unit", "estimand", "method", "refused")
        }
        one |= {name: float(row[name]) for name in ("estimate", "low", "high", "p", *COUNTS)
                if np.isfinite(row[name])}  # fmt: skip
        if "estimate" not in one:
            one.pop("low", None)
            one.pop("high", None)
        if ("low" in one) != ("high" in one):  # an end without limit leaves no interval to pool
            one["words"] = f"interval {row['low']:g} to {row['high']:g}"
            one.pop("low", None)
            one.pop("high", None)
        if not facts.comparator:
            one["words"] = "a change with nothing to compare it with"
            one["finding"] = "not told"
        results.append({**one, "main": bool(row["main"]) and _same(row, facts.primary),
                        "interval": facts.interval})  # fmt: skip
    entry: dict[str, Any] = {"results": results, "level_why": facts.why}
    for name in ("treated", "control", "maryland"):
        if getattr(facts, name) >= 0:
            entry["level" if name == "maryland" else name] = getattr(facts, name)
    for name in ("start", "end"):
        if not pd.isna(getattr(facts, name)):
            entry[name] = f"{getattr(facts, name):%Y-%m-%d}"
    checks = facts.tables.get("checks")
    if checks is not None:
        kept = [name for name in ("check", "verdict", "words") if name in checks]
        entry["checks"] = [
            {str(k): str(v) for k, v in row.items()} for row in checks[kept].to_dict("records")
        ]
    return entry


def _same(row: Mapping[Any, Any], primary: Mapping[str, Any]) -> bool:
    return all(row[name] == primary[name] for name in ("outcome", "part", "method"))


def _told(told: Mapping[str, str] | Result) -> dict[str, str]:
    """Return what people wrote, from a mapping or a write-up."""
    if isinstance(told, Mapping):
        return dict(told)
    fields = told.tables.get("fields")
    if fields is None or not {"key", "text", "from_"} <= set(fields):
        raise InputError("bank_result", ["told is no write-up; give what write_up returned."])
    mine = fields[fields["from_"] == "people"]
    return dict(zip(mine["key"].map(str), mine["text"].map(str), strict=True))


def _read(file: Path) -> tuple[dict[str, Any], str]:
    """Read an entry, or say why it is none."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        return {}, f"it cannot be read: {error}"
    faults = entry_faults(found)
    return ({}, " ".join(faults)) if faults else (complete(found), "")


def _bank(entries: list[dict[str, Any]], rejected: pd.DataFrame) -> Bank:
    trials, results, told = [], [], []
    for entry in entries:
        judged = next(row for row in entry["results"] if row["main"])
        trials.append({
            "trial": entry["name"], "origin": entry["origin"], "kind": entry["kind"],
            "where": entry["where"], "what": entry["what"], "design": entry["design"],
            "level": entry["level"], "level_why": entry["level_why"], "treated": entry["treated"],
            "control": entry["control"], "start": entry["start"], "end": entry["end"],
            "outcome": judged["outcome"], "finding": judged["finding"],
            "checked": entry["checked"], "notes": entry["notes"],
            "sources": "; ".join(entry["sources"]), "file": entry["file"],
        })  # fmt: skip
        results += [{"trial": entry["name"], **row} for row in entry["results"]]
        told += [{"trial": entry["name"], "field": key, "text": text}
                 for key, text in entry["told"].items()]  # fmt: skip
    numbers = dict.fromkeys(("level", "treated", "control"), float)
    frame = pd.DataFrame(trials, columns=["trial", *_TRIAL]).astype({
        **numbers, **{name: "str" for name in ("trial", *_TRIAL)
                      if name not in (*numbers, "start", "end")},
    })  # fmt: skip
    for name in ("start", "end"):
        frame[name] = pd.to_datetime(frame[name]).astype("datetime64[s]")
    rows = pd.DataFrame(results, columns=["trial", *RESULT]).astype({
        **dict.fromkeys(_NUMBERS, float), **dict.fromkeys(("trial", *_PLAIN), "str"), "main": bool,
    })  # fmt: skip
    texts = pd.DataFrame(told, columns=["trial", "field", "text"], dtype="str")
    return Bank(frame.set_index("trial"), rows, texts, rejected)


_TRIAL = ("origin", "kind", "where", "what", "design", "level", "level_why", "treated", "control",
          "start", "end", "outcome", "finding", "checked", "notes", "sources", "file")  # fmt: skip


def _tally(trials: pd.DataFrame) -> str:
    words = {"fewer": "clearly fewer", "more": "clearly more", "no clear difference":
             "no clear difference", "not told": "cannot be told"}  # fmt: skip
    found = trials["finding"].value_counts()
    return ", ".join(f"{found[name]} {words[name]}" for name in FINDINGS if name in found.index)


def _made_by() -> str:
    try:
        return f"hotspots {version('hotspots')}"
    except PackageNotFoundError:  # run from a folder, not installed
        return "hotspots"
