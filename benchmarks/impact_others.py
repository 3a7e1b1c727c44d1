"""How often the defaults are wrong in worlds unlike those of impact_worlds.py.

Weeks, lognormal levels, a shock that all places share, arms of unlike size, a place that carries
its arm, places nearly without incidents, missing weeks. Prints the last table of
docs/methods/impact-calibration.md.

    python benchmarks/impact_others.py [studies]
"""

from __future__ import annotations

import sys

import numpy as np

from hotspots.impact.randomised import fit_randomised
from hotspots.impact.ratio import fit_places
from hotspots.impact.study import Study, make_study

BEFORE, WEEKS = 104, 130
WORLDS: dict[str, dict[str, float]] = {
    "5 treated, 30 compared": {},
    "half of the places nearly without incidents": {"empty": 0.5, "median": 0.3},
    "3 treated, 8 compared, few incidents": {"places": 11, "treated": 3, "median": 0.2},
    "15 treated, 20 compared, 30% missing": {"treated": 15, "missing": 0.3},
    "20 and 20, log standard deviation 1.5": {"places": 40, "treated": 20, "spread": 1.5},
    "one treated place with most of its arm": {"heavy": 1.0},
}


def other_world(
    studies: int,
    *,
    places: int = 35,
    treated: int = 5,
    median: float = 1.0,
    spread: float = 0.8,
    heavy: float = 0.0,
    empty: float = 0.0,
    missing: float = 0.0,
    seed: int = 0,
) -> Study:
    """Make studies with no effect, 104 weeks before the start and 26 after."""
    rng = np.random.default_rng(seed)
    level = median * np.exp(spread * rng.normal(size=(studies, places)))
    level = np.where(rng.random(level.shape) < empty, 0.01, level)
    if heavy:
        level[:, 0] = level[:, 1:].sum(axis=1) / 3
    after = np.arange(WEEKS) >= BEFORE
    rate = level[:, :, None] * np.exp(0.1 * rng.normal(size=(studies, places, 1)) * after)
    rate = rate * np.where(after & (np.arange(WEEKS) < BEFORE + 8), 0.5, 1.0)
    rate = rate * np.exp(0.2 * rng.normal(size=(studies, 1, WEEKS)))
    rate = rate * np.exp(0.3 * rng.normal(size=rate.shape))
    used = np.broadcast_to(rng.random(WEEKS) >= missing, (places, WEEKS))
    treat = np.zeros((places, WEEKS))
    treat[:treated, BEFORE:] = 1

    def redraw(draws: int, rng: np.random.Generator) -> np.ndarray:
        on = np.argsort(rng.random((draws, places)), axis=1) < treated
        return (on[:, :, None] & after).astype(float)

    return make_study(rng.poisson(rate), treat, days=7.0, used=used, redraw=redraw)


def main(studies: int = 600) -> None:
    """Print the share that claims an effect, and of intervals that hold the truth."""
    print("| world | places compared: claims | holds | by lot: claims | holds |")
    print("|---|---|---|---|---|")
    for number, (name, options) in enumerate(WORLDS.items()):
        study, told = other_world(studies, seed=100 + number, **options), []
        for fit in (fit_places, fit_randomised):
            found = fit(study, draws=399)
            known = np.isfinite(found.p)
            held = (found.low <= 0) & (found.high >= 0)
            told += [f"{(found.p[known] <= 0.05).mean():.1%}", f"{held[known].mean():.1%}"]
        if "heavy" in options:  # not by lot: it is always the same arm that has the place
            told[2:] = ["", ""]
        print(f"| {name} | " + " | ".join(told) + " |", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
