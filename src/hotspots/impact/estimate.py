"""Did it work: what became of the treated places, against what was to be expected of them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..contracts import InputError, Result
from ._checked import Checked, check_finding, with_recording
from ._chosen import chosen_change
from ._course import course
from ._effects import changes, effects
from ._together import (
    balance_table,
    level_of,
    paid,
    paragraph,
    place_table,
)
from .counts import count_places
from .dose import dose_table
from .kinds import compare_kinds
from .outcomes import side_effects
from .rules import ImpactRules

if TYPE_CHECKING:
    import geopandas as gpd


@dataclass(frozen=True, repr=False)
class Impact(Result):
    """What became of the treated places, as :func:`estimate_impact` gives it.

    Attributes
    ----------
    effect : DataFrame
        A row per outcome, part (hotspots; buffer: the rings about them; both) and method:
        ``estimand`` (what the number is), ``against`` (places, days or nothing), ``unit`` (ratio
        or incidents), ``estimate``, ``low``, ``high``, ``p``, ``p_adjusted`` (the further outcomes
        together), ``incidents`` with ``incidents_low`` and ``incidents_high`` (more or fewer than
        expected), the counts behind it (``treated_before``, ``treated_after``,
        ``control_before``, ``control_after``), ``main`` (the estimator the study is judged by),
        ``chance`` (how the interval was made) and ``refused`` (why there is no number).
    checks : DataFrame
        What speaks for or against believing it: ``check``, ``asks``, ``found``, ``low``,
        ``high``, ``verdict`` (fine, doubt, cannot tell) and ``words``.
    series : DataFrame
        Both arms by period with what the treated places were expected to have, and the
        difference added up. Empty for a cross-over.
    event_study : DataFrame
        The difference of the arms period by period, against the last before.
    places : DataFrame
        Index ``place``: its counts before and after, of its ring too, and ``without`` (the
        estimate when it is left out).
    displacement : DataFrame
        Before and after in places and rings by type and time of day.
    side_effects : DataFrame
        What the patrols did and found beside: incidents found by police activity, powers used.
    dose : DataFrame
        Minutes delivered, and the effect per hour with assignment as instrument.
    balance : DataFrame
        What the arms were like before.
    level : int
        On the Maryland scale, 1 to 5; 0 with nothing to compare.
    level_why : str
        Why that level.
    comparator : bool
        Whether there was anything to compare with.
    interval : float
        Level of the intervals.
    start, end : Timestamp
        First day of treatment, and last day counted.
    said : str
        The text.
    """

    effect: pd.DataFrame
    checks: pd.DataFrame
    series: pd.DataFrame
    event_study: pd.DataFrame
    places: pd.DataFrame
    displacement: pd.DataFrame
    side_effects: pd.DataFrame
    dose: pd.DataFrame
    balance: pd.DataFrame
    level: int
    level_why: str
    comparator: bool
    interval: float
    start: pd.Timestamp
    end: pd.Timestamp
    said: str

    @property
    def text(self) -> str:
        """What was found, how sure that is, and what speaks against it."""
        return self.said


def estimate_impact(
    incidents: gpd.GeoDataFrame,
    *,
    treated: gpd.GeoDataFrame | None = None,
    control: gpd.GeoDataFrame | Result | None = None,
    start: str | dt.date | None = None,
    design: Any = None,
    dosage: pd.DataFrame | None = None,
    activities: pd.DataFrame | None = None,
    rules: ImpactRules | None = None,
) -> Impact:
    r"""Tell what became of treated places against what was to be expected of them.

    Parameters
    ----------
    incidents : GeoDataFrame
        Every category of the records, of the whole force, from before and after.
    treated : GeoDataFrame
        Polygons of the places patrols went to, index their ids; needed without ``design``.
    control : GeoDataFrame or Matches, optional
        Polygons of the comparison places, as :func:`match_controls` finds them. Without any the
        change is told, and never called an effect.
    start : str or date
        First day of treatment; needed without ``design``.
    design : TrialDesign, optional
        The trial: its sites, days and lot. The assignment it drew is then drawn anew.
    dosage : DataFrame, optional
        ``Delivery.dosage``: what was delivered, by ``hotspot`` and ``date``.
    activities : DataFrame, optional
        The log of what was done (``contracts.ACTIVITIES``), for the powers used.
    rules : ImpactRules, optional

    Returns
    -------
    Impact

    Raises
    ------
    InputError
        Naming every fault at once.

    Notes
    -----
    The main estimate is a ratio: incidents there were over those there would have been,

    .. math:: \hat\rho = \frac{T_1 / T_0}{C_1 / C_0}

    with places as the unit of chance, or, for a trial, the lot as it was drawn. Poisson formulas
    of the same ratio or of its difference, which count incidents as if they came one by one, are
    in the table beside it; they are wrong far more often than they say where counts vary more.

    References
    ----------
    Wheeler A. P. and Ratcliffe J. H. (2018) A simple weighted displacement difference test to
    evaluate place based crime interventions. *Crime Science* 7, 11.
    Braga A. A., Turchan B., Papachristos A. V. and Hureau D. M. (2019) Hot spots policing of small
    geographic areas effects on crime. *Campbell Systematic Reviews* 15, e1046.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=3, months=36)
    >>> spots = county.hotspots.query("class_ == 'persistent'")
    >>> found = hs.estimate_impact(county.incidents, treated=spots.query("treated"),
    ...                            start="2025-01-01", rules=hs.ImpactRules(period="MS"))
    >>> found.comparator, found.level
    (False, 2)
    """
    rules = ImpactRules() if rules is None else rules
    if not isinstance(rules, ImpactRules):
        raise InputError("estimate_impact", [
            f"rules is of type {type(rules).__name__}; give ImpactRules(...)."
        ])  # fmt: skip
    counts = count_places(
        incidents, treated, control, start=start, end=rules.end, design=design, rules=rules
    )
    study = counts.study()
    comparator = bool((study.treat[0][:, ~study.before] == 0).any())
    selection, chosen = chosen_change(counts, incidents, rules)
    if comparator:
        parts = ("hotspots", "buffer", "both") if rules.buffer_m > 0 else ("hotspots",)
        effect = paid(effects(counts, rules, parts), counts, rules)
        checked = check_finding(counts, effect, chosen, rules)
        kinds = compare_kinds(counts, level=rules.level, seed=rules.seed)
    else:
        parts, effect = ("hotspots",), changes(counts, rules)
        checked = Checked(with_recording(counts, [chosen]), pd.DataFrame(), pd.DataFrame())
        kinds = pd.DataFrame()
    side = side_effects(counts, rules, activities=activities)
    dose = pd.DataFrame() if dosage is None else dose_table(counts, dosage, rules)
    level, why = level_of(counts, control, checked.checks, comparator=comparator)
    return Impact(
        effect=effect, checks=checked.checks, series=course(counts, parts, effect, rules.level),
        event_study=checked.event_study, places=place_table(counts, checked.without),
        displacement=kinds, side_effects=side, dose=dose, balance=balance_table(counts),
        level=level, level_why=why, comparator=comparator,
        interval=rules.level, start=counts.start, end=counts.end,
        said=paragraph(counts, effect, checked.checks, [side, dose], selection, (level, why),
                       rules, comparator=comparator),
    )  # fmt: skip
