"""Places where it happened again, and where more is to be expected soon."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..contracts import InputError
from ..detect import knox
from ..places import coordinates
from ..shares import repeat_locations
from ..shares.repeats import BRIEFING
from ..support import data_support
from ._usual import labels, rows_of
from ._window import Window

if TYPE_CHECKING:
    import geopandas as gpd

KINDS = ("burglary", "vehicle")
"""Beginnings of the categories in which near repeat is looked for."""

SIZE = 10.0
"""Metres to which points are rounded to tell one location from the next."""

FEW = 50
"""Events in the past year under which near repeat is not looked for."""

_DAY = np.timedelta64(1, "D")
_NUMBER = re.compile(
    r"^\s*(?:(?:flat|unit|apartment|apt|room|plot|no)\b\.?\s*)?\d+(?:\s*[-–/]\s*\d+)?[a-z]?\b[\s,]*",
    re.IGNORECASE,
)


def street(place: object) -> str:
    """Return the street of a place, without the number of the house or flat."""
    if place is None or place is pd.NA or place != place:
        return "place not known"
    text = " ".join(str(place).split())
    while (shorter := _NUMBER.sub("", text, count=1)) != text:
        text = shorter
    return text or "place not known"


def streets(incidents: pd.DataFrame) -> list[str]:
    """Return the street of each incident."""
    if "place" not in incidents.columns:
        return ["place not known"] * len(incidents)
    return [street(place) for place in incidents["place"].astype(object)]


def no_police(incidents: pd.DataFrame) -> NDArray[np.bool_]:
    """Tell which incidents are not of the police's own finding."""
    if "origin" not in incidents.columns:
        return np.ones(len(incidents), dtype=bool)
    police: NDArray[np.bool_] = (incidents["origin"] == "police").to_numpy(bool, na_value=False)
    return ~police


# --- repeat locations ------------------------------------------------------------------------

REPEATS = {"location": "str", "lpt": "str", "place": "str", "incidents_in_window": "int64",
           "incidents_28d": "int64", "incidents_12m": "int64", "categories": "str",
           "action": "str", "words": "str"}  # fmt: skip


def find_repeats(
    known: gpd.GeoDataFrame, new: NDArray[np.bool_], window: Window
) -> tuple[pd.DataFrame, str]:
    """Find locations with three or more in 28 days that had one in the window.

    Returns
    -------
    DataFrame
        One row per location, most in 28 days first.
    str
        Why none can be told; empty where they can.
    """
    used = no_police(known)
    reason = str(data_support(known).abilities.loc["repeat locations", "reason"])
    if reason:
        return _no_rows(REPEATS), f"Repeat locations cannot be told: {reason}."
    located = _locations(known)
    codes, names = pd.factorize(located)
    often = np.bincount(codes[used], minlength=len(names)) >= BRIEFING[0]
    here = np.bincount(codes[new & used], minlength=len(names)) > 0
    chosen = (often & here & (names != ""))[codes] & used
    if not chosen.any():
        return _no_rows(REPEATS), ""
    at = pd.DataFrame(known[chosen]).assign(location=located[chosen], now=new[chosen])
    at["street"], at["lpt"] = streets(at), labels(at)
    frame = known[chosen].assign(location_key=located[chosen])
    try:
        found = repeat_locations(
            frame, key="location_key", as_of=window.end.date(), n_sim=0
        ).locations
    except InputError:  # the only ones there happened over a year ago and were recorded late
        return _no_rows(REPEATS), ""
    found = found[found["incidents_28d"].fillna(0) >= BRIEFING[0]]
    groups = at[at["location"].isin(found.index)].groupby("location", sort=True)
    told = pd.DataFrame({
        "lpt": groups["lpt"].agg(_commonest), "place": groups["street"].agg(_commonest),
        "incidents_in_window": groups["now"].sum().astype("int64"),
    })  # fmt: skip
    table = found.join(told, how="left").rename(columns={"incidents": "incidents_12m"})
    table = table.sort_values(
        ["incidents_28d", "incidents_12m"], ascending=False, kind="stable"
    ).rename_axis("location").reset_index()  # fmt: skip
    table["words"] = [
        f"{row.place}: {row.incidents_28d} in {BRIEFING[1]} days ({row.incidents_12m} in twelve "
        f"months; {row.categories})" + (", SARA referral" if "SARA" in row.action else "")
        for row in rows_of(table)
    ]
    return table[list(REPEATS)].astype(REPEATS), ""


def _locations(incidents: gpd.GeoDataFrame) -> NDArray[np.object_]:
    """Name the location of each incident: its UPRN where there is one, else its point on 10 m."""
    xy = coordinates(incidents)
    known = ~np.isnan(xy[:, 0])
    centre = np.floor(np.nan_to_num(xy) / SIZE + 0.5) * SIZE
    pairs, code = np.unique(centre, axis=0, return_inverse=True)
    names = np.array([f"{x:.0f}_{y:.0f}" for x, y in pairs], dtype=object)
    located: NDArray[np.object_] = np.where(known, names[code.ravel()], "")
    if "uprn" in incidents.columns:
        own = incidents["uprn"]
        located = np.where(
            own.notna().to_numpy(), ("UPRN " + own.astype(str)).to_numpy(object), located
        )
    return located


def _commonest(values: pd.Series) -> str:
    counts = values.value_counts()
    return str(min(counts.index[counts == counts.max()]))


def _no_rows(columns: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series([], dtype=kind) for name, kind in columns.items()})


# --- near repeat -----------------------------------------------------------------------------

PATTERNS = {"category": "str", "period_start": "datetime64[s]", "period_end": "datetime64[s]",
            "events": "int64", "found": "bool", "reach_m": "float64", "reach_days": "float64",
            "observed": "float64", "expected": "float64", "ratio": "float64",
            "words": "str"}  # fmt: skip
NOTICES = {"lpt": "str", "category": "str", "place": "str", "date": "datetime64[s]",
           "until": "datetime64[s]", "new": "bool", "words": "str"}  # fmt: skip


def find_patterns(known: gpd.GeoDataFrame, window: Window) -> pd.DataFrame:
    """Test each category of the kind for near repeat over the past year, once for all LPTs."""
    end = window.end.to_datetime64().astype("datetime64[s]")
    start = (window.end - pd.DateOffset(years=1)).to_datetime64().astype("datetime64[s]")
    middle = _middle(known)
    recent = known[(middle >= start) & (middle < end)]
    names = sorted({
        str(name) for name in recent["category"].unique()
        if str(name).strip().casefold().startswith(KINDS)
    })  # fmt: skip
    rows = [_pattern(recent[recent["category"] == name], name) for name in names]
    table = pd.DataFrame(rows, columns=["category", *list(PATTERNS)[3:]])
    table.insert(1, "period_start", np.full(len(table), start))
    table.insert(2, "period_end", np.full(len(table), end))
    return table.astype(PATTERNS)


def _pattern(incidents: gpd.GeoDataFrame, category: str) -> tuple[object, ...]:
    """Test one category; where chance explains it, or it cannot be tested, the words say so."""
    used = incidents[no_police(incidents)]
    blank = (float("nan"),) * 5
    if len(used) < FEW:
        few = f"{category}: only {len(used)} in the past year, too few to look for near repeat"
        return (category, len(used), False, *blank, few)
    try:
        found = knox(used, within="quarter")
    except InputError as error:
        return (category, len(used), False, *blank, f"{category}: {error.faults[0]}")
    if np.isnan(found.reach_m):
        none = (
            f"{category}: no near-repeat pattern beyond chance in the past year ({len(used):,}), "
            "so no notices"
        )
        return (category, len(used), False, *blank, none)
    cells = found.cells
    block = cells[
        (cells["space_to_m"] <= found.reach_m) & (cells["time_to_days"] <= found.reach_days)
    ]
    seen, likely = float(block["observed"].sum()), float(block["expected"].sum())
    words = (
        f"{category}: {_reach(found.reach_m, found.reach_days)} of one, the chance of another is "
        f"about {seen / likely:.1f} times usual ({seen:,.0f} pairs in the past year where chance "
        f"gives {likely:,.0f})"
    )
    return (category, len(used), True, found.reach_m, found.reach_days, seen, likely,
            seen / likely, words)  # fmt: skip


def _reach(metres: float, days: float) -> str:
    where = "at the same place" if metres <= 1 else f"within {metres:g} m"
    return f"{where} and {days:g} days"


def _middle(incidents: pd.DataFrame) -> NDArray[np.datetime64]:
    half = (incidents["occurred_to"] - incidents["occurred_from"]) / 2
    middle: NDArray[np.datetime64] = (
        (incidents["occurred_from"] + half).to_numpy().astype("datetime64[s]")
    )
    return middle


def find_notices(
    known: gpd.GeoDataFrame, new: NDArray[np.bool_], patterns: pd.DataFrame, window: Window
) -> pd.DataFrame:
    """List the incidents after which more are to be expected nearby, new ones first."""
    from ..contracts import located

    today = window.end.to_datetime64().astype("datetime64[D]")
    length = known["occurred_to"] - known["occurred_from"]
    usable = no_police(known) & located(known) & (length <= pd.Timedelta(days=7)).to_numpy()
    day = _middle(known).astype("datetime64[D]")
    category = known["category"].astype(str).to_numpy(object)
    parts = []
    for row in rows_of(patterns[patterns["found"]]):
        until = day + int(row.reach_days - 1) * _DAY
        chosen = usable & (category == row.category) & (until >= today)
        some = pd.DataFrame(known[chosen])
        part = pd.DataFrame({
            "lpt": labels(some), "category": row.category, "place": streets(some),
            "date": day[chosen].astype("datetime64[s]"),
            "until": until[chosen].astype("datetime64[s]"), "new": new[chosen],
        }, index=some.index)  # fmt: skip
        part["words"] = [
            f"{row.category}, {place}: until {_day(last)}, {_where(row.reach_m)}, another is about "
            f"{row.ratio:.1f} times as likely as usual"
            for place, last in zip(part["place"], part["until"], strict=True)
        ]
        parts.append(part)
    table = pd.concat(parts) if parts else _no_rows(NOTICES)
    table = table.astype(NOTICES).rename_axis("incident")
    order = np.lexsort((
        table.index.astype(str), -table["date"].to_numpy().astype(np.int64), ~table["new"]
    ))  # fmt: skip
    return table.iloc[order]


def _where(metres: float) -> str:
    return "at the same place" if metres <= 1 else f"within {metres:g} m"


def _day(moment: pd.Timestamp) -> str:
    return f"{moment:%a} {moment.day} {moment:%b}"
