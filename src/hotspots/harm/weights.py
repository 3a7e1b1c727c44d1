"""Harm weights from a workbook or CSV file, by Home Office offence code or by category."""

from __future__ import annotations

import csv
import os
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from ..contracts import InputError, announce

CODE = "offence_code"
"""Column of the incidents, and name of the index of weights, that holds Home Office codes."""

_CODE_NAMES = (
    "offence_code", "ho_offence_code", "home_office_code", "home_office_offence_code", "ho_code",
    "ho_crime_code", "home_office_classification", "ho_classification", "offence_classification",
    "classification", "code", "category",
)  # fmt: skip
_DAYS_NAMES = (
    "days", "cchi_days", "cchi", "chi_days", "chi", "cchi_score", "chi_score", "score",
    "sentence_days", "starting_point_days", "starting_point", "weight", "harm",
)  # fmt: skip
_REPEATED = {"lowest": "min", "median": "median", "highest": "max"}
_LOOK = 40  # rows of a sheet in which its header is looked for


def read_harm_weights(
    path: str | os.PathLike[str],
    *,
    code: str | None = None,
    days: str | None = None,
    sheet: str | None = None,
    repeated: str | None = None,
) -> pd.Series:
    r"""Read days of harm per Home Office offence code, or per category, from a workbook or CSV.

    Parameters
    ----------
    path : path
        An Excel workbook (.xlsx, .xlsm) such as that of the Cambridge Crime Harm Index, or a CSV
        file in UTF-8. It does not come with this package.
    code, days : str, optional
        Names of the columns that hold the code and the days; recognised by common names
        ("Home Office Code", "Offence code", "Category"; "CCHI", "Days", "Score") when absent.
    sheet : str, optional
        Sheet of the workbook; the first that has both columns when absent.
    repeated : {"lowest", "median", "highest"}, optional
        Which days to take where a code stands there with several, as when a code covers offences
        that differ. Refused when absent: that choice is yours.

    Returns
    -------
    Series of float
        ``days``, for ``harm_days(incidents, weights)``. The index is ``offence_code``; or
        ``category``, when that is the column's name; or the name of another column that ``code``
        names, when what it holds does not begin with a digit, as every Home Office code does.

    Raises
    ------
    InputError
        When the file cannot be read, has no such columns, or days are no numbers of 0 or more.

    Warns
    -----
    Notice
        When codes stand there without days; they are left out, and refused where they occur.

    Notes
    -----
    Codes are compared in one form: letters in capitals, blanks dropped, the class without leading
    zeros, a slash, the subclass in two digits. So "008/06", "8/6" and "00806" are all 8/06. Without
    a slash the last two of four or more digits are the subclass; one to three digits are a class
    of their own, for whether 806 is 8/06 or class 806 nobody can tell: write such codes with the
    slash or their leading zeros.

    Examples
    --------
    >>> import hotspots as hs, pandas as pd, pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "weights.csv"
    ...     _ = path.write_text("Home Office Code,CCHI\n008/06,10\n034B,365")
    ...     weights = hs.read_harm_weights(path)
    >>> weights.to_dict()
    {'8/06': 10.0, '34B': 365.0}
    >>> recorded = pd.DataFrame({"offence_code": ["00806", "34b"]})
    >>> hs.harm_days(recorded, weights, by="offence_code").tolist()
    [10.0, 365.0]
    """
    what = str(path)
    if not isinstance(path, str | os.PathLike):
        fault = f"the path is of type {type(path).__name__}; give that of a workbook or CSV file."
        raise InputError("harm weights", [fault])
    if repeated is not None and (not isinstance(repeated, str) or repeated not in _REPEATED):
        fault = f"repeated={repeated!r}; it takes 'lowest', 'median', 'highest' or None."
        raise InputError(what, [fault])
    cells = _cells(Path(path), sheet)
    name, frame = _two_columns(what, cells, (code, days))
    frame = frame[frame["code"] != ""]
    # a column named by the user may hold anything; Home Office codes begin with a digit
    known = _header(name) in _CODE_NAMES or frame["code"].str.match(r"\W*\d").all()
    by = CODE if known and _header(name) != "category" else _header(name)
    same = plain_code if by == CODE else str.strip
    frame = frame.assign(key=[same(value) for value in frame["code"]])
    blank = frame["days"] == ""
    numbers = pd.to_numeric(frame["days"].where(~blank), errors="coerce")
    wrong = ~blank & ~(np.isfinite(numbers) & (numbers >= 0))
    faults = [
        f"{row.code}: {row.days!r} days; it must be a number of 0 or more."
        for row in frame[wrong].itertuples()
    ]
    if by == CODE and (dates := frame["code"].str.match(r"\d{4}-\d\d-\d\d").sum()):
        faults.append(f"{dates:,} codes became dates, as Excel makes of 8/06; write them as text.")
    grouped = numbers[~blank & ~wrong].groupby(frame["key"], sort=False)
    differ = grouped.nunique()
    if repeated is None and (differ > 1).any():
        several = differ.index[differ > 1]
        faults.append(
            f"{len(several):,} codes stand there with several days ({', '.join(several[:5])}"
            f"{', …' if len(several) > 5 else ''}); take one with repeated='lowest', 'median' or "
            "'highest', or write which offence you mean."
        )
    if differ.empty and not faults:
        faults.append("there is not one code with days in it.")
    if faults:
        raise InputError(what, faults)
    read: pd.Series = grouped.agg(_REPEATED[repeated or "lowest"]).astype("float64")
    without = sorted(set(frame["key"]) - set(read.index))
    if without:
        announce(
            f"{what}: {len(without):,} codes have no days and are left out "
            f"({', '.join(without[:5])}{', …' if len(without) > 5 else ''})"
        )
    return read.rename("days").rename_axis(by)


def plain_code(code: object) -> str:
    """Write a Home Office code in one form.

    Examples
    --------
    >>> [plain_code(code) for code in ("008/06", "8/6", "00806", "34b")]
    ['8/06', '8/06', '8/06', '34B']
    """
    text = "".join(str(code).split()).lstrip("'").upper().removesuffix(".0")
    main, slash, sub = text.partition("/")
    if not slash and main.isascii() and main.isdigit() and len(main) >= 4:
        main, slash, sub = main[:-2], "/", main[-2:]
    main = main.lstrip("0") or "0"
    return f"{main}/{sub.zfill(2)}" if slash and sub else main


def _header(text: object) -> str:
    """Name of a column without regard to case, blanks and punctuation."""
    return "_".join("".join(c if c.isalnum() else " " for c in str(text).lower()).split())


def _cells(path: Path, sheet: str | None) -> dict[str, list[list[str]]]:
    """Every cell of a file as text, by sheet."""
    try:
        if path.suffix.lower() in (".xlsx", ".xlsm"):
            return _workbook(path, sheet)
        if sheet is not None:
            raise InputError(str(path), [f"it is no workbook, so it has no sheet {sheet!r}."])
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [[cell.strip() for cell in row] for row in csv.reader(file)]
    except FileNotFoundError as error:
        raise InputError(str(path), ["there is no such file."]) from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        fault = f"it cannot be read as a CSV file in UTF-8 ({error})."
        raise InputError(str(path), [fault]) from error
    return {"": rows}


def _workbook(path: Path, sheet: str | None) -> dict[str, list[list[str]]]:
    import zipfile

    import openpyxl

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # missing styles and the like
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
            titles = [part.title for part in book.worksheets]
            cells = {
                part.title: [[_cell(value) for value in row] for row in part.values]
                for part in book.worksheets if sheet in (None, part.title)
            }  # fmt: skip
            book.close()
    # what openpyxl raises depends on the part that is broken; its XML errors are SyntaxErrors
    except (zipfile.BadZipFile, AttributeError, LookupError, SyntaxError, TypeError,
            ValueError) as error:  # fmt: skip
        fault = "it is no readable Excel workbook, or locked with a password; save it as CSV."
        raise InputError(str(path), [fault]) from error
    if not cells:
        raise InputError(str(path), [f"it has no sheet {sheet!r}; it has {', '.join(titles)}."])
    return cells


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # Excel keeps every number as a fraction
    return str(value).strip()


def _two_columns(
    what: str, cells: dict[str, list[list[str]]], asked: tuple[str | None, str | None]
) -> tuple[str, pd.DataFrame]:
    """Find the header and take the two columns below it, with the name of the first."""
    known = [
        [_header(name)] if name is not None else list(names)
        for name, names in zip(asked, (_CODE_NAMES, _DAYS_NAMES), strict=True)
    ]
    nearest: list[str] = []
    for rows in cells.values():
        for n, row in enumerate(rows[:_LOOK]):
            plain = [_header(cell) for cell in row]
            at = [
                next((plain.index(name) for name in names if name in plain), None)
                for names in known
            ]
            if at[0] is not None and at[1] is not None:
                taken = [
                    [line[k] if k < len(line) else "" for k in (at[0], at[1])]
                    for line in rows[n + 1 :]
                ]
                return row[at[0]], pd.DataFrame(taken, columns=["code", "days"], dtype="str")
            if not nearest or (at[0] is None) + (at[1] is None) < 2:
                nearest = [cell for cell in row if cell]
    found = ", ".join(nearest) or "none"
    faults = [
        f"column '{name or example}' is missing; columns found: {found}; say which holds it with "
        f"read_harm_weights(..., {said}=...)."
        for name, example, said, names in zip(
            asked, ("category' or 'offence_code", "days"), ("code", "days"), known, strict=True
        )
        if not set(names) & {_header(cell) for cell in nearest}
    ]
    raise InputError(what, faults)
