"""What comes in: which incidents count, what they weigh, and which periods are all in by now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..contracts import InputError, check_incidents
from ..series import FREQ, CountSeries, numbers, starts_of

IN_BY_NOW = 0.95
"""Share of a period's incidents usually recorded by now from which it counts as all in."""

_BACK = 8  # periods that a slow feed may be behind before that is said instead
_LEARN = np.timedelta64(56, "D")  # incidents at least so old tell how long recording takes


@dataclass(frozen=True)
class Feed:
    """Incidents to count, and what is known of them beside their number."""

    incidents: Any
    police: int  # left out
    harm: pd.Series | None  # mean days of sentence by category, or one value
    lag: NDArray[np.float64] | None  # days to recording, in order
    now: np.datetime64 | None  # when the last incident was recorded


def read_feed(incidents: Any, include_police: bool) -> Feed:
    """Take out police-generated incidents where asked, and note harm and recording times."""
    if not isinstance(incidents, pd.DataFrame) or "occurred_from" not in incidents.columns:
        return Feed(incidents, 0, None, None, None)
    frame: Any = check_incidents(incidents)
    police = 0
    if "origin" in frame.columns and not include_police:
        found = (frame["origin"] == "police").to_numpy(dtype=bool, na_value=False)
        police = int(found.sum())
        if police == len(frame) and police:
            raise InputError("find_alerts", [
                "every incident is police-generated; give include_police=True to count them."
            ])  # fmt: skip
        frame = frame[~found] if police else frame
    harm = None
    if "harm" in frame.columns and frame["harm"].notna().any():
        harm = frame.groupby(frame["category"].astype(str))["harm"].mean().fillna(0.0)
    lag, now = _lags(frame)
    return Feed(frame, police, harm, lag, now)


def _lags(frame: pd.DataFrame) -> tuple[NDArray[np.float64] | None, np.datetime64 | None]:
    if "recorded_at" not in frame.columns:
        return None, None
    recorded = frame["recorded_at"].to_numpy().astype("datetime64[s]")
    start = frame["occurred_from"].to_numpy().astype("datetime64[s]")
    known = ~np.isnat(recorded)
    if known.mean() < 0.5:
        return None, None
    now = recorded[known].max()
    old = known & (start <= now - _LEARN)
    taken = old if old.sum() >= 100 else known
    days = (recorded[taken] - start[taken]).astype(float) / 86400
    return np.sort(np.maximum(days, 0.0)), now


def mean_harm(feed: Feed, keys: pd.DataFrame) -> NDArray[np.float64] | None:
    """Mean days of sentence of an incident of each row's category; None without harm."""
    if feed.harm is None:
        return None
    if "category" in keys.columns:
        told: NDArray[np.float64] = feed.harm.reindex(keys["category"]).fillna(0.0).to_numpy()
        return told
    return np.full(len(keys), float(feed.incidents["harm"].mean()))


def in_by_now(feed: Feed, start: np.datetime64, days: float) -> float:
    """Share of a period's incidents usually recorded by the time of the last recording."""
    if feed.lag is None or feed.now is None or len(feed.lag) == 0:
        return 1.0
    middle = start + (np.arange(int(days)) * 86400 + 43200).astype("timedelta64[s]")
    since = (feed.now - middle).astype(float) / 86400
    return float((np.searchsorted(feed.lag, since, side="right") / len(feed.lag)).mean())


@dataclass(frozen=True)
class Asked:
    """Periods to look at, and what is said of them."""

    at: list[int]  # columns of the panel
    edge: pd.DataFrame  # periods that are only partly recorded, at the end of the records
    unlooked: pd.DataFrame  # of these, the one that was asked for
    waited: int  # periods passed over because they are not all in
    share: float  # of the latest one looked at that is usually in by now


def asked_for(counted: CountSeries, feed: Feed, when: Any) -> Asked:
    """Find the columns of the panel to look at."""
    panel, freq = counted.panel, counted.freq
    have = numbers(panel.start, freq)
    edge = counted.periods
    edge = edge[(edge["status"] == "incomplete") & (edge["period_start"] > panel.start[-1])]
    edge = edge.groupby("period_start", as_index=False)["incidents"].sum()
    nothing = edge.iloc[:0]
    if not isinstance(when, int | np.integer):
        day = pd.Timestamp(when)
        number = int(numbers(np.array([day.to_datetime64()]).astype("datetime64[s]"), freq)[0])
        found = np.flatnonzero(have == number)
        if len(found):
            k = int(found[0])
            return Asked([k], nothing, nothing, 0, in_by_now(feed, panel.start[k], panel.days[k]))
        partly = edge["period_start"] == starts_of(np.array([number]), freq)[0]
        if partly.any():
            return Asked([], nothing, edge[partly], 0, 1.0)
        first, last = (f"{pd.Timestamp(t):%Y-%m-%d}" for t in panel.start[[0, -1]])
        raise InputError("find_alerts", [
            f"when={str(when)!r} lies in no recorded {FREQ[freq][2]}; the records hold the "
            f"{FREQ[freq][2]}s from {first} to {last}."
        ])  # fmt: skip
    end = len(have)
    share = in_by_now(feed, panel.start[end - 1], panel.days[end - 1])
    waited = 0
    while share < IN_BY_NOW and waited < _BACK and end > 1:
        end, waited = end - 1, waited + 1
        share = in_by_now(feed, panel.start[end - 1], panel.days[end - 1])
    return Asked(list(range(max(0, end - int(when)), end)), edge, nothing, waited, share)
