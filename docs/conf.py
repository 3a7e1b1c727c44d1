"""Sphinx settings: python -m sphinx -W --keep-going -b html docs docs/_build/html."""

import shutil
import sys
from pathlib import Path

import hotspots
from hotspots.contracts import TABLES

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "_ext"))

project = "hotspots"
author = "The hotspots developers"
copyright = "2026, the hotspots developers"
version = release = hotspots.__version__
language = "en-GB"

extensions = [
    "mathtext", "myst_nb", "numpydoc", "sphinx.ext.autodoc", "sphinx.ext.autosummary",
    "sphinx.ext.viewcode",
]  # fmt: skip
exclude_patterns = ["_build", "jupyter_execute", "**.ipynb_checkpoints"]
templates_path = ["_templates"]

# The notebooks stand at the root of the project; Sphinx reads only what lies beneath this folder.
shutil.rmtree(HERE / "notebooks", ignore_errors=True)
(HERE / "notebooks").mkdir()
for notebook in sorted((HERE.parent / "notebooks").glob("*.ipynb")):
    shutil.copy(notebook, HERE / "notebooks")

# The tables page is written from the contracts, so that it cannot say anything else.
lines = [
    "# Tables", "",
    "What each station hands on: the only thing the stations know of one another. Lengths are in "
    "metres, times are local wall-clock times, and an incident happened somewhere in the interval "
    "from `occurred_from` to `occurred_to`.",
]  # fmt: skip
for table in TABLES.values():
    shape = " or ".join(table.geometry)
    lines += ["", f"## {table.name}", ""]
    lines += [f"Index: `{table.index}`. " * bool(table.index) + f"Geometry: {shape}." * bool(shape)]
    lines += ["", "| column | kind | | meaning |", "|---|---|---|---|"]
    for c in table.columns:
        need = "required" if c.required else ""
        lines.append(f"| `{c.name}` | {c.kind} | {need} | {c.meaning} |")
(HERE / "tables.md").write_text("\n".join(lines) + "\n", encoding="utf-8")

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_merge_streams = True

autosummary_generate = True
autodoc_typehints = "none"  # numpydoc sections say the types
numpydoc_show_class_members = False

# Everything is served from the built folder itself: no fonts, scripts or formulas from elsewhere.
html_math_renderer = "mathtext"
html_theme = "pydata_sphinx_theme"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_title = "hotspots"
html_show_sourcelink = False
html_theme_options = {
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}


def from_elsewhere(app, what, name, member, skip, options):
    """Leave out of a class what it inherits from other packages."""
    home = getattr(member, "__module__", None) or "hotspots"
    return True if not home.startswith("hotspots") else None


def setup(app):
    app.connect("autodoc-skip-member", from_elsewhere)
