"""What every column that leaves the house means, and the type and unit it leaves in.

The type of a column known here is fixed, so that a refresh finds the same types in an empty table
as in a full one. A column nobody listed keeps the type it has.
"""

from __future__ import annotations

import re

import pandas as pd

from ..contracts import LPTS, TABLES, Table
from .meanings import OWN, SHARED
from .meanings_impact import OWN_IMPACT, SHARED_IMPACT
from .meanings_patrols import OWN_PATROLS, SHARED_PATROLS
from .meanings_time import OWN_TIME, SHARED_TIME

KINDS = ("text", "number", "whole", "key", "time", "date", "flag")
"""Text, decimal, whole number, whole number that joins tables, date-time, date, true or false."""

# Kind, unit and meaning by column; "table.column" goes before "column".
_COLUMNS = {
    # keys and dimensions
    "date_key": ("key", "", "the day as yyyymmdd: joins to dim_date"),
    "lpt_key": ("key", "", "joins to dim_lpt; 0: none or not known; blank: command or force"),
    "category_key": ("key", "", "joins to dim_category"),
    "hotspot_key": ("key", "", "joins to hotspots"),
    "dim_date.date": ("date", "", "the day"),
    "year": ("whole", "", "calendar year"),
    "quarter": ("whole", "", "calendar quarter, 1 to 4"),
    "month_number": ("whole", "", "month, 1 to 12; sorts month_name"),
    "month_name": ("text", "", "month, three letters"),
    "month": ("date", "", "first day of the month"),
    "iso_year": ("whole", "", "year of the ISO week"),
    "iso_week": ("whole", "", "ISO week, 1 to 53"),
    "weekday_number": ("whole", "", "1 Monday to 7 Sunday; sorts weekday_name"),
    "weekday_name": ("text", "", "day of the week, three letters"),
    "is_weekend": ("flag", "", "Saturday or Sunday"),
    "financial_year": ("text", "", "April to March, as 2025/26"),
    "category": ("text", "", "type of crime or ASB"),
    "level": ("text", "", "lpt, command or force"),
    # incidents and what was read
    "incidents.date": ("date", "", "day; the first of the month where date_grain is month"),
    "date_grain": ("text", "", "day or month: how finely the date is known"),
    "origin": ("text", "", "public, partner, police or unknown: who brought it to notice"),
    "incidents.incidents": ("whole", "incidents", "number of incidents"),
    "incidents": ("number", "incidents", "number of incidents"),
    "located": ("whole", "incidents", "of these, incidents with a point"),
    "harm": ("number", "days of sentence", "harm weights, summed; approximate by broad type"),
    "status": ("text", "", "present, thin, missing or incomplete; missing is never zero"),
    "check": ("text", "", "what was checked"),
    "rows": ("whole", "rows", "number of rows"),
    "ingest_quality.of": ("whole", "rows", "rows looked at: all that came in, or those accepted"),
    "share": ("number", "0 to 1", "rows as a share of those looked at"),
    "action": ("text", "", "fixed, refused, kept, left aside or noted"),
    "detail": ("text", "", "what was found"),
    "file": ("text", "", "file the rows came from"),
    "role": ("text", "", "read, or left aside"),
    "accepted": ("whole", "rows", "rows accepted"),
    "rejected": ("whole", "rows", "rows rejected"),
    "superseded": ("whole", "rows", "rows replaced by a later version of the same record"),
    "source": ("text", "", "the force or extract"),
    # hotspots
    "hotspot": ("text", "", "stable id: the hottest cell"),
    "hotspot_set": ("whole", "", "number of the hotspots table, in the order given"),
    "longitude": ("number", "degrees", "of the centroid, WGS 84"),
    "latitude": ("number", "degrees", "of the centroid, WGS 84"),
    "wkt": ("text", "degrees", "outline, WGS 84, as well-known text"),
    # trends
    "command": ("text", "", "the command the team belongs to"),
    "period_start": ("time", "", "start of the period"),
    "days": ("whole", "days", "days in the period"),
    "adjusted": ("number", "incidents", "per standard month of 30.4375 days, or per week"),
    "trend": ("number", "incidents", "trend, on the scale of adjusted"),
    "season": ("number", "factor", "season, as a factor on the trend"),
    "remainder": ("number", "factor", "what neither trend nor season explains"),
    "exposure": ("number", "days", "days weighted by what weekdays and bank holidays are worth"),
    "trends_seasons.month": ("whole", "", "calendar month, 1 to 12"),
    "factor": ("number", "factor", "season of the decomposition, for the eye; no evidence"),
    "tested": ("number", "factor", "season of the curve that the test fitted"),
    "shrunk": ("number", "factor", "season to use: the group's own, leaning on the force's"),
    "trends_seasons.low": ("number", "factor", "lower end of the 95% interval of shrunk"),
    "trends_seasons.high": ("number", "factor", "upper end of the 95% interval of shrunk"),
    "trends_seasons.weight": ("number", "0 to 1", "weight of the group's own in shrunk"),
    "trends_seasons.source": ("text", "", "what shrunk rests on: own and force, force or none"),
    "trends_weekdays.day": ("text", "", "Monday to Sunday, or bank holiday"),
    "worth": ("number", "ratio", "what the day counts for beside an average one"),
    "trends_effects.kind": ("text", "", "step, or a kind of day of the calendar"),
    "trends_effects.name": ("text", "", "date and name of the step, or the kind of day"),
    "trends_effects.ratio": ("number", "ratio", "after against before, or such days to others"),
    "trends_effects.low": ("number", "ratio", "lower end of its 95% interval"),
    "trends_effects.high": ("number", "ratio", "upper end of its 95% interval"),
    "recorded": ("whole", "periods", "periods behind it"),
    "first": ("time", "", "start of the first period"),
    "last": ("time", "", "start of the last period"),
    "periods": ("whole", "periods", "periods from first to last"),
    "missing": ("whole", "periods", "periods not recorded"),
    "thin": ("whole", "periods", "periods recorded in part"),
    "per_period": ("number", "incidents", "per standard month, or per week"),
    "compared": ("whole", "periods", "periods compared with the same periods a year before"),
    "latest": ("number", "incidents", "in the latest periods compared"),
    "previous": ("number", "incidents", "in the same periods a year before"),
    "change": ("number", "ratio - 1", "change on the year before, 0.1 being 10% more"),
    "change_low": ("number", "ratio - 1", "lower end of its 95% interval"),
    "change_high": ("number", "ratio - 1", "upper end of its 95% interval"),
    "scale": ("text", "", "scale of the decomposition: log or square root"),
    "bridged": ("whole", "periods", "missing periods bridged for the decomposition"),
    "peak_month": ("text", "", "month of the peak of the tested curve"),
    "peak_from": ("text", "", "month in which the 95% interval of the peak begins"),
    "peak_to": ("text", "", "month in which the 95% interval of the peak ends"),
    "second_peak": ("text", "", "month of another peak that may be the higher one"),
    "waves": ("whole", "", "waves a year of the tested curve, 1 or 2"),
    "ratio": ("number", "ratio", "seasonal peak over trough"),
    "ratio_low": ("number", "ratio", "lower end of its 95% interval"),
    "ratio_high": ("number", "ratio", "upper end of its 95% interval"),
    "p_value": ("number", "0 to 1", "chance of such a finding if nothing were there"),
    "q_value": ("number", "0 to 1", "p-value corrected for the number of groups"),
    "dispersion": ("number", "ratio", "variance over that of pure chance"),
    "verdict": ("text", "", "what the test supports"),
    "sentence": ("text", "", "the finding in plain English"),
    # plans
    "visit": ("text", "", "id of the visit"),
    "unit": ("text", "", "the unit"),
    "shift": ("text", "", "the shift"),
    "date": ("date", "", "duty day: the date the shift starts on"),
    "officers": ("whole", "officers", "officers in the unit or on the shift"),
    "mode": ("text", "", "foot, cycle or vehicle"),
    "return_min": ("number", "min", "travel back to base after the visit"),
    "name": ("text", "", "its most frequent street"),
    "rank": ("whole", "", "1 is the hottest"),
    "need": ("number", "0 to 1", "share of all need"),
    "target_visits": ("whole", "visits", "what the hours could carry with average travel"),
    "visits": ("whole", "visits", "visits planned"),
    "minutes": ("number", "min", "planned minutes at the hotspot"),
    "visits_per_day": ("number", "visits", "visits per day"),
    "need_covered": ("number", "0 to 1", "share of its need covered, with diminishing returns"),
    "why_none": ("text", "", "why it gets no visit; blank when it gets one"),
    "rank_in_lpt": ("whole", "", "1 has most need in its LPT"),
    "of": ("whole", "hotspots", "hotspots in its LPT"),
    "share_count": ("number", "0 to 1", "share of the incidents in all hotspots"),
    "share_harm": ("number", "0 to 1", "share of the harm in all hotspots"),
    "tier": ("text", "", "A, B or C: A holds the first half of the need in its LPT"),
    "method": ("text", "", "the detector that made it, as its repr"),
    "period": ("text", "", "period the incidents rest on"),
    "reason": ("text", "", "why"),
    "would_change": ("text", "", "what would change its place"),
    "start": ("time", "", "start, local wall-clock"),
    "end": ("time", "", "end, local wall-clock"),
    "units": ("whole", "units", "units on duty"),
    "available_hours": ("number", "officer-hours", "officer-hours available for visits"),
    "planned_hours": ("number", "officer-hours", "officers × (visits and travel)"),
    "kind": ("text", "", "constable, pcso, special or response"),
    "base_easting": ("number", "m", "where it starts and ends"),
    "base_northing": ("number", "m", "where it starts and ends"),
    "base_from": ("text", "", "where the base came from"),
    "planned": ("flag", "", "whether it gets timed visits; response units do not"),
    "share_of_hours": ("number", "0 to 1", "share of all planned officer-hours"),
}
_EVERYWHERE = {"incidents", "lpt", "period_start", "status"}
_WHOLE = {"rank", "order", "population"}
_UNITS = {"area_km2": "km²", "travel_min": "min", "population": "residents",
          "incidents": "incidents", "harm": "days of sentence"}  # fmt: skip


def _contract(table: str) -> Table | None:
    if table in ("dim_lpt", "lpts"):
        return LPTS
    if table.startswith("hotspots"):
        return TABLES["hotspots"]
    return TABLES["visits"] if table.endswith("visits") else None


def _known(table: str, column: str) -> tuple[str, str, str] | None:
    """Return kind, unit and meaning where they are fixed."""
    table = re.sub(r"_\d+_", "_", table, count=1)  # the second of a kind: knox_2_cells
    if table in OWN:
        if column in _EVERYWHERE:
            return _COLUMNS.get(column, ("text", "", "Local Policing Team"))
        return OWN[table].get(column) or SHARED.get(column)
    if table in OWN_TIME and (said := OWN_TIME[table].get(column) or SHARED_TIME.get(column)):
        return said
    if table in OWN_PATROLS and (
        said := OWN_PATROLS[table].get(column) or SHARED_PATROLS.get(column)
    ):
        return said
    if table in OWN_IMPACT and (said := OWN_IMPACT[table].get(column) or SHARED_IMPACT.get(column)):
        return said
    if found := _COLUMNS.get(f"{table}.{column}"):
        return found
    contract = _contract(table)
    for told in contract.columns if contract else ():
        if told.name == column:
            kind = "whole" if column in _WHOLE else told.kind
            return kind, _UNITS.get(column, ""), told.meaning
    if column == "lpt":
        return "text", "", "Local Policing Team"
    return _COLUMNS.get(column)


def about(table: str, column: str) -> dict[str, str]:
    """Return unit and meaning of a column; both empty for one nobody listed.

    Parameters
    ----------
    table : str
        Name of the exported table.
    column : str

    Returns
    -------
    dict
        ``unit`` and ``meaning``.

    Examples
    --------
    >>> about("hotspots", "area_km2")
    {'unit': 'km²', 'meaning': 'area in square kilometres'}
    """
    _, unit, meaning = _known(table, column) or ("", "", "")
    return {"unit": unit, "meaning": meaning}


def typed(table: str, frame: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return a frame in the few plain types every reader knows, and the kind of each column.

    Parameters
    ----------
    table : str
        Name of the exported table.
    frame : DataFrame
        Without geometry.

    Returns
    -------
    frame : DataFrame
        Text as objects, whole numbers as nullable integers, times to the microsecond; no
        categories.
    kinds : dict
        One of :data:`KINDS` per column.

    Examples
    --------
    >>> typed("hotspots", pd.DataFrame({"lpt": ["Leek"], "rank": [1.0], "heat": [2]}))[1]
    {'lpt': 'text', 'rank': 'whole', 'heat': 'number'}
    """
    shown, kinds = {}, {}
    for column in map(str, frame.columns):
        values = frame[column]
        kind = _kind(table, column, values)
        if kind == "text":
            values = values.astype(object).where(values.notna(), None)
            values = values.map(str, na_action="ignore").astype(object)
        elif kind in ("whole", "key"):
            values = pd.to_numeric(values).astype("Float64").astype("Int64")
        elif kind == "number":
            values = pd.to_numeric(values).astype("Float64").astype(float)
        elif kind in ("time", "date"):
            values = pd.to_datetime(values).astype("datetime64[us]")
        else:
            values = values.astype("boolean")
        shown[column], kinds[column] = values, kind
    return pd.DataFrame(shown, index=frame.index, columns=list(kinds)), kinds


def _kind(table: str, column: str, values: pd.Series) -> str:
    """Return the fixed kind of a column where its values fit it, else the kind they have."""
    is_ = pd.api.types
    if is_.is_bool_dtype(values.dtype):
        own = "flag"
    elif is_.is_datetime64_dtype(values.dtype):
        own = "time"
    elif is_.is_numeric_dtype(values.dtype):
        own = "whole" if is_.is_integer_dtype(values.dtype) else "number"
    else:
        own = "text"
    known = _known(table, column)
    if known is None:
        return own
    fixed = known[0]
    same = own == fixed or {own, fixed} <= {"time", "date"} or fixed == "text"
    if same or values.isna().all():
        return fixed
    if {own, fixed} <= {"whole", "key", "number"}:
        fractions = fixed != "number" and own == "number" and (values.dropna() % 1 != 0).any()
        return own if fractions else fixed
    return own
