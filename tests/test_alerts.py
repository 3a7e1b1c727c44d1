"""Alerts: the law they rest on, what they compare, what they refuse to, and what they say."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy import stats

import hotspots as hs
from hotspots.alerts.dispersion import dispersion, pools
from hotspots.alerts.looks import look
from hotspots.contracts import InputError
from hotspots.series import Panel

MONDAY = "2022-01-03"


def table(counts, freq="W-MON", start=MONDAY, **columns):
    """Counts by LPT: a dict of name and counts."""
    length = len(next(iter(counts.values())))
    when = pd.date_range(start, periods=length, freq=freq)
    return pd.concat([
        pd.DataFrame({"lpt": name, "period_start": when, "incidents": values, **columns})
        for name, values in counts.items()
    ], ignore_index=True)  # fmt: skip


def incidents(times, **columns):
    times = pd.DatetimeIndex(times)
    return gpd.GeoDataFrame(
        {"category": "Burglary", "occurred_from": times, "occurred_to": times, **columns},
        geometry=np.full(len(times), shapely.Point(388000, 347000)), crs="EPSG:27700",
        index=pd.RangeIndex(len(times), name="incident"),
    )  # fmt: skip


def daily(per_day, days=420, start=MONDAY, **columns):
    """So many incidents at noon on each day."""
    dates = pd.date_range(start, periods=days, freq="D") + pd.Timedelta("12h")
    return incidents(dates.repeat(per_day), **columns)


def panel(y, freq="W-MON"):
    edges = pd.date_range("2020-01-06", periods=y.shape[1] + 1, freq=freq).to_numpy()
    keys = pd.DataFrame({"lpt": [f"A{i:03d}" for i in range(len(y))]}).astype("str")
    days = np.diff(edges).astype("timedelta64[D]").astype(float)
    there = np.ones(y.shape, dtype=bool)
    return Panel(keys, edges[:-1].astype("datetime64[s]"), days, y, there, there, freq)


def only(alerts):
    return alerts.groups.set_index("lpt")


# --- the law -------------------------------------------------------------------------------


def test_without_season_or_dispersion_it_is_the_plain_predictive_law():
    rng = np.random.default_rng(0)
    counts = {f"L{i:03d}": rng.poisson(5, 53) for i in range(100)}
    found = only(hs.find_alerts(table(counts), ["lpt"]))
    total = np.array([sum(values[:52]) for values in counts.values()])
    last = np.array([values[52] for values in counts.values()])
    assert found["before"].tolist() == total.tolist()  # no week is far out
    assert found["expected"].to_numpy() == pytest.approx((total + 0.5) / 52, rel=0.002)
    assert (found["recorded"] == 52).all()
    law = stats.nbinom(total + 0.5, 52 / 53)
    assert found["p_high"].to_numpy() == pytest.approx(law.sf(last - 1), abs=0.012)
    assert np.abs(found["low"] - law.ppf(0.025)).max() <= 1
    assert np.abs(found["high"] - law.ppf(0.975)).max() <= 1
    assert (found["alert_from"] >= law.isf(0.00135) + 1).all()
    assert (found["alert_from"] <= law.isf(0.00135) + 3).all()


def test_months_are_compared_by_their_length():
    # 20 a day: February is no low month, nor March a high one
    when = pd.date_range("2021-01-01", periods=14, freq="MS")
    counts = pd.DataFrame({"period_start": when, "incidents": 20 * when.days_in_month})
    alerts = hs.find_alerts(counts, (), "MS", when="2022-02-10")
    assert alerts.groups["expected"].item() == pytest.approx(560, abs=1.5)
    assert alerts.groups["verdict"].item() == "within the usual range"


def test_only_the_past_is_used():
    rng = np.random.default_rng(1)
    y = rng.poisson(12, (6, 160))
    one = table({f"L{i}": row for i, row in enumerate(y)})
    y[:, 131:] *= 3
    other = table({f"L{i}": row for i, row in enumerate(y)})
    day = pd.date_range(MONDAY, periods=160, freq="W-MON")[130]
    found = [hs.find_alerts(t, ["lpt"], when=day).groups for t in (one, other)]
    pd.testing.assert_frame_equal(*found)
    assert found[0]["period_start"].unique().tolist() == [day]


def test_a_learned_season_is_no_alert_and_an_unlearned_one_is_told():
    # three years of months: Decembers of 200 against 100 otherwise
    shape = np.where(np.arange(36) % 12 == 11, 200, 100)
    rng = np.random.default_rng(2)
    counts = {f"L{i}": rng.poisson(shape) for i in range(8)}
    known = hs.find_alerts(table(counts, "MS", "2021-01-01"), ["lpt"], "MS")
    assert known.groups["expected"].to_numpy() == pytest.approx(200, rel=0.12)
    assert known.looks["high"].item() == 0
    short = {name: values[24:] for name, values in counts.items()}
    new = hs.find_alerts(table(short, "MS", "2023-01-01"), ["lpt"], "MS")
    assert new.looks["high"].item() == 8
    assert "No season could be learned" in new.text


def test_days_are_compared_with_the_same_weekday():
    per_day = np.tile([4, 4, 4, 4, 12, 20, 4], 60)
    alerts = hs.find_alerts(daily(per_day), (), "D", when="2023-02-25")
    row = alerts.groups.iloc[0]
    assert row["incidents"] == 20
    assert row["expected"] == pytest.approx(20, rel=0.02)
    assert row["verdict"] == "within the usual range"
    assert "Saturday 25 February 2023" in alerts.text
    assert "same weekday of the 52 weeks before" in alerts.text


@pytest.mark.parametrize("rate", [-0.1, 0.1])
def test_growth_is_followed_where_two_years_tell_it_from_a_season(rate):
    grown = 400 * (1 + rate) ** (np.arange(157) / 52.18)
    counts = {f"L{i}": np.round(grown) for i in range(6)}
    long = only(hs.find_alerts(table(counts), ["lpt"]))
    assert long["expected"].to_numpy() == pytest.approx(grown[-1], rel=0.01)
    short = only(hs.find_alerts(table({k: v[-53:] for k, v in counts.items()}), ["lpt"]))
    assert short["expected"].to_numpy() == pytest.approx(grown[-53:-1].mean(), rel=0.01)
    assert ((short["high"] - short["low"]) > 1.5 * (long["high"] - long["low"])).all()


def test_an_unlearned_season_of_one_year_raises_no_more_alarms_than_told():
    rng = np.random.default_rng(15)
    weeks = np.arange(105)
    rate = 20 * np.exp(0.25 * np.cos(2 * np.pi * weeks / 52.18))
    y = rng.poisson(np.tile(rate, (80, 1))).astype(float)
    rates = [
        stats.poisson.sf(look(panel(y[:, : at + 1]), at, 52).law.least(0.01) - 1, rate[at]).mean()
        for at in range(52, 104, 8)
    ]
    assert max(rates) > 0.01  # at the peak
    assert np.mean(rates) < 0.01


def test_overdispersion_widens_the_range():
    rng = np.random.default_rng(3)
    rough = {f"R{i}": rng.negative_binomial(10, 1 / 3, 60) for i in range(6)}  # 3 times Poisson
    smooth = {f"S{i}": rng.poisson(20, 60) for i in range(6)}
    wide = only(hs.find_alerts(table(rough), ["lpt"]))
    narrow = only(hs.find_alerts(table(smooth), ["lpt"]))
    assert wide["dispersion"].mean() == pytest.approx(3, rel=0.25)
    assert narrow["dispersion"].mean() == pytest.approx(1, abs=0.1)
    assert (wide["high"] - wide["low"]).mean() > 1.5 * (narrow["high"] - narrow["low"]).mean()


def test_an_old_outbreak_does_not_hide_a_new_one():
    rng = np.random.default_rng(4)
    counts = {f"L{i}": rng.poisson(10, 53) for i in range(8)}
    counts["L0"][[20, 21]] = 70
    counts["L0"][52] = 26
    row = only(hs.find_alerts(table(counts), ["lpt"])).loc["L0"]
    assert row["verdict"] == "unusually high"
    assert row["before"] < np.sum(counts["L0"][:52]) - 80  # the two weeks count less
    assert row["dispersion"] < 3


@pytest.mark.parametrize("phi", [1.0, 2.0])
def test_false_alarms_are_held_on_average(phi):
    rng = np.random.default_rng(5)
    mean = np.repeat([0.5, 5.0, 50.0], 60)[:, None]
    over = max(phi - 1, 1e-9)
    rate = np.broadcast_to(mean, (180, 106))
    y = rng.poisson(rate if phi == 1 else rng.gamma(rate / over, over)).astype(float)
    law = look(panel(y), 105, 52).law
    drawn = stats.poisson(mean[:, 0]) if phi == 1 else stats.nbinom(mean[:, 0] / over, 1 / phi)
    for level in (0.00135, 0.01, 0.05):
        rates = drawn.sf(law.least(level) - 1).reshape(3, 60).mean(axis=1) / level
        assert (rates < 1.05).all()
        assert (rates > 0.25).all()


# --- dispersion ----------------------------------------------------------------------------


def test_groups_borrow_within_level_and_category_then_within_the_level():
    level = np.array([0] * 6 + [0] * 3 + [0] * 3 + [1] * 2)
    category = np.array([0] * 6 + [1] * 3 + [2] * 3 + [0, 1])
    found = pools(level, category)
    assert len(set(found[:6])) == 1
    assert len(set(found[6:12])) == 1  # two small categories together
    assert found[0] != found[6]
    assert (found[12:] == -1).all()


def test_alike_groups_shrink_together_and_different_ones_do_not():
    rng = np.random.default_rng(6)
    one = np.ones((60, 52))
    alike = rng.negative_binomial(20, 0.5, (60, 52)).astype(float)
    phi, df = dispersion(alike, np.full((60, 52), 20.0), one, np.zeros(60, dtype=int))
    alone, few = dispersion(alike, np.full((60, 52), 20.0), one, np.full(60, -1))
    assert phi.std() < alone.std() / 2
    assert phi.mean() == pytest.approx(2, rel=0.1)
    assert (df > few).all()
    r = np.repeat([20.0, 2.0], 30)[:, None]  # variance 2 and 11 times the mean
    mixed = rng.negative_binomial(r, r / (r + 20), (60, 52)).astype(float)
    phi, _ = dispersion(mixed, np.full((60, 52), 20.0), one, np.zeros(60, dtype=int))
    assert np.median(phi[30:]) / np.median(phi[:30]) > 3


def test_a_group_alone_goes_from_three_to_its_own_variance_over_the_mean():
    y = np.array([[4.0, 9, 5, 12, 7, 3, 8, 8]])
    own, found = y.var(ddof=1) / 7, []
    for times in (1, 20):
        many = np.tile(y, times)
        phi, df = dispersion(many, np.full(many.shape, 7.0), np.ones(many.shape), np.array([-1]))
        found.append(phi.item())
        assert phi.item() == pytest.approx(
            (4 * 3 + (df.item() - 4) * many.var(ddof=1) / 7) / df.item()
        )
    assert own < found[0] < 3
    assert found[1] == pytest.approx(own, abs=0.1)


# --- what is compared ----------------------------------------------------------------------


def test_planted_outbreaks_are_found_and_chance_is_told_beside_them():
    rng = np.random.default_rng(7)
    counts = {f"L{i:02d}": rng.poisson(8, 60) for i in range(40)}
    counts["L07"][-1], counts["L21"][-1] = 30, 26
    alerts = hs.find_alerts(table(counts), ["lpt"])
    assert alerts.alerts["lpt"].tolist()[:2] == ["L07", "L21"]
    row = alerts.looks.iloc[0]
    assert row["compared"] == 40
    assert 0 < row["false_high"] <= 40 * 0.00135
    assert row["high"] == 2
    assert row["chance"] < 0.01
    assert (alerts.alerts["q_high"].iloc[:2] < 0.001).all()
    assert "2 unusually high" in alerts.text
    assert "chance alone would make about 0.0" in alerts.text
    assert "- L07: 30 in the week of 20 February 2023, unusually high: usual range" in alerts.text
    assert "%" not in alerts.text.split("\n- ")[1].split("\n")[0]


def test_an_outbreak_planted_in_the_county_is_the_first_named(county):
    some = county.incidents.query("lpt == 'Fennimore' and category == 'Burglary'").head(15)
    day = pd.Timestamp("2025-12-23 12:00")
    planted = some.assign(occurred_from=day, occurred_to=day, origin="public")
    planted.index = pd.Index([f"P{i}" for i in range(15)], name="incident")
    alerts = hs.find_alerts(pd.concat([county.incidents, planted]))
    assert alerts.alerts.iloc[0][["lpt", "category"]].tolist() == ["Fennimore", "Burglary"]
    assert alerts.alerts.iloc[0]["q_high"] < 0.05
    before = hs.find_alerts(county.incidents)
    assert before.looks["high"].item() == len(alerts.alerts) - 1
    assert before.looks["false_high"].item() < 0.3


def test_a_fall_is_told_with_its_reservation():
    rng = np.random.default_rng(8)
    counts = {f"L{i}": rng.poisson(40, 60) for i in range(10)}
    counts["L3"][-1] = 8
    alerts = hs.find_alerts(table(counts), ["lpt"])
    assert alerts.alerts[["lpt", "verdict"]].to_numpy().tolist() == [["L3", "unusually low"]]
    assert "may be a fall, or records that are not in yet" in alerts.text


def test_the_false_alarms_told_are_those_that_come():
    rng = np.random.default_rng(9)
    counts = {f"L{i:03d}": rng.poisson(6, 57) for i in range(200)}
    alerts = hs.find_alerts(table(counts), ["lpt"], when=5, level=0.01)
    told, came = alerts.looks["false_high"].sum(), alerts.looks["high"].sum()
    assert told <= 0.01 * 5 * 200
    assert came == pytest.approx(told, abs=4 * np.sqrt(told))
    above, below = alerts.looks["above"].sum(), alerts.looks["below"].sum()
    assert above == pytest.approx(alerts.looks["false_above"].sum(), rel=0.5)
    assert below == pytest.approx(alerts.looks["false_below"].sum(), rel=0.5)


def test_missing_weeks_are_neither_zero_nor_compared():
    counts = table({"A": [10.0] * 60, "B": [10.0] * 60})
    counts.loc[20:29, "incidents"] = np.nan
    counts.loc[59, "incidents"] = np.nan  # the last week of A
    counts.loc[119, "incidents"] = 12
    alerts = hs.find_alerts(counts, ["lpt"])
    found = only(alerts)
    assert "A" not in found.index or found.loc["A", "verdict"] == "not recorded"
    assert found.loc["B", "expected"] == pytest.approx(10, rel=0.01)
    earlier = only(hs.find_alerts(counts, ["lpt"], when=counts["period_start"].iloc[40]))
    assert earlier.loc["A", "recorded"] == 30
    assert earlier.loc["A", "expected"] == pytest.approx(10, rel=0.01)


def test_too_short_a_past_says_so():
    alerts = hs.find_alerts(table({"A": [5] * 6, "B": [5] * 6}), ["lpt"])
    assert alerts.groups["verdict"].unique().tolist() == ["too few periods to say"]
    assert len(alerts.alerts) == 0
    assert alerts.text.startswith("Nothing could be compared in the week of 7 February 2022")
    some = hs.find_alerts(table({"A": [5] * 10, "B": [5] * 10}), ["lpt"], when=4, baseline=99)
    assert some.text.startswith("2 weeks, the week of 28 February 2022 to the week of 7 March")
    assert "against the 9 weeks before" in some.text
    assert "Nothing could be compared in the week of 21 February 2022" in some.text


def test_an_incomplete_feed_gets_a_banner_and_no_alerts():
    rng = np.random.default_rng(10)
    counts = {f"L{i}": rng.poisson(30, 60) for i in range(6)}
    for values in counts.values():
        values[-1] = 12
    alerts = hs.find_alerts(table(counts), ["lpt"])
    assert alerts.looks["status"].tolist() == ["feed incomplete"]
    assert alerts.text.startswith("FEED INCOMPLETE: 72 incidents in the week of")
    assert len(alerts.alerts) == 0
    assert alerts.groups["p_high"].isna().all()


def test_a_date_in_a_partly_recorded_week_gets_a_banner_too():
    some = daily(4, 70 * 7 + 2)
    alerts = hs.find_alerts(some, (), when="2023-05-09")
    assert alerts.looks["status"].tolist() == ["partly recorded"]
    assert alerts.text.startswith("FEED INCOMPLETE: the week of 8 May 2023 is recorded in part")
    latest = hs.find_alerts(some, ())
    assert latest.looks["period_start"].item() == pd.Timestamp("2023-05-01")
    assert "recorded in part only: the week of 8 May 2023" in latest.text


def test_levels_are_looked_at_and_add_up():
    rng = np.random.default_rng(11)
    counts = table({f"L{i}": rng.poisson(15, 60) for i in range(6)})
    area = shapely.box(0, 0, 1, 1)
    lpts = gpd.GeoDataFrame(
        {"area_km2": 1.0, "command": ["North"] * 3 + ["South"] * 3}, geometry=[area] * 6,
        crs="EPSG:27700", index=pd.Index([f"L{i}" for i in range(6)], name="lpt"),
    )  # fmt: skip
    alerts = hs.find_alerts(counts, ["lpt"], lpts=lpts)
    by_level = alerts.groups.groupby("level")["incidents"].sum()
    assert len(set(by_level)) == 1
    assert alerts.groups["level"].value_counts().to_dict() == {"lpt": 6, "command": 2, "force": 1}
    assert alerts.looks["incidents"].item() == by_level["lpt"]
    assert alerts.looks["compared"].item() == 9


def test_harm_ranks_the_alerts():
    days = np.arange(420)
    many = daily(np.where(days >= 413, 9, 3), category="Shoplifting", harm=2.0)
    few = daily(np.where(days >= 413, 3, 1), category="Robbery", harm=365.0)
    both = pd.concat([many, few], ignore_index=True).rename_axis("incident")
    alerts = hs.find_alerts(both, ["category"])
    assert alerts.alerts["category"].tolist() == ["Robbery", "Shoplifting"]
    robbery = alerts.alerts.iloc[0]
    assert robbery["harm"] == pytest.approx(365 * robbery["excess"])
    assert "most harm above expectation first" in alerts.text
    plain = hs.find_alerts(both.drop(columns="harm"), ["category"])
    assert plain.alerts["category"].tolist() == ["Shoplifting", "Robbery"]
    assert "harm" not in plain.groups.columns


def test_police_generated_incidents_are_left_out_unless_asked_for():
    days = np.arange(420)
    public = daily(3, origin="public")
    police = daily(np.where(days >= 413, 9, 0), origin="police")
    both = pd.concat([public, police], ignore_index=True).rename_axis("incident")
    assert hs.find_alerts(both, ()).looks["high"].item() == 0
    assert "63 police-generated incidents left out" in hs.find_alerts(both, ()).text
    assert hs.find_alerts(both, (), include_police=True).looks["high"].item() == 1
    with pytest.raises(InputError, match="every incident is police-generated"):
        hs.find_alerts(police, ())


def test_weeks_that_are_not_all_in_by_now_are_passed_over():
    some = daily(6, 60 * 7)
    late = np.where(np.arange(len(some)) % 4 == 0, 12, 0)  # every fourth takes twelve days
    some["recorded_at"] = some["occurred_from"] + pd.to_timedelta(late, unit="D")
    known = some[some["recorded_at"] <= "2023-02-27"]  # what was there at the end of week 60
    alerts = hs.find_alerts(known, ())
    assert alerts.looks["period_start"].item() == pd.Timestamp("2023-02-06")
    assert "2 weeks on record are not looked at" in alerts.text
    asked = hs.find_alerts(known, (), when="2023-02-22")
    assert asked.looks["period_start"].item() == pd.Timestamp("2023-02-20")
    assert "is usually recorded by now" in asked.text


def test_order_of_rows_and_form_of_input_change_nothing():
    rng = np.random.default_rng(12)
    counts = table({f"L{i}": rng.poisson(5, 70) for i in range(7)})
    plain = hs.find_alerts(counts, ["lpt"], when=3)
    mixed = hs.find_alerts(counts.sample(frac=1, random_state=1), ["lpt"], when=3)
    again = hs.find_alerts(hs.count_series(counts, ["lpt"], "W-MON"), ["lpt"], when=3)
    for other in (mixed, again):
        pd.testing.assert_frame_equal(plain.groups, other.groups)
        assert plain.text == other.text


def test_a_long_list_is_capped():
    rng = np.random.default_rng(13)
    counts = {f"L{i:02d}": rng.poisson(8, 60) for i in range(30)}
    for i in range(15):
        counts[f"L{i:02d}"][-1] = 40
    alerts = hs.find_alerts(table(counts), ["lpt"])
    assert len(alerts.alerts) == 15
    assert "... and 7 more in the table alerts." in alerts.text


def test_the_tables_hold_every_group_and_period_looked_at():
    rng = np.random.default_rng(14)
    alerts = hs.find_alerts(table({f"L{i}": rng.poisson(5, 70) for i in range(4)}), ["lpt"], when=5)
    assert list(alerts.tables) == ["alerts", "groups", "looks", "series"]
    assert len(alerts.groups) == 20
    assert len(alerts.looks) == 5
    assert len(alerts.series) == 280
    assert alerts.groups["sentence"].str.len().min() > 10


def test_every_fault_is_named_at_once():
    with pytest.raises(InputError) as caught:
        hs.find_alerts(
            table({"A": [1] * 20}), ["team"], when="soon", baseline=3, level=2, include_police="no"
        )
    for fault in (
        "when is 'soon'",
        "baseline is 3",
        "level is 2",
        "include_police is 'no'",
        "team",
    ):
        assert fault in str(caught.value)


@pytest.mark.parametrize(("wrong", "said"), [
    ({"when": 2.0}, "when is 2.0"),
    ({"when": 0}, "how many of the latest periods"),
    ({"when": True}, "when is True"),
    ({"when": pd.Timestamp("2022-05-02", tz="UTC")}, "without a time zone"),
    ({"when": "2031-01-01"}, "lies in no recorded week"),
    ({"level": np.nan}, "level is nan"),
    ({"baseline": 8.5}, "baseline is 8.5"),
    ({"freq": "Y"}, "freq is 'Y'"),
])  # fmt: skip
def test_arguments_that_cannot_be_used_are_refused(wrong, said):
    with pytest.raises(InputError, match=said):
        hs.find_alerts(table({"A": [1] * 20}), ["lpt"], **wrong)


@pytest.mark.parametrize("bad", [None, 3, pd.DataFrame(), "incidents.csv"])
def test_what_is_no_table_is_refused(bad):
    with pytest.raises(InputError):
        hs.find_alerts(bad)


def test_one_incident_is_no_error():
    alerts = hs.find_alerts(incidents(["2025-03-05 10:00"]), ())
    assert alerts.groups["verdict"].tolist() == ["too few periods to say"]


def test_month_only_records_are_refused_by_week():
    first = pd.DatetimeIndex(["2025-01-01", "2025-02-01"]).repeat(30)
    some = incidents(first)
    some["occurred_to"] = first + pd.offsets.MonthBegin(1)
    with pytest.raises(InputError, match="needs times known to the week"):
        hs.find_alerts(some, ())


# --- real records --------------------------------------------------------------------------


@pytest.mark.realdata
def test_the_lockdown_of_the_city_is_an_incomplete_feed_or_low_never_high(shared):
    city = hs.read_incidents(shared / "data/police_uk/city-of-london-2018-2020.zip").incidents
    alerts = hs.find_alerts(city, ["category"], "MS", when=8)
    looks = alerts.looks.set_index("period_start")
    assert (looks.loc["2020-04":"2020-07", "status"] == "feed incomplete").all()
    assert looks["high"].sum() == 0
    assert "FEED INCOMPLETE" in alerts.text


@pytest.mark.realdata
def test_new_york_s_alerts_come_as_often_as_told(shared):
    columns = ["date_start", "date_single", "census_block"]
    raw = pd.read_csv(shared / "data/timed/nycvehiclethefts.csv.gz", usecols=columns)
    start = pd.to_datetime(raw["date_start"].fillna(raw["date_single"]))
    borough = raw["census_block"].astype(str).str[:5]
    thefts = incidents(start, lpt=borough.to_numpy())
    looks = hs.find_alerts(thefts, ["lpt"], when=10).looks
    assert looks["compared"].tolist() == [5] * 10
    for side in ("above", "below"):
        told = looks[f"false_{side}"].sum()
        assert looks[side].sum() <= told + 4 * np.sqrt(told)
    assert looks[["high", "low"]].sum().sum() <= 2
