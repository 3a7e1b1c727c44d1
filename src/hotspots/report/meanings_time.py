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
