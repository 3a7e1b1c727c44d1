"""A small evaluation, made up, for the examples of this station."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..contracts import Result


@dataclass(frozen=True, repr=False)
class ExampleResult(Result):
    """The tables of an ``Impact`` that write-ups and the bank read.

    Attributes
    ----------
    effect, checks, series, event_study, places : DataFrame
        As ``estimate_impact`` makes them.
    level, level_why : int, str
        On the Maryland scale, and why.
    comparator : bool
    """

    effect: pd.DataFrame
    checks: pd.DataFrame
    series: pd.DataFrame
    event_study: pd.DataFrame
    places: pd.DataFrame
    level: int = 5
    level_why: str = "treatment was assigned by lot: 12 treated and 12 comparison places"
    comparator: bool = True

    @property
    def text(self) -> str:
        """Nothing, for the example is not read."""
        return "An example."


def example_result() -> ExampleResult:
    """Return a made-up trial: a clear fall of ASB at 12 places, nothing clear about them.

    Returns
    -------
    ExampleResult
    """
    parts = ("hotspots", "buffer", "both", "hotspots")
    effect = pd.DataFrame({
        "outcome": ["ASB", "ASB", "ASB", "Violence"], "part": parts,
        "method": "randomisation test", "estimand": "incidents under treatment over those without",
        "against": "places", "unit": "ratio", "estimate": [0.80, 1.04, 0.88, 0.75],
        "low": [0.69, 0.90, 0.79, 0.40], "high": [0.92, 1.20, 0.98, 1.40],
        "p": [0.003, 0.61, 0.02, 0.35], "p_adjusted": [float("nan")] * 3 + [0.35],
        "treated_before": [820.0, 1410.0, 2230.0, 44.0],
        "treated_after": [312.0, 655.0, 967.0, 15.0],
        "control_before": [790.0, 1380.0, 2170.0, 40.0],
        "control_after": [377.0, 616.0, 993.0, 18.0], "main": True, "refused": "",
    })  # fmt: skip
    checks = pd.DataFrame({
        "check": ["parallel trends", "placebo dates", "recording"],
        "verdict": ["fine", "fine", "cannot tell"],
        "words": ["Both arms ran alike before.", "No made-up start shows as much.",
                  "Too few months to see a step in recording."],
    })  # fmt: skip
    places = pd.DataFrame({"arm": ["treated"] * 12 + ["control"] * 12})
    return ExampleResult(effect, checks, _series(), _event_study(), places)


_TREATED = [70, 61, 66, 72, 75, 77, 74, 69, 66, 64, 62, 64, 58, 49, 47, 52, 51, 55]
_CONTROL = [66, 60, 65, 68, 71, 72, 71, 67, 64, 62, 60, 64, 62, 60, 61, 66, 64, 64]


def _series() -> pd.DataFrame:
    """Return the course of both arms: twelve months before, six after."""
    starts = pd.date_range("2024-01-01", periods=len(_TREATED), freq="MS")
    after = np.arange(len(starts)) >= 12
    treated, control = np.array(_TREATED, dtype=float), np.array(_CONTROL, dtype=float)
    ratio = treated[~after].sum() / control[~after].sum()
    expected = ratio * control
    wide = 1.96 * np.sqrt(expected + ratio**2 * control)
    added = np.where(after, treated - expected, 0.0).cumsum()
    band = np.sqrt(np.where(after, wide**2, 0.0).cumsum())
    shown = np.where(after, 1.0, np.nan)
    return pd.DataFrame({
        "outcome": "ASB", "part": "hotspots", "start": starts,
        "end": starts + pd.offsets.MonthBegin(1), "after": after, "treated": treated,
        "control": control, "expected": expected, "low": np.maximum(expected - wide, 0),
        "high": expected + wide, "cumulative": added * shown,
        "cumulative_low": (added - band) * shown, "cumulative_high": (added + band) * shown,
    })  # fmt: skip


def _event_study() -> pd.DataFrame:
    """Return the ratio of the arms period by period, against the last before."""
    series = _series()
    against = series["treated"] / series["control"] / (_TREATED[11] / _CONTROL[11])
    wide = 1.96 * np.sqrt(1 / series["treated"] + 1 / series["control"] + 1 / 64 + 1 / 64)
    relative = np.arange(len(series)) - 12
    table = pd.DataFrame({
        "outcome": "ASB", "period": np.arange(len(series)), "start": series["start"],
        "relative": relative, "estimate": against, "low": against * np.exp(-wide),
        "high": against * np.exp(wide), "lead": relative < 0,
    })  # fmt: skip
    table.loc[table["relative"] == -1, ["low", "high"]] = np.nan  # what the others stand against
    return table
