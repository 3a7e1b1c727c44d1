"""The tables of what was delivered, by visit, hotspot and day, shift, and kind of unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ._matching import (
    MISSED,
    SHORT,
    STATUSES,
    UNKNOWN,
    covering,
    fresh_ms,
    match,
    seen_ms,
    unseen_ms,
)
from ._presence import HOUR, MINUTE, POWERS, Presence, local, utc

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

NOBODY = "no shift"
STRANGE = "not in the plan"
_DAY = 24 * HOUR


def plan_hotspots(plan: Any, given: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame | None:
    """Return the places given, else those the plan was made from, else None."""
    if given is not None:
        return given
    demand = getattr(getattr(plan, "basis", None), "demand", None)
    return getattr(demand, "hotspots", None)


@dataclass(frozen=True)
class Ground:
    """The plan in numbers: visits, dated shifts and crews with times in UTC milliseconds."""

    visits: pd.DataFrame
    hotspots: pd.DataFrame  # index hotspot: lpt, name
    teams: pd.DataFrame
    duties: pd.DataFrame  # as the budget, with begin and end
    crews: pd.DataFrame  # unit, duty, begin, end of every planned unit
    dates: pd.DatetimeIndex
    period: tuple[int, int]

    @property
    def units(self) -> pd.Index:
        """Names of the units of the plan."""
        return self.teams.index.astype(str)

    @classmethod
    def of(cls, plan: Any, tz: str) -> Ground:
        """Read a plan's tables."""
        tables = plan.tables
        visits, budget = tables["visits"].copy(), tables["budget"]
        duties = budget.sort_values(["date", "lpt", "start", "shift"], ignore_index=True)
        duties = duties.assign(begin=utc(duties["start"], tz)[0], end_=utc(duties["end"], tz)[0])
        teams = tables["teams"]
        hotspots = tables["coverage"][["lpt", "name"]].astype("str")
        first, last = budget["date"].min(), budget["date"].max()
        if (basis := getattr(plan, "basis", None)) is not None:
            first, last = basis.first, basis.first + pd.Timedelta(days=basis.days - 1)
        dates = pd.date_range(first, last, freq="D").as_unit("s")
        edges = pd.Series([dates[0], dates[-1] + pd.Timedelta(days=1)])
        low, high = utc(edges, tz)[0].tolist()
        high = max(high, int(duties["end_"].max()) + HOUR)
        return cls(visits, hotspots, teams, duties, _crews(duties, teams), dates, (low, high))


def _crews(duties: pd.DataFrame, teams: pd.DataFrame) -> pd.DataFrame:
    """Return who is on which dated shift."""
    crew = teams.reset_index(names="name").assign(unit=np.arange(len(teams)))
    crew = crew[crew["planned"].astype(bool)]
    duty = duties.reset_index(names="duty")[["duty", "lpt", "shift", "begin", "end_"]]
    joined = crew[["unit", "lpt", "shift"]].merge(duty, on=["lpt", "shift"])
    return joined.sort_values(["unit", "begin"], ignore_index=True)


def account(
    ground: Ground, presence: Presence, beside: Presence | None, rules: Any, tz: str
) -> dict[str, pd.DataFrame]:
    """Set what was seen against what was planned, in every table of the result."""
    seen = _seen(ground, presence, rules)
    stays = _dated(ground, presence, tz)
    stays["minutes"] = (stays["end"] - stays["start"]) / MINUTE
    stays["visit"] = stays["minutes"] >= rules.pass_min - 1e-9
    kept = stays[stays["visit"]].reset_index(drop=True)
    visits, used = _visits(ground, kept, seen, rules, tz)
    kept["unplanned"] = ~kept.index.isin(used)
    share = _records_share(ground, seen)
    dosage = _dosage(ground, visits, kept, stays[~stays["visit"]], share)
    entries = (presence if beside is None else beside).entries
    done = _done(ground, entries, tz)
    shifts = _shifts(ground, visits, kept, seen, done)
    hours = _hours(kept)
    spots = _spots(ground, visits, dosage, kept)
    return {
        "visits": visits, "dosage": dosage, "hotspots": spots, "shifts": shifts, "hours": hours,
        "powers": _powers(shifts), "quality": _quality(presence, beside),
    }  # fmt: skip


def _seen(ground: Ground, presence: Presence, rules: Any) -> pd.DataFrame:
    """Stretches with records by unit; a log speaks for the whole of each shift it has a word of."""
    if presence.seen is not None:
        return presence.seen
    crews, entries = ground.crews, presence.entries
    slack = round(rules.tolerance_min * MINUTE)
    spans = (crews["unit"].to_numpy(), crews["begin"].to_numpy(), crews["end_"].to_numpy())
    at = covering(entries["unit"].to_numpy(), entries["start"].to_numpy(), spans, max(slack, HOUR))
    told = crews.iloc[np.unique(at[at >= 0])]
    start, end = told["begin"].to_numpy() - slack, told["end_"].to_numpy() + slack
    unit = told["unit"].to_numpy()
    if len(start) > 1:  # shifts that follow each other closely
        start[1:] = np.where(unit[1:] == unit[:-1], np.maximum(start[1:], end[:-1]), start[1:])
    return pd.DataFrame({"unit": unit, "start": start, "end": end})


def _duty(ground: Ground, unit: Ints, start: Ints, lpt: NDArray[Any]) -> Ints:
    """Find the dated shift each start belongs to: the unit's own, else one of the LPT's, else -1.

    A unit that is away from its LPT counts where it is.
    """
    crews, duties = ground.crews, ground.duties
    spans = (crews["unit"].to_numpy(), crews["begin"].to_numpy(), crews["end_"].to_numpy())
    own = covering(unit, start, spans, HOUR)
    duty = np.where(own >= 0, crews["duty"].to_numpy()[own], -1) if len(crews) else own
    there = np.append(duties["lpt"].astype(str).to_numpy(dtype=object), "")[duty] == lpt
    teams = {name: n for n, name in enumerate(pd.unique(duties["lpt"].astype(str)))}
    code = np.array([teams.get(name, -1) for name in lpt], dtype=np.int64)
    of = np.array([teams[name] for name in duties["lpt"].astype(str)], dtype=np.int64)
    spans = (of, duties["begin"].to_numpy(), duties["end_"].to_numpy())
    known = code >= 0
    shared = np.full(len(code), -1, dtype=np.int64)
    shared[known] = covering(code[known], start[known], spans)
    found: Ints = np.where(there, duty, shared)
    return found


def _place(ground: Ground, rows: pd.DataFrame, tz: str) -> pd.DataFrame:
    """Add hotspot, LPT, duty day and shift to rows with unit, hotspot and start as numbers."""
    at = rows["hotspot"].to_numpy()
    lpt = ground.hotspots["lpt"].to_numpy(dtype=object)[at]
    duty = _duty(ground, rows["unit"].to_numpy(), rows["start"].to_numpy(), lpt)
    day = local(rows["start"], tz).normalize()
    day = day.where(day >= ground.dates[0], ground.dates[0])
    day = day.where(day <= ground.dates[-1], ground.dates[-1])
    dates = pd.DatetimeIndex(ground.duties["date"]).as_unit("s").to_numpy()
    name = np.append(ground.duties["shift"].to_numpy(dtype=object), NOBODY)
    return rows.assign(
        lpt=pd.Series(lpt, index=rows.index, dtype="str"),
        date=np.where(duty >= 0, dates[duty], day.to_numpy().astype(dates.dtype)),
        shift=pd.Series(name[duty], index=rows.index, dtype="str"), duty=duty,
    )  # fmt: skip


def _dated(ground: Ground, presence: Presence, tz: str) -> pd.DataFrame:
    """Give every stay its LPT, duty day, shift, officers and kind of unit."""
    stays = presence.stays.sort_values(["start", "end", "hotspot", "unit"], ignore_index=True)
    stays = _place(ground, stays, tz)
    known = len(ground.teams)
    more = len(presence.units) - known
    officers = np.append(ground.teams["officers"].to_numpy(dtype=float), np.ones(more))
    kind = [*ground.teams["kind"].astype(str),
            *(presence.agency[n] or STRANGE for n in range(known, known + more))]  # fmt: skip
    unit = stays["unit"].to_numpy()
    stays["officers"] = stays["officers"].fillna(pd.Series(officers[unit], index=stays.index))
    stays["kind"] = pd.Series(np.array(kind, dtype=object)[unit], index=stays.index, dtype="str")
    # time of a unit in two hotspots at once counts once
    start, end = stays["start"].to_numpy(), stays["end"].to_numpy()
    return stays.assign(own_ms=fresh_ms(unit, start, end))


def _visits(
    ground: Ground, stays: pd.DataFrame, seen: pd.DataFrame, rules: Any, tz: str
) -> tuple[pd.DataFrame, Ints]:
    """Return the outcome of every planned visit, and which stays it took."""
    plan = ground.visits
    kept = ["hotspot", "lpt", "unit", "shift", "date", "arrive", "depart"]
    table = plan[kept].copy()
    (arrive, twice), (depart, _) = utc(plan["arrive"], tz), utc(plan["depart"], tz)
    slack = round(rules.tolerance_min * MINUTE)
    low, high = arrive - slack, depart + slack + np.where(twice, HOUR, 0)
    duty = plan.merge(
        ground.duties[["lpt", "shift", "date", "begin", "end_"]], on=["lpt", "shift", "date"],
        how="left",
    )  # fmt: skip
    unit = ground.units.get_indexer(plan["unit"].astype(str)).astype(np.int64)
    begin = duty["begin"].fillna(pd.Series(low)).to_numpy().astype(np.int64) - slack
    close = duty["end_"].fillna(pd.Series(high)).to_numpy().astype(np.int64) + slack
    asked = pd.DataFrame({
        "unit": unit, "hotspot": ground.hotspots.index.get_indexer(plan["hotspot"]),
        "arrive": arrive, "low": low, "high": high,
        "begin": np.minimum(begin, low), "end": np.maximum(close, high),
    })  # fmt: skip
    found = match(asked, stays, rules)
    # silence counts while the unit is on duty: it may go home within the window of its last visit
    on = np.where(duty["begin"].notna(), np.maximum(low, begin + slack), low)
    off = np.where(duty["begin"].notna(), np.minimum(high, close - slack), high)
    hidden = unseen_ms(unit, on, np.maximum(off, on), seen) >= rules.least_min * MINUTE
    status = found["status"].to_numpy(dtype=object)
    status[np.isin(status, [SHORT, MISSED]) & hidden] = UNKNOWN
    at = found["stay"].to_numpy()
    some = at >= 0
    came = np.where(some, stays["start"].to_numpy()[at], 0) if len(stays) else np.zeros_like(at)
    came = (came + MINUTE // 2) // MINUTE * MINUTE  # to the minute: nothing finer is kept
    late = (came - arrive) / MINUTE
    late = np.where(twice & (late > 30), late - 60, late)  # planned in the second of two hours
    table["status"] = pd.Series(status, index=table.index, dtype="str")
    table["arrived"] = local(came, tz).where(some)
    table["late_min"] = np.where(some, late, np.nan)
    gone = np.where((status == MISSED) | (status == UNKNOWN) & ~some, 0.0, found["minutes"])
    table["minutes"] = np.where((status == UNKNOWN) & ~some, np.nan, gone.round(1))
    return table, at[some]


def _records_share(ground: Ground, seen: pd.DataFrame) -> pd.Series:
    """Share of the time of units on duty with records, by LPT and duty day."""
    crews = _covered(ground, seen)
    date = ground.duties["date"].to_numpy()[crews["duty"].to_numpy()]
    total = crews.assign(date=date).groupby(["lpt", "date"])[["covered", "long"]].sum()
    share: pd.Series = total["covered"] / total["long"]
    return share


def _covered(ground: Ground, seen: pd.DataFrame) -> pd.DataFrame:
    crews = ground.crews
    unit, begin, end = (crews[c].to_numpy() for c in ("unit", "begin", "end_"))
    return crews.assign(covered=seen_ms(unit, begin, end, seen), long=end - begin)


def _counts(rows: pd.DataFrame, by: list[str], index: pd.MultiIndex) -> pd.DataFrame:
    """Sum what was delivered."""
    summed = rows.assign(
        visits=1, officer_minutes=rows["minutes"] * rows["officers"],
        patrol=rows["fresh_ms"] / MINUTE,
    ).groupby(by)[["visits", "patrol", "officer_minutes", "unplanned"]].sum()  # fmt: skip
    return summed.reindex(index, fill_value=0)


def _dosage(
    ground: Ground, visits: pd.DataFrame, stays: pd.DataFrame, passes: pd.DataFrame,
    share: pd.Series,
) -> pd.DataFrame:  # fmt: skip
    names = ground.hotspots.index
    index = pd.MultiIndex.from_product([names, ground.dates], names=["hotspot", "date"])
    length = (visits["depart"] - visits["arrive"]) / pd.Timedelta(minutes=1)
    planned = visits.assign(length=length).groupby(["hotspot", "date"])["length"]
    table = pd.DataFrame({
        "lpt": ground.hotspots["lpt"].reindex(index.get_level_values(0)).to_numpy(),
        "planned_visits": planned.size().reindex(index, fill_value=0),
        "planned_minutes": planned.sum().reindex(index, fill_value=0.0),
    }, index=index)  # fmt: skip

    def named(rows: pd.DataFrame) -> pd.DataFrame:
        return rows.assign(hotspot=names.to_numpy()[rows["hotspot"].to_numpy()])

    start, end = stays["start"].to_numpy(), stays["end"].to_numpy()
    there = named(stays.assign(fresh_ms=fresh_ms(stays["hotspot"].to_numpy(), start, end)))
    given = _counts(there, ["hotspot", "date"], index)
    brief = named(passes).groupby(["hotspot", "date"])["minutes"]
    share_of = share.reindex(pd.MultiIndex.from_arrays([table["lpt"], index.get_level_values(1)]))
    table = table.assign(
        visits=given["visits"], minutes=given["patrol"], officer_minutes=given["officer_minutes"],
        unplanned_visits=given["unplanned"], passes=brief.size().reindex(index, fill_value=0),
        passing_minutes=brief.sum().reindex(index, fill_value=0.0),
        records_share=share_of.to_numpy(),
    )  # fmt: skip
    told = ["visits", "minutes", "officer_minutes", "unplanned_visits", "passes", "passing_minutes"]
    table[told] = table[told].astype("float64")
    silent = ~(table["records_share"] > 0) & (table["visits"] == 0) & (table["passes"] == 0)
    # a day on which no unit of the LPT was to work is known where anybody sent anything
    idle = table["records_share"].isna()
    heard = share[share > 0].index.get_level_values("date")
    silent &= ~(idle & pd.Series(index.get_level_values(1).isin(heard), index=index))
    table.loc[silent, told] = np.nan
    table = table.reset_index()
    table["hotspot"], table["lpt"] = table["hotspot"].astype("str"), table["lpt"].astype("str")
    return table


def _tally(visits: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Count planned visits by what became of them."""
    table = pd.crosstab([visits[c] for c in by], visits["status"]).reindex(
        columns=list(STATUSES), fill_value=0
    )
    table.columns = [s.replace(" ", "_") for s in STATUSES]
    table.insert(0, "planned_visits", table.sum(axis=1))
    table.insert(1, "in_time", table["met"] + table["other_unit"])
    table.insert(2, "compliance", compliance(table))
    return table


def compliance(table: pd.DataFrame) -> pd.Series:
    """Share made in time, of the planned visits whose outcome is known; NaN where none is."""
    known = table["planned_visits"] - table["unknown"]
    share: pd.Series = (table["in_time"] / known.where(known > 0)).astype("float64")
    return share


def _shifts(
    ground: Ground, visits: pd.DataFrame, stays: pd.DataFrame, seen: pd.DataFrame,
    done: pd.DataFrame,
) -> pd.DataFrame:  # fmt: skip
    by = ["date", "lpt", "shift"]
    base = ground.duties.set_index(by)[["units", "officers"]]
    tally = _tally(visits, by)
    length = (visits["depart"] - visits["arrive"]) / pd.Timedelta(minutes=1)
    planned = visits.assign(length=length).groupby(by)["length"].sum()
    start, end = stays["start"].to_numpy(), stays["end"].to_numpy()
    there = stays.assign(
        fresh=fresh_ms(stays["hotspot"].to_numpy(), start, end) / MINUTE,
        hours=stays["own_ms"] / HOUR * stays["officers"], visits=1,
    )  # fmt: skip
    given = there.groupby(by)[["visits", "unplanned", "fresh", "hours"]].sum()
    index = base.index
    for more in (given.index, done.index, tally.index):
        index = index.union(more)
    index = index.sort_values()
    crews = _covered(ground, seen).groupby("duty")[["covered", "long"]].sum()
    share = (crews["covered"] / crews["long"]).reindex(ground.duties.index)
    table = base.reindex(index, fill_value=0).join(tally.drop(columns="compliance"))
    counts = [c for c in tally.columns if c != "compliance"]
    table[counts] = table[counts].fillna(0).astype("int64")
    table["compliance"] = compliance(table)
    table["planned_minutes"] = planned.reindex(index, fill_value=0.0)
    given = given.reindex(index, fill_value=0)
    table["visits"], table["unplanned_visits"] = given["visits"], given["unplanned"]
    table["minutes"], table["officer_hours"] = given["fresh"], given["hours"]
    table["records_share"] = pd.Series(share.to_numpy(), index=base.index).reindex(index)
    told = ["visits", "unplanned_visits", "minutes", "officer_hours"]
    table[told] = table[told].astype("float64")
    table.loc[~(table["records_share"] > 0) & (table["visits"] == 0), told] = np.nan
    table = table.join(done.reindex(index, fill_value=0)).reset_index()
    return table.astype({"lpt": "str", "shift": "str"})


def _done(ground: Ground, entries: pd.DataFrame, tz: str) -> pd.DataFrame:
    """Sum what was done at hotspots by duty day, LPT and shift."""
    columns = [p for p in POWERS if p in entries.columns]
    by = ["date", "lpt", "shift"]
    if not columns:
        return pd.DataFrame(index=ground.duties.set_index(by).index[:0])
    return _place(ground, entries, tz).groupby(by)[columns].sum()


def _hours(stays: pd.DataFrame) -> pd.DataFrame:
    by = ["date", "lpt", "kind"]
    rows = stays.assign(hours=stays["own_ms"] / HOUR * stays["officers"], visits=1)
    table = rows.groupby(by)[["visits", "hours"]].sum().reset_index()
    return table.rename(columns={"hours": "officer_hours"}).astype({"lpt": "str", "kind": "str"})


def _spots(
    ground: Ground, visits: pd.DataFrame, dosage: pd.DataFrame, stays: pd.DataFrame
) -> pd.DataFrame:
    index = ground.hotspots.index
    tally = _tally(visits, ["hotspot"]).reindex(index)
    counts = [c for c in tally.columns if c != "compliance"]
    tally[counts] = tally[counts].fillna(0).astype("int64")
    known = dosage[dosage["visits"].notna()]
    total = known.groupby("hotspot")[["planned_minutes", "visits", "unplanned_visits", "minutes",
                                      "officer_minutes", "passes"]].sum()  # fmt: skip
    days = known.groupby("hotspot").size().reindex(index, fill_value=0)
    visited = known[known["visits"] > 0].groupby("hotspot").size()
    total = total.reindex(index)
    table = ground.hotspots.assign(
        **tally[["planned_visits", "in_time", "unknown", "compliance"]],
        visits=total["visits"], unplanned_visits=total["unplanned_visits"],
        planned_minutes=dosage.groupby("hotspot")["planned_minutes"].sum().reindex(index),
        minutes=total["minutes"], officer_minutes=total["officer_minutes"],
        passes=total["passes"], days_known=days,
        planned_per_day=total["planned_minutes"] / days.where(days > 0),
        minutes_per_day=total["minutes"] / days.where(days > 0),
        days_visited=visited.reindex(index, fill_value=0),
    )  # fmt: skip
    opened = int(ground.duties["begin"].min())
    until = int(max(ground.duties["end_"].max(), stays["end"].max() if len(stays) else 0))
    first, gap = _gaps(stays, len(index), opened, until)
    table["first_visit_h"], table["longest_gap_h"] = first, gap
    table.loc[days == 0, "longest_gap_h"] = np.nan
    table.index = table.index.astype("str").rename("hotspot")
    return table


def _gaps(stays: pd.DataFrame, hotspots: int, opened: int, until: int) -> tuple[Floats, Floats]:
    """Hours to the first visit, and longest time without one, by hotspot."""
    at = stays.sort_values(["hotspot", "start"])
    place, start, end = (at[c].to_numpy() for c in ("hotspot", "start", "end"))
    first = np.full(hotspots, np.nan)
    np.fmin.at(first, place, np.maximum(start - opened, 0) / HOUR)
    gap = np.full(hotspots, float(until - opened))
    if len(place):
        upto = pd.Series(end).groupby(place).cummax().to_numpy()
        before = np.append(opened, np.where(np.diff(place) == 0, upto[:-1], opened))
        gap[np.unique(place)] = 0
        np.maximum.at(gap, place, np.maximum(start - before, 0))
        last = pd.Series(end).groupby(place).max()
        np.maximum.at(gap, last.index.to_numpy(), np.maximum(until - last.to_numpy(), 0))
    return first, gap / HOUR


def _powers(shifts: pd.DataFrame) -> pd.DataFrame:
    """Rates per 100 officer-hours at hotspots with exact intervals."""
    from ..chance.exact import poisson_interval

    columns = [p for p in POWERS if p in shifts.columns]
    parts = []
    if columns:
        by = shifts.groupby("lpt")[[*columns, "officer_hours"]].sum()
        total = pd.concat([by.sum().to_frame("all LPTs").T, by])
        for power in columns:
            count, hours = total[power].to_numpy(float), total["officer_hours"].to_numpy(float)
            low, high = poisson_interval(count)
            rate = 100 / np.where(hours > 0, hours, np.nan)
            parts.append(pd.DataFrame({
                "power": power, "lpt": total.index, "count": count.round().astype("int64"),
                "officer_hours": hours, "per_100h": count * rate, "low": low * rate,
                "high": high * rate,
            }))  # fmt: skip
    empty = pd.DataFrame({"power": [], "lpt": [], "count": [], "officer_hours": [], "per_100h": [],
                          "low": [], "high": []})  # fmt: skip
    table = pd.concat(parts, ignore_index=True) if parts else empty
    return table.astype({"power": "str", "lpt": "str", "count": "int64"} | dict.fromkeys(
        ("officer_hours", "per_100h", "low", "high"), "float64"))  # fmt: skip


def _quality(presence: Presence, beside: Presence | None) -> pd.DataFrame:
    """Tell what became of every row."""
    rows = []
    for log in [presence] if beside is None else [presence, beside]:
        kind = "log" if log.seen is None else "pings"
        total = sum(log.rows.values())
        rows += [(kind, what, n, n / total if total else np.nan) for what, n in log.rows.items()]
    table = pd.DataFrame(rows, columns=["records", "what", "rows", "share"])
    return table.astype({"records": "str", "what": "str", "rows": "int64"})
