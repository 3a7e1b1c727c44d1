"""Events for the test of near repeat, and the chains they make: who came after whom."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..contracts import InputError
from ..places import coordinates
from ..support import data_support
from ._pairs import close_in_both

Ints = NDArray[np.int64]

LEAST = 2
"""Fewest events the test is run on."""

LONGEST_DAYS = 7.0
"""Longest interval whose midpoint is taken as the time of an incident."""


@dataclass(frozen=True)
class Events:
    """What is used of the incidents, and what is not.

    ``frame``: index ``incident``, ``x``, ``y``, ``day`` and ``rank`` (the order in time, which
    never ties and does not depend on the order of rows), sorted so that neighbours stand together;
    ``same``: those at the place and time of another, whose rank is ``of``.
    """

    frame: pd.DataFrame
    same: pd.DataFrame
    left: dict[str, int]
    kinds: list[str]
    tied: bool

    @classmethod
    def of(cls, incidents: gpd.GeoDataFrame, time: NDArray[np.float64]) -> Events:
        """Take the events from the incidents, or refuse records that do not bear the question."""
        police = np.zeros(len(incidents), dtype=bool)
        if "origin" in incidents.columns:
            police = (incidents["origin"] == "police").to_numpy(dtype=bool, na_value=False)
        support = data_support(incidents[~police])
        try:
            support.require("near repeat", "knox")
        except InputError as error:
            if not police.any():
                raise
            out = f"{police.sum():,} police-generated incidents (origin 'police') were left out"
            raise InputError("knox", [
                *error.faults, f"{out} beforehand; drop the column to keep them."
            ]) from error  # fmt: skip
        xy = coordinates(incidents)
        known = ~np.isnan(xy[:, 0])
        length = incidents["occurred_to"] - incidents["occurred_from"]
        longest = min(LONGEST_DAYS, float(np.diff(time).min()))
        wide = (length > pd.Timedelta(days=longest)).to_numpy()
        used = known & ~police & ~wide
        left = {
            "police-generated (origin 'police'; drop the column to keep them)": int(police.sum()),
            "without a point": int((~known & ~police).sum()),
            f"known no closer than {longest:g} days": int((wide & known & ~police).sum()),
        }
        middle = incidents["occurred_from"] + length / 2
        frame = pd.DataFrame({
            "x": xy[used, 0], "y": xy[used, 1],
            "from": incidents["occurred_from"].to_numpy()[used],
            "to": incidents["occurred_to"].to_numpy()[used],
            "middle": middle.to_numpy()[used],
            "id": incidents.index.astype(str)[used],
        }, index=pd.Index(incidents.index[used], name="incident"))  # fmt: skip
        frame["day"] = frame["middle"].to_numpy().astype("datetime64[D]").astype(np.int64)
        frame = frame.sort_values(["middle", "from", "x", "y", "id"])
        frame["rank"] = np.arange(len(frame))
        at = ["x", "y", "from", "to"]
        again = frame.duplicated(at)
        frame["of"] = frame.groupby(at, sort=False)["rank"].transform("min")
        events, same = frame[~again], frame[again]
        if len(events) < LEAST:
            said = "; ".join(f"{n:,} {why}" for why, n in left.items() if n)
            raise InputError("knox", [
                f"only {len(events):,} events are left and at least {LEAST} are needed"
                f"{f' (left out: {said})' if said else ''}; give a longer period or a larger area."
            ])  # fmt: skip
        tile = np.floor(events["y"] / 500)
        events = events.iloc[np.lexsort((events["rank"], events["x"], tile))]
        kinds = sorted(map(str, pd.unique(incidents["category"][used].dropna())))
        return cls(events, same, left, kinds, support.tied)


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
