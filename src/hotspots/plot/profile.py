"""The months of one Local Policing Team, gaps left open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import InputError
from ._canvas import BLUE, GREY, PALE, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..contracts import Result

ALL = "All categories"
_MOST = 36  # months drawn, the latest


def plot_profile(profile: Result, lpt: str | None = None, *, ax: Axes | None = None) -> Axes:
    """Draw an LPT's incidents by month; what was not recorded is hatched, never zero.

    Parameters
    ----------
    profile : Profile
        As ``lpt_profile`` gives it.
    lpt : str, optional
        The LPT; needed where the profile holds several.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when absent.

    Returns
    -------
    matplotlib.axes.Axes
        The latest 36 months; the year compared darker.

    Raises
    ------
    InputError
        If it is no profile, or there is no such LPT.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=4)
    >>> profile = hs.lpt_profile(county.incidents)
    >>> hs.plot_profile(profile, profile.lpts[0]).get_ylabel()
    'incidents a month'
    """
    months = getattr(profile, "tables", {}).get("months")
    if months is None or not {"lpt", "period_start", "incidents", "status"} <= set(months.columns):
        raise InputError("plot_profile", [
            f"it is of type {type(profile).__name__}; give what lpt_profile returned."
        ])  # fmt: skip
    there = list(dict.fromkeys(months["lpt"]))
    if lpt is None and len(there) == 1:
        lpt = there[0]
    if lpt not in there:
        raise InputError("plot_profile", [
            f"lpt is {lpt!r}; the profile holds {', '.join(map(str, there))}."
        ])  # fmt: skip
    own = months[months["lpt"] == lpt]
    if "category" in own.columns and (own["category"] == ALL).any():
        own = own[own["category"] == ALL]
    own = own.sort_values("period_start").tail(_MOST)
    return _draw(new_axes(ax, (7.4, 2.6)), own, str(lpt), bool(getattr(profile, "public", False)))


def _draw(ax: Axes, own: pd.DataFrame, lpt: str, public: bool) -> Axes:
    start: list[Any] = own["period_start"].to_list()
    at = np.arange(len(own))
    count = own["incidents"].to_numpy(dtype=float)
    status = own["status"].to_numpy(dtype=object)
    present = status == "present"
    latest = present & (np.cumsum(present[::-1])[::-1] <= 12)
    top = float(np.nanmax(count)) if np.isfinite(count).any() else 1.0
    ax.bar(at[present & latest], count[present & latest], color=BLUE, width=0.8)
    ax.bar(at[present & ~latest], count[present & ~latest], color=GREY, alpha=0.55, width=0.8)
    for state, word in (("missing", "not recorded"), ("thin", "incomplete"),
                        ("suppressed", "suppressed")):  # fmt: skip
        run = np.flatnonzero(status == state)
        for part in np.split(run, np.flatnonzero(np.diff(run) > 1) + 1):
            if len(part):
                left, right = part[0] - 0.5, part[-1] + 0.5
                ax.axvspan(left, right, color=PALE, hatch="///", ec="#CFCFCF", lw=0, zorder=0)
                ax.text((left + right) / 2, 0.5, word, transform=ax.get_xaxis_transform(),
                        ha="center", va="center", fontsize=8, color="#555555",
                        rotation=0 if len(part) > 3 else 90)  # fmt: skip
    step = 1 if len(own) <= 12 else 3
    shown = [n for n in range(len(own)) if (start[n].month - 1) % step == 0]
    labels: Any = [f"{start[n]:%b}\n{start[n]:%Y}" if start[n].month == 1 or n == shown[0]
                   else f"{start[n]:%b}" for n in shown]  # fmt: skip
    ax.set_xticks(shown, labels, fontsize=8)
    ax.tick_params(axis="y", labelsize=8)
    ax.set_xlim(-0.7, len(own) - 0.3)
    ax.set_ylim(0, max(1.0, 1.1 * top))
    ax.set_ylabel("incidents a month" + (", rounded" if public else ""), fontsize=8)
    ax.set_title(f"{lpt}: the latest twelve recorded months in blue", fontsize=9, loc="left")
    ax.spines[["top", "right"]].set_visible(False)
    return ax
