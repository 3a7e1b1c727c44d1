"""Studies whose truth is known: what the benchmarks of impact and power fit.

Run alone it prints what it makes. Places have their own level (gamma), share a season, drift
together, and vary beyond chance (negative binomial); they may be chosen for a bad year.
"""

from __future__ import annotations

import numpy as np

from hotspots.impact.study import Study, make_study


def make_worlds(
    studies: int,
    *,
    places: int = 20,
    before: int = 24,
    after: int = 6,
    mean: float = 4.0,
    dispersion: float = 0.05,
    chosen: str = "random",
    season: float = 0.3,
    own_seasons: float = 0.0,
    drift: float = 0.0,
    effect: float = 1.0,
    shape: float = 1.0,
    wander: float = 0.0,
    elsewhere: float = 1.0,
    seed: int = 0,
) -> Study:
    """Make studies of ``places`` places, half of them treated in the months ``after``.

    ``chosen``: "random": treated by lot among places as they are; "trial": the worst tenth of ten
    times as many by the last 12 months before, then treated by lot; "worst": the worst tenth, of
    which the worse half is treated and the other compared; "matched": the worst tenth of one half
    of the county is treated, and the places of the other half nearest in those 12 months compared;
    "rest": the worst are treated, and places taken blindly from the others compared.
    ``dispersion`` is κ of Var = μ + κμ² per place and month; ``season`` the amplitude of the log
    rate, shared, ``own_seasons`` that of each place's own; ``drift`` the standard deviation of the
    log change of each place's level at the start, which no design can see; ``wander`` that of
    each place's level about its mean at any time, fading by a tenth a month (a bad spell, which
    selection picks up). ``shape`` is that of the gamma the levels come from: above 1 places are
    more alike, and what is chosen for a bad year falls back further. ``elsewhere`` multiplies the
    levels of the half of the county that "matched" takes its comparisons from.
    """
    rng = np.random.default_rng([seed, places, before, after])
    months = before + after
    pool = places if chosen == "random" else 10 * places
    t = np.arange(months)
    shared = season * np.cos(2 * np.pi * (t - 6) / 12) + 0.02 * np.sin(t / 7)
    out_y, out_treat = np.empty((studies, places, months)), np.zeros((studies, places, months))
    for s in range(studies):
        level = rng.gamma(shape, mean / shape, pool) + 0.2
        level[pool // 2 :] *= elsewhere if chosen == "matched" else 1.0
        phase = rng.uniform(0, 2 * np.pi, (pool, 1))
        log = np.log(level)[:, None] + shared + own_seasons * np.cos(2 * np.pi * t / 12 + phase)
        log = log + drift * rng.normal(size=(pool, 1)) * (t >= before)
        if wander > 0:
            log = log + _spells(rng, pool, months, wander)
        mu = np.exp(log)
        if dispersion > 0:
            mu = mu * rng.gamma(1 / dispersion, dispersion, mu.shape)
        base = rng.poisson(mu)  # what is seen without treatment
        year = base[:, max(before - 12, 0) : before].sum(axis=1) + rng.uniform(0, 0.5, pool)
        half = places // 2
        if chosen == "random":
            rows = rng.permutation(pool)
        elif chosen == "trial":
            rows = rng.permutation(np.argsort(-year)[:places])
        elif chosen == "worst":
            rows = np.argsort(-year)[:places]
        elif chosen == "rest":
            order = np.argsort(-year)
            rows = np.concatenate([order[:half], rng.choice(order[half:], half, replace=False)])
        else:
            here, there = np.arange(pool // 2), np.arange(pool // 2, pool)
            treated = here[np.argsort(-year[here])[:half]]
            free, found = year[there].copy(), []
            for row in treated:
                nearest = int(np.abs(free - year[row]).argmin())
                free[nearest] = np.inf
                found.append(there[nearest])
            rows = np.concatenate([treated, found])
        out_y[s] = base[rows]
        out_treat[s, :half, before:] = 1
        if effect != 1:  # thinning leaves a negative binomial with the same κ
            out_y[s, :half, before:] = rng.binomial(base[rows[:half], before:], effect)
    block = np.tile(np.arange(places // 2), 2) if chosen == "matched" else np.zeros(places)
    used_to_choose = (t >= before - 12) & (t < before) & (chosen != "random")
    redraw = _lots if chosen in ("random", "trial") else None
    bound = None if redraw is None else _redraw(places, months, before)
    return make_study(out_y, out_treat, block=block, redraw=bound, chosen=used_to_choose)


def _spells(rng: np.random.Generator, places: int, months: int, sd: float) -> np.ndarray:
    """Wander about 0 with standard deviation ``sd``, nine tenths of it kept from month to month."""
    steps = rng.normal(0, sd, (places, months))
    steps[:, 1:] *= np.sqrt(1 - 0.9**2)
    for t in range(1, months):
        steps[:, t] += 0.9 * steps[:, t - 1]
    return steps


def _lots(draws: int, rng: np.random.Generator, places: int) -> np.ndarray:
    """Half of the places by lot, ``draws`` times."""
    order = np.argsort(rng.random((draws, places)), axis=1)
    return order < places // 2


def _redraw(places: int, months: int, before: int):
    def draw(draws: int, rng: np.random.Generator) -> np.ndarray:
        treat = np.zeros((draws, places, months))
        treat[:, :, before:] = _lots(draws, rng, places)[:, :, None]
        return treat

    return draw


if __name__ == "__main__":
    for chosen in ("random", "trial", "worst", "matched"):
        worlds = make_worlds(200, chosen=chosen)
        treated = worlds.arm[0]
        year, later = worlds.y[:, :, 12:24].sum(axis=2), worlds.y[:, :, 24:].sum(axis=2) * 2
        fell = [1 - later[:, arm].sum() / year[:, arm].sum() for arm in (treated, ~treated)]
        print(f"{chosen:8} a year: {year[:, treated].mean():5.1f} treated, "
              f"{year[:, ~treated].mean():5.1f} compared; falls with no effect: "
              f"{fell[0]:.0%} treated, {fell[1]:.0%} compared")  # fmt: skip
