"""What is unusual: each group's latest count against what its own past makes usual."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..chance import adjusted_p
from ..chance.exact import poisson_tails
from ..contracts import InputError, Result
from ..progress import progress_bar
from ..series import CountSeries, count_series
from ._feed import asked_for, mean_harm, read_feed
from ._words import Facts, paragraph, sentences
from .looks import LEAST, Look, look

if TYPE_CHECKING:
    import geopandas as gpd

BASELINE = {"MS": 24, "W-MON": 52, "D": 52}
"""Periods of the baseline when none is given; days are compared with the same weekday."""

FEED = 0.5
"""Share of the expected total under which the records of a period count as incomplete."""

SURE = 20.0
"""Expected total from which a share of it can tell whether the records are complete."""


@dataclass(frozen=True, repr=False)
class Alerts(Result):
    """What is unusual, as :func:`find_alerts` gives it.

    Attributes
    ----------
    alerts : DataFrame
        The groups that raise an alert, most harm above expectation first (most incidents, where
        there is no harm): the columns of ``groups``.
    groups : DataFrame
        One row per group and period looked at: ``level`` (with ``lpts=``), the columns of ``by``,
        ``period_start``, ``incidents``, ``expected``, ``low`` and ``high`` (usual range, 95%),
        ``alert_from`` (least count that raises an alert), ``p_high`` and ``p_low`` (chance of so
        many or more, so few or fewer), ``q_high`` and ``q_low`` (corrected for all groups),
        ``dispersion`` (variance over mean), ``recorded`` and ``before`` (periods of the baseline
        and the incidents in them), ``excess`` (incidents less expected), ``harm`` (days of
        sentence of that excess; only where incidents have harm), ``verdict`` and ``sentence``.
    looks : DataFrame
        One row per period looked at: ``status`` (compared, feed incomplete,
        partly recorded, nothing compared),
        ``incidents`` and ``expected`` of all groups of the lowest level, ``compared`` (groups),
        ``high`` and ``low`` (alerts), ``false_high`` and ``false_low`` (alerts chance alone would
        raise, on average), ``chance`` (of so many high ones or more), ``above`` and ``below``
        (beyond the usual range without an alert), ``false_above`` and ``false_below``.
    series : DataFrame
        Counts of every group and period, for the picture.
    by : tuple of str
    freq : str
    level : float
    said : str
        The paragraph that ``text`` returns.
    """

    alerts: pd.DataFrame
    groups: pd.DataFrame
    looks: pd.DataFrame
    series: pd.DataFrame
    by: tuple[str, ...]
    freq: str
    level: float
    said: str

    @property
    def text(self) -> str:
        """What is unusual, beside what chance alone would raise."""
        return self.said


def find_alerts(
    incidents: gpd.GeoDataFrame | pd.DataFrame | CountSeries,
    by: Sequence[str] = ("lpt", "category"),
    freq: str = "W-MON",
    *,
    lpts: pd.DataFrame | None = None,
    when: str | pd.Timestamp | int = 1,
    baseline: int | None = None,
    level: float = 0.00135,
    include_police: bool = False,
) -> Alerts:
    r"""Find the groups whose count is out of their own usual range, and what chance would show.

    Parameters
    ----------
    incidents : GeoDataFrame, DataFrame or CountSeries
        Incidents of all categories, or counts; see :func:`count_series`.
    by : sequence of str
        Columns that name a group.
    freq : {"MS", "W-MON", "D"}
        Calendar months, weeks from Monday, or days (each against the same weekday).
    lpts : DataFrame, optional
        LPTs with ``command``: the commands and the force are then looked at too.
    when : date or int
        A date, for the period that holds it; or how many of the latest whole periods to look at.
    baseline : int, optional
        Periods before it whose recorded ones tell the usual level, at least 8; 24 months, 52 weeks
        or the same weekday of 52 weeks when absent. The season is learned from all that came
        before.
    level : float
        Chance of an alert, on each side, where nothing is unusual: .00135 is that of three
        standard deviations.
    include_police : bool
        Whether police-generated incidents (``origin`` "police") count.

    Returns
    -------
    Alerts

    Raises
    ------
    InputError
        Naming every fault of the arguments and the table.

    Notes
    -----
    The count :math:`y` of a group is compared with the gamma–Poisson law (``predictive``) of a
    period of its length and season, given its baseline: an alert where
    :math:`P(Y \ge y) \le \alpha`, or :math:`P(Y \le y) \le \alpha`. Growth over the baseline,
    shrunk to none, is carried on where each calendar month is recorded twice. The variance over
    mean is estimated per group and shrunk to that of the groups beside it. That all of these are
    estimates widens the range. Periods of the baseline that are more than
    four standard deviations out count less, by the fourth power of how far, so that an old
    outbreak neither raises nor widens the range. Only the past is used.

    Where under half of the expected total was recorded, the feed is taken as incomplete, and
    nothing is compared. Where ``recorded_at`` shows that under 95% of a period's incidents are
    usually in by now, the periods before it are looked at instead.

    References
    ----------
    Noufaily A. et al. (2013) An improved algorithm for outbreak detection in multiple
    surveillance systems. *Statistics in Medicine* 32(7), 1206–1222.
    Aitchison J. and Dunsmore I. R. (1975) *Statistical Prediction Analysis*. Cambridge.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=12)
    >>> alerts = hs.find_alerts(county.incidents, by=["lpt"], freq="MS")
    >>> alerts.looks[["compared", "high", "false_high"]].round(2).to_dict("list")
    {'compared': [11], 'high': [0], 'false_high': [0.01]}
    """
    faults, baseline = _faults(freq, when, baseline, level, include_police)
    try:
        feed = read_feed(incidents, bool(include_police))
        counted = count_series(feed.incidents, by, freq, lpts=lpts, what="find_alerts")
    except InputError as error:
        raise InputError("find_alerts", [*faults, *error.faults]) from None
    if faults:
        raise InputError("find_alerts", faults)
    asked = asked_for(counted, feed, when)
    quick = len(asked.at) * len(counted.panel.keys) < 5000
    found = [look(counted.panel, k, baseline)
             for k in progress_bar(asked.at, desc="periods looked at", disable=quick)]  # fmt: skip
    told = [_told(counted, one, level) for one in found]
    groups = pd.concat([rows for rows, _ in told] or [_nothing(counted)], ignore_index=True)
    for side in ("high", "low"):
        q = adjusted_p(groups[f"p_{side}"].to_numpy(dtype=float))
        groups.insert(list(groups.columns).index("p_low") + 1 + (side == "low"), f"q_{side}", q)
    harm = mean_harm(feed, groups)
    if harm is not None:
        groups.insert(list(groups.columns).index("excess") + 1, "harm", groups["excess"] * harm)
    groups["sentence"] = sentences(groups, counted.keys, counted.freq)
    looks = pd.DataFrame([row for _, row in told] + _not_looked(asked.unlooked))
    alerts = _ranked(groups, counted.keys)
    series = counted.series[[*counted.keys, "period_start", "incidents", "status"]]
    said = paragraph(alerts, groups, looks, Facts(
        counted.keys, counted.freq, level, baseline, asked, feed, found, harm is not None
    ))  # fmt: skip
    return Alerts(alerts, groups, looks, series, counted.by, counted.freq, float(level), said)


def _faults(
    freq: Any, when: Any, baseline: Any, level: Any, include_police: Any
) -> tuple[list[str], int]:
    """Say what is wrong with the arguments, and which baseline holds."""
    faults = []
    if isinstance(when, bool) or (isinstance(when, int | np.integer) and when < 1):
        faults.append(
            f"when is {when!r}; give a date, or how many of the latest periods (1, 2...)."
        )
    elif not isinstance(when, int | np.integer):
        try:
            day: Any = None if isinstance(when, float) else pd.Timestamp(when)
        except (TypeError, ValueError):
            day = None
        if pd.isna(day) or day.tzinfo is not None:
            faults.append(
                f"when is {when!r}; give a local date without a time zone, as '2025-03-01', or a "
                "number of periods."
            )
    if baseline is None:
        baseline = BASELINE.get(freq, 52) if isinstance(freq, str) else 52
    whole = isinstance(baseline, int | np.integer) and not isinstance(baseline, bool)
    if not whole or baseline < LEAST:
        faults.append(f"baseline is {baseline!r}; it must be a whole number, at least {LEAST}.")
        baseline = LEAST
    number = isinstance(level, int | float | np.number) and not isinstance(level, bool)
    if not number or not 0 < level < 0.5:
        faults.append(f"level is {level!r}; it must be a chance over 0 and under .5, as .00135.")
    if not isinstance(include_police, bool | np.bool_):
        faults.append(f"include_police is {include_police!r}; it must be True or False.")
    return faults, int(baseline)


def _told(counted: CountSeries, one: Look, level: float) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Set out one look: a row per group, and the row of the period."""
    panel, law, k = counted.panel, one.law, one.at
    y, known = panel.y[:, k], ~np.isnan(one.law.mean)
    inside, recorded = panel.inside[:, k], panel.used[:, k]
    base = panel.base & known & ~np.isnan(y)
    total, expected = float(y[base].sum()), float(law.mean[base].sum())
    fed = not (expected >= SURE and total < FEED * expected)
    compared = recorded & known & fed
    count = np.where(compared, y, np.nan)
    low, high = law.ppf(0.025), law.ppf(0.975)
    least = law.least(level)
    most = law.ppf(level)  # the greatest count with P(Y <= y) of at most the level, or none
    most = np.where(law.cdf(most) <= level, most, most - 1)
    p_high, p_low = law.sf(count), law.cdf(count)
    verdict = np.select(
        [np.full(len(y), not fed), ~recorded, ~known, count >= least, count <= most, count > high,
         count < low],
        ["feed incomplete", "not recorded", "too few periods to say", "unusually high",
         "unusually low", "above the usual range", "below the usual range"],
        "within the usual range",
    )  # fmt: skip
    table = panel.keys.assign(
        period_start=panel.start[k], incidents=y, expected=law.mean, low=low, high=high,
        alert_from=least, p_high=p_high, p_low=p_low,
        dispersion=np.where(known, one.spread, np.nan), recorded=one.recorded, before=one.total,
        excess=count - law.mean,
        verdict=pd.array(verdict.astype(object), dtype="str"),
    )[inside]  # fmt: skip
    chance_high = float(law.sf(least)[compared].sum())
    chance_low = float(law.cdf(most)[compared].sum())
    unusual = int((verdict == "unusually high").sum())
    row = {
        "period_start": panel.start[k],
        "status": "feed incomplete" if not fed else "compared" if compared.any()
        else "nothing compared",
        "incidents": float(np.nansum(y[panel.base & inside])),
        "expected": expected if base.any() else np.nan,
        "compared": int(compared.sum()), "high": unusual,
        "low": int((verdict == "unusually low").sum()), "false_high": chance_high,
        "false_low": chance_low,
        "chance": float(poisson_tails(unusual, chance_high)[1]) if compared.any() else np.nan,
        "above": int((verdict == "above the usual range").sum()),
        "below": int((verdict == "below the usual range").sum()),
        "false_above": float(law.sf(high + 1)[compared].sum()) - chance_high,
        "false_below": float(law.cdf(low - 1)[compared].sum()) - chance_low,
    }  # fmt: skip
    return table, row


def _nothing(counted: CountSeries) -> pd.DataFrame:
    """Give the table of groups without rows, where no period could be looked at."""
    numbers = ["incidents", "expected", "low", "high", "alert_from", "p_high", "p_low",
               "dispersion", "recorded", "before", "excess"]  # fmt: skip
    keys = counted.panel.keys.iloc[:0]
    frame = keys.assign(period_start=counted.panel.start[:0], **dict.fromkeys(numbers, 0.0))
    return frame.assign(verdict=pd.Series(dtype="str"))


def _not_looked(partly: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of periods that were asked for but are recorded in part only."""
    return [
        {"period_start": row["period_start"], "status": "partly recorded",
         "incidents": float(row["incidents"]), "expected": np.nan, "compared": 0, "high": 0,
         "low": 0, "false_high": 0.0, "false_low": 0.0, "chance": np.nan, "above": 0, "below": 0,
         "false_above": 0.0, "false_below": 0.0}
        for row in partly.to_dict("records")
    ]  # fmt: skip


def _ranked(groups: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Take the alerts: high before low, the most harm or incidents off expectation first."""
    unusual = groups[groups["verdict"].isin(["unusually high", "unusually low"])]
    size = unusual["harm" if "harm" in unusual.columns else "excess"].abs()
    order = pd.DataFrame({
        "side": unusual["verdict"] == "unusually low", "size": -size, "p": unusual["p_high"],
        **{name: unusual[name] for name in keys}, "start": unusual["period_start"],
    })  # fmt: skip
    return unusual.loc[order.sort_values(list(order.columns)).index].reset_index(drop=True)
