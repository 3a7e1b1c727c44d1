"""What the fairness of a plan says of itself: the answer, the questions, what is not known."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ._rates import FEW
from .words import counted, percent

ODD = 1.25
"""Ratio that the whole interval must lie beyond, or under its inverse, to raise a question."""

TOP_SHARE = 0.5
"""Share of an LPT's hours at one of its hotspots from which it is told, where it has three."""

_SHOWN = 5  # questions in the text; the tables hold them all
_FIFTHS = {1: "the most deprived fifth", 2: "the second most deprived fifth", 3: "the middle fifth",
           4: "the second least deprived fifth", 5: "the least deprived fifth"}  # fmt: skip


def fairness_text(
    by_lpt: pd.DataFrame, by_fifth: pd.DataFrame, spots: pd.DataFrame,
    held: pd.DataFrame, outside: float,
) -> str:  # fmt: skip
    """Write the paragraph: the answer, the questions, what is concentrated, what is not known."""
    total = spots["hours"].sum()
    if not total:
        return "The plan holds no visits, so there are no hours to share out fairly."
    lines = [_need_line(by_lpt, held, total), *_resident_lines(by_lpt, by_fifth, outside, total)]
    lines += _asked(by_lpt, by_fifth)
    few = int(by_lpt["per_incident"].isna().sum()) if len(by_lpt) > 1 else 0
    if few:
        lines.append(f"{counted(few, 'LPT')} not compared: under {FEW} incidents or no hours.")
    lines += _concentrated(spots, held)
    lines.append(_police_line(spots))
    lines.append(
        "Recorded incidents are what was reported or found, residents are not those who are there "
        "by day or night, and hours planned are not yet hours delivered. These are questions for "
        "people to answer, not verdicts."
    )
    return "\n".join(lines)


def _asked(by_lpt: pd.DataFrame, by_fifth: pd.DataFrame) -> list[str]:
    """Put the questions together, those furthest from even first."""
    named = _named(by_lpt) | _named(by_fifth)
    both = pd.concat([by_lpt, by_fifth])[["per_incident", "low", "high", "question"]]
    compared = int(both["per_incident"].notna().sum())
    both = both[both["question"] != ""]
    if not compared:
        return []
    if not len(both):
        return [
            "No question arises from hours per recorded incident: no group differs clearly from "
            f"the others by more than a quarter ({counted(compared, 'comparison')})."
        ]
    said = []
    for more, ask in (
        (True, "Why do they get more hours per recorded incident than the others"),
        (False, "What would it take to do better per recorded incident"),
    ):
        some = both[(both["per_incident"] > 1) == more]
        some = some.sort_values("per_incident", ascending=not more, kind="stable")
        listed = "; ".join(
            f"{named[key]} {_ratio(row['per_incident'])} times"
            + (f" ({_ratio(row['low'])} to {_ratio(row['high'])})" if row["per_incident"] else "")
            for key, row in some.head(_SHOWN).iterrows()
        )
        rest = f"; ... and {len(some) - _SHOWN} more in the tables" if len(some) > _SHOWN else ""
        if len(some):
            said.append(f"{ask}? {_begun(listed)}{rest}.")
    return ["Questions to answer (95% intervals of the incidents). " + " ".join(said)]


def _named(table: pd.DataFrame) -> dict[Any, str]:
    """Name the groups of a table: LPTs by themselves, fifths in words."""
    return {key: _FIFTHS.get(key, str(key)) for key in table.index}


def _begun(text: str) -> str:
    return text[0].upper() + text[1:]


def _need_line(by_lpt: pd.DataFrame, held: pd.DataFrame, total: float) -> str:
    some = by_lpt[by_lpt["need"] > 0]
    told = f"{total:,.0f} officer-hours, {counted(len(some), 'LPT')} with hotspots"
    if len(some) < 2:
        return f"There is nothing to compare between LPTs ({told})."
    each = some["hours_per_need"].astype("float64")
    between = float(held["value"].to_numpy()[0])
    how = "closely" if between < 0.1 else "loosely" if between < 0.3 else "hardly"
    return (
        f"Officer-hours follow need {how} between LPTs: from {_ratio(each.min())} times its share "
        f"of need in {each.idxmin()} to {_ratio(each.max())} times in {each.idxmax()} ({told}; "
        f"Gini {between:.2f}, where 0 follows need exactly)."
    )


def _resident_lines(
    by_lpt: pd.DataFrame, by_fifth: pd.DataFrame, outside: float, total: float
) -> list[str]:
    lines = []
    known = by_lpt[by_lpt["hours_per_1000"].notna()]
    if len(known) > 1:
        rate = known["hours_per_1000"]
        lines.append(
            f"Per 1,000 residents: {_rate(rate.min())} officer-hours in {rate.idxmin()} to "
            f"{_rate(rate.max())} in {rate.idxmax()}."
        )
    elif len(by_lpt) > 1:
        lines.append("Residents are not known: give lpts with a column population.")
    if not len(by_fifth):
        lines.append("Deprivation is not known: give areas with population and deprivation.")
        return lines
    row = by_fifth.iloc[0]
    name = _begun(_FIFTHS[int(by_fifth.index[0])])
    said = (
        f"{name} of areas has {percent(row['residents'] / by_fifth['residents'].sum())} of the "
        f"residents, {percent(row['need'] / (by_fifth['need'].sum() or 1))} of the need and "
        f"{percent(row['share_of_hours'])} of the officer-hours"
    )
    if row["per_resident"] == row["per_resident"]:
        said += f": {_ratio(row['per_resident'])} times the hours per resident of the rest"
    if row["per_incident"] == row["per_incident"]:
        said += (f", and {_ratio(row['per_incident'])} times per recorded incident "
                 f"({_ratio(row['low'])} to {_ratio(row['high'])}, 95%)")  # fmt: skip
    else:
        said += f"; under {FEW} incidents on one side, so hours per incident are not compared"
    lines.append(f"{said}.")
    if outside > 0.005 * total:
        lines.append(f"{percent(outside / total)} of the hours lie in no area given.")
    return lines


def _concentrated(spots: pd.DataFrame, held: pd.DataFrame) -> list[str]:
    visited = spots[spots["visits"] > 0]
    several = visited.groupby("lpt")["hours"].transform("size") > 2
    top = visited[several & (visited["share_of_lpt_hours"] > TOP_SHARE)]
    lines = [
        f"The fifth of hotspots with most hours takes {percent(held['value'].iloc[3])} of them; "
        f"the largest one {percent(held['value'].iloc[2])}."
    ]
    if len(top):
        listed = "; ".join(f"{key} has {percent(row['share_of_lpt_hours'])} of the hours of "
                           f"{row['lpt']}" for key, row in top.head(_SHOWN).iterrows())  # fmt: skip
        lines.append(f"Concentrated: {listed}. Is that meant?")
    return lines


def _police_line(spots: pd.DataFrame) -> str:
    if spots["need_with"].isna().all():
        return (
            "What police-generated records change is not known: no incidents with their origin "
            "were given to patrol_demand."
        )
    found = int(spots["police_incidents"].sum())
    if not found:
        return "No police-generated records lie in the hotspots, so they change nothing."
    changed = spots[spots["changes"] != ""]
    said = f"Of the incidents in the hotspots {found:,} are police-generated"
    if not len(changed):
        return f"{said}; with or without them every hotspot keeps its tier."
    named = "; ".join(f"{key} ({row['changes']})" for key, row in changed.head(3).iterrows())
    more = f"; ... and {len(changed) - 3:,} more in the table hotspots" if len(changed) > 3 else ""
    return (
        f"{said}; they would change the tier of {counted(len(changed), 'hotspot')}: {named}{more}."
    )


def _ratio(value: float) -> str:
    """Write a ratio with the digits that count."""
    return f"{value:.2f}" if 0 < value < 0.995 else f"{value:.1f}"


def _rate(value: float) -> str:
    """Write a rate with the digits that count."""
    return f"{value:.2g}" if value < 0.95 else f"{value:,.1f}"


def questions(table: pd.DataFrame) -> pd.Series:
    """Ask, where a group gets clearly more or fewer hours per incident than the others."""
    asked, named = [], _named(table)
    for key, row in table.iterrows():
        name = named[key]
        known = f"({_ratio(row['low'])} to {_ratio(row['high'])}, 95%)"
        if row["per_incident"] == 0:
            asked.append(f"{name} gets no hours for {row['incidents']:,.0f} incidents: is it "
                         "staffed, and is that meant?")  # fmt: skip
        elif row["low"] > ODD:
            asked.append(f"{name} gets {_ratio(row['per_incident'])} times the hours per recorded "
                         f"incident of the others {known}: is that harm, a priority, or where "
                         "the units are?")  # fmt: skip
        elif row["high"] < 1 / ODD:
            asked.append(f"{name} gets {_ratio(row['per_incident'])} times the hours per recorded "
                         f"incident of the others {known}: what would it take to do better "
                         "there?")  # fmt: skip
        else:
            asked.append("")
    return pd.Series(asked, index=table.index, dtype="str")
