"""The weighted displacement difference, against its published numbers and known truths."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import hotspots as hs
from hotspots.impact.cumulative import _largest
from hotspots.impact.difference import fit_wdd
from hotspots.impact.study import make_study

PUBLISHED = {"treated": (207, 110), "control": (308, 318), "displacement": (178, 157),
             "displacement_control": (150, 140)}  # fmt: skip


def row(found, measure, errors="Poisson"):
    return found.ratios.set_index(["measure", "errors"]).loc[(measure, errors)]


def test_the_published_example():
    found = hs.wdd(**PUBLISHED)
    parts = found.effect.set_index("part")
    assert parts["estimate"].to_dict() == {"local": -107, "displacement": -11, "total": -118}
    assert parts.loc["local", "se"] == pytest.approx(30.7083, abs=5e-5)
    assert parts.loc["displacement", "se"] == 25
    assert found.se == pytest.approx(np.sqrt(1568))
    assert found.z == pytest.approx(-2.97995, abs=5e-6)
    assert found.interval == pytest.approx((-195.6, -40.4), abs=0.05)
    assert found.p == pytest.approx(2 * stats.norm.sf(2.97995), rel=1e-4)
    assert row(found, "WDQ", "none")["value"] == pytest.approx(0.258186, abs=5e-7)
    rate = row(found, "rate ratio")
    assert np.log(rate["value"]) == pytest.approx(-0.664190, abs=5e-7)
    assert (rate["value"], rate["low"], rate["high"]) == pytest.approx((0.5147, 0.3892, 0.6806),
                                                                       abs=1e-4)  # fmt: skip
    assert rate["z"] == pytest.approx(-4.660, abs=5e-4)
    assert found.dispersion is None
    assert "118 fewer incidents, areas around included," in found.text
    assert "between 196 and 40 fewer, 95% interval; p = .003" in found.text
    # Poisson's interval is too narrow, so what it finds is not said for certain
    assert found.text.startswith("Fewer than expected, if counts vary by chance alone: ")
    assert "49% fewer (between 61% fewer and 32% fewer" in found.text


def test_a_small_example_tells_no_percentage_and_no_change():
    found = hs.wdd(treated=(20, 10), control=(20, 20), level=0.9)
    assert (found.estimate, round(found.se, 4)) == (-10, 8.3666)
    assert found.interval == pytest.approx((-23.76, 3.76), abs=0.005)
    assert found.text.startswith("No change that chance could not make: 10 fewer incidents")
    assert "A count is under 20: no percentage is told." in found.text
    assert "%" not in found.text.replace("90% interval", "")
    assert "effect" not in found.text


def test_weights_divide_counts_and_their_squares_the_variance():
    found = hs.wdd(**PUBLISHED, area_weights=(2, 4, 1, 0.5), time_weights=(12, 6))
    terms = [(207, 110, 2, 1), (308, 318, 4, -1), (178, 157, 1, 1), (150, 140, 0.5, -1)]
    by_hand = sum(s * (b / (w * 6) - a / (w * 12)) for a, b, w, s in terms)
    variance = sum(b / (w * 6) ** 2 + a / (w * 12) ** 2 for a, b, w, _ in terms)
    assert found.estimate == pytest.approx(by_hand)
    assert found.se == pytest.approx(np.sqrt(variance))
    named = hs.wdd(**PUBLISHED, area_weights={"control": 2.0, "displacement_control": 2.0})
    assert named.estimate == (110 - 207) - (318 - 308) / 2 + (157 - 178) - (140 - 150) / 2
    assert "for each unit of area and time" in found.text


def test_an_area_around_without_one_to_compare_counts_as_it_is():
    found = hs.wdd(treated=(50, 40), control=(50, 50), displacement=(30, 36))
    parts = found.effect.set_index("part")
    assert parts.loc["displacement", "estimate"] == 6
    assert parts.loc["total", "estimate"] == -4
    assert row(found, "WDQ", "none")["words"].startswith("Displacement: the areas around lost part")


@pytest.mark.parametrize(("areas", "words"), [
    ({"treated": (50, 60), "control": (50, 50), "displacement": (30, 20)}, "Not to be read"),
    ({"treated": (50, 40), "control": (50, 50), "displacement": (30, 45)}, "and more"),
    ({"treated": (50, 40), "control": (50, 50), "displacement": (60, 45)}, "more than the treated"),
    ({"treated": (50, 40), "control": (50, 50), "displacement": (60, 60)}, "No change in the"),
    ({"treated": (50, 40), "control": (50, 0), "displacement": (60, 60)}, "Not to be had"),
])  # fmt: skip
def test_the_quotient_says_when_it_may_be_read(areas, words):
    assert words in row(hs.wdd(**areas), "WDQ", "none")["words"]


def test_dispersion_is_that_of_two_way_margins():
    """φ against a chi-squared test of homogeneity; errors widen by its root, on t."""
    rng = np.random.default_rng(4)
    pre = rng.negative_binomial(4, 4 / (4 + np.array([[20.0], [35.0]])), (2, 18))
    found = hs.wdd(treated=(240, 190), control=(400, 410),
                   pre_counts={"treated": pre[0], "control": pre[1]})  # fmt: skip
    chi, _, df, _ = stats.chi2_contingency(pre, correction=False)
    assert df == 17
    assert found.dispersion == pytest.approx(chi / df)
    effect = found.effect.set_index("errors")
    plain, wider = effect.loc["Poisson"], effect.loc["dispersion-adjusted"]
    assert wider["se"] == pytest.approx(plain["se"] * np.sqrt(chi / df))
    half = stats.t.ppf(0.975, 17) * wider["se"]
    assert found.interval == pytest.approx((found.estimate - half, found.estimate + half))
    assert found.p == pytest.approx(2 * stats.t.sf(abs(wider["z"]), 17))
    assert f"varied {chi / df:.1f} times as much as chance" in found.text
    ratio = found.ratios.set_index("errors")["value"]
    assert (
        ratio["Poisson"] == ratio["dispersion-adjusted"] == pytest.approx(190 / 240 / (410 / 400))
    )


def test_steady_counts_do_not_make_the_interval_narrower_than_chance():
    found = hs.wdd(treated=(100, 90), control=(100, 100),
                   pre_counts={"treated": [10] * 12, "control": [20] * 12})  # fmt: skip
    assert found.dispersion == 1
    assert "varied no more than chance" in found.text


def test_harm_adds_up_with_squared_weights():
    parts = {"robbery": hs.wdd(treated=(20, 10), control=(20, 20)),
             "theft": hs.wdd(treated=(60, 55), control=(58, 60))}  # fmt: skip
    found = hs.wdd_harm(parts, {"robbery": 365, "theft": 2})
    assert found.estimate == 365 * -10 + 2 * -7
    assert found.se == pytest.approx(np.sqrt(365**2 * 70 + 4 * 233))
    assert found.text.startswith("No change that chance could not make: harm 3,664 lower")
    assert "303 incidents of 2 kinds" in found.text
    assert list(found.tables) == ["counts", "effect", "ratios"]


@pytest.mark.parametrize(("wrong", "words"), [
    ({"treated": (1, 2, 3)}, ["treated is (1, 2, 3)"]),
    ({"treated": None}, ["treated is None"]),
    ({"treated": ("207", "110")}, ["treated is ('207', '110')"]),
    ({"treated": "12"}, ["treated is '12'"]),
    ({"control": (np.nan, 4)}, ["control is (nan, 4)"]),
    ({"control": (-1, 4), "level": 95, "displacement": 7},
     ["control is (-1, 4)", "level is 95", "displacement is 7"]),
    ({"area_weights": (1, 2, 3)}, ["area_weights is (1, 2, 3)"]),
    ({"area_weights": {"treated": 0}}, ["area_weights of treated is 0"]),
    ({"area_weights": {"buffer": 1}}, ["names 'buffer'"]),
    ({"time_weights": (0, 1)}, ["time_weights is (0, 1)"]),
    ({"pre_counts": [1, 2]}, ["pre_counts takes counts of periods"]),
    ({"pre_counts": {"treated": [1] * 11, "control": [1] * 11}}, ["11 periods", "12 are needed"]),
    ({"pre_counts": {"treated": [1] * 12, "control": [1] * 11}}, ["as many numbers for each"]),
    ({"pre_counts": {"treated": ["a"] * 12, "control": [1] * 12}}, ["as many numbers for each"]),
    ({"pre_counts": {"treated": [0] * 12, "control": [0] * 12}}, ["holds no incident"]),
    ({"pre_counts": {"treated": [1] * 12, "control": [1] * 12, "ring": [1] * 12}}, ["'ring'"]),
])  # fmt: skip
def test_every_fault_is_named_at_once(wrong, words):
    with pytest.raises(hs.InputError) as caught:
        hs.wdd(**{"treated": (20, 10), "control": (20, 20), **wrong})
    assert len(caught.value.faults) == (len(words) if "11 periods" not in words else 1)
    for word in words:
        assert word in str(caught.value)


def test_faults_of_harm_are_named():
    part = hs.wdd(treated=(20, 10), control=(20, 20))
    with pytest.raises(hs.InputError) as caught:
        hs.wdd_harm({"theft": part, "arson": 3}, {"theft": -1, "rape": 3}, level=2)
    for word in ("parts['arson'] is no Wdd", "weights['theft'] is -1", "weights['arson'] is None",
                 "'rape', which is no part", "level is 2"):  # fmt: skip
        assert word in str(caught.value)


def test_nothing_recorded_is_said():
    found = hs.wdd(treated=(0, 0), control=(0, 0))
    assert np.isnan(found.p)
    assert "there is nothing to compare" in found.text
    assert "there is nothing to compare" in hs.wdd_harm({"theft": found}, {"theft": 2}).text


# --- summed up as time goes by ---------------------------------------------------------------


def test_the_cumulative_difference_ends_where_the_whole_one_does():
    rng = np.random.default_rng(1)
    treated, control = rng.poisson(12, 30), rng.poisson(20, 30)
    found = hs.cumulative_wdd(treated, control, before=24, weight=0.5)
    whole = hs.wdd(treated=(treated[:24].sum(), treated[24:].sum()),
                   control=(control[:24].sum(), control[24:].sum()), time_weights=(24, 6),
                   area_weights=(1, 2),
                   pre_counts={"treated": treated[:24], "control": control[:24]})  # fmt: skip
    assert found["cumulative"].iloc[-1] == pytest.approx(6 * whole.estimate)
    assert (found["low"].iloc[-1], found["high"].iloc[-1]) == pytest.approx(
        [6 * end for end in whole.interval]
    )
    assert (found["low_all"] < found["low"]).all()
    assert (found["high_all"] > found["high"]).all()
    assert found.index.tolist() == list(range(24, 30))
    assert (found["treated"] - found["expected"]).tolist() == pytest.approx(found["difference"])
    again = hs.cumulative_wdd(treated, control, before=24, weight=0.5)
    pd.testing.assert_frame_equal(found, again)


def test_each_month_is_set_against_the_same_months_before():
    season = np.tile(np.arange(12.0) + 1, 3)
    found = hs.cumulative_wdd(season * 4, season * 2, before=24, season=12)
    assert found["cumulative"].abs().max() < 1e-9
    plain = hs.cumulative_wdd(season[:30] * 4, season[:30] * 2, before=24)
    assert plain["cumulative"].iloc[-1] == pytest.approx((21 - 39) * 2)


def test_the_band_of_all_sums_is_that_of_the_largest_of_correlated_values():
    """Independent: Šidák's. All the same: no wider than one. On t: wider."""
    sidak = stats.norm.ppf((1 + 0.95 ** (1 / 6)) / 2)
    assert _largest(np.diag(np.arange(1.0, 7)), np.inf, 0.95, 0) == pytest.approx(sidak, abs=0.03)
    assert _largest(np.ones((6, 6)), np.inf, 0.95, 0) == pytest.approx(1.96, abs=0.03)
    assert _largest(np.ones((1, 1)), 11, 0.95, 0) == pytest.approx(stats.t.ppf(0.975, 11), abs=0.05)


def test_faults_of_the_cumulative_difference_are_named_at_once():
    with pytest.raises(hs.InputError) as caught:
        hs.cumulative_wdd([1, 2, "a"], [1, 2], before=0, weight=0, days=-1, season=1.5, level=1,
                          seed=-1)  # fmt: skip
    assert len(caught.value.faults) == 7
    for series, before in (([], 1), ([1, 2, 3], 3)):  # none before, or none after
        with pytest.raises(hs.InputError, match="it must leave a period before the start"):
            hs.cumulative_wdd(series, series, before=before)


# --- many studies at once --------------------------------------------------------------------


def months(y, start, places=1, days=30):
    """Make a study whose first ``places`` places are treated from ``start``."""
    y = np.asarray(y, dtype=float)
    treat = np.zeros(y.shape[-2:])
    treat[:places, start:] = 1
    return make_study(y, treat, days=days)


def test_faults_of_a_batch_are_named_together():
    with pytest.raises(hs.InputError) as caught:
        fit_wdd(np.ones((2, 3)), adjusted="yes", level=95)
    assert len(caught.value.faults) == 3


def test_a_batch_says_what_bare_counts_say():
    rng = np.random.default_rng(2)
    y = rng.poisson(10, (6, 20))
    found = fit_wdd(months(y, 14, 3, days=10), adjusted=False)
    whole = hs.wdd(treated=(y[:3, :14].sum(), y[:3, 14:].sum()),
                   control=(y[3:, :14].sum(), y[3:, 14:].sum()), time_weights=(14, 6))  # fmt: skip
    one = (found.estimate[0], found.low[0], found.high[0])
    assert one == pytest.approx([6 * v for v in (whole.estimate, *whole.interval)])
    assert found.p[0] == pytest.approx(whole.p)
    assert not found.ratio


def test_few_places_take_the_spread_of_the_sums_before_the_start():
    rng = np.random.default_rng(3)
    y = rng.negative_binomial(3, 3 / 18, (4, 29))
    study = months(y, 23, 2)
    plain, wider = fit_wdd(study, adjusted=False), fit_wdd(study)
    pre = np.stack([y[:2, :23].sum(axis=0), y[2:, :23].sum(axis=0)])
    chi, _, df, _ = stats.chi2_contingency(pre, correction=False)
    ratio = (wider.high - wider.low) / (plain.high - plain.low)
    expected = np.sqrt(chi / df) * stats.t.ppf(0.975, df) / stats.norm.ppf(0.975)
    assert ratio[0] == pytest.approx(expected)


def test_places_that_drift_apart_widen_the_errors_as_welch_says():
    rng = np.random.default_rng(5)
    level = rng.uniform(20, 40, (16, 1)) * np.exp(
        rng.normal(0, 0.5, (16, 1)) * (np.arange(24) > 11)
    )
    y = rng.poisson(level)
    apart = y[:8, :12].sum() - y[8:, :12].sum()  # arms of the same size before the start
    y[8 if apart > 0 else 0, 0] += abs(apart)
    found = fit_wdd(months(y, 12, 8))
    change = y[:, 12:].sum(axis=1) - y[:, :12].sum(axis=1)
    welch = stats.ttest_ind(change[:8], change[8:], equal_var=False)
    assert found.estimate[0] == change[:8].sum() - change[8:].sum()
    assert found.p[0] == pytest.approx(welch.pvalue)
    half = stats.t.ppf(0.975, welch.df) * abs(found.estimate[0] / welch.statistic)
    assert found.high[0] - found.estimate[0] == pytest.approx(half)


def test_the_same_months_are_compared_and_those_of_choosing_left_out():
    season = 10 + 5 * np.cos(2 * np.pi * np.arange(30) / 12)
    y = np.vstack([season * 1.5, season])
    assert fit_wdd(months(y, 24)).estimate[0] == pytest.approx(0)
    y[0, 12:24] *= 1.5  # the year it was chosen for
    study = make_study(y, months(y, 24).treat[0], days=30,
                       chosen=(np.arange(30) >= 12) & (np.arange(30) < 24))  # fmt: skip
    found = fit_wdd(study)
    assert found.estimate[0] == pytest.approx(0)
    assert "those left out that the places were chosen for" in found.chance
    assert fit_wdd(months(y, 24)).estimate[0] < -10


def test_more_comparison_places_count_by_their_number():
    y = np.vstack([np.r_[np.full(12, 10), np.full(6, 8)], np.full((3, 18), 10)])
    assert fit_wdd(months(y, 12), adjusted=False).estimate[0] == pytest.approx(-12)


def test_a_common_fall_in_shares_widens_the_interval_of_unlike_arms():
    """1.8 times the incidents, all fall by half: numbers say 24 fewer, shares none."""
    y = np.vstack([np.repeat([18.0, 9.0], [12, 6]), np.repeat([10.0, 5.0], [12, 6])])
    found = fit_wdd(months(y, 12, days=10))
    plain = fit_wdd(months(y, 12, days=10), adjusted=False)
    assert found.estimate[0] == plain.estimate[0] == pytest.approx(-24)
    poisson = 54 + 30 + (216 + 120) / 4  # twice the time before: by its square
    chance = 0.8**2 * (30 + 120 / 4)
    half = stats.t.ppf(0.975, 11) * np.sqrt(poisson + 24**2 - chance)
    assert found.high[0] - found.estimate[0] == pytest.approx(half)
    assert found.p[0] > 0.3 > plain.p[0]
    assert "the answer would move by -24" in found.chance


def test_arms_of_another_size_are_not_compared_by_numbers():
    found = fit_wdd(months(np.vstack([np.full(18, 30.0), np.full(18, 10.0)]), 12))
    assert "3.0 times the incidents of as many comparison places" in found.refused
    rng = np.random.default_rng(9)
    y = rng.poisson(10, (2, 2, 18)) * np.array([1, 3])[:, None, None] ** np.array([1, 0])[:, None]
    batch = fit_wdd(months(y, 12))
    assert np.isfinite(batch.p).tolist() == [True, False]


def test_periods_not_used_and_unequal_days_are_allowed_for():
    y = np.ones((2, 14)) * np.r_[np.full(13, 30.0), 31]
    y[0, 5] = np.nan
    treat = np.zeros((2, 14))
    treat[0, 13] = 1
    study = make_study(y, treat, days=np.r_[np.full(13, 30.0), 31])
    assert fit_wdd(study).estimate[0] == pytest.approx(0)


@pytest.mark.parametrize(("study", "why"), [
    (make_study(np.ones((2, 20)), [[0, 1] * 10, [0] * 20]), "one start"),
    (make_study(np.ones((2, 20)), [[1] * 20, [0] * 20]), "no whole period before"),
    (make_study(np.ones((2, 20)), [[0] * 15 + [1] * 5] * 2), "none to compare with"),
    (months(np.ones((2, 20)), 8), "8 periods before the start and 1 places"),
])  # fmt: skip
def test_what_cannot_be_answered_is_refused_in_words(study, why):
    found = fit_wdd(study)
    assert why in found.refused
    assert np.isnan(found.estimate).all()


def test_a_batch_is_its_studies_one_by_one():
    rng = np.random.default_rng(6)
    y, treat = rng.poisson(8, (5, 12, 30)), np.zeros((5, 12, 30))
    for s in range(5):
        treat[s, rng.permutation(12)[:6], 24:] = 1
    whole = fit_wdd(make_study(y, treat, days=30))
    for s in range(5):
        one = fit_wdd(make_study(y[s], treat[s], days=30))
        for name in ("estimate", "low", "high", "p"):
            assert getattr(one, name)[0] == pytest.approx(getattr(whole, name)[s])
    shared = fit_wdd(make_study(y, treat[0], days=30))
    assert shared.estimate[0] == whole.estimate[0]


def test_over_dispersed_nulls_are_not_called_changes():
    """Fixed seed: 300 studies of 20 places without any effect; the Poisson errors fail."""
    rng = np.random.default_rng(7)
    mu = rng.gamma(2, 3, (300, 20, 1)) * rng.gamma(5, 0.2, (300, 20, 30))
    study = months(rng.poisson(mu), 24, 10)
    assert (fit_wdd(study, adjusted=False).p < 0.05).mean() > 0.15
    assert (fit_wdd(study).p < 0.05).mean() < 0.075
