"""How many visits each hotspot should get in a duty day, and in which shifts: exactly."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence


def allocate(
    values: Sequence[float],
    capacity: Sequence[int],
    most: Sequence[Sequence[int]],
    most_per_day: int,
    decay: float,
) -> list[list[int]]:
    """Share out a day's visits so that the value covered is the greatest there can be.

    Maximises ``sum_h values[h] * (1 + decay + ... + decay**(v_h - 1))``, where ``v_h`` is the
    number of visits to hotspot ``h`` over the day's shifts, with every visit costing one unit of
    its shift's capacity. The visits the shifts can carry form a polymatroid (flows through a
    bipartite network), on which the greedy choice of the best next visit is optimal for a
    separable concave value [1]_. A visit fits if some rearrangement between shifts makes room,
    found by breadth-first search. Among equal plans, visits go to the shift where the hotspot has
    fewest and most capacity is left, so that they are spread over the day.

    Parameters
    ----------
    values : sequence of float, length n
        Value of the first visit to each hotspot.
    capacity : sequence of int, length m
        Visits each shift can carry.
    most : n sequences of int, length m
        Most visits to each hotspot in each shift; 0 where it cannot be reached.
    most_per_day : int
        Most visits to one hotspot in the day.
    decay : float
        Value of a further visit as a share of the one before, in (0, 1).

    Returns
    -------
    list of n lists of int, length m
        Visits per hotspot and shift.

    References
    ----------
    .. [1] Federgruen, A. and Groenevelt, H. (1986). The greedy procedure for resource allocation
       problems: necessary and sufficient conditions for optimality. Operations Research 34(6),
       909-918.

    Examples
    --------
    Five visits between needs of 10 and 4: 10, 6, 4, 3.6 and 2.4 are the best five.

    >>> allocate([10.0, 4.0], [3, 2], [[3, 3], [3, 3]], 6, 0.6)
    [[2, 1], [1, 1]]
    """
    n, m = len(values), len(capacity)
    visits = [[0] * m for _ in range(n)]
    spare = list(capacity)
    marginal = {h: values[h] for h in range(n) if values[h] > 0}
    while marginal and any(spare):
        h = max(marginal, key=lambda k: (marginal[k], -k))
        if sum(visits[h]) < most_per_day and _place(h, visits, spare, most):
            marginal[h] *= decay
        else:  # what cannot be placed now never can be: the others only grow
            del marginal[h]
    return visits


def _place(
    h: int, visits: list[list[int]], spare: list[int], most: Sequence[Sequence[int]]
) -> bool:
    """Place one more visit to ``h``, moving others between shifts where that makes the room."""
    order = sorted(range(len(spare)), key=lambda s: (visits[h][s], -spare[s], s))
    came: dict[int, tuple[int, int] | None] = {}  # shift -> (shift before, hotspot moved here)
    queue: deque[int] = deque()
    for s in order:
        if visits[h][s] < most[h][s]:
            if spare[s] > 0:
                visits[h][s] += 1
                spare[s] -= 1
                return True
            came[s] = None
            queue.append(s)
    while queue:
        s = queue.popleft()
        for t in order:
            if t in came:
                continue
            moved = next((k for k in range(len(visits))
                          if visits[k][s] and visits[k][t] < most[k][t]), None)  # fmt: skip
            if moved is None:
                continue
            came[t] = (s, moved)
            if spare[t] > 0:
                _shift_along(h, t, came, visits)
                spare[t] -= 1
                return True
            queue.append(t)
    return False


def _shift_along(
    h: int, last: int, came: dict[int, tuple[int, int] | None], visits: list[list[int]]
) -> None:
    at = last
    while (step := came[at]) is not None:
        before, moved = step
        visits[moved][before] -= 1
        visits[moved][at] += 1
        at = before
    visits[h][at] += 1
