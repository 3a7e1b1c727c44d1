"""What a briefing was given: checked, with every fault noted, and cut to what was known then."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..contracts import InputError, Result, check_incidents
from ..support import data_support
from ._places import PATTERNS
from ._usual import ALL, FORCE, NOWHERE, labels
from ._window import Window, noticed

if TYPE_CHECKING:
    import geopandas as gpd

MOST_NAMED = 20
"""LPTs named in an error."""

Known = tuple["gpd.GeoDataFrame", NDArray[np.datetime64], NDArray[np.bool_], int]


def find_known(incidents: Any, window: Window, faults: list[str]) -> Known | None:
    """Return the incidents known at the end of the hours; None where they cannot be used.

    With them goes when they came to notice, whether they were recorded late, and how many have
    no time to place them by.
    """
    try:
        check_incidents(incidents)
    except InputError as error:
        faults += [f"incidents: {fault}" for fault in error.faults]
        return None
    if not len(incidents):
        faults.append("incidents: there are none; give the records of the past year or more.")
        return None
    for what, name, taken in (
        ("a category", ALL, incidents["category"].astype(str).to_numpy(object)),
        ("an LPT", FORCE, labels(incidents)),
    ):
        if (taken == name).any():
            faults.append(
                f"incidents: {what} is named {name!r}, which a briefing calls the total; give "
                "it another name."
            )
    if "harm" in incidents.columns:
        harm = incidents["harm"].to_numpy(dtype=float, na_value=np.nan)
        if (bad := (harm < 0) | np.isinf(harm)).any():
            faults.append(
                f"incidents: harm is {harm[bad][0]:g} in {int(bad.sum()):,} rows; it must be days, "
                "at least 0, or empty."
            )
    reason = str(data_support(incidents).abilities.loc["weekly periods", "reason"])
    if reason:
        faults.append(
            f"these records do not bear a daily briefing: {reason}; use the force's own records "
            "with dates and times."
        )
        return None
    moments, late = noticed(incidents)
    end = window.end.to_datetime64().astype("datetime64[s]")
    told = ~np.isnat(moments)
    before = told & (moments < end)
    if not before.any():
        some = moments[told]
        run = (
            f"they came to notice from {pd.Timestamp(some.min()):%Y-%m-%d %H:%M} to "
            f"{pd.Timestamp(some.max()):%Y-%m-%d %H:%M}" if len(some) else "none has a usable time"
        )  # fmt: skip
        faults.append(
            f"no incident was known before {window.end:%Y-%m-%d %H:%M} ({run}); give another when."
        )
        return None
    return incidents[before], moments[before], late[before], int((~told).sum())


def find_teams(lpt: Any, known: pd.DataFrame | None, faults: list[str]) -> tuple[list[str], bool]:
    """Return the LPTs to brief on in order, and whether the force is briefed on too."""
    here = [] if known is None else sorted(set(labels(known)) - {NOWHERE})
    if lpt is None:
        return here, True
    if isinstance(lpt, pd.DataFrame):
        if lpt.index.name != "lpt":
            faults.append(
                f"lpt is a table with index {lpt.index.name!r}; give the LPTs table, with the "
                "names as index 'lpt'."
            )
        return [str(name) for name in lpt.index], True
    listed = [lpt] if isinstance(lpt, str) else lpt
    if not isinstance(listed, list | tuple | np.ndarray | pd.Series | pd.Index) or not len(listed):
        faults.append(
            f"lpt is {lpt!r}; give the name of an LPT, a list of them, the LPTs table, or leave it "
            "out for all."
        )
        return here, True
    asked = list(dict.fromkeys(str(name) for name in listed))
    if known is None:
        return asked, False
    if not here:
        faults.append(
            "lpt was given, but no incident has an LPT; read the records with lpts=..., or leave "
            "lpt out."
        )
        return asked, False
    for name in asked:
        if name not in here:
            near = difflib.get_close_matches(name, here, n=1, cutoff=0.5)
            hint = f"; did you mean {near[0]!r}?" if near else "."
            shown = ", ".join(here[:MOST_NAMED])
            more = f" and {len(here) - MOST_NAMED} more" if len(here) > MOST_NAMED else ""
            faults.append(
                f"lpt {name!r} is not known{hint} The records have {shown}{more}. One without "
                "any incident is briefed on when the LPTs table is given as lpt."
            )
    return asked, False


def find_strangers(
    tasks: pd.DataFrame | None, visits: pd.DataFrame | None, teams: list[str], faults: list[str]
) -> None:
    """Note the LPTs of tasks and visits that no briefing would show."""
    for what, table in (("tasks", tasks), ("plan", visits)):
        if table is None:
            continue
        strange = sorted(set(table["lpt"].astype(str)) - {*teams, FORCE, NOWHERE})
        if strange:
            faults.append(
                f"{what}: LPT {', '.join(map(repr, strange))} is not among "
                f"{', '.join(teams) or 'any'}; give the LPTs table as lpt if it is one."
            )


def given_patterns(near_repeat: Any, window: Window, faults: list[str]) -> pd.DataFrame | None:
    """Return the patterns that were given; None where they are to be looked for, empty for not."""
    if near_repeat is True:
        return None
    if near_repeat is False:
        return pd.DataFrame({n: pd.Series([], dtype=kind) for n, kind in PATTERNS.items()})
    table = near_repeat.tables.get("patterns") if isinstance(near_repeat, Result) else near_repeat
    if not isinstance(table, pd.DataFrame) or not set(PATTERNS) <= set(table.columns):
        faults.append(
            f"near_repeat is of type {type(near_repeat).__name__}; give True, False, an earlier "
            "briefing, or its table patterns."
        )
        return None
    try:
        told = table[list(PATTERNS)].astype(PATTERNS)
    except (TypeError, ValueError) as bad:
        faults.append(f"near_repeat: its columns cannot be read ({bad}); give patterns as told.")
        return None
    if (told["period_end"] > window.end).any():
        faults.append(
            f"near_repeat: its patterns run to {told['period_end'].max():%Y-%m-%d %H:%M}, past "
            f"{window.end:%Y-%m-%d %H:%M}; give those of an earlier briefing."
        )
    return told
