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

OWN_PATROLS: dict[str, dict[str, tuple[str, str, str]]] = {
    "decisions_log": {
        "number": ("whole", "", "number of the row in the log"),
        "when": ("time", "", "when it was logged, wall-clock of the writer"),
        "plan": ("text", "", "first day, days and digest of the plan's visits"),
        "seed": ("text", "", "fingerprint of the plan's seed"),
        "visit": ("text", "", "visit decided on; blank: wider"),
        "hotspot": ("text", "", "hotspot decided on; blank: the whole plan"),
        "recommended": ("text", "", "what the plan recommended"),
        "decision": ("text", "", "accepted, amended or rejected"),
        "role": ("text", "", "role that decided, never a name"),
        "why": ("text", "", "reason given; blank where accepted without one"),
        "intact": ("flag", "", "as it was written, and follows the row before"),
    },
    "decisions_plans": {
        "plan": ("text", "", "first day, days and digest of the plan's visits"),
        "first": ("time", "", "first decision on it"),
        "last": ("time", "", "last decision on it"),
        "decisions": ("whole", "", "decisions that stand: the last on each thing"),
        "accepted": ("whole", "", "of these, accepted"),
        "amended": ("whole", "", "of these, amended"),
        "rejected": ("whole", "", "of these, rejected"),
    },
    "decisions_why": {
        "decision": ("text", "", "amended or rejected"),
        "why": ("text", "", "reason given"),
        "times": ("whole", "", "decisions that gave it"),
        "roles": ("text", "", "roles that gave it"),
    },
    "decisions_standing": {
        "visit": ("text", "", "id of the visit"),
        "decision": ("text", "", "what stands: accepted, amended, rejected or none"),
        "role": ("text", "", "role that decided"),
        "why": ("text", "", "reason given"),
        "decided_on": ("text", "", "visit, hotspot or plan: what the decision was on"),
    },
}  # fmt: skip
"""The same for each exported table of a result, by its name."""
