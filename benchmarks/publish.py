"""What published tables hide, what it costs, and whether it holds: audits by integer programmes.

    python benchmarks/publish.py [PATH_TO_ZIP PATH_TO_LPTS]

Random tables of counts (areas in commands, by categories) are published by three rules of growing
care. Every small count is then attacked by an integer programme that knows the published table
only: one attacker does not know which hidden figures are small, the other has guessed it.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp

import hotspots as hs
from hotspots.profiles import publish_trends
from hotspots.profiles._cells import cells_of
from hotspots.profiles._protect import rounded, told_by
from hotspots.series import count_series

COMMANDS = {"L0": "North", "L1": "North", "L2": "North", "L3": "North", "L4": "South"}


def attack(sums, told, p) -> tuple[float, float]:
    """Least and greatest whole number of one figure over all tables that fit."""
    ends = []
    for sign in (1, -1):
        cost = np.zeros(len(told))
        cost[p] = sign
        solved = milp(cost, constraints=LinearConstraint(sums, 0, 0), bounds=Bounds(*told.T),
                      integrality=np.ones(len(told)))  # fmt: skip
        ends.append(round(solved.x[p]))
    return ends[0], ends[1]


def one_table(rng, lpts) -> tuple[dict[str, np.ndarray], object, np.ndarray, int]:
    """Publish a random table by three rules; return what each hides, and the truth."""
    mean = rng.choice([1, 3, 8, 20], 4) * rng.uniform(0.3, 2, (5, 1))
    counts = rng.poisson(mean)
    g, k = np.indices(counts.shape).reshape(2, -1)
    table = pd.DataFrame({
        "lpt": [f"L{n}" for n in g], "category": [f"C{n}" for n in k],
        "period_start": pd.Timestamp("2025-01-01"), "incidents": counts.ravel(),
    })  # fmt: skip
    cells = cells_of(count_series(table, ("lpt", "category"), lpts=lpts), lpts)
    value = cells.value[0]
    small = (value >= 1) & (value < 5)
    f = publish_trends(table, lpts=lpts).figures.set_index(["level", "lpt", "category"])
    state = f.loc[pd.MultiIndex.from_frame(cells.keys), "status"].to_numpy(dtype=object)
    return {"small": small, "full": state == "suppressed"}, cells.sums.toarray(), value, small.sum()


def audit(tables: int, seed: int) -> pd.DataFrame:
    """Attack every small count of many random tables under each rule."""
    import geopandas as gpd
    import shapely

    lpts = gpd.GeoDataFrame(
        {"area_km2": 1.0, "command": list(COMMANDS.values())},
        geometry=[shapely.box(n, 0, n + 1, 1) for n in range(5)], crs="EPSG:27700",
        index=pd.Index(COMMANDS, name="lpt"),
    )  # fmt: skip
    rng = np.random.default_rng(seed)
    rules = {
        "suppress 1 to 4, publish the rest as it is": ("small", 1),
        "suppress 1 to 4, round the rest": ("small", 5),
        "the same with guards (publish_trends)": ("full", 5),
    }
    found = {name: np.zeros(5, dtype=int) for name in rules}
    for _ in range(tables):
        hidden, sums, value, _ = one_table(rng, lpts)
        most = value.max() + 50  # the attackers look no further up
        for name, (which, to) in rules.items():
            hide = hidden[which]
            low, high = told_by(rounded(value, to), 5, to)
            told = np.column_stack([np.where(hide, 1, low), np.where(hide, most, high)])
            guessed = told.copy()
            guessed[hidden["small"], 1] = 4
            blank = np.column_stack([value > 0, np.where(value > 0, most, 0)]).astype(float)
            marked = blank.copy()
            marked[hidden["small"], 1] = 4
            for p in np.flatnonzero(hidden["small"]):
                least = attack(sums, blank, p)[0]
                seen, to_guesser = attack(sums, told, p), attack(sums, guessed, p)
                all_hidden = attack(sums, marked, p)
                found[name] += [
                    1, seen[0] == seen[1], seen[0] > least or seen[1] < least + 3,
                    to_guesser[0] == to_guesser[1] and all_hidden[0] != all_hidden[1],
                    to_guesser != all_hidden,
                ]  # fmt: skip
    columns = ["small", "told exactly", "narrower", "told to a guesser", "narrower to a guesser"]
    out = pd.DataFrame.from_dict(found, orient="index", columns=columns)
    return out.rename_axis("rule")


def real(incidents, lpts) -> None:
    """Print what is hidden in real records, for each way of grouping."""
    for by in (("lpt", "category"), ("lpt",), ("category",)):
        start = time.process_time()
        public = publish_trends(incidents, by, lpts=lpts)
        took = time.process_time() - start
        print(f"by {by}: {took:.1f} s of processor time. {public.inside}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("records", nargs="?")
    parser.add_argument("lpts", nargs="?")
    parser.add_argument("--tables", type=int, default=40)
    given = parser.parse_args()
    print(audit(given.tables, seed=1).to_string())
    if given.records:
        areas = hs.read_lpts(given.lpts)
        real(hs.read_incidents(given.records, lpts=areas).incidents, areas)
    county = hs.make_county(seed=1, months=36)
    print("synthetic county, 36 months:")
    real(county.incidents, county.lpts)
