"""Local wall-clock and elapsed time: where a zone's clock changes, and what that does to times."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

Seconds = NDArray[np.int64]

HOUR, DAY, WEEK = 3600, 86_400, 604_800  # seconds
MONDAY = 3 * DAY  # 1 January 1970 was a Thursday: seconds since then plus this start on a Monday

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_FAR = np.int64(2**62)


def seconds(times: Any) -> Seconds:
    """Return date-times as whole seconds since 1970; missing ones stay numpy's NaT number."""
    stamps = times.to_numpy().astype("datetime64[s]")
    return stamps.astype(np.int64)  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Clock:
    """A zone's offsets from UTC over a stretch of time.

    ``change`` (m,) are the moments of change in UTC seconds, ``offset`` (m + 1,) the seconds that
    local time is ahead before, between and after them.
    """

    change: Seconds
    offset: Seconds

    @classmethod
    def over(cls, tz: str, first: int, last: int) -> Clock:
        """Find the changes between two moments, given in seconds to a day or so.

        Examples
        --------
        >>> clock = Clock.over("Europe/London", 1_735_689_600, 1_767_225_600)  # 2025
        >>> clock.change.astype("datetime64[s]").astype(str).tolist()
        ['2025-03-30T01:00:00', '2025-10-26T01:00:00']
        """
        zone = ZoneInfo(tz)

        def ahead(moment: int) -> int:
            local = (_EPOCH + dt.timedelta(seconds=moment)).astimezone(zone).utcoffset()
            return round((local or dt.timedelta()).total_seconds())

        grid = list(range(first - 2 * DAY, last + 9 * DAY, WEEK))  # never two changes in a week
        offsets = [ahead(moment) for moment in grid]
        change, offset = [], [offsets[0]]
        for n in np.flatnonzero(np.diff(offsets)).tolist():
            before, after = grid[n], grid[n + 1]
            while after - before > 1:
                middle = (before + after) // 2
                before, after = (middle, after) if ahead(middle) == offsets[n] else (before, middle)
            change.append(after)
            offset.append(offsets[n + 1])
        return cls(np.array(change, dtype=np.int64), np.array(offset, dtype=np.int64))

    def to_utc(self, local: Seconds) -> Seconds:
        """Turn local wall-clock into UTC.

        Of a time that an autumn change makes happen twice the first is meant (fold 0); a time
        that a spring change skips is read with the offset before it, an hour on by the new clock.
        """
        switch = self.change + np.maximum(self.offset[:-1], self.offset[1:])
        utc: Seconds = local - self.offset[np.searchsorted(switch, local, side="right")]
        return utc

    def twice(self, local: Seconds) -> NDArray[np.bool_]:
        """Tell which local times happen twice."""
        return self._between(local, self.change + self.offset[1:], self.change + self.offset[:-1])

    def skipped(self, local: Seconds) -> NDArray[np.bool_]:
        """Tell which local times do not exist."""
        return self._between(local, self.change + self.offset[:-1], self.change + self.offset[1:])

    def _between(self, local: Seconds, low: Seconds, high: Seconds) -> NDArray[np.bool_]:
        real = high > low
        edges = np.append(np.stack([low[real], high[real]], axis=1).ravel(), _FAR)
        inside: NDArray[np.bool_] = np.searchsorted(edges, local, side="right") % 2 == 1
        return inside

    def regimes(self, first: int, last: int) -> list[tuple[int, int, int]]:
        """Return the stretches of constant offset between two moments: start, end, offset."""
        inner = self.change[(self.change > first) & (self.change < last)]
        starts = np.concatenate([[first], inner])
        ends = np.append(inner, last)
        offsets = self.offset[np.searchsorted(self.change, starts, side="right")]
        return list(zip(starts.tolist(), ends.tolist(), offsets.tolist(), strict=True))
