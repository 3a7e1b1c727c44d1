"""Monte Carlo: how hot a kernel density gets by chance alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..chance import CORRECTIONS, adjusted_p
from ..contracts import InputError, Result
from ..places import Grid, coordinates, weights_of
from ._base import Detector, _decay
from ._kernels import KERNELS, kernel_of
from ._regions import is_number
from ._surface import shares_inside

Floats = NDArray[np.float64]

NULLS = ("inhabited", "uniform")
_NEAR = 1e-5  # of the greatest heat: values this close are ties, so that rounding counts as chance


@dataclass(frozen=True, repr=False)
class Significance(Result):
    """Which cells are hotter than chance makes them.

    Attributes
    ----------
    cells : DataFrame
        Index ``cell``; ``id``, ``lpt``, ``heat`` and ``expected_heat`` (both in the detector's
        unit, incidents put at the centres of their cells), ``p_value``, ``q_value`` (adjusted),
        ``significant`` (``q_value`` at most ``alpha``) and ``above_threshold``. The p-values are
        missing in cells that were not tested (see the notes of :func:`monte_carlo`).
    threshold : float
        Heat that by chance anywhere at all is passed with probability ``alpha`` only.
    alpha : float
    n_sim : int
        Simulations.
    incidents : int
        Incidents inside the grid, as many as in each simulation.
    null : str
        What the simulated incidents followed.
    correction : str or None
    unit : str
        Unit of the heat.
    astray : int
        Incidents where the null has nothing, which no simulation could have.
    """

    cells: pd.DataFrame
    threshold: float
    alpha: float
    n_sim: int
    incidents: int
    null: str
    correction: str | None
    unit: str
    astray: int

    def _enough(self, tested: int, reached: int) -> int:
        """Tell after how many simulations cells hotter than all would pass, with some to spare."""
        return int(np.ceil(2 * tested / (self.alpha * reached) / 1000) * 1000) - 1

    @property
    def text(self) -> str:
        """How many cells are hotter than chance, by what, and what that does not mean."""
        if not self.incidents:
            return "No cell is significant: there are no incidents inside the grid."
        cells = self.cells
        tested, hot = int(cells["p_value"].notna().sum()), int(cells["significant"].sum())
        by = f"adjusted by {self.correction}" if self.correction else "not adjusted"
        said = (
            f"{hot:,} of {tested:,} cells tested are hotter than chance alone makes them (p at "
            f"most {self.alpha:g}, {by}; {self.n_sim:,} simulations of {self.incidents:,} "
            f"incidents that follow {self.null}). {int(cells['above_threshold'].sum()):,} pass "
            f"{self.threshold:,.4g} {self.unit}, which chance passes anywhere at all in "
            f"{100 * self.alpha:g}% of simulations."
        )
        least = 1 / (self.n_sim + 1)
        reached = int((cells["p_value"] <= least * (1 + 1e-9)).sum())
        if not hot and reached and self.correction:
            said += (
                f" {reached:,} cells were hotter than in every simulation, yet the least p-value "
                f"of {least:.2g} does not pass the adjustment for {tested:,} cells: raise n_sim to "
                f"about {self._enough(tested, reached):,}, or go by the threshold."
            )
        if self.astray:
            said += f" {self.astray:,} incidents lie where the null has nothing."
        if self.null in _PLAIN.values():
            said += (
                " Rejecting this null means only that crime is not spread evenly, which was known;"
                " give null= a detector of all crime, or addresses per cell, to ask for more."
            )
        else:
            said += " A significant cell has more than the null explains, not a cause."
        return said


_PLAIN = {
    "inhabited": "nothing but the cells that hold any incident, all alike",
    "uniform": "nothing, all cells alike",
}


def monte_carlo(
    detector: Detector,
    grid: Grid,
    *,
    null: str | pd.Series | Detector = "inhabited",
    n_sim: int = 999,
    alpha: float = 0.05,
    correction: str | None = "fdr_bh",
    seed: int = 0,
) -> Significance:
    r"""Tell which cells of a kernel density are hotter than chance alone makes them.

    Parameters
    ----------
    detector : KDE
        Fitted, with one bandwidth for all places.
    grid : Grid
        In the CRS of the incidents.
    null : {"inhabited", "uniform"}, Series or Detector
        Where incidents would fall: in any cell that holds an incident of those the detector was
        given, all alike; in any inside cell, all alike; in proportion to a value per cell (by
        ``grid.cells`` or ``grid.ids``; cells it lacks have none), such as addresses; or in
        proportion to the heat of another fitted detector, such as a ``KDE`` of all crime.
    n_sim : int
        Simulations.
    alpha : float
        Level of the test and of the threshold.
    correction : {"fdr_bh", "fdr_by", "holm", "bonferroni"} or None
        For the many cells tested.
    seed : int
        Seed of the simulations.

    Returns
    -------
    Significance

    Raises
    ------
    InputError
        When the detector is no fitted KDE with one bandwidth, or an argument is out of range;
        every fault is named.

    Notes
    -----
    Each simulation puts as many incidents as there are in the grid into cells drawn from the null
    and smooths them as the detector does. Of the observed incidents, too, only the cell is taken:
    they, as the simulated ones, are smoothed from its centre, so that both have gone the same way
    and the p-values are exact under the null whatever the size of the cells. (The detector itself
    uses the exact points; the heat in the table can so differ a little from its own.) With
    ``weights`` or ``half_life`` each incident keeps its weight and only its place is drawn; an edge
    correction is applied to both.

    .. math:: p_c = \frac{1 + \#\{\text{simulations with heat}_c \ge \text{observed}\}}{M + 1}

    The threshold is the heat that the greatest of all cells passes in a share of at most ``alpha``
    of the simulations: it holds for any number of cells. The p-values are one for each cell and
    then adjusted; the least there can be is :math:`1 / (M + 1)`, and where that is too much for so
    many cells the text says so.

    Every cell where the null can put an incident is tested, and every one that holds some; with a
    detector as null only those that hold an incident of the table it was given, or of these, for
    its heat reaches over fields where nobody will be sent and each test costs the others some of
    their power.

    ``"inhabited"`` and ``"uniform"`` are easily rejected: crime is not spread evenly, and saying
    so is no finding. A better null is where incidents of any kind happen, or people live.
    The records of one category are part of all crime, which makes that null a little cautious.

    Smoothing is by Fourier transform in single precision; heat within 1e-5 of the greatest counts
    as equal.

    References
    ----------
    Besag J. and Diggle P. J. (1977) Simple Monte Carlo tests for spatial pattern. *Applied
    Statistics* 26(3), 327–333.
    Phipson B. and Smyth G. K. (2010) Permutation p-values should never be zero. *Statistical
    Applications in Genetics and Molecular Biology* 9(1), 39.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=12)
    >>> public = county.incidents.query("origin == 'public'")
    >>> grid = hs.Grid.over(county.lpts, size=250)
    >>> burglary = hs.KDE(500).fit(public.query("category == 'Burglary'"))
    >>> found = hs.monte_carlo(burglary, grid, null=hs.KDE(500).fit(public), n_sim=99)
    >>> found.cells.columns[2:5].tolist()
    ['heat', 'expected_heat', 'p_value']
    """
    _check(detector, grid, null=null, n_sim=n_sim, alpha=alpha, correction=correction, seed=seed)
    detector._check_grid(grid)
    chances, followed, tested = _null(detector, grid, null)
    at = grid.locate(detector._xy)
    cell = np.searchsorted(grid.cells, at[at >= 0])
    weight = _weights(detector)
    if weight is not None:
        weight = weight[at >= 0]
    own = np.bincount(cell, minlength=len(grid.cells))
    smooth = _Smooth(detector, grid)
    observed = smooth(cell, weight, exact=True)
    total = len(cell) if weight is None else weight.sum()
    expected = smooth(np.arange(len(chances)), chances * total, exact=True)
    tested |= own > 0
    p = np.full(len(chances), np.nan)
    threshold = 0.0
    if len(cell):
        marks = (
            None if weight is None else np.sort(weight)
        )  # so that the order of rows cannot matter
        reached, most = _simulate(smooth, observed, chances, (len(cell), marks), (n_sim, seed))
        p[tested] = ((1 + reached) / (n_sim + 1))[tested]
        passed = min(int(np.ceil((1 - alpha) * (n_sim + 1) - 1e-9)), n_sim)
        threshold = float(np.sort(most)[passed - 1])
    q = adjusted_p(p, correction)
    per_year = 1 / detector.years_ if len(cell) else 0.0
    cells = pd.DataFrame(
        {
            "id": pd.Series(grid.ids, dtype="str").to_numpy(),
            "lpt": pd.Series(grid.lpt, dtype="str").to_numpy(),
            "heat": observed * per_year, "expected_heat": expected * per_year,
            "p_value": p, "q_value": q, "significant": q <= alpha,
            "above_threshold": observed > threshold * (1 + _NEAR),
        },
        index=pd.Index(grid.cells, name="cell"),
    ).astype({"id": "str", "lpt": "str"})  # fmt: skip
    return Significance(
        cells, threshold * per_year, alpha, n_sim, len(cell), followed, correction,
        detector.unit_, int(own[chances == 0].sum()),
    )  # fmt: skip


def _check(detector: Any, grid: Any, **given: Any) -> None:
    """Refuse what cannot be simulated, naming every fault."""
    faults = []
    kernel, bandwidth = getattr(detector, "kernel", None), getattr(detector, "bandwidth", None)
    if not isinstance(detector, Detector) or not (kernel in list(KERNELS) and bandwidth):
        faults.append(f"detector is of type {type(detector).__name__}; give a fitted KDE.")
    elif not hasattr(detector, "locations_"):
        faults.append("the detector is not fitted yet; call .fit(incidents) first.")
    elif getattr(detector, "bandwidth_", None) is None:
        faults.append(
            f"{type(detector).__name__} is not a sum of one kernel over the incidents; give a "
            "fitted KDE."
        )
    elif getattr(detector, "adaptive", False):
        faults.append(
            "an adaptive KDE has other bandwidths in every simulation; give one with "
            "adaptive=False."
        )
    if not isinstance(grid, Grid):
        faults.append(f"grid is of type {type(grid).__name__}; give a Grid.")
    null = given["null"]
    if isinstance(null, str):
        if null not in NULLS:
            faults.append(
                f"null={null!r}; it takes 'inhabited', 'uniform', a Series per cell or a fitted "
                "detector."
            )
    elif not isinstance(null, (pd.Series, Detector)):
        faults.append(
            f"null is of type {type(null).__name__}; give 'inhabited', 'uniform', a Series per "
            "cell or a fitted detector."
        )
    elif isinstance(null, Detector) and not hasattr(null, "locations_"):
        faults.append("the detector given as null is not fitted yet; call .fit(incidents) first.")
    alpha, n_sim = given["alpha"], given["n_sim"]
    if not (is_number(alpha) and 0 < alpha < 1):
        faults.append(f"alpha={alpha!r}; it must be above 0 and below 1: try 0.05.")
        alpha = 0.5
    whole = isinstance(n_sim, (int, np.integer)) and not isinstance(n_sim, bool)
    if not (whole and (n_sim + 1) * alpha >= 1 - 1e-9):
        faults.append(
            f"n_sim={n_sim!r}; it must be a whole number of at least {np.ceil(1 / alpha) - 1:g}, "
            "for no fewer can reach alpha: try 999."
        )
    if given["correction"] is not None and given["correction"] not in CORRECTIONS:
        named = ", ".join(map(repr, CORRECTIONS))
        faults.append(f"correction={given['correction']!r}; it takes {named} or None.")
    seed = given["seed"]
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        faults.append(f"seed={seed!r}; it must be a whole number from 0.")
    if faults:
        raise InputError("monte_carlo", faults)


def _null(
    detector: Any, grid: Grid, null: str | pd.Series | Detector
) -> tuple[Floats, str, NDArray[np.bool_]]:
    """Chance of each cell, together 1, what the null is called, and which cells to test."""
    tested = None
    if isinstance(null, Detector):
        value, tested = null.predict(grid).to_numpy(), _inhabited(null, grid)
        name = f"the heat of {null!r}"
    elif isinstance(null, pd.Series):
        value = _by_cell(null, grid)
        name = f"{null.name!r} per cell" if null.name is not None else "the values given per cell"
    elif null == "uniform":
        value, name = np.ones(len(grid.cells)), _PLAIN[null]
    else:
        value, name = _inhabited(detector, grid).astype(float), _PLAIN[null]
    bad = ~np.isfinite(value) | (value < 0)
    if bad.any():
        raise InputError(
            "monte_carlo",
            [f"the null is missing, negative or not finite in {int(bad.sum()):,} cells; mend it."],
        )
    total = value.sum()
    if not total and (grid.locate(detector._xy) >= 0).any():
        raise InputError("monte_carlo", ["the null is 0 in every inside cell; give another."])
    return value / total if total else value, name, value > 0 if tested is None else tested


def _inhabited(detector: Detector, grid: Grid) -> NDArray[np.bool_]:
    """Cells that hold any incident of the table a detector was given."""
    at = grid.locate(coordinates(detector._incidents))
    held = np.bincount(np.searchsorted(grid.cells, at[at >= 0]), minlength=len(grid.cells))
    return held > 0


def _by_cell(values: pd.Series, grid: Grid) -> Floats:
    """Lay values by cell number or id out over the inside cells."""
    if not pd.api.types.is_numeric_dtype(values.dtype) or not values.index.is_unique:
        raise InputError("monte_carlo", ["null must hold one number per cell, and no cell twice."])
    numbers = pd.api.types.is_integer_dtype(values.index.dtype)
    at = pd.Index(grid.cells if numbers else grid.ids).get_indexer(values.index)
    if (at < 0).any():
        strange = values.index[at < 0][0]
        raise InputError(
            "monte_carlo",
            [f"cell {strange!r} of the null is not in {grid!r}; give the values of this grid."],
        )
    laid = np.zeros(len(grid.cells))
    laid[at] = values.to_numpy(dtype=float, na_value=np.nan)
    return laid


def _weights(detector: Any) -> Floats | None:
    """Weight of each incident used; None where all count alike."""
    used = detector._incidents[detector.used_]
    weight = None if detector.weights is None else weights_of(used, detector.weights)
    if getattr(detector, "half_life", None) is not None and len(used):
        decay = _decay(used, detector.period_[1], pd.Timedelta(detector.half_life))
        weight = decay if weight is None else weight * decay
    return weight


def _simulate(
    smooth: _Smooth,
    observed: Floats,
    chances: Floats,
    incidents: tuple[int, Floats | None],
    how: tuple[int, int],
) -> tuple[NDArray[np.int64], Floats]:
    """In how many simulations each cell is as hot as observed, and the greatest heat of each."""
    from ..progress import progress_bar

    (count, marks), (n_sim, seed) = incidents, how
    chance = np.random.default_rng(seed)
    reached, most = np.zeros(len(observed), dtype=np.int64), np.zeros(n_sim)
    # of a running sum, the cells with a chance only, so that no draw can fall on another
    possible = np.flatnonzero(chances)
    limits = np.cumsum(chances[possible])
    limits /= limits[-1]
    least = (observed - _NEAR * observed.max()).astype(np.float32)
    for turn in progress_bar(
        range(n_sim), desc="simulating", unit="map", disable=None, leave=False
    ):
        drawn = possible[np.searchsorted(limits, chance.random(count), side="right")]
        heat = smooth(drawn, marks)
        reached += heat >= least
        most[turn] = heat.max()
    return reached, most


class _Smooth:
    """Smooths incidents at the centres of cells as a detector would, by Fourier transform."""

    def __init__(self, detector: Any, grid: Grid) -> None:
        from scipy import fft

        kernel, bandwidth = kernel_of(detector.kernel), float(detector.bandwidth_)
        reach = kernel.reach * bandwidth
        if grid.size > reach:
            raise InputError(
                "grid",
                [f"its cells of {grid.size:g} m are wider than the reach of {reach:g} m; take "
                 f"cells of at most {reach / 2:g} m."],
            )  # fmt: skip
        height = grid.lattice.height
        row, column = np.divmod(grid.cells, grid.columns)
        up = int(reach / height)
        lean = 0.0
        if grid.shape == "hex":  # along slanting columns, every row stands aside by the same
            lean = 0.5
            column = column - ((row + grid.first[1]) // 2) + (grid.rows + grid.first[1]) // 2
        right = int(reach / grid.size + lean * up) + 1
        rows, columns = int(row.max()) + 1, int(column.max()) + 1
        self._shape = (fft.next_fast_len(rows + up), fft.next_fast_len(columns + right, real=True))
        steps_up, steps_right = np.mgrid[-up : up + 1, -right : right + 1]
        east, north = (steps_right + lean * steps_up) * grid.size, steps_up * height
        stencil = kernel.at((east**2 + north**2) / bandwidth**2) / bandwidth**2 * 1e6
        laid = np.zeros(self._shape)
        laid[steps_up % self._shape[0], steps_right % self._shape[1]] = stencil
        self._stencil = fft.rfft2(laid)
        self._rough = self._stencil.astype(np.complex64)
        self._cell = (row * self._shape[1] + column).astype(np.int64)
        self._before = self._after = None
        if (edge := getattr(detector, "edge", None)) is not None:
            x, y = grid.centres.T
            shares = shares_inside(grid, x, y, detector.kernel, bandwidth)
            shares = np.maximum(shares, np.finfo(float).tiny)
            self._before, self._after = (
                (1 / shares, None) if edge == "diggle" else (None, 1 / shares)
            )

    def __call__(
        self, cell: NDArray[np.int64], weight: Floats | None, *, exact: bool = False
    ) -> Floats:
        """Heat per km² in every inside cell of incidents in cells, by position in grid.cells.

        In single precision, or in double and with nothing but zeros out of reach.
        """
        from scipy import fft

        if self._before is not None:
            weight = self._before[cell] * (1.0 if weight is None else weight)
        size = self._shape[0] * self._shape[1]
        laid = np.bincount(self._cell[cell], weight, minlength=size)
        laid = laid.astype(float if exact else np.float32)
        spectrum = fft.rfft2(laid.reshape(self._shape), overwrite_x=True)
        spectrum *= self._stencil if exact else self._rough
        heat: Floats = fft.irfft2(spectrum, s=self._shape, overwrite_x=True).ravel()[self._cell]
        if exact:
            heat[heat < 1e-12 * heat.max(initial=0)] = 0
        np.maximum(heat, 0, out=heat)
        return heat if self._after is None else heat * self._after
