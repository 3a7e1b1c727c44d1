"""The shell of every page: one HTML file that asks nothing of any network."""

from __future__ import annotations

import html
from importlib.resources import files

from .. import __version__

FOOT = """For use inside the force. Recommendations to be decided on by people:
nothing here tasks anybody by itself."""
"""Last line of what stays inside."""


def page_of(
    body: str, *, title: str, what: str, under: str, links: str, foot: str,
    css: str = "", scripts: str = "",
) -> str:  # fmt: skip
    """Return a whole page around its body.

    Parameters
    ----------
    body : str
        HTML of the sections.
    title : str
        Plain text; heading and title.
    what : str
        What the page is, as in "Skip to the report".
    under : str
        HTML under the heading.
    links : str
        HTML list items that lead to the sections.
    foot : str
        HTML of the last line.
    css : str
        Rules of this page's own, after those of all pages.
    scripts : str
        HTML of script elements at the end.

    Returns
    -------
    str
    """
    shared = (files(__package__) / "page.css").read_text(encoding="utf-8")
    # The browser itself then refuses any request: nothing on a page may come from elsewhere.
    script, more = (
        ("script-src 'unsafe-inline'; ", " blob:; font-src data:") if scripts else ("", "")
    )
    policy = (
        f"default-src 'none'; {script}style-src 'unsafe-inline'; img-src data:{more}; "
        "base-uri 'none'; form-action 'none'"
    )
    return f"""<!doctype html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="hotspots {__version__}">
<title>{html.escape(title)}</title>
<link rel="icon" href="data:,">
<style>{shared}{css}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the {what}</a>
<header><div class="wrap"><h1>{html.escape(title)}</h1>
{under}</div></header>
<nav aria-label="On this page"><div class="wrap"><ul>{links}</ul></div></nav>
<main id="main" class="wrap">{body}</main>
<footer class="wrap"><p>{foot}</p></footer>
{scripts}</body>
</html>
"""
