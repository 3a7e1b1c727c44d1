"""What a set of incidents can support: the one place that says so, and every method asks it.

How finely times are known, whether points were snapped, how many incidents share a point and how
many there are decide which questions the records can answer. A method that needs more refuses,
with the reason and what to do.
"""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .contracts import PRECISIONS, InputError, Result, check_incidents, precision_codes
from .places import coordinates, distinct_points

SHARED = 0.2
"""Share of incidents at a point that others have too, over which points count as tied."""

SNAPPED_BANDWIDTH_M = 300.0
"""Narrowest bandwidth that month-only records on snapped points bear."""

MOST = 0.5
"""Share of the incidents that must be known finely enough."""

_WORDS = {"hour": "the hour", "day": "the day", "month": "the month"}


@dataclass(frozen=True)
class Need:
    """What one ability needs: how fine the times, whether untied or unsnapped points, how many."""

    precision: str | None
    points: str | None  # "own": not snapped; "untied": few at the same point
    least: int
    remedy: str


NEEDS: dict[str, Need] = {
    "hour of day": Need(
        "hour", None, 1, "use records with the time of day, or leave hours out of the question"
    ),
    "time of week": Need(
        "day", None, 1, "use records with dates and times from and to, or leave hours out of the "
        "question"
    ),
    "near repeat": Need(
        "day", "own", 2, "use the force's own records with dates and addresses"
    ),
    "emerging series": Need(
        "day", "own", 1, "use the force's own records with dates and addresses"
    ),
    "weekly periods": Need("day", None, 1, "use periods of calendar months (\"MS\")"),
    "repeat locations": Need(
        None, "own", 1, "use the force's own records with addresses: a snapped point stands for "
        "eight addresses or more"
    ),
    "fine heat": Need(
        None, "own", 0, f"use at least {SNAPPED_BANDWIDTH_M:g} m, or insist with allow_fine=True"
    ),
    "leave-one-out bandwidth": Need(
        None, "untied", 3, "give bandwidth in metres, or a rule that ties cannot fool: "
        "bandwidth=\"predictive\""
    ),
}  # fmt: skip
"""What each ability needs of the incidents."""


@dataclass(frozen=True, repr=False)
class Support(Result):
    """What a set of incidents supports, and why not the rest.

    Attributes
    ----------
    incidents, located, places : int
        Incidents; those with a point; distinct points among these.
    shared : float
        Share of the located incidents at a point that others have too, 0 to 1.
    precision : DataFrame
        Index ``precision`` (hour, day, month, longer): ``incidents`` and ``share`` whose time is
        known so finely.
    points : ndarray of float, shape (places, 2)
        The distinct points in metres.
    """

    incidents: int
    located: int
    places: int
    shared: float
    precision: pd.DataFrame
    points: NDArray[np.float64]

    @property
    def month_only(self) -> bool:
        """Whether most times are known to the month at best."""
        return bool(self.precision["share"][["month", "longer"]].sum() > MOST)

    @property
    def tied(self) -> bool:
        """Whether more than a fifth of the incidents share their point with others."""
        return self.shared > SHARED

    @property
    def snapped(self) -> bool:
        """Whether points were probably snapped: tied, and the times known to the month at best.

        Police.uk publishes both so. Dated records with shared addresses are tied, not snapped.
        """
        return self.tied and self.month_only

    @property
    def spacing_m(self) -> float:
        """Median distance of a distinct point from the next in metres; NaN under two points."""
        from scipy.spatial import cKDTree

        if self.places < 2:
            return float("nan")
        distance, _ = cKDTree(self.points).query(self.points, k=2)
        return float(np.median(distance[:, 1]))

    @property
    def abilities(self) -> pd.DataFrame:
        """Every ability (index ``ability``), whether it is ``supported``, and the ``reason``."""
        reasons = {ability: self._lacks(need) for ability, need in NEEDS.items()}
        told = {"supported": [not r for r in reasons.values()], "reason": list(reasons.values())}
        return pd.DataFrame(told, index=pd.Index(list(NEEDS), name="ability"))

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The precision of times, and the abilities."""
        return {"precision": self.precision, "abilities": self.abilities}

    @property
    def text(self) -> str:
        """What the records are like, and what they do not support."""
        if not self.incidents:
            return "No incidents: they support nothing."
        finest = next((p for p in PRECISIONS[:3] if self._known(p) >= MOST), "longer")
        known = _WORDS.get(finest, "more than a month")
        said = (
            f"{self.incidents:,} incidents, {self.located:,} with a point, at {self.places:,} "
            f"distinct points; most times are known to {known}; {self.shared:.0%} share their "
            f"point with others{', which looks snapped' if self.snapped else ''}."
        )
        lacking = self.abilities.query("not supported")["reason"]
        if len(lacking) == 0:
            return f"{said} They support every method."
        refused = "; ".join(f"{ability} ({reason})" for ability, reason in lacking.items())
        return f"{said} They do not support: {refused}."

    def require(self, ability: str, by: str) -> None:
        """Refuse, with the reason and the remedy, what the incidents do not support.

        Parameters
        ----------
        ability : str
            One of :data:`NEEDS`, such as ``"near repeat"``.
        by : str
            Who asks, for the error: the name of the method and, where it helps, its argument.

        Raises
        ------
        InputError
            When the incidents do not support it.

        Examples
        --------
        >>> import hotspots as hs
        >>> support = hs.data_support(hs.make_county(seed=1, months=2).incidents)
        >>> support.require("near repeat", "knox")
        """
        need = NEEDS[ability]
        if reason := self._lacks(need):
            raise InputError(by, [f"these records do not bear it: {reason}; {need.remedy}."])

    def _known(self, precision: str) -> float:
        """Share of the incidents known at least so finely; 1 of none."""
        if not self.incidents:
            return 1.0
        fine = list(PRECISIONS[: PRECISIONS.index(precision) + 1])
        return float(self.precision["share"][fine].sum())

    def _lacks(self, need: Need) -> str:
        """Tell what is lacking, or nothing."""
        lacking = []
        if need.precision and (known := self._known(need.precision)) < MOST:
            lacking.append(f"only {known:.0%} are known to {_WORDS[need.precision]}")
        if need.points == "own" and self.snapped:
            lacking.append(
                f"their points are snapped ({self.shared:.0%} share one, and the time is known to "
                "the month at best)"
            )
        if need.points == "untied" and self.tied:
            lacking.append(f"{self.shared:.0%} share their point with others, at a distance of 0 m")
        if need.points and self.located < need.least:
            lacking.append(f"{self.located:,} have a point and at least {need.least} are needed")
        elif self.incidents < need.least:
            lacking.append("there are none")
        return ", and ".join(lacking)


def data_support(incidents: gpd.GeoDataFrame) -> Support:
    """Tell what a set of incidents supports: the fineness of times, snapping, ties, numbers.

    Parameters
    ----------
    incidents : GeoDataFrame
        The incidents table, of any number of rows.

    Returns
    -------
    Support
        Prints what the records do not support, with the reasons.

    Raises
    ------
    InputError
        When the table breaks its contract.

    Notes
    -----
    Times count as known to the month when the interval from ``occurred_from`` to ``occurred_to``
    is over a day long and at most 31 days. Points count as *tied* when over 20% of the located
    incidents share theirs with others, and as *snapped* when they are tied and most times are
    known to the month at best, as in what data.police.uk publishes: there a point stands for
    eight addresses or more.

    References
    ----------
    Tompson L. et al. (2015) UK open source crime data: accuracy and possibilities for research.
    *Cartography and Geographic Information Science* 42(2), 97–111.

    Examples
    --------
    >>> import hotspots as hs
    >>> support = hs.data_support(hs.make_county(seed=1, months=2).incidents)
    >>> support.month_only, bool(support.abilities.loc["hour of day", "supported"])
    (False, True)
    """
    check_incidents(incidents)
    xy = coordinates(incidents)
    places, place = distinct_points(xy[~np.isnan(xy[:, 0])])
    return support_of(incidents, places, np.bincount(place, minlength=len(places)))


def support_of(
    times: pd.DataFrame, places: NDArray[np.float64], each: NDArray[np.int64]
) -> Support:
    """Make the support of incidents whose distinct places are known already.

    Parameters
    ----------
    times : DataFrame
        ``occurred_from`` and ``occurred_to``.
    places : ndarray of float, shape (m, 2)
        Distinct points in metres.
    each : ndarray of int, shape (m,)
        Incidents at each of them.

    Returns
    -------
    Support
    """
    counts = np.bincount(precision_codes(times), minlength=len(PRECISIONS))
    precision = pd.DataFrame(
        {"incidents": counts, "share": counts / max(len(times), 1)},
        index=pd.Index(PRECISIONS, name="precision", dtype="str"),
    )
    located = int(each.sum())
    shared = float(each[each > 1].sum() / located) if located else 0.0
    return Support(len(times), located, len(places), shared, precision, places)
