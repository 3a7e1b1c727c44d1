"""What bank holidays, Halloween, school holidays and the like do to daily counts."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..calendars import calendar_days, read_calendar
from ..calendars.holidays import known_to
from ..chance import CORRECTIONS
from ..contracts import InputError, Result, check_incidents, precision_codes
from ..series import CountSeries, Panel, count_series
from ._effects_fit import fit_effects
from ._effects_tables import LEVEL, OWN_COLUMNS, effect_table, pool, reasons
from ._effects_words import paragraph

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

_WHAT = "calendar_effects"
_YEAR_WEEKDAYS = 7  # first columns of the days' features: not kinds of their own
_COARSE = 0.5  # share of incidents known no closer than a day that is refused


@dataclass(frozen=True, repr=False)
class CalendarEffects(Result):
    """Effects of kinds of day on daily counts, as :func:`calendar_effects` gives them.

    Attributes
    ----------
    effects : DataFrame
        One row per group and kind of day: ``level`` (with ``lpts=``), the columns of ``by``,
        ``effect`` (the kind), ``ratio`` (incidents over those of an ordinary day of the same
        weekday, season and level; LPTs drawn towards their mean) with ``low`` and ``high`` (95%
        interval), ``own_ratio``, ``own_low``, ``own_high`` (from the group's own days alone),
        ``p_value`` and ``q_value`` (of the group's own; NaN where not tested), ``class_`` (more,
        fewer, no clear effect, not told), ``days``, ``occasions`` (runs of such days),
        ``incidents`` (on them), ``expected`` (had they been ordinary), ``change`` (ratio − 1; NaN
        under 20 incidents) and ``reason`` (why not told).
    pooled : DataFrame
        Where ``by`` has ``lpt``, one row per kind of day and the rest of ``by``: the mean effect
        over LPTs, ``lpts`` (how many tell it), ``between`` (standard deviation of the log ratio
        from LPT to LPT beyond chance), and as above. Else empty.
    groups : DataFrame
        One row per group: ``days`` (fitted), ``per_day`` (incidents), ``dispersion`` (α of
        variance = mean + α mean²), ``autocorrelation`` (of neighbouring days).
    by : tuple of str
    said : str
        The paragraph that ``text`` returns.
    """

    effects: pd.DataFrame
    pooled: pd.DataFrame
    groups: pd.DataFrame
    by: tuple[str, ...]
    said: str

    @property
    def text(self) -> str:
        """Which kinds of day differ, by how much, and what could not be told."""
        return self.said


def calendar_effects(
    incidents: gpd.GeoDataFrame | pd.DataFrame | CountSeries,
    by: Sequence[str] = ("category",),
    *,
    calendar: pd.DataFrame | str | os.PathLike[str] | None = None,
    lpts: pd.DataFrame | None = None,
    bank_holidays: bool = True,
    correction: str | None = "fdr_bh",
) -> CalendarEffects:
    r"""Tell on which kinds of day there is more or less than on an ordinary day of the season.

    Parameters
    ----------
    incidents : GeoDataFrame, DataFrame or CountSeries
        Dated incidents over at least a year, all categories of the sources; or daily counts, as
        :func:`hotspots.count_series` takes or gives them.
    by : sequence of str
        ``category``, ``lpt``, ``command`` or another column of text; empty for everything
        together.
    calendar : DataFrame or path, optional
        School holidays, events, match days: as :func:`hotspots.read_calendar` takes it. Entries
        with an ``lpt`` count in that LPT's series, so they need ``lpt`` in ``by``.
    lpts : DataFrame, optional
        LPTs with ``command``: with ``lpt`` in ``by``, rows for commands and the force are added.
    bank_holidays : bool
        Whether the bank holidays of England and Wales, and Bonfire Night, count. False for
        records from elsewhere: give your own as ``bank_holiday`` in the calendar.
    correction : {"fdr_bh", "fdr_by", "holm", "bonferroni"} or None
        Correction over all effects and groups tested.

    Returns
    -------
    CalendarEffects

    Raises
    ------
    InputError
        Naming every fault: records known to the month only, a calendar at fault, unknown columns
        of ``by``, an unknown correction.

    Notes
    -----
    Negative binomial regression [1]_ of each group's daily counts,

    .. math:: \log\mu_d = \alpha + f(d) + w_{weekday} + \sum_{k=1}^{2}
        (\gamma_k\cos\frac{2\pi k d}{365.2425} + \delta_k\sin\frac{2\pi k d}{365.2425})
        + \sum_j \beta_j x_{jd}

    f linear, or from two years on a natural spline with two df a year. Kinds: bank holidays and
    their eves (Christmas and New Year apart), 24 to 26 December, 31 December, 1 January, 29 to 31
    October, 1 to 7 November, payday weekends and the kinds of the calendar. Errors allow for days
    that hang together: a sandwich [2]_ in which the autocorrelation (56 lags, flat-top weights)
    is that of all days' residuals, corrected for what fitting takes out of it. The usual sandwich,
    which rests on the residuals of the few days of an effect alone, would be far too sure.

    An effect is told where its kind occurred on two occasions or more, 10 incidents were to be
    expected on its days, and weekday, season, trend and the other kinds leave 5% of its pattern
    unexplained. With ``lpt`` in ``by``, effects of LPTs are drawn towards their mean by the
    variance between LPTs beyond chance [3]_; p-values are those of the LPT's own days.

    An incident counts on the day its interval's middle lies in; those that span over a day are
    left out. Days run from midnight to midnight: the small hours of a night out belong to the next
    day.

    References
    ----------
    .. [1] Lawless (1987), Negative binomial and mixed Poisson regression, Canadian Journal of
       Statistics 15(3), 209-225.
    .. [2] Newey and West (1987), A simple, positive semi-definite, heteroskedasticity and
       autocorrelation consistent covariance matrix, Econometrica 55(3), 703-708.
    .. [3] DerSimonian and Laird (1986), Meta-analysis in clinical trials, Controlled Clinical
       Trials 7(3), 177-188.

    Examples
    --------
    >>> import hotspots as hs
    >>> days = hs.calendar_days("2023-01-01", "2024-12-31")
    >>> counts = days.index.to_frame(name="period_start", index=False)
    >>> counts["incidents"] = 20 + 15 * days["halloween"].to_numpy()
    >>> effects = hs.calendar_effects(counts, by=()).effects
    >>> effects.loc[effects["class_"] != "no clear effect", "effect"].tolist()
    ['halloween']
    """
    counted, entries, wide = _counted(incidents, by, calendar, lpts, bank_holidays, correction)
    panel = counted.panel
    try:
        kinds, marks, single = _marks(counted, entries, bank_holidays)
    except InputError as error:  # years without bank holidays
        raise InputError(_WHAT, error.faults) from None
    fellows = _fellows(panel.keys)
    fit = fit_effects(panel.y, panel.used, panel.start, marks, fellows)
    thin = panel.inside & ~panel.used & ~np.isnan(panel.y)
    lost = (thin[..., None] & (marks > 0)).sum(axis=1)
    areas = panel.base if "lpt" in panel.keys.columns else np.zeros(len(panel.keys), dtype=bool)
    total = np.where(panel.used, np.nan_to_num(panel.y), 0.0).sum(axis=1)
    reason = reasons(fit, total, np.outer(~areas, single), lost)
    effects = effect_table(panel.keys, kinds, fit, reason, correction)
    pooled = pool(effects, panel.keys, kinds, fit, reason, areas, fellows, correction)
    told = {"days": fit.used, "per_day": total / np.maximum(fit.used, 1),
            "dispersion": fit.dispersion, "autocorrelation": fit.together}  # fmt: skip
    groups = panel.keys.assign(**told)
    facts = {
        "total": counted.total, "spanning": counted.spanning, "police": counted.police,
        "wide": wide, "thin": int(thin.any(axis=0).sum()), "correction": correction,
        "first": pd.Timestamp(panel.start[0]), "last": pd.Timestamp(panel.start[-1]),
        "english": bool(bank_holidays), "level": LEVEL, "elsewhere": _elsewhere(panel, entries),
        "known_to": known_to(),
    }  # fmt: skip
    return CalendarEffects(effects, pooled, groups, counted.by, paragraph(effects, pooled, facts))


def _counted(
    incidents: Any, by: Any, calendar: Any, lpts: Any, bank_holidays: Any, correction: Any
) -> tuple[CountSeries, pd.DataFrame | None, int]:
    """Count by day and read the calendar, or name every fault of both."""
    faults = []
    counted = entries = None
    wide = 0
    try:
        incidents, wide = _dated(incidents)
        counted = count_series(incidents, by, "D", lpts=lpts, what=_WHAT)
        faults += [
            f"by names the column {name!r}, which the result has already; rename yours."
            for name in counted.by if name in OWN_COLUMNS
        ]  # fmt: skip
    except InputError as error:
        faults += error.faults
    try:
        entries = None if calendar is None else read_calendar(calendar)
    except InputError as error:
        faults += [f"{error.what}: {fault}" for fault in error.faults]
    if not isinstance(bank_holidays, bool | np.bool_):
        faults.append(f"bank_holidays={bank_holidays!r}; it must be True or False.")
    if correction is not None and correction not in CORRECTIONS:
        named = ", ".join(map(repr, CORRECTIONS))
        faults.append(f"correction={correction!r}; it takes {named} or None.")
    if faults or counted is None:
        raise InputError(_WHAT, faults)
    return counted, entries, wide


def _dated(incidents: Any) -> tuple[Any, int]:
    """Leave out incidents that span over a day, or refuse records that mostly do."""
    if isinstance(incidents, CountSeries) or (
        isinstance(incidents, pd.DataFrame) and "period_start" in incidents.columns
        and "occurred_from" not in incidents.columns
    ):  # fmt: skip
        return incidents, 0
    check_incidents(incidents)
    coarse = precision_codes(incidents) > 1
    if len(coarse) and coarse.mean() > _COARSE:
        raise InputError(_WHAT, [
            f"only {1 - coarse.mean():.0%} of the incidents are known to the day, and kinds of day "
            "cannot be compared by the month; give the force's own dated records."
        ])  # fmt: skip
    return incidents[~coarse], int(coarse.sum())


def _marks(
    counted: CountSeries, entries: pd.DataFrame | None, english: bool
) -> tuple[list[str], NDArray[np.int8], NDArray[np.bool_]]:
    """Mark the days of each kind, for all groups or each; tell which kinds hold for LPTs only."""
    panel = counted.panel
    first, last = (pd.Timestamp(panel.start[i]).date() for i in (0, -1))
    local = [] if entries is None else list(pd.unique(entries.loc[entries["lpt"].notna(), "kind"]))
    names = [None] * len(panel.keys)
    if local and "lpt" in panel.keys.columns:
        names = [name if low else None
                 for name, low in zip(panel.keys["lpt"], panel.base, strict=True)]  # fmt: skip
    found: dict[str | None, pd.DataFrame] = {}
    for name in dict.fromkeys(names):
        days = calendar_days(first, last, entries, name, bank_holidays=english)
        days = days.iloc[:, _YEAR_WEEKDAYS:]
        turn = (days["christmas"] | days["new_year_eve"] | days["new_year_day"]).to_numpy()
        for kind in ("bank_holiday", "bank_holiday_eve"):  # Christmas has effects of its own
            days[kind] = days[kind].to_numpy() * (1 - turn)
        found[name] = days
    kinds = [str(kind) for kind in next(iter(found.values())).columns]
    single = np.isin(kinds, local)
    if len(found) == 1:
        return kinds, next(iter(found.values())).to_numpy()[None], single
    return kinds, np.stack([found[name].to_numpy() for name in names]), single


def _elsewhere(panel: Panel, entries: pd.DataFrame | None) -> list[str]:
    """LPTs of the calendar that the records do not have: slips of the pen, or of another force."""
    if entries is None or "lpt" not in panel.keys.columns:
        return []
    here = set(panel.keys.loc[panel.base, "lpt"])
    return [str(name) for name in entries["lpt"].dropna().unique() if name not in here]


def _fellows(keys: pd.DataFrame) -> NDArray[np.int64]:
    """Code of what a group shares with its fellows: all but the area, level by level."""
    rest = [name for name in keys.columns if name != "lpt"]
    if "lpt" not in keys.columns:
        return np.arange(len(keys), dtype=np.int64)
    if not rest:
        return np.zeros(len(keys), dtype=np.int64)
    return keys.groupby(rest, sort=False).ngroup().to_numpy().astype(np.int64)
