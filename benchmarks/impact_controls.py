"""Comparison places, synthetic control and dose: how often they mislead where truth is known.

    python benchmarks/impact_controls.py [studies]

Prints the tables of docs/methods/impact-controls.md and docs/methods/impact-dose.md. There is no
effect in the worlds of matching and synthetic control, so every estimate other than 0 is an error.
"""

from __future__ import annotations

import sys
import time

import numpy as np
from impact_worlds import make_worlds

from hotspots.impact.dose import fit_dose
from hotspots.impact.likeness import Likeness, assign, liken
from hotspots.impact.ratio import fit_places
from hotspots.impact.study import make_study
from hotspots.impact.synthetic import fit_synthetic

BEFORE, AFTER, POOL, TREATED = 36, 12, 600, 20
CHOSEN = np.arange(BEFORE) >= BEFORE - 12


# --- matching ----------------------------------------------------------------------------------


def make_pool(rng, kind, mean, drift):
    """Make counts of a force, its treated places (the worst by the last 12 months) and the rest.

    ``other half``: treated places are the worst of half of the force, candidates the other half;
    ``hotter``: the worst of a quarter that is twice as hot as the rest; ``not by counts``: treated
    for other reasons, and twice as hot.
    """
    level = rng.gamma(1.0, mean, POOL) + 0.2
    area = np.arange(POOL) < {"other half": POOL // 2, "hotter": POOL // 4}.get(kind, TREATED)
    if kind != "other half":
        level[area] *= 2
    walk = np.cumsum(rng.normal(size=(POOL, BEFORE + AFTER)), axis=1) * drift / np.sqrt(12)
    season = 0.3 * np.cos(2 * np.pi * np.arange(BEFORE + AFTER) / 12)
    mu = np.exp(np.log(level)[:, None] + walk + season)
    y = rng.poisson(mu * rng.gamma(20, 1 / 20, mu.shape)).astype(float)
    worst = np.argsort(-y[:, :BEFORE][:, CHOSEN].sum(axis=1), kind="stable")
    treated = worst[area[worst]][:TREATED]
    return y, treated, np.flatnonzero(~area)


def ways(y, treated, others):
    """Ways to match: on what the level is measured, and whether the course counts."""
    rows = np.r_[treated, others]
    before = y[rows, :BEFORE]
    days, month = np.full(BEFORE, 30.4375), np.arange(float(BEFORE))
    kinds = before.sum(axis=1, keepdims=True)
    every, early = np.ones(BEFORE, dtype=bool), ~CHOSEN
    ours = liken(before, kinds, CHOSEN, days, month)
    blank = np.zeros(len(rows)), np.zeros((len(rows), 2)), np.ones((len(rows), 1))

    def level(which):
        return Likeness(liken(before, kinds, which, days, month).level[:, :1], *blank)

    return {
        "as match_controls": ours, "the months chosen for": level(CHOSEN),
        "all months before": level(every), "the months before those": level(early),
        "both raw": Likeness(ours.level, *blank),
        "both raw heavy": Likeness(ours.level*1.414, *blank),
    }  # fmt: skip


def print_matching(studies):
    print(
        f"Matching: {TREATED} treated places of {POOL}, {BEFORE} months before, {AFTER} after, "
        f"no effect, {studies} studies. Bias of the ratio, its SD, false alarms of fit_places.\n"
    )
    print("| treated places | incidents a month | drift | matched on | bias | SD | false alarms "
          "| matched |\n|---|---|---|---|---|---|---|---|")  # fmt: skip
    for kind in ("other half", "hotter", "not by counts"):
        for mean, drift in ((4.0, 0.0), (4.0, 0.15), (1.0, 0.0), (1.0, 0.15)):
            rng = np.random.default_rng([7, int(mean), int(100 * drift)])
            found = {}
            for _ in range(studies):
                y, treated, others = make_pool(rng, kind, mean, drift)
                one, other = np.arange(TREATED), np.arange(TREATED, TREATED + len(others))
                for name, alike in ways(y, treated, others).items():
                    far = alike.distance(one, other)
                    row, column = assign(far, far <= 0.5, 1, np.empty((0, 2), dtype=int))
                    if len(row) < 5:
                        continue
                    both = y[np.r_[treated[row], others[column]]]
                    treat = np.zeros(both.shape)
                    treat[: len(row), BEFORE:] = 1
                    study = make_study(
                        both, treat, days=30.4375, block=np.tile(np.arange(len(row)), 2),
                        chosen=np.r_[CHOSEN, np.zeros(AFTER, dtype=bool)],
                    )  # fmt: skip
                    fit = fit_places(study, draws=199)
                    found.setdefault(name, []).append(
                        (fit.estimate[0], fit.p[0] <= 0.05, len(row) / TREATED)
                    )
            for name, values in found.items():
                estimate, alarm, share = np.array(values, dtype=float).T
                known = np.isfinite(estimate)
                bias = np.expm1(estimate[known].mean())
                print(f"| {kind} | {mean:g} | {drift:g} | {name} | {bias:+.1%} "
                      f"| {estimate[known].std():.3f} | {alarm[known].mean():.1%} "
                      f"| {share.mean():.0%} |", flush=True)  # fmt: skip


# --- synthetic control -------------------------------------------------------------------------


# treated by, places, treated, mean, dispersion, own seasons, drift
WORLDS = (
    ("random", 50, 25, 4.0, 0.05, 0.0, 0.0), ("random", 50, 25, 4.0, 0.2, 0.0, 0.0),
    ("random", 50, 25, 4.0, 0.05, 0.4, 0.0), ("random", 50, 25, 1.0, 0.1, 0.0, 0.0),
    ("random", 50, 5, 4.0, 0.1, 0.0, 0.0), ("random", 50, 1, 8.0, 0.1, 0.0, 0.0),
    ("random", 100, 50, 4.0, 0.1, 0.0, 0.0), ("random", 50, 25, 4.0, 0.05, 0.0, 0.2),
    ("trial", 50, 25, 4.0, 0.1, 0.0, 0.0), ("worst", 50, 25, 4.0, 0.1, 0.0, 0.0),
    ("worst", 50, 25, 4.0, 0.05, 0.4, 0.0), ("worst", 50, 25, 1.0, 0.1, 0.0, 0.0),
    ("worst", 50, 5, 4.0, 0.1, 0.0, 0.0), ("matched", 50, 25, 4.0, 0.1, 0.0, 0.0),
)  # fmt: skip


def print_synthetic(studies):
    print(f"\nSynthetic control: {studies} studies, 199 placebo groups, 24 months fitted, 6 after."
          "\n\n| treated by | places | treated | mean | dispersion | own seasons | drift "
          "| false alarms | holds −20% | bias | power |\n" + "|---" * 11 + "|")  # fmt: skip
    for chosen, places, few, mean, dispersion, own, drift in WORLDS:
        told = {}
        for effect in (1.0, 0.8):
            world = make_worlds(
                studies, places=places, before=24 if chosen == "random" else 36, after=6,
                mean=mean, dispersion=dispersion, chosen=chosen, own_seasons=own, drift=drift,
                effect=effect, seed=11,
            )  # fmt: skip
            if few < places // 2:  # only some of the treated half are kept
                keep = np.r_[:few, places // 2 : places]
                world = make_study(world.y[:, keep], world.treat[:, keep], chosen=world.chosen)
            fit = fit_synthetic(world, draws=199)
            truth = np.log(effect)
            told[effect] = (
                np.mean(fit.p <= 0.05), np.mean((fit.low <= truth) & (truth <= fit.high)),
                np.expm1(np.nanmean(fit.estimate) - truth),
            )  # fmt: skip
        print(f"| {chosen} | {world.y.shape[1]} | {few} | {mean:g} | {dispersion:g} | {own:g} "
              f"| {drift:g} | {told[1.0][0]:.1%} | {told[0.8][1]:.1%} | {told[0.8][2]:+.1%} "
              f"| {told[0.8][0]:.0%} |", flush=True)  # fmt: skip


# --- dose --------------------------------------------------------------------------------------


def make_dose(rng, *, places, mean, per, given, elsewhere, trouble):
    """Draw a trial of 6 + 6 months in which officers go where trouble is, drawn or not."""

    def lot(draws, rng):
        treat = np.zeros((draws, places, 12))
        half = np.argsort(rng.random((draws, places)), axis=1) < places // 2
        treat[:, :, 6:] = half[:, :, None]
        return treat

    treat = lot(1, rng)[0]
    shock = trouble * rng.normal(size=treat.shape)
    level = rng.gamma(2.0, mean / 2, (places, 1)) + 0.5
    dose = np.where(treat > 0, given, elsewhere) * (np.arange(12) >= 6) * np.exp(1.5 * shock)
    y = rng.poisson(level * np.exp(shock + per * dose)).astype(float)
    return make_study(y, treat, redraw=lot), dose


def print_dose(studies):
    print(f"\nDose: {studies} trials of 6 + 6 months, 199 lots; log ratio per unit of dose.\n\n"
          "| places | mean | dose drawn | elsewhere | truth | both ends | median estimate "
          "| holds the truth | p ≤ .05 | plain regression |\n" + "|---" * 10 + "|")  # fmt: skip
    for places, mean, given, elsewhere, per in (
        (60, 8.0, 1.0, 0.1, 0.0), (60, 8.0, 1.0, 0.1, -0.2), (30, 8.0, 1.0, 0.1, -0.2),
        (60, 2.0, 1.0, 0.1, -0.2), (60, 8.0, 0.5, 0.2, -0.2), (30, 8.0, 0.3, 0.15, 0.0),
        (30, 8.0, 0.3, 0.25, -0.2),
    ):  # fmt: skip
        rng = np.random.default_rng(3)
        rows, plain = [], []
        for s in range(studies):
            study, dose = make_dose(rng, places=places, mean=mean, per=per, given=given,
                                    elsewhere=elsewhere, trouble=0.3)  # fmt: skip
            fit = fit_dose(study, dose, draws=199, seed=s)
            rows.append((fit.estimate[0], fit.low[0], fit.high[0], fit.p[0]))
            later = slice(6, 12)
            rate = np.log(
                (study.y[0][:, later] + 0.5) / (study.y[0][:, :6].mean(axis=1) + 0.5)[:, None]
            )
            plain.append(np.polyfit(dose[:, later].ravel(), rate.ravel(), 1)[0])
        estimate, low, high, p = np.array(rows).T
        told = np.isfinite(low) & np.isfinite(high)
        known = ~np.isnan(low)
        held = np.mean((low <= per)[known] & (per <= high)[known])
        print(f"| {places} | {mean:g} | {given:g} | {elsewhere:g} | {per:g} | {told.mean():.0%} "
              f"| {np.nanmedian(estimate):+.3f} | {held:.1%} | {np.mean(p[known] <= 0.05):.1%} "
              f"| {np.mean(plain):+.3f} |", flush=True)  # fmt: skip


if __name__ == "__main__":
    many = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    parts = sys.argv[2:] or ["matching", "synthetic", "dose"]
    began = time.process_time()
    for part, show in (("matching", print_matching), ("synthetic", print_synthetic),
                       ("dose", print_dose)):  # fmt: skip
        if part in parts:
            show(many)
    print(f"\n{time.process_time() - began:.0f} s of processor time")
