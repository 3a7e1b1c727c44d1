"""Which hotspots may be in a trial: their baseline, their catchments, and who is left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from ..contracts import InputError
from ..impact.rings import find_reach
from ..impact.spans import cut_periods, middles
from ..places import assign_lpt, coordinates, distinct_points
from ._words import counted, month_text

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from .rules import TrialRules

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_LEAST_M2 = 1.0  # an overlap of less is a rounding of coordinates
_GAP_DAYS = 92  # a quarter: a longer one between the baseline and the start is told
OWN = ("baseline", "change", "area_km2")
"""Covariates this module works out."""
_TAKEN = ("lpt", "name", "command", "cluster", "block", "arm", "step", "start", "geometry")
_LARGEST = 1e12  # of a covariate: squares of it are still numbers


@dataclass(frozen=True)
class Eligible:
    """The hotspots that may be in a trial.

    Attributes
    ----------
    sites : GeoDataFrame
        Index ``hotspot`` (as text, in order): ``lpt``, ``name``, ``cluster`` (the first of the
        hotspots it is drawn with), ``baseline``, ``change``, ``area_km2``, further covariates,
        ``geometry``.
    excluded : DataFrame
        Index ``hotspot``: ``lpt``, ``name``, ``baseline``, ``reason``, ``detail``.
    span : str
        The months of the baseline, in words.
    notes : tuple of str
        What else is to be told.
    """

    sites: gpd.GeoDataFrame
    excluded: pd.DataFrame
    span: str
    notes: tuple[str, ...]


def find_eligible(
    hotspots: gpd.GeoDataFrame,
    incidents: gpd.GeoDataFrame,
    start: pd.Timestamp,
    lpts: gpd.GeoDataFrame | None,
    rules: TrialRules,
) -> Eligible:
    """Count the baseline of each hotspot, and leave out those that may not be in the trial.

    Parameters
    ----------
    hotspots : GeoDataFrame of polygons
    incidents : GeoDataFrame
    start : Timestamp
        First day of the trial.
    lpts : GeoDataFrame, optional
    rules : TrialRules

    Returns
    -------
    Eligible
        Every hotspot given is either in ``sites`` or in ``excluded``.

    Raises
    ------
    InputError
        If no month before the start was recorded whole, or a covariate or name is not there.

    Examples
    --------
    >>> import hotspots as hs
    >>> from hotspots.trials.rules import TrialRules
    >>> county = hs.make_county(seed=1, months=12)
    >>> found = find_eligible(county.hotspots, county.incidents, pd.Timestamp("2024-01-01"), None,
    ...                       TrialRules())
    >>> len(found.sites) + len(found.excluded) == len(county.hotspots), found.span
    (True, 'the 12 months from Jan 2023 to Dec 2023')
    """
    _check_rules(hotspots, incidents, lpts, rules)
    sites = _as_sites(hotspots, incidents, lpts, rules)
    months = _months(incidents, start, rules)
    notes = []
    counts, left = _counts(sites, incidents, months, rules)
    if left:
        notes.append(f"{left:,} incidents found by police activity are not counted")
    half = len(months) // 2
    sites["baseline"] = counts.sum(axis=1)
    sites["change"] = counts[:, len(months) - half :].sum(axis=1) - counts[:, :half].sum(axis=1)
    why = _left_out(sites, rules)
    near = _near(sites, 2 * rules.buffer_m)
    cluster = _clusters(sites, why, near, rules)
    out = (why["reason"] != "").to_numpy()
    touched = near[out[near[:, 0]] & ~out[near[:, 1]], 1]
    if len(touched):
        named = sites.index[np.unique(touched)]
        verb = "lies" if len(named) == 1 else "lie"
        notes.append(
            f"{_some(named)} {verb} within {2 * rules.buffer_m:g} m of a hotspot that is not in "
            "the trial: keep patrols there as they are until it ends"
        )
    excluded = pd.DataFrame(sites[["lpt", "name", "baseline"]]).join(why)[out]
    kept = sites.loc[~out].copy()
    kept.insert(2, "cluster", pd.Series(cluster[~out], index=kept.index, dtype="str"))
    gap = (start - months["end"].iloc[-1]).days
    if gap > _GAP_DAYS:
        notes.append(f"the baseline ends {gap:,} days before the trial begins, so levels may have "
                     "changed since")  # fmt: skip
    notes += _chosen(hotspots, months)
    return Eligible(kept, excluded, _span(months), tuple(notes))


def _span(months: pd.DataFrame) -> str:
    """Name the months of the baseline."""
    first, last = months["start"].iloc[0], months["start"].iloc[-1]
    until = f"{month_text(last)}"
    if len(months) == 1:
        return until
    gaps = (last.year - first.year) * 12 + last.month - first.month + 1 - len(months)
    missing = f" ({counted(gaps, 'month')} without whole records left out)" if gaps else ""
    return f"the {len(months)} months from {month_text(first)} to {until}{missing}"


def _chosen(hotspots: gpd.GeoDataFrame, months: pd.DataFrame) -> list[str]:
    """Tell where the baseline reaches into the records that the hotspots were chosen for."""
    if not {"period_start", "period_end"} <= set(hotspots.columns):
        return []
    first, last = pd.to_datetime(hotspots["period_start"]), pd.to_datetime(hotspots["period_end"])
    if not ((first < months["end"].iloc[-1]) & (last > months["start"].iloc[0])).any():
        return []
    return ["the hotspots were chosen by records that the baseline shares, so expect fewer "
            "incidents later in both arms, patrols or not"]  # fmt: skip


def _some(names: pd.Index) -> str:
    shown = ", ".join(map(str, names[:3]))
    return f"{shown} and {len(names) - 3:,} more" if len(names) > 3 else shown


def _check_rules(hotspots: Any, incidents: Any, lpts: Any, rules: TrialRules) -> None:
    """Refuse rules that name what is not there."""
    faults = []
    if rules.blocks == "command" and (lpts is None or "command" not in lpts.columns):
        faults.append("blocks is 'command', but no table of LPTs with a column 'command' is "
                      "given; give lpts=, or blocks='lpt'.")  # fmt: skip
    for covariate in rules.covariates:
        if covariate in OWN:
            continue
        if covariate in _TAKEN:
            faults.append(f"covariates names {covariate!r}, as the table of sites calls another "
                          "column; rename it.")  # fmt: skip
            continue
        if covariate not in hotspots.columns:
            faults.append(f"covariates names {covariate!r}, which is neither a column of the "
                          f"hotspots nor one of {', '.join(map(repr, OWN))}.")  # fmt: skip
            continue
        values = hotspots[covariate]
        number = pd.api.types.is_numeric_dtype(values.dtype)
        if not number or not (values.astype(float).abs() <= _LARGEST).all():
            faults.append(f"covariates names {covariate!r}, which is not a number (of at most "
                          f"{_LARGEST:g}) for every hotspot; fill it or leave it out.")  # fmt: skip
    names = set(hotspots.index.astype(str))
    faults += [f"exclude names {name!r}, which is not among the hotspots."
               for name in rules.exclude if name not in names][:5]  # fmt: skip
    known = set(incidents["category"].astype(str))
    listed = ", ".join(sorted(known)[:20])
    faults += [f"categories names {name!r}, of which there is no incident; there are {listed}."
               for name in rules.categories or () if name not in known][:5]  # fmt: skip
    if faults:
        raise InputError("rules", faults)


def _as_sites(
    hotspots: gpd.GeoDataFrame, incidents: gpd.GeoDataFrame, lpts: Any, rules: TrialRules
) -> gpd.GeoDataFrame:
    """One table of hotspots in the order of their ids, in the CRS of the incidents."""
    import geopandas as gpd

    frame = hotspots.to_crs(incidents.crs) if hotspots.crs != incidents.crs else hotspots
    frame = frame.set_axis(frame.index.astype(str)).sort_index()
    shapes = shapely.make_valid(np.asarray(frame.geometry.array))
    middle = shapely.point_on_surface(shapes)
    out = pd.DataFrame(index=pd.Index(frame.index, name="hotspot", dtype="str"))
    if lpts is not None:
        lpts = lpts.to_crs(incidents.crs) if lpts.crs != incidents.crs else lpts
        lpt = pd.Series(assign_lpt(shapely.get_x(middle), shapely.get_y(middle), lpts), out.index)
        if "lpt" in frame.columns:
            lpt = frame["lpt"].astype(object).where(frame["lpt"].notna(), lpt)
    elif "lpt" in frame.columns:
        lpt = frame["lpt"].astype(object)
    else:
        lpt = pd.Series(np.nan, out.index, dtype=object)
    out["lpt"] = lpt.where(lpt.notna(), "no LPT").astype("str")
    name = frame["name"].astype(object) if "name" in frame.columns else None
    out["name"] = "" if name is None else name.where(name.notna(), "").astype("str")
    if rules.blocks == "command":
        command = lpts["command"].astype(object)
        out["command"] = out["lpt"].map(command).fillna("no command").astype("str")
    out["area_km2"] = shapely.area(shapes) / 1e6
    for covariate in rules.covariates:
        if covariate not in OWN:
            out[covariate] = frame[covariate].astype(float).to_numpy()
    return gpd.GeoDataFrame(out, geometry=shapes, crs=incidents.crs)


def _months(incidents: gpd.GeoDataFrame, start: pd.Timestamp, rules: TrialRules) -> pd.DataFrame:
    """Whole months of records before the start, the last ones asked for."""
    month = start.to_period("M").to_timestamp()
    cut = cut_periods(incidents, middles(incidents), "MS", month, None)
    known = cut[cut["complete"] & (cut["end"] <= start)].tail(rules.baseline_months)
    if known.empty:
        raise InputError("design_trial", [
            f"no calendar month before the start, {start:%Y-%m-%d}, is recorded whole; give "
            "incidents from before the trial."
        ])  # fmt: skip
    return known.reset_index(drop=True)


def _counts(
    sites: gpd.GeoDataFrame, incidents: gpd.GeoDataFrame, months: pd.DataFrame, rules: TrialRules
) -> tuple[Floats, int]:
    """Incidents of each hotspot in each month, and how many were police-generated."""
    middle = middles(incidents)
    edges = months["start"].to_numpy().astype("datetime64[s]")
    at = np.searchsorted(edges, middle, side="right") - 1
    ends = months["end"].to_numpy().astype("datetime64[s]")
    some = (at >= 0) & (middle < ends[at])
    if rules.categories is not None:
        some &= incidents["category"].astype(str).isin(list(rules.categories)).to_numpy()
    xy = coordinates(incidents)
    some &= ~np.isnan(xy[:, 0])
    points, point = distinct_points(xy[some])
    inside = find_reach(points, sites.geometry, 0.0).inside[point]
    police = np.zeros(len(inside), dtype=bool)
    if "origin" in incidents.columns and not rules.include_police:
        police = (incidents["origin"] == "police").fillna(False).to_numpy(dtype=bool)[some]
    held = inside >= 0
    key = (inside * len(months) + at[some])[held & ~police]
    counts = np.bincount(key, minlength=len(sites) * len(months)).reshape(len(sites), -1)
    return counts.astype(float), int((held & police).sum())


def _left_out(sites: gpd.GeoDataFrame, rules: TrialRules) -> pd.DataFrame:
    """Why each hotspot is left out by name, by its count or its overlap; blank where it is not."""
    count = sites["baseline"].to_numpy()
    why = pd.DataFrame({"reason": "", "detail": ""}, index=sites.index, dtype="str")
    few = count < rules.min_incidents
    why.loc[few, "reason"] = "too few incidents"
    why.loc[few, "detail"] = [f"{n:,.0f}, under {rules.min_incidents:g}" for n in count[few]]
    why.loc[sites.index.isin(list(rules.exclude))] = ["left out by name", ""]
    shapes = np.asarray(sites.geometry.array)
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    shared = shapely.area(shapely.intersection(shapes[one], shapes[other])) > _LEAST_M2
    _drop_lesser(why, count, np.column_stack([one, other])[shared & (one != other)],
                 "overlaps another")  # fmt: skip
    return why


def _drop_lesser(why: pd.DataFrame, count: Floats, pairs: NDArray[np.intp], reason: str) -> None:
    """Leave out, of every pair still there, the one with fewer incidents."""
    kept = (why["reason"] == "").to_numpy().copy()
    for site in _ranked(count):
        if kept[site]:
            beside = pairs[pairs[:, 0] == site, 1]
            beside = beside[kept[beside]]
            kept[beside] = False
            why.iloc[beside] = [reason, f"{why.index[site]}, which has more incidents"]


def _ranked(count: Floats) -> NDArray[np.intp]:
    """Sites by incidents, most first; the first id where there are as many."""
    return np.asarray(np.lexsort((np.arange(len(count)), -count)))


def _near(sites: gpd.GeoDataFrame, metres: float) -> NDArray[np.intp]:
    """Pairs of sites, both ways round, that are within so many metres of each other."""
    shapes = np.asarray(sites.geometry.array)
    pairs: NDArray[np.intp] = (
        shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=metres).T
    )
    return np.asarray(pairs[pairs[:, 0] != pairs[:, 1]])


def _clusters(
    sites: gpd.GeoDataFrame, why: pd.DataFrame, near: NDArray[np.intp], rules: TrialRules
) -> NDArray[np.object_]:
    """Name the cluster of each site, or leave out those that share a catchment."""
    kept = (why["reason"] == "").to_numpy()
    near = near[kept[near[:, 0]] & kept[near[:, 1]]]
    names: NDArray[np.object_] = sites.index.to_numpy(dtype=object)
    if rules.overlap == "leave out":
        reason = f"within {2 * rules.buffer_m:g} m of another"
        _drop_lesser(why, sites["baseline"].to_numpy(), near, reason)
        return names
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    links = coo_matrix((np.ones(len(near)), near.T), shape=(len(sites), len(sites)))
    group = connected_components(links, directed=False)[1]
    first = pd.Series(names).groupby(group).transform("first")  # names are in order
    return np.asarray(first.to_numpy(dtype=object))
