"""What the local statistics share: the places they compare, chance, and the table they give."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..chance import CORRECTIONS, adjusted_p
from ..contracts import InputError, Result
from ..places import Grid, coordinates, distinct_points
from ._areas import (
    AreaNeighbours,
    area_of,
    checked_areas,
    checked_nearest,
    checked_reach,
    smoothed_rates,
)
from ._base import Detector
from ._neighbours import GridNeighbours
from ._permutation import neighbour_tails

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

Measured = tuple[dict[str, Any], Floats, Floats]
"""Columns of a statistic, its heat, and the z score of the sum over the neighbourhood."""

LEVEL = 0.05
"""Significance level, of the corrected p-value."""

LEAST_PLACES = 30
"""Fewer cells or areas are no population to judge one of them by."""


@dataclass(frozen=True)
class Places:
    """The cells or areas that are compared: what happened in each, and around it."""

    index: pd.Index
    told: dict[str, Any]  # columns that describe them
    incidents: Ints
    values: Floats
    sums: Floats  # of the values, over the neighbours and itself
    counts: Ints  # of the neighbours and itself
    word: str
    lost: int  # incidents in none of them
    everywhere: NDArray[np.bool_] | None = None  # which cells of a grid they are; all when None


@dataclass(frozen=True)
class Verdict:
    """What a statistic says of each place."""

    statistic: dict[str, Any]  # its columns, in order
    heat: Floats
    direction: Floats  # above 0 where the neighbourhood is high, below where it is low
    p_normal: Floats
    p_permutation: Floats
    p_value: Floats
    q_value: Floats
    exact: bool


@dataclass(frozen=True, repr=False)
class LocalStatistics(Result):
    """A local statistic of every cell or area, and what it says.

    Attributes
    ----------
    table : DataFrame
        Indexed as the cells or areas given: ``incidents``, ``neighbours``, the statistic,
        ``p_normal``, ``p_permutation`` (by the detector's ``null``), ``p_value`` (the latter; the
        former with ``permutations=0``), ``q_value`` (corrected for the number of places),
        ``significant`` (whether that is at most .05) and ``class_``.
    said : str
        The same in a paragraph.
    """

    table: pd.DataFrame
    said: str

    @property
    def text(self) -> str:
        """How many places stand out, how that was judged, and what it does not say."""
        return self.said


class LocalDetector(Detector):
    """Base of the detectors that compare each place and its neighbours with all places.

    A subclass has ``__init__`` with the parameters named here, ``_measure`` and ``_classes``.
    """

    radius: float | None
    category: str | None
    correction: str | None
    permutations: int
    random_state: int
    null: str = "conditional"
    """What chance deals out: the values of the others, or with "total" of all."""

    def statistics(
        self,
        areas: Grid | gpd.GeoDataFrame,
        *,
        alternative: str | None = None,
        nearest: int | None = None,
        population: str | None = None,
    ) -> LocalStatistics:
        """Compute the statistic of every cell, or of polygons of any kind, and its significance.

        Parameters
        ----------
        areas : Grid or GeoDataFrame
            A grid, or polygons (LSOAs, wards, beats) with an index of their own, in the CRS of
            the incidents; at least 30. Polygons are neighbours when they touch, slivers up to
            1 m wide aside; with the detector's ``radius``, when their centroids lie that near.
        alternative : {"greater", "two-sided"}, optional
            Whether only high neighbourhoods count, or low ones as well; each statistic has its
            own default.
        nearest : int, optional
            Polygons only: take so many of the nearest by centroid as neighbours instead.
        population : str, optional
            Polygons only: column of residents (or dwellings, shops …). Rates, smoothed by
            empirical Bayes, are then compared instead of incidents.

        Returns
        -------
        LocalStatistics
            ``table`` and ``text``.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        InputError
            When an argument cannot be used; every fault is named.

        Examples
        --------
        >>> import hotspots as hs
        >>> county = hs.make_county(seed=1, months=12)
        >>> public = county.incidents.query("origin == 'public'")
        >>> grid = hs.Grid.over(county.lpts, size=500)
        >>> found = hs.GiStar().fit(public).statistics(grid)
        >>> list(found.table.columns[-4:])
        ['p_value', 'q_value', 'significant', 'class_']
        """
        alternative = self._alternative if alternative is None else alternative
        faults = []
        if alternative not in ("greater", "two-sided"):
            faults.append(f"alternative={alternative!r}; it must be 'greater' or 'two-sided'.")
        if population is not None and not isinstance(population, str):
            faults.append(f"population={population!r}; it must name one column, or be None.")
        if isinstance(areas, Grid):
            faults += [
                f"{name}={value!r} is for polygons; a grid takes its neighbours by radius."
                for name, value in (("nearest", nearest), ("population", population))
                if value is not None
            ]
        if faults:
            raise InputError(type(self).__name__, faults)
        if isinstance(areas, Grid):
            self._check_grid(areas)
            places = self._cells(areas)
            cells = places.index.to_numpy()
            lpt = areas.lpt[np.searchsorted(areas.cells, cells)]
            told = {  # only here, as names take their time
                "id": pd.array(areas.ids_of(cells), dtype="str"),
                "lpt": pd.array(lpt, dtype="str"),
            }
        else:
            places = self._polygons(areas, nearest, population)
            told = places.told
        verdict = self._judge(places, self._measure(places), alternative)
        classes = self._classes(verdict)
        table = pd.DataFrame(
            {
                **told, "incidents": places.incidents, "neighbours": places.counts - 1,
                **verdict.statistic, "p_normal": verdict.p_normal,
                "p_permutation": verdict.p_permutation, "p_value": verdict.p_value,
                "q_value": verdict.q_value, "significant": verdict.q_value <= LEVEL,
                "class_": pd.array(classes, dtype="str"),
            },
            index=places.index,
        )  # fmt: skip
        return LocalStatistics(table, self._say(places, verdict, alternative, classes))

    # --- what a statistic says of itself -------------------------------------------------------

    _alternative: str

    @abstractmethod
    def _measure(self, places: Places) -> Measured:
        """Compute the statistic of every place."""

    @abstractmethod
    def _classes(self, verdict: Verdict) -> NDArray[np.object_]:
        """Class of every place."""

    @abstractmethod
    def _say(
        self, places: Places, verdict: Verdict, alternative: str, classes: NDArray[np.object_]
    ) -> str:
        """Sum up in a paragraph."""

    def _in_play(self, verdict: Verdict) -> NDArray[np.bool_]:
        """Places that hotspots may grow on."""
        chosen: NDArray[np.bool_] = (verdict.q_value <= LEVEL) & (verdict.direction > 0)
        return chosen

    # --- the road of every detector ------------------------------------------------------------

    def _faults(self) -> list[str]:
        faults = checked_reach(self.radius)
        if self.category is not None and not isinstance(self.category, str):
            faults.append(f"category={self.category!r}; it must name one category, or be None.")
        if self.correction is not None and self.correction not in CORRECTIONS:
            named = ", ".join(map(repr, CORRECTIONS))
            faults.append(f"correction={self.correction!r}; it takes {named} or None.")
        given = {"permutations": self.permutations, "random_state": self.random_state}
        faults += [
            f"{name}={value!r}; it must be a whole number from 0."
            for name, value in given.items()
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 0
        ]
        return faults

    def _target(self, incidents: gpd.GeoDataFrame) -> NDArray[np.bool_]:
        if self.category is None:
            return np.ones(len(incidents), dtype=bool)
        wanted: NDArray[np.bool_] = (incidents["category"] == self.category).to_numpy(
            dtype=bool, na_value=False
        )
        if len(incidents) and not wanted.any():
            have = ", ".join(sorted(map(str, incidents["category"].unique()))[:20])
            raise InputError(
                type(self).__name__,
                [f"category={self.category!r} is in no row; categories found: {have}."],
            )
        return wanted

    def _fit(self) -> None:
        # of the last grid: its cells, their statistic and, once asked for, what chance says
        self._last: tuple[Grid, Places, Measured, list[Verdict]] | None = None

    def _heat(self, grid: Grid) -> Floats:
        places, (_, heat, _), _ = self._measured(grid)
        # where nobody is, as cool as in the coolest place
        coolest = min(float(heat.min(initial=0.0)), 0.0)
        return _on_cells(grid, places, heat, coolest).copy()  # the caller may change it

    def _tasked(self, grid: Grid, heat: Floats) -> Floats:
        places, verdict = self._judged(grid)
        chosen = _on_cells(grid, places, self._in_play(verdict), fill=False)
        return np.where(chosen, np.maximum(heat, 0.0), 0.0)

    def _columns(self, grid: Grid, regions: list[list[int]]) -> dict[str, Any]:
        places, verdict = self._judged(grid)
        q = _on_cells(grid, places, verdict.q_value, np.nan)
        return {"p_value": np.array([q[region[0]] for region in regions], dtype=float)}

    def _measured(self, grid: Grid) -> tuple[Places, Measured, list[Verdict]]:
        """Measure the cells of a grid, once for heat, hotspots and their columns."""
        if self._last is None or self._last[0] is not grid:
            places = self._cells(grid)
            self._last = (grid, places, self._measure(places), [])
        return self._last[1:]

    def _judged(self, grid: Grid) -> tuple[Places, Verdict]:
        places, measured, known = self._measured(grid)
        if not known:
            known.append(self._judge(places, measured, self._alternative))
        return places, known[0]

    # --- places --------------------------------------------------------------------------------

    def _cells(self, grid: Grid) -> Places:
        at = grid.locate(self.locations_[["x", "y"]].to_numpy())
        position = np.searchsorted(grid.cells, at[at >= 0])
        incidents, values = self._summed(position, at >= 0, len(grid.cells))
        among = self._inhabited(grid)
        near = GridNeighbours(grid, self.radius, among)
        kept = slice(None) if among is None else among
        self._enough(len(incidents[kept]), "cells")
        return Places(
            index=pd.Index(grid.cells[kept], name="cell"),
            told={},
            incidents=incidents[kept], values=values[kept], sums=near.sums(values)[kept],
            counts=near.counts[kept], word="cell", lost=int(self.used_.sum() - incidents.sum()),
            everywhere=among,
        )  # fmt: skip

    def _inhabited(self, grid: Grid) -> NDArray[np.bool_] | None:
        """Cells that hold an incident of any category; all, when no category is the target."""
        if self.category is None:
            return None
        xy = coordinates(self._incidents)
        at = grid.locate(distinct_points(xy[~np.isnan(xy[:, 0])])[0])
        marked = np.zeros(len(grid.cells), dtype=bool)
        marked[np.searchsorted(grid.cells, at[at >= 0])] = True
        return marked if marked.any() else None

    def _polygons(
        self, areas: gpd.GeoDataFrame, nearest: int | None, population: str | None
    ) -> Places:
        if not hasattr(self, "locations_"):
            self._check_grid(areas)  # says so
        checked_areas(areas, population, self.crs_)
        self._enough(len(areas), "areas")
        faults = checked_nearest(nearest, len(areas))
        if nearest is not None and self.radius is not None:
            faults.append(f"nearest={nearest!r} and radius={self.radius!r} are both given.")
        if population is not None and self.weights is not None:
            faults.append(
                f"population={population!r} makes rates of incidents, and weights={self.weights!r} "
                "is given too; leave one out."
            )
        if faults:
            raise InputError(type(self).__name__, faults)
        at = area_of(self.locations_[["x", "y"]].to_numpy(), areas)
        incidents, values = self._summed(at[at >= 0], at >= 0, len(areas))
        told = {}
        if population is not None:
            people = areas[population].to_numpy(dtype=float)
            values = smoothed_rates(incidents.astype(float), people)
            told["rate_per_1000"] = values * 1000
        near = AreaNeighbours(areas, self.radius, nearest)
        return Places(
            index=areas.index, told=told, incidents=incidents,
            values=values, sums=near.sums(values), counts=near.counts, word="area",
            lost=int(self.used_.sum() - incidents.sum()),
        )  # fmt: skip

    def _summed(self, position: Ints, inside: NDArray[np.bool_], n: int) -> tuple[Ints, Floats]:
        """Incidents and weights of each of ``n`` places, from the positions of the locations."""
        kept = self.locations_[inside]
        incidents = np.bincount(position, kept["incidents"].to_numpy(dtype=float), minlength=n)
        weight = np.bincount(position, kept["weight"].to_numpy(dtype=float), minlength=n)
        return np.rint(incidents).astype(np.int64), weight.astype(float)

    def _enough(self, n: int, word: str) -> None:
        if n < LEAST_PLACES:
            raise InputError(
                type(self).__name__,
                [
                    f"there are {n} {word} to compare; at least {LEAST_PLACES} are needed to judge "
                    "one by the others: use smaller ones, such as wards, LSOAs or a grid."
                ],
            )

    # --- chance --------------------------------------------------------------------------------

    def _judge(self, places: Places, measured: Measured, alternative: str) -> Verdict:
        """Test every place against chance."""
        from scipy.special import ndtr

        columns, heat, z = measured
        p_normal = _one_or_two(ndtr(-z), ndtr(z), alternative)
        p_permutation, direction, exact = np.full(len(z), np.nan), np.sign(z), True
        if self.permutations:
            total = self.null == "total"
            alone = places.counts == 1
            around = np.where(alone, np.nan, places.sums - places.values)
            by_chance = neighbour_tails(
                places.values, places.sums if total else around, places.counts - (not total),
                int(self.permutations), int(self.random_state), total=total,
            )  # fmt: skip
            exact = by_chance.exact
            p_permutation = _one_or_two(by_chance.upper, by_chance.lower, alternative)
            direction = np.sign(by_chance.lower - by_chance.upper)
        used = p_permutation if self.permutations else p_normal
        q = adjusted_p(used, self.correction)
        return Verdict(columns, heat, direction, p_normal, p_permutation, used, q, exact)

    def _how(self, places: Places, verdict: Verdict, alternative: str) -> str:
        """Tell how chance was judged, the same for every statistic."""
        words = f"{places.word}s"
        side = "one-sided" if alternative == "greater" else "two-sided"
        tested = int((~np.isnan(verdict.p_value)).sum())
        plain = int((verdict.p_value <= LEVEL).sum())
        least = 1 / (self.permutations + 1)
        if not self.permutations:
            said = (
                f"Chance is judged by the {side} normal approximation, which calls far too many "
                f"{words} significant where most incidents lie in few of them; give permutations."
            )
        elif verdict.exact:
            said = f"Chance is judged by {side} {self.null} permutation, worked out exactly."
        else:
            said = (
                f"Chance is judged by {side} {self.null} permutation, drawn {self.permutations:,} "
                f"times, so that no p-value is under {least:.2g}"
            )
            stuck = (verdict.p_value <= least * (1 + 1e-9)).any()
            proved = (verdict.q_value <= LEVEL).any()
            said += ", too few to prove any; raise permutations." if stuck and not proved else "."
        if self.correction is None:
            said += f" P-values are not corrected for {tested:,} tests: up to "
            said += f"{LEVEL * tested:,.0f} would fall under {LEVEL:g} where there is nothing."
        else:
            said += f" P-values are corrected for {tested:,} tests ({self.correction}); without "
            said += f"that, {plain:,} would be under {LEVEL:g}, and up to {LEVEL * tested:,.0f} "
            said += "are where there is nothing."
        alone = int((places.counts == 1).sum())
        if alone:
            said += f" {alone:,} of the {words} have no neighbour"
            if self.permutations:
                own = " and are judged by what they hold themselves"
                said += own if self.null == "total" else " and are not tested"
            said += "."
        if places.everywhere is not None:
            said += f" Only {words} that hold an incident of any category are compared."
        if places.lost:
            said += f" {places.lost:,} incidents lie in none of the {words}."
        return said


def _on_cells(grid: Grid, places: Places, values: NDArray[Any], fill: Any) -> NDArray[Any]:
    """Values of all inside cells, from those of the cells that are compared."""
    if places.everywhere is None:
        return values
    spread = np.full(len(grid.cells), fill)
    spread[places.everywhere] = values
    return spread


def _one_or_two(upper: Floats, lower: Floats, alternative: str) -> Floats:
    if alternative == "greater":
        return upper
    both: Floats = np.minimum(2 * np.minimum(upper, lower), 1.0)
    return both
