"""Bins of the week, the stretches of real time that fall into each, and spans spread over them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._clock import DAY, HOUR, MONDAY, WEEK, Clock, Seconds

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
NAMED = ("hour of week", "hour of day", "day of week")

_CHUNK = 4_000_000  # pieces of spans held at once
_TAKES = (
    "it takes 'hour of week', 'hour of day', 'day of week', minutes that divide a day (30), or "
    "times of day at which bins begin (['07:00', '15:00', '23:00'])"
)


@dataclass(frozen=True)
class Bins:
    """A partition of the week.

    ``edges`` (e,) are seconds after Monday 00:00 at which a stretch begins, the first 0; ``bin``
    (e,) the number of the bin each belongs to; ``names`` one for each bin. ``daily`` bins are of
    a day or more.
    """

    edges: Seconds
    bin: NDArray[np.int64]
    names: tuple[str, ...]
    daily: bool = False

    @property
    def share(self) -> NDArray[np.float64]:
        """Share of the week that each bin takes."""
        width = np.diff(np.append(self.edges, WEEK))
        return np.bincount(self.bin, weights=width, minlength=len(self.names)) / WEEK


def hour_of_week() -> Bins:
    """Return the 168 hours of the week, Monday 00 first."""
    names = tuple(f"{day} {hour:02}" for day in DAYS for hour in range(24))
    return Bins(np.arange(168, dtype=np.int64) * HOUR, np.arange(168), names)


def read_bins(bins: Any) -> Bins | str:
    """Return the bins meant, or what is wrong with them."""
    if isinstance(bins, str):
        if bins == "hour of week":
            return hour_of_week()
        if bins == "hour of day":
            edges = np.arange(168, dtype=np.int64) * HOUR
            return Bins(edges, np.arange(168) % 24, tuple(f"{hour:02}" for hour in range(24)))
        if bins == "day of week":
            return Bins(np.arange(7, dtype=np.int64) * DAY, np.arange(7), DAYS, daily=True)
        return f"bins is {bins!r}; {_TAKES}."
    if isinstance(bins, int | np.integer) and not isinstance(bins, bool):
        if not 5 <= bins <= 1440 or 1440 % bins:
            return f"bins is {bins} minutes; they must divide a day of 1,440 and be 5 or more."
        edges = np.arange(0, WEEK, 60 * int(bins), dtype=np.int64)
        names = tuple(f"{DAYS[e // DAY]} {_clock(e % DAY)}" for e in edges.tolist())
        return Bins(edges, np.arange(len(edges)), names, daily=bins == 1440)
    if isinstance(bins, Sequence | np.ndarray):
        return _by_edges(list(bins))
    return f"bins is of type {type(bins).__name__}; {_TAKES}."


def _by_edges(given: list[Any]) -> Bins | str:
    """Part the day at times of day; what comes before the first belongs to the last."""
    minutes = [minute_of_day(value) for value in given]
    if len(given) < 2 or any(m is None or m == 1440 for m in minutes):
        return f"bins is {given!r}; give two or more times of day as '07:00', each before 24:00."
    start = sorted({m for m in minutes if m is not None})
    if len(start) < len(given):
        return f"bins is {given!r}; a time of day stands there twice."
    names = tuple(
        f"{_clock(60 * a)}-{_clock(60 * b)}"
        for a, b in zip(start, [*start[1:], start[0]], strict=True)
    )
    of_day = [(60 * m, n) for n, m in enumerate(start)]
    if start[0] > 0:
        of_day.insert(0, (0, len(start) - 1))
    edges = [day * DAY + at for day in range(7) for at, _ in of_day]
    return Bins(np.array(edges, dtype=np.int64), np.array([n for _, n in of_day] * 7), names)


def minute_of_day(value: Any) -> int | None:
    """Minutes after midnight of ``HH:MM`` or of a whole hour, 1440 for 24:00; None if neither."""
    if isinstance(value, int | np.integer) and not isinstance(value, bool):
        return int(value) * 60 if 0 <= value <= 24 else None
    found = re.fullmatch(r"\s*(\d{1,2}):([0-5]\d)(?::00)?\s*", str(value))
    minutes = int(found[1]) * 60 + int(found[2]) if found else 1441
    return minutes if minutes <= 1440 else None


def _clock(second: int) -> str:
    return f"{second // HOUR:02}:{second % HOUR // 60:02}"


@dataclass(frozen=True)
class Pieces:
    """Real time cut wherever the local bin changes.

    ``edges`` (p + 1,) in UTC seconds; ``bin`` (p,) and ``week`` (p,), the number of the local
    week from Monday, of the piece that each edge begins.
    """

    edges: Seconds
    bin: NDArray[np.int64]
    week: NDArray[np.int64]

    @classmethod
    def over(cls, clock: Clock, bins: Bins, first: int, last: int) -> Pieces:
        """Cut the time from one UTC moment to another."""
        edges, numbers, weeks = [], [], []
        for start, end, offset in clock.regimes(first, last):
            low, high = start + offset + MONDAY, end + offset + MONDAY
            each = np.arange(low // WEEK, (high - 1) // WEEK + 1) * WEEK
            grid = (each[:, None] + bins.edges).ravel()
            begin = np.concatenate([[low], grid[(grid > low) & (grid < high)]])
            within = np.searchsorted(bins.edges, begin % WEEK, side="right") - 1
            edges.append(begin - offset - MONDAY)
            numbers.append(bins.bin[within])
            weeks.append(begin // WEEK)
        return cls(
            np.append(np.concatenate(edges), last), np.concatenate(numbers), np.concatenate(weeks)
        )

    def spread(
        self, start: Seconds, end: Seconds
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]]:
        """Spread spans ``[start, end)`` evenly over the pieces they touch; a moment is in one.

        Yields row, piece and share, some rows at a time, so that memory stays bounded.
        """
        first = np.searchsorted(self.edges, start, side="right") - 1
        last = np.searchsorted(self.edges, end, side="left") - 1
        last = np.maximum(last, first)
        upto = np.cumsum(last - first + 1)
        row = 0
        while row < len(start):
            done = int(upto[row - 1]) if row else 0
            stop = max(int(np.searchsorted(upto, done + _CHUNK, side="right")), row + 1)
            a, b, at, touched = start[row:stop], end[row:stop], first[row:stop], upto[row:stop]
            number = np.diff(np.concatenate([[done], touched]))
            of = np.repeat(np.arange(stop - row), number)
            piece = np.arange(len(of)) + np.repeat(at - (touched - number - done), number)
            length = (b - a)[of]
            inside = np.minimum(self.edges[piece + 1], b[of]) - np.maximum(self.edges[piece], a[of])
            share = np.where(length > 0, inside / np.maximum(length, 1), 1.0)
            yield of + row, piece, share
            row = stop
