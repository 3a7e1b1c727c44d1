"""How much each hotspot needs visits, and the reason an officer reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .resources import DAYS

if TYPE_CHECKING:
    import geopandas as gpd

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
LONGEST_REASON = 160  # characters: what fits a briefing card or one text message


def needs(hotspots: gpd.GeoDataFrame, count_weight: float) -> pd.DataFrame:
    """Weigh each hotspot by its incidents and harm.

    Parameters
    ----------
    hotspots : GeoDataFrame
        With ``incidents`` and, where known, ``harm`` in days of sentence.
    count_weight : float
        ``w`` in ``need ~ share_count**w * share_harm**(1 - w)``.

    Returns
    -------
    DataFrame
        Index as given: ``share_count``, ``share_harm`` (NaN without harm, or
        where it is in proportion to the incidents), ``worth`` (the product
        of the raw figures, for comparing within an LPT), ``need`` (sums to 1 over all hotspots)
        and ``tier``: within its LPT, A while the hotspots above hold under half the need, B while
        under four fifths, else C.

    Examples
    --------
    >>> import pandas as pd
    >>> spots = pd.DataFrame({"lpt": "Hanley", "incidents": [80, 20], "harm": [100.0, 400.0]})
    >>> needs(spots, 0.5)["need"].tolist()
    [0.5, 0.5]
    """
    count = hotspots["incidents"].astype("float64")
    known = "harm" in hotspots.columns and float(hotspots["harm"].sum()) > 0
    worth = count
    if known:
        harm = hotspots["harm"].astype("float64")
        # One weight for every incident tells nothing that the counts do not, and "84 days of harm"
        # would only look as if it did.
        known = not np.allclose(harm * count.sum(), count * harm.sum(), rtol=1e-9)
    if known:
        worth = count**count_weight * harm ** (1 - count_weight)
    total = float(worth.sum())
    table = pd.DataFrame({
        "share_count": count / (count.sum() or 1.0),
        "share_harm": harm / harm.sum() if known else np.nan,
        "worth": worth, "need": worth / (total or 1.0),
    }, index=hotspots.index)  # fmt: skip
    ordered = table.assign(lpt=hotspots["lpt"].astype(str)).sort_values("worth", ascending=False)
    group = ordered.groupby("lpt")["worth"]
    above = (group.cumsum() - ordered["worth"]) / group.transform("sum").replace(0.0, 1.0)
    tier = np.select([above < 0.5, above < 0.8], ["A", "B"], "C")
    table["tier"] = pd.Series(tier, index=ordered.index).astype("str")
    return table


def period(start: pd.Timestamp, end: pd.Timestamp) -> str:
    """Write a period as officers read it; an end at midnight is the day before.

    Examples
    --------
    >>> period(pd.Timestamp("2025-01-01"), pd.Timestamp("2026-01-01"))
    'Jan–Dec 2025'
    """
    last = end - pd.Timedelta(days=1) if end == end.normalize() and end > start else end
    first, final = MONTHS[start.month - 1], f"{MONTHS[last.month - 1]} {last.year}"
    if (start.year, start.month) == (last.year, last.month):
        return final
    return f"{first}–{final}" if start.year == last.year else f"{first} {start.year}–{final}"


def day_text(day: pd.Timestamp) -> str:
    """Write a date the same way on every machine, whatever its language.

    Examples
    --------
    >>> day_text(pd.Timestamp("2026-03-02"))
    'Mon 2 Mar'
    """
    return f"{DAYS[day.weekday()]} {day.day} {MONTHS[day.month - 1]}"


def explain(visits: pd.DataFrame, reasons: pd.DataFrame) -> pd.Series:
    """Write the reason of each visit, at most 160 characters, for the officer who goes.

    Parameters
    ----------
    visits : DataFrame
        ``hotspot``, ``lpt``, ``date``, ``arrive``.
    reasons : DataFrame
        Index hotspot: ``rank_in_lpt``, ``of``, ``incidents``, ``share_harm``, ``harm``,
        ``period``, ``name``. Harm is named where the need weighs it.

    Returns
    -------
    Series of str
        Index of ``visits``.
    """
    day = visits.sort_values(["arrive", "unit"]).groupby(["hotspot", "date"])["arrive"]
    nth = (day.cumcount() + 1).reindex(visits.index)
    of = day.transform("size").reindex(visits.index)
    facts = {
        key: (f"Need rank {rank} of {number} in ", f": {rests_on}, {when}", called)
        for key, rank, number, rests_on, when, called in zip(
            reasons.index, reasons["rank_in_lpt"], reasons["of"], worth_text(reasons),
            reasons["period"], reasons["name"], strict=True)
    }  # fmt: skip
    dates = {date: day_text(date) for date in visits["date"].unique()}
    said = []
    for key, lpt, date, i, n in zip(
        visits["hotspot"], visits["lpt"], visits["date"], nth, of, strict=True
    ):
        lead, told, called = facts[key]
        tail = f"; visit {i} of {n}, {dates[date]}."
        room = LONGEST_REASON - len(lead) - len(told) - len(tail)
        where = cut(lpt, min(room, 40))
        name = cut(called, room - len(where) - 2)
        said.append(lead + where + told + (f", {name}" if name else "") + tail)
    return pd.Series(said, index=visits.index, dtype="str")


def worth_text(reasons: pd.DataFrame) -> list[str]:
    """Say what each need rests on: the incidents and, where it weighs them, the days of harm."""
    return [
        counted(count, "incident")
        + (f", {counted(round(harm), 'day')} of harm" if share == share else "")
        for count, harm, share in zip(
            reasons["incidents"], reasons["harm"], reasons["share_harm"], strict=True)
    ]  # fmt: skip


def counted(number: int, what: str) -> str:
    """Write a number with its noun.

    Examples
    --------
    >>> counted(1, "visit"), counted(1200, "visit")
    ('1 visit', '1,200 visits')
    """
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def cut(text: str, room: int) -> str:
    """Cut a text to so many characters.

    Examples
    --------
    >>> cut("Staffordshire Moorlands", 12)
    'Staffordshi…'
    """
    return text if len(text) <= room else f"{text[: max(room - 1, 0)].rstrip()}…"


def percent(share: float) -> str:
    """Write a share; neither nothing nor all unless it is.

    Examples
    --------
    >>> percent(0.384), percent(0.021), percent(0.0004), percent(0.999)
    ('38%', '2.1%', 'under 0.1%', 'over 99%')
    """
    if 0 < share < 0.001:
        return "under 0.1%"
    if 0.995 <= share < 1:
        return "over 99%"
    return f"{share:.1%}" if 0 < share < 0.0995 else f"{share:.0%}"


def ordinal(number: int) -> str:
    """Write a place in an order.

    Examples
    --------
    >>> [ordinal(n) for n in (1, 2, 3, 4, 11, 22, 112)]
    ['1st', '2nd', '3rd', '4th', '11th', '22nd', '112th']
    """
    last = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10)
    return f"{number:,}{last or 'th'}"


def date_text(day: pd.Timestamp) -> str:
    """Write a date with its year, the same way on every machine.

    Examples
    --------
    >>> date_text(pd.Timestamp("2026-05-30"))
    '30 May 2026'
    """
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"
