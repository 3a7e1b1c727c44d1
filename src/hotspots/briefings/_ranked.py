"""The incidents of the briefing's hours, most harm first."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..harm import FALLBACK_DAYS, harm_days
from ._places import streets
from ._usual import labels
from ._words import incident_words

_SPLIT = re.compile(r"[;,|/\n]+")
_NOTHING = {"", "no", "n", "none", "nil", "na", "n/a", "0", "false", "nan", "-", "unknown"}


def rank(
    incidents: pd.DataFrame, moments: NDArray[np.datetime64], late: NDArray[np.bool_]
) -> tuple[pd.DataFrame, list[str]]:
    """Rank the incidents of each LPT by harm, then by markers of vulnerability, then the latest.

    Returns
    -------
    DataFrame
        Index ``incident``: ``lpt``, ``rank``, ``category``, ``harm``, ``vulnerability_markers``
        (how many, not what they say), ``occurred_from``, ``occurred_to``, ``noticed``,
        ``recorded_late``, ``place`` (the street) and ``words``. No other column leaves.
    list of str
        What is to be said about the harm.
    """
    harm, approximate, notes = _harm(incidents)
    table = pd.DataFrame({
        "lpt": labels(incidents), "rank": 0, "category": incidents["category"].astype(str),
        "harm": harm, "vulnerability_markers": _markers(incidents),
        "occurred_from": incidents["occurred_from"], "occurred_to": incidents["occurred_to"],
        "noticed": moments, "recorded_late": late, "place": streets(incidents),
    }, index=incidents.index).rename_axis("incident")  # fmt: skip
    weight = table["harm"].fillna(-1.0).to_numpy()
    order = np.lexsort((
        table.index.astype(str), -table["noticed"].to_numpy().astype(np.int64),
        -table["vulnerability_markers"].to_numpy(), -weight, table["lpt"].to_numpy(object),
    ))  # fmt: skip
    table = table.iloc[order]
    table["rank"] = table.groupby("lpt").cumcount().to_numpy() + 1
    table = table.astype({"lpt": "str", "category": "str", "place": "str"})
    table["words"] = pd.Series(incident_words(table, approximate), table.index, dtype="str")
    return table, notes


def _harm(incidents: pd.DataFrame) -> tuple[NDArray[np.float64], bool, list[str]]:
    """Days of harm: those of the records, or the approximate ones by type."""
    if "harm" in incidents.columns:
        harm = incidents["harm"].to_numpy(dtype=float, na_value=np.nan)
        lacking, approximate, notes = np.isnan(harm), False, []
    else:
        known = {name.casefold() for name in FALLBACK_DAYS}
        kinds = incidents["category"].astype(str)
        fits = kinds.str.strip().str.casefold().isin(known).to_numpy(dtype=bool)
        harm = np.full(len(incidents), np.nan)
        if fits.any():
            harm[fits] = harm_days(incidents[fits], FALLBACK_DAYS).to_numpy()
        lacking, approximate = ~fits, True
        notes = [
            "Harm is approximate: one weight for each type, which mixes grave and slight offences "
            "(the incidents have no column harm)."
        ]
    if lacking.any():
        counts = incidents.loc[lacking, "category"].astype(str).value_counts()
        named = ", ".join(f"{name} ({n:,})" for name, n in counts.head(5).items())
        more = f" and {len(counts) - 5} more types" if len(counts) > 5 else ""
        notes.append(
            f"Not weighed by harm, so ranked last: {named}{more}. See that none of them is grave."
        )
    return harm, approximate, notes


def _markers(incidents: pd.DataFrame) -> NDArray[np.int64]:
    """Count the markers of vulnerability of each incident; what they say stays in the records."""
    if "vulnerability" not in incidents.columns:
        return np.zeros(len(incidents), dtype=np.int64)
    given = incidents["vulnerability"].astype(object)
    return np.array([
        0 if pd.isna(text) else len({
            part.strip().casefold() for part in _SPLIT.split(str(text))
        } - _NOTHING)
        for text in given
    ], dtype=np.int64)  # fmt: skip
