"""How fast the hours of the week are counted, and how often their intervals hold the truth.

Bands, peaks and shifts are drawn from weeks whose truth is known: how often the 95% bands hold
the rate, how often a peak is called reliable where all hours are alike, how often a real one is,
and how often the intervals of shifts hold the share. Spans and busy weeks included.

    python benchmarks/times.py            # everything, some minutes
    python benchmarks/times.py speed      # or bands, peaks, shifts
"""

from __future__ import annotations

import sys
import time
import warnings

import numpy as np
import pandas as pd

import hotspots as hs

RUNS = 500
MONDAY = pd.Timestamp("2023-01-02")
EVENING = np.array(
    [3, 1, 1, 0.2, 0.2, 0.2, 0.2, 1, 1, 2, 2, 3, 3, 3, 4, 5, 7, 8, 10, 11, 11, 10, 8, 6]
)
WAVE = np.exp(0.8 * np.cos(2 * np.pi * (np.arange(24) - 20) / 24))
DAYS = np.array([4, 4, 4, 4, 6, 7, 5.0])
SHIFTS = pd.DataFrame({
    "shift": ["early", "late", "night", "Saturday night"],
    "start": ["07:00", "15:00", "23:00", "22:00"], "end": ["15:00", "23:00", "07:00", "04:00"],
    "days": [None, None, None, "Sat"],
}).astype({"shift": "str", "start": "str", "end": "str"})  # fmt: skip


def draw(
    runs: int, n: int, weeks: int, clock: np.ndarray, excess: float, span_h: float,
    days: np.ndarray = DAYS,
) -> pd.DataFrame:  # fmt: skip
    """Draw ``runs`` series of about ``n`` incidents: Poisson, or with weeks of gamma excess."""
    rng = np.random.default_rng([n, weeks, int(100 * excess), int(10 * span_h)])
    parts = []
    hour_of_week = np.outer(days, clock).ravel()
    hour_of_week /= hour_of_week.sum()
    for run in range(runs):
        level = rng.gamma(1 / excess, excess, weeks) if excess else np.ones(weeks)
        count = rng.poisson(n / weeks * level)
        hour = rng.choice(168, count.sum(), p=hour_of_week)
        second = hour * 3600 + rng.integers(0, 3600, count.sum())
        parts.append(pd.DataFrame({
            "at": np.repeat(np.arange(weeks), count) * 604_800 + second, "run": f"{run:04}"
        }))  # fmt: skip
    table = pd.concat(parts, ignore_index=True)
    first = np.floor(rng.random(len(table)) * span_h * 3600)
    last = np.floor(rng.random(len(table)) * span_h * 3600)
    start = MONDAY + pd.to_timedelta(table["at"] - first, unit="s")
    end = MONDAY + pd.to_timedelta(table["at"] + last, unit="s")
    # one incident at each end, so that every run is exposed for all the weeks
    edges = pd.DatetimeIndex([MONDAY, MONDAY + pd.Timedelta(days=7 * weeks, seconds=-1)])
    return pd.DataFrame({
        "occurred_from": np.append(start.to_numpy(), edges.to_numpy()),
        "occurred_to": np.append(end.to_numpy(), edges.to_numpy()),
        "run": np.append(table["run"].to_numpy(dtype=object), ["edge", "edge"]),
    })  # fmt: skip


def bands() -> None:
    """Print how often 95% bands hold the smoothed rate, and the rate itself."""
    print(
        "\n95% bands: share of hours that hold the (smoothed) truth; Gaussian 1 h, none, harmonic"
    )
    print("| incidents | weeks | excess | clock | Gaussian, its own rate | Gaussian, raw rate | "
          "percentiles | not smoothed | harmonic |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|")
    from hotspots.times._smooth import kernel

    for n, weeks, excess, name in (
        (30, 52, 0, "evening"), (100, 52, 0, "evening"), (300, 52, 0, "evening"),
        (300, 8, 0, "evening"), (1000, 52, 0, "evening"), (1000, 52, 0.2, "evening"),
        (10_000, 156, 0, "evening"), (10_000, 156, 0.2, "evening"), (300, 52, 0.2, "wave"),
        (1000, 52, 0, "wave"),
    ):  # fmt: skip
        # the wave, alike on all days, is one that the harmonics can draw; the evening is not
        clock, days = (EVENING, DAYS) if name == "evening" else (WAVE, np.ones(7))
        truth = np.outer(days, clock).ravel()
        truth = n / weeks * truth / truth.sum()
        runs = max(10, min(RUNS // 5, 200_000 // n))  # each has 168 hours
        table = draw(runs, n, weeks, clock, excess, 0, days)
        said = []
        for smooth in (1.0, None, "harmonic"):
            profile = hs.week_profile(table, "run", smooth=smooth, bootstraps=400)
            hours = profile.hours[profile.hours["run"] != "edge"]
            low, high = (hours[c].to_numpy().reshape(-1, 168) for c in ("low", "high"))
            own = truth @ kernel(1.0) if smooth == 1.0 else truth
            said.append(((low <= own) & (own <= high)).mean())
            if smooth == 1.0:
                said.append(((low <= truth) & (truth <= high)).mean())
                said.append(percentiles(profile, own))
        print(f"| {n:,} | {weeks} | {excess:g} | {name} | " + " | ".join(f"{s:.3f}" for s in said)
              + " |", flush=True)  # fmt: skip


def percentiles(profile: hs.WeekProfile, truth: np.ndarray) -> float:
    """Share of hours whose truth lies between the 2.5 and 97.5% quantiles of the draws."""
    from hotspots.times._smooth import kernel

    blocks, held = profile.blocks, []
    draws, lens = blocks.resample(400, 0), kernel(1.0)
    hours = draws @ (blocks.exposed @ lens)
    for group in range(blocks.groups - 1):  # the last is the one at the edges
        low, high = np.quantile(draws @ (blocks.of(group) @ lens) / hours, [0.025, 0.975], axis=0)
        held.append(((low <= truth) & (truth <= high)).mean())
    return float(np.mean(held))


def peaks() -> None:
    """Print how often a peak is called reliable: hours alike, and a real evening."""
    print("\nShare of series called a reliable peak (any of 2, 3, 4, 6, 8 hours; of the day, week)")
    print("| incidents | weeks | excess | spans up to h | all alike: day | week | chosen "
          "beforehand | evening: day | true share held |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|")
    for n, weeks, excess, span in (
        (30, 52, 0, 0), (60, 52, 0, 0), (200, 52, 0, 0), (1000, 156, 0, 0), (60, 8, 0, 0),
        (300, 8, 0.2, 0), (200, 26, 0, 2), (200, 52, 1.0, 0), (1000, 52, 0.2, 0),
    ):  # fmt: skip
        runs = max(60, min(RUNS, 300_000 // n))
        row = [f"{n:,}", str(weeks), f"{excess:g}", f"{span:g}"]
        flat = draw(runs, n, weeks, np.ones(24), excess, span, np.ones(7))
        profile = hs.week_profile(flat, "run", bootstraps=400)
        windows = hs.peak_windows(profile, week=True).windows
        windows = windows[windows["run"] != "edge"]
        sure = windows["verdict"] == "reliable peak"
        for of in ("day", "week"):
            some = windows["of"] == of
            row.append(f"{sure[some].groupby(windows['run'][some]).any().mean():.3f}")
        day = windows[windows["of"] == "day"]
        error = np.sqrt(day["share"] * (1 - day["share"]) / n)
        naive = (day["share"] - 1.96 * error > day["hours"] / 24).groupby(day["run"]).any()
        row.append(f"{naive.mean():.2f}")
        busy = draw(runs, n, weeks, EVENING, excess, span)
        found = hs.peak_windows(hs.week_profile(busy, "run", bootstraps=400)).windows
        found = found[found["run"] != "edge"]
        sure = found["verdict"] == "reliable peak"
        row.append(f"{sure.groupby(found['run']).any().mean():.2f}")
        share = EVENING / EVENING.sum()
        four = found[found["hours"] == 4]
        start = four["start"].str[:2].astype(int).to_numpy()
        true = np.array([np.roll(share, -s)[:4].sum() for s in start])
        held = (four["low"] <= true) & (true <= four["high"])
        row.append(f"{held.mean():.3f}" if span == 0 else "spans blur it")
        print("| " + " | ".join(row) + " |", flush=True)


def shifts() -> None:
    """Print how often intervals of shift shares hold the truth."""
    print("\n95% intervals of shift shares: how often they hold the truth")
    print("| incidents | weeks | excess | early | late | night | Saturday night |")
    print("|---|---|---|---|---|---|---|")
    truth = np.outer(DAYS, EVENING).ravel()
    truth /= truth.sum()
    hour = np.arange(168)
    inside = {
        "early": (hour % 24 >= 7) & (hour % 24 < 15), "late": (hour % 24 >= 15) & (hour % 24 < 23),
        "night": (hour % 24 >= 23) | (hour % 24 < 7),
        "Saturday night": (hour >= 142) & (hour < 148),
    }  # fmt: skip
    for n, weeks, excess in ((30, 52, 0), (100, 52, 0), (100, 8, 0), (1000, 52, 0.2)):
        runs = max(50, min(RUNS, 200_000 // n))
        table = draw(runs, n, weeks, EVENING, excess, 0)
        found = hs.shift_shares(hs.week_profile(table, "run", bootstraps=400), SHIFTS).shares
        found = found[found["run"] != "edge"]
        row = []
        for name, hours in inside.items():
            mine, true = found[found["shift"] == name], truth[hours].sum()
            row.append(f"{((mine['low'] <= true) & (true <= mine['high'])).mean():.3f}")
        print(f"| {n:,} | {weeks} | {excess:g} | " + " | ".join(row) + " |", flush=True)


def speed() -> None:
    """Print times of a million incidents and of many groups."""
    rng = np.random.default_rng(0)
    print("\nSeconds (median of 3)")
    for n in (100_000, 1_000_000):
        start = pd.Timestamp("2022-01-01") + pd.to_timedelta(
            rng.integers(0, 3 * 365 * 86_400, n), unit="s")  # fmt: skip
        long = np.where(rng.random(n) < 0.5, rng.integers(0, 86_400, n), 0)
        table = pd.DataFrame({
            "occurred_from": start, "occurred_to": start + pd.to_timedelta(long, unit="s"),
            "lpt": rng.integers(0, 10, n).astype(str), "kind": rng.integers(0, 14, n).astype(str),
        })  # fmt: skip
        for what, call in (
            ("aoristic, dense weights of 168 hours", lambda t=table: hs.aoristic(t)),
            ("week_profile, 1,000 bootstraps", lambda t=table: hs.week_profile(t)),
            ("week_profile of 140 groups", lambda t=table: hs.week_profile(t, ["lpt", "kind"])),
        ):
            took = []
            for _ in range(3):
                begin = time.perf_counter()
                call()
                took.append(time.perf_counter() - begin)
            print(
                f"{n:>9,} incidents, half of them spans: {what}: {np.median(took):.2f}", flush=True
            )
    profile = hs.week_profile(table, ["lpt", "kind"])
    begin = time.perf_counter()
    hs.peak_windows(profile)
    print(f"peak_windows of 140 groups: {time.perf_counter() - begin:.2f}")


if __name__ == "__main__":
    warnings.simplefilter("ignore", hs.Notice)
    asked = sys.argv[1:] or ["speed", "bands", "peaks", "shifts"]
    for name in asked:
        {"speed": speed, "bands": bands, "peaks": peaks, "shifts": shifts}[name]()
