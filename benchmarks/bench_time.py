"""A force's monthly series decomposed, tested and alerted: 10 LPTs × 14 categories × 10 sub-areas.

    python benchmarks/bench_time.py [--months 60] [--runs 3]

Incidents are drawn for 1,400 series over 60 months with seasons, over-dispersion and a level of 1
to 60 a month. Timed are counting them from the incidents table, the decomposition and test of
every series (:func:`seasonal_trends`), and the alerts on the last month (:func:`find_alerts`). The
bound is 20 s for all three on two cores. Beside it, the same series through statsmodels one by
one: robust STL and a negative-binomial regression with and without the wave.
"""

from __future__ import annotations

import argparse
import time
import warnings

import geopandas as gpd
import numpy as np
import pandas as pd

import hotspots as hs

BY = ["lpt", "category", "beat"]


def synthetic(months: int) -> gpd.GeoDataFrame:
    """Incidents of 1,400 series, each with its own level, season and noise."""
    rng = np.random.default_rng(0)
    groups = pd.MultiIndex.from_product([
        [f"LPT {n}" for n in range(10)], [f"Type {n:02d}" for n in range(14)],
        [f"Beat {n}" for n in range(10)],
    ], names=BY)  # fmt: skip
    start = pd.date_range("2020-01-01", periods=months, freq="MS")
    level = np.exp(rng.uniform(0, 4.1, len(groups)))[:, None]
    swing = rng.choice([0, 0.15, 0.3], len(groups))[:, None]
    wave = np.exp(swing * np.cos(2 * np.pi * (np.arange(months) - 6) / 12))
    noise = rng.gamma(10, 0.1, (len(groups), months))
    counts = rng.poisson(level * wave * noise)
    group, month = (np.repeat(at, counts.ravel()) for at in np.indices(counts.shape).reshape(2, -1))
    days = rng.integers(0, 28, len(group)).astype("timedelta64[D]")
    when = start.to_numpy()[month].astype("datetime64[s]") + days
    when += rng.integers(0, 86400, len(group)).astype("timedelta64[s]")
    named = {name: groups.get_level_values(name).to_numpy()[group] for name in BY}
    return gpd.GeoDataFrame(
        {**named, "occurred_from": when, "occurred_to": when},
        geometry=gpd.points_from_xy(np.full(len(group), 4e5), np.full(len(group), 3e5)),
        crs="EPSG:27700", index=pd.RangeIndex(len(group), name="incident"),
    )  # fmt: skip


def one_by_one(counted: hs.CountSeries, most: int) -> float:
    """Seconds statsmodels takes for one series, on average over ``most`` of them."""
    import statsmodels.api as sm
    from statsmodels.tsa.seasonal import STL

    panel = counted.panel
    t = np.arange(len(panel.start))
    base = np.column_stack([np.ones(len(t)), t / 12])
    turn = 2 * np.pi * panel.month / 12
    full = np.column_stack([base, np.cos(turn), np.sin(turn)])
    begin = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for y in panel.y[:most]:
            STL(np.log(y + 0.5), period=12, seasonal=13, robust=True).fit()
            for x in (base, full):
                sm.NegativeBinomial(y, x, offset=np.log(panel.days)).fit(disp=False)
    return (time.perf_counter() - begin) / most


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--months", type=int, default=60)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    incidents = synthetic(given.months)
    print(f"{len(incidents):,} incidents in 1,400 series of {given.months} months")
    took = []
    for _ in range(given.runs):
        marks = [time.perf_counter()]
        counted = hs.count_series(incidents, BY)
        marks.append(time.perf_counter())
        trends = hs.seasonal_trends(counted, BY)
        marks.append(time.perf_counter())
        alerts = hs.find_alerts(counted, BY, "MS")
        marks.append(time.perf_counter())
        took.append(np.diff(marks))
    for name, seconds in zip(("count", "decompose and test", "alert"), np.median(took, axis=0),
                             strict=True):  # fmt: skip
        print(f"{name:<20} {seconds:6.2f} s")
    print(f"{'all':<20} {np.median(np.sum(took, axis=1)):6.2f} s (bound: 20 s)")
    per = one_by_one(counted, 100)
    print(f"{'statsmodels, each':<20} {per * len(counted.panel.keys):6.1f} s for all, from 100")
    print(trends.summary["verdict"].value_counts().to_string())
    print(alerts.text.splitlines()[0])


if __name__ == "__main__":
    main()
