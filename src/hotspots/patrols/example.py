"""The smallest plan there is, for the examples of what takes a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from .plan import PatrolPlan


def example_plan(days: int = 1) -> PatrolPlan:
    """Plan two hotspots of one LPT for one pair of PCSOs on a short late shift.

    Parameters
    ----------
    days : int
        Duty days.

    Returns
    -------
    PatrolPlan

    Examples
    --------
    >>> len(example_plan().visits)
    2
    """
    import geopandas as gpd
    import shapely

    from .plan import plan_patrols
    from .rules import PatrolRules

    spots = gpd.GeoDataFrame(
        {"rank": [1, 2], "heat": [9.0, 5.0], "incidents": [84, 40], "area_km2": 0.04,
         "lpt": "Hanley", "method": "drawn by hand",
         "period_start": pd.Timestamp("2025-01-01"), "period_end": pd.Timestamp("2026-01-01"),
         "name": ["Market Lane", "Bus Station"]},
        geometry=[shapely.box(0, 0, 200, 200), shapely.box(900, 0, 1100, 200)],
        index=pd.Index(["H1", "H2"], name="hotspot"), crs="EPSG:27700",
    )  # fmt: skip
    lpts = gpd.GeoDataFrame({"area_km2": [4.0]}, geometry=[shapely.box(0, 0, 2000, 2000)],
                            index=pd.Index(["Hanley"], name="lpt"), crs="EPSG:27700")  # fmt: skip
    shifts = pd.DataFrame({"shift": ["late"], "start": ["14:00"], "end": ["16:00"]})
    units = pd.DataFrame({"lpt": ["Hanley"], "shift": ["late"], "kind": ["pcso"],
                          "officers": [2], "mode": ["foot"],
                          "base_easting": [100.0], "base_northing": [100.0]},
                         index=pd.Index(["P1"], name="unit"))  # fmt: skip
    return plan_patrols(spots, lpts=lpts, shifts=shifts, units=units, start="2026-03-02",
                        days=days, rules=PatrolRules(effort=0))  # fmt: skip
