"""How often the daily briefing calls a count unusual when nothing unusual happened.

    python benchmarks/briefing.py

Counties drawn from rates that are known are briefed on day after day; nothing was planted in the
days looked at, so every "above" and "below" is chance (or the fault of the method). Said is what
the briefings themselves gave as the number chance would put there.
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd

import hotspots as hs
from hotspots.briefings import _compared
from hotspots.briefings._given import find_known
from hotspots.briefings._window import find_window

MONTHS, DAYS, STEP = 40, 30, 4  # every fourth day of the last four months


def scattered(incidents: pd.DataFrame, spread: float, seed: int) -> pd.DataFrame:
    """Draw each incident again a random number of times, alike within an LPT and day.

    The number is Poisson about a gamma of mean 1 and variance ``spread`` per LPT and day: some
    events bring several records and some days are worse than others, so that a count of mean m
    has a variance of m (2 + spread (1 + m)).
    """
    rng = np.random.default_rng(seed)
    day = incidents["occurred_from"].dt.normalize()
    code, _ = pd.factorize(pd.MultiIndex.from_arrays([day, incidents["lpt"].fillna("none")]))
    luck = rng.gamma(1 / spread, spread, code.max() + 1)[code]
    drawn = incidents.loc[incidents.index.repeat(rng.poisson(luck))]
    return drawn.set_axis(pd.RangeIndex(len(drawn)).astype(str)).rename_axis("incident")


def told(incidents: pd.DataFrame, lpts: pd.DataFrame, weeks: int | None) -> pd.DataFrame:
    """Brief on every day looked at, and put the comparisons together."""
    end = incidents["occurred_to"].max().normalize()
    parts = []
    for n in range(DAYS):
        when = end - pd.Timedelta(days=STEP * n) + pd.Timedelta(hours=7)
        some = incidents
        if weeks is not None:
            some = some[some["occurred_to"] >= when - pd.Timedelta(days=7 * weeks + 1)]
        # what briefing(...) does first, without the lists and the words
        faults: list[str] = []
        window = find_window(when, 24, faults)
        known, moments, late, _ = find_known(some, window, faults)
        parts.append(_compared(known, moments, late, window, list(lpts.index))[0])
    return pd.concat(parts, ignore_index=True)


def lines(name: str, counts: pd.DataFrame) -> None:
    compared = counts[counts["standing"].isin(["within", "above", "below"])]
    whole = compared["category"] == "all"
    force = compared["level"] == "force"
    for level, chosen in (
        ("force, all types", force & whole), ("force, by type", force & ~whole),
        ("LPT, all types", ~force & whole), ("LPT, by type", ~force & ~whole),
        ("everything", whole | ~whole),
    ):  # fmt: skip
        rows = compared[chosen]
        above, below = ((rows["standing"] == way).mean() for way in ("above", "below"))
        said = rows["chance_outside"].mean()
        print(
            f"| {name} | {level} | {len(rows):,} | {rows['expected'].mean():.2f} | {above:.2%} | "
            f"{below:.2%} | {above + below:.2%} | {said:.2%} |"
        )


def main() -> int:
    """Print the table of docs/methods/briefing.md."""
    print("| records | comparison | made | mean count | above | below | outside | said |")
    print("|---|---|---|---|---|---|---|---|")
    county = hs.make_county(seed=11, months=MONTHS)
    wide = scattered(county.incidents, 0.25, seed=11)
    for name, incidents, weeks in (
        ("Poisson, 40 months", county.incidents, None),
        ("clustered, 40 months", wide, None),
        ("Poisson, 26 weeks", county.incidents, 26),
        ("clustered, 26 weeks", wide, 26),
        ("Poisson, 8 weeks", county.incidents, 8),
        ("clustered, 8 weeks", wide, 8),
    ):
        lines(name, told(incidents, county.lpts, weeks))
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
