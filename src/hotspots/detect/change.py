"""What changed from one period to another: counts per place, tested exactly, chance told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ..chance import CORRECTIONS, adjusted_p
from ..chance.exact import rate_ratio
from ..contracts import InputError, Result, check_incidents
from ..places import Grid, coordinates, distinct_points
from ._bins import Bins, checked_category, find_bins
from ._change_words import paragraph
from ._exact import excess_variance, least_p
from ._patterns import SIGNIFICANT

FEW = 20
"""Incidents under which no percentage is given: it would mislead."""

HOTTEST = 20
"""Places that show regression to the mean."""

_ABOUT = ("lpt", "name", "rank")  # columns of a table of areas that are carried over


@dataclass(frozen=True, repr=False)
class PeriodChange(Result):
    """Change of each place between two periods, as :func:`compare_periods` gives it.

    Attributes
    ----------
    places : DataFrame
        One row for each place: every area given, or each cell with an incident (index ``cell``,
        with ``id`` and ``lpt``): ``before``, ``after`` (incidents), ``ratio`` (rate after over
        rate before) with ``low`` and ``high`` (95% interval), ``p_value`` (allowing for the
        dispersion), ``q_value`` (corrected; NaN where too few to test), ``p_poisson`` (as if
        counts were Poisson), ``dispersion`` (variance over mean assumed), ``change`` (ratio − 1;
        NaN where either count is under 20) and ``class_``: rise, fall, no clear change, too few
        to say.
    overall : DataFrame
        One row, index ``area``: the same figures for everything together, over incidents on the
        places or not.
    periods : DataFrame
        Every month, index ``period_start``: ``period_end``, ``status`` (present, thin, missing,
        incomplete), ``part`` (before, after or empty), ``recorded`` (all rows given) and
        ``incidents`` (those compared).
    said : str
        The paragraph that ``text`` returns.
    """

    places: pd.DataFrame
    overall: pd.DataFrame
    periods: pd.DataFrame
    said: str

    @property
    def text(self) -> str:
        """The overall change first, then what rose and fell, then what chance would show."""
        return self.said


def compare_periods(
    incidents: gpd.GeoDataFrame,
    places: Grid | gpd.GeoDataFrame,
    split: str | pd.Timestamp | None = None,
    *,
    category: str | None = None,
    year_on_year: bool = True,
    correction: str | None = "fdr_bh",
    include_police: bool = False,
) -> PeriodChange:
    r"""Compare two periods place by place, with exact tests and what chance alone would show.

    Parameters
    ----------
    incidents : GeoDataFrame
        The incidents table, best with every category, which tells the months that were recorded;
        ``category`` names the target.
    places : Grid or GeoDataFrame
        The grid, for each of its cells, or polygons: hotspots, LPTs, beats, wards.
    split : str or Timestamp, optional
        First day of the later period, the first of a month. When absent, the last twelve months.
    category : str, optional
        Type of incident to compare; all when absent.
    year_on_year : bool
        Whether to compare up to twelve months from ``split`` on with the same months a year
        before, taking only months recorded in both years. Otherwise everything from ``split`` on
        with everything before it, whatever the seasons.
    correction : {"fdr_bh", "fdr_by", "holm", "bonferroni"} or None
        For many places tested; see the documentation of significance.
    include_police : bool
        Whether police-generated incidents (``origin`` "police") count.

    Returns
    -------
    PeriodChange

    Raises
    ------
    InputError
        When an argument or the table cannot be used, or no two periods were recorded.

    Notes
    -----
    Only wholly recorded months count, each with its days, so gaps and unequal months do no harm.
    Given the total of a place, its later count is binomial under equal rates: p-values and
    intervals are exact (Clopper and Pearson). Counts of a place vary more from month to month
    than Poisson's law allows, which would make far too many places look changed. The excess
    :math:`\kappa` of :math:`\mathrm{Var} = \mu + \kappa \mu^2` is estimated in two parts: what
    each place has of its own, from its months within each period, and what all have in common,
    from the months of everything together (year on year: from how the ratio varies from month to
    month). Counts are divided by :math:`1 + \kappa m` for a place with :math:`m` incidents a
    month. Slow drifts beyond a month are not seen by it. Places whose total could not be
    significant however it were split are not tested, and do not count in the correction.

    An incident on the line between two areas, or in two at once, counts in the first.

    Hot places picked because they were hot fall by themselves (regression to the mean): no
    change here is an effect of what was done there.

    References
    ----------
    Przyborowski J. and Wilenski H. (1940) Homogeneity of results in testing samples from Poisson
    series. *Biometrika* 31, 313–323.
    Tarone R. E. (1990) A modified Bonferroni method for discrete data. *Biometrics* 46, 515–522.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=36)
    >>> change = hs.compare_periods(county.incidents, county.hotspots,
    ...                             category="Anti-social behaviour")
    >>> change.places.loc[["H10"], ["before", "after", "class_"]].to_dict("list")
    {'before': [7], 'after': [85], 'class_': ['rise']}
    """
    day = _check(incidents, places, split, category, year_on_year, correction, include_police)
    bins = find_bins(incidents, "MS")
    part = _parts(bins, day, year_on_year)
    target = np.ones(len(incidents), dtype=bool)
    if category is not None:
        target = (incidents["category"] == category).to_numpy(dtype=bool, na_value=False)
    police = np.zeros(len(incidents), dtype=bool)
    if "origin" in incidents.columns and not include_police:
        police = (incidents["origin"] == "police").to_numpy(dtype=bool, na_value=False)
    of_part = part[bins.number]
    left = {"police": int((target & police & (of_part > 0)).sum())}
    target = target & ~police & (of_part > 0)
    if isinstance(places, Grid):
        at = places.locate(incidents)
        place = np.where(at >= 0, np.searchsorted(places.cells, at), -1)
        count = len(places.cells)
    else:
        place, count = _area_of(incidents, places), len(places)
    left["nowhere"] = int((target & (place < 0)).sum())
    month, days = bins.number, bins.table["days"].to_numpy()
    exposure = float(days[part == 2].sum() / days[part == 1].sum())
    monthly = np.bincount(month[target], minlength=len(part))
    overall, sure = _overall(monthly, days, part, exposure, year_on_year)
    kept = target & (place >= 0)
    shown, row = np.arange(count), place[kept]
    if isinstance(places, Grid):
        shown, row = np.unique(row, return_inverse=True)
    counts = np.bincount(month[kept] * len(shown) + row, minlength=len(part) * len(shown))
    counts = counts.reshape(len(part), len(shown))
    common = (overall["dispersion"].item() - 1) / max(monthly[part > 0].mean(), 1.0)
    table, kappa = _tested(counts, part, exposure, common, correction)
    table = _named(table, places, shown)
    periods = bins.table[["period_end", "status", "recorded"]].assign(
        part=pd.array(np.array(["", "before", "after"], dtype=object)[part], dtype="str"),
        incidents=np.where(part > 0, monthly, 0),
    )
    said = paragraph(table, overall, periods, {
        "category": category, "kappa": kappa, "sure": sure, "left": left, "few": FEW,
        "correction": correction, "hottest": HOTTEST, "year_on_year": year_on_year,
        "grid": isinstance(places, Grid),
    })  # fmt: skip
    return PeriodChange(table, overall, periods, said)


def _check(
    incidents: Any, places: Any, split: Any, category: Any, year_on_year: Any, correction: Any,
    police: Any,
) -> pd.Timestamp | None:  # fmt: skip
    """Refuse what cannot be used, every fault at once; return the split as a day."""
    check_incidents(incidents)
    faults = []
    if not isinstance(places, Grid | gpd.GeoDataFrame):
        faults.append(
            f"places is of type {type(places).__name__}; give a Grid, or a GeoDataFrame of "
            "polygons such as hotspots or LPTs."
        )
    elif isinstance(places, gpd.GeoDataFrame) and places.active_geometry_name is None:
        faults.append("places has no geometry; give a GeoDataFrame of polygons.")
    else:
        if places.crs != incidents.crs:
            faults.append(
                f"the CRS of the places is {places.crs and places.crs.name!r} and the incidents' "
                f"{incidents.crs.name!r}; bring one to the other with .to_crs(...)."
            )
        if isinstance(places, gpd.GeoDataFrame):
            if not places.geom_type.isin(["Polygon", "MultiPolygon"]).all():
                faults.append("places holds a row that is no polygon; leave it out.")
            if not places.index.is_unique or places.index.nlevels > 1:
                faults.append("the index of places repeats or has levels; every place needs one.")
    day = None if split is None else pd.to_datetime(split, errors="coerce")
    if day is not None and not (
        isinstance(day, pd.Timestamp) and day.tz is None and day == day.normalize() and day.day == 1
    ):
        faults.append(f"split={split!r}; it must be the first day of a month, as '2025-01-01'.")
    if not isinstance(year_on_year, bool | np.bool_):
        faults.append(f"year_on_year={year_on_year!r}; it must be True or False.")
    elif split is None and not year_on_year:
        faults.append("year_on_year=False needs split=, the first day of the later period.")
    if correction is not None and correction not in CORRECTIONS:
        named = ", ".join(map(repr, CORRECTIONS))
        faults.append(f"correction={correction!r}; it takes {named} or None.")
    if len(incidents) == 0:
        faults.append("there are no incidents; two periods need some in each.")
    else:
        faults += checked_category(incidents, category)
    if not isinstance(police, bool | np.bool_):
        faults.append(f"include_police={police!r}; it must be True or False.")
    if faults:
        raise InputError("compare_periods", faults)
    return day


def _parts(bins: Bins, day: pd.Timestamp | None, year_on_year: bool) -> NDArray[np.int64]:
    """Tell of every month whether it is before (1), after (2) or not compared (0)."""
    present = (bins.table["status"] == "present").to_numpy()
    starts = bins.table.index
    part = np.zeros(len(present), dtype=np.int64)
    if not present.any():
        raise InputError("compare_periods", ["no month was wholly recorded; give whole months."])
    if day is None:
        first = int(np.flatnonzero(present)[-1]) - 11
    else:
        first = (day.year - starts[0].year) * 12 + day.month - starts[0].month
    if year_on_year:
        later = np.arange(max(first, 12), min(first + 12, len(present)))
        later = later[present[later] & present[later - 12]]
        part[later] = 2
        part[later - 12] = 1
        remedy = "give a longer record, or split= and year_on_year=False to compare unlike months"
        fault = f"no month from {_month(starts, first)} on was recorded in the year before too"
    else:
        at = np.arange(len(present))
        part[present & (at < first)] = 1
        part[present & (at >= first)] = 2
        remedy = f"the records run from {starts[0]:%Y-%m} to {starts[-1]:%Y-%m}: split inside them"
        fault = f"split at {day:%Y-%m-%d} leaves no recorded month on one side"
    if not ((part == 1).any() and (part == 2).any()):
        raise InputError("compare_periods", [f"{fault}; {remedy}."])
    return part


def _month(starts: pd.Index, number: int) -> str:
    return f"{starts[0] + pd.DateOffset(months=number):%B %Y}"


def _area_of(incidents: gpd.GeoDataFrame, areas: gpd.GeoDataFrame) -> NDArray[np.intp]:
    """Row of the area that holds each incident, the first of several; -1 of none."""
    xy = coordinates(incidents)
    known = np.flatnonzero(~np.isnan(xy[:, 0]))
    spots, spot = distinct_points(xy[known])
    tree = shapely.STRtree(shapely.points(spots))
    area, at = tree.query(areas.geometry.to_numpy(), predicate="intersects")
    found = np.full(len(spots), len(areas), dtype=np.intp)
    np.minimum.at(found, at, area)
    found[found == len(areas)] = -1
    place = np.full(len(incidents), -1, dtype=np.intp)
    place[known] = found[spot]
    return place


def _tested(
    counts: NDArray[np.int64], part: NDArray[np.int64], exposure: float, common: float,
    correction: str | None,
) -> tuple[pd.DataFrame, float]:  # fmt: skip
    """Test every place, and return the excess variance beside the table."""
    early, late = counts[part == 1], counts[part == 2]
    before, after = early.sum(axis=0), late.sum(axis=0)
    kappa = excess_variance([early, late])
    monthly = (before + after) / (len(early) + len(late))
    spread = 1 + (common + (0.0 if np.isnan(kappa) else kappa)) * monthly
    ratio, low, high, p = rate_ratio(before, after, exposure, spread)
    plain = rate_ratio(before, after, exposure)[3]
    able = least_p(before + after, exposure, spread) <= SIGNIFICANT
    q = adjusted_p(np.where(able, p, np.nan), correction)
    with np.errstate(invalid="ignore"):
        sure = q <= SIGNIFICANT
        class_ = np.select([~able, sure & (ratio > 1), sure & (ratio < 1)],
                           ["too few to say", "rise", "fall"], "no clear change")  # fmt: skip
    table = pd.DataFrame({
        "before": before, "after": after, "ratio": ratio, "low": low, "high": high, "p_value": p,
        "q_value": q, "p_poisson": plain, "dispersion": spread,
        "change": np.where(np.minimum(before, after) >= FEW, ratio - 1, np.nan),
        "class_": pd.array(class_.astype(object), dtype="str"),
    })  # fmt: skip
    return table, kappa


def _named(
    table: pd.DataFrame, places: Grid | gpd.GeoDataFrame, shown: NDArray[np.intp]
) -> pd.DataFrame:
    """Give every row the id and LPT of its cell, or the name of its area."""
    if isinstance(places, Grid):
        cells = places.cells[shown]
        told = {"id": places.ids_of(cells), "lpt": places.lpt[shown]}
        index = pd.Index(cells, name="cell")
        first = pd.DataFrame(told, index=index).astype("str")
    else:
        first = pd.DataFrame(places[[c for c in _ABOUT if c in places.columns]])
        index = places.index if places.index.name else places.index.rename("area")
    return pd.concat([first.set_axis(index), table.set_axis(index)], axis=1)


def _overall(
    monthly: NDArray[np.int64], days: NDArray[np.float64], part: NDArray[np.int64],
    exposure: float, paired: bool,
) -> tuple[pd.DataFrame, bool]:  # fmt: skip
    """Compare everything together; the dispersion is that of the months themselves."""
    from scipy.stats import norm, t

    x, y = monthly[part == 1].astype(float), monthly[part == 2].astype(float)
    before, after = x.sum(), y.sum()
    if paired:  # a month against the same one a year on: the season drops out
        share = after / max(before + after, 1)
        expected = (x + y) * share
        variance = expected * (1 - share)
        apart, df = (y - expected) ** 2, len(y) - 1
    else:
        means = [days[part == n] * monthly[part == n].sum() / days[part == n].sum() for n in (1, 2)]
        variance = np.concatenate(means)
        apart, df = (np.concatenate([x, y]) - variance) ** 2, len(x) + len(y) - 2
    seen = variance > 0
    sure = df > 0 and bool(seen.any())
    spread = 1.0
    if sure:  # an estimated dispersion is itself uncertain: Student's t in place of the normal
        wider = float(t.ppf(0.975, df) / norm.ppf(0.975)) ** 2
        spread = max(1.0, float((apart[seen] / variance[seen]).sum()) / df * wider)
    ratio, low, high, p = (v.item() for v in rate_ratio([before], [after], exposure, spread))
    enough = min(before, after) >= FEW
    way = "rise" if ratio > 1 else "fall"
    row = {
        "before": int(before), "after": int(after), "months_before": len(x),
        "months_after": len(y), "days_before": days[part == 1].sum(),
        "days_after": days[part == 2].sum(), "ratio": ratio, "low": low, "high": high,
        "p_value": p, "dispersion": spread, "change": ratio - 1 if enough else np.nan,
        "class_": way if p <= SIGNIFICANT else "no clear change",
    }  # fmt: skip
    table = pd.DataFrame(row, index=pd.Index(["everything"], name="area", dtype="str"))
    return table.astype({"class_": "str"}), sure
