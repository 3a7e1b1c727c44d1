"""Near repeat against pointpats: same run, same synthetic incidents, same number of permutations.

    python benchmarks/bench_near_repeat.py [--rows 10000] [--permutations 999] [--large 50000]

Incidents in clusters and a countryside of 30 × 30 km over three years. pointpats tests one
distance and one time (it has no bands) with its Knox class, ours all 25 cells of the default bands,
from the incidents table, every check included; both are asked for the same permutations, by turns.
Then ours alone on ``--large`` incidents with 999 permutations, in 300 clusters as wide as estates
and in 60 as tight as car parks. Wall-clock and processor seconds: on a busy machine the second are
the ones to compare. pointpats is needed for the comparison only: ``pip install pointpats``.
"""

from __future__ import annotations

import argparse
import resource
import time

import geopandas as gpd
import numpy as np
import pandas as pd

import hotspots as hs
from hotspots.detect._pairs import count_within


def synthetic(rows: int, spread: float, clusters: int = 300) -> gpd.GeoDataFrame:
    rng = np.random.default_rng(0)
    centres, weight = rng.uniform(0, 30_000, (clusters, 2)), rng.gamma(0.6, size=clusters)
    near = centres[rng.choice(clusters, rows, p=weight / weight.sum())]
    near = near + rng.normal(0, spread, (rows, 2))
    xy = np.where(rng.random((rows, 1)) < 0.8, near, rng.uniform(0, 30_000, (rows, 2))).round()
    when = pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 1095 * 1440, rows), "min")
    return gpd.GeoDataFrame(
        {"category": "Burglary", "occurred_from": when, "occurred_to": when},
        geometry=gpd.points_from_xy(*xy.T), crs="EPSG:27700",
        index=pd.RangeIndex(rows, name="incident"),
    )  # fmt: skip


def timed(way) -> tuple[np.ndarray, object]:
    """Wall-clock and processor seconds, and what came of it."""
    wall, busy = time.perf_counter(), time.process_time()
    found = way()
    return np.array([time.perf_counter() - wall, time.process_time() - busy]), found


def compare(rows: int, permutations: int, runs: int) -> None:
    try:
        from pointpats import Knox
    except ImportError as error:
        print(f"pointpats cannot be used here: {error}")
        return
    incidents = synthetic(rows, 250)
    xy = incidents.geometry.get_coordinates().to_numpy()
    day = incidents["occurred_from"].to_numpy().astype("datetime64[D]").astype(np.int64)
    ours, theirs = [], []
    for _ in range(runs):
        seconds, found = timed(lambda: hs.knox(
            incidents, metric="euclidean", n_sim=permutations
        ))  # fmt: skip
        ours.append(seconds)
        # up to 100 m and 6 days, as our cells [0, 1) and [1, 100) m × [0, 7) days
        seconds, other = timed(lambda: Knox(xy, day[:, None], 99.999, 6, permutations=permutations))
        theirs.append(seconds)
    cells = found.cells[(found.cells["space_to_m"] <= 100) & (found.cells["time_to_days"] == 7)]
    (a, a_cpu), (b, b_cpu) = np.median(ours, axis=0), np.median(theirs, axis=0)
    print(
        f"{rows:,} incidents, {permutations} permutations, median of {runs}: ours (25 cells) "
        f"{a:.2f} s ({a_cpu:.2f} s of processor), pointpats Knox (1 cell) {b:.2f} s ({b_cpu:.2f} s)"
        f": {b / a:.0f} times ({b_cpu / a_cpu:.0f} times)"
    )
    print(f"  pairs under 100 m and 7 days: ours {cells['observed'].sum():,}, "
          f"pointpats {int(other.statistic_):,}")  # fmt: skip


def large(rows: int, spread: float, clusters: int) -> None:
    incidents = synthetic(rows, spread, clusters)
    pairs = count_within(incidents.geometry.get_coordinates().to_numpy(), 400, "manhattan")
    (wall, busy), _ = timed(lambda: hs.knox(incidents, n_sim=999))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{rows:,} incidents, {clusters} clusters of {spread:g} m, {pairs:,} pairs within 400 m, "
        f"999 permutations: {wall:.1f} s ({busy:.1f} s of processor), peak {peak:,.0f} MB so far"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--permutations", type=int, default=999)
    parser.add_argument("--large", type=int, default=50_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    compare(options.rows, options.permutations, options.runs)
    large(options.large, 250, 300)
    large(options.large, 60, 60)


if __name__ == "__main__":
    main()
