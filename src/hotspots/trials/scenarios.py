"""Trials as they might be: any number of sites and weeks, drawn by the lot of their design."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .calendar import UNCOUNTED, WEEK, Timetable, make_runs
from .draw import Lot
from .rules import TrialRules
from .simulation import Scenario
from .units import make_units
from .worlds import Frame, make_frame

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]


def make_scenario(
    level: Floats,
    design: str,
    size: tuple[int, float],
    *,
    start: np.datetime64,
    unit: str,
    before_days: float,
    lpt: pd.Series | None = None,
    rules: TrialRules | None = None,
) -> Scenario:
    """Lay out a trial of so many sites and weeks.

    Parameters
    ----------
    level : ndarray, shape (n,)
        Incidents a day at each site, worst first: a smaller trial takes the worst, a larger one
        repeats them, as sites alike would do.
    design : str
    size : (sites, weeks)
    start : datetime64[D]
    unit : {"day", "weeks", "month"}
    before_days : float
    lpt : Series of str, shape (n,), optional
        Team of each site, within which the design may draw.
    rules : TrialRules, optional

    Returns
    -------
    Scenario
        Of an odd number of sites drawn in pairs, the one without a partner is left out.

    Examples
    --------
    >>> trial = make_scenario(np.arange(8.0, 0, -1), "pairs", (8, 12), unit="weeks",
    ...                       start=np.datetime64("2026-01-01"), before_days=364)
    >>> treat = trial.redraw(3, np.random.default_rng(1))
    >>> treat.shape, treat[:, :, -1].sum(axis=1).tolist(), trial.block.tolist()
    ((3, 8, 16), [4, 4, 4], [0, 0, 1, 1, 2, 2, 3, 3])
    """
    rules = TrialRules() if rules is None else rules
    within = "lpt" if lpt is not None and rules.blocks != "none" else "none"
    rules = replace(rules, covariates=("baseline",), blocks=within)
    count, weeks = size
    index = np.arange(count) % len(level)
    ids = pd.Index([f"{n:06d}" for n in range(count)])
    team = "all" if lpt is None else lpt.astype(object).fillna("none").to_numpy()[index]
    sites = pd.DataFrame({
        "cluster": ids, "lpt": team, "baseline": 365.0 * level[index], "change": 0.0,
        "area_km2": 0.0,
    }, index=ids)  # fmt: skip
    units = make_units(sites, design, rules).frame
    code = units["code"].to_numpy(dtype=np.int64)
    row = ids.get_indexer(units.index)  # the site of each unit, in the order of the lot
    lot, table = _lot(design, code, weeks, start, rules)
    if design == "balanced":
        lot = lot.balanced(units[["baseline"]].to_numpy(dtype=float), rules.acceptance)
    block = code if design in ("pairs", "blocks", "balanced") else np.zeros_like(code)
    laid = design, lot, table, np.arange(len(code))
    return _laid(laid, index[row], block, _frame(table, weeks, before_days, unit))


def of_trial(trial: Any, places: pd.Index, *, unit: str, before_days: float) -> Scenario:
    """Lay out a trial as it was designed, drawn by its own lot.

    Parameters
    ----------
    trial : TrialDesign
    places : Index
        Ids of the sites in the order of the baseline.
    unit : {"day", "weeks", "month"}
    before_days : float

    Returns
    -------
    Scenario

    Examples
    --------
    >>> from hotspots.trials.example import example_trial
    >>> trial = example_trial()
    >>> one = of_trial(trial, trial.sites.index, unit="weeks", before_days=364)
    >>> one.redraw(2, np.random.default_rng(1)).shape[:2] == (2, len(trial.sites))
    True
    """
    table = trial.timetable
    index = places.astype(str).get_indexer(trial.sites.index.astype(str))
    block = pd.factorize(trial.sites["block"], sort=True)[0].astype(np.int64)
    unit_of = trial.sites["unit"].to_numpy(dtype=np.int64)
    frame = _frame(table, table.days / WEEK, before_days, unit)
    return _laid((str(trial.design), trial.lot, table, unit_of), index, block, frame)


def _lot(
    design: str, code: Ints, weeks: float, start: np.datetime64, rules: TrialRules
) -> tuple[Lot, Timetable]:
    """How such a trial is drawn, and what the draw means by day."""
    share = 0.5 if design in ("pairs", "crossover") else rules.share_treated
    days = round(weeks * WEEK)
    if design == "stepped wedge":
        return Lot(code, steps=rules.steps), Timetable(start, days, steps=rules.steps)
    if design != "crossover":
        return Lot(code, share), Timetable(start, days)
    pairs = max(round(weeks / 2), 1)  # whole fortnights
    runs, cycle = make_runs(len(code), 2 * pairs, rules.washout_days, np.random.default_rng(0))
    table = Timetable(start, runs.shape[1], cycle_days=cycle, runs=runs)
    return Lot(code, share, cycles=table.cycles), table


def _frame(table: Timetable, weeks: float, before_days: float, unit: str) -> Frame:
    """Lay out periods; in a stepped wedge each step in periods of its own."""
    start = table.start.astype("datetime64[D]")
    if not table.steps or unit == "month":
        return make_frame(start, table.days / WEEK if table.runs is not None else weeks,
                          before_days, unit)  # fmt: skip
    cuts = (table.firsts - table.start).astype("timedelta64[D]").astype(np.int64)
    return make_frame(start, weeks, before_days, unit, cuts=np.append(cuts, table.days))


def _laid(
    drawn: tuple[str, Lot, Timetable, Ints], index: NDArray[np.intp], block: Ints, frame: Frame
) -> Scenario:
    design, lot, table, unit = drawn
    used = cell = None
    if table.runs is not None:
        used = (table.runs != UNCOUNTED)[unit]
        cycle = np.arange(table.days) // table.cycle_days
        cell = np.arange(len(index))[:, None] * table.cycles + cycle

    def redraw(draws: int, rng: np.random.Generator) -> NDArray[np.int8]:
        return table.treated(lot.draw(draws, rng), unit, frame.start, frame.ends)

    return Scenario(design, table.days / WEEK, frame, index, block, cell, used, redraw)
