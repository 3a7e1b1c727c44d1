"""What changed, in plain English: everything together first."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ._emerging_words import counted, span
from ._patterns import SIGNIFICANT

_SHOWN = 3  # places named that rose, and that fell; the places table holds them all


def paragraph(
    places: pd.DataFrame, overall: pd.DataFrame, periods: pd.DataFrame, facts: dict[str, Any]
) -> str:
    """Put the paragraph together."""
    lines = [_overall(overall.iloc[0], periods, facts)]
    lines.append(_found(places, facts))
    for class_, word in (("rise", "Rose most"), ("fall", "Fell most")):
        some = places[places["class_"] == class_]
        if len(some):
            some = some.assign(by=(some["after"] - some["before"]).abs())
            some = some.sort_values("by", ascending=False, kind="stable").head(_SHOWN)
            rows: list[dict[Any, Any]] = some.reset_index().to_dict("records")
            named = "; ".join(_place(row) for row in rows)
            lines.append(f"{word}: {named}.")
    lines.append(_dispersion(places, facts))
    lines.append(_regression(places, facts))
    lines += _reservations(periods, facts)
    return "\n".join(line for line in lines if line)


def _signed(change: float) -> str:
    value = round(100 * change)
    return f"{value:+d}%" if value else "0%"


def _overall(row: pd.Series, periods: pd.DataFrame, facts: dict[str, Any]) -> str:
    what = "incidents" if facts["category"] is None else f"{facts['category']} incidents"
    when = {
        part: span(pd.DatetimeIndex(periods.index[periods["part"] == part]), "month")
        for part in ("before", "after")
    }
    said = (
        f"{what[0].upper()}{what[1:]}: {row['before']:,.0f} in {when['before']}, "
        f"{row['after']:,.0f} in {when['after']}"
    )
    if np.isnan(row["ratio"]):
        return f"{said}: nothing to compare."
    size = _signed(row["change"]) if np.isfinite(row["change"]) else "too few for a percentage"
    interval = f"95% interval {_signed(row['low'] - 1)} to {_bound(row['high'])}"
    if row["class_"] == "no clear change":
        return f"{said}: no clear change in the rate a day ({size}; {interval})."
    way = "higher" if row["class_"] == "rise" else "lower"
    return f"{said}: the rate a day is clearly {way} ({size}; {interval})."


def _bound(ratio: float) -> str:
    return _signed(ratio - 1) if np.isfinite(ratio) else "no upper bound"


def _found(places: pd.DataFrame, facts: dict[str, Any]) -> str:
    noun = "cell" if facts["grid"] else "place"
    tested = int(places["q_value"].notna().sum())
    held = int((places["before"] + places["after"] > 0).sum())
    rose, fell = (int((places["class_"] == way).sum()) for way in ("rise", "fall"))
    if not tested:
        return f"None of {counted(held, noun)} with incidents held enough of them to be tested."
    said = (
        f"Of {counted(held, noun)} with incidents, {tested:,} held enough to be tested: {rose:,} "
        f"rose and {fell:,} fell"
    )
    if facts["correction"] is None:
        return (
            f"{said}, without any correction: chance alone would make up to "
            f"{_about(SIGNIFICANT * tested)} do so."
        )
    alone = int((places.loc[places["q_value"].notna(), "p_value"] <= SIGNIFICANT).sum())
    if facts["correction"].startswith("fdr"):
        some = f": at most about {SIGNIFICANT * (rose + fell):,.1f} of them by chance"
        held_at = f" (false discovery rate 5%, {facts['correction']}{some * bool(rose + fell)})"
    else:
        held_at = f" (5% chance of even one by chance, {facts['correction']})"
    return (
        f"{said}{held_at}. Tested one by one, {alone:,} would seem to have changed, and chance "
        f"alone would make up to {_about(SIGNIFICANT * tested)} do so."
    )


def _about(number: float) -> str:
    return f"about {number:,.0f}" if number >= 1 else "one"


def _place(row: dict[str, Any]) -> str:
    name = row.get("name") or row.get("id") or next(iter(row.values()))
    where = f" ({row['lpt']})" if row.get("lpt") and row["lpt"] != name else ""
    size = f", {_signed(row['change'])}" if np.isfinite(row["change"]) else ""
    return f"{name}{where} {row['before']:,} to {row['after']:,}{size}"


def _dispersion(places: pd.DataFrame, facts: dict[str, Any]) -> str:
    kappa = facts["kappa"]
    said = ""
    if np.isnan(kappa):
        said = (
            "How far counts vary beyond Poisson cannot be told from so few months, so the "
            "intervals of the places may be too narrow."
        )
    elif len(places) and (most := float(places["dispersion"].max())) >= 1.05:
        said = (
            "Counts vary more from month to month than Poisson's law allows (up to "
            f"{most:.1f} times in the busiest place); intervals and p-values allow for it."
        )
    if not facts["sure"]:
        said = f"{said} The overall interval takes the counts as Poisson.".strip()
    return said


def _regression(places: pd.DataFrame, facts: dict[str, Any]) -> str:
    warning = (
        "Places picked because they were hot fall by themselves (regression to the mean), so a "
        "fall is no proof that something worked"
    )
    most = facts["hottest"]
    if len(places) < 2 * most or places[["before", "after"]].sum().min() < facts["few"]:
        return f"{warning}."
    told = []
    for by, verb in (("before", "went from"), ("after", "came from")):
        top = places.nlargest(most, by, keep="first")
        told.append((verb, int(top["before"].sum()), int(top["after"].sum())))
    noun = "cells" if facts["grid"] else "places"
    return (
        f"{warning}: the {most} hottest {noun} before {told[0][0]} {told[0][1]:,} to "
        f"{told[0][2]:,}, but the {most} hottest after {told[1][0]} {told[1][1]:,} to "
        f"{told[1][2]:,}."
    )


def _reservations(periods: pd.DataFrame, facts: dict[str, Any]) -> list[str]:
    lines = []
    if not facts["year_on_year"]:
        lines.append("The periods hold different months, so a season can look like a change.")
    away = periods[(periods["status"] == "present") & (periods["part"] == "")]
    partly = periods["status"].isin(["thin", "incomplete"])
    for index, meaning in (
        (periods.index[periods["status"] == "missing"], "not recorded, never read as zero"),
        (periods.index[partly], "recorded in part only, left out"),
        (away.index, "recorded but not compared"),
    ):  # fmt: skip
        if len(index):
            when = span(pd.DatetimeIndex(index), "month")
            lines.append(f"{counted(len(index), 'month')} {meaning} ({when}).")
    left = facts["left"]
    if left["police"]:
        lines.append(
            f"{counted(left['police'], 'police-generated incident')} left out; "
            "include_police=True keeps them."
        )
    if left["nowhere"]:
        lines.append(
            f"{left['nowhere']:,} lie on none of the places; they count in the overall change only."
        )
    return lines
