"""How often the tests of a pattern see a change where there is none, and find one that is there.

python benchmarks/pattern_change.py: about a minute.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from hotspots import e_test, small_sample_test, sppt


def areas(studies: int = 60, sizes: tuple[int, ...] = (500, 5_000, 50_000)) -> None:
    """Compare a hundred areas whose shares stay, and then some with a tenth of them doubled."""
    print("shares over 100 areas: areas called changed, with nothing changed; share of ten "
          "doubled areas that are found")  # fmt: skip
    print("| incidents a side | areas alike, or uneven as crime | Andresen | bootstrap | exact | "
          "exact, corrected | any area at all, corrected | found: exact, corrected |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|")
    for number in sizes:
        rng = np.random.default_rng(number)
        for kind, share in (("alike", np.full(100, 0.01)),
                            ("uneven", np.sort(rng.gamma(0.5, 1, 100))[::-1])):  # fmt: skip
            p = share / share.sum()
            wrong, any_, found = np.zeros(4), 0, []
            for s in range(studies):
                before = pd.Series(rng.multinomial(number, p))
                after = pd.Series(rng.multinomial(number, p))
                first, boot = (sppt(before, after, method=kind, draws=399, seed=s)
                               for kind in ("andresen", "bootstrap"))  # fmt: skip
                plain, fair = sppt(before, after, correction=None), sppt(before, after)
                results = (first, boot, plain, fair)
                wrong += [(r.areas["change"] != "as before").mean() for r in results]
                any_ += (fair.areas["change"] != "as before").any()
                other = p.copy()
                other[45:55] *= 2
                moved = sppt(before, pd.Series(rng.multinomial(number, other / other.sum())))
                found.append((moved.areas["change"].iloc[45:55] == "rose").mean())
            print(f"| {number:,} | {kind} | " + " | ".join(f"{w / studies:.1%}" for w in wrong)
                  + f" | {any_ / studies:.1%} | {np.mean(found):.0%} |", flush=True)  # fmt: skip


def bins() -> None:
    """Sizes and powers of the test over seven days, exactly; large-sample χ² beside."""
    from scipy import stats

    print("\nfew incidents over seven days: false alarms (exact), those of the large-sample law, "
          "and power")  # fmt: skip
    print("| incidents | G, exact | Kuiper, exact | G, large-sample law | half of all on one day: "
          "found | one day twice its share: found |\n|---|---|---|---|---|---|")  # fmt: skip
    rng = np.random.default_rng(1)
    for n in (3, 5, 8, 12, 20):
        x = rng.multinomial(n, np.full(7, 1 / 7))
        one, round_ = (small_sample_test(x, statistic=kind) for kind in ("G", "kuiper"))
        draws = rng.multinomial(n, np.full(7, 1 / 7), 40_000)
        with np.errstate(divide="ignore", invalid="ignore"):
            g = 2 * np.where(draws > 0, draws * np.log(draws * 7 / n), 0.0).sum(axis=1)
        law = (stats.chi2.sf(g, 6) < 0.05).mean()
        power = one.power["power"]
        print(f"| {n} | {one.size:.1%} | {round_.size:.1%} | {law:.1%} | {power[0]:.0%} | "
              f"{power[1]:.0%} |")  # fmt: skip


def counts(pairs: int = 2_000) -> None:
    """Count false alarms of the E-test and of the exact test given the total."""
    from hotspots.chance.exact import rate_ratio

    print("\ntwo counts with the same mean: false alarms at 5%\n| mean | E-test | exact, given the "
          "total |\n|---|---|---|")  # fmt: skip
    rng = np.random.default_rng(2)
    for mean in (2, 5, 20, 100):
        a, b = rng.poisson(mean, (2, pairs))
        p = rate_ratio(a, b, 1.0)[3]
        print(f"| {mean} | {(e_test(a, b) <= 0.05).mean():.1%} | {(p <= 0.05).mean():.1%} |")


if __name__ == "__main__":
    areas()
    bins()
    counts()
