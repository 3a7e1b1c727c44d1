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
# # From records to a patrol plan
#
# The whole road on the sample that comes with the project: read the records, look at their quality, find the hot places, tell season from trend, plan a week of patrols, and hand everything on. The county of Ashenmere is made up: no place, street or incident in it is real. That has one advantage: we know what is truly there.

# %%
from pathlib import Path
from tempfile import mkdtemp

import matplotlib.pyplot as plt

import hotspots as hs

# %matplotlib inline

# The sample stands in the project's folder data/sample, somewhere above this notebook.
here = Path.cwd()
SAMPLE = next(p / "data/sample" for p in (here, *here.parents) if (p / "data/sample").is_dir())

# %% [markdown]
# ## Read
#
# Two things are needed: the areas of the Local Policing Teams (LPTs), and the records. The records here are laid out as data.police.uk publishes them: a zip with one folder a month.

# %%
lpts = hs.read_lpts(SAMPLE / "lpts.gpkg")
lpts.drop(columns="geometry")

# %%
loaded = hs.read_incidents(SAMPLE / "county-street.zip", lpts=lpts)
print(loaded)

# %% [markdown]
# That is the first thing to read, every time. The rows that came in are the accepted, the rejected and the superseded ones, with nothing left over. A month is missing, and no step from here on will take it for a quiet month. And the time of every incident is known to the month only: whatever comes later, there is no hour of day in these records.
#
# Every refused row is kept, with its file, its line and the reason:

# %%
loaded.rejected[["file", "line", "reason"]]

# %%
loaded.incidents.reset_index()[["category", "occurred_from", "occurred_to", "place", "lpt"]].head()

# %% [markdown]
# ## Where: cells and heat
#
# The county is laid out in cells of 100 m. Their ids are the coordinates of their corner, so they stay the same from one run to the next. We look at anti-social behaviour (ASB) in the last twelve months.

# %%
grid = hs.Grid.over(lpts, size=100)
asb = loaded.incidents.query(
    "category == 'Anti-social behaviour' and occurred_from >= '2024-04-01'"
)
print(f"{len(asb):,} incidents of ASB; {len(grid.cells):,} cells of {grid.size:.0f} m")

# %% [markdown]
# Kernel density spreads each incident over the 300 m around it. The unit is incidents per km² per year, so a cell can be compared with a map of another year.

# %%
kde = hs.KDE(bandwidth=300).fit(asb)
heat = kde.predict(grid)
heat.describe().round(1)

# %% [markdown]
# Hotspots are cut out of the heat: joined cells, no larger than 0.05 km² (a few streets, which a patrol can walk), each made of one team's cells only, and only where at least twelve incidents happened. We ask for twenty; if fewer places deserve the name, we get fewer.

# %%
spots = kde.hotspots(grid, top_k=20)
spots[["rank", "name", "lpt", "incidents", "area_km2", "heat"]].round(2)

# %%
hs.plot_hotspots(spots, lpts=lpts)
plt.show()

# %% [markdown]
# ### A second opinion
#
# DBSCAN asks another question: around which places do at least 24 incidents lie within 200 m? It takes the same road and gives the same table, so the two can be laid side by side. A place both of them find is a safer bet than a place that depends on the method.

# %%
groups = hs.DBSCAN(eps=200, min_incidents=24).fit(asb).hotspots(grid, top_k=20)
both = spots.index[spots.intersects(groups.union_all())]
print(f"KDE finds {len(spots)} places, DBSCAN {len(groups)}; both agree on {len(both)}.")

# %% [markdown]
# ### What is truly there
#
# This once, we can look behind the curtain. The same seed makes the county again, with the places that were planted in it. How many of the ASB places that still were one in these twelve months do we find again?

# %%
truth = hs.make_county(seed=1, months=40, start="2021-12-01", scale=0.5).hotspots
planted = truth.query("category == 'Anti-social behaviour' and end > '2024-04-01'")
found = [place for place in planted.index if spots.intersects(planted.geometry[place]).any()]
print(f"{len(found)} of the {len(planted)} planted places of ASB are among the {len(spots)} found.")

# %% [markdown]
# ## When: season and trend
#
# Summers are busy in some teams' areas; a fall from August to November is then no success. `seasonal_trends` parts the two, for each team, allowing for the length of the months. It claims a season only with three years of records, and a change only if chance would seldom make one so large.

# %%
trends = hs.seasonal_trends(loaded.incidents.query("category == 'Anti-social behaviour'"))
print(trends)

# %%
busiest = asb["lpt"].value_counts().index[0]
hs.plot_trends(trends, busiest)
plt.show()

# %% [markdown]
# ## Who goes where: a week of patrols
#
# The shifts and the units of each team are two small tables, which a planner keeps in Excel. The plan spends the officer-hours they allow on visits of about a quarter of an hour, with at least two hours between two visits to the same place.

# %%
shifts = hs.read_shifts(SAMPLE / "shifts.csv")
units = hs.read_units(SAMPLE / "units.csv")
plan = hs.plan_patrols(
    spots, lpts=lpts, shifts=shifts, units=units, start="2025-04-07", days=7, seed=1
)
print(plan)

# %%
plan.visits[["unit", "shift", "arrive", "depart", "hotspot"]].head(8)

# %% [markdown]
# Each visit has its reason, in words an officer can read and question:

# %%
print(plan.visits["reason"].iloc[0])

# %%
hs.plot_plan(plan, day="2025-04-11")
plt.show()

# %% [markdown]
# It is a proposal. It says where visits cover most recorded need; it does not say that they will prevent anything, and it sends nobody anywhere.
#
# ## Hand it on
#
# One page for the meeting, which opens without internet; tables for Power BI or Excel; a GeoPackage for GIS.

# %%
out = Path(mkdtemp())
page = hs.write_report(
    out / "brief", loaded, spots, trends, plan, lpts=lpts, title="Ashenmere, week of 7 April"
)
tables = hs.export_bi(out / "bi", loaded, spots, trends, plan, lpts)
layers = hs.export_gis(out / "ashenmere.gpkg", loaded, spots, plan, lpts=lpts)
for made in sorted(out.rglob("*")):
    if made.is_file():
        print(f"{made.relative_to(out).as_posix():40} {made.stat().st_size / 1024:8,.0f} kB")

# %% [markdown]
# ## Next
#
# Put your own files in the place of the sample's. An extract of your own system reads through a small mapping (`docs/ingest.md` says how), and one with exact times lets the plan know the hours. The same road without Python is `hotspots run`, with a configuration like `data/sample/config.toml`.
