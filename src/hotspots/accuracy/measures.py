"""How well a ranking of cells met what happened: measures at every rank, from counts per cell."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from ..contracts import InputError

Floats = NDArray[np.float64]

FLOOR = 0.05
"""Share of a prediction that the log score spreads evenly."""


def hit_rate(
    observed: pd.Series | ArrayLike,
    predicted: pd.Series | ArrayLike,
    area: pd.Series | ArrayLike | None = None,
) -> Floats:
    r"""Share of the incidents that the first cells of a ranking caught, at every rank.

    Parameters
    ----------
    observed : Series or array_like, shape (n,)
        Incidents (or harm) that happened in each cell afterwards.
    predicted : Series or array_like, shape (n,)
        Heat or count of each cell before; only its order matters, so it may be negative.
    area : Series or array_like, shape (n,), optional
        Area of each cell in any unit, above 0. It is checked, and does not change a hit rate.

    Returns
    -------
    ndarray of float, shape (n,)
        Value at rank 1, 2, ... n; 0 to 1, and 1 is best. NaN where nothing was observed at all.

    Raises
    ------
    InputError
        Naming every fault: values missing, negative or no numbers, lengths or cells that differ.

    Notes
    -----
    .. math:: \mathrm{HR}_k = \frac{n_k}{N}

    with :math:`n_k` of all :math:`N` incidents in the :math:`k` cells of highest ``predicted``.
    Equal predictions go in the order of the cells. Series are brought together by their index;
    arrays by position.

    References
    ----------
    Chainey S., Tompson L. and Uhlig S. (2008) The utility of hotspot mapping for predicting
    spatial patterns of crime. *Security Journal* 21, doi:10.1057/palgrave.sj.8350066.

    Examples
    --------
    >>> hit_rate([6, 3, 1], [3, 2, 1]).tolist()
    [0.6, 0.9, 1.0]
    """
    seen, _, _ = _ranked("hit_rate", observed, predicted, area)
    return _ratio(np.cumsum(seen), np.full(len(seen), seen.sum()))


def pai(
    observed: pd.Series | ArrayLike,
    predicted: pd.Series | ArrayLike,
    area: pd.Series | ArrayLike | None = None,
) -> Floats:
    r"""Predictive accuracy index: the hit rate per share of the area, at every rank.

    Parameters
    ----------
    observed : Series or array_like, shape (n,)
        Incidents that happened in each cell afterwards.
    predicted : Series or array_like, shape (n,)
        Heat or count of each cell before; only its order matters. Where areas differ, give a
        density, or large cells come first for their size.
    area : Series or array_like, shape (n,), optional
        Area (or street length) of each cell in any unit, above 0; equal when absent.

    Returns
    -------
    ndarray of float, shape (n,)
        Value at each rank, from 0; 1 is what cells picked blindly give. NaN where nothing was
        observed at all.

    Raises
    ------
    InputError
        Naming every fault, as :func:`hit_rate` does.

    Notes
    -----
    .. math:: \mathrm{PAI}_k = \frac{n_k / N}{a_k / A}

    A tiny area makes a large index: compare two methods at the same area only, and read the hit
    rate beside it.

    References
    ----------
    Chainey, Tompson and Uhlig (2008), see :func:`hit_rate`. Drawve G. and Wooditch A. (2019) A
    research note on the methodological and theoretical considerations for assessing crime
    forecasting accuracy with the predictive accuracy index. *Journal of Criminal Justice* 64.

    Examples
    --------
    >>> pai([6, 3, 0], [3, 2, 1]).round(2).tolist()
    [2.0, 1.5, 1.0]
    """
    seen, _, size = _ranked("pai", observed, predicted, area)
    share = _ratio(np.cumsum(seen), np.full(len(seen), seen.sum()))
    return _ratio(share, np.cumsum(size) / size.sum())


def pei(
    observed: pd.Series | ArrayLike,
    predicted: pd.Series | ArrayLike,
    area: pd.Series | ArrayLike | None = None,
) -> Floats:
    r"""Predictive efficiency index: what was caught of the most that the same area could catch.

    Parameters
    ----------
    observed : Series or array_like, shape (n,)
        Incidents that happened in each cell afterwards.
    predicted : Series or array_like, shape (n,)
        Heat or count of each cell before; only its order matters.
    area : Series or array_like, shape (n,), optional
        Area of each cell in any unit, above 0; equal when absent.

    Returns
    -------
    ndarray of float, shape (n,)
        Value at each rank; 0 to 1, and 1 is perfect. NaN where nothing was observed at all.

    Raises
    ------
    InputError
        Naming every fault, as :func:`hit_rate` does.

    Notes
    -----
    .. math:: \mathrm{PEI}_k = \frac{n_k}{n^{\max}(a_k)}

    The most that area :math:`a` can catch, :math:`n^{\max}(a)`, takes the cells by what they held
    per area, highest first, and of the last one only the part that still fits. With equal areas
    these are simply the fullest :math:`k` cells; otherwise no choice of whole cells can do
    better, so the index never exceeds 1. PEI*, against the best under operational limits, is
    not this.

    References
    ----------
    Hunt J. M. (2016) *Do crime hot spots move?* PhD thesis, American University. White G., Hunt J.
    and Green B. (2023) NCJ 306617 (on PEI*).

    Examples
    --------
    >>> pei([6, 3, 0], [1, 2, 3]).round(2).tolist()
    [0.0, 0.33, 1.0]
    """
    seen, _, size = _ranked("pei", observed, predicted, area)
    best = np.argsort(-seen / size, kind="stable")
    most_area, most = (np.concatenate([[0.0], np.cumsum(v[best])]) for v in (size, seen))
    return _ratio(np.cumsum(seen), np.interp(np.cumsum(size), most_area, most))


def recapture_rate_index(
    observed: pd.Series | ArrayLike,
    predicted: pd.Series | ArrayLike,
    area: pd.Series | ArrayLike | None = None,
) -> Floats:
    r"""Recapture rate index: how well the hottest cells kept their share of incidents.

    Parameters
    ----------
    observed : Series or array_like, shape (n,)
        Incidents of each cell in the later period.
    predicted : Series or array_like, shape (n,)
        Incidents of each cell in the earlier period, from 0.
    area : Series or array_like, shape (n,), optional
        Checked, and without effect.

    Returns
    -------
    ndarray of float, shape (n,)
        Value at each rank, from 0; 1 means the hotspots hold the share they held, below 1 that
        they lost some, as places picked for being high always do in part. NaN where either
        period has no incidents.

    Raises
    ------
    InputError
        Naming every fault, as :func:`hit_rate` does, and negative ``predicted``.

    Notes
    -----
    .. math:: \mathrm{RRI}_k = \frac{n_k^{(2)} / n_k^{(1)}}{N^{(2)} / N^{(1)}}

    Other programs call the ratio of predicted to observed incidents by this name: that is
    :func:`calibration_ratio` here.

    References
    ----------
    Levine N. (2008) The "hottest" part of a hotspot: comments on "The utility of hotspot mapping
    for predicting spatial patterns of crime". *Security Journal* 21,
    295–302.

    Examples
    --------
    >>> recapture_rate_index([4, 4, 2], [6, 3, 1]).round(3).tolist()
    [0.667, 0.889, 1.0]
    """
    later, earlier, _ = _ranked("recapture_rate_index", observed, predicted, area, counted=True)
    inside = _ratio(np.cumsum(later), np.cumsum(earlier))
    everywhere = _ratio(later.sum(keepdims=True), earlier.sum(keepdims=True))
    return _ratio(inside, np.broadcast_to(everywhere, inside.shape))


def calibration_ratio(
    observed: pd.Series | ArrayLike,
    predicted: pd.Series | ArrayLike,
    area: pd.Series | ArrayLike | None = None,
) -> Floats:
    r"""Incidents predicted for each that was observed, in the first cells, at every rank.

    Parameters
    ----------
    observed : Series or array_like, shape (n,)
        Incidents that happened in each cell.
    predicted : Series or array_like, shape (n,)
        Incidents expected in each cell over the same period, from 0 (a heat per km² per year has
        to be multiplied by area and time first).
    area : Series or array_like, shape (n,), optional
        Checked, and without effect.

    Returns
    -------
    ndarray of float, shape (n,)
        Value at each rank, from 0; 1 is calibrated, above 1 too much was predicted. NaN while
        nothing was observed.

    Raises
    ------
    InputError
        Naming every fault, as :func:`hit_rate` does, and negative ``predicted``.

    Notes
    -----
    .. math:: \mathrm{CR}_k = \frac{\sum_{i \le k} \hat n_i}{\sum_{i \le k} n_i}

    Examples
    --------
    >>> calibration_ratio([5, 5, 0], [6, 3, 1]).round(2).tolist()
    [1.2, 0.9, 1.0]
    """
    seen, expected, _ = _ranked("calibration_ratio", observed, predicted, area, counted=True)
    return _ratio(np.cumsum(expected), np.cumsum(seen))


def hit_rate_curve(
    observed: pd.Series | ArrayLike,
    predicted: pd.Series | ArrayLike,
    area: pd.Series | ArrayLike | None = None,
) -> pd.DataFrame:
    """Hit rate against the share of the area, from nothing to everything.

    Parameters
    ----------
    observed : Series or array_like, shape (n,)
        Incidents that happened in each cell afterwards.
    predicted : Series or array_like, shape (n,)
        Heat or count of each cell before; only its order matters.
    area : Series or array_like, shape (n,), optional
        Area of each cell in any unit, above 0; equal when absent.

    Returns
    -------
    DataFrame
        Index ``rank`` from 0, n + 1 rows: ``share_area`` and ``hit_rate``, both from 0 to 1.

    Raises
    ------
    InputError
        Naming every fault, as :func:`hit_rate` does.

    Examples
    --------
    >>> hit_rate_curve([6, 3, 0, 0], [3, 2, 1, 1]).round(2)["hit_rate"].tolist()
    [0.0, 0.67, 1.0, 1.0, 1.0]
    """
    seen, _, size = _ranked("hit_rate_curve", observed, predicted, area)
    caught = _ratio(np.cumsum(seen), np.full(len(seen), seen.sum()))
    start = [0.0] if len(seen) else []
    return pd.DataFrame(
        {
            "share_area": np.concatenate([start, np.cumsum(size) / size.sum()]),
            "hit_rate": np.concatenate([start, caught]),
        },
        index=pd.RangeIndex(len(seen) + len(start), name="rank"),
    )


def area_under_curve(
    observed: pd.Series | ArrayLike,
    predicted: pd.Series | ArrayLike,
    area: pd.Series | ArrayLike | None = None,
) -> float:
    """Area under the hit-rate curve: one number for the whole ranking.

    Parameters
    ----------
    observed : Series or array_like, shape (n,)
        Incidents that happened in each cell afterwards.
    predicted : Series or array_like, shape (n,)
        Heat or count of each cell before; only its order matters.
    area : Series or array_like, shape (n,), optional
        Area of each cell in any unit, above 0; equal when absent.

    Returns
    -------
    float
        0 to 1; .5 is what cells picked blindly give. NaN where nothing was observed at all.

    Raises
    ------
    InputError
        Naming every fault, as :func:`hit_rate` does.

    Notes
    -----
    By trapezes, so that half of each cell counts. Most of the area is never patrolled, and over a
    county every sensible ranking comes close to 1: the hit rate at what can be patrolled says
    more.

    Examples
    --------
    >>> area_under_curve([1, 0], [2, 1]), area_under_curve([1, 1], [2, 1])
    (0.75, 0.5)
    """
    seen, _, size = _ranked("area_under_curve", observed, predicted, area)
    if not seen.any():
        return float("nan")
    after = np.cumsum(seen)
    return float((size * (after - seen / 2)).sum() / (size.sum() * seen.sum()))


def log_score(
    observed: pd.Series | ArrayLike,
    predicted: pd.Series | ArrayLike,
    area: pd.Series | ArrayLike | None = None,
    *,
    floor: float = FLOOR,
) -> float:
    r"""Mean log density that a prediction gave to the places of the incidents.

    Unlike the hit rate it judges the heat itself and not only its order, and unlike the accuracy
    index it cannot be won with a tiny area.

    Parameters
    ----------
    observed : Series or array_like, shape (n,)
        Incidents that happened in each cell afterwards.
    predicted : Series or array_like, shape (n,)
        Heat (per area, as a detector predicts it) of each cell before, from 0 and not 0
        everywhere.
    area : Series or array_like, shape (n,), optional
        Area of each cell in any unit, above 0; equal when absent.
    floor : float
        Share of the prediction spread evenly over the area, above 0 and below 1. Without it one
        incident where no heat was would make the score minus infinity.

    Returns
    -------
    float
        In nats per incident; higher is better, and 0 is what even spread gives. NaN where
        nothing was observed.

    Raises
    ------
    InputError
        Naming every fault, as :func:`hit_rate` does, negative ``predicted``, one that is 0
        everywhere, and a floor out of range.

    Notes
    -----
    .. math::

        \frac{1}{N} \sum_c n_c \log\left((1 - \varepsilon) \frac{h_c}{\sum_b h_b a_b / A}
        + \varepsilon\right)

    for heat :math:`h`, areas :math:`a`, :math:`A` their sum and floor :math:`\varepsilon`: up to a
    constant that is the same for every method, the Poisson log likelihood of the counts given
    their total.

    References
    ----------
    Gneiting T. and Raftery A. E. (2007) Strictly proper scoring rules, prediction, and
    estimation. *JASA* 102(477), doi:10.1198/016214506000001437.

    Examples
    --------
    >>> round(log_score([3, 1], [3, 1]), 3), log_score([3, 1], [1, 1])
    (0.13, 0.0)
    """
    faults = []
    if not (isinstance(floor, (int, float)) and 0 < floor < 1):
        faults.append(f"floor={floor!r}; it must be a share above 0 and below 1: try 0.05.")
    try:
        seen, heat, size = _ranked("log_score", observed, predicted, area, counted=True)
    except InputError as error:
        raise InputError("log_score", [*error.faults, *faults]) from None
    if len(heat) and not heat.any():
        faults.append("predicted is 0 everywhere; it must say something of at least one cell.")
    if faults:
        raise InputError("log_score", faults)
    if not seen.any():
        return float("nan")
    return float((seen * log_density(heat, size, floor)).sum() / seen.sum())


def log_density(heat: Floats, size: Floats, floor: float = FLOOR) -> Floats:
    """Log density that heat gives to each cell, against even spread; see :func:`log_score`.

    Parameters
    ----------
    heat, size : ndarray of float, shape (n,)
        Heat from 0, not 0 everywhere, and area.
    floor : float

    Returns
    -------
    ndarray of float, shape (n,)
    """
    relative = heat * (size.sum() / (heat * size).sum())
    spread: Floats = np.log((1 - floor) * relative + floor)
    return spread


def _ratio(part: Floats, whole: Floats) -> Floats:
    """Divide, with NaN where there is nothing to divide by."""
    nothing = np.full(len(part), np.nan)
    ratio: Floats = np.divide(part, whole, out=nothing, where=np.asarray(whole) > 0)
    return ratio


def _ranked(
    by: str, observed: Any, predicted: Any, area: Any, counted: bool = False
) -> tuple[Floats, Floats, Floats]:
    """Check and align the values, and bring them into the order of the ranking.

    ``counted`` asks for predictions that are amounts, from 0.
    """
    given = {"observed": observed, "predicted": predicted, "area": area}
    series = [name for name, value in given.items() if isinstance(value, pd.Series)]
    faults: list[str] = []
    if "observed" in series and len(series) > 1:
        index = observed.index
        for name in series:
            faults += _index_faults(name, given[name].index, index)
        if not faults:
            given |= {name: given[name].reindex(index) for name in series}
    values: dict[str, Floats] = {}
    for name, value in given.items():
        if name == "area" and value is None:
            continue
        free = name == "predicted" and not counted  # only its order matters
        found, fault = _numbers(name, value, None if free else 0.0)
        if fault:
            faults.append(fault)
        else:
            values[name] = found
    lengths = {name: len(value) for name, value in values.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} {length:,}" for name, length in lengths.items())
        faults.append(f"the lengths differ ({told}); give one value for each cell.")
    if "area" in values and (values["area"] == 0).any():
        faults.append("area is 0 in places; every cell must have some, or be left out.")
    if faults:
        raise InputError(by, faults)
    seen, heat = values["observed"], values["predicted"]
    size = values.get("area", np.ones(len(seen)))
    order = np.argsort(-heat, kind="stable")
    return seen[order], heat[order], size[order]


def _index_faults(name: str, index: pd.Index, wanted: pd.Index) -> list[str]:
    if not index.is_unique:
        again = index[index.duplicated()].tolist()[0]
        return [f"{name} has cell {again!r} twice; give each cell once."]
    faults = []
    if lacking := wanted[~wanted.isin(index)].tolist():
        faults.append(
            f"{name} lacks {len(lacking):,} of the {len(wanted):,} cells of observed (first: "
            f"{lacking[0]!r}); give a value for each."
        )
    if strange := index[~index.isin(wanted)].tolist():
        faults.append(
            f"{name} has cells that observed lacks: {len(strange):,} of {len(index):,} (first: "
            f"{strange[0]!r}); where nothing happened, observed is 0."
        )
    return faults


def _numbers(name: str, value: Any, least: float | None) -> tuple[Floats, str]:
    """Return the values as numbers, or say what is wrong with them."""
    nothing = np.zeros(0)
    try:
        if np.asarray(value).dtype.kind in "cmMSU":  # some of which could be read as numbers
            raise TypeError
        found = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        return nothing, f"{name} is of type {type(value).__name__}; give one number for each cell."
    if found.ndim != 1:
        return nothing, f"{name} has shape {found.shape}; give one value for each cell, (n,)."
    rule = "a number" if least is None else f"a number from {least:g}"
    wrong = {"missing or infinite": ~np.isfinite(found)}
    if least is not None:
        wrong["negative"] = found < least
    for word, bad in wrong.items():
        if bad.any():
            where = ", ".join(map(str, np.flatnonzero(bad)[:3]))
            return nothing, (
                f"{name} is {word} in {int(bad.sum()):,} of {len(found):,} cells (position "
                f"{where}); every cell needs {rule}."
            )
    return found, ""
