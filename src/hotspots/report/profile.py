"""Profiles of Local Policing Teams as a page: on a screen, and on paper one sheet each."""

from __future__ import annotations

import html
import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .. import __version__
from ..atomic import atomic_file
from ..contracts import InputError, Result
from .figures import picture
from .shell import page_of
from .words import day, paragraphs

if TYPE_CHECKING:
    from collections.abc import Sequence

NEEDED = ("pages", "levels", "months", "spots", "quality")
"""Tables a profile must hold."""

MOST = {"levels": 18, "spots": 6}
"""Rows of each list on a sheet, so that it fits on one page; the rest are counted."""

ALL = "All categories"

_TITLES = {"levels": "How much", "change": "Against the year before", "harm": "Harm",
           "seasons": "Seasons", "hotspots": "Hotspots", "week": "When in the week",
           "quality": "How good the records are"}  # fmt: skip


def write_profile(
    folder: str | os.PathLike[str],
    profile: Result,
    *,
    title: str = "Local Policing Team profiles",
    about: str = "",
) -> Path:
    """Write profiles as one self-contained HTML page that prints one A4 sheet per LPT.

    Parameters
    ----------
    folder : path
        Folder for ``profile.html`` (a public profile: ``public-profile.html``); made when
        missing, other files in it are left alone.
    profile : Profile
        What :func:`lpt_profile` returned.
    title : str
        Heading of the page.
    about : str
        A line under the heading, as who made it and whom to ask.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    InputError
        When it is no profile, or the title is no text.

    Notes
    -----
    The page needs no network and no other file, and runs no script. A public profile holds only
    published figures: it says so, and carries no hotspots, harm or hours.

    Examples
    --------
    >>> import tempfile
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=14)
    >>> profile = hs.lpt_profile(county.incidents, county.lpts.index[0], lpts=county.lpts)
    >>> page = hs.write_profile(tempfile.mkdtemp(), profile, title="A year in Ashenmere")
    >>> "<h1>A year in Ashenmere</h1>" in page.read_text(encoding="utf-8")
    True
    """
    faults = []
    tables = profile.tables if isinstance(profile, Result) else {}
    if missing := [name for name in NEEDED if name not in tables]:
        faults.append(
            f"it is of type {type(profile).__name__} and has no table {', '.join(missing)}; give "
            "what lpt_profile(...) returned."
        )
    for name, value in (("title", title), ("about", about)):
        if not isinstance(value, str):
            faults.append(f"{name} is {value!r}; it must be text.")
    if faults:
        raise InputError("write_profile", faults)
    public = bool(getattr(profile, "public", False))
    place = Path(folder) / ("public-profile.html" if public else "profile.html")
    with atomic_file(place) as partial:
        partial.write_text(_page(profile, title, about, public), encoding="utf-8", newline="\n")
    return place


_CSS = """
.sheet h2{border-bottom:2px solid var(--brand);padding-bottom:.3rem}
.sheet h3{margin:.9rem 0 .2rem}.sheet p{max-width:none}.sheet figure{border:0;padding:0}
.two{display:grid;grid-template-columns:minmax(0,1.25fr) minmax(0,1fr);gap:1.4rem;align-items:start}
.sheet thead th{position:static}.sheet tbody th{font-weight:400}
.sheet td,.sheet thead th{white-space:nowrap}.sheet tr.all>*{font-weight:650}
.rise{color:var(--accent);font-weight:650}.fall{color:#1f5fa8;font-weight:650}
.sheet td.quiet{font-size:.8rem}.left{overflow:auto}
.foot{border-top:1px solid var(--line);margin-top:.8rem;padding-top:.4rem}
.foot p{font-size:.85rem;color:var(--soft);margin:.25rem 0}
@media (max-width:900px){.two{grid-template-columns:minmax(0,1fr)}}
@page{size:A4;margin:11mm 12mm}
@media print{header,nav,footer{display:none}main{padding:0}body{font-size:8.5pt;line-height:1.3}
.sheet{break-before:page;break-inside:avoid;margin:0}.sheet:first-of-type{break-before:auto}
.two{grid-template-columns:minmax(0,1.35fr) minmax(0,1fr);gap:4mm}.sheet h2{font-size:14pt}
.sheet h3{font-size:9.5pt;margin:2mm 0 .5mm}.sheet table{font-size:7.5pt}
.sheet th,.sheet td{padding:1pt 2.5pt}.sheet .quiet,.sheet td.quiet{font-size:7pt}
.foot p{font-size:7.5pt}.sheet caption{font-size:7.5pt}.sheet figure img{max-height:44mm}
.sheet p{margin:.6mm 0}}
"""


def _page(profile: Any, title: str, about: str, public: bool) -> str:
    names = list(dict.fromkeys(profile.tables["pages"]["lpt"]))
    links = "".join(
        f'<li><a href="#sheet-{n}">{html.escape(str(name))}</a></li>'
        for n, name in enumerate(names, 1)
    )
    body = "".join(_sheet(profile, name, n, public) for n, name in enumerate(names, 1))
    made = f"Made on {day(datetime.now())} with hotspots {__version__}."
    rests = f"<p>{html.escape(about)}</p>\n" if about else ""
    foot = (
        "Published figures only: small counts are suppressed, with others without which they could "
        "be worked out, and the rest is rounded."
        if public
        else "For use inside the force. For the public there is a version of its own: small counts "
        "on this page may point at people."
    )
    return page_of(
        body, title=title, what="profiles", links=links, css=_CSS,
        under=f"{rests}<p>{made}</p>", foot=html.escape(foot),
    )  # fmt: skip


def _sheet(profile: Any, name: str, n: int, public: bool) -> str:
    from matplotlib.figure import Figure

    from ..plot.profile import plot_profile

    e = html.escape
    tables = profile.tables
    told = tables["pages"][tables["pages"]["lpt"] == name].set_index("section")["sentence"]
    axes = Figure(figsize=(7.4, 2.1), layout="constrained").add_subplot()
    plot_profile(profile, name, ax=axes)
    axes.set_title("The latest twelve recorded months in blue", fontsize=8, loc="left")
    alt = f"Incidents by month in {name}; months not recorded are left open."
    drawn = picture(axes.figure, alt, crop=False)
    said = "".join(
        f"<h3>{_TITLES[section]}</h3>{paragraphs(_bare(str(told[section])))}"
        for section in ("levels", "change", "harm", "seasons", "week")
        if section in told.index
    )
    levels = _levels(tables["levels"][tables["levels"]["lpt"] == name], public)
    spots = _spots(tables["spots"][tables["spots"]["lpt"] == name], told)
    foot = paragraphs(str(told["quality"]))
    own = tables["months"][tables["months"]["lpt"] == name]
    figures = _figures(own) if public else ""
    whose = "published figures" if public else "for use inside the force"
    return (
        f'<section class="sheet" id="sheet-{n}" aria-labelledby="sheet-{n}-title">'
        f'<h2 id="sheet-{n}-title">{e(str(name))}</h2>{drawn}'
        f'<div class="two"><div class="left">{levels}</div><div>{said}</div></div>{spots}{figures}'
        f'<div class="foot">{foot}<p>{e(whose[0].upper() + whose[1:])}.</p></div></section>'
    )


def _bare(sentence: str) -> str:
    """Return a sentence without the word that its heading says already."""
    first, _, rest = sentence.partition(": ")
    if first in ("Harm", "Seasons", "Hours of the week") and rest:
        return rest[0].upper() + rest[1:]
    return sentence


def _figures(months: pd.DataFrame) -> str:
    """Return the published figures of the latest twelve recorded months by category."""
    recorded = months[months["status"].isin(["present", "suppressed"])]
    last = sorted(recorded["period_start"].unique())[-12:]
    shown = recorded[recorded["period_start"].isin(last)]
    names = sorted(shown["category"].unique(), key=lambda name: (name != ALL, name))
    heads = "".join(f'<th scope="col" class="n">{pd.Timestamp(m):%b %y}</th>' for m in last)
    cell = {(r.category, r.period_start): "c" if r.status == "suppressed" else f"{r.incidents:,.0f}"
            for r in shown.itertuples()}  # fmt: skip
    body = "".join(
        f'<tr{" class=all" if name == ALL else ""}><th scope="row">{html.escape(name)}</th>'
        + "".join(f'<td class="n">{cell.get((name, m), "")}</td>' for m in last) + "</tr>"
        for name in names[: MOST["levels"]]
    )  # fmt: skip
    left = len(names) - MOST["levels"]
    more = f" And {left} more in the table months." if left > 0 else ""
    return (
        '<h3>By month</h3><div class="left"><table><caption>Rounded; c is not given: a small '
        f"count, or one without which a small count could be worked out.{more}</caption><thead><tr>"
        f'<th scope="col">Type</th>{heads}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _levels(levels: pd.DataFrame, public: bool) -> str:
    """Return the table of types: all together first, then those with most incidents."""
    whole = (levels["category"] == ALL).to_numpy(dtype=bool)
    low = "incidents_low" if public else "incidents"
    order = np.lexsort((levels["category"].to_numpy(object), -levels[low].to_numpy(), ~whole))
    rows = levels.iloc[order[: MOST["levels"]]].to_dict("records")
    words = {"rise": "up", "fall": "down", "no clear change": "", "too few to say": "too few",
             "suppressed": "suppressed"}  # fmt: skip
    body = "".join(
        f'<tr{" class=all" if row["category"] == ALL else ""}><th scope="row">'
        f'{html.escape(str(row["category"]))}</th><td class="n">{_count(row, public)}</td>'
        f'<td class="n">{_signed(row["change"])}</td><td class="n">{_interval(row)}</td>'
        f'<td class="{row["class_"] if row["class_"] in ("rise", "fall") else "quiet"}">'
        f"{words.get(str(row['class_']), '')}</td></tr>"
        for row in rows
    )  # fmt: skip
    left = len(levels) - len(rows)
    more = f" And {left} more in the table levels." if left > 0 else ""
    compared = int(levels["compared"].max()) if len(levels) else 0
    months = "1 month" if compared == 1 else f"{compared} months"
    note = (
        f"Change a day over the {months} recorded in both years, with its 95% interval; up and "
        "down hold allowing for the number of comparisons."
        if compared
        else "No month was recorded a year before: no change can be told."
    )
    return (
        f'<table><caption>{note}{more}</caption><thead><tr><th scope="col">Type</th>'
        '<th scope="col" class="n">Incidents</th><th scope="col" class="n">Change</th>'
        '<th scope="col" class="n">Interval</th><th scope="col"></th></tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )


def _count(row: dict[Any, Any], public: bool) -> str:
    if not public or np.isfinite(row["incidents"]):
        return f"{row['incidents']:,.0f}"
    return f"{row['incidents_low']:,.0f} or more"


def _signed(change: float) -> str:
    if not np.isfinite(change):
        return ""
    whole = round(100 * change)
    return f"{whole:+d}%" if whole else "0%"


def _interval(row: dict[Any, Any]) -> str:
    if not np.isfinite(row["change_low"]):
        return ""
    return f"{_signed(row['change_low'])} to {_signed(row['change_high'])}"


def _spots(spots: pd.DataFrame, told: Sequence[str] | pd.Series) -> str:
    """Return the hotspots of the LPT as a table, or the sentence that there are none."""
    if "hotspots" not in getattr(told, "index", ()):
        return ""
    title = f"<h3>{_TITLES['hotspots']}</h3>"
    if not len(spots):
        return title + paragraphs(str(pd.Series(told)["hotspots"]))
    rows = spots.head(MOST["spots"]).to_dict("records")
    body = "".join(
        f'<tr><td class="n">{row["rank"]:.0f}</td><td>{html.escape(_text(row["name"], row))}</td>'
        f'<td>{html.escape(_text(row["class_"]))}</td>'
        f'<td class="n">{row["incidents"]:,.0f}</td></tr>'
        for row in rows
    )  # fmt: skip
    left = len(spots) - len(rows)
    more = f'<p class="quiet">and {left} more</p>' if left > 0 else ""
    return (
        f'{title}<table><thead><tr><th scope="col" class="n">Rank in the force</th>'
        '<th scope="col">Place</th><th scope="col">Class</th><th scope="col" class="n">Incidents'
        f"</th></tr></thead><tbody>{body}</tbody></table>{more}"
    )


def _text(value: Any, row: dict[Any, Any] | None = None) -> str:
    if isinstance(value, str) and value:
        return value
    return str(row["hotspot"]) if row is not None else ""
