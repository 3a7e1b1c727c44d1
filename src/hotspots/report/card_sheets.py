"""Briefing cards on paper: one A4 page each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from .card_map import drawing
from .cards import Card, map_of
from .sheets import PAGE_WIDTH, grid_of, sheet_styles, write_pages

if TYPE_CHECKING:
    from pathlib import Path

    from ..contracts import Result


_SIZE = {"plain": 10, "right": 10, "quiet": 8}  # points


def write_card_sheets(path: Path, cards: list[Card], plan: Result, title: str) -> None:
    """Write one A4 page per card; what would not fit is made smaller until it does.

    Parameters
    ----------
    path : Path
        The PDF.
    cards : list of Card
    plan : Result
        For the maps.
    title : str
        Of the document.
    """
    styles = sheet_styles()
    for name in ("plain", "right", "quiet"):  # a card is read standing, in poor light
        styles[name].fontSize, styles[name].leading = _SIZE[name], _SIZE[name] * 1.28
    write_pages(path, [_page(card, plan, styles) for card in cards], title)


def _page(card: Card, plan: Result, styles: dict[str, Any]) -> list[Any]:
    from reportlab.platypus import HRFlowable, Paragraph, Spacer

    parts = [
        Paragraph(
            f"<b>{escape(card.unit)}</b> <font size=9.5 color='#4a5666'>{escape(card.when)}</font>",
            styles["title"],
        ),
        Paragraph(escape(card.crew), styles["answer"]),
        HRFlowable(width="100%", thickness=1, color="#12355b", spaceBefore=2, spaceAfter=6),
    ]  # fmt: skip
    picture = map_of(plan, card, PAGE_WIDTH, PAGE_WIDTH * 0.55)
    if picture is not None:
        parts += [drawing(picture), Spacer(1, 6)]
    rows: list[tuple[str, ...]] = [
        (str(stop.number), f"<b>{escape(stop.time)}</b>", f"<b>{escape(stop.place)}</b>",
         escape("; then ".join(filter(None, [stop.travel, stop.then]))))
        for stop in card.stops
    ]  # fmt: skip
    parts.append(
        grid_of(["", "When", "Where", "Travel"], rows, "", styles,
                [PAGE_WIDTH * share for share in (0.06, 0.2, 0.47, 0.27)], ())
    )  # fmt: skip
    for title, told in (
        ("What to do there", card.asked), ("Why there", card.why), ("Why then", card.then),
    ):  # fmt: skip
        if not told:
            continue
        parts.append(Paragraph(title, styles["head"]))
        parts += [
            Paragraph(f"<b>{escape(one.numbers)}</b> {escape(one.text)}", styles["plain"])
            for one in told
        ]
    parts.append(HRFlowable(width="100%", thickness=0.5, color="#d5dae2", spaceBefore=8,
                            spaceAfter=3))  # fmt: skip
    return parts + [Paragraph(escape(note), styles["quiet"]) for note in card.notes]
