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
# # A patrol plan with reasons
#
# A sergeant briefs from a plan, an inspector defends it, and a resident may ask why the patrol went there and not here. This notebook goes from hotspots to a plan that answers all three, is changed by hand, decided on, and held against what was done.

# %%
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import hotspots as hs

# %matplotlib inline

county = hs.make_county(seed=4, months=12)
lpts = county.lpts
asb = county.incidents.query("category == 'Anti-social behaviour' and origin != 'police'")
spots = hs.Counts().fit(asb).hotspots(hs.Grid.over(lpts), top_k=24, max_area_km2=0.05)
print(f"{len(asb):,} records of anti-social behaviour, {len(spots)} hotspots")

# %% [markdown]
# ## What is needed, where and when
#
# The need of a hotspot is its incidents, their harm and its class, and its hours are learned from the records: a busy hotspot has hours of its own, a quiet one leans on its team and on its types of incident. Where records tell no hour, the plan says so and spreads visits over the shift.

# %%
demand = hs.patrol_demand(spots, asb, lpts=lpts, on="2024-01-08")
print(demand)

# %%
demand.need[["name", "lpt", "incidents", "need", "tier", "route"]].head().round(3)

# %% [markdown]
# What people ask for counts too, up to a stated share of the need, until it expires, and never so much that the best-evidenced hotspots fall out.

# %%
asked = demand.need.index[-1]
priorities = pd.DataFrame({
    "theme": ["Young people on the way home from school"], "source": ["PACT meeting"],
    "date": [pd.Timestamp("2023-12-10")], "weight": [0.8], "author": ["neighbourhood inspector"],
    "hotspot": [asked],
})  # fmt: skip
demand = hs.patrol_demand(spots, asb, lpts=lpts, on="2024-01-08", priorities=priorities)
demand.priorities[["theme", "source", "expiry", "points", "status"]]

# %% [markdown]
# ## Who is there
#
# Shifts, units and tasks are tables a team can keep in a spreadsheet. A task says who may do it: enforcement needs a constable; public order after dark takes two officers.

# %%
shifts, units = county.shifts, county.units
hs.read_tasks()[["meaning", "constable", "pcso", "special", "night_officers"]]

# %% [markdown]
# ## The plan
#
# The hours are shared out by an exact integer programme, then each shift is routed. The order is drawn from a secret and the date: whoever holds the secret can make the same plan again, nobody else can guess it.

# %%
secret = "kept on file in the control room"
plan = hs.plan_patrols(demand, lpts=lpts, shifts=shifts, units=units, start="2024-01-08", days=2,
                       seed=secret)  # fmt: skip
print(plan)

# %%
hs.plot_demand(demand, plan)
plt.show()

# %% [markdown]
# Every visit says in one line why it is made, and in a few more why then, why this unit and what to do.

# %%
visit = plan.visits.iloc[0]
for part in ("reason", "why_then", "why_unit", "tactic"):
    print(f"{part:>9}: {visit[part]}")

# %% [markdown]
# The supervisor's page for one hotspot is what an inspector questions and signs.

# %%
print(hs.supervisor_page(plan, plan.coverage["need"].idxmax()))

# %% [markdown]
# ## What rules cost, and who gets the hours
#
# Floors and fair shares are choices with a price, and the price is told: how much of the need that could have been covered each of them gives up.

# %%
plan.costs[["group", "rules", "unmet", "value_lost_share"]].round(4)

# %%
fairness = hs.patrol_fairness(plan, lpts=lpts)
print(fairness)

# %% [markdown]
# ## The same plan again, and not for others
#
# Each team's plan is drawn on its own, so an auditor with the secret can make one team's again.

# %%
team = plan.visits["lpt"].iloc[0]
mine = units[units["lpt"] == team]
asked_of = {"lpts": lpts, "shifts": shifts, "units": mine, "start": "2024-01-08", "days": 2}
was = plan.visits.loc[plan.visits["lpt"] == team, "arrive"]
print("made again:", hs.plan_patrols(demand, **asked_of, seed=secret).visits["arrive"].equals(was))
print("guessed:", hs.plan_patrols(demand, **asked_of, seed="a guess").visits["arrive"].equals(was))
print("fingerprint:", plan.basis.fingerprint)

# %% [markdown]
# ## A sergeant changes it
#
# The plan is a table. Here one visit is dropped and one moved by an hour; the plan is checked against every rule and explained anew. Nothing is repaired behind anybody's back: a rule that is broken is told, with what would mend it.

# %%
changed = plan.visits.drop(plan.visits.index[1])
moved = changed.index[0]
changed.loc[moved, ["arrive", "depart"]] += pd.Timedelta("60min")
amended = hs.amend_plan(plan, changed)
print(amended)

# %% [markdown]
# Nothing is tasked by itself. What people decide goes into a log that is added to and never rewritten, by role and with the reason.

# %%
log = Path(tempfile.mkdtemp()) / "decisions.csv"
decided = pd.DataFrame({
    "decision": ["accepted", "rejected"], "role": ["duty inspector", "neighbourhood sergeant"],
    "why": ["", "road closed for works"], "visit": [None, plan.visits.index[1]],
})  # fmt: skip
print(hs.log_decisions(log, plan, decided))

# %% [markdown]
# Cards for officers, calendars and routes for handhelds are written in one line each: `hs.write_cards("cards", plan)`, `hs.export_routes("routes", plan)`.
#
# ## What was delivered
#
# Pings or an activity log are matched to the plan. Here four visits of five were made, some of them late, some cut short. Pings are added up at once to minutes per hotspot and day; nothing is kept per officer.

# %%
rng = np.random.default_rng(7)
done = plan.visits[rng.random(len(plan.visits)) < 0.8]
late = pd.to_timedelta(rng.integers(0, 40, len(done)), unit="min")
stayed = pd.to_timedelta(rng.choice([6, 12, 15, 20], len(done)), unit="min")
activities = pd.DataFrame({
    "unit": done["unit"].to_numpy(), "hotspot": done["hotspot"].to_numpy(),
    "arrive": (done["arrive"] + late).to_numpy(),
    "depart": (done["arrive"] + late + stayed).to_numpy(),
})  # fmt: skip
delivery = hs.match_delivery(plan, activities)
print(delivery)

# %%
hs.plot_delivery(delivery)
plt.show()

# %%
print(hs.monthly_return(delivery))

# %% [markdown]
# Whether such patrols *worked* is another question: it takes places or days without them to compare with, chosen by chance before the patrols begin.
