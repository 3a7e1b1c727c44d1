"""The tables: what each is indexed by, the columns it has, and what they mean."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """One column of a table: its kind, whether it must be there, and what it means."""

    name: str
    kind: str  # text | time | number | flag
    required: bool
    meaning: str


@dataclass(frozen=True)
class Table:
    """One table of the road: its index, its geometry and its columns."""

    name: str
    index: str
    geometry: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def required(self) -> list[str]:
        """Names of the columns that must be present."""
        return [c.name for c in self.columns if c.required]


def _columns(*rows: tuple[str, str, bool, str]) -> tuple[Column, ...]:
    return tuple(Column(*row) for row in rows)


INCIDENTS = Table("incidents", "incident", ("Point",), _columns(
    ("category", "text", True, "type of crime or ASB"),
    ("occurred_from", "time", True, "start of the interval it happened in, local wall-clock"),
    ("occurred_to", "time", True, "end of that interval; the same as the start when exact"),
    ("harm", "number", False, "harm weight in days of sentence"),
    ("lpt", "text", False, "Local Policing Team; missing when outside all of them or unlocated"),
    ("place", "text", False, "street or place name"),
    ("origin", "text", False, "public, partner, police or unknown: who brought it to notice"),
    ("vulnerability", "text", False, "vulnerability markers as recorded"),
    ("outcome", "text", False, "last known outcome"),
    ("lsoa", "text", False, "LSOA code as recorded"),
    ("offence_code", "text", False, "Home Office offence code as recorded"),
    ("recorded_at", "time", False, "when it was recorded"),
    ("source", "text", False, "the force or extract the row came from"),
))  # fmt: skip
LPTS = Table("lpts", "lpt", ("Polygon", "MultiPolygon"), _columns(
    ("area_km2", "number", True, "area in square kilometres"),
    ("name", "text", False, "name to show"),
    ("command", "text", False, "the command the team belongs to"),
    ("base", "text", False, "where its response officers start"),
    ("population", "number", False, "residents"),
))  # fmt: skip
HOTSPOTS = Table("hotspots", "hotspot", ("Polygon", "MultiPolygon"), _columns(
    ("rank", "number", True, "1 is the hottest"),
    ("heat", "number", True, "what the detector predicts, in its own unit"),
    ("incidents", "number", True, "incidents inside during the period"),
    ("area_km2", "number", True, "area in square kilometres"),
    ("lpt", "text", True, "Local Policing Team it lies in"),
    ("method", "text", True, "the detector that made it, as its repr"),
    ("period_start", "time", True, "start of the incidents it rests on"),
    ("period_end", "time", True, "end of the incidents it rests on"),
    ("name", "text", False, "its most frequent street"),
    ("harm", "number", False, "harm in days of sentence"),
    ("p_value", "number", False, "chance of such heat if nothing were there"),
    ("class_", "text", False, "persistent, emerging, intermittent or former"),
    ("stability", "number", False, "0 to 1: how much of it comes back when the data are resampled"),
    ("category", "text", False, "its most frequent type of crime or ASB"),
    ("neighbourhood", "text", False, "the neighbourhood or ward it lies in"),
))  # fmt: skip
VISITS = Table("visits", "visit", (), _columns(
    ("hotspot", "text", True, "id of the hotspot"),
    ("lpt", "text", True, "Local Policing Team"),
    ("unit", "text", True, "who goes"),
    ("shift", "text", True, "the shift they are on"),
    ("arrive", "time", True, "arrival, local wall-clock"),
    ("depart", "time", True, "departure, local wall-clock"),
    ("reason", "text", True, "why here, in one line an officer can read"),
    ("order", "number", False, "place in the unit's shift, from 1"),
    ("travel_min", "number", False, "minutes of travel before the visit"),
    ("tactic", "text", False, "what to do there"),
    ("task", "text", False, "the task, as the tasks table names it"),
    ("why_then", "text", False, "why at that hour"),
    ("why_unit", "text", False, "why that unit"),
))  # fmt: skip
SHIFTS = Table("shifts", "", (), _columns(
    ("shift", "text", True, "name of the shift (early, late, night)"),
    ("start", "text", True, "start as HH:MM"),
    ("end", "text", True, "end as HH:MM; at or before the start means the next day"),
    ("lpt", "text", False, "the LPT it belongs to; blank for every LPT"),
    ("days", "text", False, "days it starts on ('Fri Sat'); blank for every day"),
    ("briefing_min", "number", False, "minutes of briefing at the start"),
    ("debrief_min", "number", False, "minutes of debrief at the end"),
    ("break_start", "text", False, "start of the break as HH:MM"),
    ("break_min", "number", False, "minutes of break"),
    ("officer_hours", "number", False, "most officer-hours for hotspot visits per LPT and shift"),
))  # fmt: skip
UNITS = Table("units", "unit", (), _columns(
    ("lpt", "text", True, "Local Policing Team it serves"),
    ("shift", "text", True, "the shift it works"),
    ("kind", "text", True, "constable, pcso, special or response"),
    ("officers", "number", True, "officers in the unit: 1 or 2"),
    ("mode", "text", True, "foot, cycle or vehicle"),
    ("base_easting", "number", False, "where it starts and ends, metres"),
    ("base_northing", "number", False, "where it starts and ends, metres"),
    ("officer_hours", "number", False, "most officer-hours for hotspot visits per shift"),
    ("team", "text", False, "neighbourhood or response; response gets no timed visits"),
    ("end_easting", "number", False, "where it ends, metres; where it starts when absent"),
    ("end_northing", "number", False, "where it ends, metres; where it starts when absent"),
    ("abstraction", "number", False, "share of its time lost to other duties, 0 to 1"),
))  # fmt: skip
TASKS = Table("tasks", "task", (), _columns(
    ("meaning", "text", True, "what to do there, as an officer reads it"),
    ("constable", "flag", True, "whether constables may do it"),
    ("pcso", "flag", True, "whether PCSOs may do it"),
    ("special", "flag", True, "whether special constables may do it"),
    ("night_pcso", "flag", False, "whether PCSOs may do it in the hours of pairs; else as by day"),
    ("officers", "number", False, "officers it takes at least: 1 or 2"),
    ("night_officers", "number", False, "officers it takes in the hours of pairs: 1 or 2"),
    ("categories", "text", False, "types of incident it answers, separated by ';'"),
    ("class_", "text", False, "class of hotspot it answers"),
))  # fmt: skip
PRIORITIES = Table("priorities", "", (), _columns(
    ("theme", "text", True, "what the community or partner asks for"),
    ("source", "text", True, "where it was raised: PACT meeting, council, survey"),
    ("date", "time", True, "when it was raised"),
    ("weight", "number", True, "how much it counts among the priorities, 0 to 1"),
    ("author", "text", True, "the role that entered it, never a person's name"),
    ("expiry", "time", False, "last day it counts; 90 days after its date when absent"),
    ("hotspot", "text", False, "the hotspot it is about"),
    ("place", "text", False, "the street or place it is about"),
    ("lpt", "text", False, "the LPT it is about"),
    ("easting", "number", False, "the point it is about, metres"),
    ("northing", "number", False, "the point it is about, metres"),
    ("radius_m", "number", False, "how far around the point it reaches, metres"),
))  # fmt: skip
PINGS = Table("pings", "", (), _columns(
    ("unit", "text", True, "call sign of the unit, never a person"),
    ("time", "time", True, "when, local wall-clock"),
    ("easting", "number", True, "where, metres"),
    ("northing", "number", True, "where, metres"),
))  # fmt: skip
ACTIVITIES = Table("activities", "", (), _columns(
    ("unit", "text", True, "call sign of the unit, never a person"),
    ("hotspot", "text", True, "id of the hotspot"),
    ("arrive", "time", True, "arrival, local wall-clock"),
    ("depart", "time", True, "departure, local wall-clock"),
    ("officers", "number", False, "officers there, where not those of the plan"),
    ("stop_searches", "number", False, "stop and searches made"),
    ("arrests", "number", False, "arrests made"),
    ("cpn", "number", False, "community protection warnings and notices served"),
    ("dispersals", "number", False, "dispersal directions given"),
    ("contacts", "number", False, "members of the public spoken to"),
))  # fmt: skip
DECISIONS = Table("decisions", "", (), _columns(
    ("decision", "text", True, "accepted, amended or rejected"),
    ("role", "text", True, "the role that decided, never a person's name"),
    ("why", "text", False, "why; needed unless accepted"),
    ("visit", "text", False, "the visit decided on"),
    ("hotspot", "text", False, "the hotspot decided on; blank with no visit: the whole plan"),
))  # fmt: skip
TREATMENT = Table("treatment", "", (), _columns(
    ("hotspot", "text", True, "id of the hotspot"),
    ("date", "time", True, "the duty day"),
    ("treated", "flag", True, "whether patrols go there that day"),
    ("phase", "text", False, "what the day is: treatment, control, wash-out"),
))  # fmt: skip
TABLES = {t.name: t for t in (
    INCIDENTS, LPTS, HOTSPOTS, VISITS, SHIFTS, UNITS, TASKS, PRIORITIES, PINGS, ACTIVITIES,
    DECISIONS, TREATMENT,
)}  # fmt: skip
