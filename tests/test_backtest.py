"""Backtests: nothing leaks, known truth wins, intervals cover, the answer comes first."""

import geopandas as gpd
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import shapely

import hotspots as hs
from hotspots.accuracy import intervals
from hotspots.accuracy.baselines import Lottery, Ranking, rank_baselines, shrunk
from hotspots.accuracy.intervals import blocks_of, bounds, resampled
from hotspots.contracts import InputError, Notice

LAST_YEAR, ALL_BEFORE = "last year's counts", "all counts before"
EVERY = "counts of every type"
SHRUNK, KNOWN, RANDOM = "shrunk counts", "known cells by counts", "random inhabited cells"
WEST, SOUTH = 380_000, 340_000


def make_grid(size=100) -> hs.Grid:
    """Two LPTs of 3 × 4 km."""
    shapes = [shapely.box(WEST + x, SOUTH, WEST + x + 3000, SOUTH + 4000) for x in (0, 3000)]
    lpts = gpd.GeoDataFrame({"lpt": ["West", "East"]}, geometry=shapes, crs="EPSG:27700")
    return hs.Grid.over(hs.read_lpts(lpts), size)


def draw(grid, rate, months, seed=0, category="Theft", **columns) -> gpd.GeoDataFrame:
    """Month-only incidents drawn from known rates per cell and month (from January 2024)."""
    rng = np.random.default_rng(seed)
    parts = []
    for number in range(months):
        count = rng.poisson(rate)
        start = pd.Timestamp("2024-01-01") + pd.DateOffset(months=number)
        at = grid.centres[np.repeat(np.arange(len(rate)), count)]
        parts.append(pd.DataFrame({
            "category": category, "occurred_from": start,
            "occurred_to": start + pd.DateOffset(months=1), "x": at[:, 0], "y": at[:, 1],
        }))  # fmt: skip
    rows = pd.concat(parts, ignore_index=True).assign(**columns)
    rows.index = pd.Index([f"{category}{seed}-{n:06d}" for n in range(len(rows))], name="incident")
    points = gpd.points_from_xy(rows.pop("x"), rows.pop("y"))
    return gpd.GeoDataFrame(rows, geometry=points, crs="EPSG:27700")


class Fixed:
    """A detector that knows its heat beforehand."""

    def __init__(self, heat):
        self.heat = heat

    def fit(self, incidents):  # noqa: ARG002
        return self

    def predict(self, grid):
        return pd.Series(self.heat, index=grid.cells)


class Spy(hs.Counts):
    """Counts that remember what they were shown."""

    shown: list = []  # noqa: RUF012

    def _fit(self):
        frame = self._incidents
        Spy.shown.append((frame["occurred_to"].max(), len(frame), set(frame["category"])))


class Choosy(Spy):
    """A detector with a category."""

    def __init__(self, category=None, *, weights=None, years=None, include_police=False):
        self.category = category
        super().__init__(weights=weights, years=years, include_police=include_police)

    def _fit(self):
        super()._fit()
        Spy.shown[-1] = (*Spy.shown[-1], self.category)


@pytest.fixture(scope="module", autouse=True)
def fewer_draws():
    """Fewer resamples than in use: what is tested does not hang on the last digit of a bound."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(intervals, "DRAWS", 400)
        yield


@pytest.fixture(scope="module")
def grid() -> hs.Grid:
    return make_grid()


@pytest.fixture(scope="module")
def rate(grid) -> np.ndarray:
    return np.random.default_rng(8).gamma(0.4, 0.1, len(grid.cells))


@pytest.fixture(scope="module")
def theft(grid, rate) -> gpd.GeoDataFrame:
    return draw(grid, rate, 14)


@pytest.fixture(scope="module")
def tested(grid, rate, theft) -> hs.Backtest:
    return hs.backtest(
        {"truth": Fixed(rate), "even": Fixed(np.ones(len(rate))), "counts": hs.Counts()},
        theft, grid, coverage=0.05, origins=6,
    )  # fmt: skip


# --- known truth -----------------------------------------------------------------------------


def test_the_truth_wins_and_reaches_what_it_must(tested, rate):
    summary = tested.summary
    top = np.sort(rate)[::-1][: int(0.05 * len(rate))]
    expected = top.sum() / rate.sum()
    row = summary.loc["truth"]
    assert row["low"] < expected < row["high"]
    assert row["hit_rate"] == summary["hit_rate"].max()
    assert row["log_score"] == summary["log_score"].max()
    assert row["beats"] == "yes"
    assert row["difference_low"] > 0
    even = summary.loc["even"]
    assert even["beats"] == "no"
    assert even["log_score"] == pytest.approx(0)
    assert even["auc"] == pytest.approx(0.5, abs=0.05)


def test_counts_are_the_baseline_and_no_better(tested):
    """The first months hold no more than a year, so that all rankings by counts agree at first."""
    summary = tested.summary
    scores = tested.scores.pivot_table(
        index="origin", columns="detector", values="caught", aggfunc="sum"
    )
    assert (scores["counts"] == scores[ALL_BEFORE]).all()
    early = scores.index < "2025-02-01"
    assert (scores.loc[early, "counts"] == scores.loc[early, LAST_YEAR]).all()
    assert summary.loc[LAST_YEAR, "beats"] == "the one to beat"
    assert summary.loc["counts", "beats"] in ("cannot tell", "the same")


def test_scores_are_the_measures(tested, theft, grid, rate):
    origin = pd.Timestamp("2025-02-01")
    later = theft[(theft["occurred_from"] == origin).to_numpy()]
    observed = grid.counts(later)
    rows = tested.scores[tested.scores["origin"] == origin]
    for name, heat in (("truth", rate), ("even", np.ones(len(rate)))):
        mine = rows[rows["detector"] == name].set_index("budget")
        for label, cells in mine["cells"].items():
            for word, measure in (("hit_rate", hs.hit_rate), ("pai", hs.pai), ("pei", hs.pei)):
                want = measure(observed.to_numpy(), heat)[cells - 1]
                assert mine.loc[label, word] == pytest.approx(want)
    assert mine.loc["5% of the area", "cells"] == 120
    assert mine.loc["5 cells", "share_area"] == 5 / 2400
    assert (rows["incidents"] == len(later)).all()
    whole = [hs.area_under_curve(
        grid.counts(theft[(theft["occurred_from"] == o).to_numpy()]).to_numpy(), rate
    ) for o in tested.scores["origin"].unique()]  # fmt: skip
    assert tested.summary.loc["truth", "auc"] == pytest.approx(np.mean(whole))


def test_tables_fit_together(tested):
    scores, summary = tested.scores, tested.summary
    assert summary.index.tolist() == [
        "truth", "even", "counts", LAST_YEAR, ALL_BEFORE, SHRUNK, KNOWN, EVERY, RANDOM
    ]  # fmt: skip
    mean = scores[scores["budget"] == "5% of the area"].groupby("detector")["hit_rate"].mean()
    np.testing.assert_allclose(summary["hit_rate"], mean[summary.index])
    assert (summary["origins"] == 6).all()
    difference = summary["hit_rate"] - summary.loc[LAST_YEAR, "hit_rate"]
    np.testing.assert_allclose(
        summary["difference"].drop(LAST_YEAR), difference.drop(LAST_YEAR), atol=1e-12
    )
    for _, curve in tested.curves.groupby("detector"):
        assert curve["share_area"].iloc[[0, -1]].tolist() == [0, 1]
        assert curve["hit_rate"].iloc[[0, -1]].tolist() == [0, pytest.approx(1)]
        assert curve["hit_rate"].is_monotonic_increasing
        assert (curve["low"] <= curve["hit_rate"] + 1e-9).all()
        assert (curve["hit_rate"] <= curve["high"] + 1e-9).all()
    assert set(tested.tables) == {
        "summary", "scores", "curves", "by_lpt", "stability", "periods", "failures"
    }  # fmt: skip
    assert (
        tested.periods["scored"].sum()
        == scores[(scores["detector"] == "truth") & (scores["budget"] == "5 cells")][
            "incidents"
        ].sum()
    )


def test_each_lpt_is_scored_on_its_own_cells(tested, theft, grid, rate):
    table = tested.by_lpt.query("detector == 'truth'").set_index("lpt")
    assert table.index.tolist() == ["East", "West", "all LPTs"]
    later = theft[(theft["occurred_from"] >= "2024-09-01").to_numpy()]
    observed = grid.counts(later).to_numpy()
    for name in ("East", "West"):
        mine = grid.lpt == name
        want = hs.hit_rate(observed[mine], rate[mine])[59]
        assert table.loc[name, "hit_rate"] == pytest.approx(want)
        assert table.loc[name, "cells"] == 60
        assert table.loc[name, "incidents"] == observed[mine].sum()
        assert table.loc[name, "pai"] == pytest.approx(want / 0.05)
    top = np.argsort(-rate)[:120]
    both = observed[top][grid.lpt[top] == "West"].sum() / observed[grid.lpt == "West"].sum()
    assert table.loc["West", "hit_rate_shared"] == pytest.approx(both)
    assert table.loc["West", "cells_shared"] == (grid.lpt[top] == "West").sum()
    assert table["cells_shared"].iloc[:2].sum() == table.loc["all LPTs", "cells_shared"] == 120
    assert (tested.by_lpt["pei"].dropna() <= 1 + 1e-9).all()


def test_stability_between_months(tested):
    table = tested.stability
    assert table.loc[table["detector"] == "truth", ["kept", "rbo"]].to_numpy() == pytest.approx(1)
    assert table["origin"].nunique() == 5
    counts = table[table["detector"] == "counts"]
    assert counts["kept"].between(0.3, 1).all()
    assert (counts["rbo"] < 1).any()
    assert RANDOM not in set(table["detector"])


# --- no leakage ------------------------------------------------------------------------------


def test_nothing_after_the_origin_is_ever_shown(theft, grid):
    Spy.shown.clear()
    other = draw(grid, np.full(len(grid.cells), 0.05), 14, seed=5, category="Arson")
    both = pd.concat([theft, other]).sample(frac=1, random_state=1)
    result = hs.backtest([Spy(), Choosy()], both, grid, category="Theft", origins=3)
    plain, choosy = Spy.shown[::2], Spy.shown[1::2]
    assert [shown[0] for shown in plain] == result.periods["origin"].tolist()
    assert [shown[0] for shown in choosy] == result.periods["origin"].tolist()
    assert all(shown[2] == {"Theft"} for shown in plain)
    assert all(shown[2] == {"Theft", "Arson"} for shown in choosy)  # the whole table
    assert {shown[3] for shown in choosy} == {"Theft"}  # set on a clone
    assert Choosy().category is None
    assert [shown[1] for shown in choosy] == result.periods["train_incidents"].tolist()


def test_shuffled_futures_are_caught_no_better_than_by_chance(grid, rate):
    rows = draw(grid, rate, 12, seed=3)
    future = (rows["occurred_from"] >= "2024-10-01").to_numpy()
    rng = np.random.default_rng(0)
    shuffled = rows.copy()
    scattered = grid.centres[rng.integers(0, len(grid.cells), future.sum())]
    shuffled.loc[future, "geometry"] = gpd.points_from_xy(*scattered.T)
    result = hs.backtest(hs.Counts(), shuffled, grid, coverage=0.05, origins=3).summary
    honest = hs.backtest(hs.Counts(), rows, grid, coverage=0.05, origins=3).summary
    assert honest.loc["Counts()", "hit_rate"] > 0.2
    row = result.loc["Counts()"]
    assert row["low"] < 0.05 < row["high"]


def test_a_gap_keeps_late_records_away(theft, grid):
    Spy.shown.clear()
    rule = hs.RollingOrigin(n_origins=2, gap="1MS", train="6MS")
    result = hs.backtest(Spy(), theft, grid, horizon=rule)
    assert (result.periods["test_start"] - result.periods["origin"]).dt.days.tolist() == [31, 31]
    assert [shown[0] for shown in Spy.shown] == result.periods["origin"].tolist()


# --- baselines -------------------------------------------------------------------------------


def test_a_short_training_window_is_no_handicap_of_the_baselines(theft, grid):
    whole, short = (
        hs.backtest(hs.Counts(), theft, grid, horizon=rule).summary[["hit_rate", "auc"]]
        for rule in (hs.RollingOrigin(n_origins=2), hs.RollingOrigin(n_origins=2, train="1MS"))
    )
    plain = [LAST_YEAR, ALL_BEFORE, SHRUNK, KNOWN, RANDOM]
    pd.testing.assert_frame_equal(short.loc[plain], whole.loc[plain])
    assert short.loc["Counts()", "hit_rate"] < whole.loc["Counts()", "hit_rate"]


def test_last_year_is_the_last_twelve_recorded_months(grid):
    """A place busy only 13 months ago counts before, but not in last year's counts."""
    rate = np.zeros(len(grid.cells))
    rate[:300] = 0.3
    rows = draw(grid, rate, 15)
    old = draw(grid, np.where(np.arange(len(rate)) == 2000, 900.0, 0), 1, seed=9)
    new = draw(grid, np.where(np.arange(len(rate)) == 2000, 50.0, 0), 15, seed=10)
    last = new[(new["occurred_from"] >= "2025-03-01").to_numpy()]
    both = pd.concat([rows, old, last])
    scores = hs.backtest(Fixed(rate), both, grid, origins=1).scores
    caught = scores[scores["budget"] == "5 cells"].set_index("detector")["caught"]
    assert caught[ALL_BEFORE] >= len(last) > 0
    assert caught[LAST_YEAR] < 10 < len(last)
    # with a month missing in between, twelve recorded months reach back to the first
    gone = both[~both["occurred_from"].isin(pd.to_datetime(["2024-05-01", "2024-06-01"]))]
    scores = hs.backtest(Fixed(rate), gone, grid, origins=1).scores
    caught = scores[scores["budget"] == "5 cells"].set_index("detector")["caught"]
    assert caught[LAST_YEAR] >= len(last)


def test_shrinkage_by_hand():
    """Two LPTs of 4 cells with means 2 and .5: sums of squares by hand."""
    count = np.array([5.0, 1, 1, 1, 2, 0, 0, 0])
    lpt = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    beyond = (9 - 2) + 3 * (1 - 2) + (2.25 - 0.5) + 3 * (0.25 - 0.5)
    alpha = (4 * 4 + 4 * 0.25) / beyond
    want = [(alpha + y) / (alpha / m + 1) for y, m in zip(count, [2] * 4 + [0.5] * 4, strict=True)]
    np.testing.assert_allclose(shrunk(count, lpt), want)
    assert shrunk(count, lpt)[1] > shrunk(np.array([5.0, 1, 1, 1, 1, 1, 0, 0]), lpt)[4]
    # no more than chance: the means alone; and nothing at all
    np.testing.assert_allclose(shrunk(np.array([1.0, 1, 1, 1]), np.zeros(4, int)), 1)
    assert shrunk(np.zeros(4), np.zeros(4, int)).tolist() == [0] * 4


def test_known_cells_come_before_empty_ones():
    year = np.array([0.0, 2, 0, 1, 0])
    every = np.array([0.0, 2, 0, 1, 7])
    ranked = rank_baselines(year, year, every, np.zeros(5, int))
    assert ranked[LAST_YEAR].order.tolist() == [1, 3, 0, 2, 4]
    assert ranked[KNOWN].order.tolist() == [1, 3, 4, 0, 2]
    assert ranked[EVERY].order.tolist() == [4, 1, 3, 0, 2]


def test_drawing_blindly_is_what_many_draws_give():
    rng = np.random.default_rng(4)
    known = rng.random(60) < 0.5
    seen = np.where(known, rng.poisson(2, 60), rng.poisson(0.3, 60)).astype(float)
    blind = Lottery(known)
    held, group = np.flatnonzero(seen), rng.integers(0, 3, 60)
    for budget in (7, int(known.sum()), 50):
        caught = []
        for _ in range(4000):
            first = rng.permutation(np.flatnonzero(known))
            rest = rng.permutation(np.flatnonzero(~known))
            caught.append(seen[np.concatenate([first, rest])[:budget]].sum())
        chance = blind.chance(held, np.array([budget]))[:, 0]
        assert (chance * seen[held]).sum() == pytest.approx(np.mean(caught), rel=0.02)
        spread = np.sqrt(blind.variance(seen, budget))
        assert spread == pytest.approx(np.std(caught), rel=0.05, abs=1e-9)
    by_group = blind.chance(held, np.full((len(held), 1), 3), among=group)[:, 0]
    for name in range(3):
        inside = known & (group == name)
        mine = known[held] & (group[held] == name)
        assert by_group[mine] == pytest.approx(np.full(mine.sum(), min(3 / inside.sum(), 1)))
    assert blind.taken(7).sum() == pytest.approx(7)


def test_a_ranking_within_groups():
    ranking = Ranking.of(np.array([1.0, 5, 3, 2, 4, 4]))
    group = np.array([0, 0, 0, 1, 1, 1])
    inside = ranking.chance(np.arange(6), np.array([1, 2]), among=group)
    assert inside.tolist() == [[0, 0], [1, 1], [0, 1], [0, 0], [1, 1], [0, 1]]
    assert ranking.depth(np.arange(6)).tolist() == [5, 0, 3, 4, 1, 2]


# --- intervals -------------------------------------------------------------------------------


def test_intervals_hold_the_truth_and_resampling_origins_alone_would_not(grid, monkeypatch):
    """Six months with shocks by place: the true difference is inside in at least 93 of 100."""
    monkeypatch.setattr(intervals, "DRAWS", 300)
    rng = np.random.default_rng(6)
    block, width = blocks_of(grid)
    assert width == pytest.approx(np.sqrt(24e6 / 100))
    cells = len(grid.cells)
    rate = rng.gamma(0.15, 1.0, cells)
    ours = rng.permutation(np.argsort(-rate)[:300])[:150]
    theirs = rng.permutation(np.argsort(-rate)[:300])[:150]
    sign = np.zeros((cells, 2))
    sign[ours, 0], sign[theirs, 1] = 1, 1
    truth = float((sign[:, 0] - sign[:, 1]) @ rate / rate.sum())
    inside, months_inside, wide = [], [], []
    for _ in range(100):
        draws, rates = 0.0, []
        for _ in range(6):
            shock = rng.gamma(4, 1 / 4, block.max() + 1)[block]
            seen = rng.poisson(rate * shock).astype(float)
            held = np.flatnonzero(seen)
            caught = sign[held] * seen[held][:, None]
            draws = draws + resampled(caught, seen[held], block[held], rng) / 6
            rates.append((caught[:, 0].sum() - caught[:, 1].sum()) / seen.sum())
        low, high = bounds(draws[:, 0] - draws[:, 1])
        inside.append(low <= truth <= high)
        wide.append(high - low)
        months = rng.choice(rates, (300, 6)).mean(axis=1)
        few = bounds(months)
        months_inside.append(few[0] <= truth <= few[1])
    assert np.mean(inside) >= 0.93
    assert np.mean(months_inside) < np.mean(inside)
    assert np.mean(wide) < 0.15  # and it is not wide beyond use


def test_the_same_seed_gives_the_same_whatever_the_order_of_rows(theft, grid, tested, rate):
    named = {"truth": Fixed(rate), "even": Fixed(np.ones(len(rate))), "counts": hs.Counts()}
    again = hs.backtest(named, theft.sample(frac=1), grid, coverage=0.05, origins=6)
    for name, table in tested.tables.items():
        pd.testing.assert_frame_equal(again.tables[name], table)
    assert again.text == tested.text
    other = hs.backtest(named, theft, grid, coverage=0.05, origins=6, seed=1)
    assert other.summary.loc["truth", "low"] != tested.summary.loc["truth", "low"]
    pd.testing.assert_frame_equal(other.scores, tested.scores)


def test_too_few_places_give_no_interval(grid):
    rate = np.zeros(len(grid.cells))
    rate[5] = 30
    result = hs.backtest(hs.Counts(), draw(grid, rate, 8), grid, origins=2)
    row = result.summary.loc["Counts()"]
    assert row["hit_rate"] == 1
    assert np.isnan(row["low"])
    assert row["beats"] == "cannot tell"
    assert "too few for intervals" in result.text


def test_nothing_to_score_is_said_and_no_crash(theft, grid):
    """A grid elsewhere, one cell, and a category of one incident."""
    square = shapely.box(WEST - 900, SOUTH, WEST - 800, SOUTH + 100)
    corner = gpd.GeoDataFrame({"lpt": ["Far"]}, geometry=[square], crs="EPSG:27700")
    far = hs.Grid.over(hs.read_lpts(corner), 100)
    rare = pd.concat([theft, theft.iloc[[5]].assign(category="Rare").set_axis(["rare"])])
    for rows, place, category in ((theft, far, None), (rare, grid, "Rare")):
        result = hs.backtest(hs.Counts(), rows, place, category=category, origins=2)
        assert result.summary.loc["Counts()", "beats"] == "not scored"
        assert result.text.startswith("Does Counts() beat last year's counts? Not scored")
        assert len(result.curves) == 0
        with pytest.raises(InputError, match="nothing was scored"):
            hs.plot_backtest(result)
    with pytest.raises(InputError, match="no period of 1MS in the records can serve as a test"):
        hs.backtest(hs.Counts(), theft.iloc[:1], grid)


# --- words -----------------------------------------------------------------------------------


def test_the_plain_question_is_answered_first(tested):
    row = tested.summary.loc["truth"]
    first, rest = tested.text.split("\nDoes ", 1)
    assert first == (
        f"Does truth beat last year's counts? Yes: in 5% of the area it caught "
        f"{row['hit_rate']:.1%} of all incidents against "
        f"{tested.summary.loc[LAST_YEAR, 'hit_rate']:.1%}, difference "
        f"{100 * row['difference']:+.1f} points (95% interval {100 * row['difference_low']:+.1f} "
        f"to {100 * row['difference_high']:+.1f}) over 6 periods, ahead in {row['better_in']}."
    )
    assert rest.startswith("counts beat last year's counts?")
    assert "Does even beat last year's counts? No: " in rest
    assert "between 1 September 2024 and 1 March 2025" in rest
    assert str(tested) == tested.text


def test_police_generated_incidents_are_left_out_and_said_once(theft, grid):
    origin = np.where(np.arange(len(theft)) % 4 == 0, "police", "public")
    marked = theft.assign(origin=origin)
    without = hs.backtest([hs.Counts(), hs.KDE(300, allow_fine=True)], marked, grid, origins=2)
    told = f"{(origin == 'police').sum():,} police-generated incidents (origin 'police') are left"
    assert without.text.count("police-generated") == 1
    assert told in without.text
    public = hs.backtest(hs.Counts(), marked[origin == "public"], grid, origins=2)
    pd.testing.assert_frame_equal(
        without.scores.query("detector == 'Counts()'").reset_index(drop=True),
        public.scores.query("detector == 'Counts()'").reset_index(drop=True),
    )
    kept = hs.backtest(hs.Counts(include_police=True), marked, grid, origins=2)
    assert "because Counts(include_police=True) asked for them" in kept.text
    assert kept.periods["scored"].sum() > without.periods["scored"].sum()
    with pytest.raises(InputError, match="give a detector with include_police=True"):
        hs.backtest(hs.Counts(), theft.assign(origin="police"), grid)


def test_a_detector_that_fails_is_reported(theft, grid):
    sizes = hs.RollingOrigin(n_origins=4).origins(theft)["train_incidents"]
    most = sizes.median()

    class Fussy(hs.Counts):
        def _fit(self):
            if len(self._incidents) > most:
                raise InputError("Fussy", ["there are too many incidents; give fewer."])

    result = hs.backtest([Fussy(), hs.KDE(-1)], theft, grid, origins=4)
    failed = result.failures.groupby("detector", sort=False).size()
    bad = "KDE(bandwidth=-1, kernel='quartic')"
    assert failed["Fussy()"] == 2
    assert failed[bad] == 4
    assert result.summary.loc["Fussy()", "origins"] == 2
    assert result.summary.loc[bad, "beats"] == "not scored"
    assert "Fussy() failed at 2 of 4 origins" in result.text
    assert "Fussy: there are too many incidents; give fewer." in result.text
    assert "bandwidth=-1" in result.text
    assert f"{bad} failed at every origin and is not scored." in result.text
    # compared over the periods it was scored in
    row = result.summary.loc["Fussy()"]
    assert row["difference"] == pytest.approx(0)
    hs.plot_backtest(result)
    plt.close("all")


def test_any_other_error_is_not_swallowed(theft, grid):
    class Broken(hs.Counts):
        def _fit(self):
            raise ZeroDivisionError("a mistake in the method")

    with pytest.raises(ZeroDivisionError):
        hs.backtest(Broken(), theft, grid, origins=2)


def test_what_detectors_announce_is_said_once(grid):
    rate = np.zeros(len(grid.cells))
    rate[:40] = 0.05
    rare = draw(grid, rate, 10, category="Rare")
    often = draw(grid, np.full(len(grid.cells), 0.05), 10, seed=2)
    gone = rare[~rare["occurred_from"].isin(pd.to_datetime(["2024-02-01"]))]
    with pytest.warns(Notice) as said:
        hs.backtest(hs.Counts(), pd.concat([gone, often]), grid, category="Rare", origins=1)
    assert len(said) == 1


def test_a_detector_that_tells_few_cells_apart_is_said_to(theft, grid):
    few = np.zeros(len(grid.cells))
    few[100:107] = 1
    result = hs.backtest({"few": Fixed(few)}, theft, grid, coverage=0.05, origins=2)
    assert result.summary.loc["few", "cells_told"] == 7
    assert "few tells only 7 of the 120 cells apart from the rest" in result.text
    assert "tells only" not in hs.backtest({"few": Fixed(few)}, theft, grid, coverage=0.002).text


def test_an_easy_rival_is_called_so(theft, grid):
    result = hs.backtest(hs.KDE(900), theft, grid, coverage=0.9, origins=2)
    told = result.summary.loc[LAST_YEAR, "cells_told"]
    assert told < 0.9 * len(grid.cells)
    assert f"An easy rival: {LAST_YEAR} tell only {told:,.0f} of the " in result.text
    assert "easy rival" not in hs.backtest(hs.KDE(900), theft, grid, coverage=0.05, origins=2).text


def test_a_coverage_of_less_than_a_cell_is_said(theft, grid):
    text = hs.backtest(hs.Counts(), theft, grid, coverage=1e-6, origins=1).text
    assert "in one cell (0.042% of the area; the coverage asked for buys none) it caught" in text


def test_names_stay_apart(theft, grid):
    result = hs.backtest([hs.Counts(), hs.Counts()], theft, grid, origins=1)
    assert result.summary.index[:2].tolist() == ["Counts()", "Counts() (2)"]


def test_missing_months_are_passed_over_and_told(theft, grid):
    gone = theft[~theft["occurred_from"].isin(pd.to_datetime(["2025-01-01"]))]
    result = hs.backtest(hs.Counts(), gone, grid, origins=2)
    assert result.periods["used"].tolist() == [True, False, True]
    assert "Not tested on the periods from 01 January 2025: month missing" in result.text
    assert len(result.scores["origin"].unique()) == 2


def test_weeks_of_dated_records():
    county = hs.make_county(seed=1, months=6, scale=0.2)
    grid = hs.Grid.over(county.lpts, size=500)
    rows = county.incidents.query("origin == 'public'")
    result = hs.backtest(hs.KDE(1000), rows, grid, horizon="28D", origins=2, coverage=0.05)
    assert (result.periods["test_end"] - result.periods["test_start"]).dt.days.tolist() == [28, 28]
    assert result.periods["unplaced"].sum() > 0
    assert "have no place in the grid" in result.text


def test_every_fault_is_named_at_once(theft, grid):
    with pytest.raises(InputError) as error:
        hs.backtest(
            [hs.KDE, "kde", hs.Counts()], theft, "grid", category="Arson", horizon="month",
            coverage=0, origins=0, seed="lucky",
        )  # fmt: skip
    said = str(error.value)
    for part in (
        "grid is of type str", "coverage=0;", "give one such as KDE()", "'kde' is no detector",
        "category='Arson' is not in the incidents; they hold Theft", "horizon='month'",
        "n_origins=0", "seed='lucky'",
    ):  # fmt: skip
        assert part in said
    for wrong in (5, ["Theft"], ("Theft",), np.array(["Theft"]), b"Theft"):
        with pytest.raises(InputError, match=r"category=.*; it must name one category"):
            hs.backtest(hs.Counts(), theft, grid, category=wrong)
    with pytest.raises(InputError, match="horizon='99999999999MS'"):
        hs.backtest(hs.Counts(), theft, grid, horizon="99999999999MS")
    with pytest.raises(InputError, match="the incidents: it is of type NoneType"):
        hs.backtest(hs.Counts(), None, grid)
    with pytest.raises(InputError, match="there are no detectors"):
        hs.backtest([], theft, grid)
    with pytest.raises(InputError, match="is the name of a baseline"):
        hs.backtest({LAST_YEAR: hs.Counts()}, theft, grid)
    with pytest.raises(InputError, match="are both given; give one"):
        hs.backtest(hs.Counts(), theft, grid, horizon=hs.RollingOrigin(), origins=3)
    with pytest.raises(InputError, match="is about category='Arson' and the backtest about None"):
        hs.backtest(Choosy("Arson"), theft, grid)
    with pytest.raises(InputError, match=r"use \.to_crs\(grid\.crs\)"):
        hs.backtest(hs.Counts(), theft.to_crs(32630), grid)
    with pytest.raises(InputError, match="there are no incidents"):
        hs.backtest(hs.Counts(), theft.iloc[:0], grid)
    nowhere = theft.set_geometry(gpd.GeoSeries([shapely.Point()] * len(theft), theft.index,
                                               crs=theft.crs))  # fmt: skip
    with pytest.raises(InputError, match="no incident has a point"):
        hs.backtest(hs.Counts(), nowhere, grid)
    with pytest.raises(InputError, match="column 'category' is missing"):
        hs.backtest(hs.Counts(), theft.drop(columns="category"), grid)
    with pytest.raises(InputError, match="use periods of calendar months"):
        hs.backtest(hs.Counts(), theft, grid, horizon="7D")


# --- the picture -----------------------------------------------------------------------------


def test_the_picture(tested):
    mpl.use("agg")
    ax = hs.plot_backtest(tested)
    drawn = {line.get_label(): line for line in ax.get_lines()}
    assert set(tested.summary.index) <= set(drawn)
    curve = tested.curves.query("detector == 'truth'")
    np.testing.assert_allclose(drawn["truth"].get_ydata(), 100 * curve["hit_rate"])
    greys = {drawn[name].get_color() for name in tested.summary.query("kind == 'baseline'").index}
    assert len(greys) == 1
    assert drawn["truth"].get_color() not in greys
    assert ax.get_xlim() == (0, 25)
    assert ax.get_legend().get_texts()[0].get_text() == "truth"
    assert hs.plot_backtest(tested, share=0.5, ax=ax) is ax
    for wrong, share in ((tested.summary, None), (tested, 2)):
        with pytest.raises(InputError):
            hs.plot_backtest(wrong, share=share)
    plt.close("all")


# --- real records ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def staffordshire(shared):
    lpts = hs.read_lpts(shared / "data" / "boundaries" / "staffordshire_lpts.gpkg")
    records = shared / "data" / "police_uk" / "staffordshire-2024-2025.zip"
    rows = hs.read_incidents(records, lpts=lpts).incidents
    return rows[(rows["occurred_from"] >= "2025").to_numpy()], hs.Grid.over(lpts, 100)


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("category", "counts", "kde"),
    [("Violence and sexual offences", 0.572, 0.458), ("Anti-social behaviour", 0.632, 0.531)],
)
def test_staffordshire(staffordshire, category, counts, kde):
    """Six origins of 2025, 100 m, 1% of the area: the figures an independent script found."""
    rows, grid = staffordshire
    named = {"KDE 150 m": hs.KDE(150, allow_fine=True)}
    found = hs.backtest(named, rows, grid, category=category, origins=6).summary
    assert found.loc[ALL_BEFORE, "hit_rate"] == pytest.approx(counts, abs=0.01)
    assert found.loc["KDE 150 m", "hit_rate"] == pytest.approx(kde, abs=0.01)
    assert found.loc["KDE 150 m", "beats"] == "no"
