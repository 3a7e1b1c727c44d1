"""Which hours a briefing is on, and in which hours every incident came to notice."""

from __future__ import annotations

import datetime as dt
import reprlib
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

HOUR = 7
"""Hour at which the policing day of a bare date ends."""

WEEKS = 52
"""Weeks before, whose same hours are compared."""

LONGEST = np.timedelta64(7, "D")
"""Longest interval that tells, by its end, when an incident came to notice."""

LATE = np.timedelta64(24, "h")
"""Time from the end of its interval after which an incident counts as recorded late."""

_ZONE = "Europe/London"  # whose clocks the records follow


@dataclass(frozen=True)
class Window:
    """The hours ``[start, end)`` of a briefing, on the clock on the wall."""

    end: pd.Timestamp
    hours: int
    bare: bool

    @property
    def start(self) -> pd.Timestamp:
        """First moment of the hours."""
        return self.end - pd.Timedelta(hours=self.hours)

    @property
    def real_hours(self) -> float:
        """Hours that truly passed: 23 or 25 of 24 where the clocks changed."""
        passed = _instant(self.end) - _instant(self.start)
        return float(passed / pd.Timedelta(hours=1))

    @property
    def words(self) -> str:
        """The hours in words, as ``the 24 hours to 07:00 on Monday 31 March 2025``."""
        end = self.end
        named = f"{end:%A} {end.day} {end:%B %Y}"
        return f"the {self.hours} hours to {end:%H:%M} on {named}"

    @property
    def usual_words(self) -> str:
        """What the comparison is with, as ``24 hours from Sunday 07:00``."""
        return f"the {self.hours} hours from {self.start:%A %H:%M}"

    @property
    def clock(self) -> str:
        """What to say where the clocks changed, or nothing."""
        real = self.real_hours
        if real == self.hours:
            return ""
        way = "forward" if real < self.hours else "back"
        return (
            f"The clocks went {way} in these hours: by the clock on the wall they are "
            f"{self.hours}, in truth {real:g}."
        )

    def weeks_before(self, moments: NDArray[np.datetime64]) -> NDArray[np.int64]:
        """Tell how many weeks before the window's hours each moment lies; -1 for other hours."""
        before = self.end.to_datetime64().astype("datetime64[s]") - moments.astype("datetime64[s]")
        seconds = before.astype(np.int64)
        known = ~np.isnat(moments) & (seconds > 0)
        week, rest = np.divmod(seconds - 1, 7 * 86400)
        inside = known & (rest < self.hours * 3600) & (week <= WEEKS)
        return np.where(inside, week, -1)


def _instant(moment: pd.Timestamp) -> pd.Timestamp:
    """Put a wall-clock time on the world's clock; of an hour that came twice, the first."""
    return moment.tz_localize(_ZONE, ambiguous=True, nonexistent="shift_forward")


def find_window(when: object, hours: object, faults: list[str]) -> Window:
    """Read ``when`` and ``hours``, and note what is wrong with them."""
    number = isinstance(hours, int | np.integer) and not isinstance(hours, bool)
    if not number or not 1 <= int(hours) <= 168:  # type: ignore[call-overload]
        faults.append(f"hours is {hours!r}; it must be a whole number from 1 to 168: try 24.")
        hours = 24
    moment, bare = _read(when)
    if pd.isna(moment):
        faults.append(
            f"when is {reprlib.repr(when)}; give a date as '2025-03-31', which means "
            f"{HOUR:02d}:00 of it, or a date and time as '2025-03-31 09:00'."
        )
        moment = pd.Timestamp("2200-01-01")  # so that no other fault follows from this one
    elif moment.tz is not None:
        faults.append(
            f"when is {when!r}, with a time zone; give the local time without one, as the "
            "records have it."
        )
        moment = moment.tz_localize(None)
    return Window(moment, int(hours), bare)  # type: ignore[call-overload]


def _read(when: object) -> tuple[pd.Timestamp, bool]:
    """Return the moment, and whether only its date was given; NaT where it is none."""
    bare = False
    if isinstance(when, str):
        try:
            when, bare = dt.date.fromisoformat(when.strip()), True
        except ValueError:
            try:
                when = dt.datetime.fromisoformat(str(when).strip())
            except ValueError:
                return pd.NaT, False  # type: ignore[return-value]
    elif isinstance(when, np.datetime64):
        bare = np.datetime_data(when)[0] == "D"
    elif isinstance(when, dt.date):
        bare = not isinstance(when, dt.datetime)
    else:
        return pd.NaT, False  # type: ignore[return-value]
    try:
        moment = pd.Timestamp(when)  # type: ignore[arg-type]
    except (ValueError, OverflowError):
        return pd.NaT, False  # type: ignore[return-value]
    if pd.isna(moment) or not 1900 <= moment.year <= 2200:
        return pd.NaT, False  # type: ignore[return-value]
    return (moment + pd.Timedelta(hours=HOUR) if bare else moment).floor("s"), bare


def noticed(incidents: pd.DataFrame) -> tuple[NDArray[np.datetime64], NDArray[np.bool_]]:
    """Tell when each incident came to notice, and whether it was recorded late.

    Parameters
    ----------
    incidents : DataFrame
        With ``occurred_from``, ``occurred_to`` and perhaps ``recorded_at``; ``n`` rows.

    Returns
    -------
    moment : ndarray of datetime64[s], shape (n,)
        ``recorded_at``; where there is none the last moment of the interval, or NaT where the
        interval is longer than a week and so does not tell.
    late : ndarray of bool, shape (n,)
        Recorded over 24 hours after the end of the interval.
    """
    start = incidents["occurred_from"].to_numpy().astype("datetime64[s]")
    end = incidents["occurred_to"].to_numpy().astype("datetime64[s]")
    last = np.where(end > start, end - np.timedelta64(1, "s"), end)  # the end does not belong
    moment = np.where(end - start <= LONGEST, last, np.datetime64("NaT", "s"))
    late = np.zeros(len(incidents), dtype=bool)
    if "recorded_at" in incidents.columns:
        recorded = incidents["recorded_at"].to_numpy().astype("datetime64[s]")
        told = ~np.isnat(recorded)
        moment = np.where(told, recorded, moment)
        late = told & (recorded - end > LATE)
    return moment.astype("datetime64[s]"), late
