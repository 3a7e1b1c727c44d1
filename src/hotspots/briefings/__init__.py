"""The daily briefing: the last 24 hours per LPT, what matters first, against what is usual."""

from __future__ import annotations

import datetime as dt
import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..contracts import InputError, Result
from ..support import data_support
from ._carried import (
    carry_over,
    outside_since,
    read_previous,
    read_tasks,
    read_visits,
    visits_due,
)
from ._feed import feed_state
from ._given import find_known, find_strangers, find_teams, given_patterns
from ._places import PATTERNS, find_notices, find_patterns, find_repeats, no_police
from ._ranked import rank
from ._usual import ALL, FORCE, LEAST, NOWHERE, count, judged, labels, law_of, seasons
from ._window import HOUR, Window, find_window
from ._words import answer, force_page, headline, page
from ._words import counted as counted_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

__all__ = ["HOUR", "Briefing", "briefing"]


@dataclass(frozen=True, repr=False)
class Briefing(Result):
    """The last hours, per LPT, as :func:`briefing` gives them.

    Attributes
    ----------
    summary : DataFrame
        One row for the force (where all LPTs were asked for) and per LPT: ``level`` (force, lpt),
        ``lpt``, ``incidents``, ``recorded_late`` (over a day after the event), ``harm`` (days),
        ``standing`` (within, above or below the usual range, too little history, feed
        incomplete), ``low`` and ``high`` (the usual range), ``comparisons``, ``outside`` (of
        them), ``outside_by_chance`` (as many as chance alone puts there) and ``words``.
    counts : DataFrame
        One row per LPT and category, and for all together: ``level``, ``lpt``, ``category``,
        ``incidents``, ``recorded_late``, ``comparable_days``, ``expected``, ``low``, ``high``,
        ``chance_outside`` (0 to 1, of any such count), ``chance_of_as_much`` (of a count so far
        from the middle, on its side), ``standing``, ``words``,
        ``outside_since`` (the first of the briefings in which it has stood so).
    ranked : DataFrame
        Every incident of the hours (index ``incident``): ``lpt``, ``rank`` in it, ``category``,
        ``harm``, ``vulnerability_markers`` (how many), ``occurred_from``, ``occurred_to``,
        ``noticed``, ``recorded_late``, ``place`` (street) and ``words``.
    repeats : DataFrame
        Locations with three or more incidents in 28 days and one of them new.
    notices : DataFrame
        Incidents (index ``incident``) after which more are likely nearby, ``until`` when.
    patterns : DataFrame
        Near repeat over the past year per category, found or not; give it to the next briefing
        as ``near_repeat=`` and it is not worked out again.
    carried : DataFrame
        What is open: tasks due and overdue, records that came late, what is still outside its
        usual range.
    visits : DataFrame
        Hotspot visits due in the next hours.
    feed : DataFrame
        One row: whether the records have arrived; ``banner`` says what is wrong.
    notes : DataFrame
        One row per line that is not of one LPT: its ``kind`` (hours, feed, clock, answer,
        everywhere, basis, near repeat, note), what is ``said``, and the briefing's ``when``,
        ``start`` and ``hours``.
    when : Timestamp
        End of the hours; nothing recorded later is used.
    pages : dict of str to str
        Text per LPT.
    said : str
        The text of ``text``.
    """

    summary: pd.DataFrame
    counts: pd.DataFrame
    ranked: pd.DataFrame
    repeats: pd.DataFrame
    notices: pd.DataFrame
    patterns: pd.DataFrame
    carried: pd.DataFrame
    visits: pd.DataFrame
    feed: pd.DataFrame
    notes: pd.DataFrame
    when: pd.Timestamp
    pages: dict[str, str]
    said: str

    @property
    def text(self) -> str:
        """The whole briefing: the force first, then each LPT, reservations last."""
        return self.said

    def _repr_html_(self) -> str:
        def lines(text: str) -> str:
            return "".join(f"<p>{html.escape(line)}</p>" for line in text.splitlines() if line)

        own = "".join(
            f"<details{' open' * (n == 0)}><summary><b>{html.escape(team)}</b></summary>"
            f"{lines(text)}</details>"
            for n, (team, text) in enumerate(self.pages.items())
        )
        said = self.notes["said"]
        pages = "\n".join(self.pages.values())
        return f"{own}{lines(chr(10).join(note for note in said if note not in pages))}"


def briefing(
    incidents: gpd.GeoDataFrame,
    when: str | dt.date,
    lpt: str | Sequence[str] | pd.DataFrame | None = None,
    *,
    hours: int = 24,
    near_repeat: bool | pd.DataFrame | Briefing = True,
    plan: Result | pd.DataFrame | None = None,
    tasks: pd.DataFrame | None = None,
    previous: Briefing | pd.DataFrame | None = None,
) -> Briefing:
    r"""Brief on the last 24 hours: what happened, what is unusual, where it may happen again.

    Parameters
    ----------
    incidents : GeoDataFrame
        The incidents table of all categories, with dates and times, best with ``recorded_at``,
        and with a year or more before ``when``. Nothing that came to notice at or after ``when``
        is used, so that a briefing of last month says what could be said then.
    when : str or date
        End of the hours, local time, as ``"2025-03-31 09:00"``. A date alone means the policing
        day that ended at 07:00 that morning.
    lpt : str, sequence of str, or DataFrame, optional
        One LPT or several; the LPTs table itself takes all of them in its order, also those
        where nothing ever happened. All that occur, and the force, when absent.
    hours : int
        How far it looks back, 1 to 168, on the clock on the wall: 72 on a Monday for the weekend.
    near_repeat : bool, DataFrame or Briefing
        Whether to look for near repeat in burglary and vehicle crime over the past year, which
        takes most of the time; or the briefing, or its ``patterns``, that did so before.
    plan : PatrolPlan or DataFrame, optional
        A patrol plan, or its visits, for those due in the next hours.
    tasks : DataFrame, optional
        Open tasks: ``task``, ``due`` (date), and perhaps ``lpt`` and ``status``.
    previous : Briefing or DataFrame, optional
        The briefing before, or its ``counts``: what was outside its usual range and still is, is
        carried over.

    Returns
    -------
    Briefing

    Raises
    ------
    InputError
        Naming every fault: arguments out of range, an LPT nobody knows, records known to the
        month only, or none known before ``when``.

    Notes
    -----
    An incident belongs to the hours in which it came to notice: ``recorded_at``, else the end of
    its interval. So each is in one briefing exactly, and one recorded late is in the briefing of
    the day that learned of it, marked when over 24 hours lie between. An interval of over a week
    with no time of recording does not tell, and is left out and counted.

    *Usual* is the same hours of the same weekday in the 52 weeks before. Weeks before the first
    record, and those with under half the usual rows over all types where chance makes that rarer
    than one in a thousand, are not comparable: missing is not zero. With :math:`S` incidents in
    the comparable weeks and :math:`n = \sum_k f_k / f_0` of exposure, :math:`f` the seasonal
    factor of the group (shrunk to the force's; 1 where none can be told), the count is predicted
    as negative binomial with mean :math:`(S + \phi/2)/n` and variance :math:`\phi(1 + 1/n)` times
    it; :math:`\phi`, at least 1, is Pearson's :math:`\chi^2`/df over the comparable weeks, drawn
    by empirical Bayes towards what the groups of its kind have in common (one rare type tells
    next to nothing of its own), and taken as uncertain. The usual range runs from the 2.5% to
    the 97.5% point, and its upper end is at least 1: a single incident is never unusual. Counts
    are whole, so it holds rather more than 95 days in 100; how many comparisons chance alone
    puts outside is summed from what it truly holds. Under 8 comparable weeks nothing is compared.

    Repeat locations are those with three or more events in 28 days, one of them new
    (:func:`repeat_locations`), told by street; near-repeat notices need a pattern beyond chance
    (:func:`knox` with dates permuted inside quarters). Both leave out what the police found by
    themselves, which the counts and the ranking hold. No name, no free text and no marker of
    vulnerability leaves the records, only how many markers there are.

    References
    ----------
    Aitchison J. and Dunsmore I. R. (1975) *Statistical Prediction Analysis*. Cambridge.
    Farrell G. and Pease K. (1993) *Once bitten, twice bitten*. Home Office, Crime Prevention Unit
    Paper 46.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=4, start="2025-01-01")
    >>> brief = hs.briefing(county.incidents, "2025-04-15", "Fennimore", near_repeat=False)
    >>> print(brief.pages["Fennimore"].splitlines()[0])  # doctest: +ELLIPSIS
    Fennimore: ... incidents, within the usual range ...
    """
    faults: list[str] = []
    window = find_window(when, hours, faults)
    found = find_known(incidents, window, faults)
    teams, force = find_teams(lpt, None if found is None else found[0], faults)
    todo, visits = read_tasks(tasks, faults), read_visits(plan, faults)
    before = read_previous(previous, window, faults)
    patterns = given_patterns(near_repeat, window, faults)
    if force:
        find_strangers(todo, visits, teams, faults)
    if faults or found is None:
        raise InputError("briefing", faults)
    known, moments, late, unplaced = found
    everyone = list(dict.fromkeys([*teams, *sorted(set(labels(known)) - {NOWHERE})]))
    counts, feed, season = _compared(known, moments, late, window, everyone)
    counts["outside_since"] = outside_since(counts, before, window)
    new = window.weeks_before(moments) == 0
    ranked, notes = rank(known[new], moments[new], late[new])
    repeats, why = find_repeats(known, new, window)
    if patterns is None:
        patterns, refused = _patterns(known, window)
        notes += refused
    tables = {
        "counts": counts, "ranked": ranked, "repeats": repeats,
        "notices": find_notices(known, new, patterns, window), "patterns": patterns,
        "carried": carry_over(counts, todo, window), "visits": visits_due(visits, window),
        "feed": feed,
    }  # fmt: skip
    shown = [FORCE, *everyone, NOWHERE] if force else teams
    notes += [why, _unplaced(unplaced, len(incidents)), _police(known[new], shown)]
    return _put_together(tables, window, season, shown, [note for note in notes if note])


def _compared(
    known: gpd.GeoDataFrame, moments: NDArray[np.datetime64], late: NDArray[np.bool_],
    window: Window, teams: list[str],
) -> tuple[pd.DataFrame, pd.DataFrame, bool]:  # fmt: skip
    """Count, look whether the feed is whole, and compare where that can be done."""
    counted = count(known, moments, late, window, teams)
    enough = int(counted.comparable.sum()) >= LEAST
    law, season = None, False
    if enough:
        factor, season = seasons(known, counted.keys, window)
        law = law_of(counted, factor)
    feed = feed_state(counted, float(law.mean[0]) if law else float("nan"), moments, window)
    if not feed["complete"].iloc[0]:
        law = None
    why = "feed incomplete" if not feed["complete"].iloc[0] else "too little history"
    return judged(counted, law, why), feed, season


def _patterns(known: gpd.GeoDataFrame, window: Window) -> tuple[pd.DataFrame, list[str]]:
    """Look for near repeat where the records bear it, and say why where they do not."""
    reason = str(data_support(known).abilities.loc["near repeat", "reason"])
    if reason:
        none = pd.DataFrame({n: pd.Series([], dtype=kind) for n, kind in PATTERNS.items()})
        return none, [f"Near repeat cannot be told: {reason}."]
    found = find_patterns(known, window)
    return found, []


def _unplaced(many: int, of: int) -> str:
    if not many:
        return ""
    return (
        f"Left out: {many:,} of {counted_words(of, 'incident')} in the records, with an interval "
        "over a week long and no time of recording, so that nobody can tell when they came to "
        "notice."
    )


def _police(new: gpd.GeoDataFrame, shown: list[str]) -> str:
    many = int((~no_police(new) & np.isin(labels(new), shown)).sum())
    if not many:
        return ""
    return (
        f"Found by the police themselves: {counted_words(many, 'incident')}, in the counts and the "
        "ranking, as in the weeks before, but not in repeat locations and near repeat."
    )


def _put_together(
    tables: dict[str, pd.DataFrame], window: Window, season: bool, shown: list[str],
    notes: list[str],
) -> Briefing:  # fmt: skip
    """Keep what was asked for, sum it up and say it."""
    split = bool((tables["counts"]["level"] == "lpt").any())
    for name, table in tables.items():
        if "lpt" in table.columns:
            if not split:  # where no incident has an LPT, all are the force's
                table = table.assign(lpt=table["lpt"].replace(NOWHERE, FORCE))
            kept = table["lpt"].isin(shown)
            index = table.index.name is None
            tables[name] = table[kept].reset_index(drop=True) if index else table[kept]
    counts, feed = tables["counts"], tables["feed"].iloc[0]
    teams = [team for team in shown if _has_page(team, tables)]
    summary = _summary(tables, teams)
    first = headline(counts, feed, window, season)
    near = [f"Near repeat. {'; '.join(tables['patterns']['words'])}."] * bool(
        len(tables["patterns"])
    )
    answers = dict(zip(summary["lpt"], summary["words"], strict=True))
    pages = {team: "\n".join(page(team, answers[team], tables)) for team in teams if team != FORCE}
    head = [line for _, line in first]
    if FORCE in teams:
        own = force_page(tables) if split else page(FORCE, "", tables)[1:]
        pages, alert, rest = {FORCE: "\n".join([*head, *own]), **pages}, [], []
    else:
        alert = [line for kind, line in first if kind == "feed"]
        rest = head[len(alert) :]
    told = "\n\n".join([*alert, *pages.values(), "\n".join([*rest, *near, *notes])])
    said = pd.DataFrame({
        "when": window.end, "start": window.start, "hours": window.hours,
        "kind": pd.Series(
            [*(kind for kind, _ in first), *["near repeat"] * len(near), *["note"] * len(notes)],
            dtype="str",
        ),
        "said": pd.Series([*(line for _, line in first), *near, *notes], dtype="str"),
    })  # fmt: skip
    return Briefing(
        summary=summary, **tables, notes=said, when=window.end, pages=pages, said=told.strip()
    )


def _has_page(team: str, tables: dict[str, pd.DataFrame]) -> bool:
    """Tell whether a team is told: that of no LPT only where there is something to tell."""
    own = tables["counts"][tables["counts"]["lpt"] == team]
    if team != NOWHERE:
        return len(own) > 0
    return bool(own["incidents"].any() or (tables["carried"]["lpt"] == team).any())


def _summary(tables: dict[str, pd.DataFrame], teams: list[str]) -> pd.DataFrame:
    """Sum up each LPT in a row."""
    counts, ranked, feed = tables["counts"], tables["ranked"], tables["feed"].iloc[0]
    rows = []
    for team in teams:
        own = counts[counts["lpt"] == team]
        whole = own[own["category"] == ALL].iloc[0]
        force = whole["level"] == "force"
        harm = ranked["harm"] if force else ranked.loc[ranked["lpt"] == team, "harm"]
        compared = own["standing"].isin(["within", "above", "below"])
        rows.append({
            "level": whole["level"], "lpt": team, "incidents": int(whole["incidents"]),
            "recorded_late": int(whole["recorded_late"]), "harm": float(harm.sum()),
            "standing": whole["standing"], "low": whole["low"], "high": whole["high"],
            "comparisons": int(compared.sum()),
            "outside": int(own["standing"].isin(["above", "below"]).sum()),
            "outside_by_chance": float(own["chance_outside"].sum(min_count=1)),
            "words": answer(team, counts, feed),
        })  # fmt: skip
    return pd.DataFrame(rows).astype({"level": "str", "lpt": "str", "standing": "str"})
