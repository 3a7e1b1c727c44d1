"""The fictional land: ten policing areas that tile a county, its towns, streets and addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from ..contracts import CRS

if TYPE_CHECKING:
    import geopandas as gpd

ORIGIN = (385_000, 288_000)
"""Easting and northing from which the kilometres below count."""


class Town(NamedTuple):
    """A town: its centre and radius in kilometres, and how many streets it has."""

    name: str
    east: float
    north: float
    radius: float
    streets: int


class Team(NamedTuple):
    """A Local Policing Team: its ring of corners, residents, and towns, the main one first."""

    name: str
    command: str
    ring: str
    population: int
    towns: tuple[Town, ...]


_CORNERS = {
    "A": (0, 4), "B": (14, 0), "C": (28, 2), "D": (42, 6), "E": (-1, 20), "F": (13, 18),
    "G": (27, 19), "H": (44, 20), "I": (1, 38), "J": (12, 37), "K": (22, 36), "L": (31, 37),
    "M": (45, 38), "N": (11, 43), "O": (23, 43.5), "P": (13, 50), "Q": (22, 49), "R": (2, 60),
    "S": (15, 62), "T": (30, 61), "U": (43, 57),
}  # fmt: skip
TEAMS = (
    Team("Karrowby North", "City", "NOQP", 118_000, (Town("Karrowby", 17.5, 46.4, 2.3, 130),)),
    Team("Karrowby South", "City", "JKON", 131_000, (Town("Pottersend", 17.0, 40.0, 2.4, 140),)),
    Team("Aldermoss", "County", "ABFE", 82_000,
         (Town("Aldermoss", 7, 11, 1.5, 45), Town("Little Venning", 4, 16, 0.6, 12))),
    Team("Brackenholt", "County", "BCGF", 104_000,
         (Town("Brackenholt", 20, 9, 1.7, 55), Town("Thornwick", 22, 15, 0.6, 12))),
    Team("Corvendale", "County", "CDHG", 97_000,
         (Town("Corven", 35, 11, 1.5, 50), Town("Upper Sallow", 38, 16, 0.5, 10))),
    Team("Dunmarsh", "County", "EFJI", 91_000,
         (Town("Dunmarsh", 6, 28, 1.6, 48), Town("Pell Cross", 8, 34, 0.6, 12))),
    Team("Elverstone", "County", "FGLKJ", 112_000,
         (Town("Elverstone", 20, 27, 1.8, 60), Town("Quarrendon Heath", 25, 33, 0.6, 12))),
    Team("Fennimore", "County", "GHML", 101_000,
         (Town("Fennimore", 36, 27, 1.7, 55), Town("Sedgeby", 40, 34, 0.6, 12))),
    Team("Wexmoor", "County", "IJNPSR", 88_000,
         (Town("Wexmoor", 6, 47, 1.6, 48), Town("Farrowdale", 8, 56, 0.5, 10))),
    Team("Hallowmere", "County", "KLMUTSPQO", 79_000,
         (Town("Hallowmere", 33, 50, 1.5, 42), Town("Stonnage", 25, 56, 0.6, 12),
          Town("Merrow", 40, 42, 0.5, 10))),
)  # fmt: skip
_BEYOND = Town("Oldersby", 60.0, 30.0, 0.8, 6)  # over the county line: the stray records
_BEYOND_SHARE = 0.003
_NAMES = (
    "Alder", "Anvil", "Arbour", "Barley", "Beacon", "Bellfield", "Bramble", "Bridge", "Canal",
    "Chapel", "Church", "Clover", "Cooper", "Copper", "Crescent", "Dairy", "Dell", "Drover",
    "Elm", "Fallow", "Ferry", "Foundry", "Furlong", "Garnet", "Glebe", "Grange", "Hawthorn",
    "Heron", "Jubilee", "Kiln", "Lantern", "Larch", "Linden", "Market", "Meadow", "Mill",
    "Orchard", "Paddock", "Quarry", "Station", "Tanner", "Weaver",
)  # fmt: skip
_KINDS = ("Street", "Road", "Lane", "Avenue", "Close", "Way", "Drive")


def make_teams() -> gpd.GeoDataFrame:
    """Draw the ten teams (the lpts contract): the same for every seed, and an exact tiling.

    Every side between two corners is drawn once and used by both neighbours, to the millimetre.
    """
    import geopandas as gpd
    from shapely.geometry import Polygon

    rng = np.random.default_rng(27_700)
    sides: dict[str, list[tuple[float, float]]] = {}

    def side(a: str, b: str) -> list[tuple[float, float]]:
        """Give corner a and the bends on the way to b: those from b to a, backwards."""
        key = min(a, b) + max(a, b)
        if key not in sides:
            sides[key] = _bent(key, rng)
        return (sides[key] if key[0] == a else sides[key][::-1])[:-1]

    shapes = []
    for team in TEAMS:
        pairs = zip(team.ring, team.ring[1:] + team.ring[0], strict=True)
        shapes.append(Polygon([point for a, b in pairs for point in side(a, b)]))
    names = pd.Series([team.name for team in TEAMS], dtype="str")
    lpts = gpd.GeoDataFrame({
        "area_km2": [shape.area / 1e6 for shape in shapes],
        "name": names,
        "command": pd.Series([team.command for team in TEAMS], dtype="str"),
        "base": pd.Series([team.towns[0].name for team in TEAMS], dtype="str"),
        "population": [team.population for team in TEAMS],
    }, geometry=shapes, crs=CRS)  # fmt: skip
    lpts.index = pd.Index(names, name="lpt")
    return lpts


def _bent(ends: str, rng: np.random.Generator) -> list[tuple[float, float]]:
    line = np.array([_CORNERS[ends[0]], _CORNERS[ends[1]]], dtype=float)
    for _ in range(3):  # each half of a side gets its own bend: eight stretches a side
        step = np.diff(line, axis=0)
        offset = (rng.random((len(step), 1)) - 0.5) * 0.24
        middle = line[:-1] + step / 2 + offset * np.column_stack([-step[:, 1], step[:, 0]])
        grown = np.empty((len(line) + len(middle), 2))
        grown[0::2], grown[1::2] = line, middle
        line = grown
    metres = np.rint(line * 1000) + ORIGIN
    return [(float(x), float(y)) for x, y in metres]


def make_addresses(rng: np.random.Generator, lpts: gpd.GeoDataFrame) -> pd.DataFrame:
    """Lay out streets and their addresses, 25 m apart, in every town.

    Returns
    -------
    DataFrame
        ``x``, ``y`` (whole metres, no two alike), ``street``, ``team`` (position in
        :data:`TEAMS`; -1 beyond the county), ``main`` (in the team's main town), and ``weight``
        (share of the background; they sum to 1).
    """
    import shapely

    parts = []
    for number, team in enumerate(TEAMS):
        shape = lpts.geometry.iloc[number].buffer(-20)  # a street never leaves its team
        for town in team.towns:
            part = _town(rng, town)
            part = part[shapely.contains_xy(shape, part["x"], part["y"])]
            parts.append(part.assign(team=number, main=town is team.towns[0]))
    parts.append(_town(rng, _BEYOND).assign(team=-1, main=False))
    every = pd.concat(parts, ignore_index=True)
    addresses: pd.DataFrame = every.drop_duplicates(["x", "y"], ignore_index=True)
    inside = (addresses["team"] >= 0).to_numpy()
    weight = addresses["weight"].to_numpy(copy=True)
    weight[inside] *= (1 - _BEYOND_SHARE) / weight[inside].sum()
    weight[~inside] *= _BEYOND_SHARE / weight[~inside].sum()
    return addresses.assign(weight=weight)


def _town(rng: np.random.Generator, town: Town) -> pd.DataFrame:
    u = rng.random((town.streets, 4))
    away = 1000 * town.radius * u[:, 0] ** 0.7  # denser towards the centre
    turn = 2 * np.pi * u[:, 1]
    along = np.pi * (np.floor(4 * u[:, 2]) / 4 + 0.05)  # streets keep to a few directions
    count = (8 + np.floor(13 * u[:, 3])).astype(int)
    street = np.repeat(np.arange(town.streets), count)
    step = np.concatenate([np.arange(n) - (n - 1) / 2 for n in count]) * 25.0
    east, north = ORIGIN[0] + 1000 * town.east, ORIGIN[1] + 1000 * town.north
    x = east + (away * np.cos(turn))[street] + step * np.cos(along)[street]
    y = north + (away * np.sin(turn))[street] + step * np.sin(along)[street]
    names = np.array([f"{word} {kind}" for kind in _KINDS for word in _NAMES], dtype=object)
    chosen = np.argsort(rng.random(len(names)), kind="stable")[: town.streets]
    central = 1 + np.exp(-2 * (away / (1000 * town.radius)) ** 2)[street]
    return pd.DataFrame({
        "x": np.rint(x), "y": np.rint(y), "street": names[chosen[street]],
        "weight": central * (0.25 - np.log1p(-rng.random(len(street)))),
    })  # fmt: skip


def make_shifts() -> pd.DataFrame:
    """Make three shifts of eight hours (the shifts contract), the same for every team."""
    rows = [
        ("early", "07:00", "15:00", 15, 15, "11:00", 45, 6.0),
        ("late", "15:00", "23:00", 15, 15, "19:00", 45, 8.0),
        ("night", "23:00", "07:00", 15, 15, "03:00", 45, 3.0),
    ]
    columns = ["shift", "start", "end", "briefing_min", "debrief_min", "break_start", "break_min"]
    frame = pd.DataFrame(rows, columns=[*columns, "officer_hours"])
    return frame.astype(dict.fromkeys(["shift", "start", "end", "break_start"], "str"))


def make_units() -> pd.DataFrame:
    """Make six units a team (the units contract), based in its main town; one is for response."""
    kinds = [
        ("P1", "early", "pcso", 1, "foot", "neighbourhood", 3.0),
        ("V1", "early", "constable", 2, "vehicle", "neighbourhood", 3.0),
        ("P2", "late", "pcso", 2, "foot", "neighbourhood", 4.0),
        ("V2", "late", "constable", 2, "vehicle", "neighbourhood", 4.0),
        ("R2", "late", "constable", 2, "vehicle", "response", None),
        ("V3", "night", "constable", 2, "vehicle", "neighbourhood", 3.0),
    ]
    rows = []
    for team in TEAMS:
        code = "".join(word[:2] for word in team.name.split()).upper()
        town = team.towns[0]
        base = (ORIGIN[0] + 1000 * town.east, ORIGIN[1] + 1000 * town.north)
        rows += [(f"{code}-{unit}", team.name, *kind, *base, h) for unit, *kind, h in kinds]
    columns = ["unit", "lpt", "shift", "kind", "officers", "mode", "team"]
    columns += ["base_easting", "base_northing", "officer_hours"]
    texts = ["unit", "lpt", "shift", "kind", "mode", "team"]
    frame = pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(texts, "str"))
    return frame.set_index("unit")
