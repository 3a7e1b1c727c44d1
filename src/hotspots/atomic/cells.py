"""Cells of a table that people open in a spreadsheet: safe to open, and read back as they were."""

from __future__ import annotations

from typing import Any

import pandas as pd

_RISKY = ("=", "+", "-", "@", "\t", "\r", "'")


def guarded(text: str) -> str:
    """Put an apostrophe before text a spreadsheet would run, or would take one from.

    Examples
    --------
    >>> guarded("=1+1"), guarded("late")
    ("'=1+1", 'late')
    """
    return f"'{text}" if text.startswith(_RISKY) else text


def unguarded(text: str) -> str:
    """Take back what :func:`guarded` put there.

    Examples
    --------
    >>> unguarded(guarded("'tis")), unguarded("late")
    ("'tis", 'late')
    """
    return text[1:] if text.startswith("'") else text


def plain(value: Any) -> str:
    r"""Return a cell as text in one line, empty where it is missing.

    Examples
    --------
    >>> plain(" road\nclosed "), plain(None), plain(float("nan"))
    ('road closed', '', '')
    """
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return ""
    return " ".join(str(value).split())
