"""Adding up: every incident to its place or ring, its period, its outcome and its kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import InputError, precision_codes
from ..places import coordinates, distinct_points
from ..support import Support, support_of
from ._treatment import cells, redrawn, treatment
from .recording import Rest, check_recording
from .rings import EDGE_M, NOWHERE, SHARED, find_reach, ring_areas
from .spans import LONGEST, NAMES, cut_periods

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from ._asked import Asked
    from .rings import Reach
    from .rules import ImpactRules

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

UNLOCATED = -3  # in the row of the place: no point
FATES = ["counted", "found_by_police", "other_category", "other_time", "not_a_place"]
BANDS = ("00:00 to 06:00", "06:00 to 12:00", "12:00 to 18:00", "18:00 to 24:00")
MOST_KINDS = 20
"""Types told one by one; rarer ones are told together."""

REST = "other types"


@dataclass(frozen=True)
class Facts:
    """What the words need beside the counts.

    Attributes
    ----------
    total, wide, police, shared, edge, harmless : int
        Incidents given; in or about the places: those that span more than a period, those found
        by police, those in rings of two sides, those inside near an edge, those without harm.
    near, snapped : int, bool
        Incidents inside the places; whether points were probably snapped.
    away : list of str
        Places outside of all records.
    """

    total: int
    wide: int
    police: int
    shared: int
    edge: int
    harmless: int
    near: int
    snapped: bool
    away: list[str]


@dataclass(frozen=True)
class _Ground:
    """Where each incident lies: row of its place and ring, whether near an edge, the support."""

    inside: Ints
    ring: Ints
    edge: Bools
    support: Support
    bounds: Floats


def tally(
    incidents: gpd.GeoDataFrame, asked: Asked, rules: ImpactRules
) -> tuple[dict[str, Any], Facts]:
    """Count, and account for every incident.

    Parameters
    ----------
    incidents : GeoDataFrame
    asked : Asked
    rules : ImpactRules

    Returns
    -------
    fields : dict
        Of ``PlaceCounts``, all but its text.
    facts : Facts
    """
    places = asked.sites.places
    ground = _locate(incidents, asked, rules.buffer_m)
    some = np.flatnonzero((ground.inside >= 0) | (ground.ring >= 0))
    close = np.zeros(len(incidents), dtype=bool)
    close[some] = True
    periods = cut_periods(
        incidents, asked.middle, asked.period, asked.start, asked.end,
        only_after=asked.crossover, near=close,
    )  # fmt: skip
    _check_whole(periods, asked)
    treat, told = treatment(asked, periods)
    whole = periods["complete"].to_numpy()
    used = told & whole
    if not (used & periods["after"].to_numpy()).any():
        raise InputError("count_places", [
            f"no {NAMES[asked.period]} after {asked.start:%Y-%m-%d} has every place treated for "
            "the whole of it or not at all, so none can be used; count by weeks (period='W')."
        ])  # fmt: skip
    edges = np.append(periods["start"].to_numpy(), periods["end"].to_numpy()[-1:])
    at = np.searchsorted(edges.astype("datetime64[s]"), asked.middle, side="right") - 1
    at[at >= len(periods)] = -1
    police = found_by_police(incidents)
    left_out = police & (not rules.include_police)
    category, names = categories_of(incidents)
    member = np.stack([
        np.ones(len(names), bool) if some_ is None else np.isin(names, some_)
        for some_ in asked.outcomes.values()
    ])  # fmt: skip

    add = _Adder(ground.inside[some], ground.ring[some], at[some], len(places), whole)
    keep, of = ~left_out[some], category[some]
    harm, harmless = _harm(incidents, some, rules)
    kinds, kind = _kinds(incidents, some, keep & (at[some] >= 0), of, names, asked)
    fields: dict[str, Any] = {
        "y": np.stack([add.places(keep & one[of]) for one in member]),
        "ring_y": np.stack([add.rings(keep & one[of]) for one in member]),
        "harm_y": None if harm is None else
        np.stack([add.places(keep & one[of], harm) for one in member]),
        "police_y": add.places(police[some]),
        "kinds": kinds,
        "kind_y": np.array([[part(keep & one) for part in (add.places, add.rings)]
                            for one in kind]).reshape(len(kinds), 2, len(places), len(periods)),
    }  # fmt: skip
    chosen = np.zeros(len(periods), dtype=bool)
    if rules.span is not None:
        low, high = rules.span
        chosen = ((periods["start"] <= high) & (periods["end"] > low)).to_numpy()
    last = periods.loc[whole, "end"].max() - pd.Timedelta(days=1)
    in_place = ground.inside >= 0
    fields |= {
        "places": places.assign(
            ring_km2=ring_areas(places.geometry, rules.buffer_m, asked.sites.group),
            incidents=np.bincount(ground.inside[in_place], minlength=len(places)),
        ),
        "periods": periods, "outcomes": tuple(asked.outcomes), "treat": treat, "used": used,
        "cell": cells(asked, periods), "block": asked.sites.block, "chosen": chosen,
        "redraw": redrawn(asked, periods), "period": asked.period, "start": asked.start,
        "design": "" if asked.design is None else str(asked.design.design),
        "end": last if asked.end is None else asked.end,
        "accounts": _accounts(
            places["arm"].to_numpy(), ground, left_out, np.any(member, axis=0)[category], at, used
        ),
        "recording": check_recording(
            _rest(ground, at, left_out, police, category, names, places, len(periods)), periods,
            asked, "origin" in incidents.columns, _edges(ground, at, used, left_out),
        ),
    }  # fmt: skip
    span = incidents["occurred_to"] - incidents["occurred_from"]
    wide = (span.to_numpy() > np.timedelta64(LONGEST[asked.period], "D")) & close & (at >= 0)
    facts = Facts(
        len(incidents), int(wide.sum()), int((left_out & close).sum()),
        int((ground.ring == SHARED).sum()), int((ground.edge & in_place).sum()), harmless,
        int(in_place.sum()), ground.support.snapped, _away(places, ground),
    )  # fmt: skip
    return fields, facts


class _Adder:
    """Adds incidents in or about the places up to (n, T), NaN in periods without whole records."""

    def __init__(self, inside: Ints, ring: Ints, at: Ints, n: int, whole: Bools) -> None:
        self.inside, self.ring, self.at, self.n, self.whole = inside, ring, at, n, whole

    def places(self, keep: Bools, weight: Floats | None = None) -> Floats:
        return self._add(self.inside, keep, weight)

    def rings(self, keep: Bools) -> Floats:
        return self._add(self.ring, keep, None)

    def _add(self, row: Ints, keep: Bools, weight: Floats | None) -> Floats:
        some, count = keep & (row >= 0) & (self.at >= 0), len(self.whole)
        each = np.bincount(
            row[some] * count + self.at[some], None if weight is None else weight[some],
            minlength=self.n * count,
        )  # fmt: skip
        found: Floats = np.where(self.whole, each.reshape(self.n, count).astype(float), np.nan)
        return found


def _locate(incidents: gpd.GeoDataFrame, asked: Asked, buffer_m: float) -> _Ground:
    xy = coordinates(incidents)
    known = np.flatnonzero(~np.isnan(xy[:, 0]))
    points, point = distinct_points(xy[known])
    reach: Reach = find_reach(points, asked.sites.places.geometry, buffer_m, asked.sites.group)
    inside = np.full(len(incidents), UNLOCATED, dtype=np.int64)
    ring = np.full(len(incidents), NOWHERE, dtype=np.int64)
    edge = np.zeros(len(incidents), dtype=bool)
    inside[known], ring[known] = reach.inside[point], reach.ring[point]
    edge[known] = reach.edge_m[point] <= EDGE_M
    support = support_of(incidents, points, np.bincount(point, minlength=len(points)))
    bounds = np.array([*points.min(axis=0), *points.max(axis=0)]) if len(points) else np.zeros(4)
    return _Ground(inside, ring, edge, support, bounds)


def _check_whole(periods: pd.DataFrame, asked: Asked) -> None:
    """Refuse where no whole period lies before, or after."""
    low, high = pd.Timestamp(asked.middle.min()), pd.Timestamp(asked.middle.max())
    span = f"the records run from {low:%Y-%m-%d} to {high:%Y-%m-%d}"
    good, faults = periods["complete"], []
    sides = [("after", good & periods["after"])]
    if not asked.crossover:
        sides.insert(0, ("before", good & ~periods["after"]))
    for side, which in sides:
        if not which.any():
            dated = asked.end is not None and side == "after"
            until = f" and end {asked.end:%Y-%m-%d}" if dated else ""
            faults.append(
                f"start is {asked.start:%Y-%m-%d}{until}, and no period {side} it is wholly "
                f"recorded ({span}); give records from {side} it."
            )
    if faults:
        raise InputError("count_places", faults)


def found_by_police(incidents: pd.DataFrame) -> Bools:
    """Tell which incidents police activity found; none where the records do not say.

    Parameters
    ----------
    incidents : DataFrame, n rows

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    if "origin" not in incidents.columns:
        return np.zeros(len(incidents), dtype=bool)
    found: Bools = (incidents["origin"] == "police").fillna(False).to_numpy(dtype=bool)
    return found


def categories_of(incidents: pd.DataFrame) -> tuple[Ints, NDArray[Any]]:
    """Code of each incident's category, and the categories in order.

    Parameters
    ----------
    incidents : DataFrame, n rows

    Returns
    -------
    codes : ndarray of int, shape (n,)
    names : ndarray of str
    """
    codes, names = pd.factorize(incidents["category"].astype(object), sort=True)
    return codes.astype(np.int64), np.array([str(name) for name in names], dtype=object)


def _harm(
    incidents: pd.DataFrame, some: NDArray[np.intp], rules: ImpactRules
) -> tuple[Floats | None, int]:
    """Harm of the incidents in or about the places, 0 where not known, and how many those are."""
    if not rules.harm or "harm" not in incidents.columns:
        return None, 0
    harm = incidents["harm"].to_numpy(dtype=float, na_value=np.nan)[some]
    if (wrong := (harm < 0) | np.isinf(harm)).any():
        many = int(wrong.sum())
        raise InputError("incidents", [f"harm is {harm[wrong][0]:g} in {many:,} rows; days of "
                                       "sentence are finite and 0 or more."])  # fmt: skip
    if len(harm) and np.isnan(harm).all():
        return None, 0
    return np.nan_to_num(harm), int(np.isnan(harm).sum())


def _kinds(
    incidents: pd.DataFrame, some: NDArray[np.intp], keep: Bools, of: Ints, names: NDArray[Any],
    asked: Asked,
) -> tuple[pd.DataFrame, Bools]:  # fmt: skip
    """Types, and hours of the day where the records have them; which incidents are of which."""
    each = np.bincount(of[keep], minlength=len(names))
    common = np.sort(np.argsort(-each, kind="stable")[:MOST_KINDS])
    common = common[each[common] > 0]
    rows = [("type", str(names[code])) for code in common]
    which = [of == code for code in common]
    if (rest := keep & ~np.isin(of, common)).any():
        rows.append(("type", REST))
        which.append(rest)
    exact = precision_codes(incidents.iloc[some]) == 0
    if keep.any() and exact[keep].mean() >= 0.5:
        moment = asked.middle[some]
        hour = (moment - moment.astype("datetime64[D]")).astype("timedelta64[h]").astype(np.int64)
        for number, band in enumerate(BANDS):
            rows.append(("hour", band))
            which.append(exact & (hour // 6 == number))
        if (~exact & keep).any():
            rows.append(("hour", "hour not known"))
            which.append(~exact)
    table = pd.DataFrame(rows, columns=["by", "kind"], dtype="str")
    return table, np.array(which, dtype=bool).reshape(len(rows), len(some))


def _accounts(
    arm: NDArray[Any], ground: _Ground, left_out: Bools, member: Bools, at: Ints, used: Bools
) -> pd.DataFrame:
    """Account for every incident: where it lies, and whether and why not it is counted."""
    arms = list(dict.fromkeys(arm))
    code = np.array([arms.index(one) for one in arm], dtype=np.int64)
    inside, ring = ground.inside, ground.ring
    row = np.where(inside >= 0, inside, ring)
    some = row >= 0
    called = [f"{one} place" if one in ("treated", "control") else "place" for one in arms]
    names = [f"inside a {one}" for one in called] + [f"ring of a {one}" for one in called]
    names += ["ring shared by places that are compared", "elsewhere", "no place known"]
    last = len(names) - 1
    where = np.full(len(row), last - 1)
    where[inside == UNLOCATED] = last
    where[ring == SHARED] = last - 2
    where[some] = code[row[some]] + np.where(inside[some] >= 0, 0, len(arms))
    fate = np.full(len(row), FATES.index("not_a_place"))
    in_time = at[some] >= 0
    in_time[in_time] = used[row[some][in_time], at[some][in_time]]
    fate[some] = np.select([left_out[some], ~member[some], ~in_time], [1, 2, 3], 0)
    held = np.bincount(where * len(FATES) + fate, minlength=len(names) * len(FATES))
    table = pd.DataFrame(held.reshape(len(names), -1), columns=FATES)
    table.insert(0, "incidents", table.sum(axis=1))
    table.insert(0, "where", pd.Series(names, dtype="str"))
    return table[table["incidents"] > 0].reset_index(drop=True)


def _rest(
    ground: _Ground, at: Ints, left_out: Bools, police: Bools, category: Ints,
    names: NDArray[Any], places: pd.DataFrame, count: int,
) -> Rest:  # fmt: skip
    """Count by period what lies in no place or ring, and who found what lies inside."""
    timed = at >= 0
    elsewhere = timed & (ground.inside == NOWHERE) & (ground.ring == NOWHERE) & ~left_out
    key = category[elsewhere] * count + at[elsewhere]
    rest = np.bincount(key, minlength=len(names) * count).reshape(len(names), count)
    lost = np.bincount(at[timed & (ground.inside == UNLOCATED)], minlength=count)
    every = np.bincount(at[timed], minlength=count)
    arms = list(dict.fromkeys(places["arm"]))
    code = np.array([arms.index(one) for one in places["arm"]], dtype=np.int64)
    here = timed & (ground.inside >= 0)
    arm = code[ground.inside[here]]
    both = [
        np.bincount(arm[which] * count + at[here][which], minlength=len(arms) * count)
        .reshape(len(arms), count)
        for which in (np.ones(len(arm), dtype=bool), police[here])
    ]  # fmt: skip
    return Rest(names, rest.astype(float), lost, every, tuple(arms), both[0], both[1])


def _edges(ground: _Ground, at: Ints, used: Bools, left_out: Bools) -> tuple[int, int, int, bool]:
    """Count inside, of these near an edge, and as near outside; say if points are snapped."""
    here = np.flatnonzero((ground.inside >= 0) & (at >= 0) & ~left_out)
    here = here[used[ground.inside[here], at[here]]]
    beyond = ground.edge & (ground.inside == NOWHERE) & (at >= 0) & ~left_out
    return (len(here), int(ground.edge[here].sum()), int(beyond.sum()), ground.support.snapped)


def _away(places: gpd.GeoDataFrame, ground: _Ground) -> list[str]:
    """Places beyond the box that holds every incident: of another force, or mistaken."""
    if ground.support.located == 0:
        raise InputError("count_places", ["no incident has a known place; give records with "
                                          "points."])  # fmt: skip
    boxes = places.geometry.bounds.to_numpy()
    west, south, east, north = ground.bounds
    beyond = (boxes[:, 0] > east) | (boxes[:, 2] < west)
    beyond |= (boxes[:, 1] > north) | (boxes[:, 3] < south)
    arm = places["arm"].to_numpy()
    if gone := [one for one in dict.fromkeys(arm) if beyond[arm == one].all()]:
        raise InputError("count_places", [
            f"every {one} place lies outside of all incidents (which span easting {west:,.0f} to "
            f"{east:,.0f}, northing {south:,.0f} to {north:,.0f}); check the CRS and the records."
            for one in gone
        ])  # fmt: skip
    return [str(name) for name in places.index[beyond]]
