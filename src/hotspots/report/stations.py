"""Which station is which: results are known by the tables they hold, frames by their columns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..contracts import (
    HOTSPOTS,
    INCIDENTS,
    LPTS,
    InputError,
    Result,
    check_incidents,
    check_table,
)

if TYPE_CHECKING:
    import geopandas as gpd

# A result is of a kind when it holds all of these tables; a kind nobody knows keeps its own name.
_KINDS = {
    "ingest": {"incidents", "rejected"},
    "trends": {"series", "seasons", "summary"},
    "plan": {"visits", "coverage", "reasons"},
    "classes": {"cells", "summary", "periods", "history"},
    "backtest": {"scores", "summary", "curves"},
    "impact": {"effect", "checks", "series"},
}


@dataclass(frozen=True)
class Stations:
    """What a report or an export was given, sorted by kind.

    Parameters
    ----------
    results : tuple of (str, Result)
        Kind (``ingest``, ``trends``, ``plan``, ``classes``, ``backtest``, ``impact`` or the
        result's own name) and result, as given.
    hotspots : tuple of GeoDataFrame
        Hotspots tables, as given.
    incidents : GeoDataFrame or None
        The incidents: a table given on its own, which may carry harm, else that of an ingest.
    lpts : GeoDataFrame or None
    """

    results: tuple[tuple[str, Result], ...]
    hotspots: tuple[gpd.GeoDataFrame, ...]
    incidents: gpd.GeoDataFrame | None
    lpts: gpd.GeoDataFrame | None

    def of(self, kind: str) -> list[Result]:
        """Return the results of one kind."""
        return [result for named, result in self.results if named == kind]

    def patrolled(self, plan: Result) -> int | None:
        """Return which hotspots table a plan was made from, counted from 0, or None.

        The ids of hotspots are cells, so those of another method are often the same: the one
        that has most of the plan's hotspots by the same method with as many incidents is meant.
        """
        reasons = plan.tables["reasons"]
        agree = []
        for spots in self.hotspots:
            held = reasons[reasons.index.isin(spots.index)]
            same = pd.Series(True, held.index)
            for fact in ("method", "incidents"):
                if fact in held.columns:
                    same &= (held[fact] == spots.loc[held.index, fact]).to_numpy(bool)
            agree.append(int(same.sum()))
        return agree.index(max(agree)) if any(agree) else None

    def tables(self) -> Iterator[tuple[str, str, pd.DataFrame]]:
        """Yield kind, table name and frame of every result; single incidents stay aside.

        Rows refused or superseded are yielded whatever they hold: they are for counting.
        """
        seen: dict[str, int] = {}
        for kind, result in self.results:
            seen[kind] = seen.get(kind, 0) + 1
            label = kind if seen[kind] == 1 else f"{kind}_{seen[kind]}"
            for name, frame in result.tables.items():
                rows = set(INCIDENTS.required) <= set(frame.columns)
                rows |= INCIDENTS.index in (frame.index.name, *frame.columns)
                if not rows or name in ("rejected", "superseded"):
                    yield label, name, frame


def _kind(result: Result) -> str:
    names = set(result.tables)
    own = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(result).__name__).lower()
    return next((kind for kind, tables in _KINDS.items() if tables <= names), own)


def gather(
    stations: tuple[Any, ...], lpts: gpd.GeoDataFrame | None = None, *, what: str
) -> Stations:
    """Sort what was given by kind and check every table that has a contract.

    Parameters
    ----------
    stations : tuple
        Results, and tables of hotspots, incidents or LPTs.
    lpts : GeoDataFrame, optional
        LPTs given by name; they go before any among ``stations``.
    what : str
        Who asks, for the error.

    Returns
    -------
    Stations

    Raises
    ------
    InputError
        Naming every argument that is none of these, or that breaks its contract.
    """
    results: list[tuple[str, Result]] = []
    hotspots: list[gpd.GeoDataFrame] = []
    incidents = None
    faults = []
    for n, station in enumerate(stations, 1):
        try:
            if isinstance(station, Result):
                results.append((_kind(station), station))
            elif not isinstance(station, pd.DataFrame):
                faults.append(f"argument {n} is of type {type(station).__name__}; {_TAKES}.")
            elif set(HOTSPOTS.required) <= set(station.columns):
                hotspots.append(check_table(station, HOTSPOTS, f"argument {n} (hotspots)"))
            elif set(INCIDENTS.required) <= set(station.columns):
                incidents = check_incidents(station, f"argument {n} (incidents)")
            elif set(LPTS.required) <= set(station.columns):
                found = check_table(station, LPTS, f"argument {n} (LPTs)")
                lpts = found if lpts is None else lpts
            else:
                have = ", ".join(map(str, station.columns)) or "none"
                faults.append(f"argument {n} is a table with columns {have}; {_TAKES}.")
        except InputError as error:
            faults.extend(f"{error.what}: {fault}" for fault in error.faults)
    if not stations:
        faults.append(f"nothing was given; {_TAKES}.")
    if faults:
        raise InputError(what, faults)
    if lpts is not None:
        check_table(lpts, LPTS)
    for kind, result in results:
        if incidents is None and kind == "ingest":
            incidents = result.tables["incidents"]
    return Stations(tuple(results), tuple(hotspots), incidents, lpts)


_TAKES = (
    "give what read_incidents, seasonal_trends or plan_patrols returned, or a table of hotspots, "
    "incidents or LPTs"
)
