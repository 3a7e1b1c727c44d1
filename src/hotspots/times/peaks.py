"""Peak windows: the hours that hold most, with an interval that allows for the search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..contracts import InputError, Result
from ._bins import DAYS
from ._blocks import FEW_WEEKS, LEAST
from ._words import peak_text
from .profile import WeekProfile

Floats = NDArray[np.float64]

COVERS = (0.5, 0.8)
"""Shares of all incidents whose smallest window is looked for."""


@dataclass(frozen=True, repr=False)
class PeakWindows(Result):
    """The windows that hold most incidents, as :func:`peak_windows` gives them.

    Attributes
    ----------
    windows : DataFrame
        One row per group and length: the columns of ``by``, ``of`` (day or week), ``hours``,
        ``start`` and ``end`` ("18:00", "Fri 18:00"), ``share`` of the incidents with ``low`` and
        ``high``, ``lift`` (share over that of an even spread) with ``lift_low`` and
        ``lift_high``, and the ``verdict``: reliable peak, no reliable peak, times too blurred,
        too few to say.
    coverage : DataFrame
        The smallest window that holds half and four fifths: ``of``, ``cover``, ``hours``,
        ``start``, ``end``, ``share``.
    groups : DataFrame
        One row per group: the columns of ``by``, ``incidents``, ``span_h`` (median length of
        the spans, hours), ``weeks``, ``verdict`` (the best of its windows) and the ``sentence``.
    by : tuple of str
    said : str
        The paragraph that ``text`` returns.
    """

    windows: pd.DataFrame
    coverage: pd.DataFrame
    groups: pd.DataFrame
    by: tuple[str, ...]
    said: str

    @property
    def text(self) -> str:
        """When most happens, how sure that is, and for which groups nothing can be said."""
        return self.said


def peak_windows(
    profile: WeekProfile, hours: Sequence[int] = (2, 3, 4, 6, 8), *, week: bool = False
) -> PeakWindows:
    r"""Find the hours that hold most incidents, and tell whether that is more than chance.

    Parameters
    ----------
    profile : WeekProfile
        As :func:`week_profile` gives it. Windows are read from its unsmoothed hours.
    hours : sequence of int
        Lengths of the windows, 1 to 23.
    week : bool
        Whether to look in the week too (Friday 18:00 to 22:00), not in the day alone.

    Returns
    -------
    PeakWindows

    Raises
    ------
    InputError
        Naming every fault.

    Notes
    -----
    For each length L the start with the highest share of the rates is taken, round midnight too;
    lift is share / (L / 24), or / (L / 168) of the week.

    The best of 24 starts looks good by chance: looked at as if it had been chosen beforehand it
    would be called a peak far too often. So the interval is *simultaneous*: weeks are drawn anew,
    the largest deviation over all starts and lengths is noted, in standard errors, and its 95%
    quantile is the width of every interval; no standard error is less than that of as many
    independent incidents, and where a window holds all of them the interval begins at Clopper and
    Pearson's :math:`.025^{1/n}`. It holds the true share of whichever window was found. A peak is
    *reliable* when at least 30 incidents in at least 8 weeks bear it and the interval of its lift
    is above 1: where all hours are alike, at most about one group in forty is called so.

    Where half the spans or more are longer than the window (``span_h`` of the profile), it only
    shows where spans overlap, such as the small hours in burglaries found in the morning; the
    interval does not know that. Such windows are called *times too blurred*.

    References
    ----------
    Romano J. P. and Wolf M. (2005) Exact and approximate stepdown methods for multiple hypothesis
    testing. *Journal of the American Statistical Association* 100, 94–108.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=6)
    >>> asb = county.incidents.query("category == 'Anti-social behaviour'")
    >>> peaks = hs.peak_windows(hs.week_profile(asb, bootstraps=200), hours=(4,))
    >>> peaks.windows[["hours", "start", "end", "verdict"]].values.tolist()
    [[4, '18:00', '22:00', 'reliable peak']]
    """
    lengths = _check(profile, hours, week)
    few_weeks = len(profile.blocks.week) < FEW_WEEKS
    draws = np.empty((0, len(profile.blocks.week)))
    if not few_weeks:
        draws = profile.blocks.resample(profile.bootstraps, profile.seed)
    exposed, again = profile.blocks.exposed.sum(axis=0), draws @ profile.blocks.exposed
    used, span = (profile.groups[name].to_numpy() for name in ("incidents", "span_h"))
    rows: list[dict[str, Any]] = []
    covers: list[dict[str, Any]] = []
    for n, weeks in profile.blocks.each(len(draws), "searching windows"):
        total, drawn = weeks.sum(axis=0), draws @ weeks
        for of in ("day", "week") if week else ("day",):
            share = _shares(total, exposed, of)
            found = _search(share, _shares(drawn, again, of), lengths, int(used[n]),
                            np.nan if few_weeks else profile.blocks.widening())  # fmt: skip
            enough = used[n] >= LEAST and not few_weeks
            rows += [{"group": n, "of": of, **_verdict(f, of, enough, span[n])} for f in found]
            covers += [{"group": n, "of": of, **_cover(share, c, of)} for c in COVERS]
    keys = profile.groups[list(profile.by)]
    windows, coverage = (_keyed(table, keys) for table in (rows, covers))
    groups = keys.assign(incidents=used, span_h=span, weeks=len(profile.blocks.week))
    groups["verdict"], groups["sentence"], said = peak_text(groups, windows, coverage, profile.by)
    groups = groups.astype({"verdict": "str", "sentence": "str"})
    drop = [table.drop(columns="group") for table in (windows, coverage)]
    return PeakWindows(drop[0], drop[1], groups, profile.by, said)


def _check(profile: Any, hours: Any, week: Any) -> list[int]:
    faults = []
    if not isinstance(profile, WeekProfile):
        faults.append(
            f"profile is of type {type(profile).__name__}; give what week_profile returns."
        )
    lengths = list(hours) if np.iterable(hours) and not isinstance(hours, str) else [hours]
    whole = [isinstance(n, int | np.integer) and not isinstance(n, bool) for n in lengths]
    if not lengths or not all(whole) or not all(1 <= n <= 23 for n in lengths):
        faults.append(f"hours is {hours!r}; give whole hours from 1 to 23, as (2, 4, 8).")
    if not isinstance(week, bool | np.bool_):
        faults.append(f"week is {week!r}; it must be True or False.")
    if faults:
        raise InputError("peak_windows", faults)
    return sorted({int(n) for n in lengths})


def _shares(counts: Floats, exposed: Floats, of: str) -> Floats:
    """Shares of the rates of each hour, (..., 24) or (..., 168); NaN where nothing was counted."""
    if of == "day":
        counts = counts.reshape(*counts.shape[:-1], 7, 24).sum(axis=-2)
        exposed = exposed.reshape(*exposed.shape[:-1], 7, 24).sum(axis=-2)
    rate = np.divide(counts, exposed, out=np.zeros_like(counts), where=exposed > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        share: Floats = rate / rate.sum(axis=-1, keepdims=True)
    return share


def windowed(share: Floats, length: int) -> Floats:
    """Share of the window of so many hours from each hour on, round the end."""
    upto = np.cumsum(np.concatenate([share, share[..., :length]], axis=-1), axis=-1)
    upto = np.concatenate([np.zeros((*share.shape[:-1], 1)), upto], axis=-1)
    held: Floats = (upto[..., length:] - upto[..., :-length])[..., : share.shape[-1]]
    return held


def _search(
    share: Floats, drawn: Floats, lengths: list[int], incidents: int, widening: float
) -> list[dict[str, Any]]:
    """Best window of each length, with an interval that holds for all starts and lengths."""
    drawn = drawn[~np.isnan(drawn[:, 0])]  # a draw without any incident says nothing
    held = np.stack([windowed(share, length) for length in lengths])
    error, reach = np.full(held.shape, np.nan), np.nan
    if len(drawn) and not np.isnan(share[0]):
        largest = np.zeros(len(drawn))
        for row, length in enumerate(lengths):
            away = windowed(drawn, length) - held[row]
            # few weeks may agree by accident: never surer than as many independent incidents
            sure = np.clip(held[row], 0, 1)  # sums may end a hair beyond
            least = np.sqrt(sure * (1 - sure) / incidents)
            error[row] = np.maximum(widening * away.std(axis=0), least)
            some = error[row] > 1e-9
            if some.any():
                t = widening * np.abs(away[:, some]) / error[row][some]
                largest = np.maximum(largest, t.max(axis=1))
        reach = float(np.quantile(largest, 0.95))
    found = []
    for row, length in enumerate(lengths):
        # of equal shares the earliest start; rounding must not choose
        start = int(np.argmax(np.round(held[row], 12))) if not np.isnan(share[0]) else 0
        best, half = float(held[row, start]), reach * float(error[row, start])
        low, high = max(best - half, 0.0), min(best + half, 1.0)
        if best > 1 - 1e-9:  # nothing varies where everything falls inside; some may yet fall out
            low = min(low, 0.025 ** (1 / incidents))
        found.append({"hours": length, "at": start, "share": best, "low": low, "high": high,
                      "even": length / share.shape[-1]})  # fmt: skip
    return found


def _verdict(found: dict[str, Any], of: str, enough: bool, span: float) -> dict[str, Any]:
    """Name the window and say whether it can be relied on."""
    even, low, high = found.pop("even"), found["low"], found["high"]
    start = found.pop("at")
    if np.isnan(found["share"]):
        low = high = np.nan
    verdict = "too few to say"
    if enough:
        verdict = "reliable peak" if low / even > 1 else "no reliable peak"
        if low / even > 1 and span > found["hours"]:
            verdict = "times too blurred"
    return {
        "hours": found["hours"], "start": _named(start, of),
        "end": _named(start + found["hours"], of),
        "share": found["share"], "low": low, "high": high, "lift": found["share"] / even,
        "lift_low": low / even, "lift_high": high / even, "verdict": verdict,
    }  # fmt: skip


def _cover(share: Floats, cover: float, of: str) -> dict[str, Any]:
    """Smallest window that holds a share of all."""
    told = {"cover": cover, "hours": np.nan, "start": None, "end": None, "share": np.nan}
    if np.isnan(share[0]):
        return told
    for length in range(1, len(share) + 1):
        held = windowed(share, length)
        if held.max() >= cover - 1e-9:
            start = int(np.argmax(np.round(held, 12)))
            return {"cover": cover, "hours": float(length), "start": _named(start, of),
                    "end": _named(start + length, of), "share": float(held[start])}  # fmt: skip
    raise AssertionError("the whole holds everything")


def _named(hour: int, of: str) -> str:
    if of == "day":
        return f"{hour % 24:02}:00"
    return f"{DAYS[hour // 24 % 7]} {hour % 24:02}:00"


def _keyed(rows: list[dict[str, Any]], keys: pd.DataFrame) -> pd.DataFrame:
    """Put the columns of the group before what was found of it."""
    table = pd.DataFrame(rows)
    first = keys.loc[table["group"].to_numpy()].reset_index(drop=True)
    table = pd.concat([first, table], axis=1)
    texts = [c for c in ("of", "start", "end", "verdict") if c in table.columns]
    return table.astype(dict.fromkeys(texts, "str"))
