"""What a monthly return may ask for, and the template that says what it does ask for."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

# measure: (unit, decimals, what it counts)
MEASURES: dict[str, tuple[str, int, str]] = {
    "officer_hours": ("hours", 1, "officer-hours at hotspots; of one kind of unit with kind ="),
    "visits": ("visits", 0, "visits of pass_min or more; of one kind of unit with kind ="),
    "patrol_hours": ("hours", 1, "hours with at least one unit at the hotspot, over all hotspots"),
    "planned_visits": ("visits", 0, "visits planned"),
    "visits_in_time": ("visits", 0, "planned visits made in time, by whichever unit"),
    "visits_unknown": ("visits", 0, "planned visits whose outcome is not known"),
    "compliance": ("per cent", 0, "visits in time, of 20 or more whose outcome is known"),
    "hotspots_visited": ("hotspots", 0, "hotspots with at least one visit"),
    "records_share": ("per cent", 0, "time of units on duty with records"),
    "stop_searches": ("searches", 0, "stop and searches made at hotspots"),
    "arrests": ("arrests", 0, "arrests made at hotspots"),
    "cpn": ("notices", 0, "community protection warnings and notices"),
    "dispersals": ("directions", 0, "dispersal directions"),
    "contacts": ("people", 0, "members of the public spoken to"),
    "incidents": ("incidents", 0, "recorded incidents; with where = and category ="),
}
_KEYS = {"label", "measure", "kind", "lpt", "category", "where"}
_PROTECTED = re.compile(
    r"ethnic|race|religio|gender|\bsex\b|disab|sexual orientation|nationality", re.IGNORECASE
)

DEFAULT = """
title = "Hotspot patrols: monthly return"

[[row]]
label = "Officer-hours at hotspots"
measure = "officer_hours"

[[row]]
label = "of these, constables"
measure = "officer_hours"
kind = "constable"

[[row]]
label = "of these, special constables"
measure = "officer_hours"
kind = "special"

[[row]]
label = "of these, PCSOs"
measure = "officer_hours"
kind = "pcso"

[[row]]
label = "of these, others"
measure = "officer_hours"
kind = "other"

[[row]]
label = "Visits to hotspots"
measure = "visits"

[[row]]
label = "Hotspots visited"
measure = "hotspots_visited"

[[row]]
label = "Visits planned"
measure = "planned_visits"

[[row]]
label = "Planned visits made in time"
measure = "visits_in_time"

[[row]]
label = "Planned visits made in time, of those known"
measure = "compliance"

[[row]]
label = "Stop and searches"
measure = "stop_searches"

[[row]]
label = "Arrests"
measure = "arrests"

[[row]]
label = "Community protection warnings and notices"
measure = "cpn"

[[row]]
label = "Dispersal directions"
measure = "dispersals"

[[row]]
label = "Members of the public spoken to"
measure = "contacts"

[[row]]
label = "Anti-social behaviour inside hotspots"
measure = "incidents"
category = "Anti-social behaviour"
where = "inside"

[[row]]
label = "Anti-social behaviour elsewhere"
measure = "incidents"
category = "Anti-social behaviour"
where = "outside"
"""
"""The template used where none is given."""


def read_template(template: Any, faults: list[str]) -> tuple[str, list[dict[str, Any]]]:
    """Read a template; what is wrong with it is added to ``faults``."""
    text = DEFAULT
    if template is not None:
        if not isinstance(template, str | Path):
            faults.append(f"template is of type {type(template).__name__}; give a path.")
            return "", []
        path = Path(template)
        if not path.is_file():
            faults.append(f"there is no template {str(template)!r}; check the path.")
            return "", []
        try:
            text = path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError:
            faults.append(f"template {path.name} is not UTF-8 text; save it as such.")
            return "", []
    try:
        read = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        faults.append(f"the template is not valid TOML: {error}.")
        return "", []
    rows = read.get("row")
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        faults.append("the template has no [[row]]; write one [[row]] for each row of the return.")
        return "", []
    for number, row in enumerate(rows, 1):
        faults += [f"row {number}: {fault}" for fault in _row_faults(row)]
    return str(read.get("title", "Monthly return")), rows


def _row_faults(row: dict[str, Any]) -> list[str]:
    faults = []
    label, measure = row.get("label"), row.get("measure")
    if not isinstance(label, str) or not label.strip():
        faults.append("it has no label; say what the row is called.")
    words = " ".join([str(label), str(measure), *map(str, row), *map(str, row.values())])
    if found := _PROTECTED.search(words):
        faults.append(
            f"it asks by {found[0]!r}; nothing is counted by a protected attribute: add the "
            "force's own lawful aggregate table beside the return."
        )
    elif not isinstance(measure, str) or measure not in MEASURES:
        faults.append(f"measure is {measure!r}; it takes {', '.join(MEASURES)}.")
    if odd := sorted(set(row) - _KEYS):
        faults.append(f"it has {', '.join(odd)}; it takes {', '.join(sorted(_KEYS))}.")
    texts = [key for key in ("kind", "lpt", "category") if not isinstance(row.get(key, ""), str)]
    faults += [f"{key} is {row[key]!r}; write it in quotes." for key in texts]
    if row.get("where", "inside") not in ("inside", "outside"):
        faults.append(f"where is {row['where']!r}; it takes 'inside' or 'outside'.")
    if "kind" in row and measure not in ("officer_hours", "visits"):
        faults.append("kind goes with officer_hours and visits only.")
    if measure != "incidents" and {"category", "where"} & set(row):
        faults.append("category and where go with incidents only.")
    return faults
