"""What a briefing carries over: tasks, visits due, and what still stands from the one before."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd

from ..contracts import VISITS, InputError, Result, check_table
from ._usual import ALL, FORCE, rows_of
from ._window import Window

DONE = ("done", "closed", "complete", "completed", "cancelled")
"""Statuses of a task that is open no longer."""

CARRIED = {"lpt": "str", "kind": "str", "since": "datetime64[s]", "due": "datetime64[s]",
           "words": "str"}  # fmt: skip
DUE = {"lpt": "str", "hotspot": "str", "place": "str", "unit": "str", "shift": "str",
       "arrive": "datetime64[s]", "depart": "datetime64[s]", "words": "str"}  # fmt: skip


def read_tasks(tasks: Any, faults: list[str]) -> pd.DataFrame | None:
    """Check a table of tasks, and note what is wrong with it."""
    if tasks is None:
        return None
    if not isinstance(tasks, pd.DataFrame):
        faults.append(
            f"tasks is of type {type(tasks).__name__}; give a table with task, due and perhaps "
            "lpt and status."
        )
        return None
    missing = [name for name in ("task", "due") if name not in tasks.columns]
    if missing:
        have = ", ".join(map(str, tasks.columns)) or "none"
        faults.append(f"tasks has no column {' or '.join(missing)}; columns found: {have}.")
        return None
    due = tasks["due"]
    if not pd.api.types.is_datetime64_any_dtype(due.dtype):
        due = pd.Series([_moment(one) for one in due], tasks.index, dtype="datetime64[s]")
    bad = due.isna().to_numpy()
    if bad.any():
        faults.append(
            f"tasks: due is no date in {int(bad.sum())} rows (first: "
            f"{tasks['due'].iloc[int(np.argmax(bad))]!r}); write 2025-03-31."
        )
        return None
    if due.dt.tz is not None:
        faults.append("tasks: due has a time zone; give local dates without one.")
        return None
    lpt = tasks["lpt"].astype(object) if "lpt" in tasks.columns else pd.Series(None, tasks.index)
    read = pd.DataFrame({
        "task": tasks["task"].astype(object).where(tasks["task"].notna(), "(no words)").astype(str),
        "due": due.dt.normalize().astype("datetime64[s]"),
        "lpt": lpt.where(lpt.notna(), FORCE).astype(str),
    })  # fmt: skip
    if "status" in tasks.columns:
        status = tasks["status"].astype(object).where(tasks["status"].notna(), "")
        read = read[~status.astype(str).str.strip().str.casefold().isin(DONE)]
    return read


def _moment(given: object) -> pd.Timestamp:
    """Read a date or a local time; NaT where it is none."""
    try:
        if isinstance(given, str):
            given = dt.datetime.fromisoformat(given.strip())
        known = isinstance(given, dt.date)
        moment = pd.Timestamp(given) if known else pd.NaT  # type: ignore[arg-type]
    except (ValueError, OverflowError):
        return pd.NaT  # type: ignore[return-value]
    return pd.NaT if pd.isna(moment) or moment.tz is not None else moment  # type: ignore[return-value]


_BEFORE = ("level", "lpt", "category", "standing", "outside_since")


def read_previous(previous: Any, window: Window, faults: list[str]) -> pd.DataFrame | None:
    """Take the counts of the briefing before, and note what is wrong with it."""
    if previous is None:
        return None
    counts = previous.tables.get("counts") if isinstance(previous, Result) else previous
    if not isinstance(counts, pd.DataFrame) or not set(_BEFORE) <= set(counts.columns):
        faults.append(
            f"previous is of type {type(previous).__name__}; give the briefing before, or its "
            f"counts with {', '.join(_BEFORE)}."
        )
        return None
    made = getattr(previous, "when", None)
    if made is not None and made >= window.end:
        faults.append(
            f"previous is the briefing of {made}, not before this one ({window.end}); give one "
            "made earlier."
        )
        return None
    return counts


def read_visits(plan: Any, faults: list[str]) -> pd.DataFrame | None:
    """Take the visits, with names of the places where the plan has them."""
    if plan is None:
        return None
    names: dict[str, str] = {}
    visits = plan
    if isinstance(plan, Result):
        tables = plan.tables
        if "visits" not in tables:
            faults.append(f"plan is a {type(plan).__name__}, which has no visits; give a plan.")
            return None
        visits = tables["visits"]
        reasons = tables.get("reasons")
        if reasons is not None and "name" in reasons.columns:
            named = reasons["name"].dropna().astype(str)
            names = {str(key): name for key, name in named.items()}
    try:
        check_table(visits, VISITS, "plan")
    except InputError as error:
        faults.extend(f"plan: {fault}" for fault in error.faults)
        return None
    hotspot = visits["hotspot"].astype(str)
    own = visits["name"].astype(object) if "name" in visits.columns else hotspot.map(names)
    told: pd.DataFrame = visits.assign(place=own.where(own.notna(), hotspot).astype(str))
    return told


def visits_due(visits: pd.DataFrame | None, window: Window) -> pd.DataFrame:
    """List the visits to be made in as many hours after the briefing as it looks back."""
    if visits is None:
        return pd.DataFrame({name: pd.Series([], dtype=kind) for name, kind in DUE.items()})
    until = window.end + pd.Timedelta(hours=window.hours)
    due = visits[(visits["arrive"] >= window.end) & (visits["arrive"] < until)]
    due = due.sort_values(["arrive", "unit", "hotspot"], kind="stable")
    table = due.reset_index(drop=True).reindex(columns=list(DUE))
    table["words"] = [
        f"{row.arrive:%H:%M} to {row.depart:%H:%M} {row.place} ({row.unit})"
        for row in rows_of(table)
    ]
    return table.astype(DUE)


def carry_over(counts: pd.DataFrame, tasks: pd.DataFrame | None, window: Window) -> pd.DataFrame:
    """Put together what is open: tasks, late records, what is still out of its usual range."""
    today = window.end.normalize()
    rows: list[tuple[Any, ...]] = []
    if tasks is not None:
        for task in rows_of(tasks[tasks["due"] <= today].sort_values(["due", "task"])):
            kind = "task overdue" if task.due < today else "task due"
            when = f"due {_day(task.due)}" if task.due < today else "due today"
            rows.append((task.lpt, kind, pd.NaT, task.due, f"{task.task} ({when})"))
    rows += [
        (row.lpt, "still outside the usual range", row.since, pd.NaT,
         f"{row.category}: {row.incidents} now, {row.words}, as in each briefing since "
         f"{_day(row.since)}")
        for row in rows_of(_still(counts, window))
    ]  # fmt: skip
    late = counts[(counts["category"] == ALL) & (counts["recorded_late"] > 0)]
    for row in rows_of(late):
        many = row.recorded_late != 1
        rows.append((
            row.lpt, "recorded late", pd.NaT, pd.NaT,
            f"{row.recorded_late} {'were' if many else 'was'} recorded over a day after the event "
            "and in no briefing before",
        ))  # fmt: skip
    return pd.DataFrame(rows, columns=list(CARRIED)).astype(CARRIED)


def outside_since(counts: pd.DataFrame, previous: pd.DataFrame | None, window: Window) -> pd.Series:
    """Tell since which briefing each group has stood outside its usual range on the same side."""
    now = counts["standing"].isin(["above", "below"])
    since = pd.Series(window.end, index=counts.index).astype("datetime64[s]").where(now)
    if previous is None:
        return since
    names = ["level", "lpt", "category"]
    before = previous.drop_duplicates(names).set_index(names)
    keys = pd.MultiIndex.from_frame(counts[names].astype(object))
    stood = before["standing"].astype(object).reindex(keys).to_numpy(object)
    first = pd.to_datetime(before["outside_since"], errors="coerce", format="ISO8601")
    began = first.reindex(keys).to_numpy().astype("datetime64[s]")
    same = now.to_numpy() & (stood == counts["standing"].to_numpy(object)) & ~np.isnat(began)
    return since.mask(same, pd.Series(began, index=counts.index))


def _still(counts: pd.DataFrame, window: Window) -> pd.DataFrame:
    """Return the groups outside their usual range that were so in the briefing before."""
    older = counts["outside_since"] < window.end  # NaT is not
    return counts[older].rename(columns={"outside_since": "since"})


def _day(moment: pd.Timestamp) -> str:
    return f"{moment:%a} {moment.day} {moment:%b}"
