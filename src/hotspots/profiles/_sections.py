"""The other sections of a profile: harm, seasons, hotspots, hours, and how good the records are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import InputError, Result, located
from ..series import nowhere, numbers
from ..support import data_support
from ._cells import ALL

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from ._cells import Cells
    from ._levels import Year

HARM = ("lpt", "category", "harm", "harm_low", "harm_high", "share_of_harm",
        "share_of_incidents", "unweighted", "one_weight")  # fmt: skip
SEASONS = ("lpt", "category", "verdict", "peak_month", "ratio", "ratio_low", "ratio_high")
SPOTS = ("lpt", "hotspot", "rank", "name", "class_", "incidents", "period_start", "period_end")
WEEK = ("lpt", "category", "sentence")


def empty(columns: tuple[str, ...]) -> pd.DataFrame:
    """Return a table without rows, for a section that nothing was given for."""
    return pd.DataFrame({name: pd.Series(dtype="object") for name in columns})


def harm_section(
    incidents: gpd.GeoDataFrame | None, cells: Cells, year: Year
) -> pd.DataFrame:  # fmt: skip
    r"""Add up harm in the latest year, per LPT and category.

    Notes
    -----
    Were the year to run again, incidents would come by chance and each with its harm: a compound
    Poisson sum with variance :math:`\sum w_i^2`, from which the interval follows on the log scale.
    A few heavy offences make it wide.
    """
    if incidents is None or "harm" not in incidents.columns or incidents["harm"].isna().all():
        return empty(HARM)
    lpt = incidents["lpt"].astype(object).fillna(nowhere("lpt")).astype(str).to_numpy()
    span = incidents["occurred_to"] - incidents["occurred_from"]
    middle = (incidents["occurred_from"] + span / 2).to_numpy()
    at = numbers(middle, "MS") - numbers(cells.month[:1], "MS")  # the axis of months has no hole
    rows = cells.keys.index[(cells.keys["level"] == "lpt").to_numpy(dtype=bool)]
    first = cells.keys.loc[rows].drop_duplicates("lpt")
    row_of = dict(zip(first["lpt"], first.index, strict=True))
    row = np.array([row_of.get(name, -1) for name in lpt])
    inside = (row >= 0) & (at >= 0) & (at < len(cells.month))
    inside[inside] &= year.latest[row[inside], at[inside]]
    weight = incidents["harm"].to_numpy(dtype=float)
    flat = pd.DataFrame({
        "lpt": lpt, "category": incidents["category"].astype(str).to_numpy(),
        "harm": np.nan_to_num(weight), "square": np.nan_to_num(weight) ** 2,
        "incidents": 1, "unweighted": np.isnan(weight).astype(int),
    })[inside]  # fmt: skip
    both = pd.concat([flat, flat.assign(category=ALL)])
    grouped = both.groupby(["lpt", "category"], sort=True)
    summed = grouped.sum().reset_index()
    alike = (grouped["harm"].min() == grouped["harm"].max()).to_numpy()
    whole = summed[summed["category"] == ALL].set_index("lpt")
    total = summed["lpt"].map(whole["harm"]).to_numpy(dtype=float)
    count = summed["lpt"].map(whole["incidents"]).to_numpy(dtype=float)
    harm = summed["harm"].to_numpy(dtype=float)
    some = harm > 0
    wide = np.exp(1.96 * np.sqrt(summed["square"].to_numpy()) / np.where(some, harm, 1.0))
    return pd.DataFrame({
        "lpt": summed["lpt"], "category": summed["category"], "harm": harm,
        "harm_low": np.where(some, harm / wide, np.nan),
        "harm_high": np.where(some, harm * wide, np.nan),
        "share_of_harm": np.divide(harm, total, out=np.zeros_like(harm), where=total > 0),
        "share_of_incidents": summed["incidents"] / count, "unweighted": summed["unweighted"],
        "one_weight": alike,
    })[list(HARM)]  # fmt: skip


def _table(given: Any, name: str, called: str, made_by: str, needed: set[str]) -> pd.DataFrame:
    """Return the table asked for, given as itself or in the result that holds it."""
    table = given.tables.get(name) if isinstance(given, Result) else given
    if not isinstance(table, pd.DataFrame):
        raise InputError("lpt_profile", [
            f"{called} is of type {type(given).__name__}; give what {made_by} returned."
        ])  # fmt: skip
    if missing := sorted(needed - set(table.columns)):
        raise InputError("lpt_profile", [
            f"{called} has no column {', '.join(missing)}; give what {made_by} returned."
        ])  # fmt: skip
    return table


def seasons_section(trends: Any) -> pd.DataFrame:
    """Take the verdicts on seasons per LPT from what trends found."""
    if trends is None:
        return empty(SEASONS)
    made_by = "seasonal_trends(incidents, by=['lpt']) or by=['lpt', 'category']"
    found = _table(trends, "summary", "trends", made_by, {"lpt", "verdict"})
    if "level" in found.columns:
        found = found[found["level"] == "lpt"]
    if "category" not in found.columns:
        found = found.assign(category=ALL)
    return found.reindex(columns=list(SEASONS)).reset_index(drop=True)


def spots_section(hotspots: Any, classes: Any) -> pd.DataFrame:
    """Take the hotspots of each LPT, in the order of their ranks."""
    if hotspots is None:
        return empty(SPOTS)
    made_by = "a detector's hotspots(...)"
    found = _table(hotspots, "hotspots", "hotspots", made_by, {"rank", "incidents", "lpt"})
    flat = pd.DataFrame(found.drop(columns="geometry", errors="ignore"))
    flat = flat.rename_axis("hotspot").drop(columns="hotspot", errors="ignore").reset_index()
    if classes is not None:
        known = classes.reindex(flat["hotspot"])["class_"].to_numpy()
        flat["class_"] = pd.Series(known, flat.index, dtype="object")
    return (
        flat.reindex(columns=list(SPOTS)).sort_values(["lpt", "rank"], kind="stable")
        .reset_index(drop=True)
    )  # fmt: skip


def classes_of(classes: Any) -> pd.DataFrame | None:
    """Return a table of classes by hotspot; it must have been labelled."""
    if classes is None:
        return None
    made_by = "classify_hotspots(...).label(hotspots, grid)"
    return _table(classes, "hotspots", "classes", made_by, {"class_"})


def week_section(week: Any) -> pd.DataFrame:
    """Take the sentence on the hours of the week per LPT."""
    if week is None:
        return empty(WEEK)
    found = _table(week, "groups", "week", "week_profile(incidents, by='lpt')", {"lpt", "sentence"})
    if "category" not in found.columns:
        found = found.assign(category=ALL)
    return found[list(WEEK)].reset_index(drop=True)


def quality_section(
    incidents: gpd.GeoDataFrame | None, cells: Cells, names: list[str]
) -> pd.DataFrame:  # fmt: skip
    """Tell per LPT how much was recorded and how finely; the force's row has those without one."""
    lowest = cells.keys.drop_duplicates(["level", "lpt"])
    rows = []
    lpt: NDArray[Any] = np.empty(0, dtype=object)
    if incidents is not None:
        lpt = incidents["lpt"].astype(object).fillna(nowhere("lpt")).astype(str).to_numpy()
    for name in [*names, "Force"]:
        level = "force" if name == "Force" else "lpt"
        at = lowest.index[(lowest["level"] == level) & (lowest["lpt"] == name)][0]
        status = cells.status[:, at]
        fact: dict[str, Any] = {"level": level, "lpt": name}
        for state in ("present", "missing", "thin"):
            fact[state] = int((status == state).sum())
        gone = cells.month[status == "missing"]
        fact["gaps"] = ", ".join(pd.DatetimeIndex(gone).strftime("%Y-%m"))
        if incidents is not None:
            own = incidents if level == "force" else incidents[lpt == name]
            fact |= _records(own)
        rows.append(fact)
    return pd.DataFrame(rows)


def _records(own: gpd.GeoDataFrame) -> dict[str, Any]:
    """Tell how finely some incidents are known, and who found them."""
    support = data_support(own)
    n = max(len(own), 1)
    known = "day"
    if support.month_only:
        known = "month"
    elif support.precision["share"]["hour"] >= 0.5:
        known = "hour"
    police = float((own["origin"] == "police").sum() / n) if "origin" in own.columns else np.nan
    return {
        "incidents": len(own), "known_to": known,
        "without_point": float((~located(own)).sum() / n),
        "without_street": float(own["place"].isna().sum() / n) if "place" in own.columns
        else np.nan,
        "snapped": support.snapped, "police_generated": police,
        "first": own["occurred_from"].min(), "last": own["occurred_to"].max(),
    }  # fmt: skip
