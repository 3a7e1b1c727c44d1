"""Permutation: what a place and its neighbours would sum to if values lay anywhere.

Conditional: the value of the place stays; its ``k`` neighbours hold ``k`` values drawn without
replacement from those of all other places. Total: the place and its neighbours hold ``k + 1``
values drawn from those of all places. For whole numbers the distribution of the sum is worked out
exactly; for fractions it is drawn.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..progress import progress_bar

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_MOST_STEPS = 2e9  # additions that the exact distribution may take: a few seconds
_NEVER = 1e-18  # chances below are not told apart
_AT_ONCE = 2_000_000  # places drawn at a time
_FEW = 1e-9  # of a sum: what rounding may change of it
_NOBODY = -1  # instead of the value of a place left out, where none is


class Tails(NamedTuple):
    """Chance of a sum over neighbours at least, and at most, as large as the one seen."""

    upper: Floats
    lower: Floats
    exact: bool


def neighbour_tails(
    values: Floats, seen: Floats, drawn: Ints, permutations: int, random_state: int,
    *, total: bool = False,
) -> Tails:  # fmt: skip
    r"""Compare sums over neighbours with what values from anywhere would sum to by chance.

    Parameters
    ----------
    values : ndarray of float, shape (n,)
        Value of every place.
    seen : ndarray of float, shape (n,)
        Sum over the neighbours of each, itself left out; with ``total``, itself included. NaN
        where no test is wanted.
    drawn : ndarray of int, shape (n,)
        Number of the values summed, at least 1 where ``seen`` is not NaN.
    permutations : int
        How many to draw where the values are not whole numbers.
    random_state : int
    total : bool
        Whether a place's own value may be drawn as well: chance deals out all values, instead of
        those of the others only.

    Returns
    -------
    Tails
        NaN where ``seen`` is.

    Notes
    -----
    Exact: let :math:`N_v` places hold the value :math:`v`. The ways to choose :math:`k` places
    with sum :math:`s` are the coefficient of :math:`t^k z^s` in :math:`\prod_v (1 + t z^v)^{N_v}`;
    those without the place itself, which holds :math:`u`, are in the same divided by
    :math:`1 + t z^u`, unless chance deals out all. Tails of these are built by adding positive
    numbers only, so that small chances are as exact as large ones; places that hold the least
    value enter at the end, as a binomial coefficient.

    Drawn: lists of :math:`k + 1` different places are drawn once for all places. A place takes
    the first :math:`k` of a list; where it is one of them itself, the next stands in for it
    (not where chance deals out all). So every place is compared with draws from the others only,
    and
    :math:`p = (1 + \#\{\text{as extreme}\}) / (1 + \text{permutations})`.

    Examples
    --------
    >>> import numpy as np
    >>> values = np.array([5.0, 5, 0, 0, 0, 0])  # of the other five, one holds 5; two are drawn
    >>> seen = np.array([5.0] + [np.nan] * 5)
    >>> round(float(neighbour_tails(values, seen, np.full(6, 2), 0, 0).upper[0]), 12)
    0.4
    >>> seen = np.array([10.0] + [np.nan] * 5)  # itself included, of all six three are drawn
    >>> round(float(neighbour_tails(values, seen, np.full(6, 3), 0, 0, total=True).upper[0]), 12)
    0.2
    """
    upper, lower = np.full(len(values), np.nan), np.full(len(values), np.nan)
    tested = np.flatnonzero(~np.isnan(seen))
    exact = True
    if len(tested):
        own, sums, k = None if total else values[tested], seen[tested], drawn[tested]
        law = exact_law(values, sums, k)
        exact = law is not None
        if law is not None:
            upper[tested], lower[tested] = law.tails(own, sums, k)
        elif permutations:
            upper[tested], lower[tested] = _drawn_tails(
                values, tested, sums, k, permutations, random_state, total=total
            )
    return Tails(upper, lower, exact)


class ExactLaw:
    """Distribution of the sum of some of the values, for whole numbers; see neighbour_tails."""

    def __init__(self, counts: Ints, low: float, most: int, farthest: int) -> None:
        """Build it from how many places hold the least value, one more, …: for sums in reach."""
        self.counts, self.low = counts, low
        self.scale = max(most, 1) / int(counts.sum())  # keeps the numbers of ways within range
        chosen = _most_chosen(most, counts)
        # ways[k, s]: to choose k places above the least value with a sum of at least s above it
        self.ways = np.zeros((chosen + 1, farthest + 1))
        self.ways[0, 0] = 1.0
        for value in (np.flatnonzero(counts[1:]) + 1).tolist():
            number, factor = int(counts[value]), [1.0]
            for j in range(min(chosen, number)):
                factor.append(factor[-1] * (number - j) / (j + 1) * self.scale)
            for k in range(chosen, 0, -1):
                for j in range(1, min(k, number) + 1):
                    _add_shifted(self.ways[k], self.ways[k - j], value * j, factor[j])

    def tails(self, own: Floats | None, seen: Floats, drawn: Ints) -> tuple[Floats, Floats]:
        """Upper and lower tail for places by their own value, the sum seen and the number drawn.

        The own value is left out of what is drawn; None to draw from all.
        """
        held_ = np.full(len(seen), _NOBODY) if own is None else own - self.low
        keys = np.rint([held_, drawn, seen - drawn * self.low]).astype(np.int64)
        order = np.lexsort(keys[::-1])
        fresh = np.ones(len(order), dtype=bool)  # each combination once
        fresh[1:] = (np.diff(keys[:, order], axis=1) != 0).any(axis=0)
        held, k, s = keys[:, order[fresh]]
        upper, lower = np.empty(len(held)), np.empty(len(held))
        start = np.flatnonzero(np.diff(held, prepend=_NOBODY - 1))
        for part in map(slice, start, [*start[1:], len(held)]):
            upper[part], lower[part] = self._without(int(held[part][0]), k[part], s[part])
        place = np.empty(len(order), dtype=np.intp)
        place[order] = np.cumsum(fresh) - 1
        return upper[place], lower[place]

    def _without(self, held: int, k: Ints, s: Ints) -> tuple[Floats, Floats]:
        """Tails where one place that holds ``held`` above the least value is left out, or none."""
        from scipy.special import gammaln

        ways = self.ways
        if held > 0:
            ways = ways.copy()
            for j in range(1, len(ways)):
                _add_shifted(ways[j], ways[j - 1], held, -self.scale)
        n, least = int(self.counts.sum()) - (held >= 0), int(self.counts[0]) - (held == 0)

        def choose(among: int, number: NDArray[np.int64]) -> Floats:
            """Logarithm of the binomial coefficient, of 0 where none can be chosen."""
            able = (number >= 0) & (number <= among)
            number = np.where(able, number, 0)
            ways_ = gammaln(among + 1) - gammaln(number + 1) - gammaln(among - number + 1)
            return np.where(able, ways_, -np.inf)

        sizes, size = np.unique(k, return_inverse=True)
        above = np.arange(len(ways))
        of_all = choose(n, sizes)
        share = choose(least, sizes[:, None] - above) - of_all[:, None]
        share = np.exp(share - above * np.log(self.scale))[size].T
        upper = np.where(s <= 0, 1.0, (share * ways[:, np.clip(s, 0, None)]).sum(axis=0))
        over = np.where(s < 0, 1.0, (share * ways[:, np.clip(s + 1, 0, None)]).sum(axis=0))
        rarest = np.maximum(np.exp(-of_all), _NEVER)[size]  # what is seen is one of the ways
        return np.clip(upper, rarest, 1.0), np.clip(1.0 - over, rarest, 1.0)


def exact_law(values: Floats, seen: Floats, drawn: Ints) -> ExactLaw | None:
    """Make the exact law; None where values are not whole numbers or it would take too long."""
    low = float(values.min())
    whole = values - low
    if low != np.rint(low) or whole.max() > 1e7 or (whole != np.rint(whole)).any():
        return None
    most, farthest = int(drawn.max()), int((seen - drawn * low).max()) + 1
    counts = np.bincount(whole.astype(np.int64))
    held = counts[1:][counts[1:] > 0]
    chosen = np.arange(1, _most_chosen(most, counts) + 1)
    rows = sum(float(np.minimum(chosen, number).sum()) for number in held)
    steps = farthest * (rows + (len(held) + 1.0) * len(chosen))
    if steps > _MOST_STEPS or most * held.sum() > 300 * len(values):
        return None
    return ExactLaw(counts, low, most, farthest)


def _most_chosen(most: int, counts: Ints) -> int:
    """Places above the least value that ``most`` drawn ones may hold, but for a chance of _NEVER.

    By the Chernoff bound of the Poisson distribution, which has the wider tail.
    """
    above = int(counts[1:].sum())
    mean, chosen = most * above / int(counts.sum()), 1
    if above:
        chosen = int(mean) + 1
        while chosen - mean - chosen * np.log(chosen / mean) > np.log(_NEVER):
            chosen += 1
    return min(most, above, chosen)


def _add_shifted(target: Floats, source: Floats, shift: int, factor: float) -> None:
    """Add a tail moved right by ``shift``; left of that it is whole."""
    target[:shift] += factor * source[0]
    target[shift:] += factor * source[: max(len(source) - shift, 0)]


def _drawn_tails(
    values: Floats, tested: Ints, seen: Floats, drawn: Ints, permutations: int, random_state: int,
    *, total: bool = False,
) -> tuple[Floats, Floats]:  # fmt: skip
    """Tails from lists of places drawn by chance, shared by all places."""
    rng = np.random.default_rng(random_state)
    slack = _FEW * (1.0 + np.abs(seen))
    sizes, size = np.unique(drawn, return_inverse=True)
    by_size = np.split(np.argsort(size, kind="stable"), np.cumsum(np.bincount(size))[:-1])
    position = np.full(len(values), -1)
    position[tested] = np.arange(len(tested))
    at_least, at_most = np.ones(len(tested)), np.ones(len(tested))
    length = int(sizes[-1]) + (not total)
    rows = max(1, _AT_ONCE // length)
    starts = range(0, permutations, rows)
    for start in progress_bar(
        starts, desc="permutations", disable=None if len(starts) > 20 else True
    ):
        lists = _different(rng, len(values), min(rows, permutations - start), length)
        value = values[lists]
        sums = np.cumsum(value, axis=1)
        for k, here in zip(sizes.tolist(), by_size, strict=True):
            null = np.sort(sums[:, k - 1])
            at_least[here] += len(null) - np.searchsorted(null, (seen - slack)[here], "left")
            at_most[here] += np.searchsorted(null, (seen + slack)[here], "right")
        if total:
            continue
        # a place cannot be its own neighbour: the next of the list stands in for it
        row, column = np.divmod(np.arange(lists.size), length)
        who = position[lists.ravel()]
        mine = np.flatnonzero((who >= 0) & (column < drawn[who]))
        who, row, column = who[mine], row[mine], column[mine]
        k = drawn[who]
        with_it, instead = sums[row, k - 1], sums[row, k] - value[row, column]
        for tally, sign in ((at_least, 1), (at_most, -1)):
            limit = sign * seen[who] - slack[who]
            change = (sign * instead >= limit).astype(int) - (sign * with_it >= limit)
            np.add.at(tally, who, change)
    return at_least / (permutations + 1), at_most / (permutations + 1)


def _different(rng: np.random.Generator, n: int, rows: int, length: int) -> Ints:
    """Draw lists of different places, each order of each choice as likely as any other."""
    if length > n:
        raise ValueError(f"{length} different places cannot be drawn from {n}")
    if 3 * length > n:
        return rng.permuted(np.tile(np.arange(n), (rows, 1)), axis=1)[:, :length]
    # With replacement, and the first of each kept: lists that still lack some are drawn anew.
    lists = np.empty((0, length), dtype=np.int64)
    while len(lists) < rows:
        more = rng.integers(0, n, (rows, length + length // 2 + 4))
        order = np.argsort(more, axis=1, kind="stable")
        again = np.zeros_like(more, dtype=bool)
        ordered = np.take_along_axis(more, order, axis=1)
        np.put_along_axis(again, order[:, 1:], ordered[:, 1:] == ordered[:, :-1], axis=1)
        kept = ~again & (np.cumsum(~again, axis=1) <= length)
        full = kept.sum(axis=1) == length
        lists = np.vstack([lists, more[full][kept[full]].reshape(-1, length)])
    return lists[:rows]
