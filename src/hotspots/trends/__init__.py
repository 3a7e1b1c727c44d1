"""Trends per Local Policing Team: complete series, their decomposition, and what they support.

One road for every group: count, tell recorded periods from gaps, take out the length and the
trading days of the month, decompose where two full cycles were recorded, and test for a season
only where three were. A decomposition always shows *some* season, in pure noise too, so nothing
here reads a season off it: the claim rests on a regression test.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import InputError, Result
from ..series import FREQ, CountSeries, Panel, count_series
from ..series.factors import MonthFactors, add_to_months, month_factors
from ..series.lag import Lag, recording_lag
from ._change import Change, find_change
from ._known import Known, faults_of, take_known
from ._parts import Parts, decompose, month_means
from ._season import Season, find_season, month_of
from ._words import late_records, paragraph, sentences

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Trends", "seasonal_trends"]

_WEEK = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
         "bank holiday")  # fmt: skip


@dataclass(frozen=True, repr=False)
class Trends(Result):
    """Series, seasons and findings per group, as :func:`seasonal_trends` gives them.

    Attributes
    ----------
    series : DataFrame
        One row per group and period: ``level`` (lpt, command or force; only with ``lpts=``), the
        columns of ``by``, ``period_start``, ``incidents`` (NaN when missing), ``status`` (present,
        thin, missing), ``days``, ``exposure`` (days weighted by what weekdays and bank holidays
        are worth, where the records tell), ``adjusted`` (incidents per 30.4375 such days, or per
        week or day; NaN unless present), ``trend`` (on the scale of ``adjusted``), ``season`` and
        ``remainder`` (factors). Where decomposed,
        ``adjusted + c = (trend + c) * season * remainder`` exactly, with c = 1/2 on the log
        scale and 3/8 on the square-root scale (``scale`` in the summary).
    seasons : DataFrame
        Twelve rows per group: ``month`` (1 to 12); ``factor`` (of the decomposition, for the eye;
        NaN where there is none); ``tested`` (the curve the test fitted); ``shrunk`` with ``low``
        and ``high`` (the factors to use: the group's own, leaning on the force's by ``weight``,
        and its 95% interval); ``source`` (own and force, force, none); ``recorded`` (periods
        behind it) and the ``verdict`` without which no factor should be read.
    summary : DataFrame
        One row per group: how much was recorded, the yearly change, the test for a season, the
        ``verdict`` and a ``sentence`` in plain English.
    periods : DataFrame
        One row per source and period, every one, also those left out at the edges (``status``
        incomplete): its ``incidents`` add up to the incidents given.
    by : tuple of str
    freq : str
    said : str
        The paragraph that ``text`` returns.
    weekdays : DataFrame or None
        Eight rows per group: ``day`` (Monday to Sunday, bank holiday) and ``worth`` beside an
        average day (a bank holiday's: beside that weekday); None where no days are known.
    effects : DataFrame or None
        One row per tested group and known step or kind of the calendar: ``ratio`` (after against
        before, or such a day against others) with ``low`` and ``high``, its 95% interval.
    """

    series: pd.DataFrame
    seasons: pd.DataFrame
    summary: pd.DataFrame
    periods: pd.DataFrame
    by: tuple[str, ...]
    freq: str
    said: str
    weekdays: pd.DataFrame | None = None
    effects: pd.DataFrame | None = None

    @property
    def text(self) -> str:
        """What a commander needs to read: the answer first, then gaps and reservations."""
        return self.said


def seasonal_trends(
    incidents: gpd.GeoDataFrame | pd.DataFrame | CountSeries,
    by: Sequence[str] = ("lpt",),
    freq: str = "MS",
    *,
    lpts: pd.DataFrame | None = None,
    calendar: pd.DataFrame | str | os.PathLike[str] | None = None,
    steps: Any = None,
) -> Trends:
    r"""Count incidents per group and period, decompose, and say what the series supports.

    Parameters
    ----------
    incidents : GeoDataFrame, DataFrame or CountSeries
        Incidents, all categories of the sources in question, a table of counts, or what
        :func:`count_series` returned.
    by : sequence of str
        ``lpt``, ``category``, ``command`` or any other column of text; empty for everything
        together. A group is a combination that occurs at least once. Incidents without an LPT
        make the group "no LPT".
    freq : {"MS", "W-MON", "D"}
        Calendar months; weeks from Monday or days (dated records only). Days are decomposed for
        the whole force only, and tested for a season as months.
    lpts : DataFrame, optional
        LPTs with ``command``: adds the commands and the force, to which the LPTs add up.
    calendar : DataFrame or path, optional
        School terms and events (see :func:`read_calendar`): the test takes the share of each
        period's days of each kind into account.
    steps : sequence of dates or DataFrame, optional
        Dates from which the level is known to differ (a recording rule, a new system), or a
        table with ``start`` and, if wanted, ``name``, ``lpt`` and ``category``.

    Returns
    -------
    Trends

    Raises
    ------
    InputError
        Naming every fault of the table, ``by``, ``freq``, ``lpts``, ``calendar`` and ``steps``,
        or times known too coarsely for the period asked (weeks from month-only records).

    Notes
    -----
    Counting: see :func:`count_series`. A period counts for the sum of what its days are worth
    (``exposure``): in dated records each weekday and bank holiday at the worth that the force's
    daily counts of that category show beyond chance; else each day alike.

    Where ``recorded_at`` is known, the last periods that reach beyond the time within which 95%
    of incidents are recorded are shown as *thin* and left out of every fit.

    Decomposition, for the eye: STL [1]_ of log(adjusted + 1/2), or of 2√(adjusted + 3/8) where
    the mean is under 10, seasonal window 13, robust from 48 points, on the longest run with gaps
    of at most two periods (bridged by a straight line on that scale; their remainder stays NaN),
    and only where two full cycles were recorded. Days: MSTL [2]_ by 7 and 364 days.

    Season: only from three full cycles (36 months), 1 incident a month and incidents in three
    years. Negative binomial regression with :math:`\mathrm{Var}\,y = μ + αμ^2`, α by moments,

    .. math:: \log μ = α_0 + \text{trend} + \text{steps} + \text{calendar}
              + \sum_{k \le K} (γ_k \cos 2πkt + δ_k \sin 2πkt) + \log \text{exposure},

    trend linear (natural spline with one df a year beyond four years), K of 1 or 2 by AICc.
    Likelihood ratio against no wave, as F with 2K and n − p df, each wave's share divided by what
    autocorrelation like the residuals' adds to its variance; the p-value pays for the choice of
    K. Benjamini-Hochberg [3]_ over all groups tested. *Clear*: q < .01 and the 95% interval of
    the peak-to-trough ratio wholly above 1.1; *possible*: q < .05; otherwise *none*, or, under 5
    a month, *too few to say*. The interval of the peak holds the places around it where the
    slope of the curve may be 0 (Fieller's, for one wave).

    Factors to use (``shrunk``): :func:`hotspots.series.factors.month_factors`.

    Yearly change: the months of the last year that were also recorded a year before, rate
    against rate per day of exposure, Clopper-Pearson interval on counts divided by their
    dispersion. No percentage where either count is under 20.

    References
    ----------
    .. [1] Cleveland et al. (1990), STL: a seasonal-trend decomposition procedure based on loess,
       Journal of Official Statistics 6(1), 3-73.
    .. [2] Bandara, Hyndman and Bergmeir (2021), MSTL: a seasonal-trend decomposition algorithm
       for time series with multiple seasonal patterns, arXiv:2107.13462.
    .. [3] Benjamini and Hochberg (1995), Controlling the false discovery rate, JRSS B 57(1),
       289-300.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=4)
    >>> trends = hs.seasonal_trends(county.incidents, by=())
    >>> trends.summary["verdict"].tolist()
    ['too short to say']
    >>> int(trends.periods["incidents"].sum()) == len(county.incidents)
    True
    """
    try:
        counted = count_series(incidents, by, freq, lpts=lpts, what="seasonal_trends")
    except InputError as error:
        raise InputError(error.what, [*error.faults, *faults_of(calendar, steps)]) from None
    lag = recording_lag(incidents) if isinstance(incidents, pd.DataFrame) else None
    counted, late = _settled(counted, lag)
    known = take_known(incidents, counted, calendar, steps, "seasonal_trends")
    panel, cycle = counted.panel, FREQ[counted.freq][0]
    months, exposure, columns = panel, known.exposure, known.columns
    if counted.freq == "D":
        months, exposure, columns = _by_month(panel, known)
        cycle = 12
    with np.errstate(invalid="ignore"):
        adjusted = np.where(panel.used, panel.y / known.exposure, np.nan) * FREQ[counted.freq][1]
    parts = decompose(panel, adjusted, FREQ[counted.freq][0])
    season = find_season(months, exposure, columns, cycle)
    change = find_change(months, exposure, cycle)
    factors = month_factors(months, exposure)

    series = _series(counted, known, adjusted, parts)
    summary = _summary(panel, adjusted, parts, season, change)
    recorded = months.used.astype(float) @ np.eye(12)[months.month]
    seasons = _seasons(panel, parts, season, factors, recorded.astype(np.int64))
    summary["sentence"] = sentences(summary, counted)
    effects = _effects(panel, known, season)
    said = paragraph(counted, series, summary, known, effects, late)
    summary = summary.drop(columns=[c for c in summary.columns if c.startswith("_")])
    return Trends(series, seasons, summary, counted.periods, counted.by, counted.freq, said,
                  _weekdays(panel, known), effects)  # fmt: skip


def _settled(counted: CountSeries, lag: Lag | None) -> tuple[CountSeries, str]:
    """Leave the last periods out of every fit where records are still coming in for them."""
    panel = counted.panel
    if lag is None or not len(panel.start):
        return counted, ""
    ends = panel.start + (panel.days * 86400).astype(np.int64).astype("timedelta64[s]")
    late = ends > lag.complete.to_datetime64()
    late &= np.cumprod(late[::-1])[::-1].astype(bool)
    if not (panel.used & late).any() or late.all():
        return counted, ""
    told = late_records(lag.days, panel.start[late], counted.freq)
    used = panel.used & ~late
    series = counted.series.copy()
    partly = (panel.inside & panel.used & late)[panel.inside]
    series["status"] = series["status"].mask(partly, "thin")
    return replace(counted, series=series, panel=replace(panel, used=used)), told


def _by_month(panel: Panel, known: Known) -> tuple[Panel, Floats, Floats]:
    """Days as whole months, for the test, the change and the factors."""
    worth = known.exposure
    if known.weights is not None:
        weekday = (panel.start.astype("datetime64[D]").astype(np.int64) + 3) % 7
        worth = known.weights[:, weekday]
    month, counts, days = add_to_months(panel, panel.y, panel.used, worth)
    start = month.astype("datetime64[M]")
    length = ((start + 1).astype("datetime64[D]") - start.astype("datetime64[D]")).astype(float)
    every = np.ones(panel.y.shape)
    taken = add_to_months(panel, every, panel.used, every)[1]
    given = add_to_months(panel, every, panel.inside, every)[1]
    whole, some = taken == length, given > 0
    out = Panel(
        panel.keys, start.astype("datetime64[s]"), length,
        np.where(some, counts, np.nan), whole, some, "MS",
    )  # fmt: skip
    sums = [add_to_months(panel, known.columns[..., k], panel.used, every)[1]
            for k in range(known.columns.shape[2])]  # fmt: skip
    columns = np.stack(sums, axis=2) if sums else np.zeros((*counts.shape, 0))
    return out, days, columns / np.maximum(taken, 1)[..., None]


def _series(counted: CountSeries, known: Known, adjusted: Floats, parts: Parts) -> pd.DataFrame:
    inside = counted.panel.inside
    series = counted.series.drop(columns="adjusted")
    series["exposure"] = known.exposure[inside]
    series["adjusted"] = adjusted[inside]
    for name in ("trend", "season", "remainder"):
        series[name] = getattr(parts, name)[inside]
    return series


def _summary(
    panel: Panel, adjusted: Floats, parts: Parts, season: Season, change: Change
) -> pd.DataFrame:
    inside, used, blank = panel.inside, panel.used, np.isnan(panel.y)
    there = inside.any(axis=1)
    first = np.where(there, inside.argmax(axis=1), 0)
    last = np.where(there, inside.shape[1] - 1 - inside[:, ::-1].argmax(axis=1), 0)
    periods = used.sum(axis=1)
    rate = np.where(used, adjusted, 0.0).sum(axis=1) / np.where(periods > 0, periods, np.nan)
    found = season.numbers
    tested = ~np.isnan(found["p_value"])
    summary = panel.keys.assign(
        first=panel.start[first], last=panel.start[last], periods=periods,
        missing=(inside & blank).sum(axis=1), thin=(inside & ~blank & ~used).sum(axis=1),
        incidents=np.nansum(panel.y, axis=1).astype(np.int64), per_period=rate,
        compared=change.compared, latest=change.latest, previous=change.previous,
        change=change.change, change_low=change.low, change_high=change.high,
        _months=change.months, scale=parts.scale, bridged=parts.bridged,
        peak_month=month_of(found["peak"]), peak_from=month_of(found["peak_low"]),
        peak_to=month_of(found["peak_high"]), second_peak=month_of(found["second"]),
        _width=found["peak_high"] - found["peak_low"],
        waves=pd.array(np.where(tested, found["waves"], 0).astype(np.int64), dtype="Int64"),
        **{name: found[name] for name in ("ratio", "ratio_low", "ratio_high", "p_value",
                                          "q_value", "dispersion")},
        verdict=season.verdict,
    )  # fmt: skip
    summary.loc[~tested, "waves"] = pd.NA
    text = ["scale", "peak_month", "peak_from", "peak_to", "second_peak", "verdict"]
    return summary.astype(dict.fromkeys(text, "str"))


def _seasons(
    panel: Panel, parts: Parts, season: Season, factors: MonthFactors, recorded: Any
) -> pd.DataFrame:
    n = len(panel.keys)
    seasons = panel.keys.loc[np.repeat(np.arange(n), 12)].reset_index(drop=True)
    return seasons.assign(
        month=np.tile(np.arange(1, 13), n), factor=month_means(panel, parts).ravel(),
        tested=season.curve.ravel(), shrunk=factors.factor.ravel(), low=factors.low.ravel(),
        high=factors.high.ravel(), weight=factors.weight.ravel(),
        source=np.repeat(factors.source, 12), recorded=recorded.ravel(),
        verdict=np.repeat(season.verdict, 12),
    ).astype({"source": "str", "verdict": "str"})  # fmt: skip


def _weekdays(panel: Panel, known: Known) -> pd.DataFrame | None:
    if known.weights is None:
        return None
    n = len(panel.keys)
    rows = panel.keys.loc[np.repeat(np.arange(n), 8)].reset_index(drop=True)
    return rows.assign(day=pd.Series(list(_WEEK) * n, dtype="str"), worth=known.weights.ravel())


def _effects(panel: Panel, known: Known, season: Season) -> pd.DataFrame | None:
    if not known.names:
        return None
    n, k = season.effect.shape
    rows = panel.keys.loc[np.repeat(np.arange(n), k)].reset_index(drop=True)
    rows = rows.assign(
        kind=[kind for kind, _ in known.names] * n, name=[name for _, name in known.names] * n,
        ratio=np.exp(season.effect).ravel(), low=np.exp(season.effect_low).ravel(),
        high=np.exp(season.effect_high).ravel(),
    ).astype({"kind": "str", "name": "str"})  # fmt: skip
    return rows[rows["ratio"].notna()].reset_index(drop=True)
