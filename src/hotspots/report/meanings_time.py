"""What the columns of the results on time mean: series, trends, alerts, forecasts, briefings."""

from __future__ import annotations

SHARED_TIME = {
    "level": ("text", "", "lpt, command or force"),
    "days": ("number", "days", "days in the period"),
    "adjusted": ("number", "incidents", "per standard month of 30.4375 days, per week or per day"),
    "p_value": ("number", "0 to 1", "chance of as much or more if nothing were there"),
    "q_value": ("number", "0 to 1", "p-value corrected for all that was tested"),
    "low": ("number", "", "lower end of the 95% interval"),
    "high": ("number", "", "upper end of the 95% interval"),
    "sentence": ("text", "", "the finding in words"),
}
"""Kind, unit and meaning of columns that mean the same in all results on time."""

OWN_TIME: dict[str, dict[str, tuple[str, str, str]]] = {
    "count_series_series": {},
    "count_series_periods": {},
    "calendar_effects_effects": {
        "effect": ("text", "", "kind of day"),
        "ratio": ("number", "ratio", "incidents over an ordinary day's; LPTs drawn together"),
        "own_ratio": ("number", "ratio", "the same from the group's own days alone"),
        "own_low": ("number", "ratio", "lower end of its 95% interval"),
        "own_high": ("number", "ratio", "upper end of its 95% interval"),
        "class_": ("text", "", "more, fewer, no clear effect or not told"),
        "days": ("whole", "days", "recorded days of the kind"),
        "occasions": ("whole", "", "runs of such days"),
        "incidents": ("whole", "incidents", "on these days"),
        "expected": ("number", "incidents", "on these days had they been ordinary"),
        "change": ("number", "ratio - 1", "0.1 being 10% more; blank under 20 incidents"),
        "reason": ("text", "", "why not told"),
    },
    "calendar_effects_pooled": {
        "effect": ("text", "", "kind of day"),
        "ratio": ("number", "ratio", "incidents over an ordinary day's, the mean over LPTs"),
        "class_": ("text", "", "more, fewer or no clear effect"),
        "lpts": ("whole", "LPTs", "that the mean rests on"),
        "between": ("number", "log ratio", "standard deviation from LPT to LPT beyond chance"),
        "days": ("whole", "days", "recorded days of the kind, the most of any LPT"),
        "incidents": ("whole", "incidents", "on these days"),
        "expected": ("number", "incidents", "on these days had they been ordinary"),
        "change": ("number", "ratio - 1", "0.1 being 10% more; blank under 20 incidents"),
    },
    "calendar_effects_groups": {
        "days": ("whole", "days", "days fitted"),
        "per_day": ("number", "incidents", "a day"),
        "dispersion": ("number", "", "alpha of variance = mean + alpha mean squared"),
        "autocorrelation": ("number", "-1 to 1", "correlation of one day with the next"),
    },
    "published_figures": {
        "category": ("text", "", "type of crime or ASB, or All categories: their total"),
        "lpt": ("text", "", "area: LPT, command or Force, as level says"),
        "status": ("text", "", "published, suppressed, incomplete or missing; none of these is 0"),
        "published": ("whole", "incidents", "rounded count; empty where none is given"),
        "low": ("whole", "incidents", "least count the published figure stands for"),
        "high": ("whole", "incidents", "greatest count the published figure stands for"),
        "shown": ("text", "", "the figure as text; c where it is suppressed"),
        "sensitive": ("flag", "", "whether the category is never given below LPT and month"),
    },
}
"""The same by table (kind of the result and name of the table), for columns of its own."""
