"""Concentration: check values, the curves behind them, chance, and locations that repeat."""

from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from scipy.special import ive

import hotspots as hs
from hotspots.contracts import InputError
from hotspots.shares.lorenz import _intervals, _Spread


def measures(counts, **options) -> pd.DataFrame:
    return hs.concentration(counts, **options).measures.set_index("measure")


@pytest.mark.parametrize(
    ("counts", "gini", "corrected", "unbiased"),
    [([10, 8, 2], 0.78, 0.78, 0.866667), ([5, 2, 1], 0.80, 0.75, 0.857143)],
)
def test_check_values(counts, gini, corrected, unbiased):
    found = measures(counts + [0] * 7, n_boot=0)["estimate"]
    assert found["gini"] == pytest.approx(gini, abs=1e-12)
    assert found["gini_corrected"] == pytest.approx(corrected, abs=1e-12)
    assert found["gini_unbiased"] == pytest.approx(unbiased, abs=1e-6)


def test_gini_is_half_the_relative_mean_difference():
    """Another road to the same number, over all pairs of places."""
    counts = np.random.default_rng(0).poisson(2, 80)
    mean_difference = np.abs(counts[:, None] - counts[None, :]).mean()
    assert measures(counts, n_boot=0).loc["gini", "estimate"] == pytest.approx(
        mean_difference / (2 * counts.mean()), abs=1e-12
    )


def naive_holding(counts, share):
    """Go from the fullest place down until the share is reached."""
    held, ordered = 0, sorted(counts, reverse=True)
    for places, count in enumerate(ordered, 1):
        held += count
        if held >= share * sum(counts) - 1e-9:
            return places / len(counts)
    return None


def test_shares_of_places_are_those_counted_from_the_fullest():
    rng = np.random.default_rng(1)
    for counts in (rng.negative_binomial(0.4, 0.2, 90), [5] * 8, [1, 0, 0], rng.poisson(0.2, 60)):
        found = measures(counts, n_boot=0)["estimate"]
        for percent in (25, 50, 80):
            assert found[f"places_holding_{percent}"] == pytest.approx(
                naive_holding(list(counts), percent / 100)
            )


def test_chance_is_the_gini_coefficient_of_a_poisson_distribution():
    """e^(-2λ) (I0(2λ) + I1(2λ)), and what incidents thrown at places give."""
    rng = np.random.default_rng(2)
    for mean in (0.3, 2.0):
        counts = rng.multinomial(int(mean * 4000), np.full(4000, 1 / 4000))
        found = measures(counts, n_boot=0)
        assert found.loc["gini", "by_chance"] == pytest.approx(
            ive(0, 2 * mean) + ive(1, 2 * mean), abs=1e-9
        )
        assert found["estimate"].to_numpy() == pytest.approx(
            found["by_chance"].to_numpy(), abs=0.02
        )


def test_the_correction_makes_rarer_crime_comparable():
    """The same pattern, thinned: the plain coefficient rises, the corrected one stays near."""
    rng = np.random.default_rng(3)
    risk = rng.gamma(0.5, size=5_000)
    plain, corrected = [], []
    for total in (20_000, 1_000):
        found = measures(rng.multinomial(total, risk / risk.sum()), n_boot=0)["estimate"]
        plain.append(found["gini"])
        corrected.append(found["gini_corrected"])
    assert plain[1] - plain[0] > 0.15
    assert plain[1] > 0.85 > corrected[1]


def test_lorenz_curve_is_cumulative_and_holds_the_gini_coefficient():
    """G is one minus twice the area under the curve."""
    counts = np.random.default_rng(4).negative_binomial(0.5, 0.2, 300)
    found = hs.concentration(counts, n_boot=0)
    seen = found.lorenz[found.lorenz["curve"] == "observed"]
    assert seen[["places", "total"]].iloc[[0, -1]].to_numpy().tolist() == [[0, 0], [1, 1]]
    assert (seen["total"] <= seen["places"] + 1e-12).all()
    area = np.sum(np.diff(seen["places"]) * (seen["total"][1:] + seen["total"].shift()[1:]) / 2)
    gini = found.measures.set_index("measure").loc["gini", "estimate"]
    assert gini == pytest.approx(1 - 2 * area, abs=1e-12)


def test_ranked_table_is_the_80_20_table():
    places = pd.Series({"Mill Lane": 2, "Station": 10, "Park": 0, "High Street": 8}, name="ASB")
    ranked = hs.concentration(places, n_boot=0).ranked
    assert ranked["place"].tolist() == ["Station", "High Street", "Mill Lane"]
    assert ranked["rank"].tolist() == [1, 2, 3]
    assert ranked["cumulative_share"].tolist() == pytest.approx([0.5, 0.9, 1])
    assert ranked["cumulative_places"].tolist() == pytest.approx([0.25, 0.5, 0.75])
    assert set(ranked["what"]) == {"ASB"}


def test_places_with_the_same_count_are_ranked_by_name():
    places = pd.Series([3, 3, 3], index=["b", "c", "a"])
    assert hs.concentration(places, n_boot=0).ranked["place"].tolist() == ["a", "b", "c"]
    cells = pd.Series([3, 3, 3], index=[9, 100, 20])
    assert hs.concentration(cells, n_boot=0).ranked["place"].tolist() == [9, 20, 100]


def test_places_may_have_names_of_any_kind():
    several = pd.MultiIndex.from_tuples([("b", 1), ("a", 2)])
    assert hs.concentration(pd.Series([1, 1], index=several), n_boot=0).ranked[
        "place"
    ].tolist() == ["a, 2", "b, 1"]
    mixed = hs.concentration(pd.Series([1, 1, 1], index=["a", 1, None]), n_boot=0)
    assert len(mixed.ranked) == 3


def test_chance_of_very_large_counts_takes_no_memory():
    found = measures([4e9, 5e9, 6e9], n_boot=0)
    assert found.loc["gini", "by_chance"] < 1e-4


def test_several_columns_side_by_side_and_harm_without_corrections():
    rng = np.random.default_rng(5)
    table = pd.DataFrame({"ASB": rng.poisson(3, 200), "Robbery": rng.poisson(0.1, 200),
                          "harm": rng.poisson(2, 200) * 365})  # fmt: skip
    found = hs.concentration(table, n_boot=199)
    wide = found.measures.set_index(["measure", "what"])["estimate"].unstack("what")  # noqa: PD010
    alone = measures(table["Robbery"], n_boot=0)["estimate"]
    assert wide["Robbery"].to_dict() == pytest.approx(alone.to_dict())
    assert np.isnan(wide.loc["gini_corrected", "harm"])
    harm = found.measures[found.measures["what"] == "harm"]
    assert harm["by_chance"].isna().all()
    assert "Compare kinds by the corrected Gini" in found.text
    assert "Sums of weights have no baseline" in found.text
    assert set(found.lorenz.loc[found.lorenz["what"] == "harm", "curve"]) == {"observed"}


def test_intervals_hold_what_they_say():
    """The value of endless places of the same kind lies in 95% intervals about that often."""
    rng = np.random.default_rng(6)
    truth = _Spread.of(rng.negative_binomial(0.5, 0.2, 2_000_000).astype(float)).measures(True)
    held = np.zeros(3)
    for _ in range(100):
        spread = _Spread.of(rng.negative_binomial(0.5, 0.2, 600).astype(float))
        _, low, high = _intervals(spread, 199, rng, counted=True)
        held += ((low <= truth) & (truth <= high))[[0, 2, 4]]  # G, G'' and the half
    assert (held >= 86).all()
    assert (held <= 100).all()
    assert held.sum() < 300  # intervals that always hold say nothing


def test_intervals_are_seeded_and_do_not_depend_on_the_order_of_places():
    counts = pd.Series(np.random.default_rng(7).poisson(1, 300))
    first, again = measures(counts, n_boot=199), measures(counts[::-1], n_boot=199)
    pd.testing.assert_frame_equal(first, again)
    assert not first.equals(measures(counts, n_boot=199, seed=1))
    assert (first["low"] <= first["estimate"]).all()
    assert (first["estimate"] <= first["high"]).all()


def test_places_are_drawn_alike_whether_they_share_values_or_not():
    """Each kind comes as often as it is there, with the spread of drawing with replacement."""
    for values in (np.repeat([0.0, 1, 4], [500, 90, 10]), np.repeat([0.0, 1, 4], [5, 2, 1])):
        spread = _Spread.of(values)
        times = spread.drawn(np.random.default_rng(0), 4_000).times
        n, share = len(values), spread.times / len(values)
        assert (times.sum(axis=1) == n).all()
        assert times.mean(axis=0) == pytest.approx(spread.times, abs=5 * n**0.5 / 4_000**0.5)
        assert times.var(axis=0) == pytest.approx(n * share * (1 - share), rel=0.15)


def test_leaving_one_place_out_is_exact():
    counts = np.array([0.0, 0, 1, 1, 3, 7])
    spread = _Spread.of(counts)
    without = spread.without_one(counted=True)
    for value, got in zip(spread.values, without, strict=True):
        rest = np.delete(counts, np.flatnonzero(counts == value)[0])
        assert got == pytest.approx(_Spread.of(rest).measures(True)[:3])


@pytest.mark.parametrize("counts", [[0, 0, 0], [3], [4, 4, 4]])
def test_nothing_one_place_and_equal_places(counts):
    found = hs.concentration(counts, n_boot=199)
    gini = found.measures.set_index("measure").loc["gini", "estimate"]
    if sum(counts) == 0:
        assert np.isnan(gini)
        assert found.text.endswith("so nothing is concentrated.")  # and no word of intervals
        assert len(found.ranked) == 0
    else:
        assert gini == pytest.approx(0, abs=1e-12)


def test_text_gives_the_answer_first():
    text = hs.concentration(pd.Series([10, 8, 2] + [0] * 7, name="ASB"), n_boot=0).text
    assert text.startswith("ASB: 10.0% of 10 places hold half of 20; were every place equally")
    assert "Corrected Gini 0.78 (uncorrected 0.78, by chance 0.39); 7 places have none" in text


def test_every_fault_is_named_at_once(county):
    table = pd.DataFrame({"a": [1, -1], "b": ["x", "y"], "c": [np.nan, 1.0]})
    with pytest.raises(InputError) as error:
        hs.concentration(table, weights="harm", n_boot=5, seed=-1)
    assert len(error.value.faults) == 6
    for wrong in (None, "counts", county, [[1, 2], [3, 4]], [[1, 2], [3]], {"a": 1}):
        with pytest.raises(InputError, match="counts are of type"):
            hs.concentration(wrong)
    with pytest.raises(InputError, match="no place"):
        hs.concentration([])
    with pytest.raises(InputError, match="two columns are called 'a'"):
        hs.concentration(pd.DataFrame([[1, 2]], columns=["a", "a"]))
    for wrong, said in (([1j], "it must be numbers"), ([1e300, 1], "sums to over 1e")):
        with pytest.raises(InputError, match=said):
            hs.concentration(wrong)
    with pytest.raises(InputError, match="weights=None; give names"):
        hs.concentration([1, 2], weights=None)


def test_the_picture_marks_half():
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    found = hs.concentration(pd.DataFrame({"ASB": [10, 8, 2, 0], "Robbery": [1, 0, 0, 0]}),
                             n_boot=0)  # fmt: skip
    ax = hs.plot_lorenz(found)
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    assert [dot.get_xydata().tolist() for dot in dots] == [[[25, 50]], [[25, 50]]]
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == ["ASB", "Robbery", "equal shares"]
    alone = hs.plot_lorenz(hs.concentration([10, 8, 2, 0], n_boot=0))
    assert "were every place equally likely" in [
        text.get_text() for text in alone.get_legend().get_texts()
    ]
    with pytest.raises(InputError, match="give what concentration gives"):
        hs.plot_lorenz(found.measures)
    nothing = hs.plot_lorenz(hs.concentration([0, 0], n_boot=0))
    assert nothing.get_title() == "How few places hold how much"
    nine = hs.concentration(pd.DataFrame(np.ones((3, 9), dtype=int)), n_boot=0)
    with pytest.raises(InputError, match="9 curves cannot be told apart"):
        hs.plot_lorenz(nine)
    plt.close("all")


# --- repeat locations ------------------------------------------------------------------------


def calls(places, days, *, hours=0, **columns) -> gpd.GeoDataFrame:
    """Incidents at numbered places 50 m apart, on numbered days of 2025."""
    start = pd.Timestamp("2025-01-01 10:00") + pd.to_timedelta(np.asarray(days), unit="D")
    frame = {"category": "ASB", "occurred_from": start,
             "occurred_to": start + pd.to_timedelta(hours, unit="h"), **columns}  # fmt: skip
    points = gpd.points_from_xy(400_000 + 50.0 * np.asarray(places), np.full(len(days), 3e5))
    index = pd.RangeIndex(len(days), name="incident")
    return gpd.GeoDataFrame(frame, geometry=points, crs="EPSG:27700", index=index)


def test_repeat_rate_and_thresholds():
    places = [0] * 10 + [1] * 3 + [2] * 2 + [3, 4]
    days = [*range(0, 300, 30), 350, 355, 360, 10, 200, 50, 364]
    found = hs.repeat_locations(calls(places, days), as_of="2025-12-31")
    rates = found.rates.iloc[0]
    assert rates[["incidents", "locations", "repeat_locations", "repeat_incidents"]].tolist() == [
        17, 5, 3, 15,
    ]  # fmt: skip
    assert rates["repeat_rate"] == pytest.approx(15 / 17)
    assert np.isnan(rates["by_chance"])
    assert found.locations["action"].tolist() == ["SARA referral", "briefing", "none"]
    assert found.locations["incidents_28d"].tolist() == [0, 3, 0]
    assert found.locations.index[0] == "400000_300000"
    assert "1 had 3 or more in the last 28 days (briefing), 1 had 10 or more" in found.text


def test_chance_of_repeats_is_that_of_incidents_thrown_at_places():
    rng = np.random.default_rng(0)
    incidents = calls(rng.integers(0, 2_000, 800), rng.integers(0, 360, 800))
    row = hs.repeat_locations(incidents, places=2_000).rates.iloc[0]
    assert row["by_chance"] == pytest.approx(1 - (1 - 1 / 2_000) ** 799)
    assert row["chance_low"] <= row["by_chance"] <= row["chance_high"]
    assert row["chance_low"] <= row["repeat_rate"] <= row["chance_high"]
    with pytest.raises(InputError, match="locations had incidents; it counts them all"):
        hs.repeat_locations(incidents, places=100)


def test_time_to_repeat_allows_for_what_is_not_yet_over():
    """By hand: places repeat after 10 and 30 days, or have had 20 and 40 without."""
    days = [300, 310, 300, 330, 344, 324]
    found = hs.repeat_locations(calls([0, 0, 1, 1, 2, 3], days), as_of="2025-12-31")
    curve = found.time_to_repeat
    assert curve.index.tolist() == [10, 30]
    assert curve["at_risk"].tolist() == [4, 2]
    assert curve["repeats"].tolist() == [1, 1]
    assert curve["share_repeated"].tolist() == pytest.approx([1 / 4, 5 / 8])
    assert (curve["low"] < curve["share_repeated"]).all()
    assert (curve["share_repeated"] < curve["high"]).all()


def test_only_the_last_twelve_months_count():
    found = hs.repeat_locations(calls([0, 0, 0, 1], [0, 366, 400, 400]), as_of="2026-02-05")
    assert found.rates["incidents"].iloc[0] == 3
    assert found.rates["period_start"].iloc[0] == pd.Timestamp("2025-02-06")
    assert "Left out: 1 outside the twelve months" in found.text
    same = hs.repeat_locations(calls([0, 0, 0, 1], [0, 366, 400, 400]), as_of=date(2026, 2, 5))
    pd.testing.assert_frame_equal(same.rates, found.rates)
    with pytest.raises(InputError, match="no incident to use in the twelve months to 2030-01-01"):
        hs.repeat_locations(calls([0], [0]), as_of="2030-01-01")


def test_addresses_are_taken_before_points_and_points_are_rounded():
    incidents = calls([0, 0, 1, 1], [0, 5, 9, 20])
    x = incidents.geometry.x + np.array([0, 3, 0, 8])
    incidents["geometry"] = gpd.points_from_xy(x, incidents.geometry.y)
    found = hs.repeat_locations(incidents)
    assert found.rates["repeat_locations"].iloc[0] == 1  # 3 m apart is one place, 8 m are two
    incidents["address"] = ["2 Mill Lane", "2 mill  lane ", " ", None]
    found = hs.repeat_locations(incidents, key="address")
    assert found.locations.index.tolist() == ["2 MILL LANE"]
    assert "2 without address" in found.text
    incidents["uprn"] = [100.0, 101.0, 100.0, np.nan]
    found = hs.repeat_locations(incidents, key="uprn")
    assert found.locations.index.tolist() == ["100"]
    assert "1 without uprn" in found.text


def test_events_police_records_and_harm():
    incidents = calls([0, 0, 0, 1, 1], [5, 5, 9, 9, 20], harm=[1.0, 365.0, 2.0, 7.0, 7.0],
                      category=["ASB", "Robbery", "ASB", "ASB", "ASB"],
                      origin=["public"] * 4 + ["police"])  # fmt: skip
    found = hs.repeat_locations(incidents)
    row = found.locations.iloc[0]
    assert row["incidents"] == 2  # the robbery and its ASB are one event, told by the robbery
    assert row["categories"] == "ASB 1, Robbery 1"
    assert row["harm"] == 367
    assert "1 at the place and time of another" in found.text
    assert "1 police-generated" in found.text
    for rows in (incidents.iloc[::-1], incidents.sample(frac=1, random_state=0)):
        pd.testing.assert_frame_equal(hs.repeat_locations(rows).locations, found.locations)


def test_snapped_points_are_refused_unless_there_are_addresses():
    month = calls([0] * 30 + [1] * 30, np.zeros(60), hours=24 * 31)
    month["occurred_from"] = month["occurred_from"] + pd.to_timedelta(np.arange(60), unit="s")
    with pytest.raises(InputError, match="points are snapped"):
        hs.repeat_locations(month)
    with pytest.raises(InputError, match="points are snapped"):
        hs.repeat_locations(month.assign(place="On or near Mill Lane"), key="place")
    found = hs.repeat_locations(month.assign(uprn=np.arange(60) // 2), key="uprn")
    assert found.rates["repeat_rate"].iloc[0] == 1
    assert len(found.time_to_repeat) == 0
    assert found.locations["incidents_28d"].isna().all()
    assert "Times are too coarse to tell the last 28 days" in found.text


def test_faults_of_repeat_locations_are_named_at_once():
    with pytest.raises(InputError) as error:
        hs.repeat_locations(calls([0], [0]), key="uprn", size=-1, as_of="soon", places=0,
                            n_sim=0.5, seed=True)  # fmt: skip
    assert len(error.value.faults) == 6
    for size, day in ((10**400, "0001-01-01"), (0.5, 5)):
        with pytest.raises(InputError) as error:
            hs.repeat_locations(calls([0], [0]), size=size, as_of=day)
        assert len(error.value.faults) == 2
    with pytest.raises(InputError, match="there is no incident to use"):
        hs.repeat_locations(calls([], []))
    with pytest.raises(InputError, match=r"no incident to use \(left out: 1 police-generated"):
        hs.repeat_locations(calls([0], [0], origin="police"))


@pytest.mark.realdata
def test_police_uk_records_do_not_tell_repeat_locations(shared):
    loaded = hs.read_incidents(shared / "data" / "police_uk" / "city-of-london-2018-2020.zip")
    with pytest.raises(InputError, match="a snapped point stands for eight addresses"):
        hs.repeat_locations(loaded.incidents)
