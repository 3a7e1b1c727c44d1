"""Pictures of concentration: how few places hold how much."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..contracts import InputError, Result
from ._canvas import BLUE, GREY, RED, new_axes, note

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_STYLES = ((BLUE, "-"), (RED, "--"), ("#009E73", "-."), ("#CC79A7", ":"), ("#E69F00", "-"),
           ("#56B4E9", "--"), ("#000000", "-."), ("#F0E442", ":"))  # fmt: skip
_NEEDS = ("what", "curve", "places", "total")


def plot_lorenz(concentration: Result, *, ax: Axes | None = None) -> Axes:
    """Draw which share of the total the fullest places hold, and what chance would give.

    Parameters
    ----------
    concentration : Concentration
        As ``concentration`` gives it.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when absent.

    Returns
    -------
    matplotlib.axes.Axes
        The Lorenz curve of each column, read from the fullest place on, with a dot where half of
        the total is reached; grey and thin what chance would give were every place equally likely
        (of one column only; several would cover each other); dotted the line of equal shares.

    Raises
    ------
    InputError
        If it is no such result, or has more than eight columns.

    Examples
    --------
    >>> import hotspots as hs
    >>> ax = hs.plot_lorenz(hs.concentration([10, 8, 2, 0, 0, 0, 0, 0, 0, 0], n_boot=0))
    >>> ax.get_title()
    'Half of incidents is at 10.0% of the places'
    """
    tables = concentration.tables if isinstance(concentration, Result) else {}
    lorenz, measures = tables.get("lorenz"), tables.get("measures")
    if lorenz is None or measures is None or not set(_NEEDS) <= set(lorenz.columns):
        fault = f"it is of type {type(concentration).__name__}; give what concentration gives."
        raise InputError("plot_lorenz", [fault])
    names = list(pd.unique(lorenz["what"]))
    if len(names) > len(_STYLES):
        fault = f"{len(names)} curves cannot be told apart; give at most {len(_STYLES)} columns."
        raise InputError("plot_lorenz", [fault])
    ax = new_axes(ax, (7, 6))
    half = measures[measures["measure"] == "places_holding_50"].set_index("what")["estimate"]
    for name, (colour, line) in zip(names, _STYLES, strict=False):
        rows = lorenz[lorenz["what"] == name]
        for curve, rows_of in rows.groupby("curve", sort=False):
            chance = curve == "by chance"
            if chance and len(names) > 1:
                continue
            at = rows_of.sort_values(["places", "total"], ascending=False)
            ax.plot(
                100 * (1 - at["places"]), 100 * (1 - at["total"]), linewidth=1.2 if chance else 2.2,
                color=GREY if chance else colour, linestyle="-" if chance else line,
                label="were every place equally likely" if chance else str(name),
                zorder=2 if chance else 3,
            )  # fmt: skip
        ax.plot(100 * half[name], 50, "o", color=colour, markersize=6, zorder=4)
    ax.plot([0, 100], [0, 100], color=GREY, linestyle=":", linewidth=1, label="equal shares")
    ax.axhline(50, color=GREY, linewidth=0.6, zorder=1)
    ax.set_xlim(0, 100)
    ax.set_ylim(0, 100)
    ax.set_xlabel("places, fullest first (%)")
    ax.set_ylabel("share of the total (%)")
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(loc="lower right", fontsize=9)
    ax.set_title(
        f"Half of {names[0]} is at {half.iloc[0]:.1%} of the places" if half.notna().all()
        and len(names) == 1 else "How few places hold how much"
    )  # fmt: skip
    told = [f"{n} {'none' if np.isnan(half[n]) else format(half[n], '.1%')}" for n in names]
    note(ax, f"Dots: places that hold half ({'; '.join(told)}).")
    return ax
