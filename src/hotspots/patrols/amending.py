"""A plan changed by hand: what changed, which rules it breaks, and the plan explained anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import Column, InputError, Result, Table, check_table
from .basis import require_plan
from .checks import Roster, breaches, whole
from .quotas import quotas
from .response import between_jobs
from .tasks import choose_tasks
from .wording import Draft, put_in_words
from .words import counted, day_text

if TYPE_CHECKING:
    from .plan import PatrolPlan

_SHOWN = 5  # broken rules and quotas told in the text; the tables hold all
_TABLE = Table("visits", "visit", (), (
    Column("hotspot", "text", True, "id of the hotspot"),
    Column("unit", "text", True, "who goes"),
    Column("arrive", "time", True, "arrival, local wall-clock"),
    Column("depart", "time", True, "departure, local wall-clock"),
    Column("date", "time", False, "duty day"),
    Column("task", "text", False, "the task, as the tasks table names it"),
    Column("note", "text", False, "a note for those who go"),
))  # fmt: skip
_COMPARED = ("unit", "hotspot", "arrive", "depart", "task", "note")


@dataclass(frozen=True, repr=False)
class Amended(Result):
    """A plan as people changed it, checked and explained anew.

    Attributes
    ----------
    plan : PatrolPlan
        The amended plan, with its reasons, coverage and hours worked out again; ``floors``,
        ``costs`` and target visits are those of the hours shared out before. A plan that breaks
        rules is a plan still: it says so here and nothing is repaired.
    changes : DataFrame
        A row per change: ``visit``, ``what`` (added, removed, or the column), ``before`` and
        ``after``.
    broken : DataFrame
        A row per breach, as :func:`check_visits` gives it: ``visit``, ``rule``, ``value``,
        ``remedy``, and ``new`` (whether the plan before kept it).
    quotas : DataFrame
        Quotas that the amended plan misses, or has come to meet: ``rule``, ``where``,
        ``wanted``, ``before``, ``after`` and ``met`` (by the amended plan).
    value_before, value_after : float
        Need covered by the visits at their hours, further visits of a day counted less; only
        their ratio means anything.
    said : str
        The paragraph that ``text`` returns.
    """

    plan: PatrolPlan
    changes: pd.DataFrame
    broken: pd.DataFrame
    quotas: pd.DataFrame
    value_before: float
    value_after: float
    said: str

    @property
    def text(self) -> str:
        """What changed, what it does to the need covered, and which rules it breaks."""
        return self.said


def amend_plan(plan: PatrolPlan, visits: pd.DataFrame) -> Amended:
    """Check visits changed by hand against the plan they came from, and explain the plan anew.

    Parameters
    ----------
    plan : PatrolPlan
    visits : DataFrame
        All visits of the plan as they are to be: index ``visit`` (an id that is not in the plan is
        a new visit), ``hotspot``, ``unit``, ``arrive``, ``depart``, and where wanted ``task`` and
        ``note``. Other columns are worked out again; ``date`` is used only where the unit is not
        on duty at that time.

    Returns
    -------
    Amended

    Raises
    ------
    InputError
        Naming every fault at once: unknown hotspots, units and tasks, times that are none, a
        visit that ends before it begins, days outside the plan.

    Notes
    -----
    Nothing is repaired or refused for breaking a rule: people may know better, and the decision
    log is where they say why. Times of the others do not move either.

    Examples
    --------
    >>> from hotspots.patrols.example import example_plan
    >>> plan = example_plan()
    >>> moved = plan.visits.copy()
    >>> moved.loc[moved.index[0], ["arrive", "depart"]] -= pd.Timedelta("3h")
    >>> change = amend_plan(plan, moved)
    >>> change.changes["what"].tolist()
    ['arrive', 'depart']
    >>> change.broken["rule"].tolist()
    ['patrol time only (no briefing, break or debrief)']
    """
    require_plan(plan, "amend_plan")
    if isinstance(visits, pd.DataFrame) and "visit" in visits.columns:
        visits = visits.set_index("visit")
    check_table(visits, _TABLE, "visits")
    blank = pd.Series("", index=visits.index, dtype="str")
    table = pd.DataFrame({
        "hotspot": visits["hotspot"].astype("str"), "unit": visits["unit"].astype("str"),
        "date": visits["date"].dt.normalize() if "date" in visits.columns else pd.NaT,
        "arrive": visits["arrive"], "depart": visits["depart"],
        **{n: visits[n].astype("object").where(visits[n].notna(), "") if n in visits.columns
           else blank for n in ("task", "note")},
        "where": [f"visit {v!r}" for v in visits.index],
    })  # fmt: skip
    return amended(plan, table, plan.visits.iloc[:0], "visits", [])


def amended(
    plan: PatrolPlan, table: pd.DataFrame, rest: pd.DataFrame, what: str, faults: Sequence[str]
) -> Amended:
    """Put a table of changed visits and the rest of the plan together, checked.

    Parameters
    ----------
    plan : PatrolPlan
    table : DataFrame
        Index ``visit``: ``hotspot``, ``unit``, ``date``, ``arrive``, ``depart``, ``task``,
        ``note`` and ``where`` (the row, for messages).
    rest : DataFrame
        Visits of the plan that the table does not speak of.
    what : str
        Name for errors.
    faults : sequence of str
        Faults found so far.
    """
    roster = Roster(plan)
    found = [*faults, *_faults(table, roster)]
    if found:
        raise InputError(what, found)
    visits = _filled(table, rest, roster)
    roster_stops = roster.stops(visits)
    legs = roster.legs(roster_stops)
    for name, values in (
        ("order", {v: leg.order for v, leg in legs.items()}),
        ("travel_min", {v: whole(leg.there) for v, leg in legs.items()}),
        ("return_min", {v: whole(leg.back) for v, leg in legs.items()}),
    ):
        visits[name] = pd.Series(values, dtype=plan.visits[name].dtype).reindex(visits.index)
    visits = visits.sort_values(["lpt", "date", "unit", "order"], kind="stable")
    spent = pd.Series(roster.spent(roster_stops, legs), dtype="float64").reindex(visits.index)
    changes = _changes(plan.visits, visits)
    again = plan if changes.empty else _explained(roster, visits, _budget(plan, visits, spent))
    broken, before = breaches(roster, visits), breaches(roster, plan.visits)
    known = set(before.drop(columns="remedy").itertuples(index=False, name=None))
    broken["new"] = np.array(
        [row not in known for row in broken.drop(columns="remedy").itertuples(index=False)],
        dtype=bool,
    )
    missed = _quotas(plan, again)
    value = _value(plan, plan.visits), _value(plan, again.visits)
    said = _text(plan, again, changes, broken, missed, value)
    return Amended(again, changes, broken, missed, *value, said)


def _faults(table: pd.DataFrame, roster: Roster) -> list[str]:
    """Name what cannot be a visit of this plan at all."""
    faults = []
    basis = roster.plan.basis
    days = pd.date_range(basis.first, periods=basis.days)
    known = set(days)
    tasks = set(roster.tasks.index)
    again = table.index[table.index.duplicated()]
    faults += [f"visit {v!r} stands there twice; take one out." for v in dict.fromkeys(again)]
    units, hotspots = ", ".join(roster.units), len(roster.spots)
    for where, hotspot, unit, task, date, arrive, depart in zip(
        table["where"], table["hotspot"], table["unit"], table["task"], table["date"],
        table["arrive"], table["depart"], strict=True,
    ):  # fmt: skip
        if hotspot and hotspot not in roster.spots:
            faults.append(f"{where}: hotspot is {hotspot!r}, which is none of the plan's "
                          f"{hotspots}; see plan.coverage.")  # fmt: skip
        if unit and unit not in roster.units:
            shown = units if len(units) < 200 else f"{units[:200]} ..."
            faults.append(f"{where}: unit is {unit!r}, which is not in the units table ({shown}).")
        if task and task not in tasks:
            faults.append(f"{where}: task is {task!r}; it takes {', '.join(sorted(tasks))}.")
        if not depart > arrive:
            faults.append(f"{where}: it departs at {depart:%H:%M}, not after it arrives at "
                          f"{arrive:%H:%M}; set one right.")  # fmt: skip
        elif depart - arrive > pd.Timedelta("12h"):
            faults.append(f"{where}: it lasts {(depart - arrive) / pd.Timedelta('1h'):g} hours; "
                          "check arrive and depart.")  # fmt: skip
        elif _duty_day(roster, unit, arrive, date) not in known:
            faults.append(
                f"{where}: {day_text(arrive)} {arrive:%Y} is no duty day of the plan "
                f"({day_text(days[0])} to {day_text(days[-1])} {days[-1].year})."
            )
    return faults


def _duty_day(
    roster: Roster, unit: str, arrive: pd.Timestamp, given: pd.Timestamp | None
) -> pd.Timestamp:
    """Return the duty day of a visit: that of the shift it falls in, else the one given."""
    first = roster.plan.basis.first
    minute = (arrive - first) / pd.Timedelta(minutes=1)
    today = int(minute // 1440)
    for day in (today, today - 1):
        duty = roster.duties.get((unit, day))
        if duty is not None and duty.start <= minute <= duty.end:
            return first + pd.Timedelta(days=day)
    return arrive.normalize() if given is None or pd.isna(given) else given


def _filled(table: pd.DataFrame, rest: pd.DataFrame, roster: Roster) -> pd.DataFrame:
    """Work out what the table leaves open, with the columns and types of the plan's visits."""
    old = roster.plan.visits
    kept = old["task"].to_dict() if "task" in old.columns else {}
    there = old["hotspot"].to_dict()
    usual = _usual_tasks(roster)
    crews = [roster.units[unit] for unit in table["unit"]]
    tasks = [
        task or (kept[visit] if there.get(visit) == hotspot and kept.get(visit) else
                 usual[hotspot])
        for visit, hotspot, task in zip(table.index, table["hotspot"], table["task"], strict=True)
    ]  # fmt: skip
    dates = [_duty_day(roster, unit, arrive, date) for unit, arrive, date in
             zip(table["unit"], table["arrive"], table["date"], strict=True)]  # fmt: skip
    filled: dict[str, Any] = {
        "hotspot": table["hotspot"], "unit": table["unit"], "arrive": table["arrive"],
        "depart": table["depart"], "lpt": [crew.lpt for crew in crews],
        "shift": [crew.shift for crew in crews], "date": dates, "task": tasks,
        "officers": [crew.officers for crew in crews], "mode": [crew.mode for crew in crews],
        "tactic": [str(roster.tasks["meaning"].get(task, "")) for task in tasks],
        "order": 0, "travel_min": 0.0, "return_min": 0.0,
    }  # fmt: skip
    changed = pd.DataFrame(
        {name: filled.get(name, "") for name in old.columns}, index=table.index
    ).astype(old.dtypes.to_dict())
    changed.index = changed.index.astype("str").rename("visit")
    notes = pd.Series(table["note"].astype("str").to_numpy(), index=changed.index)
    visits = pd.concat([changed, rest]) if len(rest) else changed
    if (notes != "").any() or "note" in old.columns:
        before = rest["note"] if "note" in rest.columns else pd.Series("", index=rest.index)
        visits["note"] = pd.concat([notes, before]).astype("str")
    return visits


def _usual_tasks(roster: Roster) -> dict[str, str]:
    need = roster.plan.basis.demand.need
    return {str(k): str(v) for k, v in choose_tasks(need, roster.tasks).items()}


def _budget(plan: PatrolPlan, visits: pd.DataFrame, spent: pd.Series) -> pd.DataFrame:
    """Set the hours of the amended visits beside what each shift has."""
    keys = ["date", "lpt", "shift"]
    grouped = visits.assign(spent=spent).groupby(keys)["spent"]
    used = pd.DataFrame({"hours": grouped.sum(), "number": grouped.size()})
    found = plan.budget[keys].merge(used.reset_index(), on=keys, how="left")
    return plan.budget.assign(
        planned_hours=found["hours"].fillna(0.0).to_numpy(),
        visits=found["number"].fillna(0).astype("int64").to_numpy(),
    )


def _explained(roster: Roster, visits: pd.DataFrame, budget: pd.DataFrame) -> PatrolPlan:
    """Explain the plan with these visits: coverage, reasons, fairness and the text."""
    plan, basis, demand = roster.plan, roster.plan.basis, roster.plan.basis.demand
    reached = ~plan.coverage["why_none"].str.startswith("beyond reach").to_numpy(dtype=bool)
    target = plan.coverage["target_visits"].to_numpy(dtype=np.int64)
    draft = Draft(basis, visits, budget, plan.teams, target, reached, roster.tasks)
    told = put_in_words(draft)
    told["between_jobs"] = between_jobs(
        demand.need, demand.intensity, roster.tasks.loc[choose_tasks(demand.need, roster.tasks)],
        roster.occurrences, visits, basis.first, basis.rules,
    )  # fmt: skip
    told["said"] += "\nIt was amended by hand since it was planned; target visits are the plan's."
    return replace(plan, **told)


def _changes(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """List what was added, removed and changed, in the order of the visits."""
    rows = []
    old, new = before.to_dict("index"), after.to_dict("index")
    for visit, row in old.items():
        if visit not in new:
            rows.append((str(visit), "removed", _visit_text(row), ""))
            continue
        for name in _COMPARED:
            was, now = row.get(name, ""), new[visit].get(name, "")
            if was != now:
                rows.append((str(visit), name, _cell_text(was), _cell_text(now)))
    rows += [(str(v), "added", "", _visit_text(row)) for v, row in new.items() if v not in old]
    return pd.DataFrame(rows, columns=["visit", "what", "before", "after"]).astype("str")


def _cell_text(value: Any) -> str:
    return f"{day_text(value)} {value:%H:%M}" if isinstance(value, pd.Timestamp) else str(value)


def _visit_text(row: dict[Any, Any]) -> str:
    return (
        f"{row['unit']} at {row['hotspot']}, {day_text(row['arrive'])} {row['arrive']:%H:%M} to "
        f"{row['depart']:%H:%M}"
    )


def _value(plan: PatrolPlan, visits: pd.DataFrame) -> float:
    """Need covered at the hours of the visits, further visits of a duty day counted less."""
    demand, rules = plan.basis.demand, plan.basis.rules
    place = {str(h): n for n, h in enumerate(demand.need.index)}
    rows = np.array([place[h] for h in visits["hotspot"]], dtype=np.int64)
    hour = (visits["arrive"].dt.day_of_week * 24 + visits["arrive"].dt.hour).to_numpy(
        dtype=np.int64
    )
    worth = demand.need["worth"].to_numpy(dtype=np.float64)[rows]
    value = worth * demand.intensity[rows, hour] if demand.hours_known else worth
    table = pd.DataFrame({"h": rows, "d": visits["date"].to_numpy(), "v": value})
    table = table.sort_values("v", ascending=False, kind="stable")
    nth = table.groupby(["h", "d"]).cumcount()
    return float((table["v"] * rules.decay**nth).sum())


def _quotas(plan: PatrolPlan, again: PatrolPlan) -> pd.DataFrame:
    """List quotas missed by the amended plan, or met by it and missed before."""
    keys = ["rule", "where"]
    before, after = (quotas(p.basis, p.visits, p.budget) for p in (plan, again))
    both = after.merge(before[[*keys, "reached", "met"]], on=keys, how="left",
                       suffixes=("", "_before"))  # fmt: skip
    was_met = both["met_before"].fillna(True).astype(bool)
    both = both[~both["met"] | ~was_met].reset_index(drop=True)
    return both[[*keys, "wanted"]].assign(
        before=both["reached_before"].fillna(0.0).astype("float64"), after=both["reached"],
        met=both["met"],
    )  # fmt: skip


def _text(
    plan: PatrolPlan, again: PatrolPlan, changes: pd.DataFrame, broken: pd.DataFrame,
    missed: pd.DataFrame, value: tuple[float, float],
) -> str:  # fmt: skip
    number = len(again.visits)
    if changes.empty:
        lines = [f"Nothing was changed: {counted(number, 'visit')}, as planned."]
    else:
        kinds = changes["what"].where(changes["what"].isin(["added", "removed"]), "changed")
        each = changes.assign(kind=kinds).groupby("kind")["visit"].nunique()
        told = ", ".join(f"{each[k]:,} {k}" for k in ("changed", "removed", "added") if k in each)
        lines = [f"{counted(number, 'visit')} instead of {len(plan.visits):,}: {told}."]
        if value[0] > 0:
            ratio = value[1] / value[0]
            share = f"{ratio:.0%}" if abs(ratio - 1) > 0.01 else f"{ratio:.1%}"
            lines.append(f"They cover {share} of what the plan covered (need at the hours of the "
                         "visits, further visits of a day counted less).")  # fmt: skip
    if len(broken):
        lines.append(
            f"It breaks the rules in {counted(len(broken), 'place')}; nothing was repaired:"
        )
        for row in broken.head(_SHOWN).to_dict("records"):
            where = f"{row['visit']}: " if row["visit"] else ""
            lines.append(f"- {where}{row['rule']}: {row['value']}; {row['remedy']}.")
        if len(broken) > _SHOWN:
            lines.append(f"... and {len(broken) - _SHOWN} more in the table broken.")
        lines.append("Set them right, or log the change with its reason (log_decisions).")
    else:
        lines.append("Every rule is kept.")
    worse = missed[~missed["met"] & (missed["after"] != missed["before"])]
    if len(worse):
        shown = "; ".join(
            f"{row['where']} {row['after']:g} of {row['wanted']:g} ({row['before']:g} before)"
            for row in worse.head(_SHOWN).to_dict("records")
        )
        more = f"; ... and {len(worse) - _SHOWN} more" if len(worse) > _SHOWN else ""
        lines.append(f"Quotas that are missed, and were otherwise before: {shown}{more}.")
    return "\n".join(lines)
