"""Detection against other software: same run, same synthetic incidents, by turns, medians.

    python benchmarks/bench_detect.py [--rows 1000000] [--runs 5]

1,000,000 incidents on 30,000 snap points over 60 × 90 km (towns and countryside), 100 m cells.

KDE, quartic, 500 m: ours from the incidents table, every check included, and from rows to distinct
places alone; KDEpy's FFTKDE on the same lattice from either; libkdv where it is installed
(its only kernel is Epanechnikov; it takes text, which is part of its time; one run).
DBSCAN, 200 m: ours against scikit-learn on the raw rows, where every row keeps its own list of
neighbours: over a minute and 4 GB here, so it runs once. ``--eps`` is the distance both use.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

import hotspots as hs

WIDTH, HEIGHT = 60_000, 90_000


def synthetic(rows: int, places: int = 30_000) -> tuple[gpd.GeoDataFrame, hs.Grid]:
    rng = np.random.default_rng(0)
    places = min(places, rows)
    towns = rng.uniform((5_000, 5_000), (WIDTH - 5_000, HEIGHT - 5_000), (12, 2))
    near = towns[rng.integers(12, size=places)] + rng.normal(0, 1_500, (places, 2))
    wild = rng.uniform((0, 0), (WIDTH, HEIGHT), (places, 2))
    points = np.where(rng.random((places, 1)) < 0.7, near, wild)
    points = np.clip(points, 1_000, (WIDTH - 1_000, HEIGHT - 1_000)).round()
    share = rng.gamma(0.3, size=places)
    drawn = rng.choice(places, size=rows - places, p=share / share.sum())
    xy = points[rng.permutation(np.append(np.arange(places), drawn))]  # every place at least once
    month = pd.to_datetime("2025-01-01") + pd.to_timedelta(rng.integers(0, 365, rows), "D")
    index = pd.RangeIndex(rows, name="incident")
    incidents = gpd.GeoDataFrame(
        {"category": "Anti-social behaviour", "occurred_from": month, "occurred_to": month},
        geometry=gpd.points_from_xy(xy[:, 0], xy[:, 1]), crs="EPSG:27700", index=index,
    )  # fmt: skip
    area = gpd.GeoDataFrame(
        {"lpt": ["County"]}, geometry=[shapely.box(0, 0, WIDTH, HEIGHT)], crs="EPSG:27700"
    )
    return incidents, hs.Grid.over(hs.read_lpts(area), size=100)


def by_turns(ways: dict[str, Callable[[], object]], runs: int) -> dict[str, float]:
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(runs):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in times.items()}


def bench_kde(incidents: gpd.GeoDataFrame, grid: hs.Grid, runs: int) -> None:
    from KDEpy import FFTKDE

    from hotspots.detect._surface import kernel_sum
    from hotspots.places import distinct_points

    xy = incidents.geometry.get_coordinates().to_numpy()
    lattice = grid.centres[np.lexsort((grid.centres[:, 1], grid.centres[:, 0]))]  # KDEpy's order
    bw = 500 / np.sqrt(7)  # KDEpy's measure: the kernel's standard deviation in one dimension
    results: dict[str, np.ndarray] = {}

    def table() -> None:
        results["ours"] = hs.KDE(500).fit(incidents).predict(grid).to_numpy()

    def coordinates() -> None:
        places, place = distinct_points(xy)
        weight = np.bincount(place)
        locations = pd.DataFrame(places, columns=["x", "y"]).assign(weight=weight)
        kernel_sum(grid, locations, "quartic", 500.0)

    def kdepy(points: np.ndarray = xy) -> None:
        results["kdepy"] = FFTKDE(kernel="biweight", bw=bw, norm=2).fit(points).evaluate(lattice)

    def kdepy_table() -> None:
        kdepy(incidents.geometry.get_coordinates().to_numpy())

    times = by_turns({
        "ours, from the table": table, "KDEpy FFTKDE, from the table": kdepy_table,
        "ours, from coordinates": coordinates, "KDEpy FFTKDE, from them too": kdepy,
    }, runs)  # fmt: skip
    table()
    for name, seconds in times.items():
        print(f"KDE     {name:28s} {seconds:8.3f} s")
    order = np.lexsort((grid.centres[:, 1], grid.centres[:, 0]))
    ours, theirs = results["ours"][order], results["kdepy"] * len(xy) * 1e6
    print(f"        largest difference {np.abs(ours - theirs).max() / ours.max():.2%} of the peak")
    bench_libkdv(xy, grid, min(times["ours, from the table"], times["ours, from coordinates"]))


def bench_libkdv(xy: np.ndarray, grid: hs.Grid, ours: float) -> None:
    try:
        from libkdv import kdv
    except ImportError as error:
        print(f"        libkdv cannot be used here: {error}")
        return
    start = time.perf_counter()
    made = kdv(xy, GPS=False, num_threads=2, row_pixels=grid.columns, col_pixels=grid.rows,
               bandwidth=500)  # fmt: skip
    handed = time.perf_counter()
    cells = len(made.compute())
    end = time.perf_counter()
    print(
        f"KDE     libkdv, 2 threads            {end - start:8.3f} s, of which computing "
        f"{end - handed:.3f} s ({cells:,} cells): {(end - handed) / ours:.0f} times ours"
    )


def bench_dbscan(incidents: gpd.GeoDataFrame, runs: int, eps: float) -> None:
    from sklearn.cluster import DBSCAN

    xy = incidents.geometry.get_coordinates().to_numpy()
    found: dict[str, object] = {}

    def ours() -> None:
        found["ours"] = hs.DBSCAN(eps, 24, max_diameter_m=None).fit(incidents)

    def raw() -> None:
        found["raw"] = DBSCAN(eps=eps, min_samples=24).fit(xy)

    times = by_turns({"ours": ours, "scikit-learn, raw rows": raw}, runs)
    for name, seconds in times.items():
        print(f"DBSCAN  {name:28s} {seconds:8.3f} s (eps {eps:g} m)")
    print(f"        {times['scikit-learn, raw rows'] / times['ours']:.0f} times")
    detector, raw_fit = found["ours"], found["raw"]
    core = np.zeros(len(xy), dtype=bool)
    core[raw_fit.core_sample_indices_] = True
    same_core = (detector.locations_["core"].to_numpy()[detector.location_] == core).all()
    same_noise = ((detector.labels_ == -1).to_numpy() == (raw_fit.labels_ == -1)).all()
    print(f"        same core rows: {same_core}; same noise: {same_noise}; "
          f"clusters {len(detector.clusters_)} and {raw_fit.labels_.max() + 1}")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--eps", type=float, default=200)
    options = parser.parse_args()
    incidents, grid = synthetic(options.rows)
    places = len(incidents.geometry.drop_duplicates())
    print(f"{options.rows:,} incidents on {places:,} places; {grid}")
    bench_kde(incidents, grid, options.runs)
    bench_dbscan(incidents, 1, options.eps)


if __name__ == "__main__":
    main()
