"""Check a patrol plan from its tables alone, sharing no code with the planner.

It works in time stamps, one visit after another, where the planner works in minutes and matrices.
"""

import math
import re
import tomllib
from datetime import UTC, datetime
from importlib.resources import files
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from hotspots.contracts import VISITS, check_table

DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
MINUTE = pd.Timedelta(minutes=1)


def check_plan(plan, *, hotspots, shifts, units, start, days, rules):
    """Raise AssertionError at the first rule the plan breaks; return the plan."""
    visits = plan.visits
    check_table(visits, VISITS)
    assert visits.index.name == "visit"
    assert (visits["depart"] - visits["arrive"] == rules.dwell_min * MINUTE).all()
    assert visits["reason"].str.len().between(1, 160).all()
    units = units.set_index("unit") if "unit" in units.columns else units
    first = pd.Timestamp(start)
    occurrences = _occurrences(shifts, units, first, days)
    _check_hotspots(visits, hotspots, rules)
    _check_referrals(plan)
    _check_trial(plan, first, days, rules)
    _check_tasks(plan, units, rules)
    spent = _check_units(visits, plan.teams, hotspots, units, occurrences, rules)
    _check_budget(plan.budget, visits, units, occurrences, spent, rules)
    _check_caps(plan.budget, rules)
    _check_coverage(plan, hotspots, days, rules)
    _check_quotas_are_told(plan, days, rules)
    _check_between_jobs(plan, units)
    return plan


def _blank(value):
    return value is None or value != value or str(value).strip() == ""


def _number(row, name, default):
    return default if name not in row or _blank(row[name]) else float(row[name])


def _occurrences(shifts, units, first, days):
    """(lpt, shift, date) -> (start, end, windows, cap in officer-hours)."""
    found = {}
    for lpt, name in {(u["lpt"], u["shift"]) for _, u in units.iterrows()}:
        named = [s for _, s in shifts.iterrows() if s["shift"] == name]
        own = [s for s in named if "lpt" in s and not _blank(s["lpt"]) and s["lpt"] == lpt]
        shared = [s for s in named if "lpt" not in s or _blank(s["lpt"])]
        for row in own or shared:
            for n in range(days):
                date = first + pd.Timedelta(days=n)
                on = "days" not in row or _blank(row["days"])
                if not on and DAYS[date.weekday()] not in row["days"].split():
                    continue
                begin = date + pd.Timedelta(row["start"] + ":00")
                end = date + pd.Timedelta(row["end"] + ":00")
                end += pd.Timedelta(days=int(end <= begin))
                open_ = begin + _number(row, "briefing_min", 0) * MINUTE
                close = end - _number(row, "debrief_min", 0) * MINUTE
                windows = [(open_, close)]
                for clock in [] if _blank(row.get("break_start")) else row["break_start"].split():
                    away = date + pd.Timedelta(clock + ":00")
                    away += pd.Timedelta(days=int(away < begin))
                    windows = _cut(windows, away, away + _number(row, "break_min", 0) * MINUTE)
                for day in (date, date + pd.Timedelta(days=1)):
                    if _skips(day):
                        windows = _cut(windows, day + 60 * MINUTE, day + 120 * MINUTE)
                cap = _number(row, "officer_hours", math.inf)
                found[lpt, name, date] = (begin, end, windows, cap)
    return found


def _cut(windows, away, back):
    parts = [w for a, b in windows for w in ((a, min(away, b)), (max(back, a), b))]
    return [(a, b) for a, b in parts if b > a]


def _skips(day):
    """Whether half past one is a time that British clocks do not show on a day."""
    london = ZoneInfo("Europe/London")
    half_past = datetime(day.year, day.month, day.day, 1, 30, tzinfo=london)
    return half_past.astimezone(UTC).astimezone(london) != half_past


def _check_hotspots(visits, hotspots, rules):
    assert (visits["lpt"].tolist() == hotspots["lpt"].reindex(visits["hotspot"])).all()
    for _, seen in visits.sort_values("arrive").groupby("hotspot"):
        gaps = seen["arrive"].iloc[1:].to_numpy() - seen["depart"].iloc[:-1].to_numpy()
        assert (gaps >= (rules.gap_min * MINUTE).to_timedelta64()).all(), seen
    if len(visits):
        assert visits.groupby(["hotspot", "date", "shift"]).size().max() <= rules.max_per_shift
        assert visits.groupby(["hotspot", "date"]).size().max() <= rules.max_per_day


def _check_referrals(plan):
    """Single premises are sent to problem solving, and nobody patrols them."""
    need = plan.basis.demand.need
    referred = set(need.index[need["route"] == "problem solving"])
    assert not referred & set(plan.visits["hotspot"])
    if "referrals" in plan.tables:
        assert referred == set(plan.tables["referrals"].index)


def _check_trial(plan, first, days, rules):
    """No visit at any minute of a day the calendar closes; what it asks for is told; no word of it.

    Nothing is planned for response units there either.
    """
    if rules.trial is None:
        assert "rial" not in plan.text
        return
    shut = {(h, d) for h, d, on in rules.trial[["hotspot", "date", "treated"]].values if not on}
    asked = {(h, d) for h, d, on in rules.trial[["hotspot", "date", "treated"]].values if on}
    inside = set(plan.coverage.index)
    span = pd.date_range(first, periods=days)
    visits, treated = plan.visits, {(h, d) for h, d in asked if h in inside and d in span}
    for visit, row in visits.iterrows():
        minutes = pd.date_range(row["arrive"], row["depart"] - MINUTE, freq="min")
        for day in {row["date"], *minutes.normalize()}:
            assert (row["hotspot"], day) not in shut, f"{visit} on a day without"
        assert ("trial day" in row["reason"]) == ((row["hotspot"], row["date"]) in asked)
        assert len(row["reason"]) <= 160
    for _, row in plan.between_jobs.iterrows():
        assert (row["hotspot"], row["date"]) not in shut
    visited = {(h, d) for h, d in visits[["hotspot", "date"]].values}
    if treated or {(h, d) for h, d in shut if h in inside and d in span}:
        said = re.search(r"(\d[\d,]*) of (\d[\d,]*) treatment days? have a visit", plan.text)
        counts = [int(number.replace(",", "")) for number in said.groups()]
        assert counts == [len(treated & visited), len(treated)]
    unmet = {h for h, d in treated - visited}
    told = re.search(r"Not met in full, a visit on each treatment day[^:]*: (\d+) of", plan.text)
    assert int(told[1] if told else 0) == len(unmet)
    everything = " ".join(
        [*plan.visits["reason"], *plan.reasons["reason"], *plan.between_jobs["why"]]
    )
    assert not re.search(r"control|randomi|comparison", everything, re.I)


def _tasks(rules):
    """The table of tasks in force, as dicts in order, with what it leaves open filled in."""
    if rules.tasks is None:
        text = files("hotspots.patrols").joinpath("tasks.toml").read_text(encoding="utf-8")
        rows = tomllib.loads(text)["task"]
    else:
        rows = rules.tasks.rename_axis("task").reset_index().to_dict("records")
    found = {}
    for row in rows:
        said = row.get("categories")
        phrases = said if isinstance(said, list) else [] if _blank(said) else said.split(";")
        officers = _number(row, "officers", 1)
        found[row["task"]] = {
            "powers": {kind: bool(row[kind]) for kind in ("constable", "pcso", "special")},
            "night_pcso": bool(row["pcso"] if _blank(row.get("night_pcso")) else row["night_pcso"]),
            "officers": officers, "night_officers": _number(row, "night_officers", officers),
            "phrases": [phrase.strip().lower() for phrase in phrases if phrase.strip()],
            "class_": None if _blank(row.get("class_")) else row["class_"],
        }  # fmt: skip
    return found


def _check_tasks(plan, units, rules):
    """The first task that fits the hotspot, given to those who may do it, in pairs where asked."""
    tasks, need, visits = _tasks(rules), plan.basis.demand.need, plan.visits
    for visit, row in visits.iterrows():
        place = need.loc[row["hotspot"]]
        category = "" if _blank(place["category"]) else place["category"].lower()
        fits = [
            name for name, task in tasks.items()
            if task["class_"] in (None, place["class_"])
            and (not task["phrases"]
                 or any(re.search(rf"(?<!\w){re.escape(p)}", category) for p in task["phrases"]))
        ]  # fmt: skip
        assert row["task"] == fits[0], visit
        task, unit = tasks[row["task"]], units.loc[row["unit"]]
        night = _in_hours(row["arrive"], rules.pairs_from, rules.pairs_to)
        kind = unit["kind"].lower()
        assert task["powers"][kind], f"{visit}: {kind} on {row['task']}"
        assert not (night and kind == "pcso" and not task["night_pcso"]), visit
        least = task["night_officers"] if night else task["officers"]
        assert unit["officers"] >= least, f"{visit}: one officer where {least} are asked for"


def _in_hours(when, first, last):
    clock = f"{when:%H:%M}"
    if first <= last:
        return first <= clock < last
    return clock >= first or clock < last


def _check_caps(budget, rules):
    """The whole plan, or each LPT named, keeps within its officer-hours."""
    if rules.officer_hours is None:
        return
    if isinstance(rules.officer_hours, int | float):
        assert budget["planned_hours"].sum() <= rules.officer_hours + 1e-6, "over the plan's hours"
        return
    for lpt, hours in rules.officer_hours.items():
        used = budget.loc[budget["lpt"] == lpt, "planned_hours"].sum()
        assert used <= hours + 1e-6, f"over the hours of {lpt}"


def _lost(unit, rules):
    """Share of a unit's time that goes to other duties."""
    return _number(unit, "abstraction", rules.abstraction)


def _is_response(unit):
    team = "" if _blank(unit.get("team")) else unit["team"].lower()
    return unit["kind"].lower() == "response" or team == "response"


def _minutes(a, b, mode, rules, park):
    if rules.roads is not None:
        start, end = ([(float(x), float(y))] for x, y in (a, b))
        found = float(rules.roads.minutes(np.array(start), np.array(end), mode, rules)[0, 0])
        away = math.hypot(a[0] - b[0], a[1] - b[1]) > 1e-6
        return found + (rules.park_min if park and mode == "vehicle" and away else 0)
    speed = {"foot": rules.foot_kmh, "cycle": rules.cycle_kmh, "vehicle": rules.vehicle_kmh}[mode]
    km = math.hypot(a[0] - b[0], a[1] - b[1]) / 1000 * rules.detour
    stay = math.isclose(km, 0, abs_tol=1e-9)
    return km / speed * 60 + (rules.park_min if park and mode == "vehicle" and not stay else 0)


def _check_units(visits, teams, hotspots, units, occurrences, rules):
    """Follow every unit through its day; return its officer-hours per unit and date."""
    centre = {k: (p.x, p.y) for k, p in hotspots.geometry.representative_point().items()}
    spent = {}
    for unit, seen in visits.groupby("unit"):
        row, team = units.loc[unit], teams.loc[unit]
        assert not _is_response(row)
        seen = seen.sort_values("arrive")
        assert (seen["arrive"].iloc[1:].to_numpy() >= seen["depart"].iloc[:-1].to_numpy()).all()
        base = (team["base_easting"], team["base_northing"])
        if not _blank(_number(row, "base_easting", None)):
            assert base == (row["base_easting"], row["base_northing"])
        end = base
        if not _blank(_number(row, "end_easting", None)):
            end = (row["end_easting"], row["end_northing"])
        assert (team["end_easting"], team["end_northing"]) == end
        for date, day in seen.groupby("date"):
            assert set(day["lpt"]) == {row["lpt"]}
            assert set(day["shift"]) == {row["shift"]}
            assert day["order"].tolist() == list(range(1, len(day) + 1))
            *_, windows, _ = occurrences[row["lpt"], row["shift"], date]
            worked = sum(
                _follow(part, window, base, end, centre, row["mode"], rules)
                for window in windows
                if len(part := day[(day["arrive"] >= window[0]) & (day["depart"] <= window[1])])
            )
            inside = [((day["arrive"] >= a) & (day["depart"] <= b)).sum() for a, b in windows]
            assert sum(inside) == len(day), f"{unit} visits in its break, briefing or off duty"
            spent[unit, date] = worked * row["officers"] / 60
            assert spent[unit, date] <= _number(row, "officer_hours", math.inf) + 1e-6
            free = sum((b - a) / pd.Timedelta("1h") for a, b in windows) * row["officers"]
            assert spent[unit, date] <= free * (1 - _lost(row, rules)) + 1e-6, "abstraction"
    return spent


def _follow(part, window, base, end, centre, mode, rules):
    """Follow one way out from base and to the end; return the minutes of visits and travel."""
    at, place, said = window[0], base, 0.0
    for _, visit in part.iterrows():
        there = centre[visit["hotspot"]]
        need = _minutes(place, there, mode, rules, park=True)
        assert visit["travel_min"] >= need - 1e-6
        assert visit["arrive"] >= at + need * MINUTE - MINUTE / 1e5, "two places at once"
        at, place = visit["depart"], there
        said += visit["travel_min"] + rules.dwell_min + visit["return_min"]
    home = _minutes(place, end, mode, rules, park=False)
    assert part["return_min"].iloc[-1] >= home - 1e-6
    assert (part["return_min"].iloc[:-1] == 0).all()
    assert at + home * MINUTE <= window[1] + MINUTE / 1e5, "not back in time"
    return said


def _check_budget(budget, visits, units, occurrences, spent, rules):
    assert len(budget) == len(occurrences)
    for _, row in budget.iterrows():
        begin, end, windows, cap = occurrences[row["lpt"], row["shift"], row["date"]]
        assert (row["start"], row["end"]) == (begin, end)
        team = units[(units["lpt"] == row["lpt"]) & (units["shift"] == row["shift"])]
        team = team[[not _is_response(unit) for _, unit in team.iterrows()]]
        hours = sum((b - a) / pd.Timedelta("1h") for a, b in windows)
        free = sum(
            min(
                hours * u["officers"] * (1 - _lost(u, rules)), _number(u, "officer_hours", math.inf)
            )
            for _, u in team.iterrows()
        )
        assert math.isclose(row["available_hours"], min(free, cap), abs_tol=1e-9)
        planned = sum(spent.get((unit, row["date"]), 0.0) for unit in team.index)
        assert math.isclose(row["planned_hours"], planned, abs_tol=1e-6)
        assert planned <= row["available_hours"] + 1e-6, "over budget"
        mine = visits[visits["unit"].isin(team.index) & (visits["date"] == row["date"])]
        assert row["visits"] == len(mine)
    assert budget["visits"].sum() == len(visits)


def _check_coverage(plan, hotspots, days, rules):
    coverage, visits = plan.coverage, plan.visits
    assert coverage.index.tolist() == plan.reasons.index.tolist() == hotspots.index.tolist()
    counted = visits["hotspot"].value_counts().to_dict()
    assert coverage["visits"].to_dict() == {h: counted.get(h, 0) for h in hotspots.index}
    assert (coverage["minutes"] == coverage["visits"] * rules.dwell_min).all()
    assert ((coverage["why_none"] == "") == (coverage["visits"] > 0)).all()
    assert coverage["need_covered"].between(0, 1).all()
    if hotspots["incidents"].sum() > 0:
        assert math.isclose(coverage["need"].sum(), 1, rel_tol=1e-9)
    if days == 1:
        for hotspot, row in coverage.iterrows():
            assert math.isclose(row["need_covered"], 1 - rules.decay ** counted.get(hotspot, 0))


def _check_quotas_are_told(plan, days, rules):
    """Least visits of a tier are soft; that they are missed must be said."""
    need, visits = plan.basis.demand.need, plan.coverage["visits"]
    trial, span = rules.trial, pd.date_range(plan.basis.first, periods=days)
    shut = (
        {}
        if trial is None
        else (
            trial[~trial["treated"] & trial["date"].isin(span)]["hotspot"].value_counts().to_dict()
        )
    )
    for tier, least in rules.least_per_week.items():
        mine = need.index[(need["tier"] == tier) & (need["worth"] > 0)]
        wanted = {h: math.floor(least * (days - shut.get(h, 0)) / 7 + 1e-9) for h in mine}
        missed = sum(visits[hotspot] < wanted[hotspot] for hotspot in mine)
        said = re.search(rf"Not met in full, least visits of tier {tier}(?: \(\d+\))?: (\d+) of",
                         plan.text)  # fmt: skip
        assert int(said[1] if said else 0) == missed, tier


def _check_between_jobs(plan, units):
    """Response units: one hotspot at most a shift, of their own LPT, no visits, no referral."""
    listed = plan.tables.get("between_jobs")
    if listed is None or listed.empty:
        return
    assert listed.groupby(["unit", "date", "shift"]).size().max() == 1
    need = plan.basis.demand.need
    for _, row in listed.iterrows():
        assert _is_response(units.loc[row["unit"]])
        assert units.loc[row["unit"], "lpt"] == row["lpt"] == need.loc[row["hotspot"], "lpt"]
        assert need.loc[row["hotspot"], "route"] == "patrol"
