"""The yearly change: like with like, with an interval that covers the truth."""

import numpy as np
import pandas as pd
import pytest
from trend_fixtures import monthly, noise

from hotspots.trends import seasonal_trends
from hotspots.trends._change import rate_ratio


def test_the_ratio_has_the_exact_interval_of_clopper_and_pearson():
    from scipy.stats import binomtest

    a, b = np.array([30.0, 34.0, 32.0]), np.array([25.0, 26.0, 27.0])
    days = np.full(3, 30.0)
    ratio, low, high = rate_ratio(a[None], b[None], days[None], days[None])
    exact = binomtest(96, 174).proportion_ci(method="exact")
    assert ratio == pytest.approx(96 / 78)
    assert low == pytest.approx(exact.low / (1 - exact.low), rel=1e-9)
    assert high == pytest.approx(exact.high / (1 - exact.high), rel=1e-9)


@pytest.mark.parametrize("pairs", [4, 12])
@pytest.mark.parametrize("kind", ["poisson", "overdispersed"])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_the_yearly_change_covers_the_truth(kind, pairs, level):
    y = noise(kind, (500, 2 * pairs), np.random.default_rng(12))
    days = np.full((500, pairs), 30.4375)
    _, low, high = rate_ratio(y[:, pairs:], y[:, :pairs], days, days, level)
    assert ((low <= 1) & (high >= 1)).mean() >= level - 0.02


def test_like_is_compared_with_like_where_months_are_missing():
    trends = seasonal_trends(monthly([100] * 4 + [0] * 8 + [130] * 4 + [200] * 8), by=())
    row = trends.summary.iloc[0]
    assert (row["compared"], row["latest"], row["previous"]) == (4, 520, 400)
    assert row["change"] == pytest.approx(520 / 400 * 121 / 120 - 1)  # February 2020 had 29 days
    assert "Jan to Apr 2021: 31% above the same months a year before" in row["sentence"]


def test_no_percentage_under_twenty():
    trends = seasonal_trends(monthly([2] * 12 + [1] * 12), by=())
    row = trends.summary.iloc[0]
    assert np.isnan(row["change"])
    assert "12, against 24 the year before (too few for a percentage)" in row["sentence"]
    assert " %" not in row["sentence"]


def test_a_change_within_chance_is_not_called_one():
    text = seasonal_trends(monthly([100] * 12 + [103] * 12), by=()).text
    assert "no clear change from the year before (+3%" in text


def test_clear_changes_are_held_against_what_chance_gives():
    rng = np.random.default_rng(5)
    parts = [monthly(rng.poisson([90] * 12 + [90 + 60 * (g < 2)] * 12), lpt=f"L{g:02}")
             for g in range(20)]  # fmt: skip
    given = pd.concat(parts, ignore_index=True).rename_axis("incident")
    first = seasonal_trends(given).text.splitlines()[0]
    assert " changed clearly on the year before (L0" in first
    assert "where about 1 would by chance." in first
