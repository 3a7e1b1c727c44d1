"""Pictures of near repeat: how much sooner and nearer incidents follow than by chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..contracts import InputError, Result
from ._canvas import new_axes, note

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NEEDS = ("space", "time", "space_from_m", "time_from_days", "observed", "ratio", "flag")


def plot_knox(knox: Result | pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the ratio of observed to expected pairs by distance and days apart.

    Parameters
    ----------
    knox : Knox or DataFrame
        As ``knox`` gives it, or its table ``cells``.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when absent.

    Returns
    -------
    matplotlib.axes.Axes
        Days apart across, distance upwards, the nearest at the bottom. Each cell says its ratio
        and, below it, the pairs observed; orange is more than chance, blue less. Flagged cells
        have a thick frame and a star.

    Raises
    ------
    InputError
        If it is no such table.

    Examples
    --------
    >>> import hotspots as hs
    >>> burglary = hs.make_county(seed=1, months=12).incidents.query("category == 'Burglary'")
    >>> hs.plot_knox(hs.knox(burglary, n_sim=0)).get_xlabel()
    'days apart'
    """
    from matplotlib.colors import TwoSlopeNorm
    from matplotlib.patches import Rectangle

    cells = knox.tables.get("cells") if isinstance(knox, Result) else knox
    if not isinstance(cells, pd.DataFrame) or cells.empty or not set(_NEEDS) <= set(cells.columns):
        fault = f"it is of type {type(knox).__name__}; give what knox gives, or its table cells."
        raise InputError("plot_knox", [fault])
    near, soon = np.unique(cells["space_from_m"]), np.unique(cells["time_from_days"])
    row, column = (
        np.searchsorted(edges, cells[name])
        for edges, name in ((near, "space_from_m"), (soon, "time_from_days"))
    )
    ratio = np.full((len(near), len(soon)), np.nan)
    ratio[row, column] = cells["ratio"]
    ax = new_axes(ax, (1.8 + 1.1 * len(soon), 1.8 + 0.75 * len(near)))
    known = ratio[np.isfinite(ratio) & (ratio > 0)]
    # one band of few pairs may be forty times what is expected: the rest must stay readable
    reach = float(np.clip(np.abs(np.log2(known)).max(initial=0), 0.5, 2))
    with np.errstate(divide="ignore"):
        shade = np.clip(np.log2(ratio), -reach, reach)  # double and half are equally strong
    drawn = ax.imshow(
        shade, origin="lower", cmap="PuOr_r", norm=TwoSlopeNorm(0.0, -reach, reach), aspect="auto"
    )
    for x, y, pairs, flag in zip(column, row, cells["observed"], cells["flag"], strict=True):
        strong = abs(np.nan_to_num(shade[y, x])) > 0.65 * reach
        said = "–" if np.isnan(ratio[y, x]) else f"{ratio[y, x]:.2f}{'*' if flag else ''}"
        ax.text(x, y, f"{said}\n{pairs:,}", ha="center", va="center", fontsize=9,
                color="white" if strong else "black")  # fmt: skip
        if flag:
            frame = Rectangle((x - 0.47, y - 0.46), 0.94, 0.92, fill=False, ec="black", lw=2.2)
            ax.add_patch(frame)
    names = cells.drop_duplicates("time").sort_values("time_from_days")["time"]
    ax.set_xticks(range(len(soon)), [str(name).removesuffix(" days") for name in names])
    names = cells.drop_duplicates("space").sort_values("space_from_m")["space"]
    ax.set_yticks(range(len(near)), [str(name) for name in names])
    ax.set_xlabel("days apart")
    ax.set_ylabel("distance apart")
    ax.tick_params(length=0)
    bar = ax.figure.colorbar(drawn, ax=ax, extend="both")
    marks = np.array([0.25, 0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 4])
    marks = marks[np.abs(np.log2(marks)) <= reach]
    bar.set_ticks(np.log2(marks).tolist(), labels=[f"{mark:g}" for mark in marks])
    bar.set_label("observed / expected pairs")
    ax.set_title("Pairs of incidents against chance")
    note(ax, "Above: ratio; below: pairs observed. * and frame: p under .05 and ratio at least "
             "1.2.")  # fmt: skip
    return ax
