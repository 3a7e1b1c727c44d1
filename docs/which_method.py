"""Draw one town as six methods see it: python docs/which_method.py."""

import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import hotspots as hs

STATIC = Path(__file__).resolve().parent / "_static"
TOWN = ((398_500, 404_500), (325_700, 331_700))  # Karrowby South
ASB = "Anti-social behaviour"

warnings.simplefilter("ignore", hs.Notice)
county = hs.make_county(seed=1, months=24)
incidents = county.incidents.query("origin != 'police'")
asb = incidents.query("category == @ASB")
grid = hs.Grid.over(county.lpts, size=100)

figure, axes = plt.subplots(2, 3, figsize=(15, 10), layout="constrained")
bayes = hs.EmpiricalBayes(category=ASB).fit(incidents)
heats = {
    "Counts: what happened": hs.Counts().fit(asb),
    "KDE, 300 m: what happened, spread out": hs.KDE(300).fit(asb),
    "EmpiricalBayes: what is to be expected": bayes,
}
for ax, (title, detector) in zip(axes.flat, heats.items(), strict=False):
    heat = detector.predict(grid)
    heat = heat.where(heat > heat.max() / 500, 0)  # or the floor would colour every field
    hs.plot_heat(heat, grid, ax=ax)
    ax.set_title(title)
    ax.figure.axes[-1].remove()  # the colour bar: only the order compares

clusters, ax = hs.DBSCAN(eps=200, min_incidents=24).fit(asb), axes[1, 0]
places = clusters.locations_
noise = places["cluster"] < 0
ax.scatter(*places.loc[noise, ["x", "y"]].to_numpy().T, s=3, color="#BBBBBB")
ax.scatter(
    *places.loc[~noise, ["x", "y"]].to_numpy().T, s=14, c=places.loc[~noise, "cluster"] % 10,
    cmap="tab10",
)  # fmt: skip
ax.set_title("DBSCAN: where they crowd")
ax.set_aspect("equal")

gi = hs.GiStar(category=ASB).fit(incidents).statistics(grid)
hs.plot_significance(gi.table, grid, ax=axes[1, 1])
axes[1, 1].set_title("Gi*: what chance does not explain")

classes = hs.classify_hotspots(incidents, grid, category=ASB)
hs.plot_classes(classes.cells, grid, ax=axes[1, 2])
axes[1, 2].set_title("classify_hotspots: what lasts, comes and goes")

for ax in axes.flat:
    ax.set(xlim=TOWN[0], ylim=TOWN[1], xlabel="", ylabel="")
    ax.set_xticks(np.arange(TOWN[0][0], TOWN[0][1] + 1, 2000))
    for text in list(ax.texts):
        text.remove()
    legend = ax.get_legend()
    if legend is not None:
        legend.set_loc("upper right")
    ax.tick_params(labelbottom=False, labelleft=False, length=0)
figure.suptitle("One town, six methods: ASB of two years in 6 × 6 km (synthetic)", fontsize=16)
STATIC.mkdir(exist_ok=True)
figure.savefig(STATIC / "which-method.png", dpi=70)
