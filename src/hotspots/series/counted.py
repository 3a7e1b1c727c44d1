"""Count incidents per group and period, with every period there and gaps told from zeros."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import LPTS, InputError, Result, check_incidents, check_table
from .given import read_counts
from .panel import Panel
from .periods import FREQ, count_groups, find_periods, labels, nowhere, place

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

_OWN = ("level", "period_start", "incidents", "status", "days", "adjusted")
FORCE = "Force"
"""Name in column ``lpt`` of the level above the commands."""

_LONGEST = {"MS": 31, "W-MON": 7, "D": 1}  # days a time may span and still belong to a period


@dataclass(frozen=True, repr=False)
class CountSeries(Result):
    """Counts per group and period, as :func:`count_series` gives them.

    Attributes
    ----------
    series : DataFrame
        One row per group and period: ``level`` (lpt, command or force; only with ``lpts=``), the
        columns of ``by``, ``period_start``, ``incidents`` (NaN when missing), ``status`` (present,
        thin, missing), ``days`` and ``adjusted`` (incidents per standard month of 30.4375 days,
        per week or per day; NaN unless present).
    periods : DataFrame
        One row per source and period, also those left out at the edges (``status`` incomplete).
        Its ``incidents`` add up to the incidents given.
    by : tuple of str
        Columns that name a group.
    freq : str
        "MS", "W-MON" or "D".
    panel : Panel
        The same counts as arrays, groups by periods.
    total, spanning, police : int
        Incidents given; those whose interval reaches over the end of a period; those that police
        activity found.
    """

    series: pd.DataFrame
    periods: pd.DataFrame
    by: tuple[str, ...]
    freq: str
    panel: Panel
    total: int
    spanning: int
    police: int

    @cached_property
    def keys(self) -> list[str]:
        """Columns that name a row's group: ``level`` where there is one, and ``by``."""
        return list(self.panel.keys.columns)

    @property
    def text(self) -> str:
        """What was counted."""
        name, panel = FREQ[self.freq][2], self.panel
        if not len(panel.start):
            return f"{self.total:,} incidents; no {name} is wholly recorded."
        missing = int((self.periods["status"] == "missing").sum())
        unit = name if missing == 1 else f"{name}s"
        gaps = f"; {missing:,} {unit} not recorded, left as gaps" if missing else ""
        first, last = (_named(panel.start[at], self.freq) for at in (0, -1))
        return (
            f"{self.total:,} incidents in {len(panel.keys):,} series by {name}, {first} to "
            f"{last}{gaps}."
        )


def _named(start: np.datetime64, freq: str) -> str:
    """Name a period as people do: a month, a week by its Monday, a day."""
    day = pd.Timestamp(start)
    if freq == "MS":
        return f"{day:%B %Y}"
    return f"{'the week from ' if freq == 'W-MON' else ''}{day.day} {day:%B %Y}"


def count_series(
    incidents: gpd.GeoDataFrame | pd.DataFrame | CountSeries,
    by: Sequence[str] = ("lpt",),
    freq: str = "MS",
    *,
    lpts: pd.DataFrame | None = None,
    what: str = "count_series",
) -> CountSeries:
    """Count incidents per group and period: every period is there, and no gap is read as zero.

    Parameters
    ----------
    incidents : GeoDataFrame, DataFrame or CountSeries
        Incidents, all categories of the sources in question: a period without a single row of a
        source counts as not recorded, so a rare category on its own would lose its true zeros.
        Or a table of counts with ``period_start``, ``incidents`` (NaN: not recorded), the columns
        of ``by`` and, where known, ``status``. A CountSeries is returned as it is, and refused
        where ``by`` or ``freq`` ask for something else.
    by : sequence of str
        ``lpt``, ``category``, ``command`` or any other column of text; empty for everything
        together. A group is a combination that occurs at least once.
    freq : {"MS", "W-MON", "D"}
        Calendar months, weeks from Monday, or days.
    lpts : DataFrame, optional
        LPTs with ``command``. Rows for each command and for the force are then added, to which
        the LPTs add up exactly; column ``level`` tells them apart.
    what : str
        Who asks, for the error.

    Returns
    -------
    CountSeries

    Raises
    ------
    InputError
        Naming every fault: a table that breaks its contract, unknown columns or frequency, times
        known too coarsely, no period wholly recorded.

    Notes
    -----
    An incident belongs to the period its interval's midpoint falls in, so a month-only row
    belongs to its month. In a recorded period a group without incidents has a true zero. A period
    under .4 times the usual is *thin*. A first or last period that dated records only partly
    cover is left out and counted in ``periods``.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=4)
    >>> counted = hs.count_series(county.incidents, by=["lpt"], lpts=county.lpts)
    >>> counted.series.groupby("level")["incidents"].sum().nunique()
    1
    """
    if isinstance(incidents, CountSeries):
        return _again(incidents, by, freq, lpts, what)
    by, faults = _asked(by, freq)
    if lpts is not None and "lpt" not in by:
        lpts = None  # there is no hierarchy to build without the LPTs in it
    if lpts is not None:
        faults += _without_command(lpts)
    have = incidents.columns if isinstance(incidents, pd.DataFrame) else ()
    if "period_start" in have and "occurred_from" not in have:
        return _from_counts(incidents, by, freq, lpts, faults, what)
    check_incidents(incidents, what if what != "count_series" else "incidents")
    faults += _unusable(incidents, by, freq)
    if faults:
        raise InputError(what, faults)
    return _from_incidents(incidents, by, freq, lpts, what)


def _asked(by: Any, freq: Any) -> tuple[tuple[str, ...], list[str]]:
    faults = []
    if by is None or not np.iterable(by):
        faults.append(f"by is {by!r}; give columns in a list, as ['lpt'], or () for everything.")
        by = ()
    by = (by,) if isinstance(by, str) else tuple(by)
    if odd := [name for name in by if not isinstance(name, str)]:
        faults.append(f"by holds {odd[0]!r}; it takes names of columns, as ['lpt'].")
        by = tuple(name for name in by if isinstance(name, str))
    if not isinstance(freq, str) or freq not in FREQ:
        faults.append(
            f"freq is {freq!r}; it takes 'MS' (months), 'W-MON' (weeks from Monday) or 'D' (days)."
        )
    if own := [name for name in by if name in _OWN]:
        faults.append(f"by holds {own[0]!r}, which the series has already; rename your column.")
    if any(by.count(name) > 1 for name in by):
        faults.append(f"by repeats a column: {', '.join(map(str, by))}.")
    return by, faults


def _again(counted: CountSeries, by: Any, freq: Any, lpts: Any, what: str) -> CountSeries:
    """Return counts made before, where they are what is asked for: nothing is passed off."""
    asked, faults = _asked(by, freq)
    have = f"by={list(counted.by)} and freq={counted.freq!r}"
    if not faults and (sorted(asked), freq) != (sorted(counted.by), counted.freq):
        faults.append(
            f"the counts given are {have}, not by={list(asked)} and freq={freq!r} as asked (or "
            f"left at its default); say {have}, or count anew."
        )
    if lpts is not None and "lpt" in counted.by:
        faults += _without_command(lpts)
        if "level" not in counted.keys:
            faults.append(
                "lpts asks for commands and the force, which the counts given do not have; count "
                "anew with lpts=..., or leave lpts out."
            )
    if faults:
        raise InputError(what, faults)
    return counted


def _without_command(lpts: Any) -> list[str]:
    try:
        check_table(lpts, LPTS)
    except InputError as error:
        return [f"{error.what}: {fault}" for fault in error.faults]
    if "command" not in lpts.columns or lpts["command"].isna().any():
        return ["lpts has no command for every LPT; add the column 'command', or leave lpts out."]
    if FORCE in lpts.index:
        return [f"an LPT is called {FORCE!r}, the name of the level above the commands; rename it."]
    return []


def _unusable(incidents: gpd.GeoDataFrame, by: tuple[str, ...], freq: Any) -> list[str]:
    """Say what of the question the incidents cannot answer."""
    faults = []
    for name in by:
        if name not in incidents.columns:
            faults.append(
                f"by asks for {name!r}, but the incidents have no such column; read them with "
                "lpts=..., or use by=() for everything together."
                if name in ("lpt", "command")
                else f"by holds {name!r}, which is no column of the incidents; it takes lpt, "
                "category, command or any column of text, or () for everything."
            )
        elif name in ("geometry", "occurred_from", "occurred_to", "recorded_at", "harm"):
            faults.append(f"by holds {name!r}, which names no group; use a column of text.")
    if len(incidents) == 0:
        faults.append("there are no incidents; a series needs at least one.")
    elif isinstance(freq, str) and freq in _LONGEST:
        faults += _too_coarse(incidents, freq)
    return faults


def _too_coarse(incidents: gpd.GeoDataFrame, freq: str) -> list[str]:
    """Say why times are too coarse for the period, or nothing where they are fine enough."""
    longest = _LONGEST[freq]
    wide = incidents["occurred_to"] - incidents["occurred_from"] > pd.Timedelta(days=longest)
    if wide.mean() <= 0.1:
        return []
    known = "known no closer than several months" if freq == "MS" else "month-only"
    if freq != "MS" and (incidents["occurred_to"] - incidents["occurred_from"]).median() < (
        pd.Timedelta(days=27)
    ):
        known = "known too coarsely"
    remedy = "use freq='MS'" if freq != "MS" else "leave such rows out, or give finer times"
    span = f"more than {longest} day{'' if longest == 1 else 's'}"
    return [
        f"freq={freq!r} needs times known to the {FREQ[freq][2]}, but {wide.mean():.0%} of the "
        f"incidents span {span} ({known}); {remedy}."
    ]


def _levels(
    by: tuple[str, ...], groups: list[tuple[NDArray[Any], list[str]]], lpts: pd.DataFrame | None
) -> list[tuple[str, list[tuple[NDArray[Any], list[str]]]]]:
    """Return the codes and names of every key, level by level."""
    if lpts is None:
        return [("", groups)]
    at = by.index("lpt")
    codes, names = groups[at]
    command = lpts["command"].to_dict()
    above = [str(command.get(name, nowhere("command"))) for name in names]
    of, commands = pd.factorize(np.array(above, dtype=object), sort=True)
    higher = {
        "command": (of[codes], [str(name) for name in commands]),
        "force": (np.zeros(len(codes), dtype=np.int64), [FORCE]),
    }
    found = [("lpt", groups)]
    for level, key in higher.items():
        found.append((level, [*groups[:at], key, *groups[at + 1 :]]))
    return found


def _from_incidents(
    incidents: gpd.GeoDataFrame, by: tuple[str, ...], freq: str, lpts: pd.DataFrame | None,
    what: str,
) -> CountSeries:  # fmt: skip
    number, spanning = place(incidents, freq)
    sources = labels(incidents, "source", "unknown")
    periods = find_periods(incidents, number, sources, freq)
    if not periods["status"].isin(["present", "thin"]).any():
        raise InputError(what, [_nothing_whole(incidents, freq)])
    groups = [labels(incidents, name, nowhere(name)) for name in by]
    keys, counts, statuses = [], [], []
    for level, coded in _levels(by, groups, lpts):
        called, y, status, edges = count_groups(number, sources, coded, periods, freq)
        key = pd.DataFrame(dict(zip(by, called, strict=True)), index=range(len(y))).astype("str")
        if level:
            key.insert(0, "level", pd.Series(level, key.index, dtype="str"))
        keys.append(key)
        counts.append(y)
        statuses.append(status)
    police = 0
    if "origin" in incidents.columns:
        police = int((incidents["origin"] == "police").sum())
    return _assemble(
        pd.concat(keys, ignore_index=True), np.concatenate(counts), np.concatenate(statuses),
        edges, periods, by, freq, (len(incidents), spanning, police),
    )  # fmt: skip


def _from_counts(
    table: pd.DataFrame, by: tuple[str, ...], freq: str, lpts: pd.DataFrame | None,
    faults: list[str], what: str,
) -> CountSeries:  # fmt: skip
    key, y, status, edges = read_counts(table, by, freq, faults, what)
    keys, counts, statuses = [key], [y], [status]
    if lpts is not None:
        key.insert(0, "level", pd.Series("lpt", key.index, dtype="str"))
        command = lpts["command"].to_dict()
        above = [str(command.get(name, nowhere("command"))) for name in key["lpt"]]
        for level, names in (("command", above), ("force", [FORCE] * len(key))):
            higher = key.assign(level=level, lpt=names)
            code = higher.groupby(list(higher.columns), sort=True).ngroup().to_numpy()
            n = int(code.max()) + 1
            first = np.unique(code, return_index=True)[1]
            total, lost = np.zeros((n, y.shape[1])), np.zeros((n, y.shape[1]))
            np.add.at(total, code, np.nan_to_num(y))
            np.add.at(lost, code, (status == "missing") | (status == ""))
            partly = np.zeros((n, y.shape[1]))
            np.add.at(partly, code, status == "thin")
            size = np.bincount(code)[:, None]
            joined = np.where((lost > 0) | (partly > 0), "thin", "present").astype(object)
            joined[lost == size] = "missing"
            total[lost == size] = np.nan
            keys.append(higher.iloc[first].reset_index(drop=True).astype("str"))
            counts.append(total)
            statuses.append(joined)
    whole = np.nansum(y, axis=0)
    some = (status != "missing") & (status != "")
    periods = pd.DataFrame({
        "source": pd.Series("all", range(len(whole)), dtype="str"), "period_start": edges[:-1],
        "incidents": whole.astype(np.int64),
        "status": pd.Series(np.where(some.any(axis=0), "present", "missing"), dtype="str"),
    })  # fmt: skip
    return _assemble(
        pd.concat(keys, ignore_index=True), np.concatenate(counts), np.concatenate(statuses),
        edges, periods, by, freq, (int(whole.sum()), 0, 0),
    )  # fmt: skip


def _assemble(
    keys: pd.DataFrame, y: NDArray[np.float64], status: NDArray[Any],
    edges: NDArray[np.datetime64], periods: pd.DataFrame, by: tuple[str, ...], freq: str,
    told: tuple[int, int, int],
) -> CountSeries:  # fmt: skip
    inside = np.flatnonzero((status != "").any(axis=0))
    first, end = int(inside[0]), int(inside[-1]) + 1  # edges that no group has are left out
    y, status, edges = y[:, first:end], status[:, first:end], edges[first : end + 1]
    days = np.diff(edges).astype("timedelta64[D]").astype(float)
    y = np.where(status == "", np.nan, y)
    g, t = np.nonzero(status != "")
    frame = keys.iloc[g].reset_index(drop=True)
    frame["period_start"] = edges[:-1][t]
    frame["incidents"] = y[g, t]
    frame["status"] = pd.Series(status[g, t], dtype="str")
    frame["days"] = days[t].astype(np.int64)
    present = status == "present"
    rate = np.where(present, y / days * FREQ[freq][1], np.nan)
    frame["adjusted"] = rate[g, t]
    panel = Panel(keys, edges[:-1], days, y, present, status != "", freq)
    return CountSeries(frame, periods, by, freq, panel, *told)


def _nothing_whole(incidents: gpd.GeoDataFrame, freq: str) -> str:
    first, last = incidents["occurred_from"].min(), incidents["occurred_to"].max()
    return (
        f"the incidents run from {first:%Y-%m-%d} to {last:%Y-%m-%d} and wholly cover no "
        f"{FREQ[freq][2]}; give records that do."
    )
