"""Reading: ``read_incidents`` against the plain pandas and geopandas way, in one run.

    python benchmarks/bench_ingest.py [FOLDER] [--runs 5]

FOLDER holds ``police_uk/staffordshire-2024-2025.zip`` and ``boundaries/staffordshire_lpts.gpkg``;
``../shared/data`` beside the project by default. Every measure is a process of its own, the two
ways by turns; time is that of the work, imports aside, peak memory that of the whole process.
Processor time is told too, as it stands on a busy machine.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
import zipfile
from pathlib import Path

DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"


def ours(records: Path, areas: Path) -> tuple[float, float, int]:
    import hotspots as hs

    lpts = hs.read_lpts(areas)
    hs.read_incidents  # noqa: B018  (load the module: imports are not timed on either side)
    start, busy = time.perf_counter(), time.process_time()
    loaded = hs.read_incidents(records, lpts=lpts)
    return time.perf_counter() - start, time.process_time() - busy, len(loaded.incidents)


def naive(records: Path, areas: Path) -> tuple[float, float, int]:
    import geopandas as gpd
    import pandas as pd

    lpts = gpd.read_file(areas)
    start, busy = time.perf_counter(), time.process_time()
    with zipfile.ZipFile(records) as archive:
        names = sorted(n for n in archive.namelist() if n.endswith("-street.csv"))
        parts = [pd.read_csv(archive.open(name)) for name in names]
    rows = pd.concat(parts, ignore_index=True)
    points = gpd.points_from_xy(rows["Longitude"], rows["Latitude"], crs=4326)
    rows = gpd.GeoDataFrame(rows, geometry=points).to_crs(27700)
    joined = rows.sjoin(lpts[["lpt", "geometry"]], how="left")
    return time.perf_counter() - start, time.process_time() - busy, len(joined)


def peak_mb() -> float:
    """Peak memory of this process in MB (Linux and macOS count in different units)."""
    try:
        import resource
    except ImportError:  # Windows
        import psutil

        return float(psutil.Process().memory_info().peak_wset) / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=DATA)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--records", default="police_uk/staffordshire-2024-2025.zip")
    parser.add_argument("--one", choices=["ours", "naive"], help=argparse.SUPPRESS)
    args = parser.parse_args()
    paths = (args.folder / args.records,
             args.folder / "boundaries" / "staffordshire_lpts.gpkg")  # fmt: skip
    for path in paths:
        if not path.is_file():
            sys.exit(f"there is no {path}; give the folder that holds it")
    if args.one:
        seconds, cpu, rows = {"ours": ours, "naive": naive}[args.one](*paths)
        print(json.dumps({"seconds": seconds, "cpu": cpu, "rows": rows, "peak": peak_mb()}))
        return
    found: dict[str, list[dict[str, float]]] = {"naive": [], "ours": []}
    for _ in range(args.runs):
        for way, measures in found.items():
            command = [sys.executable, __file__, str(args.folder), "--one", way,
                       "--records", args.records]  # fmt: skip
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            measures.append(json.loads(done.stdout))
    for way, measures in found.items():
        seconds = [m["seconds"] for m in measures]
        print(
            f"{way:6} {statistics.median(seconds):6.2f} s (median of {len(seconds)}; "
            f"{min(seconds):.2f} to {max(seconds):.2f})  "
            f"processor {statistics.median(m['cpu'] for m in measures):5.2f} s  "
            f"peak {max(m['peak'] for m in measures):5.0f} MB  {measures[0]['rows']:,.0f} rows"
        )
    for what, name in (("seconds", "time"), ("cpu", "processor time")):
        pairs = zip(found["ours"], found["naive"], strict=True)
        ratio = statistics.median(o[what] / n[what] for o, n in pairs)
        print(f"ours takes {ratio:.2f} times the {name} of the naive way (median of pairs)")


if __name__ == "__main__":
    main()
