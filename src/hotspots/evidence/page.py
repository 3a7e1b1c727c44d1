"""The write-up as a page to read, print and fill in."""

from __future__ import annotations

import html
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..atomic import atomic_file
from ..contracts import InputError
from ._words import few
from .writeup import NOTE, WriteUp

_STYLE = """
body{font:16px/1.5 system-ui,"Segoe UI",Arial,sans-serif;color:#1a2330;max-width:50rem;
margin:2rem auto;padding:0 1.25rem}
h1{font-size:1.7rem;line-height:1.2}h2{font-size:1.25rem;color:#12355b;margin-top:2rem;
border-bottom:1px solid #d5dae2}h3{font-size:1rem;margin:1.1rem 0 .3rem}p{margin:.4rem 0}
.people{border-left:4px solid #12355b;padding-left:.7rem}
.blank{border:1px dashed #8792a2;padding:.5rem .7rem 3.5rem;color:#4a5666}
.note{color:#4a5666;font-size:.88rem;margin-top:2rem}
table{border-collapse:collapse;width:100%;font-size:.9rem}td,th{text-align:left;padding:.3rem .5rem;
border-bottom:1px solid #d5dae2;vertical-align:top}.n{text-align:right}
@media print{body{margin:0;max-width:none}h3{break-after:avoid}.blank{break-inside:avoid}}
"""
_COLUMNS = {"outcome": "outcome", "part": "where", "treated_before": "treated before",
            "treated_after": "treated after", "control_before": "comparison before",
            "control_after": "comparison after", "estimate": "result", "low": "from",
            "high": "to"}  # fmt: skip
_RESULT = ("Result: incidents over those expected, so that 1 is no difference (with nothing to "
           "compare: a day after over before), from one end of its interval to the other. Whole "
           "numbers are incidents more, or below 0 fewer, than expected.")  # fmt: skip
_KEY = {
    "records": "From the records.",
    "people": "As people who know it told.",
    "blank": "To be filled in",
}


def write_what_works(path: str | os.PathLike[str], writeup: WriteUp) -> Path:
    """Write a write-up as a page: HTML to read and print, or Markdown to edit.

    Parameters
    ----------
    path : path
        Ends in .html or .md. A file already there is replaced when the new one is complete.
    writeup : WriteUp
        What ``write_up`` returned.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        When the ending is another, it is no write-up, or nothing can be written there.

    Examples
    --------
    >>> import tempfile
    >>> from hotspots.evidence import write_up
    >>> from hotspots.evidence.example import example_result
    >>> folder = Path(tempfile.mkdtemp())
    >>> page = write_what_works(folder / "asb.md", write_up(example_result(), title="ASB 2025"))
    >>> page.read_text(encoding="utf-8").splitlines()[0]
    '# ASB 2025'
    """
    faults = []
    if not isinstance(writeup, WriteUp):
        faults.append(f"writeup is of type {type(writeup).__name__}; give what write_up returned.")
    given = isinstance(path, str | os.PathLike)
    ending = Path(path).suffix.lower() if given else ""
    if ending not in (".html", ".md"):
        faults.append(f"path is {os.fspath(path) if given else path!r}; it must end in .html "
                      "or .md.")  # fmt: skip
    if faults:
        raise InputError("write_what_works", faults)
    text = _html(writeup) if ending == ".html" else _markdown(writeup)
    with atomic_file(path) as partial:
        partial.write_text(text, encoding="utf-8")
    return Path(path)


def _fields(writeup: WriteUp) -> list[tuple[str, str, list[dict[str, str]]]]:
    """Return form, field and its texts, in order."""
    found: dict[tuple[str, str], list[dict[str, str]]] = {}
    for row in writeup.fields.to_dict("records"):
        found.setdefault((row["form"], row["field"]), []).append(
            {str(name): str(value) for name, value in row.items()}
        )
    return [(form, field, rows) for (form, field), rows in found.items()]


def _lead(writeup: WriteUp) -> str:
    """Return the text without the title, which stands above it."""
    return writeup.text.removeprefix(writeup.title.rstrip(".")).lstrip(". ")


def _html(writeup: WriteUp) -> str:
    esc = html.escape
    parts = [f"<h1>{esc(writeup.title)}</h1>", f"<p>{esc(_lead(writeup))}</p>", _table(writeup)]
    last = ""
    for form, field, rows in _fields(writeup):
        if form != last:
            parts.append(f"<h2>{esc(form)}</h2>")
            last = form
        parts.append(f"<h3>{esc(field)}</h3>")
        for row in rows:
            said = esc(row["text"]).replace("\n", "<br>")
            if row["from_"] == "blank":
                said = f"{_KEY['blank']}: {esc(row['question'])}"
            parts.append(f'<p class="{row["from_"]}" title="{_KEY[row["from_"]]}">{said}</p>')
    parts.append(f'<p class="note">A bar at the left: {_KEY["people"].lower()[:-1]}; a dashed box: '
                 f"to be filled in; all else: from the records. {esc(NOTE)}</p>")  # fmt: skip
    body = "\n".join(parts)
    return (f'<!doctype html>\n<html lang="en-GB"><head><meta charset="utf-8">'
            f'<meta name="viewport" content="width=device-width,initial-scale=1">'
            f"<title>{esc(writeup.title)}</title><style>{_STYLE}</style></head>\n"
            f"<body>\n{body}\n</body></html>\n")  # fmt: skip


def _cell(name: str, row: Mapping[Any, Any]) -> str:
    value = row[name]
    if name == "part":
        return {"hotspots": "places", "buffer": "ring about them"}.get(value, str(value))
    if name == "outcome":
        return str(value)
    if name in ("estimate", "low", "high"):
        if few(row):
            return "too few" if name == "estimate" else ""
        if row["unit"] == "ratio" and not pd.isna(value):
            return f"{value:.2f}" if np.isfinite(value) else "no limit"
    return "–" if pd.isna(value) else f"{value:,.0f}"


def _table(writeup: WriteUp) -> str:
    """Set the results out as the tables have them; no ratio of under 20 incidents."""
    head = "".join(f"<th{_n(c)}>{words}</th>" for c, words in _COLUMNS.items())
    rows = []
    for row in writeup.results.to_dict("records"):
        cells = "".join(f"<td{_n(c)}>{html.escape(_cell(c, row))}</td>" for c in _COLUMNS)
        rows.append(f"<tr>{cells}</tr>")
    return (f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
            f'<p class="note">{_RESULT}</p>')  # fmt: skip


def _n(column: str) -> str:
    return "" if column in ("outcome", "part") else ' class="n"'


def _markdown(writeup: WriteUp) -> str:
    def plain(text: str) -> str:
        return " ".join(text.replace("|", "\\|").split())

    lines = [f"# {plain(writeup.title)}", "", _lead(writeup), ""]
    lines.append(f"| {' | '.join(_COLUMNS.values())} |")
    lines.append(f"|{'|'.join('---' for _ in _COLUMNS)}|")
    for result in writeup.results.to_dict("records"):
        cells = [plain(_cell(c, result)) for c in _COLUMNS]
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", _RESULT]
    last = ""
    for form, field, rows in _fields(writeup):
        if form != last:
            lines += ["", f"## {form}"]
            last = form
        lines += ["", f"### {field}", ""]
        for row in rows:
            if row["from_"] == "blank":
                lines.append(f"> **{_KEY['blank']}:** {row['question']}")
            else:
                lines.append(row["text"])
            lines.append("")
    return "\n".join([*lines, f"*{NOTE}*", ""])
