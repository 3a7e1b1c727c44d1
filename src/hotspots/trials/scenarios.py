"""Trials as they might be: any number of sites and weeks, drawn by the lot of their design."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .calendar import UNCOUNTED, WEEK, Timetable, make_runs
from .design import make_lot
from .rules import TrialRules
from .simulation import Scenario
from .units import make_units
from .worlds import Frame, make_frame

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .draw import Lot

    Ints = NDArray[np.int64]


def make_scenario(
    sites: pd.DataFrame,
    design: str,
    size: tuple[int, int],
    *,
    start: np.datetime64,
    unit: str,
    before_days: float,
    rules: TrialRules | None = None,
) -> Scenario:
    """Lay out a trial of so many sites and weeks.

    Parameters
    ----------
    sites : DataFrame
        As ``find_eligible`` gives them, in the order of the baseline that is simulated, worst
        first: a smaller trial takes the worst, a larger one repeats them, as sites alike would do.
    design : str
    size : (sites, weeks)
    start : datetime64[D]
    unit : {"day", "weeks", "month"}
    before_days : float
        Days before the start that the analysis compares with.
    rules : TrialRules, optional

    Returns
    -------
    Scenario
        Sites without a partner are left out, as the design does.

    Examples
    --------
    >>> names = pd.Index(list("abcdefgh"), dtype="str")
    >>> sites = pd.DataFrame({"cluster": names, "lpt": "Hanley", "baseline": range(8, 0, -1),
    ...                       "change": 0, "area_km2": 0.1}, index=names)
    >>> trial = make_scenario(sites, "pairs", (8, 12), start=np.datetime64("2026-01-01"),
    ...                       unit="weeks", before_days=364)
    >>> treat = trial.redraw(3, np.random.default_rng(1))
    >>> treat.shape, treat[:, :, -1].sum(axis=1).tolist(), trial.block.tolist()
    ((3, 8, 16), [4, 4, 4], [0, 0, 1, 1, 2, 2, 3, 3])
    """
    rules = TrialRules() if rules is None else rules
    count, weeks = size
    index = np.arange(count) % len(sites)
    again = np.arange(count) // len(sites)
    taken = pd.DataFrame(sites).iloc[index]
    copy = np.where(again > 0, [f" ({n + 1})" for n in again], "")
    taken = taken.assign(cluster=taken["cluster"].astype(object).to_numpy() + copy)
    taken.index = pd.Index(taken.index.astype(object).to_numpy() + copy, dtype="str")
    units = make_units(taken, design, rules)
    kept = ~taken["cluster"].isin(units.lone).to_numpy()
    unit_of = units.frame.index.get_indexer(pd.Index(taken["cluster"][kept])).astype(np.int64)
    runs, cycle = None, 0
    if design == "crossover":
        chance = np.random.default_rng(0)
        runs, cycle = make_runs(len(units.frame), weeks, rules.washout_days, chance)
    steps = rules.steps if design == "stepped wedge" else 0
    table = Timetable(start.astype("datetime64[D]"), weeks * WEEK, steps, cycle, runs)
    lot = make_lot(units, design, table, rules)
    block = units.frame["code"].to_numpy(dtype=np.int64)[unit_of]
    frame = _frame(table, before_days, unit)
    return _laid((design, lot, table, unit_of), index[kept], block, frame)


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
    frame = _frame(table, before_days, unit)
    return _laid((str(trial.design), trial.lot, table, trial.unit), index, block, frame)


def _frame(table: Timetable, before_days: float, unit: str) -> Frame:
    """Lay out periods; in a stepped wedge each step in periods of its own."""
    start, weeks = table.start.astype("datetime64[D]"), table.days / WEEK
    if not table.steps or unit == "month":
        return make_frame(start, weeks, before_days, unit)
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
