"""Kernel density along streets: heat that does not jump rivers, railways or garden walls."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError

from ..contracts import InputError, announce
from ..places import Grid
from ..support import SNAPPED_BANDWIDTH_M
from ._base import Detector
from ._kernels import KERNELS
from ._lines import read_streets
from ._regions import is_number
from ._streets import Streets

_MOST_LIXELS = 20_000_000

POWERS = {name: kernel.power for name, kernel in KERNELS.items() if kernel.power is not None}
"""Kernels by name: the power ``p`` of ``(1 − d²/h²)^p``."""


class NetworkKDE(Detector):
    r"""Heat is the density of incidents along the streets, spread over distances on foot.

    Parameters
    ----------
    network : GeoDataFrame, GeoSeries or path
        Streets as LineStrings (with a column ``name`` where known), or a file of them: GraphML as
        OSMnx saves it, GeoPackage, or any other that GDAL reads, with one layer of lines. In any
        CRS. A line that stands there twice, in either direction, counts once.
    bandwidth : float
        Distance in metres along the streets at which the kernel reaches zero.
    kernel : {"quartic", "epanechnikov", "uniform", "triweight"}
    lixel_m : float
        Greatest length in metres of the pieces of street (lixels) that heat is told for.
    max_distance_m : float
        Incidents further than this from every street are left out, and their number announced.
    weights : str, optional
        Column to sum instead of counting, such as ``"harm"``.
    years : float, optional
        Years observed; the calendar months that hold an incident, over 12, when absent.
    include_police : bool
        Whether police-generated incidents (``origin`` "police") count.

    Attributes
    ----------
    lixels_ : GeoDataFrame
        LineStrings, index ``lixel``: ``street`` (row in the network, from 0), ``name``,
        ``length_m``, ``incidents`` (those whose nearest street it is) and ``heat``, in incidents
        per km of street per year.
    snapped_, lost_ : int
        Incidents put on a street, and those too far from every street.
    snap_m_ : float
        Median distance in metres from an incident to its street.

    Notes
    -----
    Incidents are moved to the nearest street, and their kernel is spread over the streets by the
    equal-split discontinuous rule: from the incident both ways, and at each junction of :math:`n`
    streets in equal parts over the other :math:`n - 1`; at a dead end it turns back. On a path of
    length :math:`d` through junctions :math:`n_1, n_2, \dots` that is

    .. math:: \frac{K_h(d)}{\prod_k (n_k - 1)}, \qquad
              K_h(d) = \frac{15}{16 h} \left(1 - \frac{d^2}{h^2}\right)^2, \; d < h,

    summed over all paths that do not turn back elsewhere. Every path is followed, not only the
    shortest, because where two paths meet round a block the shortest alone would lose what runs
    on; so an incident keeps a weight of exactly 1 on any network: :math:`\sum` heat · length ·
    years is the number of incidents on the streets. The heat of a lixel is the integral of the
    kernel over it, divided by its length. The equal-split *continuous* rule, which has no jump at
    junctions, sends negative parts back at each of them and needs all such paths too: many times
    the work, for a picture that differs near junctions only.

    Streets meet where they share a vertex (within 1 cm), and nowhere else, so that bridges do not
    join what they cross. What lies beyond the end of the network at the force's border is a dead
    end to it: give streets a bandwidth beyond.

    On a grid, heat is what lies on the streets in a cell, over its area: incidents per km² per
    year, as of the other detectors; cells without a street have none.

    References
    ----------
    Okabe A., Satoh T. and Sugihara K. (2009) A kernel density estimation method for networks, its
    computational method and a GIS-based tool. *International Journal of Geographical Information
    Science* 23(1), 7–32, doi:10.1080/13658810802475491.
    Okabe A. and Sugihara K. (2012) *Spatial analysis along networks*, ch. 9.

    Examples
    --------
    >>> import hotspots as hs
    >>> import geopandas as gpd, shapely
    >>> county = hs.make_county(seed=1, months=12)
    >>> asb = county.incidents.query("origin == 'public'")
    >>> x, y = county.lpts.geometry.iloc[0].centroid.coords[0]
    >>> cross = [shapely.LineString([(x - 900, y), (x, y), (x + 900, y)]),
    ...          shapely.LineString([(x, y - 900), (x, y), (x, y + 900)])]
    >>> streets = gpd.GeoDataFrame({"name": ["High Street", "Mill Lane"]}, geometry=cross,
    ...                            crs=county.lpts.crs)
    >>> import warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", hs.Notice)  # most of the county is far from these two
    ...     heat = hs.NetworkKDE(streets, bandwidth=200).fit(asb)
    >>> lixels = heat.segments()
    >>> bool(round(sum(lixels["heat"] * lixels["length_m"]) / 1000) == heat.snapped_)
    True
    """

    def __init__(
        self,
        network: Any,
        bandwidth: float = 300,
        kernel: str = "quartic",
        *,
        lixel_m: float = 50,
        max_distance_m: float = 100,
        weights: str | None = None,
        years: float | None = None,
        include_police: bool = False,
    ) -> None:
        self.network = network
        self.bandwidth = bandwidth
        self.kernel = kernel
        self.lixel_m = lixel_m
        self.max_distance_m = max_distance_m
        self.weights = weights
        self.years = years
        self.include_police = include_police

    def segments(self) -> gpd.GeoDataFrame:
        """Give the pieces of street with their heat, in the order of the network.

        Returns
        -------
        GeoDataFrame
            A copy of ``lixels_``.

        Raises
        ------
        NotFittedError
            Before :meth:`fit`.

        Examples
        --------
        >>> import hotspots as hs, shapely, geopandas as gpd
        >>> incidents = hs.make_county(seed=1, months=2).incidents.iloc[:1]
        >>> incidents = incidents[incidents["origin"] != "police"]
        >>> x, y = incidents.geometry.iloc[0].coords[0]
        >>> street = gpd.GeoSeries([shapely.LineString([(x - 500, y), (x + 500, y)])],
        ...                        crs=incidents.crs)
        >>> heat = hs.NetworkKDE(street, 250, lixel_m=500, years=1).fit(incidents)
        >>> heat.segments()[["length_m", "incidents", "heat"]].round(6).values.tolist()
        [[500.0, 0.0, 1.0], [500.0, 1.0, 1.0]]
        """
        if not hasattr(self, "lixels_"):
            raise NotFittedError("this NetworkKDE is not fitted yet; call .fit(incidents) first.")
        return self.lixels_.copy()

    def _faults(self) -> list[str]:
        faults = [
            f"{name}={value!r}; it must be metres above 0: try {example}."
            for name, value, example in (
                ("bandwidth", self.bandwidth, 300), ("lixel_m", self.lixel_m, 50),
                ("max_distance_m", self.max_distance_m, 100),
            )
            if not (is_number(value) and 0 < value < np.inf)
        ]  # fmt: skip
        if not (isinstance(self.kernel, str) and self.kernel in POWERS):
            faults.append(f"kernel={self.kernel!r}; it takes {', '.join(map(repr, POWERS))}.")
        return faults

    def _fit(self) -> None:
        if self.bandwidth < SNAPPED_BANDWIDTH_M and self.support_.snapped:
            raise InputError(
                "NetworkKDE",
                [
                    f"bandwidth={self.bandwidth:g} m is finer than these records bear: their "
                    f"points are snapped ({self.support_.shared:.0%} share one, and the time is "
                    f"known to the month at best); use at least {SNAPPED_BANDWIDTH_M:g} m."
                ],
            )
        lines = read_streets(self.network, self.crs_)
        metres = float(lines.length.sum())
        if metres / self.lixel_m > _MOST_LIXELS:
            raise InputError(
                "NetworkKDE",
                [
                    f"lixel_m={self.lixel_m!r} cuts {metres / 1000:,.0f} km of street into more "
                    f"than {_MOST_LIXELS:,} pieces; take longer ones: try 50."
                ],
            )
        streets = Streets(lines, float(self.lixel_m))
        if not len(streets.edges):
            raise InputError("network", ["its lines are shorter than 1 cm; give real streets."])
        places = self.locations_
        xy = places[["x", "y"]].to_numpy()
        edge, along, apart = streets.nearest(xy, float(self.max_distance_m))
        on, each = edge >= 0, places["incidents"].to_numpy()
        self.snapped_, self.lost_ = int(each[on].sum()), int(each[~on].sum())
        self.snap_m_ = float(np.median(np.repeat(apart[on], each[on]))) if on.any() else np.nan
        if self.lost_:
            announce(
                f"NetworkKDE: {self.lost_:,} of {self.snapped_ + self.lost_:,} incidents are "
                f"further than {self.max_distance_m:g} m from every street and left out; give "
                "their streets too, or raise max_distance_m"
            )
        edge, along, weight = edge[on], along[on], places["weight"].to_numpy()[on]
        mass = streets.spread(edge, along, weight, POWERS[self.kernel], float(self.bandwidth))
        of = streets.lixel_edge
        length = (streets.length / streets.lixels)[of]
        step = np.floor(along / (streets.length / streets.lixels)[edge]).astype(np.int64)
        lixel = streets.first_lixel[edge] + np.minimum(step, streets.lixels[edge] - 1)
        own = np.bincount(lixel, each[on], minlength=len(of)).astype(np.int64)
        line, index = streets.street[of], pd.RangeIndex(len(of), name="lixel")
        name = pd.Series(lines["name"].to_numpy(dtype=object)[line], index=index, dtype="str")
        self._mass = mass
        self.lixels_ = gpd.GeoDataFrame(
            {
                "street": lines["street"].to_numpy()[line], "name": name, "length_m": length,
                "incidents": own, "heat": self._per_year(mass / length * 1000),
            },
            geometry=streets.lixel_lines(), crs=self.crs_, index=index,
        )  # fmt: skip

    def _heat(self, grid: Grid) -> NDArray[np.float64]:
        hot = np.flatnonzero(self._mass)
        lines = np.asarray(self.lixels_.geometry.array)[hot]
        # in steps of at most an eighth of a cell, each counted where its middle lies
        steps = np.maximum(np.ceil(shapely.length(lines) / (grid.size / 8)), 1).astype(np.int64)
        which = np.repeat(np.arange(len(hot)), steps)
        step = np.arange(len(which)) - np.repeat(np.cumsum(steps) - steps, steps)
        middle = shapely.line_interpolate_point(
            lines[which], (step + 0.5) / steps[which], normalized=True
        )
        at = grid.locate(shapely.get_coordinates(middle))
        share = (self._mass[hot] / steps)[which]
        position = np.searchsorted(grid.cells, at[at >= 0])
        mass = np.bincount(position, share[at >= 0], minlength=len(grid.cells))
        return self._per_year(mass / grid.area_km2)
