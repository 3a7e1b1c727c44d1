"""The week of a category or team: incidents per exposed hour, with bands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..contracts import ORIGINS, InputError, Result
from ._bins import DAYS
from ._blocks import Blocks, exposed_hours, gather_blocks, recorded_days
from ._clock import DAY, HOUR, Clock
from ._rates import rates
from ._smooth import read_smooth
from ._treatment import (
    RULE,
    Spans,
    check_longest,
    check_times,
    check_tz,
    require_hours,
    treat,
    treatment_table,
    treatment_words,
    twice,
)
from ._words import profile_text

Floats = NDArray[np.float64]
_WEEK = pd.Timedelta(days=7)
_TAKEN = {
    "occurred_from", "occurred_to", "geometry", "hour_of_week", "label", "incidents", "share",
    "exposed_hours", "rate", "low", "high", "left_out", "span_h", "weeks", "per_hour", "peak",
    "peak_rate", "peak_low", "peak_high", "sentence", "group", "of", "hours", "start", "end",
    "lift", "lift_low", "lift_high", "verdict", "cover", "shift", "hours_a_week", "covered",
    "overlapping",
}  # fmt: skip


@dataclass(frozen=True, repr=False)
class WeekProfile(Result):
    """Incidents by hour of the week per group, as :func:`week_profile` gives them.

    Attributes
    ----------
    hours : DataFrame
        168 rows per group: the columns of ``by``, ``hour_of_week`` (0 is Monday 00:00),
        ``label`` ("Mon 00"), ``incidents`` (weights, summed), ``exposed_hours`` (how many such
        hours were recorded), ``rate`` (incidents per exposed hour, smoothed) and its 95% band
        ``low`` to ``high``, hour by hour.
    groups : DataFrame
        One row per group: the columns of ``by``, ``incidents`` (used), ``left_out`` (given but
        not used), ``span_h`` (median length of the spans used, hours), ``weeks``, ``per_hour``
        (mean rate), ``peak`` (label of the busiest hour),
        ``peak_rate`` with ``peak_low`` and ``peak_high``, and the ``sentence``.
    treatment : DataFrame
        What became of the time of each incident: ``rule``, ``incidents``, ``share``, ``used``,
        ``what``. The counts add up to the incidents given, less police-generated ones.
    comparison : DataFrame
        24 rows: ``hour`` and the share of the used incidents in it by ``aoristic`` weights, by
        the start alone (``start_only``) and by the middle of the span (``midpoint``).
    by : tuple of str
    smooth : float, str or None
    bootstraps, seed : int
    blocks : Blocks
        Incidents and exposed hours week by week, from which peaks and shifts are read.
    said : str
        The paragraph that ``text`` returns.
    """

    hours: pd.DataFrame
    groups: pd.DataFrame
    treatment: pd.DataFrame
    comparison: pd.DataFrame
    by: tuple[str, ...]
    smooth: float | str | None
    bootstraps: int
    seed: int
    blocks: Blocks = field(compare=False)
    said: str

    @property
    def text(self) -> str:
        """When it is busiest, what was left out, and how sure that is."""
        return self.said


def week_profile(
    incidents: pd.DataFrame, by: str | Sequence[str] | None = None, *,
    smooth: float | str | None = 1.0, longest: str | pd.Timedelta = "24h",
    tz: str = "Europe/London", bootstraps: int = 1000, seed: int = 0,
    include_police: bool = False,
) -> WeekProfile:  # fmt: skip
    r"""Count incidents per exposed hour of the week, with 95% bands.

    Parameters
    ----------
    incidents : DataFrame
        As :func:`aoristic` takes them; best every category of a source, which tells the months
        that were recorded.
    by : str or sequence of str, optional
        Columns whose combinations are profiled each, as ``"lpt"`` or ``["lpt", "category"]``.
    smooth : float, "harmonic" or None
        Standard deviation in hours of the circular Gaussian, .25 to 6; or a log-linear profile
        with three harmonics of the day and three of the week, for few incidents; or nothing.
    longest : str or Timedelta
        Longest span to use, at most 7 days.
    tz : str
        The zone whose clock the times follow.
    bootstraps : int
        How often weeks are drawn anew, 100 to 10,000.
    seed : int
        Same seed, same bands.
    include_police : bool
        Whether police-generated incidents (``origin`` "police") count. They show when the police
        were there.

    Returns
    -------
    WeekProfile

    Raises
    ------
    InputError
        Naming every fault; or refusing month-only records, and hours from dates alone.

    Notes
    -----
    :math:`r_k = \sum_j K_{k-j} w_j / \sum_j K_{k-j} e_j` with the aoristic weights :math:`w` and
    the exposed hours :math:`e` of the local days from the first to the last start of an incident,
    clock changes counted; months that :func:`~hotspots.contracts.recorded_months` calls missing,
    thin or incomplete are neither exposed nor used.

    The variance of each rate comes from drawing whole weeks anew, so busy weeks and series do
    not make it look surer than it is. Percentiles of such draws would miss the truth far too
    often where an hour has few incidents, so the band is that of Fay and Feuer: gamma quantiles
    with the rate's mean and bootstrap variance, the upper one allowing for half an incident more.
    For "harmonic" the band is normal on the log scale. It is a band of the *smoothed* rate, for
    each hour on its own: of 168 hours eight will lie outside.

    References
    ----------
    Fay M. P. and Feuer E. J. (1997) Confidence intervals for directly standardized rates.
    *Statistics in Medicine* 16, 791–801.
    Tiwari R. C., Clegg L. X. and Zou Z. (2006) Efficient interval estimation for age-adjusted
    cancer rates. *Statistical Methods in Medical Research* 15, 547–569.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=6)
    >>> asb = county.incidents.query("category == 'Anti-social behaviour'")
    >>> profile = hs.week_profile(asb, bootstraps=200)
    >>> profile.groups["peak"].tolist()
    ['Sat 20']
    """
    columns, width, length = _check(
        incidents, by, smooth, longest, tz, bootstraps, seed, include_police
    )
    police = np.zeros(len(incidents), dtype=bool)
    if "origin" in incidents.columns and not include_police:
        police = (incidents["origin"] == "police").to_numpy(dtype=bool, na_value=False)
        if police.all():
            raise InputError("week_profile", [
                "every incident is police-generated; include_police=True counts them."
            ])  # fmt: skip
    days, months = recorded_days(incidents)
    kept = incidents[~police]
    spans = treat(kept, tz, length)
    require_hours(spans, "week_profile", daily=False)
    spans = _within(spans, days)
    if not spans.used.any():
        raise InputError("week_profile", [_nothing(spans)])
    day_range = days * DAY
    clock = Clock.over(tz, int(day_range.min()), int(day_range.max()) + DAY)
    week, exposed = exposed_hours(clock, days)
    if width == "harmonic" and (exposed.sum(axis=0) == 0).any():
        raise InputError("week_profile", [
            f"smooth='harmonic' needs every hour of the week recorded; {len(days)} days do not "
            "hold them all: use smooth=1.0."
        ])  # fmt: skip
    group, keys = _groups(kept, columns)
    blocks = gather_blocks(spans, np.flatnonzero(spans.used), group, len(keys), week, exposed)
    hours, groups, stands_out = _tables(blocks, keys, width, bootstraps, seed)
    given = np.bincount(group, minlength=len(keys))
    used = np.bincount(group[spans.used], minlength=len(keys))
    groups["incidents"], groups["left_out"] = used, given - used
    groups["span_h"] = _median_span(spans, group, len(keys))
    said, groups["sentence"] = profile_text(groups, columns, stands_out, {
        "given": len(incidents), "police": int(police.sum()), "used": int(spans.used.sum()),
        "times": treatment_words(spans, length), "months": months, "weeks": len(week),
        "hours": exposed.sum(), "days": days, "smooth": width,
        "counted_police": _police_counted(incidents, include_police),
    })  # fmt: skip
    return WeekProfile(
        hours, groups.astype({"sentence": "str"}), treatment_table(spans.rule),
        _comparison(spans, blocks), columns, width, bootstraps, seed, blocks, said,
    )  # fmt: skip


def _check(
    incidents: Any, by: Any, smooth: Any, longest: Any, tz: Any, bootstraps: Any, seed: Any,
    police: Any,
) -> tuple[tuple[str, ...], float | str | None, pd.Timedelta | None]:  # fmt: skip
    """Refuse what cannot be used, every fault at once."""
    faults = check_times(incidents, "a profile") + check_tz(tz)
    columns: tuple[Any, ...] = ()
    if by is not None:
        if isinstance(by, str):
            columns = (by,)
        elif np.iterable(by):
            columns = tuple(by)
        else:
            faults.append(f"by is {by!r}; give a column, as 'lpt', or a list of them, or None.")
    if isinstance(incidents, pd.DataFrame):
        for name in columns:
            if not isinstance(name, str) or name not in incidents.columns:
                have = ", ".join(map(str, incidents.columns))
                faults.append(f"by names {name!r}, which is no column; columns found: {have}.")
            elif name in _TAKEN:
                faults.append(
                    f"by names {name!r}, which the result has for its own; rename the column."
                )
        again = twice(incidents, tuple(name for name in columns if isinstance(name, str)))
        faults += [fault for fault in again if fault not in faults]
        if isinstance(origin := incidents.get("origin"), pd.Series):
            given = set(map(str, origin.dropna().unique()))
            if unknown := sorted(given - set(ORIGINS)):
                faults.append(f"origin holds {', '.join(unknown[:5])}; it takes "
                              f"{', '.join(ORIGINS)}.")  # fmt: skip
    if len(set(map(str, columns))) < len(columns):
        faults.append(f"by repeats a column: {', '.join(map(str, columns))}.")
    width: float | str | None = None
    try:
        width = read_smooth(smooth)
    except ValueError as wrong:
        faults.append(str(wrong))
    length = check_longest(longest, _WEEK)
    if isinstance(length, str):
        faults.append(length)
        length = None
    whole = isinstance(bootstraps, int | np.integer) and not isinstance(bootstraps, bool)
    if not whole or not 100 <= bootstraps <= 10_000:
        faults.append(f"bootstraps is {bootstraps!r}; give a whole number from 100 to 10,000.")
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        faults.append(f"seed is {seed!r}; it must be a whole number of 0 or more.")
    if not isinstance(police, bool | np.bool_):
        faults.append(f"include_police is {police!r}; it must be True or False.")
    if faults:
        raise InputError("week_profile", faults)
    return columns, width, length


def _police_counted(incidents: pd.DataFrame, include: bool) -> int:
    if not include or "origin" not in incidents.columns:
        return 0
    return int((incidents["origin"] == "police").sum())


def _within(spans: Spans, days: NDArray[np.int64]) -> Spans:
    """Leave out what starts on a day that was not recorded."""
    outside = spans.used & ~np.isin(spans.wall_start // DAY, days)
    return replace(spans, rule=np.where(outside, RULE["not recorded"], spans.rule))


def _nothing(spans: Spans) -> str:
    table = treatment_table(spans.rule)
    told = "; ".join(f"{r['incidents']:,} {r['what']}" for r in table.to_dict("records"))
    return f"no incident is left to count: {told}. See longest=, and the records themselves."


def _groups(incidents: pd.DataFrame, by: tuple[str, ...]) -> tuple[NDArray[np.int64], pd.DataFrame]:
    """Give every group a number, in the order of its columns, and list them."""
    if not by:
        return np.zeros(len(incidents), dtype=np.int64), pd.DataFrame(index=range(1))
    named = {}
    for name in by:
        column = incidents[name].astype(object)
        absent = "no LPT" if name == "lpt" else f"no {name}"
        blank = column.isna() | (column.astype(str).str.strip() == "")
        named[name] = column.mask(blank, absent).astype(str).to_numpy(dtype=object)
    code = np.zeros(len(incidents), dtype=np.int64)
    for values in named.values():
        number, names = pd.factorize(values, sort=True)
        code = code * len(names) + number
    _, first, group = np.unique(code, return_index=True, return_inverse=True)
    keys = pd.DataFrame({name: values[first] for name, values in named.items()}, dtype="str")
    return group.astype(np.int64), keys


def _tables(
    blocks: Blocks, keys: pd.DataFrame, smooth: float | str | None, bootstraps: int, seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame, NDArray[np.bool_]]:  # fmt: skip
    """Rates and bands of every group, one row on each, and whether its peak is beyond chance."""
    total, rate, low, high, least = rates(blocks, smooth, bootstraps, seed)
    exposed = blocks.exposed.sum(axis=0)
    labels = [f"{day} {hour:02}" for day in DAYS for hour in range(24)]
    hours = keys.loc[np.repeat(np.arange(len(keys)), 168)].reset_index(drop=True)
    hours = hours.assign(
        hour_of_week=np.tile(np.arange(168), len(keys)),
        label=pd.Series(labels * len(keys), dtype="str"), incidents=total.ravel(),
        exposed_hours=np.tile(exposed, len(keys)), rate=rate.ravel(), low=low.ravel(),
        high=high.ravel(),
    )  # fmt: skip
    some = np.isfinite(rate)
    peak = np.argmax(np.where(some, rate, -1.0), axis=1)
    row = np.arange(len(keys))
    groups = keys.assign(
        incidents=0, left_out=0, span_h=np.nan, weeks=len(blocks.week),
        per_hour=total.sum(axis=1) / exposed.sum(),
        peak=pd.Series([labels[k] for k in peak], dtype="str"), peak_rate=rate[row, peak],
        peak_low=low[row, peak], peak_high=high[row, peak],
    )  # fmt: skip
    return hours, groups, least[row, peak] > groups["per_hour"].to_numpy()


def _median_span(spans: Spans, group: NDArray[np.int64], groups: int) -> Floats:
    """Median length in hours of the spans of each group; NaN of none."""
    used = spans.used
    length = pd.Series((spans.wall_end - spans.wall_start)[used] / HOUR)
    median = length.groupby(group[used]).median()
    return np.asarray(median.reindex(range(groups)), dtype=np.float64)


def _comparison(spans: Spans, blocks: Blocks) -> pd.DataFrame:
    """Show the day by aoristic weights, by the start alone and by the middle."""
    used = spans.used
    start = spans.wall_start[used]
    middle = spans.wall_start[used] + (spans.wall_end - spans.wall_start)[used] // 2
    aoristic = np.asarray(blocks.weights.sum(axis=0)).ravel().reshape(7, 24).sum(axis=0)
    shares = [np.bincount(at % DAY // 3600, minlength=24) / len(start) for at in (start, middle)]
    return pd.DataFrame({
        "hour": np.arange(24), "aoristic": aoristic / aoristic.sum(), "start_only": shares[0],
        "midpoint": shares[1],
    })  # fmt: skip
