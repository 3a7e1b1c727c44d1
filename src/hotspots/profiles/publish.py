"""Counts fit to publish: small ones hidden so that no total gives them away, the rest rounded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import InputError, Result
from ..series import CountSeries, count_series
from ._cells import Cells, cells_of
from ._protect import Protected, protect, rounded, told_by
from ._publish_words import inside, paragraph

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

SENSITIVE = (
    "sexual", "rape", "domestic", "child", "stalking", "harassment", "honour", "slavery",
    "trafficking", "hate",
)  # fmt: skip
"""Parts of names that make a category sensitive, whatever their case."""

_BY = ("lpt", "category")
_KEY = ["level", "lpt", "category", "period_start"]


@dataclass(frozen=True, repr=False)
class Published(Result):
    """Counts fit to leave the force, as :func:`publish_trends` gives them.

    Attributes
    ----------
    figures : DataFrame
        One row per area, category and month, totals included: ``level`` (lpt, command, force),
        ``lpt`` (name of the area), ``category`` ("All categories" for their total),
        ``period_start``, ``published`` (rounded; NaN where there is none), ``low`` and ``high``
        (least and greatest count it can stand for), ``status`` (published, suppressed, incomplete,
        missing), ``shown`` (the figure as text, ``c`` where suppressed) and ``sensitive``.
    by : tuple of str
    under, to : int
        The threshold, and what figures are rounded to.
    said : str
        The paragraph that ``text`` returns. It may be published.
    inside : str
        What was hidden and why, in numbers. For the force only: it is in no table and no text.
    """

    figures: pd.DataFrame
    by: tuple[str, ...]
    under: int
    to: int
    said: str
    inside: str

    @property
    def text(self) -> str:
        """What is published, what the marks mean, and what not to do with it."""
        return self.said


def publish_trends(
    incidents: gpd.GeoDataFrame | pd.DataFrame | CountSeries,
    by: Sequence[str] = _BY,
    freq: str = "MS",
    *,
    lpts: pd.DataFrame | None = None,
    sensitive: Sequence[str] = SENSITIVE,
    under: int = 5,
    to: int = 5,
    previous: Published | None = None,
) -> Published:
    r"""Count by month, LPT and category, with every total, so that no small count can be told.

    Parameters
    ----------
    incidents : GeoDataFrame, DataFrame or CountSeries
        Incidents, a table of counts (``period_start``, ``incidents`` and the columns of ``by``)
        or what ``count_series`` returned.
    by : sequence of str
        Any of ``lpt`` and ``category``; empty for everything together.
    freq : {"MS"}
        Months: nothing finer is published.
    lpts : DataFrame, optional
        LPTs with ``command``: totals of commands are then published too.
    sensitive : sequence of str
        Parts of names that make a category sensitive, such as ``"sexual"``. Such a category is
        marked, and never goes below LPT and month, as nothing else here does.
    under : int
        Counts from 1 to under this are suppressed, at least 2.
    to : int
        What the rest is rounded to: at most twice ``under``, so that only a true zero is shown
        as 0.
    previous : Published, optional
        The last release, where months of it are published again. What it hid stays hidden, and
        what it showed is not used to guard, since readers have it already.

    Returns
    -------
    Published

    Raises
    ------
    InputError
        For finer areas or times than LPT and month, numbers out of range, a previous release by
        other rules, and everything :func:`count_series` refuses.

    Notes
    -----
    *Primary*: counts 1 to ``under`` - 1 are suppressed. *Rounding*: every other figure, totals
    too, is rounded on its own from its true count, so rounded parts need not add up to a rounded
    total; the sum of rounded parts would tell how each was rounded. A published 10 stands for 8
    to 12, a 5 for 5 to 7. *Zeros* are shown: that nothing was recorded points at nobody, and to
    hide zeros would hide most of what rare categories have to tell; so a reader knows that a
    suppressed figure is at least 1.

    *Secondary*: the cheapest set of further figures is suppressed for which every small count
    stays wide open to a reader who knows all that is published, the rules, and that totals add
    up: with :math:`x` any table that fits, each small count :math:`p` must satisfy

    .. math:: \min x_p \le m_p, \qquad \max x_p \ge m_p + u - 2,

    where :math:`u` is ``under`` and :math:`m_p` the parts above 0 that it sums up (1 for a single
    figure: then 1 to 4 are all possible). A total costs as many figures as it sums up. Chosen by
    a mixed-integer programme [1]_, audited by linear programmes, which are exact in tables of
    this kind. Incomplete months are kept back until they are whole: the difference would tell
    the late incidents.

    The guard holds within one release. Another table of the same incidents, with other areas,
    periods or categories, can be subtracted from this one and is not known here.

    References
    ----------
    .. [1] Fischetti M. and Salazar J. J. (2001) Solving the cell suppression problem on tabular
       data with linear constraints. *Management Science* 47(7), 1008–1027.
    .. [2] Willenborg L. and de Waal T. (2001) *Elements of Statistical Disclosure Control*.
       Springer.
    .. [3] Information Commissioner's Office (2014) Crime-mapping and geo-spatial crime data:
       privacy and transparency.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=3)
    >>> public = hs.publish_trends(county.incidents, by=["lpt"], lpts=county.lpts)
    >>> sorted(public.figures["level"].unique())
    ['command', 'force', 'lpt']
    >>> bool((public.figures["published"].dropna() % 5 == 0).all())
    True
    """
    by, words = _checked(by, freq, sensitive, under, to, previous)
    counted = count_series(incidents, by, freq, lpts=lpts, what="publish_trends")
    cells = cells_of(counted, lpts if "lpt" in by else None)
    held, locked, revised = _earlier(previous, cells, under, to)
    done = protect(cells, under, to, held, locked)
    figures = _figures(cells, done, under, to, words)
    facts = {"revised": revised, "unlocked": done.unlocked, "again": previous is not None,
             "by": by, "under": under, "to": to}  # fmt: skip
    return Published(figures, by, under, to, paragraph(figures, facts), inside(cells, done))


def _checked(
    by: Any, freq: Any, sensitive: Any, under: Any, to: Any, previous: Any
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Refuse what may not be published, naming everything at once."""
    faults = []
    if isinstance(by, str):
        by = (by,)
    if by is None or not np.iterable(by):
        faults.append(f"by is {by!r}; give columns in a list, as ['lpt', 'category'].")
        by = ()
    by = tuple(by)
    if odd := [name for name in by if name not in _BY]:
        faults.append(
            f"by holds {', '.join(map(repr, odd))}; nothing is published for areas below the LPT, "
            "least of all sensitive categories: it takes lpt and category (lpts=... adds commands)."
        )
    if freq != "MS":
        faults.append(f"freq is {freq!r}; nothing finer than months is published: use 'MS'.")
    if isinstance(sensitive, str):
        sensitive = (sensitive,)
    if not np.iterable(sensitive) or not all(isinstance(w, str) and w.strip() for w in sensitive):
        faults.append(f"sensitive is {sensitive!r}; give parts of names, as ['sexual'], or ().")
        sensitive = ()
    whole = [isinstance(n, int | np.integer) and not isinstance(n, bool) for n in (under, to)]
    if not whole[0] or under < 2:
        faults.append(f"under is {under!r}; it must be a whole number, at least 2: 5 hides 1 to 4.")
    if not whole[1] or to < 1:
        faults.append(f"to is {to!r}; it must be a whole number, at least 1 (no rounding).")
    elif whole[0] and under >= 2 and to > 2 * under:
        faults.append(
            f"to is {to}, over twice under={under}: counts above 0 would be shown as 0; use "
            f"to={2 * under} or less."
        )
    if previous is not None:
        faults += _unlike(previous, by, under, to)
    if faults:
        raise InputError("publish_trends", faults)
    return by, tuple(word.casefold() for word in sensitive)


def _unlike(previous: Any, by: tuple[Any, ...], under: Any, to: Any) -> list[str]:
    if not isinstance(previous, Published):
        kind = type(previous).__name__
        return [f"previous is of type {kind}; give what publish_trends returned, or None."]
    mine, its = (by, under, to), (previous.by, previous.under, previous.to)
    if (set(by), under, to) == (set(previous.by), previous.under, previous.to):
        return []
    return [
        f"previous was published by={list(its[0])}, under={its[1]}, to={its[2]}, not by="
        f"{list(mine[0])}, under={mine[1]}, to={mine[2]}: the two could be subtracted from each "
        "other; keep its rules."
    ]


def _earlier(
    previous: Published | None, cells: Cells, under: int, to: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], int]:
    """Return what the last release hid, what it showed as it is now, and how much was revised."""
    held = np.zeros(cells.value.shape, dtype=bool)
    locked = held.copy()
    if previous is None:
        return held, locked, 0
    now = _long(cells)
    before = now.merge(previous.figures[[*_KEY, "published", "status"]], "left", _KEY)
    status = before["status"].to_numpy(dtype=object).reshape(held.shape)
    shown = before["published"].to_numpy(dtype=float).reshape(held.shape)
    present = cells.status == "present"
    small = (cells.value >= 1) & (cells.value < under)
    same = (status == "published") & present & ~small & (shown == rounded(cells.value, to))
    changed = (status == "published") & present & ~same
    return status == "suppressed", same, int(changed.sum())


def _long(cells: Cells) -> pd.DataFrame:
    """Return one row a figure, months one after another, as the arrays are ravelled."""
    months, figures = cells.value.shape
    table = cells.keys.loc[np.tile(np.arange(figures), months)].reset_index(drop=True)
    table["period_start"] = np.repeat(cells.month, figures)
    return table


def _figures(
    cells: Cells, done: Protected, under: int, to: int, words: tuple[str, ...]
) -> pd.DataFrame:
    """Return the table to publish; nothing in it tells why a figure is hidden."""
    table = _long(cells)
    recorded = cells.status.ravel() == "present"
    hidden = done.hidden.ravel()
    shown = recorded & ~hidden
    number = rounded(cells.value.ravel(), to)
    low, high = told_by(number, under, to)
    for name, values in (("published", number), ("low", low), ("high", high)):
        table[name] = np.where(shown, values, np.nan)
    lost = np.where(cells.status.ravel() == "missing", "missing", "incomplete")
    status = np.where(shown, "published", np.where(recorded, "suppressed", lost))
    text = [f"{n:,.0f}" if s else "c" if h else "" for n, s, h in
            zip(number, shown, hidden & recorded, strict=True)]  # fmt: skip
    table["status"] = pd.Series(status.astype(object), dtype="str")
    table["shown"] = pd.Series(text, dtype="str")
    folded = table["category"].astype(object).map(str.casefold)
    table["sensitive"] = [any(word in name for word in words) for name in folded]
    rank = pd.Categorical(table["level"], ["force", "command", "lpt"], ordered=True)
    order = table.assign(_rank=rank).sort_values(["_rank", "lpt", "category", "period_start"],
                                                 kind="stable").index  # fmt: skip
    return table.loc[order].reset_index(drop=True)
