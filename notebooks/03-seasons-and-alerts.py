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
# # Seasons and alerts
#
# A commander asks four things of time. *Is this usual for the time of year? Is anything out of the ordinary now? What is coming? And at which hours?* This notebook answers them for a county whose truth is known, so that every answer can be held against it. Words first, numbers behind them, and always how sure.

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

import hotspots as hs

# %matplotlib inline

here = Path.cwd()
SAMPLE = next(p / "data/sample" for p in (here, *here.parents) if (p / "data/sample").is_dir())

lpts = hs.read_lpts(SAMPLE / "lpts.gpkg")
loaded = hs.read_incidents(SAMPLE / "county-street.zip", lpts=lpts, progress=False)
published = loaded.incidents

# %% [markdown]
# ## Counts first
#
# Every group has every month; a month whose file was not there is a gap and never a zero; teams add up to commands, commands to the force.

# %%
counted = hs.count_series(published, by=["lpt", "category"], lpts=lpts)
print(counted)
counted.series.query("level == 'force' and category == 'Burglary'").tail(3)

# %% [markdown]
# ## Is there a season?
#
# A decomposition always shows one, in pure noise too. So the claim rests on a test, with an interval for the month of the peak and for how far the peak stands above the trough. A team with few incidents leans on the force's season.

# %%
trends = hs.seasonal_trends(published, by=["category"])
print(trends)

# %%
hs.plot_trends(trends, "Anti-social behaviour")
plt.show()

# %% [markdown]
# The county was made with a summer peak of anti-social behaviour, 1.8 times the trough. What was found:

# %%
seasons = hs.make_county(seed=1, months=1).seasons.query("lpt == 'Elverstone'")
planted = seasons.set_index("category")[["peak_month", "ratio"]].add_prefix("planted_")
found = trends.summary.set_index("category")
shown = found[["peak_month", "ratio", "ratio_low", "ratio_high", "verdict"]].join(planted)
shown.dropna(subset=["ratio"]).round(2)

# %% [markdown]
# ## Did the level step?
#
# A step may be a change on the street or a change in the books. Each one found is set beside a registry of known recording changes, which you can extend; nothing is taken out of the series unless you ask.

# %%
steps = hs.find_breaks(published, by=["category"])
print(steps)

# %%
team = published.query("lpt == 'Fennimore'")
vehicle = hs.find_breaks(team, by=["category"])
hs.plot_breaks(vehicle, "Vehicle crime")
plt.show()

# %% [markdown]
# In Fennimore, vehicle crime was made to rise by half in the middle of the record, August 2023. At three a month the records show that it rose; when, and by how much, they leave wide open, and the answer says so.
#
# ## Is anything unusual now?
#
# Each team and category against its own past, season and scatter included. The count of alerts never stands without the number that chance alone would raise.

# %%
alerts = hs.find_alerts(published, by=["lpt", "category"], freq="MS")
print(alerts)

# %% [markdown]
# To see one, plant one: thirty more burglaries in one team in the last month.

# %%
last = published["occurred_from"].max()
extra = published.query("lpt == 'Elverstone' and category == 'Burglary'").head(30)
extra = extra.assign(occurred_from=last, occurred_to=last + pd.offsets.MonthBegin(1))
extra.index = [f"planted-{n}" for n in range(len(extra))]
struck = pd.concat([published, extra])
found = hs.find_alerts(struck, by=["lpt", "category"], freq="MS")
print(found)
hs.plot_alerts(found, ("Elverstone", "Burglary"))
plt.show()

# %% [markdown]
# Two counts against each other, exactly, and no percentage where either is under 20:

# %%
print(hs.compare_counts(6, 2))
print(hs.compare_counts(264, 210))

# %% [markdown]
# ## What is coming?
#
# Four models compete on months they have not seen. The plain one (mean × season) is used unless another beats it by more than chance. Teams add up to commands and to the force.

# %%
coming = hs.forecast(published, by=["lpt"], horizon=3, lpts=lpts)
print(coming)
hs.plot_forecast(coming, "Force")
plt.show()

# %% [markdown]
# ## At which hours?
#
# Published records know the month only, so the question is refused:

# %%
try:
    hs.week_profile(published)
except hs.InputError as refusal:
    print(refusal)

# %% [markdown]
# The force's own records have times, and for a burglary an interval from when it was last seen well to when it was found. Each incident is spread over the hours it may have happened in.

# %%
county = hs.make_county(seed=1, months=24)
timed = county.incidents
violence = timed.query("category == 'Violence and sexual offences'")
week = hs.week_profile(violence)
print(week)
hs.plot_week_profile(week)
plt.show()

# %%
peaks = hs.peak_windows(week)
print(peaks)
print(hs.shift_shares(week, county.shifts))

# %% [markdown]
# ## Which kinds of day?
#
# Bank holidays of England come with the package; school terms and local events from a table of yours. This county was made without any such effect, and none should be claimed.

# %%
effects = hs.calendar_effects(timed, by=())
print(effects)

# %% [markdown]
# ## The briefing at 07:00
#
# The last 24 hours, per team, harm first, against the usual range in words.

# %%
harmed = timed.assign(harm=hs.harm_days(timed))
today = hs.briefing(harmed, "2024-12-20", "Karrowby North")
print(today)

# %% [markdown]
# `write_briefing` makes it a page that prints one sheet per team; `hotspots brief CONFIG.toml` does both every morning.
#
# ## A profile, and what may be published
#
# The profile is for the team. What leaves the force is another matter: small counts are suppressed, and enough others beside them that none can be worked out from the totals.

# %%
profile = hs.lpt_profile(published, "Elverstone", lpts=lpts)
print(profile)

# %%
year = published.query("occurred_from >= '2024-04-01'")
release = hs.publish_trends(year, lpts=lpts)
print(release)
