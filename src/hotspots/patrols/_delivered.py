"""The tables of what was delivered, by visit, hotspot and day, shift, and kind of unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ._matching import (
    MISSED,
    OTHER,
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
    Bools = NDArray[np.bool_]

NOBODY = "no shift"
STRANGE = "not in the plan"


def plan_hotspots(plan: Any, given: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame | None:
    """Return the places given, else those the plan was made from, else None."""
    if given is not None:
        return given
    demand = getattr(getattr(plan, "basis", None), "demand", None)
    return getattr(demand, "hotspots", None)


@dataclass(frozen=True)
class Ground:
    """The plan in numbers: hotspots, LPTs, days and dated shifts by their position."""

    visits: pd.DataFrame  # as planned, in the order of the plan
    hotspots: pd.DataFrame  # index hotspot: lpt, name
    teams: pd.DataFrame  # as the plan's
    duties: pd.DataFrame  # as the budget, with begin and until in UTC milliseconds
    crews: pd.DataFrame  # unit, duty, begin, until of every planned unit
    dates: pd.DatetimeIndex
    lpts: pd.Index
    period: tuple[int, int]

    @property
    def units(self) -> pd.Index:
        """Names of the units of the plan."""
        return self.teams.index.astype(str)

    @property
    def lpt_of(self) -> Ints:
        """Position of the LPT of every hotspot."""
        return self.lpts.get_indexer(pd.Index(self.hotspots["lpt"]))

    def day_of(self, dates: Any) -> Ints:
        """Position of the plan's day of each date, the nearest for dates before and after."""
        days = pd.DatetimeIndex(dates).to_numpy().astype("datetime64[D]").astype(np.int64)
        first = self.dates[0].to_numpy().astype("datetime64[D]").astype(np.int64)
        return np.clip(days - first, 0, len(self.dates) - 1)  # type: ignore[no-any-return]

    @classmethod
    def of(cls, plan: Any, tz: str) -> Ground:
        """Read a plan's tables."""
        tables = plan.tables
        visits, budget, teams = (tables[name] for name in ("visits", "budget", "teams"))
        duties = budget.sort_values(["date", "lpt", "start", "shift"], ignore_index=True)
        duties = duties.assign(begin=utc(duties["start"], tz)[0], until=utc(duties["end"], tz)[0])
        hotspots = tables["coverage"][["lpt", "name"]].astype("str")
        first, last = budget["date"].min(), budget["date"].max()
        if (basis := getattr(plan, "basis", None)) is not None:
            first, last = basis.first, basis.first + pd.Timedelta(days=basis.days - 1)
        dates = pd.date_range(first, last, freq="D").as_unit("s")
        edges = pd.Series([dates[0], dates[-1] + pd.Timedelta(days=1)])
        low, high = utc(edges, tz)[0].tolist()
        high = max(high, int(duties["until"].max()) + HOUR)
        lpts = pd.Index(sorted({*hotspots["lpt"], *duties["lpt"].astype(str)}), dtype="str")
        crews = _crews(duties, teams)
        return cls(visits, hotspots, teams, duties, crews, dates, lpts, (low, high))


def _crews(duties: pd.DataFrame, teams: pd.DataFrame) -> pd.DataFrame:
    """Return who is on which dated shift."""
    crew = teams[["lpt", "shift"]].assign(unit=np.arange(len(teams)))
    crew = crew[teams["planned"].to_numpy(dtype=bool)]
    duty = duties[["lpt", "shift", "begin", "until"]].assign(duty=np.arange(len(duties)))
    joined = crew.merge(duty, on=["lpt", "shift"])
    return joined.sort_values(["unit", "begin"], ignore_index=True)


def account(
    ground: Ground, presence: Presence, beside: Presence | None, rules: Any, tz: str
) -> dict[str, pd.DataFrame]:
    """Set what was seen against what was planned, in every table of the result."""
    seen = _seen(ground, presence, rules)
    crews = ground.crews
    unit, begin, until = (crews[c].to_numpy() for c in ("unit", "begin", "until"))
    held = np.stack([seen_ms(unit, begin, until, seen), until - begin]).astype(np.float64)
    stays = _dated(ground, presence, tz)
    visit = (stays["minutes"] >= rules.pass_min - 1e-9) & ~stays["brief"].astype(bool)
    kept, passes = stays[visit].reset_index(drop=True), stays[~visit]
    start, end = kept["start"].to_numpy(), kept["end"].to_numpy()
    # minutes with somebody there, and hours of a unit that is in two hotspots at once, count once
    kept["patrol"] = fresh_ms(kept["hotspot"].to_numpy(), start, end) / MINUTE
    kept["hours"] = fresh_ms(kept["unit"].to_numpy(), start, end) / HOUR * kept["officers"]
    visits, used = _visits(ground, kept, seen, rules, tz)
    kept["unplanned"] = ~np.isin(np.arange(len(kept)), used)
    dosage = _dosage(ground, visits, kept, passes, held)
    log = presence if beside is None else beside
    shifts = _shifts(ground, visits, kept, _place(ground, log.entries, tz), held)
    return {
        "visits": visits, "dosage": dosage, "hotspots": _spots(ground, visits, dosage, kept),
        "shifts": shifts, "hours": _hours(ground, kept), "powers": _powers(shifts),
        "quality": _quality(presence, beside),
    }  # fmt: skip


def _seen(ground: Ground, presence: Presence, rules: Any) -> pd.DataFrame:
    """Stretches with records by unit; a log speaks for the whole of each shift it has a word of."""
    if presence.seen is not None:
        return presence.seen
    crews, entries = ground.crews, presence.entries
    slack = round(rules.tolerance_min * MINUTE)
    spans = (crews["unit"].to_numpy(), crews["begin"].to_numpy(), crews["until"].to_numpy())
    at = covering(entries["unit"].to_numpy(), entries["start"].to_numpy(), spans, max(slack, HOUR))
    told = crews.iloc[np.unique(at[at >= 0])]
    start, end = told["begin"].to_numpy() - slack, told["until"].to_numpy() + slack
    unit = told["unit"].to_numpy()
    if len(start) > 1:  # shifts that follow each other closely
        start[1:] = np.where(unit[1:] == unit[:-1], np.maximum(start[1:], end[:-1]), start[1:])
    return pd.DataFrame({"unit": unit, "start": start, "end": end})


def _duty(ground: Ground, unit: Ints, start: Ints, lpt: Ints) -> Ints:
    """Find the dated shift each start belongs to: the unit's own, else one of the LPT's, else -1.

    A unit that is away from its LPT counts where it is.
    """
    crews, duties = ground.crews, ground.duties
    spans = (crews["unit"].to_numpy(), crews["begin"].to_numpy(), crews["until"].to_numpy())
    own = covering(unit, start, spans, HOUR)
    duty = np.append(crews["duty"].to_numpy(dtype=np.int64), -1)[own]
    of = ground.lpts.get_indexer(pd.Index(duties["lpt"].astype(str)))
    spans = (of, duties["begin"].to_numpy(), duties["until"].to_numpy())
    there = np.append(of, -1)[duty] == lpt
    found: Ints = np.where(there & (duty >= 0), duty, covering(lpt, start, spans))
    return found


def _place(ground: Ground, rows: pd.DataFrame, tz: str) -> pd.DataFrame:
    """Add positions of LPT, day and dated shift to rows with unit, hotspot and start."""
    lpt = ground.lpt_of[rows["hotspot"].to_numpy(dtype=np.int64)]
    start = rows["start"].to_numpy(dtype=np.int64)
    duty = _duty(ground, rows["unit"].to_numpy(dtype=np.int64), start, lpt)
    dated = np.append(ground.day_of(ground.duties["date"]), -1)[duty]
    day = np.where(duty >= 0, dated, ground.day_of(local(start, tz)))
    return rows.assign(lpt=lpt, duty=duty, day=day)


def _dated(ground: Ground, presence: Presence, tz: str) -> pd.DataFrame:
    """Give every stay its LPT, duty day, shift, length, officers and kind of unit."""
    stays = presence.stays.sort_values(["start", "end", "hotspot", "unit"], ignore_index=True)
    stays = _place(ground, stays, tz)
    known, more = len(ground.teams), len(presence.units) - len(ground.teams)
    officers = np.append(ground.teams["officers"].to_numpy(dtype=float), np.ones(more))
    kind = [*ground.teams["kind"].astype(str),
            *(presence.agency[n] or STRANGE for n in range(known, known + more))]  # fmt: skip
    unit, given = stays["unit"].to_numpy(dtype=np.int64), stays["officers"].to_numpy(dtype=float)
    return stays.assign(
        minutes=(stays["end"] - stays["start"]) / MINUTE,
        officers=np.where(np.isnan(given), officers[unit], given),
        kind=np.array(kind, dtype=object)[unit],
    )


def _visits(
    ground: Ground, stays: pd.DataFrame, seen: pd.DataFrame, rules: Any, tz: str
) -> tuple[pd.DataFrame, Ints]:
    """Return the outcome of every planned visit, and which stays it took."""
    plan = ground.visits
    table = plan[["hotspot", "lpt", "unit", "shift", "date", "arrive", "depart"]].copy()
    (arrive, twice), (depart, _) = utc(plan["arrive"], tz), utc(plan["depart"], tz)
    slack = round(rules.tolerance_min * MINUTE)
    low, high = arrive - slack, depart + slack + np.where(twice, HOUR, 0)
    unit = ground.units.get_indexer(pd.Index(plan["unit"].astype(str))).astype(np.int64)
    duty = _planned_duty(ground)
    some = duty >= 0
    begin = np.where(some, np.append(ground.duties["begin"].to_numpy(), 0)[duty], low + slack)
    until = np.where(some, np.append(ground.duties["until"].to_numpy(), 0)[duty], high - slack)
    asked = pd.DataFrame({
        "unit": unit,
        "hotspot": ground.hotspots.index.get_indexer(pd.Index(plan["hotspot"].astype(str))),
        "arrive": arrive, "low": low, "high": high,
        "begin": np.minimum(begin - slack, low), "end": np.maximum(until + slack, high),
    })  # fmt: skip
    found = match(asked, stays, rules)
    # silence counts while the unit is on duty: it may go home within the window of its last visit
    on, off = np.maximum(low, begin), np.minimum(high, until)
    hidden = unseen_ms(unit, on, np.maximum(off, on), seen) >= rules.least_min * MINUTE
    status = found["status"].to_numpy(dtype=object).copy()
    status[np.isin(status, [SHORT, MISSED]) & hidden] = UNKNOWN
    at = found["stay"].to_numpy()
    some = at >= 0
    came = np.append(stays["start"].to_numpy(dtype=np.int64), 0)[at]
    came = (came + MINUTE // 2) // MINUTE * MINUTE  # to the minute: nothing finer is kept
    late = (came - arrive) / MINUTE
    late = np.where(twice & (late > 30), late - 60, late)  # planned in the second of two hours
    minutes = np.where(some, found["minutes"].to_numpy().round(1), 0.0)
    table["status"] = pd.Series(status, index=table.index, dtype="str")
    table["arrived"] = local(came, tz).where(some)
    table["late_min"] = np.where(some, late, np.nan)
    table["minutes"] = np.where((status == UNKNOWN) & ~some, np.nan, minutes)
    return table, at[some]


def _planned_duty(ground: Ground) -> Ints:
    """Position of the dated shift of every planned visit; -1 where the budget has none."""
    key = ["lpt", "shift", "date"]
    duties = ground.duties[key].assign(duty=np.arange(len(ground.duties)))
    duty = ground.visits[key].merge(duties, on=key, how="left")["duty"]
    return duty.fillna(-1).to_numpy(dtype=np.int64)  # type: ignore[no-any-return]


def _sums(code: Ints, size: int, rows: pd.DataFrame, *columns: str) -> dict[str, Floats]:
    """Sum columns by a code of each row; ``rows`` counts them."""
    told = {"rows": np.bincount(code, minlength=size).astype(float)}
    for name in columns:
        told[name] = np.bincount(code, rows[name].to_numpy(dtype=float), minlength=size)
    return told


def _length(visits: pd.DataFrame) -> Floats:
    length = visits["depart"].to_numpy() - visits["arrive"].to_numpy()
    minutes: Floats = length / np.timedelta64(1, "m")
    return minutes


def _dosage(
    ground: Ground, visits: pd.DataFrame, stays: pd.DataFrame, passes: pd.DataFrame, held: Floats
) -> pd.DataFrame:
    """Minutes and visits by hotspot and day, planned and delivered."""
    spots, days, teams = len(ground.hotspots), len(ground.dates), len(ground.lpts)
    size = spots * days

    def by(hotspot: Ints, day: Ints) -> Ints:
        return hotspot * days + day

    place = ground.hotspots.index.get_indexer(pd.Index(visits["hotspot"].astype(str)))
    planned = _sums(by(place, ground.day_of(visits["date"])), size,
                    pd.DataFrame({"length": _length(visits)}), "length")  # fmt: skip
    given = _sums(by(stays["hotspot"].to_numpy(), stays["day"].to_numpy()), size,
                  stays.assign(officer=stays["minutes"] * stays["officers"]),
                  "patrol", "officer", "unplanned")  # fmt: skip
    brief = _sums(by(passes["hotspot"].to_numpy(), passes["day"].to_numpy()), size, passes,
                  "minutes")  # fmt: skip
    share = _records_share(ground, held)[ground.lpt_of].reshape(size)
    told = {
        "visits": given["rows"], "minutes": given["patrol"], "officer_minutes": given["officer"],
        "unplanned_visits": given["unplanned"], "passes": brief["rows"],
        "passing_minutes": brief["minutes"],
    }  # fmt: skip
    # a day on which no unit of the LPT was to work is known where anybody sent anything
    heard = (_records_share(ground, held) > 0).any(axis=0) if teams else np.zeros(days, dtype=bool)
    silent = ~np.where(np.isnan(share), np.tile(heard, spots), share > 0)
    silent &= (given["rows"] == 0) & (brief["rows"] == 0)
    return pd.DataFrame({
        "hotspot": pd.Series(np.repeat(ground.hotspots.index.to_numpy(), days), dtype="str"),
        "date": ground.dates[np.tile(np.arange(days), spots)],
        "lpt": pd.Series(np.repeat(ground.hotspots["lpt"].to_numpy(), days), dtype="str"),
        "planned_visits": planned["rows"].astype("int64"), "planned_minutes": planned["length"],
        **{name: np.where(silent, np.nan, value) for name, value in told.items()},
        "records_share": share,
    })  # fmt: skip


def _records_share(ground: Ground, held: Floats) -> Floats:
    """Share of the time of units on duty with records, by LPT and day; NaN where none is."""
    duty = ground.crews["duty"].to_numpy(dtype=np.int64)
    lpt = ground.lpts.get_indexer(pd.Index(ground.duties["lpt"].astype(str)))[duty]
    code = lpt * len(ground.dates) + ground.day_of(ground.duties["date"])[duty]
    size = len(ground.lpts) * len(ground.dates)
    covered, long = (np.bincount(code, part, minlength=size) for part in held)
    share = covered / np.where(long > 0, long, np.nan)
    return share.reshape(len(ground.lpts), len(ground.dates))


def _tally(code: Ints, size: int, visits: pd.DataFrame) -> dict[str, NDArray[Any]]:
    """Count planned visits by what became of them."""
    status = pd.Index(STATUSES).get_indexer(pd.Index(visits["status"]))
    count = np.bincount(code * len(STATUSES) + status, minlength=size * len(STATUSES))
    count = count.reshape(size, len(STATUSES))
    known = count.sum(axis=1) - count[:, STATUSES.index(UNKNOWN)]
    done = count[:, : STATUSES.index(OTHER) + 1].sum(axis=1)
    return {
        "planned_visits": count.sum(axis=1), "in_time": done,
        **{s.replace(" ", "_"): count[:, n] for n, s in enumerate(STATUSES)},
        "compliance": done / np.where(known > 0, known, np.nan),
    }  # fmt: skip


def _shifts(
    ground: Ground, visits: pd.DataFrame, stays: pd.DataFrame, entries: pd.DataFrame, held: Floats
) -> pd.DataFrame:
    """Visits, hours and what was done by LPT, day and shift, and on no shift."""
    duties, days = ground.duties, len(ground.dates)
    n = len(duties)
    planned = _planned_duty(ground)
    astray = ground.lpts.get_indexer(pd.Index(visits["lpt"].astype(str))) * days
    astray += ground.day_of(visits["date"])
    loose = np.unique(np.concatenate([
        *((rows["lpt"] * days + rows["day"])[rows["duty"] < 0] for rows in (stays, entries)),
        astray[planned < 0],
    ]).astype(np.int64))  # fmt: skip

    def code(rows: pd.DataFrame) -> Ints:
        free = np.searchsorted(loose, (rows["lpt"] * days + rows["day"]).to_numpy(dtype=np.int64))
        duty = rows["duty"].to_numpy(dtype=np.int64)
        return np.where(duty >= 0, duty, n + free)

    size = n + len(loose)
    which = np.where(planned >= 0, planned, n + np.searchsorted(loose, astray))
    covered, long = (
        np.bincount(ground.crews["duty"].to_numpy(dtype=np.int64), part, minlength=size)
        for part in held
    )
    share = covered / np.where(long > 0, long, np.nan)
    given = _sums(code(stays), size, stays, "patrol", "hours", "unplanned")
    silent = ~(share > 0) & (given["rows"] == 0)
    silent[n:] = False
    told = {"visits": given["rows"], "unplanned_visits": given["unplanned"],
            "minutes": given["patrol"], "officer_hours": given["hours"]}  # fmt: skip
    powers = [name for name in POWERS if name in entries.columns]
    done = _sums(code(entries), size, entries[powers].fillna(0.0), *powers) if powers else {}
    dates = pd.DatetimeIndex(duties["date"]).as_unit("s")
    none = np.zeros(len(loose), dtype=np.int64)
    table = pd.DataFrame({
        "date": dates.append(ground.dates[loose % days]),
        "lpt": pd.Series([*duties["lpt"], *ground.lpts[loose // days]], dtype="str"),
        "shift": pd.Series([*duties["shift"], *[NOBODY] * len(loose)], dtype="str"),
        "units": np.append(duties["units"].to_numpy(dtype=np.int64), none),
        "officers": np.append(duties["officers"].to_numpy(dtype=np.int64), none),
        **_tally(which, size, visits),
        "planned_minutes": np.bincount(which, _length(visits), minlength=size),
        **{name: np.where(silent, np.nan, value) for name, value in told.items()},
        "records_share": share,
        **{name: done[name].round().astype("int64") for name in powers},
    })  # fmt: skip
    return table.sort_values(["date", "lpt"], kind="stable", ignore_index=True)


def _hours(ground: Ground, stays: pd.DataFrame) -> pd.DataFrame:
    """Officer-hours at hotspots by day, LPT and kind of unit."""
    rows = stays.assign(visits=1, date=ground.dates[stays["day"].to_numpy(dtype=np.int64)],
                        lpt=ground.lpts[stays["lpt"].to_numpy(dtype=np.int64)])  # fmt: skip
    table = rows.groupby(["date", "lpt", "kind"])[["visits", "hours"]].sum().reset_index()
    return table.rename(columns={"hours": "officer_hours"}).astype(
        {"date": "datetime64[s]", "lpt": "str", "kind": "str", "visits": "int64",
         "officer_hours": "float64"}
    )  # fmt: skip


def _spots(
    ground: Ground, visits: pd.DataFrame, dosage: pd.DataFrame, stays: pd.DataFrame
) -> pd.DataFrame:
    """Summarise each hotspot over all days."""
    spots = len(ground.hotspots)
    place = ground.hotspots.index.get_indexer(pd.Index(visits["hotspot"].astype(str)))
    tally = _tally(place, spots, visits)
    daily = {name: dosage[name].to_numpy(dtype=float).reshape(spots, len(ground.dates))
             for name in ("planned_minutes", "visits", "unplanned_visits", "minutes",
                          "officer_minutes", "passes")}  # fmt: skip
    known = ~np.isnan(daily["visits"])
    days = known.sum(axis=1)
    some = np.where(days > 0, days, np.nan)
    total = {name: np.where(days > 0, np.nansum(value, axis=1), np.nan)
             for name, value in daily.items()}  # fmt: skip
    first, gap = _gaps(ground, stays)
    table = ground.hotspots.assign(
        **{name: tally[name] for name in ("planned_visits", "in_time", "unknown", "compliance")},
        visits=total["visits"], unplanned_visits=total["unplanned_visits"],
        planned_minutes=daily["planned_minutes"].sum(axis=1), minutes=total["minutes"],
        officer_minutes=total["officer_minutes"], passes=total["passes"], days_known=days,
        planned_per_day=(daily["planned_minutes"] * known).sum(axis=1) / some,
        minutes_per_day=total["minutes"] / some,
        days_visited=(np.nan_to_num(daily["visits"]) > 0).sum(axis=1),
        first_visit_h=first, longest_gap_h=np.where(days > 0, gap, np.nan),
    )  # fmt: skip
    table.index = table.index.astype("str").rename("hotspot")
    return table


def _gaps(ground: Ground, stays: pd.DataFrame) -> tuple[Floats, Floats]:
    """Hours to the first visit, and longest time without one, by hotspot."""
    hotspots = len(ground.hotspots)
    at = stays.sort_values(["hotspot", "start"])
    place, start, end = (at[c].to_numpy(dtype=np.int64) for c in ("hotspot", "start", "end"))
    opened = int(ground.duties["begin"].min())
    until = max(int(ground.duties["until"].max()), int(end.max(initial=0)))
    first = np.full(hotspots, np.nan)
    np.fmin.at(first, place, np.maximum(start - opened, 0) / HOUR)
    gap, upto = np.zeros(hotspots), np.full(hotspots, float(opened))
    latest = pd.Series(end).groupby(place).cummax().to_numpy(dtype=np.int64)
    before = np.full(len(place), opened)
    before[1:] = np.where(np.diff(place) == 0, latest[:-1], opened)
    np.maximum.at(gap, place, (start - before).astype(float))
    np.maximum.at(upto, place, end.astype(float))
    return first, np.maximum(gap, until - upto) / HOUR


def _powers(shifts: pd.DataFrame) -> pd.DataFrame:
    """Rates per 100 officer-hours at hotspots with exact intervals."""
    from ..chance.exact import poisson_interval

    columns = [name for name in POWERS if name in shifts.columns]
    by = shifts.groupby("lpt")[[*columns, "officer_hours"]].sum()
    total = pd.concat([by.sum().to_frame("all LPTs").T, by])
    hours = total["officer_hours"].to_numpy(dtype=float)
    rate = 100 / np.where(hours > 0, hours, np.nan)
    count = total[columns].to_numpy(dtype=float).T
    low, high = poisson_interval(count)
    table = pd.DataFrame({
        "power": np.repeat(np.array(columns, dtype=object), len(total)),
        "lpt": np.tile(total.index.to_numpy(dtype=object), len(columns)),
        "count": count.ravel().round().astype("int64"),
        "officer_hours": np.tile(hours, len(columns)), "per_100h": (count * rate).ravel(),
        "low": (low * rate).ravel(), "high": (high * rate).ravel(),
    })  # fmt: skip
    return table.astype({"power": "str", "lpt": "str"})


def _quality(presence: Presence, beside: Presence | None) -> pd.DataFrame:
    """Tell what became of every row."""
    rows = []
    for log in [presence] if beside is None else [presence, beside]:
        kind = "log" if log.seen is None else "pings"
        total = sum(log.rows.values())
        rows += [(kind, what, n, n / total if total else np.nan) for what, n in log.rows.items()]
    table = pd.DataFrame(rows, columns=["records", "what", "rows", "share"])
    return table.astype({"records": "str", "what": "str", "rows": "int64"})
