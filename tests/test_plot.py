"""What the pictures show: artists, labels and limits, not pixels."""

import geopandas as gpd
import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import shapely
from matplotlib.collections import PolyCollection

mpl.use("Agg")
import matplotlib.pyplot as plt

import hotspots as hs
from hotspots.contracts import Result
from hotspots.plot.maps import _ranges


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def lpts():
    return hs.read_lpts(
        gpd.GeoDataFrame(
            {"lpt": ["East", "West"]},
            geometry=[
                shapely.box(389000, 347000, 390000, 348000),
                shapely.box(388000, 347000, 389000, 348000),
            ],
            crs="EPSG:27700",
        )
    )


def spots(count):
    corners = [(388100 + 300 * n, 347200 + 100 * n) for n in range(count)]
    return gpd.GeoDataFrame(
        {
            "rank": np.arange(1, count + 1), "heat": np.linspace(9, 3, count),
            "incidents": np.full(count, 30), "area_km2": np.full(count, 0.01),
            "lpt": pd.array(["West"] * count, dtype="str"),
            "method": pd.array(["KDE(bandwidth=300)"] * count, dtype="str"),
            "period_start": pd.to_datetime(["2025-01-01"] * count),
            "period_end": pd.to_datetime(["2026-01-01"] * count),
        },
        geometry=[shapely.box(x, y, x + 100, y + 100) for x, y in corners],
        crs="EPSG:27700",
        index=pd.Index([f"E{x}_N{y}" for x, y in corners], name="hotspot", dtype="str"),
    )  # fmt: skip


class Plan(Result):
    """A stand-in with a visits table: a plot may use nothing else."""

    def __init__(self, visits):
        self.visits = visits

    @property
    def tables(self):
        return {"visits": self.visits}

    @property
    def text(self):
        return "a plan"


def visits(rows):
    frame = pd.DataFrame(rows, columns=["unit", "lpt", "shift", "arrive", "travel_min"])
    frame["arrive"] = pd.to_datetime(frame["arrive"])
    frame["depart"] = frame["arrive"] + pd.Timedelta("15min")
    frame = frame.assign(hotspot="E388100_N347200", reason="because")
    return frame.set_index(pd.Index(range(len(frame)), name="visit"))


def words(ax):
    return [text.get_text() for text in ax.texts]


# --- heat ----------------------------------------------------------------------------------


def test_heat_lies_where_the_cells_are(lpts):
    grid = hs.Grid.over(lpts, size=100)
    heat = pd.Series(0.0, index=pd.Index(grid.cells, name="cell"), name="heat")
    heat[grid.locate([(388250.0, 347450.0)])[0]] = 7.0
    ax = hs.plot_heat(heat, grid, lpts=lpts)
    image = ax.images[0]
    west, east, south, north = image.get_extent()
    assert (west, south, east, north) == tuple(grid.extent)
    assert image.origin == "lower"
    shown = np.ma.filled(image.get_array(), np.nan)
    row, column = np.argwhere(shown == 7.0)[0]
    assert west + (column + 0.5) * 100 == 388250
    assert south + (row + 0.5) * 100 == 347450
    assert np.isnan(shown).sum() == shown.size - 1  # no heat is blank, not pale
    assert image.norm.vmax == 7.0
    assert {"East", "West"} <= set(words(ax))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("easting (km)", "northing (km)")
    assert ax.get_aspect() == 1.0
    assert any("squares of 100 m" in text for text in words(ax))
    bar = ax.figure.axes[1]
    assert "higher is hotter" in bar.get_ylabel()


def test_hexagons_are_drawn_as_hexagons(lpts):
    grid = hs.Grid.over(lpts, size=200, shape="hex")
    heat = pd.Series(0.0, index=pd.Index(grid.cells, name="cell"), name="heat")
    heat.iloc[[3, 8]] = [2.0, 5.0]
    ax = hs.plot_heat(heat, grid)
    drawn = next(c for c in ax.collections if isinstance(c, PolyCollection))
    assert [len(path.vertices) for path in drawn.get_paths()] == [7, 7]
    assert sorted(drawn.get_array()) == [2.0, 5.0]
    assert drawn.get_paths()[0].vertices.mean() == pytest.approx(
        np.mean(shapely.get_coordinates(grid.polygons(heat.index[[3]]).geometry)), rel=1e-6
    )


def test_no_heat_at_all_draws_an_empty_map(lpts):
    grid = hs.Grid.over(lpts, size=500)
    ax = hs.plot_heat(pd.Series(0.0, index=grid.cells, name="heat"), grid)
    ax.figure.canvas.draw()
    assert np.isnan(np.ma.filled(ax.images[0].get_array(), np.nan)).all()


def test_heat_must_be_a_series(lpts):
    with pytest.raises(hs.InputError, match="it is of type ndarray; give a Series"):
        hs.plot_heat(np.zeros(3), hs.Grid.over(lpts, size=500))


# --- hotspots ------------------------------------------------------------------------------


def test_every_hotspot_has_its_rank_and_its_place(lpts):
    table = spots(5)
    ax = hs.plot_hotspots(table, lpts=lpts)
    ranks = {t.get_text(): t.xy for t in ax.texts if t.get_text().isdigit()}
    assert set(ranks) == {"1", "2", "3", "4", "5"}
    for rank, polygon in zip(table["rank"], table.geometry, strict=True):
        assert polygon.contains(shapely.Point(ranks[str(rank)]))
    assert ax.get_title() == "5 hotspots"
    note = " ".join(words(ax))
    assert "1 Jan 2025 to 31 Dec 2025" in note  # the end itself is outside
    assert "KDE(bandwidth=300)" in note
    frame = shapely.box(ax.get_xlim()[0], ax.get_ylim()[0], ax.get_xlim()[1], ax.get_ylim()[1])
    assert frame.contains(shapely.union_all(table.geometry.array))


def test_hotspots_too_close_to_tell_apart_share_a_label(lpts):
    near = spots(3)
    near.geometry = near.geometry.where(near["rank"] != 3, near.geometry.iloc[0].buffer(5))
    assert {"1, 3", "2"} <= set(words(hs.plot_hotspots(near, lpts=lpts)))
    far = near.copy()
    far.geometry = [near.geometry.iloc[0], shapely.box(4e5, 4e5, 4.01e5, 4.01e5),
                    near.geometry.iloc[1]]  # fmt: skip
    assert {"1, 3", "2"} <= set(words(hs.plot_hotspots(far)))
    far.geometry = [near.geometry.iloc[0], near.geometry.iloc[1], far.geometry.iloc[1]]
    assert {"1, 2", "3"} <= set(words(hs.plot_hotspots(far)))


def test_labels_of_crowded_hotspots_are_brief_and_do_not_cover_one_another(lpts):
    crowd = spots(10)
    crowd.geometry = [
        shapely.box(389100 + 9 * n, 347100, 389109 + 9 * n, 347110) for n in range(10)
    ]
    assert "1–10" in words(hs.plot_hotspots(crowd, lpts=lpts))
    assert _ranges([1, 2, 5, 7, 8, 9, 12, 15, 20, 22]) == "1, 2, 5, 7–9, 12 and 3 more"
    near = spots(3)
    near.geometry = [shapely.box(389000, y, 389010, y + 10) for y in (347000, 347060, 360000)]
    ax = hs.plot_hotspots(near.iloc[[0, 1]])
    ax.figure.canvas.draw()
    a, b = (t.get_window_extent() for t in ax.texts if t.get_text() in ("1", "2"))
    assert not a.overlaps(b)


def test_the_name_of_an_lpt_stands_clear_of_its_hotspots(lpts):
    busy = spots(3)  # all in West, on its diagonal
    ax = hs.plot_hotspots(busy, lpts=lpts)
    at = {t.get_text(): shapely.Point(t.xy) for t in ax.texts if t.get_text() in ("East", "West")}
    for name, point in at.items():
        assert lpts.geometry[name].contains(point)
    assert busy.distance(at["West"]).min() > 100  # a hotspot is 100 m wide


def test_one_and_no_hotspots(lpts):
    assert hs.plot_hotspots(spots(1)).get_title() == "1 hotspot"
    assert hs.plot_hotspots(spots(3).iloc[:0], lpts=lpts).get_title() == "No hotspots"
    hs.plot_hotspots(spots(3).iloc[:0]).figure.canvas.draw()


def test_a_table_that_is_no_hotspots_table_is_refused():
    with pytest.raises(hs.InputError, match="'rank' is missing"):
        hs.plot_hotspots(spots(2).drop(columns="rank"))


@pytest.mark.parametrize("given", ["lpts.gpkg", pd.DataFrame({"area_km2": [1.0]})])
def test_what_is_no_table_of_lpts_is_refused_in_words(lpts, given):
    grid = hs.Grid.over(lpts, size=1000)
    with pytest.raises(hs.InputError, match="give what read_lpts returns"):
        hs.plot_heat(pd.Series(1.0, index=grid.cells, name="heat"), grid, lpts=given)


def test_lpts_in_another_crs_are_brought_along(lpts):
    ax = hs.plot_hotspots(spots(2), lpts=lpts.to_crs("EPSG:32630"))
    names = {t.get_text(): t.xy for t in ax.texts if t.get_text() in ("East", "West")}
    assert lpts.geometry["West"].contains(shapely.Point(names["West"]))
    assert lpts.geometry["East"].contains(shapely.Point(names["East"]))


# --- trends --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trends():
    """Three years of a wave in Longton, the first half-year and a gap of two in Leek."""
    t = np.arange(36)
    wave = np.round(80 * np.exp(0.4 * np.cos(2 * np.pi * (t - 6) / 12))).astype(int)
    leek = np.full(36, 20)
    months = pd.date_range("2022-01-01", periods=36, freq="MS")
    wave[20:23] = leek[20:23] = 0
    wave[30] = 8
    leek[30] = 2
    first = months.repeat(wave).append(months.repeat(leek))
    count = len(first)
    return hs.seasonal_trends(
        gpd.GeoDataFrame(
            {"category": "Burglary", "occurred_from": first,
             "occurred_to": first + pd.offsets.MonthBegin(1), "source": "Some Police",
             "lpt": ["Longton"] * int(wave.sum()) + ["Leek"] * int(leek.sum())},
            geometry=np.full(count, shapely.Point(0, 0)), crs="EPSG:27700",
            index=pd.RangeIndex(count, name="incident"),
        )
    )  # fmt: skip


def named(ax):
    handles, labels = ax.get_legend_handles_labels()
    return dict(zip(labels, handles, strict=True))


def test_missing_months_are_shaded_over_their_whole_width_and_named(trends):
    ax = hs.plot_trends(trends, "Longton")
    shades = [p for p in ax.patches if p.get_hatch()]
    assert len(shades) == 1
    ax.figure.canvas.draw()
    extent = shades[0].get_window_extent().transformed(ax.transData.inverted())
    days = mpl.dates.num2date(np.round([extent.x0, extent.x1], 3))
    assert [d.strftime("%Y-%m-%d") for d in days] == ["2023-09-01", "2023-12-01"]
    assert "not recorded" in words(ax)


def test_recorded_counts_are_points_and_incomplete_months_hollow(trends):
    ax = hs.plot_trends(trends, "Longton")
    drawn = named(ax)
    rows = trends.series[trends.series["lpt"] == "Longton"]
    points = drawn["recorded"].get_offsets()
    expected = rows.loc[rows["status"] == "present", "adjusted"]
    np.testing.assert_allclose(points[:, 1], expected)
    hollow = drawn["incomplete, left out"]
    assert len(hollow.get_offsets()) == 1
    assert len(hollow.get_facecolors()) == 0
    assert ax.get_ylim()[0] == 0
    assert ax.get_ylabel() == "incidents per month of 30.4375 days"
    assert ax.get_title() == "Longton"
    note = " ".join(words(ax))
    assert "too short to say" in note
    assert "Recorded to December 2024; source: Some Police." in note


def test_trend_and_factors_appear_only_where_decomposed(county):
    full = hs.seasonal_trends(county.incidents, by=())
    ax = hs.plot_trends(full)
    trend = named(ax)["trend"]
    np.testing.assert_allclose(trend.get_ydata(), full.series["trend"])
    side = ax.figure.axes[1]
    heights = [bar.get_height() + bar.get_y() for bar in side.patches]
    assert full.summary["verdict"].iloc[0] in side.get_title()
    # what is claimed is drawn as it was tested; what is not, in grey, from the decomposition
    claimed = full.summary["verdict"].iloc[0] in ("clear season", "possible season")
    np.testing.assert_allclose(heights, full.seasons["shrunk" if claimed else "factor"])
    assert ("trend and tested season" in named(ax)) == claimed
    assert ("tested curve" in named(side)) == claimed
    first_year = county.incidents["occurred_to"] < pd.Timestamp("2024-01-01")
    short = hs.plot_trends(hs.seasonal_trends(county.incidents[first_year], by=()))
    assert list(named(short)) == ["recorded"]
    assert len(short.figure.axes) == 1


def test_a_claimed_season_is_drawn_as_tested_with_the_interval_of_its_factors():
    t = np.arange(60)
    counts = np.random.default_rng(0).poisson(150 * np.exp(0.3 * np.cos(np.pi * (t - 6) / 6)))
    starts = pd.date_range("2020-01-01", periods=60, freq="MS")
    full = hs.seasonal_trends(pd.DataFrame({"period_start": starts, "incidents": counts}), by=())
    ax = hs.plot_trends(full)
    side = ax.figure.axes[1]
    np.testing.assert_allclose(named(side)["tested curve"].get_ydata(), full.seasons["tested"])
    whiskers = side.collections[0].get_segments()
    np.testing.assert_allclose([w[0][1] for w in whiskers], full.seasons["low"])
    drawn = named(ax)["trend and tested season"].get_ydata()
    wanted = full.series["trend"].to_numpy() * np.tile(full.seasons["tested"], 5)
    np.testing.assert_allclose(drawn, wanted)


def test_levels_are_drawn_by_name_alone(county):
    full = hs.seasonal_trends(county.incidents, lpts=county.lpts)
    assert hs.plot_trends(full, "Force").get_title() == "Force"
    assert hs.plot_trends(full, "City").get_title() == "City command"
    assert hs.plot_trends(full, ("force", "Force")).get_title() == "Force"


def test_days_are_labelled_as_days(county):
    daily = hs.seasonal_trends(county.incidents, by=(), freq="D")
    assert hs.plot_trends(daily).get_ylabel() == "incidents per day"


def test_all_groups_are_small_multiples_with_their_verdicts(trends, county):
    axes = hs.plot_trends(trends)
    assert isinstance(axes, np.ndarray)
    assert [ax.get_title() for ax in axes] == [
        f"{lpt}\n{verdict}"
        for lpt, verdict in zip(trends.summary["lpt"], trends.summary["verdict"], strict=True)
    ]
    many = hs.plot_trends(hs.seasonal_trends(county.incidents, by=("lpt", "category")))
    assert len(many) == 24
    assert "the 24 largest of" in many[0].figure.get_suptitle()


def test_a_group_of_several_columns_is_named_by_a_tuple(county):
    full = hs.seasonal_trends(county.incidents, by=("lpt", "category"))
    key = tuple(full.summary.loc[0, ["lpt", "category"]])
    assert hs.plot_trends(full, key).get_title() == ", ".join(key)


def test_the_axes_given_are_drawn_on(trends):
    figure, mine = plt.subplots()
    assert hs.plot_trends(trends, "Leek", ax=mine) is mine
    figure.canvas.draw()


def test_unknown_groups_one_axes_for_many_and_other_results_are_refused(trends):
    with pytest.raises(hs.InputError, match="no group 'Stone'; there are Leek, Longton"):
        hs.plot_trends(trends, "Stone")
    with pytest.raises(hs.InputError, match="one axes cannot hold 2 groups"):
        hs.plot_trends(trends, ax=plt.subplots()[1])
    with pytest.raises(hs.InputError, match="give what seasonal_trends returns"):
        hs.plot_trends(Plan(visits([])))


def test_weeks_are_labelled_as_weeks(county):
    weekly = hs.seasonal_trends(county.incidents, by=(), freq="W-MON")
    ax = hs.plot_trends(weekly)
    assert ax.get_ylabel() == "incidents per week"
    assert "the week of" in words(ax)[-1]


# --- the plan ------------------------------------------------------------------------------


@pytest.fixture
def plan():
    return Plan(visits([
        ("West 2", "West", "late", "2026-01-05 14:30", 10.0),
        ("West 1", "West", "early", "2026-01-05 08:00", 6.0),
        ("East 1", "East", "night", "2026-01-05 22:30", 0.0),
        ("East 1", "East", "night", "2026-01-06 02:00", 12.0),
        ("West 1", "West", "early", "2026-01-06 08:00", 6.0),
    ]).assign(date=pd.to_datetime(["2026-01-05"] * 4 + ["2026-01-06"])))  # fmt: skip


def bars(ax):
    return {
        (round(bar.get_y() + bar.get_height() / 2), bar.get_x()): bar
        for bars in ax.containers for bar in bars
    }  # fmt: skip


def test_each_visit_is_a_bar_at_its_hour_in_its_units_row(plan):
    ax = hs.plot_plan(plan)
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == ["East: East 1", "West: West 1", "West: West 2"]
    drawn = bars(ax)
    assert sorted(drawn) == [(0, 22.5), (0, 26.0), (1, 8.0), (2, 14.5)]
    assert {bar.get_width() for bar in drawn.values()} == {0.25}
    assert ax.get_title() == "Patrol plan for Monday 5 January 2026"
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["late", "early", "night"]
    assert "past midnight" in ax.get_xlabel()
    low, high = ax.get_xlim()
    assert low <= 7.9
    assert high >= 26.25
    assert any("4 visits by 3 units to 1 hotspots" in text for text in words(ax))


def test_travel_runs_up_to_the_arrival(plan):
    ax = hs.plot_plan(plan)
    lines = ax.collections[0].get_segments()
    ends = sorted((round(line[0][0], 4), line[1][0]) for line in lines)
    assert ends[0] == (7.9, 8.0)
    assert (round(14.5 - 10 / 60, 4), 14.5) in ends


def test_another_day_can_be_drawn_and_an_empty_one_is_refused(plan):
    assert list(bars(hs.plot_plan(plan, day="2026-01-06"))) == [(0, 8.0)]
    with pytest.raises(hs.InputError, match=r"no visit on 2026-02-01; .* 2026-01-05 to 2026-01-06"):
        hs.plot_plan(plan, day="2026-02-01")


def test_visits_without_a_duty_day_go_by_arrival(plan):
    by_arrival = Plan(plan.visits.drop(columns=["date", "travel_min"]))
    assert len(bars(hs.plot_plan(by_arrival))) == 3
    assert len(bars(hs.plot_plan(by_arrival, day=pd.Timestamp("2026-01-06 12:00")))) == 2


def test_a_plan_without_visits_is_refused(plan, trends):
    with pytest.raises(hs.InputError, match="holds no visits"):
        hs.plot_plan(Plan(plan.visits.iloc[:0]))
    with pytest.raises(hs.InputError, match="is of type Trends without visits"):
        hs.plot_plan(trends)


def test_nothing_is_shown_or_left_open_when_axes_are_given(lpts, trends, plan, monkeypatch):
    monkeypatch.setattr(plt, "show", lambda *_: pytest.fail("a plot called show"))
    grid = hs.Grid.over(lpts, size=500)
    heat = pd.Series(1.0, index=grid.cells, name="heat")
    figure, axes = plt.subplots(2, 2)
    opened = plt.get_fignums()
    assert hs.plot_heat(heat, grid, ax=axes[0, 0]) is axes[0, 0]
    assert hs.plot_hotspots(spots(2), ax=axes[0, 1]) is axes[0, 1]
    assert hs.plot_trends(trends, "Leek", ax=axes[1, 0]) is axes[1, 0]
    assert hs.plot_plan(plan, ax=axes[1, 1]) is axes[1, 1]
    assert plt.get_fignums() == opened
    figure.canvas.draw()
