"""What speaks for and against a finding: everything looked at before it is believed."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ._words import LEAST, clear, few, moved
from .checks import Check
from .estimators import ESTIMATORS, main_estimator
from .event import event_study, parallel_trends
from .influence import dispersion, leave_one_out
from .placebo import placebo_dates, placebo_places
from .ratio import baseline, warn_places

if TYPE_CHECKING:
    from .counts import PlaceCounts
    from .rules import ImpactRules
    from .study import Batch, Study

COLUMNS = ["check", "asks", "found", "low", "high", "verdict", "words"]

_FEWER_DRAWS = 499  # a check need not be as fine as the finding


@dataclass(frozen=True)
class Checked:
    """The checks, and the tables two of them rest on."""

    checks: pd.DataFrame
    event_study: pd.DataFrame
    without: pd.DataFrame


def check_finding(
    counts: PlaceCounts, effect: pd.DataFrame, chosen: Check, rules: ImpactRules
) -> Checked:
    """Check the finding on the first outcome."""
    study = counts.study()
    key = main_estimator(study, rules)
    quick = replace(rules, draws=min(rules.draws, _FEWER_DRAWS), estimator=key)

    def fit(given: Study) -> Batch:
        return ESTIMATORS[key].fit(given, quick)

    found = fit(study)
    steps, leads = event_study(study, level=rules.level)
    dates = placebo_dates(study, fit, found)[1]
    places = placebo_places(study, fit, found, seed=rules.seed)[1]
    without, influence = leave_one_out(study, fit, found, names=list(counts.places.index))
    trends = parallel_trends(study, found, level=rules.level)[1]
    told = [
        leads, trends, dates, places, influence, dispersion(study, level=rules.level)[1],
        chosen, _methods(effect), *_warnings(study, key),
    ]  # fmt: skip
    steps = steps.rename(columns={"ratio": "estimate"})
    steps.insert(0, "outcome", counts.outcomes[0])
    steps.insert(1, "relative", (steps["since"] + steps["until"]) / 2)
    return Checked(with_recording(counts, told), steps, without)


def with_recording(counts: PlaceCounts, told: list[Check]) -> pd.DataFrame:
    """Put the checks of the finding and those of the records into one table."""
    rows = pd.DataFrame([asdict(check) for check in told]).rename(columns={"name": "check"})
    frames = [frame for frame in (rows, counts.recording) if len(frame)]
    if not frames:
        return pd.DataFrame(columns=COLUMNS)
    return pd.concat(frames, ignore_index=True)[COLUMNS]


def _warnings(study: Study, key: str) -> list[Check]:
    """Return what the main estimator says of a study it answers all the same."""
    said = warn_places(study) if key == "places" else []
    asks = "What is to be borne in mind of the comparison?"
    base = baseline(study)
    chosen = base.free and not base.told  # then the first only tells which baseline was taken
    return [
        Check("comparison", asks, np.nan, np.nan, np.nan,
              "fine" if chosen and n == 0 else "doubt", words)
        for n, words in enumerate(said)
    ]  # fmt: skip


def _methods(effect: pd.DataFrame) -> Check:
    """Set the other ways to estimate the same ratio beside the main one."""
    name, asks = "other methods", "Would another method have said the same?"
    rows = effect[(effect["outcome"] == effect["outcome"].iloc[0])
                  & (effect["part"] == "hotspots") & (effect["unit"] == "ratio")]  # fmt: skip
    told = rows[rows["estimate"].notna()]
    main, rest = told[told["main"]], told[~told["main"]]
    if main.empty or rest.empty:
        return Check(name, asks, np.nan, np.nan, np.nan, "cannot tell",
                     "No other method gives a ratio to compare with.")  # fmt: skip
    own = main.iloc[0]
    if few(own):
        return Check(name, asks, np.nan, np.nan, np.nan, "cannot tell",
                     f"Under {LEAST} incidents on a side are too few to set methods beside one "
                     "another.")  # fmt: skip
    low, high = float(rest["estimate"].min()), float(rest["estimate"].max())
    out = rest[(rest["estimate"] < own["low"]) | (rest["estimate"] > own["high"])]
    turned = rest[[clear(row) != clear(own) for row in rest.to_dict("records")]]
    words = (f"{len(rest)} other methods find from {moved(low)} to {moved(high)}, the main one "
             f"{moved(own['estimate'])}")  # fmt: skip
    if len(out):
        words += f"; outside its interval: {', '.join(out['method'])}"
    if len(turned):
        said = "not clear" if clear(own) else "clear"
        words += f"; {len(turned)} of them call it {said}"
    verdict = "doubt" if len(out) or 2 * len(turned) > len(rest) else "fine"
    return Check(name, asks, float(own["estimate"]), low, high, verdict, f"{words}.")
