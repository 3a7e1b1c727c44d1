"""Quotas of the rules against the visits that came of them: met or not, and told where not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .trial import days_kept, least_visits

if TYPE_CHECKING:
    from .basis import Basis

TREATED = "a visit on each treatment day"
LEAST = "least visits of tier"
LPT_HOURS = "least officer-hours of an LPT"
NEIGHBOURHOOD = "least visits of a neighbourhood"
TOP_SHARE = "most of an LPT's visits to one hotspot"
FAIR_SHARE = "least share of the hours of an LPT"
_SLACK = 1e-6
_SHOWN = 5
_KINDS = {"rule": "str", "where": "str", "wanted": "float64", "reached": "float64", "met": "bool"}


def quotas(basis: Basis, visits: pd.DataFrame, budget: pd.DataFrame) -> pd.DataFrame:
    """Count what the visits reach of every quota of the rules.

    Quotas are soft: a plan that cannot meet them is a plan still, and says so. What is counted here
    are the visits as timed, not those shared out before them.

    Parameters
    ----------
    basis : Basis
        Rules, need, places and days.
    visits : DataFrame
        ``hotspot`` and ``date``.
    budget : DataFrame
        ``lpt`` and ``planned_hours``.

    Returns
    -------
    DataFrame
        A row per quota: ``rule``, ``where`` (hotspot, LPT or neighbourhood), ``wanted`` and
        ``reached`` (visits, officer-hours or a share, 0 to 1) and ``met``.

    Notes
    -----
    A quota per 7 days holds in proportion to the days of the plan, visits rounded down; days on
    which the calendar of a trial allows no visit to a hotspot do not count for it. A hotspot
    sent to problem solving, or of no need, is owed nothing. A part of a
    visit over ``top_share`` counts as no breach.

    Examples
    --------
    >>> from hotspots.patrols.example import example_plan
    >>> plan = example_plan()
    >>> quotas(plan.basis, plan.visits, plan.budget)[["where", "wanted", "reached"]].values.tolist()
    [['H1', 1.0, 1.0]]
    """
    rules, need, weeks = basis.rules, basis.demand.need, basis.days / 7
    number = visits["hotspot"].value_counts()
    rows: list[tuple[str, str, float, float, bool]] = []
    visited, calendar = days_kept(basis, visits)
    kept, asked = (visited & calendar.asked).sum(axis=1), calendar.asked.sum(axis=1)
    rows += [(TREATED, str(hotspot), float(n), float(k), k >= n)
             for hotspot, n, k in zip(need.index, asked, kept, strict=True) if n]  # fmt: skip
    owed = least_visits(need, rules, calendar)
    for hotspot, tier, least in zip(need.index, need["tier"], owed.tolist(), strict=True):
        got = float(number.get(hotspot, 0))
        if least > 0:
            rows.append((f"{LEAST} {tier}", str(hotspot), float(least), got, got >= least))
    hours = budget.groupby("lpt")["planned_hours"].sum()
    if rules.lpt_floor_hours > 0:
        wanted = rules.lpt_floor_hours * weeks
        rows += [(LPT_HOURS, str(lpt), wanted, float(h), h >= wanted - _SLACK)
                 for lpt, h in hours.items()]  # fmt: skip
    spots = basis.demand.hotspots
    wanted = float(np.floor(rules.neighbourhood_floor * weeks + 1e-9))
    if wanted > 0 and "neighbourhood" in spots.columns:
        of = spots["neighbourhood"].dropna().astype("str")
        seen = visits["hotspot"].map(of).value_counts()
        for name in sorted(of.unique()):
            got = float(seen.get(name, 0))
            rows.append((NEIGHBOURHOOD, name, wanted, got, got >= wanted))
    if rules.top_share < 1:
        lpt = need["lpt"].astype("str").reindex(number.index)
        every = number.groupby(lpt).transform("sum")
        for hotspot, got, of in zip(number.index, number, every, strict=True):
            rows.append((TOP_SHARE, str(hotspot), rules.top_share, float(got / of),
                         got < rules.top_share * of + 1))  # fmt: skip
    if rules.fair_share > 0 and hours.sum() > 0 and need["worth"].sum() > 0:
        share = need["worth"].groupby(need["lpt"].astype("str")).sum() / need["worth"].sum()
        for name, part in hours.items():
            wanted = rules.fair_share * float(share.get(name, 0.0))
            got = float(part / hours.sum())
            rows.append((FAIR_SHARE, str(name), wanted, got, got >= wanted - _SLACK))
    return pd.DataFrame(rows, columns=[*_KINDS]).astype(_KINDS)


def unmet_text(table: pd.DataFrame) -> list[str]:
    """Say which quotas are not met, a sentence per rule; nothing where all are.

    Examples
    --------
    >>> table = pd.DataFrame({"rule": "least visits of tier A", "where": ["H1", "H2"],
    ...                       "wanted": 7.0, "reached": [7.0, 4.0], "met": [True, False]})
    >>> unmet_text(table)
    ['Not met in full, least visits of tier A (7): 1 of 2, H2 4.']
    """
    said = []
    for rule, rows in table.groupby("rule", sort=False):
        missed = rows[~rows["met"]].sort_values("reached", kind="stable")
        if missed.empty:
            continue
        form = "{:.0%}" if rule in (TOP_SHARE, FAIR_SHARE) else "{:,.4g}"
        if form == "{:.0%}" and any(
            form.format(a) == form.format(b)
            for a, b in zip(missed["reached"], missed["wanted"], strict=True)
        ):
            form = "{:.1%}"  # not "64% of 64%"
        alike = bool((rows["wanted"] == rows["wanted"].iloc[0]).all())
        shown = ", ".join(
            f"{where} {form.format(reached)}"
            + ("" if alike else f" of {form.format(wanted)}")
            for where, reached, wanted in zip(
                missed["where"].head(_SHOWN), missed["reached"], missed["wanted"], strict=False)
        )  # fmt: skip
        one = f" ({form.format(rows['wanted'].iloc[0])})" if alike else ""
        more = f", ... and {len(missed) - _SHOWN} more" if len(missed) > _SHOWN else ""
        said.append(
            f"Not met in full, {rule}{one}: {len(missed):,} of {len(rows):,}, {shown}{more}."
        )
    return said
