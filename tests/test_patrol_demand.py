"""The need of hotspots: evidence, hours, priorities, single premises; and what is refused."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

import hotspots as hs

CRS = "EPSG:27700"
DAYS = ("2025-01-01", "2026-01-01")


def make_hotspots(*spots, **columns):
    """Make 200 m squares from (id, lpt, x, y, incidents)."""
    ids, lpt, x, y, count = zip(*spots, strict=True)
    frame = gpd.GeoDataFrame(
        {"rank": np.arange(1, len(ids) + 1), "heat": 0.0, "incidents": count, "area_km2": 0.04,
         "lpt": lpt, "method": "drawn by hand", "period_start": pd.Timestamp(DAYS[0]),
         "period_end": pd.Timestamp(DAYS[1]), **columns},
        geometry=shapely.box(np.subtract(x, 100), np.subtract(y, 100), np.add(x, 100),
                             np.add(y, 100)),
        index=pd.Index(ids, name="hotspot"), crs=CRS,
    )  # fmt: skip
    return frame.astype({"lpt": "str", "method": "str"})


def make_incidents(x, y, times, **columns):
    frame = {"category": "Anti-social behaviour", "occurred_from": times, "occurred_to": times,
             **columns}  # fmt: skip
    n = len(times)
    points = shapely.points(np.broadcast_to(x, n), np.broadcast_to(y, n))
    return gpd.GeoDataFrame(
        frame, geometry=points, crs=CRS, index=pd.RangeIndex(n, name="incident")
    )


def clocked(rng, n, hours, start=DAYS[0], days=364):
    """Draw times whose hour of day is one of those given."""
    day = pd.Timestamp(start) + pd.to_timedelta(rng.integers(0, days, n), unit="D")
    minute = rng.choice(hours, n) * 60 + rng.integers(0, 60, n)
    return pd.DatetimeIndex(day + pd.to_timedelta(minute, unit="min"))


# --- the evidence --------------------------------------------------------------------------------


def test_hotspots_alone_are_flat_and_say_so():
    spots = make_hotspots(("A", "Hanley", 0, 0, 80), ("B", "Hanley", 900, 0, 20),
                          harm=[100.0, 400.0])  # fmt: skip
    demand = hs.patrol_demand(spots)
    assert demand.need["need"].tolist() == [0.5, 0.5]  # sqrt(.8 * .2) = sqrt(.2 * .8)
    assert not demand.hours_known
    assert (demand.intensity == 1).all()
    assert demand.intensity.shape == (2, 168)
    assert "no incidents were given" in demand.why_flat
    assert "spread over each shift" in demand.text
