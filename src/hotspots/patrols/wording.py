"""What the plan says of itself: coverage, reasons, fairness and the text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .need import counted, day_text, period
from .reasons import hotspot_reasons

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from .allocation import Allocation
    from .demand import Demand
    from .rules import PatrolRules

TOP_SHARE = 0.5  # said as a warning: one hotspot or LPT with more of the visits than this
BESIDE_M = 50  # metres: hotspots this near are one place to those who walk it
BASE_FAR_M = 50_000  # metres: a base this far from its hotspots is probably a slip
FAIR_RATIO = 2.0  # said as a warning: share of hours this many times above or below share of need


@dataclass(frozen=True)
class Draft:
    """A plan before it is put in words: what it was made from and what came of it.

    ``target`` and ``reached`` go by hotspot: visits shared out to it, and whether any unit on
    duty can reach it. ``tasks`` is the table they were chosen from; ``allocation`` is None where
    no visits were to be shared out.
    """

    hotspots: gpd.GeoDataFrame
    need: pd.DataFrame
    visits: pd.DataFrame
    budget: pd.DataFrame
    teams: pd.DataFrame
    target: NDArray[np.int64]
    reached: NDArray[np.bool_]
    first: pd.Timestamp
    days: int
    rules: PatrolRules
    fingerprint: str
    demand: Demand = None  # type: ignore[assignment]  # until plan.py gives it
    tasks: pd.DataFrame = None  # type: ignore[assignment]
    allocation: Allocation | None = None


def account(plan: Draft) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Set the plan beside the need: coverage and reasons per hotspot, and fairness per LPT."""
    hotspots, need, visits, days = plan.hotspots, plan.need, plan.visits, plan.days
    lpt = hotspots["lpt"].astype("str")
    names = _names(hotspots)
    daily = visits.groupby(["hotspot", "date"]).size()
    covered = (1 - plan.rules.decay**daily).groupby(level="hotspot").sum() / days
    number = visits.groupby("hotspot").size().reindex(hotspots.index, fill_value=0)
    coverage = pd.DataFrame({
        "lpt": lpt, "rank": hotspots["rank"], "name": names, "need": need["need"],
        "target_visits": plan.target, "visits": number.astype("int64"),
        "minutes": (number * plan.rules.dwell_min).astype("int64"), "visits_per_day": number / days,
        "need_covered": covered.reindex(hotspots.index, fill_value=0.0),
    })  # fmt: skip
    coverage["why_none"] = _why_none(plan, coverage)
    coverage.index.name = "hotspot"
    if plan.demand is None:
        reasons = _reasons(hotspots, need, names, coverage)
    else:
        reasons = hotspot_reasons(plan, coverage)
    fairness = pd.DataFrame({
        "need": need["need"].groupby(lpt).sum(), "visits": number.groupby(lpt).sum(),
        "available_hours": plan.budget.groupby("lpt")["available_hours"].sum(),
        "planned_hours": plan.budget.groupby("lpt")["planned_hours"].sum(),
    }).fillna(0.0)  # fmt: skip
    fairness["visits"] = fairness["visits"].astype("int64")
    fairness["share_of_hours"] = fairness["planned_hours"] / (fairness["planned_hours"].sum() or 1)
    fairness.index = fairness.index.astype("str").rename("lpt")
    return coverage, reasons, fairness


def _names(hotspots: gpd.GeoDataFrame) -> pd.Series:
    if "name" not in hotspots.columns:
        return pd.Series("", index=hotspots.index, dtype="str")
    given = hotspots["name"].astype("str").where(hotspots["name"].notna(), "")
    tidy: pd.Series = given.str.split().str.join(" ")  # a line break would split a reason
    return tidy


def _why_none(plan: Draft, coverage: pd.DataFrame) -> pd.Series:
    """Say of each hotspot without a visit why it has none; empty for the others."""
    teams, budget = plan.teams, plan.budget
    lpt = coverage["lpt"]
    staffed = lpt.isin(teams.loc[teams["planned"], "lpt"]) if len(teams) else lpt != lpt
    on_duty = lpt.isin(budget.loc[budget["available_hours"] > 0, "lpt"])
    cases = [
        (coverage["visits"] > 0, ""),
        (~lpt.isin(teams["lpt"]), "no unit serves its LPT"),
        (~staffed, "its LPT has only response units, which get no timed visits"),
        (~on_duty, "its LPT has no officer-hours for visits on these days"),
        (~plan.reached, "beyond reach: no unit can go there and back between base and break"),
        (plan.need["need"] <= 0, "no need: it holds no incidents, or no harm"),
    ]
    chosen = np.select([np.asarray(c) for c, _ in cases], [w for _, w in cases],
                       "the hours were used where they cover more need")  # fmt: skip
    return pd.Series(chosen, index=coverage.index).astype("str")


def _reasons(
    hotspots: gpd.GeoDataFrame, need: pd.DataFrame, names: pd.Series, coverage: pd.DataFrame
) -> pd.DataFrame:
    lpt = coverage["lpt"]
    table = pd.DataFrame({
        "lpt": lpt, "rank": hotspots["rank"], "name": names, "rank_in_lpt": 0, "of": 0,
        "incidents": hotspots["incidents"].round().astype("int64"),
        "share_count": need["share_count"],
        "harm": hotspots["harm"] if "harm" in hotspots.columns else np.nan,
        "share_harm": need["share_harm"], "need": need["need"], "tier": need["tier"],
        "method": hotspots["method"].astype("str"),
        "period": [period(a, b) for a, b in
                   zip(hotspots["period_start"], hotspots["period_end"], strict=True)],
    }, index=hotspots.index)  # fmt: skip
    by_need = need["need"].groupby(lpt)
    table["rank_in_lpt"] = by_need.rank(ascending=False, method="first").astype("int64")
    table["of"] = by_need.transform("size").astype("int64")
    ordered = table.sort_values(["lpt", "rank_in_lpt"])
    below = ordered.groupby("lpt")["need"].shift(-1).reindex(table.index)
    above = ordered.groupby("lpt")["need"].shift(1).reindex(table.index)
    long, change = [], []
    for (key, row), visits, why, higher, lower in zip(
        table.iterrows(), coverage["visits"], coverage["why_none"], above, below, strict=True
    ):
        where = f"{row['name']} ({key})" if row["name"] else str(key)
        text = (
            f"{where} stands {row['rank_in_lpt']} of {row['of']} by need in {row['lpt']}: "
            f"{counted(row['incidents'], 'incident')}, {row['period']} "
            f"({row['share_count']:.1%} of those in all hotspots)"
        )
        if row["share_harm"] == row["share_harm"]:
            text += f", {counted(round(row['harm']), 'day')} of harm ({row['share_harm']:.1%})"
        planned = f"{counted(visits, 'visit')} planned" if visits else f"no visit: {why}"
        long.append(f"{text}; {row['need']:.1%} of all need, tier {row['tier']}; {planned}. "
                    f"Method: {row['method']}.")  # fmt: skip
        change.append(_would_change(row["need"], higher, lower))
    table["reason"] = pd.Series(long, index=table.index, dtype="str")
    table["would_change"] = pd.Series(change, index=table.index, dtype="str")
    table.index.name = "hotspot"
    return table


def _would_change(need: float, above: float, below: float) -> str:
    said = []
    if above == above and need > 0:
        said.append(f"it would rise a place with {above / need - 1:.0%} more need")
    if below == below and need > 0:
        said.append(f"it would fall a place with {1 - below / need:.0%} less")
    if not said:
        return "It is the only one in its LPT." if need > 0 else "Any incident recorded there."
    text = " and ".join(said)
    return (
        f"{text[0].upper()}{text[1:]}; other officer-hours or another base would change its visits."
    )


def summary(
    plan: Draft, coverage: pd.DataFrame, reasons: pd.DataFrame, fairness: pd.DataFrame
) -> str:
    """Say the plan in plain English: what, what not and why, and what it does not know."""
    visits, budget, first, days = plan.visits, plan.budget, plan.first, plan.days
    last = first + pd.Timedelta(days=days - 1)
    when = f"{day_text(first)} {first.year}" + (
        f" to {day_text(last)} {last.year}" if days > 1 else ""
    )
    if coverage.empty:
        return f"Patrol plan, {when}: no hotspots were given, so no visits are planned."
    used, free = budget["planned_hours"].sum(), budget["available_hours"].sum()
    lines = [
        f"Patrol plan, {when}: {counted(len(visits), 'visit')} of {plan.rules.dwell_min} min to "
        f"{int((coverage['visits'] > 0).sum())} of {counted(len(coverage), 'hotspot')} in "
        f"{counted(int((fairness['visits'] > 0).sum()), 'LPT')}; {used:,.1f} of {free:,.1f} "
        f"officer-hours (officers × visits and travel)" + (f", {used / free:.0%}." if free else ".")
    ]
    if len(visits) and len(fairness) > 1:
        busy = fairness.sort_values("planned_hours", kind="stable").iloc[-1]
        lines.append(
            f"Most hours: {busy.name}, {busy['planned_hours']:,.1f} officer-hours, "
            f"{busy['share_of_hours']:.0%} of all, with {busy['need']:.0%} of the need."
        )
    lines += _missed(coverage, fairness)
    lines += _warnings(visits, coverage, fairness)
    lines += _places(plan)
    lines += _remarks(plan, reasons)
    lines.append(
        f"Seed: {plan.fingerprint}. This is a recommendation: nothing is tasked until somebody accepts "
        "it. It says where visits cover most recorded need, not what they will prevent."
    )
    return "\n".join(lines)


def _missed(coverage: pd.DataFrame, fairness: pd.DataFrame) -> list[str]:
    none = coverage[coverage["visits"] == 0]
    said = []
    spare = fairness[(fairness["available_hours"] > 0) & ~fairness.index.isin(coverage["lpt"])]
    if len(spare):
        said.append(f"No hotspot lies in {', '.join(spare.index)}: their hours are free.")
    for why, group in none.groupby("why_none", sort=False):
        top = group.head(5)
        shown = ", ".join(f"{called} ({key})" if called else str(key)
                          for key, called in zip(top.index, top["name"], strict=True))  # fmt: skip
        more = f" and {len(group) - 5} more" if len(group) > 5 else ""
        said.append(f"No visit to {len(group)} ({why}): {shown}{more}.")
    return said


def _warnings(visits: pd.DataFrame, coverage: pd.DataFrame, fairness: pd.DataFrame) -> list[str]:
    said: list[str] = []
    if not len(visits):
        return said
    share = coverage["visits"] / len(visits)
    if share.max() > TOP_SHARE and (coverage["visits"] > 0).sum() > 2:
        said.append(
            f"Concentration: {share.idxmax()} takes {share.max():.0%} of all visits; check that "
            "this is meant."
        )
    ratio = fairness["share_of_hours"] / fairness["need"].replace(0.0, np.nan)
    odd = fairness[(ratio > FAIR_RATIO) | (ratio < 1 / FAIR_RATIO)]
    if len(odd) and len(fairness) > 1:
        listed = "; ".join(
            f"{lpt} {row['share_of_hours']:.0%} of hours for {row['need']:.0%} of need"
            for lpt, row in odd.iterrows()
        )
        said.append(f"Hours and need far apart (units stay in their LPT): {listed}.")
    return said


def _places(plan: Draft) -> list[str]:
    """Say which hotspots lie side by side, and which bases lie nowhere near their hotspots."""
    import shapely

    said, shapes, names = [], plan.hotspots.geometry.to_numpy(), plan.hotspots.index
    a, b = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=BESIDE_M)
    pairs = sorted((i, j) for i, j in zip(a.tolist(), b.tolist(), strict=True) if i < j)
    if pairs:
        close = len({i for pair in pairs for i in pair})
        said.append(
            f"{close} hotspots lie within {BESIDE_M} m of another (as {names[pairs[0][0]]} and "
            f"{names[pairs[0][1]]}): each has visits and a gap of its own, so the streets there "
            "see more visits than any one of them. Join them first if one visit serves both."
        )
    lpt = plan.hotspots["lpt"].astype(str).to_numpy()
    for unit in plan.teams[plan.teams["base_from"] == "given"].itertuples():
        base = shapely.Point(unit.base_easting, unit.base_northing)
        away = shapely.distance(shapes[lpt == unit.lpt], base).min(initial=np.inf)
        if BASE_FAR_M < away < np.inf:
            said.append(
                f"The base of {unit.Index} lies {away / 1000:,.0f} km from the nearest hotspot of "
                f"{unit.lpt}: check base_easting and base_northing (metres)."
            )
    return said


def _remarks(plan: Draft, reasons: pd.DataFrame) -> list[str]:
    rules, teams = plan.rules, plan.teams
    said = [
        "Need is "
        + (
            "counts and harm"
            if reasons["share_harm"].notna().any()
            else "counts alone (no harm beyond them)"
        )
        + f"; each further visit in a day counts {rules.decay:g} of the one before, a choice. No "
        "hour of day is known to it: visits are spread over each shift at random.",
        f"Travel is {rules.detour:g} × straight line at {rules.foot_kmh:g} km/h on foot, "
        f"{rules.cycle_kmh:g} by cycle, {rules.vehicle_kmh:g} by vehicle + {rules.park_min:g} min "
        "to park; units leave from and return to base, also for the break. Times are local "
        "wall-clock.",
    ]
    response = int((~teams["planned"]).sum())
    if response:
        said.append(f"{counted(response, 'response unit')} without timed visits: for calls.")
    chosen = teams["planned"] & (teams["base_from"] != "given")
    if chosen.any():
        said.append(
            f"{counted(int(chosen.sum()), 'unit')} with no base coordinates: taken to start at the "
            "hotspot of the LPT with most need within 30 min; give base_easting and base_northing."
        )
    change = clock_changes(plan.first, plan.days)
    if change:
        said.append(
            f"The clocks change in the night to {', '.join(change)}: check that night's times."
        )
    return said


def clock_changes(first: pd.Timestamp, days: int) -> list[str]:
    """Name the days of a plan in whose small hours British clocks change.

    These are the last Sundays of March and October.

    Examples
    --------
    >>> clock_changes(pd.Timestamp("2026-10-19"), 7)
    ['Sun 25 Oct']
    """
    return [
        day_text(day)
        for day in pd.date_range(first, periods=days + 1)
        if day.weekday() == 6 and day.day > 24 and day.month in (3, 10)
    ]
