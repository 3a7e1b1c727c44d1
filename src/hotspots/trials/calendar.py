"""What an assignment means day by day: who is under treatment when, and which days count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

WEEK = 7
UNCOUNTED, FIRST, SECOND = 0, 1, 2
"""What a day of a cross-over is to a unit: not counted, or of its first or its second run."""


@dataclass(frozen=True)
class Timetable:
    """When a trial runs, and what an assignment means on each of its days.

    Attributes
    ----------
    start : datetime64[D]
    days : int
        Length of the trial.
    steps : int
        0, or dates at which sites of a stepped wedge start, evenly spaced, the first at ``start``.
    cycle_days : int
        0, or the days of a cross-over in which a site is compared with itself: 7 or 14.
    runs : ndarray of int8, shape (m, days), optional
        Cross-over: which run each day belongs to, by unit.
    """

    start: np.datetime64
    days: int
    steps: int = 0
    cycle_days: int = 0
    runs: NDArray[np.int8] | None = None

    @property
    def cycles(self) -> int:
        """Cycles of a cross-over; 0 of other designs."""
        return self.days // self.cycle_days if self.cycle_days else 0

    @property
    def firsts(self) -> NDArray[np.datetime64]:
        """First day of each step of a stepped wedge."""
        return self.start + np.arange(self.steps) * (self.days // max(self.steps, 1))

    def treated(self, drawn: Ints, unit: Ints, starts: Any, ends: Any) -> NDArray[np.int8]:
        """Tell which sites are under treatment in which periods, for each assignment drawn.

        Parameters
        ----------
        drawn : ndarray of int, shape (draws, m) or (draws, m, cycles)
            As :meth:`Lot.draw` gives it.
        unit : ndarray of int, shape (n,)
            Unit of each site.
        starts, ends : array_like of datetime64, shape (T,)
            Periods; ends exclusive. Of a cross-over: days.

        Returns
        -------
        ndarray of int8, shape (draws, n, T)
            1 where the site is under treatment on any day of the period.

        Raises
        ------
        InputError
            If the periods are no periods, or those of a cross-over are not days.

        Examples
        --------
        >>> table = Timetable(np.datetime64("2026-01-05"), 28)
        >>> weeks = np.arange("2025-12-29", "2026-01-19", 7, dtype="M8[D]")
        >>> table.treated(np.array([[1, 0]]), np.array([0, 1]), weeks, weeks + 7).tolist()
        [[[0, 1, 1], [0, 0, 0]]]
        """
        low, high = _periods(starts, ends, self.cycle_days > 0)
        if self.runs is not None:
            return self._days(self.runs, drawn, unit, low)
        end = self.start + self.days
        begin = self.firsts if self.steps else np.array([self.start])
        on = np.zeros((len(begin) + 1, len(low)), dtype=np.int8)  # the control arm is 0
        on[1:] = (high > begin[:, None]) & (low < end)
        return on[drawn[:, unit]]

    def _days(
        self, runs: NDArray[np.int8], drawn: Ints, unit: Ints, low: NDArray[np.datetime64]
    ) -> NDArray[np.int8]:
        day = (low - self.start).astype(np.int64)
        inside = (day >= 0) & (day < self.days)
        day = np.where(inside, day, 0)
        run = np.where(inside, runs[:, day], UNCOUNTED)[unit]
        on = drawn.astype(np.int8)[:, unit][:, :, day // self.cycle_days]
        on ^= (run == SECOND).astype(np.int8)
        on &= (run != UNCOUNTED).astype(np.int8)
        return on

    def table(self, drawn: Ints, unit: Ints, names: pd.Index) -> pd.DataFrame:
        """Write the calendar of treatment days of one assignment.

        Parameters
        ----------
        drawn : ndarray of int, shape (1, m) or (1, m, cycles)
        unit : ndarray of int, shape (n,)
        names : Index
            Hotspots.

        Returns
        -------
        DataFrame
            ``contracts.TREATMENT``: hotspot by hotspot, day by day.

        Examples
        --------
        >>> table = Timetable(np.datetime64("2026-01-05"), 1)
        >>> table.table(np.array([[1]]), np.array([0]), pd.Index(["H1"]))["phase"].tolist()
        ['treatment']
        """
        dates = self.start + np.arange(self.days)
        on = self.treated(drawn, unit, dates, dates + 1)[0].astype(bool)
        phase = np.where(on, "treatment", "control").astype(object)
        if self.runs is not None:
            phase[self.runs[unit] == UNCOUNTED] = "wash-out"
        return pd.DataFrame({
            "hotspot": pd.Series(np.repeat(names.astype(str), self.days), dtype="str"),
            "date": np.tile(dates.astype("datetime64[s]"), len(names)),
            "treated": on.ravel(), "phase": pd.Series(phase.ravel(), dtype="str"),
        })  # fmt: skip


def _periods(
    starts: Any, ends: Any, days: bool
) -> tuple[NDArray[np.datetime64], NDArray[np.datetime64]]:
    """Bring periods to days, or refuse them."""
    try:
        low = np.asarray(starts).astype("datetime64[D]")
        high = np.asarray(ends).astype("datetime64[s]")
    except (TypeError, ValueError) as error:
        raise InputError("redraw", [f"starts and ends must be times ({error})."]) from error
    if low.shape != high.shape or low.ndim != 1:
        raise InputError("redraw", [f"starts has shape {low.shape} and ends {high.shape}; give one "
                                    "start and one end for each period."])  # fmt: skip
    if np.isnat(low).any() or np.isnat(high).any() or (high <= low).any():
        raise InputError("redraw", ["a period is missing its start or end, or ends before it "
                                    "starts."])  # fmt: skip
    up = high.astype("datetime64[D]")
    up = up + (up < high).astype(np.int64)
    if days and (up - low != np.timedelta64(1, "D")).any():
        raise InputError("redraw", [
            "a period is longer than a day; patrols of a cross-over change from day to day, so "
            "its counts must be by day: use period='D'."
        ])  # fmt: skip
    return low, up


def make_runs(
    units: int, weeks: int, washout: int, rng: np.random.Generator
) -> tuple[NDArray[np.int8], int]:
    """Lay out the runs of a cross-over, which of them is treated being for the lot to say.

    Parameters
    ----------
    units, weeks : int
    washout : int
        Days after each run that are not counted, whichever run it is.
    rng : numpy.random.Generator

    Returns
    -------
    (runs, cycle_days)
        ``runs`` (units, days): :data:`UNCOUNTED`, :data:`FIRST` or :data:`SECOND`.

    Notes
    -----
    Days are uncounted after each run, treated or not: were they so only after treated ones, which
    days count would depend on the draw, and a test that draws anew would not be exact.

    Without wash-out the seven days of each fortnight's weeks are split by chance into 4 and 3, the
    same way in both weeks. With one day, a week is a run of 3, a day, a run of 2 and a day. With
    more, a fortnight is two runs of 7 less the wash-out, on the same days of the week. As a lot
    gives two weeks in turn to the first run and the second, or the other way round, each day of
    the week that counts is once treated and once not in a fortnight, at every site.

    Examples
    --------
    >>> runs, cycle = make_runs(1, 2, 3, np.random.default_rng(1))
    >>> cycle, np.bincount(runs[0]).tolist()
    (14, [6, 4, 4])
    """
    days = weeks * WEEK
    if washout == 0:
        pairs = -(-weeks // 2)
        order = np.argsort(rng.random((units, pairs, WEEK)), axis=2)
        split = np.where(order < 4, FIRST, SECOND)
        flip = rng.random((units, pairs, 1)) < 0.5  # the longer run is the first as often as not
        split = np.where(flip, FIRST + SECOND - split, split)
        return np.repeat(split, 2, axis=1).reshape(units, -1)[:, :days].astype(np.int8), WEEK
    if washout == 1:
        cycle, lengths = WEEK, [(3, 2), (2, 3)]
    else:
        cycle, lengths = 2 * WEEK, [(WEEK - washout, WEEK - washout)]
    patterns = []
    for first, second in lengths:
        for lead in range(washout + 1):
            pattern = np.full(cycle, UNCOUNTED)
            pattern[lead : lead + first] = FIRST
            pattern[lead + first + washout : lead + first + washout + second] = SECOND
            patterns.append(pattern)
    order = np.argsort(rng.random(units))
    chosen = np.array(patterns, dtype=np.int8)[order % len(patterns)]
    return np.tile(chosen, (1, days // cycle)), cycle
