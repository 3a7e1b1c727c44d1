"""Print every number of the page "Results on real records" and draw its pictures.

    python docs/real_records.py FOLDER [--only support backtest city ...]

FOLDER holds ``police_uk/``, ``boundaries/`` and ``timed/`` (the records are not part of the
project); ``../shared/data`` beside the project by default. Only sums and pictures of results leave
this script, no record and no row. Backtests of the types run in two processes.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import geopandas as gpd
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import shapely
from PIL import Image

import hotspots as hs

ROOT = Path(__file__).resolve().parents[1]
STATIC, DATA = ROOT / "docs" / "_static", ROOT.parent / "shared" / "data"
ASB, VIOLENCE, BURGLARY = "Anti-social behaviour", "Violence and sexual offences", "Burglary"
POLICE = ("Drugs", "Possession of weapons")
STEPS = (BURGLARY, "Vehicle crime", "Public order", ASB)  # types whose gain is taken apart
CITY = ("Other theft", ASB, VIOLENCE, "Shoplifting", "Theft from the person", "Bicycle theft")
WAYS = ("EmpiricalBayes", "every type", "Gi*", "KDE 300 m", "DBSCAN")
HANLEY = ((386_500, 390_000), (345_500, 349_000))


class EveryType(hs.Counts):
    """Ranks cells by the incidents of every type, whatever is foretold: what is free to anyone."""

    def __init__(self, category: str | None = None, *, include_police: bool = False) -> None:
        super().__init__(include_police=include_police)
        self.category = category


class OwnOnly(hs.EmpiricalBayes):
    """Learns from the rows of its own type alone."""

    def fit(self, incidents: gpd.GeoDataFrame, *rest: Any) -> OwnOnly:
        return super().fit(incidents[incidents["category"] == self.category], *rest)


class PointsOnly(hs.EmpiricalBayes):
    """Is told where points are, not how busy: all other types are dealt out over them evenly."""

    def fit(self, incidents: gpd.GeoDataFrame, *rest: Any) -> PointsOnly:
        rows = incidents[incidents.geometry.x.notna()].sort_index()
        others = np.flatnonzero(rows["category"] != self.category)
        points = np.unique(rows.geometry.get_coordinates().to_numpy(), axis=0)
        dealt = points[np.random.default_rng(0).integers(len(points), size=len(others))]
        geometry = rows.geometry.to_numpy().copy()
        geometry[others] = shapely.points(dealt)
        return super().fit(rows.set_geometry(geometry, crs=rows.crs), *rest)


@cache
def staffordshire(folder: Path) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, hs.Grid, str]:
    lpts = hs.read_lpts(folder / "boundaries" / "staffordshire_lpts.gpkg")
    read = hs.read_incidents(folder / "police_uk" / "staffordshire-2024-2025.zip", lpts=lpts)
    return read.incidents, lpts, hs.Grid.over(lpts, size=100), read.text


@cache
def asb_heat(folder: Path) -> tuple[hs.EmpiricalBayes, pd.Series, gpd.GeoDataFrame]:
    rows, _, grid, _ = staffordshire(folder)
    detector = hs.EmpiricalBayes(ASB).fit(rows)
    return detector, detector.predict(grid), detector.hotspots(grid, top_k=20)


def save(figure: Any, name: str) -> None:
    """Write a picture in 256 colours, which are plenty, and say how large it is."""
    page = BytesIO()
    figure.savefig(page, dpi=90, bbox_inches="tight", pad_inches=0.15)
    plt.close(figure)
    picture = Image.open(page).convert("RGB")
    picture = picture.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    picture.save(STATIC / name, optimize=True)
    print(f"{name}: {(STATIC / name).stat().st_size / 1000:.0f} kB")


def support(folder: Path) -> None:
    rows, _, _, text = staffordshire(folder)
    print(text, hs.data_support(rows), sep="\n")


def apart(row: Any) -> str:
    """Tell a difference from last year's counts in points, with its interval and answer."""
    low, high = 100 * row["difference_low"], 100 * row["difference_high"]
    return f"{100 * row['difference']:+.1f} ({low:+.1f} to {high:+.1f}) {row['beats']}"


def judged(task: tuple[Path, str]) -> tuple[hs.Backtest, hs.Backtest | None, dict[str, float]]:
    """Backtest one type over six months, take its gain apart, tell what all records teach."""
    folder, category = task
    warnings.simplefilter("ignore", hs.Notice)
    rows, _, grid, _ = staffordshire(folder)
    kept = {"include_police": category in POLICE}
    ways = {"EmpiricalBayes": hs.EmpiricalBayes(**kept), "KDE 300 m": hs.KDE(300, **kept),
            "DBSCAN": hs.DBSCAN(200, 24, **kept), "Gi*": hs.GiStar(**kept),
            "every type": EveryType(**kept)}  # fmt: skip
    found = hs.backtest(ways, rows, grid, category=category, origins=6)
    taught = ways["EmpiricalBayes"].set_params(category=category).fit(rows)
    taught.predict(grid)
    learned = {**taught.weights_, "shape": taught.shape_}
    if category not in STEPS:
        return found, None, learned
    steps = {"own type only": OwnOnly(category), "and the points": PointsOnly(category)}
    return found, hs.backtest(steps, rows, grid, category=category, origins=6), learned


def backtest(folder: Path) -> None:
    rows = staffordshire(folder)[0]
    kinds = rows["category"].value_counts().index.tolist()
    told, parts, taught = [], {}, {}
    with ProcessPoolExecutor(2) as pool:
        results = list(pool.map(judged, [(folder, kind) for kind in kinds]))
    for kind, (found, steps, learned) in zip(kinds, results, strict=True):
        table = found.summary
        rate = table["hit_rate"]
        bayes = rate["EmpiricalBayes"]
        told.append({
            "type": kind, "scored": found.periods["scored"].sum(),
            "blind": rate["random inhabited cells"], "counts": rate["last year's counts"],
            "known": rate["known cells by counts"],
            **{name: rate[name] for name in WAYS},
            **{f"{name} apart": apart(table.loc[name]) for name in WAYS},
            "ahead": table.loc["EmpiricalBayes", "better_in"],
        })  # fmt: skip
        taught[kind] = learned
        for failure in found.failures.itertuples():
            print(f"{kind}: {failure.detector} failed: {failure.reason}")
        if steps is not None:
            levels = [rate["last year's counts"], *steps.summary["hit_rate"].iloc[:2], bayes]
            parts[kind] = dict(zip(("counts", "own", "points", "all"), levels, strict=True))
        if kind == ASB:
            print(found)
            save(hs.plot_backtest(found).figure, "real-backtest.png")
    print(pd.DataFrame(told).set_index("type").round(3).to_string())
    print("learned from all months", pd.DataFrame(taught).T.round(2).to_string(), sep="\n")
    print("the gain, step by step", pd.DataFrame(parts).T.round(3).to_string(), sep="\n")


def city(folder: Path) -> None:
    rows = hs.read_incidents(folder / "police_uk" / "city-of-london-2018-2020.zip").incidents
    rows = rows[rows["occurred_from"] < "2020-03-01"]  # before the pandemic emptied the City
    x, y = rows.geometry.x, rows.geometry.y
    west, east, south, north = (*x.quantile([0.02, 0.98]), *y.quantile([0.02, 0.98]))
    area = gpd.GeoDataFrame(
        {"lpt": ["City"]}, geometry=[shapely.box(west, south, east, north)], crs=rows.crs
    )
    grid = hs.Grid.over(hs.read_lpts(area), size=50)
    print(grid, f"{len(rows):,} rows before March 2020")
    for kind in CITY:
        found = hs.backtest({"EmpiricalBayes": hs.EmpiricalBayes(), "KDE 300 m": hs.KDE(300)},
                            rows, grid, category=kind)  # fmt: skip
        told, scored = found.summary, found.periods["scored"].sum()
        counts = told["hit_rate"]["last year's counts"]
        line = f"{kind}: {scored:,} scored, {told['origins'].iloc[0]} months, counts {counts:.3f}"
        for name in ("EmpiricalBayes", "KDE 300 m"):
            line += f"; {name} {told.loc[name, 'hit_rate']:.3f}, {apart(told.loc[name])}"
        print(line)


def explain(folder: Path) -> None:
    rows, _, grid, _ = staffordshire(folder)
    detector, _, spots = asb_heat(folder)
    stoke = spots[spots["lpt"].str.startswith("Stoke")]
    print(spots.drop(columns="geometry").head(5).to_string())
    print(f"{len(stoke)} of the 20 are in Stoke-on-Trent")
    told = detector.explain(stoke.index[0])
    print(told, told.parts.round(3).to_string(), sep="\n")
    rare = hs.EmpiricalBayes(BURGLARY).fit(rows)
    worst = rare.hotspots(grid, top_k=20)
    worst = worst[worst["lpt"].str.startswith("Stoke")]
    trust = [rare.explain(cell).cell["trust"].iloc[0] for cell in worst.index]
    least = int(np.argmin(trust))  # the one that leans most on what is said of cells like it
    told = rare.explain(worst.index[least])
    print(f"{len(worst)} of 20 burglary hotspots in Stoke-on-Trent; least trust in its own count:")
    print(worst.iloc[[least]].drop(columns="geometry").to_string(), told, sep="\n")
    title = f"Burglary at {worst['name'].iloc[least]}: what each part gave"
    save(hs.plot_parts(told.parts, title=title).figure, "real-explain.png")


def hanley(folder: Path) -> None:
    """Draw the centre of Stoke-on-Trent as three methods see it."""
    rows, lpts, grid, _ = staffordshire(folder)
    asb = rows[rows["category"] == ASB]
    coarse = hs.Grid.over(lpts, size=250)
    local = hs.GiStar(category=ASB).fit(rows).statistics(coarse)
    print(local)
    figure, axes = plt.subplots(1, 3, figsize=(15, 5.6), layout="constrained")
    spread = hs.KDE(300).fit(asb).predict(grid)
    heats = {"EmpiricalBayes: what to expect": asb_heat(folder)[1],
             "KDE 300 m: what happened, spread out": spread}  # fmt: skip
    for ax, (title, heat) in zip(axes, heats.items(), strict=False):
        hs.plot_heat(heat.where(heat > heat.max() / 500, 0), grid, ax=ax)
        ax.set_title(title)
        print(f"{title}: hottest cell {heat.max():,.0f} per km² per year")
    hs.plot_significance(local.table, coarse, ax=axes[2])
    axes[2].set_title("Gi*, cells of 250 m: beyond chance")
    for ax in axes:
        ax.set(xlim=HANLEY[0], ylim=HANLEY[1])
        ax.set_xticks(range(387_000, 390_001, 1000))
        ax.set_yticks(range(346_000, 349_001, 1000))
    save(figure, "real-hanley.png")


def classes(folder: Path) -> None:
    rows, _, grid, _ = staffordshire(folder)
    found = hs.classify_hotspots(rows, grid, category=ASB)
    print(found, found.summary.drop(columns="action").round(3).to_string(), sep="\n")
    own = found.cells[found.cells["incidents"] > 0]
    some = pd.concat([own[own["class_"] == kind].head(6) for kind in found.summary.index])
    save(hs.plot_history(found.history, some).figure, "real-history.png")


def change(folder: Path) -> None:
    rows, lpts, _, _ = staffordshire(folder)
    told = {}
    for kind in rows["category"].value_counts().index:
        found = hs.compare_periods(rows, lpts, category=kind, include_police=kind in POLICE)
        verdict = found.places["class_"]
        figures = found.overall.iloc[0][["before", "after", "ratio", "low", "high", "class_"]]
        told[kind] = {**figures,
                      **{word: ", ".join(found.places.index[verdict == word]) or "-"
                         for word in ("rise", "fall")},
                      "by plain test": (found.places["p_poisson"] <= 0.05).sum()}  # fmt: skip
    print(pd.DataFrame(told).T.to_string())
    print(hs.compare_periods(rows, lpts, category=ASB))


def concentration(folder: Path) -> None:
    rows, _, grid, _ = staffordshire(folder)
    inhabited = grid.counts(rows) > 0
    counts = {kind: grid.counts(some)[inhabited] for kind, some in rows.groupby("category")}
    found = hs.concentration(pd.DataFrame(counts))
    print(found)
    wanted = found.measures[found.measures["measure"].isin(["gini_corrected", "places_holding_50"])]
    print(wanted.set_index(["measure", "what"]).round(4).to_string())
    three = hs.concentration(pd.DataFrame({k: counts[k] for k in ("Shoplifting", ASB, BURGLARY)}))
    save(hs.plot_lorenz(three).figure, "real-lorenz.png")


@cache
def thefts(folder: Path) -> hs.Ingest:
    return hs.read_incidents(
        folder / "timed" / "nycvehiclethefts.csv.gz", crs="EPSG:32118",
        mapping={"category": "Vehicle crime", "columns": {
            "id": "uid", "occurred_from": "date_start", "occurred_to": "date_end",
            "longitude": "longitude", "latitude": "latitude"}},
    )  # fmt: skip


def hours(folder: Path) -> None:
    rows, zone = thefts(folder).incidents, "America/New_York"
    length = (rows["occurred_to"] - rows["occurred_from"]) / pd.Timedelta("1h")
    profile = hs.week_profile(rows, tz=zone)
    print(profile, hs.peak_windows(profile), sep="\n")
    print(hs.shift_shares(profile, hs.make_county(seed=1, months=1).shifts))
    save(hs.plot_aoristic(profile).figure, "real-hours.png")
    known = hs.week_profile(rows[(length > 0) & (length <= 1)], tz=zone)
    print("known to the hour:", hs.peak_windows(known), sep="\n")
    for low, high in ((1, 24), (1, 4), (4, 24)):
        part = hs.week_profile(rows[(length > low) & (length <= high)], tz=zone)
        apart = {way: 0.5 * (part.comparison[way] - known.comparison["aoristic"]).abs().sum()
                 for way in ("aoristic", "start_only", "midpoint")}  # fmt: skip
        print(f"spans of {low} to {high} h ({part.groups['incidents'].sum():,}), share in other "
              f"hours than those known to the hour: {apart}")  # fmt: skip


def near_repeat(folder: Path) -> None:
    read = thefts(folder)
    print(read.text)
    for within in (None, "quarter"):
        start = time.process_time()
        found = hs.knox(read.incidents, within=within)
        print(
            f"within={within}: {time.process_time() - start:.1f} s of a processor", found, sep="\n"
        )
        print(found.cells.query("flag")[["space", "time", "observed", "expected", "ratio"]])
    save(hs.plot_knox(found).figure, "real-knox.png")


def refusals(folder: Path) -> None:
    rows, lpts, grid, _ = staffordshire(folder)
    burglary = rows[rows["category"] == BURGLARY]
    asked: dict[str, Callable[[], Any]] = {
        "near repeat": lambda: hs.knox(burglary),
        "a running series": lambda: hs.STDBSCAN().fit(burglary),
        "repeat locations": lambda: hs.repeat_locations(burglary),
        "KDE of 150 m": lambda: hs.KDE(150).fit(burglary),
        "ProMap": lambda: hs.ProMap().fit(burglary),
        "classes by week": lambda: hs.classify_hotspots(rows, grid, "W-MON", category=ASB),
        "test periods of 28 days": lambda: hs.backtest(hs.KDE(300), rows, grid, horizon="28D"),
        "drugs without saying so": lambda: hs.EmpiricalBayes("Drugs").fit(rows),
        "Gi* on ten LPTs": lambda: hs.GiStar().fit(burglary).statistics(lpts),
    }
    for what, ask in asked.items():
        try:
            ask()
            print(f"{what}: NOT REFUSED")
        except hs.InputError as error:
            print(f"{what}: {error}")


STORMS = (("2014-01-02", "2014-01-03"), ("2014-02-13", "2014-02-13"), ("2015-01-26", "2015-01-27"),
          ("2016-01-23", "2016-01-24"), ("2017-03-14", "2017-03-14"))  # fmt: skip
FEDERAL = ("01-20", "02-17", "05-26", "07-04", "09-01", "10-13", "11-11", "11-27",  # 2014
           "01-19", "02-16", "05-25", "07-03", "09-07", "10-12", "11-11", "11-26",
           "01-18", "02-15", "05-30", "07-04", "09-05", "10-10", "11-11", "11-24",
           "01-16", "02-20", "05-29", "07-04", "09-04", "10-09", "11-10", "11-23")  # fmt: skip


def days(folder: Path) -> None:
    rows = thefts(folder).incidents
    dates = [f"{2014 + n // 8}-{day}" for n, day in enumerate(FEDERAL)]
    calendar = pd.concat([
        pd.DataFrame({"kind": "snowstorm", "name": "snowstorm", "start": [a for a, _ in STORMS],
                      "end": [b for _, b in STORMS]}),
        pd.DataFrame({"kind": "federal_holiday", "name": "holiday", "start": dates, "end": dates}),
    ])  # fmt: skip
    print(hs.calendar_effects(rows, by=(), calendar=calendar, bank_holidays=False))
    print("with England's:", hs.calendar_effects(rows, by=()), sep="\n")


def periods(folder: Path) -> None:
    lpts = hs.read_lpts(folder / "boundaries" / "staffordshire_lpts.gpkg")
    for name in ("staffordshire-2024-2025", "city-of-london-2018-2020"):
        path = folder / "police_uk" / f"{name}.zip"
        own = {"lpts": lpts} if name.startswith("staff") else {}
        rows = hs.read_incidents(path, progress=False, **own).incidents
        print(f"-- {name}", hs.seasonal_trends(rows, by=()), sep="\n")
        print(hs.find_breaks(rows, by=()), hs.find_breaks(rows), sep="\n")
        by = ["lpt", "category"] if own else ["category"]
        print(hs.find_alerts(rows, by, "MS"), hs.forecast(rows, by=["category"]), sep="\n")


SECTIONS = {
    part.__name__: part
    for part in (support, backtest, city, explain, hanley, change, concentration,
                 hours, days, periods, near_repeat, refusals, classes)
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=DATA)
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=list(SECTIONS))
    given = parser.parse_args()
    if not given.folder.is_dir():
        sys.exit(f"there is no {given.folder}; give the folder that holds the records")
    warnings.simplefilter("ignore", hs.Notice)
    STATIC.mkdir(exist_ok=True)
    for name in given.only:
        start = time.perf_counter()
        print(f"\n== {name}")
        SECTIONS[name](given.folder)
        print(f"({name}: {time.perf_counter() - start:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
