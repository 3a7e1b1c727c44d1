"""How often the weighted displacement difference is wrong, as published and dispersion-adjusted.

python benchmarks/wdd.py [studies]: about three minutes of one processor with the 400 studies a
line of docs/methods/wdd.md.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace

import numpy as np
from impact_worlds import make_worlds

from hotspots import cumulative_wdd, wdd
from hotspots.impact.difference import fit_wdd
from hotspots.impact.study import make_study


def nb(rng, mean, kappa, size):
    """Draw counts with variance μ + κμ²; Poisson where κ is 0."""
    level = rng.gamma(1 / kappa, kappa * mean, size) if kappa else np.full(size, mean)
    return rng.poisson(level)


def bare(studies: int) -> None:
    """Two areas, one count before and one after, mean 100; and 24 like periods to learn from."""
    print("bare counts, mean 100, no effect: share called a change at 5%")
    print("| κ | Poisson only | rate ratio | adjusted, 12 periods | adjusted, 24 periods | "
          "held by 95% (24) |\n|---|---|---|---|---|---|")  # fmt: skip
    for kappa in (0.0, 0.01, 0.05, 0.1):
        rng = np.random.default_rng([1, int(kappa * 1000)])
        y = nb(rng, 100.0, kappa, (20 * studies, 2, 2)).astype(float)
        z = (y[:, 0, 1] - y[:, 0, 0] - y[:, 1, 1] + y[:, 1, 0]) / np.sqrt(y.sum(axis=(1, 2)))
        log = np.log(y[:, 0, 1] * y[:, 1, 0] / (y[:, 0, 0] * y[:, 1, 1]))
        ratio = log / np.sqrt((1 / y).sum(axis=(1, 2)))
        wrong = [(abs(z) > 1.959964).mean(), (abs(ratio) > 1.959964).mean()]
        held = 0.0
        for periods in (12, 24):
            pre = nb(rng, 100.0, kappa, (studies, 2, periods))
            found = [
                wdd(treated=one[0], control=one[1],
                    pre_counts={"treated": series[0], "control": series[1]})
                for one, series in zip(y, pre, strict=False)
            ]  # fmt: skip
            wrong.append(np.mean([f.p < 0.05 for f in found]))
            held = np.mean([f.interval[0] <= 0 <= f.interval[1] for f in found])
        print(f"| {kappa:g} | " + " | ".join(f"{w:.3f}" for w in wrong) + f" | {held:.1%} |")


def panels(studies: int) -> None:
    """Panels of places whose truth is known: false alarms, coverage, bias and power at -20%."""
    print("\npanels of places, 24 months before and 6 after: Poisson only, then adjusted")
    print("| places chosen | places | κ | own seasons | drift | bad spells | Poisson only | "
          "adjusted | interval holds at -20% | estimate over truth | power at -20% | "
          "answered |")  # fmt: skip
    print("|" + "---|" * 12)
    cases = [(chosen, places, kappa, 0.0, 0.0, 0.0)
             for chosen in ("random", "trial", "worst", "matched")
             for places in (10, 40, 100) for kappa in (0.0, 0.05, 0.2)]  # fmt: skip
    cases += [(chosen, 40, 0.05, *rest) for chosen in ("random", "worst", "matched")
              for rest in ((0.3, 0.0, 0.0), (0.0, 0.15, 0.0), (0.0, 0.0, 0.3))]  # fmt: skip
    for chosen, places, kappa, own, drift, wander in cases:
        world = {"places": places, "dispersion": kappa, "chosen": chosen, "own_seasons": own,
                 "drift": drift, "wander": wander, "seed": 11}  # fmt: skip
        worlds = make_worlds(studies, **world)
        null = replace(worlds, days=np.full(worlds.y.shape[2], 30.4))
        plain, wider = fit_wdd(null, adjusted=False), fit_wdd(null)
        spared = np.random.default_rng(5).binomial(null.y.astype(int), 0.2) * null.treat
        missed = -spared.sum(axis=(1, 2))  # of the very same worlds, a fifth does not happen
        found = fit_wdd(replace(null, y=null.y - spared))
        held = (found.low <= missed) & (missed <= found.high)
        known, told = np.isfinite(wider.p), np.isfinite(found.p)
        rates = [(plain.p < 0.05).mean(), (wider.p[known] < 0.05).mean(), held[told].mean()]
        print(
            f"| {chosen} | {places} | {kappa:g} | {own:g} | {drift:g} | {wander:g} | "
            + " | ".join(f"{rate:.1%}" for rate in rates)
            + f" | {found.estimate[told].mean() / missed[told].mean():.2f} | "
            f"{(found.p[told] < 0.05).mean():.0%} | {known.mean():.0%} |",
            flush=True,
        )


def bands(studies: int) -> None:
    """How often the line of sums leaves either band where nothing happened."""
    print("\ncumulative difference, 24 months before and 12 after, mean 60, no effect: share of "
          "studies whose line leaves the band")  # fmt: skip
    print("| κ | band of each sum | band of all sums |\n|---|---|---|")
    for kappa in (0.0, 0.02):
        rng = np.random.default_rng([2, int(kappa * 1000)])
        y = nb(rng, 60.0, kappa, (studies, 2, 36))
        left = np.zeros(2)
        for one in y:
            found = cumulative_wdd(one[0], one[1], before=24)
            for k, end in enumerate(("", "_all")):
                left[k] += ((found[f"low{end}"] > 0) | (found[f"high{end}"] < 0)).any()
        print(f"| {kappa:g} | {left[0] / studies:.1%} | {left[1] / studies:.1%} |")


def speed() -> None:
    """Many studies at once."""
    rng = np.random.default_rng(3)
    treat = np.zeros((60, 36))
    treat[:30, 24:] = 1
    study = make_study(rng.poisson(5, (4_000, 60, 36)), treat, days=30)
    began = time.perf_counter()
    fit_wdd(study)
    print(f"\n4,000 studies of 60 places and 36 months: {time.perf_counter() - began:.2f} s")


if __name__ == "__main__":
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    bare(number)
    panels(number)
    bands(max(number // 4, 100))
    speed()
