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

from ..contracts import InputError, Result, check_incidents
from ._periods import FREQ, count_series, find_periods, labels, nowhere, place
from ._season import Group, judge
from ._words import paragraph, sentences

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["Trends", "seasonal_trends"]

_BY = ("lpt", "category", "command")


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
    by = _checked(incidents, by, freq)
    number, spanning = place(incidents, freq)
    sources = labels(incidents, "source", "unknown")
    periods = find_periods(incidents, number, sources, freq)
    if not periods["status"].isin(["present", "thin"]).any():
        raise InputError("seasonal_trends", [_nothing_whole(incidents, freq)])
    groups = [labels(incidents, name, nowhere(name)) for name in by]
    series, span = count_series(number, sources, groups, periods, by, freq)
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
    said = paragraph(incidents, periods, series, summary, spanning, by, freq)
    summary = summary.drop(columns=[c for c in summary.columns if c.startswith("_")])
    return Trends(series, seasons.astype({"verdict": "str"}), summary, periods, by, freq, said)


def _checked(incidents: gpd.GeoDataFrame, by: Sequence[str], freq: str) -> tuple[str, ...]:
    """Check what was given, and return ``by`` as a tuple."""
    check_incidents(incidents)
    faults = []
    if by is None or not np.iterable(by):
        faults.append(f"by is {by!r}; give columns in a list, as ['lpt'], or () for everything.")
        by = ()
    by = (by,) if isinstance(by, str) else tuple(by)
    known = isinstance(freq, str) and freq in FREQ
    if not known:
        faults.append(f"freq is {freq!r}; it takes 'MS' (months) or 'W-MON' (weeks from Monday).")
    for name in by:
        if name not in _BY:
            faults.append(f"by holds {name!r}; it takes {', '.join(_BY)}, or () for everything.")
        elif name not in incidents.columns:
            faults.append(
                f"by asks for {name!r}, but the incidents have no such column; read them with "
                "lpts=..., or use by=() for everything together."
            )
    if any(by.count(name) > 1 for name in by):
        faults.append(f"by repeats a column: {', '.join(map(str, by))}.")
    if len(incidents) == 0:
        faults.append("there are no incidents; a trend needs at least one.")
    elif known:
        coarse = _too_coarse(incidents, freq)
        faults.extend([coarse] if coarse else [])
    if faults:
        raise InputError("seasonal_trends", faults)
    return by


def _too_coarse(incidents: gpd.GeoDataFrame, freq: str) -> str:
    """Say why times are too coarse for the period, or nothing where they are fine enough."""
    longest = 31 if freq == "MS" else 7
    wide = incidents["occurred_to"] - incidents["occurred_from"] > pd.Timedelta(days=longest)
    if wide.mean() <= 0.1:
        return ""
    known = "month-only" if freq == "W-MON" else "known no closer than several months"
    remedy = "use freq='MS'" if freq == "W-MON" else "leave such rows out, or give finer times"
    return (
        f"freq={freq!r} needs times known to the {FREQ[freq][2]}, but {wide.mean():.0%} of the "
        f"incidents span more than {longest} days ({known}); {remedy}."
    )


def _nothing_whole(incidents: gpd.GeoDataFrame, freq: str) -> str:
    first, last = incidents["occurred_from"].min(), incidents["occurred_to"].max()
    return (
        f"the incidents run from {first:%Y-%m-%d} to {last:%Y-%m-%d} and wholly cover no "
        f"{FREQ[freq][2]}; give records that do."
    )
