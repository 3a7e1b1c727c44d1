"""How often effects of kinds of day are claimed where there is none, and how often intervals hold.

Daily counts of three years with weekdays, a season and a rising level: Poisson, over-dispersed,
and with days that hang together (an autoregressive log rate with the given correlation from day to
day). One table is of series without effects, one of series with planted ones. The page in docs is
of 300 series a row, and of areas 30.

    python benchmarks/calendar_effects.py [series]
    python benchmarks/calendar_effects.py areas [forces]
    python benchmarks/calendar_effects.py weights [series]
    python benchmarks/calendar_effects.py picture    # draws docs/_static/calendar.png
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

import hotspots as hs
from hotspots.calendars import day_weights
from hotspots.trends import _effects_fit

YEARS = (2022, 2023, 2024)
TERMS = pd.DataFrame({
    "kind": "school_holiday",
    "start": [f"{day}/{year}" for year in YEARS
              for day in ("14/02", "08/04", "27/05", "24/07", "24/10", "20/12")],
    "end": [f"{day}/{year}" for year in YEARS
            for day in ("18/02", "21/04", "03/06", "02/09", "28/10", "31/12")],
})  # fmt: skip
MATCHES = pd.DataFrame({
    "kind": "football", "start": pd.date_range("2022-01-08", "2024-12-28", freq="14D"),
    "end": None,
})  # fmt: skip
CALENDAR = pd.concat([TERMS, MATCHES], ignore_index=True)
PLANTED = {
    "bank_holiday": 0.2, "bank_holiday_eve": 0.1, "christmas": -0.5, "new_year_eve": 0.4,
    "new_year_day": 0.6, "halloween": 0.3, "bonfire": 0.2, "payday_weekend": 0.1,
    "school_holiday": 0.15, "football": 0.25,
}  # fmt: skip
SHOWN = {"bank_holiday": 0.18, "halloween": 0.4, "bonfire": 0.25, "christmas": -0.4,
         "school_holiday": 0.1, "football": 0.15}  # fmt: skip
_TOGETHER = ("bank_holiday", "christmas", "new_year_eve", "new_year_day", "bank_holiday_eve")
CASES = [  # correlation from day to day, standard deviation of the log rate, dispersion
    ("Poisson", 0.0, 0.0, 0.0),
    ("over-dispersed", 0.0, 0.0, 0.1),
    ("correlated .5", 0.5, 0.15, 0.05),
    ("correlated .8", 0.8, 0.15, 0.05),
    ("correlated .95", 0.95, 0.2, 0.0),
]


def simulate(
    series: int,
    mean: float,
    rho: float,
    sd: float,
    alpha: float,
    planted: dict[str, float],
    seed: int,
) -> pd.DataFrame:
    """Return a table of daily counts of many series."""
    rng = np.random.default_rng(seed)
    days = hs.calendar_days("2022-01-01", "2024-12-31", CALENDAR)
    at = np.arange(len(days))
    log = np.log(mean) + 0.3 * np.cos(2 * np.pi * (at - 200) / 365.25) + 0.2 * at / len(at)
    log += 0.2 * (days["friday"] + days["saturday"]).to_numpy()
    turn = days[["christmas", "new_year_eve", "new_year_day"]].to_numpy().any(axis=1)
    for kind, effect in planted.items():
        on = days[kind].to_numpy() * (~turn if kind.startswith("bank") else 1)
        log += effect * on
    noise = rng.normal(0, sd * np.sqrt(1 - rho**2), (series, len(days)))
    noise[:, 0] = rng.normal(0, sd, series)
    for day in range(1, len(days)):
        noise[:, day] += rho * noise[:, day - 1]
    rate = np.exp(log + noise - sd**2 / 2)
    if alpha:
        rate = rate * rng.gamma(1 / alpha, alpha, rate.shape)
    return pd.DataFrame({
        "series": np.repeat([f"s{n:04d}" for n in range(series)], len(days)),
        "period_start": np.tile(days.index.to_numpy(), series),
        "incidents": rng.poisson(rate).ravel(),
    })  # fmt: skip


def share(effects: pd.DataFrame, values: pd.Series) -> dict[str, str]:
    """Mean of a flag by kind of day, blank where under 50 series told it."""
    told = effects["p_value"].notna()
    mean = values[told].groupby(effects.loc[told, "effect"]).agg(["mean", "size"])
    return {
        kind: f"{mean.loc[kind, 'mean']:.3f}" if kind in mean.index and mean.loc[kind, "size"] >= 50
        else "" for kind in PLANTED
    }  # fmt: skip


def areas(forces: int) -> None:
    """Means over ten LPTs: independent, with the same weather, and with effects that differ."""
    days = hs.calendar_days("2022-01-01", "2024-12-31", CALENDAR)
    rows = []
    for name, weather, between in (
        ("independent", 0.0, 0.0), ("same weather", 0.2, 0.0), ("effects differ", 0.0, 0.2),
    ):  # fmt: skip
        rng = np.random.default_rng(5)
        parts = []
        for force in range(forces):
            shared = np.zeros(len(days))
            for day in range(1, len(days)):
                shared[day] = 0.7 * shared[day - 1] + rng.normal(0, weather * 0.71)
            for lpt in range(10):
                log = np.log(3.0) + 0.3 * np.cos(2 * np.pi * np.arange(len(days)) / 365.25) + shared
                for kind, effect in PLANTED.items():
                    log = log + days[kind].to_numpy() * rng.normal(effect, between)
                parts.append(pd.DataFrame({
                    "lpt": f"lpt {lpt}", "force": f"f{force:03d}", "period_start": days.index,
                    "incidents": rng.poisson(np.exp(log)),
                }))  # fmt: skip
        counts = pd.concat(parts, ignore_index=True)
        found = hs.calendar_effects(counts, by=["lpt", "force"], calendar=CALENDAR).pooled
        found = found[~found["effect"].isin(_TOGETHER)]
        true = np.exp(found["effect"].map(PLANTED))
        held = (found["low"] <= true) & (true <= found["high"])
        rows.append(
            {
                "LPTs": name,
                "means": len(found),
                "held": round(held.mean(), 3),
                "bias of log ratio": round((np.log(found["ratio"]) - np.log(true)).mean(), 3),
            }
        )
    print(f"Share of 95% intervals of means over ten LPTs that hold the truth, {forces} forces")
    print(pd.DataFrame(rows).to_string(index=False))


def weights(series: int) -> None:
    """How often weekdays and bank holidays enter trading days where all days are alike."""
    first, rows = np.datetime64("2024-01-01"), []
    for mean, spread, years in (
        (2, 0.0, 3), (5, 0.0, 4), (5, 0.3, 2), (50, 0.0, 2), (50, 0.3, 5), (200, 0.2, 3),
    ):  # fmt: skip
        rng = np.random.default_rng(99)
        at = np.arange(365 * years)
        log = np.log(mean) + 0.3 * np.cos(2 * np.pi * at / 365.25)
        log = log + rng.normal(0, spread, (series, len(at)))
        found = day_weights(rng.poisson(np.exp(log)), first)
        rows.append({
            "mean a day": mean, "spread of log rate": spread, "years": years,
            "weekdays enter": (np.ptp(found[:, :7], axis=1) > 1e-12).mean(),
            "holidays enter": (found[:, 7] != 1).mean(),
            "weekdays off by": np.abs(found[:, :7] - 1).mean().round(4),
        })  # fmt: skip
    print(f"Weights of days where all days are alike, {series:,} series a row")
    print(pd.DataFrame(rows).to_string(index=False))


def picture() -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    counts = simulate(1, 40.0, 0.5, 0.1, 0.02, SHOWN, 3)
    effects = hs.calendar_effects(counts, by=["series"], calendar=CALENDAR)
    ax = hs.plot_calendar_effects(effects)
    ax.set_title("Simulated counts, 40 a day for three years")
    path = Path(__file__).resolve().parents[1] / "docs" / "_static" / "calendar.png"
    ax.figure.savefig(path, dpi=110, bbox_inches="tight")
    print(effects)


def main() -> None:
    series = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    truth = pd.Series(PLANTED)
    tables: dict[str, list[dict[str, object]]] = {"false": [], "coverage": [], "plain": []}
    fdr, spent = [], 0.0
    for mean in (0.5, 5.0, 50.0):
        for number, (name, rho, sd, alpha) in enumerate(CASES):
            head = {"mean a day": mean, "counts": name}
            none = simulate(series, mean, rho, sd, alpha, {}, 10 * number + 1)
            began = time.perf_counter()
            result = hs.calendar_effects(none, by=["series"], calendar=CALENDAR)
            spent += time.perf_counter() - began
            found = result.effects
            tables["false"].append({**head, **share(found, found["p_value"] < 0.05)})
            fdr.append({**head, "told": int(found["p_value"].notna().sum()),
                        "claimed": int(found["class_"].isin(["more", "fewer"]).sum())})  # fmt: skip
            lags, _effects_fit.LAGS = _effects_fit.LAGS, 0
            found = hs.calendar_effects(none, by=["series"], calendar=CALENDAR).effects
            _effects_fit.LAGS = lags
            tables["plain"].append({**head, **share(found, found["p_value"] < 0.05)})
            some = simulate(series, mean, rho, sd, alpha, PLANTED, 10 * number + 2)
            found = hs.calendar_effects(some, by=["series"], calendar=CALENDAR).effects
            true = np.exp(found["effect"].map(truth))
            held = (found["own_low"] <= true) & (true <= found["own_high"])
            tables["coverage"].append({**head, **share(found, held)})
    pd.set_option("display.width", 250, "display.max_columns", 20)
    for name, told in (
        ("false", "Share with p < .05 where there is no effect (nominal .050)"),
        ("plain", "The same with errors that take days as independent"),
        ("coverage", "Share of 95% intervals that hold the planted effect (nominal .950)"),
    ):
        print(f"\n{told}, {series} series a row")
        print(pd.DataFrame(tables[name]).to_string(index=False))
    print("\nEffects claimed at a false discovery rate of 5% where there is none")
    print(pd.DataFrame(fdr).to_string(index=False))
    print(f"\n{15 * series:,} series of 1,096 days: {spent:.0f} s")


if __name__ == "__main__":
    if sys.argv[1:] == ["picture"]:
        picture()
    elif sys.argv[1:2] == ["areas"]:
        areas(int(sys.argv[2]) if len(sys.argv) > 2 else 60)
    elif sys.argv[1:2] == ["weights"]:
        weights(int(sys.argv[2]) if len(sys.argv) > 2 else 1000)
    else:
        main()
