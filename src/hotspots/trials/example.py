"""The smallest trial there is, for the examples of what takes one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import geopandas as gpd

    from .design import TrialDesign


def example_hotspots() -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Make twelve hotspots of two LPTs, and a year of incidents at them.

    Returns
    -------
    (hotspots, incidents) : tuple of GeoDataFrame

    Examples
    --------
    >>> hotspots, incidents = example_hotspots()
    >>> len(hotspots), len(incidents)
    (12, 600)
    """
    import geopandas as gpd
    import shapely

    n = np.arange(12)
    boxes = shapely.box(1000.0 * n, 0, 1000.0 * n + 200, 200)
    hotspots = gpd.GeoDataFrame(
        {"lpt": np.where(n < 6, "Hanley", "Longton"), "name": [f"Street {k}" for k in n + 1]},
        geometry=boxes, index=pd.Index([f"H{k:02}" for k in n + 1], name="hotspot"),
        crs="EPSG:27700",
    )  # fmt: skip
    site = np.repeat(n, 39 + 2 * n)
    day = pd.Timestamp("2025-01-01") + pd.to_timedelta(np.arange(600) * 37 % 365, unit="D")
    incidents = gpd.GeoDataFrame(
        {"category": "Anti-social behaviour", "occurred_from": day,
         "occurred_to": day + pd.Timedelta(hours=1)},
        geometry=gpd.points_from_xy(1000.0 * site + 100, np.full(600, 100.0)),
        index=pd.RangeIndex(600, name="incident"), crs="EPSG:27700",
    )  # fmt: skip
    return hotspots, incidents


def example_trial(design: str = "pairs", weeks: int = 12) -> TrialDesign:
    """Design a trial of twelve hotspots that begins on 5 January 2026.

    Parameters
    ----------
    design : str
    weeks : int

    Returns
    -------
    TrialDesign

    Examples
    --------
    >>> example_trial().arms["sites"].to_dict()
    {'treated': 6, 'control': 6}
    """
    from .design import design_trial
    from .rules import TrialRules

    hotspots, incidents = example_hotspots()
    return design_trial(hotspots, incidents, design=design, start="2026-01-05", weeks=weeks,
                        rules=TrialRules(acceptance=0.2))  # fmt: skip
