"""Clusters against scikit-learn: same run, same synthetic incidents, by turns, medians; growth.

    python benchmarks/bench_clusters.py [--rows 10000 100000 1000000] [--runs 3] [--raw 300000]

DBSCAN, 200 m, at least 24, on a year of incidents over 60 × 90 km (towns and countryside): on
30,000 shared places, as snapped records are, and on places of their own. Ours from the incidents
table, every check and the description of each cluster included; scikit-learn on bare coordinates:
on the raw rows (up to ``--raw``: every row keeps its own list of neighbours, 4 GB for a million)
and on the distinct places with their weights, found by pandas in its time. ``eps`` shrinks as
places of their own grow dense, so that about as many lie within it.

Then: the parts of wide clusters, the k-distance curve, and, up to 200,000 rows, 100 draws of
stability and ST-DBSCAN with its 99 shuffles. The last column is the growth: for ten times the rows,
10 to the power of it times as long.
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings
from collections.abc import Callable

import geopandas as gpd
import numpy as np
import pandas as pd
from bench_detect import synthetic
from sklearn.cluster import DBSCAN

import hotspots as hs

EPS = 200.0
TIMED = 200_000


def seconds(way: Callable[[], object], runs: int) -> float:
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        way()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def own_places(incidents: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Spread incidents around their shared place, so that hardly two share one."""
    rng = np.random.default_rng(1)
    xy = incidents.geometry.get_coordinates().to_numpy() + rng.normal(0, 150, (len(incidents), 2))
    return incidents.set_geometry(gpd.points_from_xy(*xy.round(1).T), crs=incidents.crs)


def compare(incidents: gpd.GeoDataFrame, eps: float, runs: int, raw: int) -> dict[str, float]:
    xy = incidents.geometry.get_coordinates().to_numpy()
    found: dict[str, object] = {}

    def ours() -> None:
        found["ours"] = hs.DBSCAN(eps, 24, max_diameter_m=None).fit(incidents)

    def parted() -> None:
        hs.DBSCAN(eps, 24).fit(incidents)

    def weighted() -> None:
        each = pd.DataFrame(xy, columns=["x", "y"]).groupby(["x", "y"]).size().reset_index()
        found["weighted"] = DBSCAN(eps=eps, min_samples=24).fit(
            each[["x", "y"]].to_numpy(), sample_weight=each[0].to_numpy()
        )

    def rows() -> None:
        DBSCAN(eps=eps, min_samples=24).fit(xy)

    times = {
        "ours": seconds(ours, runs),
        "ours, parted at 400 m": seconds(parted, runs),
        "scikit-learn, weighted places": seconds(weighted, runs),
    }
    if len(xy) <= raw:
        times["scikit-learn, raw rows"] = seconds(rows, 1)
    one, other = found["ours"], found["weighted"]
    core = np.zeros(len(one.locations_), dtype=bool)
    core[other.core_sample_indices_] = True
    label = other.labels_[core]
    pairs = pd.DataFrame({"ours": one.locations_["cluster"][core], "theirs": label})
    pairs = pairs.drop_duplicates()
    same = (one.locations_["core"] == core).all() and pairs["ours"].is_unique
    same &= bool(pairs["theirs"].is_unique)
    same &= bool(((one.locations_["cluster"] < 0) == (other.labels_ < 0)).all())
    print(f"    eps {eps:.0f} m, {len(one.locations_):,} places, {len(one.clusters_):,} clusters; "
          f"same partition as scikit-learn: {same}", flush=True)  # fmt: skip
    detector = hs.DBSCAN(eps, 24).fit(incidents)
    times["k-distance curve"] = seconds(lambda: detector.k_distances_, 1)
    if len(xy) <= TIMED:
        times["stability, 100 draws"] = seconds(lambda: detector.stability(100), 1)
    for name, took in times.items():
        print(f"        {name:32s}{took:10.3f} s", flush=True)
    return times


def series(incidents: gpd.GeoDataFrame, runs: int) -> dict[str, float]:
    found = hs.STDBSCAN(100, 7, 4)
    return {
        "ST-DBSCAN, 100 m, 7 days": seconds(lambda: found.fit(incidents), runs),
        "its chance, 99 shuffles": seconds(lambda: found.chance(99), 1),
    }


def show(title: str, results: dict[int, dict[str, float]]) -> None:
    print(f"\n{title}")
    sizes = sorted(results)
    print(f"  {'':32s}" + "".join(f"{size:>12,}" for size in sizes) + "      growth")
    for name in results[sizes[0]]:
        took = [results[size].get(name, np.nan) for size in sizes]
        known = [(size, t) for size, t in zip(sizes, took, strict=True) if np.isfinite(t)]
        growth = np.nan
        if len(known) > 1:
            (small, quick), (large, slow) = known[-2:]
            growth = np.log(slow / quick) / np.log(large / small)
        print(f"  {name:32s}" + "".join(f"{t:10.3f} s" for t in took) + f"{growth:12.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--raw", type=int, default=300_000)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    shared, own, timed = {}, {}, {}
    for size in options.rows:
        print(f"{size:,} incidents")
        incidents, _ = synthetic(size, places=min(30_000, size // 3))
        shared[size] = compare(incidents, EPS, options.runs, options.raw)
        spread = own_places(incidents)
        eps = EPS * min(1.0, np.sqrt(30_000 / size))
        own[size] = compare(spread, eps, options.runs, options.raw)
        if size <= TIMED:
            timed[size] = series(spread, options.runs)
    show("Shared places", shared)
    show("Places of their own", own)
    show("Series, places of their own", timed)


if __name__ == "__main__":
    main()
