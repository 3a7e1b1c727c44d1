"""Seasonal factors: the truth recovered, leaning on the force's where counts are few."""

import numpy as np
import pandas as pd
import pytest

import hotspots as hs
from hotspots.series.factors import add_to_months, factors_at, month_factors

MONTHS = pd.date_range("2020-01-01", periods=60, freq="MS")


def wave(ratio, peak):
    """Log factors of one wave a year, highest in month ``peak`` (0 is January)."""
    return np.log(ratio) / 2 * np.cos(2 * np.pi * (np.arange(12) - peak) / 12)


def table(means, logs, seed=0, months=60, alpha=0.0):
    """Counts of LPTs with such means and seasons (n, 12)."""
    rng = np.random.default_rng(seed)
    rows, days = [], MONTHS[:months].days_in_month.to_numpy() / 30.4375
    for name, mean, log in zip("ABCDEFGHIJKL", means, logs, strict=False):
        mu = mean * days * np.exp(np.asarray(log)[np.arange(months) % 12])
        mixed = rng.gamma(1 / alpha, alpha, months) if alpha else 1.0
        rows.append(pd.DataFrame({
            "lpt": name, "period_start": MONTHS[:months], "incidents": rng.poisson(mu * mixed),
        }))  # fmt: skip
    return pd.concat(rows, ignore_index=True)


def panel(*arguments, **options):
    return hs.count_series(table(*arguments, **options), by=["lpt"]).panel


def test_the_force_s_season_is_found_and_given_to_teams_with_few():
    found = month_factors(panel([200, 150, 3, 1], [wave(1.8, 6)] * 4))
    assert found.source[2:].tolist() == ["force", "force"]
    assert (found.weight[2:] == 0).all()
    np.testing.assert_allclose(found.factor[2], found.factor[3])
    np.testing.assert_allclose(np.log(found.factor[2]), wave(1.8, 6), atol=0.09)
    assert np.isnan(found.own[2:]).all()
    np.testing.assert_allclose(np.log(found.factor).mean(axis=1), 0, atol=1e-12)


def test_no_season_is_made_from_noise():
    rng = np.random.default_rng(4)
    wide = [
        np.ptp(np.log(month_factors(panel([30] * 6, [np.zeros(12)] * 6, seed=s)).factor)).mean()
        for s in rng.integers(0, 10_000, 10)
    ]
    raw = np.ptp(np.log(month_factors(panel([30] * 6, [np.zeros(12)] * 6)).own), axis=1).mean()
    assert np.mean(wide) < 0.25 * raw
    flat = month_factors(panel([0.3] * 2, [np.zeros(12)] * 2))
    assert flat.source.tolist() == ["none", "none"]
    assert (flat.factor == 1).all()
    assert np.isnan(flat.low).all()


def test_a_team_that_really_differs_keeps_its_own_season():
    logs = [wave(1.5, 6)] * 7 + [wave(2.5, 0)]
    found = month_factors(panel([120] * 8, logs))
    assert found.source[7] == "own and force"
    assert np.log(found.factor[7]).argmax() in (11, 0, 1)
    assert np.log(found.factor[0]).argmax() in (5, 6, 7)


def test_the_weight_is_tau_over_tau_and_variance():
    logs = [wave(1.5, peak) for peak in (4, 5, 6, 7, 8, 9)]
    few, many = (month_factors(panel([m] * 6, logs)) for m in (10, 400))
    assert 0 < few.weight.mean() < many.weight.mean() < 1
    assert many.weight.mean() > 0.9


def test_shrinking_comes_closer_to_the_truth_than_either_alone():
    rng = np.random.default_rng(7)
    better = {"own": 0.0, "force": 0.0, "shrunk": 0.0}
    for seed in range(12):
        logs = [wave(1.5, 6) + rng.normal(0, 0.1, 12) for _ in range(8)]
        truth = np.array(logs) - np.mean(logs, axis=1, keepdims=True)
        found = month_factors(panel([25] * 8, logs, seed=seed))
        force = wave(1.5, 6)
        better["own"] += ((np.log(found.own) - truth) ** 2).sum()
        better["force"] += ((force - truth) ** 2).sum()
        better["shrunk"] += ((np.log(found.factor) - truth) ** 2).sum()
    assert better["shrunk"] < 0.8 * better["own"]
    assert better["shrunk"] < 0.9 * better["force"]


def test_the_interval_of_a_factor_covers_the_truth():
    rng = np.random.default_rng(3)
    inside = []
    for seed in range(16):
        logs = [wave(1.6, 6) + rng.normal(0, 0.1, 12) for _ in range(8)]
        truth = np.exp(np.array(logs) - np.mean(logs, axis=1, keepdims=True))
        means = [3, 3, 15, 15, 60, 60, 200, 200]
        found = month_factors(panel(means, logs, seed=seed, alpha=0.02))
        inside.append((found.low <= truth) & (truth <= found.high))
    assert 0.91 <= np.mean(inside) <= 0.98
    assert (np.mean(inside, axis=(0, 2)) > 0.87).all()  # the few and the many alike


@pytest.mark.parametrize("months", [12, 23])
def test_under_two_years_there_are_no_factors(months):
    found = month_factors(panel([500] * 3, [wave(1.8, 6)] * 3, months=months))
    assert set(found.source) == {"none"}


def test_what_comes_later_is_not_known_earlier():
    counts = panel([80] * 4, [wave(1.8, 6)] * 4)
    early = month_factors(counts.until(36)).factor
    changed = counts.y.copy()
    changed[:, 36:] = 10_000.0
    later = type(counts)(counts.keys, counts.start, counts.days, changed, counts.used,
                         counts.inside, counts.freq)  # fmt: skip
    np.testing.assert_array_equal(month_factors(later.until(36)).factor, early)


def test_a_month_almost_without_incidents_does_not_lift_the_others():
    log = np.where(np.arange(12) == 3, np.log(1e-4), 0.0)
    found = month_factors(panel([50] * 3, [np.zeros(12), np.zeros(12), log]))
    rest = np.delete(found.own[2], 3)
    assert rest.max() / rest.min() < 1.4


def test_the_planted_seasons_of_the_county_come_back():
    county = hs.make_county(seed=3, months=60)
    counted = hs.count_series(county.incidents, by=["category"])
    found = month_factors(counted.panel)
    ratio = pd.Series(found.factor.max(axis=1) / found.factor.min(axis=1),
                      index=counted.panel.keys["category"])  # fmt: skip
    planted = county.seasons.groupby("category")["ratio"].median()
    assert (ratio[planted == 1] < 1.08).all()
    strong = planted[planted >= 1.5].index
    np.testing.assert_allclose(ratio[strong], planted[strong], rtol=0.1)


def test_weeks_and_days_are_read_between_the_middles_of_months():
    factor = np.exp(wave(1.8, 6))[None]
    days = np.arange("2024-01-01", "2025-01-01", dtype="datetime64[D]")
    daily = factors_at(factor, days, "D")[0]
    assert str(days[daily.argmax()]) in ("2024-07-15", "2024-07-16")
    assert daily[-1] == pytest.approx(daily[0], rel=0.01)  # the year closes on itself
    assert np.abs(np.diff(np.log(daily))).max() < 0.01
    weeks = np.arange("2024-01-01", "2024-12-30", 7, dtype="datetime64[D]")
    weekly = factors_at(factor, weeks, "W-MON")[0]
    np.testing.assert_allclose(weekly, daily[3:-3:7][: len(weekly)], rtol=1e-12)
    months = MONTHS.to_numpy()
    np.testing.assert_array_equal(factors_at(factor, months, "MS")[0][:12], factor[0])


def test_weeks_add_up_to_months_without_loss(county):
    given = county.incidents.sort_values("occurred_from").head(6000)
    counts = hs.count_series(given, by=["category"], freq="W-MON").panel
    days = np.broadcast_to(counts.days, counts.y.shape)
    month, sums, exposure = add_to_months(counts, counts.y, counts.used, days)
    assert sums.sum() == np.nansum(np.where(counts.used, counts.y, 0))
    assert exposure.sum() == (counts.used * counts.days).sum()
    assert (np.diff(month) == 1).all()
