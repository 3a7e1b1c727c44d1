"""Figures inside a page: matplotlib drawings as pictures that carry their own words."""

from __future__ import annotations

import base64
import html
import io
from typing import Any


def picture(figure: Any, alt: str, caption: str = "", *, crop: bool = True) -> str:
    """Return a matplotlib figure as an HTML ``figure`` with its picture inside.

    Parameters
    ----------
    figure : matplotlib Figure
    alt : str
        What the picture shows, for those who cannot see it.
    caption : str
        What to read from it; plain text.
    crop : bool
        Whether to cut the empty border away, which draws everything twice.

    Returns
    -------
    str
    """
    import matplotlib as mpl

    written = io.BytesIO()
    with mpl.rc_context({"svg.fonttype": "path", "svg.hashsalt": "hotspots"}):
        figure.savefig(
            written,
            format="svg",
            bbox_inches="tight" if crop else None,
            metadata={"Date": None, "Creator": None},
        )
    data = base64.b64encode(written.getvalue()).decode("ascii")
    said = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
    return (
        f'<figure><img src="data:image/svg+xml;base64,{data}" alt="{html.escape(alt)}">'
        f"{said}</figure>"
    )
