"""EmpiricalBayes against plain rankings, on incidents none of them has seen.

    python benchmarks/backtest_bayes.py [FOLDER] [--only staffordshire gap city newyork]
                                        [--parts | --paired [--months 12]] [--types Drugs]

FOLDER holds ``police_uk/``, ``boundaries/`` and ``timed/``; ``../shared/data`` beside the project
by default. For each of the last six months: learn from all months before it, flag the hottest 1% of
the cells, and tell the share of the month's incidents in them, as a mean over the six months.

- counts: cells by the category's incidents.
- known: the same, cells with an incident of any type before the rest. On snapped points that is
  what knowing where the snap points are is worth.
- all: cells by incidents of every type.
- KDE: kernel density, 300 m.
- ours: ``EmpiricalBayes``, and its weights and shape, as a mean.

``--parts`` instead learns from some of the surfaces only, also from one that is even over the cells
with any past incident; ``--paired`` tells the difference from the counts with its 95% interval
over up to ``--months`` months.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

import hotspots as hs
from hotspots.detect import bayes

DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"
FITTED = {  # hit rates of a first fit by other code, which ours must reach
    "Violence and sexual offences": 0.587, "Anti-social behaviour": 0.674, "Public order": 0.689,
    "Criminal damage and arson": 0.620, "Shoplifting": 0.972, "Other theft": 0.585,
    "Vehicle crime": 0.528, "Burglary": 0.515, "Drugs": 0.688,
}  # fmt: skip
Rows = gpd.GeoDataFrame


def staffordshire(folder: Path) -> tuple[Rows, hs.Grid, list[str]]:
    rows, grid, categories = gap(folder)
    return rows[rows["occurred_from"] >= "2025-01-01"], grid, categories


def gap(folder: Path) -> tuple[Rows, hs.Grid, list[str]]:
    lpts = hs.read_lpts(folder / "boundaries" / "staffordshire_lpts.gpkg")
    read = hs.read_incidents(folder / "police_uk" / "staffordshire-2024-2025.zip", lpts=lpts)
    return read.incidents, hs.Grid.over(lpts, 100), list(FITTED)


def city(folder: Path) -> tuple[Rows, hs.Grid, list[str]]:
    rows = hs.read_incidents(folder / "police_uk" / "city-of-london-2018-2020.zip").incidents
    rows = rows[rows["occurred_from"] < "2020-03-01"]  # before the pandemic emptied the City
    x, y = rows.geometry.x, rows.geometry.y
    west, east, south, north = (*x.quantile([0.02, 0.98]), *y.quantile([0.02, 0.98]))
    categories = ["Other theft", "Anti-social behaviour", "Violence and sexual offences",
                  "Shoplifting", "Theft from the person", "Bicycle theft"]  # fmt: skip
    return rows, over(shapely.box(west, south, east, north), rows.crs, 50), categories


def newyork(folder: Path) -> tuple[Rows, hs.Grid, list[str]]:
    raw = pd.read_csv(folder / "timed" / "nycvehiclethefts.csv.gz")
    when = pd.to_datetime(raw["date_single"])
    points = gpd.points_from_xy(raw["longitude"], raw["latitude"], crs=4326)
    rows = gpd.GeoDataFrame(
        {"category": "Vehicle theft", "occurred_from": when, "occurred_to": when}, geometry=points
    ).to_crs(32118)
    rows = rows[when >= "2016-01-01"].rename_axis("incident")
    town = shapely.convex_hull(shapely.multipoints(rows.geometry.to_numpy()))
    return rows, over(town, rows.crs, 100), ["Vehicle theft"]


def over(area: shapely.Geometry, crs: object, size: float) -> hs.Grid:
    return hs.Grid.over(
        hs.read_lpts(gpd.GeoDataFrame({"lpt": ["all"]}, geometry=[area], crs=crs), crs=crs), size
    )


def origins(rows: Rows, count: int = 6) -> Iterator[tuple[Rows, Rows]]:
    month = rows["occurred_from"].to_numpy().astype("datetime64[M]")
    for later in np.unique(month)[-count:]:
        yield rows[month < later], rows[month == later]


def hit(heat: np.ndarray, came: np.ndarray) -> float:
    """Share of the incidents in the hottest 1% of cells; of equal heat, the lower number first."""
    flagged = np.argsort(-heat, kind="stable")[: int(len(heat) * 0.01)]
    return float(came[flagged].sum() / came.sum())


def measure(rows: Rows, grid: hs.Grid, category: str) -> tuple[pd.Series, pd.Series]:
    """Hit rates of every way, and the weights and shape learned, as means over the origins."""
    found, learned = [], []
    for before, later in origins(rows):
        of, came = before[before["category"] == category], later[later["category"] == category]
        came = grid.counts(came).to_numpy()
        own, every = grid.counts(of).to_numpy(), grid.counts(before).to_numpy()
        start = time.perf_counter()
        detector = hs.EmpiricalBayes(category, include_police=category == "Drugs").fit(before)
        heat = detector.predict(grid).to_numpy()
        seconds = time.perf_counter() - start
        density = hs.KDE(300, include_police=True).fit(of).predict(grid).to_numpy()
        ways = {"counts": own, "known": own + 0.5 * (every > 0), "all": every, "KDE": density,
                "ours": heat}  # fmt: skip
        rates = {way: hit(values.astype(float), came) for way, values in ways.items()}
        found.append({"rows": (rows["category"] == category).sum(), **rates, "seconds": seconds})
        learned.append({**detector.weights_, "shape": detector.shape_})
    return pd.DataFrame(found).mean(), pd.DataFrame(learned).mean()


PARTS = (("near", "floor"), ("near", "known", "floor"), ("near", "all", "floor"), bayes.SURFACES)


def parts(rows: Rows, grid: hs.Grid, category: str, _: int) -> pd.Series:
    """Hit rates, as a mean over the origins, of priors from some of the surfaces."""
    whole, found = bayes.surfaces_of, []
    for before, later in origins(rows):
        came = grid.counts(later[later["category"] == category]).to_numpy()
        rates = {
            "counts": hit(grid.counts(before[before["category"] == category]).to_numpy(), came)
        }
        for names in PARTS:

            def some(*given: object, names: tuple[str, ...] = names) -> np.ndarray:
                surfaces = dict(zip(PARTS[-1], whole(*given), strict=True))
                surfaces["known"] = (surfaces["all"] > 0) / max((surfaces["all"] > 0).sum(), 1)
                return np.stack([surfaces[name] for name in names])

            with mock.patch.multiple(bayes, surfaces_of=some, SURFACES=names):
                detector = hs.EmpiricalBayes(category, include_police=category == "Drugs")
                heat = detector.fit(before).predict(grid).to_numpy()
            rates[" ".join(names)] = hit(heat, came)
        found.append(rates)
    return pd.DataFrame(found).mean()


def paired(rows: Rows, grid: hs.Grid, category: str, months: int) -> pd.Series:
    """Hit rate, those of the counts, and the difference with its interval."""
    ours = hs.EmpiricalBayes(include_police=category == "Drugs")
    table = hs.backtest({"ours": ours}, rows, grid, category=category, origins=months).summary
    told = ["origins", "hit_rate", "difference", "difference_low", "difference_high", "better_in"]
    plain = ("last year's counts", "all counts before")
    return pd.concat([table.loc["ours", told], table.loc[[*plain], "hit_rate"]])


def main() -> None:
    sources = {f.__name__: f for f in (staffordshire, gap, city, newyork)}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=DATA)
    parser.add_argument("--only", nargs="+", choices=sources, default=list(sources))
    parser.add_argument("--types", nargs="+")
    parser.add_argument("--months", type=int, default=12)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--parts", dest="way", action="store_const", const=parts)
    which.add_argument("--paired", dest="way", action="store_const", const=paired)
    args = parser.parse_args()
    if not args.folder.is_dir():
        sys.exit(f"there is no {args.folder}; give the folder that holds the records")
    warnings.simplefilter("ignore", hs.Notice)
    for name in args.only:
        rows, grid, categories = sources[name](args.folder)
        print(f"\n{name}: {len(rows):,} incidents, {grid}")
        told = {}
        for category in args.types or categories:
            if args.way:
                told[category] = args.way(rows, grid, category, args.months)
                continue
            rates, learned = measure(rows, grid, category)
            told[category] = pd.concat([rates, learned])
            if name == "staffordshire":
                told[category]["fitted"] = FITTED[category]
        print(pd.DataFrame(told).T.round(3).to_string(), flush=True)


if __name__ == "__main__":
    main()
