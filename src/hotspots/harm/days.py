"""Days of harm per incident, and which incidents make the harm of a place."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
import pandas as pd

from ..contracts import InputError, Result, announce
from .weights import CODE, plain_code, read_harm_weights

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


def harm_days(
    incidents: pd.DataFrame,
    weights: Weights | None = None,
    *,
    by: str | None = None,
    cap: float | None = None,
) -> pd.Series:
    """Weigh each incident by the harm of its offence or category, in days of imprisonment.

    Parameters
    ----------
    incidents : DataFrame
        With the column ``by``; ``n`` rows.
    weights : mapping, Series or path of a CSV file or workbook, optional
        Days per category or offence code, each a number of 0 or more. A Series has them as its
        index, as :func:`read_harm_weights` gives it; a file is read by that function. Give a
        weight to every one that occurs; 0 leaves one out. Absent: :data:`FALLBACK_DAYS`, for the
        14 police.uk types, which is approximate. Categories are compared without regard to case
        and surrounding blanks, offence codes as :func:`read_harm_weights` says.
    by : str, optional
        Column the weights go by. Absent: ``"offence_code"`` where the weights are by Home Office
        code, as :func:`read_harm_weights` gives or finds them, and ``"category"`` elsewhere.
    cap : float, optional
        Most days an incident may weigh, for a map on which one homicide would outshine a town;
        730 is usual. Totals need it off.

    Returns
    -------
    Series of float, length n
        Days per incident, named ``harm``, index as given. Missing where the fallback does not
        know the category, which a :class:`~hotspots.Notice` says.

    Raises
    ------
    InputError
        When the incidents have no such column, the weights are not usable, or the weights given
        miss one that occurs: harm summed over them would be too low without anybody seeing it.

    Warns
    -----
    Notice
        That the fallback is approximate, whenever it is used because no weights were given.

    Notes
    -----
    The days are those of the Cambridge Crime Harm Index [1]_: the sentence a first-time adult
    offender would get at the lowest starting point. The index weighs *offences*; the fallback
    weighs police.uk *types*, each of which mixes offences, and is therefore approximate. One
    weight for "Violence and sexual offences" (193 days) spans offences from 1 to 5,475 days, so
    a map of fallback harm is not a map of harm in the sense of the index. For that, give weights
    per offence, and :func:`harm_drivers` to see whether one offence makes a place. The index
    leaves out what the police find by their own activity, such as most drugs and weapons records;
    the detectors do so by ``origin``.

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

    As a column, capped for a map, with the approximate weights asked for by name:

    >>> calls = pd.DataFrame({"category": ["Robbery", "Anti-social behaviour"]})
    >>> calls.assign(harm=harm_days(calls, FALLBACK_DAYS, cap=100))["harm"].tolist()
    [100.0, 1.0]
    """
    if isinstance(weights, str | os.PathLike):
        # weights by something else than codes stand in a column of that name
        named = by if isinstance(by, str) and by != CODE else None
        weights = read_harm_weights(weights, code=named)
    if by is not None and not isinstance(by, str):
        raise InputError("incidents", [f"by={by!r}; it must name a column, or be None."])
    if by is None:
        coded = isinstance(weights, pd.Series) and weights.index.name == CODE
        by = CODE if coded else "category"
    faults = []
    if isinstance(incidents, Result):
        faults.append(f"it is of type {type(incidents).__name__}; give its table, .incidents.")
    elif not isinstance(incidents, pd.DataFrame) or by not in incidents.columns:
        faults.append(f"it has no column {by!r}, which the weights go by.")
    elif isinstance(incidents[by], pd.DataFrame):
        faults.append(f"it has several columns called {by!r}; keep one.")
    if by != "category" and weights is None:
        faults.append(f"the fallback goes by category, not by {by!r}; give weights for that.")
    if cap is not None and not (_number(cap) and 0 < cap < np.inf):
        faults.append(f"cap={cap!r}; it must be days above 0, such as 730, or None.")
    if faults:
        raise InputError("incidents", faults)
    table = FALLBACK_DAYS if weights is None else _checked(weights, by)
    same = plain_code if by == CODE else _plain
    days = {same(name): value for name, value in table.items()}
    codes, kinds = pd.factorize(incidents[by])  # each category is looked up once
    known = np.array([days.get(same(kind), np.nan) for kind in kinds] + [np.nan])
    harm = pd.Series(known[codes], index=incidents.index, name="harm", dtype="float64")
    missed = ""
    if harm.isna().any():
        counts = incidents.loc[harm.isna().to_numpy(), by].astype(object).fillna("(blank)")
        missed = ", ".join(f"{k} ({n:,})" for k, n in counts.value_counts().items())
    if missed and weights is not None:
        fault = f"no weight for {missed}; give each its days, or 0 to leave it out."
        raise InputError("harm weights", [fault])
    if weights is None and len(harm):
        announce(
            "harm is approximate: one weight for each police.uk type, which mixes offences from 1 "
            "to 5,475 days, and 1 day for ASB, which no index weighs. Give weights, per offence "
            "where you can"
        )
    if missed:
        announce(
            f"harm is missing for {int(harm.isna().sum()):,} incidents: no weight is known for "
            f"{missed}. Give weights={{category: days}} for them."
        )
    return harm if cap is None else harm.clip(upper=float(cap))


def harm_drivers(incidents: pd.DataFrame, by: str | pd.Series) -> pd.DataFrame:
    """Tell how many incidents make the harm of each place or group: one, or many.

    Parameters
    ----------
    incidents : DataFrame
        With a column ``harm``.
    by : str or Series
        Column to group by, such as ``"lpt"``, or a label per incident, such as the cell it lies
        in; missing labels are left out.

    Returns
    -------
    DataFrame
        Most harm first, index as ``by``: ``incidents``, ``harm`` (days), ``incidents_for_half``
        (fewest that make half of the harm), ``largest`` (days of the heaviest) and
        ``largest_share`` (0 to 1; 1 where a single offence makes all the harm).

    Raises
    ------
    InputError
        When there is no ``harm``, it is missing or negative, or there is nothing to group by.

    Examples
    --------
    Two places of about the same harm, one by a single offence:

    >>> import pandas as pd
    >>> calls = pd.DataFrame({"lpt": list("AAABBBB"), "harm": [730, 1, 1, 180, 180, 180, 180]})
    >>> harm_drivers(calls, "lpt")[["incidents", "harm", "incidents_for_half"]].values.tolist()
    [[3.0, 732.0, 1.0], [4.0, 720.0, 2.0]]
    """
    faults = []
    if not isinstance(incidents, pd.DataFrame) or "harm" not in incidents.columns:
        faults.append("it has no column 'harm'; add it with .assign(harm=hs.harm_days).")
    elif not pd.api.types.is_numeric_dtype(incidents["harm"].dtype):
        faults.append(f"harm is {incidents['harm'].dtype}; it must be numbers.")
    else:
        harm = incidents["harm"].to_numpy(dtype=float, na_value=np.nan)
        if bad := int((~np.isfinite(harm) | (harm < 0)).sum()):
            faults.append(f"harm is missing, infinite or below 0 in {bad:,} rows; set them right.")
    if isinstance(by, str) and by == "harm":
        faults.append("by is 'harm' itself; name the column to group by.")
    elif isinstance(by, str):
        if isinstance(incidents, pd.DataFrame) and by not in incidents.columns:
            faults.append(f"it has no column {by!r} to group by.")
    elif isinstance(incidents, pd.DataFrame) and not (
        isinstance(by, pd.Series) and by.index.is_unique and incidents.index.isin(by.index).all()
    ):
        faults.append("by must be the name of a column or a Series with a label per incident.")
    if faults:
        raise InputError("incidents", faults)
    group = incidents[by] if isinstance(by, str) else by.reindex(incidents.index)
    frame = pd.DataFrame({"by": group.to_numpy(), "harm": incidents["harm"].to_numpy(dtype=float)})
    frame = frame.dropna(subset="by").sort_values("harm", ascending=False, kind="stable")
    groups = frame.groupby("by", sort=True, observed=True)["harm"]
    total = groups.sum()
    half = frame["by"].map(total).astype(float) / 2 * (1 - 1e-12)
    before = groups.cumsum() - frame["harm"] < half  # heavier ones make less than half
    table = pd.DataFrame({
        "incidents": groups.size(), "harm": total,
        "incidents_for_half": before.groupby(frame["by"], observed=True).sum().astype("int64"),
        "largest": groups.max(),
    })  # fmt: skip
    table["largest_share"] = table["largest"] / total.where(total > 0)
    table.index.name = by if isinstance(by, str) else (by.name or "by")
    return table.sort_values("harm", ascending=False, kind="stable")


def _plain(category: object) -> str:
    return str(category).strip().casefold()


def _number(value: object) -> bool:
    number = isinstance(value, int | float | np.integer | np.floating)
    return number and not isinstance(value, bool)


def _checked(weights: Mapping[str, float] | pd.Series, by: str) -> Mapping[str, float]:
    """Return the weights as a mapping, or raise one error that names every fault in them."""
    what = "harm weights"
    if not isinstance(weights, Mapping | pd.Series):
        fault = f"it is of type {type(weights).__name__}; give a mapping, a Series or a file."
        raise InputError(what, [fault])
    if by != CODE and isinstance(weights, pd.Series) and weights.index.name == CODE:
        fault = f"they go by {CODE}, and the incidents by {by!r}; say by={CODE!r}."
        raise InputError(what, [fault])
    same = plain_code if by == CODE else _plain
    faults, seen, days = [], set(), {}
    for name, value in weights.items():
        try:
            number = float(value) if _number(value) or isinstance(value, str) else np.nan
        except ValueError:
            number = np.nan
        if not 0 <= number < np.inf:
            faults.append(f"{name}: {value!r} days; it must be a number of 0 or more.")
        if same(name) in seen:
            faults.append(f"{name} stands there twice; keep one.")
        seen.add(same(name))
        days[str(name)] = number
    if not days:
        faults.append(f"there is not one {by} in it; give days per {by}.")
    if faults:
        raise InputError(what, faults)
    return days
