"""From heat on cells to hotspots: connected, capped, within one LPT."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ..contracts import HOTSPOTS, InputError, check_table
from ..places import Grid

TOP_K = 20
NOWHERE = -1
SAME_PLACE_M = 2_000.0
"""A place name whose points lie further apart than this does not tell an officer where to go."""


def is_number(value: object) -> bool:
    """Tell a number from text, truth values and anything else that may be given for one."""
    number = isinstance(value, (int, float, np.integer, np.floating))
    return number and not isinstance(value, (bool, np.timedelta64))


@dataclass(frozen=True)
class Limits:
    """How many hotspots, how large and how full; made by :meth:`checked`."""

    top_k: int | None
    coverage: float | None
    most_cells: int
    min_incidents: int
    per_lpt: bool

    @classmethod
    def checked(
        cls,
        grid: Grid,
        *,
        top_k: int | None,
        coverage: float | None,
        max_area_km2: float,
        min_incidents: int,
        per_lpt: bool,
    ) -> Limits:
        """Check the arguments of ``hotspots`` against a grid and each other."""
        faults = []
        if top_k is not None and coverage is not None:
            faults.append(f"top_k={top_k!r} and coverage={coverage!r} are both given; give one.")
        if top_k is not None and (
            isinstance(top_k, bool) or not isinstance(top_k, (int, np.integer)) or top_k < 1
        ):
            faults.append(f"top_k={top_k!r}; it must be a whole number from 1.")
        if coverage is not None and not (is_number(coverage) and 0 < coverage <= 1):
            faults.append(
                f"coverage={coverage!r}; it must be a share above 0 and at most 1: 1% is 0.01."
            )
        elif coverage is not None and coverage * len(grid.cells) < 1:
            faults.append(
                f"coverage={coverage!r} of {len(grid.cells):,} cells is less than one cell; give "
                f"at least {1 / len(grid.cells):.2g} or take smaller cells."
            )
        least = grid.area_km2 * (1 - 1e-9)
        if not (is_number(max_area_km2) and least <= max_area_km2 < np.inf):
            faults.append(
                f"max_area_km2={max_area_km2!r}; it must hold at least one cell of "
                f"{grid.area_km2:.4g} km²: raise it or take smaller cells."
            )
        if not (is_number(min_incidents) and min_incidents >= 0):
            faults.append(f"min_incidents={min_incidents!r}; it must be a number from 0.")
        if faults:
            raise InputError("hotspots", faults)
        if top_k is None and coverage is None:
            top_k = TOP_K
        most_cells = int(max_area_km2 / grid.area_km2 * (1 + 1e-9))
        return cls(top_k, coverage, most_cells, min_incidents, per_lpt)


def find_regions(
    grid: Grid, heat: NDArray[np.float64], counts: NDArray[np.int64], limits: Limits
) -> list[list[int]]:
    """Grow regions from the peaks of heat, hottest first, and from their slopes while some is left.

    Parameters
    ----------
    grid : Grid
    heat : ndarray of float, shape (n,)
        Heat of every inside cell; cells without any never join.
    counts : ndarray of int, shape (n,)
        Incidents of every inside cell.
    limits : Limits

    Returns
    -------
    list of list of int
        Positions in ``grid.cells`` of each region: first the hottest that holds incidents, by
        whose heat the regions are ordered.
    """
    lpt, _ = pd.factorize(grid.lpt)
    holds = counts > 0
    # where to start and whom to join: cells that hold incidents, then hotter ones, then by number
    order = np.lexsort((np.arange(len(heat)), -heat, ~holds))
    turn = np.empty(len(heat), dtype=np.intp)
    turn[order] = np.arange(len(heat))
    seeds = order[: np.count_nonzero(holds)]
    seeds = seeds[heat[seeds] > 0]
    warm = heat > 0
    edges, row = _nearby(grid, lpt, np.flatnonzero(warm), warm), np.cumsum(warm) - 1
    around = _nearby(grid, lpt, seeds, holds, corners=True)
    budget = _Budget(limits, lpt)

    taken: set[int] = set()
    hill: set[int] = set()  # peaks that made a region, and all that is downhill of them
    slopes: list[int] = []
    regions: list[list[int]] = []

    def start(seed: int) -> bool:
        """Make a region that starts at a seed; tell whether it holds enough."""
        region: list[int] = []
        seen, edge, most = {seed, NOWHERE}, [(0, seed)], budget.most_cells(seed)
        while edge and len(region) < most:
            _, cell = heapq.heappop(edge)
            region.append(cell)
            for other in edges[row[cell]].tolist():
                if other not in seen and other not in taken:
                    seen.add(other)
                    heapq.heappush(edge, (int(turn[other]), other))
        while region and not holds[region[-1]]:  # led nowhere
            region.pop()
        if not region or counts[region].sum() < limits.min_incidents:
            return False
        taken.update(region)
        budget.spend(seed, len(region))
        regions.append(sorted(region, key=turn.__getitem__))
        return True

    for seed, beside in zip(seeds.tolist(), around.tolist(), strict=True):
        if not hill.isdisjoint(beside):
            hill.add(seed)
            slopes.append(seed)
        elif seed in taken or start(seed):
            hill.add(seed)
    for seed in slopes:
        if seed not in taken:
            start(seed)
    return sorted(regions, key=lambda region: turn[region[0]])


class _Budget:
    """What is left to give of all hotspots, or of those of each LPT: their number or their area."""

    def __init__(self, limits: Limits, lpt: NDArray[np.intp]) -> None:
        self.limits = limits
        self.group = lpt if limits.per_lpt else np.zeros_like(lpt)
        cells = np.bincount(self.group)
        if limits.coverage is None:
            self.left = np.full(len(cells), limits.top_k)
        else:
            self.left = (limits.coverage * cells * (1 + 1e-12)).astype(int)

    def most_cells(self, seed: int) -> int:
        """Cells that a hotspot may have."""
        left = int(self.left[self.group[seed]])
        if self.limits.coverage is None:
            return self.limits.most_cells if left else 0
        return min(self.limits.most_cells, left)

    def spend(self, seed: int, cells: int) -> None:
        """Take a hotspot off what is left."""
        self.left[self.group[seed]] -= 1 if self.limits.coverage is None else cells


def _nearby(
    grid: Grid,
    lpt: NDArray[np.intp],
    cells: NDArray[np.intp],
    among: NDArray[np.bool_],
    corners: bool = False,
) -> NDArray[np.intp]:
    """Positions of the neighbours of cells in their own LPT that are marked, or NOWHERE."""
    near = grid.neighbours(grid.cells[cells], corners=corners)
    at = np.searchsorted(grid.cells, near)
    fits = (near >= 0) & (lpt[at] == lpt[cells][:, None]) & among[at]
    return np.where(fits, at, NOWHERE)


def hotspots_table(
    grid: Grid,
    heat: NDArray[np.float64],
    regions: list[list[int]],
    incidents: pd.DataFrame,
    position: NDArray[np.int64],
    provenance: tuple[str, pd.Timestamp, pd.Timestamp],
) -> gpd.GeoDataFrame:
    """Make the hotspots table of regions.

    Parameters
    ----------
    grid : Grid
    heat : ndarray of float, shape (n,)
        Heat of every inside cell.
    regions : list of list of int
        As :func:`find_regions` returns them.
    incidents : DataFrame
        The incidents learned from: their times, and ``place`` and ``harm`` where known.
    position : ndarray of int
        Position in ``grid.cells`` of each of them, -1 outside.
    provenance : tuple
        Repr of the detector; start and end of the period.

    Returns
    -------
    GeoDataFrame
        The hotspots table.
    """
    method, start, end = provenance
    sizes = [len(region) for region in regions]
    number = np.repeat(np.arange(len(regions)), sizes)
    cells = np.array([cell for region in regions for cell in region], dtype=np.intp)
    seeds = np.array([region[0] for region in regions], dtype=np.intp)
    owner = np.full(len(grid.cells) + 1, -1)
    owner[cells] = number
    inside = owner[position]
    where = np.where(position[:, None] >= 0, grid.centres[position], np.nan)
    held = inside >= 0
    columns: dict[str, Any] = {
        "rank": np.arange(1, len(regions) + 1),
        "heat": heat[seeds],
        "incidents": np.bincount(inside[held], minlength=len(regions)),
        "area_km2": np.array(sizes, dtype=float) * grid.area_km2,
        "lpt": pd.Series(grid.lpt[seeds], dtype="str"),
        "name": place_names(incidents, inside, len(regions), where),
        "method": pd.Series([method] * len(regions), dtype="str"),
        "period_start": pd.Series([start] * len(regions), dtype=incidents["occurred_from"].dtype),
        "period_end": pd.Series([end] * len(regions), dtype=incidents["occurred_to"].dtype),
    }
    if "harm" in incidents.columns:
        harm = incidents["harm"].to_numpy(dtype=float, na_value=0.0)
        summed = np.bincount(inside[held], harm[held], minlength=len(regions))
        columns["harm"] = summed.astype(float)  # of nothing, numpy gives integers
    outlines = np.asarray(grid.polygons(grid.cells[cells]).geometry.array)
    shapes = [shapely.union_all(outlines[number == region]) for region in range(len(regions))]
    frame = gpd.GeoDataFrame(
        columns,
        geometry=gpd.GeoSeries(shapely.normalize(shapely.simplify(shapes, 0))),
        crs=grid.crs,
    )
    frame.index = pd.Index(grid.ids_of(grid.cells[seeds]), name="hotspot")
    return check_table(frame, HOTSPOTS)  # type: ignore[return-value]


def place_names(
    incidents: pd.DataFrame, inside: NDArray[np.int64], regions: int, where: NDArray[np.float64]
) -> pd.Series:
    """Find the most frequent street of each region, the first in the alphabet when two tie.

    A name found elsewhere too ("Supermarket", "High Street") is followed by the most frequent one
    that is not, so that an officer knows which: "Supermarket near Leek Road".

    Parameters
    ----------
    incidents : DataFrame
        With ``place`` where known.
    inside : ndarray of int
        Region of each of them, -1 for none.
    regions : int
        Number of regions.
    where : ndarray of float, shape (n, 2)
        Where each of them is, in metres.

    Returns
    -------
    Series of str
        Missing where no place is known.
    """
    names = pd.Series([np.nan] * regions, dtype="str")
    if "place" not in incidents.columns:
        return names
    place = incidents["place"].astype(object)
    place = place.str.strip().str.replace(r"^On or near\s*", "", regex=True)
    known = place.notna().to_numpy() & (place != "").to_numpy()
    held = known & (inside >= 0)
    tally = pd.DataFrame({"region": inside[held], "place": place[held].to_numpy()})
    tally = tally.groupby(["region", "place"]).size().reset_index(name="n")
    tally = tally.sort_values(["region", "n", "place"], ascending=[True, False, True])
    known &= place.isin(tally["place"]).to_numpy()
    spread = pd.DataFrame(where[known]).groupby(place[known].to_numpy()).agg(["min", "max"])
    width = np.hypot(*(spread[axis]["max"] - spread[axis]["min"] for axis in (0, 1)))
    elsewhere = tally["place"].map(width) > SAME_PLACE_M
    top = tally.drop_duplicates("region")
    name = top.set_index("region")["place"].astype(object)
    unclear = top.loc[elsewhere[top.index], "region"]
    nearby = tally[~elsewhere & tally["region"].isin(unclear)].drop_duplicates("region")
    nearby_name = nearby.set_index("region")["place"].astype(object)
    name.loc[nearby_name.index] = name[nearby_name.index] + " near " + nearby_name
    names.loc[name.index] = name.to_numpy()
    return names
