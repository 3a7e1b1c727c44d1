"""The default estimators: places compared, and the lot drawn again; what choosing alone does."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from hotspots.contracts import InputError
from hotspots.impact._drawn import drawn_ratio
from hotspots.impact.randomised import fit_randomised
from hotspots.impact.ratio import baseline, fit_places, shared, warn_places
from hotspots.impact.selection import expected_again, selection_change
from hotspots.impact.study import make_study

MONTH = 365.25 / 12


def lot(places, treated, periods, first):
    """Draw ``treated`` of ``places`` from period ``first`` on."""

    def redraw(draws, rng):
        treat = np.zeros((draws, places, periods))
        order = np.argsort(rng.random((draws, places)), axis=1)
        treat[:, :, first:] = (order < treated)[:, :, None]
        return treat

    return redraw


def parallel(y, treated, first, **options):
    y = np.asarray(y, dtype=float)
    treat = np.zeros(y.shape[-2:])
    treat[:treated, first:] = 1
    return make_study(y, treat, **options)


def monthly(level, months=30, first=24, treated=None, *, seed=0, studies=1, **options):
    """Poisson counts by month of places with these levels, the first half treated."""
    level = np.asarray(level, dtype=float)
    y = np.random.default_rng(seed).poisson(level[:, None], (studies, len(level), months))
    return parallel(y, treated or len(level) // 2, first, days=MONTH, **options)


def test_the_estimates_are_the_ratio_of_ratios():
    y = np.random.default_rng(0).poisson(20, (12, 10))
    study = parallel(y, 6, 6, redraw=lot(12, 6, 10, 6))
    before, after = y[:, :6].sum(axis=1), y[:, 6:].sum(axis=1)
    expected = np.log(after[:6].sum() / before[:6].sum() / (after[6:].sum() / before[6:].sum()))
    assert fit_places(study).estimate[0] == pytest.approx(expected, abs=1e-12)
    assert fit_randomised(study).estimate[0] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_the_estimate_of_a_trial_is_poisson_regression(missing):
    import statsmodels.api as sm

    rng = np.random.default_rng(5)
    y = rng.poisson(6, (9, 8))
    used = rng.random(y.shape) >= missing
    study = parallel(y, 4, 4, redraw=lot(9, 4, 8, 4), used=used)
    found = fit_randomised(study, draws=999).estimate[0]
    place, period = np.nonzero(used)
    treat, family = study.treat[0][used], sm.families.Poisson()
    null = np.column_stack([np.eye(9)[place], np.eye(8)[period][:, 1:]])
    if missing:  # counts freed of the effect leave nothing where treated
        left = sm.GLM(y[used] * np.exp(-found * treat), null, family=family).fit(tol=1e-12)
        assert (left.resid_response * treat).sum() == pytest.approx(0, abs=1e-6)
    else:
        fitted = sm.GLM(y[used], np.column_stack([treat, null]), family=family).fit(tol=1e-12)
        assert found == pytest.approx(fitted.params[0], abs=1e-7)


@pytest.mark.parametrize("seed", range(3))
def test_p_of_the_lot_is_that_of_every_assignment_there_is(seed):
    y = np.random.default_rng(seed).poisson(1, (8, 2))  # so few that many assignments tie
    y[:4, 1] = y[:4, 1] // 2
    arms = [np.isin(np.arange(8), rows) for rows in itertools.combinations(range(8), 4)]
    every = np.zeros((len(arms), 8, 2))
    every[:, :, 1] = arms
    drawn = iter(every)
    study = parallel(y, 4, 1, redraw=lambda draws, _: [next(drawn) for _ in range(draws)])
    left = y[:, 1] * y.sum() - y[:, 1].sum() * y.sum(axis=1)  # whole numbers: ties are ties
    sums, own = np.array([left[arm].sum() for arm in arms]), left[:4].sum()
    tails = (1 + (sums <= own).sum(), 1 + (sums >= own).sum())
    assert (sums == own).sum() > 1
    found = fit_randomised(study, draws=len(arms))
    assert found.p[0] == pytest.approx(min(1, 2 * min(tails) / (len(arms) + 1)), abs=1e-12)


@pytest.mark.parametrize("seed", range(6))
def test_p_of_places_is_that_of_every_exchange_there_is(seed):
    y = np.random.default_rng(seed).poisson(15, (10, 2)).astype(float)
    y[:3, 1] *= 0.6

    def t(rows):
        arm = np.isin(np.arange(10), rows)
        parts = []
        for one in (arm, ~arm):
            b, a = y[one].T
            n, r = one.sum(), a.sum() / b.sum()
            parts.append((np.log(r), n / (n - 1) * ((a - r * b) ** 2).sum() / a.sum() ** 2))
        return (parts[0][0] - parts[1][0]) / np.sqrt(parts[0][1] + parts[1][1])

    some = list(itertools.combinations(range(10), 3))
    every, own = np.array([t(rows) for rows in some]), t(range(3))
    tails = (1 + (every <= own + 1e-9).sum(), 1 + (every >= own - 1e-9).sum())
    arms = np.array([np.isin(np.arange(10), rows) for rows in some], dtype=float)
    found = drawn_ratio(y[None, :, 1], y[None, :, 0], arms[:1], arms, None)
    assert found[3][0] == pytest.approx(min(1, 2 * min(tails) / (len(some) + 1)), abs=1e-12)
    study = parallel(y, 3, 1, days=[800, 200])
    exact = 2 * min((every <= own + 1e-9).mean(), (every >= own - 1e-9).mean())
    drawn = fit_places(study, draws=20_000, interval=False).p[0]
    assert drawn == pytest.approx(min(1, exact), abs=0.014)  # 3.5 standard errors at .17


@pytest.mark.parametrize("fit", [fit_places, fit_randomised])
def test_where_every_draw_ties_nothing_is_found(fit):
    y = np.arange(3, 15)[:, None] * np.ones(30)
    assert fit(parallel(y, 6, 24, days=MONTH, redraw=lot(12, 6, 30, 24))).p[0] == 1


def test_blocks_that_change_apart_are_compared_within():
    block = np.repeat([0, 1], 8)
    arm = np.isin(np.arange(16), [0, 1, 8, 9, 10, 11, 12, 13])  # a quarter, and three quarters
    change = np.where(block == 0, 2.0, 0.5) * np.where(arm, 0.7, 1.0)

    def redraw(draws, rng):
        order = np.argsort(rng.random((draws, 2, 8)), axis=2)
        treat = np.zeros((draws, 16, 2))
        treat[:, :, 1] = (order < np.array([2, 6])[:, None]).reshape(draws, 16)
        return treat

    treat = np.zeros((16, 2))
    treat[arm, 1] = 1
    y = 100 * np.column_stack([np.ones(16), change])
    found = fit_randomised(make_study(y, treat, redraw=redraw, block=block), draws=199)
    assert np.exp(found.estimate[0]) == pytest.approx(0.7, abs=1e-6)


@pytest.mark.parametrize("fit", [fit_places, fit_randomised])
def test_the_interval_is_what_the_test_does_not_reject(fit):
    study = monthly([6] * 16, studies=40, seed=2, redraw=lot(16, 8, 30, 24))
    found = fit(study, draws=199)
    outside = (found.low > 0) | (found.high < 0)
    assert (outside == (found.p <= 0.05)).all()
    assert (found.low < found.estimate).all()
    assert (found.estimate < found.high).all()
    bare = fit(study, draws=199, interval=False)
    assert np.isnan(bare.low).all()
    np.testing.assert_array_equal(bare.p, found.p)
    np.testing.assert_allclose(bare.estimate, found.estimate)


@pytest.mark.parametrize("fit", [fit_places, fit_randomised])
def test_no_effect_is_claimed_in_five_of_a_hundred_and_a_large_one_found(fit):
    level = np.random.default_rng(1).gamma(2, 3, 20)
    still = monthly(level, studies=400, seed=3, redraw=lot(20, 10, 30, 24))
    claimed = (fit(still, draws=199, interval=False).p <= 0.05).mean()
    assert 0.02 < claimed < 0.085  # 3.3 standard errors
    y = still.y.copy()
    y[:, :10, 24:] = np.random.default_rng(4).binomial(y[:, :10, 24:].astype(int), 0.6)
    treated = parallel(y, 10, 24, days=MONTH, redraw=lot(20, 10, 30, 24))
    found = fit(treated, draws=199, interval=False)
    assert np.exp(found.estimate.mean()) == pytest.approx(0.6, abs=0.02)
    assert (found.p <= 0.05).mean() > 0.9


def test_row_order_and_size_of_batch_do_not_matter_to_the_estimate():
    study = monthly([4, 9, 2, 8, 6, 7, 3, 5, 6, 6, 8, 2], studies=3)
    alone = fit_places(monthly([4, 9, 2, 8, 6, 7, 3, 5, 6, 6, 8, 2], studies=3))
    np.testing.assert_array_equal(fit_places(study).low, alone.low)
    one = make_study(study.y[1], study.treat[0], days=MONTH)
    assert fit_places(one).low[0] == pytest.approx(alone.low[1], abs=1e-12)


def test_a_cross_over_is_compared_within_its_weeks_and_without_its_wash_out():
    rng = np.random.default_rng(8)
    days, places = 84, 6
    week = np.arange(days) // 7

    def redraw(draws, rng):
        on = np.argsort(rng.random((draws, places, days // 7, 7)), axis=3) < 3
        return on.reshape(draws, places, days).astype(float)

    treat = redraw(1, rng)[0]
    swing = np.exp(0.5 * np.sin(week))  # each week has its own level
    y = rng.poisson(np.array([2, 9, 4, 3, 6, 5])[:, None] * swing * np.where(treat > 0, 0.5, 1))
    used = np.ones((places, days), dtype=bool)
    used[:, 6::7] = False
    cell = np.arange(places)[:, None] * 100 + week
    found = fit_randomised(make_study(y, treat, used=used, cell=cell, redraw=redraw), draws=499)
    assert np.exp(found.low[0]) < 0.5 < np.exp(found.high[0])
    assert np.exp(found.high[0]) < 0.7
    wrong = np.where(used, y, 50)  # what is not used is not read
    again = fit_randomised(make_study(wrong, treat, used=used, cell=cell, redraw=redraw), draws=499)
    assert again.estimate[0] == pytest.approx(found.estimate[0], abs=1e-9)


def test_what_the_lot_cannot_answer_is_refused():
    def pairs(draws, rng):
        first = rng.random((draws, 3)) < 0.5
        treat = np.zeros((draws, 6, 2))
        treat[:, :, 1] = np.stack([first, ~first], axis=2).reshape(draws, 6)
        return treat

    y = np.full((6, 2), 30)
    treat = pairs(1, np.random.default_rng(0))[0]
    few = fit_randomised(make_study(y, treat, redraw=pairs, block=[0, 0, 1, 1, 2, 2]))
    assert "only 8 different treatments" in few.refused
    assert "0.25" in few.refused
    assert "not drawn by lot" in fit_randomised(make_study(y, treat)).refused
    with pytest.raises(InputError, match="redraw gave"):
        fit_randomised(make_study(y, treat, redraw=lambda draws, _: np.full((draws, 6, 2), 0.5)))


def test_the_year_that_picked_the_places_is_kept_out():
    chosen = np.zeros(30, dtype=bool)
    chosen[12:24] = True
    study = monthly([8.0] * 12, chosen=chosen)
    base = baseline(study)
    assert base.free
    assert base.told
    assert np.flatnonzero(base.periods).tolist() == list(range(12))
    y = study.y.copy()
    y[:, :6, 12:24] *= 3  # a bad year of the treated: it must not look like a fall
    picked = parallel(y, 6, 24, days=MONTH, chosen=chosen)
    assert fit_places(picked).estimate[0] == fit_places(study).estimate[0]
    assert "outside those it was chosen for" in fit_places(picked).chance
    assert warn_places(picked) == []
    untold = parallel(y, 6, 24, days=MONTH)
    assert fit_places(untold).estimate[0] == fit_places(study).estimate[0]
    assert "Nobody said for which months" in warn_places(untold)[0]


def test_selection_that_cannot_be_told_from_an_effect_is_refused():
    chosen = np.arange(18) < 12
    worst = monthly([9.0] * 8 + [4.0] * 8, 18, 12, chosen=chosen)
    found = fit_places(worst)
    assert np.isnan(found.estimate).all()
    assert "places chosen for a bad year have a better one next" in found.refused
    assert "give earlier records" in found.refused
    assert warn_places(worst) == []
    alike = monthly([3.0, 4, 5, 6, 7, 8, 9, 12] * 2, 18, 12, chosen=chosen)
    assert np.isfinite(fit_places(alike).p).all()
    assert "chosen for the very months" in warn_places(alike)[0]
    more = np.tile(np.array([5, 6, 7, 8, 9, 10, 11, 12, 3, 4, 5, 6, 7, 8, 4, 12])[:, None], 18)
    assert shared(more[None, :, 0], np.arange(16)[None] < 8)[0] > 0.5  # but of unlike sums
    assert fit_places(parallel(more, 8, 12, days=MONTH, chosen=chosen)).refused
    apart = np.tile(np.array([8] * 8 + [2, 14] * 4)[:, None], 18)  # of like sums, unlike places
    assert fit_places(parallel(apart, 8, 12, days=MONTH, chosen=chosen)).refused
    untold = fit_places(monthly([9.0] * 8 + [4.0] * 8, 18, 12))
    assert "say what they were chosen for" in untold.refused


@pytest.mark.parametrize(
    ("study", "why"),
    [
        (monthly([5] * 6, treated=6), "no comparison place"),
        (monthly([5] * 12, treated=2), "2 treated and 10 comparison places are too few"),
        (monthly([5] * 6), "3 treated and 3 comparison places are too few"),
        (monthly([0.001] * 12), "under 5 incidents"),
        (monthly([5] * 12, first=0), "no period before the start"),
        (make_study(np.ones((8, 4)), np.zeros((8, 4))), "no place was treated"),
        (make_study(np.full((8, 4), 9), np.vstack([np.eye(4), np.zeros((4, 4))])),
         "at no time were all treated places"),
    ],
)  # fmt: skip
def test_places_that_cannot_answer_say_why(study, why):
    found = fit_places(study)
    assert why in found.refused
    assert np.isnan(found.p).all()
    assert warn_places(study) == []


def test_places_unlike_one_another_and_seasons_of_an_arm_are_told():
    rng = np.random.default_rng(0)
    level = np.array([20.0] * 6 + [5.0] * 6)[:, None]
    season = np.where(np.arange(12)[:, None] < 6, 1, 0) * np.cos(2 * np.pi * np.arange(36) / 12)
    y = rng.poisson(level * np.exp(0.6 * season), (1, 12, 36))[:, :, :28]
    said = warn_places(parallel(y, 6, 24, days=MONTH, chosen=np.arange(28) // 12 == 1))
    assert any("places that unlike may not change alike" in s for s in said)
    assert any("their seasons alone would look like" in s for s in said)
    one = monthly([90] + [3] * 11, chosen=np.arange(30) // 12 == 1)
    assert any("One treated place holds" in s for s in warn_places(one))


def test_shared_ground_is_the_lesser_of_both_arms():
    before = np.array([[1.0, 2, 3, 4, 2, 3, 2, 9]])
    arm = np.array([[1, 1, 1, 1, 0, 0, 0, 0]])
    assert shared(before, arm)[0] == pytest.approx(0.75)


def test_what_choosing_alone_does_is_that_of_the_books():
    assert expected_again([10], 2, 1)[0] == 6.0
    assert expected_again([20], 0.5, 0.25)[0] == pytest.approx(16.4)
    rng = np.random.default_rng(1)
    seen, foretold, held = [], [], []
    for _ in range(60):  # the worst 40 of 2,000 places, levels gamma(.5) with mean 2
        level = rng.gamma(0.5, 4, 2000)
        first, then = rng.poisson(level), rng.poisson(level)
        top = np.argsort(-(first + rng.random(2000)))[:40]
        found = selection_change(first[top], first)
        seen.append(then[top].sum() / first[top].sum())
        foretold.append(found.estimate)
        held.append(found.low <= seen[-1] <= found.high)
    assert np.mean(foretold) == pytest.approx(np.mean(seen), abs=0.012)
    assert np.mean(foretold) - 1 == pytest.approx(-0.178, abs=0.012)
    assert np.mean(held) > 0.85


def test_a_short_time_after_is_less_sure_and_alike_places_fall_back_whole():
    rng = np.random.default_rng(2)
    pool = rng.poisson(rng.gamma(1, 5, 1000))
    top = np.sort(pool)[-20:]
    year, month = selection_change(top, pool), selection_change(top, pool, length=1 / 12)
    assert year.estimate == month.estimate
    assert month.high - month.low > 2 * (year.high - year.low)
    same = rng.poisson(10, 1000)  # no place is worse than another: all of it is chance
    best = np.sort(same)[-20:]
    assert selection_change(best, same).expected.mean() == pytest.approx(10, abs=0.7)


def test_every_fault_of_a_selection_is_named_at_once():
    with pytest.raises(InputError) as caught:
        selection_change([3, np.nan], [1, 2], length=-1, level=95)
    told = str(caught.value)
    assert all(w in told for w in ("counts must be", "the pool has 2 places", "length", "level"))
    with pytest.raises(InputError, match="no incident"):
        selection_change([0], np.zeros(50))
    with pytest.raises(InputError, match=r"500 incidents and the fullest of the pool 5"):
        selection_change([500], np.full(50, 5))
    with pytest.raises(InputError, match="seed is 'a'"):
        selection_change([5], np.full(50, 5), seed="a")
    with pytest.raises(InputError, match="shape is 'a'"):
        expected_again([1], "a", 1)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"y": [["a", "b"]]}, "y holds other than numbers"),
        ({"y": [[1, 2], [3]]}, "y holds other than numbers, or rows of unlike length"),
        ({"y": np.zeros((0, 2)), "treat": np.zeros((0, 2))}, "at least one of each"),
        ({"y": [[np.inf, 1]]}, "infinite"),
        ({"treat": [[0, np.nan]]}, "treat holds other than 0 and 1"),
        ({"days": -1}, "days holds other than numbers above 0"),
        ({"cell": [[np.nan, 1]]}, "cell must hold whole numbers"),
        ({"block": [1, 2]}, r"block must hold whole numbers, in the shape \(1,\)"),
        ({"redraw": 3}, "redraw is 3"),
    ],
)
def test_arrays_that_make_no_study_are_named(given, why):
    with pytest.raises(InputError, match=why):
        make_study(**({"y": [[1, 2]], "treat": [[0, 1]]} | given))


def test_an_arm_without_incidents_has_no_answer_and_says_why():
    y = np.full((12, 30), 8)
    y[:6, 24:] = 0
    study = parallel(y, 6, 24, days=MONTH, redraw=lot(12, 6, 30, 24))
    assert "or the treated places none" in fit_places(study).refused
    assert "no incidents were counted under the treatment" in fit_randomised(study).refused
