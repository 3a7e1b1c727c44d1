"""What an evaluation found, read from its tables: the one place that knows their columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..contracts import InputError, Result
from ._words import COUNTS

NEEDED = ("outcome", "part", "estimand", "method", "estimate", "low", "high", "unit", "p", *COUNTS,
          "main", "refused")  # fmt: skip
"""Columns of the table ``effect`` without which nothing can be said."""

_NUMBERS = ("estimate", "low", "high", "p", *COUNTS)
_TEXTS = ("outcome", "part", "estimand", "method", "unit", "refused")


@dataclass(frozen=True)
class Facts:
    """An evaluation, as its tables tell it.

    Attributes
    ----------
    effect : DataFrame
        Every row of the table ``effect``, :data:`NEEDED` columns first.
    primary : dict
        The row the evaluation is judged by.
    comparator : bool
        Whether the row stands on comparison places (or days).
    first, start, end : Timestamp
        First day of the records used, first day of treatment, last day used; NaT where the tables
        do not tell.
    treated, control : int
        Places; -1 where not told.
    turns : bool
        Whether the same places were treated and the comparison, in turn.
    maryland, why : int, str
        Level on the Maryland scale, -1 where not told, and the reason.
    interval : float
        Share of intervals that hold the truth.
    tables : dict
        All tables.
    """

    effect: pd.DataFrame
    primary: dict[str, Any]
    comparator: bool
    first: pd.Timestamp
    start: pd.Timestamp
    end: pd.Timestamp
    treated: int
    control: int
    turns: bool
    maryland: int
    why: str
    interval: float
    tables: dict[str, pd.DataFrame]

    def mains(self, part: str = "hotspots") -> list[dict[str, Any]]:
        """Return the rows each outcome is judged by, the primary one first.

        Parameters
        ----------
        part : str

        Returns
        -------
        list of dict
        """
        rows = self.effect[self.effect["main"] & (self.effect["part"] == part)]
        first = rows["outcome"] == self.primary["outcome"]
        return [row for kept in (rows[first], rows[~first]) for row in _rows(kept)]

    def verdicts(self, verdict: str) -> list[dict[str, Any]]:
        """Return the checks with a verdict.

        Parameters
        ----------
        verdict : str

        Returns
        -------
        list of dict
        """
        checks = self.tables.get("checks")
        if checks is None or "verdict" not in checks:
            return []
        return _rows(checks[checks["verdict"] == verdict])


def read_facts(result: Any, what: str) -> Facts:
    """Read an evaluation, or name every fault.

    Parameters
    ----------
    result : Result
        With the table ``effect`` of an ``Impact``, and where it has them its other tables.
    what : str
        Name to use in the error.

    Returns
    -------
    Facts

    Raises
    ------
    InputError
        Naming every table or column that is missing or of the wrong kind.
    """
    tables = result.tables if isinstance(result, Result) else {}
    if "effect" not in tables:
        raise InputError(what, [
            f"it is of type {type(result).__name__}; give what estimate_impact returned, or any "
            "result with its table 'effect'."
        ])  # fmt: skip
    effect = tables["effect"]
    if missing := [name for name in NEEDED if name not in effect]:
        raise InputError(what, [
            f"its table 'effect' lacks {', '.join(missing)}; columns found: "
            f"{', '.join(map(str, effect.columns))}."
        ])  # fmt: skip
    faults = [
        f"column {name!r} of its table 'effect' is {effect[name].dtype}; it must hold numbers."
        for name in _NUMBERS
        if not pd.api.types.is_numeric_dtype(effect[name])
    ]
    effect = effect.reset_index(drop=True).assign(
        main=effect["main"].eq(True).to_numpy(dtype=bool),
        **{name: effect[name].astype(object).fillna("").astype(str).to_numpy() for name in _TEXTS},
    )
    silent = effect["estimate"].isna() & (effect["refused"] == "")
    effect["refused"] = effect["refused"].where(~silent, "there is no estimate")
    units = sorted(set(effect["unit"]) - {"ratio", "incidents"})
    faults += [f"unit is {unit!r}; it takes 'ratio' or 'incidents'." for unit in units]
    if (effect["outcome"] == "").any():
        faults.append("column 'outcome' of its table 'effect' is empty in some row; name it.")
    judged = effect[effect["main"] & (effect["part"] == "hotspots")]
    if judged.empty and not faults:
        faults.append("its table 'effect' has no row of part 'hotspots' with main True; the "
                      "primary result must be marked.")  # fmt: skip
    if faults:
        raise InputError(what, faults)
    primary = _rows(judged)[0]
    first, start, end = _dates(tables.get("series"), primary["outcome"])
    begun, until = getattr(result, "start", None), getattr(result, "end", None)
    start = begun if isinstance(begun, pd.Timestamp) else start
    end = until if isinstance(until, pd.Timestamp) else end
    treated, control, turns = _arms(tables.get("places"))
    level, why = _level(result)
    comparator = not (np.isnan(primary["control_before"]) and np.isnan(primary["control_after"]))
    comparator &= bool(getattr(result, "comparator", True))
    held = getattr(result, "interval", 0.95)
    return Facts(
        effect=effect, primary=primary, comparator=comparator, first=first, start=start, end=end,
        treated=treated, control=control, turns=turns, maryland=level, why=why,
        interval=float(held), tables=dict(tables),
    )  # fmt: skip


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def _dates(series: pd.DataFrame | None, outcome: str) -> tuple[Any, Any, Any]:
    """Return the first day of the records, the first of treatment, and the last day."""
    if series is None or not {"outcome", "start", "end", "after"} <= set(series):
        return pd.NaT, pd.NaT, pd.NaT
    rows = series[series["outcome"] == outcome]
    after = rows[rows["after"].to_numpy(dtype=bool)]
    return rows["start"].min(), after["start"].min(), rows["end"].max() - pd.Timedelta(days=1)


def _arms(places: pd.DataFrame | None) -> tuple[int, int, bool]:
    """Return how many places there were in each arm, and whether they took turns."""
    if places is None or "arm" not in places:
        return -1, -1, False
    if (places["arm"] == "both").any():
        return len(places), len(places), True
    n = [int((places["arm"] == arm).sum()) for arm in ("treated", "control")]
    return n[0], n[1], False


def _level(result: Any) -> tuple[int, str]:
    """Return the Maryland level and why, where the result tells them."""
    told, why = getattr(result, "level", None), getattr(result, "level_why", "")
    whole = isinstance(told, int | np.integer) and not isinstance(told, bool)
    return (int(told), str(why)) if whole else (-1, "")  # type: ignore[arg-type]
