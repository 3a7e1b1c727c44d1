"""The counts of a study, or of many simulated ones, as every estimator takes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..contracts import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

Redraw = Callable[[int, np.random.Generator], Any]
"""Draws treatments as a design does: how many, and chance → array, shape (draws, n, T)."""


_KINDS: dict[type, str] = {float: "numbers", bool: "true and false", np.int64: "whole numbers"}


@dataclass(frozen=True)
class Study:
    """Counts of ``n`` places in ``T`` periods, and which were treated when, ``S`` times over.

    One study is ``S`` = 1; simulated ones are fitted at once.

    Attributes
    ----------
    y : ndarray, shape (S, n, T)
        Incidents.
    treat : ndarray, shape (S or 1, n, T)
        1 where the place was under treatment in the period, else 0.
    days : ndarray, shape (T,)
        Length of each period in days.
    used : ndarray of bool, shape (n, T)
        What counts: not wash-out, not months without whole records.
    cell : ndarray of int, shape (n, T)
        What each count is compared within: its place, or in a cross-over its place and week.
    block : ndarray of int, shape (n,)
        Block or pair each place was drawn or matched in; all 0 without.
    redraw : callable, optional
        ``redraw(draws, rng)`` gives treatments drawn anew as the design does, shape
        (draws, n, T). Without it the study was not randomised.
    chosen : ndarray of bool, shape (T,)
        Periods whose counts the places were chosen for; all False where not known.
    """

    y: Floats
    treat: Floats
    days: Floats
    used: Bools
    cell: Ints
    block: Ints
    redraw: Redraw | None
    chosen: Bools

    @property
    def arm(self) -> Bools:
        """Whether each place was ever treated, shape (S or 1, n)."""
        arm: Bools = np.any(self.treat > 0, axis=2)
        return arm

    @property
    def before(self) -> Bools:
        """Which periods come before any treatment in any of the studies, shape (T,)."""
        on = np.asarray(np.any(self.treat > 0, axis=(0, 1)))
        first = int(on.argmax()) if on.any() else len(on)
        before: Bools = np.arange(len(on)) < first
        return before


def make_study(
    y: ArrayLike,
    treat: ArrayLike,
    *,
    days: ArrayLike = 1.0,
    used: ArrayLike | None = None,
    cell: ArrayLike | None = None,
    block: ArrayLike | None = None,
    redraw: Redraw | None = None,
    chosen: ArrayLike | None = None,
) -> Study:
    """Bring the arrays of a study to their shapes, or name every fault.

    Parameters
    ----------
    y : array_like, shape (n, T) or (S, n, T)
        Counts, 0 or more; NaN where not known, which is then not used.
    treat : array_like, shape (n, T) or (S, n, T)
        0 or 1.
    days : array_like, shape () or (T,)
    used : array_like of bool, shape (T,) or (n, T), optional
        All, when absent.
    cell : array_like of int, shape (n, T), optional
        The place, when absent.
    block : array_like of int, shape (n,), optional
    redraw : callable, optional
    chosen : array_like of bool, shape (T,), optional

    Returns
    -------
    Study

    Raises
    ------
    InputError
        Naming every array whose shape or values do not serve.

    Examples
    --------
    >>> study = make_study([[5, 4, 2], [6, 5, 6]], [[0, 0, 1], [0, 0, 0]])
    >>> study.arm.tolist(), study.before.tolist()
    ([[True, False]], [True, True, False])
    """
    faults: list[str] = []
    counts, on = (_numbers(v, name, faults) for name, v in (("y", y), ("treat", treat)))
    if faults:
        raise InputError("study", faults)
    if counts.ndim != 3 or on.ndim != 3 or counts.shape[1:] != on.shape[1:] or not counts.size:
        faults.append(f"y has shape {counts.shape} and treat {on.shape}; both take places by "
                      "periods, at least one of each, and studies before them.")  # fmt: skip
    elif len(on) not in (1, len(counts)):
        faults.append(f"treat holds {len(on):,} studies, y {len(counts):,}; give one or as many.")
    if (counts < 0).any() or np.isinf(counts).any():
        faults.append("a count is below 0 or infinite; counts are 0 or more, NaN where not known.")
    if not np.isin(on, (0, 1)).all():
        faults.append("treat holds other than 0 and 1; it takes 1 where patrols were sent, else 0.")
    if redraw is not None and not callable(redraw):
        faults.append(f"redraw is {redraw!r}; it must be a function of a number and a generator.")
    if faults:
        raise InputError("study", faults)
    n, periods = counts.shape[1:]
    known = np.isfinite(counts).all(axis=0)
    given = {
        "days": (days, (periods,), float), "used": (True if used is None else used, (n, periods),
        bool), "cell": (np.arange(n)[:, None] if cell is None else cell, (n, periods), np.int64),
        "block": (0 if block is None else block, (n,), np.int64),
        "chosen": (False if chosen is None else chosen, (periods,), bool),
    }  # fmt: skip
    arrays = {}
    for name, (values, shape, kind) in given.items():
        try:
            arrays[name] = np.broadcast_to(np.asarray(values, dtype=kind), shape)
        except (TypeError, ValueError):
            faults.append(
                f"{name} must hold {_KINDS[kind]}, in the shape {shape} or one that spreads to it."
            )
    if "days" in arrays and not ((arrays["days"] > 0) & np.isfinite(arrays["days"])).all():
        faults.append("days holds other than numbers above 0; it takes the length of each period.")
    if faults:
        raise InputError("study", faults)
    arrays["used"] = arrays["used"] & known
    return Study(np.where(arrays["used"], counts, 0.0), on, redraw=redraw, **arrays)


def _numbers(given: ArrayLike, name: str, faults: list[str]) -> Floats:
    """Bring counts or treatments to studies by places by periods, or add what is wrong."""
    try:
        values = np.asarray(given, dtype=float)
    except (TypeError, ValueError):
        faults.append(f"{name} holds other than numbers, or rows of unlike length.")
        return np.zeros(0)
    return values[None] if values.ndim == 2 else values


@dataclass(frozen=True)
class Batch:
    """What an estimator found in each of ``S`` studies.

    Attributes
    ----------
    estimate, low, high, p : ndarray, shape (S,)
        The effect, its interval, and the two-sided p; NaN where there is no answer. Log ratios of
        rates where ``ratio``, else incidents.
    ratio : bool
    chance : str
        How interval and p were made, as a reader understands it.
    refused : str
        Why there is no answer at all; empty where there is.
    """

    estimate: Floats
    low: Floats
    high: Floats
    p: Floats
    ratio: bool
    chance: str
    refused: str = ""


def refuse(study: Study, why: str, *, ratio: bool = True) -> Batch:
    """Answer that there is no answer, with the reason.

    Parameters
    ----------
    study : Study
    why : str
    ratio : bool

    Returns
    -------
    Batch
        All NaN.

    Examples
    --------
    >>> refuse(make_study([[1, 2]], [[0, 1]]), "no comparison place").estimate.tolist()
    [nan]
    """
    none = np.full(len(study.y), np.nan)
    return Batch(none, none, none, none, ratio, "", why)
