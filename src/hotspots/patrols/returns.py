"""The monthly return: whatever rows a template asks for, from what was delivered."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import InputError, Result, check_incidents
from ._delivery_words import ENOUGH, when
from ._presence import POWERS
from ._return_template import MEASURES, read_template
from .delivery import Delivery
from .resources import KINDS as TEAM_KINDS

if TYPE_CHECKING:
    import geopandas as gpd


@dataclass(frozen=True, repr=False)
class Return(Result):
    """A monthly return, as :func:`monthly_return` gives it.

    Attributes
    ----------
    rows : DataFrame
        A row per row of the template, in its order: ``label``, ``measure``, ``of`` (the kind of
        unit, LPT, category or side it is limited to), ``value``, ``unit`` and ``note`` (why a
        value is blank or what it lacks).
    title : str
        Title of the template.
    month : Timestamp
        First day of the month.
    said : str
        The text.
    """

    rows: pd.DataFrame
    title: str
    month: pd.Timestamp
    said: str

    @property
    def text(self) -> str:
        """The return as it would be typed, and what is missing from it."""
        return self.said


def monthly_return(
    delivery: Delivery,
    template: str | Path | None = None,
    *,
    month: str | None = None,
    incidents: gpd.GeoDataFrame | None = None,
    hotspots: gpd.GeoDataFrame | None = None,
) -> Return:
    r"""Fill in a monthly return from what was delivered.

    Parameters
    ----------
    delivery : Delivery
        As :func:`match_delivery` gives it.
    template : str or Path, optional
        A TOML file: ``title`` and a ``[[row]]`` each with ``label`` and ``measure``, and if
        wanted ``kind`` (constable, pcso, special, response, an agency, or "other": whatever no
        other row asks for), ``lpt``, ``category`` and ``where`` (inside or outside the hotspots,
        for incidents). A common one when absent.
    month : str, optional
        As ``"2026-03"``; when absent, the one month that the delivery covers. Days are duty days.
    incidents, hotspots : GeoDataFrame, optional
        For rows that count incidents: all recorded incidents, and the places.

    Returns
    -------
    Return

    Raises
    ------
    InputError
        Naming every fault: of the template (unknown measure, key, kind of value), a month not
        delivered, hotspots missing.

    Notes
    -----
    A value is blank, never 0, where nothing was recorded that could tell. Nothing is counted by
    ethnicity or another protected attribute; a template that asks is refused. Where the return
    needs such a table, add the force's own lawful aggregate beside this one.

    Examples
    --------
    >>> import tempfile
    >>> from hotspots.patrols.delivery import match_delivery
    >>> from hotspots.patrols.example import example_plan
    >>> plan = example_plan()
    >>> log = plan.visits[["unit", "hotspot", "arrive", "depart"]]
    >>> delivery = match_delivery(plan, log)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "return.toml"
    ...     _ = path.write_text('title = "Grip"\n[[row]]\nlabel = "Made in time"\n'
    ...                         'measure = "visits_in_time"\n', encoding="utf-8")
    ...     monthly_return(delivery, path).rows["value"].tolist()
    [2.0]
    """
    faults: list[str] = []
    if not isinstance(delivery, Delivery):
        given = type(delivery).__name__
        raise InputError(
            "monthly_return",
            [f"delivery is of type {given}; give what match_delivery returns."],
        )
    title, asked = read_template(template, faults)
    first = _month(delivery, month, faults)
    counted = any(row.get("measure") == "incidents" for row in asked)
    if incidents is not None and counted:
        _check_places(incidents, hotspots, delivery, faults)
    if faults:
        raise InputError("monthly_return", faults)
    inside, known = None, set[str]()
    if incidents is not None and counted:
        known = set(incidents["category"].dropna().astype(str))
        incidents = incidents[incidents["occurred_from"].dt.to_period("M") == first.to_period("M")]
        inside = _inside(incidents, hotspots, delivery)
    rows = pd.DataFrame(
        [_row(row, asked, _of_month(delivery, first), incidents, inside, known) for row in asked],
        columns=["label", "measure", "of", "value", "unit", "note"],
    ).astype({"label": "str", "measure": "str", "of": "str", "value": "float64", "unit": "str",
              "note": "str"})  # fmt: skip
    return Return(rows, title, first, _text(title, first, rows, delivery, incidents, counted))


def _month(delivery: Delivery, month: Any, faults: list[str]) -> pd.Timestamp:
    months = delivery.dosage["date"].dt.to_period("M").unique()
    have = ", ".join(str(m) for m in sorted(months))
    if month is None:
        if len(months) != 1:
            faults.append(f"the delivery covers {have}; say which month, as month='{months[0]}'.")
            return pd.Timestamp(0)
        return pd.Timestamp(months[0].start_time)
    if not isinstance(month, str) or not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
        faults.append(f"month is {month!r}; write it as '2026-03'.")
        return pd.Timestamp(0)
    period = pd.Period(month, "M")
    if period not in set(months):
        faults.append(f"month is {month}; the delivery covers {have}.")
    return pd.Timestamp(period.start_time)


def _check_places(incidents: Any, hotspots: Any, delivery: Delivery, faults: list[str]) -> None:
    import geopandas as gpd

    try:
        check_incidents(incidents)
    except InputError as error:
        faults += [f"incidents: {fault}" for fault in error.faults]
        return
    if not isinstance(hotspots, gpd.GeoDataFrame):
        faults.append("counting incidents inside hotspots needs hotspots=, the table planned from.")
        return
    if hotspots.crs != incidents.crs:
        faults.append("hotspots and incidents differ in CRS; bring both to one with .to_crs(...).")
    names = set(hotspots.index.astype(str))
    if lacking := [name for name in delivery.hotspots.index if name not in names]:
        faults.append(f"hotspots lack {len(lacking)} of the delivery, as {lacking[0]!r}.")


def _inside(incidents: Any, hotspots: Any, delivery: Delivery) -> pd.Series:
    """Tell which incidents lie in a hotspot of the plan; NaN where the place is not known."""
    import shapely

    names = hotspots.index.astype(str).isin(delivery.hotspots.index)
    shapes = np.asarray(hotspots.geometry.array)[names]
    points = np.asarray(incidents.geometry.array)
    hit, _ = shapely.STRtree(shapes).query(points, predicate="intersects")
    found = np.zeros(len(points))
    found[hit] = 1
    found[shapely.is_missing(points) | shapely.is_empty(points)] = np.nan
    return pd.Series(found, index=incidents.index)


def _of_month(delivery: Delivery, first: pd.Timestamp) -> dict[str, pd.DataFrame]:
    last = first + pd.offsets.MonthEnd(0)
    return {
        name: table[(table["date"] >= first) & (table["date"] <= last)]
        for name in ("dosage", "shifts", "hours", "visits")
        for table in [getattr(delivery, name)]
    }


def _row(
    row: dict[str, Any], asked: list[dict[str, Any]], tables: dict[str, pd.DataFrame],
    incidents: Any, inside: pd.Series | None, known: set[str],
) -> dict[str, Any]:  # fmt: skip
    """Work one row of the return out."""
    measure, lpt = row["measure"], row.get("lpt")
    unit, decimals, _ = MEASURES[measure]
    limits = [str(row[key]) for key in ("kind", "lpt", "category", "where") if key in row]
    value, note = np.nan, ""
    if lpt is not None:
        tables = {name: table[table["lpt"] == lpt] for name, table in tables.items()}
        if tables["shifts"].empty:
            note = f"no LPT {lpt!r} in the plan"
    if note:
        pass
    elif measure == "incidents":
        value, note = _incidents(row, incidents, inside, known)
    elif measure in POWERS:
        if measure in tables["shifts"].columns:
            value = float(tables["shifts"][measure].sum())
        else:
            note = "no log tells"
    elif not (tables["shifts"]["records_share"] > 0).any() and not tables["hours"].size:
        if measure == "planned_visits":
            value = float(len(tables["visits"]))
        else:
            note = "no records"
    else:
        value, note = _delivered(row, asked, tables)
    return {"label": row["label"].strip(), "measure": measure, "of": ", ".join(limits),
            "value": round(value, decimals), "unit": unit, "note": note}  # fmt: skip


def _delivered(
    row: dict[str, Any], asked: list[dict[str, Any]], tables: dict[str, pd.DataFrame]
) -> tuple[float, str]:
    measure, shifts = row["measure"], tables["shifts"]
    if measure in ("officer_hours", "visits"):
        hours = tables["hours"]
        if kind := row.get("kind"):
            named = {r["kind"] for r in asked if r.get("kind", "other") != "other"
                     and r["measure"] == measure}  # fmt: skip
            if kind not in {"other", *TEAM_KINDS, *hours["kind"]}:
                return np.nan, f"no unit of kind {kind!r} was seen"
            hours = hours[~hours["kind"].isin(named)] if kind == "other" else hours[
                hours["kind"] == kind]  # fmt: skip
        return float(hours[measure].sum()), ""
    if measure == "patrol_hours":
        return float(shifts["minutes"].sum() / 60), ""
    if measure == "hotspots_visited":
        dosage = tables["dosage"]
        return float(dosage.loc[dosage["visits"] > 0, "hotspot"].nunique()), ""
    planned, unknown = shifts["planned_visits"].sum(), shifts["unknown"].sum()
    if measure == "planned_visits":
        return float(planned), ""
    if measure == "visits_unknown":
        return float(unknown), ""
    if measure in ("visits_in_time", "compliance"):
        if planned == unknown:
            return np.nan, "no planned visit whose outcome is known"
        note = f"{unknown:,} more not known" if unknown else ""
        done, of = shifts["in_time"].sum(), planned - unknown
        if measure == "visits_in_time":
            return float(done), note
        if of < ENOUGH:
            return np.nan, f"{done:,} of {of:,}, too few for per cent"
        return float(100 * done / of), note
    known = shifts[shifts["units"] > 0]
    return float(100 * known["records_share"].fillna(0).mean()), "mean over shifts"


def _incidents(
    row: dict[str, Any], incidents: Any, inside: pd.Series | None, known: set[str]
) -> tuple[float, str]:
    if incidents is None or inside is None:
        return np.nan, "no incidents given"
    if incidents.empty:
        return np.nan, "no incidents of that month given"
    if row.get("category", "") not in {"", *known}:
        return np.nan, f"no category {row['category']!r} in the incidents"
    kept = np.ones(len(incidents), dtype=bool)
    if "category" in row:
        kept &= (incidents["category"].astype(str) == row["category"]).to_numpy()
    if "lpt" in row:
        if "lpt" not in incidents.columns:
            return np.nan, "the incidents have no LPT"
        kept &= (incidents["lpt"].astype(str) == row["lpt"]).to_numpy()
    if "where" not in row:
        return float(kept.sum()), ""
    lost = int((kept & inside.isna().to_numpy()).sum())
    kept &= (inside == (1.0 if row["where"] == "inside" else 0.0)).to_numpy()
    return float(kept.sum()), f"{lost:,} more have no place" if lost else ""


def _text(
    title: str, first: pd.Timestamp, rows: pd.DataFrame, delivery: Delivery, incidents: Any,
    counted: bool,
) -> str:  # fmt: skip
    """Write the return as a list, and what is missing from it."""
    lines = [f"{title}, {first:%B %Y}:"]
    for row in rows.to_dict("records"):
        shown = "not known"
        if row["value"] == row["value"]:
            shown = f"{row['value']:,.{MEASURES[row['measure']][1]}f}"
            shown += "%" * (row["unit"] == "per cent")
        lines.append(f"- {row['label']}: {shown}{' (' + row['note'] + ')' if row['note'] else ''}")
    days = delivery.dosage["date"]
    days = days[(days >= first) & (days <= first + pd.offsets.MonthEnd(0))]
    if days.nunique() < first.days_in_month:
        lines.append(
            f"It covers {when(days.min(), days.max())} only, {days.nunique()} of the "
            f"{first.days_in_month} days of the month."
        )
    if incidents is not None and counted and "origin" in incidents.columns:
        police = int((incidents["origin"] == "police").sum())
        if police:
            lines.append(f"Incidents of the whole month; {police:,} of all types were found by "
                         "police activity itself.")  # fmt: skip
    lines.append("Hours are by duty day. Nothing is counted by ethnicity: no such record is read.")
    return "\n".join(lines)
