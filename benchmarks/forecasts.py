"""How often forecast intervals hold what comes, which model wins, and how long it takes.

    python benchmarks/forecasts.py             simulated counts, half an hour; --quick a few minutes
    python benchmarks/forecasts.py FOLDER      the same on real records, in FOLDER as written below

Simulated: ten LPTs in two commands and fifty categories, 500 series, at a time. Real: FOLDER holds
police_uk/city-of-london-2018-2020.zip, police_uk/staffordshire-2024-2025.zip with
boundaries/staffordshire_lpts.gpkg, and timed/nycvehiclethefts.csv.gz.
"""

import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

import hotspots as hs
from hotspots.forecasts._judge import race
from hotspots.forecasts._words import stepped

LPTS, STEPS = 10, {"MS": 3, "W-MON": 4}
SCENARIOS = {
    "steady": {},
    "season": {"swing": 0.2},
    "season, more than chance": {"swing": 0.2, "alpha": 0.05, "origins": 26},
    "season, drift 5% a month": {"swing": 0.2, "drift": 0.05, "origins": 26},
    "season, level falls by 40% in the last 3 months": {
        "swing": 0.2, "step": 0.6, "origins": 26,
    },
}  # fmt: skip
"""Swing: a peak 1.49 times the trough. Alpha: variance = mean + alpha mean². Origins: at most."""


def lpts():
    """Ten LPTs in two commands; where they lie does not matter here."""
    import geopandas as gpd
    import shapely

    return gpd.GeoDataFrame(
        {"area_km2": 1.0, "command": ["South"] * 4 + ["North"] * 6},
        index=pd.Index([f"LPT {n}" for n in range(LPTS)], name="lpt"),
        geometry=[shapely.box(n, 0, n + 1, 1) for n in range(LPTS)], crs="EPSG:27700",
    )  # fmt: skip


def simulated(mean, periods, categories, freq, seed, swing=0.0, alpha=0.0, drift=0.0, step=1.0):
    """Draw counts: the table that is known, and the counts that come after."""
    rng = np.random.default_rng(seed)
    ahead = STEPS[freq]
    start = pd.date_range("2020-01-01", periods=periods + ahead, freq=freq)
    year = 2 * np.pi * start.day_of_year.to_numpy() / 365.25
    size = mean * rng.gamma(4, 0.25, (categories, LPTS))
    season = np.exp(swing * np.cos(year - rng.uniform(0, 2 * np.pi, (categories, 1))))
    a_month = drift if freq == "MS" else drift * np.sqrt(12 / 52)
    walk = np.exp(np.cumsum(rng.normal(0, a_month, (categories, LPTS, len(start))), axis=2))
    rate = size[..., None] * season[:, None] * walk
    if freq == "MS":
        rate = rate * start.days_in_month.to_numpy() / 30.4375
    rate[..., periods - (3 if freq == "MS" else 13) :] *= step
    count = rng.poisson(rng.gamma(1 / alpha, alpha * rate) if alpha else rate)
    c, n, t = np.indices(count.shape)
    table = pd.DataFrame({
        "category": np.array([f"category {k:02d}" for k in range(categories)])[c.ravel()],
        "lpt": np.array([f"LPT {k}" for k in range(LPTS)])[n.ravel()],
        "period_start": start[t.ravel()], "incidents": count.ravel(),
    })  # fmt: skip
    known = table["period_start"] < start[periods]
    return table[known], table[~known]


def held(told, came):
    """Shares of the counts that came inside the intervals, for LPTs and for the force."""
    above = came.assign(lpt="Force")
    found = []
    for level, part in (("lpt", came), ("force", above)):
        truth = part.groupby(["lpt", "category", "period_start"], as_index=False)["incidents"].sum()
        ahead = told.ahead[told.ahead["level"] == level].merge(truth)
        found += [float(ahead["incidents"].between(ahead[f"low{k}"], ahead[f"high{k}"]).mean())
                  for k in (80, 95)]  # fmt: skip
    return found


def coverage(categories):
    """Print how often the intervals held the counts to come, by scenario and mean count."""
    print(f"\nCoverage of what came after the record, {categories * LPTS} series each, method auto")
    print("| records | scenario | mean a period | LPT 80% | LPT 95% | force 80% | force 95% | "
          "rival in use | LPT warned | force warned |\n" + "|---" * 10 + "|")  # fmt: skip
    areas = lpts()
    for freq, periods, means in (("MS", 60, (0.5, 5, 50, 500)), ("MS", 36, (5, 50)),
                                 ("W-MON", 156, (0.5, 5, 50))):  # fmt: skip
        for name, what in SCENARIOS.items():
            for mean in means:
                law = {key: value for key, value in what.items() if key != "origins"}
                known, came = simulated(mean, periods, categories, freq, 7, **law)
                told = hs.forecast(known, ["lpt", "category"], freq, STEPS[freq], lpts=areas,
                                   origins=what.get("origins", 52))  # fmt: skip
                cover = " | ".join(f"{share:.1%}" for share in held(told, came))
                level = stepped(told.past, ["level", "lpt", "category"])["level"]
                warned = f"{(level == 'lpt').sum() / categories / LPTS:.1%} | "
                warned += f"{(level == 'force').sum() / categories:.0%} |"
                away = (told.choices.query("in_use")["model"] != "mean").mean()
                print(f"| {periods} {'months' if freq == 'MS' else 'weeks'} | {name} | {mean:g} | "
                      f"{cover} | {away:.0%} | {warned}", flush=True)  # fmt: skip


def luck(groups=2000):
    """Print how often a rival no better than the baseline is preferred."""
    print("\nShare of groups where one of three rivals, none better, is preferred (at most 2.5%)")
    print("| origins | horizon | preferred |\n|---|---|---|")
    rng = np.random.default_rng(1)
    for origins in (12, 26, 52):
        for horizon in (1, 3):
            turns = origins + 1
            base = rng.gamma(4, 1, (groups, turns, horizon))
            pairs = []
            for _ in range(3):  # errors of neighbouring origins alike, as those of real forecasts
                noise = rng.normal(0, 0.3, (groups, turns + horizon))
                alike = np.stack([noise[:, h : h + turns] for h in range(horizon)], axis=2)
                pairs.append((base, base + alike.mean(axis=2, keepdims=True)))
            picked = race(pairs, 0, np.array([origins])).pick[:, -1]
            print(f"| {origins} | {horizon} | {(picked > 0).mean():.1%} |", flush=True)


def known_truth():
    """Print how often intervals of the county's forecasts held its exact expectations' draws."""
    print("\nThe synthetic county: next three months after 48, ten seeds, force and LPTs")
    rows = []
    for seed in range(10):
        county = hs.make_county(seed=seed, months=51)
        counted = hs.count_series(county.incidents, ["lpt"], lpts=county.lpts).series
        cut = counted["period_start"].drop_duplicates().sort_values().iloc[48]
        before = county.incidents[county.incidents["occurred_to"] < cut]
        told = hs.forecast(before, lpts=county.lpts, seed=seed)
        both = told.ahead.merge(counted, on=["level", "lpt", "period_start"])
        rows.append(both[both["lpt"] != "no LPT"])
    both = pd.concat(rows)
    for level, part in both.groupby("level"):
        cover = [part["incidents"].between(part[f"low{k}"], part[f"high{k}"]).mean()
                 for k in (80, 95)]  # fmt: skip
        print(f"{level}: {len(part)} counts, 80% held {cover[0]:.1%}, 95% held {cover[1]:.1%}")


def speed():
    """Print how long 140 series and 1,400 take."""
    print("\nTime, every level and check included")
    for categories, origins in ((14, 26), (140, 26)):
        known, _ = simulated(8, 60, categories, "MS", 3, swing=0.2)
        begin = time.perf_counter()
        told = hs.forecast(known, ["lpt", "category"], lpts=lpts(), origins=origins)
        took = time.perf_counter() - begin
        n = len(told.ahead) // 3
        print(f"{categories * LPTS:,} series ({n:,} with commands and force), {origins} origins, "
              f"4 models: {took:.1f} s", flush=True)  # fmt: skip


def tested(name, told):
    """Print the scores of one record, all levels, mean over groups and steps."""
    scores = told.scores[told.scores["forecasts"] > 0]
    scores = scores.assign(level=scores.get("level", "all"))
    print(f"\n{name}\n{told}\n")
    print("| level | model | origins | CRPS | against mean × season | MASE | bias | 80% | 95% |\n"
          "|---|---|---|---|---|---|---|---|---|")  # fmt: skip
    for (level, model), part in scores.groupby(["level", "model"], sort=False):
        weight = part["forecasts"] / part["forecasts"].sum()
        said = {k: float((part[k] * weight).sum()) for k in ("crps", "bias", "cover80", "cover95")}
        base = scores[(scores["level"] == level) & (scores["model"] == "mean")]
        both = part.merge(base, on=[c for c in ("category", "step") if c in part])
        # the same forecasts of both: skill is the share saved per group and step
        gain = float((both["skill_x"] * both["crps_y"]).sum() / both["crps_y"].sum())
        print(f"| {level} | {model} | {part['origins'].max()} | {said['crps']:.2f} | {gain:+.1%} | "
              f"{part['mase'].mean():.2f} | {said['bias']:+.1%} | {said['cover80']:.0%} | "
              f"{said['cover95']:.0%} |")  # fmt: skip


def real(folder):
    """Test the models on real records."""
    import geopandas as gpd

    areas = hs.read_lpts(folder / "boundaries" / "staffordshire_lpts.gpkg")
    loaded = hs.read_incidents(folder / "police_uk" / "staffordshire-2024-2025.zip", lpts=areas)
    tested("Staffordshire, 16 months", hs.forecast(loaded.incidents, lpts=areas))
    loaded = hs.read_incidents(folder / "police_uk" / "city-of-london-2018-2020.zip")
    tested("City of London by category, 32 months", hs.forecast(loaded.incidents, ["category"]))
    tested("City of London, all", hs.forecast(loaded.incidents, []))
    raw = pd.read_csv(folder / "timed" / "nycvehiclethefts.csv.gz")
    first, last = pd.to_datetime(raw["date_start"]), pd.to_datetime(raw["date_end"])
    last = last.fillna(first)
    ok = (last >= first) & (last - first < pd.Timedelta(days=7))
    part = np.minimum(raw["latitude"].rank(method="first") / len(raw) * LPTS, LPTS - 1e-9)
    thefts = gpd.GeoDataFrame(
        {"category": "Vehicle theft", "occurred_from": first, "occurred_to": last,
         "lpt": "LPT " + part.astype(int).astype(str)},
        geometry=gpd.points_from_xy(raw["longitude"], raw["latitude"], crs=4326),
    )[ok].to_crs("EPSG:32118").rename_axis("incident")  # fmt: skip
    for freq, steps in STEPS.items():
        name = f"New York vehicle thefts in ten bands of latitude, {freq}"
        tested(name, hs.forecast(thefts, ["lpt"], freq, steps, lpts=lpts()))
    tested("New York, 104 weeks of origins",
           hs.forecast(thefts, ["lpt"], "W-MON", 4, lpts=lpts(), origins=104))  # fmt: skip


if __name__ == "__main__":
    warnings.simplefilter("ignore", hs.Notice)
    asked = [word for word in sys.argv[1:] if not word.startswith("--")]
    if asked:
        real(Path(asked[0]))
    else:
        luck()
        known_truth()
        speed()
        coverage(10 if "--quick" in sys.argv else 50)
