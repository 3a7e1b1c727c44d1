"""Forecast counts per LPT, command and force, and say honestly how good such forecasts were.

Every model sees the same past: from one origin after another it forecasts periods it has not
seen, with seasons, trends and the spread of its errors learned from what came before. A rival of
the plain baseline is used only where it has been better beyond chance, and the scores told are
those of the rule that chooses, as it would have chosen at the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import InputError, Result
from ..series import FREQ, CountSeries, count_series
from ._choose import agreed, choice_table, chosen, coded
from ._counts_ahead import beginnings, law
from ._judge import LEVELS, Scored, score_table, scored, taken
from ._models import MODELS, Means, means_of
from ._words import paragraph

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_FARTHEST = {"MS": 3, "W-MON": 4}
_FEWEST = {"MS": 6, "W-MON": 13}  # recorded periods under which nothing is forecast
_FEW = 6  # origins under which those after one year are tested from too, season or none
_DRIFT, _NO_SEASON = 0.0025, 0.02  # excess variance before any error; where no season is known


@dataclass(frozen=True, repr=False)
class Forecast(Result):
    """What is to come, as :func:`forecast` gives it.

    Attributes
    ----------
    ahead : DataFrame
        One row per group and period to come: ``level`` (with ``lpts=``), the columns of ``by``,
        ``period_start``, ``step``, ``expected`` (incidents; not rounded, so that LPTs add up to
        commands and the force), ``low80`` to ``high80`` and ``low95`` to ``high95`` (whole
        counts, both ends inside), ``last_year`` (the count of the same period a year before, NaN
        where not recorded) and ``model``.
    choices : DataFrame
        One row per level and category, for which the model is chosen: ``model``, whether it is
        ``in_use`` (above the LPTs not where those are simply added up), the best
        ``rival`` of the baseline, its ``gain`` (share of the baseline's CRPS saved) with interval
        ``low`` to ``high``, ``origins`` behind it, how it was ``reconciled`` and the ``reason``.
    scores : DataFrame
        Per level and category, ``model`` and ``step``: ``origins``, ``forecasts``, ``crps``
        (incidents), ``skill`` (share of the baseline's CRPS saved), ``mase``, ``bias`` (share of
        the counts), ``cover80`` and ``cover95`` (shares of counts inside the intervals). Model
        "used" is the whole rule, reconciliation included, as it would have chosen at the time.
    past : DataFrame
        The forecasts of the rule from every origin, beside the ``incidents`` that came.
    series : DataFrame
        The counts, as :func:`count_series` gives them.
    by : tuple of str
    freq : str
    said : str
        The paragraph that ``text`` returns.
    """

    ahead: pd.DataFrame
    choices: pd.DataFrame
    scores: pd.DataFrame
    past: pd.DataFrame
    series: pd.DataFrame
    by: tuple[str, ...]
    freq: str
    said: str

    @property
    def text(self) -> str:
        """What to expect, how far off it may be, and what it rests on."""
        return self.said


def forecast(
    incidents: gpd.GeoDataFrame | pd.DataFrame | CountSeries,
    by: Sequence[str] = ("lpt",),
    freq: str = "MS",
    horizon: int = 3,
    *,
    lpts: pd.DataFrame | None = None,
    method: str = "auto",
    origins: int = 52,
    seed: int = 0,
) -> Forecast:
    r"""Forecast the next months or weeks, by the plainest model that nothing beats.

    Parameters
    ----------
    incidents : GeoDataFrame, DataFrame or CountSeries
        Incidents, a table of counts, or counts made before: see :func:`count_series`.
    by : sequence of str
        ``lpt``, ``category``, ``command`` or any other column of text; empty for everything
        together.
    freq : {"MS", "W-MON"}
        Calendar months, or weeks from Monday (dated records only).
    horizon : int
        Periods to forecast: 1 to 3 months, or 1 to 4 weeks.
    lpts : DataFrame, optional
        LPTs with ``command``: adds commands and the force, and makes all levels add up.
    method : {"auto", "mean", "seasonal_naive", "regression", "smoothing"}
        "auto" takes the baseline, "mean", unless a rival beats it; a name is taken as it is
        wherever the history allows it.
    origins : int
        Most origins to test from, 0 to 260; each is one more forecast of everything.
    seed : int
        Of the bootstrap behind the choice.

    Returns
    -------
    Forecast

    Raises
    ------
    InputError
        Naming every fault: arguments out of range, under 6 months or 13 weeks recorded, or what
        :func:`count_series` refuses.

    Notes
    -----
    With exposure :math:`e_t` the days of a period over those of a standard one, and season
    :math:`s_t` the LPT's monthly factor shrunk to the force's (1 where too little is recorded for
    any; weeks between the middles of months):

    * *mean* (mean × season): :math:`\mu = e s \sum y / \sum e_t s_t` over the last 12 months (52
      weeks) recorded; none in that time count as .05 of an incident.
    * *seasonal_naive*: the count a year before, else two, per day.
    * *regression*: negative binomial, linear trend and 0, 1 or 2 yearly waves by AICc over up to
      four years; from two years and 24 incidents on.
    * *smoothing*: exponential smoothing of :math:`\sqrt{y / (e s)}`, level and damped trend
      (:math:`\phi = .9`), constants from a grid by squared one-step errors and AIC; from one
      year on. Gaps are stepped over.

    Counts to come are negative binomial with mean :math:`\mu` and variance
    :math:`\mu (1 + x) + \alpha \mu^2`: :math:`x` is the uncertainty of the mean if counts were
    Poisson, and :math:`\alpha` is learned per series and step by moments from earlier forecast
    errors, leaning on the other series of the level and category (8 errors' weight), they on the
    last year's variation about mean × season plus .0025 for drift (4 errors' weight; .02 where no
    season could be learned).

    Origins: one per period, the last ``origins`` with the whole horizon known, from two recorded
    years on, or from one where that leaves fewer than 6. Per level and category a rival takes the
    baseline's place where the interval of its gain in CRPS, summed over series and steps, lies
    above 0: block bootstrap over origins [1]_, 95% for all rivals together, never from fewer than
    12 origins. MASE [2]_ divides by the mean absolute change from a year before in what was known;
    under 1 beats that. Reconciliation is the sum of LPTs unless weighted least squares [3]_ over
    all levels does better in the same way, each level counting the same.

    References
    ----------
    .. [1] Künsch (1989), The jackknife and the bootstrap for general stationary observations,
       Annals of Statistics 17(3), 1217-1241.
    .. [2] Hyndman and Koehler (2006), Another look at measures of forecast accuracy,
       International Journal of Forecasting 22(4), 679-688.
    .. [3] Wickramasuriya, Athanasopoulos and Hyndman (2019), Optimal forecast reconciliation for
       hierarchical and grouped time series through trace minimization, JASA 114(526), 804-819.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=7)
    >>> told = hs.forecast(county.incidents, lpts=county.lpts, horizon=1, origins=0)
    >>> ahead = told.ahead.set_index("level")["expected"]
    >>> bool(abs(ahead["lpt"].sum() - ahead["force"]) < 1e-9)
    True
    >>> told.choices["model"].unique().tolist()
    ['mean']
    """
    _checked(freq, horizon, method, origins, seed)
    counted = count_series(incidents, by, freq, lpts=lpts, what="forecast")
    _enough(counted, lpts)
    panel = counted.panel
    levels = "level" in panel.keys.columns
    names = list(MODELS) if method == "auto" else list(dict.fromkeys(["mean", method]))
    means = means_of(panel, _origins(counted, horizon, origins), horizon, names)
    about = [c for c in panel.keys.columns if c in ("level", "category")]
    code, named = coded(panel.keys, about)
    known = np.zeros((len(named), len(means.origins)), dtype=bool)
    np.logical_or.at(known, code, means.source != "none")
    drift = np.where(known, _DRIFT, _NO_SEASON)
    start = beginnings(means.noise, means.level, code, drift)
    models = {
        name: scored(means.mean[name], means.extra[name], means.target, code, start)
        for name in names
    }
    options = list(models.values())
    pick, run = chosen(models, code, method, seed)
    way = np.full(len(named), "", dtype=object)
    if levels and lpts is not None:
        used, way = agreed(options, pick, code, means, start, panel.keys, lpts, seed)
    else:
        used = taken(options, pick[code], means.target)
    models["used"] = used
    scores = score_table(models, "mean", means.target, means.scale, code, named)
    choices = choice_table(named, names, pick[:, -1], run, way, counted.freq)
    ahead = _ahead(counted, means, used, np.where(
        choices["in_use"], choices["model"], "sum of LPTs"
    )[code])  # fmt: skip
    past = _past(counted, means, used)
    season = bool((means.source[:, -1] != "none").any())
    said = paragraph(counted, ahead, choices, scores, past, season)
    return Forecast(
        ahead, choices, scores, past, counted.series, counted.by, counted.freq, said
    )  # fmt: skip


def _whole(value: Any, low: int, high: int) -> bool:
    number = isinstance(value, int | np.integer) and not isinstance(value, bool)
    return bool(number and low <= value <= high)


def _checked(freq: Any, horizon: Any, method: Any, origins: Any, seed: Any) -> None:
    faults = []
    if not isinstance(freq, str) or freq not in _FARTHEST:
        faults.append(f"freq is {freq!r}; it takes 'MS' (months) or 'W-MON' (weeks from Monday).")
    most = _FARTHEST.get(freq, 4) if isinstance(freq, str) else 4
    if not _whole(horizon, 1, most):
        faults.append(
            f"horizon is {horizon!r}; it must be a whole number from 1 to 3 months, or 1 to 4 "
            "weeks: farther, last year's counts are as good a guess."
        )
    if method != "auto" and (not isinstance(method, str) or method not in MODELS):
        faults.append(f"method is {method!r}; it takes 'auto', {', '.join(map(repr, MODELS))}.")
    if not _whole(origins, 0, 260):
        faults.append(f"origins is {origins!r}; it must be a whole number from 0 to 260.")
    if not _whole(seed, 0, 2**63):
        faults.append(f"seed is {seed!r}; it must be a whole number of 0 or more.")
    if faults:
        raise InputError("forecast", faults)


def _enough(counted: CountSeries, lpts: Any) -> None:
    name = FREQ[counted.freq][2]
    recorded = int(counted.panel.used.any(axis=0).sum())
    faults = []
    if recorded < _FEWEST[counted.freq]:
        faults.append(
            f"{recorded} {name}{'' if recorded == 1 else 's'} wholly recorded; a forecast needs "
            f"{_FEWEST[counted.freq]} at least: give a longer record."
        )
    if "level" in counted.panel.keys.columns and lpts is None:
        faults.append("the counts given have levels that add up; give lpts= too, so that the "
                      "forecasts do.")  # fmt: skip
    if faults:
        raise InputError("forecast", faults)


def _origins(counted: CountSeries, horizon: int, most: int) -> NDArray[np.int64]:
    """Periods known at each origin; the last knows everything."""
    cycle = FREQ[counted.freq][0]
    recorded = np.cumsum(counted.panel.used.any(axis=0))
    end = len(recorded)
    one, two = (int(np.searchsorted(recorded, years * cycle)) + 1 for years in (1, 2))
    first = max(two, end - most - horizon + 1)
    if end - first < _FEW:
        first = max(one, end - most - horizon + 1)
    return np.append(np.arange(first, end), end).astype(np.int64)


def _ranges(mean: Floats, variance: Floats) -> dict[str, Any]:
    """Give the ends of the intervals, as whole counts."""
    told = law(mean, variance)
    ends: dict[str, Any] = {}
    for level in LEVELS:
        tail = (1 - level / 100) / 2
        for name, q in (("low", tail), ("high", 1 - tail)):
            ends[f"{name}{level}"] = pd.array(told.ppf(q), dtype="Float64").astype("Int64")
    return ends


def _ahead(
    counted: CountSeries, means: Means, used: Scored, model: NDArray[np.object_]
) -> pd.DataFrame:
    panel = counted.panel
    n, horizon = len(panel.keys), len(means.start)
    cycle = FREQ[counted.freq][0]
    back = len(panel.start) - cycle + np.arange(horizon)
    last = np.full((n, horizon), np.nan)
    last[:, back >= 0] = np.where(panel.used, panel.y, np.nan)[:, back[back >= 0]]
    frame = panel.keys.loc[np.repeat(np.arange(n), horizon)].reset_index(drop=True)
    mean = used.mean[:, -1].ravel()
    frame = frame.assign(
        period_start=np.tile(means.start, n), step=np.tile(np.arange(1, horizon + 1), n),
        expected=mean, **_ranges(mean, used.variance[:, -1].ravel()), last_year=last.ravel(),
        model=np.repeat(model, horizon),
    )  # fmt: skip
    return frame.astype({"model": "str"})


def _past(counted: CountSeries, means: Means, used: Scored) -> pd.DataFrame:
    """List every forecast that has since been put to the test."""
    i, o, h = np.nonzero(np.isfinite(used.crps))
    frame = counted.panel.keys.iloc[i].reset_index(drop=True)
    at = means.origins[o]
    mean = used.mean[i, o, h]
    return frame.assign(
        origin=counted.panel.start[at], step=h + 1, period_start=counted.panel.start[at + h],
        expected=mean, **_ranges(mean, used.variance[i, o, h]), incidents=means.target[i, o, h],
    )  # fmt: skip
