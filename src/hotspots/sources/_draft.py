"""What every record format hands to ``read_incidents``: columns half way to the contract."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ._rows import Rows

TEXT = (
    "category", "source", "origin", "place", "lsoa", "outcome", "vulnerability", "offence_code",
)  # fmt: skip
"""Text columns of a draft, each a categorical: cleaned once per value, not once per row."""

NOTHING = frozenset({
    "null", "(null)", "<null>", "n/a", "#n/a", "na", "nan", "nat", "none", "nil", "(blank)",
    "-", "--", "–", "?",
})  # fmt: skip
"""What systems write into a cell that holds nothing, in lower case."""


@dataclass(frozen=True)
class Fact:
    """One thing found in the records, how many rows it concerns, and what was done.

    ``rows`` is None for a fact about a file or the whole.
    """

    check: str
    rows: int | None
    action: str  # fixed | refused | kept | left aside | noted
    detail: str


@dataclass
class Draft:
    """The rows of one file that may become incidents.

    Parameters
    ----------
    frame : DataFrame
        ``line``, ``id`` (text, ``""`` for none), ``occurred_from``, ``occurred_to``, ``x``, ``y``
        (nan for none), ``recorded_at`` and the columns of :data:`TEXT`; those a format does not
        have may be absent.
    crs : str
        Coordinate system of ``x`` and ``y``, always in the order east, north.
    refused : list of (line, reason, text)
    facts : list of Fact
    scope : str
        Within what an ID names one record: the system the extract comes from.
    """

    frame: pd.DataFrame
    crs: str
    refused: list[tuple[int, str, str]] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    scope: str = ""


def recode(values: pd.Categorical, clean: Callable[[str], str | None]) -> pd.Categorical:
    """Clean a categorical's values, each once; values cleaned to None or ``""`` become missing.

    Examples
    --------
    >>> recode(pd.Categorical(["a ", "a", " "]), str.strip)
    ['a', 'a', NaN]
    Categories (1, ...): ['a']
    """
    cleaned = [clean(str(v)) or None for v in values.categories.to_numpy(dtype=object)]
    codes, names = pd.factorize(np.array([*cleaned, None], dtype=object), sort=True)
    return pd.Categorical.from_codes(codes[values.codes], pd.Index(names, dtype=object))


def blank_nothing(values: pd.Categorical) -> pd.Categorical:
    """Empty the values that only say there is none, such as NULL, N/A or a dash.

    Examples
    --------
    >>> blank_nothing(pd.Categorical(["N/A", "ASB", "-"], categories=["N/A", "ASB", "-"])).tolist()
    ['', 'ASB', '']
    """
    plain = ["" if str(v).strip().casefold() in NOTHING else v for v in values.categories]
    codes, names = pd.factorize(np.array(plain, dtype=object))
    return pd.Categorical.from_codes(codes[values.codes], pd.Index(names, dtype=object))


def constant(value: str, n: int) -> pd.Categorical:
    """Make a categorical that says the same ``n`` times."""
    return pd.Categorical.from_codes(np.zeros(n, dtype=int), pd.Index([value], dtype=object))


def join(parts: Sequence[pd.Categorical]) -> pd.Categorical:
    """Lay categoricals one after another; ``""`` becomes missing.

    Examples
    --------
    >>> join([constant("a", 1), constant("", 1), constant("a", 1)]).tolist()
    ['a', nan, 'a']
    """
    kinds = [part.categories.to_numpy(dtype=object) for part in parts]
    every = np.concatenate([*kinds, np.array([""], dtype=object)])
    every[every == ""] = None
    codes, names = pd.factorize(every)
    ends = np.cumsum([len(kind) for kind in kinds])
    pieces = [
        np.append(codes[end - len(kind) : end], -1)[part.codes]
        for part, kind, end in zip(parts, kinds, ends, strict=True)
    ]
    return pd.Categorical.from_codes(np.concatenate(pieces), pd.Index(names, dtype=object))


def numbers(values: pd.Categorical, *, degrees: bool = False) -> NDArray[np.float64]:
    """Read a categorical of numerals, each value once; nan for what is no number.

    Thousands commas and blanks are let through, as is a decimal comma. In ``degrees`` every comma
    is a decimal one: ``-2,178`` is no two thousand.

    Examples
    --------
    >>> numbers(pd.Categorical(["388,100", " 52.5 ", "-1,5", "n/a"]))
    array([ 3.881e+05,  5.250e+01, -1.500e+00,        nan])
    """
    text = pd.Series(values.categories.to_numpy(dtype=object), dtype=object)
    found = pd.to_numeric(text, errors="coerce").to_numpy(dtype=float, copy=True)
    odd = np.isnan(found) & (text != "").to_numpy()
    if odd.any():
        plain = text[odd].astype(str).str.strip()
        if not degrees:
            plain = plain.str.replace(r"(?<=\d)[, ](?=\d{3}(\D|$))", "", regex=True)
        plain = plain.str.replace(",", ".", regex=False)
        found[odd] = pd.to_numeric(plain, errors="coerce")
    per_row: NDArray[np.float64] = np.append(found, np.nan)[values.codes]
    return per_row


def refuse(
    draft: Draft, rows: Rows, faults: Iterable[tuple[NDArray[np.bool_], str | Callable[[int], str]]]
) -> Draft:
    """Take faulty rows out of a draft, with the first reason that holds and their text as written.

    Parameters
    ----------
    draft : Draft
        With one row per row of ``rows``.
    rows : Rows
    faults : iterable of (mask, reason)
        ``reason`` is text, or a function from the row position to text.
    """
    bad = np.zeros(len(draft.frame), dtype=bool)
    for mask, reason in faults:
        for i in np.flatnonzero(mask & ~bad):
            why = reason if isinstance(reason, str) else reason(int(i))
            draft.refused.append((int(rows.line[i]), why, rows.raw(int(i))))
        bad |= mask
    if bad.any():
        draft.frame = draft.frame[~bad].reset_index(drop=True)
    draft.refused = sorted([*rows.refused, *draft.refused])
    return draft
