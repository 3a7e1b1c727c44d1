"""Two periods compared: exact tests, dispersion, gaps, and what is said of chance."""

import geopandas as gpd
import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy import stats

mpl.use("Agg")
import matplotlib.pyplot as plt

import hotspots as hs
from hotspots.chance.exact import rate_ratio
from hotspots.contracts import InputError
from hotspots.detect._exact import excess_variance, least_p

ASB = "Anti-social behaviour"


@pytest.mark.parametrize(("before", "after", "exposure"), [
    (2, 6, 1.0), (0, 5, 1.0), (7, 0, 0.5), (30, 45, 120 / 121), (400, 333, 1.0), (1, 1, 3.0),
])  # fmt: skip
def test_ratios_and_intervals_are_those_of_the_exact_binomial(before, after, exposure):
    ratio, low, high, p = (v.item() for v in rate_ratio([before], [after], exposure))
    share = exposure / (1 + exposure)
    test = stats.binomtest(after, before + after, share)
    interval = test.proportion_ci(0.95, method="exact")
    with np.errstate(divide="ignore"):
        assert ratio == pytest.approx(np.divide(after, before) / exposure)
        assert low == pytest.approx(interval.low / (1 - interval.low) / exposure)
        assert high == pytest.approx(np.divide(interval.high, 1 - interval.high) / exposure)
    tails = [
        stats.binomtest(after, before + after, share, side).pvalue for side in ("less", "greater")
    ]
    assert p == pytest.approx(min(1, 2 * min(tails)))
    assert (p < 0.05) == (not low <= 1 <= high)


def test_the_interval_agrees_with_the_p_value_everywhere():
    before, after = np.meshgrid(np.arange(40), np.arange(40))
    _, low, high, p = rate_ratio(before.ravel()[1:], after.ravel()[1:], 0.97)
    assert ((p < 0.05) == ((low > 1) | (high < 1))).all()
    assert ((p >= 0) & (p <= 1)).all()


def test_nothing_compared_with_nothing_is_not_a_number():
    assert np.isnan([v.item() for v in rate_ratio([0], [0], 1.0)]).all()


def test_a_dispersion_of_two_counts_half_as_much():
    halved = rate_ratio([30], [50], 1.0, 2.0)
    assert [v.item() for v in halved] == [v.item() for v in rate_ratio([15], [25], 1.0)]


def test_the_least_p_is_that_of_the_most_lopsided_split():
    total = np.arange(1, 12)
    expected = np.minimum(
        rate_ratio(0 * total, total, 1.0)[3], rate_ratio(total, 0 * total, 1.0)[3]
    )
    assert least_p(total, 1.0) == pytest.approx(expected)
    assert np.flatnonzero(least_p(total, 1.0) <= 0.05)[0] == 5  # six incidents can tell


@pytest.mark.parametrize("kappa", [0.0, 0.1, 0.4])
def test_the_excess_variance_is_found_whatever_the_places_and_the_season(kappa):
    rng = np.random.default_rng(1)
    mean = rng.gamma(1, 3, 3000) * (1 + 0.5 * np.cos(np.arange(12)[:, None]))
    periods = []
    for change in (1.0, 1.6):  # the second period holds more, which must not count
        rate = mean * change
        if kappa:
            rate = rate * rng.gamma(1 / kappa, kappa, rate.shape)
        periods.append(rng.poisson(rate))
    assert excess_variance(periods) == pytest.approx(kappa, abs=0.03)


def test_the_excess_variance_of_single_months_is_not_known():
    assert np.isnan(excess_variance([np.array([[3, 4]]), np.array([[5, 1]])]))
    assert np.isnan(excess_variance([np.array([[1, 0], [0, 0]])]))


# --- whole comparisons ------------------------------------------------------------------------


def square(cells=20, size=100):
    area = gpd.GeoDataFrame({"lpt": ["Box"]}, crs="EPSG:27700",
                            geometry=[shapely.box(0, 0, cells * size, cells * size)])  # fmt: skip
    return hs.Grid.over(hs.read_lpts(area), size)


def records(counts, start="2024-01-01", **columns):
    """Month-only incidents: so many per month and cell of a 20 × 20 grid, shape (months, cells)."""
    counts = np.asarray(counts)
    month, cell = (np.repeat(part, counts[counts > 0]) for part in np.nonzero(counts))
    first = np.datetime64(start, "M") + month
    xy = np.column_stack([cell % 20, cell // 20]) * 100.0 + 50
    return gpd.GeoDataFrame(
        {"category": "ASB", "occurred_from": pd.to_datetime(first.astype("datetime64[s]")),
         "occurred_to": pd.to_datetime((first + 1).astype("datetime64[s]")), **columns},
        geometry=gpd.points_from_xy(*xy.T), crs="EPSG:27700",
        index=pd.RangeIndex(len(xy), name="incident"),
    )  # fmt: skip


def test_counts_ratios_and_days_of_one_cell():
    counts = np.zeros((24, 400), dtype=int)
    counts[:12, 5], counts[12:, 5] = 2, 4
    counts[:, 7] = 1
    found = hs.compare_periods(records(counts), square())
    cell = found.places.loc[5]
    assert (cell["before"], cell["after"], cell["id"], cell["lpt"]) == (24, 48, "E500_N0", "Box")
    assert cell["ratio"] == pytest.approx(2 * 366 / 365)  # 2024 had a day more
    assert cell["change"] == pytest.approx(cell["ratio"] - 1)
    assert cell["class_"] == "rise"
    assert cell["p_poisson"] == pytest.approx(rate_ratio([24], [48], 365 / 366)[3].item())
    assert found.places.index.tolist() == [5, 7]
    assert np.isnan(found.places.loc[7, "change"])  # 12 and 12: no percentage
    assert found.periods["part"].tolist() == ["before"] * 12 + ["after"] * 12
    assert found.overall[["before", "after"]].iloc[0].tolist() == [36, 60]
    assert found.overall[["days_before", "days_after"]].iloc[0].tolist() == [366, 365]


def test_no_percentage_is_printed_under_twenty_incidents():
    counts = np.zeros((24, 400), dtype=int)
    counts[12:, 5] = 3
    counts[:, 7] = 1
    text = hs.compare_periods(records(counts), square()).text
    assert "Rose most: E500_N0 (Box) 0 to 36." in text
    assert text.splitlines()[0].count("too few for a percentage") == 1
    assert "%;" not in text.splitlines()[0].partition("interval")[0]


def test_the_text_gives_everything_together_first(county):
    grid = hs.Grid.over(county.lpts, size=200)
    found = hs.compare_periods(county.incidents, grid, category=ASB)
    first = found.text.splitlines()[0]
    assert first.startswith("Anti-social behaviour incidents: 2,242 in Jan to Dec 2024, 2,286 in")
    assert "no clear change in the rate a day" in first
    assert "chance alone would make up to" in found.text
    assert "regression to the mean" in found.text
    assert "12 months recorded but not compared (Jan to Dec 2023)" in found.text
    assert list(found.tables) == ["places", "overall", "periods"]
    tested = found.places["q_value"].notna()
    assert (found.places.loc[~tested, "class_"] == "too few to say").all()


def test_planted_changes_are_found_and_lasting_places_are_not(county):
    """What emerged in 2025 rose; what faded during 2023 fell; steady places did neither."""
    planted = county.hotspots[county.hotspots["category"] == ASB]
    found = hs.compare_periods(county.incidents, planted, category=ASB).places["class_"]
    assert found[planted["class_"] == "emerging"].tolist() == ["rise"]
    steady = planted[(planted["class_"] == "persistent") & ~planted["treated"]].index
    assert (found[steady] == "no clear change").all()
    earlier = hs.compare_periods(county.incidents, planted, "2024-01-01", category=ASB)
    assert earlier.places.loc["H12", "class_"] == "fall"


def test_a_year_is_compared_with_the_same_months_that_were_recorded():
    counts = np.full((24, 400), 1)
    counts[4:12] = 0  # eight months whose files were not there
    found = hs.compare_periods(records(counts), square())
    parts = found.periods["part"]
    assert parts.tolist() == ["before"] * 4 + [""] * 8 + ["after"] * 4 + [""] * 8
    assert found.overall["ratio"].item() == pytest.approx(121 / 120)
    assert found.overall["class_"].item() == "no clear change"
    assert "8 months not recorded, never read as zero (May to Dec 2024)" in found.text
    assert "8 months recorded but not compared (May to Dec 2025)" in found.text


def test_a_split_compares_everything_before_with_everything_after_when_asked():
    counts = np.full((10, 400), 1)
    found = hs.compare_periods(records(counts), square(), "2024-08-01", year_on_year=False)
    assert found.periods["part"].tolist() == ["before"] * 7 + ["after"] * 3
    assert "a season can look like a change" in found.text
    with pytest.raises(InputError, match="no month from August 2024 on was recorded in the year"):
        hs.compare_periods(records(counts), square(), "2024-08-01")
    with pytest.raises(InputError, match="leaves no recorded month on one side"):
        hs.compare_periods(records(counts), square(), "2026-01-01", year_on_year=False)


@pytest.mark.parametrize("kappa", [0.0, 0.5])
def test_false_alarms_stay_at_their_level_even_where_counts_are_overdispersed(kappa):
    rng = np.random.default_rng(7)
    rate = np.tile(rng.gamma(2, 2, 400), (24, 1))
    if kappa:
        rate = rate * rng.gamma(1 / kappa, kappa, rate.shape)
    found = hs.compare_periods(records(rng.poisson(rate)), square())
    tested = found.places[found.places["q_value"].notna()]
    assert len(tested) > 350
    assert (tested["p_value"] <= 0.05).mean() < 0.075
    assert (found.places["class_"].isin(["rise", "fall"])).sum() <= 2
    naive = (tested["p_poisson"] <= 0.05).mean()
    assert (naive > 0.2) == bool(kappa)  # what ignoring the dispersion would have shown
    assert ("Poisson's law allows" in found.text) == bool(kappa)


def test_what_moves_all_places_alike_is_no_news_of_any_of_them():
    """A month that is high everywhere widens the interval of each place too."""
    rng = np.random.default_rng(2)
    rate = np.full((24, 400), 20.0) * rng.gamma(20, 1 / 20, (24, 1))
    areas = gpd.GeoDataFrame(
        geometry=[shapely.box(0, y, 2000, y + 500) for y in range(0, 2000, 500)],
        index=pd.Index(list("abcd"), name="beat"), crs="EPSG:27700",
    )  # fmt: skip
    found = hs.compare_periods(records(rng.poisson(rate)), areas)
    assert (found.places["dispersion"] > 5).all()
    assert (found.places["class_"] == "no clear change").all()


def test_regression_to_the_mean_is_shown_from_both_ends():
    rng = np.random.default_rng(5)
    rate = np.tile(rng.gamma(0.5, 4, 400) / 12, (24, 1))
    found = hs.compare_periods(records(rng.poisson(rate)), square())
    text = found.text
    top = found.places.nlargest(20, "before")[["before", "after"]].sum()
    late = found.places.nlargest(20, "after")[["before", "after"]].sum()
    assert top["after"] < top["before"]
    assert late["after"] > late["before"]
    assert (
        f"the 20 hottest cells before went from {top['before']:,} to {top['after']:,}, but the 20 "
        f"hottest after came from {late['before']:,} to {late['after']:,}"
    ) in text


def test_an_incident_on_a_line_counts_once():
    counts = np.zeros((24, 400), dtype=int)
    counts[:, 0] = 2
    areas = gpd.GeoDataFrame(
        {"name": ["west", "east"]}, crs="EPSG:27700",
        geometry=[shapely.box(0, 0, 50, 100), shapely.box(50, 0, 100, 100)],
    )  # fmt: skip
    found = hs.compare_periods(records(counts), areas)
    assert found.places["before"].tolist() == [24, 0]
    assert found.places.index.name == "area"
    assert found.places["name"].tolist() == ["west", "east"]


def test_police_generated_incidents_are_left_out_unless_asked_for():
    rows = records(np.full((24, 400), 1))
    rows["origin"] = np.where(np.arange(len(rows)) % 4 == 0, "police", "public")
    without = hs.compare_periods(rows, square())
    assert "2,400 police-generated incidents left out" in without.text
    assert without.overall["before"].item() == 3600
    kept = hs.compare_periods(rows, square(), include_police=True)
    assert kept.overall["before"].item() == 4800
    assert "police" not in kept.text


def test_the_order_of_rows_does_not_matter_and_inputs_stay():
    rows = records(np.random.default_rng(3).poisson(0.5, (24, 400)))
    before = rows.copy(deep=True)
    found = hs.compare_periods(rows, square())
    again = hs.compare_periods(rows.sample(frac=1, random_state=1), square())
    pd.testing.assert_frame_equal(found.places, again.places)
    assert found.text == again.text
    pd.testing.assert_frame_equal(rows, before)


@pytest.mark.parametrize("correction", ["fdr_by", "holm", "bonferroni", None])
def test_other_corrections_are_named(correction):
    counts = np.zeros((24, 400), dtype=int)
    counts[:12, :40], counts[12:, :2], counts[12:, 2:40] = 2, 6, 2
    found = hs.compare_periods(records(counts), square(), correction=correction)
    assert found.places["class_"].tolist()[:3] == ["rise", "rise", "no clear change"]
    said = {
        "fdr_by": "false discovery rate 5%, fdr_by",
        "holm": "of even one by chance, holm",
        "bonferroni": "of even one by chance, bonferroni",
        None: "without any correction",
    }
    assert said[correction] in found.text


def test_single_months_are_compared_with_a_warning():
    counts = np.full((13, 400), 1)
    counts[1:12] = 0
    text = hs.compare_periods(records(counts), square(), "2025-01-01").text
    assert "cannot be told from so few months" in text
    assert "takes the counts as Poisson" in text


def test_every_fault_is_named_at_once():
    rows = records(np.full((24, 400), 1))
    with pytest.raises(InputError) as caught:
        hs.compare_periods(rows, "cells", "2024-05-17", category="Arson", year_on_year="no",
                           correction="fdr")  # fmt: skip
    for fault in ("places is of type str", "split='2024-05-17'", "category='Arson' is not in",
                  "year_on_year='no'", "correction='fdr'"):  # fmt: skip
        assert fault in str(caught.value)
    with pytest.raises(InputError, match="there are no incidents"):
        hs.compare_periods(rows.iloc[:0], square())
    with pytest.raises(InputError, match="needs split="):
        hs.compare_periods(rows, square(), year_on_year=False)
    points = gpd.GeoDataFrame(geometry=[shapely.Point(0, 0)], crs="EPSG:27700")
    with pytest.raises(InputError, match="no polygon"):
        hs.compare_periods(rows, points)
    with pytest.raises(InputError, match="CRS"):
        hs.compare_periods(rows.to_crs("EPSG:32630"), square())
    with pytest.raises(InputError, match="has no geometry"):
        hs.compare_periods(rows, gpd.GeoDataFrame({"beat": [1]}))
    with pytest.raises(InputError, match="include_police='no'"):
        hs.compare_periods(rows, square(), include_police="no")
    with pytest.raises(InputError, match="no month from"):
        hs.compare_periods(rows.iloc[:1], square())


@pytest.mark.realdata
def test_staffordshire_compares_the_four_months_both_years_have(shared):
    lpts = hs.read_lpts(shared / "data" / "boundaries" / "staffordshire_lpts.gpkg")
    archive = shared / "data" / "police_uk" / "staffordshire-2024-2025.zip"
    incidents = hs.read_incidents(archive, lpts=lpts).incidents
    found = hs.compare_periods(incidents, lpts, category=ASB)
    assert found.overall[["before", "after"]].iloc[0].tolist() == [3928, 4469]
    assert found.overall[["days_before", "days_after"]].iloc[0].tolist() == [121, 120]
    # the four months differ far more than Poisson counts would, in all LPTs alike
    assert found.overall["class_"].item() == "no clear change"
    assert (found.places["p_poisson"] <= 0.05).sum() >= 7
    assert (found.places["class_"] == "no clear change").all()


# --- the pictures -----------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def classified(county):
    grid = hs.Grid.over(county.lpts, size=200)
    return hs.classify_hotspots(county.incidents, grid, category=ASB), grid


def test_the_map_of_classes_marks_each_cell_in_the_shape_of_its_class(classified, county):
    classes, grid = classified
    ax = hs.plot_classes(classes.cells, grid, lpts=county.lpts)
    legend = {text.get_text(): n for n, text in enumerate(ax.get_legend().get_texts())}
    found = {c.get_label(): len(c.get_offsets()) for c in ax.collections if c.get_label() in legend}
    assert found == classes.summary["cells"][classes.summary["cells"] > 0].to_dict()
    assert list(legend) == [name for name in classes.summary.index if name in found]
    assert (
        ax.get_title()
        == ", ".join(f"{n} {name}" for name, n in classes.summary["cells"].items()) + " cells"
    )
    assert hs.plot_classes(classes.cells.iloc[:0], grid).get_title().startswith("0 persistent")
    with pytest.raises(InputError, match="not inside"):
        hs.plot_classes(classes.cells, square())


def test_the_barcode_has_a_bar_for_every_hot_period_and_hatches_gaps(classified):
    classes, _ = classified
    cells = classes.cells.head(5)
    ax = hs.plot_history(classes.history, cells)
    hot = next(c for c in ax.containers if c.get_label() == "hot")
    assert len(hot) == cells["periods_hot"].sum()
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names[0] == f"{cells['id'].iloc[0]} {cells['class_'].iloc[0]}"
    assert ax.get_yticks()[0] > ax.get_yticks()[-1]  # the first on top
    assert "not judged" not in [text.get_text() for text in ax.texts]
    gap = classes.history["period_start"].dt.year != 2024
    ax = hs.plot_history(classes.history[gap], cells)
    assert [text.get_text() for text in ax.texts] == ["not judged"]
    with pytest.raises(InputError, match="no cell has a history"):
        hs.plot_history(classes.history.iloc[:0], cells)
    with pytest.raises(InputError, match="'period_start'"):
        hs.plot_history(classes.cells, cells)


def test_the_map_of_change_points_up_and_down(county):
    grid = hs.Grid.over(county.lpts, size=200)
    found = hs.compare_periods(county.incidents, grid, category=ASB)
    ax = hs.plot_change(found.places, grid, lpts=county.lpts)
    rises = int((found.places["class_"] == "rise").sum())
    falls = int((found.places["class_"] == "fall").sum())
    assert rises > 0
    assert ax.get_title() == f"{rises} rose, {falls} fell beyond chance"
    marks = {c.get_label(): len(c.get_offsets()) for c in ax.collections}
    assert marks["rise"] == rises
    planted = county.hotspots
    areas = hs.compare_periods(county.incidents, planted, category=ASB)
    assert hs.plot_change(areas.places, planted, lpts=county.lpts).get_legend() is not None
    with pytest.raises(InputError, match="is not among the areas"):
        hs.plot_change(areas.places, planted.iloc[:2])
