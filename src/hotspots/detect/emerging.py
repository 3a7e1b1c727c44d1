"""What becomes of hotspots: persistent, emerging, intermittent or former, and what to do there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ..contracts import InputError, Result, check_incidents
from ..places import Grid
from ..support import data_support
from ._bins import FREQ, Bins, checked_category, find_bins, numbers
from ._cube import Cube, history_of, inhabited_cells, make_cube, shuffled_hot
from ._emerging_words import CLASSES, counted, paragraph
from ._mann_kendall import mann_kendall, overlap_p
from ._patterns import (
    ACTIONS,
    LEAST_4,
    LEAST_17,
    SIGNIFICANT,
    TOO_SHORT,
    actions_of,
    checked_definition,
    commander_class,
    recent_periods,
    space_time_pattern,
)
from ._regions import is_number

LEAST_CELLS = 30
"""Inhabited cells from which one can stand out among them."""

_UNCLASSED = f"{ACTIONS['none']}; patrol as its rank says"  # a hotspot is one by its own right

SHUFFLES = 99
"""Random orders of the periods that tell how many places chance alone would put in a class."""


@dataclass(frozen=True, repr=False)
class HotspotClasses(Result):
    """Classes of cells by their history, as :func:`classify_hotspots` gives them.

    Attributes
    ----------
    cells : DataFrame
        Every cell that was significantly hot or cold in at least one period, index ``cell``:
        ``id``, ``lpt``, ``incidents`` (its own: a cell can be hot through its neighbours),
        ``class_`` (persistent, emerging, intermittent, former, none), ``pattern`` (one of the 17,
        or "too short"), ``action``, ``periods_hot``, ``share_hot``, ``share_hot_recent``,
        ``periods_cold``, ``last_z`` (Gi* in the last period), ``trend_z`` and ``trend_p``
        (Mann–Kendall of Gi*) and ``trend_p_adjusted`` (allowing for the overlap of its windows).
        By class, those with most incidents first.
    summary : DataFrame
        One row for each of the four classes, index ``class_``: ``cells``, ``without_incidents``
        (of these, without one of their own), ``incidents``, ``share`` (of all incidents counted),
        ``area_km2``, ``expected_by_chance`` (cells, had the periods come in random order),
        ``chance_p`` (share of random orders with as many) and ``action``.
    periods : DataFrame
        Every period, index ``period_start``: ``period_end``, ``status`` (present, thin, missing,
        incomplete; only present ones are judged), ``recorded`` (all rows given), ``incidents``
        (those counted), ``hot_cells``, ``cold_cells`` and ``false_alarms`` (hot cells that may be
        chance: 5% of them).
    history : DataFrame
        One row for each cell of ``cells`` and judged period: ``cell``, ``period_start``,
        ``incidents``, ``z`` (Gi*), ``q_value`` (adjusted for cells and periods; significant from
        .05 down), ``state`` (hot, cold or empty).
    recent : float
        Share of the periods that are recent.
    said : str
        The paragraph that ``text`` returns.
    """

    cells: pd.DataFrame
    summary: pd.DataFrame
    periods: pd.DataFrame
    history: pd.DataFrame
    recent: float
    said: str

    @property
    def text(self) -> str:
        """The classes and what they hold first, then how they were decided."""
        return self.said

    def label(self, hotspots: gpd.GeoDataFrame, grid: Grid) -> gpd.GeoDataFrame:
        """Tell the class of each hotspot of any detector, or drawn by hand.

        Parameters
        ----------
        hotspots : GeoDataFrame
            Polygons in the CRS of the grid.
        grid : Grid
            The grid that was classified.

        Returns
        -------
        GeoDataFrame
            The same rows with ``class_``, ``action`` and ``share_hot`` (of the judged periods). A
        hotspot that was hot too seldom for a class is "none": its rank still holds.

        Raises
        ------
        InputError
            When the polygons or the grid do not suit.

        Notes
        -----
        A hotspot was hot in every period in which any of its cells was, and its class follows
        from that by the same rule as a cell's. Its cells are those whose centres it holds; of a
        polygon that holds none, the one under a point inside it.

        Examples
        --------
        >>> import hotspots as hs
        >>> county = hs.make_county(seed=1, months=24)
        >>> grid = hs.Grid.over(county.lpts, size=200)
        >>> asb = {"category": "Anti-social behaviour", "include_police": True}
        >>> classes = hs.classify_hotspots(county.incidents, grid, **asb)
        >>> planted = county.hotspots.drop(columns="class_").loc[["H01", "H12"]]
        >>> classes.label(planted, grid)["class_"].tolist()
        ['persistent', 'former']
        """
        _check_areas(grid, hotspots)
        judged = self.periods.index[self.periods["status"] == "present"]
        hot_cells = self.history[self.history["state"] == "hot"]
        cell, of_cell = np.unique(hot_cells["cell"].to_numpy(), return_inverse=True)
        strange = cell[~np.isin(cell, grid.cells)]
        if len(strange):
            raise InputError("label", [
                f"{grid!r} is not the grid that was classified: it lacks cell {strange[0]}; give "
                "the same."
            ])  # fmt: skip
        by_cell = np.zeros((len(judged), len(cell)), dtype=bool)
        by_cell[judged.get_indexer(pd.DatetimeIndex(hot_cells["period_start"])), of_cell] = True
        hot = np.zeros((len(judged), len(hotspots)), dtype=bool)
        for n, inside in enumerate(_held(grid, cell, hotspots.geometry.to_numpy())):
            hot[:, n] = by_cell[:, inside].any(axis=1)
        class_ = commander_class(hot, self.recent)
        return hotspots.assign(
            class_=pd.array(class_, dtype="str"),
            action=actions_of(class_).replace(ACTIONS["none"], _UNCLASSED).array,
            share_hot=hot.mean(axis=0),
        )  # fmt: skip


def classify_hotspots(
    incidents: gpd.GeoDataFrame,
    grid: Grid,
    freq: str = "MS",
    *,
    category: str | None = None,
    definition: str = "current",
    recent: float = 0.2,
    include_police: bool = False,
    seed: int = 0,
) -> HotspotClasses:
    r"""Follow every cell through time, and tell which hotspots last, come, go, or come and go.

    Parameters
    ----------
    incidents : GeoDataFrame
        The incidents table, best with every category, which tells the periods that were recorded
        and the cells that are inhabited; ``category`` names the target.
    grid : Grid
        In the CRS of the incidents.
    freq : {"MS", "W-MON"}
        Calendar months, or weeks from Monday (dated records only).
    category : str, optional
        Type of incident to classify; all when absent.
    definition : {"current", "legacy"}
        Of the 17 patterns; see :func:`space_time_pattern`.
    recent : float
        Share of the periods that are recent, above 0 and at most .5.
    include_police : bool
        Whether police-generated incidents (``origin`` "police") count.
    seed : int
        Of the random orders that tell what chance alone would show.

    Returns
    -------
    HotspotClasses

    Raises
    ------
    InputError
        When an argument or the table cannot be used, fewer than 5 periods were wholly recorded,
        fewer than 30 cells are inhabited, or weeks are asked of month-only records.

    Notes
    -----
    **Periods.** Only wholly recorded ones are judged: a missing or thin one is a gap, never zero,
    never bridged.

    **Hot.** Gi* of a cell and period takes in the cells around it, corners included, and itself,
    in that period and the one before (of the first, and after a gap, the one after, so that all
    rest on as much). Each period is held against its own mean and standard deviation over the
    inhabited cells (which hold an incident of any kind in the table, or touch one that does): a
    season, a short month or a rise that all places share makes no place hot or cold. The p-value
    is exact, that of drawing as many values at random from the cells of those periods, less what
    was hot at a first look; on sparse counts the normal one would call a single incident a
    hotspot. The false discovery rate is held at 5% in two steps (Benjamini and Bogomolov): first
    among cells, then among the periods of the cells found, as an average over these cells.

    **Classes.** *Persistent*: hot in at least 80% of the periods. *Emerging*: in at least 10% of
    the recent ones (the last ``recent`` of all, at least one) and under 10% of those before.
    *Former*: the reverse. *Intermittent*: in at least 10% of all. The 17 patterns need ten
    periods. Their trend test takes periods as independent, though neighbouring ones share half
    of what they rest on: it is a description, and ``trend_p_adjusted`` allows for it.

    References
    ----------
    Benjamini Y. and Bogomolov M. (2014) Selective inference on multiple families of hypotheses.
    *Journal of the Royal Statistical Society B* 76(1), 297–318.
    Getis A. and Ord J. K. (1992) The analysis of spatial association by use of distance
    statistics. *Geographical Analysis* 24(3), 189–206.
    Chainey S. (2020) *Understanding Crime: Analyzing the Geography of Crime*. Redlands: Esri
    Press.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=24)
    >>> grid = hs.Grid.over(county.lpts, size=200)
    >>> classes = hs.classify_hotspots(county.incidents, grid, category="Shoplifting")
    >>> classes.summary["cells"].to_dict()["persistent"]
    20
    >>> classes.summary.loc["persistent", "action"]
    'SARA problem solving with partners, and routine patrol'
    """
    _check(incidents, grid, freq, category, definition, recent, include_police, seed)
    bins = find_bins(incidents, freq)
    used = bins.used
    if len(used) < LEAST_4:
        raise InputError("classify_hotspots", [_too_few(bins)])
    cell = grid.locate(incidents)
    position = np.where(cell >= 0, np.searchsorted(grid.cells, cell), -1)
    period = np.full(len(bins.table), -1)
    period[used] = np.arange(len(used))
    of_period = period[bins.number]
    left = {"police": 0, "nowhere": 0, "unrecorded": 0}
    target = np.ones(len(incidents), dtype=bool)
    if category is not None:
        target = (incidents["category"] == category).to_numpy(dtype=bool, na_value=False)
    for name, keep in (
        ("police", _not_police(incidents, include_police)), ("nowhere", position >= 0),
        ("unrecorded", of_period >= 0),
    ):  # fmt: skip
        left[name] = int((target & ~keep).sum())
        target = target & keep
    inhabited = inhabited_cells(grid, position)
    if inhabited.sum() < LEAST_CELLS:
        raise InputError("classify_hotspots", [_too_small(int(inhabited.sum()), position)])
    cube = make_cube(
        grid, inhabited, position[target], of_period[target],
        numbers(bins.table.index.to_numpy()[used], freq), SIGNIFICANT,
    )  # fmt: skip
    rows = np.flatnonzero((cube.hot | cube.cold).any(axis=0))
    cells = _describe(cube, rows, grid, definition, recent)
    summary = _summarise(cube, cells, grid, recent, seed)
    periods = _periods(bins, cube)
    history = history_of(cube, rows, grid, bins.table.index[used])
    said = paragraph(
        cells, summary, periods, bins, grid,
        {"category": category, "definition": definition, "recent": recent_periods(len(used),
         recent), "inhabited": len(cube.positions), "left": left},
    )  # fmt: skip
    return HotspotClasses(cells, summary, periods, history, float(recent), said)


def _check(
    incidents: Any, grid: Any, freq: Any, category: Any, definition: Any, recent: Any, police: Any,
    seed: Any,
) -> None:  # fmt: skip
    """Refuse what cannot be used, every fault at once."""
    check_incidents(incidents)
    faults = []
    if not isinstance(grid, Grid):
        faults.append(
            f"grid is of type {type(grid).__name__}; give a Grid, as Grid.over(lpts) makes it."
        )
    elif grid.crs != incidents.crs:
        faults.append(
            f"the grid's CRS is {grid.crs.name!r} and the incidents' {incidents.crs.name!r}; "
            "bring one to the other with .to_crs(...)."
        )
    weeks = isinstance(freq, str) and freq in FREQ and freq != "MS"
    if not (isinstance(freq, str) and freq in FREQ):
        faults.append(
            f"freq={freq!r}; it takes 'MS' (calendar months) or 'W-MON' (weeks from Monday)."
        )
    faults += checked_definition(definition)
    if not (is_number(recent) and 0 < recent <= 0.5):
        faults.append(f"recent={recent!r}; it must be a share above 0 and at most 0.5: try 0.2.")
    if not isinstance(police, bool | np.bool_):
        faults.append(f"include_police={police!r}; it must be True or False.")
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        faults.append(f"seed={seed!r}; it must be a whole number from 0.")
    if len(incidents) == 0:
        faults.append("there are no incidents; classes need at least five recorded periods.")
    else:
        faults += checked_category(incidents, category)
    if faults:
        raise InputError("classify_hotspots", faults)
    if weeks:
        data_support(incidents).require("weekly periods", "classify_hotspots")


def _too_few(bins: Bins) -> str:
    status = bins.table["status"].value_counts()
    others = ", ".join(f"{n} {name}" for name, n in status.items() if name != "present")
    rest = f" ({others})" if others else ""
    return (
        f"{counted(len(bins.used), bins.word)} wholly recorded{rest}; the four classes need at "
        f"least {LEAST_4} and the 17 patterns {LEAST_17}: give a longer record, with every "
        "category, so that quiet periods are told from missing ones."
    )


def _too_small(inhabited: int, position: NDArray[np.intp]) -> str:
    if not (position >= 0).any():
        return "none of the incidents lies on the grid; check their CRS and the LPTs."
    return (
        f"only {inhabited} cells of the grid hold an incident or touch one that does; a cell needs "
        f"at least {LEAST_CELLS} to stand out among: give every category, a larger area, or "
        "smaller cells."
    )


def _not_police(incidents: gpd.GeoDataFrame, include_police: bool) -> NDArray[np.bool_]:
    if include_police or "origin" not in incidents.columns:
        return np.ones(len(incidents), dtype=bool)
    police: NDArray[np.bool_] = (incidents["origin"] == "police").to_numpy(bool, na_value=False)
    return ~police


def _describe(
    cube: Cube, rows: NDArray[np.intp], grid: Grid, definition: str, recent: float
) -> pd.DataFrame:
    """Describe the cells that were hot or cold at least once, by class."""
    hot, cold, z = cube.hot[:, rows], cube.cold[:, rows], cube.z[:, rows]
    at = cube.positions[rows]
    length = len(hot)
    trend = mann_kendall(z)
    pattern = np.full(len(rows), TOO_SHORT, dtype=object)
    if length >= LEAST_17:
        pattern = space_time_pattern(hot, cold, z, definition=definition)
    class_ = commander_class(hot, recent)
    incidents = cube.counts[:, rows].sum(axis=0).astype(np.int64)
    action = actions_of(class_).to_numpy(dtype=object)
    action[(incidents == 0) & (class_ != "none")] = "look at the cells around it: none of its own"
    cells = pd.DataFrame({
        "id": grid.ids_of(grid.cells[at]), "lpt": grid.lpt[at], "incidents": incidents,
        "class_": class_, "pattern": pattern, "action": action, "periods_hot": hot.sum(axis=0),
        "share_hot": hot.mean(axis=0),
        "share_hot_recent": hot[-recent_periods(length, recent) :].mean(axis=0),
        "periods_cold": cold.sum(axis=0), "last_z": z[-1], "trend_z": trend.z,
        "trend_p": trend.p, "trend_p_adjusted": overlap_p(trend, length),
    }, index=pd.Index(grid.cells[at], name="cell"))  # fmt: skip
    cells = cells.astype(dict.fromkeys(["id", "lpt", "class_", "pattern", "action"], "str"))
    rank = cells["class_"].map({name: n for n, name in enumerate([*CLASSES, "none"])})
    order = np.lexsort((cells.index, -incidents, rank.to_numpy()))
    return cells.iloc[order]


def _summarise(
    cube: Cube, cells: pd.DataFrame, grid: Grid, recent: float, seed: int
) -> pd.DataFrame:
    """Add up each class, beside what random orders of the periods would give."""
    rng = np.random.default_rng(seed)
    orders = rng.permuted(np.tile(np.arange(len(cube.counts)), (SHUFFLES, 1)), axis=1)
    _, shuffled = shuffled_hot(cube, orders)
    found = [commander_class(hot, recent) for hot in shuffled]
    total = max(int(cube.counts.sum()), 1)
    rows = []
    for name in CLASSES:
        mine = cells[cells["class_"] == name]
        by_chance = np.array([(classes == name).sum() for classes in found])
        rows.append({
            "cells": len(mine), "without_incidents": int((mine["incidents"] == 0).sum()),
            "incidents": int(mine["incidents"].sum()),
            "share": mine["incidents"].sum() / total, "area_km2": len(mine) * grid.area_km2,
            "expected_by_chance": by_chance.mean(),
            "chance_p": (1 + (by_chance >= len(mine)).sum()) / (1 + SHUFFLES),
            "action": ACTIONS[name],
        })  # fmt: skip
    index = pd.Index(CLASSES, name="class_", dtype="str")
    return pd.DataFrame(rows, index=index).astype({"action": "str"})


def _check_areas(grid: Grid, areas: gpd.GeoDataFrame) -> None:
    faults = []
    if not isinstance(grid, Grid):
        faults.append(f"grid is of type {type(grid).__name__}; give the grid that was classified.")
    if not isinstance(areas, gpd.GeoDataFrame) or "geometry" not in areas.columns:
        faults.append(f"hotspots is of type {type(areas).__name__}; give a GeoDataFrame.")
    elif isinstance(grid, Grid) and areas.crs != grid.crs:
        faults.append(
            f"the hotspots' CRS is {areas.crs and areas.crs.name!r} and the grid's "
            f"{grid.crs.name!r}; use .to_crs(grid.crs)."
        )
    elif not areas.geom_type.isin(["Polygon", "MultiPolygon"]).all():
        faults.append("hotspots holds a row that is no polygon; leave it out.")
    if faults:
        raise InputError("label", faults)


def _held(
    grid: Grid, cells: NDArray[np.int64], shapes: NDArray[np.object_]
) -> list[NDArray[np.intp]]:
    """Which of the cells each polygon holds by their centres; if it holds none, the one under it.

    Only a few cells are ever hot, so that the centres of all are looked at only where none of
    them lies within a polygon but one of them may lie under it.
    """
    centres = grid.centres[np.searchsorted(grid.cells, cells)]
    area, at = shapely.STRtree(shapely.points(centres)).query(shapes, predicate="intersects")
    inside = [at[area == n] for n in range(len(shapes))]
    for n in [n for n, held in enumerate(inside) if len(held) == 0]:
        under = grid.locate(shapely.get_coordinates(shapely.point_on_surface(shapes[n])))
        if (
            np.isin(under, cells).any()
            and not shapely.intersects_xy(shapes[n], *grid.centres.T).any()
        ):
            inside[n] = np.searchsorted(cells, under)
    return inside


def _periods(bins: Bins, cube: Cube) -> pd.DataFrame:
    """Say of every period how much was counted in it and how much of it was hot."""
    table = bins.table.drop(columns="days")
    used = table.index[bins.used]
    judged = pd.DataFrame({
        "incidents": cube.counts.sum(axis=1), "hot_cells": cube.hot.sum(axis=1),
        "cold_cells": cube.cold.sum(axis=1),
        "false_alarms": SIGNIFICANT * cube.hot.sum(axis=1),
    }, index=used)  # fmt: skip
    return table.join(judged.astype(float))
