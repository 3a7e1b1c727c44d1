"""How often noise is called a season, and how often intervals hold the truth; how long it takes.

Prints the tables of docs/methods/trends.md. Series are simulated without and with a season; every
row is of so many series, each tested as `seasonal_trends` tests a group (before the correction for
many groups). Run: `python benchmarks/trends.py [series]` (500 by default, about two minutes).
"""

import sys
import time

import numpy as np
import pandas as pd

import hotspots as hs
from hotspots.chance.regression import trend_columns
from hotspots.trends._change import rate_ratio
from hotspots.trends._waves import find_waves

N = int(sys.argv[1]) if len(sys.argv) > 1 else 500
MONTHS = (36, 60, 120)
RATIO = 1.5


def counts(kind, mean, months, rng, log=0.0):
    """Draw counts of N series: pure chance, over-dispersed (mean + mean²/10), or drifting."""
    mu = mean * np.exp(log) * np.ones((N, months))
    if kind == "negative binomial":
        mu = mu * rng.gamma(10, 0.1, (N, months))
    elif kind.startswith("drift"):
        rho = float(kind.split()[1])
        level = rng.normal(size=(N, months))
        for m in range(1, months):
            level[:, m] = rho * level[:, m - 1] + level[:, m] * np.sqrt(1 - rho**2)
        mu = mu * np.exp(0.15 * level)
    return rng.poisson(mu).astype(float)


def find(y, level=0.95):
    """Test every row for a season."""
    n, months = y.shape
    used = np.ones((n, months), dtype=bool)
    base = np.concatenate(
        [np.ones((n, months, 1)), trend_columns(np.arange(months) / 12, used)], axis=2
    )
    turn = (np.arange(months) % 12 + 0.5) / 12
    return find_waves(y, base, turn, np.zeros((n, months)), used, level)


def false_claims():
    """Print how often noise passes."""
    print(f"\nFalse claims in {N} series a cell: p < .05 | p < .01 | clear\n")
    print("| noise | " + " | ".join(f"{m} months" for m in MONTHS) + " |")
    print("|---|" + "---|" * len(MONTHS))
    grid = [(k, m) for k in ("Poisson", "negative binomial") for m in (0.5, 2, 5, 30, 300)]
    for kind, mean in [*grid, ("drift 0.3", 100), ("drift 0.7", 100)]:
        cells = []
        for months in MONTHS:
            found = find(counts(kind, mean, months, np.random.default_rng(months)))
            clear = (found.p_value < 0.01) & (found.ratio_low > 1.1)
            shares = ((found.p_value < 0.05).mean(), (found.p_value < 0.01).mean(), clear.mean())
            cells.append(" · ".join(f"{share:.3f}" for share in shares))
        print(f"| {kind}, {mean:g} a month | " + " | ".join(cells) + " |", flush=True)


def coverage():
    """Print how often the intervals hold the truth, and how often the season is found clear."""
    print(f"\nA season of ratio {RATIO}, {N} series a cell: 90% and 95% interval of the peak · of "
          "the ratio · found clear\n")  # fmt: skip
    print("| counts | " + " | ".join(f"{m} months" for m in MONTHS) + " |")
    print("|---|" + "---|" * len(MONTHS))
    fine = np.arange(3600) / 3600
    for shape, second in (("one wave", 0.0), ("two waves", 0.4)):

        def curve(place, second=second):
            return np.cos(2 * np.pi * (place - 0.55)) + second * np.cos(4 * np.pi * (place - 0.6))

        size, peak = np.log(RATIO) / np.ptp(curve(fine)), fine[curve(fine).argmax()]
        grid = [(k, m) for k in ("Poisson", "negative binomial") for m in (0.5, 5, 30, 300)]
        for kind, mean in grid:
            cells = []
            for months in MONTHS:
                log = size * curve((np.arange(months) % 12 + 0.5) / 12)
                y = counts(kind, mean, months, np.random.default_rng(months + 1), log)
                said = [[], []]
                for level in (0.9, 0.95):
                    found = find(y, level)
                    held = (peak - found.peak_low) % 1 <= found.peak_high - found.peak_low + 1e-9
                    said[0].append(held.mean())
                    low, high = found.ratio_low, found.ratio_high
                    said[1].append(((low <= RATIO) & (high >= RATIO)).mean())
                clear = ((found.p_value < 0.01) & (found.ratio_low > 1.1)).mean()
                both = " · ".join(f"{low:.3f} {high:.3f}" for low, high in said)
                cells.append(f"{both} · {clear:.2f}")
            print(f"| {shape}, {kind}, {mean:g} | " + " | ".join(cells) + " |", flush=True)


def changes():
    """Print how often the interval of the yearly change holds the truth."""
    print(f"\nYearly change, {N} series a cell: 90% and 95% interval\n")
    print("| counts | 3 months | 6 months | 12 months |\n|---|---|---|---|")
    for kind, mean in [(k, m) for k in ("Poisson", "negative binomial") for m in (5, 30, 300)]:
        cells = []
        for pairs in (3, 6, 12):
            y = counts(kind, mean, 2 * pairs, np.random.default_rng(pairs))
            y[:, pairs:] = counts(kind, 1.3 * mean, pairs, np.random.default_rng(pairs + 1))
            days = np.full((N, pairs), 30.4375)
            held = []
            for level in (0.9, 0.95):
                _, low, high = rate_ratio(y[:, pairs:], y[:, :pairs], days, days, level)
                held.append(((low <= 1.3) & (high >= 1.3)).mean())
            cells.append(" ".join(f"{share:.3f}" for share in held))
        print(f"| {kind}, {mean:g} a month | " + " | ".join(cells) + " |", flush=True)


def speed():
    """Print how long 1,400 monthly series take: ten LPTs, 14 categories, ten areas in each."""
    rng = np.random.default_rng(0)
    starts = pd.date_range("2020-01-01", periods=60, freq="MS")
    keys = pd.MultiIndex.from_product(
        [[f"LPT {i}" for i in range(10)], [f"category {i:02d}" for i in range(14)],
         [f"area {i}" for i in range(10)], starts],
        names=["lpt", "category", "area", "period_start"],
    ).to_frame(index=False)  # fmt: skip
    season = np.exp(0.2 * np.cos(2 * np.pi * (keys["period_start"].dt.month - 7) / 12))
    mean = np.repeat(rng.lognormal(1.5, 1, 1400), 60) * season
    keys["incidents"] = rng.poisson(mean * rng.gamma(20, 0.05, len(keys)))
    by = ["lpt", "category", "area"]
    hs.seasonal_trends(keys[keys["lpt"] == "LPT 0"], by=by)  # imports
    began, cpu = time.perf_counter(), time.process_time()
    counted = hs.count_series(keys, by=by)
    read = time.perf_counter() - began
    trends = hs.seasonal_trends(counted, by=by)
    print(f"\n1,400 series of 60 months counted, decomposed and tested in "
          f"{time.perf_counter() - began:.1f} s ({time.process_time() - cpu:.1f} s of processor; "
          f"{read:.1f} s of it reading counts); {len(trends.summary):,} rows")  # fmt: skip


if __name__ == "__main__":
    speed()
    false_claims()
    coverage()
    changes()
