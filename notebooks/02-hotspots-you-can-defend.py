# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#       jupytext_version: 1.19.6
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Hotspots you can defend
#
# Anybody can draw a red blob on a map. This notebook answers the questions that follow: what do these records support at all? Which method names the places where the *next* incidents happen, and does it beat simply taking last year's counts? Why this cell? Is it chance? Does it last? The county is the made-up one of the sample.

# %%
from pathlib import Path

import matplotlib.pyplot as plt

import hotspots as hs

# %matplotlib inline

here = Path.cwd()
SAMPLE = next(p / "data/sample" for p in (here, *here.parents) if (p / "data/sample").is_dir())

lpts = hs.read_lpts(SAMPLE / "lpts.gpkg")
loaded = hs.read_incidents(SAMPLE / "county-street.zip", lpts=lpts, progress=False)
incidents = loaded.incidents.assign(harm=hs.harm_days(loaded.incidents))
grid = hs.Grid.over(lpts, size=100)

# %% [markdown]
# A note came with the harm: one weight per published type is rough. It stands beside the count all the way, never instead of it.
#
# ## What do the records support?
#
# One place decides, and every method asks it.

# %%
support = hs.data_support(incidents)
support.abilities

# %% [markdown]
# These are published records: the month, not the day, and a point shared by many addresses. So a method that needs dates refuses, and says why:

# %%
try:
    hs.knox(incidents.query("category == 'Burglary'"))
except hs.InputError as refusal:
    print(refusal)

# %% [markdown]
# ## Which method? Judge it on months it has not seen
#
# `EmpiricalBayes` takes each cell's own count and draws it towards what its surroundings and all other incidents there suggest; how far, and towards what, it learns from the records. The share to flag is a tenth of a per cent of the area, about what can be patrolled: more would take in every point of this small county. A detector with a `category` gets the whole table, for the other rows tell it something too.

# %%
ASB = "Anti-social behaviour"
bayes = hs.EmpiricalBayes(category=ASB)
test = hs.backtest(
    {"empirical Bayes": bayes, "KDE, 300 m": hs.KDE(300), "KDE, 600 m": hs.KDE(600)},
    incidents, grid, category=ASB, origins=6, coverage=0.001,
)  # fmt: skip
print(test)

# %%
test.summary.drop(columns=["kind"]).round(3)

# %%
hs.plot_backtest(test)
plt.show()

# %% [markdown]
# The plain question is answered first, with an interval. Each method was given the same area and the same months, so the differences are paired. Read the baselines too: on snapped points, part of what a map catches is knowing which cells hold a point at all.
#
# The same splits tune a parameter, with scikit-learn's own tools:

# %%
from sklearn.model_selection import GridSearchCV

subject = incidents[(incidents["category"] == ASB) & (incidents["origin"] != "police")]
search = GridSearchCV(
    hs.KDE(), {"bandwidth": [300, 500, 800]}, cv=hs.RollingOrigin("1MS", n_origins=3),
    scoring=hs.HitRate(grid, coverage=0.001), error_score="raise",
)  # fmt: skip
search.fit(subject).best_params_

# %% [markdown]
# ## Why this cell?

# %%
heat = bayes.fit(incidents.query("origin != 'police'")).predict(grid)
bayes.explain(heat.idxmax())

# %%
hotspots = bayes.hotspots(grid, top_k=20)
hotspots[["rank", "name", "lpt", "incidents", "harm", "heat"]].head(5).round(1)

# %% [markdown]
# ## Is it chance?
#
# Gi* asks whether a cell and those around it hold more than chance would put there. The p-values come from random orders of the counts, not from a bell curve, and are corrected for having looked at so many cells; the text says both. What is hot only through its neighbours is not tasked: a hotspot needs incidents of its own.

# %%
gi = hs.GiStar(category=ASB).fit(incidents.query("origin != 'police'"))
statistics = gi.statistics(grid)
print(statistics)

# %%
gi.hotspots(grid, top_k=5)[["rank", "name", "lpt", "incidents", "p_value"]]

# %% [markdown]
# ## Do the clusters hold together?
#
# DBSCAN needs a distance. The curve shows how far one has to go from each place to gather enough incidents; where it bends, places that crowd end and the rest begins.

# %%
clusters = hs.DBSCAN(eps="knee", min_incidents=60).fit(subject)
hs.plot_k_distance(clusters.k_distances_, clusters.eps_)
plt.show()

# %%
clusters.stability(bootstraps=50)
columns = ["incidents", "locations", "diameter_m", "stability"]
clusters.clusters_.nlargest(5, "incidents")[columns].round(2)

# %% [markdown]
# *Stability* is how much of a cluster comes back when whole months are drawn again by lot. Below 60% it is better not to name it.
#
# ## Does it last?
#
# Month by month, each cell is hot or not. What it was before and what it is of late make four classes, each with what to do about it.

# %%
classes = hs.classify_hotspots(incidents, grid, category=ASB)
print(classes)

# %%
labelled = classes.label(hotspots, grid)
labelled[["rank", "name", "lpt", "incidents", "class_", "action"]].head(8)

# %%
hs.plot_classes(classes.cells, grid, lpts=lpts)
plt.show()

# %% [markdown]
# Is a place really up on last year? Counts of single places jump about, and the busiest tend to fall back by themselves. The comparison is exact, allows for both, and tells how many changes chance alone would have shown.

# %%
change = hs.compare_periods(incidents, hotspots, category=ASB)
print(change)

# %% [markdown]
# ## How few places hold how much?

# %%
by_cell = grid.counts(incidents[incidents["category"] == ASB])
inhabited = grid.counts(incidents) > 0  # places that could have had one
few = hs.concentration(by_cell[inhabited], n_boot=199)
print(few)

# %%
hs.plot_lorenz(few)
plt.show()

# %% [markdown]
# ## With dates and addresses, more can be asked
#
# The sample's second file is an extract of a control-room system: two months, exact points, times to the minute. Near repeats, series and repeat locations are open to it, within what two months can tell.

# %%
dated = hs.read_incidents(
    SAMPLE / "extract.csv", mapping=SAMPLE / "extract.toml", lpts=lpts, progress=False
)
print(hs.data_support(dated.incidents).text)

# %%
near = hs.knox(dated.incidents.query("category == 'Criminal damage and arson'"), n_sim=199)
print(near)

# %%
hs.plot_knox(near)
plt.show()

# %%
print(hs.repeat_locations(dated.incidents, n_sim=199))

# %% [markdown]
# Nothing was planted to repeat in that file, and nothing is claimed of it beyond what chance shows. That is what a method you can defend does when there is nothing to find.
