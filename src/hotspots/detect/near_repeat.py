"""Near repeat: whether incidents draw others after them, nearby and soon, and which ones did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..chance import adjusted_p
from ..contracts import InputError, Result, check_incidents
from ._chains import Events, link
from ._knox_words import LEVEL, RAISED, Told, words
from ._pairs import (
    MOST_PAIRS,
    Margins,
    count_within,
    find_pairs,
    observed,
    simulated,
)
from ._regions import is_number

Floats = NDArray[np.float64]

_STRATA = {"year": 12, "quarter": 3, "month": 1}  # months in each
_METRICS = ("manhattan", "euclidean")
_FARTHEST = 1_000_000_000  # metres or days


@dataclass(frozen=True, repr=False)
class Knox(Result):
    """What :func:`knox` found: pairs by space and time, and the chains they make.

    Attributes
    ----------
    cells : DataFrame
        One row per space band and time band (index ``band``): ``space`` and ``time`` (their
        labels), ``space_from_m``, ``space_to_m``, ``time_from_days``, ``time_to_days``,
        ``observed`` and ``expected`` pairs, ``ratio`` (NaN where none is expected), ``p_value``,
        ``q_value`` (false discovery rate over the closed bands; NaN in open ones) and ``flag``.
    near_repeats : DataFrame
        One row per incident used (index ``incident``), in order of time: ``date``, ``role``
        (originator: the first of its chain or of a branch; near repeat: after another, near and
        soon; isolated; same event: at the place and time of another, which ``previous`` names),
        ``chain`` and ``chain_incidents`` (missing when isolated), and the latest earlier incident
        near it: ``previous``, ``days_since_previous``, ``distance_m``; ``notice_until``: the last
        day on which others are to be expected near it.
    chains : DataFrame
        One row per chain (index ``chain``): ``incidents``, ``originators``, ``first`` and ``last``
        date, ``span_days``, ``easting``, ``northing`` (mean) and ``extent_m`` (diagonal).
    reach_m, reach_days : float
        Incidents less than this far and this many days apart make a chain; NaN when there is no
        pattern.
    said : str
        The paragraph that ``text`` returns.
    """

    cells: pd.DataFrame
    near_repeats: pd.DataFrame
    chains: pd.DataFrame
    reach_m: float
    reach_days: float
    said: str

    @property
    def text(self) -> str:
        """Whether there is a pattern, how far and long it reaches, and what it does not prove."""
        return self.said


def knox(
    incidents: gpd.GeoDataFrame,
    space_bands: Sequence[float] = (0, 1, 100, 200, 300, 400),
    time_bands: Sequence[float] = (0, 7, 14, 21, 28, 35),
    *,
    metric: str = "manhattan",
    within: str | None = None,
    chain: tuple[float, float] | None = None,
    n_sim: int = 999,
    seed: int = 0,
) -> Knox:
    r"""Test whether incidents near each other in space are near each other in time too.

    Parameters
    ----------
    incidents : GeoDataFrame
        The incidents table, best of one category, such as burglary of dwellings.
    space_bands : sequence of float
        Edges of the space bands in metres, rising; ``(0, 1, 100)`` makes [0, 1) m, which is the
        same place, and [1, 100) m. ``inf`` as the last opens the last band.
    time_bands : sequence of float
        Edges of the time bands in whole days, rising; ``(0, 7, 14)`` makes [0, 7) and [7, 14)
        days. ``inf`` as the last opens the last band.
    metric : {"manhattan", "euclidean"}
        Distance along axes, which stands for that by road, or as the crow flies.
    within : {"year", "quarter", "month"}, optional
        Permute dates only inside each calendar year, quarter or month, so that a rise or fall of
        recording over the period in one area is not taken for near repeat.
    chain : (metres, days), optional
        Incidents less than so far and so many days apart make a chain; the bands found to be
        raised when absent.
    n_sim : int
        Permutations; 0 gives the upper tail of a Poisson distribution instead, which
        is quick and only right where pairs are rare.
    seed : int
        The same seed gives the same permutations.

    Returns
    -------
    Knox

    Raises
    ------
    InputError
        When an argument is out of range, or the records do not bear it: times known only to the
        month, snapped points, fewer than two events.

    Notes
    -----
    With :math:`O_{st}` pairs in space band *s* and time band *t*, of *R* pairs in the space band,
    *C* in the time band and :math:`N = n(n-1)/2` in all, permuting the dates gives on average
    :math:`E_{st} = R_s C_t / N`, exactly; with ``within`` the sum of this over pairs of periods
    *a*, *b*, :math:`\sum_{ab} R_{sab} C_{tab} / N_{ab}`. The ratio is *O / E*, and
    :math:`p = (1 + \#\{O^* \ge O\}) / (1 + B)` over *B* permutations. A cell is flagged when
    *p* < .05 and the ratio is at least 1.2 [2]_. The *reach* is the block of flagged cells with
    *q* < .05 that begins with the first time band and holds the greatest excess of pairs.

    Only pairs within the largest finite distance are looked at, found by a tree; the totals by
    time come from counts per day, and open bands by subtraction.

    The time of an incident is the calendar day of the midpoint of its interval; those with an
    interval longer than the narrowest time band, or than 7 days, are left out and counted.
    Incidents at exactly the same place with exactly the same interval are one event. Incidents of
    one day have an order all the same: by midpoint, start, place and id; the first is the
    originator. Police-generated incidents (``origin`` "police") are left out; to keep them, drop
    the column.

    References
    ----------
    .. [1] Knox E. G. (1964) The detection of space–time interactions. *Applied Statistics* 13(1),
       25–30.
    .. [2] Ratcliffe J. H. (2009) *Near Repeat Calculator*, version 1.3. Temple University.
    .. [3] Johnson S. D. et al. (2007) Space–time patterns of risk: a cross national assessment of
       residential burglary victimization. *Journal of Quantitative Criminology* 23, 201–219.

    Examples
    --------
    >>> import hotspots as hs
    >>> burglary = hs.make_county(seed=1, months=12).incidents.query("category == 'Burglary'")
    >>> found = hs.knox(burglary, (0, 200, 400), (0, 7, 14), n_sim=99)
    >>> found.cells[["space", "time"]].iloc[1].tolist()
    ['[0, 200) m', '[7, 14) days']
    >>> found.near_repeats["role"].unique().tolist()
    ['isolated']
    """
    space, time = _checked(incidents, space_bands, time_bands, metric, within, chain, n_sim, seed)
    events = Events.of(incidents, time)
    xy, day = events.frame[["x", "y"]].to_numpy(), events.frame["day"].to_numpy()
    stratum = _stratum(day, within)
    inner, whole = _closed(space), _closed(time).astype(np.int64)
    if (many := count_within(xy, inner[-1], metric)) > MOST_PAIRS:
        raise InputError("knox", [
            f"{many:,} pairs lie within {inner[-1]:g} m, more than the {MOST_PAIRS:,} that can be "
            "counted; give smaller space_bands, or a shorter period."
        ])  # fmt: skip
    pairs = find_pairs(xy, inner, metric)
    margins = Margins.of(day, stratum, whole)
    seen = margins.filled(observed(pairs, day, whole))
    expected = margins.expected(pairs)
    if n_sim:
        chance = simulated(pairs, day, stratum, whole, n_sim=n_sim, seed=seed)
        p = (1 + (margins.filled(chance) >= seen).sum(axis=0)) / (1 + n_sim)
    else:
        from scipy.stats import poisson

        p = poisson.sf(seen - 1, expected)
    del pairs
    cells = _cells(space, time, *(_asked(values, space, time) for values in (seen, expected, p)))
    found = _reach(cells)
    reach = found if chain is None else (float(chain[0]), float(chain[1]))
    near, chains = link(events.frame, events.same, reach, metric)
    told = Told(events, within, found, chain is not None, n_sim)
    return Knox(cells, near, chains, *reach, words(told, cells, near, chains, reach))


def _checked(
    incidents: gpd.GeoDataFrame, space_bands: Sequence[float], time_bands: Sequence[float],
    metric: str, within: str | None, chain: tuple[float, float] | None, n_sim: int, seed: int,
) -> tuple[Floats, Floats]:  # fmt: skip
    """Check the arguments and the table, and return the edges as arrays."""
    faults, edges = [], []
    for name, given, whole in (
        ("space_bands", space_bands, False), ("time_bands", time_bands, True)
    ):  # fmt: skip
        fault = _band_fault(given, whole)
        faults += [f"{name}={given!r}; {fault}"] if fault else []
        edges.append(np.asarray([] if fault else given, dtype=float))
    if not isinstance(metric, str) or metric not in _METRICS:
        faults.append(f"metric={metric!r}; it takes 'manhattan' or 'euclidean'.")
    if within is not None and (not isinstance(within, str) or within not in _STRATA):
        faults.append(f"within={within!r}; it takes 'year', 'quarter', 'month' or None.")
    if chain is not None and not (
        isinstance(chain, tuple | list)
        and len(chain) == 2
        and all(is_number(value) and 0 < value < np.inf for value in chain)
    ):
        faults.append(f"chain={chain!r}; it takes metres and days above 0, as (400, 14).")
    if not _is_whole(n_sim) or n_sim < 0:
        faults.append(f"n_sim={n_sim!r}; it must be a whole number of 0 or more: try 999.")
    if not _is_whole(seed) or seed < 0:
        faults.append(f"seed={seed!r}; it must be a whole number of 0 or more.")
    if faults:
        raise InputError("knox", faults)
    check_incidents(incidents)
    return edges[0], edges[1]


def _is_whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _band_fault(given: object, whole: bool) -> str:
    example = "(0, 7, 14)" if whole else "(0, 1, 100, 200)"
    listed = isinstance(given, Sequence | np.ndarray | pd.Series | pd.Index)
    if not listed or isinstance(given, str | bytes) or not np.iterable(given):
        return f"give the edges of the bands in a list, as {example}."
    edges = list(given)
    if len(edges) < 2 or not all(is_number(edge) for edge in edges):
        return f"give at least two edges, all of them numbers, as {example}."
    values = np.asarray(edges, dtype=float)
    if not (values[0] >= 0 and (values[1:] > values[:-1]).all()):
        return f"the edges must begin at 0 or more and rise, as {example}."
    if np.isinf(values[0]) or (len(values) == 2 and values[0] == 0 and np.isinf(values[1])):
        return f"at least one edge above 0 must be finite, as {example}."
    if whole and (values[np.isfinite(values)] % 1).any():
        return "times are compared by calendar day, so the edges must be whole days."
    if values[np.isfinite(values)].max() > _FARTHEST:
        return f"an edge is over {_FARTHEST:,}; write inf to open the last band."
    return ""


def _stratum(day: NDArray[np.int64], within: str | None) -> NDArray[np.int64]:
    """Tell the calendar period of each day as a number from 0; all the same without any."""
    if within is None:
        return np.zeros(len(day), dtype=np.int64)
    month = day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return np.unique(month // _STRATA[within], return_inverse=True)[1].astype(np.int64)


def _closed(edges: Floats) -> Floats:
    """Finite edges, from 0: between them lie the bands that are counted."""
    finite = edges[np.isfinite(edges)]
    return finite if finite[0] == 0 else np.concatenate([[0.0], finite])


def _asked(values: NDArray[np.number], space: Floats, time: Floats) -> NDArray[np.number]:
    """Take the bands that were asked for from those counted."""
    for axis, edges in enumerate((space, time)):
        first = 0 if edges[0] == 0 else 1
        last = values.shape[axis] if np.isinf(edges[-1]) else values.shape[axis] - 1
        values = values.take(np.arange(first, last), axis=axis)
    return values


def _cells(
    space: Floats, time: Floats, seen: NDArray[np.number], expected: NDArray[np.number],
    p: NDArray[np.number],
) -> pd.DataFrame:  # fmt: skip
    """Lay out the bands as a table, one row per cell."""
    s, t = (part.ravel() for part in np.indices(seen.shape))
    cells = pd.DataFrame({
        "space": np.array([_label(*band, "m") for band in pairwise(space)], object)[s],
        "time": np.array([_label(*band, "days") for band in pairwise(time)], object)[t],
        "space_from_m": space[s], "space_to_m": space[s + 1],
        "time_from_days": time[t], "time_to_days": time[t + 1],
        "observed": seen.ravel().astype(np.int64), "expected": expected.ravel(),
        "p_value": p.ravel(),
    }, index=pd.RangeIndex(seen.size, name="band"))  # fmt: skip
    likely = cells["expected"].where(cells["expected"] > 0)
    cells.insert(8, "ratio", cells["observed"] / likely)
    closed = np.isfinite(cells["space_to_m"]) & np.isfinite(cells["time_to_days"])
    cells["q_value"] = adjusted_p(cells["p_value"].where(closed))
    cells["flag"] = (cells["p_value"] < LEVEL) & (cells["ratio"] >= RAISED) & closed
    return cells.astype({"space": "str", "time": "str"})


def _label(low: float, high: float, unit: str) -> str:
    return f"[{low:g}, {high:g}) {unit}" if np.isfinite(high) else f"{low:g} {unit} or more"


def _reach(cells: pd.DataFrame) -> tuple[float, float]:
    """How far and how long risk is raised: the flagged block with most pairs beyond expectation."""
    sure = (cells["flag"] & (cells["q_value"] < LEVEL)).to_numpy()
    shape = (cells["space_from_m"].nunique(), cells["time_from_days"].nunique())
    sure = sure.reshape(shape)
    excess = (cells["observed"] - cells["expected"]).to_numpy().reshape(shape)
    best, reach = 0.0, (float("nan"), float("nan"))
    for first in range(shape[0]):
        for last in range(first, shape[0]):
            for until in range(shape[1]):
                block = np.s_[first : last + 1, : until + 1]
                if sure[block].all() and excess[block].sum() > best:
                    best = float(excess[block].sum())
                    row = cells.iloc[last * shape[1] + until]
                    reach = (float(row["space_to_m"]), float(row["time_to_days"]))
    return reach
