"""The estimators by name, and which of them a design is judged by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..contracts import InputError
from .difference import fit_wdd
from .interrupted import fit_interrupted
from .panel import fit_panel
from .randomised import fit_randomised
from .ratio import fit_places
from .synthetic import fit_synthetic

if TYPE_CHECKING:
    from .rules import ImpactRules
    from .study import Batch, Study


@dataclass(frozen=True)
class Estimator:
    """An estimator, and what it estimates.

    Attributes
    ----------
    name : str
        As texts call it.
    estimand : str
        What the number is, in words.
    fit : callable
        ``fit(study, rules)`` gives a ``Batch``.
    """

    name: str
    estimand: str
    fit: Callable[[Study, ImpactRules], Batch]


_RATIO = ("incidents at the treated places over those they would have had, had they changed as "
          "the comparison places did")  # fmt: skip
_LOT = ("incidents under the treatment as drawn by lot (delivered or not) over those without it, "
        "at the places of the trial")  # fmt: skip

ESTIMATORS: dict[str, Estimator] = {
    "randomisation": Estimator(
        "randomisation test", _LOT,
        lambda study, rules: fit_randomised(
            study, level=rules.level, seed=rules.seed, draws=rules.draws
        ),
    ),
    "places": Estimator(
        "places compared", _RATIO,
        lambda study, rules: fit_places(
            study, level=rules.level, seed=rules.seed, draws=rules.draws
        ),
    ),
    "panel": Estimator(
        "Poisson panel, errors by place", _RATIO,
        lambda study, rules: fit_panel(study, level=rules.level, family="poisson"),
    ),
    "panel wild": Estimator(
        "Poisson panel, wild bootstrap by place", _RATIO,
        lambda study, rules: fit_panel(
            study, level=rules.level, family="poisson", errors="wild", seed=rules.seed,
            draws=rules.draws,
        ),
    ),
    "panel nb": Estimator(
        "negative binomial panel, errors by place", _RATIO,
        lambda study, rules: fit_panel(study, level=rules.level, family="nb"),
    ),
    "wdd": Estimator(
        "WDD, dispersion-adjusted",
        "incidents more (or fewer) at the treated places than had they changed by as many as the "
        "comparison places",
        lambda study, rules: fit_wdd(study, adjusted=True, level=rules.level),
    ),
    "wdd poisson": Estimator(
        "WDD, Poisson only",
        "incidents more (or fewer) at the treated places than had they changed by as many as the "
        "comparison places",
        lambda study, rules: fit_wdd(study, adjusted=False, level=rules.level),
    ),
    "interrupted": Estimator(
        "interrupted time series with comparator",
        "step in the sum of the treated places beyond that of the comparison places",
        lambda study, rules: fit_interrupted(study, level=rules.level),
    ),
    "synthetic": Estimator(
        "synthetic control",
        "incidents at the treated places together over those of the weighted comparison places "
        "that moved with them before",
        lambda study, rules: fit_synthetic(study, level=rules.level, seed=rules.seed),
    ),
}  # fmt: skip
"""Every estimator by the name :class:`ImpactRules` takes."""


def default_fit(study: Study) -> Callable[..., Batch]:
    """Return what judges a study by default: the lot where there was one, else places compared.

    Parameters
    ----------
    study : Study

    Returns
    -------
    callable
        :func:`fit_randomised` or :func:`fit_places`, which take ``level``, ``seed``, ``draws`` and
        ``interval`` alike.

    Examples
    --------
    >>> from hotspots.impact.study import make_study
    >>> default_fit(make_study([[1, 2], [2, 2]], [[0, 1], [0, 0]])).__name__
    'fit_places'
    """
    return fit_places if study.redraw is None else fit_randomised


def main_estimator(study: Study, rules: ImpactRules) -> str:
    """Name the estimator a study is judged by.

    Parameters
    ----------
    study : Study
    rules : ImpactRules

    Returns
    -------
    str
        What the rules name; by default ``"randomisation"`` where treatment was drawn by lot, and
        else ``"places"``.

    Raises
    ------
    InputError
        If the rules name none of :data:`ESTIMATORS`, or one that needs a lot that was not drawn.

    Examples
    --------
    >>> from hotspots.impact.rules import ImpactRules
    >>> from hotspots.impact.study import make_study
    >>> main_estimator(make_study([[1, 2], [2, 2]], [[0, 1], [0, 0]]), ImpactRules())
    'places'
    """
    if rules.estimator == "auto":
        return "places" if study.redraw is None else "randomisation"
    if rules.estimator not in ESTIMATORS:
        raise InputError("rules", [
            f"estimator is {rules.estimator!r}; it takes 'auto' or one of "
            f"{', '.join(map(repr, ESTIMATORS))}."
        ])  # fmt: skip
    if rules.estimator == "randomisation" and study.redraw is None:
        raise InputError("rules", [
            "estimator is 'randomisation', but nobody drew these places by lot: give design=, or "
            "leave estimator='auto'."
        ])  # fmt: skip
    return rules.estimator
