"""Draw the picture of the README from the sample: python docs/picture.py."""

import warnings
from io import BytesIO
from pathlib import Path

import matplotlib.pyplot as plt
from PIL import Image

import hotspots as hs

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "data" / "sample"
LEFT, RIGHT = 370, 830  # pixels across

lpts = hs.read_lpts(SAMPLE / "lpts.gpkg")
loaded = hs.read_incidents(SAMPLE / "county-street.zip", lpts=lpts)
asb = loaded.incidents.query("category == 'Anti-social behaviour'")
grid = hs.Grid.over(lpts, size=100)
kde = hs.KDE(bandwidth=300).fit(asb)
heat, spots = kde.predict(grid), kde.hotspots(grid, top_k=20)
trends = hs.seasonal_trends(asb, by=["lpt"])
shifts, units = hs.read_shifts(SAMPLE / "shifts.csv"), hs.read_units(SAMPLE / "units.csv")
with warnings.catch_warnings():
    warnings.simplefilter("ignore", hs.Notice)
    plan = hs.plan_patrols(spots, lpts=lpts, shifts=shifts, units=units, start="2025-04-07", days=7)


def drawn(axes, width):
    """Return what the axes show as a picture of that many pixels across."""
    page = BytesIO()
    axes.figure.savefig(page, dpi=150, bbox_inches="tight", pad_inches=0.15)
    plt.close(axes.figure)
    picture = Image.open(page).convert("RGB")
    return picture.resize((width, round(picture.height * width / picture.width)), Image.LANCZOS)


town = hs.plot_heat(heat, grid)
town.set(xlim=(397_500, 408_500), ylim=(322_000, 338_500), title="Heat of ASB around Karrowby")
season, day = hs.plot_trends(trends, "Karrowby South"), hs.plot_plan(plan, day="2025-04-11")
columns = [
    [drawn(town, LEFT), drawn(hs.plot_hotspots(spots, lpts=lpts), LEFT)],
    [drawn(season, RIGHT), drawn(day, RIGHT)],
]
height = max(sum(picture.height for picture in column) for column in columns)
whole = Image.new("RGB", (LEFT + RIGHT, height), "white")
for left, column in zip((0, LEFT), columns, strict=True):
    top = 0
    for picture in column:
        whole.paste(picture, (left, top))
        top += picture.height
# 256 colours are plenty, and a third of the size.
whole = whole.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
whole.save(ROOT / "docs" / "_static" / "hotspots.png", optimize=True)
