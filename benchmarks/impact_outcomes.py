"""How often further outcomes, and the harm of the first, are said to change when nothing did.

Studies without an effect (impact_worlds.py) are split by chance into six outcomes, or each of
their incidents given days of sentence. Prints two tables of docs/methods/impact-calibration.md.

    python benchmarks/impact_outcomes.py [studies]
"""

from __future__ import annotations

import dataclasses
import sys

import numpy as np
from impact_worlds import make_worlds

from hotspots.impact.estimators import default_fit
from hotspots.impact.outcomes import adjust_outcomes
from hotspots.impact.study import Study

LEVEL = 0.05
TRUE = 0.8
DRAWS = 399
OUTCOMES = 6  # the one the study is judged by, and five more
# Days of sentence, and the share of incidents that have them: most incidents little, a few most
# of the harm.
DAYS = np.array([1.0, 10.0, 180.0, 1500.0])
SHARES = {"mild": np.array([0.8, 0.19, 0.01, 0.0]), "grave": np.array([0.7, 0.25, 0.045, 0.005])}
CHOSEN = {"trial": "by lot among the worst", "matched": "matched elsewhere"}


def split(study: Study, seed: int) -> list[Study]:
    """Split every count by chance into outcomes of one size: what moves one moves all."""
    rng = np.random.default_rng(seed)
    parts = rng.multinomial(study.y.astype(np.int64), np.full(OUTCOMES, 1 / OUTCOMES))
    return [
        dataclasses.replace(study, y=parts[..., k].astype(float)) for k in range(OUTCOMES)
    ]  # fmt: skip


def further(studies: int) -> None:
    """Print how often any of five further outcomes is said to change: alone, and paid for."""
    print(f"| compared | variance of a place and month shared by all outcomes | any of "
          f"{OUTCOMES - 1} below 5% by itself | after paying | after paying by Holm |")  # fmt: skip
    print("|---|---|---|---|---|")
    for chosen, name in CHOSEN.items():
        for dispersion in (0.0, 0.2):
            study = make_worlds(studies, chosen=chosen, mean=4.0 * OUTCOMES, effect=1.0,
                                dispersion=dispersion, seed=21)  # fmt: skip
            outcomes = split(study, 3)
            fit = default_fit(study)
            p = np.stack([fit(one, draws=DRAWS, interval=False).p for one in outcomes], axis=1)
            alone, paid, holm = (np.zeros(studies, dtype=bool) for _ in range(3))
            for s in range(studies):
                told = {str(k): float(p[s, k]) for k in range(OUTCOMES)}
                one = {
                    str(k): dataclasses.replace(part, y=part.y[[s]], treat=part.treat[[s]])
                    for k, part in enumerate(outcomes)
                }
                rest = np.array([p[s, k] for k in range(1, OUTCOMES)])
                alone[s] = (rest <= LEVEL).any()
                for into, given in ((paid, one), (holm, None)):
                    found = adjust_outcomes(told, given, draws=DRAWS)
                    into[s] = min(list(found.values())[1:]) <= LEVEL
            print(f"| {name} | {dispersion:g} | {alone.mean():.1%} | {paid.mean():.1%} "
                  f"| {holm.mean():.1%} |", flush=True)  # fmt: skip


def harm(studies: int) -> None:
    """Print how often harm is said to change when nothing did, and its interval holds a fifth."""
    print("\n| compared | places | harm | answered | claims a change where there is none | finds "
          "-20% | holds it |\n|---|---|---|---|---|---|---|")  # fmt: skip
    for chosen, name in CHOSEN.items():
        for places in (10, 20, 60):
            for kind, shares in SHARES.items():
                told = []
                for truth in (1.0, TRUE):
                    study = make_worlds(studies, chosen=chosen, places=places, effect=truth,
                                        seed=22)  # fmt: skip
                    rng = np.random.default_rng(4)
                    each = rng.multinomial(study.y.astype(np.int64), shares)
                    given = dataclasses.replace(study, y=each @ DAYS)
                    batch = default_fit(given)(given, draws=DRAWS)
                    known = np.isfinite(batch.p)
                    low, high = batch.low[known], batch.high[known]
                    inside = (low <= np.log(truth)) & (np.log(truth) <= high)
                    told += [known.mean(), (batch.p[known] <= LEVEL).mean(), inside.mean()]
                print(f"| {name} | {places} | {kind} | {told[0]:.0%} | {told[1]:.1%} "
                      f"| {told[4]:.1%} | {told[5]:.1%} |", flush=True)  # fmt: skip


if __name__ == "__main__":
    many = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    further(many)
    harm(many)
