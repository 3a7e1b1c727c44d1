"""Relative risk: where there are more incidents than people, buildings or other crime explain."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..chance import adjusted_p
from ..contracts import InputError, announce
from ..places import Grid, coordinates, weights_of
from ._base import Detector, _locations
from ._kernels import KERNELS
from ._reference import FLOOR, Reference, cells_faults, reference_of_cells, reference_of_points
from ._regions import is_number
from ._surface import kernel_sum

Floats = NDArray[np.float64]

UNCOVERED = 0.05
"""Share of the incidents away from all of the reference from which this is announced."""

LEVEL = 0.05
"""Adjusted p-value up to which a cell may become part of a hotspot."""


class RelativeRisk(Detector):
    r"""Heat is the density of incidents over that of a reference: risk, not number.

    Parameters
    ----------
    bandwidth : float
        Distance in metres at which the kernel reaches zero, the same for both densities; of the
        Gaussian, √8 times its standard deviation.
    kernel : {"quartic", "gaussian", "epanechnikov", "uniform", "triangular", "triweight"}
    category : str, optional
        The incidents that are the subject. Without ``against`` the reference is all the others:
        give the whole table.
    against : GeoDataFrame, GeoSeries or Series, optional
        The reference. Points with a column that counts (``weight``, or the only column of numbers:
        residents, dwellings, buildings), or without any: one each. Or a Series per cell of the
        grid, indexed by ``grid.cells`` or ``grid.ids``. It must cover where the incidents are;
        where it does not is announced.
    weights : str, optional
        Column to sum instead of counting, such as ``"harm"``, of the other incidents too. The
        p-values stay those of the numbers of incidents.
    years : float, optional
        Years observed; the calendar months that hold an incident, over 12, when absent.
    include_police : bool
        Whether police-generated incidents (``origin`` "police") count, as subject and reference.

    Attributes
    ----------
    reference_ : DataFrame or None
        The reference at distinct places: ``x``, ``y``, ``incidents``, ``weight``; None where
        ``against`` is a Series, whose places only the grid knows.

    Notes
    -----
    .. math:: \hat\rho(s) = \frac{\hat\lambda_{\text{incidents}}(s)}
                                 {\hat\lambda_{\text{reference}}(s)}

    with one kernel and one bandwidth, or else what is seen is the difference of the two. Held
    against ``against``, heat is incidents per 1,000 of it per year; against the other incidents it
    is the ratio of the two densities, each divided by its total: 1 is average.

    Where the reference is thin the ratio means nothing, and a car park with one crime and no
    residents would win. So heat is 0, and the status in :meth:`risk` "masked", where the density
    of the reference is below its 5th percentile over the squares (a quarter of the bandwidth wide)
    that hold some of it.

    *Chance.* Within the bandwidth of the centre of a cell lie :math:`y` incidents. Were the risk
    the same everywhere, :math:`y` would be binomial of all :math:`n` incidents, with the share of
    the reference that lies there; against other incidents, which have as good a claim to any
    place, it is hypergeometric. ``p_value`` is the exact chance of :math:`y` or more. It takes
    incidents for independent; repeats at one venue are not, so a place can be significant by one
    shop.

    *Hotspots* grow only on cells whose risk is above chance (adjusted p at most .05), and hold at
    least ``min_incidents``. Still they rank by risk, not by number, and this is announced: patrols
    follow the number. ``p_value`` in the hotspots table is the adjusted one of the hottest cell.

    *Which reference.* Residents are the wrong denominator where victims and offenders are
    visitors: anti-social behaviour and violence in a town centre would be hot in every town
    centre. Dwellings suit burglary; other crime, or its volume nearby, is a fairer stand-in for
    people about. Nothing here measures them.

    References
    ----------
    Bithell J. F. (1990) An application of density estimation to geographical epidemiology.
    *Statistics in Medicine* 9(6), 691–701, doi:10.1002/sim.4780090616.
    Kelsall J. E. and Diggle P. J. (1995) Non-parametric estimation of spatial variation in relative
    risk. *Statistics in Medicine* 14(21–22), 2335–2342, doi:10.1002/sim.4780142106.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=12)
    >>> public = county.incidents.query("origin == 'public'")
    >>> detector = hs.RelativeRisk(500, category="Burglary").fit(public)
    >>> detector.unit_
    'relative risk (1 = average)'
    >>> cells = detector.risk(hs.Grid.over(county.lpts, size=250))
    >>> sorted(cells["status"].unique())
    ['masked', 'no incident near', 'told']
    """

    def __init__(
        self,
        bandwidth: float = 500,
        kernel: str = "quartic",
        *,
        category: str | None = None,
        against: Any = None,
        weights: str | None = None,
        years: float | None = None,
        include_police: bool = False,
    ) -> None:
        self.bandwidth = bandwidth
        self.kernel = kernel
        self.category = category
        self.against = against
        self.weights = weights
        self.years = years
        self.include_police = include_police

    def risk(self, grid: Grid, correction: str | None = "fdr_bh") -> pd.DataFrame:
        """Tell the risk of every inside cell, and how likely chance alone shows as much.

        Parameters
        ----------
        grid : Grid
            In the CRS of the incidents.
        correction : {"fdr_bh", "fdr_by", "holm", "bonferroni"} or None
            For the many cells tested, in ``q_value``.

        Returns
        -------
        DataFrame
            Index ``cell``; ``id``, ``lpt``; ``incidents_per_km2`` (per year) and
            ``reference_per_km2``; ``risk`` in ``unit_``; ``relative_risk`` (1 is average) and
            ``log_risk``, its natural logarithm; ``within`` and ``expected``, the incidents within
            the bandwidth of the centre and how many there would be at average risk; ``p_value``,
            ``q_value``; ``status``: "told", "no incident near" (the risk is 0 and has no
            logarithm) or "masked" (too thin a reference; risk and p-values are missing).

        Raises
        ------
        NotFittedError
            Before :meth:`fit`.
        InputError
            When the grid does not suit the incidents or the reference.

        Examples
        --------
        >>> import hotspots as hs
        >>> county = hs.make_county(seed=1, months=12)
        >>> public = county.incidents.query("origin == 'public'")
        >>> detector = hs.RelativeRisk(500, category="Burglary").fit(public)
        >>> cells = detector.risk(hs.Grid.over(county.lpts, size=250))
        >>> told = cells[cells["status"] != "masked"]
        >>> bool(told["risk"].notna().all()), bool((told["q_value"] >= told["p_value"]).all())
        (True, True)
        """
        self._check_grid(grid)
        subject, base, relative, risk = self._ratios(grid)
        told = ~np.isnan(risk)
        some = told & (subject > 0)
        log = np.full(len(base), np.nan)
        log[some] = np.log(relative[some])
        within, expected, p = self._chance(grid, told)
        return pd.DataFrame(
            {
                "id": grid.ids, "lpt": grid.lpt,
                "incidents_per_km2": self._per_year(subject), "reference_per_km2": base,
                "risk": risk, "relative_risk": relative, "log_risk": log,
                "within": within, "expected": expected,
                "p_value": p, "q_value": adjusted_p(p, correction),
                "status": np.where(some, "told", np.where(told, "no incident near", "masked")),
            },
            index=pd.Index(grid.cells, name="cell"),
        ).astype({"id": "str", "lpt": "str", "status": "str"})  # fmt: skip

    def _faults(self) -> list[str]:
        faults = []
        if not (is_number(self.bandwidth) and 0 < self.bandwidth < np.inf):
            faults.append(f"bandwidth={self.bandwidth!r}; it must be metres above 0: try 500.")
        if not (isinstance(self.kernel, str) and self.kernel in KERNELS):
            faults.append(f"kernel={self.kernel!r}; it takes {', '.join(map(repr, KERNELS))}.")
        if self.category is not None and not isinstance(self.category, str):
            faults.append(f"category={self.category!r}; it must name one category, or be None.")
        if self.against is None:
            if self.category is None:
                faults.append(
                    "neither category nor against is given; name the category to hold against all "
                    "other incidents, or give a reference, such as points with dwellings."
                )
        elif isinstance(self.against, (gpd.GeoDataFrame, gpd.GeoSeries)):
            pass  # looked at with the CRS of the incidents
        elif isinstance(self.against, pd.Series):
            faults += cells_faults(self.against)
        else:
            faults.append(
                f"against is of type {type(self.against).__name__}; give a GeoDataFrame of points, "
                "or a Series per cell of the grid."
            )
        return faults

    def _target(self, incidents: gpd.GeoDataFrame) -> NDArray[np.bool_]:
        if self.category is None:
            return super()._target(incidents)
        named = incidents["category"].astype(object) == self.category
        chosen: NDArray[np.bool_] = named.to_numpy(dtype=bool)
        if len(chosen) and not chosen.any():
            have = ", ".join(sorted(map(str, incidents["category"].unique())))
            raise InputError(
                "RelativeRisk",
                [f"category={self.category!r} is not among the incidents; they have: {have}."],
            )
        return chosen

    def _fit(self) -> None:
        self._last: tuple[Grid, Floats] | None = None
        self._covered = self.against is None
        if self.against is None:
            self.unit_ = "relative risk (1 = average)"
            self._reference: Reference | None = self._others()
        else:
            if isinstance(self.against, (gpd.GeoDataFrame, gpd.GeoSeries)):
                self._reference = reference_of_points(self.against, self.crs_)
                name = self._reference.name
            else:
                self._reference = None
                name = "reference" if self.against.name is None else str(self.against.name)
            self.unit_ = f"{self.weights or 'incidents'} per 1,000 {name} per year"
        self.reference_ = None if self._reference is None else self._reference.places.copy()

    def _others(self) -> Reference:
        """Make the reference of the incidents that are not the subject."""
        rows, xy = self._incidents, coordinates(self._incidents)
        held = ~self._target(rows) & ~np.isnan(xy[:, 0])
        if "origin" in rows.columns and not self.include_police:
            police = rows["origin"] == "police"
            held &= ~police.to_numpy(dtype=bool, na_value=False)
        weight = None if self.weights is None else weights_of(rows[held], self.weights)
        places, _ = _locations(xy[held], weight)
        if not places["weight"].any() and len(self.locations_):
            above = "" if self.weights is None else f" and {self.weights!r} above 0"
            raise InputError(
                "RelativeRisk",
                [
                    f"there are no other incidents with a point{above} to hold "
                    f"{self.category!r} against; give the whole table, or against=."
                ],
            )
        return Reference(places, "other incidents")

    def _reference_on(self, grid: Grid) -> Reference:
        reference = self._reference or reference_of_cells(self.against, grid)
        if not self._covered:
            self._covered = True  # said once
            self._say_uncovered(reference)
        return reference

    def _say_uncovered(self, reference: Reference) -> None:
        """Announce incidents far from all of the reference: the average is over them, too."""
        from scipy.spatial import cKDTree

        if not len(self.locations_):
            return
        held = reference.places[reference.places["weight"] > 0]
        away, _ = cKDTree(held[["x", "y"]]).query(self.locations_[["x", "y"]])
        counts = self.locations_["incidents"].to_numpy()
        share = counts[away > self.bandwidth].sum() / counts.sum()
        if share > UNCOVERED:
            announce(
                f"RelativeRisk: {share:.0%} of the incidents have no {reference.name} within "
                f"{self.bandwidth:g} m, yet count in the average, so that the relative risk of all "
                "places comes out low and their p-values high; give a reference that covers them, "
                "or only the incidents it covers"
            )

    def _ratios(self, grid: Grid) -> tuple[Floats, Floats, Floats, Floats]:
        """Both densities per km², the relative risk and the risk; NaN where masked."""
        reference, bandwidth = self._reference_on(grid), float(self.bandwidth)
        subject = kernel_sum(grid, self.locations_, self.kernel, bandwidth)
        base = kernel_sum(grid, reference.places, self.kernel, bandwidth)
        told = np.zeros(len(base), dtype=bool)
        if reference.total > 0:
            told = (base > 0) & (base >= reference.floor(self.crs_, self.kernel, bandwidth))
        ratio = np.full(len(base), np.nan)
        np.divide(subject, base, out=ratio, where=told)
        total = float(self.locations_["weight"].sum())
        relative = ratio * (reference.total / total if total > 0 else 0.0)
        if self.against is None:
            return subject, base, relative, relative
        return subject, base, relative, self._per_year(ratio) * 1000 if total > 0 else relative

    def _chance(
        self, grid: Grid, told: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int64], Floats, Floats]:
        """Incidents within the bandwidth, expected at average risk, and the exact p-value."""
        from scipy import stats

        reference, bandwidth = self._reference_on(grid), float(self.bandwidth)

        def inside(places: pd.DataFrame, column: str) -> Floats:
            flat = kernel_sum(
                grid, places.assign(weight=places[column].astype(float)), 0, bandwidth
            )
            return flat * (np.pi * (bandwidth / 1000) ** 2)

        n = int(self.locations_["incidents"].sum())
        within = np.rint(inside(self.locations_, "incidents")).astype(np.int64)
        if self.against is None:
            beside = np.rint(inside(reference.places, "incidents")).astype(np.int64)
            both, all_ = within + beside, n + int(reference.places["incidents"].sum())
            expected = np.asarray(both * (n / max(all_, 1)), dtype=float)
            p = _hypergeometric(within, both, all_, n)
        else:
            share = np.clip(inside(reference.places, "weight") / reference.total, 0, 1)
            expected = n * share
            p = np.ones(len(within))
            some = within > 0
            p[some] = stats.binom.sf(within[some] - 1, n, share[some])
        return within, expected, np.where(told, p, np.nan)

    def _heat(self, grid: Grid) -> Floats:
        return np.nan_to_num(self._ratios(grid)[3], nan=0.0)

    def _adjusted(self, grid: Grid) -> Floats:
        """Adjust the p-values of every cell, once for the grid last asked for."""
        if self._last is None or self._last[0] is not grid:
            told = ~np.isnan(self._ratios(grid)[3])
            self._last = grid, adjusted_p(self._chance(grid, told)[2])
        return self._last[1]

    def _tasked(self, grid: Grid, heat: Floats) -> Floats:
        return np.where(self._adjusted(grid) <= LEVEL, heat, 0.0)

    def _columns(self, grid: Grid, regions: list[list[int]]) -> dict[str, Any]:
        if regions:
            announce(
                f"RelativeRisk: hotspots rank by {self.unit_}, not by the number of incidents, and "
                f"only where it is above chance (adjusted p at most {LEVEL:g}) and the reference "
                f"above its {FLOOR:g}th percentile; share out patrols by a detector of numbers "
                "(KDE, EmpiricalBayes) and use these to ask why there"
            )
        seeds = np.array([region[0] for region in regions], dtype=np.intp)
        return {"p_value": self._adjusted(grid)[seeds]}


def _hypergeometric(
    within: NDArray[np.int64], both: NDArray[np.int64], all_: int, marked: int
) -> NDArray[np.float64]:
    """Chance of so many marked or more among ``both`` of ``all_``, for each number of both once.

    As scipy.stats.hypergeom.sf, which takes a loop of its own for every cell.
    """
    from scipy.special import gammaln

    p = np.ones(len(within))
    order = np.argsort(both, kind="stable")
    order = order[within[order] > 0]
    if not len(order):
        return p
    factorial = gammaln(np.arange(all_ + 1) + 1.0)  # logarithms
    ways = factorial[all_] - factorial[marked] - factorial[all_ - marked]
    for group in np.split(order, np.flatnonzero(np.diff(both[order])) + 1):
        drawn = int(both[group[0]])
        number = np.arange(max(drawn - (all_ - marked), 0), min(drawn, marked) + 1)
        chance = (
            factorial[drawn] - factorial[number] - factorial[drawn - number]
            + factorial[all_ - drawn] - factorial[marked - number]
            - factorial[all_ - drawn - marked + number] - ways
        )  # fmt: skip
        more = np.cumsum(np.exp(chance)[::-1])[::-1]  # the small ones first
        p[group] = np.minimum(more[within[group] - number[0]], 1)
    return p
