"""What each detector would have caught in a force's police.uk records, against simple rankings.

    python benchmarks/backtest.py RECORDS.zip LPTS.gpkg [--from 2025] [--origins 6] [--csv OUT.csv]

Every type of crime, rolling origins of one month, cells of 100 m, 1% of the area: mean hit rates,
and the difference from last year's counts with its 95% interval. Police-generated types (drugs,
weapons) are scored with ``include_police=True``. ``--intervals`` checks the intervals instead:
months are drawn again and again from rates like those of the records, so that the true difference
of two rankings is known, and it is counted how often each kind of interval holds it.
"""

from __future__ import annotations

import argparse
import time
import warnings
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

import hotspots as hs
from hotspots.accuracy import intervals as resampling
from hotspots.accuracy.intervals import blocks_of, bounds, resampled


def detectors(police: bool) -> dict[str, Any]:
    kept = {"include_police": police}
    named: dict[str, Any] = {
        "KDE 150 m": hs.KDE(150, allow_fine=True, **kept), "KDE 300 m": hs.KDE(300, **kept),
        "DBSCAN": hs.DBSCAN(200, 24, **kept),
    }  # fmt: skip
    for name in ("GiStar", "EmpiricalBayes"):
        if name in hs.__all__:
            named[name] = getattr(hs, name)(**kept)
    return named


def every_type(rows: Any, grid: hs.Grid, origins: int, csv: str | None) -> None:
    parts = []
    order = rows["category"].value_counts().index
    for category in order:
        police = bool((rows["origin"][rows["category"] == category] == "police").all())
        start = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", hs.Notice)
            found = hs.backtest(detectors(police), rows, grid, category=category, origins=origins)
        took = time.perf_counter() - start
        table = found.summary.assign(category=category, seconds=took)
        parts.append(table.reset_index())
        print(f"\n{category} ({found.periods['scored'].sum():,} incidents, {took:.1f} s)")
        for name, row in found.summary.iterrows():
            apart = "" if np.isnan(row["difference_low"]) else (
                f"{100 * row['difference']:+6.1f} ({100 * row['difference_low']:+.1f} to "
                f"{100 * row['difference_high']:+.1f})  {row['beats']}"
            )  # fmt: skip
            print(f"  {name:24s} {row['hit_rate']:.3f}  auc {row['auc']:.3f}  "
                  f"log {row['log_score']:+.2f}  {apart}", flush=True)  # fmt: skip
        for failure in found.failures.itertuples():
            print(f"  {failure.detector} failed: {failure.reason}")
    if csv:
        pd.concat(parts).to_csv(csv, index=False)


def intervals(rows: Any, grid: hs.Grid, origins: int, runs: int) -> None:
    """Count how often each interval holds the true difference of two rankings."""
    resampling.DRAWS = 400  # enough to count, and five times as fast
    every = grid.counts(rows).to_numpy()
    held = np.flatnonzero(every)
    block = blocks_of(grid)[0][held]
    cells = len(grid.cells) // 100
    rng = np.random.default_rng(0)
    for category in ("Burglary", "Shoplifting"):
        own = grid.counts(rows[rows["category"] == category]).to_numpy()[held]
        share = 0.7 * own / own.sum() + 0.3 * every[held] / every.sum()
        for shock in (0.0, 0.5):
            rate = share * own.sum() / 12
            inside: dict[str, list[bool]] = {}
            for _ in range(runs):
                months = np.repeat(rate[:, None], 12 + origins, axis=1)
                if shock:  # places and cells have good and bad months
                    kind = (1 / shock**2, shock**2)
                    months *= rng.gamma(*kind, (block.max() + 1, months.shape[1]))[block]
                    months *= rng.gamma(*kind, months.shape)
                count = rng.poisson(months).astype(float)
                draws, apart, truth = 0.0, [], 0.0
                for origin in range(origins):
                    past, seen = count[:, origin : 12 + origin].sum(axis=1), count[:, 12 + origin]
                    ours = past + 3 * every[held] / every.sum() * rate.sum()
                    sign = np.zeros((len(held), 2))
                    for side, heat in enumerate((ours, past)):
                        sign[np.argsort(-heat, kind="stable")[:cells], side] = 1
                    caught = sign * seen[:, None]
                    draws = draws + resampled(caught, seen, block, rng) / origins
                    apart.append((caught[:, 0] - caught[:, 1]).sum() / seen.sum())
                    truth += (sign[:, 0] - sign[:, 1]) @ rate / rate.sum() / origins
                mean, spread = np.mean(apart), np.std(apart, ddof=1) / np.sqrt(origins)
                reach = stats.t.ppf(0.975, origins - 1) * spread
                again = rng.choice(apart, (400, origins)).mean(axis=1)
                for name, (low, high) in {
                    "blocks within origins (used)": bounds(draws[:, 0] - draws[:, 1]),
                    "origins, resampled": bounds(again), "origins, t": (mean - reach, mean + reach),
                }.items():  # fmt: skip
                    inside.setdefault(name, []).append(bool(low <= truth <= high))
            told = ", ".join(f"{name} {np.mean(v):.3f}" for name, v in inside.items())
            print(f"{category}, shocks of {shock:.0%}, {origins} origins: {told}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("records")
    parser.add_argument("lpts")
    parser.add_argument("--from", dest="start", default="2025")
    parser.add_argument("--origins", type=int, default=6)
    parser.add_argument("--csv")
    parser.add_argument("--intervals", action="store_true")
    parser.add_argument("--runs", type=int, default=100)
    given = parser.parse_args()
    lpts = hs.read_lpts(given.lpts)
    rows = hs.read_incidents(given.records, lpts=lpts).incidents
    rows = rows[(rows["occurred_from"] >= given.start).to_numpy()]
    grid = hs.Grid.over(lpts, size=100)
    if given.intervals:
        intervals(rows, grid, given.origins, given.runs)
    else:
        every_type(rows, grid, given.origins, given.csv)


if __name__ == "__main__":
    main()
