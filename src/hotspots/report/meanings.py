"""What the columns of the results on places mean: detection, chance, change and accuracy.

Those of the results on time are in ``meanings_time.py``.
"""

from __future__ import annotations

SHARED = {
    "cell": ("whole", "", "lattice number of the cell within its grid"),
    "id": ("text", "", "stable id of the cell"),
    "heat": ("number", "", "what the detector predicts; only its order compares across methods"),
    "z": ("number", "standard errors", "Gi* or Moran's I as a standard score"),
    "significant": ("flag", "", "whether it is beyond chance at the level the text gives"),
    "class_": ("text", "", "what it is called"),
    "p_value": ("number", "0 to 1", "chance of as much or more if nothing were there"),
    "q_value": ("number", "0 to 1", "p-value corrected for all that was tested"),
    "low": ("number", "", "lower end of the 95% interval"),
    "high": ("number", "", "upper end of the 95% interval"),
    "period_end": ("time", "", "end of the period"),
    "hit_rate": ("number", "0 to 1", "share of the incidents caught"),
    "pai": ("number", "ratio", "hit rate over the share of the area"),
    "pei": ("number", "0 to 1", "incidents caught over the most any choice could have caught"),
    "detector": ("text", "", "the detector or baseline, by name"),
    "origin": ("time", "", "what happened before was learned from"),
    "test_start": ("time", "", "start of the test period"),
    "test_end": ("time", "", "end of the test period"),
    "budget": ("text", "", "how much was flagged: a share of the area, or cells"),
    "share_area": ("number", "0 to 1", "share of the area flagged"),
    "area_km2": ("number", "km²", "area"),
    "easting": ("number", "m", "of its middle"),
    "northing": ("number", "m", "of its middle"),
    "by_chance": ("number", "", "what chance alone would give"),
    "row": ("whole", "", "number of the row"),
    "what": ("text", "", "which column of counts"),
    "places": ("number", "", "places, or share of the places"),
}
"""Kind, unit and meaning of columns that mean the same in all of these results."""

OWN = {
    "support_precision": {
        "precision": ("text", "", "how finely the time is known"),
        "share": ("number", "0 to 1", "share of the incidents"),
    },
    "support_abilities": {
        "ability": ("text", "", "what a method may need of the records"),
        "supported": ("flag", "", "whether the records have it"),
        "reason": ("text", "", "why not"),
    },
    "cell_heat_cell": {
        "rank": ("whole", "", "1 is the hottest of all cells"),
        "own": ("number", "incidents", "its own count, with weights and ages where asked for"),
        "prior": ("number", "incidents", "expected of a cell like it over the same time"),
        "trust": ("number", "0 to 1", "how far its own count is trusted over the prior"),
        "per_year": ("number", "incidents", "expected a year"),
    },
    "cell_heat_parts": {
        "part": ("text", "", "what gave it"),
        "meaning": ("text", "", "what that is"),
        "weight": ("number", "0 to 1", "its weight in the prior, learned from the records"),
        "per_year": ("number", "incidents", "what it gave, a year"),
        "share": ("number", "0 to 1", "share of the heat it gave"),
    },
    "significance_cells": {
        "expected_heat": ("number", "", "heat if the null were true, on average"),
        "above_threshold": ("flag", "", "hotter than the hottest cell of 95% of simulations"),
    },
    "local_statistics_table": {
        "neighbours": ("whole", "", "cells or areas around it"),
        "p_normal": ("number", "0 to 1", "p-value by the normal approximation"),
        "p_permutation": ("number", "0 to 1", "p-value by random orders of the counts"),
        "moran": ("number", "", "local Moran's I"),
        "quadrant": ("text", "", "own value, then its surroundings: H high, L low"),
    },
    "knox_cells": {
        "band": ("text", "", "space band and time band"),
        "space": ("text", "m", "space band"),
        "time": ("text", "days", "time band"),
        "space_from_m": ("number", "m", "from this distance on"),
        "space_to_m": ("number", "m", "up to, not including, this distance"),
        "time_from_days": ("number", "days", "from this many days on"),
        "time_to_days": ("number", "days", "up to, not including, this many days"),
        "observed": ("whole", "pairs", "pairs of incidents so near in space and time"),
        "expected": ("number", "pairs", "the same if dates and places had nothing in common"),
        "ratio": ("number", "ratio", "observed over expected"),
        "flag": ("flag", "", "p under .05 and a ratio of at least 1.2"),
    },
    "knox_chains": {
        "chain": ("whole", "", "number of the chain"),
        "originators": ("whole", "incidents", "that began it"),
        "first": ("time", "", "day of its first incident"),
        "last": ("time", "", "day of its last incident"),
        "span_days": ("number", "days", "from the first to the last"),
        "extent_m": ("number", "m", "diagonal of the box around it"),
    },
    "classes_cells": {
        "class_": ("text", "", "persistent, emerging, intermittent, former or none"),
        "pattern": ("text", "", "one of the 17 space-time patterns"),
        "action": ("text", "", "what to do about it"),
        "periods_hot": ("whole", "periods", "in which it was hot"),
        "share_hot": ("number", "0 to 1", "share of the periods in which it was hot"),
        "share_hot_recent": ("number", "0 to 1", "the same of the recent periods"),
        "periods_cold": ("whole", "periods", "in which it was cold"),
        "last_z": ("number", "standard errors", "Gi* in the last period"),
        "trend_z": ("number", "standard errors", "Mann-Kendall trend of Gi*"),
        "trend_p": ("number", "0 to 1", "its p-value, periods taken as independent"),
        "trend_p_adjusted": ("number", "0 to 1", "its p-value, the overlap allowed for"),
    },
    "classes_summary": {
        "class_": ("text", "", "persistent, emerging, intermittent or former"),
        "cells": ("whole", "cells", "cells of the class"),
        "without_incidents": ("whole", "cells", "of these, hot through their neighbours alone"),
        "share": ("number", "0 to 1", "share of all incidents counted"),
        "expected_by_chance": ("number", "cells", "had the periods come in random order"),
        "chance_p": ("number", "0 to 1", "share of random orders with as many"),
        "action": ("text", "", "what to do about them"),
    },
    "classes_periods": {
        "recorded": ("whole", "incidents", "all rows given, of every category"),
        "hot_cells": ("whole", "cells", "hot in the period"),
        "cold_cells": ("whole", "cells", "cold in the period"),
        "false_alarms": ("number", "cells", "hot cells that may be chance, at most"),
    },
    "classes_history": {"state": ("text", "", "hot, cold or empty")},
    "week_profile_hours": {
        "category": ("text", "", "type of crime or ASB"),
        "command": ("text", "", "the command the team belongs to"),
        "hour_of_week": ("whole", "hours", "0 is Monday 00:00, 167 Sunday 23:00"),
        "label": ("text", "", "day and hour it begins: Mon 00"),
        "exposed_hours": ("number", "hours", "how many such hours were recorded"),
        "rate": ("number", "incidents an hour", "incidents per exposed hour, smoothed"),
    },
    "week_profile_groups": {
        "left_out": ("whole", "incidents", "given, but of times that cannot be used"),
        "span_h": ("number", "hours", "median length of the spans used"),
        "weeks": ("whole", "weeks", "weeks recorded, wholly or in part"),
        "per_hour": ("number", "incidents an hour", "over the whole week"),
        "peak": ("text", "", "busiest hour: day and hour it begins"),
        "peak_rate": ("number", "incidents an hour", "in the busiest hour"),
        "peak_low": ("number", "incidents an hour", "lower end of its 95% interval"),
        "peak_high": ("number", "incidents an hour", "upper end of its 95% interval"),
        "sentence": ("text", "", "the finding in plain English"),
    },
    "week_profile_treatment": {
        "rule": ("text", "", "the rule that decided over the time"),
        "share": ("number", "0 to 1", "share of the incidents"),
        "used": ("flag", "", "whether they count in the profile"),
        "what": ("text", "", "what was done"),
    },
    "week_profile_comparison": {
        "hour": ("whole", "", "hour of the day"),
        "aoristic": ("number", "0 to 1", "share by every hour of the span"),
        "start_only": ("number", "0 to 1", "share by the start alone"),
        "midpoint": ("number", "0 to 1", "share by the middle of the span"),
    },
    "peak_windows_windows": {
        "of": ("text", "", "window of the day, or of the week"),
        "hours": ("whole", "hours", "length of the window"),
        "start": ("text", "", "when it begins, local time"),
        "end": ("text", "", "when it ends, local time"),
        "share": ("number", "0 to 1", "share of the incidents in it"),
        "lift": ("number", "ratio", "share over that of an even spread"),
        "lift_low": ("number", "ratio", "lower end of its 95% interval"),
        "lift_high": ("number", "ratio", "upper end of its 95% interval"),
        "verdict": ("text", "", "reliable peak, no reliable peak, times too blurred, too few"),
    },
    "peak_windows_coverage": {
        "cover": ("number", "0 to 1", "share of the incidents wanted"),
        "hours": ("number", "hours", "length of the smallest window that holds it"),
        "share": ("number", "0 to 1", "share of the incidents in it"),
    },
    "peak_windows_groups": {},
    "shift_shares_shares": {
        "shift": ("text", "", "name of the shift"),
        "hours_a_week": ("number", "hours", "hours of the week it covers"),
        "share": ("number", "0 to 1", "share of the incidents in it"),
        "lift": ("number", "ratio", "share over that of an even spread"),
    },
    "shift_shares_groups": {
        "covered": ("number", "hours", "hours of the week with a shift"),
        "overlapping": ("number", "hours", "hours of the week with more than one"),
    },
    "period_change_places": {
        "before": ("whole", "incidents", "in the earlier period"),
        "after": ("whole", "incidents", "in the later period"),
        "ratio": ("number", "ratio", "rate after over rate before"),
        "p_poisson": ("number", "0 to 1", "p-value if counts varied by chance alone"),
        "dispersion": ("number", "ratio", "variance over that of pure chance"),
        "change": ("number", "ratio - 1", "0.1 being 10% more; blank under 20 incidents"),
        "class_": ("text", "", "rise, fall or no clear change"),
    },
    "period_change_periods": {
        "part": ("text", "", "before, after, or not compared"),
        "recorded": ("whole", "incidents", "all rows given, of every category"),
    },
    "concentration_measures": {
        "measure": ("text", "", "what was measured"),
        "estimate": ("number", "0 to 1", "the measure"),
    },
    "concentration_ranked": {
        "rank": ("whole", "", "1 holds most"),
        "place": ("text", "", "the place"),
        "count": ("number", "", "what it holds"),
        "share": ("number", "0 to 1", "share of all"),
        "cumulative_share": ("number", "0 to 1", "share of all in this and those before"),
        "cumulative_places": ("number", "0 to 1", "share of the places up to this"),
    },
    "concentration_lorenz": {
        "curve": ("text", "", "observed, or by chance"),
        "places": ("number", "0 to 1", "share of the places, the emptiest first"),
        "total": ("number", "0 to 1", "share of all they hold"),
    },
    "repeat_locations_rates": {
        "locations": ("whole", "locations", "with at least one incident"),
        "repeat_locations": ("whole", "locations", "with two or more"),
        "repeat_incidents": ("whole", "incidents", "at those"),
        "repeat_rate": ("number", "0 to 1", "share of incidents at locations with two or more"),
        "chance_low": ("number", "0 to 1", "lower end of what chance alone would give"),
        "chance_high": ("number", "0 to 1", "upper end of what chance alone would give"),
    },
    "repeat_locations_locations": {
        "location": ("text", "", "address id or rounded point"),
        "incidents_28d": ("whole", "incidents", "in the last 28 days"),
        "days": ("whole", "days", "distinct days with an incident"),
        "first": ("time", "", "day of the first"),
        "last": ("time", "", "day of the last"),
        "categories": ("text", "", "types recorded there"),
        "action": ("text", "", "briefing, SARA referral or none"),
    },
    "repeat_locations_time_to_repeat": {
        "days": ("whole", "days", "since the first incident"),
        "at_risk": ("whole", "locations", "followed so long without a repeat"),
        "repeats": ("whole", "locations", "that had their first repeat then"),
        "share_repeated": ("number", "0 to 1", "share that has had a repeat by then"),
    },
    "backtest_summary": {
        "kind": ("text", "", "detector or baseline"),
        "origins": ("whole", "periods", "test periods"),
        "auc": ("number", "0 to 1", "area under the hit-rate curve"),
        "log_score": ("number", "", "mean log of the density at later incidents; higher is better"),
        "cells_told": ("number", "cells", "cells it tells apart, on average"),
        "difference": ("number", "0 to 1", "hit rate less that of last year's counts"),
        "difference_low": ("number", "0 to 1", "lower end of its 95% interval"),
        "difference_high": ("number", "0 to 1", "upper end of its 95% interval"),
        "better_in": ("whole", "periods", "test periods in which it caught more"),
        "beats": ("text", "", "whether it beats last year's counts: yes, no, cannot tell"),
    },
    "backtest_scores": {
        "cells": ("whole", "cells", "flagged"),
        "caught": ("number", "incidents", "incidents in the cells flagged"),
    },
    "backtest_curves": {},
    "backtest_by_lpt": {
        "cells": ("number", "cells", "flagged in the LPT, on average"),
        "hit_rate_shared": ("number", "0 to 1", "hit rate if each LPT had its share of the cells"),
        "cells_shared": ("number", "cells", "its share of the cells"),
    },
    "backtest_stability": {
        "cells": ("whole", "cells", "flagged"),
        "kept": ("number", "0 to 1", "share of the cells flagged at the origin before"),
        "rbo": ("number", "0 to 1", "rank-biased overlap with the ranking before"),
    },
    "backtest_periods": {
        "used": ("flag", "", "whether it served as a test"),
        "reason": ("text", "", "why not"),
        "train_incidents": ("whole", "incidents", "known at the origin"),
        "test_incidents": ("whole", "incidents", "in the test period"),
        "scored": ("whole", "incidents", "of these in the grid and of the category"),
        "unplaced": ("whole", "incidents", "of these without a place in the grid"),
    },
    "backtest_failures": {"reason": ("text", "", "why it failed")},
}  # fmt: skip
"""The same by table, for columns of its own."""

_NAMED = {name: OWN["week_profile_hours"][name] for name in ("category", "command")}
for _table in ("week_profile_groups", "peak_windows_windows", "peak_windows_coverage",
               "peak_windows_groups", "shift_shares_shares", "shift_shares_groups"):  # fmt: skip
    OWN[_table].update(_NAMED)
for _name in ("span_h", "weeks", "sentence"):
    OWN["peak_windows_groups"][_name] = OWN["week_profile_groups"][_name]
for _name in ("of", "start", "end"):
    OWN["peak_windows_coverage"][_name] = OWN["peak_windows_windows"][_name]
OWN["peak_windows_groups"]["verdict"] = OWN["peak_windows_windows"]["verdict"]
OWN["shift_shares_groups"]["sentence"] = OWN["week_profile_groups"]["sentence"]
OWN["period_change_overall"] = {
    **OWN["period_change_places"],
    "area": ("text", "", "which area"),
    "months_before": ("text", "", "months of the earlier period"),
    "months_after": ("text", "", "months of the later period"),
    "days_before": ("whole", "days", "recorded in the earlier period"),
    "days_after": ("whole", "days", "recorded in the later period"),
}
