"""Kernel density: incidents per km² per year, spread over a chosen distance."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..contracts import InputError, announce
from ..places import Grid
from ..support import SNAPPED_BANDWIDTH_M
from ._bandwidth import RULES, adaptive_bandwidths, choose_bandwidth, places_of
from ._base import Detector
from ._kernels import KERNELS
from ._regions import is_number
from ._surface import kernel_sum, shares_inside

EDGES = ("uniform", "diggle")
WIDEST_M = 100_000.0
"""A wider bandwidth is taken for a mistake: kilometres for metres, or stray points."""

OUTSIDE = 0.05
"""Share of incidents beyond the grid from which its outer line is not the edge of the records."""


class KDE(Detector):
    r"""Heat is the kernel density of incidents, exact, in incidents per km² per year.

    Parameters
    ----------
    bandwidth : float or {"knn", "scott", "diggle", "predictive"}
        Distance in metres at which the kernel reaches zero; of the Gaussian, √8 times its standard
        deviation. As a rule 200 in towns, 300 for a force as a whole, 500 in the country. Or a rule
        that chooses it (see the notes), announced.
    kernel : {"quartic", "gaussian", "epanechnikov", "uniform", "triangular", "triweight"}
    edge : {None, "uniform", "diggle"}
        Correction for what lies beyond the outer line of the grid, where there are no records:
        none; ``"uniform"`` divides the heat of a cell by the share of the kernel around it that
        lies inside; ``"diggle"`` divides each incident's weight by the share around it, so that
        all of it stays inside.
    adaptive : bool
        Whether each place has its own bandwidth, from half of ``bandwidth`` where incidents are
        dense to twice where they are sparse (Abramson).
    weights : str, optional
        Column to sum instead of counting, such as ``"harm"``; heat is then in its unit.
    half_life : str, optional
        Age at which an incident counts half, such as ``"180D"``; all count alike when absent.
    years : float, optional
        Years observed; the calendar months that hold an incident, over 12, when absent.
    include_police : bool
        Whether police-generated incidents (``origin`` "police") count.
    allow_fine : bool
        Whether to allow under 300 m on records that are known to the month only and snapped to
        shared points, as police.uk publishes them.

    Attributes
    ----------
    bandwidth_ : float
        Bandwidth used, in metres.
    bandwidths_ : ndarray of float, or None
        With ``adaptive``, that of each place of ``locations_``.
    bandwidth_scores_ : Series of float, or None
        What a rule with candidates gave each (index ``bandwidth``): the mean log density per m² of
        ``"predictive"``, highest best, or the error of ``"diggle"``, lowest best.

    Notes
    -----
    .. math:: \hat\lambda(s) = \frac{1}{T} \sum_i w_i \, K_h(\lVert s - s_i \rVert), \qquad
              K_h(d) = \frac{3}{\pi h^2} \left(1 - \frac{d^2}{h^2}\right)^2 \text{ for } d < h

    for the quartic kernel; evaluated at the centre of every inside cell. The Gaussian has the
    quartic's standard deviation, :math:`\sigma = h / \sqrt{8}`, is cut at :math:`2 h`, beyond which
    1.1e-7 of it would lie, and made to integrate to 1. Incidents count wherever
    they lie, so there is no loss at the lines between LPTs; only what lies beyond the records (the
    next force's incidents) is missing. :math:`\sum \hat\lambda \cdot` area · years comes near the
    number of incidents: for one location within 1.5% when cells are at most half the bandwidth,
    within 11% when they equal it; over many locations the differences cancel out. Wider cells are
    refused. Absolute values do not compare with tools that scale otherwise (QGIS, ArcGIS).

    *Edge.* :math:`e_h(s) = \int_W K_h(\lVert s - u \rVert)\, du`; ``"uniform"`` is
    :math:`\hat\lambda(s) / e_h(s)`, ``"diggle"`` has :math:`w_i / e_h(s_i)`. :math:`W` is the
    LPTs, of which each cell holds the share ``grid.covered``; with three cells to a bandwidth
    :math:`e_h` is within .03 of the exact outline's. It counts as at least 1/4.
    Incidents beyond the grid are then not counted. Only the line of the whole force is an edge: on
    a grid that leaves over 5% of the incidents outside, such as that of one LPT, a correction is
    refused.

    *Adaptive.* :math:`h_i = h \sqrt{g / \tilde f(s_i)}`, within half and twice :math:`h`, where
    :math:`\tilde f` is the density of incidents (unweighted) with bandwidth :math:`h` at the places
    themselves and :math:`g` its geometric mean over the incidents.

    *Rules.* ``"knn"``: the mean distance to the 10th neighbouring distinct place. ``"scott"``:
    :math:`\sigma = \frac{1}{2} (\sigma_x + \sigma_y)\, n^{-1/6}`. ``"diggle"``: the disc radius
    :math:`r` of least mean square error under a Cox process, :math:`\sigma = r / 2`; refused
    where over 20% of the incidents share their point, for the rule then answers 0.
    ``"predictive"``: of 100, 150, 200, 250, 300, 400 and 500 m the one whose density of the
    months before gives the incidents of the last six months (of half the months when there are
    fewer than twelve), one month after the other, the highest mean log density, and of equals the
    widest. 1% of the density is spread evenly over the convex hull of all places, 500 m wider, so
    that no incident is impossible; at most 5,000 places are looked at. It predicts later
    incidents, so those that share a point do not lead it to 0; on snapped, month-only records
    it tries 300 m and more. From :math:`\sigma` a rule makes the
    bandwidth of the kernel with that standard deviation: :math:`\sqrt{8}\, \sigma` for the
    quartic. Rules look at incidents, not at weights.

    References
    ----------
    Silverman B. W. (1986) *Density estimation for statistics and data analysis*, sec. 4.2.
    Chainey S. and Ratcliffe J. (2005) *GIS and crime mapping*, ch. 6.
    Tompson L. et al. (2015) UK open source crime data: accuracy and possibilities for research.
    *Cartography and Geographic Information Science* 42(2), on snapped points.
    Diggle P. (1985) A kernel method for smoothing point process data. *Applied Statistics* 34(2).
    Berman M. and Diggle P. (1989) Estimating weighted integrals of the second-order intensity of a
    spatial point process. *Journal of the Royal Statistical Society B* 51(1).
    Abramson I. S. (1982) On bandwidth variation in kernel estimates. *Annals of Statistics* 10(4).
    Scott D. W. (1992) *Multivariate density estimation*, ch. 6.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=12)
    >>> heat = hs.KDE(bandwidth=300, include_police=True).fit(county.incidents)
    >>> heat
    KDE(bandwidth=300, kernel='quartic', include_police=True)
    >>> grid = hs.Grid.over(county.lpts, size=100)
    >>> heat.predict(grid).name, heat.unit_
    ('heat', 'incidents per km² per year')

    Few offences make most of the harm, so weights are best capped for a map:

    >>> from hotspots.harm import FALLBACK_DAYS
    >>> days = hs.harm_days(county.incidents, FALLBACK_DAYS, cap=730)
    >>> capped = county.incidents.assign(harm=days)
    >>> hs.KDE(300, weights="harm", include_police=True).fit(capped).unit_
    'harm per km² per year'
    """

    def __init__(
        self,
        bandwidth: float | str = 300,
        kernel: str = "quartic",
        *,
        edge: str | None = None,
        adaptive: bool = False,
        weights: str | None = None,
        half_life: str | None = None,
        years: float | None = None,
        include_police: bool = False,
        allow_fine: bool = False,
    ) -> None:
        self.bandwidth = bandwidth
        self.kernel = kernel
        self.edge = edge
        self.adaptive = adaptive
        self.weights = weights
        self.half_life = half_life
        self.years = years
        self.include_police = include_police
        self.allow_fine = allow_fine

    def _faults(self) -> list[str]:
        faults = []
        rule = isinstance(self.bandwidth, str) and self.bandwidth in RULES
        if not rule and not (is_number(self.bandwidth) and 0 < float(self.bandwidth) <= WIDEST_M):
            faults.append(
                f"bandwidth={self.bandwidth!r}; it must be metres above 0 and at most "
                f"{WIDEST_M:,.0f}, or one of the rules "
                f"{', '.join(map(repr, RULES))}: try 300."
            )
        if not (isinstance(self.kernel, str) and self.kernel in KERNELS):
            faults.append(f"kernel={self.kernel!r}; it takes {', '.join(map(repr, KERNELS))}.")
        if self.edge is not None and not (isinstance(self.edge, str) and self.edge in EDGES):
            faults.append(f"edge={self.edge!r}; it takes None, {', '.join(map(repr, EDGES))}.")
        flags = {"adaptive": self.adaptive, "allow_fine": self.allow_fine}
        neither = [name for name, value in flags.items() if not isinstance(value, (bool, np.bool_))]
        faults.extend(f"{name}={flags[name]!r}; it must be True or False." for name in neither)
        if "adaptive" not in neither and self.adaptive and str(self.edge) == "uniform":
            faults.append(
                "edge='uniform' with adaptive=True; a cell has no bandwidth of its own then, only "
                "incidents have: take edge='diggle'."
            )
        return faults

    def _fit(self) -> None:
        self.bandwidth_scores_: pd.Series | None = None
        if isinstance(self.bandwidth, str):
            self.bandwidth_ = self._learned(self.bandwidth)
        else:
            self.bandwidth_ = float(self.bandwidth)
        if self.bandwidth_ < SNAPPED_BANDWIDTH_M and not self.allow_fine and len(self.locations_):
            given = "" if self.bandwidth == self.bandwidth_ else f"={self.bandwidth_:.0f} m"
            self.support_.require("fine heat", f"KDE(bandwidth={self.bandwidth!r}{given})")
        self.bandwidths_: NDArray[np.float64] | None = None
        if self.adaptive:
            xy, incidents = self.locations_[["x", "y"]].to_numpy(), self.locations_["incidents"]
            self.bandwidths_ = adaptive_bandwidths(
                xy, incidents.to_numpy(), self.kernel, self.bandwidth_
            )

    def _learned(self, rule: str) -> float:
        """Choose the bandwidth by a rule, and say so."""
        if rule == "diggle":
            self.support_.require("leave-one-out bandwidth", "KDE(bandwidth='diggle')")
        used = self._incidents["occurred_from"][self.used_]
        places = places_of(self.locations_, self.location_, used, self._incidents)
        fine = self.allow_fine or not self.support_.snapped
        choice = choose_bandwidth(rule, places, self.kernel, 0.0 if fine else SNAPPED_BANDWIDTH_M)
        if choice.bandwidth > WIDEST_M:
            raise InputError(
                "KDE",
                [
                    f"bandwidth={rule!r} chose {choice.bandwidth:,.0f} m ({choice.told}), over "
                    f"{WIDEST_M:,.0f}; look for stray points, or give metres: try bandwidth=300."
                ],
            )
        self.bandwidth_scores_ = choice.scores
        announce(f"KDE: bandwidth={rule!r} chose {choice.bandwidth:.0f} m: {choice.told}")
        return choice.bandwidth

    def _heat(self, grid: Grid) -> NDArray[np.float64]:
        locations, bandwidth = self.locations_, self.bandwidths_
        if self.edge is None:
            return self._per_year(self._sum(grid, locations, bandwidth))
        inside = self._inside(grid)
        locations = locations[inside]
        bandwidth = None if bandwidth is None else bandwidth[inside]
        if self.edge == "uniform":
            x, y = grid.centres.T
            shares = shares_inside(grid, x, y, self.kernel, self.bandwidth_)
            return self._per_year(self._sum(grid, locations, None) / shares)
        x, y = (locations[name].to_numpy() for name in ("x", "y"))
        each = self.bandwidth_ if bandwidth is None else bandwidth
        shares = shares_inside(grid, x, y, self.kernel, each)
        corrected = locations.assign(weight=locations["weight"] / shares)
        return self._per_year(self._sum(grid, corrected, bandwidth))

    def _sum(
        self, grid: Grid, locations: pd.DataFrame, bandwidth: NDArray[np.float64] | None
    ) -> NDArray[np.float64]:
        each = self.bandwidth_ if bandwidth is None else bandwidth
        return kernel_sum(grid, locations, self.kernel, each)

    def _inside(self, grid: Grid) -> NDArray[np.bool_]:
        """Tell which places lie in the grid; refused where too many do not."""
        inside = grid.locate(self.locations_[["x", "y"]].to_numpy()) >= 0
        each = self.locations_["incidents"].to_numpy()
        outside = int(each[~inside].sum())
        if outside > OUTSIDE * each.sum():
            raise InputError(
                "KDE",
                [
                    f"edge={self.edge!r} takes the outer line of the grid for the edge of the "
                    f"records, and {outside / each.sum():.0%} of the incidents lie beyond it; give "
                    "the grid of the whole force, or edge=None: lines between LPTs need no "
                    "correction."
                ],
            )
        return inside
