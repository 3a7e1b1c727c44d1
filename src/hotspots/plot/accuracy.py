"""Pictures of backtests: what each detector caught, by the share of the area it was given."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import InputError, Result
from ._canvas import GREY, PALE, new_axes, note

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
_DASHES = ("-", (0, (1, 1.2)), (0, (5, 2)), "-.", (0, (3, 1, 1, 1)), (0, (9, 3)))
_NEEDED = {
    "curves": ("detector", "share_area", "hit_rate", "low", "high"),
    "summary": ("kind", "hit_rate", "origins"),
}


def plot_backtest(backtest: Result, *, share: float | None = None, ax: Axes | None = None) -> Axes:
    """Draw the hit rate of every detector and baseline against the share of the area flagged.

    Parameters
    ----------
    backtest : Backtest
        Any result with the tables ``curves`` and ``summary`` of a backtest.
    share : float, optional
        Share of the area to draw up to, above 0 and at most 1; when absent, five times the
        coverage of the backtest.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when absent.

    Returns
    -------
    matplotlib.axes.Axes
        Per cent of the area against per cent of the incidents caught, the mean over the test
        periods. Detectors in colour, each with the band of its 95% interval; baselines grey and
        told apart by their dashes. A vertical line marks the coverage the backtest is about.

    Raises
    ------
    InputError
        If the tables are not there, or the share is out of range.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=6, scale=0.1)
    >>> rows = county.incidents.query("origin == 'public'")
    >>> test = hs.backtest(hs.KDE(2000), rows, hs.Grid.over(county.lpts, size=1000), origins=1)
    >>> hs.plot_backtest(test).get_xlabel()
    'share of the area flagged (%)'
    """
    curves, summary, coverage = _checked(backtest, share)
    ax = new_axes(ax, (10, 5.5))
    reach = min(5 * coverage, 1.0) if share is None else float(share)
    baselines = [n for n in summary.index if summary.loc[n, "kind"] == "baseline"]
    detectors = [n for n in summary.index if n not in baselines]
    top = 0.0
    for names, colours in ((baselines, (GREY,)), (detectors, _COLOURS)):
        for number, name in enumerate(names):
            curve = curves[curves["detector"] == name]
            if len(curve) == 0:
                continue
            colour = colours[number % len(colours)]
            muted = names is baselines
            dash = _DASHES[(number if muted else number // len(colours)) % len(_DASHES)]
            x, y = 100 * curve["share_area"].to_numpy(), 100 * curve["hit_rate"].to_numpy()
            if not muted and curve["low"].notna().any():
                low, high = (100 * curve[c].to_numpy() for c in ("low", "high"))
                ax.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0, zorder=2)
                top = max(top, float(np.nanmax(high[x <= 100 * reach])))
            ax.plot(x, y, color=colour, linestyle=dash, linewidth=1.2 if muted else 2.0,
                    label=str(name), zorder=3 if muted else 4)  # fmt: skip
            top = max(top, float(np.nanmax(y[x <= 100 * reach])))
    if reach >= coverage:
        ax.axvline(100 * coverage, color="#333333", linewidth=1, zorder=2.5)
        ax.annotate(f"{100 * coverage:g}% of the area", (100 * coverage, 1), xytext=(3, -4),
                    xycoords=("data", "axes fraction"), textcoords="offset points", va="top",
                    fontsize=8, color="#333333")  # fmt: skip
    ax.set_xlim(0, 100 * reach)
    ax.set_ylim(0, min(100.0, 1.05 * top) if top else 100.0)
    ax.grid(color=PALE, zorder=0)
    ax.set_xlabel("share of the area flagged (%)")
    ax.set_ylabel("share of later incidents caught (%)")
    category = getattr(backtest, "category", None)
    ax.set_title(f"What would have been caught: {category or 'all incidents'}")
    handles, labels = ax.get_legend_handles_labels()
    turn = [labels.index(str(n)) for n in [*detectors, *baselines] if str(n) in labels]
    ax.legend([handles[t] for t in turn], [fill(labels[t], 30) for t in turn], fontsize=8,
              loc="upper left", bbox_to_anchor=(1.0, 1.0))  # fmt: skip
    periods = int(summary["origins"].max())
    note(ax, f"Mean of {periods} test period{'s' if periods != 1 else ''} that the detectors had "
             "not seen; bands: 95% intervals. Grey: simple rankings to beat.")  # fmt: skip
    return ax


def _checked(backtest: Any, share: Any) -> tuple[pd.DataFrame, pd.DataFrame, float]:
    tables = getattr(backtest, "tables", {})
    faults = []
    for name, columns in _NEEDED.items():
        if name not in tables or not set(columns) <= set(tables[name].columns):
            faults.append(
                f"it is of type {type(backtest).__name__} without the table {name!r} of a "
                "backtest; give what backtest(...) returns."
            )
    number = isinstance(share, (int, float, np.number)) and not isinstance(share, bool)
    if share is not None and not (number and 0 < share <= 1):
        faults.append(f"share={share!r}; it must be above 0 and at most 1: 5% is 0.05.")
    if not faults and len(tables["curves"]) == 0:
        faults.append("nothing was scored, so there is nothing to draw; its text says why.")
    if faults:
        raise InputError("plot_backtest", faults)
    return tables["curves"], tables["summary"], float(getattr(backtest, "coverage", 0.01))
