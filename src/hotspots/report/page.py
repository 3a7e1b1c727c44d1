"""The report: one HTML page that works without a network, on a screen and on paper."""

from __future__ import annotations

import html
import os
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import __version__
from ..atomic import atomic_file
from .map import bokeh_script, has_bokeh
from .sections import Section, sections
from .shell import FOOT, page_of
from .stations import Stations, gather
from .words import day, period

if TYPE_CHECKING:
    import geopandas as gpd


def write_report(
    folder: str | os.PathLike[str],
    *stations: Any,
    lpts: gpd.GeoDataFrame | None = None,
    title: str = "Hotspots, trends and patrol plan",
    about: str = "",
) -> Path:
    """Write one self-contained HTML page on everything given.

    The page makes no request to anywhere and needs no other file: it can be mailed, kept on a
    stick or opened on a machine without a network. Its sections follow the order a commander
    reads in, and appear only for what was given: the headline, the map beside the hotspots
    table, trends per LPT, the patrol plan, data quality, methods and limits.

    Parameters
    ----------
    folder : path
        Folder for ``index.html``; made when missing. An earlier page stays until the new one is
        complete, and other files in the folder are left alone.
    *stations : Result or GeoDataFrame
        What ``read_incidents``, ``seasonal_trends`` and ``plan_patrols`` returned, hotspots
        tables, and any other result, which is shown by its text and the head of its tables.
    lpts : GeoDataFrame, optional
        LPTs for the map.
    title : str
        Heading of the page.
    about : str
        What the hotspots rest on, as the categories chosen: no table tells. It stands under the
        heading.

    Returns
    -------
    Path
        The page, ``folder/index.html``.

    Raises
    ------
    InputError
        When an argument is none of these, naming each that is not.

    Notes
    -----
    The interactive map needs bokeh (the ``report`` extra). Without it the page holds a drawn map
    and says so. At most 2,000 planned visits and 400 hotspots are listed; the tables of
    :func:`export_bi` hold all.

    Examples
    --------
    >>> import tempfile
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=2)
    >>> page = write_report(tempfile.mkdtemp(), county, lpts=county.lpts, title="Example")
    >>> "<h1>Example</h1>" in page.read_text(encoding="utf-8")
    True
    """
    given = gather(stations, lpts, what="write_report")
    page = Path(folder) / "index.html"
    found = sections(given)
    with atomic_file(page) as partial:
        partial.write_text(_page(found, given, title, about), encoding="utf-8", newline="\n")
    return page


def _page(found: list[Section], given: Stations, title: str, about: str) -> str:
    here = files(__package__)
    script = (here / "page.js").read_text(encoding="utf-8")
    bokeh = any("map-item" in section.body for section in found) and has_bokeh()
    library = f"<script>{bokeh_script()}</script>" if bokeh else ""
    links = "".join(f'<li><a href="#{s.anchor}">{html.escape(s.title)}</a></li>' for s in found)
    body = "".join(
        f'<section id="{s.anchor}" aria-labelledby="{s.anchor}-title">'
        f'<h2 id="{s.anchor}-title">{html.escape(s.title)}</h2>{s.body}</section>'
        for s in found
    )
    rests = f"<p>{html.escape(about)}</p>\n" if about else ""
    made = f"Made on {day(datetime.now())} with hotspots {__version__}."
    return page_of(
        body, title=title, what="report", links=links, foot=FOOT,
        under=f"{rests}<p>{html.escape(period(given))}{made}</p>",
        scripts=f"{library}\n<script>{script}</script>\n",
    )  # fmt: skip
