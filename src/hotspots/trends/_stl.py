"""STL of many series at once: the numbers of statsmodels' STL, for all groups in one go.

Every smoother of STL is a weighted straight line through neighbours at fixed places. Only the
robustness weights differ between series, so each pass over all series is a few products of
matrices. One series at a time, 1,400 robust decompositions take as long as everything else
together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def stl(
    y: Floats, cycle: int, *, robust: bool = False, inner: int | None = None, seasonal: int = 13,
    seasonal_deg: int = 1,
) -> tuple[Floats, Floats]:  # fmt: skip
    """Trend and season of each row of ``y`` (n, T); the remainder is what is left.

    Cleveland et al. (1990), with statsmodels' defaults: trend window the next odd number from
    1.5 cycle / (1 - 1.5 / seasonal), low-pass window the next odd one above the cycle, lines in
    both, five inner passes, or two in each of sixteen rounds with robustness weights.
    """
    n, steps = y.shape
    width = int(np.ceil(1.5 * cycle / (1 - 1.5 / seasonal)))
    inner = (2 if robust else 5) if inner is None else inner
    subseries = _Loess(*_by_subseries(steps, cycle, seasonal), seasonal_deg)
    smooth = _Loess(*_neighbours(steps, width + (width % 2 == 0), np.arange(steps)), 1)
    flat = _low_pass(steps, cycle)
    trend, season = np.zeros((n, steps)), np.zeros((n, steps))
    weight = np.ones((n, steps))
    middle = slice(cycle, cycle + steps)
    for again in range(16 if robust else 1):
        if again:
            weight = _robustness(y - season - trend)
        subseries.weigh(weight)
        smooth.weigh(weight)
        for _ in range(inner):
            cycles = subseries(y - trend)
            season = cycles[:, middle] - cycles @ flat.T
            trend = smooth(y - season)
    return trend, season


class _Loess:
    """Weighted local lines (or means) at fixed places, for many series at once."""

    def __init__(self, base: Floats, apart: Floats, least: Floats, degree: int = 1) -> None:
        # base (m, T): tricube weight of each point at each place; apart: how far it stands off
        self.base, self.first, self.second = base, base * apart, base * apart**2
        self.least, self.degree = least, degree
        self.nearest = np.where(base > 0, np.abs(apart), np.inf).argmin(axis=1)

    def weigh(self, weight: Floats) -> None:
        """Take each series' robustness weights, which stay the same over a few passes."""
        self.weight = weight
        total = weight @ self.base.T
        self.empty = total <= 0
        self.total = np.where(self.empty, 1.0, total)
        self.off = weight @ self.first.T / self.total
        spread = np.maximum(weight @ self.second.T / self.total - self.off**2, 0.0)
        bent = np.sqrt(spread) > self.least
        self.slope = np.where(bent & (self.degree > 0), self.off / np.where(bent, spread, 1), 0.0)

    def __call__(self, y: Floats) -> Floats:
        weighted = y * self.weight
        level = weighted @ self.base.T / self.total
        tilt = weighted @ self.first.T / self.total - self.off * level
        found: Floats = level - self.slope * tilt
        if self.empty.any():  # no point near has any weight left: the point itself
            found[self.empty] = y[:, self.nearest][self.empty]
        return found


def _tricube(apart: Floats, reach: Floats) -> Floats:
    share = np.abs(apart) / reach
    weight = np.where(share <= 0.001, 1.0, (1 - np.minimum(share, 1.0) ** 3) ** 3)
    found: Floats = np.where(share <= 0.999, weight, 0.0)
    return found


def _neighbours(
    count: int, window: int, places: NDArray[np.int64]
) -> tuple[Floats, Floats, Floats]:
    """Weights of ``count`` points at each place, the ``window`` nearest to it counting."""
    points = np.arange(count)
    near = min(window, count)
    left = np.clip(places - (window + 1) // 2 + 1, 0, count - near)
    right = left + near - 1
    reach = np.maximum(places - left, right - places).astype(float)
    if window > count:
        reach += (window - count) // 2
    apart = (points[None, :] - places[:, None]).astype(float)
    inside = (points >= left[:, None]) & (points <= right[:, None])
    base = np.where(inside, _tricube(apart, np.maximum(reach, 1e-9)[:, None]), 0.0)
    return base, apart, np.full(len(places), 0.001 * (count - 1))


def _by_subseries(steps: int, cycle: int, window: int) -> tuple[Floats, Floats, Floats]:
    """Weights within each month's own series, drawn on by one cycle at both ends."""
    size = steps + 2 * cycle
    base, apart, least = np.zeros((size, steps)), np.zeros((size, steps)), np.zeros(size)
    for month in range(cycle):
        count = (steps - month - 1) // cycle + 1
        places = np.arange(-1, count + 1)
        to, of = (places + 1) * cycle + month, np.arange(count) * cycle + month
        base[np.ix_(to, of)], apart[np.ix_(to, of)], least[to] = _neighbours(count, window, places)
    return base, apart, least


def _low_pass(steps: int, cycle: int) -> Floats:
    """Matrix that takes the drawn-on seasons to what is slow in them, (T, T + 2 cycle)."""
    slow = np.eye(steps + 2 * cycle)
    for width in (cycle, cycle, 3):
        sums = np.cumsum(np.vstack([np.zeros((1, slow.shape[1])), slow]), axis=0)
        slow = (sums[width:] - sums[:-width]) / width
    window = cycle + 1 + (cycle % 2)
    loess = _Loess(*_neighbours(steps, window, np.arange(steps)), 1)
    loess.weigh(np.ones((slow.shape[1], steps)))
    passed: Floats = loess(np.ascontiguousarray(slow.T)).T
    return passed


def _robustness(rest: Floats) -> Floats:
    """Bisquare weights of what is left over, against six times its median."""
    size = np.abs(rest)
    limit = 6 * np.median(size, axis=1, keepdims=True)
    share = size / np.where(limit > 0, limit, 1.0)
    weight = np.where(share <= 0.001, 1.0, (1 - np.minimum(share, 1.0) ** 2) ** 2)
    found: Floats = np.where(size <= 0.999 * limit, weight, np.where(size <= 0.001 * limit, 1, 0.0))
    return found
