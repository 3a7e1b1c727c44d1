"""The protocol of a trial and its plan of analysis, written before it begins."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..atomic import atomic_file
from ..contracts import InputError, Result
from ..impact.rules import ImpactRules
from ._words import counted, day_text, law_text, sides_text, who_text
from .pages import Page, html_of, markdown_of
from .register import design_fault, digest_of, trial_name

if TYPE_CHECKING:
    from .design import TrialDesign

_PERIODS = {"D": "day", "W": "week counted from the first day", "MS": "calendar month"}
_METHODS = {
    "auto": "the randomisation test: assignments are drawn anew {draws:,} times from the very lot "
    "of this trial, and the result is compared with what they give",
}


@dataclass(frozen=True)
class _Given:
    """What the protocol is written from."""

    design: TrialDesign
    rules: ImpactRules
    power: Any
    question: str
    assignment: bool


def write_protocol(
    path: str | os.PathLike[str],
    design: TrialDesign,
    *,
    power: Result | None = None,
    rules: ImpactRules | None = None,
    question: str | None = None,
    assignment: bool = False,
) -> Path:
    """Write the protocol of a trial with its plan of analysis, to be signed before it begins.

    Parameters
    ----------
    path : path
        Ends in ``.html`` (prints on A4) or ``.md``. What stood there is replaced whole.
    design : TrialDesign
    power : TrialPower, optional
        As :func:`hotspots.trial_power` gives it; without it the protocol says that nobody knows
        whether the trial can answer.
    rules : ImpactRules, optional
        As :func:`hotspots.estimate_impact` will be given them: outcomes, periods, buffers, level.
    question : str, optional
        What the trial is to answer, in a sentence; from the outcome when absent.
    assignment : bool
        Whether it says who was drawn. Not by default, so that it can be shown before release.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If the design was changed since it was drawn, or the file cannot be written.

    References
    ----------
    Chan A.-W. et al. (2013) SPIRIT 2013 statement: defining standard protocol items for clinical
    trials. *Annals of Internal Medicine* 158(3), 200-207.

    Examples
    --------
    >>> import tempfile
    >>> from hotspots.trials.example import example_trial
    >>> path = write_protocol(Path(tempfile.mkdtemp()) / "protocol.md", example_trial())
    >>> print(path.read_text(encoding="utf-8").splitlines()[0])
    # Protocol of trial 2026-01-05 pairs ...
    """
    faults = []
    if not isinstance(path, str | os.PathLike) or Path(path).suffix.lower() not in (".html", ".md"):
        faults.append(f"path is {str(path)!r}; give a name that ends in .html or .md.")
    if fault := design_fault(design):
        faults.append(fault)
    elif digest_of(design) != design.digest:
        faults.append("the design is not as it was drawn (a table or rule was changed); give what "
                      "design_trial returned.")  # fmt: skip
    if power is not None and not isinstance(power, Result):
        faults.append(f"power is of type {type(power).__name__}; give what trial_power returned.")
    if rules is not None and not isinstance(rules, ImpactRules):
        faults.append(f"rules is of type {type(rules).__name__}; give ImpactRules(...).")
    if question is not None and not (isinstance(question, str) and question.strip()):
        faults.append(f"question is {question!r}; give a sentence, or leave it out.")
    if faults:
        raise InputError("write_protocol", faults)
    given = _Given(design, rules or ImpactRules(), power, question or "", bool(assignment))
    page = _page(given)
    place = Path(path)
    write = html_of if place.suffix.lower() == ".html" else markdown_of
    with atomic_file(place) as partial:
        partial.write_text(write(page), encoding="utf-8")
    return place


def _page(given: _Given) -> Page:
    page = Page(f"Protocol of trial {trial_name(given.design)}")
    page.text("Written before the trial begins and not changed afterwards. What differs later is "
              "listed, with its date and reason, in the last section.")  # fmt: skip
    _question(page, given)
    _sites(page, given)
    _lot(page, given)
    _treatment(page, given)
    _outcomes(page, given)
    _analysis(page, given)
    _power(page, given)
    _reading(page, given)
    _registered(page)
    return page


def _question(page: Page, given: _Given) -> None:
    page.head("The question")
    which = f" of {next(iter(given.rules.outcomes))}" if given.rules.outcomes else ""
    page.text(given.question or (
        f"Do patrols, as described under 4, change the number of recorded incidents{which} at the "
        "sites of this trial while they last?"
    ))  # fmt: skip
    page.blank("Theory of change: why should they")
    page.blank("Who asked for the trial, and what will be decided by it")


def _sites(page: Page, given: _Given) -> None:
    design, rules = given.design, given.design.rules
    page.head("Sites")
    kinds = ", ".join(rules.categories) if rules.categories else "all types"
    page.items([
        f"Considered: {counted(len(design.sites) + len(design.excluded), 'hotspot')}; in the "
        f"trial: {len(design.sites):,}.",
        f"Eligible: at least {rules.min_incidents:g} incidents ({kinds}"
        f"{'' if rules.include_police else ', without those found by police activity'}) in the "
        f"last {counted(rules.baseline_months, 'whole month')} on record before the start.",
        f"Catchment: {rules.buffer_m:g} m about each site. Sites whose catchments meet are "
        f"{'drawn as one' if rules.overlap == 'join' else 'not both taken'}.",
    ])  # fmt: skip
    if len(design.excluded):
        page.table(design.excluded.reset_index()[["hotspot", "lpt", "reason", "detail"]],
                   "Left out before the lot was drawn")  # fmt: skip
    columns = ["hotspot", "name", "lpt", "block", "baseline"]
    shown = pd.DataFrame(design.sites.drop(columns="geometry")).reset_index()
    other = shown["cluster"] != shown["hotspot"]
    if other.any():
        shown["drawn with"] = shown["cluster"].where(other)
        columns.append("drawn with")
    if given.assignment:
        columns += [c for c in ("arm", "step", "start") if c in shown]
    page.table(shown[columns], "Sites of the trial")


def _lot(page: Page, given: _Given) -> None:
    design = given.design
    last = design.end - pd.Timedelta(days=1)
    page.head("Design and lot")
    page.items([
        f"Design: {design.design}. {_sentence(who_text(design))}.",
        f"From {day_text(design.start)} to {day_text(last)}.",
        f"Drawn by lot: {law_text(design)}.",
        f"Seed: {design.seed}. Digest: {design.digest}.",
        "Whoever draws again with the same hotspots, records, rules and seed gets the same. Until "
        "the trial begins, who was drawn is told to those who plan patrols only.",
        "Sites are compared as they were drawn, whatever was delivered there (intention to treat).",
    ])  # fmt: skip
    if given.assignment:
        table = design.balance.reset_index()
        page.table(table[["covariate", "treated", "control", "difference", "chance"]],
                   f"{sides_text(design)}: means, difference in standard deviations, and the "
                   "share of draws with one as large")  # fmt: skip
    elif design.design != "crossover":  # whose days are alike by the way they are drawn
        page.text("How alike the arms are is told with who was drawn, for one gives the other "
                  f"away. Compared are: {', '.join(map(str, design.balance.index))}.")  # fmt: skip


def _treatment(page: Page, given: _Given) -> None:
    design = given.design
    page.head("What is done")
    page.blank("On a day of treatment each site gets (visits, minutes, officers, what they do)")
    page.blank("On a day without: what happens there (as before; calls are answered)")
    page.text("The calendar of the trial says for every site and day which it is, and the patrol "
              "plan keeps to it.")  # fmt: skip
    if design.design == "crossover" and design.rules.washout_days:
        page.text(f"Wash-out: {counted(design.rules.washout_days, 'day')} after each run, in which "
                  "nobody patrols there and nothing is counted, whether or not the run was under "
                  "patrol.")  # fmt: skip
    page.text("Delivery is recorded by site and day from the start, where and when there should "
              "be none too.")  # fmt: skip
    page.blank("Least share of the planned minutes that must be delivered for the trial to go on")
    page.blank("Harm that would stop the trial, who watches for it, and how often")


def _outcomes(page: Page, given: _Given) -> None:
    rules, page_rules = given.rules, []
    page.head("Outcomes")
    if rules.outcomes:
        first, *others = rules.outcomes.items()
        page_rules.append(f"Primary: {first[0]} ({', '.join(first[1])}).")
        page_rules += [f"Secondary: {name} ({', '.join(kinds)})." for name, kinds in others]
    else:
        page_rules.append("Primary: all recorded incidents.")
    if not rules.include_police:
        page_rules.append("Incidents found by police activity are not counted in any of them: "
                          "patrols find more. They are told beside, with searches and "
                          "arrests, as what else patrols did.")  # fmt: skip
    if rules.harm:
        page_rules.append("Harm (days of sentence) is told beside the counts where it is recorded.")
    if rules.buffer_m:
        page_rules.append(
            f"Displacement: the same outcomes in a ring of {rules.buffer_m:g} m about each site, "
            "without what is in reach of two sites that were not drawn as one."
        )
    page.items(page_rules)
    page.blank(
        "Other sources (calls, ambulance, residents), and who is not told which site is which"
    )


def _analysis(page: Page, given: _Given) -> None:
    rules, design = given.rules, given.design
    page.head("Analysis")
    period = "D" if design.design == "crossover" else rules.period
    method = _METHODS.get(rules.estimator, f"{rules.estimator!r}").format(draws=rules.draws)
    counts = _PERIODS.get(period, "week (by month where the records tell no days)")
    within, placebo = ", within sites, against what they had before", "placebo dates and sites, "
    if design.cell_days:
        within = f", within site and {'week' if design.cell_days == 7 else 'fortnight'}"
    if not (design.sites["arm"] == "control").any():  # no site was left alone
        placebo = ""
    page.items([
        "Estimand: incidents under patrols, as drawn by lot, over those without, as a "
        f"ratio{within}.",
        f"Counts by site and {counts}. Periods without whole records are left out for all sites.",
        f"Primary estimator: {method}.",
        f"Interval: {rules.level:.0%}, two-sided; p below {1 - rules.level:.2g} is called a "
        "difference.",
        "One primary outcome, judged alone. The others pay for their number, over the same draws "
        "(Westfall and Young).",
        f"Beside it, and not instead: other estimators where they fit the design, {placebo}the "
        "estimate without each site, displacement, dose with assignment as instrument.",
        "Nobody looks at outcomes by arm before the last day; there is no early stop for success.",
        f"Seed of the analysis: {rules.seed}. No site is dropped afterwards.",
    ])  # fmt: skip
    page.table(_rules_table(rules, design), "The rules as they will be given to the program")


def _power(page: Page, given: _Given) -> None:
    page.head("Can it answer?")
    if given.power is not None:
        page.text(given.power.text)
        return
    page.text(
        "Not worked out. Until it is (trial_power), nobody knows whether a trial of this size can "
        "tell an effect worth having from none: do that before it begins."
    )


def _reading(page: Page, given: _Given) -> None:
    level = f"{given.rules.level:.0%}"
    page.head("How the result will be read")
    page.items([
        f"The whole {level} interval below 1: patrols reduced it at these sites while they lasted.",
        f"The whole {level} interval above 1: it rose. Before anything else ask whether more was "
        "recorded.",
        f"The {level} interval holds 1: no difference was shown. That is not the same as no "
        "effect: the interval says which remain possible, and it is published all the same.",
    ])  # fmt: skip
    page.blank("Smallest effect worth having, agreed beforehand")
    page.text("What this trial cannot say: whether it works elsewhere, at other doses, for longer, "
              "or after patrols end; why it works; and what was never recorded.")  # fmt: skip
    if given.design.least_p > 0.001:
        page.text(f"The lot has few outcomes: no test of it can give a p under "
                  f"{given.design.least_p:.1g}.")  # fmt: skip


def _registered(page: Page) -> None:
    page.head("Registered and agreed")
    page.text(
        "The digest above goes into the register of trials (register_trial) before anybody is told "
        "who was drawn; check_register tells whether this trial is the one there."
    )
    for line in ("Register, row and seal", "Agreed by (roles) and date",
                 "Ethics, data protection and community: who was asked",
                 "Changes since, with date and reason"):  # fmt: skip
        page.blank(line)


def _rules_table(rules: ImpactRules, design: TrialDesign) -> pd.DataFrame:
    from dataclasses import fields

    rows = [(f"ImpactRules.{f.name}", getattr(rules, f.name)) for f in fields(rules)]
    rows += [(f"TrialRules.{f.name}", getattr(design.rules, f.name)) for f in fields(design.rules)]
    told = [(name, "default" if value is None else str(value)) for name, value in rows]
    return pd.DataFrame(told, columns=["rule", "value"])


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
