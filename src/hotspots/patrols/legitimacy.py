"""Who gets the patrol hours: by LPT, by deprivation, against need, residents and incidents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import CRS, LPTS, InputError, Result, check_table
from ._evidence import tiers
from ._fairness_words import fairness_text, questions
from ._rates import FEW, gini, rate_ratio
from .plan import PatrolPlan

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class PatrolFairness(Result):
    """Where the officer-hours of a plan go, beside need, residents and recorded incidents.

    It raises questions for people to answer; it gives no verdict.

    Attributes
    ----------
    lpts : DataFrame
        Index ``lpt``: ``residents``, ``need`` (share of all), ``incidents``, ``visits``,
        ``hours`` (officer-hours), ``share_of_hours``, ``hours_per_need`` (share of hours over
        share of need), ``hours_per_1000`` and ``visits_per_1000`` residents,
        ``hours_per_incident``, ``per_resident`` (hours per resident over those elsewhere),
        ``per_incident`` (hours per incident over those elsewhere) with ``low`` and ``high``, and
        ``question``, blank where none arises.
    quintiles : DataFrame
        Index ``deprivation``, 1 the most deprived: the same by fifth, with ``areas``; no rows
        where no areas were given.
    hotspots : DataFrame
        Index ``hotspot``: ``lpt``, ``hours``, ``share_of_lpt_hours``, ``need``, ``tier``, and
        with police-generated records counted as well ``need_with``, ``rank_without``,
        ``rank_with``, ``tier_with`` and ``changes`` (blank where the tier stays).
    concentration : DataFrame
        Index ``measure``: ``value`` and ``meaning``.
    said : str
        The text.
    """

    lpts: pd.DataFrame
    quintiles: pd.DataFrame
    hotspots: pd.DataFrame
    concentration: pd.DataFrame
    said: str

    @property
    def text(self) -> str:
        """Who gets the hours, the questions that arise, and what the figures cannot tell."""
        return self.said


def patrol_fairness(
    plan: PatrolPlan,
    *,
    lpts: gpd.GeoDataFrame | None = None,
    areas: pd.DataFrame | None = None,
) -> PatrolFairness:
    """Set the officer-hours of a plan beside need, residents, incidents and deprivation.

    Parameters
    ----------
    plan : PatrolPlan
    lpts : GeoDataFrame, optional
        ``contracts.LPTS``, with ``population`` where residents are to count; those of the plan
        when absent. With a column ``incidents`` (all recorded there in the period) these are
        compared, else the incidents inside the hotspots.
    areas : DataFrame, optional
        Small areas, such as LSOAs: ``population`` and ``deprivation`` (1 the most deprived, to 5
        or to 10), and ``incidents`` as above. Polygons that do not overlap; or, without geometry,
        a table whose index names the ``neighbourhood`` of the hotspots.

    Returns
    -------
    PatrolFairness

    Raises
    ------
    InputError
        Naming every fault of every table at once.

    Notes
    -----
    The officer-hours of a visit are its officers times the minutes there and on the way; a hotspot
    over several areas gives each its share by area. Hours per incident here are divided by those
    everywhere else, with the 95% interval of the incidents (:func:`rate_ratio`); planned hours and
    residents are counts without chance, so their ratio has none. A question is raised where the
    whole interval lies beyond 1.25, or under .8. Of groups treated alike with 40 incidents each,
    one in 800 raises one by chance, and one in 60 where one incident brings another (variance
    twice the mean). Residents are not those who are there by day or by night.

    References
    ----------
    Ensign D. et al. (2018) Runaway feedback loops in predictive policing. *Proceedings of Machine
    Learning Research* 81, 160–171.

    Examples
    --------
    >>> from hotspots.patrols.example import example_plan
    >>> found = patrol_fairness(example_plan())
    >>> found.lpts[["need", "share_of_hours", "hours_per_need"]].values.tolist()
    [[1.0, 1.0, 1.0]]
    """
    teams = plan.basis.lpts if lpts is None and isinstance(plan, PatrolPlan) else lpts
    _check(plan, teams, areas)
    spots = _hotspots(plan)
    by_lpt = _compare(_lpt_sums(spots, teams))
    by_lpt["question"] = questions(by_lpt)
    fifths, outside = _fifths(plan, spots, areas)
    by_fifth = _compare(fifths)
    by_fifth["question"] = questions(by_fifth)
    held = _concentration(spots, by_lpt, plan)
    said = fairness_text(by_lpt, by_fifth, spots, held, outside)
    return PatrolFairness(by_lpt, by_fifth, spots, held, said)


def _check(plan: Any, lpts: Any, areas: Any) -> None:
    """Check everything given; name every fault of all of it at once."""
    faults = []
    if not isinstance(plan, PatrolPlan):
        faults.append(f"plan is of type {type(plan).__name__}; give what plan_patrols returned.")
    if lpts is not None:
        try:
            check_table(lpts, LPTS)
        except InputError as error:
            faults += [f"lpts: {fault}" for fault in error.faults]
        else:
            faults += _number_faults("lpts", lpts, ("population", "incidents"))
            if isinstance(plan, PatrolPlan):
                strange = sorted(set(map(str, plan.basis.lpts.index)) - set(map(str, lpts.index)))
                if strange:
                    faults.append(f"lpts: {', '.join(strange)} of the plan is not among them.")
    if areas is not None:
        faults += _area_faults(areas, plan)
    if faults:
        raise InputError("patrol_fairness", faults)


def _number_faults(what: str, frame: pd.DataFrame, names: tuple[str, ...]) -> list[str]:
    """Say which columns of counts, where they are there, are no numbers from 0 up."""
    faults = []
    for name in names:
        if name not in frame.columns:
            continue
        values = pd.to_numeric(frame[name].astype(object), errors="coerce").to_numpy(
            dtype=np.float64
        )
        bad = ~(values >= 0) | np.isinf(values)
        if name == "population" and what == "lpts":
            bad &= frame[name].notna().to_numpy()  # residents of an LPT may be unknown
        if bad.any():
            faults.append(
                f"{what}: {name} of {frame.index[bad][0]!r} is {_said(frame[name][bad])}; it "
                f"must be a number from 0 up ({int(bad.sum())} rows)."
            )
    return faults


def _said(values: pd.Series) -> str:
    """Write the first of some values, text in quotes."""
    value = values.iloc[0]
    return repr(value) if isinstance(value, str) else f"{value}"


def _area_faults(areas: Any, plan: Any) -> list[str]:
    """Say everything that is wrong with the areas."""
    import geopandas as gpd

    if not isinstance(areas, pd.DataFrame):
        return [f"areas is of type {type(areas).__name__}; give a table of areas."]
    faults = []
    for name, what in (("population", "residents"),
                       ("deprivation", "1 the most deprived, to 5 or to 10")):  # fmt: skip
        if name not in areas.columns:
            faults.append(f"areas: column {name!r} is missing ({what}).")
    if areas.empty:
        faults.append("areas: it holds no rows; leave it out, or give at least one area.")
    faults += _number_faults("areas", areas, ("population", "incidents"))
    if "deprivation" in areas.columns:
        values = pd.to_numeric(areas["deprivation"].astype(object), errors="coerce").to_numpy(
            dtype=np.float64
        )
        bad = ~np.isin(values, np.arange(1, 11))
        if bad.any():
            faults.append(
                f"areas: deprivation of {areas.index[bad][0]!r} is "
                f"{_said(areas['deprivation'][bad])}; it must be a whole number, 1 (most "
                f"deprived) to 5 or to 10 ({int(bad.sum())} rows)."
            )
    if not areas.index.is_unique:
        faults.append(f"areas: index repeats {areas.index[areas.index.duplicated()][0]!r}.")
    if not isinstance(plan, PatrolPlan):
        return faults
    spots = plan.basis.demand.hotspots
    if isinstance(areas, gpd.GeoDataFrame):
        if areas.active_geometry_name is None or areas.geometry.isna().any():
            faults.append("areas: some have no shape; draw or drop them.")
        elif areas.crs != spots.crs:
            faults.append(
                "areas and hotspots differ in CRS; bring both to one with "
                f".to_crs({spots.crs.to_string() if spots.crs else CRS!r})."
            )
    elif "neighbourhood" not in spots.columns:
        faults.append(
            "areas has no geometry and the hotspots have no column 'neighbourhood' to find them "
            "by; give polygons, or name the area of each hotspot there."
        )
    return faults


def _hotspots(plan: PatrolPlan) -> pd.DataFrame:
    """Return hours and need of each hotspot, and what police-generated records change."""
    visits, need = plan.visits, plan.basis.demand.need
    minutes = (visits["depart"] - visits["arrive"]).dt.total_seconds() / 60
    minutes = (minutes + visits["travel_min"] + visits["return_min"]) * visits["officers"]
    hours = minutes.groupby(visits["hotspot"]).sum().reindex(need.index, fill_value=0.0) / 60
    number = visits.groupby("hotspot").size().reindex(need.index, fill_value=0)
    table = pd.DataFrame({
        "lpt": need["lpt"], "visits": number.astype("int64"), "hours": hours.astype("float64"),
        "need": need["need"], "incidents": need["incidents"].astype("float64"),
        "tier": need["tier"],
    }, index=need.index)  # fmt: skip
    whole = table.groupby("lpt")["hours"].transform("sum")
    table["share_of_lpt_hours"] = table["hours"] / whole.where(whole > 0)
    told = plan.basis.demand.sensitivity.reindex(need.index)
    for name in ("police_incidents", "need_without", "need_with", "rank_without", "rank_with"):
        table[name] = told[name]
    known = told["need_with"].notna()
    for word in ("without", "with"):
        tier = tiers(told[f"need_{word}"].fillna(0.0), need["lpt"])
        table[f"tier_{word}"] = tier.where(known, "").astype("str")
    moved = table["tier_without"] != table["tier_with"]
    table["changes"] = [
        f"tier {a} without, {b} with police-generated records" if m else ""
        for a, b, m in zip(table["tier_without"], table["tier_with"], moved, strict=True)
    ]
    return table.astype({"changes": "str"})


def _lpt_sums(spots: pd.DataFrame, lpts: gpd.GeoDataFrame) -> pd.DataFrame:
    """Add hotspots up by LPT, those without any among them."""
    sums = spots.groupby("lpt")[["need", "incidents", "visits", "hours"]].sum()
    names = lpts.index.astype("str")
    # hotspots that lie in none of them are a row too
    sums = sums.reindex(names.append(sums.index.difference(names)), fill_value=0)
    sums["residents"] = np.nan
    for name, at in (("population", "residents"), ("incidents", "incidents")):
        if name in lpts.columns:
            sums.loc[names, at] = lpts[name].to_numpy(dtype=np.float64)
    sums.index = sums.index.astype("str").rename("lpt")
    return sums


def _compare(sums: pd.DataFrame) -> pd.DataFrame:
    """Turn sums by group into shares and rates, each beside all other groups together."""
    table = sums.copy()
    hours, people, incidents = (
        table[name].to_numpy(dtype=np.float64) for name in ("hours", "residents", "incidents")
    )
    table["share_of_hours"] = hours / (hours.sum() or 1.0)
    need = table["need"].where(table["need"] > 0)
    table["hours_per_need"] = table["share_of_hours"] / need * (need.sum() or 1.0)
    known = table["residents"].where(table["residents"] > 0)
    table["hours_per_1000"] = table["hours"] / known * 1000
    table["visits_per_1000"] = table["visits"] / known * 1000
    table["hours_per_incident"] = table["hours"] / table["incidents"].where(incidents > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        others = (np.nansum(np.where(people > 0, hours, 0)) - hours, np.nansum(people) - people)
        table["per_resident"] = np.where(
            (others[1] > 0) & (others[0] > 0), hours / people / (others[0] / others[1]), np.nan
        )
    # incidents per hour elsewhere over those here is hours per incident here over elsewhere
    rest = incidents.sum() - incidents, hours.sum() - hours
    ratio, low, high = rate_ratio(rest[0], rest[1], incidents, hours)
    table["per_incident"], table["low"], table["high"] = ratio, low, high
    none = (hours == 0) & (incidents >= FEW) & (rest[1] > 0)
    table.loc[none, ["per_incident", "low", "high"]] = 0.0
    first = [name for name in ("areas", "residents", "need", "incidents", "visits", "hours")
             if name in table.columns]  # fmt: skip
    return table[[*first, *(name for name in table.columns if name not in first)]]


def _fifths(
    plan: PatrolPlan, spots: pd.DataFrame, areas: pd.DataFrame | None
) -> tuple[pd.DataFrame, float]:
    """Add hotspots up by fifth of deprivation; also the hours that lie in no area given."""
    names = ["areas", "residents", "need", "incidents", "visits", "hours"]
    if areas is None:
        empty = pd.DataFrame({name: pd.Series([], dtype="float64") for name in names})
        return empty.rename_axis("deprivation"), 0.0
    spot, area, share = _shares(plan, areas)
    sums = {
        name: np.bincount(area, spots[name].to_numpy(dtype=np.float64)[spot] * share, len(areas))
        for name in ("need", "incidents", "visits", "hours")
    }
    if "incidents" in areas.columns:
        sums["incidents"] = areas["incidents"].to_numpy(dtype=np.float64)
    level = areas["deprivation"].to_numpy(dtype=np.float64)
    fifth = np.ceil(level / 2 if level.max() > 5 else level).astype(np.int64)
    table = pd.DataFrame({"areas": 1, "residents": areas["population"].to_numpy(dtype=float),
                          **sums})  # fmt: skip
    table = table.groupby(fifth).sum().rename_axis("deprivation")
    outside = float(spots["hours"].sum() - sums["hours"].sum())
    return table, max(outside, 0.0)


def _shares(
    plan: PatrolPlan, areas: pd.DataFrame
) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """Return pairs of hotspot and area, and the share of the hotspot in the area."""
    import geopandas as gpd
    import shapely

    spots = plan.basis.demand.hotspots
    if not isinstance(areas, gpd.GeoDataFrame):
        named = spots["neighbourhood"].astype(object)
        at = pd.Index(areas.index.astype(str)).get_indexer(named.astype(str))
        spot = np.flatnonzero(at >= 0)
        return spot, at[spot].astype(np.int64), np.ones(len(spot))
    shapes, places = areas.geometry.to_numpy(), spots.geometry.to_numpy()
    spot, area = shapely.STRtree(shapes).query(places, predicate="intersects")
    inside = shapely.area(shapely.intersection(places[spot], shapes[area]))
    share = inside / np.maximum(shapely.area(places)[spot], 1e-300)
    held = np.bincount(spot, share, len(places))
    if (held > 1.01).any():
        twice = spots.index[held > 1.01][0]
        raise InputError("patrol_fairness", [
            f"areas overlap one another where hotspot {twice!r} lies; give areas that do not, such "
            "as LSOAs of one year."
        ])  # fmt: skip
    return spot.astype(np.int64), area.astype(np.int64), share


def _concentration(
    spots: pd.DataFrame, by_lpt: pd.DataFrame, plan: PatrolPlan
) -> pd.DataFrame:  # fmt: skip
    """Measure how the hours are spread over LPTs and hotspots."""
    hours = np.sort(spots["hours"].to_numpy())[::-1]
    total = hours.sum() or np.nan
    fifth = max(1, round(len(hours) / 5)) if len(hours) else 0
    rows = [
        ("Gini between LPTs", gini(by_lpt["hours"], by_lpt["need"]),
         "officer-hours against need; 0 when hours follow need"),
        ("Gini between hotspots", gini(spots["hours"], spots["need"]),
         "officer-hours against need; 0 when hours follow need"),
        ("largest hotspot", float(hours[:1].sum() / total), "its share of all officer-hours"),
        ("top fifth of hotspots", float(hours[:fifth].sum() / total),
         "share of all officer-hours at the fifth with most"),
    ]  # fmt: skip
    where = plan.basis.demand.hotspots
    if "neighbourhood" in where.columns:
        by = spots["hours"].groupby(where["neighbourhood"].astype(object).to_numpy()).sum()
        if len(by):
            rows.append((f"largest neighbourhood ({by.idxmax()})", float(by.max() / total),
                         "its share of all officer-hours"))  # fmt: skip
    index = pd.Index([row[0] for row in rows], name="measure", dtype="str")
    return pd.DataFrame({"value": [row[1] for row in rows],
                         "meaning": pd.Series([row[2] for row in rows], dtype="str").to_numpy()},
                        index=index)  # fmt: skip
