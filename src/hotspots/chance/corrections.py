"""Corrections of p-values told for many places or series at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..contracts import InputError

CORRECTIONS = ("fdr_bh", "fdr_by", "holm", "bonferroni")
"""Corrections for many tests: two of the false discovery rate, two of any false alarm at all."""


def adjusted_p(p: ArrayLike, correction: str | None = "fdr_bh") -> NDArray[np.float64]:
    """Adjust p-values for having tested many places.

    Parameters
    ----------
    p : array_like of float, any shape
        From 0 to 1; NaN where there was no test. All of them are one family.
    correction : {"fdr_bh", "fdr_by", "holm", "bonferroni"} or None
        ``"fdr_bh"`` (Benjamini and Hochberg) and ``"fdr_by"`` (Benjamini and Yekutieli, valid
        under any dependence) hold the expected share of false alarms among the places named;
        ``"holm"`` and ``"bonferroni"`` hold the chance of even one. None adjusts nothing.

    Returns
    -------
    ndarray of float
        Adjusted values in the shape given: a place counts at level .05 when its value is at most
        .05. NaN stays NaN and does not count as a test.

    Raises
    ------
    InputError
        When a p-value is below 0 or above 1, or the correction is not known.

    References
    ----------
    Benjamini Y. and Hochberg Y. (1995) Controlling the false discovery rate. *Journal of the
    Royal Statistical Society B* 57(1), 289–300.
    Benjamini Y. and Yekutieli D. (2001) The control of the false discovery rate in multiple
    testing under dependency. *Annals of Statistics* 29(4), 1165–1188.
    Holm S. (1979) A simple sequentially rejective multiple test procedure. *Scandinavian Journal
    of Statistics* 6(2), 65–70.

    Examples
    --------
    >>> p = [.001, .008, .039, .041, .042, .06, .074, .205, .212, .216]
    >>> int((adjusted_p(p) <= .05).sum())
    2
    """
    given = np.asarray(p, dtype=float)
    faults = []
    if correction is not None and correction not in CORRECTIONS:
        named = ", ".join(map(repr, CORRECTIONS))
        faults.append(f"correction={correction!r}; it takes {named} or None.")
    tested = ~np.isnan(given)
    values = given[tested]
    if ((values < 0) | (values > 1)).any():
        wrong = values[(values < 0) | (values > 1)][0]
        faults.append(f"{wrong:g} is no p-value; they lie from 0 to 1.")
    if faults:
        raise InputError("p-values", faults)
    adjusted = given.copy()
    if len(values) and correction is not None:
        adjusted[tested] = _adjust(values, correction)
    return adjusted


def _adjust(p: NDArray[np.float64], correction: str) -> NDArray[np.float64]:
    if correction.startswith("fdr"):
        from scipy.stats import false_discovery_control

        by_rate: NDArray[np.float64] = false_discovery_control(p, method=correction[4:])
        return by_rate
    n = len(p)
    if correction == "bonferroni":
        return np.minimum(p * n, 1)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(n, 0, -1))
    adjusted = np.empty(n)
    adjusted[order] = np.minimum(stepped, 1)
    return adjusted
