"""Regression of counts for many series at once: negative binomial, missing periods allowed.

One fit of a thousand short series is a thousand small problems, so everything here works on
arrays of groups × periods. The columns of each group are first turned into an orthonormal basis:
columns that say the same twice, or nothing, in what a group recorded then do no harm.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..contracts import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

DISPERSIONS = ("moments", "likelihood")
"""Ways to estimate the dispersion: unbiased by moments, or by maximum likelihood."""

MOST = 1e3
"""Dispersion beyond which counts say nothing of their mean."""

_ROUNDS = 60  # of reweighted least squares; a dozen are usual
_SAME = 1e-9  # share of a group's largest singular value under which a column says nothing new
_LEAST = 1e-9  # dispersion that is none
_RIDGE = 1e-13  # share of a group's largest weight: counts in one period alone have no answer else


@dataclass(frozen=True)
class CountFit:
    """Fitted regressions of counts, one per group, as :func:`fit_counts` gives them.

    Attributes
    ----------
    coef : ndarray, shape (n, p)
        Coefficients on the log scale. A column that a group's own records cannot tell from the
        others shares its effect with them (least norm); one that is zero throughout gets 0.
    cov : ndarray, shape (n, p, p)
        Their covariance, (X'WX)^-1 with W = μ / (1 + αμ).
    mean : ndarray, shape (n, T)
        Fitted mean count of every period, those left out of the fit included.
    dispersion : ndarray, shape (n,)
        α of Var y = μ + αμ²; 0 is Poisson.
    loglik : ndarray, shape (n,)
        Log-likelihood of the periods fitted, constants included.
    df : ndarray of int, shape (n,)
        Periods fitted less the columns that count.
    """

    coef: Floats
    cov: Floats
    mean: Floats
    dispersion: Floats
    loglik: Floats
    df: NDArray[np.int64]


def fit_counts(
    y: ArrayLike,
    x: ArrayLike,
    offset: ArrayLike = 0.0,
    used: ArrayLike | None = None,
    *,
    dispersion: str | ArrayLike = "moments",
) -> CountFit:
    r"""Fit log μ = offset + Xβ to counts with Var y = μ + αμ², for many groups at once.

    Parameters
    ----------
    y : array_like, shape (n, T)
        Counts of n groups in T periods, 0 or more; ignored where not ``used``.
    x : array_like, shape (T, p) or (n, T, p)
        Columns, the same for every group or each group's own; with a column of ones, if wanted.
    offset : array_like, shape (), (T,) or (n, T)
        Log of the exposure, as log days.
    used : array_like of bool, shape (n, T), optional
        Which periods to fit; those with a number in ``y`` when absent.
    dispersion : {"moments", "likelihood"} or array_like, shape () or (n,)
        How to estimate α per group: so that Pearson's χ² equals its degrees of freedom (0 where
        it is less), or by maximum likelihood; or α itself, as 0 for Poisson regression.

    Returns
    -------
    CountFit

    Raises
    ------
    InputError
        If shapes do not agree, a count is negative, or the dispersion is unknown.

    Notes
    -----
    Negative binomial regression NB2 [1]_. β by iteratively reweighted least squares at given α,
    and α at given means, in turn. Maximum likelihood understates α in short series, for it
    forgets the columns fitted: with 36 months and six columns by about a fifth. The moment
    estimate does not. A group without incidents gets a mean next to 0.

    References
    ----------
    .. [1] Lawless (1987), Negative binomial and mixed Poisson regression, Canadian Journal of
       Statistics 15(3), 209-225.

    Examples
    --------
    >>> import numpy as np
    >>> fit = fit_counts([[12, 8, 10, 10], [1, 2, np.nan, 3]], np.ones((4, 1)))
    >>> np.exp(fit.coef).round(6).tolist()
    [[10.0], [2.0]]
    >>> fit.df.tolist(), fit.dispersion.tolist()
    ([3, 2], [0.0, 0.0])
    """
    y, x, offset, used, alpha = _arrays(y, x, offset, used, dispersion)
    safe = np.where(used, y, 0.0)
    basis, back = orthonormal(x, used)
    rank = (np.abs(basis).max(axis=1) > 0).sum(axis=1)
    df = used.sum(axis=1) - rank
    theta = np.zeros((len(y), x.shape[-1]))
    fixed = alpha is not None
    alpha = np.zeros(len(y)) if alpha is None else alpha
    theta, mean = _coefficients(safe, basis, offset, used, alpha, theta=None)
    todo = np.arange(0 if fixed else len(y))
    if not fixed:
        residual = np.where(used, (safe - mean) ** 2 / np.maximum(mean, 1e-12), 0.0).sum(axis=1)
        if dispersion == "moments":
            todo = np.flatnonzero((residual > df) & (df > 0))
        else:
            excess = np.where(used, (safe - mean) ** 2 - safe, 0.0).sum(axis=1)
            todo = np.flatnonzero(excess > 0)
    for _ in range(25):
        if len(todo) == 0:
            break
        new = dispersions(
            safe[todo], mean[todo], used[todo], df[todo], moments=dispersion == "moments"
        )
        moved = np.abs(new - alpha[todo]) > 1e-9 + 1e-7 * alpha[todo]
        alpha[todo] = new
        todo = todo[moved]
        if len(todo):
            theta[todo], mean[todo] = _coefficients(
                safe[todo], basis[todo], offset[todo], used[todo], alpha[todo], theta[todo]
            )
    cov = _covariance(basis, mean, used, alpha)
    coef = np.einsum("npq,nq->np", back, theta)
    whole = np.exp(np.clip(offset + np.einsum("ntp,np->nt", x, coef), -30, 30))
    return CountFit(
        coef, back @ cov @ back.transpose(0, 2, 1), whole, alpha,
        count_loglik(safe, whole, alpha, used), df.astype(np.int64),
    )  # fmt: skip


def count_loglik(y: Floats, mean: Floats, dispersion: Floats, used: NDArray[np.bool_]) -> Floats:
    """Log-likelihood of counts with the given means and dispersions, group by group.

    Parameters
    ----------
    y, mean : ndarray, shape (n, T)
    dispersion : ndarray, shape (n,)
        α of Var y = μ + αμ²; 0 is Poisson.
    used : ndarray of bool, shape (n, T)

    Returns
    -------
    ndarray, shape (n,)

    Examples
    --------
    >>> import numpy as np
    >>> one = np.ones((1, 1))
    >>> float(count_loglik(one, one, np.zeros(1), one > 0)[0])  # log(exp(-1))
    -1.0
    """
    from scipy.special import gammaln, xlogy

    y, mean = np.where(used, y, 0.0), np.where(used, mean, 1.0)
    r = 1 / np.maximum(dispersion, _LEAST)[:, None]
    mixed = (dispersion > _LEAST)[:, None]
    poisson = xlogy(y, mean) - mean
    # r log(r / (r + μ)) loses all its digits for large r: log1p keeps them
    nb = gammaln(y + r) - gammaln(r) - (y + r) * np.log1p(mean / r) + xlogy(y, mean / r)
    terms = np.where(mixed, nb, poisson) - gammaln(y + 1)
    total: Floats = np.where(used, terms, 0.0).sum(axis=1)
    return total


def orthonormal(x: Floats, used: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Orthonormal basis of each group's columns over what it used, and the way back to them.

    Parameters
    ----------
    x : ndarray, shape (n, T, p)
    used : ndarray of bool, shape (n, T)

    Returns
    -------
    basis : ndarray, shape (n, T, p)
        Zero where not used; directions that add nothing are columns of zeros.
    back : ndarray, shape (n, p, p)
        ``x @ back`` is the basis, so coefficients on it times ``back`` are those on the columns.

    Examples
    --------
    >>> import numpy as np
    >>> twice = np.ones((1, 4, 2))
    >>> basis, back = orthonormal(twice, np.ones((1, 4), dtype=bool))
    >>> np.abs(basis[0, 0]).round(6).tolist()
    [0.5, 0.0]
    """
    shared = used.all() and x.strides[0] == 0
    seen = np.where(used[:1] if shared else used, 1.0, 0.0)[..., None] * (x[:1] if shared else x)
    norm = np.linalg.norm(seen, axis=1, keepdims=True)
    norm = np.where(norm > 0, norm, 1.0)
    _, size, right = np.linalg.svd(seen / norm, full_matrices=False)
    keep = size > _SAME * np.maximum(size[:, :1], 1e-300)
    inverse = np.where(keep, 1 / np.where(keep, size, 1.0), 0.0)
    back = right.transpose(0, 2, 1) * inverse[:, None, :]
    p = x.shape[-1]
    if back.shape[-1] < p:  # fewer periods than columns
        back = np.pad(back, ((0, 0), (0, 0), (0, p - back.shape[-1])))
    back = back / norm.transpose(0, 2, 1)
    basis = seen @ back
    if shared:
        return (np.broadcast_to(basis, (len(x), *basis.shape[1:])),
                np.broadcast_to(back, (len(x), *back.shape[1:])))  # fmt: skip
    return basis, back


def trend_columns(years: ArrayLike, used: ArrayLike) -> Floats:
    """Columns for a slow trend: a line, or beyond four years a natural spline, one df a year.

    Parameters
    ----------
    years : array_like, shape (T,)
        Time of each period in years, rising.
    used : array_like of bool, shape (n, T)
        Periods each group has; its own first and last set its span.

    Returns
    -------
    ndarray, shape (n, T, q)
        q is the most that any group needs; groups that need fewer have columns of zeros.

    Notes
    -----
    Natural cubic spline on knots evenly spread over the span, in truncated powers [1]_: straight
    beyond the ends.

    References
    ----------
    .. [1] Hastie, Tibshirani and Friedman (2009), The Elements of Statistical Learning, 5.2.1.

    Examples
    --------
    >>> import numpy as np
    >>> trend_columns(np.arange(36) / 12, np.ones((1, 36), dtype=bool)).shape
    (1, 36, 1)
    >>> trend_columns(np.arange(72) / 12, np.ones((1, 72), dtype=bool)).shape
    (1, 72, 6)
    """
    years, used = np.asarray(years, dtype=float), np.asarray(used, dtype=bool)
    some = used.any(axis=1)
    first = np.where(some, used.argmax(axis=1), 0)
    last = np.where(some, used.shape[1] - 1 - used[:, ::-1].argmax(axis=1), used.shape[1] - 1)
    spans, which = np.unique(np.column_stack([first, last]), axis=0, return_inverse=True)
    parts = [_spline(years, *years[span]) for span in spans]
    width = max(part.shape[1] for part in parts)
    every = np.stack([np.pad(part, ((0, 0), (0, width - part.shape[1]))) for part in parts])
    if len(every) == 1:
        return np.broadcast_to(every, (len(used), *every.shape[1:]))
    columns: Floats = every[which.ravel()]
    return columns


def _spline(years: Floats, first: float, last: float) -> Floats:
    """Natural cubic spline over one span, a line where it is four years or less."""
    span = max(last - first, 1e-9)
    x = (years - first) / span
    df = 1 if span <= 4 else round(span)
    knots = np.linspace(0, 1, df + 1)
    cubes = [(np.maximum(x - k, 0) ** 3 - np.maximum(x - 1, 0) ** 3) / (1 - k) for k in knots[:-1]]
    return np.column_stack([x, *(c - cubes[-1] for c in cubes[:-1])])


def _arrays(
    y: ArrayLike, x: ArrayLike, offset: ArrayLike, used: ArrayLike | None,
    dispersion: str | ArrayLike,
) -> tuple[Floats, Floats, Floats, NDArray[np.bool_], Floats | None]:  # fmt: skip
    """Everything in the shapes the fit works on, or every fault at once."""
    y, x = np.asarray(y, dtype=float), np.asarray(x, dtype=float)
    faults = []
    if y.ndim != 2:
        faults.append(f"y has {y.ndim} dimensions; it takes two, groups by periods.")
    if x.ndim not in (2, 3) or (y.ndim == 2 and x.shape[-2] != y.shape[1]):
        faults.append(f"x has shape {x.shape}, which does not go with y's {y.shape}; give "
                      "(periods, columns) or (groups, periods, columns).")  # fmt: skip
    elif x.ndim == 3 and y.ndim == 2 and len(x) != len(y):
        faults.append(f"x holds columns of {len(x):,} groups, y counts of {len(y):,}.")
    if faults:
        raise InputError("fit_counts", faults)
    mask = np.isfinite(y) if used is None else np.asarray(used, dtype=bool)
    shift = np.asarray(offset, dtype=float)
    try:
        mask, shift = np.broadcast_to(mask, y.shape), np.broadcast_to(shift, y.shape)
    except ValueError:
        raise InputError("fit_counts", [
            f"offset {shift.shape} or used {mask.shape} does not go with y's shape {y.shape}."
        ]) from None  # fmt: skip
    if not np.isfinite(y[mask]).all() or (y[mask] < 0).any():
        faults.append("a count to be fitted is negative or not a number; leave it out by used=.")
    if not np.isfinite(shift[mask]).all() or not np.isfinite(x).all():
        faults.append("offset is not finite in a period to be fitted, or x in any.")
    alpha = None
    if isinstance(dispersion, str):
        if dispersion not in DISPERSIONS:
            faults.append(f"dispersion is {dispersion!r}; it takes {', '.join(DISPERSIONS)}, or "
                          "numbers.")  # fmt: skip
    else:
        alpha = np.array(np.broadcast_to(np.asarray(dispersion, dtype=float), len(y)))
        if not (np.isfinite(alpha) & (alpha >= 0)).all():
            faults.append("a dispersion is negative or not a number; it must be 0 or above.")
    if faults:
        raise InputError("fit_counts", faults)
    return y, np.broadcast_to(x, (len(y), *x.shape[-2:])), shift, mask, alpha


def _information(basis: Floats, weight: Floats) -> Floats:
    """X'WX, with ones on the diagonal where a column is empty, never singular."""
    info = basis.transpose(0, 2, 1) @ (basis * weight[..., None])
    at = np.arange(basis.shape[-1])
    own = info[:, at, at]
    info[:, at, at] += np.where(own == 0, 1.0, _RIDGE * own.max(axis=1, keepdims=True))
    filled: Floats = info
    return filled


def _coefficients(
    y: Floats, basis: Floats, offset: Floats, used: NDArray[np.bool_], alpha: Floats,
    theta: Floats | None,
) -> tuple[Floats, Floats]:  # fmt: skip
    """Reweighted least squares at given dispersions; groups that have settled are left alone."""
    # Where every mean may be 0 the likelihood has no top: stop at a mean next to nothing.
    if theta is None:
        mean = np.where(used, y + 0.5 * np.exp(offset - offset.max(axis=1, keepdims=True)), 1.0)
        eta = np.log(mean)
    else:
        eta = np.clip(offset + np.einsum("ntp,np->nt", basis, theta), -30, 30)
        mean = np.exp(eta)
    result = np.zeros((len(y), basis.shape[-1])) if theta is None else theta.copy()
    means = mean.copy()
    todo = np.arange(len(y))
    before = np.full(len(y), -np.inf)
    started = theta is not None
    for _ in range(_ROUNDS):
        if started:
            now = count_loglik(y[todo], means[todo], alpha[todo], used[todo])
            still = ~(np.abs(now - before[todo]) <= 1e-11 * (np.abs(now) + 1))
            before[todo] = now
            todo = todo[still]
        if len(todo) == 0:
            break
        started = True
        b, o, m = basis[todo], offset[todo], means[todo]
        weight = np.where(used[todo], np.maximum(m / (1 + alpha[todo, None] * m), 1e-12), 0.0)
        target = weight * (np.log(m) - o + (y[todo] - m) / m)
        score = np.einsum("ntp,nt->np", b, target)
        new = np.linalg.solve(_information(b, weight), score[..., None])[..., 0]
        result[todo] = new
        means[todo] = np.exp(np.clip(o + np.einsum("ntp,np->nt", b, new), -30, 30))
    return result, means


def _covariance(basis: Floats, mean: Floats, used: NDArray[np.bool_], alpha: Floats) -> Floats:
    weight = np.where(used, mean / (1 + alpha[:, None] * mean), 0.0)
    inverse: Floats = np.asarray(np.linalg.inv(_information(basis, weight)), dtype=np.float64)
    return inverse


def dispersions(
    y: Floats, mean: Floats, used: NDArray[np.bool_], df: ArrayLike, *, moments: bool = True
) -> Floats:
    """Dispersion at given means: where Pearson's χ² is its df, or the likelihood is highest.

    Parameters
    ----------
    y, mean : ndarray, shape (n, T)
    used : ndarray of bool, shape (n, T)
    df : array_like, shape (n,)
    moments : bool

    Returns
    -------
    ndarray, shape (n,)
        α of Var y = μ + αμ²; 0 where counts vary no more than chance alone.

    Examples
    --------
    >>> y, mean = np.array([[6.0, 14.0]]), np.array([[10.0, 10.0]])
    >>> dispersions(y, mean, y > 0, [1]).round(6).tolist()  # 32 / (10 + 100 α) = 1
    [0.22]
    """
    from scipy.special import digamma

    mean = np.maximum(mean, 1e-12)
    square = (y - mean) ** 2

    def excess(alpha: Floats) -> Floats:
        terms = square / (mean + alpha[:, None] * mean**2)
        return np.asarray(np.where(used, terms, 0.0).sum(axis=1) - df)

    def slope(alpha: Floats) -> Floats:
        r = 1 / alpha[:, None]
        terms = np.log1p(mean / r) - digamma(y + r) + digamma(r) + (y - mean) / (r + mean)
        return np.asarray(np.where(used, terms, 0.0).sum(axis=1))

    return _bisect(excess if moments else slope, len(y))


def _bisect(falling: Callable[[Floats], Floats], n: int) -> Floats:
    """Root of a function of the dispersion that falls from above 0 to below, group by group."""
    low, high = np.full(n, np.log(_LEAST)), np.full(n, np.log(MOST))
    for _ in range(50):
        middle = (low + high) / 2
        above = falling(np.exp(middle)) > 0
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    root = np.exp((low + high) / 2)
    found: Floats = np.where(root <= 2 * _LEAST, 0.0, root)
    return found
