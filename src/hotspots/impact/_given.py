"""What estimators and checks are given: every fault named at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..contracts import InputError
from .study import Study


def check_given(
    where: str, study: Any, faults: Sequence[str] = (), *, one: bool = False, **given: Any
) -> None:
    """Refuse a study (one alone where ``one``), level, seed or estimator of the wrong kind."""
    found = []
    if not isinstance(study, Study):
        found.append(f"study is of type {type(study).__name__}; give one that make_study made.")
    elif one and len(study.y) != 1:
        found.append(f"study holds {len(study.y):,} studies; it takes one.")
    found += faults
    if "level" in given and not _level(given["level"]):
        found.append(f"level is {given['level']!r}; it must be 0.5 to 0.999.")
    if "seed" in given and not whole(given["seed"], 0):
        found.append(f"seed is {given['seed']!r}; it must be a whole number, 0 or more.")
    if "fit" in given and not callable(given["fit"]):
        found.append(f"fit is {given['fit']!r}; it must be a function of a study, as fit_panel.")
    if found:
        raise InputError(where, found)


def whole(value: Any, least: int, most: float = np.inf) -> bool:
    """Tell whether a value is a whole number between two others."""
    number = isinstance(value, int | np.integer) and not isinstance(value, bool)
    return bool(number and least <= value <= most)


def _level(value: Any) -> bool:
    return isinstance(value, float | np.floating) and bool(0.5 <= value <= 0.999)
