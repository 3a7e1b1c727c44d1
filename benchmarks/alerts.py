"""Measure how often find_alerts raises a false alarm, and how large an increase it finds.

    python benchmarks/alerts.py

Synthetic counts only; draws docs/_static/alerts.png. Baselines are drawn; the chance of an alarm in
the next period is then exact, from the law the counts were drawn from. Takes about five minutes.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

import hotspots as hs
from hotspots.alerts.looks import look
from hotspots.chance.predictive import predictive
from hotspots.series import Panel

MEANS = np.array([0.5, 1, 2, 5, 10, 30, 100])
LEVELS = (0.00135, 0.01, 0.05)
EACH = 20  # groups of every mean in a pool
PAST = 157  # weeks recorded: three years, from which season and growth can be told


def as_panel(y: np.ndarray, freq: str = "W-MON", start: str = "2020-01-06") -> Panel:
    """Make a panel of areas of one category, every period recorded."""
    n, periods = y.shape
    edges = pd.date_range(start, periods=periods + 1, freq=freq).to_numpy()
    keys = pd.DataFrame({"lpt": [f"A{i:04d}" for i in range(n)]}).astype("str")
    days = np.diff(edges).astype("timedelta64[D]").astype(float)
    there = np.ones(y.shape, dtype=bool)
    return Panel(keys, edges[:-1].astype("datetime64[s]"), days, y, there, there, freq)


def draw(rng: np.random.Generator, mean: np.ndarray, phi: np.ndarray | float) -> np.ndarray:
    """Draw counts with variance phi times the mean."""
    excess = np.broadcast_to(np.asarray(phi, dtype=float) - 1, mean.shape)
    plain = excess < 1e-9
    over = np.where(plain, 1.0, excess)
    rate = np.where(plain, mean, rng.gamma(mean / over, over))
    return rng.poisson(rate).astype(float)


def upper(least: np.ndarray, mean: np.ndarray, phi: np.ndarray | float) -> np.ndarray:
    """Chance of a count of at least so many."""
    phi = np.broadcast_to(np.asarray(phi, dtype=float), mean.shape)
    over = np.maximum(phi - 1, 1e-12)
    return np.where(
        phi < 1 + 1e-9, stats.poisson.sf(least - 1, mean),
        stats.nbinom.sf(least - 1, mean / over, 1 / (1 + over)),
    )  # fmt: skip


def lower(most: np.ndarray, mean: np.ndarray, phi: np.ndarray | float) -> np.ndarray:
    """Chance of a count of at most so many."""
    return 1 - upper(most + 1, mean, phi)


def row(name: str, figures: np.ndarray) -> None:
    """Print a row of the table: rates as multiples of the nominal ones."""
    cells = " | ".join(" ".join(f"{value:.2f}" for value in cell) for cell in figures)
    print(f"| {name} | {cells} |", flush=True)


def head(title: str) -> None:
    """Print the head of a table by mean."""
    print(f"\n{title}\n\n| | {' | '.join(f'{m:g}' for m in MEANS)} |\n|---|{'---|' * len(MEANS)}")


def rules_compared() -> None:
    """Reproduce the comparison of rules: exact chances of a false alarm per look, level .00135."""
    print("\nFalse alarms per look, upper side, nominal .00135, Poisson counts\n")
    print(
        "| mean | c-chart 3σ | √-band known | √-band 8 | √-band 52 | predictive 8 | predictive 52 |"
    )
    print("|---|---|---|---|---|---|---|")
    for mean in (0.5, 1, 5, 30, 100):
        known = [
            stats.poisson.sf(np.floor(mean + 3 * np.sqrt(mean)), mean),
            stats.poisson.sf(np.floor((np.sqrt(mean) + 1.5) ** 2), mean),
        ]
        band, law = [], []
        for n in (8, 52):
            total = np.arange(stats.poisson.isf(1e-12, n * mean) + 1)
            weight = stats.poisson.pmf(total, n * mean)
            over = stats.poisson.sf(np.floor((np.sqrt(total / n) + 1.5) ** 2), mean)
            band.append((weight * over).sum())
            alarm = stats.poisson.sf(predictive(total, n).least(0.00135) - 1, mean)
            law.append((weight * alarm).sum())
        print(f"| {mean:g} | " + " | ".join(f"{v:.5f}" for v in (*known, *band, *law)) + " |")


def known_dispersion(rng: np.random.Generator) -> None:
    """Count false alarms where the dispersion is known, not estimated."""
    head("Dispersion known: false alarms over the nominal .00135, .01, .05")
    for phi in (1.0, 1.5, 2.0, 3.0):
        for baseline in (8, 26, 52):
            mean = np.repeat(MEANS, 1000)
            total = draw(rng, baseline * mean, phi)
            law = predictive(total, baseline, dispersion=phi)
            rate = np.array([upper(law.least(level), mean, phi) / level for level in LEVELS])
            cells = np.array([rate[:, mean == m].mean(axis=1) for m in MEANS])
            row(f"variance {phi:g} × mean, {baseline} weeks", cells)


def false_alarms(rng: np.random.Generator) -> None:
    """Count false alarms by mean, dispersion and baseline, in a pool of groups and alone."""
    for pooled in (True, False):
        title = "140 series that lend each other their dispersion" if pooled else (
            "Series alone (panels of four)"
        )  # fmt: skip
        head(f"{title}: false alarms over the nominal .00135, .01, .05")
        for phi in (1.0, 1.5, 2.0, 3.0):
            for baseline in (8, 26, 52):
                found = []
                for _ in range(30 if pooled else 6):
                    mean = np.repeat(MEANS, EACH)
                    y = draw(rng, np.repeat(mean[:, None], PAST + 1, axis=1), phi)
                    parts = [np.arange(len(mean))] if pooled else (
                        np.arange(len(mean)).reshape(-1, 4)
                    )  # fmt: skip
                    least = np.zeros((len(LEVELS), len(mean)))
                    for part in parts:
                        law = look(as_panel(y[part]), PAST, baseline).law
                        least[:, part] = [law.least(level) for level in LEVELS]
                    rate = upper(least, mean, phi) / np.array(LEVELS)[:, None]
                    found.append([rate[:, mean == m].mean(axis=1) for m in MEANS])
                row(f"variance {phi:g} × mean, {baseline} weeks", np.mean(found, axis=0))


def harder(rng: np.random.Generator) -> None:
    """Count false alarms where series differ, follow a season or a trend, or jump."""
    head("140 series, 52 weeks: false alarms over the nominal .00135, .01, .05")
    mean = np.repeat(MEANS, EACH)
    weeks = np.arange(209)
    season = np.exp(0.25 * np.cos(2 * np.pi * weeks / 52.18))  # its peak is at 0, 52, 104...
    year = np.exp(0.25 * np.cos(2 * np.pi * (weeks[:105] - 52) / 52.18))
    quarters, round_year = (208, 195, 182, 169), (52, 58, 65, 71, 78, 84, 91, 97)

    def grown(rate: float) -> np.ndarray:
        return (1 + rate) ** (weeks / 52.18)

    cases = {
        "upper, variance mean + .05 mean²": (1 + 0.05 * mean, np.ones(209), (208,)),
        "upper, each its own variance, 1 to 4 × mean": (None, np.ones(209), (208,)),
        "upper, variance 2 × mean, outbreaks in the baseline": (2.0, np.ones(209), (208,)),
        "upper, season ±28%, four years": (1.0, season, quarters),
        "upper, season ±28%, four years, variance 2 × mean": (2.0, season, quarters),
        "upper, falling by 10% a year": (1.0, grown(-0.1), (208,)),
        "upper, rising by 10% a year": (1.0, grown(0.1), (208,)),
        "upper, rising by 20% a year": (1.0, grown(0.2), (208,)),
        "upper, rising by 10% a year, baseline 26 weeks": (1.0, grown(0.1), (208,)),
        "upper, rising by 10% a year, season ±28%": (1.0, grown(0.1) * season, quarters),
        "upper, one year recorded": (1.0, np.ones(209), (52,)),
        "upper, one year recorded, rising by 10%": (1.0, grown(0.1), (52,)),
        "upper, one to two years recorded, season ±28%": (1.0, year, round_year),
        "upper, one year recorded, season ±28%, its peak": (1.0, year, (52,)),
    }  # fmt: skip
    for name, (phi, shape, ends) in cases.items():
        found = []
        for _ in range(12 if len(ends) == 1 else 4):
            spread = rng.permutation(np.linspace(1, 4, len(mean))) if phi is None else phi
            spread = np.broadcast_to(spread, mean.shape)
            expected = mean[:, None] * shape
            y = draw(rng, expected, spread[:, None])
            if "outbreaks" in name:
                hit = rng.integers(len(shape) - 52, len(shape) - 1, len(mean))
                y[np.arange(len(mean)), hit] += np.ceil(6 * np.sqrt(2 * mean))
            for end in ends:
                law = look(as_panel(y[:, : end + 1]), end, 26 if "26" in name else 52).law
                rate = np.array([upper(law.least(v), expected[:, end], spread) / v for v in LEVELS])
                found.append([rate[:, mean == m].mean(axis=1) for m in MEANS])
        row(name, np.mean(found, axis=0))
    for phi in (1.0, 2.0):
        found = []
        for _ in range(20):
            y = draw(rng, np.repeat(mean[:, None], PAST + 1, axis=1), phi)
            law = look(as_panel(y), PAST, 52).law
            rates = []
            for level in LEVELS:
                most = law.ppf(level)
                most = np.where(law.cdf(most) <= level, most, most - 1)
                rates.append(lower(most, mean, phi) / level)
            found.append([np.array(rates)[:, mean == m].mean(axis=1) for m in MEANS])
        row(f"lower, variance {phi:g} × mean", np.mean(found, axis=0))


def power(rng: np.random.Generator) -> None:
    """Smallest multiple of the usual level found in four weeks of five, level .00135."""
    print("\nSmallest multiple of the usual level found with 80% chance, level .00135, pooled\n")
    print(f"| | {' | '.join(f'{m:g}' for m in MEANS)} |\n|---|{'---|' * len(MEANS)}")
    mean = np.repeat(MEANS, EACH)
    multiples = np.concatenate([np.arange(1.05, 4, 0.05), np.arange(4, 25, 0.5)])
    for phi in (1.0, 2.0):
        for baseline in (8, 26, 52):
            found = np.zeros((len(multiples), len(MEANS)))
            for _ in range(10):
                y = draw(rng, np.repeat(mean[:, None], PAST + 1, axis=1), phi)
                least = look(as_panel(y), PAST, baseline).law.least(0.00135)
                for k, times in enumerate(multiples):
                    rate = upper(least, times * mean, phi)
                    found[k] += [rate[mean == m].mean() / 10 for m in MEANS]
            able = (found >= 0.8).any(axis=0)
            first = multiples[np.argmax(found >= 0.8, axis=0)]
            cells = " | ".join(
                f"{v:.2g}" if ok else "over 24" for v, ok in zip(first, able, strict=True)
            )
            print(f"| variance {phi:g} × mean, {baseline} weeks | {cells} |", flush=True)


def picture() -> None:
    """Draw docs/_static/alerts.png from simulated counts."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    rng = np.random.default_rng(3)
    when = pd.date_range("2022-01-03", periods=182, freq="W-MON")
    season = np.exp(0.3 * np.cos(2 * np.pi * (np.arange(182) - 4) / 52.18))
    frames = []
    for area in range(10):
        counts = rng.poisson(12 * season)
        if area == 4:
            counts[[150, 176]] += 22
        frames.append(
            pd.DataFrame({"lpt": f"Area {area}", "period_start": when, "incidents": counts})
        )
    alerts = hs.find_alerts(pd.concat(frames), ["lpt"], when=78)
    figure, axes = plt.subplots(2, 1, figsize=(9, 9), layout="constrained")
    hs.plot_alerts(alerts, "Area 4", ax=axes[0])
    expected = pd.Series(rng.uniform(30, 500, 30), index=[f"Area {n}" for n in range(30)])
    observed = pd.Series(rng.poisson(expected * rng.normal(1, 0.12, 30)), index=expected.index)
    observed.iloc[7] = int(1.7 * expected.iloc[7])
    hs.plot_funnel(hs.funnel_chart(observed, expected), ax=axes[1])
    target = Path(__file__).resolve().parents[1] / "docs" / "_static" / "alerts.png"
    figure.savefig(target, dpi=100)
    plt.close(figure)


def main() -> None:
    """Print every table, and the time taken."""
    began = time.perf_counter()
    rng = np.random.default_rng(0)
    rules_compared()
    known_dispersion(np.random.default_rng(1))
    false_alarms(rng)
    harder(rng)
    power(rng)
    picture()
    print(f"\n{time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
