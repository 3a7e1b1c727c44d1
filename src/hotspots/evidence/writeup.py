"""The write-up of an evaluation: what the records say filled in, what people know left to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np
import pandas as pd

from ..contracts import InputError, Result
from . import _findings as say
from ._words import COUNTS, clear, few, listed
from .facts import Facts, read_facts

# (form, field, key, question to people; "" where the records alone answer)
_FIELDS = (
    ("SARA", "Scanning", "problem",
     "What is the problem, for whom, and how did it come to notice?"),
    ("SARA", "Analysis", "analysis",
     "Why here and then: who is harmed, who does it, who runs the places, what was tried before?"),
    ("SARA", "Response", "response",
     "What was done, by whom, how often and for how long, and why was it thought to work?"),
    ("SARA", "Assessment", "assessment", ""),
    ("EMMIE", "Effect", "effect", ""),
    ("EMMIE", "Mechanism", "mechanism",
     "How should it have worked, what would be seen if it did, and was that seen?"),
    ("EMMIE", "Moderators", "moderators",
     "Where, when and for whom should it work better or worse? Say what was fixed beforehand."),
    ("EMMIE", "Implementation", "implementation",
     "What was needed to do it, what got in the way, and what would you do otherwise?"),
    ("EMMIE", "Economics", "economics",
     "What did it cost, in money and in what was not done instead?"),
    ("Context, mechanism, outcome", "Context", "context",
     "What about these places and this time may it hang on?"),
    ("Context, mechanism, outcome", "Mechanism", "mechanism",
     "How should it have worked, what would be seen if it did, and was that seen?"),
    ("Context, mechanism, outcome", "Outcome", "outcome", ""),
    ("Context, mechanism, outcome", "What is not known", "unknown", ""),
)  # fmt: skip

TOLD = tuple(dict.fromkeys(key for _, _, key, question in _FIELDS if question))
"""What people may tell."""

NOTE = (
    "SARA: scanning, analysis, response, assessment (Eck and Spelman 1987). EMMIE: effect, "
    "mechanism, moderators, implementation, economics (Johnson, Tilley and Bowers 2015, who made "
    "it for reviews of many studies; its scores are not given here). Context, mechanism, outcome: "
    "after Pawson and Tilley 1997. What is asked under each heading is our understanding of it, "
    "not checked against the forms of any award or toolkit."
)


@dataclass(frozen=True, repr=False)
class WriteUp(Result):
    """An evaluation written up, as :func:`write_up` gives it.

    Attributes
    ----------
    fields : DataFrame
        A row per text: ``form`` (SARA, EMMIE; context, mechanism, outcome), ``field``, ``key``
        (under which people tell it), ``from_`` (records, people or blank), ``text`` (empty where
        blank) and ``question`` (what people should say there).
    results : DataFrame
        A row per result told: ``outcome, part, unit, estimate, low, high, p``, the counts behind
        it, and ``words``.
    title : str
    said : str
        The text.
    """

    fields: pd.DataFrame
    results: pd.DataFrame
    title: str
    said: str

    @property
    def text(self) -> str:
        """What was found, at which level, and which fields are left to people."""
        return self.said


def write_up(
    impact: Result,
    *,
    title: str | None = None,
    told: Mapping[str, str] | None = None,
    delivery: Result | None = None,
    costs: Mapping[str, float] | None = None,
) -> WriteUp:
    """Write up an evaluation as SARA, EMMIE, and context, mechanism, outcome.

    What the records say is filled in, number for number as the tables have it; what only people
    know is left blank with the question beside it. Nothing is made up to fill a field.

    Parameters
    ----------
    impact : Impact
        What ``estimate_impact`` returned, or any result with its table ``effect``.
    title : str, optional
    told : mapping of str to str, optional
        What people know, by field: ``problem``, ``analysis``, ``response``, ``mechanism``,
        ``moderators``, ``implementation``, ``economics``, ``context``.
    delivery : Delivery, optional
        What ``match_delivery`` returned, to say how much of the plan was delivered.
    costs : mapping of str to float, optional
        Pounds by item. What each incident fewer cost is told only where a fall is clear and the
        design can tell what was prevented.

    Returns
    -------
    WriteUp

    Raises
    ------
    InputError
        Naming every fault: tables or columns missing, fields that are unknown, costs below 0.

    References
    ----------
    Eck J. E. and Spelman W. (1987) *Problem-solving: problem-oriented policing in Newport News*.
    Police Executive Research Forum.
    Johnson S. D., Tilley N. and Bowers K. J. (2015) Introducing EMMIE: an evidence rating scale to
    encourage mixed-method crime prevention synthesis reviews. *Journal of Experimental
    Criminology* 11, 459-473.
    Pawson R. and Tilley N. (1997) *Realistic Evaluation*. Sage.

    Examples
    --------
    >>> from hotspots.evidence.example import example_result
    >>> page = write_up(example_result(), told={"problem": "Noise in the square at night."})
    >>> page.fields.query("field == 'Scanning'")["from_"].tolist()
    ['records', 'records', 'people']
    """
    _check(title, told, delivery, costs)
    facts = read_facts(impact, "write_up")
    people = {key: text.strip() for key, text in (told or {}).items() if text.strip()}
    records = _records(facts, delivery, costs)
    rows = []
    for form, field, key, question in _FIELDS:
        from_records = records.get((form, field), [])
        rows += [(form, field, key, "records", text, question) for text in from_records if text]
        if key in people:
            rows.append((form, field, key, "people", people[key], question))
        elif question:
            rows.append((form, field, key, "blank", "", question))
    columns = ["form", "field", "key", "from_", "text", "question"]
    fields = pd.DataFrame(rows, columns=columns, dtype="str")
    primary = facts.primary["outcome"]
    name = title or f"{primary[:1].upper()}{primary[1:]}: did it work?"
    return WriteUp(fields, _results(facts), name, _text(facts, fields, name))


def _records(
    facts: Facts, delivery: Result | None, costs: Mapping[str, float] | None
) -> dict[tuple[str, str], list[str]]:
    """Say what the records tell, by field."""
    row = facts.primary
    where = say.where_and_when(facts)
    dosage = None if delivery is None else delivery.tables["dosage"]
    done = say.delivered(dosage) + say.words_of(facts, "dose")
    before = row["treated_before"]
    scanning = "" if np.isnan(before) else (
        f"{before:,.0f} incidents ({row['outcome']}) at the treated places before."
    )  # fmt: skip
    whole = [kept for kept in facts.mains("both") if kept["outcome"] == row["outcome"]]
    net = [say.finding(kept, facts) for kept in whole if facts.comparator]
    effect = say.finding(row, facts)
    if not facts.comparator:
        effect = f"Not answered: nothing was compared. {effect}"
    third = "Context, mechanism, outcome"
    checks = facts.tables.get("checks")
    unchecked = [] if checks is not None and len(checks) else ["No checks came with the result."]
    return {
        ("SARA", "Scanning"): [where, scanning],
        ("SARA", "Response"): done,
        ("SARA", "Assessment"): say.assessment(facts),
        ("EMMIE", "Effect"): [effect, *say.displacement(facts), *net, *say.level(facts)],
        ("EMMIE", "Moderators"): [
            "Nothing was tested for some places or times against others; a difference looked for "
            "afterwards would be found by chance soon enough."
        ],
        ("EMMIE", "Implementation"): done,
        ("EMMIE", "Economics"): say.economics(facts, costs),
        (third, "Context"): [where],
        (third, "Outcome"): [effect],
        (third, "What is not known"): [*say.doubts(facts), *unchecked, *say.level(facts)],
    }  # fmt: skip


def _results(facts: Facts) -> pd.DataFrame:
    """Return the results told, as the tables have them."""
    names = ("outcome", "part", "unit", "estimate", "low", "high", "p", *COUNTS)
    kept = [
        {**{name: row[name] for name in names}, "words": say.finding(row, facts)}
        for part in ("hotspots", "buffer", "both")
        for row in facts.mains(part)
    ]
    return pd.DataFrame(kept).astype(dict.fromkeys(("outcome", "part", "unit", "words"), "str"))


def _text(facts: Facts, fields: pd.DataFrame, title: str) -> str:
    row = facts.primary
    lines = [f"{title.rstrip('.')}{'' if title.endswith('?') else '.'}",
             say.finding(row, facts), *say.level(facts)]  # fmt: skip
    if facts.comparator and not row["refused"] and not few(row) and clear(row):
        unsure = facts.verdicts("doubt")
        if unsure:
            gives = "gives" if len(unsure) == 1 else "give"
            lines.append(f"{len(unsure)} of its checks {gives} doubt.")
    blank = list(dict.fromkeys(fields.loc[fields["from_"] == "blank", "key"]))
    if blank:
        lines.append(f"Left for people to fill in: {listed(blank, 8)}.")
    return " ".join(lines)


def _check(title: Any, told: Any, delivery: Any, costs: Any) -> None:
    """Name every fault of the arguments."""
    faults = []
    if title is not None and not (isinstance(title, str) and title.strip()):
        faults.append(f"title is {title!r}; it must be text.")
    if told is not None and not isinstance(told, Mapping):
        faults.append(f"told is of type {type(told).__name__}; it takes texts by field.")
    for key, text in told.items() if isinstance(told, Mapping) else ():
        if key not in TOLD:
            near = get_close_matches(str(key), TOLD, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"it takes {', '.join(TOLD)}."
            faults.append(f"told has {key!r}; {hint}")
        elif not isinstance(text, str):
            faults.append(f"told[{key!r}] is {text!r:.60}; it must be text.")
    if delivery is not None:
        tables = delivery.tables if isinstance(delivery, Result) else {}
        if not {"minutes", "planned_minutes"} <= set(tables.get("dosage", ())):
            faults.append(f"delivery is of type {type(delivery).__name__}; give what "
                          "match_delivery returned.")  # fmt: skip
    if costs is not None and not isinstance(costs, Mapping):
        faults.append(f"costs is of type {type(costs).__name__}; it takes pounds by item.")
    for item, cost in costs.items() if isinstance(costs, Mapping) else ():
        number = isinstance(cost, int | float | np.number) and not isinstance(cost, bool)
        if not number or not np.isfinite(cost) or cost < 0:
            faults.append(f"costs[{item!r}] is {cost!r}; it must be pounds, 0 or more.")
    if faults:
        raise InputError("write_up", faults)
