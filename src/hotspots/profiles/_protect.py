"""Round and hide: what each figure of a published table tells, and which are kept back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..progress import progress_bar
from ._hide import exposed, hide_more, widest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ._cells import Cells

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Goal = tuple[int, float, bool]

_ANNOUNCED = 200  # bounds exposed at first, from which a bar is worth showing
_AT_ONCE = 40  # bounds guarded in one search; more are taken in turn


@dataclass(frozen=True)
class Protected:
    """Which figures are hidden: the small ones, and those that guard them.

    Attributes
    ----------
    small, hidden : ndarray of bool, shape (T, C)
        Counts from 1 to under the threshold; all that is hidden.
    unlocked : int
        Months in which figures of an earlier release had to be hidden after all.
    """

    small: Flags
    hidden: Flags
    unlocked: int


def rounded(value: Floats, to: int) -> Floats:
    """Round to the nearest multiple, halves up.

    Examples
    --------
    >>> rounded(np.array([0, 5, 7, 8, 12, 13.0]), 5).tolist()
    [0.0, 5.0, 5.0, 10.0, 10.0, 15.0]
    """
    up: Floats = np.floor(value / to + 0.5) * to
    return up


def told_by(shown: Floats, under: int, to: int) -> tuple[Floats, Floats]:
    """Return the least and the greatest count that a published figure can stand for.

    Examples
    --------
    >>> told_by(np.array([0, 5, 10.0]), under=5, to=5)
    (array([0., 5., 8.]), array([ 0.,  7., 12.]))
    """
    low = np.maximum(np.ceil(shown - to / 2), under)
    high = np.ceil(shown + to / 2) - 1
    return np.where(shown == 0, 0.0, low), np.where(shown == 0, 0.0, high)


def protect(cells: Cells, under: int, to: int, held: Flags, locked: Flags) -> Protected:
    """Hide small counts and the fewest others, so that none can be worked out.

    Parameters
    ----------
    cells : Cells
    under : int
        Counts from 1 to under this are small.
    to : int
        What the rest is rounded to.
    held, locked : ndarray of bool, shape (T, C)
        Figures that an earlier release hid, and those that it showed as they are now.

    Returns
    -------
    Protected
    """
    present = cells.status == "present"
    small = present & (cells.value >= 1) & (cells.value < under)
    told = _Told(cells, under, to, small, small | (held & present))
    may = present & (cells.value > 0)
    unlocked: set[int] = set()
    left = told.exposed(range(len(small)))
    while left:
        few = sum(map(len, left.values())) < _ANNOUNCED
        again = []
        for t, every in progress_bar(left.items(), desc="guarding small counts", disable=few):
            goals = every[:_AT_ONCE]
            more = told.more(t, may[t] & ~locked[t], goals)
            if more is None and (may[t] & locked[t]).any():
                unlocked.add(t)
                more = told.more(t, may[t], goals)
            told.hidden[t] |= may[t] if more is None else more
            again += [t] * (more is not None)  # else all is hidden
        left = told.exposed(again)
    return Protected(small, told.hidden, len(unlocked))


class _Told:
    """What readers are told of every figure as things stand, and what they must not find out."""

    def __init__(self, cells: Cells, under: int, to: int, small: Flags, hidden: Flags) -> None:
        self.cells, self.under, self.to = cells, under, to
        self.small, self.hidden = small, hidden
        self.cost = _cost(cells)
        least = np.where(small, cells.leaves.astype(float), np.nan)
        most = least + under - 2
        # a reader who knows which are small must learn no more than if all but zeros were hidden
        present = cells.status == "present"
        low, _, guessed = self.bounds(hidden=present & (cells.value > 0))
        last = np.where(small, under - 1.0, np.nan)
        known_least, known_most = widest(cells.sums, low, guessed, least, last)
        # a table that fits what he knows fits what the other knows too
        self.goals = ((True, known_least, known_most),
                      (False, np.where(known_least <= least, np.nan, least),
                       np.where(known_most >= most, np.nan, most)))  # fmt: skip

    def bounds(self, hidden: Flags | None = None) -> tuple[Floats, Floats, Floats]:
        """Return least and greatest value of each figure; the greatest for who knows the small."""
        hidden = self.hidden if hidden is None else hidden
        value, present = self.cells.value, self.cells.status == "present"
        low, high = told_by(rounded(value, self.to), self.under, self.to)
        low = np.where(present, np.where(hidden, np.minimum(value, 1.0), low), 0.0)
        high = np.where(present & ~hidden, high, np.inf)
        return low, high, np.where(self.small, self.under - 1.0, high)

    def exposed(self, months: Sequence[int]) -> dict[int, list[Goal]]:
        """Return what can be ruled out and must not be, for the months where there is any."""
        at = np.asarray(months, dtype=np.int64)
        low, high, guessed = (bound[at] for bound in self.bounds())
        goals: dict[int, list[Goal]] = {}
        for knows, *ends in self.goals:
            bounds = [end[at] for end in ends]
            found = exposed(self.cells.sums, low, guessed if knows else high, *bounds)
            for gone, bound in zip(found, bounds, strict=True):
                for n, p in zip(*np.nonzero(gone), strict=True):
                    goals.setdefault(int(at[n]), []).append((int(p), float(bound[n, p]), knows))
        return goals

    def more(self, t: int, may: Flags, goals: list[Goal]) -> Flags | None:
        """Return what to hide in a month so that the goals are reached."""
        low, high, guessed = (bound[t] for bound in self.bounds())
        return hide_more(self.cells.sums, self.cells.value[t], (low, high, guessed),
                         self.hidden[t], may, self.cost[t], goals)  # fmt: skip


def _cost(cells: Cells) -> Floats:
    """Cost of hiding: as many figures as a total sums up; among equals the fewest incidents."""
    incidents = cells.value / np.maximum(cells.value.max(axis=1, keepdims=True), 1.0)
    place = np.arange(cells.value.shape[1]) / cells.value.shape[1]
    cost: Floats = cells.leaves + 0.1 * incidents + 1e-4 * place  # the last makes it one choice
    return cost
