"""What response officers may look in on between jobs: one hotspot a shift, without a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .resources import DAY
from .tasks import able
from .trial import trial_days

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .resources import Duty
    from .rules import PatrolRules

_COLUMNS = {"date": "datetime64[s]", "lpt": "str", "shift": "str", "unit": "str",
            "hotspot": "str", "why": "str"}  # fmt: skip


def between_jobs(
    need: pd.DataFrame, intensity: NDArray[np.float64], asked: pd.DataFrame,
    occurrences: Sequence[Duty], visits: pd.DataFrame, first: pd.Timestamp, rules: PatrolRules,
) -> pd.DataFrame:  # fmt: skip
    """Give each response unit on duty at most one hotspot to look in on between jobs.

    Response officers are for calls, so they get no timed visits and nothing is counted as
    planned. Those on duty together get different hotspots: first the one where another visit in
    their hours is worth most, after the timed visits of the duty day.

    Parameters
    ----------
    need : DataFrame
        Index hotspot: ``lpt``, ``worth`` (at or below 0: none is sent there) and, where known,
        ``name``.
    intensity : ndarray, shape (n, 168)
        Need by hour of the week from Monday 00:00, mean 1.
    asked : DataFrame, n rows
        The row of each hotspot's task, as in ``tasks.loc[choose_tasks(need, tasks)]``.
    occurrences : sequence of Duty
        As :func:`~hotspots.patrols.resources.duties` gives them.
    visits : DataFrame
        The timed visits of the plan: ``hotspot`` and ``date``.
    first : Timestamp
        First duty day.
    rules : PatrolRules
        ``decay``, the hours of pairs and the calendar of a trial.

    Returns
    -------
    DataFrame
        ``date``, ``lpt``, ``shift``, ``unit``, ``hotspot`` and ``why`` (at most 160 characters),
        in the order of the occurrences. A unit for which no hotspot is left has no row.

    Notes
    -----
    The value of another visit is ``worth * mean intensity over the shift * decay**visits``, with
    the timed visits of the duty day. A hotspot whose task the unit may not do at any time of its
    shift is not given to it, nor is one that the calendar of a trial closes on a date of its shift.

    Examples
    --------
    >>> from hotspots.patrols.resources import Duty, Unit
    >>> from hotspots.patrols.rules import PatrolRules
    >>> from hotspots.patrols.tasks import choose_tasks, read_tasks
    >>> need = pd.DataFrame({"lpt": "Hanley", "worth": [9.0, 5.0], "name": ["Market Lane", ""]},
    ...                     index=["H1", "H2"])
    >>> crew = Unit("R1", "Hanley", "late", "response", 2, "vehicle", None, np.inf, "response")
    >>> late = Duty("Hanley", "late", 0, 900, 1380, ((915, 1365),), np.inf, (crew,))
    >>> visits = pd.DataFrame({"hotspot": ["H1"] * 2, "date": [pd.Timestamp("2026-03-02")] * 2})
    >>> asked = read_tasks().loc[choose_tasks(need, read_tasks())]
    >>> table = between_jobs(need, np.ones((2, 168)), asked, [late], visits,
    ...                      pd.Timestamp("2026-03-02"), PatrolRules())
    >>> table[["unit", "hotspot"]].values.tolist()
    [['R1', 'H2']]
    >>> print(table["why"].iloc[0])
    Need rank 2 of 2 in Hanley; no timed visit that day. When free of calls; no set time.
    """
    rows: list[dict[str, Any]] = []
    worth = need["worth"].to_numpy(dtype=np.float64)
    teams = need["lpt"].astype("str").to_numpy(dtype=object)
    ordered = np.lexsort((need.index.astype("str"), -worth))  # equals by id, not by row
    inside = {lpt: ordered[teams[ordered] == lpt] for lpt in set(teams)}
    at = pd.Series(np.arange(len(need)), index=need.index)
    done: dict[int, NDArray[np.int64]] = {}
    allowed: dict[tuple[Any, ...], NDArray[np.bool_]] = {}  # alike for every duty of a kind
    span = max((duty.day for duty in occurrences), default=-1) + 1
    shut = trial_days(rules.trial, need.index, first, span).shut
    days = (pd.to_datetime(visits["date"]) - first).dt.days.to_numpy()
    places = at.reindex(visits["hotspot"]).to_numpy()
    for duty in occurrences:
        mine = inside.get(duty.lpt, np.empty(0, dtype=np.int64))
        last = -(-duty.end // DAY) - 1
        mine = mine[(worth[mine] > 0) & ~shut[mine, duty.day] & ~shut[mine, last]]
        if not duty.responders or not len(mine):
            continue
        if duty.day not in done:
            done[duty.day] = np.bincount(places[days == duty.day], minlength=len(need))
        hours, opens = _hours_of_week(duty, first)
        value = worth[mine] * intensity[np.ix_(mine, hours)].mean(axis=1)
        value = np.round(value * rules.decay ** done[duty.day][mine], 12)
        for unit in duty.responders:
            kind = (unit.kind, unit.officers, duty.start % DAY, len(opens))
            if kind not in allowed:
                may = able(unit, asked, opens, opens + 60, rules.pairs_from, rules.pairs_to)
                allowed[kind] = np.logical_or.reduce(may, axis=1)
            left = np.where(allowed[kind][mine], value, 0.0)
            best = int(left.argmax())
            if left[best] <= 0:
                continue
            value[best] = 0.0  # the next unit on duty goes elsewhere
            h = int(mine[best])
            rows.append({
                "date": first + pd.Timedelta(days=duty.day), "lpt": duty.lpt, "shift": duty.shift,
                "unit": unit.name, "hotspot": need.index[h],
                "why": _why(best + 1, len(inside[duty.lpt]), duty.lpt, int(done[duty.day][h])),
            })  # fmt: skip
    return pd.DataFrame({
        name: pd.Series([row[name] for row in rows], dtype=kind)
        for name, kind in _COLUMNS.items()
    })  # fmt: skip


def _hours_of_week(
    duty: Duty, first: pd.Timestamp
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the hours of a duty: as hours of the week, and in minutes from the plan's start."""
    opens = np.arange(duty.start // 60, -(-duty.end // 60)) * 60
    return (first.weekday() * 24 + opens // 60) % 168, opens.astype(np.float64)


def _why(rank: int, of: int, lpt: str, visits: int) -> str:
    where = lpt if len(lpt) <= 40 else f"{lpt[:39].rstrip()}…"
    timed = f"{visits} timed visit{'' if visits == 1 else 's'}" if visits else "no timed visit"
    return (
        f"Need rank {rank} of {of} in {where}; {timed} that day. When free of calls; no set time."
    )
