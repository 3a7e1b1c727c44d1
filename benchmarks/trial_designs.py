"""What each design holds and gains: false alarms, coverage, spread, and what wash-out is for.

    python benchmarks/trial_designs.py [--studies 1000] [--draws 999]

Worlds of 24 sites in 4 LPTs: own levels (gamma), a shared season, own weekdays, good and bad spells
that last (an autoregression by day), and counts beyond chance. Assignments are drawn by the lot of
each design, and the randomisation test draws again by the same lot.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import pandas as pd

from hotspots.impact.randomised import fit_randomised
from hotspots.impact.study import make_study
from hotspots.trials import TrialRules
from hotspots.trials.calendar import UNCOUNTED, Timetable, make_runs
from hotspots.trials.draw import Lot
from hotspots.trials.units import make_units

SITES, WEEKS, BEFORE = 24, 12, 52
START = np.datetime64("2026-01-05")
DESIGNS = ("simple", "pairs", "blocks", "balanced", "stepped wedge", "crossover")


def days_of(studies: int, first: int, days: int, rng: np.random.Generator) -> np.ndarray:
    """Daily rates of every site, shape (studies, SITES, days); levels are the same in all."""
    level = np.random.default_rng(8).gamma(1.5, 0.2, SITES) + 0.05
    day = first + np.arange(days)
    week = np.exp(0.25 * np.random.default_rng(9).normal(size=(SITES, 7)))
    shared = np.exp(0.25 * np.cos(2 * np.pi * day / 365) + 0.2 * np.isin(day % 7, (4, 5)))
    spell = np.empty((studies, SITES, days))
    state = rng.normal(size=(studies, SITES))
    for t in range(days):
        state = 0.9 * state + np.sqrt(1 - 0.81) * rng.normal(size=state.shape)
        spell[:, :, t] = state
    slow = (
        0.15 * rng.normal(size=(studies, SITES, 1)) * (day >= 0)
    )  # what changes at a site by itself
    return level[:, None] * week[:, day % 7] * shared * np.exp(0.25 * spell + slow)


def laid_out(design: str, washout: int) -> tuple[Lot, Timetable, np.ndarray]:
    """Return the lot of a design, its timetable, and the order of the sites in it."""
    rng = np.random.default_rng(5)
    year = rng.poisson(365 * days_of(1, -730, 1, rng)[0, :, 0])
    sites = pd.DataFrame({
        "cluster": [f"H{k:02}" for k in range(SITES)], "lpt": [f"L{k % 4}" for k in range(SITES)],
        "baseline": year, "change": rng.normal(size=SITES),
        "area_km2": rng.uniform(0.02, 0.1, SITES),
    })  # fmt: skip
    rules = TrialRules(blocks="none" if design == "simple" else "lpt")
    units = make_units(sites, design, rules)
    order = units.frame.index.str[1:].astype(int).to_numpy()
    code = units.frame["code"].to_numpy()
    if design == "crossover":
        runs, cycle = make_runs(SITES, WEEKS, washout, np.random.default_rng(6))
        table = Timetable(START, 7 * WEEKS, 0, cycle, runs)
        return Lot(code, cycles=table.cycles), table, order
    if design == "stepped wedge":
        return Lot(code, steps=4), Timetable(START, 7 * WEEKS, steps=4), order
    lot = Lot(code)
    if design == "balanced":
        lot = lot.balanced(units.frame[["baseline", "change", "area_km2"]].to_numpy(float), 0.05)
    return lot, Timetable(START, 7 * WEEKS), order


def run(
    design: str, studies: int, draws: int, *, effect: float, washout: int = 1, lasts: int = 0,
    naive: bool = False, interval: bool = True,
):  # fmt: skip
    """Simulate, fit, and return the batch."""
    rng = np.random.default_rng([3, DESIGNS.index(design), int(100 * effect), washout, lasts])
    lot, table, order = laid_out(design, washout)
    daily = design == "crossover"
    first = 0 if daily else -7 * BEFORE
    days = 7 * WEEKS - first
    rate = days_of(studies, first, days, rng)[:, order]
    dates = START + first + np.arange(days)
    same = np.arange(SITES)
    on = table.treated(lot.draw(studies, rng), same, dates, dates + 1)
    felt = on.astype(bool)
    for gap in range(1, lasts + 1):  # the effect lasts some days after patrols
        felt[:, :, gap:] |= on[:, :, :-gap].astype(bool)
    y = rng.poisson(rate * rng.gamma(20, 1 / 20, rate.shape) * np.where(felt, effect, 1.0))
    if daily:
        starts, used = dates, table.runs != UNCOUNTED
        cell = same[:, None] * table.cycles + np.arange(days) // table.cycle_days
        if naive:  # leave out the day after patrols, whichever that is
            after = np.zeros_like(felt)
            after[:, :, 1:] = on[:, :, :-1].astype(bool) & (on[:, :, 1:] == 0)
            return naive_rate(y, on, after, cell, lot, table, dates, draws)
    else:
        y = y.reshape(studies, SITES, -1, 7).sum(axis=3)
        starts, used, cell = dates[::7], None, None
    ends = starts + (1 if daily else 7)
    treat = table.treated(np.zeros((1, *lot.draw(1, rng).shape[1:]), dtype=int), same, starts, ends)
    treat = on if daily else on.reshape(studies, SITES, -1, 7).max(axis=3)
    study = make_study(
        y, treat, used=used, cell=cell, block=lot.block,
        redraw=lambda n, chance: table.treated(lot.draw(n, chance), same, starts, ends),
    )  # fmt: skip
    return fit_randomised(study, draws=draws, interval=interval)


def naive_rate(y, on, after, cell, lot, table, dates, draws) -> float:
    """Count false alarms where days after patrols are left out, the same while drawing again."""
    again = table.treated(lot.draw(draws, np.random.default_rng(1)), np.arange(SITES), dates,
                          dates + 1).reshape(draws, -1).astype(float)  # fmt: skip
    _, code = np.unique(cell, return_inverse=True)
    code, alarms = code.ravel(), 0
    for s in range(len(y)):
        used = ~after[s].ravel()
        count = y[s].ravel() * used
        n = np.bincount(code, used)
        rest = (count - (np.bincount(code, count) / np.maximum(n, 1))[code]) * used
        found, null = on[s].ravel() @ rest, again @ rest
        alarms += (1 + min((null >= found).sum(), (null <= found).sum())) / (draws + 1) < 0.025
    return alarms / len(y)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--studies", type=int, default=2000)
    parser.add_argument("--draws", type=int, default=499)
    asked = parser.parse_args()
    print(f"{asked.studies:,} worlds of {SITES} sites, {WEEKS} weeks, {asked.draws} draws")
    print("| design | false alarms | holds the truth | finds −20% | spread of the log ratio |")
    print("|---|---|---|---|---|")
    took = []
    for design in DESIGNS:
        began = time.perf_counter()
        null = run(design, asked.studies, asked.draws, effect=1.0, interval=False)
        real = run(design, asked.studies // 4, asked.draws, effect=0.8)
        truth = np.log(0.8)
        held = np.mean((real.low <= truth) & (truth <= real.high))
        print(
            f"| {design} | {np.mean(null.p < 0.05):.1%} | {held:.1%} | "
            f"{np.mean(real.p < 0.05):.0%} | {np.std(null.estimate):.3f} |",
            flush=True,
        )
        took.append(f"{design} {time.perf_counter() - began:.0f} s")
    print(f"\n{', '.join(took)}")
    print("\n| effect −20% lasts | wash-out | counted days | estimated, mean | found |")
    print("|---|---|---|---|---|")
    for lasts in (0, 1, 3):
        for washout in (0, 1, 3):
            real = run("crossover", asked.studies // 8, asked.draws, effect=0.8, washout=washout,
                       lasts=lasts)  # fmt: skip
            share = np.mean(laid_out("crossover", washout)[1].runs != UNCOUNTED)
            print(f"| {lasts} days more | {washout} days | {share:.0%} | "
                  f"{np.expm1(np.mean(real.estimate)):.1%} | {np.mean(real.p < 0.05):.0%} |",
                  flush=True)  # fmt: skip
    alarms = run("crossover", asked.studies, asked.draws, effect=1.0, washout=0, naive=True)
    print(
        f"\nDays after patrols left out and kept so while drawing again: {alarms:.1%} false alarms"
    )


if __name__ == "__main__":
    main()
