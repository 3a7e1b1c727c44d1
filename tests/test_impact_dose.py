"""The dose with the lot as instrument, and outcomes taken together."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from hotspots import InputError
from hotspots.impact import ImpactRules, make_study
from hotspots.impact._words import moved
from hotspots.impact.dose import dose_table, fit_dose, fold_dosage
from hotspots.impact.outcomes import POWERS, adjust_outcomes, count_powers, side_effects
from hotspots.impact.randomised import fit_randomised


def make_trial(seed, *, places=40, before=6, after=8, rate=15.0, per=-0.3, trouble=0.4, small=0.1):
    """Dose follows trouble: more is delivered where more happens, drawn or not."""
    rng = np.random.default_rng(seed)

    def lot(draws, rng):
        treat = np.zeros((draws, places, before + after))
        half = np.argsort(rng.random((draws, places)), axis=1) < places // 2
        treat[:, :, before:] = half[:, :, None]
        return treat

    treat = lot(1, rng)[0]
    shock = trouble * rng.normal(size=treat.shape)
    level = rng.gamma(4, rate / 4, (places, 1))
    late = np.arange(before + after) >= before
    dose = np.where(treat > 0, 1.0, small) * late * np.exp(2 * shock)
    y = rng.poisson(level * np.exp(shock + per * dose))
    return y, treat, lot, dose


def test_the_dose_is_not_confounded_by_officers_going_where_trouble_is():
    found, naive = [], []
    for seed in range(12):
        y, treat, lot, dose = make_trial(seed, per=-0.2)
        fit = fit_dose(make_study(y, treat, redraw=lot), dose, draws=99)
        found.append(fit.estimate[0])
        seen = (dose > 0) & (y > 0)
        naive.append(np.polyfit(dose[seen], np.log(y[seen] / y[:, :6].mean(axis=1)[:, None].repeat(
            14, axis=1)[seen]), 1)[0])  # fmt: skip
    assert np.mean(found) == pytest.approx(-0.2, abs=0.06)
    assert np.mean(naive) > -0.05  # the plain slope sees no fall, or a rise


def test_with_a_dose_of_one_where_treated_it_is_the_intention_to_treat():
    y, treat, lot, _ = make_trial(3)
    study = make_study(y, treat, redraw=lot)
    itt = fit_randomised(study, draws=499)
    dose = fit_dose(study, treat, draws=499)
    half = fit_dose(study, treat / 2, draws=499)
    assert dose.estimate[0] == pytest.approx(itt.estimate[0], abs=1e-6)
    assert half.estimate[0] == pytest.approx(2 * itt.estimate[0], abs=1e-6)
    assert half.low[0] == pytest.approx(2 * dose.low[0], abs=0.02)


def test_it_covers_the_truth_and_agrees_with_its_p():
    inside = 0
    for seed in range(30):
        y, treat, lot, dose = make_trial(100 + seed, places=24, per=-0.3)
        fit = fit_dose(make_study(y, treat, redraw=lot), dose, draws=199, seed=seed)
        inside += fit.low[0] <= -0.3 <= fit.high[0]
        assert (fit.p[0] <= 0.05) == (fit.low[0] > 0 or fit.high[0] < 0)
    assert inside >= 26  # 95% of 30 is 28.5; under 26 comes up once in 60


def test_it_refuses_without_a_lot_and_where_the_lot_moved_nothing():
    y, treat, lot, _ = make_trial(1)
    assert "not drawn by lot" in fit_dose(make_study(y, treat), treat).refused
    same = np.full(treat.shape, 0.5)
    weak = fit_dose(make_study(y, treat, redraw=lot), same, draws=99)
    assert weak.refused.startswith("the lot moved what was delivered too little")


@pytest.mark.parametrize(
    ("dose", "words"),
    [(np.ones((2, 3)), "must go with"), (-np.ones((40, 14)), "negative"), ("much", "no number")],
)
def test_a_dose_that_cannot_be_is_named(dose, words):
    y, treat, lot, _ = make_trial(1)
    with pytest.raises(InputError, match=words):
        fit_dose(make_study(y, treat, redraw=lot), dose)


# --- from days to periods ----------------------------------------------------------------------


@pytest.fixture
def ground():
    places = pd.DataFrame({"hotspot": ["A", "B", "C"], "arm": ["treated", "treated", "control"]})
    starts = pd.to_datetime(["2025-03-01", "2025-04-01", "2025-05-01"])
    ends = pd.to_datetime(["2025-04-01", "2025-05-01", "2025-06-01"])
    periods = pd.DataFrame({"start": starts, "end": ends, "days": [31, 30, 31],
                            "after": [False, True, True]})  # fmt: skip
    days = pd.date_range("2025-04-01", "2025-05-31")
    table = pd.DataFrame({"hotspot": "A", "date": days, "minutes": 30.0})
    return places, periods, table


def test_minutes_are_a_mean_of_the_days_known(ground):
    places, periods, table = ground
    table.loc[:9, "minutes"] = np.nan  # 10 of 30 days not known
    table.loc[30:49, "minutes"] = np.nan  # 20 of 31
    given = fold_dosage(table, places, periods)
    np.testing.assert_array_equal(given.minutes[0], [0, 30, np.nan])
    np.testing.assert_array_equal(given.minutes[1], [0, np.nan, np.nan])  # treated, not named
    np.testing.assert_array_equal(given.minutes[2], [0, 0, 0])
    assert "taken as none" in given.notes[0]
    assert given.notes[1].startswith("3 of 6 places and periods")


def test_every_fault_of_the_table_is_named(ground):
    places, periods, table = ground
    bad = table.assign(date="soon", minutes=-1.0)
    with pytest.raises(InputError) as error:
        fold_dosage(bad, places, periods)
    assert len(error.value.faults) == 2
    assert "'soon'" in error.value.faults[0]
    assert "-1.0" in error.value.faults[1]
    for given, words in (
        (None, "NoneType"), (table.drop(columns="minutes"), "'minutes' is missing"),
        (table.iloc[:0], "no rows"), (pd.concat([table, table]), "two rows"),
        (table.assign(date=table["date"].dt.tz_localize("UTC")), "time zone"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=words):
            fold_dosage(given, places, periods)


def counted(y, treat, lot, police=None):
    n, periods = treat.shape
    starts = pd.date_range("2025-01-06", periods=periods, freq="7D")
    frame = pd.DataFrame({"start": starts, "end": starts + pd.Timedelta(days=7), "days": 7,
                          "after": np.arange(periods) >= 6})  # fmt: skip
    places = pd.DataFrame({"hotspot": [f"H{i}" for i in range(n)],
                           "arm": np.where(treat.any(axis=1), "treated", "control")})  # fmt: skip

    def study(outcome=None):
        return make_study(police if outcome == "police" else y, treat, days=7.0, redraw=lot)

    police = np.zeros(treat.shape) if police is None else police
    return SimpleNamespace(
        study=study, places=places, periods=frame, police_y=police, treat=treat,
        used=np.ones(treat.shape, dtype=bool), block=np.zeros(n, dtype=int), redraw=lot,
        cell=np.broadcast_to(np.arange(n)[:, None], treat.shape),
    )  # fmt: skip


def delivered(counts, dose):
    rows = []
    for place, minutes in zip(counts.places["hotspot"], dose * 15, strict=True):
        for start, value in zip(counts.periods["start"], minutes, strict=True):
            rows += [(place, start + pd.Timedelta(days=d), value) for d in range(7)]
    return pd.DataFrame(rows, columns=["hotspot", "date", "minutes"])


def test_the_table_tells_intention_first_then_minutes_then_the_dose():
    y, treat, lot, dose = make_trial(4, trouble=0.1, small=0.0, rate=40.0)
    counts = counted(y, treat, lot)
    table = dose_table(counts, delivered(counts, dose), ImpactRules(draws=199))
    assert table["unit"].tolist() == ["ratio", "minutes", "ratio"]
    assert table["estimate"][1] == pytest.approx(15, rel=0.1)
    assert table["low"][2] < np.exp(-0.3) < table["high"][2]
    assert table["refused"].tolist() == ["", "", ""]
    assert table["words"][2].startswith("Incidents with 15 minutes a day delivered because they ")
    assert moved(table["estimate"][2]) in table["words"][2]
    few = counted((y > 75).astype(int), treat, lot)
    scarce = dose_table(few, delivered(few, dose), ImpactRules(draws=99))
    assert not scarce["words"].str.contains("%").any()


# --- outcomes together -------------------------------------------------------------------------


def test_the_first_outcome_is_judged_alone_and_the_rest_pay():
    paid = adjust_outcomes({"main": 0.04, "a": 0.01, "b": 0.03, "c": np.nan, "d": 0.04})
    assert paid["main"] == 0.04
    assert np.isnan(paid["c"])
    assert paid["a"] == pytest.approx(0.03)
    assert paid["b"] == paid["d"] == pytest.approx(0.06)


def test_outcomes_that_go_together_pay_less_by_shared_lots():
    y, treat, lot, _ = make_trial(5, per=0.0)
    same = make_study(y, treat, redraw=lot)
    p = fit_randomised(same, draws=999).p[0]
    studies = dict.fromkeys(("main", "a", "b", "c"), same)
    paid = adjust_outcomes(dict.fromkeys(studies, p), studies, draws=999)
    assert paid["a"] == pytest.approx(p, abs=0.05)  # one outcome three times: nothing to pay
    holm = adjust_outcomes(dict.fromkeys(studies, p))
    assert holm["a"] == pytest.approx(min(1, 3 * p))


def test_shared_lots_hold_the_chance_of_any_false_alarm():
    alarms = 0
    for seed in range(60):
        y, treat, lot, _ = make_trial(200 + seed, places=20, per=0.0, rate=5.0)
        rng = np.random.default_rng(seed)
        parts = rng.multinomial(1, [0.4, 0.3, 0.3], y.sum())
        bounds = np.repeat(np.arange(y.size), y.ravel())
        kinds = [np.bincount(bounds, parts[:, k], y.size).reshape(y.shape) for k in range(3)]
        studies = {"all": make_study(y, treat, redraw=lot)}
        studies |= {str(k): make_study(v, treat, redraw=lot) for k, v in enumerate(kinds)}
        paid = adjust_outcomes(dict.fromkeys(studies, 0.0), studies, draws=99, seed=seed)
        alarms += min(list(paid.values())[1:]) <= 0.05
    assert alarms <= 8  # 5% of 60 is 3; over 8 comes up once in 300


# --- side-effects ------------------------------------------------------------------------------


def test_what_the_police_found_and_did_is_told_beside():
    y, treat, lot, _ = make_trial(6)
    rng = np.random.default_rng(1)
    police = rng.poisson(np.where(treat > 0, 8.0, 4.0))
    counts = counted(y, treat, lot, police)
    log = pd.DataFrame({"unit": "U1", "hotspot": "H0", "arrive": counts.periods["start"].iloc[7],
                        "depart": counts.periods["start"].iloc[7], "arrests": [3]})  # fmt: skip
    each = [log.assign(hotspot=h, arrests=np.nan, stop_searches=s)
            for h, s in zip(counts.places["hotspot"], np.where(treat[:, -1] > 0, 6, 3),
                            strict=True)]  # fmt: skip
    table = side_effects(counts, ImpactRules(draws=499), activities=pd.concat([log, *each]))
    found = table.set_index("what")
    crime = found.loc["incidents found by police activity"]
    assert crime["low"] < 2 < crime["high"]
    assert "more" in crime["words"]
    assert crime["treated_after"] == police[treat > 0].sum()
    searches = found.loc[POWERS["stop_searches"]]
    assert searches["ratio"] == pytest.approx(2)
    assert searches["low"] > 1
    assert (searches["treated_after"], searches["control_after"]) == (120, 60)
    arrests = found.loc[POWERS["arrests"]]
    assert np.isnan(arrests["ratio"])
    assert "too few" in arrests["words"]


def test_without_comparison_what_was_done_is_only_counted():
    y, treat, _, _ = make_trial(6)
    drawn = treat.any(axis=1)
    counts = counted(y[drawn], treat[drawn], None, np.full(treat[drawn].shape, 4))
    log = pd.DataFrame({"unit": "U1", "hotspot": "H0", "arrive": counts.periods["start"].iloc[7],
                        "depart": counts.periods["start"].iloc[7], "arrests": [3]})  # fmt: skip
    table = side_effects(counts, ImpactRules(draws=99), activities=log)
    assert table["words"].str.endswith("there is nothing to compare them with.").all()
    assert not table["words"].str.contains("nan|elsewhere|without").any()
    assert table["ratio"].isna().all()


def test_powers_are_counted_where_and_when_they_were_used(ground):
    places, periods, _ = ground
    when = pd.to_datetime(["2025-04-30 23:50", "2025-05-01 00:05", "2024-01-01 12:00"])
    log = pd.DataFrame({"unit": "U", "hotspot": ["A", "A", "A"], "arrive": when, "depart": when,
                        "arrests": [1, 2, 5], "cpn": [np.nan] * 3})  # fmt: skip
    told = count_powers(log, places, periods)
    assert list(told) == ["arrests"]  # a power the log never tells is not told as 0
    assert told["arrests"].tolist() == [[0, 1, 2], [0, 0, 0], [0, 0, 0]]
    with pytest.raises(InputError, match="tells no power"):
        count_powers(log.drop(columns=["arrests", "cpn"]), places, periods)
    with pytest.raises(InputError, match="arrests is -1"):
        count_powers(log.assign(arrests=-1), places, periods)


def test_arguments_of_the_wrong_kind_are_named():
    study = make_study(np.ones((4, 2)), [[0, 1]] * 2 + [[0, 0]] * 2)
    with pytest.raises(InputError, match=r"(?s)draws is 0.*level is None.*seed is 'a'"):
        fit_dose(study, study.treat[0], draws=0, level=None, seed="a")
    with pytest.raises(InputError, match=r"(?s)p of 'a' is 'x'.*p of 'b' is 2.*none of 'a', 'b'"):
        adjust_outcomes({"a": "x", "b": 2}, {})
    with pytest.raises(InputError, match="p is of type list"):
        adjust_outcomes([0.1])
