"""The tables of a power calculation."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .baseline import YEAR, Baseline, Records, variogram
from .closed_forms import (
    baseline_factor,
    post_only_power,
    power_of,
    sites_needed,
    wdd_detectable,
)
from .published import AVERAGE, PLACE_DAYS, WHOLE_PLACES, largest
from .simulation import Curve, Scenario, detectable_effect, power_at
from .worlds import Frame, draw_counts, wandering

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._power_inputs import Asked
    from .power_rules import PowerRules

    Floats = NDArray[np.float64]

ALARMS = 0.015
"""How far the false alarms may lie from the level of the test."""

LEAST_ANSWERED = 0.9
"""Share of simulated trials in which the estimator must give an answer."""

_CHECKS = 200  # simulated records that the real ones are held against
_SOME = 0.02  # variance to begin with where none was learnt and the records show some
_ROUNDS = 3  # of setting the variation


def judge(curve: Curve, design: str, rules: PowerRules) -> tuple[str, str]:
    """Say whether a trial can answer, and why."""
    if curve.refused:
        return "cannot answer", curve.refused
    if curve.answered[0] < LEAST_ANSWERED * curve.sims:
        share = 1 - curve.answered[0] / curve.sims
        return "cannot answer", f"the estimator gives no answer in {share:.0%} of such trials"
    false, low, _ = (float(v[0]) for v in curve.share())
    alpha = 1 - rules.level
    if low > alpha and false > alpha + ALARMS:
        return "not to be read", (
            f"with no effect at all the test finds one in {false:.1%} of trials, not {alpha:.1%}"
        )
    found = detectable_effect(curve, rules.power)[0]
    big = largest(design)
    if not np.isfinite(found) or found < big.change - 1e-9:
        return "cannot answer", (
            f"what it could find is more than published trials found ({big.name}: "
            f"{-big.change:.0%} fewer)"
        )
    if found < AVERAGE.change - 1e-9:
        return "a large fall only", (
            f"it could find as much as {big.name} ({-big.change:.0%} fewer), not the average of "
            f"published trials ({-AVERAGE.change:.0%} fewer)"
        )
    return "can answer", f"it could find the average of published trials ({-AVERAGE.change:.0%})"


def trial_row(scenario: Scenario, curve: Curve, asked: Asked) -> dict[str, Any]:
    """Tell of one trial what it could find."""
    found = detectable_effect(curve, asked.rules.power)
    false, low, high = (float(v[0]) for v in curve.share())
    verdict, why = judge(curve, scenario.design, asked.rules)
    return {
        "design": scenario.design, "sites": len(scenario.sites), "weeks": float(scenario.weeks),
        "estimator": asked.estimator, "incidents": curve.incidents, "wanted": asked.rules.power,
        "detectable": found[0],
        "detectable_low": found[1], "detectable_high": found[2], "false_alarms": false,
        "false_low": low, "false_high": high, "patrol_hours": hours(curve, asked.rules),
        "answered": curve.answered[0] / curve.sims, "verdict": verdict, "why": why,
    }  # fmt: skip


def hours(curve: Curve, rules: PowerRules) -> float:
    """Officer-hours that patrols of a trial take at its sites, travel not among them."""
    return curve.treated * rules.visits * rules.dwell_min * rules.officers / 60


def curve_rows(scenario: Scenario, curve: Curve) -> pd.DataFrame:
    """Tell power effect by effect."""
    share, low, high = curve.share()
    return pd.DataFrame({
        "design": pd.Series([scenario.design] * len(share), dtype="str"),
        "sites": len(scenario.sites), "weeks": float(scenario.weeks), "effect": curve.effects,
        "power": share, "low": low, "high": high, "answered": curve.answered / curve.sims,
        "sims": curve.sims,
    })  # fmt: skip


def published_table(design: str, curve: Curve) -> pd.DataFrame:
    """Tell what published trials found and whether this one would have found it."""
    told = (AVERAGE, PLACE_DAYS) if design == "crossover" else (AVERAGE, WHOLE_PLACES)
    rows = [{**one._asdict(), "power": power_at(curve, one.change)} for one in told]
    texts = dict.fromkeys(("name", "outcome", "design", "source"), "str")
    return pd.DataFrame(rows).astype(texts)


def changes(y: Floats, before: int, after: int) -> Floats:
    """Spread of the changes of sites between two spans over that of Poisson counts.

    Averaged over the spans that fit into the records; 1 where counts are Poisson.
    """
    total = y.shape[-1]
    spread = []
    for at in range(before, total - after + 1, after):
        b = y[..., at - before : at].sum(axis=-1)
        a = y[..., at : at + after].sum(axis=-1)
        both = np.maximum(a + b, 1e-9)
        part = a.sum(axis=-1, keepdims=True) / np.maximum(both.sum(axis=-1, keepdims=True), 1e-9)
        moved = (a - part * both) ** 2 / np.maximum(part * (1 - part), 1e-9)
        spread.append(moved.sum(axis=-1) / both.sum(axis=-1))
    n = y.shape[-2]
    return np.asarray(np.mean(spread, axis=0) * n / max(n - 1, 1), dtype=float)


def spans_of(
    records: Records, base: Baseline, weeks: float, before_weeks: float
) -> tuple[int, int]:
    """Periods of the records that stand for the time before and during a trial."""
    total = int(records.used.sum())
    after = min(max(round(weeks * 7 / base.period), 1), max(total // 3, 1))
    before = min(round(before_weeks * 7 / base.period), total // 2)
    return max(before, 1), after


def match_spread(
    records: Records, base: Baseline, spans: tuple[int, int], seed: int
) -> tuple[Baseline, float, Floats]:
    """Set the variation so that changes of sites spread as they did in the records.

    Parameters
    ----------
    records : Records
    base : Baseline
    spans : (before, after)
        Periods of the records compared.
    seed : int

    Returns
    -------
    base : Baseline
    found : float
        Spread of the changes in the records, over that of Poisson counts.
    again : ndarray
        The same in simulated records.
    """
    used = records.used
    frame = Frame(records.start[used], records.days[used], np.zeros(int(used.sum()), dtype=bool))
    found = float(changes(records.y[:, used], *spans))
    index = np.arange(len(records.y))

    def simulated(at: Baseline) -> Floats:
        rng = np.random.default_rng([seed, 2])
        return changes(draw_counts(at, frame, index, _CHECKS, rng), *spans)

    again = simulated(base)
    for _ in range(_ROUNDS):
        if base.fast + base.slow == 0:
            if found <= np.quantile(again, 0.975):
                break
            base = replace(base, slow=_SOME, memory=YEAR)
            again = simulated(base)
        more = (found - 1) / max(float(again.mean()) - 1, 0.02)
        base = base.widened(float(np.clip(more, 0.2, 4.0)))
        again = simulated(base)
    windows = len(range(spans[0], int(used.sum()) - spans[1] + 1, spans[1]))
    base = base.widened(1.0, df=max((len(records.y) - 1) * windows, 4))
    return base, found, simulated(base)


def baseline_table(records: Records, base: Baseline, asked: Asked) -> tuple[pd.DataFrame, Baseline]:
    """Hold simulated records against the real ones; set the variation so that they vary alike."""
    used = records.used
    y, start, days = records.y[:, used], records.start[used], records.days[used]
    frame = Frame(start, days, np.zeros(len(days), dtype=bool))
    index = np.arange(len(y))
    base, found, again = match_spread(records, base, spans_of(records, base, asked.weeks[0],
                                      asked.rules.before_weeks), asked.rules.seed)  # fmt: skip
    rng = np.random.default_rng([asked.rules.seed, 1])
    drawn = draw_counts(base, frame, index, _CHECKS, rng)
    lag = variogram(y, start, days)[1]
    lags = variogram(drawn, start, days)[1]
    rows = [
        _row("incidents a site a week", y.sum() / days.sum() / len(y) * 7,
             drawn.sum(axis=(1, 2)) / days.sum() / len(y) * 7),
        _row("spread of changes over that of Poisson counts", found, again),
    ]  # fmt: skip
    if len(lag):
        rows.append(_row("variance of a site's rate from one period to the next (share of its "
                         "square)", float(lag[0]), lags[:, 0]))  # fmt: skip
    season = base.season.max() / base.season.min()
    for name, value in (
        ("busiest calendar month over the quietest", season),
        ("change of the level in a year (share)", np.expm1(base.trend)),
        ("variance with memory (share of the squared rate)", base.slow),
        ("days after which 37% of it is left", base.memory if base.slow > 0 else np.nan),
        ("variance of sites together in a period (share)", base.shared),
    ):
        rows.append({"quantity": name, "records": float(value), "simulated": np.nan,
                     "low": np.nan, "high": np.nan, "verdict": "learnt"})  # fmt: skip
    return pd.DataFrame(rows).astype({"quantity": "str", "verdict": "str"}), base


def _row(name: str, records: float, drawn: Floats) -> dict[str, Any]:
    low, high = (float(q) for q in np.quantile(drawn, [0.025, 0.975]))
    verdict = "less than recorded" if high < records else "more than recorded"
    return {"quantity": name, "records": float(records), "simulated": float(drawn.mean()),
            "low": low, "high": high,
            "verdict": "as recorded" if low <= records <= high else verdict}  # fmt: skip


def classic_table(
    base: Baseline, scenario: Scenario, curve: Curve, rules: PowerRules
) -> pd.DataFrame:
    """Work out the closed forms for a trial of these sites."""
    n = len(scenario.sites)
    level = (base.shape / base.rate)[scenario.sites]
    during = curve.incidents / n
    between = float(level.var(ddof=1) / level.mean() ** 2) if n > 1 else 0.0
    frame = scenario.frame
    length = {side: frame.days[frame.after == side].sum() for side in (False, True)}
    noise = {side: base.fast * base.period / days if days else 0.0 for side, days in length.items()}
    if base.slow > 0:
        weight = frame.days * frame.after / length[True]
        noise[True] += float(weight @ wandering(frame, base.slow, base.memory) @ weight)
    kappa = between + noise[True]
    rows: list[tuple[str, float, str, str]] = [
        (f"two arms after the start only, {-one.change:.0%} fewer",
         post_only_power(during, kappa, max(n // 2, 1), one.change, level=rules.level),
         "power", "negative binomial, log ratio; levels of sites count as noise")
        for one in (AVERAGE, largest(scenario.design))
    ]  # fmt: skip
    if length[False]:
        earlier = during * length[False] / length[True]
        own = {True: 1 / during + noise[True], False: 1 / earlier + noise[False]}
        r = between / np.sqrt((between + own[True]) * (between + own[False]))
        factor = baseline_factor(float(r))
        error = np.sqrt(4 / n * (kappa + 1 / during) * factor)
        rows.append(
            (
                "share of the variance left by the baseline",
                factor,
                "share",
                f"1 - r², with r {r:.2f} between the counts before and after",
            )
        )
        rows.append(
            (
                f"two arms with their baseline, {-AVERAGE.change:.0%} fewer",
                power_of(-np.log1p(AVERAGE.change), float(error), level=rules.level),
                "power",
                "analysis of covariance",
            )
        )
        rows.append(
            (
                f"sites an arm for {-AVERAGE.change:.0%} fewer",
                sites_needed(
                    during,
                    AVERAGE.change,
                    float(np.sqrt(noise[True])),
                    power=rules.power,
                    level=rules.level,
                ),
                "sites",
                "Hayes and Bennett, variation within sites only",
            )
        )
    half = curve.incidents / 2
    for name, phi in (("Poisson only", 1.0), ("with the spread of these sites", 1 + during * (
            noise[True] + noise[False]))):  # fmt: skip
        least = wdd_detectable((half,) * 4, dispersion=phi, power=rules.power, level=rules.level)
        rows.append(
            (
                f"fewer incidents that a WDD can find, {name}",
                least,
                "incidents",
                f"as many before as after; {least / half:.0%} of the treated sites' own",
            )
        )
    table = pd.DataFrame(rows, columns=["formula", "value", "unit", "meaning"])
    return table.astype({"formula": "str", "value": float, "unit": "str", "meaning": "str"})
