"""Is the allocation of visits the best there is, how long does it take, what does fairness cost.

    python benchmarks/allocation.py exact [--cases 200]   # against another programme, and greedy
    python benchmarks/allocation.py time                  # a week of the force
    python benchmarks/allocation.py cost                  # the cost of each rule, synthetic county

``exact`` solves random cases of one LPT (hotspots, shifts, crews, bands of the clock, floors) a
second time with a programme written otherwise: every visit is given one place in the order of its
hotspot's day, and the place says how much it counts. Both are solved to the last; the values must
agree. Beside it: what is lost by taking the best visit per minute again and again, floors first.

``time`` and ``cost`` share out a week of the synthetic county: 10 LPTs, 20 hotspots each, three
shifts of two crews (a pair by car, a PCSO on foot). ``cost`` drops one rule at a time.
"""

from __future__ import annotations

import argparse
import dataclasses
import time
import warnings

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

import hotspots as hs
from hotspots.patrols.allocation import Limits, LinearRule, Options, allocate_visits
from hotspots.patrols.area import Area, Places
from hotspots.patrols.options import build_options, crews_of
from hotspots.patrols.resources import duties, parse_shifts, parse_units
from hotspots.patrols.tasks import choose_tasks, read_tasks

DECAY = 0.6
START = pd.Timestamp("2026-03-02")
SHIFTS = pd.DataFrame({
    "shift": ["early", "late", "night"], "start": ["07:00", "15:00", "22:00"],
    "end": ["15:00", "23:00", "07:00"], "briefing_min": 15.0, "debrief_min": 15.0,
    "break_start": ["11:00", "19:00", "02:00"], "break_min": 45.0,
})  # fmt: skip


# --- exact ---------------------------------------------------------------------------------------


def random_case(rng: np.random.Generator) -> tuple[Options, Limits, list[LinearRule]]:
    """Make one LPT: up to 5 hotspots, a day of 3 shifts, 2 crews, 4 bands a shift."""
    n, days = int(rng.integers(2, 6)), 1
    need = rng.pareto(1.5, n) + 0.2
    rows, values, bands = [], [], []
    minutes = rng.integers(18, 40, (n, 2)).astype(float)
    for day in range(days):
        for shift in range(3):
            rate = rng.gamma(4, 0.25, (n, 4))
            for h in range(n):
                order = np.argsort(-rate[h])[:3]
                for crew in range(2):
                    rows.append((h, day, day * 3 + shift, crew))
                    values.append(need[h] * rate[h, order])
                    bands.append(order)
    codes = np.array(rows).T
    cost = minutes[codes[0], codes[3]]
    options = Options(*codes, np.array(values), cost, cost * (2 - codes[3]), np.array(bands))
    limits = Limits(rng.uniform(20, 110, (days * 3, 2)), rng.uniform(90, 300, days * 3))
    floors = [
        LinearRule(f"hotspot {h}", "at least", (codes[0] == h) * 1.0, float(rng.integers(0, 6)))
        for h in range(n)
    ]
    return options, limits, floors


def by_order(options: Options, limits: Limits, floors: list[LinearRule]) -> tuple[float, float]:
    """Return least shortfall and best value; each visit is given its place in the day's order."""
    o, j = np.nonzero(options.values > 0)
    item = np.repeat(np.arange(len(o)), limits.per_day)
    order = np.tile(np.arange(limits.per_day), len(o))
    gain = options.values[o, j][item] * DECAY**order
    rows, most = [], []

    def at_most(key: np.ndarray, weight: np.ndarray, amounts: np.ndarray) -> None:
        rows.append(sparse.csr_array((weight, (key, np.arange(len(item)))),
                                     shape=(len(amounts), len(item))))  # fmt: skip
        most.append(amounts)

    def code(*keys: np.ndarray) -> np.ndarray:
        return np.unique(np.column_stack(keys), axis=0, return_inverse=True)[1].reshape(-1)

    one = np.ones(len(item))
    h, day, duty, crew = (a[o][item] for a in (options.hotspot, options.day, options.duty,
                                               options.crew))  # fmt: skip
    for key, amount in [
        (item, 1), (code(h, day, order), 1), (code(h, duty), limits.per_shift),
        (code(h, duty, options.bands[o, j][item]), 1),
    ]:  # fmt: skip
        at_most(key, one, np.full(key.max() + 1, float(amount)))
    at_most(duty * 2 + crew, options.minutes[o][item], limits.capacity.ravel())
    at_most(duty, options.officer_minutes[o][item], limits.duty_minutes)
    floor = sparse.csr_array(np.array([rule.coef for rule in floors])[:, o][:, item])
    wanted = np.array([rule.amount for rule in floors])
    caps, room = sparse.vstack(rows), np.concatenate(most)
    m, f = len(item), len(floors)

    def solve(cost: np.ndarray, short: float) -> float:
        held = [
            LinearConstraint(
                sparse.hstack([caps, sparse.csr_array((len(room), f))]), -np.inf, room
            ),
            LinearConstraint(sparse.hstack([floor, sparse.eye_array(f)]), wanted, np.inf),
            LinearConstraint(np.concatenate([np.zeros(m), np.ones(f)])[None, :], -np.inf, short),
        ]
        upper = np.concatenate([np.ones(m), np.full(f, np.inf)])
        found = milp(cost, constraints=held, bounds=Bounds(0, upper),
                     integrality=np.concatenate([np.ones(m), np.zeros(f)]),
                     options={"mip_rel_gap": 1e-9, "time_limit": 20})  # fmt: skip
        return float(found.fun) if found.status == 0 else np.nan

    short = solve(np.concatenate([np.zeros(m), np.ones(f)]), np.inf)
    return short, -solve(np.concatenate([-gain, np.zeros(f)]), short + 1e-6)


def exact(cases: int, seed: int) -> None:
    """Compare with the other programme and with greedy."""
    rng = np.random.default_rng(seed)
    apart, greedy, coarse, solved = [], [], [], 0
    for _ in range(cases):
        options, limits, floors = random_case(rng)
        ours = allocate_visits(options, limits, floors, decay=DECAY, gap=1e-9, costs=False)
        short, value = by_order(options, limits, floors)
        if np.isnan(value):
            continue
        solved += 1
        apart.append((abs(ours.rules["shortfall"].sum() - short), abs(ours.value / value - 1)))
        usual = allocate_visits(options, limits, floors, decay=DECAY, costs=False)
        coarse.append(1 - usual.value / ours.value)
        simple = allocate_visits(options, limits, floors, decay=DECAY, seconds=-1.0, costs=False)
        greedy.append((simple.rules["shortfall"].sum() - short, 1 - simple.value / value))
    worst = np.max(apart, axis=0)
    lost = np.array([g[1] for g in greedy if g[0] < 1e-6])
    print(f"{solved} of {cases} cases solved by both; largest difference in shortfall "
          f"{worst[0]:.1e}, in value {worst[1]:.1e} of it")  # fmt: skip
    print(f"gap of 0.1% asked for: value lost on average {np.mean(coarse):.3%}, "
          f"at most {np.max(coarse):.3%}")  # fmt: skip
    print(f"greedy: shorter of floors in {solved - len(lost)} cases; in the others value lost "
          f"on average {lost.mean():.1%}, at most {lost.max():.1%}")  # fmt: skip


# --- the county ----------------------------------------------------------------------------------


def county(hours: bool = True) -> hs.Demand:
    """Make the need of 20 hotspots in each of the county's ten LPTs, by hour of the week or not."""
    made = hs.make_county(seed=1)
    grid = hs.Grid.over(made.lpts, size=200)
    spots = hs.Counts().fit(made.incidents).hotspots(grid, top_k=20, per_lpt=True, min_incidents=1)
    return hs.patrol_demand(spots, made.incidents if hours else None, lpts=made.lpts)


def units_of(lpts: list[str]) -> pd.DataFrame:
    """Give each LPT a pair of constables by car and a PCSO on foot in each shift."""
    rows = [
        (f"{lpt} {shift} {kind}", lpt, shift, kind, officers, mode)
        for lpt in lpts for shift in SHIFTS["shift"]
        for kind, officers, mode in [("constable", 2, "vehicle"), ("pcso", 1, "foot")]
    ]  # fmt: skip
    names = ["unit", "lpt", "shift", "kind", "officers", "mode"]
    return pd.DataFrame(rows, columns=names).set_index("unit")


def choices(demand: hs.Demand, rules: hs.PatrolRules, days: int = 7):
    """Build options, limits and rules of a week as the plan does."""
    lpts = sorted(demand.need["lpt"].unique())
    faults: list[str] = []
    staff = parse_units(units_of(lpts), faults)
    dated = duties(parse_shifts(SHIFTS, faults), staff, START, days)
    assert not faults
    tasks = read_tasks()
    asked = tasks.loc[choose_tasks(demand.need, tasks)]
    centre = demand.hotspots.geometry.representative_point()
    xy = np.column_stack([centre.x, centre.y])
    worth = demand.need["worth"].to_numpy()
    legs = {}
    for lpt in lpts:
        here = np.flatnonzero((demand.need["lpt"] == lpt).to_numpy())
        intensity = demand.intensity[here] if demand.hours_known else None
        places = Places(demand.need.index[here], here, xy[here], worth[here], intensity,
                        asked.iloc[here])  # fmt: skip
        area = Area(lpt, places, rules, START, 0)
        legs |= {unit.name: area.legs(unit) for unit in staff if unit.lpt == lpt}
    return build_options(demand, dated, [crews_of(d) for d in dated], legs, rules, START, days)


def timing() -> None:
    """Time a week of the force."""
    cases = {
        "hours known, rules as they stand": (True, {}),
        "hours not known": (False, {}),
        "80% of time lost to other duties": (True, {"abstraction": 0.8}),
        "no gap, up to 12 visits a shift": (
            True, {"gap_min": 0, "max_per_shift": 12, "max_per_day": 24}),
        "1,000 officer-hours for the force": (True, {"officer_hours": 1000.0}),
        "the same with every fairness rule": (
            True, {"officer_hours": 1000.0, "fair_share": 0.8, "top_share": 0.2,
                   "lpt_floor_hours": 30.0, "neighbourhood_floor": 7.0}),
    }  # fmt: skip
    known = {hours: county(hours) for hours in (True, False)}
    rows = []
    for name, (hours, changed) in cases.items():
        rules = hs.PatrolRules(**changed)
        demand = with_neighbourhoods(known[hours])
        began = time.perf_counter()
        options, limits, wanted = choices(demand, rules)
        built = time.perf_counter()
        best = allocate_visits(options, limits, wanted, decay=rules.decay, costs=False)
        solved = time.perf_counter()
        full = allocate_visits(options, limits, wanted, decay=rules.decay, seconds=300)
        rows.append({
            "case": name, "options": len(options.hotspot), "built s": built - began,
            "solved s": solved - built, "with costs s": time.perf_counter() - solved,
            "visits": int(best.visits.sum()), "gap": f"{best.gap:.4%}",
            "unmet": int((~full.rules["met"]).sum()),
        })  # fmt: skip
        print(pd.DataFrame(rows[-1:]).round(1).to_string(index=False, header=len(rows) == 1))


def with_neighbourhoods(demand: hs.Demand) -> hs.Demand:
    """Part each LPT's hotspots east and west into two neighbourhoods."""
    spots = demand.hotspots.copy()
    east = spots.geometry.representative_point().x
    side = east.groupby(spots["lpt"]).rank(pct=True) > 0.5
    spots["neighbourhood"] = spots["lpt"].astype("str") + np.where(side, " east", " west")
    return dataclasses.replace(demand, hotspots=spots)


def cost() -> None:
    """Tell what each rule costs, at two budgets."""
    demand = with_neighbourhoods(county())
    rows = []
    for budget in (600.0, 1200.0):
        rules = hs.PatrolRules(
            officer_hours=budget,
            fair_share=0.8,
            top_share=0.15,
            lpt_floor_hours=20.0,
            neighbourhood_floor=10.0,
        )
        options, limits, wanted = choices(demand, rules)
        found = allocate_visits(options, limits, wanted, decay=rules.decay, seconds=300)
        free = allocate_visits(options, limits, [], decay=rules.decay, seconds=120)
        costs = found.costs[found.costs["where"] == ""]
        rows += [
            {"officer-hours": budget, "rule": row["group"], "rules": row["rules"],
             "unmet": row["unmet"], "value lost": f"{row['value_lost_share']:.2%}",
             "at most": f"{row['value_lost_most'] / free.value:.2%}"}
            for row in costs.to_dict("records")
        ]  # fmt: skip
        rows.append({"officer-hours": budget, "rule": "all together", "rules": len(wanted),
                     "unmet": int((~found.rules["met"]).sum()),
                     "value lost": f"{1 - found.value / free.value:.2%}",
                     "at most": f"{1 - found.value / free.bound:.2%}"})  # fmt: skip
        print(pd.DataFrame(rows[-len(costs) - 1 :]).to_string(index=False), flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore", hs.contracts.Notice)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["exact", "time", "cost"])
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    {"exact": lambda: exact(given.cases, given.seed), "time": timing, "cost": cost}[given.what]()
