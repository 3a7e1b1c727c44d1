"""What records can and cannot bear, as a tidy table and in a few lines of English."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from ..contracts import THIN, time_precision
from ._draft import Fact

_FIRST_2021 = {"E01": 33769, "W01": 1959}
"""First number of the LSOA codes made for the 2021 census; all before were there in 2011."""


def add_up(facts: Iterable[Fact], of: int) -> pd.DataFrame:
    """Add up the same finding over files.

    Parameters
    ----------
    facts : iterable of Fact
    of : int
        The rows looked at: those that came in for what is found while reading, those accepted
        for what is found in the table of incidents.

    Returns
    -------
    DataFrame
        ``check``, ``rows``, ``of``, ``share`` (rows / of), ``action``, ``detail``.
    """
    total: dict[tuple[str, str, str], int | None] = {}
    for fact in facts:
        key = (fact.check, fact.action, fact.detail)
        before = total.get(key)
        total[key] = fact.rows if before is None else before + (fact.rows or 0)
    rows = [(check, n, action, detail) for (check, action, detail), n in total.items()]
    frame = pd.DataFrame(rows, columns=["check", "rows", "action", "detail"])
    frame["rows"] = frame["rows"].astype("Int64")
    frame.insert(2, "of", frame["rows"].where(frame["rows"].isna(), of))
    share = frame["rows"].astype("Float64") / max(of, 1)
    frame.insert(3, "share", share.astype(float))
    return frame


def share(part: int, whole: int) -> str:
    """Write a share in per cent, never rounding something to nothing.

    Examples
    --------
    >>> share(1, 3), share(1, 100_000), share(0, 5)
    ('33.3%', '<0.1%', '0%')
    """
    if not part or not whole:
        return "0%"
    percent = 100 * part / whole
    return "<0.1%" if percent < 0.1 else f"{percent:.1f}%".replace(".0%", "%")


def lsoa_facts(lsoa: pd.Categorical, months: np.ndarray) -> list[Fact]:
    """Tell the vintage of LSOA codes as far as the codes themselves tell it.

    The 2021 census split and merged some 6% of the LSOAs of 2011 under new numbers; the others
    kept theirs. A new number proves 2021; none proves nothing on its own, but many codes without
    a single new one are hardly of 2021.
    """
    names = np.array([str(c) for c in lsoa.categories], dtype=object)
    if not len(names):
        return []
    new = np.array([
        c[1:].isdigit() and int(c[3:]) >= _FIRST_2021.get(c[:3], 10**9) if len(c) == 9 else False
        for c in names
    ])  # fmt: skip
    given = lsoa.codes >= 0
    years = months[given].astype("datetime64[Y]").astype(int) + 1970
    codes = lsoa.codes[given]
    facts = []
    for said, chosen in _vintages(years, codes, new).items():
        span = f"{min(chosen)}" if len(chosen) == 1 else f"{min(chosen)} to {max(chosen)}"
        rows = int(np.isin(years, chosen).sum())
        facts.append(Fact("LSOA vintage", rows, "noted", f"{said}, {span}"))
    return facts


def _vintages(years: np.ndarray, codes: np.ndarray, new: np.ndarray) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for year in np.unique(years).tolist():
        seen = np.unique(codes[years == year])
        if new[seen].any():
            said = "with LSOA codes of 2021 (some exist only since then)"
        elif len(seen) >= 200:
            said = "with LSOA codes of 2011, to judge by none being new in 2021"
        else:
            said = "with too few different LSOA codes to tell 2011 from 2021"
        found.setdefault(said, []).append(year)
    return found


def precision_facts(incidents: pd.DataFrame) -> list[Fact]:
    """Count how finely the times are known."""
    words = {
        "hour": "timed to the hour or better",
        "day": "timed to within a day",
        "month": "timed to within a month",
        "longer": "spread over more than a month",
    }
    counts = time_precision(incidents).value_counts()
    if list(counts.index) == ["month"]:
        words["month"] = "known to the month only: no day or hour can be drawn from them"
    return [
        Fact(f"time precision: {name}", int(counts[name]), "noted", words[name])
        for name in words if name in counts.index
    ]  # fmt: skip


def month_facts(months: pd.DataFrame) -> list[Fact]:
    """Name the months that are missing, thin or incomplete, source by source."""
    facts = []
    for status, action, why in (
        ("missing", "kept", "missing, never to be read as zero"),
        ("thin", "noted", f"under {THIN:.0%} of the usual month: probably incomplete"),
        ("incomplete", "noted", "before the first whole month or after the last"),
    ):
        some = months[months["status"] == status]
        for source, months_ in some.groupby("source", sort=True)["month"]:
            said = spans(months_.to_numpy())
            n = int(some.loc[months_.index, "incidents"].sum())
            facts.append(Fact(f"{status} months", n, action, f"{source}: {said} {why}"))
    return facts


def spans(months: np.ndarray) -> str:
    """Write months as spans.

    Examples
    --------
    >>> spans(np.array(["2024-05", "2024-06", "2024-09"], dtype="datetime64[M]"))
    '2024-05 to 2024-06, 2024-09'
    """
    m = np.sort(months.astype("datetime64[M]"))
    runs = np.split(m, np.flatnonzero(np.diff(m).astype(int) != 1) + 1)
    return ", ".join(str(r[0]) if len(r) == 1 else f"{r[0]} to {r[-1]}" for r in runs)


def lines(
    accepted: int, rejected: pd.DataFrame, superseded: int,
    months: pd.DataFrame, quality: pd.DataFrame, files: pd.DataFrame,
) -> list[str]:  # fmt: skip
    """Say it in a few lines of plain English."""
    read = int((files["role"] == "read").sum())
    aside = files[files["role"] != "read"]
    total = accepted + len(rejected) + superseded
    said = [
        f"{_count(total, 'row')} in = {accepted:,} accepted + {len(rejected):,} rejected + "
        f"{superseded:,} superseded, from {_count(read, 'file')}."
    ]
    if len(aside):
        why = aside["detail"].value_counts(sort=False)
        named = "; ".join(f"{n:,} × {reason}" for reason, n in why.items())
        said.append(f"Left aside: {_count(len(aside), 'file')} ({named}).")
    if len(months):
        said.append(_months_line(months))
    said += _quality_lines(quality)
    if len(rejected):
        kinds = rejected["reason"].str.replace(r"'[^']*'", "…", regex=True)
        why = kinds.value_counts().head(5)
        said.append("Rejected: " + "; ".join(f"{n:,} × {reason}" for reason, n in why.items())
                    + ("; and others" if kinds.nunique() > 5 else "") + ".")  # fmt: skip
    return said


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def _months_line(months: pd.DataFrame) -> str:
    present = months[months["status"].isin(["present", "thin"])]
    sources = present["source"].unique()
    who = sources[0] if len(sources) == 1 else f"{len(sources)} sources"
    first, last = present["month"].min(), present["month"].max()
    line = f"{who}, {first:%Y-%m} to {last:%Y-%m}: {_count(len(present), 'month')} present"
    for status, note in (("missing", " (gaps, not zeros)"), ("thin", " (probably incomplete)")):
        some = months[months["status"] == status]
        if not len(some):
            continue
        by = some.groupby("source", sort=True)["month"].agg(lambda m: spans(m.to_numpy()))
        named = by.iloc[0] if len(sources) == 1 else "; ".join(
            f"{s} {m}" for s, m in by.head(4).items()) + ("; …" if len(by) > 4 else "")  # fmt: skip
        line += f"; {len(some):,} {status}{note}: {named}"
    edge = months[months["status"] == "incomplete"]
    if n := int(edge["incidents"].sum()):
        said = f"{edge['month'].min():%Y-%m} to {edge['month'].max():%Y-%m}"
        line += f"; {_count(n, 'incident')} in months not whole, before or after: {said}"
    return line + "."


_TOPICS = (
    ("Times", ("time precision", "no end", "exactly midnight", "time unreadable")),
    ("Places", ("no location", "outside the LPTs", "point (0, 0)", "at the grid's origin",
                "outside the area", "coordinate unreadable", "grid reference", "police station",
                "LSOA vintage", "projection")),
)  # fmt: skip


def _quality_lines(quality: pd.DataFrame) -> list[str]:
    """One line a topic, then one for each thing done, in the order in which a reader asks."""
    told = quality[~quality["check"].str.endswith(" months")]  # the line of months says it
    said = []
    for head, checks in _TOPICS:
        mine = told["check"].str.startswith(checks)
        order = told[mine]["check"].map(
            lambda c, checks=checks: [c.startswith(k) for k in checks].index(True)
        )
        said += _line(head, told.loc[order.sort_values(kind="stable").index])
        told = told[~mine]
    for action, head in (("noted", "Noted"), ("kept", "Kept"), ("fixed", "Fixed"),
                         ("guessed", "Guessed")):  # fmt: skip
        said += _line(head, told[told["action"] == action], named=True)
    return said


def _line(head: str, some: pd.DataFrame, named: bool = False) -> list[str]:
    parts = []
    for check, rows, part, detail in zip(
        some["check"], some["rows"], some["share"], some["detail"], strict=True
    ):
        count = "" if pd.isna(rows) else f"{rows:,} ({share_text(part)}) "
        parts.append((f"{check}: " if named else "") + count + detail)
    return [f"{head}: {'; '.join(parts)}."] if parts else []


def share_text(value: float) -> str:
    """Write a share of 0 to 1 in per cent."""
    return "all" if value == 1 else share(round(value * 1e9), 10**9)
