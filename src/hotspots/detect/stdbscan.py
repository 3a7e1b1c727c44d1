"""ST-DBSCAN: series of incidents close in place and in time."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from sklearn.utils.validation import check_is_fitted

from ..contracts import InputError, announce
from ..places import Grid, weights_of
from ..support import data_support
from ._base import Detector
from ._clusters import main_cluster
from ._density import ABOUT, ALMOST, NOISE, Reach, diameter, too_far
from ._regions import is_number, place_names
from ._surface import kernel_sum

if TYPE_CHECKING:
    import geopandas as gpd

DAY = pd.Timedelta(days=1)
US_PER_DAY = 86_400e6
LONGEST = 36_525
"""Days, at most, within which incidents are a series: a century."""
MANY = 50_000
"""Incidents from which pairs are counted before they are listed."""
MOST_PAIRS = 100_000_000
"""Pairs of incidents near in place and time that are held in memory at most."""
NOT_FITTED = "this %(name)s is not fitted yet; call .fit(incidents) first."


class STDBSCAN(Detector):
    r"""Series of incidents, each near others both in place and in time.

    For the daily briefing: which runs of incidents began lately and are still going? Needs
    records with dates and their own places; month-only or snapped records are refused.

    Parameters
    ----------
    eps : float
        Distance in metres within which incidents count together. 200 suits burglary, 250 vehicle
        crime, 150 ASB.
    eps_days : float
        Days within which they count together. 14 suits burglary and ASB, 7 vehicle crime.
    min_incidents : float
        Incidents (or summed ``weights``) within both, itself included, that make an incident the
        core of a series.
    when : str or Timestamp, optional
        The moment to look from; the end of the incidents when absent. Later incidents are left
        out.
    active_only : bool
        Whether heat comes from the series active at that moment only.
    weights : str, optional
        Column to sum instead of counting, such as ``"harm"``.
    years : float, optional
        Years observed; the calendar months that hold an incident, over 12, when absent.
    include_police : bool
        Whether police-generated incidents (``origin`` "police") count.

    Attributes
    ----------
    labels_ : Series of int
        Series of each given incident, index as given; -1 for none.
    series_ : DataFrame
        Index ``series``, active ones first, then by incidents: ``incidents``, ``locations``,
        ``weight``, ``first`` and ``last`` (middles of their intervals), ``days`` from the first to
        the last, ``active``, ``easting`` and ``northing`` (the mean), ``extent_m`` (the largest
        distance between two locations) and ``name`` (the most frequent ``place``), ``lpt`` (most
        frequent) and ``harm`` where incidents have them. After :meth:`chance`, ``p_value``.
    undated_ : int
        Incidents left out because their interval is longer than ``eps_days``.
    when_ : Timestamp

    Notes
    -----
    The time of an incident is the middle of its interval. Incidents :math:`i` and :math:`j` are
    neighbours when

    .. math:: d(i, j) \le \varepsilon \quad\text{and}\quad |t_i - t_j| \le \Delta

    and, as in DBSCAN, an incident is core when its neighbours and itself weigh at least
    ``min_incidents``; core neighbours share a series; others near a core join the nearest,
    measured by :math:`(d/\varepsilon)^2 + (\Delta t/\Delta)^2`, of equally near ones the earliest.
    Series are numbered by their earliest core. This is the method of Birant and Kut without its
    third threshold, on attributes. A series is active when its last incident lies within
    ``eps_days`` of ``when``: another incident nearby could still join it.

    The heat of a cell is the density of the incidents of (active) series within ``eps`` of its
    centre, nearer ones counting more (Epanechnikov).

    ST-DBSCAN knows no significance: a place that is always busy makes series by chance.
    :meth:`chance` tells how often.

    References
    ----------
    Birant D. and Kut A. (2007) ST-DBSCAN: an algorithm for clustering spatial-temporal data.
    *Data and Knowledge Engineering* 60(1), 208–221, doi:10.1016/j.datak.2006.01.013.

    Examples
    --------
    >>> import hotspots as hs
    >>> public = hs.make_county(seed=1, months=3).incidents.query("origin == 'public'")
    >>> burglary = public.query("category == 'Burglary'")
    >>> found = hs.STDBSCAN(eps=300, eps_days=21).fit(burglary)
    >>> found.series_.columns[:3].tolist()
    ['incidents', 'locations', 'weight']
    """

    labels_: pd.Series
    series_: pd.DataFrame

    def __init__(
        self,
        eps: float = 200,
        eps_days: float = 14,
        min_incidents: float = 4,
        *,
        when: str | pd.Timestamp | None = None,
        active_only: bool = True,
        weights: str | None = None,
        years: float | None = None,
        include_police: bool = False,
    ) -> None:
        self.eps = eps
        self.eps_days = eps_days
        self.min_incidents = min_incidents
        self.when = when
        self.active_only = active_only
        self.weights = weights
        self.years = years
        self.include_police = include_police

    def chance(self, shuffles: int = 99, seed: int = 0) -> pd.DataFrame:
        r"""Tell how often series as large would come of chance, dates shuffled among incidents.

        Parameters
        ----------
        shuffles : int
            How often to shuffle.
        seed : int
            Same seed, same result.

        Returns
        -------
        DataFrame
            Index ``incidents`` (the summed weight of a series, at least), from ``min_incidents``
            in doubling steps: ``series`` found of that weight or more, ``by_chance`` the mean
            number in the shuffled records, ``low`` and ``high`` their 2.5th and 97.5th percentile.
            ``series_`` gains ``p_value``.

        Raises
        ------
        NotFittedError
            Before :meth:`fit`.
        InputError
            When an argument is out of range.

        Notes
        -----
        Places stay, and dates stay, but which date belongs to which place is shuffled: so a place
        that is always busy, and a season that is busy everywhere, make as many series by chance
        as they would anyway. The p-value of a series counts shuffles that made one as heavy
        anywhere, so it holds however many places were searched:

        .. math:: p = \frac{1 + \#\{\text{shuffles whose heaviest series is as heavy}\}}
           {1 + \text{shuffles}}

        It is strict where one place is always busy, as that makes heavy series in every shuffle.

        Examples
        --------
        >>> import hotspots as hs
        >>> public = hs.make_county(seed=1, months=3).incidents.query("origin == 'public'")
        >>> burglary = public.query("category == 'Burglary'")
        >>> told = hs.STDBSCAN(eps=300, eps_days=21).fit(burglary).chance(shuffles=19)
        >>> told.columns.tolist()
        ['series', 'by_chance', 'low', 'high']
        """
        from ..progress import progress_bar

        check_is_fitted(self, "series_", msg=NOT_FITTED)
        faults = [
            f"{name}={value!r}; it must be a whole number from {least}."
            for name, value, least in (("shuffles", shuffles, 1), ("seed", seed, 0))
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least
        ]
        if faults:
            raise InputError("chance", faults)
        series = self.series_.sort_index()
        found, least = series["weight"].to_numpy(), float(self.min_incidents)
        steps = least * 2.0 ** np.arange(8)
        steps = steps[: max(1, np.count_nonzero(steps <= found.max(initial=0.0)))]
        xy, weight = self._events[["x", "y"]].to_numpy(), self._events["weight"].to_numpy()
        time = np.array(self._events["time"])
        tally = np.zeros((shuffles, len(steps)), dtype=np.int64)
        as_heavy = np.zeros(len(found), dtype=np.int64)
        rng = np.random.default_rng(seed)
        for turn in progress_bar(
            range(shuffles), "shuffling dates", unit="shuffle", leave=False, delay=2, disable=None
        ):
            label, _ = self._reach(xy, rng.permutation(time)).clusters(weight, least)
            held = label >= 0
            heavy = np.bincount(label[held], weight[held])
            tally[turn] = (heavy[:, None] >= steps * ALMOST).sum(axis=0)
            as_heavy += heavy.max(initial=0.0) >= found * ALMOST
        p_value = pd.Series((1 + as_heavy) / (1 + shuffles), index=series.index)
        self.series_ = self.series_.assign(p_value=p_value)
        low, high = np.percentile(tally, [2.5, 97.5], axis=0)
        counted = (found[:, None] >= steps * ALMOST).sum(axis=0)
        told = {"series": counted, "by_chance": tally.mean(axis=0), "low": low, "high": high}
        return pd.DataFrame(told, index=pd.Index(steps, name="incidents"))

    def _faults(self) -> list[str]:
        rows: list[tuple[str, Any, str]] = [
            ("eps", self.eps, "200"), ("eps_days", self.eps_days, "14"),
            ("min_incidents", self.min_incidents, "4"),
        ]  # fmt: skip
        faults = [
            f"{name}={value!r}; it must be a number above 0: try {example}."
            for name, value, example in rows
            if not (is_number(value) and 0 < value < np.inf)
        ] + too_far("eps", self.eps)
        if is_number(self.eps_days) and LONGEST < self.eps_days < np.inf:
            faults.append(f"eps_days={self.eps_days!r}; it must be at most {LONGEST:,}: try 14.")
        if self.when is not None and _moment(self.when) is None:
            faults.append(
                f"when={self.when!r}; it must be a date without a time zone, as '2025-03-31', or "
                "None for the end of the incidents."
            )
        return faults

    def _target(self, incidents: gpd.GeoDataFrame) -> NDArray[np.bool_]:
        support = data_support(incidents)
        if support.located:
            support.require("emerging series", "STDBSCAN")
        length = incidents["occurred_to"] - incidents["occurred_from"]
        fine: NDArray[np.bool_] = np.array(length <= self.eps_days * DAY)
        self.undated_ = int((~fine).sum())
        if self.undated_:
            announce(
                f"STDBSCAN: {self.undated_:,} of {len(fine):,} incidents left out: their time is "
                f"known to no better than eps_days={self.eps_days:g} days"
            )
        moment = _moment(self.when)
        self.when_ = incidents["occurred_to"].max() if moment is None else moment
        if moment is not None:
            fine &= (incidents["occurred_from"] + length / 2 <= moment).to_numpy()
        return fine

    def _fit(self) -> None:
        used = self._incidents[self.used_]
        weight = np.ones(len(used)) if self.weights is None else weights_of(used, self.weights)
        start = used["occurred_from"].to_numpy().astype("datetime64[us]").astype(np.int64)
        end = used["occurred_to"].to_numpy().astype("datetime64[us]").astype(np.int64)
        time = start + (end - start) // 2
        x, y = self._xy.T
        order = np.lexsort((weight, y, x, time))  # so that the order of rows cannot matter
        xy, time, weight = self._xy[order], time[order], weight[order]
        label, core = self._reach(xy, time).clusters(weight, float(self.min_incidents))
        self._events = pd.DataFrame({
            "x": xy[:, 0], "y": xy[:, 1], "time": time, "weight": weight, "series": label,
            "core": core,
        })  # fmt: skip
        of_used = np.empty(len(order), dtype=np.int64)
        of_used[order] = label
        labels = np.full(len(self.used_), NOISE, dtype=np.int64)
        labels[self.used_] = of_used
        self.labels_ = pd.Series(labels, index=self._incidents.index, name="series")
        self.series_ = self._describe(pd.DataFrame(used.drop(columns="geometry")), of_used)

    def _reach(self, xy: NDArray[np.float64], time: NDArray[np.int64]) -> Reach:
        """Pairs of incidents near in place and in time."""
        if len(xy) < 2:
            return Reach(xy, [])
        longest = self.eps_days * US_PER_DAY
        scaled = np.column_stack([
            (xy - xy.min(axis=0)) / self.eps, (time - time.min()) / longest
        ])  # fmt: skip
        tree = cKDTree(scaled)
        if (
            len(xy) > MANY
            and (pairs := (int(tree.count_neighbors(tree, 1.0, p=np.inf)) - len(xy)) // 2)
            > MOST_PAIRS
        ):
            raise InputError(
                "STDBSCAN",
                [f"{pairs:,} pairs of incidents lie within eps={self.eps:g} m and eps_days="
                 f"{self.eps_days:g} of each other, more than memory holds ({MOST_PAIRS:,}): take "
                 "one category, a shorter period, or a smaller eps or eps_days."],
            )  # fmt: skip
        one, other = tree.query_pairs(ABOUT, p=np.inf, output_type="ndarray").astype(np.int32).T
        apart = ((xy[one] - xy[other]) ** 2).sum(axis=1)
        near = (apart <= (self.eps * ABOUT) ** 2) & (np.abs(time[one] - time[other]) <= longest)
        return Reach(scaled, [(one[near], other[near])])

    def _describe(self, used: pd.DataFrame, label: NDArray[np.int64]) -> pd.DataFrame:
        """Tell of each series what a briefing needs."""
        events = self._events[self._events["series"] >= 0]
        grouped = events.groupby("series")
        table = pd.DataFrame({
            "incidents": grouped.size(),
            "locations": events.drop_duplicates(["series", "x", "y"]).groupby("series").size(),
            "weight": grouped["weight"].sum(),
        })  # fmt: skip
        first, last = grouped["time"].min(), grouped["time"].max()
        for name, moment in (("first", first), ("last", last)):
            table[name] = moment.to_numpy(dtype=np.int64).astype("datetime64[us]")
        table["days"] = (last - first) / US_PER_DAY
        table["active"] = table["last"] >= self.when_ - self.eps_days * DAY
        table["easting"], table["northing"] = grouped["x"].mean(), grouped["y"].mean()
        table["extent_m"] = np.array(
            [diameter(xy[["x", "y"]].to_numpy()) for _, xy in grouped], dtype=float
        )
        count = len(table)
        if "place" in used.columns:
            table["name"] = place_names(used, label, count, self._xy)
        if "lpt" in used.columns:
            of = pd.DataFrame({"series": label, "lpt": used["lpt"].astype(object).to_numpy()})
            each = of[of["series"] >= 0].groupby(["series", "lpt"]).size()
            tally = each.rename("n").reset_index()
            tally = tally.sort_values(["series", "n", "lpt"], ascending=[True, False, True])
            most = tally.drop_duplicates("series").set_index("series")["lpt"]
            table["lpt"] = most.reindex(table.index).astype("str" if len(most) else object)
        if "harm" in used.columns:
            harm = used["harm"].to_numpy(dtype=float, na_value=0.0)
            order = np.lexsort((harm, label))
            order = order[label[order] >= 0]
            table["harm"] = np.bincount(label[order], harm[order], minlength=count).astype(float)
        table.index.name = "series"
        return table.iloc[np.lexsort((table.index, -table["incidents"], ~table["active"]))]

    def _hot(self) -> pd.DataFrame:
        """Incidents whose series gives heat."""
        held = self._events[self._events["series"] >= 0]
        if not self.active_only:
            return held
        return held[self.series_["active"].reindex(held["series"]).to_numpy(dtype=bool)]

    def _heat(self, grid: Grid) -> NDArray[np.float64]:
        return self._per_year(kernel_sum(grid, self._hot(), 1, float(self.eps)))

    def _columns(self, grid: Grid, regions: list[list[int]]) -> dict[str, Any]:
        if "p_value" not in self.series_:
            return {}
        held = main_cluster(grid, regions, self._hot().rename(columns={"series": "cluster"}))
        p_value = np.append(self.series_["p_value"].sort_index().to_numpy(), np.nan)
        return {"p_value": p_value[held]}


def _moment(when: Any) -> pd.Timestamp | None:
    """Read a moment; None where it is none, or has a time zone."""
    if not isinstance(when, (str, pd.Timestamp, date, np.datetime64)):
        return None
    try:
        moment = pd.Timestamp(when)
    except ValueError:
        return None
    return None if pd.isna(moment) or moment.tz is not None else moment
