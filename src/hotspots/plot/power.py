"""The picture of a trial's power: how often it would find a fall, by how large the fall is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..contracts import InputError, Result
from ._canvas import BLUE, GREY, PALE, RED, new_axes, note

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = (BLUE, RED, "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_MOST = len(_COLOURS)  # trials in one picture


def plot_power(power: Result, *, ax: Axes | None = None) -> Axes:
    """Draw how often each trial would find a fall, by its size, beside what was published.

    Parameters
    ----------
    power : TrialPower
        As ``trial_power`` gives it.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when absent.

    Returns
    -------
    matplotlib.axes.Axes
        A line per trial (six at most) with its Monte Carlo interval, the power wanted as a
        dashed line, the published falls as dotted ones.

    Raises
    ------
    InputError
        If it is not what ``trial_power`` returns.

    Examples
    --------
    >>> import hotspots as hs
    >>> from hotspots.trials.example import example_hotspots
    >>> rules = hs.PowerRules(sims=50, draws=99)
    >>> found = hs.trial_power(*example_hotspots(), effects=[-.2], rules=rules)
    >>> hs.plot_power(found).get_xlabel()
    'fall under patrols (%)'
    """
    tables = power.tables if isinstance(power, Result) else {}
    if not {"trials", "power", "published"} <= set(tables):
        kind = type(power).__name__
        raise InputError("plot_power", [f"it is of type {kind}; give what trial_power returns."])
    trials, curves, published = tables["trials"], tables["power"], tables["published"]
    ax = new_axes(ax, (7.2, 4.6))
    most = 0.0
    for (_, trial), colour in zip(trials.iterrows(), _COLOURS, strict=False):
        same = curves["sites"].eq(trial["sites"]) & curves["weeks"].eq(trial["weeks"])
        rows = curves[same & curves["design"].eq(trial["design"])]
        fall = -100 * rows["effect"].to_numpy()
        most = max(most, float(fall.max()))
        ax.fill_between(fall, 100 * rows["low"], 100 * rows["high"], color=colour, alpha=0.15, lw=0)
        ax.plot(
            fall,
            100 * rows["power"],
            "o-",
            color=colour,
            ms=4,
            lw=1.6,
            label=f"{trial['sites']:,} sites, {trial['weeks']:g} week"
            f"{'' if trial['weeks'] == 1 else 's'} ({trial['verdict']})",
        )
    wanted = 100 * float(trials["wanted"].iloc[0])
    ax.axhline(wanted, color=GREY, ls="--", lw=1)
    ax.annotate(f"{wanted:.0f}% wanted", (0, wanted), xytext=(3, 3), textcoords="offset points",
                fontsize=8, color=GREY)  # fmt: skip
    for _, one in published.iterrows():
        at = -100 * float(one["change"])
        if at <= most:
            ax.axvline(at, color=GREY, ls=":", lw=1)
            ax.annotate(
                f"{one['name']}, {at:.0f}%", (at, 101), xytext=(-3, 0), fontsize=8, ha="right",
                textcoords="offset points", va="top", rotation=90, color=GREY,
                bbox={"boxstyle": "round,pad=0.1", "fc": "white", "ec": "none", "alpha": 0.7},
            )  # fmt: skip
    ax.set_xlim(-0.5, most + 0.5)
    ax.set_ylim(0, 102)
    ax.set_xlabel("fall under patrols (%)")
    ax.set_ylabel("trials that find it (%)")
    ax.set_title(f"What a trial could find ({trials['design'].iloc[0]})")
    ax.grid(color=PALE, lw=0.6)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(fontsize=8, loc="lower right", framealpha=0.9)
    more = len(trials) - _MOST
    sims = int(np.asarray(curves["sims"])[0])
    note(ax, f"Simulated {sims:,} times for each point; shaded: 95% Monte Carlo interval. At 0% a "
             "line shows its false alarms."
             + (f" {more:,} more trials in the table." if more > 0 else ""))  # fmt: skip
    return ax
