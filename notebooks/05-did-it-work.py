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
# # Did it work?
#
# Hotspots are the places where most was recorded, and the worst places of one year are better the next whether anybody goes there or not. So "it fell by a fifth where we patrolled" says little. This notebook asks the question properly: patrols go by lot to half of the hotspots, the size of the trial is judged before it begins, the plan follows the lot, and what came of it is told against the places that had none, with all that speaks against believing it.
#
# The county is made up, and so is the effect: three in ten incidents at patrolled places are taken out by hand. Whether the analysis finds that is the test.

# %%
import tempfile
from pathlib import Path

import geopandas as gpd
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import hotspots as hs

# %matplotlib inline

county = hs.make_county(seed=4, months=36)
start = pd.Timestamp("2025-07-07")
past = county.incidents.query("occurred_from < @start")
spots = hs.Counts().fit(past.query("origin != 'police'")).hotspots(
    hs.Grid.over(county.lpts), top_k=60, max_area_km2=0.05)  # fmt: skip
print(f"{len(past):,} incidents before the trial, {len(spots)} hotspots")

# %% [markdown]
# ## Drawn by lot
#
# Hotspots alike in number are paired within their team, and the lot sends patrols to one of each pair. Two places within reach of one another are never in different arms: they are drawn as one. The seed is a text that stays secret until the trial begins; its digest is noted before anybody is told, so that nobody can draw again until the lot pleases.

# %%
folder = Path(tempfile.mkdtemp())
trial = hs.design_trial(
    spots, past, design="pairs", start=start, weeks=24, lpts=county.lpts,
    rules=hs.TrialRules(buffer_m=100), seed="kept by the evidence board",
)  # fmt: skip
register = hs.register_trial(folder / "register.csv", trial)
print(trial)

# %%
hs.plot_places(trial, lpts=county.lpts)
plt.show()

# %%
trial.balance.round(2)

# %% [markdown]
# ## Is it large enough?
#
# Before anybody patrols: if patrols prevented a fifth, would this trial show it? Power is simulated from the records of these very places, their season, trend and restlessness kept, with the test that will be used.

# %%
power = hs.trial_power(trial, past, effects=(-0.1, -0.2, -0.3, -0.4),
                       rules=hs.PowerRules(sims=200, draws=199))  # fmt: skip
print(power)

# %%
hs.plot_power(power)
plt.show()

# %% [markdown]
# The protocol, with the analysis fixed in advance, is one page for the board.

# %%
hs.write_protocol(folder / "protocol.html", trial, power=power).name

# %% [markdown]
# ## The plan follows the lot
#
# The calendar of the trial goes into the plan as it is: patrolled places get a visit on every day of theirs, the others none. One week shows it.

# %%
# the sites, with what else is known of the hotspots they are
sites = spots.loc[spots.index.astype(str).isin(trial.sites.index)]
demand = hs.patrol_demand(sites, past, lpts=county.lpts, on=start.date())
plan = hs.plan_patrols(
    demand, lpts=county.lpts, shifts=county.shifts, units=county.units, start=start.date(),
    days=7, rules=hs.PatrolRules(trial=trial.calendar, effort=0), seed="kept in the control room",
)  # fmt: skip
plan.visits["hotspot"].map(trial.sites["arm"]).value_counts()

# %% [markdown]
# What was delivered comes from a log or from pings. Here one visit in seven is lost to other calls.

# %%
log = plan.visits.sample(frac=6 / 7, random_state=1)[["unit", "hotspot", "arrive", "depart"]]
delivery = hs.match_delivery(plan, log.reset_index(drop=True))
print(delivery.text.splitlines()[0])

# %% [markdown]
# The other twenty-three weeks went the same way; their minutes by place and day are made up here in the proportion of the first.

# %%
minutes = delivery.dosage.groupby("hotspot")["minutes"].mean()
dosage = trial.calendar.assign(
    minutes=trial.calendar["hotspot"].map(minutes).fillna(0) * trial.calendar["treated"]
)

# %% [markdown]
# ## What came of it
#
# Twenty-four weeks later. The effect is planted here: at patrolled places three incidents in ten do not happen.

# %%
patrolled = trial.sites.query("arm == 'treated'")
there = gpd.sjoin(county.incidents, patrolled[["geometry"]], predicate="within").index
during = county.incidents["occurred_from"].between(start, trial.end, inclusive="left")
prevented = (county.incidents.index.isin(there) & during
             & (np.random.default_rng(2).random(len(county.incidents)) < 0.3))  # fmt: skip
records = county.incidents[~prevented]

# the wrong way: before and after, with nothing to compare
alone = hs.estimate_impact(records, treated=patrolled, start=start)
print(alone.text.splitlines()[0])

# %% [markdown]
# Without comparison places the package says that it is a change, and no more. With the trial, the treatment is drawn again thousands of times in the way it was drawn, and what was found is set against that.

# %%
found = hs.estimate_impact(records, design=trial, dosage=dosage,
                           rules=hs.ImpactRules(buffer_m=100, draws=1999))  # fmt: skip
print(found)

# %%
shown = ["part", "method", "unit", "estimate", "low", "high", "refused"]
found.effect[shown].round(2)

# %% [markdown]
# Formulas that take incidents for independent stand beside the rest, marked as such: where counts vary more than that, their intervals are too narrow. The effect is told in the ring about the places too, where it could have gone.

# %%
figure, axes = plt.subplots(1, 2, figsize=(13, 4), layout="constrained")
hs.plot_impact(found, ax=axes[0])
hs.plot_cumulative(found, ax=axes[1])
plt.show()

# %% [markdown]
# And what speaks for and against believing it:

# %%
found.checks[["check", "verdict", "words"]]

# %% [markdown]
# ## Written up, and kept
#
# The write-up fills in what the records know and leaves blank what only people know. The bank keeps every trial, those that found nothing too, and pools what may be pooled.

# %%
report = hs.write_up(
    found, title=f"Foot patrols at {len(patrolled)} hotspots", delivery=delivery,
    told={"problem": "Public order in town centres", "response": "Fifteen minutes, twice a day"},
)  # fmt: skip
hs.write_what_works(folder / "write-up.html", report)
report.fields.query("from_ != 'blank'")[["form", "field", "text"]]

# %%
hs.bank_result(folder / "bank", found, name="Summer 2025")
bank = hs.read_bank(folder / "bank")
print(bank)
