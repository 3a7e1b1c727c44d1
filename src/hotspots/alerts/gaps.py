"""Rare events: how long between them, how long since the last, how many in any short while."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..chance.exact import scan_p
from ..contracts import InputError, Result, check_incidents
from ..support import data_support
from ._words import counted, named

if TYPE_CHECKING:
    import geopandas as gpd

Floats = NDArray[np.float64]

FEWEST = 5
"""Events of a group under which nothing is said of its gaps."""

RARE = 52.0
"""Events a year from which counts per week say more than gaps."""

_YEAR = 365.25
_SHOWN = 6


@dataclass(frozen=True, repr=False)
class EventGaps(Result):
    """Days between rare events, as :func:`event_gaps` gives them.

    Attributes
    ----------
    gaps : DataFrame
        One row per event after a group's first: the columns of ``by``, ``when``, ``previous``,
        ``days`` between them (middle to middle), ``p_short`` and ``p_long`` (chance of so short
        or shorter, so long or longer) and ``verdict`` (soon after, long quiet, usual, too few).
    groups : DataFrame
        One row per group: ``events``, ``per_year``, ``last``, ``quiet_days`` (since the last),
        ``p_quiet`` (chance of so long a quiet), ``verdict`` (long quiet, usual, too few, not
        rare) and ``sentence``.
    windows : DataFrame
        One row per group and window: ``window_days``, ``events`` (most in any window of that
        length), ``start`` (its first event), ``expected`` (in a window, on average) and
        ``p_value`` (chance of so many in some window, wherever it begins).
    level : float
    said : str
        The paragraph that ``text`` returns.
    """

    gaps: pd.DataFrame
    groups: pd.DataFrame
    windows: pd.DataFrame
    level: float
    said: str

    @property
    def text(self) -> str:
        """Clusters and long quiets, beside how many chance would show."""
        return self.said


def event_gaps(
    incidents: gpd.GeoDataFrame,
    by: Sequence[str] = (),
    *,
    now: str | pd.Timestamp | None = None,
    windows: Sequence[int] = (7, 28),
    level: float = 0.01,
    include_police: bool = False,
) -> EventGaps:
    r"""Chart the days between rare events: too soon after each other, or quiet for long.

    Parameters
    ----------
    incidents : GeoDataFrame
        Incidents of a rare kind with dates, under about one a week in a group.
    by : sequence of str
        Columns of text that name a group; empty for all together.
    now : date, optional
        End of the records; the end of the last incident's day when absent.
    windows : sequence of int
        Days of the windows searched for clusters.
    level : float
        Chance under which a gap, a quiet or a window stands out.
    include_police : bool
        Whether police-generated incidents (``origin`` "police") count.

    Returns
    -------
    EventGaps

    Raises
    ------
    InputError
        For month-only records, or arguments that cannot be used.

    Notes
    -----
    At a known rate :math:`\lambda` a gap is :math:`g` or shorter with chance
    :math:`1 - e^{-\lambda g}`. The rate comes from the same :math:`m` gaps, together :math:`T`
    days, so the exact chance :math:`1 - (1 - g/T)^{m-1}` is used, which tends to it. The quiet
    since the last event is compared likewise, :math:`(1 + q/T)^{-m}`. A time known to an
    interval counts against a finding: the longest gap it may have been for "soon after", the
    shortest for "long quiet". Windows are judged by :func:`scan_p`.

    References
    ----------
    Benneyan J. C. (2001) Number-between g-type statistical quality control charts for monitoring
    adverse events. *Health Care Management Science* 4, 305–318.
    Naus J. I. (1982) Approximations for distributions of scan statistics. *Journal of the American
    Statistical Association* 77, 177–183.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=12)
    >>> robberies = county.incidents.query("category == 'Robbery' and lpt == 'Fennimore'")
    >>> hs.event_gaps(robberies).groups["verdict"].tolist()
    ['usual']
    """
    frame, end, police = _check(incidents, by, now, windows, level, include_police)
    keys = [by] if isinstance(by, str) else list(dict.fromkeys(by))
    group, named = _groups(frame, keys)
    start = frame["occurred_from"].to_numpy().astype("datetime64[s]").astype(np.int64) / 86400
    stop = frame["occurred_to"].to_numpy().astype("datetime64[s]").astype(np.int64) / 86400
    middle = (start + stop) / 2
    order = np.lexsort((stop, start, middle, group))
    group, start, stop, middle = group[order], start[order], stop[order], middle[order]
    events = np.bincount(group, minlength=len(named))
    ends = np.cumsum(events) - 1
    until = end.astype("datetime64[s]").astype(np.int64) / 86400
    gaps = _gaps(named, group, (start, stop, middle), events, ends, level)
    groups = _quiet(named, middle, stop, (events, ends, until), level)
    table = _windows(named, group, middle, events, [int(w) for w in windows])
    groups["sentence"] = pd.array(
        [_sentence(row, keys) for row in groups.to_dict("records")], dtype="str"
    )
    return EventGaps(gaps, groups, table, float(level),
                     _said(gaps, groups, table, keys, float(level), police))  # fmt: skip


def _check(
    incidents: Any, by: Any, now: Any, windows: Any, level: Any, include_police: Any
) -> tuple[Any, np.datetime64, int]:
    frame: Any = check_incidents(incidents)
    faults = []
    names = [by] if isinstance(by, str) else list(by) if np.iterable(by) else None
    columns = list(frame.columns)
    if names is None:
        faults.append(f"by is {by!r}; give columns in a list, or () for all together.")
    faults += [f"by holds {name!r}, which is no column of the incidents."
               for name in names or [] if name not in columns]  # fmt: skip
    if len(frame) == 0:
        faults.append("there are no incidents; a gap needs two.")
    number = isinstance(level, int | float | np.number) and not isinstance(level, bool)
    if not number or not 0 < level < 0.5:
        faults.append(f"level is {level!r}; it must be a chance over 0 and under .5, as .01.")
    if not np.iterable(windows) or isinstance(windows, str) or not all(
        isinstance(w, int | np.integer) and not isinstance(w, bool) and w >= 1 for w in windows
    ):  # fmt: skip
        faults.append(f"windows is {windows!r}; give whole days, at least 1, as (7, 28).")
    if not isinstance(include_police, bool | np.bool_):
        faults.append(f"include_police is {include_police!r}; it must be True or False.")
    last: Any = None
    if now is not None:
        try:
            last = pd.Timestamp(now)
        except (TypeError, ValueError):
            last = None
        if pd.isna(last) or last.tzinfo is not None:
            faults.append(f"now is {now!r}; give a local date without a time zone.")
        elif len(frame) and last < frame["occurred_from"].max():
            faults.append(
                f"now is {now!r}, before the last incident ({frame['occurred_from'].max()}); "
                "leave later incidents out, or give a later date."
            )
    if faults:
        raise InputError("event_gaps", faults)
    data_support(frame).require("weekly periods", "event_gaps")
    police = 0
    if "origin" in frame.columns and not include_police:
        found = (frame["origin"] == "police").to_numpy(dtype=bool, na_value=False)
        police = int(found.sum())
        if police == len(frame):
            raise InputError("event_gaps", [
                "every incident is police-generated; give include_police=True to count them."
            ])  # fmt: skip
        frame = frame[~found]
    if now is None:
        last = frame["occurred_to"].max().normalize() + pd.Timedelta(days=1)
    return frame, np.datetime64(last, "s"), police


def _groups(frame: pd.DataFrame, keys: list[str]) -> tuple[NDArray[np.int64], pd.DataFrame]:
    if not keys:
        return np.zeros(len(frame), dtype=np.int64), pd.DataFrame(index=range(1))
    text = pd.DataFrame({
        name: frame[name].astype(object).where(frame[name].notna(), f"no {name}").astype(str)
        for name in keys
    })  # fmt: skip
    grouped = text.groupby(keys, sort=True)
    code = grouped.ngroup().to_numpy().astype(np.int64)
    named = text.iloc[np.unique(code, return_index=True)[1]].reset_index(drop=True).astype("str")
    return code, named


def _days(values: Floats) -> NDArray[np.datetime64]:
    when: NDArray[np.datetime64] = np.round(values * 86400).astype("datetime64[s]")
    return when


def _gaps(
    named: pd.DataFrame, group: NDArray[np.int64], times: tuple[Floats, Floats, Floats],
    events: NDArray[np.int64], ends: NDArray[np.int64], level: float,
) -> pd.DataFrame:  # fmt: skip
    """Every gap with the chance of one so short and so long."""
    start, stop, middle = times
    at = np.flatnonzero(np.diff(group) == 0) + 1
    mine = group[at]
    whole = np.maximum(middle[ends] - middle[ends - events + 1], 1e-9)
    m = events[mine] - 1.0
    longest = np.maximum(stop[at] - start[at - 1], 0.0)
    shortest = np.maximum(start[at] - stop[at - 1], 0.0)
    share = np.clip(np.stack([longest, shortest]) / whole[mine], 0.0, 1.0)
    rest = (1 - share) ** np.maximum(m - 1, 0)
    enough = ((events >= FEWEST) & (middle[ends] > middle[ends - events + 1]))[mine]
    p_short = np.where(enough, 1 - rest[0], np.nan)
    p_long = np.where(enough, rest[1], np.nan)
    verdict = np.select([~enough, p_short < level, p_long < level],
                        ["too few", "soon after", "long quiet"], "usual")  # fmt: skip
    return named.iloc[mine].reset_index(drop=True).assign(
        when=_days(middle[at]), previous=_days(middle[at - 1]), days=middle[at] - middle[at - 1],
        p_short=p_short, p_long=p_long, verdict=pd.array(verdict.astype(object), dtype="str"),
    )  # fmt: skip


def _quiet(
    named: pd.DataFrame, middle: Floats, stop: Floats,
    told: tuple[NDArray[np.int64], NDArray[np.int64], float], level: float,
) -> pd.DataFrame:  # fmt: skip
    """Each group's rate, and the quiet since its last event."""
    events, ends, until = told
    first, last = middle[ends - events + 1], middle[ends]
    whole = last - first
    quiet = np.maximum(until - np.maximum(stop[ends], last), 0.0)
    enough = (events >= FEWEST) & (whole > 0)
    still = (1 + quiet / np.where(whole > 0, whole, 1.0)) ** (1.0 - events)
    p = np.where(enough, still, np.nan)
    span = np.maximum(until - first, 1.0)
    per_year = events / span * _YEAR
    verdict = np.select([~enough, p < level, per_year > RARE],
                        ["too few", "long quiet", "not rare"], "usual")  # fmt: skip
    return named.assign(
        events=events, per_year=per_year, last=_days(last), quiet_days=quiet, p_quiet=p,
        verdict=pd.array(verdict.astype(object), dtype="str"),
    )  # fmt: skip


def _windows(
    named: pd.DataFrame, group: NDArray[np.int64], middle: Floats, events: NDArray[np.int64],
    windows: list[int],
) -> pd.DataFrame:  # fmt: skip
    """Fullest window of each length per group, and the chance of one so full."""
    apart = middle - middle.min()
    step = float(apart.max()) + max(windows, default=0) + 1
    line = apart + group * step  # groups one after the other, too far apart to share a window
    ends = np.cumsum(events) - 1
    span = middle[ends] - middle[ends - events + 1]
    parts = []
    for days in windows:
        held = np.searchsorted(line, line + days, side="left") - np.arange(len(line))
        order = np.lexsort((np.arange(len(line)), -held, group))
        best = order[np.r_[0, np.flatnonzero(np.diff(group[order])) + 1]]
        number, whole = held[best], np.maximum(span / days, 2.0)
        expected = events / whole
        able = (events >= FEWEST) & (span >= 2 * days)
        p = np.array([
            scan_p(int(k), float(mean), float(n)) if ok else np.nan
            for k, mean, n, ok in zip(number, expected, whole, able, strict=True)
        ])  # fmt: skip
        parts.append(named.assign(
            window_days=days, events=number, start=_days(middle[best]),
            expected=np.where(able, expected, np.nan), p_value=p,
        ))  # fmt: skip
    columns = [*named.columns, "window_days", "events", "start", "expected", "p_value"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def _who(row: Any, keys: list[str]) -> str:
    return ", ".join(str(row[name]) for name in keys) or "All events"


def _sentence(row: Any, keys: list[str]) -> str:
    said = f"{_who(row, keys)}: {counted(row['events'], 'event')}"
    if row["verdict"] == "too few":
        why = "too few" if row["events"] < FEWEST else "all at one time, too little"
        return f"{said}, {why} to say anything of the gaps."
    rate = f"{row['per_year']:.1f}" if row["per_year"] < 10 else f"{row['per_year']:,.0f}"
    said += f", about {rate} a year; the last {counted(round(row['quiet_days']), 'day')} ago"
    if row["verdict"] == "long quiet":
        return f"{said}: quiet for unusually long (chance {_share(row['p_quiet'])})."
    if row["verdict"] == "not rare":
        return f"{said}; not rare, so counts per week say more (find_alerts)."
    return f"{said}, which is usual."


def _share(p: float) -> str:
    return f"{p:.1%}" if p >= 0.001 else "under 0.1%"


def _about(number: float) -> str:
    return f"{number:.1f}" if number >= 0.1 else f"{number:.2f}"


def _said(
    gaps: pd.DataFrame, groups: pd.DataFrame, windows: pd.DataFrame, keys: list[str],
    level: float, police: int,
) -> str:  # fmt: skip
    tested = gaps[gaps["verdict"] != "too few"]
    soon, quiet = (tested[tested["verdict"] == way] for way in ("soon after", "long quiet"))
    by_chance = level * len(tested)
    lines = [
        f"{counted(int(groups['events'].sum()), 'event')} in {counted(len(groups), 'series')}: "
        f"of {counted(len(tested), 'gap')}, {len(soon) or 'none'} unusually short and "
        f"{len(quiet) or 'none'} unusually long; chance alone would make up to {_about(by_chance)} "
        "of each."
    ]
    if len(groups) == 1 and len(groups["sentence"]):
        lines.append(groups["sentence"].iloc[0])
    else:
        still = groups[groups["verdict"] == "long quiet"].sort_values("p_quiet", kind="stable")
        able = int((groups["p_quiet"].notna()).sum())
        lines.append(f"{len(still) or 'None'} of {counted(able, 'series')} "
                     f"{'is' if len(still) == 1 else 'are'} quiet for unusually long now (up to "
                     f"{_about(level * able)} by chance).")  # fmt: skip
        lines += [f"- {s}" for s in still["sentence"].head(_SHOWN)]
    full = windows[windows["p_value"] < level].sort_values("p_value", kind="stable")
    able = int(windows["p_value"].notna().sum())
    if able:
        days = " or ".join(f"{d:,}" for d in sorted(set(windows["window_days"])))
        one = "holds" if len(full) == 1 else "hold"
        lines.append(f"{len(full) or 'None'} of the {able:,} fullest windows of {days} days {one} "
                     f"more than chance would put into any (up to {_about(level * able)} by "
                     "chance).")  # fmt: skip
    enough = np.tile(groups["events"] >= FEWEST, len(windows) // max(len(groups), 1))
    if short := int((windows["p_value"].isna() & enough).sum()):
        lines.append(f"{counted(short, 'window')} not searched: longer than half the time from the "
                     "first event to the last.")  # fmt: skip
    lines += [
        f"- {_who(row, keys)}: {row['events']} within {counted(row['window_days'], 'day')} from "
        f"{named(row['start'], 'D')} ({row['expected']:.1f} usual; chance "
        f"{_share(row['p_value'])})."
        for row in full.head(_SHOWN).to_dict("records")
    ]  # fmt: skip
    few = int((groups["verdict"] == "too few").sum())
    if few:
        lines.append(f"{counted(few, 'series')} with under {FEWEST} events, or all at one time: "
                     "nothing said.")  # fmt: skip
    if police:
        lines.append(f"{counted(police, 'police-generated incident')} left out; "
                     "include_police=True keeps them.")  # fmt: skip
    return "\n".join(lines)
