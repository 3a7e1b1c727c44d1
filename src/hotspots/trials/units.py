"""The units that are drawn, and the blocks or pairs they are drawn in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .rules import TrialRules

    Floats = NDArray[np.float64]

SUMMED = ("baseline", "change", "area_km2")
"""Covariates that sites drawn as one add up; of others the mean counts."""


@dataclass(frozen=True)
class Units:
    """What is drawn: sites, or clusters of sites that share a catchment.

    Attributes
    ----------
    frame : DataFrame
        Index ``cluster``, block by block: ``area`` (LPT, command, or several), ``block`` (its
        label), ``code`` (of the block, rising), and the covariates.
    lone : tuple of str
        Clusters left without a partner.
    """

    frame: pd.DataFrame
    lone: tuple[str, ...]


def make_units(sites: pd.DataFrame, design: str, rules: TrialRules) -> Units:
    """Join sites of one cluster, and put units of like baseline into blocks or pairs.

    Parameters
    ----------
    sites : DataFrame
        Of :class:`Eligible`.
    design : str
    rules : TrialRules

    Returns
    -------
    Units

    Notes
    -----
    Areas with one unit only are joined with the next smallest, so that no unit is alone in its
    block. Pairs are of neighbours by baseline within the area; where their number is odd, the one
    is left over without which the others are most alike, and those left over in several areas
    make pairs of their own.

    Examples
    --------
    >>> from hotspots.trials.rules import TrialRules
    >>> sites = pd.DataFrame({"cluster": list("abcd"), "lpt": "Hanley", "change": 0,
    ...                       "baseline": [90, 20, 80, 25], "area_km2": 0.1},
    ...                      index=pd.Index(list("abcd"), name="hotspot"))
    >>> make_units(sites, "pairs", TrialRules()).frame["block"].to_dict()
    {'a': 'Hanley 1', 'c': 'Hanley 1', 'd': 'Hanley 2', 'b': 'Hanley 2'}
    """
    sums = {name: "sum" if name in SUMMED else "mean"
            for name in dict.fromkeys([*SUMMED, *rules.covariates])}  # fmt: skip
    within = {"lpt": "lpt", "command": "command"}.get(rules.blocks)
    by = sites.groupby("cluster", sort=True)
    frame = by.agg(sums)
    if design == "simple" or within is None:
        area = np.full(len(frame), "all", dtype=object)
    else:
        area = by[within].first().to_numpy(dtype=object)  # the LPT of its first site
    frame["area"] = _joined(area)
    order = np.lexsort((np.arange(len(frame)), -frame["baseline"].to_numpy(), frame["area"]))
    frame = frame.iloc[order]
    frame["block"] = frame["area"]
    lone: tuple[str, ...] = ()
    if design == "pairs":
        frame["block"], lone = _pairs(frame)
    elif design == "blocks":
        frame["block"] = _blocks(frame, rules.block_size)
    lonely = frame.index.isin(list(lone))
    frame = frame[~lonely]
    codes, _ = pd.factorize(frame["block"])
    frame = frame.assign(code=codes).sort_values("code", kind="stable")
    return Units(frame, lone)


def _joined(area: NDArray[np.object_]) -> NDArray[np.object_]:
    """Join the areas with one unit with the next smallest."""
    area = area.copy()
    while True:
        names, sizes = np.unique(area.astype(str), return_counts=True)
        if len(names) < 2 or sizes.min() > 1:
            return area
        order = np.lexsort((names, sizes))
        one, other = sorted(names[order[:2]])
        area[np.isin(area.astype(str), [one, other])] = f"{one} + {other}"


def _blocks(frame: pd.DataFrame, size: int) -> list[str]:
    """Cut each area, ordered by baseline, into blocks of at least so many units."""
    found: list[str] = []
    for area, part in frame.groupby("area", sort=False):
        parts = np.array_split(np.arange(len(part)), max(len(part) // size, 1))
        found += [f"{area} {n}" for n, rows in enumerate(parts, 1) for _ in rows]
    return found


def _pairs(frame: pd.DataFrame) -> tuple[list[str], tuple[str, ...]]:
    """Pair neighbours by baseline in each area, then those left over."""
    level = np.log1p(frame["baseline"].to_numpy(dtype=float))
    label = np.full(len(frame), "", dtype=object)
    area = frame["area"].to_numpy(dtype=object)
    over = []
    for name in pd.unique(area):
        rows = np.flatnonzero(area == name)
        if len(rows) % 2:
            one = _odd_one(level[rows])
            over.append(rows[one])
            rows = np.delete(rows, one)
        label[rows] = [f"{name} {n // 2 + 1}" for n in range(len(rows))]
    over_rows = np.array(over, dtype=np.intp)
    over_rows = over_rows[np.lexsort((over_rows, -level[over_rows]))]
    lone: tuple[str, ...] = ()
    if len(over_rows) % 2:
        one = _odd_one(level[over_rows])
        lone = (str(frame.index[over_rows[one]]),)
        over_rows = np.delete(over_rows, one)
    label[over_rows] = [f"across {n // 2 + 1}" for n in range(len(over_rows))]
    return label.tolist(), lone


def _odd_one(level: Floats) -> int:
    """Find the one of an odd number in order without which neighbours are most alike."""
    left = [0.0]  # apart from each other: the pairs before, and after, an even place
    for k in range(0, len(level) - 1, 2):
        left.append(left[-1] + abs(level[k] - level[k + 1]))
    right = [0.0]
    for k in range(len(level) - 1, 0, -2):
        right.append(right[-1] + abs(level[k] - level[k - 1]))
    apart = [a + b for a, b in zip(left, reversed(right), strict=True)]
    return 2 * int(np.argmin(apart))
