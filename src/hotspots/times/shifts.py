"""What falls into each shift of the force: staffing moves by the shift, not by the hour."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..contracts import SHIFTS, InputError, Result, check_table
from ._bins import DAYS, minute_of_day
from ._blocks import FEW_WEEKS
from ._words import shift_text
from .profile import WeekProfile

Floats = NDArray[np.float64]

NOBODY = "no shift"
"""Name of the row for the hours that no shift covers."""

_DAY = 1440  # minutes


@dataclass(frozen=True, repr=False)
class ShiftShares(Result):
    """Share of the incidents in each shift, as :func:`shift_shares` gives it.

    Attributes
    ----------
    shares : DataFrame
        One row per group and shift: the columns of ``by``, ``shift`` ("no shift" for the hours
        that none covers), ``hours_a_week``, ``incidents`` (share of those used), ``share`` with
        its 95% interval ``low`` to ``high``, and ``lift`` (share over that of an even spread).
    groups : DataFrame
        One row per group: the columns of ``by``, ``incidents``, ``covered`` and ``overlapping``
        (hours of the week with a shift, and with more than one) and the ``sentence``.
    by : tuple of str
    said : str
        The paragraph that ``text`` returns.
    """

    shares: pd.DataFrame
    groups: pd.DataFrame
    by: tuple[str, ...]
    said: str

    @property
    def text(self) -> str:
        """Which shift has how much, against an even spread over the hours."""
        return self.said


@dataclass(frozen=True)
class _Shift:
    name: str
    lpt: str | None
    cover: Floats  # (168,) share of each hour of the week


def shift_shares(profile: WeekProfile, shifts: pd.DataFrame) -> ShiftShares:
    """Tell which share of the incidents falls into each shift.

    Parameters
    ----------
    profile : WeekProfile
        As :func:`week_profile` gives it; with ``by="lpt"`` each LPT has its own shifts.
    shifts : DataFrame
        The shifts table, as :func:`~hotspots.read_shifts` gives it: ``shift``, ``start``,
        ``end``, and where wanted ``lpt`` and ``days``. Breaks and briefings are not taken off.

    Returns
    -------
    ShiftShares

    Raises
    ------
    InputError
        Naming every fault of the table.

    Notes
    -----
    A shift on Friday from 22:00 to 07:00 holds Saturday's first seven hours. Within an hour
    incidents are taken as even, for shifts that begin at the half. Rows of the same name are one
    shift; an LPT's own rows go before those for every LPT, as in the patrol plan. Where shifts
    overlap, what happens then counts in each, and shares add up to more than 1.

    Interval: weeks drawn anew, then Clopper and Pearson's on the number of incidents that would
    vary as much (Korn and Graubard), which stays honest near 0.

    References
    ----------
    Korn E. L. and Graubard B. I. (1998) Confidence intervals for proportions with small expected
    number of positive counts estimated from survey data. *Survey Methodology* 24, 193–201.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=6)
    >>> asb = county.incidents.query("category == 'Anti-social behaviour'")
    >>> shares = hs.shift_shares(hs.week_profile(asb, bootstraps=200), county.shifts).shares
    >>> shares.set_index("shift")["share"].round(2).to_dict()
    {'early': 0.17, 'late': 0.71, 'night': 0.12}
    """
    parsed = _check(profile, shifts)
    blocks, by = profile.blocks, profile.by
    few = len(blocks.week) < FEW_WEEKS
    draws = np.empty((0, len(blocks.week)))
    if not few:
        draws = blocks.resample(profile.bootstraps, profile.seed)
    exposed, again = blocks.exposed.sum(axis=0), draws @ blocks.exposed
    keys = profile.groups[list(by)]
    used = profile.groups["incidents"].to_numpy()
    tables, about = [], []
    for n, weeks in blocks.each(len(draws), "drawing weeks"):
        lpt = str(keys["lpt"].iloc[n]) if "lpt" in by else None
        mine = _shifts_of(parsed, lpt)
        covers = list(mine.values())
        every = np.sum(covers, axis=0) if covers else np.zeros(168)
        bare = np.maximum(1 - every, 0)
        if bare.sum() > 1e-9:
            mine = {**mine, NOBODY: bare}
        cover = np.stack(list(mine.values()), axis=1)  # (168, shifts)
        share = _share(weeks.sum(axis=0), exposed) @ cover
        drawn = _share(draws @ weeks, again) @ cover
        low, high = _interval(share, drawn, int(used[n]), 0 if few else len(blocks.week))
        held = cover.sum(axis=0)
        tables.append(pd.DataFrame({
            "group": n, "shift": list(mine), "hours_a_week": held, "incidents": share * used[n],
            "share": share, "low": low, "high": high, "lift": share / (held / 168),
        }))  # fmt: skip
        about.append({"covered": 168 - bare.sum(), "overlapping": np.maximum(every - 1, 0).sum()})
    shares = pd.concat(tables, ignore_index=True).astype({"shift": "str"})
    first = keys.loc[shares["group"].to_numpy()].reset_index(drop=True)
    shares = pd.concat([first, shares], axis=1)
    groups = pd.concat([keys.assign(incidents=used), pd.DataFrame(about)], axis=1)
    groups["sentence"], said = shift_text(groups, shares, by)
    return ShiftShares(shares.drop(columns="group"), groups, by, said)


def _check(profile: Any, shifts: Any) -> list[_Shift]:
    """Read the shifts, and refuse every fault at once."""
    faults = []
    if not isinstance(profile, WeekProfile):
        faults.append(
            f"profile is of type {type(profile).__name__}; give what week_profile returns."
        )
    parsed: list[_Shift] = []
    try:
        check_table(shifts, SHIFTS)
        if not len(shifts):
            faults.append("shifts: it holds no rows; give at least one shift.")
        for number, row in enumerate(shifts.to_dict("records"), 1):
            parsed += _parse(row, f"shifts: row {number} ({row['shift']})", faults)
    except InputError as error:
        faults += [f"shifts: {fault}" for fault in error.faults]
    if not faults and "lpt" not in profile.by and all(shift.lpt for shift in parsed):
        faults.append("every shift belongs to one LPT; make the profile with by='lpt'.")
    if faults:
        raise InputError("shift_shares", faults)
    return parsed


def _parse(row: dict[Any, Any], where: str, faults: list[str]) -> list[_Shift]:
    """Turn one row into a shift, or say what is wrong with it."""
    before = len(faults)
    minutes = {}
    for name in ("start", "end"):
        minutes[name] = minute_of_day(row[name])
        if minutes[name] is None:
            faults.append(f"{where}: {name} is {row[name]!r}; write the time as HH:MM, as 14:00.")
    lpt, days = (_blank(row.get(name)) for name in ("lpt", "days"))
    on = _days(days)
    if on is None:
        faults.append(f"{where}: days is {days!r}; write 'Fri Sat' or 'Mon-Fri', or leave blank.")
    if len(faults) > before or on is None:
        return []
    start = (minutes["start"] or 0) % _DAY
    length = ((minutes["end"] or 0) - start) % _DAY or _DAY
    held = np.zeros(7 * _DAY)
    for day in on:
        held[(day * _DAY + start + np.arange(length)) % (7 * _DAY)] = 1.0
    return [_Shift(str(row["shift"]).strip(), lpt, held.reshape(168, 60).mean(axis=1))]


def _blank(value: Any) -> str | None:
    return None if pd.isna(value) else str(value).strip() or None


def _days(text: str | None) -> list[int] | None:
    """Days a shift starts on: 'Fri Sat', 'Mon-Fri', all when blank; None for what is neither."""
    if text is None:
        return list(range(7))
    number = {day.lower(): n for n, day in enumerate(DAYS)}
    found: set[int] = set()
    spaced = re.sub(r"\s*(?:-|–|\bto\b)\s*", "-", text.lower())
    for word in filter(None, re.split(r"[\s,;/&]+", spaced)):
        ends = [number.get(part[:3]) for part in word.split("-")]
        if None in ends or len(ends) > 2:
            return None
        first, last = ends[0] or 0, ends[-1] or 0
        found.update((first + n) % 7 for n in range((last - first) % 7 + 1))
    return sorted(found) or None


def _shifts_of(shifts: list[_Shift], lpt: str | None) -> dict[str, Floats]:
    """Return the hours of each shift of an LPT: its own rows, else those for every LPT."""
    own = {s.name for s in shifts if s.lpt is not None and s.lpt == lpt}
    held: dict[str, Floats] = {}
    for shift in shifts:
        if shift.lpt == (lpt if shift.name in own else None):
            held[shift.name] = np.maximum(held.get(shift.name, 0.0), shift.cover)
    return held


def _share(counts: Floats, exposed: Floats) -> Floats:
    rate = np.divide(counts, exposed, out=np.zeros_like(counts), where=exposed > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        share: Floats = rate / rate.sum(axis=-1, keepdims=True)
    return share


def _interval(share: Floats, drawn: Floats, incidents: int, weeks: int) -> tuple[Floats, Floats]:
    """95% interval of shares (k,) from their draws (draws, k)."""
    from scipy.special import betaincinv, stdtrit

    drawn = drawn[~np.isnan(drawn).any(axis=1)]
    if not weeks or len(drawn) == 0 or np.isnan(share).any():
        return np.full(len(share), np.nan), np.full(len(share), np.nan)
    # a variance from few weeks is itself unsure: Student's quantile over the normal one
    variance = drawn.var(axis=0) * weeks / (weeks - 1) * (stdtrit(weeks - 1, 0.975) / 1.959964) ** 2
    apart = share * (1 - share)
    number = np.where(variance > 1e-15, apart / np.maximum(variance, 1e-15), float(incidents))
    number = np.where(apart > 1e-12, number, float(incidents))
    held = np.clip(share, 0.0, 1.0) * number
    rest = np.maximum(number - held, 0.0)
    low = np.where(held > 1e-9, betaincinv(np.maximum(held, 1e-9), rest + 1, 0.025), 0.0)
    high = np.where(rest > 1e-9, betaincinv(held + 1, np.maximum(rest, 1e-9), 0.975), 1.0)
    return low, high
