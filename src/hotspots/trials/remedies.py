"""What could answer a question that a trial cannot."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import InputError
from ..impact.spans import finest
from ._power_inputs import Asked, count_records, with_all
from ._power_tables import hours
from .baseline import Baseline, Records, learn
from .closed_forms import detectable
from .published import AVERAGE
from .scenarios import make_scenario
from .simulation import Curve, Scenario, run_trials

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .power_rules import PowerRules

    Floats = NDArray[np.float64]

MOST_SITES = 600
"""Sites beyond which more are no remedy."""

_WEEKS = (52, 26)
COLUMNS = ("what", "design", "sites", "weeks", "outcome", "incidents", "effect", "power", "low",
           "high", "patrol_hours", "enough")  # fmt: skip


def find_remedies(
    incidents: Any, asked: Asked, records: Records, base: Baseline,
    run: tuple[Scenario, Curve], row: Any, tick: Callable[[], Any],
) -> pd.DataFrame:  # fmt: skip
    """Simulate what could answer: more sites, more weeks, days by lot, another outcome.

    Parameters
    ----------
    incidents : GeoDataFrame
    asked : Asked
    records : Records
    base : Baseline
    run : (Scenario, Curve)
        The trial that is to be mended.
    row : Series
        Its row of the table of trials.
    tick : callable

    Returns
    -------
    DataFrame
        Empty where the trial can answer. Otherwise every remedy is simulated and analysed like
        the trial itself, at the average published fall.
    """
    scenario, curve = run
    if row["verdict"] in ("can answer", "not to be read"):
        return _table([])
    rows: list[dict[str, Any]] = []
    k, weeks = len(scenario.sites), round(scenario.weeks)
    target = AVERAGE.change
    aim = abs(np.log1p(target)) / detectable(1.0, power=asked.rules.power, level=asked.rules.level)

    def add(what: str, of: Asked, at: Baseline, size: tuple[int, int], design: str) -> bool:
        unit = "day" if design == "crossover" else of.unit
        before = min(of.rules.before_weeks * 7, float(records.days.sum()))
        long = _weeks(design, size[1], of)
        one = make_scenario(of.places, design, (size[0], long), start=of.start, unit=unit,
                            before_days=before, rules=of.lot_rules)  # fmt: skip
        found = run_trials(at, one, np.array([target]), of.estimator, of.rules)
        share, low, high = (float(v[1]) for v in found.share())
        outcome = "all incidents" if of.rules.outcome is None else ", ".join(of.rules.outcome)
        enough = share >= of.rules.power
        rows.append(dict(zip(COLUMNS, (
            what, design, len(one.sites), one.weeks, outcome, found.incidents, target, share, low,
            high, hours(found, of.rules), enough), strict=True)))  # fmt: skip
        tick()
        return enough

    sites = more = _sites(curve, k, aim)
    for _ in range(3):
        more += more % 2
        if not k < more <= MOST_SITES or add(
            "more sites", asked, base, (more, weeks), scenario.design
        ):
            break
        sites = more = max(_grown(more, rows[-1]["power"], asked.rules), more + 2)
    for long in (w for w in _WEEKS if w > weeks):
        if not add("longer", asked, base, (k, long), scenario.design):
            break  # a shorter one would not do either
    if scenario.design != "crossover" and finest(incidents) == "W":
        daily = _learnt(incidents, asked, "day")
        if daily is not None:
            add("days by lot", asked, daily, (k, weeks), "crossover")
    if asked.rules.outcome is not None:
        every = with_all(asked)
        wide = _learnt(incidents, every, None)
        if wide is not None:
            add("all incidents", every, wide, (k, weeks), scenario.design)
    if not any(r["enough"] for r in rows) and sites:
        for long in (26, 52):
            half = max(k, round(sites * weeks / long))
            half += half % 2
            if (
                half <= MOST_SITES
                and long > weeks
                and add("more sites, longer", asked, base, (half, long), scenario.design)
            ):
                break
    return _table(rows)


def _weeks(design: str, weeks: int, asked: Asked) -> int:
    """Weeks that a design can last: whole steps, or whole fortnights."""
    if design == "stepped wedge":
        return max(round(weeks / asked.lot_rules.steps), 1) * asked.lot_rules.steps
    return weeks + weeks % 2 if design == "crossover" else weeks


def _sites(curve: Curve, k: int, aim: float) -> int:
    """Sites whose estimate is sure enough, as its error falls with their root."""
    if not np.isfinite(curve.spread) or curve.answered[0] < 20:
        return 2 * k
    return int(np.ceil(k * (curve.spread / aim) ** 2))


def _grown(sites: int, power: float, rules: PowerRules) -> int:
    """Sites that a power already simulated says are needed, with a twentieth to spare."""
    from scipy.special import ndtri

    z = ndtri(0.5 + rules.level / 2)
    have = max(ndtri(min(max(power, 0.03), 0.99)) + z, 0.1)
    return int(np.ceil(1.05 * sites * ((ndtri(rules.power) + z) / have) ** 2))


def _learnt(incidents: Any, asked: Asked, unit: str | None) -> Baseline | None:
    """Learn the sites anew, by day or for another outcome; none where the records are too few."""
    try:
        return learn(count_records(incidents, asked, unit))
    except InputError:
        return None


def _table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    kinds: dict[str, Any] = dict.fromkeys(("what", "design", "outcome"), "str")
    kinds |= dict.fromkeys(("weeks", "incidents", "effect", "power", "low", "high", "patrol_hours"),
                           float)  # fmt: skip
    return table.astype({**kinds, "sites": np.int64, "enough": bool})
