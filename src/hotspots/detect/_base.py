"""What every detector shares: learning from one table, heat on a grid, the hotspots table."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from datetime import timedelta
from functools import cached_property
from typing import Any, Self

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError

from ..contracts import InputError, announce, check_incidents
from ..places import Grid, coordinates, distinct_points, weights_of
from ..support import Support, support_of
from ._regions import Limits, find_regions, hotspots_table, is_number

SPARSE = 5.0
"""Incidents a month under which an empty month is as likely a true zero as a missing file."""

DAYS_PER_YEAR = 365.25
LN2 = float(np.log(2))
_TIMES = ("occurred_from", "occurred_to")
_PART = 65_536  # incidents at a time, where a copy of all would be slow to make


class Detector(BaseEstimator, ABC):  # type: ignore[misc]  # scikit-learn has no types
    r"""Base of the detectors: scikit-learn estimators that turn incidents into heat and hotspots.

    A method is a subclass with ``__init__``, ``_heat`` and, where it learns more than the
    locations, ``_fit`` and ``_faults``; ``_target`` where only some incidents are its subject;
    ``_tasked`` and ``_columns`` where it has more to say about hotspots. Parameters are checked
    when fitting. A method with a parameter ``half_life`` has its incidents weighted by age.

    Attributes
    ----------
    locations_ : DataFrame
        Distinct places in order of easting and northing: ``x``, ``y``, ``incidents``, ``weight``
        (the summed weights; the incidents when there are none).
    used_ : ndarray of bool
        Which of the given incidents were learned from: those with a point, and not
        police-generated unless asked for.
    location_ : ndarray of int
        Row of ``locations_`` of each incident used.
    years_ : float
        Years observed; with ``half_life``, the effective years (see the notes).
    period_ : tuple of Timestamp
        Start of the earliest and end of the latest incident used.
    unit_ : str
        Unit of the heat.
    crs_ : pyproj.CRS

    Notes
    -----
    Years observed are ``years`` or else the calendar months that hold at least one incident,
    divided by 12: a month without any counts as missing, not as zero. Where incidents are so few
    that an empty month may well be a true zero, this is announced.

    With a half-life :math:`\tau`, an incident of age :math:`a` (from the middle of its interval to
    the latest ``occurred_to``) weighs :math:`2^{-a / \tau}`, and the years observed are the same
    decay summed over the months observed, so that heat stays incidents per km² per year.
    """

    # every subclass takes these three
    weights: str | None
    years: float | None
    include_police: bool

    def fit(self, incidents: gpd.GeoDataFrame, y: None = None) -> Self:  # noqa: ARG002
        """Learn from incidents.

        Parameters
        ----------
        incidents : GeoDataFrame
            The incidents table. It is not changed.
        y : None
            Not used; scikit-learn's tools pass it.

        Returns
        -------
        Detector
            Itself, fitted.

        Raises
        ------
        InputError
            When a parameter or the incidents cannot be used; every fault is named.

        Warns
        -----
        Notice
            When police-generated incidents are left out, or empty months may be true zeros.

        Examples
        --------
        >>> import hotspots as hs
        >>> asb = hs.make_county(seed=1, months=12).incidents.query("origin == 'public'")
        >>> hs.KDE().fit(asb).years_
        1.0
        """
        faults = self._faults()
        if self.weights is not None and not isinstance(self.weights, str):
            faults.append(f"weights={self.weights!r}; it must name one column, or be None.")
        if self.years is not None and not (is_number(self.years) and 0 < self.years < np.inf):
            faults.append(f"years={self.years!r}; it must be above 0, or None to count months.")
        if not isinstance(self.include_police, (bool, np.bool_)):
            faults.append(f"include_police={self.include_police!r}; it must be True or False.")
        half_life = _half_life(getattr(self, "half_life", None), faults)
        if faults:
            raise InputError(type(self).__name__, faults)
        check_incidents(incidents)
        xy = coordinates(incidents)
        used = ~np.isnan(xy[:, 0]) & self._target(incidents)
        if "origin" in incidents.columns and not self.include_police:
            police = (incidents["origin"] == "police").to_numpy(dtype=bool, na_value=False)
            if police.any():
                announce(
                    f"{type(self).__name__}: {int(police.sum()):,} police-generated incidents "
                    "(origin 'police') left out of targeting; include_police=True keeps them"
                )
            used &= ~police
        self.crs_ = incidents.crs
        self.used_ = used
        self._incidents = incidents.copy(deep=False)
        every = bool(used.all())  # as a rule, and then nothing is copied
        self._xy = xy if every else xy[used]
        began, ended = (incidents[name] if every else incidents[name][used] for name in _TIMES)
        self.period_ = began.min(), ended.max()
        self.__dict__.pop("support_", None)  # of an earlier fit
        self.years_, said = self._observed_years(incidents["occurred_from"], half_life)
        if said:
            announce(said)
        what = "incidents" if self.weights is None else self.weights
        self.unit_ = f"{what} per km² per year"
        weight = None if self.weights is None else weights_of(incidents[used], self.weights)
        if half_life is not None and used.any():
            decay = _decay(incidents[used], self.period_[1], half_life)
            weight = decay if weight is None else weight * decay
        self.locations_, self.location_ = _locations(self._xy, weight)
        self._fit()
        return self

    def predict(self, grid: Grid) -> pd.Series:
        """Compute the heat of every inside cell.

        Parameters
        ----------
        grid : Grid
            In the CRS of the incidents.

        Returns
        -------
        Series of float
            ``heat`` in ``unit_``, index ``cell``, in the order of ``grid.cells``.

        Raises
        ------
        NotFittedError
            Before :meth:`fit`.
        InputError
            When the grid does not suit the incidents.

        Examples
        --------
        >>> import hotspots as hs
        >>> county = hs.make_county(seed=1, months=12)
        >>> grid = hs.Grid.over(county.lpts, size=250)
        >>> heat = hs.KDE(500).fit(county.incidents.query("origin == 'public'")).predict(grid)
        >>> bool((heat.index == grid.cells).all()), bool(heat.min() >= 0)
        (True, True)
        """
        self._check_grid(grid)
        index = pd.Index(grid.cells, name="cell")
        return pd.Series(self._heat(grid), index=index, name="heat")

    def hotspots(
        self,
        grid: Grid,
        *,
        top_k: int | None = None,
        coverage: float | None = None,
        max_area_km2: float = 0.05,
        min_incidents: int = 12,
        per_lpt: bool = False,
    ) -> gpd.GeoDataFrame:
        """Join the hottest cells into hotspots of a size that can be patrolled.

        Parameters
        ----------
        grid : Grid
            In the CRS of the incidents.
        top_k : int, optional
            How many hotspots to give at most; 20 when neither this nor ``coverage`` is given.
        coverage : float, optional
            Instead: share of the inside area the hotspots may cover together, above 0 and at most
            1. It is never exceeded, and used up while places with ``min_incidents`` are left.
        max_area_km2 : float
            Most a hotspot may cover; at least one cell.
        min_incidents : int
            Incidents a hotspot must hold itself, whatever its heat.
        per_lpt : bool
            Whether ``top_k`` or ``coverage`` holds for each LPT rather than for all together.

        Returns
        -------
        GeoDataFrame
            The hotspots table, hottest first, index ``hotspot``: the id of the hottest of its cells
            that hold incidents, whose heat it carries. ``name`` is the most frequent ``place`` in
            it (without "On or near"); ``harm`` is summed where incidents have it.

        Raises
        ------
        NotFittedError
            Before :meth:`fit`.
        InputError
            When an argument is out of range or two contradict.

        Warns
        -----
        Notice
            When no place reaches ``min_incidents``; the table is then empty.

        Notes
        -----
        A hotspot starts at a peak: a cell that holds incidents and is hotter than all such cells
        around it, corners included. The cells that share an edge with it join, those that hold
        incidents before empty ones and the hotter first, until ``max_area_km2`` is reached or no
        warm neighbour is left; empty cells at the end are dropped. What is left on the slopes of a
        hotspot starts another only when no peak is left. A hotspot stays within the cells of one
        LPT. One with fewer than ``min_incidents`` is not given, and its cells stay free for
        others. Equal heat goes to the lower cell number (south before north, then west before
        east). docs/methods/detection.md gives the reasons and what the rule was measured against.

        Examples
        --------
        >>> import hotspots as hs
        >>> county = hs.make_county(seed=1, months=12)
        >>> detector = hs.KDE().fit(county.incidents.query("origin == 'public'"))
        >>> spots = detector.hotspots(hs.Grid.over(county.lpts, size=100), top_k=3)
        >>> spots["rank"].tolist(), bool((spots["area_km2"] <= 0.05).all())
        ([1, 2, 3], True)
        """
        self._check_grid(grid)
        limits = Limits.checked(
            grid, top_k=top_k, coverage=coverage, max_area_km2=max_area_km2,
            min_incidents=min_incidents, per_lpt=per_lpt,
        )  # fmt: skip
        heat = self._heat(grid)
        at = grid.locate(self._xy)
        position = np.where(at >= 0, np.searchsorted(grid.cells, at), -1)
        counts = np.bincount(position[position >= 0], minlength=len(grid.cells))
        regions = find_regions(grid, self._tasked(grid, heat), counts, limits)
        if not regions:
            most = int(counts[self._tasked(grid, heat) > 0].max(initial=0))
            announce(
                f"{self!r}: no hotspot holds {min_incidents} incidents within {max_area_km2:g} km² "
                f"(the fullest cell with heat holds {most}); lower min_incidents, raise "
                "max_area_km2, or use a longer period"
            )
        told = [c for c in ("place", "harm", *_TIMES) if c in self._incidents.columns]
        used = pd.DataFrame(self._incidents[told])[self.used_]
        table = hotspots_table(grid, heat, regions, used, position, (repr(self), *self.period_))
        return table.assign(**self._columns(grid, regions))

    @cached_property
    def support_(self) -> Support:
        """What the incidents learned from support."""
        places = self.locations_[["x", "y"]].to_numpy()
        times = pd.DataFrame({name: self._incidents[name] for name in _TIMES})
        if not self.used_.all():  # a copy of ten million rows takes its time
            times = times[self.used_]
        return support_of(times, places, self.locations_["incidents"].to_numpy())

    def _faults(self) -> list[str]:
        """Name what is wrong with the parameters."""
        return []

    def _target(self, incidents: gpd.GeoDataFrame) -> NDArray[np.bool_]:
        """Tell which incidents are the subject; the others stay at hand in ``_incidents``."""
        return np.ones(len(incidents), dtype=bool)

    def _tasked(self, grid: Grid, heat: NDArray[np.float64]) -> NDArray[np.float64]:  # noqa: ARG002
        """Heat that hotspots may grow on: all of it, unless a method knows better."""
        return heat

    def _columns(self, grid: Grid, regions: list[list[int]]) -> dict[str, Any]:  # noqa: ARG002
        """Give what else the method knows of each hotspot, as columns of the hotspots table."""
        return {}

    def _fit(self) -> None:
        """Learn what the method needs beyond the locations."""

    @abstractmethod
    def _heat(self, grid: Grid) -> NDArray[np.float64]:
        """Heat of every inside cell, in the order of ``grid.cells``."""

    def _per_year(self, density: NDArray[np.float64]) -> NDArray[np.float64]:
        """Divide by the years observed; without incidents there are none, and no heat."""
        return density / self.years_ if len(self.locations_) else np.zeros_like(density)

    def _check_grid(self, grid: Grid) -> None:
        name = type(self).__name__
        if not hasattr(self, "locations_"):
            raise NotFittedError(f"this {name} is not fitted yet; call .fit(incidents) first.")
        if not isinstance(grid, Grid):
            raise InputError(
                name,
                [
                    f"grid is of type {type(grid).__name__}; give a Grid, as Grid.over(lpts) makes "
                    "it."
                ],
            )
        if grid.crs != self.crs_:
            raise InputError(
                name,
                [
                    f"the grid's CRS is {grid.crs.name!r} and the incidents' {self.crs_.name!r}; "
                    "bring one to the other with .to_crs(...)."
                ],
            )

    def _observed_years(
        self, occurred: pd.Series, half_life: pd.Timedelta | None
    ) -> tuple[float, str]:
        """Years observed (NaN of no incidents), and what to announce about them, if anything."""
        lives = None if half_life is None else half_life / pd.Timedelta(days=DAYS_PER_YEAR)
        if self.years is not None:
            years = float(self.years)
            return (years if lives is None else lives / LN2 * (1 - 0.5 ** (years / lives))), ""
        if len(occurred) == 0:
            return float("nan"), ""
        # a calendar month is slow to tell: once for a day
        first, last = (at.to_datetime64().astype("datetime64[D]") for at in (occurred.min(),
                       occurred.max()))  # fmt: skip
        days = np.arange(first, last + 1)
        per_day = np.zeros(len(days), dtype=np.int64)
        for part in np.array_split(occurred.to_numpy(), len(occurred) // _PART + 1):
            day = (part.astype("datetime64[D]") - first).astype(np.int64)
            per_day += np.bincount(day, minlength=len(days))
        month = days.astype("datetime64[M]").astype(np.int64)
        counts = np.bincount(month - month[0], per_day).astype(np.int64)
        span, months = len(counts), int(np.count_nonzero(counts))
        said = ""
        if span > months and len(occurred) < SPARSE * months:
            said = (
                f"{type(self).__name__}: {span - months} of {span} months hold no incident and "
                "count as missing, not as zero; with so few incidents they may be true zeros: "
                f"then give years={span / 12:.4g}"
            )
        if lives is None:
            return months / 12, said
        end = self.period_[1] if pd.notna(self.period_[1]) else occurred.max()
        age = (end.to_datetime64() - days) / np.timedelta64(1, "D") - 0.5
        years = np.maximum(age, 0) / DAYS_PER_YEAR
        decay = np.bincount(month - month[0], 0.5 ** (years / lives))  # of the days at hand
        within = np.bincount(month - month[0])
        return float((decay / within)[counts > 0].sum() / 12), said

    def __repr__(self, N_CHAR_MAX: int = 700) -> str:  # noqa: N803
        """Name every parameter that has a value, so that a table tells how it was made."""
        defaults = inspect.signature(type(self).__init__).parameters
        values: dict[str, Any] = self.get_params(deep=False)
        shown = [
            f"{name}={_shown(values[name])}"
            for name, parameter in defaults.items()
            if name in values
            and not (parameter.default in (None, False) and values[name] is parameter.default)
        ]
        return f"{type(self).__name__}({', '.join(shown)})"


def _shown(value: Any) -> str:
    """Write a value, a table by its type and number of rows."""
    if isinstance(value, (pd.DataFrame, pd.Series)):
        return f"<{type(value).__name__} of {len(value):,}>"
    return repr(value)


def _locations(
    xy: NDArray[np.float64], weight: NDArray[np.float64] | None
) -> tuple[pd.DataFrame, NDArray[np.intp]]:
    """Distinct locations with their incidents and summed weights, and the location of each."""
    places, location = distinct_points(xy)
    incidents = np.bincount(location, minlength=len(places))
    total = incidents.astype(float)
    if weight is not None:  # summed in order of size, so that the order of rows cannot matter
        by_size = np.lexsort((weight, location))
        total = np.bincount(location[by_size], weight[by_size], minlength=len(places))
    x, y = places.T
    return pd.DataFrame({"x": x, "y": y, "incidents": incidents, "weight": total}), location


def _half_life(value: Any, faults: list[str]) -> pd.Timedelta | None:
    """Read a half-life, or add what is wrong with it to the faults."""
    if value is None:
        return None
    length = None
    if isinstance(value, (str, timedelta, np.timedelta64)):  # a bare number has no unit
        try:
            length = pd.Timedelta(value)
        except ValueError:
            length = None
    if length is None or not length >= pd.Timedelta(days=1):
        faults.append(
            f"half_life={value!r}; it must be a length of time, a day at least: try '180D', or "
            "None."
        )
        return None
    return length


def _decay(
    incidents: pd.DataFrame, end: pd.Timestamp, half_life: pd.Timedelta
) -> NDArray[np.float64]:
    """Weight of incidents by their age at the end of the records."""
    length: pd.Series = incidents["occurred_to"] - incidents["occurred_from"]
    age: pd.Series = end - (incidents["occurred_from"] + length / 2)
    lives = age.dt.total_seconds().to_numpy() / half_life.total_seconds()
    return np.exp2(-lives)  # type: ignore[no-any-return]
