"""Weights that are 0 or more and add up to 1, by least squares, many at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

_ROUNDS = 2000
_CLOSE = 1e-9


def weigh(x: Floats, share: Floats, size: Floats, allowed: Bools, ridge: float) -> Floats:
    r"""Weigh series so that their mean follows that of given groups of them.

    Parameters
    ----------
    x : ndarray, shape (B, n, P)
        Series; in each of B problems R groups are followed.
    share : ndarray, shape (B, R, n)
        What each series counts in the group to follow.
    size : ndarray, shape (B, n)
        Of each series; the larger, the less its weight costs.
    allowed : ndarray of bool, shape (B, R, n)
        Which may have a weight.
    ridge : float

    Returns
    -------
    ndarray, shape (B, R, n)

    Notes
    -----
    Minimises :math:`\sum_t (\bar x_t - \sum_j w_j x_{jt})^2 + \rho \sum_j w_j^2 / s_j` by
    accelerated projected gradient in :math:`v_j = w_j / \sqrt{s_j}`, where the ridge is the same
    in all directions, so that the number of steps does not depend on the sizes.

    Examples
    --------
    >>> x = np.array([[[1.0, -1.0], [1.0, -1.0], [-1.0, 1.0]]])
    >>> share = np.array([[[1.0, 0.0, 0.0]]])
    >>> weigh(x, share, np.ones((1, 3)), share == 0, 1e-6).round(3).tolist()
    [[[0.0, 1.0, 0.0]]]
    """
    root = np.sqrt(size)[:, None]  # (B, 1, n)
    scaled = x * root[:, 0, :, None]
    gram = scaled @ np.swapaxes(scaled, 1, 2)
    at = np.arange(x.shape[1])
    gram[:, at, at] += ridge
    steep = np.linalg.eigvalsh(gram)[:, -1][:, None, None]
    aim = (share @ x) @ np.swapaxes(scaled, 1, 2)
    pull = np.sqrt(ridge / steep)
    speed = (1 - pull) / (1 + pull)
    now, active = _project(np.zeros(share.shape), root, allowed, allowed)
    ahead = now
    for _ in range(_ROUNDS):
        step = ahead - (ahead @ gram - aim) / steep
        new, active = _project(step, root, allowed, active)
        ahead = new + speed * (new - now)
        moved = np.abs(new - now).max(initial=0.0)
        now = new
        if moved < _CLOSE:
            break
    weights: Floats = now * root
    return weights


def _project(point: Floats, root: Floats, allowed: Bools, active: Bools) -> tuple[Floats, Bools]:
    """Nearest point whose entries are 0 or more and add up to 1, weighed by ``root``.

    It is max(point - τ root, 0). Newton's method finds τ from those above 0, begun with those
    above 0 the last time; it ends, for what is to vanish is convex and straight in pieces.
    """
    square, product = root**2, root * point
    while True:
        held = (active * square).sum(axis=2, keepdims=True)
        above = (active * product).sum(axis=2, keepdims=True)
        tau = (above - 1) / np.maximum(held, 1e-300)
        new = allowed & (point > tau * root)
        if (new == active).all():
            return np.where(active, point - tau * root, 0.0), active
        active = new
