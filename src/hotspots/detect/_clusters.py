"""What is known of each cluster of places: how much it holds, where it lies, how wide it is."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..places import Grid
from ._density import diameter

DAY = np.timedelta64(24, "h")
MOST_CELLS = 50_000_000  # of a table of clusters and days, before it is too large to lay out


def describe(
    incidents: pd.DataFrame, labels: NDArray[np.intp], places: pd.DataFrame
) -> pd.DataFrame:
    """Describe clusters of incidents.

    Parameters
    ----------
    incidents : DataFrame
        The incidents used: their times, and ``harm`` and ``lpt`` where known.
    labels : ndarray of int, shape (n,)
        Cluster of each of them, -1 for none.
    places : DataFrame
        Distinct places with ``x``, ``y``, ``incidents``, ``weight`` and ``cluster``, and ``core``
        where the method knows it.

    Returns
    -------
    DataFrame
        Index ``cluster``; the columns are those of ``DBSCAN.clusters_``.
    """
    inside = places[places["cluster"] >= 0]
    number = inside["cluster"].to_numpy()
    count = int(number.max(initial=-1)) + 1

    def summed(value: NDArray[np.float64] | pd.Series) -> NDArray[np.float64]:
        return np.bincount(number, np.asarray(value, dtype=float), minlength=count).astype(float)

    columns: dict[str, object] = {
        "incidents": summed(inside["incidents"]).astype(np.int64),
        "locations": np.bincount(number, minlength=count),
    }
    if "core" in places.columns:
        columns["core_locations"] = summed(inside["core"]).astype(np.int64)
    weight = summed(inside["weight"])
    columns["weight"] = weight
    # the middle of what counts; of places that all weigh nothing, of the places
    even = weight[number] <= 0
    share = np.where(even, 1.0, inside["weight"])
    for name, axis in (("easting", "x"), ("northing", "y")):
        columns[name] = summed(inside[axis] * share) / summed(share)
    xy = inside[["x", "y"]].to_numpy()
    groups = _groups(number, count)
    columns["extent_m"] = _extent(xy, number)
    columns["diameter_m"] = np.array([diameter(xy[at]) for at in groups], dtype=float)
    if "crowd" in places.columns:
        crowd = np.zeros(count, dtype=np.int64)
        crowd[number] = inside["crowd"]
        columns["crowd"] = crowd
    columns |= _of_incidents(incidents, labels, count)
    return pd.DataFrame(columns, index=pd.RangeIndex(count, name="cluster"))


def _groups(number: NDArray[np.intp], count: int) -> list[NDArray[np.intp]]:
    """Rows of each cluster."""
    order = np.argsort(number, kind="stable")
    return np.split(order, np.searchsorted(number[order], np.arange(1, count))) if count else []


def _extent(xy: NDArray[np.float64], number: NDArray[np.intp]) -> NDArray[np.float64]:
    """Diagonal of the bounding box of each cluster."""
    if not len(xy):
        return np.zeros(0)
    order = np.argsort(number, kind="stable")
    first = np.flatnonzero(np.diff(number[order], prepend=-1))
    span = np.maximum.reduceat(xy[order], first) - np.minimum.reduceat(xy[order], first)
    extent: NDArray[np.float64] = np.hypot(span[:, 0], span[:, 1])
    return extent


def _of_incidents(
    incidents: pd.DataFrame, labels: NDArray[np.intp], count: int
) -> dict[str, object]:
    """Columns that need the incidents themselves: months, days, harm, and the team's share."""
    held = labels >= 0
    label = labels[held]
    start = incidents["occurred_from"].to_numpy()
    known = incidents["occurred_to"].to_numpy() - start <= DAY
    day = start[held].astype("datetime64[D]").astype(np.int64)
    first = day.min(initial=day[0]) if len(day) else 0
    day -= first
    # a calendar month is slow to tell: once for a day
    month = (first + np.arange(day.max(initial=0) + 1)).astype("datetime64[D]")
    month = month.astype("datetime64[M]").astype(np.int64)
    columns: dict[str, object] = {"months": _distinct(month[day] - month[0], label, count)}
    if known.mean() >= 0.5 if len(known) else True:
        columns["days"] = _distinct(day[known[held]], label[known[held]], count)
    if "harm" in incidents.columns:
        harm = incidents["harm"].to_numpy(dtype=float, na_value=0.0)[held]
        order = np.lexsort((harm, label))  # the order of rows cannot matter
        columns["harm"] = np.bincount(label[order], harm[order], minlength=count).astype(float)
    if "lpt" in incidents.columns:
        code, teams = pd.factorize(incidents["lpt"].astype(object), sort=True)
        table = np.zeros((count, len(teams) + 1), dtype=np.int64)
        np.add.at(table, (label, code[held]), 1)  # -1, no team, falls in the last column
        table = table[:, :-1]
        most = table.argmax(axis=1) if len(teams) else np.zeros(count, dtype=np.intp)
        named = table.any(axis=1)
        total = np.bincount(code[code >= 0], minlength=len(teams))
        names = np.array([*teams, None], dtype=object)[np.where(named, most, len(teams))]
        columns["lpt"] = pd.Series(names, dtype="str")
        share = np.full(count, np.nan)
        row = np.flatnonzero(named)
        share[row] = table[row, most[row]] / total[most[row]]
        columns["lpt_share"] = share
    return columns


def _distinct(period: NDArray[np.int64], label: NDArray[np.intp], count: int) -> NDArray[np.int64]:
    """Count the distinct periods, numbered from 0, of each cluster."""
    periods = int(period.max(initial=0)) + 1
    both = label * periods + period
    if count * periods > MOST_CELLS:
        return np.bincount(np.unique(both) // periods, minlength=count).astype(np.int64)
    seen = np.zeros(count * periods, dtype=bool)
    seen[both] = True
    distinct: NDArray[np.int64] = seen.reshape(count, periods).sum(axis=1, dtype=np.int64)
    return distinct


def main_cluster(grid: Grid, regions: list[list[int]], places: pd.DataFrame) -> NDArray[np.intp]:
    """Tell which cluster holds most of the weight in each region.

    Parameters
    ----------
    grid : Grid
    regions : list of list of int
        Positions in ``grid.cells``, as ``find_regions`` gives them.
    places : DataFrame
        ``x``, ``y``, ``weight`` and ``cluster``.

    Returns
    -------
    ndarray of int, shape (regions,)
        -1 where no clustered place lies in the region; of two that hold as much, the first.
    """
    owner = np.full(len(grid.cells), -1, dtype=np.intp)
    for number, cells in enumerate(regions):
        owner[cells] = number
    clustered = places[places["cluster"] >= 0]
    at = grid.locate(clustered[["x", "y"]].to_numpy())
    region = np.where(at >= 0, owner[np.searchsorted(grid.cells, at) % len(owner)], -1)
    held = pd.DataFrame({
        "region": region, "cluster": clustered["cluster"], "weight": clustered["weight"],
    })  # fmt: skip
    held = held[held["region"] >= 0].groupby(["region", "cluster"])[["weight"]].sum().reset_index()
    held = held.sort_values(["region", "weight", "cluster"], ascending=[True, False, True])
    held = held.drop_duplicates("region")
    found = np.full(len(regions), -1, dtype=np.intp)
    found[held["region"]] = held["cluster"]
    return found
