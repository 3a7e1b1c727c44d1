"""How an evaluation counts, compares and draws."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..contracts import InputError, range_faults

PERIODS = ("MS", "W", "D")

# field: (lowest, highest, whole number, why)
_RANGES: dict[str, tuple[float, float, bool, str]] = {
    "buffer_m": (0, 2000, False, "metres about a place in which displacement is looked for"),
    "level": (0.5, 0.999, False, "share of intervals that should hold the truth"),
    "draws": (99, 99_999, True, "assignments or places drawn anew"),
    "seed": (0, 2**63 - 1, True, "where chance begins"),
}


@dataclass(frozen=True)
class ImpactRules:
    """How an evaluation counts, compares and draws; every default can be changed.

    Parameters
    ----------
    outcomes : mapping of str to sequence of str, optional
        What is counted: a name for each outcome and the categories in it. The first is the one
        the evaluation is judged by. All incidents together, when absent.
    period : {"auto", "MS", "W", "D"}
        Calendar months, weeks counted from ``start``, or days; weeks where the times bear it and
        else months, days for a cross-over.
    buffer_m : float
        Width of the ring about each place in which displacement is looked for, 0 (none) to 2000.
    include_police : bool
        Whether incidents found by police activity count. By default they do not: patrols find
        more of them, which says nothing of crime.
    harm : bool
        Whether harm (days of sentence) is told beside counts, where incidents have it.
    level : float
        Of the intervals, .5 to .999.
    draws : int
        Assignments (or places) drawn anew, 99 to 99,999.
    seed : int
    estimator : str
        ``"auto"``: what the design asks for; or a name of :data:`hotspots.impact.ESTIMATORS`.
    end : date, optional
        Last day that counts; that of the records (or of the trial), when absent.
    chosen : tuple of two dates, optional
        First and last day of the records for which the places were chosen. A place chosen for a
        bad year has a better one next, with or without patrols.

    Raises
    ------
    InputError
        Naming every value out of its range.

    Examples
    --------
    >>> ImpactRules(buffer_m=100).draws
    4999
    >>> ImpactRules(level=95)
    Traceback (most recent call last):
    hotspots.contracts.InputError: rules: level is 95; it must be 0.5 to 0.999 (share of \
intervals that should hold the truth).
    """

    outcomes: Mapping[str, Sequence[str]] | None = None
    period: str = "auto"
    buffer_m: float = 150.0
    include_police: bool = False
    harm: bool = True
    level: float = 0.95
    draws: int = 4999
    seed: int = 0
    estimator: str = "auto"
    end: str | dt.date | None = None
    chosen: tuple[str | dt.date, str | dt.date] | None = None

    @property
    def span(self) -> tuple[pd.Timestamp, pd.Timestamp] | None:
        """First and last day of :attr:`chosen` as timestamps; none where not told."""
        span = _span(self.chosen)
        return None if isinstance(span, str) else span

    def __post_init__(self) -> None:
        faults = range_faults(self, _RANGES)
        if self.period not in ("auto", *PERIODS):
            faults.append(f"period is {self.period!r}; it takes 'auto', 'MS', 'W' or 'D'.")
        if not isinstance(self.estimator, str):
            faults.append(f"estimator is {self.estimator!r}; it takes 'auto' or a name.")
        for name in ("include_police", "harm"):
            if not isinstance(getattr(self, name), bool | np.bool_):
                faults.append(f"{name} is {getattr(self, name)!r}; it takes True or False.")
        faults += _outcome_faults(self.outcomes)
        if isinstance(wrong := _span(self.chosen), str):
            faults.append(wrong)
        if faults:
            raise InputError("rules", faults)


def _outcome_faults(outcomes: Any) -> list[str]:
    if outcomes is None:
        return []
    if not isinstance(outcomes, Mapping) or not outcomes:
        return [f"outcomes is {outcomes!r}; it takes a name for each outcome and its categories, "
                'as {"ASB": ["Anti-social behaviour"]}.']  # fmt: skip
    faults = []
    for name, categories in outcomes.items():
        if not isinstance(name, str) or not name.strip():
            faults.append(f"outcomes has the name {name!r}; it must be text.")
        given = [] if isinstance(categories, str) else list(categories or [])
        if not given or not all(isinstance(c, str) for c in given):
            faults.append(f"outcomes[{name!r}] is {categories!r}; it takes a list of categories.")
    return faults


def _span(chosen: Any) -> tuple[pd.Timestamp, pd.Timestamp] | str | None:
    if chosen is None:
        return None
    if isinstance(chosen, tuple | list) and len(chosen) == 2:
        first, last = (pd.to_datetime(day, errors="coerce") for day in chosen)
        if not (pd.isna(first) or pd.isna(last)) and first.tz is None and last.tz is None:
            if first <= last:
                return first.normalize(), last.normalize()
            return f"chosen runs from {first:%Y-%m-%d} to {last:%Y-%m-%d}; swap them."
    return f"chosen is {chosen!r}; it takes the first and the last day, as two dates."
