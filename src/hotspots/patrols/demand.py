"""What the plan is to meet: the need of each hotspot, hour by hour of the week."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..contracts import Result
from ..places import assign_lpt, coordinates
from ..support import data_support
from ._demand_inputs import check_given, check_hotspots
from ._demand_words import demand_text
from ._evidence import (
    SINGLE_FROM,
    SINGLE_SHARE,
    Inside,
    find_inside,
    found_by_police,
    gather_evidence,
    largest_locations,
    most_frequent,
    tiers,
    weigh,
)
from ._hours import Hours, learn_hours
from ._peaks import hour_tables
from .priorities import add_points, plain_place
from .rules import PatrolRules

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_NO_INCIDENTS = "no incidents were given, and hotspots alone tell no hour"


@dataclass(frozen=True, repr=False)
class Demand(Result):
    """The need of each hotspot by hour of the week, as :func:`patrol_demand` gives it.

    Attributes
    ----------
    hotspots : GeoDataFrame
        As given.
    need : DataFrame
        Index ``hotspot``: ``lpt``, ``name``, ``category`` (its most frequent), ``incidents``,
        ``harm`` (days), ``expected`` (what counts for the incidents: they, or what heat stands for
        where there is none), ``evidence_from`` (incidents given, hotspots table or heat),
        ``share_count``, ``share_harm``, ``class_``, ``class_weight``, ``evidence_need`` (adds up
        to 1), ``priority_points`` (share of all need that community priorities make up),
        ``need`` (adds up to 1), ``tier``, ``evidence_tier``, ``largest_place``,
        ``largest_share`` (of its incidents at one location), ``route`` (patrol or problem
        solving) and ``worth``, what a plan covers: the need, 0 for problem solving.
    hours : DataFrame
        168 rows per hotspot: ``hotspot``, ``hour_of_week`` (0 is Monday 00:00), ``intensity`` of
        the need (mean 1 over the week) with its 95% interval ``low`` to ``high``, and
        ``incidents`` (its own, spread over their spans).
    peaks : DataFrame
        Index ``hotspot``: ``peak``, the four hours of the day with most need ("18:00 to 22:00"),
        ``start_hour``, ``hours``, ``share`` of its incidents expected in it with ``low`` and
        ``high`` (95%), ``days`` (those that hold more than their seventh beyond doubt),
        ``incidents`` (its own that tell an hour), ``own_weight`` (of its own hours, 0 to 1) and
        ``from`` (own, own and LPT, LPT, none).
    priorities : DataFrame
        The priorities as applied: their columns, the ``hotspots`` they touched, ``points`` (share
        of all need) and ``status`` (applied, capped, expired, not yet, no hotspot there).
    sensitivity : DataFrame
        Index ``hotspot``: ``police_incidents``, need and rank without and with police-generated
        records; NaN where no incidents were given.
    levels : DataFrame
        How far each ``level`` of the hours is drawn to the one before, by ``part`` (clock of the
        day, days of the week, single hours): its ``incidents``, the share ``kept`` of what it is
        lent (the rest is flat), ``strength`` (incidents that counts for), ``gain`` over the level
        before and ``gain_over_flat`` in weeks held out (nats per incident) with the latter's
        standard ``error``. Empty where hours are not known.
    on : Timestamp
        Day from which the plan runs.
    hours_known : bool
        Whether hours of the day are supported; if not, every intensity is 1.
    why_flat : str
        Why they are not; else empty.
    said : str
        The paragraph that ``text`` returns.
    """

    hotspots: gpd.GeoDataFrame
    need: pd.DataFrame
    hours: pd.DataFrame
    peaks: pd.DataFrame
    priorities: pd.DataFrame
    sensitivity: pd.DataFrame
    levels: pd.DataFrame
    on: pd.Timestamp
    hours_known: bool
    why_flat: str
    said: str

    @property
    def intensity(self) -> Floats:
        """Intensity by hotspot and hour of the week, shape (hotspots, 168), mean 1."""
        found: Floats = self.hours["intensity"].to_numpy().reshape(len(self.need), 168)
        return found

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Every table but the hotspots, which are those that were given."""
        return {name: table for name, table in super().tables.items() if name != "hotspots"}

    @property
    def text(self) -> str:
        """Where the need is, when, and what it rests on."""
        return self.said


def patrol_demand(
    hotspots: gpd.GeoDataFrame,
    incidents: gpd.GeoDataFrame | None = None,
    *,
    lpts: gpd.GeoDataFrame | None = None,
    priorities: pd.DataFrame | None = None,
    rules: PatrolRules | None = None,
    on: str | dt.date | None = None,
    include_police: bool = False,
) -> Demand:
    r"""Weigh hotspots by count, harm, class and community priorities, and learn their hours.

    Parameters
    ----------
    hotspots : GeoDataFrame
        ``contracts.HOTSPOTS``, from any detector or drawn by hand; they may overlap.
    incidents : GeoDataFrame, optional
        ``contracts.INCIDENTS``: those that patrols are meant for. Counted by hotspot during its
        period; hours are learned from all of them. Without, the figures of the hotspots count and
        the need is the same at every hour.
    lpts : GeoDataFrame, optional
        ``contracts.LPTS``, to place incidents that have no ``lpt``.
    priorities : DataFrame, optional
        ``contracts.PRIORITIES``, as from :func:`read_priorities`.
    rules : PatrolRules, optional
        ``count_weight``, ``class_weights`` and ``priority_share`` are used.
    on : str or date, optional
        First day of the plan, as ``"2026-03-02"``. Incidents from then on are left out, and
        priorities that expired before do not count. The day after the last incident when absent,
        or the end of the hotspots' period.
    include_police : bool
        Whether police-generated incidents count. They show where the police were; ``sensitivity``
        holds both answers.

    Returns
    -------
    Demand

    Raises
    ------
    InputError
        Naming every fault of every table at once.

    Notes
    -----
    Evidence is :math:`e_h \propto c_h^{w} m_h^{1-w} k_h` with the incidents :math:`c`, their harm
    :math:`m`, the factor of the class :math:`k` and ``count_weight`` :math:`w`; without harm
    beyond the counts, :math:`c_h k_h`. Priorities add points: weight 1 is what an average hotspot
    of the LPT has by evidence, spread over those touched, and the points are at most
    ``priority_share`` of the need of any LPT and of the force. They move no hotspot out of tier A
    that evidence put there. A hotspot in which at least half of the incidents, and 10, lie at one
    location is for problem solving there and not for patrol; snapped points never say so.

    Hours are learned along a chain of profiles: flat, all types, each type, each type with every
    day its own, each type in each LPT (mixed as in the hotspot), the hotspot itself. Each keeps
    the one before it but for the clock of the day, and then the days of the week, whose shares
    become :math:`(n + s q) / (N + s)`: drawn towards those before, :math:`q`, which count as
    :math:`s` incidents. The strength of each step is the one that foretells weeks held out best
    (five parts of the weeks in turn). So a hotspot of few incidents has the hours of its LPT and
    types, one of many its own. What hotspots are lent may be flattened, for they may be of another
    kind than their LPT; and where the need weighs harm, it weighs their types of incident as the
    need does, so that the hours are those of what makes the hotspot matter. Where the hours
    foretell weeks held out no better than none by two standard errors, they are called unknown.
    Intervals are beta quantiles of a share worth that many incidents; a peak is told where its
    share is above an even spread's for the best of six windows.

    References
    ----------
    Efron B. and Morris C. (1975) Data analysis using Stein's estimator and its generalizations.
    *Journal of the American Statistical Association* 70, 311–319.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=6)
    >>> asb = county.incidents.query(
    ...     "category == 'Anti-social behaviour' and origin != 'police'")
    >>> grid = hs.Grid.over(county.lpts, size=200)
    >>> demand = hs.patrol_demand(hs.Counts().fit(asb).hotspots(grid, top_k=5), asb)
    >>> demand.hours_known, round(float(demand.need["need"].sum()), 6)
    (True, 1.0)
    """
    rules = PatrolRules() if rules is None else rules
    given, wanted, first = check_given(
        hotspots, incidents, lpts, priorities, rules, on, include_police
    )
    hotspots = check_hotspots(hotspots)
    late = 0
    if given is not None:
        early = (given["occurred_from"] < first).to_numpy()
        late, given = int((~early).sum()), given[early]
    inside = find_inside(hotspots, given) if given is not None else None
    evidence = gather_evidence(hotspots, given, inside, include_police)
    need = weigh(evidence, hotspots, rules.count_weight, rules.class_weights)
    need.index = hotspots.index.astype("str").rename("hotspot")
    mine = _mine(given, inside, include_police)
    need = _describe(need, hotspots, given, mine)
    streets = _streets(need["name"], given, mine) if wanted is not None else []
    points, applied = add_points(wanted, need, hotspots, streets, rules.priority_share, first)
    need = _rank(need, points, given, mine)
    weigh_count = rules.count_weight if need["share_harm"].notna().any() else 1.0
    learned = _learn(need, given, lpts, mine, include_police, weigh_count)
    hours, peaks = hour_tables(need, learned)
    levels = learned.levels if isinstance(learned, Hours) else _NO_LEVELS
    sensitivity = _sensitivity(hotspots, need, given, inside, rules)
    why = learned if isinstance(learned, str) else ""
    said = demand_text(need, peaks, applied, sensitivity, {
        "why": why, "late": late, "on": first, "include_police": include_police,
        "given": None if given is None else len(given),
        "shared": 0 if mine is None else mine.shared,
        "police": 0 if given is None else int(found_by_police(given).sum()),
        "share": rules.priority_share,
    })  # fmt: skip
    return Demand(hotspots, need, hours, peaks, applied, sensitivity, levels, first, not why, why,
                  said)  # fmt: skip


_NO_LEVELS = pd.DataFrame({
    "level": pd.Series([], dtype="str"), "part": pd.Series([], dtype="str"),
    "incidents": pd.Series([], dtype="float64"), "kept": pd.Series([], dtype="float64"),
    "strength": pd.Series([], dtype="float64"),
    "gain": pd.Series([], dtype="float64"), "gain_over_flat": pd.Series([], dtype="float64"),
    "error": pd.Series([], dtype="float64"),
})  # fmt: skip


def _mine(incidents: gpd.GeoDataFrame | None, inside: Inside | None, police: bool) -> Inside | None:
    """Keep the pairs whose incident counts."""
    if incidents is None or inside is None:
        return None
    return inside if police else inside.only(~found_by_police(incidents)[inside.row])


def _describe(
    need: pd.DataFrame, hotspots: gpd.GeoDataFrame, incidents: gpd.GeoDataFrame | None,
    mine: Inside | None,
) -> pd.DataFrame:  # fmt: skip
    """Put where each hotspot is, what it is called and what it is mostly about before the rest."""
    told = {}
    for name, column in (("name", "place"), ("category", "category")):
        text = pd.Series("", index=range(len(need)), dtype="str")
        if mine is not None and incidents is not None and column in incidents.columns:
            text.update(most_frequent(incidents[column], mine))
        if name in hotspots.columns:
            own = hotspots[name].reset_index(drop=True)
            text = text.mask(own.notna(), own.astype("str"))
        # a line break would split a reason
        told[name] = text.astype("str").str.split().str.join(" ").to_numpy()
    need.insert(0, "lpt", hotspots["lpt"].astype("str").to_numpy())
    for at, (name, values) in enumerate(told.items(), 1):
        need.insert(at, name, values)
    return need.astype({"lpt": "str", "name": "str", "category": "str"})


def _streets(
    names: pd.Series, incidents: gpd.GeoDataFrame | None, mine: Inside | None
) -> list[set[str]]:
    """Return the names of streets in each hotspot, in one form."""
    found = [{plain_place(name)} - {""} for name in names]
    if incidents is None or mine is None or "place" not in incidents.columns:
        return found
    place, known = pd.factorize(incidents["place"].astype(object).iloc[mine.row])
    plain = [plain_place(name) for name in known]
    for h, p in set(zip(mine.hotspot.tolist(), place.tolist(), strict=True)):
        if p >= 0:
            found[h].add(plain[p])
    return found


def _rank(
    need: pd.DataFrame, points: Floats, incidents: gpd.GeoDataFrame | None, mine: Inside | None
) -> pd.DataFrame:
    """Add points, tiers, the largest location and what a plan is to cover."""
    total = (need["evidence_need"] + points).sum() or 1.0
    need["priority_points"] = points / total
    need["need"] = (need["evidence_need"] + points) / total
    need["evidence_tier"] = tiers(need["evidence_need"], need["lpt"])
    tier = tiers(need["need"], need["lpt"])
    need["tier"] = tier.mask(need["evidence_tier"] == "A", "A").astype("str")
    need["largest_place"], need["largest_share"] = "", np.nan
    single = np.zeros(len(need), dtype=bool)
    if incidents is not None and mine is not None:
        largest = largest_locations(incidents, mine)
        need["largest_place"] = largest["largest_place"].to_numpy()
        need["largest_share"] = largest["largest_share"].to_numpy()
        single = (
            (largest["largest_share"] >= SINGLE_SHARE) & (largest["largest_count"] >= SINGLE_FROM)
        ).to_numpy()
        if single.any():  # a snapped point stands for many premises
            able = data_support(incidents).abilities["supported"]
            single = single & bool(able["repeat locations"])
    need["route"] = np.where(single, "problem solving", "patrol")
    need["worth"] = np.where(single, 0.0, need["need"])
    return need.astype({"largest_place": "str", "route": "str"})


def _learn(
    need: pd.DataFrame, incidents: gpd.GeoDataFrame | None, lpts: gpd.GeoDataFrame | None,
    mine: Inside | None, police: bool, count_weight: float,
) -> Hours | str:  # fmt: skip
    """Learn the hours, or say why they are not known."""
    if incidents is None or mine is None:
        return _NO_INCIDENTS
    kept = np.ones(len(incidents), dtype=bool) if police else ~found_by_police(incidents)
    if not kept.any():
        return "every incident given is police-generated"
    position = np.cumsum(kept) - 1
    lpt = _lpt_of(incidents, lpts)[kept]
    some = incidents[kept]
    moved = Inside(mine.hotspot, position[mine.row], mine.hotspots)
    known = count_weight if "harm" in some.columns else 1.0
    return learn_hours(some, moved, lpt, need["lpt"], known)


def _lpt_of(incidents: gpd.GeoDataFrame, lpts: gpd.GeoDataFrame | None) -> pd.Series:
    """Return the LPT of each incident, missing where it is not known."""
    if "lpt" in incidents.columns:
        return pd.Series(incidents["lpt"].array)
    if lpts is not None:
        xy = coordinates(incidents)
        return pd.Series(assign_lpt(xy[:, 0], xy[:, 1], lpts), dtype="str")
    return pd.Series("", index=range(len(incidents)), dtype="str")


def _sensitivity(
    hotspots: gpd.GeoDataFrame, need: pd.DataFrame, incidents: gpd.GeoDataFrame | None,
    inside: Inside | None, rules: PatrolRules,
) -> pd.DataFrame:  # fmt: skip
    """Set the need without police-generated records beside that with them."""
    names = ("police_incidents", "need_without", "need_with", "rank_without", "rank_with")
    table = pd.DataFrame(np.nan, index=need.index, columns=list(names))
    if incidents is None or inside is None or "origin" not in incidents.columns:
        return table
    found = []
    for word, police in (("without", False), ("with", True)):
        evidence = gather_evidence(hotspots, incidents, inside, police)
        weighed = weigh(evidence, hotspots, rules.count_weight, rules.class_weights)
        need_then = weighed["evidence_need"].to_numpy()
        table[f"need_{word}"] = need_then
        order = np.lexsort((need.index.astype(str), -need_then.round(12)))
        rank = np.empty(len(order))
        rank[order] = np.arange(1, len(order) + 1)
        table[f"rank_{word}"] = rank
        found.append(evidence.incidents)
    table["police_incidents"] = found[1] - found[0]
    return table
