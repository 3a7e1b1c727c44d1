"""Trends per Local Policing Team: complete series, their decomposition, and what they support.

One road for every group: place each incident in a period, tell the periods that were recorded
from those that were not, take out the length of the month, decompose where two full cycles were
recorded, and test for a season only where three were. A decomposition always shows *some* season,
in pure noise too, so nothing here reads a season off it: the claim rests on a regression test.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..contracts import InputError, Result
from ..series import count_series
from ._season import Group, judge
from ._words import paragraph, sentences

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["Trends", "seasonal_trends"]


@dataclass(frozen=True, repr=False)
class Trends(Result):
    """Series, seasons and findings per group, as :func:`seasonal_trends` gives them.

    Attributes
    ----------
    series : DataFrame
        One row per group and period: the columns of ``by``, ``period_start``, ``incidents``
        (NaN when missing), ``status`` (present, thin, missing), ``days``, ``adjusted`` (incidents
        per standard month of 30.4375 days, or per week; NaN unless present), ``trend`` (on the
        scale of ``adjusted``), ``season`` and ``remainder`` (factors). Where decomposed,
        ``adjusted + c = (trend + c) * season * remainder`` exactly, with c = 1/2 on the log
        scale and 3/8 on the square-root scale (``scale`` in the summary).
    seasons : DataFrame
        Twelve rows per group: ``month`` (1 to 12), ``factor`` (geometric mean of ``season``; NaN
        where not decomposed), ``recorded`` (periods behind it) and the ``verdict`` without which
        no factor should be read.
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
    """

    series: pd.DataFrame
    seasons: pd.DataFrame
    summary: pd.DataFrame
    periods: pd.DataFrame
    by: tuple[str, ...]
    freq: str
    said: str

    @property
    def text(self) -> str:
        """What a commander needs to read, gaps and reservations first."""
        return self.said


def seasonal_trends(
    incidents: gpd.GeoDataFrame, by: Sequence[str] = ("lpt",), freq: str = "MS"
) -> Trends:
    r"""Count incidents per group and period, decompose, and say what the series supports.

    Parameters
    ----------
    incidents : GeoDataFrame
        Incidents (see the contracts), all categories of the sources in question: a period
        without a single row of a source counts as not recorded, so a rare category given on its
        own would lose its true zeros.
    by : sequence of str
        Any of ``lpt``, ``category`` and ``command``; empty for everything together. A group is a
        combination that occurs at least once. Incidents without an LPT make the group "no LPT".
    freq : {"MS", "W-MON"}
        Calendar months, or weeks from Monday (dated records only).

    Returns
    -------
    Trends

    Raises
    ------
    InputError
        If the table breaks its contract or is empty, ``by`` or ``freq`` is unknown, or times are
        known too coarsely for the period asked (weeks from month-only records).

    Notes
    -----
    An incident belongs to the period its interval's midpoint falls in, so a month-only row
    belongs to its month. In a recorded period a group without incidents has a true zero; a
    period without any row of the group's sources is missing (NaN), never zero; one under .4
    times the usual is *thin* and left out of every fit. In dated records a first or last period
    that the records only partly cover is dropped and counted in ``periods``.

    Decomposition: STL [1]_ of log(adjusted + 1/2), or of 2√(adjusted + 3/8) where the mean is
    under 10, seasonal window 13, robust from 48 points, on the longest run with gaps of at most
    two periods (bridged by a straight line on that scale; their remainder stays NaN), and only
    where two full cycles were recorded.

    Season: only from three full cycles (36 months) and a mean of 5 a month. Quasi-Poisson
    regression log μ = α + trend + γ cos + δ sin + log days, trend linear (natural spline with one
    df a year beyond four years), F test of (γ, δ) with 2 and n − p df, dispersion never under 1
    and raised for residual autocorrelation; Benjamini-Hochberg [2]_ over the groups. *Clear*:
    q < .01 and the 95% interval of the peak-to-trough ratio exp(2A) wholly above 1.1; *possible*:
    q < .05; otherwise *none*. It sees one peak a year: a short spike may escape it.

    Yearly change: the months of the last year that were also recorded a year before, rate
    against rate per day, Clopper-Pearson interval on counts divided by their dispersion. No
    percentage where either count is under 20.

    References
    ----------
    .. [1] Cleveland et al. (1990), STL: a seasonal-trend decomposition procedure based on loess,
       Journal of Official Statistics 6(1), 3-73.
    .. [2] Benjamini and Hochberg (1995), Controlling the false discovery rate, JRSS B 57(1),
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
    if freq == "D":
        raise InputError("seasonal_trends", [
            "freq is 'D'; it takes 'MS' (months) or 'W-MON' (weeks from Monday)."
        ])  # fmt: skip
    counted = count_series(incidents, by, freq, what="seasonal_trends")
    by, periods = counted.by, counted.periods
    series = counted.series.copy()
    ends = np.cumsum(counted.panel.inside.sum(axis=1)).tolist()
    span = list(zip([0, *ends[:-1]], ends, strict=True))
    results = [Group(series.iloc[a:b], freq).findings() for a, b in span]
    for name in ("trend", "season", "remainder"):
        series[name] = np.concatenate([r.pop(name) for r in results])
    factors = np.concatenate([r.pop("factor") for r in results])
    recorded = np.concatenate([r.pop("recorded") for r in results])
    keys = series.iloc[[a for a, _ in span]][list(by)].reset_index(drop=True)
    summary = pd.concat([keys, pd.DataFrame(results)], axis=1)
    judge(summary)
    summary["sentence"] = sentences(summary, by, freq)
    seasons = keys.loc[np.repeat(np.arange(len(keys)), 12)].reset_index(drop=True)
    seasons = seasons.assign(month=np.tile(np.arange(1, 13), len(keys)), factor=factors,
                             recorded=recorded,
                             verdict=summary["verdict"].repeat(12).to_numpy())  # fmt: skip
    said = paragraph(counted, series, summary)
    summary = summary.drop(columns=[c for c in summary.columns if c.startswith("_")])
    return Trends(series, seasons.astype({"verdict": "str"}), summary, periods, by, freq, said)
