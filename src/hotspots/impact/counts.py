"""From incidents to the counts of a study: per place and ring, per period, per outcome."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import InputError, Result
from ._asked import HARM, POLICE, read_asked
from ._count_words import say
from ._tally import tally
from .rules import ImpactRules
from .study import Study, make_study

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

PARTS = ("hotspots", "buffer", "both")
"""What a study is made of: the places, the rings about them, or the two together."""


@dataclass(frozen=True, repr=False)
class PlaceCounts(Result):
    """Counts of a study, as :func:`count_places` gives them.

    n places (treated first), T periods, O outcomes; rows and columns of all arrays in this order.

    Attributes
    ----------
    places : GeoDataFrame
        Index ``place``, treated first: ``hotspot`` (the id given), ``arm`` (treated, control),
        ``name`` and ``lpt`` where known, ``area_km2``, ``block``, ``ring_km2`` (area of its ring)
        and ``incidents`` (all inside, at any time).
    periods : DataFrame
        Index 0 to T - 1, one after another without a gap: ``start``, ``end`` (first moment
        after), ``days``, ``after``, ``complete``, ``why`` (why it is not used) and ``incidents``
        (of the whole records).
    accounts : DataFrame
        Where every incident given lies (``where``, ``incidents``) and what became of it:
        ``counted``, ``found_by_police`` (left out), ``other_category``, ``other_time`` (no whole
        period, or wash-out), ``not_a_place``. All add up to the incidents given.
    recording : DataFrame
        Whether the records changed: ``check``, ``asks``, ``found``, ``low``, ``high``,
        ``verdict`` (fine, doubt, cannot tell), ``words``.
    kinds : DataFrame
        What ``kind_y`` counts: ``by`` (type, hour) and ``kind``. All types, whatever the outcome.
    outcomes : tuple of str
        The first is the one the evaluation is judged by.
    y, ring_y : ndarray, shape (O, n, T)
        Incidents inside the places, and in their rings; NaN in periods without whole records.
    harm_y : ndarray, shape (O, n, T), or None
        Days of sentence inside the places, where incidents have a harm weight.
    police_y : ndarray, shape (n, T)
        Incidents inside the places that police activity found, of every type.
    kind_y : ndarray, shape (K, 2, n, T)
        Incidents of each kind inside the places, and in their rings.
    treat : ndarray, shape (n, T)
        1 where the place was under treatment, else 0.
    used : ndarray of bool, shape (n, T)
        Records whole, not wash-out, not treated in part.
    cell : ndarray of int, shape (n, T)
        What a count is compared within: the place, or in a cross-over the place and cycle.
    block : ndarray of int, shape (n,)
    chosen : ndarray of bool, shape (T,)
        Periods that overlap the dates the places were chosen for.
    redraw : callable, optional
        Draws assignments anew as the design does.
    design : str
        Kind of the trial; empty where there was none.
    period : str
        "MS", "W" or "D".
    start, end : Timestamp
        First day of treatment, last day that counts.
    notes : tuple of str
        What a reader must know of the counts: left out, not used, chosen automatically.
    said : str
        The text, notes included.
    """

    places: gpd.GeoDataFrame
    periods: pd.DataFrame
    accounts: pd.DataFrame
    recording: pd.DataFrame
    kinds: pd.DataFrame
    outcomes: tuple[str, ...]
    y: Floats
    ring_y: Floats
    harm_y: Floats | None
    police_y: Floats
    kind_y: Floats
    treat: Floats
    used: Bools
    cell: Ints
    block: Ints
    chosen: Bools
    redraw: Callable[[int, np.random.Generator], Any] | None
    design: str
    period: str
    start: pd.Timestamp
    end: pd.Timestamp
    notes: tuple[str, ...]
    said: str

    @property
    def text(self) -> str:
        """What was counted, and what was left out."""
        return self.said

    def study(self, outcome: str | None = None, part: str = "hotspots") -> Study:
        """Make the study of one outcome, as every estimator takes it.

        Parameters
        ----------
        outcome : str, optional
            One of :attr:`outcomes`; the first when absent. ``"police"``: what police activity
            found, inside the places only. ``"harm: <outcome>"``: its days of sentence.
        part : {"hotspots", "buffer", "both"}

        Returns
        -------
        Study
            S = 1.

        Raises
        ------
        InputError
            For an outcome or a part there is not.

        Examples
        --------
        >>> import hotspots as hs
        >>> county = hs.make_county(seed=1, months=4)
        >>> spots = county.hotspots
        >>> counts = hs.count_places(
        ...     county.incidents, spots[spots["treated"]], spots[~spots["treated"]],
        ...     start="2023-03-01", rules=hs.ImpactRules(period="MS"))
        >>> counts.study(part="buffer").y.shape
        (1, 14, 4)
        """
        return self._made(self._values(outcome, part)[None])

    def kind_study(self, part: str = "hotspots") -> Study:
        """Make one study of every kind: types of incident and hours of the day.

        Parameters
        ----------
        part : {"hotspots", "buffer", "both"}

        Returns
        -------
        Study
            S = K, in the order of :attr:`kinds`.

        Examples
        --------
        >>> import hotspots as hs
        >>> county = hs.make_county(seed=1, months=4)
        >>> spots = county.hotspots
        >>> counts = hs.count_places(
        ...     county.incidents, spots[spots["treated"]], spots[~spots["treated"]],
        ...     start="2023-03-01", rules=hs.ImpactRules(period="MS"))
        >>> len(counts.kind_study().y) == len(counts.kinds)
        True
        """
        self._values(None, part)  # faults an unknown part
        inside, ring = self.kind_y[:, 0], self.kind_y[:, 1]
        return self._made(inside if part == "hotspots" else ring if part == "buffer" else
                          inside + ring)  # fmt: skip

    def _values(self, outcome: str | None, part: str) -> Floats:
        faults = []
        if part not in PARTS:
            faults.append(f"part is {part!r}; it takes {', '.join(map(repr, PARTS))}.")
        name = self.outcomes[0] if outcome is None else outcome
        harm = {HARM + one: one for one in self.outcomes} if self.harm_y is not None else {}
        if name not in (*self.outcomes, *harm, POLICE):
            have = ", ".join(map(repr, (*self.outcomes, *harm, POLICE)))
            faults.append(f"outcome is {name!r}; it takes {have}.")
        elif name not in self.outcomes and part != "hotspots":
            faults.append(f"{name!r} is counted inside the places only; use part='hotspots'.")
        if faults:
            raise InputError("study", faults)
        if name in harm and self.harm_y is not None:
            found: Floats = self.harm_y[self.outcomes.index(harm[name])]
            return found
        if name not in self.outcomes:
            return self.police_y
        at = self.outcomes.index(name)
        inside: Floats = self.y[at]
        ring: Floats = self.ring_y[at]
        return inside if part == "hotspots" else ring if part == "buffer" else inside + ring

    def _made(self, y: Floats) -> Study:
        return make_study(
            y, self.treat, days=self.periods["days"].to_numpy(dtype=float), used=self.used,
            cell=self.cell, block=self.block, redraw=self.redraw, chosen=self.chosen,
        )  # fmt: skip


def count_places(
    incidents: gpd.GeoDataFrame,
    treated: gpd.GeoDataFrame | None = None,
    control: Any = None,
    *,
    start: str | dt.date | None = None,
    end: str | dt.date | None = None,
    design: Any = None,
    rules: ImpactRules | None = None,
) -> PlaceCounts:
    """Count incidents inside treated and control places and the rings about them, by period.

    Parameters
    ----------
    incidents : GeoDataFrame
        Every category of the sources in question, before and after.
    treated : GeoDataFrame
        Polygons of the places that were patrolled; needed without a design.
    control : GeoDataFrame or Matches, optional
        Polygons of the places they are compared with. Without any there is no comparison.
    start : date
        First day of treatment; needed without a design.
    end : date, optional
        Last day that counts; the last of the records, or of the design's calendar, when absent.
    design : TrialDesign, optional
        Places, arms, blocks, days and start then come from it.
    rules : ImpactRules, optional

    Returns
    -------
    PlaceCounts

    Raises
    ------
    InputError
        Naming every fault: places that overlap, dates outside of the records, times too coarse,
        unknown categories.

    Notes
    -----
    An incident belongs to the period of the middle of its interval. A point belongs to one place,
    or to one ring, or to neither: see :func:`hotspots.impact.rings.find_reach`.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=6)
    >>> spots = county.hotspots
    >>> counts = count_places(
    ...     county.incidents, spots[spots["treated"]], spots[~spots["treated"]],
    ...     start="2023-05-01", rules=ImpactRules(period="MS"))
    >>> counts.y.shape, counts.study().before.sum().item()
    ((1, 14, 6), 4)
    """
    asked = read_asked(incidents, treated, control, start, end, design, rules)
    rules = ImpactRules() if rules is None else rules
    fields, facts = tally(incidents, asked, rules)
    said, notes = say(fields, facts, asked, rules)
    return PlaceCounts(**fields, notes=notes, said=said)
