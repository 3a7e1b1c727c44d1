"""The configuration of a run: a TOML file, checked wholly before any work begins."""

from __future__ import annotations

import datetime as dt
import difflib
import glob
import math
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..contracts import InputError

METHODS = {
    "empirical_bayes": "EmpiricalBayes", "kde": "KDE", "dbscan": "DBSCAN", "gistar": "GiStar",
    "counts": "Counts",
}  # fmt: skip
"""Tables of ``[hotspots]`` that stand for a detector, and its public name."""

KERNELS = ("quartic", "gaussian", "epanechnikov", "uniform", "triangular", "triweight")
"""Kernels of the KDE, spelt out here so that checking a configuration loads no detector."""

TIME = ("times", "breaks", "alerts", "forecast", "profiles", "publish")
"""Sections that ask about time, each a step of its own."""

BANDWIDTHS = ("knn", "scott", "diggle", "predictive")
"""Rules by which the KDE finds a bandwidth."""


@dataclass(frozen=True)
class _Key:
    """One key of the configuration: its rule, its default, and whether it must be given."""

    rule: str
    default: Any = None
    required: bool = False


_SCHEMA: dict[str, dict[str, _Key]] = {
    "data": {
        "incidents": _Key("files", required=True), "lpts": _Key("file", required=True),
        "mapping": _Key("file"), "crs": _Key("text", "EPSG:27700"), "harm": _Key("harm"),
    },
    "hotspots": {
        "category": _Key("texts", ()), "months": _Key("count"), "top_k": _Key("count"),
        "coverage": _Key("share"), "max_area_km2": _Key("positive", 0.05),
        "min_incidents": _Key("count", 12), "per_lpt": _Key("flag", False),
        "include_police": _Key("flag", False),
    },
    "hotspots.empirical_bayes": {"half_life": _Key("age")},
    "hotspots.kde": {
        "bandwidth": _Key("bandwidth", 300), "kernel": _Key("kernel", "quartic"),
        "edge": _Key("edge"), "adaptive": _Key("flag", False), "half_life": _Key("age"),
    },
    "hotspots.dbscan": {
        "eps": _Key("eps", 200), "min_incidents": _Key("positive", 24),
        "max_diameter_m": _Key("positive", 400),
    },
    "hotspots.gistar": {"radius": _Key("positive"), "null": _Key("null", "total")},
    "hotspots.counts": {},
    "classes": {"freq": _Key("freq", "MS"), "recent": _Key("half", 0.2)},
    "accuracy": {
        "horizon": _Key("horizon", "1MS"), "coverage": _Key("share", 0.01),
        "origins": _Key("count", 6),
    },
    "grid": {"size": _Key("size", 100), "shape": _Key("shape", "square")},
    "trends": {
        "by": _Key("by", ("lpt",)), "freq": _Key("freq", "MS"), "calendar": _Key("file"),
    },
    "times": {"by": _Key("by", ()), "category": _Key("texts", ())},
    "breaks": {"by": _Key("by", ("category",)), "freq": _Key("freq", "MS"),
               "registry": _Key("file")},
    "alerts": {"by": _Key("by", ("lpt", "category")), "freq": _Key("freq", "MS"),
               "level": _Key("half", 0.00135)},
    "forecast": {"by": _Key("by", ("lpt",)), "freq": _Key("freq", "MS"),
                 "horizon": _Key("ahead", 3)},
    "profiles": {},
    "publish": {"by": _Key("by", ("lpt", "category")), "sensitive": _Key("texts", ())},
    "patrols": {
        "shifts": _Key("file", required=True), "units": _Key("file", required=True),
        "tasks": _Key("file"), "priorities": _Key("file"), "roads": _Key("file"),
        "trial": _Key("file"), "start": _Key("date", required=True), "days": _Key("days", 7),
        "seed": _Key("seed", 0),
        "secret_file": _Key("file"), "method": _Key("method"), "cards": _Key("flag", True),
        "routes": _Key("flag", False), "rules": _Key("table", ()),
    },
    "impact": {
        "treated": _Key("file", required=True), "control": _Key("file"),
        "start": _Key("date", required=True), "end": _Key("date"), "rules": _Key("table", ()),
    },
    "briefing": {
        "hours": _Key("hours", 24), "start_hour": _Key("hour", 7), "plan": _Key("file"),
        "tasks": _Key("file"), "near_repeat": _Key("flag", True), "pdf": _Key("flag", False),
        "folder": _Key("text", "briefing"), "title": _Key("text", "Daily briefing"),
    },
    "output": {
        "folder": _Key("text", "output"),
        "title": _Key("text", "Hotspots, trends and patrol plan"),
    },
}  # fmt: skip


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _texts(value: Any) -> bool:
    return _text(value) or (isinstance(value, list) and bool(value) and all(map(_text, value)))


def _days(value: Any, *units: str) -> bool:
    return isinstance(value, str) and any(
        value.endswith(unit) and value.removesuffix(unit).isdecimal() and int(value[: -len(unit)])
        for unit in units
    )


def _date(value: Any) -> bool:
    try:
        return dt.date.fromisoformat(str(value)) is not None
    except ValueError:
        return False


# rule: what it takes, in words, and the test of it
_RULES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "text": ("text", _text),
    "texts": ("text or a list of texts", _texts),
    "files": ("a path or a list of paths", _texts),
    "file": ("a path", _text),
    "harm": ('"fallback" or the path of a CSV file with category and days', _text),
    "flag": ("true or false", lambda v: isinstance(v, bool)),
    "count": ("a whole number from 1", lambda v: _whole(v) and v >= 1),
    "days": ("a whole number from 1 to 366", lambda v: _whole(v) and 1 <= v <= 366),
    "ahead": ("a whole number from 1 to 4", lambda v: _whole(v) and 1 <= v <= 4),
    "hours": ("a whole number of hours from 1 to 168", lambda v: _whole(v) and 1 <= v <= 168),
    "hour": ("a whole hour from 0 to 23", lambda v: _whole(v) and 0 <= v <= 23),
    "seed": ("a whole number or text", lambda v: _whole(v) or _text(v)),
    "positive": ("a number above 0", lambda v: _number(v) and v > 0),
    "size": ("a number of metres from 2", lambda v: _number(v) and v >= 2),
    "kernel": (f"one of {', '.join(KERNELS)}", lambda v: v in KERNELS),
    "bandwidth": (
        f"metres above 0, or one of {', '.join(BANDWIDTHS)}",
        lambda v: (_number(v) and v > 0) or v in BANDWIDTHS,
    ),
    "eps": ("metres above 0, or 'knee'", lambda v: (_number(v) and v > 0) or v == "knee"),
    "edge": ("'uniform' or 'diggle'", lambda v: v in ("uniform", "diggle")),
    "null": ("'total' or 'conditional'", lambda v: v in ("total", "conditional")),
    "age": ("a number of days such as '180D'", lambda v: _days(v, "D")),
    "horizon": ("whole months or days such as '1MS' or '28D'", lambda v: _days(v, "MS", "D")),
    "half": ("a number above 0 and at most 0.5", lambda v: _number(v) and 0 < v <= 0.5),
    "share": ("a number above 0 and at most 1", lambda v: _number(v) and 0 < v <= 1),
    "date": ("a date as 2025-04-07", _date),
    "shape": ("'square' or 'hex'", lambda v: v in ("square", "hex")),
    "freq": ("'MS' (months) or 'W-MON' (weeks)", lambda v: v in ("MS", "W-MON")),
    "by": (
        "a list of 'lpt', 'category', 'command'",
        lambda v: isinstance(v, list) and all(g in ("lpt", "category", "command") for g in v),
    ),
    "method": (f"one of {', '.join(METHODS)}", lambda v: isinstance(v, str) and v in METHODS),
    "table": ("a table", lambda v: isinstance(v, dict)),
}


@dataclass(frozen=True)
class RunConfig:
    """A checked configuration: every key there, paths resolved.

    Attributes
    ----------
    path : Path
        The file it was read from.
    data, hotspots, grid, briefing, output : dict
        The sections, every key with its value or default.
    methods : dict of str to dict
        Detectors to run in this order, with their parameters; see :data:`METHODS`.
    classes, accuracy, trends, patrols, impact : dict or None
        None when the section is left out: no classes, no backtest, no trends, no patrol plan, no
        evaluation. (All but ``[patrols]`` and ``[impact]`` may be empty.)
    time : dict of str to dict
        The sections of :data:`TIME` that were written.
    """

    path: Path
    data: dict[str, Any]
    hotspots: dict[str, Any]
    methods: dict[str, dict[str, Any]]
    grid: dict[str, Any]
    classes: dict[str, Any] | None
    accuracy: dict[str, Any] | None
    trends: dict[str, Any] | None
    patrols: dict[str, Any] | None
    impact: dict[str, Any] | None
    time: dict[str, dict[str, Any]]
    briefing: dict[str, Any]
    output: dict[str, Any]
    written: dict[str, Any] = field(repr=False)


def read_config(path: str | Path) -> RunConfig:
    r"""Read and check the configuration of a run.

    Parameters
    ----------
    path : path
        A TOML file; docs/command-line.md lists its keys. Paths in it count from its folder.

    Returns
    -------
    RunConfig

    Raises
    ------
    InputError
        Naming every fault at once: unknown sections and keys with the nearest that is known,
        missing keys, values out of range, files that are not there.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "run.toml"
    >>> _ = path.write_text('[data]\nincidents = "gone.zip"\nlpt = "lpts.gpkg"')
    >>> read_config(path)
    Traceback (most recent call last):
    hotspots.contracts.InputError: run.toml: 3 faults
      1. [data] lpt is unknown; did you mean 'lpts'?
      2. [data] lpts is missing; it takes a path.
      3. [data] incidents: there is no 'gone.zip' in ...
    """
    path = Path(path)
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(str(path), [f"it cannot be opened ({error.strerror})."]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(path.name, [f"it is no valid TOML: {error}."]) from error
    faults = [
        f"section [{name}] is unknown{nearest(name, _sections())}"
        for name in said
        if name not in _sections()
    ]
    found = {}
    for section in _sections():
        inner = METHODS if section == "hotspots" else ()
        found[section] = _section(section, said.get(section), faults, inner)
    methods = _methods(said.get("hotspots"), faults)
    folder = path.resolve().parent
    data, patrols, output = found["data"], found["patrols"], found["output"]
    if _texts(data["incidents"]):
        data["incidents"] = [data["incidents"]] if _text(data["incidents"]) else data["incidents"]
        data["incidents"] = [
            _found(folder, p, "[data] incidents", faults) for p in data["incidents"]
        ]
    for section in ("data", "trends", "breaks", "briefing"):
        _files(folder, section, found[section], faults)
    if data["harm"] == "fallback" or not _text(data["harm"]):
        pass
    else:
        data["harm"] = _found(folder, data["harm"], "[data] harm", faults)
    if isinstance(found["hotspots"]["category"], str):
        found["hotspots"]["category"] = (found["hotspots"]["category"],)
    if found["hotspots"]["top_k"] is not None and found["hotspots"]["coverage"] is not None:
        faults.append("[hotspots] gives both top_k and coverage; keep one.")
    cell = found["grid"]["size"] ** 2 * (1 if found["grid"]["shape"] == "square" else 3**0.5 / 2)
    if cell / 1e6 > found["hotspots"]["max_area_km2"]:
        faults.append(
            f"[hotspots] max_area_km2 is {found['hotspots']['max_area_km2']:g}, less than one "
            f"cell of [grid] ({cell / 1e6:g} km²); raise it or take smaller cells."
        )
    if "patrols" in said:
        _files(folder, "patrols", patrols, faults)
        if patrols["method"] is None:
            patrols["method"] = next(iter(methods))
        elif patrols["method"] in METHODS and patrols["method"] not in methods:
            faults.append(
                f"[patrols] method is {patrols['method']!r}, which [hotspots] does not run; "
                f"add [hotspots.{patrols['method']}]."
            )
        asked_for = said["patrols"] if isinstance(said["patrols"], dict) else {}
        if {"seed", "secret_file"} <= set(asked_for):
            faults.append("[patrols] gives both seed and secret_file; keep one.")
        patrols["start"] = str(patrols["start"])
        patrols["rules"] = dict(patrols["rules"])
    if "impact" in said:
        impact = found["impact"]
        _files(folder, "impact", impact, faults)
        impact["start"] = str(impact["start"])
        impact["end"] = None if impact["end"] is None else str(impact["end"])
        impact["rules"] = dict(impact["rules"])
    found["briefing"]["folder"] = (folder / str(found["briefing"]["folder"])).resolve()
    if _text(output["folder"]):
        output["folder"] = (folder / output["folder"]).resolve()
    if faults:
        raise InputError(path.name, faults)
    asked = {
        name: found[name] if name in said else None
        for name in ("classes", "accuracy", "trends", "patrols", "impact")
    }
    return RunConfig(
        path=path, data=data, hotspots=found["hotspots"], methods=methods, grid=found["grid"],
        **asked, time={name: found[name] for name in TIME if name in said},
        briefing=found["briefing"], output=output, written=said,
    )  # fmt: skip


def _sections() -> list[str]:
    return [name for name in _SCHEMA if "." not in name]


def nearest(name: str, known: Iterable[str]) -> str:
    """Say which known name is meant, or which there are, to end a sentence on an unknown one.

    Examples
    --------
    >>> nearest("dwel_min", ["dwell_min", "gap_min"])
    "; did you mean 'dwell_min'?"
    """
    known = list(known)
    near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else f"; the known ones are {', '.join(known)}."


def _section(name: str, given: Any, faults: list[str], inner: Iterable[str] = ()) -> dict[str, Any]:
    """Return every key of a section with its value or default, and note what is wrong."""
    keys = _SCHEMA[name]
    values = {key: spec.default for key, spec in keys.items()}
    if given is not None and not isinstance(given, dict):
        faults.append(f"{name} is {given!r}; it must be a section: write [{name}].")
        return values
    for key, value in (given or {}).items():
        if key in inner:
            continue
        if key not in keys:
            faults.append(f"[{name}] {key} is unknown{nearest(key, [*keys, *inner])}")
            continue
        takes, fits = _RULES[keys[key].rule]
        if fits(value):
            values[key] = value
        else:
            faults.append(f"[{name}] {key} is {value!r}; it must be {takes}.")
    if given is not None or name == "data":
        faults.extend(
            f"[{name}] {key} is missing; it takes {_RULES[spec.rule][0]}."
            for key, spec in keys.items()
            if spec.required and key not in (given or {})
        )
    return values


def _methods(given: Any, faults: list[str]) -> dict[str, dict[str, Any]]:
    """Return the detectors asked for, in the order written; KDE and DBSCAN when none is."""
    asked = [key for key in given if key in METHODS] if isinstance(given, dict) else []
    return {
        name: _section(f"hotspots.{name}", given[name] if asked else None, faults)
        for name in asked or ("kde", "dbscan")
    }


def _files(folder: Path, section: str, values: dict[str, Any], faults: list[str]) -> None:
    for key, spec in _SCHEMA[section].items():
        if spec.rule == "file" and _text(values[key]):
            values[key] = _found(folder, values[key], f"[{section}] {key}", faults)


def _found(folder: Path, name: str, where: str, faults: list[str]) -> Path:
    """Return a path counted from the configuration's folder; note it when nothing is there."""
    path = folder / Path(name).expanduser()
    if not path.exists() and not (glob.has_magic(name) and glob.glob(str(path))):
        faults.append(f"{where}: there is no {name!r} in {folder}.")
    return path
