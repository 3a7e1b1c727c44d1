"""How often the range of places leaves out the true one, and how often fairness asks for nothing.

Places: hotspots of one LPT with rates drawn from a gamma distribution (shape 2, mean 60) and counts
drawn from them, Poisson or in clusters (every incident stands for several, so that the variance is
the mean times the dispersion). Questions: LPTs that get hours in exact proportion to the rate of
their incidents; any question about them is a false one.

    python benchmarks/patrol_reasons.py
"""

import numpy as np

from hotspots.patrols._fairness_words import ODD
from hotspots.patrols._rates import rate_ratio
from hotspots.patrols.reasons import rank_range

RUNS = 2000


def counts(rng, rate, dispersion):
    """Draw counts with a variance of so many times the mean."""
    if dispersion == 1:
        return rng.poisson(rate).astype(float)
    return rng.negative_binomial(rate / (dispersion - 1), 1 / dispersion).astype(float)


def places(rng, hotspots, dispersion):
    """Share of hotspots whose range holds the true place, and of LPTs where all do; the width."""
    held, wide = [], []
    true = np.arange(1, hotspots + 1)
    for _ in range(RUNS):
        rate = np.sort(rng.gamma(2, 30, hotspots))[::-1]
        seen = counts(rng, rate, dispersion)
        low, high = rank_range(seen, seen)
        held.append((low <= true) & (true <= high))
        wide.append(high - low + 1)
    return np.mean(held), np.mean(np.all(held, axis=1)), np.mean(wide)


def questions(rng, lpts, mean, dispersion):
    """Share of LPTs that a question is raised about though hours follow the rates exactly."""
    raised = compared = 0
    for _ in range(RUNS):
        rate = rng.gamma(4, mean / 4, lpts)
        seen, hours = counts(rng, rate, dispersion), rate / 10
        _, low, high = rate_ratio(
            seen.sum() - seen, hours.sum() - hours, seen, hours
        )  # hours per incident here over those elsewhere
        compared += int((~np.isnan(low)).sum())
        raised += int(((low > ODD) | (high < 1 / ODD)).sum())
    return raised / compared


def main():
    """Print both tables."""
    rng = np.random.default_rng(1)
    print("| hotspots | variance over mean | place in its range | all in theirs | mean width |")
    print("|---|---|---|---|---|")
    for hotspots in (4, 8, 20):
        for dispersion in (1, 2, 4):
            one, every, wide = places(rng, hotspots, dispersion)
            print(f"| {hotspots} | {dispersion} | {one:.1%} | {every:.1%} | {wide:.1f} |")
    print()
    print("| LPTs | incidents each | variance over mean | false questions per LPT |")
    print("|---|---|---|---|")
    for mean in (40, 150, 600):
        for dispersion in (1, 2, 4):
            print(f"| 10 | {mean} | {dispersion} | {questions(rng, 10, mean, dispersion):.2%} |")


if __name__ == "__main__":
    main()
