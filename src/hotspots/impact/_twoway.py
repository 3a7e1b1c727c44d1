"""Counts with an effect of each cell and each period: the regression, many studies at once.

Cells (a place, or a place and week) and periods have effects of their own, log μ = cell + period +
xβ. Periods that no cell joins fall into *segments* (the weeks of a cross-over); within one, counts
are rows by periods. Effects of cells and of periods are eliminated exactly at every Newton step,
so that a thousand studies cost a thousand small systems, not a thousand columns of dummies.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from ..chance.regression import dispersions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .study import Study

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

_ROUNDS = 50  # Newton steps; half a dozen are usual
_CLOSE = 1e-10  # largest move of a log mean at which a fit has settled
_FAR = 4.0  # largest move of a log mean in one step
_NOTHING = 1e-9  # share of its size that has to be left of a column once effects are taken out
_CHUNK = 400_000  # counts worked on at once: they stay in the cache


@dataclass(frozen=True)
class Layout:
    """Where the counts of a study lie by segment, row and period of it.

    Attributes
    ----------
    at : ndarray of int, shape (G, R, P)
        Place × T + period of each count; 0 where there is none.
    there : ndarray of bool, shape (G, R, P)
    place : ndarray of int, shape (G, R)
        Place of each row; -1 where there is none.
    """

    at: Ints
    there: Bools
    place: Ints

    def take(self, values: Floats) -> Floats:
        """Bring values of shape (..., n, T) to (..., G, R, P), 0 where there are none."""
        flat = values.reshape(*values.shape[:-2], -1)
        taken: Floats = np.where(self.there, flat[..., self.at], 0.0)
        return taken

    def by_place(self, values: Floats, n: int) -> Floats:
        """Sum values of rows, shape (S, G, R, ...), over the rows of a place: (S, G, n, ...)."""
        if self.place.shape[1] == n and (self.place == np.arange(n)).all():
            return values
        one = (self.place[..., None] == np.arange(n)).astype(float)  # (G, R, n)
        summed: Floats = np.einsum("sgr...,grn->sgn...", values, one)
        return summed


def lay_out(study: Study) -> Layout:
    """Part a study into segments of periods that share cells, rows within them being cells."""
    periods = study.used.shape[1]
    place, period = np.nonzero(study.used)
    names, cell = np.unique(
        np.column_stack([place, study.cell[place, period]]), axis=0, return_inverse=True
    )
    cell = cell.ravel()
    segment = _components(cell, period, len(names), periods)
    of_cell = np.zeros(len(names), dtype=np.int64)
    of_cell[cell] = segment[period]
    row, rows = _rank(of_cell)
    seen = np.unique(period)
    column = np.zeros(periods, dtype=np.int64)
    column[seen], columns = _rank(segment[seen])
    shape = (int(segment.max(initial=0)) + 1, rows, columns)
    at, there = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=bool)
    where = of_cell[cell], row[cell], column[period]
    at[where], there[where] = place * periods + period, True
    whose = np.full(shape[:2], -1, dtype=np.int64)
    whose[of_cell, row] = names[:, 0]
    return Layout(at, there, whose)


def _components(cell: Ints, period: Ints, cells: int, periods: int) -> Ints:
    """Segment of each period, 0 on, those not used in 0."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    joined = coo_matrix((np.ones(len(cell)), (cell, cells + period)), shape=(cells + periods,) * 2)
    label = connected_components(joined, directed=False)[1][cells:]
    segment = np.zeros(periods, dtype=np.int64)
    seen = np.unique(period)
    segment[seen] = np.unique(label[seen], return_inverse=True)[1].ravel()
    return segment


def _rank(group: Ints) -> tuple[Ints, int]:
    """Position of each member within its group, and the size of the largest."""
    order = np.argsort(group, kind="stable")
    first = np.searchsorted(group[order], group[order], side="left")
    rank = np.empty(len(group), dtype=np.int64)
    rank[order] = np.arange(len(group)) - first
    return rank, int(rank.max(initial=-1)) + 1


@dataclass(frozen=True)
class Fit:
    """What the regression found, in each of S studies.

    Attributes
    ----------
    coef : ndarray, shape (S, K)
        NaN where the counts do not tell it; 0 where held there.
    cov : ndarray, shape (S, K, K)
        Covariance of the coefficients were the counts of the family fitted.
    influence : ndarray, shape (S, n, K)
        How far one Newton step towards the score of each place alone moves each coefficient;
        over all places that sums to 0 where all coefficients are estimated.
    extra : ndarray or None
        "echo", shape (S, n, n, K): the part of the influence of place c that goes when effects
        and coefficients are fitted anew to the score of place j: [.., c, j, ..]. "without", shape
        (S, n, K): how far each coefficient moves when a place is left out (one Newton step).
    dispersion : ndarray, shape (S,)
    chi2 : ndarray, shape (S, n)
        Pearson's χ² of the Poisson means, by place.
    df : ndarray, shape (S,)
        Its degrees of freedom.
    counts : ndarray, shape (S,)
        Counts that tell anything: those of cells and periods with incidents.
    """

    coef: Floats
    cov: Floats
    influence: Floats
    extra: Floats | None
    dispersion: Floats
    chi2: Floats
    df: Floats
    counts: Floats


def fit_two_way(
    study: Study,
    layout: Layout,
    x: Floats,
    *,
    free: Bools | None = None,
    offset: Floats | None = None,
    mixed: bool = False,
    extra: str = "",
) -> Fit:
    """Fit log μ = cell + period + offset + xβ.

    Parameters
    ----------
    study : Study
    layout : Layout
    x : ndarray, shape (S or 1, n, T, K)
    free : ndarray of bool, shape (K,), optional
        Which coefficients are estimated; the others stay 0, and the influence of the places says
        where they would have gone. All, when absent.
    offset : ndarray, shape (S or 1, n, T), optional
    mixed : bool
        Negative binomial, its dispersion by moments, else Poisson.
    extra : {"", "echo", "without"}
        What else to work out.
    """
    studies, n, _ = study.y.shape
    step = max(1, _CHUNK // max(layout.at.size, 1))
    parts = []
    for s in range(0, studies, step):
        some = slice(s, min(s + step, studies))
        columns = np.moveaxis(x[some] if len(x) > 1 else x, -1, 1)
        shift = None if offset is None else offset[some] if len(offset) > 1 else offset
        parts.append(_fit(
            layout.take(study.y[some]), np.moveaxis(layout.take(columns), 1, -1),
            None if shift is None else layout.take(shift), layout, n, free, mixed, extra,
        ))  # fmt: skip
    if len(parts) == 1:
        return parts[0]
    whole: dict[str, Any] = {
        one.name: None if getattr(parts[0], one.name) is None
        else np.concatenate([getattr(part, one.name) for part in parts])
        for one in fields(Fit)
    }  # fmt: skip
    return Fit(**whole)


def _fit(
    y: Floats, x: Floats, offset: Floats | None, layout: Layout, n: int, free: Bools | None,
    mixed: bool, extra: str,
) -> Fit:  # fmt: skip
    studies = len(y)
    x = np.broadcast_to(x, (*y.shape, x.shape[-1]))
    shift = np.zeros((1, *y.shape[1:])) if offset is None else offset
    free = np.ones(x.shape[-1], dtype=bool) if free is None else free
    # cells and periods without an incident fit themselves and say nothing of the rest
    used = layout.there & (y.sum(axis=3, keepdims=True) > 0) & (y.sum(axis=2, keepdims=True) > 0)
    counts = used.sum(axis=(1, 2, 3)).astype(float)
    df = counts - _effects(used) - free.sum()
    eta = _start(y, used, shift)
    alpha = np.zeros(studies)
    beta = np.zeros((studies, x.shape[-1]))
    beta, eta, settled = _newton(y, x[..., free], used, alpha, beta[:, free], eta)
    mean = np.where(used, np.exp(eta), 1.0)
    chi2 = np.where(used, (y - mean) ** 2 / mean, 0.0).sum(axis=3)
    pearson = chi2.sum(axis=(1, 2))
    todo = np.flatnonzero((pearson > df) & (df > 0) & settled) if mixed else np.arange(0)
    for _ in range(12):
        if len(todo) == 0:
            break
        shape = (len(todo), -1)
        new = dispersions(
            y[todo].reshape(shape), mean[todo].reshape(shape), used[todo].reshape(shape), df[todo]
        )
        moved = np.abs(new - alpha[todo]) > 1e-9 + 1e-6 * alpha[todo]
        alpha[todo] = new
        todo = todo[moved]
        beta[todo], eta[todo], settled[todo] = _newton(
            y[todo], x[todo][..., free], used[todo], alpha[todo], beta[todo], eta[todo]
        )
        mean[todo] = np.where(used[todo], np.exp(eta[todo]), 1.0)
    coef = np.zeros((studies, x.shape[-1]))
    coef[:, free] = beta
    cov, influence, more, told = _finish(y, x, used, mean, alpha, layout, n, extra)
    coef[~told | ~settled[:, None]] = np.nan
    return Fit(coef, cov, influence, more, alpha, layout.by_place(chi2, n).sum(axis=1), df, counts)


def _effects(used: Bools) -> Floats:
    """Effects of cells and periods that are estimated, one of each segment being the level."""
    rows, columns = np.asarray(used.any(axis=3)), np.asarray(used.any(axis=2))
    segments = rows.max(axis=2)
    total: Floats = (
        rows.sum(axis=(1, 2)) + columns.sum(axis=(1, 2)) - segments.sum(axis=1)
    ).astype(float)
    return total


def _start(y: Floats, used: Bools, shift: Floats) -> Floats:
    """Log means of rows and periods as they sum, the offset among them."""
    w = np.where(used, np.exp(np.clip(shift, -20, 20)), 0.0)
    rows, columns = y.sum(axis=3, keepdims=True), y.sum(axis=2, keepdims=True)
    a, b = np.ones_like(rows), np.ones_like(columns)
    for _ in range(3):
        a = rows / np.maximum((w * b).sum(axis=3, keepdims=True), 1e-300)
        b = columns / np.maximum((w * a).sum(axis=2, keepdims=True), 1e-300)
    eta: Floats = np.where(used, np.log(np.maximum(w * a * b, 1e-12)), 0.0)
    return eta


@dataclass(frozen=True)
class _Parts:
    """Weighted sums of a step, effects of cells eliminated."""

    rows: Floats  # (S, G, R): sums of weights
    centre: Floats  # (S, G, R, K): weighted means of columns
    inverse: Floats  # (S, G, P, P): of the information on periods
    solved: Floats  # (S, G, P, K): that times the information between periods and columns
    info: Floats  # (S, K, K): on the columns, periods eliminated too
    raw: _Raw


def _parts(w: Floats, x: Floats) -> _Parts:
    rows = w.sum(axis=3)
    one = np.maximum(rows, 1e-300)
    wx = w[..., None] * x
    centre = wx.sum(axis=3) / one[..., None]
    scaled = w / np.sqrt(one)[..., None]
    columns = w.sum(axis=2)
    cross = wx.sum(axis=2) - np.einsum("sgrp,sgrk->sgpk", w, centre)
    whole = np.einsum("sgrpk,sgrpl->skl", wx, x)
    whole = whole - np.einsum("sgrk,sgrl,sgr->skl", centre, centre, rows)
    raw = _Raw(np.swapaxes(scaled, 2, 3) @ scaled, columns, cross, whole)
    inverse, solved, info = raw.solve()
    return _Parts(rows, centre, inverse, solved, info, raw)


@dataclass(frozen=True)
class _Raw:
    """Information on periods and columns, effects of cells eliminated; it adds up over places."""

    shared: Floats  # (S, G, P, P): what the effects of cells take from the information on periods
    columns: Floats  # (S, G, P): sums of weights
    cross: Floats  # (S, G, P, K): between periods and columns
    whole: Floats  # (S, K, K): on the columns

    def solve(self) -> tuple[Floats, Floats, Floats]:
        """Inverse on periods, that times ``cross``, and information on columns given periods."""
        top = self.columns.max(axis=2)[..., None]
        seen = self.columns > 1e-10 * np.maximum(top, 1e-300)
        kept = np.where(seen, self.columns, 0.0)
        period = np.where(seen[..., :, None] & seen[..., None, :], -self.shared, 0.0)
        at = np.arange(period.shape[-1])
        period[..., at, at] += np.where(seen, kept + 1e-13 * top, 1.0)
        # the level of a segment stands with its cells: else periods have no answer of their own
        total = np.maximum(kept.sum(axis=2), 1e-300)
        period += kept[..., :, None] * kept[..., None, :] / total[..., None, None]
        inverse: Floats = np.asarray(np.linalg.inv(period))
        solved = inverse @ np.where(seen[..., None], self.cross, 0.0)
        info = self.whole - np.einsum("sgpk,sgpl->skl", self.cross, solved)
        return inverse, solved, info


def _newton(
    y: Floats, x: Floats, used: Bools, alpha: Floats, beta: Floats, eta: Floats
) -> tuple[Floats, Floats, Bools]:
    """Coefficients and log means at given dispersions, and whether they settled."""
    beta, eta = beta.copy(), eta.copy()
    settled = np.zeros(len(y), dtype=bool)
    todo = np.arange(len(y))
    for _ in range(_ROUNDS):
        mean = np.where(used[todo], np.exp(eta[todo]), 0.0)
        share = 1 / (1 + alpha[todo, None, None, None] * mean)
        w, e = mean * share, np.where(used[todo], y[todo] - mean, 0.0) * share
        p = _parts(w, x[todo])
        level = e.sum(axis=3) / np.maximum(p.rows, 1e-300)
        rest = e - w * level[..., None]
        push = rest.sum(axis=2)
        pull = np.einsum("sgrp,sgrpk->sk", rest, x[todo])
        pull = pull - np.einsum("sgpk,sgp->sk", p.solved, push)
        move = _solve(p.info, pull)
        d = (p.inverse @ push[..., None])[..., 0] - np.einsum("sgpk,sk->sgp", p.solved, move)
        both = d[:, :, None, :] + np.einsum("sgrpk,sk->sgrp", x[todo], move)
        up = level - (w * both).sum(axis=3) / np.maximum(p.rows, 1e-300)
        go = np.where(used[todo], both + up[..., None], 0.0)
        far = np.abs(go).max(axis=(1, 2, 3))
        slow = np.minimum(1.0, _FAR / np.maximum(far, 1e-300))
        beta[todo] += slow[:, None] * move
        eta[todo] += slow[:, None, None, None] * go
        settled[todo] = far < _CLOSE
        todo = todo[~(far < _CLOSE) & (np.abs(beta[todo]) < 25).all(axis=1)]
        if len(todo) == 0:
            break
    return beta, eta, settled


def _solve(info: Floats, pull: Floats) -> Floats:
    """Step of the coefficients; none in a direction the counts do not tell."""
    if info.shape[-1] == 0:
        return pull
    own = np.einsum("skk->sk", info)
    safe = info + np.eye(info.shape[-1]) * np.where(own > 1e-12, 1e-13 * own, 1.0)[:, :, None]
    move: Floats = np.asarray(np.linalg.solve(safe, pull[..., None])[..., 0], dtype=float)
    return move


def _inverse(info: Floats) -> Floats:
    """Inverse of information; 0 in a direction the counts do not tell."""
    inverse: Floats = np.asarray(np.linalg.pinv(info, rcond=1e-11, hermitian=True), dtype=float)
    return inverse


def _finish(
    y: Floats, x: Floats, used: Bools, mean: Floats, alpha: Floats, layout: Layout, n: int,
    extra: str,
) -> tuple[Floats, Floats, Floats | None, Bools]:  # fmt: skip
    """Covariance, influence and what else is wanted at the means found; what the counts tell."""
    share = np.where(used, 1 / (1 + alpha[:, None, None, None] * mean), 0.0)
    w, e = mean * share, (y - mean) * share
    p = _parts(w, x)
    size = np.einsum("sgrp,sgrpk->sk", w, x**2)
    told = np.einsum("skk->sk", p.info) > _NOTHING * np.maximum(size, 1e-300)
    cov = _inverse(p.info)
    if extra == "without":
        influence, without = _without(w, e, x, p, layout, n)
        return cov, influence, without, told
    # columns with cells and periods taken out: each row of weights times these sums to 0
    bare = x - p.centre[..., None, :] - p.solved[:, :, None]
    inner = np.einsum("sgrp,sgpk->sgrk", w, p.solved) / np.maximum(p.rows, 1e-300)[..., None]
    bare = (bare + inner[..., None, :]) @ cov[:, None, None]
    influence = np.asarray(layout.by_place(np.einsum("sgrp,sgrpk->sgrk", e, bare), n).sum(axis=1))
    if extra != "echo":
        return cov, influence, None, told
    weighed = w[..., None] * bare
    mine = layout.by_place(weighed, n)  # (S, G, n, P, K)
    beside = layout.by_place(np.einsum("sgrpk,sgrpl->sgrkl", weighed, x), n).sum(axis=1)
    period = layout.by_place(e, n) @ p.inverse - np.einsum("sgpk,snk->sgnp", p.solved, influence)
    back: Floats = np.einsum("sgcpk,sgjp->scjk", mine, period, optimize=True)
    back = back + np.einsum("sckl,sjl->scjk", beside, influence)
    return cov, influence, back, told


def _without(
    w: Floats, e: Floats, x: Floats, p: _Parts, layout: Layout, n: int
) -> tuple[Floats, Floats]:
    """Influence of each place with it in the fit, and the move of the fit without it."""
    influence = np.empty((len(w), n, x.shape[-1]))
    without = np.empty_like(influence)
    raw, cov = p.raw, _inverse(p.info)
    for c in range(n):
        g, r = np.nonzero(layout.place == c)
        mine, residual, columns = w[:, g, r], e[:, g, r], x[:, g, r]  # (S, rows, P[, K])
        one = np.maximum(mine.sum(axis=2), 1e-300)
        centre = np.einsum("srp,srpk->srk", mine, columns) / one[..., None]
        wide = columns - centre[:, :, None]
        weighed = mine[..., None] * wide
        shared, kept, cross = raw.shared.copy(), raw.columns.copy(), raw.cross.copy()
        push = np.zeros_like(kept)
        for row, at in enumerate(g):  # a place has one row in a segment, or a few
            shared[:, at] -= mine[:, row, :, None] * mine[:, row, None] / one[:, row, None, None]
            kept[:, at] -= mine[:, row]
            cross[:, at] -= weighed[:, row]
            push[:, at] += residual[:, row]
        whole = raw.whole - np.einsum("srpk,srpl->skl", weighed, wide)
        pull = np.einsum("srp,srpk->sk", residual, columns)
        here = pull - np.einsum("sgpk,sgp->sk", p.solved, push)
        influence[:, c] = (cov @ here[..., None])[..., 0]
        _, solved, info = _Raw(shared, np.maximum(kept, 0.0), cross, whole).solve()
        away = pull - np.einsum("sgpk,sgp->sk", solved, push)
        told = np.einsum("skk->sk", info) > _NOTHING * np.einsum("skk->sk", raw.whole)
        gone = (_inverse(info) @ away[..., None])[..., 0]
        without[:, c] = np.where(told, -gone, np.nan)
    return influence, without
