"""What the columns of the results on patrols mean: demand, plans, fairness, delivery, decisions."""

from __future__ import annotations

SHARED_PATROLS = {
    "hotspot": ("text", "", "id of the hotspot"),
    "unit": ("text", "", "call sign of the unit"),
    "date": ("date", "", "duty day: the date the shift starts on"),
    "class_": ("text", "", "persistent, emerging, intermittent or former"),
    "category": ("text", "", "its most frequent type of incident"),
}
"""Kind, unit and meaning of columns that mean the same in all results on patrols."""

OWN_PATROLS: dict[str, dict[str, tuple[str, str, str]]] = {}
"""The same for each exported table of a result, by its name."""
