"""How often find_breaks finds a break where there is none, and finds, dates and sizes a real one.

    python benchmarks/breaks.py [--series 500] [--seed 0]

Synthetic series of known kind, each searched as a user would, season and all, with no help from
other series. First table: share of monthly series without any break that are said to have a
*clear* one. Second: the same for kinds the limits were not set on, gamma rates that are like
their neighbours with seasons that are no wave. Third: weeks. Fourth: one step half-way, how often
it is called a clear step or a change of either kind, and how often the 95% intervals of date and
ratio hold the truth where it is.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import pandas as pd

import hotspots as hs

MEANS = (0.5, 2, 5, 30, 300)
KINDS = {
    "Poisson": {},
    "over-dispersed": {"alpha": 0.05},
    "season 1.65, over-dispersed": {"alpha": 0.05, "season": 0.25},
    "neighbours alike 0.3": {"alpha": 0.01, "rho": 0.3},
    "neighbours alike 0.5": {"alpha": 0.01, "rho": 0.5},
    "doubling slowly, over-dispersed": {"alpha": 0.05, "growth": np.log(2)},
}

SCHOOL = (1, 1.05, 1, 1.1, 1, 1, 1.2, 1.3, 1, 1.1, 1, 0.9)
OTHERS = {
    "alike 0.3": (0.3, (1,) * 12),
    "alike 0.3, school holidays": (0.3, SCHOOL),
    "alike 0.3, double in December": (0.3, (1,) * 11 + (2,)),
    "alike 0.3, half a year 1.5 times": (0.3, (1,) * 3 + (1.5,) * 6 + (1,) * 3),
    "alike 0.5": (0.5, (1,) * 12),
    "alike 0.5, school holidays": (0.5, SCHOOL),
}


def counts(
    rng: np.random.Generator, series: int, n: int, mean: float, ratio: float = 1.0,
    alpha: float = 0.0, season: float = 0.0, rho: float | None = None, growth: float = 0.0,
    freq: str = "MS",
) -> pd.DataFrame:  # fmt: skip
    """Draw counts; sd .15 of the log of the rate where neighbours are alike."""
    t = np.arange(n)
    year = 12 if freq == "MS" else 52.18
    log = season * np.cos(2 * np.pi * t / year) + growth * (t / n - 0.5)
    log = log + np.log(ratio) * (t >= n // 2)
    rate = np.tile(mean * np.exp(log), (series, 1))
    if alpha:
        rate *= rng.gamma(1 / alpha, alpha, rate.shape)
    if rho is not None:
        drift = np.empty(rate.shape)
        drift[:, 0] = rng.normal(size=series)
        for k in range(1, n):
            drift[:, k] = rho * drift[:, k - 1] + np.sqrt(1 - rho**2) * rng.normal(size=series)
        rate *= np.exp(0.15 * drift)
    return as_table(rng.poisson(rate), pd.date_range("2015-01-01", periods=n, freq=freq))


def others(
    rng: np.random.Generator, series: int, n: int, mean: float, rho: float, shape: tuple[float, ...]
) -> pd.DataFrame:
    """Draw monthly counts of a beta-gamma autoregression, coefficient of variation .22."""
    months = pd.date_range("2021-05-01", periods=n, freq="MS")
    season = np.array(shape)[months.month - 1]
    rate = np.empty((series, n))
    rate[:, 0] = rng.gamma(20, 1, series)
    for k in range(1, n):
        kept = rng.beta(20 * rho, 20 * (1 - rho), series) * rate[:, k - 1]
        rate[:, k] = kept + rng.gamma(20 * (1 - rho), 1, series)
    return as_table(rng.poisson(mean * season / season.mean() * rate / 20), months)


def as_table(drawn: np.ndarray, when: pd.DatetimeIndex) -> pd.DataFrame:
    """Put counts, shape (series, periods), in the table that find_breaks takes."""
    names = [f"S{k:04d}" for k in range(len(drawn))]
    return pd.DataFrame({
        "category": np.repeat(names, len(when)), "period_start": np.tile(when, len(drawn)),
        "incidents": drawn.ravel(),
    })  # fmt: skip


def rates(table: pd.DataFrame, freq: str = "MS") -> tuple[float, float]:
    """Percentage of series said to have a clear step, and to have changed in any way."""
    verdict = hs.find_breaks(table, freq=freq).summary["verdict"]
    some = verdict.isin(["step", "step or gradual", "gradual"])
    return 100 * float((verdict == "step").mean()), 100 * float(some.mean())


def with_gap(table: pd.DataFrame) -> pd.DataFrame:
    """Leave out the fifth to the twelfth of 24 months."""
    months = np.sort(table["period_start"].unique())
    return table.assign(
        incidents=table["incidents"].where(~table["period_start"].isin(months[4:12]))
    )


def false_rates(series: int, seed: int) -> None:
    """Print the share of series without a break that are said to have a clear one."""
    print("no break: % of series with a clear step / with a change, step or gradual")
    print(f"{'':34}{'n':>8}" + "".join(f"{mean:>12}" for mean in MEANS))
    worst = 0.0
    for kind, how in KINDS.items():
        for n in (16, 24, 36, 60, 120):
            cells = []
            for mean in MEANS:
                rng = np.random.default_rng([seed, n, int(10 * mean)])
                table = counts(rng, series, max(n, 24), mean, **how)
                clear, some = rates(with_gap(table) if n == 16 else table)
                worst = max(worst, clear)
                cells.append(f"{clear:5.1f} /{some:5.1f}")
            name = f"{n} of 24" if n == 16 else str(n)
            print(f"{kind:34}{name:>8}" + "".join(f"{cell:>12}" for cell in cells), flush=True)
    print(f"most clear steps in any cell: {worst:.1f}%; Monte Carlo error of 5%: "
          f"{100 * np.sqrt(0.05 * 0.95 / series):.1f}")  # fmt: skip


def other_rates(series: int, seed: int) -> None:
    """Print the same for other kinds of months, and for weeks."""
    print("\nother kinds, no break: % with a clear step / with a change (mean 5, 30, 300)")
    for kind, (rho, shape) in OTHERS.items():
        for n in (24, 30, 36, 60):
            cells = []
            for mean in (5, 30, 300):
                rng = np.random.default_rng([seed, n, mean, 7])
                cells.append("{:5.1f} /{:5.1f}".format(
                    *rates(others(rng, series, n, mean, rho, shape))))  # fmt: skip
            print(f"{kind:34}{n:>8}" + "".join(f"{cell:>14}" for cell in cells), flush=True)
    print("weeks, season 1.65, over-dispersed (mean 5, 20, 60)")
    for n in (104, 156):
        cells = []
        for mean in (5, 20, 60):
            rng = np.random.default_rng([seed, n, mean])
            table = counts(rng, series, n, mean, alpha=0.05, season=0.25, freq="W-MON")
            cells.append("{:5.1f} /{:5.1f}".format(*rates(table, "W-MON")))
        print(f"{n:>42}" + "".join(f"{cell:>14}" for cell in cells), flush=True)


def found_rates(series: int, seed: int) -> None:
    """Print how often a step is found, and whether the intervals hold the truth."""
    print("\none step half-way, alpha .05: % clear / % some change; "
          "% of clear ones whose interval holds the date, the ratio")  # fmt: skip
    for n in (24, 36, 60):
        for mean in (5, 30, 300):
            for ratio in (1.25, 1.5, 2.0, 0.5):
                rng = np.random.default_rng([seed, n, mean, int(100 * ratio)])
                table = counts(rng, series, n, mean, ratio, alpha=0.05)
                found = hs.find_breaks(table)
                change = found.summary["verdict"].isin(["step", "step or gradual", "gradual"])
                clear = found.breaks[found.breaks["sure"]]
                truth = table["period_start"].iloc[n // 2]
                dated = (clear["earliest"] <= truth) & (truth <= clear["latest"])
                sized = (clear["low"] <= ratio) & (ratio <= clear["high"])
                share = float((found.summary["verdict"] == "step").mean())
                held = f"{100 * dated.mean():6.1f}{100 * sized.mean():6.1f}" * bool(len(clear))
                rates = f"{100 * share:5.1f} /{100 * change.mean():5.1f}"
                print(f"n {n:3} mean {mean:4} ratio {ratio:4}: {rates}  {held} of {len(clear)}",
                      flush=True)  # fmt: skip


def speed() -> None:
    """Print the time that 1,400 series of 60 months take."""
    rng = np.random.default_rng(0)
    table = counts(rng, 1400, 60, 12, alpha=0.05, season=0.25)
    counted = hs.count_series(table, by=("category",))
    begun, worked = time.perf_counter(), time.process_time()
    found = hs.find_breaks(counted)
    took, work = time.perf_counter() - begun, time.process_time() - worked
    print(f"1,400 series of 60 months: {work:.1f} s of processor time, {took:.1f} s passed "
          f"({len(found.breaks)} steps found)")  # fmt: skip


if __name__ == "__main__":
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--series", type=int, default=500)
    ask.add_argument("--seed", type=int, default=0)
    given = ask.parse_args()
    speed()
    false_rates(given.series, given.seed)
    other_rates(given.series, given.seed)
    found_rates(given.series, given.seed)
