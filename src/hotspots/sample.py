"""A synthetic county with known hotspots, seasons and changes, to learn on and to test against.

Nothing in it is real: no place, no street, no incident. Every incident is a point of one Poisson
process whose rate per address, category and month is written down, so the truth tables are exact
expectations. Only ``Generator.random`` is drawn from: its stream is the same on every platform and
NumPy version, which the streams of the derived distributions are not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .contracts import CRS, InputError, Result

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FORCE = "Ashenmere Police"
"""Name of the fictional force, as `source` of every incident."""

# Corners of the county in km, and the teams as rings of corners: a shared side is drawn once, so
# neighbours meet exactly.
_ORIGIN = (385_000, 288_000)
_CORNERS = {
    "A": (0, 4), "B": (14, 0), "C": (28, 2), "D": (42, 6), "E": (-1, 20), "F": (13, 18),
    "G": (27, 19), "H": (44, 20), "I": (1, 38), "J": (12, 37), "K": (22, 36), "L": (31, 37),
    "M": (45, 38), "N": (11, 43), "O": (23, 43.5), "P": (13, 50), "Q": (22, 49), "R": (2, 60),
    "S": (15, 62), "T": (30, 61), "U": (43, 57),
}  # fmt: skip
# name, command, ring, residents, towns (name, km east, km north, radius in km, streets)
_TEAMS: tuple[tuple[str, str, str, int, tuple[tuple[str, float, float, float, int], ...]], ...] = (
    ("Karrowby North", "City", "NOQP", 118_000, (("Karrowby", 17.5, 46.4, 2.3, 130),)),
    ("Karrowby South", "City", "JKON", 131_000, (("Pottersend", 17.0, 40.0, 2.4, 140),)),
    ("Aldermoss", "County", "ABFE", 82_000,
     (("Aldermoss", 7, 11, 1.5, 45), ("Little Venning", 4, 16, 0.6, 12))),
    ("Brackenholt", "County", "BCGF", 104_000,
     (("Brackenholt", 20, 9, 1.7, 55), ("Thornwick", 22, 15, 0.6, 12))),
    ("Corvendale", "County", "CDHG", 97_000,
     (("Corven", 35, 11, 1.5, 50), ("Upper Sallow", 38, 16, 0.5, 10))),
    ("Dunmarsh", "County", "EFJI", 91_000,
     (("Dunmarsh", 6, 28, 1.6, 48), ("Pell Cross", 8, 34, 0.6, 12))),
    ("Elverstone", "County", "FGLKJ", 112_000,
     (("Elverstone", 20, 27, 1.8, 60), ("Quarrendon Heath", 25, 33, 0.6, 12))),
    ("Fennimore", "County", "GHML", 101_000,
     (("Fennimore", 36, 27, 1.7, 55), ("Sedgeby", 40, 34, 0.6, 12))),
    ("Wexmoor", "County", "IJNPSR", 88_000,
     (("Wexmoor", 6, 47, 1.6, 48), ("Farrowdale", 8, 56, 0.5, 10))),
    ("Hallowmere", "County", "KLMUTSPQO", 79_000,
     (("Hallowmere", 33, 50, 1.5, 42), ("Stonnage", 25, 56, 0.6, 12), ("Merrow", 40, 42, 0.5, 10))),
)  # fmt: skip
_BEYOND = ("Oldersby", 60.0, 30.0, 0.8, 6)  # a town over the county line: the stray records
_STREETS = (
    "Alder", "Anvil", "Arbour", "Barley", "Beacon", "Bellfield", "Bramble", "Bridge", "Canal",
    "Chapel", "Church", "Clover", "Cooper", "Copper", "Crescent", "Dairy", "Dell", "Drover",
    "Elm", "Fallow", "Ferry", "Foundry", "Furlong", "Garnet", "Glebe", "Grange", "Hawthorn",
    "Heron", "Jubilee", "Kiln", "Lantern", "Larch", "Linden", "Market", "Meadow", "Mill",
    "Orchard", "Paddock", "Quarry", "Station", "Tanner", "Weaver",
)  # fmt: skip
_KINDS = ("Street", "Road", "Lane", "Avenue", "Close", "Way", "Drive")

# category: share of incidents, peak month and peak-to-trough ratio (None: no season), clock
_CATEGORIES: dict[str, tuple[float, int | None, float, str]] = {
    "Anti-social behaviour": (0.13, 7, 1.8, "evening"),
    "Bicycle theft": (0.010, 7, 2.2, "day"),
    "Burglary": (0.040, 12, 1.5, "overnight"),
    "Criminal damage and arson": (0.090, None, 1.0, "evening"),
    "Drugs": (0.035, None, 1.0, "evening"),
    "Other crime": (0.025, None, 1.0, "flat"),
    "Other theft": (0.065, None, 1.0, "day"),
    "Possession of weapons": (0.012, None, 1.0, "evening"),
    "Public order": (0.085, 7, 1.3, "night"),
    "Robbery": (0.010, None, 1.0, "night"),
    "Shoplifting": (0.085, 12, 1.2, "day"),
    "Theft from the person": (0.008, None, 1.0, "night"),
    "Vehicle crime": (0.055, None, 1.0, "overnight"),
    "Violence and sexual offences": (0.350, 7, 1.25, "night"),
}
# Teams whose season differs: lakes full of visitors in August; students in October.
_OWN_SEASONS = {
    ("Hallowmere", "Anti-social behaviour"): (8, 3.0),
    ("Karrowby North", "Anti-social behaviour"): (10, 2.0),
}
_HOTSPOTS = (  # team, category, class, incidents a year while it lasts, treated
    ("Karrowby South", "Anti-social behaviour", "persistent", 110.0, True),
    ("Karrowby North", "Anti-social behaviour", "persistent", 95.0, False),
    ("Elverstone", "Anti-social behaviour", "persistent", 80.0, True),
    ("Corvendale", "Anti-social behaviour", "persistent", 70.0, False),
    ("Fennimore", "Anti-social behaviour", "persistent", 60.0, False),
    ("Karrowby North", "Violence and sexual offences", "persistent", 140.0, True),
    ("Dunmarsh", "Violence and sexual offences", "persistent", 90.0, False),
    ("Karrowby South", "Shoplifting", "persistent", 130.0, False),
    ("Brackenholt", "Shoplifting", "persistent", 100.0, True),
    ("Wexmoor", "Anti-social behaviour", "emerging", 80.0, False),
    ("Corvendale", "Vehicle crime", "emerging", 60.0, False),
    ("Aldermoss", "Anti-social behaviour", "former", 80.0, False),
    ("Dunmarsh", "Burglary", "former", 40.0, False),
    ("Hallowmere", "Anti-social behaviour", "intermittent", 60.0, False),
)
_RADIUS = 150.0
_DISPLACED = 350.0  # outer edge of the ring into which some of the treated incidents move
_PER_YEAR = 15_000.0
_NO_PLACE = 0.005
_BEYOND_SHARE = 0.003
_CLOCKS = {  # weights of the 24 hours and of Monday to Sunday
    "flat": ([1] * 24, [1] * 7),
    "day": ([0] * 8 + [1, 2, 3, 4, 5, 5, 5, 5, 5, 4, 3, 2, 1, 1, 0, 0], [4, 4, 4, 4, 5, 6, 3]),
    "evening": ([3, 1, 1, 0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 3, 4, 5, 7, 8, 10, 11, 11, 10, 8, 6],
                [4, 4, 4, 4, 6, 7, 5]),
    "night": ([8, 7, 5, 3, 1, 1, 1, 2, 2, 2, 3, 3, 4, 4, 4, 5, 5, 5, 6, 6, 7, 8, 9, 9],
              [4, 3, 4, 4, 6, 9, 8]),
    "overnight": ([0] * 16 + [1, 3, 5, 5, 4, 3, 2, 1], [4, 4, 4, 4, 5, 5, 5]),
}  # fmt: skip


@dataclass(frozen=True)
class County(Result):
    """A synthetic county and the truth it was made from.

    Attributes
    ----------
    incidents : GeoDataFrame
        One row per incident (the incidents contract), index ``incident``, EPSG:27700, ordered by
        time. ``lpt`` is missing where the place is not known or lies outside the county.
    lpts : GeoDataFrame
        Ten Local Policing Teams in two commands, which tile the county exactly.
    hotspots : GeoDataFrame
        Planted hotspots (circles): ``lpt``, ``category``, ``class_``, ``easting``, ``northing``,
        ``radius_m``, ``per_year`` (incidents a year planted there while it lasts, before any
        change, on top of the background), ``share`` (of its team's expected incidents of the
        category), ``start``, ``end``, ``treated``, ``name``.
    seasons : DataFrame
        Planted season of every category and team: ``peak_month`` (missing: no season) and
        ``ratio`` (rate at the peak over rate at the trough).
    changes : DataFrame
        Planted changes: what, where (``hotspot`` with a ring of ``inner_m`` to ``outer_m`` metres
        about it, or the whole ``lpt``), which ``category`` (missing: all), from when, and the
        ``ratio`` of the rate after to the rate before.
    rates : DataFrame
        Exact expected number of located incidents per ``month``, ``lpt`` and ``category``.
    shifts, units : DataFrame
        Who works when, as the patrol planner takes them.
    """

    incidents: gpd.GeoDataFrame
    lpts: gpd.GeoDataFrame
    hotspots: gpd.GeoDataFrame
    seasons: pd.DataFrame
    changes: pd.DataFrame
    rates: pd.DataFrame
    shifts: pd.DataFrame
    units: pd.DataFrame

    @property
    def text(self) -> str:
        """What the county holds."""
        months = self.rates["month"]
        return (
            f"Synthetic county (nothing in it is real): {len(self.incidents):,} incidents from "
            f"{months.min():%B %Y} to {months.max():%B %Y} in {len(self.lpts)} Local Policing "
            f"Teams, with {len(self.hotspots)} planted hotspots, "
            f"{int((self.seasons['ratio'] > 1).sum())} planted seasons of team and category, and "
            f"{len(self.changes)} planted changes."
        )


def make_county(
    seed: int = 0, *, months: int = 36, start: str = "2023-01-01", scale: float = 1.0
) -> County:
    """Make a synthetic county whose hotspots, seasons and changes are known.

    The map (teams, towns) is the same for every seed; streets, hotspots and incidents follow the
    seed. Times are exact for most categories; burglary and vehicle crime have overnight intervals.

    Parameters
    ----------
    seed : int
        Same seed, same county, on every platform.
    months : int
        Calendar months of records, at least 1.
    start : str
        First day of the first month, as YYYY-MM-DD.
    scale : float
        Multiplies every rate; 1 gives about 16,000 incidents a year.

    Returns
    -------
    County

    Raises
    ------
    InputError
        Naming every parameter out of its range.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=12)
    >>> county.lpts["command"].value_counts().to_dict()
    {'County': 8, 'City': 2}
    >>> county.hotspots["class_"].value_counts().to_dict()
    {'persistent': 9, 'emerging': 2, 'former': 2, 'intermittent': 1}
    """
    first = _checked(seed, months, start, scale)
    periods = pd.date_range(first, periods=months, freq="MS")
    lpts = _teams()
    places = _places(np.random.default_rng([seed, 0]), lpts)
    hotspots, spread = _planted(places, periods)
    changes = _changes(hotspots, periods)
    seasons = _seasons()
    drawn, rates = _draw(seed, places, hotspots, spread, changes, seasons, periods, scale)
    incidents = _incidents(np.random.default_rng([seed, 1]), places, drawn, periods)
    hotspots["share"] = _share(hotspots, spread, rates, scale)
    return County(incidents, lpts, hotspots, seasons, changes, rates, _shifts(), _units())


def _checked(seed: Any, months: Any, start: Any, scale: Any) -> pd.Timestamp:
    faults = []
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        faults.append(f"seed is {seed!r}; it must be a whole number of 0 or more.")
    if isinstance(months, bool) or not isinstance(months, int | np.integer) or months < 1:
        faults.append(f"months is {months!r}; it must be a whole number of 1 or more.")
    if not isinstance(scale, int | float | np.number) or not 0 < scale < math.inf:
        faults.append(f"scale is {scale!r}; it must be a number above 0.")
    try:
        first = pd.Timestamp(start)
    except (ValueError, TypeError):
        first = pd.NaT
    if first is pd.NaT or first.day != 1 or first.normalize() != first or first.tz is not None:
        faults.append(f"start is {start!r}; it must be the first day of a month, as '2023-01-01'.")
    if faults:
        raise InputError("make_county", faults)
    return first


def _teams() -> gpd.GeoDataFrame:
    import geopandas as gpd
    from shapely.geometry import Polygon

    rng = np.random.default_rng(27_700)
    sides: dict[str, list[tuple[float, float]]] = {}

    def side(a: str, b: str) -> list[tuple[float, float]]:
        """Corner a, then the bends on the way to b; the same bends backwards from b to a."""
        key = min(a, b) + max(a, b)
        if key not in sides:
            sides[key] = _bent(np.array([_CORNERS[key[0]], _CORNERS[key[1]]], float), rng)
        line = sides[key] if key[0] == a else sides[key][::-1]
        return line[:-1]

    shapes, records = [], []
    for name, command, ring, population, towns in _TEAMS:
        shapes.append(Polygon([
            xy for a, b in zip(ring, ring[1:] + ring[0], strict=True) for xy in side(a, b)
        ]))  # fmt: skip
        records.append((name, command, towns[0][0], population))
    frame = pd.DataFrame(records, columns=["lpt", "command", "base", "population"])
    frame = frame.astype({"lpt": "str", "command": "str", "base": "str"})
    frame.insert(1, "name", frame["lpt"])
    lpts = gpd.GeoDataFrame(frame.set_index("lpt"), geometry=shapes, crs=CRS)
    lpts.insert(0, "area_km2", lpts.area / 1e6)
    return lpts


def _bent(line: Floats, rng: np.random.Generator) -> list[tuple[float, float]]:
    for _ in range(3):  # each half of a side gets its own bend: eight stretches a side
        step = np.diff(line, axis=0)
        offset = (rng.random((len(step), 1)) - 0.5) * 0.24
        middle = line[:-1] + step / 2 + offset * np.column_stack([-step[:, 1], step[:, 0]])
        grown = np.empty((len(line) + len(middle), 2))
        grown[0::2], grown[1::2] = line, middle
        line = grown
    metres = np.rint(line * 1000) + _ORIGIN
    return [(float(x), float(y)) for x, y in metres]


def _places(rng: np.random.Generator, lpts: gpd.GeoDataFrame) -> pd.DataFrame:
    """Every address: where, its street, town and team, and its share of the background."""
    import shapely

    parts = []
    for team, (*_, towns) in [*enumerate(_TEAMS), (-1, ("", (_BEYOND,)))]:
        for town in towns:
            part = _town(rng, *town)
            if team >= 0:  # a street never leaves its team
                shape = lpts.geometry.iloc[team].buffer(-20)
                part = part[shapely.contains_xy(shape, part["x"], part["y"])]
            parts.append(part.assign(team=team, town=town[0], main=town is towns[0]))
    places = pd.concat(parts, ignore_index=True)
    places = places.drop_duplicates(["x", "y"], ignore_index=True)
    inside = (places["team"] >= 0).to_numpy()
    weight = places["weight"].to_numpy(copy=True)
    weight[inside] *= (1 - _BEYOND_SHARE) / weight[inside].sum()
    weight[~inside] *= _BEYOND_SHARE / weight[~inside].sum()
    return places.assign(weight=weight)


def _town(
    rng: np.random.Generator, _name: str, east: float, north: float, radius: float, streets: int
) -> pd.DataFrame:
    u = rng.random((streets, 4))
    away = 1000 * radius * u[:, 0] ** 0.7  # denser towards the centre
    turn = 2 * np.pi * u[:, 1]
    along = np.pi * (np.floor(4 * u[:, 2]) / 4 + 0.05)  # streets keep to a few directions
    count = (8 + np.floor(13 * u[:, 3])).astype(int)  # addresses 25 m apart
    street = np.repeat(np.arange(streets), count)
    step = np.concatenate([np.arange(n) - (n - 1) / 2 for n in count]) * 25.0
    x = _ORIGIN[0] + 1000 * east + (away * np.cos(turn))[street] + step * np.cos(along)[street]
    y = _ORIGIN[1] + 1000 * north + (away * np.sin(turn))[street] + step * np.sin(along)[street]
    names = [f"{word} {kind}" for kind in _KINDS for word in _STREETS]
    chosen = np.argsort(rng.random(len(names)), kind="stable")[:streets]
    central = 1 + np.exp(-2 * (away / (1000 * radius)) ** 2)[street]
    return pd.DataFrame({
        "x": np.rint(x), "y": np.rint(y),
        "street": np.array(names, dtype=object)[chosen[street]],
        "weight": central * (0.25 - np.log1p(-rng.random(len(street)))),
    })  # fmt: skip


def _planted(places: pd.DataFrame, periods: pd.DatetimeIndex) -> tuple[gpd.GeoDataFrame, Floats]:
    """Choose where the hotspots lie, and spread each over the addresses within its radius."""
    import geopandas as gpd

    teams = [team[0] for team in _TEAMS]
    xy = places[["x", "y"]].to_numpy()
    spread = np.zeros((len(_HOTSPOTS), len(places)))
    taken: list[Floats] = []
    rows = []
    months = len(periods)
    ends = periods[-1] + pd.offsets.MonthBegin(1)
    for n, (lpt, category, class_, per_year, treated) in enumerate(_HOTSPOTS):
        own = np.flatnonzero((places["team"] == teams.index(lpt)) & places["main"])
        apart = np.hypot(*(xy[own, None, :] - xy[None, own, :]).transpose(2, 0, 1))
        crowd = (apart <= _RADIUS).sum(axis=1)
        for other in taken:
            crowd[np.hypot(*(xy[own] - other).T) < 1000] = 0
        centre = xy[own[np.argmax(crowd)]]
        taken.append(centre)
        near = 1 - (np.hypot(*(xy - centre).T) / (_RADIUS + 1)) ** 2
        spread[n] = np.where(near > 0, near, 0)
        spread[n] /= spread[n].sum()
        late, early = -(-2 * months // 3), months // 3
        rows.append({
            "hotspot": f"H{n + 1:02d}", "lpt": lpt, "category": category, "class_": class_,
            "easting": centre[0], "northing": centre[1], "radius_m": _RADIUS,
            "per_year": per_year,
            "start": periods[late] if class_ == "emerging" and late < months else periods[0],
            "end": periods[early] if class_ == "former" else ends,
            "treated": treated, "name": places["street"].iloc[own[np.argmax(crowd)]],
        })  # fmt: skip
    frame = pd.DataFrame(rows).set_index("hotspot")
    texts = ["lpt", "category", "class_", "name"]
    frame = frame.astype(dict.fromkeys(texts, "str"))
    circles = gpd.GeoSeries.from_xy(frame["easting"], frame["northing"], crs=CRS).buffer(_RADIUS)
    return gpd.GeoDataFrame(frame, geometry=circles.to_numpy(), crs=CRS), spread


def _changes(hotspots: gpd.GeoDataFrame, periods: pd.DatetimeIndex) -> pd.DataFrame:
    start = periods[len(periods) * 2 // 3]
    rows: list[tuple[Any, ...]] = []
    for hotspot, lpt in hotspots.loc[hotspots["treated"], "lpt"].items():
        rows.append(("treated", hotspot, lpt, None, 0.0, _RADIUS, start, 0.8))
        rows.append(("displaced", hotspot, lpt, None, _RADIUS, _DISPLACED, start, 1.1))
    half = periods[len(periods) // 2]
    rows.append(("step", None, "Fennimore", "Vehicle crime", np.nan, np.nan, half, 1.5))
    columns = ["what", "hotspot", "lpt", "category", "inner_m", "outer_m", "start", "ratio"]
    frame = pd.DataFrame(rows, columns=columns)
    frame = frame.astype(dict.fromkeys(("what", "lpt"), "str"))
    frame.index = pd.Index([f"C{n + 1}" for n in range(len(frame))], name="change")
    return frame


def _seasons() -> pd.DataFrame:
    rows = []
    for category, (_, peak, ratio, _) in _CATEGORIES.items():
        for lpt, *_ in _TEAMS:
            rows.append((category, lpt, *_OWN_SEASONS.get((lpt, category), (peak, ratio))))
    frame = pd.DataFrame(rows, columns=["category", "lpt", "peak_month", "ratio"])
    return frame.astype({"category": "str", "lpt": "str", "peak_month": "Int64"})


def _draw(
    seed: int,
    places: pd.DataFrame,
    hotspots: gpd.GeoDataFrame,
    spread: Floats,
    changes: pd.DataFrame,
    seasons: pd.DataFrame,
    periods: pd.DatetimeIndex,
    scale: float,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw month, category and address of every incident; and add up the exact rates."""
    categories = list(_CATEGORIES)
    team = places["team"].to_numpy()
    share = np.array([_CATEGORIES[c][0] for c in categories])
    background = _PER_YEAR * share[:, None] * places["weight"].to_numpy()
    kind = np.array([categories.index(c) for c in hotspots["category"]])
    swing = np.log(seasons["ratio"].to_numpy()).reshape(len(categories), -1) / 2
    peak = seasons["peak_month"].fillna(1).to_numpy(dtype=float).reshape(swing.shape)
    cycle = np.exp(swing * np.cos(2 * np.pi * (np.arange(1, 13)[:, None, None] - peak) / 12))
    cycle /= cycle.mean(axis=0)  # a year holds the same with its season as without
    cycle = np.concatenate([cycle, np.ones((12, len(categories), 1))], axis=2)  # [-1] is beyond
    effects = _effects(changes, hotspots, places)
    drawn, rates = [], []
    for n, month in enumerate(periods):
        rate = background.copy()
        on = (hotspots["start"] <= month) & (month < hotspots["end"])
        on &= (hotspots["class_"] != "intermittent") | (n // 3 % 2 == 0)
        for h in np.flatnonzero(on):
            rate[kind[h]] += hotspots["per_year"].iloc[h] * spread[h]
        rate *= scale * month.days_in_month / 365.25 * cycle[month.month - 1][:, team]
        for start, factor in effects:
            if month >= start:
                rate *= factor
        upto = np.cumsum(rate)
        # A Poisson process on the line [0, total) has exponential gaps; where an arrival falls
        # says which category and address it belongs to.
        rng = np.random.default_rng([seed, 2, month.year, month.month])
        gaps = -np.log1p(-rng.random(int(upto[-1] + 12 * math.sqrt(upto[-1]) + 50)))
        arrivals = np.cumsum(gaps)
        cell = np.searchsorted(upto, arrivals[arrivals < upto[-1]], side="right")
        drawn.append(pd.DataFrame({"n": n, "category": cell // len(team), "at": cell % len(team)}))
        rates.append(np.stack([np.bincount(team + 1, row)[1:] for row in rate]) * (1 - _NO_PLACE))
    expected = np.stack(rates).transpose(0, 2, 1)  # month, team, category
    names = [periods, [t[0] for t in _TEAMS], categories]
    index = pd.MultiIndex.from_product(names, names=["month", "lpt", "category"])
    table = pd.Series(expected.ravel(), index=index, name="expected").reset_index()
    return pd.concat(drawn, ignore_index=True), table.astype({"lpt": "str", "category": "str"})


def _effects(
    changes: pd.DataFrame, hotspots: gpd.GeoDataFrame, places: pd.DataFrame
) -> list[tuple[pd.Timestamp, Floats]]:
    """Turn each change into its start and a factor per category and address."""
    effects = []
    for change in changes.itertuples():
        factor = np.ones((len(_CATEGORIES), len(places)))
        if change.what == "step":
            where = (places["team"] == [t[0] for t in _TEAMS].index(change.lpt)).to_numpy()
            factor[list(_CATEGORIES).index(change.category), where] = change.ratio
        else:
            spot = hotspots.loc[change.hotspot]
            away = np.hypot(places["x"] - spot["easting"], places["y"] - spot["northing"])
            low = -1.0 if change.what == "treated" else change.inner_m
            factor[:, ((away > low) & (away <= change.outer_m)).to_numpy()] = change.ratio
        effects.append((change.start, factor))
    return effects


def _incidents(
    rng: np.random.Generator, places: pd.DataFrame, drawn: pd.DataFrame, periods: pd.DatetimeIndex
) -> gpd.GeoDataFrame:
    import geopandas as gpd
    import shapely

    categories = np.array(list(_CATEGORIES), dtype=object)
    category = categories[drawn["category"].to_numpy()]
    at = drawn["at"].to_numpy()
    lost = rng.random(len(at)) < _NO_PLACE
    start, end = _times(rng, category, drawn["n"].to_numpy(), periods)
    x = np.where(lost, np.nan, places["x"].to_numpy()[at])
    points = shapely.points(x, places["y"].to_numpy()[at])
    points[lost] = shapely.Point()
    teams = np.array([t[0] for t in _TEAMS] + [None], dtype=object)
    frame = pd.DataFrame({
        "category": category, "occurred_from": start, "occurred_to": end,
        "lpt": np.where(lost, None, teams[places["team"].to_numpy()[at]]),
        "place": np.where(lost, None, places["street"].to_numpy()[at]),
        "origin": _origins(rng, category), "source": FORCE,
    })  # fmt: skip
    texts = ["category", "lpt", "place", "origin", "source"]
    frame = frame.astype(dict.fromkeys(texts, pd.Series(["a"], dtype="str").dtype))
    incidents = gpd.GeoDataFrame(frame, geometry=points, crs=CRS)
    incidents = incidents.sort_values("occurred_from", kind="stable", ignore_index=True)
    incidents.index = pd.Index([f"SYN{n:06d}" for n in range(1, len(at) + 1)], name="incident")
    return incidents


def _pick(rng: np.random.Generator, weights: Any, size: int) -> NDArray[np.intp]:
    upto = np.cumsum(np.asarray(weights, dtype=float))
    return np.searchsorted(upto, rng.random(size) * upto[-1], side="right")


def _times(
    rng: np.random.Generator,
    category: NDArray[np.object_],
    n: NDArray[np.int64],
    periods: pd.DatetimeIndex,
) -> tuple[NDArray[np.datetime64], NDArray[np.datetime64]]:
    """Choose the day and minute of each incident by its category's clock."""
    day = np.empty(len(n), dtype="datetime64[D]")
    minute = np.empty(len(n), dtype=np.int64)
    clock = np.array([_CATEGORIES[c][3] for c in category], dtype=object)
    for name, (hours, weekdays) in _CLOCKS.items():
        of = np.flatnonzero(clock == name)
        minute[of] = 60 * _pick(rng, hours, len(of)) + np.floor(60 * rng.random(len(of)))
        for month in range(len(periods)):
            mine = of[n[of] == month]
            days = pd.date_range(periods[month], periods=periods[month].days_in_month)
            chosen = _pick(rng, np.asarray(weekdays)[days.weekday], len(mine))
            day[mine] = days.to_numpy().astype("datetime64[D]")[chosen]
    start = day.astype("datetime64[s]") + minute.astype("timedelta64[m]")
    end = start.copy()
    overnight = clock == "overnight"  # left in the evening, found in the morning
    u = rng.random((2, len(n)))
    away = np.where(u[0] < 0.05, 2 + np.floor(12 * u[0] / 0.05), 1).astype("timedelta64[D]")
    found = (360 + np.floor(240 * u[1])).astype("timedelta64[m]")
    end[overnight] = (day + away)[overnight].astype("datetime64[s]") + found[overnight]
    return start, end


def _origins(rng: np.random.Generator, category: NDArray[np.object_]) -> NDArray[np.object_]:
    """Who brought each incident to notice: drugs and weapons are mostly found by the police."""
    names = np.array(["public", "partner", "police", "unknown"], dtype=object)
    found = names[_pick(rng, [0.80, 0.08, 0.05, 0.07], len(category))]
    searched = np.isin(category, ["Drugs", "Possession of weapons"])
    found[searched] = names[_pick(rng, [0.15, 0.05, 0.75, 0.05], int(searched.sum()))]
    return found


def _share(hotspots: gpd.GeoDataFrame, spread: Floats, rates: pd.DataFrame, scale: float) -> Any:
    """Hotspot's planted incidents over those expected of its team and category, before change."""
    del spread
    total = rates.groupby(["lpt", "category"])["expected"].sum()
    years = rates["month"].nunique() / 12
    lasts = (hotspots["end"] - hotspots["start"]) / pd.Timedelta("365.25D")
    lasts = lasts.where(hotspots["class_"] != "intermittent", years / 2)
    keys = pd.MultiIndex.from_frame(pd.DataFrame(hotspots[["lpt", "category"]]))
    return (hotspots["per_year"] * lasts * scale / total.reindex(keys).to_numpy()).clip(upper=1)


def _shifts() -> pd.DataFrame:
    rows = [
        ("early", "07:00", "15:00", 15, 15, "11:00", 45, 6.0),
        ("late", "15:00", "23:00", 15, 15, "19:00", 45, 8.0),
        ("night", "23:00", "07:00", 15, 15, "03:00", 45, 3.0),
    ]
    columns = ["shift", "start", "end", "briefing_min", "debrief_min", "break_start", "break_min"]
    frame = pd.DataFrame(rows, columns=[*columns, "officer_hours"])
    return frame.astype(dict.fromkeys(["shift", "start", "end", "break_start"], "str"))


def _units() -> pd.DataFrame:
    """Five units a team, based in its main town."""
    kinds = [
        ("P1", "early", "pcso", 1, "foot", 3.0), ("V1", "early", "constable", 2, "vehicle", 3.0),
        ("P2", "late", "pcso", 2, "foot", 4.0), ("V2", "late", "constable", 2, "vehicle", 4.0),
        ("V3", "night", "constable", 2, "vehicle", 3.0),
    ]  # fmt: skip
    rows = []
    for name, _, _, _, towns in _TEAMS:
        code = "".join(w[:2] for w in name.split()).upper()[:4]
        base = (_ORIGIN[0] + 1000 * towns[0][1], _ORIGIN[1] + 1000 * towns[0][2])
        rows += [(f"{code}-{u}", name, s, k, o, m, *base, h) for u, s, k, o, m, h in kinds]
    columns = ["unit", "lpt", "shift", "kind", "officers", "mode", "base_easting", "base_northing"]
    frame = pd.DataFrame(rows, columns=[*columns, "officer_hours"])
    texts = ["unit", "lpt", "shift", "kind", "mode"]
    return frame.astype(dict.fromkeys(texts, "str")).set_index("unit")
