"""How often each estimator of impact claims an effect where there is none, and finds one of -20%.

Studies whose truth is known (impact_worlds.py) are fitted, thousands at once. Prints the tables of
docs/methods/impact-calibration.md.

    python benchmarks/impact_calibration.py              # every estimator, a choice of worlds
    python benchmarks/impact_calibration.py defaults     # the defaults, every combination
    python benchmarks/impact_calibration.py short        # 12 months, all used to choose
    python benchmarks/impact_calibration.py selection    # what choosing alone does
"""

from __future__ import annotations

import dataclasses
import itertools
import sys
import time

import numpy as np
from impact_worlds import make_worlds

from hotspots.impact.estimators import ESTIMATORS, default_fit
from hotspots.impact.rules import ImpactRules
from hotspots.impact.selection import selection_change
from hotspots.impact.study import Batch, Study

MONTH = 365.25 / 12
TRUE = 0.8  # ratio where there is an effect
LEVEL = 0.05

# Worlds beside the usual one: 20 places, 4 incidents a month on average before choosing,
# dispersion .05, a shared season, 24 months before and 6 after.
WORLDS: dict[str, dict[str, float]] = {
    "usual": {},
    "10 places": {"places": 10},
    "60 places": {"places": 60},
    "100 places": {"places": 100},
    "no dispersion": {"dispersion": 0.0},
    "dispersion .2": {"dispersion": 0.2},
    "1 a month": {"mean": 1.0},
    "20 a month": {"mean": 20.0},
    "own seasons": {"own_seasons": 0.5},
    "places drift": {"drift": 0.15},
    "bad spells": {"shape": 4.0, "wander": 0.3},
    "24 + 12 months": {"after": 12},
    "12 + 6 months": {"before": 12},
}
FEW = ("usual", "10 places", "bad spells", "12 + 6 months")  # where chosen at random or blindly
SLOW = {"panel wild": 3}  # fitted to every third study only

PLACES = (10, 20, 60, 100)
CHOSEN = {  # the worst are treated, but in the first
    "random": "by lot among all",
    "trial": "by lot among the worst",
    "matched": "matched elsewhere",  # with places as bad in that year
    "worst": "next worst",
    "rest": "taken blindly",
}


def world(studies: int, **options: object) -> Study:
    """Make studies with months as long as months are."""
    study = make_worlds(studies, **options)
    return dataclasses.replace(study, days=np.full(study.y.shape[2], MONTH))


def rates(batch: Batch, truth: float) -> dict[str, float]:
    """Share answered; of those the share that claims an effect, and that holds the truth; bias."""
    known = np.isfinite(batch.estimate) & np.isfinite(batch.p)
    if known.mean() < 0.05:
        few = dict.fromkeys(("claimed", "held", "bias"), np.nan)
        return few | {"answered": float(known.mean())}
    held = (batch.low <= truth) & (truth <= batch.high)
    return {
        "answered": float(known.mean()),
        "claimed": float((batch.p[known] <= LEVEL).mean()),
        "held": float(held[known].mean()) if batch.ratio else np.nan,
        "bias": float(np.expm1((batch.estimate - truth)[known].mean())) if batch.ratio else np.nan,
    }


def every_estimator(studies: int = 400, worlds: tuple[str, ...] = tuple(WORLDS)) -> None:
    """Print false-positive rates, power, coverage and bias of all estimators."""
    rules = ImpactRules(draws=399)
    found: dict[tuple[str, str, str], dict[str, dict[str, float]]] = {}
    spent = dict.fromkeys(ESTIMATORS, 0.0)
    for chosen, name in itertools.product(CHOSEN, worlds):
        if name not in (FEW if chosen in ("random", "rest") else WORLDS):
            continue
        for truth in (1.0, TRUE):
            study = world(studies, chosen=chosen, effect=truth, seed=7, **WORLDS[name])
            for key, one in ESTIMATORS.items():
                if key == "randomisation" and study.redraw is None:
                    continue
                start = time.perf_counter()
                step = SLOW.get(key, 1)
                part = dataclasses.replace(study, y=study.y[::step], treat=study.treat[::step])
                batch = one.fit(part, rules)
                spent[key] += time.perf_counter() - start
                cell = found.setdefault((chosen, name, key), {})
                cell["none" if truth == 1 else "true"] = rates(batch, float(np.log(truth)))
        print(f"# {chosen}, {name}", file=sys.stderr, flush=True)
    tables = (
        ("Claims an effect where there is none (should be 5%)", "none", "claimed"),
        ("Finds a true -20%", "true", "claimed"),
        ("95% interval holds the true -20%", "true", "held"),
        ("Bias of the ratio where there is no effect", "none", "bias"),
        ("Bias of the ratio where the effect is -20%", "true", "bias"),
    )
    for title, which, what in tables:
        cells = {at: _cell(cell[which], what) for at, cell in found.items()}
        told = {at[2] for at, text in cells.items() if text not in ("refused", "–")}
        keys = [key for key in ESTIMATORS if key in told]
        print(f"\n#### {title}\n\n| compared | world | " + " | ".join(keys) + " |")
        print("|---|---|" + "---|" * len(keys))
        for chosen, name in itertools.product(CHOSEN, WORLDS):
            row = [cells.get((chosen, name, key), "") for key in keys]
            if any(row):
                print(f"| {CHOSEN[chosen]} | {name} | " + " | ".join(row) + " |")
    print("\nseconds:", {key: round(value) for key, value in spent.items()})
    error = float(np.sqrt(LEVEL * (1 - LEVEL) / studies))
    for (chosen, name, key), cell in found.items():
        default = "randomisation" if chosen in ("random", "trial") else "places"
        claimed = cell["none"]["claimed"]
        if key == default and abs(claimed - LEVEL) > 2.5 * error:
            new = world(10 * studies, chosen=chosen, seed=8, **WORLDS[name])
            print(f"{key}, {CHOSEN[chosen]}, {name}: {claimed:.1%}, of {10 * studies:,} new "
                  f"studies {_claimed(new):.1%}", flush=True)  # fmt: skip


def _claimed(study: Study) -> float:
    """Share of studies in which the default claims an effect."""
    return rates(default_fit(study)(study, draws=399, interval=False), 0.0)["claimed"]


def _cell(found: dict[str, float], what: str) -> str:
    if np.isnan(found["claimed"]):
        return "refused"
    if np.isnan(found[what]):
        return "–"
    told = f"{found[what]:+.1%}" if what == "bias" else f"{found[what]:.1%}"
    if found["answered"] < 0.995:
        told += f" ({found['answered']:.0%})"
    return told


def defaults(studies: int = 2000, part: str = "all") -> None:
    """Print false-positive rate, coverage and power of the two defaults in every combination."""
    cells = itertools.product(CHOSEN, PLACES, (1.0, 4.0, 20.0), (0.0, 0.05, 0.2), (0.0, 0.5))
    told = []
    for number, cell in enumerate(cells):
        if part not in ("all", cell[0]):
            continue
        none, true = (_default(cell, studies, effect, 1000 + number) for effect in (1.0, TRUE))
        told.append((cell, none["claimed"], true["held"], true["claimed"]))
        print(*cell, *(round(value, 4) for value in told[-1][1:]), file=sys.stderr, flush=True)
    _summary(told, studies)


def short(studies: int = 2000) -> None:
    """Print what the default answers where every month before was used to choose."""
    heads = "answered: least | most | of those, claims an effect where there is none: mean"
    print(f"| compared | places | {heads} | least | most |\n" + "|---" * 7 + "|")
    for chosen, places in itertools.product(("matched", "worst", "rest"), (10, 20, 40)):
        cells = itertools.product((1.0, 4.0, 20.0), (0.0, 0.05, 0.2), (0.0, 0.5))
        rows = [_default((chosen, places, *cell), studies, 1.0, 2000 + number, before=12)
                for number, cell in enumerate(cells)]  # fmt: skip
        answered = [row["answered"] for row in rows]
        claimed = np.array([row["claimed"] for row in rows if row["claimed"] >= 0])
        told = [claimed.mean(), claimed.min(), claimed.max()] if len(claimed) else []
        print(f"| {CHOSEN[chosen]} | {places} | {min(answered):.0%} | "
              f"{max(answered):.0%} | {' | '.join(f'{one:.1%}' for one in told) or '| |'} |",
              flush=True)  # fmt: skip


def _default(
    cell: tuple, studies: int, effect: float, seed: int, before: int = 24
) -> dict[str, float]:
    """Rates of the default in one world: how chosen, places, mean, dispersion, own seasons."""
    chosen, places, mean, dispersion, own = cell
    study = world(studies, chosen=chosen, places=places, mean=mean, dispersion=dispersion,
                  own_seasons=own, effect=effect, before=before, seed=seed)  # fmt: skip
    return rates(default_fit(study)(study, draws=399), float(np.log(effect)))


def _summary(told: list, studies: int) -> None:
    """Print mean, least and most of the rates by way of choosing, and draw outliers again."""
    parts = ("claims an effect where there is none", "95% interval holds a true −20%")
    heads = "".join(f" {part}: mean | least | most |" for part in parts)
    print(f"\n| compared | places |{heads} finds it: mean |\n" + "|---" * 9 + "|")
    for chosen, places in itertools.product(CHOSEN, PLACES):
        rows = np.array([rate for cell, *rate in told if cell[:2] == (chosen, places)])
        if len(rows):
            line = [f"{one.mean():.1%} | {one.min():.1%} | {one.max():.1%}" for one in rows.T[:2]]
            print(f"| {CHOSEN[chosen]} | {places} | {' | '.join(line)} | "
                  f"{rows[:, 2].mean():.0%} |")  # fmt: skip
    for cell, claimed, held, _ in told:
        for name, rate, aim, effect in (("claimed", claimed, LEVEL, 1.0),
                                        ("held", held, 1 - LEVEL, TRUE)):  # fmt: skip
            if abs(rate - aim) > 0.015:
                again = _default(cell, 5 * studies, effect, 1)[name]
                print(f"{name}, {CHOSEN[cell[0]]}, places, mean, dispersion, own seasons "
                      f"{cell[1:]}: {rate:.1%}, of {5 * studies:,} new studies {again:.1%}",
                      flush=True)  # fmt: skip


def selection(studies: int = 1000) -> None:
    """Print what the worst forty of 2,000 places do next, against what was foretold."""
    print("| levels | time after / before | fell by | foretold | 95% interval holds it |")
    print("|---|---|---|---|---|")
    for shape, mean, length in ((0.5, 2, 1.0), (0.5, 2, 0.5), (1.0, 5, 1.0), (4.0, 10, 1.0)):
        rng = np.random.default_rng(5)
        seen, foretold, held = [], [], []
        for _ in range(studies):
            level = rng.gamma(shape, mean / shape, 2000)
            first, then = rng.poisson(level), rng.poisson(level * length)
            top = np.argsort(-(first + rng.random(2000)))[:40]
            found = selection_change(first[top], first, length=length)
            ratio = then[top].sum() / (length * first[top].sum())
            seen.append(ratio)
            foretold.append(found.estimate)
            held.append(found.low <= ratio <= found.high)
        print(f"| gamma({shape:g}), mean {mean} | {length:g} | {1 - np.mean(seen):.1%} "
              f"| {1 - np.mean(foretold):.1%} | {np.mean(held):.1%} |")  # fmt: skip


if __name__ == "__main__":
    asked = sys.argv[1:] or ["estimators"]
    many = [int(word) for word in asked if word.isdigit()]
    names = [word for word in asked[1:] if word in CHOSEN] or ["all"]
    if asked[0] == "defaults":
        defaults(*(many or [2000]), part=names[0])
    elif asked[0] == "short":
        short(*many)
    elif asked[0] == "selection":
        selection(*many)
    else:
        every_estimator(*many)
