"""ProMap: prospective heat, where incidents of the last weeks make more of them likely nearby."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..contracts import InputError, announce
from ..places import Grid
from ._base import Detector
from ._regions import is_number

METRICS = ("chebyshev", "euclidean")

_MOST_CELLS = 200  # of reach: every incident is laid on each cell within it


class ProMap(Detector):
    r"""Heat is high where incidents were near in space and time: near repeats, looked at forwards.

    Parameters
    ----------
    space_m : float
        Reach in metres; 400 is what was found for burglary.
    time_days : float
        Reach in days; 56 (8 weeks) is what was found for burglary.
    unit : tuple of float
        Metres and days that make one step of distance and of time.
    metric : {"chebyshev", "euclidean"}
        How steps of distance are counted: the larger of east and north, or along the straight line.
    when : date, optional
        The moment the heat is for; the end of the records when absent. Later incidents do not
        count.
    weights : str, optional
        Column to sum instead of counting, such as ``"harm"``.
    years : float, optional
        Years observed, told in ``years_``. The heat does not depend on it: only the last weeks
        count.
    include_police : bool
        Whether police-generated incidents (``origin`` "police") count.

    Attributes
    ----------
    when_ : Timestamp
        The moment the heat is for.
    recent_ : int
        Incidents that are recent enough to count.

    Notes
    -----
    .. math:: \text{heat}(c) = \sum_i \frac{w_i}{(1 + d_i)(1 + t_i)}, \qquad
              d_i < \frac{\text{space}}{\text{unit}}, \; t_i < \frac{\text{time}}{\text{unit}}

    :math:`t_i` is the number of whole weeks (``unit[1]`` days) from the middle of the incident's
    interval to ``when``. :math:`d_i` is the number of steps of 50 m (``unit[0]``) from the
    incident to the centre of the cell, rounded to the nearest whole number; on a grid of 50 m
    squares that is the number of cells between the two, as it was published. On any other grid
    the score is that at the centre of each cell, so that scores compare between grids and cells
    of any width will do; but cells wider than ``unit[0]`` step over what lies between their
    centres, and cells wider than 1.4 times the reach, so that an incident could count nowhere,
    are refused. Nothing is divided by area or years: the unit is the score of one incident in the
    cell within the last week.

    Records known to the month only are refused, and an incident whose interval is longer than one
    step of time has no week: it is left out, and their number is announced.

    The score knows no background: where there was no incident of late the heat is 0, however hot
    the place has always been. It is for the next days, and for types that repeat near by
    (burglary, vehicle crime); the share it caught in a pilot elsewhere says nothing about here:
    test it against the plain counts.

    References
    ----------
    Bowers K. J., Johnson S. D. and Pease K. (2004) Prospective hot-spotting: the future of crime
    mapping? *British Journal of Criminology* 44(5), 641–658, doi:10.1093/bjc/azh036.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=12)
    >>> robbery = county.incidents.query("category == 'Robbery' and origin == 'public'")
    >>> detector = hs.ProMap().fit(robbery)  # for the end of the records
    >>> detector.unit_, bool(detector.when_ == detector.period_[1])
    ('prospective score', True)
    >>> bool((detector.predict(hs.Grid.over(county.lpts, size=250)) >= 0).all())
    True
    """

    def __init__(
        self,
        space_m: float = 400,
        time_days: float = 56,
        *,
        unit: tuple[float, float] = (50, 7),
        metric: str = "chebyshev",
        when: str | date | pd.Timestamp | None = None,
        weights: str | None = None,
        years: float | None = None,
        include_police: bool = False,
    ) -> None:
        self.space_m = space_m
        self.time_days = time_days
        self.unit = unit
        self.metric = metric
        self.when = when
        self.weights = weights
        self.years = years
        self.include_police = include_police

    def _faults(self) -> list[str]:
        faults = []
        steps: tuple[Any, ...] = tuple(self.unit) if isinstance(self.unit, (tuple, list)) else ()
        if len(steps) != 2 or not all(is_number(step) and 0 < step < np.inf for step in steps):
            faults.append(
                f"unit={self.unit!r}; it must be metres and days above 0: try unit=(50, 7)."
            )
            steps = (0, 0)
        for name, value, step, example in (
            ("space_m", self.space_m, steps[0], 400), ("time_days", self.time_days, steps[1], 56),
        ):  # fmt: skip
            if not (is_number(value) and 0 < value < np.inf):
                faults.append(f"{name}={value!r}; it must be a number above 0: try {example}.")
            elif value < step:
                faults.append(f"{name}={value!r} is less than one step of {step:g}; raise it.")
        if not (isinstance(self.metric, str) and self.metric in METRICS):
            faults.append(f"metric={self.metric!r}; it takes {', '.join(map(repr, METRICS))}.")
        if self.when is not None and _moment(self.when) is None:
            faults.append(
                f"when={self.when!r}; it must be a local date or time: try '2025-12-01', or None."
            )
        return faults

    def _fit(self) -> None:
        self.unit_ = "prospective score"
        if self.weights is not None:
            self.unit_ += f" of {self.weights}"
        when = self.period_[1] if self.when is None else _moment(self.when)
        self.when_ = pd.NaT if when is None else when
        self.recent_ = 0
        self._near = self.locations_[["x", "y"]].assign(weight=0.0).iloc[:0]
        if not len(self.locations_):
            return
        self.support_.require("weekly periods", "ProMap")
        used = self._incidents[self.used_]
        length: pd.Series = used["occurred_to"] - used["occurred_from"]
        age: pd.Series = self.when_ - (used["occurred_from"] + length / 2)
        days = age.dt.total_seconds().to_numpy() / 86_400
        long = length.dt.total_seconds().to_numpy() / 86_400 > self.unit[1]
        weeks = np.floor(days / self.unit[1])
        recent = (days >= 0) & (weeks < self.time_days / self.unit[1])
        if lost := int((long & recent).sum()):
            announce(
                f"ProMap: {lost:,} of {int(recent.sum()):,} recent incidents are known to a time "
                f"longer than {self.unit[1]:g} days only and have no step of time; they are left "
                "out"
            )
        recent &= ~long
        self.recent_ = int(recent.sum())
        if not self.recent_:
            announce(
                f"ProMap: no incident in the {self.time_days:g} days before "
                f"{self.when_:%Y-%m-%d %H:%M}, so there is no heat; set when= within the records"
            )
            return
        weight = 1 / (1 + weeks[recent])
        if self.weights is not None:
            weight *= used[self.weights].to_numpy(dtype=float)[recent]
        at = self.location_[recent]
        by_size = np.lexsort((weight, at))  # so that the order of rows cannot matter
        summed = np.bincount(at[by_size], weight[by_size], minlength=len(self.locations_))
        near = self.locations_[["x", "y"]].assign(weight=summed)
        self._near = near[np.bincount(at, minlength=len(near)) > 0]

    def _heat(self, grid: Grid) -> NDArray[np.float64]:
        step = float(self.unit[0])
        most = self.space_m / step  # steps; the last counted is the last whole number below
        reach = (np.ceil(most) - 0.5) * step
        widest = np.sqrt(2) * reach  # from there on a corner is out of reach of the centre
        if grid.size > widest:
            raise InputError(
                "grid",
                [
                    f"its cells of {grid.size:g} m are too wide for a reach of {reach:g} m: "
                    "incidents could fall between their centres; take cells of at most "
                    f"{np.floor(widest):g} m, best {step:g} m."
                ],
            )
        if reach > _MOST_CELLS * grid.size:
            raise InputError(
                "grid",
                [
                    f"its cells of {grid.size:g} m are too small for a reach of {reach:g} m, "
                    f"{reach / grid.size:,.0f} cells; take cells of at least "
                    f"{np.ceil(reach / _MOST_CELLS):g} m, best {step:g} m, or a shorter space_m."
                ],
            )
        lattice = grid.lattice
        x, y, weight = (self._near[name].to_numpy(dtype=float) for name in ("x", "y", "weight"))
        column, row = (part.astype(np.int64) for part in lattice.cell_of(x, y))
        right, up = int(reach / grid.size) + 2, int(reach / lattice.height) + 2
        summed = np.zeros(grid.columns * grid.rows)
        for step_up in range(-up, up + 1):
            for step_right in range(-right, right + 1):
                to_column, to_row = column + step_right, row + step_up
                centre = lattice.centres(to_column, to_row)
                score = weight * _share(x - centre[:, 0], y - centre[:, 1], step, most, self.metric)
                to_column, to_row = to_column - grid.first[0], to_row - grid.first[1]
                held = (score > 0) & (to_column >= 0) & (to_column < grid.columns)
                held &= (to_row >= 0) & (to_row < grid.rows)
                number = to_row[held] * grid.columns + to_column[held]
                np.add.at(summed, number, score[held])
        return summed[grid.cells]


def _share(
    east: NDArray[np.float64], north: NDArray[np.float64], step: float, most: float, metric: str
) -> NDArray[np.float64]:
    """1 / (1 + steps) of offsets in metres, 0 from ``most`` steps on."""
    if metric == "chebyshev":  # signed, so that half a step counts as the half-open cells do
        steps = np.maximum(
            np.abs(np.floor(east / step + 0.5)), np.abs(np.floor(north / step + 0.5))
        )
    else:
        steps = np.floor(np.hypot(east, north) / step + 0.5)
    return np.where(steps < most, 1 / (1 + steps), 0.0)


def _moment(value: Any) -> pd.Timestamp | None:
    """Read a moment, or None where it is none, or has a time zone."""
    if not isinstance(value, (str, date, np.datetime64, pd.Timestamp)):
        return None
    try:
        moment = pd.Timestamp(value)
    except ValueError:
        return None
    return None if pd.isna(moment) or moment.tz is not None else moment
