"""Bins of time: which months or weeks the records wholly cover, and which they do not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..contracts import THIN, THIN_FROM, recorded_months, time_precision, whole_span

FREQ = {"MS": "month", "W-MON": "week"}
"""What a period of each frequency is called."""

MINOR = 0.05
"""Share of the incidents under which a source has no say in whether a period was recorded."""

_SILENCE = 6.9
"""Incidents expected in a silence at the edge of the records that chance makes once in 1,000."""


@dataclass(frozen=True)
class Bins:
    """Every period from the first to the last, and which of them each incident belongs to.

    Attributes
    ----------
    table : DataFrame
        Index ``period_start``: ``period_end``, ``status`` (present, thin, missing, incomplete),
        ``recorded`` (every incident in the table given, of all categories and origins) and
        ``days``.
    number : ndarray of int, shape (incidents,)
        Row of ``table`` of each incident, by the start of its interval.
    freq : str
    """

    table: pd.DataFrame
    number: NDArray[np.int64]
    freq: str

    @property
    def used(self) -> NDArray[np.intp]:
        """Rows of the periods that were wholly recorded."""
        return np.flatnonzero((self.table["status"] == "present").to_numpy())

    @property
    def word(self) -> str:
        """What a period is called."""
        return FREQ[self.freq]


def checked_category(incidents: pd.DataFrame, category: object) -> list[str]:
    """Name what is wrong with the category asked for, if anything."""
    if category is None:
        return []
    have = sorted(map(str, incidents["category"].unique()))
    if isinstance(category, str) and category in have:
        return []
    return [f"category={category!r} is not in the incidents; they hold {', '.join(have[:20])}."]


def numbers(when: NDArray[np.datetime64], freq: str) -> NDArray[np.int64]:
    """Give each time the number of its period; weeks count from Monday 29 December 1969."""
    if freq == "MS":
        return when.astype("datetime64[M]").astype(np.int64)
    return (when.astype("datetime64[D]").astype(np.int64) + 3) // 7


def starts_of(number: NDArray[np.int64], freq: str) -> NDArray[np.datetime64]:
    """First day of each period, the inverse of :func:`numbers`."""
    if freq == "MS":
        return number.astype("datetime64[M]").astype("datetime64[s]")
    return (number * 7 - 3).astype("datetime64[D]").astype("datetime64[s]")


def find_bins(incidents: pd.DataFrame, freq: str) -> Bins:
    """List every period, and tell which of them the records wholly cover.

    Parameters
    ----------
    incidents : DataFrame
        Every category of the sources in question, at least one row.
    freq : {"MS", "W-MON"}

    Returns
    -------
    Bins

    Notes
    -----
    Months are judged by :func:`hotspots.contracts.recorded_months`, weeks by the same rules. A
    period is only as whole as the worst of the sources that hold at least 5% of the incidents.
    Of dated records, the first and the last whole period also has to begin and end with
    incidents: it is incomplete where the silence at its edge would come by chance less than once
    in a thousand.
    """
    when = incidents["occurred_from"].to_numpy()
    number = numbers(when, freq)
    first, count = int(number.min()), int(np.ptp(number)) + 1
    edges = starts_of(first + np.arange(count + 1), freq)
    if "source" in incidents.columns:
        source = incidents["source"].astype(object).fillna("unknown").to_numpy()
    else:
        source = np.full(len(incidents), "all", dtype=object)
    codes, _ = pd.factorize(source, sort=True)
    share = np.bincount(codes) / len(codes)
    dated = bool(time_precision(incidents).isin(["hour", "day"]).mean() >= 0.5)
    worst = np.zeros(count, dtype=np.int64)
    order = ("present", "thin", "missing", "incomplete")
    for code in np.flatnonzero((share >= MINOR) | (share == share.max())):
        mine = codes == code
        status = np.full(count, "incomplete", dtype=object)
        found = _months(incidents[mine]) if freq == "MS" else _weeks(number[mine])
        status[found[0] - first] = found[1]
        if dated:
            _judge_edges(status, when[mine], edges)
        rank = pd.Index(order).get_indexer(pd.Index(status))
        worst = np.maximum(worst, rank)
    table = pd.DataFrame(
        {
            "period_end": edges[1:],
            "status": pd.Series(np.array(order, dtype=object)[worst], dtype="str").to_numpy(),
            "recorded": np.bincount(number - first, minlength=count),
            "days": np.diff(edges).astype("timedelta64[D]").astype(float),
        },
        index=pd.DatetimeIndex(edges[:-1], name="period_start"),
    ).astype({"status": "str"})
    return Bins(table, number - first, freq)


def _months(incidents: pd.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.object_]]:
    """Tell number and status of the months of one source."""
    found = recorded_months(incidents.drop(columns="source", errors="ignore"))
    return numbers(found["month"].to_numpy(), "MS"), found["status"].to_numpy(dtype=object)


def _weeks(number: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.object_]]:
    """Tell number and status of the weeks of one source, by the rules of the months."""
    first = int(number.min())
    counts = np.bincount(number - first)
    status = np.full(len(counts), "incomplete", dtype=object)
    start, end = whole_span(counts)
    inside = counts[start:end]
    usual = np.median(inside[inside > 0])
    thin = (inside < THIN * usual) & (usual >= THIN_FROM)
    status[start:end] = np.where(inside == 0, "missing", np.where(thin, "thin", "present"))
    return first + np.arange(len(counts)), status


def _judge_edges(
    status: NDArray[np.object_], when: NDArray[np.datetime64], edges: NDArray[np.datetime64]
) -> None:
    """Mark the first and the last whole period incomplete where the records cover a part only."""
    whole = np.flatnonzero(status != "incomplete")
    if len(whole) == 0:
        return
    low, high = edges[whole[0]], edges[whole[-1] + 1]
    inside = when[(when >= low) & (when < high)]
    days = (edges[1:] - edges[:-1])[status == "present"].astype("timedelta64[D]").astype(float)
    if len(inside) == 0 or days.sum() == 0:
        return
    second = np.timedelta64(1, "s")
    rate = len(inside) / days.sum()
    if rate * ((inside.min() - low) / second / 86400) > _SILENCE:
        status[whole[0]] = "incomplete"
    if rate * ((high - inside.max()) / second / 86400 - 1) > _SILENCE:  # dates end at midnight
        status[whole[-1]] = "incomplete"
