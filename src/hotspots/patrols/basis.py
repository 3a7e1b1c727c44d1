"""What a plan was made from, kept with it, so that it can be checked and explained again."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..contracts import InputError

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


def require_plan(plan: Any, what: str) -> None:
    """Refuse what is no plan with its basis."""
    if not hasattr(plan, "visits") or not hasattr(plan, "basis"):
        raise InputError(what, [f"plan is of type {type(plan).__name__}; give a PatrolPlan."])


def require_path(path: Any, what: str) -> Path:
    """Return a path, or refuse what is none."""
    if not isinstance(path, str | os.PathLike):
        raise InputError(what, [f"path is of type {type(path).__name__}; give a path as text."])
    return Path(path)
