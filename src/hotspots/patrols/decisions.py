"""What people decided about a plan: a log that is only added to, and in which changes show."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..atomic import ChainedLog, plain
from ..atomic.log import moment_of
from ..contracts import DECISIONS, InputError, Result, check_table
from ._delivery_words import when as days_told
from .basis import require_path, require_plan
from .words import counted, day_text

if TYPE_CHECKING:
    from .plan import PatrolPlan

KINDS = ("accepted", "amended", "rejected")
"""What may be decided of a visit, a hotspot or a plan."""

_LOG = ChainedLog(
    ("plan", "seed", "visit", "hotspot", "recommended", "decision", "role", "why"),
    "log of decisions", "log_decisions",
)  # fmt: skip
_SHOWN = 5  # reasons told in the text; the table holds all
_PERSON = re.compile(r"@|\d{3,}")  # in a role: an e-mail address or a collar number
# in a reason, where other numbers may stand: an address, or a rank with its number
_PERSON_IN_WHY = re.compile(r"\S@\S+\.\w|\b(?:PC|PCSO|SC|PS|DC|DS)\W{0,2}\d{2,}", re.IGNORECASE)
_SHORT_SEAL = 12  # characters: as the text gives it


@dataclass(frozen=True, repr=False)
class Decisions(Result):
    """What was decided about plans, by which role and why, as the log holds it.

    Attributes
    ----------
    log : DataFrame
        Index ``number``, the rows in the order they were written: ``when`` (local wall-clock of
        the writer), ``plan`` (as :func:`plan_name` calls it), ``seed`` (its fingerprint),
        ``visit`` and ``hotspot`` (blank where the decision is wider), ``recommended`` (what the
        plan said), ``decision``, ``role``, ``why`` and ``intact`` (False where the row was
        changed since it was written, or does not follow the one before).
    plans : DataFrame
        Index ``plan``: ``first`` and ``last`` decision, and the ``decisions`` that stand (the last
        on each visit, hotspot or plan) by kind: ``accepted``, ``amended``, ``rejected``.
    why : DataFrame
        The reasons given for what was amended or rejected: ``decision``, ``why``, ``times`` and
        ``roles``, most frequent first.
    standing : DataFrame
        Index ``visit``, for the plan given: its ``decision`` ("none" where there is no decision
        yet), ``role``, ``why`` and ``decided_on`` (visit, hotspot or plan). Empty with no plan.
    seal : str
        Seal of the last row; kept elsewhere, it shows whether the log was cut short later.
    said : str
        The paragraph that ``text`` returns.
    """

    log: pd.DataFrame
    plans: pd.DataFrame
    why: pd.DataFrame
    standing: pd.DataFrame
    seal: str
    said: str

    @property
    def text(self) -> str:
        """What was accepted, amended and rejected, the reasons given, and whether it is intact."""
        return self.said


def log_decisions(
    path: str | os.PathLike[str],
    plan: PatrolPlan,
    decisions: pd.DataFrame,
    *,
    when: dt.datetime | None = None,
) -> Decisions:
    r"""Add decisions about a plan to a log that is never rewritten.

    A plan recommends and tasks nobody; this is where people say what they do with it. Each row
    carries a seal made from itself and the seal before, so that a row changed or taken out later
    shows when the log is read.

    Parameters
    ----------
    path : path
        A CSV file (UTF-8); made when missing, added to when there.
    plan : PatrolPlan
        The plan decided on.
    decisions : DataFrame
        ``contracts.DECISIONS``: ``decision`` (accepted, amended or rejected), ``role`` ("duty
        inspector", never a name), ``why`` (needed unless accepted) and ``visit`` or ``hotspot``;
        with neither, the decision is on the whole plan. A later decision replaces an earlier one
        on the same, and one on a visit goes before one on its hotspot or the plan.
    when : datetime, optional
        When it was decided; now when absent. Without a time zone it is local time.

    Returns
    -------
    Decisions
        The log as it now stands.

    Raises
    ------
    InputError
        Naming every fault at once: an unknown visit, hotspot or decision, a missing reason, a
        role or reason that points to a person; or when the log was changed since it was written,
        is no such log, or cannot be written.

    Notes
    -----
    A row's seal is the SHA-256 of the seal before it and the row's own cells. It guards against
    slips and quiet edits, not against somebody who rewrites the whole file: note
    ``Decisions.seal`` elsewhere from time to time, and give it to :func:`read_decisions`.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from hotspots.patrols.example import example_plan
    >>> plan = example_plan()
    >>> path = Path(tempfile.mkdtemp()) / "decisions.csv"
    >>> said = pd.DataFrame({"decision": ["accepted", "rejected"], "role": "duty sergeant",
    ...                      "visit": [None, plan.visits.index[0]], "why": [None, "road closed"]})
    >>> log = log_decisions(path, plan, said)
    >>> log.standing["decision"].tolist()
    ['rejected', 'accepted']
    """
    rows = _checked(plan, decisions)
    if when is None:
        when = dt.datetime.now()
    elif not isinstance(when, dt.datetime) or when != when:
        raise InputError("log_decisions", [f"when is {when!r}; give a datetime, or leave it out."])
    if isinstance(when, pd.Timestamp):
        when = when.to_pydatetime(warn=False)
    place, name = require_path(path, "log_decisions"), plan_name(plan)
    _LOG.add(place, [row | {"plan": name, "seed": plan.basis.fingerprint} for row in rows], when)
    return read_decisions(place, plan)


def read_decisions(
    path: str | os.PathLike[str], plan: PatrolPlan | None = None, *, seal: str | None = None
) -> Decisions:
    """Read a log of decisions, and tell whether anybody changed it.

    Parameters
    ----------
    path : path
        As written by :func:`log_decisions`.
    plan : PatrolPlan, optional
        Tell for each of its visits what was decided, and which have no decision.
    seal : str, optional
        A seal noted earlier (``Decisions.seal``, or its first 12 characters, as the text gives
        them): tell whether the log still holds it.

    Returns
    -------
    Decisions

    Raises
    ------
    InputError
        When there is no such file, or it is no log of decisions.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from hotspots.patrols.example import example_plan
    >>> plan = example_plan()
    >>> path = Path(tempfile.mkdtemp()) / "decisions.csv"
    >>> said = pd.DataFrame({"decision": ["accepted"], "role": ["duty inspector"]})
    >>> _ = log_decisions(path, plan, said)
    >>> print(read_decisions(path, plan).text.splitlines()[0])
    Plan 2026-03-02 1d ...: 2 visits: 2 accepted.
    """
    place = require_path(path, "read_decisions")
    if plan is not None:
        require_plan(plan, "read_decisions")
    if seal is not None and (not isinstance(seal, str) or len(seal) < _SHORT_SEAL):
        raise InputError("read_decisions", [
            f"seal is {seal!r}; give Decisions.seal, or its first {_SHORT_SEAL} characters or more."
        ])  # fmt: skip
    if not place.is_file():
        raise InputError(place.name, [f"there is no file {str(path)!r}; check the path."])
    rows = _LOG.read(place)
    intact = _LOG.intact(rows)
    frame = pd.DataFrame(rows, columns=[*_LOG.header]).astype("str")
    log = frame.drop(columns=["number", "seal"]).assign(
        when=pd.Series([moment_of(row["when"]) for row in rows], dtype="datetime64[s]"),
        intact=np.array(intact, dtype=bool),
    )
    log.index = pd.Index(np.arange(1, len(log) + 1), name="number")
    last = log.groupby(["plan", "visit", "hotspot"], sort=False).tail(1)
    plans = _plans(log, last)
    why = _why(last)
    standing = _standing(log, plan)
    kept = seal is None or any(row["seal"].startswith(seal) for row in rows)
    latest = rows[-1]["seal"] if rows else ""
    said = _text(log, plans, why, standing, plan, kept, latest)
    return Decisions(log, plans, why, standing, latest, said)


def plan_name(plan: PatrolPlan) -> str:
    """Name a plan by its first day, its days and a digest of its visits.

    Two plans with one visit moved have two names; a plan made again has the same.

    Parameters
    ----------
    plan : PatrolPlan

    Returns
    -------
    str

    Examples
    --------
    >>> from hotspots.patrols.example import example_plan
    >>> plan_name(example_plan())
    '2026-03-02 1d ...'
    """
    visits = plan.visits.sort_index()
    rows = zip(visits.index, visits["hotspot"], visits["unit"], visits["arrive"], visits["depart"],
               strict=True)  # fmt: skip
    told = [f"{v}|{h}|{u}|{a:%Y-%m-%dT%H:%M:%S}|{b:%Y-%m-%dT%H:%M:%S}" for v, h, u, a, b in rows]
    digest = hashlib.sha256("\n".join(told).encode("utf-8")).hexdigest()[:8]
    return f"{plan.basis.first:%Y-%m-%d} {plan.basis.days}d {digest}"


def _checked(plan: PatrolPlan, decisions: pd.DataFrame) -> list[dict[str, str]]:
    """Return the rows as text, or raise one InputError with every fault."""
    what = "decisions"
    require_plan(plan, what)
    check_table(decisions, DECISIONS, what)
    if decisions.empty:
        raise InputError(what, ["there are no rows; give at least one decision."])
    visits, hotspots = plan.visits, plan.coverage.index
    faults: list[str] = []
    rows = []
    for n, given in enumerate(decisions.to_dict("records"), 1):
        row = {name: plain(given.get(name)) for name in DECISIONS_COLUMNS}
        row["decision"] = row["decision"].lower()
        if row["decision"] not in KINDS:
            faults.append(f"row {n}: decision is {given['decision']!r}; it takes "
                          f"{', '.join(KINDS)}.")  # fmt: skip
        elif row["decision"] != "accepted" and not row["why"]:
            faults.append(f"row {n}: {row['decision']} without a reason; say why, in a few words.")
        if not row["role"]:
            faults.append(f"row {n}: role is empty; give the role that decided, as 'sergeant'.")
        elif _PERSON.search(row["role"]):
            faults.append(
                f"row {n}: role is {row['role']!r}, which points to a person; give the role "
                "alone, without collar number or address."
            )
        if _PERSON_IN_WHY.search(row["why"]):
            faults.append(f"row {n}: why points to a person (an address or a collar number); give "
                          "the reason without.")  # fmt: skip
        if row["visit"] and row["visit"] not in visits.index:
            faults.append(f"row {n}: visit {row['visit']!r} is not in the plan; see plan.visits.")
        elif row["visit"]:
            there = str(visits.loc[row["visit"], "hotspot"])
            if row["hotspot"] and row["hotspot"] != there:
                faults.append(
                    f"row {n}: visit {row['visit']!r} goes to {there}, not to {row['hotspot']!r}; "
                    "leave hotspot blank."
                )
            row["hotspot"] = there
        elif row["hotspot"] and row["hotspot"] not in hotspots:
            faults.append(
                f"row {n}: hotspot {row['hotspot']!r} is not in the plan; see plan.coverage."
            )
        rows.append(row)
    if faults:
        raise InputError(what, faults)
    for row in rows:
        row["recommended"] = _recommended(plan, row)
    return rows


DECISIONS_COLUMNS = tuple(column.name for column in DECISIONS.columns)


def _recommended(plan: PatrolPlan, row: dict[str, str]) -> str:
    """Say what the plan recommended of the visit, the hotspot or the whole."""
    if row["visit"]:
        visit: dict[Any, Any] = plan.visits.loc[row["visit"]].to_dict()
        return (
            f"{visit['unit']} at {visit['hotspot']}, {day_text(visit['arrive'])} "
            f"{visit['arrive']:%H:%M} to {visit['depart']:%H:%M}"
        )
    if row["hotspot"]:
        planned = int(plan.coverage["visits"][row["hotspot"]])
        return counted(planned, "visit") if planned else "no visit"
    hours = plan.budget["planned_hours"].sum()
    return f"{counted(len(plan.visits), 'visit')}, {hours:,.1f} officer-hours"


def _plans(log: pd.DataFrame, last: pd.DataFrame) -> pd.DataFrame:
    """Count, per plan, the decisions that stand."""
    span = log.groupby("plan", sort=False)["when"].agg(["min", "max"])
    table = pd.DataFrame({"first": span["min"], "last": span["max"]})
    table["decisions"] = last.groupby("plan").size().reindex(table.index)
    for kind in KINDS:
        mine = last[last["decision"] == kind].groupby("plan").size()
        table[kind] = mine.reindex(table.index, fill_value=0)
    table.index = table.index.astype("str").rename("plan")
    return table.astype({"decisions": "int64", **dict.fromkeys(KINDS, "int64")})


def _why(last: pd.DataFrame) -> pd.DataFrame:
    """Gather the reasons given for what was not simply accepted."""
    given = last[(last["decision"] != "accepted") & (last["why"] != "")]
    alike = given["why"].str.casefold().str.rstrip(".")
    rows = [
        {"decision": kind, "why": mine["why"].iloc[0], "times": len(mine),
         "roles": ", ".join(sorted(set(mine["role"])))}
        for (kind, _), mine in given.groupby([given["decision"], alike], sort=True)
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["decision", "why", "times", "roles"])
    table = table.astype({"decision": "str", "why": "str", "times": "int64", "roles": "str"})
    return table.sort_values("times", ascending=False, kind="stable", ignore_index=True)


def _standing(log: pd.DataFrame, plan: PatrolPlan | None) -> pd.DataFrame:
    """Say of every visit of the plan what stands: its own decision, its hotspot's, the plan's."""
    columns = ["decision", "role", "why", "decided_on"]
    if plan is None:
        index = pd.Index([], name="visit", dtype="str")
        return pd.DataFrame("", index=index, columns=columns).astype("str")
    mine = log[log["plan"] == plan_name(plan)]
    wide = (mine["visit"] == "") & (mine["hotspot"] == "")
    spots = (mine["visit"] == "") & ~wide
    found = pd.DataFrame("", index=plan.visits.index, columns=columns).astype("str")
    found["decision"] = "none"
    steps = [("plan", mine[wide], None), ("hotspot", mine[spots], plan.visits["hotspot"]),
             ("visit", mine[mine["visit"] != ""], found.index.to_series())]  # fmt: skip
    for name, rows, key in steps:
        if rows.empty:
            continue
        if key is None:
            for column in columns[:3]:
                found[column] = rows[column].iloc[-1]
            found["decided_on"] = name
            continue
        latest = rows.groupby(name).tail(1).set_index(name)
        hit = key.astype(str).isin(latest.index).to_numpy()
        for column in columns[:3]:
            told = key[hit].astype(str).map(latest[column])
            found.loc[hit, column] = told.to_numpy()
        found.loc[hit, "decided_on"] = name
    return found


def _text(
    log: pd.DataFrame, plans: pd.DataFrame, why: pd.DataFrame, standing: pd.DataFrame,
    plan: PatrolPlan | None, kept: bool, seal: str,
) -> str:  # fmt: skip
    """Say what was decided and why, and whether the log is as it was written."""
    days = log["when"].dt.normalize()
    if log.empty:
        lines = ["The log holds no decision yet."]
    elif plan is not None:
        number = standing["decision"].value_counts()
        told = [f"{number[k]:,} {k}" for k in KINDS if number.get(k, 0)]
        if number.get("none", 0):
            told.append(f"{number['none']:,} with no decision yet")
        lines = [
            f"Plan {plan_name(plan)}: {counted(len(standing), 'visit')}: "
            f"{', '.join(told) or 'nothing to decide'}."
        ]
    else:
        told = [f"{int(plans[k].sum()):,} {k}" for k in KINDS if plans[k].sum()]
        lines = [
            f"{counted(int(plans['decisions'].sum()), 'decision')} on "
            f"{counted(len(plans), 'plan')}, "
            f"{days_told(days.min(), days.max())}: {', '.join(told)}."
        ]
    if len(why):
        shown = "; ".join(
            f"“{text}” ({kind}" + (f", {times} times)" if times > 1 else ")")
            for kind, text, times in zip(
                why["decision"].head(_SHOWN), why["why"], why["times"], strict=False)
        )  # fmt: skip
        more = f"; ... and {len(why) - _SHOWN} more in the table why" if len(why) > _SHOWN else ""
        lines.append(f"Reasons given: {shown}{more}.")
    changed = log.index[~log["intact"]]
    if len(changed):
        lines.append(
            f"The log was changed since it was written: row {changed[0]}"
            + (f" and {len(changed) - 1} more" if len(changed) > 1 else "")
            + " is not as written, or a row before it is gone."
        )
    elif len(log):
        lines.append(
            f"No row was changed since it was written; the last seal is {seal[:_SHORT_SEAL]}."
        )
    if not kept:
        lines.append(
            "The seal given is not in the log: rows were taken off its end, or it was rewritten."
        )
    lines.append("A log tasks nobody: it holds what people decided about a recommendation.")
    return "\n".join(lines)
