"""Breaks found where they were planted, at the right dates, and none where there are none."""

import numpy as np
import pandas as pd
import pytest

import hotspots as hs
from hotspots.breaks import FALSE_RATE
from hotspots.breaks.known import COLUMNS, label, relevant, slow_label
from hotspots.breaks.levels import (
    allowed_runs,
    best_cuts,
    cheapest_cuts,
    dispersion,
    ends_of,
    fit,
    run_cost,
    run_costs,
)

RNG = np.random.default_rng


def table(counts, start="2019-01-01", freq="MS", **columns):
    """Turn counts into the table that a user without incidents would give; NaN is a gap."""
    counts = np.asarray(counts, dtype=float)
    when = pd.date_range(start, periods=len(counts), freq=freq)
    return pd.DataFrame(
        {"category": "Vehicle crime", "period_start": when, "incidents": counts, **columns}
    )


def month(name):
    return pd.Timestamp(f"{name}-01")


def only(breaks):
    """Return the single row of the table of breaks."""
    assert len(breaks.breaks) == 1, breaks.text
    return breaks.breaks.iloc[0]


# --- cost and cuts ----------------------------------------------------------------------------


def test_the_cost_of_a_run_is_twice_the_likelihood_that_scipy_gives():
    from scipy.stats import nbinom, poisson

    y, e = np.array([3.0, 0, 7, 4]), np.array([1.0, 0.8, 1.2, 1.1])
    level = y.sum() / e.sum()
    alpha = 0.3
    shape = e / alpha
    exact = -2 * nbinom.logpmf(y, shape, 1 / (1 + alpha * level)).sum()
    other = -2 * nbinom.logpmf(y, shape, 1 / (1 + alpha * 2 * level)).sum()
    same = run_cost(y.sum(), e.sum(), np.array(alpha))
    total, twice = y.sum(), 2 * level
    above = -2 * (total * np.log(twice) - (total + shape.sum()) * np.log1p(alpha * twice))
    assert exact - other == pytest.approx(same - above)  # equal but for what the level leaves
    plain = -2 * poisson.logpmf(y, level * e).sum() - -2 * poisson.logpmf(y, twice * e).sum()
    small = run_cost(total, e.sum(), np.array(0.0))
    assert plain == pytest.approx(small + 2 * (total * np.log(twice) - twice * e.sum()))


def test_the_best_level_of_a_run_is_its_total_over_its_exposure():
    y, e, alpha = np.array([[5.0, 9, 2, 8]]), np.array([[1.0, 1.4, 0.6, 1.0]]), np.array([0.2])
    b, _, level, cost = fit(y, e, np.ones((1, 4, 1)), alpha)
    assert np.exp(b[0, 0]) == pytest.approx(24 / 4)
    assert level[0] == pytest.approx([6.0] * 4)
    assert cost[0] == pytest.approx(run_costs(y, e, alpha)[0, 0, 4])


def test_the_regression_agrees_with_statsmodels():
    sm = pytest.importorskip("statsmodels.api")
    rng = RNG(3)
    x = np.column_stack([np.ones(40), np.arange(40) >= 22, rng.normal(size=40)])
    y = rng.poisson(np.exp(x @ [2.0, 0.5, 0.2])).astype(float)
    e = np.ones(40)
    b, cov, level, _ = fit(y[None], e[None], x[None], np.array([0.15]))
    theirs = sm.GLM(y, x, family=sm.families.NegativeBinomial(alpha=0.15)).fit()
    assert b[0] == pytest.approx(theirs.params, abs=1e-6)
    assert cov[0] == pytest.approx(theirs.cov_params(), abs=1e-6)
    assert level[0] == pytest.approx(theirs.fittedvalues, rel=1e-6)


def slow_pelt(costs, allowed, first, end, penalty):
    """Cut one series by PELT as published (inequality pruning), one period after the other."""
    best, back, alive = {first: -penalty}, {}, [first]
    for b in range(first + 1, end + 1):
        tried = {a: best[a] + costs[a, b] + penalty for a in alive if allowed[a, b]}
        if tried:
            back[b] = min(tried, key=tried.get)
            best[b] = tried[back[b]]
            # a start that can never win again; one that is not yet long enough stays
            alive = [a for a in alive if a not in tried or tried[a] - penalty <= best[b]]
            alive.append(b)
    cuts, at = [], end
    while at in back:
        at = back[at]
        cuts.append(at)
    return sorted(cuts)[1:]


def test_dynamic_programming_finds_the_same_cuts_as_pelt():
    rng = RNG(5)
    y = rng.poisson(np.repeat(rng.gamma(2, 6, (60, 4)), 12, axis=1)).astype(float)
    e = rng.uniform(0.8, 1.2, y.shape)
    alpha, penalty = rng.uniform(0, 0.1, 60), np.full(60, 8.0)
    costs = run_costs(y, e, alpha)
    # one period is enough here: with a shortest length PELT's pruning is not exact
    allowed = allowed_runs(e > 0, 1, 1)
    found = cheapest_cuts(costs, allowed, ends_of(e > 0), penalty)
    for g in range(60):
        assert np.flatnonzero(found[g]).tolist() == slow_pelt(costs[g], allowed[g], 0, 48, 8.0)
    assert found.any(axis=1).mean() > 0.5


@pytest.mark.parametrize("gap", [False, True])
def test_two_levels_agree_with_trying_every_cut(gap):
    rng = RNG(7)
    y = rng.poisson(np.r_[[9.0] * 14, [16.0] * 16], size=(25, 30)).astype(float)
    e = np.ones_like(y)
    if gap:
        y[:, 8:13], e[:, 8:13] = 0, 0
    costs = run_costs(y, e, np.zeros(25))
    found = best_cuts(costs, allowed_runs(e > 0, 6, 4), ends_of(e > 0), 1)
    for g in range(25):
        tried = {}
        for s in range(6, 25):
            old, new = e[g, :s] > 0, e[g, s:] > 0
            if e[g, s] > 0 and min(old.sum(), new.sum()) >= 4:
                levels = y[g, :s].sum() / old.sum(), y[g, s:].sum() / new.sum()
                expected = np.r_[old * levels[0], new * levels[1]]
                inside = expected > 0
                tried[s] = -2 * (y[g] * np.log(np.where(inside, expected, 1)) - expected).sum()
        assert np.flatnonzero(found[g]).tolist() == [min(tried, key=tried.get)]


def test_runs_are_long_enough_and_begin_with_a_record():
    used = np.array([[False, True, True, True, False, False, True, True, True, True]])
    allowed = allowed_runs(used, 4, 2)[0]
    assert ends_of(used) == (np.array([1]), np.array([10]))
    a, b = np.nonzero(allowed)
    assert set(a) <= {1, 2, 3, 6}  # never in the gap
    assert set(b) <= {6, 7, 8, 9, 10}
    assert allowed[1, 6]
    assert allowed[6, 10]
    assert not allowed[7, 10]  # three periods only
    assert not allowed[3, 6]  # one of its periods is recorded


def test_dispersion_of_poisson_counts_is_none_and_of_others_theirs():
    rng = RNG(11)
    e = np.ones((40, 400))
    flat = np.full(e.shape, 20.0)
    poisson = rng.poisson(flat).astype(float)
    mixed = rng.poisson(flat * rng.gamma(10, 0.1, e.shape)).astype(float)
    df = np.full(40, 400.0)
    assert np.median(dispersion(poisson, e, flat, df)) < 0.003
    assert dispersion(mixed, e, flat, df).mean() == pytest.approx(0.1, rel=0.1)


# --- steps planted ------------------------------------------------------------------------------


def test_the_planted_step_of_the_county_is_found_at_its_date():
    county = hs.make_county(seed=2, months=60, scale=4.0)
    step = county.changes[county.changes["what"] == "step"].iloc[0]
    breaks = hs.find_breaks(county.incidents, by=["lpt", "category"])
    row = breaks.breaks.query("lpt == @step.lpt and category == @step.category")
    assert len(row) == 1
    row = row.iloc[0]
    assert row["earliest"] <= step["start"] <= row["latest"]
    assert row["latest"] - row["earliest"] < pd.Timedelta(days=300)
    assert row["low"] < step["ratio"] < row["high"]
    assert row["known"] == "unexplained" or row["kind"]
    where = breaks.steps.query("lpt == @step.lpt and category == @step.category")
    assert where["start"].tolist() == [row["start"]]
