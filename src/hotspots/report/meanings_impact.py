"""What the columns of the results on impact, trials and evidence mean."""

from __future__ import annotations

SHARED_IMPACT = {
    "hotspot": ("text", "", "id of the hotspot"),
    "place": ("text", "", "id of the place: a hotspot or a comparison place"),
    "outcome": ("text", "", "what is counted"),
    "arm": ("text", "", "treated or control"),
}
"""Kind, unit and meaning of columns that mean the same in all results on impact."""

_ARMS = {
    "treated_before": ("number", "incidents", "at treated places before the start"),
    "treated_after": ("number", "incidents", "at treated places under treatment"),
    "control_before": ("number", "incidents", "at comparison places before the start"),
    "control_after": ("number", "incidents", "at comparison places, or on days without treatment"),
}
_ESTIMATE = {
    "estimate": ("number", "", "the effect, in the unit of the row; a ratio of 1 is none"),
    "low": ("number", "", "lower end of the interval"),
    "high": ("number", "", "upper end of the interval"),
    "p": ("number", "0 to 1", "chance of so large a difference were there no effect"),
    "p_adjusted": ("number", "0 to 1", "p with the number of further outcomes paid for"),
}
_SAYS = {
    "chance": ("text", "", "how the interval was made"),
    "words": ("text", "", "the same in a sentence"),
    "refused": ("text", "", "why there is no number; blank where there is"),
}

OWN_IMPACT: dict[str, dict[str, tuple[str, str, str]]] = {
    "impact_effect": {
        **_ARMS,
        **_ESTIMATE,
        **_SAYS,
        "part": ("text", "", "hotspots, buffer (the rings about them) or both"),
        "method": ("text", "", "how it was estimated"),
        "estimand": ("text", "", "what the number is"),
        "against": ("text", "", "what it is compared with: places, days or nothing"),
        "unit": ("text", "", "ratio or incidents"),
        "incidents": ("number", "incidents", "more (above 0) or fewer than expected"),
        "incidents_low": ("number", "incidents", "lower end of that"),
        "incidents_high": ("number", "incidents", "upper end of that"),
        "main": ("flag", "", "whether the study is judged by this row"),
    },
    "impact_checks": {
        **_SAYS,
        "check": ("text", "", "what was looked at"),
        "asks": ("text", "", "the question"),
        "found": ("number", "", "the number that answers it; blank: none"),
        "low": ("number", "", "lower end of it"),
        "high": ("number", "", "upper end of it"),
        "verdict": ("text", "", "fine, doubt or cannot tell"),
    },
    "impact_series": {
        "part": ("text", "", "hotspots, buffer (the rings about them) or both"),
        "start": ("time", "", "start of the period"),
        "end": ("time", "", "first moment after it"),
        "after": ("flag", "", "whether the treatment had begun"),
        "treated": ("number", "incidents", "at treated places"),
        "control": ("number", "incidents", "at comparison places"),
        "expected": ("number", "incidents", "at treated places, by the comparison places"),
        "low": ("number", "incidents", "lower end of where one period would lie by chance"),
        "high": ("number", "incidents", "upper end of it"),
        "cumulative": ("number", "incidents", "treated less expected, added up since the start"),
        "cumulative_low": ("number", "incidents", "lower end of its interval"),
        "cumulative_high": ("number", "incidents", "upper end of its interval"),
    },
    "impact_event_study": {
        "relative": ("number", "periods", "middle of the step, counted from the start"),
        "since": ("whole", "periods", "first period of the step, from the start"),
        "until": ("whole", "periods", "last period of the step, from the start"),
        "lead": ("flag", "", "whether it lies before the start"),
        "estimate": ("number", "ratio", "of the arms, against the last step before the start"),
        "low": ("number", "ratio", "lower end of its interval"),
        "high": ("number", "ratio", "upper end of its interval"),
        "band_low": ("number", "ratio", "lower end of the band for all steps together"),
        "band_high": ("number", "ratio", "upper end of the band for all steps together"),
        "treated": ("number", "incidents", "at treated places"),
        "control": ("number", "incidents", "at comparison places"),
    },
    "impact_places": {
        "name": ("text", "", "name to show"),
        "area_km2": ("number", "km²", "its area"),
        "ring_km2": ("number", "km²", "area of its ring"),
        "block": ("text", "", "block or pair it was drawn or matched in"),
        "incidents": ("whole", "incidents", "inside at any time, of every type"),
        "before": ("number", "incidents", "inside before the start"),
        "after": ("number", "incidents", "inside from the start on"),
        "ring_before": ("number", "incidents", "in its ring before the start"),
        "ring_after": ("number", "incidents", "in its ring from the start on"),
        "without": ("number", "ratio", "the finding when this place (or its pair) is left out"),
    },
    "impact_displacement": {
        **_ARMS,
        **_ESTIMATE,
        **_SAYS,
        "by": ("text", "", "type or hour"),
        "kind": ("text", "", "which type, or which part of the day"),
        "part": ("text", "", "hotspots or buffer (the rings about them)"),
    },
    "impact_side_effects": {
        **_ARMS,
        **_ESTIMATE,
        **_SAYS,
        "what": ("text", "", "what the police found or did"),
        "ratio": ("number", "ratio", "against what the comparison leads one to expect"),
    },
    "impact_dose": {
        **_ESTIMATE,
        **_SAYS,
        "estimand": ("text", "", "what the number is"),
        "unit": ("text", "", "ratio, or ratio for each so many minutes"),
        "treated_minutes": ("number", "min", "delivered a day under treatment"),
        "control_minutes": ("number", "min", "delivered a day without treatment"),
    },
    "impact_balance": {
        "trait": ("text", "", "what the arms are compared by"),
        "treated": ("number", "", "mean of the treated places"),
        "control": ("number", "", "mean of the comparison places"),
        "difference": ("number", "standard deviations", "of the two means"),
    },
}
