"""The integer programme behind an allocation: its columns and rows, its parts, its solution."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SMALL = 5_000  # columns, as of one LPT: above, floors are not met first but dearly priced
PRICE = 20.0  # of one visit owed, in best visits of the part, where floors are priced
TINY = 1e-6  # of a visit: below it the solver's arithmetic cannot tell


@dataclass(frozen=True)
class Columns:
    """The visits that may be chosen: a column per option and distinct value (and band) of it.

    ``gives`` (levels × columns) marks the visits worth at least a level's value; ``drop`` is how
    far the next level of the same hotspot and day lies below.
    """

    option: Ints
    band: Ints
    value: Floats
    most: Ints
    place: Ints  # hotspot and day
    gives: sparse.csr_array
    drop: Floats
    steps: Ints  # visits a level can count

    @classmethod
    def of(cls, place: Ints, values: Floats, bands: Ints | None, per_day: int) -> Columns:
        """Build the columns from the values of each option."""
        option, rank = np.nonzero(values > 0)
        value = _rounded(values[option, rank])
        band = bands[option, rank] if bands is not None else np.zeros_like(option)
        # dearest first within an option
        order = np.lexsort((band, -value, option))
        option, value, band = option[order], value[order], band[order]
        new = np.ones(len(option), dtype=bool)
        new[1:] = (np.diff(option) != 0) | (np.diff(value) != 0) | (np.diff(band) != 0)
        first = np.flatnonzero(new)
        most = np.diff(np.append(first, len(option)))
        option, value, band = option[first], value[first], band[first]
        at = place[option]
        levels, _ = np.unique(np.column_stack([at, -value]), axis=0, return_inverse=True)
        levels = levels.reshape(-1, 2)
        level_at, level = levels[:, 0].astype(np.int64), -levels[:, 1]
        below = np.append(level[1:], 0.0)
        below[np.append(np.diff(level_at) != 0, True)[: len(below)]] = 0.0
        n = int(place.max(initial=-1)) + 1
        pairs = (_marks(level_at, n) @ _marks(at, n).T).tocoo()
        kept = value[pairs.col] >= level[pairs.row]
        gives = sparse.csr_array(
            (np.ones(kept.sum()), (pairs.row[kept], pairs.col[kept])),
            shape=(len(level), len(option)),
        )
        steps = np.minimum(gives @ most, per_day).astype(np.int64)
        return cls(option, band, value, most, at, gives, level - below, steps)


def _rounded(values: Floats) -> Floats:
    """Round to 13 digits, so that equal needs are equal whatever the last digit of a platform."""
    unit = 10.0 ** (np.floor(np.log10(values)) - 12)
    return np.asarray(np.round(values / unit) * unit)


def _marks(code: Ints, n: int) -> sparse.csr_array:
    """Mark for each row the one code it has."""
    return sparse.csr_array((np.ones(len(code)), (np.arange(len(code)), code)),
                            shape=(len(code), n))  # fmt: skip


@dataclass(frozen=True)
class Solved:
    """Visits per column, and value and bound of each independent part."""

    chosen: Ints
    part: Ints  # of each column
    value: Floats
    bound: Floats
    stopped: bool


@dataclass(frozen=True)
class Programme:
    """Columns and rows; solved with as many of its rules as are asked for.

    ``caps @ visits <= most`` always holds; ``rules @ visits <= amounts`` for hard rules, and as
    nearly as can be for soft ones, whose shortfalls count by ``weight``.
    """

    columns: Columns
    caps: sparse.csr_array
    most: Floats
    rules: sparse.csr_array
    amounts: Floats
    soft: NDArray[np.bool_]
    weight: Floats
    decay: float

    def solve(
        self, rules: Iterable[int], ends: float, gap: float, start: Solved | None = None
    ) -> Solved:
        """Solve with the rules given by number; parts where ``start`` keeps them all are taken."""
        at = np.array(sorted(rules), dtype=np.int64)
        cols = self.columns
        chosen = np.zeros(len(cols.option), dtype=np.int64)
        value, bound, stopped = [], [], False
        part = self._parts(at)
        number = int(part.max(initial=-1)) + 1
        for p in range(number):
            mine = np.flatnonzero(part == p)
            one = _Part(self, mine, at)
            left = max(ends - time.monotonic(), 0.0) / (number - p) ** 0.5
            if start is not None and one.kept(start.chosen[mine]):
                inside = np.unique(start.part[mine])
                chosen[mine] = start.chosen[mine]
                value.append(one.value(start.chosen[mine]))
                bound.append(max(float(start.bound[inside].sum()), value[-1]))
                stopped |= start.stopped and bound[-1] - value[-1] > gap * bound[-1]
                continue
            best, limit, cut = one.solve(left, gap)
            chosen[mine] = best
            value.append(one.value(best))
            bound.append(max(limit, value[-1]))
            stopped |= cut
        return Solved(chosen, part, np.array(value), np.array(bound), stopped)

    def _parts(self, at: Ints) -> Ints:
        """Give each column the number of its part; no row ties two parts together."""
        from scipy.sparse.csgraph import connected_components

        cols = self.columns
        rows = sparse.vstack([self.caps, self.rules[at], cols.gives]).tocsr()
        rows.data = np.ones_like(rows.data)
        m, n = rows.shape
        tied = sparse.bmat([[None, rows], [rows.T, None]]) if n and m else sparse.csr_array((0, 0))
        if not n:
            return np.zeros(0, dtype=np.int64)
        _, label = connected_components(tied, directed=False)
        _, first, part = np.unique(label[m:], return_index=True, return_inverse=True)
        rank = np.empty(len(first), dtype=np.int64)
        rank[np.argsort(first)] = np.arange(len(first))
        return rank[part.reshape(-1)]


class _Part:
    """One independent part of a programme, solved on its own."""

    def __init__(self, whole: Programme, mine: Ints, at: Ints) -> None:
        cols = whole.columns
        self.decay = whole.decay
        gives = cols.gives[:, mine]
        levels = np.flatnonzero(np.diff(gives.indptr))
        self.gives = gives[levels]
        # within the part, so that another LPT, which only scales the need, changes nothing here
        self.scale = float(cols.drop[levels].max(initial=0.0)) or 1.0
        self.drop = (cols.drop[levels] / self.scale).round(11)
        self.steps, self.most = cols.steps[levels], cols.most[mine]
        caps = whole.caps[:, mine]
        held = np.flatnonzero(np.diff(caps.indptr))
        self.caps, self.caps_most = caps[held], whole.most[held]
        rows = whole.rules[at][:, mine]
        tied = np.flatnonzero(np.diff(rows.indptr))
        rows, most = rows[tied], whole.amounts[at][tied]
        soft = whole.soft[at][tied]
        self.weight = whole.weight[at][tied][soft]
        self.rules, self.rules_most = rows[np.flatnonzero(soft)], most[soft]
        self.hard, self.hard_most = rows[np.flatnonzero(~soft)], most[~soft]

    def value(self, chosen: Ints) -> float:
        """Return what the visits are worth."""
        return self._worth(self.gives @ chosen)

    def _worth(self, count: Floats | Ints) -> float:
        steps = self.drop * (1 - self.decay**count)
        return float(steps.sum() / (1 - self.decay)) * self.scale

    def kept(self, chosen: Ints) -> bool:
        """Tell whether every rule is kept."""
        soft = self.rules @ chosen <= self.rules_most + TINY
        return bool(soft.all() and (self.hard @ chosen <= self.hard_most + TINY).all())

    def solve(self, seconds: float, gap: float) -> tuple[Ints, float, bool]:
        """Return the visits, a bound of their value, and whether time ran out."""
        now = time.monotonic()
        ends, half = now + seconds, now + seconds / 2
        cut, least = False, 0.0
        if len(self.rules_most):
            least = self._shortfall(half, gap, whole=False)[0]
            if least > TINY and self._small:
                least, cut = self._shortfall(half, gap, whole=True)
        held = least if self._small or least <= TINY else None
        again = len(self.rules_most) > 0 and held is not None  # it may have to be solved again
        found, bound, late = self._value(held, half if again else ends, gap)
        if found is None and again:  # fractions would do, but not whole visits
            least, cut = self._shortfall(half, gap, whole=True) if self._small else (0.0, False)
            found, bound, late = self._value(least if self._small else None, ends, gap)
        if found is None:
            found = np.zeros(len(self.most), dtype=np.int64)
        return self.fill(found), bound, cut or late

    @property
    def _small(self) -> bool:
        """Whether there is time to find the least shortfall first; else it is priced."""
        return len(self.most) <= SMALL

    def _rows(self) -> tuple[sparse.csr_array, Floats]:
        """Rows over visits and soft shortfalls: caps, hard rules, soft rules."""
        soft = len(self.rules_most)
        rows = sparse.vstack([self.caps, self.hard, self.rules]).tocsr()
        slack = sparse.vstack([
            sparse.csr_array((rows.shape[0] - soft, soft)), -sparse.eye_array(soft)
        ]).tocsr() if soft else sparse.csr_array((rows.shape[0], 0))  # fmt: skip
        return (
            sparse.hstack([rows, slack]).tocsr(),
            np.concatenate([self.caps_most, self.hard_most, self.rules_most]),
        )

    def _shortfall(self, ends: float, gap: float, *, whole: bool) -> tuple[float, bool]:
        """Return the least weighted shortfall of the soft rules; in fractions unless whole."""
        n, soft = len(self.most), len(self.rules_most)
        rows, most = self._rows()
        cost = np.concatenate([np.zeros(n), self.weight])
        upper = np.concatenate([self.most, np.full(soft, np.inf)])
        integer = np.concatenate([np.full(n, int(whole)), np.zeros(soft)])
        found = _milp(cost, rows, most, upper, integer, ends, gap)
        return found.cost, found.late

    def _value(
        self, least: float | None, ends: float, gap: float
    ) -> tuple[Ints | None, float, bool]:
        """Return the best visits that fall no further short than ``least``, and their bound.

        Where that is None, the shortfall is priced.
        """
        n, soft = len(self.most), len(self.rules_most)
        priced = least is None
        most_short = 0.0 if least is None else least
        if not np.isfinite(most_short):  # no time to learn how little is short: fill up instead
            return None, self._worth(self.steps), True
        rows, most = self._rows()
        free = np.inf if priced or most_short > TINY else 0.0
        upper = [self.most.astype(np.float64), np.full(soft, free)]
        if most_short > TINY:
            limit = sparse.csr_array(np.concatenate([np.zeros(n), self.weight])[None, :])
            rows, most = sparse.vstack([rows, limit]).tocsr(), np.append(most, most_short + TINY)
        # steps of the concave value: a step counts where there are visits enough
        level = np.repeat(np.arange(len(self.steps)), self.steps)
        step = np.arange(len(level)) - np.repeat(np.cumsum(self.steps) - self.steps, self.steps)
        count = sparse.csr_array((np.ones(len(level)), (level, np.arange(len(level)))),
                                 shape=(len(self.steps), len(level)))  # fmt: skip
        empty = sparse.csr_array((len(self.steps), soft))
        rows = sparse.vstack([
            sparse.hstack([rows, sparse.csr_array((rows.shape[0], len(level)))]),
            sparse.hstack([-self.gives, empty, count]),
        ]).tocsr()  # fmt: skip
        most = np.concatenate([most, np.zeros(len(self.steps))])
        price = PRICE * self.weight if priced else np.zeros(soft)
        cost = np.concatenate([np.zeros(n), price, -self.drop[level] * self.decay**step])
        integer = np.concatenate([np.ones(n), np.zeros(soft + len(level))])
        top = np.concatenate([*upper, np.ones(len(level))])
        if priced:  # the gap is one of the value, not of the value less the price
            first = _milp(cost, rows, most, top, np.zeros(len(cost)), ends, gap)
            if first.x is not None:
                gap *= abs(float(cost[n + soft :] @ first.x[n + soft :])) / abs(first.cost or 1.0)
        found = _milp(cost, rows, most, top, integer, ends, gap)
        if found.x is None:
            return None, self._worth(self.steps), found.late
        paid = float(price @ found.x[n : n + soft])
        bound = min((paid - found.bound) * self.scale, self._worth(self.steps))
        return found.x[:n].astype(np.int64), bound, found.late

    def fill(self, chosen: Ints) -> Ints:
        """Add the best next visit that fits, floors not yet met first, until none does."""
        rows = sparse.vstack([self.caps, self.hard, self.rules]).tocsc()
        most = np.concatenate([self.caps_most, self.hard_most, self.rules_most])
        takes = rows.data > 0
        soft = sparse.csr_array(self.rules)
        chosen = chosen.copy()
        column = np.repeat(np.arange(len(chosen)), np.diff(rows.indptr))
        while len(chosen):
            room = most - rows @ chosen
            tight = takes & (rows.data > room[rows.indices] + 1e-9)
            fits = chosen < self.most
            fits[column[tight]] = False
            if not fits.any():
                break
            gain = self.gives.T @ (self.drop * self.decay ** (self.gives @ chosen))
            short = (soft @ chosen > self.rules_most + TINY) * self.weight
            gain = gain - 1e3 * (soft.T @ short)
            gain[~fits] = 0.0
            best = int(gain.argmax())
            if gain[best] <= 0:
                break
            chosen[best] += 1
        return chosen


@dataclass(frozen=True)
class _Answer:
    """What the solver found: ``x`` is None where it found nothing in time, or nothing that holds.

    ``bound`` is what the cost cannot be below.
    """

    x: Floats | None
    cost: float
    bound: float
    late: bool


def _milp(
    cost: Floats, rows: sparse.csr_array, most: Floats, upper: Floats, integer: Floats,
    ends: float, gap: float,
) -> _Answer:  # fmt: skip
    """Minimise, and believe only an answer that keeps the rows.

    HiGHS has given answers as the best that broke a row (scipy issue 24141), by its presolve; it
    is asked once more without.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp

    held = [LinearConstraint(rows, -np.inf, most)] if len(most) else []
    whole, x, late = integer > 0, None, False
    for presolve in (True, False):
        left = max(ends - time.monotonic(), 0.05)
        found = milp(
            cost,
            constraints=held,
            bounds=Bounds(0, upper),
            integrality=integer,
            options={"mip_rel_gap": gap, "time_limit": left, "presolve": presolve},
        )
        late = found.status not in (0, 2)
        if found.x is None:
            break
        x = np.where(whole, found.x.round(), found.x)
        if (rows @ x <= most + TINY * (1 + np.abs(most))).all() and (x <= upper + TINY).all():
            break
        x, late = None, True
    dual = getattr(found, "mip_dual_bound", None)
    if dual is None or not np.isfinite(dual):  # as where no whole numbers were asked for
        dual = found.fun if found.status == 0 else -np.inf
    return _Answer(x, np.inf if x is None else float(cost @ x), float(dual), late)
