"""Planned visits against the stays that were seen: what became of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ._presence import HOUR, MINUTE, keyed, reach

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

MET, OTHER, EARLY, LATE, SHORT, MISSED, UNKNOWN = (
    "met", "other unit", "early", "late", "short", "missed", "unknown",
)  # fmt: skip
STATUSES = (MET, OTHER, EARLY, LATE, SHORT, MISSED, UNKNOWN)
_WORTH = np.array([1e9, 1e6, 1e3, 1e3, 1.0])  # so that first as many as can be are met, then ...


def match(visits: pd.DataFrame, stays: pd.DataFrame, rules: Any) -> pd.DataFrame:
    """Pair planned visits with stays, each stay with as many as it is long enough for.

    ``visits``: unit, hotspot, low and high (the window), begin and end (of the shift, or the
    window where that is wider), arrive. ``stays``: unit, hotspot, start, end. Returns, for each
    visit, ``stay`` (its row, -1 for none), ``status`` and ``minutes`` in the window (of the whole
    stay where early or late).
    """
    found = pd.DataFrame({"stay": -1, "status": MISSED, "minutes": 0.0}, index=visits.index)
    pairs = _pairs(visits, stays, rules)
    if len(pairs):
        pairs = _assigned(pairs, rules)
        row = pairs["visit"].to_numpy()
        found.iloc[row, 0] = pairs["stay"].to_numpy()
        found.iloc[row, 1] = np.array(STATUSES, dtype=object)[pairs["tier"].to_numpy()]
        found.iloc[row, 2] = pairs["minutes"].to_numpy()
    return found


def _pairs(visits: pd.DataFrame, stays: pd.DataFrame, rules: Any) -> pd.DataFrame:
    """List which stays could be which visits, and as what."""
    at = stays.sort_values(["hotspot", "start", "end", "unit"]).index.to_numpy()
    place, start, end = (stays[c].to_numpy()[at] for c in ("hotspot", "start", "end"))
    if not len(at) or visits.empty:
        return pd.DataFrame({"visit": []})
    here = visits["hotspot"].to_numpy()
    begin, close = visits["begin"].to_numpy(), visits["end"].to_numpy()
    longest = int((end - start).max())
    zero = int(min(start.min(), begin.min())) - longest - 1
    keys = keyed(place, start, zero)
    row, n = reach(np.searchsorted(keys, keyed(here, begin - longest, zero)),
                   np.searchsorted(keys, keyed(here, close, zero)))  # fmt: skip
    low, high = visits["low"].to_numpy()[row], visits["high"].to_numpy()[row]
    inside = np.maximum(np.minimum(end[n], high) - np.maximum(start[n], low), 0) / MINUTE
    whole = (end[n] - start[n]) / MINUTE
    own = stays["unit"].to_numpy()[at][n] == visits["unit"].to_numpy()[row]
    due = visits["arrive"].to_numpy()[row]
    full = inside >= rules.least_min - 1e-9
    away = own & ~full & (whole >= rules.least_min - 1e-9) & (end[n] > begin[row])
    tier = np.select(
        [full & own, full, away & (start[n] < due), away, inside >= rules.pass_min - 1e-9],
        [0, 1, 2, 3, 4], -1,
    )  # fmt: skip
    gone = np.abs(start[n] - due) / HOUR
    pairs = pd.DataFrame({
        "visit": row, "stay": at[n], "tier": tier, "whole": whole,
        "minutes": np.where((tier == 2) | (tier == 3), whole, inside),
        # of two alike the nearer in time, the planned unit's own first
        "worth": _WORTH[tier] * (1 + 0.1 * own + 0.01 / (1 + gone)),
    })  # fmt: skip
    return pairs[tier >= 0].reset_index(drop=True)


def _assigned(pairs: pd.DataFrame, rules: Any) -> pd.DataFrame:
    """Choose the pairs worth most together, no visit twice."""
    from scipy.optimize import linear_sum_assignment
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    visit, stay = (np.unique(pairs[c], return_inverse=True)[1] for c in ("visit", "stay"))
    size = int(visit.max()) + 1
    total = size + int(stay.max()) + 1
    graph = coo_array((np.ones(len(pairs)), (visit, size + stay)), shape=(total, total))
    _, block = connected_components(graph, directed=False)
    order = np.argsort(block[visit], kind="stable")
    cut = np.flatnonzero(np.diff(block[visit][order])) + 1
    worth, whole = pairs["worth"].to_numpy(), pairs["whole"].to_numpy()
    chosen: list[int] = []
    for part in np.split(order, cut):
        if len(part) == 1:
            chosen.append(int(part[0]))
            continue
        rows, r = np.unique(visit[part], return_inverse=True)
        # a stay serves one visit for each time it is long enough
        columns, c = np.unique(stay[part], return_inverse=True)
        times = np.ones(len(columns), dtype=np.int64)
        times[c] = np.clip(whole[part] // rules.least_min, 1, len(rows))
        row, column = reach(np.cumsum(times)[c] - times[c], np.cumsum(times)[c])
        value = np.zeros((len(rows), int(times.sum())))
        pair = np.full(value.shape, -1)
        value[r[row], column], pair[r[row], column] = worth[part][row], part[row]
        best = pair[linear_sum_assignment(value, maximize=True)]
        chosen += best[best >= 0].tolist()
    taken = pairs.iloc[np.sort(chosen)]
    # a stay that was a visit in time is not another visit's late one as well
    counted = taken.loc[taken["tier"] <= 1, "stay"]
    return taken[(taken["tier"] <= 1) | ~taken["stay"].isin(counted)]


def _earliest(*times: Ints) -> int:
    """Return the first of all moments, 0 where there is none."""
    return min((int(part.min()) for part in times if len(part)), default=0)


def unseen_ms(unit: Ints, low: Ints, high: Ints, seen: pd.DataFrame) -> Ints:
    """Longest stretch of each window without records of its unit, in milliseconds.

    ``seen`` holds disjoint stretches, sorted by unit and start. A lone record within a silence
    does not part it.
    """
    seen = seen[seen["end"] > seen["start"]]
    group, start, end = (seen[c].to_numpy() for c in ("unit", "start", "end"))
    zero = _earliest(low, start)
    keys = keyed(group, start, zero)
    ends = keyed(group, end, zero)
    row, n = reach(np.searchsorted(ends, keyed(unit, low, zero), side="right"),
                   np.searchsorted(keys, keyed(unit, high, zero)))  # fmt: skip
    # each seen stretch ends a silence that began where the one before it ended, or at the window
    from_ = np.where(np.append(True, row[1:] != row[:-1])[: len(row)], low[row],
                     end[np.maximum(n - 1, 0)])  # fmt: skip
    longest = np.zeros(len(unit), dtype=np.int64)
    np.maximum.at(longest, row, np.maximum(start[n] - from_, 0))
    upto = low.copy()
    np.maximum.at(upto, row, end[n])
    gaps: Ints = np.maximum(longest, high - upto)
    return gaps


def seen_ms(unit: Ints, low: Ints, high: Ints, seen: pd.DataFrame) -> Ints:
    """Milliseconds of each window with records of its unit; ``seen`` as for :func:`unseen_ms`."""
    group, start, end = (seen[c].to_numpy() for c in ("unit", "start", "end"))
    zero = _earliest(low, start)
    row, n = reach(np.searchsorted(keyed(group, end, zero), keyed(unit, low, zero), side="right"),
                   np.searchsorted(keyed(group, start, zero), keyed(unit, high, zero)))  # fmt: skip
    total = np.zeros(len(unit), dtype=np.int64)
    np.add.at(total, row, np.minimum(end[n], high[row]) - np.maximum(start[n], low[row]))
    return total


def fresh_ms(group: Ints, start: Ints, end: Ints) -> Ints:
    """Milliseconds each interval adds to the union of those of its group that began before it.

    Examples
    --------
    >>> at = np.array([0, 5, 3])
    >>> fresh_ms(np.array([1, 1, 1]), at, np.array([10, 12, 4])).tolist()
    [10, 2, 0]
    """
    if not len(start):
        return start
    zero = int(start.min())
    order = np.lexsort((end, start, group))
    begin, close = keyed(group, start, zero)[order], keyed(group, end, zero)[order]
    upto = np.maximum.accumulate(np.append(begin[:1], close[:-1]))
    fresh = np.empty_like(start)
    fresh[order] = np.maximum(close - np.maximum(begin, upto), 0)
    return fresh


def covering(group: Ints, at: Ints, spans: tuple[Ints, Ints, Ints], slack: int = 0) -> Ints:
    """Find for each moment the span of its group that holds it, else the nearest within the slack.

    ``spans`` are group, start and end, in any order; of several the latest to start is taken.
    Returns row numbers, -1 where there is none.

    Examples
    --------
    >>> spans = (np.array([7, 7]), np.array([0, 8]), np.array([8, 16]))
    >>> covering(np.array([7, 7, 7, 3]), np.array([4, 8, 17, 4]), spans, slack=2).tolist()
    [0, 1, 1, -1]
    """
    found = np.full(len(at), -1, dtype=np.int64)
    if not len(at) or not len(spans[0]):
        return found
    order = np.lexsort((spans[1], spans[0]))
    owner, start, end = (part[order] for part in spans)
    longest = int((end - start).max()) + slack
    zero = int(min(start.min(), at.min())) - longest - slack - 1
    keys = keyed(owner, start, zero)
    row, n = reach(np.searchsorted(keys, keyed(group, at - longest, zero)),
                   np.searchsorted(keys, keyed(group, at + slack, zero), side="right"))  # fmt: skip
    away = np.maximum(np.maximum(start[n] - at[row], at[row] - end[n] + 1), 0)
    near = np.flatnonzero(away <= slack)
    best = near[np.lexsort((-start[n[near]], away[near], row[near]))]
    best = best[np.append(True, np.diff(row[best]) != 0)[: len(best)]]
    found[row[best]] = order[n[best]]
    return found
