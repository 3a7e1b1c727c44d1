"""Harm of incidents, in days of imprisonment at the starting point of the sentence."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
import pandas as pd

from .contracts import InputError, Result, announce

Weights: TypeAlias = Mapping[str, float] | pd.Series | str | os.PathLike[str]

FALLBACK_DAYS: Mapping[str, float] = MappingProxyType({
    "Anti-social behaviour": 1.0,
    "Bicycle theft": 2.0,
    "Burglary": 246.5,
    "Criminal damage and arson": 13.24,
    "Drugs": 3.56,
    "Other crime": 10.0,
    "Other theft": 2.0,
    "Possession of weapons": 273.75,
    "Public order": 7.5,
    "Robbery": 365.0,
    "Shoplifting": 1.0,
    "Theft from the person": 2.0,
    "Vehicle crime": 5.0,
    "Violence and sexual offences": 193.02,
})  # fmt: skip
"""Approximate days per police.uk type: means or medians of the Cambridge index over the offences
a type holds. ASB has no value in any index; 1 is a floor, so that it counts at all."""


def harm_days(incidents: pd.DataFrame, weights: Weights | None = None) -> pd.Series:
    """Weigh each incident by the harm of its category, in days of imprisonment.

    Parameters
    ----------
    incidents : DataFrame
        With a column ``category``; ``n`` rows.
    weights : mapping, Series or path of a CSV file, optional
        Days per category, each a number of 0 or more. A Series has the categories as its index; a
        CSV file has the columns ``category`` and ``days``. Give a weight to every category that
        occurs; 0 leaves one out. Absent: :data:`FALLBACK_DAYS`, for the 14 police.uk types.
        Categories are compared without regard to case and surrounding blanks.

    Returns
    -------
    Series of float, length n
        Days per incident, named ``harm``, index as given. Missing where the fallback does not
        know the category, which a :class:`~hotspots.Notice` says.

    Raises
    ------
    InputError
        When the incidents have no category, the weights are not usable, or the weights given miss
        a category that occurs: harm summed over them would be too low without anybody seeing it.

    Notes
    -----
    The days are those of the Cambridge Crime Harm Index [1]_: the sentence a first-time adult
    offender would get at the lowest starting point. The index weighs *offences*; the fallback
    weighs police.uk *types*, each of which mixes offences, and is therefore approximate. One
    weight for "Violence and sexual offences" (193 days) spans offences from 1 to 5,475 days, so
    a map of fallback harm is not a map of harm in the sense of the index. For that, give weights
    per offence. The index leaves out what the police find by their own activity, such as most
    drugs and weapons records; the detectors do so by ``origin``.

    References
    ----------
    .. [1] Sherman, L., Neyroud, P. W. and Neyroud, E. (2016). The Cambridge Crime Harm Index:
       Measuring total harm from crime based on sentencing guidelines. Policing 10(3), 171-183.

    Examples
    --------
    Ten robberies, five residential burglaries and a hundred shopliftings:

    >>> import pandas as pd
    >>> kinds = ["Robbery"] * 10 + ["Residential burglary"] * 5 + ["Shoplifting"] * 100
    >>> days = {"Robbery": 365, "Residential burglary": 273.5, "Shoplifting": 1}
    >>> float(harm_days(pd.DataFrame({"category": kinds}), days).sum())
    5117.5

    As a column, with the fallback:

    >>> calls = pd.DataFrame({"category": ["Robbery", "Anti-social behaviour"]})
    >>> calls.assign(harm=harm_days)["harm"].tolist()
    [365.0, 1.0]
    """
    if isinstance(incidents, Result):
        said = f"it is of type {type(incidents).__name__}; give its table, .incidents, instead."
        raise InputError("incidents", [said])
    if not isinstance(incidents, pd.DataFrame) or "category" not in incidents.columns:
        raise InputError("incidents", ["it has no column 'category', which the weights go by."])
    table = FALLBACK_DAYS if weights is None else _checked(weights)
    days = {_plain(name): value for name, value in table.items()}
    codes, kinds = pd.factorize(incidents["category"])  # each category is looked up once
    known = np.array([days.get(_plain(kind), np.nan) for kind in kinds] + [np.nan])
    harm = pd.Series(known[codes], index=incidents.index, name="harm", dtype="float64")
    if harm.isna().any():
        counts = incidents.loc[harm.isna().to_numpy(), "category"].astype(object).fillna("(blank)")
        missed = ", ".join(f"{k} ({n:,})" for k, n in counts.value_counts().items())
        if weights is not None:
            fault = f"no weight for {missed}; give each its days, or 0 to leave it out."
            raise InputError("harm weights", [fault])
        announce(
            f"harm is missing for {int(harm.isna().sum()):,} incidents: no weight is known for "
            f"{missed}. Give weights={{category: days}} for them."
        )
    return harm


def _plain(category: object) -> str:
    return str(category).strip().casefold()


def _checked(weights: Weights) -> Mapping[str, float]:
    """Return the weights as a mapping, or raise one error that names every fault in them."""
    what = "harm weights"
    if isinstance(weights, str | os.PathLike):
        what, weights = str(weights), _from_csv(Path(weights))
    if not isinstance(weights, Mapping | pd.Series):
        fault = f"it is of type {type(weights).__name__}; give a mapping, a Series or a CSV file."
        raise InputError(what, [fault])
    faults, seen, days = [], set(), {}
    for name, value in weights.items():
        number = pd.to_numeric(pd.Series([value], dtype=object), errors="coerce").iloc[0]
        if not np.isfinite(number) or number < 0:
            faults.append(f"{name}: {value!r} days; it must be a number of 0 or more.")
        if _plain(name) in seen:
            faults.append(f"{name} stands there twice; keep one.")
        seen.add(_plain(name))
        days[str(name)] = float(number)
    if not days:
        faults.append("there is not one category in it; give days per category.")
    if faults:
        raise InputError(what, faults)
    return days


def _from_csv(path: Path) -> pd.Series:
    try:
        frame = pd.read_csv(path, encoding="utf-8-sig", dtype=str, skipinitialspace=True)
    except FileNotFoundError as error:
        raise InputError(str(path), ["there is no such file."]) from error
    except (OSError, ValueError) as error:  # pandas' own errors are ValueErrors
        fault = f"it cannot be read as a CSV file in UTF-8 ({error})."
        raise InputError(str(path), [fault]) from error
    frame.columns = frame.columns.str.strip().str.lower()
    missing = [name for name in ("category", "days") if name not in frame.columns]
    if missing:
        found = ", ".join(frame.columns) or "none"
        faults = [f"column {name!r} is missing; columns found: {found}." for name in missing]
        raise InputError(str(path), faults)
    return pd.Series(frame["days"].to_numpy(), index=frame["category"])
