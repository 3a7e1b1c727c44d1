"""Hours of the week of each hotspot, borrowed from its LPT and the force where its own are few.

A chain of profiles over the 168 hours, each drawn towards the one before it as far as weeks held
out say: flat, all types, one type, that type with each day its own, that type in the LPT, the
hotspot.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..contracts import InputError
from ..times import week_profile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._evidence import Inside

    Floats = NDArray[np.float64]

LEAST, FEW_WEEKS = 30, 8  # incidents and weeks under which no hour is told
FOLDS = 5  # parts of the weeks, each held out in turn
STRENGTHS = (*10.0 ** np.arange(0, 4.51, 0.25), np.inf)
"""Strengths tried, in incidents: the parent counts as much as so many incidents of one's own."""

SMOOTH_H = 1.0  # standard deviation in hours of the circular Gaussian over own counts
SUREST = 1e-6  # no estimate is worth more than a million incidents
TYPES = 20  # types of incident with hours of their own; the rest are taken together
LEVELS = ("all types", "type", "type, each day its own", "type in the LPT", "hotspot")


@dataclass(frozen=True)
class Hours:
    """Shares of the 168 hours of the week of each hotspot.

    ``share`` (n, 168) adds up to 1 for each; ``pseudo`` (n, 168) are the incidents that the share
    is worth, for intervals; ``own`` (n, 168) the hotspot's own, spread over spans; ``weight`` (n,)
    the weight of its own in it, 0 to 1; ``levels`` the strengths learned and what they gain.
    """

    share: Floats
    pseudo: Floats
    own: Floats
    weight: Floats
    levels: pd.DataFrame

    def interval(self) -> tuple[Floats, Floats]:
        """Return the 95% interval of each share, (n, 168) each."""
        return beta_interval(self.pseudo, self.pseudo.sum(axis=1, keepdims=True))


def beta_interval(part: Floats, whole: Floats) -> tuple[Floats, Floats]:
    """Return the 95% interval of a share that rests on so many incidents of so many."""
    from scipy.special import betaincinv

    rest = np.maximum(whole - part, 1e-9)
    part = np.maximum(part, 1e-9)
    low: Floats = betaincinv(part, rest, 0.025)
    high: Floats = betaincinv(part, rest, 0.975)
    return low, high


def learn_hours(
    incidents: pd.DataFrame, inside: Inside, lpt: NDArray[np.object_],
    lpt_of: NDArray[np.object_],
) -> Hours | str:  # fmt: skip
    """Learn the hours of each hotspot, or say why they cannot be.

    Parameters
    ----------
    incidents : DataFrame
        Those that count, ``category``, ``occurred_from`` and ``occurred_to``, n rows.
    inside : Inside
    lpt : ndarray of str, shape (n,)
        Of each incident.
    lpt_of : ndarray of str
        Of each hotspot.
    """
    team, teams = pd.factorize(np.concatenate([lpt, lpt_of]).astype(object), sort=True)
    kind, kinds = _types(incidents["category"])
    unit = team[: len(incidents)] * kinds + kind
    counted = _count(incidents, inside, unit, len(teams) * kinds)
    if isinstance(counted, str):
        return counted
    folds, exposed = counted
    by_unit, by_spot = folds[:, : len(teams) * kinds], folds[:, len(teams) * kinds :]
    mix = _mixture(by_unit, inside, kind, team[len(incidents) :], len(teams), kinds)
    hours = _chain(by_unit.reshape(FOLDS, len(teams), kinds, 168), by_spot, mix, exposed)
    some = hours.levels[hours.levels["incidents"] > 0]
    if some["gain_over_flat"].iloc[-1] <= 0:
        return "in weeks held out no hour holds more than another beyond chance"
    return hours


def _types(category: pd.Series) -> tuple[NDArray[np.intp], int]:
    """Give the most frequent types a number each, from 0, and the rest one more together."""
    counts = category.astype(object).astype(str).value_counts()
    order = sorted(counts.index, key=lambda name: (-counts[name], name))
    number = {name: min(n, TYPES) for n, name in enumerate(order)}
    kind = category.astype(object).astype(str).map(number).to_numpy(dtype=np.intp)
    return kind, min(len(order), TYPES + 1)


def _count(
    incidents: pd.DataFrame, inside: Inside, unit: NDArray[np.intp], units: int
) -> tuple[Floats, Floats] | str:
    """Count by LPT and type, then by hotspot, (parts of the weeks, groups, 168), and exposure."""
    from scipy.sparse import csr_matrix

    names = [c for c in ("occurred_from", "occurred_to", "category", "source")
             if c in incidents.columns]  # fmt: skip
    table = pd.DataFrame(incidents[names])
    both = pd.concat([table, table.iloc[inside.row]], ignore_index=True)
    code = np.concatenate([unit, units + inside.hotspot])
    width = len(str(units + inside.hotspots))
    labels = pd.Series([f"{n:0{width}d}" for n in range(units + inside.hotspots)], dtype=object)
    both["counted_in"] = labels.to_numpy()[code]
    try:
        profile = week_profile(both, "counted_in", smooth=None, bootstraps=100)
    except InputError as error:
        return error.faults[0]
    number, used = len(profile.blocks.week), int(profile.groups["incidents"].sum())
    used -= int(profile.groups.loc[profile.groups["counted_in"].astype(int) >= units,
                                   "incidents"].sum())  # fmt: skip
    if used < LEAST or number < FEW_WEEKS:
        return (
            f"{used:,} incidents in {number:,} weeks have a time that can be used, and {LEAST} in "
            f"{FEW_WEEKS} weeks are needed"
        )
    groups = profile.groups["counted_in"].astype(int).to_numpy()
    row = np.arange(len(groups) * number)
    part = (row % number % FOLDS) * len(groups) + row // number
    gather = csr_matrix((np.ones(len(row)), (part, row)), (FOLDS * len(groups), len(row)))
    found = np.zeros((FOLDS, units + inside.hotspots, 168))
    found[:, groups] = (gather @ profile.blocks.weights).toarray().reshape(FOLDS, -1, 168)
    return found, profile.blocks.exposed.sum(axis=0)


def _mixture(
    by_unit: Floats, inside: Inside, kind: NDArray[np.intp], team_of: NDArray[np.intp],
    teams: int, kinds: int,
) -> Floats:  # fmt: skip
    """Return the share of each LPT and type in each hotspot's prior, (hotspots, LPTs x types).

    By the types recorded in it; of its LPT where it holds none, of the force where that does not.
    """
    total = by_unit.sum(axis=(0, 2)).reshape(teams, kinds)
    held = np.zeros((inside.hotspots, kinds))
    np.add.at(held, (inside.hotspot, kind[inside.row]), 1.0)
    held = np.where(held.sum(axis=1, keepdims=True) > 0, held, total[team_of])
    held = np.where(held.sum(axis=1, keepdims=True) > 0, held, total.sum(axis=0))
    held = held / held.sum(axis=1, keepdims=True)
    mix = np.zeros((inside.hotspots, teams, kinds))
    mix[np.arange(inside.hotspots), team_of] = held
    return mix.reshape(inside.hotspots, teams * kinds)


def _chain(by_unit: Floats, by_spot: Floats, mix: Floats, exposed: Floats) -> Hours:
    """Learn each level of the chain from the one before, out of the weeks held out."""
    groups = {
        "all types": by_unit.sum(axis=(1, 2))[:, None], "type": by_unit.sum(axis=1),
        "type in the LPT": by_unit.reshape(FOLDS, -1, 168), "hotspot": by_spot,
    }  # fmt: skip
    groups["type, each day its own"] = groups["type"]
    # the last "fold" holds nothing out: it is the estimate itself
    held = {name: np.concatenate([x, np.zeros_like(x[:1])]) for name, x in groups.items()}
    prior: Floats = np.full((FOLDS + 1, 1, 168), 1 / 168)
    rows, unsure = [], np.zeros(1)  # one over the incidents that an estimate is worth
    for name in LEVELS:
        test = held[name]
        train = test.sum(axis=0) - test
        parts = _separable(train) if name in LEVELS[:2] else _smoothed(train)
        if name == "type in the LPT":
            times = test.shape[1] // prior.shape[1]
            prior, unsure = np.tile(prior, (1, times, 1)), np.tile(unsure, times)
        elif name == "hotspot":
            prior, unsure = np.einsum("hu,fuk->fhk", mix, prior), mix**2 @ unsure
        strength, gain, flat = _strength(parts, prior, test)
        rows.append((name, test.sum(), strength, gain, flat))
        # what a parent counts for: spread of the children about it, and its own estimate's
        unsure = 1 / (parts[-1].sum(axis=-1) + 1 / np.maximum(1 / strength + unsure, SUREST))
        prior = _drawn(parts, prior, strength)
    rate = np.divide(exposed.mean(), exposed, out=np.ones(168), where=exposed > 0)
    share = prior[-1] * rate
    share /= share.sum(axis=1, keepdims=True)
    own = by_spot.sum(axis=0)
    weight = own.sum(axis=1) / (own.sum(axis=1) + strength)
    levels = pd.DataFrame(rows, columns=["level", "incidents", "strength", "gain", "over_flat"])
    levels = levels.rename(columns={"over_flat": "gain_over_flat"}).astype({"level": "str"})
    return Hours(share, share / unsure[:, None], own, weight, levels)


def _strength(own: Floats, prior: Floats, test: Floats) -> tuple[float, float, float]:
    """Find the strength that foretells the weeks held out best.

    Returns it, and the gain in nats an incident over the parent and over a flat week.
    """
    number = test.sum()
    scores = [float((test * np.log(_drawn(own, prior, c))).sum()) for c in STRENGTHS]
    best = int(np.argmax(np.round(np.array(scores) / max(number, 1), 9)))
    gain = (scores[best] - scores[-1]) / number if number else 0.0
    flat = scores[best] / number + np.log(168) if number else 0.0
    return float(STRENGTHS[best]), gain, float(flat)


def _drawn(own: Floats, prior: Floats, strength: float) -> Floats:
    """Draw own counts towards a prior that counts as many incidents."""
    if np.isinf(strength):
        return np.broadcast_to(prior, own.shape)
    drawn: Floats = (own + strength * prior) / (own.sum(axis=-1, keepdims=True) + strength)
    return drawn


def _smoothed(counts: Floats) -> Floats:
    """Smooth counts of the week by a circular Gaussian, total kept."""
    away = np.minimum(np.arange(168), 168 - np.arange(168))
    lens = np.exp(-0.5 * (away / SMOOTH_H) ** 2)
    lens /= lens.sum()
    turned = np.stack([np.roll(lens, n) for n in range(168)])
    found: Floats = counts @ turned
    return found


def _separable(counts: Floats) -> Floats:
    """Return counts as if every day had the same clock, total kept."""
    week = _smoothed(counts).reshape(*counts.shape[:-1], 7, 24)
    total = week.sum(axis=(-2, -1), keepdims=True)
    product = week.sum(axis=-1, keepdims=True) * week.sum(axis=-2, keepdims=True)
    found = np.divide(product, total, out=np.zeros_like(product), where=total > 0)
    flat: Floats = found.reshape(counts.shape)
    return flat
