"""Whether a pattern changed: two counts, few incidents over bins, shares over areas."""

from itertools import product

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy import stats

import hotspots as hs

WEEK = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def naive(counts, p, statistic):
    """P by every sequence of incidents, one by one."""
    n, k = sum(counts), len(counts)

    def uneven(x):
        expected = n * np.array(p)
        if statistic == "chi2":
            return ((x - expected) ** 2 / expected).sum()
        if statistic == "G":
            return 2 * sum(v * np.log(v / e) for v, e in zip(x, expected, strict=True) if v)
        gap = np.cumsum(np.array(x) / n - p)
        return max(gap.max(), 0) - min(gap.min(), 0)

    seen, total = uneven(np.array(counts)), 0.0
    for order in product(range(k), repeat=n):
        x = np.bincount(order, minlength=k)
        if uneven(x) >= seen - 1e-9:
            total += np.prod([p[i] for i in order])
    return total


def test_the_e_test_is_the_one_of_exact_counts():
    from hotspots.chance.exact import e_test

    assert hs.e_test is e_test
    assert hs.e_test(6, 2).item() == pytest.approx(0.174875, abs=5e-7)


def test_three_on_one_day_of_the_week():
    found = hs.small_sample_test(pd.Series([0, 0, 0, 0, 3, 0, 0], index=WEEK))
    assert found.p == pytest.approx(7 / 7**3)
    assert found.exact
    assert "3 incidents over 7 bins: more uneven than chance makes them (p = .020, exact)" in \
        found.text  # fmt: skip
    assert "most: Fri with 3 (0.4 expected)" in found.text
    assert found.size == pytest.approx(7 / 343)


@pytest.mark.parametrize("statistic", ["G", "chi2", "kuiper"])
@pytest.mark.parametrize(("counts", "shares"), [
    ([3, 1, 0], None), ([2, 2, 1], [0.5, 0.3, 0.2]), ([0, 4, 1, 1], [1, 2, 3, 4]),
])  # fmt: skip
def test_p_is_that_of_every_sequence_gone_through(counts, shares, statistic):
    share = np.full(len(counts), 1 / len(counts)) if shares is None else np.array(shares, float)
    share = share / share.sum()
    found = hs.small_sample_test(counts, shares, statistic=statistic)
    assert found.p == pytest.approx(naive(counts, share, statistic))


def test_power_and_size_are_those_of_the_multinomial():
    """Five over two bins: only 0 and 5 are .0625; with six, 0 and 6 are .03125."""
    five = hs.small_sample_test([3, 2])
    assert five.size == 0
    assert "so few could show no pattern" in five.text
    six = hs.small_sample_test([3, 3], alternative=[9, 1])
    assert six.size == pytest.approx(2 / 64)
    power = six.power.set_index("pattern")["power"]
    assert power["as given"] == pytest.approx(0.9**6 + 0.1**6)
    assert power["twice its share in one bin"] == pytest.approx(0.95**6 + 0.05**6)
    assert "half of all in one bin" not in power  # of two, that is no pattern
    assert "no more uneven than chance makes them (p = 1.00, exact)" in six.text
    assert "That none was found says little." in six.text


def test_many_incidents_are_drawn_and_agree_with_the_large_sample_law():
    counts = [60, 40, 50, 45, 55, 62, 38]
    found = hs.small_sample_test(counts, statistic="chi2")
    assert not found.exact
    assert found.p == pytest.approx(stats.chisquare(counts).pvalue, abs=0.01)
    assert found.size == pytest.approx(0.05, abs=0.005)
    assert "by draws" in found.text
    assert hs.small_sample_test(counts, statistic="chi2").p == found.p


def test_each_bin_is_tested_alone_and_corrected():
    found = hs.small_sample_test([9, 0, 1, 2, 0, 1, 1])
    one = min(1, 2 * stats.binom.sf(8, 14, 1 / 7))
    assert found.bins["p"][0] == pytest.approx(min(1, 7 * one))
    assert found.bins["ratio"][0] == pytest.approx(9 / 2)


@pytest.mark.parametrize(("call", "words"), [
    ({"counts": [1.5, 2]}, "counts is [1.5, 2]"), ({"counts": [0, 0]}, "not all 0"),
    ({"counts": [3]}, "2 to 60 bins"), ({"counts": "31"}, "counts is '31'"),
    ({"counts": 7}, "counts is 7"), ({"counts": [1, np.nan]}, "counts is [1, nan]"),
    ({"counts": [1, 2], "shares": [1, 0]}, "shares is [1, 0]"),
    ({"counts": [1, 2], "shares": [1, 2, 3]}, "shares is [1, 2, 3]"),
    ({"counts": [1, 2], "alternative": "x"}, "alternative is 'x'"),
    ({"counts": [1, 2], "statistic": "F"}, "statistic is 'F'"),
    ({"counts": [1, 2], "draws": 10}, "draws is 10"),
    ({"counts": [1, 2], "seed": -1}, "seed is -1"),
])  # fmt: skip
def test_faults_of_bins(call, words):
    with pytest.raises(hs.InputError) as caught:
        hs.small_sample_test(**call)
    assert words in str(caught.value)


# --- shares over areas -----------------------------------------------------------------------


def test_areas_are_told_by_fishers_exact_test():
    before = pd.Series({"A": 40, "B": 60, "C": 100, "D": 3})
    after = pd.Series({"D": 0, "C": 95, "B": 55, "A": 90})
    found = hs.sppt(before, after, correction=None)
    for key in before.index:
        a, b = int(before[key]), int(after[key])
        law = stats.hypergeom(443, a + b, 203)
        p = min(1, 2 * min(law.cdf(a), law.sf(a - 1)))
        assert found.areas.loc[key, "p"] == pytest.approx(p)
        one = stats.fisher_exact([[a, 203 - a], [b, 240 - b]], alternative="less")[1]
        other = stats.fisher_exact([[a, 203 - a], [b, 240 - b]], alternative="greater")[1]
        assert p == pytest.approx(min(1, 2 * min(one, other)))
    assert found.areas["change"].to_dict() == {"A": "rose", "B": "as before", "C": "as before",
                                               "D": "as before"}  # fmt: skip
    assert (found.s_index, found.s_robust) == (0.75, 0.75)
    assert not found.areas.loc["D", "could_show"]
    adjusted = hs.sppt(before, after)
    assert (adjusted.areas["p_adjusted"] >= adjusted.areas["p"]).all()
    assert "A 19.7% to 37.5% (40 to 90 incidents)" in adjusted.text
    assert "1 areas hold too few" not in adjusted.text
    assert "1 area holds too few incidents to show any change" in adjusted.text


def test_a_fall_everywhere_alike_does_not_show():
    before = pd.Series(np.arange(100, 120))
    found = hs.sppt(before, before // 2)
    assert found.s_index == 1
    assert "a fall everywhere alike does not show" in found.text


def test_the_robust_index_leaves_out_empty_areas():
    before = pd.Series([100, 100, 0, 0])
    found = hs.sppt(before, pd.Series([150, 50, 0, 0]))
    assert (found.s_index, found.s_robust) == (0.5, 0.0)


def test_what_is_drawn_follows_its_law():
    """The bootstrap: two binomials' difference; Andresen's: hypergeometric, 85% of those after."""
    before, after = pd.Series([200, 300, 500]), pd.Series([500, 600, 900])
    found = hs.sppt(before, after, method="andresen", draws=4999)
    law = stats.hypergeom(2000, after, 1700)
    assert found.areas["low"].to_numpy() == pytest.approx(law.ppf(0.025) / 1700, abs=0.002)
    assert found.areas["high"].to_numpy() == pytest.approx(law.ppf(0.975) / 1700, abs=0.002)
    assert found.areas["change"].tolist() == ["rose", "as before", "fell"]
    assert "about half of well-filled areas" in found.text
    boot = hs.sppt(before, after, method="bootstrap", draws=4999)
    p = [before / 1000, after / 2000]
    sd = np.sqrt(p[0] * (1 - p[0]) / 1000 + p[1] * (1 - p[1]) / 2000)
    half = (boot.areas["high"] - boot.areas["low"]) / 2
    assert half.to_numpy() == pytest.approx(1.96 * sd, rel=0.05)
    assert (boot.areas["low"] + half).to_numpy() == pytest.approx(p[1] - p[0], abs=0.002)
    assert boot.areas["p"].isna().all()
    again = hs.sppt(before, after, method="bootstrap", draws=4999)
    pd.testing.assert_frame_equal(boot.areas, again.areas)


@pytest.fixture(scope="module")
def squares():
    return gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 100, 100), shapely.box(100, 0, 200, 100)],
                            index=["west", "east"], crs="EPSG:27700")  # fmt: skip


def incidents(points, **columns):
    day = pd.Timestamp("2025-03-01")
    return gpd.GeoDataFrame(
        {"category": "Drugs", "occurred_from": day, "occurred_to": day + pd.Timedelta("1h"),
         **columns}, geometry=points, crs="EPSG:27700",
        index=pd.Index([f"i{n}" for n in range(len(points))], name="incident"),
    )  # fmt: skip


def test_incidents_are_counted_each_once_and_the_rest_is_told(squares):
    west, east, edge = shapely.Point(50, 50), shapely.Point(150, 50), shapely.Point(100, 50)
    before = incidents([west] * 5 + [edge, shapely.Point(500, 50), shapely.Point()])
    after = incidents([east] * 4 + [west], origin=["public"] * 4 + ["police"])
    found = hs.sppt(before, after, squares)
    assert found.areas[["before", "after"]].to_numpy().tolist() == [[6, 0], [0, 4]]
    for words in ("1 police-generated incidents after left out", "1 before without a point",
                  "1 before in none of the areas", "1 before in more than one area"):  # fmt: skip
        assert words in found.text
    whole = hs.sppt(before, after, squares, include_police=True)
    assert whole.areas["after"].tolist() == [1, 4]


@pytest.mark.parametrize(("call", "words"), [
    ({"before": [1, 2], "after": pd.Series([1, 2])}, "before is of type list"),
    ({"before": pd.Series([1, 2]), "after": pd.Series([1, 2, 3])}, "not of the same areas"),
    ({"before": pd.Series([1, -2]), "after": pd.Series([1, 2])}, "whole counts"),
    ({"before": pd.Series(["a", "b"]), "after": pd.Series([1, 2])}, "whole counts"),
    ({"before": pd.Series([1, 2], index=[0, 0]), "after": pd.Series([1, 2])}, "an area twice"),
    ({"before": pd.Series([0, 0]), "after": pd.Series([1, 2])}, "before has no incident"),
    ({"before": pd.Series([1]), "after": pd.Series([1])}, "at least two are needed"),
    ({"before": pd.Series([1, 2]), "after": pd.Series([1, 2]), "method": "t", "correction": "x",
      "draws": 1, "seed": -1, "include_police": "no"}, "5 faults"),
])  # fmt: skip
def test_faults_of_areas(call, words):
    with pytest.raises(hs.InputError) as caught:
        hs.sppt(**call)
    assert words in str(caught.value)


def test_faults_of_incidents_and_areas_are_named_together(squares):
    good = incidents([shapely.Point(50, 50)])
    with pytest.raises(hs.InputError) as caught:
        hs.sppt(good.drop(columns="category"), "after", squares.set_crs(None, allow_override=True))
    for word in ("before: column 'category'", "after: it is of type str", "areas has no CRS"):
        assert word in str(caught.value)


def test_every_column_that_leaves_the_house_is_explained(tmp_path):
    from hotspots.report.bi import _flat
    from hotspots.report.columns import about
    from hotspots.report.stations import gather

    whole = hs.wdd(treated=(20, 10), control=(20, 20), displacement=(9, 8))
    shares = hs.sppt(pd.Series([3, 9]), pd.Series([5, 5]))
    results = (whole, hs.small_sample_test([3, 1, 0]), shares)
    for kind, name, frame in gather(results, what="test").tables():
        table = f"{kind}_{name}"
        assert [c for c in _flat(frame) if not about(table, str(c))["meaning"]] == [], table
    folder = hs.export_bi(tmp_path / "bi", *results)
    assert (folder / "wdd_effect.csv").exists()
