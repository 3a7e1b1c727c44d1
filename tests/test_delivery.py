"""Delivery against the plan: known truth, clock changes, errors of position, privacy, messages."""

from dataclasses import dataclass, fields

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import hotspots as hs
from hotspots.contracts import Result
from hotspots.patrols._matching import covering, fresh_ms, seen_ms, unseen_ms
from hotspots.patrols._presence import local, locate, utc
from hotspots.patrols.delivery import Delivery, DeliveryRules, match_delivery

MONDAY = pd.Timestamp("2026-03-02")
MINUTE = pd.Timedelta(minutes=1)
CRS = "EPSG:27700"


@dataclass(frozen=True, repr=False)
class Plan(Result):
    """A plan by its tables alone, as match_delivery promises to take it."""

    visits: pd.DataFrame
    coverage: pd.DataFrame
    budget: pd.DataFrame
    teams: pd.DataFrame

    @property
    def text(self):
        return "a plan made by hand"


def squares(**corners):
    """Make hotspots of 200 m by the easting and northing of their corner."""
    n = len(corners)
    return gpd.GeoDataFrame(
        {
            "rank": range(1, n + 1), "heat": 1.0, "incidents": 30, "area_km2": 0.04,
            "lpt": "Hanley", "method": "drawn by hand",
            "period_start": pd.Timestamp("2025-01-01"), "period_end": pd.Timestamp("2026-01-01"),
            "name": [f"{name} Street" for name in corners],
        },
        geometry=[shapely.box(x, y, x + 200, y + 200) for x, y in corners.values()],
        index=pd.Index(list(corners), name="hotspot"), crs=CRS,
    )  # fmt: skip


SPOTS = squares(A=(1000, 1000), B=(3000, 1000))


def at(clock, day=MONDAY):
    """Return a moment from '14:05', or '26:10' for the small hours after."""
    hours, minutes = map(int, clock.split(":"))
    return day + pd.Timedelta(hours=hours, minutes=minutes)


def make_plan(*visits, spots=SPOTS, units=None, shifts=None, days=1, first=MONDAY):
    """Plan visits by hand: (unit, hotspot, 'HH:MM', day number), 15 minutes each."""
    units = units or {"P1": ("Hanley", "late", "pcso", 2), "C1": ("Hanley", "late", "constable", 1)}
    shifts = shifts or {"late": ("14:00", "22:00")}
    rows = []
    for n, (unit, hotspot, clock, *more) in enumerate(visits):
        day = first + pd.Timedelta(days=more[0] if more else 0)
        lpt, shift, *_ = units[unit]
        rows.append((f"v{n}", hotspot, lpt, unit, shift, at(clock, day),
                     at(clock, day) + 15 * MINUTE, day))  # fmt: skip
    names = ["visit", "hotspot", "lpt", "unit", "shift", "arrive", "depart", "date"]
    kinds = dict.fromkeys(["arrive", "depart", "date"], "datetime64[s]")
    table = pd.DataFrame(rows, columns=names).astype(kinds).set_index("visit")
    teams = pd.DataFrame(
        [(u, lpt, s, kind, n, kind != "response") for u, (lpt, s, kind, n) in units.items()],
        columns=["unit", "lpt", "shift", "kind", "officers", "planned"],
    ).set_index("unit")
    budget = []
    for (lpt, shift), team in teams.groupby(["lpt", "shift"]):
        for n in range(days):
            day = first + pd.Timedelta(days=n)
            begin, end = (at(clock, day) for clock in shifts[shift])
            budget.append((day, lpt, shift, begin, end, len(team), int(team["officers"].sum())))
    budget = pd.DataFrame(
        budget, columns=["date", "lpt", "shift", "start", "end", "units", "officers"]
    ).astype(dict.fromkeys(["date", "start", "end"], "datetime64[s]"))
    coverage = spots[["lpt", "name"]].astype("str")
    return Plan(table, pd.DataFrame(coverage), budget, teams)


def track(unit, *legs, every=60, day=MONDAY):
    """Pings of one unit: ('14:00', '14:20', (x, y)) stays still; a fourth value walks there."""
    parts = []
    for start, end, place, *to in legs:
        times = pd.date_range(at(start, day), at(end, day), freq=f"{every}s", inclusive="left")
        share = np.linspace(0, 1, len(times), endpoint=False)[:, None]
        xy = np.asarray(place, float) + share * (np.asarray(to[0] if to else place) - place)
        parts.append(pd.DataFrame({"unit": unit, "time": times, "easting": xy[:, 0],
                                   "northing": xy[:, 1]}))  # fmt: skip
    return pd.concat(parts, ignore_index=True)


IN_A, IN_B, AWAY = (1100.0, 1100.0), (3100.0, 1100.0), (2000.0, 1100.0)


def log_of(*rows, day=MONDAY, **more):
    """Entries of a log: (unit, hotspot, 'HH:MM', 'HH:MM')."""
    frame = pd.DataFrame(rows, columns=["unit", "hotspot", "arrive", "depart"])
    frame["arrive"] = [at(clock, day) for clock in frame["arrive"]]
    frame["depart"] = [at(clock, day) for clock in frame["depart"]]
    return frame.assign(**more)


def on_day(delivery, hotspot="A", day=MONDAY):
    rows = delivery.dosage.set_index(["hotspot", "date"])
    return rows.loc[(hotspot, day)]


def test_each_planned_visit_is_told_as_it_went():
    plan = make_plan(("P1", "A", "15:00"), ("P1", "B", "16:00"), ("C1", "A", "18:00"))
    pings = pd.concat([
        track("P1", ("14:00", "15:02", AWAY), ("15:02", "15:17", IN_A), ("15:17", "16:50", AWAY),
              ("16:50", "17:02", IN_B), ("17:02", "22:00", AWAY)),
        track("c 1", ("14:00", "18:00", AWAY), ("18:00", "18:05", IN_A), ("18:05", "22:00", AWAY)),
    ])  # fmt: skip
    delivery = match_delivery(plan, pings, hotspots=SPOTS)
    assert delivery.visits["status"].tolist() == ["met", "late", "short"]
    assert delivery.visits["minutes"].tolist() == [15, 12, 5]
