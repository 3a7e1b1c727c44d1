"""What is looked at before a finding is believed: each check on studies whose truth is known."""

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm

from hotspots.contracts import InputError
from hotspots.impact import (
    dispersion,
    event_study,
    leave_one_out,
    parallel_trends,
    placebo_dates,
    placebo_places,
)
from hotspots.impact.panel import fit_panel
from hotspots.impact.study import Batch, make_study, refuse

MONTH = 365.25 / 12


def study_of(seed=0, places=16, before=24, after=6, mean=15.0, effect=0.7, extra=None, **given):
    """Make one study; ``extra`` multiplies the means."""
    rng = np.random.default_rng(seed)
    treat = np.zeros((places, before + after))
    treat[: places // 2, before:] = 1
    mu = rng.uniform(0.5, 1.5, (places, 1)) * mean * effect**treat
    mu = mu * (1 if extra is None else extra)
    return make_study(rng.poisson(mu), treat, days=MONTH, **given)


class Spy:
    """An estimator that remembers what it was asked."""

    def __init__(self, fit=fit_panel):
        self.fit, self.seen = fit, []

    def __call__(self, study):
        """Keep the study and fit it."""
        self.seen.append(study)
        return self.fit(study)


# --- steps before the start ------------------------------------------------------------------


def test_steps_are_the_dummies_of_statsmodels():
    study = study_of(1)
    steps, check = event_study(study, width=6)
    assert steps[["since", "until"]].values.tolist() == [
        [-24, -19], [-18, -13], [-12, -7], [-6, -1], [0, 5]
    ]  # fmt: skip
    place, period = np.indices(study.y[0].shape)
    x = np.column_stack([
        np.eye(16)[place.ravel()], np.eye(30)[period.ravel()][:, 1:],
        *(np.where((place.ravel() < 8) & (period.ravel() // 6 == k), 1.0, 0) for k in (0, 1, 2, 4)),
    ])  # fmt: skip
    oracle = sm.GLM(study.y[0].ravel(), x, family=sm.families.Poisson()).fit(tol=1e-13)
    assert np.log(steps["ratio"].iloc[[0, 1, 2, 4]]).to_numpy() == pytest.approx(
        oracle.params[-4:], abs=1e-8
    )
    assert steps["ratio"].iloc[3] == 1
    assert (steps["treated"].sum(), steps["control"].sum()) == (
        study.y[0, :8].sum(), study.y[0, 8:].sum()
    )  # fmt: skip
    others = steps.iloc[[0, 1, 2, 4]]
    assert (others["band_low"] < others["low"]).all()
    assert (others["band_high"] > others["high"]).all()
    assert check.verdict == "fine"
    assert "moved alike as far as can be told" in check.words


def test_steps_before_pay_for_their_number():
    told = [event_study(study_of(seed, effect=1.0)) for seed in range(40)]
    for steps, check in told:
        alone = steps[steps["lead"] & (steps["ratio"] != 1)]
        clear = (alone["low"] > 1) | (alone["high"] < 1)
        assert (check.verdict == "doubt") == (check.low > 1 or check.high < 1)
        assert clear.any() or check.verdict == "fine"
    single = [((s["low"] > 1) | (s["high"] < 1))[s["lead"]].any() for s, _ in told]
    assert sum(check.verdict == "doubt" for _, check in told) < sum(single)


def test_steps_see_arms_that_move_apart_before_the_start():
    drift = np.ones((16, 30))
    drift[:8] = np.exp(-0.04 * np.arange(30))
    _, check = event_study(study_of(2, effect=1.0, extra=drift))
    assert check.verdict == "doubt"
    assert "moved apart before the start" in check.words


def test_steps_are_counted_from_each_place_s_own_start():
    treat = np.zeros((12, 24))
    for place in range(6):
        treat[place, 12 + place % 2 * 6 :] = 1
    study = make_study(np.random.default_rng(3).poisson(10, (12, 24)), treat)
    steps, _ = event_study(study, width=6)
    assert steps["since"].tolist() == [-18, -12, -6, 0, 6]
    assert steps["treated"].iloc[0] == study.y[0, [1, 3, 5], :6].sum()


@pytest.mark.parametrize(
    ("before", "after", "width", "since"),
    [
        (12, 6, None, [-12, -10, -8, -6, -4, -2, 0, 2, 4]),
        (24, 6, None, [-24, -21, -18, -15, -12, -9, -6, -3, 0, 3]),
        (26, 7, 12, [-26, -12, 0]),
        (8, 4, 3, [-8, -6, -3, 0]),
    ],
)
def test_steps_are_whole_and_end_to_end(before, after, width, since):
    steps, _ = event_study(study_of(4, before=before, after=after), width=width)
    assert steps["since"].tolist() == since
    assert (steps["until"].to_numpy()[:-1] + 1 == steps["since"].to_numpy()[1:]).all()
    assert steps["until"].iloc[-1] == after - 1


def test_steps_that_cannot_be_told_say_why():
    y = np.random.default_rng(0).poisson(9, (10, 20))
    come_and_go = np.zeros((10, 20))
    come_and_go[:5, 10:14] = 1
    everywhere = np.zeros((10, 20))
    everywhere[:5, 10:] = everywhere[5:, 15:] = 1
    for treat, why in ((come_and_go, "came and went"), (everywhere, "Every place is treated"),
                       (np.zeros((10, 20)), "No place was treated")):  # fmt: skip
        steps, check = event_study(make_study(y, treat))
        assert steps.empty
        assert check.verdict == "cannot tell"
        assert why in check.words
    _, check = event_study(study_of(before=6), width=6)
    assert "only one step before" in check.words


# --- trends ----------------------------------------------------------------------------------


def test_trend_before_the_start_and_what_would_undo_the_finding():
    years = (np.arange(30) + 0.5) / 12
    drift = np.ones((16, 30))
    drift[:8] = np.exp(-0.2 * years)
    study = study_of(5, mean=40, effect=1.0, extra=drift)
    found = fit_panel(study)
    trend, check = parallel_trends(study, found)
    row = trend.iloc[0]
    assert row["low"] < np.exp(-0.2) < row["high"]
    assert check.verdict == "doubt"
    assert row["horizon"] == pytest.approx(15 / 12)  # month 12 to month 27
    assert row["overturns"] == pytest.approx(np.exp(found.high[0] / (15 / 12)))
    assert row["times"] == pytest.approx(np.log(row["overturns"]) / np.log(row["ratio"]))
    assert row["times"] < 1  # the trend seen is more than enough
    assert "trends of their own" in check.words


def test_trend_that_the_records_do_not_rule_out_cannot_tell():
    study = study_of(6)
    found = Batch(*(np.array([np.log(v)]) for v in (0.8, 0.65, 0.97)), np.array([0.03]), True, "")
    trend, check = parallel_trends(study, found)
    assert trend["low"][0] < trend["overturns"][0]
    assert check.verdict == "cannot tell"
    assert "do not rule that out" in check.words
    _, large = parallel_trends(study_of(6, mean=200, effect=0.5), found=Batch(
        *(np.array([np.log(v)]) for v in (0.5, 0.45, 0.55)), np.array([0.0]), True, ""
    ))  # fmt: skip
    assert large.verdict == "fine"
    assert "more than the records allow" in large.words
    nothing, plain = parallel_trends(study)
    assert np.isnan(nothing["overturns"][0])
    assert "undo" not in plain.words


def lot(draws, rng):
    """Draw 8 of 16 places, treated from month 24 of 30."""
    arm = np.argsort(rng.random((draws, 16)), axis=1) < 8
    return arm[:, :, None] * (np.arange(30) >= 24)


def test_a_difference_before_the_start_is_chance_where_places_were_drawn_by_lot():
    years = (np.arange(30) + 0.5) / 12
    slight, gross = np.ones((2, 16, 30))
    slight[:8], gross[:8] = np.exp(-0.2 * years), np.exp(-0.8 * years)
    study = study_of(1, effect=1.0, extra=slight, redraw=lot)
    for look in (event_study, parallel_trends):
        _, check = look(replace(study, redraw=None))
        assert check.verdict == "doubt"
        assert "lot" not in check.words
        _, check = look(study)
        assert check.verdict == "fine"
        assert "imbalance of chance" in check.words
        assert "gone on" not in check.words
        _, check = look(study_of(1, effect=1.0, extra=gross, redraw=lot))
        assert check.verdict == "doubt"
        assert "treated as they were drawn" in check.words


# --- placebos --------------------------------------------------------------------------------


def test_placebo_dates_never_look_at_what_came_after():
    study, spy = study_of(7), Spy()
    dates, check = placebo_dates(study, spy, fit_panel(study))
    assert dates["start"].tolist() == [12, 13, 14, 15, 16, 17, 18]
    assert len(spy.seen) == 7
    for start, asked in zip(dates["start"], spy.seen, strict=True):
        assert not asked.used[:, 24:].any()
        assert asked.y[..., 24:].sum() == 0
        on = np.flatnonzero(asked.treat[0].any(axis=0))
        assert on.tolist() == list(range(start, start + 6))
        assert asked.treat[0, :8, on].all()
        assert not asked.treat[0, 8:].any()
        assert not asked.used[:, start + 6 :].any()
    assert check.verdict == "fine"
    assert check.found == 0
    assert "7 dates before the start" in check.words


def test_placebo_dates_doubt_where_the_arms_jump_without_treatment():
    jump = np.ones((16, 30))
    jump[:8, 15:] = 0.6
    _, check = placebo_dates(study_of(8, effect=0.85, extra=jump), fit_panel)
    assert check.verdict == "doubt"
    assert check.words.startswith("Something moves the arms apart")


def test_placebo_dates_keep_clear_of_the_time_the_places_were_chosen_for():
    months = np.arange(30)
    bad = np.where((months >= 9) & (months < 15), 1.8, 1.0) * np.ones((16, 1))
    bad[8:] = 1
    study = study_of(7, effect=1.0, extra=bad, chosen=(months >= 9) & (months < 15))
    dates, _ = placebo_dates(study, fit_panel)
    assert dates["start"].tolist() == [15, 16, 17, 18]
    blind, check = placebo_dates(replace(study, chosen=np.zeros(30, dtype=bool)), fit_panel)
    assert blind["start"].tolist() == [12, 13, 14, 15, 16, 17, 18]
    assert "ImpactRules(chosen=" in check.words
    late = replace(study, chosen=(months >= 12) & (months < 24))
    none, check = placebo_dates(late, fit_panel)
    assert none.empty
    assert check.verdict == "cannot tell"
    assert "chosen for" in check.words
    assert len(placebo_dates(replace(late, redraw=lot), fit_panel)[0]) == 7


def test_placebos_draw_the_lot_anew_where_there_was_one():
    study, spy = study_of(9, redraw=lot), Spy()
    placebo_dates(study, spy, fit_panel(study))
    drawn = spy.seen[0].redraw(50, np.random.default_rng(0))
    assert drawn.shape == (50, 16, 30)
    assert np.flatnonzero(drawn.any(axis=(0, 1))).tolist() == list(range(12, 18))
    assert (drawn.any(axis=2).sum(axis=1) == 8).all()
    spy = Spy()
    placebo_places(study, spy, fit_panel(study), draws=19)
    drawn = spy.seen[0].redraw(50, np.random.default_rng(0))
    assert drawn.shape == (50, 8, 30)
    assert (drawn.any(axis=2).sum(axis=1) == 4).all()
    spy = Spy()
    leave_one_out(study, spy, fit_panel(study))
    assert spy.seen[3].redraw(5, np.random.default_rng(0)).shape == (5, 15, 30)


def test_a_cross_over_less_one_place_is_drawn_as_it_was():
    rng = np.random.default_rng(1)
    turns = (np.arange(20) // 2 + np.arange(10)[:, None]) % 2

    def redraw(draws, rng):
        flip = rng.random((draws, 10, 1)) < 0.5
        return np.where(flip, 1 - turns, turns)

    study = make_study(rng.poisson(6, (10, 20)), turns, redraw=redraw)
    spy = Spy()
    leave_one_out(study, spy, fit_panel(study))
    drawn = spy.seen[0].redraw(4, np.random.default_rng(0))
    assert drawn.shape == (4, 9, 20)
    assert ((drawn == turns[1:]).all(axis=2) | (drawn == 1 - turns[1:]).all(axis=2)).all()


def test_a_place_left_out_of_a_wedge_leaves_the_wedge_as_it_was_drawn():
    starts = np.repeat([24, 26, 28], 4)

    def redraw(draws, rng):
        mixed = rng.permuted(np.broadcast_to(starts, (draws, 12)), axis=1)
        return (np.arange(30) >= mixed[:, :, None]).astype(float)

    y = np.random.default_rng(1).poisson(15, (12, 30))
    study = make_study(y, np.arange(30) >= starts[:, None], redraw=redraw)
    spy = Spy()
    leave_one_out(study, spy, fit_panel(study))
    drawn = spy.seen[3].redraw(50, np.random.default_rng(0))
    assert drawn.shape == (50, 11, 30)
    assert set(drawn.argmax(axis=2).ravel()) == {24, 26, 28}
    assert drawn[:, :, 28:].all()


def test_placebo_places_takes_none_that_was_treated():
    study, spy = study_of(10, places=20), Spy()
    draws, check = placebo_places(study, spy, fit_panel(study), draws=40)
    (asked,) = spy.seen
    assert asked.y.shape == (40, 10, 30)
    assert (asked.arm.sum(axis=1) == 5).all()
    assert np.sort(asked.y[0].sum(axis=1)).tolist() == np.sort(study.y[0, 10:].sum(axis=1)).tolist()
    assert len(draws) == 40
    assert check.verdict == "fine"
    order = np.random.default_rng(1).permutation(20)
    mixed = make_study(study.y[:, order], study.treat[:, order], days=MONTH)
    again, _ = placebo_places(mixed, fit_panel, draws=40)
    assert again["estimate"].to_numpy() == pytest.approx(draws["estimate"].to_numpy())


def test_placebo_places_doubt_where_comparison_places_differ_as_much():
    wild = np.ones((20, 30))
    wild[10:, 24:] = np.exp(np.random.default_rng(3).normal(0, 0.8, (10, 1)))
    study = study_of(11, places=20, effect=0.8, extra=wild)
    clear = Batch(*(np.array([np.log(v)]) for v in (0.8, 0.7, 0.9)), np.array([0.01]), True, "")
    _, check = placebo_places(study, fit_panel, clear)
    assert check.verdict == "doubt"
    assert check.found > 0.3
    assert check.words.startswith("Places nobody went to differ as much")


def test_placebos_that_cannot_be_tried_say_why():
    study = study_of(12, places=10)
    _, check = placebo_places(study, fit_panel)
    assert check.verdict == "cannot tell"
    assert "5 comparison places; 8 are needed" in check.words
    _, check = placebo_dates(study_of(12, before=6), fit_panel)
    assert check.verdict == "cannot tell"
    _, check = placebo_dates(study, lambda s: refuse(s, "too short a series"), fit_panel(study))
    assert check.words == "too short a series"
    with pytest.raises(InputError, match="draws is 5"):
        placebo_places(study, fit_panel, draws=5)
    many = replace(study, y=np.repeat(study.y, 2, axis=0))
    for look in (event_study, parallel_trends, dispersion):
        with pytest.raises(InputError, match="2 studies; it takes one"):
            look(many)


# --- one place, and dispersion ---------------------------------------------------------------


def test_one_place_that_carries_the_finding_is_named():
    one = np.ones((16, 30))
    one[2, :24], one[2, 24:] = 12, 3  # a twelfth of it would do
    study = study_of(13, effect=1.0, extra=one)
    found = fit_panel(study, errors="model")
    assert found.high[0] < 0
    names = [f"H{k}" for k in range(16)]
    places, check = leave_one_out(study, lambda s: fit_panel(s, errors="model"), found, names=names)
    assert places["place"].tolist() == names
    far = places.iloc[np.argmax(np.abs(np.log(places["estimate"]) - found.estimate[0]))]
    assert far["place"] == "H2"
    assert check.verdict == "doubt"
    assert "without H2" in check.words
    assert places["before"].sum() == study.y[0, :, :24].sum()
    without = fit_panel(make_study(np.delete(study.y[0], 5, 0), np.delete(study.treat[0], 5, 0)),
                        errors="model")  # fmt: skip
    assert places["estimate"][5] == pytest.approx(np.exp(without.estimate[0]))


def test_pairs_are_left_out_as_pairs():
    study = study_of(14, block=np.tile(np.arange(8), 2))
    places, check = leave_one_out(study, fit_panel)
    assert places["place"].tolist() == [f"{k} and {k + 8}" for k in range(8)]
    assert set(places["arm"]) == {"pair"}
    assert "each pair" in check.words
    with pytest.raises(InputError, match="3 names for 16 places"):
        leave_one_out(study, fit_panel, names=["a", "b", "c"])


def test_influence_in_incidents_is_told_in_incidents():
    def wdd(study):
        on, arm = ~study.before, study.arm[0]
        by = study.y[:, :, on].sum(axis=2) - study.y[:, :, ~on].sum(axis=2) / 4
        value = by[:, arm].sum(axis=1) - by[:, ~arm].sum(axis=1)
        return Batch(value, value - 50, value + 50, value * 0, False, "")

    _, check = leave_one_out(study_of(15, mean=30), wdd)
    assert "incidents fewer" in check.words


def test_dispersion_is_that_of_the_counts():
    alike = [dispersion(study_of(s, mean=5))[0].iloc[0] for s in range(40)]
    held = np.mean([row["low"] <= 1 <= row["high"] for row in alike])
    assert 0.88 <= held <= 1
    assert np.mean([row["phi"] for row in alike]) == pytest.approx(1, abs=0.03)
    gamma = np.random.default_rng(1).gamma(5, 0.2, (40, 30))
    spread, check = dispersion(study_of(1, places=40, mean=20, extra=gamma))
    row = spread.iloc[0]
    assert row["kappa"] == pytest.approx(0.2, abs=0.04)
    assert row["phi"] == pytest.approx(1 + 0.2 * 20, rel=0.25)
    assert row["widening"] == pytest.approx(np.sqrt(row["phi"]))
    assert check.verdict == "doubt"
    assert "too narrow by a factor" in check.words
    _, check = dispersion(study_of(1, mean=0.01))
    assert check.verdict == "cannot tell"


def test_no_percentage_is_told_of_under_20_incidents():
    study = study_of(1, places=20, mean=0.05)
    found = fit_panel(study)
    for look in (placebo_dates, placebo_places, leave_one_out):
        _, check = look(study, fit_panel, found)
        assert check.verdict == "cannot tell"
        assert "%" not in check.words
    assert "%" not in parallel_trends(study, found)[1].words
    _, check = event_study(study_of(5, places=20, mean=0.5), width=3)
    assert np.isfinite(check.found)
    assert "under 20 incidents" in check.words
    assert "%" not in check.words


def test_arguments_of_the_wrong_kind_are_named():
    study = study_of(1)
    for look in (event_study, parallel_trends, dispersion, fit_panel):
        with pytest.raises(InputError, match=r"(?s)study is of type str.*level is 'x'"):
            look("y", level="x")
    for look in (placebo_dates, placebo_places, leave_one_out):
        with pytest.raises(InputError, match="fit is 3"):
            look(study, 3)
    with pytest.raises(InputError, match="width is True"):
        event_study(study, width=True)
    with pytest.raises(InputError, match="seed is -1"):
        placebo_places(study, fit_panel, seed=-1)


def test_no_check_calls_an_effect_what_it_does_not():
    study = study_of(16)
    found = fit_panel(study)
    told = [placebo_dates(study, fit_panel, found), parallel_trends(study, found),
            event_study(study)]  # fmt: skip
    for _, check in told:
        assert "impact" not in check.words
        assert "caused" not in check.words
