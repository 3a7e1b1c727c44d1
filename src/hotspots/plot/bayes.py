"""What each part gave to the heat of a cell, as bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..contracts import InputError
from ._canvas import BLUE, RED, new_axes, note

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WANTED = ("meaning", "per_year", "share")


def plot_parts(
    parts: pd.DataFrame, *, title: str = "What each part gave", ax: Axes | None = None
) -> Axes:
    """Draw what each part gave to the heat of a cell.

    Parameters
    ----------
    parts : DataFrame
        With ``meaning``, ``per_year`` and ``share``: the table ``parts`` of what
        ``EmpiricalBayes.explain`` gives.
    title : str
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when absent.

    Returns
    -------
    matplotlib.axes.Axes
        One bar a part, the cell's own count in another colour than the prior, with its number and
        share in words.

    Raises
    ------
    InputError
        When columns are missing or hold no numbers, or the table is empty.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=12, scale=0.2)
    >>> public = county.incidents.query("origin != 'police'")
    >>> detector = hs.EmpiricalBayes("Burglary").fit(public)
    >>> heat = detector.predict(hs.Grid.over(county.lpts, size=250))
    >>> hs.plot_parts(detector.explain(heat.idxmax()).parts).get_xlabel()
    'expected a year'
    """
    if not isinstance(parts, pd.DataFrame):
        given = f"it is of type {type(parts).__name__}"
        raise InputError("parts", [f"{given}; give the table .parts of what explain() gives."])
    faults = [f"column {name!r} is missing." for name in _WANTED if name not in parts.columns]
    for name in {"per_year", "share"} & set(parts.columns):
        values = pd.to_numeric(parts[name], errors="coerce")
        if not np.isfinite(values).all():
            faults.append(f"column {name!r} is empty or no number in places.")
    if len(parts) == 0:
        faults.append("it is empty; give the table .parts of what explain() gives.")
    if faults:
        raise InputError("parts", faults)
    ax = new_axes(ax, (8, 0.55 * len(parts) + 1.4))
    value = parts["per_year"].to_numpy(dtype=float)
    rows = np.arange(len(parts))[::-1]
    own = parts.index.to_numpy() == "own count"
    ax.barh(rows, value, color=np.where(own, RED, BLUE), height=0.65)
    most = value.max() or 1.0
    for row, amount, share in zip(rows, value, parts["share"], strict=True):
        ax.text(amount + 0.015 * most, row, f"{amount:.2f} ({share:.0%})", va="center", fontsize=9)
    names = parts["meaning"].str.replace(" given ", "\ngiven ").tolist()
    ax.set_yticks(rows, names, fontsize=9)
    ax.set_xlim(0, 1.25 * most)
    ax.set_xlabel("expected a year")
    ax.set_title(title, loc="left", fontsize=11)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    note(ax, "The cell's own count against what the records say of cells like it (the prior).")
    return ax
