"""What the records say of each hotspot: its incidents and harm, its tier, its largest location."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..places import coordinates, weights_of

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

SINGLE_SHARE = 0.5
"""Share of a hotspot's incidents at one location from which it is a problem of those premises."""

SINGLE_FROM = 10
"""Incidents at one location from which it may be called so."""

LOCATION_M = 10.0
"""Points in the same square of so many metres are one location."""

TIER_A, TIER_B = 0.5, 0.8  # share of the LPT's need above a hotspot, under which it is A or B


@dataclass(frozen=True)
class Inside:
    """Which incidents lie in which hotspot, as pairs; a point may lie in several.

    ``hotspot`` and ``row`` (p,) are positions in the two tables, in order of hotspot and row.
    """

    hotspot: Ints
    row: Ints
    hotspots: int

    def sums(self, values: Floats | None = None) -> Floats:
        """Add values of the incidents up by hotspot; count them without."""
        weights = None if values is None else values[self.row]
        found: Floats = np.bincount(self.hotspot, weights, self.hotspots).astype(np.float64)
        return found

    def only(self, kept: NDArray[np.bool_]) -> Inside:
        """Keep the pairs marked."""
        return Inside(self.hotspot[kept], self.row[kept], self.hotspots)

    @property
    def shared(self) -> int:
        """Incidents that lie in more than one hotspot."""
        _, times = np.unique(self.row, return_counts=True)
        return int((times > 1).sum())


def find_inside(hotspots: gpd.GeoDataFrame, incidents: gpd.GeoDataFrame) -> Inside:
    """Find the incidents in each hotspot, those on its edge included."""
    import shapely

    shapes = hotspots.geometry.to_numpy()
    row, hotspot = shapely.STRtree(shapes).query(np.asarray(incidents.geometry.array))
    shapely.prepare(shapes)
    x, y = coordinates(incidents)[row].T
    held = shapely.intersects_xy(shapes[hotspot], x, y)
    order = np.lexsort((row[held], hotspot[held]))
    return Inside(
        hotspot[held][order].astype(np.int64), row[held][order].astype(np.int64), len(hotspots)
    )


@dataclass(frozen=True)
class Evidence:
    """Counts and harm per hotspot before they are weighed.

    ``expected`` is what the need is made from: the incidents, or what the heat stands for where
    there is none; ``source`` says which. ``harm`` is NaN throughout where it is not known.
    """

    incidents: Floats
    expected: Floats
    harm: Floats
    source: NDArray[np.object_]


def gather_evidence(
    hotspots: gpd.GeoDataFrame, incidents: gpd.GeoDataFrame | None, inside: Inside | None,
    police: bool,
) -> Evidence:  # fmt: skip
    """Count incidents and harm in each hotspot during its period.

    Hotspots whose period the incidents do not reach keep the figures they came with. ``police``
    says whether police-generated incidents count.
    """
    count = hotspots["incidents"].to_numpy(dtype=np.float64)
    harm = np.full(len(hotspots), np.nan)
    if "harm" in hotspots.columns:
        harm = hotspots["harm"].to_numpy(dtype=np.float64)
    source = np.full(len(hotspots), "hotspots table", dtype=object)
    if incidents is not None and inside is not None:
        at = incidents["occurred_from"].to_numpy()
        first, end = (hotspots[f"period_{n}"].to_numpy() for n in ("start", "end"))
        moments = np.sort(at)
        reached = np.searchsorted(moments, end) > np.searchsorted(moments, first)
        kept = (at[inside.row] >= first[inside.hotspot]) & (at[inside.row] < end[inside.hotspot])
        if not police:
            kept &= ~found_by_police(incidents)[inside.row]
        within = inside.only(kept)
        count = np.where(reached, within.sums(), count)
        if "harm" in incidents.columns:
            weighed = within.sums(weights_of(incidents, "harm"))
            harm = np.where(reached, weighed, harm)
        elif reached.any():
            harm = np.where(reached, np.nan, harm)
        source[reached] = "incidents given"
    expected, by_heat = _expected(hotspots, count)
    source[by_heat] = "heat"
    each = float(np.nansum(harm) / count.sum()) if count.sum() else np.nan
    harm = np.where(by_heat, expected * each, harm)
    return Evidence(count, expected, harm, source)


def found_by_police(incidents: pd.DataFrame) -> NDArray[np.bool_]:
    """Tell which incidents are police-generated."""
    if "origin" not in incidents.columns:
        return np.zeros(len(incidents), dtype=bool)
    return (incidents["origin"] == "police").to_numpy(dtype=bool, na_value=False)


def _expected(hotspots: gpd.GeoDataFrame, count: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Put what its heat stands for in place of no incidents, by the hotspots of its method.

    Heat times area is read as incidents at the rate of all hotspots of the same method, for heat
    compares within a method alone. Where none of them has incidents, the largest stands for one.
    """
    mass = hotspots["heat"].to_numpy(dtype=np.float64) * hotspots["area_km2"].to_numpy(dtype=float)
    mass = np.where(np.isfinite(mass) & (mass > 0), mass, 0.0)
    by_heat = (count == 0) & (mass > 0)
    if not by_heat.any():
        return count, by_heat
    method, names = pd.factorize(hotspots["method"].astype(object))
    rate = np.zeros(len(names))
    for m in range(len(names)):
        own = (method == m) & (count > 0)
        top = mass[method == m].max(initial=0.0)
        rate[m] = count[own].sum() / mass[own].sum() if mass[own].sum() > 0 else 1 / (top or 1.0)
    # under one: an incident seen counts for more than heat without any
    expected = np.where(by_heat, np.minimum(mass * rate[method], 1.0), count)
    return expected, by_heat


def weigh(
    evidence: Evidence, hotspots: gpd.GeoDataFrame, count_weight: float,
    class_weights: Mapping[str, float],
) -> pd.DataFrame:  # fmt: skip
    """Weigh each hotspot by its incidents, harm and class.

    Returns ``incidents``, ``expected``, ``harm``, ``share_count``, ``share_harm`` (NaN without
    harm, or where it is in proportion to the incidents), ``class_``, ``class_weight`` and
    ``evidence_need``, which sums to 1.
    """
    count, harm = evidence.expected, evidence.harm
    # One weight for every incident tells nothing that the counts do not, and "84 days of harm"
    # would only look as if it did.
    known = bool(np.isfinite(harm).all() and harm.sum() > 0) and not np.allclose(
        harm * count.sum(), count * harm.sum(), rtol=1e-9
    )
    worth = count**count_weight * harm ** (1 - count_weight) if known else count
    kinds = pd.Series("", index=hotspots.index, dtype="str")
    if "class_" in hotspots.columns:
        kinds = (
            hotspots["class_"].astype(object).where(hotspots["class_"].notna(), "").astype("str")
        )
    factor = np.array([float(class_weights.get(kind, 1.0)) for kind in kinds])
    weighed = worth * factor
    return pd.DataFrame({
        "incidents": evidence.incidents.round().astype(np.int64), "expected": count, "harm": harm,
        "share_count": count / (count.sum() or 1.0),
        "share_harm": harm / harm.sum() if known else np.nan,
        "class_": kinds, "class_weight": factor,
        "evidence_need": weighed / (weighed.sum() or 1.0),
        "evidence_from": pd.Series(evidence.source, index=hotspots.index).astype("str"),
    }, index=hotspots.index)  # fmt: skip


def tiers(need: pd.Series, lpt: pd.Series) -> pd.Series:
    """Return the tier of each hotspot within its LPT.

    A while the hotspots above it hold under half of the need, B while under four fifths, else C;
    the id decides between equals.

    Examples
    --------
    >>> need = pd.Series([5.0, 3.0, 2.0], index=["a", "b", "c"])
    >>> tiers(need, pd.Series("Hanley", index=need.index)).tolist()
    ['A', 'B', 'C']
    """
    order = np.lexsort((need.index.astype(str), -need.to_numpy().round(12)))
    ranked, team = need.iloc[order], lpt.iloc[order]
    group = ranked.groupby(team)
    above = (group.cumsum() - ranked) / group.transform("sum").replace(0.0, 1.0)
    above = above.round(9)  # rounding of sums must not decide
    found = np.select([above < TIER_A, above < TIER_B], ["A", "B"], "C")
    return pd.Series(found, index=ranked.index, dtype="str").reindex(need.index)


def largest_locations(incidents: gpd.GeoDataFrame, inside: Inside) -> pd.DataFrame:
    """Find the location with most incidents in each hotspot.

    Returns ``largest_place`` (the street or place named most there, else its coordinates; empty
    where there is none), ``largest_count`` and ``largest_share``, in the order of the hotspots.
    """
    n = inside.hotspots
    told = pd.DataFrame({
        "largest_place": pd.Series([""] * n, dtype="str"),
        "largest_count": np.zeros(n, dtype=np.int64), "largest_share": np.full(n, np.nan),
    })  # fmt: skip
    if not len(inside.row):
        return told
    cell = np.floor(coordinates(incidents)[inside.row] / LOCATION_M)
    pairs = pd.DataFrame({"hotspot": inside.hotspot, "x": cell[:, 0], "y": cell[:, 1]})
    number = pairs.groupby(["hotspot", "x", "y"], sort=True).size().rename("n").reset_index()
    number = number.sort_values(["hotspot", "n", "x", "y"], ascending=[True, False, True, True])
    top = number.drop_duplicates("hotspot").set_index("hotspot")
    at = top.index.to_numpy()
    told.loc[at, "largest_count"] = top["n"].to_numpy()
    told.loc[at, "largest_share"] = top["n"].to_numpy() / inside.sums()[at]
    named = pd.Series(
        [f"{x * LOCATION_M:.0f}, {y * LOCATION_M:.0f}" for x, y in zip(top["x"], top["y"],
                                                                       strict=True)],
        index=at, dtype="str")  # fmt: skip
    if "place" in incidents.columns:
        here = pairs.merge(top.reset_index()[["hotspot", "x", "y"]], how="left", indicator=True)
        mine = inside.only((here["_merge"] == "both").to_numpy())
        named.update(most_frequent(incidents["place"], mine))
    told.loc[at, "largest_place"] = named.to_numpy()
    return told.astype({"largest_place": "str"})


def most_frequent(column: pd.Series, inside: Inside) -> pd.Series:
    """Return the value a text column holds most often in each hotspot that has any.

    Index: position of the hotspot. Of equals the first of the alphabet.
    """
    text = column.iloc[inside.row].astype(object).reset_index(drop=True)
    blank = text.isna() | (text.astype(str).str.strip() == "")
    pairs = pd.DataFrame({"hotspot": inside.hotspot, "value": text.astype(str)})[~blank]
    number = pairs.groupby(["hotspot", "value"], sort=True).size().rename("n").reset_index()
    number = number.sort_values(["hotspot", "n", "value"], ascending=[True, False, True])
    top = number.drop_duplicates("hotspot").set_index("hotspot")["value"]
    return top.astype("str")
