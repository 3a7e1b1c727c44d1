"""The rows of the effect table: every outcome, in the hotspots, about them, and both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..chance.exact import rate_ratio
from .estimators import ESTIMATORS, main_estimator

if TYPE_CHECKING:
    from .counts import PlaceCounts
    from .rules import ImpactRules
    from .study import Batch, Study

COLUMNS = [
    "outcome", "part", "method", "estimand", "against", "unit", "estimate", "low", "high", "p",
    "p_adjusted", "incidents", "incidents_low", "incidents_high", "treated_before",
    "treated_after", "control_before", "control_after", "main", "chance", "refused",
]  # fmt: skip


def sums(study: Study) -> dict[str, float]:
    """Add up what was counted in both arms before and after; of a cross-over, by kind of day."""
    y, on = np.where(study.used, study.y[0], 0.0), study.treat[0] > 0
    before, arm = study.before, study.arm[0]
    if arm.all() and not on[:, ~before].all():  # every place is treated at some time
        later = y[:, ~before]
        return {
            "treated_before": np.nan, "treated_after": float(later[on[:, ~before]].sum()),
            "control_before": np.nan, "control_after": float(later[~on[:, ~before]].sum()),
        }  # fmt: skip
    both = {"treated": y[arm], "control": y[~arm]}
    return {
        f"{name}_{when}": float(rows[:, which].sum()) if len(rows) else np.nan
        for name, rows in both.items()
        for when, which in (("before", before), ("after", ~before))
    }


def against(study: Study) -> str:
    """Tell whether the comparison is of places, or of days of the same places."""
    return "days" if (study.cell[:, :1] != study.cell).any() else "places"


def row_of(
    outcome: str, part: str, key: str, study: Study, batch: Batch, *, main: bool
) -> dict[str, Any]:
    """Make one row of the effect table; ratios are told as ratios, with incidents beside."""
    told = {end: float(getattr(batch, end)[0]) for end in ("estimate", "low", "high")}
    held = sums(study)
    many = dict(told)
    if batch.ratio:
        told = {end: float(np.exp(value)) for end, value in told.items()}
        after = held["treated_after"]
        with np.errstate(divide="ignore"):
            many = {end: float(after - np.divide(after, value)) for end, value in told.items()}
    refused = batch.refused
    if not refused and np.isnan(told["estimate"]):
        refused = "too few incidents, or too few places, for an answer"
    if refused:
        refused = f"{refused[:1].upper()}{refused[1:].rstrip('.')}."
    return {
        "outcome": outcome, "part": part, "method": ESTIMATORS[key].name,
        "estimand": ESTIMATORS[key].estimand, "against": against(study),
        "unit": "ratio" if batch.ratio else "incidents", **told, "p": float(batch.p[0]),
        "p_adjusted": np.nan, "incidents": many["estimate"], "incidents_low": many["low"],
        "incidents_high": many["high"], **held, "main": main, "chance": batch.chance,
        "refused": refused,
    }  # fmt: skip


def effects(counts: PlaceCounts, rules: ImpactRules, parts: tuple[str, ...]) -> pd.DataFrame:
    """Estimate every outcome in every part, the first outcome by every estimator there is."""
    rows = []
    for n, outcome in enumerate(counts.outcomes):
        for part in parts:
            study = counts.study(outcome, part)
            main = main_estimator(study, rules)
            beside = [key for key in ESTIMATORS if key != main] if not n else []
            if part != "hotspots":
                beside = [key for key in beside if key.startswith("wdd")]
            for key in (main, *beside):
                if key == "randomisation" and study.redraw is None:
                    continue
                batch = ESTIMATORS[key].fit(study, rules)
                rows.append(row_of(outcome, part, key, study, batch, main=key == main))
    if counts.harm_y is not None:
        rows.append(_harm(counts, rules))
    return pd.DataFrame(rows, columns=COLUMNS)


def _harm(counts: PlaceCounts, rules: ImpactRules) -> dict[str, Any]:
    """Estimate the harm of the first outcome, with the incidents behind it."""
    outcome = counts.outcomes[0]
    study = counts.study(f"harm: {outcome}")
    key = main_estimator(study, rules)
    batch = ESTIMATORS[key].fit(study, rules)
    row = row_of(f"harm: {outcome}", "hotspots", key, study, batch, main=False)
    row["estimand"] = "days of sentence in place of incidents: " + row["estimand"]
    return {**row, **dict.fromkeys(("incidents", "incidents_low", "incidents_high"), np.nan),
            **sums(counts.study(outcome))}  # fmt: skip


def changes(counts: PlaceCounts, rules: ImpactRules) -> pd.DataFrame:
    """Tell the change of every outcome where there is nothing to compare it with."""
    rows = []
    for outcome in counts.outcomes:
        study = counts.study(outcome)
        held, used = sums(study), study.used.any(axis=0)
        before = study.before
        days = [float(study.days[used & when].sum()) for when in (before, ~before)]
        first, last = held["treated_before"], held["treated_after"]
        told = [np.nan] * 4
        if min(days) > 0 and min(first, last) > 0:
            found = rate_ratio([first], [last], days[1] / days[0], _spread(study), rules.level)
            told = [float(part[0]) for part in found]
        rows.append({
            "outcome": outcome, "part": "hotspots", "method": "change", "against": "nothing",
            "estimand": "incidents a day after over those before, whatever the reason",
            "unit": "ratio", "estimate": told[0], "low": told[1], "high": told[2], "p": np.nan,
            "p_adjusted": np.nan, "incidents": np.nan, "incidents_low": np.nan,
            "incidents_high": np.nan, **held, "main": True,
            "chance": "exact for Poisson counts, widened by the dispersion of the periods before",
            "refused": "",
        })  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS)


def _spread(study: Study) -> float:
    """Variance over mean of the sum of the places, period by period, before; at least 1."""
    which = study.before & study.used.all(axis=0)
    if which.sum() < 3:
        return 1.0
    y, days = study.y[0][:, which].sum(axis=0), study.days[which]
    expected = days * y.sum() / days.sum()
    if not expected.all():
        return 1.0
    return max(1.0, float(((y - expected) ** 2 / expected).sum() / (which.sum() - 1)))
