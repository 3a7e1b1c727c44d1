"""Backtests: what each detector would have caught, month after month, had it been used."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import InputError, Result, check_incidents, located
from ..places import Grid
from ..progress import progress_bar
from .baselines import BASELINES, Lottery, Ranking, rank_baselines
from .intervals import blocks_of
from .origins import RollingOrigin, told
from .scoring import budget, grid_faults, heat_of, police, share_faults
from .tally import Tally
from .words import paragraph

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

YEAR = 12
"""Recorded months that "last year's counts" look back on."""


@dataclass(frozen=True, repr=False)
class Backtest(Result):
    """What detectors and baselines caught of incidents they had not seen.

    As :func:`backtest` gives it.

    Attributes
    ----------
    summary : DataFrame
        One row per detector and baseline, index ``detector``: ``kind`` (detector, baseline),
        ``origins`` scored, mean ``hit_rate`` with its 95% interval ``low`` to ``high``, mean
        ``pai``, ``pei``, ``auc`` (area under the hit-rate curve) and ``log_score``; mean
        ``cells_told`` (cells with heat above its lowest: where they are fewer than the coverage
        buys, the order of the grid fills up); ``difference`` of the hit rate from last year's
        counts with ``difference_low`` and ``difference_high``, ``better_in`` (origins in which it
        was higher) and ``beats`` ("yes", "no" where it is lower, "the same", "cannot tell" or
        "not scored").
    scores : DataFrame
        One row per detector, origin and budget: ``budget`` in words, ``cells``, ``share_area``,
        ``incidents`` to catch, ``caught``, ``hit_rate``, ``pai`` and ``pei``.
    curves : DataFrame
        Mean hit rate of each detector by ``share_area``, with ``low`` and ``high``.
    by_lpt : DataFrame
        One row per detector and LPT (and "all LPTs"), all origins together: ``incidents``,
        ``cells`` at the coverage of the LPT's own area, ``hit_rate``, ``pai`` and ``pei`` of the
        LPT's own hottest cells, and ``hit_rate_shared`` with ``cells_shared``, of the cells
        picked over the whole area.
    stability : DataFrame
        One row per detector, origin after the first and budget: share of the top cells ``kept``
        since the origin before, and rank-biased overlap ``rbo`` (its persistence is 1 - 1 /
        cells).
    periods : DataFrame
        One row per test period, also those passed over, with the ``reason``; incidents learned
        from, tested on, and of these scored (in the grid) and not (``unplaced``).
    failures : DataFrame
        ``detector``, ``origin`` and ``reason``, where a detector could not be fitted.
    category : str or None
        What was scored; None for every incident.
    coverage : float
        Share of the area that the summary is about.
    said : str
        The paragraph that ``text`` returns.
    """

    summary: pd.DataFrame
    scores: pd.DataFrame
    curves: pd.DataFrame
    by_lpt: pd.DataFrame
    stability: pd.DataFrame
    periods: pd.DataFrame
    failures: pd.DataFrame
    category: str | None
    coverage: float
    said: str

    @property
    def text(self) -> str:
        """Whether it beats last year's counts, and what stands behind that."""
        return self.said


def backtest(
    detectors: Any,
    incidents: gpd.GeoDataFrame,
    grid: Grid,
    *,
    category: str | None = None,
    horizon: str | RollingOrigin = "1MS",
    coverage: float = 0.01,
    origins: int | None = None,
    seed: int = 0,
) -> Backtest:
    """Judge detectors on incidents they have not seen, against simple rankings of cells.

    At each origin every detector learns from what was over by then, names the hottest cells, and
    is scored on what happened in the period after. Simple rankings are always scored beside
    it, and the plain question is answered first: does it beat last year's counts?

    Parameters
    ----------
    detectors : detector, list of detectors or dict of str to detector
        Anything with ``fit(incidents)`` and ``predict(grid)``. They are not changed: clones are
        fitted. Names are the keys of a dict, or their repr.
    incidents : GeoDataFrame
        The whole incidents table, every category: what was recorded, and where anything ever
        happens, is read from it.
    grid : Grid
        In the CRS of the incidents.
    category : str, optional
        Score on this category; on everything when absent. A detector with a parameter
        ``category`` learns from the whole table, and its ``category`` is set to this one where
        it is None; others learn from the rows of the category.
    horizon : str or RollingOrigin
        Length of a test period, ``"1MS"`` or such as ``"28D"``; a :class:`RollingOrigin` says
        gap and training window too.
    coverage : float
        Share of the inside cells to flag, above 0 and at most 1: what can be patrolled.
    origins : int, optional
        Test periods at most, 12 when absent; fewer where the records do not reach.
    seed : int
        Seed of the resampling.

    Returns
    -------
    Backtest

    Raises
    ------
    InputError
        Naming every fault of the arguments and the incidents. A detector that fails at an origin
        is reported in ``failures`` and the text instead.

    Warns
    -----
    Notice
        What the detectors announce, each once.

    Notes
    -----
    Baselines know all that was over by the origin, also where the detectors are given a shorter
    ``train``. *Last year's counts* ranks cells by the incidents of the last 12 recorded months;
    *all counts before* by all of them; *shrunk counts* draws last year's
    counts towards the mean of their LPT, (α + y)/(α/m + 1) with α by moments; *known cells by
    counts* ranks as last year's counts do, but of cells with as many puts those first in which
    anything ever happened, so that what is gained by knowing the snap points alone shows;
    *counts of every type* ranks by all that was learned from, whatever its category;
    *random inhabited cells* are drawn blindly among those in which anything ever happened: its
    scores are expectations, and its interval is where 95% of such draws lie.

    Hit rates count the incidents in the grid. Intervals of the others come from 2,000 resamples
    of 2 km blocks within each origin, the same blocks for every detector, so that differences
    are paired. They tell what chance did in the months tested, and not how unlike them the next
    year may be; each comparison stands on its own.

    Police-generated incidents (``origin`` "police") are left out of training and scoring, unless
    a detector has ``include_police=True``; then they are scored for all, and the baselines
    count them.

    References
    ----------
    Chainey, Tompson and Uhlig (2008), see :func:`hit_rate`. Adepeju M., Rosser G. and Cheng T.
    (2016) Novel evaluation metrics for sparse spatio-temporal point process hotspot predictions.
    *IJGIS* 30(11), doi:10.1080/13658816.2016.1159684.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=8, scale=0.1)
    >>> rows = county.incidents.query("origin == 'public'")
    >>> grid = hs.Grid.over(county.lpts, size=500)
    >>> test = hs.backtest(hs.KDE(1000), rows, grid, coverage=0.02, origins=2)
    >>> test.summary.index[0], test.summary["origins"].tolist()
    ("KDE(bandwidth=1000, kernel='quartic')", [2, 2, 2, 2, 2, 2, 2])
    """
    named, rule, periods = _checked(
        detectors, incidents, grid, category, horizon, coverage, origins, seed
    )
    asked = [name for name, detector in named.items() if _keeps_police(detector)]
    rows, wanted = _scored_rows(incidents, category, bool(asked))
    at = grid.locate(rows)
    cell = np.where(at >= 0, np.searchsorted(grid.cells, at), -1)
    lpt, lpts = pd.factorize(grid.lpt, sort=True)
    block, block_m = blocks_of(grid)
    tally = Tally(grid, lpt, list(lpts), block, coverage, seed)
    failures: list[dict[str, Any]] = []
    heard: dict[str, warnings.WarningMessage] = {}
    count = np.zeros((len(periods), 2), dtype=np.int64)
    everything = replace(rule, train=None)  # a short training window is no handicap of the counts
    bar = progress_bar(total=int(periods["used"].sum()) * len(named), desc="backtest", unit="fit",
               leave=False, delay=2, disable=None)  # fmt: skip
    with bar:
        for number in np.flatnonzero(periods["used"]):
            period = periods.iloc[number]
            learned, tested = rule.rows(rows, period.origin, period.test_start, period.test_end)
            tested &= wanted
            seen = _counts(cell[tested], len(grid.cells))
            count[number] = seen.sum(), tested.sum() - seen.sum()
            rankings: dict[str, Ranking | Lottery] = {}
            for name, detector in named.items():
                frame = rows[learned if _takes_category(detector) else learned & wanted]
                try:
                    rankings[name] = Ranking.of(_heat(detector, frame, grid, category, heard))
                except InputError as error:
                    failures.append({
                        "detector": name, "origin": period.origin, "reason": str(error)
                    })  # fmt: skip
                bar.update()
            over, _ = everything.rows(rows, period.origin, period.test_start, period.test_end)
            recent = over & _last_year(rows, over, period.origin)
            counted = (recent & wanted, over & wanted, over)
            year, before, ever = (_counts(cell[some], len(grid.cells)) for some in counted)
            tally.add(period, seen, rankings | rank_baselines(year, before, ever, lpt))
    for message in heard.values():
        warnings.warn(message.message, message.category, stacklevel=2)  # type: ignore[arg-type]
    periods["scored"], periods["unplaced"] = count.T
    tables = tally.tables([*named, *BASELINES])
    failed = pd.DataFrame(failures, columns=["detector", "origin", "reason"])
    said = paragraph(
        tables["summary"], periods, failed, category=category, coverage=coverage,
        asked={"left_out": len(incidents) - len(rows), "by": asked}, block_m=block_m,
        gaps=told(periods, rule.n_origins), cells=len(grid.cells), budget=budget(grid, coverage),
    )  # fmt: skip
    return Backtest(**tables, periods=periods, failures=failed, category=category,
                    coverage=coverage, said=said)  # fmt: skip


def _checked(
    detectors: Any, incidents: Any, grid: Any, category: Any, horizon: Any, coverage: Any,
    origins: Any, seed: Any,
) -> tuple[dict[str, Any], RollingOrigin, pd.DataFrame]:  # fmt: skip
    """Name every fault at once; return the detectors by name, the rule and its test periods."""
    faults = grid_faults(grid) + share_faults(coverage)
    named, more = _named(detectors)
    faults += more
    if not isinstance(seed, (int, np.integer)) or isinstance(seed, bool) or seed < 0:
        faults.append(f"seed={seed!r}; it must be a whole number from 0.")
    rule = horizon
    if not isinstance(horizon, RollingOrigin):
        rule = RollingOrigin(horizon, n_origins=YEAR if origins is None else origins)
    elif origins is not None:
        faults.append(
            f"origins={origins!r} and a RollingOrigin with its own {horizon.n_origins} are both "
            "given; give one."
        )
    try:
        check_incidents(incidents)
    except InputError as error:
        told = [f"the incidents: {fault}" for fault in error.faults]
        raise InputError("backtest", [*told, *faults]) from None
    if not grid_faults(grid) and incidents.crs != grid.crs:
        faults.append(
            f"the incidents' CRS is {incidents.crs.name!r} and the grid's {grid.crs.name!r}; use "
            ".to_crs(grid.crs)."
        )
    kinds = list(map(str, incidents["category"].unique()))
    if category is not None and not isinstance(category, str):
        faults.append(f"category={category!r}; it must name one category, or be None.")
    elif category is not None and category not in kinds:
        faults.append(
            f"category={category!r} is not in the incidents; they hold "
            f"{', '.join(sorted(kinds)) or 'none'}."
        )
    for name, detector in named.items():
        own = getattr(detector, "category", None)
        if own is not None and own != category:
            faults.append(
                f"{name} is about category={own!r} and the backtest about {category!r}; give "
                f"backtest(..., category={own!r}), or one backtest for each category."
            )
    periods = pd.DataFrame()
    try:
        periods = rule.origins(incidents)
    except InputError as error:
        faults += error.faults
    if faults:
        raise InputError("backtest", faults)
    if not located(incidents).any():
        raise InputError("backtest", ["no incident has a point; give located incidents."])
    return named, rule, periods


def _named(detectors: Any) -> tuple[dict[str, Any], list[str]]:
    """Give every detector a name of its own."""
    if isinstance(detectors, Mapping):
        pairs = [(str(name), detector) for name, detector in detectors.items()]
    elif isinstance(detectors, Iterable) and not isinstance(detectors, (str, pd.DataFrame)):
        pairs = [(repr(detector), detector) for detector in detectors]
    else:
        pairs = [(repr(detectors), detectors)]
    faults = []
    if not pairs:
        faults.append("there are no detectors; give at least one, such as KDE(300).")
    named: dict[str, Any] = {}
    for name, detector in pairs:
        fit, predict = (getattr(detector, word, None) for word in ("fit", "predict"))
        if isinstance(detector, type) or not (callable(fit) and callable(predict)):
            made = f"{detector.__name__}()" if isinstance(detector, type) else "KDE(300)"
            faults.append(f"{name} is no detector with fit and predict; give one such as {made}.")
            continue
        if name in BASELINES:
            faults.append(f"{name!r} is the name of a baseline; name the detector otherwise.")
        again, apart = 2, name
        while apart in named:
            apart, again = f"{name} ({again})", again + 1
        named[apart] = detector
    return named, faults


def _keeps_police(detector: Any) -> bool:
    return bool(getattr(detector, "include_police", False))


def _scored_rows(
    incidents: gpd.GeoDataFrame, category: str | None, keep_police: bool
) -> tuple[gpd.GeoDataFrame, NDArray[np.bool_]]:
    """Leave out police-generated rows unless asked for; tell which of the rest are scored."""
    found = police(incidents)
    rows = incidents if keep_police or not found.any() else incidents[~found]
    wanted = np.ones(len(rows), dtype=bool)
    if category is not None:
        wanted = (rows["category"] == category).to_numpy(dtype=bool)
    if not wanted.any():
        raise InputError("backtest", [
            "every incident to score on is police-generated (origin 'police') and so left out of "
            "targeting; to judge on them all the same, give a detector with include_police=True."
        ])  # fmt: skip
    return rows, wanted


def _takes_category(detector: Any) -> bool:
    parameters = detector.get_params(deep=False) if hasattr(detector, "get_params") else {}
    return "category" in parameters


def _heat(
    detector: Any, frame: gpd.GeoDataFrame, grid: Grid, category: str | None,
    heard: dict[str, warnings.WarningMessage],
) -> NDArray[np.float64]:  # fmt: skip
    """Fit a clone and predict; what it warns of is kept, to be said once."""
    from sklearn.base import clone

    learner = clone(detector) if hasattr(detector, "get_params") else copy.deepcopy(detector)
    if _takes_category(detector) and category is not None:
        learner.set_params(category=category)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            learner.fit(frame)
            return heat_of(learner, grid)
        finally:
            for message in caught:
                heard.setdefault(str(message.message), message)


def _counts(cell: NDArray[np.int64], cells: int) -> NDArray[np.float64]:
    return np.bincount(cell[cell >= 0], minlength=cells).astype(float)


def _last_year(
    incidents: gpd.GeoDataFrame, learned: NDArray[np.bool_], origin: Any
) -> NDArray[np.bool_]:
    """Which incidents lie in the last twelve recorded months before the origin."""
    month = incidents["occurred_from"].to_numpy().astype("datetime64[M]")
    recorded = np.unique(month[learned])[::-1]
    if len(recorded) == 0:
        return learned
    stop = pd.Timestamp(origin).to_datetime64().astype("datetime64[s]")
    starts, ends = (m.astype("datetime64[s]") for m in (recorded, recorded + 1))
    part = (np.minimum(ends, stop) - starts) / (ends - starts)  # the running month counts in part
    enough = np.flatnonzero(np.cumsum(part) >= YEAR - 1e-9)
    first = recorded[enough[0]] if len(enough) else recorded[-1]
    recent: NDArray[np.bool_] = month >= first
    return recent
