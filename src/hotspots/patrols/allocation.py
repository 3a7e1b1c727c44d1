"""How many visits each hotspot should get, in which shifts and by whom: exactly.

A week of patrols is one integer programme. Every *option* is a hotspot, a dated shift (a duty) and
a crew of it; the programme says how many visits each option gets so that the need covered is the
greatest there can be, within the minutes there are, after every floor that can be met is met.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..contracts import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy import sparse

    from .programme import Columns, Floats, Ints, Programme, Solved


@dataclass(frozen=True)
class Options:
    """What may be chosen: visits of one crew in one duty to one hotspot, a row each.

    Parameters
    ----------
    hotspot, day, duty, crew : ndarray of int, length o
        Codes from 0. ``duty`` is one dated shift of one LPT; ``crew`` a class of resource in it.
    values : ndarray, shape (o, k)
        Value of a first visit in the best, the second best ... time band the crew can reach: not
        increasing along a row, 0 where there is no further visit.
    minutes, officer_minutes : ndarray, length o
        Minutes of the crew, and of its officers together, that one visit takes with a usual leg.
    bands : ndarray of int, shape (o, k), optional
        Which band each value belongs to. Crews of one duty then share the room of a band: two
        crews cannot both take the one visit it holds. Without, they share as many visits as the
        longest of their rows has values.
    """

    hotspot: Ints
    day: Ints
    duty: Ints
    crew: Ints
    values: Floats
    minutes: Floats
    officer_minutes: Floats
    bands: Ints | None = None


@dataclass(frozen=True)
class Limits:
    """What no plan may exceed.

    Parameters
    ----------
    capacity : ndarray, shape (duties, crews)
        Minutes of each crew in each duty.
    duty_minutes : ndarray, length duties, optional
        Most officer-minutes of each duty; inf where there is no cap.
    budgets : sequence of (ndarray of bool of length o, float)
        Most officer-minutes of the options marked, as of one LPT or of the whole plan.
    per_shift, per_day : int
        Most visits to one hotspot in one duty and on one duty day, by all crews together.
    """

    capacity: Floats
    duty_minutes: Floats | None = None
    budgets: Sequence[tuple[NDArray[np.bool_], float]] = ()
    per_shift: int = 3
    per_day: int = 6


@dataclass(frozen=True)
class LinearRule:
    """A floor or a cap: the sum of ``coef`` times visits is at least, or at most, ``amount``.

    Parameters
    ----------
    name : str
        What the rule asks, for people to read.
    kind : {"at least", "at most"}
    coef : ndarray, length o
        What one visit of each option adds.
    amount : float
    soft : bool
        Whether the rule gives way where it cannot be met; the shortfall is then the least there
        can be. A rule that is not soft and cannot be met is an error.
    group : str
        The kind of rule, of which the cost is told together; the name where empty.
    where : str
        LPT it speaks of, empty for the whole force.
    weight : float
        What one unit of shortfall counts against that of other soft rules.
    """

    name: str
    kind: str
    coef: Floats
    amount: float
    soft: bool = True
    group: str = ""
    where: str = ""
    weight: float = 1.0


@dataclass(frozen=True)
class Allocation:
    """The visits chosen, how good they are proved to be, and what each rule costs.

    Attributes
    ----------
    visits : ndarray of int, length o
        Visits per option.
    value, bound : float
        Value of the visits; and what no allocation that keeps the limits and falls as little
        short of the rules can exceed.
    gap : float
        ``(bound - value) / bound``: 0 where the visits are proved the best.
    stopped : bool
        Whether time ran out before the gap asked for was proved.
    rules : DataFrame
        A row per rule: ``rule``, ``group``, ``where``, ``kind``, ``amount``, ``reached``,
        ``shortfall``, ``binding``, ``met``.
    costs : DataFrame
        A row per group of rules, for the whole (``where`` empty) and for each LPT that stands on
        its own: ``rules``, ``unmet``, ``value_lost``: the best value without that group less the
        value with it, NaN where time ran out; ``value_lost_share`` of the value without it;
        ``value_lost_most``: what the loss cannot exceed, given the gaps of both.
    """

    visits: Ints
    value: float
    bound: float
    gap: float
    stopped: bool
    rules: pd.DataFrame
    costs: pd.DataFrame


def allocate_visits(
    options: Options,
    limits: Limits,
    rules: Sequence[LinearRule] = (),
    *,
    decay: float,
    seconds: float = 180.0,
    gap: float = 1e-3,
    costs: bool = True,
) -> Allocation:
    r"""Choose how many visits every option gets, so that the value is the greatest there can be.

    Parameters
    ----------
    options : Options
        What may be chosen.
    limits : Limits
        What may not be exceeded.
    rules : sequence of LinearRule
        Floors and caps. Soft ones fall as little short as can be, before any value is looked at.
    decay : float
        Value of a further visit to a hotspot on one duty day as a share of the one before, in
        (0, 1).
    seconds : float
        Time after which the best found so far is taken, its gap told. A result that time cut
        short may differ between machines; any other is the same each time.
    gap : float
        Share of the value that may be given up for speed.
    costs : bool
        Whether to solve again without each group of rules, to tell what it costs.

    Returns
    -------
    Allocation

    Raises
    ------
    InputError
        Where a rule that is not soft cannot be met, by name.

    Notes
    -----
    The visits to a hotspot on one duty day, sorted by value, are worth
    :math:`\sum_j decay^{j-1} v_{(j)}`. With the distinct values :math:`v_1 > v_2 > \dots` of that
    day and :math:`N_l` the visits worth at least :math:`v_l`, that is
    :math:`\sum_l (v_l - v_{l+1}) \, g(N_l)` with :math:`g(n) = 1 + decay + \dots + decay^{n-1}`:
    a sum of concave functions of counts, hence a linear programme in steps of each, and only the
    visits themselves need be whole numbers. It is solved by HiGHS [1]_ in as many independent
    parts as limits and rules leave, mostly one per LPT.

    References
    ----------
    .. [1] Huangfu, Q. and Hall, J. A. J. (2018). Parallelizing the dual revised simplex method.
       Mathematical Programming Computation 10(1), 119-142.

    Examples
    --------
    Five visits of 20 minutes between needs of 10 and 4: 10, 6, 4, 3.6 and 2.4 are the best five.

    >>> one = np.zeros(2, dtype=np.int64)
    >>> options = Options(np.array([0, 1]), one, one, one, np.array([[10.0] * 3, [4.0] * 3]),
    ...                   np.full(2, 20.0), np.full(2, 20.0))
    >>> best = allocate_visits(options, Limits(np.array([[100.0]])), decay=0.6)
    >>> best.visits.tolist(), round(best.value, 2), best.gap
    ([3, 2], 26.0, 0.0)
    """
    from .programme import Columns, Programme

    _check(options, limits, rules, decay)
    order = np.lexsort((options.crew, options.duty, options.day, options.hotspot))
    options, limits, rules = _in_order(options, limits, rules, order)
    began = time.monotonic()
    ends, soon, later = (began + part * seconds for part in (1.0, 0.4, 0.8))
    place = _codes(options.hotspot, options.day)
    columns = Columns.of(place, options.values, options.bands, limits.per_day)
    caps, most = _caps(options, limits, columns)
    rows, amounts = _rows(rules, columns)
    soft = np.array([rule.soft for rule in rules], dtype=bool)
    weight = np.array([rule.weight for rule in rules], dtype=np.float64)
    model = Programme(columns, caps, most, rows, amounts, soft, weight, decay)
    hard = [i for i, rule in enumerate(rules) if not (rule.soft or rule.group)]
    groups: dict[str, list[int]] = {}
    for i in sorted({*range(len(rules))} - {*hard}):
        groups.setdefault(rules[i].group or rules[i].name, []).append(i)
    free = model.solve(hard, soon if groups else ends, gap)
    full = free
    if groups:
        full = model.solve(range(len(rules)), later if costs else ends, gap, start=free)
    without = {}
    for group, members in groups.items() if costs else ():
        rest = [i for i in range(len(rules)) if i not in set(members)]
        without[group] = free if len(groups) == 1 else model.solve(rest, ends, gap, start=free)
    found = _report(options, rules, groups, model, full, {"": free, **without})
    unmet = [
        f"rule {rule.name!r} cannot be met: {reached:g} of {rule.amount:g} reached; "
        "lower it, give more hours, or make it soft."
        for rule, reached, met in zip(rules, found.rules["reached"], found.rules["met"],
                                      strict=True)
        if not (met or rule.soft)
    ]  # fmt: skip
    if unmet and not full.stopped:
        raise InputError("allocation", unmet)
    visits = np.empty_like(found.visits)
    visits[order] = found.visits
    return replace(found, visits=visits)


def _in_order(
    options: Options, limits: Limits, rules: Sequence[LinearRule], order: Ints
) -> tuple[Options, Limits, list[LinearRule]]:
    """Sort the options, so that the order they are given in decides nothing."""
    names = [f.name for f in fields(options) if getattr(options, f.name) is not None]
    budgets = [(np.asarray(mask)[order], amount) for mask, amount in limits.budgets]
    return (
        replace(options, **{name: getattr(options, name)[order] for name in names}),
        replace(limits, budgets=budgets),
        [replace(rule, coef=np.asarray(rule.coef)[order]) for rule in rules],
    )


def _codes(*keys: Ints) -> Ints:
    """Give each distinct combination of keys a number, from 0."""
    _, code = np.unique(np.column_stack(keys), axis=0, return_inverse=True)
    return code.reshape(-1).astype(np.int64)


def _check(options: Options, limits: Limits, rules: Sequence[LinearRule], decay: float) -> None:
    """Name every fault of the arrays at once."""
    o, faults = len(options.hotspot), []
    faults += [
        f"{name} has {len(getattr(options, name))} rows where hotspot has {o}."
        for name in ("day", "duty", "crew", "values", "minutes", "officer_minutes")
        if len(getattr(options, name)) != o
    ]
    if not 0 < decay < 1:
        faults.append(f"decay is {decay:g}; it must be between 0 and 1.")
    if not faults and o:
        values = options.values
        if not np.isfinite(values).all() or (values < 0).any():
            faults.append("values must be finite and not below 0.")
        elif (np.diff(values, axis=1) > 1e-12).any():
            faults.append("values must not increase along a row; sort each from the best.")
        if not (options.minutes > 0).all() or not (options.officer_minutes >= 0).all():
            faults.append("minutes must be above 0 and officer_minutes not below it.")
        if options.duty.max() >= limits.capacity.shape[0] or (
            options.crew.max() >= limits.capacity.shape[1]
        ):
            faults.append(f"capacity of shape {limits.capacity.shape} lacks a duty or crew.")
    for rule in rules:
        if rule.kind not in ("at least", "at most"):
            faults.append(f"rule {rule.name!r}: kind is {rule.kind!r}; 'at least' or 'at most'.")
        if len(rule.coef) != o:
            faults.append(f"rule {rule.name!r}: coef has {len(rule.coef)} values for {o} options.")
        if not np.isfinite(rule.amount) or not np.isfinite(rule.coef).all():
            faults.append(f"rule {rule.name!r}: amount and coef must be finite.")
    if faults:
        raise InputError("allocation", faults)


def _caps(options: Options, limits: Limits, columns: Columns) -> tuple[sparse.csr_array, Floats]:
    """Write what may not be exceeded as rows over the columns, and the most of each row."""
    from scipy import sparse

    option = columns.option
    n = len(option)
    coef, row, col, most, used = [], [], [], [], 0

    def add(key: Ints, weight: Floats, amount: Floats) -> None:
        """Add a row per key; those that cannot bind are left out."""
        nonlocal used
        full = np.bincount(key, weights=weight * columns.most, minlength=len(amount))
        binding = (full > amount + 1e-9) & np.isfinite(amount)
        number = np.cumsum(binding) - 1 + used
        kept = np.flatnonzero(binding[key])
        coef.append(weight[kept])
        row.append(number[key[kept]])
        col.append(kept)
        most.append(amount[binding])
        used += int(binding.sum())

    one = np.ones(n)
    days = int(columns.place.max(initial=-1)) + 1
    add(columns.place, one, np.full(days, float(limits.per_day)))
    duty_at = _codes(options.hotspot, options.duty)[option]
    duties = int(duty_at.max(initial=-1)) + 1
    reach = np.zeros(duties)
    each = np.bincount(option, weights=columns.most, minlength=len(options.hotspot))
    np.maximum.at(reach, duty_at, each[option])
    add(duty_at, one, np.minimum(reach, limits.per_shift))
    if options.bands is not None:
        shared = _codes(duty_at, columns.band)
        room = np.zeros(int(shared.max(initial=-1)) + 1)
        np.maximum.at(room, shared, columns.most.astype(np.float64))
        add(shared, one, room)
    crews = limits.capacity.shape[1]
    team = (options.duty * crews + options.crew)[option]
    minutes, free = options.minutes[option], np.maximum(limits.capacity, 0.0).ravel()
    least = np.full(len(free), np.inf)
    np.minimum.at(least, team, minutes)
    times = minutes / least[team]
    whole = np.ones(len(free), dtype=bool)
    np.logical_and.at(whole, team, np.abs(times - times.round()) < 1e-9)
    # visits of one length, or multiples of it: count them, which the solver bounds tightly
    room = np.divide(free, least, out=np.zeros_like(free), where=np.isfinite(least))
    add(
        team,
        np.where(whole[team], times.round(), times),
        np.where(whole, np.floor(room + 1e-9), room),
    )
    cost = options.officer_minutes[option]
    if limits.duty_minutes is not None:
        add(options.duty[option], cost / 60, limits.duty_minutes / 60)
    for mask, amount in limits.budgets:
        add(np.zeros(n, dtype=np.int64), np.where(mask[option], cost / 60, 0.0),
            np.array([amount / 60]))  # fmt: skip
    held = sparse.csr_array(
        (np.concatenate(coef), (np.concatenate(row), np.concatenate(col))), shape=(used, n)
    )
    return held, np.concatenate(most)


def _rows(rules: Sequence[LinearRule], columns: Columns) -> tuple[sparse.csr_array, Floats]:
    """Write every rule as a row of which the most is given; a floor with its signs turned."""
    from scipy import sparse

    sign = np.array([-1.0 if rule.kind == "at least" else 1.0 for rule in rules])
    amounts = np.array([rule.amount for rule in rules], dtype=np.float64) * sign
    if not rules:
        return sparse.csr_array((0, len(columns.option))), amounts
    coef = np.array([rule.coef for rule in rules], dtype=np.float64)[:, columns.option]
    return sparse.csr_array(coef * sign[:, None]), amounts


def _report(
    options: Options, rules: Sequence[LinearRule], groups: Mapping[str, list[int]],
    model: Programme, full: Solved, without: Mapping[str, Solved],
) -> Allocation:  # fmt: skip
    columns = model.columns
    visits = np.bincount(columns.option, weights=full.chosen, minlength=len(options.hotspot))
    visits = visits.round().astype(np.int64)
    value, bound = float(full.value.sum()), float(full.bound.sum())
    gap = (bound - value) / bound if bound > 0 else 0.0
    return Allocation(
        visits, value, bound, round(gap, 9), full.stopped,
        _rules_table(rules, visits), _costs_table(rules, groups, model, full, without),
    )  # fmt: skip


def _rules_table(rules: Sequence[LinearRule], visits: Ints) -> pd.DataFrame:
    reached = np.array([float(rule.coef @ visits) for rule in rules])
    amount = np.array([rule.amount for rule in rules], dtype=np.float64)
    over = np.where([rule.kind == "at least" for rule in rules], reached - amount, amount - reached)
    short = np.where(over < -1e-6, -over, 0.0) if rules else over
    step = np.array([np.abs(rule.coef[rule.coef != 0]).min(initial=np.inf) for rule in rules])
    return pd.DataFrame({
        "rule": pd.Series([r.name for r in rules], dtype="str"),
        "group": pd.Series([r.group or r.name for r in rules], dtype="str"),
        "where": pd.Series([r.where for r in rules], dtype="str"),
        "kind": pd.Series([r.kind for r in rules], dtype="str"),
        "amount": amount, "reached": reached, "shortfall": short,
        "binding": over < step - 1e-6 if rules else np.zeros(0, dtype=bool),
        "met": short == 0,
    })  # fmt: skip


_COSTS = {"group": "str", "where": "str", "rules": "int64", "unmet": "int64",
          "value_lost": "float64", "value_lost_share": "float64",
          "value_lost_most": "float64"}  # fmt: skip


def _costs_table(
    rules: Sequence[LinearRule], groups: Mapping[str, list[int]], model: Programme, full: Solved,
    without: Mapping[str, Solved],
) -> pd.DataFrame:  # fmt: skip
    columns, rows = model.columns, []
    visits = full.chosen
    free = without[""]
    for group, other in without.items():
        if not group:
            continue
        places = {rules[i].where for i in groups[group]} - {""}
        spans: list[tuple[str, NDArray[np.bool_]]] = [("", np.ones(len(full.value), dtype=bool))]
        tied: dict[str, set[int]] = {}
        for i in groups[group]:
            seen = np.unique(full.part[np.flatnonzero(rules[i].coef[columns.option])])
            tied.setdefault(rules[i].where, set()).update(seen.tolist())
        for where in sorted(places):
            parts = tied[where]
            alone = not any(parts & theirs for name, theirs in tied.items() if name != where)
            if parts and alone:
                spans.append((where, np.isin(np.arange(len(full.value)), list(parts))))
        for where, span in spans:
            inside = np.unique(other.part[span[full.part]])
            have, could = float(full.value[span].sum()), float(other.value[inside].sum())
            most = float(other.bound[inside].sum())
            loose = np.unique(free.part[span[full.part]])  # what no rule at all allows
            most = min(most, float(free.bound[loose].sum()))
            unmet = sum(
                (rules[i].coef[columns.option] @ visits - rules[i].amount)
                * (1 if rules[i].kind == "at most" else -1) > 1e-6
                for i in groups[group] if not where or rules[i].where == where
            )  # fmt: skip
            lost = could - have if could - have > 1e-9 * could else 0.0
            if other.stopped and lost == 0.0 < most - have:
                lost = np.nan  # time ran out before anything better was found
            rows.append({
                "group": group, "where": where,
                "rules": sum(not where or rules[i].where == where for i in groups[group]),
                "unmet": int(unmet), "value_lost": lost,
                "value_lost_share": lost / max(could, have) if max(could, have) > 0 else 0.0,
                "value_lost_most": max(most - have, 0.0),
            })  # fmt: skip
    return pd.DataFrame({
        name: pd.Series([row[name] for row in rows], dtype=kind) for name, kind in _COSTS.items()
    })  # fmt: skip
