"""Travel along roads: how long a county takes, and what the detour over a straight line really is.

    python benchmarks/roads.py [--roads cambridge_uk.graphml] [--runs 3]

The county is a jittered lattice of 102,400 junctions thinned to 1.25 stretches a junction, as
streets with many dead ends are, 20,000 km in all. Told is the processor time of reading it, of
making ready one way of moving, of the travel between 200 places, and of the same by scipy's
Dijkstra alone, from both ends of the stretches the places lie on. With ``--roads`` (a file as
``read_roads`` takes it; none is part of the project) the way between 300 × 300 random addresses on
it is set beside the straight line, and plans of 20 random hotspots are made with and without it.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy import sparse
from scipy.sparse import csgraph

import hotspots as hs

SIDE = 320
SHARES = (10, 50, 90)


def county(seed: int = 0) -> gpd.GeoDataFrame:
    """Make the streets of a county: a tree that reaches every junction, and a quarter more."""
    rng = np.random.default_rng(seed)
    n = SIDE * SIDE
    number = np.arange(n).reshape(SIDE, SIDE)
    xy = np.argwhere(number >= 0) * 150.0 + rng.uniform(-50, 50, (n, 2))
    across = np.column_stack([number[:, :-1].ravel(), number[:, 1:].ravel()])
    edges = np.concatenate([across, np.column_stack([number[:-1].ravel(), number[1:].ravel()])])
    draw = sparse.coo_matrix((rng.uniform(0.1, 1, len(edges)), edges.T), (n, n))
    tree = csgraph.minimum_spanning_tree(draw.tocsr()).tocoo()
    kept = np.isin(edges @ [n, 1], tree.row.astype(np.int64) * n + tree.col)
    more = rng.choice(np.flatnonzero(~kept), int(1.25 * n) - int(kept.sum()), replace=False)
    kept[more] = True
    edges = edges[kept]
    middle = xy[edges].mean(axis=1) + rng.normal(0, 10, (len(edges), 2))
    lines = shapely.linestrings(np.stack([xy[edges[:, 0]], middle, xy[edges[:, 1]]], axis=1))
    kinds = rng.choice(["residential", "unclassified", "primary"], len(edges), p=[0.7, 0.2, 0.1])
    oneway = rng.choice(["no", "yes"], len(edges), p=[0.97, 0.03])
    return gpd.GeoDataFrame({"highway": kinds, "oneway": oneway}, geometry=lines, crs="EPSG:27700")


def timed(work: Callable[[], Any], runs: int) -> tuple[float, Any]:
    """Return the median seconds of processor time of several runs, and what the last gave."""
    took, made = [], None
    for _ in range(runs):
        start = time.process_time()
        made = work()
        took.append(time.process_time() - start)
    return statistics.median(took), made


def plain(roads: hs.Roads, mode: str, places: np.ndarray) -> None:
    """Search from both ends of the stretch of every place by scipy's Dijkstra alone."""
    graph = roads._graph(mode)
    stretch = graph.snap(places, roads.reach_m).stretch
    ends = np.unique(roads.stretches[["start", "end"]].to_numpy()[stretch])
    for part in np.array_split(ends, max(1, len(ends) // 40)):
        csgraph.dijkstra(graph._graph, indices=part)


def measure(runs: int) -> None:
    """Print how long a county takes."""
    streets = county()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    took, roads = timed(lambda: hs.read_roads(streets), runs)
    print(roads)
    print(f"processor time: read {took:.1f} s")
    places = np.random.default_rng(1).uniform(500, 150 * SIDE - 500, (200, 2))
    for mode in ("foot", "vehicle"):

        def fresh(mode: str = mode) -> hs.Roads:
            made = hs.Roads(roads.stretches, roads.reach_m, "")
            _ = made._graph(mode)._climbs
            return made

        ready, made = timed(fresh, runs)
        found, _ = timed(lambda: made.minutes(places, places, mode), 1)  # noqa: B023
        alone, _ = timed(lambda: plain(made, mode, places), 1)  # noqa: B023
        print(f"{mode}: ready in {ready:.2f} s; 200 × 200 in {found:.2f} s; "
              f"by Dijkstra alone {alone:.1f} s")  # fmt: skip
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"peak memory above the lines given: {(peak - before) / 1024:,.0f} MB")


def detour(path: str) -> None:
    """Print the way along the roads as a multiple of the straight line, by distance."""
    roads = hs.read_roads(path)
    print(roads)
    table = roads.stretches
    a, b = np.split(addresses(roads, 600, np.random.default_rng(0)), 2)
    straight = np.hypot(*(a[:, None] - b[None]).transpose(2, 0, 1))
    foot = roads.minutes(a, b, "foot") * 75 / straight
    even = hs.Roads(table.assign(kmh=30.0), roads.reach_m, "")
    drive = even.minutes(a, b, "vehicle") * 500 / straight
    pace = straight * 1.3 / 1000 / (roads.minutes(a, b, "vehicle") / 60)
    rows = []
    edges = [100, 300, 600, 1000, 2000, 4000, 1e9]
    for low, high in [*pairwise(edges), (100, 1e9)]:
        held = (straight >= low) & (straight < high)
        row: dict[str, Any] = {"metres": f"{low:g} to {high:g}", "pairs": int(held.sum())}
        for name, values in (("foot", foot), ("drive", drive), ("km/h", pace)):
            cut = np.percentile(values[held], SHARES)
            row |= {f"{name} {s}%": v for s, v in zip(SHARES, cut.round(2), strict=True)}
        rows.append(row)
    print(pd.DataFrame(rows).to_string(index=False))
    held = straight >= 100
    off = np.abs(foot - 1.3)[held] * straight[held] / 75
    print(f"all: on foot {(foot * straight)[held].sum() / straight[held].sum():.2f}, driven "
          f"{(drive * straight)[held].sum() / straight[held].sum():.2f} of the straight line; "
          f"1.3 × straight is off by {np.median(off):.1f} min on foot (median), "
          f"{np.percentile(off, 90):.0f} in one of ten")  # fmt: skip


def addresses(roads: hs.Roads, number: int, rng: np.random.Generator) -> np.ndarray:
    """Draw places at random along the streets."""
    drawn = rng.choice(len(roads.stretches), number, p=roads.stretches["metres"]
                       / roads.stretches["metres"].sum())  # fmt: skip
    lines = roads.stretches.geometry.to_numpy()[drawn]
    points = shapely.line_interpolate_point(lines, rng.random(number), normalized=True)
    return shapely.get_coordinates(points)


def plans(path: str, towns: int = 5) -> None:
    """Plan with straight lines and along the roads, and say which legs cannot be kept."""
    roads = hs.read_roads(path)
    shifts = pd.DataFrame({"shift": ["late"], "start": ["15:00"], "end": ["23:00"],
                           "briefing_min": [30], "debrief_min": [15], "break_start": ["19:00"],
                           "break_min": [45]})  # fmt: skip
    units = pd.DataFrame(
        {"lpt": "town", "shift": "late", "kind": ["pcso", "pcso", "constable"],
         "officers": [1, 1, 2], "mode": ["foot", "cycle", "vehicle"]}, index=["P1", "B1", "C1"],
    )  # fmt: skip
    lpts = gpd.GeoDataFrame({"area_km2": [60.0]}, index=pd.Index(["town"], name="lpt"),
                            geometry=[shapely.box(*roads.stretches.total_bounds)],
                            crs=roads.stretches.crs)  # fmt: skip
    straight, along, legs, late = 0, 0, 0, 0
    for seed in range(towns):
        xy = addresses(roads, 20, np.random.default_rng(seed))
        ids = pd.Index([f"H{n:02d}" for n in range(20)], name="hotspot")
        spots = gpd.GeoDataFrame(
            {"rank": range(1, 21), "heat": 1.0, "incidents": range(200, 0, -10), "area_km2": 0.04,
             "lpt": "town", "method": "drawn by hand", "period_start": pd.Timestamp("2025-01-01"),
             "period_end": pd.Timestamp("2026-01-01")},
            geometry=shapely.buffer(shapely.points(xy), 100), index=ids, crs=roads.stretches.crs,
        )  # fmt: skip
        given = {"lpts": lpts, "shifts": shifts, "units": units, "start": "2026-03-02", "days": 2}
        by_line = hs.plan_patrols(spots, **given)
        along += len(hs.plan_patrols(spots, rules=hs.PatrolRules(roads=roads), **given).visits)
        straight += len(by_line.visits)
        at = dict(zip(ids, xy, strict=True))
        for _, day in by_line.visits.groupby(["unit", "date"]):
            for one, two in pairwise(day.sort_values("arrive").to_dict("records")):
                if one["return_min"] == 0:
                    ends = at[one["hotspot"]][None], at[two["hotspot"]][None]
                    takes = roads.minutes(*ends, two["mode"])[0, 0]
                    takes += 2 * (two["mode"] == "vehicle")  # to park
                    legs += 1
                    late += takes > (two["arrive"] - one["depart"]).total_seconds() / 60
    print(f"{towns} plans: {straight} visits by straight lines, {along} along the roads; of "
          f"{legs} legs by straight lines {late} cannot be travelled in their time")  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--roads")
    parser.add_argument("--runs", type=int, default=3)
    asked = parser.parse_args()
    measure(asked.runs)
    if asked.roads:
        detour(asked.roads)
        plans(asked.roads)
