"""A prior for every cell: surfaces mixed so that they would have told the months held out best."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..places import Grid
from ._surface import kernel_sum

Floats = NDArray[np.float64]

NEAR_M, AROUND_M = 500.0, 2000.0
"""Reach in metres of the category's density, and of its share of what happens around."""

CELLS = 4
"""Reach in cells where these are so wide that the metres say little."""

SURFACES = ("near", "all", "around", "floor")
"""What the prior is mixed from; :func:`in_words` says what each is."""

START, SPREAD = 1.0, 2.0
"""Incidents that speak for equal weights; and the spread of the logarithm of the shape around 0."""

_QUARTIC = "quartic"


@dataclass(frozen=True)
class Mixture:
    """How the prior is mixed: a weight for each surface, the shape, and what taught them.

    Weights are rounded to .0001 and the shape to four digits, so that a map can be worked out
    again from the numbers told.
    """

    weights: Floats
    shape: float
    months: int
    incidents: int


@dataclass(frozen=True)
class HeldOut:
    """One month held out: cells by what was known before it (surfaces, count) and what came.

    Cells that are alike in everything are one row, ``cells`` says how many they are.
    """

    surfaces: Floats
    before: Floats
    came: Floats
    cells: Floats

    @classmethod
    def of(cls, surfaces: Floats, before: Floats, came: Floats) -> HeldOut:
        """Pool the cells that only the floor reaches, the last of the surfaces."""
        alone = ~(surfaces[:-1] > 0).any(axis=0) & (came == 0) & (before == 0)
        kept = np.append(np.flatnonzero(~alone), np.flatnonzero(alone)[:1])
        cells = np.ones(len(kept))
        if alone.any():
            cells[-1] = alone.sum()
        return cls(np.ascontiguousarray(surfaces[:, kept].T), before[kept], came[kept], cells)


def reaches(grid: Grid) -> tuple[float, float]:
    """Tell the two reaches on a grid, in metres."""
    return max(NEAR_M, CELLS * grid.size), max(AROUND_M, 2 * CELLS * grid.size)


def in_words(grid: Grid) -> dict[str, str]:
    """Say what each surface is."""
    near, around = (f"such incidents within {reach:,.0f} m" for reach in reaches(grid))
    return {
        "near": near,
        "all": "incidents of every type in the cell",
        "around": f"incidents of every type in the cell given {around}",
        "floor": "an even floor over all cells",
    }


def surfaces_of(grid: Grid, places: Floats, own: Floats, every: Floats) -> Floats:
    """Lay out the surfaces, each with sum 1 over the inside cells, or 0 where nothing is.

    Parameters
    ----------
    grid : Grid
    places : ndarray of float, shape (m, 2)
        Distinct places.
    own, every : ndarray of float, shape (m,)
        Weight of the category's incidents, and of those of every type, at each place.

    Returns
    -------
    ndarray of float, shape (4, n)
        In the order of :data:`SURFACES`.
    """
    where = pd.DataFrame({"x": places[:, 0], "y": places[:, 1], "weight": own})[own > 0]
    near, around = (kernel_sum(grid, where, _QUARTIC, reach) for reach in reaches(grid))
    held = by_cell(grid, places, every)
    surfaces = np.stack([near, held, np.sqrt(held * around), np.ones(len(grid.cells))])
    total = surfaces.sum(axis=1, keepdims=True)
    return surfaces / np.where(total > 0, total, 1.0)


def by_cell(grid: Grid, places: Floats, weight: Floats) -> Floats:
    """Sum weights at places by inside cell, in the order of ``grid.cells``."""
    at = grid.locate(places)
    position = np.searchsorted(grid.cells, at[at >= 0])
    return np.bincount(position, weight[at >= 0], minlength=len(grid.cells)).astype(float)


def posterior(own: Floats, prior: Floats, shape: float) -> Floats:
    """Mean of the rate once the count is known, from the mean before and the shape.

    It lies between the two: a shape near 0 gives the count, an endless one the prior.
    """
    if np.isinf(shape):
        return prior
    total = shape + prior
    out = own.astype(float)
    np.divide((shape + own) * prior, total, out=out, where=total > 0)
    return out


def learn(held_out: list[HeldOut]) -> Mixture:
    r"""Find the weights and the shape under which the months held out were likeliest.

    Parameters
    ----------
    held_out : list of HeldOut
        None gives equal weights and a shape of 1, where the search starts.

    Returns
    -------
    Mixture

    Notes
    -----
    Given a count :math:`y` before, the number in a month is negative binomial with shape
    :math:`\alpha + y` and mean :math:`e (\alpha + y) m / (\alpha + m)`. The exposure :math:`e` is
    set so that prior and month have the same total: what is learned is where, not how many. The
    logarithms are summed over cells and months. One incident for each surface speaks for equal
    weights, and the logarithm of the shape has spread 2 around 0: that decides where records say
    nothing, and is lost beside the incidents of a month or two.
    """
    from scipy.optimize import minimize

    size = held_out[0].surfaces.shape[1] if held_out else len(SURFACES)
    start = np.zeros(size + 1)
    if not held_out:
        return Mixture(np.full(size, 1 / size), 1.0, 0, 0)
    found = minimize(
        _loss, start, args=(held_out,), jac=True, method="L-BFGS-B",
        bounds=[(-30, 30)] * size + [(-12, 12)],
        options={"maxiter": 500, "ftol": 1e-13, "gtol": 1e-7},
    )  # fmt: skip
    weights = np.maximum(np.round(_softmax(found.x[:size]), 4), 1e-4)
    shape = float(f"{np.exp(found.x[size]):.4g}")
    came = sum(int(part.came @ part.cells) for part in held_out)
    return Mixture(weights / weights.sum(), shape, len(held_out), came)


def _softmax(score: Floats) -> Floats:
    raised = np.exp(score - score.max())
    return raised / raised.sum()  # type: ignore[no-any-return]


def _loss(score: Floats, held_out: list[HeldOut]) -> tuple[float, Floats]:
    """Minus the logarithm of the likelihood for each incident held out, and its gradient."""
    weights, shape = _softmax(score[:-1]), float(np.exp(score[-1]))
    # what speaks for equal weights and a shape of 1
    loss = -START * float(np.log(weights).sum()) + score[-1] ** 2 / (2 * SPREAD**2)
    by_score = START * (len(weights) * weights - 1)
    by_shape = score[-1] / SPREAD**2
    for month in held_out:
        lost, by_weight, by_log_shape = _loss_of(month, weights, shape)
        loss += lost
        by_score += weights * (by_weight - by_weight @ weights)
        by_shape += by_log_shape
    came = sum(float(month.came @ month.cells) for month in held_out)
    return loss / came, np.append(by_score, by_shape) / came


def _loss_of(month: HeldOut, weights: Floats, shape: float) -> tuple[float, Floats, float]:
    """Reckon it for one month, with the gradient by weights and by the logarithm of the shape."""
    from scipy.special import digamma, gammaln

    cells, known = month.cells, float(month.before @ month.cells)
    exposure = float(month.came @ cells) / known
    prior = known * (month.surfaces @ weights)
    own = shape + month.before
    above, below = shape + prior, shape + (1 + exposure) * prior
    none = np.log(above / below)
    loss = -float(cells @ (own * none))
    by_prior = own * (1 / above - (1 + exposure) / below)
    by_shape = none + own * (1 / above - 1 / below)
    hit = np.flatnonzero(month.came)  # elsewhere the gamma functions cancel out
    came, own, prior, below = month.came[hit], own[hit], prior[hit], below[hit]
    likely = gammaln(own + came) - gammaln(own) - gammaln(came + 1)
    loss -= float(cells[hit] @ (likely + came * np.log(exposure * prior / below)))
    by_prior[hit] += came * (1 / prior - (1 + exposure) / below)
    by_shape[hit] += digamma(own + came) - digamma(own) - came / below
    by_weight = -known * ((cells * by_prior) @ month.surfaces)
    return loss, by_weight, -shape * float(cells @ by_shape)
