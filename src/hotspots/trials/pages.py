"""Pages of headed text, lists, tables and blanks to fill in, as Markdown or HTML."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

_STYLE = """
body { font: 11pt/1.45 Georgia, "Times New Roman", serif; color: #111; max-width: 46em;
  margin: 2em auto; padding: 0 1em; }
h1 { font-size: 1.5em; } h2 { font-size: 1.15em; margin-top: 1.6em; break-after: avoid; }
table { border-collapse: collapse; font-size: .85em; margin: .6em 0 1.2em; min-width: 60%; }
caption { text-align: left; font-style: italic; padding-bottom: .3em; }
th, td { border-bottom: 1px solid #bbb; padding: .15em .6em .15em 0; text-align: left;
  vertical-align: top; }
li, p { overflow-wrap: anywhere; }
td.n, th.n { text-align: right; }
.blank { border: 1px solid #888; min-height: 3.2em; padding: .3em .5em; margin: .5em 0;
  break-inside: avoid; }
.blank span { color: #444; font-size: .85em; }
@page { size: A4; margin: 18mm; } @media print { body { margin: 0; max-width: none; } }
tr { break-inside: avoid; } thead { display: table-header-group; }
"""


@dataclass
class Page:
    """A page as a list of parts, each with its kind.

    Attributes
    ----------
    title : str
    parts : list of (kind, content)
    """

    title: str
    parts: list[tuple[str, Any]] = field(default_factory=list)

    def head(self, text: str) -> None:
        """Begin a section; sections are numbered."""
        number = 1 + sum(kind == "head" for kind, _ in self.parts)
        self.parts.append(("head", f"{number}. {text}"))

    def text(self, text: str) -> None:
        """Add a paragraph; each line of it is one."""
        self.parts += [("text", line) for line in text.splitlines() if line.strip()]

    def items(self, items: list[str]) -> None:
        """Add a list."""
        self.parts.append(("items", items))

    def table(self, frame: pd.DataFrame, caption: str) -> None:
        """Add a table, its index left out."""
        self.parts.append(("table", (frame, caption)))

    def blank(self, label: str) -> None:
        """Add a box for people to fill in."""
        self.parts.append(("blank", label))


def _cell(value: Any) -> str:
    if value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, float | np.floating):
        return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"
    return str(value)


def markdown_of(page: Page) -> str:
    r"""Write a page as Markdown.

    Parameters
    ----------
    page : Page

    Returns
    -------
    str

    Examples
    --------
    >>> page = Page("Trial")
    >>> page.head("Sites")
    >>> page.table(pd.DataFrame({"hotspot": ["H|1"], "share": [0.5]}), "All")
    >>> print(markdown_of(page))
    # Trial
    <BLANKLINE>
    ## 1. Sites
    <BLANKLINE>
    All:
    <BLANKLINE>
    | hotspot | share |
    | --- | --- |
    | H\|1 | 0.50 |
    <BLANKLINE>
    """
    lines = [f"# {page.title}", ""]
    for kind, what in page.parts:
        if kind == "head":
            lines += [f"## {what}", ""]
        elif kind == "text":
            lines += [what, ""]
        elif kind == "items":
            lines += [f"- {item}" for item in what] + [""]
        elif kind == "blank":
            lines += [f"**{what}:** ______________________________", ""]
        else:
            frame, caption = what
            rows = [list(map(str, frame.columns)), ["---"] * frame.shape[1]]
            rows += [[_cell(v) for v in row] for row in frame.itertuples(index=False, name=None)]
            safe = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
            lines += [f"{caption}:", "", *("| " + " | ".join(row) + " |" for row in safe), ""]
    return "\n".join(lines)


def html_of(page: Page) -> str:
    """Write a page as HTML that needs nothing else and prints on A4.

    Parameters
    ----------
    page : Page

    Returns
    -------
    str

    Examples
    --------
    >>> page = Page("Trial <1>")
    >>> "<h1>Trial &lt;1&gt;</h1>" in html_of(page)
    True
    """
    out = ["<!doctype html>", '<html lang="en-GB"><head><meta charset="utf-8">',
           '<meta name="viewport" content="width=device-width, initial-scale=1">',
           f"<title>{html.escape(page.title)}</title><style>{_STYLE}</style></head><body>",
           f"<h1>{html.escape(page.title)}</h1>"]  # fmt: skip
    for kind, what in page.parts:
        if kind == "head":
            out.append(f"<h2>{html.escape(what)}</h2>")
        elif kind == "text":
            out.append(f"<p>{html.escape(what)}</p>")
        elif kind == "items":
            out.append("<ul>" + "".join(f"<li>{html.escape(i)}</li>" for i in what) + "</ul>")
        elif kind == "blank":
            out.append(f'<div class="blank"><span>{html.escape(what)}:</span></div>')
        else:
            out.append(_html_table(*what))
    return "\n".join([*out, "</body></html>", ""])


def _html_table(frame: pd.DataFrame, caption: str) -> str:
    number = [pd.api.types.is_numeric_dtype(dtype) for dtype in frame.dtypes]
    kinds = [' class="n"' if one else "" for one in number]
    head = "".join(f"<th{kind}>{html.escape(str(name))}</th>"
                   for kind, name in zip(kinds, frame.columns, strict=True))  # fmt: skip
    rows = "".join(
        "<tr>" + "".join(f"<td{kind}>{html.escape(_cell(v))}</td>"
                         for kind, v in zip(kinds, row, strict=True)) + "</tr>"
        for row in frame.itertuples(index=False, name=None)
    )  # fmt: skip
    return (f"<table><caption>{html.escape(caption)}</caption><thead><tr>{head}</tr></thead>"
            f"<tbody>{rows}</tbody></table>")  # fmt: skip
