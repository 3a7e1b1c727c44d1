"""Gi* on a grid: its z scores, and its p-values, against esda on the same counts.

    python benchmarks/bench_significance.py [--sizes 10000 100000 1000000] [--runs 5]

Both sides get the same counts of the same square cells, with the eight cells around each as
neighbours, by turns in one run; medians of the runs. The time of esda is told without and with
the time libpysal takes to build its weights (``lat2W``), which ours builds anew every time.
P-values: the exact law of all permutations here, 999 draws on one processor there, measured once,
and where there are more than ``--most`` cells left out, as they would take an hour.
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

import hotspots as hs
from hotspots.detect._neighbours import GridNeighbours, gi_star, gi_star_z
from hotspots.detect._permutation import neighbour_tails

SIZE = 100.0


def timed(run: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = run()
    return time.perf_counter() - start, result


def square(cells: int) -> hs.Grid:
    side = round(cells**0.5)
    frame = gpd.GeoDataFrame(
        {"area_km2": [(side * SIZE / 1e3) ** 2]}, index=pd.Index(["Town"], name="lpt"),
        geometry=[shapely.box(0, 0, side * SIZE, side * SIZE)], crs="EPSG:27700",
    )  # fmt: skip
    return hs.Grid.over(frame, SIZE)


def exact(grid: hs.Grid, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Z scores and one-sided p-values of all permutations."""
    near = GridNeighbours(grid)
    sums = near.sums(values)
    upper = neighbour_tails(values, sums - values, near.counts - 1, 0, 0).upper
    return gi_star(values, sums, near.counts), upper


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--most", type=int, default=100_000)
    options = parser.parse_args()
    from esda import G_Local
    from libpysal.weights import fill_diagonal, lat2W

    warnings.simplefilter("ignore")  # esda announces a change of its p-values
    print("   cells   ours    esda  times  with weights  times | exact p  999 draws  times")
    for cells in options.sizes:
        grid = square(cells)
        n = len(grid.cells)
        counts = np.random.default_rng(0).negative_binomial(0.05, 0.1, n).astype(float)
        building, weights = timed(
            lambda g=grid: fill_diagonal(lat2W(g.rows, g.columns, rook=False), 1)
        )
        runs = 1 if cells > 300_000 else options.runs
        ours, theirs = [], []
        for turn in range(options.runs):
            ours.append(timed(lambda g=grid, x=counts: gi_star_z(g, x)))
            if turn < runs:
                weights.transform = "o"
                theirs.append(timed(lambda x=counts, w=weights: G_Local(
                    x, w, transform="B", star=True, permutations=0)))  # fmt: skip
        apart = float(np.abs(ours[0][1] - theirs[0][1].Zs).max())
        assert apart < 1e-8, f"they differ by {apart}"
        mine, his = (statistics.median(t for t, _ in both) for both in (ours, theirs))
        law = statistics.median(
            timed(lambda g=grid, x=counts: exact(g, x))[0] for _ in range(options.runs)
        )
        line = (
            f"{n:9,d} {mine:6.3f} {his:7.2f} {his / mine:6.0f} {his + building:13.1f} "
            f"{(his + building) / mine:6.0f} | {law:7.3f}"
        )
        if cells <= options.most:
            weights.transform = "o"
            drawn, _ = timed(lambda x=counts, w=weights: G_Local(
                x, w, transform="B", star=True, permutations=999, n_jobs=1,
                keep_simulations=False, seed=0))  # fmt: skip
            line += f" {drawn:10.1f} {drawn / law:6.0f}"
        print(line, flush=True)


if __name__ == "__main__":
    main()
