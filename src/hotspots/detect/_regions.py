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
        if coverage is not None and not 0 < coverage <= 1:
            faults.append(
                f"coverage={coverage!r}; it must be a share above 0 and at most 1: 1 % is 0.01."
            )
        elif coverage is not None and coverage * len(grid.cells) < 1:
            faults.append(
                f"coverage={coverage!r} of {len(grid.cells):,} cells is less than one cell; give "
                f"at least {1 / len(grid.cells):.2g} or take smaller cells."
            )
        if not max_area_km2 < np.inf or max_area_km2 < grid.area_km2 * (1 - 1e-9):
            faults.append(
                f"max_area_km2={max_area_km2!r}; it must hold at least one cell of "
                f"{grid.area_km2:.4g} km²: raise it or take smaller cells."
            )
        if not min_incidents >= 0:
            faults.append(f"min_incidents={min_incidents!r}; it must be 0 or more.")
        if faults:
            raise InputError("hotspots", faults)
        if top_k is None and coverage is None:
            top_k = TOP_K
        most_cells = int(max_area_km2 / grid.area_km2 * (1 + 1e-9))
        return cls(top_k, coverage, most_cells, min_incidents, per_lpt)


def find_regions(
    grid: Grid, heat: NDArray[np.float64], counts: NDArray[np.int64], limits: Limits
) -> list[list[int]]:
    """Grow regions of hot cells, hottest first.

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
        Positions in ``grid.cells`` of each region, its hottest first.
    """
    lpt, _ = pd.factorize(grid.lpt)
    flagged = _flagged(heat, lpt, limits)
    open_to_all = np.full(len(heat) + 1, -1)
    open_to_all[flagged] = lpt[flagged]  # -1 marks what may not join; the last stands for nowhere
    near = grid.neighbours(grid.cells[flagged])
    near = np.where(near >= 0, np.searchsorted(grid.cells, near), len(heat))
    joins = np.where(open_to_all[near] == lpt[flagged][:, None], near, -1)
    neighbours = dict(zip(flagged.tolist(), joins.tolist(), strict=True))
    worth = _could_hold(grid, counts, limits)[flagged]
    value, count = (-heat).tolist(), counts.tolist()
    left = np.full(lpt.max(initial=0) + 1, len(heat) if limits.top_k is None else limits.top_k)
    total = len(heat) if limits.top_k is None or limits.per_lpt else limits.top_k

    taken: set[int] = set()
    regions: list[list[int]] = []
    for seed in flagged[worth].tolist():
        if len(regions) == total:
            break
        if seed in taken or left[lpt[seed]] == 0:
            continue
        region: list[int] = []
        seen, edge = {seed}, [(value[seed], seed)]
        while edge and len(region) < limits.most_cells:
            _, cell = heapq.heappop(edge)
            region.append(cell)
            for other in neighbours[cell]:
                if other >= 0 and other not in seen and other not in taken:
                    seen.add(other)
                    heapq.heappush(edge, (value[other], other))
        if sum(count[cell] for cell in region) >= limits.min_incidents:
            taken.update(region)
            regions.append(region)
            left[lpt[seed]] -= 1
    return regions


def _flagged(heat: NDArray[np.float64], lpt: NDArray[np.intp], limits: Limits) -> NDArray[np.intp]:
    """Positions of the cells that may join a hotspot, hottest first, then by number."""
    order = np.lexsort((np.arange(len(heat)), -heat))
    order = order[: np.count_nonzero(heat > 0)]
    if limits.coverage is None:
        return order
    if not limits.per_lpt:
        return order[: int(limits.coverage * len(heat) * (1 + 1e-12))]
    allowed = (limits.coverage * np.bincount(lpt) * (1 + 1e-12)).astype(int)
    place = pd.Series(lpt[order]).groupby(lpt[order]).cumcount().to_numpy()
    return order[place < allowed[lpt[order]]]


def _could_hold(grid: Grid, counts: NDArray[np.int64], limits: Limits) -> NDArray[np.bool_]:
    """Tell which cells have enough incidents within reach of the largest region, at best.

    Saves growing regions that must fail: in the countryside, nearly all.
    """
    reach = min(limits.most_cells - 1, max(grid.rows, grid.columns))
    lattice = np.zeros((grid.rows + 2 * reach + 1, grid.columns + 2 * reach + 1), dtype=np.int64)
    row, column = np.divmod(grid.cells, grid.columns)
    lattice[row + reach + 1, column + reach + 1] = counts
    summed = lattice.cumsum(axis=0).cumsum(axis=1)
    wide = 2 * reach + 1
    within = summed[wide:, wide:] - summed[:-wide, wide:] - summed[wide:, :-wide]
    within += summed[:-wide, :-wide]
    enough: NDArray[np.bool_] = within[row, column] >= limits.min_incidents
    return enough


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
    held = inside >= 0
    columns: dict[str, Any] = {
        "rank": np.arange(1, len(regions) + 1),
        "heat": heat[seeds],
        "incidents": np.bincount(inside[held], minlength=len(regions)),
        "area_km2": np.array(sizes, dtype=float) * grid.area_km2,
        "lpt": pd.Series(grid.lpt[seeds], dtype="str"),
        "name": _names(incidents, inside, len(regions)),
        "method": pd.Series([method] * len(regions), dtype="str"),
        "period_start": pd.Series([start] * len(regions), dtype=incidents["occurred_from"].dtype),
        "period_end": pd.Series([end] * len(regions), dtype=incidents["occurred_to"].dtype),
    }
    if "harm" in incidents.columns:
        harm = incidents["harm"].to_numpy(dtype=float, na_value=0.0)
        summed = np.bincount(inside[held], harm[held], minlength=len(regions))
        columns["harm"] = summed.astype(float)  # of nothing, numpy gives integers
    squares = np.asarray(grid.polygons(grid.cells[cells]).geometry.array)
    shapes = [shapely.union_all(squares[number == region]) for region in range(len(regions))]
    frame = gpd.GeoDataFrame(
        columns,
        geometry=gpd.GeoSeries(shapely.normalize(shapely.simplify(shapes, 0))),
        crs=grid.crs,
    )
    frame.index = pd.Index(grid.ids[seeds], name="hotspot")
    return check_table(frame, HOTSPOTS)  # type: ignore[return-value]


def _names(incidents: pd.DataFrame, inside: NDArray[np.int64], regions: int) -> pd.Series:
    """Most frequent street of each region, the first in the alphabet when two tie."""
    names = pd.Series([np.nan] * regions, dtype="str")
    if "place" not in incidents.columns:
        return names
    place = incidents["place"][inside >= 0].astype(object)
    place = place.str.strip().str.replace(r"^On or near\s*", "", regex=True)
    known = place.notna().to_numpy() & (place != "").to_numpy()
    tally = pd.DataFrame({"region": inside[inside >= 0][known], "place": place[known].to_numpy()})
    tally = tally.groupby(["region", "place"]).size().reset_index(name="n")
    tally = tally.sort_values(["region", "n", "place"], ascending=[True, False, True])
    top = tally.drop_duplicates("region")
    names.loc[top["region"]] = top["place"].to_numpy()
    return names
