"""One group's series: its yearly change, its decomposition and the test for a season."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..series import FREQ
from ._words import MONTHS, spans

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_BRIDGE = 2  # most missing periods in a row that the decomposition may draw a line across
_FEW = 5.0  # a month; under it a group has no season of its own to speak of


class Group:
    """One group's series, and what can be found in it."""

    def __init__(self, rows: pd.DataFrame, freq: str) -> None:
        self.freq = freq
        self.cycle, self.standard, self.name = FREQ[freq]
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
        return spans(self.start[now], self.freq)

    def decomposed(self, rate: float) -> dict[str, Any]:
        """Trend, season and remainder on the scale of the counts, NaN where there are none."""
        nothing = np.full(len(self.y), np.nan)
        out: dict[str, Any] = {"scale": "", "bridged": 0, "trend": nothing, "season": nothing,
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
        return {**blank, **found, "peak_month": MONTHS[month % 12]}


def _longest(fit: NDArray[np.bool_]) -> slice:
    """Find the longest run whose gaps are at most two periods; the later of equals."""
    at = np.flatnonzero(fit)
    if len(at) == 0:
        return slice(0, 0)
    runs = np.split(at, np.flatnonzero(np.diff(at) > _BRIDGE + 1) + 1)
    best = max(runs[::-1], key=len)
    return slice(int(best[0]), int(best[-1]) + 1)


def _stl(
    values: Floats, cycle: int, *, robust: bool = False, inner: int | None = None, **windows: Any
) -> tuple[Floats, Floats, Floats]:
    """Trend, season and remainder by STL; they add up to the values."""
    from statsmodels.tsa.seasonal import STL

    if np.ptp(values) < 1e-12:  # a flat line has neither season nor robust weights
        return values.copy(), np.zeros(len(values)), np.zeros(len(values))
    stl = STL(values, period=cycle, robust=robust, **{"seasonal": 13, **windows})
    fit = stl.fit(inner_iter=inner)
    return np.asarray(fit.trend), np.asarray(fit.seasonal), np.asarray(fit.resid)


def _ratio(a: Floats, b: Floats, days_a: Floats, days_b: Floats) -> tuple[float, float, float]:
    """Ratio of two yearly rates with its 95% interval, from counts paired by period.

    Given both, a + b incidents split binomially, which gives the exact interval of Clopper and
    Pearson. Where the ratio varies more from pair to pair than chance allows, the counts are
    divided by that dispersion, so the interval widens, the more the fewer the pairs.
    """
    from scipy.stats import beta, norm, t

    x, y, days = a.sum(), b.sum(), days_b.sum() / days_a.sum()
    share = days_a * x / days_a.sum()
    share = share / (share + days_b * y / days_b.sum())
    expected = (a + b) * share
    variance = expected * (1 - share)
    seen = variance > 0
    chi = float((((a - expected) ** 2)[seen] / variance[seen]).sum())
    df = max(1, int(seen.sum()) - 1)
    # an estimated dispersion is itself uncertain: Student's t in place of the normal
    spread = max(1.0, chi / df * float(t.ppf(0.975, df) / norm.ppf(0.975)) ** 2)
    x, y = x / spread, y / spread
    low, high = beta.ppf(0.025, x, y + 1), beta.ppf(0.975, x + 1, y)
    return float(x / y * days), float(low / (1 - low) * days), float(high / (1 - high) * days)


def _year_share(when: NDArray[np.datetime64]) -> Floats:
    year = when.astype("datetime64[Y]")
    start, end = year.astype("datetime64[s]"), (year + 1).astype("datetime64[s]")
    share: Floats = (when.astype("datetime64[s]") - start) / (end - start)
    return share


def _drift(years: Floats) -> Floats:
    """Trend columns: a line, or beyond four years a natural spline with one df a year."""
    span = float(years[-1] - years[0])
    x = (years - years[0]) / span
    df = 1 if span <= 4 else round(span)
    knots = np.linspace(0, 1, df + 1)
    last = knots[-1]
    cubes = [np.maximum(x - k, 0) ** 3 / (last - k) for k in knots[:-1]]
    return np.column_stack([x, *(c - cubes[-1] for c in cubes[:-1])])


def _poisson(x: Floats, y: Floats, offset: Floats) -> tuple[Any, Any, Floats, float]:
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
    # correlation of neighbours, plus what fitting alone takes from it (the hat matrix beside
    # its diagonal), so that independent counts give nought on average
    q = np.linalg.qr(x * np.sqrt(mean)[:, None])[0]
    step = np.round(np.diff(years) / np.diff(years).min()) == 1
    together = (pearson[1:] * pearson[:-1])[step].sum() / max((pearson**2).sum(), 1e-12)
    rho = float(np.clip(together + (q[1:] * q[:-1]).sum(axis=1)[step].sum() / df, 0, 0.9))
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


def judge(summary: pd.DataFrame) -> None:
    """Add q-values over the groups tested, and each group's verdict."""
    p = summary["p_value"].to_numpy()
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested])][::-1]
    q = np.full(len(p), np.nan)
    if len(order):
        raw = p[order] * len(order) / np.arange(len(order), 0, -1)
        q[order] = np.minimum.accumulate(raw).clip(max=1.0)
    summary.insert(list(summary.columns).index("p_value") + 1, "q_value", q)
    clear = (q < 0.01) & (summary["ratio_low"].to_numpy() > 1.1)
    verdict = np.select([clear, q < 0.05], ["clear season", "possible season"], "no clear season")
    why = summary["_why"].to_numpy(dtype=object)
    summary["verdict"] = pd.Series(np.where(why == "", verdict, why), dtype="str")
