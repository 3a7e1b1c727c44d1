"""The wild bootstrap by place: signs of the scores of places drawn anew, the null kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ._twoway import fit_two_way

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._twoway import Fit, Layout
    from .study import Batch, Study

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_FEW = 12  # places up to which two signs give too few different draws: six weights then
_WEBB = np.sqrt(np.array([0.5, 1.0, 1.5]))
_STEPS = 12  # halvings of the ends of an interval: to a thousandth of its width
_CHUNK = 4_000_000  # numbers of draws × places worked on at once


def weights(places: int, draws: int, seed: int) -> Floats:
    """Weights of the places, shape (draws, places): ±1, or Webb's six points with few places."""
    rng = np.random.default_rng([seed, places])
    sizes = np.concatenate([-_WEBB, _WEBB]) if places <= _FEW else np.array([-1.0, 1.0])
    drawn: Floats = rng.choice(sizes, (draws, places))
    return drawn


def statistics(influence: Floats, echo: Floats, drawn: Floats) -> tuple[Floats, Floats]:
    """Studentised move of each coefficient, as found and as drawn.

    ``influence`` (S, n, K) and ``echo`` (S, n, n, K) as :class:`Fit` holds them, ``drawn``
    (draws, n); gives (S, K) and (S, draws, K). The errors are those of the coefficients fitted
    anew to each draw.
    """

    def t(move: Floats, left: Floats) -> Floats:
        size = np.sqrt((left**2).sum(axis=-2))
        over: Floats = np.divide(move, size, out=np.zeros_like(move), where=size > 0)
        return over

    found = t(influence.sum(axis=1), influence - echo.sum(axis=2))
    move = np.einsum("bn,snk->sbk", drawn, influence)
    left = drawn[None, :, :, None] * influence[:, None]
    left = left - np.einsum("bj,scjk->sbck", drawn, echo, optimize=True)
    return found, t(move, left)


def wild_p(
    study: Study, layout: Layout, x: Floats, null: Floats, *, mixed: bool, seed: int, draws: int,
    order: Ints | None = None,
) -> Floats:  # fmt: skip
    """Two-sided p of each study's coefficient being ``null``, shape (S,)."""
    n = study.y.shape[1]
    drawn = weights(n, draws, seed)
    p = np.empty(len(study.y))
    step = max(1, _CHUNK // (draws * n))
    for s in range(0, len(p), step):
        some = slice(s, s + step)
        fit = _restricted(study, layout, x, null[some], some, mixed)
        assert fit.extra is not None
        rank = _order(fit.influence) if order is None else order[some]
        influence = np.take_along_axis(fit.influence, rank[..., None], axis=1)
        echo = np.take_along_axis(fit.extra, rank[:, :, None, None], axis=1)
        echo = np.take_along_axis(echo, rank[:, None, :, None], axis=2)
        found, again = statistics(influence, echo, drawn)
        beyond = np.abs(again[..., 0]) >= np.abs(found) - 1e-10
        p[some] = (1 + beyond.sum(axis=1)) / (draws + 1)
    return p


def _restricted(
    study: Study, layout: Layout, x: Floats, null: Floats, some: slice, mixed: bool,
    extra: str = "echo",
) -> Fit:  # fmt: skip
    part = type(study)(
        study.y[some], study.treat, study.days, study.used, study.cell, study.block, None,
        study.chosen,
    )  # fmt: skip
    column = x[some] if len(x) > 1 else x
    return fit_two_way(
        part, layout, column, free=np.zeros(1, dtype=bool),
        offset=column[..., 0] * null[:, None, None], mixed=mixed, extra=extra,
    )  # fmt: skip


def _order(influence: Floats) -> Ints:
    """Places by their influence, so that weights do not depend on the order of rows."""
    order: Ints = np.argsort(influence[..., 0], axis=1, kind="stable")
    return order


def wild_interval(
    study: Study, layout: Layout, x: Floats, plain: Batch, *, mixed: bool, level: float,
    seed: int, draws: int,
) -> tuple[Floats, Floats]:  # fmt: skip
    """Coefficients that the test does not reject, by halving from a plain interval outwards."""
    told = np.isfinite(plain.estimate)
    centre = np.where(told, plain.estimate, 0.0)
    width = np.where(told, plain.high - plain.estimate, 1.0)
    zero = _restricted(study, layout, x, np.zeros(len(centre)), slice(None), mixed, "")
    order = _order(zero.influence)

    def kept(at: Floats) -> NDArray[np.bool_]:
        p = wild_p(study, layout, x, at, mixed=mixed, seed=seed, draws=draws, order=order)
        return np.asarray(p > 1 - level)

    ends = []
    for side in (-1.0, 1.0):
        inner, outer = np.zeros(len(centre)), width.copy()
        for _ in range(4):
            inside = kept(centre + side * outer)
            inner, outer = np.where(inside, outer, inner), np.where(inside, 2 * outer, outer)
            if not inside.any():
                break
        endless = inside
        for _ in range(_STEPS):
            middle = (inner + outer) / 2
            inside = kept(centre + side * middle)
            inner, outer = np.where(inside, middle, inner), np.where(inside, outer, middle)
        ends.append(np.where(endless, side * np.inf, centre + side * (inner + outer) / 2))
    return ends[0], ends[1]
