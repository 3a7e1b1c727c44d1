"""What a power calculation says, in plain English."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ._power_tables import LEAST_ANSWERED
from .published import AVERAGE, largest
from .simulation import estimators

if TYPE_CHECKING:
    from ._power_inputs import Asked
    from .power_rules import PowerRules

_SHOWN = 4
_DESIGNS = {
    "simple": "sites by lot", "pairs": "pairs by lot", "blocks": "sites by lot within blocks",
    "balanced": "sites by lot, balanced", "crossover": "days by lot",
    "stepped wedge": "dates of starting by lot",
}  # fmt: skip
_ANSWERS = {
    "can answer": "This trial can answer the question.",
    "a large fall only": "This trial can answer the question only if the fall is large.",
    "cannot answer": "This pilot cannot answer the question.",
    "not to be read": "The power of this trial is not to be read.",
}


def say(
    trials: pd.DataFrame, power: pd.DataFrame, published: pd.DataFrame, remedies: pd.DataFrame,
    classic: pd.DataFrame, baseline: pd.DataFrame, asked: Asked,
) -> str:  # fmt: skip
    """Write the paragraph: the answer first, what could be found, what would answer, how sure."""
    row = trials.iloc[0]
    said = [_ANSWERS[row["verdict"]], _found(row, power, asked.rules)]
    if row["answered"] >= LEAST_ANSWERED:
        if row["verdict"] != "not to be read":
            said.append(_beside(row, published))
        said.append(_alarms(row, asked.rules))
    if len(remedies):
        said.append(_remedies(remedies, len(asked.places)))
    said.append(
        f"Patrols at the treated sites take {row['patrol_hours']:,.0f} officer-hours "
        f"({_patrols(asked.rules)}), travel not counted."
    )
    lines = [" ".join(said)]
    if len(trials) > 1:
        lines.append(_others(trials.iloc[1:]))
    lines.append(_basis(baseline, classic, asked))
    if told := _sites(asked):
        lines.append(told)
    return "\n".join(lines)


def _found(row: Any, power: pd.DataFrame, rules: PowerRules) -> str:
    trial = (
        f"{row['sites']:,} sites ({_DESIGNS[row['design']]}) for {_weeks(row['weeks'])}, about "
        f"{row['incidents']:,.0f} incidents expected at all of them"
    )
    often = f"in {rules.power:.0%} of such trials"
    if np.isfinite(row["detectable"]):
        far = f"{-row['detectable_high']:.0%}"
        if np.isnan(row["detectable_high"]):
            far = f"more than {-power['effect'].min():.0%}"
        return (
            f"With {trial}, a fall of {-row['detectable']:.0%} or more would be found {often} "
            f"(between {-row['detectable_low']:.0%} and {far}, by simulation)."
        )
    if row["answered"] < LEAST_ANSWERED:
        return f"With {trial}, {row['why']}."
    last = power[(power["sites"] == row["sites"]) & (power["weeks"] == row["weeks"])].iloc[-1]
    return (
        f"With {trial}, even a fall of {-last['effect']:.0%} would be found in {last['power']:.0%} "
        f"of such trials only, and {rules.power:.0%} is wanted."
    )


def _weeks(weeks: float) -> str:
    return f"{weeks:g} week{'' if weeks == 1 else 's'}"


def _beside(row: Any, published: pd.DataFrame) -> str:
    parts = []
    for one in published.to_dict("records"):
        chance = "more than was asked about" if np.isnan(one["power"]) else f"{one['power']:.0%}"
        parts.append(f"{-one['change']:.0%} fewer ({one['name']}, {_short(one['source'])}): "
                     f"{chance}")  # fmt: skip
    lead = "Chance of finding what published trials found: "
    more = ""
    if row["verdict"] == "cannot answer" and np.isfinite(row["detectable"]):
        big = largest(row["design"])
        more = (f" What it could find is beyond {-big.change:.0%} ({big.name}), a large fall for "
                "a published trial of this kind.")  # fmt: skip
    return f"{lead}{'; '.join(parts)}.{more}"


def _short(source: str) -> str:
    """Name authors and year."""
    return source.split("),")[0].replace("(", "")


def _alarms(row: Any, rules: PowerRules) -> str:
    wanted = 1 - rules.level
    told = (f"Where patrols change nothing, {row['false_alarms']:.1%} of trials would find a "
            f"change all the same (between {row['false_low']:.1%} and {row['false_high']:.1%}; "
            f"{wanted:.1%} is meant)")  # fmt: skip
    if row["verdict"] == "not to be read":
        return f"{told}: too many, so no power can be read from it."
    return f"{told}."


def _remedies(remedies: pd.DataFrame, have: int) -> str:
    effect = -float(remedies["effect"].iloc[0])
    good = remedies[remedies["enough"]]
    shown = good if len(good) else remedies.sort_values("power", ascending=False, kind="stable")
    parts = []
    for one in shown.head(_SHOWN).to_dict("records"):
        size = f"{one['sites']:,} sites for {_weeks(one['weeks'])}"
        what = {
            "more sites": size, "longer": size, "more sites, longer": size,
            "days by lot": f"the same sites and weeks with days drawn by lot (the effect on the "
                           f"day, which must not last): {size}",
            "all incidents": f"all incidents as the outcome, {size}",
        }[one["what"]]  # fmt: skip
        more = f"; {have:,} there are, the rest taken as like them" if one["sites"] > have else ""
        parts.append(f"{what} ({one['power']:.0%}, {one['patrol_hours']:,.0f} officer-hours{more})")
    lead = f"What would answer, with its chance of finding {effect:.0%} fewer: "
    if not len(good):
        lead = (f"Nothing tried would answer; the nearest, with their chance of finding "
                f"{effect:.0%} fewer: ")  # fmt: skip
    poor = remedies[~remedies["enough"] & remedies["what"].ne("more sites")] if len(good) else good
    not_so = "; ".join(
        f"{_weeks(one['weeks']) if one['what'] == 'longer' else one['what']} ({one['power']:.0%})"
        for one in poor.head(_SHOWN).to_dict("records")
    )
    return f"{lead}{'; '.join(parts)}." + (f" Not enough: {not_so}." if not_so else "")


def _patrols(rules: PowerRules) -> str:
    return (f"{rules.visits:g} visits a day of {rules.dwell_min:g} minutes by "
            f"{rules.officers:g} officer{'' if rules.officers == 1 else 's'}")  # fmt: skip


def _others(trials: pd.DataFrame) -> str:
    parts = []
    for one in trials.head(_SHOWN).to_dict("records"):
        found = "beyond what was asked" if np.isnan(one["detectable"]) else (
            f"{-one['detectable']:.0%}")  # fmt: skip
        parts.append(f"{one['sites']:,} sites, {_weeks(one['weeks'])}: {found} "
                     f"({one['verdict']})")  # fmt: skip
    more = f"; ... and {len(trials) - _SHOWN:,} more in the table trials" * (len(trials) > _SHOWN)
    return f"Smallest fall found in other trials: {'; '.join(parts)}{more}."


def _basis(baseline: pd.DataFrame, classic: pd.DataFrame, asked: Asked) -> str:
    rules = asked.rules
    spread = baseline[baseline["quantity"].str.startswith("spread")].iloc[0]
    said = (
        f"Simulated {rules.sims:,} times for each effect from what was recorded at these sites "
        f"before {asked.start} and analysed by {_estimator(asked.estimator)}. Sites changed "
        f"{spread['records']:.1f} times as much as chance alone would change them (variance), in "
        f"simulation {spread['simulated']:.1f} times (between {spread['low']:.1f} and "
        f"{spread['high']:.1f}): {spread['verdict']}."
    )
    if rules.delivered < 1 or rules.contaminated > 0 or rules.displaced > 0:
        said += (f" Effects are those of patrols in full: {rules.delivered:.0%} of them delivered, "
                 f"{rules.contaminated:.0%} at control sites too, {rules.displaced:.0%} of what is "
                 "prevented happening nearby instead.")  # fmt: skip
    formula = classic[classic["formula"].str.startswith("two arms with their")]
    if len(formula):
        said += (f" By the classic formula with a baseline, the chance of finding "
                 f"{-AVERAGE.change:.0%} fewer is {formula['value'].iloc[0]:.0%}.")  # fmt: skip
    return said


def _sites(asked: Asked) -> str:
    """Tell of the sites: which are left out and why, which are drawn as one."""
    said = []
    if len(asked.excluded):
        why = asked.excluded["reason"].value_counts().head(_SHOWN)
        parts = "; ".join(f"{n:,} {reason}" for reason, n in why.items())
        said.append(f"left out: {parts} (table excluded)")
    joined = len(asked.places) - asked.places["cluster"].nunique()
    if joined:
        said.append(
            f"{len(asked.places):,} sites make {len(asked.places) - joined:,} units of the lot, as "
            "those that share a catchment are drawn as one"
        )
    said += asked.notes
    return f"Of sites and records: {'; '.join(said)}." if said else ""


def _estimator(name: str) -> str:
    told = estimators()[name].name
    return f"the {told}" if not told.isupper() else told
