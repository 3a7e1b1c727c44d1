"""Routes of a shift: the value found in ten seconds, against OR-Tools and PyVRP.

    python benchmarks/routes.py [--seconds 10] [--seeds 3] [--kinds "flat" "bands, gaps" ...]

Each kind of shift is drawn anew for each seed, and every solver has the same time on one processor,
by turns in one run. Every plan is followed by the checker of the tests, which shares no code with
any of them, and the value it adds up is what counts.

The peers get the strongest models they can express. Later visits to a hotspot are further copies
of it, ranked, each worth its share of the first; copies of one rank exclude one another. Without
gaps that is exact for both. With gaps, three models are run for the full time each, and the best
plan counts: "exact" (OR-Tools' routing solver alone: gaps as linear constraints on the arrivals),
"apart" (copies in spans of arrival that lie a gap apart, a narrower problem) and "mended" (copies
in spans side by side, arrivals put off or visits left out afterwards where the gap is broken).
OR-Tools runs with guided local search, without gaps from each first solution named below, with
gaps from the first of them (the other finds none there).
"""

from __future__ import annotations

import argparse
import heapq
import json
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hotspots.patrols.search import Problem, Tour, route

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from route_checker import check_routes

Routes = list[list[tuple[int, float]]]
DWELL, GAP, MOST, BAND, DECAY = 15, 120, 3, 120, 0.6
HOURS = 8
SCALE = 100_000  # the peers take whole numbers
STRATEGIES = ("PARALLEL_CHEAPEST_INSERTION", "PATH_CHEAPEST_ARC")
KINDS: dict[str, dict[str, Any]] = {
    "30 x 8, flat": {"most": 8},
    "30 x 8, flat, breaks": {"breaks": True, "most": 8},
    "30 x 8, flat, gaps": {"gaps": True},
    "30 x 8, flat, gaps, breaks": {"gaps": True, "breaks": True},
    "30 x 8, bands": {"bands": True},
    "30 x 8, bands, gaps": {"bands": True, "gaps": True},
    "30 x 8, bands, gaps, breaks": {"bands": True, "gaps": True, "breaks": True},
    "30 x 8, foot and car, flat, gaps, breaks": {
        "gaps": True, "breaks": True, "foot": True, "side": 12_000},
    "120 x 6, each once": {"n": 120, "units": 6, "most": 1},
    "120 x 20, flat": {"n": 120, "units": 20, "most": 6},
    "120 x 20, flat, gaps, breaks": {"n": 120, "units": 20, "gaps": True, "breaks": True},
    "120 x 20, bands": {"n": 120, "units": 20, "bands": True},
    "120 x 20, bands, gaps, breaks": {
        "n": 120, "units": 20, "bands": True, "gaps": True, "breaks": True},
}  # fmt: skip


def draw(
    seed: int, n: int = 30, units: int = 8, side: float = 40_000, *, bands: bool = False,
    gaps: bool = False, breaks: bool = False, foot: bool = False,
    most: int = MOST,
) -> Problem:  # fmt: skip
    """Draw a shift of eight hours: four towns, two bases, values that few hotspots hold most of."""
    rng = np.random.default_rng([seed, n, units])
    towns = rng.uniform(0.15 * side, 0.85 * side, (4, 2))
    xy = np.clip(towns[rng.integers(4, size=n)] + rng.normal(0, side / 6, (n, 2)), 0, side)
    bases = rng.uniform(0.3 * side, 0.7 * side, (2, 2))
    worth = np.round(rng.gamma(1.2, 1, n) + 0.1, 3)
    end = HOURS * 60
    spans = [(0, end // 2 - 20), (end // 2 + 20, end)] if breaks else [(0, end)]
    travels = {}
    tours = []
    for u in range(units):
        walks = foot and u % 2 == 0
        if (key := (walks, u // 2 % 2)) not in travels:
            points = np.vstack([xy, bases[[u // 2 % 2] * 2]])
            metres = np.hypot(*(points[:, None] - points).transpose(2, 0, 1)) * 1.3
            minutes = metres / ((4.5 if walks else 35) * 1000 / 60)
            if not walks:
                minutes[:, :n] += 2
            travels[key] = np.ceil(minutes.round(6))
            np.fill_diagonal(travels[key], 0)
        tours += [Tour(a, b, travels[key], 1 + u % 2) for a, b in spans]
    place, value, opens, closes = [], [], [], []
    for h in range(n):
        hours = rng.gamma(2, 0.5, end // BAND) + 0.05 if bands else [1.0]
        for k, share in enumerate(hours):
            place.append(h)
            value.append(round(float(worth[h] * share), 4))
            opens.append(k * BAND if bands else 0)
            closes.append((k + 1) * BAND - 1 if bands else end)
    return Problem(
        tours, place, value, opens, closes, [most] * len(place), [most] * n, [0] * n,
        [[]] * n, [], DWELL, GAP if gaps else -DWELL, DECAY,
    )  # fmt: skip


def ours(p: Problem, seconds: float, seed: int) -> Routes:
    return route(p, np.random.default_rng(seed), 0, seconds)


@dataclass(frozen=True)
class Copy:
    """One visit a peer may make: copies of one group exclude one another."""

    cand: int
    low: int
    high: int
    prize: int
    group: tuple[int, int]


def copies(p: Problem, model: str) -> list[Copy]:
    """Return the copies of hotspots in a model: exact, apart or mended."""

    def prize(c: int, rank: int) -> int:
        return round(SCALE * p.value[c] * p.decay**rank)

    if model == "exact":
        return [Copy(c, round(p.opens[c]), round(p.closes[c]), prize(c, j), (h, j))
                for c, h in enumerate(p.place) for j in range(p.most_at[h])]  # fmt: skip
    apart = round(p.dwell + p.gap)
    end = round(max(tour.end for tour in p.tours) - p.dwell)
    if model == "apart":
        width = (end - (MOST - 1) * apart) // MOST
        spans = [(k * (width + apart), k * (width + apart) + width) for k in range(MOST)]
    elif len(set(p.opens)) > 1:
        spans = sorted({(round(a), round(b)) for a, b in zip(p.opens, p.closes, strict=True)})
    else:
        spans = [(k * end // MOST, (k + 1) * end // MOST - 1) for k in range(MOST)]
    found = []
    for h in range(len(p.most_at)):
        own = [c for c, k in enumerate(p.place) if k == h]
        best = [max(p.value[c] for c in own if p.opens[c] <= b and a <= p.closes[c])
                for a, b in spans]  # fmt: skip
        # the span with most to gain counts as the first visit; equal spans take turns
        order = sorted(range(len(spans)), key=lambda k: (-best[k], (k + h) % len(spans)))
        for rank, k in enumerate(order):
            for c in own:
                low, high = (
                    max(spans[k][0], round(p.opens[c])),
                    min(spans[k][1], round(p.closes[c])),
                )
                if low <= high:
                    found.append(Copy(c, low, high, prize(c, min(rank, MOST - 1)), (h, k)))
    return found


def matrix(tour: Tour) -> np.ndarray:
    return np.asarray(tour.travel, dtype=np.int64)


# --- OR-Tools -------------------------------------------------------------------------------------


def or_tools(p: Problem, seconds: float, model: str, strategy: str) -> Routes:
    from ortools.constraint_solver import pywrapcp, routing_enums_pb2

    nodes, n, fleet = copies(p, model), len(p.most_at), len(p.tours)
    size = len(nodes)
    place = [p.place[copy.cand] for copy in nodes] + [k for _ in p.tours for k in (n, n + 1)]
    manager = pywrapcp.RoutingIndexManager(
        size + 2 * fleet, fleet, [size + 2 * t for t in range(fleet)],
        [size + 2 * t + 1 for t in range(fleet)],
    )  # fmt: skip
    routing = pywrapcp.RoutingModel(manager)
    best: dict[tuple[int, int], int] = {}
    for copy in nodes:
        best[copy.group] = max(copy.prize, best.get(copy.group, 0))
    # a copy costs what it falls short of the best of its group; leaving the group out, that best
    short = [best[copy.group] - copy.prize for copy in nodes] + [0] * 2 * fleet
    timed, costs = {}, {}
    for tour in p.tours:
        if id(tour.travel) not in timed:
            legs = matrix(tour)[np.ix_(place, place)]
            stay = np.array([p.dwell] * size + [0] * 2 * fleet)
            timed[id(tour.travel)] = routing.RegisterTransitMatrix((legs + stay[:, None]).tolist())
            # one minute costs a hundred-thousandth of a value of one, to break ties
            costs[id(tour.travel)] = routing.RegisterTransitMatrix(
                (legs + np.array(short)[None, :]).tolist())  # fmt: skip
    horizon = round(max(tour.end for tour in p.tours))
    for t, tour in enumerate(p.tours):
        routing.SetArcCostEvaluatorOfVehicle(costs[id(tour.travel)], t)
    routing.AddDimensionWithVehicleTransits(
        [timed[id(tour.travel)] for tour in p.tours], horizon, horizon, False, "time")  # fmt: skip
    clock = routing.GetDimensionOrDie("time")
    for t, tour in enumerate(p.tours):
        clock.CumulVar(routing.Start(t)).SetRange(round(tour.start), round(tour.end))
        clock.CumulVar(routing.End(t)).SetRange(round(tour.start), round(tour.end))
    index = [manager.NodeToIndex(k) for k in range(size)]
    groups: dict[tuple[int, int], list[int]] = {}
    for k, copy in enumerate(nodes):
        clock.CumulVar(index[k]).SetRange(copy.low, copy.high)
        groups.setdefault(copy.group, []).append(index[k])
    for key, group in groups.items():
        routing.AddDisjunction(group, best[key], 1)
    if model == "exact":
        _or_gaps(p, routing, clock, nodes, index, horizon)
    search = pywrapcp.DefaultRoutingSearchParameters()
    search.first_solution_strategy = getattr(routing_enums_pb2.FirstSolutionStrategy, strategy)
    search.local_search_metaheuristic = (
        routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    )
    search.time_limit.FromMilliseconds(round(seconds * 1000))
    found = routing.SolveWithParameters(search)
    routes: Routes = []
    for t in range(fleet):
        stops, at = [], routing.Start(t) if found else None
        while found and not routing.IsEnd(at):
            k = manager.IndexToNode(at)
            if k < size:
                stops.append((nodes[k].cand, float(found.Min(clock.CumulVar(at)))))
            at = found.Value(routing.NextVar(at))
        routes.append(stops)
    return routes


def _or_gaps(
    p: Problem, routing: Any, clock: Any, nodes: list[Copy], index: list[int], horizon: int
) -> None:
    """Keep visits to a hotspot apart: copies of one span in order of rank, spans in their order."""
    apart = round(p.dwell + p.gap)
    if apart <= 0:
        return
    solver, own = routing.solver(), {}
    for k, copy in enumerate(nodes):
        own.setdefault(copy.group[0], []).append((copy.low, copy.group[1], k))
    for ranked in own.values():
        for a, i, k in ranked:
            for b, j, m in ranked:
                if (b, j) <= (a, i) or i == j or b >= nodes[k].high + apart:
                    continue
                one, two = routing.ActiveVar(index[k]), routing.ActiveVar(index[m])
                if nodes[m].high < a + apart:
                    solver.Add(one + two <= 1)
                else:
                    solver.Add(clock.CumulVar(index[m]) + 2 * horizon * (2 - one - two)
                               >= clock.CumulVar(index[k]) + apart)  # fmt: skip


# --- PyVRP ----------------------------------------------------------------------------------------


def pyvrp(p: Problem, seconds: float, kind: str, seed: int) -> Routes:
    import pyvrp as vrp
    from pyvrp.stop import MaxRuntime

    n, model = len(p.most_at), vrp.Model()
    sites = [model.add_location(0, 0) for _ in range(n)]
    depots, profiles = {}, {}
    for tour in p.tours:
        if id(tour.travel) in profiles:
            continue
        profile = profiles[id(tour.travel)] = model.add_profile()
        ends = [model.add_location(0, 0), model.add_location(0, 0)]
        depots[id(tour.travel)] = [model.add_depot(end) for end in ends]
        legs, points = matrix(tour), [*sites, *ends]
        for a, one in enumerate(points):
            for b, two in enumerate(points):
                if a != b:
                    minutes = int(legs[a, b])
                    model.add_edge(one, two, minutes, minutes, profile)
    for tour in p.tours:
        start, end = depots[id(tour.travel)]
        profile = profiles[id(tour.travel)]
        model.add_vehicle_type(
            1, start_depot=start, end_depot=end, tw_early=round(tour.start),
            tw_late=round(tour.end), profile=profile,
        )  # fmt: skip
    nodes = copies(p, kind)
    sizes = Counter(copy.group for copy in nodes)
    groups = {key: model.add_client_group(required=False) for key, k in sizes.items() if k > 1}
    for copy in nodes:
        model.add_client(sites[p.place[copy.cand]], service_duration=round(p.dwell),
                         tw_early=copy.low, tw_late=copy.high, prize=copy.prize, required=False,
                         group=groups.get(copy.group))  # fmt: skip
    found = model.solve(MaxRuntime(seconds), seed=seed, display=False, collect_stats=False)
    routes: Routes = [[] for _ in p.tours]
    for way in found.best.routes():
        for step in way.schedule():
            if step.is_client():
                routes[way.vehicle_type()].append((nodes[step.idx].cand, float(step.start_time)))
    return routes


def mended(p: Problem, routes: Routes) -> Routes:
    """Follow routes through time, first come first served; leave out what comes too late."""
    apart = p.dwell + p.gap
    seen: dict[int, list[float]] = {}
    kept: Routes = [[] for _ in routes]
    at = [(tour.start, len(p.most_at)) for tour in p.tours]
    queue = []

    def push(t: int, i: int) -> None:
        if i < len(routes[t]):
            c = routes[t][i][0]
            clock, here = at[t]
            come = clock + tours[t].travel[here, p.place[c]]
            heapq.heappush(queue, (max(come, p.opens[c]), t, i))

    tours = p.tours
    for t in range(len(routes)):
        push(t, 0)
    while queue:
        come, t, i = heapq.heappop(queue)
        c = routes[t][i][0]
        h = p.place[c]
        clash = [a for a in seen.get(h, []) if abs(come - a) < apart]
        if clash and apart > 0:
            heapq.heappush(queue, (max(clash) + apart, t, i))
            continue
        home = tours[t].travel[h, -1]
        full = len(seen.get(h, [])) >= p.most_at[h]
        if not full and come <= p.closes[c] and come + p.dwell + home <= tours[t].end:
            kept[t].append((c, float(come)))
            seen.setdefault(h, []).append(come)
            at[t] = (come + p.dwell, h)
        push(t, i + 1)
    return kept


# --- side by side ---------------------------------------------------------------------------------


def runs_of(p: Problem, seconds: float, seed: int) -> dict[str, list[Callable[[], Routes]]]:
    """Return what is run, the several runs of a peer together."""
    gaps = p.gap > -p.dwell
    models = ("apart", "mended") if gaps else ("exact",)
    peers: dict[str, list[Callable[[], Routes]]] = {
        "OR-Tools": [lambda m=m, s=s: mended(p, or_tools(p, seconds, m, s))
                     for m in ("exact", *models[: 2 * gaps]) for s in STRATEGIES[: 2 - gaps]],
        "PyVRP": [lambda m=m: mended(p, pyvrp(p, seconds, m, seed)) for m in models],
    }  # fmt: skip
    return {"hotspots": [lambda: ours(p, seconds, seed)], **peers}


def value_of(p: Problem, run: Callable[[], Routes]) -> float:
    """Return the value of a run, 0 where its plan breaks a rule, which is told."""
    begun = time.perf_counter()
    found = run()
    took = time.perf_counter() - begun
    try:
        value = check_routes(p, found)
    except AssertionError as broken:
        print(f"  a plan breaks a rule: {broken}", file=sys.stderr)
        value = 0.0
    print(f"    {value:.4f} in {took:.1f} s", file=sys.stderr, flush=True)
    return value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=list(KINDS))
    parser.add_argument("--json", type=Path, help="write every value here")
    given = parser.parse_args()
    table: dict[str, list[dict[str, list[float]]]] = {}
    for kind in given.kinds:
        for seed in range(given.seeds):
            p = draw(seed, **KINDS[kind])
            print(f"{kind}, seed {seed}", file=sys.stderr)
            row = {name: [value_of(p, run) for run in runs]
                   for name, runs in runs_of(p, given.seconds, seed).items()}  # fmt: skip
            table.setdefault(kind, []).append(row)
            if given.json:
                given.json.write_text(json.dumps(table, indent=1), encoding="utf-8")
    print(f"{given.seconds:g} s a run, {given.seeds} draws of each kind: mean values\n\n"
          "| shift | hotspots | OR-Tools | PyVRP | hotspots against the best (least to most) |\n"
          "|---|---|---|---|---|")  # fmt: skip
    for kind, rows in table.items():
        means = {name: statistics.mean(max(row[name]) for row in rows) for name in rows[0]}
        ratio = [
            max(row["hotspots"]) / max(max(v) for name, v in row.items() if name != "hotspots") - 1
            for row in rows
        ]
        shown = " | ".join(f"{value:.3f}" for value in means.values())
        print(f"| {kind} | {shown} | {statistics.mean(ratio):+.2%} "
              f"({min(ratio):+.2%} to {max(ratio):+.2%}) |")  # fmt: skip


if __name__ == "__main__":
    main()
