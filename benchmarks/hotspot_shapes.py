"""What the hotspots that detectors draw would have caught in the month after.

    python benchmarks/hotspot_shapes.py RECORDS.zip LPTS.gpkg

The shapes, not the cells (for those, see backtest.py): 20 hotspots per detector, grown on cells of
100 m from all months before each origin, held against the next month, the last six of the records;
mean share of all its incidents that lie inside, area together, and incidents of the hotspot with
the fewest.
The rule that is used in the tables of docs/methods/detection.md ("Why peaks").
"""

from __future__ import annotations

import argparse
import warnings

import numpy as np

import hotspots as hs

TYPES = ("Anti-social behaviour", "Violence and sexual offences", "Criminal damage and arson")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("records")
    parser.add_argument("lpts")
    given = parser.parse_args()
    lpts = hs.read_lpts(given.lpts)
    rows = hs.read_incidents(given.records, lpts=lpts).incidents
    grid = hs.Grid.over(lpts, size=100)
    rule = hs.RollingOrigin(n_origins=6)
    folds = [
        rule.rows(rows, *period)
        for period in rule.origins(rows)[["origin", "test_start", "test_end"]].itertuples(
            index=False
        )
    ]
    warnings.simplefilter("ignore", hs.Notice)
    for category in TYPES:
        mine = (rows["category"] == category).to_numpy()
        for detector in (hs.KDE(300), hs.DBSCAN(), hs.Counts()):
            found = []
            for learned, tested in folds:
                spots = detector.fit(rows[learned & mine]).hotspots(grid, top_k=20)
                later = rows[tested & mine]
                caught = later.sindex.query(spots.union_all(), predicate="intersects")
                found.append(
                    (len(caught) / len(later), spots["area_km2"].sum(), spots["incidents"].min())
                )
            share, area, fewest = np.mean(found, axis=0)
            print(f"{category}, {detector!r}: caught {share:.1%} in {area:.2f} km², fewest "
                  f"{fewest:.0f}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
