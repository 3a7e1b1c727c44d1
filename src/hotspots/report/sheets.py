"""The sheets of a briefing as a PDF, each on one A4 page whatever it holds."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from ..atomic import atomic_file
from ..contracts import InputError

_MARGIN = 34.0  # points, 12 mm
PAGE_WIDTH = 595.2756 - 2 * _MARGIN - 12
"""Points across an A4 page between its margins; a frame pads itself by 6 on each side."""

_LINE = "#d5dae2"
_COLOURS = {"above": "#b3261e", "below": "#1f5fa8", "": "#000000"}


def write_sheets(path: Path, sheets: list[dict[str, Any]], title: str) -> None:
    """Write one A4 page per sheet; what would not fit is made smaller until it does.

    Parameters
    ----------
    path : Path
        The PDF.
    sheets : list of dict
        As :func:`hotspots.report.briefing.sheets` gives them.
    title : str
        Of the document.

    Raises
    ------
    InputError
        When reportlab is not installed.
    """
    require_reportlab("write_briefing", "briefing.html")
    styles = sheet_styles()
    write_pages(path, [_sheet(sheet, styles, PAGE_WIDTH) for sheet in sheets], title)


def require_reportlab(what: str, else_print: str) -> None:
    """Refuse a PDF where reportlab is not installed, and say what to print instead."""
    if importlib.util.find_spec("reportlab") is None:
        raise InputError(what, [
            f'pdf=True needs reportlab: pip install "hotspots[report]"; or print {else_print}.'
        ])  # fmt: skip


def write_pages(path: Path, pages: list[list[Any]], title: str) -> None:
    """Write one A4 page for each list of flowables, made smaller until they fit."""
    from reportlab.lib.pagesizes import A4
    from reportlab.platypus import KeepInFrame, PageBreak, SimpleDocTemplate

    height = A4[1] - 2 * _MARGIN
    story: list[Any] = []
    for n, page in enumerate(pages):
        story += [PageBreak()] * bool(n)
        story.append(KeepInFrame(PAGE_WIDTH, height - 13, page, mode="shrink"))
    with atomic_file(path) as partial:
        SimpleDocTemplate(
            str(partial), pagesize=A4, title=title, author="hotspots", lang="en-GB", invariant=1,
            leftMargin=_MARGIN, rightMargin=_MARGIN, topMargin=_MARGIN, bottomMargin=_MARGIN,
        ).build(story)  # fmt: skip


def sheet_styles() -> dict[str, Any]:
    """Return the styles, in a font that has the letters of every British name."""
    import matplotlib
    from reportlab.lib.fonts import addMapping
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    for bold, name in ((0, "DejaVuSans"), (1, "DejaVuSans-Bold")):
        pdfmetrics.registerFont(TTFont(name, fonts / f"{name}.ttf"))
        addMapping("DejaVuSans", bold, 0, name)
        addMapping("DejaVuSans", bold, 1, name)
    plain = ParagraphStyle("plain", fontName="DejaVuSans", fontSize=7.5, leading=9.6)
    return {
        "plain": plain,
        "right": ParagraphStyle("right", plain, alignment=2),
        "title": ParagraphStyle("title", plain, fontSize=14, leading=18, textColor="#12355b"),
        "head": ParagraphStyle(
            "head", plain, fontName="DejaVuSans-Bold", fontSize=9, leading=12, spaceBefore=6,
            spaceAfter=2,
        ),
        "answer": ParagraphStyle("answer", plain, fontSize=9, leading=12, spaceAfter=4),
        "quiet": ParagraphStyle("quiet", plain, fontSize=6.8, leading=8.6, textColor="#4a5666"),
        "banner": ParagraphStyle(
            "banner", plain, fontSize=9, leading=12, textColor="#7d1710", borderColor="#b3261e",
            borderWidth=1, borderPadding=4, spaceBefore=6, spaceAfter=8,
        ),
    }  # fmt: skip


def _sheet(sheet: dict[str, Any], styles: dict[str, Any], width: float) -> list[Any]:
    """Lay one sheet out: the answer, incidents beside counts, the lists, what they rest on."""
    from reportlab.platypus import HRFlowable, Paragraph, Table

    def said(text: str, style: str = "plain") -> Any:
        return Paragraph(escape(text), styles[style])

    parts = [
        Paragraph(
            f"<b>{escape(sheet['team'])}</b> <font size=8.5 color='#4a5666'>"
            f"{escape(sheet['when'])}</font>", styles["title"],
        ),
        HRFlowable(width="100%", thickness=1, color="#12355b", spaceBefore=2, spaceAfter=4),
    ]  # fmt: skip
    parts += [said(sheet["banner"], "banner")] * bool(sheet["banner"])
    parts += [said(line, "answer") for line in sheet["answer"]]
    left, right = width * 0.57, width * 0.40
    incidents = [said("Most harm first", "head"), _incidents(sheet["ranked"], styles, left)]
    if sheet["teams"][0]:
        incidents = [
            said("By Local Policing Team", "head"),
            _table(["LPT", "Now", "Usual", "", "Harm", "Outside"], sheet["teams"], styles,
                   [left * share for share in (0.32, 0.1, 0.18, 0.13, 0.12, 0.15)], 3),
            *incidents,
        ]  # fmt: skip
    counts = [
        said("Against the usual range", "head"),
        _table(["Type", "Now", "Usual", ""], sheet["counts"], styles,
               [right * share for share in (0.48, 0.13, 0.24, 0.15)], 3),
    ]  # fmt: skip
    parts.append(
        Table([[incidents, counts]], colWidths=[width * 0.59, width * 0.41], hAlign="LEFT", style=[
            ("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("RIGHTPADDING", (0, 0), (-1, -1), 0), ("TOPPADDING", (0, 0), (-1, -1), 0),
        ])
    )  # fmt: skip
    for _, title, lines in sheet["lists"]:
        parts += [said(title, "head"), *(said(f"• {line}") for line in lines)]
    parts.append(HRFlowable(width="100%", thickness=0.5, color=_LINE, spaceBefore=6, spaceAfter=3))
    return parts + [said(note, "quiet") for note in sheet["notes"]]


def _incidents(
    ranked: tuple[list[tuple[str, ...]], str], styles: dict[str, Any], width: float
) -> Any:
    from reportlab.platypus import Paragraph

    rows, more = ranked
    if not rows:
        return Paragraph("No incidents.", styles["plain"])
    cells: list[tuple[str, ...]] = [
        (n, f"<b>{escape(what)}</b><br/>{escape(where)}",
         f"{escape(when)}<br/><font size=6.5 color='#4a5666'>{escape(facts)}</font>", escape(key))
        for n, what, where, when, facts, key in rows
    ]  # fmt: skip
    shares = (0.06, 0.44, 0.32, 0.18)
    return grid_of(["", "What, where", "When; days of harm", "Record"], cells, more, styles,
                 [width * share for share in shares], ())  # fmt: skip


def _table(
    heads: list[str], given: tuple[list[tuple[str, ...]], str], styles: dict[str, Any],
    widths: list[float], standing: int,
) -> Any:  # fmt: skip
    """Make a table of names and numbers; the column ``standing`` is coloured."""
    rows, more = given
    cells = [
        tuple(
            f"<font color='{_COLOURS[cell]}'><b>{cell}</b></font>" if n == standing
            else escape(cell)
            for n, cell in enumerate(row)
        )
        for row in rows
    ]  # fmt: skip
    right = tuple(n for n in range(1, len(heads)) if n != standing)
    return grid_of(heads, cells, more, styles, widths, right)


def grid_of(
    heads: list[str], rows: list[tuple[str, ...]], more: str, styles: dict[str, Any],
    widths: list[float], right: tuple[int, ...],
) -> Any:  # fmt: skip
    """Make a table of cells, which may hold reportlab's tags: what comes from data is escaped.

    ``right`` are the columns of numbers; ``more`` stands under all columns where it says anything.
    """
    from reportlab.platypus import Paragraph, Table

    def cell(text: str, n: int) -> Any:
        return Paragraph(text, styles["right" if n in right else "plain"])

    body = [[cell(f"<b>{escape(head)}</b>", n) for n, head in enumerate(heads)]]
    body += [[cell(text, n) for n, text in enumerate(row)] for row in rows]
    extra = [("SPAN", (0, len(body)), (-1, len(body)))] if more else []
    if more:
        body.append([cell(escape(more), 0), *[""] * (len(heads) - 1)])
    return Table(body, colWidths=widths, hAlign="LEFT", style=[
        ("BACKGROUND", (0, 0), (-1, 0), "#eef1f5"), ("LINEBELOW", (0, 0), (-1, -1), 0.3, _LINE),
        ("VALIGN", (0, 0), (-1, -1), "TOP"), ("TOPPADDING", (0, 0), (-1, -1), 1),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5), ("LEFTPADDING", (0, 0), (-1, -1), 2),
        ("RIGHTPADDING", (0, 0), (-1, -1), 3), *extra,
    ])  # fmt: skip
