"""Whether a trial can answer its question: power from the force's own records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..contracts import Result
from ..progress import progress_bar
from ._power_inputs import EFFECTS, Asked, count_records, read_asked
from ._power_tables import baseline_table, classic_table, curve_rows, published_table, trial_row
from ._power_words import say
from .baseline import Baseline, Records, learn
from .power_rules import PowerRules
from .remedies import find_remedies
from .scenarios import make_scenario, of_trial
from .simulation import Curve, Scenario, run_trials

if TYPE_CHECKING:
    import geopandas as gpd


@dataclass(frozen=True, repr=False)
class TrialPower(Result):
    """What a trial could find, as :func:`trial_power` gives it.

    Attributes
    ----------
    trials : DataFrame
        A row per trial asked about: ``design, sites, weeks, estimator, incidents`` (expected at
        all sites over the trial without patrols), the smallest fall found with the power
        ``wanted`` (``detectable`` as a share below 0, from ``detectable_low``, the smaller, to
        ``detectable_high``; blank where none of the effects asked about is), the
        ``false_alarms`` with no effect (share of trials, ``false_low, false_high``),
        ``patrol_hours`` (officer-hours at sites), ``answered`` (share of simulated trials
        without effect in which the estimator gave an answer), ``verdict`` (can answer, a large
        fall only, cannot answer, not to be read) and ``why``.
    power : DataFrame
        A row per trial and effect, none among them: ``design, sites, weeks, effect, power, low,
        high`` (95% Monte Carlo interval), ``answered`` (share of simulated trials in which the
        estimator gave an answer), ``sims``.
    published : DataFrame
        What published trials found and the ``power`` of the first trial to find as much.
    remedies : DataFrame
        What could answer: ``what``, ``design, sites, weeks, outcome, incidents``, the ``effect``
        looked for, its ``power, low, high``, ``patrol_hours``, ``enough``.
    classic : DataFrame
        The closed forms for the first trial: ``formula, value, unit, meaning``.
    baseline : DataFrame
        What the records say and whether the simulated trials vary alike: ``quantity, records,
        simulated, low, high, verdict``.
    excluded : DataFrame
        Hotspots that may not be in the trial: index ``hotspot``, ``lpt``, ``name``, ``baseline``,
        ``reason``, ``detail``.
    estimator : str
    said : str
        The text.
    """

    trials: pd.DataFrame
    power: pd.DataFrame
    published: pd.DataFrame
    remedies: pd.DataFrame
    classic: pd.DataFrame
    baseline: pd.DataFrame
    excluded: pd.DataFrame
    estimator: str
    said: str

    @property
    def text(self) -> str:
        """Whether the trial can answer its question, what it could find, and what would."""
        return self.said


def trial_power(
    trial: gpd.GeoDataFrame | Result,
    incidents: gpd.GeoDataFrame,
    *,
    design: str | None = None,
    effects: Sequence[float] = EFFECTS,
    sites: int | Sequence[int] | None = None,
    weeks: int | Sequence[int] | None = None,
    estimator: str = "auto",
    rules: PowerRules | None = None,
) -> TrialPower:
    r"""Simulate a trial from the force's own records, and tell what it could find.

    Parameters
    ----------
    trial : TrialDesign or GeoDataFrame
        What ``design_trial`` returns, or hotspots that a trial might use.
    incidents : GeoDataFrame
        Records of the years before, every category.
    design : {"simple", "pairs", "blocks", "balanced", "crossover", "stepped wedge"}, optional
        How sites would be drawn; that of the trial, or "simple".
    effects : sequence of float
        Falls asked about, as shares: -.2 for 20% fewer. Those of published trials (16%, 23% and
        40% fewer) are always among them.
    sites, weeks : int or sequence of int, optional
        Trials to compare; all sites that may be in it, and the weeks of the trial or 12. Fewer
        sites than there are are the worst; more are taken to be like them.
    estimator : str
        "auto" (the randomisation test) or a name of ``hotspots.impact.ESTIMATORS``.
    rules : PowerRules, optional

    Returns
    -------
    TrialPower

    Raises
    ------
    InputError
        Naming every fault.

    Notes
    -----
    Counts are drawn from levels, season, trend and variation learnt at the sites themselves
    (:func:`hotspots.trials.baseline.learn`); each incident under treatment happens all the same
    with chance 1 + effect; the assignment is drawn as the design draws it, and every simulated
    trial is analysed by the estimator the real one will be. The smallest fall that can be found
    is read off the curve. The false alarms with no effect stand beside it: where they are not
    what they should be, power means nothing.

    References
    ----------
    Hinkle J. C., Weisburd D., Famega C. and Ready J. (2013) The problem is not just sample size:
    the consequences of low base rates in policing experiments in smaller cities. *Evaluation
    Review* 37(3-4), 213-238.

    Examples
    --------
    >>> import hotspots as hs
    >>> from hotspots.trials import PowerRules, trial_power
    >>> county = hs.make_county(seed=1, months=24)
    >>> found = trial_power(county.hotspots, county.incidents, weeks=12, effects=[-.2],
    ...                     rules=PowerRules(sims=50, draws=99))
    >>> found.trials[["design", "sites", "verdict"]].to_numpy().tolist()
    [['simple', 14, 'cannot answer']]
    """
    asked = read_asked(trial, incidents, design, effects, sites, weeks, estimator, rules)
    records = count_records(incidents, asked)
    base = learn(records)
    many = len(asked.sites) * len(asked.weeks) * (len(asked.effects) + 1)
    bar = progress_bar(total=many + 6, desc="simulating trials", leave=False, delay=2,
                       disable=None)  # fmt: skip
    with bar:
        checked, base = baseline_table(records, base, asked)
        bar.update()
        runs = [
            (one, run_trials(base, one, asked.effects, asked.estimator, asked.rules, bar.update))
            for one in _scenarios(records, asked)
        ]
        return _result(incidents, asked, records, base, runs, checked, bar)


def _scenarios(records: Records, asked: Asked) -> list[Scenario]:
    """Every trial asked about, that of the design itself by its own lot."""
    before = min(asked.rules.before_weeks * 7, float(records.days.sum()))
    if asked.as_drawn:
        return [of_trial(asked.trial, asked.places.index, unit=asked.unit, before_days=before)]
    return [
        make_scenario(asked.places, asked.design, (k, weeks), start=asked.start, unit=asked.unit,
                      before_days=before, rules=asked.lot_rules)
        for k in asked.sites
        for weeks in asked.weeks
    ]  # fmt: skip


def _result(
    incidents: Any, asked: Asked, records: Records, base: Baseline,
    runs: list[tuple[Scenario, Curve]], checked: pd.DataFrame, bar: Any,
) -> TrialPower:  # fmt: skip
    trials = pd.DataFrame([trial_row(one, curve, asked) for one, curve in runs])
    power = pd.concat([curve_rows(one, curve) for one, curve in runs], ignore_index=True)
    scenario, curve = runs[0]
    published = published_table(asked.design, curve)
    remedies = find_remedies(incidents, asked, records, base, runs[0], trials.iloc[0], bar.update)
    classic = classic_table(base, scenario, curve, asked.rules)
    said = say(trials, power, published, remedies, classic, checked, asked)
    return TrialPower(trials, power, published, remedies, classic, checked, asked.excluded,
                      asked.estimator, said)  # fmt: skip
