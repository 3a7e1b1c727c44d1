"""Trends per Local Policing Team: complete series, their decomposition, and what they support.

One road for every group: place each incident in a period, tell the periods that were recorded
from those that were not, take out the length of the month, decompose where two full cycles were
recorded, and test for a season only where three were. A decomposition always shows *some* season,
in pure noise too, so nothing here reads a season off it: the claim rests on a regression test.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .contracts import InputError, Result, check_incidents, recorded_months, time_precision

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_BY = ("lpt", "category", "command")
# freq: (periods in a year, days of a standard period, its name)
_FREQ = {"MS": (12, 30.4375, "month"), "W-MON": (52, 7.0, "week")}
_THIN = 0.4  # under this share of the usual period, a file is probably incomplete
_SURE = 20  # usual count from which a quiet period is a sign of missing files, not of chance
_BRIDGE = 2  # most missing periods in a row that the decomposition may draw a line across
_FEW = 5.0  # a month; under it a group has no season of its own to speak of
_SHOWN = 15  # sentences in the text; the summary table holds them all
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


@dataclass(frozen=True, repr=False)
class Trends(Result):
    """Series, seasons and findings per group, as :func:`seasonal_trends` gives them.

    Attributes
    ----------
    series : DataFrame
        One row per group and period: the columns of ``by``, ``period_start``, ``incidents``
        (NaN when missing), ``status`` (present, thin, missing), ``days``, ``adjusted`` (incidents
        per standard month of 30.4375 days, or per week; NaN unless present), ``trend`` (on the
        scale of ``adjusted``), ``season`` and ``remainder`` (factors). Where decomposed,
        ``adjusted + c = (trend + c) * season * remainder`` exactly, with c = 1/2 on the log
        scale and 3/8 on the square-root scale (``scale`` in the summary).
    seasons : DataFrame
        Twelve rows per group: ``month`` (1 to 12), ``factor`` (geometric mean of ``season``; NaN
        where not decomposed), ``recorded`` (periods behind it) and the ``verdict`` without which
        no factor should be read.
    summary : DataFrame
        One row per group: how much was recorded, the yearly change, the test for a season, the
        ``verdict`` and a ``sentence`` in plain English.
    periods : DataFrame
        One row per source and period, every one, also those left out at the edges (``status``
        incomplete): its ``incidents`` add up to the incidents given.
    by : tuple of str
    freq : str
    said : str
        The paragraph that ``text`` returns.
    """

    series: pd.DataFrame
    seasons: pd.DataFrame
    summary: pd.DataFrame
    periods: pd.DataFrame
    by: tuple[str, ...]
    freq: str
    said: str

    @property
    def text(self) -> str:
        """What a commander needs to read, gaps and reservations first."""
        return self.said


def seasonal_trends(
    incidents: gpd.GeoDataFrame, by: Sequence[str] = ("lpt",), freq: str = "MS"
) -> Trends:
    r"""Count incidents per group and period, decompose, and say what the series supports.

    Parameters
    ----------
    incidents : GeoDataFrame
        Incidents (see the contracts), all categories of the sources in question: a period
        without a single row of a source counts as not recorded, so a rare category given on its
        own would lose its true zeros.
    by : sequence of str
        Any of ``lpt``, ``category`` and ``command``; empty for everything together. A group is a
        combination that occurs at least once. Incidents without an LPT make the group "no LPT".
    freq : {"MS", "W-MON"}
        Calendar months, or weeks from Monday (dated records only).

    Returns
    -------
    Trends

    Raises
    ------
    InputError
        If the table breaks its contract or is empty, ``by`` or ``freq`` is unknown, or times are
        known too coarsely for the period asked (weeks from month-only records).

    Notes
    -----
    An incident belongs to the period its interval's midpoint falls in, so a month-only row
    belongs to its month. In a recorded period a group without incidents has a true zero; a
    period without any row of the group's sources is missing (NaN), never zero; one under .4
    times the usual is *thin* and left out of every fit. In dated records a first or last period
    that the records only partly cover is dropped and counted in ``periods``.

    Decomposition: STL [1]_ of log(adjusted + 1/2), or of 2√(adjusted + 3/8) where the mean is
    under 10, seasonal window 13, robust from 48 points, on the longest run with gaps of at most
    two periods (bridged by a straight line on that scale; their remainder stays NaN), and only
    where two full cycles were recorded.

    Season: only from three full cycles (36 months) and a mean of 5 a month. Quasi-Poisson
    regression log μ = α + trend + γ cos + δ sin + log days, trend linear (natural spline with one
    df a year beyond four years), F test of (γ, δ) with 2 and n − p df, dispersion never under 1
    and raised for residual autocorrelation; Benjamini-Hochberg [2]_ over the groups. *Clear*:
    q < .01 and the 95 % interval of the peak-to-trough ratio exp(2A) wholly above 1.1; *possible*:
    q < .05; otherwise *none*. It sees one peak a year: a short spike may escape it.

    Yearly change: the months of the last year that were also recorded a year before, rate
    against rate per day, Clopper-Pearson interval on counts divided by their dispersion. No
    percentage where either count is under 20.

    References
    ----------
    .. [1] Cleveland et al. (1990), STL: a seasonal-trend decomposition procedure based on loess,
       Journal of Official Statistics 6(1), 3-73.
    .. [2] Benjamini and Hochberg (1995), Controlling the false discovery rate, JRSS B 57(1),
       289-300.

    Examples
    --------
    >>> import hotspots as hs
    >>> county = hs.make_county(seed=1, months=4)
    >>> trends = hs.seasonal_trends(county.incidents, by=())
    >>> trends.summary["verdict"].tolist()
    ['too short to say']
    >>> int(trends.series["incidents"].sum()) == len(county.incidents)
    True
    """
    incidents, by = _checked(incidents, by, freq)
    number, spanning = _placed(incidents, freq)
    sources = _labels(incidents, "source", "unknown")
    periods = _periods(incidents, number, sources, freq)
    groups = [_labels(incidents, name, _nowhere(name)) for name in by]
    series, span = _series(number, sources, groups, periods, by, freq)
    results = [_Group(series.iloc[a:b], freq).findings() for a, b in span]
    for name in ("trend", "season", "remainder"):
        series[name] = np.concatenate([r.pop(name) for r in results])
    factors = [r.pop("factor") for r in results]
    counted = [r.pop("recorded") for r in results]
    keys = series.iloc[[a for a, _ in span]][list(by)].reset_index(drop=True)
    summary = pd.concat([keys, pd.DataFrame(results)], axis=1)
    _judge(summary, freq)
    summary["sentence"] = _sentences(summary, by, freq)
    seasons = keys.loc[np.repeat(np.arange(len(keys)), 12)].reset_index(drop=True)
    seasons["month"] = np.tile(np.arange(1, 13), len(keys))
    seasons["factor"] = np.concatenate(factors)
    seasons["recorded"] = np.concatenate(counted)
    seasons["verdict"] = np.repeat(summary["verdict"].to_numpy(), 12)
    said = _said(incidents, periods, series, summary, spanning, by, freq)
    hidden = [c for c in summary.columns if c.startswith("_")]
    return Trends(series, seasons, summary.drop(columns=hidden), periods, by, freq, said)


def _nowhere(name: str) -> str:
    return "no LPT" if name == "lpt" else f"no {name}"


def _checked(
    incidents: gpd.GeoDataFrame, by: Sequence[str], freq: str
) -> tuple[gpd.GeoDataFrame, tuple[str, ...]]:
    check_incidents(incidents)
    by = (by,) if isinstance(by, str) else tuple(by)
    faults = []
    if freq not in _FREQ:
        faults.append(f"freq is {freq!r}; it takes 'MS' (months) or 'W-MON' (weeks from Monday).")
    for name in by:
        if name not in _BY:
            faults.append(f"by holds {name!r}; it takes {', '.join(_BY)}, or () for everything.")
        elif name not in incidents.columns:
            faults.append(
                f"by asks for {name!r}, but the incidents have no such column; read them with "
                "lpts=..., or use by=() for everything together."
            )
    if len(set(by)) < len(by):
        faults.append(f"by repeats a column: {', '.join(map(str, by))}.")
    if len(incidents) == 0:
        faults.append("there are no incidents; a trend needs at least one.")
    elif freq in _FREQ:
        coarse = _too_coarse(incidents, freq)
        faults.extend([coarse] if coarse else [])
    if faults:
        raise InputError("seasonal_trends", faults)
    return incidents, by


def _too_coarse(incidents: gpd.GeoDataFrame, freq: str) -> str:
    """Say why times are too coarse for the period, or nothing where they are fine enough."""
    longest = 31 if freq == "MS" else 7
    wide = incidents["occurred_to"] - incidents["occurred_from"] > pd.Timedelta(days=longest)
    if wide.mean() <= 0.1:
        return ""
    known = "month-only" if freq == "W-MON" else "known no closer than several months"
    remedy = "use freq='MS'" if freq == "W-MON" else "leave such rows out, or give finer times"
    return (
        f"freq={freq!r} needs times known to the {_FREQ[freq][2]}, but {wide.mean():.0%} of the "
        f"incidents span more than {longest} days ({known}); {remedy}."
    )


def _starts(number: NDArray[Any], freq: str) -> NDArray[np.datetime64]:
    """First day of each period; weeks are counted from Monday 29 December 1969."""
    if freq == "MS":
        return number.astype("datetime64[M]").astype("datetime64[s]")
    return (number * 7 - 3).astype("datetime64[D]").astype("datetime64[s]")


def _numbers(when: NDArray[np.datetime64], freq: str) -> NDArray[np.int64]:
    if freq == "MS":
        return when.astype("datetime64[M]").astype(np.int64)
    return (when.astype("datetime64[D]").astype(np.int64) + 3) // 7


def _midpoints(incidents: pd.DataFrame) -> NDArray[np.datetime64]:
    start = incidents["occurred_from"].to_numpy().astype("datetime64[s]")
    end = incidents["occurred_to"].to_numpy().astype("datetime64[s]")
    return start + (end - start) // 2


def _placed(incidents: pd.DataFrame, freq: str) -> tuple[NDArray[np.int64], int]:
    """Period number of each incident, and how many intervals reach over a period's end."""
    start = incidents["occurred_from"].to_numpy().astype("datetime64[s]")
    end = incidents["occurred_to"].to_numpy().astype("datetime64[s]")
    last = np.maximum(start, end - np.timedelta64(1, "s"))  # the end itself is outside
    spanning = int((_numbers(start, freq) != _numbers(last, freq)).sum())
    return _numbers(_midpoints(incidents), freq), spanning


def _labels(incidents: pd.DataFrame, column: str, missing: str) -> tuple[NDArray[Any], list[str]]:
    """Codes and sorted names of a column; what is missing comes last, under its own name."""
    if column not in incidents.columns:
        return np.zeros(len(incidents), dtype=np.int64), ["all"]
    codes, names = pd.factorize(incidents[column].astype(object), sort=True)
    found = [str(name) for name in names]
    if (codes < 0).any():
        codes = np.where(codes < 0, len(found), codes)
        found.append(missing)
    return codes, found


def _periods(
    incidents: gpd.GeoDataFrame, number: NDArray[np.int64],
    sources: tuple[NDArray[Any], list[str]], freq: str,
) -> pd.DataFrame:  # fmt: skip
    """Every period of every source, its incidents, and whether its records are whole."""
    middle = _midpoints(incidents)
    dated = time_precision(incidents).isin(["hour", "day"]).to_numpy()
    parts = []
    for code, name in enumerate(sources[1]):
        mine = sources[0] == code
        first = number[mine].min()
        counts = np.bincount(number[mine] - first)
        starts = _starts(first + np.arange(len(counts) + 1), freq)
        a, b = _covered(counts, starts, middle[mine], bool(dated[mine].mean() >= 0.5))
        status = np.full(len(counts), "incomplete", dtype=object)
        inside = (middle[mine] >= starts[a]) & (middle[mine] < starts[b])
        status[a:b] = _recorded(counts[a:b], starts[a:b], middle[mine][inside])
        parts.append(pd.DataFrame({
            "source": name, "period_start": starts[:-1],
            "incidents": counts.astype(np.int64), "status": status,
        }))  # fmt: skip
    return pd.concat(parts, ignore_index=True).astype({"source": "str", "status": "str"})


def _covered(
    counts: NDArray[np.int64], starts: NDArray[np.datetime64], middle: NDArray[np.datetime64],
    dated: bool,
) -> tuple[int, int]:  # fmt: skip
    """First period and one past the last that the records wholly cover.

    Extracts by recording date reach back thinly for years, so the edges are judged against the
    period the median incident lies in, which such stragglers cannot move. Sparse records are
    taken as they come: there a quiet edge says nothing.
    """
    order = np.sort(counts)
    usual = order[np.searchsorted(np.cumsum(order), counts.sum() / 2)]
    a, b = 0, len(counts)
    if usual >= _SURE:
        whole = np.flatnonzero(counts >= _THIN * usual)
        a, b = int(whole[0]), int(whole[-1]) + 1
    if dated and b - a > 1:
        day = middle.astype("datetime64[D]").astype(np.int64)
        edges = starts.astype("datetime64[D]").astype(np.int64)
        daily = np.bincount(day[(day >= edges[a]) & (day < edges[b])] - edges[a],
                            minlength=edges[b] - edges[a])  # fmt: skip
        rate = float(daily[daily.cumsum() > 0].mean())
        if _starts_late(daily[: edges[a + 1] - edges[a]], rate):
            a += 1
        if b - a > 1 and _starts_late(daily[::-1][: edges[b] - edges[b - 1]], rate):
            b -= 1
    return a, b


def _starts_late(daily: NDArray[np.int64], rate: float) -> bool:
    """Tell whether the first days hold far fewer incidents than chance allows at this rate."""
    from scipy.stats import poisson

    so_far, expected = daily.cumsum(), rate * np.arange(1, len(daily) + 1)
    return bool(((so_far < 0.2 * expected) & (poisson.cdf(so_far, expected) < 0.001)).any())


def _recorded(
    counts: NDArray[np.int64], starts: NDArray[np.datetime64], middle: NDArray[np.datetime64]
) -> NDArray[Any]:
    """Status of the covered periods of one source."""
    months = recorded_months(pd.DataFrame({"occurred_from": middle}), thin=_THIN)
    gone = months.loc[months["status"] == "missing", "month"].to_numpy().astype("datetime64[M]")
    usual = float(np.median(counts[counts > 0]))
    status = np.full(len(counts), "present", dtype=object)
    if usual >= _SURE:
        status[counts < _THIN * usual] = "thin"
        status[counts == 0] = "missing"
    status[(counts == 0) & np.isin(starts.astype("datetime64[M]"), gone)] = "missing"
    return status


def _series(
    number: NDArray[np.int64], sources: tuple[NDArray[Any], list[str]],
    groups: list[tuple[NDArray[Any], list[str]]], periods: pd.DataFrame, by: tuple[str, ...],
    freq: str,
) -> tuple[pd.DataFrame, list[tuple[int, int]]]:  # fmt: skip
    """Zero-filled counts per group and period, and each group's rows as a span."""
    code = np.zeros(len(number), dtype=np.int64)
    for codes, names in groups:
        code = code * len(names) + codes
    found, group = np.unique(code, return_inverse=True)
    labels = []
    for _, names in reversed(groups):
        labels.append(np.array(names, dtype=object)[found % len(names)])
        found = found // len(names)
    # what share of a group's incidents comes from sources that recorded nothing, or thinly
    every = _numbers(periods["period_start"].to_numpy(), freq)
    low, count = every.min(), every.max() - every.min() + 1
    n, m = int(group.max()) + 1, len(sources[1])
    share = np.bincount(group * m + sources[0], minlength=n * m).reshape(n, m).astype(float)
    share /= share.sum(axis=1, keepdims=True)
    absent, partial = np.ones((m, count)), np.zeros((m, count))
    where = (pd.Index(sources[1]).get_indexer(periods["source"]), every - low)
    absent[where] = periods["status"].isin(["missing", "incomplete"]).to_numpy()
    partial[where] = (periods["status"] == "thin").to_numpy()
    lost, thin = share @ absent, share @ partial
    status = np.where(lost > 0.95, "missing", np.where(lost + thin > 0.05, "thin", "present"))
    used = absent[sources[0], number - low] == 0
    tally = np.bincount((group * count + number - low)[used], minlength=n * count)
    y = tally.reshape(n, count).astype(float)
    y[status == "missing"] = np.nan
    # each group runs from its first recorded period to its last
    kept = (status != "missing") | (y > 0)
    kept = np.maximum.accumulate(kept, 1) & np.maximum.accumulate(kept[:, ::-1], 1)[:, ::-1]
    g, t = np.nonzero(kept)
    starts = _starts(low + np.arange(count + 1), freq)
    days = np.diff(starts).astype("timedelta64[D]").astype(float)[t]
    frame = pd.DataFrame(
        {name: labels[-1 - k][g] for k, name in enumerate(by)}, index=range(len(g))
    )
    frame = frame.astype("str")
    frame["period_start"] = starts[t]
    frame["incidents"] = y[g, t]
    frame["status"] = pd.Series(status[g, t], dtype="str")
    frame["days"] = days.astype(np.int64)
    frame["adjusted"] = np.where(status[g, t] == "present", y[g, t] / days * _FREQ[freq][1], np.nan)
    ends = np.cumsum(np.bincount(g, minlength=n))
    return frame, list(zip(np.r_[0, ends[:-1]].tolist(), ends.tolist(), strict=True))


class _Group:
    """One group's series, and what can be found in it."""

    def __init__(self, rows: pd.DataFrame, freq: str) -> None:
        self.freq = freq
        self.cycle, self.standard, self.name = _FREQ[freq]
        self.start = rows["period_start"].to_numpy()
        self.y = rows["incidents"].to_numpy()
        self.days = rows["days"].to_numpy().astype(float)
        self.adjusted = rows["adjusted"].to_numpy()
        self.status = rows["status"].to_numpy()
        self.fit = ~np.isnan(self.adjusted)
        self.month = self.start.astype("datetime64[M]").astype(np.int64) % 12

    def findings(self) -> dict[str, Any]:
        """Everything one row of the summary holds, with the parts of the decomposition."""
        recorded = np.bincount(self.month[self.fit], minlength=12)
        rate = float(self.adjusted[self.fit].mean()) if self.fit.any() else float("nan")
        return {
            "first": self.start[0], "last": self.start[-1],
            "periods": int(self.fit.sum()), "missing": int((self.status == "missing").sum()),
            "thin": int((self.status == "thin").sum()),
            "incidents": int(np.nansum(self.y)), "per_period": rate,
            **self.change(), **self.decomposed(rate), **self.season(rate, recorded),
            "recorded": recorded,
        }  # fmt: skip

    def change(self) -> dict[str, Any]:
        """Compare the last year with the one before, over the periods recorded in both."""
        blank = {"compared": 0, "latest": np.nan, "previous": np.nan, "change": np.nan,
                 "change_low": np.nan, "change_high": np.nan, "_months": ""}  # fmt: skip
        if len(self.y) <= self.cycle:
            return blank
        now = np.arange(max(self.cycle, len(self.y) - self.cycle), len(self.y))
        now = now[self.fit[now] & self.fit[now - self.cycle]]
        if len(now) < self.cycle // 4:
            return blank
        a, b = self.y[now], self.y[now - self.cycle]
        found = {**blank, "compared": len(now), "latest": float(a.sum()),
                 "previous": float(b.sum()), "_months": self._named(now)}  # fmt: skip
        if min(a.sum(), b.sum()) < 20:
            return found
        ratio, low, high = _ratio(a, b, self.days[now], self.days[now - self.cycle])
        return {**found, "change": ratio - 1, "change_low": low - 1, "change_high": high - 1}

    def _named(self, now: NDArray[np.int64]) -> str:
        """Words for the periods compared: the last year whole, or the months by name."""
        if len(now) == self.cycle and now[-1] == len(self.y) - 1:
            return f"last {self.cycle} {self.name}s"
        return _spans(self.start[now], self.freq)

    def decomposed(self, rate: float) -> dict[str, Any]:
        """Trend, season and remainder on the scale of the counts, NaN where there are none."""
        nothing = np.full(len(self.y), np.nan)
        out = {"scale": "", "bridged": 0, "trend": nothing, "season": nothing,
               "remainder": nothing, "factor": np.full(12, np.nan)}  # fmt: skip
        run = _longest(self.fit)
        inside = self.fit[run]
        if inside.sum() < 2 * self.cycle:
            return out
        root = rate < 10
        at, y = np.arange(len(inside)), self.adjusted[run]
        work = 2 * np.sqrt(y + 0.375) if root else np.log(y + 0.5)
        work = np.interp(at, at[inside], work[inside])
        trend, season, _ = _stl(work, self.cycle, robust=bool(inside.sum() >= 48))
        back = (lambda v: (v / 2) ** 2) if root else np.exp
        parts = {
            "trend": back(trend) - (0.375 if root else 0.5),
            "season": back(trend + season) / back(trend),
            "remainder": np.where(inside, back(work) / back(trend + season), np.nan),
        }
        for name, values in parts.items():
            out[name] = nothing.copy()
            out[name][run] = values
        logs = np.log(parts["season"])
        total = np.bincount(self.month[run], weights=logs, minlength=12)
        count = np.bincount(self.month[run], minlength=12)
        out["factor"] = np.exp(total / count)
        return {**out, "scale": "square root" if root else "log", "bridged": int((~inside).sum())}

    def season(self, rate: float, recorded: NDArray[np.int64]) -> dict[str, Any]:
        """Test for one yearly wave, where enough was recorded to ask."""
        blank = {"peak_month": "", "ratio": np.nan, "ratio_low": np.nan, "ratio_high": np.nan,
                 "p_value": np.nan, "dispersion": np.nan, "_why": ""}  # fmt: skip
        if self.fit.sum() < 3 * self.cycle or recorded.min() < 2:
            return {**blank, "_why": "too short to say"}
        if rate * 30.4375 / self.standard < _FEW:
            return {**blank, "_why": "too few to say"}
        at = np.flatnonzero(self.fit)
        middle = self.start[at] + (self.days[at] * 43200).astype("timedelta64[s]")
        turn = self.month[at] / 12.0 if self.freq == "MS" else _year_share(middle)
        found = _harmonic(self.y[at], turn, at / self.cycle, self.days[at])
        peak = found.pop("peak") * 12
        month = round(peak) if self.freq == "MS" else int(peak)
        return {**blank, **found, "peak_month": _MONTHS[month % 12]}


def _longest(fit: NDArray[np.bool_]) -> slice:
    """Find the longest run whose gaps are at most two periods; the later of equals."""
    at = np.flatnonzero(fit)
    if len(at) == 0:
        return slice(0, 0)
    runs = np.split(at, np.flatnonzero(np.diff(at) > _BRIDGE + 1) + 1)
    best = max(runs[::-1], key=len)
    return slice(int(best[0]), int(best[-1]) + 1)


def _stl(
    values: Floats, cycle: int, *, seasonal: int = 13, degree: int = 1, robust: bool = False
) -> tuple[Floats, Floats, Floats]:
    """Trend, season and remainder by STL; they add up to the values."""
    from statsmodels.tsa.seasonal import STL

    if np.ptp(values) < 1e-12:  # a flat line has neither season nor robust weights
        return values.copy(), np.zeros(len(values)), np.zeros(len(values))
    fit = STL(values, period=cycle, seasonal=seasonal, seasonal_deg=degree, robust=robust).fit()
    return fit.trend, fit.seasonal, fit.resid


def _ratio(a: Floats, b: Floats, days_a: Floats, days_b: Floats) -> tuple[float, float, float]:
    """Ratio of two yearly rates with its 95 % interval, from counts paired by period.

    Given both, a + b incidents split binomially, which gives the exact interval of Clopper and
    Pearson. Where the ratio varies more from pair to pair than chance allows, the counts are
    divided by that dispersion, so the interval widens.
    """
    from scipy.stats import beta

    x, y, days = a.sum(), b.sum(), days_b.sum() / days_a.sum()
    share = days_a * x / days_a.sum()
    share = share / (share + days_b * y / days_b.sum())
    expected = (a + b) * share
    variance = expected * (1 - share)
    seen = variance > 0
    chi = float((((a - expected) ** 2)[seen] / variance[seen]).sum())
    spread = max(1.0, chi / max(1, int(seen.sum()) - 1))
    x, y = x / spread, y / spread
    low, high = beta.ppf(0.025, x, y + 1), beta.ppf(0.975, x + 1, y)
    return float(x / y * days), float(low / (1 - low) * days), float(high / (1 - high) * days)


def _year_share(when: NDArray[np.datetime64]) -> Floats:
    year = when.astype("datetime64[Y]")
    start, end = year.astype("datetime64[s]"), (year + 1).astype("datetime64[s]")
    return (when.astype("datetime64[s]") - start) / (end - start)


def _drift(years: Floats) -> Floats:
    """Trend columns: a line, or beyond four years a natural spline with one df a year."""
    span = float(years[-1] - years[0])
    x = (years - years[0]) / span
    df = 1 if span <= 4 else round(span)
    knots = np.linspace(0, 1, df + 1)
    last = knots[-1]
    cubes = [np.maximum(x - k, 0) ** 3 / (last - k) for k in knots[:-1]]
    return np.column_stack([x, *(c - cubes[-1] for c in cubes[:-1])])


def _poisson(x: Floats, y: Floats, offset: Floats) -> tuple[Floats, Floats, Floats, float]:
    """Poisson regression by reweighted least squares: coefficients, (X'WX)^-1, means, deviance."""
    mean = y + 0.5
    eta = np.log(mean)
    before = np.inf
    for _ in range(50):
        weighted = x * mean[:, None]
        beta = np.linalg.solve(x.T @ weighted, weighted.T @ (eta - offset + (y - mean) / mean))
        eta = np.clip(x @ beta + offset, -30, 30)
        mean = np.exp(eta)
        deviance = 2 * float((np.where(y > 0, y * np.log(np.maximum(y, 1) / mean), 0)
                              - y + mean).sum())  # fmt: skip
        if abs(before - deviance) < 1e-10 * (abs(deviance) + 0.1):
            break
        before = deviance
    return beta, np.linalg.inv(x.T @ (x * mean[:, None])), mean, deviance


def _harmonic(y: Floats, turn: Floats, years: Floats, days: Floats) -> dict[str, float]:
    """Test for one wave a year by quasi-Poisson regression; ``turn`` is the share of the year.

    Counts of neighbouring months hang together, and a slow drift looks like part of a wave: the
    dispersion is raised by what an autocorrelation like the residuals' adds at one wave a year.
    """
    from scipy.stats import f, t

    wave = np.column_stack([np.cos(2 * np.pi * turn), np.sin(2 * np.pi * turn)])
    base = np.column_stack([np.ones(len(y)), _drift(years)])
    x, offset = np.column_stack([base, wave]), np.log(days)
    beta, cov, mean, deviance = _poisson(x, y, offset)
    less = _poisson(base, y, offset)[3]
    df = len(y) - x.shape[1]
    pearson = (y - mean) / np.sqrt(mean)
    spread = max(1.0, float((pearson**2).sum()) / df)
    # lag-one correlation of neighbours in time, with its small-sample bias put back
    step = np.round(np.diff(years) / np.diff(years).min()) == 1
    rho = float((pearson[1:] * pearson[:-1])[step].sum() / max((pearson**2).sum(), 1e-12))
    rho = float(np.clip(rho + (x.shape[1] / 2 + rho) / len(y), 0, 0.9))
    angle = 2 * np.pi * float(np.diff(years).min())
    spread *= max(1.0, (1 - rho**2) / (1 - 2 * rho * np.cos(angle) + rho**2))
    size = float(np.hypot(*beta[-2:]))
    unit = beta[-2:] / max(size, 1e-12)
    error = float(np.sqrt(spread * unit @ cov[-2:, -2:] @ unit)) * float(t.ppf(0.975, df))
    return {
        "peak": float(np.arctan2(beta[-1], beta[-2]) / (2 * np.pi)) % 1.0,
        "ratio": float(np.exp(2 * size)),
        "ratio_low": float(np.exp(2 * max(0.0, size - error))),
        "ratio_high": float(np.exp(2 * (size + error))),
        "p_value": float(f.sf(max(0.0, less - deviance) / 2 / spread, 2, df)),
        "dispersion": spread,
    }


def _judge(summary: pd.DataFrame, freq: str) -> None:
    """Add q-values over the groups tested, and each group's verdict."""
    p = summary["p_value"].to_numpy()
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested])][::-1]
    q = np.full(len(p), np.nan)
    if len(order):
        raw = p[order] * len(order) / np.arange(len(order), 0, -1)
        q[order] = np.minimum.accumulate(raw).clip(max=1.0)
    summary.insert(summary.columns.get_loc("p_value") + 1, "q_value", q)
    clear = (q < 0.01) & (summary["ratio_low"].to_numpy() > 1.1)
    verdict = np.select([clear, q < 0.05], ["clear season", "possible season"], "no clear season")
    why = summary["_why"].to_numpy(dtype=object)
    summary["verdict"] = pd.Series(np.where(why == "", verdict, why), dtype="str")


def _spans(starts: NDArray[np.datetime64], freq: str) -> str:
    """Periods as ranges in words: "2024-05 to 2024-12, 2025-03"."""
    number = _numbers(starts, freq)
    runs = np.split(number, np.flatnonzero(np.diff(number) > 1) + 1)
    unit = "M" if freq == "MS" else "D"
    ends = [_starts(run[[0, -1]], freq).astype(f"datetime64[{unit}]").astype(str) for run in runs]
    return ", ".join(a if a == b else f"{a} to {b}" for a, b in ends)


def _percent(value: float) -> str:
    return f"{abs(value):.0%}".replace("%", " %")


def _changed(row: Any, name: str) -> str:
    """The yearly change in words; counts alone where a percentage would mislead."""
    if not row["compared"]:
        return "too little recorded in both of the last two years to compare them"
    when = row["_months"]
    before = "the year before" if when.startswith("last") else f"the same {name}s a year before"
    if np.isnan(row["change"]):
        return (f"{when}: {row['latest']:,.0f}, against {row['previous']:,.0f} {before} "
                "(too few for a percentage)")  # fmt: skip
    low, high = row["change_low"], row["change_high"]
    interval = f"95 % interval {low * 100:+.0f} to {high * 100:+.0f} %"
    if low <= 0 <= high:
        return f"{when} much as {before} ({row['change'] * 100:+.0f} %, {interval})"
    way = "above" if row["change"] > 0 else "below"
    return f"{when} {_percent(row['change'])} {way} {before} ({interval})"


def _seasonal(row: Any, name: str) -> str:
    recorded = f"{row['periods']} {name}s recorded"
    if row["verdict"] == "too short to say":
        return f"{recorded}: too short to say whether there is a season"
    if row["verdict"] == "too few to say":
        return "too few to say whether there is a season"
    if row["verdict"] == "no clear season":
        return f"no season beyond chance in {recorded}"
    sure = "a clear season" if row["verdict"] == "clear season" else "possibly a season"
    return (
        f"{sure}, highest about {row['peak_month']}: peak {row['ratio']:.2f} times the trough "
        f"(95 % interval {row['ratio_low']:.2f} to {row['ratio_high']:.2f}), {recorded}"
    )


def _sentences(summary: pd.DataFrame, by: tuple[str, ...], freq: str) -> pd.Series:
    name = _FREQ[freq][2]
    said = []
    for row in summary.to_dict("records"):
        who = ", ".join(str(row[column]) for column in by) or "All incidents"
        if not row["periods"]:
            said.append(f"{who}: no {name} fully recorded.")
            continue
        rate = row["per_period"]
        often = f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}"
        said.append(f"{who}: {often} a {name}; {_changed(row, name)}; {_seasonal(row, name)}.")
    return pd.Series(said, index=summary.index, dtype="str")


def _said(
    incidents: gpd.GeoDataFrame, periods: pd.DataFrame, series: pd.DataFrame,
    summary: pd.DataFrame, spanning: int, by: tuple[str, ...], freq: str,
) -> str:  # fmt: skip
    """Put together the paragraph: what was counted, what was not, and each group's sentence."""
    name = _FREQ[freq][2]
    kept = periods[periods["status"] != "incomplete"]
    edges = np.sort(kept["period_start"].to_numpy())
    whole = f"{_spans(edges[:1], freq)} to {_spans(edges[-1:], freq)}"
    each = " and ".join("LPT" if column == "lpt" else column for column in by)
    lines = [
        f"{len(incidents):,} incidents per {name}{' and ' + each if by else ''}, {whole}: "
        f"{len(summary):,} {'group' if len(summary) == 1 else 'groups'}, counts per "
        f"{_FREQ[freq][1]:g} days."
    ]
    for status, meaning in (
        ("missing", "not recorded, left as gaps and never read as zero"),
        ("thin", "probably incomplete, shown but left out of every fit"),
        ("incomplete", "at the edges only partly covered, left out"),
    ):
        for source, rows in periods[periods["status"] == status].groupby("source"):
            when = _spans(rows["period_start"].to_numpy(), freq)
            count = f", {rows['incidents'].sum():,} incidents" if status != "missing" else ""
            unit = name if len(rows) == 1 else f"{name}s"
            lines.append(f"{source}: {len(rows)} {unit} {meaning} ({when}{count}).")
    if spanning:
        lines.append(
            f"{spanning:,} incidents whose times reach over the end of a {name} are counted at "
            "the middle of their interval."
        )
    if bridged := int(summary["bridged"].max()):
        lines.append(
            f"The trend lines cross up to {bridged} unrecorded {name}s on a straight line."
        )
    for column in by:
        lost = series.loc[series[column] == _nowhere(column), "incidents"].sum()
        if lost:
            lines.append(
                f"{lost:,.0f} incidents have {_nowhere(column)} and stand as their own line."
            )
    if "origin" in incidents.columns and (police := int((incidents["origin"] == "police").sum())):
        lines.append(f"{police:,} are police-generated: their counts follow police activity too.")
    shown = summary.sort_values("incidents", ascending=False, kind="stable").head(_SHOWN)
    lines.extend(summary.loc[shown.index.sort_values(), "sentence"])
    if len(summary) > len(shown):
        lines.append(f"... and {len(summary) - len(shown):,} smaller groups in the summary table.")
    return "\n".join(lines)
