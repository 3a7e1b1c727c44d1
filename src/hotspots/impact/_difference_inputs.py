"""What a weighted displacement difference takes, checked together."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

AREAS = ("treated", "control", "displacement", "displacement_control")
"""The areas of a weighted displacement difference, in the order weights are given in."""

LEAST_PERIODS = 12
"""Periods before the start from which the spread of the counts is learnt."""


def is_number(value: Any) -> bool:
    """Tell whether a value is a number, not a flag."""
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def check_level(level: Any, faults: list[str]) -> None:
    """Check the level of an interval."""
    if not is_number(level) or not 0.5 <= level <= 0.999:
        faults.append(f"level is {level!r}; it must be from .5 to .999, as .95.")


def check_seed(seed: Any, faults: list[str]) -> None:
    """Check where chance begins."""
    if not isinstance(seed, int | np.integer) or isinstance(seed, bool) or seed < 0:
        faults.append(f"seed is {seed!r}; it must be a whole number, 0 or more.")


def check_pair(
    name: str, value: Any, least: float | None, faults: list[str]
) -> tuple[float, float]:
    """Return two numbers, before and after: at least ``least``, or above 0 where that is None."""
    rule = "0 or more" if least == 0 else "above 0"
    try:
        numbers = [*value]
    except TypeError:
        numbers = []
    good = len(numbers) == 2 and not isinstance(value, str | Mapping | Set) and all(
        is_number(n) and np.isfinite(n) and (n >= 0 if least == 0 else n > 0) for n in numbers
    )  # fmt: skip
    if not good:
        faults.append(f"{name} is {value!r}; it takes two numbers (before, after), each {rule}.")
        return 1.0, 1.0
    return float(numbers[0]), float(numbers[1])


def check_area_weights(given: Any, names: list[str], faults: list[str]) -> dict[str, float]:
    """Return the size of each area by name, 1 where none is given."""
    sizes = dict.fromkeys(names, 1.0)
    if given is None:
        return sizes
    if isinstance(given, Mapping):
        named = dict(given)
        if strange := [name for name in named if name not in names]:
            faults.append(f"area_weights names {', '.join(map(repr, strange))}; the areas given "
                          f"are {', '.join(names)}.")  # fmt: skip
    else:
        try:
            numbers = [*given]
        except TypeError:
            numbers = []
        if len(numbers) not in (len(names), len(AREAS)) or isinstance(given, str):
            faults.append(f"area_weights is {given!r}; it takes a number for each of "
                          f"{', '.join(names)}.")  # fmt: skip
            return sizes
        every = AREAS if len(numbers) == len(AREAS) else names
        named = {k: v for k, v in zip(every, numbers, strict=True) if k in names}
    for name, value in named.items():
        if not is_number(value) or not np.isfinite(value) or value <= 0:
            faults.append(f"area_weights of {name} is {value!r}; it must be a number above 0.")
        elif name in sizes:
            sizes[name] = float(value)
    return sizes


def check_pre_counts(given: Any, names: list[str], faults: list[str]) -> Floats | None:
    """Return the counts of the periods before, an area a row."""
    if given is None:
        return None
    if not isinstance(given, Mapping) or not {"treated", "control"} <= set(given):
        faults.append("pre_counts takes counts of periods before the start for 'treated' and "
                      "'control', as {'treated': [...], 'control': [...]}.")  # fmt: skip
        return None
    if strange := [name for name in given if name not in names]:
        faults.append(f"pre_counts names {', '.join(map(repr, strange))}; the areas given are "
                      f"{', '.join(names)}.")  # fmt: skip
        return None
    try:
        rows = [np.asarray(value, dtype=float) for value in given.values()]
        series = np.array(rows, dtype=float)
    except (TypeError, ValueError):
        faults.append("pre_counts must hold as many numbers for each area.")
        return None
    if series.ndim != 2 or (series < 0).any() or np.isinf(series).any():
        faults.append("pre_counts must hold as many counts for each area, each 0 or more.")
        return None
    whole = int(np.isfinite(series).all(axis=0).sum())
    if whole < LEAST_PERIODS:
        faults.append(f"pre_counts has {whole} periods known for every area; {LEAST_PERIODS} are "
                      "needed to learn how much the counts vary: give more, or none.")  # fmt: skip
        return None
    if not series[np.isfinite(series)].sum():
        faults.append("pre_counts holds no incident; leave it out.")
        return None
    return series
