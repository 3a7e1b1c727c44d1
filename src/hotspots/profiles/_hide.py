r"""Which further figures to hide, so that no small count can be worked out from the totals.

The readers we guard against know every figure published, how it was rounded, that totals add up,
that zeros are shown and so a hidden figure is at least 1. One does not know which figures are
hidden for being small and which to guard these; the other has guessed it rightly. What either can
tell of a hidden figure is its least and its greatest value over all tables that fit: two linear
programmes. Areas in a tree by a flat list of categories make a network, whose linear programmes
have whole-number solutions, so the bounds are exact. Months share no total, so each is a problem
of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Goal = tuple[int, float, bool]

_NODES = 5_000  # of the search for fewest hidden figures; what it has by then is taken
_SLACK = 1e-6


def exposed(
    sums: Any, low: Floats, high: Floats, least: Floats, most: Floats
) -> tuple[Flags, Flags]:
    """Find the hidden figures of which a reader can rule out the least or the most they might be.

    Parameters
    ----------
    sums : sparse matrix, shape (R, C)
        Equations that hold in every month.
    low, high : ndarray, shape (T, C)
        What is told of each figure.
    least, most : ndarray, shape (T, C)
        Bounds that the tables which fit must reach; NaN for a figure that needs no guard.

    Returns
    -------
    below, above : ndarray of bool, shape (T, C)
        Figures that cannot be so small, and that cannot be so large.
    """
    return (
        _unreached(sums, low, high, least, sign=1.0),
        _unreached(sums, low, high, most, sign=-1.0),
    )


def _unreached(sums: Any, low: Floats, high: Floats, goal: Floats, sign: float) -> Flags:
    """Return the figures that no table which fits takes down (1) or up (-1) to their goal.

    One programme a round serves all months at once. It first pulls at every figure still open;
    a month where that settles none is pulled at one figure at a time, which is exact.
    """
    from scipy.optimize import linprog
    from scipy.sparse import identity, kron

    found = np.zeros(goal.shape, dtype=bool)
    open_ = ~np.isnan(goal)
    live = np.flatnonzero(open_.any(axis=1))
    single = np.zeros(len(goal), dtype=bool)
    while len(live):
        pull = open_.copy()
        for t in live[single[live]]:
            pull[t] = False
            pull[t, np.flatnonzero(open_[t])[0]] = True
        bounds_high = high.copy()
        if sign < 0:
            bounds_high[pull] = np.minimum(high[pull], goal[pull])
        cost = np.where(pull, sign, 0.0)[live]
        solved = linprog(
            cost.ravel(), A_eq=kron(identity(len(live)), sums, format="csr"),
            b_eq=np.zeros(sums.shape[0] * len(live)),
            bounds=np.column_stack([low[live].ravel(), bounds_high[live].ravel()]),
            method="highs-ds",
        )  # fmt: skip
        x = solved.x.reshape(len(live), -1)
        there = open_[live] & (sign * x <= sign * np.nan_to_num(goal[live]) + _SLACK)
        stuck = single[live][:, None] & pull[live] & ~there
        found[live] |= stuck
        open_[live] &= ~(there | stuck)
        single[live] |= ~there.any(axis=1)
        live = np.flatnonzero(open_.any(axis=1))
    return found


def widest(
    sums: Any, low: Floats, high: Floats, first: Floats, last: Floats
) -> tuple[Floats, Floats]:
    """Return the least and greatest value that each figure can have in a table that fits.

    Parameters
    ----------
    sums, low, high
        As :func:`exposed` takes them.
    first, last : ndarray, shape (T, C)
        Whole numbers to search between; NaN for a figure not asked after.

    Returns
    -------
    least, most : ndarray, shape (T, C)
    """
    least, most = first.copy(), last.copy()
    seek = (~np.isnan(least), ~np.isnan(most))
    while seek[0].any() or seek[1].any():
        below, above = exposed(sums, low, high, np.where(seek[0], least, np.nan),
                               np.where(seek[1], most, np.nan))  # fmt: skip
        least[below] += 1
        most[above] -= 1
        seek = (below, above)
    return least, most


def hide_more(
    sums: Any, value: Floats, bounds: tuple[Floats, Floats, Floats], hidden: Flags, may: Flags,
    cost: Floats, goals: list[Goal],
) -> Flags | None:  # fmt: skip
    """Choose the cheapest further figures of one month to hide, so that every goal is reached.

    Parameters
    ----------
    sums : sparse matrix, shape (R, C)
    value : ndarray, shape (C,)
        The counts.
    bounds : (low, high, guessed), each ndarray of shape (C,)
        What is told of each figure as things stand, of hidden ones 1 and infinity; and ``high``
        for the reader who knows which are small.
    hidden, may : ndarray of bool, shape (C,)
        Figures hidden already, and those that may be hidden too.
    cost : ndarray, shape (C,)
        Of hiding each.
    goals : list of (figure, bound, guessed)
        For each a table must fit in which the figure is down or up at the bound, for a reader who
        has guessed which figures are small or has not.

    Returns
    -------
    ndarray of bool or None
        All figures hidden; None where no choice reaches every goal.

    Notes
    -----
    The mixed-integer programme of Fischetti and Salazar with one copy of the table per goal. A
    table that reaches a goal from the counts in d steps differs from them nowhere by more than d,
    since the difference is a flow made of d cycles; so a figure's bounds open by no more when it
    is hidden, and figures that need not open by then stay out of the search.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import block_diag, csr_matrix, hstack

    kept = np.flatnonzero(bounds[1] > 0)  # zeros are shown, and stay what they are
    number = np.full(len(value), -1)
    number[kept] = np.arange(len(kept))
    goals = [(int(number[p]), goal, knows) for p, goal, knows in goals]
    everything = hidden.copy()
    sums, value, cost = sums.tocsc()[:, kept], value[kept], cost[kept]
    hidden, may = hidden[kept], may[kept]
    low, high, guessed = (bound[kept] for bound in bounds)
    n, copies = len(value), len(goals)
    reach = max(abs(goal - value[p]) for p, goal, _ in goals)
    wider_low = np.minimum(low, np.maximum(1.0, value - reach))
    wider_high = np.maximum(high, value + reach)
    choice = np.flatnonzero(may & ~hidden & ((wider_low < low) | (wider_high > high)))
    k = len(choice)
    if k == 0:
        return None
    x_low = np.tile(low, (copies, 1))
    x_high = np.array([guessed if knows else high for _, _, knows in goals])
    x_low[:, choice], x_high[:, choice] = wider_low[choice], wider_high[choice]
    for copy, (p, goal, _) in enumerate(goals):
        side = x_high if goal < value[p] else x_low
        side[copy, p] = goal
    eyes = csr_matrix((np.ones(k), (np.arange(k), choice)), shape=(k, n))
    of_tables = block_diag([eyes] * copies, format="csr")
    down = np.tile(low[choice] - wider_low[choice], copies)
    opens = np.tile(wider_high[choice] - high[choice], copies)
    each = np.tile(np.arange(k), copies)
    switch = csr_matrix((np.ones(k * copies), (np.arange(k * copies), each)))
    none = csr_matrix((sums.shape[0] * copies, k))
    solved = milp(
        np.concatenate([cost[choice], np.zeros(n * copies)]),
        constraints=[
            LinearConstraint(hstack([none, block_diag([sums] * copies)], format="csr"), 0, 0),
            LinearConstraint(hstack([switch.multiply(down[:, None]), of_tables], format="csr"),
                             np.tile(low[choice], copies), np.inf),
            LinearConstraint(hstack([switch.multiply(-opens[:, None]), of_tables], format="csr"),
                             -np.inf, np.tile(high[choice], copies)),
        ],
        integrality=np.concatenate([np.ones(k), np.zeros(n * copies)]),
        bounds=Bounds(np.concatenate([np.zeros(k), x_low.ravel()]),
                      np.concatenate([np.ones(k), x_high.ravel()])),
        options={"node_limit": _NODES},
    )  # fmt: skip
    if solved.x is None:
        return None
    everything[kept[choice[solved.x[:k] > 0.5]]] = True
    return everything
