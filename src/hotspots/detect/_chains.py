"""Chains of incidents that follow each other: who came first, who came after whom."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ._pairs import close_in_both

Ints = NDArray[np.int64]


def link(
    events: pd.DataFrame, same: pd.DataFrame, reach: tuple[float, float], metric: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Join events less than so many metres and days apart into chains.

    Parameters
    ----------
    events : DataFrame
        Index ``incident``; ``x``, ``y``, ``day`` and ``rank`` (the order in time, without ties),
        sorted so that neighbours stand together.
    same : DataFrame
        Incidents that are one with an event: ``rank``, and ``of``, the rank of that event.
    reach : (metres, days)
        NaN for no chains.
    metric : {"manhattan", "euclidean"}

    Returns
    -------
    tuple of DataFrame
        ``near_repeats`` and ``chains`` as :class:`Knox` describes them.
    """
    early, late, apart = _followers(events, reach, metric)
    events = events.sort_values("rank")
    day = events["day"].to_numpy()
    label = _components(early, late, len(events))
    size = np.bincount(label, minlength=len(events))[label]
    linked = size > 1
    previous, since, away = _previous(early, late, apart, day)
    follows = previous >= 0
    near = pd.DataFrame(index=events.index)
    near["date"] = _dates(day)
    near["role"] = np.select([~linked, ~follows], ["isolated", "originator"], "near repeat")
    near["role"] = near["role"].astype("str")
    number = np.zeros(len(events), dtype=np.int64)
    number[linked] = pd.factorize(label[linked])[0] + 1  # in the order of their first events
    near["chain"] = pd.Series(number, index=near.index, dtype="Int64").where(linked)
    near["chain_incidents"] = pd.Series(size, index=near.index, dtype="Int64").where(linked)
    ids = events.index.to_series()
    if pd.api.types.is_integer_dtype(ids.dtype):
        ids = ids.astype("Int64")  # which can be missing and stay whole
    near["previous"] = ids.iloc[np.maximum(previous, 0)].set_axis(near.index).where(follows)
    near["days_since_previous"], near["distance_m"] = since, away
    known = bool(np.isfinite(reach[1]))
    until = _dates(day + (int(np.ceil(reach[1])) - 1 if known else 0))
    near["notice_until"] = until if known else np.full_like(until, "NaT")
    return _with_same(near, events, same), _described(near[linked], events[linked])


def _followers(
    events: pd.DataFrame, reach: tuple[float, float], metric: str
) -> tuple[Ints, Ints, NDArray[np.float64]]:
    """Close pairs by their rows in order of time: the earlier, the later, metres apart."""
    if not np.isfinite(reach[0]):
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
    xy, day = events[["x", "y"]].to_numpy(), events["day"].to_numpy()
    i, j, apart = close_in_both(xy, day, *reach, metric)
    place = np.argsort(np.argsort(events["rank"].to_numpy()))  # ranks of same events are gaps
    early, late = np.sort(np.stack([place[i], place[j]]), axis=0)
    return early, late, apart


def _components(early: Ints, late: Ints, n: int) -> Ints:
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    graph = coo_matrix((np.ones(len(early), dtype=bool), (early, late)), shape=(n, n))
    label: Ints = connected_components(graph, directed=False)[1].astype(np.int64)
    return label


def _previous(
    early: Ints, late: Ints, apart: NDArray[np.float64], day: Ints
) -> tuple[Ints, NDArray[np.float64], NDArray[np.float64]]:
    """Latest day's nearest earlier event of each event (-1: none), days since, metres away."""
    previous = np.full(len(day), -1, dtype=np.int64)
    since, away = np.full(len(day), np.nan), np.full(len(day), np.nan)
    order = np.lexsort((-early, apart, -day[early], late))
    who, first = np.unique(late[order], return_index=True)
    at = order[first]
    previous[who], since[who], away[who] = early[at], day[who] - day[early[at]], apart[at]
    return previous, since, away


def _dates(day: Ints) -> NDArray[np.datetime64]:
    return day.astype("datetime64[D]").astype("datetime64[s]")


def _with_same(near: pd.DataFrame, events: pd.DataFrame, same: pd.DataFrame) -> pd.DataFrame:
    """Add the incidents that are one with an event, with its chain."""
    if len(same) == 0:
        return near
    row = np.searchsorted(events["rank"].to_numpy(), same["of"].to_numpy())
    copies = near.iloc[row].set_axis(same.index)
    ids = events.index.to_series().iloc[row].set_axis(same.index)
    copies["previous"] = ids.astype(near["previous"].dtype)
    copies["role"] = "same event"
    copies["days_since_previous"], copies["distance_m"] = 0.0, 0.0
    order = np.argsort(np.concatenate([events["rank"], same["rank"]]))
    return pd.concat([near, copies]).iloc[order]


def _described(near: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """Describe each chain: how many, when and where."""
    frame = near[["date", "role", "chain"]].assign(
        x=events["x"], y=events["y"], first_of_branch=near["role"] == "originator"
    )
    by_chain = frame.astype({"chain": "int64"}).groupby("chain")
    chains = by_chain.agg(
        incidents=("x", "size"), originators=("first_of_branch", "sum"),
        first=("date", "min"), last=("date", "max"),
        easting=("x", "mean"), northing=("y", "mean"),
    )  # fmt: skip
    span = by_chain[["x", "y"]].max() - by_chain[["x", "y"]].min()
    chains.insert(4, "span_days", (chains["last"] - chains["first"]).dt.days)
    chains["extent_m"] = np.hypot(span["x"], span["y"])
    return chains
