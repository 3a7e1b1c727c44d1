"""A score of a detector on incidents it has not seen, for scikit-learn's tools."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..contracts import InputError, check_incidents
from ..places import Grid
from .measures import hit_rate

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray


@dataclass(frozen=True)
class HitRate:
    """Hit rate of a fitted detector: the share of incidents in the hottest cells.

    A scorer for ``scoring=`` of scikit-learn's searches: higher is better.

    Parameters
    ----------
    grid : Grid
        In the CRS of the incidents.
    coverage : float
        Share of the inside cells to take, the hottest first, above 0 and at most 1; at least one
        cell is taken.
    category : str, optional
        Score on this category only; when absent, on the detector's own ``category`` where it has
        one, and else on every incident.

    Notes
    -----
    Police-generated incidents (``origin`` "police") are scored only for a detector with
    ``include_police=True``. Incidents outside the grid cannot be caught and do not count.

    Set ``error_score="raise"`` in the search: by default scikit-learn turns an error, also one
    that says how to mend the input, into a missing score and a warning.

    Examples
    --------
    >>> import hotspots as hs
    >>> from sklearn.model_selection import GridSearchCV
    >>> county = hs.make_county(seed=1, months=8, scale=0.1)
    >>> asb = county.incidents.query("category == 'Anti-social behaviour' and origin == 'public'")
    >>> grid = hs.Grid.over(county.lpts, size=500)
    >>> search = GridSearchCV(
    ...     hs.KDE(years=1), {"bandwidth": [600, 2000]}, cv=hs.RollingOrigin(n_origins=2),
    ...     scoring=hs.HitRate(grid, coverage=0.02), error_score="raise",
    ... ).fit(asb)
    >>> bool(0 < search.best_score_ < 1)
    True
    """

    grid: Grid
    coverage: float = field(default=0.01, kw_only=True)
    category: str | None = field(default=None, kw_only=True)

    def __call__(self, estimator: Any, X: gpd.GeoDataFrame, y: None = None) -> float:  # noqa: ARG002, N803
        """Score a fitted detector on incidents.

        Parameters
        ----------
        estimator : Detector
            Fitted.
        X : GeoDataFrame
            Incidents it has not seen.
        y : None
            Not used.

        Returns
        -------
        float
            0 to 1.

        Raises
        ------
        InputError
            When there is nothing to score, or the coverage is out of range.
        """
        faults = grid_faults(self.grid) + share_faults(self.coverage)
        if not (self.category is None or isinstance(self.category, str)):
            faults.append(f"category={self.category!r}; it must name one category, or be None.")
        if not callable(getattr(estimator, "predict", None)):
            kind = type(estimator).__name__
            faults.append(f"the estimator is of type {kind}, without predict; give a detector.")
        if faults:
            raise InputError("HitRate", faults)
        check_incidents(X)
        wanted = np.ones(len(X), dtype=bool)
        category = self.category
        if category is None:
            category = getattr(estimator, "category", None)
        if category is not None:
            wanted &= (X["category"] == category).to_numpy(dtype=bool, na_value=False)
        if not getattr(estimator, "include_police", False):
            wanted &= ~police(X)
        seen = self.grid.counts(X[wanted]).to_numpy()
        if not seen.any():
            such = "" if category is None else f" is a {category!r} that"
            raise InputError("HitRate", [
                f"of {len(X):,} incidents to score on none{such} can be counted (in the grid, and "
                "police-generated only with include_police=True); score on a longer horizon or a "
                "commoner category."
            ])  # fmt: skip
        heat = heat_of(estimator, self.grid)
        return float(hit_rate(seen, heat)[budget(self.grid, self.coverage) - 1])


def grid_faults(grid: Any) -> list[str]:
    """Say that a grid is none.

    Parameters
    ----------
    grid : object

    Returns
    -------
    list of str
    """
    if isinstance(grid, Grid):
        return []
    return [f"grid is of type {type(grid).__name__}; give a Grid, as Grid.over(lpts) makes it."]


def share_faults(coverage: Any) -> list[str]:
    """Say that a coverage is no share.

    Parameters
    ----------
    coverage : object

    Returns
    -------
    list of str
    """
    number = isinstance(coverage, (int, float, np.number)) and not isinstance(coverage, bool)
    if number and 0 < coverage <= 1:
        return []
    return [f"coverage={coverage!r}; it must be a share above 0 and at most 1: 1% is 0.01."]


def budget(grid: Grid, coverage: float) -> int:
    """Cells that a share of the area buys: as many as fit, at least one.

    Parameters
    ----------
    grid : Grid
    coverage : float

    Returns
    -------
    int
    """
    return max(int(coverage * len(grid.cells) * (1 + 1e-12)), 1)


def police(incidents: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    """Tell which incidents are police-generated.

    Parameters
    ----------
    incidents : GeoDataFrame

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    if "origin" not in incidents.columns:
        return np.zeros(len(incidents), dtype=bool)
    found: NDArray[np.bool_] = (incidents["origin"] == "police").to_numpy(
        dtype=bool, na_value=False
    )
    return found


def heat_of(estimator: Any, grid: Grid) -> NDArray[np.float64]:
    """Heat a fitted detector predicts, one finite number for each cell of the grid.

    Parameters
    ----------
    estimator : Detector
    grid : Grid

    Returns
    -------
    ndarray of float, shape (n,)

    Raises
    ------
    InputError
        When the heat does not fit the grid or is not finite.
    """
    import pandas as pd

    heat = estimator.predict(grid)
    if isinstance(heat, pd.Series) and not heat.index.equals(pd.Index(grid.cells)):
        heat = heat.reindex(grid.cells)
    name, cells = type(estimator).__name__, f"one number for each of {len(grid.cells):,} cells"
    try:
        values = np.asarray(heat, dtype=float)
    except (TypeError, ValueError):
        kind = type(heat).__name__
        raise InputError(name, [f"predict(grid) gave a {kind}; it must give {cells}."]) from None
    if values.shape != grid.cells.shape or not np.isfinite(values).all():
        raise InputError(name, [
            f"predict(grid) gave {values.size:,} values of which "
            f"{int(np.isfinite(values).sum()):,} are numbers; it must give {cells}."
        ])  # fmt: skip
    return values
