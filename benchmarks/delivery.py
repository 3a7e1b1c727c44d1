"""How fast millions of pings are matched to a plan, and how well stays are told from pings.

Units walk between hotspots and stay as planned, or too short, or late, or not at all; a radio tells
where they are every so often, with an error of so many metres. What they really did is known.

    python benchmarks/delivery.py            # both, some minutes
    python benchmarks/delivery.py speed      # or accuracy
"""

from __future__ import annotations

import resource
import sys
import time
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

import hotspots as hs
from hotspots.contracts import Result

MONDAY = pd.Timestamp("2026-03-02")
SIDE = 200.0  # metres: width of a hotspot


@dataclass(frozen=True, repr=False)
class Plan(Result):
    """The tables of a plan, made by hand so that the benchmark measures delivery alone."""

    visits: pd.DataFrame
    coverage: pd.DataFrame
    budget: pd.DataFrame
    teams: pd.DataFrame

    @property
    def text(self) -> str:
        """Say what it is."""
        return "a plan made by hand"


def make(units: int, spots: int, days: int) -> tuple[Plan, gpd.GeoDataFrame]:
    """Plan five visits a unit and day, 15 minutes each, on one shift of eight hours."""
    rng = np.random.default_rng(1)
    wide = int(np.ceil(np.sqrt(spots)))
    x, y = np.indices((wide, wide)).reshape(2, -1)[:, :spots] * 600.0 + 1000
    hotspots = gpd.GeoDataFrame(
        {
            "rank": np.arange(1, spots + 1), "heat": 1.0, "incidents": 30, "area_km2": 0.04,
            "lpt": "Hanley", "method": "drawn by hand", "name": "",
            "period_start": pd.Timestamp("2025-01-01"), "period_end": pd.Timestamp("2026-01-01"),
        },
        geometry=shapely.box(x, y, x + SIDE, y + SIDE),
        index=pd.Index([f"H{n:03}" for n in range(spots)], name="hotspot"), crs="EPSG:27700",
    )  # fmt: skip
    names = [f"U{n:03}" for n in range(units)]
    teams = pd.DataFrame({"lpt": "Hanley", "shift": "late", "kind": "pcso", "officers": 2,
                          "planned": True}, index=pd.Index(names, name="unit"))  # fmt: skip
    dates = pd.date_range(MONDAY, periods=days).as_unit("s")
    unit = np.tile(np.repeat(np.arange(units), 5), days)
    day = np.repeat(np.arange(days), units * 5)
    slot = np.tile(np.arange(5), units * days)
    start = dates[day] + pd.to_timedelta(
        14 * 60 + slot * 90 + rng.integers(10, 20, len(slot)), "min"
    )
    # a unit goes the round of its own hotspots, so that no two are due at one at a time
    spot = (unit * 5 + slot) % spots
    visits = pd.DataFrame({
        "hotspot": np.array(hotspots.index)[spot], "lpt": "Hanley", "unit": np.array(names)[unit],
        "shift": "late", "date": dates[day], "arrive": start.as_unit("s"),
        "depart": (start + pd.Timedelta("15min")).as_unit("s"),
    }, index=pd.Index([f"v{n}" for n in range(len(slot))], name="visit"))  # fmt: skip
    budget = pd.DataFrame({"date": dates, "lpt": "Hanley", "shift": "late",
                           "start": (dates + pd.Timedelta("14h")).as_unit("s"),
                           "end": (dates + pd.Timedelta("22h")).as_unit("s"), "units": units,
                           "officers": 2 * units})  # fmt: skip
    return Plan(visits, pd.DataFrame(hotspots[["lpt", "name"]]), budget, teams), hotspots


def walk(
    plan: Plan, hotspots: gpd.GeoDataFrame, every: float, error_m: float, *, seed: int = 0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return pings, and for each planned visit the minutes really spent at its hotspot.

    Of the visits 60% are made as planned, 10% late by 45 minutes, 10% short (5 minutes), 20% not
    at all; between visits the unit is in the streets beside the hotspot.
    """
    rng = np.random.default_rng(seed)
    visits = plan.visits
    kind = rng.choice(4, len(visits), p=[0.6, 0.1, 0.1, 0.2])
    begin = (visits["arrive"] - MONDAY).dt.total_seconds().to_numpy()
    begin = begin + np.where(kind == 1, 45 * 60, 0) + rng.uniform(-120, 120, len(visits))
    length = np.select([kind == 0, kind == 1, kind == 2], [15.0, 15.0, 5.0], 0.0) * 60
    length *= rng.uniform(0.9, 1.3, len(visits))
    length[kind == 2] = np.minimum(length[kind == 2], 9 * 60)
    centre = shapely.get_coordinates(shapely.centroid(hotspots.geometry.to_numpy()))
    spot = hotspots.index.get_indexer(visits["hotspot"])
    parts = []
    for unit, rows in visits.reset_index(drop=True).groupby("unit"):
        at = rows.index.to_numpy()
        days = np.unique(np.floor(begin[at] / 86_400))
        clock = np.concatenate(
            [day * 86_400 + np.arange(14 * 3600, 22 * 3600, every) for day in days]
        )
        clock = clock + rng.uniform(0, every)
        n = np.searchsorted(begin[at], clock, side="right") - 1
        there = (n >= 0) & (clock < begin[at][n] + length[at][n])
        near = centre[spot[at][np.maximum(n, 0)]]
        # inside: anywhere but the last 5 m; outside: in the streets 60 to 160 m from the edge
        spread = rng.uniform(-95, 95, (len(clock), 2))
        beside = near + np.array([210.0, 0]) + rng.uniform(-50, 50, (len(clock), 2))
        xy = np.where(there[:, None], near + spread, beside)
        xy += rng.normal(0, error_m, xy.shape)
        parts.append(pd.DataFrame({
            "unit": unit, "time": MONDAY + pd.to_timedelta(clock.round(), unit="s"),
            "easting": xy[:, 0], "northing": xy[:, 1],
        }))  # fmt: skip
    pings = pd.concat(parts, ignore_index=True)
    true = pd.DataFrame({"kind": np.array(["met", "late", "short", "missed"])[kind],
                         "minutes": length / 60}, index=visits.index)  # fmt: skip
    return pings, true


def speed() -> None:
    """Print processor seconds, which a busy machine blurs less, and memory."""
    print("| pings | units, days, one every | hotspots | processor seconds | pings a second |")
    print("|---|---|---|---|---|")
    for units, spots, days, every in ((10, 50, 28, 60), (10, 50, 28, 5), (40, 200, 28, 5)):
        plan, hotspots = make(units, spots, days)
        pings, _ = walk(plan, hotspots, every, 8)
        pings = pings.sample(frac=1, random_state=1)  # as they come: in no order
        taken = []
        for _ in range(3):
            begun = time.process_time()
            hs.match_delivery(plan, pings, hotspots=hotspots)
            taken.append(time.process_time() - begun)
        best = float(np.median(taken))
        print(f"| {len(pings):,} | {units}, {days}, {every} s | {spots} | {best:.1f} | "
              f"{len(pings) / best:,.0f} |", flush=True)  # fmt: skip
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\npeak memory {peak:,.0f} MB, making the pings included")


def accuracy() -> None:
    """Print how often outcomes are told as they were, and how far minutes are off."""
    print("| one every | error (sd) | buffer | outcome right | told as made, was not | "
          "told as not made, was | minutes off, mean (sd) |")  # fmt: skip
    print("|---|---|---|---|---|---|---|")
    plan, hotspots = make(10, 50, 28)
    for every in (5, 20, 60):
        for error in (0, 8, 20, 40):
            for buffer in (0, 20):
                pings, true = walk(plan, hotspots, every, error, seed=every + error)
                rules = hs.DeliveryRules(buffer_m=buffer)
                found = hs.match_delivery(plan, pings, hotspots=hotspots, rules=rules).visits
                right = (found["status"] == true["kind"]).mean()
                told, was = found["status"] == "met", true["kind"] == "met"
                both = told & was
                off = (found["minutes"] - true["minutes"])[both]
                wrong, lost = told[~was].mean(), 1 - told[was].mean()
                row = f"| {every} s | {error} m | {buffer} m | {right:.1%} | {wrong:.1%} | "
                print(f"{row}{lost:.1%} | {off.mean():+.2f} ({off.std():.2f}) |", flush=True)


if __name__ == "__main__":
    asked = sys.argv[1:] or ["speed", "accuracy"]
    for name in asked:
        {"speed": speed, "accuracy": accuracy}[name]()
        print()
