"""How often pooled intervals hold the truth, by number of results and how far settings differ.

Log rate ratios of k trials: a true mean, true effects normal about it with standard deviation tau,
and estimates with the errors of trials of unlike sizes (standard errors .08 to .5, every fifth half
of that). Prints the table of docs/methods/what-works.md: how often the 95% interval misses the true
mean by restricted likelihood with Hartung-Knapp (as given, and without its floor at 1), by
DerSimonian and Laird, by one common effect, and with the spread drawn; how often the plain
prediction interval and ours hold the true effect of a further setting; how often the funnel is
called lopsided where nothing is missing; and how wide the interval is, as the ratio of its ends.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from scipy import stats

from hotspots.evidence.meta import drawn_spread, funnel_p, random_effects

SIZES = (2, 3, 4, 5, 7, 10, 20)
SPREADS = (0.0, 0.05, 0.15, 0.3)


def worlds(studies: int, k: int, tau: float, rng: np.random.Generator) -> tuple:
    """Return estimates, variances and the true effect of a further setting."""
    se = np.exp(rng.uniform(np.log(0.08), np.log(0.5), (studies, k)))
    se[:, ::5] /= 2  # some far larger trials: the hard case for pooling
    true = -0.1 + tau * rng.standard_normal((studies, k))
    y = true + se * rng.standard_normal((studies, k))
    return y, se**2, -0.1 + tau * rng.standard_normal(studies)


def row(studies: int, k: int, tau: float, rng: np.random.Generator) -> list[float]:
    """Return the rates of one cell of the table."""
    y, v, further = worlds(studies, k, tau, rng)
    said = []
    main = random_effects(y, v)
    w = 1 / (v + main.tau2[:, None])
    q = (w * (y - main.estimate[:, None]) ** 2).sum(axis=1) / (k - 1)
    bare = stats.t.ppf(0.975, k - 1) * np.sqrt(q / w.sum(axis=1))
    said.append(np.mean((main.low > -0.1) | (main.high < -0.1)))
    said.append(np.mean(np.abs(main.estimate + 0.1) > bare))
    for method in ("dl", "common"):
        pool = random_effects(y, v, method=method)
        said.append(np.mean((pool.low > -0.1) | (pool.high < -0.1)))
    few = min(studies, 1500)  # these are not made many at once
    drawn = [drawn_spread(y[n], v[n], seed=n) for n in range(few)]
    said.append(np.mean([(one.low > -0.1) | (one.high < -0.1) for one in drawn]))
    if k > 2:
        plain = stats.t.ppf(0.975, k - 2) * np.sqrt(main.tau2 + main.se**2)
        said.append(np.mean(np.abs(further - main.estimate) < plain))
        said.append(np.mean([one.expect_low < true < one.expect_high
                             for one, true in zip(drawn, further, strict=False)]))  # fmt: skip
    else:
        said += [np.nan, np.nan]
    pairs = list(zip(y[:few], v[:few], strict=True))
    for between in (0.0, None):  # Egger's own, ours
        found = [funnel_p(a, b, tau2=between) < 0.05 for a, b in pairs] if k >= 10 else [np.nan]
        said.append(np.mean(found))
    said.append(np.median(np.exp(main.high) / np.exp(main.low)))
    return said


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=4000)
    studies = parser.parse_args().studies
    began = time.perf_counter()
    names = ["results", "tau", "as given", "without floor", "DerSimonian-Laird", "common effect",
             "spread drawn", "plain prediction holds", "ours holds", "Egger", "funnel",
             "high / low"]  # fmt: skip
    print(f"| {' | '.join(names)} |")
    print("|---|---|---|---|---|---|---|---|---|---|---|---|")
    for k in SIZES:
        for tau in SPREADS:
            rng = np.random.default_rng([k, int(100 * tau)])
            rates = row(studies, k, tau, rng)
            cells = ["" if np.isnan(r) else f"{r:.3f}" for r in rates[:-1]]
            print(f"| {k} | {tau:g} | {' | '.join(cells)} | {rates[-1]:.2f} |")
    print(f"{studies:,} sets a row; {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
