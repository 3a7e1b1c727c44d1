"""The parts of an evaluation put together: its tables, its level and its words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import Result
from ._words import changes, counted, day, displacement, doubts, finding, harm, others, ready
from .levels import maryland_level
from .outcomes import adjust_outcomes

if TYPE_CHECKING:
    import geopandas as gpd

    from .counts import PlaceCounts
    from .rules import ImpactRules


def paid(effect: pd.DataFrame, counts: PlaceCounts, rules: ImpactRules) -> pd.DataFrame:
    """Let the further outcomes pay for their number; the first is judged alone."""
    effect = effect.copy()
    rows = effect["main"] & (effect["part"] == "hotspots")
    p = dict(zip(effect.loc[rows, "outcome"], effect.loc[rows, "p"], strict=True))
    studies = {name: counts.study(name) for name in p}
    told = adjust_outcomes(p, studies, seed=rules.seed, draws=rules.draws)
    effect.loc[rows, "p_adjusted"] = list(told.values())
    return effect


def place_table(counts: PlaceCounts, without: pd.DataFrame) -> gpd.GeoDataFrame:
    """Tell what each place had before and after, its ring, and the finding without it."""
    told = counts.places.copy()
    for name, part in (("", "hotspots"), ("ring_", "buffer")):
        study = counts.study(part=part)
        y = np.where(study.used, study.y[0], 0.0)
        early = bool(study.used[:, study.before].any())  # a cross-over has nothing before
        told[f"{name}before"] = y[:, study.before].sum(axis=1) if early else np.nan
        told[f"{name}after"] = y[:, ~study.before].sum(axis=1)
    told["without"] = np.nan
    for place, estimate in zip(without.get("place", []), without.get("estimate", []), strict=True):
        for one in (place,) if place in told.index else str(place).split(" and "):
            told.loc[one, "without"] = estimate
    return told


def balance_table(counts: PlaceCounts) -> pd.DataFrame:
    """Set what the arms were like before beside one another."""
    study = counts.study()
    arm = study.arm[0]
    before = study.before & study.used.all(axis=0)
    traits: dict[str, Any] = {"area_km2": counts.places["area_km2"].to_numpy(dtype=float)}
    if before.any():
        days = study.days[before]
        y = study.y[0][:, before]
        traits = {"incidents a month before": y.sum(axis=1) / days.sum() * 30.44, **traits}
        half = int(before.sum()) // 2
        if half:
            early, late = y[:, :half].sum(axis=1) / days[:half].sum(), y[:, half:].sum(
                axis=1) / days[half:].sum()  # fmt: skip
            traits["later half over earlier"] = (late + 0.01) / (early + 0.01)
    rows = []
    for name, values in traits.items():
        one, two = values[arm], values[~arm]
        both = np.sqrt((np.var(one) + np.var(two)) / 2) if len(one) and len(two) else np.nan
        gap = float(one.mean() - two.mean()) if len(one) and len(two) else np.nan
        rows.append({
            "trait": name, "treated": float(one.mean()) if len(one) else np.nan,
            "control": float(two.mean()) if len(two) else np.nan,
            "difference": gap / both if both and both > 0 else np.nan,
        })  # fmt: skip
    return pd.DataFrame(rows, columns=["trait", "treated", "control", "difference"])


def level_of(
    counts: PlaceCounts, control: Any, checks: pd.DataFrame, *, comparator: bool
) -> tuple[int, str]:
    """Assign the Maryland level from what was done, not from what was hoped."""
    study = counts.study()
    arm = study.arm[0]
    asked = checks["check"].isin(["event study", "parallel trends"])
    seen = set(checks.loc[asked, "verdict"])
    alike = False if "doubt" in seen else True if seen == {"fine"} else None
    turns = bool(arm.all())  # every place is compared with itself or with those yet to start
    return maryland_level(
        comparator=comparator, randomised=study.redraw is not None and comparator,
        treated=int(arm.sum()), control=int(arm.sum() if turns else (~arm).sum()),
        matched=isinstance(control, Result), parallel=alike,
        before=int((study.before & study.used.all(axis=0)).sum()), turns=turns,
    )  # fmt: skip


def paragraph(
    counts: PlaceCounts, effect: pd.DataFrame, checks: pd.DataFrame, beside: list[pd.DataFrame],
    selection: str, level: tuple[int, str], rules: ImpactRules,
    *, comparator: bool,
) -> str:  # fmt: skip
    """Write the text: the answer, where else, how strong the design is, what speaks against it."""
    main = effect[effect["main"]]
    primary = counts.outcomes[0]
    design = f"Strength of the design: level {level[0]} of 5 on the Maryland scale: {level[1]}."
    how = []
    if not comparator:
        said = [*changes(main.to_dict("records"), selection, rules.level), design, *doubts(checks)]
    else:
        rows = {row["part"]: row for row in main[main["outcome"] == primary].to_dict("records")}
        said = [finding(rows["hotspots"], rules.level)]
        if "buffer" in rows:
            said.append(displacement(rows["buffer"], rules.level))
        said += [design, *doubts(checks), *others(effect, primary, rules.level)]
        said += harm(effect, rules.level)
        if not rows["hotspots"]["refused"]:
            how = [f"How: {rows['hotspots']['method']}; {rows['hotspots']['chance']}."]
    side, dose = beside
    # the first row of the dose is by intention to treat: the finding over again
    said += [*ready(side, "side_effects"), *ready(dose.iloc[1:], "dose"), *how]
    arms = counts.places["arm"].value_counts(sort=False)
    names = {"treated": "treated place", "control": "comparison place"}
    who = " and ".join(counted(n, names.get(str(arm), "place")) for arm, n in arms.items())
    if "both" in arms.index:
        who = f"{counted(len(counts.places), 'place')}, each with and without treatment"
    said.append(f"Counted: {who}, from {day(counts.start)} to {day(counts.end)}. "
                + " ".join(counts.notes))  # fmt: skip
    return "\n".join(said)
