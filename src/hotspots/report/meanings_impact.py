"""What the columns of the results on impact, trials and evidence mean."""

from __future__ import annotations

SHARED_IMPACT = {
    "hotspot": ("text", "", "id of the hotspot"),
    "place": ("text", "", "id of the place: a hotspot or a comparison place"),
    "outcome": ("text", "", "what is counted"),
    "arm": ("text", "", "treated or control"),
}
"""Kind, unit and meaning of columns that mean the same in all results on impact."""

OWN_IMPACT: dict[str, dict[str, tuple[str, str, str]]] = {}
