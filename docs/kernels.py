"""Draw the pictures of kernels and bandwidths: python docs/kernels.py."""

import warnings
from io import BytesIO
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import PowerNorm
from PIL import Image

import hotspots as hs
from hotspots.detect._kernels import KERNELS

ROOT = Path(__file__).resolve().parents[1]
STATIC, SAMPLE = ROOT / "docs" / "_static", ROOT / "data" / "sample"
COLOURS = ("#0b5394", "#b45f06", "#6aa84f", "#888888", "#a64d79", "#6fa8dc")


def save(figure: plt.Figure, name: str, dpi: int) -> None:
    """Write a picture in 128 colours, which are plenty, and a third of the size."""
    page = BytesIO()
    figure.savefig(page, dpi=dpi)
    picture = Image.open(page).convert("RGB")
    picture = picture.quantize(128, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    picture.save(STATIC / name, optimize=True)


def draw_kernels() -> None:
    figure, axes = plt.subplots(figsize=(6.4, 3.2), layout="constrained")
    distance = np.linspace(0, 650, 1301)
    for (name, kernel), colour in zip(KERNELS.items(), COLOURS, strict=True):
        value = kernel.at((distance / 300) ** 2) / 300**2 * 1e6
        line = "--" if name == "gaussian" else "-"
        axes.plot(distance, value, line, color=colour, label=name)
    axes.set(xlabel="metres from one incident", ylabel="heat of one incident a year, per km²",
             xlim=(0, 650), ylim=(0, None), title="Six kernels, bandwidth 300 m")  # fmt: skip
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    save(figure, "kernels.png", 110)


def draw_bandwidths() -> None:
    lpts = hs.read_lpts(SAMPLE / "lpts.gpkg")
    loaded = hs.read_incidents(SAMPLE / "county-street.zip", lpts=lpts)
    asb = loaded.incidents.query("category == 'Anti-social behaviour'")
    grid = hs.Grid.over(lpts, size=50)
    ways = {
        "150 m: each point a peak": hs.KDE(150, allow_fine=True),
        "300 m": hs.KDE(300),
        "800 m: one hill for a town": hs.KDE(800),
        "300 m, adaptive": hs.KDE(300, adaptive=True),
    }
    figure, panels = plt.subplots(1, 4, figsize=(10, 2.8), layout="constrained")
    for axes, (title, detector) in zip(panels, ways.items(), strict=True):
        heat = grid.raster(detector.fit(asb).predict(grid))
        west, south, east, north = grid.extent
        axes.imshow(heat, origin="lower", extent=(west, east, south, north), cmap="magma_r",
                    norm=PowerNorm(0.5, 0, np.nanmax(heat)))  # fmt: skip
        axes.set(xlim=(398_800, 405_000), ylim=(325_200, 331_400), xticks=[], yticks=[])
        axes.set_title(title, fontsize=9)
        axes.text(0.03, 0.02, f"hottest {np.nanmax(heat):,.0f}", transform=axes.transAxes,
                  fontsize=8)  # fmt: skip
    save(figure, "bandwidths.png", 100)


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", hs.Notice)
        draw_kernels()
        draw_bandwidths()
