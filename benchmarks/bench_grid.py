"""The grid: a county in 100 m cells, its time and its memory.

    python benchmarks/bench_grid.py [LPTS] [--runs 5]

LPTS is a file of LPT polygons; ``../shared/data/boundaries/staffordshire_lpts.gpkg`` beside the
project by default, and where that is missing the synthetic county. Medians; the memory is the most
that Python and numpy held at once while the grid was made, measured in a run of its own.
"""

from __future__ import annotations

import argparse
import statistics
import time
import tracemalloc
from pathlib import Path

import numpy as np

import hotspots as hs
from hotspots.places import assign_lpt

LPTS = Path(__file__).resolve().parents[2] / "shared/data/boundaries/staffordshire_lpts.gpkg"


def median(run, runs: int) -> float:
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lpts", nargs="?", type=Path, default=LPTS)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    given = options.lpts.exists()
    lpts = hs.read_lpts(options.lpts) if given else hs.make_county(months=1).lpts
    for shape in ("square", "hex"):
        for size in (100, 50):
            grid = hs.Grid.over(lpts, size, shape)
            seconds = median(lambda s=size, f=shape: hs.Grid.over(lpts, s, f), options.runs)
            tracemalloc.start()
            grid = hs.Grid.over(lpts, size, shape)
            peak = tracemalloc.get_traced_memory()[1] / 1e6
            tracemalloc.stop()
            print(f"{grid!r:62s} {seconds:6.3f} s {peak:6.1f} MB")
    grid = hs.Grid.over(lpts, 100)
    west, south, east, north = grid.extent
    xy = np.random.default_rng(0).uniform((west, south), (east, north), (1_000_000, 2))
    print(f"locate 1,000,000 points{'':39s} {median(lambda: grid.locate(xy), options.runs):6.3f} s")
    seconds = median(lambda: assign_lpt(*xy.T, lpts), options.runs)
    print(f"assign_lpt 1,000,000 distinct points{'':26s} {seconds:6.3f} s")
    common = xy[np.random.default_rng(1).integers(0, 30_000, 1_000_000)]
    seconds = median(lambda: assign_lpt(*common.T, lpts), options.runs)
    print(f"assign_lpt 1,000,000 points on 30,000 places{'':18s} {seconds:6.3f} s")


if __name__ == "__main__":
    main()
