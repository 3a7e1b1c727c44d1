"""What there is to do at a hotspot, and who may do it: the capability matrix."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..contracts import TASKS, InputError
from .files import contract_faults, read_table, stand_in
from .resources import DAY, clock_minutes
from .rules import CLASSES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .resources import Unit

POWERS = {"constable": "constables", "special": "specials", "pcso": "PCSOs"}
_STAND_INS = {"meaning": "given", "officers": 1.0, "night_officers": 2.0}


def read_tasks(path: str | Path | None = None) -> pd.DataFrame:
    r"""Read the table of tasks, or the one that is built in, and check it.

    Parameters
    ----------
    path : str or Path, optional
        A CSV file (UTF-8 or cp1252; comma, semicolon or tab) with a row per task, or a TOML file
        with a ``[[task]]`` table each. Columns as in ``contracts.TASKS`` with the name of the
        task in ``task``; ``constable``, ``pcso``, ``special`` and ``night_pcso`` are yes or no.
        The built-in table when absent.

    Returns
    -------
    DataFrame
        Index ``task``, in the order of the file: ``meaning``, ``constable``, ``pcso``,
        ``special``, ``night_pcso`` (bool), ``officers``, ``night_officers`` (1 or 2),
        ``categories`` (phrases separated by ";") and ``class_``; the last two empty where they
        fit everything.

    Raises
    ------
    InputError
        Naming every fault: missing columns, a task that nobody may do or that can never be
        chosen, officers other than 1 or 2, an unknown class, no task that fits every hotspot.

    Notes
    -----
    A hotspot's task is the **first** whose ``categories`` and ``class_`` both fit it. A category
    fits where one of the phrases begins a word of it, letter case aside: "theft" fits "Other
    theft" and "Theft from the person". A blank fits everything, and the last task must fit all.
    In the hours of pairs (``PatrolRules.pairs_from`` to ``pairs_to``) a task takes
    ``night_officers``, and a PCSO unit does it only where ``night_pcso`` is yes.

    Examples
    --------
    >>> tasks = read_tasks()
    >>> tasks[tasks["pcso"]].index.tolist()
    ['public order', 'problem solving', 'reassurance', 'engagement', 'prevention', 'visibility']
    >>> tasks.loc["enforcement", ["officers", "night_officers"]].tolist()
    [1, 2]
    """
    if path is None:
        return _built_in().copy()
    frame, faults = read_table(path, TASKS, "task", _STAND_INS)
    return check_tasks(frame, Path(path).name, faults)


@cache
def _built_in() -> pd.DataFrame:
    with as_file(files(__package__) / "tasks.toml") as path:
        return read_tasks(path)


def check_tasks(
    tasks: pd.DataFrame, what: str = "tasks", known: Sequence[str] = ()
) -> pd.DataFrame:
    """Check a table of tasks and fill in what it leaves open, or raise one InputError.

    ``known`` are faults of the file it came from, told with all others.

    Examples
    --------
    >>> plain = pd.DataFrame({"task": ["visibility"], "meaning": ["Be seen."], "constable": True,
    ...                       "pcso": True, "special": True})
    >>> check_tasks(plain).loc["visibility", ["officers", "night_officers"]].tolist()
    [1, 1]
    """
    faults = list(known)
    if isinstance(tasks, pd.DataFrame) and "task" in tasks.columns:
        if tasks["task"].isna().any():
            faults.append("column 'task' is empty in some rows; name every task.")
        tasks = tasks.set_index("task")
    elif isinstance(tasks, pd.DataFrame) and isinstance(tasks.index, pd.RangeIndex):
        columns = ", ".join(map(str, tasks.columns))
        faults.append(f"column 'task' is missing; columns found: {columns}.")
    if isinstance(tasks, pd.DataFrame) and {"night_pcso", "pcso"} <= set(tasks.columns):
        given = tasks["night_pcso"].astype("object")
        either = given.where(given.notna(), tasks["pcso"])
        tasks = tasks.assign(night_pcso=either.infer_objects())
    faults += contract_faults(tasks, TASKS, what)
    if not isinstance(tasks, pd.DataFrame):
        raise InputError(what, faults)
    filled = _filled(stand_in(tasks, TASKS, _STAND_INS) if faults else tasks)
    faults += _row_faults(filled)
    if faults:
        raise InputError(what, faults)
    return filled.astype({"officers": "int64", "night_officers": "int64"})


def _filled(tasks: pd.DataFrame) -> pd.DataFrame:
    """Fill in what a table of tasks may leave open."""
    blank = pd.Series(np.nan, index=tasks.index)
    officers = tasks.get("officers", blank).astype("float64").fillna(1.0)
    night = tasks.get("night_officers", blank).astype("float64").fillna(officers)
    night_pcso = tasks.get("night_pcso", blank).astype("object")
    texts = {
        name: tasks.get(name, blank).astype("object").where(lambda said: said.notna(), "")
        for name in ("categories", "class_")
    }  # fmt: skip
    filled = pd.DataFrame({
        "meaning": tasks["meaning"].astype("str").str.strip(),
        **{name: tasks[name].astype(bool) for name in POWERS},
        "night_pcso": night_pcso.where(night_pcso.notna(), tasks["pcso"]).astype(bool),
        "officers": officers, "night_officers": night,
        "categories": texts["categories"].astype("str").str.strip(),
        "class_": texts["class_"].astype("str").str.strip().str.lower(),
    })  # fmt: skip
    return filled.set_axis(tasks.index.astype("str").rename("task"))


def _row_faults(tasks: pd.DataFrame) -> list[str]:
    faults, fits_all = [], ""
    for name, row in tasks.iterrows():
        where = f"task {name!r}"
        if not row["meaning"]:
            faults.append(f"{where}: meaning is blank; say what to do there.")
        if not any(row[kind] for kind in POWERS):
            faults.append(f"{where}: nobody may do it; say yes to {', '.join(POWERS)} where right.")
        if row["night_pcso"] and not row["pcso"]:
            faults.append(f"{where}: PCSOs may do it by night but not by day; set one right.")
        faults += [
            f"{where}: {count} is {row[count]:g}; it is 1 or 2."
            for count in ("officers", "night_officers")
            if row[count] not in (1, 2)
        ]
        if row["night_officers"] < row["officers"]:
            faults.append(f"{where}: it takes fewer officers by night than by day; set one right.")
        if row["class_"] and row["class_"] not in CLASSES:
            faults.append(
                f"{where}: class_ is {row['class_']!r}; it takes {', '.join(CLASSES)}, or blank."
            )
        if fits_all:
            faults.append(
                f"{where}: it can never be chosen, for {fits_all!r} before it fits every hotspot; "
                "move that one to the end."
            )
        elif not row["class_"] and not _phrases(row["categories"]):
            fits_all = str(name)
    if not fits_all:
        faults.append("no task fits every hotspot; end with one whose categories and class_ "
                      "are blank.")  # fmt: skip
    return faults


def _phrases(categories: str) -> list[str]:
    parts = (" ".join(part.casefold().split()) for part in categories.split(";"))
    return [part for part in parts if part]


def choose_tasks(need: pd.DataFrame, tasks: pd.DataFrame) -> pd.Series:
    """Choose the task of each hotspot by its category and class.

    Parameters
    ----------
    need : DataFrame
        A row per hotspot, with ``category`` and ``class_`` where they are known.
    tasks : DataFrame
        As :func:`read_tasks` gives them.

    Returns
    -------
    Series of str
        Index of ``need``: the first task that fits.

    Examples
    --------
    >>> need = pd.DataFrame({"category": ["Drugs", "Burglary", None, "Burglary"],
    ...                      "class_": ["persistent", "emerging", None, "persistent"]})
    >>> choose_tasks(need, read_tasks()).tolist()
    ['enforcement', 'prevention', 'visibility', 'problem solving']
    """
    category, class_ = _said(need, "category"), _said(need, "class_")
    names, kinds = pd.factorize(category)
    chosen = np.full(len(need), "", dtype=object)
    for name, row in tasks.iloc[::-1].iterrows():  # the first that fits is written last
        fits = np.ones(len(need), dtype=bool)
        if row["class_"]:
            fits &= class_ == row["class_"]
        if phrases := _phrases(row["categories"]):
            pattern = re.compile("|".join(rf"(?<!\w){re.escape(phrase)}" for phrase in phrases))
            fits &= np.array([bool(pattern.search(kind)) for kind in kinds], dtype=bool)[names]
        chosen[fits] = name
    return pd.Series(chosen, index=need.index, name="task", dtype="str")


def _said(need: pd.DataFrame, name: str) -> NDArray[np.object_]:
    if name not in need.columns:
        return np.full(len(need), "", dtype=object)
    said = need[name].astype("object")
    text = said.where(said.notna(), "").astype("str").str.casefold().str.split().str.join(" ")
    return text.to_numpy(dtype=object)


def able(
    unit: Unit, asked: pd.DataFrame, opens: NDArray[np.float64], closes: NDArray[np.float64],
    pairs_from: str = "20:00", pairs_to: str = "06:00",
) -> NDArray[np.bool_]:  # fmt: skip
    """Tell which hotspots a unit may serve in which stretches of time.

    Parameters
    ----------
    unit : Unit
        Its kind and officers count; a response unit has a constable's powers.
    asked : DataFrame
        A row per hotspot: the row of its task, as in ``tasks.loc[choose_tasks(need, tasks)]``.
    opens, closes : ndarray, shape (m,)
        Stretches of arrival times, in minutes from any midnight. One that reaches into the hours
        of pairs is held to their rule.
    pairs_from, pairs_to : str
        The hours of pairs as HH:MM; none where both are the same.

    Returns
    -------
    ndarray of bool, shape (n, m)

    Examples
    --------
    >>> from hotspots.patrols.resources import Unit
    >>> asked = read_tasks().loc[["enforcement", "public order", "visibility"]]
    >>> pcso = Unit("P1", "Hanley", "late", "pcso", 2, "foot", None, np.inf)
    >>> able(pcso, asked, np.array([1080, 1200]), np.array([1200, 1320])).tolist()
    [[False, False], [True, False], [True, True]]
    """
    kind = "constable" if unit.kind == "response" else unit.kind
    night_kind = "night_pcso" if kind == "pcso" else kind
    may = asked[kind].to_numpy(dtype=bool) & (asked["officers"].to_numpy() <= unit.officers)
    may_at_night = asked[night_kind].to_numpy(dtype=bool) & (
        asked["night_officers"].to_numpy() <= unit.officers
    )
    night = in_pairs_hours(opens, closes, pairs_from, pairs_to)
    found: NDArray[np.bool_] = np.where(night[None, :], may_at_night[:, None], may[:, None])
    return found


def in_pairs_hours(
    opens: NDArray[np.float64], closes: NDArray[np.float64], pairs_from: str, pairs_to: str
) -> NDArray[np.bool_]:
    """Tell which stretches of time, in minutes from any midnight, reach into the hours of pairs.

    Examples
    --------
    >>> in_pairs_hours(np.array([1199, 1199, 360]), np.array([1200, 1201, 480]), "20:00", "06:00")
    array([False,  True, False])
    """
    first, last = clock_minutes(pairs_from) or 0, clock_minutes(pairs_to) or 0
    length = (last - first) % DAY
    into = (np.asarray(opens) - first) % DAY
    long = np.maximum(np.asarray(closes) - np.asarray(opens), 1)
    found: NDArray[np.bool_] = (length > 0) & ((into < length) | (into + long > DAY))
    return found


def who_may(task: pd.Series, pairs_from: str = "20:00", pairs_to: str = "06:00") -> str:
    """Say who may do a task.

    Examples
    --------
    >>> who_may(read_tasks().loc["public order"])
    'constables, specials or PCSOs; from 20:00 to 06:00 two officers, no PCSOs'
    >>> who_may(read_tasks().loc["visibility"])
    'constables, specials or PCSOs'
    """
    kinds = [word for kind, word in POWERS.items() if task[kind]]
    said = " or ".join([", ".join(kinds[:-1]), kinds[-1]] if len(kinds) > 1 else kinds)
    if task["officers"] == 2:
        said += ", two officers"
    by_night = ["two officers"] * bool(task["night_officers"] > task["officers"])
    by_night += ["no PCSOs"] * bool(task["pcso"] and not task["night_pcso"])
    if by_night and pairs_from != pairs_to:
        said += f"; from {pairs_from} to {pairs_to} {', '.join(by_night)}"
    return said
