"""How kernel density grows with the incidents, against other software, as numbers and a picture.

    python benchmarks/growth.py [--rows 10000 100000 1000000 10000000] [--runs 5] [--long 10]

The synthetic incidents of bench_detect.py: up to 30,000 snap points over 60 × 90 km, 540,000 cells
of 100 m, bandwidth 500 m, quartic kernel (Epanechnikov for scikit-learn and libkdv, which lack it).
By turns in the same run on the same data, medians; a way that took longer than ``--long`` seconds
goes no further. ``--processor`` counts the seconds of the processor, of all threads, instead of
those on the clock: on a machine that others use they vary less. Writes docs/_static/growth.png.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from bench_detect import synthetic

import hotspots as hs

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "_static" / "growth.png"
BANDWIDTH = 500.0
Clock = Callable[[], float]
COLOURS = {
    "hotspots, from the table": "#0b5394", "hotspots, from coordinates": "#6fa8dc",
    "KDEpy FFTKDE, from coordinates": "#b45f06", "libkdv, 2 threads, from coordinates": "#6aa84f",
    "scikit-learn KernelDensity, from coordinates": "#888888",
}  # fmt: skip


def ways(rows: int) -> dict[str, Callable[[], object]]:
    from KDEpy import FFTKDE
    from sklearn.neighbors import KernelDensity

    from hotspots.detect._surface import kernel_sum
    from hotspots.places import distinct_points

    incidents, grid = synthetic(rows)
    xy = incidents.geometry.get_coordinates().to_numpy()
    centres = np.array(grid.centres)
    lattice = centres[np.lexsort((centres[:, 1], centres[:, 0]))]  # KDEpy's order

    def coordinates() -> object:
        places, place = distinct_points(xy)
        locations = pd.DataFrame(places, columns=["x", "y"]).assign(weight=np.bincount(place))
        return kernel_sum(grid, locations, "quartic", BANDWIDTH)

    def kdepy() -> object:
        bw = BANDWIDTH / np.sqrt(7)  # the kernel's standard deviation in one dimension
        return FFTKDE(kernel="biweight", bw=bw, norm=2).fit(xy).evaluate(lattice)

    def scikit_learn() -> object:
        return (
            KernelDensity(kernel="epanechnikov", bandwidth=BANDWIDTH).fit(xy).score_samples(centres)
        )

    def libkdv() -> object:
        from libkdv import kdv

        return kdv(xy, GPS=False, num_threads=2, row_pixels=grid.columns, col_pixels=grid.rows,
                   bandwidth=BANDWIDTH).compute()  # fmt: skip

    made = (lambda: hs.KDE(BANDWIDTH).fit(incidents).predict(grid), coordinates, kdepy, libkdv,
            scikit_learn)  # fmt: skip
    return dict(zip(COLOURS, made, strict=True))


def measure(
    rows: int, options: argparse.Namespace, out: set[str], clock: Clock
) -> dict[str, float]:
    """Median seconds of each way; those that took too long are put ``out`` of later sizes."""
    times: dict[str, list[float]] = {}
    made = {name: way for name, way in ways(rows).items() if name not in out}
    for _ in range(options.runs + 1):  # the first is not counted, except for those that run once
        for name, way in made.items():
            if name in out:
                continue
            gc.collect()
            start = clock()
            try:
                way()
            except ImportError as error:
                print(f"{name} cannot be used here: {error}")
                out.add(name)
                continue
            seconds = clock() - start
            times.setdefault(name, []).append(seconds)
            if seconds > options.long:
                out.add(name)
    return {name: statistics.median(t[1:] or t) for name, t in times.items()}


def draw(table: pd.DataFrame, unit: str) -> None:
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4.4), layout="constrained")
    for name, seconds in table.T.iterrows():
        known = seconds.dropna()
        axes.plot(known.index, known, marker="o", color=COLOURS[name], label=name)
    axes.axhline(2, color="0.6", linestyle=":", linewidth=1)
    axes.annotate("2 s", (table.index[0], 2), xytext=(2, 2), textcoords="offset points")
    axes.set(xscale="log", yscale="log", xlabel="incidents", ylabel=unit,
             title="Kernel density on 540,000 cells, bandwidth 500 m")  # fmt: skip
    axes.set_xticks(table.index, [f"{rows:,}" for rows in table.index], minor=False)
    axes.grid(which="major", color="0.9")
    axes.spines[["top", "right"]].set_visible(False)
    axes.yaxis.set_major_formatter("{x:g}")
    figure.legend(frameon=False, fontsize=8, loc="outside lower center", ncols=2)
    figure.savefig(PICTURE, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[10**n for n in range(4, 8)])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--long", type=float, default=10)
    parser.add_argument("--processor", action="store_true")
    options = parser.parse_args()
    clock = time.process_time if options.processor else time.perf_counter
    unit = "seconds of the processor" if options.processor else "seconds"
    out: set[str] = set()
    found = {}
    for rows in options.rows:
        found[rows] = measure(rows, options, out, clock)
        for name, seconds in found[rows].items():
            print(f"{rows:>12,} {name:45s} {seconds:9.3f} s", flush=True)
    draw(pd.DataFrame.from_dict(found, orient="index").reindex(columns=list(COLOURS)), unit)


if __name__ == "__main__":
    main()
