"""Pictures of what is unusual: alerts, control charts and funnels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import InputError, Result
from ._canvas import BLUE, GREY, PALE, RED, new_axes, note, of_group

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NAMED = 8  # areas of a funnel that are named


def plot_alerts(alerts: Result, group: Any = None, *, ax: Axes | None = None) -> Axes:
    """Draw the counts of one group, the usual range where it was looked at, and the alerts.

    Parameters
    ----------
    alerts : Alerts
        As ``find_alerts`` gives it; with ``when=26`` the band covers 26 periods.
    group : str or tuple, optional
        The group to draw, in the order of ``by``, and with ``lpts=`` the level first:
        ``("Longton", "Burglary")``. When absent, the one that stands out most.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when absent.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        If there is no such group.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=30)
    >>> alerts = hs.find_alerts(county.incidents, by=["lpt"], freq="MS")
    >>> hs.plot_alerts(alerts, "Fennimore").get_ylabel()
    'incidents'
    """
    tables = getattr(alerts, "tables", {})
    if not {"groups", "looks", "series"} <= set(tables):
        raise InputError("plot_alerts", [
            f"it is of type {type(alerts).__name__}; give what find_alerts returns."
        ])  # fmt: skip
    series, groups = tables["series"], tables["groups"]
    keys = list(series.columns[: list(series.columns).index("period_start")])
    chosen = _chosen(tables, keys, group)
    rows, found = (frame[of_group(frame, keys, chosen)] for frame in (series, groups))
    ax = new_axes(ax, (9, 4))
    when, count = rows["period_start"].to_numpy(), rows["incidents"].to_numpy()
    ax.plot(when, count, color=BLUE, linewidth=0.9, marker="o", markersize=3, label="incidents")
    thin = (rows["status"] == "thin").to_numpy()
    if thin.any():
        ax.scatter(when[thin], count[thin], s=24, facecolors="white", edgecolors=BLUE, zorder=3,
                   label="partly recorded")  # fmt: skip
    known = found[found["expected"].notna()]
    if len(known):
        at = known["period_start"].to_numpy()
        middle, low, high = (known[name].to_numpy() for name in ("expected", "low", "high"))
        if len(known) == 1:
            reach = np.stack([middle - low, high - middle])
            ax.errorbar(at, middle, reach, color=GREY, capsize=4, zorder=1, marker="_",
                        label="usual range (95%)")  # fmt: skip
        else:
            ax.fill_between(at, low, high, color=PALE, zorder=0, label="usual range (95%)")
            ax.plot(at, middle, color=GREY, linewidth=0.8, linestyle="--", label="expected")
    for verdict, mark in (("unusually high", "^"), ("unusually low", "v")):
        hit = found[found["verdict"] == verdict]
        if len(hit):
            ax.scatter(hit["period_start"], hit["incidents"], s=70, color=RED, marker=mark,
                       zorder=4, label=verdict)  # fmt: skip
    ax.set_ylim(0)
    ax.set_ylabel("incidents")
    ax.set_title(", ".join(map(str, chosen)) or "All incidents")
    ax.legend(loc="upper left", fontsize=8, ncols=3, framealpha=0.8)
    ax.set_ylim(0, ax.get_ylim()[1] * 1.15)
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_xlabel("period start")
    looks = tables["looks"]
    said = str(found["sentence"].iloc[-1]) if len(found) else "Not looked at."
    note(ax, f"{said}\nOver all series looked at: {int(looks['high'].sum()):,} unusually high "
             f"({looks['false_high'].sum():.2f} expected by chance).")  # fmt: skip
    return ax


def _chosen(tables: dict[str, pd.DataFrame], keys: list[str], group: Any) -> tuple[Any, ...]:
    """Return the group's names; the one that stands out most when none is given."""
    groups = tables["groups"]
    if group is None:
        if len(groups) == 0:
            raise InputError("plot_alerts", ["no group was looked at; there is nothing to draw."])
        p = groups[["p_high", "p_low"]].min(axis=1).fillna(1.0)
        return tuple(groups[keys].iloc[int(np.argmin(p))])
    names = group if isinstance(group, tuple) else (group,)
    every = tables["series"][keys].drop_duplicates()
    if len(names) != len(keys) or not of_group(every, keys, names).any():
        some = "; ".join(", ".join(map(str, row)) for row in every.head(5).to_numpy())
        raise InputError("plot_alerts", [f"there is no group {group!r}; there are {some}."])
    return tuple(names)


def plot_chart(chart: Result, *, ax: Axes | None = None) -> Axes:
    """Draw a control chart: points, middle, limits, and the rule each signal breaks.

    Parameters
    ----------
    chart : ControlChart
        As ``xmr_chart`` and ``u_chart`` give it.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when absent.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        For anything else.

    Examples
    --------
    >>> import hotspots as hs
    >>> chart = hs.xmr_chart([52, 47, 60, 55, 49, 58, 61, 50, 54, 57, 48, 53])
    >>> hs.plot_chart(chart).get_title()
    'XmR chart'
    """
    tables = getattr(chart, "tables", {})
    if not {"points", "rules"} <= set(tables):
        raise InputError("plot_chart", [
            f"it is of type {type(chart).__name__}; give what xmr_chart or u_chart returns."
        ])  # fmt: skip
    points = tables["points"]
    ax = new_axes(ax, (9, 4))
    plain = not isinstance(points.index, pd.DatetimeIndex) and not (
        pd.api.types.is_numeric_dtype(points.index.dtype)
    )
    at = np.arange(len(points)) if plain else points.index.to_numpy()
    ax.plot(at, points["value"], color=BLUE, linewidth=0.9, marker="o", markersize=4)
    ax.plot(at, points["centre"], color=GREY, linewidth=1, label="middle")
    for name, label in (("upper", "limits"), ("lower", None)):
        ax.plot(at, points[name], color=GREY, linewidth=1, linestyle="--", label=label,
                drawstyle="steps-mid")  # fmt: skip
    hit = (points["signal"] != "").to_numpy()
    if hit.any():
        ax.scatter(at[hit], points["value"].to_numpy()[hit], s=60, color=RED, zorder=4,
                   label="signal, with its rule")  # fmt: skip
        for x, y, rule in zip(at[hit], points["value"][hit], points["signal"][hit], strict=True):
            ax.annotate(rule, (x, y), xytext=(0, 7), textcoords="offset points", fontsize=8,
                        ha="center", color=RED)  # fmt: skip
    if plain:
        ax.set_xticks(at, [str(name) for name in points.index], rotation=90, fontsize=7)
    kind = str(getattr(chart, "kind", ""))
    ax.set_title(f"{kind} chart")
    ax.set_ylabel("value" if kind == "XmR" else "count per unit of exposure")
    ax.set_xlabel(str(points.index.name or "point"))
    ax.margins(y=0.12)
    ax.legend(loc="upper left", fontsize=8, ncols=3, framealpha=0.8)
    ax.set_ylim(ax.get_ylim()[0], ax.get_ylim()[1] + 0.12 * np.ptp(ax.get_ylim()))
    ax.spines[["top", "right"]].set_visible(False)
    note(ax, chart.text.splitlines()[0])
    return ax


def plot_funnel(chart: Result, *, ax: Axes | None = None) -> Axes:
    """Draw a funnel: each area's ratio against what was expected of it, within its limits.

    Parameters
    ----------
    chart : FunnelChart
        As ``funnel_chart`` gives it.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when absent.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        For anything else.

    Examples
    --------
    >>> import hotspots as hs
    >>> hs.plot_funnel(hs.funnel_chart([30, 18, 52], [20, 20, 60])).get_xlabel()
    'expected incidents'
    """
    tables = getattr(chart, "tables", {})
    if not {"areas", "limits"} <= set(tables):
        raise InputError("plot_funnel", [
            f"it is of type {type(chart).__name__}; give what funnel_chart returns."
        ])  # fmt: skip
    areas, limits = tables["areas"], tables["limits"]
    ax = new_axes(ax, (8, 5))
    for low, high, style, label in (
        ("low95", "high95", "--", "95% limits"), ("low998", "high998", "-", "99.8% limits")
    ):  # fmt: skip
        ax.plot(limits["expected"], limits[low], color=GREY, linewidth=0.9, linestyle=style)
        ax.plot(limits["expected"], limits[high], color=GREY, linewidth=0.9, linestyle=style,
                label=label)  # fmt: skip
    ax.axhline(1, color="#333333", linewidth=0.8)
    out = (areas["verdict"] != "within the limits").to_numpy()
    ax.scatter(areas["expected"][~out], areas["ratio"][~out], s=28, color=BLUE, zorder=3,
               label="area")  # fmt: skip
    if out.any():
        ax.scatter(areas["expected"][out], areas["ratio"][out], s=45, color=RED, marker="D",
                   zorder=4, label="area outside limits")  # fmt: skip
    first = areas[out].sort_values("p_value", kind="stable").head(_NAMED)
    for name, row in first.iterrows():
        ax.annotate(str(name), (row["expected"], row["ratio"]), xytext=(5, 4), fontsize=8,
                    textcoords="offset points")  # fmt: skip
    ax.set_xlabel("expected incidents")
    ax.set_ylabel("recorded over expected")
    top = max(float(areas["ratio"].max()), float(np.median(limits["high998"]))) * 1.2
    ax.set_ylim(0, max(top, 1.5))
    ax.set_title("Areas against what was expected of them")
    ax.legend(loc="upper right", fontsize=8, framealpha=0.8)
    ax.spines[["top", "right"]].set_visible(False)
    lines = chart.text.splitlines()
    note(ax, f"{lines[0]} {lines[-2]}")
    return ax
