"""How far a design can tell cause from coincidence: the level on the Maryland scale."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..contracts import InputError

SEVERAL = 5
"""Places in each arm from which there are several (level 4).

A choice: the scale says "multiple". Two or three places a side are cases, not a sample."""

BY_LOT = 4
"""Places in each arm from which a lot earns level 5.

With three against three there are 20 ways to draw, and chance alone gives the most extreme of them
one time in ten: no result could be told from chance."""

BEFORE = 12
"""Periods before from which parallel courses can be looked at (a year of months)."""


def maryland_level(
    *,
    comparator: bool,
    randomised: bool = False,
    treated: int = 1,
    control: int = 0,
    matched: bool = False,
    parallel: bool | None = None,
    before: int = 0,
    turns: bool = False,
) -> tuple[int, str]:
    """Assign the level of an evaluation on the Maryland scale from its design.

    Nobody chooses the level: it follows from what was done. A higher one does not make a result
    true, nor a lower one false; it says how many other reasons for it the design leaves open.

    Parameters
    ----------
    comparator : bool
        Whether there are comparison places.
    randomised : bool
        Whether a lot decided which places (or which days) were treated, and the lot is on record.
    treated, control : int
        Places that were ever treated; places (or in a cross-over, again the same) that were the
        comparison.
    matched : bool
        Whether comparison places were chosen like the treated ones before the start.
    parallel : bool, optional
        Whether both arms ran alike before the start: True if nothing speaks against it, False if
        they did not; None when it could not be looked at.
    before : int
        Periods before the start with whole records.
    turns : bool
        Whether the same places were treated and the comparison, in turn.

    Returns
    -------
    (level, why) : tuple of int and str
        0 (nothing to compare with) to 5 (assigned by lot), and the reason in words.

    Raises
    ------
    InputError
        Naming every fact of the wrong kind, or that contradicts another.

    Notes
    -----
    After the scale of Sherman and others, with what it leaves open settled so:

    =====  ==========================================================================
    level  what the design has
    =====  ==========================================================================
    5      treated by lot, at least 4 places in each arm
    4      before and after; at least 5 places in each arm, matched, running alike before
    3      before and after, against places matched or shown to run alike before
    2      before and after, with no comparison or one not shown to be like the treated
    1      treated against others at one time only
    0      one time, nothing to compare with
    =====  ==========================================================================

    A lot between fewer places counts by what else the design has, at level 3 where there is a
    before, else 1. To be alike before, at least 12 periods before must have been looked at.

    References
    ----------
    Farrington D. P., Gottfredson D. C., Sherman L. W. and Welsh B. C. (2002) The Maryland
    scientific methods scale. In *Evidence-Based Crime Prevention*, Routledge, 13-21.

    Examples
    --------
    >>> maryland_level(comparator=True, randomised=True, treated=30, control=30, before=24)[0]
    5
    >>> level, why = maryland_level(comparator=False, treated=6, before=24)
    >>> level, why
    (2, 'before and after alone, with no comparison place: what else changed at the time, and \
the return of places chosen in a bad year to their usual, are not told apart from what was done')
    """
    _check(comparator=comparator, randomised=randomised, treated=treated, control=control,
           matched=matched, parallel=parallel, before=before, turns=turns)  # fmt: skip
    arms = f"{treated:,} treated and {control:,} comparison places"
    if turns:
        arms = f"{treated:,} places, each with and without treatment"
    if not comparator:
        if not before:
            return 0, "one time and no comparison place: there is nothing to compare with"
        return 2, (
            "before and after alone, with no comparison place: what else changed at the time, and "
            "the return of places chosen in a bad year to their usual, are not told apart from "
            "what was done"
        )
    fewest = min(treated, control)
    if randomised and fewest >= BY_LOT:
        return 5, f"treatment was assigned by lot: {arms}"
    if not before:
        few = f"; the lot was between too few places ({arms})" if randomised else ""
        return 1, f"treated against other places after the start only, with no before{few}"
    if randomised:
        return 3, (
            f"treatment was assigned by lot, but between too few places ({arms}) for chance to "
            f"even them out: {BY_LOT} in each arm are needed for level 5"
        )
    if parallel is False:
        return 2, (
            "there are comparison places, but they did not run like the treated ones before the "
            "start, so they cannot say what these would have done"
        )
    alike = parallel is True and before >= BEFORE
    if matched and alike and fewest >= SEVERAL:
        return 4, f"before and after, {arms}, matched, and alike in the {before:,} periods before"
    if matched or alike:
        basis = "chosen to be like the treated ones" if matched else (
            f"alike in the {before:,} periods before")  # fmt: skip
        lacks = []
        if not matched:
            lacks.append("not matched")
        if not alike:
            lacks.append("not shown to run alike before")
        if fewest < SEVERAL:
            lacks.append(f"fewer than {SEVERAL} places in an arm")
        return 3, (
            f"before and after, against comparison places {basis} ({arms}; not level 4: "
            f"{', '.join(lacks)})"
        )
    return 2, (
        "there are comparison places, but they were not chosen to be like the treated ones, and "
        f"{before:,} periods before are too few to show that they ran alike"
        if before < BEFORE
        else "there are comparison places, but they were not chosen to be like the treated ones, "
        "and whether they ran alike before was not shown"
    )


def _check(**facts: Any) -> None:
    """Name every fact of the wrong kind, and those that contradict one another."""
    faults = []
    for name in ("comparator", "randomised", "matched", "parallel", "turns"):
        given = facts[name]
        if not isinstance(given, bool | np.bool_) and not (name == "parallel" and given is None):
            more = ", or None" if name == "parallel" else ""
            faults.append(f"{name} is {given!r}; it takes True or False{more}.")
    for name in ("treated", "control", "before"):
        given = facts[name]
        whole = isinstance(given, int | np.integer) and not isinstance(given, bool)
        if not whole or given < 0:
            faults.append(f"{name} is {given!r}; it takes a whole number from 0.")
    if not faults:
        if facts["treated"] == 0:
            faults.append("treated is 0; without a treated place there is nothing to judge.")
        if facts["comparator"] and facts["control"] == 0:
            faults.append("comparator is True but control is 0; say how many places there were.")
        if facts["randomised"] and not facts["comparator"]:
            faults.append("randomised is True but comparator False; a lot leaves a comparison.")
    if faults:
        raise InputError("maryland_level", faults)
