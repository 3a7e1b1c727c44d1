"""Which period an incident belongs to, and which periods the records really cover."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import SURE, THIN, THIN_FROM, time_precision, whole_span

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

FREQ = {"MS": (12, 30.4375, "month"), "W-MON": (52, 7.0, "week"), "D": (365, 1.0, "day")}
"""Per frequency: periods in a year, days of a standard period, the period's name."""


def starts_of(number: NDArray[Any], freq: str) -> NDArray[np.datetime64]:
    """First day of each period; weeks are counted from Monday 29 December 1969."""
    if freq == "MS":
        return number.astype("datetime64[M]").astype("datetime64[s]")
    if freq == "D":
        return number.astype("datetime64[D]").astype("datetime64[s]")
    return (number * 7 - 3).astype("datetime64[D]").astype("datetime64[s]")


def numbers(when: NDArray[np.datetime64], freq: str) -> NDArray[np.int64]:
    """Period number of each time, the inverse of :func:`starts_of`."""
    if freq == "MS":
        return when.astype("datetime64[M]").astype(np.int64)
    if freq == "D":
        return when.astype("datetime64[D]").astype(np.int64)
    return (when.astype("datetime64[D]").astype(np.int64) + 3) // 7


def nowhere(column: str) -> str:
    """Name the group of the incidents whose column is empty."""
    return "no LPT" if column == "lpt" else f"no {column}"


def _midpoints(incidents: pd.DataFrame) -> NDArray[np.datetime64]:
    start = incidents["occurred_from"].to_numpy().astype("datetime64[s]")
    end = incidents["occurred_to"].to_numpy().astype("datetime64[s]")
    middle: NDArray[np.datetime64] = start + (end - start) // 2
    return middle


def place(incidents: pd.DataFrame, freq: str) -> tuple[NDArray[np.int64], int]:
    """Period number of each incident, and how many intervals reach over a period's end."""
    start = incidents["occurred_from"].to_numpy().astype("datetime64[s]")
    end = incidents["occurred_to"].to_numpy().astype("datetime64[s]")
    last = np.maximum(start, end - np.timedelta64(1, "s"))  # the end itself is outside
    spanning = int((numbers(start, freq) != numbers(last, freq)).sum())
    return numbers(_midpoints(incidents), freq), spanning


def labels(incidents: pd.DataFrame, column: str, missing: str) -> tuple[NDArray[Any], list[str]]:
    """Codes and sorted names of a column; what is missing comes last, under its own name."""
    if column not in incidents.columns:
        return np.zeros(len(incidents), dtype=np.int64), ["all"]
    codes, names = pd.factorize(incidents[column].astype(object), sort=True)
    found = [str(name) for name in names]
    if (codes < 0).any():
        if missing not in found:
            found.append(missing)
        codes = np.where(codes < 0, found.index(missing), codes)
    return codes, found


def find_periods(
    incidents: gpd.GeoDataFrame, number: NDArray[np.int64],
    sources: tuple[NDArray[Any], list[str]], freq: str,
) -> pd.DataFrame:  # fmt: skip
    """List every period of every source with its incidents and whether its records are whole."""
    middle = _midpoints(incidents)
    dated = time_precision(incidents).isin(["hour", "day"]).to_numpy()
    parts = []
    for code, name in enumerate(sources[1]):
        mine = sources[0] == code
        first = number[mine].min()
        counts = np.bincount(number[mine] - first)
        starts = starts_of(first + np.arange(len(counts) + 1), freq)
        a, b = _covered(counts, starts, middle[mine], bool(dated[mine].mean() >= 0.5))
        status = np.full(len(counts), "incomplete", dtype=object)
        inside = (middle[mine] >= starts[a]) & (middle[mine] < starts[b])
        status[a:b] = _recorded(counts[a:b], starts[a:b], middle[mine][inside])
        parts.append(pd.DataFrame({
            "source": name, "period_start": starts[:-1],
            "incidents": counts.astype(np.int64), "status": status,
        }))  # fmt: skip
    return pd.concat(parts, ignore_index=True).astype({"source": "str", "status": "str"})


def _covered(
    counts: NDArray[np.int64], starts: NDArray[np.datetime64], middle: NDArray[np.datetime64],
    dated: bool,
) -> tuple[int, int]:  # fmt: skip
    """Find the first period and one past the last that the records wholly cover.

    In dated records the days of the edges tell too whether a period is covered from its start.
    """
    a, b = whole_span(counts)
    if dated:
        day = middle.astype("datetime64[D]").astype(np.int64)
        edges = starts.astype("datetime64[D]").astype(np.int64)
        daily = np.bincount(day[(day >= edges[a]) & (day < edges[b])] - edges[a],
                            minlength=edges[b] - edges[a])  # fmt: skip
        rate = float(daily[daily.cumsum() > 0].mean())
        if _starts_late(daily[: edges[a + 1] - edges[a]], rate):
            a += 1
        if b > a and _starts_late(daily[::-1][: edges[b] - edges[b - 1]], rate):
            b -= 1
    return a, b


def _starts_late(daily: NDArray[np.int64], rate: float) -> bool:
    """Tell whether the first days hold far fewer incidents than chance allows at this rate."""
    from scipy.special import pdtr  # Poisson's distribution, without loading all of scipy.stats

    so_far, expected = daily.cumsum(), rate * np.arange(1, len(daily) + 1)
    return bool(((so_far < 0.2 * expected) & (pdtr(so_far, expected) < 0.001)).any())


def _recorded(
    counts: NDArray[np.int64], starts: NDArray[np.datetime64], middle: NDArray[np.datetime64]
) -> NDArray[Any]:
    """Tell the status of the covered periods of one source."""
    if len(middle) == 0:
        return np.full(len(counts), "incomplete", dtype=object)
    recorded = np.unique(middle.astype("datetime64[M]"))
    usual = float(np.median(counts[counts > 0]))
    status = np.full(len(counts), "present", dtype=object)
    if usual >= THIN_FROM:
        status[counts < THIN * usual] = "thin"
    if usual >= SURE:
        status[counts == 0] = "missing"
    status[(counts == 0) & ~np.isin(starts.astype("datetime64[M]"), recorded)] = "missing"
    return status


def count_groups(
    number: NDArray[np.int64], sources: tuple[NDArray[Any], list[str]],
    groups: list[tuple[NDArray[Any], list[str]]], periods: pd.DataFrame, freq: str,
) -> tuple[
    list[NDArray[Any]], NDArray[np.float64], NDArray[Any], NDArray[np.datetime64]
]:  # fmt: skip
    """Zero-filled counts of every group and period.

    Returns the names of each group (one array of length n per key), the counts (n, T) with NaN
    where nothing was recorded, the status (n, T; empty outside the group's span) and the T + 1
    edges of the periods.
    """
    code = np.zeros(len(number), dtype=np.int64)
    for codes, names in groups:
        code = code * len(names) + codes
    found, group = np.unique(code, return_inverse=True)
    called: list[NDArray[Any]] = []
    for _, names in reversed(groups):
        called.insert(0, np.array(names, dtype=object)[found % len(names)])
        found = found // len(names)
    # what share of a group's incidents comes from sources that recorded nothing, or thinly
    every = numbers(periods["period_start"].to_numpy(), freq)
    low, count = every.min(), every.max() - every.min() + 1
    n, m = int(group.max()) + 1, len(sources[1])
    share = np.bincount(group * m + sources[0], minlength=n * m).reshape(n, m).astype(float)
    share /= share.sum(axis=1, keepdims=True)
    absent, partial = np.ones((m, count)), np.zeros((m, count))
    where = (pd.Index(sources[1]).get_indexer(pd.Index(periods["source"])), every - low)
    absent[where] = periods["status"].isin(["missing", "incomplete"]).to_numpy()
    partial[where] = (periods["status"] == "thin").to_numpy()
    lost, thin = share @ absent, share @ partial
    used = absent[sources[0], number - low] == 0
    tally = np.bincount((group * count + number - low)[used], minlength=n * count)
    y = tally.reshape(n, count).astype(float)
    status = np.where(lost + thin > 0.05, "thin", "present").astype(object)
    status[(lost > 0.95) & (y == 0)] = "missing"
    y[status == "missing"] = np.nan
    # each group runs from its first recorded period to its last
    kept = status != "missing"
    kept = np.maximum.accumulate(kept, 1) & np.maximum.accumulate(kept[:, ::-1], 1)[:, ::-1]
    status[~kept] = ""
    return called, y, status, starts_of(low + np.arange(count + 1), freq)
