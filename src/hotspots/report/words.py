"""Numbers, dates and tables in words and HTML; everything that comes from data is escaped here."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from datetime import datetime

    import geopandas as gpd

    from .stations import Stations


def day(moment: datetime | pd.Timestamp) -> str:
    """Return a day as in ``3 Mar 2025``.

    Examples
    --------
    >>> day(pd.Timestamp("2025-03-03 14:05"))
    '3 Mar 2025'
    """
    return f"{moment.day} {moment:%b %Y}"


def span(start: pd.Timestamp, end: pd.Timestamp) -> str:
    """Return a period; an end at midnight belongs to the day before.

    Examples
    --------
    >>> span(pd.Timestamp("2024-01-01"), pd.Timestamp("2025-01-01"))
    '1 Jan 2024 to 31 Dec 2024'
    """
    if end > start and end == end.normalize():
        end = end - pd.Timedelta("1s")
    return f"{day(start)} to {day(end)}"


def period(given: Stations) -> str:
    """Return the period the page rests on, as a sentence, or nothing where none is known."""
    ends: list[tuple[pd.Timestamp, pd.Timestamp]] = []
    if given.incidents is not None and len(given.incidents):
        ends.append((given.incidents["occurred_from"].min(), given.incidents["occurred_to"].max()))
    ends += [(h["period_start"].min(), h["period_end"].max()) for h in given.hotspots if len(h)]
    if not ends:
        return ""
    gaps = sum(int((r.tables["months"]["status"] == "missing").sum())
               for r in given.of("ingest") if "months" in r.tables)  # fmt: skip
    missing = f", {gaps:,} {'month' if gaps == 1 else 'months'} missing" if gaps else ""
    return f"Incidents of {span(min(s for s, _ in ends), max(e for _, e in ends))}{missing}. "


def number(value: Any) -> str:
    """Return a number with thousands set off, whole where it is whole; nothing when missing.

    Examples
    --------
    >>> number(12345.0), number(0.0423), number(float("nan"))
    ('12,345', '0.0423', '')
    """
    if pd.isna(value):
        return ""
    if float(value).is_integer():
        return f"{int(value):,}"
    size = abs(float(value))
    return f"{value:,.0f}" if size >= 1000 else f"{value:,.1f}" if size >= 10 else f"{value:.3g}"


def shown(value: Any) -> str:
    """Return any cell as plain text, not yet escaped."""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, int | float | np.integer | np.floating):
        return number(value)
    if isinstance(value, pd.Timestamp):
        return day(value) if value == value.normalize() else f"{day(value)} {value:%H:%M}"
    return "" if value is None or value is pd.NaT or value is pd.NA else str(value)


def heading(column: str) -> str:
    """Return a column's name as people write it.

    Examples
    --------
    >>> heading("area_km2"), heading("officer_hours"), heading("lpt")
    ('Area (km²)', 'Officer hours', 'LPT')
    """
    words = column.removesuffix("_").replace("_", " ")
    for end, unit in ((" km2", " (km²)"), (" min", " (min)"), (" m", " (m)")):
        if words.endswith(end):
            words = words.removesuffix(end) + unit
    words = words[:1].upper() + words[1:]
    return {"Lpt": "LPT", "Lsoa": "LSOA", "P value": "p-value"}.get(words, words)


def plain(frame: pd.DataFrame | gpd.GeoDataFrame) -> pd.DataFrame:
    """Return a frame without geometry, its named index as columns."""
    shapes = [c for c in frame.columns if str(frame[c].dtype) == "geometry"]
    flat = pd.DataFrame(frame.drop(columns=shapes))
    if any(n is not None for n in flat.index.names):
        clash = [n for n in flat.index.names if n in flat.columns]
        flat = flat.drop(columns=clash).reset_index()
    return flat


def table(frame: pd.DataFrame, caption: str = "", most: int = 200) -> str:
    """Return a frame as an HTML table, with a note where rows are left out.

    Parameters
    ----------
    frame : DataFrame
    caption : str
    most : int
        Rows to show.

    Returns
    -------
    str
    """
    flat = plain(frame)
    flat = flat.loc[:, flat.notna().any() | (len(flat) == 0)]
    numeric = {c for c in flat.columns if pd.api.types.is_numeric_dtype(flat[c].dtype)
               and not pd.api.types.is_bool_dtype(flat[c].dtype)}  # fmt: skip
    mark = {c: ' class="n"' if c in numeric else "" for c in flat.columns}
    heads = "".join(
        f'<th scope="col"{mark[c]}>{html.escape(heading(str(c)))}</th>' for c in flat.columns
    )
    columns = [flat[c].head(most) for c in flat.columns]
    rows = "".join(
        "<tr>" + "".join(
            f"<td{mark[c]}>{html.escape(shown(v))}</td>"
            for c, v in zip(flat.columns, row, strict=True)
        ) + "</tr>"
        for row in zip(*columns, strict=True)
    )  # fmt: skip
    note = caption
    if len(flat) > most:
        note += f" The first {most:,} of {len(flat):,} rows; the BI tables hold all."
    said = f"<caption>{html.escape(note.strip())}</caption>" if note else ""
    return (
        f'<div class="scroll" tabindex="0"><table>{said}<thead><tr>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def folded(title: str, frame: pd.DataFrame, most: int = 200) -> str:
    """Return a frame as a table under a title that opens it."""
    said = f"{html.escape(title)}: {len(frame):,} row{'s' * (len(frame) != 1)}"
    return f"<details><summary>{said}</summary>{table(frame, most=most)}</details>"


def paragraphs(text: str) -> str:
    """Return plain text as HTML paragraphs, one a line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return "".join(f"<p>{html.escape(line)}</p>" for line in lines)
