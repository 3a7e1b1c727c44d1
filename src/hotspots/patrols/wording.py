"""What the plan says of itself: coverage, reasons, fairness and the text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .lines import in_peak, visit_lines
from .page import referrals
from .quotas import quotas, unmet_text
from .reasons import at_premises, hotspot_reasons, why_flat
from .resources import parse_units
from .tasks import able, choose_tasks
from .trial import trial_days, trial_text
from .unpredictability import FEW_VISITS, SAME_MIN, unpredictability
from .words import counted, day_text, percent

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from .allocation import Allocation
    from .basis import Basis
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
    no visits were shared out.
    """

    basis: Basis
    visits: pd.DataFrame
    budget: pd.DataFrame
    teams: pd.DataFrame
    target: NDArray[np.int64]
    reached: NDArray[np.bool_]
    tasks: pd.DataFrame
    allocation: Allocation | None = None

    @property
    def demand(self) -> Demand:
        """Need per hotspot and hour."""
        return self.basis.demand

    @property
    def hotspots(self) -> gpd.GeoDataFrame:
        """The places, as given."""
        return self.basis.demand.hotspots

    @property
    def need(self) -> pd.DataFrame:
        """Need per hotspot."""
        return self.basis.demand.need

    @property
    def rules(self) -> PatrolRules:
        """The rules of the plan."""
        return self.basis.rules

    @property
    def first(self) -> pd.Timestamp:
        """First duty day."""
        return self.basis.first

    @property
    def days(self) -> int:
        """Duty days."""
        return self.basis.days


def put_in_words(plan: Draft) -> dict[str, Any]:
    """Return the tables and the text of a plan by the names of the fields of ``PatrolPlan``.

    All but ``basis``; ``visits`` with ``reason``, ``why_then`` and ``why_unit`` filled in.
    """
    coverage, reasons, fairness = account(plan)
    spread = unpredictability(plan.visits, plan.budget)
    return {
        "visits": plan.visits.assign(**visit_lines(plan, reasons)), "coverage": coverage,
        "reasons": reasons, "budget": plan.budget, "teams": plan.teams, "fairness": fairness,
        "unpredictability": spread, "referrals": referrals(reasons),
        "said": summary(plan, coverage, reasons, fairness, spread),
    }  # fmt: skip


def account(plan: Draft) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Set the plan beside the need: coverage and reasons per hotspot, and fairness per LPT."""
    hotspots, need, visits, days = plan.hotspots, plan.need, plan.visits, plan.days
    lpt = hotspots["lpt"].astype("str")
    daily = visits.groupby(["hotspot", "date"]).size()
    covered = (1 - plan.rules.decay**daily).groupby(level="hotspot").sum() / days
    number = visits.groupby("hotspot").size().reindex(hotspots.index, fill_value=0)
    there = (visits["depart"] - visits["arrive"]).dt.total_seconds() / 60
    minutes = there.groupby(visits["hotspot"]).sum().reindex(hotspots.index, fill_value=0)
    coverage = pd.DataFrame({
        "lpt": lpt, "rank": hotspots["rank"], "name": need["name"], "need": need["need"],
        "target_visits": plan.target, "visits": number.astype("int64"),
        "minutes": minutes.round().astype("int64"), "visits_per_day": number / days,
        "need_covered": covered.reindex(hotspots.index, fill_value=0.0),
    })  # fmt: skip
    coverage["why_none"] = _why_none(plan, coverage)
    coverage.index.name = "hotspot"
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


def _why_none(plan: Draft, coverage: pd.DataFrame) -> pd.Series:
    """Say of each hotspot without a visit why it has none; empty for the others."""
    teams, budget = plan.teams, plan.budget
    lpt = coverage["lpt"]
    staffed = lpt.isin(teams.loc[teams["planned"], "lpt"]) if len(teams) else lpt != lpt
    on_duty = lpt.isin(budget.loc[budget["available_hours"] > 0, "lpt"])
    known = lpt.isin(plan.basis.lpts.index.astype("str"))
    cases = [
        (coverage["visits"] > 0, ""),
        (plan.need["route"] != "patrol", "sent to problem solving instead: see referrals"),
        (_shut(plan), "not on these days"),
        (~known, "it lies in none of the LPTs given"),
        (~lpt.isin(teams["lpt"]), "no unit serves its LPT"),
        (~staffed, "its LPT has only response units, which get no timed visits"),
        (~on_duty, "its LPT has no officer-hours for visits on these days"),
        (_unbudgeted(plan, lpt), "the plan is given no officer-hours for its LPT"),
        (~_allowed(plan), "no unit of its LPT may do its task at the hours it is on duty"),
        (~plan.reached, "beyond reach: no unit can go there and back between base and break"),
        (plan.need["need"] <= 0, "no need: it holds no incidents, or no harm"),
    ]
    chosen = np.select([np.asarray(c) for c, _ in cases], [w for _, w in cases],
                       "the hours were used where they cover more need")  # fmt: skip
    return pd.Series(chosen, index=coverage.index).astype("str")


def _shut(plan: Draft) -> NDArray[np.bool_]:
    """Tell which hotspots the calendar of a trial closes on every day of the plan."""
    found = trial_days(plan.rules.trial, plan.need.index, plan.first, plan.days)
    return np.asarray(found.shut[:, : plan.days].all(axis=1))


def _unbudgeted(plan: Draft, lpt: pd.Series) -> NDArray[np.bool_]:
    """Tell which hotspots lie in an LPT that the rules give no officer-hours."""
    given = plan.rules.officer_hours
    if isinstance(given, Mapping):
        return lpt.isin([name for name, hours in given.items() if hours <= 0]).to_numpy(dtype=bool)
    return np.full(len(lpt), given is not None and given <= 0)


def _allowed(plan: Draft) -> NDArray[np.bool_]:
    """Tell which hotspots have a task that some unit of their LPT may do while on duty."""
    asked = plan.tasks.loc[choose_tasks(plan.need, plan.tasks)]
    lpt = plan.need["lpt"].astype("str").to_numpy()
    allowed = np.zeros(len(asked), dtype=bool)
    budget = plan.budget.drop_duplicates(["lpt", "shift"])
    spans = {
        (team, shift): (start, end) for team, shift, start, end in
        zip(budget["lpt"], budget["shift"], budget["start"], budget["end"], strict=True)
    }  # fmt: skip
    table = plan.basis.units
    table = table.set_index("unit") if "unit" in table.columns else table
    for unit in parse_units(table, []):
        if unit.response or (unit.lpt, unit.shift) not in spans:
            continue
        start, end = spans[unit.lpt, unit.shift]
        first = (start - start.normalize()) / pd.Timedelta(minutes=1)
        at = np.arange(first, first + (end - start) / pd.Timedelta(minutes=1), 15.0)
        may = able(unit, asked, at, at, plan.rules.pairs_from, plan.rules.pairs_to).any(axis=1)
        allowed |= may & (lpt == unit.lpt)
    return allowed


def summary(
    plan: Draft, coverage: pd.DataFrame, reasons: pd.DataFrame, fairness: pd.DataFrame,
    spread: pd.DataFrame,
) -> str:  # fmt: skip
    """Say the plan in plain English: what, what not and why, and what it does not know."""
    visits, first, days = plan.visits, plan.first, plan.days
    last = first + pd.Timedelta(days=days - 1)
    when = f"{day_text(first)} {first.year}" + (
        f" to {day_text(last)} {last.year}" if days > 1 else ""
    )
    if coverage.empty:
        return f"Patrol plan, {when}: no hotspots were given, so no visits are planned."
    lines = [f"Patrol plan, {when}: {_answer(plan, coverage, fairness)}."]
    if len(visits):
        lines.append(_when(plan, reasons))
    lines += trial_text(plan.basis, visits)
    lines += _missed(coverage, fairness)
    lines += _to_check(reasons)
    lines += _kept(plan)
    lines += _warnings(visits, coverage, fairness)
    lines += _asked_for(plan)
    lines += _guessed(spread)
    lines += _places(plan)
    lines += _remarks(plan, reasons)
    lines.append(
        f"Seed: {plan.basis.fingerprint}. This is a recommendation: nothing is tasked until "
        "somebody accepts it. It says where visits cover most recorded need, not what they will "
        "prevent."
    )
    return "\n".join(lines)


def _answer(plan: Draft, coverage: pd.DataFrame, fairness: pd.DataFrame) -> str:
    """Say how many visits there are, where, and what part of the officer-hours they take."""
    here, used = fairness["available_hours"], fairness["planned_hours"].sum()
    free, given = here.sum(), plan.rules.officer_hours
    if isinstance(given, Mapping):
        free = sum(min(here[lpt], given.get(lpt, np.inf)) for lpt in here.index)
    elif given is not None:
        free = min(free, given)
    hours = f"{used:,.1f} of {free:,.1f} officer-hours"
    if free < here.sum():
        hours += f" allowed, of {here.sum():,.1f} on duty"
    hours += " (officers × visits and travel)" + (f", {used / free:.0%}" if free else "")
    if not len(plan.visits):
        return f"no visits to any of {counted(len(coverage), 'hotspot')}; {hours}"
    return (
        f"{counted(len(plan.visits), 'visit')} of {plan.rules.dwell_min} min to "
        f"{int((coverage['visits'] > 0).sum())} of {counted(len(coverage), 'hotspot')} in "
        f"{counted(int((fairness['visits'] > 0).sum()), 'LPT')}; {hours}"
    )


def _when(plan: Draft, reasons: pd.DataFrame) -> str:
    """Say how many visits fall in the busiest windows, beside an even spread over the duty."""
    if flat := why_flat(plan):
        return f"No hour of day is known ({flat}): visits are spread over each shift at random."
    visits = plan.visits[plan.visits["hotspot"].map(reasons["peak"] != "")]
    if not len(visits):
        return "No busiest window stands out at any hotspot visited."
    share = float(in_peak(visits, reasons).mean())
    duty = _clock_hours(plan.budget)
    even = 0.0
    number = visits["hotspot"].value_counts(sort=False)
    seen = reasons.loc[number.index]
    for n, lpt, start, long in zip(
        number, seen["lpt"], seen["peak_start"], seen["peak_hours"], strict=True
    ):
        held = duty[lpt]
        even += n * held[(int(start) + np.arange(int(long))) % 24].sum() / held.sum()
    return (
        f"{percent(share)} of visits begin in the busiest hours of their hotspot, against "
        f"{percent(even / len(visits))} if spread evenly over the hours on duty."
    )


def _clock_hours(budget: pd.DataFrame) -> dict[str, NDArray[np.float64]]:
    """Minutes on duty in each hour of the clock, by LPT, added up over the days."""
    found: dict[str, NDArray[np.float64]] = {}
    some = budget[budget["available_hours"] > 0]
    for lpt, start, end in zip(some["lpt"], some["start"], some["end"], strict=True):
        held = found.setdefault(lpt, np.zeros(24))
        minutes = (
            start.hour * 60 + start.minute + np.arange(int((end - start).total_seconds() // 60))
        )
        np.add.at(held, minutes // 60 % 24, 1.0)
    return found


def _kept(plan: Draft) -> list[str]:
    """Say which rules could not be kept in full, what rules cost, and how near the best it is."""
    said = unmet_text(quotas(plan.basis, plan.visits, plan.budget))
    if plan.allocation is None:
        return said
    costs = plan.allocation.costs
    whole = costs[(costs["where"] == "") & (costs["value_lost_share"] >= 0.001)]
    if len(whole):
        listed = "; ".join(f"{row['group']} {percent(row['value_lost_share'])}"
                           for row in whole.to_dict("records"))  # fmt: skip
        said.append(f"What rules cost, as a share of the need covered without them: {listed}.")
    if plan.allocation.gap >= 0.001:
        said.append(
            f"The visits shared out cover within {percent(plan.allocation.gap)} of the most there "
            "can be."
        )
    return said


def _asked_for(plan: Draft) -> list[str]:
    """Say what community priorities add, and which do not count."""
    given = plan.demand.priorities
    if given.empty:
        return []
    counts = given["status"].isin(["applied", "capped"])
    said = (
        f"Community priorities: {int(counts.sum())} of {len(given)} count and make up "
        f"{percent(float(plan.need['priority_points'].sum()))} of the need"
    )
    if capped := int((given["status"] == "capped").sum()):
        said += f" ({capped} held to the most they may)"
    for status in ("expired", "not yet", "no hotspot there"):
        if n := int((given["status"] == status).sum()):
            said += f"; {n} {status}"
    return [f"{said}."]


def _to_check(reasons: pd.DataFrame) -> list[str]:
    """Say where most incidents are recorded at premises, whose problem visits will not solve."""
    found = at_premises(reasons).sort_values("need", ascending=False, kind="stable")
    if not len(found):
        return []
    shown = ", ".join(f"{row['largest_place']} ({key})" for key, row in found.head(3).iterrows())
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    return [
        f"Check {len(found)} of {counted(len(reasons), 'hotspot')} before tasking: half or more of "
        f"the incidents are recorded at premises, whose problem comes before patrol: {shown}{more}."
    ]


def _guessed(spread: pd.DataFrame) -> list[str]:
    """Say how easily the times are guessed from the day before."""
    by_lpt = spread[spread["hotspot"] == ""]
    pairs = by_lpt["pairs"].sum()
    if pairs < FEW_VISITS:
        return []
    same = float((by_lpt["same_time"].fillna(0) * by_lpt["pairs"]).sum() / pairs)
    chance = float((by_lpt["by_chance"].fillna(0) * by_lpt["pairs"]).sum() / pairs)
    return [
        f"{percent(same)} of visits come within {SAME_MIN} minutes of the time of one to the same "
        f"place the day before; {percent(chance)} would by chance."
    ]


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
    if len(fairness) > 1:
        busy = fairness.sort_values("planned_hours", kind="stable").iloc[-1]
        said.append(
            f"Most hours: {busy.name}, {busy['planned_hours']:,.1f} officer-hours, "
            f"{busy['share_of_hours']:.0%} of all, with {busy['need']:.0%} of the need."
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
        + f"; each further visit in a day counts {rules.decay:g} of the one before, a choice.",
        ("Travel is along the roads given"
         if rules.roads is not None else
         f"Travel is {rules.detour:g} × straight line at {rules.foot_kmh:g} km/h on foot, "
         f"{rules.cycle_kmh:g} by cycle, {rules.vehicle_kmh:g} by vehicle")
        + f" + {rules.park_min:g} min to park; units leave from and return to base, also for the "
        "break. Times are local wall-clock.",
    ]  # fmt: skip
    said += _off_roads(plan)
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


def _off_roads(plan: Draft) -> list[str]:
    """Say which hotspots the roads given do not reach, for any way of moving that is used."""
    roads = plan.rules.roads
    if roads is None or not len(plan.hotspots):
        return []
    centres = plan.hotspots.geometry.representative_point()
    xy = np.column_stack([centres.x, centres.y])
    modes = sorted(set(plan.teams.loc[plan.teams["planned"], "mode"]))
    off = sorted({int(n) for mode in modes for n in roads.off_network(xy, mode)["place"]})
    if not off:
        return []
    named = ", ".join(map(str, plan.hotspots.index[off[:3]]))
    more = f" and {len(off) - 3} more" if len(off) > 3 else ""
    return [
        f"Off the roads given: {counted(len(off), 'hotspot')} ({named}{more}); travel there is "
        f"{plan.rules.detour:g} × straight line."
    ]


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
