"""Whether other types of incident, or other hours, rose where the places were treated."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..chance import adjusted_p
from ..contracts import InputError
from ._words import LEAST, interval, moved
from .counts import PlaceCounts
from .estimators import default_fit
from .rules import ImpactRules

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .study import Study

    Floats = NDArray[np.float64]

COLUMNS = [
    "by", "kind", "part", "treated_before", "treated_after", "control_before", "control_after",
    "estimate", "low", "high", "p", "p_adjusted", "words",
]  # fmt: skip


def compare_kinds(
    counts: PlaceCounts, *, level: float = 0.95, seed: int = 0, draws: int = 999
) -> pd.DataFrame:
    """Compare every type of incident and every part of the day: displacement to another kind.

    Parameters
    ----------
    counts : PlaceCounts
    level : float
        Of the intervals.
    seed, draws : int
        As the estimator takes them.

    Returns
    -------
    DataFrame
        A row per kind and part (hotspots, buffer): ``by`` (type, hour), ``kind``, ``part``,
        ``treated_before``, ``treated_after``, ``control_before``, ``control_after`` (incidents;
        in a cross-over and a stepped wedge the counts of treated places without and with
        treatment), ``estimate`` (ratio of rates to what the comparison leads one to expect),
        ``low``, ``high``, ``p``, ``p_adjusted`` (Holm, over the kinds of one sort and part) and
        ``words``. NaN where a count is under 20 or nothing is compared.

    Raises
    ------
    InputError
        For anything but counts of places, or a number out of its range.

    Notes
    -----
    The ratio and its chance are those of the places (``fit_places``), or of the lot where the
    trial was drawn (``fit_randomised``), never of incidents taken as independent.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=6)
    >>> spots = county.hotspots
    >>> counts = hs.impact.count_places(
    ...     county.incidents, spots[spots["treated"]], spots[~spots["treated"]],
    ...     start="2023-05-01")
    >>> compare_kinds(counts)["part"].unique().tolist()
    ['hotspots', 'buffer']
    """
    if not isinstance(counts, PlaceCounts):
        raise InputError("compare_kinds", [
            f"counts is of type {type(counts).__name__}; give what count_places returns."
        ])  # fmt: skip
    ImpactRules(level=level, seed=seed, draws=draws)  # faults what is out of range
    parts = [part for part in ("hotspots", "buffer")
             if part == "hotspots" or np.nansum(counts.kind_y[:, 1]) > 0]  # fmt: skip
    tables = [_compare(counts, part, level, seed, draws) for part in parts]
    return pd.concat(tables, ignore_index=True)[COLUMNS]


def _compare(counts: PlaceCounts, part: str, level: float, seed: int, draws: int) -> pd.DataFrame:
    study = counts.kind_study(part)
    table = counts.kinds.assign(part=part)
    held = _sums(study)
    for name, values in held.items():
        table[name] = values
    enough = np.all([~(values < LEAST) for values in held.values()], axis=0)
    compared = not study.arm.all() or study.redraw is not None
    told = {name: np.full(len(table), np.nan) for name in ("estimate", "low", "high", "p")}
    if enough.any() and compared:
        some = replace(study, y=study.y[enough])
        found = default_fit(study)(some, level=level, seed=seed, draws=draws)
        for name in told:
            value = getattr(found, name)
            told[name][enough] = value if name == "p" else np.exp(value)
    for name, values in told.items():
        table[name] = values
    table["p_adjusted"] = np.nan
    for by in table["by"].unique():
        which = ((table["by"] == by) & table["p"].notna()).to_numpy()
        if which.any():
            table.loc[which, "p_adjusted"] = adjusted_p(table.loc[which, "p"].to_numpy(), "holm")
    table["words"] = [_words(row, level, compared) for row in table.to_dict("records")]
    return table.astype({"words": "str", "part": "str"})


def _sums(study: Study) -> dict[str, Floats]:
    """Add up each arm before and after, shape (S,); treated places without and with."""
    on = (study.treat[0] > 0) & study.used
    arm, after = study.arm[0][:, None], ~study.before
    sides = {
        "treated_before": arm & ~on, "treated_after": arm & on,
        "control_before": ~arm & ~after, "control_after": ~arm & after,
    }  # fmt: skip
    found = {
        name: (study.y * (which & study.used)).sum(axis=(1, 2)) for name, which in sides.items()
    }
    if study.arm.all():
        found["control_before"] = found["control_after"] = np.full(len(study.y), np.nan)
    return found


def _words(row: Any, level: float, compared: bool) -> str:
    """Say of one kind whether it moved, its number of rivals paid for."""
    if not compared:
        return "There is nothing to compare it with."
    estimate, low, high, p = (
        float(row[name]) for name in ("estimate", "low", "high", "p_adjusted")
    )
    if np.isnan(estimate):
        return f"No ratio: under {LEAST} incidents on a side, or too few places."
    said = moved(estimate)
    told = (f"{said[0].upper()}{said[1:]} against what the comparison leads one to expect "
            f"({level:.0%} interval {interval(low, high)})")  # fmt: skip
    if p < 1 - level:
        return f"{told}: beyond chance among the kinds compared."
    return f"{told}: no clear change among the kinds compared."
