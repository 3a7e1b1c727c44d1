"""Control charts, funnels, gaps between rare events and two counts compared."""

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
from hotspots.alerts.charts import _signals
from hotspots.contracts import InputError

TWELVE = [52, 47, 60, 55, 49, 58, 61, 50, 54, 57, 48, 53]


def events(days, start="2023-01-01", **columns):
    """Exact times, so many days after the start."""
    when = pd.Timestamp(start) + pd.to_timedelta(np.asarray(days, dtype=float), unit="D")
    return gpd.GeoDataFrame(
        {"category": "Arson", "occurred_from": when, "occurred_to": when, **columns},
        geometry=np.full(len(when), shapely.Point(388000, 347000)), crs="EPSG:27700",
        index=pd.RangeIndex(len(when), name="incident"),
    )  # fmt: skip


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


# --- XmR and u -----------------------------------------------------------------------------


def test_xmr_limits_are_the_reference_ones():
    points = hs.xmr_chart(TWELVE).points
    assert points["centre"].iloc[0] == pytest.approx(53.6667, abs=5e-5)
    assert points["lower"].iloc[0] == pytest.approx(36.0139, abs=5e-5)
    assert points["upper"].iloc[0] == pytest.approx(71.3194, abs=5e-5)
    assert points["range_upper"].iloc[0] == pytest.approx(21.681, abs=5e-4)
    assert points["moving_range"].mean() == pytest.approx(6.63636, abs=5e-6)


def test_a_point_beyond_a_limit_gives_a_signal_by_its_name():
    values = pd.Series([*TWELVE, 90], index=pd.date_range("2024-01-01", periods=13, freq="MS"))
    chart = hs.xmr_chart(values)
    assert chart.points["signal"].iloc[-1] == "1"
    assert chart.rules.loc[1, "signals"] == 1
    assert "1 point gives a signal (2025-01-01)" in chart.text


@pytest.mark.parametrize(("z", "rule", "where"), [
    ([0, 0, 3.1, -3.1], 1, [2, 3]),
    ([-1, *[0.5] * 6, -1], 2, []),
    ([-1, *[0.5] * 7, -1], 2, [7]),
    ([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.6], 3, [6]),
    ([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.6, 0.7], 3, []),
    ([2.1, 0, 2.1, 0, 0, -2.1, 2.1], 4, [2]),
    ([0.5, 0.5, 0.5, np.nan, 0.5, 0.5, 0.5, 0.5], 2, []),  # a gap breaks a run
])  # fmt: skip
def test_each_rule_does_what_it_says(z, rule, where):
    assert np.flatnonzero(_signals(np.array([z], dtype=float), 7)[rule][0]).tolist() == where


def test_false_signals_told_are_those_of_independent_charts():
    chart = hs.xmr_chart(np.random.default_rng(1).normal(50, 5, 30))
    assert hs.xmr_chart(np.random.default_rng(1).normal(50, 5, 30)).text == chart.text
    some = np.random.default_rng(2).normal(50, 5, (1000, 30))
    width = np.abs(np.diff(some, axis=1)).mean(axis=1, keepdims=True) / 1.128
    seen = _signals((some - some.mean(axis=1, keepdims=True)) / width, 7)
    for rule, flags in seen.items():
        came, told = flags.sum(axis=1), chart.rules.loc[rule, "false_signals"]
        assert came.mean() == pytest.approx(told, abs=6 * came.std() / np.sqrt(1000))
    assert (chart.rules["chance"] <= chart.rules["false_signals"] + 1e-12).all()


def test_a_missing_point_breaks_the_moving_range_not_the_chart():
    points = hs.xmr_chart([*TWELVE[:5], np.nan, *TWELVE[5:]]).points
    assert points["moving_range"].isna().sum() == 3
    assert points["value"].isna().sum() == 1
    assert points["centre"].iloc[0] == pytest.approx(53.6667, abs=5e-5)


def test_figures_that_never_change_are_no_signal():
    chart = hs.xmr_chart([5.0] * 6 + [5.0] * 6)
    assert (chart.points["signal"] == "").all()


def test_u_limits_are_the_reference_ones():
    chart = hs.u_chart([20, 18, 25, 22, 19, 16, 21, 19], [1000] * 8, laney=False)
    assert chart.points["centre"].iloc[0] == pytest.approx(0.02)
    assert chart.points["upper"].iloc[0] == pytest.approx(0.0334164, abs=5e-8)
    assert chart.kind == "u"


def test_u_limits_follow_the_exposure_and_never_go_under_nought():
    points = hs.u_chart([4, 6, 5, 40, 5, 6, 4, 5], [100] * 3 + [1000] + [100] * 4).points
    width = points["upper"] - points["centre"]
    assert width.iloc[0] / width.iloc[3] == pytest.approx(np.sqrt(10))
    assert points["lower"].min() >= 0


def test_laney_widens_limits_by_how_far_counts_vary():
    rng = np.random.default_rng(3)
    rough = rng.negative_binomial(25, 0.2, 60)  # five times Poisson's variance
    plain, wide = (hs.u_chart(rough, [1.0] * 60, laney=laney) for laney in (False, True))
    ratio = (wide.points["upper"] - wide.points["centre"]) / (
        plain.points["upper"] - plain.points["centre"]
    )
    assert ratio.iloc[0] == pytest.approx(np.sqrt(5), rel=0.2)
    assert plain.rules.loc[1, "signals"] > 4
    assert wide.rules.loc[1, "signals"] <= 1
    assert "laney=True widens them" in plain.text
    assert "Laney's u′" in wide.text


def test_small_expectations_are_told():
    assert "find_alerts does not" in hs.u_chart([1, 0, 2, 1, 0, 1, 1, 2], [1.0] * 8).text


@pytest.mark.parametrize(("call", "said"), [
    (lambda: hs.xmr_chart([1, 2, 3]), "at least 8"),
    (lambda: hs.xmr_chart("many"), "numbers in one row"),
    (lambda: hs.xmr_chart(TWELVE, rules=[5], run=1), "2 faults"),
    (lambda: hs.xmr_chart(TWELVE, rules=[]), "at least one"),
    (lambda: hs.xmr_chart(TWELVE, rules=[[1]]), "it takes any of"),
    (lambda: hs.xmr_chart(pd.date_range("2024", periods=9)), "values are times"),
    (lambda: hs.u_chart(pd.Series([1] * 8), pd.Series([1] * 8)[::-1]), "different points"),
    (lambda: hs.u_chart([1] * 8, [1] * 7), "give as many"),
    (lambda: hs.u_chart([-1] * 8, [1] * 8), "a count is at least 0"),
    (lambda: hs.u_chart([1] * 8, [0] * 8), "exposure must be above 0"),
    (lambda: hs.u_chart([1] * 8, [1] * 8, laney=3), "laney is 3"),
])  # fmt: skip
def test_charts_refuse_what_they_cannot_use(call, said):
    with pytest.raises(InputError, match=said):
        call()


# --- funnel --------------------------------------------------------------------------------


def test_the_funnel_has_the_reference_limits_and_interval():
    row = hs.funnel_chart(pd.Series([30.0], index=["Leek"]), pd.Series([20.0], index=["Leek"]))
    area = row.areas.loc["Leek"]
    assert area[["low95", "high95", "low998", "high998"]].tolist() == [12, 29, 8, 35]
    assert area[["ratio", "low", "high"]].tolist() == pytest.approx([1.5, 1.012, 2.141], abs=5e-4)
    assert area["p_value"] == pytest.approx(2 * stats.poisson.sf(29, 20))
    assert area["verdict"] == "above"
    assert "- Leek: 30, above the 20 expected" in row.text
    assert "cannot be estimated" in row.text


def test_under_pure_chance_the_spread_is_about_one_and_few_stand_out():
    rng = np.random.default_rng(4)
    expected = rng.uniform(20, 500, 400)
    chart = hs.funnel_chart(rng.poisson(expected), expected)
    assert chart.spread == pytest.approx(1, abs=0.15)
    assert (chart.areas["verdict"] != "within the limits").mean() < 0.06


@pytest.mark.parametrize("mode", ["multiplicative", "additive"])
def test_real_differences_widen_the_limits_but_outliers_do_not(mode):
    rng = np.random.default_rng(5)
    expected = rng.uniform(100, 900, 200)
    rate = rng.normal(1, 0.15, 200)
    observed = rng.poisson(expected * rate)
    plain = hs.funnel_chart(observed, expected, "none").areas["verdict"]
    chart = hs.funnel_chart(observed, expected, mode)
    assert (plain != "within the limits").mean() > 0.3
    assert (chart.areas["verdict"] != "within the limits").mean() < 0.12
    if mode == "additive":
        assert np.sqrt(chart.spread) == pytest.approx(0.15, rel=0.2)
    observed[:4] = expected[:4] * 3
    again = hs.funnel_chart(observed, expected, mode)
    assert again.spread < 1.3 * chart.spread
    assert (again.areas["verdict"].iloc[:4] == "far above").all()


def test_the_order_of_areas_changes_nothing():
    observed = pd.Series([30, 5, 18, 90, 40, 22], index=list("abcdef"))
    expected = pd.Series([20, 9, 18, 70, 44, 20], index=list("abcdef"))
    one, two = hs.funnel_chart(observed, expected), hs.funnel_chart(observed, expected[::-1])
    pd.testing.assert_frame_equal(one.areas, two.areas)


@pytest.mark.parametrize(("arguments", "said"), [
    (([1, 2], [1]), "one number of each"),
    (([-1], [1]), "at least 0"),
    (([1.5], [1]), "counts are whole numbers"),
    (([1], [0]), "above 0"),
    (([1], [1], "both"), "overdispersion is 'both'"),
    ((pd.Series([1], index=["a"]), pd.Series([1], index=["b"])), "different areas"),
    (([], []), "one number of each"),
    ((["x"], [1]), "observed must be numbers"),
])  # fmt: skip
def test_funnels_refuse_what_they_cannot_use(arguments, said):
    with pytest.raises(InputError, match=said):
        hs.funnel_chart(*arguments)


# --- gaps ----------------------------------------------------------------------------------


def test_the_chance_of_a_gap_is_exact_given_all_gaps_together():
    at = np.cumsum([0, 30, 25, 40, 0.5, 35, 28, 33])
    gaps = hs.event_gaps(events(at)).gaps
    share = 0.5 / at[-1]
    assert gaps["days"].tolist() == pytest.approx(np.diff(at))
    assert gaps["p_short"].iloc[3] == pytest.approx(1 - (1 - share) ** 6)
    assert gaps["p_long"].iloc[2] == pytest.approx((1 - 40 / at[-1]) ** 6)


def test_the_chance_tends_to_the_exponential_and_is_held():
    rng = np.random.default_rng(6)
    gaps = hs.event_gaps(events(np.cumsum(rng.exponential(20, 3000)), "1900-01-01")).gaps
    rate = 1 / gaps["days"].mean()
    assert gaps["p_short"].to_numpy() == pytest.approx(1 - np.exp(-rate * gaps["days"]), abs=0.002)
    for verdict in ("soon after", "long quiet"):
        assert (gaps["verdict"] == verdict).sum() == pytest.approx(30, abs=20)


def test_a_long_quiet_and_a_cluster_are_found():
    at = [*np.arange(0, 600, 20), 610, 610.4, 610.8, 611, 611.1, 612]
    found = hs.event_gaps(events(at), now="2025-06-01")
    assert found.groups["verdict"].item() == "long quiet"
    quiet = (pd.Timestamp("2025-06-01") - pd.Timestamp("2023-01-01")).days - 612
    assert found.groups["quiet_days"].item() == pytest.approx(quiet)
    assert found.groups["p_quiet"].item() == pytest.approx((1 + quiet / 612) ** -35)
    week = found.windows.set_index("window_days").loc[7]
    assert week["events"] == 6
    assert week["p_value"] == pytest.approx(hs.scan_p(6, 36 / (612 / 7), 612 / 7))
    assert week["p_value"] < 0.01
    assert "6 within 7 days from" in found.text
    assert (found.gaps["verdict"] == "soon after").sum() == 1  # a tenth of a day


def test_what_is_not_known_of_a_time_counts_against_the_finding():
    at = np.arange(0, 300, 20.0)
    exact = events([*at, 300.2])
    vague = events([*at, 300.2])
    vague["occurred_from"] = vague["occurred_from"].dt.normalize()
    vague["occurred_to"] = vague["occurred_from"] + pd.Timedelta(days=1)
    one, two = hs.event_gaps(exact).gaps, hs.event_gaps(vague).gaps
    assert (two["p_short"] >= one["p_short"]).all()
    assert (two["p_long"] >= one["p_long"]).all()


def test_groups_do_not_share_windows_or_gaps_and_order_does_not_matter():
    both = pd.concat([
        events([0, 50, 100, 150, 200, 250], lpt="A"), events([1, 51, 101, 151, 201, 251], lpt="B")
    ], ignore_index=True).rename_axis("incident")  # fmt: skip
    found = hs.event_gaps(both, ["lpt"])
    assert found.windows["events"].tolist() == [1, 1, 1, 1]
    assert found.gaps["days"].tolist() == [50] * 10
    mixed = hs.event_gaps(both.sample(frac=1, random_state=2), ["lpt"])
    pd.testing.assert_frame_equal(found.gaps, mixed.gaps)
    assert found.text == mixed.text


def test_few_events_and_frequent_ones_say_so():
    found = hs.event_gaps(
        pd.concat([events([0, 9], lpt="A"), events(np.arange(0, 300, 2), lpt="B")])
        .reset_index(drop=True).rename_axis("incident"), ["lpt"],
    )  # fmt: skip
    assert found.groups["verdict"].tolist() == ["too few", "not rare"]
    assert "counts per week say more" in found.groups["sentence"].iloc[1]
    assert hs.event_gaps(events([3])).groups["verdict"].tolist() == ["too few"]
    same = hs.event_gaps(events([3] * 6), now="2023-05-01")
    assert same.groups["verdict"].tolist() == ["too few"]
    assert same.gaps["verdict"].unique().tolist() == ["too few"]  # none is short beside the others
    assert "all at one time" in same.text


def test_police_generated_events_are_left_out():
    some = events(np.arange(0, 200, 20))
    some["origin"] = ["police"] * 2 + ["public"] * 8
    assert hs.event_gaps(some).groups["events"].item() == 8
    assert hs.event_gaps(some, include_police=True).groups["events"].item() == 10
    assert "2 police-generated incidents left out" in hs.event_gaps(some).text


def test_gaps_refuse_month_only_records_and_bad_arguments():
    month = events([0, 31])
    month["occurred_to"] = month["occurred_from"] + pd.Timedelta(days=31)
    with pytest.raises(InputError, match="known to the day"):
        hs.event_gaps(month)
    with pytest.raises(InputError) as caught:
        hs.event_gaps(events([0, 5]), ["team"], now="2020-01-01", windows=[0], level=3)
    with pytest.raises(InputError, match="no column"):
        hs.event_gaps(events([0, 5]), [["category"]])
    for fault in ("'team'", "before the last incident", "windows is", "level is 3"):
        assert fault in str(caught.value)
    with pytest.raises(InputError, match="there are no incidents"):
        hs.event_gaps(events([]))


# --- two counts ----------------------------------------------------------------------------


def test_two_counts_are_compared_exactly_and_in_words():
    found = hs.compare_counts(6, 2)
    row = found.comparisons.iloc[0]
    assert row["e_test"] == pytest.approx(0.174875, abs=5e-7)
    assert row["p_value"] == pytest.approx(stats.binomtest(6, 8).pvalue)
    assert np.isnan(row["change"])
    assert found.text.startswith("6 now, 2 before: no clear change (too few for a percentage;")


@pytest.mark.parametrize(("now", "before"), [(19, 200), (200, 19), (0, 50)])
def test_no_percentage_where_a_count_is_under_twenty(now, before):
    said = hs.compare_counts(now, before).text
    assert "%" not in said.replace("95% interval", "")


def test_exposures_count():
    found = hs.compare_counts(31 * 3, 28 * 3, 31, 28).comparisons.iloc[0]
    assert found["ratio"] == pytest.approx(1)
    assert found["change"] == pytest.approx(0)


def test_dispersion_widens_the_interval():
    plain, wide = hs.compare_counts(140, 100), hs.compare_counts(140, 100, dispersion=3)
    assert plain.comparisons["verdict"].item() == "higher"
    assert wide.comparisons["verdict"].item() == "no clear change"
    assert wide.comparisons["low"].item() < plain.comparisons["low"].item()


def test_many_pairs_tell_what_chance_would_make():
    rng = np.random.default_rng(7)
    names = [f"L{i:03d}" for i in range(200)]
    now, before = (pd.Series(rng.poisson(50, 200), index=names) for _ in range(2))
    now["L007"] = 140
    found = hs.compare_counts(now, before[::-1])
    assert found.comparisons.loc["L007", "verdict"] == "higher"
    assert (found.comparisons["verdict"] != "no clear change").sum() <= 16
    assert "chance alone would make up to 10.0 look so" in found.text
    assert "1 of the" in found.text
    assert found.comparisons["q_value"].min() < 0.001


def test_nothing_and_up_from_nothing():
    found = hs.compare_counts([0, 7, 0], [0, 0, 9]).comparisons
    assert found["verdict"].tolist() == ["nothing to compare", "higher", "lower"]
    assert "up from none" in found["sentence"].iloc[1]
    assert "down to none" in found["sentence"].iloc[2]
    assert "(-0.01%" in hs.compare_counts(10**9, 10**9 + 10**5).text


def test_comparisons_refuse_what_they_cannot_use():
    with pytest.raises(InputError) as caught:
        hs.compare_counts(-1, 3, 0, 1, dispersion=0.5)
    for fault in ("now holds -1", "exposure holds 0", "dispersion holds 0.5"):
        assert fault in str(caught.value)
    with pytest.raises(InputError, match=r"now holds 1\.5; counts are whole"):
        hs.compare_counts(1.5, 2)
    with pytest.raises(InputError, match="the same unit"):
        hs.compare_counts(30, 20, 1e300, 1e-300)
    with pytest.raises(InputError, match="of one length"):
        hs.compare_counts([1, 2], [1, 2, 3])
    with pytest.raises(InputError, match="now must be numbers"):
        hs.compare_counts("many", 3)
    with pytest.raises(InputError, match="different pairs"):
        hs.compare_counts(pd.Series([1], index=["a"]), pd.Series([1], index=["b"]))


# --- pictures ------------------------------------------------------------------------------


def _weekly():
    rng = np.random.default_rng(8)
    when = pd.date_range("2022-01-03", periods=70, freq="W-MON")
    counts = {f"L{i}": rng.poisson(8, 70) for i in range(6)}
    counts["L2"][-1] = 33
    return pd.concat([
        pd.DataFrame({"lpt": name, "period_start": when, "incidents": values})
        for name, values in counts.items()
    ], ignore_index=True)  # fmt: skip


def test_alerts_are_drawn_with_the_range_they_left():
    alerts = hs.find_alerts(_weekly(), ["lpt"], when=10)
    ax = hs.plot_alerts(alerts)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert ax.get_title() == "L2"
    assert labels == ["incidents", "usual range (95%)", "expected", "unusually high"]
    one = hs.plot_alerts(hs.find_alerts(_weekly(), ["lpt"]), "L0", ax=plt.subplots()[1])
    assert one.get_title() == "L0"
    assert "unusually high" not in [t.get_text() for t in one.get_legend().get_texts()]
    with pytest.raises(InputError, match="no group 'L9'"):
        hs.plot_alerts(alerts, "L9")


def test_charts_and_funnels_are_drawn():
    months = pd.date_range("2024-01-01", periods=13, freq="MS", name="month")
    chart = hs.xmr_chart(pd.Series([*TWELVE, 90], index=months))
    ax = hs.plot_chart(chart)
    assert [text.get_text() for text in ax.texts if text.get_text() == "1"] == ["1"]
    named = hs.xmr_chart(pd.Series(TWELVE, index=list("abcdefghijkl")))
    assert hs.plot_chart(named).get_xticklabels()[0].get_text() == "a"
    assert hs.plot_chart(hs.u_chart(TWELVE, [9.0] * 12)).get_ylabel().startswith("count per unit")
    funnel = hs.funnel_chart(
        pd.Series([30, 60], index=["A", "B"]), pd.Series([20, 20.0], ["A", "B"])
    )
    drawn = hs.plot_funnel(funnel)
    assert {"A", "B"} <= {text.get_text() for text in drawn.texts}
    for draw, wrong in ((hs.plot_chart, funnel), (hs.plot_funnel, chart), (hs.plot_alerts, chart)):
        with pytest.raises(InputError, match="it is of type"):
            draw(wrong)


def test_every_column_of_these_results_is_explained():
    from hotspots.report.bi import _flat
    from hotspots.report.columns import about
    from hotspots.report.stations import gather

    counts = [20, 18, 25, 22, 19, 16, 21, 19]
    weekly = hs.find_alerts(_weekly(), ["lpt"], when=2)
    results = (
        weekly, hs.u_chart(counts, [9.0] * 8), hs.xmr_chart(counts),
        hs.funnel_chart(counts, [20.0] * 8), hs.event_gaps(events(np.arange(0, 300, 20))),
        hs.compare_counts(counts, 20),
    )  # fmt: skip
    silent, number = [], 0
    for label, name, frame in gather(results, what="test").tables():
        table = f"{label}_{name}"
        number += 1
        silent += [f"{table}.{c}" for c in _flat(frame) if not about(table, str(c))["meaning"]]
    assert number == 14
    assert silent == []
