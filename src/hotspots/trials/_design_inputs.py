"""What a trial can be drawn from: everything given is checked at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..chance.seeds import SHORT
from ..contracts import LPTS, InputError, Table, check_incidents, check_table
from ..impact._asked import read_day
from ..support import data_support
from ._words import counted
from .draw import log10_assignments
from .rules import TrialRules

if TYPE_CHECKING:
    from collections.abc import Callable

    from .draw import Lot
    from .eligibility import Eligible
    from .units import Units

DESIGNS = ("simple", "pairs", "blocks", "balanced", "crossover", "stepped wedge")
"""Ways to share out patrols by lot."""

LEAST_P = 0.05
"""A lot with so few outcomes that no test of it can get below this is refused."""

_LONGEST = 156  # weeks
_PLACES = Table("hotspots", "hotspot", ("Polygon", "MultiPolygon"), ())


def check_inputs(
    hotspots: Any, incidents: Any, design: Any, start: Any, weeks: Any, lpts: Any, rules: Any,
    seed: Any,
) -> pd.Timestamp:  # fmt: skip
    """Return the first day, or raise one InputError with every fault.

    Parameters
    ----------
    hotspots, incidents, design, start, weeks, lpts, rules, seed
        As :func:`hotspots.design_trial` was given them.

    Returns
    -------
    Timestamp

    Raises
    ------
    InputError
    """
    faults = table_faults("hotspots", lambda: check_places(hotspots))
    spoilt = table_faults("incidents", lambda: check_incidents(incidents))
    faults += spoilt
    if lpts is not None:
        faults += table_faults("lpts", lambda: check_table(lpts, LPTS))
    if not spoilt:
        faults += _record_faults(incidents, design)
    if not isinstance(design, str) or design not in DESIGNS:
        faults.append(f"design is {design!r}; it takes {', '.join(map(repr, DESIGNS))}.")
    faults += length_faults(design, weeks, rules)
    number = isinstance(seed, int | np.integer) and not isinstance(seed, bool) and seed >= 0
    if isinstance(seed, str) and len(seed) < SHORT:
        faults.append(f"seed is a text of {len(seed)} characters, which can be guessed; take at "
                      f"least {SHORT}.")  # fmt: skip
    elif not number and not isinstance(seed, str):
        faults.append(f"seed is {seed!r}; give a secret text, or a whole number from 0.")
    day = _day(start)
    if day is None:
        faults.append(f"start is {start!r}; it takes a date without time or zone, as '2026-03-02'.")
    if faults or day is None:
        raise InputError("design_trial", faults)
    return day


def table_faults(what: str, check: Callable[[], object]) -> list[str]:
    """Return the faults of a table, each under its name."""
    try:
        check()
    except InputError as error:
        return [f"{what}: {fault}" for fault in error.faults]
    return []


def check_places(hotspots: Any) -> None:
    """Refuse hotspots that cannot be sites: none, without shape, or twice."""
    check_table(hotspots, _PLACES)
    faults, shapes = [], hotspots.geometry
    if hotspots.empty:
        faults.append("there are none; give the hotspots that may be in the trial.")
    if (bad := (shapes.isna() | shapes.is_empty).to_numpy()).any():
        faults.append(f"{hotspots.index[bad][0]!r} has no shape ({int(bad.sum()):,} such rows); "
                      "give every one its polygon.")  # fmt: skip
    if hotspots.index.nlevels > 1:
        faults.append(f"its index has {hotspots.index.nlevels} levels; give each hotspot one id.")
    elif hotspots.index.isna().any():
        faults.append("a hotspot has no id; give each its own.")
    elif (twice := hotspots.index.astype(str).duplicated()).any():
        faults.append(f"the id {hotspots.index[twice][0]!r} is there twice; give each its own.")
    if faults:
        raise InputError("hotspots", faults)


def _record_faults(incidents: Any, design: Any) -> list[str]:
    if incidents.empty:
        return ["incidents: there are none; give the records from before the trial."]
    support = data_support(incidents) if design == "crossover" else None
    if support is None or not support.month_only:
        return []
    known = float(support.precision["share"][["hour", "day"]].sum())
    return [
        "design is 'crossover', whose patrols change from day to day, but only "
        f"{known:.0%} of the incidents are known to the day, so nothing could be compared; take "
        "another design, or records with dates."
    ]


def length_faults(design: Any, weeks: Any, rules: Any) -> list[str]:
    """Say what is wrong with the weeks, given the design."""
    whole = isinstance(weeks, int | np.integer) and not isinstance(weeks, bool)
    if not isinstance(rules, TrialRules):
        return [f"rules is of type {type(rules).__name__}; give TrialRules(...)."]
    if not whole or not 1 <= weeks <= _LONGEST:
        return [f"weeks is {weeks!r}; it must be a whole number from 1 to {_LONGEST}."]
    if design == "stepped wedge" and weeks % rules.steps:
        near = max(round(weeks / rules.steps), 1) * rules.steps
        return [f"weeks is {weeks} and steps {rules.steps}; sites start a whole number of weeks "
                f"apart: give weeks={near}, or other steps."]  # fmt: skip
    if design == "crossover" and rules.washout_days > 1 and weeks % 2:
        return [f"weeks is {weeks} and washout_days {rules.washout_days}; with more than one day "
                f"of wash-out runs take fortnights: give weeks={weeks + 1}."]  # fmt: skip
    return []


def _day(start: Any) -> pd.Timestamp | None:
    day = read_day(start, "start", [])
    return None if day is None or pd.Timestamp(start) != day else day


def refuse_too_few(units: Units, eligible: Eligible, design: str, rules: TrialRules) -> None:
    """Refuse a trial without two units in each arm.

    Parameters
    ----------
    units : Units
    eligible : Eligible
    design : str
    rules : TrialRules

    Raises
    ------
    InputError
    """
    m = len(units.frame)
    share = 0.5 if design == "pairs" else float(rules.share_treated)
    least = {"crossover": 1, "stepped wedge": rules.steps}.get(design, 0)
    if least:
        enough = m >= least
    else:
        enough = int(m * share + 1e-9) >= 2 and int(m * (1 - share) + 1e-9) >= 2
    if enough:
        return
    left = "; ".join(f"{n:,} {reason}" for reason, n in
                     eligible.excluded["reason"].value_counts().head(4).items())  # fmt: skip
    uneven = "" if least or share == 0.5 else ", or treat about half of them (share_treated)"
    raise InputError("design_trial", [
        f"{counted(m, 'hotspot')} (or {'group' if m == 1 else 'groups'} with one catchment) "
        f"{'is' if m == 1 else 'are'} left, too few to draw from: there must be {least or 2}"
        f"{'' if least else ' or more in each arm'}. Left out: {left or 'none'}. Give more "
        f"hotspots, or relax rules (min_incidents, buffer_m){uneven}."
    ])  # fmt: skip


def least_p_of(lot: Lot) -> float:
    """Work out the smallest two-sided p a test of a lot can give.

    Parameters
    ----------
    lot : Lot

    Returns
    -------
    float

    Notes
    -----
    Two over the number of outcomes, as the test of the evaluation doubles the smaller tail.

    Examples
    --------
    >>> from .draw import Lot
    >>> round(least_p_of(Lot(np.array([0, 0, 1, 1, 2, 2]))), 9)
    0.25
    """
    return float(min(2 * 10 ** -min(log10_assignments(lot), 300.0), 1.0))


def refuse_few_outcomes(lot: Lot, design: str) -> None:
    """Refuse a lot of which no test could say anything.

    Parameters
    ----------
    lot : Lot
    design : str

    Raises
    ------
    InputError
    """
    least = least_p_of(lot)
    if least <= LEAST_P:
        return
    remedy = {"balanced": ", or a larger acceptance", "blocks": ", or larger blocks",
              "crossover": ", or more weeks"}.get(design, "")  # fmt: skip
    raise InputError("design_trial", [
        f"the lot has only about {10 ** log10_assignments(lot):,.0f} outcomes for "
        f"{len(lot.block):,} hotspots (or groups with one catchment) in design {design!r}, so no "
        f"test of it could give a p under {least:.2g}, whatever happened; take more hotspots, "
        f"another design{remedy}."
    ])  # fmt: skip
