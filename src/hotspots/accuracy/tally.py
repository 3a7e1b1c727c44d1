"""The running account of a backtest: what every ranking caught at every origin, and its tables."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..places import Grid
from .baselines import BASELINES, LAST_YEAR, RANDOM, Lottery, Ranking
from .intervals import bounds, resampled
from .measures import log_density
from .overlap import rank_biased_overlap
from .scoring import budget

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SHARES = (0.005, 0.01, 0.02)
"""Shares of the area that are always scored, beside the coverage asked for."""

SPOTS = (5, 10, 20)
"""Numbers of cells that are always scored."""

_ALL = "all LPTs"


class Tally:
    """What the rankings caught, origin by origin.

    Parameters
    ----------
    grid : Grid
    lpt : ndarray of int, shape (n,)
        Number of the LPT of each cell.
    lpts : list of str
        Their names.
    blocks : ndarray of int, shape (n,)
        Block of each cell, for resampling.
    coverage : float
        Share of the area that the summary is about.
    seed : int
    """

    def __init__(
        self, grid: Grid, lpt: Ints, lpts: list[str], blocks: Ints, coverage: float, seed: int
    ) -> None:
        cells = len(grid.cells)
        self._cells, self._lpt, self._lpts, self._blocks = cells, lpt, lpts, blocks
        self._rng = np.random.default_rng(seed)
        self._top = budget(grid, coverage)
        shares = sorted({*SHARES, float(coverage)})
        self._budgets = [(f"{share * 100:g}% of the area", budget(grid, share)) for share in shares]
        self._budgets += [(f"{spots} cells", spots) for spots in SPOTS if spots <= cells]
        near = np.linspace(0, min(5 * coverage, 1.0), 26) * cells
        far = np.geomspace(1, cells, 30)
        curve = np.unique(np.concatenate([[0, self._top, cells], np.rint(near), np.rint(far)]))
        self._curve = curve.astype(np.int64)
        size = np.bincount(lpt, minlength=len(lpts))
        self._own = np.maximum((coverage * size * (1 + 1e-12)).astype(np.int64), 1)
        self._size = size
        self._scores: list[dict[str, Any]] = []
        self._stability: list[dict[str, Any]] = []
        self._overall: dict[str, list[dict[str, float]]] = defaultdict(list)
        self._draws: dict[str, list[Floats]] = defaultdict(list)
        self._caught: dict[str, list[Floats]] = defaultdict(list)
        self._apart: dict[str, list[Floats]] = defaultdict(list)
        self._by_lpt: dict[str, Floats] = {}
        self._last: dict[str, Ranking] = {}

    def add(self, period: Any, seen: Floats, rankings: dict[str, Ranking | Lottery]) -> None:
        """Score the rankings of one origin.

        Parameters
        ----------
        period : row of the periods table
        seen : ndarray of float, shape (n,)
            Incidents of each cell in the test period.
        rankings : dict of str to Ranking or Lottery
            Those that failed at this origin left out.
        """
        held = np.flatnonzero(seen)
        y, total = seen[held], float(seen.sum())
        sizes = np.array([cells for _, cells in self._budgets])
        budgets = np.concatenate([sizes, self._curve])
        best = np.concatenate([[0.0], np.cumsum(np.sort(y)[::-1])])
        columns, names = [], list(rankings)
        for name, ranking in rankings.items():
            inside = ranking.chance(held, budgets) * y[:, None]
            self._score(name, period, inside.sum(axis=0)[: len(sizes)], total, best)
            columns.append(inside[:, len(sizes) :])
            self._keep(name, ranking, period)
            if total:
                self._overall[name].append(self._whole(ranking, held, y, seen))
                self._by_team(name, ranking, held, y)
        if not total:
            return
        drawn = resampled(np.hstack(columns), y, self._blocks[held], self._rng)
        by_name = dict(zip(names, np.split(drawn, len(names), axis=1), strict=True))
        at = int(np.flatnonzero(self._curve == self._top)[0])
        for name, inside in zip(names, columns, strict=True):
            self._caught[name].append(inside.sum(axis=0) / total)
            self._draws[name].append(by_name[name])
            self._apart[name].append(by_name[name][:, at] - by_name[LAST_YEAR][:, at])

    def tables(self, names: list[str]) -> dict[str, pd.DataFrame]:
        """Make the tables, detectors in the order of ``names``.

        Parameters
        ----------
        names : list of str

        Returns
        -------
        dict of str to DataFrame
            summary, scores, curves, by_lpt, stability.
        """
        scores = _sorted(pd.DataFrame(self._scores), names)
        told = ["detector", "origin", "budget", "cells", "kept", "rbo"]
        return {
            "summary": self._summary(names, scores), "scores": scores,
            "curves": self._curves(names), "by_lpt": self._lpt_table(names),
            "stability": _sorted(pd.DataFrame(self._stability, columns=told), names),
        }  # fmt: skip

    def _score(self, name: str, period: Any, caught: Floats, total: float, best: Floats) -> None:
        for (label, cells), hits in zip(self._budgets, caught, strict=True):
            rate = hits / total if total else float("nan")
            share = cells / self._cells
            most = best[min(cells, len(best) - 1)]
            self._scores.append({
                "detector": name, "origin": period.origin, "test_start": period.test_start,
                "test_end": period.test_end, "budget": label, "cells": cells, "share_area": share,
                "incidents": int(total), "caught": float(hits), "hit_rate": rate,
                "pai": rate / share, "pei": hits / most if most else float("nan"),
            })  # fmt: skip

    def _keep(self, name: str, ranking: Ranking | Lottery, period: Any) -> None:
        """Compare the top cells with those of the origin before."""
        if isinstance(ranking, Lottery):
            return
        before = self._last.get(name)
        self._last[name] = ranking
        if before is None:
            return
        for label, cells in self._budgets:
            now, then = ranking.order[:cells], before.order[:cells]
            self._stability.append({
                "detector": name, "origin": period.origin, "budget": label, "cells": cells,
                "kept": len(np.intersect1d(now, then)) / cells,
                "rbo": rank_biased_overlap(then, now, p=1 - 1 / max(cells, 2)),
            })  # fmt: skip

    def _whole(
        self, ranking: Ranking | Lottery, held: Ints, y: Floats, seen: Floats
    ) -> dict[str, float]:
        """Measures of the whole ranking at one origin."""
        deep = (ranking.depth(held) + 0.5) / self._cells
        heat, log = ranking.heat, float("nan")
        if heat.min() >= 0 and heat.max() > 0:
            log = float((y * log_density(heat, np.ones(self._cells))[held]).sum() / y.sum())
        spread = 0.0
        if isinstance(ranking, Lottery):
            spread = ranking.variance(seen, self._top) / y.sum() ** 2
        return {
            "auc": float((y * (1 - deep)).sum() / y.sum()), "log": log, "variance": spread,
            "told": float((heat > heat.min()).sum()),
        }  # fmt: skip

    def _by_team(self, name: str, ranking: Ranking | Lottery, held: Ints, y: Floats) -> None:
        lpt, count = self._lpt[held], len(self._lpts)
        own = ranking.chance(held, self._own[lpt][:, None], among=self._lpt)[:, 0]
        taken = ranking.taken(self._top)
        # the most that each LPT's own cells could have caught
        order = np.lexsort((-y, lpt))
        place = np.arange(len(y)) - np.searchsorted(lpt[order], lpt[order])
        best = order[place < self._own[lpt[order]]]
        parts = [(lpt, y), (lpt, own * y), (lpt[best], y[best]), (lpt, taken[held] * y),
                 (self._lpt, taken), (np.arange(count), np.ones(count))]  # fmt: skip
        table: Floats = np.column_stack([np.bincount(at, v, minlength=count) for at, v in parts])
        self._by_lpt[name] = self._by_lpt[name] + table if name in self._by_lpt else table

    def _summary(self, names: list[str], scores: pd.DataFrame) -> pd.DataFrame:
        at = int(np.flatnonzero(self._curve == self._top)[0])
        top = next(label for label, cells in self._budgets if cells == self._top)
        mine = scores[scores["budget"] == top]
        rate = mine.pivot_table(index="origin", columns="detector", values="hit_rate")
        means = mine.groupby("detector")[["hit_rate", "pai", "pei"]].mean().reindex(names)
        rows = []
        for name in names:
            whole = pd.DataFrame(self._overall[name], columns=["auc", "log", "variance", "told"])
            low = high = least = most = float("nan")
            if name in self._draws:
                low, high = bounds(np.mean(self._draws[name], axis=0)[:, at])
                least, most = bounds(np.mean(self._apart[name], axis=0))
            if name == RANDOM and len(whole):
                reach = 1.96 * float(np.sqrt(whole["variance"].sum())) / len(whole)
                rate_of = float(rate[name].mean())
                low, high = max(rate_of - reach, 0.0), min(rate_of + reach, 1.0)
            apart = rate[name] - rate[LAST_YEAR] if name in rate else pd.Series(dtype=float)
            apart = apart.dropna()
            if name == LAST_YEAR:
                apart, least, most = apart.iloc[:0], float("nan"), float("nan")
            rows.append({
                "kind": "baseline" if name in BASELINES else "detector", "origins": len(whole),
                "hit_rate": means.loc[name, "hit_rate"], "low": low, "high": high,
                "pai": means.loc[name, "pai"], "pei": means.loc[name, "pei"],
                "auc": whole["auc"].mean(), "log_score": whole["log"].mean(),
                "cells_told": whole["told"].mean(),
                "difference": apart.mean(), "difference_low": least, "difference_high": most,
                "better_in": int((apart > 0).sum()),
                "beats": _verdict(name, len(whole), least, most),
            })  # fmt: skip
        index = pd.Index(names, name="detector", dtype="str")
        return pd.DataFrame(rows, index=index).astype({"kind": "str", "beats": "str"})

    def _curves(self, names: list[str]) -> pd.DataFrame:
        parts = []
        for name in names:
            if name not in self._caught:
                continue
            drawn = np.mean(self._draws[name], axis=0)
            low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
            parts.append(pd.DataFrame({
                "detector": name, "share_area": self._curve / self._cells,
                "hit_rate": np.mean(self._caught[name], axis=0), "low": low, "high": high,
            }))  # fmt: skip
        if not parts:
            return pd.DataFrame(columns=["detector", "share_area", "hit_rate", "low", "high"])
        return pd.concat(parts, ignore_index=True)

    def _lpt_table(self, names: list[str]) -> pd.DataFrame:
        parts = []
        for name in names:
            if name not in self._by_lpt:
                continue
            sums = np.vstack([self._by_lpt[name], self._by_lpt[name].sum(axis=0)])
            seen, own, best, shared, taken = sums.T[:5]
            origins = len(self._overall[name])
            cells, size = (np.append(v, v.sum()) for v in (self._own, self._size))
            some = np.where(seen > 0, seen, np.nan)
            parts.append(pd.DataFrame({
                "detector": name, "lpt": [*self._lpts, _ALL], "incidents": seen.astype(np.int64),
                "cells": cells, "hit_rate": own / some, "pai": own / some / (cells / size),
                "pei": own / np.where(best > 0, best, np.nan), "hit_rate_shared": shared / some,
                "cells_shared": taken / origins,
            }))  # fmt: skip
        if not parts:
            return pd.DataFrame(columns=["detector", "lpt", "incidents", "cells", "hit_rate"])
        return pd.concat(parts, ignore_index=True)


def _sorted(frame: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Order by detector, then origin, and keep the order within."""
    turn = {name: n for n, name in enumerate(names)}
    order = np.lexsort((frame["origin"].to_numpy(), frame["detector"].map(turn).to_numpy()))
    return frame.iloc[order].reset_index(drop=True)


def _verdict(name: str, origins: int, low: float, high: float) -> str:
    if name == LAST_YEAR:
        return "the one to beat"
    if origins == 0:
        return "not scored"
    if low == high == 0:
        return "the same"
    if low > 0:
        return "yes"
    return "no" if high < 0 else "cannot tell"
