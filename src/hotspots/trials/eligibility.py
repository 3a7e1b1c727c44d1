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

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from .rules import TrialRules

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_LEAST_M2 = 1.0  # an overlap of less is a rounding of coordinates
OWN = ("baseline", "change", "area_km2")
"""Covariates this module works out."""


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
        Index ``hotspot``: ``lpt``, ``name``, ``baseline``, ``reason``.
    months : int
        Months of the baseline.
    first, last : Timestamp
        Its first month and its last day.
    notes : tuple of str
        What else is to be told.
    """

    sites: gpd.GeoDataFrame
    excluded: pd.DataFrame
    months: int
    first: pd.Timestamp
    last: pd.Timestamp
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
    >>> len(found.sites) + len(found.excluded) == len(county.hotspots), found.months
    (True, 12)
    """
    sites = _as_sites(hotspots, incidents, lpts, rules)
    months = _months(incidents, start, rules)
    notes = []
    counts, left = _counts(sites, incidents, months, rules)
    if left:
        notes.append(f"{left:,} incidents found by police activity are not counted")
    half = len(months) // 2
    sites["baseline"] = counts.sum(axis=1)
    sites["change"] = counts[:, len(months) - half :].sum(axis=1) - counts[:, :half].sum(axis=1)
    reason = _reasons(sites, rules)
    near = _near(sites, 2 * rules.buffer_m)
    cluster = _clusters(sites, reason, near, rules)
    out = reason != ""
    touched = near[out[near[:, 0]] & ~out[near[:, 1]], 1]
    if len(touched):
        named = sites.index[np.unique(touched)]
        notes.append(
            f"{_some(named)} lie within {2 * rules.buffer_m:g} m of a hotspot that is not in the "
            "trial: keep patrols there as they are until it ends"
        )
    excluded = sites.loc[out, ["lpt", "name", "baseline"]].assign(
        reason=pd.Series(reason[out], index=sites.index[out], dtype="str")
    )
    kept = sites.loc[~out].copy()
    kept.insert(2, "cluster", pd.Series(cluster[~out], index=kept.index, dtype="str"))
    first, last = months["start"].iloc[0], months["end"].iloc[-1] - pd.Timedelta(days=1)
    return Eligible(kept, pd.DataFrame(excluded), len(months), first, last, tuple(notes))


def _some(names: pd.Index) -> str:
    shown = ", ".join(map(str, names[:3]))
    return f"{shown} and {len(names) - 3:,} more" if len(names) > 3 else shown


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
        given = lpts["command"] if lpts is not None and "command" in lpts.columns else None
        if given is None:
            raise InputError("rules", ["blocks is 'command', but no table lpts with a column "
                                       "'command' is given; give lpts=, or blocks='lpt'."])  # fmt: skip
        out["command"] = out["lpt"].map(given.astype(object)).fillna("no command").astype("str")
    out["area_km2"] = shapely.area(shapes) / 1e6
    faults = []
    for covariate in rules.covariates:
        if covariate in OWN:
            continue
        if covariate not in frame.columns:
            faults.append(f"covariates names {covariate!r}, which is neither a column of the "
                          f"hotspots nor one of {', '.join(map(repr, OWN))}.")  # fmt: skip
        elif not pd.api.types.is_numeric_dtype(frame[covariate]) or frame[covariate].isna().any():
            faults.append(f"covariates names {covariate!r}, which is not a number for every "
                          "hotspot; fill it or leave it out.")  # fmt: skip
        else:
            out[covariate] = frame[covariate].astype(float).to_numpy()
    unknown = sorted(set(rules.exclude) - set(out.index))
    if unknown:
        faults.append(f"exclude names {', '.join(map(repr, unknown[:5]))}, which "
                      f"{'is' if len(unknown) == 1 else 'are'} not among the hotspots.")  # fmt: skip
    if rules.categories is not None:
        known = set(incidents["category"].astype(str))
        if missing := sorted(set(rules.categories) - known):
            faults.append(f"categories names {', '.join(map(repr, missing[:5]))}, of which there is "
                          f"no incident; there are {', '.join(sorted(known)[:20])}.")  # fmt: skip
    if faults:
        raise InputError("rules", faults)
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


def _reasons(sites: gpd.GeoDataFrame, rules: TrialRules) -> NDArray[np.object_]:
    """Why each hotspot is left out by name, by its count or its overlap; empty where it is not."""
    reason = np.full(len(sites), "", dtype=object)
    count = sites["baseline"].to_numpy()
    few = count < rules.min_incidents
    reason[few] = [f"{n:,.0f} incidents in the baseline, under {rules.min_incidents:g}"
                   for n in count[few]]  # fmt: skip
    reason[sites.index.isin(list(rules.exclude))] = "left out by name"
    shapes = np.asarray(sites.geometry.array)
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    shared = shapely.area(shapely.intersection(shapes[one], shapes[other])) > _LEAST_M2
    pairs = np.column_stack([one, other])[shared & (one != other)]
    for site in _ranked(count):
        if reason[site] == "":
            for beside in pairs[pairs[:, 0] == site, 1]:
                if reason[beside] == "":
                    reason[beside] = f"overlaps {sites.index[site]}, which has more incidents"
    return reason


def _ranked(count: Floats) -> NDArray[np.intp]:
    """Sites by incidents, most first; the first id where there are as many."""
    return np.lexsort((np.arange(len(count)), -count))


def _near(sites: gpd.GeoDataFrame, metres: float) -> NDArray[np.intp]:
    """Pairs of sites, both ways round, that are within so many metres of each other."""
    shapes = np.asarray(sites.geometry.array)
    pairs = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=metres).T
    return pairs[pairs[:, 0] != pairs[:, 1]]


def _clusters(
    sites: gpd.GeoDataFrame, reason: NDArray[np.object_], near: NDArray[np.intp], rules: TrialRules
) -> NDArray[np.object_]:
    """Name the cluster of each site, or give the reason why one of them is left out."""
    metres = f"{2 * rules.buffer_m:g} m"
    names = sites.index.to_numpy(dtype=object)
    near = near[(reason[near[:, 0]] == "") & (reason[near[:, 1]] == "")]
    if rules.overlap == "leave out":
        for site in _ranked(sites["baseline"].to_numpy()):
            if reason[site] == "":
                for beside in near[near[:, 0] == site, 1]:
                    if reason[beside] == "":
                        reason[beside] = f"within {metres} of {names[site]}, with more incidents"
        return names
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    links = coo_matrix((np.ones(len(near)), near.T), shape=(len(sites), len(sites)))
    group = connected_components(links, directed=False)[1]
    first = pd.Series(names).groupby(group).transform("first")  # names are in order
    return first.to_numpy(dtype=object)
