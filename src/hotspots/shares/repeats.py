"""Locations where it happens again: how many, against chance, how soon, and which to act on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..contracts import InputError, Result, check_incidents
from ..places import coordinates
from ..support import data_support

Floats = NDArray[np.float64]

BRIEFING = (3, 28)
"""Incidents in so many days, up to the last, that bring a location into the briefing."""

REFERRAL = 10
"""Incidents in twelve months that make a location one for problem-solving (SARA)."""

LEVEL = 0.95
_TOLD = (28, 180)  # days of the text
_WIDEST = 1_000  # metres: wider than that is no location
_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True, repr=False)
class RepeatLocations(Result):
    """Locations with more than one incident, as :func:`repeat_locations` gives them.

    Attributes
    ----------
    rates : DataFrame
        One row (index ``period_end``): ``period_start``, ``incidents``, ``locations`` (with any),
        ``repeat_locations`` (with two or more), ``repeat_incidents`` (all of theirs),
        ``repeat_rate`` (0 to 1, of the incidents), ``places`` (those that could have had one), and
        ``by_chance``, ``chance_low``, ``chance_high``: the rate, and its 95% range, were all
        places equally likely; NaN where their number was not given.
    locations : DataFrame
        Locations with two or more, most first (index ``location``): ``incidents``,
        ``incidents_28d`` (in the last 28 days; missing when times are too coarse), ``days`` (with
        any), ``first``, ``last``, ``categories`` with their counts, ``harm`` (days; where incidents
        have it), ``easting``, ``northing`` and ``action`` (briefing, SARA referral, both or none).
    time_to_repeat : DataFrame
        Kaplan–Meier estimate (index ``days`` since a location's first incident): ``at_risk``
        locations, ``repeats`` on that day, ``share_repeated`` by then (0 to 1) with ``low`` and
        ``high`` (95%). Empty when times are too coarse.
    said : str
        The paragraph that ``text`` returns.
    """

    rates: pd.DataFrame
    locations: pd.DataFrame
    time_to_repeat: pd.DataFrame
    said: str

    @property
    def text(self) -> str:
        """How much happens at repeat locations, against chance, how soon, and what to do."""
        return self.said


def repeat_locations(
    incidents: gpd.GeoDataFrame,
    *,
    key: str | None = None,
    size: float = 10,
    as_of: str | date | None = None,
    places: int | None = None,
    n_sim: int = 999,
    seed: int = 0,
) -> RepeatLocations:
    r"""Find locations where incidents repeat within twelve months.

    Parameters
    ----------
    incidents : GeoDataFrame
        The incidents table, from records with addresses or exact points.
    key : str, optional
        Column that names the location, best a UPRN or address id; case and surplus blanks do not
        matter. Absent: the point, rounded.
    size : float
        Metres, 1 to 1,000, to which points are rounded where there is no ``key``.
    as_of : str or date, optional
        The twelve months end with this day; the last incident's day when absent.
    places : int, optional
        How many locations there are in the area, with and without incidents, such as its
        addresses. What chance would give rests on it, and is not told without.
    n_sim : int
        Simulations for the range of chance; 0 for none.
    seed : int
        The same seed gives the same range.

    Returns
    -------
    RepeatLocations

    Raises
    ------
    InputError
        When an argument is out of range, nothing lies in the twelve months, or the points are
        snapped: a published map point stands for eight addresses or more, so that what repeats
        there need not be one location.

    Notes
    -----
    The repeat rate is the share of incidents at locations with two or more. Were *C* incidents to
    fall on *N* equally likely places, it would be :math:`1 - (1 - 1/N)^{C-1}` on average; the range
    around it is simulated.

    The time of an incident is the day of the midpoint of its interval. Incidents at one location
    with exactly the same interval are one event. Time to repeat runs from a location's first
    incident of the twelve months to its next; one that has had none by the end is *censored*:
    known not to have repeated so far, and no more. Leaving those out would show repeats as
    quicker and more certain than they are. The interval is on the log-minus-log scale.

    Three or more in the last 28 days call for the briefing, ten or more in twelve months for a
    referral to problem-solving (scanning, analysis, response, assessment: SARA). Locations are
    told, never people. Police-generated incidents (``origin`` "police") are left out; to keep
    them, drop the column.

    References
    ----------
    Farrell G. and Pease K. (1993) *Once bitten, twice bitten: repeat victimisation and its
    implications for crime prevention*. Crime Prevention Unit Paper 46. London: Home Office.
    Kaplan E. L. and Meier P. (1958) Nonparametric estimation from incomplete observations.
    *Journal of the American Statistical Association* 53(282), 457–481.

    Examples
    --------
    >>> import hotspots as hs
    >>> calls = hs.make_county(seed=1, months=12, scale=0.2).incidents
    >>> found = hs.repeat_locations(calls, n_sim=0)
    >>> found.rates[["incidents", "repeat_incidents"]].iloc[0].tolist()
    [2884, 989]
    >>> int(found.locations["incidents"].max())
    5
    """
    end = _checked(incidents, key, size, as_of, places, n_sim, seed)
    events, left, dated = _events(incidents, key, float(size))
    if end is None:
        end = events["day"].max().to_datetime64().astype("datetime64[D]")
    start = (pd.Timestamp(end) - pd.DateOffset(years=1)).to_numpy().astype("datetime64[D]")
    recent = (events["day"] > start) & (events["day"] <= end)
    left["outside the twelve months"] = int((~recent).sum())
    events = events[recent]
    if len(events) == 0:
        said = "; ".join(f"{n:,} {why}" for why, n in left.items() if n)
        where = "" if np.isnat(end) else f" in the twelve months to {end}"
        raise InputError("repeat_locations", [
            f"there is no incident to use{where}{f' (left out: {said})' if said else ''}; give "
            "another as_of or other records."
        ])  # fmt: skip
    again = events.duplicated(["location", "from", "to"])
    events = events[~again]
    number = events.groupby("location", sort=False)["day"].transform("size").to_numpy()
    many = int(events["location"].nunique())
    if places is not None and places < many:
        fault = f"places={places:,}, but {many:,} locations had incidents; it counts them all."
        raise InputError("repeat_locations", [fault])
    rates = _rates(number, many, places, n_sim, seed).assign(
        period_start=pd.Timestamp(start) + pd.Timedelta(days=1)
    )
    rates.index = pd.DatetimeIndex([end], name="period_end").as_unit("s")
    rates = rates[["period_start", *rates.columns[:-1]]].astype({"period_start": "datetime64[s]"})
    locations = _described(events[number > 1], end, dated)
    waits = _waits(events, end) if dated else _no_waits()
    said = _words(rates, locations, waits, left, int(again.sum()), (places is not None, dated))
    return RepeatLocations(rates, locations, waits, said)


def _checked(
    incidents: gpd.GeoDataFrame, key: str | None, size: float, as_of: str | date | None,
    places: int | None, n_sim: int, seed: int,
) -> np.datetime64 | None:  # fmt: skip
    """Check the arguments and the table, and return the last day, where given."""
    faults, end = [], None
    number = isinstance(size, int | float | np.number) and not isinstance(size, bool)
    if not number or not 1 <= size <= _WIDEST:
        faults.append(f"size={size!r}; it must be metres from 1 to {_WIDEST:,}: try 10.")
    if as_of is not None:
        dated = isinstance(as_of, str | date | np.datetime64)  # a Timestamp is a date too
        day = pd.to_datetime(as_of, errors="coerce") if dated else pd.NaT
        if pd.isna(day) or day.year < 1900:
            faults.append(f"as_of={as_of!r}; it must be a day, as '2025-12-31'.")
        else:
            end = day.to_numpy().astype("datetime64[D]")
    for name, value, least in (("places", places, 1), ("n_sim", n_sim, 0), ("seed", seed, 0)):
        if name == "places" and value is None:
            continue
        if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < least:
            faults.append(f"{name}={value!r}; it must be a whole number of {least} or more.")
    if key is not None and not isinstance(key, str):
        faults.append(f"key={key!r}; it must name a column, or be None.")
    elif key is not None and isinstance(incidents, pd.DataFrame) and key not in incidents.columns:
        have = ", ".join(map(str, incidents.columns))
        faults.append(f"key={key!r} is not a column; columns: {have}.")
    if faults:
        raise InputError("repeat_locations", faults)
    check_incidents(incidents)
    return end


def _events(
    incidents: gpd.GeoDataFrame, key: str | None, size: float
) -> tuple[pd.DataFrame, dict[str, int], bool]:
    """Incidents with their location and day; how many are left out; whether days are known."""
    police = np.zeros(len(incidents), dtype=bool)
    if "origin" in incidents.columns:
        police = (incidents["origin"] == "police").to_numpy(dtype=bool, na_value=False)
    support = data_support(incidents[~police])
    if support.located and key in (None, "place", "lsoa"):  # an address stands for itself
        support.require("repeat locations", "repeat_locations")
    xy = coordinates(incidents)
    names = None if key is None else _plain(incidents[key])
    placed = ~np.isnan(xy[:, 0]) if names is None else (names != "").to_numpy()
    used = placed & ~police
    left = {
        "police-generated (origin 'police'; drop the column to keep them)": int(police.sum()),
        f"without {'a point' if key is None else key}": int((~placed & ~police).sum()),
    }
    length = incidents["occurred_to"] - incidents["occurred_from"]
    middle = incidents["occurred_from"] + length / 2
    if names is None:
        centre = np.floor(xy[used] / size + 0.5) * size
        location = np.array([f"{x:.10g}_{y:.10g}" for x, y in centre], dtype=object)
    else:
        location = names.to_numpy(dtype=object)[used]
    frame = pd.DataFrame({
        "location": location, "x": xy[used, 0], "y": xy[used, 1],
        "from": incidents["occurred_from"].to_numpy()[used],
        "to": incidents["occurred_to"].to_numpy()[used],
        "day": middle.to_numpy()[used].astype("datetime64[D]").astype("datetime64[s]"),
        "category": incidents["category"].astype(str).to_numpy(dtype=object)[used],
    })  # fmt: skip
    if "harm" in incidents.columns:
        frame["harm"] = incidents["harm"].to_numpy(dtype=float, na_value=np.nan)[used]
    # in an order that is not that of the rows; of one event the heaviest offence first
    order = ["location", "from", "to", *(["harm"] if "harm" in frame else []), "category", "x", "y"]
    return (
        frame.sort_values(order, ascending=[name != "harm" for name in order]),
        left,
        (not support.month_only),
    )


def _plain(names: pd.Series) -> pd.Series:
    """Write the same address or id the same way; empty where there is none."""
    if pd.api.types.is_float_dtype(names.dtype) and (names.dropna() % 1 == 0).all():
        names = names.astype("Int64")  # whole numbers with gaps come as fractions
    text = names.astype(object).where(names.notna(), "").astype(str)
    return text.str.split().str.join(" ").str.upper()


def _rates(
    number: NDArray[np.int64], many: int, places: int | None, n_sim: int, seed: int
) -> pd.DataFrame:
    """Share of incidents at repeat locations, and what chance would give."""
    total, repeated = len(number), int((number > 1).sum())
    among = places or float("nan")
    low = high = float("nan")
    if n_sim and places:
        from ..progress import progress_bar

        rng = np.random.default_rng(seed)
        rate = np.empty(n_sim)
        for k in progress_bar(range(n_sim), "chance repeats", leave=False, delay=2, disable=None):
            fell = np.sort(rng.integers(places, size=total))
            alike = np.concatenate([[False], fell[1:] == fell[:-1], [False]])
            rate[k] = (alike[1:] | alike[:-1]).mean()  # the same place as the next or the last
        low, high = np.quantile(rate, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return pd.DataFrame({
        "incidents": [total], "locations": [many],
        "repeat_locations": [np.rint((number > 1) @ (1 / number)).astype(np.int64)],
        "repeat_incidents": [repeated], "repeat_rate": [repeated / total], "places": [among],
        "by_chance": [1 - (1 - 1 / among) ** (total - 1)], "chance_low": [low],
        "chance_high": [high],
    })  # fmt: skip


def _described(events: pd.DataFrame, end: np.datetime64, dated: bool) -> pd.DataFrame:
    """Describe each location with two or more, most first."""
    by_place = events.groupby("location", sort=True)
    table = by_place.agg(
        incidents=("day", "size"), days=("day", "nunique"), first=("day", "min"),
        last=("day", "max"), easting=("x", "mean"), northing=("y", "mean"),
    )  # fmt: skip
    least, span = BRIEFING
    recent = events["day"] > end - span * _DAY
    count = recent.groupby(events["location"]).sum().reindex(table.index).astype("Int64")
    table.insert(1, "incidents_28d", count if dated else count.mask(count.notna()))
    kinds = events.groupby(["location", "category"]).size().reset_index(name="n")
    kinds = kinds.sort_values(["location", "n", "category"], ascending=[True, False, True])
    told = kinds["category"] + " " + kinds["n"].astype(str)
    words = told.groupby(kinds["location"]).agg(", ".join).reindex(table.index)
    table.insert(5, "categories", words.astype("str"))
    if "harm" in events:
        table.insert(6, "harm", by_place["harm"].sum(min_count=1))
    brief = (table["incidents_28d"] >= least).fillna(False).to_numpy(dtype=bool)
    refer = (table["incidents"] >= REFERRAL).to_numpy()
    table["action"] = np.select(
        [brief & refer, refer, brief], ["briefing and SARA referral", "SARA referral", "briefing"],
        "none",
    )  # fmt: skip
    table["action"] = table["action"].astype("str")
    table.index = table.index.astype("str")
    order = np.lexsort((table.index.to_numpy(), -table["incidents"].to_numpy()))
    return table.iloc[order]


def _waits(events: pd.DataFrame, end: np.datetime64) -> pd.DataFrame:
    """Kaplan–Meier estimate of the days from a location's first incident to its next."""
    from scipy.stats import norm
    from statsmodels.duration.survfunc import SurvfuncRight

    days = events.sort_values(["location", "day"], kind="stable")
    place = days.groupby("location", sort=True)["day"]
    first, second = place.nth(0).to_numpy(), place.shift(-1).to_numpy()
    start = ~days["location"].duplicated().to_numpy()
    following = second[start]
    repeated = ~np.isnat(following)
    until = np.where(repeated, following, end.astype("datetime64[s]"))
    wait = (until - first).astype("timedelta64[D]").astype(np.int64)
    if not repeated.any():
        return _no_waits()
    curve = SurvfuncRight(wait, repeated.astype(int))
    alive, error = curve.surv_prob, curve.surv_prob_se
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = norm.ppf((1 + LEVEL) / 2) * error / (alive * np.abs(np.log(alive)))
        low, high = 1 - alive ** np.exp(-scale), 1 - alive ** np.exp(scale)
    sure = (alive > 0) & (alive < 1)
    return pd.DataFrame({
        "at_risk": curve.n_risk.astype(np.int64), "repeats": curve.n_events.astype(np.int64),
        "share_repeated": 1 - alive, "low": np.where(sure, low, np.nan),
        "high": np.where(sure, high, np.nan),
    }, index=pd.Index(curve.surv_times.astype(np.int64), name="days"))  # fmt: skip


def _no_waits() -> pd.DataFrame:
    columns = {"at_risk": "int64", "repeats": "int64", "share_repeated": "float64",
               "low": "float64", "high": "float64"}  # fmt: skip
    return pd.DataFrame(index=pd.Index([], dtype="int64", name="days"), columns=list(columns)
                        ).astype(columns)  # fmt: skip


def _words(
    rates: pd.DataFrame, locations: pd.DataFrame, waits: pd.DataFrame, left: dict[str, int],
    same: int, known: tuple[bool, bool],
) -> str:  # fmt: skip
    """Say how much repeats, against chance, what to do, how soon it repeats, and who is left."""
    counted, dated = known
    row = rates.iloc[0]
    said = [
        f"In the twelve months to {rates.index[0]:%d %B %Y} {row['repeat_rate']:.1%} of "
        f"{row['incidents']:,} incidents happened at the {row['repeat_locations']:,} of "
        f"{row['locations']:,} locations that had two or more."
    ]
    if counted:
        span = (
            f" (95% range {row['chance_low']:.1%} to {row['chance_high']:.1%})"
            if np.isfinite(row["chance_low"]) else ""
        )  # fmt: skip
        said.append(
            f"Were all {row['places']:,.0f} places equally likely, chance would give "
            f"{row['by_chance']:.1%}{span}."
        )
    else:
        said.append(
            "How much of that is chance depends on how many places there are; say it with places=."
        )
    brief = int(locations["action"].str.contains("briefing").sum())
    refer = int(locations["action"].str.contains("SARA").sum())
    least, days = BRIEFING
    if dated:
        said.append(
            f"{brief:,} had {least} or more in the last {days} days (briefing), {refer:,} had "
            f"{REFERRAL} or more in all (SARA referral)."
        )
        if len(waits):
            told = [
                f"{waits['share_repeated'][waits.index <= day].max():.0%} within {day} days"
                for day in _TOLD if (waits.index <= day).any()
            ]  # fmt: skip
            said.append(
                f"After its first incident a location has another: {', '.join(told)}, allowing "
                "for those whose time is not yet up."
            )
    else:
        said.append(
            f"{refer:,} had {REFERRAL} or more (SARA referral). Times are too coarse to tell the "
            f"last {days} days or the time to a repeat."
        )
    if same:
        said.append(f"{same:,} at the place and time of another count with it as one event.")
    if out := [f"{n:,} {why}" for why, n in left.items() if n]:
        said.append(f"Left out: {'; '.join(out)}.")
    return " ".join(said)
