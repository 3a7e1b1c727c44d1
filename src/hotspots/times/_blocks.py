"""Weeks as blocks: what happened and what was exposed in each, and the weeks drawn anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..contracts import SURE, recorded_months
from ..progress import progress_bar
from ._bins import Pieces, hour_of_week
from ._clock import DAY, HOUR, MONDAY, WEEK, Clock, Seconds
from ._treatment import Spans

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Floats = NDArray[np.float64]

FEW_WEEKS = 8
"""Weeks under which no interval is given: there is too little to draw anew."""

LEAST = 30
"""Incidents under which no hour is called the busiest and no peak reliable."""

_LONG = 200_000_000  # products from which drawing anew takes long enough for a progress bar


@dataclass(frozen=True)
class Blocks:
    """Incidents and exposed hours by week (from Monday) and hour of the week.

    ``weights`` is sparse, (groups * weeks, 168), group by group; ``exposed`` (weeks, 168) hours;
    ``week`` (weeks,) the number of each, its Monday being that many weeks after 29 December 1969.
    """

    weights: csr_matrix
    exposed: Floats
    week: NDArray[np.int64]

    @property
    def groups(self) -> int:
        """Number of groups."""
        return int(self.weights.shape[0] // max(len(self.week), 1))

    def of(self, group: int) -> Floats:
        """Return the weeks of one group, (weeks, 168)."""
        weeks = len(self.week)
        held: Floats = self.weights[group * weeks : (group + 1) * weeks].toarray()
        return held

    def resample(self, times: int, seed: int) -> Floats:
        """Draw whole weeks anew: how often each week is in each draw, (times, weeks)."""
        weeks = len(self.week)
        drawn = np.random.default_rng(seed).multinomial(weeks, np.full(weeks, 1 / weeks), times)
        return drawn.astype(np.float64)

    def widening(self) -> float:
        """Factor on bootstrap standard errors, which few weeks make too narrow."""
        weeks = len(self.week)
        return float(np.sqrt(weeks / (weeks - 1)))

    def each(self, draws: int, words: str) -> Iterator[tuple[int, Floats]]:
        """Yield the groups one by one, with a bar where that takes long."""
        work = self.groups * draws * len(self.week) * 168
        bar: Any = progress_bar(
            range(self.groups), desc=words, leave=False, disable=None if work > _LONG else True
        )
        for group in bar:
            yield group, self.of(group)


def exposed_hours(clock: Clock, days: NDArray[np.int64]) -> tuple[NDArray[np.int64], Floats]:
    """Count the hours of some local days by week and hour of the week.

    Returns the numbers of the weeks and the hours, (weeks, 168), exact at clock changes.
    """
    pieces = Pieces.over(
        clock, hour_of_week(), int(clock.to_utc(days[:1] * DAY)[0]),
        int(clock.to_utc(days[-1:] * DAY + DAY)[0]),
    )  # fmt: skip
    # the offset that holds throughout a piece tells which local day it belongs to
    offset = clock.offset[np.searchsorted(clock.change, pieces.edges[:-1], side="right")]
    held = np.isin((pieces.edges[:-1] + offset) // DAY, days)
    week, at = np.unique(pieces.week[held], return_inverse=True)
    hours = np.diff(pieces.edges)[held] / HOUR
    key = at * 168 + pieces.bin[held]
    counted: Floats = np.bincount(key, weights=hours, minlength=len(week) * 168).astype(float)
    return week, counted.reshape(len(week), 168)


def recorded_days(incidents: pd.DataFrame) -> tuple[NDArray[np.int64], list[str]]:
    """Return the local days that were recorded, as numbers since 1970, and the months left out.

    From the day of the first start to that of the last, less the months any source lacks; those
    named lie in between.
    """
    start = incidents["occurred_from"].fillna(incidents["occurred_to"])
    known = incidents.assign(occurred_from=start)[start.notna()]
    if not len(known):
        return np.empty(0, dtype=np.int64), []
    day = np.unique(known["occurred_from"].to_numpy().astype("datetime64[D]"))
    days = np.arange(day[0], day[-1] + 1)
    months = recorded_months(known)
    usual = months.loc[months["status"] == "present"].groupby("source")["incidents"].median()
    # where a month holds few, an empty one is as likely a true zero
    sure = months["source"].map(usual).fillna(0) >= SURE
    lacking = months["status"].eq("thin") | (months["status"].eq("missing") & sure)
    good = set(months.loc[months["status"].isin(["present", "missing"]), "month"])
    bad = set(months.loc[lacking, "month"]) | (set(months["month"]) - good)
    out = np.array(sorted(month.to_datetime64() for month in bad), dtype="datetime64[M]")
    whole = np.array([month.to_datetime64() for month in good - bad], dtype="datetime64[M]")
    kept = np.isin(days.astype("datetime64[M]"), whole)
    inside = days[kept].astype("datetime64[M]")
    gaps = out[(out > inside.min()) & (out < inside.max())] if len(inside) else out
    return days[kept].astype(np.int64), [str(month) for month in gaps]


def week_of(local: Seconds) -> NDArray[np.int64]:
    """Return the number of the week from Monday of local times."""
    number: NDArray[np.int64] = (local + MONDAY) // WEEK
    return number


def gather_blocks(
    spans: Spans, rows: NDArray[np.intp], group: NDArray[np.int64], groups: int,
    week: NDArray[np.int64], exposed: Floats,
) -> Blocks:  # fmt: skip
    """Add up weights by group, week of the start and hour of the week.

    A whole incident belongs to the week it starts in, so that drawing weeks draws incidents.
    """
    from scipy.sparse import coo_matrix, csr_matrix

    weeks = len(week)
    # in one order whatever the order of rows, so that sums are the same to the last digit
    rows = rows[np.lexsort((spans.end[rows], spans.start[rows], group[rows]))]
    start, end = spans.start[rows], spans.end[rows]
    home = group[rows] * weeks + np.searchsorted(week, week_of(spans.wall_start[rows]))
    pieces = Pieces.over(spans.clock, hour_of_week(), int(start.min()), int(end.max()) + DAY)
    total = csr_matrix((groups * weeks, 168))
    for row, piece, share in pieces.spread(start, end):
        part = coo_matrix((share, (home[row], pieces.bin[piece])), shape=total.shape)
        total = total + part.tocsr()
    return Blocks(total, exposed, week)
