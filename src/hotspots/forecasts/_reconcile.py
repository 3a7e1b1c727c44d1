"""Make the forecasts of LPTs, commands and the force add up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..series import nowhere

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

WAYS = {
    "bottom_up": "the sum of its LPTs",
    "structural": "all levels weighed by their number of LPTs",
    "variance": "all levels weighed by their past errors",
}
"""Ways to make levels agree, in words; the first is the plain one."""


def trees(
    keys: pd.DataFrame, lpts: pd.DataFrame
) -> list[tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """Rows of each hierarchy, and which LPTs add up to each row.

    Returns
    -------
    list of (rows, sums)
        One per combination of the columns beside ``level`` and ``lpt``. ``rows`` (m,) are rows of
        ``keys``, its L LPTs first; ``sums`` (m, L) is 1 where the LPT belongs to the row.
    """
    command = {str(k): str(v) for k, v in lpts["command"].items()}
    rest = [c for c in keys.columns if c not in ("level", "lpt")]
    code = keys.groupby(rest, sort=True).ngroup().to_numpy() if rest else np.zeros(len(keys))
    found = []
    level, name = keys["level"].to_numpy(dtype=object), keys["lpt"].to_numpy(dtype=object)
    for value in np.unique(code):
        rows = np.flatnonzero(code == value)
        leaf = rows[level[rows] == "lpt"]
        above = rows[level[rows] != "lpt"]
        of = np.array([command.get(str(n), nowhere("command")) for n in name[leaf]], dtype=object)
        sums = [(level[row] == "force") | (of == name[row]) for row in above]
        found.append((np.r_[leaf, above], np.vstack([np.eye(len(leaf)), *sums]).astype(float)))
    return found


def reconciled(
    mean: Floats, extra: Floats, variance: Floats, tree: tuple[NDArray[np.int64], Floats], way: str
) -> tuple[Floats, Floats]:
    """Means that add up, and the uncertainty of each as a multiple of it.

    Parameters
    ----------
    mean, extra, variance : ndarray of float, shape (n, O, H)
        Forecasts of every row by itself; NaN where it has none.
    tree : (rows, sums)
    way : str
        One of :data:`WAYS`.

    Returns
    -------
    mean, extra : ndarray of float, shape (m, O, H)

    Notes
    -----
    Weighted least squares on the LPTs' means b with all rows' forecasts a = S b + error, error
    variances W diagonal [1]_: b = (S' W⁻¹ S)⁻¹ S' W⁻¹ a. An LPT that would fall below 0 is set
    next to 0 and the sums are taken after, so that they still agree [2]_.

    References
    ----------
    .. [1] Wickramasuriya, Athanasopoulos and Hyndman (2019), Optimal forecast reconciliation for
       hierarchical and grouped time series through trace minimization, JASA 114(526), 804-819.
    .. [2] Di Fonzo and Girolimetto (2023), Spatio-temporal reconciliation of solar forecasts,
       Solar Energy 251, 13-29.
    """
    rows, sums = tree
    leaves = sums.shape[1]
    given, own = mean[rows], extra[rows]
    empty = np.isnan(given)
    bottom = np.where(empty[:leaves], 0.0, given[:leaves])
    if way != "bottom_up":
        if way == "structural":
            weight = np.broadcast_to(1 / sums.sum(1)[:, None, None], given.shape)
        else:
            with np.errstate(divide="ignore"):
                weight = 1 / variance[rows]
        weight = np.where(empty, 1e-12, weight)
        inner = np.einsum("mi,moh,mj->ohij", sums, weight, sums)
        right = np.einsum("mi,moh->ohi", sums, weight * np.where(empty, 0.0, given))
        solved = np.linalg.solve(inner, right[..., None])[..., 0]
        bottom = np.where(empty[:leaves], 0.0, np.maximum(np.moveaxis(solved, -1, 0), 1e-3))
    total = np.einsum("mi,ioh->moh", sums, bottom)
    share = np.einsum("mi,ioh->moh", sums, bottom * np.nan_to_num(own[:leaves]))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(total > 0, total, np.nan), np.where(total > 0, share / total, np.nan)
