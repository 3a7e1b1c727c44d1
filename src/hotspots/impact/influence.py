"""The influence of one place, and how much counts vary more than chance alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..progress import progress_bar
from ._given import check_given
from ._twoway import fit_two_way, lay_out
from ._words import counted
from .checks import Check
from .placebo import Fit, found_row, silent, some_places, told_as, too_few

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .study import Batch, Study

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_PLACES = 60  # places left out in turn, at most
_MANY = 1.5  # dispersion from which counts that know chance alone are not to be read


def leave_one_out(
    study: Study, fit: Fit, found: Batch | None = None, *, names: Sequence[object] | None = None
) -> tuple[pd.DataFrame, Check]:
    """Leave out each place in turn: whether one of them carries the finding.

    Parameters
    ----------
    study : Study
        One study. Places drawn or matched in pairs are left out in pairs.
    fit : callable
        The estimator.
    found : Batch, optional
        What it found with all places; fitted here when absent.
    names : sequence, length n, optional
        Of the places; their number when absent.

    Returns
    -------
    places : DataFrame
        ``place`` left out (both of a pair), ``arm``, ``before`` and ``after`` (its incidents),
        ``estimate``, ``low``, ``high``, ``clear`` and ``refused`` without it. The 60 places with
        most incidents, where there are more.
    check : Check
        ``found`` is the estimate furthest from that with all places, ``low`` and ``high`` the
        lowest and the highest.

    Raises
    ------
    InputError
        If the names are not as many as the places.

    Examples
    --------
    >>> from hotspots.impact.panel import fit_panel
    >>> from hotspots.impact.study import make_study
    >>> treat = np.zeros((12, 30))
    >>> treat[:6, 24:] = 1
    >>> study = make_study(np.random.default_rng(1).poisson(20 - 8 * treat), treat)
    >>> places, check = leave_one_out(study, fit_panel)
    >>> len(places), check.verdict
    (12, 'fine')
    """
    name, asks = "influence of one place", "Does one place carry the finding?"
    check_given("leave_one_out", study, one=True, fit=fit)
    n = study.y.shape[1]
    given = range(n) if names is None else names if isinstance(names, Iterable) else [names]
    known = [str(one) for one in given]
    if len(known) != n:
        check_given(
            "leave_one_out", study, [f"{len(known):,} names for {n:,} places; give as many."]
        )
    units = _units(study)
    rows = []
    for unit in progress_bar(units, desc="leaving out places", leave=False, delay=2, disable=None):
        kept = np.setdiff1d(np.arange(n), unit)
        batch = fit(some_places(study, kept))
        inside = study.y[0, unit]
        arms = {"treated" if study.arm[0, k] else "control" for k in unit}
        rows.append({
            "place": " and ".join(known[k] for k in unit),
            "arm": arms.pop() if len(arms) == 1 else "pair",
            "before": inside[:, study.before].sum(), "after": inside[:, ~study.before].sum(),
            **found_row(batch, 0),
        })  # fmt: skip
    places = pd.DataFrame(rows)
    real = fit(study) if found is None else found
    if real.ratio and (why := too_few(study)):
        return places, silent(name, asks, why)
    return places, _influence_check(name, asks, places, real, len(units) < n and n > _PLACES)


def dispersion(study: Study, *, level: float = 0.95) -> tuple[pd.DataFrame, Check]:
    r"""Measure how much more the counts vary than chance alone, before the start.

    Parameters
    ----------
    study : Study
        One study.
    level : float

    Returns
    -------
    spread : DataFrame
        One row: ``phi`` (variance over that of Poisson counts) with ``low`` and ``high``,
        ``kappa`` (of Var = μ + κμ²), ``widening`` (√φ, by which intervals that know chance alone
        are too narrow), ``counts`` (place-periods), ``incidents``.
    check : Check
        *doubt* where φ is clearly above 1 and 1.5 or more: what knows chance alone (the WDD
        without adjustment) is not to be read.

    Raises
    ------
    InputError
        Naming every fault.

    Notes
    -----
    φ is Pearson's χ² over its degrees of freedom in Poisson regression with effects of place and
    period over the time before any treatment; its interval is a jackknife by place of log φ,
    Student's t. Estimators that compare places allow for φ by themselves.

    References
    ----------
    McCullagh and Nelder (1989), Generalized Linear Models, 2nd ed., 6.2.3.

    Examples
    --------
    >>> from hotspots.impact.study import make_study
    >>> treat = np.zeros((30, 30))
    >>> treat[:15, 24:] = 1
    >>> rng = np.random.default_rng(1)
    >>> spread, check = dispersion(make_study(rng.negative_binomial(5, 0.2, (30, 30)), treat))
    >>> spread["phi"].round(1).tolist(), check.verdict  # 1 / 0.2
    ([5.0], 'doubt')
    """
    name, asks = "dispersion", "Do counts vary more than chance alone makes them?"
    check_given("dispersion", study, one=True, level=level)
    columns = ["phi", "low", "high", "kappa", "widening", "counts", "incidents"]
    used = study.used & study.before
    early = replace(study, used=used, y=np.where(used, study.y, 0.0), redraw=None)
    incidents = float(early.y.sum())
    if used.sum() and incidents >= 20:
        none = np.zeros((1, *used.shape, 1))
        fit = fit_two_way(early, lay_out(early), none, free=np.zeros(1, dtype=bool), mixed=True)
        places = int((early.y[0].sum(axis=1) > 0).sum())
    if used.sum() == 0 or incidents < 20 or fit.df[0] < 10 or places < 3:
        why = f"Too little was counted before the start: {counted(incidents, 'incident')}."
        return pd.DataFrame([dict.fromkeys(columns, np.nan)]), silent(name, asks, why)
    phi, low, high = _phi(fit.chi2[0], fit.df[0], level)
    row = {"phi": phi, "low": low, "high": high, "kappa": fit.dispersion[0],
           "widening": np.sqrt(max(phi, 1.0)), "counts": fit.counts[0],
           "incidents": incidents}  # fmt: skip
    doubt = low > 1 and phi >= _MANY
    words = (f"Before the start the counts of a place vary {phi:.1f} times as much as chance alone "
             f"would make them ({low:.1f} to {high:.1f}). ")  # fmt: skip
    if doubt:
        words += (f"Intervals that know chance alone are too narrow by a factor of "
                  f"{row['widening']:.1f}; read those that compare places.")  # fmt: skip
    else:
        words += "Intervals that know chance alone are about right, if places do not drift."
    return pd.DataFrame([row], columns=columns), Check(
        name, asks, phi, low, high, "doubt" if doubt else "fine", words
    )


def _phi(chi2: Floats, df: float, level: float) -> tuple[float, float, float]:
    """Dispersion and its interval, from the χ² of each place."""
    from scipy.special import stdtrit

    mine = chi2[chi2 > 0]
    n, whole = len(mine), chi2.sum()
    phi = whole / df
    # each place brings as many degrees of freedom as any other
    without = np.log((whole - mine) / (df * (n - 1) / n))
    error = np.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum())
    reach = stdtrit(n - 1, 0.5 + level / 2) * error
    return float(phi), float(phi * np.exp(-reach)), float(phi * np.exp(reach))


def _units(study: Study) -> list[Ints]:
    """Places, or pairs of them, left out together; those with most incidents first to be kept."""
    number = np.bincount(study.block[study.block >= 0], minlength=1)
    pairs = len(number) > 1 and (number[number > 0] == 2).all()
    if pairs:
        units = [np.flatnonzero(study.block == b) for b in np.flatnonzero(number)]
    else:
        units = [np.array([k]) for k in range(len(study.block))]
    if len(units) > _PLACES:
        size = np.array([study.y[0, unit].sum() for unit in units])
        units = [units[k] for k in np.sort(np.argsort(-size, kind="stable")[:_PLACES])]
    return units


def _influence_check(name: str, asks: str, places: pd.DataFrame, real: Batch, some: bool) -> Check:
    row = found_row(real, 0)
    told = places[places["estimate"].notna()]
    whole = np.array([row["estimate"]], dtype=float)
    if len(told) == 0 or np.isnan(whole[0]):
        refused = [text for text in places["refused"] if text]
        return silent(name, asks, refused[0] if refused else "There is no finding to look at.")
    values = told["estimate"].to_numpy(float)
    null = 1.0 if real.ratio else 0.0
    away = np.abs(np.log(values / whole)) if real.ratio else np.abs(values - whole)
    far = told.iloc[int(np.argmax(away))]
    lost = told[~told["clear"].astype(bool)] if row["clear"] else told.iloc[:0]
    turned = ((values - null) * (whole - null) < 0) & bool(row["clear"])
    doubt = len(lost) > 0 or turned.any()
    ends = float(values.min()), float(values.max())
    which = f"each of the {len(places)} with most incidents" if some else "each place"
    if (places["arm"] == "pair").any():
        which = which.replace("place", "pair")
    said = (f"Leaving out {which} in turn gives {told_as(ends[0], real.ratio)} to "
            f"{told_as(ends[1], real.ratio)}; {far['place']} moves it most, to "
            f"{told_as(far['estimate'], real.ratio)}")  # fmt: skip
    if doubt:
        carried = far if far["place"] in set(lost["place"]) or not len(lost) else lost.iloc[0]
        said = (f"The finding hangs on single places: without {carried['place']} it is not clear. "
                f"{said}")  # fmt: skip
    missing = len(places) - len(told)
    if missing:
        said += f"; without {missing} of them there is no answer"
    return Check(name, asks, float(far["estimate"]), *ends, "doubt" if doubt else "fine",
                 said + ".")  # fmt: skip
