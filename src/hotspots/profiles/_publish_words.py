"""What is published, in plain English, and what was hidden, for the force only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ._cells import ALL

if TYPE_CHECKING:
    from ._cells import Cells
    from ._protect import Protected

_NAMED = 4


def counted(number: int, noun: str) -> str:
    """Return a number with its noun.

    Examples
    --------
    >>> counted(1, "figure"), counted(1200, "figure")
    ('1 figure', '1,200 figures')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def months(starts: pd.Series) -> str:
    """Return months in words, runs of them as spans.

    Examples
    --------
    >>> months(pd.Series(pd.to_datetime(["2024-05-01", "2024-06-01", "2025-01-01"])))
    'May 2024 to Jun 2024, Jan 2025'
    """
    each = np.unique(starts.to_numpy().astype("datetime64[M]"))
    told = []
    for run in np.split(each, np.flatnonzero(np.diff(each).astype(np.int64) > 1) + 1):
        if len(run):
            first, last = pd.Timestamp(run[0]), pd.Timestamp(run[-1])
            to = f" to {last:%b %Y}" if last > first else ""
            told.append(f"{first:%b %Y}{to}")
    rest = f" and {len(told) - _NAMED} more spells" if len(told) > _NAMED else ""
    return ", ".join(told[:_NAMED]) + rest


def paragraph(figures: pd.DataFrame, facts: dict[str, Any]) -> str:
    """Say what is published and how to read it; all of it may be published."""
    status = figures["status"]
    hidden = int((status == "suppressed").sum())
    recorded = hidden + int((status == "published").sum())
    what = {"lpt": "Local Policing Team", "category": "category"}
    by = " and ".join(what[name] for name in ("lpt", "category") if name in facts["by"])
    share = f" ({hidden / recorded:.0%})" if hidden >= 20 else ""
    span = months(figures.loc[status.isin(["published", "suppressed"]), "period_start"])
    lines = [
        f"Incidents by month{' and ' if by and ' and ' not in by else ', ' if by else ''}{by}, "
        f"{span or 'no month'}: {counted(recorded - hidden, 'figure')} published"
        + (f", rounded to the nearest {facts['to']}" if facts["to"] > 1 else "")
        + (f"; {hidden:,}{share} suppressed." if hidden else "."),
    ]
    if hidden:
        lines.append(
            f"c marks a figure that is not given: counts of 1 to {facts['under'] - 1}, and others "
            "without which these could be worked out."
        )
    lines.append("0 means that none was recorded.")
    if facts["to"] > 1 and len(facts["by"]):
        lines.append("Each figure is rounded by itself, so parts need not add up to totals.")
    for state, means in (("missing", "not recorded, left blank, never zero"),
                         ("incomplete", "recorded in part, kept back until whole")):  # fmt: skip
        when = figures.loc[status == state, "period_start"]
        if len(when):
            lines.append(f"{counted(when.nunique(), 'month')} {means} ({months(when)}).")
    lines += _sensitive(figures)
    if facts["again"]:
        lines.append(_again(facts))
    lines.append(
        "Another table of the same incidents, by other areas, periods or categories, could be "
        "subtracted from this one: publish none without a check."
    )
    return " ".join(lines)


def _sensitive(figures: pd.DataFrame) -> list[str]:
    names = sorted(figures.loc[figures["sensitive"], "category"].unique())
    if not names:
        return []
    shown = ", ".join(names[:_NAMED])
    rest = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    verb = "is a sensitive category" if len(names) == 1 else "are sensitive categories"
    return [f"{shown}{rest} {verb}, never given below LPT and month."]


def _again(facts: dict[str, Any]) -> str:
    said = "What the last release hid stays hidden."
    if facts["revised"]:
        said += f" {counted(facts['revised'], 'figure')} of it changed since."
    if facts["unlocked"]:
        said += (
            f" In {counted(facts['unlocked'], 'month')} small counts could be guarded only by "
            "hiding figures that the last release showed: whoever kept it may still work them out."
        )
    return said


def inside(cells: Cells, done: Protected) -> str:
    """Say how much was hidden and why, in numbers that must not be published."""
    present = cells.status == "present"
    level = cells.keys["level"]
    base = (level == ("lpt" if (level == "lpt").any() else "force")).to_numpy(dtype=bool)
    if len(cells.keys["category"].unique()) > 1:
        base = base & (cells.keys["category"] != ALL).to_numpy()
    held = cells.value[:, base]
    total = float(held[present[:, base]].sum())
    lost = float(held[(done.hidden & present)[:, base]].sum())
    small = int(done.small.sum())
    more = int((done.hidden & present & ~done.small).sum())
    of = int(present.sum())
    return (
        f"For the force only: of {counted(of, 'figure')}, {small:,} ({small / max(of, 1):.1%}) are "
        f"suppressed for being small and {more:,} ({more / max(of, 1):.1%}) to guard these; of the "
        f"finest figures the suppressed hold {lost / max(total, 1):.1%} of all incidents."
    )
