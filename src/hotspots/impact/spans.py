"""The periods of a study, aligned on its start, and which of them the records cover wholly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..contracts import PRECISIONS, precision_codes
from ..series import numbers, starts_of
from ..series.periods import find_periods, labels

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FREQ = {"MS": "MS", "W": "W-MON", "D": "D"}
NAMES = {"MS": "month", "W": "week", "D": "day"}
LONGEST = {"MS": 31, "W": 7, "D": 1}
"""Days a time may span and still be known to the period."""

WIDE = 0.1
"""Share of the incidents with longer spans above which the period is refused."""

LOST = 0.05
"""Share of the incidents of sources that recorded nothing, or thinly, above which a period of the
study is not whole."""


def middles(incidents: pd.DataFrame) -> NDArray[np.datetime64]:
    """Middle of each incident's interval, to the second.

    Parameters
    ----------
    incidents : DataFrame, n rows

    Returns
    -------
    ndarray of datetime64[s], shape (n,)

    Examples
    --------
    >>> month = pd.DataFrame({"occurred_from": [pd.Timestamp("2025-04-01")],
    ...                       "occurred_to": [pd.Timestamp("2025-05-01")]})
    >>> str(middles(month)[0])
    '2025-04-16T00:00:00'
    """
    first = incidents["occurred_from"].to_numpy().astype("datetime64[s]")
    last = incidents["occurred_to"].to_numpy().astype("datetime64[s]")
    middle: NDArray[np.datetime64] = first + (last - first) // 2
    return middle


def wide_share(incidents: pd.DataFrame, period: str) -> float:
    """Share of the incidents whose time is known no closer than a period.

    Parameters
    ----------
    incidents : DataFrame
    period : {"MS", "W", "D"}

    Returns
    -------
    float
        0 to 1; 0 of none.

    Examples
    --------
    >>> month = pd.DataFrame({"occurred_from": [pd.Timestamp("2025-04-01")],
    ...                       "occurred_to": [pd.Timestamp("2025-05-01")]})
    >>> wide_share(month, "W"), wide_share(month, "MS")
    (1.0, 0.0)
    """
    length = (incidents["occurred_to"] - incidents["occurred_from"]).to_numpy()
    wide = length > np.timedelta64(LONGEST[period], "D")
    return float(wide.mean()) if len(wide) else 0.0


def cut_periods(
    incidents: pd.DataFrame,
    middle: NDArray[np.datetime64],
    period: str,
    start: pd.Timestamp,
    end: pd.Timestamp | None,
    *,
    only_after: bool = False,
    near: NDArray[np.bool_] | None = None,
) -> pd.DataFrame:
    """Cut the time of the records into periods that begin anew at the start of treatment.

    Parameters
    ----------
    incidents : DataFrame
        Every incident of the sources in question, at least one.
    middle : ndarray of datetime64, shape (incidents,)
        As :func:`middles` gives them.
    period : {"MS", "W", "D"}
    start : Timestamp
        First day of treatment.
    end : Timestamp, optional
        Last day that counts; the last of the records when absent.
    only_after : bool
        Leave out the time before the start.
    near : ndarray of bool, shape (incidents,), optional
        Those in or about the places: the sources that matter are those they come from. All, when
        absent.

    Returns
    -------
    DataFrame
        Index 0 to T - 1: ``start``, ``end`` (first moment after), ``days``, ``after``,
        ``complete``, ``why`` (why it is not used; empty where it is) and ``incidents`` (all in
        the records). The periods follow on one another without a gap, from the first whole one
        to the last, or to the one the end lies in; of none there are no rows.

    Notes
    -----
    Weeks are counted from ``start``, forwards and back. Months are calendar months; the month
    with ``start`` inside it belongs to neither side and is not used. A period is whole as
    :func:`hotspots.count_series` sees it, and where it ends by ``end``. A first or last week whose
    outer days are empty for longer than chance allows (5%) is not whole.

    Examples
    --------
    >>> import hotspots as hs
    >>> incidents = hs.make_county(seed=1, months=4).incidents
    >>> cut = cut_periods(incidents, middles(incidents), "MS", pd.Timestamp("2023-03-15"), None)
    >>> cut[["after", "complete"]].to_numpy().tolist()
    [[False, True], [False, True], [False, False], [True, True]]
    """
    freq = _FREQ[period]
    shift = np.timedelta64(0, "D")
    if period == "W":  # weeks of a series begin where the day is 4 modulo 7
        day = int(start.to_datetime64().astype("datetime64[D]").astype(np.int64))
        shift = np.timedelta64((4 - day) % 7, "D")
    moved = pd.DataFrame({
        name: incidents[name].to_numpy().astype("datetime64[s]") + shift
        for name in ("occurred_from", "occurred_to")
    })  # fmt: skip
    number = numbers(middle + shift, freq)
    sources = labels(incidents, "source", "unknown")
    found = find_periods(moved, number, sources, freq)  # type: ignore[arg-type]
    of = sources[0] if near is None or not near.any() else sources[0][near]
    share = pd.Series(np.bincount(of, minlength=len(sources[1])) / len(of), index=sources[1])
    if period == "D":  # a quiet day is no incomplete file
        found.loc[found["status"] == "thin", "status"] = "present"
    found["good"] = share.reindex(found["source"]).to_numpy() * (found["status"] == "present")
    by = found.groupby("period_start", sort=True)[["incidents", "good"]].sum()
    edges = by.index.to_numpy().astype("datetime64[s]")
    every = np.arange(numbers(edges[:1], freq)[0], numbers(edges[-1:], freq)[0] + 1)
    firsts = starts_of(every, freq)
    lasts = starts_of(every + 1, freq)
    by = by.reindex(pd.DatetimeIndex(firsts).astype(by.index.dtype))
    firsts, lasts = firsts - shift, lasts - shift
    out = pd.DataFrame({
        "start": firsts, "end": lasts,
        "days": (lasts - firsts).astype("timedelta64[D]").astype(np.int64),
        "incidents": by["incidents"].fillna(0).to_numpy().astype(np.int64),
    })  # fmt: skip
    first = start.to_datetime64().astype("datetime64[s]")
    why = np.full(len(out), "", dtype=object)
    whole = by["good"].fillna(0).to_numpy() >= 1 - LOST
    if period == "W":  # cut where the start asks, so that the records may begin inside one
        whole = _without_parts(whole, firsts, lasts, middle)
    why[~whole] = "records not whole"
    if end is not None:
        stop = (end + pd.Timedelta(days=1)).to_datetime64().astype("datetime64[s]")
        why[lasts > stop] = np.where(firsts < stop, "end inside it", "after the end")[lasts > stop]
    why[(firsts < first) & (lasts > first)] = "start inside it"
    out["after"] = firsts >= first
    out["complete"] = why == ""
    out["why"] = pd.Series(why, index=out.index, dtype="str")
    if only_after:
        out = out[out["after"]]
    # stragglers reach back for years; a period cut by the end is kept, to be told
    kept = np.flatnonzero(out["complete"] | (out["why"] == "end inside it"))
    out = out.iloc[kept[0] : kept[-1] + 1] if len(kept) else out.iloc[:0]
    out = out.reset_index(drop=True)
    return out[["start", "end", "days", "after", "complete", "why", "incidents"]]


def _without_parts(
    whole: NDArray[np.bool_], firsts: NDArray[np.datetime64], lasts: NDArray[np.datetime64],
    middle: NDArray[np.datetime64],
) -> NDArray[np.bool_]:  # fmt: skip
    """Drop the first and the last whole week where its outer days are empty beyond chance."""
    at = np.flatnonzero(whole)
    if len(at) < 2:
        return whole
    inside = middle[(middle >= firsts[at[0]]) & (middle < lasts[at[-1]])]
    empty = 3.0 * (lasts[at[-1]] - firsts[at[0]]) / len(inside)  # so long by chance: exp(-3)
    out = whole.copy()
    out[at[0]] = inside.min() - firsts[at[0]] < max(empty, np.timedelta64(1, "D"))
    out[at[-1]] = lasts[at[-1]] - inside.max() < max(empty, np.timedelta64(1, "D"))
    return out


def finest(incidents: pd.DataFrame) -> str:
    """Choose weeks where the times bear them, and else months.

    Parameters
    ----------
    incidents : DataFrame

    Returns
    -------
    {"W", "MS"}

    Examples
    --------
    >>> import hotspots as hs
    >>> finest(hs.make_county(seed=1, months=1).incidents)
    'W'
    """
    known = precision_codes(incidents) <= PRECISIONS.index("day")
    return "W" if wide_share(incidents, "W") <= WIDE and known.mean() >= 0.5 else "MS"
