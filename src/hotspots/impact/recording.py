"""Whether the records changed: what the rest of the force shows, who found what, what is lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..chance import adjusted_p
from ..chance.regression import fit_counts
from ._words import LEAST, interval, moved

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._asked import Asked

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

COLUMNS = ["check", "asks", "found", "low", "high", "verdict", "words"]

STEP = 0.1
"""Share by which the rest of the force must step for a doubt, beyond chance."""

WIDE = 0.25
"""Width of its interval to either side from which a step cannot be told."""

TYPE_STEP = 0.25
"""The same for one type of incident among many."""

POINTS = 0.02
"""Change of a share (of incidents without a place, or found by police) that gives doubt."""

EDGE_SHARE = 0.5
"""Share of the counts near an edge that gives doubt where points are snapped."""

_YEAR = 365.25
_SHOWN = 4


@dataclass(frozen=True)
class Rest:
    """Counts by period beside those of the study.

    Attributes
    ----------
    names : ndarray of str, shape (K,)
        Types of incident.
    elsewhere : ndarray, shape (K, T)
        In no place and no ring, without those found by police where these are left out.
    lost, every : ndarray, shape (T,)
        Incidents without a place, and all.
    arms : tuple of str
    inside, police : ndarray, shape (arms, T)
        All inside the places of each arm, and those that police found.
    """

    names: NDArray[Any]
    elsewhere: Floats
    lost: Ints
    every: Ints
    arms: tuple[str, ...]
    inside: Ints
    police: Ints


def check_recording(
    rest: Rest, periods: pd.DataFrame, asked: Asked, told_origin: bool,
    edges: tuple[int, int, int, bool],
) -> pd.DataFrame:  # fmt: skip
    """Check what could make counts change without crime changing.

    Parameters
    ----------
    rest : Rest
    periods : DataFrame
    asked : Asked
    told_origin : bool
        Whether the records say who found an incident.
    edges : tuple
        Incidents counted inside; of these within 25 m of an edge; as near outside; whether points
        are snapped.

    Returns
    -------
    DataFrame
        ``check``, ``asks``, ``found``, ``low``, ``high``, ``verdict`` (fine, doubt, cannot tell),
        ``words``; NaN where a check has no number.
    """
    whole, after = periods["complete"].to_numpy(), periods["after"].to_numpy()
    rows = []
    if asked.crossover:
        why = ("Days with and without treatment alternate, so a change of recording meets both "
               "alike.")  # fmt: skip
        rows.append(_row("recording elsewhere", _ASKS["rest"], "fine", why))
    else:
        rows += _steps(rest, periods, whole, after)
        rows.append(_lost(rest, whole, after))
    rows.append(_found_by_police(rest, whole, after, told_origin, asked.crossover))
    rows.append(_near_edges(*edges))
    return pd.DataFrame(rows, columns=COLUMNS)


_ASKS = {
    "rest": "Did recording change at the start in the rest of the force?",
    "types": "Did the recording of any type change at the start in the rest of the force?",
    "lost": "Were more or fewer incidents recorded without a place?",
    "police": "Did police activity find more at the treated places?",
    "edges": "How many counts depend on which side of an edge a point lies?",
}


def _row(
    check: str, asks: str, verdict: str, words: str, found: tuple[float, float, float] | None = None
) -> dict[str, Any]:
    told = (np.nan,) * 3 if found is None else found
    return dict(zip(COLUMNS, (check, asks, *told, verdict, words), strict=True))


def step_at_start(
    y: Floats, days: Floats, when: Floats, after: Bools
) -> tuple[Floats, Floats, Floats]:
    r"""Estimate the step of series of counts at the start, beside their trend and season.

    Parameters
    ----------
    y : ndarray, shape (K, T)
        Counts; NaN where not recorded.
    days, when : ndarray, shape (T,)
        Length of each period in days; its middle in years.
    after : ndarray of bool, shape (T,)

    Returns
    -------
    log_ratio, error, df : ndarray, shape (K,)
        Step of the log rate, its standard error and the degrees of freedom left; NaN where the
        records are shorter than 17 months, as a season may pass for a step, or a side has fewer
        than three periods or 20 incidents.

    Notes
    -----
    Negative binomial regression on a line, a step, a yearly and a half-yearly wave. The variance
    is raised by :math:`(1 + r)/(1 - r)` for the correlation :math:`r` of neighbouring residuals,
    to which p/T is added, by which p columns fitted to T periods lower it, where it is above 0.

    Examples
    --------
    >>> t = np.arange(36)
    >>> y = np.where(t < 24, 100.0, 130.0)[None]
    >>> step, error, df = step_at_start(y, np.full(36, 30.4), t / 12, t >= 24)
    >>> round(float(np.exp(step[0])), 3)
    1.3
    """
    used = np.isfinite(y)
    some = used.all(axis=0)
    none = np.full(len(y), np.nan)
    span = float(np.ptp(when[some])) if some.any() else 0.0
    sides = min(int((some & after).sum()), int((some & ~after).sum()))
    if span < 1.4 or sides < 3:
        return none, none, none
    columns = [np.ones(len(when)), when - when[some].mean(), after.astype(float)]
    for wave in (1, 2):
        columns += [np.cos(2 * np.pi * wave * when), np.sin(2 * np.pi * wave * when)]
    fit = fit_counts(y, np.column_stack(columns), np.log(days), used)
    spread = np.sqrt(fit.mean + fit.dispersion[:, None] * fit.mean**2)
    with np.errstate(divide="ignore", invalid="ignore"):
        residual = np.where(used & (spread > 0), (y - fit.mean) / spread, 0.0)
        r = (residual[:, 1:] * residual[:, :-1]).sum(axis=1) / (residual**2).sum(axis=1)
    r = np.clip(np.nan_to_num(r) + len(columns) / max(int(some.sum()), 1), 0.0, 0.9)
    error = np.sqrt(fit.cov[:, 2, 2] * (1 + r) / (1 - r))
    good = (fit.df > 3) & (np.nansum(np.where(after, y, 0.0), axis=1) >= LEAST)
    good &= np.nansum(np.where(after, 0.0, y), axis=1) >= LEAST
    return tuple(np.where(good, one, np.nan) for one in (fit.coef[:, 2], error, fit.df))  # type: ignore[return-value]


def _steps(rest: Rest, periods: pd.DataFrame, whole: Bools, after: Bools) -> list[dict[str, Any]]:
    """Check the rest of the force as a whole, and type by type."""
    from scipy.special import stdtr, stdtrit

    y, days, when, later = _weekly(rest.elsewhere, periods, whole, after)
    step, error, df = step_at_start(np.vstack([y.sum(axis=0), y]), days, when, later)
    if np.isnan(step[0]):
        why = "The records outside of the places are too short or too few to tell a step."
        return [_row("recording elsewhere", _ASKS["rest"], "cannot tell", why)]
    half = stdtrit(df, 0.975) * error
    ratio, low, high = np.exp(step), np.exp(step - half), np.exp(step + half)
    clear = (low[0] > 1) | (high[0] < 1)
    doubt = bool(clear and abs(ratio[0] - 1) >= STEP)
    n = int(np.nansum(y[:, later]))
    verdict, sure = "doubt" if doubt else "fine", f"95% interval {interval(low[0], high[0])}"
    if doubt:
        words = (f"The rest of the force had {moved(ratio[0])} from the start on than its trend "
                 f"and season lead one to expect ({sure}; {n:,} incidents): "
                 "recording, or crime everywhere, changed. The comparison takes that out only as "
                 "far as it met both arms alike.")  # fmt: skip
    elif half[0] > np.log1p(WIDE):
        verdict = "cannot tell"
        words = ("A step at the start in the rest of the force cannot be told from trend and "
                 f"season in records so short ({sure}; {n:,} incidents).")  # fmt: skip
    else:
        words = (f"The rest of the force shows no step at the start beyond {STEP:.0%} and chance "
                 f"({sure}; {n:,} incidents).")  # fmt: skip
    rows = [_row("recording elsewhere", _ASKS["rest"], verdict, words,
                 (float(ratio[0]), float(low[0]), float(high[0])))]  # fmt: skip
    told = np.flatnonzero(np.isfinite(step[1:])) + 1
    if len(told):
        p = 2 * stdtr(df[told], -np.abs(step[told]) / error[told])
        beyond = (adjusted_p(p, "holm") < 0.05) & (np.abs(ratio[told] - 1) >= TYPE_STEP)
        clearly = told[beyond]
        clearly = clearly[np.argsort(-np.abs(step[clearly]), kind="stable")]
        names = [f"{rest.names[at - 1]} ({moved(ratio[at])})" for at in clearly]
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        if len(names):
            words = ("From the start on the rest of the force moved away from trend and season in "
                     f"{', '.join(names[:_SHOWN])}{more}: the recording of such types may have "
                     "changed, so judge them apart.")  # fmt: skip
        else:
            words = (f"None of {len(told)} types moved by {TYPE_STEP:.0%} or more beyond chance in "
                     "the rest of the force.")  # fmt: skip
        rows.append(_row("types elsewhere", _ASKS["types"], "doubt" if len(names) else "fine",
                         words))  # fmt: skip
    return rows


def _weekly(
    y: Floats, periods: pd.DataFrame, whole: Bools, after: Bools
) -> tuple[Floats, Floats, Floats, Bools]:
    """Take counts, NaN where not whole; days added up to sevens from the start."""
    start = periods["start"].to_numpy().astype("datetime64[D]").astype(np.int64)
    days = periods["days"].to_numpy(dtype=float)
    y = np.where(whole, y, np.nan)
    if len(days) and days.max() == 1:
        first = int(start[after][0]) if after.any() else int(start[-1]) + 1
        seven = (start - first) // 7
        groups, code = np.unique(seven, return_inverse=True)
        full = np.asarray(np.bincount(code) == 7)
        added = [np.bincount(code, row, len(groups)) for row in y]
        y = np.stack(added).astype(float)[:, full]
        groups = groups[full]
        return (y, np.full(len(groups), 7.0), (first + groups * 7 + 3.5) / _YEAR, groups >= 0)
    return y, days, (start + days / 2) / _YEAR, after


def _lost(rest: Rest, whole: Bools, after: Bools) -> dict[str, Any]:
    """Check the share of incidents without a place, before and after."""
    lost = [int(rest.lost[whole & side].sum()) for side in (~after, after)]
    every = [int(rest.every[whole & side].sum()) for side in (~after, after)]
    if min(every) < LEAST:
        return _row("without a place", _ASKS["lost"], "cannot tell", "Too few incidents to tell.")
    share = [part / of for part, of in zip(lost, every, strict=True)]
    doubt = abs(share[1] - share[0]) >= POINTS
    words = (f"{share[0]:.1%} of incidents had no place before ({lost[0]:,} of {every[0]:,}) and "
             f"{share[1]:.1%} after ({lost[1]:,} of {every[1]:,}); none is counted")  # fmt: skip
    words += ": the counts changed with it." if doubt else "."
    return _row("without a place", _ASKS["lost"], "doubt" if doubt else "fine", words,
                (share[1] - share[0], np.nan, np.nan))  # fmt: skip


def _found_by_police(
    rest: Rest, whole: Bools, after: Bools, told: bool, crossover: bool
) -> dict[str, Any]:
    """Check the share found by police, before and after, arm by arm."""
    if not told:
        words = ("The records do not say who found an incident, so what patrols find themselves "
                 "counts as crime and may hide a fall.")  # fmt: skip
        return _row("found by police", _ASKS["police"], "cannot tell", words)
    if crossover or not set(rest.arms) <= {"treated", "control"}:
        words = "Incidents found by police are counted apart, as a side effect."
        return _row("found by police", _ASKS["police"], "fine", words)
    sums = {
        arm: [(int(rest.police[n, whole & side].sum()), int(rest.inside[n, whole & side].sum()))
              for side in (~after, after)]
        for n, arm in enumerate(rest.arms)
    }  # fmt: skip
    shares = {arm: [part / of if of >= LEAST else np.nan for part, of in pair]
              for arm, pair in sums.items()}  # fmt: skip
    rise = {arm: after_ - before for arm, (before, after_) in shares.items()}
    apart = rise["treated"] - rise.get("control", 0.0)
    said = "; ".join(
        f"{arm} places {shares[arm][0]:.0%} before ({sums[arm][0][0]:,} of {sums[arm][0][1]:,}), "
        f"{shares[arm][1]:.0%} after ({sums[arm][1][0]:,} of {sums[arm][1][1]:,})"
        for arm in sums
    )  # fmt: skip
    if np.isnan(apart):
        return _row("found by police", _ASKS["police"], "cannot tell",
                    "Too few incidents inside the places to tell who found them.")  # fmt: skip
    doubt = apart >= 5 * POINTS
    words = f"Found by police activity: {said}"
    words += (". Patrols found more: what they found must not count as crime."
              if doubt else ".")  # fmt: skip
    return _row("found by police", _ASKS["police"], "doubt" if doubt else "fine", words,
                (apart, np.nan, np.nan))  # fmt: skip


def _near_edges(inside: int, near: int, beyond: int, snapped: bool) -> dict[str, Any]:
    """Check how many counts hang on the side of an edge."""
    from .rings import EDGE_M

    if inside < LEAST:
        return _row("edges of places", _ASKS["edges"], "cannot tell",
                    "Too few incidents inside the places to tell.")  # fmt: skip
    share = near / inside
    words = (f"{share:.0%} of what is counted inside the places ({near:,} of {inside:,}) lies "
             f"within {EDGE_M:g} m of an edge, and {beyond:,} more as near outside")  # fmt: skip
    doubt = snapped and share >= EDGE_SHARE
    if snapped:
        words += ("; the points are snapped to a street or square, so which side they lie on is "
                  "partly chance, which blurs a difference but makes none")  # fmt: skip
    return _row("edges of places", _ASKS["edges"], "doubt" if doubt else "fine", words + ".",
                (share, np.nan, np.nan))  # fmt: skip
