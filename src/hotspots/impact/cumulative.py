"""The weighted displacement difference summed up as time goes by, with bands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import InputError
from ._difference_inputs import LEAST_PERIODS, check_level, check_seed, is_number
from ._difference_parts import contrasts, dispersion_before, quantile

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]


def cumulative_wdd(
    treated: ArrayLike,
    control: ArrayLike,
    *,
    before: int,
    weight: float = 1.0,
    days: ArrayLike = 1.0,
    season: int = 0,
    level: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    r"""Add up the weighted displacement difference period by period after the start.

    Parameters
    ----------
    treated, control : array_like, shape (T,)
        Incidents of each period in the treated and the comparison areas.
    before : int
        Periods before the start, at least 1; with 12 or more the bands are dispersion-adjusted.
    weight : float
        What counts of the comparison areas are multiplied by, above 0: the size of the treated
        areas over theirs.
    days : array_like, shape () or (T,)
        Length of each period.
    season : int
        Periods of a year, as 12: each period is then set against the same ones of the years
        before. 0, or where a year is not to be had, against all periods before.
    level : float
        Of the bands, .5 to .999.
    seed : int
        Where the chance of the simultaneous band begins.

    Returns
    -------
    DataFrame
        A row per period after the start, index ``period`` (position, from 0): ``treated``,
        ``control``, ``expected`` (what the treated areas would have had, had they changed by as
        many as the comparison areas), ``difference``, ``cumulative`` (below 0: fewer than
        expected), ``low`` and ``high`` (of that one sum), ``low_all`` and ``high_all`` (which
        hold all sums at once, for those who look at where the line first leaves 0).

    Raises
    ------
    InputError
        Naming every fault at once.

    Notes
    -----
    The sums are linear in the counts, :math:`L (T - wC)`, with covariance
    :math:`\hat\phi L\,diag(T + w^2 C) L'`. The band of all sums takes the quantile of the largest
    of the correlated t values, from 20,000 draws. Who stops a trial when the line first leaves the
    narrower band is wrong far more often than 5%.

    References
    ----------
    Wheeler A. P. and Ratcliffe J. H. (2018) A simple weighted displacement difference test to
    evaluate place based crime interventions. *Crime Science* 7, 11.

    Examples
    --------
    >>> found = cumulative_wdd([10, 12, 8, 10, 5, 6], [9, 11, 10, 10, 10, 11], before=4)
    >>> found["cumulative"].tolist()
    [-5.0, -10.0]
    """
    faults: list[str] = []
    counts, lengths = _series(treated, control, days, faults)
    whole = isinstance(before, int | np.integer) and not isinstance(before, bool)
    if not whole or before < 1 or (not faults and before >= counts.shape[1]):
        faults.append(f"before is {before!r}; it must leave a period before the start and one "
                      "after it.")  # fmt: skip
    if not is_number(weight) or not 0 < weight < np.inf:
        faults.append(f"weight is {weight!r}; it must be a number above 0.")
    if not isinstance(season, int | np.integer) or isinstance(season, bool) or season < 0:
        faults.append(f"season is {season!r}; it must be the periods of a year, or 0.")
    check_level(level, faults)
    check_seed(seed, faults)
    if faults:
        raise InputError("cumulative_wdd", faults)
    early = np.arange(counts.shape[1]) < before
    contrast = contrasts(early, ~early, lengths, int(season))[0]
    signs = np.array([1.0, -float(weight)])
    cumulative = np.cumsum(contrast, axis=0)
    sums = cumulative @ (signs @ counts)
    cov = (cumulative * (signs**2 @ counts)) @ cumulative.T
    phi, df = dispersion_before(counts[:, early]) if before >= LEAST_PERIODS else (1.0, np.inf)
    se = np.sqrt(phi * np.diag(cov))
    every = _largest(cov, df, level, seed) * se
    one = quantile(df, level) * se
    gap = contrast @ (signs @ counts)
    return pd.DataFrame({
        "treated": counts[0, ~early], "control": counts[1, ~early],
        "expected": counts[0, ~early] - gap, "difference": gap, "cumulative": sums,
        "low": sums - one, "high": sums + one, "low_all": sums - every, "high_all": sums + every,
    }, index=pd.Index(np.flatnonzero(~early), name="period"))  # fmt: skip


def _largest(cov: Floats, df: float, level: float, seed: int) -> float:
    """Quantile of the largest of correlated t values, for a band that holds all at once."""
    root = np.sqrt(np.maximum(np.diag(cov), 1e-300))
    value, vector = np.linalg.eigh(cov / np.outer(root, root))
    rng = np.random.default_rng(seed)
    normal = rng.standard_normal((20_000, len(cov))) @ (vector * np.sqrt(np.maximum(value, 0))).T
    if np.isfinite(df):
        normal /= np.sqrt(rng.chisquare(df, (20_000, 1)) / df)
    most = float(np.quantile(np.abs(normal).max(axis=1), level))
    return max(most, float(quantile(df, level)))


def _series(treated: Any, control: Any, days: Any, faults: list[str]) -> tuple[Floats, Floats]:
    """Return both series below one another and the length of each period."""
    rows = []
    for name, value in (("treated", treated), ("control", control)):
        try:
            row = np.asarray(value, dtype=float)
        except (TypeError, ValueError):
            row = np.full(1, np.nan)
        if row.ndim != 1 or not np.isfinite(row).all() or (row < 0).any():
            faults.append(f"{name} must be a row of counts, each 0 or more; leave out periods "
                          "that are not known, in both.")  # fmt: skip
            row = np.zeros(2)
        rows.append(row)
    if not faults and len(rows[0]) != len(rows[1]):
        faults.append(f"treated has {len(rows[0])} periods, control {len(rows[1])}; give as many.")
    counts: Floats = np.array(rows) if not faults else np.zeros((2, np.size(days)))
    try:
        lengths: Floats = np.broadcast_to(np.asarray(days, dtype=float), counts.shape[1]).copy()
    except (TypeError, ValueError):
        lengths = np.zeros(counts.shape[1])
    if not (np.isfinite(lengths) & (lengths > 0)).all():
        faults.append("days must be one length, or one for each period, each above 0.")
        lengths = np.ones(counts.shape[1])
    return counts, lengths
