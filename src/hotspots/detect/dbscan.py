"""DBSCAN: places where incidents crowd within a walk of each other, however the cells fall."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from ..contracts import InputError, announce
from ..places import Grid, weights_of
from ._base import Detector
from ._clusters import describe, main_cluster
from ._density import Reach, parted, too_far
from ._kdistance import FARTHEST_M, curve, k_distances, knee
from ._regions import is_number
from ._resample import blocks_of, drawn, jaccard
from ._surface import kernel_sum

KNEE_RANGE_M = (50.0, 400.0)
"""Where ``eps="knee"`` may end: under it one address is a place of its own, over it a district."""

NOT_FITTED = "this %(name)s is not fitted yet; call .fit(incidents) first."

UNSTABLE = 0.6
"""Stability under which a cluster is called unstable."""


class DBSCAN(Detector):
    r"""Clusters of locations with enough incidents within ``eps`` of each other.

    Parameters
    ----------
    eps : float or "knee"
        Distance in metres within which incidents count together. ``"knee"`` takes it from the
        bend of the k-distance curve, between 50 and 400 m, and announces it; look at the curve
        (``plot_k_distance``) before you trust it.
    min_incidents : float
        Incidents (or summed ``weights``) within ``eps`` of a location, itself included, that make
        it a core location. 24 is two a month over a year.
    max_diameter_m : float, optional
        Largest distance in metres between two locations of a cluster; a wider one is parted (see
        the notes). None leaves clusters as DBSCAN joins them.
    weights : str, optional
        Column to sum instead of counting, such as ``"harm"``; ``min_incidents`` is then in its
        unit.
    years : float, optional
        Years observed; the calendar months that hold an incident, over 12, when absent.
    include_police : bool
        Whether police-generated incidents (``origin`` "police") count.

    Attributes
    ----------
    eps_ : float
        Distance used, in metres.
    labels_ : Series of int
        Cluster of each given incident, index as given; -1 for noise and for incidents without a
        location or left out; -2 for incidents in a crowd that is too wide for one cluster, at
        locations none of its parts can take: busy surroundings, not noise.
    clusters_ : DataFrame
        Index ``cluster``: ``incidents``, ``locations``, ``core_locations``, ``weight``, ``easting``
        and ``northing`` (the weighted mean), ``extent_m`` (the diagonal of its bounding box),
        ``diameter_m`` (the largest distance between two locations), ``crowd`` (the same for
        parts of one), ``months`` with an incident, and, where most incidents are known to the
        day, ``days``; ``harm`` where incidents have it; where they have ``lpt``, the ``lpt`` most
        of them lie in and ``lpt_share``, the share of that team's incidents that the cluster
        holds. After :meth:`stability`, ``stability`` and ``unstable``.
    locations_ : DataFrame
        As of every detector, with ``cluster`` (as ``labels_``), ``crowd`` (the cluster before it
        was parted, or -1) and ``core``.

    Notes
    -----
    A location is core when :math:`\sum_{j:\, d(i,j) \le \varepsilon} w_j \ge m`. Core locations
    within :math:`\varepsilon` of each other share a cluster; a border location, within
    :math:`\varepsilon` of a core location, joins the cluster of the nearest (of equally near ones
    the western, then the southern). Incidents are joined into distinct locations first, with
    their weights summed, which changes nothing but the time it takes. Clusters are numbered by
    their westernmost core location, so the result does not depend on the order of rows.

    Along a busy street DBSCAN chains crowds together. A cluster wider than ``max_diameter_m`` is
    parted: the core location with most weight of its cluster within half that distance takes all
    of it, then the one with most of what is left, while that reaches ``min_incidents``. Locations
    left over join the nearest part that stays within the limit; those that cannot are labelled -2
    and keep their ``crowd``, the cluster before it was parted. So a crowd can be thinner, within
    half the limit of any of its locations, than a cluster may be: then it has no parts at all,
    which is announced.

    The heat of a cell within :math:`\varepsilon` of a core location is the density of clustered
    incidents within :math:`\varepsilon` of its centre, those nearer counting more (Epanechnikov);
    elsewhere it is 0. A flat count within :math:`\varepsilon`, the quantity held against the
    threshold, is the same over whole groups of cells and does not say where to stand: on the
    police.uk records of Staffordshire its 50 hottest places caught 10.8 and 12.9% of later ASB
    in two trials, this one 11.9 and 14.0%. The heat is that of the crowds, whole: parting them
    does not change it, and ``hotspots`` has its own cap, of area.

    DBSCAN knows no significance and no population at risk. :meth:`stability` tells which clusters
    would come back had the weeks or months fallen otherwise.

    References
    ----------
    Ester M., Kriegel H.-P., Sander J. and Xu X. (1996) A density-based algorithm for discovering
    clusters in large spatial databases with noise. *KDD-96*, 226–231.
    Satopää V., Albrecht J., Irwin D. and Raghavan B. (2011) Finding a "kneedle" in a haystack.
    *31st International Conference on Distributed Computing Systems Workshops*, 166–171.
    Hennig C. (2007) Cluster-wise assessment of cluster stability. *Computational Statistics and
    Data Analysis* 52(1), 258–271.
    Wheeler A. P. and Reuter S. (2021) Redrawing hot spots of crime in Dallas, Texas. *Police
    Quarterly* 24(2), doi:10.1177/1098611120957948.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=12)
    >>> found = hs.DBSCAN(eps=200, min_incidents=24, include_police=True).fit(county.incidents)
    >>> list(found.clusters_.columns[:3])
    ['incidents', 'locations', 'core_locations']
    >>> bool(found.clusters_["diameter_m"].max() <= 400)
    True
    """

    _k_distances: pd.DataFrame | None
    clusters_: pd.DataFrame
    labels_: pd.Series

    def __init__(
        self,
        eps: float | str = 200,
        min_incidents: float = 24,
        *,
        max_diameter_m: float | None = 400,
        weights: str | None = None,
        years: float | None = None,
        include_police: bool = False,
    ) -> None:
        self.eps = eps
        self.min_incidents = min_incidents
        self.max_diameter_m = max_diameter_m
        self.weights = weights
        self.years = years
        self.include_police = include_police

    @property
    def k_distances_(self) -> pd.DataFrame:
        """Curve of the weighted k-distances, sorted.

        Index ``order`` from 1; ``distance_m``, the smallest radius around a location that holds
        ``min_incidents`` (infinite beyond 2 km), and ``share`` of all incidents (or ``weights``)
        at locations with a distance no greater: the share that would be core with such an
        ``eps``.
        """
        check_is_fitted(self, "locations_", msg=NOT_FITTED)
        if self._k_distances is None:
            places = self.locations_
            weight = places["weight"].to_numpy()
            radius = k_distances(places[["x", "y"]].to_numpy(), weight, self.min_incidents)
            self._k_distances = curve(radius, weight)
        return self._k_distances

    def stability(self, bootstraps: int = 100, seed: int = 0) -> pd.Series:
        r"""Tell how much of each cluster comes back when weeks or months are drawn again.

        Parameters
        ----------
        bootstraps : int
            How often to draw.
        seed : int
            Same seed, same result.

        Returns
        -------
        Series of float
            ``stability`` of each cluster, 0 to 1: mean Jaccard similarity with the likest cluster
            of each draw. Under 0.6 a cluster is unstable. It is kept in ``clusters_``, and the
            hotspots table has it from then on.

        Raises
        ------
        NotFittedError
            Before :meth:`fit`.
        InputError
            When an argument is out of range, or the incidents lie in fewer than two periods.

        Notes
        -----
        As many blocks of time are drawn, with replacement, as hold incidents: weeks from Monday
        where most incidents are known to the day, else calendar months (by ``occurred_from``).
        Whole blocks keep what belongs together in time; a month that is missing stays missing.
        Clusters are found again, ``eps_`` unchanged, and compared over the locations, each with
        its weight :math:`w` in all the records:

        .. math:: J(C, D) = \frac{\sum_{i \in C \cap D} w_i}{\sum_{i \in C \cup D} w_i}

        Low values mean that a cluster rests on a few bad weeks, or that its outline is arbitrary.
        High values do not mean that it is unusual: a place of chance that happens to be full
        stays full.

        Examples
        --------
        >>> import hotspots as hs
        >>> asb = hs.make_county(seed=1, months=12).incidents.query("origin == 'public'")
        >>> found = hs.DBSCAN(eps=200, min_incidents=24).fit(asb)
        >>> bool(found.stability(bootstraps=10).between(0, 1).all())
        True
        """
        check_is_fitted(self, "clusters_", msg=NOT_FITTED)
        faults = [
            f"{name}={value!r}; it must be a whole number from {least}."
            for name, value, least in (("bootstraps", bootstraps, 1), ("seed", seed, 0))
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least
        ]
        if faults:
            raise InputError("stability", faults)
        found = np.zeros(len(self.clusters_))
        if len(found):
            incidents = self._incidents[self.used_]
            weight = None if self.weights is None else weights_of(incidents, self.weights)
            blocks = blocks_of(
                incidents, self.location_, weight, len(self.locations_),
                weekly=bool(self.support_.abilities.loc["weekly periods", "supported"]),
            )  # fmt: skip
            given, own = (self.locations_[name].to_numpy() for name in ("cluster", "weight"))
            reach = Reach.within(self.locations_[["x", "y"]].to_numpy(), self.eps_)
            for weights in drawn(blocks, bootstraps, seed):
                _, label, _ = self._clustered(reach, weights)
                found += jaccard(given, label, own)
            found /= bootstraps
        stability = pd.Series(found, index=self.clusters_.index, name="stability")
        self.clusters_ = self.clusters_.assign(stability=stability, unstable=stability < UNSTABLE)
        return stability

    def _faults(self) -> list[str]:
        rows: list[tuple[str, Any, str, bool]] = [
            ("eps", self.eps, "or 'knee': try 200", isinstance(self.eps, str)
             and self.eps == "knee"),
            ("min_incidents", self.min_incidents, "try 24", False),
            ("max_diameter_m", self.max_diameter_m, "or None: try 400",
             self.max_diameter_m is None),
        ]  # fmt: skip
        return [
            f"{name}={value!r}; it must be a number above 0, {remedy}."
            for name, value, remedy, fine in rows
            if not fine and not (is_number(value) and 0 < value < np.inf)
        ] + too_far("eps", self.eps)

    def _fit(self) -> None:
        self._k_distances = None
        self.eps_ = self._knee() if self.eps == "knee" else float(self.eps)
        places = self.locations_
        reach = Reach.within(places[["x", "y"]].to_numpy(), self.eps_)
        crowd, label, core = self._clustered(reach, places["weight"].to_numpy())
        self.locations_ = places.assign(cluster=label, crowd=crowd, core=core)
        labels = np.full(len(self.used_), -1, dtype=np.int64)
        labels[self.used_] = label[self.location_]
        self.labels_ = pd.Series(labels, index=self._incidents.index, name="cluster")
        used = pd.DataFrame(self._incidents.drop(columns="geometry"))[self.used_]
        self.clusters_ = describe(used, labels[self.used_], self.locations_)
        self._warn_of_crowds_without_parts()
        self._warn_of_snapping()

    def _knee(self) -> float:
        """Distance at the knee of the k-distance curve, announced."""
        low, high = KNEE_RANGE_M
        if self.support_.snapped:
            low = min(max(low, self.support_.spacing_m), high)
        known = self.k_distances_[np.isfinite(self.k_distances_["distance_m"])]
        if not len(known):
            if len(self.locations_):
                announce(
                    f"DBSCAN: no {self.min_incidents:g} {self.weights or 'incidents'} lie within "
                    f"{FARTHEST_M:g} m of any location, so eps='knee' has no curve to read; "
                    f"{high:g} m taken"
                )
            return high
        at = knee(known["share"].to_numpy(), known["distance_m"].to_numpy())
        bend = float(known["distance_m"].iloc[at])
        chosen = float(np.clip(bend, low, high))
        where = "" if chosen == bend else f" (kept within {low:.0f} to {high:g} m)"
        announce(
            f"DBSCAN: eps='knee' took {chosen:.0f} m; the k-distance curve bends at {bend:.0f} m"
            f"{where}. Look at it: plot_k_distance(detector.k_distances_, detector.eps_)"
        )
        return chosen

    def _clustered(
        self, reach: Reach, weight: NDArray[np.float64]
    ) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]:
        """Cluster of each location as DBSCAN joins them and as parted, and whether it is core."""
        least = float(self.min_incidents)
        crowd, core = reach.clusters(weight, least)
        if self.max_diameter_m is None:
            return crowd, crowd, core
        xy = self.locations_[["x", "y"]].to_numpy()
        return crowd, parted(xy, weight, crowd, core, float(self.max_diameter_m), least), core

    def _warn_of_crowds_without_parts(self) -> None:
        """Say so where whole crowds are in no cluster, as the widest is too little for eps."""
        crowd = self.locations_["crowd"]
        crowds, parted = int(crowd.max()) + 1 if len(crowd) else 0, self.clusters_["crowd"]
        lost = crowds - parted.nunique()
        if lost:
            least = f"{self.min_incidents:g} {self.weights or 'incidents'}"
            announce(
                f"DBSCAN: {lost} of {crowds} crowds hold {least} nowhere within "
                f"max_diameter_m={self.max_diameter_m:g}, so they are in no cluster (label -2); "
                f"take a wider one, at least twice eps={self.eps_:.0f}, or a smaller eps"
            )

    def _warn_of_snapping(self) -> None:
        """Say so where most clusters are nothing but single snapped points."""
        alone = int((self.clusters_["locations"] == 1).sum())
        # days are told of dated records only, which are not snapped: that is quicker to ask
        if 2 * alone < max(len(self.clusters_), 1) or "days" in self.clusters_:
            return
        if not (self.support_.snapped and self.eps_ < self.support_.spacing_m):
            return
        announce(
            f"DBSCAN: {alone} of {len(self.clusters_)} clusters are a single snapped point, which "
            f"stands for several addresses; eps={self.eps_:.0f} m is below the usual distance "
            f"between these points ({self.support_.spacing_m:.0f} m): a wider eps tells more"
        )

    def _heat(self, grid: Grid) -> NDArray[np.float64]:
        clustered = self.locations_[self.locations_["crowd"] >= 0]
        density = kernel_sum(grid, clustered, 1, self.eps_)
        near_core = kernel_sum(grid, clustered[clustered["core"]], 0, self.eps_) > 0
        return self._per_year(np.where(near_core, density, 0.0))

    def _columns(self, grid: Grid, regions: list[list[int]]) -> dict[str, Any]:
        if "stability" not in self.clusters_:
            return {}
        held = main_cluster(grid, regions, self.locations_)
        stability = np.append(self.clusters_["stability"].to_numpy(), np.nan)
        return {"stability": stability[held]}
