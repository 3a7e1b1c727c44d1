"""Which places were treated in which periods, and how the lot would draw them anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._asked import Asked
    from .study import Redraw

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

WASH_OUT = "wash-out"


def treatment(asked: Asked, periods: pd.DataFrame) -> tuple[Floats, Bools]:
    """Tell which places were treated in which periods, and where that is so of the whole period.

    Parameters
    ----------
    asked : Asked
    periods : DataFrame
        As ``cut_periods`` gives them.

    Returns
    -------
    treat : ndarray of 0 and 1, shape (n, T)
    told : ndarray of bool, shape (n, T)
        False in a wash-out, on days that the calendar does not know, and for every place where
        any was treated for a part of the period only: which that is depends on the lot, and what
        is used must not, as the lot is drawn anew for the test.
    """
    places = asked.sites.places
    n, count = len(places), len(periods)
    if asked.design is None:
        on = (places["arm"] == "treated").to_numpy()[:, None] & periods["after"].to_numpy()
        return on.astype(float), np.ones((n, count), dtype=bool)
    calendar = asked.design.calendar
    row = pd.Index(places["hotspot"]).get_indexer(pd.Index(calendar["hotspot"].astype(str)))
    day = calendar["date"].to_numpy().astype("datetime64[D]").astype(np.int64)
    first = int(day.min())
    span = int(day.max()) - first + 1
    mine = row >= 0
    known, on = np.zeros((n, span), dtype=bool), np.zeros((n, span))
    known[row[mine], day[mine] - first] = True
    on[row[mine], day[mine] - first] = calendar["treated"].to_numpy(dtype=float)[mine]
    if "phase" in calendar.columns:
        out = mine & (calendar["phase"].astype(object) == WASH_OUT).to_numpy(dtype=bool)
        known[row[out], day[out] - first] = False
    low, high = (
        periods[name].to_numpy().astype("datetime64[D]").astype(np.int64) - first
        for name in ("start", "end")
    )
    treated, told = _within(on, low, high), _within(known, low, high)
    days = high - low
    before = high <= 0
    parted = ((treated > 0) & (treated < told)).any(axis=0)
    return np.where(before, 0.0, (treated > 0).astype(float)), before | ((told == days) & ~parted)


def _within(values: NDArray[Any], low: Ints, high: Ints) -> Floats:
    """Sum of each row's values from day ``low`` to before ``high``, shape (n, T)."""
    n, span = values.shape
    total = np.concatenate([np.zeros((n, 1)), values.cumsum(axis=1)], axis=1)
    summed: Floats = total[:, np.clip(high, 0, span)] - total[:, np.clip(low, 0, span)]
    return summed


def cells(asked: Asked, periods: pd.DataFrame) -> Ints:
    """Tell what each count is compared within.

    The place; in a cross-over the place and the cycle within which it changed sides: a week, or
    a fortnight, as the design's ``cell_days`` say.

    Parameters
    ----------
    asked : Asked
    periods : DataFrame

    Returns
    -------
    ndarray of int, shape (n, T)
    """
    n, count = len(asked.sites.places), len(periods)
    cycle = np.zeros(count, dtype=np.int64)
    if asked.crossover:
        day = periods["start"].to_numpy().astype("datetime64[D]")
        first = np.datetime64(asked.start.date(), "D")
        cycle = (day - first).astype(np.int64) // (int(getattr(asked.design, "cell_days", 0)) or 7)
    many = int(cycle.max()) + 1 if count else 1
    found: Ints = np.arange(n, dtype=np.int64)[:, None] * many + cycle
    return found


def redrawn(asked: Asked, periods: pd.DataFrame) -> Redraw | None:
    """Draw assignments as the design does, in the order of the places and periods here.

    Parameters
    ----------
    asked : Asked
    periods : DataFrame

    Returns
    -------
    callable or None
        None where there was no lot.
    """
    design = asked.design
    if design is None:
        return None
    ids = pd.Index(design.sites.index.astype(str))
    order = ids.get_indexer(pd.Index(asked.sites.places["hotspot"]))
    starts, ends = periods["start"], periods["end"]

    def redraw(draws: int, rng: np.random.Generator) -> Any:
        return np.asarray(design.redraw(draws, rng, starts, ends))[:, order, :]

    return redraw
