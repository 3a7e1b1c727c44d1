"""The section on an evaluation: what was found, drawn, in numbers, and what speaks against it."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from .figures import picture
from .words import paragraphs, table

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from matplotlib.axes import Axes

    from ..contracts import Result

_EFFECT = ["outcome", "part", "method", "unit", "estimate", "low", "high", "treated_before",
           "treated_after", "control_before", "control_after", "refused"]  # fmt: skip
_BESIDE = {"displacement": "Where it may have gone", "places": "Place by place",
           "side_effects": "What the patrols did beside"}  # fmt: skip
_ALT = "Estimates with their intervals and the course of both arms; the tables hold the figures."


def impact_body(impact: Result) -> str:
    """Return what was found, a picture of it, the estimates, and every check.

    Parameters
    ----------
    impact : Result
        With tables ``effect``, ``checks`` and ``series``.

    Returns
    -------
    str
    """
    from matplotlib.figure import Figure

    from ..plot import plot_expected, plot_impact

    effect, checks = impact.tables["effect"], impact.tables["checks"]
    ratio = effect["main"] & (effect["unit"] == "ratio") & effect["low"].gt(0)
    ratio &= effect["high"].notna()
    parts = [paragraphs(impact.text)]
    drawn: list[tuple[Callable[..., Axes], int]] = [
        (plot_impact, int(ratio.sum())),
        (plot_expected, len(impact.tables["series"])),
    ]
    for draw, rows in drawn:
        if rows:
            axes = Figure(figsize=(9, 3.6)).add_subplot()
            draw(impact, ax=axes)
            parts.append(picture(axes.figure, _ALT))
    parts.append(_folded("Every estimate, with the counts behind it", effect[_EFFECT]))
    parts.append(_folded("What was checked", checks))
    parts += [
        _folded(said, impact.tables[name])
        for name, said in _BESIDE.items()
        if name in impact.tables and len(impact.tables[name])
    ]
    return "".join(parts)


def _folded(said: str, frame: pd.DataFrame) -> str:
    return (
        f"<details><summary>{html.escape(said)}: {len(frame):,} rows</summary>"
        f"{table(frame)}</details>"
    )
