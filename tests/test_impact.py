"""Did it work: the joint of counts, estimators, checks and words, held to known truth."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

import hotspots as hs
from hotspots.impact import ESTIMATORS
from hotspots.impact._effects import against, sums
from hotspots.impact._words import changes, displacement, finding, interval, moved
from hotspots.impact.estimators import main_estimator
from hotspots.impact.study import make_study

START = "2025-01-01"
MONTHS = hs.ImpactRules(period="MS", buffer_m=200, draws=999)


@pytest.fixture(scope="module")
def county():
    return hs.make_county(seed=5, months=36, scale=2)


@pytest.fixture(scope="module")
def places(county):
    # a step was planted in Fennimore, which would pass for an effect
    lasting = county.hotspots.query("class_ == 'persistent' and lpt != 'Fennimore'")
    return lasting.query("treated"), lasting.query("~treated")


@pytest.fixture(scope="module")
def found(county, places):
    return hs.estimate_impact(
        county.incidents, treated=places[0], control=places[1], start=START, rules=MONTHS
    )


def main_row(found, part="hotspots", outcome=0):
    rows = found.effect[found.effect["main"] & (found.effect["part"] == part)]
    return rows.iloc[outcome]


# --- the truth that was planted ----------------------------------------------------------------


def test_planted_fall_and_displacement_are_found(county, found):
    fell = county.changes.query("what == 'treated'")["ratio"].unique().item()
    moved_out = county.changes.query("what == 'displaced'")["ratio"].unique().item()
    inside, ring = main_row(found), main_row(found, "buffer")
    assert inside["low"] < fell < inside["high"] < 1
    assert ring["low"] < moved_out < ring["high"]
    assert inside["estimate"] == pytest.approx(fell, abs=0.08)
    assert ring["estimate"] == pytest.approx(moved_out, abs=0.15)


def test_counts_behind_the_effect_are_those_of_a_plain_join(county, places, found):
    said = main_row(found)
    incidents = county.incidents.query("origin != 'police'")
    middle = (
        incidents["occurred_from"] + (incidents["occurred_to"] - incidents["occurred_from"]) / 2
    )
    for arm, frame in zip(("treated", "control"), places, strict=True):
        inside = incidents.index.isin(
            gpd.sjoin(incidents, frame[["geometry"]], predicate="intersects").index
        )
        assert said[f"{arm}_after"] == (inside & (middle >= START)).sum()
        assert said[f"{arm}_before"] == (inside & (middle < START)).sum()


def test_main_ratio_is_that_of_the_sums(found):
    row = found.effect[found.effect["method"] == ESTIMATORS["panel"].name].iloc[0]
    by_hand = (row["treated_after"] / row["treated_before"]) / (
        row["control_after"] / row["control_before"])  # fmt: skip
    assert row["estimate"] == pytest.approx(by_hand, rel=1e-6)


def test_incidents_beside_a_ratio_are_those_it_means(found):
    rows = found.effect[(found.effect["unit"] == "ratio") & found.effect["estimate"].gt(0)]
    for ratio, many in (("estimate", "incidents"), ("low", "incidents_low"),
                        ("high", "incidents_high")):  # fmt: skip
        fewer = rows["treated_after"] * (1 - 1 / rows[ratio])
        np.testing.assert_allclose(rows[many], fewer, rtol=1e-9)


def test_places_that_were_only_picked_are_not_called_matched(found):
    assert found.level <= 3
    assert "not chosen to be like" in found.level_why or "not matched" in found.level_why


def test_a_wdd_row_is_the_published_formula(found):
    row = found.effect[found.effect["method"] == ESTIMATORS["wdd poisson"].name].iloc[0]
    wide = row["high"] - row["low"]
    counts = row[["treated_before", "treated_after", "control_before", "control_after"]]
    assert row["unit"] == "incidents"
    # 24 months before are weighed as the 12 after, season for season
    change = (counts["treated_after"] - counts["treated_before"] / 2) - (
        counts["control_after"] - counts["control_before"] / 2)  # fmt: skip
    assert row["estimate"] == pytest.approx(change, rel=0.02)
    variance = (counts["treated_after"] + counts["control_after"]
                + (counts["treated_before"] + counts["control_before"]) / 4)  # fmt: skip
    assert wide == pytest.approx(2 * 1.96 * np.sqrt(variance), rel=0.02)


def test_series_add_up_to_the_effect_table(found):
    inside = found.series.query("part == 'hotspots'")
    row = main_row(found)
    assert inside.loc[inside["after"], "treated"].sum() == row["treated_after"]
    assert inside.loc[~inside["after"], "control"].sum() == row["control_before"]
    last = inside.iloc[-1]
    expected = inside.loc[inside["after"], "expected"].sum()
    assert last["cumulative"] == pytest.approx(row["treated_after"] - expected)
    # no surer than the finding, whose unit is the place
    reach = last["cumulative"] - last["cumulative_low"]
    assert reach >= row["incidents"] - row["incidents_low"] - 1e-9
    assert last["cumulative_high"] - last["cumulative"] >= (
        row["incidents_high"] - row["incidents"] - 1e-9)  # fmt: skip


# --- rules it keeps -----------------------------------------------------------------------------


def test_without_comparison_it_is_a_change_and_never_an_effect(county, places):
    alone = hs.estimate_impact(county.incidents, treated=places[0], start=START, rules=MONTHS)
    assert not alone.comparator
    assert alone.level <= 2
    assert "no comparison places" in alone.text
    for word in ("impact", "worked", "effect", "prevented", "caused", "expected of them"):
        assert word not in alone.text.lower(), word
    assert alone.effect["method"].unique().tolist() == ["change"]
    assert alone.effect["p"].isna().all()
    assert len(alone.series) == 0


def test_text_says_what_the_table_says(found):
    row = main_row(found)
    first = found.text.splitlines()[0]
    assert f"{row['treated_after']:,.0f} incidents" in first
    assert f"{row['treated_after'] / row['estimate']:,.0f} would have been expected" in first
    assert moved(row["estimate"]) in first
    assert interval(row["low"], row["high"]) in first
    assert f"level {found.level} of 5" in found.text


def test_every_estimator_has_its_row_and_one_is_the_main_one(found):
    first = found.effect.query("part == 'hotspots'")
    named = {one.name for key, one in ESTIMATORS.items() if key != "randomisation"}
    assert set(first["method"]) == named
    assert first["main"].sum() == 1
    refused = first.set_index("method")["refused"]
    assert "20" in refused["synthetic control"], "a synthetic control needs donors"


def test_further_outcomes_pay_for_their_number(county, places):
    rules = hs.ImpactRules(period="MS", draws=499, outcomes={
        "ASB": ["Anti-social behaviour"], "Violence": ["Violence and sexual offences"],
        "Shoplifting": ["Shoplifting"],
    })  # fmt: skip
    found = hs.estimate_impact(
        county.incidents, treated=places[0], control=places[1], start=START, rules=rules
    )
    main = found.effect.query("main and part == 'hotspots'").set_index("outcome")
    assert list(main.index) == ["ASB", "Violence", "Shoplifting"]
    assert main.loc["ASB", "p_adjusted"] == main.loc["ASB", "p"]
    told = main.loc[["Violence", "Shoplifting"]]
    assert (told["p_adjusted"] >= told["p"]).all()
    assert told["p_adjusted"].min() == pytest.approx(min(2 * told["p"].min(), 1))  # Holm


def test_police_finds_stay_out_and_are_told_beside(county, places):
    crime = hs.estimate_impact(
        county.incidents, treated=places[0], control=places[1], start=START, rules=MONTHS
    )
    more = county.incidents.copy()
    row = main_row(crime)
    inside = gpd.sjoin(more, places[0][["geometry"]], predicate="within").index
    found = more.loc[inside].query("occurred_from >= @START").assign(origin="police")
    found.index = "again " + found.index.astype(str)
    doubled = gpd.GeoDataFrame(pd.concat([more, found]), crs=more.crs)
    again = hs.estimate_impact(
        doubled, treated=places[0], control=places[1], start=START, rules=MONTHS
    )
    assert main_row(again)["estimate"] == row["estimate"]
    side = again.side_effects.iloc[0]
    assert side["treated_after"] >= len(found)
    assert side["ratio"] > 1.5


def test_the_answer_does_not_hang_on_the_order_of_rows(county, places, found):
    mixed = county.incidents.sample(frac=1, random_state=3)
    again = hs.estimate_impact(
        mixed, treated=places[0].iloc[::-1], control=places[1].iloc[::-1], start=START, rules=MONTHS
    )
    pd.testing.assert_frame_equal(again.effect, found.effect)
    assert again.text == found.text


def test_inputs_stay_as_they_were(county, places):
    before = [frame.copy() for frame in (county.incidents.head(50), *places)]
    hs.estimate_impact(county.incidents, treated=places[0], control=places[1], start=START,
                       rules=hs.ImpactRules(period="MS", draws=99))  # fmt: skip
    for now, then in zip((county.incidents.head(50), *places), before, strict=True):
        pd.testing.assert_frame_equal(now, then)


# --- a trial ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trial(county):
    incidents = county.incidents.query("occurred_from < '2025-07-07' and origin != 'police'")
    spots = hs.Counts().fit(incidents).hotspots(
        hs.Grid.over(county.lpts, size=150), top_k=24, max_area_km2=0.03)  # fmt: skip
    return hs.design_trial(spots, incidents, design="pairs", start="2025-07-07", weeks=12,
                           rules=hs.TrialRules(buffer_m=50), seed=3)  # fmt: skip


def test_a_trial_is_judged_by_the_lot_it_drew(county, trial):
    found = hs.estimate_impact(
        county.incidents, design=trial, rules=hs.ImpactRules(buffer_m=50, draws=499)
    )
    row = main_row(found)
    assert row["method"] == ESTIMATORS["randomisation"].name
    assert row["low"] < row["estimate"] < row["high"]
    assert found.level == 5
    assert found.places["arm"].value_counts().to_dict() == (
        trial.sites["arm"].value_counts().to_dict())  # fmt: skip


def test_a_crossover_is_compared_day_by_day(county):
    incidents = county.incidents.query("origin != 'police'")
    past = incidents.query("occurred_from < '2025-07-07'")
    spots = hs.Counts().fit(past).hotspots(
        hs.Grid.over(county.lpts, size=150), top_k=10, max_area_km2=0.03)  # fmt: skip
    trial = hs.design_trial(spots, past, design="crossover", start="2025-07-07", weeks=8,
                            rules=hs.TrialRules(buffer_m=50), seed=3)  # fmt: skip
    found = hs.estimate_impact(incidents, design=trial, rules=hs.ImpactRules(buffer_m=0, draws=499))
    row = main_row(found)
    assert row["against"] == "days"
    assert np.isnan(row["treated_before"])
    assert row["treated_after"] + row["control_after"] > 0
    assert "days without treatment" in found.text.splitlines()[0] or "too few" in found.text
    assert "places, each with and without treatment" in found.level_why
    assert found.places["before"].isna().all()  # nothing of it is used


# --- words --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ratio", "said"), [
    (1.0, "no change"), (0.82, "18% fewer"), (1.18, "18% more"), (4.0, "4.0 times as many"),
])  # fmt: skip
def test_ratios_in_words(ratio, said):
    assert moved(ratio) == said


@pytest.mark.parametrize(("low", "high", "said"), [
    (0.61, 0.98, "39% to 2% fewer"), (1.05, 1.4, "5% to 40% more"),
    (0.8, 1.2, "20% fewer to 20% more"), (0.0, 1.2, "hardly any left to 20% more"),
    (0.9, np.inf, "10% fewer to no limit above"),
])  # fmt: skip
def test_intervals_in_words(low, high, said):
    assert interval(low, high) == said


def test_no_percentage_under_twenty_incidents():
    row = {"outcome": "ASB", "part": "hotspots", "refused": "", "unit": "ratio", "estimate": 0.5,
           "low": 0.2, "high": 0.9, "treated_before": 40.0, "treated_after": 10.0,
           "control_before": 50.0, "control_after": 30.0, "against": "places"}  # fmt: skip
    assert "%" not in finding(row, 0.95)
    assert "too few" in finding(row, 0.95)


def test_a_result_in_incidents_is_told_in_incidents():
    row = {"outcome": "ASB", "part": "buffer", "refused": "", "unit": "incidents",
           "estimate": -118.0, "low": -195.6, "high": -40.4, "treated_before": 207.0,
           "treated_after": 110.0, "control_before": 308.0, "control_after": 318.0,
           "against": "places"}  # fmt: skip
    said = displacement(row, 0.9)
    assert "118 fewer than" in said
    assert "90% interval 196 fewer to 40 fewer" in said
    assert "110 incidents where about 228 would have been expected" in said
    assert said.endswith("That looks like a benefit nearby.")
    assert "no clear difference" in finding(row | {"high": 12.0}, 0.9)
    assert "displacement" in displacement(row | {"estimate": 50.0, "low": 9.0, "high": 91.0}, 0.9)


def test_changes_tell_what_choosing_does_of_the_first_outcome_only():
    row = {"outcome": "ASB", "estimate": 0.8, "low": 0.7, "high": 0.9, "treated_before": 200.0,
           "treated_after": 160.0, "control_before": np.nan,
           "control_after": np.nan}  # fmt: skip
    said = changes([row, row | {"outcome": "theft"}], "Choosing alone: 4% fewer.", 0.9)
    assert said[0].startswith("ASB, at the treated places: 20% fewer a day than before (90% inter")
    assert [("Choosing" in line, "change" in line) for line in said] == [(True, True),
                                                                         (False, True)]  # fmt: skip
    few = changes([row | {"treated_after": 9.0}], "Choosing alone: 4% fewer.", 0.9)
    assert "%" not in " ".join(few)
    assert changes([row] * 8, "", 0.9)[-1] == "... and 3 more outcomes in the table effect."


def test_a_wedge_is_told_against_the_places_yet_to_begin():
    row = {"outcome": "ASB", "part": "hotspots", "refused": "", "unit": "ratio", "estimate": 0.5,
           "low": 0.3, "high": 0.9, "treated_before": np.nan, "treated_after": 50.0,
           "control_before": np.nan, "control_after": 90.0, "against": "places"}  # fmt: skip
    assert "50% fewer than the places yet to begin lead one to expect" in finding(row, 0.95)
    assert "50 incidents under treatment where about 100" in finding(row, 0.95)
    said = finding(row | {"treated_before": 60.0, "control_before": 60.0}, 0.95)
    assert "than the comparison places lead one to expect" in said


# --- which estimator ----------------------------------------------------------------------------


def test_the_lot_decides_which_estimator_judges():
    y, treat = np.ones((4, 3)), np.array([[0, 0, 1], [0, 0, 1], [0, 0, 0], [0, 0, 0]])
    drawn = make_study(y, treat, redraw=lambda draws, _: np.repeat(treat[None], draws, axis=0))
    assert main_estimator(make_study(y, treat), hs.ImpactRules()) == "places"
    assert main_estimator(drawn, hs.ImpactRules()) == "randomisation"
    with pytest.raises(hs.InputError, match="nobody drew these places by lot"):
        main_estimator(make_study(y, treat), hs.ImpactRules(estimator="randomisation"))
    with pytest.raises(hs.InputError, match="'auto' or one of 'randomisation', 'places'"):
        main_estimator(drawn, hs.ImpactRules(estimator="ols"))


def test_sums_of_a_stepped_wedge_compare_treated_time_with_the_rest():
    y = np.array([[5, 1, 2], [6, 3, 4]])
    treat = np.array([[0, 1, 1], [0, 0, 1]])
    held = sums(make_study(y, treat))
    assert (held["treated_after"], held["control_after"]) == (7, 3)
    assert np.isnan(held["treated_before"])
    assert against(make_study(y, treat)) == "places"


# --- bad input ----------------------------------------------------------------------------------


def test_faults_are_told_at_once(county, places):
    with pytest.raises(hs.InputError, match="2 faults") as told:
        hs.estimate_impact(county.incidents)
    assert "treated is missing" in str(told.value)
    assert "start is missing" in str(told.value)
    with pytest.raises(hs.InputError, match="overlap"):
        hs.estimate_impact(county.incidents, treated=places[0], control=places[0], start=START)
    with pytest.raises(hs.InputError, match="give records from after"):
        hs.estimate_impact(county.incidents, treated=places[0], control=places[1],
                           start="2031-01-01")  # fmt: skip
    with pytest.raises(hs.InputError, match="rules is of type dict"):
        hs.estimate_impact(county.incidents, treated=places[0], start=START, rules={})


@pytest.mark.parametrize(("wrong", "said"), [
    ({"outcomes": {"ASB": "Anti-social behaviour"}}, "takes a list of categories"),
    ({"outcomes": {}}, "takes a name for each outcome"),
    ({"period": "Q"}, "'auto', 'MS', 'W' or 'D'"),
    ({"chosen": ("2024-12-31", "2024-01-01")}, "swap them"),
    ({"chosen": "2024"}, "first and the last day"),
    ({"draws": 10}, "99 to 99999"),
    ({"buffer_m": -1}, "0 to 2000"),
    ({"include_police": "yes"}, "True or False"),
])  # fmt: skip
def test_rules_out_of_range(wrong, said):
    with pytest.raises(hs.InputError, match=said):
        hs.ImpactRules(**wrong)


# --- real records -------------------------------------------------------------------------------


@pytest.mark.realdata
def test_nothing_is_found_where_nothing_was_done(shared):
    """Forty squares of Staffordshire, half of them by lot, at a date on which nothing began."""
    data = shared / "data"
    lpts = hs.read_lpts(next(data.rglob("*lpt*.gpkg")))
    zips = sorted(data.rglob("*staffordshire*.zip"))
    if not zips:
        pytest.skip("the police.uk records of Staffordshire are not beside the project")
    incidents = hs.read_incidents(zips, lpts=lpts).incidents
    month = incidents["occurred_from"].dt.to_period("M")
    start = month.sort_values().unique()[-6].to_timestamp()
    past = incidents[(incidents["occurred_from"] < start) & (incidents["origin"] != "police")]
    spots = hs.Counts().fit(past).hotspots(
        hs.Grid.over(lpts, size=200), top_k=60, max_area_km2=0.05)  # fmt: skip
    lot = np.random.default_rng(1).permutation(len(spots)) < len(spots) // 2
    found = hs.estimate_impact(
        incidents, treated=spots[lot], control=spots[~lot], start=start,
        rules=hs.ImpactRules(draws=999, buffer_m=0),
    )  # fmt: skip
    row = main_row(found)
    assert row["low"] < 1 < row["high"]
    assert "no clear difference" in found.text.splitlines()[0]


def test_harm_stands_beside_the_counts_where_incidents_have_it(county, places, found):
    weighed = county.incidents.assign(harm=10.0)
    again = hs.estimate_impact(
        weighed, treated=places[0], control=places[1], start=START, rules=MONTHS
    )
    row = again.effect[again.effect["outcome"] == "harm: all incidents"].iloc[0]
    main = main_row(again)
    # ten days each: the same ratio, and the incidents behind it are told, not the days
    assert row["estimate"] == pytest.approx(main["estimate"])
    assert row["treated_after"] == main["treated_after"]
    assert not row["main"]
    assert "Harm there (days of sentence)" in again.text
    assert "Harm there" not in found.text
