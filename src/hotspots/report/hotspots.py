"""The hotspots section: a map and a table that show one selection."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from .figures import picture
from .map import bokeh_map, has_bokeh
from .words import number, span

if TYPE_CHECKING:
    import geopandas as gpd

    from .stations import Stations

MOST = 400
"""Hotspots listed; the BI tables hold all."""

_HINT = (
    "Select a row to find it on the map, or a mark to find its row. Click the map to zoom with "
    "the wheel and to drag. Grey squares (250 m) show where five or more incidents lie; darker is "
    "more."
)


def hotspot_section(given: Stations) -> str:
    """Return sentence, map and table of every hotspots table given, or the LPTs alone.

    Parameters
    ----------
    given : Stations

    Returns
    -------
    str
    """
    rows, shapes = hotspot_rows(given)
    crs = shapes.crs if given.lpts is None else given.lpts.crs
    said = "".join(f"<p>{html.escape(_sentence(spots, n, len(given.hotspots)))}</p>"
                   for n, spots in enumerate(given.hotspots, 1))  # fmt: skip
    patrolled = [given.patrolled(plan) for plan in given.of("plan")[:1]]
    if len(given.hotspots) > 1 and patrolled and patrolled[0] is not None:
        said += f"<p>The patrol plan goes to the hotspots of set {patrolled[0] + 1}.</p>"
    if has_bokeh():
        incidents = None if given.incidents is None else given.incidents.to_crs(crs)
        item, views = bokeh_map(rows, shapes, given.lpts, incidents)
        drawn = (
            '<div id="map" class="map" role="group" aria-label="Map of the hotspots; the table '
            'holds the same facts"></div>'
            f'<p class="quiet hint">{_HINT if len(rows) else ""}</p>'
            f'<script type="application/json" id="map-item">{item}</script>'
            f'<script type="application/json" id="views">'
            f"{json.dumps(views).replace('<', chr(92) + 'u003c')}</script>"
            '<noscript><p>The map needs JavaScript; the table holds the same facts.</p></noscript>'
        )  # fmt: skip
    else:
        drawn = _static(given) + (
            '<p class="quiet">A drawn map: the interactive one needs bokeh, '
            "<code>pip install &quot;hotspots[report]&quot;</code>.</p>"
        )
    if rows.empty:
        return said + drawn
    return (
        f'{said}<div class="bar">{_pickers(rows, given)}</div><div class="pair"><div>{drawn}</div>'
        f'<div>{_table(rows)}</div></div><p class="quiet" id="said" role="status"></p>'
    )


def hotspot_rows(given: Stations) -> tuple[pd.DataFrame, gpd.GeoSeries]:
    """Return one row of plain words per hotspot to show, and the outlines in the same order."""
    import geopandas as gpd

    crs = given.lpts.crs if given.lpts is not None else None
    plan = given.of("plan")
    visits = plan[0].tables["visits"] if plan else None
    counted = None if visits is None else visits.groupby("hotspot").size()
    why = _why(plan[0].tables) if plan else {}
    patrolled = given.patrolled(plan[0]) if plan else None
    parts, shapes = [], []
    for n, spots in enumerate(given.hotspots, 1):
        crs = crs or spots.crs
        ordered = spots.sort_values("rank", kind="stable").head(MOST)
        ids = ordered.index.astype(str)
        names = ordered["name"] if "name" in ordered.columns else pd.Series(None, ordered.index)
        harm = ordered["harm"] if "harm" in ordered.columns else pd.Series(None, ordered.index)
        if (harm == ordered["incidents"]).all():  # a day each says nothing the count does not
            harm = pd.Series(None, ordered.index)
        parts.append(pd.DataFrame({
            "set": n, "id": ids, "rank": [number(r) for r in ordered["rank"]],
            "name": names.astype(object).where(names.notna(), ids).astype(str).to_numpy(),
            "lpt": ordered["lpt"].astype(str).to_numpy(),
            "incidents": [number(v) for v in ordered["incidents"]],
            "harm": [number(v if pd.isna(v) else round(v)) for v in harm],
            "class": _text_of(ordered, "class_"),
            "chance": [_chance(p) for p in _values(ordered, "p_value")],
            "stability": ["" if pd.isna(v) else f"{v:.0%}" for v in _values(ordered, "stability")],
            "visits": [""] * len(ids) if counted is None or n - 1 != patrolled else
                      [number(counted.get(i, 0)) for i in ordered.index],
            "reason": [why.get(i, "") if n - 1 == patrolled else "" for i in ids],
        }))  # fmt: skip
        shapes.append(ordered.geometry.to_crs(crs))
    columns = ["set", "id", "rank", "name", "lpt", "incidents", "harm", "class", "chance",
               "stability", "visits", "reason"]  # fmt: skip
    rows = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    every = pd.concat(shapes, ignore_index=True) if shapes else gpd.GeoSeries([], crs=crs)
    return rows, gpd.GeoSeries(every, crs=crs)


def _values(spots: pd.DataFrame, column: str) -> pd.Series:
    """Return an optional column, empty where the method gave none."""
    return spots[column] if column in spots.columns else pd.Series(float("nan"), spots.index)


def _text_of(spots: pd.DataFrame, column: str) -> list[str]:
    said = _values(spots, column).astype(object)
    return said.where(said.notna(), "").astype(str).to_list()


def _chance(p: float) -> str:
    if pd.isna(p):
        return ""
    return "under .001" if p < 0.001 else f"{p:.3f}".removeprefix("0")


def _why(tables: dict[str, pd.DataFrame]) -> dict[str, str]:
    """Return the line an officer reads per hotspot, or why it gets no visit."""
    why: dict[str, str] = {}
    coverage = tables["coverage"]
    if "why_none" in coverage.columns:
        none = coverage["why_none"].dropna().astype(str)
        why = {str(key): f"No visit: {said}." for key, said in none[none != ""].items()}
    for key, said in tables["visits"].groupby("hotspot", observed=True)["reason"]:
        lines = [str(line).rstrip(".").split("; ") for line in said]
        shared = [words for words in lines[0] if all(words in line for line in lines)]
        why[str(key)] = "; ".join(shared or lines[0]) + "."
    return why


def _sentence(spots: gpd.GeoDataFrame, n: int, of: int) -> str:
    label = f"Set {n}: " if of > 1 else ""
    methods = ", ".join(sorted(set(spots["method"].astype(str)))) or "no method"
    if spots.empty:
        return f"{label}no hotspot was found."
    top = spots.sort_values("rank", kind="stable").iloc[0]
    name = top.get("name")
    called = name if isinstance(name, str) and name else str(top.name)
    return (
        f"{label}{len(spots):,} hotspots in {spots['lpt'].nunique():,} Local Policing Teams hold "
        f"{number(spots['incidents'].sum())} incidents "
        f"({span(spots['period_start'].min(), spots['period_end'].max())}) on "
        f"{spots['area_km2'].sum():.2f} km². The hottest is {called} ({top['lpt']}), "
        f"{number(top['incidents'])} incidents. Found by {methods}."
    )


def _pickers(rows: pd.DataFrame, given: Stations) -> str:
    def options(pairs: list[tuple[str, str]]) -> str:
        return "".join(f'<option value="{html.escape(v)}">{html.escape(s)}</option>'
                       for v, s in pairs)  # fmt: skip

    teams = [("", "All teams"), *((t, t) for t in sorted(set(rows["lpt"])))]
    found = (
        '<div><label for="by-lpt">Local Policing Team</label>'
        f'<select id="by-lpt" data-by="lpt">{options(teams)}</select></div>'
    )
    if len(given.hotspots) > 1:
        sets = [(str(n), f"{n}: {spots['method'].iloc[0] if len(spots) else 'none found'}")
                for n, spots in enumerate(given.hotspots, 1)]  # fmt: skip
        found += (
            '<div><label for="by-set">Set of hotspots</label>'
            f'<select id="by-set" data-by="set">{options([*sets, ("", "All sets")])}</select></div>'
        )
    return found


_COLUMNS = {
    "lpt": ("LPT", "wide"), "incidents": ("Incidents", "n"), "harm": ("Harm (days)", "n wide"),
    "class": ("Class", "wide"), "chance": ("Chance (p)", "n wide"),
    "stability": ("Stability", "n wide"), "visits": ("Visits", "n"),
}  # fmt: skip


def _table(rows: pd.DataFrame) -> str:
    columns = {c: v for c, v in _COLUMNS.items() if rows[c].ne("").any()}
    heads = "".join(f'<th scope="col" class="{kind}">{name}</th>'
                    for name, kind in columns.values())  # fmt: skip
    body = "".join(_row(row, columns) for row in rows.to_dict("records"))
    note = f"<caption>The first {MOST} of each set; the BI tables hold all.</caption>"
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="Hotspots"><table class="spots">'
        f"{note if len(rows) >= MOST else ''}<thead><tr>"
        f'<th scope="col">Rank</th><th scope="col">Place</th>{heads}</tr></thead>'
        f"{body}</table></div>"
    )


def _row(row: Mapping[Any, Any], columns: dict[str, tuple[str, str]]) -> str:
    e = html.escape
    say = f"Rank {row['rank']}: {row['name']}, {row['lpt']}, {row['incidents']} incidents."
    why = (
        f'<tr><td></td><td class="why" colspan="{len(columns) + 1}">{e(row["reason"])}</td></tr>'
        if row["reason"] else ""
    )  # fmt: skip
    lpt = f'<span class="why narrow">{e(row["lpt"])}</span>'
    cells = "".join(f'<td class="{kind}">{e(row[c])}</td>' for c, (_, kind) in columns.items())
    return (
        f'<tbody class="spot set{row["set"]}" data-lpt="{e(row["lpt"])}" data-set="{row["set"]}" '
        f'data-say="{e(say)}"><tr><td><button type="button" class="rank" aria-pressed="false" '
        f'aria-label="Show rank {e(row["rank"])} on the map">{e(row["rank"])}</button></td>'
        f"<td><strong>{e(row['name'])}</strong>{lpt}</td>{cells}</tr>{why}</tbody>"
    )


def _static(given: Stations) -> str:
    from matplotlib.figure import Figure

    from ..plot import plot_hotspots

    axes = Figure(figsize=(7, 7.4)).add_subplot()
    if given.hotspots:
        plot_hotspots(given.hotspots[0], lpts=given.lpts, ax=axes)
    elif given.lpts is not None:
        given.lpts.boundary.plot(ax=axes, color="#3c4757", linewidth=0.8)
        axes.set_axis_off()
    return picture(axes.figure, "Map of the hotspots on the Local Policing Teams; the table "
                   "holds the same facts.")  # fmt: skip
