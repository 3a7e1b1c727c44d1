"""Pictures of each station's tables: heat, hotspots, trends and patrol plans, as matplotlib Axes.

Each function draws on the axes given, or on a new figure, and returns the axes; none shows or
saves. Colours are Okabe and Ito's, which colour-blind readers can tell apart; what matters is
said in words or by shape as well.
"""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .contracts import HOTSPOTS, VISITS, InputError, Result, check_table

if TYPE_CHECKING:
    import geopandas as gpd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from .places import Grid

_BLUE, _RED, _GREY, _PALE = "#0072B2", "#D55E00", "#767676", "#E3E3E3"
_SHIFTS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999")
_SEASONAL = ("clear season", "possible season")
_RUNS = 4  # most runs of ranks on one label
_PANELS = 24  # most small multiples on one figure


def plot_heat(
    heat: pd.Series, grid: Grid, *, lpts: gpd.GeoDataFrame | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the heat of every cell as a map.

    Parameters
    ----------
    heat : Series of float
        Indexed by cell, as a detector's ``predict(grid)`` gives it. Higher is hotter.
    grid : Grid
        The grid it was predicted on, of square or hexagonal cells.
    lpts : GeoDataFrame, optional
        LPTs to outline and name.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when absent.

    Returns
    -------
    matplotlib.axes.Axes
        Eastings and northings in kilometres. Cells without heat stay blank. The colours follow
        the square root of the heat, or the hottest few cells would leave all others one shade.

    Raises
    ------
    InputError
        If the heat does not fit the grid.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=2)
    >>> grid = hs.Grid.over(county.lpts, size=500)
    >>> ax = hs.plot_heat(grid.counts(county.incidents).rename("heat"), grid, lpts=county.lpts)
    >>> ax.get_xlabel()
    'easting (km)'
    """
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import PowerNorm

    if not isinstance(heat, pd.Series):
        raise InputError("heat", [f"it is of type {type(heat).__name__}; give a Series by cell."])
    ax = _axes(ax, (8, 8))
    west, south, east, north = grid.extent
    hottest = float(heat.max()) if heat.notna().any() else 0.0
    norm = PowerNorm(0.5, vmin=0, vmax=max(hottest, np.finfo(float).tiny))
    drawn: Any
    if grid.shape == "square":
        raster = grid.raster(heat)
        drawn = ax.imshow(
            np.where(raster > 0, raster, np.nan), extent=(west, east, south, north), norm=norm,
            origin="lower", cmap="YlOrRd", interpolation="nearest", zorder=1,
        )  # fmt: skip
    else:
        warm = heat[heat > 0]
        hexagons = [ring[:-1] for ring in _rings(grid.polygons(warm.index))]
        drawn = PolyCollection(hexagons, array=warm.to_numpy(), norm=norm, cmap="YlOrRd", zorder=1)
        ax.add_collection(drawn)
    bar = ax.figure.colorbar(drawn, ax=ax, shrink=0.6)
    bar.set_label("heat: higher is hotter (colours by its square root)")
    hot = heat.index[(heat > 0.1 * hottest).to_numpy()]
    _outlines(ax, lpts, grid.crs, grid.centres[np.searchsorted(grid.cells, hot.to_numpy())])
    _map(ax, (west, south, east, north))
    ax.set_title("Heat per cell")
    kind = "hexagons" if grid.shape == "hex" else "squares"
    _note(ax, f"{len(grid.cells):,} {kind} of {grid.size:g} m; blank: no heat.")
    return ax


def plot_hotspots(
    hotspots: gpd.GeoDataFrame, *, lpts: gpd.GeoDataFrame | None = None, ax: Axes | None = None
) -> Axes:
    """Draw hotspots as a map, each with its rank.

    Parameters
    ----------
    hotspots : GeoDataFrame
        The hotspots table of any detector, or of your own (see the contracts).
    lpts : GeoDataFrame, optional
        LPTs to outline and name.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure when absent.

    Returns
    -------
    matplotlib.axes.Axes
        Eastings and northings in kilometres, framed on the hotspots. A hotspot is too small to
        see on a county map, so each has a ring around its true outline, and its rank beside it;
        hotspots too close to tell apart share one label with all their ranks.

    Raises
    ------
    InputError
        If the table breaks its contract.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=12, scale=0.2)
    >>> grid = hs.Grid.over(county.lpts, size=200)
    >>> spots = hs.Counts(include_police=True).fit(county.incidents).hotspots(grid, top_k=3)
    >>> hs.plot_hotspots(spots, lpts=county.lpts).get_title()
    '3 hotspots'
    """
    from matplotlib.collections import PolyCollection

    check_table(hotspots, HOTSPOTS)
    ax = _axes(ax, (8, 8))
    centre = hotspots.geometry.representative_point()
    x, y = centre.x.to_numpy(), centre.y.to_numpy()
    _outlines(ax, lpts, hotspots.crs, np.column_stack([x, y]))
    framed = hotspots if len(hotspots) or lpts is None else lpts.to_crs(hotspots.crs)
    west, south, east, north = framed.total_bounds
    room = 1000 + 0.15 * max(east - west, north - south)
    _map(ax, (west - room, south - room, east + room, north + room))
    count = len(hotspots)
    ax.set_title(f"{count:,} hotspot{'' if count == 1 else 's'}" if count else "No hotspots")
    if not count:
        return ax
    ax.add_collection(PolyCollection(_rings(hotspots), color=_RED, zorder=3), autolim=False)
    ax.scatter(x, y, s=90, facecolors="none", edgecolors=_RED, linewidths=1.2, zorder=6)
    _name_ranks(ax, hotspots, x, y)
    start, end = hotspots["period_start"].min(), hotspots["period_end"].max()
    methods = ", ".join(sorted(set(map(str, hotspots["method"]))))
    if end == end.normalize() and end > start:  # the end itself is outside
        end -= pd.Timedelta(days=1)
    _note(ax, f"Incidents {start.day} {start:%b %Y} to {end.day} {end:%b %Y}. Number: rank, 1 is "
              f"the hottest; \"1–3\": 1, 2 and 3.\n"
              f"Method: {methods}.")  # fmt: skip
    return ax


def plot_trends(
    trends: Result, group: Any = None, *, ax: Axes | None = None
) -> Axes | NDArray[np.object_]:
    """Draw recorded counts, what was not recorded, and trend and season where decomposed.

    Parameters
    ----------
    trends : Trends
        As ``seasonal_trends`` gives it.
    group : str or tuple, optional
        The group to draw, in the order of ``by``: ``"Longton"``, ``("Longton", "Burglary")``.
        When absent, every group in small multiples (the 24 largest where there are more).
    ax : matplotlib.axes.Axes, optional
        Where to draw one group; a new figure when absent.

    Returns
    -------
    matplotlib.axes.Axes or ndarray of Axes
        One group: its axes, with the seasonal factors per month at its right where decomposed.
        Several: one axes per group, each with its own count scale.

    Raises
    ------
    InputError
        If there is no such group, or ``ax`` is given for several groups.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=4)
    >>> trends = hs.seasonal_trends(county.incidents, by=())
    >>> hs.plot_trends(trends).get_ylabel()
    'incidents per month of 30.4375 days'
    """
    summary, by = _groups(trends)
    if group is None and len(summary) == 1:
        chosen = summary
    elif group is None:
        if ax is not None:
            raise InputError("plot_trends", [
                f"one axes cannot hold {len(summary):,} groups; give group=..., or leave out ax."
            ])  # fmt: skip
        return _panels(trends, summary, by)
    else:
        chosen = summary[_is(summary, by, group)]
        if len(chosen) == 0:
            some = ", ".join(_names(summary, by)[:6])
            raise InputError("plot_trends", [f"there is no group {group!r}; there are {some}."])
    row = chosen.iloc[0]
    series, seasons = trends.tables["series"], trends.tables["seasons"]
    rows = series[_is(series, by, tuple(row[by]))]
    ax, side = _with_side(ax, bool(rows["season"].notna().any()))
    _one_series(ax, rows, row)
    ax.set_title(_names(chosen, by)[0])
    ax.set_ylabel(f"incidents per {_standard(rows)}")
    ax.legend(loc="upper left", fontsize=8, ncols=4, framealpha=0.8)
    ax.set_ylim(0, ax.get_ylim()[1] * 1.12)  # room for the legend
    if side is not None:
        _factors(side, seasons[_is(seasons, by, tuple(row[by]))], row)
    last = rows.loc[rows["status"] == "present", "period_start"].max()
    period = f"{last:%B %Y}" if _standard(rows) != "week" else f"the week of {last:%d %B %Y}"
    _note(ax, f"{row['sentence']}\nRecorded to {period}; {_source(trends)}.")
    return ax


def plot_plan(
    plan: Result, *, day: str | pd.Timestamp | None = None, ax: Axes | None = None
) -> Axes:
    """Draw one duty day of a patrol plan: a row per unit, a bar per visit, by the clock.

    Parameters
    ----------
    plan : PatrolPlan
        Any result with a ``visits`` table (see the contracts).
    day : str or Timestamp, optional
        The date the shifts start on (of arrival, where visits have no ``date``); the plan's
        first when absent.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure, as tall as the units need, when absent.

    Returns
    -------
    matplotlib.axes.Axes
        Clock time against units, grouped by LPT. Colours tell the shifts; the thin grey line
        before a visit is the travel to it.

    Raises
    ------
    InputError
        If there are no visits table or none on that day.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=12, scale=0.2)
    >>> detector = hs.Counts(include_police=True).fit(county.incidents)
    >>> spots = detector.hotspots(hs.Grid.over(county.lpts), top_k=5)
    >>> plan = hs.plan_patrols(spots, lpts=county.lpts, shifts=county.shifts,
    ...                        units=county.units, start="2026-01-05", days=1)
    >>> hs.plot_plan(plan).get_title()
    'Patrol plan for Monday 5 January 2026'
    """
    visits, date = _visits_on(plan, day)
    units = visits[["lpt", "unit"]].drop_duplicates().sort_values(["lpt", "unit"])
    units = units.reset_index(drop=True)
    ax = _axes(ax, (11, max(3.0, 1.8 + 0.24 * len(units))))
    rows = {(u.lpt, u.unit): n for n, u in enumerate(units.itertuples())}
    y = np.array([rows[key] for key in zip(visits["lpt"], visits["unit"], strict=True)])
    hours = [(visits[c] - date) / pd.Timedelta("1h") for c in ("arrive", "depart")]
    arrive, depart = (h.to_numpy() for h in hours)
    travel = np.zeros(len(visits))
    if "travel_min" in visits.columns:
        travel = visits["travel_min"].fillna(0).to_numpy() / 60
    ax.hlines(y, arrive - travel, arrive, color=_GREY, linewidth=1.5, zorder=2)
    for shift, colour in zip(pd.unique(visits["shift"]), _SHIFTS * 9, strict=False):
        on = (visits["shift"] == shift).to_numpy()
        ax.barh(y[on], depart[on] - arrive[on], left=arrive[on], height=0.62, color=colour,
                label=str(shift), zorder=3)  # fmt: skip
    for number, (_, team) in enumerate(units.groupby("lpt")):
        if number % 2 == 0:
            ax.axhspan(team.index[0] - 0.5, team.index[-1] + 0.5, color="#F2F2F2", zorder=0)
    ax.set_yticks(units.index, [f"{u.lpt}: {u.unit}" for u in units.itertuples()], fontsize=8)
    ax.set_ylim(len(units) - 0.5, -0.5)
    first, last = np.floor((arrive - travel).min()), np.ceil(depart.max())
    step = 1 if last - first <= 14 else 2
    ticks = np.arange(first, last + 1, step)
    ax.set_xticks(ticks, [f"{int(t) % 24:02d}:00" for t in ticks])
    ax.set_xlim(first, last)
    ax.set_xlabel("time of day" + (" (past midnight: the next morning)" if last > 24 else ""))
    ax.set_ylabel("unit")
    ax.grid(axis="x", color=_PALE, zorder=1)
    ax.set_title(f"Patrol plan for {date:%A} {date.day} {date:%B %Y}")
    ax.legend(title="shift", loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=8)
    _note(ax, f"{len(visits):,} visits by {len(units):,} units to "
              f"{visits['hotspot'].nunique():,} hotspots; grey: travel.")  # fmt: skip
    return ax


def _visits_on(plan: Result, day: str | pd.Timestamp | None) -> tuple[pd.DataFrame, pd.Timestamp]:
    """Return the visits of one duty day, and its date."""
    visits = getattr(plan, "tables", {}).get("visits")
    if visits is None:
        raise InputError(
            "plot_plan",
            [
                f"it is of type {type(plan).__name__} without visits; give what plan_patrols "
                "returns."
            ],
        )
    check_table(visits, VISITS)
    if len(visits) == 0:
        raise InputError("plot_plan", ["the plan holds no visits; its text says why."])
    dates = pd.to_datetime(visits["date"] if "date" in visits.columns else visits["arrive"])
    dates = dates.dt.normalize()
    date = dates.min() if day is None else pd.Timestamp(day).normalize()
    if not (dates == date).any():
        raise InputError("plot_plan", [
            f"no visit on {date:%Y-%m-%d}; the plan runs from {dates.min():%Y-%m-%d} to "
            f"{dates.max():%Y-%m-%d}."
        ])  # fmt: skip
    return visits[dates == date], date


def _axes(ax: Axes | None, size: tuple[float, float]) -> Axes:
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=size, layout="constrained")[1]


def _note(ax: Axes, text: str) -> None:
    """Say the source below the axes, under the axis label, in lines as wide as the axes."""
    points = ax.get_window_extent().width * 72 / ax.figure.dpi
    lines = [part for line in text.splitlines() for part in wrap(line, max(40, int(points / 4.2)))]
    ax.annotate(
        "\n".join(lines), (0, 0), xycoords="axes fraction", xytext=(0, -38),
        textcoords="offset points", va="top", fontsize=8, color="#444444", annotation_clip=False,
    )  # fmt: skip


def _outlines(ax: Axes, lpts: gpd.GeoDataFrame | None, crs: Any, busy: Any) -> None:
    """Outline the LPTs, each named at a spot clear of its edge and of the ``busy`` points."""
    if lpts is None:
        return
    from matplotlib.collections import LineCollection

    # geopandas' own plot redraws the whole figure each time
    lpts = lpts.to_crs(crs)
    ax.add_collection(
        LineCollection(_rings(lpts), colors="#333333", linewidths=0.8, zorder=2), autolim=False
    )
    for name, area in lpts.geometry.iloc[np.argsort(lpts.area.to_numpy())].items():
        x, y = _clear_spot(area, busy)
        busy = np.vstack([busy, [[x, y]]])  # the next name stands clear of this one
        ax.annotate(
            str(name), (x, y), fontsize=8, ha="center", va="center", color="#555555", zorder=2,
            annotation_clip=True,
            bbox={"boxstyle": "round,pad=0.1", "fc": "white", "ec": "none", "alpha": 0.6},
        )  # fmt: skip


def _rings(areas: gpd.GeoDataFrame) -> list[NDArray[np.float64]]:
    """Return the outer ring of every polygon, each as an array of corners."""
    import shapely

    rings = shapely.get_exterior_ring(shapely.get_parts(areas.geometry.to_numpy()))
    return [shapely.get_coordinates(ring) for ring in rings]


def _clear_spot(area: Any, busy: Any) -> tuple[float, float]:
    """Find the point of a lattice over an area that leaves most room for a name."""
    import shapely

    wide = np.array([0.3, 1.0])  # a name is wider than tall: distances across count for less
    area = shapely.transform(area, lambda at: at * wide)
    west, south, east, north = area.bounds
    x, y = np.meshgrid(np.linspace(west, east, 20), np.linspace(south, north, 20))
    points = shapely.points(x.ravel(), y.ravel())
    points = points[shapely.contains_xy(area, x.ravel(), y.ravel())]
    if len(points) == 0:
        points = np.array([area.representative_point()])
    room = shapely.distance(points, area.boundary)
    if len(busy):
        room = np.minimum(room, shapely.distance(points, shapely.multipoints(busy * wide)))
    best = points[int(np.argmax(room))]
    return float(best.x / wide[0]), float(best.y)


def _name_ranks(ax: Axes, hotspots: gpd.GeoDataFrame, x: Any, y: Any) -> None:
    """Write each rank beside its hotspot; those too close to tell apart share one label."""
    import shapely

    reach = 0.022 * max(np.ptp(ax.get_xlim()), np.ptp(ax.get_ylim()))
    points = shapely.points(x, y)
    clumps = shapely.get_parts(shapely.union_all(shapely.buffer(points, reach / 2)))
    ranks = hotspots["rank"].to_numpy()
    middle = np.median([clump.centroid.x for clump in clumps])
    per_point = 72 / ax.figure.dpi * ax.get_window_extent().height / np.ptp(ax.get_ylim())
    boxes: list[tuple[float, float, float]] = []  # left, right and height of each label, in points
    for clump in sorted(clumps, key=lambda clump: clump.centroid.y):
        inside = np.flatnonzero(shapely.intersects(clump, points))
        inside = inside[np.argsort(ranks[inside])]
        west = clump.centroid.x < middle  # labels point outwards, away from the other hotspots
        edge = inside[np.argmin(x[inside]) if west else np.argmax(x[inside])]
        label = _ranges(ranks[inside])
        at, up = x[edge] * per_point, y[edge] * per_point
        left, right = (at - 7 - 6 * len(label), at) if west else (at, at + 7 + 6 * len(label))
        for other in boxes:  # from below: a label that would cover another moves above it
            if left < other[1] and right > other[0] and abs(up - other[2]) < 13:
                up = other[2] + 13
        boxes.append((left, right, up))
        ax.annotate(
            label, (x[edge], y[edge]), xytext=(-7 if west else 7, 2 + up - y[edge] * per_point),
            textcoords="offset points", zorder=5, fontsize=9,
            ha="right" if west else "left", fontweight="bold",
            arrowprops={"arrowstyle": "-", "lw": 0.6, "color": _GREY, "shrinkA": 0, "shrinkB": 4},
            bbox={"boxstyle": "round,pad=0.1", "fc": "white", "ec": "none", "alpha": 0.75},
        )  # fmt: skip


def _ranges(ranks: Any) -> str:
    """Write ranks briefly: "1–3, 5", and how many more where they are many."""
    ranks = np.asarray(ranks)
    runs = np.split(ranks, np.flatnonzero(np.diff(ranks) != 1) + 1)
    said = [
        f"{run[0]:g}–{run[-1]:g}" if len(run) > 2 else ", ".join(f"{rank:g}" for rank in run)
        for run in runs
    ]
    rest = sum(len(run) for run in runs[_RUNS:])
    return ", ".join(said[:_RUNS]) + (f" and {rest} more" if rest else "")


def _map(ax: Axes, bounds: tuple[float, ...]) -> None:
    """Frame a map: true proportions, axes in kilometres."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    west, south, east, north = bounds
    if np.isfinite(bounds).all():
        margin = 0.02 * max(east - west, north - south, 1000.0)
        ax.set_xlim(west - margin, east + margin)
        ax.set_ylim(south - margin, north + margin)
    ax.set_aspect("equal")
    for axis, name in ((ax.xaxis, "easting"), (ax.yaxis, "northing")):
        axis.set_major_locator(MaxNLocator(6))
        axis.set_major_formatter(FuncFormatter(lambda metres, _: f"{metres / 1000:g}"))
        axis.set_label_text(f"{name} (km)")


def _groups(trends: Result) -> tuple[pd.DataFrame, list[str]]:
    """Return the summary, and the columns that name a group."""
    tables = getattr(trends, "tables", {})
    if not {"series", "seasons", "summary"} <= set(tables):
        raise InputError("plot_trends", [
            f"it is of type {type(trends).__name__}; give what seasonal_trends returns."
        ])  # fmt: skip
    summary = tables["summary"]
    return summary, list(summary.columns[: list(summary.columns).index("first")])


def _is(frame: pd.DataFrame, by: list[str], group: Any) -> NDArray[np.bool_]:
    values = group if isinstance(group, tuple) else (group,)
    if len(values) != len(by):
        return np.zeros(len(frame), dtype=bool)
    same = np.ones(len(frame), dtype=bool)
    for column, value in zip(by, values, strict=True):
        same &= (frame[column] == value).to_numpy(dtype=bool)
    return same


def _names(summary: pd.DataFrame, by: list[str]) -> list[str]:
    if not by:
        return ["All incidents"] * len(summary)
    return [", ".join(map(str, row)) for row in summary[by].itertuples(index=False)]


def _standard(rows: pd.DataFrame) -> str:
    return "week" if (rows["days"] == 7).all() else "month of 30.4375 days"


def _source(trends: Result) -> str:
    """Name the sources of the counts."""
    names = sorted(set(trends.tables["periods"]["source"]) - {"all", "unknown"})
    if not names:
        return "source not named"
    return f"source: {', '.join(names[:3])}" + (" and others" if len(names) > 3 else "")


def _one_series(ax: Axes, rows: pd.DataFrame, row: pd.Series) -> None:
    """Draw a group's counts, gaps, trend and season on the axes."""
    start = rows["period_start"].to_numpy()
    half = (rows["days"] * 43200).to_numpy().astype("timedelta64[s]")
    middle = start + half
    present = (rows["status"] == "present").to_numpy()
    ax.plot(middle, rows["adjusted"].to_numpy(), color=_BLUE, linewidth=0.8, alpha=0.5, zorder=2)
    ax.scatter(middle[present], rows["adjusted"].to_numpy()[present], s=14, color=_BLUE, zorder=3,
               label="recorded")  # fmt: skip
    thin = (rows["status"] == "thin").to_numpy()
    if thin.any():
        count = rows["incidents"] / rows["days"] * (7 if _standard(rows) == "week" else 30.4375)
        ax.scatter(middle[thin], count.to_numpy()[thin], s=22, facecolors="none",
                   edgecolors=_BLUE, zorder=3, label="incomplete, left out")  # fmt: skip
    missing = np.flatnonzero((rows["status"] == "missing").to_numpy())
    for run in np.split(missing, np.flatnonzero(np.diff(missing) > 1) + 1):
        if len(run) == 0:
            continue
        left, right = start[run[0]], middle[run[-1]] + half[run[-1]]
        ax.axvspan(left, right, color=_PALE, hatch="///", ec="#CFCFCF", lw=0, zorder=0)
        ax.text(left + (right - left) / 2, 0.5, "not recorded", transform=ax.get_xaxis_transform(),
                ha="center", va="center", rotation=90, fontsize=8, color="#555555")  # fmt: skip
    if rows["trend"].notna().any():
        c = {"log": 0.5, "square root": 0.375}[row["scale"]]
        # with no season, or 52 factors from a few years, it would only follow the noise
        if row["verdict"] in _SEASONAL and _standard(rows) != "week":
            expected = (rows["trend"] + c) * rows["season"] - c
            ax.plot(middle, expected.to_numpy(), color=_GREY, linewidth=1, linestyle="--",
                    zorder=2, label="trend and season")  # fmt: skip
        ax.plot(middle, rows["trend"].to_numpy(), color=_RED, linewidth=2, zorder=4, label="trend")
    ax.set_ylim(0, max(1.0, 1.1 * np.nanmax([*rows["adjusted"], 0.0])))
    edge = np.timedelta64(10, "D")
    ax.set_xlim(start[0] - edge, middle[-1] + half[-1] + edge)
    ax.set_xlabel("middle of the month" if _standard(rows) != "week" else "middle of the week")
    ax.spines[["top", "right"]].set_visible(False)


def _with_side(ax: Axes | None, wanted: bool) -> tuple[Axes, Axes | None]:
    """Return axes for a series and, where wanted, axes for its seasonal factors at the right."""
    if ax is None and wanted:
        import matplotlib.pyplot as plt

        main, side = plt.subplots(1, 2, figsize=(11, 4.5), width_ratios=(3, 1),
                                  layout="constrained")[1]  # fmt: skip
        return main, side
    ax = _axes(ax, (10, 4.5))
    return ax, ax.inset_axes((1.09, 0.0, 0.33, 1.0)) if wanted else None


def _factors(side: Axes, rows: pd.DataFrame, row: pd.Series) -> None:
    """Draw the seasonal factors, grey unless the test supports a season."""
    colour = _RED if row["verdict"] in _SEASONAL else "#BBBBBB"
    side.bar(rows["month"], rows["factor"] - 1, bottom=1, color=colour)
    side.axhline(1, color="#333333", linewidth=0.8)
    side.set_xticks(range(1, 13), list("JFMAMJJASOND"), fontsize=8)
    side.set_ylabel("factor on the trend", fontsize=8)
    side.tick_params(axis="y", labelsize=8)
    side.set_title(f"month of year: {row['verdict']}", fontsize=9)
    reach = max(0.3, 1.15 * float(np.nanmax(np.abs(rows["factor"] - 1))))
    side.set_ylim(max(0.0, 1 - reach), 1 + reach)
    side.spines[["top", "right"]].set_visible(False)


def _panels(trends: Result, summary: pd.DataFrame, by: list[str]) -> NDArray[np.object_]:
    """Draw every group in small multiples, the largest where there are too many."""
    import matplotlib.pyplot as plt
    from matplotlib.dates import AutoDateLocator

    ticks: Any = AutoDateLocator
    largest = summary["incidents"].rank(method="first", ascending=False) <= _PANELS
    shown = summary[largest]
    columns = min(3, len(shown))
    lines = -(-len(shown) // columns)
    figure, grid = plt.subplots(lines, columns, figsize=(4.2 * columns, 1.0 + 2.3 * lines),
                                sharex=True, squeeze=False, layout="constrained")  # fmt: skip
    axes = grid.ravel()
    series = trends.tables["series"]
    for ax, (_, row), name in zip(axes, shown.iterrows(), _names(shown, by), strict=False):
        _one_series(ax, series[_is(series, by, tuple(row[by]))], row)
        ax.set_title(f"{name}\n{row['verdict']}", fontsize=9)
        ax.set_xlabel("")
        ax.tick_params(labelsize=8)
    for ax in axes[len(shown) :]:
        ax.remove()
    drawn = axes[: len(shown)]
    for ax in drawn:
        ax.xaxis.set_major_locator(ticks(minticks=3, maxticks=5))
    for ax in drawn[-columns:]:
        ax.tick_params(labelbottom=True)
    labels = [ax.get_legend_handles_labels() for ax in drawn]
    keys = {name: key for each in labels for key, name in zip(*each, strict=True)}
    drawn[0].legend(list(keys.values()), list(keys), loc="lower left", fontsize=7)
    period = "week" if _standard(series) == "week" else "month"
    some = f"the {len(shown)} largest of {len(summary)} series" if len(shown) < len(summary) else ""
    drawn[0].figure.suptitle(f"Incidents by {period}{': ' + some if some else ''}")
    figure.supylabel(f"incidents per {_standard(series)} (each its own scale)", fontsize=9)
    figure.supxlabel(f"{_source(trends)}; line below each name: is there a season?", fontsize=8)
    return np.asarray(drawn, dtype=object)
