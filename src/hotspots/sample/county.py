"""A county whose incidents are draws from rates that are written down.

Every incident is an arrival of one Poisson process whose rate per address, category and month is
known, so the truth tables are exact expectations. Only ``Generator.random`` is drawn from: its
stream is the same on every platform and NumPy version, while those of the derived distributions
may change.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..contracts import CRS, InputError, Result
from .land import TEAMS, make_addresses, make_shifts, make_teams, make_units

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FORCE = "Ashenmere Police"
"""Name of the fictional force, as ``source`` of every incident."""

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
    ("Aldermoss", "Anti-social behaviour", "intermittent", 70.0, False),
)
_STEP = ("Fennimore", "Vehicle crime", 1.5)  # a team and category that rise half-way through
STEPPED = _STEP[0]
"""Team with a planted step, which would pass for an effect of patrols elsewhere."""
_TREATED, _DISPLACED = 0.8, 1.1  # ratio inside the treated hotspots, and in the ring about them
_RADIUS, _RING = 150.0, 350.0
_PER_YEAR = 15_000.0
_NO_PLACE = 0.005
_CLOCKS = {  # weights of the 24 hours and of Monday to Sunday
    "flat": ([1] * 24, [1] * 7),
    "day": ([0] * 8 + [1, 2, 3, 4, 5, 5, 5, 5, 5, 4, 3, 2, 1, 1, 0, 0], [4, 4, 4, 4, 5, 6, 3]),
    "evening": ([3, 1, 1, 0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 3, 4, 5, 7, 8, 10, 11, 11, 10, 8, 6],
                [4, 4, 4, 4, 6, 7, 5]),
    "night": ([8, 7, 5, 3, 1, 1, 1, 2, 2, 2, 3, 3, 4, 4, 4, 5, 5, 5, 6, 6, 7, 8, 9, 9],
              [4, 3, 4, 4, 6, 9, 8]),
    "overnight": ([0] * 16 + [1, 3, 5, 5, 4, 3, 2, 1], [4, 4, 4, 4, 5, 5, 5]),
}  # fmt: skip
_NAMES = [team.name for team in TEAMS]
_KINDS = list(_CATEGORIES)


@dataclass(frozen=True, repr=False)
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
        Planted hotspots (circles), index ``hotspot``: ``lpt``, ``category``, ``class_``
        (persistent; emerging: in the last third only; former: in the first third only;
        intermittent: every other quarter), ``easting``, ``northing``, ``radius_m``, ``per_year``
        (incidents a year planted on top of the background while it lasts, before any change),
        ``start`` and ``end`` of the first and last such month, ``treated``, ``name`` (a street),
        ``expected`` (located incidents of the category inside the circle over all months:
        planted and background, seasons and changes included) and ``share`` (``expected`` over
        that of the whole team and category).
    seasons : DataFrame
        Planted season of every category and team: ``peak_month`` (missing: no season) and
        ``ratio`` of the rate at the peak to that at the trough. The log of the rate is a cosine
        of the calendar month.
    changes : DataFrame
        Planted changes, index ``change``: ``what`` (treated, displaced, step), where (a ring of
        ``inner_m`` to ``outer_m`` metres about a ``hotspot``, or the whole ``lpt``), which
        ``category`` (missing: all), from ``start`` on, and the ``ratio`` of the rate after to the
        rate before.
    rates : DataFrame
        Exact ``expected`` number of located incidents per ``month``, ``lpt`` and ``category``.
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

    The teams and towns are the same for every seed; streets, places of the hotspots and incidents
    follow it. Times are exact to the minute, except that burglary and vehicle crime have an
    interval from the evening to a later morning. About 0.5% of incidents have no place and 0.3%
    lie outside the county. Three in four drugs and weapons incidents, and one in twenty of the
    rest, have ``origin`` police.

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
    lpts = make_teams()
    addresses = make_addresses(np.random.default_rng([seed, 0]), lpts)
    hotspots, spread = _plant(addresses, periods)
    changes, seasons = _changes(hotspots, periods), _seasons()
    rates = _Rates(addresses, hotspots, spread, changes, seasons, scale)
    drawn, expected, inside = _draw(seed, rates, periods)
    incidents = _incidents(np.random.default_rng([seed, 1]), addresses, drawn, periods)
    hotspots["expected"] = inside
    total = expected.groupby(["lpt", "category"])["expected"].sum()
    of = pd.MultiIndex.from_arrays([hotspots["lpt"], hotspots["category"]])
    hotspots["share"] = inside / total.reindex(of).to_numpy()
    return County(
        incidents, lpts, hotspots, seasons, changes, expected, make_shifts(), make_units()
    )


def _checked(seed: Any, months: Any, start: Any, scale: Any) -> pd.Timestamp:
    faults = []
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        faults.append(f"seed is {seed!r}; it must be a whole number of 0 or more.")
    if isinstance(months, bool) or not isinstance(months, int | np.integer) or months < 1:
        faults.append(f"months is {months!r}; it must be a whole number of 1 or more.")
    if not isinstance(scale, int | float | np.number) or not 0 < scale < math.inf:
        faults.append(f"scale is {scale!r}; it must be a number above 0.")
    first: pd.Timestamp = pd.to_datetime(start, errors="coerce")
    odd = not isinstance(first, pd.Timestamp) or first.tz is not None
    if odd or first != first.normalize() or first.day != 1:
        faults.append(f"start is {start!r}; it must be the first day of a month, as '2023-01-01'.")
    if faults:
        raise InputError("make_county", faults)
    return first


def _plant(addresses: pd.DataFrame, periods: pd.DatetimeIndex) -> tuple[gpd.GeoDataFrame, Floats]:
    """Choose where the hotspots lie, and spread each over the addresses within its radius."""
    import geopandas as gpd

    xy = addresses[["x", "y"]].to_numpy()
    spread = np.zeros((len(_HOTSPOTS), len(addresses)))
    ends = periods[-1] + pd.offsets.MonthBegin(1)
    late, early = min(-(-2 * len(periods) // 3), len(periods) - 1), -(-len(periods) // 3)
    taken: list[Floats] = []
    rows = []
    for n, (lpt, category, class_, per_year, treated) in enumerate(_HOTSPOTS):
        own = np.flatnonzero((addresses["team"] == _NAMES.index(lpt)) & addresses["main"])
        some = own[::8]  # to choose a centre among
        apart = np.hypot(*(xy[some, None, :] - xy[None, own, :]).transpose(2, 0, 1))
        crowd = (apart <= _RADIUS).sum(axis=1)
        for other in taken:  # rings about two hotspots never meet
            crowd[np.hypot(*(xy[some] - other).T) < 1000] = 0
        at = some[np.argmax(crowd)]
        taken.append(xy[at])
        away = np.hypot(*(xy - xy[at]).T)
        spread[n] = np.where(away <= _RADIUS, 1 - (away / (_RADIUS + 10)) ** 2, 0)
        spread[n] /= spread[n].sum()
        rows.append((
            f"H{n + 1:02d}", lpt, category, class_, *xy[at], _RADIUS, per_year,
            periods[late] if class_ == "emerging" else periods[0],
            periods[early] if class_ == "former" and early < len(periods) else ends,
            treated, addresses["street"].iloc[at],
        ))  # fmt: skip
    frame = pd.DataFrame(rows, columns=[
        "hotspot", "lpt", "category", "class_", "easting", "northing", "radius_m", "per_year",
        "start", "end", "treated", "name",
    ])  # fmt: skip
    texts = ["hotspot", "lpt", "category", "class_", "name"]
    frame = frame.astype(dict.fromkeys(texts, "str")).set_index("hotspot")
    circles = gpd.GeoSeries.from_xy(frame["easting"], frame["northing"], crs=CRS).buffer(_RADIUS)
    return gpd.GeoDataFrame(frame, geometry=circles.to_numpy(), crs=CRS), spread


def _changes(hotspots: gpd.GeoDataFrame, periods: pd.DatetimeIndex) -> pd.DataFrame:
    start, half = periods[len(periods) * 2 // 3], periods[len(periods) // 2]
    rows: list[tuple[Any, ...]] = []
    for hotspot, lpt in hotspots.loc[hotspots["treated"], "lpt"].items():
        rows.append(("treated", hotspot, lpt, None, 0.0, _RADIUS, start, _TREATED))
        rows.append(("displaced", hotspot, lpt, None, _RADIUS, _RING, start, _DISPLACED))
    rows.append(("step", None, _STEP[0], _STEP[1], np.nan, np.nan, half, _STEP[2]))
    columns = ["what", "hotspot", "lpt", "category", "inner_m", "outer_m", "start", "ratio"]
    frame = pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(["what", "lpt"], "str"))
    frame.index = pd.Index([f"C{n + 1}" for n in range(len(frame))], name="change")
    return frame


def _seasons() -> pd.DataFrame:
    rows = [
        (category, lpt, *_OWN_SEASONS.get((lpt, category), (peak, ratio)))
        for category, (_, peak, ratio, _) in _CATEGORIES.items()
        for lpt in _NAMES
    ]
    frame = pd.DataFrame(rows, columns=["category", "lpt", "peak_month", "ratio"])
    return frame.astype({"category": "str", "lpt": "str", "peak_month": "Int64"})


class _Rates:
    """The expected number of incidents per category and address, month by month."""

    def __init__(
        self,
        addresses: pd.DataFrame,
        hotspots: gpd.GeoDataFrame,
        spread: Floats,
        changes: pd.DataFrame,
        seasons: pd.DataFrame,
        scale: float,
    ) -> None:
        share = np.array([_CATEGORIES[c][0] for c in _KINDS])
        self.background = scale * _PER_YEAR * share[:, None] * addresses["weight"].to_numpy()
        self.planted = scale * hotspots["per_year"].to_numpy()[:, None] * spread
        self.kind = np.array([_KINDS.index(c) for c in hotspots["category"]])
        self.hotspots = hotspots
        self.team = addresses["team"].to_numpy()
        swing = np.log(seasons["ratio"].to_numpy()).reshape(len(_KINDS), -1) / 2
        peak = seasons["peak_month"].fillna(1).to_numpy(dtype=float).reshape(swing.shape)
        month = np.arange(1, 13)[:, None, None]
        cycle = np.exp(swing * np.cos(2 * np.pi * (month - peak) / 12))
        cycle /= cycle.mean(axis=0)  # a year holds the same with its season as without
        beyond = np.ones((12, len(_KINDS), 1))  # team -1
        self.cycle = np.concatenate([cycle, beyond], axis=2)
        self.effects = [
            (change["start"], self._effect(change, addresses))
            for change in changes.to_dict("records")
        ]

    def _effect(self, change: dict[Any, Any], addresses: pd.DataFrame) -> Floats:
        factor = np.ones((len(_KINDS), len(addresses)))
        if change["what"] == "step":
            where = self.team == _NAMES.index(change["lpt"])
            factor[_KINDS.index(change["category"]), where] = change["ratio"]
        else:
            spot = self.hotspots.loc[change["hotspot"]]
            away = np.hypot(addresses["x"] - spot["easting"], addresses["y"] - spot["northing"])
            ring = (away <= change["outer_m"]) & (away > change["inner_m"])
            if change["what"] == "treated":
                ring |= away == 0
            factor[:, ring.to_numpy()] = change["ratio"]
        return factor

    def of(self, n: int, month: pd.Timestamp) -> Floats:
        """Give the rates of the ``n``-th month, shape (categories, addresses)."""
        rate: Floats = self.background.copy()
        on = (self.hotspots["start"] <= month) & (month < self.hotspots["end"])
        if n // 3 % 2:
            on &= self.hotspots["class_"] != "intermittent"
        for h in np.flatnonzero(on):
            rate[self.kind[h]] += self.planted[h]
        rate *= month.days_in_month / 365.25 * self.cycle[month.month - 1][:, self.team]
        for start, factor in self.effects:
            if month >= start:
                rate *= factor
        return rate


def _draw(
    seed: int, rates: _Rates, periods: pd.DatetimeIndex
) -> tuple[pd.DataFrame, pd.DataFrame, Floats]:
    """Draw category and address of every incident; add up what was to be expected."""
    near = rates.planted > 0
    inside = np.zeros(len(near))
    drawn, expected = [], []
    for n, month in enumerate(periods):
        rate = rates.of(n, month)
        upto = np.cumsum(rate)
        # A Poisson process on the line from 0 to the total has exponential gaps; where an arrival
        # falls says which category and address it belongs to.
        rng = np.random.default_rng([seed, 2, month.year, month.month])
        gaps = -np.log1p(-rng.random(int(upto[-1] + 12 * math.sqrt(upto[-1]) + 50)))
        arrivals = np.cumsum(gaps)
        cell = np.searchsorted(upto, arrivals[arrivals < upto[-1]], side="right")
        category, at = np.divmod(cell, len(rates.team))
        drawn.append(pd.DataFrame({"month": n, "category": category, "at": at}))
        teams = [np.bincount(rates.team + 1, row, len(TEAMS) + 1)[1:] for row in rate]
        expected.append(np.stack(teams, axis=1) * (1 - _NO_PLACE))
        inside += (rate[rates.kind] * near).sum(axis=1) * (1 - _NO_PLACE)
    month_, lpt, category_ = np.meshgrid(
        np.arange(len(periods)), np.arange(len(TEAMS)), np.arange(len(_KINDS)), indexing="ij"
    )
    table = pd.DataFrame({
        "month": periods[month_.ravel()],
        "lpt": pd.Series(np.array(_NAMES, dtype=object)[lpt.ravel()], dtype="str"),
        "category": pd.Series(np.array(_KINDS, dtype=object)[category_.ravel()], dtype="str"),
        "expected": np.stack(expected).ravel(),
    })  # fmt: skip
    return pd.concat(drawn, ignore_index=True), table, inside


def _incidents(
    rng: np.random.Generator,
    addresses: pd.DataFrame,
    drawn: pd.DataFrame,
    periods: pd.DatetimeIndex,
) -> gpd.GeoDataFrame:
    import geopandas as gpd
    import shapely

    kind = drawn["category"].to_numpy()
    at = drawn["at"].to_numpy()
    lost = rng.random(len(at)) < _NO_PLACE
    start, end = _times(rng, kind, drawn["month"].to_numpy(), periods)
    points = shapely.points(addresses[["x", "y"]].to_numpy()[at])
    points[lost] = shapely.Point()
    teams = np.array([*_NAMES, None], dtype=object)[addresses["team"].to_numpy()[at]]
    streets = addresses["street"].to_numpy(dtype=object)[at]
    teams[lost] = streets[lost] = None
    frame = pd.DataFrame({
        "category": np.array(_KINDS, dtype=object)[kind],
        "occurred_from": start, "occurred_to": end, "lpt": teams, "place": streets,
        "origin": _origins(rng, kind), "source": FORCE,
    })  # fmt: skip
    text = pd.Series(["a"], dtype="str").dtype  # plain objects before pandas 3, where None stays
    frame = frame.astype(dict.fromkeys(["category", "lpt", "place", "origin", "source"], text))
    incidents = gpd.GeoDataFrame(frame, geometry=points, crs=CRS)
    incidents = incidents.sort_values("occurred_from", kind="stable", ignore_index=True)
    incidents.index = pd.Index([f"SYN{n:06d}" for n in range(1, len(at) + 1)], name="incident")
    return incidents


def _pick(rng: np.random.Generator, weights: Any, size: int) -> NDArray[np.int64]:
    upto = np.cumsum(np.asarray(weights, dtype=float))
    picked: NDArray[np.int64] = np.searchsorted(upto, rng.random(size) * upto[-1], side="right")
    return picked


def _times(
    rng: np.random.Generator,
    kind: NDArray[np.int64],
    month: NDArray[np.int64],
    periods: pd.DatetimeIndex,
) -> tuple[NDArray[np.datetime64], NDArray[np.datetime64]]:
    """Choose day and minute of each incident by its category's clock."""
    day = np.empty(len(month), dtype="datetime64[D]")
    minute = np.empty(len(month), dtype=np.int64)
    clock = np.array([_CATEGORIES[c][3] for c in _KINDS], dtype=object)[kind]
    for name, (hours, weekdays) in _CLOCKS.items():
        of = np.flatnonzero(clock == name)
        minute[of] = 60 * _pick(rng, hours, len(of)) + np.floor(60 * rng.random(len(of)))
        for n, first in enumerate(periods):
            mine = of[month[of] == n]
            days = np.datetime64(first, "D") + np.arange(first.days_in_month)
            monday = (days.astype(np.int64) + 3) % 7  # 1 January 1970 was a Thursday
            day[mine] = days[_pick(rng, np.asarray(weekdays)[monday], len(mine))]
    start = day.astype("datetime64[s]") + minute.astype("timedelta64[m]")
    end = start.copy()
    overnight = clock == "overnight"  # left in the evening, found in the morning
    u = rng.random((2, len(month)))
    nights = np.where(u[0] < 0.05, 2 + np.floor(12 * u[0] / 0.05), 1).astype("timedelta64[D]")
    found = (360 + np.floor(240 * u[1])).astype("timedelta64[m]")
    end[overnight] = ((day + nights).astype("datetime64[s]") + found)[overnight]
    return start, end


def _origins(rng: np.random.Generator, kind: NDArray[np.int64]) -> NDArray[np.object_]:
    """Say who brought each incident to notice: drugs and weapons are mostly found by the police."""
    names = np.array(["public", "partner", "police", "unknown"], dtype=object)
    found = names[_pick(rng, [0.80, 0.08, 0.05, 0.07], len(kind))]
    searched = np.isin(kind, [_KINDS.index(c) for c in ("Drugs", "Possession of weapons")])
    found[searched] = names[_pick(rng, [0.15, 0.05, 0.75, 0.05], int(searched.sum()))]
    return found
