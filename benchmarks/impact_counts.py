"""How fast incidents become the counts of a study, and how often the check of recording errs.

One million incidents with three hundred places; and series without any step at the start, of
which the check of recording may call few stepped.
"""

from __future__ import annotations

import time

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from hotspots.impact import ImpactRules, count_places
from hotspots.impact.recording import STEP, step_at_start

CRS = "EPSG:27700"


def make_force(incidents: int, places: int, seed: int = 0) -> tuple[gpd.GeoDataFrame, ...]:
    """Incidents at as many points as a force of that size has, and circles of 150 m about some."""
    rng = np.random.default_rng(seed)
    points = rng.uniform(0, 60_000, (incidents // 4, 2))
    at = np.minimum(rng.pareto(1.2, incidents) * 50, len(points) - 1).astype(int)
    when = pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.uniform(0, 3 * 365 * 86_400, incidents)
                                                         .astype(int), unit="s")  # fmt: skip
    kinds = np.array([f"type {n}" for n in range(14)])
    frame = gpd.GeoDataFrame(
        {"category": pd.Categorical(kinds[rng.integers(0, 14, incidents)]), "occurred_from": when,
         "occurred_to": when},
        geometry=gpd.points_from_xy(*points[at].T), crs=CRS,
    )  # fmt: skip
    x, y = np.meshgrid(np.arange(1000, 59_000, 3300), np.arange(1000, 59_000, 3300))
    centre = np.column_stack([x.ravel(), y.ravel()])[:places]
    circles = gpd.GeoDataFrame(
        geometry=shapely.buffer(shapely.points(centre), 150), crs=CRS,
        index=pd.Index([f"H{n:03}" for n in range(places)], name="hotspot"),
    )  # fmt: skip
    return frame, circles


def speed() -> None:
    """Print the seconds a count of places takes."""
    print("incidents  places  period   seconds")
    for many, places in ((100_000, 60), (1_000_000, 60), (1_000_000, 300)):
        incidents, circles = make_force(many, places)
        for period in ("MS", "W"):
            began = time.perf_counter()
            count_places(
                incidents, circles.iloc[::2], circles.iloc[1::2], start="2025-01-01",
                rules=ImpactRules(period=period),
            )  # fmt: skip
            print(f"{many:9,}  {places:6}  {period:6}  {time.perf_counter() - began:8.1f}")


def false_steps(series: int = 2000, seed: int = 0) -> None:
    """Print how often a series without a step has one beyond chance, and beyond the bound."""
    rng = np.random.default_rng(seed)
    print("\nperiod  before+after  mean  spread  memory  interval leaves out 1  and called a doubt")
    for days, periods, after in ((30.4, 36, 12), (30.4, 30, 6), (7.0, 156, 26)):
        for mean, spread, memory in ((50, 0, 0), (1000, 0.002, 0), (1000, 0.002, 0.3)):
            t = np.arange(periods) * days / 365.25
            noise = rng.normal(size=(series, periods))
            for at in range(1, periods):
                noise[:, at] = (memory * noise[:, at - 1]
                                + np.sqrt(1 - memory**2) * noise[:, at])  # fmt: skip
            log = np.log(mean) + 0.2 * np.cos(2 * np.pi * t) + 0.03 * t + np.sqrt(spread) * noise
            y = rng.poisson(np.exp(log)).astype(float)
            later = np.arange(periods) >= periods - after
            step, error, df = step_at_start(y, np.full(periods, days), t, later)
            from scipy.special import stdtrit

            outside = np.abs(step) > stdtrit(df, 0.975) * error
            doubt = outside & (np.abs(np.expm1(step)) >= STEP)
            name = f"{days:g} d"
            print(f"{name:6}  {periods - after:6}+{after:<5}  {mean:4}  {spread:6}  {memory:6}"
                  f"  {outside.mean():21.1%}  {doubt.mean():18.1%}")  # fmt: skip


if __name__ == "__main__":
    speed()
    false_steps()
