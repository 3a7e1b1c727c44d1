"""Does a trial find as often as was promised? Power promised from records against fresh worlds.

For each kind of world: records of two years are made, the power of a trial of six months is
promised from them (as ``trial_power`` does), again for several such records; and then thousands of
trials are made by the generator itself and analysed, which is the truth. The generators know
nothing of the model that promises: places with gamma levels, a shared season and negative binomial
months (``impact_worlds.py``), or levels that walk at random from month to month.

    python benchmarks/trial_power.py            # some minutes on one processor
"""

from __future__ import annotations

import sys
import time

import numpy as np
import pandas as pd
from impact_worlds import make_worlds

from hotspots.impact.randomised import fit_randomised
from hotspots.impact.study import make_study
from hotspots.trials._power_tables import match_spread, spans_of
from hotspots.trials.baseline import Records, learn
from hotspots.trials.power_rules import PowerRules
from hotspots.trials.scenarios import make_scenario
from hotspots.trials.simulation import run_trials

BEFORE, AFTER, EFFECT = 24, 6, -0.2
START = np.datetime64("2025-01-01")
MEAN = 4.0  # incidents of a place and month
RECORDS, TRUE = 10, 1000  # records promised from; trials made by the generator


def walks(studies, *, places, mean, step, effect, seed):
    """Make trials whose places walk at random, by ``step`` (log) a month."""
    rng = np.random.default_rng([seed, places])
    months = BEFORE + AFTER
    level = rng.gamma(2.0, mean / 2, (studies, places, 1)) + 0.2
    walk = np.cumsum(rng.normal(0, step, (studies, places, months)), axis=2)
    walk -= walk[:, :, :BEFORE].mean(axis=2, keepdims=True)
    mu = level * np.exp(walk) * rng.gamma(50, 1 / 50, (studies, 1, months))
    y = rng.poisson(mu)
    treat = np.zeros((studies, places, months))
    treat[:, : places // 2, BEFORE:] = 1
    y = rng.binomial(y, np.where(treat > 0, effect, 1.0))

    def redraw(draws, chance):
        drawn = np.zeros((draws, places, months))
        order = np.argsort(chance.random((draws, places)), axis=1) < places // 2
        drawn[:, :, BEFORE:] = order[:, :, None]
        return drawn

    return make_study(y, treat, redraw=redraw)


def promised(study, rules):
    """Promise the power from the months before of each study."""
    months = START.astype("datetime64[M]") + np.arange(-BEFORE, 0)
    start = months.astype("datetime64[D]")
    days = np.diff(np.append(months, START.astype("datetime64[M]")).astype("datetime64[D]"))
    found = []
    for y in study.y[:, :, :BEFORE]:
        y = y[np.argsort(-y.sum(axis=1), kind="stable")]
        records = Records(y, start, days.astype(float))
        base = learn(records)
        base, _, _ = match_spread(records, base, spans_of(records, base, 26, 104), rules.seed)
        names = pd.Index([f"{n:04d}" for n in range(len(y))], dtype="str")
        sites = pd.DataFrame({"cluster": names, "lpt": "A", "baseline": y.sum(axis=1),
                              "change": 0.0, "area_km2": 0.1}, index=names)  # fmt: skip
        trial = make_scenario(sites, "simple", (len(y), 26), start=START, unit="month",
                              before_days=730)  # fmt: skip
        curve = run_trials(base, trial, np.array([EFFECT]), "randomisation", rules)
        found.append(curve.found / curve.sims)
    return np.array(found)


def truth(study):
    """Say how often the trials find a fall, and how often anything."""
    batch = fit_randomised(study, draws=299, interval=False)
    return (batch.p <= 0.05) & (batch.estimate < 0), batch.p <= 0.05


def main() -> None:
    rules = PowerRules(sims=300, draws=199)
    print(f"{RECORDS} records each; truth from {TRUE:,} trials; 24 months before, 6 after; "
          f"{-EFFECT:.0%} fewer\n")  # fmt: skip
    print("| world | sites | mean a month | power promised (lowest to highest) | power | "
          "false alarms promised | false alarms |")  # fmt: skip
    print("|---|---|---|---|---|---|---|")
    kinds = [
        *((f"dispersion {k:g}", make_worlds, {"dispersion": k, "before": BEFORE, "after": AFTER})
          for k in (0.0, 0.05, 0.2)),
        ("walk, 5% a month", walks, {"step": 0.05}),
        ("walk, 10% a month", walks, {"step": 0.1}),
    ]  # fmt: skip
    worlds = [(name, places, MEAN, make, options) for places in (20, 60)
              for name, make, options in kinds]  # fmt: skip
    worlds.append(("dispersion 0.05, sites chosen for a bad year", 20, MEAN, make_worlds,
                   {**kinds[1][2], "chosen": "trial"}))  # fmt: skip
    off = []
    for name, places, mean, make, options in worlds[: int(sys.argv[1]) if sys.argv[1:] else None]:
        shared = {"places": places, "mean": mean, **options}
        said = promised(make(RECORDS, effect=1.0, seed=1, **shared), rules)
        found, _ = truth(make(TRUE, effect=1 + EFFECT, seed=2, **shared))
        _, wrong = truth(make(TRUE, effect=1.0, seed=3, **shared))
        low, high = said[:, 1].min(), said[:, 1].max()
        off.append(said[:, 1].mean() - found.mean())
        print(
            f"| {name} | {places} | {mean:g} | {said[:, 1].mean():.2f} ({low:.2f} to {high:.2f}) "
            f"| {found.mean():.2f} | {said[:, 0].mean():.3f} | {wrong.mean():.3f} |",
            flush=True,
        )
    print(f"\npromised less true: mean {np.mean(off):+.3f}, largest {max(off, key=abs):+.3f}")
    speed()


def speed() -> None:
    """Time a curve of eight effects, 500 trials each, of 60 sites and 12 weeks."""
    print(
        "\n| design | seconds (processor) | detectable spread | false alarms |\n|---|---|---|---|"
    )
    rng = np.random.default_rng(0)
    y = rng.poisson(rng.gamma(2, 2, (60, 1)) * rng.gamma(20, 1 / 20, (60, 104)))
    y = y[np.argsort(-y.sum(axis=1), kind="stable")]
    start = START - np.arange(104 * 7, 0, -7).astype("timedelta64[D]")
    base = learn(Records(y, start, np.full(104, 7.0)))
    names = pd.Index([f"{n:04d}" for n in range(60)], dtype="str")
    sites = pd.DataFrame({"cluster": names, "lpt": "A", "baseline": y.sum(axis=1), "change": 0.0,
                          "area_km2": 0.1}, index=names)  # fmt: skip
    effects = np.array([-0.05, -0.1, -0.15, -0.2, -0.25, -0.3, -0.4, -0.5])
    for design in ("simple", "pairs", "blocks", "balanced", "stepped wedge", "crossover"):
        began = time.process_time()
        trial = make_scenario(sites, design, (60, 12), start=START, before_days=728,
                              unit="day" if design == "crossover" else "weeks")  # fmt: skip
        curve = run_trials(base, trial, effects, "randomisation", PowerRules())
        print(
            f"| {design} | {time.process_time() - began:.1f} | {curve.spread:.3f} | "
            f"{curve.found[0] / curve.sims:.3f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
