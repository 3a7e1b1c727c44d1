"""Read a table of counts that somebody else made: one row per group and period."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import InputError
from .periods import FREQ, nowhere, numbers, starts_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

_STATUS = ("present", "thin", "missing")


def read_counts(
    table: pd.DataFrame, by: tuple[str, ...], freq: Any, faults: list[str], what: str
) -> tuple[pd.DataFrame, NDArray[np.float64], NDArray[Any], NDArray[np.datetime64]]:
    """Return the keys of the groups, counts and statuses (n, T) and the T + 1 edges of periods.

    A period without a row between a group's first and last is missing.
    """
    faults = [*faults, *_columns(table, by)]
    if faults:
        raise InputError(what, faults)
    faults = _values(table, by, freq)
    if faults:
        raise InputError(what, faults)
    when = numbers(table["period_start"].to_numpy().astype("datetime64[s]"), freq)
    keys = pd.DataFrame(index=table.index)
    for name in by:
        keys[name] = table[name].astype(object).fillna(nowhere(name)).astype(str)
    code = (
        keys.groupby(list(by), sort=True).ngroup().to_numpy()
        if by
        else np.zeros(len(table), dtype=np.int64)
    )
    first = np.unique(code, return_index=True)[1]
    low, count = when.min(), int(when.max() - when.min()) + 1
    y = np.full((len(first), count), np.nan)
    y[code, when - low] = table["incidents"].to_numpy(dtype=float, na_value=np.nan)
    status = np.where(np.isnan(y), "missing", "present").astype(object)
    if "status" in table.columns:
        thin = (table["status"] == "thin").to_numpy(dtype=bool, na_value=False)
        status[code[thin], (when - low)[thin]] = "thin"
        lost = (table["status"] == "missing").to_numpy(dtype=bool, na_value=False)
        status[code[lost], (when - low)[lost]] = "missing"
    status[np.isnan(y)] = "missing"
    y[status == "missing"] = np.nan
    known = status != "missing"
    inside = np.maximum.accumulate(known, 1) & np.maximum.accumulate(known[:, ::-1], 1)[:, ::-1]
    status[~inside] = ""
    named = keys.iloc[first].reset_index(drop=True).astype("str")
    return named, y, status, starts_of(low + np.arange(count + 1), freq)


def _columns(table: pd.DataFrame, by: tuple[str, ...]) -> list[str]:
    faults = []
    have = ", ".join(map(str, table.columns))
    for name in ("period_start", "incidents", *by):
        if name not in table.columns:
            faults.append(f"the table of counts has no column {name!r}; it has {have}.")
        elif isinstance(table[name], pd.DataFrame):
            faults.append(f"column {name!r} is there twice; rename or drop one.")
    if len(table) == 0:
        faults.append("the table of counts is empty; a series needs at least one period.")
    return faults


def _values(table: pd.DataFrame, by: tuple[str, ...], freq: str) -> list[str]:
    faults = []
    when, count = table["period_start"], table["incidents"]
    if not pd.api.types.is_datetime64_dtype(when.dtype):
        faults.append(
            f"period_start is {when.dtype}; it must be dates without a time zone: use "
            "pd.to_datetime(...)."
        )
    elif when.isna().any():
        faults.append(f"period_start is empty in {int(when.isna().sum()):,} rows.")
    else:
        given = when.to_numpy().astype("datetime64[s]")
        wrong = starts_of(numbers(given, freq), freq) != given
        if wrong.any():
            faults.append(
                f"period_start holds {pd.Timestamp(given[wrong][0]):%Y-%m-%d %H:%M}, which is not "
                f"the first day of a {FREQ[freq][2]} ({int(wrong.sum()):,} such rows); "
                f"freq={freq!r} needs it to be."
            )
        elif table.duplicated(["period_start", *by]).any():
            again = table.loc[table.duplicated(["period_start", *by]), ["period_start", *by]]
            faults.append(
                f"{len(again):,} rows repeat a group and period (first: "
                f"{', '.join(map(str, again.iloc[0]))}); add them up, or name what tells them "
                "apart in by."
            )
    if not pd.api.types.is_numeric_dtype(count.dtype) or pd.api.types.is_bool_dtype(count.dtype):
        faults.append(f"incidents is {count.dtype}; it must be numbers, empty where not recorded.")
    else:
        number = count.to_numpy(dtype=float, na_value=np.nan)
        with np.errstate(invalid="ignore"):
            wrong = (number < 0) | np.isinf(number) | (number % 1 != 0)
        wrong &= ~np.isnan(number)
        if wrong.any():
            faults.append(
                f"incidents holds {number[wrong][0]:g} ({int(wrong.sum()):,} such rows); counts "
                "are whole numbers from 0."
            )
        elif np.isnan(number).all():
            faults.append("incidents is empty in every row; at least one period must be recorded.")
    if "status" in table.columns:
        odd = sorted({str(v) for v in table["status"].dropna()} - set(_STATUS))
        if odd:
            faults.append(f"status holds {', '.join(odd)}; it takes {', '.join(_STATUS)}.")
    return faults
