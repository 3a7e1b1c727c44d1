"""Local Moran's I: busy places in busy surroundings, and busy places that stand alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ._local import LEVEL, LocalDetector, Measured, Places, Verdict

CLASSES = {"HH": "cluster", "HL": "single site", "LH": "quiet beside busy", "LL": "quiet"}


class LocalMoran(LocalDetector):
    r"""Cells unlike chance together with their surroundings: clusters, and single sites.

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
    permutations : int
        Draws where the values are not whole numbers; for whole numbers the distribution of all
        permutations is worked out exactly. 0 for the normal approximation.
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
    With the deviations :math:`z_i = x_i - \bar x`, :math:`m_2 = \sum z_i^2 / n` and the
    :math:`k_i` cells within ``radius`` of cell i, itself left out:

    .. math:: I_i = \frac{z_i}{m_2} \, \frac{1}{k_i} \sum_{j \in N_i} z_j

    (R's spdep gives the same, esda :math:`(n-1)/n` times as much.) The quadrant tells whether the
    cell, then the mean of its neighbours, is above (H) or not above (L) the mean. Significant
    cells are called ``cluster`` (HH), ``single site`` (HL), ``quiet beside busy`` (LH) and
    ``quiet`` (LL). A single site, often one shop, pub or hostel, calls for problem solving at the
    premises rather than for patrols around it. A neighbourhood can be proved quieter than chance
    only where chance would put something there: with few incidents a cell, no single site is
    significant, and larger cells or a longer period are needed.

    ``z`` standardises :math:`I_i` by its moments when the value of the cell stays and those of
    all others are dealt out anew (conditional randomisation), and ``p_normal`` takes it for
    normal; ``p_permutation`` comes from that distribution itself. Both are two-sided: twice the
    smaller tail.

    Heat is :math:`|I_i|` in cells above the mean, whatever their surroundings, and 0 in the
    others: how strongly a busy cell goes with, or stands out from, what lies around it. Hotspots
    grow on significant ``cluster`` and ``single site`` cells only.

    References
    ----------
    Anselin L. (1995) Local indicators of spatial association: LISA. *Geographical Analysis*
    27(2), 93–115, doi:10.1111/j.1538-4632.1995.tb00338.x.
    Sokal R. R., Oden N. L. and Thomson B. A. (1998) Local spatial autocorrelation in a biological
    model. *Geographical Analysis* 30(4), 331–354, doi:10.1111/j.1538-4632.1998.tb00406.x.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=12)
    >>> public = county.incidents.query("origin == 'public'")
    >>> found = hs.LocalMoran().fit(public).statistics(hs.Grid.over(county.lpts, size=500))
    >>> bool((found.table.query("class_ == 'cluster'")["quadrant"] == "HH").all())
    True
    """

    _alternative = "two-sided"

    def __init__(
        self,
        radius: float | None = None,
        *,
        category: str | None = None,
        correction: str | None = "fdr_bh",
        permutations: int = 99_999,
        random_state: int = 0,
        weights: str | None = None,
        years: float | None = None,
        include_police: bool = False,
    ) -> None:
        self.radius = radius
        self.category = category
        self.correction = correction
        self.permutations = permutations
        self.random_state = random_state
        self.weights = weights
        self.years = years
        self.include_police = include_police

    def _fit(self) -> None:
        super()._fit()
        self.unit_ = "local Moran's I"

    def _measure(self, places: Places) -> Measured:
        values, n = places.values, len(places.values)
        around = np.maximum(places.counts - 1, 1)
        varied = values.max() > values.min()
        deviation = values - values.mean() if varied else np.zeros(n)
        mean_square = float((deviation**2).mean()) if varied else 1.0
        total = places.sums - values
        # a place without neighbours has nothing to go with
        lag = np.where((places.counts > 1) & varied, total / around - values.mean(), 0.0)
        moran = deviation * lag / mean_square
        expected = -deviation / (n - 1)
        left = np.maximum(mean_square - deviation**2 / (n - 1), 0.0)
        spread = np.sqrt(n / (n - 2) * (1 / around - 1 / (n - 1)) * left)
        able = (places.counts > 1) & (spread > 0)
        z_lag = np.divide(lag - expected, spread, out=np.zeros(n), where=able)
        high = np.array(["L", "H"], dtype=object)
        quadrant = high[(deviation > 0).astype(int)] + high[(lag > 0).astype(int)]
        columns = {
            "moran": moran,
            "quadrant": pd.array(quadrant, dtype="str"),
            "z": np.where(deviation < 0, -z_lag, z_lag) * (deviation != 0),
        }
        return columns, np.where(deviation > 0, np.abs(moran), 0.0), z_lag

    def _classes(self, verdict: Verdict) -> NDArray[np.object_]:
        own = np.asarray(verdict.statistic["quadrant"].astype(object))
        own = np.array([q[0] for q in own], dtype=object)
        beside = np.where(verdict.direction > 0, "H", "L").astype(object)
        found = np.array([CLASSES[q] for q in own + beside], dtype=object)
        found[~(verdict.q_value <= LEVEL) | (verdict.direction == 0)] = "not significant"
        return found

    def _in_play(self, verdict: Verdict) -> NDArray[np.bool_]:
        return (verdict.q_value <= LEVEL) & (verdict.heat > 0)

    def _say(
        self, places: Places, verdict: Verdict, alternative: str, classes: NDArray[np.object_]
    ) -> str:
        n, word = len(classes), places.word
        cluster, single = (classes == "cluster").sum(), (classes == "single site").sum()
        return (
            f"{cluster:,} of {n:,} {word}s are clusters (busy among busy {word}s) and {single:,} "
            f"single sites (busy among quiet ones: a single-site problem, for problem solving at "
            f"the premises rather than patrol), by local Moran's I at level {LEVEL:g}. "
            f"{self._how(places, verdict, alternative)}"
        )
