"""What a plan was made from, kept with it, so that it can be checked and explained again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    import geopandas as gpd

    from .demand import Demand
    from .rules import PatrolRules


@dataclass(frozen=True)
class Basis:
    """The inputs of a plan.

    Attributes
    ----------
    demand : Demand
        Need per hotspot and hour; ``demand.hotspots`` are the places.
    lpts : GeoDataFrame
        The Local Policing Teams.
    shifts, units : DataFrame
        Who is on duty when.
    rules : PatrolRules
        The rules it keeps.
    first : Timestamp
        First duty day, at midnight.
    days : int
        Duty days.
    fingerprint : str
        Names the seed without giving it away.
    """

    demand: Demand
    lpts: gpd.GeoDataFrame
    shifts: pd.DataFrame
    units: pd.DataFrame
    rules: PatrolRules
    first: pd.Timestamp
    days: int
    fingerprint: str
