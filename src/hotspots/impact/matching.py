"""Comparison places: alike before the start, and out of reach of the patrols."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import InputError, Result, check_incidents
from ..places import Grid, coordinates, distinct_points
from ..progress import progress_bar
from ._asked import read_day, read_outcomes
from ._matching_words import say
from .candidates import candidate_squares, near_any, overlapping, tally
from .likeness import LONG, Likeness, assign, liken
from .rules import ImpactRules
from .sites import read_polygons
from .spans import cut_periods, middles

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.intp]

LEAST_MONTHS = 12
"""Whole months before the start without which nothing can be matched."""

_KINDS = 5  # kinds of incident named in the balance table
_LIKE, _NEAR = 0.1, 0.25  # of logs; of shares half of it


@dataclass(frozen=True, repr=False)
class Matches(Result):
    """Comparison places for treated ones, as :func:`match_controls` gives them.

    Attributes
    ----------
    control : GeoDataFrame
        The comparison places, index ``place``; ``block`` is the treated place each was matched
        to, ``lpt`` where known, ``distance``. What :func:`estimate_impact` takes as ``control``.
    treated : GeoDataFrame
        The treated places that found one, as given, with their own id as ``block``.
    pairs : DataFrame
        A row per pair: ``hotspot``, ``control``, ``distance`` (0 is alike; of .2 one may think as
        rates 20% apart), ``nearest`` (distance of the nearest of all candidates), and what each
        had in the months the places were chosen for (``treated_incidents``,
        ``control_incidents``). A hotspot that found none has an empty ``control``.
    balance : DataFrame
        A row per trait: ``trait``, ``unit``, its mean over ``treated`` and ``control`` and over
        all ``candidates``, the ``difference`` in standard deviations of both, that of all before
        matching (``unmatched``), and the ``verdict``: alike where rates and areas are within 10%,
        shares within 5 points; near within 25% and 12.5 points; else differs.
    course : DataFrame
        A row per whole month before the start: ``month``, ``chosen`` (whether the places were
        chosen for it), incidents a place in the ``treated`` and the ``control`` places.
    candidates : DataFrame
        What became of every candidate: ``why`` and ``places``.
    said : str
        The text.
    """

    control: gpd.GeoDataFrame
    treated: gpd.GeoDataFrame
    pairs: pd.DataFrame
    balance: pd.DataFrame
    course: pd.DataFrame
    candidates: pd.DataFrame
    said: str

    @property
    def text(self) -> str:
        """How many found a comparison place, how like they are, and what was left out."""
        return self.said


@dataclass(frozen=True)
class _Ground:
    """What is matched: the places with their counts, treated first."""

    treated: gpd.GeoDataFrame
    candidates: gpd.GeoDataFrame
    y: Floats  # (n, M) incidents of the outcome
    kinds: Floats  # (n, C)
    names: list[str]  # of the kinds
    months: pd.DataFrame
    chosen: NDArray[np.bool_]
    alike: Likeness


def match_controls(
    treated: gpd.GeoDataFrame,
    candidates: gpd.GeoDataFrame | Grid | None,
    incidents: gpd.GeoDataFrame,
    *,
    start: str | dt.date,
    each: int = 1,
    exact: Sequence[str] = (),
    caliper: float = 0.5,
    rules: ImpactRules | None = None,
) -> Matches:
    r"""Find comparison places that were like the treated ones before the start.

    Parameters
    ----------
    treated : GeoDataFrame
        Polygons of the places that are or were patrolled.
    candidates : GeoDataFrame or Grid, optional
        Polygons to choose from, such as hotspots nobody patrolled. With a grid, or with None:
        squares as large as the median treated place, wherever there were incidents (within the
        grid, whose LPTs they take).
    incidents : GeoDataFrame
        Every category of the sources in question, for at least 12 whole months before the start.
    start : date
        First day of treatment. Nothing after it is looked at.
    each : int
        Comparison places for each treated one, 1 to 10.
    exact : sequence of str
        Columns of both tables, such as ``"lpt"``, in which pairs must be the same.
    caliper : float
        Largest distance of a pair, over 0 to 5; .5 is a rate some 1.6 times another.
    rules : ImpactRules, optional
        ``buffer_m``: candidates this near a treated place are left out; ``chosen``: the dates the
        treated places were chosen for, taken as the last 12 months when absent; ``outcomes``: the
        first is matched on; ``include_police``.

    Returns
    -------
    Matches

    Raises
    ------
    InputError
        Naming every fault; also when no candidate is left.

    Notes
    -----
    Places are paired by :meth:`hotspots.impact.likeness.Likeness.distance` in the optimal
    assignment without replacement [1]_; of candidates that overlap one is taken. **Levels are
    those of the very months the treated places were chosen for, and of the months before.**
    What was chosen for high counts falls back to its own mean afterwards; a comparison place with
    the same counts in the same months falls back too, one matched on other months does not, and
    the difference looks like an effect [2]_. How much is left is on the page ``impact-controls``.

    References
    ----------
    .. [1] Rosenbaum P. R. (1989) Optimal matching for observational studies. *Journal of the
       American Statistical Association* 84, 1024–1032.
    .. [2] Daw J. R. and Hatfield L. A. (2018) Matching and regression to the mean in
       difference-in-differences analysis. *Health Services Research* 53, 4138–4156.

    Examples
    --------
    >>> import geopandas as gpd, hotspots as hs
    >>> county = hs.make_county(seed=1, months=24)
    >>> spots = county.hotspots.query("treated")
    >>> circles = gpd.points_from_xy(spots["easting"], spots["northing"]).buffer(150)
    >>> treated = gpd.GeoDataFrame(geometry=circles, index=spots.index, crs="EPSG:27700")
    >>> matches = match_controls(treated, None, county.incidents, start="2024-09-01")
    >>> len(matches.pairs), bool((matches.pairs["distance"].dropna() <= 0.5).all())
    (4, True)
    """
    rules = ImpactRules() if rules is None else rules
    bar = progress_bar(total=2, desc="matching places", leave=False, delay=2, disable=None)
    with bar:
        ground, out, notes = _lay(
            treated, candidates, incidents, start, each, exact, caliper, rules
        )
        bar.update()
        distance, row, column, near = _paired(ground, each, exact, caliper)
        bar.update()
    pairs = _pairs(ground, row, column, distance)
    balance = _balance(ground, np.unique(row), row, column)
    control = ground.candidates.iloc[column].copy()
    control["block"] = ground.treated.index[row].astype(str)
    control["distance"] = distance[row, column]
    control.index = pd.Index(_unlike(control.index.astype(str), ground.treated.index.astype(str)),
                             name="place", dtype="str")  # fmt: skip
    kept = ground.treated.iloc[np.unique(row)].copy()
    kept["block"] = kept.index.astype(str)
    course = _course(ground, np.unique(row), column)
    out["matched"] = len(column)
    out["not needed: others are nearer, or overlap"] = near - len(column)
    out["too unlike every hotspot"] = len(ground.candidates) - near
    fate = pd.DataFrame({"why": pd.Series(list(out), dtype="str"), "places": list(out.values())})
    told = {"each": each, "caliper": caliper, "exact": list(exact), "rules": rules, "notes": notes,
            "long": int(ground.y.shape[1]) >= LONG}  # fmt: skip
    said = say(pairs, balance, course, fate, told)
    return Matches(control, kept, pairs, balance, course, fate, said)


def _paired(
    ground: _Ground, each: int, exact: Sequence[str], caliper: float
) -> tuple[Floats, Ints, Ints, int]:
    """Distances, the pairs as rows and columns of them, and how many candidates came near."""
    n = len(ground.treated)
    distance = ground.alike.distance(np.arange(n), np.arange(n, len(ground.y)))
    allowed = distance <= caliper
    for name in exact:
        a, b = ground.treated[name], ground.candidates[name]
        same = a.astype(str).to_numpy()[:, None] == b.astype(str).to_numpy()
        allowed &= same & a.notna().to_numpy()[:, None]  # of what is not known nothing is the same
    near = np.flatnonzero(allowed.any(axis=0))
    shapes = np.asarray(ground.candidates.geometry.array)
    row, found = assign(distance[:, near], allowed[:, near], each, overlapping(shapes[near]))
    return distance, row, near[found], len(near)


def _lay(
    treated: Any, candidates: Any, incidents: Any, start: Any, each: Any, exact: Any, caliper: Any,
    rules: Any,
) -> tuple[_Ground, dict[str, int], list[str]]:  # fmt: skip
    """Check everything given, count, and leave out the candidates that cannot serve."""
    faults: list[str] = []
    try:
        check_incidents(incidents)
    except InputError as error:
        faults += [f"{error.what}: {fault}" for fault in error.faults]
    sound = not faults
    first = read_day(start, "start", faults)
    if start is None:
        faults.append("start is missing; give the first day of treatment, as '2025-04-01'.")
    faults += _number_faults(each, exact, caliper)
    if not isinstance(rules, ImpactRules):
        faults.append(f"rules is of type {type(rules).__name__}; give ImpactRules(...).")
        raise InputError("match_controls", faults)
    crs = incidents.crs if sound else None
    mine = read_polygons(treated, "treated", crs, faults)
    theirs = candidates
    if candidates is not None and not isinstance(candidates, Grid):
        theirs = read_polygons(candidates, "candidates", crs, faults)
    outcomes = read_outcomes(incidents, rules, faults) if sound else {}
    if crs is not None and isinstance(candidates, Grid) and candidates.crs != crs:
        faults.append(f"the grid's CRS is {candidates.crs.name!r}, that of the incidents "
                      f"{crs.name!r}; make both the same.")  # fmt: skip
    if faults or mine is None or first is None or (theirs is None and candidates is not None):
        raise InputError("match_controls", faults)
    notes: list[str] = []
    months, code = _months(incidents, first, faults)
    if faults:
        raise InputError("match_controls", faults)
    xy = coordinates(incidents)
    counts = ~np.isnan(xy[:, 0])
    police = np.zeros(len(incidents), dtype=bool)
    if "origin" in incidents.columns and not rules.include_police:
        police = (incidents["origin"] == "police").to_numpy(dtype=bool, na_value=False)
    if (police & counts & (code >= 0)).any():
        police = police & counts
        notes.append(f"{int((police & (code >= 0)).sum()):,} incidents found by police activity "
                     "were not counted (include_police=True counts them)")  # fmt: skip
        counts &= ~police
    if (lost := int((np.isnan(xy[:, 0]) & (code >= 0)).sum())) > 0:
        notes.append(f"{lost:,} incidents without a point were not counted")
    counts &= code >= 0
    points, place = distinct_points(xy[counts])
    if candidates is None or isinstance(candidates, Grid):
        theirs = candidate_squares(points, float(np.median(mine.area)) / 1e6, crs, candidates)
    mine, theirs = _in_order(mine), _in_order(theirs)
    if faults := [f"exact names {c!r}, which {what} has not; columns: {', '.join(frame.columns)}."
                  for c in exact for what, frame in (("treated", mine), ("candidates", theirs))
                  if c not in frame.columns]:  # fmt: skip
        raise InputError("match_controls", faults)
    out, theirs = _apart(mine, theirs, rules.buffer_m)
    if len(theirs) == 0:
        raise InputError("match_controls", [
            f"no candidate is left: all lie on a treated place or within {rules.buffer_m:g} m of "
            "one; give others, or a smaller buffer_m in the rules."
        ])  # fmt: skip
    shapes = np.concatenate([np.asarray(f.geometry.array, dtype=object) for f in (mine, theirs)])
    categories = next(iter(outcomes.values()))
    wanted = np.ones(len(incidents), dtype=bool)
    if categories is not None:
        wanted = incidents["category"].isin(categories).to_numpy(dtype=bool)
    month, seen = code[counts], wanted[counts]
    y = tally(shapes, points, place, np.where(seen, month, -1), len(months))
    if y[: len(mine)].sum() == 0:
        raise InputError("match_controls", [
            f"no incident lies in any treated place in the {len(months)} whole months before the "
            "start; check the places, the outcome and the CRS."
        ])  # fmt: skip
    kind, names = pd.factorize(incidents["category"].astype(object)[counts], sort=True)
    kinds = tally(shapes, points, place, kind, len(names))
    chosen = _chosen(months, rules, notes)
    number = (months["start"].to_numpy().astype("datetime64[M]")).astype(np.int64).astype(float)
    alike = liken(y, kinds, chosen, months["days"].to_numpy(dtype=float), number)
    ground = _Ground(mine, theirs, y, kinds, [str(n) for n in names], months, chosen, alike)
    return ground, out, notes


def _number_faults(each: Any, exact: Any, caliper: Any) -> list[str]:
    faults = []
    if isinstance(each, bool) or not isinstance(each, int | np.integer) or not 1 <= each <= 10:
        faults.append(f"each is {each!r}; it must be a whole number from 1 to 10.")
    number = isinstance(caliper, int | float | np.number) and not isinstance(caliper, bool)
    if not number or not 0 < caliper <= 5:
        faults.append(f"caliper is {caliper!r}; it must be over 0 and at most 5 (log rates).")
    if isinstance(exact, str) or not isinstance(exact, Sequence):
        faults.append(f"exact is {exact!r}; it takes a list of columns, as ['lpt'].")
    return faults


def _months(
    incidents: gpd.GeoDataFrame, first: pd.Timestamp, faults: list[str]
) -> tuple[pd.DataFrame, Ints]:
    """Whole months before the start, and which of them each incident belongs to (-1: none)."""
    nothing = np.full(len(incidents), -1, dtype=np.intp)
    if len(incidents) == 0:
        faults.append("there are no incidents; give the records of before the start.")
        return pd.DataFrame(), nothing
    middle = middles(incidents)
    every = cut_periods(incidents, middle, "MS", first, None)
    months = every[every["complete"] & ~every["after"]].reset_index(drop=True)
    if len(months) < LEAST_MONTHS:
        faults.append(f"only {len(months)} whole months before {first:%Y-%m-%d} are recorded; "
                      f"matching needs {LEAST_MONTHS}: give older records.")  # fmt: skip
        return months, nothing
    edges = months["start"].to_numpy().astype("datetime64[s]")
    at = np.searchsorted(edges, middle, side="right") - 1
    ends = months["end"].to_numpy().astype("datetime64[s]")
    inside = (at >= 0) & (middle < ends[np.maximum(at, 0)])
    return months, np.where(inside, at, -1)


def _chosen(months: pd.DataFrame, rules: ImpactRules, notes: list[str]) -> NDArray[np.bool_]:
    """Tell the months the places were chosen for, in which they must be alike above all."""
    last = np.arange(len(months)) >= len(months) - 12
    if rules.span is None:
        notes.append("the months the hotspots were chosen for are not known (chosen= in the "
                     "rules): the last 12 before the start are taken for them")  # fmt: skip
        return last
    first, end = (day.to_datetime64().astype("datetime64[s]") for day in rules.span)
    inside = (months["end"].to_numpy() > first) & (months["start"].to_numpy() <= end)
    if not inside.any():
        notes.append("none of the whole months before the start lies in the dates of chosen: the "
                     "last 12 are taken for them")  # fmt: skip
        return last
    return np.asarray(inside, dtype=bool)


def _in_order(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Rows by id, so that their order in the file does not matter."""
    return frame.iloc[np.argsort(frame.index.astype(str).to_numpy(dtype=object), kind="stable")]


def _apart(
    mine: gpd.GeoDataFrame, theirs: gpd.GeoDataFrame, buffer_m: float
) -> tuple[dict[str, int], gpd.GeoDataFrame]:
    """Leave out candidates on or next to a treated place."""
    shapes, treated = (np.asarray(f.geometry.array) for f in (theirs, mine))
    on, near = near_any(shapes, treated, 0.0), near_any(shapes, treated, buffer_m)
    out = {"on a treated place": int(on.sum()),
           f"within {buffer_m:g} m of a treated place": int((near & ~on).sum())}  # fmt: skip
    return out, theirs[~near]


def _unlike(ids: pd.Index, taken: pd.Index) -> list[str]:
    """Ids of comparison places that no treated place has."""
    return [f"control {one}" if one in taken else one for one in ids]


def _pairs(ground: _Ground, row: Ints, column: Ints, distance: Floats) -> pd.DataFrame:
    n = len(ground.treated)
    held = ground.y[:, ground.chosen].sum(axis=1)
    alone = np.setdiff1d(np.arange(n), row)  # found none at all
    every = np.r_[row, alone].astype(np.intp)
    empty = np.full(len(alone), np.nan)
    ids = _unlike(ground.candidates.index.astype(str), ground.treated.index.astype(str))
    table = pd.DataFrame({
        "hotspot": ground.treated.index.astype(str).to_numpy(dtype=object)[every],
        "control": [ids[c] for c in column] + [""] * len(alone),
        "distance": np.r_[distance[row, column], empty],
        "nearest": distance[every].min(axis=1),
        "treated_incidents": held[every].astype(np.int64),
        "control_incidents": np.r_[held[n + column], empty],
    })  # fmt: skip
    return table.astype({"hotspot": "str", "control": "str"})


def _course(ground: _Ground, rows: Ints, column: Ints) -> pd.DataFrame:
    n = len(ground.treated)
    months = ground.months
    return pd.DataFrame({
        "month": months["start"].to_numpy(), "chosen": ground.chosen,
        "treated": ground.y[rows].mean(axis=0) if len(rows) else np.nan,
        "control": ground.y[n + column].mean(axis=0) if len(column) else np.nan,
    })  # fmt: skip


def _balance(ground: _Ground, rows: Ints, row: Ints, column: Ints) -> pd.DataFrame:
    """Traits of the matched treated places, of their comparison places and of all candidates."""
    n = len(ground.treated)
    weight = 1 / np.bincount(row, minlength=n)[row] if len(row) else np.zeros(0)
    told = []
    for trait, unit, value in _traits(ground):
        a, b, every = value[rows], value[n + column], value[n:]
        mean = float((b * weight).sum() / weight.sum()) if len(b) else np.nan
        first = float(a.mean()) if len(a) else np.nan
        spread = np.nan
        if n > 1 and len(every) > 1:
            both = float(np.sqrt((value[:n].var(ddof=1) + every.var(ddof=1)) / 2))
            spread = both if both > 1e-12 else np.nan
        told.append({
            "trait": trait, "unit": unit, "treated": first, "control": mean,
            "candidates": float(every.mean()), "difference": (first - mean) / spread,
            "unmatched": (float(value[:n].mean()) - float(every.mean())) / spread,
            "verdict": _verdict(first, mean, unit),
        })  # fmt: skip
    return pd.DataFrame(told).astype({"trait": "str", "unit": "str", "verdict": "str"})


def _traits(ground: _Ground) -> list[tuple[str, str, Floats]]:
    """Traits of every place: name, unit and values."""
    n, alike, chosen = len(ground.treated), ground.alike, ground.chosen
    rate = ground.y * 30.4375 / ground.months["days"].to_numpy(dtype=float)
    told = [("incidents a month, months chosen for", "incidents", rate[:, chosen].mean(axis=1))]
    if (~chosen).any():
        told.append(("incidents a month, other months", "incidents", rate[:, ~chosen].mean(axis=1)))
    if ground.y.shape[1] >= LONG:
        told += [
            ("trend beside all places", "log a year", alike.trend),
            ("season beside all places, January over July", "log", 2 * alike.season[:, 0]),
        ]
    share = ground.kinds / np.maximum(ground.kinds.sum(axis=1, keepdims=True), 1)
    if len(ground.names) > 1:
        often = np.argsort(-ground.kinds[:n].sum(axis=0), kind="stable")[:_KINDS]
        told += [(f"share: {ground.names[at]}", "0 to 1", share[:, at]) for at in often]
    areas = [np.asarray(f.area, dtype=float) for f in (ground.treated, ground.candidates)]
    return [*told, ("area", "km²", np.concatenate(areas) / 1e6)]


def _verdict(treated: float, control: float, unit: str) -> str:
    """Say how near two means are, on the scale on which they matter: a rate by its ratio."""
    apart = abs(treated - control)
    if unit in ("incidents", "km²"):
        least = min(treated, control)
        apart = abs(np.log(treated / control)) if least > 0 else np.inf if apart > 0 else apart
    elif unit == "0 to 1":
        apart *= 2
    if np.isnan(apart):
        return "cannot tell"
    return "alike" if apart <= _LIKE else "near" if apart <= _NEAR else "differs"
