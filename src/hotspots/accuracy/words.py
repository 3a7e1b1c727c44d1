"""What a backtest found, in plain English: the plain question answered first."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .baselines import LAST_YEAR, RANDOM
from .intervals import LEAST_BLOCKS

_SHOWN = 8  # detectors told one by one; the summary table holds them all


def paragraph(
    summary: pd.DataFrame, periods: pd.DataFrame, failures: pd.DataFrame, *, category: str | None,
    coverage: float, asked: dict[str, Any], block_m: float, gaps: str, cells: int, budget: int,
) -> str:  # fmt: skip
    """Say whether each detector beats last year's counts, and what stands behind that.

    Parameters
    ----------
    summary, periods, failures : DataFrame
        As the backtest holds them.
    category : str or None
    coverage : float
    asked : dict
        ``left_out``: police-generated incidents left out; ``by``: detectors that asked for them.
    block_m : float
        Width of the blocks resampled, in metres.
    gaps : str
        Periods passed over.
    cells, budget : int
        Cells of the grid, and those that the coverage buys.

    Returns
    -------
    str
    """
    used = periods[periods["used"]]
    base: Any = summary.loc[LAST_YEAR]
    of = f"{category!r} incidents" if category else "all incidents"
    place = f"{100 * coverage:g}% of the area"
    if coverage * cells < budget * (1 - 1e-9):
        share = float(f"{100 / cells:.2g}")
        place = f"one cell ({share:g}% of the area; the coverage asked for buys none)"
    never = {name for name, rows in failures.groupby("detector") if len(rows) == len(used)}
    ours = summary[summary["kind"] == "detector"]
    ours = ours.sort_values("difference", ascending=False, kind="stable", na_position="last")
    said = [
        f"{name} failed at every origin and is not scored." if name in never
        else _answer(name, row, of, place) for name, row in ours.iloc[:_SHOWN].iterrows()
    ]  # fmt: skip
    if len(ours) > _SHOWN:
        said.append(f"{len(ours) - _SHOWN} more detectors stand in the summary table.")
    said += [
        f"{name} tells only {row['cells_told']:,.0f} of the {budget:,} cells apart from the rest, "
        "which then come in the order of the grid."
        for name, row in ours.iloc[:_SHOWN].iterrows()
        if row["cells_told"] < budget
    ]
    if base["cells_told"] < budget:
        said.append(
            f"An easy rival: {LAST_YEAR} tell only {base['cells_told']:,.0f} of the {budget:,} "
            "cells apart."
        )
    others = summary[(summary["kind"] == "baseline") & (summary.index != LAST_YEAR)]
    rates = ", ".join(
        f"{name} {_percent(row['hit_rate'])}" for name, row in others.iterrows() if name != RANDOM
    )
    blind: Any = summary.loc[RANDOM]
    if base["origins"]:
        said.append(
            f"Other simple rankings: {rates}; cells drawn blindly among those where anything ever "
            f"happened would catch {_percent(blind['hit_rate'])} (95% of draws "
            f"{_percent(blind['low'])} to {_percent(blind['high'])})."
        )
    first, last = used["test_start"].min(), used["test_end"].max()
    scored, lost = int(used["scored"].sum()), int(used["unplaced"].sum())
    count = len(used)
    said.append(
        f"Tested on {scored:,} incidents of {count} period{'s' if count != 1 else ''} between "
        f"{_day(first)} and {_day(last)} (which it does not reach), each unknown to what was "
        f"learned before it{_unplaced(lost)}. Intervals come from resampling blocks of "
        f"{block_m / 1000:.2g} km within each period: they tell chance in the periods tested, not "
        "how next year may differ."
    )
    if base["origins"] and not np.isfinite(base["low"]):
        said.append(
            f"In some period the incidents lie in fewer than {LEAST_BLOCKS} such blocks, too few "
            "for intervals."
        )
    if 0 < base["origins"] < 6:
        said.append(f"{base['origins']} periods are few: take the answer as a first look.")
    if gaps:
        said.append(f"{gaps[0].upper()}{gaps[1:]}.")
    if asked["left_out"]:
        said.append(
            f"{asked['left_out']:,} police-generated incidents (origin 'police') are left out of "
            "learning and scoring; a detector with include_police=True keeps them in."
        )
    if asked["by"]:
        said.append(
            "Police-generated incidents are scored for all and counted by the simple rankings, "
            f"because {' and '.join(asked['by'])} asked for them."
        )
    for name, rows in failures.groupby("detector", sort=False):
        said.append(
            f"{name} failed at {len(rows)} of {count} origins and is not scored there "
            f"(first: {rows['reason'].iloc[0]})."
        )
    return "\n".join(said)


def _answer(name: Any, row: Any, of: str, place: str) -> str:
    question = f"Does {name} beat last year's counts?"
    if row["beats"] == "not scored":
        return f"{question} Not scored: there was nothing it could be scored on."
    word = {"yes": "Yes", "cannot tell": "Cannot tell"}.get(row["beats"], "No")
    points = 100 * row["difference"]
    interval = ""
    if np.isfinite(row["difference_low"]):
        low, high = 100 * row["difference_low"], 100 * row["difference_high"]
        interval = f" (95% interval {_signed(low)} to {_signed(high)})"
    against = row["hit_rate"] - row["difference"]  # over the same periods
    count = int(row["origins"])
    return (
        f"{question} {word}: in {place} it caught {_percent(row['hit_rate'])} of {of} against "
        f"{_percent(against)}, difference {_signed(points)} points{interval} over {count} "
        f"period{'s' if count != 1 else ''}, ahead in {row['better_in']}."
    )


def _percent(share: float) -> str:
    return "nothing" if not np.isfinite(share) else f"{100 * share:.1f}%"


def _signed(points: float) -> str:
    return f"{points:+.1f}" if round(points, 1) else "0.0"


def _day(when: pd.Timestamp) -> str:
    return f"{when.day} {when:%B %Y}"


def _unplaced(lost: int) -> str:
    return f"; {lost:,} more have no place in the grid" if lost else ""
