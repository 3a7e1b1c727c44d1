"""The series of all groups as arrays on one axis of periods, for methods that fit them at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

POOLED = 0.95
"""Share of a pool's incidents whose groups must be recorded for the pool to count as recorded."""


@dataclass(frozen=True)
class Panel:
    """Counts of n groups over T periods that all share one time axis.

    Attributes
    ----------
    keys : DataFrame
        One row per group: ``level`` (when there is a hierarchy) and the columns of ``by``.
    start : ndarray of datetime64[s], shape (T,)
        First moment of each period.
    days : ndarray of float, shape (T,)
        Its days.
    y : ndarray of float, shape (n, T)
        Counts; NaN where nothing was recorded and outside a group's span.
    used : ndarray of bool, shape (n, T)
        Where the period was wholly recorded, so that a model may be fitted to it.
    inside : ndarray of bool, shape (n, T)
        From a group's first recorded period to its last, gaps between them included.
    freq : str
    """

    keys: pd.DataFrame
    start: NDArray[np.datetime64]
    days: Floats
    y: Floats
    used: NDArray[np.bool_]
    inside: NDArray[np.bool_]
    freq: str

    @property
    def month(self) -> NDArray[np.int64]:
        """Calendar month, 0 to 11, in which the middle of each period lies, shape (T,)."""
        month: NDArray[np.int64] = self.middle.astype("datetime64[M]").astype(np.int64) % 12
        return month

    @property
    def middle(self) -> NDArray[np.datetime64]:
        """Middle of each period, shape (T,)."""
        half = (self.days * 43200).astype(np.int64).astype("timedelta64[s]")
        middle: NDArray[np.datetime64] = self.start + half
        return middle

    @property
    def base(self) -> NDArray[np.bool_]:
        """Which groups are of the lowest level and so add up to everything once, shape (n,)."""
        if "level" not in self.keys.columns:
            return np.ones(len(self.keys), dtype=bool)
        return (self.keys["level"] == "lpt").to_numpy(dtype=bool)

    @property
    def pool(self) -> NDArray[np.int64]:
        """Code of the pool whose season each group may borrow, shape (n,).

        A pool holds every area of one category; without areas each group is its own pool.
        """
        areas = [c for c in self.keys.columns if c != "category"]
        if not areas:
            return np.arange(len(self.keys), dtype=np.int64)
        if "category" not in self.keys.columns:
            return np.zeros(len(self.keys), dtype=np.int64)
        codes = pd.factorize(self.keys["category"], sort=True)[0]
        return codes.astype(np.int64)

    def pooled(self) -> tuple[Floats, NDArray[np.bool_]]:
        """Add up each pool's counts from its groups of the lowest level.

        Returns
        -------
        y : ndarray of float, shape (m, T)
        used : ndarray of bool, shape (m, T)
            Where groups with at least 95% of the pool's incidents are recorded.
        """
        pool, base = self.pool, self.base
        m = int(pool.max()) + 1 if len(pool) else 0
        y, recorded = np.zeros((m, len(self.start))), np.zeros((m, len(self.start)))
        total = np.zeros(m)
        weight = np.nansum(self.y, axis=1) + 1e-9  # groups of nothing still tell what is recorded
        np.add.at(y, pool[base], np.nan_to_num(self.y[base]))
        np.add.at(recorded, pool[base], self.used[base] * weight[base, None])
        np.add.at(total, pool[base], weight[base])
        return y, recorded >= POOLED * np.maximum(total, 1e-12)[:, None]

    def until(self, k: int) -> Panel:
        """Keep the first ``k`` periods only, as they stood before what came after."""
        return replace(
            self, start=self.start[:k], days=self.days[:k], y=self.y[:, :k],
            used=self.used[:, :k], inside=self.inside[:, :k],
        )  # fmt: skip
