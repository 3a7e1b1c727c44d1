"""The tables of a trial: its sites as they were drawn, its arms, its balance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .balance import REDRAWN, day_balance, site_balance
from .units import SUMMED

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from .calendar import Timetable
    from .draw import Lot
    from .rules import TrialRules
    from .units import Units

    Ints = NDArray[np.int64]


def assigned(
    sites: gpd.GeoDataFrame, units: Units, unit: Ints, drawn: Ints,
    table: Timetable, design: str,
) -> gpd.GeoDataFrame:  # fmt: skip
    """Write the outcome of the lot to the sites."""
    sites.insert(3, "block", pd.Series(units.frame["block"].to_numpy(dtype=object)[unit],
                                       index=sites.index, dtype="str"))  # fmt: skip
    first = np.full(len(sites), np.datetime64("NaT", "s"), dtype="datetime64[s]")
    if design == "stepped wedge":
        step = drawn[0][unit]
        first = table.firsts[step - 1].astype("datetime64[s]")
        arm = np.full(len(sites), "both", dtype=object)
        sites.insert(4, "step", step)
    elif design == "crossover":
        arm = np.full(len(sites), "both", dtype=object)
        first[:] = table.start
    else:
        on = drawn[0][unit] == 1
        arm = np.where(on, "treated", "control").astype(object)
        first[on] = table.start
    sites.insert(4, "arm", pd.Series(arm, index=sites.index, dtype="str"))
    sites.insert(sites.columns.get_loc("baseline"), "start", first)
    return sites


def arms_table(sites: gpd.GeoDataFrame, calendar: pd.DataFrame) -> pd.DataFrame:
    """Sites, incidents and days of each arm."""
    arm = sites["arm"] if "step" not in sites.columns else "step " + sites["step"].astype(str)
    if "step" in sites.columns:
        arm = arm.str.replace(r"step (\d)$", r"step 0\1", regex=True)
    phase = calendar["phase"].to_numpy(dtype=object)
    of = arm.reindex(calendar["hotspot"]).to_numpy(dtype=object)
    days = pd.crosstab(of, phase).reindex(
        columns=["treatment", "control", "wash-out"], fill_value=0
    )
    by = sites.groupby(arm)
    table = pd.DataFrame({
        "sites": by.size(), "clusters": by["cluster"].nunique(), "baseline": by["baseline"].sum(),
        "start": by["start"].min(),
    })  # fmt: skip
    table[["treated_days", "control_days", "washout_days"]] = days.reindex(table.index).to_numpy()
    table.index = pd.Index(table.index, name="arm", dtype="str")
    return table.sort_index(ascending="step" in sites.columns)


def balance_table(
    sites: gpd.GeoDataFrame, calendar: pd.DataFrame, lot: Lot, table: Timetable,
    unit: Ints, rules: TrialRules,
) -> pd.DataFrame:  # fmt: skip
    """Compare the arms, beside what draws of the same law give."""
    rng = np.random.default_rng(0)  # says what chance gives, and draws nothing
    if table.runs is not None:
        dates = table.start + np.arange(table.days)
        on = calendar["treated"].to_numpy(dtype=np.int8).reshape(len(sites), -1)
        counted = (calendar["phase"] != "wash-out").to_numpy().reshape(len(sites), -1)
        some = table.treated(lot.draw(REDRAWN // 20, rng), unit, dates, dates + 1)
        return day_balance(dates, counted, on, some)
    again = lot.draw(REDRAWN, rng)[:, unit]
    if table.steps:
        half = table.steps // 2
        arm, again = (sites["step"].to_numpy() <= half).astype(np.int64), (again <= half) * 1
    else:
        arm = (sites["arm"] == "treated").to_numpy(dtype=np.int64)
    names = list(dict.fromkeys([*SUMMED, *rules.covariates]))
    return site_balance(sites, names, arm, again)
