"""What being chosen for a high count does by itself to the places of a study."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ._words import LEAST, day, interval, moved
from .checks import Check
from .pool import pool_counts
from .ratio import YEAR
from .selection import LEAST_POOL, Selection, selection_change

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from .counts import PlaceCounts
    from .rules import ImpactRules

_NAME = "chosen places"
_ASKS = "How would such places change by being chosen alone, with nothing done?"
_APART = 0.05  # log ratio of what choosing does to the arms, from which they are not alike


def chosen_change(
    counts: PlaceCounts, incidents: gpd.GeoDataFrame, rules: ImpactRules
) -> tuple[str, Check]:
    """Tell the change expected of the treated places from selection alone, beside that seen."""
    which = _periods(counts)
    if not which.any():
        why = "No whole period before the start is there to have chosen the places by."
        return "", Check(_NAME, _ASKS, np.nan, np.nan, np.nan, "cannot tell", why)
    spans = counts.periods[which]
    span = spans["start"].min().date(), (spans["end"].max() - pd.Timedelta(days=1)).date()
    pool = pool_counts(
        incidents, counts.places, chosen=span, include_police=rules.include_police,
        categories=None if rules.outcomes is None else rules.outcomes[counts.outcomes[0]],
    )  # fmt: skip
    y = np.nansum(np.where(which, counts.y[0], np.nan), axis=1)
    rest = pool.loc[~pool["place"], "chosen"].to_numpy(dtype=float)
    arm = counts.study().arm[0]
    after = ~counts.study().before & counts.periods["complete"].to_numpy()
    days = counts.periods["days"].to_numpy(dtype=float)
    length = days[after].sum() / days[which].sum()
    if len(rest) + len(y) < LEAST_POOL or len(rest) == 0:
        why = (f"{len(rest)} other squares of that size hold incidents; {LEAST_POOL} are needed to "
               "tell what choosing the fullest of them does.")  # fmt: skip
        return "", Check(_NAME, _ASKS, np.nan, np.nan, np.nan, "cannot tell", why)
    if (fewest := min(y[one].sum() for one in (arm, ~arm) if one.any())) < LEAST:
        why = (f"{fewest:,.0f} incidents from {day(span[0])} to {day(span[1])} in an arm are too "
               "few to tell what choosing places by them does.")  # fmt: skip
        return "", Check(_NAME, _ASKS, np.nan, np.nan, np.nan, "cannot tell", why)
    found = [
        selection_change(y[one], np.concatenate([y, rest]), length=length, level=rules.level,
                         seed=rules.seed)
        for one in (arm, ~arm) if one.any()
    ]  # fmt: skip
    assumed = "" if counts.chosen.any() else ", if they were chosen for that time"
    words = (
        f"Had nothing been done, the treated places would be expected to have "
        f"{moved(found[0].estimate)} ({interval(found[0].low, found[0].high)}) than from "
        f"{day(span[0])} to {day(span[1])}{assumed}, by what {len(rest):,} other squares "
        "of that size hold"
    )
    return f"{words}.", _check(found, words, both=not arm.all())


def _periods(counts: PlaceCounts) -> NDArray[np.bool_]:
    """Periods the places were chosen for; the year before the start where nobody said."""
    study = counts.study()
    whole = study.before & counts.periods["complete"].to_numpy()
    ends = np.cumsum(study.days)
    first = ends[study.before].max(initial=0.0)
    recent = counts.chosen if counts.chosen.any() else ends - study.days / 2 > first - YEAR
    chosen: NDArray[np.bool_] = np.asarray(whole & recent)
    return chosen


def _check(found: list[Selection], words: str, *, both: bool) -> Check:
    """Ask whether choosing does the same to both arms."""
    one = found[0]
    if len(found) < 2:
        verdict = "fine" if not both else "cannot tell"
        return Check(_NAME, _ASKS, one.estimate, one.low, one.high, verdict, f"{words}.")
    other = found[1]
    gap = float(np.log(one.estimate / other.estimate))
    said = f"{words}; the comparison places {moved(other.estimate)}"
    if abs(gap) < _APART:
        return Check(_NAME, _ASKS, one.estimate, one.low, one.high, "fine",
                     f"{said}: choosing does much the same to both.")  # fmt: skip
    said += (f". The arms fall back by different shares: a baseline that holds that time would "
             f"show {moved(float(np.exp(gap)))} by that alone.")  # fmt: skip
    return Check(_NAME, _ASKS, one.estimate, one.low, one.high, "doubt", said)
