"""Hours of the week of each hotspot, borrowed from its LPT and the force where its own are few.

A chain of profiles over the 168 hours: flat, all types, one type, that type with each day its own,
that type in the LPT, the hotspot. Each is drawn towards the one before it, by the clock of its day
and by its days of the week, as far as weeks held out say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..contracts import InputError
from ..times import week_profile
from .words import counted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._evidence import Inside

    Floats = NDArray[np.float64]

LEAST, FEW_WEEKS = 30, 8  # incidents and weeks under which no hour is told
SURE = 2.0  # standard errors by which known hours foretell weeks held out better than none
FOLDS = 5  # parts of the weeks, each held out in turn
STRENGTHS = (*10.0 ** np.arange(0, 4.51, 0.25), np.inf)
"""Strengths tried, in incidents: the parent counts as much as so many incidents of one's own."""

KEPT = (1.0, 0.75, 0.5, 0.25, 0.0)
"""Shares of the hours of LPT and types that a hotspot may be lent; the rest is flat."""

UNTOLD = 100.0  # the strength where there is nothing to learn it from
SMOOTH_H = 1.0  # standard deviation in hours of the circular Gaussian over own counts
SUREST = 1e-6  # no estimate is worth more than a million incidents
TYPES = 20  # types of incident with hours of their own; the rest are taken together
PARTS = ("clock", "days", "hours")
LEVELS = ("all types", "type", "type, each day its own", "type in the LPT", "hotspot")
PEAK_H = 4
"""Length of the peak window in hours."""


@dataclass(frozen=True)
class Hours:
    """Shares of the 168 hours of the week of each hotspot, n of them.

    ``share``, ``low``, ``high`` and ``own`` (n, 168): the share of its need, which adds up to 1,
    its 95% interval, and the hotspot's own incidents spread over their spans. ``start`` (n,) is
    the hour at which the window of four hours with most need begins, ``peak``, ``peak_low`` and
    ``peak_high`` (n,) the share of its incidents in it; ``peaked`` (n,) marks those beyond doubt,
    ``busy`` (n, 7) the days that hold more than a seventh beyond doubt. ``weight`` (n,) is the
    weight of its own clock, 0 to 1. ``levels``: the strengths learned and what they gain.
    """

    share: Floats
    low: Floats
    high: Floats
    own: Floats
    start: NDArray[np.intp]
    peak: Floats
    peak_low: Floats
    peak_high: Floats
    peaked: NDArray[np.bool_]
    busy: NDArray[np.bool_]
    weight: Floats
    levels: pd.DataFrame


def beta_interval(share: Floats, worth: Floats, tried: int = 1) -> tuple[Floats, Floats]:
    """Return the 95% interval of a share worth so many incidents, for all of so many tried."""
    from scipy.special import betaincinv

    part, rest = (np.maximum(x * worth, 1e-9) for x in (share, 1 - share))
    low: Floats = betaincinv(part, rest, 0.025 / tried)
    high: Floats = betaincinv(part, rest, 1 - 0.025 / tried)
    # of a share near nothing the mean lies beyond the quantile
    return np.minimum(low, share), np.maximum(high, share)


def learn_hours(
    incidents: pd.DataFrame, inside: Inside, lpt: pd.Series, lpt_of: pd.Series,
    count_weight: float = 1.0,
) -> Hours | str:  # fmt: skip
    """Learn the hours of each hotspot, or say why they cannot be.

    ``lpt`` is that of each incident and ``lpt_of`` that of each hotspot. Under a ``count_weight``
    of 1 the ``harm`` of the incidents weighs the types of each hotspot as it weighs the need.
    """
    both = pd.concat([lpt.astype("str"), lpt_of.astype("str")], ignore_index=True)
    team, teams = pd.factorize(both.fillna(""), sort=True)
    kind, kinds = _types(incidents["category"])
    unit = team[: len(incidents)] * kinds + kind
    counted = _count(incidents, inside, unit, len(teams) * kinds)
    if isinstance(counted, str):
        return counted
    folds, exposed = counted
    by_unit, by_spot = folds[:, : len(teams) * kinds], folds[:, len(teams) * kinds :]
    where = team[len(incidents) :]
    mix = _mixture(by_unit, inside, kind, where, len(teams), np.ones(len(incidents)))
    weighed = mix
    if count_weight < 1:
        harm = incidents["harm"].to_numpy(dtype=np.float64)
        by_harm = _mixture(by_unit, inside, kind, where, len(teams), harm)
        weighed = mix**count_weight * by_harm ** (1 - count_weight)
        weighed /= weighed.sum(axis=1, keepdims=True)
    hours = _chain(by_unit.reshape(FOLDS, len(teams), kinds, 168), by_spot, mix, weighed, exposed)
    if (hours.levels["gain_over_flat"] <= SURE * hours.levels["error"]).all():
        return "in weeks held out no hour holds more than another beyond chance"
    return hours


def _types(category: pd.Series) -> tuple[NDArray[np.intp], int]:
    """Give the most frequent types a number each, from 0, and the rest one more together."""
    code, names = pd.factorize(category, sort=True)
    counts = np.bincount(code[code >= 0], minlength=len(names))
    number = np.empty(len(names) + 1, dtype=np.intp)
    number[np.argsort(-counts, kind="stable")] = np.minimum(np.arange(len(names)), TYPES)
    number[-1] = 0
    return number[code], min(len(names), TYPES + 1)


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
        lacking = error.faults[0].split("; use")[0].rstrip(".")
        return lacking.replace("these records do not bear it: ", "of the incidents ")
    number, used = len(profile.blocks.week), int(profile.groups["incidents"].sum())
    used -= int(profile.groups.loc[profile.groups["counted_in"].astype(int) >= units,
                                   "incidents"].sum())  # fmt: skip
    if used < LEAST or number < FEW_WEEKS:
        return (
            f"{counted(used, 'incident')} in {counted(number, 'week')} with a time that can be "
            f"used, where {LEAST} in {FEW_WEEKS} weeks are needed"
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
    teams: int, value: Floats,
) -> Floats:  # fmt: skip
    """Return the share of each LPT and type in each hotspot's prior, (hotspots, LPTs x types).

    By the types recorded in it, each incident by its value; of its LPT where it holds none, of the
    force where that does not.
    """
    kinds = by_unit.shape[1] // teams
    total = by_unit.sum(axis=(0, 2)).reshape(teams, kinds)
    held = np.zeros((inside.hotspots, kinds))
    np.add.at(held, (inside.hotspot, kind[inside.row]), value[inside.row])
    held = np.where(held.sum(axis=1, keepdims=True) > 0, held, total[team_of])
    held = np.where(held.sum(axis=1, keepdims=True) > 0, held, total.sum(axis=0))
    held = held / held.sum(axis=1, keepdims=True)
    mix = np.zeros((inside.hotspots, teams, kinds))
    mix[np.arange(inside.hotspots), team_of] = held
    return mix.reshape(inside.hotspots, teams * kinds)


def _chain(
    by_unit: Floats, by_spot: Floats, mix: Floats, weighed: Floats, exposed: Floats
) -> Hours:
    """Learn each level of the chain from the one before, out of the weeks held out."""
    of_type = by_unit.sum(axis=1)
    groups = {
        "all types": of_type.sum(axis=1)[:, None], "type": of_type,
        "type, each day its own": of_type, "type in the LPT": by_unit.reshape(FOLDS, -1, 168),
        "hotspot": by_spot,
    }  # fmt: skip
    prior: Floats = np.full((FOLDS + 1, 1, 168), 1 / 168)
    # one over the incidents that the clock, the days and the single hours are worth
    unsure, before = np.zeros((3, 1)), np.zeros((3, 1))
    rows, kept = [], 1.0
    for name in LEVELS:
        # the last part holds nothing out: it is the estimate itself
        test = np.concatenate([groups[name], np.zeros_like(groups[name][:1])])
        own = _smoothed(test.sum(axis=0) - test)
        if name == "type in the LPT":
            times = test.shape[1] // prior.shape[1]
            prior, unsure = np.tile(prior, (1, times, 1)), np.tile(unsure, times)
        elif name == "hotspot":
            by_need = weighed @ prior[-1]
            prior, kept = _lent(np.einsum("hu,fuk->fhk", mix, prior), test)
            by_need = kept * by_need + (1 - kept) / 168
            unsure = unsure @ (mix**2).T
        unsure = unsure + np.zeros((3, own.shape[1]))
        above, before = prior, unsure.copy()
        for at, part in enumerate(PARTS):
            if (part == "hours") != (name == "type, each day its own"):
                continue
            strength, prior = _strengthen(own, prior, test, part)
            spread = np.maximum(1 / strength + unsure[at], SUREST)
            # single hours of a type hold for its LPTs and hotspots: theirs are not learned anew
            unsure[at] = spread if part == "hours" else 1 / (own[-1].sum(axis=1) + 1 / spread)
            rows.append((name, part, float(test.sum()), kept, strength,
                         _gain(prior, above, test)[0], *_gain(prior, 1 / 168, test)))  # fmt: skip
    levels = pd.DataFrame(
        rows, columns=["level", "part", "incidents", "kept", "strength", "gain", "gain_over_flat",
                       "error"],
    )  # fmt: skip
    worth = _window_worth(own, above, test, before[0])
    rate = np.divide(exposed.mean(), exposed, out=np.ones(168), where=exposed > 0)
    share = prior[-1] * rate
    share = share / share.sum(axis=1, keepdims=True)
    # the need has the hours of what weighs in it, and the hotspot's own turn of them
    need = by_need * prior[-1] / above[-1] * rate
    need = need / need.sum(axis=1, keepdims=True)
    clock = levels.loc[(levels["level"] == "hotspot") & (levels["part"] == "clock"), "strength"]
    number = by_spot.sum(axis=(0, 2))
    return _estimates(
        share, need, by_spot.sum(axis=0), unsure, worth, number / (number + clock.iloc[0]),
        levels.astype({"level": "str", "part": "str"}),
    )  # fmt: skip


def _lent(prior: Floats, test: Floats) -> tuple[Floats, float]:
    """Flatten what hotspots are lent by as much as foretells their weeks held out best.

    Hotspots may be of another kind than their LPT: car parks by day where homes are by night.
    """
    if not test.any():
        return prior, 1.0
    mixed = [share * prior + (1 - share) / 168 for share in KEPT]
    scores = [float((test * np.log(p)).sum()) / test.sum() for p in mixed]
    best = int(np.argmax(np.round(scores, 9)))
    return mixed[best], KEPT[best]


def _strengthen(own: Floats, prior: Floats, test: Floats, part: str) -> tuple[float, Floats]:
    """Find the strength that foretells the weeks held out best, and draw by it."""
    if not test.any():
        return UNTOLD, _drawn(own, prior, UNTOLD, part)
    scores = [float((test * np.log(_drawn(own, prior, c, part))).sum()) for c in STRENGTHS]
    best = int(np.argmax(np.round(np.array(scores) / max(test.sum(), 1), 9)))
    return float(STRENGTHS[best]), _drawn(own, prior, STRENGTHS[best], part)


def _gain(share: Floats, other: Floats | float, test: Floats) -> tuple[float, float]:
    """Return the gain over other shares in weeks held out, nats an incident, and its error."""
    number = float(test.sum())
    if not number:
        return 0.0, 0.0
    ratio = np.log(share / other)
    gain = float((test * ratio).sum()) / number
    return gain, float(np.sqrt((test * (ratio - gain) ** 2).sum())) / number


def _drawn(own: Floats, prior: Floats, strength: float, part: str) -> Floats:
    """Draw a prior towards own counts, which it outweighs by so many incidents.

    By the hours of the week; or, with far fewer figures to learn, by the clock of the day or the
    days of the week alone, the rest of the prior kept.
    """
    if np.isinf(strength):
        return np.broadcast_to(prior, own.shape)
    if part == "hours":
        drawn: Floats = (own + strength * prior) / (own.sum(axis=-1, keepdims=True) + strength)
        return drawn
    axis = -2 if part == "clock" else -1
    counts, before = (x.reshape(*x.shape[:-1], 7, 24).sum(axis=axis) for x in (own, prior))
    after = (counts + strength * before) / (counts.sum(axis=-1, keepdims=True) + strength)
    ratio = np.expand_dims(after / before, axis)
    drawn = (prior.reshape(*prior.shape[:-1], 7, 24) * ratio).reshape(own.shape)
    drawn /= drawn.sum(axis=-1, keepdims=True)
    return drawn


def _smoothed(counts: Floats) -> Floats:
    """Smooth counts of the week by a circular Gaussian, total kept."""
    away = np.minimum(np.arange(168), 168 - np.arange(168))
    lens = np.exp(-0.5 * (away / SMOOTH_H) ** 2)
    lens /= lens.sum()
    turned = np.stack([np.roll(lens, n) for n in range(168)])
    found: Floats = counts @ turned
    return found


def _windows(clock: Floats) -> Floats:
    """Add the window of four hours from each hour of the day on up, (..., 24)."""
    held: Floats = sum((np.roll(clock, -n, axis=-1) for n in range(PEAK_H)), np.zeros(clock.shape))
    return held


def _window_worth(own: Floats, above: Floats, test: Floats, unsure: Floats) -> Floats:
    """Learn how many incidents the share of a window of four hours is worth, (hotspots,).

    Neighbouring hours go together, so a window varies more from hotspot to hotspot than its hours
    would if each went its own way. Learned from the parent's peak window, as strengths are.
    """
    share, mine, later = (_windows(x.reshape(*x.shape[:-1], 7, 24).sum(axis=-2))
                          for x in (above, own, test))  # fmt: skip
    at = np.argmax(share.round(9), axis=-1)[..., None]
    q, k, t = (np.take_along_axis(x, at, axis=-1)[..., 0] for x in (share, mine, later))
    number, tested = own.sum(axis=-1), test.sum(axis=-1)
    scores = []
    for strength in STRENGTHS:
        p = q if np.isinf(strength) else (k + strength * q) / (number + strength)
        p = np.clip(p, 1e-9, 1 - 1e-9)
        scores.append(float((t * np.log(p) + (tested - t) * np.log1p(-p)).sum()))
    best = UNTOLD
    if tested.any():
        best = STRENGTHS[int(np.argmax(np.round(np.array(scores) / tested.sum(), 9)))]
    worth: Floats = number[-1] + 1 / np.maximum(1 / best + unsure, SUREST)
    return worth


def _estimates(
    share: Floats, need: Floats, own: Floats, unsure: Floats, worth: Floats, weight: Floats,
    levels: pd.DataFrame,
) -> Hours:  # fmt: skip
    """Put intervals to the shares, and find the peaks."""
    week = need.reshape(-1, 7, 24)
    clock, days = week.sum(axis=1), week.sum(axis=2)
    # relative variances add up: of the clock, of the day, of the single hour
    spread = (
        ((1 - clock) / clock * unsure[0][:, None])[:, None, :]
        + ((1 - days) / days * unsure[1][:, None])[:, :, None]
    ).reshape(need.shape) + (1 - need) / need * unsure[2][:, None]
    low, high = beta_interval(need, (1 - need) / (need * np.maximum(spread, SUREST)))
    start = np.argmax(_windows(clock).round(9), axis=1)
    # where the need is, by what share of the incidents is there: that can be counted
    held = _windows(share.reshape(-1, 7, 24).sum(axis=1))
    peak = held[np.arange(len(start)), start]
    peak_low, peak_high = beta_interval(peak, worth)
    # the best of six windows that do not overlap, and of seven days, looks good by chance
    least, _ = beta_interval(peak, worth, 24 // PEAK_H)
    sure, _ = beta_interval(days, 1 / np.maximum(unsure[1], SUREST)[:, None], 7)
    return Hours(need, low, high, own, start, peak, peak_low, peak_high, least > PEAK_H / 24,
                 sure > 1 / 7, weight, levels)  # fmt: skip
