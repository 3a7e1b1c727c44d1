"""Would the plan have been where it happened: plans made from the past, scored on 28 days to come.

At every origin the hotspots, their need, their hours and the plan are made from incidents before
it. Scored is the share of the incidents of the next 28 days that happen in a hotspot within two
hours of the start of a visit there, for count and for harm, against plain plans with as many
visits in each LPT and day, and against the plan itself with a part left out. A span counts by the
part of it that falls into the two hours. Nothing here says what a visit prevents.

Plain plans travel for nothing, which favours them: the 3 or 5 hotspots of each LPT with most
incidents in turn from 16:00 to 24:00; all hotspots in turn around the clock; cells with any
incident of the past year, drawn at random around the clock, mean of 20 drawings.

    python benchmarks/patrol_value.py county                # the synthetic county
    python benchmarks/patrol_value.py FILE.csv.gz           # thefts of vehicles, New York City
    python benchmarks/patrol_value.py county --keep FOLDER --most 3   # some origins at a time
    python benchmarks/patrol_value.py county --hours        # the hours alone, without plans

The file is nycvehiclethefts.csv.gz of the Crime Open Database (R package crimedata): date_start,
date_end, longitude, latitude. The city has no LPTs in it: four bands of latitude that held as many
thefts each in 2014 stand for them. Its points are middles of blocks, so that many at one of them
say nothing of premises: no hotspot is sent to problem solving there. Of the county the four LPTs
with most incidents are taken.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import warnings
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

import hotspots as hs

DAYS, DRAWS, DWELL = 28, 20, 15
TOP = (3, 5)  # hotspots visited in turn in the evening; under 5, visits come within two hours
WINDOWS = (120, 15)  # minutes from the start of a visit in which an incident counts as met
SIZE, PER_LPT = 250, 12  # metres of a cell; hotspots of an LPT
FIRST = {"county": "2024-01-01", "city": "2015-01-01"}  # a year of records comes before
HOURS_A_DAY = 10.0  # officer-hours of an LPT, a day: five of a pair
SHIFTS = pd.DataFrame({
    "shift": ["early", "late", "night"], "start": ["07:00", "15:00", "23:00"],
    "end": ["15:00", "23:00", "07:00"], "briefing_min": 15.0, "debrief_min": 15.0,
})  # fmt: skip
LONGEST = pd.Timedelta("24h")


def units_of(lpts: gpd.GeoDataFrame) -> pd.DataFrame:
    """Give each LPT a pair in a vehicle in each shift: after 20:00 most tasks ask for two."""
    rows = [(f"{lpt} {shift}", lpt, shift, "constable", 2, "vehicle")
            for lpt in lpts.index for shift in SHIFTS["shift"]]  # fmt: skip
    names = ["unit", "lpt", "shift", "kind", "officers", "mode"]
    return pd.DataFrame(rows, columns=names).set_index("unit")


def read_thefts(path: Path) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Read the thefts, and cut the city into four bands of latitude by those of the first year."""
    raw = pd.read_csv(path)
    first = pd.to_datetime(raw["date_start"])
    last = pd.to_datetime(raw["date_end"]).fillna(first)
    kept = ((last >= first) & (first >= "2014-01-01")).to_numpy()
    thefts = gpd.GeoDataFrame(
        {"category": "Vehicle theft", "occurred_from": first, "occurred_to": last},
        geometry=gpd.points_from_xy(raw["longitude"], raw["latitude"], crs=4326),
    )[kept].to_crs("EPSG:32118").reset_index(drop=True).rename_axis("incident")  # fmt: skip
    x0, y0, x1, y1 = thefts.total_bounds + np.array([-1, -1, 1, 1])
    year = thefts["occurred_from"] < "2015-01-01"
    cuts = np.quantile(thefts.geometry.y[year], [0.25, 0.5, 0.75])
    edges = [y0, *cuts, y1]
    names = [f"band {n + 1}" for n in range(4)]
    shapes = [shapely.box(x0, a, x1, b) for a, b in itertools.pairwise(edges)]
    lpts = gpd.GeoDataFrame({"area_km2": [s.area / 1e6 for s in shapes]}, geometry=shapes,
                            index=pd.Index(names, name="lpt"), crs=thefts.crs)  # fmt: skip
    band = np.searchsorted(cuts, thefts.geometry.y)
    return thefts.assign(lpt=np.array(names)[band]), lpts


def read_county() -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Make the synthetic county, without what police activity found, and its harm."""
    county = hs.make_county(seed=1, months=36)
    public = county.incidents[county.incidents["origin"] != "police"].dropna(subset="lpt")
    most = public["lpt"].value_counts().index[:4].sort_values()
    some = public[public["lpt"].isin(most)]
    return some.assign(harm=hs.harm_days(some)), county.lpts.loc[most]


# --- hotspots and plans --------------------------------------------------------------------------


def make_hotspots(past: gpd.GeoDataFrame, grid: hs.Grid) -> gpd.GeoDataFrame:
    """Take the cells of each LPT that held most in the past year."""
    year = past[past["occurred_from"] >= past["occurred_from"].max() - pd.Timedelta("365D")]
    cells = 2 * (SIZE / 1000) ** 2  # two cells at most
    return (
        hs.Counts()
        .fit(year)
        .hotspots(grid, top_k=PER_LPT, max_area_km2=cells, min_incidents=4, per_lpt=True)
    )


def lpt_hours(demand: hs.Demand, past: gpd.GeoDataFrame) -> np.ndarray:
    """Give every hotspot the hours of its LPT, all types together."""
    profile = hs.week_profile(past, "lpt", smooth=1.0, bootstraps=100).hours
    rate = profile.pivot_table(index="lpt", columns="hour_of_week", values="rate")
    share = rate.to_numpy() / rate.to_numpy().mean(axis=1, keepdims=True)
    return share[rate.index.get_indexer(demand.need["lpt"])]


def own_hours(demand: hs.Demand) -> np.ndarray:
    """Give every hotspot the hours of its own incidents, smoothed by an hour and no more."""
    own = demand.hours["incidents"].to_numpy().reshape(-1, 168)
    own = 0.5 * own + 0.25 * (np.roll(own, 1, axis=1) + np.roll(own, -1, axis=1)) + 0.1
    return own / own.mean(axis=1, keepdims=True)


EFFORT = [1]  # steps of route improvement; --effort sets it
Visits = pd.DataFrame  # place (position of a shape), start (minutes after the origin)


def planned(demand: hs.Demand, lpts: gpd.GeoDataFrame, origin: pd.Timestamp, **rules) -> Visits:
    """Plan, and tell where and when its visits begin."""
    plan = hs.plan_patrols(
        demand, lpts=lpts, shifts=SHIFTS, units=units_of(lpts), start=origin.date(), days=DAYS,
        rules=hs.PatrolRules(
            officer_hours=dict.fromkeys(lpts.index, HOURS_A_DAY * DAYS), effort=EFFORT[0], **rules),
    )  # fmt: skip
    start = (plan.visits["arrive"] - origin) / pd.Timedelta("1min")
    return pd.DataFrame({
        "place": demand.need.index.get_indexer(plan.visits["hotspot"]), "start": start.to_numpy(),
        "lpt": plan.visits["lpt"].to_numpy(), "day": (plan.visits["date"] - origin).dt.days,
    }).reset_index(drop=True)  # fmt: skip


def in_turn(places: dict[str, np.ndarray], visits: Visits, first: int, last: int) -> Visits:
    """Spread as many visits as the plan has evenly over hours of each day, each place in turn."""
    rows, turn = [], dict.fromkeys(places, 0)
    for (lpt, day), group in visits.groupby(["lpt", "day"]):
        n, mine = len(group), places[lpt]
        at = first + (last - first) * (np.arange(n) + 0.5) / n
        which = mine[(turn[lpt] + np.arange(n)) % len(mine)]
        turn[lpt] += n
        rows.append(pd.DataFrame({"place": which, "start": day * 1440 + 60 * at}))
    return pd.concat(rows, ignore_index=True)


def at_random(places: dict[str, np.ndarray], visits: Visits, seed: int) -> Visits:
    """Draw a place and a time for each visit, around the clock."""
    rng = np.random.default_rng(seed)
    rows = []
    for (lpt, day), group in visits.groupby(["lpt", "day"]):
        start = day * 1440 + 420 + rng.uniform(0, 1440, len(group))
        rows.append(pd.DataFrame({"place": rng.choice(places[lpt], len(group)), "start": start}))
    return pd.concat(rows, ignore_index=True)


# --- the score -----------------------------------------------------------------------------------


def pairs(shapes: np.ndarray, future: gpd.GeoDataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Find the incidents in each shape: position of the shape and of the incident, by shape."""
    place, row = shapely.STRtree(future.geometry.to_numpy()).query(shapes, predicate="intersects")
    order = np.argsort(place, kind="stable")
    return place[order], row[order]


def met(
    visits: Visits, inside: tuple[np.ndarray, np.ndarray], span: np.ndarray, window: int
) -> np.ndarray:
    """Return the part of each incident that lies where and soon after a visit begins.

    ``span`` (incidents, 2) are the minutes from the origin to its start and end.
    """
    found = np.zeros(len(span))
    ordered = visits.sort_values(["place", "start"], kind="stable")
    at, begins = ordered["place"].to_numpy(), ordered["start"].to_numpy()
    place, row = inside
    for p in np.intersect1d(place, at):
        opens = begins[slice(*np.searchsorted(at, [p, p + 1]))]
        edges = np.concatenate([opens, opens + window])
        step = np.concatenate([np.ones(len(opens)), -np.ones(len(opens))])
        order = np.lexsort((-step, edges))
        edges, covered = edges[order], np.cumsum(step[order]) > 0
        upto = np.concatenate([[0], np.cumsum(np.diff(edges) * covered[:-1])])
        mine = row[slice(*np.searchsorted(place, [p, p + 1]))]
        start, end = span[mine].T
        part = (np.interp(end, edges, upto) - np.interp(start, edges, upto)) / (end - start)
        found[mine] = np.maximum(found[mine], part)
    return found


def foretold(
    intensity: np.ndarray, inside: tuple[np.ndarray, np.ndarray], future: gpd.GeoDataFrame
) -> np.ndarray:
    """Return the log of the intensity at the hours of each incident in a hotspot; flat is 0."""
    place, row = inside
    shares = hs.aoristic(future.iloc[row].reset_index(drop=True)).to_numpy()
    value = np.nansum(shares * np.log(intensity[place]), axis=1)
    known = ~np.isnan(shares[:, 0])
    harm = future["harm"].to_numpy()[row] if "harm" in future.columns else np.ones(len(row))
    return np.column_stack([value, harm, harm * value])[known]


def score_hours(demand, spots, past, future) -> dict[str, np.ndarray]:
    """Score the hours learned, those of the LPT and each hotspot's own."""
    inside = pairs(spots.geometry.to_numpy(), future)
    hours = {"learned": demand.intensity, "of the LPT": lpt_hours(demand, past)}
    if "harm" in past.columns:
        plain = hs.patrol_demand(spots, past.drop(columns="harm"))
        hours["learned from counts alone"] = plain.intensity
    if demand.hours_known:
        hours["its own alone"] = own_hours(demand)
    return {name: foretold(each, inside, future) for name, each in hours.items()}


def score_origin(past, future, lpts, grid, origin, premises: bool) -> pd.DataFrame:
    """Make every plan at an origin; return by plan and window the part met of each incident.

    ``attrs`` holds the hours at hotspots of each plan.
    """
    spots = make_hotspots(past, grid)
    demand = hs.patrol_demand(spots, past, lpts=lpts, on=origin.date())
    if not premises:
        need = demand.need.assign(route="patrol", worth=demand.need["need"])
        demand = dataclasses.replace(demand, need=need)
    flat = dataclasses.replace(
        demand, hours=demand.hours.assign(intensity=1.0), hours_known=False, why_flat="left out"
    )
    plans = {"plan": planned(demand, lpts, origin), "flat hours": planned(flat, lpts, origin)}
    lent = lpt_hours(demand, past)
    plans["hours of the LPT"] = planned(
        dataclasses.replace(
            demand, hours=demand.hours.assign(intensity=lent.ravel()), hours_known=True
        ), lpts, origin,
    )  # fmt: skip
    plans["no decay (.95)"] = planned(demand, lpts, origin, decay=0.95)
    on_plan = demand.need["worth"].to_numpy() > 0
    ranked = {}
    for lpt in lpts.index:
        rows = np.flatnonzero((spots["lpt"] == lpt).to_numpy() & on_plan)
        ranked[lpt] = rows[np.argsort(-spots["incidents"].to_numpy()[rows], kind="stable")]
    base = plans["plan"]
    for k in TOP:
        top = {lpt: rows[:k] for lpt, rows in ranked.items()}
        plans[f"top {k} in the evening"] = in_turn(top, base, 16, 24)
    plans["all in turn"] = in_turn(ranked, base, 7, 31)
    span = np.column_stack([((future[f"occurred_{n}"] - origin) / pd.Timedelta("1min"))
                            for n in ("from", "to")])  # fmt: skip
    span[:, 1] = np.maximum(span[:, 1], span[:, 0] + 1)
    inside = pairs(spots.geometry.to_numpy(), future)
    score = {(name, w): met(v, inside, span, w) for name, v in plans.items() for w in WINDOWS}
    year = past[past["occurred_from"] >= origin - pd.Timedelta("365D")]
    year = year.assign(cell=grid.locate(year)).query("cell >= 0").drop_duplicates("cell")
    cells = grid.polygons(year["cell"].to_numpy())
    inhabited = {lpt: np.flatnonzero(year["lpt"] == lpt) for lpt in lpts.index}
    inside = pairs(cells.geometry.to_numpy(), future)
    drawn = [at_random(inhabited, base, seed) for seed in range(DRAWS)]
    for w in WINDOWS:
        score["random inhabited cells", w] = np.mean(
            [met(visits, inside, span, w) for visits in drawn], axis=0
        )
    table = pd.DataFrame(score)
    plans["random inhabited cells"] = base
    table["span_h", 0] = (span[:, 1] - span[:, 0]) / 60
    table["harm", 0] = future.get("harm", pd.Series(1.0, index=future.index)).to_numpy()
    table.attrs["hours"] = {name: len(v) * DWELL / 60 for name, v in plans.items()}
    table.attrs["known"] = demand.hours_known
    return table


# --- over all origins ----------------------------------------------------------------------------


def origins_of(incidents: gpd.GeoDataFrame, first: str) -> list[pd.Timestamp]:
    """List origins 28 days apart with 28 days of records to come."""
    end = incidents["occurred_from"].max().normalize() - pd.Timedelta(days=DAYS - 1)
    every = list(pd.date_range(first, end, freq=f"{DAYS}D"))
    return [origin for k in (0, 2, 1, 3) for origin in every[k::4]]  # a part of them is spread out


def pooled(
    tables: list[pd.DataFrame], window: int, weigh: str, most_h: float, draws: int = 2000
) -> tuple[pd.DataFrame, int]:
    """Return share met and share per 100 hours of each plan, and the plan's lead over each.

    Intervals from origins drawn anew, and incidents within them, the same for every plan.
    """
    names = [name for name, w in tables[0].columns if w == window]
    sums, totals, hours, events = [], [], [], 0
    rng = np.random.default_rng(0)
    for table in tables:
        some = table[table["span_h", 0] <= most_h]
        value = some["harm", 0].to_numpy() if weigh == "harm" else np.ones(len(some))
        again = np.vstack([np.ones(len(some)), rng.poisson(1.0, (draws, len(some)))]) * value
        sums.append(again @ some[[(name, window) for name in names]].to_numpy())
        totals.append(again.sum(axis=1))
        hours.append([table.attrs["hours"][name] for name in names])
        events += len(some)
    drawn = rng.multinomial(len(tables), np.full(len(tables), 1 / len(tables)), draws)
    weight = np.vstack([np.ones(len(tables)), drawn])  # the first row is the records themselves
    share = np.einsum("bo,obp->bp", weight, np.stack(sums))
    share /= np.einsum("bo,ob->b", weight, np.stack(totals))[:, None]
    rate = share / (weight @ np.array(hours)) * len(tables) * 100
    lead = rate[:, :1] - rate
    low, high = np.quantile(lead[1:], [0.025, 0.975], axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = rate[:, :1] / rate
    ratio_low, ratio_high = np.nanquantile(ratio[1:], [0.025, 0.975], axis=0)
    return pd.DataFrame({
        "share": share[0], "hours": np.array(hours).mean(axis=0), "per_100_h": rate[0],
        "lead": lead[0], "low": low, "high": high, "ratio": ratio[0], "ratio_low": ratio_low,
        "ratio_high": ratio_high,
    }, index=names), events  # fmt: skip


def show_hours(tables: list[pd.DataFrame], draws: int = 2000) -> None:
    """Print how well hours foretell incidents in hotspots, in nats an incident over flat ones."""
    tables = [t for t in tables if t.attrs["known"]]
    names = list(tables[0].attrs["nats"])
    rng = np.random.default_rng(0)
    weight = rng.multinomial(len(tables), np.full(len(tables), 1 / len(tables)), draws)
    print("\n| hours | nats an incident over flat hours, 95% interval | the same by harm |")
    print("|---|---|---|")
    number = np.array([len(t.attrs["nats"][names[0]]) for t in tables])
    for name in names:
        told = []
        sums = np.array([t.attrs["nats"][name].sum(axis=0) for t in tables])
        for value, of in ((sums[:, 0], number), (sums[:, 2], sums[:, 1])):
            low, high = np.quantile((weight @ value) / (weight @ of), [0.025, 0.975])
            told.append(f"{value.sum() / of.sum():+.4f} ({low:+.4f} to {high:+.4f})")
        print(f"| {name} | {' | '.join(told)} |")
    print(f"\n{number.sum():,} incidents in hotspots")


def show(table: pd.DataFrame) -> None:
    """Print a table in Markdown."""
    print("| plan | met | hours at hotspots in 28 days | met per 100 hours | lead of the plan, 95% "
          "interval | times as much, 95% interval |")  # fmt: skip
    print("|---|---|---|---|---|---|")
    for name, row in table.iterrows():
        ahead = times = ""
        if name != "plan":
            ahead = f"{row['lead']:+.3%} ({row['low']:+.3%} to {row['high']:+.3%})"
            times = f"{row['ratio']:.2f} ({row['ratio_low']:.2f} to {row['ratio_high']:.2f})"
        print(f"| {name} | {row['share']:.2%} | {row['hours']:.0f} | {row['per_100_h']:.3%} | "
              f"{ahead} | {times} |")  # fmt: skip


def main() -> None:
    """Score every origin and print what it says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", help="county, or the file of thefts")
    parser.add_argument("--keep", type=Path, help="folder of origins scored before")
    parser.add_argument("--most", type=int, help="score no more than so many origins now")
    parser.add_argument("--hours", action="store_true", help="score the hours alone")
    parser.add_argument("--effort", type=int, default=1, help="steps of route improvement")
    given = parser.parse_args()
    EFFORT[0] = given.effort
    warnings.simplefilter("ignore", hs.Notice)
    city = given.data != "county"
    incidents, lpts = read_thefts(Path(given.data)) if city else read_county()
    grid = hs.Grid.over(lpts, size=SIZE)
    tables, made = [], 0
    for origin in origins_of(incidents, FIRST["city" if city else "county"]):
        kept = given.keep and given.keep / f"{'city' if city else 'county'}-{origin:%Y%m%d}.pkl"
        if kept and kept.exists():
            tables.append(pd.read_pickle(kept))
            continue
        if given.most is not None and made >= given.most:
            continue
        at = incidents["occurred_from"]
        future = incidents[(at >= origin) & (at < origin + pd.Timedelta(days=DAYS))]
        future = future[future["occurred_to"] - future["occurred_from"] <= LONGEST]
        if given.hours:
            past = incidents[at < origin]
            spots = make_hotspots(past, grid)
            demand = hs.patrol_demand(spots, past, lpts=lpts, on=origin.date())
            tables.append(pd.DataFrame())
            tables[-1].attrs |= {"nats": score_hours(demand, spots, past, future),
                                 "known": demand.hours_known}  # fmt: skip
            continue
        table = score_origin(incidents[at < origin], future, lpts, grid, origin, premises=not city)
        tables.append(table)
        made += 1
        if kept:
            table.to_pickle(kept)
        print(f"{origin:%Y-%m-%d}: {len(future)} incidents to come", flush=True)
    known = sum(table.attrs["known"] for table in tables)
    print(f"\n{len(tables)} origins; hours known at {known} of them")
    if given.hours:
        show_hours(tables)
        return
    for window in WINDOWS:
        for weigh in ("count", "harm") if not city else ("count",):
            for most_h in (24.0, 2.0):
                found, events = pooled(tables, window, weigh, most_h)
                print(f"\nBy {weigh}, {window} minutes from the start of a visit, times known to "
                      f"{most_h:g} hours or better ({events:,} incidents)\n")  # fmt: skip
                show(found)


if __name__ == "__main__":
    main()
