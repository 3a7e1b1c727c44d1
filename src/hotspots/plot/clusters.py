"""Pictures of clusters: the curve that eps is read from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import InputError
from ._canvas import BLUE, GREY, RED, new_axes, note

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_k_distance(
    k_distances: pd.DataFrame, eps: float | None = None, *, ax: Axes | None = None
) -> Axes:
    """Draw how far one must look around each incident to find a crowd.

    Parameters
    ----------
    k_distances : DataFrame
        The curve, as ``DBSCAN.k_distances_`` gives it: ``distance_m`` ascending and ``share``.
    eps : float, optional
        The distance used, in metres, to mark on the curve.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when absent.

    Returns
    -------
    matplotlib.axes.Axes
        The share of incidents across, from the most crowded to the loneliest, in %; the distance in
        metres up. A flat start that bends sharply upwards has a natural ``eps`` at its bend; a
        curve that rises evenly has none.

    Raises
    ------
    InputError
        When the table is no such curve, or ``eps`` no distance.

    Examples
    --------
    >>> import hotspots as hs
    >>> asb = hs.make_county(seed=1, months=2).incidents.query("origin == 'public'")
    >>> found = hs.DBSCAN(eps=200, min_incidents=12).fit(asb)
    >>> hs.plot_k_distance(found.k_distances_, found.eps_).get_ylabel()
    'distance that holds enough incidents (m)'
    """
    share, distance = _checked(k_distances, eps)
    ax = new_axes(ax, (7, 4.5))
    known = np.isfinite(distance)
    ax.plot(100 * share[known], distance[known], color=BLUE, lw=2, zorder=3)
    top = float(distance[known].max(initial=0.0)) or 1.0
    if eps is not None:
        core = 100 * float(share[distance <= eps].max(initial=0.0))
        ax.axhline(eps, color=RED, lw=1, ls="--", zorder=2)
        ax.plot([core], [eps], "o", color=RED, zorder=4)
        ax.annotate(
            f"eps {eps:.0f} m: {core:.0f}% are in a crowd", (2, eps), xytext=(0, 4),
            textcoords="offset points", color=RED, fontsize=9, va="bottom", ha="left",
        )  # fmt: skip
        top = max(top, eps)
    ax.set_xlim(0, 100)
    ax.set_ylim(0, 1.05 * top)
    ax.grid(axis="y", color=GREY, alpha=0.25, lw=0.5)
    ax.set_xlabel("share of incidents, the most crowded first (%)")
    ax.set_ylabel("distance that holds enough incidents (m)")
    ax.set_title("How far to the nearest crowd")
    lone = 100 * (1 - float(share[known].max(initial=0.0))) if len(share) else 0.0
    told = f"{len(distance):,} locations."
    if (~known).any():
        told += f" {lone:.1f}% of the incidents lie at locations with no crowd within reach."
    note(ax, told)
    return ax


def _checked(k_distances: Any, eps: Any) -> tuple[Any, Any]:
    """Share and distance of the curve as arrays, or every fault at once."""
    faults = []
    if not isinstance(k_distances, pd.DataFrame):
        faults.append(
            f"it is of type {type(k_distances).__name__}; give DBSCAN(...).fit(...).k_distances_."
        )
    elif missing := {"distance_m", "share"} - set(k_distances.columns):
        faults.append(
            f"column {', '.join(sorted(missing))} is missing; give "
            "DBSCAN(...).fit(...).k_distances_."
        )
    elif not all(pd.api.types.is_numeric_dtype(k_distances[c]) for c in ("distance_m", "share")):
        faults.append(
            "distance_m and share must be numbers; give DBSCAN(...).fit(...).k_distances_."
        )
    fine = isinstance(eps, (int, float, np.number)) and not isinstance(eps, bool)
    if eps is not None and not (fine and 0 < eps < np.inf):
        faults.append(f"eps={eps!r}; it must be a number of metres above 0, or None.")
    if faults:
        raise InputError("k_distances", faults)
    return tuple(k_distances[name].to_numpy(dtype=float) for name in ("share", "distance_m"))  # type: ignore[return-value]
