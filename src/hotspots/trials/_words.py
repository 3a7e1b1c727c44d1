"""What a trial design says, in plain English."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from .design import TrialDesign
    from .eligibility import Eligible

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SHORT = 12  # digits of a digest that a text shows
_REASONS = 4  # told in the text; the table holds all


def day_text(day: pd.Timestamp) -> str:
    """Write a date the same way on every machine.

    Examples
    --------
    >>> day_text(pd.Timestamp("2026-03-02"))
    'Mon 2 Mar 2026'
    """
    return f"{_DAYS[day.day_of_week]} {day.day} {_MONTHS[day.month - 1]} {day.year}"


def counted(n: int, what: str) -> str:
    """Write a number and its noun.

    Examples
    --------
    >>> counted(1, "hotspot"), counted(1200, "hotspot")
    ('1 hotspot', '1,200 hotspots')
    """
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def law_text(design: TrialDesign) -> str:
    """Say in one clause how the lot was drawn.

    Examples
    --------
    >>> from hotspots.trials.example import example_trial
    >>> law_text(example_trial())
    'one of each of 6 pairs that are alike in incidents, within LPTs where there is a partner'
    """
    rules = design.rules
    blocks = design.sites["block"].nunique()
    within = "" if rules.blocks == "none" else f", within each {_area(rules.blocks)}"
    if design.design == "pairs":
        place = "" if rules.blocks == "none" else (
            f", within {_area(rules.blocks)}s where there is a partner")  # fmt: skip
        return f"one of each of {counted(blocks, 'pair')} that are alike in incidents{place}"
    if design.design == "blocks":
        return f"{rules.share_treated:.0%} of each of {counted(blocks, 'block')} alike in incidents{within}"
    if design.design == "balanced":
        what = ", ".join(rules.covariates)
        return (f"{rules.share_treated:.0%}{within}, drawn again until the arms are among the "
                f"{rules.acceptance:.2g} of all draws that are most alike in {what}")  # fmt: skip
    if design.design == "crossover":
        run = "week" if design.cell_days == 7 else "fortnight"
        wash = (f", with {counted(rules.washout_days, 'day')} after each run not counted"
                if rules.washout_days else "")  # fmt: skip
        return (f"which part of each {run} each hotspot is patrolled{wash}; every day of the week "
                "that counts is as often with patrols as without")  # fmt: skip
    if design.design == "stepped wedge":
        return f"in which of {rules.steps} steps each begins{within}"
    return f"{rules.share_treated:.0%} of all"


def _area(blocks: str) -> str:
    return "LPT" if blocks == "lpt" else blocks


def design_text(design: TrialDesign, eligible: Eligible, month_only: bool) -> str:
    """Write the paragraph of a design."""
    sites, given = design.sites, len(design.sites) + len(design.excluded)
    last = design.end - pd.Timedelta(days=1)
    weeks = (design.end - design.start).days // 7
    arm = sites["arm"].value_counts()
    if design.design == "crossover":
        days = design.arms[["treated_days", "control_days", "washout_days"]].sum()
        who = (f"each is under patrol on some days and not on others: {days.iloc[0]:,} site-days "
               f"with patrols, {days.iloc[1]:,} without, {days.iloc[2]:,} not counted")  # fmt: skip
    elif design.design == "stepped wedge":
        each = sites["step"].value_counts()
        who = f"all get patrols, {each.min()} to {each.max()} more at each of {design.rules.steps} steps"
        who = who.replace(f"{each.max()} to {each.max()} more", f"{each.max()} more")
    else:
        who = f"{arm.get('treated', 0):,} get patrols and {arm.get('control', 0):,} do not"
    lines = [
        f"{len(sites):,} of {counted(given, 'hotspot')} are in the trial: {who}, from "
        f"{day_text(design.start)} to {day_text(last)} ({counted(weeks, 'week')}). Drawn by lot: "
        f"{law_text(design)}."
    ]
    lines += _left_out(design)
    joined = sites.groupby("cluster").size()
    if (joined > 1).any():
        lines.append(
            f"{counted(int(joined[joined > 1].sum()), 'hotspot')} lie within "
            f"{2 * design.rules.buffer_m:g} m of another, so that patrols at one would be felt at "
            f"the other; they are drawn as {counted(int((joined > 1).sum()), 'group')}, the "
            f"largest of {joined.max()}."
        )
    lines.append(_balance_text(design, eligible))
    lines += [f"Note: {note}." for note in eligible.notes]
    if month_only and design.start.day != 1:
        lines.append(
            "Note: most of these records tell the month only, so the month in which the trial "
            "begins cannot be counted; begin on the first of a month, or use records with dates."
        )
    if design.least_p > 0.001:
        lines.append(f"So few can be drawn in few ways: no test can give a p under "
                     f"{design.least_p:.1g}.")  # fmt: skip
    lines.append(
        f"Seed {design.seed}; digest {design.digest[:_SHORT]}. Before anybody is told, log it with "
        "register_trial; whether the trial is large enough to answer is for trial_power to say."
    )
    if design.seed.startswith("number"):
        lines.append("The seed is a number, which anybody can try: for a real trial give a secret "
                     "text.")  # fmt: skip
    return "\n".join(lines)


def _left_out(design: TrialDesign) -> list[str]:
    if design.excluded.empty:
        return []
    plain = design.excluded["reason"].str.replace(
        r"^[\d,]+ incidents in the baseline, under .*", "too few incidents", regex=True
    ).str.replace(r"^overlaps .*", "overlapping another", regex=True).str.replace(
        r"^within (\d+ m) of .*", r"within \1 of another", regex=True
    )  # fmt: skip
    each = plain.value_counts()
    told = "; ".join(f"{n:,} {reason}" for reason, n in each.head(_REASONS).items())
    more = "; ... and more in the table excluded" if len(each) > _REASONS else ""
    return [f"Left out: {counted(len(plain), 'hotspot')} ({told}{more})."]


def _balance_text(design: TrialDesign, eligible: Eligible) -> str:
    table = design.balance
    span = (
        f"the {eligible.months} months to {_MONTHS[eligible.last.month - 1]} {eligible.last.year}"
    )
    total = design.sites["baseline"].sum()
    most = table["difference"].abs().idxmax()
    row = table.loc[most]
    if design.design in ("crossover", "stepped wedge"):
        start = f"They had {total:,.0f} incidents in {span}."
    else:
        sums = design.sites.groupby("arm")["baseline"].sum()
        start = (f"The arms had {sums.get('treated', 0):,.0f} and {sums.get('control', 0):,.0f} "
                 f"incidents in {span}.")  # fmt: skip
    what = {"crossover": "days with and without patrols differ",
            "stepped wedge": "early and late starters differ"}.get(design.design, "they differ")  # fmt: skip
    if abs(row["difference"]) < 0.005:
        return f"{start} In nothing looked at do {what.removesuffix(' differ')} differ."
    share = "under 1%" if row["chance"] < 0.005 else f"{row['chance']:.0%}"
    return (
        f"{start} Most of all {what} in {most} ({abs(row['difference']):.2f} standard deviations); "
        f"{share} of draws have a difference at least as large."
    )
