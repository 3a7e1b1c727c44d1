"""What is known beside the counts: what days are worth, the user's calendar, and known steps."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..calendars import calendar_days, day_weights, effective_days, read_calendar
from ..contracts import InputError, time_precision

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..series import CountSeries, Panel

    Floats = NDArray[np.float64]

_EACH_SIDE = 3  # recorded periods a step needs before and after it
_DATED = 0.9  # share of incidents known to the day from which days can be told apart


@dataclass(frozen=True)
class Known:
    """What the regression takes as given, for n groups and T periods."""

    exposure: Floats  # (n, T): average days in each period
    columns: Floats  # (n, T, k)
    names: tuple[tuple[str, str], ...]  # k times: ("step", "2023-04-01 ...") or ("calendar", kind)
    weights: Floats | None  # (n, 8) of Monday to Sunday and a bank holiday; None: days unknown


def take_known(incidents: Any, counted: CountSeries, calendar: Any, steps: Any, what: str) -> Known:
    """Gather exposure and columns; every fault of ``calendar`` and ``steps`` at once."""
    if faults := faults_of(calendar, steps):
        raise InputError(what, faults)
    panel = counted.panel
    entries = None if calendar is None else read_calendar(calendar)
    marks = read_steps(steps)
    weights, exposure = _worth(incidents, counted, entries)
    parts, names = [], []
    for part, named in (_calendar(panel, entries), _steps(panel, marks)):
        parts.append(part)
        names += named
    return Known(exposure, np.concatenate(parts, axis=2), tuple(names), weights)


def faults_of(calendar: Any, steps: Any) -> list[str]:
    """List every fault of the user's calendar and steps."""
    faults = []
    for given, read in ((calendar, read_calendar), (steps, read_steps)):
        try:
            if given is not None:
                read(given)
        except InputError as error:
            faults += [f"{error.what}: {fault}" for fault in error.faults]
    return faults


def read_steps(steps: Any) -> pd.DataFrame:
    """Read dates, or a table with ``start`` and, if wanted, ``name``, ``lpt`` and ``category``."""
    wanted = ["start", "name", "lpt", "category"]
    if steps is None:
        return pd.DataFrame(columns=wanted)
    if isinstance(steps, pd.DataFrame):
        if "start" not in steps.columns:
            have = ", ".join(map(str, steps.columns)) or "none"
            raise InputError("steps", [f"column 'start' is missing; columns found: {have}."])
        table = steps.reset_index(drop=True)
    elif isinstance(steps, str | dt.date | np.datetime64):
        table = pd.DataFrame({"start": [steps]})
    elif isinstance(steps, Iterable):
        table = pd.DataFrame({"start": list(steps)}, dtype=object)
    else:
        raise InputError("steps", [
            f"it is {steps!r}; give dates, as ['2023-04-01'], or a table with a column 'start'."
        ])  # fmt: skip
    faults, starts = [], []
    for row, value in enumerate(table["start"].tolist()):
        try:
            when = pd.Timestamp(value)
            if isinstance(value, int | float) or pd.isna(when) or when.tz is not None:
                raise ValueError(value)
            starts.append(when.normalize())
        except (ValueError, TypeError):
            faults.append(f"start is {value!r} in entry {row + 1}; it must be a date without a "
                          "time zone, year first, as '2023-04-01'.")  # fmt: skip
    if faults:
        raise InputError("steps", faults)
    table = table.reindex(columns=wanted)
    table["start"] = pd.Series(starts, dtype="datetime64[s]")
    return table


def _worth(
    incidents: Any, counted: CountSeries, entries: pd.DataFrame | None
) -> tuple[Floats | None, Floats]:
    """Learn what each day of the week is worth, and add up the days of each period."""
    panel = counted.panel
    plain = np.broadcast_to(panel.days, panel.y.shape)
    daily = _daily(incidents, counted)
    if daily is None:
        return None, plain
    holidays = _bank_holidays(panel, entries)
    first = panel.start[0].astype("datetime64[D]")
    weights = day_weights(daily, first, holidays=holidays)[panel.pool]
    if counted.freq == "D":
        return weights, plain
    found, which = np.unique(weights, axis=0, return_inverse=True)
    exposure = effective_days(panel.start, panel.days, found, holidays=holidays)
    return weights, exposure[which.ravel()]


def _daily(incidents: Any, counted: CountSeries) -> Floats | None:
    """Incidents of each pool, day by day (NaN where not recorded); None where days are unknown."""
    panel = counted.panel
    used = panel.pooled()[1]
    if counted.freq == "D":
        return np.where(used, panel.pooled()[0], np.nan)
    have = incidents.columns if isinstance(incidents, pd.DataFrame) else ()
    if "occurred_from" not in have or not len(panel.start):
        return None
    if time_precision(incidents).isin(["hour", "day"]).mean() < _DATED:
        return None
    start = incidents["occurred_from"].to_numpy().astype("datetime64[s]")
    end = incidents["occurred_to"].to_numpy().astype("datetime64[s]")
    first = panel.start[0].astype("datetime64[D]")
    day = ((start + (end - start) // 2).astype("datetime64[D]") - first).astype(np.int64)
    size = int(panel.days.sum())
    pool = np.zeros(len(day), dtype=np.int64)
    if "category" in panel.keys.columns:
        codes, names = pd.factorize(incidents["category"].astype(object))
        number = dict(zip(panel.keys["category"], panel.pool, strict=True))
        pool = np.array([number.get(str(name), -1) for name in names], dtype=np.int64)[codes]
    inside = (day >= 0) & (day < size) & (pool >= 0)
    counts = np.bincount(pool[inside] * size + day[inside], minlength=len(used) * size)
    whole = np.repeat(used, panel.days.astype(np.int64), axis=1)
    return np.where(whole, counts[: len(used) * size].reshape(len(used), size), np.nan)


def _span(panel: Panel) -> tuple[dt.date, dt.date]:
    first = panel.start[0].astype("datetime64[D]")
    last = panel.start[-1].astype("datetime64[D]") + np.timedelta64(int(panel.days[-1]) - 1, "D")
    return first.astype(object), last.astype(object)


def _bank_holidays(panel: Panel, entries: pd.DataFrame | None) -> NDArray[np.datetime64] | None:
    """England's bank holidays with those of the calendar; None leaves it to the rule table."""
    if entries is None or not (entries["kind"] == "bank_holiday").any():
        return None
    days = calendar_days(*_span(panel), entries)
    return days.index[days["bank_holiday"] == 1].to_numpy()


def _calendar(panel: Panel, entries: pd.DataFrame | None) -> tuple[Floats, list[tuple[str, str]]]:
    """Share of each period's days that are of each kind of the calendar."""
    n, steps = panel.y.shape
    kinds = [] if entries is None else [k for k in entries["kind"].unique() if k != "bank_holiday"]
    if not kinds or not steps:
        return np.zeros((n, steps, 0)), []
    areas = np.full(n, "", dtype=object)
    if "lpt" in panel.keys.columns and entries is not None and entries["lpt"].notna().any():
        areas[panel.base] = panel.keys["lpt"].to_numpy(dtype=object)[panel.base]
    edges = np.r_[0, np.cumsum(panel.days.astype(np.int64))]
    columns = np.zeros((n, steps, len(kinds)))
    for area in pd.unique(areas):
        days = calendar_days(*_span(panel), entries, area or None, bank_holidays=False)
        sums = np.add.reduceat(days[kinds].to_numpy(dtype=float), edges[:-1], axis=0)
        columns[areas == area] = sums / panel.days[:, None]
    return columns, [("calendar", str(kind)) for kind in kinds]


def _steps(panel: Panel, marks: pd.DataFrame) -> tuple[Floats, list[tuple[str, str]]]:
    """Share of each period that lies after each step; 0 for groups it does not concern."""
    n, steps = panel.y.shape
    columns = np.zeros((n, steps, len(marks)))
    names = []
    for k, mark in enumerate(marks.to_dict("records")):
        start = np.datetime64(mark["start"], "s")
        after = (panel.start - start) / np.timedelta64(86400, "s") + panel.days
        share = np.clip(after / panel.days, 0, 1)
        mine = np.ones(n, dtype=bool)
        for column in ("lpt", "category"):
            if column in panel.keys.columns and isinstance(mark[column], str):
                mine &= (panel.keys[column] == mark[column]).to_numpy() | (
                    ~panel.base if column == "lpt" else False
                )
        for side in (share > 0, share < 1):
            mine &= (panel.used & side).sum(axis=1) >= _EACH_SIDE
        columns[mine, :, k] = share
        label = f" {mark['name']}" if isinstance(mark["name"], str) else ""
        names.append(("step", f"{pd.Timestamp(mark['start']):%Y-%m-%d}{label}"))
    return columns, names
