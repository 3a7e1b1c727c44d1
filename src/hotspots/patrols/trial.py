"""The calendar of a trial as a plan keeps it: who may be visited on which day, and who must be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import TREATMENT, InputError, check_table
from .files import read_table
from .words import counted, day_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .basis import Basis
    from .rules import PatrolRules

    Bools = NDArray[np.bool_]
    Ints = NDArray[np.int64]

NOT_TODAY = "not today"
"""All that officers are told of a day on which a hotspot of a trial gets no visit."""

_SHOWN = 5


@dataclass(frozen=True)
class TrialDays:
    """What the calendar of a trial says of ``n`` hotspots on the days of a plan.

    Attributes
    ----------
    shut : ndarray of bool, shape (n, days + 2)
        No visit that day; the two days after the plan too, into which a night shift may reach.
    asked : ndarray of bool, shape (n, days)
        A visit is owed that day.
    """

    shut: Bools
    asked: Bools

    @property
    def inside(self) -> Bools:
        """Which hotspots the calendar speaks of on any day of the plan, shape (n,)."""
        told = np.concatenate([self.asked, self.shut[:, :-2]], axis=1)
        return np.asarray(told.any(axis=1))


def check_trial(trial: Any) -> pd.DataFrame:
    """Check the calendar of a trial and return it.

    Parameters
    ----------
    trial : DataFrame
        ``contracts.TREATMENT``: a row per hotspot and date.

    Returns
    -------
    DataFrame

    Raises
    ------
    InputError
        Naming every fault at once.

    Examples
    --------
    >>> day = pd.Timestamp("2026-03-02")
    >>> check_trial(pd.DataFrame({"hotspot": ["H1", "H1"], "date": day, "treated": [True, False]}))
    Traceback (most recent call last):
    hotspots.contracts.InputError: trial: H1 on Mon 2 Mar is there twice; give one row for each \
hotspot and date.
    """
    table = check_table(trial, TREATMENT, "trial")
    faults = []
    dates = trial["date"]
    if (wrong := dates != dates.dt.normalize()).any():
        faults.append(
            f"date is {dates[wrong].iloc[0]} in {int(wrong.sum()):,} rows; give dates without a "
            "time of day."
        )
    again = trial.duplicated(["hotspot", "date"])
    if again.any():
        row = trial[again].iloc[0]
        faults.append(
            f"{row['hotspot']} on {day_text(row['date'])} is there twice; give one row for each "
            "hotspot and date."
        )
    if faults:
        raise InputError("trial", faults)
    return table


def read_trial(path: str | Path) -> pd.DataFrame:
    r"""Read the calendar of a trial from a CSV or TOML file.

    Parameters
    ----------
    path : str or Path
        A row per hotspot and date: ``hotspot``, ``date``, ``treated``, as
        ``trial.calendar.to_csv`` writes it.

    Returns
    -------
    DataFrame
        ``contracts.TREATMENT``, for ``PatrolRules(trial=...)``.

    Raises
    ------
    InputError
        Naming every fault of the file.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "calendar.csv"
    ...     _ = path.write_text("hotspot,date,treated\nH1,2026-03-02,yes\n", encoding="utf-8")
    ...     read_trial(path)["treated"].tolist()
    [True]
    """
    frame, faults = read_table(path, TREATMENT, "day")
    if faults:
        raise InputError(Path(path).name, faults)
    return check_trial(frame)


def trial_days(
    trial: pd.DataFrame | None, names: pd.Index, first: pd.Timestamp, days: int
) -> TrialDays:
    """Lay the calendar of a trial over the hotspots and days of a plan.

    Parameters
    ----------
    trial : DataFrame or None
        ``contracts.TREATMENT``. What it does not name is planned as usual.
    names : Index
        The hotspots, ``n`` of them.
    first : Timestamp
        First duty day.
    days : int
        Duty days.

    Returns
    -------
    TrialDays

    Examples
    --------
    >>> monday = pd.Timestamp("2026-03-02")
    >>> trial = pd.DataFrame({"hotspot": "H1", "date": [monday, monday + pd.Timedelta("1D")],
    ...                       "treated": [True, False]})
    >>> found = trial_days(trial, pd.Index(["H1", "H2"]), monday, 2)
    >>> found.asked.tolist(), found.shut[:, :2].tolist()
    ([[True, False], [False, False]], [[False, True], [False, False]])
    """
    shut = np.zeros((len(names), days + 2), dtype=bool)
    asked = shut.copy()
    if trial is not None:
        row, day = _cells(names, first, trial)
        treated = trial["treated"].to_numpy(dtype=bool)
        here = (row >= 0) & (day >= 0) & (day < days + 2)
        shut[row[here & ~treated], day[here & ~treated]] = True
        asked[row[here & treated], day[here & treated]] = True
    return TrialDays(shut, asked[:, :days])


def _cells(names: pd.Index, first: pd.Timestamp, table: pd.DataFrame) -> tuple[Ints, Ints]:
    """Hotspot and day of each row of a table, as numbers; -1 for a hotspot that is not there."""
    row = names.astype("str").get_indexer(pd.Index(table["hotspot"].astype("str")))
    day = ((table["date"] - first) // pd.Timedelta(days=1)).to_numpy()
    return row.astype(np.int64), day.astype(np.int64)


def least_visits(need: pd.DataFrame, rules: PatrolRules, found: TrialDays) -> Ints:
    """Visits each hotspot is owed by its tier over the plan: none for days it is not to be visited.

    Parameters
    ----------
    need : DataFrame, n rows
        ``tier`` and ``worth``; a hotspot without worth is owed nothing.
    rules : PatrolRules
    found : TrialDays

    Returns
    -------
    ndarray of int, shape (n,)

    Examples
    --------
    Seven a week is one a day on the days it may be visited:

    >>> from hotspots.patrols.rules import PatrolRules
    >>> shut = np.zeros((1, 9), dtype=bool)
    >>> shut[0, :3] = True
    >>> need = pd.DataFrame({"tier": ["A"], "worth": [1.0]})
    >>> least_visits(need, PatrolRules(), TrialDays(shut, ~shut[:, :7])).tolist()
    [4]
    """
    open_days = (~found.shut[:, :-2]).sum(axis=1)
    week = np.array([float(rules.least_per_week.get(str(tier), 0.0)) for tier in need["tier"]])
    least = np.floor(week * open_days / 7 + 1e-9)
    return np.where(need["worth"].to_numpy(dtype=float) > 0, least, 0.0).astype(np.int64)


def days_kept(basis: Basis, visits: pd.DataFrame) -> tuple[Bools, TrialDays]:
    """Tell on which days each hotspot of a plan has a visit, beside what the calendar says.

    Parameters
    ----------
    basis : Basis
    visits : DataFrame
        ``hotspot`` and ``date``.

    Returns
    -------
    ndarray of bool, shape (n, days)
    TrialDays

    Examples
    --------
    >>> from hotspots.patrols.example import example_plan
    >>> plan = example_plan()
    >>> days_kept(plan.basis, plan.visits)[0].tolist()
    [[True], [True]]
    """
    names = basis.demand.need.index
    found = trial_days(basis.rules.trial, names, basis.first, basis.days)
    visited = np.zeros_like(found.asked)
    row, day = _cells(names, basis.first, visits)
    inside = (row >= 0) & (day >= 0) & (day < basis.days)
    visited[row[inside], day[inside]] = True
    return visited, found


def on_trial_days(basis: Basis, visits: pd.DataFrame) -> list[bool]:
    """Tell of each visit whether the calendar of a trial asks for it.

    Parameters
    ----------
    basis : Basis
    visits : DataFrame
        ``hotspot`` and ``date``.

    Returns
    -------
    list of bool

    Examples
    --------
    >>> from hotspots.patrols.example import example_plan
    >>> plan = example_plan()
    >>> on_trial_days(plan.basis, plan.visits)
    [False, False]
    """
    names = basis.demand.need.index
    found = trial_days(basis.rules.trial, names, basis.first, basis.days)
    row, day = _cells(names, basis.first, visits)
    inside = (row >= 0) & (day >= 0) & (day < basis.days)
    asked = np.zeros(len(visits), dtype=bool)
    asked[inside] = found.asked[row[inside], day[inside]]
    return [bool(one) for one in asked]


def trial_text(basis: Basis, visits: pd.DataFrame) -> list[str]:
    """Say what the calendar asked of the plan, what is kept of it, and whom it does not speak of.

    Parameters
    ----------
    basis : Basis
    visits : DataFrame
        ``hotspot`` and ``date``.

    Returns
    -------
    list of str
        Nothing without a trial.

    Examples
    --------
    >>> from hotspots.patrols.example import example_plan
    >>> plan = example_plan()
    >>> trial_text(plan.basis, plan.visits)
    []
    """
    trial = basis.rules.trial
    if trial is None:
        return []
    visited, found = days_kept(basis, visits)
    days, names = basis.days, basis.demand.need.index
    inside, asked, shut = found.inside, int(found.asked.sum()), found.shut[:, :days]
    if not inside.any():
        return ["Trial: its calendar says nothing of these days; all hotspots are planned as "
                "usual."]  # fmt: skip
    kept = int((visited & found.asked).sum())
    said = (
        f"Trial: {counted(int(inside.sum()), 'hotspot')} follow its calendar. {kept:,} of "
        f"{counted(asked, 'treatment day')} have a visit"
    )
    if shut.any():
        said += f"; on their {counted(int(shut.sum()), 'other day')} none is planned there"
    if broken := int((visited & shut).sum()):
        said += f", but on {broken:,} there is one all the same"
    lines = [said + "."]
    if few := int((~inside).sum()):
        lines.append(f"{counted(few, 'hotspot')} outside the trial planned as usual.")
    silent = ~(found.asked | shut) & inside[:, None]
    if silent.any():
        when = [basis.first + pd.Timedelta(days=int(d)) for d in np.flatnonzero(silent.any(axis=0))]
        listed = ", ".join(map(day_text, when[:_SHOWN]))
        more = f" and {len(when) - _SHOWN} more days" if len(when) > _SHOWN else ""
        lines.append(
            f"The calendar says nothing of {counted(int(silent.any(axis=1).sum()), 'hotspot')} of "
            f"the trial on {listed}{more}: planned as usual then."
        )
    absent = sorted(set(trial["hotspot"].astype("str")) - set(names.astype("str")))
    if absent:
        more = f" and {len(absent) - _SHOWN} more" if len(absent) > _SHOWN else ""
        lines.append(
            f"In the trial but not among the hotspots given: {', '.join(absent[:_SHOWN])}{more}."
        )
    return [" ".join(lines)]
