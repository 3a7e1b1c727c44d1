"""Placebo dates and places: what is found where nothing began and where nobody went."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ._effects import sums
from ._given import check_given, whole
from ._words import LEAST, interval, moved
from .checks import Check
from .study import refuse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .study import Batch, Redraw, Study

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

Fit = Callable[["Study"], "Batch"]
"""An estimator with its options given: what was found in each of the studies."""

_DATES = 12  # dates looked at, at most
_LEAST_DATES = 3
_LEAST_PLACES = 8
_OFTEN = 0.10  # share of placebos as large as the finding, from which it is nothing special
_ALARMS = 0.20  # share of placebos called clear, from which something else is at work


def placebo_dates(study: Study, fit: Fit, found: Batch | None = None) -> tuple[pd.DataFrame, Check]:
    """Move the start into the time before it: what is found where nothing began.

    Parameters
    ----------
    study : Study
        One study, in which treatment begins everywhere on one day and stays.
    fit : callable
        The estimator, as ``lambda study: fit_places(study, level=.95)``.
    found : Batch, optional
        What it found; fitted here when absent.

    Returns
    -------
    dates : DataFrame
        ``start`` (period before which the pretended start lies), ``periods`` after it that were
        compared, ``estimate``, ``low``, ``high`` (ratio or incidents, as the estimator gives
        them), ``clear`` (whether no difference lies outside the interval), ``refused``. At most
        twelve dates, evenly spread over the later half of the time before. Without a lot, only
        dates after the periods the places were chosen for: before them the counts of a bad time
        come, in them they go, and both would be taken for an effect.
    check : Check
        ``found`` is the share of dates with a difference as large as the finding.

    Examples
    --------
    >>> from hotspots.impact.panel import fit_panel
    >>> from hotspots.impact.study import make_study
    >>> treat = np.zeros((12, 30))
    >>> treat[:6, 24:] = 1
    >>> study = make_study(np.random.default_rng(1).poisson(20 - 8 * treat), treat)
    >>> dates, check = placebo_dates(study, fit_panel)
    >>> len(dates), check.found, check.verdict
    (7, 0.0, 'fine')
    """
    name, asks = "placebo dates", "What is found at dates on which nothing began?"
    check_given("placebo_dates", study, one=True, fit=fit)
    columns = ["start", "periods", "estimate", "low", "high", "clear", "refused"]
    why = _one_start(study)
    before = np.flatnonzero(study.before & study.used.any(axis=0))
    after = int((~study.before & study.used.any(axis=0)).sum())
    length = min(after, len(before) // 4)
    if not why and length < 2:
        why = f"There are {len(before)} periods before the start; 8 or more are needed."
    if why:
        return pd.DataFrame(columns=columns), silent(name, asks, why)
    starts = np.arange(len(before) // 2, len(before) - length + 1)
    if study.redraw is None and study.chosen.any():
        starts = starts[before[starts] > np.flatnonzero(study.chosen).max()]
        if len(starts) < _LEAST_DATES:
            return pd.DataFrame(columns=columns), silent(name, asks, (
                "Nearly all dates that could be tried lie in or before the time whose counts the "
                "places were chosen for. That choice alone makes a rise and a fall there."
            ))  # fmt: skip
    if len(starts) > _DATES:
        starts = starts[np.unique(np.linspace(0, len(starts) - 1, _DATES).round().astype(int))]
    rows = []
    for at in starts:
        on = np.zeros(len(study.before), dtype=bool)
        on[before[at : at + length]] = True
        seen = np.zeros_like(on)
        seen[before[: at + length]] = True
        pretended = _pretend(study, study.arm, on, study.used & seen)
        batch = fit(pretended)
        if batch.ratio and (few := too_few(pretended)):
            batch = refuse(pretended, few)
        rows.append({"start": before[at], "periods": length, **found_row(batch, 0)})
    dates = pd.DataFrame(rows, columns=columns)
    real = fit(study) if found is None else found
    told = dates[dates["estimate"].notna()]
    if len(told) < _LEAST_DATES:
        refused = [text for text in dates["refused"] if text]
        why = refused[0] if refused else f"Only {len(told)} dates could be fitted."
        return dates, silent(name, asks, why)
    known = study.redraw is not None or bool(study.chosen.any())
    return dates, _dates_check(name, asks, told, real, known=known)


def placebo_places(
    study: Study, fit: Fit, found: Batch | None = None, *, draws: int = 99, seed: int = 0
) -> tuple[pd.DataFrame, Check]:
    """Take comparison places as if treated: what is found where nobody went.

    Parameters
    ----------
    study : Study
        One study with eight comparison places or more.
    fit : callable
        The estimator; it gets all draws at once.
    found : Batch, optional
        What it found in the study; fitted here when absent.
    draws : int
        Times a half of the comparison places is drawn, from 19.
    seed : int

    Returns
    -------
    draws : DataFrame
        ``estimate``, ``low``, ``high``, ``clear`` of each draw.
    check : Check
        ``found`` is the share of draws with a difference as large as the finding.

    Raises
    ------
    InputError
        Naming every fault.

    Notes
    -----
    Halves of the comparison places are fewer places than the study has, so that their differences
    vary more than the finding does: a finding larger than nearly all of them is the surer.

    Examples
    --------
    >>> from hotspots.impact.panel import fit_panel
    >>> from hotspots.impact.study import make_study
    >>> treat = np.zeros((20, 30))
    >>> treat[:8, 24:] = 1
    >>> study = make_study(np.random.default_rng(1).poisson(20 - 8 * treat), treat)
    >>> drawn, check = placebo_places(study, fit_panel)
    >>> len(drawn), check.found, check.verdict
    (99, 0.0, 'fine')
    """
    name, asks = "placebo places", "What is found at comparison places taken as if treated?"
    faults = []
    if not whole(draws, 19, 9999):
        faults.append(f"draws is {draws!r}; it must be a whole number from 19 to 9,999.")
    check_given("placebo_places", study, faults, one=True, fit=fit, seed=seed)
    columns = ["estimate", "low", "high", "clear"]
    rest = np.flatnonzero(~study.arm[0] & study.used.any(axis=1))
    if len(rest) < _LEAST_PLACES:
        why = (f"There are {len(rest)} comparison places; {_LEAST_PLACES} are needed to take some "
               "of them as if treated.")  # fmt: skip
        return pd.DataFrame(columns=columns), silent(name, asks, why)
    rest = rest[np.lexsort(study.y[0, rest].T)]  # the order of rows must not matter
    rng = np.random.default_rng([seed, len(rest)])
    half = np.argsort(rng.random((draws, len(rest))), axis=1) < len(rest) // 2
    drawn = some_places(study, rest)
    on = ~study.before & study.used.any(axis=0)
    drawn = replace(drawn, y=np.broadcast_to(drawn.y, (draws, *drawn.y.shape[1:])))
    pretended = _pretend(drawn, half, on, drawn.used)
    batch = fit(pretended)
    table = pd.DataFrame([found_row(batch, d) for d in range(draws)])
    real = fit(study) if found is None else found
    if real.ratio and (why := too_few(pretended) or too_few(study)):
        return table[columns], silent(name, asks, why)
    told = table[table["estimate"].notna()]
    if batch.refused or len(told) < draws // 2:
        why = batch.refused or "Most draws of comparison places cannot be fitted."
        return table[columns], silent(name, asks, why)
    return table[columns], _places_check(name, asks, told, real, len(rest))


def silent(name: str, asks: str, why: str) -> Check:
    """Say that a check cannot tell, and why."""
    return Check(name, asks, np.nan, np.nan, np.nan, "cannot tell", why)


def too_few(study: Study) -> str:
    """Say that the incidents of an arm, before or after, are too few for a percentage."""
    held = [many for many in sums(study).values() if not np.isnan(many)]
    if min(held, default=0) >= LEAST:
        return ""
    return f"Under {LEAST} incidents on a side are too few to tell."


def _one_start(study: Study) -> str:
    on = study.treat[0] > 0
    arm = study.arm[0]
    if not arm.any():
        return "No place was treated."
    if arm.all():
        return "There is no place that was never treated, so that no other date can be tried."
    mine = np.asarray(on[arm])
    if (mine != mine[:1]).any() or (np.diff(mine[0].astype(int)) < 0).any():
        return "Treatment did not begin everywhere on one day to stay."
    return ""


def _pretend(study: Study, arm: Bools, on: Bools, used: Bools) -> Study:
    """Take places ``arm`` (S or 1, n) as treated in periods ``on``, counts ``used`` only."""
    treat = (arm[:, :, None] & on).astype(float)
    again: Redraw | None = None
    if study.redraw is not None:
        again = _relabelled(study, on)
    return replace(study, y=np.where(used, study.y, 0.0), treat=treat, used=used, redraw=again)


def _relabelled(study: Study, on: Bools) -> Redraw:
    redraw = study.redraw
    assert redraw is not None

    def draw(draws: int, rng: np.random.Generator) -> Floats:
        arm = np.asarray(redraw(draws, rng)).max(axis=2) > 0
        treat: Floats = (arm[:, :, None] & on).astype(float)
        return treat

    return draw


def some_places(study: Study, kept: Ints) -> Study:
    """Keep some places; where treatment was drawn by lot, the lots among them."""
    again: Redraw | None = None
    if study.redraw is not None:
        redraw, drawn = study.redraw, bool(study.arm[0, kept].any())

        def draw(draws: int, rng: np.random.Generator) -> Floats:
            if drawn:
                return np.asarray(redraw(draws, rng), dtype=float)[:, kept]
            half = np.argsort(rng.random((draws, len(kept))), axis=1) < len(kept) // 2
            return (half[:, :, None] & ~study.before).astype(float)

        again = draw
    return replace(
        study, y=study.y[:, kept], treat=study.treat[:, kept], used=study.used[kept],
        cell=study.cell[kept], block=study.block[kept], redraw=again,
    )  # fmt: skip


def found_row(batch: Batch, at: int) -> dict[str, Any]:
    """One study of a batch, as a ratio or in incidents, and whether it is clear."""
    ends = np.array([batch.estimate[at], batch.low[at], batch.high[at]])
    clear = bool(ends[1] > 0 or ends[2] < 0)
    ends = np.exp(ends) if batch.ratio else ends
    return {"estimate": ends[0], "low": ends[1], "high": ends[2], "clear": clear,
            "refused": batch.refused}  # fmt: skip


def _size(estimate: Floats, ratio: bool) -> Floats:
    size: Floats = np.abs(np.log(np.maximum(estimate, 1e-12))) if ratio else np.abs(estimate)
    return size


def told_as(estimate: float, ratio: bool) -> str:
    """Write an estimate: a ratio as per cent, else incidents."""
    if ratio:
        return moved(estimate)
    return f"{abs(estimate):,.0f} incidents {'more' if estimate > 0 else 'fewer'}"


def _against(told: pd.DataFrame, real: Batch) -> tuple[float, float, bool, str]:
    """Shares as large and called clear, the finding and whether it is clear, and it in words."""
    row = found_row(real, 0)
    estimates = told["estimate"].to_numpy(float)
    size = _size(np.array([row["estimate"]], dtype=float), real.ratio)[0]
    large = float((_size(estimates, real.ratio) >= size - 1e-12).mean()) if size == size else np.nan
    said = told_as(row["estimate"], real.ratio)
    return large, float(told["clear"].mean()), bool(row["clear"]), said


def _dates_check(
    name: str, asks: str, told: pd.DataFrame, real: Batch, *, known: bool
) -> Check:  # fmt: skip
    large, alarms, clear, words = _against(told, real)
    ends = told["estimate"].min(), told["estimate"].max()
    n = len(told)
    spread = f"from {told_as(ends[0], real.ratio)} to {told_as(ends[1], real.ratio)}"
    doubt = alarms > _ALARMS or (clear and large > _OFTEN)
    said = (f"At {n} dates before the start, at which nothing began, the same reckoning gives "
            f"{spread}; it would call {_none(alarms * n)} of them clear")  # fmt: skip
    if clear:
        be = "is" if round(large * n) == 1 else "are"
        said += f", and {_none(large * n)} {be} as large as what was found ({words})"
    said += ". The dates overlap, so that they are not so many tests."
    if doubt:
        said = f"Something moves the arms apart without any treatment. {said}"
        if not known:
            said += (" If the places were chosen for a bad time before the start, that alone can "
                     "do it: say which time with ImpactRules(chosen=...).")  # fmt: skip
    return Check(name, asks, large, *ends, "doubt" if doubt else "fine", said)


def _none(count: float) -> str:
    return f"{round(count)}" if round(count) else "none"


def _places_check(name: str, asks: str, told: pd.DataFrame, real: Batch, rest: int) -> Check:
    large, alarms, clear, words = _against(told, real)
    low, high = np.quantile(told["estimate"], [0.025, 0.975])
    doubt = alarms > _ALARMS or (clear and large > _OFTEN)
    said = (f"With half of the {rest} comparison places taken as if treated, {len(told)} times, "
            f"{alarms:.0%} would be called clear (about 5% is chance)")  # fmt: skip
    if clear:
        share = f"{large:.0%}" if large else "none"
        said += f" and {share} are as large as what was found ({words})"
    span = interval(low, high) if real.ratio else f"{low:,.0f} to {high:,.0f} incidents"
    said += f"; 95 of 100 lie within {span}."
    if doubt:
        said = f"Places nobody went to differ as much. {said}"
    return Check(name, asks, large, float(low), float(high), "doubt" if doubt else "fine", said)
