"""HDBSCAN: clusters of any density, to explore with."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..contracts import InputError, announce
from ..places import Grid
from ._base import Detector
from ._clusters import describe
from ._density import NOISE, too_far
from ._regions import is_number
from ._surface import kernel_sum

JITTER_M = 1.0
"""How far apart incidents at one place are set at most, in metres."""

MOST = 50_000
"""Incidents more than which take too long: the time grows with the square."""


class HDBSCAN(Detector):
    r"""Clusters at whatever density each stands out from what is around it: for exploring only.

    Where DBSCAN asks for one distance everywhere, HDBSCAN lets a village and a town centre each
    have its own. Its clusters can be kilometres wide and change with a few incidents, so they are
    not for tasking patrols; ``hotspots`` says so.

    Parameters
    ----------
    min_incidents : int
        Least incidents of a cluster, from 2.
    min_samples : int, optional
        Incidents around one of them that make it dense; half of ``min_incidents`` when absent.
    bandwidth : float
        Reach in metres of the heat.
    random_state : int
        Seed of the jitter.
    weights : str, optional
        Column to sum in ``clusters_`` and in the heat instead of counting, such as ``"harm"``. The
        clusters are those of the incidents, one each.
    years : float, optional
        Years observed; the calendar months that hold an incident, over 12, when absent.
    include_police : bool
        Whether police-generated incidents (``origin`` "police") count.

    Attributes
    ----------
    labels_ : Series of int
        Cluster of each given incident, index as given; -1 for noise, and for incidents without a
        location or left out. Incidents at one place share the label most of them have.
    clusters_ : DataFrame
        As of :class:`DBSCAN`, without core locations and crowds.

    Notes
    -----
    The mutual reachability of two incidents is the larger of their distance and of the distances
    from each to its ``min_samples``-th neighbour. Its minimum spanning tree is cut at every
    distance; of the clusters that hold ``min_incidents``, those are kept that last longest, by
    the excess of mass (scikit-learn finds them). Incidents at one point are at no distance, and
    their density infinite; so each is moved by up to 1 m, evenly over a disc, with a seed, and no
    cluster is looked for below 2 m. Where all incidents are at one place, it is the cluster.
    Clusters are numbered by their westernmost location, and the result does not depend on the order
    of rows.

    The heat is the density of clustered incidents within ``bandwidth``, nearer ones counting more
    (Epanechnikov).

    References
    ----------
    Campello R., Moulavi D. and Sander J. (2013) Density-based clustering based on hierarchical
    density estimates. *Advances in Knowledge Discovery and Data Mining*, 160–172,
    doi:10.1007/978-3-642-37456-2_14.

    Examples
    --------
    >>> import hotspots as hs
    >>> public = hs.make_county(seed=1, months=3).incidents.query("origin == 'public'")
    >>> found = hs.HDBSCAN().fit(public.query("category == 'Anti-social behaviour'"))
    >>> found.clusters_.columns[:3].tolist()
    ['incidents', 'locations', 'weight']
    """

    def __init__(
        self,
        min_incidents: int = 24,
        min_samples: int | None = None,
        *,
        bandwidth: float = 200,
        random_state: int = 0,
        weights: str | None = None,
        years: float | None = None,
        include_police: bool = False,
    ) -> None:
        self.min_incidents = min_incidents
        self.min_samples = min_samples
        self.bandwidth = bandwidth
        self.random_state = random_state
        self.weights = weights
        self.years = years
        self.include_police = include_police

    clusters_: pd.DataFrame
    labels_: pd.Series

    def _faults(self) -> list[str]:
        rows: list[tuple[str, Any, int, str]] = [
            ("min_incidents", self.min_incidents, 2, "try 24"),
            ("random_state", self.random_state, 0, "try 0"),
        ]
        if self.min_samples is not None:
            rows.append(("min_samples", self.min_samples, 1, "or None for half of min_incidents"))
        faults = [
            f"{name}={value!r}; it must be a whole number from {least}, {remedy}."
            for name, value, least, remedy in rows
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least
        ]
        if not (is_number(self.bandwidth) and 0 < self.bandwidth < np.inf):
            faults.append(
                f"bandwidth={self.bandwidth!r}; it must be a number of metres above 0: try 200."
            )
        return faults + too_far("bandwidth", self.bandwidth)

    def _fit(self) -> None:
        places = self.locations_
        each = places["incidents"].to_numpy()
        if (count := int(each.sum())) > MOST:
            raise InputError(
                "HDBSCAN",
                [f"{count:,} incidents; more than {MOST:,} take too long, as the time grows with "
                 "their square: take one category or team, a shorter period, or DBSCAN."],
            )  # fmt: skip
        label = self._labels(places[["x", "y"]].to_numpy(), each)
        self.locations_ = places.assign(cluster=label)
        labels = np.full(len(self.used_), NOISE, dtype=np.int64)
        labels[self.used_] = label[self.location_]
        self.labels_ = pd.Series(labels, index=self._incidents.index, name="cluster")
        used = pd.DataFrame(self._incidents.drop(columns="geometry"))[self.used_]
        self.clusters_ = describe(used, labels[self.used_], self.locations_)

    def _labels(self, xy: NDArray[np.float64], each: NDArray[np.int64]) -> NDArray[np.intp]:
        """Cluster of each place: that of most of its incidents, of equally many the first."""
        from sklearn import cluster

        place = np.repeat(np.arange(len(each)), each)
        samples = self.min_samples or max(1, self.min_incidents // 2)
        if len(place) < max(self.min_incidents, samples):
            return np.full(len(xy), NOISE, dtype=np.intp)
        if len(xy) == 1:  # it would find nothing that this one stands out from
            return np.zeros(1, dtype=np.intp)
        rng = np.random.default_rng(self.random_state)
        angle, far = 2 * np.pi * rng.random(len(place)), JITTER_M * np.sqrt(rng.random(len(place)))
        moved = xy[place] - xy.mean(axis=0)
        moved += far[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
        found = cluster.HDBSCAN(
            min_cluster_size=int(self.min_incidents), min_samples=int(samples), copy=True,
            cluster_selection_epsilon=2 * JITTER_M,  # no clusters within one place
        ).fit(moved)  # fmt: skip
        votes = np.zeros((len(xy), int(found.labels_.max()) + 2), dtype=np.int64)
        np.add.at(votes, (place, found.labels_ + 1), 1)
        label = votes.argmax(axis=1) - 1
        given, first = np.unique(label, return_index=True)
        given = given[np.argsort(first)]
        name = np.full(votes.shape[1], NOISE, dtype=np.intp)
        given = given[given >= 0]
        name[given] = np.arange(len(given))
        named: NDArray[np.intp] = name[label]  # the last entry is that of noise
        return named

    def _tasked(self, grid: Grid, heat: NDArray[np.float64]) -> NDArray[np.float64]:
        announce(
            "HDBSCAN is exploratory, not for tasking: its clusters have no fixed size or density, "
            "and a few incidents more or less can change them; task from EmpiricalBayes, KDE or "
            "DBSCAN"
        )
        return super()._tasked(grid, heat)

    def _heat(self, grid: Grid) -> NDArray[np.float64]:
        clustered = self.locations_[self.locations_["cluster"] >= 0]
        return self._per_year(kernel_sum(grid, clustered, 1, float(self.bandwidth)))
