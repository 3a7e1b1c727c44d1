"""Getis–Ord Gi*: where more happens, in a place and around it, than chance would put there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._local import LEVEL, LocalDetector, Measured, Places, Verdict
from ._neighbours import gi_star


class GiStar(LocalDetector):
    r"""Cells that, with the cells around them, hold more than chance would put there.

    Parameters
    ----------
    radius : float, optional
        Metres between centres within which cells are neighbours; cell size × √2 when absent: of a
        square the 8 cells around it, of a hexagon the 6.
    category : str, optional
        Crime type to look at. The whole table is then to be fitted: its other rows tell which
        cells are inhabited, and only those that hold an incident of any type are compared. When
        absent, every row is the subject and every inside cell is compared, empty ones included.
    correction : {"fdr_bh", "fdr_by", "holm", "bonferroni"} or None
        How p-values are corrected for the number of cells (see ``adjusted_p``).
    null : {"total", "conditional"}
        What chance deals out. ``"total"``: the values of all cells, so that a cell and its
        surroundings are judged together. ``"conditional"``: those of the others only, so that the
        surroundings are judged, the cell itself given.
    permutations : int
        Draws where the values are not whole numbers; for whole numbers the distribution of all
        permutations is worked out exactly. 0 for the normal approximation (of total permutation).
    random_state : int
        Seed of the draws.
    weights : str, optional
        Column to sum instead of counting, such as ``"harm"``.
    years : float, optional
        Years observed; changes nothing here but ``years_``.
    include_police : bool
        Whether police-generated incidents (``origin`` "police") count.

    Notes
    -----
    Of values :math:`x_j` of :math:`n` cells with mean :math:`\bar x` and standard deviation
    :math:`S` (over n), and the :math:`m_i` cells within ``radius`` of cell i, itself included:

    .. math:: G_i^* = \frac{\sum_{j \in N_i} x_j - m_i \bar x}
                           {S \sqrt{(n m_i - m_i^2) / (n - 1)}}

    Heat is this z score, so it may be below 0; it is 0 where all values are alike. Hotspots grow
    on cells only whose corrected one-sided p-value is at most .05, and carry that of their hottest
    cell with incidents as ``p_value``. A cell can be hot by its neighbours alone; no hotspot
    consists of such, as it has to hold ``min_incidents`` itself.

    P-values are those of a permutation. By default all values are dealt out anew, that of the
    cell included, and :math:`p` is the chance that :math:`m_i` of the :math:`n` values sum to at
    least as much. This is the null whose mean and variance standardise :math:`G_i^*`. With
    ``null="conditional"`` the value of the cell stays and :math:`p` is the chance that
    the :math:`m_i - 1` values around sum to at least as much, as in Local Moran's I; then the
    busiest cell of all is not hot where its neighbours are quiet, and one without neighbours is
    not tested.

    Either way chance deals out the values there are. Of the r-th busiest cell with nothing at all
    around it, :math:`p` is then about :math:`r m_i / n`, which a correction for :math:`n` tests
    lets pass only where many other cells are hot: that such a cell is busy is no question of where
    values lie. Its count tells of it, and :class:`LocalMoran` of cells unlike their surroundings.

    The normal approximation that other tools use by default finds far too much in crime counts,
    most of which lie in few cells, and not only where counts are small: with the ASB of
    Staffordshire in 2025 dealt out at random over its cells of 500 m, 12 incidents being expected
    around each, it called 174 cells hot on average after correction, either permutation 0.1.
    Cells that share neighbours are no independent tests; the correction by Benjamini and Hochberg
    was seen to hold under such dependence (docs/methods/local-statistics.md).

    Gi* of counts finds where people are as well as where risk is; on polygons,
    ``statistics(areas, population=...)`` compares rates.

    References
    ----------
    Getis A. and Ord J. K. (1992) The analysis of spatial association by use of distance
    statistics. *Geographical Analysis* 24(3), 189–206, doi:10.1111/j.1538-4632.1992.tb00261.x.
    Ord J. K. and Getis A. (1995) Local spatial autocorrelation statistics: distributional issues
    and an application. *Geographical Analysis* 27(4), 286–306,
    doi:10.1111/j.1538-4632.1995.tb00912.x.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=12)
    >>> asb = county.incidents.query("category == 'Anti-social behaviour' and origin == 'public'")
    >>> grid = hs.Grid.over(county.lpts, size=200)
    >>> spots = hs.GiStar().fit(asb).hotspots(grid, top_k=3)
    >>> bool((spots["p_value"] <= 0.05).all())
    True
    """

    _alternative = "greater"

    def __init__(
        self,
        radius: float | None = None,
        *,
        category: str | None = None,
        correction: str | None = "fdr_bh",
        null: str = "total",
        permutations: int = 99_999,
        random_state: int = 0,
        weights: str | None = None,
        years: float | None = None,
        include_police: bool = False,
    ) -> None:
        self.radius = radius
        self.category = category
        self.correction = correction
        self.null = null
        self.permutations = permutations
        self.random_state = random_state
        self.weights = weights
        self.years = years
        self.include_police = include_police

    def _faults(self) -> list[str]:
        faults = super()._faults()
        if self.null not in ("total", "conditional"):
            faults.append(f"null={self.null!r}; it must be 'total' or 'conditional'.")
        return faults

    def _fit(self) -> None:
        super()._fit()
        self.unit_ = "z score"

    def _measure(self, places: Places) -> Measured:
        z = gi_star(places.values, places.sums, places.counts)
        return {"z": z}, z, z

    def _classes(self, verdict: Verdict) -> NDArray[np.object_]:
        sure = verdict.q_value <= LEVEL
        found = np.full(len(sure), "not significant", dtype=object)
        found[sure & (verdict.direction > 0)] = "hot"
        found[sure & (verdict.direction < 0)] = "cold"
        return found

    def _say(
        self, places: Places, verdict: Verdict, alternative: str, classes: NDArray[np.object_]
    ) -> str:
        n, hot, cold = len(classes), (classes == "hot").sum(), (classes == "cold").sum()
        also = f" and {cold:,} cold" if alternative == "two-sided" else ""
        what = self.weights or "incidents"
        if "rate_per_1000" in places.told:
            what = "incidents for their people (smoothed by empirical Bayes)"
        words = f"{places.word}s"
        together = self.null == "total" or not self.permutations
        held = f"with the {words} around they hold" if together else f"the {words} around them hold"
        asked = (
            f"each {places.word} and the {words} around it hold more than as many {words} anywhere"
            if together
            else f"the {words} around each hold more than as many others, the {places.word} itself "
            "given"
        )
        said = (
            f"{hot:,} of {n:,} {words} are hot{also}: {held} more {what} than chance would put "
            f"there (Gi*, level {LEVEL:g}). What is asked: whether {asked}. "
            f"{self._how(places, verdict, alternative)}"
        )
        if self.support_.snapped:
            said += (
                f" The points look snapped, and {places.word}s without a snap point can hold "
                "nothing: part of what is hot is only where snap points lie close together."
            )
        return said
