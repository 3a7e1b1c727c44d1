"""Classes of a place's history: the 17 space–time patterns and the commander's four."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from ..contracts import InputError
from ._mann_kendall import mann_kendall

DEFINITIONS = ("current", "legacy")

NO_PATTERN = "no pattern"
TOO_SHORT = "too short"

SIGNIFICANT = 0.05
"""Level of every test of the classes."""

LEAST_17, LEAST_4 = 10, 5
"""Periods from which the 17 patterns and the four classes are told."""

ACTIONS = {
    "persistent": "SARA problem solving with partners, and routine patrol",
    "emerging": "tactical patrol for 4 to 8 weeks, then review",
    "intermittent": "hot on and off: find its seasons and times, and patrol then",
    "former": "step down, and monitor",
    "none": "no class: not hot for long enough to tell",
}
"""What each class asks for."""

_HOT_OFTEN, _HOT_SOME = 0.8, 0.1


def space_time_pattern(
    hot: ArrayLike, cold: ArrayLike, z: ArrayLike, *, definition: str = "current"
) -> NDArray[np.object_]:
    r"""Tell which of the 17 emerging-hotspot patterns each place shows.

    Parameters
    ----------
    hot, cold : array_like of bool, shape (t,) or (t, n)
        Whether each place was a significant hot or cold spot in each period, in order of time.
    z : array_like of float, shape (t,) or (t, n)
        Gi* of each place and period; its Mann–Kendall trend parts intensifying, diminishing and
        persistent.
    definition : {"current", "legacy"}
        Under ``"legacy"`` a sporadic hotspot need not be hot in the last period.

    Returns
    -------
    ndarray of str, shape (n,)
        ``"new hot"``, … ``"sporadic hot"``, the same eight cold, or ``"no pattern"``.

    Raises
    ------
    InputError
        When the shapes differ, there is no period, a place is both hot and cold at once, z is
        not finite, or the definition is not known.

    Notes
    -----
    With :math:`t` periods, of which :math:`h` are hot, the first that holds:

    1. *new*: hot in the last period, and never before.
    2. *consecutive*: one unbroken run of hot periods that ends with the last, none before;
       :math:`h < .9 t`.
    3. *intensifying*: :math:`h \ge .9 t` and hot in the last period, with a trend of z upwards
       (Mann–Kendall, two-sided, .05).
    4. *diminishing*: the same with a trend downwards.
    5. *persistent*: the same with no trend.
    6. *historical*: :math:`h \ge .9 t`, and not hot in the last period.
    7. *oscillating*: hot in the last period, cold in some period before; :math:`h < .9 t`.
    8. *sporadic*: hot on and off, never cold, :math:`h < .9 t`; in the current definition hot in
       the last period too.

    The cold patterns mirror these and are tried after them, so a place that was hot in 90% of
    the periods and cold in the last is historical hot. A cold period does not keep a hotspot from
    being new or consecutive.

    References
    ----------
    Esri, *How Emerging Hot Spot Analysis works*, ArcGIS Pro documentation.

    Examples
    --------
    >>> hot = [[0, 1], [0, 1], [0, 0], [1, 0]]
    >>> space_time_pattern(hot, [[0, 0]] * 4, [[0, 3], [0, 3], [0, 0], [3, 0]],
    ...                    definition="legacy").tolist()
    ['new hot', 'sporadic hot']
    """
    is_hot, is_cold, scores = _checked(hot, cold, z, definition)
    trend = mann_kendall(scores)
    way = np.where(trend.p < SIGNIFICANT, np.sign(trend.s), 0)
    current = definition == "current"
    found = np.full(scores.shape[1], NO_PATTERN, dtype=object)
    # the cold ones first, so that the hot ones, which come before them, are written over them
    for name, on, off, upwards in (("cold", is_cold, is_hot, -1), ("hot", is_hot, is_cold, 1)):
        for pattern, here in reversed(_rules(on, off, way * upwards, current)):
            found[here] = f"{pattern} {name}"
    return found


def _rules(
    on: NDArray[np.bool_], off: NDArray[np.bool_], way: NDArray[Any], current: bool
) -> list[tuple[str, NDArray[np.bool_]]]:
    """Where each pattern's condition holds, in the order in which they are tried."""
    length = len(on)
    times, last = on.sum(axis=0), on[-1]
    mostly = 10 * times >= 9 * length  # whole numbers: .9 of a length is not exact
    ending = np.logical_and.accumulate(on[::-1], axis=0).sum(axis=0)  # the run that ends last
    some = times > 0
    return [
        ("new", last & (times == 1)),
        ("consecutive", last & (ending == times) & ~mostly),
        ("intensifying", mostly & last & (way > 0)),
        ("diminishing", mostly & last & (way < 0)),
        ("persistent", mostly & last),
        ("historical", mostly & ~last),
        ("oscillating", last & off[:-1].any(axis=0) & ~mostly),
        ("sporadic", some & ~mostly & ~off.any(axis=0) & (last | (not current))),
    ]


def _checked(
    hot: ArrayLike, cold: ArrayLike, z: ArrayLike, definition: str
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.float64]]:
    """Check what was given, and return it with one place a column."""
    faults = checked_definition(definition)
    try:
        is_hot, is_cold, scores = (np.asarray(given, dtype=float) for given in (hot, cold, z))
    except (TypeError, ValueError):
        faults.append("hot, cold or z holds what is no number, or rows of unequal length.")
        raise InputError("space_time_pattern", faults) from None
    if not is_hot.shape == is_cold.shape == scores.shape or scores.ndim not in (1, 2):
        faults.append(
            f"hot, cold and z have shapes {is_hot.shape}, {is_cold.shape} and {scores.shape}; "
            "give three of the same, (periods,) or (periods, places)."
        )
    elif len(scores) == 0:
        faults.append("there is no period; give at least one.")
    else:
        if not (np.isin(is_hot, (0, 1)).all() and np.isin(is_cold, (0, 1)).all()):
            faults.append("hot or cold holds more than true and false; give whether it was.")
        if ((is_hot != 0) & (is_cold != 0)).any():
            faults.append("a place is hot and cold in the same period; it can be one at most.")
        if not np.isfinite(scores).all():
            faults.append("z holds values that are not finite; leave out periods not recorded.")
    if faults:
        raise InputError("space_time_pattern", faults)
    shape = (len(scores), -1) if scores.ndim == 1 else scores.shape
    return (is_hot > 0).reshape(shape), (is_cold > 0).reshape(shape), scores.reshape(shape)


def checked_definition(definition: str) -> list[str]:
    """Name what is wrong with the definition, if anything."""
    if isinstance(definition, str) and definition in DEFINITIONS:
        return []
    return [f"definition={definition!r}; it takes 'current' or 'legacy'."]


def recent_periods(length: int, recent: float) -> int:
    """How many of the last periods are the recent ones: at least one, and never all."""
    return min(max(1, round(recent * length)), length - 1)


def commander_class(hot: NDArray[np.bool_], recent: float = 0.2) -> NDArray[np.object_]:
    """Tell which of the commander's classes each place is in.

    Parameters
    ----------
    hot : ndarray of bool, shape (t, n)
        At least two periods, in order of time.
    recent : float
        Share of the periods that are recent.

    Returns
    -------
    ndarray of str, shape (n,)
        The first that holds: *persistent*, hot in at least 80% of all periods; *emerging*, in at
        least 10% of the recent ones and under 10% of those before; *former*, in at least 10% of
        those before and under 10% of the recent ones; *intermittent*, in at least 10% of all;
        else *none*.

    References
    ----------
    Chainey S. (2020) *Understanding Crime: Analyzing the Geography of Crime*. Redlands: Esri
    Press.

    Examples
    --------
    >>> history = np.array([[c == "#" for c in row] for row in ("####", "...#", "##..")]).T
    >>> commander_class(history).tolist()
    ['persistent', 'emerging', 'former']
    """
    late = recent_periods(len(hot), recent)
    share, now, before = (part.mean(axis=0) for part in (hot, hot[-late:], hot[:-late]))
    some = _HOT_SOME - 1e-9
    rules = [
        share >= _HOT_OFTEN - 1e-9,
        (now >= some) & (before < some),
        (before >= some) & (now < some),
        share >= some,
    ]
    names = ["persistent", "emerging", "former", "intermittent"]
    return np.select(rules, names, "none").astype(object)


def actions_of(classes: ArrayLike) -> pd.Series:
    """Tell the action each class asks for."""
    return pd.Series(np.asarray(classes, dtype=object)).map(ACTIONS).astype("str")
