"""Fairness: hours beside need, residents, incidents and deprivation, as questions."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from test_patrol_reasons import LPTS, START, make_demand, make_incidents, make_spots, write_plan

import hotspots as hs
from hotspots.patrols._rates import gini, rate_ratio
from hotspots.report.columns import about


@pytest.fixture(scope="module")
def spots():
    return make_spots(("A", "Hanley", 1000, 120), ("B", "Hanley", 2000, 80),
                      ("C", "Hanley", 3000, 40), ("D", "Leek", 12_000, 60))  # fmt: skip


@pytest.fixture(scope="module")
def plan(spots):
    """Three visits in Hanley, one in Leek; P1 and C2 are pairs, C1 is alone."""
    return write_plan(make_demand(spots), ("A", "P1", 0, "16:00"), ("B", "C1", 0, "16:00"),
                      ("C", "P1", 1, "16:00"), ("D", "C2", 0, "16:00"))  # fmt: skip


# --- measures against figures from elsewhere -----------------------------------------------------


def test_rate_ratio_is_that_of_statsmodels():
    from statsmodels.stats.rates import confint_poisson_2indep

    rng = np.random.default_rng(0)
    a, b = rng.integers(20, 300, (2, 20))
    t, u = rng.uniform(100, 9000, (2, 20))
    ratio, low, high = rate_ratio(a, t, b, u)
    for i in range(20):
        sides = confint_poisson_2indep(a[i], t[i], b[i], u[i], method="wald-log", compare="ratio")
        assert (low[i], high[i]) == pytest.approx(sides, rel=1e-6)
    assert ratio == pytest.approx(a / t / (b / u))


def test_thirty_against_fifteen_in_ten_thousand():
    # as risks of 10,000 people each (Katz et al. 1978) 2.0 (1.077 to 3.715); as rates a hair wider
    ratio, low, high = rate_ratio(30, 10_000, 15, 10_000, least=0)
    assert ratio == pytest.approx(2.0)
    assert (low, high) == (pytest.approx(1.077, abs=0.002), pytest.approx(3.715, abs=0.004))
    assert np.isnan(rate_ratio(30, 10_000, 15, 10_000)).all()  # under 20 on one side: not told


def naive_gini(hours, need):
    """Mean difference of hours per need over all pairs of units of need, over twice the mean."""
    rate = hours / need
    apart = np.abs(rate[:, None] - rate[None, :]) * need[:, None] * need[None, :]
    return apart.sum() / (2 * need.sum() * hours.sum())


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_gini_is_the_mean_difference_of_hours_per_need(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 12))
    hours, need = rng.gamma(0.5, 10, n) * (rng.random(n) < 0.8), rng.gamma(1, 5, n) + 0.01
    if not hours.sum():
        assert np.isnan(gini(hours, need))
        return
    assert gini(hours, need) == pytest.approx(naive_gini(hours, need), abs=1e-9)
    turned = rng.permutation(n)
    assert gini(hours[turned], need[turned]) == pytest.approx(gini(hours, need), abs=1e-12)


def test_gini_ends():
    assert gini([3, 2, 1], [6, 4, 2]) == 0.0
    assert gini([0, 0, 0, 8], [1, 1, 1, 1]) == pytest.approx(0.75)
    assert gini([5, 5], [1, 0]) == pytest.approx(0.5)  # half the hours go where there is no need
    assert np.isnan(gini([0, 0], [1, 1]))


# --- by LPT --------------------------------------------------------------------------------------


def test_hours_by_lpt_are_the_officers_times_visits_and_travel(plan):
    found = hs.patrol_fairness(plan)
    # each visit takes 15 min + 5 there + 4 back: A and C by two officers, B by one, D by two
    assert found.hotspots["hours"].tolist() == pytest.approx([0.8, 0.4, 0.8, 0.8])
    lpts = found.lpts
    assert lpts["hours"].tolist() == pytest.approx([2.0, 0.8])
    assert lpts["visits"].tolist() == [3, 1]
    assert lpts["share_of_hours"].tolist() == pytest.approx([2 / 2.8, 0.8 / 2.8])
    assert lpts["need"].tolist() == pytest.approx([0.8, 0.2])
    assert lpts["hours_per_need"].tolist() == pytest.approx([2 / 2.8 / 0.8, 0.8 / 2.8 / 0.2])
    assert lpts["hours_per_1000"].tolist() == pytest.approx([2 / 60, 0.8 / 40])
    assert lpts["visits_per_1000"].tolist() == pytest.approx([3 / 60, 1 / 40])
    assert lpts.loc["Hanley", "per_resident"] == pytest.approx((2 / 60) / (0.8 / 40))
    each = (2.0 / 240) / (0.8 / 60)
    assert lpts.loc["Hanley", "per_incident"] == pytest.approx(each)
    wide = np.exp(1.959964 * np.sqrt(1 / 240 + 1 / 60))
    assert lpts.loc["Hanley", ["low", "high"]].tolist() == pytest.approx([each / wide, each * wide])
    assert found.hotspots["share_of_lpt_hours"].tolist() == pytest.approx([0.4, 0.2, 0.4, 1.0])


def test_hours_are_those_of_a_real_plan():
    from hotspots.patrols.example import example_plan

    plan = example_plan()
    found = hs.patrol_fairness(plan)
    assert found.lpts["hours"].sum() == pytest.approx(plan.budget["planned_hours"].sum())


def test_clear_differences_raise_a_question_and_small_ones_do_not(spots):
    visits = [("D", "C2", 0, f"{15 + n}:00") for n in range(7)] + [("A", "P1", 0, "16:00")]
    found = hs.patrol_fairness(write_plan(make_demand(spots), *visits))
    asked = found.lpts["question"]
    assert asked["Leek"].startswith("Leek gets 28.0 times the hours per recorded incident")
    assert "what would it take to do better there?" in asked["Hanley"]
    assert "Why do they get more hours per recorded incident than the others? Leek 28.0 times" in (
        found.text)  # fmt: skip
    even = write_plan(make_demand(spots), ("A", "P1", 0, "16:00"), ("B", "P1", 0, "17:00"),
                      ("C", "P1", 1, "16:00"), ("A", "P1", 0, "20:00"),
                      ("D", "C2", 0, "16:00"))  # fmt: skip
    found = hs.patrol_fairness(even)
    assert (found.lpts["question"] == "").all()
    assert "No question arises from hours per recorded incident" in found.text
    assert "Officer-hours follow need closely between LPTs" in found.text


def test_under_twenty_incidents_nothing_is_compared():
    few = make_spots(("A", "Hanley", 1000, 120), ("D", "Leek", 12_000, 19))
    found = hs.patrol_fairness(write_plan(make_demand(few), ("A", "P1", 0, "16:00"),
                                          ("D", "C2", 0, "16:00")))  # fmt: skip
    assert found.lpts[["per_incident", "low", "high"]].isna().all(axis=None)
    assert "2 LPTs not compared: under 20 incidents or no hours." in found.text


def test_an_lpt_with_incidents_and_no_hours_is_asked_about(plan):
    lpts = pd.concat([LPTS, LPTS.iloc[[1]].rename(index={"Leek": "Stone"})])
    lpts = lpts.assign(incidents=[900.0, 300.0, 400.0])
    found = hs.patrol_fairness(plan, lpts=lpts)
    assert found.lpts.loc["Stone", "question"] == (
        "Stone gets no hours for 400 incidents: is it staffed, and is that meant?"
    )
    assert found.lpts["incidents"].tolist() == [900.0, 300.0, 400.0]
    assert "Stone 0.0 times" in found.text


def test_hotspots_outside_every_lpt_are_a_row_too(spots):
    lost = spots.assign(lpt=["Hanley", "Hanley", "Nowhere", "Leek"])
    found = hs.patrol_fairness(write_plan(make_demand(lost), ("A", "P1", 0, "16:00"))).lpts
    assert found.index.tolist() == ["Hanley", "Leek", "Nowhere"]
    assert found["need"].sum() == pytest.approx(1.0)
    assert found.loc["Nowhere", "question"].startswith("Nowhere gets no hours for 40 incidents")


def test_residents_may_be_unknown(plan):
    found = hs.patrol_fairness(plan, lpts=LPTS.drop(columns="population"))
    assert found.lpts["hours_per_1000"].isna().all()
    assert "Residents are not known: give lpts with a column population." in found.text


# --- by deprivation ------------------------------------------------------------------------------


def make_areas(*rows):
    """Make areas of (x from, x to, population, deprivation)."""
    return gpd.GeoDataFrame(
        {"population": [row[2] for row in rows], "deprivation": [row[3] for row in rows]},
        geometry=[shapely.box(row[0], 0, row[1], 1000) for row in rows],
        index=[f"E{n}" for n in range(len(rows))], crs="EPSG:27700",
    )  # fmt: skip


def test_hours_go_to_the_fifths_their_hotspots_lie_in(plan):
    # A lies half in each of the first two areas; C and D lie in none
    areas = make_areas((0, 1100, 1000, 1), (1100, 1900, 3000, 3), (1900, 2500, 2000, 10))
    found = hs.patrol_fairness(plan, areas=areas)
    fifths = found.quintiles
    assert fifths.index.tolist() == [1, 2, 5]  # deciles 1, 3 and 10
    assert fifths["hours"].tolist() == pytest.approx([0.4, 0.4, 0.4])
    assert fifths["incidents"].tolist() == pytest.approx([60, 60, 80])
    assert fifths["residents"].tolist() == [1000, 3000, 2000]
    assert fifths["hours_per_1000"].tolist() == pytest.approx([0.4, 0.4 / 3, 0.2])
    assert fifths.loc[1, "per_resident"] == pytest.approx((0.4 / 1000) / (0.8 / 5000))
    assert "57% of the hours lie in no area given." in found.text
    assert "The most deprived fifth of areas has 17% of the residents" in found.text
    assert "2.5 times the hours per resident of the rest" in found.text


def test_fifths_are_taken_as_they_are_and_own_incidents_win(plan):
    areas = make_areas((0, 1500, 1000, 1), (1500, 20_000, 3000, 5)).assign(incidents=[50.0, 10.0])
    found = hs.patrol_fairness(plan, areas=areas).quintiles
    assert found.index.tolist() == [1, 5]
    assert found["incidents"].tolist() == [50.0, 10.0]
    assert found["hours"].sum() == pytest.approx(2.8)
    assert found["per_incident"].isna().all()  # 10 elsewhere are too few


def test_a_table_without_shapes_goes_by_neighbourhood(spots):
    named = spots.assign(neighbourhood=["North", "North", "South", None])
    plan = write_plan(make_demand(named), ("A", "P1", 0, "16:00"), ("C", "P1", 0, "17:00"))
    areas = pd.DataFrame({"population": [500, 700], "deprivation": [1, 4]},
                         index=["North", "South"])  # fmt: skip
    found = hs.patrol_fairness(plan, areas=areas)
    assert found.quintiles["hours"].tolist() == pytest.approx([0.8, 0.8])
    assert found.quintiles["visits"].tolist() == [1, 1]
    assert found.concentration.loc["largest neighbourhood (North)", "value"] == pytest.approx(0.5)


# --- police-generated records --------------------------------------------------------------------


def test_what_police_generated_records_would_change_is_told(spots):
    rng = np.random.default_rng(0)
    incidents = make_incidents(spots, 19, 2, number=300)
    at_c = incidents.within(spots.geometry["C"]).to_numpy()
    at_a = incidents.within(spots.geometry["A"]).to_numpy()
    # half of what is recorded at C the police found themselves; A has few of either
    incidents["origin"] = np.where(at_c & (rng.random(len(incidents)) < 0.8), "police", "public")
    incidents = incidents[~at_a | (rng.random(len(incidents)) < 0.6)]
    demand = hs.patrol_demand(spots, incidents, on=START.date())
    found = hs.patrol_fairness(write_plan(demand, ("A", "P1", 0, "16:00")))
    row = found.hotspots.loc["C"]
    assert row["tier_without"] != row["tier_with"]
    assert row["changes"] == (
        f"tier {row['tier_without']} without, {row['tier_with']} with police-generated records"
    )
    number = int(found.hotspots["police_incidents"].sum())
    assert number == int((incidents["origin"] == "police").sum())
    assert f"Of the incidents in the hotspots {number:,} are police-generated; they would" in (
        found.text)  # fmt: skip
    assert "C (tier " in found.text


def test_none_found_by_the_police_and_not_known_are_two_things(spots, plan):
    demand = hs.patrol_demand(spots, make_incidents(spots, 19, 2, number=50), on=START.date())
    said = hs.patrol_fairness(write_plan(demand, ("A", "P1", 0, "16:00"))).text
    assert "No police-generated records lie in the hotspots, so they change nothing." in said
    assert "What police-generated records change is not known" in hs.patrol_fairness(plan).text


# --- concentration, words, bad input -------------------------------------------------------------


def test_one_hotspot_with_most_hours_of_its_lpt_is_told(spots):
    visits = [("A", "P1", 0, f"{15 + n}:00") for n in range(6)]
    heavy = write_plan(make_demand(spots), *visits, ("B", "P1", 0, "22:00"),
                       ("C", "P1", 1, "16:00"))  # fmt: skip
    found = hs.patrol_fairness(heavy)
    assert "Concentrated: A has 75% of the hours of Hanley. Is that meant?" in found.text
    assert found.concentration.loc["largest hotspot", "value"] == pytest.approx(0.75)
    two = write_plan(make_demand(spots), *visits, ("B", "P1", 0, "22:00"))
    assert "Concentrated" not in hs.patrol_fairness(two).text


def test_a_plan_without_visits_says_so(spots):
    found = hs.patrol_fairness(write_plan(make_demand(spots)))
    assert found.text == "The plan holds no visits, so there are no hours to share out fairly."
    assert found.lpts["hours"].tolist() == [0.0, 0.0]
    assert np.isnan(found.concentration["value"].iloc[0])


def test_the_text_is_short_and_gives_no_verdict(plan):
    areas = make_areas((0, 1100, 1000, 1), (1100, 20_000, 3000, 3))
    said = hs.patrol_fairness(plan, areas=areas).text
    assert len(said.splitlines()) <= 10
    for word in ("impact", "caused", "biased", "discriminat", "p ="):
        assert word not in said
    assert said.endswith("These are questions for people to answer, not verdicts.")


def test_every_fault_is_named_at_once(plan):
    areas = make_areas((0, 1000, -5, 0), (1000, 2000, 10, 11)).drop(columns="population")
    lpts = LPTS.assign(population=[-1.0, 5.0]).drop(index="Leek")
    with pytest.raises(hs.InputError) as caught:
        hs.patrol_fairness(plan, lpts=lpts, areas=areas.to_crs("EPSG:4326"))
    said = str(caught.value)
    for part in ("lpts: population of 'Hanley' is -1.0", "lpts: Leek of the plan is not among them",
                 "areas: column 'population' is missing (residents)",
                 "areas: deprivation of 'E0' is 0; it must be a whole number, 1 (most deprived)",
                 "areas and hotspots differ in CRS"):  # fmt: skip
        assert part in said, part


@pytest.mark.parametrize(
    ("areas", "said"),
    [
        (3, "areas is of type int; give a table of areas"),
        (make_areas((0, 9000, 1, 1)).assign(geometry=None), "areas: some have no shape"),
        (make_areas((0, 9000, 1, 1)).drop(columns="geometry"), "areas has no geometry and the"),
        (make_areas().iloc[:0], "areas: it holds no rows"),
        (pd.DataFrame({"population": [1], "deprivation": [1]}), "areas has no geometry and the"),
        (make_areas((0, 9000, 1, 1)).assign(population="many"), "population of 'E0' is 'many'"),
        (make_areas((0, 9000, 1, 1)).assign(deprivation=2.5), "deprivation of 'E0' is 2.5"),
        (make_areas((0, 9000, 1, 1)).assign(incidents=np.nan), "incidents of 'E0' is"),
        (make_areas((0, 9000, 1, 1), (500, 9000, 1, 2)), "areas overlap one another where hotspot"),
        (make_areas((0, 9000, 1, 1), (9000, 9500, 1, 2)).set_axis(["E", "E"]), "repeats 'E'"),
    ],
)
def test_areas_that_cannot_be_used_are_refused(plan, areas, said):
    with pytest.raises(hs.InputError) as caught:
        hs.patrol_fairness(plan, areas=areas)
    assert said in str(caught.value)


def test_what_is_no_plan_is_refused():
    with pytest.raises(hs.InputError, match="plan is of type DataFrame; give what plan_patrols"):
        hs.patrol_fairness(pd.DataFrame())


def test_every_column_is_explained(plan):
    areas = make_areas((0, 1100, 1000, 1), (1100, 20_000, 3000, 3))
    tables = hs.patrol_fairness(plan, areas=areas).tables
    assert list(tables) == ["lpts", "quintiles", "hotspots", "concentration"]
    silent = [
        f"{name}.{column}" for name, frame in tables.items()
        for column in (frame.index.name, *frame.columns)
        if not about(f"patrol_fairness_{name}", str(column))["meaning"]
    ]  # fmt: skip
    assert silent == []
