"""What a trial design says, in plain English."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from ..impact._words import counted as counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .design import TrialDesign

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SHORT = 12  # digits of a digest that a text shows
_REASONS = 4  # told in the text; the table holds all
_LARGE = 5  # sites drawn as one from which the other way is named
_INSTEAD = " (overlap='leave out' takes one of each instead)"
_COVARIATES = {"baseline": "incidents of the baseline", "change": "change over the baseline",
               "area_km2": "area"}  # fmt: skip


def day_text(day: pd.Timestamp) -> str:
    """Write a date the same way on every machine.

    Examples
    --------
    >>> day_text(pd.Timestamp("2026-03-02"))
    'Mon 2 Mar 2026'
    """
    return f"{_DAYS[day.day_of_week]} {day.day} {_MONTHS[day.month - 1]} {day.year}"


def month_text(day: pd.Timestamp) -> str:
    """Write a month the same way on every machine.

    Examples
    --------
    >>> month_text(pd.Timestamp("2026-03-01"))
    'Mar 2026'
    """
    return f"{_MONTHS[day.month - 1]} {day.year}"


def law_text(design: TrialDesign) -> str:
    """Say in one clause how the lot was drawn.

    Examples
    --------
    >>> from hotspots.trials.example import example_trial
    >>> law_text(example_trial())
    'one of each of 6 pairs alike in incidents, of one LPT where there is a partner'
    """
    rules = design.rules
    area = {"lpt": "LPT"}.get(rules.blocks, rules.blocks)
    blocks = design.sites["block"].nunique()
    within = "" if rules.blocks == "none" else f" within each {area}"
    share = f"{rules.share_treated:.0%}"
    if design.design == "pairs":
        place = "" if rules.blocks == "none" else f", of one {area} where there is a partner"
        return f"one of each of {counted(blocks, 'pair')} alike in incidents{place}"
    if design.design == "blocks":
        return f"{share} of each of {counted(blocks, 'block')} alike in incidents{within}"
    if design.design == "balanced":
        what = ", ".join(_COVARIATES.get(name, name) for name in rules.covariates)
        return (f"{share}{within or ' of all'}, only among the {rules.acceptance:.2g} of all draws "
                f"whose arms are most alike in {what}")  # fmt: skip
    if design.design == "crossover":
        run = "week" if design.cell_days == 7 else "fortnight"
        wash = (f", with {counted(rules.washout_days, 'day')} after each run not counted"
                if rules.washout_days else "")  # fmt: skip
        even = design.cell_days > 7 or (design.end - design.start).days % 14 == 0
        often = "as often" if even else "nearly as often"
        return (f"which part of each {run} each is under patrol{wash}; each day of the week that "
                f"counts is {often} with patrols as without")  # fmt: skip
    if design.design == "stepped wedge":
        return f"at which of {rules.steps} steps each begins,{within or ' among all'}"
    return f"{share} of all"


def design_text(design: TrialDesign, span: str, notes: Sequence[str]) -> str:
    """Write the paragraph of a design.

    Parameters
    ----------
    design : TrialDesign
    span : str
        The months of the baseline.
    notes : sequence of str

    Returns
    -------
    str

    Examples
    --------
    >>> from hotspots.trials.example import example_trial
    >>> print(design_text(example_trial(), "2025", []).splitlines()[0])
    12 of 12 hotspots are in the trial: 6 get patrols and 6 do not, from Mon 5 Jan 2026 to Sun \
29 Mar 2026 (12 weeks).
    """
    sites, given = design.sites, len(design.sites) + len(design.excluded)
    last = design.end - pd.Timedelta(days=1)
    weeks = (design.end - design.start).days // 7
    lines = [
        f"{len(sites):,} of {counted(given, 'hotspot')} are in the trial: {who_text(design)}, from "
        f"{day_text(design.start)} to {day_text(last)} ({counted(weeks, 'week')}).",
        f"Drawn by lot: {law_text(design)}.",
    ]
    if given > len(sites):
        each = design.excluded["reason"].value_counts()
        told = "; ".join(f"{n:,} {reason}" for reason, n in each.head(_REASONS).items())
        told = str(each.index[0]) if len(each) == 1 else told
        more = "; ... and others" if len(each) > _REASONS else ""
        lines.append(f"Left out: {counted(given - len(sites), 'hotspot')} ({told}{more}); the "
                     "table excluded has them.")  # fmt: skip
    joined = sites.groupby("cluster").size()
    if (joined > 1).any():
        lines.append(
            f"{counted(int(joined[joined > 1].sum()), 'hotspot')} lie within "
            f"{2 * design.rules.buffer_m:g} m of another, so that patrols at one may be felt at "
            f"the other; they are drawn as {counted(int((joined > 1).sum()), 'group')}, the "
            f"largest of {joined.max()}{_INSTEAD if joined.max() >= _LARGE else ''}."
        )
    lines.append(_balance_text(design, span))
    lines += [f"Note: {note}." for note in notes]
    if design.least_p > 0.001:
        lines.append(f"The lot has few outcomes: no test of it can give a p under "
                     f"{design.least_p:.1g}.")  # fmt: skip
    lines.append(
        f"Seed {design.seed}; digest {design.digest[:_SHORT]}. Log it with register_trial before "
        "anybody is told who was drawn; whether the trial is large enough to answer is for "
        "trial_power to say."
    )
    if design.seed.startswith("number"):
        lines.append("The seed is a number, which anybody can try: for a real trial give a secret "
                     "text.")  # fmt: skip
    return "\n".join(lines)


def who_text(design: TrialDesign) -> str:
    """Say who gets patrols and who does not.

    Examples
    --------
    >>> from hotspots.trials.example import example_trial
    >>> who_text(example_trial("stepped wedge"))
    'all get patrols, 3 more at each of 4 steps'
    """
    if design.design == "crossover":
        treated, control, washout = (
            int(design.arms[f"{name}_days"].sum()) for name in ("treated", "control", "washout")
        )
        return (f"each is under patrol on some days and not on others ({treated:,} site-days with "
                f"patrols, {control:,} without, {washout:,} of wash-out)")  # fmt: skip
    if design.design == "stepped wedge":
        each = design.sites["step"].value_counts()
        more = f"{each.min()}" if each.min() == each.max() else f"{each.min()} to {each.max()}"
        return f"all get patrols, {more} more at each of {design.rules.steps} steps"
    arm = design.sites["arm"].value_counts()
    return f"{arm.get('treated', 0):,} get patrols and {arm.get('control', 0):,} do not"


def sides_text(design: TrialDesign) -> str:
    """Name the two sides whose balance is told.

    Examples
    --------
    >>> from hotspots.trials.example import example_trial
    >>> sides_text(example_trial())
    'The arms'
    """
    return {"crossover": "Days with and without patrols",
            "stepped wedge": "Early and late starters"}.get(design.design, "The arms")  # fmt: skip


def _balance_text(design: TrialDesign, span: str) -> str:
    table = design.balance
    if design.design in ("crossover", "stepped wedge"):
        start = f"They had {design.sites['baseline'].sum():,.0f} incidents in {span}."
    else:
        sums = design.sites.groupby("arm")["baseline"].sum()
        start = (f"The arms had {sums.get('treated', 0):,.0f} and {sums.get('control', 0):,.0f} "
                 f"incidents in {span}.")  # fmt: skip
    who = sides_text(design)
    apart = table["difference"].abs().to_numpy()
    most = int(apart.argmax())
    name, share = str(table.index[most]), float(table["chance"].iloc[most])
    if apart[most] < 0.005:
        return f"{start} {who} are alike in all that was compared."
    told = "under 1%" if share < 0.005 else f"{share:.0%}"
    return (
        f"{start} {who} differ most in {_COVARIATES.get(name, name)} (by {apart[most]:.2f} "
        f"standard deviations); {told} of draws have a difference at least as large."
    )
