"""Counts: the plain ranking of cells that every other detector has to beat."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..places import Grid
from ._base import Detector


class Counts(Detector):
    r"""Heat of a cell is what happened in it: incidents per km² per year.

    Parameters
    ----------
    weights : str, optional
        Column to sum instead of counting, such as ``"harm"``.
    years : float, optional
        Years observed; the calendar months that hold an incident, over 12, when absent.
    include_police : bool
        Whether police-generated incidents (``origin`` "police") count.

    Notes
    -----
    .. math:: \hat\lambda(c) = \frac{1}{T A} \sum_{i \in c} w_i

    with :math:`T` years and :math:`A` the area of a cell in km². Cells are half-open. No smoothing:
    a good baseline where incidents repeat at the same places, a poor one where they are few.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=12)
    >>> grid = hs.Grid.over(county.lpts, size=200)
    >>> detector = hs.Counts(include_police=True).fit(county.incidents)
    >>> len(detector.hotspots(grid, top_k=5))
    5
    """

    def __init__(
        self,
        *,
        weights: str | None = None,
        years: float | None = None,
        include_police: bool = False,
    ) -> None:
        self.weights = weights
        self.years = years
        self.include_police = include_police

    def _heat(self, grid: Grid) -> NDArray[np.float64]:
        at = grid.locate(self.locations_[["x", "y"]].to_numpy())
        position = np.searchsorted(grid.cells, at[at >= 0])
        weight = self.locations_["weight"].to_numpy()[at >= 0]
        total = np.bincount(position, weight, minlength=len(grid.cells))
        return self._per_year(total / grid.area_km2)
