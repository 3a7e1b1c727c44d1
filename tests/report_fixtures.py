"""Stations made by hand from the contracts, so that reports are tested without other stations."""

from dataclasses import dataclass

import geopandas as gpd
import pandas as pd
import shapely

from hotspots.contracts import Result

NASTY = "<script>alert('x')</script> & \"Co\""
"""A street name that must stay a name wherever it is shown."""


@dataclass(frozen=True, repr=False)
class Plan(Result):
    """A patrol plan of two visits."""

    visits: pd.DataFrame
    coverage: pd.DataFrame
    reasons: pd.DataFrame

    @property
    def text(self):
        """Say it."""
        return f"Two visits <planned>, one to {NASTY}."


@dataclass(frozen=True, repr=False)
class Assessment(Result):
    """A result no report has heard of."""

    scores: pd.DataFrame

    @property
    def text(self):
        """Say it."""
        return "The counts of last year did as well & cost less."


@dataclass(frozen=True, repr=False)
class Loaded(Result):
    """What reading gives, in small."""

    incidents: gpd.GeoDataFrame
    rejected: pd.DataFrame
    superseded: pd.DataFrame
    months: pd.DataFrame

    @property
    def text(self):
        """Say it."""
        return "Six rows came in."


def make_lpts():
    """Return two square LPTs side by side."""
    return gpd.GeoDataFrame(
        {"area_km2": [100.0, 100.0], "name": ["North Team", "South Team"], "command": "County"},
        geometry=[shapely.box(400_000, 300_000, 410_000, 310_000),
                  shapely.box(410_000, 300_000, 420_000, 310_000)],
        index=pd.Index(["North", "South"], name="lpt"), crs="EPSG:27700",
    )  # fmt: skip


def make_hotspots():
    """Return three hotspots, the second with a hole, the hottest with a nasty name."""
    ring = shapely.box(412_000, 302_000, 412_300, 302_300)
    holed = ring.difference(shapely.box(412_100, 302_100, 412_200, 302_200))
    return gpd.GeoDataFrame(
        {
            "rank": [1, 2, 3], "heat": [9.5, 4.0, 1.0], "incidents": [400, 90, 12],
            "area_km2": [0.04, 0.08, 0.01], "lpt": ["North", "South", "North"],
            "method": "KDE(bandwidth=300)", "period_start": pd.Timestamp("2025-01-01"),
            "period_end": pd.Timestamp("2026-01-01"), "name": [NASTY, "=SUM(A1)", None],
            "harm": [1234.5, 99.0, 0.0],
        },
        geometry=[shapely.box(402_000, 302_000, 402_200, 302_200), holed,
                  shapely.box(405_000, 305_000, 405_100, 305_100)],
        index=pd.Index(["H1", "H2", "H3"], name="hotspot"), crs="EPSG:27700",
    )  # fmt: skip


def make_incidents():
    """Return four dated incidents and two known to the month, one without a place."""
    start = ["2025-03-03 10:00", "2025-03-03 12:00", "2025-03-03 23:30", "2025-04-01 00:00",
             "2025-05-01", "2025-05-01"]  # fmt: skip
    end = ["2025-03-03 10:00", "2025-03-03 13:00", "2025-03-04 00:30", "2025-04-01 00:00",
           "2025-06-01", "2025-06-01"]  # fmt: skip
    points = [shapely.Point(402_100, 302_100)] * 5 + [shapely.Point()]
    return gpd.GeoDataFrame(
        {
            "category": ["ASB", "ASB", "ASB", "Robbery", "ASB", "ASB"],
            "occurred_from": pd.to_datetime(pd.Series(start), format="mixed"),
            "occurred_to": pd.to_datetime(pd.Series(end), format="mixed"),
            "lpt": ["North"] * 5 + [None], "harm": [1.0, 1.0, 1.0, 365.0, 1.0, 1.0],
            "origin": "public", "source": "Somewhere Police",
        },
        geometry=points, crs="EPSG:27700",
    ).rename_axis("incident")  # fmt: skip


def make_plan():
    """Return a plan of two visits and a hotspot without any."""
    visits = pd.DataFrame(
        {
            "hotspot": ["H1", "H2"], "lpt": ["North", "South"], "unit": ["N1", "S1"],
            "shift": "late", "arrive": pd.to_datetime(["2026-03-02 18:05", "2026-03-02 19:00"]),
            "depart": pd.to_datetime(["2026-03-02 18:20", "2026-03-02 19:15"]),
            "reason": [f"Rank 1 of 2: {NASTY}; visit 1 of 1", "-1 would be wrong"],
        },
        index=pd.Index(["V1", "V2"], name="visit"),
    )  # fmt: skip
    spots = pd.Index(["H1", "H2", "H3"], name="hotspot")
    coverage = pd.DataFrame(
        {"visits": [1, 1, 0], "why_none": ["", "", "the hours were used elsewhere"]}, index=spots
    )
    reasons = pd.DataFrame({"need": [0.7, 0.2, 0.1], "reason": "long words"}, index=spots)
    return Plan(visits, coverage, reasons)


def make_loaded():
    """Return an ingest of eight rows: six accepted, one rejected, one superseded."""
    refused = pd.DataFrame(
        {"file": ["a.csv"], "line": [7], "reason": ["date in the future"],
         "text": ["J Bloggs, 12 High Street"]}
    )  # fmt: skip
    again = refused.assign(reason="seen again")
    months = pd.DataFrame({
        "source": "Somewhere Police",
        "month": pd.to_datetime(["2025-03-01", "2025-04-01", "2025-05-01"]),
        "incidents": [4, 0, 2], "status": ["present", "missing", "thin"],
    })  # fmt: skip
    return Loaded(make_incidents(), refused, again, months)
