"""Formulas as pictures in the page, drawn by matplotlib: no LaTeX to install, no script to load."""

import base64
import html
import re
from io import BytesIO

from docutils import nodes
from matplotlib.font_manager import FontProperties
from matplotlib.mathtext import math_to_image
from sphinx.util import logging

logger = logging.getLogger(__name__)
# What LaTeX knows under another name than matplotlib does.
SPELLINGS = (
    (r"\\le(?![a-zA-Z])", r"\\leq "),
    (r"\\ge(?![a-zA-Z])", r"\\geq "),
    (r"\\[lr]Vert(?![a-zA-Z])", r"\\Vert "),
    (r"\\[lr]vert(?![a-zA-Z])", r"\\vert "),
    (r"\\operatorname\*?(?=\{)", r"\\mathrm"),
    (r"\\(?:begin|end)\{\w+\*?\}|&", ""),
)
SIZE = 12.0  # points
FONT = FontProperties(family="serif", math_fontfamily="cm", size=SIZE)


def picture(source, node):
    """Return an HTML image of a formula, its LaTeX as the text for those who cannot see it."""
    drawn = BytesIO()
    spelt = " ".join(source.split())
    for pattern, instead in SPELLINGS:
        spelt = re.sub(pattern, instead, spelt)
    try:
        depth = math_to_image(f"${spelt}$", drawn, prop=FONT, format="svg")
    except ValueError as error:
        logger.warning("formula %r cannot be drawn: %s", source, error, location=node)
        return f"<code>{html.escape(source)}</code>"
    data = base64.b64encode(drawn.getvalue()).decode("ascii")
    return (
        f'<img class="math" alt="{html.escape(source)}" style="vertical-align: {-depth:.1f}pt" '
        f'src="data:image/svg+xml;base64,{data}">'
    )


def visit_inline(translator, node):
    translator.body.append(picture(node.astext().strip(), node))
    raise nodes.SkipNode


def visit_block(translator, node):
    lines = [line.strip() for line in node.astext().split("\\\\")]
    drawn = "<br>".join(picture(line, node) for line in lines if line)
    translator.body.append(f'<div class="math">{drawn}</div>')
    raise nodes.SkipNode


def setup(app):
    app.add_html_math_renderer("mathtext", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
