"""Empirical Bayes: counts of cells drawn towards what the records as a whole say of such cells."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError

from ..contracts import SURE, InputError, Result, announce, recorded_months
from ..places import Grid, coordinates, distinct_points, weights_of
from ..progress import progress_bar
from ._base import Detector
from ._prior import (
    SURFACES,
    HeldOut,
    Mixture,
    by_cell,
    in_words,
    learn,
    posterior,
    surfaces_of,
)  # fmt: skip

MONTHS = 3
"""Recorded months held out, the latest, each foretold from those before it."""

WHOLE = 0.95
"""Share of the incidents whose sources must have recorded a month for it to be held out."""

_SECOND, _EPOCH = np.timedelta64(1, "s"), np.datetime64(0, "s")


@dataclass(frozen=True, repr=False)
class CellHeat(Result):
    """Where the heat of one cell comes from.

    Attributes
    ----------
    cell : DataFrame
        One row, index ``cell`` (the stable id): ``lpt``, ``rank`` (1 is the hottest), ``own`` and
        ``prior`` (what the cell had in the period, and what a cell like it would have), ``trust``
        (0 to 1, in its own), ``per_year`` expected and ``heat``, the same per km².
    parts : DataFrame
        Index ``part`` (own count, then each surface of the prior): its ``meaning``, its ``weight``
        in the prior, the ``per_year`` and ``heat`` it gave, which add up to those of the
        cell, and its ``share`` of them.
    months, shape : float
        Months observed (effective ones with a half-life), and the shape learned.
    what : str
        What is foretold, in words; all amounts are in it.
    """

    cell: pd.DataFrame
    parts: pd.DataFrame
    months: float
    shape: float
    what: str

    @property
    def text(self) -> str:
        """What the cell is expected to have, and what each part gave."""
        (name, cell), = self.cell.iterrows()  # fmt: skip
        given = self.parts["per_year"]
        told = [
            f"{value:.2f} from {words}"
            for value, words in zip(given, self.parts["meaning"], strict=True)
            if value >= 0.005
        ]
        listed = ", ".join(told[:-1]) + (" and " if len(told) > 1 else "") + "".join(told[-1:])
        period = f"{self.months:.3g} month{'' if self.months == 1 else 's'}"
        if not np.isfinite(self.months):
            period = "no time observed"
        return (
            f"Cell {name} ({cell['lpt']}) is expected to have {cell['per_year']:.2f} "
            f"{self.what} a year ({cell['heat']:,.1f} per km²), rank {cell['rank']:,}"
            f"{f': {listed}' if listed else ''}. "
            f"It had {cell['own']:.4g} in {period}, where a cell like it "
            f"would have {cell['prior']:.2f}; its own count is trusted "
            f"{cell['trust']:.0%}, what is said of cells like it {1 - cell['trust']:.0%}."
        )


@dataclass(frozen=True)
class _Blend:
    """The heat of one grid and what it was made of, counts in incidents of the period."""

    grid: Grid
    mixture: Mixture
    surfaces: NDArray[np.float64]
    own: NDArray[np.float64]
    worth: float  # mean weight of an incident

    @property
    def prior(self) -> NDArray[np.float64]:
        return np.asarray(self.own.sum() * (self.mixture.weights @ self.surfaces), dtype=float)

    @property
    def expected(self) -> NDArray[np.float64]:
        return posterior(self.own, self.prior, self.mixture.shape)


class EmpiricalBayes(Detector):
    r"""Counts drawn towards a prior that the records themselves teach.

    A cell's own count is the best guide where it is large, and mere chance where it is small.
    Here it is drawn towards what cells like it have: in the middle of the category's crowd, with
    incidents of other types, or with nothing. How much each of these says is not set by hand: it
    is what would have foretold the latest months best.

    Parameters
    ----------
    category : str, optional
        What is to be foretold. Fit on the whole table: the other categories inform the prior.
        Every row is the target when absent.
    half_life : str, optional
        Time after which an incident counts half, such as ``"180D"``; all count alike when absent.
    weights : str, optional
        Column to sum instead of counting, such as ``"harm"``. The blend is learned from counts
        all the same; then the sums, in units of their mean, take the place of the counts.
    years : float, optional
        Years observed; the calendar months that hold an incident, over 12, when absent.
    include_police : bool
        Whether police-generated incidents (``origin`` "police") count, in the target and in the
        prior.

    Attributes
    ----------
    weights_ : Series of float
        Weight of each surface of the prior, index ``surface``, sum 1: of the grid last predicted.
    shape_ : float
        Shape :math:`\alpha` of the spread around the prior, of the same grid: how many incidents
        the prior is worth in a cell where it expects many more.
    learned_from_ : tuple of int
        Months held out, and the incidents of the target in them.

    Notes
    -----
    The rate of a cell is gamma distributed with shape :math:`\alpha` and mean :math:`m_i`, its
    count :math:`y_i` in the period Poisson. Known the count, the mean is

    .. math:: \hat y_i = \frac{\alpha + y_i}{\alpha / m_i + 1} = (1 - s_i)\, m_i + s_i\, y_i,
              \qquad s_i = \frac{m_i}{\alpha + m_i}, \qquad m_i = n \sum_k w_k p_{ik}

    with :math:`n` the incidents of the target in the grid and :math:`p_{ik}` surfaces of sum 1:
    *near*, the target's quartic density within 500 m; *all*, the incidents of every type in the
    cell; *around*, the geometric mean of *all* and the target's density within 2 km; *floor*, the
    same for every cell. Cells over 125 m widen the reach to 4 cells, those over 250 m the wider
    one to 8. Heat is :math:`\hat y_i` per km² and year. The plain count is the end
    :math:`\alpha \to 0`, the prior alone the end :math:`\alpha \to \infty`.

    :math:`w` and :math:`\alpha` are those under which the latest three recorded months, each
    foretold from what came before it, are likeliest (negative binomial); months missing or thin
    are not zeros and are passed over. The likelihood of the period's own counts would be no use:
    the surfaces contain them. As a surface is one of a grid, this is learned when a grid is first
    predicted, and kept for it. On a grid of one LPT it is learned from that LPT alone, so heat
    differs from that cut out of the force's.

    On snapped points, part of what *all* teaches is where a snap point lies at all;
    docs/methods/empirical-bayes.md tells how much, and where this does not win.

    References
    ----------
    Clayton D. and Kaldor J. (1987) Empirical Bayes estimates of age-standardized relative risks
    for use in disease mapping. *Biometrics* 43(3), doi:10.2307/2532003.
    Marshall R. J. (1991) Mapping disease and mortality rates using empirical Bayes estimators.
    *Applied Statistics* 40(2), doi:10.2307/2347593.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=12, scale=0.2)
    >>> public = county.incidents.query("origin != 'police'")
    >>> detector = hs.EmpiricalBayes("Burglary").fit(public)
    >>> heat = detector.predict(hs.Grid.over(county.lpts, size=250))
    >>> detector.weights_.index.tolist()
    ['near', 'all', 'around', 'floor']
    >>> round(float(detector.weights_.sum()), 9), detector.learned_from_[0]
    (1.0, 3)
    """

    def __init__(
        self,
        category: str | None = None,
        *,
        half_life: str | None = None,
        weights: str | None = None,
        years: float | None = None,
        include_police: bool = False,
    ) -> None:
        self.category = category
        self.half_life = half_life
        self.weights = weights
        self.years = years
        self.include_police = include_police

    def explain(self, cell: str | int) -> CellHeat:
        """Tell what each part gave to the heat of a cell.

        Parameters
        ----------
        cell : str or int
            Stable id of a cell, or its lattice number, of the grid last predicted.

        Returns
        -------
        CellHeat

        Raises
        ------
        NotFittedError
            Before :meth:`fit`.
        InputError
            Before a grid was predicted, or when the cell is not inside it.

        Examples
        --------
        >>> import hotspots as hs
        >>> county = hs.make_county(seed=1, months=12, scale=0.2)
        >>> detector = hs.EmpiricalBayes("Burglary").fit(
        ...     county.incidents.query("origin != 'police'"))
        >>> heat = detector.predict(hs.Grid.over(county.lpts, size=250))
        >>> told = detector.explain(heat.idxmax())
        >>> told.parts.index.tolist()
        ['own count', 'near', 'all', 'around', 'floor']
        """
        name = type(self).__name__
        if not hasattr(self, "locations_"):
            raise NotFittedError(f"this {name} is not fitted yet; call .fit(incidents) first.")
        if self._last is None:
            raise InputError(name, ["no grid was predicted yet; call .predict(grid) first."])
        blend, years = self._last, self.years_
        at = _position(blend.grid, cell)
        own, prior, expected = blend.own[at], blend.prior[at], blend.expected
        trust = prior / (blend.mixture.shape + prior) if prior > 0 else 0.0
        given = (1 - trust) * blend.own.sum() * blend.mixture.weights * blend.surfaces[:, at]
        given = np.append(trust * own, given)
        yearly = given * blend.worth / years if len(self.locations_) else np.zeros(len(given))
        parts = pd.DataFrame({
            "meaning": ["its own count", *in_words(blend.grid).values()],
            "weight": np.append(np.nan, blend.mixture.weights),
            "per_year": yearly,
            "heat": yearly / blend.grid.area_km2,
            "share": given / given.sum() if given.sum() > 0 else given,
        }, index=pd.Index(["own count", *SURFACES], name="part"))  # fmt: skip
        here = pd.DataFrame({
            "lpt": [blend.grid.lpt[at]],
            "rank": [1 + int((expected > expected[at]).sum())],
            "own": [own * blend.worth], "prior": [prior * blend.worth], "trust": [trust],
            "per_year": [yearly.sum()], "heat": [yearly.sum() / blend.grid.area_km2],
        }, index=pd.Index([blend.grid.ids_of(blend.grid.cells[[at]])[0]], name="cell"))  # fmt: skip
        what = "incidents" if self.category is None else f"incidents of {self.category!r}"
        if self.weights is not None:
            what = f"{self.weights} of {what}"
        return CellHeat(here, parts, 12 * years, blend.mixture.shape, what)

    def _faults(self) -> list[str]:
        if self.category is None or isinstance(self.category, str):
            return []
        return [f"category={self.category!r}; it must name one category, or be None."]

    def _target(self, incidents: gpd.GeoDataFrame) -> NDArray[np.bool_]:
        name, wanted = type(self).__name__, np.ones(len(incidents), dtype=bool)
        if self.category is not None:
            wanted = (incidents["category"] == self.category).to_numpy(dtype=bool, na_value=False)
            if len(incidents) and not wanted.any():
                have = ", ".join(sorted(map(str, incidents["category"].unique()))[:20])
                raise InputError(
                    name, [f"category={self.category!r} is in no row; categories found: {have}."]
                )
        if wanted.any() and _police(incidents)[wanted].all() and not self.include_police:
            of = "" if self.category is None else f" of {self.category!r}"
            raise InputError(
                name,
                [
                    f"all {int(wanted.sum()):,} incidents{of} are police-generated (origin "
                    "'police'), and these are left out of targeting, as they say where officers "
                    "were; include_police=True keeps them."
                ],
            )
        return wanted

    def _fit(self) -> None:
        self._mixtures: dict[str, Mixture] = {}
        self._last: _Blend | None = None
        for name in ("weights_", "shape_", "learned_from_"):  # of an earlier fit
            self.__dict__.pop(name, None)
        xy = coordinates(self._incidents)
        known = ~np.isnan(xy[:, 0])
        if not self.include_police:
            known &= ~_police(self._incidents)
        start, end = (
            self._incidents[name][known].to_numpy().astype("datetime64[s]")
            for name in ("occurred_from", "occurred_to")
        )
        middle = (start + (end - start) / 2).astype("datetime64[s]")
        target = self.used_[known]
        value = np.ones(len(middle))
        if self.weights is not None:
            value[target] = weights_of(self._incidents[self.used_], self.weights)
        self._places, place = distinct_points(xy[known])
        order = np.lexsort((value, middle, place))  # so that the order of rows cannot matter
        self._place, self._middle, self._is_target = place[order], middle[order], target[order]
        self._value, self._month = value[order], start[order].astype("datetime64[M]")
        self._whole_months = _whole_months(self._incidents)

    def _heat(self, grid: Grid) -> NDArray[np.float64]:
        key = _key(grid)
        if self._last is None or _key(self._last.grid) != key:
            if key not in self._mixtures:
                self._mixtures[key] = self._learn(grid)
            now = self.period_[1].to_datetime64() if len(self.locations_) else _EPOCH
            everything = np.ones(len(self._place), dtype=bool)
            surfaces, _, age = self._known(grid, everything, now)
            mine = self._is_target
            total = float((age * self._value)[mine].sum())
            worth = total / float(age[mine].sum()) if total > 0 else 0.0
            own = self._summed(mine, age * self._value / (worth or 1.0))
            own = by_cell(grid, self._places, own)
            self._last = _Blend(grid, self._mixtures[key], surfaces, own, worth)
        blend = self._last
        surface = pd.Index(list(SURFACES), name="surface")
        self.weights_ = pd.Series(blend.mixture.weights, index=surface, name="weight")
        self.shape_ = blend.mixture.shape
        self.learned_from_ = (blend.mixture.months, blend.mixture.incidents)
        return self._per_year(blend.expected * (blend.worth / grid.area_km2))

    def _learn(self, grid: Grid) -> Mixture:
        """Hold out the latest months, each to be foretold from what came before it."""
        held_out: list[HeldOut] = []
        months = self._whole_months[1:][-MONTHS:]
        for month in progress_bar(months, "learning the blend", disable=None, leave=False, delay=2):
            now = month.astype("datetime64[s]")
            surfaces, before, _ = self._known(grid, self._month < month, now)
            came = self._summed(self._is_target & (self._month == month))
            came = by_cell(grid, self._places, came)
            if before.any() and came.any():
                held_out.append(HeldOut.of(surfaces, before, came))
        mixture = learn(held_out)
        if mixture.incidents < SURE and len(self.locations_):
            announce(
                f"{self!r}: only {mixture.incidents} incidents in {mixture.months} months held out "
                "to learn the blend from, so it stays near equal weights and a shape of 1; use "
                "more months, or a commoner category"
            )
        return mixture

    def _known(
        self, grid: Grid, rows: NDArray[np.bool_], now: np.datetime64
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Surfaces and counts of the target from some rows, and what each row counts by its age."""
        age = np.ones(len(self._place))
        if self.half_life is not None:
            length = pd.Timedelta(self.half_life).to_timedelta64() / _SECOND
            age = np.exp2(-np.maximum((now - self._middle) / _SECOND, 0) / length)
        own, every = self._summed(rows & self._is_target, age), self._summed(rows, age)
        surfaces = surfaces_of(grid, self._places, own, every)
        return surfaces, by_cell(grid, self._places, own), age

    def _summed(
        self, rows: NDArray[np.bool_], value: NDArray[np.float64] | None = None
    ) -> NDArray[np.float64]:
        """Sum some rows by place."""
        value = None if value is None else value[rows]
        summed = np.bincount(self._place[rows], value, minlength=len(self._places))
        return summed.astype(float)


def _police(incidents: pd.DataFrame) -> NDArray[np.bool_]:
    """Tell which incidents are police-generated."""
    if "origin" not in incidents.columns:
        return np.zeros(len(incidents), dtype=bool)
    return (incidents["origin"] == "police").to_numpy(dtype=bool, na_value=False)


def _whole_months(incidents: pd.DataFrame) -> NDArray[np.datetime64]:
    """Months in which the sources that have any rows, or should have, are whole, in order.

    A source of few incidents has months without any: 5% of the incidents may come from such.
    """
    if len(incidents) == 0:
        return np.array([], dtype="datetime64[M]")
    status = recorded_months(incidents)
    size = status.groupby("source")["incidents"].transform("sum")
    whole = size.where(status["status"] == "present", 0).groupby(status["month"]).sum()
    whole = whole >= WHOLE * size.groupby(status["month"]).sum()
    return whole.index[whole].to_numpy().astype("datetime64[M]")


def _key(grid: Grid) -> str:
    """Tell grids apart by what they are."""
    cells = hashlib.blake2b(grid.cells.tobytes(), digest_size=16).hexdigest()
    return f"{grid.size} {grid.shape} {grid.columns} {grid.rows} {grid.first} {cells}"


def _position(grid: Grid, cell: str | int) -> int:
    """Where in the grid a cell stands, given its id or its lattice number."""
    if isinstance(cell, str):
        found = np.flatnonzero(grid.ids == cell)
    elif isinstance(cell, (int, np.integer)) and not isinstance(cell, bool):
        found = np.flatnonzero(grid.cells == cell)
    else:
        found = np.array([], dtype=np.intp)
    if len(found) == 0:
        raise InputError(
            "EmpiricalBayes",
            [
                f"cell={cell!r} is not inside {grid!r}; give an id such as {grid.ids[0]!r}, or a "
                f"lattice number such as {grid.cells[0]}."
            ],
        )
    return int(found[0])
