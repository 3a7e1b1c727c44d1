"""Trials by lot: every draw follows the law it is said to follow, and every hotspot is told of."""

import datetime as dt
import itertools
import math
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import hotspots as hs
from hotspots.chance.seeds import generator
from hotspots.contracts import TREATMENT, InputError, check_table
from hotspots.trials import TrialRules, check_register, design_trial, register_trial, write_protocol
from hotspots.trials.calendar import FIRST, SECOND, UNCOUNTED, Timetable, make_runs
from hotspots.trials.draw import Lot, distances, log10_assignments
from hotspots.trials.example import example_hotspots, example_trial
from hotspots.trials.register import digest_of

DESIGNS = ("simple", "pairs", "blocks", "balanced", "crossover", "stepped wedge")
MONDAY = np.datetime64("2026-01-05")


@pytest.fixture(scope="module")
def trials():
    return {design: example_trial(design) for design in DESIGNS}


def squares(places, **columns):
    """Hotspots of 200 m at these places, in metres along a street."""
    boxes = [shapely.box(x, 0, x + 200, 200) for x in places]
    names = [f"H{n}" for n in range(1, len(places) + 1)]
    return gpd.GeoDataFrame(columns, geometry=boxes, crs="EPSG:27700",
                            index=pd.Index(names, name="hotspot"))  # fmt: skip


def records(places, counts, first="2025-01-01", days=365, **columns):
    """Incidents in the middle of these squares, spread evenly over the year."""
    at = np.repeat(np.asarray(places, dtype=float) + 100, counts)
    when = pd.Timestamp(first) + pd.to_timedelta(np.arange(len(at)) * 37 % days, unit="D")
    return gpd.GeoDataFrame(
        {"category": "Burglary", "occurred_from": when, "occurred_to": when, **columns},
        geometry=gpd.points_from_xy(at, np.full(len(at), 100.0)), crs="EPSG:27700",
    )  # fmt: skip


# --- the law of the lot --------------------------------------------------------------------------


def tally(drawn):
    """How often each assignment was drawn."""
    _, counts = np.unique(drawn.reshape(len(drawn), -1), axis=0, return_counts=True)
    return counts


LAWS = {
    "simple": (Lot(np.zeros(6, dtype=int)), 20),
    "pairs": (Lot(np.repeat(np.arange(4), 2)), 16),
    "blocks": (Lot(np.repeat([0, 1], 4)), 36),
    "a third": (Lot(np.zeros(6, dtype=int), share=1 / 3), 15),
    "stepped wedge": (Lot(np.zeros(4, dtype=int), steps=2), 6),
    "stepped wedge in blocks": (Lot(np.repeat([0, 1], 2), steps=2), 4),
    "crossover": (Lot(np.zeros(4, dtype=int), cycles=3), 36),
}


@pytest.mark.parametrize("law", LAWS)
def test_every_assignment_is_as_likely_as_any_other_and_all_are_counted(law):
    lot, outcomes = LAWS[law]
    counts = tally(lot.draw(20_000, np.random.default_rng(3)))
    assert len(counts) == outcomes
    assert round(10 ** log10_assignments(lot)) == outcomes
    chi2 = ((counts - 20_000 / outcomes) ** 2).sum() / (20_000 / outcomes)
    assert chi2 < outcomes - 1 + 4 * math.sqrt(2 * (outcomes - 1))


def test_blocks_that_do_not_divide_get_their_share_in_the_long_run_and_to_one_at_most():
    lot = Lot(np.repeat([0, 1, 2], [3, 5, 4]), share=0.4)
    drawn = lot.draw(20_000, np.random.default_rng(1))
    assert np.abs(drawn.mean(axis=0) - 0.4).max() < 4 * math.sqrt(0.24 / 20_000)
    for rows, size in ((slice(0, 3), 3), (slice(3, 8), 5), (slice(8, 12), 4), (slice(0, 12), 12)):
        treated = drawn[:, rows].sum(axis=1)
        assert set(treated) <= {math.floor(0.4 * size), math.ceil(0.4 * size)}


def test_the_count_of_assignments_holds_where_blocks_do_not_divide():
    for lot in (Lot(np.repeat([0, 1], 3)), Lot(np.zeros(5, dtype=int), share=0.3),
                Lot(np.repeat([0, 1], [2, 3]), steps=2)):  # fmt: skip
        counts = tally(lot.draw(20_000, np.random.default_rng(5)))
        assert round(10 ** log10_assignments(lot)) == len(counts)


def test_redrawn_for_balance_is_uniform_on_just_the_balanced_assignments():
    values = np.random.default_rng(2).normal(size=(8, 2))
    lot = Lot(np.zeros(8, dtype=int)).balanced(values, 0.2)
    every = np.array(
        [[k in some for k in range(8)] for some in itertools.combinations(range(8), 4)]
    )
    inverse = np.linalg.inv(np.cov(values, rowvar=False))
    apart = np.array([values[arm].mean(axis=0) - values[~arm].mean(axis=0) for arm in every])
    mahalanobis = np.einsum("dk,kl,dl->d", apart, inverse, apart) * 2  # n p (1 - p) = 2
    np.testing.assert_allclose(distances(every.astype(int), values), mahalanobis)
    accepted = {tuple(arm) for arm in every[mahalanobis <= lot.bound].astype(int)}
    assert 0.18 * 70 <= len(accepted) <= 0.25 * 70
    drawn = lot.draw(20_000, np.random.default_rng(4))
    assert {tuple(arm) for arm in drawn} == accepted
    counts, mean = tally(drawn), 20_000 / len(accepted)
    assert ((counts - mean) ** 2).sum() / mean < len(accepted) + 4 * math.sqrt(2 * len(accepted))


def test_the_trial_itself_is_drawn_by_the_lot_it_is_redrawn_by():
    lot = Lot(np.repeat(np.arange(3), 2))
    first = np.concatenate([lot.draw(1, generator(seed, "lot")) for seed in range(4000)])
    counts = tally(first)
    assert len(counts) == 8
    assert ((counts - 500) ** 2).sum() / 500 < 7 + 4 * math.sqrt(14)


def test_a_covariate_that_is_the_same_everywhere_does_not_matter():
    values = np.column_stack([np.arange(8.0), np.full(8, 0.1) + 1e-17])
    arms = np.array([[1, 0, 1, 0, 1, 0, 1, 0]])
    np.testing.assert_allclose(distances(arms, values), distances(arms, values[:, :1]))
    assert distances(arms, values[:, 1:]).tolist() == [0.0]


# --- what an assignment means by day -------------------------------------------------------------


@pytest.mark.parametrize("washout", [0, 1, 2, 3, 5])
def test_runs_keep_their_wash_out_whoever_is_drawn(washout):
    weeks, units = 8, 40
    runs, cycle = make_runs(units, weeks, washout, np.random.default_rng(1))
    assert cycle == (7 if washout < 2 else 14)
    assert runs.shape == (units, 7 * weeks)
    table = Timetable(MONDAY, 7 * weeks, 0, cycle, runs)
    lot = Lot(np.zeros(units, dtype=int), cycles=table.cycles)
    dates = MONDAY + np.arange(7 * weeks)
    drawn = table.treated(
        lot.draw(20, np.random.default_rng(2)), np.arange(units), dates, dates + 1
    )
    assert not drawn[:, runs == UNCOUNTED].any()
    for gap in range(1, washout + 1):  # no counted day without patrols so soon after one with
        follows = drawn[:, :, :-gap].astype(bool) & (drawn[:, :, gap:] == 0)
        straight = np.ones_like(follows)
        for k in range(1, gap):
            straight &= drawn[:, :, k : drawn.shape[2] - gap + k] == 0
        assert not (follows & straight)[:, runs[:, gap:] != UNCOUNTED].any()
    # within a cycle both runs are there, and in a fortnight every day of the week has each once
    by_cycle = runs.reshape(units, -1, cycle)
    assert (by_cycle == FIRST).any(axis=2).all()
    assert (by_cycle == SECOND).any(axis=2).all()
    fortnights = drawn.reshape(20, units, weeks // 2, 2, 7)
    counted = (runs != UNCOUNTED).reshape(units, weeks // 2, 2, 7).all(axis=2)
    assert (fortnights.sum(axis=3)[:, counted] == 1).all()


def test_a_cross_over_has_as_many_sites_under_patrol_in_each_half():
    lot = Lot(np.zeros(20, dtype=int), cycles=12)
    coins = lot.draw(50, np.random.default_rng(1))
    assert (coins.sum(axis=1) == 10).all()
    assert (coins[:, :, 0::2] + coins[:, :, 1::2] == 1).all()


def test_periods_before_and_after_are_untreated_and_partly_treated_ones_are_treated():
    table = Timetable(MONDAY, 84)
    edges = pd.date_range("2025-11-01", "2026-06-01", freq="MS")
    found = table.treated(np.array([[1, 0]]), np.array([0, 1, 0]), edges[:-1], edges[1:])
    # 5 January to 29 March: January, February and March, each at least in part
    assert found[0].tolist() == [[0, 0, 1, 1, 1, 0, 0], [0] * 7, [0, 0, 1, 1, 1, 0, 0]]


def test_steps_of_a_wedge_begin_in_turn():
    table = Timetable(MONDAY, 84, steps=4)
    weeks = MONDAY + 7 * np.arange(-1, 13)
    found = table.treated(np.array([[1, 2, 4]]), np.arange(3), weeks, weeks + 7)[0]
    assert found.sum(axis=1).tolist() == [12, 9, 3]
    assert [row.argmax() for row in found] == [1, 4, 10]
    assert not found[:, -1].any()


def test_a_cross_over_asks_for_days(trials):
    weeks = MONDAY + 7 * np.arange(12)
    with pytest.raises(InputError, match=r"longer than a day.*use period='D'"):
        trials["crossover"].redraw(9, np.random.default_rng(1), weeks, weeks + 7)


@pytest.mark.parametrize(("starts", "ends", "fault"), [
    (["2026-01-05"], ["2026-01-05"], "ends before it starts"),
    (["2026-01-05", "2026-01-12"], ["2026-01-12"], "one start and one end"),
    (["soon"], ["later"], "must be times"),
    ([np.datetime64("NaT")], [MONDAY], "missing its start"),
])  # fmt: skip
def test_periods_that_are_none_are_refused(trials, starts, ends, fault):
    with pytest.raises(InputError, match=fault):
        trials["pairs"].redraw(9, np.random.default_rng(1), starts, ends)


@pytest.mark.parametrize("draws", [0, 1.5, True, "many"])
def test_draws_that_are_no_number_are_refused(trials, draws):
    with pytest.raises(InputError, match="whole number from 1"):
        trials["pairs"].redraw(draws, np.random.default_rng(1), [MONDAY], [MONDAY + 7])


@pytest.mark.parametrize("design", DESIGNS)
def test_the_calendar_is_among_what_may_be_drawn_again(trials, design):
    trial = trials[design]
    dates = MONDAY + np.arange(84)
    drawn = trial.redraw(200, np.random.default_rng(1), dates, dates + 1)
    assert drawn.shape == (200, 12, 84)
    actual = trial.calendar["treated"].to_numpy().reshape(12, 84)
    assert (drawn.sum(axis=(1, 2)) == actual.sum()).all()  # the same site-days under patrol
    wash = (trial.calendar["phase"] == "wash-out").to_numpy().reshape(12, 84)
    assert not drawn[:, wash].any()
    low, high = drawn.mean(axis=0)[~wash].min(), drawn.mean(axis=0)[~wash].max()
    if design == "stepped wedge":
        assert (low, high) == (pytest.approx(0.25, abs=0.13), 1)
    else:
        assert (low, high) == (pytest.approx(0.5, abs=0.2), pytest.approx(0.5, abs=0.2))


# --- the trial -----------------------------------------------------------------------------------


@pytest.mark.parametrize("design", DESIGNS)
def test_the_order_of_rows_does_not_change_the_assignment(trials, design):
    hotspots, incidents = example_hotspots()
    other = design_trial(
        hotspots.iloc[::-1], incidents.sample(frac=1, random_state=1), design=design,
        start=dt.date(2026, 1, 5), rules=TrialRules(acceptance=0.2),
    )  # fmt: skip
    pd.testing.assert_frame_equal(trials[design].calendar, other.calendar)
    assert trials[design].digest == other.digest
    assert trials[design].text == other.text


@pytest.mark.parametrize("design", DESIGNS)
def test_the_calendar_is_the_treatment_table_and_agrees_with_the_sites(trials, design):
    trial = trials[design]
    check_table(trial.calendar, TREATMENT)
    assert len(trial.calendar) == len(trial.sites) * 84
    assert trial.calendar["date"].min() == trial.start
    assert trial.calendar["date"].max() == trial.end - pd.Timedelta(days=1)
    on = trial.calendar.groupby("hotspot")["treated"].mean()
    phases = trial.calendar["phase"].value_counts()
    days = trial.arms[["treated_days", "control_days", "washout_days"]].sum()
    assert days.tolist() == [phases.get(p, 0) for p in ("treatment", "control", "wash-out")]
    assert trial.arms["baseline"].sum() == 600
    if design == "crossover":
        assert (trial.sites["arm"] == "both").all()
        assert (on == 2.5 / 7).all()
    elif design == "stepped wedge":
        first = trial.calendar[trial.calendar["treated"]].groupby("hotspot")["date"].min()
        assert (first == trial.sites["start"]).all()
        assert trial.sites["step"].value_counts().to_dict() == {1: 3, 2: 3, 3: 3, 4: 3}
    else:
        assert (on == (trial.sites["arm"] == "treated")).all()
        assert trial.sites["arm"].value_counts().to_dict() == {"treated": 6, "control": 6}
        assert (trial.sites["start"].notna() == (trial.sites["arm"] == "treated")).all()


def test_pairs_hold_neighbours_by_baseline_of_one_lpt_and_one_of_each_is_treated(trials):
    by = trials["pairs"].sites.groupby("block")
    assert (by.size() == 2).all()
    assert (by["lpt"].first() == by["lpt"].last()).all()
    assert (by["baseline"].max() - by["baseline"].min() == 2).all()
    assert (by["arm"].first() != by["arm"].last()).all()


@pytest.mark.parametrize(("design", "size"), [("pairs", 2), ("blocks", 4)])
def test_like_is_put_with_like_whatever_the_order_of_the_ids(design, size):
    places, counts = 1000 * np.arange(12), [20, 75, 30, 60, 25, 70, 35, 50, 45, 65, 40, 55]
    trial = design_trial(squares(places), records(places, counts), design=design,
                         start="2026-01-05", rules=TrialRules(block_size=4))  # fmt: skip
    level = trial.sites.groupby("block")["baseline"]
    assert (level.size() == size).all()
    assert (level.max() - level.min() == 5 * (size - 1)).all()


def test_odd_ones_are_paired_across_lpts_and_the_last_is_left_out_and_told():
    places = 1000 * np.arange(13)
    lpt = ["A"] * 5 + ["B"] * 5 + ["C"] * 3
    counts = np.arange(20, 46, 2)
    trial = design_trial(squares(places, lpt=lpt), records(places, counts), design="pairs",
                         start="2026-01-05")  # fmt: skip
    assert len(trial.sites) == 12
    assert trial.excluded["reason"].tolist() == ["no partner"]
    across = trial.sites[trial.sites["block"].str.startswith("across")]
    assert len(across) == 2
    assert across["lpt"].nunique() == 2


def test_sites_of_one_catchment_are_never_in_different_arms():
    places = [0, 450, 900, 3000, 6000, 9000, 12000, 15000, 15501, 20000, 23000]
    spots, found = squares(places), records(places, [30] * 11)
    trial = design_trial(spots, found, design="simple", start="2026-01-05", seed=3)
    assert trial.sites["cluster"].tolist()[:2] == ["H1", "H10"]  # the order of the ids as text
    joined = trial.sites.groupby("cluster").groups
    assert sorted(joined["H1"]) == ["H1", "H2", "H3"]  # 250 m apart in turn, under 2 x 150 m
    assert all(len(some) == 1 for name, some in joined.items() if name != "H1")  # 301 m is apart
    assert "3 hotspots lie within 300 m of another" in trial.text
    drawn = trial.redraw(500, np.random.default_rng(1), [MONDAY], [MONDAY + 7])[:, :, 0]
    assert (drawn[:, trial.sites["cluster"] == "H1"].std(axis=1) == 0).all()
    apart = design_trial(spots, records(places, [30, 50, *[30] * 9]), design="simple",
                         start="2026-01-05", rules=TrialRules(overlap="leave out"))  # fmt: skip
    assert apart.excluded["reason"].to_dict() == {
        "H1": "within 300 m of another", "H3": "within 300 m of another",
    }  # fmt: skip
    assert apart.excluded["detail"]["H1"] == "H2, which has more incidents"
    assert "H2 lies within 300 m of a hotspot that is not in the trial" in apart.text


def test_every_hotspot_is_in_the_trial_or_left_out_with_a_reason():
    places = [*(1000 * np.arange(10)), 9100]
    counts = [30] * 8 + [11, 30, 12]
    trial = design_trial(
        squares(places), records(places, counts), design="simple", start="2026-01-05",
        rules=TrialRules(exclude=["H3"], buffer_m=0),
    )  # fmt: skip
    assert sorted([*trial.sites.index, *trial.excluded.index]) == sorted(squares(places).index)
    assert trial.excluded["reason"].to_dict() == {
        "H11": "overlaps another", "H3": "left out by name", "H9": "too few incidents",
    }  # fmt: skip
    assert "Left out: 3 hotspots" in trial.text


def test_the_baseline_is_the_last_whole_months_before_the_start_and_nothing_later():
    places = 1000 * np.arange(8)
    found = records(places, [60] * 8, first="2024-07-01", days=730)  # on to June 2026
    trial = design_trial(squares(places), found, design="simple", start="2026-01-15")
    before = (found["occurred_from"] >= "2025-01-01") & (found["occurred_from"] < "2026-01-01")
    assert trial.sites["baseline"].sum() == before.sum()
    assert "the 12 months from Jan 2025 to Dec 2025" in trial.text
    later = found["occurred_from"] >= "2026-01-15"
    again = design_trial(squares(places), found[~later], design="simple", start="2026-01-15")
    assert again.digest == trial.digest


def test_incidents_found_by_police_activity_do_not_count_unless_asked_for():
    places = 1000 * np.arange(8)
    found = records(places, [40] * 8)
    found["origin"] = np.where(np.arange(len(found)) % 2, "police", "public")
    trial = design_trial(squares(places), found, design="simple", start="2026-01-05")
    assert trial.sites["baseline"].sum() == 160
    assert "160 incidents found by police activity are not counted" in trial.text
    every = design_trial(squares(places), found, design="simple", start="2026-01-05",
                         rules=TrialRules(include_police=True))  # fmt: skip
    assert every.sites["baseline"].sum() == 320


def test_blocks_by_command_need_one_and_lpts_are_looked_up(county):
    spots = county.hotspots.drop(columns=["lpt"])
    trial = design_trial(spots, county.incidents, design="blocks", start="2026-01-05",
                         lpts=county.lpts, rules=TrialRules(blocks="command"))  # fmt: skip
    found = trial.sites["lpt"]
    pd.testing.assert_series_equal(
        found, county.hotspots["lpt"].reindex(found.index), check_names=False, check_dtype=False
    )
    of = found.map(county.lpts["command"])
    assert trial.sites.groupby("block").size().min() > 1
    assert [name.rsplit(" ", 1)[0] for name in trial.sites["block"]] == of.tolist()
    with pytest.raises(InputError, match="give lpts=, or blocks='lpt'"):
        design_trial(spots, county.incidents, design="blocks", start="2026-01-05",
                     rules=TrialRules(blocks="command"))  # fmt: skip


def test_balance_is_told_beside_what_chance_gives(trials):
    table = trials["pairs"].balance
    sites = trials["pairs"].sites
    on = sites["arm"] == "treated"
    apart = sites.loc[on, "baseline"].mean() - sites.loc[~on, "baseline"].mean()
    assert table.loc["baseline", "difference"] == pytest.approx(apart / sites["baseline"].std())
    assert table.loc["baseline", "chance_high"] == pytest.approx(
        -table.loc["baseline", "chance_low"]
    )
    assert table.loc["area_km2", ["difference", "chance"]].tolist() == [0, 1]
    free = trials["simple"].balance.loc["baseline"]
    assert free["chance_high"] > 3 * table.loc["baseline", "chance_high"]
    assert (trials["crossover"].balance["difference"].iloc[:7].abs() < 1e-9).all()


def test_a_month_only_start_and_choice_by_the_same_records_are_told(county):
    month = county.incidents.copy()
    month["occurred_from"] = month["occurred_from"].dt.to_period("M").dt.to_timestamp()
    month["occurred_to"] = month["occurred_from"] + pd.offsets.MonthBegin(1)
    spots = county.hotspots.assign(period_start=pd.Timestamp("2025-01-01"),
                                   period_end=pd.Timestamp("2026-01-01"))  # fmt: skip
    said = design_trial(spots, month, design="simple", start="2026-01-05").text
    assert "a month in which patrols begin cannot be counted" in said
    assert "expect fewer incidents later in both arms, patrols or not" in said
    with pytest.raises(InputError, match="only 0% of the incidents are known to the day"):
        design_trial(spots, month, design="crossover", start="2026-01-05")


@pytest.mark.parametrize("design", DESIGNS)
def test_what_the_evaluation_counts_is_what_was_drawn(design):
    from hotspots.impact.counts import count_places

    places = 1000 * np.arange(12)
    found = records(places, [90] * 12, days=454)  # on to the end of March 2026
    trial = design_trial(
        squares(places), found, design=design, start="2026-01-05", weeks=12,
        rules=TrialRules(washout_days=2, acceptance=0.2),
    )  # fmt: skip
    counts = count_places(found, design=trial, rules=hs.ImpactRules(period="D"))
    study = counts.study(counts.outcomes[0])
    inside = (counts.periods["start"] >= trial.start) & (counts.periods["end"] <= trial.end)
    spots = list(counts.places["hotspot"])
    days = trial.calendar.set_index("hotspot").loc[spots]  # day by day for each of them
    actual = days["treated"].to_numpy().reshape(12, 84)
    np.testing.assert_array_equal(study.treat[0][:, inside], actual)
    counted = (days["phase"] != "wash-out").to_numpy().reshape(12, 84)
    np.testing.assert_array_equal(study.used[:, inside], counted)
    again = study.redraw(50, np.random.default_rng(1))
    assert again.shape == (50, *study.treat.shape[1:])
    assert (again.sum(axis=(1, 2)) == study.treat.sum()).all()
    if design == "crossover":  # each cell of a site holds both, whoever is drawn
        for drawn in (study.treat[0], again[0]):
            cells = pd.DataFrame({"cell": study.cell[study.used], "on": drawn[study.used]})
            assert (cells.groupby("cell")["on"].agg(["min", "max"]) == [0, 1]).all().all()


# --- what is refused -----------------------------------------------------------------------------


def test_all_faults_are_named_at_once():
    hotspots, incidents = example_hotspots()
    with pytest.raises(InputError) as caught:
        design_trial(
            hotspots.set_crs(None, allow_override=True), incidents.drop(columns="category"),
            design="factorial", start="2026-01-05 12:00", weeks=0, lpts=hotspots, seed="short",
        )  # fmt: skip
    said = "\n".join(caught.value.faults)
    for fault in ("hotspots: it has no CRS", "incidents: column 'category' is missing",
                  "lpts: column 'area_km2' is missing", "design is 'factorial'",
                  "weeks is 0", "seed is a text of 5 characters",
                  "start is '2026-01-05 12:00'"):  # fmt: skip
        assert fault in said


@pytest.mark.parametrize(("change", "fault"), [
    ({"start": "2026-01-05T00:00Z"}, "without time or zone"),
    ({"start": 20260105}, "start is 20260105"),
    ({"start": "05/01/2026"}, "start is '05/01/2026'"),  # the first of May to some
    ({"start": {}}, "start is {}"),
    ({"start": None}, "start is None"),
    ({"weeks": 12.5}, "weeks is 12.5"),
    ({"weeks": True}, "weeks is True"),
    ({"seed": -1}, "seed is -1"),
    ({"seed": 1.5}, "seed is 1.5"),
    ({"rules": {"steps": 4}}, "rules is of type dict"),
    ({"design": None}, "design is None"),
    ({"design": "stepped wedge", "weeks": 10}, "give weeks=8"),
    ({"design": "crossover", "weeks": 5, "rules": TrialRules(washout_days=3)}, "give weeks=6"),
    ({"start": "2024-01-01"}, "no calendar month before the start"),
    ({"rules": TrialRules(exclude=["H99"])}, "'H99', which is not among the hotspots"),
    ({"rules": TrialRules(covariates=["wealth"])}, "'wealth', which is neither a column"),
    ({"rules": TrialRules(covariates=["name"])}, "'name', as the table of sites calls another"),
    ({"rules": TrialRules(covariates=["far"])}, "'far', which is not a number"),
    ({"rules": TrialRules(categories=["Piracy"])}, "'Piracy', of which there is no incident"),
    ({"rules": TrialRules(min_incidents=60)}, "11 too few incidents"),
    ({"rules": TrialRules(share_treated=0.1)}, "2 or more in each arm"),
    ({"design": "balanced"}, "a larger acceptance"),
])  # fmt: skip
def test_what_cannot_be_drawn_is_refused(change, fault):
    hotspots, incidents = example_hotspots()
    hotspots["far"] = np.inf
    given = {"design": "simple", "start": "2026-01-05"} | change
    with pytest.raises(InputError, match=fault):
        design_trial(hotspots, incidents, **given)


def test_a_lot_that_could_show_nothing_is_refused():
    hotspots, incidents = example_hotspots()
    with pytest.raises(InputError, match=r"about 32 outcomes.*could give a p under 0\.063"):
        design_trial(hotspots.iloc[:10], incidents, design="pairs", start="2026-01-05")
    six = design_trial(hotspots, incidents, design="pairs", start="2026-01-05")
    assert six.least_p == pytest.approx(2 / 64)
    # as the evaluation doubles the smaller tail, 28 outcomes are too few, mirrored or not
    with pytest.raises(InputError, match=r"about 28 outcomes.*could give a p under 0\.071"):
        design_trial(hotspots.iloc[:8], incidents, design="simple", start="2026-01-05",
                     rules=TrialRules(share_treated=0.25))  # fmt: skip


def test_hotspots_without_an_id_of_their_own_are_refused():
    hotspots, incidents = example_hotspots()
    for index in (pd.MultiIndex.from_product([["a", "b"], range(6)]), [None, *range(11)]):
        with pytest.raises(InputError, match=r"levels; give each hotspot one id|has no id"):
            design_trial(hotspots.set_axis(index), incidents, design="simple", start="2026-01-05")


def test_lpts_of_another_projection_are_found_all_the_same(county):
    spots = county.hotspots.drop(columns=["lpt"])
    one, other = (
        design_trial(spots, county.incidents, design="pairs", start="2026-01-05", lpts=lpts)
        for lpts in (county.lpts, county.lpts.to_crs("EPSG:32630"))
    )
    assert one.sites["lpt"].tolist() == other.sites["lpt"].tolist()


@pytest.mark.parametrize("design", DESIGNS)
def test_one_incident_or_none_with_a_point_is_too_few(design):
    hotspots, incidents = example_hotspots()
    unlocated = incidents.set_geometry(gpd.GeoSeries([None] * len(incidents), crs=incidents.crs))
    for some in (incidents.iloc[:1], unlocated):
        with pytest.raises(InputError, match=r"0 hotspots .* are left, too few to draw from"):
            design_trial(hotspots, some, design=design, start="2026-01-05")


def test_a_baseline_long_past_is_told():
    hotspots, incidents = example_hotspots()
    late = design_trial(hotspots, incidents, design="simple", start="2026-06-01")
    assert "the baseline ends 151 days before the trial begins" in late.text


@pytest.mark.parametrize("frame", ["hotspots", "incidents"])
def test_empty_tables_are_refused(frame):
    hotspots, incidents = example_hotspots()
    given = {"hotspots": hotspots, "incidents": incidents}
    given[frame] = given[frame].iloc[:0]
    with pytest.raises(InputError, match=f"{frame}: there are none"):
        design_trial(**given, design="simple", start="2026-01-05")


def test_rules_name_every_value_out_of_range():
    with pytest.raises(InputError) as caught:
        TrialRules(share_treated=1, buffer_m="wide", overlap="both", blocks="ward", steps=1,
                   covariates=[], exclude="H1", categories=[1], include_police="no")  # fmt: skip
    assert len(caught.value.faults) == 9
    names = ["H2", "H1"]
    rules = TrialRules(exclude=names)
    names.append("H3")  # what was given may change, the rules do not
    assert rules.exclude == ("H2", "H1")
    with pytest.raises(InputError, match="exclude is <generator"):
        TrialRules(exclude=(name for name in names))


# --- the register and the protocol ---------------------------------------------------------------


def test_the_register_holds_the_trial_and_shows_changes(tmp_path, trials):
    path, trial = tmp_path / "deep" / "register.csv", trials["pairs"]
    found = register_trial(path, trial, when=dt.datetime(2025, 12, 19, 9))
    assert found.registered
    assert "17 days before it began" in found.text
    row = found.log.loc[1]
    assert (row["digest"], row["sites"], row["intact"]) == (trial.digest, 12, True)
    with pytest.raises(InputError, match="in the register already, as row 1"):
        register_trial(path, trial)
    again = example_trial("pairs")  # who knows the seed draws the same
    assert check_register(path, again).registered
    text = path.read_text(encoding="utf-8-sig")
    assert trial.nonce not in text
    path.write_text(text.replace(",12,", ",13,"), encoding="utf-8")
    changed = check_register(path, trial, seal=found.seal)
    assert not changed.registered
    assert "changed since it was written: row 1" in changed.text
    with pytest.raises(InputError, match="row 1 is not as it was written"):
        register_trial(path, trials["blocks"])


def test_a_register_an_editor_cut_the_last_line_end_of_is_added_to(tmp_path, trials):
    path, when = tmp_path / "register.csv", dt.datetime(2025, 12, 19, 9)
    path.touch()  # an empty file is a new one
    register_trial(path, trials["pairs"], when=when)
    path.write_bytes(path.read_bytes().rstrip())
    found = register_trial(path, trials["blocks"], when=when)
    assert found.log["intact"].tolist() == [True, True]
    path.write_bytes(path.read_bytes() + b"x" * 200_000)
    with pytest.raises(InputError, match="no register of trials: field larger"):
        check_register(path, trials["pairs"])
    with pytest.raises(InputError, match="a time of our days"):
        register_trial(tmp_path / "r.csv", trials["pairs"], when=dt.datetime(1, 1, 1))


def test_another_draw_of_the_same_sites_is_told(tmp_path, trials):
    path = tmp_path / "register.csv"
    register_trial(path, trials["pairs"], when=dt.datetime(2025, 12, 18))
    hotspots, incidents = example_hotspots()
    other = design_trial(hotspots, incidents, design="pairs", start="2026-01-05", seed=7)
    found = register_trial(path, other, when=dt.datetime(2025, 12, 19))
    assert "drawn 1 other time (first in row 1): ask why" in found.text


def test_late_missing_and_changed_trials_are_not_registered(tmp_path, trials):
    path = tmp_path / "register.csv"
    late = register_trial(path, trials["pairs"], when=dt.datetime(2026, 1, 6))
    assert not late.registered
    assert "after it had begun" in late.text
    absent = check_register(path, trials["blocks"])
    assert not absent.registered
    assert "is not in the register" in absent.text
    swapped = trials["pairs"].calendar.assign(treated=~trials["pairs"].calendar["treated"])
    forged = replace(trials["pairs"], calendar=swapped)
    assert digest_of(forged) != forged.digest
    assert not check_register(path, forged).registered
    with pytest.raises(InputError, match="not as it was drawn"):
        register_trial(path, forged)
    assert "taken off its end" in check_register(path, trials["pairs"], seal="0" * 12).text


def test_whatever_is_changed_in_a_design_changes_its_digest(trials):
    trial = trials["pairs"]
    sites, first = trial.sites, trial.sites.index[0]
    moved = sites.geometry.where(sites.index != first, sites.geometry.translate(0.01))
    others = [
        replace(trial, sites=sites.assign(block=sites["block"].where(sites.index != first, "?"))),
        replace(trial, sites=sites.set_geometry(moved)), replace(trial, nonce="another"),
        replace(trial, calendar=trial.calendar.iloc[1:]), replace(trial, design="simple"),
        replace(trial, rules=replace(trial.rules, min_incidents=1)),
    ]  # fmt: skip
    assert len({digest_of(one) for one in [trial, *others]}) == 1 + len(others)


def test_a_secret_is_not_told_and_makes_its_own_assignment():
    hotspots, incidents = example_hotspots()
    secret = "kept in the safe of the university"
    one, other = (design_trial(hotspots, incidents, design="simple", start="2026-01-05", seed=s)
                  for s in (secret, secret + "!"))  # fmt: skip
    assert len(one.seed) == 12
    assert secret not in repr(one.__dict__)
    assert one.digest != other.digest
    assert one.nonce != other.nonce
    assert "anybody can try" not in one.text


def test_what_is_no_trial_or_path_is_refused(tmp_path, trials):
    for call in (lambda: register_trial(tmp_path / "r.csv", "trial"),
                 lambda: check_register(tmp_path / "r.csv", None),
                 lambda: write_protocol(tmp_path / "p.md", 1)):  # fmt: skip
        with pytest.raises(InputError, match="design is of type"):
            call()
    lacking = replace(trials["pairs"], sites=trials["pairs"].sites.drop(columns="block"))
    for broken in (lacking, replace(trials["pairs"], calendar=None)):
        with pytest.raises(InputError, match="lacks what design_trial gave it"):
            check_register(tmp_path / "r.csv", broken)
    with pytest.raises(InputError, match="rules is of type NoneType"):
        write_protocol(tmp_path / "p.md", replace(trials["pairs"], rules=None))
    with pytest.raises(InputError, match="there is no file"):
        check_register(tmp_path / "none.csv", trials["pairs"])
    (tmp_path / "other.csv").write_text("a,b\n", encoding="utf-8")
    with pytest.raises(InputError, match="no register of trials"):
        register_trial(tmp_path / "other.csv", trials["pairs"])
    with pytest.raises(InputError) as caught:
        write_protocol(tmp_path / "p.docx", trials["pairs"], power=3, rules=4, question=" ")
    assert len(caught.value.faults) == 4


def test_the_protocol_says_what_will_be_done_and_keeps_who_was_drawn(tmp_path, trials):
    rules = hs.ImpactRules(outcomes={"ASB": ["Anti-social behaviour"], "All": ["A", "B"]})
    trial = trials["pairs"]
    path = write_protocol(tmp_path / "p.md", trial, rules=rules)
    text = path.read_text(encoding="utf-8")
    assert "Primary: ASB (Anti-social behaviour)." in text
    assert "Secondary: All (A, B)." in text
    assert trial.digest in text
    assert "| arm |" not in text
    sites = [line for line in text.splitlines() if line.startswith("| H")]
    assert len(sites) == 12
    assert not any("treated" in line or "control" in line for line in sites)
    open_text = write_protocol(tmp_path / "q.md", trial, assignment=True).read_text(
        encoding="utf-8"
    )
    told = [line for line in open_text.splitlines() if line.startswith("| H")]
    assert sum("| treated |" in line for line in told) == 6
    assert "placebo dates and sites" in text
    wedge = write_protocol(tmp_path / "w.md", trials["stepped wedge"], assignment=True)
    said = wedge.read_text(encoding="utf-8")
    assert "Early and late starters: means" in said
    assert "placebo" not in said  # no site is left alone
    assert not list(tmp_path.glob(".*"))


def test_the_page_is_whole_and_escaped(tmp_path):
    hotspots, incidents = example_hotspots()
    hotspots["name"] = "<b>Fish & Chips</b>"
    trial = design_trial(hotspots, incidents, design="stepped wedge", start="2026-01-05")
    page = write_protocol(tmp_path / "p.html", trial).read_text(encoding="utf-8")
    assert "&lt;b&gt;Fish &amp; Chips&lt;/b&gt;" in page
    assert "<b>" not in page
    assert "http" not in page
    assert page.rstrip().endswith("</html>")


def test_every_column_that_is_exported_is_explained(tmp_path, trials):
    from hotspots.report.bi import _flat
    from hotspots.report.columns import about
    from hotspots.report.stations import gather

    for trial in (trials["stepped wedge"], trials["crossover"]):
        held = register_trial(tmp_path / f"{trial.design}.csv", trial)
        for kind, name, frame in gather((trial, held), what="test").tables():
            table = f"{kind}_{name}"
            silent = [c for c in _flat(frame) if not about(table, str(c))["meaning"]]
            assert silent == [], table
